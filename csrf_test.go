package authjwt_test

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

// keepError notes what a guard behind it leaves in c.Errors.
func (j *judge) keepError(c *gin.Context) {
	j.left = nil
	c.Next()
	if last := c.Errors.Last(); last != nil {
		j.left = last.Err
	}
}

// refusesRequest checks the refusal of a request whose credential is a cookie.
func (j *judge) refusesRequest(tb testing.TB, req *http.Request, want outcome, reasons ...error) {
	tb.Helper()
	j.assertRefused(tb, j.do(req), want)
	assertError(tb, j.left, want, reasons...)
}

func (j *judge) acceptsRequest(tb testing.TB, req *http.Request) {
	tb.Helper()
	j.assertAccepted(tb, j.do(req))
}

// inFastAPI is a refusal in the FastAPI style, which gives no hints.
func (o outcome) inFastAPI() (status int, detail string) {
	status = http.StatusUnauthorized
	if o.code == csrfNoClaim.code || o.challenge == "invalid_token" {
		status = http.StatusUnprocessableEntity
	}
	return status, strings.TrimSuffix(o.detail, sendCSRF)
}

// ofRefresh is the refusal where the value is a refresh token's.
func (o outcome) ofRefresh() outcome {
	o.detail = strings.Replace(o.detail, sendCSRF, sendRefreshCSRF, 1)
	return o
}

func TestC07_CSRFValues(t *testing.T) {
	j, old := newJudge(t, inCookies), newJudge(t, inCookies, fastAPI)
	good, value := newPair(t, j.m, authjwt.WithFresh())
	_, second := newPair(t, j.m, authjwt.WithFresh())
	bob, err := j.m.CreateAccessToken("bob")
	require.NoError(t, err)
	refresh, err := j.m.CreateRefreshToken("alice")
	require.NoError(t, err)
	id, err := j.m.Verify(t.Context(), good, authjwt.Access)
	require.NoError(t, err)
	plain := signedClaims(t, claims(map[string]any{"fresh": true}))
	empty := signedClaims(t, claims(map[string]any{"fresh": true, "csrf": ""}))
	for _, row := range []struct {
		name, token string
		fields      []string
		want        outcome
	}{
		{"missing", good, nil, csrfMissing},
		{"empty", good, []string{""}, csrfMissing},
		{"empty before the right one", good, []string{"", value}, csrfMissing},
		{"wrong", good, []string{"x"}, csrfMismatch},
		{"wrong before the right one", good, []string{"x", value}, csrfMismatch},
		{"last octet", good, []string{value[:35] + "!"}, csrfMismatch},
		{"one octet less", good, []string{value[:35]}, csrfMismatch},
		{"one octet more", good, []string{value + "0"}, csrfMismatch},
		{"blank after", good, []string{value + " "}, csrfMismatch},
		{"list", good, []string{value + ", " + value}, csrfMismatch},
		{"another token's", good, []string{second}, csrfMismatch},
		{"another user's", good, []string{csrfOf(t, j.m, bob, authjwt.Access)}, csrfMismatch},
		{"the refresh token's", good, []string{csrfOf(t, j.m, refresh, authjwt.Refresh)}, csrfMismatch},
		{"the token's id", good, []string{id.ID}, csrfMismatch},
		{"no claim", plain, []string{value}, csrfNoClaim},
		{"no claim, no value", plain, nil, csrfMissing},
		{"both empty", empty, []string{""}, csrfMissing},
		{"empty claim", empty, []string{"x"}, csrfMismatch},
	} {
		t.Run(row.name, func(t *testing.T) {
			req := withCookie("POST", row.token, "")
			req.Header["X-Csrf-Token"] = row.fields
			for name, guardian := range guards(j.m) {
				j.guardWith(t, guardian)
				j.refusesRequest(t, req, row.want, authjwt.ErrCSRF)
				j.acceptsRequest(t, withCookie("POST", good, value))
				old.guardWith(t, guards(old.m)[name])
				status, detail := row.want.inFastAPI()
				old.assertFastAPI(t, old.do(req), status, detail)
				assert.ErrorIs(t, old.left, authjwt.ErrCSRF)
				old.acceptsRequest(t, withCookie("POST", good, value))
			}
			c := testContext()
			c.Request = req
			_, err := j.m.Bind(c).Verify(authjwt.Access)
			assertError(t, err, row.want, authjwt.ErrCSRF)
		})
	}
	two := withCookie("POST", good, value)
	two.Header.Add("X-CSRF-Token", "x")
	j.acceptsRequest(t, two)
	j.acceptsRequest(t, withCookie("GET", plain, ""))
}

