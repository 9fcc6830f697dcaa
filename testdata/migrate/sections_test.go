package snippet

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"testing"
	"time"

	"github.com/gin-authjwt/authjwt"
	"github.com/gin-gonic/gin"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Every section with requests, its settings and its routes.
func TestRequests(t *testing.T) {
	played := map[string]bool{"Revoking tokens in Redis": true}
	for _, row := range []struct {
		section string
		set     []func(s *authjwt.Settings)
		routes  func(r *gin.Engine, auth *authjwt.Manager)
	}{
		{"Basic usage", in(authjwt.Headers), basic},
		{"Partially protecting", in(authjwt.Headers), partially},
		{"Refresh tokens", in(authjwt.Headers), refreshing},
		{"Freshness tokens", in(authjwt.Headers), freshness},
		{"JWT in cookies", in(authjwt.Cookies), cookies},
		{"CSRF", append(in(authjwt.Cookies), withFrontEnd), csrf},
		{"Revoking tokens", append(in(authjwt.Headers), inMemory), revoking},
		{"Additional claims", in(authjwt.Headers), additional},
	} {
		auth, r := mustAuth(t, row.set...), gin.New()
		row.routes(r, auth)
		play(t, row.section, auth, r)
		played[row.section] = true
	}
	headings, requests := requestsOf(t)
	for _, section := range headings {
		assert.Equal(t, len(requests[section]) > 0, played[section], section)
	}
}

func in(l authjwt.Location) []func(s *authjwt.Settings) {
	return []func(s *authjwt.Settings){onlyIn(l)}
}

// What goes out with a login and a logout is recorded of Python: its scenario "login sets four cookies", with Secure.
func TestCookies(t *testing.T) {
	auth, r := mustAuth(t, in(authjwt.Cookies)...), gin.New()
	cookies(r, auth)
	c := &client{T: t, auth: auth}
	var set []string
	for _, cookie := range c.send(r, "POST", "/login", "the password").Result().Cookies() {
		cookie.Value = "value"
		set = append(set, cookie.String())
	}
	assert.Equal(t, []string{
		"access_token_cookie=value; Path=/; HttpOnly; Secure", "csrf_access_token=value; Path=/; Secure",
		"refresh_token_cookie=value; Path=/; HttpOnly; Secure", "csrf_refresh_token=value; Path=/; Secure",
	}, set)
	var unset []string
	for _, cookie := range c.send(r, "DELETE", "/logout", "the access cookie and its value").Result().Cookies() {
		assert.Empty(t, cookie.Value)
		assert.Negative(t, cookie.MaxAge)
		unset = append(unset, cookie.Name)
	}
	slices.Sort(unset)
	assert.Equal(t, []string{"access_token_cookie", "csrf_access_token", "csrf_refresh_token", "refresh_token_cookie"}, unset)
}

// A page of another origin must be listed, value or not.
func TestFrontEnd(t *testing.T) {
	for origin, status := range map[string]int{"https://example.com": 200, "https://app.example.com": 200, "https://other.example.com": 401} {
		auth, r := mustAuth(t, in(authjwt.Cookies)[0], withFrontEnd), gin.New()
		r.Use(func(c *gin.Context) { c.Request.Header.Set("Origin", origin) })
		csrf(r, auth)
		rec := (&client{T: t, auth: auth}).send(r, "POST", "/protected", "the access cookie and its value")
		assert.Equal(t, status, rec.Code, origin)
		if status != 200 {
			assert.Contains(t, rec.Body.String(), `{"detail":"Cross-origin request. `)
		}
	}
}

