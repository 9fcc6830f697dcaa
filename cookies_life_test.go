package authjwt_test

import (
	"errors"
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

const day = 24 * time.Hour

// ages are the Max-Age texts of an answer's cookies, by name; empty for one that ends with the browser.
func ages(tb testing.TB, rec *httptest.ResponseRecorder) map[string]string {
	tb.Helper()
	all := map[string]string{}
	for _, c := range parseSetCookies(tb, rec) {
		assert.Empty(tb, c.expires, "Max-Age says it; a second clock can only contradict")
		all[c.name] = c.maxAge
	}
	return all
}

// agesOf are what ages finds after a login: a pair has one age.
func agesOf(access, refresh string) map[string]string {
	return map[string]string{"access_token_cookie": access, "csrf_access_token": access, "refresh_token_cookie": refresh, "csrf_refresh_token": refresh}
}

func TestC21_MaxAge(t *testing.T) {
	persistent := func(s *authjwt.Settings) { s.PersistentCookies = true }
	capped := func(d time.Duration) func(s *authjwt.Settings) {
		return func(s *authjwt.Settings) { s.CookieMaxAge = d }
	}
	lives := func(access, refresh time.Duration) func(s *authjwt.Settings) {
		return func(s *authjwt.Settings) { s.AccessTokenExpires, s.RefreshTokenExpires = access, refresh }
	}
	type edits = []func(s *authjwt.Settings)
	type opts = []authjwt.TokenOption
	type set = []authjwt.CookieOption
	remember, forget := authjwt.WithPersistentCookies(true), authjwt.WithPersistentCookies(false)
	for _, row := range []struct {
		name            string
		edits           edits
		opts            opts
		access, refresh string
		set             set // with these, once more
	}{
		{"default", nil, nil, "", "", nil},
		{"PersistentCookies", edits{persistent}, nil, "900", "2592000", nil},
		{"a second", edits{persistent, lives(time.Second, time.Second)}, nil, "1", "1", nil},
		{"lives of an hour", edits{persistent, lives(time.Hour, 2*time.Hour)}, nil, "3600", "7200", nil},
		{"399 days", edits{persistent, lives(time.Hour, 399*day)}, nil, "3600", "34473600", nil},
		{"400 days", edits{persistent, lives(400*day, 400*day)}, nil, "34560000", "34560000", nil},
		{"401 days", edits{persistent, lives(401*day, 4000*day)}, nil, "34560000", "34560000", nil},
		{"NoExpiry", edits{lives(authjwt.NoExpiry, authjwt.NoExpiry)}, nil, "", "", nil},
		{"NoExpiry, PersistentCookies", edits{persistent, lives(authjwt.NoExpiry, authjwt.NoExpiry)}, nil, "34560000", "34560000", nil},
		{"NoExpiry, CookieMaxAge", edits{capped(time.Hour), lives(authjwt.NoExpiry, authjwt.NoExpiry)}, nil, "3600", "3600", nil},
		{"CookieMaxAge between the two", edits{capped(time.Hour)}, nil, "900", "3600", nil},
		{"CookieMaxAge below both", edits{capped(time.Second)}, nil, "1", "1", nil},
		{"CookieMaxAge with a fraction", edits{capped(2*time.Second - 1)}, nil, "1", "1", nil},
		{"CookieMaxAge above both", edits{capped(400 * day)}, nil, "900", "2592000", nil},
		{"CookieMaxAge, PersistentCookies", edits{capped(time.Minute), persistent}, nil, "60", "60", nil},
		{"WithPersistentCookies", nil, opts{remember}, "900", "2592000", nil},
		{"WithPersistentCookies, last one counts", nil, opts{forget, remember}, "900", "2592000", nil},
		{"WithPersistentCookies, CookieMaxAge", edits{capped(time.Minute)}, opts{remember}, "60", "60", nil},
		{"not WithPersistentCookies", edits{persistent}, opts{forget}, "", "", nil},
		{"not WithPersistentCookies, CookieMaxAge", edits{capped(time.Hour)}, opts{forget}, "", "", nil},
		{"WithExpires", edits{persistent}, opts{authjwt.WithExpires(2 * time.Minute)}, "120", "2592000", nil},
		{"WithExpires with a fraction", edits{persistent}, opts{authjwt.WithExpires(2*time.Minute - 1)}, "119", "2592000", nil},
		{"clock with a fraction", edits{persistent, func(s *authjwt.Settings) {
			s.Now = func() time.Time { return testNow.Add(999 * time.Millisecond) }
		}}, nil, "899", "2591999", nil},
		{"WithMaxAge, a second", nil, nil, "1", "1", set{authjwt.WithMaxAge(time.Second)}},
		{"WithMaxAge, a fraction", nil, nil, "1", "1", set{authjwt.WithMaxAge(2*time.Second - 1)}},
		{"WithMaxAge below both", nil, nil, "60", "60", set{authjwt.WithMaxAge(time.Minute)}},
		{"WithMaxAge between the two", nil, nil, "900", "3600", set{authjwt.WithMaxAge(time.Hour)}},
		{"WithMaxAge beyond both", nil, nil, "900", "2592000", set{authjwt.WithMaxAge(1000 * day)}},
		{"WithMaxAge, the last one counts", nil, nil, "120", "120", set{authjwt.WithMaxAge(time.Minute), authjwt.WithMaxAge(2 * time.Minute)}},
		{"WithMaxAge, NoExpiry", edits{lives(authjwt.NoExpiry, authjwt.NoExpiry)}, nil, "34560000", "34560000", set{authjwt.WithMaxAge(401 * day)}},
		{"WithMaxAge, PersistentCookies", edits{persistent}, nil, "60", "60", set{authjwt.WithMaxAge(time.Minute)}},
		{"WithMaxAge below CookieMaxAge", edits{capped(time.Hour)}, nil, "60", "60", set{authjwt.WithMaxAge(time.Minute)}},
		{"WithMaxAge, not WithPersistentCookies", edits{persistent}, opts{forget}, "60", "60", set{authjwt.WithMaxAge(time.Minute)}},
	} {
		t.Run(row.name, func(t *testing.T) {
			m := newManager(t, append(edits{inCookies}, row.edits...)...)
			rec, err := act(m, request(http.MethodPost), func(a *authjwt.AuthJWT) error {
				pair, err := a.Login("alice", row.opts...)
				if err != nil || row.set == nil {
					return err
				}
				return errors.Join(a.SetAccessCookies(pair.AccessToken, row.set...), a.SetRefreshCookies(pair.RefreshToken, row.set...))
			})
			require.NoError(t, err)
			assert.Equal(t, agesOf(row.access, row.refresh), ages(t, rec))
		})
	}
}

// What is set later lives shorter, to the second before exp; then it is an error.
func TestC21_NeverBeyondExp(t *testing.T) {
	now := testNow
	m := newManager(t, inCookies, func(s *authjwt.Settings) {
		s.PersistentCookies, s.DecodeLeeway, s.Now = true, time.Minute, func() time.Time { return now }
	})
	strict := newManager(t, inCookies, func(s *authjwt.Settings) { s.Now = func() time.Time { return now } })
	token := mustCreate(t, m)
	for _, row := range []struct {
		later time.Duration
		age   string
		says  string
	}{
		{0, "900", ""}, {time.Nanosecond, "899", ""}, {10 * time.Minute, "300", ""}, {10*time.Minute + time.Millisecond, "299", ""},
		{15*time.Minute - time.Second, "1", ""}, {15*time.Minute - time.Second/2, "1", ""}, // Max-Age=0 would delete
		{15 * time.Minute, "", "set access cookies: the token has expired"},
		{16*time.Minute - 1, "", "set access cookies: the token has expired"},
		{16 * time.Minute, "", "this Manager would refuse the token: Signature has expired"},
	} {
		now = testNow.Add(row.later)
		set := func(a *authjwt.AuthJWT) error { return a.SetAccessCookies(token) }
		rec, err := act(m, request(http.MethodPost), set)
		if row.says == "" {
			require.NoError(t, err, row.later)
			assert.Equal(t, map[string]string{"access_token_cookie": row.age, "csrf_access_token": row.age}, ages(t, rec), row.later)
			rec, err = act(strict, request(http.MethodPost), set)
			require.NoError(t, err)
			assert.Equal(t, map[string]string{"access_token_cookie": "", "csrf_access_token": ""}, ages(t, rec), row.later)
			continue
		}
		assertError(t, err, internalError, authjwt.ErrInternal)
		assert.ErrorContains(t, err, row.says)
		assert.Empty(t, rec.Header()["Set-Cookie"])
		_, err = act(strict, request(http.MethodPost), set)
		assert.ErrorContains(t, err, "Signature has expired", "without leeway")
	}
}

// The box is ticked at login and not seen again: the choice must come back from the refresh token.
func TestC21_RememberSurvivesRefresh(t *testing.T) {
	yes, no := func(*gin.Context) bool { return true }, func(*gin.Context) bool { return false }
	box := func(c *gin.Context) bool { return c.Query("remember") == "on" }
	for _, row := range []struct {
		name                    string
		persistent              bool // the setting at login; it is turned round before the refresh
		remember                func(*gin.Context) bool
		target                  string
		access, refresh, second string
	}{
		{"no choice, session cookies", false, nil, "/", "", "", "900"},
		{"no choice, persistent cookies", true, nil, "/", "900", "2592000", ""},
		{"yes against session cookies", false, yes, "/", "900", "2592000", "900"},
		{"yes with persistent cookies", true, yes, "/", "900", "2592000", "900"},
		{"no against persistent cookies", true, no, "/", "", "", ""},
		{"no with session cookies", false, no, "/", "", "", ""},
		{"box ticked", false, box, "/?remember=on", "900", "2592000", "900"},
		{"box not ticked", true, box, "/", "", "", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			now, asked := testNow, 0
			with := func(persistent bool) *authjwt.Manager {
				return newManager(t, inCookies, func(s *authjwt.Settings) {
					s.PersistentCookies, s.Now = persistent, func() time.Time { return now }
				})
			}
			routes := loginAs("alice")
			if row.remember != nil {
				routes.Remember = func(c *gin.Context) bool { asked++; return row.remember(c) }
			}
			r := gin.New()
			r.POST("/", with(row.persistent).LoginHandler(routes))
			r.POST("/refresh", with(!row.persistent).RefreshHandler(routes))
			rec := httptest.NewRecorder()
			r.ServeHTTP(rec, httptest.NewRequest(http.MethodPost, "https://example.com"+row.target, nil))
			require.Equal(t, http.StatusOK, rec.Code, rec.Body)
			assert.Equal(t, agesOf(row.access, row.refresh), ages(t, rec))
			wantAsked := asked

			now = testNow.Add(29 * day)
			for range 2 {
				req := httptest.NewRequest(http.MethodPost, "https://example.com/refresh?remember=on", nil)
				for _, c := range setCookies(t, rec) {
					if c.Name == "refresh_token_cookie" {
						req.AddCookie(c)
					}
					if c.Name == "csrf_refresh_token" {
						req.Header.Set("X-CSRF-Token", c.Value)
					}
				}
				renewed := httptest.NewRecorder()
				r.ServeHTTP(renewed, req)
				require.Equal(t, http.StatusOK, renewed.Code, renewed.Body)
				assert.Equal(t, map[string]string{"access_token_cookie": row.second, "csrf_access_token": row.second}, ages(t, renewed))
			}
			assert.Equal(t, wantAsked, asked, "a refresh asks nobody")
		})
	}
}

