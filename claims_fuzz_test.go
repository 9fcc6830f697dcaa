package authjwt_test

import (
	"encoding/json"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

// FuzzClaims signs any text as claims, or as more members of good ones. What is accepted, encoding/json reads alike: all of
// it by Decode, and what the Token's fields hold.
func FuzzClaims(f *testing.F) {
	const good = `"sub":"alice","exp":1772366460,"type":"access"`
	for _, more := range []string{
		`"a":1`, `"iat":1772366400,"nbf":1772366400.9,"jti":"1","fresh":true`, `"iss":"https://issuer.example"`, `"aud":"api"`, `"aud":["web","api"]`, `"aud":[]`, `"aud":[1]`, `"scope":"a b  c"`, `"scope":"a","scopes":["b","c d"]`,
		`"sub":"bob"`, `"\u0073ub":"bob"`, `"Sub":"bob"`, `"a":{"a":1,"a":2}`, `"a":"\ud800"`, "\"a\":\"\xff\"", `"a":1e999`, `"a":12345678901234567890`, `"a":0.1e-7`, `"a":-0`, `"a":[null,true,{},[],"\u2028\"\\"]`, `"":"","a":NaN`, `"a":1,`,
		`"sid":"s","session_exp":1772366460,"session_iat":1`, `"csrf":"x","persistent":true`, `"fresh":1`, `"a":` + strings.Repeat("[", 40) + strings.Repeat("]", 40), "\"a\":1\t,\r\n\"b\" : 2",
	} {
		f.Add(more, true)
		f.Add("{"+good+","+more+"}", false)
	}
	f.Add("{"+good+"}", false)
	f.Add("["+good+"]", false)
	f.Add(" {"+good+"}\n", false)
	f.Add("{"+good+"} {}", false)
	plain := newManager(f)
	named := newManager(f, func(s *authjwt.Settings) {
		s.DecodeAudience, s.DecodeIssuer = []string{"api"}, "https://issuer.example"
	})
	f.Fuzz(func(t *testing.T, text string, more bool) {
		if more {
			text = "{" + good + "," + text + "}"
		}
		raw := withSignature(b64(headerHS256) + "." + b64(text))
		for _, auth := range []*authjwt.Manager{plain, named} {
			token, err := auth.Verify(t.Context(), raw, authjwt.Access)
			if err != nil {
				requireRefused(t, err)
				continue
			}
			var theirs, ours map[string]any
			decoder := json.NewDecoder(strings.NewReader(text))
			decoder.UseNumber()
			require.NoError(t, decoder.Decode(&theirs))
			require.NoError(t, token.Decode(&ours))
			require.Equal(t, theirs, ours)
			require.True(t, json.Valid([]byte(text)))
			requireFields(t, token, theirs)
			if auth == named {
				require.Equal(t, "https://issuer.example", theirs["iss"])
				require.Contains(t, token.Audience, "api")
			} else {
				require.NotContains(t, theirs, "aud")
			}
		}
	})
}

// requireFields checks the fields of an accepted token against its claims, as encoding/json has read them.
func requireFields(t *testing.T, token *authjwt.Token, claims map[string]any) {
	t.Helper()
	require.Equal(t, claims["sub"], token.Subject)
	require.NotEmpty(t, token.Subject)
	require.Equal(t, "access", claims["type"])
	require.Equal(t, authjwt.Access, token.Type)
	require.Equal(t, claims["fresh"] == true, token.Fresh)
	for name, field := range map[string]string{"jti": token.ID, "iss": token.Issuer, "csrf": token.CSRFToken()} {
		text, _ := claims[name].(string)
		require.Equal(t, text, field, name)
	}
	var audience []string
	switch claimed := claims["aud"].(type) {
	case string:
		audience = []string{claimed}
	case []any:
		audience = []string{}
		for _, name := range claimed {
			audience = append(audience, name.(string))
		}
	}
	require.Equal(t, audience, token.Audience)
	for name, field := range map[string]time.Time{"iat": token.IssuedAt, "nbf": token.NotBefore, "exp": token.ExpiresAt} {
		number, found := claims[name].(json.Number)
		require.Equal(t, claims[name] != nil, found, name)
		if !found {
			require.True(t, field.IsZero(), name)
			continue
		}
		exact, ok := new(big.Rat).SetString(string(number))
		require.True(t, ok)
		seconds := new(big.Int).Quo(exact.Num(), exact.Denom())
		require.Equal(t, seconds.Int64(), field.Unix(), name)
	}
	require.False(t, testNow.Before(token.IssuedAt.Add(-5*time.Second)) || testNow.Before(token.NotBefore.Add(-5*time.Second)) || !testNow.Before(token.ExpiresAt))
	scopes := []string{}
	if scope, ok := claims["scope"].(string); ok {
		scopes = slices.DeleteFunc(strings.Split(scope, " "), func(word string) bool { return word == "" })
	}
	if list, ok := claims["scopes"].([]any); ok && !slices.ContainsFunc(list, func(element any) bool { _, ok := element.(string); return !ok }) {
		for _, element := range list {
			scopes = append(scopes, element.(string))
		}
	}
	require.Equal(t, scopes, append([]string{}, token.Scopes...))
}
