package authjwt_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

// The parameters by which other programs are told where to go after a login or a logout.
var redirectParams = []string{
	"next", "redirect", "redirect_to", "redirect_uri", "redirect_url", "post_logout_redirect_uri", "return", "return_to", "returnTo",
	"returnUrl", "ReturnUrl", "url", "uri", "to", "from", "continue", "goto", "target", "dest", "destination", "callback", "service",
	"success_url", "failure_url", "RelayState", "state",
}

// changing are the parts of an answer that no two logins share: tokens, and CSRF values.
var changing = regexp.MustCompile(`eyJ[\w-]+\.[\w-]+\.[\w-]+|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)

// A prebuilt handler answers by itself, whether it accepts or refuses, and wherever it is told to send the client.
func TestL08_NothingRedirects(t *testing.T) {
	now := testNow
	m := newManager(t, func(s *authjwt.Settings) {
		s.Store, s.Now = new(authjwt.MemoryStore), func() time.Time { return now }
		s.TokenLocation = []authjwt.Location{authjwt.Headers, authjwt.Cookies, authjwt.Query, authjwt.JSON}
	})
	good := map[string]string{"username": "alice", "password": "test"}
	missing := func(detail string) outcome { return outcome{http.StatusUnauthorized, "missing_token", detail, ""} }
	for _, row := range []struct {
		method, path, bearer string
		fields               map[string]string
		refused              outcome
		reason               error // nil: it accepts
	}{
		{"POST", "/login", "", good, outcome{}, nil},
		{"POST", "/login", "", map[string]string{"username": "alice", "password": "guess"}, badPassword, authjwt.ErrInvalidCredentials},
		{"POST", "/refresh", "refresh", nil, outcome{}, nil},
		{"POST", "/refresh", "access", nil, inv("refresh_token_required", "Only refresh tokens are allowed"), authjwt.ErrRefreshTokenRequired},
		{"POST", "/refresh", "", nil, missing("Missing cookie refresh_token_cookie"), authjwt.ErrMissingToken},
		{"DELETE", "/logout", "access", nil, outcome{}, nil},
		{"POST", "/logout", "refresh", nil, outcome{}, nil},
		{"POST", "/logout", "", nil, outcome{}, nil},
		{"POST", "/logout-all", "access", nil, outcome{}, nil},
		{"POST", "/logout-all", "refresh", nil, inv("access_token_required", "Only access tokens are allowed"), authjwt.ErrAccessTokenRequired},
		{"POST", "/logout-all", "", nil, missing("Missing cookie access_token_cookie"), authjwt.ErrMissingToken},
	} {
		t.Run(fmt.Sprint(row.method, row.path, " ", row.bearer, row.refused.status), func(t *testing.T) {
			e := newEndpoint(nil)
			m.Mount(e, accounts())
			// ask sends the parameters in the query, and the body as JSON or as a form.
			ask := func(method, path, bearer string, query url.Values, contentType string, body map[string]string) *httptest.ResponseRecorder {
				text, err := json.Marshal(body)
				require.NoError(t, err)
				if contentType != "application/json" {
					text = []byte(values(body).Encode())
				}
				req := httptest.NewRequest(method, "https://example.com"+path+"?"+query.Encode(), strings.NewReader(string(text)))
				req.Header.Set("Content-Type", contentType)
				req.Header.Set("Accept", "text/html")
				if bearer != "" {
					req.Header.Set("Authorization", "Bearer "+bearer)
				}
				return e.do(req)
			}
			check := func(query url.Values, contentType string, params map[string]string) string {
				t.Helper()
				now = now.Add(2 * time.Second) // logout-all has a say on logins in its second
				access, refresh := handedOut(t, ask("POST", "/login", "", nil, "application/json", good))
				body := map[string]string{}
				maps.Copy(body, row.fields)
				maps.Copy(body, params)
				e.last = nil
				rec := ask(row.method, row.path, map[string]string{"access": access, "refresh": refresh}[row.bearer], query, contentType, body)
				assert.Empty(t, rec.Header().Values("Location"))
				assert.Empty(t, rec.Header().Values("Refresh"))
				if row.reason == nil {
					assert.Equal(t, http.StatusOK, rec.Code, rec.Body)
					assert.NoError(t, e.last)
				} else {
					assertAnswer(t, rec, row.refused)
					assert.ErrorIs(t, e.last, row.reason)
				}
				return changing.ReplaceAllString(fmt.Sprint(rec.Code, rec.Header(), rec.Body), "…")
			}
			for _, contentType := range []string{"application/json", "application/x-www-form-urlencoded"} {
				plain := check(nil, contentType, nil)
				for _, target := range []string{"https://evil.example/x", "//evil.example/x", `/\evil.example`, "/welcome"} {
					params := map[string]string{}
					for _, name := range redirectParams {
						params[name] = target
					}
					assert.Equal(t, plain, check(values(params), contentType, nil), "query: %s", target)
					assert.Equal(t, plain, check(nil, contentType, params), "%s: %s", contentType, target)
					assert.Equal(t, plain, check(values(params), contentType, params), "both: %s", target)
				}
			}
		})
	}
}

func values(params map[string]string) url.Values {
	v := url.Values{}
	for name, value := range params {
		v.Set(name, value)
	}
	return v
}
