package authjwt_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

// likePython makes a Manager with the preset for fastapi-jwt-auth, and tokens in headers and cookies.
func likePython(tb testing.TB, edit ...func(s *authjwt.Settings)) *authjwt.Manager {
	tb.Helper()
	return newManager(tb, append([]func(s *authjwt.Settings){func(s *authjwt.Settings) {
		clock := s.Now
		*s = authjwt.FastAPIJWTAuth()
		s.SecretKey, s.Now, s.TokenLocation = testSecret, clock, []authjwt.Location{authjwt.Headers, authjwt.Cookies}
	}}, edit...)...)
}

// answers checks the status that a route with this guard answers to a request.
func answers(t *testing.T, status int, guarding gin.HandlerFunc, req *http.Request) {
	t.Helper()
	rec := guard(t, guarding).do(req)
	assert.Equal(t, status, rec.Code, "%s %v: %s", req.Method, req.Header, rec.Body)
}

// bearing is a GET with the token in the header.
func bearing(token string) *http.Request { return request("GET", "Authorization", "Bearer "+token) }

// tokensWith checks that tokens with these claims are refused with 422, and without them are not.
func tokensWith(changes ...map[string]any) func(t *testing.T) {
	return func(t *testing.T) {
		m := likePython(t)
		answers(t, 200, m.Required(), bearing(signedClaims(t, claims(nil))))
		for _, change := range changes {
			answers(t, 422, m.Required(), bearing(signedClaims(t, claims(change))))
		}
	}
}

type claim = map[string]any

