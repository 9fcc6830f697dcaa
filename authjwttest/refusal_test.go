package authjwttest_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
	"github.com/gin-authjwt/authjwt/authjwttest"
)

// answers are what an assertion may get to see, by name.
func answers(t *testing.T) map[string]*httptest.ResponseRecorder {
	t.Helper()
	m := authjwttest.NewManager(t, func(s *authjwt.Settings) {
		s.TokenLocation = []authjwt.Location{authjwt.Headers, authjwt.Cookies}
	})
	app := newRouter(m.Manager)
	app.POST("/pay", m.Required(), func(c *gin.Context) {
		m.Bind(c).Abort(&authjwt.Error{Status: 402, Code: "overdrawn", Detail: "Not enough money"})
	})
	app.POST("/wrong", m.Required(), func(c *gin.Context) { _, err := m.Bind(c).Login(""); m.Bind(c).Abort(err) })
	app.GET("/status", func(c *gin.Context) { c.JSON(http.StatusOK, gin.H{"code": "unavailable"}) })
	app.GET("/forbidden", func(c *gin.Context) { c.String(http.StatusForbidden, "members only") })
	sends := func(method, path string, as ...authjwttest.As) *httptest.ResponseRecorder {
		return authjwttest.Do(app, authjwttest.Request(t, method, path, as...))
	}
	return map[string]*httptest.ResponseRecorder{
		"accepted":  sends("GET", "/me", m.As("alice")),
		"no token":  sends("GET", "/me"),
		"no CSRF":   sends("POST", "/orders", m.CookiesWithoutCSRF(m.Token(authjwttest.Valid, "alice"))),
		"expired":   sends("GET", "/me", m.Header(m.Token(authjwttest.Expired, "alice"))),
		"overdrawn": sends("POST", "/pay", m.As("alice")),
		"wrong":     sends("POST", "/wrong", m.As("alice")),
		"forbidden": sends("GET", "/forbidden"),
		"status":    sends("GET", "/status"),
		"not there": sends("GET", "/nowhere", m.As("alice")),
	}
}

func TestAssertRefused(t *testing.T) {
	all := answers(t)
	for _, try := range []struct {
		answer string
		reason error
		says   string // empty: it is as wanted
	}{
		{"no token", authjwt.ErrMissingToken, ""},
		{"no token", &authjwt.Error{Code: "missing_token", Status: 401}, ""},
		{"no token", &authjwt.Error{Code: "missing_token", Status: 403}, "refused for the code missing_token, status 403\n  came:  status 401, ErrMissingToken, code missing_token\n"},
		{"no token", authjwt.ErrCSRF, "refused for authjwt.ErrCSRF\n  came:  status 401, ErrMissingToken, code missing_token\n  error: authjwt: missing_token: Missing cookie"},
		{"no CSRF", authjwt.ErrCSRF, ""},
		{"no CSRF", authjwt.ErrMissingToken, "look:  the cookie came without its CSRF value"},
		{"expired", authjwt.ErrJWTDecode, ""},
		{"expired", &authjwt.Error{Code: "token_expired"}, ""},
		{"expired", &authjwt.Error{Code: "token_malformed"}, "look:  was the Clock moved"},
		{"expired", jwt.ErrTokenExpired, `is none of authjwt's reasons; use one such as authjwt.ErrCSRF, or for one code &authjwt.Error{Code: "token_expired"}`},
		{"expired", nil, "is none of authjwt's reasons"},
		{"expired", errors.Join(authjwt.ErrCSRF, authjwt.ErrJWTDecode), "is none of authjwt's reasons"},
		{"overdrawn", &authjwt.Error{Code: "overdrawn"}, ""},
		{"overdrawn", authjwt.ErrInsufficientScope, "came:  status 402, code overdrawn\n"},
		{"wrong", authjwt.ErrInternal, ""},
		{"wrong", authjwt.ErrCSRF, "error: authjwt: internal_error: Internal Server Error: authjwt: create access token: the subject is empty"},
		{"accepted", authjwt.ErrMissingToken, "came:  status 200, which is no refusal of authjwt\n  body:  hello, alice\n  look:  is a guard on the route"},
		{"status", authjwt.ErrUnavailable, "which is no refusal of authjwt"},
		{"forbidden", authjwt.ErrCSRF, "came:  status 403, which is no refusal of authjwt\n  body:  members only\n  look:  the application has answered by itself"},
		{"not there", authjwt.ErrMissingToken, "look:  is the route there"},
	} {
		text, failed := failing(t, func(tb testing.TB) { authjwttest.AssertRefused(tb, all[try.answer], try.reason) })
		assert.Equal(t, try.says != "", failed, "%s: %v: %s", try.answer, try.reason, text)
		assert.Contains(t, text, try.says)
	}
}

