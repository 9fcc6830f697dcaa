package jwks_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
	"github.com/gin-authjwt/authjwt/jwks"
)

// FuzzHandler makes a KeyRing of any keys in any state: an octet for each says which, and an element of names what it is called. Nothing
// private is published, no key that does not verify, and what is published reads as the keys that there are.
func FuzzHandler(f *testing.F) {
	const secret = "tests-only-0123456789-abcdefghijklmnopqrstuvwxyz"
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	kinds := []string{"Ed25519", "P-256", "RSA", "secret"}
	scalar, err := signers()["P-256"].(*ecdsa.PrivateKey).Bytes()
	require.NoError(f, err)
	private := []string{encode([]byte(secret)), secret, encode(signers()["Ed25519"].(ed25519.PrivateKey).Seed()), encode(scalar)}
	for _, plan := range []string{"\x00", "\x01", "\x03", "\x00\x05", "\x00\x15\x0b", "\x01\x04\x1d", "\x03\x01", "\x20\x25", "\x00\x06", "\x21", "\x00\x49", "\x02"} {
		f.Add("a,b,c", []byte(plan))
		f.Add("", []byte(plan))
		f.Add("a,a", []byte(plan))
		f.Add("\",\\,é,\x00", []byte(plan))
	}
	f.Fuzz(func(t *testing.T, names string, plan []byte) {
		var keys []authjwt.Key
		named := strings.Split(names, ",")
		for i, octet := range plan[:min(len(plan), 8)] {
			k := authjwt.Key{ID: named[i%len(named)], State: authjwt.KeyState(octet >> 2 & 7)}
			switch kind := kinds[octet&3]; {
			case kind == "secret":
				k.SecretKey = secret
			case kind == "RSA" || octet&32 != 0: // to sign takes long
				k.PublicKey = signers()[kind].Public()
			default:
				k.PrivateKey = signers()[kind]
			}
			if octet&64 != 0 || k.State == authjwt.KeyPrevious {
				k.Until = now.Add(time.Duration(int8(octet)) * time.Minute)
			}
			keys = append(keys, k)
		}
		ring, err := authjwt.NewKeyRing(keys...)
		if err != nil {
			return
		}
		auth, err := authjwt.New(authjwt.Settings{KeyRing: ring, Now: func() time.Time { return now }})
		if err != nil {
			return
		}
		r := gin.New()
		r.GET("/", jwks.Handler(auth))
		rec := httptest.NewRecorder()
		r.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/", nil))
		for _, text := range private {
			require.NotContains(t, rec.Body.String(), text)
		}
		if rec.Code == http.StatusNotFound {
			require.Empty(t, auth.PublicKeys())
			return
		}
		require.Equal(t, http.StatusOK, rec.Code)
		var document struct{ Keys []map[string]string }
		require.NoError(t, json.Unmarshal(rec.Body.Bytes(), &document))
		set, err := jwks.Parse(rec.Body.Bytes())
		require.NoError(t, err)
		require.NoError(t, set.LeftOut())
		for _, published := range document.Keys {
			for member := range published {
				require.Contains(t, []string{"kty", "kid", "alg", "use", "n", "e", "crv", "x", "y"}, member)
			}
			require.NotEqual(t, "oct", published["kty"])
			require.Equal(t, "sig", published["use"])
			require.True(t, mayBePublished(t, set, published["kid"], published["alg"], keys, now), "%v of %v", published, plan)
		}
	})
}

// mayBePublished tells whether a key of the ring verifies, and is the one that stands under a name.
func mayBePublished(t *testing.T, set *jwks.Set, kid, alg string, keys []authjwt.Key, now time.Time) bool {
	t.Helper()
	found, err := set.VerificationKey(t.Context(), kid, alg)
	require.NoError(t, err)
	for _, k := range keys {
		public := k.PublicKey
		if k.PrivateKey != nil {
			public = k.PrivateKey.Public()
		}
		same, ok := public.(interface{ Equal(crypto.PublicKey) bool })
		good := k.State != authjwt.KeyRetired && (k.Until.IsZero() || now.Before(k.Until))
		if ok && same.Equal(found) && good && (k.ID == "" || k.ID == kid || k.ID == authjwt.NoKeyID) {
			return true
		}
	}
	return false
}
