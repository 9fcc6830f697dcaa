package authjwt_test

import (
	"net/http"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/assert"

	"github.com/gin-authjwt/authjwt"
)

// schemeCookies are the cookies of the tutorial "Securing JWT Login with HttpOnly Cookie", which knows no
// CSRF value.
func schemeCookies(s *authjwt.Settings) {
	inCookies(s)
	s.AccessCookieKey, s.CookieScheme, s.InsecureDisableCSRF = "access_token", "Bearer", true
}

var noSchemeCookie = outcome{http.StatusUnauthorized, "missing_token", "Missing cookie access_token", ""}

// The scheme is read as the tutorial reads it: what is not "Bearer " in any case is no token, and
// anonymous where a token is optional.
func TestCookieScheme_Spellings(t *testing.T) {
	m := newManager(t, schemeCookies)
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
				required.assertRefused(t, rec, noSchemeCookie)
				assert.ErrorIs(t, last, authjwt.ErrMissingToken)
				optional.assertAccepted(t, optional.do(request("POST", try.fields...)))
			}
		})
	}
}

// The text that is written is the one http.SetCookie writes, and a deletion names the same cookie.
func TestCookieScheme_Text(t *testing.T) {
	m := newManager(t, schemeCookies)
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
