package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
	"github.com/gin-authjwt/authjwt/internal/browser"
)

func open(t *testing.T, origin string) *browser.Browser {
	t.Helper()
	auth, err := authjwt.New(settings("example-test-0123456789-abcdefghijklmnop"))
	require.NoError(t, err)
	return browser.Open(t, router(auth), origin, time.Now)
}

func TestSeed2_WithoutCSRF(t *testing.T) {
	const noCookie = `{"detail":"Missing cookie access_token_cookie"}`
	b := open(t, "https://shop.example")
	answered := func(got browser.Answer, status int, body string, cookies ...string) {
		t.Helper()
		assert.Equal(t, status, got.StatusCode)
		assert.Equal(t, body, got.Text)
		assert.Equal(t, cookies, got.Sets())
		assert.Empty(t, b.Jar.Refused)
	}
	login := func(password string) browser.Answer {
		return b.Fetch("POST", "/login", `{"username":"test","password":"`+password+`"}`, "Content-Type", "application/json")
	}

	answered(b.Fetch("GET", "/protected", ""), 401, noCookie)
	answered(b.Fetch("POST", "/refresh", ""), 401, `{"detail":"Missing cookie refresh_token_cookie"}`)
	answered(login("guess"), 401, `{"detail":"Bad username or password"}`)
	assert.Empty(t, b.Jar.Names())

	answered(login("test"), 200, `{"msg":"Successfully login","expires_in":900}`, "access_token_cookie", "refresh_token_cookie")
	assert.Empty(t, b.DocumentCookie(), "scripts see no cookie")
	answered(b.Fetch("GET", "/protected", ""), 200, `{"user":"test"}`)

	access, refresh := b.Jar.Value("access_token_cookie"), b.Jar.Value("refresh_token_cookie")
	answered(b.Fetch("POST", "/refresh", ""), 200, `{"msg":"The token has been refresh","expires_in":900}`, "access_token_cookie")
	assert.NotEqual(t, access, b.Jar.Value("access_token_cookie"))
	assert.Equal(t, refresh, b.Jar.Value("refresh_token_cookie"))
	answered(b.Fetch("GET", "/protected", ""), 200, `{"user":"test"}`)

	answered(b.Fetch("DELETE", "/logout", ""), 200, `{"msg":"Successfully logout"}`, "access_token_cookie", "refresh_token_cookie")
	assert.Empty(t, b.Jar.Names())
	answered(b.Fetch("GET", "/protected", ""), 401, noCookie)
	answered(b.Fetch("POST", "/refresh", ""), 401, `{"detail":"Missing cookie refresh_token_cookie"}`)
}

// Without the CSRF value, too, the cookies serve no other site's page.
func TestSeed2_OriginIsChecked(t *testing.T) {
	b := open(t, "https://api.shop.example")
	login := func() browser.Answer {
		return b.Fetch("POST", "/login", "username=test&password=test", "Content-Type", "application/x-www-form-urlencoded")
	}
	require.Equal(t, 200, login().StatusCode)
	b.Page = "https://blog.shop.example" // of the same site, so that SameSite lets the cookies through
	const refusal = `{"detail":"Cross-origin request. If the page is yours, list its origin in TrustedOrigins"}`
	for _, got := range []browser.Answer{login(), b.Fetch("POST", "/refresh", ""), b.Fetch("DELETE", "/logout", "")} {
		assert.Equal(t, 401, got.StatusCode)
		assert.Equal(t, refusal, got.Text)
		assert.Empty(t, got.Sets())
	}
	b.Page = b.Home
	assert.Equal(t, 200, b.Fetch("DELETE", "/logout", "").StatusCode)
}
