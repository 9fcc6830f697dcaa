package authjwt_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

// A ringed is a Manager with a ring and a clock to move.
type ringed struct {
	*judge
	ring *authjwt.KeyRing
	now  time.Time
}

func newRinged(tb testing.TB, keys []authjwt.Key, edit ...func(s *authjwt.Settings)) *ringed {
	tb.Helper()
	ring, err := authjwt.NewKeyRing(keys...)
	require.NoError(tb, err)
	r := &ringed{ring: ring, now: testNow}
	r.judge = newJudge(tb, append([]func(s *authjwt.Settings){withKeys(ring), func(s *authjwt.Settings) { s.Now = func() time.Time { return r.now } }}, edit...)...)
	return r
}

// unknown checks that the token is refused because its key counts for nothing.
func (r *ringed) unknown(tb testing.TB, token string) {
	tb.Helper()
	r.refuses(tb, token, isKey.outcome, authjwt.ErrJWTDecode, isKey.cause)
}

// secret makes a key of a secret of its own, current to begin with.
func secret(id string) authjwt.Key {
	return authjwt.Key{ID: id, SecretKey: "tests-only " + id + testSecret}
}

func next(k authjwt.Key) authjwt.Key    { k.State = authjwt.KeyNext; return k }
func retired(k authjwt.Key) authjwt.Key { k.State = authjwt.KeyRetired; return k }
func nameless(k authjwt.Key) authjwt.Key {
	k.ID = authjwt.NoKeyID
	return k
}

// previous has a deadline that Replace computes, or this one.
func previous(k authjwt.Key, until ...time.Time) authjwt.Key {
	k.State = authjwt.KeyPrevious
	if len(until) > 0 {
		k.Until = until[0]
	}
	return k
}

// byKey signs the claims of a good token by any key, with what more says in the header.
func byKey(tb testing.TB, k authjwt.Key, more string) string {
	tb.Helper()
	switch private := k.PrivateKey.(type) {
	case nil:
		return compactWith(tb, "HS256", k.SecretKey, headerOf("HS256", more), goodPayload())
	case *rsa.PrivateKey:
		return compactBy(tb, "RS256", private, headerOf("RS256", more), goodPayload())
	case *ecdsa.PrivateKey:
		return compactBy(tb, "ES256", private, headerOf("ES256", more), goodPayload())
	default:
		return compactBy(tb, "EdDSA", private, headerOf("EdDSA", more), goodPayload())
	}
}

func withKid(id string) string { return `,"kid":"` + id + `"` }

// A row of four keys of one kind, a, b, c and d, so that their tokens differ by the kid alone.
func fourKeys(tb testing.TB, kind string) (a, b, c, d authjwt.Key) {
	tb.Helper()
	switch kind {
	case "secrets":
		return secret("a"), secret("b"), secret("c"), secret("d")
	case "RSA":
		return authjwt.Key{ID: "a", PrivateKey: rsaKey()}, authjwt.Key{ID: "b", PrivateKey: otherRSA()}, authjwt.Key{ID: "c", PrivateKey: cubeKey()}, authjwt.Key{ID: "d", PrivateKey: newRSAKey(2048)}
	case "EC":
		return authjwt.Key{ID: "a", PrivateKey: p256Key()}, authjwt.Key{ID: "b", PrivateKey: otherP256()}, authjwt.Key{ID: "c", PrivateKey: firstIsZero()}, authjwt.Key{ID: "d", PrivateKey: firstIsZero()}
	}
	return authjwt.Key{ID: "a", PrivateKey: ed25519Key()}, authjwt.Key{ID: "b", PrivateKey: otherEd()}, authjwt.Key{ID: "c", PrivateKey: newEdKey()}, authjwt.Key{ID: "d", PrivateKey: newEdKey()}
}

