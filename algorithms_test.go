package authjwt_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

func TestAlgorithms_MadeAndAccepted(t *testing.T) {
	for _, alg := range everyAlgorithm {
		t.Run(alg, func(t *testing.T) {
			signer := newJudge(t, signsWith(alg))
			token := mustCreate(t, signer.m)
			want, key := map[string]any{"typ": "JWT", "alg": alg}, any([]byte(testSecret))
			managers := []*judge{signer}
			if private := privateKey(alg); private != nil {
				want["kid"], key = thumbprintOf(t, private.Public()), private.Public()
				managers = append(managers, newJudge(t, verifiesWith(alg)))
			}
			assert.Equal(t, want, headerIn(t, token))
			require.NoError(t, theirVerdict(token, alg, key), "golang-jwt refuses ours")
			theirs := byTheirs(t, alg, "")
			cut := strings.LastIndexByte(theirs, '.') + 1
			forged := theirs[:cut] + token[strings.LastIndexByte(token, '.')+1:]
			require.ErrorIs(t, theirVerdict(forged, alg, key), jwt.ErrTokenSignatureInvalid)
			for _, j := range managers {
				assert.Equal(t, "alice", j.accepts(t, token).Subject)
				repel(t, j.m, []attack{{"another token's signature", forged, theirs, isSignature, nil}})
			}
			refresh, err := signer.m.CreateRefreshToken("alice")
			require.NoError(t, err)
			_, err = signer.m.Verify(t.Context(), refresh, authjwt.Refresh)
			assert.NoError(t, err)
		})
	}
}

func TestAlgorithms_Default(t *testing.T) {
	for _, row := range []struct {
		private crypto.Signer
		alg     string
	}{{rsaKey(), "RS256"}, {p256Key(), "ES256"}, {p384Key(), "ES384"}, {p521Key(), "ES512"}, {ed25519Key(), "EdDSA"}} {
		t.Run(row.alg, func(t *testing.T) {
			m := newManager(t, func(s *authjwt.Settings) { s.SecretKey, s.PrivateKey = "", row.private })
			ring, err := authjwt.NewKeyRing(authjwt.Key{PrivateKey: row.private})
			require.NoError(t, err)
			public := newManager(t, func(s *authjwt.Settings) { s.SecretKey, s.PublicKey = "", row.private.Public() })
			for _, signer := range []*authjwt.Manager{m, newManager(t, withKeys(ring))} {
				token := mustCreate(t, signer)
				assert.Equal(t, row.alg, headerIn(t, token)["alg"])
				_, err := public.Verify(t.Context(), token, authjwt.Access)
				assert.NoError(t, err)
			}
		})
	}
	ring, err := authjwt.NewKeyRing(authjwt.Key{SecretKey: testSecret})
	require.NoError(t, err)
	for _, m := range []*authjwt.Manager{newManager(t), newManager(t, withKeys(ring))} {
		assert.Equal(t, map[string]any{"typ": "JWT", "alg": "HS256"}, headerIn(t, mustCreate(t, m)))
	}
}

// thumbprintOf is RFC 7638 by the letter: the members a key needs, by name, as JSON.
func thumbprintOf(tb testing.TB, public crypto.PublicKey) string {
	tb.Helper()
	members := map[string]string{}
	switch k := public.(type) {
	case *rsa.PublicKey:
		members["kty"], members["n"], members["e"] = "RSA", b64(string(k.N.Bytes())), b64(string(big.NewInt(int64(k.E)).Bytes()))
	case *ecdsa.PublicKey:
		point, err := k.ECDH()
		require.NoError(tb, err)
		size := (k.Curve.Params().BitSize + 7) / 8
		text := string(point.Bytes()[1:])
		members["kty"], members["crv"], members["x"], members["y"] = "EC", k.Curve.Params().Name, b64(text[:size]), b64(text[size:])
	case ed25519.PublicKey:
		members["kty"], members["crv"], members["x"] = "OKP", "Ed25519", b64(string(k))
	}
	text, err := json.Marshal(members)
	require.NoError(tb, err)
	sum := sha256.Sum256(text)
	return b64(string(sum[:]))
}

