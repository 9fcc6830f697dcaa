package authjwt_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

// A session is what a browser may hold at a logout: live tokens, tokens past their life, those of
// others, and the CSRF values that go with them.
type session struct {
	*authjwt.Manager
	access, refresh, accessCSRF, refreshCSRF         string
	oldAccess, oldRefresh, oldAccessCSRF, oldRefCSRF string
	tossed, tossedCSRF                               string // another user's access token
	foreign                                          string // under another key
}

func newSession(tb testing.TB, edit ...func(s *authjwt.Settings)) *session {
	tb.Helper()
	now := testNow
	m := newManager(tb, append(append([]func(s *authjwt.Settings){inCookies}, edit...), func(s *authjwt.Settings) {
		s.Now = func() time.Time { return now }
	})...)
	refreshToken := func() string {
		token, err := m.CreateRefreshToken("alice")
		require.NoError(tb, err)
		return token
	}
	claim := func(token string, kind authjwt.TokenType) string { return csrfOf(tb, m, token, kind) }
	s := &session{Manager: m, access: mustCreate(tb, m), refresh: refreshToken(), tossed: mustCreate(tb, m)}
	s.accessCSRF, s.refreshCSRF, s.tossedCSRF = claim(s.access, authjwt.Access), claim(s.refresh, authjwt.Refresh), claim(s.tossed, authjwt.Access)
	now = testNow.Add(-365 * 24 * time.Hour)
	s.oldAccess, s.oldRefresh = mustCreate(tb, m), refreshToken()
	s.oldAccessCSRF, s.oldRefCSRF = claim(s.oldAccess, authjwt.Access), claim(s.oldRefresh, authjwt.Refresh)
	now = testNow
	s.foreign = mustCreate(tb, newManager(tb, append(edit, inCookies, func(s *authjwt.Settings) { s.SecretKey = testSecret + "x" })...))
	return s
}

// cookies is a Cookie field of name=value pairs: a for the access cookie, r for the refresh cookie.
func cookies(pairs ...string) []string {
	for i, pair := range pairs {
		name, value, _ := strings.Cut(pair, "=")
		pairs[i] = map[string]string{"a": accessCookie, "r": refreshCookie}[name] + "=" + value
	}
	if len(pairs) == 0 {
		return nil
	}
	return []string{"Cookie", strings.Join(pairs, "; ")}
}

var deletedCookies = []string{
	accessCookie + "=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; HttpOnly; Secure; SameSite=Lax",
	accessValue + "=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Secure; SameSite=Lax",
	refreshCookie + "=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; HttpOnly; Secure; SameSite=Lax",
	refreshValue + "=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Secure; SameSite=Lax",
}

func assertLoggedOut(tb testing.TB, rec *httptest.ResponseRecorder) {
	tb.Helper()
	assert.Equal(tb, http.StatusOK, rec.Code, rec.Body)
	assert.Equal(tb, `{"msg":"Successfully logout"}`, rec.Body.String())
	assert.Equal(tb, "no-store", rec.Header().Get("Cache-Control"))
	assert.Equal(tb, deletedCookies, rec.Header().Values("Set-Cookie"))
}

// logoutByHand is a handler of the application's own.
func logoutByHand(m *authjwt.Manager) gin.HandlerFunc {
	return func(c *gin.Context) {
		a := m.Bind(c)
		if err := a.Logout(); err != nil {
			a.Abort(err)
			return
		}
		c.JSON(http.StatusOK, gin.H{"msg": "out"})
	}
}

var (
	refreshMissing  = csrfRefusal("csrf_missing", "Missing CSRF Token"+sendRefreshCSRF)
	refreshMismatch = csrfRefusal("csrf_mismatch", "CSRF double submit tokens do not match"+sendRefreshCSRF)
)