func TestK01_States(t *testing.T) {
	for _, kind := range []string{"secrets", "RSA", "EC", "Ed25519"} {
		t.Run(kind, func(t *testing.T) {
			a, b, c, d := fourKeys(t, kind)
			until := testNow.Add(30 * time.Second)
			r := newRinged(t, []authjwt.Key{retired(d), previous(c, until), next(b), a})
			for range 3 {
				assert.Equal(t, "a", headerIn(t, mustCreate(t, r.m))["kid"], "the current key alone signs")
			}
			for _, good := range []authjwt.Key{a, b, c} {
				r.accepts(t, byKey(t, good, withKid(good.ID)))
			}
			r.unknown(t, byKey(t, d, withKid("d")))
			r.refuses(t, byKey(t, d, ""), isSignature.outcome)
			r.refuses(t, byKey(t, d, withKid("a")), isSignature.outcome)

			var published []string
			for _, k := range r.m.PublicKeys() {
				assert.Equal(t, k.ID == "c", k.Until.Equal(until))
				published = append(published, k.ID+" "+k.State.String())
			}
			if kind == "secrets" {
				assert.Empty(t, published)
			} else {
				assert.Equal(t, []string{"a current", "c previous", "b next"}, published, "the current one first, then as they were given")
			}

			// The header of c is remembered by now; the deadline counts all the same.
			old := byKey(t, c, withKid("c"))
			r.now = until.Add(-1)
			r.accepts(t, old)
			r.now = until
			r.unknown(t, old)
			r.refuses(t, byKey(t, c, ""), isSignature.outcome)
			r.accepts(t, byKey(t, a, withKid("a")))
			r.accepts(t, byKey(t, b, withKid("b")))
			if kind != "secrets" {
				assert.Len(t, r.m.PublicKeys(), 2, "nor is it published any more")
			}
			r.now = until.Add(-time.Second)
			r.accepts(t, old)
		})
	}
	assert.Equal(t, "current next previous retired unknown unknown", fmt.Sprint(authjwt.KeyCurrent, authjwt.KeyNext, authjwt.KeyPrevious, authjwt.KeyRetired, authjwt.KeyState(4), authjwt.KeyState(-1)))
}

// The next key does not sign even where it is the only one for the algorithm that is asked for.
func TestK01_NextDoesNotSign(t *testing.T) {
	r := newRinged(t, []authjwt.Key{next(authjwt.Key{PrivateKey: ed25519Key()}), secret("a")})
	for _, alg := range []string{"EdDSA", "HS384"} {
		_, err := r.m.CreateAccessToken("alice", authjwt.WithAlgorithm(alg))
		assert.ErrorContains(t, err, `there is no key for "`+alg+`" that signs; list it in Settings.DecodeAlgorithms, or see to the KeyRing`)
	}
	r.accepts(t, mustCreate(t, r.m, authjwt.WithAlgorithm("HS256")))
}

// A ring whose only key without deadline is the current one: past it, there is no key at all for its algorithm.
func TestK01_DeadlineOfTheOnlyKey(t *testing.T) {
	until := testNow.Add(30 * time.Second)
	r := newRinged(t, []authjwt.Key{secret("a"), previous(authjwt.Key{PrivateKey: ed25519Key(), ID: authjwt.NoKeyID}, until)})
	old := byTheirs(t, "EdDSA", "")
	r.accepts(t, old)
	r.now = until
	r.unknown(t, old)
}

