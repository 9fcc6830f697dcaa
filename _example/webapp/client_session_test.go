package main

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

func status(t *testing.T, tab *chromeTab, call string) int {
	t.Helper()
	return eval[int](t, tab, call+".then((a) => a.status)")
}

func TestClient_LoginAndLogout(t *testing.T) {
	s := newSite(t)
	b := newBrowser(t)
	tab := opened(t, b, "http://"+serveHTTP(t, "127.0.0.1", s))
	assert.Equal(t, 401, status(t, tab, `auth.login({ username: "alice", password: "no" })`))
	assert.Empty(t, b.cookies(t))
	assert.Equal(t, 200, status(t, tab, `auth.logout()`), "without a token")

	for name, age := range map[string]time.Duration{"at once": 0, "access token run out": 16 * minute, "all run out": 31 * 24 * time.Hour} {
		require.Equal(t, 200, status(t, tab, `auth.login({ username: "alice", password: "test" })`), name)
		require.Len(t, b.cookies(t), 4, name)
		s.passes(age)
		assert.Equal(t, 200, status(t, tab, `auth.logout()`), name)
		assert.Empty(t, b.cookies(t), name)
	}

	require.Equal(t, 200, status(t, tab, `auth.login({ username: "alice", password: "test" })`))
	s.passes(16 * minute)
	s.requests()
	assert.Equal(t, 200, status(t, tab, `auth.logoutEverywhere()`))
	assert.Equal(t, []string{"POST /auth/logout-all 401", refresh, "POST /auth/logout-all 200"}, s.requests())
	assert.Empty(t, b.cookies(t))
}

// The access token's cookies may go first; then the refresh token's value lets the page log out.
func TestClient_LogoutByRefreshToken(t *testing.T) {
	s := newSite(t, func(set *authjwt.Settings) { set.PersistentCookies, set.AccessTokenExpires = true, time.Second })
	b, tab := loggedIn(t, s)
	require.Eventually(t, func() bool { return len(b.cookies(t)) == 2 }, 5*time.Second, 50*time.Millisecond)
	assert.Equal(t, 200, status(t, tab, `auth.logout()`))
	assert.Empty(t, b.cookies(t))
}

// While another tab refreshes, logins and logouts wait, or its answer would overwrite theirs.
func TestClient_Waits(t *testing.T) {
	s := newSite(t)
	_, tab := loggedIn(t, s)
	for _, call := range []string{`auth.login({ username: "alice", password: "test" })`, `auth.logout()`} {
		sent := eval[[]int](t, tab, `(async () => {
			const plain = window.fetch;
			let calls = 0, answered = false, release;
			window.fetch = (...args) => (calls++, plain(...args));
			const key = "authjwt " + new URL("/auth", location.href);
			const refreshing = navigator.locks.request(key, () => new Promise((end) => (release = end)));
			const answer = `+call+`.finally(() => (answered = true));
			while (!answered && !(await navigator.locks.query()).pending.length) await new Promise((later) => setTimeout(later, 10));
			const early = calls;
			release();
			await refreshing;
			const { status } = await answer;
			window.fetch = plain;
			return [early, calls, status];
		})()`)
		assert.Equal(t, []int{0, 1, 200}, sent, call)
	}
}

// A refresh that is refused because another client was faster is none that failed, even if the browser shows what
// that one has got a little later.
func TestClient_RefreshOvertaken(t *testing.T) {
	for _, late := range []int{0, 5} {
		s := newSite(t)
		_, tab := loggedIn(t, s)
		eval[any](t, tab, fmt.Sprintf(`(() => {
			const [plain, old] = [window.fetch, document.cookie];
			let late = %d;
			window.fetch = async (input, init) => {
				if (String(input).endsWith("/auth/refresh")) {
					await plain(input, init);
					Object.defineProperty(document, "cookie", { configurable: true, get() {
						if (late-- > 0) return old;
						delete document.cookie;
						return document.cookie;
					} });
				}
				return plain(input, init);
			};
		})()`, late))
		s.passes(16 * minute)
		assert.Equal(t, ok, send(t, tab, `"POST"`), late)
		assert.Equal(t, []string{"POST /api/echo 401", refresh, "POST /auth/refresh 403", "POST /api/echo 200"}, s.requests(), late)
	}
}

