package authjwt_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

// presets are the functions that return Settings, by their names.
var presets = map[string]func() authjwt.Settings{
	"FastAPIJWTAuth": authjwt.FastAPIJWTAuth, "FastJWT": authjwt.FastJWT, "OAuth2Cookie": authjwt.OAuth2Cookie,
}

// using takes a preset, with the test's secret and clock.
func using(preset func() authjwt.Settings) func(s *authjwt.Settings) {
	return func(s *authjwt.Settings) {
		own := preset()
		own.SecretKey, own.Now = s.SecretKey, s.Now
		*s = own
	}
}

// A presetService has the prebuilt routes, a route for each guard, and some that refuse for reasons of their own.
type presetService struct {
	*gin.Engine
	auth     *authjwt.Manager
	inCookie bool // where its clients keep their tokens, if not in the header
	left     error
}

func newPresetService(tb testing.TB, preset func() authjwt.Settings, edit ...func(s *authjwt.Settings)) *presetService {
	tb.Helper()
	s := &presetService{Engine: gin.New()}
	s.auth = newManager(tb, slices.Concat([]func(*authjwt.Settings){using(preset), func(set *authjwt.Settings) {
		set.TokenInDenylist, set.Validate = knownSubjects, func(_ context.Context, t *authjwt.Token) error {
			return map[string]error{"eve": errors.New("no more")}[t.Subject]
		}
	}}, edit)...)
	s.Use(func(c *gin.Context) {
		s.left = nil
		c.Next()
		if last := c.Errors.Last(); last != nil {
			s.left = last.Err
		}
	})
	s.auth.Mount(s, authjwt.Routes{Login: exampleLogin})
	s.Any("/token", s.auth.LoginHandler(authjwt.Routes{Login: exampleLogin}))
	user := func(c *gin.Context) {
		c.JSON(http.StatusOK, gin.H{"user": authjwt.FromContext(c).Subject()})
	}
	s.Any("/protected", s.auth.Required(), user)
	s.Any("/optional", s.auth.Optional(), user)
	s.Any("/fresh", s.auth.FreshRequired(), user)
	s.Any("/scoped", s.auth.Required(authjwt.WithScopes("a")), user)
	s.Any("/renewal", s.auth.RefreshRequired(), user)
	for path, err := range map[string]error{
		"/own": &authjwt.Error{Status: 402, Code: "overdrawn", Detail: "Not enough money"}, "/broken": errors.New("boom"),
		"/csrf": authjwt.ErrCSRF, "/csrf-wrapped": fmt.Errorf("by hand: %w", authjwt.ErrCSRF),
		"/own-wrapped": fmt.Errorf("%w: %w", &authjwt.Error{Status: 429, Code: "slow_down", Detail: "Try later"}, authjwt.ErrInvalidCredentials),
	} {
		s.GET(path, func(c *gin.Context) { s.auth.Bind(c).Abort(err) })
	}
	return s
}

// knownSubjects is a denylist that has mallory, and cannot tell about trent.
func knownSubjects(_ context.Context, t *authjwt.Token) (bool, error) {
	if t.Subject == "trent" {
		return false, errors.New("no route to host")
	}
	return t.Subject == "mallory", nil
}

func (s *presetService) do(req *http.Request) *httptest.ResponseRecorder {
	return answerTo(s, req, nil)
}

// to is a request to a route.
func to(method, path string, fields ...string) *http.Request {
	req := request(method, fields...)
	req.URL.Path, req.RequestURI = path, path
	return req
}

// submitting is a POST of a body.
func submitting(path, contentType, body string, fields ...string) *http.Request {
	req := httptest.NewRequest(http.MethodPost, "https://example.com"+path, strings.NewReader(body))
	req.Header.Set("Content-Type", contentType)
	for i := 0; i < len(fields); i += 2 {
		req.Header.Add(fields[i], fields[i+1])
	}
	return req
}

const (
	jsonBody = "application/json"
	formBody = "application/x-www-form-urlencoded"
	asAlice  = "username=alice&password=wonderland"
)

// with is a GET that presents a token where the clients of the service keep theirs.
func (s *presetService) with(path, token string) *http.Request {
	switch {
	case !s.inCookie:
		return to("GET", path, "Authorization", "Bearer "+token)
	case path == "/renewal":
		return to("GET", path, "Cookie", `refresh_token_cookie="Bearer `+token+`"`)
	}
	return to("GET", path, "Cookie", `access_token="Bearer `+token+`"`)
}

