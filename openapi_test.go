package authjwt_test

import (
	"context"
	"crypto"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

// preset starts from a preset.
func preset(of func() authjwt.Settings) func(s *authjwt.Settings) {
	return func(s *authjwt.Settings) {
		secret, now := s.SecretKey, s.Now
		*s = of()
		s.SecretKey, s.Now = secret, now
	}
}

func TestOpenAPI_Security(t *testing.T) {
	headers, cookies, query, body := authjwt.Headers, authjwt.Cookies, authjwt.Query, authjwt.JSON
	for name, try := range map[string]struct {
		edit      []func(s *authjwt.Settings)
		get, post []string
	}{
		"default":       {nil, []string{"bearer", "oauth2"}, []string{"bearer", "oauth2"}},
		"cookies":       {[]func(*authjwt.Settings){inCookies}, []string{"accessCookie"}, []string{"accessCSRF+accessCookie"}},
		"query":         {[]func(*authjwt.Settings){locatedAt(query)}, []string{"accessQuery"}, []string{"accessQuery"}},
		"JSON":          {[]func(*authjwt.Settings){locatedAt(body)}, []string{}, []string{}},
		"order":         {[]func(*authjwt.Settings){locatedAt(query, body, cookies, headers)}, []string{"accessQuery", "accessCookie", "bearer", "oauth2"}, []string{"accessQuery", "accessCSRF+accessCookie", "bearer", "oauth2"}},
		"twice":         {[]func(*authjwt.Settings){locatedAt(query, query)}, []string{"accessQuery"}, []string{"accessQuery"}},
		"FastAPI order": {[]func(*authjwt.Settings){locatedAt(cookies, headers), func(s *authjwt.Settings) { s.Errors = authjwt.FastAPI }}, []string{"bearer", "oauth2", "accessCookie"}, []string{"bearer", "oauth2", "accessCSRF+accessCookie"}},
		"no CSRF":       {[]func(*authjwt.Settings){inCookies, func(s *authjwt.Settings) { s.InsecureDisableCSRF = true }}, []string{"accessCookie"}, []string{"accessCookie"}},
		"CSRFMethods":   {[]func(*authjwt.Settings){inCookies, func(s *authjwt.Settings) { s.CSRFMethods = []string{"GET"} }}, []string{"accessCSRF+accessCookie"}, []string{"accessCookie"}},
		"other header":  {[]func(*authjwt.Settings){func(s *authjwt.Settings) { s.HeaderName = "X-Token" }}, []string{"accessHeader"}, []string{"accessHeader"}},
		"other scheme":  {[]func(*authjwt.Settings){func(s *authjwt.Settings) { s.HeaderType = "Token" }}, []string{"accessHeader"}, []string{"accessHeader"}},
		"lower case":    {[]func(*authjwt.Settings){func(s *authjwt.Settings) { s.HeaderName, s.HeaderType = "authorization", "bearer" }}, []string{"bearer", "oauth2"}, []string{"bearer", "oauth2"}},
		"only verifies": {[]func(*authjwt.Settings){verifiesWith("EdDSA")}, []string{"bearer"}, []string{"bearer"}},
		"named":         {[]func(*authjwt.Settings){locatedAt(headers, cookies), func(s *authjwt.Settings) { s.Name = "admin" }}, []string{"admin-bearer", "admin-oauth2", "admin-accessCookie"}, []string{"admin-bearer", "admin-oauth2", "admin-accessCSRF+admin-accessCookie"}},
		"OAuth2Cookie":  {[]func(*authjwt.Settings){preset(authjwt.OAuth2Cookie)}, []string{"accessCookie"}, []string{"accessCookie"}},
	} {
		t.Run(name, func(t *testing.T) {
			o := newManager(t, try.edit...).OpenAPI("/auth")
			for method, want := range map[string][]string{"GET": try.get, "get": try.get, "POST": try.post, "post": try.post} {
				got := o.Security(method)
				assert.Equal(t, want, requirements(got), method)
				for _, alternative := range got {
					for scheme, scopes := range alternative {
						assert.Contains(t, o.SecuritySchemes, scheme)
						assert.NotNil(t, scopes, "it is a list in JSON")
					}
				}
			}
		})
	}
	assert.Nil(t, authjwt.OpenAPI{}.Security("GET"))
}

func TestOpenAPI_Schemes(t *testing.T) {
	all := []authjwt.Location{authjwt.Headers, authjwt.Cookies, authjwt.Query, authjwt.JSON}
	key := func(in, name, description string) map[string]any {
		return map[string]any{"type": "apiKey", "in": in, "name": name, "description": description}
	}
	login := func(description string) map[string]any {
		return map[string]any{"type": "oauth2", "description": description, "flows": map[string]any{"password": map[string]any{"tokenUrl": "/auth/login", "scopes": map[string]any{}}}}
	}
	bearer := func(kind string) map[string]any {
		return map[string]any{"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": "The " + kind + " token."}
	}
	const kept = " The log-in sets it; scripts cannot read it."
	for name, try := range map[string]struct {
		edit func(s *authjwt.Settings)
		want map[string]any
	}{
		"default": {func(*authjwt.Settings) {}, map[string]any{
			"bearer": bearer("access"), "refreshBearer": bearer("refresh"), "oauth2": login("The log-in, with user name and password."),
		}},
		"all": {locatedAt(all...), map[string]any{
			"bearer": bearer("access"), "refreshBearer": bearer("refresh"),
			"accessCookie": key("cookie", accessCookie, "The access token."+kept), "refreshCookie": key("cookie", refreshCookie, "The refresh token."+kept),
			"accessCSRF":  key("header", "X-CSRF-Token", "The value of the cookie csrf_access_token, beside the cookie access_token_cookie."),
			"refreshCSRF": key("header", "X-CSRF-Token", "The value of the cookie csrf_refresh_token, beside the cookie refresh_token_cookie."),
			"accessQuery": key("query", "token", "The access token. Refresh tokens are not taken from there."),
			"oauth2":      login("The log-in, with user name and password. It sets the cookies."),
		}},
		"cookies, by other names": {func(s *authjwt.Settings) {
			inCookies(s)
			s.CookiePrefix, s.CookieScheme, s.CSRFFormField = "__Host-", "JWT", "csrf"
			s.AccessCookieKey, s.RefreshCookieKey, s.AccessCSRFCookieKey, s.RefreshCSRFCookieKey = "a", "r", "av", "rv"
			s.AccessCSRFHeaderName, s.RefreshCSRFHeaderName = "X-A", "X-R"
		}, map[string]any{
			"accessCookie":  key("cookie", "__Host-a", "The access token, after JWT and a blank."+kept),
			"refreshCookie": key("cookie", "__Host-r", "The refresh token, after JWT and a blank."+kept),
			"accessCSRF":    key("header", "X-A", "The value of the cookie __Host-av, beside the cookie __Host-a. A form may carry it in its field csrf instead."),
			"refreshCSRF":   key("header", "X-R", "The value of the cookie __Host-rv, beside the cookie __Host-r. A form may carry it in its field csrf instead."),
			"oauth2":        login("The log-in, with user name and password. It sets the cookies. No token is in its answer."),
		}},
		"shown, no CSRF": {func(s *authjwt.Settings) {
			inCookies(s)
			s.InsecureAccessTokenInBody, s.InsecureDisableCSRF = true, true
		}, map[string]any{
			"accessCookie": key("cookie", accessCookie, "The access token."+kept), "refreshCookie": key("cookie", refreshCookie, "The refresh token."+kept),
			"oauth2": login("The log-in, with user name and password. It sets the cookies."),
		}},
		"other header, verifies": {func(s *authjwt.Settings) {
			verifiesWith("EdDSA")(s)
			s.HeaderName = "x-token"
		}, map[string]any{
			"accessHeader":  key("header", "X-Token", "The access token after Bearer and a blank: Bearer <JWT>"),
			"refreshHeader": key("header", "X-Token", "The refresh token after Bearer and a blank: Bearer <JWT>"),
		}},
		"bare, named": {func(s *authjwt.Settings) {
			s.HeaderType, s.Name, s.TokenLocation = authjwt.NoHeaderType, "admin", []authjwt.Location{authjwt.Headers, authjwt.Query}
			s.QueryStringName = "t"
		}, map[string]any{
			"admin-accessHeader":  key("header", "Authorization", "The bare access token."),
			"admin-refreshHeader": key("header", "Authorization", "The bare refresh token."),
			"admin-accessQuery":   key("query", "t", "The access token. Refresh tokens are not taken from there."),
			"admin-oauth2":        login("The log-in, with user name and password."),
		}},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, try.want, newManager(t, try.edit).OpenAPI("/auth").SecuritySchemes)
		})
	}
}

