package gojose

import (
	"testing"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

// Each library accepts the tokens of the other, in every algorithm, and none that differ in an octet.
func TestGoJose_BothWays(t *testing.T) {
	for _, p := range newParties(t) {
		t.Run(p.alg, func(t *testing.T) {
			ours, err := p.auth.CreateAccessToken("alice", authjwt.WithClaims(map[string]any{"name": "Ålice 😀", "level": 12345678901234567}))
			require.NoError(t, err)
			options := (&jose.SignerOptions{}).WithType("JWT")
			signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.SignatureAlgorithm(p.alg), Key: p.signs}, options)
			require.NoError(t, err)
			theirs, err := jwt.Signed(signer).Claims(map[string]any{"sub": "alice", "iat": now.Unix(), "exp": now.Unix() + 60, "jti": "1", "type": "access", "name": "Ålice 😀", "level": 12345678901234567}).Serialize()
			require.NoError(t, err)
			for name, raw := range map[string]string{"ours": ours, "theirs": theirs} {
				require.True(t, p.agree(t, raw), name)
				claims, all, err := p.theirs(raw)
				require.NoError(t, err, name)
				assert.Equal(t, "alice", claims.Subject, name)
				assert.Equal(t, "12345678901234567", string(all["level"]), name)
				for at := 0; at < len(raw); at += 5 {
					other := []byte(raw)
					other[at] ^= 1
					assert.False(t, p.agree(t, string(other)), "%s, octet %d", name, at)
				}
			}
		})
	}
}

// What both must refuse, or accept, under good signatures.
func TestGoJose_Table(t *testing.T) {
	header := func(more string) func(alg string) string {
		return func(alg string) string { return `{"alg":"` + alg + `"` + more + `}` }
	}
	parties := newParties(t)
	for _, row := range []struct {
		name         string
		header       func(alg string) string
		payload      string
		ours, theirs bool
	}{
		{"plain", header(``), goodPayload, true, true},
		{"typ", header(`,"typ":"at+jwt"`), goodPayload, true, true},
		{"kid", header(`,"kid":"a"`), goodPayload, true, true},
		{"unknown parameters", header(`,"x":[1],"jku":"https://x.example"`), goodPayload, true, true},
		{"fraction", header(``), `{"sub":"alice","exp":1772366460.5,"type":"access"}`, true, true},
		{"members unknown", header(``), `{"sub":"alice","exp":1772366460,"type":"access","x":{"y":[null]}}`, true, true},
		{"crit", header(`,"crit":["exp"],"exp":1`), goodPayload, false, false},
		{"b64", header(`,"b64":false,"crit":["b64"]`), goodPayload, false, false},
		{"alg none", func(string) string { return `{"alg":"none"}` }, goodPayload, false, false},
		{"another alg", func(alg string) string {
			return `{"alg":"` + map[bool]string{true: "HS384", false: "HS256"}[alg == "HS256"] + `"}`
		}, goodPayload, false, false},
		{"alg twice", func(alg string) string { return `{"alg":"` + alg + `","alg":"` + alg + `"}` }, goodPayload, false, false},
		{"ALG", func(alg string) string { return `{"ALG":"` + alg + `"}` }, goodPayload, false, false},
		{"no object", func(string) string { return `[]` }, goodPayload, false, false},
		{"sub twice", header(``), `{"sub":"alice","sub":"bob","exp":1772366460,"type":"access"}`, false, false},
		{"expired", header(``), `{"sub":"alice","exp":1772366390,"type":"access"}`, false, false},
		{"not yet", header(``), `{"sub":"alice","exp":1772366460,"nbf":1772366430,"type":"access"}`, false, false},
		{"sub is no text", header(``), `{"sub":1,"exp":1772366460,"type":"access"}`, false, false},
		{"no JSON", header(``), `foo`, false, false},
		// We are the stricter ones.
		{"no exp", header(``), `{"sub":"alice","type":"access"}`, false, true},
		{"zip", header(`,"zip":"DEF"`), goodPayload, false, true},
		{"cty is JWT", header(`,"cty":"JWT"`), goodPayload, false, true},
		{"other kid", header(`,"kid":"b"`), goodPayload, false, true},
	} {
		for _, p := range parties {
			ours := row.ours || row.name == "other kid" && p.alg[0] == 'H' // a secret has no id
			raw := p.sign(t, b64(row.header(p.alg))+"."+b64(row.payload))
			assert.Equal(t, ours, p.agree(t, raw), "%s, %s", row.name, p.alg)
			_, _, err := p.theirs(raw)
			assert.Equal(t, row.theirs, err == nil, "%s, %s: %v", row.name, p.alg, err)
		}
	}
}

// A serialization in JSON (RFC 7515 §7.2), which go-jose reads elsewhere, is no token for either.
func TestGoJose_JSONSerialization(t *testing.T) {
	for _, p := range newParties(t) {
		signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.SignatureAlgorithm(p.alg), Key: p.signs}, nil)
		require.NoError(t, err)
		signed, err := signer.Sign([]byte(goodPayload))
		require.NoError(t, err)
		compact, err := signed.CompactSerialize()
		require.NoError(t, err)
		assert.True(t, p.agree(t, compact), p.alg)
		assert.False(t, p.agree(t, signed.FullSerialize()), p.alg)
		_, _, err = p.theirs(signed.FullSerialize())
		assert.Error(t, err, p.alg)
	}
}