func TestAssertAccepted(t *testing.T) {
	for name, says := range map[string]string{
		"accepted":  "",
		"status":    "",
		"no token":  "look:  no location that the guard reads held a token",
		"expired":   "came:  status 401, ErrJWTDecode, code token_expired",
		"overdrawn": "came:  status 402, code overdrawn",
		"forbidden": "members only",
		"not there": "look:  is the route there",
	} {
		text, failed := failing(t, func(tb testing.TB) { authjwttest.AssertAccepted(tb, answers(t)[name]) })
		assert.Equal(t, says != "", failed, "%s: %s", name, text)
		assert.Contains(t, text, says)
	}
}

// An ErrorHandler may answer in any way, and a refusal is known all the same: also where it is a redirection.
func TestAssertRefused_ErrorHandler(t *testing.T) {
	for name, try := range map[string]struct {
		handle func(c *gin.Context, err *authjwt.Error)
		says   string
	}{
		"nothing":       {func(*gin.Context, *authjwt.Error) {}, ""},
		"a redirection": {func(c *gin.Context, _ *authjwt.Error) { c.Redirect(http.StatusSeeOther, "/login") }, ""},
		"changes": {func(c *gin.Context, err *authjwt.Error) {
			err.Code = "other"
			c.String(err.Status, "nein")
		}, ""},
		"another cookie": {func(c *gin.Context, _ *authjwt.Error) { c.SetCookie("lang", "de", 0, "/", "", true, true) }, ""},
		"a token":        {func(c *gin.Context, _ *authjwt.Error) { c.SetCookie("t", "eyJhbGciOiJ.e.s", 0, "/", "", true, true) }, "sets the cookie t, with a token in it"},
		"cached":         {func(c *gin.Context, _ *authjwt.Error) { c.Header("Cache-Control", "max-age=60") }, `Cache-Control is "max-age=60", not no-store`},
	} {
		t.Run(name, func(t *testing.T) {
			m := authjwttest.NewManager(t, func(s *authjwt.Settings) { s.ErrorHandler = try.handle })
			rec := authjwttest.Do(newRouter(m.Manager), authjwttest.Request(t, "GET", "/me"))
			text, failed := failing(t, func(tb testing.TB) { authjwttest.AssertRefused(tb, rec, authjwt.ErrMissingToken) })
			assert.Equal(t, try.says != "", failed, text)
			assert.Contains(t, text, try.says)
			_, failed = failing(t, func(tb testing.TB) { authjwttest.AssertAccepted(tb, rec) })
			assert.True(t, failed)
		})
	}
}

// A Manager of the application's own tells no more than its clients hear.
func TestAssertRefused_OwnManager(t *testing.T) {
	for style, says := range map[authjwt.ErrorStyle]string{
		authjwt.RFC6750:      "",
		authjwt.FastAPI:      "its Manager is not NewManager's, and its style of errors has no code",
		authjwt.FastJWTStyle: "its Manager is not NewManager's, and its style of errors has no code",
	} {
		auth, err := authjwt.New(authjwt.Settings{SecretKey: "tests-only-0123456789-ABCDEFGHIJKLMNOPQ", Errors: style})
		require.NoError(t, err)
		rec := authjwttest.Do(newRouter(auth), authjwttest.Request(t, "GET", "/me"))
		text, failed := failing(t, func(tb testing.TB) { authjwttest.AssertRefused(tb, rec, authjwt.ErrMissingToken) })
		assert.Equal(t, says != "", failed, text)
		assert.Contains(t, text, says)
		_, failed = failing(t, func(tb testing.TB) { authjwttest.AssertRefused(tb, rec, authjwt.ErrCSRF) })
		assert.True(t, failed)
	}
}

// No part of a token gets into a failure's text.
func TestAssertRefused_TellsNoToken(t *testing.T) {
	m := authjwttest.NewManager(t)
	token := m.Token(authjwttest.Tampered, "alice")
	rec := authjwttest.Do(newRouter(m.Manager), authjwttest.Request(t, "GET", "/me", m.Header(token)))
	text, failed := failing(t, func(tb testing.TB) { authjwttest.AssertAccepted(tb, rec) })
	assert.True(t, failed)
	assert.NotContains(t, text, "eyJ")
}
