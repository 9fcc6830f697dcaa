package authjwt_test

import (
	"crypto/ed25519"
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"math/big"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

// A key that has signed may become the next one again, but not vanish while its tokens live.
func TestReplace_NextThatHasSigned(t *testing.T) {
	const missing = `is missing, and tokens of it are good; list it as KeyPrevious, or as KeyRetired to end them`
	a, b, c, _ := fourKeys(t, "Ed25519")
	r := newRinged(t, []authjwt.Key{a, next(b)})
	r.replaced(t, a) // so far it has signed nothing
	r.replaced(t, b, previous(a))
	living := mustCreate(t, r.m)
	r.replaced(t, a, next(b)) // rolled back
	r.stays(t, `the key "b" of the ring `+missing, a)
	r.replaced(t, a, next(b), next(c))
	r.stays(t, `the key "b" of the ring `+missing, a, next(c))
	r.replaced(t, c, previous(a), next(b))
	r.stays(t, `the key "b" of the ring `+missing, c, previous(a))
	r.accepts(t, living)
	r.now = testNow.Add(time.Second)
	r.replaced(t, c, previous(a), previous(b))
	assert.Equal(t, r.now.Add(month+5*time.Second), r.untilOf(t, "b"))
	assert.Equal(t, testNow.Add(month+5*time.Second), r.untilOf(t, "a"), "which was previous all the time")
	r.replaced(t, c, previous(a), retired(b))
	r.unknown(t, living)
}

// A replica that was away for a step has the deadline computed even so: the others may have let the next key sign.
func TestReplace_SkippedStep(t *testing.T) {
	a, b, c, _ := fourKeys(t, "Ed25519")
	r := newRinged(t, []authjwt.Key{a, next(b)})
	theirs := byKey(t, b, withKid("b"))
	r.replaced(t, c, previous(b), previous(a))
	r.accepts(t, theirs)
	assert.Equal(t, testNow.Add(month+5*time.Second), r.untilOf(t, "b"))
	r.stays(t, `the key "b" of the ring is missing`, c, previous(a))
}

// A configuration that is read again, after a deadline in it is over, is no mistake.
func TestReplace_TheSameListAgain(t *testing.T) {
	a, b := authjwt.Key{ID: "a", PrivateKey: ed25519Key()}, authjwt.Key{ID: "b", PrivateKey: otherEd()}
	r := newRinged(t, []authjwt.Key{a})
	end := testNow.Add(month + 5*time.Second)
	for _, passed := range []time.Duration{0, month, 5*time.Second - 1, 1, month} {
		r.now = r.now.Add(passed)
		r.replaced(t, b, previous(a))
		if r.now.Before(end) {
			assert.Equal(t, end, r.untilOf(t, "a"))
			continue
		}
		_, err := r.m.Verify(t.Context(), byKey(t, a, withKid("a")), authjwt.Access)
		assert.ErrorIs(t, err, isKey.cause)
		assert.Len(t, r.m.PublicKeys(), 1)
	}
	r.replaced(t, b)
}

// Whoever has destroyed a key still knows its ID.
func TestReplace_RetiredByItsID(t *testing.T) {
	pair := authjwt.Key{PrivateKey: p256Key()}
	for _, stolen := range []authjwt.Key{secret("a"), {ID: "a", PrivateKey: ed25519Key()}, pair} {
		r := newRinged(t, []authjwt.Key{stolen, next(secret("n"))})
		living := mustCreate(t, r.m)
		id := stolen.ID
		if id == "" {
			id = thumbprintOf(t, p256Key().Public())
		}
		fresh := secret("fresh")
		fresh.Algorithm = "HS512"
		r.stays(t, "is missing", fresh, authjwt.Key{ID: "x", State: authjwt.KeyRetired})
		r.stays(t, `ID: key 2 has it, too`, fresh, authjwt.Key{ID: id, State: authjwt.KeyRetired}, previous(authjwt.Key{ID: id, SecretKey: secretOf(40)}, testNow))
		r.accepts(t, living)
		r.replaced(t, fresh, authjwt.Key{ID: id, State: authjwt.KeyRetired}, authjwt.Key{ID: "n", State: authjwt.KeyRetired})
		_, err := r.m.Verify(t.Context(), living, authjwt.Access)
		assert.ErrorIs(t, err, authjwt.ErrJWTDecode)
		r.accepts(t, mustCreate(t, r.m))
	}
	_, err := authjwt.NewKeyRing(secret("a"), authjwt.Key{State: authjwt.KeyRetired})
	assert.ErrorContains(t, err, "SecretKey: it is empty", "without an ID it is no key")
	for _, state := range []authjwt.KeyState{authjwt.KeyCurrent, authjwt.KeyNext, authjwt.KeyPrevious} {
		_, err = authjwt.NewKeyRing(authjwt.Key{ID: "x", State: state})
		assert.ErrorContains(t, err, "SecretKey: it is empty")
	}
	_, err = authjwt.NewKeyRing(secret("a"), authjwt.Key{ID: "x", State: authjwt.KeyRetired}, authjwt.Key{ID: "y", State: authjwt.KeyRetired})
	assert.NoError(t, err, "two that are gone are not the same key")
}

// A token without kid is that of a key without ID, if any: named keys before it in the list do not push it out.
func TestK02_NamelessKeysAreTriedFirst(t *testing.T) {
	n := nameless(secret("n"))
	r := newRinged(t, []authjwt.Key{n})
	living := mustCreate(t, r.m)
	names := []string{"a", "b", "c", "d", "e"}
	for i, id := range names {
		list := []authjwt.Key{secret(id)}
		for _, old := range names[:i] {
			list = append(list, previous(secret(old)))
		}
		r.replaced(t, append(list, previous(n))...)
		r.accepts(t, living)
	}
	for i, id := range []string{"e", "a", "b", "c"} { // of the others three are tried, the current one first
		token := byKey(t, secret(id), "")
		if i < 3 {
			r.accepts(t, token)
		} else {
			r.refuses(t, token, isSignature.outcome)
		}
	}
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

// The points of low order in all their spellings, from the curve's own numbers: 0, 1, -1 and the two of order eight.
func lowOrderPoints(tb testing.TB) []ed25519.PublicKey {
	tb.Helper()
	p := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 255), big.NewInt(19))
	inverse := func(x *big.Int) *big.Int { return new(big.Int).ModInverse(x, p) }
	mod := func(x *big.Int) *big.Int { return new(big.Int).Mod(x, p) }
	d := mod(new(big.Int).Mul(big.NewInt(-121665), inverse(big.NewInt(121666))))
	// Of order eight is what doubled has y = 0: x² = -y² there, so that d·y⁴ + 2y² - 1 = 0.
	root := new(big.Int).ModSqrt(mod(new(big.Int).Add(big.NewInt(1), d)), p)
	ys := []*big.Int{big.NewInt(0), big.NewInt(1), new(big.Int).Sub(p, big.NewInt(1)), p, new(big.Int).Add(p, big.NewInt(1))}
	for _, sign := range []int64{1, -1} {
		square := mod(new(big.Int).Mul(new(big.Int).Add(big.NewInt(-1), new(big.Int).Mul(big.NewInt(sign), root)), inverse(d)))
		if y := new(big.Int).ModSqrt(square, p); y != nil {
			ys = append(ys, y, new(big.Int).Sub(p, y))
		}
	}
	require.Len(tb, ys, 7)
	var all []ed25519.PublicKey
	for _, y := range ys {
		octets := y.FillBytes(make([]byte, 32))
		slices.Reverse(octets)
		all = append(all, octets, append(slices.Clone(octets[:31]), octets[31]|0x80))
	}
	return all
}

