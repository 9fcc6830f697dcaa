package authjwt

import (
	"crypto"
	"crypto/fips140"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"hash"
	"slices"
	"strings"
	"sync"
)

// hmacMethod does HMAC with one secret. It keeps states that have the secret absorbed already, for reuse.
type hmacMethod struct{ states sync.Pool }

type hmacState struct {
	mac hash.Hash
	sum []byte
}

func newHMACMethod(alg algorithm, secret []byte) *hmacMethod {
	m := new(hmacMethod)
	m.states.New = func() any { return &hmacState{mac: hmac.New(newHash(alg), secret)} }
	return m
}

// newHash asks no registry, which any package of a program can write to: crypto.RegisterHash.
func newHash(alg algorithm) func() hash.Hash {
	switch alg.hash {
	case crypto.SHA384:
		return sha512.New384
	case crypto.SHA512:
		return sha512.New
	}
	return sha256.New
}

// verify compares in constant time.
func (m *hmacMethod) verify(text, sig []byte) bool {
	s := m.sum(text)
	defer m.states.Put(s)
	return hmac.Equal(sig, s.sum)
}

func (m *hmacMethod) sign(text []byte) ([]byte, error) {
	s := m.sum(text)
	defer m.states.Put(s)
	return slices.Clone(s.sum), nil
}

func (m *hmacMethod) sum(text []byte) *hmacState {
	s := m.states.Get().(*hmacState)
	s.mac.Reset()
	s.mac.Write(text)
	s.sum = s.mac.Sum(s.sum[:0])
	return s
}

const minDistinctBytes = 8

// wellKnownSecrets stand in tutorials, READMEs and our own examples, so attackers try them first. All are lower case.
var wellKnownSecrets = []string{
	"secret", "secretkey", "secret-key", "secret_key", "secret key", "mysecret", "my-secret", "my_secret", "my-secret-key",
	"supersecret", "super-secret", "super_secret", "supersecretkey", "super-secret-key", "jwt", "jwtsecret", "jwt-secret", "jwt_secret",
	"key", "test", "password", "passw0rd", "changeme", "change-me", "change_me", "changeit", "change-this", "keyboard cat",
	"your-secret", "your-secret-key", "your_secret_key", "your_jwt_secret", "insecure", "default", "admin", "qwerty", "123456", "12345678", "1234567890",
	"your-256-bit-secret", "your-384-bit-secret", "your-512-bit-secret", "a-string-secret-at-least-256-bits-long",
	"a-valid-string-secret-that-is-at-least-512-bits-long-which-is-very-long-for-a-secret-key",
	"your-super-secret-jwt-token-with-at-least-32-characters-long",
	"09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7", // FastAPI's tutorial
	"an-example-secret-0123456789-abcdefghijk", "an-example-secret-9876543210-kjihgfedcba", "an-example-secret-of-64-octets-0123456789-abcdefghijklmnopqrstuvwxyz",
	"a-secret-of-the-staff-0123456789-abcdefghij", "a-secret-of-customers-0123456789-abcdefghij", "a-secret-for-customers-0123456789-abcdefghij",
}

// secretProblem says what is wrong with the secret for the algorithms, or returns nil.
func secretProblem(secret string, short bool, algs ...algorithm) error {
	strongest := slices.MaxFunc(algs, func(a, b algorithm) int { return a.hash.Size() - b.hash.Size() })
	need := strongest.hash.Size()
	distinct := map[byte]bool{}
	for _, b := range []byte(secret) {
		distinct[b] = true
	}
	howTo := fmt.Sprintf("make one with: openssl rand -base64 %d", need)
	switch {
	case strings.TrimSpace(secret) == "":
		return errors.New("it is empty; " + howTo)
	case strings.Contains(secret, "-----BEGIN "): // whoever has the public key could sign (CVE-2022-29217)
		return errors.New("it is a PEM key, no secret; parse it with authjwt.ParsePrivateKey for PrivateKey, or " + howTo)
	case isPublicKey(secret): // the same
		return errors.New("it is a public key or a JWK, no secret; parse it with authjwt.ParsePublicKey for PublicKey, or " + howTo)
	case slices.Contains(wellKnownSecrets, strings.ToLower(strings.TrimSpace(secret))):
		return errors.New("it is a well-known example; " + howTo)
	case refusedByFIPS(secret):
		return fmt.Errorf("%d octets are too few for GODEBUG=fips140=only; %s", len(secret), howTo)
	case len(secret) < need && short:
		return nil
	case len(secret) < need:
		return fmt.Errorf("%d octets are too few: %s needs at least %d (RFC 7518 §3.2); %s", len(secret), strongest.name, need, howTo)
	case len(distinct) < minDistinctBytes:
		return fmt.Errorf("it has only %d different octets, so it can be guessed; %s", len(distinct), howTo)
	}
	return nil
}

// refusedByFIPS tells what crypto/hmac would panic at: a key below 112 bits (SP 800-131A) where the mode admits nothing else.
func refusedByFIPS(secret string) bool { return fips140.Enforced() && len(secret) < 112/8 }

// isPublicKey knows the forms that are not PEM: a line of OpenSSH or of RFC 4716, a JWK, and DER, bare or in base64, as
// identity providers show it. The modulus alone cannot be told from a secret.
func isPublicKey(secret string) bool {
	text := strings.TrimSpace(secret)
	for _, prefix := range []string{"ssh-", "ecdsa-sha2-", "sk-ssh-", "sk-ecdsa-", "---- BEGIN SSH2 "} {
		if strings.HasPrefix(text, prefix) {
			return true
		}
	}
	if strings.HasPrefix(text, "{") && strings.Contains(text, `"kty"`) {
		return true
	}
	der := []byte(secret)
	if decoded, err := base64.StdEncoding.DecodeString(text); err == nil {
		der = decoded
	}
	_, pkix := x509.ParsePKIXPublicKey(der)
	_, pkcs1 := x509.ParsePKCS1PublicKey(der)
	return pkix == nil || pkcs1 == nil
}
