package authjwt_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

const clashText = "another Manager (first) is bound to this request and has the cookie shared_cookie, too"

// namesakes are two Managers, apart but for one cookie name, or not even that.
func namesakes(tb testing.TB, clash bool) (first, second *authjwt.Manager) {
	return areas(tb, func(a, b *authjwt.Settings) {
		a.Name, b.Name, a.AccessCookieKey = "first", "second", "shared_cookie"
		b.LoadUser = func(_ context.Context, t *authjwt.Token) (any, error) { return t.Subject, nil }
		if clash {
			b.RefreshCookieKey = "shared_cookie"
		}
	})
}

// assertClash checks that err is the mistake that Bind has found.
func assertClash(tb testing.TB, err error, name string) {
	tb.Helper()
	assertError(tb, err, internalError)
	assert.ErrorIs(tb, err, authjwt.ErrInternal, name)
	assert.ErrorContains(tb, err, clashText+", its AccessCookieKey; set another RefreshCookieKey in this one (second), and call Distinct", name)
}

// inHeaderOf is a POST with a good token of the Manager in the header.
func inHeaderOf(tb testing.TB, of *authjwt.Manager, refresh bool) *http.Request {
	tb.Helper()
	token := mustCreate(tb, of, authjwt.WithFresh())
	if refresh {
		var err error
		token, err = of.CreateRefreshToken("alice")
		require.NoError(tb, err)
	}
	return request(http.MethodPost, "Authorization", "Bearer "+token, "Origin", "https://example.com")
}

// Every method that can fail does, found by its signature, on whichever Manager comes second; no cookie changes. Its twin has
// another cookie name.
func TestClash_EveryMethod(t *testing.T) {
	called := 0
	methods := reflect.TypeFor[*authjwt.AuthJWT]()
	for i := range methods.NumMethod() {
		method := methods.Method(i)
		if n := method.Type.NumOut(); n == 0 || method.Type.Out(n-1) != reflect.TypeFor[error]() {
			continue
		}
		called++
		for _, clash := range []bool{true, false} {
			first, second := namesakes(t, clash)
			refresh := strings.Contains(method.Name, "Refresh")
			var errFirst, errSecond error
			results := 0
			call := func(m *authjwt.Manager, c *gin.Context) (err error) {
				args := []reflect.Value{reflect.ValueOf(m.Bind(c))}
				for in := 1; in < method.Type.NumIn(); in++ {
					typ, text := method.Type.In(in), "access" // a subject, or a TokenType
					if strings.HasPrefix(method.Name, "Set") {
						text = strings.TrimPrefix(c.GetHeader("Authorization"), "Bearer ")
					}
					if typ.Kind() == reflect.String {
						args = append(args, reflect.ValueOf(text).Convert(typ))
					}
				}
				out := method.Func.Call(args)
				err, _ = out[len(out)-1].Interface().(error)
				if len(out) == 2 && !out[0].IsZero() {
					results++
				}
				return err
			}
			g := guard(t, func(c *gin.Context) {
				first.Bind(c)
				if method.Name == "User" && !clash { // which wants an accepted token
					assert.NoError(t, second.Bind(c).JWTRequired())
				}
				errSecond = call(second, c)
			})
			rec := g.do(inHeaderOf(t, second, refresh))
			if !clash {
				assert.NoError(t, errSecond, method.Name)
				g.assertAccepted(t, rec)
				continue
			}
			assertClash(t, errSecond, method.Name)
			assert.Zero(t, results, method.Name)
			assert.Empty(t, rec.Header()["Set-Cookie"], method.Name)
			if strings.HasPrefix(method.Name, "JWT") || strings.HasPrefix(method.Name, "Fresh") || method.Name == "User" {
				assertInternal(t, g, rec)
			} else {
				g.assertAccepted(t, rec)
			}
			g = guard(t, func(c *gin.Context) { // whichever of them comes first works
				errSecond = second.Bind(c).JWTRequired()
				errFirst = call(first, c)
			})
			g.do(inHeaderOf(t, second, false))
			assert.NoError(t, errSecond, method.Name)
			assert.ErrorContains(t, errFirst, "another Manager (second) is bound", method.Name)
		}
	}
	assert.GreaterOrEqual(t, called, 14)
}

// assertInternal checks a refusal with 500, and that it seals.
func assertInternal(tb testing.TB, g *guarded, rec *httptest.ResponseRecorder) {
	tb.Helper()
	assert.False(tb, g.ran)
	assertAnswer(tb, rec, internalError)
	assert.NotContains(tb, rec.Body.String()+g.log.String(), "eyJ")
}

