package authjwttest_test

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
	"github.com/gin-authjwt/authjwt/authjwttest"
)

func TestClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(1500 * time.Millisecond) // of the bubble's time, which is nobody's
		began := time.Now()
		var c authjwttest.Clock
		assert.Equal(t, began.Add(-500*time.Millisecond).UnixNano(), c.Now().UnixNano(), "whole seconds")
		time.Sleep(time.Minute)
		assert.Equal(t, began.Add(-500*time.Millisecond).UnixNano(), c.Now().UnixNano(), "it stands still")
		c.Advance(time.Hour)
		assert.Equal(t, began.Add(time.Hour-500*time.Millisecond).UnixNano(), c.Now().UnixNano())
		c.Advance(-2 * time.Hour)
		assert.True(t, c.Now().Before(began))
		c.Set(began)
		assert.Equal(t, began, c.Now())
	})
	date := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	var c authjwttest.Clock
	c.Set(date)
	assert.Equal(t, date, c.Now())
}

// A Clock that is not the Manager's would move nothing; so there is none.
func TestNewManager_Clock(t *testing.T) {
	own := authjwttest.NewManager(t, func(s *authjwt.Settings) { s.Now = time.Now })
	assert.PanicsWithValue(t, "authjwttest: this Manager has no Clock, for Settings.Now was given; move that clock, or leave Now out",
		func() { own.Clock.Advance(time.Hour) })

	var shared authjwttest.Clock
	one := authjwttest.NewManager(t, func(s *authjwt.Settings) { s.Now = shared.Now })
	assert.Nil(t, one.Clock)
	token := one.Token(authjwttest.Valid, "alice")
	shared.Advance(time.Hour)
	_, err := one.Verify(t.Context(), token, authjwt.Access)
	assert.ErrorIs(t, err, authjwt.ErrJWTDecode)

	later := authjwttest.NewManager(t, func(s *authjwt.Settings) {
		clock := s.Now
		s.Now = func() time.Time { return clock().Add(time.Hour) }
	})
	assert.NotNil(t, later.Clock, "it moves the other")
}

func TestNewManager_WrongSettings(t *testing.T) {
	text, failed := failing(t, func(tb testing.TB) {
		authjwttest.NewManager(tb, func(s *authjwt.Settings) { s.AccessTokenExpires, s.Realm = 900, "ä" })
	})
	assert.True(t, failed)
	assert.Contains(t, text, "authjwttest: NewManager: authjwt: Settings.AccessTokenExpires: 900ns is below one second")
	assert.Contains(t, text, "authjwt: Settings.Realm:")
}

// Edits find what they may replace, one after the other, and Managers share nothing.
func TestNewManager_Edits(t *testing.T) {
	var store authjwt.Store
	m := authjwttest.NewManager(t, func(s *authjwt.Settings) { store = s.Store }, func(s *authjwt.Settings) { s.KeyID = "k" })
	assert.IsType(t, new(authjwt.MemoryStore), store)
	token := m.Token(authjwttest.Valid, "alice")
	header, err := authjwt.UnverifiedHeader(token)
	require.NoError(t, err)
	assert.Equal(t, "k", header["kid"])
	_, err = authjwttest.NewManager(t, func(s *authjwt.Settings) { s.KeyID = "k" }).Verify(t.Context(), token, authjwt.Access)
	assert.ErrorIs(t, err, authjwt.ErrJWTDecode)
	_, err = m.Verify(t.Context(), token, authjwt.Access)
	assert.NoError(t, err)
}

func TestManager_For(t *testing.T) {
	m := authjwttest.NewManager(t)
	_, failed := failing(t, func(tb testing.TB) { m.For(tb).As("") })
	assert.True(t, failed)
	assert.Equal(t, "alice", verified(t, m, m.For(t).Token(authjwttest.Valid, "alice")).Subject)
}

func verified(t *testing.T, m *authjwttest.Manager, token string) *authjwt.Token {
	t.Helper()
	found, err := m.Verify(t.Context(), token, authjwt.Access)
	require.NoError(t, err)
	return found
}

