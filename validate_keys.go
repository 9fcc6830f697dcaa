package authjwt

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"
)

func (s *Settings) hasPair() bool { return s.PrivateKey != nil || s.PublicKey != nil }

// makeKeys returns the ring to use, an empty one where there is a KeySet, and all mistakes in the fields about keys. It fills in
// the algorithms by the keys; of a KeyRing, each key says its own.
func (s *Settings) makeKeys() (ring *KeyRing, found []error) {
	switch {
	case s.KeyRing != nil:
		ring, found = s.KeyRing, s.beside("KeyRing", "each Key has its own, and a KeySet needs a Manager by itself")
		if ring.list.Load() == nil {
			found = append(found, mistake("KeyRing", "it is empty; make it with NewKeyRing"))
		}
	case s.KeySet != nil:
		if s.Algorithm == "" && s.DecodeAlgorithms == nil {
			s.DecodeAlgorithms = algorithmNames(true)
		}
		s.acceptAlgorithm()
		ring, found = newOwnRing(new(keyList)), slices.Concat(s.beside("KeySet", "make a Manager for each issuer, and one for your own keys"), s.algorithmMistakes(true))
		if v := reflect.ValueOf(s.KeySet); (v.Kind() == reflect.Pointer || v.Kind() == reflect.Func) && v.IsNil() {
			found = append(found, mistake("KeySet", "it is a nil %T; make one, or leave it nil", s.KeySet))
		}
	default:
		ring, found = s.ownKeys()
	}
	found = append(found, s.renewalMistakes(len(found) > 0 || ring.list.Load().signer("") != nil)...)
	found = append(found, s.cacheMistakes(ring)...)
	if s.UntypedTokens != "" && s.UntypedTokens != Access {
		found = append(found, mistake("UntypedTokens", "%q is not possible; use Access, or leave it empty", s.UntypedTokens))
	}
	return ring, found
}

// cacheMistakes are about VerifiedTokenCache; ring may be nil.
func (s *Settings) cacheMistakes(ring *KeyRing) []error {
	size := s.VerifiedTokenCache
	if size < 0 || size > maxVerifiedTokens {
		return []error{mistake("VerifiedTokenCache", "%d is not from 0 to %d, for none; use 10000 say", size, maxVerifiedTokens)}
	}
	if size == 0 || s.KeySet != nil || ring == nil || ring.list.Load() == nil {
		return nil
	}
	if keys := ring.list.Load().keys; len(keys) == 0 || slices.ContainsFunc(keys, func(k *key) bool { return k.public != nil }) {
		return nil
	}
	return []error{mistake("VerifiedTokenCache", "all keys are secrets, and HMAC takes no longer than the cache would; leave it 0")}
}

// beside finds what has no place beside the field.
func (s *Settings) beside(field, fix string) []error {
	var others []string
	for _, other := range []struct {
		name string
		set  bool
	}{
		{"SecretKey", s.SecretKey != ""}, {"PrivateKey", s.PrivateKey != nil}, {"PublicKey", s.PublicKey != nil}, {"KeyID", s.KeyID != "" && s.KeyID != NoKeyID},
		{"KeySet", s.KeySet != nil && field != "KeySet"},
		{"Algorithm", s.Algorithm != "" && field == "KeyRing"}, {"DecodeAlgorithms", s.DecodeAlgorithms != nil && field == "KeyRing"},
	} {
		if other.set {
			others = append(others, other.name)
		}
	}
	if others == nil {
		return nil
	}
	return []error{mistake(field, "it leaves no place for %s; %s", strings.Join(others, ", "), fix)}
}

// algorithmMistakes judges the names alone.
func (s *Settings) algorithmMistakes(asymmetric bool) (found []error) {
	names := algorithmNames(asymmetric)
	known := func(field, alg string) {
		if !slices.Contains(names, alg) {
			found = append(found, mistake(field, "%q is not available; use %s", alg, listed(names)))
		}
	}
	if s.Algorithm != "" {
		known("Algorithm", s.Algorithm)
	}
	if len(s.DecodeAlgorithms) == 0 {
		found = append(found, mistake("DecodeAlgorithms", "the list is empty; leave it nil to accept Algorithm alone"))
	}
	for i, alg := range s.DecodeAlgorithms {
		if alg != s.Algorithm {
			known("DecodeAlgorithms", alg)
		}
		if slices.Contains(s.DecodeAlgorithms[:i], alg) {
			found = append(found, mistake("DecodeAlgorithms", "%q stands twice; name it once", alg))
		}
	}
	if len(s.DecodeAlgorithms) > 0 && s.Algorithm != "" && !slices.Contains(s.DecodeAlgorithms, s.Algorithm) {
		found = append(found, mistake("DecodeAlgorithms", "%q, the Algorithm of new tokens, is not listed; add it, or they would be refused", s.Algorithm))
	}
	return found
}

