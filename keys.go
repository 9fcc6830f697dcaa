package authjwt

import (
	"context"
	"crypto"
	"crypto/hmac"
	_ "crypto/sha256" // for crypto.SHA256.New
	_ "crypto/sha512" // for crypto.SHA384.New and crypto.SHA512.New
	"encoding/base64"
	"fmt"
	"hash"
	"slices"
	"strings"
	"sync"

	"github.com/golang-jwt/jwt/v5"
)

// KeySet finds the verification keys of an outside issuer. Implementations must be safe for
// concurrent use. A nil key with a nil error means that there is no such key.
type KeySet interface {
	VerificationKey(ctx context.Context, kid, alg string) (crypto.PublicKey, error)
}

// A key does one algorithm (RFC 8725 §3.1). The signing method is held as a value, because any
// package of a program can replace what golang-jwt has registered under the algorithm's name.
type key struct {
	id     string
	alg    string
	method jwt.SigningMethod
	header string // the encoded JOSE header of tokens without WithHeaders
}

func newHMACKey(id, alg, secret string) *key {
	k := &key{id: id, alg: alg, method: newHMACMethod(alg, []byte(secret))}
	k.header = base64.RawURLEncoding.EncodeToString(joseHeaderJSON("JWT", alg, id, nil))
	return k
}

var hmacHashes = map[string]crypto.Hash{"HS256": crypto.SHA256, "HS384": crypto.SHA384, "HS512": crypto.SHA512}

// hmacMethod is a jwt.SigningMethod bound to one secret. It keeps HMAC states that have the secret
// absorbed already, for reuse; golang-jwt's own makes a new one for every token.
// It is safe for concurrent use and never registered with golang-jwt.
type hmacMethod struct {
	alg    string
	states sync.Pool
}

type hmacState struct {
	mac  hash.Hash
	text []byte
	sum  []byte
}

func newHMACMethod(alg string, secret []byte) *hmacMethod {
	h := hmacHashes[alg]
	m := &hmacMethod{alg: alg}
	m.states.New = func() any { return &hmacState{mac: hmac.New(h.New, secret)} }
	return m
}

// Alg returns the algorithm's name.
func (m *hmacMethod) Alg() string { return m.alg }

// Verify compares in constant time. The last argument is ignored: the secret is bound.
func (m *hmacMethod) Verify(signingString string, sig []byte, _ any) error {
	s := m.sum(signingString)
	defer m.states.Put(s)
	if !hmac.Equal(sig, s.sum) {
		return jwt.ErrSignatureInvalid
	}
	return nil
}

// Sign returns the code. The last argument is ignored: the secret is bound.
func (m *hmacMethod) Sign(signingString string, _ any) ([]byte, error) {
	s := m.sum(signingString)
	defer m.states.Put(s)
	return slices.Clone(s.sum), nil
}

func (m *hmacMethod) sum(signingString string) *hmacState {
	s := m.states.Get().(*hmacState)
	s.text = append(s.text[:0], signingString...)
	s.mac.Reset()
	s.mac.Write(s.text)
	s.sum = s.mac.Sum(s.sum[:0])
	return s
}

const minDistinctBytes = 8

// wellKnownSecrets stand in tutorials and READMEs, so attackers try them first. All are lower case.
var wellKnownSecrets = []string{
	"secret", "secretkey", "secret-key", "secret_key", "secret key", "mysecret", "my-secret", "my_secret", "my-secret-key",
	"supersecret", "super-secret", "super_secret", "supersecretkey", "super-secret-key", "jwt", "jwtsecret", "jwt-secret", "jwt_secret",
	"key", "test", "password", "passw0rd", "changeme", "change-me", "change_me", "changeit", "change-this", "keyboard cat",
	"your-secret", "your-secret-key", "your_secret_key", "your_jwt_secret", "insecure", "default", "admin", "qwerty", "123456", "12345678", "1234567890",
	"your-256-bit-secret", "your-384-bit-secret", "your-512-bit-secret", "a-string-secret-at-least-256-bits-long",
	"a-valid-string-secret-that-is-at-least-512-bits-long-which-is-very-long-for-a-secret-key",
	"your-super-secret-jwt-token-with-at-least-32-characters-long",
	"09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7", // FastAPI's tutorial
}

// secretMistake says what is wrong with the secret for the algorithms, or returns nil.
func secretMistake(secret string, short bool, algs []string) error {
	need, strongest := crypto.SHA256.Size(), "HS256"
	for _, alg := range algs {
		if h, ok := hmacHashes[alg]; ok && h.Size() > need {
			need, strongest = h.Size(), alg
		}
	}
	distinct := map[byte]bool{}
	for _, b := range []byte(secret) {
		distinct[b] = true
	}
	howTo := fmt.Sprintf("make one with: openssl rand -base64 %d", need)
	switch {
	case strings.TrimSpace(secret) == "":
		return mistake("SecretKey", "it is empty; %s", howTo)
	case strings.Contains(secret, "-----BEGIN "): // whoever has the public key could sign (CVE-2022-29217)
		return mistake("SecretKey", "it is a PEM key, no secret; %s", howTo)
	case slices.Contains(wellKnownSecrets, strings.ToLower(strings.TrimSpace(secret))):
		return mistake("SecretKey", "it is a well-known example; %s", howTo)
	case len(secret) < need && short:
		return nil
	case len(secret) < need:
		return mistake("SecretKey", "%d octets are too few: %s needs at least %d (RFC 7518 §3.2); %s", len(secret), strongest, need, howTo)
	case len(distinct) < minDistinctBytes:
		return mistake("SecretKey", "it has only %d different octets, so it can be guessed; %s", len(distinct), howTo)
	}
	return nil
}
