package authjwt_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

func (s *service) verified(tb testing.TB, raw string, kind authjwt.TokenType) *authjwt.Token {
	tb.Helper()
	t, err := s.auth.Verify(tb.Context(), raw, kind)
	require.NoError(tb, err)
	return t
}

func TestRevoke_Token(t *testing.T) {
	s := newService(t)
	got, other := s.login(t), s.login(t)
	require.NoError(t, s.auth.Revoke(t.Context(), s.verified(t, got.Access, authjwt.Access)))
	s.refuses(t, tokens{Access: got.Access})
	s.accepts(t, tokens{Refresh: got.Refresh}, other)
	require.NoError(t, s.auth.Revoke(t.Context(), s.verified(t, got.Refresh, authjwt.Refresh)))
	s.refuses(t, got)
	s.accepts(t, other)
}

func TestRevoke_Session(t *testing.T) {
	s := newService(t)
	got, other := s.login(t), s.login(t)
	next := s.refresh(t, got.Refresh)
	id := s.verified(t, next.Access, authjwt.Access).SessionID
	assert.Equal(t, id, s.verified(t, got.Refresh, authjwt.Refresh).SessionID)
	require.NoError(t, s.auth.RevokeSession(t.Context(), id))
	s.refuses(t, got, next)
	s.accepts(t, other)
	s.pass(29 * 24 * time.Hour) // there is no grace, and no end before the tokens'
	s.refuses(t, tokens{Refresh: next.Refresh})
}

// R06: what was issued up to that second counts no more; a login in the same second does.
func TestR06_RevokeSubject(t *testing.T) {
	s := newService(t)
	s.POST("/bob/login", s.auth.LoginHandler(loginAs("bob")))
	bob := s.got(t, s.do("POST", "/bob/login", ""))
	s.pass(500 * time.Millisecond)
	before := s.login(t)
	require.NoError(t, s.auth.RevokeSubject(t.Context(), "alice"))
	s.refuses(t, before)
	s.accepts(t, bob)
	after := s.login(t)
	s.accepts(t, after)
	assert.Equal(t, number(testNow.Unix()+1), s.claims(t, after.Access)["iat"])
	s.accepts(t, s.refresh(t, after.Refresh))
	s.pass(time.Second)
	s.accepts(t, after, s.login(t))
	s.pass(29 * 24 * time.Hour)
	s.refuses(t, tokens{Refresh: before.Refresh})
}

// A login between two revocations in one second is dated later than the first, and refused after the second.
func TestR06_RevokedTwiceInASecond(t *testing.T) {
	s := newService(t)
	require.NoError(t, s.store.Set(t.Context(), epochKey, s.time(), time.Time{}))
	for range 3 {
		between := s.login(t)
		s.accepts(t, between)
		s.pass(time.Millisecond)
		require.NoError(t, s.auth.RevokeSubject(t.Context(), "alice"))
		s.refuses(t, between)
	}
	s.accepts(t, s.login(t))

	// A login is dated no further ahead than guards accept. It must wait then, but never for long.
	for range 100 {
		require.NoError(t, s.auth.RevokeSubject(t.Context(), "alice"))
	}
	assertAnswer(t, s.do("POST", "/login", ""), down)
	s.pass(2 * time.Second)
	between := s.login(t)
	s.accepts(t, between)
	require.NoError(t, s.auth.RevokeSubject(t.Context(), "alice"))
	s.refuses(t, between)

	strict := newService(t, func(set *authjwt.Settings) { set.ClockSkew = authjwt.NoLeeway })
	before := strict.login(t)
	require.NoError(t, strict.auth.RevokeSubject(t.Context(), "alice"))
	strict.refuses(t, before)
	assertAnswer(t, strict.do("POST", "/login", ""), down)
	strict.pass(time.Second)
	strict.accepts(t, strict.login(t))
}

