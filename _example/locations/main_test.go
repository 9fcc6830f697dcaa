package main

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
	"github.com/gin-authjwt/authjwt/internal/browser"
)

const (
	accessCookie, refreshCookie = "access_token_cookie", "refresh_token_cookie"
	accessValue, refreshValue   = "csrf_access_token", "csrf_refresh_token"
	jsonType                    = "application/json"
)

func open(t *testing.T, origin string, edit ...func(s *authjwt.Settings)) *browser.Browser {
	t.Helper()
	s := settings("example-test-0123456789-abcdefghijklmnop")
	for _, change := range edit {
		change(&s)
	}
	auth, err := authjwt.New(s)
	require.NoError(t, err)
	return browser.Open(t, router(auth), origin, time.Now)
}

func logIn(b *browser.Browser) browser.Answer {
	return b.Fetch("POST", "/login", `{"username":"test","password":"test"}`, "Content-Type", jsonType)
}

// requestProtectedRoute is the seed's function of that name; the prefix goes before the cookie's name.
func requestProtectedRoute(b *browser.Browser, prefix string) browser.Answer {
	return b.Fetch("POST", "/protected", "", "X-CSRF-TOKEN", b.GetCookie(prefix+accessValue))
}

func served(t *testing.T, got browser.Answer, location authjwt.Location) {
	t.Helper()
	assert.Equal(t, http.StatusOK, got.StatusCode)
	assert.Equal(t, `{"location":"`+string(location)+`","user":"test"}`, got.Text)
}

// The refusals, in FastJWT's words.
const (
	missing  = `{"message":"Missing JWT in request","error_type":"MissingTokenError"}`
	noCSRF   = `{"message":"Missing CSRF double submit token in request","error_type":"CSRFError"}`
	badCSRF  = `{"message":"CSRF double submit does not match","error_type":"CSRFError"}`
	foreign  = `{"message":"Cross-origin request. If the page is yours, list its origin in TrustedOrigins","error_type":"CSRFError"}`
	noAccess = `{"message":"Access token required","error_type":"AccessTokenRequiredError"}`
)

// refused checks a refusal to the last octet; all that the page can cause are 401.
func refused(t *testing.T, got browser.Answer, body string) {
	t.Helper()
	assert.Equal(t, http.StatusUnauthorized, got.StatusCode)
	assert.Equal(t, body, got.Text)
	assert.Empty(t, got.Header.Get("WWW-Authenticate"))
	assert.Empty(t, got.Sets())
}

func TestSeed3_Cookies(t *testing.T) {
	for _, prefix := range []string{"", "__Host-", "__Secure-"} {
		t.Run("prefix "+prefix, func(t *testing.T) {
			b := open(t, "https://shop.example", func(s *authjwt.Settings) { s.CookiePrefix = prefix })
			refused(t, b.Fetch("POST", "/protected", ""), missing)

			got := logIn(b)
			access, refresh, value, renewal := got.Field("access_token"), got.Field("refresh_token"), got.Field(accessValue), got.Field(refreshValue)
			assert.Equal(t, []string{
				prefix + accessCookie + "=" + access + "; Path=/; HttpOnly; Secure; SameSite=Lax",
				prefix + accessValue + "=" + value + "; Path=/; Secure; SameSite=Lax",
				prefix + refreshCookie + "=" + refresh + "; Path=/; HttpOnly; Secure; SameSite=Lax",
				prefix + refreshValue + "=" + renewal + "; Path=/; Secure; SameSite=Lax",
			}, got.Header.Values("Set-Cookie"))
			assert.Empty(t, b.Jar.Refused)
			assert.Equal(t, prefix+accessValue+"="+value+"; "+prefix+refreshValue+"="+renewal, b.DocumentCookie(), "HttpOnly cookies are hidden")
			for _, other := range []string{"http://shop.example", "https://www.shop.example"} {
				b.Page = other
				assert.Empty(t, b.DocumentCookie(), other)
			}
			b.Page = b.Home

			served(t, requestProtectedRoute(b, prefix), authjwt.Cookies)
			served(t, b.Fetch("GET", "/protected", ""), authjwt.Cookies)
			refused(t, b.Fetch("POST", "/protected", ""), noCSRF)
			refused(t, requestProtectedRoute(b, prefix+"not-"), noCSRF)
			for _, wrong := range []string{renewal, value[1:], strings.ToUpper(value), value + "a"} {
				refused(t, b.Fetch("POST", "/protected", "", "X-CSRF-TOKEN", wrong), badCSRF)
			}

			refused(t, b.Fetch("POST", "/refresh", ""), noCSRF)
			got = b.Fetch("POST", "/refresh", "", "X-CSRF-TOKEN", b.GetCookie(prefix+refreshValue))
			assert.Equal(t, http.StatusOK, got.StatusCode)
			assert.Equal(t, refresh, b.Jar.Value(prefix+refreshCookie))
			assert.NotEqual(t, access, b.Jar.Value(prefix+accessCookie))
			refused(t, b.Fetch("POST", "/protected", "", "X-CSRF-TOKEN", value), badCSRF)
			served(t, requestProtectedRoute(b, prefix), authjwt.Cookies)

			refused(t, b.Fetch("DELETE", "/logout", ""), noCSRF)
			assert.Len(t, b.Jar.Names(), 4)
			got = b.Fetch("DELETE", "/logout", "", "X-CSRF-TOKEN", b.GetCookie(prefix+accessValue))
			assert.Equal(t, `{"msg":"Successfully logout"}`, got.Text)
			assert.Empty(t, b.Jar.Names())
			assert.Empty(t, b.Jar.Refused)
			refused(t, requestProtectedRoute(b, prefix), missing)
		})
	}
}

