package authjwt_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

// refreshOf makes a refresh token.
func refreshOf(tb testing.TB, m *authjwt.Manager) string {
	tb.Helper()
	token, err := m.CreateRefreshToken("alice")
	require.NoError(tb, err)
	return token
}

func ofUs(s *authjwt.Settings) { s.EncodeIssuer = "us" }

func noRefreshIssuer(s *authjwt.Settings) { s.InsecureNoRefreshIssuer = true }

// With InsecureNoRefreshIssuer the guard decides whether iss is looked at: a refresh token at an access guard is refused
// for its issuer, an access token of another issuer at a refresh guard for its type, as in fastapi-jwt-auth.
func TestInsecureNoRefreshIssuer(t *testing.T) {
	missing, wrong := inv("token_issuer_invalid", `Token is missing the "iss" claim`), inv("token_issuer_invalid", "Invalid issuer")
	none := outcome{}
	for _, row := range []struct {
		name            string
		kind            string
		issuer          any
		access, renewal outcome // none: accepted
		strict          outcome // without the setting, at the guard of its type
	}{
		{"access, ours", "access", "us", none, notRefresh, none},
		{"access, another's", "access", "them", wrong, notRefresh, wrong},
		{"access, none", "access", nil, missing, notRefresh, missing},
		{"access, no text", "access", 1, wrong, notRefresh, wrong},
		{"refresh, ours", "refresh", "us", notAccess, none, none},
		{"refresh, another's", "refresh", "them", wrong, none, wrong},
		{"refresh, none", "refresh", nil, missing, none, missing},
		{"neither, ours", "other", "us", notAccess, notRefresh, notAccess},
		{"neither, another's", "other", "them", wrong, notRefresh, wrong},
	} {
		t.Run(row.name, func(t *testing.T) {
			token := signedClaims(t, claims(claim{"type": row.kind, "iss": row.issuer}))
			access, renewal := newJudge(t, ofUs, noRefreshIssuer), newRefreshJudge(t, ofUs, noRefreshIssuer)
			strict := newJudge(t, ofUs)
			if row.kind == "refresh" {
				strict = newRefreshJudge(t, ofUs)
			}
			for _, at := range []struct {
				*judge
				want outcome
			}{{access, row.access}, {strict, row.strict}} {
				if at.want == none {
					at.accepts(t, token)
				} else {
					at.refuses(t, token, at.want)
				}
			}
			if row.renewal == none {
				renewal.accepts(t, token)
			} else {
				renewal.refuses(t, token, row.renewal, authjwt.ErrRefreshTokenRequired)
			}
			for _, guardian := range []gin.HandlerFunc{access.m.Optional(), access.m.FreshRequired()} {
				if access.guardWith(t, guardian); row.access != none {
					access.guardRefuses(t, token, row.access)
				}
			}
		})
	}
}

// Where no issuer is expected, none is told of.
func TestInsecureNoRefreshIssuer_WithoutIssuer(t *testing.T) {
	j := newJudge(t, noRefreshIssuer)
	for _, issuer := range []any{nil, "us"} {
		j.accepts(t, signedClaims(t, claims(claim{"iss": issuer})))
		j.refuses(t, signedClaims(t, claims(claim{"iss": issuer, "type": "refresh"})), notAccess, authjwt.ErrAccessTokenRequired)
	}
}

// Both types come from one place, and a session works without an issuer on its refresh tokens.
func TestInsecureNoRefreshIssuer_Sessions(t *testing.T) {
	for _, insecure := range []bool{true, false} {
		s := newService(t, ofUs, func(set *authjwt.Settings) { set.InsecureNoRefreshIssuer = insecure })
		pair := s.login(t)
		for range 3 {
			assert.Regexp(t, `"iss":"us"`, goldenToken(t, pair.Access))
			assert.Equal(t, map[bool]any{true: nil, false: "us"}[insecure], s.claims(t, pair.Refresh)["iss"])
			s.accepts(t, pair)
			pair = s.refresh(t, pair.Refresh)
			require.NotEmpty(t, pair.Refresh)
		}
		require.Equal(t, http.StatusOK, s.do("DELETE", "/logout", pair.Refresh).Code)
		s.refuses(t, pair)
	}
}

