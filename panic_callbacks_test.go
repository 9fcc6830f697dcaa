package authjwt_test

import (
	"context"
	"crypto"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"reflect"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

// A mined application has every callback there is; the one that is armed goes off. They are named after their fields,
// those of an interface by the method, too.
type mined struct {
	armed   string
	goesOff func()
	reached map[string]bool
	now     time.Time
	m       *authjwt.Manager
	keySet  *authjwt.Manager // which has no other keys
	routes  authjwt.Routes
	ran     bool
}

func (f *mined) step(name string) {
	f.reached[name] = true
	if f.armed == name {
		f.goesOff()
	}
}

func newMined(tb testing.TB) *mined {
	tb.Helper()
	f := &mined{reached: map[string]bool{}, now: testNow}
	memory := &authjwt.MemoryStore{Now: func() time.Time { return f.now }}
	s := authjwt.Settings{
		PrivateKey: minedSigner{ed25519Key(), f}, Store: minedStore{memory, f}, Sessions: minedSessions{memory, f},
		Logger:        slog.New(minedHandler{slog.DiscardHandler, f}),
		TokenLocation: []authjwt.Location{authjwt.Headers, authjwt.Cookies}, RefreshWithin: 5 * time.Minute,
		TokenInDenylist: func(context.Context, *authjwt.Token) (bool, error) { return false, nil },
		Validate:        func(context.Context, *authjwt.Token) error { return nil },
		LoadUser:        func(_ context.Context, token *authjwt.Token) (any, error) { return token.Subject, nil },
		OnEvent:         func(context.Context, authjwt.Event) {},
		ErrorHandler:    func(*gin.Context, *authjwt.Error) {},
		Now:             func() time.Time { return f.now },
	}
	f.routes = authjwt.Routes{
		Login:    func(*gin.Context) (string, error) { return "alice", nil },
		Claims:   func(context.Context, string) (any, error) { return minedClaims{f}, nil },
		Remember: func(*gin.Context) bool { return true },
		Respond:  func(*gin.Context, authjwt.TokenPair) {},
	}
	f.layIn(tb, "Settings", reflect.ValueOf(&s).Elem())
	f.layIn(tb, "Routes", reflect.ValueOf(&f.routes).Elem())
	var err error
	f.m, err = authjwt.New(s)
	require.NoError(tb, err)
	f.keySet, err = authjwt.New(authjwt.Settings{KeySet: minedKeySet{f}, Now: func() time.Time { return f.now }})
	require.NoError(tb, err)
	f.reached = map[string]bool{} // in New
	return f
}

// layIn puts a step before each function, and finds what is not mined.
func (f *mined) layIn(tb testing.TB, of string, fields reflect.Value) {
	tb.Helper()
	for i := range fields.NumField() {
		field, name := fields.Field(i), of+"."+fields.Type().Field(i).Name
		if field.Kind() == reflect.Func {
			require.False(tb, field.IsNil(), "%s is a new callback: give it a function here", name)
			original := reflect.ValueOf(field.Interface())
			field.Set(reflect.MakeFunc(field.Type(), func(args []reflect.Value) []reflect.Value {
				f.step(name)
				return original.Call(args)
			}))
		}
	}
}

// callbacks are the names of all functions of Settings and Routes, and of all methods of the interfaces in them.
func callbacks() (all []string) {
	for _, of := range []reflect.Type{reflect.TypeFor[authjwt.Settings](), reflect.TypeFor[authjwt.Routes]()} {
		for i := range of.NumField() {
			name, typ := of.Name()+"."+of.Field(i).Name, of.Field(i).Type
			if typ == reflect.TypeFor[*slog.Logger]() {
				typ = reflect.TypeFor[interface {
					Enabled(context.Context, slog.Level) bool
					Handle(context.Context, slog.Record) error
				}]()
			}
			switch typ.Kind() {
			case reflect.Func:
				all = append(all, name)
			case reflect.Interface:
				for i := range typ.NumMethod() {
					all = append(all, name+"."+typ.Method(i).Name)
				}
			}
		}
	}
	return append(all, "claims.MarshalJSON", "claims.UnmarshalJSON")
}

type minedStore struct {
	authjwt.Store
	f *mined
}

func (s minedStore) Add(ctx context.Context, key string, t, until time.Time) (time.Time, bool, error) {
	s.f.step("Settings.Store.Add")
	return s.Store.Add(ctx, key, t, until)
}

func (s minedStore) Set(ctx context.Context, key string, t, until time.Time) error {
	s.f.step("Settings.Store.Set")
	return s.Store.Set(ctx, key, t, until)
}

func (s minedStore) Get(ctx context.Context, keys ...string) ([]time.Time, error) {
	s.f.step("Settings.Store.Get")
	return s.Store.Get(ctx, keys...)
}

type minedSessions struct {
	authjwt.SessionStore
	f *mined
}

func (s minedSessions) PutSession(ctx context.Context, owner, id string, record []byte, until time.Time) ([]string, error) {
	s.f.step("Settings.Sessions.PutSession")
	return s.SessionStore.PutSession(ctx, owner, id, record, until)
}

func (s minedSessions) ListSessions(ctx context.Context, owner string) (map[string][]byte, error) {
	s.f.step("Settings.Sessions.ListSessions")
	return s.SessionStore.ListSessions(ctx, owner)
}

func (s minedSessions) RemoveSessions(ctx context.Context, owner string, ids ...string) error {
	s.f.step("Settings.Sessions.RemoveSessions")
	return s.SessionStore.RemoveSessions(ctx, owner, ids...)
}

type minedSigner struct {
	crypto.Signer
	f *mined
}

func (s minedSigner) Public() crypto.PublicKey {
	s.f.step("Settings.PrivateKey.Public")
	return s.Signer.Public()
}

func (s minedSigner) Sign(random io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	s.f.step("Settings.PrivateKey.Sign")
	return s.Signer.Sign(random, digest, opts)
}

type minedKeySet struct{ f *mined }

func (s minedKeySet) VerificationKey(context.Context, string, string) (crypto.PublicKey, error) {
	s.f.step("Settings.KeySet.VerificationKey")
	return ed25519Key().Public(), nil
}

type minedHandler struct {
	slog.Handler
	f *mined
}

func (h minedHandler) Enabled(context.Context, slog.Level) bool {
	h.f.step("Settings.Logger.Enabled")
	return true
}

func (h minedHandler) Handle(context.Context, slog.Record) error {
	h.f.step("Settings.Logger.Handle")
	return nil
}

type minedClaims struct{ f *mined }

func (c minedClaims) MarshalJSON() ([]byte, error) {
	c.f.step("claims.MarshalJSON")
	return []byte(`{"role":"admin"}`), nil
}

// readClaims are what a handler decodes claims into.
type readClaims struct{ read func() }

func (c *readClaims) UnmarshalJSON([]byte) error {
	c.read()
	return nil
}

// requests are one for every way into the package, each with its handlers and the status it has without a mine.
func (f *mined) requests(tb testing.TB) map[string]func() (*http.Request, []gin.HandlerFunc, int) {
	tb.Helper()
	bearer := func(token string) *http.Request { return request(http.MethodPost, "Authorization", "Bearer "+token) }
	pair := func() authjwt.TokenPair {
		return must(f.m.Bind(testContext()).Login("alice"))
	}
	access := func(status int, handlers ...gin.HandlerFunc) func() (*http.Request, []gin.HandlerFunc, int) {
		return func() (*http.Request, []gin.HandlerFunc, int) { return bearer(pair().AccessToken), handlers, status }
	}
	refresh := func(handlers ...gin.HandlerFunc) func() (*http.Request, []gin.HandlerFunc, int) {
		return func() (*http.Request, []gin.HandlerFunc, int) { return bearer(pair().RefreshToken), handlers, 200 }
	}
	plain := func(status int, handlers ...gin.HandlerFunc) func() (*http.Request, []gin.HandlerFunc, int) {
		return func() (*http.Request, []gin.HandlerFunc, int) { return request(http.MethodPost), handlers, status }
	}
	in := func(use func(a *authjwt.AuthJWT)) gin.HandlerFunc { return func(c *gin.Context) { use(f.m.Bind(c)) } }
	return map[string]func() (*http.Request, []gin.HandlerFunc, int){
		"LoginHandler":            plain(200, f.m.LoginHandler(f.routes)),
		"RefreshHandler":          refresh(f.m.RefreshHandler(f.routes)),
		"LogoutHandler":           access(200, f.m.LogoutHandler()),
		"LogoutAllHandler":        access(200, f.m.LogoutAllHandler()),
		"Required":                access(200, f.m.Required()),
		"Required, none":          plain(401, f.m.Required()),
		"Optional":                access(200, f.m.Optional()),
		"FreshRequired":           access(200, f.m.FreshRequired()),
		"RefreshRequired":         refresh(f.m.RefreshRequired()),
		"RefreshRequired, access": access(401, f.m.RefreshRequired()),
		"ErrorMiddleware": plain(403, f.m.ErrorMiddleware(), func(c *gin.Context) {
			_ = c.Error(authjwt.ErrCSRF)
			c.Abort()
		}),
		"User":     access(200, in(func(a *authjwt.AuthJWT) { _, _ = a.JWTRequired(), must(a.User()) })),
		"Abort":    access(401, in(func(a *authjwt.AuthJWT) { a.Abort(authjwt.ErrRevokedToken) })),
		"Login":    plain(200, in(func(a *authjwt.AuthJWT) { must(a.Login("alice", authjwt.WithClaims(minedClaims{f}))) })),
		"Refresh":  refresh(in(func(a *authjwt.AuthJWT) { must(a.Refresh()) })),
		"Logout":   access(200, in(func(a *authjwt.AuthJWT) { _ = a.Logout() })),
		"Sessions": access(200, f.m.Required(), func(c *gin.Context) { must(f.m.Sessions(c, "alice")) }),
		"Revoke":   access(200, f.m.Required(), in(func(a *authjwt.AuthJWT) { _ = f.m.Revoke(a.Context(), a.Token()) })),
		"Decode": access(200, f.m.Required(), in(func(a *authjwt.AuthJWT) {
			_ = a.Token().Decode(&readClaims{func() { f.step("claims.UnmarshalJSON") }})
		})),
		"renewal": func() (*http.Request, []gin.HandlerFunc, int) {
			given := pair()
			f.now = f.now.Add(12 * time.Minute)
			return withCookie(http.MethodGet, given.AccessToken, "", "Sec-Fetch-Site", "same-origin"), []gin.HandlerFunc{f.m.Required()}, 200
		},
		"KeySet": func() (*http.Request, []gin.HandlerFunc, int) {
			return bearer(byTheirs(tb, "EdDSA", withKid("k1"))), []gin.HandlerFunc{f.keySet.Required()}, 200
		},
	}
}

// serve runs the handlers and a protected one after them. unwound tells that nobody has stopped a panic, upon which a server
// breaks the connection off.
func (f *mined) serve(req *http.Request, chain []gin.HandlerFunc) (rec *httptest.ResponseRecorder, unwound bool) {
	f.ran = false
	rec, unwound = httptest.NewRecorder(), true
	r := gin.New()
	r.Any("/", append(slices.Clip(chain), func(c *gin.Context) {
		f.ran = true
		c.String(http.StatusOK, "protected")
	})...)
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() { _ = recover() }()
		r.ServeHTTP(rec, req)
		unwound = false
	}()
	<-done
	return rec, unwound
}

