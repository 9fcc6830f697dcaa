package authjwt_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"encoding/pem"
	"fmt"
	"math/big"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

func TestJ01_AlgNone_KeyPair(t *testing.T) {
	for _, alg := range []string{"RS256", "PS512", "ES256", "EdDSA"} {
		twin := byTheirs(t, alg, "")
		old := twin[strings.LastIndexByte(twin, '.'):]
		var attacks []attack
		for _, none := range []string{"none", "None", "NONE", "nOnE", "none ", `none\u0000`, "", strings.ToLower(alg) + "x", strings.ToLower(alg)} {
			text := signingString(headerOf(none, ""))
			attacks = append(attacks, attack{none + " unsigned", text + ".", twin, isAlgorithm, nil}, attack{none + " old signature", text + old, twin, isAlgorithm, nil})
		}
		bare := signingString(headerOf(alg, ""))
		attacks = append(attacks, attack{"unsigned", bare + ".", twin, isSignature, nil}, attack{"no alg", signingString(`{"typ":"JWT"}`) + old, twin, isAlgorithm, nil})
		for name, m := range theKeys(t, alg) {
			t.Run(alg+"/"+name, func(t *testing.T) { repel(t, m, attacks) })
		}
	}
}

// publicTexts are the forms in which a public key lies about, ready to be taken for a secret.
func publicTexts(tb testing.TB, public crypto.PublicKey) map[string]string {
	der, err := x509.MarshalPKIXPublicKey(public)
	require.NoError(tb, err)
	texts := map[string]string{
		"PEM": string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})), "DER": string(der), "base64 DER": base64.StdEncoding.EncodeToString(der),
		"thumbprint": thumbprintOf(tb, public),
	}
	texts["PEM without end"] = strings.TrimSpace(texts["PEM"])
	ssh := func(fields ...string) string {
		var wire []byte
		for _, field := range fields {
			wire = append(binary.BigEndian.AppendUint32(wire, uint32(len(field))), field...)
		}
		return fields[0] + " " + base64.StdEncoding.EncodeToString(wire)
	}
	switch k := public.(type) {
	case *rsa.PublicKey:
		n, pkcs1 := string(k.N.Bytes()), x509.MarshalPKCS1PublicKey(k)
		texts["n"], texts["n octets"], texts["JWK"] = b64(n), n, `{"kty":"RSA","n":"`+b64(n)+`","e":"AQAB"}`
		texts["PKCS1"], texts["PKCS1 PEM"] = string(pkcs1), string(pem.EncodeToMemory(&pem.Block{Type: "RSA PUBLIC KEY", Bytes: pkcs1}))
		texts["SSH"] = ssh("ssh-rsa", "\x01\x00\x01", "\x00"+n)
	case *ecdsa.PublicKey:
		point := string(must(k.Bytes()))
		x, y := point[1:1+len(point)/2], point[1+len(point)/2:]
		texts["point"], texts["x"], texts["y"] = point, x, b64(y)
		texts["JWK"] = `{"kty":"EC","crv":"` + k.Params().Name + `","x":"` + b64(x) + `","y":"` + b64(y) + `"}`
		texts["SSH"] = ssh("ecdsa-sha2-nistp256", "nistp256", point)
	case ed25519.PublicKey:
		texts["octets"], texts["x"], texts["JWK"] = string(k), b64(string(k)), `{"kty":"OKP","crv":"Ed25519","x":"`+b64(string(k))+`"}`
		texts["SSH"] = ssh("ssh-ed25519", string(k))
	}
	return texts
}

