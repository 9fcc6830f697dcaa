package authjwt_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

var (
	notAccess  = inv("access_token_required", "Only access tokens are allowed")
	notRefresh = inv("refresh_token_required", "Only refresh tokens are allowed")
	noType     = inv("token_claims_invalid", `Token is missing the "type" claim`)
	notFresh   = outcome{401, "fresh_token_required", "Fresh token required", "insufficient_user_authentication"}
	noSubject  = inv("token_claims_invalid", `Token is missing the "sub" claim`)
	badSubject = inv("token_claims_invalid", "Subject claim (sub) must be a string.")
	badTokenID = inv("token_claims_invalid", "JWT ID claim (jti) must be a string.")
	noAudience = inv("token_audience_invalid", `Token is missing the "aud" claim`)
	foreignAud = inv("token_audience_invalid", "Invalid audience")
	audForm    = inv("token_audience_invalid", "Invalid claim format in token")
	noIssuer   = inv("token_issuer_invalid", `Token is missing the "iss" claim`)
	foreignIss = inv("token_issuer_invalid", "Invalid issuer")
)

func TestT11_Type(t *testing.T) {
	for _, row := range []struct {
		name                     string
		kind                     string // JSON text; empty: absent
		asAccess, asRefresh      outcome
		accessCause, refreshCase error
	}{
		{"missing", ``, noType, noType, authjwt.ErrJWTDecode, jwt.ErrTokenRequiredClaimMissing},
		{"null", `null`, notAccess, notRefresh, authjwt.ErrAccessTokenRequired, authjwt.ErrRefreshTokenRequired},
		{"empty", `""`, notAccess, notRefresh, authjwt.ErrAccessTokenRequired, authjwt.ErrRefreshTokenRequired},
		{"number", `1`, notAccess, notRefresh, authjwt.ErrAccessTokenRequired, authjwt.ErrRefreshTokenRequired},
		{"bool", `true`, notAccess, notRefresh, authjwt.ErrAccessTokenRequired, authjwt.ErrRefreshTokenRequired},
		{"array", `["access","refresh"]`, notAccess, notRefresh, authjwt.ErrAccessTokenRequired, authjwt.ErrRefreshTokenRequired},
		{"object", `{"access":true}`, notAccess, notRefresh, authjwt.ErrAccessTokenRequired, authjwt.ErrRefreshTokenRequired},
		{"upper access", `"ACCESS"`, notAccess, notRefresh, authjwt.ErrAccessTokenRequired, authjwt.ErrRefreshTokenRequired},
		{"upper refresh", `"Refresh"`, notAccess, notRefresh, authjwt.ErrAccessTokenRequired, authjwt.ErrRefreshTokenRequired},
		{"blank after", `"access "`, notAccess, notRefresh, authjwt.ErrAccessTokenRequired, authjwt.ErrRefreshTokenRequired},
		{"NUL after", `"access\u0000"`, notAccess, notRefresh, authjwt.ErrAccessTokenRequired, authjwt.ErrRefreshTokenRequired},
		{"long s", `"acce\u017fs"`, notAccess, notRefresh, authjwt.ErrAccessTokenRequired, authjwt.ErrRefreshTokenRequired},
		{"csrf", `"csrf"`, notAccess, notRefresh, authjwt.ErrAccessTokenRequired, authjwt.ErrRefreshTokenRequired},
		{"both", `"access refresh"`, notAccess, notRefresh, authjwt.ErrAccessTokenRequired, authjwt.ErrRefreshTokenRequired},
	} {
		t.Run(row.name, func(t *testing.T) {
			token := signedClaims(t, claims(map[string]any{"type": nil}))
			if row.kind != "" {
				token = withClaim(t, "type", row.kind)
			}
			newJudge(t).refuses(t, token, row.asAccess, row.accessCause)
			newRefreshJudge(t).refuses(t, token, row.asRefresh, row.refreshCase)
		})
	}
	access, refresh := newJudge(t), newRefreshJudge(t)
	for _, spelling := range []string{`"access"`, `"\u0061ccess"`} {
		access.accepts(t, withClaim(t, "type", spelling))
		refresh.refuses(t, withClaim(t, "type", spelling), notRefresh, authjwt.ErrRefreshTokenRequired)
	}
	for _, spelling := range []string{`"refresh"`, `"refr\u0065sh"`} {
		refresh.accepts(t, withClaim(t, "type", spelling))
		access.refuses(t, withClaim(t, "type", spelling), notAccess, authjwt.ErrAccessTokenRequired)
	}
}