// firstIsZero makes a key whose x begins with a zero octet, which must not be cut off.
func firstIsZero() *ecdsa.PrivateKey {
	for {
		if k := newECKey(elliptic.P256()); must(k.PublicKey.Bytes())[1] == 0 {
			return k
		}
	}
}

func TestAlgorithms_KeyID(t *testing.T) {
	keys := map[string]crypto.Signer{"cube": cubeKey(), "zero octet": firstIsZero()}
	for _, alg := range pairAlgorithms {
		keys[alg] = privateKey(alg)
	}
	for name, private := range keys {
		settings := func(id string) func(s *authjwt.Settings) {
			return func(s *authjwt.Settings) { s.SecretKey, s.PrivateKey, s.KeyID = "", private, id }
		}
		for id, want := range map[string]any{"": thumbprintOf(t, private.Public()), "k1": "k1", authjwt.NoKeyID: nil} {
			m := newManager(t, settings(id))
			assert.Equal(t, want, headerIn(t, mustCreate(t, m))["kid"], "%s, KeyID %q", name, id)
			text, _ := want.(string)
			assert.Equal(t, text, m.PublicKeys()[0].ID, name)
		}
	}
	m := newManager(t, func(s *authjwt.Settings) { s.KeyID = authjwt.NoKeyID })
	assert.NotContains(t, headerIn(t, mustCreate(t, m)), "kid", "a secret has none to begin with")
}

