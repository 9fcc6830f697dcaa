package redisstore_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
	"github.com/gin-authjwt/authjwt/internal/redisserver"
	"github.com/gin-authjwt/authjwt/redisstore"
)

const secret = "for-tests-only-0123456789-abcdefghijklmnop"

// newClient has the options of go-redis's README: contexts are not heeded, commands are tried again.
func newClient(t *testing.T, server *redisserver.Server, edit ...func(o *redis.Options)) *redis.Client {
	t.Helper()
	o := &redis.Options{Addr: server.Addr()}
	for _, f := range edit {
		f(o)
	}
	client := redis.NewClient(o)
	t.Cleanup(func() { _ = client.Close() })
	return client
}

func newClusterClient(t *testing.T, cluster *redisserver.Cluster) *redis.ClusterClient {
	t.Helper()
	client := redis.NewClusterClient(&redis.ClusterOptions{Addrs: cluster.Addrs()})
	t.Cleanup(func() { _ = client.Close() })
	return client
}

func newRing(t *testing.T, servers ...*redisserver.Server) *redis.Ring {
	t.Helper()
	addrs := map[string]string{}
	for _, server := range servers {
		addrs[server.Addr()] = server.Addr()
	}
	client := redis.NewRing(&redis.RingOptions{Addrs: addrs})
	t.Cleanup(func() { _ = client.Close() })
	return client
}

func newStore(t *testing.T, client redis.UniversalClient, opts ...redisstore.Option) *redisstore.Store {
	t.Helper()
	s, err := redisstore.New(t.Context(), client, opts...)
	require.NoError(t, err)
	return s
}

// A site is an application on a store: the prebuilt routes, and a protected one of each kind.
type site struct {
	*gin.Engine
	auth *authjwt.Manager

	mu     sync.Mutex
	events []authjwt.Event
}

func newSite(t *testing.T, store authjwt.Store, edit ...func(s *authjwt.Settings)) *site {
	t.Helper()
	s := &site{Engine: gin.New()}
	set := authjwt.Settings{SecretKey: secret, Store: store, OnEvent: s.note}
	for _, f := range edit {
		f(&set)
	}
	var err error
	s.auth, err = authjwt.New(set)
	require.NoError(t, err)
	s.auth.Mount(s, authjwt.Routes{Login: func(c *gin.Context) (string, error) { return c.DefaultQuery("as", "alice"), nil }})
	s.GET("/protected", s.auth.Required(), func(c *gin.Context) { c.String(http.StatusOK, authjwt.FromContext(c).Subject()) })
	s.GET("/renewal", s.auth.RefreshRequired(), func(c *gin.Context) { c.Status(http.StatusOK) })
	return s
}

func (s *site) note(_ context.Context, e authjwt.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.events = append(s.events, e)
}

// told is how many events of that kind there were.
func (s *site) told(kind authjwt.EventKind) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.events {
		if e.Kind == kind {
			n++
		}
	}
	return n
}

// pair is what a login or a refresh answers.
type pair struct {
	Access  string `json:"access_token"`
	Refresh string `json:"refresh_token"`
}

func (s *site) do(method, path, bearer string) *httptest.ResponseRecorder {
	req := httptest.NewRequest(method, path, nil)
	if bearer != "" {
		req.Header.Set("Authorization", "Bearer "+bearer)
	}
	rec := httptest.NewRecorder()
	s.ServeHTTP(rec, req)
	return rec
}

func (s *site) got(t *testing.T, rec *httptest.ResponseRecorder) (p pair) {
	t.Helper()
	require.Equal(t, http.StatusOK, rec.Code, rec.Body.String())
	require.NoError(t, json.Unmarshal(rec.Body.Bytes(), &p))
	return p
}

func (s *site) login(t *testing.T) pair {
	t.Helper()
	return s.got(t, s.do("POST", "/login", ""))
}

func (s *site) refresh(t *testing.T, refresh string) pair {
	t.Helper()
	return s.got(t, s.do("POST", "/refresh", refresh))
}

func (s *site) accepts(t *testing.T, p pair) {
	t.Helper()
	assert.Equal(t, http.StatusOK, s.do("GET", "/protected", p.Access).Code)
	assert.Equal(t, http.StatusOK, s.do("GET", "/renewal", p.Refresh).Code)
}

// refuses checks that both tokens were revoked.
func (s *site) refuses(t *testing.T, p pair) {
	t.Helper()
	for path, token := range map[string]string{"/protected": p.Access, "/renewal": p.Refresh} {
		rec := s.do("GET", path, token)
		assert.Equal(t, http.StatusUnauthorized, rec.Code, path)
		assert.Contains(t, rec.Body.String(), "token_revoked", path)
	}
}

// isDown checks that everything that needs the store is answered with 503, within a second, and that
// nothing is said about why, or issued.
func (s *site) isDown(t *testing.T, p pair) {
	t.Helper()
	for _, call := range [][3]string{
		{"GET", "/protected", p.Access},
		{"GET", "/renewal", p.Refresh},
		{"POST", "/login", ""},
		{"POST", "/refresh", p.Refresh},
		{"POST", "/logout", p.Access},
	} {
		start := time.Now()
		rec := s.do(call[0], call[1], call[2])
		assert.Less(t, time.Since(start), time.Second, call[1])
		assert.Equal(t, http.StatusServiceUnavailable, rec.Code, "%s: %s", call[1], rec.Body)
		assert.Equal(t, "1", rec.Header().Get("Retry-After"), call[1])
		assert.JSONEq(t, `{"detail":"Service Unavailable","code":"unavailable"}`, rec.Body.String(), call[1])
	}
}

// until waits for what must come to be within d, and returns how long it took.
func until(t *testing.T, d time.Duration, what string, so func() bool) time.Duration {
	t.Helper()
	start := time.Now()
	for !so() {
		if time.Since(start) > d {
			require.Fail(t, "it has not come to be: "+what, "within %v", d)
		}
		time.Sleep(5 * time.Millisecond)
	}
	return time.Since(start)
}
