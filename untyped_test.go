package authjwt_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

var noID = inv("token_claims_invalid", `Token is missing the "jti" claim`)

func takesUntyped(s *authjwt.Settings) { s.UntypedTokens = authjwt.Access }

// untyped is a good token without type, and without what else changes remove.
func untyped(tb testing.TB, changes map[string]any) string {
	tb.Helper()
	all := map[string]any{"type": nil, "fresh": nil}
	for name, value := range changes {
		all[name] = value
	}
	return signedClaims(tb, claims(all))
}

func TestUntyped_RefusedByDefault(t *testing.T) {
	plain, taking := newJudge(t), newJudge(t, takesUntyped)
	token, typed := untyped(t, nil), signedClaims(t, claims(nil))
	plain.refuses(t, token, noType, authjwt.ErrJWTDecode, jwt.ErrTokenRequiredClaimMissing)
	plain.accepts(t, typed)
	assert.Equal(t, authjwt.Access, taking.accepts(t, token).Type)
	taking.accepts(t, typed)
	taking.accepts(t, mustCreate(t, taking.m))
	assert.Contains(t, mustClaims(t, taking.m, mustCreate(t, taking.m)), "type", "what it makes has one")
}

func mustClaims(tb testing.TB, m *authjwt.Manager, raw string) map[string]any {
	tb.Helper()
	token, err := m.Verify(tb.Context(), raw, authjwt.Access)
	require.NoError(tb, err)
	all, err := authjwt.ClaimsAs[map[string]any](token)
	require.NoError(tb, err)
	return all
}

func TestUntyped_CountsAsAccessAlone(t *testing.T) {
	token := untyped(t, nil)
	refresh := newRefreshJudge(t, takesUntyped)
	refresh.refuses(t, token, notRefresh, authjwt.ErrRefreshTokenRequired)
	refresh.accepts(t, signedClaims(t, claims(map[string]any{"type": "refresh"})))
	handler := guard(t, refresh.m.RefreshHandler(authjwt.Routes{}))
	assertAnswer(t, handler.do(request(http.MethodPost, "Authorization", "Bearer "+token)), notRefresh)
	access := newJudge(t, takesUntyped)
	access.refuses(t, signedClaims(t, claims(map[string]any{"type": "refresh"})), notAccess, authjwt.ErrAccessTokenRequired)
	access.accepts(t, token)

	fresh := newJudge(t, takesUntyped)
	fresh.guardWith(t, fresh.m.FreshRequired())
	for _, claim := range []map[string]any{nil, {"fresh": true}} { // an issuer without types has no fresh tokens either
		fresh.guardRefuses(t, untyped(t, claim), notFresh, authjwt.ErrFreshTokenRequired)
	}
	fresh.assertAccepted(t, fresh.get("Bearer "+signedClaims(t, claims(map[string]any{"fresh": true}))))
	optional := newJudge(t, takesUntyped)
	optional.guardWith(t, optional.m.Optional())
	optional.assertAccepted(t, optional.get("Bearer "+token))
	scoped := newJudge(t, takesUntyped)
	scoped.guardWith(t, scoped.m.Required(authjwt.WithScopes("read")))
	assert.Equal(t, http.StatusForbidden, scoped.get("Bearer "+token).Code)
	assert.False(t, scoped.ran)
	scoped.assertAccepted(t, scoped.get("Bearer "+untyped(t, map[string]any{"scope": "read"})))
}

// A type that is there decides, however odd it is.
func TestUntyped_TypeThatIsThere(t *testing.T) {
	plain, taking := newJudge(t), newJudge(t, takesUntyped)
	for _, odd := range []any{"", "Access", "access ", "at+jwt", "Bearer", "id", 1, 1.5, true, false, []string{"access"}, []string{}, map[string]any{"access": true}, jsonNull{}} {
		token := untyped(t, map[string]any{"type": odd})
		for _, j := range []*judge{plain, taking} {
			j.refuses(t, token, notAccess)
		}
		taking.accepts(t, untyped(t, map[string]any{"Type": odd, "typ": odd}))
	}
	// The typ of the header is no type of ours.
	for _, typ := range []string{"at+jwt", "refresh", "JWT"} {
		taking.accepts(t, compact(t, "HS256", `{"alg":"HS256","typ":"`+typ+`"}`, payloadWith(map[string]any{"type": nil})))
		plain.refuses(t, compact(t, "HS256", `{"alg":"HS256","typ":"`+typ+`"}`, payloadWith(map[string]any{"type": nil})), noType)
	}
}

// jsonNull is a claim that is there and null.
type jsonNull struct{}

func (jsonNull) MarshalJSON() ([]byte, error) { return []byte("null"), nil }