func TestC07_RefreshTokensHaveTheirOwn(t *testing.T) {
	j := newRefreshJudge(t, inCookies, func(s *authjwt.Settings) { s.RefreshCSRFHeaderName = "x-refresh-csrf" })
	refresh, err := j.m.CreateRefreshToken("alice")
	require.NoError(t, err)
	another, err := j.m.CreateRefreshToken("bob")
	require.NoError(t, err)
	value := csrfOf(t, j.m, refresh, authjwt.Refresh)
	_, accessValue := newPair(t, j.m)
	plain := signedClaims(t, claims(map[string]any{"type": "refresh"}))
	empty := signedClaims(t, claims(map[string]any{"type": "refresh", "csrf": ""}))
	const hint = ". Send the value of the cookie csrf_refresh_token in the header x-refresh-csrf"
	missing, mismatch := csrfRefusal("csrf_missing", "Missing CSRF Token"+hint), csrfRefusal("csrf_mismatch", "CSRF double submit tokens do not match"+hint)
	for name, row := range map[string]struct {
		token, field, value string
		want                outcome
	}{
		"the access token's header": {refresh, "X-CSRF-Token", value, missing},
		"the access token's value":  {refresh, "X-Refresh-CSRF", accessValue, mismatch},
		"another user's":            {refresh, "X-Refresh-CSRF", csrfOf(t, j.m, another, authjwt.Refresh), mismatch},
		"missing":                   {refresh, "X-Other", value, missing},
		"empty":                     {refresh, "X-Refresh-CSRF", "", missing},
		"wrong":                     {refresh, "X-Refresh-CSRF", "x", mismatch},
		"no claim":                  {plain, "X-Refresh-CSRF", value, csrfNoClaim},
		"both empty":                {empty, "X-Refresh-CSRF", "", missing},
	} {
		t.Run(name, func(t *testing.T) {
			inHandler := func(c *gin.Context) { _ = j.m.Bind(c).JWTRefreshTokenRequired() }
			for _, guardian := range []gin.HandlerFunc{j.m.RefreshRequired(), inHandler} {
				j.guardWith(t, guardian)
				j.refusesRequest(t, request("POST", "Cookie", "refresh_token_cookie="+row.token, row.field, row.value), row.want, authjwt.ErrCSRF)
				j.acceptsRequest(t, request("POST", "Cookie", "refresh_token_cookie="+refresh, "X-Refresh-CSRF", value))
			}
			e := newEndpoint(j.m.RefreshHandler(authjwt.Routes{}))
			e.refuses(t, request("POST", "Cookie", "refresh_token_cookie="+row.token, row.field, row.value), row.want, authjwt.ErrCSRF)
			rec := e.do(request("POST", "Cookie", "refresh_token_cookie="+refresh, "X-Refresh-CSRF", value))
			assert.Len(t, setCookies(t, rec), 2, rec.Body)
		})
	}
}

// The order is fastapi-jwt-auth's, with the Origin before all. Each row fails in all the ways of the
// rows below it that its request allows.
func TestC07_WhatIsNoticedFirst(t *testing.T) {
	validated := 0
	count := func(s *authjwt.Settings) {
		s.Validate = func(context.Context, *authjwt.Token) error { validated++; return nil }
	}
	j, old := newJudge(t, inCookies, count), newJudge(t, inCookies, count, fastAPI)
	good, value := newPair(t, j.m)
	refresh, err := j.m.CreateRefreshToken("alice")
	require.NoError(t, err)
	stale := signedClaims(t, claims(map[string]any{"exp": testNow.Unix(), "csrf": value}))
	plain := signedClaims(t, claims(nil))
	malformed := inv("token_malformed", "Not enough segments")
	for _, row := range []struct {
		name, guard, token, value, origin string
		want                              outcome
		validated                         int // how often, which is where a store would be asked
	}{
		{"origin before presence", "Required", good, "", "https://a.example", crossOrigin, 0},
		{"origin before the token", "Required", "garbage", value, "https://a.example", crossOrigin, 0},
		{"presence before the token", "Required", "garbage", "", "", csrfMissing, 0},
		{"presence before the token, optional", "Optional", "garbage", "", "", csrfMissing, 0},
		{"presence before expiry", "Required", stale, "", "", csrfMissing, 0},
		{"presence before type", "Required", refresh, "", "", csrfMissing, 0},
		{"presence before the claim", "Required", plain, "", "", csrfMissing, 0},
		{"presence before verification", "Required", good, "", "", csrfMissing, 0},
		{"token before comparison", "Required", "garbage", "x", "", malformed, 0},
		{"token before comparison, optional", "Optional", "garbage", "x", "", malformed, 0},
		{"expiry before comparison", "Required", stale, "x", "", expired, 0},
		{"type before comparison", "Required", refresh, "x", "", notAccess, 1},
		{"freshness before comparison", "FreshRequired", good, "x", "", notFresh, 1},
		{"freshness before the claim", "FreshRequired", plain, "x", "", notFresh, 1},
		{"claim before comparison", "Required", plain, "x", "", csrfNoClaim, 1},
		{"comparison", "Required", good, "x", "", csrfMismatch, 1},
	} {
		t.Run(row.name, func(t *testing.T) {
			req := withCookie("POST", row.token, row.value)
			if row.origin != "" {
				req.Header.Set("Origin", row.origin)
			}
			j.guardWith(t, guards(j.m)[row.guard])
			validated = 0
			j.refusesRequest(t, req, row.want)
			assert.Equal(t, row.validated, validated)
			old.guardWith(t, guards(old.m)[row.guard])
			status, detail := row.want.inFastAPI()
			if row.want == notFresh {
				status = http.StatusUnauthorized
			}
			old.assertFastAPI(t, old.do(req), status, detail)
		})
	}
	j.guardWith(t, j.m.Required())
	j.acceptsRequest(t, withCookie("POST", good, value))
	// An upgrade from there would be told to list its origin.
	j.refusesRequest(t, withCookie("POST", good, "", "Origin", "null", "Sec-Fetch-Site", "same-origin"), csrfMissing)
}

