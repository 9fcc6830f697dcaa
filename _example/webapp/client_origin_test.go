package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

// The page has another origin than the API. It reads the cookies of the domain or, for cookies know no ports, of its
// own host, or it goes by the answers.
func TestClient_CrossOrigin(t *testing.T) {
	const app, api, evil, local = "https://app.example.test", "https://api.example.test", "https://evil.example.test", "http://127.0.0.1"
	for name, try := range map[string]struct{ app, api, evil, domain, options string }{
		"domain":        {app, api, evil, "example.test", ``},
		"answers":       {app, api, evil, "", `fromAnswers: true`},
		"port":          {local, local, local, "", ``},
		"port, answers": {local, local, local, "", `fromAnswers: true`},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBrowser(t)
			app := atHost(t, try.app, newSite(t))
			s := newSite(t, func(set *authjwt.Settings) { set.CookieDomain, set.TrustedOrigins = try.domain, []string{app} })
			api := atHost(t, try.api, allowing(app, s))
			options := `{ base: "` + api + `/auth", ` + try.options + ` }`
			one := opened(t, b, app, options)
			wholeSession(t, s, b, one)
			require.Equal(t, 200, status(t, one, `auth.login({ username: "alice", password: "test" })`))
			two := opened(t, b, app, options)
			for range 3 {
				s.passes(16 * minute)
				s.requests()
				for _, got := range together(t, one, two) {
					assert.Equal(t, ok, got)
				}
				assert.Equal(t, 1, countOf(s.requests(), refresh))
			}
			assert.NotContains(t, eval[string](t, one, `document.cookie + JSON.stringify(localStorage)`), "eyJ")
			one.open(app)
			kept := func() bool { return eval[bool](t, one, `JSON.stringify(localStorage).includes("access")`) }
			assert.Equal(t, try.options != "", kept())
			assert.Equal(t, 200, status(t, two, `auth.logout()`))
			forgotten := func() bool { return !kept() } // other tabs see it later
			assert.Eventually(t, forgotten, 5*time.Second, 20*time.Millisecond)
			require.Equal(t, 200, status(t, two, `auth.login({ username: "alice", password: "test" })`))
			assert.Equal(t, 200, status(t, two, `auth.logoutEverywhere()`))
			assert.Eventually(t, forgotten, 5*time.Second, 20*time.Millisecond)
			assert.Empty(t, b.cookies(t))

			stranger := opened(t, b, atHost(t, try.evil, newSite(t)), options)
			s.requests()
			assert.Equal(t, "TypeError: Failed to fetch", eval[string](t, stranger, `auth.login({ username: "alice", password: "test" }).catch(String)`))
			assert.Empty(t, b.cookies(t))
		})
	}
}

// allowing lets pages of an origin ask, as the program does with -frontend.
func allowing(origin string, s *site) http.Handler {
	r := gin.New()
	r.Use(allow(origin))
	r.NoRoute(gin.WrapH(s))
	return r
}

// atHost serves a handler and returns the origin.
func atHost(t *testing.T, host string, h http.Handler) string {
	t.Helper()
	if ip, plain := strings.CutPrefix(host, "http://"); plain {
		return "http://" + serveHTTP(t, ip, h)
	}
	return fmt.Sprint(host, ":", serveTLS(t, h))
}
