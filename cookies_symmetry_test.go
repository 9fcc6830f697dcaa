package authjwt_test

import (
	"errors"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

// act runs one call on a request of its own and returns the answer.
func act(m *authjwt.Manager, req *http.Request, call func(a *authjwt.AuthJWT) error) (*httptest.ResponseRecorder, error) {
	rec := httptest.NewRecorder()
	c, _ := gin.CreateTestContext(rec)
	c.Request = req
	return rec, call(m.Bind(c))
}

// A setCookie is one Set-Cookie line, read without net/http, which wrote it.
type setCookie struct {
	name, value, path, domain, sameSite, maxAge, expires string
	secure, httpOnly                                     bool
}

func parseSetCookies(tb testing.TB, rec *httptest.ResponseRecorder) (all []setCookie) {
	tb.Helper()
	for _, line := range rec.Header()["Set-Cookie"] {
		parts, attributes := strings.Split(line, "; "), map[string]string{}
		for _, part := range parts[1:] {
			name, value, _ := strings.Cut(part, "=")
			attributes[name] = value
		}
		require.Len(tb, attributes, len(parts)-1, "twice: %s", line)
		c := setCookie{path: attributes["Path"], domain: strings.ToLower(strings.TrimPrefix(attributes["Domain"], ".")), sameSite: attributes["SameSite"],
			maxAge: attributes["Max-Age"], expires: attributes["Expires"]}
		c.name, c.value, _ = strings.Cut(parts[0], "=")
		_, c.secure = attributes["Secure"]
		_, c.httpOnly = attributes["HttpOnly"]
		all = append(all, c)
	}
	return all
}

// bare is c without value and life: its place and its attributes.
func (c setCookie) bare() setCookie {
	c.value, c.maxAge, c.expires = "", "", ""
	return c
}

// place is what browsers know a cookie by (RFC 6265bis §5.7).
func (c setCookie) place() [3]string { return [3]string{c.name, c.path, c.domain} }

// deleted is the line that deletes c.
func (c setCookie) deleted() setCookie {
	c = c.bare()
	c.maxAge, c.expires = "0", "Thu, 01 Jan 1970 00:00:00 GMT"
	return c
}

func or[T comparable](value, otherwise T) T {
	var zero T
	if value == zero {
		return otherwise
	}
	return value
}

// described derives the cookies of a kind of token from s by its documentation alone: those in use and those at former places.
func described(s *authjwt.Settings, kind authjwt.TokenType) (current, former []setCookie) {
	sameSite := map[http.SameSite]string{0: "Lax", http.SameSiteLaxMode: "Lax", http.SameSiteStrictMode: "Strict", http.SameSiteNoneMode: "None"}
	normal := func(domain string) string { return strings.ToLower(strings.TrimPrefix(domain, ".")) }
	token := setCookie{name: or(s.AccessCookieKey, "access_token_cookie"), path: or(s.AccessCookiePath, "/"),
		domain: normal(s.CookieDomain), sameSite: sameSite[s.CookieSameSite], secure: !s.InsecureCookies, httpOnly: true}
	csrf := token
	csrf.name, csrf.path, csrf.httpOnly = or(s.AccessCSRFCookieKey, "csrf_access_token"), or(s.AccessCSRFCookiePath, "/"), false
	if kind == authjwt.Refresh {
		token.name, token.path = or(s.RefreshCookieKey, "refresh_token_cookie"), or(s.RefreshCookiePath, "/")
		csrf.name, csrf.path = or(s.RefreshCSRFCookieKey, "csrf_refresh_token"), or(s.RefreshCSRFCookiePath, "/")
	}
	token.name, csrf.name = s.CookiePrefix+token.name, s.CookiePrefix+csrf.name
	for _, place := range s.FormerCookies {
		for _, c := range []setCookie{token, csrf} {
			gone := c
			gone.path, gone.domain = or(place.Path, "/"), normal(place.Domain)
			if gone.place() != c.place() && !slices.Contains(former, gone) {
				former = append(former, gone)
			}
		}
	}
	if s.InsecureDisableCSRF {
		return []setCookie{token}, former
	}
	return []setCookie{token, csrf}, former
}

func one[T any](r *rand.Rand, values ...T) T { return values[r.IntN(len(values))] }

// cookieKnobs turn every setting that has to do with cookies, to good and to bad values.
var cookieKnobs = map[string]func(r *rand.Rand, s *authjwt.Settings){
	"AccessCookieKey":       func(r *rand.Rand, s *authjwt.Settings) { s.AccessCookieKey = one(r, "a", "sid", "t~!", "same") },
	"RefreshCookieKey":      func(r *rand.Rand, s *authjwt.Settings) { s.RefreshCookieKey = one(r, "r", "A", "same", "x_y") },
	"AccessCSRFCookieKey":   func(r *rand.Rand, s *authjwt.Settings) { s.AccessCSRFCookieKey = one(r, "c", "XSRF-TOKEN", "csrf.a") },
	"RefreshCSRFCookieKey":  func(r *rand.Rand, s *authjwt.Settings) { s.RefreshCSRFCookieKey = one(r, "cr", "csrf.r", "a;b") },
	"AccessCookiePath":      func(r *rand.Rand, s *authjwt.Settings) { s.AccessCookiePath = randomPath(r) },
	"RefreshCookiePath":     func(r *rand.Rand, s *authjwt.Settings) { s.RefreshCookiePath = randomPath(r) },
	"AccessCSRFCookiePath":  func(r *rand.Rand, s *authjwt.Settings) { s.AccessCSRFCookiePath = randomPath(r) },
	"RefreshCSRFCookiePath": func(r *rand.Rand, s *authjwt.Settings) { s.RefreshCSRFCookiePath = randomPath(r) },
	"CookieDomain":          func(r *rand.Rand, s *authjwt.Settings) { s.CookieDomain = randomDomain(r) },
	"CookieSameSite":        func(r *rand.Rand, s *authjwt.Settings) { s.CookieSameSite = http.SameSite(1 + r.IntN(4)) },
	"CookiePrefix":          func(r *rand.Rand, s *authjwt.Settings) { s.CookiePrefix = one(r, "__Host-", "__Host-", "__Secure-") },
	"CookieScheme":          func(r *rand.Rand, s *authjwt.Settings) { s.CookieScheme = one(r, "Bearer", "JWT") },
	"PersistentCookies":     func(_ *rand.Rand, s *authjwt.Settings) { s.PersistentCookies = true },
	"CookieMaxAge": func(r *rand.Rand, s *authjwt.Settings) {
		s.CookieMaxAge = one(r, time.Second, time.Hour, 400*24*time.Hour)
	},
	"InsecureCookies": func(_ *rand.Rand, s *authjwt.Settings) { s.InsecureCookies = true },
	"FormerCookies": func(r *rand.Rand, s *authjwt.Settings) {
		for range 1 + r.IntN(3) {
			s.FormerCookies = append(s.FormerCookies, authjwt.FormerCookie{Path: one(r, "", randomPath(r)), Domain: one(r, "", randomDomain(r))})
		}
	},
	"InsecureDisableCSRF": func(_ *rand.Rand, s *authjwt.Settings) { s.InsecureDisableCSRF = true },
	"CSRFMethods": func(r *rand.Rand, s *authjwt.Settings) {
		s.CSRFMethods = one(r, []string{"POST"}, []string{"PUT", "DELETE"})
	},
	"CSRFFormField":         func(_ *rand.Rand, s *authjwt.Settings) { s.CSRFFormField = "csrf_token" },
	"AccessCSRFHeaderName":  func(r *rand.Rand, s *authjwt.Settings) { s.AccessCSRFHeaderName = one(r, "X-A", "x-xsrf-token") },
	"RefreshCSRFHeaderName": func(_ *rand.Rand, s *authjwt.Settings) { s.RefreshCSRFHeaderName = "X-R" },
}

func randomPath(r *rand.Rand) string {
	return one(r, "/", "/", "/api", "/api/", "/API", "/auth/refresh", "/a b", `/a"b`, "/a,b=c")
}

func randomDomain(r *rand.Rand) string {
	return one(r, "example.com", ".example.com", "EXAMPLE.com", "app.example.com")
}

func TestC17_EveryCookieSettingIsGenerated(t *testing.T) {
	settings := reflect.TypeFor[authjwt.Settings]()
	for i := range settings.NumField() {
		if name := settings.Field(i).Name; strings.Contains(name, "Cookie") || strings.Contains(name, "CSRF") {
			assert.NotNil(t, cookieKnobs[name], "a setting that TestC17_SetAndUnsetAreSymmetric does not vary: %s", name)
		}
	}
}

func TestC17_SetAndUnsetAreSymmetric(t *testing.T) {
	const rounds = 3000
	r := rand.New(rand.NewPCG(6265, 17))
	accepted, varied := 0, map[string]int{}
	for i := range rounds {
		s := authjwt.Settings{SecretKey: testSecret, Now: func() time.Time { return testNow }, TokenLocation: []authjwt.Location{authjwt.Cookies}}
		for _, name := range slices.Sorted(maps.Keys(cookieKnobs)) {
			if r.IntN(4) == 0 {
				cookieKnobs[name](r, &s)
			}
		}
		m, err := authjwt.New(s)
		if err != nil {
			continue
		}
		accepted++
		for name := range cookieKnobs {
			if !reflect.ValueOf(s).FieldByName(name).IsZero() {
				varied[name]++
			}
		}
		varied["CookiePrefix "+s.CookiePrefix]++
		if !assertSymmetric(t, m, &s) {
			t.Fatalf("round %d: %v", i, s)
		}
	}
	assert.Greater(t, accepted, rounds/2, "New refuses most settings, so that little is tested")
	for _, name := range append(slices.Collect(maps.Keys(cookieKnobs)), "CookiePrefix __Host-", "CookiePrefix __Secure-") {
		assert.Greater(t, varied[name], 25, "%s is hardly ever varied", name)
	}
}

// assertSymmetric logs in, reads the cookies back and deletes them, in every way there is.
func assertSymmetric(t *testing.T, m *authjwt.Manager, s *authjwt.Settings) bool {
	t.Helper()
	access, formerAccess := described(s, authjwt.Access)
	refresh, formerRefresh := described(s, authjwt.Refresh)
	both, formerBoth := slices.Concat(access, refresh), slices.Concat(formerAccess, formerRefresh)
	ok := true
	check := func(req *http.Request, wantSet, wantGone []setCookie, call func(a *authjwt.AuthJWT) error) []setCookie {
		rec, err := act(m, req, call)
		require.NoError(t, err, "%v", *s)
		for i, c := range wantGone {
			wantGone[i] = c.deleted()
		}
		var set, gone []setCookie
		places := map[[3]string]bool{}
		for _, c := range parseSetCookies(t, rec) {
			ok = assert.False(t, places[c.place()], "one line undoes another: %v", c) && ok
			places[c.place()] = true
			if c.value == "" || c.maxAge == "0" || c.expires != "" {
				gone = append(gone, c)
			} else {
				set = append(set, c)
			}
		}
		var bare []setCookie
		for _, c := range set {
			bare = append(bare, c.bare())
		}
		ok = assert.ElementsMatch(t, wantSet, bare) && ok
		ok = assert.ElementsMatch(t, wantGone, gone) && ok
		return set
	}
	login := func(a *authjwt.AuthJWT) error {
		_, err := a.Login("alice")
		return err
	}
	setBoth := func(a *authjwt.AuthJWT) error {
		token, err := a.CreateAccessToken("alice")
		require.NoError(t, err)
		require.NoError(t, a.SetAccessCookies(token))
		token, err = a.CreateRefreshToken("alice")
		require.NoError(t, err)
		return a.SetRefreshCookies(token)
	}
	for _, in := range []func(a *authjwt.AuthJWT) error{login, setBoth} {
		presented := request(http.MethodGet)
		for _, c := range check(request(http.MethodPost), both, formerBoth, in) {
			presented.Header.Set("Cookie", strings.TrimPrefix(presented.Header.Get("Cookie")+"; "+c.name+"="+c.value, "; "))
			if !s.InsecureDisableCSRF && c.name == access[1].name {
				presented.Header.Set(or(s.AccessCSRFHeaderName, "X-CSRF-Token"), c.value)
			}
			if c.maxAge != "" {
				age, err := strconv.Atoi(c.maxAge)
				ok = assert.True(t, err == nil && age > 0 && age <= 30*24*3600, c.maxAge) && ok
			}
			ok = assert.Equal(t, s.PersistentCookies || s.CookieMaxAge > 0, c.maxAge != "") && ok
		}
		check(presented.Clone(t.Context()), access, formerAccess, func(a *authjwt.AuthJWT) error {
			token, err := a.Verify(authjwt.Access)
			require.NoError(t, err, "what was set is not read: %v", *s)
			ok = assert.Equal(t, "alice", token.Subject) && ok
			_, err = a.Refresh()
			return err
		})
		presented.Method = http.MethodDelete
		check(presented, nil, slices.Concat(both, formerBoth), (*authjwt.AuthJWT).Logout)
	}
	check(request(http.MethodGet), nil, slices.Concat(both, formerBoth), (*authjwt.AuthJWT).UnsetJWTCookies)
	check(request(http.MethodGet), nil, slices.Concat(access, formerAccess), (*authjwt.AuthJWT).UnsetAccessCookies)
	check(request(http.MethodGet), nil, slices.Concat(refresh, formerRefresh), (*authjwt.AuthJWT).UnsetRefreshCookies)
	return ok
}

// A jar by RFC 6265 §5.3 takes a host's cookie and the Domain cookie of that host for one.
func TestC17_FormerDomainInAJar(t *testing.T) {
	for _, row := range []struct{ domain, former string }{
		{"", "app.example.com"}, {"example.com", "app.example.com"}, {"app.example.com", "example.com"}, {"example.com", ""}, {"app.example.com", ""},
	} {
		m := newManager(t, inCookies, func(s *authjwt.Settings) {
			s.CookieDomain, s.FormerCookies = row.domain, []authjwt.FormerCookie{{Domain: row.former}}
		})
		jar, err := cookiejar.New(nil)
		require.NoError(t, err)
		req := httptest.NewRequest(http.MethodPost, "https://app.example.com/", nil)
		rec, err := act(m, req, func(a *authjwt.AuthJWT) error { _, err := a.Login("alice"); return err })
		require.NoError(t, err)
		jar.SetCookies(req.URL, rec.Result().Cookies())
		assert.Len(t, jar.Cookies(req.URL), 4, "domain %q, formerly %q", row.domain, row.former)
		rec, err = act(m, req, (*authjwt.AuthJWT).UnsetJWTCookies)
		require.NoError(t, err)
		jar.SetCookies(req.URL, rec.Result().Cookies())
		assert.Empty(t, jar.Cookies(req.URL))
	}
}

// Helpers called where they cannot work say what to do, and write nothing.
func TestC18_HelpersMisused(t *testing.T) {
	here := func(c *gin.Context) *gin.Context { return c }
	begun := func(c *gin.Context) *gin.Context { c.String(http.StatusOK, "begun"); return c }
	flushed := func(c *gin.Context) *gin.Context { c.Writer.WriteHeaderNow(); return c }
	elsewhere := newManager(t, inCookies, func(s *authjwt.Settings) { s.SecretKey = strings.ToUpper(testSecret) })
	inHeaders, noCSRF := newManager(t), newManager(t, inCookies, func(s *authjwt.Settings) { s.InsecureDisableCSRF = true })
	m := newManager(t, inCookies)
	refused := func(c *gin.Context) *gin.Context { m.Bind(c).Abort(authjwt.ErrUnavailable); return c }
	access := mustCreate(t, m)
	refresh, err := m.CreateRefreshToken("alice")
	require.NoError(t, err)
	old := signedClaims(t, claims(map[string]any{"exp": testNow.Unix(), "csrf": "x"}))
	set := func(token string, opts ...authjwt.CookieOption) func(a *authjwt.AuthJWT) error {
		return func(a *authjwt.AuthJWT) error { return a.SetAccessCookies(token, opts...) }
	}
	setRefresh := func(a *authjwt.AuthJWT) error { return a.SetRefreshCookies(refresh) }
	const tooLate, onCopy = "set and unset cookies before anything is written", "this is a copy of the request's context, without a response"
	type call = func(a *authjwt.AuthJWT) error
	unsets := []call{(*authjwt.AuthJWT).UnsetJWTCookies, (*authjwt.AuthJWT).UnsetAccessCookies, (*authjwt.AuthJWT).UnsetRefreshCookies}
	all := append([]call{set(access), setRefresh, login, (*authjwt.AuthJWT).Logout}, unsets...)
	for _, row := range []struct {
		m     *authjwt.Manager
		calls []call
		on    func(c *gin.Context) *gin.Context
		says  string // empty: no error
	}{
		{m, all, here, ""}, {m, all, begun, tooLate}, {m, all, flushed, tooLate}, {m, all, refused, tooLate}, {m, all, (*gin.Context).Copy, onCopy},
		{inHeaders, unsets, here, ""}, {inHeaders, unsets, begun, ""}, {inHeaders, all[2:4], here, ""},
		{inHeaders, all[:2], here, "add Cookies to Settings.TokenLocation"},
		{m, []call{set(refresh)}, here, "it is no access token"},
		{m, []call{func(a *authjwt.AuthJWT) error { return a.SetRefreshCookies(access) }}, here, "it is no refresh token"},
		{m, []call{set(old)}, here, "would refuse the token: Signature has expired"},
		{m, []call{set(mustCreate(t, elsewhere))}, here, "would refuse the token: Signature verification failed"},
		{m, []call{set(""), set("x")}, here, "would refuse the token: Not enough segments"},
		{m, []call{set(mustCreate(t, inHeaders)), set(mustCreate(t, noCSRF))}, here, "has no csrf claim"},
		{m, []call{set(access, nil)}, here, "a CookieOption is nil"},
		{m, []call{set(access, authjwt.WithMaxAge(0)), set(access, authjwt.WithMaxAge(-time.Hour)), set(access, authjwt.WithMaxAge(900))}, here, "a plain number counts nanoseconds"},
		{m, []call{set(access, authjwt.WithMaxAge(time.Second)), set(access)}, here, ""},
		{noCSRF, []call{set(access), set(mustCreate(t, inHeaders))}, here, ""},
	} {
		for i, call := range row.calls {
			rec := httptest.NewRecorder()
			c, _ := gin.CreateTestContext(rec)
			c.Request = request(http.MethodPost)
			err := call(row.m.Bind(row.on(c)))
			if row.says == "" {
				assert.NoError(t, err)
				assert.Equal(t, row.m == inHeaders, len(rec.Header()["Set-Cookie"]) == 0)
				continue
			}
			assertError(t, err, internalError)
			assert.Equal(t, row.m == inHeaders, errors.Is(err, authjwt.ErrCookiesDisabled), "%d", i)
			assert.Equal(t, row.m != inHeaders, errors.Is(err, authjwt.ErrInternal), "%d", i)
			assert.ErrorContains(t, err, row.says)
			assert.NotContains(t, err.Error(), "eyJ")
			assert.Empty(t, rec.Header()["Set-Cookie"])
		}
	}
}
