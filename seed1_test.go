package authjwt_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

// seed1Cookies are the settings of the tutorial "Securing JWT Login with HttpOnly Cookie", which knows
// no CSRF value.
func seed1Cookies(s *authjwt.Settings) {
	inCookies(s)
	s.AccessCookieKey, s.CookieScheme, s.InsecureDisableCSRF = "access_token", "Bearer", true
}

// newSeed1 is the tutorial's program: login by an OAuth2 password form, one cookie, one protected route.
func newSeed1(tb testing.TB) *site {
	s := newSite(tb, seed1Cookies)
	s.POST("/login/token", func(c *gin.Context) {
		a := authjwt.FromContext(c)
		form, err := authjwt.BindCredentials(c)
		if err != nil {
			a.Abort(err)
			return
		}
		if form.Username != "test@example.com" || form.Password != "test" {
			a.Abort(authjwt.ErrInvalidCredentials)
			return
		}
		token, err := a.CreateAccessToken(form.Username)
		require.NoError(tb, err)
		if err := a.SetAccessCookies(token); err != nil {
			a.Abort(err)
			return
		}
		c.JSON(http.StatusOK, gin.H{"access_token": token, "token_type": "bearer"})
	})
	user := func(c *gin.Context) {
		c.JSON(http.StatusOK, gin.H{"user": authjwt.FromContext(c).Subject()})
	}
	s.GET("/protected", s.auth.Required(), user)
	s.GET("/optional", s.auth.Optional(), user)
	return s
}

var noSeed1Cookie = outcome{http.StatusUnauthorized, "missing_token", "Missing cookie access_token", ""}

func TestSeed1_Flow(t *testing.T) {
	b := newSeed1(t).open(t, "https://jobs.example")
	const form = "application/x-www-form-urlencoded"
	login := func(contentType, body string) answer {
		return b.fetch("POST", "/login/token", body, "Content-Type", contentType)
	}
	fields := url.Values{"grant_type": {"password"}, "username": {"test@example.com"}, "password": {"test"}, "scope": {""}}

	b.refused(b.fetch("GET", "/protected", ""), noSeed1Cookie, authjwt.ErrMissingToken)
	b.refused(login(form, strings.Replace(fields.Encode(), "=test&", "=guess&", 1)), seed2BadLogin.outcome, authjwt.ErrInvalidCredentials)
	b.refused(login("text/plain", fields.Encode()),
		outcome{415, "unsupported_media_type", "Send the credentials as JSON or as a form", "-"}, authjwt.ErrInvalidRequest)
	assert.Empty(t, b.jar.cookies)

	multipart := "--x\r\nContent-Disposition: form-data; name=\"username\"\r\n\r\ntest@example.com\r\n" +
		"--x\r\nContent-Disposition: form-data; name=\"password\"\r\n\r\ntest\r\n--x--\r\n"
	for contentType, body := range map[string]string{
		form: fields.Encode(), "multipart/form-data; boundary=x": multipart,
		"application/json": `{"username":"test@example.com","password":"test"}`,
	} {
		got := login(contentType, body)
		require.Equal(t, http.StatusOK, got.StatusCode, got.body)
		token := got.json["access_token"].(string)
		assert.Equal(t, `{"access_token":"`+token+`","token_type":"bearer"}`, got.body)
		assert.Equal(t, []string{`access_token="Bearer ` + token + `"; Path=/; HttpOnly; Secure; SameSite=Lax`}, got.Header.Values("Set-Cookie"))
		assert.Empty(t, b.jar.refused)
		assert.Equal(t, `access_token="Bearer `+token+`"`, b.jar.header(parsed(t, b.home), true), "browsers keep the quotes")
		assert.Empty(t, b.jar.documentCookie(t, b.home+"/"))
		for _, path := range []string{"/protected", "/optional"} {
			assert.Equal(t, `{"user":"test@example.com"}`, b.fetch("GET", path, "").body)
		}
	}

	b.jar.cookies = nil
	assert.Equal(t, `{"user":""}`, b.fetch("GET", "/optional", "").body)
}

