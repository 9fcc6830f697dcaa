package jwks_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
	"github.com/gin-authjwt/authjwt/jwks"
)

const (
	path   = "/.well-known/jwks.json"
	secret = "for-tests-only-0123456789-abcdefghijklmnop"
)

func newManager(t testing.TB, s authjwt.Settings) *authjwt.Manager {
	t.Helper()
	auth, err := authjwt.New(s)
	require.NoError(t, err)
	return auth
}

func newEngine(handlers ...gin.HandlerFunc) *gin.Engine {
	gin.SetMode(gin.TestMode)
	engine := gin.New()
	engine.GET(path, handlers...)
	engine.HEAD(path, handlers...)
	return engine
}

// get asks for the set, with header fields in pairs.
func get(engine *gin.Engine, method string, fields ...string) *httptest.ResponseRecorder {
	request := httptest.NewRequest(method, path, nil)
	for n := 0; n < len(fields); n += 2 {
		request.Header.Add(fields[n], fields[n+1])
	}
	rec := httptest.NewRecorder()
	engine.ServeHTTP(rec, request)
	return rec
}

func keysOf(t testing.TB, rec *httptest.ResponseRecorder) []map[string]string {
	t.Helper()
	require.Equal(t, http.StatusOK, rec.Code, rec.Body)
	var set map[string][]map[string]string
	require.NoError(t, json.Unmarshal(rec.Body.Bytes(), &set))
	assert.Len(t, set, 1)
	return set["keys"]
}

func TestK03_PublicMembersAlone(t *testing.T) {
	want := map[string][]string{"RSA": {"e", "n"}, "P-256": {"crv", "x", "y"}, "P-384": {"crv", "x", "y"}, "P-521": {"crv", "x", "y"}, "Ed25519": {"crv", "x"}}
	for kind, algs := range kinds {
		for _, alg := range algs {
			auth := newManager(t, authjwt.Settings{PrivateKey: signers()[kind], Algorithm: alg, KeyID: "a"})
			rec := get(newEngine(jwks.Handler(auth)), "GET")
			keys := keysOf(t, rec)
			require.Len(t, keys, 1)
			published := keys[0]
			members := append([]string{"alg", "kid", "kty", "use"}, want[kind]...)
			assert.ElementsMatch(t, members, slices.Collect(maps.Keys(published)))
			assert.Equal(t, alg, published["alg"])
			assert.Equal(t, "sig", published["use"])
			for name, value := range newJWK(kind, "a") {
				assert.Equal(t, value, published[name], "%s: %s", kind, name)
			}
			h := rec.Header()
			assert.Equal(t, "application/jwk-set+json", h.Get("Content-Type"))
			assert.Equal(t, "public, max-age=300", h.Get("Cache-Control"))
			assert.Equal(t, "*", h.Get("Access-Control-Allow-Origin"))
			assert.Regexp(t, `^"[\w-]{43}"$`, h.Get("ETag"))
		}
	}
}

func TestK03_NothingToPublish(t *testing.T) {
	set, err := jwks.Parse([]byte(setOf(t, newJWK("P-256", "a"))))
	require.NoError(t, err)
	ring, err := authjwt.NewKeyRing(authjwt.Key{ID: "s", SecretKey: secret})
	require.NoError(t, err)
	for name, s := range map[string]authjwt.Settings{
		"secret":     {SecretKey: secret},
		"ring":       {KeyRing: ring},
		"public key": {PublicKey: signers()["P-256"].Public()},
		"key set":    {KeySet: set, DecodeIssuer: "i", DecodeAudience: []string{"a"}},
	} {
		t.Run(name, func(t *testing.T) {
			engine := newEngine(jwks.Handler(newManager(t, s)), func(c *gin.Context) { c.String(http.StatusOK, "leaked") })
			rec := get(engine, "GET")
			assert.Equal(t, http.StatusNotFound, rec.Code)
			assert.JSONEq(t, `{"detail":"There is no key to publish","code":"not_found"}`, rec.Body.String())
			assert.Equal(t, "no-store", rec.Header().Get("Cache-Control"))
			assert.Empty(t, rec.Header().Get("ETag"))
			assert.Empty(t, rec.Header().Get("WWW-Authenticate"))
			assert.Equal(t, http.StatusNotFound, get(engine, "HEAD").Code)
		})
	}
}

