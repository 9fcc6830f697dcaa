package bench

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/asn1"
	"encoding/base64"
	"math/big"
	"strings"

	"github.com/golang-jwt/jwt/v5"
)

// golangJWTAlone is ParseWithClaims into MapClaims, without a route, and in the place of a login NewWithClaims and
// SignedString.
func golangJWTAlone(m *material, place string) (site, error) {
	if place == inCookie {
		return nil, nil
	}
	keyFunc := func(*jwt.Token) (any, error) { return m.verify, nil }
	return call{
		verify: func(token string) func() bool {
			return func() bool {
				parsed, err := jwt.ParseWithClaims(token, jwt.MapClaims{}, keyFunc)
				return err == nil && parsed.Valid
			}
		},
		login: func() error {
			_, err := golangJWTToken(m, username)
			return err
		},
	}, nil
}

// cryptographyAlone verifies a signature of octets that lie ready, or makes one.
func cryptographyAlone(m *material, place string) (site, error) {
	if place == inCookie {
		return nil, nil
	}
	return call{
		verify: func(token string) func() bool {
			input, signature := decoded(token)
			if key, ok := m.verify.(*ecdsa.PublicKey); ok {
				signature = der(signature)
				return func() bool {
					digest := sha256.Sum256(input)
					return ecdsa.VerifyASN1(key, digest[:], signature)
				}
			}
			return func() bool { return verifies(m.verify, input, signature) }
		},
		login: func() error {
			input, _ := decoded(m.good)
			return signs(m.sign, input)
		},
	}, nil
}

func decoded(token string) (input, signature []byte) {
	i := strings.LastIndexByte(token, '.')
	signature, _ = base64.RawURLEncoding.DecodeString(token[i+1:])
	return []byte(token[:i]), signature
}

// der is the form of an ECDSA signature that package ecdsa takes.
func der(signature []byte) []byte {
	half := len(signature) / 2
	text, _ := asn1.Marshal(struct{ R, S *big.Int }{new(big.Int).SetBytes(signature[:half]), new(big.Int).SetBytes(signature[half:])})
	return text
}

func verifies(key any, input, signature []byte) bool {
	switch key := key.(type) {
	case []byte:
		mac := hmac.New(sha256.New, key)
		mac.Write(input)
		return hmac.Equal(mac.Sum(nil), signature)
	case *rsa.PublicKey:
		digest := sha256.Sum256(input)
		return rsa.VerifyPKCS1v15(key, crypto.SHA256, digest[:], signature) == nil
	case ed25519.PublicKey:
		return ed25519.Verify(key, input, signature)
	}
	return false
}

func signs(key any, input []byte) error {
	switch key := key.(type) {
	case []byte:
		mac := hmac.New(sha256.New, key)
		mac.Write(input)
		mac.Sum(nil)
		return nil
	case crypto.Signer:
		options, digest := crypto.SignerOpts(crypto.Hash(0)), input
		if _, pure := key.(ed25519.PrivateKey); !pure {
			sum := sha256.Sum256(input)
			options, digest = crypto.SHA256, sum[:]
		}
		_, err := key.Sign(rand.Reader, digest, options)
		return err
	}
	return nil
}
