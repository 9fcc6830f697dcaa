package main

import (
	"crypto/pbkdf2"
	"crypto/sha256"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
	"github.com/gin-authjwt/authjwt/internal/browser"
)

func open(t *testing.T) *browser.Browser {
	t.Helper()
	auth, err := authjwt.New(settings("quickstart-test-0123456789-abcdefghijklmnop"))
	require.NoError(t, err)
	return browser.Open(t, router(auth), "https://shop.example", time.Now)
}

func logIn(b *browser.Browser, body string) browser.Answer {
	return b.Fetch("POST", "/login", body, "Content-Type", "application/x-www-form-urlencoded")
}

// The tour is played with curl by the tests of the documentation; here a browser takes the same way.
func TestQuickstart_Browser(t *testing.T) {
	b := open(t)
	require.Equal(t, 200, logIn(b, "username=test&password=test").StatusCode)
	assert.Equal(t, `{"user":"test"}`, b.Fetch("GET", "/fresh", "").Text)
	assert.Equal(t, 403, b.Fetch("POST", "/protected", "").StatusCode)
	assert.Equal(t, `{"user":"test"}`, b.Fetch("POST", "/protected", "", "X-CSRF-Token", b.GetCookie("csrf_access_token")).Text)
	assert.Equal(t, 200, b.Fetch("POST", "/refresh", "", "X-CSRF-Token", b.GetCookie("csrf_refresh_token")).StatusCode)
	assert.Equal(t, "fresh_token_required", b.Fetch("GET", "/fresh", "").Field("code"))
	assert.Equal(t, 200, b.Fetch("POST", "/logout", "", "X-CSRF-Token", b.GetCookie("csrf_access_token")).StatusCode)
	assert.Empty(t, b.Jar.Names())
	assert.Empty(t, b.Jar.Refused)
}

// A second tab that refreshes with the cookies of a moment ago logs nobody out.
func TestQuickstart_TwoTabs(t *testing.T) {
	b := open(t)
	require.Equal(t, 200, logIn(b, "username=test&password=test").StatusCode)
	before, value := "refresh_token_cookie="+b.Jar.Value("refresh_token_cookie"), b.GetCookie("csrf_refresh_token")
	require.Equal(t, 200, b.Fetch("POST", "/refresh", "", "X-CSRF-Token", value).StatusCode)
	first := b.Jar.Value("refresh_token_cookie")
	b.Jar.Clear() // the slow tab's request was on its way already
	require.Equal(t, 200, b.Fetch("POST", "/refresh", "", "X-CSRF-Token", value, "Cookie", before).StatusCode)
	assert.NotEqual(t, first, b.Jar.Value("refresh_token_cookie"))
	assert.Equal(t, 200, b.Fetch("POST", "/refresh", "", "X-CSRF-Token", b.GetCookie("csrf_refresh_token")).StatusCode)
	assert.Equal(t, `{"user":"test"}`, b.Fetch("GET", "/protected", "").Text)
}

func TestQuickstart_Bearer(t *testing.T) {
	b := open(t)
	token := logIn(b, "username=test&password=test").Field("access_token")
	b.Jar.Clear()
	assert.Equal(t, `{"user":"test"}`, b.Fetch("POST", "/protected", "", "Authorization", "Bearer "+token).Text)
	assert.Equal(t, 401, b.Fetch("POST", "/protected", "", "Authorization", "Bearer "+token+"x").StatusCode)
	assert.Equal(t, 200, b.Fetch("POST", "/logout", "", "Authorization", "Bearer "+token).StatusCode)
	assert.Equal(t, "token_revoked", b.Fetch("POST", "/protected", "", "Authorization", "Bearer "+token).Field("code"))
}

func TestLogin_Refuses(t *testing.T) {
	b := open(t)
	for body, status := range map[string]int{
		"username=test&password=test": 200,
		"username=test&password=Test": 401,
		"username=Test&password=test": 401,
		"username=Test&password=a":    401,
		"username=test":               400,
	} {
		assert.Equal(t, status, logIn(b, body).StatusCode, body)
	}
}

// Who times the answers must not learn who has an account: an unknown user costs the hash, too. What the hash
// allocates shows that it was made; its time would be that of the machine.
func TestL05_UnknownUserCostsTheHash(t *testing.T) {
	refused := func(form string) float64 {
		return testing.AllocsPerRun(1, func() {
			c := &gin.Context{Request: httptest.NewRequest("POST", "/login", strings.NewReader(form))}
			c.Request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			_, err := login(c)
			assert.ErrorIs(t, err, authjwt.ErrInvalidCredentials)
		})
	}
	hash := testing.AllocsPerRun(10, func() { _, _ = pbkdf2.Key(sha256.New, "Test", nil, 1, sha256.Size) })
	require.Greater(t, hash, 5.0)
	assert.InDelta(t, refused("username=test&password=Test"), refused("username=Test&password=Test"), hash/2)
}