// Every middleware and prebuilt handler of the second one refuses, and no cookie is set or deleted.
func TestClash_EveryHandler(t *testing.T) {
	routes := authjwt.Routes{Login: func(*gin.Context) (string, error) { return "alice", nil }}
	handlers := map[string]func(m *authjwt.Manager) gin.HandlerFunc{
		"Optional":         func(m *authjwt.Manager) gin.HandlerFunc { return m.Optional() },
		"Required":         func(m *authjwt.Manager) gin.HandlerFunc { return m.Required() },
		"RefreshRequired":  func(m *authjwt.Manager) gin.HandlerFunc { return m.RefreshRequired() },
		"LoginHandler":     func(m *authjwt.Manager) gin.HandlerFunc { return m.LoginHandler(routes) },
		"RefreshHandler":   func(m *authjwt.Manager) gin.HandlerFunc { return m.RefreshHandler(routes) },
		"LogoutHandler":    (*authjwt.Manager).LogoutHandler,
		"LogoutAllHandler": (*authjwt.Manager).LogoutAllHandler,
	}
	for name, handler := range handlers {
		for _, clash := range []bool{true, false} {
			first, second := namesakes(t, clash)
			g := guard(t, first.ErrorMiddleware(), handler(second), func(c *gin.Context) { c.SetCookie("late", "x", 0, "/", "", true, true) })
			rec := g.do(inHeaderOf(t, second, strings.HasPrefix(name, "Refresh")))
			if !clash {
				assert.Equal(t, 200, rec.Code, "%s: %s", name, rec.Body)
				continue
			}
			assertInternal(t, g, rec)
			assert.Empty(t, rec.Header()["Set-Cookie"], name)
		}
	}
}

// A refusal takes back what the first Manager has set, as any does, but nothing on behalf of the second: not the cookie of the
// application's own that has the name of another of its cookies.
func TestClash_TakesNothingBack(t *testing.T) {
	for clash, kept := range map[bool][]string{true: {"customers_access=x"}, false: nil} {
		first, second := namesakes(t, clash)
		g := guard(t, func(c *gin.Context) {
			http.SetCookie(c.Writer, &http.Cookie{Name: "customers_access", Value: "x"})
			_, err := first.Bind(c).Login("alice")
			assert.NoError(t, err)
			if clash {
				assert.Error(t, second.Bind(c).UnsetJWTCookies())
			}
			assert.Len(t, c.Writer.Header()["Set-Cookie"], 5)
		}, second.Required())
		rec := g.get()
		assert.Equal(t, map[bool]int{true: 500, false: 401}[clash], rec.Code)
		assert.False(t, g.ran)
		assert.Equal(t, kept, rec.Header()["Set-Cookie"])
	}
}

// It is found where it is bound, in any order, of any number, and on a copy as on the original.
func TestClash_WhereItIsBound(t *testing.T) {
	first, second := namesakes(t, true)
	apart := newManager(t, inCookies)
	alone := func(m *authjwt.Manager, c *gin.Context) error {
		_, err := m.Bind(c).Verify(authjwt.Access, authjwt.WithToken(mustCreate(t, m)))
		return err
	}
	withWriter := func(c *gin.Context) *gin.Context { // as timeout middlewares make it
		cp := c.Copy()
		cp.Writer = c.Writer
		return cp
	}
	for name, bound := range map[string]func(c *gin.Context) *gin.Context{
		"at once":          func(c *gin.Context) *gin.Context { first.Bind(c); second.Bind(c); return c },
		"by its use":       func(c *gin.Context) *gin.Context { first.Bind(c); return c },
		"after another":    func(c *gin.Context) *gin.Context { first.Bind(c); apart.Bind(c); return c },
		"before another":   func(c *gin.Context) *gin.Context { first.Bind(c); second.Bind(c); apart.Bind(c); return c },
		"on the original":  func(c *gin.Context) *gin.Context { first.Bind(c); second.Bind(c); return withWriter(c) },
		"on a copy":        func(c *gin.Context) *gin.Context { first.Bind(c); return withWriter(c) },
		"on a copy of one": func(c *gin.Context) *gin.Context { first.Bind(c); second.Bind(c); return withWriter(withWriter(c)) },
		"on a copy, first": func(c *gin.Context) *gin.Context { cp := withWriter(c); first.Bind(cp); second.Bind(cp); return cp },
		"after a good copy": func(c *gin.Context) *gin.Context {
			first.Bind(c)
			assert.NoError(t, alone(first, withWriter(c)))
			return c
		},
	} {
		c := bound(testContext())
		for range 2 {
			assertClash(t, alone(second, c), name)
			assert.NoError(t, alone(first, c), name)
			assert.NoError(t, alone(apart, c), name)
			assert.NoError(t, first.Bind(c).JWTOptional(), name)
		}
		assert.Nil(t, second.Bind(c).Token())
		assert.Empty(t, second.Bind(c).Subject())
		_, ok := authjwt.TokenFromContext(second.Bind(c).Context())
		assert.False(t, ok)
	}
	c := testContext()
	assert.NoError(t, first.Bind(c).JWTRequired(authjwt.WithToken(mustCreate(t, first))))
	second.Bind(c)
	copied := c.Copy()
	assert.Equal(t, "alice", first.Bind(copied).Subject(), "a copy keeps what it has")
	assert.Empty(t, second.Bind(copied).Subject())
	assert.ErrorContains(t, second.Bind(copied).JWTRequired(), "copy of the request's context")
	assert.NoError(t, alone(second, testContext()), "another request")
}