func TestC21_RememberIsNotAskedInVain(t *testing.T) {
	asked := false
	var verdict error
	handler := newManager(t, inCookies).LoginHandler(authjwt.Routes{
		Login:    func(*gin.Context) (string, error) { return "alice", verdict },
		Remember: func(*gin.Context) bool { asked = true; return true },
	})
	for _, verdict = range []error{authjwt.ErrInvalidCredentials, authjwt.ErrUnavailable} {
		assert.GreaterOrEqual(t, handle(handler, "").Code, 401)
		assert.False(t, asked)
	}
	verdict = nil
	assert.Equal(t, http.StatusOK, handle(handler, "").Code)
	assert.True(t, asked)
}

// The choice is the package's own claim, and only where cookies are.
func TestC21_PersistentClaim(t *testing.T) {
	m := newManager(t, inCookies)
	for _, row := range []struct {
		claim any
		age   string
	}{
		{nil, ""}, {true, "60"}, {false, ""}, {"true", ""}, {1, ""}, {[]bool{true}, ""},
	} {
		token := signedClaims(t, claims(map[string]any{"csrf": "x", "persistent": row.claim}))
		rec, err := act(m, request(http.MethodPost), func(a *authjwt.AuthJWT) error { return a.SetAccessCookies(token) })
		require.NoError(t, err)
		assert.Equal(t, map[string]string{"access_token_cookie": row.age, "csrf_access_token": row.age}, ages(t, rec), "%v", row.claim)
	}
	_, err := m.CreateAccessToken("alice", authjwt.WithClaims(map[string]any{"persistent": true}))
	assert.ErrorContains(t, err, `"persistent" is reserved`)

	for m, want := range map[*authjwt.Manager]bool{m: true, newManager(t): false} {
		token, err := m.Verify(t.Context(), mustCreate(t, m, authjwt.WithPersistentCookies(false)), authjwt.Access)
		require.NoError(t, err)
		text, err := token.MarshalJSON()
		require.NoError(t, err)
		assert.Equal(t, want, strings.Contains(string(text), `"persistent":false`), "%s", text)
	}
}