// ownKeys makes the keys of SecretKey, PrivateKey and PublicKey, one for each algorithm.
func (s *Settings) ownKeys() (ring *KeyRing, found []error) {
	var p *pair
	switch {
	case s.hasPair():
		p = newPair(s.PrivateKey, s.PublicKey, func(field, format string, args ...any) { found = append(found, mistake(field, format, args...)) })
		if p != nil {
			setDefault(&s.Algorithm, usualAlgorithm(p.public))
		}
	default:
		setDefault(&s.Algorithm, "HS256")
	}
	s.acceptAlgorithm()
	found = append(found, s.algorithmMistakes(false)...)
	if !utf8.ValidString(s.KeyID) {
		found = append(found, mistake("KeyID", "it is not UTF-8; use letters and digits"))
	}
	list := new(keyList)
	var secret []algorithm
	bound := ""
	for i, name := range append([]string{s.Algorithm}, s.DecodeAlgorithms...) {
		field := "DecodeAlgorithms"
		if i == 0 {
			field = "Algorithm"
		}
		alg, ok := findAlgorithm(name)
		switch {
		case !ok || i > 0 && name == s.Algorithm: // it is told, or made
		case alg.family == familyHMAC && p != nil && s.SecretKey == "":
			found = append(found, mistake(field, "%s, or set SecretKey, too", misfit(name, p.public)))
		case alg.family == familyHMAC:
			if secret = append(secret, alg); !refusedByFIPS(s.SecretKey) {
				list.keys = append(list.keys, newSecretKey(keyID(s.KeyID, ""), alg, s.SecretKey))
			}
		case p == nil && s.hasPair(): // it is told
		case p == nil:
			found = append(found, mistake(field, "%q needs a PrivateKey, or a PublicKey to verify alone", name))
		case !alg.fits(p.public):
			found = append(found, mistake(field, "%s", misfit(name, p.public)))
		case bound != "":
			found = append(found, mistake(field, "%q is a second algorithm of the key pair, beside %s; it has one (RFC 8725 §3.1)", name, bound))
		default:
			bound = name
			k, err := newPairKey(keyID(s.KeyID, p.usualID()), alg, p)
			if err != nil {
				found = append(found, mistake("PrivateKey", "%w", err))
				continue
			}
			list.keys = append(list.keys, k)
		}
	}
	if len(secret) == 0 && s.SecretKey != "" && p != nil {
		found = append(found, mistake("SecretKey", "no algorithm of DecodeAlgorithms uses it beside the key pair; list HS256 there, or leave the secret out"))
	}
	if len(secret) > 0 && p != nil && p.signer == nil && s.Algorithm == bound {
		found = append(found, mistake("Algorithm", "%q is that of the PublicKey, which signs nothing; say HS256 for the SecretKey, or set PrivateKey", bound))
	}
	if len(secret) > 0 || !s.hasPair() {
		secret = append(secret, algorithms[0])
		err := secretProblem(s.SecretKey, s.InsecureShortSecret, secret...)
		if err != nil && s.SecretKey == "" {
			err = fmt.Errorf("%w, or set PrivateKey, PublicKey, KeyRing or KeySet instead", err)
		}
		if err != nil {
			found = append(found, mistake("SecretKey", "%w", err))
		}
	}
	return newOwnRing(list), found
}

// acceptAlgorithm is the default of DecodeAlgorithms.
func (s *Settings) acceptAlgorithm() {
	if s.DecodeAlgorithms == nil {
		s.DecodeAlgorithms = []string{s.Algorithm}
	}
}

// newOwnRing makes the ring of a Manager that was given none. It is never replaced.
func newOwnRing(list *keyList) *KeyRing {
	ring := new(KeyRing)
	ring.list.Store(list)
	return ring
}