// A server whose clock is behind revokes a subject once more: what a faster clock's tokens lost they do not get back.
func TestR06_RevokedByTwoClocks(t *testing.T) {
	const apart = 20 * time.Second
	s := newService(t)
	fast := newManager(t, func(set *authjwt.Settings) {
		set.Store, set.Now = s.store, func() time.Time { return s.time().Add(apart) }
	})
	before := mustCreate(t, fast)
	lasting, err := fast.CreateRefreshToken("alice")
	require.NoError(t, err)
	verify := func(raw string, kind authjwt.TokenType) error {
		_, err := fast.Verify(t.Context(), raw, kind)
		return err
	}
	require.NoError(t, verify(before, authjwt.Access))
	require.NoError(t, verify(lasting, authjwt.Refresh))
	require.NoError(t, fast.RevokeSubject(t.Context(), "alice"))
	require.ErrorIs(t, verify(before, authjwt.Access), authjwt.ErrRevokedToken)
	require.NoError(t, s.auth.RevokeSubject(t.Context(), "alice"))
	assert.ErrorIs(t, verify(before, authjwt.Access), authjwt.ErrRevokedToken)
	assert.ErrorIs(t, verify(lasting, authjwt.Refresh), authjwt.ErrRevokedToken)

	s.pass(time.Second)
	assert.NoError(t, verify(mustCreate(t, fast), authjwt.Access), "a second later")
	assertAnswer(t, s.do("POST", "/login", ""), down)
	s.pass(apart - 5*time.Second) // as far ahead as guards accept
	s.accepts(t, s.login(t))
}

// Nor do they get it back at the end: the entry lasts as long as tokens of the faster clock.
func TestR06_RevokedByTwoClocksForGood(t *testing.T) {
	const apart, life = 3 * time.Minute, 15 * time.Minute
	s := newService(t, func(set *authjwt.Settings) { set.RefreshTokenExpires, set.SessionExpires = life, life })
	fast := newManager(t, func(set *authjwt.Settings) {
		set.Store, set.Now = s.store, func() time.Time { return s.time().Add(apart) }
	})
	lasting := mustCreate(t, fast)
	require.NoError(t, fast.RevokeSubject(t.Context(), "alice"))
	require.NoError(t, s.auth.RevokeSubject(t.Context(), "alice"))
	s.pass(life + apart - time.Second)
	s.refuses(t, tokens{Access: lasting})
	s.pass(time.Second)
	assertAnswer(t, s.do("GET", "/protected", lasting), inv("token_expired", "Signature has expired"))
}

// The time that a store which lost its memory answers under this key makes earlier tokens void.
func TestStore_Epoch(t *testing.T) {
	s := newService(t)
	before := s.login(t)
	s.pass(time.Minute)
	require.NoError(t, s.store.Set(t.Context(), epochKey, s.time(), time.Time{}))
	s.refuses(t, before)
	s.accepts(t, s.login(t))
}

// The key is public: stores that notice a loss write there.
const epochKey = "authjwt:epoch:47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"

// With a denylist a token must have an id, at every guard, and no callback is asked about one without.
func TestT14_TokenWithoutID(t *testing.T) {
	var asked []string
	for name, denylist := range map[string]func(s *authjwt.Settings){
		"Store": inMemory,
		"TokenInDenylist": func(s *authjwt.Settings) {
			s.TokenInDenylist = func(_ context.Context, token *authjwt.Token) (bool, error) {
				asked = append(asked, token.ID)
				return false, nil
			}
		},
	} {
		for _, j := range []*judge{newJudge(t, denylist), newRefreshJudge(t, denylist)} {
			for _, id := range []string{``, `""`, `1`, `0`, `1e0`, `null`, `true`, `[]`, `["3f0e"]`, `{}`} {
				want, cause := badTokenID, jwt.ErrTokenInvalidId
				if id == `` || id == `""` {
					want, cause = noID, jwt.ErrTokenRequiredClaimMissing
				}
				j.refuses(t, withText(t, j, "jti", id), want, authjwt.ErrJWTDecode, cause)
			}
			require.Empty(t, asked)
			assert.Equal(t, "3f0e", j.accepts(t, withText(t, j, "jti", `"3f0e"`)).ID)
			assert.Equal(t, "\x00", j.accepts(t, withText(t, j, "jti", `"\u0000"`)).ID, name)
			asked = nil
		}
		optional := newJudge(t, denylist)
		optional.guardWith(t, optional.m.Optional())
		optional.guardRefuses(t, signedClaims(t, claims(map[string]any{"jti": nil})), noID, authjwt.ErrJWTDecode)
	}
}