// The tokens of the answer serve in the other three locations, without a CSRF value and without cookies.
func TestSeed3_OtherLocations(t *testing.T) {
	b := open(t, "https://shop.example")
	got := logIn(b)
	access, refresh := got.Field("access_token"), got.Field("refresh_token")
	b.Jar.Clear()

	member := func(name, token string) string { return `{"` + name + `":"` + token + `"}` }
	for _, try := range []struct {
		name                 string
		method, target, body string
		fields               []string
		location             authjwt.Location
		refusal              string // empty: served
	}{
		{"header", "GET", "/protected", "", []string{"Authorization", "Bearer " + access}, authjwt.Headers, ""},
		{"header, refresh token", "GET", "/protected", "", []string{"Authorization", "Bearer " + refresh}, "", noAccess},
		{"header, POST", "POST", "/protected", "", []string{"Authorization", "Bearer " + access}, authjwt.Headers, ""},
		{"header, another scheme", "GET", "/protected", "", []string{"Authorization", "Basic " + access}, "", missing},
		{"query", "GET", "/protected?token=" + access, "", nil, authjwt.Query, ""},
		{"query, POST", "POST", "/protected?token=" + access, "", nil, authjwt.Query, ""},
		{"query, another parameter", "GET", "/protected?tokem=" + access, "", nil, "", missing},
		{"JSON", "POST", "/protected", member("access_token", access), []string{"Content-Type", jsonType}, authjwt.JSON, ""},
		{"JSON with charset", "POST", "/protected", member("access_token", access), []string{"Content-Type", jsonType + "; charset=utf-8"}, authjwt.JSON, ""},
		{"JSON, GET", "GET", "/protected", member("access_token", access), []string{"Content-Type", jsonType}, "", missing},
		{"JSON, no Content-Type", "POST", "/protected", member("access_token", access), nil, "", missing},
		{"JSON, the refresh token's member", "POST", "/protected", member("refresh_token", access), []string{"Content-Type", jsonType}, "", missing},
		{"JSON, refresh token", "POST", "/protected", member("access_token", refresh), []string{"Content-Type", jsonType}, "", noAccess},
	} {
		t.Run(try.name, func(t *testing.T) {
			got := b.Fetch(try.method, try.target, try.body, try.fields...)
			if try.refusal != "" {
				refused(t, got, try.refusal)
				return
			}
			served(t, got, try.location)
		})
	}

	refused(t, b.Fetch("POST", "/refresh", member("access_token", refresh), "Content-Type", jsonType), missing)
	got = b.Fetch("POST", "/refresh", member("refresh_token", refresh), "Content-Type", jsonType)
	assert.Equal(t, http.StatusOK, got.StatusCode)
	served(t, b.Fetch("GET", "/protected", "", "Authorization", "Bearer "+got.Field("access_token")), authjwt.Headers)
}

// A front end on another origin reads the value from a cookie of the common domain, and must be trusted.
func TestSeed3_FrontEndOnAnotherHost(t *testing.T) {
	for _, trusted := range []bool{true, false} {
		b := open(t, "https://api.shop.example", func(s *authjwt.Settings) {
			s.CookieDomain = "shop.example"
			if trusted {
				s.TrustedOrigins = []string{"https://app.shop.example"}
			}
		})
		require.Equal(t, http.StatusOK, logIn(b).StatusCode)
		b.Page = "https://app.shop.example"
		assert.NotEmpty(t, b.GetCookie(accessValue))
		if trusted {
			served(t, requestProtectedRoute(b, ""), authjwt.Cookies)
		} else {
			refused(t, requestProtectedRoute(b, ""), foreign)
		}
	}
}

// Without InsecureCookies browsers refuse the cookies over http, without a word.
func TestSeed3_SecureCookiesNeedTLS(t *testing.T) {
	for origin, refused := range map[string]int{"http://shop.example": 4, "https://shop.example": 0} {
		b := open(t, origin, func(s *authjwt.Settings) { s.TrustedOrigins = []string{"http://shop.example"} })
		assert.Equal(t, http.StatusOK, logIn(b).StatusCode)
		assert.Len(t, b.Jar.Refused, refused)
		assert.Len(t, b.Jar.Names(), 4-refused)
	}
}