// A refresh that hands out no new refresh token leaves its value as it was.
func TestClient_KeptRefreshToken(t *testing.T) {
	s := newSite(t, func(set *authjwt.Settings) { set.KeepRefreshToken = true })
	b := newBrowser(t)
	tab := opened(t, b, "http://"+serveHTTP(t, "127.0.0.1", s), `{ fromAnswers: true }`)
	require.Equal(t, 200, status(t, tab, `auth.login({ username: "alice", password: "test" })`))
	for range 3 {
		s.passes(16 * minute)
		assert.Equal(t, ok, send(t, tab, `"POST"`))
	}
	assert.Equal(t, 3, countOf(s.requests(), refresh))
}

func TestClient_OtherNames(t *testing.T) {
	s := newSite(t, func(set *authjwt.Settings) {
		set.AccessCSRFCookieKey, set.RefreshCSRFCookieKey = "csrf_a", "csrf_r"
		set.AccessCSRFHeaderName, set.RefreshCSRFHeaderName = "X-Access", "X-Refresh"
	})
	b := newBrowser(t)
	tab := opened(t, b, "http://"+serveHTTP(t, "127.0.0.1", s), `{ accessCookie: "csrf_a", refreshCookie: "csrf_r", accessHeader: "X-Access", refreshHeader: "X-Refresh" }`)
	wholeSession(t, s, b, tab)
}

func TestClient_Prefixes(t *testing.T) {
	for _, prefix := range []string{"__Host-", "__Secure-", ""} {
		t.Run("prefix "+prefix, func(t *testing.T) {
			s := newSite(t, func(set *authjwt.Settings) { set.CookiePrefix, set.RefreshCookiePath = prefix, "/" })
			b := newBrowser(t)
			wholeSession(t, s, b, opened(t, b, atHost(t, "https://app.example.test", s)))
			for _, cookie := range b.cookies(t) {
				assert.Contains(t, cookie.Name, prefix)
			}
		})
	}
}

// wholeSession logs in, sends, refreshes, sends and logs out.
func wholeSession(t *testing.T, s *site, b *chrome, tab *chromeTab) {
	t.Helper()
	s.requests()
	require.Equal(t, 200, status(t, tab, `auth.login({ username: "alice", password: "test" })`))
	assert.Len(t, b.cookies(t), 4)
	assert.Equal(t, ok, send(t, tab, `"POST"`))
	s.passes(16 * minute)
	assert.Equal(t, ok, send(t, tab, `"POST"`))
	assert.Equal(t, 200, status(t, tab, `auth.logout()`))
	assert.Empty(t, b.cookies(t))
	assert.Equal(t, 401, send(t, tab, `"POST"`).Status)
	var unsafe []string
	for _, line := range s.requests() {
		if line[:7] != "OPTIONS" {
			unsafe = append(unsafe, line)
		}
	}
	assert.Equal(t, []string{
		"POST /auth/login 200", "POST /api/echo 200", "POST /api/echo 401", refresh, "POST /api/echo 200", "DELETE /auth/logout 200", "POST /api/echo 401",
	}, unsafe)
}

func TestGetCookie(t *testing.T) {
	b := newBrowser(t)
	tab := opened(t, b, atHost(t, "https://app.example.test", newSite(t)))
	for _, try := range []struct{ cookies, want string }{
		{`["csrf=1"]`, "1"},
		{`["other=2"]`, ""},
		{`["xcsrf=2", "csrf=1", "csrfx=3"]`, "1"},
		{`["csrf=a=b"]`, "a=b"},
		{`["csrf="]`, ""},
		{`["csrf=1", "__Secure-csrf=2; Secure"]`, "2"},
		{`["csrf=1", "__Secure-csrf=2; Secure", "__Host-csrf=3; Secure; Path=/"]`, "3"},
	} {
		got := eval[string](t, tab, `(async (cookies) => {
			for (const { name } of await cookieStore.getAll()) await cookieStore.delete(name);
			for (const cookie of cookies) document.cookie = cookie;
			return getCookie("csrf");
		})(`+try.cookies+`)`)
		assert.Equal(t, try.want, got, try.cookies)
	}
}