func TestK03_SecretBesideAKey(t *testing.T) {
	ring, err := authjwt.NewKeyRing(
		authjwt.Key{ID: "now", PrivateKey: signers()["P-256"]},
		authjwt.Key{ID: "next", PrivateKey: signers()["P-384"], State: authjwt.KeyNext},
		authjwt.Key{ID: "was", PublicKey: signers()["RSA"].Public(), State: authjwt.KeyPrevious, Until: time.Now().Add(time.Hour)},
		authjwt.Key{ID: "gone", PrivateKey: signers()["P-521"], State: authjwt.KeyRetired},
		authjwt.Key{ID: "secret", SecretKey: secret, State: authjwt.KeyPrevious, Until: time.Now().Add(time.Hour)},
	)
	require.NoError(t, err)
	rec := get(newEngine(jwks.Handler(newManager(t, authjwt.Settings{KeyRing: ring}))), "GET")
	var ids []string
	for _, k := range keysOf(t, rec) {
		ids = append(ids, k["kid"]+" "+k["alg"])
	}
	assert.ElementsMatch(t, []string{"now ES256", "next ES384", "was RS256"}, ids)
	assert.NotContains(t, rec.Body.String(), "oct")
	assert.NotContains(t, rec.Body.String(), encode([]byte(secret)))
}

func TestK03_NotModified(t *testing.T) {
	engine := newEngine(jwks.Handler(newManager(t, authjwt.Settings{PrivateKey: signers()["P-256"]}), jwks.WithMaxAge(time.Hour)))
	first := get(engine, "GET")
	etag := first.Header().Get("ETag")
	for _, sent := range []string{etag, "W/" + etag, `"other", ` + etag, "*"} {
		for _, method := range []string{"GET", "HEAD"} {
			rec := get(engine, method, "If-None-Match", sent)
			assert.Equal(t, http.StatusNotModified, rec.Code, sent)
			assert.Empty(t, rec.Body.String())
			assert.Equal(t, etag, rec.Header().Get("ETag"))
			assert.Equal(t, "public, max-age=3600", rec.Header().Get("Cache-Control"))
			assert.Empty(t, rec.Header().Get("Content-Type"))
		}
	}
	for _, sent := range []string{"", `"other"`, strings.Trim(etag, `"`), strings.ToLower(etag)} {
		rec := get(engine, "GET", "If-None-Match", sent)
		assert.Equal(t, http.StatusOK, rec.Code, sent)
		assert.Equal(t, first.Body.String(), rec.Body.String())
	}
	server := httptest.NewServer(engine)
	defer server.Close()
	head, err := server.Client().Head(server.URL + path)
	require.NoError(t, err)
	defer head.Body.Close()
	assert.Equal(t, http.StatusOK, head.StatusCode)
	assert.EqualValues(t, first.Body.Len(), head.ContentLength)
	assert.Equal(t, etag, head.Header.Get("ETag"))
}

func TestK03_CORSOfTheApplication(t *testing.T) {
	own := func(c *gin.Context) { c.Header("Access-Control-Allow-Origin", "https://app.example") }
	engine := newEngine(own, jwks.Handler(newManager(t, authjwt.Settings{PrivateKey: signers()["P-256"]})))
	assert.Equal(t, []string{"https://app.example"}, get(engine, "GET").Header().Values("Access-Control-Allow-Origin"))
}

func TestK03_KeysThatAreReplaced(t *testing.T) {
	first := authjwt.Key{ID: "1", PrivateKey: signers()["P-256"]}
	second := authjwt.Key{ID: "2", PrivateKey: signers()["P-384"], State: authjwt.KeyNext}
	ring, err := authjwt.NewKeyRing(first)
	require.NoError(t, err)
	engine := newEngine(jwks.Handler(newManager(t, authjwt.Settings{KeyRing: ring})))
	before := get(engine, "GET")
	assert.Len(t, keysOf(t, before), 1)
	again := get(engine, "GET", "If-None-Match", before.Header().Get("ETag"))
	assert.Equal(t, http.StatusNotModified, again.Code)

	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			for range 50 {
				n := len(keysOf(t, get(engine, "GET")))
				assert.True(t, n == 1 || n == 2)
			}
		})
	}
	require.NoError(t, ring.Replace(first, second))
	after := get(engine, "GET", "If-None-Match", before.Header().Get("ETag"))
	assert.Len(t, keysOf(t, after), 2)
	assert.NotEqual(t, before.Header().Get("ETag"), after.Header().Get("ETag"))
	wait.Wait()
}

