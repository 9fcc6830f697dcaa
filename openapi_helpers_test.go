package authjwt_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

// A document is the JSON of what OpenAPI returns, as a reader finds it.
type document struct {
	Paths      map[string]map[string]json.RawMessage
	Components struct{ SecuritySchemes map[string]apiScheme }
}

type apiScheme struct {
	Type, In, Name, Scheme, BearerFormat, Description string
	Flows                                             map[string]struct {
		TokenURL, RefreshURL string
		Scopes               map[string]string
	}
}

type apiOperation struct {
	OperationID string
	Tags        []string
	Security    []map[string][]string
	RequestBody *struct {
		Required bool
		Content  map[string]apiContent
	}
	Responses map[string]apiResponse
}

type apiResponse struct {
	Description string
	Headers     map[string]struct{ Description string }
	Content     map[string]apiContent
}

type apiContent struct{ Schema apiSchema }

type apiSchema struct {
	Type, Format, Description string
	Enum                      []string
	Required                  []string
	Properties                map[string]apiSchema
	AnyOf                     []apiSchema
}

// forms are the schemas of which a body has one.
func (s apiSchema) forms() []apiSchema {
	if s.AnyOf != nil {
		return s.AnyOf
	}
	return []apiSchema{s}
}

// members are the names of a body's, in one text.
func members[T any](body map[string]T) string { return fmt.Sprint(slices.Sorted(maps.Keys(body))) }

func documented(tb testing.TB, o authjwt.OpenAPI) (d document) {
	tb.Helper()
	text, err := json.Marshal(o)
	require.NoError(tb, err)
	require.NotContains(tb, string(text), "$ref")
	require.NoError(tb, json.Unmarshal(text, &d))
	return d
}

// operations are all operations of a document, by method and path.
func (d document) operations(tb testing.TB) map[string]apiOperation {
	tb.Helper()
	all := map[string]apiOperation{}
	for path, item := range d.Paths {
		for method, text := range item {
			if method == "parameters" {
				continue
			}
			var op apiOperation
			require.NoError(tb, json.Unmarshal(text, &op))
			require.Contains(tb, string(text), `"security":[`, "a document's own default must not count")
			all[strings.ToUpper(method)+" "+path] = op
		}
	}
	return all
}

// requirements writes alternatives as texts: the names of the schemes in order.
func requirements(alternatives []map[string][]string) []string {
	all := []string{}
	for _, alternative := range alternatives {
		all = append(all, strings.Join(slices.Sorted(maps.Keys(alternative)), "+"))
	}
	return all
}

// assertDescribed checks that an answer is one of the operation's, member by member and header by header.
func assertDescribed(tb testing.TB, op apiOperation, rec *httptest.ResponseRecorder, what string) {
	tb.Helper()
	described, listed := op.Responses[strconv.Itoa(rec.Code)]
	if !assert.True(tb, listed, "%s: %s: the status %d is not described: %s", op.OperationID, what, rec.Code, rec.Body) {
		return
	}
	for _, name := range []string{"WWW-Authenticate", "Retry-After", "Set-Cookie"} {
		header, listed := described.Headers[name]
		for _, line := range rec.Header().Values(name) {
			if !assert.True(tb, listed, "%s: %s: %d has %s: %s", op.OperationID, what, rec.Code, name, line) || name != "Set-Cookie" {
				continue
			}
			cookie, _, _ := strings.Cut(line, "=")
			assert.Contains(tb, header.Description, " "+cookie+",", "%s: %s", op.OperationID, what)
		}
	}
	content, listed := described.Content["application/json"]
	if !listed {
		return // the application writes it
	}
	assert.Equal(tb, "application/json", rec.Header().Get("Content-Type"))
	var body map[string]any
	if !assert.NoError(tb, json.Unmarshal(rec.Body.Bytes(), &body), "%s: %s: %s", op.OperationID, what, rec.Body) {
		return
	}
	forms := content.Schema.forms()
	i := slices.IndexFunc(forms, func(form apiSchema) bool { return members(form.Properties) == members(body) })
	if !assert.GreaterOrEqual(tb, i, 0, "%s: %s: %d: %s", op.OperationID, what, rec.Code, rec.Body) {
		return
	}
	assert.Equal(tb, "object", forms[i].Type)
	assert.ElementsMatch(tb, slices.Collect(maps.Keys(body)), forms[i].Required, op.OperationID)
	for name, value := range body {
		member := forms[i].Properties[name]
		_, isText := value.(string)
		assert.Equal(tb, map[bool]string{true: "string", false: "integer"}[isText], member.Type, name)
		if member.Enum != nil {
			assert.Contains(tb, member.Enum, value, name)
		}
	}
}

// locationSets are all choices of locations.
func locationSets() (sets [][]authjwt.Location) {
	all := []authjwt.Location{authjwt.Cookies, authjwt.Headers, authjwt.Query, authjwt.JSON}
	for mask := 1; mask < 1<<len(all); mask++ {
		var set []authjwt.Location
		for i, l := range all {
			if mask>>i&1 == 1 {
				set = append(set, l)
			}
		}
		sets = append(sets, set)
	}
	return sets
}
