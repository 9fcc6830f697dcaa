package authjwt_test

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

func TestB09_DuplicateClaims(t *testing.T) {
	more := map[string]any{
		"iss": "x", "aud": "api", "scope": "a", "scopes": []string{"a"}, "csrf": "v", "persistent": true, "sid": "s",
		"session_exp": testNow.Unix() + 60, "session_iat": testNow.Unix(),
	}
	var attacks []attack
	for name, value := range claims(more) {
		text, err := json.Marshal(value)
		require.NoError(t, err)
		first := fmt.Sprintf(`"%s":%s`, name, text)
		payload := payloadWith(more)
		attacks = append(attacks,
			payloadPair(t, strings.TrimSuffix(payload, "}")+","+first+"}", ","+first+"}", ",\"_"+first[1:]+"}"),
			payloadPair(t, "{"+first+","+payload[1:], first, "\"_"+first[1:]))
	}
	require.Len(t, attacks, 2*(7+9))
	forAPI := func(s *authjwt.Settings) { s.DecodeAudience = []string{"api"} }
	repel(t, newManager(t, forAPI, inMemory), attacks)
	repel(t, newManager(t), append([]attack(nil),
		payloadPair(t, goodWith(`,"sub":"mallory"`), `"sub":"mallory"`, `"sua":"mallory"`),
		payloadPair(t, goodWith(`,"s\u0075b":"mallory"`), `u0075`, `u0076`),
		payloadPair(t, goodWith(`,"e\u0078p":253402300799`), `u0078`, `u0079`),
		payloadPair(t, goodWith(`,"x":1,"x":1`), `"x":1}`, `"y":1}`),
		payloadPair(t, goodWith(`,"x":{"a":1,"a":1}`), `"a":1}`, `"b":1}`),
		payloadPair(t, goodWith(`,"x":[[{"a":1,"\u0061":1}]]`), `u0061`, `u0062`)))
}

func TestB10_ClaimsDifferingByCase(t *testing.T) {
	m, past, future := newManager(t), testNow.Unix()-1, testNow.Unix()+60
	expired := verdict{inv("token_expired", "Signature has expired"), jwt.ErrTokenExpired}
	noSubject := verdict{inv("token_claims_invalid", `Token is missing the "sub" claim`), jwt.ErrTokenRequiredClaimMissing}
	token := func(changes map[string]any) string { return signedClaims(t, claims(changes)) }
	repel(t, m, []attack{
		{"EXP", token(map[string]any{"exp": past, "EXP": future}), token(map[string]any{"exp": future, "EXP": past}), expired, nil},
		{"eXp", token(map[string]any{"exp": past, "eXp": future}), token(map[string]any{"exp": future, "eXp": past}), expired, nil},
		{"Sub alone", token(map[string]any{"sub": nil, "Sub": "alice"}), token(nil), noSubject, nil},
		{"long s alone", token(map[string]any{"sub": nil, "ſub": "alice"}), token(nil), noSubject, nil},
		headerPair(t, `{"alg":"none","ALG":"HS256"}`, "none", "HS256", isAlgorithm),
		headerPair(t, `{"alg":"none","Alg":"none"}`, "none", "HS256", isAlgorithm),
		headerPair(t, `{"ALG":"HS256"}`, "ALG", "alg", isAlgorithm),
	})

	isRefresh := inv("access_token_required", "Only access tokens are allowed")
	g := guard(t, m.Required(), func(c *gin.Context) { c.Header("X-Subject", authjwt.FromContext(c).Subject()) })
	for _, twin := range []string{"Type", "TYPE", "tYpe"} {
		text := token(map[string]any{"type": "refresh", twin: "access"})
		g.assertRefused(t, g.get("Bearer "+text), isRefresh)
		_, err := m.Verify(t.Context(), text, authjwt.Access)
		assert.ErrorIs(t, err, authjwt.ErrAccessTokenRequired)
		g.assertAccepted(t, g.get("Bearer "+token(map[string]any{"type": "access", twin: "refresh"})))
	}
	for _, twin := range []string{"Sub", "SUB", "ſub", "suB"} {
		text := token(map[string]any{twin: "mallory"})
		rec := g.get("Bearer " + text)
		g.assertAccepted(t, rec)
		assert.Equal(t, "alice", rec.Header().Get("X-Subject"))

		verified, err := m.Verify(t.Context(), text, authjwt.Access)
		require.NoError(t, err)
		all, err := authjwt.ClaimsAs[map[string]any](verified)
		require.NoError(t, err)
		assert.Equal(t, []any{"alice", "mallory"}, []any{all["sub"], all[twin]})
		typed, err := authjwt.ClaimsAs[struct {
			Subject string `json:"sub"`
			SUB     string
			Exp     int64
		}](verified)
		require.NoError(t, err)
		assert.Equal(t, "alice", typed.Subject)
		assert.Equal(t, twin == "SUB", typed.SUB == "mallory")
		assert.Zero(t, typed.Exp, "a field without tag is the claim of just that name")
	}
}

