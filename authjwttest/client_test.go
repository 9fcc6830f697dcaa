package authjwttest_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/assert"

	"github.com/gin-authjwt/authjwt"
	"github.com/gin-authjwt/authjwt/authjwttest"
)

// Cookies of persistent logins end when the Manager's clock says so, as in a browser.
func TestClient_CookiesEnd(t *testing.T) {
	m := authjwttest.NewManager(t, cookies, func(s *authjwt.Settings) { s.PersistentCookies = true })
	c := m.NewClient(t, newRouter(m.Manager))
	c.SignIn("alice")
	m.Clock.Advance(15*time.Minute - time.Second)
	authjwttest.AssertAccepted(t, c.Get("/me"))
	m.Clock.Advance(time.Second)
	authjwttest.AssertRefused(t, c.Get("/me"), authjwt.ErrMissingToken)
	_, found := c.Cookie("__Host-access_token_cookie", "/me")
	assert.False(t, found)
	authjwttest.AssertAccepted(t, c.Refresh())
	authjwttest.AssertAccepted(t, c.Get("/me"))

	m.Clock.Advance(time.Hour) // a logout needs the CSRF value of one cookie, and the refresh token's is left
	refresh, found := c.Cookie("__Host-refresh_token_cookie", "/")
	assert.True(t, found)
	authjwttest.AssertAccepted(t, c.Logout())
	_, found = c.Cookie("__Host-refresh_token_cookie", "/")
	assert.False(t, found)
	_, err := m.Verify(t.Context(), refresh, authjwt.Refresh)
	assert.ErrorIs(t, err, authjwt.ErrRevokedToken)
}

// Names, paths and domains are those of the settings.
func TestClient_WhereCookiesAre(t *testing.T) {
	m := authjwttest.NewManager(t, func(s *authjwt.Settings) {
		s.TokenLocation = []authjwt.Location{authjwt.Cookies}
		s.CookieDomain, s.CookieScheme = ".shop.example", "Bearer"
		s.RefreshCookiePath, s.RefreshCSRFCookiePath, s.AccessCSRFCookiePath = "/auth", "/app", "/app"
		s.AccessCSRFHeaderName, s.RefreshCSRFHeaderName = "X-A", "X-R"
		s.ErrorHandler = func(c *gin.Context, err *authjwt.Error) { t.Log(c.Request.URL.Path, err) }
	})
	app := gin.New()
	m.Mount(app.Group("/auth"), authjwt.Routes{Login: login})
	host := ""
	app.POST("/me", m.Required(), func(c *gin.Context) { host = c.Request.Host })
	c := m.NewClient(t, app)
	c.LoginPath, c.RefreshPath, c.LogoutPath = "/auth/login", "/auth/refresh", "/auth/logout"
	authjwttest.AssertAccepted(t, c.Login("alice", "rosebud"))
	authjwttest.AssertAccepted(t, c.Post("/me"))
	assert.Equal(t, "shop.example", host)
	authjwttest.AssertAccepted(t, c.Refresh())
	authjwttest.AssertAccepted(t, c.Post("/me", func(req *http.Request) { req.Host = "api.shop.example" }))
	assert.Equal(t, "api.shop.example", host)
	authjwttest.AssertAccepted(t, c.Logout())
	authjwttest.AssertRefused(t, c.Post("/me"), authjwt.ErrMissingToken)
}

// The life of cookies is counted by the Manager's clock, wherever it stands, and not by the real one.
func TestClient_WhoseClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := authjwttest.NewManager(t, cookies, func(s *authjwt.Settings) { s.PersistentCookies = true })
		m.Clock.Set(time.Date(1995, 1, 1, 0, 0, 0, 0, time.UTC))
		app := newRouter(m.Manager)
		var sets *http.Cookie
		app.GET("/sets", func(c *gin.Context) { http.SetCookie(c.Writer, sets) })
		c := m.NewClient(t, app)
		c.SignIn("alice")
		sets = &http.Cookie{Name: "lang", Value: "de", Expires: m.Clock.Now().Add(time.Minute)}
		c.Get("/sets")
		time.Sleep(24 * time.Hour) // of the bubble's time
		authjwttest.AssertAccepted(t, c.Get("/me"))
		_, found := c.Cookie("lang", "/")
		assert.True(t, found)

		sets = &http.Cookie{Name: "lang", Value: "en"} // until the browser ends
		c.Get("/sets")
		m.Clock.Advance(time.Hour)
		authjwttest.AssertRefused(t, c.Get("/me"), authjwt.ErrMissingToken)
		lang, _ := c.Cookie("lang", "/")
		assert.Equal(t, "en", lang)
	})
}