func TestK06_KidAndAlgAreOfOneKey(t *testing.T) {
	a, b := secret("a"), secret("b")
	ed := authjwt.Key{ID: "ed", PrivateKey: ed25519Key()}
	r := newRinged(t, []authjwt.Key{a, next(b), next(ed)})
	repel(t, r.m, []attack{
		{"right signature, unknown kid", byKey(t, a, withKid("x")), byKey(t, a, withKid("a")), isKey, nil},
		{"right signature, empty kid", byKey(t, a, withKid("")), byKey(t, a, ""), isKey, nil},
		{"kid of the other secret", byKey(t, a, withKid("b")), byKey(t, b, withKid("b")), isSignature, nil},
		{"kid of another kind", byKey(t, a, withKid("ed")), byKey(t, ed, withKid("ed")), isKey, nil},
		{"kid of another kind, reversed", byKey(t, ed, withKid("a")), byKey(t, a, withKid("a")), isKey, nil},
		{"algorithm of no key", byTheirs(t, "HS384", withKid("a")), byKey(t, a, withKid("a")), isAlgorithm, nil},
		{"other letter case", byKey(t, a, withKid("A")), byKey(t, a, withKid("a")), isKey, nil},
	})
	// A key without ID takes the kid that no other key has.
	n := nameless(secret("n"))
	r = newRinged(t, []authjwt.Key{n, next(a), next(ed)})
	assert.NotContains(t, headerIn(t, mustCreate(t, r.m)), "kid")
	repel(t, r.m, []attack{
		{"taken kid", byKey(t, n, withKid("a")), byKey(t, n, withKid("x")), isSignature, nil},
		{"kid of another algorithm is free", byKey(t, secret("m"), withKid("ed")), byKey(t, n, withKid("ed")), isSignature, nil},
		{"named key under a free kid", byKey(t, a, withKid("x")), byKey(t, n, withKid("")), isSignature, nil},
		{"no key of the kind is nameless", byKey(t, ed, withKid("x")), byKey(t, ed, ""), isKey, nil},
	})
}

// A token without kid costs four signatures at most.
func TestK02_TokensWithoutKidAreTriedWithFourKeys(t *testing.T) {
	for _, kind := range []string{"secrets", "Ed25519"} {
		a, b, c, d := fourKeys(t, kind)
		e := authjwt.Key{ID: "e", PrivateKey: newEdKey()}
		other := next(secret("other"))
		if kind == "secrets" {
			e, other = secret("e"), next(authjwt.Key{PrivateKey: ed25519Key()})
		}
		r := newRinged(t, []authjwt.Key{next(a), next(b), other, next(c), next(d), e})
		for _, tried := range []authjwt.Key{e, a, b, c, other} { // the current one first; another algorithm does not count
			r.accepts(t, byKey(t, tried, ""))
		}
		r.refuses(t, byKey(t, d, ""), isSignature.outcome, isSignature.cause)
		r.accepts(t, byKey(t, d, withKid("d")))
	}
	nameless5 := make([]authjwt.Key, 5)
	for i := range nameless5 {
		nameless5[i] = next(nameless(secret(fmt.Sprint(i))))
	}
	nameless5[0].State = authjwt.KeyCurrent
	_, err := authjwt.NewKeyRing(nameless5...)
	assert.ErrorContains(t, err, "5 keys of the ring have no ID, and a token is tried with at most 4; give them IDs")
	r := newRinged(t, append(nameless5[:4:4], retired(nameless5[4])))
	for _, k := range nameless5[:4] {
		r.accepts(t, byKey(t, k, ""))
		r.accepts(t, byKey(t, k, withKid("any")))
		r.accepts(t, byKey(t, k, withKid("")))
	}
}

const needsOne = "it needs exactly one, which signs"

// Keys without ID come first, wherever they stand, and leave so many tries to the others.
func TestK02_NamelessKeysAreTriedFirst(t *testing.T) {
	a, b, c, d := fourKeys(t, "secrets")
	n := nameless(secret("n"))
	r := newRinged(t, []authjwt.Key{next(b), next(c), next(d), a, next(n)})
	for _, tried := range []authjwt.Key{n, a, b, c} {
		r.accepts(t, byKey(t, tried, ""))
	}
	r.refuses(t, byKey(t, d, ""), isSignature.outcome, isSignature.cause)
	r.accepts(t, byKey(t, d, withKid("d")))
}