// differences are the rows of the page's table by their first cells: the entries of quirks.json that they tell of, and
// what holds them to the code. A row without a check is about Python alone, or held by the compiler.
var differences = map[string]struct {
	quirks string
	check  func(t *testing.T)
}{
	"accepts one without `exp`, or in the second of its `exp`": {"Q26 Q28", tokensWith(claim{"exp": nil}, claim{"exp": testNow.Unix()})},
	"accepts an `iat` ahead":                                   {"Q29", tokensWith(claim{"iat": testNow.Unix() + 1, "nbf": nil})},
	"accepts no `sub`, or null, empty, boolean, structured ones": {"Q47 Q23", func(t *testing.T) {
		tokensWith(claim{"sub": nil}, claim{"sub": ""}, claim{"sub": true}, claim{"sub": []string{"alice"}}, claim{"sub": json.RawMessage("null")})(t)
		m := likePython(t)
		answers(t, 200, m.Required(), bearing(signedClaims(t, claims(claim{"sub": 1}))))
	}},
	"accepts times as texts and booleans, and any true `fresh`: `\"false\"`": {"Q27 Q46", func(t *testing.T) {
		tokensWith(claim{"exp": "9999999999"}, claim{"exp": true}, claim{"iat": "1"}, claim{"nbf": false})(t)
		m := likePython(t)
		answers(t, 401, m.FreshRequired(), bearing(signedClaims(t, claims(claim{"fresh": "false"}))))
		answers(t, 200, m.FreshRequired(), bearing(signedClaims(t, claims(claim{"fresh": true}))))
	}},
	"ignores `crit` and `b64`": {"Q32", func(t *testing.T) {
		m, payload := likePython(t), string(must(json.Marshal(claims(nil))))
		answers(t, 200, m.Required(), bearing(compact(t, "HS256", `{"alg":"HS256"}`, payload)))
		answers(t, 422, m.Required(), bearing(compact(t, "HS256", `{"alg":"HS256","crit":["exp"]}`, payload)))
		answers(t, 422, m.Required(), bearing(compact(t, "HS256", `{"alg":"HS256","b64":true}`, payload)))
	}},
	"accepts stray characters in base64, and a name twice in JSON": {"Q30", func(t *testing.T) {
		m, payload := likePython(t), string(must(json.Marshal(claims(nil))))
		answers(t, 422, m.Required(), bearing(compact(t, "HS256", headerHS256, payload)+"="))
		answers(t, 422, m.Required(), bearing(compact(t, "HS256", headerHS256, `{"sub":"bob",`+payload[1:])))
	}},
	"`jwt_optional` looks at no issuer": {"Q05", func(t *testing.T) {
		m := likePython(t, func(s *authjwt.Settings) { s.EncodeIssuer, s.DecodeIssuer = "us", "us" })
		answers(t, 200, m.Optional(), bearing(mustCreate(t, m)))
		answers(t, 422, m.Optional(), bearing(signedClaims(t, claims(claim{"iss": "them"}))))
	}},
	"500 for an odd `alg`, or without `type`, or without `jti` where there is a denylist": {"Q03 Q04 Q38", func(t *testing.T) {
		answers(t, 422, likePython(t).Required(), bearing("e30.e30."))
		tokensWith(claim{"type": nil})(t)
		answers(t, 422, likePython(t, inMemory).Required(), bearing(signedClaims(t, claims(claim{"jti": nil}))))
		answers(t, 401, likePython(t).FreshRequired(), bearing(signedClaims(t, claims(claim{"fresh": nil}))))
	}},
	"quotes Python's messages about JSON and numbers": {"Q31", nil}, // docs/errors.md has all of ours
	"takes the CSRF value for enough, from any origin, and a login from anywhere": {"", func(t *testing.T) {
		m := likePython(t)
		token, value := newPair(t, m)
		answers(t, 200, m.Required(), withCookie("POST", token, value, "Origin", "https://example.com"))
		answers(t, 401, m.Required(), withCookie("POST", token, value, "Origin", "https://evil.example"))
		answers(t, 401, m.LoginHandler(loginAs("alice")), request("POST", "Origin", "https://evil.example"))
	}},
	"wants the CSRF value for POST, PUT, PATCH, DELETE": {"", func(t *testing.T) {
		for due, set := range map[bool][]string{true: nil, false: {"POST"}} {
			m, c := likePython(t, func(s *authjwt.Settings) { s.CSRFMethods = set }), testContext()
			c.Request = withCookie("QUERY", mustCreate(t, m), "")
			assert.Equal(t, due, errors.Is(m.Bind(c).JWTRequired(), authjwt.ErrCSRF))
		}
	}},
	"500 for a CSRF value, or claim, that is no ASCII text": {"Q21", func(t *testing.T) {
		m := likePython(t)
		answers(t, 401, m.Required(), withCookie("POST", mustCreate(t, m), "é"))
		answers(t, 422, m.Required(), withCookie("POST", signedClaims(t, claims(claim{"csrf": 1})), "1"))
	}},
	"takes the last of several cookies of one name, the first of several Authorization fields": {"Q20", func(t *testing.T) {
		m := likePython(t)
		a, b := mustCreate(t, m), mustCreate(t, m)
		answers(t, 422, m.Required(), withCookie("GET", a+"; access_token_cookie="+b, ""))
		answers(t, 200, m.Required(), withCookie("GET", a+"; access_token_cookie="+a, ""))
		answers(t, 422, m.Required(), request("GET", "Authorization", "Bearer "+a, "Authorization", "Bearer "+a))
	}},
	"takes the scheme as `Bearer` alone, and after it any Unicode blank": {"Q11 Q13", func(t *testing.T) {
		m := likePython(t)
		token := mustCreate(t, m)
		answers(t, 200, m.Required(), request("GET", "Authorization", "bEARER \t"+token))
		answers(t, 422, m.Required(), request("GET", "Authorization", "Bearer\u00a0"+token))
	}},
	"refuses another scheme everywhere, at the login, too": {"Q12", func(t *testing.T) {
		m := likePython(t)
		answers(t, 200, m.Optional(), request("GET", "Authorization", "Basic eA=="))
		answers(t, 200, m.LoginHandler(loginAs("alice")), request("POST", "Authorization", "Basic eA=="))
		answers(t, 200, m.Required(), withCookie("GET", mustCreate(t, m), "", "Authorization", "Basic eA=="))
		answers(t, 422, m.Required(), request("GET", "Authorization", "Basic eA=="))
	}},
	"a WebSocket takes cookies where they are no location, and ignores Authorization": {"Q41 Q42", func(t *testing.T) {
		m := likePython(t, func(s *authjwt.Settings) { s.TokenLocation = nil })
		answers(t, 401, m.Required(), withCookie("GET", mustCreate(t, m), "", "Upgrade", "websocket"))
		answers(t, 200, m.Required(), request("GET", "Upgrade", "websocket", "Authorization", "Bearer "+mustCreate(t, m)))
	}},
	"a WebSocket asks for no origin, with CSRF protection off": {"Q55", func(t *testing.T) {
		m := likePython(t, func(s *authjwt.Settings) { s.InsecureDisableCSRF = true })
		answers(t, 200, m.Required(), withCookie("GET", mustCreate(t, m), "", "Upgrade", "websocket", "Origin", "https://example.com"))
		answers(t, 401, m.Required(), withCookie("GET", mustCreate(t, m), "", "Upgrade", "websocket", "Origin", "https://evil.example"))
	}},
	"`status_code` 1008 on a WebSocket": {"Q44", func(t *testing.T) {
		m := likePython(t)
		answers(t, 401, func(c *gin.Context) { _ = m.Bind(c).JWTRequired(authjwt.WithToken("")) }, request("GET", "Upgrade", "websocket"))
	}},
	"getters work without a guard, or after its refusal; on a WebSocket the subject is `None`": {"Q39 Q43", func(t *testing.T) {
		m := likePython(t)
		token := mustCreate(t, m)
		subject := func(guard func(a *authjwt.AuthJWT)) (found string) {
			c := testContext()
			c.Request.Header.Set("Authorization", "Bearer "+token)
			guard(m.Bind(c))
			return m.Bind(c).Subject()
		}
		assert.Empty(t, subject(func(*authjwt.AuthJWT) {}))
		assert.Empty(t, subject(func(a *authjwt.AuthJWT) { _ = a.JWTRefreshTokenRequired() }))
		assert.Equal(t, "alice", subject(func(a *authjwt.AuthJWT) { _ = a.JWTRequired(authjwt.WithToken(token)) }))
	}},
	"says nothing to caches": {"", func(t *testing.T) {
		m := likePython(t)
		h := guard(t, m.Required()).do(bearing("x")).Header()
		assert.Equal(t, [2]string{"Authorization, Cookie", "no-store"}, [2]string{h.Get("Vary"), h.Get("Cache-Control")})
		assert.NotEmpty(t, guard(t, m.Required()).do(bearing(mustCreate(t, m))).Header().Get("Vary"))
		assert.Equal(t, "no-store", guard(t, m.LoginHandler(loginAs("alice"))).do(request("POST")).Header().Get("Cache-Control"))
	}},
	"deletes cookies without their attributes": {"Q16", func(t *testing.T) {
		m := likePython(t, func(s *authjwt.Settings) { s.InsecureCookies, s.CookieSameSite = false, http.SameSiteStrictMode })
		for _, c := range setCookies(t, guard(t, m.LogoutHandler()).do(request("DELETE"))) {
			assert.True(t, c.Secure && c.SameSite == http.SameSiteStrictMode && c.HttpOnly == strings.HasSuffix(c.Name, "_cookie"), c)
		}
	}},
	"`authjwt_cookie_max_age` for all cookies": {"Q18", func(t *testing.T) {
		m := likePython(t, func(s *authjwt.Settings) { s.CookieMaxAge = time.Hour })
		for _, c := range setCookies(t, guard(t, m.LoginHandler(loginAs("alice"))).do(request("POST"))) {
			assert.Equal(t, map[bool]int{true: 900, false: 3600}[strings.Contains(c.Name, "access")], c.MaxAge, c.Name)
		}
	}},
	"sets any token in any cookie, of any length": {"Q19", func(t *testing.T) {
		m := likePython(t)
		set := func(token string) error { return m.Bind(testContext()).SetRefreshCookies(token) }
		require.NoError(t, set(must(m.CreateRefreshToken("alice"))))
		long := authjwt.WithClaims(claim{"long": strings.Repeat("a", 4096)})
		for _, token := range []string{mustCreate(t, m), signedClaims(t, claims(claim{"type": "refresh", "exp": 1})), must(m.CreateRefreshToken("alice", long))} {
			assert.ErrorIs(t, set(token), authjwt.ErrInternal)
		}
	}},
	"cookie calls without the location: `RuntimeWarning`, 500": {"Q45", func(t *testing.T) {
		m := likePython(t, func(s *authjwt.Settings) { s.TokenLocation = nil })
		require.NoError(t, m.Bind(testContext()).UnsetJWTCookies())
		assert.ErrorIs(t, m.Bind(testContext()).SetAccessCookies(mustCreate(t, m)), authjwt.ErrCookiesDisabled)
	}},
	"`user_claims` replace `sub`, `type`, `exp` …, `headers` replace `alg`": {"Q24 Q25", func(t *testing.T) {
		_, err := likePython(t).CreateAccessToken("alice", authjwt.WithClaims(claim{"sub": "bob"}))
		require.Error(t, err)
		_, err = likePython(t).CreateAccessToken("alice", authjwt.WithHeaders(claim{"alg": "none"}))
		assert.Error(t, err)
	}},
	"`expires_time=0` is the default, negative ones pass": {"Q37", func(t *testing.T) {
		_, err := likePython(t).CreateAccessToken("alice", authjwt.WithExpires(0))
		require.Error(t, err)
		_, err = likePython(t).CreateAccessToken("alice", authjwt.WithExpires(-time.Minute))
		assert.Error(t, err)
	}},
	"integer subjects, `\"ws\"` for `\"websocket\"`, which checks nothing": {"Q23 Q56", nil},
	"an `async` denylist loader revokes every token": {"Q50", func(t *testing.T) {
		m := likePython(t, func(s *authjwt.Settings) {
			s.TokenInDenylist = func(context.Context, *authjwt.Token) (bool, error) { return false, errors.New("away") }
		})
		answers(t, 503, m.Required(), bearing(mustCreate(t, m)))
	}},
	"each getter verifies the token again": {"Q49", nil},
	"one configuration for the process":    {"Q48", nil},
	"a loader is not asked while `authjwt_denylist_enabled` is off": {"", func(t *testing.T) {
		m := likePython(t, func(s *authjwt.Settings) {
			s.TokenInDenylist = func(context.Context, *authjwt.Token) (bool, error) { return true, nil }
		})
		answers(t, 401, m.Required(), bearing(mustCreate(t, m)))
	}},
	"an empty `authjwt_token_location`, or one name twice, opens guards": {"Q07 Q08 Q09", func(t *testing.T) {
		_, err := authjwt.LoadSettings(claim{"authjwt_token_location": []string{}})
		require.Error(t, err)
		s, err := authjwt.LoadSettings(claim{"authjwt_token_location": []string{"headers", "headers"}})
		require.NoError(t, err)
		assert.Equal(t, []authjwt.Location{authjwt.Headers}, s.TokenLocation)
	}},
	"`authjwt_header_type` is a regular expression; one with a blank never matches": {"Q10 Q14",
		refused(func(s *authjwt.Settings) { s.HeaderType = "My Token" })},
	"SameSite `none` without Secure; empty `authjwt_csrf_methods`; lifetimes of zero or less": {"Q17 Q54 Q37", refused(
		func(s *authjwt.Settings) { s.CookieSameSite = http.SameSiteNoneMode },
		func(s *authjwt.Settings) { s.CSRFMethods = []string{} },
		func(s *authjwt.Settings) { s.AccessTokenExpires = -time.Minute })},
	"short secrets, RSA of 1024 bits, ES256 with another curve": {"Q33 Q34", func(t *testing.T) {
		short := func(s *authjwt.Settings) { s.SecretKey = "kH3-x" }
		refused(short, func(s *authjwt.Settings) { s.SecretKey, s.InsecureShortSecret = "secret", true })(t)
		likePython(t, short, func(s *authjwt.Settings) { s.InsecureShortSecret = true })
	}},
	"keys that are none, a denylist without loader, nulls, unknown names: found by requests, as 422 or 500": {"Q35 Q36 Q38", func(t *testing.T) {
		refused(func(s *authjwt.Settings) { s.SecretKey = "" }, func(s *authjwt.Settings) { s.DenylistEnabled = true })(t)
		_, err := authjwt.LoadSettings(claim{"authjwt_public_key": "none", "authjwt_algorithm": nil, "authjwt_secret_kei": testSecret})
		for _, name := range []string{"authjwt_public_key", "authjwt_algorithm", "authjwt_secret_kei"} {
			assert.ErrorContains(t, err, name)
		}
	}},
	"strips blanks around every value, the secret's too": {"Q53", func(t *testing.T) {
		m := likePython(t, func(s *authjwt.Settings) { s.SecretKey += " " })
		answers(t, 422, m.Required(), bearing(mustCreate(t, likePython(t))))
	}},
}

