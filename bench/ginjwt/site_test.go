package ginjwt

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	jwt "github.com/appleboy/gin-jwt/v2"
	"github.com/gin-gonic/gin"
	jwtv4 "github.com/golang-jwt/jwt/v4"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

const secret = "tests-only-0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFGHIJKLMNOPQRSTUVWXYZ"

func TestMain(m *testing.M) {
	gin.SetMode(gin.TestMode)
	os.Exit(m.Run())
}

// User is what the page calls so; find and right are its database and its comparison of password hashes.
type User struct{ UserName, Role string }

func find(name string) *User {
	return map[string]*User{"admin": {"admin", "owner"}, "test": {"test", "guest"}}[name]
}

func right(name, password string) bool { return find(name) != nil && password == name }

// A site is one of the page's two programs. Both clocks can be moved.
type site struct {
	http.Handler
	now  time.Time
	old  *jwt.GinJWTMiddleware
	auth *authjwt.Manager
}

func engine() *gin.Engine {
	r := gin.New()
	r.Use(gin.CustomRecoveryWithWriter(nil, func(c *gin.Context, _ any) { c.AbortWithStatus(http.StatusInternalServerError) }))
	return r
}

func oldSite(t *testing.T, more ...func(mw *jwt.GinJWTMiddleware)) *site {
	t.Helper()
	s := &site{now: time.Now().Truncate(time.Second), old: oldSettings([]byte(secret))}
	s.old.TimeFunc = func() time.Time { return s.now }
	for _, set := range more {
		set(s.old)
	}
	_, err := jwt.New(s.old)
	require.NoError(t, err)
	r := engine()
	before(r, s.old)
	s.Handler = r
	return s
}

func newSite(t *testing.T, more ...func(s *authjwt.Settings)) *site {
	t.Helper()
	return newSiteWith(t, after, more...)
}

func newSiteWith(t *testing.T, routes func(r *gin.Engine, auth *authjwt.Manager), more ...func(s *authjwt.Settings)) *site {
	t.Helper()
	s := &site{now: time.Now().Truncate(time.Second)}
	settings := newSettings(secret)
	settings.Now = func() time.Time { return s.now }
	for _, set := range more {
		set(&settings)
	}
	if store, kept := settings.Store.(*authjwt.MemoryStore); kept {
		store.Now = settings.Now
	}
	var err error
	s.auth, err = authjwt.New(settings)
	require.NoError(t, err)
	r := engine()
	routes(r, s.auth)
	s.Handler = r
	return s
}

// send makes a request with these header fields, each name before its value. A body is JSON.
func (s *site) send(method, path, body string, fields ...string) *httptest.ResponseRecorder {
	req := httptest.NewRequest(method, "https://shop.example"+path, strings.NewReader(body))
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(fields); i += 2 {
		req.Header.Add(fields[i], fields[i+1])
	}
	rec := httptest.NewRecorder()
	s.ServeHTTP(rec, req)
	return rec
}

func (s *site) get(path string, fields ...string) *httptest.ResponseRecorder {
	return s.send("GET", path, "", fields...)
}

func (s *site) post(path, body string, fields ...string) *httptest.ResponseRecorder {
	return s.send("POST", path, body, fields...)
}

func bearer(text string) []string { return []string{"Authorization", "Bearer " + text} }

func loginAs(name string) string { return `{"username":"` + name + `","password":"` + name + `"}` }

// login returns the tokens of the answer; gin-jwt has one for both.
func (s *site) login(t *testing.T, name string) (access, refresh string) {
	t.Helper()
	rec := s.post("/login", loginAs(name))
	require.Equal(t, http.StatusOK, rec.Code, rec.Body)
	return tokensIn(t, rec)
}

func tokensIn(t *testing.T, rec *httptest.ResponseRecorder) (access, refresh string) {
	t.Helper()
	var answer struct {
		Token   string `json:"token"`
		Access  string `json:"access_token"`
		Refresh string `json:"refresh_token"`
	}
	require.NoError(t, json.Unmarshal(rec.Body.Bytes(), &answer))
	return answer.Token + answer.Access, answer.Refresh
}

func (s *site) hello(text string) *httptest.ResponseRecorder {
	return s.get("/auth/hello", bearer(text)...)
}

// refresher is a new token for refresh.
func (s *site) refresher(t *testing.T) string {
	t.Helper()
	access, refresh := s.login(t, "admin")
	if s.old != nil {
		return access
	}
	return refresh
}

func (s *site) refresh(text string) *httptest.ResponseRecorder {
	if s.old != nil {
		return s.get("/auth/refresh_token", bearer(text)...)
	}
	return s.post("/refresh", "", bearer(text)...)
}

// expired is a token of the site's that is over.
func (s *site) expired(t *testing.T) string {
	t.Helper()
	now := s.now
	defer func() { s.now = now }()
	s.now = now.Add(-2 * time.Hour)
	access, _ := s.login(t, "admin")
	return access
}

// cookieField is the Cookie field of a browser that has got an answer.
func cookieField(rec *httptest.ResponseRecorder) []string {
	var pairs []string
	for _, c := range rec.Result().Cookies() {
		pairs = append(pairs, c.Name+"="+c.Value)
	}
	return []string{"Cookie", strings.Join(pairs, "; ")}
}

// ahead makes gin-jwt that of the release ahead of the move.
func ahead(mw *jwt.GinJWTMiddleware) { mw.PayloadFunc = readAhead }

// changing is what differs from call to call: a token, a date, a CSRF value.
var changing = regexp.MustCompile(`\beyJ[\w-]+\.[\w-]+\.[\w-]+|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)|[0-9a-f]{8}-[0-9a-f-]{27}`)

func blanked(text string) string { return changing.ReplaceAllString(text, "…") }

// decoded is the header or the payload of a token.
func decoded(t *testing.T, text string, part int) (members map[string]any) {
	t.Helper()
	parts := strings.Split(text, ".")
	require.Len(t, parts, 3)
	plain, err := base64.RawURLEncoding.DecodeString(parts[part])
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(plain, &members))
	return members
}

// signedByOld is a token with gin-jwt's key and these claims alone.
func signedByOld(t *testing.T, before *site, claims jwt.MapClaims) string {
	t.Helper()
	text, err := jwtv4.NewWithClaims(jwtv4.SigningMethodHS256, jwtv4.MapClaims(claims)).SignedString(before.old.Key)
	require.NoError(t, err)
	return text
}
