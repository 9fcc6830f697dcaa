package authjwt_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/gin-authjwt/authjwt"
)

const missing = `the key "b" of the ring is missing, and tokens of it are good`

// What has signed counts as used, whatever state it passes through.
func TestReplace_UsedKeysAreNotForgotten(t *testing.T) {
	a, b, c, _ := fourKeys(t, "secrets")
	r := newRinged(t, []authjwt.Key{a, next(b)})
	r.replaced(t, b, previous(a))
	token := mustCreate(t, r.m)
	r.replaced(t, a, next(b)) // a rollback
	r.stays(t, missing, a, next(c))
	r.stays(t, missing, a)
	r.stays(t, "is before", a, previous(b, r.now.Add(time.Hour)))
	r.replaced(t, a, next(b), next(c)) // c is never used, and may go
	r.replaced(t, a, previous(b))
	assert.Equal(t, r.now.Add(month+5*time.Second), r.deadline(t, b))
	r.accepts(t, token)
	r.now = r.now.Add(time.Hour)
	r.replaced(t, a, next(b)) // from previous to next, and back: the deadline comes no sooner
	r.stays(t, "is before", a, previous(b, r.now.Add(time.Minute)))
	r.now = r.now.Add(2 * month)
	r.stays(t, missing, a)
	r.replaced(t, a, retired(b))
	r.replaced(t, a)
}

// deadline is until when a secret verifies, to the second, as its tokens tell.
func (r *ringed) deadline(tb testing.TB, k authjwt.Key) time.Time {
	tb.Helper()
	low, high := r.now, r.now.Add(2*month)
	good := func(at time.Time) bool {
		was := r.now
		defer func() { r.now = was }()
		r.now = at
		_, err := r.m.Verify(tb.Context(), compactWith(tb, "HS256", k.SecretKey, headerOf("HS256", withKid(k.ID)),
			payloadWith(map[string]any{"exp": at.Add(time.Hour).Unix()})), authjwt.Access)
		return err == nil
	}
	for high.Sub(low) > time.Millisecond {
		middle := low.Add(high.Sub(low) / 2)
		if good(middle) {
			low = middle
		} else {
			high = middle
		}
	}
	return high.Round(time.Second)
}

// A list that is read again and again stays good when its deadlines are over.
func TestReplace_TheSameListAgain(t *testing.T) {
	old := nameless(secret("old"))
	r := newRinged(t, []authjwt.Key{old})
	list := []authjwt.Key{secret("new"), previous(old)}
	for range 6 {
		r.replaced(t, list...)
		r.now = r.now.Add(10 * 24 * time.Hour)
	}
	assert.NotContains(t, thumbprints(t, r.m), "old")
	r.stays(t, "Until: say until when it verifies", append(list, previous(secret("stranger")))...)
}

// A replica that was away while a key became current learns of it as a previous one.
func TestReplace_AStepIsSkipped(t *testing.T) {
	a, b, c, _ := fourKeys(t, "secrets")
	r := newRinged(t, []authjwt.Key{a, next(b)})
	elsewhere := byKey(t, b, withKid("b"))
	r.replaced(t, c, previous(b), previous(a))
	r.accepts(t, elsewhere)
	assert.Equal(t, r.now.Add(month+5*time.Second), r.deadline(t, b))
}

// Tokens without kid are those of keys without an ID, first of all.
func TestReplace_NamelessKeyAmongMany(t *testing.T) {
	old := nameless(secret("old"))
	r := newRinged(t, []authjwt.Key{old})
	token := mustCreate(t, r.m, authjwt.WithExpires(month))
	list := []authjwt.Key{previous(old)}
	for n := range 5 {
		r.now = r.now.Add(5 * 24 * time.Hour)
		current := secret(fmt.Sprint(n))
		r.replaced(t, append([]authjwt.Key{current}, list...)...)
		r.accepts(t, token)
		list = append([]authjwt.Key{previous(current)}, list...)
	}
}

func TestReplace_LongestLife(t *testing.T) {
	old := nameless(secret("old"))
	r := newRinged(t, []authjwt.Key{old}, func(s *authjwt.Settings) { s.RefreshTokenExpires, s.DecodeLeeway = math.MaxInt64, time.Minute })
	token := mustCreate(t, r.m, authjwt.WithExpires(200*month))
	r.replaced(t, secret("new"), previous(old))
	r.now = r.now.Add(100 * month)
	r.accepts(t, token)
}

// Of a key that is over, its ID is enough.
func TestReplace_RetiredByID(t *testing.T) {
	for _, kind := range []string{"secrets", "Ed25519"} {
		a, b, c, _ := fourKeys(t, kind)
		r := newRinged(t, []authjwt.Key{a, next(b)})
		token := mustCreate(t, r.m)
		r.replaced(t, b, previous(a))
		r.accepts(t, token)
		gone := func(id string) authjwt.Key { return retired(authjwt.Key{ID: id}) }
		r.stays(t, `the key "a" of the ring is missing`, b, gone("c"))
		r.stays(t, `the key "b" of the ring is missing`, c, gone("a"))
		r.stays(t, "ID: key 2 has it, too", b, gone("a"), gone("a"))
		r.replaced(t, b, gone("a"), gone("never seen"))
		r.unknown(t, token)
		r.replaced(t, c, gone("b"), gone("a"))
		assert.Equal(t, "c", headerIn(t, mustCreate(t, r.m))["kid"])
	}
	_, err := authjwt.NewKeyRing(secret("a"), authjwt.Key{State: authjwt.KeyRetired})
	assert.ErrorContains(t, err, "key 2 (\"\"): SecretKey: it is empty")
}

// One secret does one algorithm in a ring, as a pair does.
func TestKeyRing_SameSecretTwice(t *testing.T) {
	one, two := secret("a"), secret("a")
	one.SecretKey += testSecret
	two.SecretKey, two.Algorithm, two.ID = one.SecretKey, "HS512", "b"
	_, err := authjwt.NewKeyRing(one, next(two))
	assert.ErrorContains(t, err, `key 2 ("b"): Algorithm: key 1 is the same key`)
	two.SecretKey += "!"
	_, err = authjwt.NewKeyRing(one, next(two))
	assert.NoError(t, err)
}

// A secret that nothing would use is a mistake: whoever adds a pair to it logs everybody out.
func TestSettings_SecretWithoutUse(t *testing.T) {
	s := authjwt.Settings{SecretKey: testSecret, PrivateKey: ed25519Key()}
	_, err := authjwt.New(s)
	assert.ErrorContains(t, err, "Settings.SecretKey: no algorithm of DecodeAlgorithms uses it beside the key pair; list HS256 there")
	s.DecodeAlgorithms = []string{"EdDSA", "HS256"}
	_, err = authjwt.New(s)
	assert.NoError(t, err)
}
