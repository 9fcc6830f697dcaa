package authjwt

import (
	"cmp"
	"errors"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// vectorFailures are the failures of the vectors that say what is wrong, in their member error or by their id.
var vectorFailures = map[string]*failure{
	"expired": failExpired, "issuer": failIssuer, "alg": failAlgorithm, "crit": failHeaderParam, "exp-missing": failNoExpiry,

	"pyjwt-invalid_payload_string":                        failPayload,
	"pyjwt-with_non_mapping_payload_throws_exception":     failPayload,
	"pyjwt-with_nonlist_aud_claim_throws_exception":       failAudienceForm,
	"pyjwt-with_invalid_aud_list_member_throws_exception": failAudienceForm,
	"pyjwt-raises_exception_if_exp_is_not_int":            failExpiryType,
	"pyjwt-raises_exception_if_iat_is_not_int":            failIssuedAtType,
	"pyjwt-raises_exception_if_nbf_is_not_int":            failNotBeforeType,
	"pyjwt-alg-case":         failAlgorithm,
	"pyjwt-no-alg":           failAlgorithm,
	"ghsa-ffqj-6fqr-9h24-10": failAlgorithm,
	"ghsa-ffqj-6fqr-9h24-12": failAlgorithm,
}

// judge is what m makes of a JWT, by these rules: the vectors' tokens have neither type nor sub, and no Manager takes one
// without sub, so that Verify refuses them all.
//   - A valid one must be refused for its sub alone, which is looked for when signature, dates, iss and aud are good; and with
//     a sub its claims must be good. If its payload is no claims set, it must be refused for that alone: it is about
//     the signature.
//   - An invalid one must be refused for what its publisher says, if he does; else for its form or its signature.
func (v vector) judge(t *testing.T, m *Manager) string {
	t.Helper()
	payload, e := m.verifySignature(t.Context(), m.keys.list.Load(), v.Token, &scratch{text: []byte(v.Token)})
	f := refusal(t, m, v.Token)
	require.NotNil(t, f, v.ID)
	wrong, said := vectorFailures[cmp.Or(v.Error, v.ID)]
	switch {
	case e != nil && e.kind != f:
	case said && f == wrong:
		return "invalid"
	case said || v.Error != "":
	case e != nil && (f == failSignature || errors.Is(e, jwt.ErrTokenMalformed)):
		return "invalid"
	case e == nil && v.Claims == "not-json" && f == failPayload:
		return "valid"
	case e == nil && v.Claims == "object" && f == failNoSubject:
		if f = withSubject(t, m, payload); f == nil {
			return "valid"
		}
	}
	return "refused with: " + f.detail
}

// withSubject judges a payload as if it had a sub: nobody but the publisher could sign it.
func withSubject(t *testing.T, m *Manager, payload []byte) *failure {
	t.Helper()
	require.Equal(t, byte('{'), payload[0])
	text := `{"sub":"alice",` + string(payload[1:])
	var s scratch
	require.True(t, s.reader.read([]byte(text), len(text), s.claims.member))
	return s.claims.check(&m.settings, &Token{payload: text}, m.settings.Now())
}

// manager is one that expects what the vector says.
func (v vector) manager(t *testing.T, k vectorKey) *Manager {
	t.Helper()
	s := k.settings(t, k.algorithmOf(v.Token))
	s.UntypedTokens, s.DecodeIssuer = Access, v.Issuer
	if v.Audience != "" {
		s.DecodeAudience = []string{v.Audience}
	}
	if v.Now != 0 {
		s.Now = func() time.Time { return time.Unix(v.Now, 0) }
	}
	if v.RequiresExpOff || v.WeakKey { // PyJWT asks for no exp
		s.AccessTokenExpires = NoExpiry
	}
	if v.WeakKey { // "secret"
		return withRefusedSecret(t, s)
	}
	m, err := New(s)
	require.NoError(t, err, v.ID)
	return m
}

func TestVectors_JWT(t *testing.T) {
	for _, file := range []struct {
		name           string
		vectors, valid int
		issuers        int // of valid vectors
	}{
		{"tink-jwt", 42, 18, 18}, {"rfc-jws", 26, 8, 3}, {"pyjwt-jwt", 13, 2, 0},
	} {
		t.Run(file.name, func(t *testing.T) {
			all := readVectors(t, file.name)
			sheet, issuers := all.score(t), 0
			for _, v := range all.Vectors {
				k := all.Keys[v.Key]
				sheet.row(v, v.judge(t, v.manager(t, k)))
				if v.want() == "valid" && v.Issuer != "" {
					v.Issuer += "?"
					assert.Same(t, failIssuer, refusal(t, v.manager(t, k), v.Token), "%s from somebody else", v.ID)
					issuers++
				}
			}
			sheet.assert(file.vectors, file.valid)
			assert.Equal(t, file.issuers, issuers)
		})
	}
}

func TestVectors_Thumbprints(t *testing.T) {
	file := readVectors(t, "rfc-jws")
	met := 0
	for _, row := range file.Thumbprints {
		own, err := copyPublic(row.JWK.public(t))
		require.NoError(t, err, row.ID)
		if assert.Equal(t, row.Thumbprint, thumbprint(own), row.ID) {
			met++
		}
	}
	t.Logf("%s: %d/2 thumbprints", file.name, met)
	assert.Equal(t, 2, met)
	assert.Len(t, file.Thumbprints, 2)
}

// The attack of CVE-2022-29217 is real: with the text of the public key for a secret, its tokens would be good. New does not take it.
func TestVectors_PublicKeyAsSecret(t *testing.T) {
	attacks := 0
	for _, v := range readVectors(t, "pyjwt-jwt").Vectors {
		if v.RawPublicKey == "" || v.want() == "valid" {
			continue
		}
		m := withRefusedSecret(t, Settings{SecretKey: v.RawPublicKey, UntypedTokens: Access, AccessTokenExpires: NoExpiry})
		assert.Same(t, failNoSubject, refusal(t, m, v.Token), v.ID)
		attacks++
	}
	assert.Equal(t, 2, attacks)
}
