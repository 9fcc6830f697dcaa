package authjwt_test

import (
	"context"
	"crypto"
	"crypto/hmac"
	_ "crypto/sha1" // for crypto.SHA1.New
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

func TestJ02_AlgorithmConfusion(t *testing.T) {
	private := rsaKey()
	twin := hs256(t, headerHS256)
	var attacks []attack
	for name, text := range publicTexts(t, private.Public()) {
		attacks = append(attacks, attack{"HS256 with " + name, compactWith(t, "HS256", text, headerHS256, goodPayload()), twin, isSignature, nil})
	}
	for _, alg := range []string{"RS256", "PS256", "ES256", "ES256K", "EdDSA", "Ed25519"} {
		header := `{"typ":"JWT","alg":"` + alg + `"}`
		attacks = append(attacks, attack{alg + " with the right MAC", hs256(t, header), twin, isAlgorithm, nil})
	}
	for _, method := range []jwt.SigningMethod{jwt.SigningMethodRS256, jwt.SigningMethodPS256} {
		text, err := jwt.NewWithClaims(method, jwt.MapClaims(claims(nil))).SignedString(private)
		require.NoError(t, err)
		attacks = append(attacks, attack{method.Alg() + " by a foreign key", text, twin, isAlgorithm, nil})
	}
	repel(t, newManager(t), attacks)
}

// secretOf makes a secret of n octets, as different as can be.
func secretOf(n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte('!' + i%90)
	}
	return string(b)
}

// assertSecret checks that New and, where it can have the same, NewKeyRing take the secret, or refuse it with these words and
// the way to make a better one.
func assertSecret(t *testing.T, s authjwt.Settings, wants ...string) {
	t.Helper()
	m, err := authjwt.New(s)
	errs := []error{err}
	if s.DecodeAlgorithms == nil {
		ring, err := authjwt.NewKeyRing(authjwt.Key{SecretKey: s.SecretKey, Algorithm: s.Algorithm, InsecureShortSecret: s.InsecureShortSecret})
		errs = append(errs, err)
		assert.Equal(t, len(wants) == 0, ring != nil)
	}
	if len(wants) == 0 {
		require.NoError(t, errors.Join(errs...))
		token, err := m.CreateAccessToken("alice")
		require.NoError(t, err)
		_, err = m.Verify(t.Context(), token, authjwt.Access)
		assert.NoError(t, err)
		return
	}
	assert.Nil(t, m)
	for _, err := range errs {
		for _, want := range append(wants, "SecretKey", "openssl rand -base64 ") {
			if s.SecretKey != "" || want == "SecretKey" { // of an empty one a Key may mean another kind
				assert.ErrorContains(t, err, want)
			}
		}
		if err != nil && len(s.SecretKey) > 8 {
			assert.NotContains(t, err.Error(), s.SecretKey)
		}
	}
	if s.SecretKey == "" {
		assert.ErrorContains(t, errs[0], "empty")
	}
}

func TestJ16_ShortSecret(t *testing.T) {
	for _, row := range []struct {
		name      string
		algorithm string
		decode    []string
		need      int
	}{
		{"default", "", nil, 32}, {"HS256", "HS256", nil, 32}, {"HS384", "HS384", nil, 48}, {"HS512", "HS512", nil, 64},
		{"strongest accepted", "HS256", []string{"HS256", "HS512"}, 64}, {"strongest in the middle", "HS256", []string{"HS256", "HS384"}, 48},
	} {
		t.Run(row.name, func(t *testing.T) {
			settings := func(secret string, short bool) authjwt.Settings {
				return authjwt.Settings{SecretKey: secret, Algorithm: row.algorithm, DecodeAlgorithms: row.decode, InsecureShortSecret: short}
			}
			howTo := fmt.Sprintf("openssl rand -base64 %d", row.need)
			for _, n := range []int{1, 8, row.need - 1} {
				assertSecret(t, settings(secretOf(n), false), fmt.Sprintf("%d octets", n), fmt.Sprintf("at least %d", row.need), howTo)
				assertSecret(t, settings(secretOf(n), true))
			}
			assertSecret(t, settings(secretOf(row.need), false))
			assertSecret(t, settings("", false), "empty", howTo)
			for _, blank := range []string{"", "\n", strings.Repeat(" ", 64)} {
				assertSecret(t, settings(blank, true), "empty", howTo)
			}
		})
	}
	// Octets count, not letters.
	assertSecret(t, authjwt.Settings{SecretKey: "äöüßéèêëçñåøæœþð"})
	assertSecret(t, authjwt.Settings{SecretKey: "äöüßéèêëçñåøæœþ"}, "30 octets")
}

func TestJ17_GuessableSecret(t *testing.T) {
	for _, secret := range []string{
		"secret", "SECRET", " secret\n", "changeme", "change-me", "password", "your-256-bit-secret", "your_jwt_secret", "super-secret", "secret key",
		"a-string-secret-at-least-256-bits-long", "A-String-Secret-At-Least-256-Bits-Long", "09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7",
	} {
		assertSecret(t, authjwt.Settings{SecretKey: secret}, "well-known")
		assertSecret(t, authjwt.Settings{SecretKey: secret, InsecureShortSecret: true}, "well-known")
	}
	assertSecret(t, authjwt.Settings{SecretKey: "b-string-secret-at-least-256-bits-long"})
	for _, unit := range []string{"a", "\x00", "ab", "1234567", "secret", "changeme"} {
		assertSecret(t, authjwt.Settings{SecretKey: strings.Repeat(unit, 64)}, "different octets")
	}
	assertSecret(t, authjwt.Settings{SecretKey: strings.Repeat("12345678", 4)})
}

