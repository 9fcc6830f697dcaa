package authjwt_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

var internalError = outcome{500, "internal_error", "Internal Server Error", "-"}

// login is the call behind every login.
func login(a *authjwt.AuthJWT) error {
	_, err := a.Login("alice")
	return err
}

// presenting is a request with these Cookie fields, one after the other.
func presenting(method string, fields ...string) *http.Request {
	req := request(method)
	req.Header["Cookie"] = fields
	return req
}

func TestC01_Attributes(t *testing.T) {
	const lax, laxCSRF = "; Path=/; HttpOnly; Secure; SameSite=Lax", "; Path=/; Secure; SameSite=Lax"
	byDefault := [4]string{lax, laxCSRF, lax, laxCSRF}
	for _, row := range []struct {
		name, prefix string
		edit         func(s *authjwt.Settings)
		want         [4]string // what follows the values
	}{
		{"default", "", func(*authjwt.Settings) {}, byDefault},
		{"CookiePrefix", "__Host-", func(s *authjwt.Settings) { s.CookiePrefix = "__Host-" }, byDefault},
		{"CookieScheme", "", func(s *authjwt.Settings) { s.CookieScheme = "Bearer" }, byDefault},
		{"InsecureDisableCSRF", "", func(s *authjwt.Settings) { s.InsecureDisableCSRF = true }, [4]string{lax, "", lax, ""}},
		{"CookieDomain and paths", "__Secure-", func(s *authjwt.Settings) {
			s.CookiePrefix, s.CookieDomain, s.RefreshCookiePath, s.AccessCSRFCookiePath = "__Secure-", "example.com", "/auth", "/app"
		}, [4]string{"; Path=/; Domain=example.com; HttpOnly; Secure; SameSite=Lax", "; Path=/app; Domain=example.com; Secure; SameSite=Lax",
			"; Path=/auth; Domain=example.com; HttpOnly; Secure; SameSite=Lax", "; Path=/; Domain=example.com; Secure; SameSite=Lax"}},
		{"Strict and other paths", "", func(s *authjwt.Settings) {
			s.CookieSameSite, s.AccessCookiePath, s.RefreshCSRFCookiePath = http.SameSiteStrictMode, "/api", "/r"
		}, [4]string{"; Path=/api; HttpOnly; Secure; SameSite=Strict", "; Path=/; Secure; SameSite=Strict",
			"; Path=/; HttpOnly; Secure; SameSite=Strict", "; Path=/r; Secure; SameSite=Strict"}},
		{"None", "", func(s *authjwt.Settings) { s.CookieSameSite = http.SameSiteNoneMode }, [4]string{"; Path=/; HttpOnly; Secure; SameSite=None",
			"; Path=/; Secure; SameSite=None", "; Path=/; HttpOnly; Secure; SameSite=None", "; Path=/; Secure; SameSite=None"}},
		{"InsecureCookies, the browser's SameSite", "", func(s *authjwt.Settings) {
			s.InsecureCookies, s.CookieSameSite = true, http.SameSiteDefaultMode
		}, [4]string{"; Path=/; HttpOnly", "; Path=/", "; Path=/; HttpOnly", "; Path=/"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			m := newManager(t, inCookies, row.edit)
			var pair authjwt.TokenPair
			rec, err := act(m, request(http.MethodPost), func(a *authjwt.AuthJWT) (err error) {
				pair, err = a.Login("alice")
				return err
			})
			require.NoError(t, err)
			values := [4]string{pair.AccessToken, pair.AccessCSRF, pair.RefreshToken, pair.RefreshCSRF}
			if row.name == "CookieScheme" { // RFC 6265 §4.1.1 allows no blank outside quotes
				values[0], values[2] = `"Bearer `+pair.AccessToken+`"`, `"Bearer `+pair.RefreshToken+`"`
			}
			var want []string
			for i, name := range []string{"access_token_cookie", "csrf_access_token", "refresh_token_cookie", "csrf_refresh_token"} {
				if row.want[i] == "" {
					assert.Empty(t, values[i])
					continue
				}
				want = append(want, row.prefix+name+"="+values[i]+row.want[i])
				req := presenting(http.MethodGet, row.prefix+name+"="+values[i])
				assert.Equal(t, i == 0, guard(t, m.Required()).do(req).Code == 200, name)
				assert.Equal(t, i == 2, guard(t, m.RefreshRequired()).do(req).Code == 200, name)
			}
			assert.ElementsMatch(t, want, rec.Header()["Set-Cookie"])
			if row.want[1] != "" {
				assert.Equal(t, csrfOf(t, m, pair.AccessToken, authjwt.Access), pair.AccessCSRF)
				assert.Equal(t, csrfOf(t, m, pair.RefreshToken, authjwt.Refresh), pair.RefreshCSRF)
				assert.NotEqual(t, pair.AccessCSRF, pair.RefreshCSRF)
			}
			assert.Equal(t, []string{"no-store", "no-cache"}, []string{rec.Header().Get("Cache-Control"), rec.Header().Get("Pragma")})
		})
	}
}

