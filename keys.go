package authjwt

import (
	"context"
	"crypto"
	"encoding/base64"
	"errors"
	"fmt"
	"sync/atomic"
	"time"
)

// KeySet finds the verification keys of an outside issuer; jwks.Remote is one. Implementations must be safe for
// concurrent use. VerificationKey is asked about every token, after its form and before its signature is checked; kid
// is empty where the token has none. It returns a key that belongs to kid and alg both: each key does one algorithm
// (RFC 8725 §3.1). A nil key with a nil error means that there is no such key: 401. An error means that it
// cannot tell: 503, unless it is an *Error or an Err… reason.
type KeySet interface {
	VerificationKey(ctx context.Context, kid, alg string) (crypto.PublicKey, error)
}

// A KeyState is a stage in the life of a [Key].
type KeyState int

// The stages, in the order of a rotation: next, current, previous, retired.
const (
	// KeyCurrent is the key that signs new tokens, and verifies. A KeyRing has exactly one.
	KeyCurrent KeyState = iota
	// KeyNext is published and verifies, so that every replica and every reader of the key set has it before one
	// of them signs with it.
	KeyNext
	// KeyPrevious signs no more, and verifies until its deadline, Key.Until.
	KeyPrevious
	// KeyRetired does nothing: its tokens count for nothing from now on.
	KeyRetired
)

// String returns the stage as one word.
func (s KeyState) String() string {
	if names := []string{"current", "next", "previous", "retired"}; s >= 0 && int(s) < len(names) {
		return names[s]
	}
	return "unknown"
}

// Key is one key of a [KeyRing]: a SecretKey, or a PrivateKey, or a PublicKey that only verifies; of a KeyRetired the ID is
// enough. It is copied when the ring is made, but for what PrivateKey points to. Printing it shows no secret, with the
// exception that [Settings] have.
type Key struct {
	// ID is the kid of its tokens (RFC 7515 §4.1.4). A token with another kid is not verified by it. Default: the thumbprint
	// (RFC 7638) of an asymmetric key; none for a secret, which then verifies tokens of any kid that no other key has.
	ID string
	// Algorithm is the one it does. Default: HS256, RS256, ES256, ES384, ES512 or EdDSA, by its kind.
	Algorithm string
	// SecretKey is as in [Settings].
	SecretKey string
	// InsecureShortSecret is as in [Settings].
	InsecureShortSecret bool
	// PrivateKey signs, and its public half verifies.
	PrivateKey crypto.Signer
	// PublicKey verifies. Beside a PrivateKey it is not needed, and must match.
	PublicKey crypto.PublicKey
	// State is its stage. Default: KeyCurrent.
	State KeyState
	// Until is the deadline of a KeyPrevious: no earlier than the end of the last token that it signed. Default:
	// [KeyRing.Replace] computes it for the key that was current until then. It needs a deadline elsewhere.
	Until time.Time
}

// A key does one algorithm (RFC 8725 §3.1), with a method bound to it.
type key struct {
	id     string
	alg    string
	method method
	public crypto.PublicKey // nil: a secret
	signs  bool
	state  KeyState
	until  time.Time // the deadline; zero: none
	used   bool      // it may have signed, here or before the process began
	print  string    // tells keys apart whatever their ids and algorithms are; no secret can be guessed from it
	header string    // the encoded JOSE header of tokens without WithHeaders
}

func newSecretKey(id string, alg algorithm, secret string) *key {
	k := &key{id: id, alg: alg.name, method: newHMACMethod(alg, []byte(secret)), signs: true}
	k.print = string(newHMACMethod(algorithms[0], []byte(secret)).sum([]byte("authjwt: fingerprint")).sum)
	k.setHeader()
	return k
}

// keyID is the kid to stamp where one may be given; usual is the default of the kind of key.
func keyID(given, usual string) string {
	switch given {
	case "":
		return usual
	case NoKeyID:
		return ""
	}
	return given
}