// The same key under another name, and for another algorithm, is another document.
func TestK03_KeysThatAreRenamed(t *testing.T) {
	rs := authjwt.Key{ID: "1", PrivateKey: signers()["RSA"]}
	ring, err := authjwt.NewKeyRing(rs)
	require.NoError(t, err)
	engine := newEngine(jwks.Handler(newManager(t, authjwt.Settings{KeyRing: ring})))
	published := func() string {
		keys := keysOf(t, get(engine, "GET"))
		require.Len(t, keys, 1)
		return keys[0]["kid"] + " " + keys[0]["alg"]
	}
	replace := func(old, next authjwt.Key) {
		old.State = authjwt.KeyRetired
		require.NoError(t, ring.Replace(old, next))
	}
	require.Equal(t, "1 RS256", published())
	ps, between := authjwt.Key{ID: "1", PrivateKey: signers()["RSA"], Algorithm: "PS256"}, authjwt.Key{ID: "0", PrivateKey: signers()["P-256"]}
	replace(rs, between) // nobody asks in the meantime
	replace(between, ps)
	assert.Equal(t, "1 PS256", published())
	renamed := ps
	renamed.ID = "2"
	replace(ps, between)
	replace(between, renamed)
	assert.Equal(t, "2 PS256", published())
}

func TestK03_Mistakes(t *testing.T) {
	auth := newManager(t, authjwt.Settings{SecretKey: secret})
	for fix, make := range map[string]func(){
		"jwks: Handler: the Manager is nil; make one with authjwt.New":                                                                      func() { jwks.Handler(nil) },
		"jwks: Handler: a HandlerOption is nil; leave it out":                                                                               func() { jwks.Handler(auth, nil) },
		"jwks: Handler: WithMaxAge: 300ns is no number of seconds up to a day; a plain number counts nanoseconds, so write 5*time.Minute":   func() { jwks.Handler(auth, jwks.WithMaxAge(300)) },
		"jwks: Handler: WithMaxAge: -1s is no number of seconds up to a day; a plain number counts nanoseconds, so write 5*time.Minute":     func() { jwks.Handler(auth, jwks.WithMaxAge(-time.Second)) },
		"jwks: Handler: WithMaxAge: 24h0m1s is no number of seconds up to a day; a plain number counts nanoseconds, so write 5*time.Minute": func() { jwks.Handler(auth, jwks.WithMaxAge(24*time.Hour+time.Second)) },
	} {
		assert.PanicsWithValue(t, fix, make)
	}
	for _, d := range []time.Duration{0, time.Second, 24 * time.Hour} {
		assert.NotPanics(t, func() { jwks.Handler(auth, jwks.WithMaxAge(d)) })
	}
}

// What Handler publishes, Remote reads: tokens of one Manager are verified by another that has no key of its own.
func TestK03_HandlerToRemote(t *testing.T) {
	for kind, algs := range kinds {
		for _, alg := range algs {
			t.Run(alg, func(t *testing.T) {
				maker := newManager(t, authjwt.Settings{PrivateKey: signers()[kind], Algorithm: alg, EncodeIssuer: "https://issuer.example"})
				stranger := newManager(t, authjwt.Settings{PrivateKey: strangers()[kind], Algorithm: alg, EncodeIssuer: "https://issuer.example"})
				server := httptest.NewTLSServer(newEngine(jwks.Handler(maker)))
				defer server.Close()
				remote, err := jwks.NewRemote(server.URL+path, jwks.WithHTTPClient(server.Client()))
				require.NoError(t, err)
				reader := newManager(t, authjwt.Settings{KeySet: remote, DecodeIssuer: "https://issuer.example"})

				raw, err := maker.CreateAccessToken("alice")
				require.NoError(t, err)
				token, err := reader.Verify(t.Context(), raw, authjwt.Access)
				require.NoError(t, err)
				assert.Equal(t, "alice", token.Subject)

				raw, err = stranger.CreateAccessToken("alice")
				require.NoError(t, err)
				_, err = reader.Verify(t.Context(), raw, authjwt.Access)
				assert.ErrorIs(t, err, authjwt.ErrJWTDecode, "a token of another key")
			})
		}
	}
}

// An issuer that cannot be asked is 503, a token of a key that it has not is 401.
func TestK05_StatusesOfAManager(t *testing.T) {
	i := newIssuer(t, httptest.NewServer)
	i.answers(http.NotFound)
	maker := newManager(t, authjwt.Settings{PrivateKey: signers()["P-256"], KeyID: "a"})
	reader := newManager(t, authjwt.Settings{KeySet: i.remote(t)})
	raw, err := maker.CreateAccessToken("alice")
	require.NoError(t, err)
	_, err = reader.Verify(t.Context(), raw, authjwt.Access)
	assert.ErrorIs(t, err, authjwt.ErrUnavailable)
	i.publishes(setOf(t, newJWK("P-256", "b")))
	i.clock.advance(10 * time.Second)
	_, err = reader.Verify(t.Context(), raw, authjwt.Access)
	assert.ErrorIs(t, err, authjwt.ErrJWTDecode)
	i.publishes(setOf(t, newJWK("P-256", "a")))
	i.clock.advance(time.Minute)
	_, err = reader.Verify(t.Context(), raw, authjwt.Access)
	assert.NoError(t, err)
}