// named makes the name of a cookie so long that name and value have this many octets together.
func named(tb testing.TB, octets int, value string) string {
	tb.Helper()
	require.Less(tb, octets-len(value), 1024)
	return strings.Repeat("n", octets-len(value))
}

func TestC03_Size(t *testing.T) {
	long := authjwt.WithClaims(map[string]any{"x": strings.Repeat("x", 2600)})
	for _, kind := range []authjwt.TokenType{authjwt.Access, authjwt.Refresh} {
		create, set := newManager(t, inCookies).CreateAccessToken, (*authjwt.AuthJWT).SetAccessCookies
		if kind == authjwt.Refresh {
			create, set = newManager(t, inCookies).CreateRefreshToken, (*authjwt.AuthJWT).SetRefreshCookies
		}
		token, err := create("alice", long)
		require.NoError(t, err)
		for scheme, value := range map[string]string{"": token, "Bearer": `"Bearer ` + token + `"`} {
			for octets, fits := range map[int]bool{4095: true, 4096: true, 4097: false, 4098: false} {
				name := named(t, octets, value)
				m := newManager(t, inCookies, func(s *authjwt.Settings) {
					if s.CookieScheme, s.AccessCookieKey = scheme, name; kind == authjwt.Refresh {
						s.AccessCookieKey, s.RefreshCookieKey = "", name
					}
				})
				rec, err := act(m, request(http.MethodPost), func(a *authjwt.AuthJWT) error { return set(a, token) })
				if fits {
					require.NoError(t, err)
					cookies := parseSetCookies(t, rec)
					require.Len(t, cookies, 2)
					assert.Equal(t, octets, len(cookies[0].name+cookies[0].value))
					continue
				}
				assertError(t, err, internalError, authjwt.ErrInternal)
				assert.ErrorContains(t, err, fmt.Sprintf("%s cookies: %s would have %d octets", kind, name, octets))
				assert.ErrorContains(t, err, "put less into the claims")
				assert.Empty(t, rec.Header(), "nothing is written")
			}
		}
	}
}

// One pair that does not fit keeps the other from being set.
func TestC03_LoginSetsAllOrNone(t *testing.T) {
	subject := strings.Repeat("s", 2600)
	var pair authjwt.TokenPair
	_, err := act(newManager(t, inCookies), request(http.MethodPost), func(a *authjwt.AuthJWT) (err error) {
		pair, err = a.Login(subject)
		return err
	})
	require.NoError(t, err)
	for _, row := range []struct {
		name                  string
		access, refresh, want int
	}{
		{"both fit", 4096, 4096, 200}, {"access does not", 4097, 4096, 500}, {"refresh does not", 4096, 4097, 500}, {"neither does", 4097, 4097, 500},
	} {
		t.Run(row.name, func(t *testing.T) {
			m := newManager(t, inCookies, func(s *authjwt.Settings) {
				s.AccessCookieKey, s.RefreshCookieKey = named(t, row.access, pair.AccessToken), named(t, row.refresh, pair.RefreshToken)
			})
			rec := handle(m.LoginHandler(loginAs(subject)), "")
			assert.Equal(t, row.want, rec.Code)
			assert.Equal(t, map[int]int{200: 4}[row.want], len(rec.Header()["Set-Cookie"]))
			if row.want != http.StatusOK {
				assertAnswer(t, rec, internalError)
			}
		})
	}
}

