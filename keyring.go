package authjwt

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"
)

// KeyRing is the keys of a [Manager] where there are several, or where they rotate: Settings.KeyRing. It is safe for
// concurrent use, and several Managers may share it. Make it with [NewKeyRing].
type KeyRing struct {
	list      atomic.Pointer[keyList]
	replacing sync.Mutex       // guards what follows
	now       func() time.Time // the clock of the first Manager; nil: there is none so far
	longest   time.Duration    // the life of its Managers' tokens, with leeway
}

const endless time.Duration = math.MaxInt64

// NewKeyRing makes a ring of keys, exactly one of them current; if that one is a PublicKey alone, the ring only verifies. The
// error joins all mistakes, each with its key, its field and its fix. The current key and the next sign once, so that
// one that cannot is found now.
func NewKeyRing(keys ...Key) (*KeyRing, error) {
	r := new(KeyRing)
	if err := r.Replace(keys...); err != nil {
		return nil, err
	}
	return r, nil
}

// Replace puts keys in the place of those in the ring, all at once: a token is judged by the old keys or by the new. What the
// ring has signed with stays good: a key with living tokens may not be left out. List it as KeyPrevious, without Until for as
// long as tokens live by the settings of its Managers (longer ones of [WithExpires] do not count), or as KeyRetired, which
// ends them. On an error, which is as that of [NewKeyRing], the ring stays as it is.
func (r *KeyRing) Replace(keys ...Key) error {
	r.replacing.Lock()
	defer r.replacing.Unlock()
	made, mistakes := newRingKeys(keys)
	if len(mistakes) == 0 {
		mistakes = r.succeed(made)
	}
	if len(mistakes) > 0 {
		return errors.Join(mistakes...)
	}
	list := new(keyList)
	for _, k := range made {
		switch k.state {
		case KeyCurrent:
			list.keys = slices.Insert(list.keys, 0, k)
		case KeyNext, KeyPrevious:
			list.keys = append(list.keys, k)
		}
	}
	r.list.Store(list)
	return nil
}

// follow makes r mind the clock and the lifetimes of a Manager.
func (r *KeyRing) follow(s *Settings) {
	r.replacing.Lock()
	defer r.replacing.Unlock()
	if r.now == nil {
		r.now = s.Now
	}
	for _, life := range []time.Duration{s.AccessTokenExpires, s.RefreshTokenExpires} {
		if life == NoExpiry || r.longest == endless {
			r.longest = endless
			continue
		}
		slack := max(s.DecodeLeeway, 0) + max(s.ClockSkew, 0)
		r.longest = max(r.longest, min(life, endless-1-slack)+slack)
	}
}

// A reporter notes a mistake in a field.
type reporter func(field, format string, args ...any)

// reportKey notes mistakes in the key of a list with this index.
func reportKey(mistakes *[]error, index int, id string) reporter {
	return func(field, format string, args ...any) {
		*mistakes = append(*mistakes, fmt.Errorf("authjwt: key %d (%q): %s: "+format, append([]any{index + 1, id, field}, args...)...))
	}
}

// newRingKeys checks the keys each by itself, and all together.
func newRingKeys(keys []Key) (made []*key, mistakes []error) {
	current, anonymous := 0, 0
	for i, given := range keys {
		report := reportKey(&mistakes, i, given.ID)
		k := newRingKey(given, report)
		if k == nil {
			continue
		}
		for at, other := range made {
			if k.id != "" && k.id == other.id {
				report("ID", "key %d has it, too; give each its own", at+1)
			} else if k.print != "" && k.print == other.print {
				report("Algorithm", "key %d is the same key: each does one algorithm, and stands once (RFC 8725 §3.1)", at+1)
			}
		}
		if k.state == KeyCurrent {
			current++
		}
		if k.id == "" && k.state != KeyRetired {
			anonymous++
		}
		made = append(made, k)
	}
	if current > 1 || current == 0 && len(mistakes) == 0 {
		mistakes = append(mistakes, fmt.Errorf("authjwt: the ring has %d keys in the state KeyCurrent; it needs exactly one, which signs", current))
	}
	if anonymous > maxTries {
		mistakes = append(mistakes, fmt.Errorf("authjwt: %d keys of the ring have no ID, and a token is tried with at most %d; give them IDs", anonymous, maxTries))
	}
	return made, mistakes
}