// T15, R07: nothing of a token can be read in a store, and no id can choose its key.
func TestT15_R07_StoreKeys(t *testing.T) {
	keys := &keyStore{Store: &authjwt.MemoryStore{Now: func() time.Time { return testNow }}}
	s := newService(t, func(set *authjwt.Settings) { set.Store = keys })
	got := s.refresh(t, s.login(t).Refresh)
	require.NoError(t, s.auth.RevokeSubject(t.Context(), "alice"))
	s.do("POST", "/logout", got.Refresh)
	long := strings.Repeat("k", 1500)
	for _, id := range []string{"a\r\nb", "*", "[a-z]*", "?", "\x00", "a\x00", "a:b@5", long, long + "k"} {
		token := func(changes claim) string { return signedClaims(t, claims(changes)) }
		bySession, bySubject, byID := token(claim{"sid": id, "sub": "bob"}), token(claim{"sub": id}), token(claim{"jti": id, "sub": "bob"})
		other := token(claim{"jti": "x" + id, "sid": "x" + id, "sub": "x" + id})
		for _, raw := range []string{bySession, bySubject, byID, other} {
			require.Equal(t, http.StatusOK, s.do("GET", "/protected", raw).Code, "%.9q", id)
		}
		require.NoError(t, s.auth.RevokeSession(t.Context(), id))
		require.NoError(t, s.auth.RevokeSubject(t.Context(), id))
		require.NoError(t, s.auth.Revoke(t.Context(), s.verified(t, byID, authjwt.Access)))
		for _, raw := range []string{bySession, bySubject, byID} {
			assertAnswer(t, s.do("GET", "/protected", raw), revoked)
		}
		assert.Equal(t, http.StatusOK, s.do("GET", "/protected", other).Code, "%.9q", id)
		digest := sha256.Sum256([]byte(id))
		for _, kind := range []string{"denied", "session", "subject"} {
			begin := "authjwt:" + kind + ":" + base64.RawURLEncoding.EncodeToString(digest[:])
			assert.True(t, slices.ContainsFunc(keys.seen, func(key string) bool { return strings.HasPrefix(key, begin) }), "%s of %.9q", kind, id)
		}
	}
	form := regexp.MustCompile(`\Aauthjwt:((denied|used):[A-Za-z0-9_-]{43}@[0-9]+|session:[A-Za-z0-9_-]{43}(@[0-9]+)?|(subject|epoch):[A-Za-z0-9_-]{43})\z`)
	assert.Greater(t, len(keys.seen), 20)
	for _, key := range keys.seen {
		assert.Regexp(t, form, key)
	}
}

// A keyStore remembers the keys it is asked for.
type keyStore struct {
	authjwt.Store
	mu   sync.Mutex
	seen []string
}

func (k *keyStore) note(keys ...string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.seen = append(k.seen, keys...)
}

func (k *keyStore) Add(ctx context.Context, key string, t, until time.Time) (time.Time, bool, error) {
	k.note(key)
	return k.Store.Add(ctx, key, t, until)
}

func (k *keyStore) Set(ctx context.Context, key string, t, until time.Time) error {
	k.note(key)
	return k.Store.Set(ctx, key, t, until)
}

func (k *keyStore) Get(ctx context.Context, keys ...string) ([]time.Time, error) {
	k.note(keys...)
	return k.Store.Get(ctx, keys...)
}

