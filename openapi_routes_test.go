package authjwt_test

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/gin-authjwt/authjwt"
	"github.com/gin-authjwt/authjwt/storetest"
)

// Settings that change what the routes do, each with every choice of locations.
var describedSettings = []struct {
	name  string
	store bool
	base  func() authjwt.Settings
	edit  func(s *authjwt.Settings)
}{
	{"default", false, nil, nil},
	{"store", true, nil, nil},
	{"kept refresh tokens", true, nil, func(s *authjwt.Settings) { s.KeepRefreshToken = true }},
	{"FastAPIJWTAuth", false, authjwt.FastAPIJWTAuth, nil},
	{"FastAPIJWTAuth, store", true, authjwt.FastAPIJWTAuth, func(s *authjwt.Settings) { s.KeepRefreshToken = false }},
	{"FastJWT", false, authjwt.FastJWT, nil},
	{"FastJWT, store", true, authjwt.FastJWT, nil},
	{"OAuth2Cookie", false, authjwt.OAuth2Cookie, nil},
	{"OAuth2Cookie, store", true, authjwt.OAuth2Cookie, nil},
	{"prefix", false, nil, func(s *authjwt.Settings) { s.CookiePrefix = "__Host-" }},
	{"other names", true, nil, func(s *authjwt.Settings) {
		s.AccessCookieKey, s.RefreshCookieKey, s.AccessCSRFCookieKey, s.RefreshCSRFCookieKey = "a", "r", "av", "rv"
		s.AccessCSRFHeaderName, s.RefreshCSRFHeaderName, s.JSONKey, s.RefreshJSONKey = "X-A", "X-R", "a-token", "r-token"
		s.HeaderName, s.QueryStringName, s.CookieScheme = "X-Token", "q", "JWT"
	}},
	{"other scheme", false, nil, func(s *authjwt.Settings) { s.HeaderType = "JWT" }},
	{"bare header", false, authjwt.FastAPIJWTAuth, func(s *authjwt.Settings) { s.HeaderName, s.HeaderType = "X-Token", authjwt.NoHeaderType }},
	{"no CSRF", false, nil, func(s *authjwt.Settings) { s.InsecureDisableCSRF = true }},
	{"CSRF of others", true, nil, func(s *authjwt.Settings) { s.CSRFMethods = []string{"PUT", "GET"} }},
	{"no expiry, shown", false, nil, func(s *authjwt.Settings) { s.AccessTokenExpires, s.InsecureAccessTokenInBody = authjwt.NoExpiry, true }},
	{"one JSON key", false, nil, func(s *authjwt.Settings) { s.JSONKey, s.RefreshJSONKey = "token", "token" }},
}

// Every request that the document describes is answered as it says, whatever it lacks; and every answer it lists is given.
func TestOpenAPI_AgainstTheRoutes(t *testing.T) {
	for _, with := range describedSettings {
		for _, locations := range locationSets() {
			t.Run(fmt.Sprint(with.name, locations), func(t *testing.T) {
				s := authjwt.Settings{}
				if with.base != nil {
					s = with.base()
				}
				s.TokenLocation = locations
				if with.edit != nil {
					with.edit(&s)
				}
				a := newDescribedApp(t, s, with.store)
				a.assertMounted(t)
				a.tryLogin(t)
				for _, route := range slices.Sorted(maps.Keys(a.operations)) {
					if !strings.HasSuffix(route, "/login") {
						a.tryAlternatives(t, route)
						a.tryLocations(t, route, a.operations[route].Security)
						a.tryRefusals(t, route)
					}
				}
				for _, method := range []string{"GET", "POST", "PUT", "DELETE"} {
					a.tryLocations(t, method+" /guarded", a.auth.OpenAPI("/auth").Security(method))
				}
				a.assertSeen(t)
			})
		}
	}
}

func (a *describedApp) assertMounted(t *testing.T) {
	var mounted []string
	for _, route := range a.Routes() {
		if route.Path != "/guarded" {
			mounted = append(mounted, route.Method+" "+route.Path)
		}
	}
	assert.ElementsMatch(t, mounted, slices.Collect(maps.Keys(a.operations)))
}

