package authjwt_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

// seed2 are the routes of fastapi-jwt-auth's page "JWT in Cookies", statement by statement.
func seed2(auth *authjwt.Manager) *gin.Engine {
	r := gin.New()
	r.Use(auth.ErrorMiddleware())
	msg := func(c *gin.Context, text string) { c.JSON(200, gin.H{"msg": text}) }
	r.POST("/login", func(c *gin.Context) {
		a := authjwt.FromContext(c)
		user, err := authjwt.BindCredentials(c)
		if err == nil && (user.Username != "test" || user.Password != "test") {
			err = &authjwt.Error{Status: 401, Detail: "Bad username or password"}
		}
		if err != nil {
			a.Abort(err)
			return
		}
		access, err := a.CreateAccessToken(user.Username)
		if err != nil {
			panic(err)
		}
		refresh, err := a.CreateRefreshToken(user.Username)
		if err != nil {
			panic(err)
		}
		if err := a.SetAccessCookies(access); err != nil {
			a.Abort(err)
			return
		}
		if err := a.SetRefreshCookies(refresh); err != nil {
			a.Abort(err)
			return
		}
		msg(c, "Successfully login")
	})
	r.POST("/refresh", func(c *gin.Context) {
		a := authjwt.FromContext(c)
		if a.JWTRefreshTokenRequired() != nil {
			return
		}
		access, err := a.CreateAccessToken(a.Subject())
		if err != nil {
			panic(err)
		}
		if err := a.SetAccessCookies(access); err != nil {
			a.Abort(err)
			return
		}
		msg(c, "The token has been refresh")
	})
	r.DELETE("/logout", func(c *gin.Context) {
		a := authjwt.FromContext(c)
		if a.JWTRequired() != nil {
			return
		}
		if err := a.UnsetJWTCookies(); err != nil {
			a.Abort(err)
			return
		}
		msg(c, "Successfully logout")
	})
	r.GET("/protected", func(c *gin.Context) {
		a := authjwt.FromContext(c)
		if a.JWTRequired() == nil {
			c.JSON(200, gin.H{"user": a.Subject()})
		}
	})
	return r
}

// A client keeps cookies, and sends them and nothing else.
type seed2Client struct {
	site    *gin.Engine
	cookies map[string]string
}

func (c *seed2Client) do(method, path, body string, fields ...string) *httptest.ResponseRecorder {
	req := submitting(path, jsonBody, body, fields...)
	req.Method = method
	for name, value := range c.cookies {
		req.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	rec := httptest.NewRecorder()
	c.site.ServeHTTP(rec, req)
	for _, line := range rec.Header().Values("Set-Cookie") {
		if set, err := http.ParseSetCookie(line); err == nil && set.MaxAge >= 0 {
			c.cookies[set.Name] = set.Value
		} else if err == nil {
			delete(c.cookies, set.Name)
		}
	}
	return rec
}

const seed2Login = `{"username":"test","password":"test"}`

// The first example of the page: no CSRF protection, and two cookies.
func TestSeed2_WithoutCSRF(t *testing.T) {
	c := &seed2Client{seed2(newManager(t, using(authjwt.FastAPIJWTAuth), inCookies, noDoubleSubmit)), map[string]string{}}
	says := func(method, path, body string, want string) {
		t.Helper()
		assert.Equal(t, want, goldenAnswer(t, c.do(method, path, body)))
	}
	const access, refresh = "Set-Cookie: access_token_cookie=<access>; Path=/; HttpOnly\n", "Set-Cookie: refresh_token_cookie=<refresh>; Path=/; HttpOnly\n"
	gone := "Set-Cookie: access_token_cookie=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; HttpOnly\n" +
		"Set-Cookie: refresh_token_cookie=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; HttpOnly\n"
	says("GET", "/protected", "", refusedInSeed2(401, "Missing cookie access_token_cookie"))
	says("POST", "/login", `{"username":"test","password":"guess"}`, refusedInSeed2(401, "Bad username or password"))
	says("POST", "/login", seed2Login, servedInSeed2("", access+refresh, `{"msg":"Successfully login"}`))
	says("GET", "/protected", "", servedInSeed2(varies, "", `{"user":"test"}`))
	says("POST", "/refresh", "", servedInSeed2(varies, access, `{"msg":"The token has been refresh"}`))
	says("GET", "/protected", "", servedInSeed2(varies, "", `{"user":"test"}`))
	says("DELETE", "/logout", "", servedInSeed2(varies, gone, `{"msg":"Successfully logout"}`))
	assert.Empty(t, c.cookies)
	says("DELETE", "/logout", "", refusedInSeed2(401, "Missing cookie access_token_cookie"))
	says("POST", "/refresh", "", refusedInSeed2(401, "Missing cookie refresh_token_cookie"))
}

// The second example: four cookies, and the header X-CSRF-Token for all methods but GET.
func TestSeed2_WithCSRF(t *testing.T) {
	c := &seed2Client{seed2(newManager(t, using(authjwt.FastAPIJWTAuth), inCookies)), map[string]string{}}
	says := func(method, path, csrf string, want string) {
		t.Helper()
		fields := []string{"X-CSRF-Token", csrf}
		if csrf == "" {
			fields = nil
		}
		assert.Equal(t, want, goldenAnswer(t, c.do(method, path, seed2Login, fields...)))
	}
	const access = "Set-Cookie: access_token_cookie=<access>; Path=/; HttpOnly\nSet-Cookie: csrf_access_token=<csrf of access>; Path=/\n"
	const refresh = "Set-Cookie: refresh_token_cookie=<refresh>; Path=/; HttpOnly\nSet-Cookie: csrf_refresh_token=<csrf of refresh>; Path=/\n"
	says("POST", "/login", "", servedInSeed2("", access+refresh, `{"msg":"Successfully login"}`))
	require.Len(t, c.cookies, 4)
	says("GET", "/protected", "", servedInSeed2(varies, "", `{"user":"test"}`))

	first := c.cookies[accessValue]
	says("POST", "/refresh", "", refusedInSeed2(401, "Missing CSRF Token"))
	says("POST", "/refresh", first, refusedInSeed2(401, "CSRF double submit tokens do not match"))
	says("POST", "/refresh", c.cookies[refreshValue], servedInSeed2(varies, access, `{"msg":"The token has been refresh"}`))

	says("DELETE", "/logout", "", refusedInSeed2(401, "Missing CSRF Token"))
	says("DELETE", "/logout", first, refusedInSeed2(401, "CSRF double submit tokens do not match"))
	says("DELETE", "/logout", c.cookies[refreshValue], refusedInSeed2(401, "CSRF double submit tokens do not match"))
	assert.Len(t, c.cookies, 4)
	says("DELETE", "/logout", c.cookies[accessValue],
		servedInSeed2(varies, goneCookies("", accessCookie, accessValue, refreshCookie, refreshValue), `{"msg":"Successfully logout"}`))
	assert.Empty(t, c.cookies)
}

const varies = "Vary: Authorization, Cookie\n"

func servedInSeed2(vary, cookies, body string) string {
	cache := ""
	if cookies != "" {
		cache = "Cache-Control: no-store\n"
		cookies = "Pragma: no-cache\n" + cookies
	}
	return "200\n" + cache + "Content-Type: application/json; charset=utf-8\n" + cookies + vary + "\n" + body
}

func refusedInSeed2(status int, text string) string {
	return fmt.Sprint(status, "\nCache-Control: no-store\nContent-Type: application/json\n", varies, "\n", detail(text))
}