func TestT12_Fresh(t *testing.T) {
	j := newJudge(t)
	j.guardWith(t, j.m.FreshRequired())
	for _, fresh := range []string{`"true"`, `1`, `null`, `[true]`, `[]`, `{"fresh":true}`, seconds(0), seconds(time.Hour), `1e0`, `-0`, `false`, `""`, `"fresh"`, `"True"`} {
		t.Run(fresh, func(t *testing.T) {
			j.guardRefuses(t, withClaim(t, "fresh", fresh), notFresh, authjwt.ErrFreshTokenRequired)
		})
	}
	j.guardRefuses(t, signedClaims(t, claims(map[string]any{"fresh": nil})), notFresh, authjwt.ErrFreshTokenRequired)
	j.guardRefuses(t, withClaim(t, "Fresh", `true`), notFresh, authjwt.ErrFreshTokenRequired)
	j.guardRefuses(t, withClaim(t, "fresh", `true`, map[string]any{"type": "refresh"}), notAccess, authjwt.ErrAccessTokenRequired)
	j.guardRefuses(t, withClaim(t, "fresh", `true`, map[string]any{"exp": testNow.Unix()}), expired, jwt.ErrTokenExpired)

	assert.True(t, j.accepts(t, withClaim(t, "fresh", `true`)).Fresh)
	assert.True(t, j.accepts(t, mustCreate(t, j.m, authjwt.WithFresh())).Fresh)
	j.guardRefuses(t, mustCreate(t, j.m), notFresh, authjwt.ErrFreshTokenRequired)
	assert.False(t, newJudge(t).accepts(t, withClaim(t, "fresh", `"true"`)).Fresh, "a stale token is good enough elsewhere")
	j.guardRefuses(t, withClaim(t, "fr\\u0065sh", `false`), notFresh, authjwt.ErrFreshTokenRequired)
}

// No preset reads anything else as fresh: what Python takes for true, a deadline, is none here.
func TestT12_Fresh_Presets(t *testing.T) {
	for name, preset := range presets {
		m := newManager(t, using(preset), noDenylist)
		var token string
		g := guard(t, func(c *gin.Context) { _ = m.Bind(c).FreshJWTRequired(authjwt.WithToken(token)) })
		for _, fresh := range []string{`1`, `"true"`, `null`, `[true]`, seconds(time.Hour), `1e0`, `false`} {
			token = withClaim(t, "fresh", fresh)
			assert.Equal(t, http.StatusUnauthorized, g.get().Code, "%s: %s", name, fresh)
			assert.False(t, g.ran)
		}
		token = withClaim(t, "fresh", `true`)
		g.assertAccepted(t, g.get())
	}
}

