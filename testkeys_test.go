package authjwt_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"math/big"
	"strings"
	"sync"
	"testing"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

// The keys of the tests are made once, for an RSA key takes long.
var (
	rsaKey     = sync.OnceValue(func() *rsa.PrivateKey { return newRSAKey(2048) })
	otherRSA   = sync.OnceValue(func() *rsa.PrivateKey { return newRSAKey(2048) })
	p256Key    = sync.OnceValue(func() *ecdsa.PrivateKey { return newECKey(elliptic.P256()) })
	otherP256  = sync.OnceValue(func() *ecdsa.PrivateKey { return newECKey(elliptic.P256()) })
	p384Key    = sync.OnceValue(func() *ecdsa.PrivateKey { return newECKey(elliptic.P384()) })
	p521Key    = sync.OnceValue(func() *ecdsa.PrivateKey { return newECKey(elliptic.P521()) })
	ed25519Key = sync.OnceValue(newEdKey)
	otherEd    = sync.OnceValue(newEdKey)
	cubeKey    = sync.OnceValue(newCubeKey)
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func newRSAKey(bits int) *rsa.PrivateKey { return must(rsa.GenerateKey(rand.Reader, bits)) }

func newECKey(curve elliptic.Curve) *ecdsa.PrivateKey {
	return must(ecdsa.GenerateKey(curve, rand.Reader))
}

func newEdKey() ed25519.PrivateKey {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	return must(private, err)
}

// newCubeKey has the exponent 3, the least that is allowed.
func newCubeKey() *rsa.PrivateKey {
	one, three := big.NewInt(1), big.NewInt(3)
	prime := func() (p, less *big.Int) {
		for {
			p = must(rand.Prime(rand.Reader, 1024))
			if less = new(big.Int).Sub(p, one); new(big.Int).Mod(less, three).Sign() != 0 {
				return p, less
			}
		}
	}
	p, p1 := prime()
	q, q1 := prime()
	d := new(big.Int).ModInverse(three, new(big.Int).Mul(p1, q1))
	k := &rsa.PrivateKey{PublicKey: rsa.PublicKey{N: new(big.Int).Mul(p, q), E: 3}, D: d, Primes: []*big.Int{p, q}}
	k.Precompute()
	return must(k, k.Validate())
}

// The names of the algorithms, and golang-jwt's methods for them before any test replaces what is registered.
var (
	secretAlgorithms = []string{"HS256", "HS384", "HS512"}
	pairAlgorithms   = []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}
	everyAlgorithm   = append(secretAlgorithms[:3:3], pairAlgorithms...)
	theirMethods     = registered()
)

func registered() map[string]jwt.SigningMethod {
	all := map[string]jwt.SigningMethod{}
	for _, alg := range jwt.GetAlgorithms() {
		all[alg] = jwt.GetSigningMethod(alg)
	}
	return all
}

// privateKey is the test's key for an algorithm.
func privateKey(alg string) crypto.Signer {
	switch {
	case alg == "ES256":
		return p256Key()
	case alg == "ES384":
		return p384Key()
	case alg == "ES512":
		return p521Key()
	case alg == "EdDSA":
		return ed25519Key()
	case strings.HasPrefix(alg, "HS"):
		return nil
	}
	return rsaKey()
}

func publicKey(alg string) crypto.PublicKey { return privateKey(alg).Public() }

// signsWith makes alg the algorithm, and the test's key for it the key.
func signsWith(alg string) func(s *authjwt.Settings) {
	return func(s *authjwt.Settings) {
		s.Algorithm = alg
		if private := privateKey(alg); private != nil {
			s.SecretKey, s.PrivateKey = "", private
		}
	}
}

// verifiesWith makes a Manager of the public half alone.
func verifiesWith(alg string) func(s *authjwt.Settings) {
	return func(s *authjwt.Settings) { s.SecretKey, s.Algorithm, s.PublicKey = "", alg, publicKey(alg) }
}

// withKeys makes the ring of these keys the keys.
func withKeys(ring *authjwt.KeyRing) func(s *authjwt.Settings) {
	return func(s *authjwt.Settings) { s.SecretKey, s.KeyRing = "", ring }
}

// compactBy signs header and payload, which may be any text, as golang-jwt does.
func compactBy(tb testing.TB, alg string, key any, header, payload string) string {
	tb.Helper()
	text := b64(header) + "." + b64(payload)
	sig, err := theirMethods[alg].Sign(text, key)
	require.NoError(tb, err)
	return text + "." + b64(string(sig))
}

// byTheirs is a good token of golang-jwt's making; more goes into the header.
func byTheirs(tb testing.TB, alg, more string) string {
	tb.Helper()
	var key any = []byte(testSecret)
	if private := privateKey(alg); private != nil {
		key = private
	}
	return compactBy(tb, alg, key, headerOf(alg, more), goodPayload())
}

func headerOf(alg, more string) string { return `{"typ":"JWT","alg":"` + alg + `"` + more + `}` }

// theirVerdict verifies a token with golang-jwt.
func theirVerdict(raw, alg string, key any) error {
	parser := jwt.NewParser(jwt.WithValidMethods([]string{alg}), jwt.WithoutClaimsValidation(), jwt.WithStrictDecoding())
	_, err := parser.Parse(raw, func(*jwt.Token) (any, error) { return key, nil })
	return err
}

func headerIn(tb testing.TB, raw string) map[string]any {
	tb.Helper()
	header, err := authjwt.UnverifiedHeader(raw)
	require.NoError(tb, err)
	return header
}