func TestJ02_PublicKeyAsSecret(t *testing.T) {
	for _, alg := range []string{"RS256", "PS384", "ES256", "EdDSA"} {
		t.Run(alg, func(t *testing.T) {
			id := thumbprintOf(t, publicKey(alg))
			ring, err := authjwt.NewKeyRing(authjwt.Key{PrivateKey: privateKey(alg), Algorithm: alg}, authjwt.Key{SecretKey: testSecret, State: authjwt.KeyNext})
			require.NoError(t, err)
			beside := func(s *authjwt.Settings) { s.SecretKey, s.DecodeAlgorithms = testSecret, []string{alg, "HS256"} }
			twin := byTheirs(t, alg, "")
			var plain, mixed, rung []attack
			for name, text := range publicTexts(t, publicKey(alg)) {
				for _, hs := range secretAlgorithms {
					forged := compactWith(t, hs, text, headerOf(hs, ""), goodPayload())
					plain = append(plain, attack{hs + " with " + name, forged, twin, isAlgorithm, nil})
					lying := compactWith(t, hs, text, headerOf(alg, ""), goodPayload())
					plain = append(plain, attack{hs + " with " + name + ", says " + alg, lying, twin, isSignature, nil})
				}
				forged := compactWith(t, "HS256", text, headerHS256, goodPayload())
				named := compactWith(t, "HS256", text, headerOf("HS256", `,"kid":"`+id+`"`), goodPayload())
				mixed = append(mixed, attack{"mixed, " + name, forged, hs256(t, headerHS256), isSignature, nil}, attack{"mixed, kid, " + name, named, twin, isSignature, nil})
				rung = append(rung, attack{"ring, " + name, forged, hs256(t, headerHS256), isSignature, nil}, attack{"ring, kid, " + name, named, twin, isSignature, nil})
			}
			for _, m := range theKeys(t, alg) {
				repel(t, m, plain)
			}
			repel(t, newManager(t, verifiesWith(alg), beside, func(s *authjwt.Settings) { s.Algorithm = "HS256" }), mixed)
			repel(t, newManager(t, withKeys(ring)), rung)
		})
	}
}

// The same mistake made at start-up: a PEM where the secret belongs.
func TestJ02_PEMAsSecret(t *testing.T) {
	for _, alg := range pairAlgorithms {
		text := publicTexts(t, publicKey(alg))["PEM"]
		for _, s := range []authjwt.Settings{
			{SecretKey: text}, {SecretKey: text, InsecureShortSecret: true}, {SecretKey: "\n  " + text},
			{SecretKey: text, PublicKey: publicKey(alg), Algorithm: alg, DecodeAlgorithms: []string{alg, "HS256"}},
		} {
			assertSecret(t, s, "it is a PEM key, no secret; parse it with authjwt.ParsePrivateKey")
		}
		_, err := authjwt.NewKeyRing(authjwt.Key{SecretKey: text})
		assert.ErrorContains(t, err, "SecretKey: it is a PEM key, no secret")
	}
}

func TestJ03_OtherAlgorithmOfTheSamePair(t *testing.T) {
	rsaOnes := pairAlgorithms[:6]
	for _, accepted := range rsaOnes {
		twin := byTheirs(t, accepted, "")
		var attacks []attack
		for _, other := range rsaOnes {
			if other == accepted {
				continue
			}
			attacks = append(attacks,
				attack{other, byTheirs(t, other, ""), twin, isAlgorithm, nil},
				attack{other + ", says " + accepted, compactBy(t, other, rsaKey(), headerOf(accepted, ""), goodPayload()), twin, isSignature, nil})
			for _, s := range []authjwt.Settings{
				{PrivateKey: rsaKey(), Algorithm: accepted, DecodeAlgorithms: []string{accepted, other}},
				{PublicKey: rsaKey().Public(), Algorithm: accepted, DecodeAlgorithms: []string{other, accepted}},
			} {
				_, err := authjwt.New(s)
				assert.ErrorContains(t, err, `"`+other+`" is a second algorithm of the key pair, beside `+accepted+`; it has one (RFC 8725 §3.1)`)
			}
		}
		for name, m := range theKeys(t, accepted) {
			t.Run(accepted+"/"+name, func(t *testing.T) { repel(t, m, attacks) })
		}
	}
}

