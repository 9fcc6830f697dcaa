package authjwt_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

// newSeed3 is a site with the locations of FastJWT's page "JWT Locations", in its order, and the
// defaults for the rest.
func newSeed3(tb testing.TB, edit ...func(s *authjwt.Settings)) *site {
	locations := func(s *authjwt.Settings) {
		s.TokenLocation = []authjwt.Location{authjwt.Headers, authjwt.Query, authjwt.JSON, authjwt.Cookies}
	}
	s := newSite(tb, append([]func(s *authjwt.Settings){locations}, edit...)...)
	s.auth.Mount(s, authjwt.Routes{Login: func(c *gin.Context) (string, error) {
		cred, err := authjwt.BindCredentials(c)
		if err != nil || cred.Username == "test" && cred.Password == "test" {
			return cred.Username, err
		}
		return "", authjwt.ErrInvalidCredentials
	}})
	user := func(c *gin.Context) {
		token := authjwt.FromContext(c).Token()
		c.JSON(http.StatusOK, gin.H{"user": token.Subject, "location": token.Location})
	}
	s.GET("/protected", s.auth.Required(), user)
	s.POST("/protected", s.auth.Required(), user)
	return s
}

// getCookie is the seed's JavaScript, statement by statement.
func getCookie(documentCookie, cname string) string {
	name := cname + "="
	ca := strings.Split(documentCookie, ";")
	for i := 0; i < len(ca); i++ {
		c := ca[i]
		for strings.HasPrefix(c, " ") {
			c = c[1:]
		}
		if strings.Index(c, name) == 0 {
			return c[len(name):]
		}
	}
	return ""
}

// requestProtectedRoute is the seed's function of that name; the prefix goes before the cookie's name.
func (b *browser) requestProtectedRoute(prefix string) answer {
	value := getCookie(b.jar.documentCookie(b.tb, b.page+"/"), prefix+"csrf_access_token")
	return b.fetch("POST", "/protected", "", "X-CSRF-TOKEN", value)
}

func (b *browser) logIn(path string) answer {
	b.tb.Helper()
	got := b.fetch("POST", path, goodUser, "Content-Type", "application/json")
	require.Equal(b.tb, http.StatusOK, got.StatusCode, got.body)
	require.Empty(b.tb, b.jar.refused)
	return got
}

func (b *browser) served(got answer, location authjwt.Location) {
	b.tb.Helper()
	assert.Equal(b.tb, http.StatusOK, got.StatusCode)
	assert.Equal(b.tb, `{"location":"`+string(location)+`","user":"test"}`, got.body)
}

// withPrefix are the settings and the outcomes with a CookiePrefix.
func withPrefix(prefix string) (func(s *authjwt.Settings), func(o outcome) outcome) {
	return func(s *authjwt.Settings) { s.CookiePrefix = prefix }, func(o outcome) outcome {
		for _, name := range []string{accessCookie, accessValue, refreshCookie, refreshValue} {
			o.detail = strings.ReplaceAll(o.detail, " "+name, " "+prefix+name)
		}
		return o
	}
}

func TestSeed3_Cookies(t *testing.T) {
	for _, prefix := range []string{"", "__Host-", "__Secure-"} {
		t.Run("prefix "+prefix, func(t *testing.T) {
			edit, named := withPrefix(prefix)
			b := newSeed3(t, edit).open(t, "https://shop.example")
			b.refused(b.fetch("POST", "/protected", ""), named(noCookie), authjwt.ErrMissingToken)

			got := b.logIn("/login")
			access, refresh := got.json["access_token"].(string), got.json["refresh_token"].(string)
			value, renewal := got.json[accessValue].(string), got.json[refreshValue].(string)
			assert.Equal(t, []string{
				prefix + accessCookie + "=" + access + "; Path=/; HttpOnly; Secure; SameSite=Lax",
				prefix + accessValue + "=" + value + "; Path=/; Secure; SameSite=Lax",
				prefix + refreshCookie + "=" + refresh + "; Path=/; HttpOnly; Secure; SameSite=Lax",
				prefix + refreshValue + "=" + renewal + "; Path=/; Secure; SameSite=Lax",
			}, got.Header.Values("Set-Cookie"))
			scripts := b.jar.documentCookie(t, "https://shop.example/")
			assert.Equal(t, prefix+accessValue+"="+value+"; "+prefix+refreshValue+"="+renewal, scripts, "HttpOnly cookies are hidden")
			assert.Empty(t, b.jar.documentCookie(t, "http://shop.example/"))
			assert.Empty(t, b.jar.documentCookie(t, "https://www.shop.example/"))
			assert.Equal(t, value, getCookie(scripts, prefix+accessValue))

			b.served(b.requestProtectedRoute(prefix), authjwt.Cookies)
			b.served(b.fetch("GET", "/protected", ""), authjwt.Cookies)
			b.refused(b.fetch("POST", "/protected", ""), named(csrfMissing), authjwt.ErrCSRF)
			b.refused(b.requestProtectedRoute(prefix+"not-"), named(csrfMissing), authjwt.ErrCSRF)
			for _, wrong := range []string{renewal, value[1:], strings.ToUpper(value), value + "a"} {
				b.refused(b.fetch("POST", "/protected", "", "X-CSRF-TOKEN", wrong), named(csrfMismatch), authjwt.ErrCSRF)
			}

			b.refused(b.fetch("POST", "/refresh", ""), named(csrfRefusal("csrf_missing", "Missing CSRF Token"+refreshCSRFHint)), authjwt.ErrCSRF)
			got = b.fetch("POST", "/refresh", "", "X-CSRF-TOKEN", getCookie(scripts, prefix+refreshValue))
			assert.Equal(t, http.StatusOK, got.StatusCode)
			assert.Equal(t, refresh, b.held(prefix+refreshCookie))
			assert.NotEqual(t, access, b.held(prefix+accessCookie))
			b.refused(b.fetch("POST", "/protected", "", "X-CSRF-TOKEN", value), named(csrfMismatch), authjwt.ErrCSRF)
			b.served(b.requestProtectedRoute(prefix), authjwt.Cookies)

			b.refused(b.fetch("DELETE", "/logout", ""), named(csrfMissing), authjwt.ErrCSRF)
			assert.Len(t, b.jar.cookies, 4)
			scripts = b.jar.documentCookie(t, "https://shop.example/")
			got = b.fetch("DELETE", "/logout", "", "X-CSRF-TOKEN", getCookie(scripts, prefix+accessValue))
			assert.Equal(t, `{"msg":"Successfully logout"}`, got.body)
			assert.Empty(t, b.jar.cookies)
			assert.Empty(t, b.jar.refused)
			b.refused(b.requestProtectedRoute(prefix), named(noCookie), authjwt.ErrMissingToken)
		})
	}
}