// One value covers both cookies, that of an expired one, too; a cookie that no guard admits needs none.
func TestL02_LogoutValues(t *testing.T) {
	s := newSession(t)
	e, byHand := newEndpoint(s.LogoutHandler()), newEndpoint(logoutByHand(s.Manager))
	both := cookies("a="+s.access, "r="+s.refresh)
	out := outcome{}
	for _, try := range []struct {
		name    string
		cookies []string
		value   string
		refused outcome // zero: logged out
	}{
		{"no cookies", nil, "", out},
		{"no cookies, a value", nil, s.accessCSRF, out},
		{"garbage", cookies("a=garbage", "r=a.b.c"), "", out},
		{"empty cookies", cookies("a=", "r="), "", out},
		{"foreign", cookies("a=" + s.foreign), "", out},
		{"broken signature", cookies("a=" + s.access[:len(s.access)-1]), "", out},
		{"expired", cookies("a="+s.oldAccess, "r="+s.oldRefresh), "", out},
		{"expired, wrong value", cookies("a="+s.oldAccess, "r="+s.oldRefresh), "wrong", out},
		{"refresh token in the access cookie", cookies("a=" + s.refresh), "", out},
		{"access token in the refresh cookie", cookies("r=" + s.access), "", out},
		{"cookie of another name", []string{"Cookie", "token=" + s.access}, "", out},

		{"both, no value", both, "", csrfMissing},
		{"both, access value", both, s.accessCSRF, out},
		{"both, refresh value", both, s.refreshCSRF, out},
		{"both, wrong value", both, s.tossedCSRF, csrfMismatch},
		{"both, value in capitals", both, strings.ToUpper(s.accessCSRF), csrfMismatch},
		{"access, no value", cookies("a=" + s.access), "", csrfMissing},
		{"access, its value", cookies("a=" + s.access), s.accessCSRF, out},
		{"access, value of the refresh token at home", cookies("a=" + s.access), s.refreshCSRF, csrfMismatch},
		{"refresh, no value", cookies("r=" + s.refresh), "", refreshMissing},
		{"refresh, its value", cookies("r=" + s.refresh), s.refreshCSRF, out},
		{"refresh, wrong value", cookies("r=" + s.refresh), s.accessCSRF, refreshMismatch},
		{"garbage and live, no value", cookies("a=garbage", "r="+s.refresh), "", refreshMissing},
		{"garbage and live, live value", cookies("a=garbage", "r="+s.refresh), s.refreshCSRF, out},
		{"live and foreign, no value", cookies("a="+s.access, "r="+s.foreign), "", csrfMissing},

		{"expired and live, no value", cookies("a="+s.oldAccess, "r="+s.refresh), "", refreshMissing},
		{"expired and live, expired value", cookies("a="+s.oldAccess, "r="+s.refresh), s.oldAccessCSRF, out},
		{"expired and live, another expired value", cookies("a="+s.oldAccess, "r="+s.refresh), s.oldRefCSRF, refreshMismatch},
		{"live and expired, no value", cookies("a="+s.access, "r="+s.oldRefresh), "", csrfMissing},
		{"live and expired, expired value", cookies("a="+s.access, "r="+s.oldRefresh), s.oldRefCSRF, out},

		{"two access cookies, no value", cookies("a="+s.access, "a="+s.tossed), "", csrfMissing},
		{"two access cookies, first value", cookies("a="+s.access, "a="+s.tossed), s.accessCSRF, out},
		{"two access cookies, second value", cookies("a="+s.access, "a="+s.tossed), s.tossedCSRF, out},
		{"two access cookies, another value", cookies("a="+s.access, "a="+s.tossed), s.oldAccessCSRF, csrfMismatch},
		{"tossed garbage first, no value", cookies("a=garbage", "a="+s.access), "", csrfMissing},
		{"tossed garbage first, live value", cookies("a=garbage", "a="+s.access), s.accessCSRF, out},
		{"two Cookie fields", append(cookies("a="+s.access), cookies("a="+s.tossed)...), s.tossedCSRF, out},
		{"planted value cookie", []string{"Cookie", both[1] + "; " + accessValue + "=planted"}, "planted", csrfMismatch},
	} {
		t.Run(try.name, func(t *testing.T) {
			fields := try.cookies
			if try.value != "" {
				fields = append(fields[:len(fields):len(fields)], "X-CSRF-Token", try.value)
			}
			for range 2 { // twice gives the same
				for _, method := range []string{"DELETE", "POST"} {
					if try.refused != out {
						e.refuses(t, request(method, fields...), try.refused, authjwt.ErrCSRF)
						continue
					}
					assertLoggedOut(t, e.do(request(method, fields...)))
				}
			}
			for _, method := range []string{"GET", "PATCH"} {
				if try.refused != out {
					byHand.refuses(t, request(method, fields...), try.refused, authjwt.ErrCSRF)
				} else {
					rec := byHand.do(request(method, fields...))
					assert.Equal(t, deletedCookies, rec.Header().Values("Set-Cookie"))
				}
			}
		})
	}
}

