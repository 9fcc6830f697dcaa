package authjwt_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
	"github.com/gin-authjwt/authjwt/storetest"
)

// A describedApp is an application with a document, which is held against what the routes do.
type describedApp struct {
	*gin.Engine
	settings          authjwt.Settings
	auth, noCSRF      *authjwt.Manager // the other makes tokens without a csrf claim
	store             *storetest.Faulty
	document          document
	operations        map[string]apiOperation
	seen              map[string]map[string]bool // statuses, and those with a header, by operation
	now               time.Time
	users             int
	claimsErr         error
	access, refresh   string // of the user that was made last
	accessV, refreshV string // their CSRF values
}

func newDescribedApp(tb testing.TB, s authjwt.Settings, withStore bool) *describedApp {
	tb.Helper()
	a := &describedApp{Engine: gin.New(), now: testNow, seen: map[string]map[string]bool{}}
	s.SecretKey, s.Now = testSecret, func() time.Time { return a.now }
	if withStore {
		a.store = storetest.NewFaulty(&authjwt.MemoryStore{Now: s.Now})
		s.Store = a.store
	}
	a.settings = s
	a.auth = must(authjwt.New(s))
	s.InsecureDisableCSRF, s.Store, s.CSRFMethods = true, nil, nil
	a.noCSRF = must(authjwt.New(s))
	a.auth.Mount(a.Group("/auth"), authjwt.Routes{
		Login: func(c *gin.Context) (string, error) {
			cred, err := authjwt.BindCredentials(c)
			if err == nil {
				err = map[string]error{"wonderland": nil, "down": authjwt.ErrUnavailable, "broken": errors.New("a mistake")}[cred.Password]
				if cred.Password == "guess" {
					err = authjwt.ErrInvalidCredentials
				}
			}
			return cred.Username, err
		},
		Claims: func(context.Context, string) (any, error) { return nil, a.claimsErr },
	})
	for _, method := range []string{"GET", "POST", "PUT", "DELETE"} {
		a.Handle(method, "/guarded", a.auth.Required(), func(c *gin.Context) { c.Status(http.StatusOK) })
	}
	a.document = documented(tb, a.auth.OpenAPI("/auth"))
	a.operations = a.document.operations(tb)
	return a
}

// call sends a request for a new user, with what the schemes of the requirement stand for, and checks the answer.
func (a *describedApp) call(tb testing.TB, route, what string, edit func(req *http.Request)) int {
	tb.Helper()
	method, path, _ := strings.Cut(route, " ")
	req := httptest.NewRequest(method, "https://example.com"+path, nil)
	edit(req)
	rec := httptest.NewRecorder()
	a.ServeHTTP(rec, req)
	op, listed := a.operations[route]
	if !listed {
		return rec.Code // a guarded route, which is the application's to describe
	}
	if a.seen[route] == nil {
		a.seen[route] = map[string]bool{}
	}
	a.seen[route][strconv.Itoa(rec.Code)] = true
	var body map[string]any
	_ = json.Unmarshal(rec.Body.Bytes(), &body)
	a.seen[route][strconv.Itoa(rec.Code)+" "+members(body)] = true
	for name := range rec.Header() {
		a.seen[route][strconv.Itoa(rec.Code)+" "+name] = true
	}
	assertDescribed(tb, op, rec, what)
	return rec.Code
}

// user makes the tokens of a new user, for some requests use them up.
func (a *describedApp) user(tb testing.TB) {
	tb.Helper()
	a.users++
	name := fmt.Sprint("user-", a.users)
	a.access, a.refresh = must(a.auth.CreateAccessToken(name)), must(a.auth.CreateRefreshToken(name))
	a.accessV, a.refreshV = must(a.auth.Verify(tb.Context(), a.access, authjwt.Access)).CSRFToken(), must(a.auth.Verify(tb.Context(), a.refresh, authjwt.Refresh)).CSRFToken()
}

