package authjwt_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

// newSeed2 is the program of fastapi-jwt-auth's page "JWT in Cookies", line by line. Its two versions
// differ in their settings alone; its secret, "secret", New would refuse.
func newSeed2(tb testing.TB, edit ...func(s *authjwt.Settings)) *site {
	s := newSite(tb, append(edit, inCookies, func(s *authjwt.Settings) { s.InsecureCookies = true })...)

	s.POST("/login", func(c *gin.Context) {
		a := authjwt.FromContext(c)
		var user struct{ Username, Password string }
		if c.BindJSON(&user) != nil {
			return
		}
		if user.Username != "test" || user.Password != "test" {
			a.Abort(authjwt.ErrInvalidCredentials)
			return
		}
		access, err := a.CreateAccessToken(user.Username)
		require.NoError(tb, err)
		refresh, err := a.CreateRefreshToken(user.Username)
		require.NoError(tb, err)
		if err := errors.Join(a.SetAccessCookies(access), a.SetRefreshCookies(refresh)); err != nil {
			a.Abort(err)
			return
		}
		c.JSON(http.StatusOK, gin.H{"msg": "Successfully login"})
	})

	s.POST("/refresh", func(c *gin.Context) {
		a := authjwt.FromContext(c)
		if a.JWTRefreshTokenRequired() != nil {
			return
		}
		access, err := a.CreateAccessToken(a.Subject())
		require.NoError(tb, err)
		if err := a.SetAccessCookies(access); err != nil {
			a.Abort(err)
			return
		}
		c.JSON(http.StatusOK, gin.H{"msg": "The token has been refresh"})
	})

	s.DELETE("/logout", func(c *gin.Context) {
		a := authjwt.FromContext(c)
		if a.JWTRequired() != nil {
			return
		}
		if err := a.UnsetJWTCookies(); err != nil {
			a.Abort(err)
			return
		}
		c.JSON(http.StatusOK, gin.H{"msg": "Successfully logout"})
	})

	s.GET("/protected", func(c *gin.Context) {
		a := authjwt.FromContext(c)
		if a.JWTRequired() != nil {
			return
		}
		c.JSON(http.StatusOK, gin.H{"user": a.Subject()})
	})
	return s
}

// A seed2Refusal is an outcome with the number fastapi-jwt-auth has for it.
type seed2Refusal struct {
	outcome
	fastAPI int
	reason  error
}

const goodUser, badUser = `{"username":"test","password":"test"}`, `{"username":"test","password":"guess"}`

var (
	seed2BadLogin   = seed2Refusal{outcome{401, "invalid_credentials", "Bad username or password", ""}, 401, authjwt.ErrInvalidCredentials}
	seed2NoAccess   = seed2Refusal{noCookie, 401, authjwt.ErrMissingToken}
	seed2NoRefresh  = seed2Refusal{outcome{401, "missing_token", "Missing cookie refresh_token_cookie", ""}, 401, authjwt.ErrMissingToken}
	seed2Expired    = seed2Refusal{inv("token_expired", "Signature has expired"), 422, authjwt.ErrJWTDecode}
	seed2NoCSRF     = seed2Refusal{csrfMissing, 401, authjwt.ErrCSRF}
	seed2WrongCSRF  = seed2Refusal{csrfMismatch, 401, authjwt.ErrCSRF}
	refreshCSRFHint = strings.ReplaceAll(sendCSRF, "access", "refresh")
	seed2NoCSRFR    = seed2Refusal{csrfRefusal("csrf_missing", "Missing CSRF Token"+refreshCSRFHint), 401, authjwt.ErrCSRF}
	seed2WrongCSRFR = seed2Refusal{csrfRefusal("csrf_mismatch", "CSRF double submit tokens do not match"+refreshCSRFHint), 401, authjwt.ErrCSRF}
)

// A seed2Client is a browser that uses the program; in the FastAPI style refusals are the seed's own.
type seed2Client struct {
	*browser
	style authjwt.ErrorStyle
}

func (b *seed2Client) refused(got answer, want seed2Refusal) {
	b.tb.Helper()
	if b.style == authjwt.RFC6750 {
		b.browser.refused(got, want.outcome, want.reason)
		return
	}
	detail, _, _ := strings.Cut(want.detail, ". Send")
	b.answered(got, want.fastAPI, `{"detail":"`+detail+`"}`)
	assert.ErrorIs(b.tb, b.site.last, want.reason)
}

