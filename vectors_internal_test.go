package authjwt

import (
	"crypto"
	"crypto/fips140"
	"crypto/rand"
	"crypto/rsa"
	"encoding/hex"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A jwsKey is a key of wycheproof-jws at work.
type jwsKey struct {
	m *Manager
	// weak: New refuses the secret.
	weak bool
	// refused: the key would not be loaded, so that no token of it is valid. m has it all the same.
	refused bool
}

func newJWSKey(t *testing.T, jwk vectorKey) (k jwsKey) {
	t.Helper()
	s := jwk.settings(t, jwk.Alg)
	m, err := New(s)
	switch {
	case err != nil && jwk.Kty == "oct": // 32 zeros, with valid tokens
		return jwsKey{m: withRefusedSecret(t, s), weak: true}
	case err != nil:
		assert.ErrorContains(t, err, `Algorithm: "ES521" is not available`)
		s.Algorithm = "" // it is ES512, then
		m, err = New(s)
		k.refused = true
	}
	require.NoError(t, err)
	k.m = m
	if jwk.Use == "enc" || len(jwk.KeyOps) > 0 && !slices.Contains(jwk.KeyOps, "verify") {
		k.refused = true // by package jwks: a crypto.PublicKey does not say what it is for
	}
	return k
}

func TestVectors_WycheproofJWS(t *testing.T) {
	file := readVectors(t, "wycheproof-jws")
	keys := map[string]jwsKey{}
	for id, jwk := range file.Keys {
		keys[id] = newJWSKey(t, jwk)
		assert.Equal(t, id == "k21", keys[id].weak, id)
	}
	sheet := file.score(t)
	var byKey []string
	for _, v := range file.Vectors {
		k := keys[v.Key]
		payload, e := k.m.verifySignature(t.Context(), k.m.keys.list.Load(), v.Token, &scratch{text: []byte(v.Token)})
		if e == nil {
			segments := strings.Split(v.Token, ".")
			assert.Equal(t, string(octets(t, segments[1])), string(payload), v.ID)
		}
		if k.refused {
			byKey = append(byKey, v.ID)
			assert.Nil(t, e, "%s: the key is all that is wrong", v.ID)
		}
		sheet.row(v, validity(e == nil && !k.refused))
	}
	sheet.assert(401, 42)
	assert.Equal(t, []string{"sig-347", "sig-351", "sig-353", "sig-354", "sig-355", "sig-356"}, byKey, "what is met by refusing the key")

	// Once more, now that headers are cached, from the entry: no payload is a set of claims.
	asClaims, other := 0, 0
	for _, v := range file.Vectors {
		k := keys[v.Key]
		_, err := k.m.Verify(t.Context(), v.Token, Access)
		if !assert.ErrorIs(t, err, ErrJWTDecode, v.ID) {
			continue
		}
		f := refusal(t, k.m, v.Token)
		if v.want() != "valid" && !k.refused {
			if assert.NotSame(t, failPayload, f, "%s: the signature is not good", v.ID) {
				other++
			}
		} else if assert.ErrorIs(t, err, jwt.ErrTokenMalformed, v.ID) && assert.Same(t, failPayload, f, "%s: %v", v.ID, err) {
			asClaims++
		}
	}
	t.Logf("%s: %d/401 refused by Verify, %d of them as malformed claims", file.name, asClaims+other, asClaims)
	assert.Equal(t, [2]int{42 + 6, 401 - 42 - 6}, [2]int{asClaims, other})
}

// Each key is loaded: no vector is met because there is no key.
func TestVectors_WycheproofRaw(t *testing.T) {
	file := readVectors(t, "wycheproof-raw")
	keys := map[string]crypto.PublicKey{}
	for id, jwk := range file.Keys {
		own, err := copyPublic(jwk.public(t))
		require.NoError(t, err, id)
		keys[id] = own
	}
	assert.Len(t, keys, 102)
	sheet, algs := file.score(t), map[string]int{}
	for _, v := range file.Vectors {
		method, text := rawMethod(t, v, keys[v.Key])
		sheet.row(v, validity(method.verify(text, octets(t, v.Sig))))
		algs[v.Alg]++
	}
	sheet.assert(480, 153)
	assert.Equal(t, map[string]int{"ES256": 86, "ES384": 82, "ES512": 82, "EdDSA": 150, "PS256": 80}, algs)
}

func rawMethod(t *testing.T, v vector, public crypto.PublicKey) (m method, text []byte) {
	t.Helper()
	alg, ok := findAlgorithm(v.Alg)
	require.True(t, ok, v.ID)
	require.True(t, alg.fits(public), v.ID)
	text, err := hex.DecodeString(v.Msg)
	require.NoError(t, err, v.ID)
	return newMethod(alg, public, nil), text
}

// The salt is all that is wrong with these: who takes any length finds them good.
func TestJ04_PSSSaltVectors(t *testing.T) {
	anyLength := &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthAuto, Hash: crypto.SHA256}
	verdicts := map[string]int{}
	note := func(id string, public crypto.PublicKey, text, sig []byte, accepted bool) {
		digest := crypto.SHA256.New()
		digest.Write(text)
		lax := rsa.VerifyPSS(public.(*rsa.PublicKey), crypto.SHA256, digest.Sum(nil), sig, anyLength)
		assert.NoError(t, lax, id)
		group, _, _ := strings.Cut(strings.TrimPrefix(id, "PS256-"), "-")
		verdicts[group+" "+validity(accepted)]++
	}
	raw := readVectors(t, "wycheproof-raw")
	for _, v := range raw.Vectors {
		if v.Alg == "PS256" {
			public := raw.Keys[v.Key].public(t)
			m, text := rawMethod(t, v, public)
			sig := octets(t, v.Sig)
			note(v.ID, public, text, sig, m.verify(text, sig))
		}
	}
	jws := readVectors(t, "wycheproof-jws")
	for _, v := range jws.Vectors {
		if v.Reason == "SaltLenChanged" {
			k := jws.Keys[v.Key]
			f := refusal(t, newJWSKey(t, k).m, v.Token)
			assert.Same(t, failSignature, f, v.ID)
			last := strings.LastIndexByte(v.Token, '.')
			note(v.ID, k.public(t), []byte(v.Token[:last]), octets(t, v.Token[last+1:]), f == nil)
		}
	}
	assert.Equal(t, map[string]int{"salt0 invalid": 40, "salt32 valid": 40, "sig invalid": 6}, verdicts)
}

