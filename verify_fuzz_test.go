package authjwt_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

// FuzzVerify holds what a Manager accepts against golang-jwt: any header and claims under a good signature, any text at all
// under one, and without it. No token has two texts: what is accepted has no other encoding. The module gojose has more algorithms.
func FuzzVerify(f *testing.F) {
	f.Add(headerHS256, `{"sub":"alice","exp":1772366401,"type":"access"}`, false)
	f.Add(`{"alg":"HS256","kid":"a"}`, `{"\u0073ub":"alice","exp":1.772366401e9,"type":"access","scope":"a b"}`, false)
	f.Add(headerHS256+" ", ` {"sub":"\ud83d\ude42","exp":253402300799,"iat":0,"nbf":0,"type":"access","x":[[{}]]}`, false)
	for _, spoilt := range []string{"", "=", "==", "A", "AAAA", "\n", " ", ".", "a.", "IA"} {
		f.Add(b64(headerHS256)+spoilt, b64(`{"sub":"alice","exp":1772366401,"type":"access"}`)+spoilt, true)
	}
	for _, payload := range []string{`{"sub":"alice","exp":1772366390,"type":"access"}`, `{"sub":"alice","exp":1772366460,"type":"access","x":1,"x":2}`} {
		f.Add(headerHS256, payload, false)
	}
	f.Add(`{"alg":"HS256","crit":["exp"],"exp":1}`, `{"sub":"alice","exp":1772366401,"type":"access"}`, false)
	plain := b64(`{"sub":"alice","exp":1772366401,"type":"access"}`)
	f.Add(b64(headerHS256), plain+"\n\n", true)
	f.Add(b64(headerHS256), plain+"IB", true) // a blank, and bits that no octet has
	f.Add(b64(headerHS256)+"IB", plain, true)
	for _, token := range publicSeeds(f) {
		header, rest, _ := strings.Cut(token, ".")
		f.Add(header, rest, true)
		payload, _, _ := strings.Cut(rest, ".")
		if payload, err := base64.RawURLEncoding.DecodeString(payload); err == nil {
			f.Add(headerHS256, string(payload), false)
		}
	}
	auth := newManager(f)
	reference := jwt.NewParser(jwt.WithValidMethods([]string{"HS256"}), jwt.WithStrictDecoding(), jwt.WithExpirationRequired(),
		jwt.WithIssuedAt(), jwt.WithLeeway(5*time.Second), jwt.WithTimeFunc(func() time.Time { return testNow }))
	f.Fuzz(func(t *testing.T, header, payload string, encoded bool) {
		_, err := auth.Verify(t.Context(), header+"."+payload, authjwt.Access)
		requireRefused(t, err)
		text := header + "." + payload
		if !encoded {
			text = b64(header) + "." + b64(payload)
		}
		raw := withSignature(text)
		token, err := auth.Verify(t.Context(), raw, authjwt.Access)
		if err != nil {
			requireRefused(t, err)
			return
		}
		segments := strings.Split(raw, ".")
		require.Len(t, segments, 3)
		for i, segment := range segments {
			octets, err := base64.RawURLEncoding.DecodeString(segment)
			require.NoError(t, err)
			segments[i] = string(octets)
			require.Equal(t, segment, b64(segments[i]), "another text of the same token")
		}
		for name := range headerIn(t, raw) {
			require.NotContains(t, []string{"crit", "b64", "zip"}, name) // of which golang-jwt knows nothing
		}
		parsed, err := reference.Parse(raw, func(*jwt.Token) (any, error) { return []byte(testSecret), nil })
		require.NoError(t, err, "accepted by us alone")
		subject, err := parsed.Claims.GetSubject()
		require.NoError(t, err)
		require.Equal(t, subject, token.Subject)
		signed, err := token.MarshalJSON()
		require.NoError(t, err)
		require.Equal(t, segments[1], string(signed))
		require.True(t, json.Valid(signed))
		_, err = authjwt.ClaimsAs[map[string]any](token)
		require.NoError(t, err)
	})
}

// requireRefused checks that an error says that the token is bad, or of the wrong type, and nothing else.
func requireRefused(t *testing.T, err error) {
	t.Helper()
	var refusal *authjwt.Error
	require.ErrorAs(t, err, &refusal)
	require.Equal(t, http.StatusUnauthorized, refusal.Status)
	require.True(t, errors.Is(err, authjwt.ErrJWTDecode) || errors.Is(err, authjwt.ErrAccessTokenRequired), "%v", err)
}