// A browser tells who asks; with GET it sends neither Origin nor the CSRF value.
func TestClient_Fields(t *testing.T) {
	m := authjwttest.NewManager(t, cookies)
	var sent http.Header
	app := gin.New()
	app.Any("/", func(c *gin.Context) { sent = c.Request.Header })
	c := m.NewClient(t, app)
	c.SignIn("alice")
	value, _ := c.Cookie("__Host-csrf_access_token", "/")
	for _, try := range []struct{ method, origin, csrf string }{
		{"GET", "", ""},
		{"HEAD", "", ""},
		{"POST", "https://example.com", value},
		{"DELETE", "https://example.com", value},
	} {
		c.Send(try.method, "/")
		assert.Equal(t, []string{try.origin, try.csrf, "same-origin"},
			[]string{sent.Get("Origin"), sent.Get("X-CSRF-Token"), sent.Get("Sec-Fetch-Site")}, try.method)
	}
}

// What a request has already is left alone, so that a test can be another page, or an old one.
func TestClient_LeavesWhatIsThere(t *testing.T) {
	m := authjwttest.NewManager(t, cookies)
	c := m.NewClient(t, newRouter(m.Manager))
	c.SignIn("alice")
	set := func(name, value string) authjwttest.As {
		return func(req *http.Request) { req.Header.Set(name, value) }
	}
	authjwttest.AssertAccepted(t, c.Post("/orders"))
	authjwttest.AssertRefused(t, c.Post("/orders", set("X-CSRF-Token", "old")), &authjwt.Error{Code: "csrf_mismatch"})
	authjwttest.AssertRefused(t, c.Post("/orders", authjwttest.From("https://other.example")), &authjwt.Error{Code: "csrf_origin"})
	authjwttest.AssertAccepted(t, c.Post("/orders", authjwttest.From("https://example.com")))
	rec := c.Send("DELETE", "/users", m.Cookies(m.Token(authjwttest.Valid, "bob", authjwt.WithGrantedScopes("admin"))))
	assert.Equal(t, "hello, bob", rec.Body.String())
}

func TestClient_SignIn(t *testing.T) {
	var events []authjwt.Event
	m := authjwttest.NewManager(t, cookies, func(s *authjwt.Settings) {
		s.OnEvent = func(_ context.Context, e authjwt.Event) { events = append(events, e) }
	})
	c := m.NewClient(t, newRouter(m.Manager))
	c.SignIn("alice", authjwt.WithGrantedScopes("admin"))
	authjwttest.AssertAccepted(t, c.Send("DELETE", "/users"))
	authjwttest.AssertAccepted(t, c.Post("/password"))
	first, _ := c.Cookie("__Host-access_token_cookie", "/")
	c.SignIn("bob")
	assert.Equal(t, "hello, bob", c.Get("/me").Body.String())
	_, err := m.Verify(t.Context(), first, authjwt.Access)
	assert.ErrorIs(t, err, authjwt.ErrRevokedToken, "a login ends the session that the browser brings along")
	assert.Equal(t, authjwt.EventIssued, events[0].Kind)

	text, failed := failing(t, func(tb testing.TB) { m.NewClient(tb, http.NotFoundHandler()).SignIn("") })
	assert.True(t, failed)
	assert.Contains(t, text, `SignIn "": authjwt: internal_error: Internal Server Error: authjwt: create access token: the subject is empty`)
}

func TestClient_NeedsCookies(t *testing.T) {
	text, failed := failing(t, func(tb testing.TB) { authjwttest.NewManager(t).NewClient(tb, http.NotFoundHandler()) })
	assert.True(t, failed)
	assert.Contains(t, text, "add authjwt.Cookies to Settings.TokenLocation, or use Manager.As")
}

// CSRFMethods may ask safe methods for the value, too.
func TestClient_CSRFMethods(t *testing.T) {
	m := authjwttest.NewManager(t, cookies, func(s *authjwt.Settings) { s.CSRFMethods = []string{"GET"} })
	c := m.NewClient(t, newRouter(m.Manager))
	c.SignIn("alice")
	authjwttest.AssertAccepted(t, c.Get("/me"))
}

// Tabs share the cookies, and make requests at the same time.
func TestClient_Tabs(t *testing.T) {
	m := authjwttest.NewManager(t, cookies, func(s *authjwt.Settings) { s.PersistentCookies = true })
	c := m.NewClient(t, newRouter(m.Manager))
	c.SignIn("alice")
	var tabs sync.WaitGroup
	answers := make([]*httptest.ResponseRecorder, 8)
	for i := range answers {
		tabs.Go(func() {
			m.Clock.Advance(time.Second)
			answers[i] = c.Get("/me")
			c.Refresh()
		})
	}
	tabs.Wait()
	for _, answer := range answers {
		authjwttest.AssertAccepted(t, answer)
	}
}
