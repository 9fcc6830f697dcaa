package authjwt_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"hash"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

// testSecret is long enough for every HMAC algorithm.
const testSecret = "tests-only-0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFGHIJKLMNOPQRSTUVWXYZ"

// testNow is what the clock of a test says unless it is moved.
var testNow = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func TestMain(m *testing.M) {
	gin.SetMode(gin.TestMode)
	os.Exit(m.Run())
}

// newManager makes a Manager with the test's secret and clock, changed by edit.
func newManager(tb testing.TB, edit ...func(s *authjwt.Settings)) *authjwt.Manager {
	tb.Helper()
	s := authjwt.Settings{SecretKey: testSecret, Now: func() time.Time { return testNow }}
	for _, change := range edit {
		change(&s)
	}
	watched.watch(&s)
	m, err := authjwt.New(s)
	require.NoError(tb, err)
	return m
}

// claims are those of a good access token, with changes; a nil value removes a claim.
func claims(changes map[string]any) map[string]any {
	all := map[string]any{
		"sub": "alice", "iat": testNow.Unix(), "nbf": testNow.Unix(), "exp": testNow.Add(time.Minute).Unix(),
		"jti": "3f0e5c1c-6d3a-4c0e-9a55-0a6f2b1d7e44", "type": "access", "fresh": false,
	}
	for name, value := range changes {
		if value == nil {
			delete(all, name)
		} else {
			all[name] = value
		}
	}
	return all
}

// compact signs header and payload, which may be any text, with the test's secret as alg says.
func compact(tb testing.TB, alg, header, payload string) string {
	tb.Helper()
	return compactWith(tb, alg, testSecret, header, payload)
}

func compactWith(tb testing.TB, alg, secret, header, payload string) string {
	tb.Helper()
	hashes := map[string]func() hash.Hash{"HS256": sha256.New, "HS384": sha512.New384, "HS512": sha512.New}
	require.Contains(tb, hashes, alg)
	signingString := b64(header) + "." + b64(payload)
	mac := hmac.New(hashes[alg], []byte(secret))
	mac.Write([]byte(signingString))
	return signingString + "." + b64(string(mac.Sum(nil)))
}