func TestT13_Subject(t *testing.T) {
	for _, j := range []*judge{newJudge(t), newRefreshJudge(t)} {
		kind := map[string]any{"type": string(j.want)}
		for _, sub := range []string{`1`, `0`, `-1`, `1.5`, `null`, `{}`, `{"id":"alice"}`, `[]`, `["alice"]`, `true`, `false`, `""`} {
			j.refuses(t, withClaim(t, "sub", sub, kind), badSubject, authjwt.ErrJWTDecode, jwt.ErrTokenInvalidSubject)
		}
		missing := claims(kind)
		delete(missing, "sub")
		j.refuses(t, signedClaims(t, missing), noSubject, authjwt.ErrJWTDecode, jwt.ErrTokenRequiredClaimMissing)
		missing["Sub"], missing["user_id"] = "alice", "alice"
		j.refuses(t, signedClaims(t, missing), noSubject, authjwt.ErrJWTDecode, jwt.ErrTokenRequiredClaimMissing)

		for text, want := range map[string]string{`"alice"`: "alice", `"1"`: "1", `" "`: " ", `"\u0061lice"`: "alice", `"a\"b"`: `a"b`, `"\u0000"`: "\x00"} {
			assert.Equal(t, want, j.accepts(t, withClaim(t, "sub", text, kind)).Subject)
		}
	}
	_, err := newManager(t).CreateAccessToken("")
	assert.ErrorContains(t, err, "the subject is empty")
}

func TestT14_TokenID(t *testing.T) {
	j := newJudge(t)
	for _, id := range []string{`1`, `0`, `null`, `true`, `[]`, `["3f0e"]`, `{}`} {
		j.refuses(t, withClaim(t, "jti", id), badTokenID, authjwt.ErrJWTDecode, jwt.ErrTokenInvalidId)
	}
	assert.Equal(t, "3f0e", j.accepts(t, withClaim(t, "jti", `"3f0e"`)).ID)
	// Without a denylist nothing is kept by id, so that a service that makes none can be understood.
	assert.Empty(t, j.accepts(t, signedClaims(t, claims(map[string]any{"jti": nil}))).ID)
}

func TestT16_Audience(t *testing.T) {
	expecting := func(s *authjwt.Settings) { s.DecodeAudience = []string{"https://api.example", "mobile"} }
	silent := func(*authjwt.Settings) {}
	for _, row := range []struct {
		name  string
		edit  func(s *authjwt.Settings)
		aud   string // JSON text; empty: absent
		want  outcome
		cause error
		twin  string
	}{
		{"missing", expecting, ``, noAudience, jwt.ErrTokenRequiredClaimMissing, `"mobile"`},
		{"null", expecting, `null`, audForm, jwt.ErrTokenInvalidAudience, `"mobile"`},
		{"empty", expecting, `""`, foreignAud, jwt.ErrTokenInvalidAudience, `"mobile"`},
		{"empty list", expecting, `[]`, foreignAud, jwt.ErrTokenInvalidAudience, `["mobile"]`},
		{"empty in a list", expecting, `[""]`, foreignAud, jwt.ErrTokenInvalidAudience, `["","mobile"]`},
		{"another", expecting, `"other"`, foreignAud, jwt.ErrTokenInvalidAudience, `"https://api.example"`},
		{"others", expecting, `["other","another"]`, foreignAud, jwt.ErrTokenInvalidAudience, `["other","mobile"]`},
		{"prefix", expecting, `"https://api"`, foreignAud, jwt.ErrTokenInvalidAudience, `"https://api.example"`},
		{"ours is its prefix", expecting, `"https://api.example.evil"`, foreignAud, jwt.ErrTokenInvalidAudience, `"https://api.example"`},
		{"slash", expecting, `"https://api.example/"`, foreignAud, jwt.ErrTokenInvalidAudience, `"https://api.example"`},
		{"case", expecting, `"MOBILE"`, foreignAud, jwt.ErrTokenInvalidAudience, `"mobile"`},
		{"blank", expecting, `"mobile "`, foreignAud, jwt.ErrTokenInvalidAudience, `"mobile"`},
		{"words", expecting, `"mobile other"`, foreignAud, jwt.ErrTokenInvalidAudience, `["mobile","other"]`},
		{"comma", expecting, `"mobile,other"`, foreignAud, jwt.ErrTokenInvalidAudience, `["mobile","other"]`},
		{"mixed", expecting, `["mobile",1]`, audForm, jwt.ErrTokenInvalidAudience, `["mobile","1"]`},
		{"mixed, null", expecting, `[null,"mobile"]`, audForm, jwt.ErrTokenInvalidAudience, `["null","mobile"]`},
		{"nested", expecting, `[["mobile"]]`, audForm, jwt.ErrTokenInvalidAudience, `["mobile"]`},
		{"nested beside", expecting, `["mobile",["x"]]`, audForm, jwt.ErrTokenInvalidAudience, `["mobile","x"]`},
		{"object", expecting, `{"0":"mobile"}`, audForm, jwt.ErrTokenInvalidAudience, `"mobile"`},
		{"number", expecting, `1`, audForm, jwt.ErrTokenInvalidAudience, `"mobile"`},
		{"bool", expecting, `true`, audForm, jwt.ErrTokenInvalidAudience, `"m\u006fbile"`},
		{"many", expecting, `[` + strings.Repeat(`"m",`, 1300) + `"mob"]`, foreignAud, jwt.ErrTokenInvalidAudience, `[` + strings.Repeat(`"m",`, 1300) + `"mobile"]`},
		{"many, one a number", expecting, `["mobile",` + strings.Repeat(`"m",`, 1300) + `1]`, audForm, jwt.ErrTokenInvalidAudience, `["mobile",` + strings.Repeat(`"m",`, 1300) + `"1"]`},
		{"one escaped", expecting, `["m\u006fbil"]`, foreignAud, jwt.ErrTokenInvalidAudience, `["m\u006fbile"]`},
		{"none expected", silent, `"mobile"`, foreignAud, jwt.ErrTokenInvalidAudience, ``},
		{"none expected, empty", silent, `""`, foreignAud, jwt.ErrTokenInvalidAudience, ``},
		{"none expected, list", silent, `[]`, foreignAud, jwt.ErrTokenInvalidAudience, ``},
		{"none expected, null", silent, `null`, foreignAud, jwt.ErrTokenInvalidAudience, ``},
	} {
		t.Run(row.name, func(t *testing.T) {
			for _, j := range []*judge{newJudge(t, row.edit), newRefreshJudge(t, row.edit)} {
				j.refuses(t, withText(t, j, "aud", row.aud), row.want, authjwt.ErrJWTDecode, row.cause)
				j.accepts(t, withText(t, j, "aud", row.twin))
			}
		})
	}
}