func TestUntyped_Expiry(t *testing.T) {
	now := testNow
	j := newJudge(t, takesUntyped, func(s *authjwt.Settings) { s.Now = func() time.Time { return now } })
	j.refuses(t, untyped(t, map[string]any{"exp": nil}), noExpiry, jwt.ErrTokenRequiredClaimMissing)
	now = testNow.Add(time.Minute)
	j.refuses(t, untyped(t, nil), expired, jwt.ErrTokenExpired)
	now = now.Add(-1)
	j.accepts(t, untyped(t, nil))

	// NoExpiry is a setting for each type, and this is an access token.
	lasting := newJudge(t, takesUntyped, func(s *authjwt.Settings) { s.RefreshTokenExpires = authjwt.NoExpiry })
	lasting.refuses(t, untyped(t, map[string]any{"exp": nil}), noExpiry)
	lasting = newJudge(t, takesUntyped, func(s *authjwt.Settings) { s.AccessTokenExpires = authjwt.NoExpiry })
	lasting.accepts(t, untyped(t, map[string]any{"exp": nil}))
	strict := newJudge(t, func(s *authjwt.Settings) { s.AccessTokenExpires = authjwt.NoExpiry })
	strict.refuses(t, untyped(t, map[string]any{"exp": nil}), noExpiry, jwt.ErrTokenRequiredClaimMissing)
	strict.accepts(t, signedClaims(t, claims(map[string]any{"exp": nil})))
}

// With a Store it must be possible to revoke it, whatever is asked about.
func TestUntyped_WithAStore(t *testing.T) {
	for name, checks := range map[string][]authjwt.TokenType{"both": nil, "access": {authjwt.Access}, "refresh": {authjwt.Refresh}} {
		t.Run(name, func(t *testing.T) {
			j := newJudge(t, takesUntyped, inMemory, func(s *authjwt.Settings) { s.DenylistTokenChecks = checks })
			for _, id := range []any{nil, ""} {
				j.refuses(t, untyped(t, map[string]any{"jti": id}), noID, authjwt.ErrJWTDecode, jwt.ErrTokenRequiredClaimMissing)
			}
			token := untyped(t, nil)
			verified := j.accepts(t, token)
			require.NoError(t, j.m.Revoke(t.Context(), verified))
			if name == "refresh" {
				j.accepts(t, token)
				return
			}
			j.refuses(t, token, revoked, authjwt.ErrRevokedToken)
		})
	}
	j := newJudge(t, takesUntyped)
	j.accepts(t, untyped(t, map[string]any{"jti": nil})) // without one nothing is ever revoked
	typed := newJudge(t, takesUntyped, inMemory, func(s *authjwt.Settings) { s.DenylistTokenChecks = []authjwt.TokenType{authjwt.Refresh} })
	typed.accepts(t, signedClaims(t, claims(map[string]any{"jti": nil}))) // as it was for tokens of ours
}

// An outside issuer's token as they are: no type, no fresh, no jti, but iss and aud.
func TestUntyped_OfAnIssuer(t *testing.T) {
	j, i := newIssued(t, takesUntyped, func(s *authjwt.Settings) {
		s.DecodeIssuer, s.DecodeAudience = "https://issuer.example/", []string{"https://api.example"}
	})
	i.returns(publicKey("RS256"))
	token := func(changes map[string]any) string {
		all := map[string]any{"type": nil, "fresh": nil, "jti": nil, "iss": "https://issuer.example/", "aud": []string{"https://api.example", "https://issuer.example/userinfo"}}
		for name, value := range changes {
			all[name] = value
		}
		return compactBy(t, "RS256", rsaKey(), headerOf("RS256", withKid("k1")), payloadWith(all))
	}
	assert.Equal(t, "https://issuer.example/", j.accepts(t, token(nil)).Issuer)
	j.refuses(t, token(map[string]any{"iss": "https://issuer.example"}), foreignIss, jwt.ErrTokenInvalidIssuer)
	j.refuses(t, token(map[string]any{"aud": "https://other.example"}), foreignAud, jwt.ErrTokenInvalidAudience)
	j.refuses(t, token(map[string]any{"sub": nil}), noSubject)
}

// In a cookie it has no value against forgery, and so is refused there.
func TestUntyped_InACookie(t *testing.T) {
	m := newManager(t, takesUntyped, inCookies)
	g := guard(t, m.Required())
	token := untyped(t, nil)
	g.assertRefused(t, g.do(withCookie(http.MethodPost, token, "x", "Origin", "https://example.com")), csrfNoClaim)
	own, csrf := newPair(t, m)
	g.assertAccepted(t, g.do(withCookie(http.MethodPost, own, csrf, "Origin", "https://example.com")))
}
