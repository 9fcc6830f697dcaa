package authjwt_test

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

// The handler behind a guard that has renewed knows nothing of it: an error of its own is no answer with cookies, and what
// it says of caches is not for a new token.
func TestC18_H15_RenewalAndTheAnswer(t *testing.T) {
	b := newSlider(t)
	b.Use(gin.RecoveryWithWriter(new(strings.Builder)))
	public := func(c *gin.Context) { c.Header("Cache-Control", "public, max-age=60"); c.Header("Pragma", "cache") }
	for name, row := range map[string]struct {
		answer  gin.HandlerFunc
		renewed bool
		inside  bool // a guard in the handler can do no more than the writer sees
	}{
		"200":                    {func(c *gin.Context) { c.String(200, "fine") }, true, true},
		"302":                    {func(c *gin.Context) { c.Redirect(302, "/") }, true, true},
		"399":                    {func(c *gin.Context) { c.Status(399) }, true, true},
		"400":                    {func(c *gin.Context) { c.Status(400) }, false, true},
		"404":                    {func(c *gin.Context) { c.JSON(404, gin.H{"detail": "no"}) }, false, true},
		"404, written at once":   {func(c *gin.Context) { c.Writer.WriteHeader(404); c.Writer.WriteHeaderNow() }, false, true},
		"422":                    {func(c *gin.Context) { c.AbortWithStatusJSON(422, gin.H{}) }, false, true},
		"500":                    {func(c *gin.Context) { c.AbortWithStatus(500) }, false, true},
		"net/http's":             {func(c *gin.Context) { http.Error(c.Writer, "no", http.StatusForbidden) }, false, true},
		"a file that is missing": {func(c *gin.Context) { c.File("testdata/none") }, false, true},
		"a panic":                {func(*gin.Context) { panic("x") }, false, true},
		"a second guard":         {b.auth.Required(authjwt.WithScopes("admin")), false, true},
		"Abort":                  {func(c *gin.Context) { b.auth.Bind(c).Abort(authjwt.ErrUnavailable) }, false, true},
		"public":                 {func(c *gin.Context) { public(c); c.String(200, "fine") }, true, true},
		"public, in pieces":      {func(c *gin.Context) { public(c); _, _ = c.Writer.Write([]byte("fi")); public(c); c.Writer.Flush() }, true, true},
		"public, flushed":        {func(c *gin.Context) { public(c); c.Writer.Flush() }, true, true},
		"public, header now":     {func(c *gin.Context) { public(c); c.Writer.WriteHeaderNow() }, true, true},
		"public, by controller":  {func(c *gin.Context) { public(c); assert.NoError(t, http.NewResponseController(c.Writer).Flush()) }, true, true},
		"public, WriteString":    {func(c *gin.Context) { public(c); _, _ = c.Writer.WriteString("fine") }, true, true},
		"public, 204":            {func(c *gin.Context) { public(c); c.Status(204) }, true, true},
		"public, 204 before":     {func(c *gin.Context) { c.Status(204); public(c) }, true, false},
		"public, header alone":   {public, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			inHandler := func(c *gin.Context) {
				if b.auth.Bind(c).JWTRequired() == nil {
					row.answer(c)
				}
			}
			chains := map[string][]gin.HandlerFunc{
				"required": {b.auth.Required(), row.answer}, "optional": {b.auth.Optional(), row.answer}, "in the handler, under ErrorMiddleware": {b.auth.ErrorMiddleware(), inHandler},
			}
			if row.inside {
				chains["in the handler"] = []gin.HandlerFunc{inHandler}
			}
			for form, chain := range chains {
				path := "/" + strings.ReplaceAll(name+form, " ", "-")
				b.GET(path, chain...)
				b.logIn(t)
				old := b.cookie[slidingCookie]
				rec := b.ask("GET", path)
				assert.Contains(t, rec.Header().Values("Vary"), "Authorization, Cookie", form)
				assert.Equal(t, row.renewed, rec.Code < 400, form)
				if !row.renewed {
					assert.Empty(t, rec.Header().Values("Set-Cookie"), form)
					require.True(t, b.renews(t, "GET", "/protected"), "the next request brings the old token, and gets a new one")
					continue
				}
				assert.Len(t, setCookies(t, rec), 2, form)
				assert.NotEqual(t, old, b.cookie[slidingCookie])
				sent := rec.Result().Header // not what was said too late
				assert.Equal(t, []string{"no-store"}, sent.Values("Cache-Control"), form)
				assert.Equal(t, []string{"no-cache"}, sent.Values("Pragma"), form)
			}
		})
	}
	// Where nothing is renewed, or what was is gone again, the handler's word counts.
	b.GET("/public", b.auth.Required(), public)
	require.Equal(t, http.StatusOK, b.ask("POST", "/login").Code)
	assert.Equal(t, "public, max-age=60", b.ask("GET", "/public").Header().Get("Cache-Control"))
	b.GET("/both", b.auth.Required(), func(c *gin.Context) {
		http.SetCookie(c.Writer, &http.Cookie{Name: "theme", Value: "dark"})
		public(c)
		c.Status(http.StatusNotFound)
		c.String(http.StatusOK, "after all")
	})
	b.logIn(t)
	rec := b.ask("GET", "/both")
	assert.Equal(t, []string{"theme=dark"}, rec.Header().Values("Set-Cookie"), "the application's own stays")
	assert.Equal(t, "public, max-age=60", rec.Header().Get("Cache-Control"))
}

