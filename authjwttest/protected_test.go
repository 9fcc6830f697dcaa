package authjwttest_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/assert"

	"github.com/gin-authjwt/authjwt"
	"github.com/gin-authjwt/authjwt/authjwttest"
)

func bothLocations(s *authjwt.Settings) {
	s.TokenLocation = []authjwt.Location{authjwt.Headers, authjwt.Cookies}
}

// Every way in which a route may be open, or not be reached, is noticed.
func TestAssertProtected_Notices(t *testing.T) {
	m := authjwttest.NewManager(t, bothLocations)
	app := newRouter(m.Manager)
	guarded := app.Group("/shop", m.Required())
	guarded.POST("/there", hello)
	app.NoRoute(m.Required(), func(c *gin.Context) { c.Status(http.StatusNotFound) })
	app.POST("/by-hand", func(c *gin.Context) { // the cookie, without CSRF
		token, _ := c.Cookie("access_token_cookie")
		a := m.Bind(c)
		if _, err := a.Verify(authjwt.Access, authjwt.WithToken(token)); err != nil {
			a.Abort(err)
			return
		}
		c.String(http.StatusOK, "hello")
	})
	app.POST("/any-type", func(c *gin.Context) {
		a := m.Bind(c)
		if _, err := a.Verify(authjwt.Refresh); err == nil {
			return
		}
		_ = a.JWTRequired()
	})
	app.POST("/own-guard", func(c *gin.Context) { c.AbortWithStatus(http.StatusUnauthorized) })
	app.POST("/headers", m.Required(authjwt.WithLocations(authjwt.Headers)), hello)
	for _, try := range []struct {
		method, path string
		says         []string // nothing: it is protected
	}{
		{"GET", "/me", nil},
		{"POST", "/shop/there", nil},
		{"POST", "/headers", nil},
		{"GET", "/open", []string{"GET /open without a token: the request should have been refused for the code missing_token", "look:  is a guard on the route"}},
		{"GET", "/news", []string{"without a token", "status 200"}},
		{"POST", "/own-guard", []string{"came:  status 401, which is no refusal of authjwt"}},
		{"POST", "/shop/nowhere", []string{`POST /shop/nowhere with a valid token of "alice": the route should be there`, "status 404"}},
		{"DELETE", "/users", []string{`with a valid token of "alice": no guard should refuse it`, "authjwt.WithGrantedScopes"}},
		{"GET", "/session", []string{"with a token that is WrongType, in headers", "AssertRefreshProtected"}},
		{"POST", "/by-hand", []string{"with a cookie, without its CSRF value", "the CSRF value of another token", "from another origin's page"}},
		{"POST", "/any-type", []string{"with a token that is WrongType, in headers", "with a token that is WrongType, in its own cookie"}},
	} {
		t.Run(try.method+" "+try.path, func(t *testing.T) {
			text, failed := failing(t, func(tb testing.TB) { m.AssertProtected(tb, app, try.method, try.path, "alice") })
			assert.Equal(t, len(try.says) > 0, failed, text)
			for _, says := range try.says {
				assert.Contains(t, text, says)
			}
			assert.NotContains(t, text, "eyJ")
		})
	}
	text, failed := failing(t, func(tb testing.TB) { m.AssertProtected(tb, app, "GET", "/open", "alice") })
	assert.True(t, failed)
	assert.Equal(t, 1, strings.Count(text, "/open"), "an open route is told once: %s", text)
	_, failed = failing(t, func(tb testing.TB) { m.AssertRefreshProtected(tb, app, "GET", "/me", "alice") })
	assert.True(t, failed)
}

// With GET no body is read, so that nobody gets in there.
func TestAssertProtected_NoLocation(t *testing.T) {
	m := authjwttest.NewManager(t, func(s *authjwt.Settings) { s.TokenLocation = []authjwt.Location{authjwt.JSON} })
	app := newRouter(m.Manager)
	m.AssertProtected(t, app, "POST", "/orders", "alice")
	text, failed := failing(t, func(tb testing.TB) { m.AssertProtected(tb, app, "GET", "/me", "alice") })
	assert.True(t, failed)
	assert.Contains(t, text, "GET /me takes a token from no location of Settings.TokenLocation; a JSON body is read with POST and the like alone")
}

// What the test does not try, it tells.
func TestAssertProtected_Logs(t *testing.T) {
	m := authjwttest.NewManager(t, bothLocations, func(s *authjwt.Settings) { s.Store = nil })
	app := newRouter(m.Manager)
	app.POST("/headers", m.Required(authjwt.WithLocations(authjwt.Headers)), hello)
	text, failed := failing(t, func(tb testing.TB) { m.AssertProtected(tb, app, "POST", "/headers", "alice") })
	assert.False(t, failed, text)
	for _, says := range []string{"not tried: Revoked", "not tried: WrongIssuer", "POST /headers takes no token from cookies"} {
		assert.Contains(t, text, says)
	}
}

// A router with another Manager refuses everything; the valid request tells.
func TestAssertProtected_AnotherManager(t *testing.T) {
	app := newRouter(authjwttest.NewManager(t).Manager)
	text, failed := failing(t, func(tb testing.TB) {
		authjwttest.NewManager(tb).AssertProtected(tb, app, "GET", "/me", "alice")
	})
	assert.True(t, failed)
	assert.Contains(t, text, "was the token minted by another Manager than the application's?")
}

// The handler runs once, for the valid request.
func TestAssertProtected_CallsOnce(t *testing.T) {
	m := authjwttest.NewManager(t, bothLocations)
	app, calls := gin.New(), 0
	app.POST("/", m.Required(), func(c *gin.Context) { calls++ })
	m.AssertProtected(t, app, "POST", "/", "alice")
	assert.Equal(t, 1, calls)
}

// Tokens that cannot be minted fail the test that asks.
func TestAssertProtected_WrongOptions(t *testing.T) {
	m := authjwttest.NewManager(t)
	text, failed := failing(t, func(tb testing.TB) {
		m.AssertProtected(tb, newRouter(m.Manager), "GET", "/me", "alice", authjwt.WithExpires(1))
	})
	assert.True(t, failed)
	assert.Contains(t, text, "WithExpires: 1ns is below one second")
}
