package authjwt_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

// FuzzVerify holds what a Manager accepts, with any header and claims under a good signature and as
// raw text, against golang-jwt.
func FuzzVerify(f *testing.F) {
	f.Add(headerHS256, `{"sub":"alice","exp":1772366401,"type":"access"}`)
	f.Add(`{"alg":"HS256","kid":"a"}`, `{"\u0073ub":"alice","exp":1.772366401e9,"type":"access","scope":"a b"}`)
	f.Add(headerHS256+" ", ` {"sub":"\ud83d\ude42","exp":253402300799,"iat":0,"nbf":0,"type":"access","x":[[{}]]}`)
	auth := newManager(f)
	reference := jwt.NewParser(jwt.WithValidMethods([]string{"HS256"}), jwt.WithStrictDecoding(), jwt.WithExpirationRequired(),
		jwt.WithIssuedAt(), jwt.WithLeeway(5*time.Second), jwt.WithTimeFunc(func() time.Time { return testNow }))
	f.Fuzz(func(t *testing.T, header, payload string) {
		_, err := auth.Verify(t.Context(), header+"."+payload, authjwt.Access)
		require.ErrorIs(t, err, authjwt.ErrJWTDecode, "unsigned")

		raw := compact(t, "HS256", header, payload)
		token, err := auth.Verify(t.Context(), raw, authjwt.Access)
		if err != nil {
			return
		}
		parsed, err := reference.Parse(raw, func(*jwt.Token) (any, error) { return []byte(testSecret), nil })
		require.NoError(t, err, "accepted by us alone")
		subject, err := parsed.Claims.GetSubject()
		require.NoError(t, err)
		require.Equal(t, subject, token.Subject)
		signed, err := token.MarshalJSON()
		require.NoError(t, err)
		require.Equal(t, payload, string(signed))
		require.True(t, json.Valid(signed))
		_, err = authjwt.ClaimsAs[map[string]any](token)
		require.NoError(t, err)
	})
}
