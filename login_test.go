package authjwt_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
	"github.com/gin-authjwt/authjwt/internal/browser"
)

// An endpoint is a router with one handler of ours, or one that calls us, on / for all methods.
type endpoint struct {
	guarded
	last error // what the last request left on c.Errors
}

func newEndpoint(handler gin.HandlerFunc) *endpoint {
	e := &endpoint{guarded: guarded{Engine: gin.New()}}
	e.Use(gin.LoggerWithWriter(&e.log), gin.RecoveryWithWriter(&e.log), func(c *gin.Context) {
		c.Next()
		e.last = nil
		if len(c.Errors) > 0 {
			e.last = c.Errors.Last().Err
		}
	})
	e.Any("/", handler)
	return e
}

// refuses checks a refusal with its reason; nothing of the application's has run.
func (e *endpoint) refuses(tb testing.TB, req *http.Request, want outcome, reason error) {
	tb.Helper()
	e.last = nil
	e.assertRefused(tb, e.do(req), want)
	assert.ErrorIs(tb, e.last, reason)
	var refusal *authjwt.Error
	if assert.ErrorAs(tb, e.last, &refusal) {
		assert.Equal(tb, want.status, refusal.Status)
	}
}

// The requests of other sites' pages, each with one by the site's own page that differs in that field.
var crossSiteFields = []struct {
	name         string
	fields, twin []string
	refused      outcome
}{
	{"Origin of another site", []string{"Origin", "https://other.example"}, []string{"Origin", "https://example.com"}, crossOrigin},
	{"Origin of another host", []string{"Origin", "https://a.example.com"}, []string{"Origin", "https://example.com"}, crossOrigin},
	{"Origin of another port", []string{"Origin", "https://example.com:8443"}, []string{"Origin", "https://example.com"}, crossOrigin},
	{"Origin null", []string{"Origin", "null"}, nil, crossOrigin},
	{"Origin without TLS", []string{"Origin", "http://example.com"}, []string{"Origin", "https://example.com"}, httpOrigin},
	{"cross-site", []string{"Sec-Fetch-Site", "cross-site"}, []string{"Sec-Fetch-Site", "same-origin"}, crossOrigin},
	{"same-site", []string{"Sec-Fetch-Site", "same-site"}, []string{"Sec-Fetch-Site", "none"}, crossOrigin},
}

const jsonLogin = `{"username":"test","password":"test"}`

func loginRequest(contentType, body string, fields ...string) *http.Request {
	req := httptest.NewRequest(http.MethodPost, "https://example.com/", strings.NewReader(body))
	req.Header.Set("Content-Type", contentType)
	for i := 0; i < len(fields); i += 2 {
		req.Header.Set(fields[i], fields[i+1])
	}
	return req
}

// The ways an application logs in: by the prebuilt handler, by Login, and by hand.
func loginHandlers(m *authjwt.Manager, asked *bool) map[string]gin.HandlerFunc {
	byHand := func(set func(a *authjwt.AuthJWT) error) gin.HandlerFunc {
		return func(c *gin.Context) {
			a := m.Bind(c)
			if err := set(a); err != nil {
				a.Abort(err)
				return
			}
			c.JSON(http.StatusOK, gin.H{"msg": "in"})
		}
	}
	return map[string]gin.HandlerFunc{
		"LoginHandler": m.LoginHandler(authjwt.Routes{Login: func(c *gin.Context) (string, error) {
			*asked = true
			cred, err := authjwt.BindCredentials(c)
			return cred.Username, err
		}}),
		"Login": byHand(func(a *authjwt.AuthJWT) error {
			_, err := a.Login("test")
			return err
		}),
		"SetAccessCookies": byHand(func(a *authjwt.AuthJWT) error {
			token, err := m.CreateAccessToken("test")
			if err != nil {
				return err
			}
			return a.SetAccessCookies(token)
		}),
		"SetRefreshCookies": byHand(func(a *authjwt.AuthJWT) error {
			token, err := m.CreateRefreshToken("test")
			if err != nil {
				return err
			}
			return a.SetRefreshCookies(token)
		}),
	}
}

