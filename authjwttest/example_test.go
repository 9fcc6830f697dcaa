package authjwttest_test

import (
	"context"
	"fmt"
	"net/url"
	"testing"
	"time"

	"github.com/gin-authjwt/authjwt"
	"github.com/gin-authjwt/authjwt/authjwttest"
)

// t stands for the *testing.T of a test, and prints what that would report.
var t testing.TB = printer{}

type printer struct{ testing.TB }

func (printer) Helper()                           {}
func (printer) Context() context.Context          { return context.Background() }
func (printer) Logf(string, ...any)               {}
func (printer) Errorf(format string, args ...any) { fmt.Printf(format+"\n", args...) }
func (printer) Fatalf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }

func ExampleNewManager() {
	m := authjwttest.NewManager(t, func(s *authjwt.Settings) { s.Errors = authjwt.FastAPI })
	app := newRouter(m.Manager)

	rec := authjwttest.Do(app, authjwttest.Request(t, "GET", "/me"))
	authjwttest.AssertRefused(t, rec, authjwt.ErrMissingToken)
	fmt.Println(rec.Code, rec.Body)
	// Output: 401 {"detail":"Missing Authorization Header"}
}

func ExampleManager_As() {
	m := authjwttest.NewManager(t)
	app := newRouter(m.Manager)

	rec := authjwttest.Do(app, authjwttest.Request(t, "DELETE", "/users", m.As("alice", authjwt.WithGrantedScopes("admin"))))
	authjwttest.AssertAccepted(t, rec)
	fmt.Println(rec.Body)
	// Output: hello, alice
}

// A route without a guard fails the test.
func ExampleManager_AssertProtected() {
	m := authjwttest.NewManager(t)
	app := newRouter(m.Manager)

	m.AssertProtected(t, app, "GET", "/me", "alice")
	m.AssertProtected(t, app, "GET", "/open", "alice")
	// Output:
	// authjwttest: GET /open without a token: the request should have been refused for the code missing_token
	//   came:  status 200, which is no refusal of authjwt
	//   body:  come in
	//   look:  is a guard on the route, before the handler? Does the request carry what it should?
}

func ExampleManager_AssertRefreshProtected() {
	m := authjwttest.NewManager(t)
	m.AssertRefreshProtected(t, newRouter(m.Manager), "POST", "/refresh", "alice")
	// Output:
}

// An assertion that fails tells what came instead.
func ExampleAssertRefused() {
	m := authjwttest.NewManager(t)
	app := newRouter(m.Manager)

	rec := authjwttest.Do(app, authjwttest.Request(t, "POST", "/password", m.Header(m.Token(authjwttest.NotFresh, "alice"))))
	authjwttest.AssertRefused(t, rec, authjwt.ErrFreshTokenRequired)
	authjwttest.AssertRefused(t, rec, authjwt.ErrRevokedToken)
	// Output:
	// authjwttest: the request should have been refused for authjwt.ErrRevokedToken
	//   came:  status 401, ErrFreshTokenRequired, code fresh_token_required
	//   error: authjwt: fresh_token_required: Fresh token required
	//   body:  {"detail":"Fresh token required","code":"fresh_token_required"}
	//   look:  the token is as after a refresh; authjwttest.Valid is fresh
}

func ExampleClock_Advance() {
	m := authjwttest.NewManager(t)
	token := m.Token(authjwttest.Valid, "alice")
	m.Clock.Advance(15 * time.Minute)
	_, err := m.Verify(t.Context(), token, authjwt.Access)
	fmt.Println(err)
	// Output: authjwt: token_expired: Signature has expired
}

func ExampleClient() {
	m := authjwttest.NewManager(t, func(s *authjwt.Settings) { s.TokenLocation = []authjwt.Location{authjwt.Cookies} })
	browser := m.NewClient(t, newRouter(m.Manager))

	authjwttest.AssertAccepted(t, browser.Login("alice", "rosebud"))
	fmt.Println(browser.Post("/orders", authjwttest.Form(url.Values{"tea": {"2"}})).Body) // with the CSRF value
	authjwttest.AssertAccepted(t, browser.Logout())
	fmt.Println(browser.Get("/me").Code)
	// Output:
	// hello, alice
	// 401
}