func TestJ04_SaltOfAnotherLength(t *testing.T) {
	for alg, hash := range map[string]crypto.Hash{"PS256": crypto.SHA256, "PS384": crypto.SHA384, "PS512": crypto.SHA512} {
		text := signingString(headerOf(alg, ""))
		sum := hash.New()
		sum.Write([]byte(text))
		var attacks []attack
		for _, salt := range []int{1, 20, hash.Size() - 1, hash.Size() + 1, hash.Size()} {
			sig, err := rsa.SignPSS(rand.Reader, rsaKey(), hash, sum.Sum(nil), &rsa.PSSOptions{SaltLength: salt})
			require.NoError(t, err)
			attacks = append(attacks, attack{fmt.Sprint(alg, " salt ", salt), text + "." + b64(string(sig)), byTheirs(t, alg, ""), isSignature, nil})
		}
		last := len(attacks) - 1
		for name, m := range theKeys(t, alg) {
			_, err := m.Verify(t.Context(), attacks[last].token, authjwt.Access)
			require.NoError(t, err, "of the right length")
			t.Run(name, func(t *testing.T) { repel(t, m, attacks[:last]) })
		}
	}
}

// withSum signs a digest with P-256 as RFC 7518 §3.4 says, padded to any size.
func withSum(tb testing.TB, header string, sum func(text []byte) []byte, size int) string {
	tb.Helper()
	text := signingString(header)
	r, s, err := ecdsa.Sign(rand.Reader, p256Key(), sum([]byte(text)))
	require.NoError(tb, err)
	return text + "." + b64(string(r.FillBytes(make([]byte, size)))+string(s.FillBytes(make([]byte, size))))
}

func TestJ05_CurveAndAlgorithm(t *testing.T) {
	sum256 := func(text []byte) []byte { sum := sha256.Sum256(text); return sum[:] }
	sum384 := func(text []byte) []byte { sum := sha512.Sum384(text); return sum[:] }
	sum512 := func(text []byte) []byte { sum := sha512.Sum512(text); return sum[:] }
	kid := `,"kid":"` + thumbprintOf(t, publicKey("ES256")) + `"`
	twin := byTheirs(t, "ES256", kid)
	attacks := func(want verdict) []attack {
		return []attack{
			{"ES512", withSum(t, headerOf("ES512", kid), sum512, 32), twin, want, nil},
			{"ES512, padded", withSum(t, headerOf("ES512", kid), sum512, 66), twin, want, nil},
			{"ES384", withSum(t, headerOf("ES384", kid), sum384, 32), twin, want, nil},
			{"ES384, padded", withSum(t, headerOf("ES384", kid), sum384, 48), twin, want, nil},
			{"ES256, of SHA-512", withSum(t, headerOf("ES256", kid), sum512, 32), twin, isSignature, nil},
			{"ES256, padded", withSum(t, headerOf("ES256", kid), sum256, 33), twin, isSignature, nil},
			{"ES256 by P-521", compactBy(t, "ES512", p521Key(), headerOf("ES256", kid), goodPayload()), twin, isSignature, nil},
		}
	}
	repel(t, newManager(t, signsWith("ES256")), attacks(isAlgorithm))
	repel(t, newManager(t, verifiesWith("ES256")), attacks(isAlgorithm))
	mixed, err := authjwt.NewKeyRing(authjwt.Key{PrivateKey: p521Key()}, authjwt.Key{PublicKey: p384Key().Public(), State: authjwt.KeyNext},
		authjwt.Key{PrivateKey: p256Key(), State: authjwt.KeyNext})
	require.NoError(t, err)
	repel(t, newManager(t, withKeys(mixed)), attacks(isKey)) // K06: kid and alg are of different keys
	repel(t, newManager(t, signsWith("ES256")), []attack{{"twice as good", withSum(t, headerOf("ES256", kid), sum256, 32) + ".", twin, isPayloadText, nil}})
}

