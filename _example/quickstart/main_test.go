package main

import (
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/json"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
	"github.com/gin-authjwt/authjwt/authjwttest"
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

func newApp(t *testing.T) (*authjwttest.Manager, *gin.Engine) {
	t.Helper()
	m := authjwttest.NewManager(t, func(s *authjwt.Settings) { *s = settings("") }) // which gets a secret of the test's
	return m, router(m.Manager)
}

func TestQuickstart_Protected(t *testing.T) {
	m, app := newApp(t)
	m.AssertProtected(t, app, "GET", "/protected", "test")
	m.AssertProtected(t, app, "POST", "/protected", "test")
	m.AssertProtected(t, app, "GET", "/fresh", "test")
	m.AssertRefreshProtected(t, app, "POST", "/refresh", "test")
}

func TestQuickstart_Bearer(t *testing.T) {
	m, app := newApp(t)
	ask := func(method, path string, as ...authjwttest.As) *httptest.ResponseRecorder {
		return authjwttest.Do(app, authjwttest.Request(t, method, path, as...))
	}
	var pair struct {
		Access string `json:"access_token"`
	}
	rec := ask("POST", "/login", authjwttest.Form(url.Values{"username": {"test"}, "password": {"test"}}))
	require.NoError(t, json.Unmarshal(rec.Body.Bytes(), &pair))
	bearer := m.Header(pair.Access)
	assert.Equal(t, `{"user":"test"}`, ask("POST", "/protected", bearer).Body.String())
	authjwttest.AssertAccepted(t, ask("POST", "/logout", bearer))
	authjwttest.AssertRefused(t, ask("POST", "/protected", bearer), authjwt.ErrRevokedToken)
}

// A browser that was left open for an hour refreshes, and is asked for the password where it matters.
func TestQuickstart_AnHourLater(t *testing.T) {
	m, app := newApp(t)
	b := m.NewClient(t, app)
	authjwttest.AssertAccepted(t, b.Login("test", "test"))
	authjwttest.AssertAccepted(t, b.Get("/fresh"))
	m.Clock.Advance(time.Hour)
	authjwttest.AssertRefused(t, b.Get("/protected"), &authjwt.Error{Code: "token_expired"})
	authjwttest.AssertAccepted(t, b.Refresh())
	authjwttest.AssertAccepted(t, b.Get("/protected"))
	authjwttest.AssertRefused(t, b.Get("/fresh"), authjwt.ErrFreshTokenRequired)
}

func TestLogin_Refuses(t *testing.T) {
	_, app := newApp(t)
	for body, reason := range map[string]error{
		"username=test&password=test": nil,
		"username=test&password=Test": authjwt.ErrInvalidCredentials,
		"username=Test&password=test": authjwt.ErrInvalidCredentials,
		"username=Test&password=a":    authjwt.ErrInvalidCredentials,
		"username=test":               authjwt.ErrInvalidRequest,
	} {
		rec := authjwttest.Do(app, authjwttest.Request(t, "POST", "/login", authjwttest.Body("application/x-www-form-urlencoded", body)))
		if reason == nil {
			authjwttest.AssertAccepted(t, rec)
		} else {
			authjwttest.AssertRefused(t, rec, reason)
		}
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