// answered checks an answer and the names of the cookies it sets or deletes, in order.
func (b *seed2Client) answered(got answer, status int, body string, cookies ...string) {
	b.tb.Helper()
	assert.Equal(b.tb, status, got.StatusCode)
	assert.Equal(b.tb, body, got.body)
	var names []string
	for _, c := range setCookies(b.tb, recorded(got.Response, "")) {
		names = append(names, c.Name)
	}
	assert.Equal(b.tb, cookies, names)
	assert.Empty(b.tb, b.jar.refused, "a browser refuses cookies of the site")
}

// shown returns the cookie that document.cookie shows under that name.
func (b *browser) shown(name string) string {
	b.tb.Helper()
	for pair := range strings.SplitSeq(b.jar.documentCookie(b.tb, b.home+"/"), "; ") {
		if value, ok := strings.CutPrefix(pair, name+"="); ok {
			return value
		}
	}
	assert.Fail(b.tb, "no such cookie", "%s", name)
	return ""
}

// held returns the value of a cookie that the browser holds; empty if there is none.
func (b *browser) held(name string) string {
	for _, c := range b.jar.cookies {
		if c.name == name {
			return c.value
		}
	}
	return ""
}

func eachStyle(t *testing.T, run func(t *testing.T, style authjwt.ErrorStyle)) {
	for name, style := range map[string]authjwt.ErrorStyle{"default style": authjwt.RFC6750, "FastAPI style": authjwt.FastAPI} {
		t.Run(name, func(t *testing.T) { run(t, style) })
	}
}

const (
	accessCookie, refreshCookie = "access_token_cookie", "refresh_token_cookie"
	accessValue, refreshValue   = "csrf_access_token", "csrf_refresh_token"
)

func TestSeed2_WithoutCSRF(t *testing.T) {
	eachStyle(t, func(t *testing.T, style authjwt.ErrorStyle) {
		s := newSeed2(t, func(s *authjwt.Settings) { s.InsecureDisableCSRF, s.Errors = true, style })
		b := &seed2Client{s.open(t, "http://localhost:8000"), style}

		b.refused(b.fetch("GET", "/protected", ""), seed2NoAccess)
		b.refused(b.fetch("DELETE", "/logout", ""), seed2NoAccess)
		b.refused(b.fetch("POST", "/refresh", ""), seed2NoRefresh)
		b.refused(b.fetch("POST", "/login", badUser), seed2BadLogin)
		assert.Empty(t, b.jar.cookies)

		got := b.fetch("POST", "/login", goodUser)
		b.answered(got, 200, `{"msg":"Successfully login"}`, accessCookie, refreshCookie)
		assert.Empty(t, b.jar.documentCookie(t, b.home+"/"), "scripts see no cookie")
		b.answered(b.fetch("GET", "/protected", ""), 200, `{"user":"test"}`)

		access, refresh := b.held(accessCookie), b.held(refreshCookie)
		b.answered(b.fetch("POST", "/refresh", ""), 200, `{"msg":"The token has been refresh"}`, accessCookie)
		assert.NotEqual(t, access, b.held(accessCookie))
		assert.Equal(t, refresh, b.held(refreshCookie))
		b.answered(b.fetch("GET", "/protected", ""), 200, `{"user":"test"}`)

		b.answered(b.fetch("DELETE", "/logout", ""), 200, `{"msg":"Successfully logout"}`, accessCookie, refreshCookie)
		assert.Empty(t, b.jar.cookies)
		b.refused(b.fetch("GET", "/protected", ""), seed2NoAccess)
		b.refused(b.fetch("POST", "/refresh", ""), seed2NoRefresh)
	})
}