// The same mistakes made at start-up: an algorithm for a key of another kind, or on another curve.
func TestJ05_CurveAndAlgorithm_AtStart(t *testing.T) {
	fits := func(alg, of string) bool {
		_, rsaKeys := publicKey(of).(*rsa.PublicKey)
		return alg == of || rsaKeys && (alg[0] == 'R' || alg[0] == 'P')
	}
	for _, of := range []string{"RS256", "ES256", "ES384", "ES512", "EdDSA"} {
		for _, alg := range everyAlgorithm {
			_, signs := authjwt.New(authjwt.Settings{PrivateKey: privateKey(of), Algorithm: alg})
			_, verifies := authjwt.New(authjwt.Settings{PublicKey: publicKey(of), Algorithm: alg})
			_, beside := authjwt.New(authjwt.Settings{SecretKey: testSecret, Algorithm: "HS256", PublicKey: publicKey(of), DecodeAlgorithms: []string{"HS256", alg}})
			_, rung := authjwt.NewKeyRing(authjwt.Key{PrivateKey: privateKey(of), Algorithm: alg})
			for name, err := range map[string]error{"PrivateKey": signs, "PublicKey": verifies, "ring": rung, "beside a secret": beside} {
				if fits(alg, of) {
					assert.NoError(t, err, "%s of %s with %s", name, of, alg)
				} else if name != "beside a secret" || alg[0] != 'H' { // which is the secret's
					assert.ErrorContains(t, err, `"`+alg+`" does not fit a key of `, "%s of %s", name, of)
				}
			}
		}
	}
}

// weakKeys are RSA keys with the words of their refusal; none where they are good.
func weakKeys(tb testing.TB) map[string]struct {
	public *rsa.PublicKey
	fix    string
} {
	const howTo = "openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:3072"
	bits := func(n int, e int) *rsa.PublicKey {
		modulus, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), uint(n-1)))
		require.NoError(tb, err)
		modulus.SetBit(modulus.SetBit(modulus, n-1, 1), 0, 1)
		return &rsa.PublicKey{N: modulus, E: e}
	}
	type row = struct {
		public *rsa.PublicKey
		fix    string
	}
	even := bits(2048, 65537)
	even.N.SetBit(even.N, 0, 0)
	return map[string]row{
		"512 bits": {bits(512, 65537), "at least 2048 (RFC 7518 §3.3); make a key with: " + howTo}, "1024 bits": {bits(1024, 65537), "at least 2048"},
		"2047 bits": {bits(2047, 65537), "RSA of 2047 bits is too weak"}, "8193 bits": {bits(8193, 65537), "at most 8192; make a key with: " + howTo},
		"16384 bits": {bits(16384, 65537), "at most 8192"}, "e = 1": {bits(2048, 1), "it must be odd and at least 3; make a key with: " + howTo}, "e = 2": {bits(2048, 2), "odd"},
		"e = 0": {bits(2048, 0), "odd"}, "e = -3": {bits(2048, -3), "at least 3"}, "even e": {bits(2048, 65536), "odd"},
		"2048 bits": {bits(2048, 65537), ""}, "8192 bits": {bits(8192, 65537), ""},
		"even modulus": {even, "the RSA modulus is even; the key is damaged"},
		"e = 2^31 - 1": {bits(2048, 1<<31-1), ""}, "e = 3": {bits(2048, 3), ""},
	}
}

func TestJ18_WeakRSA(t *testing.T) {
	for name, row := range weakKeys(t) {
		private := *rsaKey()
		private.PublicKey = *row.public
		_, public := authjwt.New(authjwt.Settings{PublicKey: row.public})
		_, signs := authjwt.New(authjwt.Settings{PrivateKey: &private})
		_, rung := authjwt.NewKeyRing(authjwt.Key{PublicKey: row.public})
		_, next := authjwt.NewKeyRing(authjwt.Key{PrivateKey: rsaKey()}, authjwt.Key{PublicKey: row.public, State: authjwt.KeyNext})
		if row.fix == "" {
			for _, err := range []error{public, rung, next} {
				assert.NoError(t, err, name)
			}
			continue
		}
		for field, err := range map[string]error{"Settings.PublicKey: ": public, "Settings.PrivateKey: ": signs, "key 1 (\"\"): PublicKey: ": rung, "key 2 (\"\"): PublicKey: ": next} {
			assert.ErrorContains(t, err, field, name)
			assert.ErrorContains(t, err, row.fix, name)
		}
	}
	for _, weak := range []*rsa.PrivateKey{newRSAKey(1024), newRSAKey(2047)} {
		_, err := authjwt.New(authjwt.Settings{PrivateKey: weak})
		assert.ErrorContains(t, err, "is too weak: it needs at least 2048")
	}
	cube := newJudge(t, func(s *authjwt.Settings) { s.SecretKey, s.PrivateKey = "", cubeKey() })
	cube.accepts(t, mustCreate(t, cube.m))
}

