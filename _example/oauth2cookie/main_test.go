package main

import (
	"net/url"
	"strings"
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

const form = "application/x-www-form-urlencoded"

func TestSeed1(t *testing.T) {
	b := open(t, "https://jobs.example")
	login := func(contentType, body string) browser.Answer {
		return b.Fetch("POST", "/login/token", body, "Content-Type", contentType)
	}
	refused := func(got browser.Answer, status int, body, challenge string) {
		t.Helper()
		assert.Equal(t, status, got.StatusCode)
		assert.Equal(t, body, got.Text)
		assert.Equal(t, challenge, got.Header.Get("WWW-Authenticate"))
		assert.Empty(t, got.Sets())
	}
	const notAuthenticated, bearer = `{"detail":"Not authenticated"}`, `Bearer realm="api"`
	fields := url.Values{"grant_type": {"password"}, "username": {"test@example.com"}, "password": {"test"}, "scope": {""}}

	refused(b.Fetch("GET", "/protected", ""), 401, notAuthenticated, bearer)
	refused(login(form, strings.Replace(fields.Encode(), "=test&", "=guess&", 1)), 401, `{"detail":"Incorrect username or password"}`, bearer)
	refused(login(form, "username=test@example.com"), 400, `{"detail":"The fields username and password are required"}`, "")
	refused(login("text/plain", fields.Encode()), 415, `{"detail":"Send the credentials as JSON or as a form"}`, "")

	multipart := "--x\r\nContent-Disposition: form-data; name=\"username\"\r\n\r\ntest@example.com\r\n" +
		"--x\r\nContent-Disposition: form-data; name=\"password\"\r\n\r\ntest\r\n--x--\r\n"
	for contentType, body := range map[string]string{form: fields.Encode(), "multipart/form-data; boundary=x": multipart} {
		got := login(contentType, body)
		require.Equal(t, 200, got.StatusCode, got.Text)
		token := got.Field("access_token")
		assert.Equal(t, `{"access_token":"`+token+`","token_type":"bearer","expires_in":900}`, got.Text)
		assert.Equal(t, []string{"access_token", "refresh_token_cookie"}, got.Sets())
		assert.Equal(t, `access_token="Bearer `+token+`"; Path=/; HttpOnly; Secure; SameSite=Lax`, got.Header.Get("Set-Cookie"))
		assert.Regexp(t, `^refresh_token_cookie="Bearer eyJ[\w.-]+"; Path=/login; HttpOnly; Secure; SameSite=Lax$`, got.Header.Values("Set-Cookie")[1])
		assert.Equal(t, `"Bearer `+token+`"`, b.Jar.Value("access_token"), "browsers keep the quotes")
		assert.Empty(t, b.Jar.Refused)
		assert.Empty(t, b.DocumentCookie(), "scripts see no cookie")
		for _, path := range []string{"/protected", "/optional"} {
			assert.Equal(t, `{"user":"test@example.com"}`, b.Fetch("GET", path, "").Text)
		}
	}

	got := b.Fetch("POST", "/login/refresh", "")
	require.Equal(t, 200, got.StatusCode)
	assert.Equal(t, `"Bearer `+got.Field("access_token")+`"`, b.Jar.Value("access_token"))
	b.Page = "https://other.jobs.example"
	assert.Equal(t, 403, b.Fetch("DELETE", "/logout", "").StatusCode)
	b.Page = b.Home
	assert.Equal(t, `{"msg":"Successfully logout"}`, b.Fetch("DELETE", "/logout", "").Text)
	assert.Empty(t, b.Jar.Names())
	refused(b.Fetch("GET", "/protected", ""), 401, notAuthenticated, bearer)
	assert.Equal(t, `{"user":""}`, b.Fetch("GET", "/optional", "").Text)
}

// The tutorial reads the cookie alone: a token in the header is none, and neither is another scheme.
func TestSeed1_CookieAlone(t *testing.T) {
	b := open(t, "https://jobs.example")
	token := b.Fetch("POST", "/login/token", "username=test@example.com&password=test", "Content-Type", form).Field("access_token")
	b.Jar.Clear()
	for value, status := range map[string]int{
		`"Bearer ` + token + `"`: 200, `"bearer ` + token + `"`: 200, `Bearer ` + token: 200,
		token: 401, `"Basic ` + token + `"`: 401, "": 401, `"Bearer` + token + `"`: 401, `"BEARER ` + token + `"`: 200,
	} {
		assert.Equal(t, status, b.Fetch("GET", "/protected", "", "Cookie", "access_token="+value).StatusCode, value)
	}
	assert.Equal(t, 401, b.Fetch("GET", "/protected", "", "Authorization", "Bearer "+token).StatusCode)
	got := b.Fetch("GET", "/optional", "", "Cookie", `access_token="Bearer x"`)
	assert.Equal(t, 401, got.StatusCode)
	assert.Equal(t, `{"detail":"Could not validate credentials"}`, got.Text)
	assert.Equal(t, `Bearer realm="api", error="invalid_token", error_description="Not enough segments"`, got.Header.Get("WWW-Authenticate"))
	assert.Equal(t, `{"user":""}`, b.Fetch("GET", "/optional", "", "Cookie", `access_token="Basic `+token+`"`).Text)
}
