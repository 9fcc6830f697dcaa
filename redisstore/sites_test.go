package redisstore_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
	"github.com/gin-authjwt/authjwt/internal/redisserver"
	"github.com/gin-authjwt/authjwt/redisstore"
)

// listed are the sessions of alice.
func (s *site) listed(t *testing.T) (ids []string) {
	t.Helper()
	all, err := s.auth.Sessions(t.Context(), "alice")
	require.NoError(t, err)
	for _, session := range all {
		assert.Equal(t, "192.0.2.1", session.ClientAddress)
		ids = append(ids, session.ID)
	}
	return ids
}

// Two servers on one Redis list the logins of both; what ends on one leaves the list of the other.
func TestSessions_OfTwoSites(t *testing.T) {
	server := redisserver.Start(t)
	sites := make([]*site, 2)
	for i := range sites {
		store := newStore(t, newClient(t, server), redisstore.WithNegativeCache(time.Second))
		sites[i] = newSite(t, store, func(s *authjwt.Settings) {
			s.Sessions, s.TokenLocation = store, []authjwt.Location{authjwt.Headers, authjwt.Cookies}
			s.RefreshWithin = 5 * time.Minute
		})
	}
	first, second := sites[0].login(t), sites[1].login(t)
	token, err := sites[1].auth.Verify(t.Context(), first.Access, authjwt.Access)
	require.NoError(t, err)
	for _, s := range sites {
		require.Len(t, s.listed(t), 2)
		assert.Contains(t, s.listed(t), token.SessionID)
	}
	sites[1].refresh(t, first.Refresh)
	assert.Len(t, sites[0].listed(t), 2)

	require.NoError(t, sites[0].auth.RevokeSession(t.Context(), token.SessionID))
	for _, s := range sites {
		assert.Len(t, s.listed(t), 1)
		assert.NotContains(t, s.listed(t), token.SessionID)
	}
	assert.Equal(t, http.StatusOK, sites[1].do("POST", "/logout", second.Access).Code)
	assert.Empty(t, sites[0].listed(t))

	server.Kill()
	_, err = sites[0].auth.Sessions(t.Context(), "alice")
	assert.ErrorIs(t, err, authjwt.ErrUnavailable)
	assert.Equal(t, http.StatusServiceUnavailable, sites[0].do("POST", "/login", "").Code)
}

// A renewal asks Redis, whatever the negative cache says.
func TestSessions_RenewalsAskPastTheCache(t *testing.T) {
	server := redisserver.Start(t)
	passed := time.Duration(0)
	edit := func(s *authjwt.Settings) {
		s.TokenLocation, s.RefreshWithin = []authjwt.Location{authjwt.Headers, authjwt.Cookies}, 5*time.Minute
		s.Now = func() time.Time { return time.Now().Add(passed) }
	}
	caching := newSite(t, newStore(t, newClient(t, server), redisstore.WithNegativeCache(5*time.Second)), edit)
	other := newSite(t, newStore(t, newClient(t, server)), edit)
	pair := caching.login(t)
	passed = 11 * time.Minute
	ask := func() *httptest.ResponseRecorder {
		req := httptest.NewRequest("GET", "/protected", nil)
		req.AddCookie(&http.Cookie{Name: "access_token_cookie", Value: pair.Access})
		rec := httptest.NewRecorder()
		caching.ServeHTTP(rec, req)
		return rec
	}
	assert.Len(t, ask().Result().Cookies(), 2, "the twin")
	require.NoError(t, other.auth.RevokeSubject(t.Context(), "alice"))
	rec := ask()
	assert.Equal(t, http.StatusOK, rec.Code, "the cache has not heard of it yet")
	assert.Empty(t, rec.Result().Cookies(), "but makes no new token")
}
