package jwks_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/json"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt/jwks"
)

// FuzzParse holds every key of a set that is accepted against the policy, as another JSON reader sees it.
func FuzzParse(f *testing.F) {
	for kind := range kinds {
		f.Add(setOf(f, newJWK(kind, "a")))
		f.Add(setOf(f, newJWK(kind, "a").with(jwk{"use": "enc"}), newJWK("P-256", "b")))
		f.Add(setOf(f, newJWK(kind, "").with(jwk{"d": "AA"})))
	}
	f.Add(exampleSet)
	f.Fuzz(func(t *testing.T, document string) {
		set, err := jwks.Parse([]byte(document))
		if err != nil {
			require.Nil(t, set)
			return
		}
		var members map[string]json.RawMessage // whose names encoding/json does not fold
		require.NoError(t, json.Unmarshal([]byte(document), &members))
		var keys []map[string]any
		require.NoError(t, json.Unmarshal(members["keys"], &keys))
		for _, k := range keys {
			require.NotEqual(t, "oct", k["kty"])
			for _, member := range []string{"d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"} {
				require.NotContains(t, k, member)
			}
			kid, _ := k["kid"].(string)
			for _, alg := range append(algorithms(), "HS256", "none") {
				found, err := set.VerificationKey(t.Context(), kid, alg)
				require.NoError(t, err)
				switch public := found.(type) {
				case nil:
				case *rsa.PublicKey:
					require.Contains(t, kinds["RSA"], alg)
					require.True(t, public.N.BitLen() >= 2048 && public.E >= 3 && public.E%2 == 1)
				case *ecdsa.PublicKey:
					require.Equal(t, kinds[public.Params().Name], []string{alg})
					_, err := public.ECDH() // on the curve
					require.NoError(t, err)
				case ed25519.PublicKey:
					require.Equal(t, "EdDSA", alg)
				default:
					t.Fatalf("%T", found)
				}
				if found != nil && kid != "" {
					require.True(t, slices.ContainsFunc(keys, func(k map[string]any) bool {
						return k["kid"] == kid && (k["alg"] == nil || k["alg"] == alg) && (k["use"] == nil || k["use"] == "sig")
					}))
				}
			}
		}
	})
}