// The tokens of the answer serve in the other three locations, without a CSRF value and without cookies.
func TestSeed3_OtherLocations(t *testing.T) {
	b := newSeed3(t).open(t, "https://shop.example")
	got := b.logIn("/login")
	access, refresh := got.json["access_token"].(string), got.json["refresh_token"].(string)
	b.jar.cookies = nil

	const jsonType = "application/json"
	noAccess := inv("access_token_required", "Only access tokens are allowed")
	for _, try := range []struct {
		name                 string
		method, target, body string
		fields               []string
		location             authjwt.Location
		refused              outcome // zero: accepted
		reason               error
	}{
		{"header", "GET", "/protected", "", []string{"Authorization", "Bearer " + access}, authjwt.Headers, outcome{}, nil},
		{"header, refresh token", "GET", "/protected", "", []string{"Authorization", "Bearer " + refresh}, "", noAccess, authjwt.ErrAccessTokenRequired},
		{"header, POST", "POST", "/protected", "", []string{"Authorization", "Bearer " + access}, authjwt.Headers, outcome{}, nil},
		{"header, another scheme", "GET", "/protected", "", []string{"Authorization", "Basic " + access}, "", noCookie, authjwt.ErrMissingToken},
		{"query", "GET", "/protected?token=" + access, "", nil, authjwt.Query, outcome{}, nil},
		{"query, POST", "POST", "/protected?token=" + access, "", nil, authjwt.Query, outcome{}, nil},
		{"query, another parameter", "GET", "/protected?tokem=" + access, "", nil, "", noCookie, authjwt.ErrMissingToken},
		{"JSON", "POST", "/protected", `{"access_token":"` + access + `"}`, []string{"Content-Type", jsonType}, authjwt.JSON, outcome{}, nil},
		{"JSON with charset", "POST", "/protected", `{"access_token":"` + access + `"}`, []string{"Content-Type", jsonType + "; charset=utf-8"}, authjwt.JSON, outcome{}, nil},
		{"JSON, GET", "GET", "/protected", `{"access_token":"` + access + `"}`, []string{"Content-Type", jsonType}, "", noCookie, authjwt.ErrMissingToken},
		{"JSON, no Content-Type", "POST", "/protected", `{"access_token":"` + access + `"}`, nil, "", noCookie, authjwt.ErrMissingToken},
		{"JSON, the refresh token's member", "POST", "/protected", `{"refresh_token":"` + access + `"}`, []string{"Content-Type", jsonType}, "", noCookie, authjwt.ErrMissingToken},
		{"JSON, refresh token", "POST", "/protected", `{"access_token":"` + refresh + `"}`, []string{"Content-Type", jsonType}, "", noAccess, authjwt.ErrAccessTokenRequired},
	} {
		t.Run(try.name, func(t *testing.T) {
			b.tb = t
			got := b.fetch(try.method, try.target, try.body, try.fields...)
			if try.reason != nil {
				b.refused(got, try.refused, try.reason)
				return
			}
			b.served(got, try.location)
		})
	}
	b.tb = t

	for _, body := range []string{`{"refresh_token":"` + refresh + `"}`, `{"access_token":"` + refresh + `"}`} {
		got := b.fetch("POST", "/refresh", body, "Content-Type", jsonType)
		if strings.Contains(body, "access") {
			b.refused(got, outcome{401, "missing_token", "Missing cookie refresh_token_cookie", ""}, authjwt.ErrMissingToken)
			continue
		}
		assert.Equal(t, http.StatusOK, got.StatusCode)
		b.served(b.fetch("GET", "/protected", "", "Authorization", "Bearer "+got.json["access_token"].(string)), authjwt.Headers)
	}
}

// A front end on another origin reads the value from a cookie of the common domain, and must be trusted.
func TestSeed3_FrontEndOnAnotherHost(t *testing.T) {
	for _, trusted := range []bool{true, false} {
		b := newSeed3(t, func(s *authjwt.Settings) {
			s.CookieDomain = "shop.example"
			if trusted {
				s.TrustedOrigins = []string{"https://app.shop.example"}
			}
		}).open(t, "https://api.shop.example")
		b.logIn("/login")
		b.page = "https://app.shop.example"
		assert.NotEmpty(t, getCookie(b.jar.documentCookie(t, b.page+"/"), accessValue))
		if trusted {
			b.served(b.requestProtectedRoute(""), authjwt.Cookies)
		} else {
			b.refused(b.requestProtectedRoute(""), crossOrigin, authjwt.ErrCSRF)
		}
	}
}