func (a *describedApp) tryLogin(t *testing.T) {
	const route = "POST /auth/login"
	op := a.operations[route]
	assert.Empty(t, op.Security)
	assert.True(t, op.RequestBody.Required)
	assert.Len(t, op.RequestBody.Content, 3)
	for kind, content := range op.RequestBody.Content {
		fields, without := []string{}, map[string][]string{}
		for name, member := range content.Schema.Properties {
			value := map[string]string{"username": "alice", "password": "wonderland", "grant_type": "password"}[name]
			if value == "" {
				value = "a text"
			}
			for _, other := range slices.Collect(maps.Keys(content.Schema.Properties)) {
				if other != name {
					without[other] = append(without[other], name, value)
				}
			}
			fields = append(fields, name, value)
			assert.Equal(t, "string", member.Type)
		}
		send := func(what string, edit func(req *http.Request), fields ...string) int {
			contentType, text := encodedAs(t, kind, fields...)
			return a.call(t, route, kind+": "+what, func(req *http.Request) {
				setBody(req, contentType, text)
				edit(req)
			})
		}
		as := func(*http.Request) {}
		assert.Equal(t, http.StatusOK, send("every field", as, fields...))
		for name, rest := range without {
			good := send("without "+name, as, rest...) == http.StatusOK
			assert.Equal(t, slices.Contains(content.Schema.Required, name), !good, name)
		}
		if enum := content.Schema.Properties["grant_type"].Enum; assert.Equal(t, []string{"password"}, enum) {
			assert.NotEqual(t, http.StatusOK, send("another grant", as, "username", "alice", "password", "wonderland", "grant_type", "code"))
		}
		for _, word := range []string{"guess", "down", "broken"} {
			send(word, as, "username", "alice", "password", word)
		}
		assert.Equal(t, http.StatusRequestEntityTooLarge, send("too large", as, "username", "alice", "password", strings.Repeat("x", 64<<10)))
		assert.Equal(t, http.StatusUnsupportedMediaType, send("another type", func(req *http.Request) { req.Header.Set("Content-Type", "text/plain") }, fields...))
		send("cross-site", crossSite, fields...)
		send("garbage", func(req *http.Request) { setBody(req, kind, "%%%") })
		a.fault(storetest.Fails)
		send("store down", as, fields...)
		a.fault(storetest.None)
	}
}

// tryAlternatives tries each requirement of an operation: whole, and with each of its parts missing or wrong.
func (a *describedApp) tryAlternatives(t *testing.T, route string) {
	op := a.operations[route]
	logout := strings.HasSuffix(route, "/logout")
	for _, alternative := range requirements(op.Security) {
		names := strings.FieldsFunc(alternative, func(ch rune) bool { return ch == '+' })
		try := func(what string, change func(name, value string) string) int {
			a.user(t)
			values := map[string]string{}
			for _, name := range names {
				values[name] = a.value(t, name)
			}
			return a.call(t, route, alternative+" "+what, func(req *http.Request) {
				for _, name := range names {
					if value := change(name, values[name]); value != "" {
						a.present(t, req, name, value)
					}
				}
				if alternative == "" && op.RequestBody != nil {
					a.setMembers(req, op)
				}
			})
		}
		assert.Equal(t, http.StatusOK, try("whole", func(_, value string) string { return value }), "%s with %s", route, alternative)
		for _, part := range names {
			for what, value := range map[string]string{"missing": "", "wrong": "x", "foreign": a.foreign(t), "no token68": "three words here"} {
				status := try(part+" "+what, func(name, good string) string {
					if name == part {
						return value
					}
					return good
				})
				if !logout || strings.Contains(part, "CSRF") {
					assert.NotEqual(t, http.StatusOK, status, "%s with %s, %s %s", route, alternative, part, what)
				} else {
					assert.Equal(t, http.StatusOK, status, "%s with %s, %s %s", route, alternative, part, what)
				}
			}
		}
	}
}

// setMembers puts tokens into the members of the body that an operation describes.
func (a *describedApp) setMembers(req *http.Request, op apiOperation) {
	var fields []string
	for name := range op.RequestBody.Content["application/json"].Schema.Properties {
		token := a.access
		if name == a.settings.RefreshJSONKey || a.settings.RefreshJSONKey == "" && name == "refresh_token" {
			token = a.refresh
		}
		if strings.HasPrefix(op.OperationID, "auth_logout_all") {
			token = a.access // of one key for both
		}
		fields = append(fields, fmt.Sprintf("%q:%q", name, token))
	}
	setBody(req, "application/json", "{"+strings.Join(fields, ",")+"}")
}