// A long secret is not what InsecureShortSecret is for, so that it excuses no repeated octet.
func TestJ17_GuessableSecretIsNotShort(t *testing.T) {
	for _, unit := range []string{"a", "\x00", "1234567"} {
		assertSecret(t, authjwt.Settings{SecretKey: strings.Repeat(unit, 64), InsecureShortSecret: true}, "different octets")
	}
}

// acceptAll is a signing method that a hostile or careless package registers.
type acceptAll struct{ jwt.SigningMethod }

func (acceptAll) Verify(string, []byte, any) error { return nil }
func (acceptAll) Sign(string, any) ([]byte, error) { return []byte("registered"), nil }
func (acceptAll) Alg() string                      { return "HS256" }
func registerHS256(f func() jwt.SigningMethod)     { jwt.RegisterSigningMethod("HS256", f) }

func TestJ20_ReplacedSigningMethod(t *testing.T) {
	before := newManager(t)
	original := jwt.GetSigningMethod("HS256")
	hash := jwt.SigningMethodHS256.Hash
	defer func() {
		registerHS256(func() jwt.SigningMethod { return original })
		jwt.SigningMethodHS256.Hash = hash
	}()
	registerHS256(func() jwt.SigningMethod { return acceptAll{} })
	jwt.SigningMethodHS256.Hash = crypto.SHA1 // the exported value can be changed, too

	twin := hs256(t, headerHS256)
	forged := signingString(headerHS256) + "." + b64("registered")
	_, err := jwt.NewParser(jwt.WithoutClaimsValidation()).Parse(forged, func(*jwt.Token) (any, error) { return nil, nil })
	require.NoError(t, err, "golang-jwt itself is not fooled, so this test shows nothing")
	for _, m := range []*authjwt.Manager{before, newManager(t)} {
		repel(t, m, []attack{
			{"forged", forged, twin, isSignature, nil},
			{"unsigned", signingString(headerHS256) + ".", twin, isSignature, nil},
			{"SHA-1", compactHash(crypto.SHA1, headerHS256), twin, isSignature, nil},
		})
		token := mustCreate(t, m)
		cut := strings.LastIndexByte(token, '.')
		assert.Equal(t, signed(token[:cut]), token, "minted with the registered method")
	}
}

// compactHash signs a good payload with the right secret and any hash.
func compactHash(h crypto.Hash, header string) string {
	mac := hmac.New(h.New, []byte(testSecret))
	mac.Write([]byte(signingString(header)))
	return signingString(header) + "." + b64(string(mac.Sum(nil)))
}

// The example of RFC 7515 A.1, whose claims lack a subject: that the claims are judged means that
// the signature is good.
func TestJWS_RFC7515Example(t *testing.T) {
	secret, err := base64.RawURLEncoding.DecodeString("AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow")
	require.NoError(t, err)
	m := newManager(t, func(s *authjwt.Settings) {
		s.SecretKey, s.Now = string(secret), func() time.Time { return time.Unix(1300819379, 0) }
	})
	const input = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ."
	_, err = m.Verify(t.Context(), input+"dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", authjwt.Access)
	assert.ErrorIs(t, err, jwt.ErrTokenRequiredClaimMissing)
	_, err = m.Verify(t.Context(), input+"dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXl", authjwt.Access)
	assert.ErrorIs(t, err, jwt.ErrTokenMalformed) // stray bits
	_, err = m.Verify(t.Context(), input+"eBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", authjwt.Access)
	assert.ErrorIs(t, err, jwt.ErrTokenSignatureInvalid)
}

func TestJWS_WrongMAC(t *testing.T) {
	m, twin := newManager(t), hs256(t, headerHS256)
	cut := strings.LastIndexByte(twin, '.') + 1
	mac, err := base64.RawURLEncoding.DecodeString(twin[cut:])
	require.NoError(t, err)
	with := func(name string, mac []byte) attack {
		return attack{name, twin[:cut] + b64(string(mac)), twin, isSignature, nil}
	}
	attacks := []attack{with("doubled", append(mac[:32:32], mac...)), with("one octet more", append(mac[:32:32], 0)), with("of zeros", make([]byte, 32))}
	for n := range 32 {
		changed := append([]byte(nil), mac...)
		changed[n] ^= 1
		attacks = append(attacks, with(fmt.Sprintf("octet %d", n), changed), with(fmt.Sprintf("cut to %d", n), mac[:n]))
	}
	for _, secret := range []string{"", testSecret + "\n", testSecret[1:], testSecret[:32], strings.ToUpper(testSecret), b64(testSecret), "secret"} {
		attacks = append(attacks, attack{"secret " + secret[:min(3, len(secret))], compactWith(t, "HS256", secret, headerHS256, goodPayload()), twin, isSignature, nil})
	}
	repel(t, m, attacks)
}

// The HMAC states are shared: what one goroutine verifies must not leak into another's verdict.
func TestJWS_Concurrent(t *testing.T) {
	m := newManager(t)
	var all sync.WaitGroup
	for n := range 8 {
		all.Go(func() {
			subject := fmt.Sprintf("user-%d", n)
			good, err := m.CreateAccessToken(subject)
			assert.NoError(t, err)
			forged := good[:len(good)-43] + b64(strings.Repeat("x", 32))
			for range 2000 {
				token, err := m.Verify(context.Background(), good, authjwt.Access)
				if assert.NoError(t, err) {
					assert.Equal(t, subject, token.Subject)
				}
				_, err = m.Verify(context.Background(), forged, authjwt.Access)
				assert.ErrorIs(t, err, jwt.ErrTokenSignatureInvalid)
			}
		})
	}
	all.Wait()
}