// A successor says when its session began, and so is longer: where it would not fit, the old token lives on.
func TestC03_RenewalThatDoesNotFit(t *testing.T) {
	b := newSlider(t)
	b.GET("/log-in", func(c *gin.Context) {
		n, _ := strconv.Atoi(c.Query("pad"))
		if _, err := b.auth.Bind(c).Login("bob", authjwt.WithClaims(map[string]any{"pad": strings.Repeat("x", n)})); err != nil {
			b.auth.Bind(c).Abort(err)
		}
	})
	const begin = 2000
	size := func() int { return len(slidingCookie) + len(b.cookie[slidingCookie]) }
	require.Equal(t, http.StatusOK, b.ask("GET", "/log-in?pad="+strconv.Itoa(begin)).Code)
	most := begin + (4096-size())/4*3
	for _, row := range []struct {
		pad  int
		fits bool
	}{{most, false}, {most - 60, true}} {
		require.Equal(t, http.StatusOK, b.ask("GET", "/log-in?pad="+strconv.Itoa(row.pad)).Code)
		require.LessOrEqual(t, size(), 4096)
		b.pass(11 * time.Minute)
		b.told.takeAll()
		old := b.cookie[slidingCookie]
		rec := b.ask("GET", "/protected")
		assert.Equal(t, "bob", rec.Body.String())
		assert.Equal(t, row.fits, b.cookie[slidingCookie] != old)
		assert.Equal(t, row.fits, len(rec.Header().Values("Set-Cookie")) == 2)
		assert.Equal(t, row.fits, b.told.count(authjwt.EventRenewed) == 1)
		assert.LessOrEqual(t, size(), 4096)
	}
}

// Max-Age of what is renewed is the new token's life, that of a session's last token included.
func TestC21_Renewal(t *testing.T) {
	for name, row := range map[string]struct {
		edit        func(s *authjwt.Settings)
		first, last string
	}{
		"session cookies":   {func(*authjwt.Settings) {}, "", ""},
		"PersistentCookies": {func(s *authjwt.Settings) { s.PersistentCookies = true }, "900", "480"},
		"CookieMaxAge":      {func(s *authjwt.Settings) { s.CookieMaxAge = 10 * time.Minute }, "600", "480"},
		"400 days":          {func(s *authjwt.Settings) { s.CookieMaxAge = 400 * 24 * time.Hour }, "900", "480"},
	} {
		b := newSlider(t, row.edit, func(s *authjwt.Settings) { s.SessionExpires = 30 * time.Minute })
		b.logIn(t)
		for _, age := range []string{row.first, row.last} {
			rec := b.ask("GET", "/protected")
			assert.Equal(t, map[string]string{slidingCookie: age, slidingValue: age}, ages(t, rec), name)
			b.pass(11 * time.Minute)
		}
		assert.Empty(t, b.ask("GET", "/protected").Header().Values("Set-Cookie"), "nothing is left of the session")
	}
}

// A token in the query is never renewed; beside one that counts for nothing, a cookie's renewal keeps the address secluded.
func TestH08_BesideARenewal(t *testing.T) {
	for _, first := range []authjwt.Location{authjwt.Cookies, authjwt.Query} {
		b := newSlider(t, func(s *authjwt.Settings) {
			if s.TokenLocation = []authjwt.Location{authjwt.Cookies, authjwt.Query}; first == authjwt.Query {
				s.TokenLocation = []authjwt.Location{authjwt.Query, authjwt.Cookies}
			}
		})
		b.GET("/address", b.auth.Required(), func(c *gin.Context) { c.String(http.StatusOK, c.Request.URL.RawQuery+c.Request.RequestURI) })
		b.logIn(t)
		req := httptest.NewRequest(http.MethodGet, "https://example.com/address?a=1&token="+b.cookie[slidingCookie], nil)
		rec := b.send(req)
		assert.Equal(t, "a=1https://example.com/address?a=1", rec.Body.String())
		assertSecluded(t, rec)
		assert.Equal(t, first == authjwt.Cookies, len(rec.Header().Values("Set-Cookie")) == 2, first)
	}
}