// wrongKeys are rings with one mistake each, and the words that mend it.
func wrongKeys(tb testing.TB) map[string]struct {
	keys []authjwt.Key
	fix  string
} {
	a, b := secret("a"), secret("b")
	pair := authjwt.Key{PrivateKey: rsaKey()}
	type row = struct {
		keys []authjwt.Key
		fix  string
	}
	of := func(fix string, keys ...authjwt.Key) row { return row{keys, fix} }
	change := func(k authjwt.Key, edit func(k *authjwt.Key)) authjwt.Key { edit(&k); return k }
	return map[string]row{
		"empty ring":   of("the ring has 0 keys in the state KeyCurrent; " + needsOne),
		"none current": of("0 keys in the state KeyCurrent; "+needsOne, next(a), previous(b, testNow)), "none but a retired": of("0 keys in the state KeyCurrent; "+needsOne, retired(a)),
		"two current": of("2 keys in the state KeyCurrent; "+needsOne, a, b), "no key": of("SecretKey: it is empty; make one with: openssl rand -base64 32", authjwt.Key{ID: "a"}),
		"short": of(`key 2 ("b"): SecretKey: 31 octets are too few`, a, next(authjwt.Key{ID: "b", SecretKey: secretOf(31)})), "known": of("well-known", authjwt.Key{SecretKey: "changeme"}),
		"short for HS512":       of("63 octets are too few: HS512 needs at least 64", authjwt.Key{SecretKey: secretOf(63), Algorithm: "HS512"}),
		"secret and pair":       of("it stands beside a key pair; make two keys of them", change(a, func(k *authjwt.Key) { k.PrivateKey = rsaKey() })),
		"secret and half":       of("it stands beside a key pair; make two keys of them", change(a, func(k *authjwt.Key) { k.PublicKey = rsaKey().Public() })),
		"same ID":               of(`key 2 ("a"): ID: key 1 has it, too; give each its own`, a, next(change(b, func(k *authjwt.Key) { k.ID = "a" }))),
		"same ID, kinds differ": of(`key 2 ("a"): ID: key 1 has it, too`, a, next(change(pair, func(k *authjwt.Key) { k.ID = "a" }))),
		"same secret":           of(`key 2 ("b"): Algorithm: key 1 is the same key: each does one algorithm, and stands once`, a, next(change(a, func(k *authjwt.Key) { k.ID = "b" }))),
		"same pair":             of(`key 2 ("b"): Algorithm: key 1 is the same key`, pair, next(change(pair, func(k *authjwt.Key) { k.ID = "b" }))),
		"same pair, PS256":      of(`key 2 ("b"): Algorithm: key 1 is the same key`, pair, next(change(pair, func(k *authjwt.Key) { k.ID, k.Algorithm = "b", "PS256" }))),
		"same pair, half":       of(`Algorithm: key 1 is the same key`, pair, retired(authjwt.Key{PublicKey: rsaKey().Public(), ID: "b"})),
		"same pair, thumbprint": of("ID: key 1 has it, too", pair, previous(pair, testNow)),
		"Until, current":        of("Until: it is the deadline of a KeyPrevious; leave it out", change(a, func(k *authjwt.Key) { k.Until = testNow })),
		"Until, next":           of(`key 2 ("b"): Until: it is the deadline of a KeyPrevious; leave it out`, a, next(change(b, func(k *authjwt.Key) { k.Until = testNow }))),
		"no Until":              of(`key 2 ("b"): Until: say until when it verifies: the time of its last signature and the longest life of a token`, a, previous(b)),
		"unknown state":         of("State: 4 is none; use KeyCurrent, KeyNext, KeyPrevious or KeyRetired", change(a, func(k *authjwt.Key) { k.State = 4 })),
		"negative state":        of("State: -1 is none", change(a, func(k *authjwt.Key) { k.State = -1 })),
		"unknown algorithm":     of(`Algorithm: "none" is none of a SecretKey; use HS256, HS384 or HS512, or set PrivateKey`, change(a, func(k *authjwt.Key) { k.Algorithm = "none" })),
		"pair's algorithm":      of(`Algorithm: "ES256" does not fit a key of RSA; leave it empty for RS256`, change(pair, func(k *authjwt.Key) { k.Algorithm = "ES256" })),
		"secret's algorithm":    of(`Algorithm: "HS256" does not fit a key of RSA; leave it empty for RS256`, change(pair, func(k *authjwt.Key) { k.Algorithm = "HS256" })),
		"ID":                    of("ID: it is not UTF-8; use letters and digits", change(a, func(k *authjwt.Key) { k.ID = "\xff" })),
		"halves":                of("PublicKey: it is not the public half of PrivateKey; leave it out", change(pair, func(k *authjwt.Key) { k.PublicKey = otherRSA().Public() })),
	}
}

