package authjwt_test

import (
	"encoding/json"
	"testing"

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
	for _, fresh := range []string{`"true"`, `1`, `null`, `[true]`, `[]`, `{"fresh":true}`, seconds(0), `false`, `""`, `"fresh"`} {
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
	}
	split := func(s *authjwt.Settings) { s.EncodeIssuer, s.DecodeIssuer = "https://a.example", "https://b.example" }
	j := newJudge(t, split)
	j.refuses(t, mustCreate(t, j.m), foreignIss, jwt.ErrTokenInvalidIssuer)
}

func TestT18_ReservedClaims(t *testing.T) {
	reserved := []string{"sub", "iat", "nbf", "jti", "exp", "type", "fresh", "csrf", "iss", "aud", "sid", "session_exp", "session_iat"}
	spellings := map[string]string{"Exp": "Exp_", "SUB": "SUBJECT", "ſub": "ſubject", "iſſ": "iſſue", "ſeſſion_exp": "ſession", "sEsSiOn_ExP": "session", "TYPE": "TYPES"}
	for _, name := range reserved {
		spellings[name] = name + "_"
	}
	m := newManager(t)
	create := map[string]func(claims ...any) error{
		"access":  func(claims ...any) error { return mint(m.CreateAccessToken, claims) },
		"refresh": func(claims ...any) error { return mint(m.CreateRefreshToken, claims) },
	}
	for kind, create := range create {
		for name, twin := range spellings {
			raw := func(name string) json.RawMessage { return json.RawMessage(`{"` + name + `":"mallory"}`) }
			for form, row := range map[string][2]any{
				"map":          {map[string]any{name: "mallory"}, map[string]any{twin: "mallory"}},
				"map, null":    {map[string]any{name: nil}, map[string]any{twin: nil}},
				"named map":    {jwt.MapClaims{name: "mallory"}, jwt.MapClaims{twin: "mallory"}},
				"raw":          {raw(name), raw(twin)},
				"pointer":      {&map[string]string{name: "mallory"}, &map[string]string{twin: "mallory"}},
				"between good": {map[string]any{"a": 1, name: 2, "z": 3}, map[string]any{"a": 1, twin: 2, "z": 3}},
			} {
				err := create(row[0])
				assert.ErrorContains(t, err, "is reserved", "%s, %s, %s", kind, form, name)
				assert.ErrorContains(t, err, "WithClaims")
				assert.NoError(t, create(row[1]), "%s, %s, %s", kind, form, twin)
				assert.ErrorContains(t, create(map[string]any{"role": "user"}, row[0]), "is reserved", "the second WithClaims")
			}
		}
	}
}

func mint(create func(string, ...authjwt.TokenOption) (string, error), claims []any) error {
	var opts []authjwt.TokenOption
	for _, c := range claims {
		opts = append(opts, authjwt.WithClaims(c))
	}
	_, err := create("alice", opts...)
	return err
}

type embedded struct {
	Subject string `json:"sub"`
}

// Struct fields are judged by the names they get in the token.
func TestT18_ReservedClaimsOfStructs(t *testing.T) {
	m := newManager(t)
	for name, row := range map[string][2]any{
		"tag": {struct {
			Role string `json:"type"`
		}{"admin"}, struct {
			Type string `json:"role"`
		}{"admin"}},
		"tag in capital": {struct {
			E int `json:"EXP"`
		}{1}, struct {
			E int `json:"EXPIRES"`
		}{1}},
		"field name":   {struct{ Sub string }{"mallory"}, struct{ Subj string }{"mallory"}},
		"pointer":      {&struct{ Exp int }{1}, &struct{ Expires int }{1}},
		"embedded":     {struct{ embedded }{embedded{"mallory"}}, struct{ Of embedded }{embedded{"mallory"}}},
		"registered":   {jwt.RegisteredClaims{ID: "1"}, jwt.RegisteredClaims{}},
		"escaped name": {json.RawMessage(`{"\u0073ub":"mallory"}`), json.RawMessage(`{"\u0073ubs":"mallory"}`)},
	} {
		t.Run(name, func(t *testing.T) {
			assert.ErrorContains(t, mint(m.CreateAccessToken, []any{row[0]}), "is reserved")
			assert.NoError(t, mint(m.CreateAccessToken, []any{row[1]}))
		})
	}
}

// Raw text cannot smuggle a second member past the names, and the claims of two options cannot meet.
func TestT18_ClaimsAreOneObject(t *testing.T) {
	m := newManager(t)
	for _, wrong := range []any{"text", 1, []string{"a"}, json.RawMessage(`{"a":1},"sub":"mallory"`), json.RawMessage(`{"a":1,"a":2}`), func() {}, map[string]any{"a": "\xff"}} {
		assert.ErrorContains(t, mint(m.CreateAccessToken, []any{wrong}), "WithClaims")
	}
	assert.ErrorContains(t, mint(m.CreateAccessToken, []any{map[string]any{"role": "user"}, map[string]any{"role": "admin"}}), "two of them set the same claim")
	assert.NoError(t, mint(m.CreateAccessToken, []any{map[string]any{"role": "user"}, map[string]any{"Role": "admin"}, nil, json.RawMessage(`{"a":1}`)}))
}
