// Package snippet is the Go of docs/recipes.md with these tests: TestDocs_Recipes puts them together.
package snippet

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/gin-authjwt/authjwt"
	"github.com/gin-gonic/gin"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const secret = "tests-only-0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFGHIJKLMNOPQRSTUVWXYZ"

func TestMain(m *testing.M) {
	gin.SetMode(gin.TestMode)
	gin.DefaultWriter = io.Discard
	os.Exit(m.Run())
}

func login(c *gin.Context) (string, error) { return "alice", nil }

// send makes a request, with pairs of header fields.
func send(h http.Handler, method, url string, fields ...string) *httptest.ResponseRecorder {
	req := httptest.NewRequest(method, url, nil)
	if method == http.MethodPost && strings.HasSuffix(url, "/login") {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i < len(fields); i += 2 {
		req.Header.Set(fields[i], fields[i+1])
	}
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, req)
	return rec
}

// cookies are what a browser sends back, and the access token's CSRF value.
func cookies(t *testing.T, rec *httptest.ResponseRecorder) (field, csrf string) {
	t.Helper()
	require.Equal(t, http.StatusOK, rec.Code, rec.Body)
	var all []string
	for _, c := range rec.Result().Cookies() {
		all = append(all, c.Name+"="+c.Value)
		if strings.HasSuffix(c.Name, "csrf_access_token") {
			csrf = c.Value
		}
	}
	require.NotEmpty(t, csrf)
	return strings.Join(all, "; "), csrf
}

func TestPagesAndApps(t *testing.T) {
	auth, err := newForPagesAndApps(secret)
	require.NoError(t, err)
	h := forPagesAndApps(auth, login)

	app := send(h, "POST", "https://example.com/login")
	require.Contains(t, app.Body.String(), `"access_token":"`)
	_, token, _ := strings.Cut(app.Body.String(), `"access_token":"`)
	token, _, _ = strings.Cut(token, `"`)
	assert.Equal(t, "alice", send(h, "GET", "https://example.com/me", "Authorization", "Bearer "+token).Body.String())

	page := send(h, "POST", "https://example.com/login", "Sec-Fetch-Site", "same-origin")
	assert.NotContains(t, page.Body.String(), "eyJ")
	assert.Contains(t, page.Body.String(), `"csrf_access_token"`)
	field, _ := cookies(t, page)
	assert.Contains(t, field, "__Host-access_token_cookie=")
	assert.Equal(t, "alice", send(h, "GET", "https://example.com/me", "Cookie", field).Body.String())
}

