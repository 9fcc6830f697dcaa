package authjwttest_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/gin-authjwt/authjwt"
	"github.com/gin-authjwt/authjwt/authjwttest"
)

// Read these from top to bottom. The application, newRouter, stands in helpers_test.go; all it needs is to take its Manager
// from outside. testify is for brevity here: the kit does not need it.

// 1. A Manager of the test's own, the application around it, and a request of a user.
func TestTutorial_1_CallAsAUser(t *testing.T) {
	m := authjwttest.NewManager(t)
	app := newRouter(m.Manager)

	rec := authjwttest.Do(app, authjwttest.Request(t, "GET", "/me", m.As("alice")))
	authjwttest.AssertAccepted(t, rec)
	assert.Equal(t, "hello, alice", rec.Body.String())
}

// 2. One line for a route: no token, bad tokens of all kinds, at all places, and a good one.
func TestTutorial_2_ARouteIsProtected(t *testing.T) {
	m := authjwttest.NewManager(t)
	app := newRouter(m.Manager)

	m.AssertProtected(t, app, "GET", "/me", "alice")
	m.AssertProtected(t, app, "DELETE", "/users", "alice", authjwt.WithGrantedScopes("admin"))
	m.AssertRefreshProtected(t, app, "POST", "/refresh", "alice")
}

// 3. A refusal is known by its reason, in words that do not change with texts and statuses. Its twin is accepted.
func TestTutorial_3_Refusals(t *testing.T) {
	m := authjwttest.NewManager(t)
	app := newRouter(m.Manager)

	rec := authjwttest.Do(app, authjwttest.Request(t, "DELETE", "/users", m.As("alice")))
	authjwttest.AssertRefused(t, rec, authjwt.ErrInsufficientScope)
	rec = authjwttest.Do(app, authjwttest.Request(t, "DELETE", "/users", m.As("alice", authjwt.WithGrantedScopes("admin"))))
	authjwttest.AssertAccepted(t, rec)

	notFresh := m.Header(m.Token(authjwttest.NotFresh, "alice"))
	rec = authjwttest.Do(app, authjwttest.Request(t, "POST", "/password", notFresh))
	authjwttest.AssertRefused(t, rec, authjwt.ErrFreshTokenRequired)
	rec = authjwttest.Do(app, authjwttest.Request(t, "POST", "/orders", notFresh))
	authjwttest.AssertAccepted(t, rec)
}

// 4. Time passes when the test says so.
func TestTutorial_4_TimeTravel(t *testing.T) {
	m := authjwttest.NewManager(t)
	app := newRouter(m.Manager)
	alice := m.As("alice")

	m.Clock.Advance(15*time.Minute - time.Second)
	authjwttest.AssertAccepted(t, authjwttest.Do(app, authjwttest.Request(t, "GET", "/me", alice)))
	m.Clock.Advance(time.Second)
	rec := authjwttest.Do(app, authjwttest.Request(t, "GET", "/me", alice))
	authjwttest.AssertRefused(t, rec, authjwt.ErrJWTDecode)
	authjwttest.AssertRefused(t, rec, &authjwt.Error{Code: "token_expired"}) // more exactly
}

// cookies are the application's own settings, if it keeps tokens in cookies.
func cookies(s *authjwt.Settings) {
	s.TokenLocation = []authjwt.Location{authjwt.Cookies}
	s.CookiePrefix = "__Host-"
}

// 5. Cookies need their CSRF value. As and Cookies send it, as a page of the application's does; other sites' pages cannot.
func TestTutorial_5_CSRF(t *testing.T) {
	m := authjwttest.NewManager(t, cookies)
	app := newRouter(m.Manager)
	order := authjwttest.JSON(map[string]int{"tea": 2})
	token := m.Token(authjwttest.Valid, "alice")

	rec := authjwttest.Do(app, authjwttest.Request(t, "POST", "/orders", order, m.Cookies(token)))
	authjwttest.AssertAccepted(t, rec)
	rec = authjwttest.Do(app, authjwttest.Request(t, "POST", "/orders", order, m.CookiesWithoutCSRF(token)))
	authjwttest.AssertRefused(t, rec, authjwt.ErrCSRF)
	rec = authjwttest.Do(app, authjwttest.Request(t, "POST", "/orders", order, m.Cookies(token), authjwttest.From("https://other.example")))
	authjwttest.AssertRefused(t, rec, authjwt.ErrCSRF)
}

// 6. A browser keeps the cookies, and its page sends the CSRF value by itself.
func TestTutorial_6_ABrowser(t *testing.T) {
	m := authjwttest.NewManager(t, cookies)
	c := m.NewClient(t, newRouter(m.Manager))

	authjwttest.AssertRefused(t, c.Get("/me"), authjwt.ErrMissingToken)
	authjwttest.AssertRefused(t, c.Login("alice", "sesame"), authjwt.ErrInvalidCredentials)
	authjwttest.AssertAccepted(t, c.Login("alice", "rosebud"))
	authjwttest.AssertAccepted(t, c.Post("/orders", authjwttest.Form(url.Values{"tea": {"2"}})))

	m.Clock.Advance(time.Hour)
	authjwttest.AssertRefused(t, c.Get("/me"), &authjwt.Error{Code: "token_expired"})
	authjwttest.AssertAccepted(t, c.Refresh())
	assert.Equal(t, "hello, alice", c.Get("/me").Body.String())
	authjwttest.AssertRefused(t, c.Post("/password"), authjwt.ErrFreshTokenRequired)

	authjwttest.AssertAccepted(t, c.Logout())
	authjwttest.AssertRefused(t, c.Get("/me"), authjwt.ErrMissingToken)
}

// 7. Where the login is not what is tested, SignIn spares it. Two browsers are two users, or one user's two devices.
func TestTutorial_7_SignIn(t *testing.T) {
	m := authjwttest.NewManager(t, cookies)
	app := newRouter(m.Manager)
	laptop, phone := m.NewClient(t, app), m.NewClient(t, app)
	laptop.SignIn("alice")
	phone.SignIn("alice")

	authjwttest.AssertAccepted(t, laptop.Post("/logout-all"))
	authjwttest.AssertRefused(t, phone.Get("/me"), authjwt.ErrRevokedToken)
}

// 8. The edit gets Settings with a MemoryStore and the Clock. Settings of the application's take their place as they are; what
// NewManager adds is a random secret, where there is none, and the Clock. Subtests may run in parallel.
func TestTutorial_8_OwnSettings(t *testing.T) {
	settings := func() authjwt.Settings { return authjwt.Settings{SecretKey: "", Errors: authjwt.FastAPI} } // of the environment, say
	m := authjwttest.NewManager(t, func(s *authjwt.Settings) { *s = settings() })
	app := newRouter(m.Manager)
	for _, path := range []string{"/me", "/session"} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			rec := authjwttest.Do(app, authjwttest.Request(t, "GET", path, m.Header(m.Token(authjwttest.Expired, "alice"))))
			authjwttest.AssertRefused(t, rec, authjwt.ErrJWTDecode)
			assert.Equal(t, http.StatusUnprocessableEntity, rec.Code)
		})
	}
}
