package authjwt

import (
	"crypto/ed25519"
	"encoding/base64"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A countedMethod counts the signatures that it verifies.
type countedMethod struct {
	method
	verified atomic.Int32
}

func (m *countedMethod) verify(text, sig []byte) bool {
	m.verified.Add(1)
	return m.method.verify(text, sig)
}

// A cached Manager has one Ed25519 key, and a cache of that size.
type cached struct {
	*Manager
	key *countedMethod
	now time.Time
}

func newCached(tb testing.TB, size int) *cached {
	tb.Helper()
	c := &cached{now: time.Unix(1_800_000_000, 0)}
	_, private, err := ed25519.GenerateKey(nil)
	require.NoError(tb, err)
	c.Manager, err = New(Settings{PrivateKey: private, VerifiedTokenCache: size, Now: func() time.Time { return c.now }})
	require.NoError(tb, err)
	k := c.keys.list.Load().keys[0]
	c.key = &countedMethod{method: k.method}
	k.method = c.key
	return c
}

func (c *cached) token(tb testing.TB, opts ...TokenOption) string {
	tb.Helper()
	raw, err := c.CreateAccessToken("alice", opts...)
	require.NoError(tb, err)
	c.key.verified.Store(0) // create has verified its own
	return raw
}

// verifies tells how many signatures the verification of raw has taken, and its error.
func (c *cached) verifies(tb testing.TB, raw string) (int32, error) {
	tb.Helper()
	before := c.key.verified.Load()
	_, err := c.Verify(tb.Context(), raw, Access)
	return c.key.verified.Load() - before, err
}

func TestTokenCache_OneSignatureForEachToken(t *testing.T) {
	for size, want := range map[int]int32{0: 1, 10: 0} {
		c := newCached(t, size)
		raw := c.token(t)
		signatures, err := c.verifies(t, raw)
		require.NoError(t, err)
		assert.EqualValues(t, 1, signatures)
		for range 3 {
			signatures, err = c.verifies(t, raw)
			assert.NoError(t, err)
			assert.Equal(t, want, signatures, "cache of %d", size)
		}
	}
}

// Every octet of a token belongs to what is looked up: no neighbour of a known token is taken for it.
func TestTokenCache_EveryOctetCounts(t *testing.T) {
	c := newCached(t, 1000)
	raw := c.token(t)
	_, err := c.verifies(t, raw)
	require.NoError(t, err)
	for i := range raw {
		for _, other := range []string{raw[:i] + raw[i+1:], raw[:i] + "A" + raw[i:], raw[:i] + string(raw[i]^1) + raw[i+1:]} {
			if other == raw {
				continue
			}
			_, err := c.verifies(t, other)
			require.Error(t, err, "octet %d", i)
		}
	}
	signatures, err := c.verifies(t, raw)
	assert.NoError(t, err)
	assert.Zero(t, signatures)
	assert.Equal(t, 1, c.verified.of(c.keys.list.Load()).Len(), "what was refused is not remembered")
}

func TestTokenCache_RefusedTokensAreNotRemembered(t *testing.T) {
	c := newCached(t, 10)
	old := c.token(t, WithExpires(time.Second))
	foreign := c.token(t, WithAudience("elsewhere"))
	c.now = c.now.Add(time.Second)
	for _, raw := range []string{old, foreign, foreign[:strings.LastIndexByte(foreign, '.')+1] + base64.RawURLEncoding.EncodeToString(make([]byte, 64))} {
		for range 2 {
			signatures, err := c.verifies(t, raw)
			assert.Error(t, err)
			assert.EqualValues(t, 1, signatures)
		}
	}
	assert.Zero(t, c.verified.of(c.keys.list.Load()).Len())
}

func TestTokenCache_IsBounded(t *testing.T) {
	c := newCached(t, 3)
	var tokens []string
	for i := range 10 {
		tokens = append(tokens, c.token(t, WithClaims(map[string]int{"n": i})))
		_, err := c.verifies(t, tokens[i])
		require.NoError(t, err)
		assert.LessOrEqual(t, c.verified.of(c.keys.list.Load()).Len(), 3)
	}
	for i, raw := range tokens[7:] {
		signatures, err := c.verifies(t, raw)
		assert.NoError(t, err)
		assert.Zero(t, signatures, "the last three: %d", i)
	}
	signatures, err := c.verifies(t, tokens[0])
	assert.NoError(t, err)
	assert.EqualValues(t, 1, signatures)
}

// What old keys have verified goes with them, not only out of sight.
func TestTokenCache_GoesWithItsKeys(t *testing.T) {
	_, private, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	_, successor, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	a, b := Key{ID: "a", PrivateKey: private}, Key{ID: "b", PrivateKey: successor}
	ring, err := NewKeyRing(a)
	require.NoError(t, err)
	m, err := New(Settings{KeyRing: ring, VerifiedTokenCache: 100})
	require.NoError(t, err)
	verify := func(n int) {
		for i := range n {
			raw, err := m.CreateAccessToken(fmt.Sprint("user ", i))
			require.NoError(t, err)
			_, err = m.Verify(t.Context(), raw, Access)
			require.NoError(t, err)
		}
	}
	verify(10)
	assert.Equal(t, 10, m.verified.of(ring.list.Load()).Len())
	a.State = KeyPrevious
	require.NoError(t, ring.Replace(b, a))
	assert.Zero(t, m.verified.of(ring.list.Load()).Len())
	verify(1)
	assert.Equal(t, 1, m.verified.current.Load().tokens.Len())
}

// A secret in a ring with key pairs gains nothing by the cache.
func TestTokenCache_NotForSecrets(t *testing.T) {
	_, private, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	ring, err := NewKeyRing(Key{SecretKey: "tests-only-0123456789-abcdefghijklmnopqrstuvwxyz"}, Key{ID: "b", PrivateKey: private, State: KeyNext})
	require.NoError(t, err)
	m, err := New(Settings{KeyRing: ring, VerifiedTokenCache: 100})
	require.NoError(t, err)
	raw, err := m.CreateAccessToken("alice")
	require.NoError(t, err)
	_, err = m.Verify(t.Context(), raw, Access)
	require.NoError(t, err)
	assert.Zero(t, m.verified.of(ring.list.Load()).Len())
}