// newRingKey returns nil after a mistake.
func newRingKey(given Key, report reporter) *key {
	var k *key
	switch {
	case given.State == KeyRetired && given.ID != "" && given.SecretKey == "" && given.PrivateKey == nil && given.PublicKey == nil:
		k = &key{id: given.ID}
	case given.SecretKey != "" && (given.PrivateKey != nil || given.PublicKey != nil):
		report("SecretKey", "it stands beside a key pair; make two keys of them")
	case given.PrivateKey != nil || given.PublicKey != nil:
		k = newRingPair(given, report)
	default:
		k = newRingSecret(given, report)
	}
	if k == nil {
		return nil
	}
	k.state, k.until, k.used = given.State, given.Until, given.State != KeyNext
	switch {
	case !utf8.ValidString(given.ID):
		report("ID", "it is not UTF-8; use letters and digits")
	case given.State < KeyCurrent || given.State > KeyRetired:
		report("State", "%d is none; use KeyCurrent, KeyNext, KeyPrevious or KeyRetired", given.State)
	case given.State != KeyPrevious && given.State != KeyRetired && !given.Until.IsZero():
		report("Until", "it is the deadline of a KeyPrevious; leave it out")
	}
	return k
}

func newRingSecret(given Key, report reporter) *key {
	setDefault(&given.Algorithm, "HS256")
	alg, ok := findAlgorithm(given.Algorithm)
	if !ok || alg.family != familyHMAC {
		report("Algorithm", "%q is none of a SecretKey; use HS256, HS384 or HS512, or set PrivateKey", given.Algorithm)
		return nil
	}
	if err := secretProblem(given.SecretKey, given.InsecureShortSecret, alg); err != nil {
		report("SecretKey", "%w", err)
		return nil
	}
	return newSecretKey(keyID(given.ID, ""), alg, given.SecretKey)
}

func newRingPair(given Key, report reporter) *key {
	p := newPair(given.PrivateKey, given.PublicKey, report)
	if p == nil {
		return nil
	}
	if given.State == KeyPrevious || given.State == KeyRetired {
		p.signer = nil // it is not needed, and a KMS may have disabled it
	}
	setDefault(&given.Algorithm, usualAlgorithm(p.public))
	alg, ok := findAlgorithm(given.Algorithm)
	if !ok || !alg.fits(p.public) {
		report("Algorithm", "%s", misfit(given.Algorithm, p.public))
		return nil
	}
	k, err := newPairKey(keyID(given.ID, p.print), alg, p)
	if err != nil {
		report("PrivateKey", "%w", err)
		return nil
	}
	return k
}

// succeed checks that no token which is good by the keys in the ring is cut off by their successors, unless that is
// what they say, and computes deadlines.
func (r *KeyRing) succeed(next []*key) (mistakes []error) {
	var old []*key
	if list := r.list.Load(); list != nil && r.now != nil {
		old = list.keys
	}
	heirs := map[*key]bool{}
	for _, was := range old {
		at := slices.IndexFunc(next, was.continuedBy)
		if at >= 0 {
			heirs[next[at]] = true
			r.inherit(was, next[at], reportKey(&mistakes, at, next[at].id))
		} else if was.used && was.good(r.now) {
			mistakes = append(mistakes, fmt.Errorf("authjwt: the key %q of the ring is missing, and tokens of it are good; list it as KeyPrevious, or as KeyRetired to end them", was.id))
		}
	}
	for i, k := range next {
		report := reportKey(&mistakes, i, k.id)
		if k.state == KeyPrevious && !heirs[k] && k.until.IsZero() {
			report("Until", "say until when it verifies: the time of its last signature and the longest life of a token")
		}
		if k.state == KeyCurrent && !k.signs && len(old) > 0 && old[0].signs {
			report("PrivateKey", "the ring signs, so that its current key needs one")
		}
	}
	return mistakes
}

// continuedBy tells whether next is the same key; a retired one may be named by its ID alone.
func (k *key) continuedBy(next *key) bool {
	return next.print == k.print || next.print == "" && next.id == k.id
}

// inherit is succeed for one key.
func (r *KeyRing) inherit(was, is *key, report reporter) {
	is.used = is.used || was.used
	switch {
	case is.state == KeyRetired:
	case is.id != was.id && was.id == "":
		report("ID", "it had none, and verifies tokens of any kid; keep it so")
	case is.id != was.id:
		report("ID", "it was %q, which its tokens carry; keep it", was.id)
	case is.alg != was.alg:
		report("Algorithm", "it was %s; a new algorithm needs a new key (RFC 8725 §3.1)", was.alg)
	case is.state == KeyPrevious:
		r.inheritDeadline(was, is, report)
	}
}

func (r *KeyRing) inheritDeadline(was, is *key, report reporter) {
	least := was.until
	if was.state != KeyPrevious { // another replica may have let the next one sign already
		if r.longest == endless {
			if is.until.IsZero() {
				report("Until", "tokens of it never expire, so that no deadline can be computed; say until when it verifies")
			}
			return
		}
		least = r.now().Add(r.longest)
	}
	setDefault(&is.until, least)
	if is.until.Before(least) {
		report("Until", "%v is before %v, when the last of its tokens ends; leave it out, or say KeyRetired to end them", is.until, least)
	}
}
