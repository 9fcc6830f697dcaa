package authjwt_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
	"github.com/gin-authjwt/authjwt/storetest"
)

// explosive is a claims value that panics when it is encoded.
type explosive struct{}

func (explosive) MarshalJSON() ([]byte, error) { panic("explosive claims") }

// loginOptions are what a login may be told, and what it may fail by.
var loginOptions = map[string][]authjwt.TokenOption{
	"claims":     {authjwt.WithClaims(map[string]any{"role": "admin"})},
	"scopes":     {authjwt.WithGrantedScopes("admin")},
	"audience":   {authjwt.WithAudience("api", "other")},
	"expires":    {authjwt.WithExpires(time.Second)},
	"persistent": {authjwt.WithPersistentCookies(true)},
	"session":    {authjwt.WithPersistentCookies(false)},
	"headers":    {authjwt.WithHeaders(map[string]any{"typ": "at+jwt", "x": 1})},
	"algorithm":  {authjwt.WithAlgorithm("HS512")},
	"all": {
		authjwt.WithClaims(map[string]any{"role": "admin"}), authjwt.WithGrantedScopes("admin"), authjwt.WithAudience("api"), authjwt.WithExpires(time.Second),
		authjwt.WithPersistentCookies(true), authjwt.WithHeaders(map[string]any{"x": 1}), authjwt.WithAlgorithm("HS512"), authjwt.WithFresh(),
	},
	"mistakes":  {authjwt.WithExpires(1), authjwt.WithAudience(), authjwt.WithHeaders(map[string]any{"alg": "none"}), nil},
	"reserved":  {authjwt.WithPersistentCookies(true), authjwt.WithClaims(map[string]any{"sub": "mallory"})},
	"no key":    {authjwt.WithExpires(time.Second), authjwt.WithAlgorithm("RS256")},
	"error":     {authjwt.WithAudience("api"), authjwt.WithClaims(unmarshalable{errors.New("no claims")})},
	"too long":  {authjwt.WithClaims(map[string]any{"role": strings.Repeat("x", 9000)})},
	"panic":     {authjwt.WithClaims(map[string]any{"role": "admin"}), authjwt.WithClaims(explosive{})},
	"panic, in": {authjwt.WithPersistentCookies(true), authjwt.WithAlgorithm("HS512"), authjwt.WithClaims(map[string]any{"deep": explosive{}}), authjwt.WithExpires(time.Second)},
}

func everywhere(s *authjwt.Settings) {
	s.TokenLocation = []authjwt.Location{authjwt.Headers, authjwt.Cookies}
	s.DecodeAlgorithms, s.DecodeAudience, s.EncodeAudience = []string{"HS256", "HS512"}, []string{"api", "web"}, []string{"web"}
}

// loggedIn is what a login hands out, and nil where it fails or panics.
func loggedIn(m *authjwt.Manager, subject string, opts ...authjwt.TokenOption) (pair *authjwt.TokenPair, rec *httptest.ResponseRecorder) {
	defer func() { _ = recover() }()
	rec = httptest.NewRecorder()
	c, _ := gin.CreateTestContext(rec)
	c.Request = request("POST")
	if p, err := m.Bind(c).Login(subject, opts...); err == nil {
		pair = &p
	}
	return pair, rec
}

// assertPlain checks that a login without options carries nothing that others were told.
func assertPlain(tb testing.TB, m *authjwt.Manager, subject, label string, claimNames ...string) (ids []string) {
	tb.Helper()
	pair, rec := loggedIn(m, subject)
	if !assert.NotNil(tb, pair, label) {
		return nil
	}
	var dates []any
	for kind, token := range map[string]string{"access": pair.AccessToken, "refresh": pair.RefreshToken} {
		header, payload, _ := strings.Cut(token, ".")
		payload, _, _ = strings.Cut(payload, ".")
		text := must(base64Text(header))
		assert.Equal(tb, headerHS256, text, label)
		var c map[string]any
		require.NoError(tb, json.Unmarshal([]byte(must(base64Text(payload))), &c), label)
		want := append([]string{"aud", "csrf", "exp", "iat", "jti", "nbf", "sub", "type"}, claimNames...)
		life := 30 * 24 * time.Hour
		if kind == "access" {
			want, life = append(want, "fresh"), 15*time.Minute
			assert.Equal(tb, true, c["fresh"], label)
		}
		slices.Sort(want)
		assert.Equal(tb, want, slices.Sorted(maps.Keys(c)), "%s, %s", label, kind)
		assert.Equal(tb, []any{subject, kind, "web", life.Seconds()}, []any{c["sub"], c["type"], c["aud"], c["exp"].(float64) - c["iat"].(float64)}, "%s, %s", label, kind)
		dates, ids = append(dates, c["iat"]), append(ids, c["jti"].(string), c["csrf"].(string))
	}
	assert.Equal(tb, dates[0], dates[1], "%s: iat", label)
	assert.Equal(tb, 15*time.Minute, pair.ExpiresIn, label)
	lines := rec.Header()["Set-Cookie"]
	assert.Len(tb, lines, 4, label)
	assert.NotContains(tb, strings.Join(lines, "\n"), "Max-Age", label)
	return ids
}