// Each Manager finds its own token in a context, however they are nested.
func TestManagerTokenFromContext(t *testing.T) {
	staff, customers := areas(t, nil)
	as := func(m *authjwt.Manager, c *gin.Context, subject string) context.Context {
		token, err := m.CreateAccessToken(subject)
		require.NoError(t, err)
		require.NoError(t, m.Bind(c).JWTRequired(authjwt.WithToken(token)))
		return m.Bind(c).Context()
	}
	found := func(ctx context.Context) (subjects [3]string) {
		for i, find := range []func(context.Context) (*authjwt.Token, bool){staff.TokenFromContext, customers.TokenFromContext, authjwt.TokenFromContext} {
			token, ok := find(ctx)
			assert.Equal(t, ok, token != nil)
			if ok {
				subjects[i] = token.Subject
				token.Subject = "changed"
			}
		}
		return subjects
	}
	c := testContext()
	assert.Equal(t, [3]string{}, found(c.Request.Context()))
	inner := as(staff, c, "bob")
	for range 2 {
		assert.Equal(t, [3]string{"bob", "", "bob"}, found(inner))
	}
	c.Request = c.Request.WithContext(inner)
	both := as(customers, c, "alice")
	assert.Equal(t, [3]string{"bob", "alice", "alice"}, found(both))
	assert.Equal(t, [3]string{"bob", "", "bob"}, found(inner))
	assert.Equal(t, [3]string{"bob", "", "bob"}, found(staff.Bind(c).Context()))
	ended, cancel := context.WithCancelCause(context.WithValue(both, http.ServerContextKey, "kept"))
	assert.Equal(t, [3]string{"bob", "alice", "alice"}, found(context.WithoutCancel(ended)))
	cancel(errors.New("over"))
	assert.Equal(t, "kept", ended.Value(http.ServerContextKey))
	c.Request = c.Request.WithContext(both)
	again := as(staff, c, "carol")
	assert.Equal(t, [3]string{"carol", "alice", "carol"}, found(again), "the later one")

	var none *authjwt.Manager
	_, ok := none.TokenFromContext(both)
	assert.False(t, ok, "which is nobody's")
}

// The context of a token is the request's, with its end.
func TestManagerTokenFromContext_Ends(t *testing.T) {
	auth := newManager(t)
	c := testContext()
	deadline := testNow.Add(time.Hour * 24 * 365 * 100)
	ctx, cancel := context.WithDeadline(c.Request.Context(), deadline)
	c.Request = c.Request.WithContext(ctx)
	require.NoError(t, auth.Bind(c).JWTRequired(authjwt.WithToken(mustCreate(t, auth))))
	carrying := auth.Bind(c).Context()
	until, ok := carrying.Deadline()
	assert.True(t, ok && until.Equal(deadline))
	below, stop := context.WithCancel(carrying)
	defer stop()
	assert.NoError(t, below.Err())
	cancel()
	<-below.Done()
	assert.ErrorIs(t, below.Err(), context.Canceled)
	assert.ErrorIs(t, carrying.Err(), context.Canceled)
	_, ok = auth.TokenFromContext(below)
	assert.True(t, ok)
}