func TestC15_LoginCSRF(t *testing.T) {
	for name, edit := range map[string]func(s *authjwt.Settings){
		"cookies":             inCookies,
		"headers and cookies": func(s *authjwt.Settings) { s.TokenLocation = []authjwt.Location{authjwt.Headers, authjwt.Cookies} },
		"without value":       func(s *authjwt.Settings) { inCookies(s); s.InsecureDisableCSRF = true },
	} {
		asked := false
		for way, handler := range loginHandlers(newManager(t, edit), &asked) {
			e := newEndpoint(handler)
			for _, try := range crossSiteFields {
				t.Run(name+"/"+way+"/"+try.name, func(t *testing.T) {
					asked = false
					e.refuses(t, loginRequest("application/json", jsonLogin, try.fields...), try.refused, authjwt.ErrCSRF)
					assert.False(t, asked, "Routes.Login is asked")

					rec := e.do(loginRequest("application/json", jsonLogin, try.twin...))
					assert.Equal(t, http.StatusOK, rec.Code)
					assert.NotEmpty(t, setCookies(t, rec))
					assert.Equal(t, way == "LoginHandler", asked)
				})
			}
		}
	}
}

// Nobody is logged in by force where tokens do not travel in cookies, so any page may log in.
func TestC15_CrossSiteLoginWithoutCookies(t *testing.T) {
	asked := false
	e := newEndpoint(loginHandlers(newManager(t), &asked)["LoginHandler"])
	for _, try := range crossSiteFields {
		rec := e.do(loginRequest("application/json", jsonLogin, try.fields...))
		assert.Equal(t, http.StatusOK, rec.Code, try.name)
		assert.Empty(t, setCookies(t, rec))
	}
}

func TestC15_LoginContentTypes(t *testing.T) {
	asked := false
	e := newEndpoint(loginHandlers(newManager(t, inCookies), &asked)["LoginHandler"])
	noType := outcome{http.StatusUnsupportedMediaType, "unsupported_media_type", "Send the credentials as JSON or as a form", "-"}
	for _, contentType := range []string{"text/plain", "text/plain; charset=utf-8", "", "application/octet-stream", "text/json", "json", "text/plain, application/json"} {
		e.refuses(t, loginRequest(contentType, jsonLogin), noType, authjwt.ErrInvalidRequest)
	}
	for contentType, body := range map[string]string{
		"application/json": jsonLogin, "Application/JSON; charset=utf-8": jsonLogin, "application/ld+json": jsonLogin,
		"application/x-www-form-urlencoded": "username=test&password=test",
	} {
		rec := e.do(loginRequest(contentType, body))
		assert.Equal(t, http.StatusOK, rec.Code, contentType)
		assert.Len(t, setCookies(t, rec), 4)
	}
	e.refuses(t, loginRequest("text/plain", jsonLogin, "Origin", "https://other.example"), crossOrigin, authjwt.ErrCSRF)
}

func TestC11_OtherMethods(t *testing.T) {
	m, stored := newManager(t, inCookies), newManager(t, inCookies, inMemory)
	asked := false
	access, value := newPair(t, m)
	refresh, err := m.CreateRefreshToken("alice")
	require.NoError(t, err)
	notAllowed := outcome{http.StatusMethodNotAllowed, "method_not_allowed", "Method Not Allowed", "-"}
	for _, try := range []struct {
		name    string
		handler gin.HandlerFunc
		allow   string
		cookies int
	}{
		{"login", loginHandlers(m, &asked)["LoginHandler"], "POST", 4},
		{"refresh", m.RefreshHandler(loginAs("alice")), "POST", 2},
		{"logout", m.LogoutHandler(), "DELETE, POST", 4},
		{"logout-all", stored.LogoutAllHandler(), "POST", 4},
	} {
		e := newEndpoint(try.handler)
		for _, method := range []string{"GET", "HEAD", "OPTIONS", "TRACE", "CONNECT", "PUT", "PATCH", "DELETE", "POST"} {
			t.Run(try.name+" "+method, func(t *testing.T) {
				req := loginRequest("application/json", jsonLogin)
				req.Method = method
				req.Header.Set("Cookie", accessCookie+"="+access+"; "+refreshCookie+"="+refresh)
				req.Header.Set("X-CSRF-Token", value)
				if try.name == "refresh" {
					req.Header.Set("X-CSRF-Token", csrfOf(t, m, refresh, authjwt.Refresh))
				}
				if strings.Contains(try.allow, method) {
					rec := e.do(req)
					assert.Equal(t, http.StatusOK, rec.Code, rec.Body)
					assert.Len(t, setCookies(t, rec), try.cookies)
					return
				}
				asked = false
				e.refuses(t, req, notAllowed, authjwt.ErrInvalidRequest)
				assert.Equal(t, try.allow, e.do(req).Header().Get("Allow"))
				assert.False(t, asked)
			})
		}
	}
}