func base64Text(segment string) (string, error) {
	text, err := base64.RawURLEncoding.DecodeString(segment)
	return string(text), err
}

// The memory of one login is used by the next, which must not see it: not what options wrote there, nor what they left
// when they failed or panicked.
func TestLogin_NothingOfTheLast(t *testing.T) {
	m := newManager(t, everywhere)
	failing := []string{"mistakes", "reserved", "no key", "error", "too long", "panic", "panic, in"}
	seen := map[string]bool{}
	for name, opts := range loginOptions {
		for range 5 {
			pair, _ := loggedIn(m, "mallory", opts...)
			assert.Equal(t, slices.Contains(failing, name), pair == nil, name)
			for _, id := range assertPlain(t, m, "alice", name) {
				assert.False(t, seen[id], "%s: an id twice", name)
				seen[id] = true
			}
		}
	}
	for _, subject := range []string{"", "a\xffb"} {
		pair, _ := loggedIn(m, subject, loginOptions["all"]...)
		assert.Nil(t, pair)
		assertPlain(t, m, "alice", subject)
	}
}

// The session is a login's own, also after one for which the store could not be asked.
func TestLogin_NoSessionOfTheLast(t *testing.T) {
	store := storetest.NewFaulty(&authjwt.MemoryStore{Now: func() time.Time { return testNow }})
	var issued []authjwt.Event
	with := newManager(t, everywhere, func(s *authjwt.Settings) {
		s.Store, s.OnEvent = store, func(_ context.Context, e authjwt.Event) {
			if e.Kind == authjwt.EventIssued {
				issued = append(issued, e)
			}
		}
	})
	without := newManager(t, everywhere)
	sessions := map[string]bool{}
	for i := range 10 {
		store.Be(storetest.Fails)
		pair, _ := loggedIn(with, "mallory", loginOptions["all"]...)
		assert.Nil(t, pair)
		store.Be(storetest.None)
		assertPlain(t, without, "alice", "no store")

		issued = nil
		ids := assertPlain(t, with, "alice", "store", "sid", "session_exp")
		require.Len(t, issued, 1)
		assert.Equal(t, "alice", issued[0].Subject)
		assert.Contains(t, ids, issued[0].TokenID)
		sessions[issued[0].SessionID] = true
		assert.Len(t, sessions, i+1, "a session twice")
		assertPlain(t, without, "alice", "no store")
	}
}

// Both tokens of a login are of one moment, and RevokeSubject of the next second finds both too old.
func TestLogin_OneDate(t *testing.T) {
	for name, store := range map[string]authjwt.Store{"no store": nil, "store": new(authjwt.MemoryStore)} {
		var calls atomic.Int64 // the clock moves by more than half a second with every look at it
		m := newManager(t, func(s *authjwt.Settings) {
			s.Store, s.Now = store, func() time.Time { return testNow.Add(time.Duration(calls.Add(1)) * 700 * time.Millisecond) }
		})
		for range 20 {
			pair, _ := loggedIn(m, "alice", authjwt.WithExpires(time.Minute))
			require.NotNil(t, pair)
			var c [2]struct{ Iat, Nbf int64 }
			for i, token := range []string{pair.AccessToken, pair.RefreshToken} {
				require.NoError(t, json.Unmarshal([]byte(must(base64Text(strings.Split(token, ".")[1]))), &c[i]))
			}
			assert.Equal(t, c[0], c[1], name)
			assert.Equal(t, c[0].Iat, c[0].Nbf, name)
		}
	}
}

func TestLogin_ApartAtOnce(t *testing.T) {
	m := newManager(t, everywhere)
	var mu sync.Mutex
	seen := map[string]bool{}
	together(16, func(i int) {
		subject := string(rune('a' + i))
		for name, opts := range loginOptions {
			if i%2 == 0 {
				_, _ = loggedIn(m, "mallory", opts...)
				continue
			}
			ids := assertPlain(t, m, subject, name)
			mu.Lock()
			for _, id := range ids {
				assert.False(t, seen[id], "an id twice")
				seen[id] = true
			}
			mu.Unlock()
		}
	})
}