func TestAnotherOrigin(t *testing.T) {
	auth, err := newForAnotherOrigin(secret)
	require.NoError(t, err)
	h := forAnotherOrigin(auth, login)
	const api = "https://api.example.com"

	preflight := send(h, "OPTIONS", api+"/orders", "Origin", frontend, "Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "x-csrf-token")
	assert.Equal(t, http.StatusNoContent, preflight.Code)
	assert.Equal(t, frontend, preflight.Header().Get("Access-Control-Allow-Origin"))
	assert.Equal(t, "true", preflight.Header().Get("Access-Control-Allow-Credentials"))

	field, csrf := cookies(t, send(h, "POST", api+"/login", "Origin", frontend, "Sec-Fetch-Site", "same-site"))
	for origin, status := range map[string]int{frontend: 201, "https://evil.example.com": 403, "http://app.example.com": 403} {
		rec := send(h, "POST", api+"/orders", "Origin", origin, "Sec-Fetch-Site", "same-site", "Cookie", field, "X-CSRF-Token", csrf)
		assert.Equal(t, status, rec.Code, origin)
	}
}

func TestBehindAProxy(t *testing.T) {
	auth, err := newForPagesAndApps(secret)
	require.NoError(t, err)
	h, err := behindAProxy(auth, login)
	require.NoError(t, err)
	address := os.Getenv("PROXIED")
	listener, err := net.Listen("tcp", address)
	require.NoError(t, err)
	server := &http.Server{Handler: h}
	t.Cleanup(func() { _ = server.Close() })
	go func() { _ = server.Serve(listener) }()

	if os.Getenv("PROXY") == "" {
		t.Skip("nginx is missing")
	}
	client := clientOf(os.Getenv("PROXY"))
	do := func(method, path string, fields ...string) *http.Response {
		req, err := http.NewRequest(method, "https://example.com"+path, nil)
		require.NoError(t, err)
		for i := 0; i < len(fields); i += 2 {
			req.Header.Set(fields[i], fields[i+1])
		}
		res, err := client.Do(req)
		require.NoError(t, err)
		t.Cleanup(func() { _ = res.Body.Close() })
		return res
	}
	in := do("POST", "/login", "Origin", "https://example.com", "Content-Type", "application/x-www-form-urlencoded")
	require.Equal(t, http.StatusOK, in.StatusCode)
	field, csrf := "", ""
	for _, c := range in.Cookies() {
		assert.True(t, c.Secure)
		field += c.Name + "=" + c.Value + "; "
		if strings.HasSuffix(c.Name, "csrf_access_token") {
			csrf = c.Value
		}
	}
	res := do("POST", "/orders", "Origin", "https://example.com", "Cookie", field, "X-CSRF-Token", csrf, "X-Forwarded-For", "203.0.113.7")
	address2, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	assert.Equal(t, http.StatusCreated, res.StatusCode, "%s", address2)
	assert.Equal(t, "127.0.0.1", string(address2), "the client's word for its address does not count")
	assert.Equal(t, http.StatusForbidden, do("POST", "/orders", "Origin", "https://evil.example", "Cookie", field, "X-CSRF-Token", csrf).StatusCode)
}

func TestSubdomains(t *testing.T) {
	shared := new(authjwt.MemoryStore)
	shop, err := newForSubdomains(secret, shared)
	require.NoError(t, err)
	account, err := newForSubdomains(secret, shared)
	require.NoError(t, err)
	shops, accounts := forPagesAndApps(shop, login), forPagesAndApps(account, login)
	rec := send(shops, "POST", "https://shop.example.com/login", "Origin", "https://account.example.com")
	for _, c := range rec.Result().Cookies() {
		assert.Equal(t, "example.com", c.Domain)
	}
	field, csrf := cookies(t, rec)
	assert.Equal(t, "alice", send(accounts, "GET", "https://account.example.com/me", "Cookie", field).Body.String())
	assert.Equal(t, http.StatusOK, send(accounts, "DELETE", "https://account.example.com/logout", "Cookie", field, "X-CSRF-Token", csrf).Code)
	assert.Equal(t, http.StatusUnauthorized, send(shops, "GET", "https://shop.example.com/me", "Cookie", field).Code)
}

func TestSharedAndShutDown(t *testing.T) {
	if os.Getenv("REDIS") == "" {
		t.Skip("redis-server is missing")
	}
	options := &redis.Options{Addr: os.Getenv("REDIS"), ContextTimeoutEnabled: true}
	var instances []http.Handler
	for range 2 {
		auth, err := newShared(t.Context(), secret, redis.NewClient(options))
		require.NoError(t, err)
		instances = append(instances, forPagesAndApps(auth, login))
	}
	field, csrf := cookies(t, send(instances[0], "POST", "https://example.com/login"))
	assert.Equal(t, "alice", send(instances[1], "GET", "https://example.com/me", "Cookie", field).Body.String())
	assert.Equal(t, http.StatusOK, send(instances[1], "DELETE", "https://example.com/logout", "Cookie", field, "X-CSRF-Token", csrf).Code)
	assert.Equal(t, http.StatusUnauthorized, send(instances[0], "GET", "https://example.com/me", "Cookie", field).Code)

	// A request that is under way when the server is to end gets its answer; then the client is closed.
	client := redis.NewClient(options)
	ctx, stop := context.WithCancel(t.Context())
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	served := make(chan error, 1)
	go func() {
		served <- serve(ctx, listener, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			stop()
			_, _ = io.WriteString(w, "answered")
		}), client)
	}()
	res, err := http.Get("http://" + listener.Addr().String())
	require.NoError(t, err)
	text, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	assert.Equal(t, "answered", string(text))
	assert.NoError(t, <-served)
	assert.ErrorIs(t, client.Ping(t.Context()).Err(), redis.ErrClosed)
}