func TestKeyRing_Mistakes(t *testing.T) {
	for name, row := range wrongKeys(t) {
		t.Run(name, func(t *testing.T) {
			good := secret("good")
			r := newRinged(t, []authjwt.Key{good})
			token := mustCreate(t, r.m)
			ring, err := authjwt.NewKeyRing(row.keys...)
			assert.Nil(t, ring)
			assert.ErrorContains(t, err, "authjwt: ")
			assert.ErrorContains(t, err, row.fix)
			assert.Len(t, strings.Split(err.Error(), "\n"), 1, "one mistake, one line: %v", err)
			assert.NotContains(t, err.Error(), testSecret)

			// Replace refuses it as well, and leaves the ring as it is.
			err = r.ring.Replace(append(row.keys, previous(good))...)
			assert.ErrorContains(t, err, row.fix)
			r.accepts(t, token)
			assert.Equal(t, "good", headerIn(t, mustCreate(t, r.m))["kid"])
			if len(row.keys) > 0 {
				r.refuses(t, byKey(t, secret("a"), withKid("a")), isKey.outcome)
			}
		})
	}
	all := []authjwt.Key{secret("a"), next(secret("a")), {ID: "s", SecretKey: "short"}, {ID: "p", PrivateKey: rsaKey(), Algorithm: "ES256"}, {ID: "u", SecretKey: secretOf(40), State: authjwt.KeyNext, Until: testNow}, {ID: "t", SecretKey: secretOf(41), State: 9}}
	_, err := authjwt.NewKeyRing(all...)
	for _, want := range []string{`key 2 ("a"): ID: `, `key 3 ("s"): SecretKey: `, `key 4 ("p"): Algorithm: `, `key 5 ("u"): Until: `, `key 6 ("t"): State: `} {
		assert.ErrorContains(t, err, want)
	}
	joined, ok := err.(interface{ Unwrap() []error })
	require.True(t, ok)
	assert.Len(t, joined.Unwrap(), 5)
}

// Neither what the ring was made of nor what it hands out is its own memory.
func TestKeyRing_Copies(t *testing.T) {
	modulus, octets := rsaKey().PublicKey, append(ed25519.PublicKey(nil), ed25519Key().Public().(ed25519.PublicKey)...)
	given := []authjwt.Key{secret("s"), next(authjwt.Key{ID: "r", PublicKey: &modulus}), next(authjwt.Key{ID: "e", PublicKey: octets})}
	given[0] = authjwt.Key{ID: "c", PrivateKey: p256Key()}
	r := newRinged(t, given)
	all := []string{byKey(t, authjwt.Key{PrivateKey: rsaKey()}, withKid("r")), byKey(t, authjwt.Key{PrivateKey: ed25519Key()}, withKid("e")), mustCreate(t, r.m)}
	want := fmt.Sprint(thumbprints(t, r.m))
	spoil := func(keys []authjwt.Key) {
		for i := range keys {
			switch k := keys[i].PublicKey.(type) {
			case *rsa.PublicKey:
				k.E, k.N = 1, nil
			case ed25519.PublicKey:
				clear(k)
			case *ecdsa.PublicKey:
				k.Curve = nil
			}
			keys[i] = authjwt.Key{}
		}
	}
	spoil(given)
	for range 2 {
		assert.Equal(t, want, fmt.Sprint(thumbprints(t, r.m)))
		for _, token := range all {
			r.accepts(t, token)
		}
		spoil(r.m.PublicKeys())
	}
}

func thumbprints(tb testing.TB, m *authjwt.Manager) (all []string) {
	for _, k := range m.PublicKeys() {
		all = append(all, k.ID+" "+k.Algorithm+" "+thumbprintOf(tb, k.PublicKey))
		assert.Empty(tb, k.SecretKey)
		assert.Nil(tb, k.PrivateKey)
	}
	return all
}
