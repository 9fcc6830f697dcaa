package authjwt_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

// replaced puts keys in the place of those in the ring.
func (r *ringed) replaced(tb testing.TB, keys ...authjwt.Key) {
	tb.Helper()
	require.NoError(tb, r.ring.Replace(keys...))
}

// stays checks that the ring refuses keys, with these words, and goes on as before.
func (r *ringed) stays(tb testing.TB, fix string, keys ...authjwt.Key) {
	tb.Helper()
	before, published := mustCreate(tb, r.m), thumbprints(tb, r.m)
	err := r.ring.Replace(keys...)
	assert.ErrorContains(tb, err, "authjwt: ")
	assert.ErrorContains(tb, err, fix)
	r.accepts(tb, before)
	assert.Equal(tb, headerIn(tb, before), headerIn(tb, mustCreate(tb, r.m)))
	assert.Equal(tb, published, thumbprints(tb, r.m))
}

// untilOf is the deadline of a key as the ring publishes it.
func (r *ringed) untilOf(tb testing.TB, id string) time.Time {
	tb.Helper()
	for _, k := range r.m.PublicKeys() {
		if k.ID == id {
			return k.Until
		}
	}
	require.Fail(tb, "not published", id)
	return time.Time{}
}

const month = 30 * 24 * time.Hour

func TestK01_Rotation(t *testing.T) {
	for _, kind := range []string{"secrets", "Ed25519", "EC"} {
		t.Run(kind, func(t *testing.T) {
			a, b, c, _ := fourKeys(t, kind)
			r := newRinged(t, []authjwt.Key{a})
			first := mustCreate(t, r.m)
			r.replaced(t, a, next(b))
			assert.Equal(t, "a", headerIn(t, mustCreate(t, r.m))["kid"])
			r.accepts(t, byKey(t, b, withKid("b")))
			r.replaced(t, b, previous(a))
			second := mustCreate(t, r.m)
			assert.Equal(t, "b", headerIn(t, second)["kid"])
			r.accepts(t, first)
			r.accepts(t, second)
			r.replaced(t, b, previous(a), next(c))
			r.accepts(t, first)

			r.now = testNow.Add(month + 5*time.Second - 1) // the life of a refresh token, and ClockSkew
			living, err := r.m.CreateRefreshToken("alice")
			require.NoError(t, err)
			r.stays(t, `the key "a" of the ring is missing, and tokens of it are good; list it as KeyPrevious, or as KeyRetired to end them`, b, next(c))
			r.now = r.now.Add(1)
			r.replaced(t, c, previous(b))
			_, err = r.m.Verify(t.Context(), living, authjwt.Refresh)
			assert.NoError(t, err)
			r.unknown(t, byKey(t, a, withKid("a")))
		})
	}
}

func TestK01_Deadlines(t *testing.T) {
	for _, row := range []struct {
		name string
		edit func(s *authjwt.Settings)
		life time.Duration
	}{
		{"defaults", func(*authjwt.Settings) {}, month + 5*time.Second},
		{"leeway", func(s *authjwt.Settings) { s.DecodeLeeway = time.Minute }, month + 65*time.Second},
		{"no skew", func(s *authjwt.Settings) { s.ClockSkew = authjwt.NoLeeway }, month},
		{"no leeway, no skew", func(s *authjwt.Settings) { s.DecodeLeeway, s.ClockSkew = authjwt.NoLeeway, authjwt.NoLeeway }, month},
		{"access is longer", func(s *authjwt.Settings) { s.AccessTokenExpires = 2 * month }, 2*month + 5*time.Second},
		{"both are short", func(s *authjwt.Settings) { s.AccessTokenExpires, s.RefreshTokenExpires = time.Second, 2*time.Second }, 7 * time.Second},
	} {
		t.Run(row.name, func(t *testing.T) {
			a, b := authjwt.Key{ID: "a", PrivateKey: ed25519Key()}, authjwt.Key{ID: "b", PrivateKey: otherEd()}
			r := newRinged(t, []authjwt.Key{a}, row.edit)
			least := testNow.Add(row.life)
			r.stays(t, fmt.Sprintf("Until: %v is before %v, when the last of its tokens ends; leave it out, or say KeyRetired to end them", least.Add(-1), least), b, previous(a, least.Add(-1)))
			r.replaced(t, b, previous(a))
			assert.Equal(t, least, r.untilOf(t, "a"))
			assert.Zero(t, r.untilOf(t, "b"))

			// What it was is kept, and may be prolonged, but not cut.
			r.now = testNow.Add(time.Second)
			r.replaced(t, b, previous(a))
			assert.Equal(t, least, r.untilOf(t, "a"))
			r.stays(t, "Until: ", b, previous(a, least.Add(-1)))
			r.replaced(t, b, previous(a, least))
			r.replaced(t, b, previous(a, least.Add(time.Hour)))
			r.stays(t, "Until: ", b, previous(a, least))
			assert.Equal(t, least.Add(time.Hour), r.untilOf(t, "a"))
		})
	}
}

