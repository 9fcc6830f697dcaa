//go:build !race

package authjwt_test

import (
	"context"
	"crypto"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

// The race detector allocates by itself, so budgets hold without it alone.

// discard is a response that costs nothing, so that what is measured is the route.
type discard struct{ header http.Header }

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) Write(p []byte) (int, error) { return len(p), nil }
func (d *discard) WriteHeader(int)             {}

// protectedGET is one GET with a bearer token to a route with the given handlers.
func protectedGET(tb testing.TB, token string, handlers ...gin.HandlerFunc) func() {
	req := httptest.NewRequest(http.MethodGet, "/", nil)
	req.Header.Set("Authorization", "Bearer "+token)
	return repeated(tb, req, handlers...)
}

// repeated sends req, each time with a new response.
func repeated(tb testing.TB, req *http.Request, handlers ...gin.HandlerFunc) func() {
	r := gin.New()
	r.Handle(req.Method, "/", handlers...)
	rec := httptest.NewRecorder()
	r.ServeHTTP(rec, req)
	require.Equal(tb, http.StatusOK, rec.Code)
	return func() { r.ServeHTTP(&discard{http.Header{}}, req) }
}

func TestAllocs_ProtectedGET(t *testing.T) {
	m := newManager(t)
	token := mustCreate(t, m)
	answer := func(c *gin.Context) { c.String(http.StatusOK, "ok") }
	bare := protectedGET(t, token, answer)
	ours := protectedGET(t, token, m.Required(), func(c *gin.Context) {
		if authjwt.FromContext(c).Subject() == "alice" {
			answer(c)
		}
	})
	beyond := testing.AllocsPerRun(1000, ours) - testing.AllocsPerRun(1000, bare)
	// The AuthJWT, two for Gin's map of keys, and the claims' text.
	assert.LessOrEqual(t, beyond, 4.0)
}

// A cookie takes no more than a bearer token, and a POST no more for the Origin check and the CSRF value, whatever the
// browser sends.
func TestAllocs_ProtectedByCookie(t *testing.T) {
	m := newManager(t, inCookies, func(s *authjwt.Settings) { s.TrustedOrigins = []string{"https://app.example"} })
	token, csrf := newPair(t, m)
	answer := func(c *gin.Context) { c.String(http.StatusOK, "ok") }
	count := func(req *http.Request, handlers ...gin.HandlerFunc) float64 {
		return testing.AllocsPerRun(1000, repeated(t, req, append(handlers, answer)...))
	}
	get := count(withCookie(http.MethodGet, token, ""), m.Required())
	bare := count(withCookie(http.MethodGet, token, ""))
	assert.LessOrEqual(t, get-bare, 4.0)
	for _, row := range []struct {
		name   string
		fields []string
	}{
		{"browser", []string{"Origin", "https://example.com", "Sec-Fetch-Site", "same-origin"}},
		{"older browser", []string{"Origin", "https://example.com"}},
		{"trusted origin", []string{"Origin", "https://app.example"}},
		{"trusted origin, by its word cross-site", []string{"Origin", "https://app.example", "Sec-Fetch-Site", "cross-site"}},
		{"no browser", nil},
	} {
		assert.LessOrEqual(t, count(withCookie(http.MethodPost, token, csrf, row.fields...), m.Required()), get, row.name)
	}
}

// A MemoryStore adds none to a protected GET.
func TestAllocs_MemoryStore(t *testing.T) {
	count := func(edit ...func(s *authjwt.Settings)) float64 {
		m := newManager(t, edit...)
		return testing.AllocsPerRun(1000, protectedGET(t, mustCreate(t, m), m.Required(), func(c *gin.Context) { c.String(http.StatusOK, "ok") }))
	}
	assert.LessOrEqual(t, count(inMemory), count())
}

// absent is a Store that has nothing.
type absent struct{ authjwt.Store }

func (absent) Get(_ context.Context, keys ...string) ([]time.Time, error) {
	return make([]time.Time, len(keys)), nil
}

// What every other Store is asked adds the keys, their text, and the context; the times are the Store's own.
func TestAllocs_Store(t *testing.T) {
	count := func(edit ...func(s *authjwt.Settings)) float64 {
		m := newManager(t, edit...)
		return testing.AllocsPerRun(1000, protectedGET(t, mustCreate(t, m), m.Required(), func(c *gin.Context) { c.String(http.StatusOK, "ok") }))
	}
	assert.LessOrEqual(t, count(func(s *authjwt.Settings) { s.Store = absent{} }), count()+4)
}

func TestAllocs_Verify(t *testing.T) {
	auth := newManager(t)
	token := mustCreate(t, auth)
	assert.LessOrEqual(t, testing.AllocsPerRun(1000, func() {
		_, _ = auth.Verify(t.Context(), token, authjwt.Access)
	}), 2.0) // the Token and the claims' text
}

