package authjwt_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
	"github.com/gin-authjwt/authjwt/storetest"
)

// A service is an application with sessions: the prebuilt routes, a protected one, a clock, and a store
// with faults.
type service struct {
	*gin.Engine
	auth  *authjwt.Manager
	store *storetest.Faulty

	mu  sync.Mutex
	now time.Time
	ran bool // the handler of a guarded route, since judge last asked
}

func newService(tb testing.TB, edit ...func(s *authjwt.Settings)) *service {
	tb.Helper()
	s := &service{Engine: gin.New(), now: testNow}
	s.store = storetest.NewFaulty(&authjwt.MemoryStore{Now: s.time})
	s.auth = newManager(tb, append([]func(set *authjwt.Settings){func(set *authjwt.Settings) {
		set.Store, set.Now, set.StoreTimeout = s.store, s.time, 150*time.Millisecond
	}}, edit...)...)
	s.auth.Mount(s, loginAs("alice"))
	user := func(c *gin.Context) {
		s.mu.Lock()
		s.ran = true
		s.mu.Unlock()
		c.String(http.StatusOK, authjwt.FromContext(c).Subject())
	}
	s.GET("/protected", s.auth.Required(), user)
	s.GET("/optional", s.auth.Optional(), user)
	s.GET("/renewal", s.auth.RefreshRequired(), user)
	return s
}

// inMemory sets the MemoryStore without faults between, which a Manager uses in another way.
func inMemory(set *authjwt.Settings) { set.Store = new(authjwt.MemoryStore) }

// A hookedStore does things, at the moment when it is asked, before it answers. Its hooks are no concurrent requests'.
type hookedStore struct {
	authjwt.Store
	get func(keys []string)
	add func()
}

// in puts the hooks before the store of a service.
func (h *hookedStore) in(set *authjwt.Settings) { h.Store, set.Store = set.Store, h }

func (h *hookedStore) Get(ctx context.Context, keys ...string) ([]time.Time, error) {
	if h.get != nil {
		h.get(keys)
	}
	return h.Store.Get(ctx, keys...)
}

func (h *hookedStore) Add(ctx context.Context, key string, t, until time.Time) (time.Time, bool, error) {
	if h.add != nil {
		h.add()
	}
	return h.Store.Add(ctx, key, t, until)
}

func (s *service) time() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

func (s *service) pass(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = s.now.Add(d)
}

// tokens are those of an answer; empty where it has none.
type tokens struct {
	Access  string `json:"access_token"`
	Refresh string `json:"refresh_token"`
}

func (s *service) do(method, path, bearer string) *httptest.ResponseRecorder {
	req := httptest.NewRequest(method, "https://example.com"+path, nil)
	if bearer != "" {
		req.Header.Set("Authorization", "Bearer "+bearer)
	}
	return answerTo(s, req, nil)
}

func (s *service) login(tb testing.TB) tokens {
	tb.Helper()
	return s.got(tb, s.do("POST", "/login", ""))
}

func (s *service) refresh(tb testing.TB, refresh string) tokens {
	tb.Helper()
	return s.got(tb, s.do("POST", "/refresh", refresh))
}

func (s *service) got(tb testing.TB, rec *httptest.ResponseRecorder) (t tokens) {
	tb.Helper()
	require.Equal(tb, http.StatusOK, rec.Code, rec.Body.String())
	require.NoError(tb, json.Unmarshal(rec.Body.Bytes(), &t))
	return t
}

var (
	revoked = inv("token_revoked", "Token has been revoked")
	down    = outcome{http.StatusServiceUnavailable, "unavailable", "Service Unavailable", "-"}
)

// accepts checks that the tokens are good, each on its route.
func (s *service) accepts(tb testing.TB, all ...tokens) {
	tb.Helper()
	s.judge(tb, http.StatusOK, all)
}

// refuses checks that all tokens count for nothing.
func (s *service) refuses(tb testing.TB, all ...tokens) {
	tb.Helper()
	s.judge(tb, http.StatusUnauthorized, all)
}

func (s *service) judge(tb testing.TB, status int, all []tokens) {
	tb.Helper()
	for _, t := range all {
		for path, token := range map[string]string{"/protected": t.Access, "/optional": t.Access, "/renewal": t.Refresh} {
			if token == "" {
				continue
			}
			s.ran = false
			rec := s.do("GET", path, token)
			assert.Equal(tb, status == http.StatusOK, s.ran, "the protected handler")
			if status != http.StatusOK {
				assertAnswer(tb, rec, revoked)
				continue
			}
			assert.Equal(tb, http.StatusOK, rec.Code, "%s: %s", path, rec.Body)
		}
	}
}

// parsed is a token that need not be good any more.
func (s *service) claims(tb testing.TB, raw string) map[string]any {
	tb.Helper()
	plain := newManager(tb, func(set *authjwt.Settings) { set.Now = s.time })
	for _, kind := range []authjwt.TokenType{authjwt.Access, authjwt.Refresh} {
		if t, err := plain.Verify(tb.Context(), raw, kind); err == nil {
			var c map[string]any
			require.NoError(tb, t.Decode(&c))
			return c
		}
	}
	require.Fail(tb, "not a good token")
	return nil
}

// putFails keeps no record of a session.
type putFails struct {
	authjwt.Store
	authjwt.SessionStore
}

func (*putFails) PutSession(context.Context, string, string, []byte, time.Time) ([]string, error) {
	return nil, storetest.ErrFault
}