func (k *key) setHeader() {
	k.header = base64.RawURLEncoding.EncodeToString(joseHeaderJSON("JWT", k.alg, k.id, nil))
}

// good tells whether the key verifies now.
func (k *key) good(clock func() time.Time) bool {
	return k.state != KeyRetired && (k.until.IsZero() || clock().Before(k.until))
}

// maxTries is how many keys a token without kid is tried with.
const maxTries = 4

// A keyList is keys that never change, and the headers that they, or those of a KeySet, have verified.
type keyList struct {
	keys    []*key // those that verify, the signing ones first
	headers headerCache
}

// pick returns the keys that a header may mean: the one of its kid, else those without an id; without kid those, and
// then the others, but only a few. An empty alg, as of a header without one, is no key's.
func (l *keyList) pick(alg, kid string, hasKid bool) (found []*key, f *failure) {
	f = failAlgorithm
	var named []*key
	for _, k := range l.keys {
		switch {
		case k.alg != alg:
			continue
		case hasKid && k.id != "" && k.id == kid:
			return []*key{k}, nil
		case k.id == "":
			found = append(found, k)
		case !hasKid:
			named = append(named, k)
		}
		f = failKey
	}
	found = append(found, named...)
	if found = found[:min(len(found), maxTries)]; len(found) > 0 {
		f = nil
	}
	return found, f
}

// signer returns the key that signs with alg; with any, if alg is empty; nil where there is none.
func (m *Manager) signer(alg string) *key { return m.keys.list.Load().signer(alg) }

func (l *keyList) signer(alg string) *key {
	for _, k := range l.keys {
		if k.signs && k.state == KeyCurrent && (alg == "" || k.alg == alg) {
			return k
		}
	}
	return nil
}

var errOnlyVerifies = errors.New("the Manager only verifies; to sign, set Settings.SecretKey, PrivateKey or a KeyRing that has one")

// mustSign panics where a handler that makes tokens is asked for and the Manager can make none.
func (m *Manager) mustSign(handler string) {
	if m.signer("") == nil {
		panic("authjwt: " + handler + ": " + errOnlyVerifies.Error() + "; mount the handler where tokens are made")
	}
}

// PublicKeys returns the public halves of the keys that other services verify by: of the current key, the next, and previous ones until
// their deadline, each with ID, Algorithm, PublicKey, State and Until. A secret is never among them, and a Manager that only
// verifies has none. The keys are copies. What is returned changes with [KeyRing.Replace]; jwks.Handler publishes it.
func (m *Manager) PublicKeys() []Key {
	if m.signer("") == nil {
		return nil
	}
	var keys []Key
	for _, k := range m.keys.list.Load().keys {
		foreign := k.state == KeyCurrent && !k.signs // somebody else's, beside a secret that signs
		if k.public == nil || foreign || !k.good(m.settings.Now) {
			continue
		}
		if public, err := copyPublic(k.public); err == nil {
			keys = append(keys, Key{ID: k.id, Algorithm: k.alg, PublicKey: public, State: k.state, Until: k.until})
		}
	}
	return keys
}

// setKey is a key of a KeySet that was found good, for the next token with the same header.
type setKey struct{ last atomic.Pointer[key] }

// bind checks a public key from a KeySet and binds it to alg. What was bound before is bound again without checks.
func (s *setKey) bind(alg string, public crypto.PublicKey) (k *key, err error) {
	defer func() {
		if recover() != nil {
			k, err = nil, fmt.Errorf("a %T without a key in it", public)
		}
	}()
	if last := s.last.Load(); last != nil && samePublic(last.public, public) {
		return last, nil
	}
	own, err := copyPublic(public)
	if err != nil {
		return nil, err
	}
	a, _ := findAlgorithm(alg)
	if !a.fits(own) {
		return nil, fmt.Errorf("a key of %s cannot do %s", kindOf(own), alg)
	}
	k = &key{alg: alg, method: newMethod(a, own, nil), public: own}
	s.last.Store(k)
	return k, nil
}