// logsIn logs alice in, and returns her tokens and their CSRF values, from the cookies.
func (s *presetService) logsIn(tb testing.TB) (access, value, refresh, renewal string) {
	tb.Helper()
	rec := s.do(submitting("/login", formBody, asAlice))
	require.Equal(tb, http.StatusOK, rec.Code, rec.Body)
	found := map[string]string{}
	for _, c := range setCookies(tb, rec) {
		found[c.Name] = c.Value
	}
	return found[accessCookie], found[accessValue], found[refreshCookie], found[refreshValue]
}

var (
	compactToken = regexp.MustCompile(`eyJ[\w-]+\.[\w-]+\.[\w-]+`)
	aUUID        = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[48][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`)
)

// goldenToken is header and claims of a token, octet by octet but for UUIDs, of which no two are equal.
func goldenToken(tb testing.TB, raw string) string {
	tb.Helper()
	segments := strings.Split(raw, ".")
	require.Len(tb, segments, 3)
	header, err := base64.RawURLEncoding.DecodeString(segments[0])
	require.NoError(tb, err)
	payload, err := base64.RawURLEncoding.DecodeString(segments[1])
	require.NoError(tb, err)
	ids := aUUID.FindAllString(string(payload), -1)
	assert.Len(tb, slices.Compact(slices.Sorted(slices.Values(ids))), len(ids), "two UUIDs are equal")
	return string(header) + "\n" + aUUID.ReplaceAllString(string(payload), "<uuid>")
}

// goldenAnswer is an answer as it goes out, its fields in order. Tokens are told by their type, CSRF values by their
// token; tokens of one type are one and the same.
func goldenAnswer(tb testing.TB, rec *httptest.ResponseRecorder) string {
	tb.Helper()
	var b strings.Builder
	fmt.Fprintln(&b, rec.Code)
	for _, name := range slices.Sorted(maps.Keys(rec.Header())) {
		for _, value := range rec.Header()[name] {
			fmt.Fprintf(&b, "%s: %s\n", name, value)
		}
	}
	text := b.String() + "\n" + rec.Body.String()
	known := map[string]string{}
	for _, token := range compactToken.FindAllString(text, -1) {
		var c struct{ Type, CSRF string }
		payload, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
		require.NoError(tb, err)
		require.NoError(tb, json.Unmarshal(payload, &c))
		if other, ok := known[c.Type]; ok {
			assert.Equal(tb, other, token, "two %s tokens", c.Type)
		}
		known[c.Type] = token
		text = strings.ReplaceAll(text, token, "<"+c.Type+">")
		if c.CSRF != "" {
			text = strings.ReplaceAll(text, c.CSRF, "<csrf of "+c.Type+">")
		}
	}
	return text
}

// A told is how a preset tells of a refusal: the status, the body, and the challenge, if any.
type told struct {
	status          int
	body, challenge string
}

// refusesAs checks the whole answer to each of refusalCases but those that the preset has no use for.
func (s *presetService) refusesAs(t *testing.T, want map[string]told, without ...string) {
	t.Helper()
	for _, name := range slices.Sorted(maps.Keys(refusalCases)) {
		if slices.Contains(without, name) {
			assert.NotContains(t, want, name)
			continue
		}
		t.Run(name, func(t *testing.T) {
			require.Contains(t, want, name)
			c, tell := refusalCases[name], want[name]
			rec := s.do(c.request(t, s))
			assert.Equal(t, tell.body, rec.Body.String())
			assert.Equal(t, tell.status, rec.Code)
			header := http.Header{"Content-Type": {"application/json"}, "Cache-Control": {"no-store"}, "Vary": {"Authorization, Cookie"}}
			if tell.challenge != "" {
				header.Set("WWW-Authenticate", tell.challenge)
			}
			switch tell.status {
			case http.StatusServiceUnavailable:
				header.Set("Retry-After", "1")
			case http.StatusMethodNotAllowed:
				header.Set("Allow", "POST")
			}
			assert.Equal(t, header, rec.Header())
			var e *authjwt.Error
			require.ErrorAs(t, s.left, &e)
			assert.Equal(t, tell.status, e.Status)
			if c.is != nil {
				assert.ErrorIs(t, e, c.is)
			}
		})
	}
	for name := range want {
		assert.Contains(t, refusalCases, name)
	}
}