// The origin is checked first, whatever is presented and however it is called.
func TestL04_CrossSiteLogout(t *testing.T) {
	for style, s := range map[string]*session{
		"": newSession(t), "without value ": newSession(t, func(s *authjwt.Settings) { s.InsecureDisableCSRF = true }),
		"headers, too ": newSession(t, func(s *authjwt.Settings) { s.TokenLocation = []authjwt.Location{authjwt.Headers, authjwt.Cookies} }),
	} {
		value := []string{"X-CSRF-Token", s.accessCSRF}
		for name, fields := range map[string][]string{
			"live":              append(cookies("a="+s.access, "r="+s.refresh), value...),
			"expired":           cookies("a=" + s.oldAccess),
			"garbage":           cookies("a=garbage"),
			"nothing":           nil,
			"bearer":            {"Authorization", "Bearer " + s.access},
			"bearer and cookie": append(append(cookies("a="+s.access), "Authorization", "Bearer "+s.access), value...),
		} {
			for _, try := range crossSiteFields {
				t.Run(style+name+"/"+try.name, func(t *testing.T) {
					for method, handler := range map[string]gin.HandlerFunc{
						"DELETE": s.LogoutHandler(), "POST": s.LogoutHandler(),
						"GET": logoutByHand(s.Manager), "HEAD": logoutByHand(s.Manager), "OPTIONS": logoutByHand(s.Manager), "PUT": logoutByHand(s.Manager),
					} {
						e := newEndpoint(handler)
						e.refuses(t, request(method, append(fields[:len(fields):len(fields)], try.fields...)...), try.refused, authjwt.ErrCSRF)
						rec := e.do(request(method, append(fields[:len(fields):len(fields)], try.twin...)...))
						assert.Equal(t, http.StatusOK, rec.Code, method)
						assert.NotEmpty(t, setCookies(t, rec))
					}
				})
			}
		}
		e := newEndpoint(s.LogoutHandler())
		e.refuses(t, request("DELETE", append(cookies("a="+s.access), "Origin", "https://other.example")...), crossOrigin, authjwt.ErrCSRF)
	}
}

// Without double submit there are no values, and no cookies for them.
func TestL02_LogoutWithoutValues(t *testing.T) {
	s := newSession(t, func(s *authjwt.Settings) { s.InsecureDisableCSRF = true })
	rec := newEndpoint(s.LogoutHandler()).do(request("DELETE", cookies("a="+s.access, "r="+s.refresh)...))
	assert.Equal(t, http.StatusOK, rec.Code)
	assert.Equal(t, []string{deletedCookies[0], deletedCookies[2]}, rec.Header().Values("Set-Cookie"))
}

// A cookie with the scheme counts as the token in it, and one with another scheme as garbage.
func TestL02_LogoutCookieScheme(t *testing.T) {
	s := newSession(t, func(s *authjwt.Settings) { s.CookieScheme = "Bearer" })
	e := newEndpoint(s.LogoutHandler())
	live := cookies(`a="bearer ` + s.access + `"`)
	e.refuses(t, request("POST", live...), csrfMissing, authjwt.ErrCSRF)
	assertLoggedOut(t, e.do(request("POST", append(live, "X-CSRF-Token", s.accessCSRF)...)))
	assertLoggedOut(t, e.do(request("POST", cookies(`a="Basic `+s.access+`"`)...)))
}

// Where no cookie carries a token there is nothing to forge: any page may call it, and nothing happens.
func TestL02_LogoutWithHeadersAlone(t *testing.T) {
	m := newManager(t)
	fields := []string{"Authorization", "Bearer " + mustCreate(t, m), "Cookie", accessCookie + "=" + mustCreate(t, m)}
	for _, try := range crossSiteFields {
		for body, handler := range map[string]gin.HandlerFunc{"Successfully logout": m.LogoutHandler(), "out": logoutByHand(m)} {
			rec := newEndpoint(handler).do(request("DELETE", append(fields, try.fields...)...))
			assert.Equal(t, http.StatusOK, rec.Code)
			assert.Equal(t, `{"msg":"`+body+`"}`, rec.Body.String())
			assert.Empty(t, rec.Header().Values("Set-Cookie"))
			if body != "out" {
				assert.Equal(t, "no-store", rec.Header().Get("Cache-Control"))
			}
		}
	}
}