func TestStore_OneExchangePerRequest(t *testing.T) {
	s := newService(t)
	got := s.login(t)
	for path, token := range map[string]string{"/protected": got.Access, "/renewal": got.Refresh} {
		before := s.store.Calls()
		s.do("GET", path, token)
		assert.EqualValues(t, 1, s.store.Calls()-before, path)
	}
	before := s.store.Calls()
	s.do("GET", "/protected", got.Access+"x")
	assert.Zero(t, s.store.Calls()-before, "nothing is asked about a token that does not verify")
}

// Managers of other names do not see each other's entries.
func TestStore_Names(t *testing.T) {
	store := new(authjwt.MemoryStore)
	one := newManager(t, func(s *authjwt.Settings) { s.Store = store })
	two := newManager(t, func(s *authjwt.Settings) { s.Store, s.Name = store, "staff" })
	raw := mustCreate(t, one)
	require.NoError(t, one.RevokeSubject(t.Context(), "alice"))
	_, err := one.Verify(t.Context(), raw, authjwt.Access)
	assert.ErrorIs(t, err, authjwt.ErrRevokedToken)
	_, err = two.Verify(t.Context(), raw, authjwt.Access)
	assert.NoError(t, err)
}

func TestDenylist_Callback(t *testing.T) {
	var answer error
	denied := false
	m := newManager(t, func(s *authjwt.Settings) {
		s.TokenInDenylist = func(_ context.Context, token *authjwt.Token) (bool, error) {
			assert.NotEmpty(t, token.ID)
			return denied, answer
		}
	})
	g, raw := guard(t, m.Required()), mustCreate(t, m)
	g.assertAccepted(t, g.get("Bearer "+raw))
	denied = true
	g.assertRefused(t, g.get("Bearer "+raw), revoked)
	answer = errors.New("no connection")
	g.assertRefused(t, g.get("Bearer "+raw), down)
	denied, answer = false, authjwt.ErrRevokedToken
	g.assertRefused(t, g.get("Bearer "+raw), revoked)
}

func TestDenylist_TokenChecks(t *testing.T) {
	s := newService(t, func(set *authjwt.Settings) { set.DenylistTokenChecks = []authjwt.TokenType{authjwt.Refresh} })
	got := s.login(t)
	require.NoError(t, s.auth.RevokeSubject(t.Context(), "alice"))
	s.accepts(t, tokens{Access: got.Access})
	s.refuses(t, tokens{Refresh: got.Refresh})
}

func TestRevoke_Misuse(t *testing.T) {
	s, plain := newService(t), newManager(t)
	token := s.verified(t, s.login(t).Access, authjwt.Access)
	ctx := t.Context()
	for words, err := range map[string]error{
		"no verified token":   s.auth.Revoke(ctx, nil),
		"session id is empty": s.auth.RevokeSession(ctx, ""),
		"subject is empty":    s.auth.RevokeSubject(ctx, ""),
		"Settings.Store":      errors.Join(plain.Revoke(ctx, token), plain.RevokeSession(ctx, "x"), plain.RevokeSubject(ctx, "x")),
	} {
		assert.ErrorIs(t, err, authjwt.ErrInternal)
		assert.ErrorContains(t, err, words)
	}
	_, err := s.auth.CreateAccessToken("alice", authjwt.WithExpires(16*time.Minute))
	assert.ErrorContains(t, err, "longer than the setting")
	_, err = s.auth.CreateAccessToken("alice", authjwt.WithExpires(15*time.Minute))
	assert.NoError(t, err)
}

// A client that leaves does not keep its token alive.
func TestRevoke_OutlivesTheRequest(t *testing.T) {
	s := newService(t)
	got := s.login(t)
	gone, leave := context.WithCancel(t.Context())
	leave()
	require.NoError(t, s.auth.RevokeSession(gone, s.verified(t, got.Access, authjwt.Access).SessionID))
	s.refuses(t, got)
}
