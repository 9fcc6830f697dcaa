package authjwt_test

import (
	"context"
	"crypto"
	"errors"
	"fmt"
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

// everyGuard finds all guards by their signatures, so that a new one cannot be forgotten here: the
// middleware forms of the Manager, and the in-handler forms of the AuthJWT as middleware.
func everyGuard(m *authjwt.Manager, opts ...authjwt.RequireOption) map[string]gin.HandlerFunc {
	all := map[string]gin.HandlerFunc{}
	manager := reflect.ValueOf(m)
	for i := range manager.NumMethod() {
		if make, ok := manager.Method(i).Interface().(func(...authjwt.RequireOption) gin.HandlerFunc); ok {
			all[manager.Type().Method(i).Name] = make(opts...)
		}
	}
	view := reflect.TypeFor[*authjwt.AuthJWT]()
	for i := range view.NumMethod() {
		if reflect.New(view).Elem().Method(i).Type() == reflect.TypeFor[func(...authjwt.RequireOption) error]() {
			all[view.Method(i).Name] = func(c *gin.Context) {
				use := reflect.ValueOf(m.Bind(c)).Method(i).Interface().(func(...authjwt.RequireOption) error)
				if use(opts...) != nil {
					c.String(http.StatusOK, "leaked") // the worst handler there can be
				}
			}
		}
	}
	return all
}

func TestS02_EveryGuardAbortsAlways(t *testing.T) {
	var verdict error // of Validate
	validate := func(context.Context, *authjwt.Token) error { return verdict }
	handlers := map[string]func(*gin.Context, *authjwt.Error){
		"no handler":  nil,
		"silent":      func(*gin.Context, *authjwt.Error) {},
		"says 200":    func(c *gin.Context, _ *authjwt.Error) { c.Status(http.StatusOK) },
		"answers 200": func(c *gin.Context, _ *authjwt.Error) { c.String(http.StatusOK, "fine") },
		"goes on":     func(c *gin.Context, _ *authjwt.Error) { c.Next() },
		"forgives":    func(c *gin.Context, e *authjwt.Error) { c.Errors = nil; *e = authjwt.Error{Status: http.StatusOK} },
	}
	kinds := map[string]func(access, refresh string) (fields []string, validate error){
		"several":     func(string, string) ([]string, error) { return []string{"Bearer x", "Bearer x"}, nil },
		"malformed":   func(string, string) ([]string, error) { return []string{"Bearer a b"}, nil },
		"garbage":     func(string, string) ([]string, error) { return []string{"Bearer x"}, nil },
		"signature":   func(own, _ string) ([]string, error) { return []string{"Bearer " + own + "x"}, nil },
		"other type":  func(_, other string) ([]string, error) { return []string{"Bearer " + other}, nil },
		"refused":     func(own, _ string) ([]string, error) { return []string{"Bearer " + own}, errors.New("no") },
		"revoked":     func(own, _ string) ([]string, error) { return []string{"Bearer " + own}, authjwt.ErrRevokedToken },
		"unavailable": func(own, _ string) ([]string, error) { return []string{"Bearer " + own}, authjwt.ErrUnavailable },
		"status 200": func(own, _ string) ([]string, error) {
			return []string{"Bearer " + own}, &authjwt.Error{Status: http.StatusOK}
		},
		"status 0":  func(own, _ string) ([]string, error) { return []string{"Bearer " + own}, &authjwt.Error{} },
		"status 99": func(own, _ string) ([]string, error) { return []string{"Bearer " + own}, &authjwt.Error{Status: 699} },
	}
	for hook, handler := range handlers {
		for _, style := range []authjwt.ErrorStyle{authjwt.RFC6750, authjwt.FastAPI} {
			m := newManager(t, func(s *authjwt.Settings) { s.Validate, s.ErrorHandler, s.Errors = validate, handler, style })
			access := mustCreate(t, m, authjwt.WithFresh())
			refresh, err := m.CreateRefreshToken("alice")
			require.NoError(t, err)
			guards := everyGuard(m)
			require.Len(t, guards, 8, "four forms, twice")
			for form, guardian := range guards {
				own, other := access, refresh
				if strings.Contains(form, "Refresh") {
					own, other = refresh, access
				}
				var aborted bool
				g := guard(t, func(c *gin.Context) { c.Next(); aborted = c.IsAborted() }, guardian)
				for kind, present := range kinds {
					var fields []string
					fields, verdict = present(own, other)
					rec := g.get(fields...)
					assert.True(t, aborted, "%s, %s, %s", hook, form, kind)
					assert.False(t, g.ran, "%s, %s, %s", hook, form, kind)
					assert.NotRegexp(t, "protected|leaked", rec.Body.String(), "%s, %s, %s", hook, form, kind)
					if hook != "answers 200" && hook != "forgives" { // these say so in so many words
						assert.GreaterOrEqual(t, rec.Code, 400, "%s, %s, %s", hook, form, kind)
					}
				}
				verdict = nil
				if rec := g.get(); strings.Contains(form, "Optional") {
					g.assertAccepted(t, rec)
				} else {
					assert.True(t, aborted && !g.ran, "%s, %s, no credential", hook, form)
				}
				g.assertAccepted(t, g.get("Bearer "+own))
				assert.False(t, aborted)
			}
		}
	}
}

// The verdicts that only some guards reach.
func TestS02_FreshnessAndScopesAbort(t *testing.T) {
	m := newManager(t)
	stale := mustCreate(t, m, authjwt.WithClaims(map[string]any{"scope": "read"}))
	for form, guardian := range everyGuard(m, authjwt.WithScopes("write")) {
		g := guard(t, guardian)
		assert.GreaterOrEqual(t, g.get("Bearer "+stale).Code, 401, form)
		assert.False(t, g.ran, form)
	}
	for form, guardian := range everyGuard(m, authjwt.WithScopes("read")) {
		g := guard(t, guardian)
		g.get("Bearer " + stale)
		assert.Equal(t, !strings.Contains(form, "Fresh") && !strings.Contains(form, "Refresh"), g.ran, form)
	}
}

// A switch that weakens security confesses it in its name, and there is one, which is about keys.
func TestS02_NoSettingSwitchesAbortingOff(t *testing.T) {
	settings := reflect.TypeFor[authjwt.Settings]()
	for i := range settings.NumField() {
		if f := settings.Field(i); f.Type.Kind() == reflect.Bool {
			assert.Equal(t, "InsecureShortSecret", f.Name)
		}
	}
	j := newJudge(t, func(s *authjwt.Settings) { s.InsecureShortSecret = true })
	j.refusesFields(t, nil, noCred, authjwt.ErrMissingToken)
	j.accepts(t, mustCreate(t, j.m))
}

type fakeKeySet struct{}

func (fakeKeySet) VerificationKey(context.Context, string, string) (crypto.PublicKey, error) {
	return nil, nil
}

type fakeStore struct{ authjwt.Store }

var wrongSettings = []struct {
	field string
	edit  func(s *authjwt.Settings)
	fix   string
}{
	{"SecretKey", func(s *authjwt.Settings) { s.SecretKey = "" }, "make one with: openssl rand -base64 32"},
	{"SecretKey", func(s *authjwt.Settings) { s.SecretKey = "  ChangeMe " }, "make one with: openssl rand -base64 32"},
	{"SecretKey", func(s *authjwt.Settings) { s.SecretKey, s.InsecureShortSecret = "", true }, "make one with: openssl rand -base64 32"},
	{"SecretKey", func(s *authjwt.Settings) { s.SecretKey = testSecret[:31] }, "needs at least 32"},
	{"SecretKey", func(s *authjwt.Settings) { s.SecretKey, s.Algorithm = testSecret[:63], "HS512" }, "make one with: openssl rand -base64 64"},
	{"SecretKey", func(s *authjwt.Settings) { s.SecretKey = strings.Repeat("ab", 32) }, "make one with: openssl rand -base64 32"},
	{"KeyID", func(s *authjwt.Settings) { s.KeyID = "\xff" }, "use letters and digits"},
	{"KeySet", func(s *authjwt.Settings) { s.KeySet = fakeKeySet{} }, "leave it nil"},
	{"Store", func(s *authjwt.Settings) { s.Store = fakeStore{} }, "leave it nil"},
	{"Algorithm", func(s *authjwt.Settings) { s.Algorithm = "none" }, "use HS256, HS384 or HS512"},
	{"Algorithm", func(s *authjwt.Settings) { s.Algorithm = "hs256" }, "use HS256, HS384 or HS512"},
	{"DecodeAlgorithms", func(s *authjwt.Settings) { s.DecodeAlgorithms = []string{} }, "leave it nil"},
	{"DecodeAlgorithms", func(s *authjwt.Settings) { s.DecodeAlgorithms = []string{"HS256", "none"} }, "use HS256, HS384 or HS512"},
	{"DecodeAlgorithms", func(s *authjwt.Settings) { s.DecodeAlgorithms = []string{"HS512"} }, "add it"},
	{"DecodeAlgorithms", func(s *authjwt.Settings) { s.DecodeAlgorithms = []string{"HS256", "HS256"} }, "name it once"},
	{"TokenLocation", func(s *authjwt.Settings) { s.TokenLocation = []authjwt.Location{} }, "leave it nil"},
	{"TokenLocation", func(s *authjwt.Settings) { s.TokenLocation = []authjwt.Location{"header"} }, "use Headers"},
	{"HeaderName", func(s *authjwt.Settings) { s.HeaderName = "X Token" }, "leave it empty"},
	{"HeaderName", func(s *authjwt.Settings) { s.HeaderName = "cookie" }, "leave it empty"},
	{"HeaderType", func(s *authjwt.Settings) { s.HeaderType = "Bearer " }, "leave it empty"},
	{"AccessTokenExpires", func(s *authjwt.Settings) { s.AccessTokenExpires = 900 }, "write 15*time.Minute"},
	{"AccessTokenExpires", func(s *authjwt.Settings) { s.AccessTokenExpires = -time.Hour }, "or NoExpiry"},
	{"RefreshTokenExpires", func(s *authjwt.Settings) { s.RefreshTokenExpires = time.Second - 1 }, "or NoExpiry"},
	{"DecodeLeeway", func(s *authjwt.Settings) { s.DecodeLeeway = 5*time.Minute + 1 }, "use a few seconds"},
	{"DecodeLeeway", func(s *authjwt.Settings) { s.DecodeLeeway = -2 }, "or NoLeeway"},
	{"ClockSkew", func(s *authjwt.Settings) { s.ClockSkew = 5*time.Minute + 1 }, "use a few seconds"},
	{"EncodeIssuer", func(s *authjwt.Settings) { s.EncodeIssuer, s.DecodeIssuer = "\xff", "a" }, "use the issuer's URL"},
	{"DecodeIssuer", func(s *authjwt.Settings) { s.EncodeIssuer, s.DecodeIssuer = "a", "\xff" }, "use the issuer's URL"},
	{"EncodeAudience", func(s *authjwt.Settings) { s.EncodeAudience, s.DecodeAudience = []string{}, []string{"a"} }, "leave it nil"},
	{"EncodeAudience", func(s *authjwt.Settings) { s.EncodeAudience, s.DecodeAudience = []string{""}, []string{"a"} }, "name the service"},
	{"DecodeAudience", func(s *authjwt.Settings) { s.EncodeAudience, s.DecodeAudience = []string{"a"}, []string{} }, "leave it nil"},
	{"DecodeAudience", func(s *authjwt.Settings) { s.EncodeAudience, s.DecodeAudience = []string{"a"}, []string{"a", "\xff"} }, "name the service"},
	{"Errors", func(s *authjwt.Settings) { s.Errors = 2 }, "use RFC6750 or FastAPI"},
	{"Errors", func(s *authjwt.Settings) { s.Errors = -1 }, "use RFC6750 or FastAPI"},
	{"Realm", func(s *authjwt.Settings) { s.Realm = `a"b` }, "use printable ASCII"},
}

func TestS04_MistakesAreFoundAtStart(t *testing.T) {
	// No value of these is wrong by itself.
	named := map[string]bool{"InsecureShortSecret": true, "Validate": true, "ErrorHandler": true, "Now": true}
	for i, row := range wrongSettings {
		t.Run(fmt.Sprint(i, row.field), func(t *testing.T) {
			s := authjwt.Settings{SecretKey: testSecret}
			_, err := authjwt.New(s)
			require.NoError(t, err)
			row.edit(&s)
			m, err := authjwt.New(s)
			assert.Nil(t, m)
			require.ErrorContains(t, err, "authjwt: Settings."+row.field+": ")
			assert.ErrorContains(t, err, row.fix)
			assert.Equal(t, 1, strings.Count(err.Error(), "Settings."), "one mistake, one line: %v", err)
			assert.NotContains(t, err.Error(), testSecret[:31])
		})
		named[row.field] = true
	}
	settings := reflect.TypeFor[authjwt.Settings]()
	for i := range settings.NumField() {
		assert.True(t, named[settings.Field(i).Name], "a setting without a row: %s", settings.Field(i).Name)
	}
}

func TestS04_AllMistakesAtOnce(t *testing.T) {
	all := authjwt.Settings{}
	last := map[string]func(s *authjwt.Settings){}
	for _, row := range wrongSettings {
		last[row.field] = row.edit
	}
	delete(last, "EncodeAudience") // its row and DecodeAudience's undo each other
	delete(last, "EncodeIssuer")
	for _, edit := range last {
		edit(&all)
	}
	_, err := authjwt.New(all)
	require.Error(t, err)
	for field := range last {
		assert.ErrorContains(t, err, "Settings."+field+": ")
	}
	joined, ok := err.(interface{ Unwrap() []error })
	require.True(t, ok)
	assert.GreaterOrEqual(t, len(joined.Unwrap()), len(last))

	m := newManager(t)
	for option, want := range map[string]authjwt.RequireOption{"WithLocations": authjwt.WithLocations(authjwt.Cookies), "WithScopes": authjwt.WithScopes()} {
		assert.Panics(t, func() { m.Required(want) }, option)
		rec := httptest.NewRecorder()
		c, _ := gin.CreateTestContext(rec)
		c.Request = httptest.NewRequest(http.MethodGet, "/", nil)
		assert.ErrorIs(t, m.Bind(c).JWTRequired(want), authjwt.ErrInternal, "an in-handler guard refuses: it has no start-up")
	}
	assert.Panics(t, func() { m.LoginHandler(authjwt.Routes{}) })
}