// handedOut returns the tokens of an answer. Those in the body and those in cookies must not differ.
func handedOut(tb testing.TB, rec *httptest.ResponseRecorder) (access, refresh string) {
	tb.Helper()
	var body map[string]any
	require.NoError(tb, json.Unmarshal(rec.Body.Bytes(), &body))
	access, _ = body["access_token"].(string)
	refresh, _ = body["refresh_token"].(string)
	for _, c := range setCookies(tb, rec) {
		for name, token := range map[string]*string{accessCookie: &access, refreshCookie: &refresh} {
			if c.Name == name {
				assert.Contains(tb, []string{"", c.Value}, *token)
				*token = c.Value
			}
		}
	}
	return access, refresh
}

// The answers, byte for byte: A and R stand for the tokens, a and r for their CSRF values.
func TestSession_Answers(t *testing.T) {
	const (
		in, renewed = `{"msg":"Successfully login",`, `{"msg":"The token has been refresh",`
		pair, one   = `{"access_token":"A","refresh_token":"R","token_type":"bearer",`, `{"access_token":"A","token_type":"bearer",`
		values      = `"csrf_access_token":"a","csrf_refresh_token":"r",`
		value       = `"csrf_access_token":"a",`
		life        = `"expires_in":900}`
	)
	all := []string{accessCookie, accessValue, refreshCookie, refreshValue}
	tokens := []string{accessCookie, refreshCookie}
	h, c, q, j := authjwt.Headers, authjwt.Cookies, authjwt.Query, authjwt.JSON
	for _, try := range []struct {
		name           string
		locations      []authjwt.Location
		noCSRF         bool
		login, refresh string   // empty: no location carries a refresh token
		cookies        []string // of a login; a refresh sets the first half
	}{
		{"cookies", []authjwt.Location{c}, false, in + values + life, renewed + value + life, all},
		{"cookies without value", []authjwt.Location{c}, true, in + life, renewed + life, tokens},
		{"headers", []authjwt.Location{h}, false, pair + life, one + life, nil},
		{"headers and cookies", []authjwt.Location{h, c}, false, pair + values + life, one + value + life, all},
		{"headers and cookies without value", []authjwt.Location{h, c}, true, pair + life, one + life, tokens},
		{"cookies and headers", []authjwt.Location{c, h}, false, pair + values + life, renewed + value + life, all},
		{"cookies and JSON", []authjwt.Location{c, j}, false, pair + values + life, renewed + value + life, all},
		{"cookies and query", []authjwt.Location{c, q}, false, in + values + life, renewed + value + life, all},
		{"JSON", []authjwt.Location{j}, false, pair + life, one + life, nil},
		{"query", []authjwt.Location{q}, false, pair + life, "", nil},
	} {
		t.Run(try.name, func(t *testing.T) {
			m := newManager(t, func(s *authjwt.Settings) { s.TokenLocation, s.InsecureDisableCSRF = try.locations, try.noCSRF })
			var given authjwt.TokenPair
			plain, own := loginAs("alice"), loginAs("alice")
			own.Respond = func(c *gin.Context, pair authjwt.TokenPair) {
				given = pair
				c.JSON(http.StatusOK, pair)
			}
			check := func(handler gin.HandlerFunc, req *http.Request, want string, cookies []string) (access, refresh string) {
				t.Helper()
				rec := newEndpoint(handler).do(req)
				require.Equal(t, http.StatusOK, rec.Code, rec.Body)
				assert.Equal(t, "no-store", rec.Header().Get("Cache-Control"))
				assert.Equal(t, "no-cache", rec.Header().Get("Pragma"))
				access, refresh = handedOut(t, rec)
				values := map[string]string{}
				want = strings.NewReplacer(`"A"`, `"`+access+`"`, `"R"`, `"`+refresh+`"`).Replace(want)
				for letter, value := range map[string]string{"a": csrfOf(t, m, access, authjwt.Access), "r": refreshCSRF(t, m, refresh)} {
					want = strings.Replace(want, `"`+letter+`"`, `"`+value+`"`, 1)
					values[letter] = value
				}
				assert.Equal(t, want, rec.Body.String())
				var names []string
				for _, cookie := range setCookies(t, rec) {
					names = append(names, cookie.Name)
					want := map[string]string{accessCookie: access, refreshCookie: refresh, accessValue: values["a"], refreshValue: values["r"]}
					assert.Equal(t, want[cookie.Name], cookie.Value)
				}
				assert.Equal(t, cookies, names)
				return access, refresh
			}

			_, refresh := check(m.LoginHandler(plain), loginRequest("", ""), try.login, try.cookies)
			ask := func() *http.Request {
				return loginRequest("application/json", `{"refresh_token":"`+refresh+`"}`, "Authorization", "Bearer "+refresh,
					"Cookie", refreshCookie+"="+refresh, "X-CSRF-Token", refreshCSRF(t, m, refresh))
			}
			access, issued := check(m.LoginHandler(own), loginRequest("", ""), strings.Replace(try.login, in, "{", 1), try.cookies)
			assert.Equal(t, []string{access, issued}, []string{given.AccessToken, given.RefreshToken}, "Respond gets the tokens")
			if try.refresh == "" {
				newEndpoint(m.RefreshHandler(plain)).refuses(t, ask(), outcome{401, "missing_token", "Refresh tokens are not taken from the query", ""}, authjwt.ErrMissingToken)
				return
			}
			half := try.cookies[:len(try.cookies)/2]
			check(m.RefreshHandler(plain), ask(), try.refresh, half)
			access, _ = check(m.RefreshHandler(own), ask(), strings.Replace(try.refresh, renewed, "{", 1), half)
			assert.Equal(t, []string{access, ""}, []string{given.AccessToken, given.RefreshToken})
		})
	}
}