func TestSeed2_WithCSRF(t *testing.T) {
	eachStyle(t, func(t *testing.T, style authjwt.ErrorStyle) {
		s := newSeed2(t, func(s *authjwt.Settings) { s.Errors = style })
		b := &seed2Client{s.open(t, "http://localhost:8000"), style}
		withValue := func(method, path, value string) answer { return b.fetch(method, path, "", "X-CSRF-Token", value) }

		b.refused(b.fetch("GET", "/protected", ""), seed2NoAccess)
		b.refused(b.fetch("POST", "/login", badUser), seed2BadLogin)
		got := b.fetch("POST", "/login", goodUser)
		b.answered(got, 200, `{"msg":"Successfully login"}`, accessCookie, accessValue, refreshCookie, refreshValue)
		first := b.shown(accessValue)
		assert.Equal(t, []string{
			accessCookie + "=" + b.held(accessCookie) + "; Path=/; HttpOnly; SameSite=Lax",
			accessValue + "=" + first + "; Path=/; SameSite=Lax",
			refreshCookie + "=" + b.held(refreshCookie) + "; Path=/; HttpOnly; SameSite=Lax",
			refreshValue + "=" + b.shown(refreshValue) + "; Path=/; SameSite=Lax",
		}, got.Header.Values("Set-Cookie"))
		assert.Equal(t, accessValue+"="+first+"; "+refreshValue+"="+b.shown(refreshValue), b.jar.documentCookie(t, b.home+"/"))

		b.answered(b.fetch("GET", "/protected", ""), 200, `{"user":"test"}`)
		b.answered(withValue("GET", "/protected", "wrong"), 200, `{"user":"test"}`)

		refresh := b.held(refreshCookie)
		b.refused(b.fetch("POST", "/refresh", ""), seed2NoCSRFR)
		b.refused(withValue("POST", "/refresh", b.shown(accessValue)), seed2WrongCSRFR)
		b.answered(withValue("POST", "/refresh", b.shown(refreshValue)), 200,
			`{"msg":"The token has been refresh"}`, accessCookie, accessValue)
		assert.Equal(t, refresh, b.held(refreshCookie))
		assert.NotEqual(t, first, b.shown(accessValue))

		s.clock = s.clock.Add(15 * time.Minute)
		b.refused(b.fetch("GET", "/protected", ""), seed2Expired)
		b.refused(withValue("DELETE", "/logout", b.shown(accessValue)), seed2Expired)
		b.answered(withValue("POST", "/refresh", b.shown(refreshValue)), 200,
			`{"msg":"The token has been refresh"}`, accessCookie, accessValue)
		b.answered(b.fetch("GET", "/protected", ""), 200, `{"user":"test"}`)

		b.refused(b.fetch("DELETE", "/logout", ""), seed2NoCSRF)
		b.refused(withValue("DELETE", "/logout", first), seed2WrongCSRF)
		b.refused(withValue("DELETE", "/logout", b.shown(refreshValue)), seed2WrongCSRF)
		assert.Len(t, b.jar.cookies, 4)
		b.answered(withValue("DELETE", "/logout", b.shown(accessValue)), 200,
			`{"msg":"Successfully logout"}`, accessCookie, accessValue, refreshCookie, refreshValue)
		assert.Empty(t, b.jar.cookies)
		b.refused(b.fetch("GET", "/protected", ""), seed2NoAccess)
	})
}

// Without InsecureCookies browsers refuse the cookies over http, without a word.
func TestSeed2_SecureCookiesNeedTLS(t *testing.T) {
	for origin, refused := range map[string]int{"http://shop.example": 4, "https://shop.example": 0} {
		s := newSite(t, inCookies, func(s *authjwt.Settings) { s.TrustedOrigins = []string{"http://shop.example"} })
		s.auth.Mount(s, loginAs("test"))
		b := s.open(t, origin)
		assert.Equal(t, 200, b.fetch("POST", "/login", "").StatusCode)
		assert.Len(t, b.jar.refused, refused)
		assert.Len(t, b.jar.cookies, 4-refused)
	}
}

// The seed's first program has no CSRF value, but its cookies serve no other site's page.
func TestSeed2_WithoutCSRFOriginIsChecked(t *testing.T) {
	b := newSeed2(t, func(s *authjwt.Settings) { s.InsecureDisableCSRF = true }).open(t, "http://api.shop.example")
	require.Equal(t, 200, b.fetch("POST", "/login", goodUser).StatusCode)
	b.page = "http://blog.shop.example" // of the same site, so that SameSite lets the cookies through
	b.refused(b.fetch("DELETE", "/logout", ""), crossOrigin, authjwt.ErrCSRF)
	b.refused(b.fetch("POST", "/login", goodUser), crossOrigin, authjwt.ErrCSRF)
	b.page = b.home
	assert.Equal(t, 200, b.fetch("DELETE", "/logout", "").StatusCode)
}