func TestOpenAPI_SecurityOfTheRoutes(t *testing.T) {
	for name, try := range map[string]struct {
		edit                       func(s *authjwt.Settings)
		refresh, logout, logoutAll []string
	}{
		"default": {func(*authjwt.Settings) {}, []string{"refreshBearer"}, []string{"bearer", "oauth2", "refreshBearer", ""}, []string{"bearer", "oauth2"}},
		"cookies": {inCookies, []string{"refreshCSRF+refreshCookie"}, []string{"accessCSRF+accessCookie", "refreshCSRF+refreshCookie", ""}, []string{"accessCSRF+accessCookie"}},
		"CSRFMethods": {func(s *authjwt.Settings) { inCookies(s); s.CSRFMethods = []string{"PUT"} },
			[]string{"refreshCookie"}, []string{"accessCSRF+accessCookie", "refreshCSRF+refreshCookie", ""}, []string{"accessCookie"}},
		"no CSRF": {func(s *authjwt.Settings) { inCookies(s); s.InsecureDisableCSRF = true }, []string{"refreshCookie"}, []string{"accessCookie", "refreshCookie", ""}, []string{"accessCookie"}},
		"query":   {locatedAt(authjwt.Query), []string{}, []string{"accessQuery", ""}, []string{"accessQuery"}},
		"JSON":    {locatedAt(authjwt.JSON), []string{""}, []string{""}, []string{""}},
		"both":    {locatedAt(authjwt.JSON, authjwt.Headers), []string{"refreshBearer", ""}, []string{"bearer", "oauth2", "refreshBearer", ""}, []string{"bearer", "oauth2", ""}},
	} {
		t.Run(name, func(t *testing.T) {
			all := documented(t, newManager(t, try.edit, inMemory).OpenAPI("/auth")).operations(t)
			for route, want := range map[string][]string{
				"POST /auth/login": {}, "POST /auth/refresh": try.refresh, "POST /auth/logout": try.logout, "DELETE /auth/logout": try.logout, "POST /auth/logout-all": try.logoutAll,
			} {
				assert.Equal(t, want, requirements(all[route].Security), route)
			}
		})
	}
}