// The scheme is read as the tutorial reads it: what is not "Bearer " in any case is no token, and
// anonymous where a token is optional.
func TestSeed1_CookieSpellings(t *testing.T) {
	m := newManager(t, seed1Cookies)
	token := mustCreate(t, m)
	_, other := newPair(t, newManager(t, inCookies))
	for _, try := range []struct {
		name   string
		fields []string
		ok     bool
		inv    outcome // else missing
	}{
		{"quoted", []string{"Cookie", `access_token="Bearer ` + token + `"`}, true, outcome{}},
		{"unquoted", []string{"Cookie", `access_token=Bearer ` + token}, true, outcome{}},
		{"lower case", []string{"Cookie", `access_token="bearer ` + token + `"`}, true, outcome{}},
		{"upper case", []string{"Cookie", `access_token="BEARER ` + token + `"`}, true, outcome{}},
		{"two blanks", []string{"Cookie", `access_token="Bearer  ` + token + `"`}, true, outcome{}},
		{"among others", []string{"Cookie", `a=1; access_token="Bearer ` + token + `"; access_token_cookie=x`}, true, outcome{}},
		{"another scheme", []string{"Cookie", `access_token="Basic ` + token + `"`}, false, outcome{}},
		{"longer scheme", []string{"Cookie", `access_token="Bearers ` + token + `"`}, false, outcome{}},
		{"no scheme", []string{"Cookie", `access_token=` + token}, false, outcome{}},
		{"glued", []string{"Cookie", `access_token="Bearer` + token + `"`}, false, outcome{}},
		{"plus for the blank, as Gin's SetCookie writes it", []string{"Cookie", `access_token=Bearer+` + token}, false, outcome{}},
		{"escaped blank", []string{"Cookie", `access_token=Bearer%20` + token}, false, outcome{}},
		{"scheme alone", []string{"Cookie", `access_token=Bearer`}, false, outcome{}},
		{"scheme and blank", []string{"Cookie", `access_token="Bearer "`}, false, outcome{}},
		{"empty", []string{"Cookie", `access_token=`}, false, outcome{}},
		{"absent", nil, false, outcome{}},
		{"another name", []string{"Cookie", `access_token_cookie="Bearer ` + token + `"`}, false, outcome{}},
		{"name in another case", []string{"Cookie", `Access_Token="Bearer ` + token + `"`}, false, outcome{}},
		{"header", []string{"Authorization", "Bearer " + token}, false, outcome{}},
		{"no token", []string{"Cookie", `access_token="Bearer ` + other + `"`}, false, inv("token_malformed", "Not enough segments")},
		{"two words", []string{"Cookie", `access_token="Bearer ` + token + ` x"`}, false, inv("token_malformed", "Invalid crypto padding")},
	} {
		t.Run(try.name, func(t *testing.T) {
			var last error
			remember := func(c *gin.Context) {
				if c.Next(); len(c.Errors) > 0 {
					last = c.Errors.Last().Err
				}
			}
			required, optional := guard(t, remember, m.Required()), guard(t, remember, m.Optional())
			rec := required.do(request("POST", try.fields...))
			switch {
			case try.ok:
				required.assertAccepted(t, rec)
				optional.assertAccepted(t, optional.do(request("POST", try.fields...)))
			case try.inv != outcome{}:
				required.assertRefused(t, rec, try.inv)
				assert.ErrorIs(t, last, authjwt.ErrJWTDecode)
				optional.assertRefused(t, optional.do(request("POST", try.fields...)), try.inv)
			default:
				required.assertRefused(t, rec, noSeed1Cookie)
				assert.ErrorIs(t, last, authjwt.ErrMissingToken)
				optional.assertAccepted(t, optional.do(request("POST", try.fields...)))
			}
		})
	}
}

// The text that is written is the one http.SetCookie writes, and a deletion names the same cookie.
func TestSeed1_CookieText(t *testing.T) {
	m := newManager(t, seed1Cookies)
	token := mustCreate(t, m)
	want := (&http.Cookie{
		Name: "access_token", Value: "Bearer " + token, Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	}).String()
	assert.Contains(t, want, `"Bearer `)
	g := guard(t, func(c *gin.Context) { assert.NoError(t, m.Bind(c).SetAccessCookies(token)) })
	assert.Equal(t, []string{want}, g.do(request("POST")).Header().Values("Set-Cookie"))
	g = guard(t, func(c *gin.Context) { assert.NoError(t, m.Bind(c).UnsetAccessCookies()) })
	assert.Equal(t, []string{`access_token=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; HttpOnly; Secure; SameSite=Lax`},
		g.do(request("POST")).Header().Values("Set-Cookie"))
}
