package authjwt_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

// A notedStore notes until when each key was set. It can fail to read or to write.
type notedStore struct {
	authjwt.Store
	until    map[string]time.Time
	get, set error
}

func (n *notedStore) in(set *authjwt.Settings) {
	n.Store, n.until, set.Store = set.Store, map[string]time.Time{}, n
}

func (n *notedStore) Get(ctx context.Context, keys ...string) ([]time.Time, error) {
	if n.get != nil {
		return nil, n.get
	}
	return n.Store.Get(ctx, keys...)
}

func (n *notedStore) Set(ctx context.Context, key string, t, until time.Time) error {
	if n.set != nil {
		return n.set
	}
	n.until[key] = until
	return n.Store.Set(ctx, key, t, until)
}

// only returns the one key of a kind, without its digest, and its end; then it forgets all.
func (n *notedStore) only(tb testing.TB, kind string) (end string, until time.Time) {
	tb.Helper()
	require.Len(tb, n.until, 1)
	for key, until := range n.until {
		require.True(tb, strings.HasPrefix(key, "authjwt:"+kind+":"), key)
		_, end, _ := strings.Cut(key, "@")
		clear(n.until)
		return end, until
	}
	return "", time.Time{}
}

// An entry about a session lasts as long as the session, which its id tells; for an id that was not made here, as long as any could.
func TestRevoke_EntryOfASession(t *testing.T) {
	noted := new(notedStore)
	s := newService(t, noted.in)
	id := s.verified(t, s.login(t).Access, authjwt.Access).SessionID
	end := testNow.Add(90 * 24 * time.Hour)
	s.pass(time.Hour)
	require.NoError(t, s.auth.RevokeSession(t.Context(), id))
	at, until := noted.only(t, "session")
	assert.Equal(t, fmt.Sprint(end.Unix()), at)
	assert.True(t, end.Add(time.Minute).Equal(until), until)
	for name, other := range map[string]string{
		"no dash": id[:8] + "0" + id[9:], "version 4": id[:14] + "4" + id[15:], "no octets": "g" + id[1:], "no octets, later": id[:12] + "g" + id[13:],
		"longer": id + "0", "short": "x",
	} {
		require.NoError(t, s.auth.RevokeSession(t.Context(), other), name)
		at, until := noted.only(t, "session")
		assert.Empty(t, at, name)
		assert.True(t, end.Add(time.Hour+time.Minute).Equal(until), "%s: %v", name, until)
	}
}

// The end of a token stands in its key: of a refresh token, its session's, for its successors differ in theirs.
func TestRevoke_EntryOfAToken(t *testing.T) {
	noted := new(notedStore)
	s := newService(t, noted.in)
	pair := s.login(t)
	alone, err := s.auth.CreateRefreshToken("alice")
	require.NoError(t, err)
	for _, row := range []struct {
		raw       string
		kind      authjwt.TokenType
		end, over time.Duration
	}{
		{pair.Access, authjwt.Access, 15 * time.Minute, 15 * time.Minute},
		{pair.Refresh, authjwt.Refresh, 90 * 24 * time.Hour, 30 * 24 * time.Hour},
		{alone, authjwt.Refresh, 30 * 24 * time.Hour, 30 * 24 * time.Hour},
	} {
		require.NoError(t, s.auth.Revoke(t.Context(), s.verified(t, row.raw, row.kind)))
		end, until := noted.only(t, "denied")
		assert.Equal(t, fmt.Sprint(testNow.Add(row.end).Unix()), end)
		assert.True(t, testNow.Add(row.over+time.Minute).Equal(until), until)
	}
}

// An entry about a subject lasts as long as its tokens may: for ever, where some do.
func TestRevoke_EntryOfASubject(t *testing.T) {
	for name, edit := range map[string]func(set *authjwt.Settings){
		"default":        func(*authjwt.Settings) {},
		"access tokens":  func(set *authjwt.Settings) { set.AccessTokenExpires = authjwt.NoExpiry },
		"refresh tokens": func(set *authjwt.Settings) { set.RefreshTokenExpires = authjwt.NoExpiry },
		"sessions":       func(set *authjwt.Settings) { set.SessionExpires = authjwt.NoExpiry },
		"tokens and all": func(set *authjwt.Settings) {
			set.AccessTokenExpires, set.RefreshTokenExpires, set.SessionExpires = -1, -1, -1
		},
		"foreign issuers": withKeySet(new(issuer)),
	} {
		noted := new(notedStore)
		s := &service{now: testNow}
		m := newManager(t, inMemory, func(set *authjwt.Settings) { set.Now = s.time }, edit, noted.in)
		require.NoError(t, m.RevokeSubject(t.Context(), "alice"))
		end, until := noted.only(t, "subject")
		assert.Empty(t, end, name)
		if name == "default" {
			assert.True(t, testNow.Add(90*24*time.Hour+time.Minute).Equal(until), until)
		} else {
			assert.Zero(t, until, name)
		}
	}
}

var errHalf = errors.New("half of the store is away")

// A subject is not revoked where the store cannot say what else was.
func TestR06_StoreThatCannotBeRead(t *testing.T) {
	noted := new(notedStore)
	s := newService(t, noted.in)
	good := s.login(t)
	noted.get = errHalf
	assertError(t, s.auth.RevokeSubject(t.Context(), "alice"), down, authjwt.ErrUnavailable, errHalf)
	assert.Empty(t, noted.until)
	noted.get = nil
	s.accepts(t, good)
	require.NoError(t, s.auth.RevokeSubject(t.Context(), "alice"))
	s.refuses(t, good)
}

// A reuse that cannot end the session is refused as an outage, and is found again.
func TestR02_StoreThatCannotBeWritten(t *testing.T) {
	noted := new(notedStore)
	s := newService(t, noGrace, noted.in)
	first := s.login(t)
	second := s.refresh(t, first.Refresh)
	s.pass(10 * time.Second)
	noted.set = errHalf
	rec := s.do(http.MethodPost, "/refresh", first.Refresh)
	assertAnswer(t, rec, down)
	assert.Equal(t, "1", rec.Header().Get("Retry-After"))
	noted.set = nil
	s.accepts(t, second)
	assertAnswer(t, s.do(http.MethodPost, "/refresh", first.Refresh), revoked)
	s.refuses(t, second)
}