// Each claim by itself: in capitals it is not there.
func TestB10_ClaimsInCapitalsAlone(t *testing.T) {
	const later = 253402300799
	ours := func(s *authjwt.Settings) { s.DecodeIssuer = "us" }
	forAPI := func(s *authjwt.Settings) { s.DecodeAudience = []string{"api"} }
	for _, row := range []struct {
		claim string
		value any
		edit  func(s *authjwt.Settings)
		want  outcome // none: accepted
		cause error
	}{
		{"exp", testNow.Unix() + 60, inMemory, noExpiry, jwt.ErrTokenRequiredClaimMissing},
		{"type", "access", inMemory, noType, jwt.ErrTokenRequiredClaimMissing},
		{"sub", "alice", inMemory, noSubject, jwt.ErrTokenRequiredClaimMissing},
		{"jti", "1", inMemory, noID, jwt.ErrTokenRequiredClaimMissing},
		{"iss", "us", ours, noIssuer, jwt.ErrTokenRequiredClaimMissing},
		{"aud", "api", forAPI, noAudience, jwt.ErrTokenRequiredClaimMissing},
		{"nbf", later, inMemory, outcome{}, nil},
		{"iat", later, inMemory, outcome{}, nil},
		{"sid", 7, inMemory, outcome{}, nil},
		{"session_exp", "x", inMemory, outcome{}, nil},
		{"session_iat", "x", inMemory, outcome{}, nil},
	} {
		for _, capitals := range []string{strings.ToUpper(row.claim), strings.ToUpper(row.claim[:1]) + row.claim[1:]} {
			t.Run(capitals, func(t *testing.T) {
				j := newJudge(t, row.edit)
				token := signedClaims(t, claims(map[string]any{row.claim: nil, capitals: row.value}))
				if row.want == (outcome{}) {
					j.accepts(t, token)
					return
				}
				j.refuses(t, token, row.want, row.cause)
				j.accepts(t, signedClaims(t, claims(map[string]any{row.claim: row.value})))
			})
		}
	}
	m := newManager(t, locatedAt(allLocations...))
	csrf := guard(t, m.Required())
	csrf.assertRefused(t, csrf.do(withCookie(http.MethodPost, signedClaims(t, claims(map[string]any{"CSRF": "v"})), "v")), csrfNoClaim)
	csrf.assertAccepted(t, csrf.do(withCookie(http.MethodPost, signedClaims(t, claims(map[string]any{"csrf": "v"})), "v")))
	for _, name := range []string{"scope", "scopes"} {
		scoped := guard(t, m.Required(authjwt.WithScopes("a")))
		granted := map[string]any{"scope": "a", "scopes": []string{"a"}}[name]
		assert.Equal(t, http.StatusForbidden, scoped.get("Bearer "+signedClaims(t, claims(map[string]any{strings.ToUpper(name): granted}))).Code)
		assert.False(t, scoped.ran)
		scoped.assertAccepted(t, scoped.get("Bearer "+signedClaims(t, claims(map[string]any{name: granted}))))
	}
}

func TestB11_BigIntegers(t *testing.T) {
	m := newManager(t)
	isSubject := verdict{inv("token_claims_invalid", "Subject claim (sub) must be a string."), jwt.ErrTokenInvalidSubject}
	const exact, wide, widest = "9007199254740993", "18446744073709551615", "123456789012345678901234567890"
	good := strings.Replace(goodPayload(), `"alice"`, `"`+exact+`"`, 1)
	bare := payloadPair(t, strings.Replace(good, `"`+exact+`"`, exact, 1), exact, `"`+exact+`"`)
	bare.want = isSubject
	repel(t, m, []attack{bare})

	check := func(token *authjwt.Token) {
		t.Helper()
		var all map[string]any
		require.NoError(t, token.Decode(&all))
		assert.Equal(t, []any{exact, json.Number(exact), json.Number("-" + exact), json.Number(wide), json.Number(widest)},
			[]any{all["sub"], all["i"], all["negative"], all["u"], all["big"]})
		assert.Equal(t, map[string]any{"list": []any{json.Number(exact)}}, all["deep"])
		typed, err := authjwt.ClaimsAs[struct {
			I        int64  `json:"i"`
			Negative int64  `json:"negative"`
			U        uint64 `json:"u"`
			Deep     any    `json:"deep"`
		}](token)
		require.NoError(t, err)
		assert.Equal(t, []any{int64(1<<53 + 1), int64(-1<<53 - 1), uint64(math.MaxUint64)}, []any{typed.I, typed.Negative, typed.U})
		assert.Equal(t, all["deep"], typed.Deep)
		assert.Error(t, token.Decode(&struct {
			U int64 `json:"u"`
		}{}), "wrapped around")
		assert.Error(t, token.Decode(&struct {
			Big uint64 `json:"big"`
		}{}), "wrapped around")
		text, err := json.Marshal(token)
		require.NoError(t, err)
		assert.Contains(t, string(text), `"i":`+exact)
	}
	custom := `"i":` + exact + `,"negative":-` + exact + `,"u":` + wide + `,"big":` + widest + `,"deep":{"list":[` + exact + `]}`
	raw := compact(t, "HS256", headerHS256, strings.TrimSuffix(good, "}")+","+custom+"}")
	verified, err := m.Verify(t.Context(), raw, authjwt.Access)
	require.NoError(t, err)
	check(verified)
	g := guard(t, m.Required(), func(c *gin.Context) { check(authjwt.FromContext(c).Token()) })
	g.assertAccepted(t, g.get("Bearer "+raw))

	var decoded map[string]any // and around again: what Decode gives, WithClaims takes
	require.NoError(t, verified.Decode(&decoded))
	for _, name := range []string{"sub", "iat", "nbf", "exp", "jti", "type", "fresh"} {
		delete(decoded, name)
	}
	again, err := m.CreateAccessToken(exact, authjwt.WithClaims(decoded))
	require.NoError(t, err)
	verified, err = m.Verify(t.Context(), again, authjwt.Access)
	require.NoError(t, err)
	check(verified)
}