// The verification is kept for a second guard in one request, but not the verdict on the value.
func TestC07_SecondGuardComparesAgain(t *testing.T) {
	j := newJudge(t, inCookies)
	good, value := newPair(t, j.m)
	first, second := "", ""
	j.guardWith(t, func(c *gin.Context) {
		a := j.m.Bind(c)
		if a.JWTRequired(authjwt.WithCSRFToken(first)) == nil {
			_ = a.JWTRequired(authjwt.WithCSRFToken(second))
		}
	})
	for _, row := range []struct {
		first, second string
		want          outcome
	}{
		{"", value, csrfMissing}, {"x", value, csrfMismatch}, {value, "", csrfMissing}, {value, "x", csrfMismatch},
	} {
		first, second = row.first, row.second
		j.refusesRequest(t, withCookie("POST", good, ""), row.want, authjwt.ErrCSRF)
	}
	first, second = value, value
	j.acceptsRequest(t, withCookie("POST", good, ""))
	// What is given counts before the header; nothing given means the header.
	first = "x"
	j.refusesRequest(t, withCookie("POST", good, value), csrfMismatch, authjwt.ErrCSRF)
	first, second = "", ""
	j.acceptsRequest(t, withCookie("POST", good, value))
}

func TestC08_OddValuesAndClaims(t *testing.T) {
	j, old := newJudge(t, inCookies), newJudge(t, inCookies, fastAPI)
	with := func(claim string) string { return withClaim(t, "csrf", claim) }
	long := strings.Repeat("v", 64)
	for _, row := range []struct {
		name, claim, value string
		want               outcome
		twin               string // the claim that the value goes with
	}{
		{"non-ASCII value", `"abc"`, "\u00e9", csrfMismatch, `"\u00e9"`},
		{"upper case", `"abc"`, "ABC", csrfMismatch, `"ABC"`},
		{"value of controls", `"abc"`, "abc\x00", csrfMismatch, `"abc\u0000"`},
		{"escapes are no other text", `"\u0061bc"`, `\u0061bc`, csrfMismatch, `"\\u0061bc"`},
		{"63 octets of 64", `"` + long + `"`, long[1:], csrfMismatch, `"` + long[1:] + `"`},
		{"65 octets for 64", `"` + long + `"`, long + "v", csrfMismatch, `"` + long + `v"`},
		{"66 octets for 65", `"` + long + `v"`, long + "vv", csrfMismatch, `"` + long + `vv"`},
		{"zeros up to 64", `"` + long[1:] + `"`, long[1:] + "\x00", csrfMismatch, `"` + long[1:] + `\u0000"`},
		{"2000 octets", `"abc"`, strings.Repeat("\u00e9", 1000), csrfMismatch, `"` + strings.Repeat("\u00e9", 1000) + `"`},
	} {
		t.Run(row.name, func(t *testing.T) {
			j.acceptsRequest(t, withCookie("POST", with(row.twin), row.value))
			j.refusesRequest(t, withCookie("POST", with(row.claim), row.value), row.want, authjwt.ErrCSRF)
			status, detail := row.want.inFastAPI()
			old.assertFastAPI(t, old.do(withCookie("POST", with(row.claim), row.value)), status, detail)
		})
	}
	// Latin-1 is no other spelling of UTF-8, and a claim that differs by case is another one.
	j.refusesRequest(t, withCookie("POST", with(`"\u00e9"`), "\xe9"), csrfMismatch, authjwt.ErrCSRF)
	other := signedClaims(t, claims(map[string]any{"CSRF": "abc"}))
	j.refusesRequest(t, withCookie("POST", other, "abc"), csrfNoClaim, authjwt.ErrCSRF)
	for _, claim := range []string{"5", "5.0", "true", "false", "null", `["abc"]`, `["a", "b"]`, `{"csrf":"abc"}`, "[]", "{}"} {
		for _, value := range []string{claim, "abc", "<nil>", "[abc]"} {
			j.refusesRequest(t, withCookie("POST", with(claim), value), csrfNoClaim, authjwt.ErrCSRF)
			old.assertFastAPI(t, old.do(withCookie("POST", with(claim), value)), http.StatusUnprocessableEntity, csrfNoClaim.detail)
		}
		j.acceptsRequest(t, withCookie("POST", with(strconv.Quote(claim)), claim))
	}
}