// The value of either token counts in either token's header; the error names what the cookie needs.
func TestL02_LogoutHeaderNames(t *testing.T) {
	s := newSession(t, func(s *authjwt.Settings) { s.AccessCSRFHeaderName, s.RefreshCSRFHeaderName = "X-Access", "X-Refresh" })
	e := newEndpoint(s.LogoutHandler())
	a, r := cookies("a="+s.access), cookies("r="+s.refresh)
	both := cookies("a="+s.access, "r="+s.refresh)
	for _, fields := range [][]string{
		append(a, "X-Access", s.accessCSRF), append(r, "X-Refresh", s.refreshCSRF),
		append(both, "X-Access", s.accessCSRF), append(both, "X-Refresh", s.refreshCSRF),
		append(both, "X-Access", "wrong", "X-Refresh", s.refreshCSRF), append(both, "X-Access", s.accessCSRF, "X-Refresh", "wrong"),
	} {
		assertLoggedOut(t, e.do(request("POST", fields...)))
	}
	hint := func(o outcome, header string) outcome {
		o.detail = strings.ReplaceAll(o.detail, "X-CSRF-Token", header)
		return o
	}
	for _, try := range []struct {
		fields []string
		want   outcome
	}{
		{append(a, "X-CSRF-Token", s.accessCSRF), hint(csrfMissing, "X-Access")},
		{append(r, "X-CSRF-Token", s.refreshCSRF), hint(refreshMissing, "X-Refresh")},
		{append(both, "X-Access", s.tossedCSRF, "X-Refresh", s.tossedCSRF), hint(csrfMismatch, "X-Access")},
		{append(r, "X-Refresh", s.accessCSRF), hint(refreshMismatch, "X-Refresh")},
	} {
		e.refuses(t, request("POST", try.fields...), try.want, authjwt.ErrCSRF)
	}
}

func TestL02_LogoutFormField(t *testing.T) {
	for _, field := range []string{"csrf_token", ""} {
		s := newSession(t, func(s *authjwt.Settings) { s.CSRFFormField = field })
		e := newEndpoint(s.LogoutHandler())
		send := func(contentType, body string) *http.Request {
			return loginRequest(contentType, body, cookies("a="+s.access, "r="+s.refresh)...)
		}
		const form = "application/x-www-form-urlencoded"
		missing := csrfMissing
		if field != "" {
			missing.detail += ", or in the form field csrf_token"
			for _, value := range []string{s.accessCSRF, s.refreshCSRF} {
				assertLoggedOut(t, e.do(send(form, "a=b&csrf_token="+value)))
			}
			mismatch := csrfMismatch
			mismatch.detail += ", or in the form field csrf_token"
			e.refuses(t, send(form, "csrf_token="+s.tossedCSRF), mismatch, authjwt.ErrCSRF)
		} else {
			e.refuses(t, send(form, "csrf_token="+s.accessCSRF), missing, authjwt.ErrCSRF)
		}
		e.refuses(t, send("text/plain", "csrf_token="+s.accessCSRF), missing, authjwt.ErrCSRF)
		e.refuses(t, send(form, "csrf_tokem="+s.accessCSRF), missing, authjwt.ErrCSRF)
	}
}

// FastAPI's numbers, the same verdicts.
func TestL04_LogoutFastAPIStyle(t *testing.T) {
	s := newSession(t, func(s *authjwt.Settings) { s.Errors = authjwt.FastAPI })
	e := newEndpoint(s.LogoutHandler())
	live := cookies("a=" + s.access)
	for _, try := range []struct {
		fields []string
		status int
		body   string
	}{
		{live, 401, `{"detail":"Missing CSRF Token"}`},
		{append(live, "X-CSRF-Token", "wrong"), 401, `{"detail":"CSRF double submit tokens do not match"}`},
		{append(live, "X-CSRF-Token", s.accessCSRF, "Origin", "https://other.example"), 401, `{"detail":"` + crossOrigin.detail + `"}`},
		{append(live, "X-CSRF-Token", s.accessCSRF, "Origin", "https://example.com"), 200, `{"msg":"Successfully logout"}`},
		{append(cookies("a=garbage"), "Origin", "https://other.example"), 401, `{"detail":"` + crossOrigin.detail + `"}`},
		{cookies("a=garbage"), 200, `{"msg":"Successfully logout"}`},
	} {
		rec := e.do(request("DELETE", try.fields...))
		assert.Equal(t, try.status, rec.Code)
		assert.Equal(t, try.body, rec.Body.String())
		assert.Empty(t, rec.Header().Get("WWW-Authenticate"))
		if try.status == http.StatusOK {
			assert.Equal(t, deletedCookies, rec.Header().Values("Set-Cookie"))
			continue
		}
		assert.Empty(t, rec.Header().Values("Set-Cookie"))
		assert.ErrorIs(t, e.last, authjwt.ErrCSRF)
	}
}
