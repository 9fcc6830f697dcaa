package authjwt_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

// What we accept, golang-jwt accepts: over generated claims and headers under good signatures, and over
// mutations of the whole text.
func TestDifferential_GolangJWT(t *testing.T) {
	const tokens = 20_000
	auth := newManager(t, func(s *authjwt.Settings) {
		s.DecodeAlgorithms = []string{"HS256", "HS512"}
		s.DecodeIssuer = "https://issuer.example"
		s.DecodeAudience = []string{"api"}
	})
	reference := jwt.NewParser(
		jwt.WithValidMethods([]string{"HS256", "HS512"}), jwt.WithStrictDecoding(), jwt.WithExpirationRequired(),
		jwt.WithIssuedAt(), jwt.WithLeeway(5*time.Second), jwt.WithTimeFunc(func() time.Time { return testNow }),
		jwt.WithIssuer("https://issuer.example"), jwt.WithAudience("api"),
	)
	keyFunc := func(*jwt.Token) (any, error) { return []byte(testSecret), nil }

	random := rand.New(rand.NewPCG(1, 2))
	var accepted, refused, weaker int
	for range tokens {
		raw := randomToken(t, random)
		ours, ourErr := auth.Verify(t.Context(), raw, authjwt.Access)
		theirs, theirErr := reference.Parse(raw, keyFunc)
		switch {
		case ourErr == nil:
			accepted++
			require.NoError(t, theirErr, "accepted by us alone: %s", raw)
			subject, err := theirs.Claims.GetSubject()
			require.NoError(t, err)
			require.Equal(t, subject, ours.Subject)
			expires, err := theirs.Claims.GetExpirationTime()
			require.NoError(t, err)
			all, err := authjwt.ClaimsAs[map[string]any](ours)
			require.NoError(t, err, "what is accepted can be decoded: %s", raw)
			require.Equal(t, ours.Subject, all["sub"])
			require.True(t, ours.ExpiresAt.Equal(expires.Truncate(time.Second)))
		case theirErr == nil:
			weaker++
		default:
			refused++
		}
	}
	t.Logf("%d tokens: %d accepted by both, %d refused by both, %d refused by us alone", tokens, accepted, refused, weaker)
	// None of the three may be empty, or the generator has lost its edge.
	assert.Greater(t, accepted, tokens/50)
	assert.Greater(t, refused, tokens/50)
	assert.Greater(t, weaker, tokens/50)
}

// randomToken picks members from good and odd values, signs, and sometimes damages the result.
func randomToken(t *testing.T, random *rand.Rand) string {
	pick := func(good string, odd ...string) string {
		if len(odd) == 0 || random.IntN(12) > 0 {
			return good
		}
		return odd[random.IntN(len(odd))]
	}
	now := testNow.Unix()
	date := func(offset int64) []string {
		return []string{
			fmt.Sprint(now), fmt.Sprint(now + offset), fmt.Sprint(now - offset), fmt.Sprintf("%d.5", now+offset), fmt.Sprintf("%de0", now+60),
			"0", "-1", "1e300", "9223372036854775807", "253402300799", "null", "true", `"1"`, "[]", "{}", "1e1000",
		}
	}
	alg := pick("HS256", "HS512", "HS384", "none", "hs256", "RS256")
	header := "{" + strings.Join([]string{
		pick(`"typ":"JWT"`, `"typ":1`, `"typ":"at+jwt"`, `"crit":["exp"]`, `"typ":"JWT","typ":"JWT"`, `"cty":"JWT"`),
		pick(`"alg":"`+alg+`"`, `"alg":1`, `"ALG":"`+alg+`"`, `"alg":"`+alg+`","alg":"none"`),
		pick(`"x":1`, `"kid":"a"`, `"kid":1`, `"b64":false`, `"x":[[[]]]`),
	}, ",") + pick("}", "} ", "}}", "")
	payload := "{" + strings.Join([]string{
		pick(`"sub":"alice"`, `"sub":1`, `"sub":""`, `"sub":null`, `"Sub":"alice"`, `"sub":"a\u0062c"`, `"\u0073ub":"bob"`, `"sub":"a","sub":"b"`),
		pick(`"iat":`+fmt.Sprint(now), prefixed(`"iat":`, date(5))...),
		pick(`"nbf":`+fmt.Sprint(now), prefixed(`"nbf":`, date(6))...),
		pick(`"exp":`+fmt.Sprint(now+60), prefixed(`"exp":`, date(1))...),
		pick(`"jti":"1"`, `"jti":1`, `"JTI":"1"`, `"exp ":1`),
		pick(`"type":"access"`, `"type":"refresh"`, `"type":["access"]`, `"Type":"access"`),
		pick(`"iss":"https://issuer.example"`, `"iss":"https://issuer.example/"`, `"iss":["https://issuer.example"]`, `"ISS":"x"`),
		pick(`"aud":"api"`, `"aud":["api"]`, `"aud":["web","api"]`, `"aud":[]`, `"aud":["api",1]`, `"aud":"API"`, `"aud":{"api":1}`),
		pick(`"custom":12345678901234567890`, `"custom":"\ud800"`, "\"custom\":\"\xff\"", `"custom":NaN`, `"custom":`+strings.Repeat("[", 40)+strings.Repeat("]", 40)),
	}, ",") + pick("}", "} ", "}1", "")
	signWith := alg
	if !strings.HasPrefix(alg, "HS") {
		signWith = "HS256"
	}
	raw := []byte(compact(t, signWith, header, payload))
	for random.IntN(4) == 0 {
		at := random.IntN(len(raw))
		switch random.IntN(4) {
		case 0:
			raw[at] ^= 1 << random.IntN(8)
		case 1:
			raw = append(raw[:at], raw[at+1:]...)
		case 2:
			raw = append(raw[:at], append([]byte{"\r\n.=A+/ "[random.IntN(8)]}, raw[at:]...)...)
		case 3:
			raw = append(raw, '.')
		}
	}
	return string(raw)
}

func prefixed(prefix string, values []string) []string {
	for i := range values {
		values[i] = prefix + values[i]
	}
	return values
}