func TestC06_TheCSRFCookieIsNeverRead(t *testing.T) {
	j := newJudge(t, inCookies)
	good, value := newPair(t, j.m, authjwt.WithFresh())
	refresh, err := j.m.CreateRefreshToken("alice")
	require.NoError(t, err)
	// The same request for a refresh token, and its cookies and value.
	asRefresh := func(req *http.Request) *http.Request {
		other := strings.NewReplacer("access_token_cookie", "refresh_token_cookie", "csrf_access_token", "csrf_refresh_token", good, refresh, value, csrfOf(t, j.m, refresh, authjwt.Refresh))
		for _, name := range []string{"Cookie", "X-Csrf-Token"} {
			for i, field := range req.Header[name] {
				req.Header[name][i] = other.Replace(field)
			}
		}
		return req
	}
	forged := compactWith(t, "HS256", testSecret+"x", headerHS256, `{"sub":"alice","csrf":"planted"}`)
	for _, row := range []struct {
		name, token, header string
		cookies             []string
		want                outcome
		reason              error
	}{
		{"planted cookie and header", good, "planted", []string{"planted"}, csrfMismatch, authjwt.ErrCSRF},
		{"planted after the right one", good, "planted", []string{value, "planted"}, csrfMismatch, authjwt.ErrCSRF},
		{"planted before the right one", good, "planted", []string{"planted", value}, csrfMismatch, authjwt.ErrCSRF},
		{"right cookie, wrong header", good, "planted", []string{value}, csrfMismatch, authjwt.ErrCSRF},
		{"right cookie alone", good, "", []string{value}, csrfMissing, authjwt.ErrCSRF},
		{"cookie and header empty", good, "", []string{""}, csrfMissing, authjwt.ErrCSRF},
		{"claim under another key", forged, "planted", []string{"planted"}, badSignature, jwt.ErrTokenSignatureInvalid},
	} {
		t.Run(row.name, func(t *testing.T) {
			with := func(token, header string) *http.Request {
				req := withCookie("POST", token, header)
				for _, cookie := range row.cookies {
					req.AddCookie(&http.Cookie{Name: "csrf_access_token", Value: cookie})
				}
				return req
			}
			for name, guardian := range everyGuard(j.m) {
				as := func(req *http.Request) *http.Request { return req }
				want := row.want
				if strings.Contains(name, "Refresh") {
					as, want = asRefresh, row.want.ofRefresh()
				}
				j.guardWith(t, guardian)
				j.refusesRequest(t, as(with(row.token, row.header)), want, row.reason)
				j.acceptsRequest(t, as(with(good, value))) // beside the same CSRF cookies: they matter neither way
			}
			for path, handler := range map[string]gin.HandlerFunc{"refresh": j.m.RefreshHandler(authjwt.Routes{}), "logout": j.m.LogoutHandler()} {
				j.guardWith(t, handler)
				req, want := with(row.token, row.header), row.want
				if path == "refresh" {
					req, want = asRefresh(req), row.want.ofRefresh()
				}
				req.Method = http.MethodPost
				if path == "logout" && row.token == forged { // which needs no value, and is deleted
					assert.Equal(t, http.StatusOK, j.do(req).Code)
					continue
				}
				j.refusesRequest(t, req, want, row.reason)
			}
		})
	}
}