// The options shape tokens in all states; each state is wrong in its one thing all the same.
func TestToken_Options(t *testing.T) {
	m := authjwttest.NewManager(t)
	opts := []authjwt.TokenOption{authjwt.WithExpires(time.Minute), authjwt.WithGrantedScopes("a", "b"), nil}[:2]
	found := verified(t, m, m.Token(authjwttest.NotFresh, "alice", opts...))
	assert.Equal(t, []string{"a", "b"}, found.Scopes)
	assert.Equal(t, time.Minute, found.ExpiresAt.Sub(found.IssuedAt))
	assert.False(t, found.Fresh)
	assert.True(t, verified(t, m, m.Token(authjwttest.Valid, "alice", opts...)).Fresh)
	_, err := m.Verify(t.Context(), m.Token(authjwttest.Expired, "alice", opts...), authjwt.Access)
	assert.ErrorIs(t, err, authjwt.ErrJWTDecode)
	assert.Nil(t, opts[:3][2], "the caller's memory is not written to")

	early := m.Token(authjwttest.NotYetValid, "alice")
	m.Clock.Advance(time.Hour)
	assert.Equal(t, "alice", verified(t, m, early).Subject, "an hour later it is valid")
}

func TestRequest(t *testing.T) {
	req := authjwttest.Request(t, "POST", "/a?b=c", authjwttest.Body("text/plain", "hi"))
	assert.Equal(t, []any{"POST", "example.com", "/a", "b=c", "/a?b=c", int64(2), "text/plain"},
		[]any{req.Method, req.Host, req.URL.Path, req.URL.RawQuery, req.RequestURI, req.ContentLength, req.Header.Get("Content-Type")})
	assert.NotNil(t, req.TLS)
	for _, wrong := range [][2]string{{"GET", "me"}, {"GET", ""}, {"", "https://example.com/me"}, {"G T", "/me"}, {"GET", "/%zz"}} {
		text, failed := failing(t, func(tb testing.TB) { authjwttest.Request(tb, wrong[0], wrong[1]) })
		assert.True(t, failed, wrong)
		assert.Contains(t, text, `is no method and path; say "GET", "/me"`)
	}
	assert.PanicsWithValue(t, "authjwttest: JSON: json: unsupported type: func()", func() { authjwttest.JSON(func() {}) })
}

// A token that stands in the body joins what is there; GET, which has none, takes the next location.
func TestAs_Locations(t *testing.T) {
	m := authjwttest.NewManager(t, func(s *authjwt.Settings) {
		s.TokenLocation = []authjwt.Location{authjwt.JSON, authjwt.Query}
	})
	app := newRouter(m.Manager)
	var body map[string]any
	app.POST("/echo", m.Required(), func(c *gin.Context) { require.NoError(t, c.BindJSON(&body)) })
	alice := m.As("alice")
	authjwttest.AssertAccepted(t, authjwttest.Do(app, authjwttest.Request(t, "POST", "/echo", authjwttest.JSON(map[string]any{"n": 1}), alice)))
	assert.Equal(t, 1.0, body["n"])
	req := authjwttest.Request(t, "GET", "/me?a=b", alice)
	assert.Regexp(t, `^/me\?a=b&token=eyJ`, req.RequestURI)
	authjwttest.AssertAccepted(t, authjwttest.Do(app, req))
	assert.Equal(t, "a=b", req.URL.RawQuery)
	authjwttest.AssertAccepted(t, authjwttest.Do(app, authjwttest.Request(t, "GET", "/me", alice)))
	assert.Panics(t, func() { authjwttest.Request(t, "POST", "/echo", authjwttest.Body("text/plain", "hi"), alice) })
	authjwttest.AssertAccepted(t, authjwttest.Do(app, authjwttest.Request(t, "POST", "/orders", authjwttest.Body("text/plain", "hi"), m.At(authjwt.Query, m.Token(authjwttest.Valid, "alice")))))
	var none func(*http.Request) = m.At("nowhere", "t")
	none(authjwttest.Request(t, "GET", "/"))
}