// The longest life of all its Managers' tokens counts, by the clock of the first.
func TestReplace_SeveralManagers(t *testing.T) {
	a, b := authjwt.Key{ID: "a", PrivateKey: ed25519Key()}, authjwt.Key{ID: "b", PrivateKey: otherEd()}
	for _, longFirst := range []bool{true, false} {
		ring, err := authjwt.NewKeyRing(a)
		require.NoError(t, err)
		r := &ringed{ring: ring, now: testNow}
		lives := []time.Duration{time.Hour, 2 * time.Hour}
		if longFirst {
			lives = []time.Duration{2 * time.Hour, time.Hour}
		}
		for i, life := range lives {
			clock := func() time.Time { return testNow.Add(time.Duration(i) * time.Minute) }
			r.judge = newJudge(t, withKeys(ring), func(s *authjwt.Settings) { s.RefreshTokenExpires, s.Now = life, clock })
		}
		r.replaced(t, b, previous(a))
		assert.Equal(t, testNow.Add(2*time.Hour+5*time.Second), r.untilOf(t, "a"))
	}
	// A Manager that was not made does not count.
	r := newRinged(t, []authjwt.Key{a})
	_, err := authjwt.New(authjwt.Settings{KeyRing: r.ring, RefreshTokenExpires: authjwt.NoExpiry, Realm: "\n"})
	require.Error(t, err)
	r.replaced(t, b, previous(a))
	assert.Equal(t, testNow.Add(month+5*time.Second), r.untilOf(t, "a"))
}

func TestReplace_NoExpiry(t *testing.T) {
	a, b, c := authjwt.Key{ID: "a", PrivateKey: ed25519Key()}, authjwt.Key{ID: "b", PrivateKey: otherEd()}, authjwt.Key{ID: "c", PrivateKey: p256Key()}
	for name, edit := range map[string]func(s *authjwt.Settings){
		"access": func(s *authjwt.Settings) { s.AccessTokenExpires = authjwt.NoExpiry }, "refresh": func(s *authjwt.Settings) { s.RefreshTokenExpires = authjwt.NoExpiry },
	} {
		t.Run(name, func(t *testing.T) {
			r := newRinged(t, []authjwt.Key{a}, edit)
			_, err := authjwt.New(authjwt.Settings{KeyRing: r.ring, RefreshTokenExpires: time.Hour})
			require.NoError(t, err)
			r.stays(t, "Until: tokens of it never expire, so that no deadline can be computed; say until when it verifies", b, previous(a))
			assert.NotContains(t, r.ring.Replace(b, previous(a)).Error(), "\n", "one mistake, one line")
			r.stays(t, `the key "a" of the ring is missing`, b)
			r.replaced(t, b, previous(a, testNow.Add(time.Minute)))
			assert.Equal(t, testNow.Add(time.Minute), r.untilOf(t, "a"))
			r.replaced(t, b, previous(a)) // it was said once
			assert.Equal(t, testNow.Add(time.Minute), r.untilOf(t, "a"))
			r.replaced(t, c, retired(a), retired(b))
		})
	}
}

// To retire is to say that everybody has to log in again.
func TestReplace_Retired(t *testing.T) {
	for _, kind := range []string{"secrets", "Ed25519"} {
		a, b, c, _ := fourKeys(t, kind)
		r := newRinged(t, []authjwt.Key{a, next(c)})
		living, nextOnes := mustCreate(t, r.m), byKey(t, c, withKid("c"))
		r.accepts(t, living) // its header is remembered
		r.accepts(t, nextOnes)
		r.replaced(t, b, retired(a), retired(c))
		r.unknown(t, living)
		r.unknown(t, nextOnes)
		r.refuses(t, byKey(t, a, ""), isSignature.outcome)
		r.accepts(t, mustCreate(t, r.m))
		r.replaced(t, b) // it is gone, and nobody asks for it
		r.replaced(t, c, retired(b))
		r.accepts(t, nextOnes)
	}
	// Of another algorithm nothing is left.
	a := authjwt.Key{PrivateKey: ed25519Key()}
	r := newRinged(t, []authjwt.Key{a})
	living := mustCreate(t, r.m)
	r.replaced(t, secret("b"), retired(a))
	r.refuses(t, living, isAlgorithm.outcome, isAlgorithm.cause)
}

