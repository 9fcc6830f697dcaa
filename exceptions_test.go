package authjwt_test

import (
	"context"
	"errors"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/assert"

	"github.com/gin-authjwt/authjwt"
)

// What the application did wrong is spelled out for its developer, and for nobody else.
func TestError_TellsTheDeveloper(t *testing.T) {
	auth := newManager(t)
	for name, try := range map[string]struct {
		handler gin.HandlerFunc
		word    string
	}{
		"no subject": {auth.LoginHandler(authjwt.Routes{Login: func(*gin.Context) (string, error) { return "", nil }}),
			"Routes.Login returned no error, but no subject either"},
		"aborted": {auth.LoginHandler(authjwt.Routes{Login: func(c *gin.Context) (string, error) { c.Abort(); return "alice", nil }}),
			"or it aborted"},
		"reserved claim": {auth.LoginHandler(authjwt.Routes{
			Login:  func(*gin.Context) (string, error) { return "alice", nil },
			Claims: func(context.Context, string) (any, error) { return map[string]any{"exp": 1}, nil },
		}), `"exp" is reserved`},
		"location": {func(c *gin.Context) { _ = auth.Bind(c).JWTRequired(authjwt.WithLocations(authjwt.Query)) },
			`WithLocations: "query" is not in Settings.TokenLocation`},
		"scope": {func(c *gin.Context) { _ = auth.Bind(c).JWTRequired(authjwt.WithScopes("a b")) }, `"a b" is no scope`},
	} {
		t.Run(name, func(t *testing.T) {
			r := gin.New()
			var logged string
			r.POST("/", func(c *gin.Context) { c.Next(); logged = c.Errors.String() }, try.handler)
			rec := post(r)
			assertAnswer(t, rec, outcome{500, "internal_error", "Internal Server Error", "-"})
			assert.Contains(t, logged, try.word)
		})
	}
}

func TestError_Chain(t *testing.T) {
	cause := errors.New("account closed")
	auth := newManager(t, func(s *authjwt.Settings) {
		s.Validate = func(context.Context, *authjwt.Token) error { return cause }
	})
	_, err := auth.Verify(t.Context(), mustCreate(t, auth), authjwt.Access)
	for _, wrapped := range []error{authjwt.ErrJWTDecode, jwt.ErrTokenInvalidClaims, cause} {
		assert.ErrorIs(t, err, wrapped)
	}
	assert.Equal(t, "authjwt: token_refused: Token is not accepted", err.Error())

	_, err = auth.Verify(t.Context(), mustCreate(t, auth), "id")
	assert.ErrorIs(t, err, authjwt.ErrInternal)
	assert.ErrorContains(t, err, "want must be Access or Refresh")
	assert.Empty(t, (&authjwt.Error{Status: 409}).Unwrap())
}

// Wrong options on a route are found when the route is made.
func TestRequired_PanicsAtStartUp(t *testing.T) {
	auth := newManager(t)
	for word, opt := range map[string]authjwt.RequireOption{
		"WithLocations: name at least one location":   authjwt.WithLocations(),
		`WithLocations: "cookies" is not in Settings`: authjwt.WithLocations(authjwt.Headers, authjwt.Cookies),
		"WithScopes: name at least one scope":         authjwt.WithScopes(),
		`WithScopes: "" is no scope`:                  authjwt.WithScopes("a", ""),
	} {
		for name, guard := range map[string]func(...authjwt.RequireOption) gin.HandlerFunc{
			"Required": auth.Required, "Optional": auth.Optional, "FreshRequired": auth.FreshRequired, "RefreshRequired": auth.RefreshRequired,
		} {
			assert.Condition(t, func() bool { return panicsWith(word, func() { guard(opt) }) }, "%s: %s", name, word)
		}
	}
	assert.NotPanics(t, func() { auth.Required(authjwt.WithLocations(authjwt.Headers), authjwt.WithScopes("a")) })
	assert.Condition(t, func() bool {
		return panicsWith("Routes.Login is nil; set it", func() { auth.Mount(gin.New(), authjwt.Routes{}) })
	})
}

func TestWithToken(t *testing.T) {
	auth := newManager(t)
	good := mustCreate(t, auth)
	for _, try := range []struct {
		name, token string
		want        error
		detail      string
	}{
		{"good", good, nil, ""},
		{"empty", "", authjwt.ErrMissingToken, "Missing access token from Query or Path"},
		{"refresh", "", authjwt.ErrMissingToken, "Missing refresh token from Query or Path"},
		{"bad", good + "=", authjwt.ErrJWTDecode, "Invalid crypto padding"},
	} {
		t.Run(try.name, func(t *testing.T) {
			g := guard(t, func(c *gin.Context) {
				guard := auth.Bind(c).JWTRequired
				if try.name == "refresh" {
					guard = auth.Bind(c).JWTRefreshTokenRequired
				}
				_ = guard(authjwt.WithToken(try.token))
			})
			rec := g.get("Bearer " + good) // never fallen back on
			if try.want == nil {
				g.assertAccepted(t, rec)
				return
			}
			assert.False(t, g.ran)
			assert.Contains(t, rec.Body.String(), try.detail)
			_, err := auth.Bind(testContext()).Verify(authjwt.Access, authjwt.WithToken(try.token))
			assert.ErrorIs(t, err, try.want)
		})
	}
}

// Texts of the application's stay inside their quotes (RFC 6750 §3).
func TestChallenge_OfAnyText(t *testing.T) {
	auth := newManager(t)
	g := guard(t, func(c *gin.Context) {
		_, err := auth.Bind(c).Verify(authjwt.Access, authjwt.WithToken("x"))
		var refused *authjwt.Error
		assert.ErrorAs(t, err, &refused)
		refused.Detail = "\"a\\b\" \r\n\u00fc"
		auth.Bind(c).Abort(refused)
	})
	rec := g.get()
	assert.False(t, g.ran)
	assert.Equal(t, `Bearer realm="api", error="invalid_token", error_description="'a'b' ????"`, rec.Header().Get("WWW-Authenticate"))
	assert.JSONEq(t, `{"detail":"\"a\\b\" \r\n\u00fc","code":"token_malformed"}`, rec.Body.String())
}