// The body of a route that takes a token there.
func TestOpenAPI_Bodies(t *testing.T) {
	members := func(op apiOperation) (names []string) {
		if op.RequestBody != nil {
			names = slices.Sorted(maps.Keys(op.RequestBody.Content["application/json"].Schema.Properties))
		}
		return names
	}
	keys := func(s *authjwt.Settings) { s.JSONKey, s.RefreshJSONKey = "a", "r" }
	for name, try := range map[string]struct {
		locations []authjwt.Location
		described bool
		required  map[string]bool
	}{
		"alone":   {[]authjwt.Location{authjwt.JSON}, true, map[string]bool{"refresh": true, "logout-all": true}},
		"query":   {[]authjwt.Location{authjwt.JSON, authjwt.Query}, true, map[string]bool{"refresh": true}},
		"headers": {[]authjwt.Location{authjwt.JSON, authjwt.Headers}, true, nil},
		"cookies": {[]authjwt.Location{authjwt.JSON, authjwt.Cookies}, true, nil},
		"none":    {[]authjwt.Location{authjwt.Headers}, false, nil},
	} {
		t.Run(name, func(t *testing.T) {
			all := documented(t, newManager(t, locatedAt(try.locations...), keys, inMemory).OpenAPI("")).operations(t)
			for route, want := range map[string][]string{"refresh": {"r"}, "logout": {"a", "r"}, "logout-all": {"a"}} {
				op := all["POST /"+route]
				if !try.described {
					assert.Nil(t, op.RequestBody, route)
					continue
				}
				assert.Equal(t, want, members(op), route)
				assert.Equal(t, try.required[route], op.RequestBody.Required, route)
				required := op.RequestBody.Content["application/json"].Schema.Required
				assert.Equal(t, try.required[route], slices.Equal(want, required), "%s: %v", route, required)
			}
		})
	}
}

