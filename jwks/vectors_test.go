package jwks_test

import (
	"crypto"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
	"github.com/gin-authjwt/authjwt/jwks"
)

type vector struct {
	ID, Key, Token, JWKS, Expect, Ruling, Reason string
}

// expected is valid, invalid or either.
func (v vector) expected() string {
	if v.Ruling != "" {
		return v.Ruling
	}
	return v.Expect
}

type vectors struct {
	Keys    map[string]json.RawMessage
	Vectors []vector
}

func readVectors(t *testing.T, file string) vectors {
	t.Helper()
	dir := os.Getenv("VECTORS_DIR")
	if dir == "" {
		t.Skip("VECTORS_DIR is not set: the public vectors are not here")
	}
	text, err := os.ReadFile(filepath.Join(dir, file))
	require.NoError(t, err)
	var all vectors
	require.NoError(t, json.Unmarshal(text, &all))
	return all
}

// score counts the vectors that judge decides as they say.
func score(t *testing.T, all vectors, judge func(v vector) error) string {
	t.Helper()
	right := 0
	for _, v := range all.Vectors {
		err := judge(v)
		got := "valid"
		if err != nil {
			got = "invalid"
		}
		if want := v.expected(); want == "either" || got == want {
			right++
		} else {
			t.Errorf("%s (%s) is %s, not %s: %v", v.ID, v.Reason, got, want, err)
		}
	}
	summary := fmt.Sprintf("%d/%d", right, len(all.Vectors))
	t.Log(summary)
	return summary
}

func TestJ19_TinkVectors(t *testing.T) {
	all := readVectors(t, "tink-jwks.json")
	got := score(t, all, func(v vector) error {
		_, err := jwks.Parse([]byte(v.JWKS))
		return err
	})
	assert.Equal(t, "55/55", got)
}

// Parse takes no symmetric key, and New takes those of Wycheproof's that it should: as the secret of a Manager, for
// that is where this module's users have them. The signatures are checked by golang-jwt, as a Manager does it, for
// their payload is no claims set, which a Manager refuses whatever the signature is.
func TestJ19_WycheproofVectors(t *testing.T) {
	all := readVectors(t, "wycheproof-jwks.json")
	symmetric := 0
	got := score(t, all, func(v vector) error {
		kid, alg, err := header(v.Token)
		if err != nil {
			return err
		}
		set, err := jwks.Parse(all.Keys[v.Key])
		if errors.Is(err, jwks.ErrSecret) {
			secret, err := secretOf(all.Keys[v.Key], kid, alg)
			if err != nil {
				return err
			}
			symmetric++
			return verify(v.Token, alg, secret)
		}
		if err != nil {
			return err
		}
		public, err := set.VerificationKey(t.Context(), kid, alg)
		if err != nil || public == nil {
			return fmt.Errorf("no key: %w", err)
		}
		return verify(v.Token, alg, public)
	})
	assert.Equal(t, "26/26", got)
	assert.Equal(t, 5, symmetric, "jwk-2, 3, 13, 14 and 15 have secrets that are good")
}

func header(token string) (kid, alg string, err error) {
	text, _, _ := strings.Cut(token, ".")
	octets, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return "", "", err
	}
	var h struct{ Kid, Alg string }
	err = json.Unmarshal(octets, &h)
	return h.Kid, h.Alg, err
}

// secretOf is the secret for kid and alg of a set that holds nothing else than secrets, if a Manager would have each.
func secretOf(document []byte, kid, alg string) (secret []byte, err error) {
	var set struct {
		Keys []struct{ Kty, Kid, Alg, Use, K string }
	}
	if err := json.Unmarshal(document, &set); err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	for _, k := range set.Keys {
		octets, err := base64.RawURLEncoding.DecodeString(k.K)
		if err != nil {
			return nil, err
		}
		if k.Kty != "oct" || k.Use != "sig" || seen[k.Kid] {
			return nil, fmt.Errorf("kty %s, use %s, kid %s seen before: %t", k.Kty, k.Use, k.Kid, seen[k.Kid])
		}
		seen[k.Kid] = true
		if _, err := authjwt.New(authjwt.Settings{SecretKey: string(octets), Algorithm: k.Alg, KeyID: k.Kid}); err != nil {
			return nil, err
		}
		if k.Kid == kid && k.Alg == alg {
			secret = octets
		}
	}
	if secret == nil {
		return nil, errors.New("no key")
	}
	return secret, nil
}

func verify(token, alg string, key crypto.PublicKey) error {
	end := strings.LastIndexByte(token, '.')
	signature, err := base64.RawURLEncoding.Strict().DecodeString(token[end+1:])
	if err != nil {
		return err
	}
	return jwt.GetSigningMethod(alg).Verify(token[:end], signature, key)
}
