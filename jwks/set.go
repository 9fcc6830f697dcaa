package jwks

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Why a set is refused, for errors.Is. The errors that wrap them say which key it was, and what is wrong with it.
var (
	// ErrMalformed means that a document is no JWK Set (RFC 7517 §5).
	ErrMalformed = errors.New("jwks: this is no JWK Set")
	// ErrSecret means that a set holds a private or a symmetric key, which whoever has read the set can sign with.
	ErrSecret = errors.New("jwks: the set holds a secret key")
	// ErrAmbiguous means that two different keys of a set have the same kid and algorithm (RFC 7517 §4.5).
	ErrAmbiguous = errors.New("jwks: two keys have the same kid and algorithm")
	// ErrUnusable means that no key of a set can verify tokens.
	ErrUnusable = errors.New("jwks: no key of the set is usable")
)

// Set is a JWK Set that does not change, an authjwt.KeySet. It is safe for concurrent use. [Remote] is one that is
// fetched.
type Set struct {
	keys  map[name]key
	kids  map[string]bool
	byAlg map[string][]key
	left  []error
}

// name is what a token's header says of its key; both parts must fit the same key.
type name struct{ kid, alg string }

// Parse reads a JWK Set (RFC 7517 §5). A key that cannot verify tokens is left out, as [Set.LeftOut] tells: one for encryption, of a type or
// an algorithm that is not known here, too weak, or not valid. A key without alg is bound to one: RS256, ES256, ES384
// or ES512 by its curve, or EdDSA. The whole set is refused if it holds a secret key, if two different keys
// have the same kid and alg, if nothing is left of it, if it has more than 256 keys, or if it is not strictly JSON: member names must
// be unique. Members that are not needed, x5c among them, are not looked at.
func Parse(document []byte) (*Set, error) { return parse(document, defaultRSA) }

func parse(document []byte, rsaAlg string) (*Set, error) {
	var wire struct {
		Keys []jsontext.Value `json:"keys"`
	}
	if err := json.Unmarshal(document, &wire); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	if len(wire.Keys) > maxKeys {
		return nil, fmt.Errorf("%w: it has %d keys, and more than %d are work for nothing", ErrMalformed, len(wire.Keys), maxKeys)
	}
	s := &Set{keys: map[name]key{}, kids: map[string]bool{}, byAlg: map[string][]key{}}
	for i, text := range wire.Keys {
		k, err := readKey(text, rsaAlg)
		if err == nil {
			err = s.add(k)
		}
		switch {
		case err == nil:
		case errors.Is(err, errUnusableKey):
			s.left = append(s.left, fmt.Errorf("key %d (%q): %w", i+1, k.kid, err))
		default:
			return nil, fmt.Errorf("%w (key %d)", err, i+1)
		}
	}
	if len(s.byAlg) == 0 {
		if s.left == nil {
			return nil, fmt.Errorf("%w: it is empty", ErrUnusable)
		}
		return nil, fmt.Errorf("%w: %w", ErrUnusable, s.LeftOut())
	}
	return s, nil
}

const (
	maxKeys    = 256
	maxReasons = 8
)

// LeftOut says which keys of the document are not in the set, and why; of many, the first eight. It is nil if all are.
func (s *Set) LeftOut() error { return errors.Join(s.left[:min(len(s.left), maxReasons)]...) }

// add lets the same kid stand for keys of several algorithms, which is how issuers publish one key for RS256 and
// PS256, and the same key be there twice.
func (s *Set) add(k key) error {
	n := name{k.kid, k.alg}
	if other, found := s.keys[n]; found {
		if !other.equal(k) {
			return fmt.Errorf("%w: %q, %s", ErrAmbiguous, k.kid, k.alg)
		}
		return nil
	}
	if k.kid != "" {
		s.keys[n] = k
		s.kids[k.kid] = true
	}
	if !slices.ContainsFunc(s.byAlg[k.alg], k.equal) {
		s.byAlg[k.alg] = append(s.byAlg[k.alg], k)
	}
	return nil
}

// VerificationKey returns a copy of the key whose kid and algorithm both are those asked for, or nil. Without kid it
// answers if the algorithm has exactly one key. It never fails.
func (s *Set) VerificationKey(_ context.Context, kid, alg string) (crypto.PublicKey, error) {
	found, _ := s.find(kid, alg)
	return found, nil
}

// find tells also whether a newer set could have another answer. It need not be asked for if the kid is there for
// another algorithm, or if too many keys would do.
func (s *Set) find(kid, alg string) (found crypto.PublicKey, known bool) {
	if s == nil {
		return nil, false
	}
	if kid == "" {
		if keys := s.byAlg[alg]; len(keys) == 1 {
			return keys[0].copy(), true
		}
		return nil, len(s.byAlg[alg]) > 1
	}
	if k, ok := s.keys[name{kid, alg}]; ok {
		return k.copy(), true
	}
	return nil, s.kids[kid]
}
