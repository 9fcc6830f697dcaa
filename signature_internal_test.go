package authjwt

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/asn1"
	"encoding/json"
	"fmt"
	"math/big"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A gate is a guarded route.
type gate struct {
	m *Manager
	r *gin.Engine
}

func newGate(t *testing.T, s Settings) gate {
	t.Helper()
	m, err := New(s)
	require.NoError(t, err)
	g := gate{m, gin.New()}
	g.r.GET("/", m.Required(), func(c *gin.Context) { c.String(200, FromContext(c).Subject()) })
	return g
}

func (g gate) send(method, path, token string) *httptest.ResponseRecorder {
	req := httptest.NewRequest(method, path, nil)
	req.Header.Set("Authorization", "Bearer "+token)
	rec := httptest.NewRecorder()
	g.r.ServeHTTP(rec, req)
	return rec
}

func (g gate) assertAccepted(t *testing.T, token, note string) {
	t.Helper()
	rec := g.send("GET", "/", token)
	assert.Equal(t, 200, rec.Code, note)
	assert.Equal(t, "alice", rec.Body.String(), note)
	_, err := g.m.Verify(t.Context(), token, Access)
	assert.NoError(t, err, note)
}

func (g gate) assertRefused(t *testing.T, token string, want *failure, note string) {
	t.Helper()
	rec := g.send("GET", "/", token)
	assert.Equal(t, 401, rec.Code, note)
	var body map[string]string
	if assert.NoError(t, json.Unmarshal(rec.Body.Bytes(), &body), "%s: %s", note, rec.Body) {
		assert.Equal(t, map[string]string{"detail": want.detail, "code": want.code}, body, note)
	}
	_, err := g.m.Verify(t.Context(), token, Access)
	assert.ErrorIs(t, err, want.reason, note)
	if want.cause != nil {
		assert.ErrorIs(t, err, want.cause, note)
	}
}

// signedParts are a new token's signing input, and its signature.
func (g gate) signedParts(t *testing.T) (text string, sig []byte) {
	t.Helper()
	token, err := g.m.CreateAccessToken("alice")
	require.NoError(t, err)
	last := strings.LastIndexByte(token, '.')
	return token[:last], octets(t, token[last+1:])
}

func withSignature(text string, sig []byte) string { return text + "." + base64url.EncodeToString(sig) }

// A forgery is a signature that is not good under a text, beside one that is.
type forgery struct {
	name         string
	sig, twin    []byte
	goodByItself func(sig []byte) bool // its form is all that is wrong
}

// repel checks each forgery before and after a good token with the same header was seen, which is then cached.
func (g gate) repel(t *testing.T, text string, forgeries []forgery) {
	t.Helper()
	for round := range 2 {
		for _, f := range forgeries {
			note := fmt.Sprintf("%s, round %d", f.name, round)
			if f.goodByItself != nil {
				assert.True(t, f.goodByItself(f.sig), note)
			}
			g.assertRefused(t, withSignature(text, f.sig), failSignature, note)
		}
		accepted := map[string]bool{}
		for _, f := range forgeries {
			if twin := withSignature(text, f.twin); !accepted[twin] {
				g.assertAccepted(t, twin, "twin of "+f.name)
				accepted[twin] = true
			}
		}
	}
}

var ecdsaCurves = map[string]elliptic.Curve{"ES256": elliptic.P256(), "ES384": elliptic.P384(), "ES512": elliptic.P521()}

// newECDSAGate returns the numbers of a good signature, too. R begins with a zero octet.
func newECDSAGate(t *testing.T, curve elliptic.Curve, s Settings) (g gate, text string, sig []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(curve, rand.Reader)
	require.NoError(t, err)
	s.PrivateKey = private
	g = newGate(t, s)
	text, sig = g.signedParts(t)
	for sig[0] != 0 {
		sig, err = g.m.signer("").method.sign([]byte(text))
		require.NoError(t, err)
	}
	return g, text, sig
}

func TestJ06_ECDSAForms(t *testing.T) {
	for alg, curve := range ecdsaCurves {
		t.Run(alg, func(t *testing.T) {
			g, text, sig := newECDSAGate(t, curve, Settings{})
			size := len(sig) / 2
			r, s := sig[:size], sig[size:]
			der, err := asn1.Marshal(struct{ R, S *big.Int }{new(big.Int).SetBytes(r), new(big.Int).SetBytes(s)})
			require.NoError(t, err)
			public, digest := g.m.PublicKeys()[0].PublicKey.(*ecdsa.PublicKey), curveHash(alg, text)
			zero, zeros := []byte{0}, make([]byte, size)
			var forgeries []forgery
			add := func(name string, parts ...[]byte) {
				forgeries = append(forgeries, forgery{alg + " " + name, slices.Concat(parts...), sig, nil})
			}
			add("DER", der)
			forgeries[0].goodByItself = func(sig []byte) bool { return ecdsa.VerifyASN1(public, digest, sig) }
			add("empty")
			add("R alone", r)
			add("S alone", s)
			add("without the zero that R begins with", r[1:], s)
			add("without the last octet", sig[:len(sig)-1])
			add("zero before R", zero, r, s)
			add("zero before S", r, zero, s)
			add("zero before R and S", zero, r, zero, s)
			add("zero after S", sig, zero)
			add("zeros before R and S", zeros, r, zeros, s)
			add("zeros after S", sig, zeros)
			add("twice", sig, sig)
			add("DER after it", sig, der)
			add("S, R", s, r)
			g.repel(t, text, forgeries)
		})
	}
}