// Whatever callback fails in whatever way under whatever recovery, nothing behind it runs and nothing gets out. New callbacks
// are found by reflection.
func TestS01_EveryCallbackThatPanics(t *testing.T) {
	ways := map[string]func(){
		"value":   func() { panic("secret-text") },
		"runtime": func() { _ = []int{}[len(t.Name())] },
		"nil":     func() { panic(any(nil)) },
		"abort":   func() { panic(http.ErrAbortHandler) },
		"Goexit":  runtime.Goexit,
	}
	under := recoveries()
	under["a server's"] = func(*gin.Context) {}
	byNew := []string{"Settings.PrivateKey.Public"} // which New alone asks
	// Whoever hears of events changes nothing, except by ending the goroutine.
	heard := []string{"Settings.OnEvent", "Settings.Logger.Enabled", "Settings.Logger.Handle"}
	reached := map[string]bool{}
	for name := range newMined(t).requests(t) {
		f := newMined(t)
		req, chain, status := f.requests(t)[name]()
		f.reached = map[string]bool{}
		rec, unwound := f.serve(req, chain)
		require.False(t, unwound, name)
		require.Equal(t, status, rec.Code, "%s: %s", name, rec.Body)
		require.Equal(t, status == 200, f.ran, name)
		maps.Copy(reached, f.reached)
		for callback := range f.reached {
			for way, goesOff := range ways {
				for recovery, recovers := range under {
					t.Run(name+"/"+callback+"/"+way+"/"+recovery, func(t *testing.T) {
						f := newMined(t)
						req, chain, _ := f.requests(t)[name]()
						f.armed, f.goesOff = callback, goesOff
						rec, unwound := f.serve(req, append([]gin.HandlerFunc{recovers}, chain...))
						if slices.Contains(heard, callback) && way != "Goexit" {
							assert.Equal(t, []any{false, status, status == 200}, []any{unwound, rec.Code, f.ran})
							return
						}
						if !unwound {
							assert.GreaterOrEqual(t, rec.Code, 500)
						}
						assert.Equal(t, way == "Goexit" || recovery == "a server's", unwound)
						assert.False(t, f.ran, "the protected handler ran")
						for _, c := range setCookies(t, rec) {
							assert.Negative(t, c.MaxAge, c.Name)
						}
						for _, secret := range []string{"secret-text", "eyJ", "protected", "runtime error"} {
							assert.NotContains(t, rec.Body.String(), secret)
						}
					})
				}
			}
		}
	}
	for _, callback := range callbacks() {
		assert.True(t, reached[callback] || slices.Contains(byNew, callback), "no request reaches %s", callback)
	}
}