func TestRedis(t *testing.T) {
	if _, err := exec.LookPath("redis-server"); err != nil {
		require.Empty(t, os.Getenv("REQUIRE_SERVICES"), "redis-server is missing")
		t.Skip(err)
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	addr := free.Addr().String()
	_, port, _ := net.SplitHostPort(addr)
	require.NoError(t, free.Close())
	server := exec.Command("redis-server", "--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no")
	server.Dir = t.TempDir()
	require.NoError(t, server.Start())
	t.Cleanup(func() { _ = server.Process.Kill(); _ = server.Wait() })
	conn := redis.NewClient(&redis.Options{Addr: addr, ContextTimeoutEnabled: true})
	t.Cleanup(func() { _ = conn.Close() })
	require.Eventually(t, func() bool { return conn.Ping(t.Context()).Err() == nil }, 20*time.Second, 20*time.Millisecond)

	auth, r := mustAuth(t, onlyIn(authjwt.Headers), shared(conn)), gin.New()
	revokingShared(r, auth, conn)
	play(t, "Revoking tokens in Redis", auth, r)

	// What Python has entered counts here, and what is entered here is what Python looks for.
	raw, err := auth.CreateAccessToken("test")
	require.NoError(t, err)
	token, err := auth.Verify(t.Context(), raw, authjwt.Access)
	require.NoError(t, err)
	get := func(method, path string) int {
		req := httptest.NewRequest(method, path, nil)
		req.Header.Set("Authorization", "Bearer "+raw)
		rec := httptest.NewRecorder()
		r.ServeHTTP(rec, req)
		return rec.Code
	}
	assert.Equal(t, 200, get("DELETE", "/access-revoke"))
	assert.Equal(t, "true", conn.Get(t.Context(), token.ID).Val())
	assert.InDelta(t, (16 * time.Minute).Seconds(), conn.TTL(t.Context(), token.ID).Val().Seconds(), 5)
	require.NoError(t, conn.Del(t.Context(), token.ID).Err())
	assert.Equal(t, 200, get("GET", "/user"))
	require.NoError(t, conn.SetEx(t.Context(), token.ID, "true", 15*time.Minute).Err())
	assert.Equal(t, 401, get("GET", "/user"))
	require.NoError(t, conn.Close())
	assert.Equal(t, 503, get("GET", "/user"))
}

func TestAsymmetric(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	require.NoError(t, err)
	armor := func(kind string, der []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	auth, err := authjwt.LoadConfig(func() (authjwt.Settings, error) {
		return asymmetric(armor("PUBLIC KEY", public), armor("PRIVATE KEY", private))
	})
	require.NoError(t, err)
	raw, err := auth.CreateAccessToken("test")
	require.NoError(t, err)
	header, err := authjwt.UnverifiedHeader(raw)
	require.NoError(t, err)
	assert.Equal(t, map[string]any{"typ": "JWT", "alg": "RS512"}, header)
}

func TestSockets(t *testing.T) {
	auth, r := mustAuth(t), gin.New()
	sockets(r, auth, func(c *gin.Context) { c.String(http.StatusSwitchingProtocols, "") })
	raw, err := auth.CreateAccessToken("test")
	require.NoError(t, err)
	token, err := auth.Verify(t.Context(), raw, authjwt.Access)
	require.NoError(t, err)
	for _, row := range []struct {
		target, cookie, origin string
		status                 int
		detail                 string
	}{
		{"/ws?token=" + raw, "", "", 101, ""},
		{"/ws", "", "", 401, "Missing access token from Query or Path"},
		{"/ws?token=x", "", "", 422, "Not enough segments"},
		{"/ws-cookie?csrf_token=" + token.CSRFToken(), raw, "https://example.com", 101, ""},
		{"/ws-cookie", raw, "https://example.com", 401, "Missing CSRF Token"},
		{"/ws-cookie?csrf_token=" + token.CSRFToken(), raw, "https://evil.example", 401, "Cross-origin request. If the page is yours, list its origin in TrustedOrigins"},
	} {
		req := httptest.NewRequest("GET", "https://example.com"+row.target, nil)
		req.Header.Set("Connection", "Upgrade")
		req.Header.Set("Upgrade", "websocket")
		if row.cookie != "" {
			req.AddCookie(&http.Cookie{Name: "access_token_cookie", Value: row.cookie})
			req.Header.Set("Origin", row.origin)
		}
		rec := httptest.NewRecorder()
		r.ServeHTTP(rec, req)
		assert.Equal(t, row.status, rec.Code, row.target)
		if row.detail != "" {
			assert.JSONEq(t, `{"detail":"`+row.detail+`"}`, rec.Body.String())
		}
	}
}

func TestDynamic(t *testing.T) {
	auth := mustAuth(t, algorithms)
	raw, err := oneDay(auth)
	require.NoError(t, err)
	token, err := auth.Verify(t.Context(), raw, authjwt.Access)
	require.NoError(t, err)
	assert.Equal(t, 24*time.Hour, token.ExpiresAt.Sub(token.IssuedAt))

	_, err = never(auth)
	require.Error(t, err)
	endless := mustAuth(t, func(s *authjwt.Settings) { s.AccessTokenExpires = authjwt.NoExpiry })
	raw, err = never(endless)
	require.NoError(t, err)
	_, err = endless.Verify(t.Context(), raw, authjwt.Access)
	require.NoError(t, err)
	_, err = auth.Verify(t.Context(), raw, authjwt.Access)
	require.EqualError(t, err, `authjwt: token_claims_invalid: Token is missing the "exp" claim`)

	raw, err = signedBy384(auth)
	require.NoError(t, err)
	_, err = auth.Verify(t.Context(), raw, authjwt.Access)
	require.NoError(t, err)
	header, err := authjwt.UnverifiedHeader(raw)
	require.NoError(t, err)
	assert.Equal(t, "HS384", header["alg"])
	t.Setenv("AUTHJWT_SECRET_KEY", secret)
	_, err = newAuth(func(s *authjwt.Settings) { s.DecodeAlgorithms = []string{"HS384", "HS512"} })
	assert.ErrorContains(t, err, `"HS256", the Algorithm of new tokens, is not listed`)
}

// Python reads the claim by the name that Go writes.
func TestClaimNames(t *testing.T) {
	auth := mustAuth(t)
	raw, err := withExtra(auth)
	require.NoError(t, err)
	token, err := auth.Verify(t.Context(), raw, authjwt.Access)
	require.NoError(t, err)
	all, err := authjwt.ClaimsAs[map[string]any](token)
	require.NoError(t, err)
	assert.Equal(t, []any{"fiz", "baz"}, all["foo"])
}

func TestBigger(t *testing.T) {
	auth, r := mustAuth(t, onlyIn(authjwt.Headers)), gin.New()
	bigger(r, auth)
	c := &client{T: t, auth: auth}
	assert.Equal(t, 200, c.send(r, "POST", "/users/login", "the password").Code)
	assert.Equal(t, 401, c.send(r, "GET", "/items/mine", "").Code)
	assert.JSONEq(t, `{"user":"test"}`, c.send(r, "GET", "/items/mine", "an access token").Body.String())
}

func TestOutside(t *testing.T) {
	jti, err := outside(context.Background(), mustAuth(t))
	require.NoError(t, err)
	assert.Regexp(t, `^[0-9a-f-]{36}$`, jti)
}