// A refusal takes back what the handler has set; what it has deleted, and the application's own cookies, stay.
func TestC18_RefusalsSetNothing(t *testing.T) {
	m := newManager(t, inCookies)
	wrong, err := m.CreateRefreshToken("alice")
	require.NoError(t, err)
	set := func(c *gin.Context) {
		http.SetCookie(c.Writer, &http.Cookie{Name: "theme", Value: "dark"})
		require.NoError(t, login(m.Bind(c)))
	}
	abort := func(err error) gin.HandlerFunc { return func(c *gin.Context) { set(c); m.Bind(c).Abort(err) } }
	leave := func(err error) gin.HandlerFunc { return func(c *gin.Context) { set(c); _ = c.Error(err) } }
	respond := func(how gin.HandlerFunc) gin.HandlerFunc {
		routes := loginAs("bob")
		routes.Respond = func(c *gin.Context, _ authjwt.TokenPair) { how(c) }
		return m.LoginHandler(routes)
	}
	unavailable := outcome{503, "unavailable", "Service Unavailable", "-"}
	for name, row := range map[string]struct {
		handler gin.HandlerFunc
		want    outcome
		deleted int
	}{
		"guard":          {func(c *gin.Context) { set(c); assert.Error(t, m.Bind(c).JWTRequired()); c.String(200, "leak") }, noCookie, 0},
		"Abort":          {abort(authjwt.ErrUnavailable), unavailable, 0},
		"Abort(nil)":     {abort(nil), internalError, 0},
		"left":           {leave(authjwt.ErrUnavailable), unavailable, 0},
		"left, wrapped":  {leave(errors.Join(errors.New("db"), authjwt.ErrUnavailable)), unavailable, 0},
		"Respond aborts": {respond(abort(authjwt.ErrUnavailable)), unavailable, 0},
		"Respond leaves": {respond(leave(authjwt.ErrUnavailable)), unavailable, 0},
		"second pair":    {func(c *gin.Context) { set(c); m.Bind(c).Abort(m.Bind(c).SetAccessCookies(wrong)) }, internalError, 0},
		"Login":          {m.LoginHandler(authjwt.Routes{Login: func(c *gin.Context) (string, error) { set(c); return "", authjwt.ErrUnavailable }}), unavailable, 0},
		"unset":          {func(c *gin.Context) { set(c); _ = m.Bind(c).UnsetJWTCookies(); m.Bind(c).Abort(authjwt.ErrUnavailable) }, unavailable, 4},
		"one unset of two": {func(c *gin.Context) {
			set(c)
			_ = m.Bind(c).UnsetRefreshCookies()
			m.Bind(c).Abort(authjwt.ErrUnavailable)
		}, unavailable, 2},
	} {
		r := gin.New()
		r.POST("/", m.ErrorMiddleware(), row.handler)
		rec := httptest.NewRecorder()
		r.ServeHTTP(rec, request(http.MethodPost))
		assertAnswerItself(t, rec, row.want)
		cookies := parseSetCookies(t, rec)
		require.Len(t, cookies, 1+row.deleted, name)
		assert.Equal(t, setCookie{name: "theme", value: "dark"}, cookies[0], name)
		for _, c := range cookies[1:] {
			assert.Equal(t, c.deleted(), c, name)
		}
	}
	g := guard(t, m.ErrorMiddleware(), set)
	g.assertAccepted(t, g.do(request(http.MethodPost)))
	assert.Len(t, g.do(request(http.MethodPost)).Header()["Set-Cookie"], 5)
}