// The names that the description of the log-in gives, and where the page puts the values.
func TestOpenAPI_LoginMembers(t *testing.T) {
	op := documented(t, newManager(t, inCookies, func(s *authjwt.Settings) {
		s.AccessCSRFHeaderName, s.RefreshCSRFHeaderName, s.CookiePrefix = "X-A", "X-R", "__Host-"
	}).OpenAPI("")).operations(t)["POST /login"]
	for kind, content := range op.RequestBody.Content {
		formats := map[string]string{}
		for name, member := range content.Schema.Properties {
			formats[name] = member.Format
		}
		assert.Equal(t, map[string]string{"username": "", "password": "password", "grant_type": "", "scope": "", "client_id": "", "client_secret": "password"}, formats, kind)
	}
	members := op.Responses["200"].Content["application/json"].Schema.Properties
	assert.Equal(t, "For the header X-A, beside the cookie __Host-access_token_cookie.", members["csrf_access_token"].Description)
	assert.Equal(t, "For the header X-R, beside the cookie __Host-refresh_token_cookie.", members["csrf_refresh_token"].Description)
}

// A Manager that only verifies has no log-in, and an application that cannot ask a key set cannot log out.
func TestOpenAPI_OnlyVerifies(t *testing.T) {
	refused := errors.New("no network")
	for name, try := range map[string]struct {
		edit    []func(s *authjwt.Settings)
		routes  []string
		reaches bool
	}{
		"public key": {[]func(*authjwt.Settings){verifiesWith("EdDSA"), inCookies}, []string{"DELETE /logout", "POST /logout"}, false},
		"store":      {[]func(*authjwt.Settings){verifiesWith("EdDSA"), inMemory}, []string{"DELETE /logout", "POST /logout", "POST /logout-all"}, true},
		"key set":    {[]func(*authjwt.Settings){fromSet(refused), inCookies}, []string{"DELETE /logout", "POST /logout"}, true},
		"headers":    {[]func(*authjwt.Settings){fromSet(refused)}, []string{"DELETE /logout", "POST /logout"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			auth := newManager(t, try.edit...)
			all := documented(t, auth.OpenAPI("")).operations(t)
			assert.Equal(t, try.routes, slices.Sorted(maps.Keys(all)))
			_, listed := all["POST /logout"].Responses["503"]
			assert.Equal(t, try.reaches, listed)
			if strings.HasPrefix(name, "store") {
				return
			}
			r := gin.New()
			r.POST("/logout", auth.LogoutHandler())
			req := httptest.NewRequest("POST", "/logout", nil)
			req.AddCookie(&http.Cookie{Name: accessCookie, Value: byTheirs(t, "EdDSA", "")})
			rec := httptest.NewRecorder()
			r.ServeHTTP(rec, req)
			assert.Equal(t, try.reaches, rec.Code == http.StatusServiceUnavailable, rec.Body)
			assertDescribed(t, all["POST /logout"], rec, name)
		})
	}
}

type brokenSet struct{ err error }

func (b brokenSet) VerificationKey(context.Context, string, string) (crypto.PublicKey, error) {
	return nil, b.err
}

func fromSet(err error) func(s *authjwt.Settings) {
	return func(s *authjwt.Settings) {
		s.SecretKey, s.KeySet = "", brokenSet{err}
	}
}

// The application's own ErrorHandler writes what it likes, with the same statuses.
func TestOpenAPI_ErrorHandler(t *testing.T) {
	handled := func(s *authjwt.Settings) {
		s.ErrorHandler = func(c *gin.Context, err *authjwt.Error) { c.String(err.Status, err.Code) }
	}
	own := documented(t, newManager(t, handled).OpenAPI("")).operations(t)["POST /login"]
	usual := documented(t, newManager(t).OpenAPI("")).operations(t)["POST /login"]
	assert.Equal(t, slices.Sorted(maps.Keys(usual.Responses)), slices.Sorted(maps.Keys(own.Responses)))
	for status, response := range own.Responses {
		assert.Equal(t, status == "200", response.Content != nil, status)
		assert.NotEmpty(t, usual.Responses[status].Content, status)
		assert.Equal(t, usual.Responses[status].Headers, response.Headers)
	}
	require.Equal(t, "Refused: a wrong user name or password", own.Responses["401"].Description)
	text := string(must(json.Marshal(newManager(t).OpenAPI(""))))
	assert.NotContains(t, text, testSecret)
}