// signPSS is RSASSA-PSS-SIGN with a salt of any length (RFC 8017 §8.1.1): to crypto/rsa, zero means the longest.
func signPSS(t *testing.T, private *rsa.PrivateKey, hash crypto.Hash, text string, saltLength int) []byte {
	t.Helper()
	sum := func(parts ...[]byte) []byte {
		h := hash.New()
		for _, part := range parts {
			h.Write(part)
		}
		return h.Sum(nil)
	}
	salt := make([]byte, saltLength)
	_, err := rand.Read(salt)
	require.NoError(t, err)
	digest := sum(make([]byte, 8), sum([]byte(text)), salt)
	encoded := make([]byte, private.Size()) // the modulus has 2048 bits, and the encoding 2047
	db := encoded[:len(encoded)-len(digest)-1]
	require.GreaterOrEqual(t, len(db), len(salt)+1)
	db[len(db)-len(salt)-1] = 1
	copy(db[len(db)-len(salt):], salt)
	var mask []byte
	for counter := byte(0); len(mask) < len(db); counter++ {
		mask = append(mask, sum(digest, []byte{0, 0, 0, counter})...)
	}
	for i := range db {
		db[i] ^= mask[i]
	}
	db[0] &= 0x7f
	copy(encoded[len(db):], digest)
	encoded[len(encoded)-1] = 0xbc
	return new(big.Int).Exp(new(big.Int).SetBytes(encoded), private.D, private.N).FillBytes(make([]byte, private.Size()))
}

func TestJ04_PSSSaltLength(t *testing.T) {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	for alg, hash := range map[string]crypto.Hash{"PS256": crypto.SHA256, "PS384": crypto.SHA384, "PS512": crypto.SHA512} {
		t.Run(alg, func(t *testing.T) {
			g := newGate(t, Settings{PrivateKey: private, Algorithm: alg})
			text, own := g.signedParts(t)
			h := hash.New()
			h.Write([]byte(text))
			digest, size := h.Sum(nil), hash.Size()
			anyLength := &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthAuto, Hash: hash}
			good := func(sig []byte) bool {
				return rsa.VerifyPSS(&private.PublicKey, hash, digest, sig, anyLength) == nil
			}
			twin, longest := signPSS(t, private, hash, text, size), private.Size()-size-2
			var forgeries []forgery
			for _, length := range []int{0, 1, 20, size - 1, size + 1, longest - 1, longest} {
				forgeries = append(forgeries, forgery{fmt.Sprint("salt of ", length), signPSS(t, private, hash, text, length), twin, good})
			}
			if !fips140.Enabled() { // there it is as long as the hash
				auto, err := rsa.SignPSS(rand.Reader, private, hash, digest, anyLength)
				require.NoError(t, err)
				forgeries = append(forgeries, forgery{"salt as auto has it", auto, own, good})
			}
			g.repel(t, text, forgeries)
		})
	}
}
