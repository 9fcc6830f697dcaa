package gojose

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

// theirs verifies a token with go-jose, as strictly as it can be told to.
func (p party) theirs(raw string) (claims jwt.Claims, all map[string]json.RawMessage, err error) {
	token, err := jwt.ParseSigned(raw, []jose.SignatureAlgorithm{jose.SignatureAlgorithm(p.alg)})
	if err != nil {
		return claims, nil, err
	}
	if err = token.Claims(p.reads, &claims, &all); err != nil {
		return claims, nil, err
	}
	// A date is a float64 there, so that a second more may come of a fraction.
	return claims, all, claims.ValidateWithLeeway(jwt.Expected{Time: now}, 6*time.Second)
}

// agree verifies a token with both, and checks that go-jose accepts what authjwt does, and reads the same in it.
func (p party) agree(tb testing.TB, raw string) (accepted bool) {
	tb.Helper()
	token, err := p.auth.Verify(tb.Context(), raw, authjwt.Access)
	if err != nil {
		require.Nil(tb, token)
		return false
	}
	if looksInside(raw) {
		return true
	}
	claims, all, err := p.theirs(raw)
	require.NoError(tb, err, "accepted by authjwt alone: %s", raw)
	require.Equal(tb, []string{claims.Subject, claims.ID, claims.Issuer}, []string{token.Subject, token.ID, token.Issuer})
	require.Equal(tb, []string(claims.Audience), token.Audience)
	require.InDelta(tb, claims.Expiry.Time().Unix(), token.ExpiresAt.Unix(), 1)

	ours, err := authjwt.ClaimsAs[map[string]json.RawMessage](token)
	require.NoError(tb, err)
	require.Len(tb, ours, len(all))
	for name, value := range all {
		require.Equal(tb, compacted(tb, value), compacted(tb, ours[name]), "%q", name)
	}
	return true
}

// compacted is a value as it stands in the claims, but for blanks.
func compacted(tb testing.TB, value json.RawMessage) string {
	tb.Helper()
	var text bytes.Buffer
	require.NoError(tb, json.Compact(&text, value))
	return text.String()
}

// looksInside tells whether a header has parameters that go-jose reads, and refuses where they are malformed, but that authjwt leaves alone
// whatever they are: a key that a token brings along counts for nothing.
func looksInside(raw string) bool {
	token, _ := authjwt.UnverifiedHeader(raw)
	for _, name := range []string{"jwk", "x5c", "nonce", "epk", "apu", "apv", "p2c", "p2s", "iv", "tag", "enc"} {
		if _, found := token[name]; found {
			return true
		}
	}
	return false
}

// sole checks that each segment is the only text of its octets.
func sole(tb testing.TB, segments []string) {
	tb.Helper()
	require.Len(tb, segments, 3)
	for _, segment := range segments {
		octets, err := base64.RawURLEncoding.DecodeString(segment)
		require.NoError(tb, err)
		require.Equal(tb, segment, b64(string(octets)))
	}
}
