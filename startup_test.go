package authjwt_test

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

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

// A switch that weakens security confesses it in its name, and none is about aborting.
func TestS02_NoSettingSwitchesAbortingOff(t *testing.T) {
	settings := reflect.TypeFor[authjwt.Settings]()
	for i := range settings.NumField() {
		if f := settings.Field(i); f.Type.Kind() == reflect.Bool {
			assert.Contains(t, []string{"InsecureShortSecret", "InsecureCookies", "InsecureDisableCSRF", "InsecureNoRefreshIssuer",
				"InsecureAccessTokenInBody", "PersistentCookies", "KeepRefreshToken", "DenylistEnabled", "OmitNotBefore", "IntegerSubjects"}, f.Name)
		}
	}
	j := newJudge(t, func(s *authjwt.Settings) {
		s.InsecureShortSecret, s.InsecureCookies, s.InsecureDisableCSRF, s.PersistentCookies = true, true, true, true
		s.InsecureNoRefreshIssuer, s.InsecureAccessTokenInBody, s.KeepRefreshToken, s.OmitNotBefore, s.IntegerSubjects = true, true, true, true, true
	})
	j.refusesFields(t, nil, noCred, authjwt.ErrMissingToken)
	j.accepts(t, mustCreate(t, j.m))
}

func TestS04_MistakesAreFoundAtStart(t *testing.T) {
	// No value of these is wrong by itself.
	named := map[string]bool{
		"InsecureShortSecret": true, "Validate": true, "LoadUser": true, "ErrorHandler": true, "Now": true,
		"PersistentCookies": true, "InsecureDisableCSRF": true, "TokenInDenylist": true, "OnEvent": true, "Logger": true, "KeepRefreshToken": true,
		"InsecureNoRefreshIssuer": true, "InsecureAccessTokenInBody": true, "OmitNotBefore": true, "IntegerSubjects": true,
	}
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
	first := map[string]func(s *authjwt.Settings){}
	for _, row := range wrongSettings {
		if first[row.field] == nil {
			first[row.field] = row.edit
		}
	}
	delete(first, "EncodeAudience") // its row and DecodeAudience's undo each other
	delete(first, "EncodeIssuer")
	delete(first, "InsecureCookies") // undoes CookiePrefix
	delete(first, "DenylistEnabled") // undone by Store's
	for _, field := range []string{"PrivateKey", "PublicKey", "KeyRing", "KeySet"} {
		delete(first, field) // these take SecretKey's place
	}
	for _, edit := range first {
		edit(&all)
	}
	_, err := authjwt.New(all)
	require.Error(t, err)
	for field := range first {
		assert.ErrorContains(t, err, "Settings."+field+": ")
	}
	joined, ok := err.(interface{ Unwrap() []error })
	require.True(t, ok)
	assert.GreaterOrEqual(t, len(joined.Unwrap()), len(first))

	pair := authjwt.Settings{PrivateKey: ed25519.PrivateKey{}, PublicKey: "text", KeyID: "\xff", DecodeAlgorithms: []string{"none"}, UntypedTokens: "any"}
	_, err = authjwt.New(pair)
	for _, field := range []string{"PrivateKey", "PublicKey", "KeyID", "DecodeAlgorithms", "UntypedTokens"} {
		assert.ErrorContains(t, err, "Settings."+field+": ")
	}

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