// withText is a good token for j with this text as a claim, or without the claim if it is empty.
func withText(tb testing.TB, j *judge, name, text string) string {
	tb.Helper()
	kind := map[string]any{"type": string(j.want), name: nil}
	if text == "" {
		return signedClaims(tb, claims(kind))
	}
	return withClaim(tb, name, text, kind)
}

func TestT16_MintedAudience(t *testing.T) {
	j := newRefreshJudge(t, func(s *authjwt.Settings) { s.EncodeAudience = []string{"api", "mobile"} })
	token, err := j.m.CreateRefreshToken("alice")
	require.NoError(t, err)
	assert.Equal(t, []string{"api", "mobile"}, j.accepts(t, token).Audience)
	foreign, err := j.m.CreateRefreshToken("alice", authjwt.WithAudience("elsewhere"))
	require.NoError(t, err)
	j.refuses(t, foreign, foreignAud, jwt.ErrTokenInvalidAudience)
	for _, wrong := range [][]string{nil, {""}, {"api", ""}, {"\xff"}} {
		_, err := j.m.CreateRefreshToken("alice", authjwt.WithAudience(wrong...))
		assert.ErrorContains(t, err, "WithAudience")
	}
}

func TestT17_Issuer(t *testing.T) {
	const issuer = "https://id.example"
	expecting := func(s *authjwt.Settings) { s.DecodeIssuer = issuer }
	silent := func(*authjwt.Settings) {}
	for _, row := range []struct {
		name  string
		edit  func(s *authjwt.Settings)
		iss   string // JSON text; empty: absent
		want  outcome
		cause error
		twin  string
	}{
		{"missing", expecting, ``, noIssuer, jwt.ErrTokenRequiredClaimMissing, `"https://id.example"`},
		{"null", expecting, `null`, foreignIss, jwt.ErrTokenInvalidIssuer, `"https://id.example"`},
		{"empty", expecting, `""`, foreignIss, jwt.ErrTokenInvalidIssuer, `"https://id.example"`},
		{"prefix", expecting, `"https://id.exampl"`, foreignIss, jwt.ErrTokenInvalidIssuer, `"https://id.example"`},
		{"ours is its prefix", expecting, `"https://id.example.evil"`, foreignIss, jwt.ErrTokenInvalidIssuer, `"https://id.example"`},
		{"suffix", expecting, `"id.example"`, foreignIss, jwt.ErrTokenInvalidIssuer, `"https:\/\/id.example"`},
		{"slash", expecting, `"https://id.example/"`, foreignIss, jwt.ErrTokenInvalidIssuer, `"https://id.example"`},
		{"case", expecting, `"https://ID.example"`, foreignIss, jwt.ErrTokenInvalidIssuer, `"https://id.example"`},
		{"blank", expecting, `" https://id.example"`, foreignIss, jwt.ErrTokenInvalidIssuer, `"https://id.example"`},
		{"NUL", expecting, `"https://id.example\u0000"`, foreignIss, jwt.ErrTokenInvalidIssuer, `"https://id.\u0065xample"`},
		{"array", expecting, `["https://id.example"]`, foreignIss, jwt.ErrTokenInvalidIssuer, `"https://id.example"`},
		{"array of two", expecting, `["https://evil","https://id.example"]`, foreignIss, jwt.ErrTokenInvalidIssuer, `"https://id.example"`},
		{"object", expecting, `{"iss":"https://id.example"}`, foreignIss, jwt.ErrTokenInvalidIssuer, `"https://id.example"`},
		{"number", expecting, `1`, foreignIss, jwt.ErrTokenInvalidIssuer, `"https://id.example"`},
		{"no string, none expected", silent, `["https://id.example"]`, foreignIss, jwt.ErrTokenInvalidIssuer, `"https://id.example"`},
		{"null, none expected", silent, `null`, foreignIss, jwt.ErrTokenInvalidIssuer, ``},
	} {
		t.Run(row.name, func(t *testing.T) {
			for _, j := range []*judge{newJudge(t, row.edit), newRefreshJudge(t, row.edit)} {
				j.refuses(t, withText(t, j, "iss", row.iss), row.want, authjwt.ErrJWTDecode, row.cause)
				j.accepts(t, withText(t, j, "iss", row.twin))
			}
		})
	}
}