func severalCookies(name string) outcome {
	return outcome{400, "invalid_request", "Several cookies " + name + " with different values. FormerCookies clears those of earlier releases, CookiePrefix keeps out other hosts'", "invalid_request"}
}

func TestC04_SeveralCookies(t *testing.T) {
	former := func(s *authjwt.Settings) { s.FormerCookies = []authjwt.FormerCookie{{Path: "/old"}} }
	j, old := newJudge(t, inCookies, former), newJudge(t, inCookies, fastAPI)
	access, csrf := newPair(t, j.m, authjwt.WithFresh())
	other, _ := newPair(t, j.m, authjwt.WithFresh())
	refresh, err := j.m.CreateRefreshToken("alice")
	require.NoError(t, err)
	for _, row := range []struct {
		name          string
		first, second string // % is the good token
		equal         bool
	}{
		{"equal", "%", "%", true}, {"equal but for quotes", `"%"`, "%", true}, {"two good ones", "%", other, false},
		{"good, bad", "%", "bad", false}, {"bad, good", "bad", "%", false}, {"good, empty", "%", "", false}, {"empty, good", "", "%", false},
		{"good, good with a blank", "%", `" %"`, false}, {"good, good, bad", "%; @=%", "bad", false}, {"two bad ones", "bad", "worse", false},
	} {
		t.Run(row.name, func(t *testing.T) {
			fields := func(name, token string, two bool) []string {
				text := strings.NewReplacer("%", token, "@", name).Replace("@=" + row.first + "\n@=" + row.second)
				if two {
					return strings.Split("a=b; "+text, "\n")
				}
				return []string{strings.ReplaceAll(text, "\n", "; c=d; ")}
			}
			for _, two := range []bool{false, true} {
				for form, guardian := range everyGuard(j.m) {
					name, token := "access_token_cookie", access
					if strings.Contains(form, "Refresh") {
						name, token = "refresh_token_cookie", refresh
					}
					j.guardWith(t, guardian)
					rec := j.do(presenting(http.MethodGet, fields(name, token, two)...))
					if row.equal {
						j.assertAccepted(t, rec)
						continue
					}
					j.assertRefused(t, rec, severalCookies(name))
					assertError(t, j.left, severalCookies(name), authjwt.ErrInvalidRequest)
					j.assertAccepted(t, j.do(presenting(http.MethodGet, name+"="+token)))
				}
				renewal := guard(t, j.m.RefreshHandler(authjwt.Routes{}))
				req := presenting(http.MethodPost, fields("refresh_token_cookie", refresh, two)...)
				req.Header.Set("X-CSRF-Token", csrfOf(t, j.m, refresh, authjwt.Refresh))
				if rec := renewal.do(req); row.equal {
					assert.Equal(t, http.StatusOK, rec.Code)
				} else {
					renewal.assertRefused(t, rec, severalCookies("refresh_token_cookie"))
				}
				presented := fields("access_token_cookie", access, two)
				if !row.equal {
					old.assertFastAPI(t, old.do(presenting(http.MethodGet, presented...)), 422, severalCookies("access_token_cookie").detail)
				}
				for want, handler := range map[[2]int]gin.HandlerFunc{{4, 4}: j.m.LoginHandler(loginAs("bob")), {0, 8}: j.m.LogoutHandler()} {
					req, written := presenting(http.MethodPost, presented...), map[bool]int{}
					req.Header.Set("X-CSRF-Token", csrf)
					rec := guard(t, handler).do(req)
					assert.Equal(t, http.StatusOK, rec.Code, rec.Body)
					for _, c := range parseSetCookies(t, rec) {
						written[c.maxAge == "0"]++
					}
					assert.Equal(t, want, [2]int{written[false], written[true]}, "four here, four at the former place")
				}
			}
		})
	}
}