// refreshCSRF is the csrf claim of a refresh token; empty where there is no token.
func refreshCSRF(tb testing.TB, m *authjwt.Manager, token string) string {
	tb.Helper()
	if token == "" {
		return ""
	}
	return csrfOf(tb, m, token, authjwt.Refresh)
}

func TestMount_RefreshCookieMustReachItsRoute(t *testing.T) {
	for _, try := range []struct{ group, bad, good string }{
		{"/", "/auth", "/"},
		{"/", "/refresh/", "/refresh"},
		{"/", "/re", "/refresh"},
		{"/auth", "/authx", "/auth"},
		{"/auth", "/auth/ref", "/auth/refresh"},
		{"/auth", "/auth/refresh/", "/auth/"},
		{"/auth", "/refresh", "/"},
		{"/api/v1", "/v1", "/api"},
		{"/api/v1/", "/api/v1/login", "/api/v1"},
		{"/api", "/API", "/api"},
	} {
		mount := func(path string, locations ...authjwt.Location) func() {
			return func() {
				newManager(t, func(s *authjwt.Settings) { s.RefreshCookiePath, s.TokenLocation = path, locations }).
					Mount(gin.New().Group(try.group), loginAs("alice"))
			}
		}
		route := strings.TrimSuffix(try.group, "/") + "/refresh"
		assert.False(t, browser.PathMatch(route, try.bad), "a browser sends it")
		assert.True(t, browser.PathMatch(route, try.good), "a browser does not send it")
		assert.PanicsWithValue(t, "authjwt: Mount: Settings.RefreshCookiePath "+try.bad+" does not cover the refresh route "+route+
			"; set it to a path above the route, or mount RefreshHandler by itself where a proxy changes the path", mount(try.bad, authjwt.Headers, authjwt.Cookies))
		assert.NotPanics(t, mount(try.good, authjwt.Headers, authjwt.Cookies), try.good)
		assert.NotPanics(t, mount(try.bad, authjwt.Headers), "Cookies is no location")
	}
}