func TestReplace_Rollback(t *testing.T) {
	a, b, c, _ := fourKeys(t, "Ed25519")
	r := newRinged(t, []authjwt.Key{a, next(b)})
	first := mustCreate(t, r.m)
	r.replaced(t, b, previous(a))
	second := mustCreate(t, r.m)
	r.now = testNow.Add(time.Second)
	r.stays(t, `the key "b" of the ring is missing`, a)
	r.replaced(t, a, previous(b))
	assert.Equal(t, r.now.Add(month+5*time.Second), r.untilOf(t, "b"))
	assert.Zero(t, r.untilOf(t, "a"))
	for _, token := range []string{first, second, mustCreate(t, r.m)} {
		r.accepts(t, token)
	}
	r.replaced(t, a, previous(b), next(c))
	r.replaced(t, a, previous(b)) // a next key has signed nothing here
	r.unknown(t, byKey(t, c, withKid("c")))
}

func TestReplace_KeyIDs(t *testing.T) {
	a, b, c, _ := fourKeys(t, "secrets")
	n := nameless(secret("n"))
	r := newRinged(t, []authjwt.Key{a, next(n)})
	renamed := a
	renamed.ID = "z"
	keep := `key 2 ("z"): ID: it was "a", which its tokens carry; keep it`
	r.stays(t, keep, b, previous(renamed))
	r.stays(t, strings.Replace(keep, "2", "1", 1), renamed)
	r.stays(t, `ID: it was "a", which its tokens carry; keep it`, b, previous(nameless(a)))
	r.replaced(t, b, retired(renamed)) // which needs no ID

	old := byKey(t, n, "")
	r = newRinged(t, []authjwt.Key{n})
	r.accepts(t, old)
	named := n
	named.ID = "n"
	foreign := compactWith(t, "HS256", n.SecretKey, `{"alg":"HS256","kid":"another program's"}`, goodPayload())
	r.accepts(t, foreign)
	r.stays(t, `ID: it had none, and verifies tokens of any kid; keep it so`, c, previous(named))
	r.replaced(t, c, previous(n))
	r.accepts(t, old)
	r.accepts(t, foreign)
}

// A key of another algorithm or kind follows as any other does.
func TestReplace_SecretsAndPairs(t *testing.T) {
	keys := []authjwt.Key{secret("a"), {PrivateKey: ed25519Key()}, {ID: "r", PrivateKey: rsaKey(), Algorithm: "PS256"}, {ID: "h", SecretKey: testSecret, Algorithm: "HS512"}, {PrivateKey: p256Key()}}
	r := newRinged(t, keys[:1])
	var made []string
	for i, k := range keys {
		list := []authjwt.Key{k}
		for _, old := range keys[:i] {
			if old.PrivateKey != nil { // the public half is enough
				old.PublicKey, old.PrivateKey = old.PrivateKey.Public(), nil
			}
			list = append(list, previous(old))
		}
		r.replaced(t, list...)
		made = append(made, mustCreate(t, r.m))
		for _, token := range made {
			r.accepts(t, token)
		}
	}
	assert.Len(t, r.m.PublicKeys(), 3, "of the pairs alone")
	for i, alg := range []string{"HS256", "EdDSA", "PS256", "HS512", "ES256"} {
		assert.Equal(t, alg, headerIn(t, made[i])["alg"])
	}
	r.stays(t, `the key "h" of the ring is missing`, keys[4], previous(keys[0]), previous(keys[1]), previous(keys[2]))
	sameSecret := keys[3]
	sameSecret.Algorithm, sameSecret.ID = "HS384", "h2"
	r.stays(t, `key 5 ("h2"): ID: it was "h"`, keys[4], previous(keys[0]), previous(keys[1]), previous(keys[2]), previous(sameSecret, testNow.Add(month)))
	sameSecret.ID = "h"
	r.stays(t, `key 5 ("h"): Algorithm: it was HS512`, keys[4], previous(keys[0]), previous(keys[1]), previous(keys[2]), previous(sameSecret, testNow.Add(month)))
}

// One key does one algorithm, now and later: neither side by side nor one after the other.
func TestReplace_AnotherAlgorithm(t *testing.T) {
	for _, k := range []authjwt.Key{{ID: "a", PrivateKey: rsaKey()}, secret("a")} {
		r := newRinged(t, []authjwt.Key{k})
		was, other := "RS256", "PS256"
		if k.SecretKey != "" {
			was, other = "HS256", "HS384"
		}
		changed := k
		changed.Algorithm = other
		needs := `Algorithm: it was ` + was + `; a new algorithm needs a new key (RFC 8725 §3.1)`
		r.stays(t, `key 1 ("a"): `+needs, changed)
		r.stays(t, `key 2 ("a"): `+needs, secret("b"), previous(changed))
		changed.ID = "b"
		r.stays(t, `key 2 ("a"): Algorithm: key 1 is the same key`, changed, previous(k, testNow.Add(2*month)))
	}
}

