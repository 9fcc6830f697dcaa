// Package snippet is the Go of docs/migrate-fastapi-jwt-auth.md with these tests: TestDocs_MigratePage puts them together.
package snippet

import (
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gin-authjwt/authjwt"
	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const secret = "tests-only-0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFGHIJKLMNOPQRSTUVWXYZ"

func TestMain(m *testing.M) {
	gin.SetMode(gin.TestMode)
	os.Exit(m.Run())
}

// onlyIn is what a page of Python's documentation has in authjwt_token_location.
func onlyIn(l authjwt.Location) func(s *authjwt.Settings) {
	return func(s *authjwt.Settings) { s.TokenLocation = []authjwt.Location{l} }
}

func mustAuth(t *testing.T, more ...func(s *authjwt.Settings)) *authjwt.Manager {
	t.Helper()
	t.Setenv("AUTHJWT_SECRET_KEY", secret)
	auth, err := newAuth(more...)
	require.NoError(t, err)
	return auth
}

// A client sends the requests of one section.
type client struct {
	*testing.T
	auth *authjwt.Manager
	last string // the last token sent
}

func (c *client) must(token string, err error) string {
	c.Helper()
	require.NoError(c, err)
	return token
}

func (c *client) expired() string {
	old := mustAuth(c.T, func(s *authjwt.Settings) { s.Now = func() time.Time { return time.Now().Add(-time.Hour) } })
	return c.must(old.CreateAccessToken("test"))
}

// send makes the request with what the page says it comes with, and returns the answer.
func (c *client) send(r http.Handler, method, path, with string) *httptest.ResponseRecorder {
	c.Helper()
	body := ""
	switch with {
	case "the password":
		body = `{"username":"test","password":"test"}`
	case "a wrong password":
		body = `{"username":"test","password":"wrong"}`
	}
	req := httptest.NewRequest(method, "https://example.com"+path, strings.NewReader(body))
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	bearer := func(token string) {
		c.last = token
		req.Header.Set("Authorization", "Bearer "+token)
	}
	cookie := func(name string, want authjwt.TokenType, token, value string) {
		req.AddCookie(&http.Cookie{Name: name, Value: token})
		if value == "its" {
			t, err := c.auth.Verify(c.Context(), token, want)
			require.NoError(c, err)
			value = t.CSRFToken()
		}
		if value != "" {
			req.Header.Set("X-CSRF-Token", value)
		}
	}
	switch with {
	case "", "the password", "a wrong password":
	case "an access token":
		bearer(c.must(c.auth.CreateAccessToken("test")))
	case "a refresh token":
		bearer(c.must(c.auth.CreateRefreshToken("test")))
	case "an expired token":
		bearer(c.expired())
	case "a fresh token":
		bearer(c.must(freshToken(c.auth, "test")))
	case "a token that has them":
		bearer(c.must(withExtra(c.auth)))
	case "the same token":
		bearer(c.last)
	case "the access cookie":
		cookie("access_token_cookie", authjwt.Access, c.must(c.auth.CreateAccessToken("test")), "")
	case "the access cookie and another value":
		cookie("access_token_cookie", authjwt.Access, c.must(c.auth.CreateAccessToken("test")), "another")
	case "the access cookie and its value":
		cookie("access_token_cookie", authjwt.Access, c.must(c.auth.CreateAccessToken("test")), "its")
	case "the refresh cookie and its value":
		cookie("refresh_token_cookie", authjwt.Refresh, c.must(c.auth.CreateRefreshToken("test")), "its")
	default:
		require.Fail(c, "the tests do not know: "+with)
	}
	rec := httptest.NewRecorder()
	r.ServeHTTP(rec, req)
	return rec
}

var (
	heading = regexp.MustCompile(`(?m)^### (.*)$`)
	request = regexp.MustCompile(`(?m)^#> ([A-Z]+) (/\S*?)(?: with (.+?))?: (\d{3}) (\{.*\})$`)
)

// requestsOf are the requests of a section and their answers.
func requestsOf(t *testing.T) (headings []string, requests map[string][][]string) {
	t.Helper()
	page, err := os.ReadFile("page.md")
	require.NoError(t, err)
	requests = map[string][][]string{}
	read := 0
	starts := heading.FindAllStringSubmatchIndex(string(page), -1)
	for i, at := range starts {
		end := len(page)
		if i+1 < len(starts) {
			end = starts[i+1][0]
		}
		name := string(page[at[2]:at[3]])
		headings = append(headings, name)
		requests[name] = request.FindAllStringSubmatch(string(page[at[0]:end]), -1)
		read += len(requests[name])
	}
	require.Equal(t, strings.Count(string(page), "\n#> "), read, "a line with #> cannot be read")
	return headings, requests
}

// play sends the requests of a section to its routes.
func play(t *testing.T, section string, auth *authjwt.Manager, r http.Handler) {
	t.Helper()
	_, requests := requestsOf(t)
	require.NotEmpty(t, requests[section], "%s has no requests", section)
	c := &client{T: t, auth: auth}
	for _, line := range requests[section] {
		rec := c.send(r, line[1], line[2], line[3])
		assert.Equal(t, line[4], strconv.Itoa(rec.Code), "%s: %s", section, line[0])
		pattern := strings.ReplaceAll(regexp.QuoteMeta(line[5]), "…", `[\w-]+\.[\w-]+\.[\w-]+`)
		assert.Regexp(t, "^"+pattern+"$", rec.Body.String(), "%s: %s", section, line[0])
		assert.Empty(t, rec.Header().Values("WWW-Authenticate"))
	}
}
