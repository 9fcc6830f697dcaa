package authjwt_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

func TestOpenAPI_Prefixes(t *testing.T) {
	auth := newManager(t)
	for _, try := range []struct {
		prefix, login, id string
		parameters        []string
	}{
		{"", "/login", "login", nil},
		{"/", "/login", "login", nil},
		{"auth", "/auth/login", "auth_login", nil},
		{"/auth", "/auth/login", "auth_login", nil},
		{"/auth/", "/auth/login", "auth_login", nil},
		{"//api/./v1//auth", "/api/v1/auth/login", "api_v1_auth_login", nil},
		{"/my-auth.v1", "/my-auth.v1/login", "my_auth_v1_login", nil},
		{"/:tenant", "/{tenant}/login", "tenant_login", []string{"tenant"}},
		{"/:tenant/v:version/auth/", "/{tenant}/v{version}/auth/login", "tenant_v_version_auth_login", []string{"tenant", "version"}},
	} {
		t.Run(try.prefix, func(t *testing.T) {
			o := auth.OpenAPI(try.prefix)
			d := documented(t, o)
			require.Contains(t, d.Paths, try.login)
			all := d.operations(t)
			assert.Equal(t, try.id, all["POST "+try.login].OperationID)
			for path, item := range d.Paths {
				var parameters []struct {
					Name, In string
					Required bool
					Schema   apiSchema
				}
				var names []string
				if item["parameters"] != nil {
					require.NoError(t, json.Unmarshal(item["parameters"], &parameters))
				}
				for _, p := range parameters {
					names = append(names, p.Name)
					assert.Equal(t, []any{"path", true, "string"}, []any{p.In, p.Required, p.Schema.Type})
				}
				assert.Equal(t, try.parameters, names, path)
			}
			// No value of a parameter would be known where the tokens are asked for.
			flow, given := d.Components.SecuritySchemes["oauth2"]
			assert.Equal(t, try.parameters == nil, given)
			assert.Equal(t, try.parameters == nil, slices.Contains(requirements(o.Security("GET")), "oauth2"))
			if given {
				assert.Equal(t, try.login, flow.Flows["password"].TokenURL)
			}
			r := gin.New()
			auth.Mount(r.Group(try.prefix), loginAs("alice"))
			assert.Len(t, all, len(r.Routes()))
		})
	}
	for _, prefix := range []string{"/*rest", "/{tenant}/auth", "/auth?x=y", "/auth#x"} {
		assert.True(t, panicsWith("pass that of the group on which Mount was called", func() { auth.OpenAPI(prefix) }), prefix)
	}
}

// The ids, and with names the schemes, of two mounts in one document are apart.
func TestOpenAPI_Together(t *testing.T) {
	first, second := newManager(t, inMemory), newManager(t, inMemory, func(s *authjwt.Settings) { s.Name = "admin" })
	ids, schemes := map[string]bool{}, map[string]bool{}
	for _, o := range []authjwt.OpenAPI{first.OpenAPI(""), first.OpenAPI("/v1"), second.OpenAPI("/admin")} {
		for route, op := range documented(t, o).operations(t) {
			assert.False(t, ids[op.OperationID], "%s has the id %s of another", route, op.OperationID)
			ids[op.OperationID] = true
			assert.Equal(t, []string{"authentication"}, op.Tags)
		}
	}
	for _, o := range []authjwt.OpenAPI{first.OpenAPI(""), second.OpenAPI("/admin")} {
		for name := range o.SecuritySchemes {
			assert.False(t, schemes[name], name)
			schemes[name] = true
		}
	}
	assert.Len(t, ids, 15)
	assert.Equal(t, slices.Sorted(maps.Keys(documented(t, second.OpenAPI("/admin")).operations(t))), []string{
		"DELETE /admin/logout", "POST /admin/login", "POST /admin/logout", "POST /admin/logout-all", "POST /admin/refresh"})
}

// Whatever a program does with one description, the next is whole, and so is every other part of the same.
func TestOpenAPI_Copies(t *testing.T) {
	auth := newManager(t, inMemory, func(s *authjwt.Settings) {
		s.TokenLocation = []authjwt.Location{authjwt.Headers, authjwt.Cookies, authjwt.Query, authjwt.JSON}
	})
	whole := string(must(json.Marshal(auth.OpenAPI("/:tenant"))))
	for _, change := range []bool{false, true} {
		o := auth.OpenAPI("/:tenant")
		walk(t, o.Paths, map[string]bool{}, change)
		walk(t, o.SecuritySchemes, map[string]bool{}, change)
		security := o.Security("POST")
		clear(security[0])
		clear(security[1:])
		assert.NotEqual(t, security, o.Security("POST"))
		assert.Equal(t, change, whole != string(must(json.Marshal(o))))
		assert.Equal(t, whole, string(must(json.Marshal(auth.OpenAPI("/:tenant")))))
	}
}

