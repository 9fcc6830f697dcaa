package gojose

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"os"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

func TestMain(m *testing.M) {
	gin.SetMode(gin.TestMode)
	os.Exit(m.Run())
}

const (
	secret      = "tests-only-0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	goodPayload = `{"sub":"alice","iat":1772366400,"exp":1772366460,"jti":"1","type":"access"}`
)

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// algorithms are those that are compared. RSA comes last: its signatures take too long to be made for each input of a fuzzer.
var algorithms = []string{"HS256", "HS384", "HS512", "ES256", "EdDSA", "ES384", "ES512", "RS256", "PS256"}

// A party is a Manager of one algorithm, and what others need to sign and to verify for it.
type party struct {
	alg          string
	auth         *authjwt.Manager
	signs, reads any
}

// newParties makes one for each algorithm, with new keys.
func newParties(tb testing.TB) []party {
	tb.Helper()
	pair := func(private crypto.Signer, err error) crypto.Signer {
		require.NoError(tb, err)
		return private
	}
	curve := func(c elliptic.Curve) crypto.Signer {
		k, err := ecdsa.GenerateKey(c, rand.Reader)
		return pair(k, err)
	}
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	rsaKey, rsaErr := rsa.GenerateKey(rand.Reader, 2048)
	pairs := map[string]crypto.Signer{
		"ES256": curve(elliptic.P256()), "ES384": curve(elliptic.P384()), "ES512": curve(elliptic.P521()), "EdDSA": pair(ed, err), "RS256": pair(rsaKey, rsaErr), "PS256": pair(rsaKey, rsaErr),
	}
	var all []party
	for _, alg := range algorithms {
		p := party{alg: alg, signs: []byte(secret), reads: []byte(secret)}
		settings := authjwt.Settings{Algorithm: alg, SecretKey: secret, Now: func() time.Time { return now }}
		if private := pairs[alg]; private != nil {
			settings.SecretKey, settings.PrivateKey, settings.KeyID = "", private, "a"
			p.signs, p.reads = private, private.Public()
		}
		p.auth, err = authjwt.New(settings)
		require.NoError(tb, err)
		all = append(all, p)
	}
	return all
}

func b64(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

// sign adds a good signature, by golang-jwt, to any text.
func (p party) sign(tb testing.TB, text string) string {
	tb.Helper()
	signature, err := jwt.GetSigningMethod(p.alg).Sign(text, p.signs)
	require.NoError(tb, err)
	return text + "." + b64(string(signature))
}

func (p party) header() string { return `{"typ":"JWT","alg":"` + p.alg + `"}` }
