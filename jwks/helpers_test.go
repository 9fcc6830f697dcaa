package jwks_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"maps"
	"math/big"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// makers make a private key of each kind.
var makers = map[string]func() crypto.Signer{
	"RSA":   func() crypto.Signer { return must(rsa.GenerateKey(rand.Reader, 2048)) },
	"P-256": func() crypto.Signer { return must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)) },
	"P-384": func() crypto.Signer { return must(ecdsa.GenerateKey(elliptic.P384(), rand.Reader)) },
	"P-521": func() crypto.Signer { return must(ecdsa.GenerateKey(elliptic.P521(), rand.Reader)) },
	"Ed25519": func() crypto.Signer {
		_, private, err := ed25519.GenerateKey(rand.Reader)
		return must(private, err)
	},
}

// signers has one of each kind, and strangers another.
var signers, strangers = sync.OnceValue(makeAll), sync.OnceValue(makeAll)

func makeAll() map[string]crypto.Signer {
	all := map[string]crypto.Signer{}
	for kind, make := range makers {
		all[kind] = make()
	}
	return all
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

// kinds are the algorithms that a key of a kind can have; the first is that of a JWK without alg.
var kinds = map[string][]string{
	"RSA":     {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"},
	"P-256":   {"ES256"},
	"P-384":   {"ES384"},
	"P-521":   {"ES512"},
	"Ed25519": {"EdDSA"},
}

// jwk is a JSON Web Key to be spoilt.
type jwk map[string]any

// newJWK writes public members by RFC 7518 §6 and RFC 8037 §2, with nothing of the package or of go-jose.
func newJWK(kind, kid string) jwk {
	k := jwk{"kid": kid}
	switch public := signers()[kind].Public().(type) {
	case *rsa.PublicKey:
		k["kty"], k["n"], k["e"] = "RSA", encode(public.N.Bytes()), encode(big.NewInt(int64(public.E)).Bytes())
	case *ecdsa.PublicKey:
		point := must(public.Bytes())
		half := len(point) / 2
		k["kty"], k["crv"], k["x"], k["y"] = "EC", kind, encode(point[1:1+half]), encode(point[1+half:])
	case ed25519.PublicKey:
		k["kty"], k["crv"], k["x"] = "OKP", kind, encode(public)
	}
	return k
}

// with is a copy with other members; nil leaves one out.
func (k jwk) with(members jwk) jwk {
	c := maps.Clone(k)
	maps.Copy(c, members)
	maps.DeleteFunc(c, func(_ string, value any) bool { return value == nil })
	return c
}

func encode(octets []byte) string { return base64.RawURLEncoding.EncodeToString(octets) }

// setOf is a document.
func setOf(t testing.TB, keys ...jwk) string {
	t.Helper()
	if keys == nil {
		keys = []jwk{}
	}
	text, err := json.Marshal(map[string]any{"keys": keys})
	require.NoError(t, err)
	return string(text)
}

// sameKey tells whether found is the public key of a kind.
func sameKey(kind string, found crypto.PublicKey) bool {
	return signers()[kind].Public().(interface{ Equal(crypto.PublicKey) bool }).Equal(found)
}

func algorithms() []string {
	return slices.Sorted(slices.Values(slices.Concat(slices.Collect(maps.Values(kinds))...)))
}

// clock is set by hand.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}
