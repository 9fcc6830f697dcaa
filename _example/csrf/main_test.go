package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
	"github.com/gin-authjwt/authjwt/authjwttest"
	"github.com/gin-authjwt/authjwt/internal/browser"
)

const secret = "example-test-0123456789-abcdefghijklmnop"

const (
	accessCookie, refreshCookie = "access_token_cookie", "refresh_token_cookie"
	accessValue, refreshValue   = "csrf_access_token", "csrf_refresh_token"
)

// The requests of the seed's page, in its words, from a browser that keeps the rules of cookies.
func TestSeed2_WithCSRF(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	clock := func() time.Time { return now }
	s := settings(secret)
	s.Now = clock
	auth, err := authjwt.New(s)
	require.NoError(t, err)
	b := browser.Open(t, router(auth), "https://shop.example", clock)
	answered := func(got browser.Answer, status int, body string, cookies ...string) {
		t.Helper()
		assert.Equal(t, status, got.StatusCode)
		assert.Equal(t, body, got.Text)
		assert.Equal(t, cookies, got.Sets())
		assert.Empty(t, b.Jar.Refused)
	}
	detail := func(text string) string { return `{"detail":"` + text + `"}` }
	withValue := func(method, path, value string) browser.Answer {
		return b.Fetch(method, path, "", "X-CSRF-Token", value)
	}
	login := func(password string) browser.Answer {
		return b.Fetch("POST", "/login", `{"username":"test","password":"`+password+`"}`, "Content-Type", "application/json")
	}

	answered(b.Fetch("GET", "/protected", ""), 401, detail("Missing cookie access_token_cookie"))
	answered(b.Fetch("DELETE", "/logout", ""), 401, detail("Missing cookie access_token_cookie"))
	answered(b.Fetch("POST", "/refresh", ""), 401, detail("Missing cookie refresh_token_cookie"))
	answered(login("guess"), 401, detail("Bad username or password"))
	answered(b.Fetch("POST", "/login", `{"username":"test"}`, "Content-Type", "application/json"), 422, detail("The fields username and password are required"))
	assert.Empty(t, b.Jar.Names())

	got := login("test")
	answered(got, 200, `{"msg":"Successfully login"}`, accessCookie, accessValue, refreshCookie, refreshValue)
	first := b.GetCookie(accessValue)
	assert.Equal(t, []string{
		accessCookie + "=" + b.Jar.Value(accessCookie) + "; Path=/; HttpOnly; Secure; SameSite=Lax",
		accessValue + "=" + first + "; Path=/; Secure; SameSite=Lax",
		refreshCookie + "=" + b.Jar.Value(refreshCookie) + "; Path=/; HttpOnly; Secure; SameSite=Lax",
		refreshValue + "=" + b.GetCookie(refreshValue) + "; Path=/; Secure; SameSite=Lax",
	}, got.Header.Values("Set-Cookie"))
	assert.Equal(t, accessValue+"="+first+"; "+refreshValue+"="+b.GetCookie(refreshValue), b.DocumentCookie(), "HttpOnly cookies are hidden")
	answered(b.Fetch("GET", "/protected", ""), 200, `{"user":"test"}`)
	answered(withValue("GET", "/protected", "wrong"), 200, `{"user":"test"}`)

	refresh := b.Jar.Value(refreshCookie)
	answered(b.Fetch("POST", "/refresh", ""), 401, detail("Missing CSRF Token"))
	answered(withValue("POST", "/refresh", b.GetCookie(accessValue)), 401, detail("CSRF double submit tokens do not match"))
	answered(withValue("POST", "/refresh", b.GetCookie(refreshValue)), 200, `{"msg":"The token has been refresh"}`, accessCookie, accessValue)
	assert.Equal(t, refresh, b.Jar.Value(refreshCookie))
	assert.NotEqual(t, first, b.GetCookie(accessValue))

	now = now.Add(15 * time.Minute)
	answered(b.Fetch("GET", "/protected", ""), 422, detail("Signature has expired"))
	answered(withValue("DELETE", "/logout", b.GetCookie(accessValue)), 422, detail("Signature has expired"))
	answered(withValue("POST", "/refresh", b.GetCookie(refreshValue)), 200, `{"msg":"The token has been refresh"}`, accessCookie, accessValue)
	answered(b.Fetch("GET", "/protected", ""), 200, `{"user":"test"}`)

	answered(b.Fetch("DELETE", "/logout", ""), 401, detail("Missing CSRF Token"))
	for _, wrong := range []string{first, b.GetCookie(refreshValue)} {
		answered(withValue("DELETE", "/logout", wrong), 401, detail("CSRF double submit tokens do not match"))
	}
	assert.Len(t, b.Jar.Names(), 4)
	answered(withValue("DELETE", "/logout", b.GetCookie(accessValue)), 200, `{"msg":"Successfully logout"}`,
		accessCookie, accessValue, refreshCookie, refreshValue)
	assert.Empty(t, b.Jar.Names())
	answered(b.Fetch("GET", "/protected", ""), 401, detail("Missing cookie access_token_cookie"))
}

// Whatever else may come in a cookie, and from whichever page, is refused.
func TestCSRF_Protected(t *testing.T) {
	m := authjwttest.NewManager(t, func(s *authjwt.Settings) { *s = settings("") })
	app := router(m.Manager)
	m.AssertProtected(t, app, "GET", "/protected", "test")
	m.AssertProtected(t, app, "DELETE", "/logout", "test")
	m.AssertRefreshProtected(t, app, "POST", "/refresh", "test")
}