// The keys of the RFCs, whose thumbprints stand there.
func TestAlgorithms_ThumbprintsOfTheRFCs(t *testing.T) {
	const n = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"
	modulus, err := base64.RawURLEncoding.DecodeString(n)
	require.NoError(t, err)
	seed, err := base64.RawURLEncoding.DecodeString("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A")
	require.NoError(t, err)
	ring, err := authjwt.NewKeyRing(
		authjwt.Key{PrivateKey: ed25519.NewKeyFromSeed(seed)},
		authjwt.Key{PublicKey: &rsa.PublicKey{N: new(big.Int).SetBytes(modulus), E: 65537}, State: authjwt.KeyNext},
	)
	require.NoError(t, err)
	m := newManager(t, withKeys(ring))
	require.Len(t, m.PublicKeys(), 2)
	assert.Equal(t, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k", m.PublicKeys()[0].ID, "RFC 8037 A.3")
	assert.Equal(t, "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs", m.PublicKeys()[1].ID, "RFC 7638 3.1")
}

func TestAlgorithms_KeyIDDecides(t *testing.T) {
	for _, alg := range everyAlgorithm {
		token := func(kid string) string { return byTheirs(t, alg, `,"kid":"`+kid+`"`) }
		bare := byTheirs(t, alg, "")
		id := "k1"
		named := newManager(t, signsWith(alg), func(s *authjwt.Settings) { s.KeyID = id })
		repel(t, named, []attack{{alg + " another kid", token("k2"), token("k1"), isKey, nil}, {alg + " empty kid", token(""), bare, isKey, nil}})
		free := []*authjwt.Manager{newManager(t, signsWith(alg), func(s *authjwt.Settings) { s.KeyID = authjwt.NoKeyID })}
		if private := privateKey(alg); private != nil {
			id = thumbprintOf(t, private.Public())
			repel(t, newManager(t, signsWith(alg)), []attack{{alg + " no thumbprint", token(id[1:]), token(id), isKey, nil}})
			only := newManager(t, verifiesWith(alg), func(s *authjwt.Settings) { s.KeyID = "k1" })
			repel(t, only, []attack{{alg + " another kid, public", token("k2"), token("k1"), isKey, nil}})
			free = append(free, newManager(t, verifiesWith(alg)))
		}
		for _, m := range free { // what has no ID takes any kid
			for _, text := range []string{token("k2"), token(""), token(id), bare} {
				_, err := m.Verify(t.Context(), text, authjwt.Access)
				assert.NoError(t, err, alg)
			}
		}
	}
}

func TestAlgorithms_OnlyVerifies(t *testing.T) {
	for _, alg := range pairAlgorithms {
		m := newManager(t, verifiesWith(alg))
		_, err := m.CreateAccessToken("alice")
		assert.ErrorContains(t, err, "to sign, set Settings.SecretKey, PrivateKey or a KeyRing that has one", alg)
		assert.NotErrorIs(t, err, authjwt.ErrUnavailable, "it will not work later either")
		assert.Empty(t, m.PublicKeys(), "others verify by the issuer's own set")
		both := newManager(t, verifiesWith(alg), func(s *authjwt.Settings) { s.PrivateKey = privateKey(alg) })
		assert.Equal(t, thumbprintOf(t, publicKey(alg)), headerIn(t, mustCreate(t, both))["kid"])
	}
}

// Beside a secret a pair has its own algorithm; each signs when it is asked to.
func TestAlgorithms_SecretBesideAPair(t *testing.T) {
	for _, alg := range pairAlgorithms {
		m := newManager(t, signsWith(alg), func(s *authjwt.Settings) {
			s.SecretKey, s.DecodeAlgorithms = testSecret, []string{alg, "HS256"}
		})
		j := &judge{m: m, want: authjwt.Access}
		j.guardWith(t, m.Required())
		for _, signs := range []string{alg, "HS256"} {
			token := mustCreate(t, m, authjwt.WithAlgorithm(signs))
			assert.Equal(t, signs, headerIn(t, token)["alg"])
			j.accepts(t, token)
			j.accepts(t, byTheirs(t, signs, ""))
		}
		assert.Equal(t, alg, headerIn(t, mustCreate(t, m))["alg"])
		_, err := m.CreateAccessToken("alice", authjwt.WithAlgorithm("HS512"))
		assert.ErrorContains(t, err, "list it in Settings.DecodeAlgorithms")
		require.Len(t, m.PublicKeys(), 1)
		assert.Equal(t, alg, m.PublicKeys()[0].Algorithm)
	}
}

// Mistakes in the names, each with its fix.
func TestAlgorithms_ThatDoNotFit(t *testing.T) {
	fits := func(private crypto.Signer, alg string) bool {
		switch k := private.(type) {
		case *rsa.PrivateKey:
			return slices.Contains(pairAlgorithms[:6], alg)
		case *ecdsa.PrivateKey:
			return alg == map[string]string{"P-256": "ES256", "P-384": "ES384", "P-521": "ES512"}[k.Params().Name]
		}
		return alg == "EdDSA"
	}
	for name, private := range map[string]crypto.Signer{"RSA": rsaKey(), "P-256": p256Key(), "P-384": p384Key(), "P-521": p521Key(), "Ed25519": ed25519Key()} {
		for _, alg := range append(everyAlgorithm, "ES256K", "Ed25519", "RS1", "eddsa", "none") {
			_, signs := authjwt.New(authjwt.Settings{PrivateKey: private, Algorithm: alg})
			_, verifies := authjwt.New(authjwt.Settings{PublicKey: private.Public(), Algorithm: alg})
			_, listed := authjwt.New(authjwt.Settings{PublicKey: private.Public(), DecodeAlgorithms: []string{alg}})
			_, rung := authjwt.NewKeyRing(authjwt.Key{PrivateKey: private, Algorithm: alg})
			if fits(private, alg) {
				for _, err := range []error{signs, verifies, rung} {
					assert.NoError(t, err, "%s %s", name, alg)
				}
				continue
			}
			for _, err := range []error{signs, verifies, listed, rung} {
				assert.ErrorContains(t, err, `"`+alg+`"`, name)
				assert.Regexp(t, fmt.Sprintf("a key of %s; leave it empty for (RS256|ES|EdDSA)|is not available; use HS256", name), err.Error(), name)
			}
		}
	}
	for _, s := range []authjwt.Settings{{Algorithm: "RS256"}, {Algorithm: "EdDSA", SecretKey: testSecret}, {SecretKey: testSecret, DecodeAlgorithms: []string{"HS256", "ES256"}}} {
		_, err := authjwt.New(s)
		assert.ErrorContains(t, err, "needs a PrivateKey, or a PublicKey to verify alone")
	}
	_, err := authjwt.NewKeyRing(authjwt.Key{SecretKey: testSecret, Algorithm: "RS256"})
	assert.ErrorContains(t, err, "use HS256, HS384 or HS512, or set PrivateKey")
}
