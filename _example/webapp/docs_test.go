package main

import (
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

func TestDocument_IsValid(t *testing.T) {
	w := startWebapp(t, time.Minute)
	rec := httptest.NewRecorder()
	router(w.Manager, "").ServeHTTP(rec, httptest.NewRequest("GET", "/openapi.json", nil))
	require.Equal(t, 200, rec.Code)
	doc, err := openapi3.NewLoader().LoadFromData(rec.Body.Bytes())
	require.NoError(t, err)
	require.NoError(t, doc.Validate(t.Context()))
	assert.Equal(t, "3.1.0", doc.OpenAPI)
	for _, route := range router(w.Manager, "").Routes() {
		if below, _, _ := strings.Cut(strings.TrimPrefix(route.Path, "/"), "/"); below == "api" && route.Path != "/api/live" || below == "auth" && route.Path != "/auth/cookies" {
			item := doc.Paths.Find(strings.Replace(route.Path, ":id", "{id}", 1))
			require.NotNil(t, item, route.Path)
			assert.NotNil(t, item.GetOperation(route.Method), "%s %s", route.Method, route.Path)
		}
	}
	var flows []string
	for _, scheme := range doc.Components.SecuritySchemes {
		if scheme.Value.Type == "oauth2" {
			flows = append(flows, scheme.Value.Flows.Password.TokenURL)
		}
	}
	assert.Equal(t, []string{"/auth/login"}, flows)
}

// The package's part is valid whatever the Settings are.
func TestOpenAPI_IsValid(t *testing.T) {
	for name, s := range map[string]authjwt.Settings{
		"default": {SecretKey: secret}, "cookies": {SecretKey: secret, TokenLocation: []authjwt.Location{authjwt.Cookies}},
		"all": {SecretKey: secret, Store: new(authjwt.MemoryStore), TokenLocation: []authjwt.Location{authjwt.JSON, authjwt.Query, authjwt.Cookies, authjwt.Headers}},
		"own names": {SecretKey: secret, HeaderName: "X-Token", HeaderType: authjwt.NoHeaderType, AccessCSRFHeaderName: "X-A", RefreshCSRFHeaderName: "X-R",
			CookiePrefix: "__Host-", TokenLocation: []authjwt.Location{authjwt.Headers, authjwt.Cookies}},
		"FastAPIJWTAuth": withSecret(authjwt.FastAPIJWTAuth()), "FastJWT": withSecret(authjwt.FastJWT()), "OAuth2Cookie": withSecret(authjwt.OAuth2Cookie()),
	} {
		t.Run(name, func(t *testing.T) {
			auth, err := authjwt.New(s)
			require.NoError(t, err)
			text, err := json.Marshal(document(auth))
			require.NoError(t, err)
			doc, err := openapi3.NewLoader().LoadFromData(text)
			require.NoError(t, err)
			assert.NoError(t, doc.Validate(t.Context()))
			broken := strings.Replace(string(text), `"responses"`, `"respond"`, 1)
			doc, err = openapi3.NewLoader().LoadFromData([]byte(broken))
			assert.True(t, err != nil || doc.Validate(t.Context()) != nil, "the validator finds mistakes")
		})
	}
}

// login200 is how the document describes the answer of a login.
func login200(t *testing.T, auth *authjwt.Manager) *openapi3.Schema {
	t.Helper()
	text, err := json.Marshal(document(auth))
	require.NoError(t, err)
	doc, err := openapi3.NewLoader().LoadFromData(text)
	require.NoError(t, err)
	return doc.Paths.Find("/auth/login").Post.Responses.Value("200").Value.Content["application/json"].Schema.Value
}

func withSecret(s authjwt.Settings) authjwt.Settings {
	s.SecretKey = secret
	return s
}

// Seed 1's promise: log in from Swagger UI, then look at the cookies.
func TestSwaggerUI_OAuth2(t *testing.T) {
	w := startWebapp(t, time.Minute)
	b := newBrowser(t)
	tab := b.tab(t)
	openSwagger(t, tab, w)
	click(t, tab, ".authorize.unlocked")
	awaits(t, tab, ".modal-ux-content", "Token URL: /auth/login")
	fill(t, tab, "#oauth_username", "test")
	fill(t, tab, "#oauth_password", "test")
	eval[any](t, tab, `document.querySelector("#oauth_username").closest(".auth-container").querySelector("button.authorize").click()`)
	awaits(t, tab, ".modal-ux-content", "Authorized")
	var seen []string
	for _, cookie := range b.cookies(t) {
		if cookie.HTTPOnly {
			seen = append(seen, cookie.Name)
		}
	}
	assert.ElementsMatch(t, []string{"access_token_cookie", "refresh_token_cookie"}, seen)
	assert.Equal(t, 1, w.count("POST /auth/login"))
	click(t, tab, ".btn-done")
	assert.Equal(t, "200", execute(t, tab, "get", "/api/me"))
	assert.Equal(t, "201", execute(t, tab, "post", "/api/notes"))
}

// The cookies alone are enough, with the CSRF value that the page adds.
func TestSwaggerUI_Cookies(t *testing.T) {
	w := startWebapp(t, time.Minute)
	b := newBrowser(t)
	tab := b.tab(t)
	openSwagger(t, tab, w)
	assert.Equal(t, "401", execute(t, tab, "get", "/api/me"))
	require.Equal(t, 200, eval[int](t, tab, `fetch("/auth/login", { method: "POST", body: new URLSearchParams({ username: "test", password: "test" }) }).then((a) => a.status)`))
	for range 2 {
		assert.Equal(t, "200", execute(t, tab, "get", "/api/me"))
		assert.Equal(t, "201", execute(t, tab, "post", "/api/notes"))
		assert.Equal(t, "200", execute(t, tab, "post", "/auth/refresh"))
	}
	assert.Equal(t, "200", execute(t, tab, "delete", "/auth/logout"))
	assert.Empty(t, b.cookies(t))
	assert.Equal(t, "401", execute(t, tab, "post", "/api/notes"))
}

func openSwagger(t *testing.T, tab *chromeTab, w *webapp) {
	t.Helper()
	tab.open(w.url + "/docs/")
	awaits(t, tab, "#ui .info", "authjwt's webapp")
	awaits(t, tab, "#ui", "/api/notes")
	assert.NotContains(t, text(t, tab, "#ui"), "errors")
}

// fill sets a field of a React application.
func fill(t *testing.T, tab *chromeTab, selector, value string) {
	t.Helper()
	eval[any](t, tab, `(() => {
		const field = document.querySelector("`+selector+`");
		Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set.call(field, "`+value+`");
		field.dispatchEvent(new Event("input", { bubbles: true }));
	})()`)
}

// execute tries an operation out, and returns the status of the answer.
func execute(t *testing.T, tab *chromeTab, method, path string) string {
	t.Helper()
	return eval[string](t, tab, `(async () => {
		const until = async (find) => { for (let i = 0; i < 200; i++) { const found = find(); if (found) return found; await new Promise((r) => setTimeout(r, 25)); } throw new Error(String(find)); };
		const block = await until(() => [...document.querySelectorAll(".opblock-`+method+`")].find((b) => b.querySelector(".opblock-summary-path").dataset.path === "`+path+`"));
		if (!block.classList.contains("is-open")) block.querySelector(".opblock-summary-control").click();
		const tryOut = await until(() => block.querySelector(".try-out__btn"));
		if (!tryOut.classList.contains("cancel")) tryOut.click();
		block.querySelector(".btn-clear")?.click();
		await until(() => !block.querySelector(".live-responses-table"));
		(await until(() => block.querySelector(".execute"))).click();
		return (await until(() => block.querySelector(".live-responses-table tbody .response-col_status")?.innerText)).trim().split("\n")[0];
	})()`)
}
