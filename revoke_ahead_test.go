package authjwt_test

import (
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

// A subject is revoked by a server whose clock is behind. What another one has made of the subject's sessions before, and dated
// later than that, is as old as the session.
func TestR06_RevokedByAServerBehind(t *testing.T) {
	for _, behind := range []time.Duration{100 * time.Millisecond, 4 * time.Second} {
		b := newSlider(t)
		slow := newManager(t, func(s *authjwt.Settings) {
			slides(s)
			s.Store, s.Now = b.store, func() time.Time { return b.time().Add(-behind) }
		})
		b.ask("POST", "/login")
		pair := b.got(t, b.do("POST", "/login", ""))
		b.pass(11*time.Minute + 20*time.Millisecond)
		require.True(t, b.renews(t, "GET", "/protected"))
		pair = b.refresh(t, pair.Refresh)
		pair = b.refresh(t, pair.Refresh) // a successor's successor
		for _, raw := range []string{b.cookie[slidingCookie], pair.Access, pair.Refresh} {
			assert.EqualValues(t, number(testNow.Unix()), b.claims(t, raw)["session_iat"])
		}
		b.pass(30 * time.Millisecond)
		require.NoError(t, slow.RevokeSubject(t.Context(), "alice"))
		assertAnswer(t, b.ask("GET", "/protected"), revoked)
		b.refuses(t, pair)

		b.pass(10 * time.Second)
		b.accepts(t, b.refresh(t, b.login(t).Refresh)) // the twin, which began afterwards
	}
}

// Of a token that slides the successor may be on its way when a handler revokes it.
func TestRevoke_OfATokenThatSlides(t *testing.T) {
	for _, pass := range []time.Duration{0, 11 * time.Minute} {
		b := newSlider(t)
		b.GET("/revoke", b.auth.Required(), func(c *gin.Context) {
			assert.NoError(t, b.auth.Revoke(c.Request.Context(), authjwt.FromContext(c).Token()))
		})
		b.ask("POST", "/login")
		refresh := b.cookie["refresh_token_cookie"]
		b.pass(pass)
		assert.Equal(t, http.StatusOK, b.ask("GET", "/revoke").Code)
		assertAnswer(t, b.ask("GET", "/protected"), revoked)
		b.refuses(t, tokens{Refresh: refresh})
	}

	// Without RefreshWithin, and of a refresh token, the others of the session stay.
	s := newService(t)
	pair := s.login(t)
	token, err := s.auth.Verify(t.Context(), pair.Access, authjwt.Access)
	require.NoError(t, err)
	require.NoError(t, s.auth.Revoke(t.Context(), token))
	s.refuses(t, tokens{Access: pair.Access})
	s.accepts(t, tokens{Refresh: pair.Refresh})
	b := newSlider(t)
	pair = b.login(t)
	token, err = b.auth.Verify(t.Context(), pair.Refresh, authjwt.Refresh)
	require.NoError(t, err)
	require.NoError(t, b.auth.Revoke(t.Context(), token))
	b.refuses(t, tokens{Refresh: pair.Refresh})
	b.accepts(t, tokens{Access: pair.Access})
}

// The parameters of a header that say what a token is go on, the key's are the new key's.
func TestRenew_Headers(t *testing.T) {
	b := newSlider(t)
	b.POST("/log-in", func(c *gin.Context) {
		_, err := b.auth.Bind(c).Login("bob", authjwt.WithHeaders(map[string]any{"typ": "at+jwt", "x": 1, "kid": "old"}))
		assert.NoError(t, err)
	})
	require.Equal(t, http.StatusOK, b.ask("POST", "/log-in").Code)
	b.pass(11 * time.Minute)
	require.True(t, b.renews(t, "GET", "/protected"))
	header := headerIn(t, b.cookie[slidingCookie])
	assert.Equal(t, map[string]any{"typ": "at+jwt", "alg": "HS256", "x": header["x"]}, header)
	assert.EqualValues(t, "1", header["x"])
}

// What is not of this package's making, for others may have the key, is no id for a list.
func TestSessionList_OddIDs(t *testing.T) {
	long := strings.Repeat("x", 128)
	for id, status := range map[string]int{"a b": 401, "é": 401, "": 200, "x": 200, long: 200, long + "x": 401} {
		s := newListed(t)
		c := claims(map[string]any{"type": "refresh", "sid": id, "exp": testNow.Add(time.Hour).Unix()})
		assert.Equal(t, status, s.do("POST", "/refresh", signedClaims(t, c)).Code, id)
	}
}

// A login that cannot be listed leaves the session that was there as it is.
func TestSessionList_LoginThatFails(t *testing.T) {
	s := newListed(t)
	pair := s.login(t)
	list := s.store
	list.Store = &putFails{list.Store, list.Store.(*authjwt.MemoryStore)}
	assertAnswer(t, s.do("POST", "/login", pair.Access), down)
	s.accepts(t, pair)
	s.lists(t, pair)

	s = newListed(t) // the twin; and a Store that fails at the end takes the new entry back
	pair = s.login(t)
	assert.Equal(t, http.StatusOK, s.do("POST", "/login", pair.Access).Code)
	s.refuses(t, pair)
	assert.Len(t, s.listed(t, "alice"), 1)
}

// Gin's TrustedPlatform takes a header as it comes.
func TestEvents_AddressOfATrustedPlatform(t *testing.T) {
	told := new(events)
	s := newListed(t, func(set *authjwt.Settings) { set.OnEvent = told.note })
	s.TrustedPlatform = "X-Real"
	for given, want := range map[string]string{"203.0.113.9": "203.0.113.9", "a\xff\x00b": "ab", string(make([]byte, 1000)): ""} {
		req := httptest.NewRequest("POST", "https://example.com/login", nil)
		req.Header["X-Real"] = []string{given}
		rec := httptest.NewRecorder()
		s.ServeHTTP(rec, req)
		require.Equal(t, http.StatusOK, rec.Code)
		assert.Equal(t, want, told.take()[0].ClientAddress)
	}
}

// Whose token it was is told of an integer subject, too; and a guard within Routes.Login tells its refusal by itself.
func TestEvents_OddOnes(t *testing.T) {
	told := new(events)
	m := newManager(t, func(s *authjwt.Settings) { s.OnEvent, s.IntegerSubjects = told.note, true })
	guard(t, m.Required()).get("Bearer " + signedClaims(t, claims(map[string]any{"sub": 42, "exp": 1})))
	assert.Equal(t, "42", told.takeAll()[0].Subject)

	e := newEndpoint(m.LoginHandler(authjwt.Routes{Login: func(c *gin.Context) (string, error) { return "", m.Bind(c).JWTRequired() }}))
	assert.Equal(t, http.StatusUnauthorized, post(e).Code)
	all := told.takeAll()
	require.Len(t, all, 1)
	assert.Equal(t, authjwt.EventRefused, all[0].Kind)
}