// For a key of low order, anybody's signature is good: R is the neutral point, S is zero.
func TestAlgorithms_LowOrder(t *testing.T) {
	forged := append([]byte{1}, make([]byte, 63)...)
	j, i := newIssued(t)
	fooled := 0
	for _, public := range lowOrderPoints(t) {
		name := hex.EncodeToString(public)
		var token string
		for n := range 200 { // the chance is one in eight
			text := b64(headerOf("EdDSA", "")) + "." + b64(payloadWith(map[string]any{"n": fmt.Sprint(n)}))
			if ed25519.Verify(public, []byte(text), forged) {
				token = text + "." + b64(string(forged))
				fooled++
				break
			}
		}
		const why = "it is a point of low order, as of a buffer that was never filled, and anybody can sign for it"
		_, err := authjwt.New(authjwt.Settings{PublicKey: public})
		assert.ErrorContains(t, err, "Settings.PublicKey: "+why, name)
		_, err = authjwt.NewKeyRing(secret("a"), next(authjwt.Key{PublicKey: public}))
		assert.ErrorContains(t, err, "PublicKey: "+why, name)
		if token != "" {
			i.returns(public)
			refusesKey(t, j, token)
		}
	}
	assert.GreaterOrEqual(t, fooled, 10, "crypto/ed25519 itself is not fooled, so this test shows nothing")
	sum := sha512.Sum512([]byte("a key as others are"))
	_, err := authjwt.New(authjwt.Settings{PublicKey: ed25519.NewKeyFromSeed(sum[:32]).Public()})
	assert.NoError(t, err)
}
