package authjwt

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A vector is a row of a file of public vectors; each file has some of the members.
type vector struct {
	ID, Key, Token         string
	Expect, Ruling, Reason string
	Claims, Error          string
	Now                    int64
	Issuer                 string `json:"iss"`
	Audience               string `json:"aud"`
	RequiresExpOff         bool   `json:"requires_exp_off"`
	RawPublicKey           string `json:"raw_public_key"`
	WeakKey                bool   `json:"weak_key"`
	Alg, Msg, Sig          string // a method's, the message in hex
}

// want is valid, invalid or either.
func (v vector) want() string {
	if v.Ruling != "" {
		return v.Ruling
	}
	return v.Expect
}

// A vectorKey is a JWK as the vectors hold it.
type vectorKey struct {
	Kty, Crv, Kid, Alg, Use string
	K, N, E, X, Y           string
	KeyOps                  []string `json:"key_ops"`
}

type vectorFile struct {
	name        string
	Keys        map[string]vectorKey
	Vectors     []vector
	Thumbprints []struct {
		ID         string
		JWK        vectorKey
		Thumbprint string
	}
}

func readVectors(t *testing.T, name string) *vectorFile {
	t.Helper()
	dir := os.Getenv("VECTORS_DIR")
	if dir == "" {
		t.Skip("the public vectors are not here: set VECTORS_DIR to the folder with " + name + ".json, by its absolute path")
	}
	text, err := os.ReadFile(filepath.Join(dir, name+".json"))
	require.NoError(t, err)
	file := &vectorFile{name: name}
	require.NoError(t, json.Unmarshal(text, file))
	for _, v := range file.Vectors {
		require.Contains(t, file.Keys, v.Key, v.ID)
	}
	return file
}

// A scoreSheet counts the vectors that went as they should.
type scoreSheet struct {
	t     *testing.T
	name  string
	seen  map[string]bool
	met   int
	valid int
}

func (f *vectorFile) score(t *testing.T) *scoreSheet {
	return &scoreSheet{t: t, name: f.name, seen: map[string]bool{}}
}

// row takes what the package made of a vector: valid, invalid, or any other text, which is never right.
func (s *scoreSheet) row(v vector, got string) {
	s.t.Helper()
	assert.False(s.t, s.seen[v.ID], "%s stands twice", v.ID)
	s.seen[v.ID] = true
	want := v.want()
	if want == "valid" {
		s.valid++
	}
	if got == "valid" || got == "invalid" {
		if got == want || want == "either" {
			s.met++
			return
		}
	}
	s.t.Errorf("%s %s (%s) should be %s: %s", s.name, v.ID, v.Reason, want, got)
}

func (s *scoreSheet) assert(vectors, valid int) {
	s.t.Helper()
	s.t.Logf("%s: %d/%d by ruling", s.name, s.met, vectors)
	assert.Len(s.t, s.seen, vectors, "vectors that were run")
	assert.Equal(s.t, vectors, s.met, "vectors that went as they should")
	assert.Equal(s.t, valid, s.valid, "vectors that are valid")
}

func validity(good bool) string {
	if good {
		return "valid"
	}
	return "invalid"
}

// octets decodes what need not be canonical: the package is not asked to read it.
func octets(t *testing.T, text string) []byte {
	t.Helper()
	decoded, err := base64.RawURLEncoding.DecodeString(text)
	require.NoError(t, err)
	return decoded
}

// public judges nothing, for that is the package's part. A point must be on its curve all the same, because crypto/ecdsa makes no
// other key; each point of the vectors is.
func (k vectorKey) public(t *testing.T) crypto.PublicKey {
	t.Helper()
	switch k.Kty {
	case "RSA":
		n, e := new(big.Int).SetBytes(octets(t, k.N)), new(big.Int).SetBytes(octets(t, k.E))
		return &rsa.PublicKey{N: n, E: int(e.Int64())}
	case "EC":
		curves := map[string]elliptic.Curve{"P-256": elliptic.P256(), "P-384": elliptic.P384(), "P-521": elliptic.P521()}
		require.Contains(t, curves, k.Crv)
		public, err := ecdsa.ParseUncompressedPublicKey(curves[k.Crv], slices.Concat([]byte{4}, octets(t, k.X), octets(t, k.Y)))
		require.NoError(t, err)
		return public
	}
	require.Equal(t, "OKP Ed25519", k.Kty+" "+k.Crv)
	return ed25519.PublicKey(octets(t, k.X))
}

// settings are those of somebody who has the key for alg; where that is empty, for what is usual.
func (k vectorKey) settings(t *testing.T, alg string) Settings {
	t.Helper()
	s := Settings{KeyID: k.Kid, Algorithm: alg}
	if k.Kty == "oct" {
		s.SecretKey = string(octets(t, k.K))
	} else {
		s.PublicKey = k.public(t)
	}
	return s
}

// can tells whether the key does alg, by a table of its own: the package's is what is tested.
func (k vectorKey) can(alg string) bool {
	return slices.Contains(map[string][]string{
		"oct ": {"HS256", "HS384", "HS512"}, "RSA ": {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"},
		"EC P-256": {"ES256"}, "EC P-384": {"ES384"}, "EC P-521": {"ES512"}, "OKP Ed25519": {"EdDSA"},
	}[k.Kty+" "+k.Crv], alg)
}

// algorithmOf is the one that the publisher of a token has bound its key to, where the JWK does not say it: the token's, if
// the key can do it. Where it cannot, the token is an attack on the usual one.
func (k vectorKey) algorithmOf(token string) string {
	if k.Alg != "" {
		return k.Alg
	}
	var header struct{ Alg string }
	segment, _, _ := strings.Cut(token, ".")
	text, _ := base64.RawURLEncoding.DecodeString(segment)
	if json.Unmarshal(text, &header) == nil && k.can(header.Alg) {
		return header.Alg
	}
	return ""
}

// withRefusedSecret makes the Manager that New would make if it did not refuse the secret: for vectors made with secrets of
// six octets, or of zeros alone, which say something about tokens nevertheless. InsecureShortSecret lets none of them in: they are
// well known, or no secret at all (J17).
func withRefusedSecret(t *testing.T, s Settings) *Manager {
	t.Helper()
	refused := s.SecretKey
	for _, s.InsecureShortSecret = range []bool{false, true} {
		_, err := New(s)
		require.ErrorContains(t, err, "SecretKey")
	}
	s.SecretKey = "tests-only-0123456789-abcdefghijklmnopqrstuvwxyz"
	m, err := New(s)
	require.NoError(t, err)
	alg, ok := findAlgorithm(m.settings.Algorithm)
	require.True(t, ok)
	m.keys.list.Store(&keyList{keys: []*key{newSecretKey(s.KeyID, alg, refused)}})
	return m
}

// refusal is the failure that Verify ends in; nil: it accepts.
func refusal(t *testing.T, m *Manager, token string) *failure {
	t.Helper()
	_, err := m.Verify(t.Context(), token, Access)
	if err == nil {
		return nil
	}
	var e *Error
	require.True(t, errors.As(err, &e), "%T is no *Error", err)
	require.NotNil(t, e.kind)
	return e.kind
}