// tryLocations presents a token at each place there is: where none of the requirements is met it must be refused.
func (a *describedApp) tryLocations(t *testing.T, route string, security []map[string][]string) {
	kind := "access"
	if strings.HasSuffix(route, "/refresh") {
		kind = "refresh"
	}
	for _, presented := range []string{"bearer", "refreshBearer", kind + "Header", kind + "Cookie", kind + "CSRF+" + kind + "Cookie", "accessQuery", ""} {
		var parts []string
		if presented != "" {
			parts = strings.Split(presented, "+")
		}
		if slices.ContainsFunc(parts, func(name string) bool { _, listed := a.document.Components.SecuritySchemes[name]; return !listed }) {
			continue
		}
		met := slices.ContainsFunc(security, func(alternative map[string][]string) bool {
			if len(alternative) == 0 {
				return strings.HasSuffix(route, "/logout") // elsewhere the token is in the body
			}
			for name := range alternative {
				if !slices.Contains(parts, name) {
					return false
				}
			}
			return true
		})
		if strings.HasSuffix(route, "/logout") && strings.HasSuffix(presented, "Cookie") {
			met = strings.Contains(presented, "CSRF") || a.settings.InsecureDisableCSRF // a live cookie is no anonymous request
		}
		a.user(t)
		status := a.call(t, route, "at "+presented, func(req *http.Request) {
			for _, name := range parts {
				a.present(t, req, name, a.value(t, name))
			}
		})
		assert.Equal(t, met, status == http.StatusOK, "%s with %q: %d", route, presented, status)
	}
}

// foreign is a token under another key.
func (a *describedApp) foreign(t *testing.T) string {
	return compactWith(t, "HS256", strings.ToUpper(testSecret), headerHS256, `{"sub":"alice"}`)
}

// tryRefusals looks for every way to be refused.
func (a *describedApp) tryRefusals(t *testing.T, route string) {
	op := a.operations[route]
	for _, alternative := range requirements(op.Security) {
		names := strings.FieldsFunc(alternative, func(ch rune) bool { return ch == '+' })
		try := func(what string, before func(), edits ...func(req *http.Request)) {
			a.user(t)
			values := map[string]string{}
			for _, name := range names {
				values[name] = a.value(t, name)
			}
			before()
			for name := range values {
				if name != "oauth2" {
					values[name] = a.value(t, name)
				}
			}
			a.call(t, route, alternative+" "+what, func(req *http.Request) {
				for _, name := range names {
					a.present(t, req, name, values[name])
				}
				if len(names) == 0 && op.RequestBody != nil {
					a.setMembers(req, op)
				}
				for _, edit := range edits {
					edit(req)
				}
			})
			a.now, a.claimsErr = testNow, nil
			a.fault(storetest.None)
		}
		none := func() {}
		again := func(req *http.Request) { // every credential twice, the second one another
			for _, name := range names {
				a.present(t, req, name, a.value(t, name)+"x")
			}
			if query := req.URL.RawQuery; query != "" {
				req.URL.RawQuery += "&" + query
			}
		}
		try("expired", func() { a.now = testNow.Add(1000 * 24 * time.Hour) })
		try("other type", func() { a.access, a.refresh = a.refresh, a.access })
		try("no claim", func() {
			a.access, a.refresh = must(a.noCSRF.CreateAccessToken("alice")), must(a.noCSRF.CreateRefreshToken("alice"))
		})
		try("repeated", none, again)
		try("cross-site", none, crossSite)
		try("store down", func() { a.fault(storetest.Fails) })
		try("claims down", func() { a.claimsErr = authjwt.ErrUnavailable })
		try("claims broken", func() { a.claimsErr = assert.AnError })
		try("malformed body", none, func(req *http.Request) { setBody(req, "application/json", `{"a":`) })
		try("large body", none, func(req *http.Request) {
			setBody(req, "application/json", `{"a":"`+strings.Repeat("x", 64<<10)+`"}`)
		})
	}
}