// acceptAllAs is acceptAll under another name.
type acceptAllAs struct {
	acceptAll
	alg string
}

func (a acceptAllAs) Alg() string { return a.alg }

func TestJ20_ReplacedSigningMethod_KeyPair(t *testing.T) {
	algs := []string{"RS256", "PS256", "ES256", "EdDSA"}
	twins, before := map[string]string{}, map[string]*authjwt.Manager{}
	for _, alg := range algs {
		twins[alg], before[alg] = byTheirs(t, alg, ""), newManager(t, signsWith(alg))
	}
	hash, pssHash, options, bits := jwt.SigningMethodRS256.Hash, jwt.SigningMethodPS256.Hash, *jwt.SigningMethodPS256.Options, jwt.SigningMethodES256.CurveBits
	defer func() {
		for _, alg := range algs {
			jwt.RegisterSigningMethod(alg, func() jwt.SigningMethod { return theirMethods[alg] })
		}
		jwt.SigningMethodRS256.Hash, jwt.SigningMethodPS256.Hash, *jwt.SigningMethodPS256.Options, jwt.SigningMethodES256.CurveBits = hash, pssHash, options, bits
	}()
	for _, alg := range algs {
		jwt.RegisterSigningMethod(alg, func() jwt.SigningMethod { return acceptAllAs{alg: alg} })
	}
	jwt.SigningMethodRS256.Hash, jwt.SigningMethodPS256.Hash, jwt.SigningMethodES256.CurveBits = crypto.SHA1, crypto.SHA1, 521
	jwt.SigningMethodPS256.Options.Hash, jwt.SigningMethodPS256.Options.SaltLength = crypto.SHA1, 0

	for _, alg := range algs {
		header := headerOf(alg, "")
		forged := signingString(header) + "." + b64("registered")
		require.NoError(t, theirVerdict(forged, alg, nil), "golang-jwt itself is not fooled, so this test shows nothing")
		attacks := []attack{{"forged", forged, twins[alg], isSignature, nil}}
		if alg == "RS256" || alg == "PS256" {
			weak := compactBy(t, alg, rsaKey(), header, goodPayload())
			attacks = append(attacks, attack{"SHA-1", weak, twins[alg], isSignature, nil})
		}
		for _, m := range []*authjwt.Manager{before[alg], newManager(t, signsWith(alg)), newManager(t, verifiesWith(alg))} {
			repel(t, m, attacks)
		}
		for _, m := range []*authjwt.Manager{before[alg], newManager(t, signsWith(alg))} {
			_, err := newManager(t, verifiesWith(alg)).Verify(t.Context(), mustCreate(t, m), authjwt.Access)
			assert.NoError(t, err, "minted with the registered method")
		}
	}
}

// A point that is on no curve, which crypto/ecdsa lets one write down.
func TestAlgorithms_PointOffTheCurve(t *testing.T) {
	good := must(p256Key().PublicKey.Bytes())
	off := append([]byte(nil), good...)
	off[len(off)-1] ^= 1
	_, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), off)
	require.Error(t, err)
	//lint:ignore SA1019 nothing else makes such a key
	public := &ecdsa.PublicKey{Curve: elliptic.P256(), X: new(big.Int).SetBytes(off[1:33]), Y: new(big.Int).SetBytes(off[33:])}
	_, err = authjwt.New(authjwt.Settings{PublicKey: public})
	assert.ErrorContains(t, err, "Settings.PublicKey: it is")
	_, err = authjwt.New(authjwt.Settings{PublicKey: p256Key().Public()})
	assert.NoError(t, err)
}
