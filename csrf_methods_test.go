package authjwt_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/gin-authjwt/authjwt"
)

// takeEveryMethod puts guardian before all methods, also those that Gin's router has no tree for.
func (j *judge) takeEveryMethod(guardian gin.HandlerFunc) {
	j.guarded = &guarded{Engine: gin.New()}
	j.Use(gin.LoggerWithWriter(&j.log), j.keepError, guardian)
	j.NoRoute(func(c *gin.Context) {
		j.ran = true
		c.String(http.StatusOK, "protected")
	})
}

func TestC09_SafeListOfMethods(t *testing.T) {
	post := func(s *authjwt.Settings) { s.CSRFMethods = []string{"POST"} }
	get := func(s *authjwt.Settings) { s.CSRFMethods = []string{"GET"} }
	unlike := []string{"POST", "PUT", "PATCH", "DELETE", "CONNECT", "PROPFIND", "PROPPATCH", "MKCOL", "LINK", "UNLINK", "QUERY", "REPORT",
		"M-SEARCH", "BREW", "post", "Post", "get", "Get", "head", "options", "trace", "GETS", "GE", "_"}
	for _, row := range []struct {
		name             string
		edit             func(s *authjwt.Settings)
		needing, without []string // the value
		unsafe           []string // of those without, what the Origin check looks at
	}{
		{"default", func(*authjwt.Settings) {}, unlike, []string{"GET", "HEAD", "OPTIONS", "TRACE"}, []string{"TRACE"}},
		{"POST alone", post, []string{"POST"}, append([]string{"GET", "HEAD", "OPTIONS", "TRACE"}, unlike[1:]...), unlike[1:]},
		{"GET alone", get, []string{"GET"}, append([]string{"HEAD", "OPTIONS", "TRACE"}, unlike...), unlike},
	} {
		t.Run(row.name, func(t *testing.T) {
			j := newJudge(t, inCookies, row.edit)
			good, value := newPair(t, j.m)
			with := func(method, value string, fields ...string) *http.Request {
				req := withCookie("POST", good, value, fields...)
				req.Method = method
				return req
			}
			for _, guardian := range []gin.HandlerFunc{j.m.Required(), j.m.Optional()} {
				j.takeEveryMethod(guardian)
				for _, method := range row.needing {
					j.refusesRequest(t, with(method, ""), csrfMissing, authjwt.ErrCSRF)
					j.refusesRequest(t, with(method, "x"), csrfMismatch, authjwt.ErrCSRF)
					j.acceptsRequest(t, with(method, value))
				}
				for _, method := range row.without {
					j.acceptsRequest(t, with(method, ""))
					j.acceptsRequest(t, with(method, "x"))
				}
				for _, method := range row.unsafe {
					j.refusesRequest(t, with(method, value, "Origin", "https://a.example"), crossOrigin, authjwt.ErrCSRF)
				}
			}
		})
	}
}

func TestC10_MethodOverride(t *testing.T) {
	j := newJudge(t, inCookies, func(s *authjwt.Settings) { s.CSRFFormField = "csrf_token" })
	good, value := newPair(t, j.m)
	missing := csrfMissing
	missing.detail += ", or in the form field csrf_token"
	for _, row := range []struct{ field, query, form string }{
		{field: "X-HTTP-Method-Override"}, {field: "X-HTTP-Method"}, {field: "X-Method-Override"}, {query: "?_method=GET"}, {form: "_method=GET"},
		{"X-HTTP-Method-Override", "?_method=GET", "_method=GET"},
	} {
		with := func(method, value string) *http.Request {
			req := httptest.NewRequest(method, "https://example.com/"+row.query, strings.NewReader(row.form))
			req.Header = withCookie(method, good, value, "Content-Type", "application/x-www-form-urlencoded").Header
			if row.field != "" {
				req.Header.Set(row.field, "GET")
			}
			return req
		}
		j.refusesRequest(t, with("POST", ""), missing, authjwt.ErrCSRF)
		j.acceptsRequest(t, with("POST", value))
		j.acceptsRequest(t, with("GET", ""))
		foreign := with("POST", value)
		foreign.Header.Set("Sec-Fetch-Site", "cross-site")
		j.refusesRequest(t, foreign, crossOrigin, authjwt.ErrCSRF)
	}
}