// Both kinds of tokens carry what both kinds of guards ask for.
func TestT17_MintedIssuer(t *testing.T) {
	for _, edit := range []func(s *authjwt.Settings){
		func(s *authjwt.Settings) { s.EncodeIssuer = "https://id.example" },
		func(s *authjwt.Settings) { s.DecodeIssuer = "https://id.example" },
	} {
		j := newRefreshJudge(t, edit)
		token, err := j.m.CreateRefreshToken("alice")
		require.NoError(t, err)
		assert.Equal(t, "https://id.example", j.accepts(t, token).Issuer)
		newJudge(t, edit).accepts(t, mustCreate(t, j.m))
		foreign, err := newManager(t).CreateRefreshToken("alice")
		require.NoError(t, err)
		j.refuses(t, foreign, noIssuer, jwt.ErrTokenRequiredClaimMissing)
		handler := guard(t, j.m.RefreshHandler(authjwt.Routes{}))
		handler.assertRefused(t, handler.do(request(http.MethodPost, "Authorization", "Bearer "+foreign)), noIssuer)
		assert.Equal(t, http.StatusOK, handler.do(request(http.MethodPost, "Authorization", "Bearer "+token)).Code)
	}
	split := func(s *authjwt.Settings) { s.EncodeIssuer, s.DecodeIssuer = "https://a.example", "https://b.example" }
	j := newJudge(t, split)
	j.refuses(t, mustCreate(t, j.m), foreignIss, jwt.ErrTokenInvalidIssuer)
}
