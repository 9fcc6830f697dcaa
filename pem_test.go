package authjwt_test

import (
	"bytes"
	"crypto"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"math/big"
	mathrand "math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

func pemOf(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

func pkcs8(key any) []byte { return must(x509.MarshalPKCS8PrivateKey(key)) }
func pkix1(key any) []byte { return must(x509.MarshalPKIXPublicKey(key)) }

// ecParameters is what openssl ecparam writes before the key.
func ecParameters(curve elliptic.Curve) string {
	oid := map[string]asn1.ObjectIdentifier{"P-256": {1, 2, 840, 10045, 3, 1, 7}, "P-384": {1, 3, 132, 0, 34}, "P-521": {1, 3, 132, 0, 35}}[curve.Params().Name]
	return pemOf("EC PARAMETERS", must(asn1.Marshal(oid)))
}

// certificateOf is an expired one, of which only the key counts.
func certificateOf(tb testing.TB, private crypto.Signer) []byte {
	tb.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "old"}, NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1, 0)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	require.NoError(tb, err)
	return der
}

// texts are the forms of the test's keys.
func texts(tb testing.TB) (private, public map[string]map[string]string) {
	tb.Helper()
	private, public = map[string]map[string]string{}, map[string]map[string]string{}
	for _, alg := range []string{"RS256", "ES256", "ES384", "ES512", "EdDSA"} {
		key := privateKey(alg)
		private[alg] = map[string]string{"PKCS8": pemOf("PRIVATE KEY", pkcs8(key))}
		public[alg] = map[string]string{"PKIX": pemOf("PUBLIC KEY", pkix1(key.Public())), "certificate": pemOf("CERTIFICATE", certificateOf(tb, key))}
		switch key := key.(type) {
		case *rsa.PrivateKey:
			private[alg]["PKCS1"] = pemOf("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(key))
			public[alg]["PKCS1"] = pemOf("RSA PUBLIC KEY", x509.MarshalPKCS1PublicKey(&key.PublicKey))
		case *ecdsa.PrivateKey:
			private[alg]["SEC1"] = pemOf("EC PRIVATE KEY", must(x509.MarshalECPrivateKey(key)))
			private[alg]["SEC1 with parameters"] = ecParameters(key.Curve) + private[alg]["SEC1"]
		}
	}
	return private, public
}

// spellings are how a PEM text comes out of files and variables.
func spellings(text string) map[string]string {
	return map[string]string{
		"as it is": text, "no final line break": strings.TrimSuffix(text, "\n"), "CRLF": strings.ReplaceAll(text, "\n", "\r\n"),
		"text before": "Bag Attributes\n    friendlyName: jwt\nKey Attributes: <No Attributes>\n" + text, "blank lines": "\n\n" + text + "\n \t\r\n\n",
	}
}

func TestPEM_Forms(t *testing.T) {
	private, public := texts(t)
	for alg, forms := range private {
		token := byTheirs(t, alg, "")
		for form, text := range forms {
			for spelling, text := range spellings(text) {
				key, err := authjwt.ParsePrivateKey([]byte(text))
				require.NoError(t, err, "%s, %s, %s", alg, form, spelling)
				m := newManager(t, func(s *authjwt.Settings) { s.SecretKey, s.PrivateKey = "", key })
				_, err = m.Verify(t.Context(), token, authjwt.Access)
				require.NoError(t, err, "%s, %s, %s", alg, form, spelling)
			}
		}
		for form, text := range public[alg] {
			for spelling, text := range spellings(text) {
				key, err := authjwt.ParsePublicKey([]byte(text))
				require.NoError(t, err, "%s, %s, %s", alg, form, spelling)
				m := newManager(t, func(s *authjwt.Settings) { s.SecretKey, s.PublicKey = "", key })
				_, err = m.Verify(t.Context(), token, authjwt.Access)
				require.NoError(t, err, "%s, %s, %s", alg, form, spelling)
			}
		}
	}
}

// legacyEncrypted is what openssl genrsa -aes128 wrote.
func legacyEncrypted(kind string, der []byte) string {
	block := &pem.Block{Type: kind, Headers: map[string]string{"Proc-Type": "4,ENCRYPTED", "DEK-Info": "AES-128-CBC,00"}, Bytes: der}
	return string(pem.EncodeToMemory(block))
}

// dsaPublic is a DSA key by hand, for Go makes none any more.
func dsaPublic() []byte {
	type parameters struct{ P, Q, G *big.Int }
	inner := must(asn1.Marshal(big.NewInt(4)))
	return must(asn1.Marshal(struct {
		Algorithm struct {
			OID        asn1.ObjectIdentifier
			Parameters parameters
		}
		Key asn1.BitString
	}{struct {
		OID        asn1.ObjectIdentifier
		Parameters parameters
	}{asn1.ObjectIdentifier{1, 2, 840, 10040, 4, 1}, parameters{big.NewInt(23), big.NewInt(11), big.NewInt(2)}}, asn1.BitString{Bytes: inner, BitLength: 8 * len(inner)}}))
}

func TestPEM_Refused(t *testing.T) {
	private, public := texts(t)
	key, pub, sec1 := private["EdDSA"]["PKCS8"], public["EdDSA"]["PKIX"], private["ES256"]["SEC1"]
	x25519 := must(ecdh.X25519().GenerateKey(rand.Reader))
	const (
		pubout  = "make the public one with: openssl pkey -in key.pem -pubout"
		signing = "for a Manager that only verifies, give it to ParsePublicKey"
		decrypt = "decrypt it first, with: openssl pkey -in key.pem"
		convert = "convert it first, with: ssh-keygen -p -m PKCS8 -f key"
		alone   = "something stands behind the first PEM block; give it one key alone"
		damaged = "its lines must be as they were written, without indentation"
		breaks  = `replace them, by strings.ReplaceAll(text, "\\n", "\n")`
		empty   = "it is empty; was the file or the variable of the environment read?"
		file    = "a file's name has to be read first, with os.ReadFile"
		reason  = "parse "
	)
	flat := func(text string) string { return strings.ReplaceAll(strings.TrimSuffix(text, "\n"), "\n", `\n`) }
	indented := func(text string) string { return "  " + strings.ReplaceAll(text, "\n", "\n  ") }
	for _, row := range []struct {
		name, text       string
		asPrivate, fixed string // the fix that ParsePrivateKey and ParsePublicKey name
	}{
		{"empty", "", empty, empty}, {"blank", " \r\n\t\n", empty, empty}, {"file name", "/run/secrets/key.pem", file, file}, {"not PEM", "hunter2", file, file},
		{"base64 alone", b64(string(pkcs8(ed25519Key()))), file, file}, {"DER", string(pkcs8(ed25519Key())), file, file}, {"JWK", `{"kty":"OKP"}`, file, file},
		{"literal \\n, private", flat(key), breaks, breaks}, {"literal \\n, public", flat(pub), breaks, breaks}, {"literal \\n, quoted", `"` + flat(key) + `"`, breaks, breaks},
		{"indented, private", indented(key), damaged, damaged}, {"indented, public", indented(pub), damaged, damaged}, {"on one line", strings.ReplaceAll(key, "\n", " "), damaged, damaged},
		{"no end", key[:len(key)-10], damaged, damaged}, {"begin alone", "-----BEGIN PRIVATE KEY-----\n", damaged, damaged}, {"parameters alone", ecParameters(elliptic.P256()), damaged, damaged},
		{"ends differ", strings.Replace(key, "END PRIVATE", "END PUBLIC", 1), damaged, damaged},
		{"encrypted", pemOf("ENCRYPTED PRIVATE KEY", []byte("x")), decrypt, decrypt}, {"encrypted, as formerly", legacyEncrypted("RSA PRIVATE KEY", []byte("x")), decrypt, decrypt},
		{"encrypted EC, as formerly", legacyEncrypted("EC PRIVATE KEY", []byte("x")), decrypt, decrypt}, {"OpenSSH", pemOf("OPENSSH PRIVATE KEY", []byte("openssh-key-v1\x00")), convert, convert},
		{"PKCS8 for public", key, "", pubout}, {"SEC1 for public", sec1, "", pubout}, {"PKCS1 for public", private["RS256"]["PKCS1"], "", pubout},
		{"PKIX for private", pub, signing, ""}, {"PKCS1 public for private", public["RS256"]["PKCS1"], signing, ""}, {"certificate for private", public["ES256"]["certificate"], signing, ""},
		{"two private keys", key + sec1, alone, alone}, {"private and public", key + pub, alone, alone}, {"the same twice", pub + pub, alone, alone},
		{"chain", public["ES256"]["certificate"] + public["RS256"]["certificate"], alone, alone}, {"parameters and two", ecParameters(elliptic.P256()) + sec1 + sec1, alone, alone},
		{"text behind", key + "junk\n", alone, alone}, {"text behind, public", pub + "junk", alone, alone}, {"parameters behind", sec1 + ecParameters(elliptic.P256()), alone, alone},
		{"certificate request", pemOf("CERTIFICATE REQUEST", []byte("x")), "make a key with: openssl genpkey -algorithm ed25519", "make a key with: openssl genpkey -algorithm ed25519"},
		{"truncated PKCS8", pemOf("PRIVATE KEY", pkcs8(rsaKey())[:700]), reason, pubout}, {"truncated PKIX", pemOf("PUBLIC KEY", pkix1(rsaKey().Public())[:200]), signing, reason},
		{"truncated certificate", pemOf("CERTIFICATE", certificateOf(t, p256Key())[:100]), signing, reason},
		{"octet behind the DER, public", pemOf("PUBLIC KEY", append(pkix1(rsaKey().Public()), 0)), signing, reason},
		{"PKCS1 as PKCS8", pemOf("PRIVATE KEY", x509.MarshalPKCS1PrivateKey(rsaKey())), "ParsePKCS1PrivateKey", pubout},
		{"SEC1 as PKCS8", pemOf("PRIVATE KEY", must(x509.MarshalECPrivateKey(p256Key()))), "ParseECPrivateKey", pubout},
		{"PKCS8 as PKCS1", pemOf("RSA PRIVATE KEY", pkcs8(rsaKey())), "ParsePKCS8PrivateKey", pubout}, {"PKCS8 as SEC1", pemOf("EC PRIVATE KEY", pkcs8(p256Key())), "ParsePKCS8PrivateKey", pubout},
		{"PKIX as PKCS8", pemOf("PRIVATE KEY", pkix1(rsaKey().Public())), reason, pubout}, {"PKCS8 as PKIX", pemOf("PUBLIC KEY", pkcs8(ed25519Key())), signing, reason},
		{"PKIX as PKCS1", pemOf("RSA PUBLIC KEY", pkix1(rsaKey().Public())), signing, "ParsePKIXPublicKey"},
		{"PKCS1 as PKIX", pemOf("PUBLIC KEY", x509.MarshalPKCS1PublicKey(&rsaKey().PublicKey)), signing, "ParsePKCS1PublicKey"},
		{"no DER", pemOf("PRIVATE KEY", nil), reason, pubout}, {"no DER, public", pemOf("PUBLIC KEY", nil), signing, reason},
		{"X25519", pemOf("PRIVATE KEY", pkcs8(x25519)), "a *ecdh.PrivateKey cannot sign", pubout},
	} {
		t.Run(row.name, func(t *testing.T) {
			signer, err := authjwt.ParsePrivateKey([]byte(row.text))
			if row.asPrivate == "" {
				assert.NoError(t, err)
			} else {
				assert.Nil(t, signer)
				assert.ErrorContains(t, err, "authjwt: parse private key: ")
				assert.ErrorContains(t, err, row.asPrivate)
			}
			public, err := authjwt.ParsePublicKey([]byte(row.text))
			if row.fixed == "" {
				assert.NoError(t, err)
			} else {
				assert.Nil(t, public)
				assert.ErrorContains(t, err, "authjwt: parse public key: ")
				assert.ErrorContains(t, err, row.fixed)
			}
		})
	}
}

// What can be parsed, and does no algorithm here, New refuses at the latest.
func TestPEM_KeysOfOtherKinds(t *testing.T) {
	p224 := newECKey(elliptic.P224())
	const kinds, curves = "use an *rsa.PublicKey, an *ecdsa.PublicKey or an ed25519.PublicKey", "the curve P-224 is not available; use P-256, P-384 or P-521"
	x25519 := must(ecdh.X25519().GenerateKey(rand.Reader)).PublicKey()
	for fix, der := range map[string][][]byte{kinds: {pkix1(x25519), dsaPublic()}, curves: {pkix1(p224.Public())}} {
		for _, der := range der {
			public, err := authjwt.ParsePublicKey([]byte(pemOf("PUBLIC KEY", der)))
			if err == nil {
				_, err = authjwt.New(authjwt.Settings{PublicKey: public})
			}
			assert.ErrorContains(t, err, fix)
		}
	}
	for _, text := range []string{pemOf("PRIVATE KEY", pkcs8(p224)), pemOf("EC PRIVATE KEY", must(x509.MarshalECPrivateKey(p224)))} {
		private, err := authjwt.ParsePrivateKey([]byte(text))
		require.NoError(t, err)
		_, err = authjwt.New(authjwt.Settings{PrivateKey: private})
		assert.ErrorContains(t, err, "Settings.PrivateKey: "+curves)
	}
}

// A certificate of a key that Go does not know is read, but has no key.
func TestPEM_CertificateOfAnUnknownKey(t *testing.T) {
	der := certificateOf(t, ed25519Key())
	oid := must(asn1.Marshal(asn1.ObjectIdentifier{1, 3, 101, 112}))
	unknown := bytes.ReplaceAll(der, oid, must(asn1.Marshal(asn1.ObjectIdentifier{1, 3, 101, 99})))
	public, err := authjwt.ParsePublicKey([]byte(pemOf("CERTIFICATE", unknown)))
	assert.Nil(t, public)
	assert.ErrorContains(t, err, "authjwt: parse public key: a key of its kind is not available")
	_, err = authjwt.ParsePublicKey([]byte(pemOf("CERTIFICATE", der)))
	assert.NoError(t, err)
}

// Whatever becomes of a text on its way, there is no panic, and no part of the key in an error.
func TestPEM_Damaged(t *testing.T) {
	private, public := texts(t)
	random := mathrand.New(mathrand.NewPCG(7, 38))
	parse := func(text []byte) (errs []error) {
		signer, err := authjwt.ParsePrivateKey(text)
		if err == nil {
			_, err = authjwt.New(authjwt.Settings{PrivateKey: signer})
		}
		errs = append(errs, err)
		verifier, err := authjwt.ParsePublicKey(text)
		if err == nil {
			_, err = authjwt.New(authjwt.Settings{PublicKey: verifier})
		}
		return append(errs, err)
	}
	refused := 0
	for _, alg := range []string{"RS256", "ES256", "ES512", "EdDSA"} {
		for _, forms := range []map[string]string{private[alg], public[alg]} {
			for _, text := range forms {
				block, _ := pem.Decode([]byte(text))
				for range 30 {
					damaged := bytes.Clone([]byte(text))
					switch random.IntN(4) {
					case 0:
						damaged = damaged[:random.IntN(len(damaged))]
					case 1:
						damaged[random.IntN(len(damaged))] ^= 1 << random.IntN(8)
					case 2:
						der := bytes.Clone(block.Bytes)
						der[random.IntN(len(der))] ^= 1 << random.IntN(8)
						damaged = []byte(pemOf(block.Type, der))
					default:
						damaged = []byte(pemOf(block.Type, block.Bytes[:random.IntN(len(block.Bytes))]))
					}
					for _, err := range parse(damaged) {
						if err != nil {
							refused++
							assertNoPart(t, err.Error(), block.Bytes)
						}
					}
				}
			}
		}
	}
	assert.Greater(t, refused, 800)
}

// assertNoPart checks that no eight octets of the key stand in text, in the forms in which errors print them.
func assertNoPart(tb testing.TB, text string, key []byte) {
	tb.Helper()
	for at := 0; at+8 <= len(key); at++ {
		part := key[at : at+8]
		for _, form := range []string{string(part), base64.StdEncoding.EncodeToString(part)[:8], hex.EncodeToString(part)} {
			require.NotContains(tb, text, form, "a part of the key in an error")
		}
	}
}