// present puts a token, or a CSRF value, where the document says.
func (a *describedApp) present(tb testing.TB, req *http.Request, name, value string) {
	tb.Helper()
	scheme, listed := a.document.Components.SecuritySchemes[name]
	require.True(tb, listed, name)
	switch {
	case scheme.Type == "http":
		require.Equal(tb, "bearer", scheme.Scheme)
		req.Header.Add("Authorization", "Bearer "+value)
	case scheme.Type == "oauth2":
		req.Header.Add("Authorization", "Bearer "+value)
	case scheme.In == "header":
		if _, form, given := strings.Cut(scheme.Description, ": "); given {
			value = strings.ReplaceAll(form, "<JWT>", value)
		}
		req.Header.Add(scheme.Name, value)
	case scheme.In == "cookie":
		if _, rest, given := strings.Cut(scheme.Description, ", after "); given {
			word, _, _ := strings.Cut(rest, " ")
			value = `"` + word + " " + value + `"`
		}
		req.Header.Add("Cookie", scheme.Name+"="+value)
	case scheme.In == "query":
		req.URL.RawQuery = url.Values{scheme.Name: {value}}.Encode()
	default:
		require.Fail(tb, "no such scheme", "%+v", scheme)
	}
}

// value is what a scheme stands for.
func (a *describedApp) value(tb testing.TB, name string) string {
	tb.Helper()
	switch {
	case strings.HasPrefix(name, "refreshCSRF"):
		return a.refreshV
	case strings.HasPrefix(name, "refresh"):
		return a.refresh
	case name == "accessCSRF":
		return a.accessV
	case name == "oauth2": // as a client that knows nothing but the document
		flow := a.document.Components.SecuritySchemes[name].Flows["password"]
		assert.Empty(tb, flow.RefreshURL)
		req := httptest.NewRequest("POST", flow.TokenURL, strings.NewReader("grant_type=password&username="+fmt.Sprint("user-", a.users)+"&password=wonderland"))
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		rec := httptest.NewRecorder()
		a.ServeHTTP(rec, req)
		var answer struct {
			Token string `json:"access_token"`
		}
		require.NoError(tb, json.Unmarshal(rec.Body.Bytes(), &answer), rec.Body)
		return answer.Token
	}
	return a.access
}

func setBody(req *http.Request, kind, text string) {
	other := httptest.NewRequest(req.Method, req.URL.String(), strings.NewReader(text))
	req.Body, req.ContentLength = other.Body, other.ContentLength
	req.Header.Set("Content-Type", kind)
}

// encoded is a body of the type with these fields, name after name and value.
func encodedAs(tb testing.TB, kind string, fields ...string) (contentType, text string) {
	tb.Helper()
	form, members, parts := url.Values{}, map[string]string{}, new(bytes.Buffer)
	w := multipart.NewWriter(parts)
	for i := 0; i < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
		members[fields[i]] = fields[i+1]
		require.NoError(tb, w.WriteField(fields[i], fields[i+1]))
	}
	require.NoError(tb, w.Close())
	switch kind {
	case "application/x-www-form-urlencoded":
		return kind, form.Encode()
	case "multipart/form-data":
		return w.FormDataContentType(), parts.String()
	}
	require.Equal(tb, "application/json", kind)
	return kind, string(must(json.Marshal(members)))
}

func crossSite(req *http.Request) { req.Header.Set("Origin", "https://evil.example") }

// assertSeen checks that no status, and no header or body of one, is described which no request has had.
func (a *describedApp) assertSeen(tb testing.TB) {
	tb.Helper()
	for route, op := range a.operations {
		for status, response := range op.Responses {
			for name := range response.Headers {
				assert.True(tb, a.seen[route][status+" "+http.CanonicalHeaderKey(name)], "%s: no %s has %s", route, status, name)
			}
			if status == "500" && strings.Contains(route, "/logout") {
				continue // a panic of the clock, say
			}
			assert.True(tb, a.seen[route][status], "%s: nothing is answered with %s", route, status)
			for _, form := range response.Content["application/json"].Schema.forms() {
				assert.True(tb, form.Type == "" || a.seen[route][status+" "+members(form.Properties)], "%s: no %s has %s", route, status, members(form.Properties))
			}
		}
	}
}

func (a *describedApp) fault(f storetest.Fault) {
	if a.store != nil {
		a.store.Be(f)
	}
}