// One number in 256 begins with a zero octet, which is no part of it in ASN.1, and one in two with a bit that would be a sign there.
func TestJ06_ECDSANumbers(t *testing.T) {
	for alg, curve := range ecdsaCurves {
		t.Run(alg, func(t *testing.T) {
			g, text, sig := newECDSAGate(t, curve, Settings{})
			key, size, seen := g.m.signer("").method, len(sig)/2, map[string]bool{}
			for len(seen) < 4 {
				sig, err := key.sign([]byte(text))
				require.NoError(t, err)
				for name, number := range map[string][]byte{"R": sig[:size], "S": sig[size:]} {
					switch first := bytes.TrimLeft(number, "\x00")[0]; {
					case first >= 0x80: // P-521 has but one bit in its first octet
						name += " would be negative"
					case number[0] != 0:
						continue
					}
					if !seen[name] {
						g.assertAccepted(t, withSignature(text, sig), name)
						seen[name] = true
					}
				}
			}
		})
	}
}

func TestJ06_ECDSARange(t *testing.T) {
	for alg, curve := range ecdsaCurves {
		t.Run(alg, func(t *testing.T) {
			g, text, sig := newECDSAGate(t, curve, Settings{})
			size, n, one := len(sig)/2, curve.Params().N, big.NewInt(1)
			r, s := new(big.Int).SetBytes(sig[:size]), new(big.Int).SetBytes(sig[size:])
			outside := map[string]*big.Int{
				"0": new(big.Int), "1": one, "n-1": new(big.Int).Sub(n, one), "n": n, "n+1": new(big.Int).Add(n, one),
				"p": curve.Params().P, "ones": new(big.Int).Sub(new(big.Int).Lsh(one, uint(8*size)), one),
			}
			rs, ss := map[string]*big.Int{"R": r}, map[string]*big.Int{"S": s}
			for name, value := range outside {
				rs[name], ss[name] = value, value
			}
			// Modulo n these are good numbers, where there is room for them: P-521 leaves seven bits.
			if larger := new(big.Int).Add(r, n); larger.BitLen() <= 8*size {
				rs["R+n"] = larger
			}
			if larger := new(big.Int).Add(s, n); larger.BitLen() <= 8*size {
				ss["S+n"] = larger
			}
			var forgeries []forgery
			for rName, r := range rs {
				for sName, s := range ss {
					if rName != "R" || sName != "S" {
						forged := append(r.FillBytes(make([]byte, size)), s.FillBytes(make([]byte, size))...)
						forgeries = append(forgeries, forgery{fmt.Sprintf("%s (%s, %s)", alg, rName, sName), forged, sig, nil})
					}
				}
			}
			assert.Len(t, forgeries, map[string]int{"ES256": 8*8 - 1, "ES384": 8*8 - 1, "ES512": 9*9 - 1}[alg])
			g.repel(t, text, forgeries)
		})
	}
}

// curveHash is the digest that goes with a curve (RFC 7518 §3.4).
func curveHash(alg, text string) []byte {
	h := map[string]crypto.Hash{"ES256": crypto.SHA256, "ES384": crypto.SHA384, "ES512": crypto.SHA512}[alg].New()
	h.Write([]byte(text))
	return h.Sum(nil)
}

// otherText is the second text of a token by ECDSA, with n-S in the place of S.
func otherText(curve elliptic.Curve, text string, sig []byte) string {
	size := len(sig) / 2
	s := new(big.Int).Sub(curve.Params().N, new(big.Int).SetBytes(sig[size:]))
	return withSignature(text, append(slices.Clone(sig[:size]), s.FillBytes(make([]byte, size))...))
}

