package main

import (
	"cmp"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// answer is what a script of the page got.
type answer struct {
	Status int
	Text   string
}

var ok = answer{200, "alice: "}

const (
	minute  = time.Minute
	refresh = "POST /auth/refresh 200"
)

// begin gives the page a client, and send and all, which ask for /api/echo.
const begin = `(async () => {
	const { AuthJWT, getCookie } = await import("/authjwt.js");
	Object.assign(window, { AuthJWT, getCookie });
	window.auth = new AuthJWT({ base: "/auth", ...window.options });
	window.send = async (method = "GET", init = {}, url = "/api/echo") => {
		const answer = await auth.fetch(url, { method, ...init });
		return { status: answer.status, text: await answer.text() };
	};
	window.all = (count, ...args) => Promise.all(Array.from({ length: count }, () => send(...args)));
})()`

// loggedIn opens the site's page in a browser of its own, and logs alice in there.
func loggedIn(t *testing.T, s *site) (*chrome, *chromeTab) {
	t.Helper()
	b := newBrowser(t)
	tab := opened(t, b, "http://"+serveHTTP(t, "127.0.0.1", s))
	require.Equal(t, 200, eval[int](t, tab, `auth.login({ username: "alice", password: "test" }).then((a) => a.status)`))
	s.requests()
	return b, tab
}

// opened opens a page whose client has these options, if any.
func opened(t *testing.T, b *chrome, url string, options ...string) *chromeTab {
	t.Helper()
	tab := b.tab(t)
	tab.open(url)
	eval[any](t, tab, "window.options = "+cmp.Or(strings.Join(options, ""), "{}")+", 0")
	eval[any](t, tab, begin)
	return tab
}

// send asks as the page would, with the arguments of its function send.
func send(t *testing.T, tab *chromeTab, args string) answer {
	t.Helper()
	return eval[answer](t, tab, "send("+args+")")
}

func TestClient_SendsValue(t *testing.T) {
	s := newSite(t)
	_, tab := loggedIn(t, s)
	for method, sent := range map[string]bool{
		"GET": false, "HEAD": false, "OPTIONS": false, "POST": true, "PUT": true, "PATCH": true, "DELETE": true, "PROPFIND": true,
	} {
		assert.Equal(t, 200, send(t, tab, `"`+method+`"`).Status, method)
		assert.Equal(t, sent, s.header().Get("X-CSRF-Token") != "", method)
	}
	assert.Len(t, s.requests(), 8, "none was repeated")
	assert.Equal(t, ok, send(t, tab, `"POST", { headers: { "X-CSRF-Token": "another" } }`))
	assert.Equal(t, ok, send(t, tab, `"GET", {}, new Request("/api/echo", { method: "PUT" })`), "as init says")
	assert.Equal(t, answer{200, "alice: x"}, send(t, tab, `undefined, { method: undefined }, new Request("/api/echo", { method: "PUT", body: "x" })`))
	assert.Equal(t, []string{"POST /api/echo 200", "GET /api/echo 200", "PUT /api/echo 200"}, s.requests())
}

// A token that has run out is renewed once, and the request made again with the body it had.
func TestClient_Expired(t *testing.T) {
	for name, body := range map[string]string{"text": `{ body: "note" }`, "blob": `{ body: new Blob(["note"]) }`} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			_, tab := loggedIn(t, s)
			assert.Equal(t, answer{200, "alice: note"}, send(t, tab, `"POST", `+body))
			s.requests()
			s.passes(16 * minute)
			assert.Equal(t, answer{200, "alice: note"}, send(t, tab, `"POST", `+body))
			assert.Equal(t, []string{"POST /api/echo 401", refresh, "POST /api/echo 200"}, s.requests())
		})
	}
}

// Where the access token's cookies are gone, the refresh token's CSRF cookie tells that there is something to refresh.
func TestClient_Missing(t *testing.T) {
	s := newSite(t)
	s.POST("/auth/drop/access", func(c *gin.Context) { assert.NoError(t, s.auth.Bind(c).UnsetAccessCookies()) })
	s.POST("/auth/drop/refresh", func(c *gin.Context) { assert.NoError(t, s.auth.Bind(c).UnsetRefreshCookies()) })
	drop := func(tab *chromeTab, what string) {
		require.Equal(t, 200, eval[int](t, tab, `fetch("/auth/drop/`+what+`", { method: "POST" }).then((a) => a.status)`))
		s.requests()
	}
	_, tab := loggedIn(t, s)
	drop(tab, "access")
	assert.Equal(t, ok, send(t, tab, `"POST"`))
	assert.Equal(t, []string{"POST /api/echo 401", refresh, "POST /api/echo 200"}, s.requests())
	drop(tab, "access")
	drop(tab, "refresh")
	assert.Equal(t, 401, send(t, tab, `"POST"`).Status)
	assert.Equal(t, []string{"POST /api/echo 401"}, s.requests(), "there is nothing to refresh")
}

// The cookies may go while their token's request is under way.
func TestClient_GoneMeanwhile(t *testing.T) {
	s := newSite(t)
	_, tab := loggedIn(t, s)
	eval[any](t, tab, `(() => {
		const plain = window.fetch;
		window.fetch = async (...args) => {
			window.fetch = plain;
			const answer = await plain(...args);
			await cookieStore.delete("csrf_access_token");
			return answer;
		};
	})()`)
	s.passes(16 * minute)
	assert.Equal(t, ok, send(t, tab, `"POST"`))
	assert.Equal(t, []string{"POST /api/echo 401", refresh, "POST /api/echo 200"}, s.requests())
}

