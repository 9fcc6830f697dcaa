package main

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

// What one user has sent is not sent again for the next, who logs in meanwhile in another tab.
func TestClient_AnotherUser(t *testing.T) {
	const stale = `Object.defineProperty(document, "cookie", { configurable: true, get() { delete document.cookie; return "csrf_access_token=old"; } })`
	for _, try := range []struct {
		prepare string
		passes  time.Duration
		want    int
	}{{stale, 0, 403}, {"0", 16 * minute, 401}} {
		s := newSite(t)
		b, one := loggedIn(t, s)
		other := opened(t, b, eval[string](t, one, "location.href"))
		s.passes(try.passes)
		eval[any](t, one, `(() => {
			const plain = window.fetch;
			window.fetch = async (...args) => {
				window.fetch = plain;
				const answer = await plain(...args);
				await new Promise((release) => (window.release = release));
				return answer;
			};
			`+try.prepare+`;
			window.pending = send("POST", { body: "alice's" });
		})()`)
		require.Eventually(t, func() bool { return eval[bool](t, one, `"release" in window`) }, 10*time.Second, 20*time.Millisecond)
		require.Equal(t, 200, status(t, other, `auth.logout()`))
		require.Equal(t, 200, status(t, other, `auth.login({ username: "bob", password: "test" })`))
		got := eval[answer](t, one, `(window.release(), pending)`)
		assert.Equal(t, try.want, got.Status)
		assert.Equal(t, answer{200, "bob: "}, send(t, one, `"POST"`), "what is sent now is bob's")
	}
}

// An API that redirects takes nothing to another origin.
func TestClient_Redirects(t *testing.T) {
	got := make(chan http.Header, 9)
	foreign := "http://" + serveHTTP(t, "127.0.0.2", http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		got <- req.Header
		w.Header().Set("Access-Control-Allow-Origin", req.Header.Get("Origin"))
		w.Header().Set("Access-Control-Allow-Credentials", "true")
		w.Header().Set("Access-Control-Allow-Headers", "x-csrf-token,content-type")
		w.Header().Set("Access-Control-Allow-Methods", "POST")
	}))
	for _, status := range []int{302, 307} {
		s := newSite(t)
		s.POST("/api/away", func(c *gin.Context) { c.Redirect(status, foreign) })
		s.POST("/api/near", func(c *gin.Context) { c.Redirect(307, "/api/echo") })
		_, tab := loggedIn(t, s)
		assert.Equal(t, "TypeError: Failed to fetch", eval[string](t, tab, `send("POST", {}, "/api/away").catch(String)`))
		assert.Equal(t, ok, send(t, tab, `"POST", {}, "/api/near"`))
	}
	assert.Empty(t, got)
}

// An answer to HEAD tells no code.
func TestClient_Head(t *testing.T) {
	s := newSite(t)
	_, tab := loggedIn(t, s)
	s.passes(16 * minute)
	assert.Equal(t, 200, send(t, tab, `"HEAD"`).Status)
	assert.Equal(t, []string{"HEAD /api/echo 401", refresh, "HEAD /api/echo 200"}, s.requests())
}

// Who must not refresh so often has not been logged out, nor by an answer that is none of the package's.
func TestClient_RefreshLimited(t *testing.T) {
	for status, want := range map[int]int{429: 429, 502: 502, 401: 401} {
		s := newSite(t)
		_, tab := loggedIn(t, s)
		s.passes(16 * minute)
		eval[any](t, tab, fmt.Sprintf(`(() => {
			const plain = window.fetch;
			window.fetch = async (input, init) => {
				if (!String(input).endsWith("/auth/refresh")) return plain(input, init);
				window.fetch = plain;
				return new Response("<h1>later</h1>", { status: %d });
			};
		})()`, status))
		assert.Equal(t, want, send(t, tab, "").Status)
		assert.Equal(t, ok, send(t, tab, ""), status)
	}
}

// Storage may be off, or hold anything.
func TestClient_Storage(t *testing.T) {
	for name, prepare := range map[string]string{
		"null":    `Object.defineProperty(window, "localStorage", { value: null })`,
		"throws":  `Object.defineProperty(window, "localStorage", { get() { throw new DOMException("no", "SecurityError"); } })`,
		"broken":  `localStorage.setItem("authjwt " + location.origin + "/auth", "{")`,
		"nothing": `localStorage.setItem("authjwt " + location.origin + "/auth", "null")`,
	} {
		s := newSite(t)
		b := newBrowser(t)
		tab := b.tab(t)
		tab.open("http://" + serveHTTP(t, "127.0.0.1", s))
		eval[any](t, tab, prepare+", 0")
		eval[any](t, tab, `window.options = { base: "/auth/" }, 0`)
		eval[any](t, tab, begin)
		t.Log(name)
		wholeSession(t, s, b, tab)
	}
}

// A neighbour's cookie without the prefix keeps nobody from logging out.
func TestClient_LogoutBesidePlanted(t *testing.T) {
	s := newSite(t, func(set *authjwt.Settings) {
		set.CookiePrefix, set.RefreshCookiePath, set.PersistentCookies, set.AccessTokenExpires = "__Host-", "/", true, time.Second
	})
	b := newBrowser(t)
	tab := opened(t, b, atHost(t, "https://app.example.test", s))
	require.Equal(t, 200, status(t, tab, `auth.login({ username: "alice", password: "test" })`))
	eval[any](t, tab, `document.cookie = "csrf_access_token=planted; Domain=example.test; Path=/; Secure", 0`)
	require.Eventually(t, func() bool { return len(b.cookies(t)) == 3 }, 5*time.Second, 50*time.Millisecond)
	assert.Equal(t, 200, status(t, tab, `auth.logout()`))
	assert.Len(t, b.cookies(t), 1)
}

// A refusal that is no JSON is the caller's, unread.
func TestClient_StuckBody(t *testing.T) {
	s := newSite(t)
	s.GET("/api/stuck", func(c *gin.Context) {
		c.Header("Content-Type", "text/html")
		c.Status(403)
		c.Writer.Flush()
		<-c.Request.Context().Done()
	})
	_, tab := loggedIn(t, s)
	assert.Equal(t, 403, eval[int](t, tab, `auth.fetch("/api/stuck", { signal: AbortSignal.timeout(5000) }).then((a) => a.status)`))
}