func TestNoIssuer(t *testing.T) {
	encode := func(issuer string) func(s *authjwt.Settings) {
		return func(s *authjwt.Settings) { s.EncodeIssuer = issuer }
	}
	decode := func(issuer string) func(s *authjwt.Settings) {
		return func(s *authjwt.Settings) { s.DecodeIssuer = issuer }
	}
	const no = authjwt.NoIssuer
	nothing := func(*authjwt.Settings) {}
	for _, row := range []struct {
		name           string
		encode, decode func(s *authjwt.Settings)
		written        string
		none, us, them bool // accepted
	}{
		{"neither", nothing, nothing, "", true, true, true},
		{"encode us", encode("us"), nothing, "us", false, true, false},
		{"decode us", nothing, decode("us"), "us", false, true, false},
		{"encode us, decode none", encode("us"), decode(no), "us", true, true, true},
		{"encode none, decode us", encode(no), decode("us"), "", false, true, false},
		{"encode none", encode(no), nothing, "", true, true, true},
		{"decode none", nothing, decode(no), "", true, true, true},
		{"both none", encode(no), decode(no), "", true, true, true},
		{"encode them, decode us", encode("them"), decode("us"), "them", false, true, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			j := newJudge(t, row.encode, row.decode)
			for _, token := range []string{mustCreate(t, j.m), refreshOf(t, j.m)} {
				if row.written == "" {
					assert.NotContains(t, goldenToken(t, token), `"iss"`)
				} else {
					assert.Contains(t, goldenToken(t, token), `"iss":"`+row.written+`"`)
				}
			}
			for issuer, accepted := range map[any]bool{nil: row.none, "us": row.us, "them": row.them, no: row.them, 1: false, "": row.them} {
				for _, kind := range []authjwt.TokenType{authjwt.Access, authjwt.Refresh} {
					token := signedClaims(t, claims(claim{"iss": issuer, "type": string(kind)}))
					_, err := j.m.Verify(t.Context(), token, kind)
					assert.Equal(t, accepted, err == nil, "%s token of %v: %v", kind, issuer, err)
				}
			}
		})
	}
}

func TestEncodeAudience_Empty(t *testing.T) {
	us, empty := []string{"us"}, []string{}
	for _, row := range []struct {
		name                   string
		encode, decode         []string
		written                string
		none, toUs, toThem, it bool // accepted; it: its own
	}{
		{"neither", nil, nil, "", true, false, false, true},
		{"encode", us, nil, `,"aud":"us"`, false, true, false, true},
		{"decode", nil, us, `,"aud":"us"`, false, true, false, true},
		{"decode, encode empty", empty, us, "", false, true, false, false},
		{"encode empty", empty, nil, "", true, false, false, true},
		{"encode them, decode us", []string{"them"}, us, `,"aud":"them"`, false, true, false, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			j := newJudge(t, func(s *authjwt.Settings) { s.EncodeAudience, s.DecodeAudience = row.encode, row.decode })
			own := mustCreate(t, j.m)
			assert.Regexp(t, `"fresh":false`+row.written+`}$`, goldenToken(t, own))
			assert.Regexp(t, `"type":"refresh"`+row.written+`}$`, goldenToken(t, refreshOf(t, j.m)))
			for token, accepted := range map[string]bool{
				own: row.it, signedClaims(t, claims(nil)): row.none, signedClaims(t, claims(claim{"aud": "us"})): row.toUs,
				signedClaims(t, claims(claim{"aud": "them"})): row.toThem, mustCreate(t, j.m, authjwt.WithAudience("us")): row.toUs,
				mustCreate(t, j.m, authjwt.WithAudience("them", "us")): row.toUs,
			} {
				_, err := j.m.Verify(t.Context(), token, authjwt.Access)
				assert.Equal(t, accepted, err == nil, "%v: %s", err, goldenToken(t, token))
				if err != nil {
					assert.ErrorIs(t, err, authjwt.ErrJWTDecode)
				}
			}
		})
	}
	s := authjwt.Settings{SecretKey: testSecret, DecodeAudience: empty}
	_, err := authjwt.New(s)
	assert.ErrorContains(t, err, "DecodeAudience")
	s.DecodeAudience, s.EncodeAudience = nil, empty
	_, err = authjwt.New(s)
	assert.NoError(t, err)
}

// DenylistEnabled demands that there is something to ask, and changes nothing else: what is there is asked anyway.
func TestDenylistEnabled(t *testing.T) {
	denylist := func(s *authjwt.Settings) { s.TokenInDenylist = knownSubjects }
	for _, enabled := range []bool{true, false} {
		enable := func(s *authjwt.Settings) { s.DenylistEnabled = enabled }
		_, err := authjwt.New(authjwt.Settings{SecretKey: testSecret, DenylistEnabled: enabled})
		assert.Equal(t, enabled, err != nil)
		if enabled {
			assert.EqualError(t, err, "authjwt: Settings.DenylistEnabled: there is nothing to ask; set Store or TokenInDenylist")
		}
		j := newJudge(t, denylist, enable)
		j.accepts(t, signedClaims(t, claims(nil)))
		j.refuses(t, signedClaims(t, claims(claim{"sub": "mallory"})), revoked, authjwt.ErrRevokedToken)
		j.refuses(t, signedClaims(t, claims(claim{"sub": "trent"})), down, authjwt.ErrUnavailable)
		j.refuses(t, signedClaims(t, claims(claim{"jti": nil})), inv("token_claims_invalid", `Token is missing the "jti" claim`), jwt.ErrTokenRequiredClaimMissing)

		s := newService(t, enable)
		pair := s.login(t)
		s.accepts(t, pair)
		require.Equal(t, http.StatusOK, s.do("DELETE", "/logout", pair.Access).Code)
		s.refuses(t, pair)
	}
	refreshOnly := newJudge(t, denylist, func(s *authjwt.Settings) {
		s.DenylistEnabled, s.DenylistTokenChecks = true, []authjwt.TokenType{authjwt.Refresh}
	})
	refreshOnly.accepts(t, signedClaims(t, claims(claim{"sub": "mallory"})))
}