// walk finds what is no plain data, and what stands at two places, and empties everything if asked.
func walk(t *testing.T, v any, seen map[string]bool, empty bool) {
	t.Helper()
	switch v := v.(type) {
	case map[string]any:
		at := fmt.Sprintf("%p", v)
		assert.False(t, seen[at], "it stands at two places: %v", v)
		seen[at] = true
		for _, member := range v {
			walk(t, member, seen, empty)
		}
		if empty {
			clear(v)
		}
	case []any:
		for _, member := range v {
			walk(t, member, seen, empty)
		}
		if empty {
			clear(v)
		}
	case string, bool:
	default:
		assert.Fail(t, "no plain data", "%T", v)
	}
}

func TestOpenAPI_MarshalJSON(t *testing.T) {
	text, err := json.Marshal(authjwt.OpenAPI{})
	require.NoError(t, err)
	assert.JSONEq(t, `{"paths":{},"components":{"securitySchemes":{}}}`, string(text))

	o := newManager(t).OpenAPI("/auth")
	text, err = json.Marshal(o)
	require.NoError(t, err)
	assert.JSONEq(t, string(must(json.Marshal(gin.H{"paths": o.Paths, "components": gin.H{"securitySchemes": o.SecuritySchemes}}))), string(text))
	assert.Equal(t, string(text), string(must(json.Marshal(newManager(t).OpenAPI("/auth")))), "in one order")
}

// A refresh where it is never taken says so.
func TestOpenAPI_RefreshInTheQuery(t *testing.T) {
	for _, try := range []struct {
		locations []authjwt.Location
		statuses  []string
	}{
		{[]authjwt.Location{authjwt.Query}, []string{"401"}},
		{[]authjwt.Location{authjwt.Query, authjwt.Headers}, []string{"200", "400", "401", "500", "503"}},
	} {
		op := documented(t, newManager(t, locatedAt(try.locations...)).OpenAPI("")).operations(t)["POST /refresh"]
		assert.Equal(t, try.statuses, slices.Sorted(maps.Keys(op.Responses)))
	}
}

// What a refusal is for is told in words, under the status it has in the style.
func TestOpenAPI_Reasons(t *testing.T) {
	with := func(style authjwt.ErrorStyle) map[string]apiResponse {
		auth := newManager(t, inMemory, func(s *authjwt.Settings) {
			s.TokenLocation, s.Errors = []authjwt.Location{authjwt.Headers, authjwt.Cookies, authjwt.Query, authjwt.JSON}, style
		})
		return documented(t, auth.OpenAPI("")).operations(t)["POST /logout-all"].Responses
	}
	for style, want := range map[authjwt.ErrorStyle]map[string]string{
		authjwt.RFC6750: {
			"200": "Done.",
			"400": "Refused: a header Authorization that is malformed or repeated; several cookies access_token_cookie; several tokens; a malformed body",
			"401": "Refused: no token; a token that does not verify; a token of the wrong type; a revoked token",
			"403": "Refused: a request of another site's page; a CSRF value that is missing or wrong; a token without a CSRF value",
			"413": "Refused: a body over 64 KiB",
			"500": "Refused: anything the request did not cause",
			"503": "Refused: a service that is out of reach",
		},
		authjwt.FastAPI: {
			"200": "Done.",
			"401": "Refused: no token; a revoked token; a request of another site's page; a CSRF value that is missing or wrong",
			"413": "Refused: a body over 64 KiB",
			"422": "Refused: a token that does not verify; a token of the wrong type; a header Authorization that is malformed or repeated; several cookies access_token_cookie; a token without a CSRF value; several tokens; a malformed body",
			"500": "Refused: anything the request did not cause",
			"503": "Refused: a service that is out of reach",
		},
		authjwt.FastJWTStyle: {
			"200": "Done.",
			"401": "Refused: no token; a token of the wrong type; a revoked token; a request of another site's page; a CSRF value that is missing or wrong; a token without a CSRF value",
			"413": "Refused: a body over 64 KiB",
			"422": "Refused: a token that does not verify; a header Authorization that is malformed or repeated; several cookies access_token_cookie; several tokens; a malformed body",
			"500": "Refused: anything the request did not cause",
			"503": "Refused: a service that is out of reach",
		},
	} {
		got := map[string]string{}
		for status, response := range with(style) {
			got[status] = response.Description
		}
		assert.Equal(t, want, got, style)
	}
}