// Both leave more than the refusals above: cookies of a login that has failed.
func TestC18_PanicAndFormerCookies(t *testing.T) {
	m := newManager(t, inCookies, func(s *authjwt.Settings) { s.FormerCookies = []authjwt.FormerCookie{{Path: "/old"}} })
	for name, end := range map[string]func(c *gin.Context){
		"panic": func(*gin.Context) { panic("in Respond") },
		"abort": func(c *gin.Context) { m.Bind(c).Abort(authjwt.ErrInternal) },
	} {
		routes := loginAs("alice")
		routes.Respond = func(c *gin.Context, _ authjwt.TokenPair) { end(c) }
		rec := guard(t, m.LoginHandler(routes)).do(request(http.MethodPost))
		assert.Equal(t, http.StatusInternalServerError, rec.Code)
		assert.Empty(t, parseSetCookies(t, rec), name)
	}
}

// RFC 6265bis §4.1.1: one line per cookie, and the last call counts. Paths that net/http cannot read back may be refused instead.
func TestC17_OneLinePerCookie(t *testing.T) {
	for _, path := range []string{"/", "/api", "/a b", "/a,b", `/a"b`, `/a\b`, "/a "} {
		m, err := authjwt.New(authjwt.Settings{SecretKey: testSecret, TokenLocation: []authjwt.Location{authjwt.Cookies},
			AccessCookiePath: path, FormerCookies: []authjwt.FormerCookie{{Path: "/old"}}, CookieDomain: ".Example.com"})
		if err != nil && strings.ContainsAny(path, " \"\\") {
			assert.ErrorContains(t, err, "Settings.AccessCookiePath: ")
			continue
		}
		require.NoError(t, err)
		token := mustCreate(t, m)
		set, unset := func(a *authjwt.AuthJWT) error { return a.SetAccessCookies(token) }, (*authjwt.AuthJWT).UnsetAccessCookies
		for name, row := range map[string]struct {
			first, second func(a *authjwt.AuthJWT) error
			value         string
		}{
			"set twice": {set, set, token}, "login, set": {login, set, token}, "unset, set": {unset, set, token},
			"set, unset": {set, unset, ""}, "unset twice": {unset, unset, ""},
		} {
			rec, err := act(m, request(http.MethodPost), func(a *authjwt.AuthJWT) error { return errors.Join(row.first(a), row.second(a)) })
			require.NoError(t, err)
			values, lines := map[string]string{}, 0
			for _, c := range parseSetCookies(t, rec) {
				if values[c.name+c.path] = c.value; strings.Contains(c.name, "access") {
					lines++
				}
			}
			assert.Equal(t, row.value, values["access_token_cookie"+path], "%s, %s", path, name)
			assert.Equal(t, 4, lines, "%s, %s: two cookies here, two at the former place", path, name)
		}
	}
}