// refused checks that the preset with any of these changes makes no Manager.
func refused(edits ...func(s *authjwt.Settings)) func(t *testing.T) {
	return func(t *testing.T) {
		for i, edit := range edits {
			s := authjwt.FastAPIJWTAuth()
			s.SecretKey, s.TokenLocation = testSecret, []authjwt.Location{authjwt.Cookies}
			edit(&s)
			_, err := authjwt.New(s)
			assert.Error(t, err, "edit %d", i)
		}
	}
}

// Every row says what is so, and every quirk that was recorded is told of: in a row, or among what the preset keeps.
func TestDocs_MigrateDifferences(t *testing.T) {
	_, section, found := strings.Cut(readMigratePage(t), "\n## Differences\n")
	require.True(t, found)
	kept, _, _ := strings.Cut(section, "\n|")
	told := map[string]bool{}
	for quirk, words := range map[string]string{
		"Q01": "the statuses", "Q02": "no WWW-Authenticate", "Q15": "cookies without Secure and SameSite", "Q06": "no issuer on refresh tokens",
		"Q51": "refresh tokens that stay good when used", "Q52": "that is only decoded is not written",
	} {
		assert.Contains(t, kept, words)
		told[quirk] = true
	}
	var rows []string
	for line := range strings.Lines(section) {
		if cells := strings.Split(line, " | "); strings.HasPrefix(line, "| ") && !strings.HasPrefix(line, "| **") {
			rows = append(rows, strings.TrimPrefix(cells[0], "| "))
		}
	}
	for _, row := range rows[1:] {
		d, found := differences[row]
		if !assert.True(t, found, "no test knows the row: %s", row) {
			continue
		}
		for quirk := range strings.FieldsSeq(d.quirks) {
			told[quirk] = true
		}
		if d.check != nil {
			t.Run(row, d.check)
		}
	}
	for row := range differences {
		assert.True(t, slices.Contains(rows, row), "the page has no row: %s", row)
	}
	text, err := os.ReadFile("testdata/conformance/quirks.json")
	require.NoError(t, err)
	var recorded struct{ Quirks []struct{ ID string } }
	require.NoError(t, json.Unmarshal(text, &recorded))
	require.NotEmpty(t, recorded.Quirks)
	for _, quirk := range recorded.Quirks {
		assert.True(t, told[quirk.ID], "%s is not told of", quirk.ID)
	}
}