// A request that crosses another tab's refresh has the old value, and the new cookie.
func TestClient_ValueChanged(t *testing.T) {
	s := newSite(t)
	_, tab := loggedIn(t, s)
	stale := `(async (values) => {
		const now = document.cookie;
		Object.defineProperty(document, "cookie", { configurable: true, get: () => now.replace(/csrf_access_token=[^;]*/, values.shift() ?? "$&") });
		const answer = await send("POST");
		delete document.cookie;
		return answer;
	})`
	for _, try := range []struct {
		name, values string
		want         int
		requests     string
	}{
		{"another", `["csrf_access_token=old"]`, 200, "POST /api/echo 403, POST /api/echo 200"},
		{"missing", `["other=1"]`, 200, "POST /api/echo 403, POST /api/echo 200"},
		{"another, late", `["csrf_access_token=old", "csrf_access_token=old", "csrf_access_token=old"]`, 200, "POST /api/echo 403, POST /api/echo 200"},
		{"the same", `Array.from({ length: 99 }, () => "csrf_access_token=old")`, 403, "POST /api/echo 403"},
		{"another one each time", `Array.from({ length: 99 }, (_, i) => "csrf_access_token=old" + i)`, 403, "POST /api/echo 403, POST /api/echo 403"},
		{"none at all", `Array.from({ length: 99 }, () => "other=1")`, 403, "POST /api/echo 403"},
	} {
		assert.Equal(t, try.want, eval[answer](t, tab, stale+"("+try.values+")").Status, try.name)
		assert.Equal(t, try.requests, strings.Join(s.requests(), ", "), try.name)
	}
}

// A value that another tab is about to write is waited for.
func TestClient_ValueAwaited(t *testing.T) {
	s := newSite(t)
	b := newBrowser(t)
	tab := opened(t, b, "http://"+serveHTTP(t, "127.0.0.1", s), `{ fromAnswers: true }`)
	require.Equal(t, 200, status(t, tab, `auth.login({ username: "alice", password: "test" })`))
	s.requests()
	got := eval[answer](t, tab, `(async () => {
		const [key, good] = Object.entries(localStorage)[0];
		localStorage.setItem(key, good.replace(/"access":"[^"]*"/, '"access":"old"'));
		let release, answered = false;
		const refreshing = navigator.locks.request(key, () => new Promise((end) => (release = end)));
		const answer = send("POST").finally(() => (answered = true));
		while (!answered && !(await navigator.locks.query()).pending.length) await new Promise((later) => setTimeout(later, 10));
		localStorage.setItem(key, good);
		release();
		await refreshing;
		return answer;
	})()`)
	assert.Equal(t, ok, got)
	assert.Equal(t, []string{"POST /api/echo 403", "POST /api/echo 200"}, s.requests())
}

// Whatever the server says, a request is sent three times at the most.
func TestClient_NeverLoops(t *testing.T) {
	s := newSite(t)
	refusals := []string{}
	s.Any("/api/refuse", func(c *gin.Context) {
		code := refusals[0]
		refusals = append(refusals[1:], code)
		status := map[bool]int{true: 403, false: 401}[strings.HasPrefix(code, "csrf")]
		c.JSON(status, gin.H{"code": code})
	})
	_, tab := loggedIn(t, s)
	// Each reading finds another value.
	eval[any](t, tab, `(() => { let i = 0; const now = document.cookie; Object.defineProperty(document, "cookie", { get: () => now.replace(/csrf_access_token=/, "$&" + i++) }); })()`)
	const expired, mismatch = "POST /api/refuse 401", "POST /api/refuse 403"
	for _, try := range []struct {
		refusals []string
		requests []string
	}{
		{[]string{"csrf_mismatch"}, []string{mismatch, mismatch}},
		{[]string{"csrf_mismatch", "token_expired"}, []string{mismatch, expired, mismatch}},
		{[]string{"token_expired", "csrf_missing"}, []string{expired, mismatch, expired}},
		{[]string{"token_expired"}, []string{expired, expired}},
		{[]string{"missing_token"}, []string{expired, expired}},
		{[]string{"csrf_origin"}, []string{mismatch}},
		{[]string{"csrf_claim_missing"}, []string{mismatch}},
		{[]string{"token_revoked"}, []string{expired}},
		{[]string{"insufficient_scope"}, []string{expired}},
	} {
		refusals = try.refusals
		eval[any](t, tab, `send("POST", {}, "/api/refuse")`)
		assert.Equal(t, try.requests, s.requests(), "%v", try.refusals)
	}
	for _, status := range []int{200, 400, 500} {
		s.POST(fmt.Sprint("/api/", status), func(c *gin.Context) { c.JSON(status, gin.H{"code": "token_expired"}) })
		eval[any](t, tab, fmt.Sprintf(`send("POST", {}, "/api/%d")`, status))
		assert.Equal(t, []string{fmt.Sprintf("POST /api/%d %[1]d", status)}, s.requests(), "the application's own code")
	}
}

// Neither cookies nor the CSRF value go to anybody else.
func TestClient_OtherOrigin(t *testing.T) {
	s := newSite(t)
	_, tab := loggedIn(t, s)
	var asked http.Header
	foreign := "http://" + serveHTTP(t, "127.0.0.1", http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) { asked = req.Header }))
	for _, url := range []string{`"` + foreign + `/"`, `new URL("` + foreign + `")`, `new Request("` + foreign + `")`, `"//` + strings.TrimPrefix(foreign, "http://") + `"`} {
		assert.Contains(t, eval[string](t, tab, `send("POST", {}, `+url+`).catch(String)`), "TypeError: "+foreign, url)
	}
	assert.Nil(t, asked)
	assert.Equal(t, ok, send(t, tab, `"POST", {}, location.origin + "/api/echo"`))
	assert.Equal(t, ok, send(t, tab, `"POST", {}, "api/echo"`))
}