func TestReplace_OnlyVerifies(t *testing.T) {
	a, b := authjwt.Key{ID: "a", PublicKey: ed25519Key().Public()}, authjwt.Key{ID: "b", PublicKey: otherEd().Public()}
	r := newRinged(t, []authjwt.Key{a})
	assert.Empty(t, r.m.PublicKeys())
	_, err := r.m.CreateAccessToken("alice")
	assert.ErrorContains(t, err, "a KeyRing that has one")
	assert.True(t, panicsWith("LoginHandler: the Manager only verifies", func() { r.m.LoginHandler(loginAs("alice")) }))
	token := byKey(t, authjwt.Key{PrivateKey: ed25519Key()}, withKid("a"))
	r.accepts(t, token)
	err = r.ring.Replace(b)
	assert.ErrorContains(t, err, `the key "a" of the ring is missing`)
	r.replaced(t, b, previous(a))
	r.accepts(t, token)
	b.PrivateKey = otherEd()
	r.replaced(t, b, previous(a)) // it may begin to sign
	r.accepts(t, mustCreate(t, r.m))
	assert.Len(t, r.m.PublicKeys(), 2)
	b.PrivateKey = nil
	r.stays(t, `key 1 ("b"): PrivateKey: the ring signs, so that its current key needs one`, b, previous(a)) // but not stop
}

// Before there is a Manager there are no tokens either.
func TestReplace_WithoutManager(t *testing.T) {
	a, b := secret("a"), secret("b")
	ring, err := authjwt.NewKeyRing(a)
	require.NoError(t, err)
	require.NoError(t, ring.Replace(b))
	assert.ErrorContains(t, ring.Replace(a, previous(b)), "Until: say until when it verifies")
	require.NoError(t, ring.Replace(authjwt.Key{PublicKey: ed25519Key().Public()}))
	require.NoError(t, ring.Replace(b))
	newManager(t, withKeys(ring))
	assert.ErrorContains(t, ring.Replace(a), "is missing")
}

func TestKeyRing_NothingBeside(t *testing.T) {
	ring, err := authjwt.NewKeyRing(secret("a"))
	require.NoError(t, err)
	empty := new(authjwt.KeyRing)
	for field, edit := range map[string]func(s *authjwt.Settings){
		"SecretKey": func(s *authjwt.Settings) { s.SecretKey = testSecret }, "PrivateKey": func(s *authjwt.Settings) { s.PrivateKey = ed25519Key() },
		"PublicKey": func(s *authjwt.Settings) { s.PublicKey = ed25519Key().Public() }, "KeyID": func(s *authjwt.Settings) { s.KeyID = "a" },
		"KeySet": func(s *authjwt.Settings) { s.KeySet = fakeKeySet{} }, "Algorithm": func(s *authjwt.Settings) { s.Algorithm = "HS256" },
		"DecodeAlgorithms": func(s *authjwt.Settings) { s.DecodeAlgorithms = []string{"HS256"} },
	} {
		s := authjwt.Settings{KeyRing: ring}
		edit(&s)
		_, err := authjwt.New(s)
		assert.EqualError(t, err, "authjwt: Settings.KeyRing: it leaves no place for "+field+"; each Key has its own, and a KeySet needs a Manager by itself")
		s = authjwt.Settings{KeySet: fakeKeySet{}}
		edit(&s)
		_, err = authjwt.New(s)
		switch field {
		case "KeySet":
			assert.NoError(t, err)
		case "Algorithm", "DecodeAlgorithms":
			assert.ErrorContains(t, err, `"HS256" is not available; use RS256`)
		default:
			assert.EqualError(t, err, "authjwt: Settings.KeySet: it leaves no place for "+field+"; make a Manager for each issuer, and one for your own keys")
		}
	}
	_, err = authjwt.New(authjwt.Settings{KeyRing: empty, SecretKey: testSecret, KeyID: "a"})
	assert.ErrorContains(t, err, "it leaves no place for SecretKey, KeyID; ")
	assert.ErrorContains(t, err, "it is empty; make it with NewKeyRing")
	_, err = authjwt.New(authjwt.Settings{KeyRing: ring})
	assert.NoError(t, err)
}