func b64(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

const headerHS256 = `{"typ":"JWT","alg":"HS256"}`

// signedClaims is a token with these claims under a good HS256 signature.
func signedClaims(tb testing.TB, c map[string]any) string {
	tb.Helper()
	payload, err := json.Marshal(c)
	require.NoError(tb, err)
	return compact(tb, "HS256", headerHS256, string(payload))
}

// a guarded is a router with one guarded route that tells whether its handler ran. What Gin logs goes to log.
type guarded struct {
	*gin.Engine
	ran bool
	log bytes.Buffer
}

func guard(tb testing.TB, handlers ...gin.HandlerFunc) *guarded {
	tb.Helper()
	g := &guarded{Engine: gin.New()}
	g.Use(gin.LoggerWithWriter(&g.log), gin.RecoveryWithWriter(&g.log))
	g.Any("/", append(handlers, func(c *gin.Context) {
		g.ran = true
		c.String(http.StatusOK, "protected")
	})...)
	return g
}

// get sends GET / with the Authorization fields given.
func (g *guarded) get(authorization ...string) *httptest.ResponseRecorder {
	req := httptest.NewRequest(http.MethodGet, "/", nil)
	for _, value := range authorization {
		req.Header.Add("Authorization", value)
	}
	return g.do(req)
}

func (g *guarded) do(req *http.Request) *httptest.ResponseRecorder {
	g.ran = false
	g.log.Reset()
	return answerTo(g, req, &g.log)
}

// An outcome of requirements.md: status, code, detail and the error of the challenge ("-": no challenge).
type outcome struct {
	status       int
	code, detail string
	challenge    string
}

func inv(code, detail string) outcome {
	return outcome{http.StatusUnauthorized, code, detail, "invalid_token"}
}

var (
	noCred    = outcome{http.StatusUnauthorized, "missing_token", "Missing Authorization Header", ""}
	badHeader = outcome{http.StatusBadRequest, "invalid_header", "Bad Authorization header. Expected value 'Bearer <JWT>'", "invalid_request"}
)

// assertRefused checks a refusal, and that it has no side effects: the handler did not run either.
func (g *guarded) assertRefused(tb testing.TB, rec *httptest.ResponseRecorder, want outcome, secrets ...string) {
	tb.Helper()
	assert.False(tb, g.ran, "the protected handler ran")
	assertAnswer(tb, rec, want, secrets...)
	assert.Empty(tb, rec.Header().Values("Set-Cookie"))
	assert.Contains(tb, rec.Header().Values("Vary"), "Authorization, Cookie")
}

// assertAnswer checks a refusal in the default style, and that it has no side effects.
func assertAnswer(tb testing.TB, rec *httptest.ResponseRecorder, want outcome, secrets ...string) {
	tb.Helper()
	assertAnswerItself(tb, rec, want)
	assertNoSideEffects(tb, rec, secrets...)
}

// assertAnswerItself checks status, body, challenge and cache fields.
func assertAnswerItself(tb testing.TB, rec *httptest.ResponseRecorder, want outcome) {
	tb.Helper()
	assert.Equal(tb, want.status, rec.Code)
	assert.Equal(tb, "application/json", rec.Header().Get("Content-Type"))
	assert.Equal(tb, "no-store", rec.Header().Get("Cache-Control"))
	var body map[string]string
	if assert.NoError(tb, json.Unmarshal(rec.Body.Bytes(), &body), "body: %s", rec.Body) {
		assert.Equal(tb, map[string]string{"detail": want.detail, "code": want.code}, body)
	}
	challenge := rec.Header().Get("WWW-Authenticate")
	switch want.challenge {
	case "-":
		assert.Empty(tb, challenge)
	case "":
		assert.Equal(tb, `Bearer realm="api"`, challenge)
	default:
		quoted := strings.ReplaceAll(want.detail, `"`, `'`)
		assert.Equal(tb, `Bearer realm="api", error="`+want.challenge+`", error_description="`+quoted+`"`, challenge)
	}
}

// recorded is the answer of a real server as httptest records answers.
func recorded(res *http.Response, body string) *httptest.ResponseRecorder {
	rec := httptest.NewRecorder()
	maps.Copy(rec.Header(), res.Header)
	rec.WriteHeader(res.StatusCode)
	_, _ = rec.WriteString(body)
	return rec
}

// assertAccepted checks that the handler ran and answered, the twin of every refusal.
func (g *guarded) assertAccepted(tb testing.TB, rec *httptest.ResponseRecorder) {
	tb.Helper()
	assert.True(tb, g.ran, "the protected handler did not run")
	assert.Equal(tb, http.StatusOK, rec.Code, "body: %s", rec.Body)
	assert.Equal(tb, "protected", rec.Body.String())
}

// mustCreate makes an access token.
func mustCreate(tb testing.TB, m *authjwt.Manager, opts ...authjwt.TokenOption) string {
	tb.Helper()
	token, err := m.CreateAccessToken("alice", opts...)
	require.NoError(tb, err)
	return token
}

// post sends an empty POST /.
func post(h http.Handler) *httptest.ResponseRecorder {
	return answerTo(h, httptest.NewRequest(http.MethodPost, "/", nil), nil)
}

func testContext() *gin.Context {
	c, _ := gin.CreateTestContext(httptest.NewRecorder())
	c.Request = httptest.NewRequest(http.MethodGet, "/", nil)
	return c
}

func panicsWith(word string, f func()) (found bool) {
	defer func() { found = strings.Contains(fmt.Sprint(recover()), word) }()
	f()
	return false
}