// Whoever has a token by ECDSA can make a second text of it, which verifies, too: crypto/ecdsa asks for no small S, and nor does
// RFC 7518 §3.4. So nothing may be remembered by the text of a token.
func TestJ07_ECDSAMalleability(t *testing.T) {
	for alg, curve := range ecdsaCurves {
		for n := range 4 { // the cache, which goes by the text, knows no more about either than before
			deniedByOther, cache := n%2 == 1, n/2*100
			t.Run(fmt.Sprint(alg, " denied by the other text: ", deniedByOther, ", cache ", cache), func(t *testing.T) {
				g, text, sig := newECDSAGate(t, curve, Settings{Store: new(MemoryStore), VerifiedTokenCache: cache})
				first, other := withSignature(text, sig), otherText(curve, text, sig)
				require.NotEqual(t, first, other)
				g.assertAccepted(t, first, "the token")
				g.assertAccepted(t, other, "its other text")
				denied := first
				if deniedByOther {
					denied = other
				}
				token, err := g.m.Verify(t.Context(), denied, Access)
				require.NoError(t, err)
				require.NoError(t, g.m.Revoke(t.Context(), token))
				g.assertRefused(t, first, failRevoked, "the token")
				g.assertRefused(t, other, failRevoked, "its other text")
			})
		}
	}
}

func TestJ07_ECDSAMalleability_Refresh(t *testing.T) {
	for alg, curve := range ecdsaCurves {
		t.Run(alg, func(t *testing.T) {
			g, _, _ := newECDSAGate(t, curve, Settings{Store: new(MemoryStore), RefreshReuseGrace: NoGrace})
			g.r.POST("/refresh", g.m.RefreshHandler(Routes{}))
			token, err := g.m.CreateRefreshToken("alice")
			require.NoError(t, err)
			last := strings.LastIndexByte(token, '.')
			other := otherText(curve, token[:last], octets(t, token[last+1:]))
			assert.Equal(t, 200, g.send("POST", "/refresh", other).Code)
			again := g.send("POST", "/refresh", token)
			assert.Equal(t, 401, again.Code, "it was used, by its other text")
			assert.Contains(t, again.Body.String(), failRevoked.code)
		})
	}
}

// With Ed25519 there is no second text: S+L is refused (RFC 8032 §5.1.7).
func TestJ07_Ed25519IsNotMalleable(t *testing.T) {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	g := newGate(t, Settings{PrivateKey: private})
	text, sig := g.signedParts(t)
	order, ok := new(big.Int).SetString("7237005577332262213973186563042994240857116359379907606001950938285454250989", 10)
	require.True(t, ok)
	s := slices.Clone(sig[32:])
	slices.Reverse(s)
	larger := new(big.Int).Add(new(big.Int).SetBytes(s), order).FillBytes(make([]byte, 32))
	slices.Reverse(larger)
	g.repel(t, text, []forgery{{"S+L", slices.Concat(sig[:32], larger), sig, nil}})
}

// Of the other methods, a signature has one form, too.
func TestSignatureForms(t *testing.T) {
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	_, edKey, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	const secret = "tests-only-0123456789-abcdefghijklmnopqrstuvwxyz"
	sha256Of := func(text string) []byte { return curveHash("ES256", text) }
	sha512Of := func(text string) []byte { return curveHash("ES512", text) }
	for name, s := range map[string]Settings{
		"HS256": {SecretKey: secret}, "RS256": {PrivateKey: rsaKey}, "PS256": {PrivateKey: rsaKey, Algorithm: "PS256"}, "EdDSA": {PrivateKey: edKey},
	} {
		t.Run(name, func(t *testing.T) {
			g := newGate(t, s)
			text, sig := g.signedParts(t)
			forms := map[string][]byte{
				"empty": nil, "zero before": slices.Concat([]byte{0}, sig), "zero after": slices.Concat(sig, []byte{0}), "twice": slices.Concat(sig, sig),
				"half": sig[:len(sig)/2], "without the last octet": sig[:len(sig)-1], "zeros": make([]byte, len(sig)),
			}
			add := func(name string, form []byte, err error) {
				require.NoError(t, err)
				forms[name] = form
			}
			switch name {
			case "HS256":
				other, err := newHMACMethod(algorithm{hash: crypto.SHA512}, []byte(secret)).sign([]byte(text))
				add("SHA-512", other, err)
			case "EdDSA":
				other, err := edKey.Sign(nil, sha512Of(text), &ed25519.Options{Hash: crypto.SHA512})
				add("Ed25519ph", other, err)
			case "RS256", "PS256":
				other, err := rsa.SignPKCS1v15(nil, rsaKey, crypto.SHA512, sha512Of(text))
				add("SHA-512", other, err)
				other, err = rsa.SignPKCS1v15(nil, rsaKey, 0, sha256Of(text))
				add("a digest that does not name its hash", other, err)
			}
			if name == "RS256" {
				other, err := rsa.SignPSS(rand.Reader, rsaKey, crypto.SHA256, sha256Of(text), &rsa.PSSOptions{SaltLength: 32})
				add("PSS", other, err)
			}
			var forgeries []forgery
			for name, form := range forms {
				forgeries = append(forgeries, forgery{name, form, sig, nil})
			}
			g.repel(t, text, forgeries)
		})
	}
}