// The rest is what package crypto allocates for a signature, and to compare the key of a KeySet with the one before.
func TestAllocs_KeyPairs(t *testing.T) {
	answer := func(c *gin.Context) { c.String(http.StatusOK, "ok") }
	for alg, most := range map[string]float64{"EdDSA": 7, "RS256": 18, "ES256": 30} {
		pair, public := newManager(t, signsWith(alg)), publicKey(alg)
		set := keySetFunc(func(context.Context, string, string) (crypto.PublicKey, error) { return public, nil })
		token := mustCreate(t, pair)
		bare := testing.AllocsPerRun(300, protectedGET(t, token, answer))
		for name, m := range map[string]*authjwt.Manager{"pair": pair, "KeySet": newManager(t, withKeySet(set))} {
			beyond := testing.AllocsPerRun(300, protectedGET(t, token, m.Required(), answer)) - bare
			assert.LessOrEqual(t, beyond, most, "%s, %s", alg, name)
		}
	}
}

// A refusal costs the Error, what keeps it, and the fields of the answer, whose text is made once.
func TestAllocs_Refused(t *testing.T) {
	m := newManager(t, unheard)
	good := mustCreate(t, m)
	refresh, err := m.CreateRefreshToken("alice")
	require.NoError(t, err)
	_, err = m.Verify(t.Context(), good, authjwt.Access) // from then on the header of such tokens is known
	require.NoError(t, err)
	other := compact(t, "HS256", headerOf("HS256", `,"x":1`), goodPayload())
	answer := func(c *gin.Context) { c.String(http.StatusOK, "ok") }
	for name, row := range map[string]struct {
		token string
		most  float64
	}{
		"tampered": {good[:len(good)-4] + "AAAA", 7}, "malformed": {"x", 7}, "wrong type": {refresh, 8},
		"expired":                         {signedClaims(t, claims(map[string]any{"exp": testNow.Unix() - 60})), 8},
		"tampered, of a header not known": {other[:len(other)-4] + "AAAA", 11},
		"none":                            {"", 7},
	} {
		req := httptest.NewRequest(http.MethodGet, "/", nil)
		if row.token != "" {
			req.Header.Set("Authorization", "Bearer "+row.token)
		}
		bare := testing.AllocsPerRun(1000, repeated(t, req, answer))
		r := gin.New()
		r.GET("/", m.Required(), answer)
		w := &discard{}
		refused := testing.AllocsPerRun(1000, func() {
			w = &discard{http.Header{}}
			r.ServeHTTP(w, req)
		})
		require.Contains(t, w.header, "Www-Authenticate", name)
		assert.LessOrEqual(t, refused-bare, row.most, name)
	}
}

// A login makes two tokens, four cookies and an answer.
func TestAllocs_Login(t *testing.T) {
	login := func(c *gin.Context) { c.String(http.StatusOK, "ok") }
	bare := testing.AllocsPerRun(1000, repeated(t, request(http.MethodPost), login))
	for name, row := range map[string]struct {
		edit func(s *authjwt.Settings)
		most float64
	}{
		"header":  {func(*authjwt.Settings) {}, 14},
		"cookies": {inCookies, 22},
		"both":    {locatedAt(authjwt.Headers, authjwt.Cookies), 22},
	} {
		handler := newManager(t, unheard, row.edit).LoginHandler(loginAs("alice"))
		beyond := testing.AllocsPerRun(1000, repeated(t, request(http.MethodPost), handler)) - bare
		assert.LessOrEqual(t, beyond, row.most, name)
	}
}

// Claims that are not the package's are looked over, not kept, and a long token takes more memory, not more pieces of it.
func TestAllocs_LongTokens(t *testing.T) {
	m := newManager(t)
	answer := func(c *gin.Context) { c.String(http.StatusOK, "ok") }
	many := map[string]any{}
	for i := range 50 {
		many[fmt.Sprintf("claim%d", i)] = i
	}
	long := map[string]any{"text": strings.Repeat("x", 5800)}
	usual := testing.AllocsPerRun(1000, protectedGET(t, mustCreate(t, m), m.Required(), answer))
	for name, extra := range map[string]map[string]any{"50 claims": many, "8 KiB": long} {
		token := mustCreate(t, m, authjwt.WithClaims(extra))
		if name == "8 KiB" {
			require.InDelta(t, 8<<10, len(token), 300)
		}
		assert.LessOrEqual(t, testing.AllocsPerRun(1000, protectedGET(t, token, m.Required(), answer)), usual, name)
	}
}

// A token that a VerifiedTokenCache knows: the AuthJWT, and two for Gin's map of keys.
func TestAllocs_KnownToken(t *testing.T) {
	answer := func(c *gin.Context) { c.String(http.StatusOK, "ok") }
	for _, alg := range []string{"EdDSA", "RS256", "ES256"} {
		m := newManager(t, signsWith(alg), func(s *authjwt.Settings) { s.VerifiedTokenCache = 10 })
		token := mustCreate(t, m)
		bare := testing.AllocsPerRun(300, protectedGET(t, token, answer))
		assert.LessOrEqual(t, testing.AllocsPerRun(300, protectedGET(t, token, m.Required(), answer))-bare, 3.0, alg)
	}
}

func TestAllocs_Create(t *testing.T) {
	auth := newManager(t)
	assert.LessOrEqual(t, testing.AllocsPerRun(1000, func() {
		_, _ = auth.CreateAccessToken("alice")
	}), 5.0)
}
