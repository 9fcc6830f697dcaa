package authjwttest

import (
	"cmp"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/gin-authjwt/authjwt"
)

// Client is a browser at https://example.com, or the host that Settings.CookieDomain names, with a page of the application's: it
// keeps cookies, by the Manager's clock, and sends with every request that is not safe Origin and the CSRF value, read anew from its
// cookie. A header field that a request has already is left alone, and redirects are not followed. Make it with
// [Manager.NewClient]; it is safe for concurrent use, as tabs are.
type Client struct {
	// LoginPath, RefreshPath and LogoutPath are the routes, by default those of Manager.Mount: /login, /refresh and /logout.
	LoginPath, RefreshPath, LogoutPath string

	m    *Manager
	tb   testing.TB
	h    http.Handler
	host string
	jar  *cookiejar.Jar
	mu   sync.Mutex
	ends map[place]time.Time
}

// A place tells a cookie from others.
type place struct{ name, domain, path string }

// NewClient makes a browser without cookies, for an application that keeps tokens in them.
func (m *Manager) NewClient(tb testing.TB, h http.Handler) *Client {
	tb.Helper()
	if !slices.Contains(m.locations(), authjwt.Cookies) {
		tb.Fatalf("authjwttest: NewClient: tokens are not in cookies here; add authjwt.Cookies to Settings.TokenLocation, or use Manager.As")
	}
	jar, _ := cookiejar.New(nil) // it never fails
	return &Client{
		LoginPath: "/login", RefreshPath: "/refresh", LogoutPath: "/logout",
		m: m.For(tb), tb: tb, h: h, host: cmp.Or(strings.TrimPrefix(m.shown["CookieDomain"], "."), site), jar: jar, ends: map[place]time.Time{},
	}
}

// Get sends GET.
func (c *Client) Get(path string, as ...As) *httptest.ResponseRecorder {
	c.tb.Helper()
	return c.Send(http.MethodGet, path, as...)
}

// Post sends POST; [JSON], [Form] and [Body] give it a body.
func (c *Client) Post(path string, as ...As) *httptest.ResponseRecorder {
	c.tb.Helper()
	return c.Send(http.MethodPost, path, as...)
}

// Send sends any method.
func (c *Client) Send(method, path string, as ...As) *httptest.ResponseRecorder {
	c.tb.Helper()
	return c.Do(Request(c.tb, method, path, as...))
}

// Login posts user name and password as a form to LoginPath. The answer may be a refusal: that is for the test to judge.
func (c *Client) Login(username, password string) *httptest.ResponseRecorder {
	c.tb.Helper()
	return c.Post(c.LoginPath, Form(url.Values{"username": {username}, "password": {password}}))
}

// Refresh posts to RefreshPath, with the CSRF value of the refresh token.
func (c *Client) Refresh() *httptest.ResponseRecorder {
	c.tb.Helper()
	return c.Post(c.RefreshPath)
}

// Logout posts to LogoutPath.
func (c *Client) Logout() *httptest.ResponseRecorder {
	c.tb.Helper()
	return c.Post(c.LogoutPath)
}

// SignIn begins a session without the application's login, and without a password: the cookies are those of
// [authjwt.AuthJWT.Login]. The options shape the access token.
func (c *Client) SignIn(subject string, opts ...authjwt.TokenOption) {
	c.tb.Helper()
	var err error
	c.send(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		ctx := gin.CreateTestContextOnly(w, new(gin.Engine)) // gin.New would print, in debug mode
		ctx.Request = req
		_, err = c.m.Bind(ctx).Login(subject, opts...)
	}), Request(c.tb, http.MethodPost, c.LoginPath))
	if err != nil {
		c.tb.Fatalf("authjwttest: SignIn %q: %v", subject, err)
	}
}

// Cookie is the value of a cookie that would be sent to path, and whether there is one. It sees HttpOnly cookies, too.
func (c *Client) Cookie(name, path string) (value string, found bool) {
	c.expire()
	for _, cookie := range c.jar.Cookies(c.location(path)) {
		if cookie.Name == name {
			return cookie.Value, true
		}
	}
	return "", false
}

// Do sends a request that [Request] has made.
func (c *Client) Do(req *http.Request) *httptest.ResponseRecorder { return c.send(c.h, req) }

func (c *Client) send(h http.Handler, req *http.Request) *httptest.ResponseRecorder {
	c.expire()
	if req.Host == site {
		req.Host = c.host
	}
	for _, cookie := range c.jar.Cookies(c.location(req.URL.Path)) {
		if len(req.CookiesNamed(cookie.Name)) == 0 {
			req.AddCookie(cookie)
		}
	}
	setIfAbsent(req, "Sec-Fetch-Site", "same-origin")
	if !safe(req.Method) || c.m.needsCSRF(req.Method) {
		setIfAbsent(req, "Origin", "https://"+c.host)
		c.addCSRF(req)
	}
	rec := Do(h, req)
	c.keep(req.URL.Path, rec.Result().Cookies())
	return rec
}

// addCSRF sends the value that the page finds: that of the refresh token where it goes, and at a logout when nothing else is left.
func (c *Client) addCSRF(req *http.Request) {
	access, refresh := c.csrf(authjwt.Access), c.csrf(authjwt.Refresh)
	if req.URL.Path == c.RefreshPath || req.URL.Path == c.LogoutPath && access == "" {
		setIfAbsent(req, c.m.csrfHeader(authjwt.Refresh), refresh)
		return
	}
	setIfAbsent(req, c.m.csrfHeader(authjwt.Access), access)
}

// csrf is the value for a type of token, which a page below the cookie's path reads.
func (c *Client) csrf(kind authjwt.TokenType) string {
	value, _ := c.Cookie(c.m.csrfCookie(kind), c.m.shown[field(kind)+"CSRFCookiePath"])
	return value
}

func setIfAbsent(req *http.Request, name, value string) {
	if value != "" && req.Header.Get(name) == "" {
		req.Header.Set(name, value)
	}
}

// keep takes cookies from an answer. The jar is told of no life but of ends, for its clock is another one.
func (c *Client) keep(path string, cookies []*http.Cookie) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, cookie := range cookies {
		at := place{cookie.Name, cookie.Domain, cookie.Path}
		switch {
		case cookie.MaxAge > 0:
			c.ends[at] = c.m.now().Add(time.Duration(cookie.MaxAge) * time.Second)
		case cookie.MaxAge == 0 && !cookie.Expires.IsZero():
			c.ends[at] = cookie.Expires
		default:
			delete(c.ends, at)
		}
		if cookie.MaxAge > 0 {
			cookie.MaxAge = 0
		}
		cookie.Expires = time.Time{}
	}
	c.jar.SetCookies(c.location(path), cookies)
}

// expire drops the cookies whose life is over.
func (c *Client) expire() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for at, end := range c.ends {
		if !end.After(c.m.now()) {
			c.jar.SetCookies(c.location(at.path), []*http.Cookie{{Name: at.name, Domain: at.domain, Path: at.path, MaxAge: -1}})
			delete(c.ends, at)
		}
	}
}

func (c *Client) location(path string) *url.URL {
	return &url.URL{Scheme: "https", Host: c.host, Path: path}
}
