package authjwt_test

import (
	"encoding/base64"
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

// payloadOf is that of a good token of a type, with the member in the place of the claim; empty: without it.
func payloadOf(kind, name, member string) string {
	changes := claim{"type": kind, "fresh": nil}
	changes[name] = nil
	if member == "" {
		return payloadWith(changes)
	}
	return strings.TrimSuffix(payloadWith(changes), "}") + `,"` + name + `":` + member + "}"
}

func TestPresets_ForeignForms(t *testing.T) {
	access, refresh := "access", "refresh"
	for _, row := range []struct {
		name           string
		kind, claim    string
		good, goodPath string
		bad, badPath   string // its twin
		refusal        string // of FastAPIJWTAuth
	}{
		{"exp with a fraction (FastJWT, authx)", access, "exp", "1772366460.123456", "/protected", "1772366400.999999", "/protected", "Signature has expired"},
		{"exp in its first second", access, "exp", "1772366401.0", "/protected", "1772366400.0", "/protected", "Signature has expired"},
		{"exp with an exponent", access, "exp", "1.77236646e9", "/protected", "1.7723664e9", "/protected", "Signature has expired"},
		{"exp is no text", access, "exp", "1772366460.5", "/protected", `"1772366460.5"`, "/protected", "Expiration Time claim (exp) must be an integer."},
		{"iat with a fraction", access, "iat", "1772366400.999", "/protected", "1772366406.0", "/protected", "The token is not yet valid (iat)"},
		{"nbf with a fraction", access, "nbf", "1772366400.999", "/protected", "1772366406.0", "/protected", "The token is not yet valid (nbf)"},
		{"no nbf (FastJWT, authx)", access, "nbf", "", "/protected", "1772366406", "/protected", "The token is not yet valid (nbf)"},
		{"no nbf on a refresh token", refresh, "nbf", "", "/renewal", "1772366406", "/renewal", "The token is not yet valid (nbf)"},
		{"scopes, a list (authx)", access, "scopes", `["b","a"]`, "/scoped", `["b","A"]`, "/scoped", "The token lacks a required scope"},
		{"scope", access, "scope", `"b a"`, "/scoped", `"b A"`, "/scoped", "The token lacks a required scope"},
		{"fresh as a date (flask-jwt-extended)", access, "fresh", "1772366460", "/protected", "1772366460", "/fresh", "Fresh token required"},
		{"fresh", access, "fresh", "true", "/fresh", `"true"`, "/fresh", "Fresh token required"},
		{"fresh on a refresh token (flask-jwt-extended)", refresh, "fresh", "false", "/renewal", "false", "/protected", "Only access tokens are allowed"},
		{"fresh on a fresh refresh token", refresh, "fresh", "true", "/renewal", "true", "/fresh", "Only access tokens are allowed"},
		{"jti of any text", access, "jti", `"x"`, "/protected", "null", "/protected", "JWT ID claim (jti) must be a string."},
		{"empty csrf (authx)", access, "csrf", `""`, "/protected", `""`, "/renewal", "Only refresh tokens are allowed"},
	} {
		good := compact(t, "HS256", headerHS256, payloadOf(row.kind, row.claim, row.good))
		bad := compact(t, "HS256", headerHS256, payloadOf(row.kind, row.claim, row.bad))
		for name, preset := range presets {
			t.Run(row.name+"/"+name, func(t *testing.T) {
				s := newPresetService(t, preset)
				s.inCookie = name == "OAuth2Cookie"
				assert.Equal(t, `{"user":"alice"}`, s.do(s.with(row.goodPath, good)).Body.String())
				rec := s.do(s.with(row.badPath, bad))
				assert.GreaterOrEqual(t, rec.Code, 401, rec.Body)
				if name == "FastAPIJWTAuth" {
					assert.Equal(t, detail(row.refusal), rec.Body.String())
				}
			})
		}
	}
}

// An empty csrf claim, which authx gives to tokens of headers, is no value that a request could bring.
func TestPresets_EmptyCSRFClaim(t *testing.T) {
	for _, name := range []string{"FastAPIJWTAuth", "FastJWT"} {
		s := newPresetService(t, presets[name], locatedAt(authjwt.Headers, authjwt.Cookies))
		for claimed, values := range map[string]map[string]bool{`""`: {"": false, "x": false, `""`: false}, `"x"`: {"": false, "X": false, "x": true}} {
			token := compact(t, "HS256", headerHS256, payloadOf("access", "csrf", claimed))
			assert.Equal(t, 200, s.do(to("POST", "/protected", "Authorization", "Bearer "+token)).Code, name)
			for value, accepted := range values {
				rec := s.do(to("POST", "/protected", "Cookie", accessCookie+"="+token, "X-CSRF-Token", value))
				assert.Equal(t, accepted, rec.Code == 200, "%s: claim %s, value %q", name, claimed, value)
			}
		}
	}
}

// A token without type counts under OAuth2Cookie alone, as an access token that is not fresh, and never for renewal.
func TestPresets_UntypedTokens(t *testing.T) {
	tutorial := compact(t, "HS256", headerHS256, `{"sub":"alice","exp":1772366460}`)
	for name, accepted := range map[string]bool{"FastAPIJWTAuth": false, "FastJWT": false, "OAuth2Cookie": true} {
		s := newPresetService(t, presets[name], noDenylist)
		s.inCookie = name == "OAuth2Cookie"
		assert.Equal(t, accepted, s.do(s.with("/protected", tutorial)).Code == 200, name)
		assert.Equal(t, accepted, s.do(s.with("/optional", tutorial)).Code == 200, name)
		for path, payload := range map[string]string{
			"/renewal":   `{"sub":"alice","exp":1772366460}`,
			"/fresh":     `{"sub":"alice","exp":1772366460,"fresh":true}`,
			"/protected": `{"sub":"alice"}`,
			"/optional":  `{"exp":1772366460}`,
		} {
			rec := s.do(s.with(path, compact(t, "HS256", headerHS256, payload)))
			assert.Contains(t, []int{401, 422}, rec.Code, "%s %s", name, payload)
		}
	}
	withID := compact(t, "HS256", headerHS256, `{"sub":"alice","exp":1772366460,"jti":"a"}`)
	for _, denylist := range []func(s *authjwt.Settings){ // without jti it could never be revoked
		func(s *authjwt.Settings) { s.Store, s.TokenInDenylist = new(authjwt.MemoryStore), nil },
		func(s *authjwt.Settings) { s.TokenInDenylist = knownSubjects },
	} {
		s := newPresetService(t, authjwt.OAuth2Cookie, denylist)
		s.inCookie = true
		assert.Equal(t, 401, s.do(s.with("/protected", tutorial)).Code)
		assert.Equal(t, 200, s.do(s.with("/protected", withID)).Code)
	}
}

func noDenylist(s *authjwt.Settings) { s.TokenInDenylist = nil }

// T13: an integer is a subject in the FastAPI preset alone, or by its setting.
func TestT13_IntegerSubjects(t *testing.T) {
	numbers := map[string]string{ // by what it is in JSON; empty: refused
		"1": "1", "0": "0", "-1": "-1", "9007199254740993": "9007199254740993", "-9007199254740993": "-9007199254740993",
		"18446744073709551616": "18446744073709551616", "340282366920938463463374607431768211457": "340282366920938463463374607431768211457",
		`"1"`: "1", `"1.0"`: "1.0",
		"1.0": "", "1.5": "", "1e3": "", "1E3": "", "1e0": "", "-1.0": "", "-0": "", "-0.0": "", "true": "", "false": "", "null": "", `""`: "", "[1]": "", `{"a":1}`: "",
	}
	for name, reads := range map[string]bool{"FastAPIJWTAuth": true, "FastJWT": false, "OAuth2Cookie": false} {
		m := newManager(t, using(presets[name]))
		set := newManager(t, using(presets[name]), func(s *authjwt.Settings) { s.IntegerSubjects = true })
		for text, subject := range numbers {
			for _, kind := range []authjwt.TokenType{authjwt.Access, authjwt.Refresh} {
				raw := compact(t, "HS256", headerHS256, payloadOf(string(kind), "sub", text))
				token, err := set.Verify(t.Context(), raw, kind)
				if subject == "" {
					assert.ErrorIs(t, err, authjwt.ErrJWTDecode, "%s: %s", name, text)
					var e *authjwt.Error
					require.ErrorAs(t, err, &e)
					assert.Equal(t, "Subject claim (sub) must be a string.", e.Detail, text)
				} else if assert.NoError(t, err, text) {
					assert.Equal(t, subject, token.Subject)
				}
				_, err = m.Verify(t.Context(), raw, kind)
				assert.Equal(t, subject != "" && (reads || text[0] == '"'), err == nil, "%s: %s", name, text)
			}
		}
	}
}

// A number and its text are one subject: to a denylist, to RevokeSubject, and after a refresh.
func TestT13_IntegerSubjectsAreTheirText(t *testing.T) {
	s := newService(t, func(set *authjwt.Settings) { set.IntegerSubjects = true })
	python := func(kind string, iat int64) string {
		return signedClaims(t, claims(claim{"sub": int64(9007199254740993), "type": kind, "jti": "a-" + kind, "iat": iat}))
	}
	rec := s.do("GET", "/protected", python("access", testNow.Unix()))
	assert.Equal(t, "9007199254740993", rec.Body.String())
	next := s.refresh(t, python("refresh", testNow.Unix()))
	assert.Regexp(t, regexp.QuoteMeta(`{"sub":"9007199254740993",`), goldenToken(t, next.Access))
	assert.Regexp(t, regexp.QuoteMeta(`{"sub":"9007199254740993",`), goldenToken(t, next.Refresh))
	require.NoError(t, s.auth.RevokeSubject(t.Context(), "9007199254740993"))
	assert.Equal(t, 401, s.do("GET", "/protected", python("access", testNow.Unix())).Code)
	s.refuses(t, next)
	assert.Equal(t, 200, s.do("GET", "/protected", python("access", testNow.Unix()+1)).Code, "made after it")
}

// assertForPython checks what PyJWT demands: 1.7 of kid, dates, iss and aud, 2.10 of sub and jti, too; and that dates
// are whole numbers, as RFC 7519 has them.
func assertForPython(t *testing.T, raw string) {
	t.Helper()
	var text [2]map[string]json.RawMessage
	for i, segment := range strings.Split(raw, ".")[:2] {
		octets, err := base64.RawURLEncoding.Strict().DecodeString(segment)
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(octets, &text[i]))
	}
	header, payload := text[0], text[1]
	assert.Equal(t, `"JWT"`, string(header["typ"]))
	for name, parameter := range header {
		assert.Equal(t, byte('"'), parameter[0], "header %s", name)
	}
	for _, name := range []string{"sub", "jti", "type"} {
		assert.Regexp(t, `^".+"$`, string(payload[name]), name)
	}
	for _, name := range []string{"iss", "csrf", "sid"} {
		if value, ok := payload[name]; ok {
			assert.Regexp(t, `^".+"$`, string(value), name)
		}
	}
	for _, name := range []string{"iat", "exp"} {
		assert.Contains(t, payload, name)
	}
	for _, name := range []string{"iat", "exp", "nbf", "session_exp"} {
		if value, ok := payload[name]; ok {
			assert.Regexp(t, `^[1-9]\d*$`, string(value), name)
		}
	}
	if aud, ok := payload["aud"]; ok {
		assert.Regexp(t, `^("[^"]+"|\["[^"]+"(,"[^"]+")*\])$`, string(aud))
	}
}

func TestPresets_WritesForPython(t *testing.T) {
	for name, preset := range presets {
		for _, edit := range []func(s *authjwt.Settings){
			func(*authjwt.Settings) {}, locatedAt(allLocations...), inMemory, signsWith("RS256"),
			func(s *authjwt.Settings) { s.EncodeIssuer, s.EncodeAudience = "us", []string{"us"} },
			func(s *authjwt.Settings) { s.EncodeAudience, s.KeyID = []string{"us", "them"}, "k" },
			later(999_999_999),
		} {
			m := newManager(t, using(preset), edit)
			c := testContext()
			pair, err := m.Bind(c).Login("42")
			require.NoError(t, err, name)
			assertForPython(t, pair.AccessToken)
			assertForPython(t, pair.RefreshToken)
			assertForPython(t, mustCreate(t, m, authjwt.WithFresh(), authjwt.WithGrantedScopes("a")))
		}
	}
}
