package authjwt_test

import (
	"bytes"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

// Gin's HandleContext forgets what was bound to the request, but not what its answer says so far.
func TestC18_AfterHandleContext(t *testing.T) {
	m := newManager(t, inCookies)
	r := gin.New()
	r.POST("/login", func(c *gin.Context) {
		_, err := m.Bind(c).Login("alice")
		require.NoError(t, err)
		http.SetCookie(c.Writer, &http.Cookie{Name: "theme", Value: "dark"})
		c.Request.URL.Path = "/me"
		r.HandleContext(c)
	})
	r.POST("/me", m.Required())
	rec := httptest.NewRecorder()
	r.ServeHTTP(rec, httptest.NewRequest(http.MethodPost, "/login", nil))
	assertAnswerItself(t, rec, noCookie)
	assert.Equal(t, []string{"theme=dark"}, rec.Header()["Set-Cookie"])
}

// A panic behind it passes what knows the request still: a guard, a prebuilt handler, ErrorMiddleware.
func TestC18_PanicAfterHandleContext(t *testing.T) {
	m, other := newManager(t, inCookies), newManager(t, func(s *authjwt.Settings) { s.CookiePrefix = "__Host-" })
	good, csrf := newPair(t, m)
	var log bytes.Buffer
	for name, recovery := range map[string]gin.HandlerFunc{"writes": gin.RecoveryWithWriter(&log), "silent": func(c *gin.Context) { defer func() { _ = recover() }(); c.Next() }} {
		r := gin.New()
		elsewhere := func(path string) gin.HandlerFunc {
			return func(c *gin.Context) {
				require.NoError(t, login(m.Bind(c)))
				http.SetCookie(c.Writer, &http.Cookie{Name: "theme", Value: "dark"})
				c.Request.URL.Path = path
				r.HandleContext(c)
			}
		}
		routes := loginAs("alice")
		routes.Respond = func(c *gin.Context, _ authjwt.TokenPair) { elsewhere("/panics")(c) }
		r.Any("/panics", func(*gin.Context) { panic(http.ErrAbortHandler) })
		r.Any("/others", other.Optional(), func(*gin.Context) { panic("x") })
		r.Any("/fine", func(*gin.Context) {})
		r.Use(recovery)
		r.POST("/guarded", m.Required(), elsewhere("/panics"))
		r.POST("/apart", other.ErrorMiddleware(), m.Required(), elsewhere("/others"))
		r.POST("/left", m.ErrorMiddleware(), elsewhere("/panics"))
		r.POST("/login", m.LoginHandler(routes))
		r.POST("/bound", other.ErrorMiddleware(), func(c *gin.Context) { // by a Manager that nothing on the route is of
			require.NoError(t, login(m.Bind(c)))
			http.SetCookie(c.Writer, &http.Cookie{Name: "theme", Value: "dark"})
			panic(http.ErrAbortHandler)
		})
		r.POST("/twin", m.Required(), elsewhere("/fine"))
		for _, path := range []string{"/guarded", "/apart", "/left", "/login", "/bound", "/twin"} {
			log.Reset()
			rec, req := httptest.NewRecorder(), withCookie(http.MethodPost, good, csrf)
			req.URL.Path = path
			r.ServeHTTP(rec, req)
			if path == "/twin" {
				assert.Equal(t, http.StatusOK, rec.Code)
				assert.Len(t, rec.Header()["Set-Cookie"], 5)
				continue
			}
			assert.Equal(t, http.StatusInternalServerError, rec.Code, name+path)
			assert.Equal(t, []string{"theme=dark"}, rec.Header()["Set-Cookie"], name+path)
			assert.NotContains(t, log.String(), "eyJ", name+path)
		}
	}
}

// What a handler has asked to be deleted stays deleted, former places among it.
func TestC18_UnsetAfterLogin(t *testing.T) {
	m := newManager(t, inCookies, func(s *authjwt.Settings) { s.FormerCookies = []authjwt.FormerCookie{{Path: "/old"}} })
	rec, err := act(m, request(http.MethodPost), func(a *authjwt.AuthJWT) error {
		_, err := a.Login("alice")
		err = errors.Join(err, a.UnsetJWTCookies())
		a.Abort(authjwt.ErrRevokedToken)
		return err
	})
	require.NoError(t, err)
	deleted := setCookies(t, rec)
	assert.Len(t, deleted, 8)
	for _, c := range deleted {
		assert.Negative(t, c.MaxAge, c.Name)
	}
}

// What others have written into Set-Cookie is theirs, though it is no cookie.
func TestC18_OddLinesOfOthers(t *testing.T) {
	m := newManager(t, inCookies)
	odd := []string{"", "=", "a b=c", "access_token_cookie", "theme=dark"}
	rec := httptest.NewRecorder()
	c, _ := gin.CreateTestContext(rec)
	c.Request = request(http.MethodPost)
	c.Writer.Header()["Set-Cookie"] = slices.Clone(odd)
	_, err := m.Bind(c).Login("alice")
	require.NoError(t, err)
	assert.Len(t, c.Writer.Header()["Set-Cookie"], len(odd)+4)
	m.Bind(c).Abort(authjwt.ErrInternal)
	assert.Equal(t, odd, rec.Header()["Set-Cookie"])
}

// Two Managers serve one request: a refusal by either takes back what the other has set.
func TestC18_RefusedByAnotherManager(t *testing.T) {
	admin := newManager(t, inCookies, func(s *authjwt.Settings) { s.AccessCookieKey, s.RefreshCookieKey = "admin", "admin_refresh" })
	shop := newManager(t, inCookies)
	for _, pair := range [][2]*authjwt.Manager{{admin, shop}, {shop, admin}} {
		rec := httptest.NewRecorder()
		c, _ := gin.CreateTestContext(rec)
		c.Request = request(http.MethodPost)
		_, err := pair[0].Bind(c).Login("alice")
		require.NoError(t, err)
		require.Len(t, setCookies(t, rec), 4)
		require.Error(t, pair[1].Bind(c).JWTRequired())
		assert.Empty(t, setCookies(t, rec))
	}
}

func TestL04_UnsetForOtherSites(t *testing.T) {
	m := newManager(t, inCookies)
	for name, unset := range map[string]func(a *authjwt.AuthJWT) error{
		"both": (*authjwt.AuthJWT).UnsetJWTCookies, "access": (*authjwt.AuthJWT).UnsetAccessCookies, "refresh": (*authjwt.AuthJWT).UnsetRefreshCookies,
	} {
		rec, err := act(m, request(http.MethodPost, "Sec-Fetch-Site", "cross-site"), unset)
		assert.ErrorIs(t, err, authjwt.ErrCSRF, name)
		assert.Empty(t, setCookies(t, rec), name)
		for _, req := range []*http.Request{request(http.MethodPost, "Sec-Fetch-Site", "same-origin"), request(http.MethodGet, "Sec-Fetch-Site", "cross-site")} {
			rec, err = act(m, req, unset)
			assert.NoError(t, err, name)
			assert.NotEmpty(t, setCookies(t, rec), name)
		}
	}
}

// A live token without a csrf claim, made before CSRF protection was on, has no value to be sent.
func TestL02_LogoutWithoutClaim(t *testing.T) {
	m := newManager(t, inCookies)
	plain := signedClaims(t, claims(nil))
	handler := m.LogoutHandler()
	g := guard(t, handler)
	rec := g.do(withCookie(http.MethodPost, plain, ""))
	assert.Equal(t, http.StatusOK, rec.Code)
	assert.Len(t, setCookies(t, rec), 4)
	assert.Equal(t, []string{"no-store", "no-cache"}, []string{rec.Header().Get("Cache-Control"), rec.Header().Get("Pragma")})
	assertAnswer(t, g.do(withCookie(http.MethodPost, plain, "", "Origin", "https://a.example")), crossOrigin)
	live, _ := newPair(t, m)
	assertAnswer(t, g.do(withCookie(http.MethodPost, live, "")), csrfMissing)
	off := newManager(t, inCookies, func(s *authjwt.Settings) { s.InsecureDisableCSRF = true })
	g = guard(t, off.LogoutHandler())
	assert.Equal(t, http.StatusOK, g.do(withCookie(http.MethodPost, live, "")).Code, "where no value is in use, none is asked for")
}

// A csrf claim that another maker of tokens wrote may not fit into a cookie.
func TestC18_ClaimThatIsNoCookieValue(t *testing.T) {
	m := newManager(t, inCookies)
	for claim, fits := range map[string]bool{"a-b": true, "a;b": false, `a"b`: false, "a\nb": false} {
		token := signedClaims(t, claims(map[string]any{"csrf": claim}))
		rec, err := act(m, request(http.MethodPost), func(a *authjwt.AuthJWT) error { return a.SetAccessCookies(token) })
		if fits {
			assert.NoError(t, err, claim)
			continue
		}
		assert.ErrorIs(t, err, authjwt.ErrInternal, claim)
		assert.ErrorContains(t, err, "csrf_access_token is no cookie value")
		assert.Empty(t, setCookies(t, rec))
	}
}

// An option that is one request's would open, or close, a route for all.
func TestS04_OptionsOfOneRequestInMiddleware(t *testing.T) {
	m := newManager(t, inCookies)
	for name, opt := range map[string]authjwt.RequireOption{
		"token": authjwt.WithToken(mustCreate(t, m)), "no token": authjwt.WithToken(""), "value": authjwt.WithCSRFToken("x"),
	} {
		for _, middleware := range []func(...authjwt.RequireOption) gin.HandlerFunc{m.Required, m.Optional, m.FreshRequired, m.RefreshRequired} {
			assert.True(t, panicsWith("use them inside a handler", func() { middleware(opt) }), name)
		}
	}
}

func TestS01_CookieHelpersAbort(t *testing.T) {
	field := new(minefield)
	m := newManager(t, inCookies, field.settings)
	token, _ := newPair(t, m)
	for name, use := range map[string]func(a *authjwt.AuthJWT) error{
		"SetAccessCookies": func(a *authjwt.AuthJWT) error { return a.SetAccessCookies(token) },
		"Logout":           (*authjwt.AuthJWT).Logout,
	} {
		for recoveryName, recovery := range recoveries() {
			ran := false
			r := gin.New()
			r.POST("/", recovery, func(c *gin.Context) { _ = use(m.Bind(c)) }, func(*gin.Context) { ran = true })
			for _, armed := range []string{"Now", ""} {
				field.armed = armed
				ran = false
				rec := httptest.NewRecorder()
				r.ServeHTTP(rec, withCookie(http.MethodPost, token, "x"))
				assert.Equal(t, armed == "", ran, "%s, %s", name, recoveryName)
				assert.Equal(t, armed == "", rec.Code == http.StatusOK, "%s, %s", name, recoveryName)
			}
		}
	}
}

// The redirect of an identity provider is a GET that another site's page has caused.
func TestC15_CookiesOfACallback(t *testing.T) {
	m := newManager(t, inCookies)
	for method, want := range map[string]int{http.MethodGet: 4, http.MethodPost: 0} {
		rec, err := act(m, request(method, "Sec-Fetch-Site", "cross-site"), func(a *authjwt.AuthJWT) error {
			_, err := a.Login("alice")
			return err
		})
		assert.Equal(t, want == 0, errors.Is(err, authjwt.ErrCSRF), method)
		assert.Len(t, setCookies(t, rec), want, method)
	}
}

// All that several calls have set is taken back, former places among it.
func TestC18_SetInSeveralCalls(t *testing.T) {
	m := newManager(t, inCookies, func(s *authjwt.Settings) { s.FormerCookies = []authjwt.FormerCookie{{Path: "/old"}} })
	access := mustCreate(t, m)
	refresh, err := m.CreateRefreshToken("alice")
	require.NoError(t, err)
	for _, refuses := range []bool{false, true} {
		rec, err := act(m, request(http.MethodPost), func(a *authjwt.AuthJWT) error {
			err := errors.Join(a.SetAccessCookies(access), a.SetRefreshCookies(refresh))
			if refuses {
				a.Abort(authjwt.ErrRevokedToken)
			}
			return err
		})
		require.NoError(t, err)
		assert.Len(t, setCookies(t, rec), map[bool]int{false: 8, true: 0}[refuses])
	}
}
