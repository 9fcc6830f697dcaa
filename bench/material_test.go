package bench

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"
)

var algorithms = []string{"HS256", "RS256", "ES256", "EdDSA"}

// A material is what all contenders of an algorithm share: key and tokens.
type material struct {
	alg          string
	sign, verify any // the secret's octets, or the key pair
	good         string
	bad          map[string]string
}

func newMaterial(tb testing.TB, alg string) *material {
	m := &material{alg: alg}
	switch alg {
	case "HS256":
		m = secretMaterial()
	case "RS256":
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		require.NoError(tb, err)
		m.sign, m.verify = key, &key.PublicKey
	case "ES256":
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		require.NoError(tb, err)
		m.sign, m.verify = key, &key.PublicKey
	case "EdDSA":
		public, key, err := ed25519.GenerateKey(rand.Reader)
		require.NoError(tb, err)
		m.sign, m.verify = key, public
	}
	m.good = m.token(tb, jwt.GetSigningMethod(alg), m.sign, nil)
	text, signature := m.good[:strings.LastIndexByte(m.good, '.')], m.good[strings.LastIndexByte(m.good, '.')+1:]
	foreign := m.token(tb, jwt.GetSigningMethod(alg), m.sign, map[string]any{"sub": "alice's neighbour"})
	m.bad = map[string]string{
		"tampered": text + "." + changed(signature, 5),
		"forged":   foreign[:strings.LastIndexByte(foreign, '.')] + "." + signature,
		"expired":  m.token(tb, jwt.GetSigningMethod(alg), m.sign, map[string]any{"exp": time.Now().Add(-time.Hour).Unix()}),
		"unsigned": m.token(tb, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, nil),
	}
	return m
}

func secretMaterial() *material {
	return &material{alg: "HS256", sign: []byte(secret), verify: []byte(secret)}
}

// token has the claims of an access token of authjwt's, by which gin-jwt and the others take it, too.
func (m *material) token(tb testing.TB, method jwt.SigningMethod, key any, change map[string]any) string {
	c := claims(change)
	delete(c, "identity")
	delete(c, "orig_iat")
	c["jti"] = "2f0c8c7e-4f6b-4c0f-8f1e-6d1b7c1e9a55"
	text, err := jwt.NewWithClaims(method, c).SignedString(key)
	require.NoError(tb, err)
	return text
}

// changed is text with another character of base64url at i.
func changed(text string, i int) string {
	other := "A"
	if text[i] == 'A' {
		other = "B"
	}
	return text[:i] + other + text[i+1:]
}