func TestOmitNotBefore(t *testing.T) {
	for _, omit := range []bool{true, false} {
		s := newService(t, func(set *authjwt.Settings) { set.OmitNotBefore = omit })
		pair := s.login(t)
		check := func(pair tokens) {
			for _, raw := range []string{pair.Access, pair.Refresh} {
				c := s.claims(t, raw)
				assert.Equal(t, omit, c["nbf"] == nil)
				assert.NotNil(t, c["iat"])
			}
			s.accepts(t, pair)
		}
		check(pair)
		check(s.refresh(t, pair.Refresh))
		require.NoError(t, s.auth.RevokeSubject(t.Context(), "alice"))
		s.refuses(t, pair)
		pair = s.login(t) // in the same second, and dated after it
		check(pair)
		assert.Equal(t, seconds(time.Second), fmt.Sprint(s.claims(t, pair.Access)["iat"]))
	}
	// What others write counts all the same.
	j := newJudge(t, func(s *authjwt.Settings) { s.OmitNotBefore = true })
	j.accepts(t, signedClaims(t, claims(claim{"nbf": testNow.Unix() + 5})))
	j.refuses(t, signedClaims(t, claims(claim{"nbf": testNow.Unix() + 6})), earlyNbf, jwt.ErrTokenNotValidYet)
	assert.True(t, must(j.m.Verify(t.Context(), mustCreate(t, j.m), authjwt.Access)).NotBefore.IsZero())
}

func TestInsecureAccessTokenInBody(t *testing.T) {
	cookie, both := []authjwt.Location{authjwt.Cookies}, []authjwt.Location{authjwt.Cookies, authjwt.Headers}
	const values = `"csrf_access_token":"<csrf of access>","csrf_refresh_token":"<csrf of refresh>",`
	for _, row := range []struct {
		name           string
		locations      []authjwt.Location
		insecure       bool
		store          bool
		login, refresh string
	}{
		{"off", cookie, false, false, `{"msg":"Successfully login",` + values, `{"msg":"The token has been refresh","csrf_access_token":"<csrf of access>",`},
		{"on", cookie, true, false, `{"access_token":"<access>","token_type":"bearer",` + values, `{"access_token":"<access>","token_type":"bearer","csrf_access_token":"<csrf of access>",`},
		{"off, Store", cookie, false, true, `{"msg":"Successfully login",` + values, `{"msg":"The token has been refresh",` + values},
		{"on, Store", cookie, true, true, `{"access_token":"<access>","token_type":"bearer",` + values, `{"access_token":"<access>","token_type":"bearer",` + values},
		{"on, beside Query", []authjwt.Location{authjwt.Cookies, authjwt.Query}, true, false, `{"access_token":"<access>","token_type":"bearer",` + values,
			`{"access_token":"<access>","token_type":"bearer","csrf_access_token":"<csrf of access>",`},
		{"off, beside Headers", both, false, true, `{"access_token":"<access>","refresh_token":"<refresh>","token_type":"bearer",` + values,
			`{"msg":"The token has been refresh",` + values},
		{"on, beside Headers", both, true, true, `{"access_token":"<access>","refresh_token":"<refresh>","token_type":"bearer",` + values,
			`{"access_token":"<access>","token_type":"bearer",` + values},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := newPresetService(t, func() authjwt.Settings { return authjwt.Settings{} }, locatedAt(row.locations...), func(set *authjwt.Settings) {
				if set.InsecureAccessTokenInBody = row.insecure; row.store {
					set.Store = new(authjwt.MemoryStore)
				}
			})
			rec := s.do(submitting("/login", formBody, asAlice))
			assert.Contains(t, goldenAnswer(t, rec), "\n\n"+row.login+`"expires_in":900}`)
			cookies := setCookies(t, rec)
			rec = s.do(to("POST", "/refresh", "Cookie", refreshCookie+"="+cookies[2].Value, "X-CSRF-Token", cookies[3].Value))
			assert.Contains(t, goldenAnswer(t, rec), "\n\n"+row.refresh+`"expires_in":900}`)
		})
	}
}