func TestC19_NoOtherSpelling(t *testing.T) {
	plain, scheme := newJudge(t, inCookies), newJudge(t, inCookies, func(s *authjwt.Settings) { s.CookieScheme = "Bearer" })
	token := mustCreate(t, plain.m)
	good, segments := outcome{}, inv("token_malformed", "Not enough segments")
	headerText, sigText := inv("token_malformed", "Invalid header padding"), inv("token_malformed", "Invalid crypto padding")
	for _, row := range []struct {
		j     *judge
		field string
		want  outcome
	}{
		{plain, "access_token_cookie=" + token, good},
		{plain, "access_token_cookie=\"" + token + "\"", good}, // quotes are syntax (RFC 6265 §4.1.1)
		{plain, "access_token_cookie=%65" + token[1:], headerText},
		{plain, "access_token_cookie='" + token + "'", headerText},
		{plain, "access_token_cookie=\" " + token + "\"", headerText},
		{plain, "access_token_cookie=Bearer " + token, headerText},
		{plain, "access_token_cookie=" + strings.ReplaceAll(token, ".", "%2E"), segments},
		{plain, "access_token_cookie=" + token + "%00", sigText},
		{plain, "access_token_cookie=" + token + "+", sigText},
		{plain, "access_token_cookie=", noCookie},
		{plain, "access%5Ftoken_cookie=" + token, noCookie},
		{plain, "Access_Token_Cookie=" + token, noCookie},
		{plain, "a=b, access_token_cookie=" + token, noCookie},
		{plain, "a=\"b; access_token_cookie=" + token + "\"", noCookie},
		{scheme, "access_token_cookie=\"Bearer " + token + "\"", good},
		{scheme, "access_token_cookie=Bearer " + token, good},
		{scheme, "access_token_cookie=bEARER  " + token, good},
		{scheme, "access_token_cookie=Bearer%20" + token, noCookie},
		{scheme, "access_token_cookie=Bearer" + token, noCookie},
		{scheme, "access_token_cookie=Basic " + token, noCookie},
		{scheme, "access_token_cookie=" + token, noCookie},
		{scheme, "access_token_cookie=Bearer Bearer " + token, headerText},
	} {
		rec := row.j.do(presenting(http.MethodGet, row.field))
		if row.want == good {
			row.j.assertAccepted(t, rec)
			continue
		}
		row.j.assertRefused(t, rec, row.want)
		assertError(t, row.j.left, row.want, map[bool]error{true: authjwt.ErrMissingToken, false: authjwt.ErrJWTDecode}[row.want == noCookie])
	}
}

// A sibling host can plant a pair of its own; under another name than a browser keeps for this host alone, it is nothing.
func TestC05_PlantedPair(t *testing.T) {
	m := newManager(t, inCookies, func(s *authjwt.Settings) { s.CookiePrefix = "__Host-" })
	own, csrf := newPair(t, m)
	planted, err := m.CreateAccessToken("mallory")
	require.NoError(t, err)
	plantedCSRF := csrfOf(t, m, planted, authjwt.Access)
	missing := outcome{401, "missing_token", "Missing cookie __Host-access_token_cookie", ""}
	j := &judge{m: m}
	for _, name := range []string{
		"access_token_cookie", "__host-access_token_cookie", "__HOST-access_token_cookie", "__Secure-access_token_cookie", "Host-access_token_cookie",
		"=__Host-access_token_cookie", "\u2000__Host-access_token_cookie", "\u00a0__Host-access_token_cookie", "__Host-access_token_cookie\u00a0", "__Host%2Daccess_token_cookie",
		"\v__Host-access_token_cookie", "\x1f__Host-access_token_cookie", "$Version=1,__Host-access_token_cookie", // as Tomcat, Jetty and Django read them
	} {
		pair := name + "=" + planted + "; csrf_access_token=" + plantedCSRF
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			j.guardWith(t, m.Required())
			req := presenting(method, pair)
			req.Header.Set("X-CSRF-Token", plantedCSRF)
			j.assertRefused(t, j.do(req), missing)
			assertError(t, j.left, missing, authjwt.ErrMissingToken)

			j.guardWith(t, func(c *gin.Context) {
				assert.NoError(t, m.Bind(c).JWTRequired())
				assert.Equal(t, "alice", m.Bind(c).Subject(), "%q", name)
			})
			req = presenting(method, pair+"; __Host-access_token_cookie="+own)
			req.Header.Set("X-CSRF-Token", csrf)
			j.assertAccepted(t, j.do(req))
		}
		g := guard(t, m.RefreshRequired())
		g.assertRefused(t, g.do(presenting(http.MethodGet, strings.ReplaceAll(pair, "access", "refresh"))),
			outcome{401, "missing_token", "Missing cookie __Host-refresh_token_cookie", ""})
	}
}
