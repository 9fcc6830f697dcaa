package main

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

// webapp serves the program's router, and lists the requests below /auth and /api.
type webapp struct {
	*authjwt.Manager
	url   string
	ahead atomic.Int64 // of the clock by which tokens count
	mu    sync.Mutex
	seen  []string
}

func startWebapp(t *testing.T, life time.Duration, edit ...func(*authjwt.Settings)) *webapp {
	t.Helper()
	w := new(webapp)
	s := settings(secret, "")
	s.AccessTokenExpires = life
	s.Now = func() time.Time { return time.Now().Add(time.Duration(w.ahead.Load())) }
	for _, f := range edit {
		f(&s)
	}
	auth, err := authjwt.New(s)
	require.NoError(t, err)
	w.Manager = auth
	r := router(auth, "")
	w.url = "http://" + serveHTTP(t, "127.0.0.1", http.HandlerFunc(func(rw http.ResponseWriter, req *http.Request) {
		w.mu.Lock()
		w.seen = append(w.seen, req.Method+" "+req.URL.Path)
		w.mu.Unlock()
		r.ServeHTTP(rw, req)
	}))
	return w
}

func (w *webapp) count(request string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return countOf(w.seen, request)
}

// text is what an element shows; empty if it is hidden.
func text(t *testing.T, tab *chromeTab, selector string) string {
	t.Helper()
	return eval[string](t, tab, fmt.Sprintf(`((e) => e?.checkVisibility() ? e.innerText : "")(document.querySelector(%q))`, selector))
}

// awaits waits until an element shows a text that contains what is wanted.
func awaits(t *testing.T, tab *chromeTab, selector, want string) {
	t.Helper()
	got := ""
	found := func() bool {
		got = text(t, tab, selector)
		return strings.Contains(got, want)
	}
	require.Eventually(t, found, 10*time.Second, 50*time.Millisecond, "%s: %q", selector, want)
}

func click(t *testing.T, tab *chromeTab, selector string) {
	t.Helper()
	eval[any](t, tab, fmt.Sprintf(`document.querySelector(%q).click()`, selector))
}

func logIn(t *testing.T, tab *chromeTab, w *webapp) {
	t.Helper()
	tab.open(w.url)
	awaits(t, tab, "#login h1", "Log in")
	click(t, tab, "#login button")
	awaits(t, tab, "#user", "test")
}

func TestPage(t *testing.T) {
	w := startWebapp(t, time.Minute)
	b := newBrowser(t)
	tab := b.tab(t)
	tab.open(w.url)
	awaits(t, tab, "#login h1", "Log in")
	eval[any](t, tab, `document.querySelector("#login [name=password]").value = "wrong", 0`)
	click(t, tab, "#login button")
	awaits(t, tab, "#problem", "Bad username or password")
	assert.Empty(t, text(t, tab, "#user"))
	assert.Empty(t, b.cookies(t))

	logIn(t, tab, w)
	assert.Equal(t, "fresh", text(t, tab, "#fresh"))
	assert.Regexp(t, `^(60|[0-5]\d) s left$`, text(t, tab, "#left"))
	awaits(t, tab, "#live", "socket says")
	rows := strings.Split(text(t, tab, "#cookies tbody"), "\n")
	jar := map[string]string{}
	for _, cookie := range b.cookies(t) {
		jar[cookie.Name] = cookie.Value
	}
	assert.Equal(t, []string{
		"access_token_cookie\tnothing: HttpOnly", "csrf_access_token\t" + jar["csrf_access_token"],
		"csrf_refresh_token\t" + jar["csrf_refresh_token"], "refresh_token_cookie\tnothing: HttpOnly",
	}, rows)
	assert.Contains(t, text(t, tab, "#claims dl"), jar["csrf_access_token"])
	assert.Contains(t, text(t, tab, "#wire"), "POST\n/auth/login\n200")

	eval[any](t, tab, `document.querySelector("#note input").value = "<b>Buy milk</b>", 0`)
	click(t, tab, "#note .primary")
	awaits(t, tab, "#notes", "<b>Buy milk</b>")
	click(t, tab, "#get")
	awaits(t, tab, "#wire", "GET\n/api/notes\n200")

	// Nothing that a script of the page can reach has a token's first letters.
	everything := `document.cookie + JSON.stringify(localStorage) + JSON.stringify(sessionStorage) + document.documentElement.outerHTML +
		JSON.stringify(await cookieStore.getAll())`
	assert.NotContains(t, eval[string](t, tab, `(async () => `+everything+`)()`), "eyJ")
	assert.True(t, strings.HasPrefix(jar["access_token_cookie"], "eyJ"), "a token begins so")

	click(t, tab, "#logout")
	awaits(t, tab, "#login h1", "Log in")
	assert.Empty(t, b.cookies(t))
	assert.Empty(t, text(t, tab, "#user"))
	assert.Zero(t, w.count("POST /auth/refresh"))
}

// The page runs its own files and nothing else, and the browser has nothing to complain of.
func TestPage_Policy(t *testing.T) {
	w := startWebapp(t, time.Minute)
	for _, path := range []string{"/", "/docs/"} {
		tab := newBrowser(t).tab(t)
		tab.open(w.url + path)
		ran := eval[bool](t, tab, `new Promise((done) => {
			const script = document.createElement("script");
			script.textContent = "window.injected = true";
			document.head.append(script);
			const image = document.createElement("img");
			image.setAttribute("onerror", "window.injected = true");
			image.src = "data:,";
			document.body.append(image);
			const foreign = document.createElement("script");
			foreign.src = "http://127.0.0.2:1/";
			foreign.onerror = () => done(Boolean(window.injected));
			document.head.append(foreign);
		})`)
		assert.False(t, ran, path)
		assert.Contains(t, fmt.Sprint(tab.complaints()), "Content Security Policy", path)
	}
	tab := newBrowser(t).tab(t)
	logIn(t, tab, w)
	awaits(t, tab, "#live", "socket says")
	for _, complaint := range tab.complaints() {
		assert.Contains(t, complaint, "401", "but for the question who is logged in")
	}
	openSwagger(t, tab, w)
	assert.Len(t, tab.complaints(), 1)
}

// An answer that comes after the logout does not bring the user back.
func TestPage_LateAnswer(t *testing.T) {
	w := startWebapp(t, time.Minute)
	tab := newBrowser(t).tab(t)
	logIn(t, tab, w)
	eval[any](t, tab, `(() => {
		const plain = window.fetch;
		window.fetch = async (input, init) => {
			const answer = await plain(input, init);
			if (new URL(answer.url).pathname === "/api/me") await new Promise((release) => (window.release = release));
			return answer;
		};
	})()`)
	click(t, tab, "#get")
	require.Eventually(t, func() bool { return eval[bool](t, tab, `"release" in window`) }, 10*time.Second, 20*time.Millisecond)
	click(t, tab, "#logout")
	awaits(t, tab, "#login h1", "Log in")
	eval[any](t, tab, `(async () => {
		window.release();
		for (let i = 0; i < 5; i++) await fetch("/auth/cookies"); // in which time it would have been shown
	})()`)
	assert.Empty(t, text(t, tab, "#user"))
	assert.NotEmpty(t, text(t, tab, "#login h1"))
}

// The access token runs out while the page is open, and is renewed once each time.
func TestPage_Renews(t *testing.T) {
	w := startWebapp(t, time.Hour)
	b := newBrowser(t)
	tab := b.tab(t)
	logIn(t, tab, w)
	session := text(t, tab, "#session")
	awaits(t, tab, "#live", "socket says")
	w.ahead.Add(int64(time.Hour))
	awaits(t, tab, "#renewals", "1")
	assert.Equal(t, "not fresh", text(t, tab, "#fresh"))
	assert.Equal(t, session, text(t, tab, "#session"))
	assert.Contains(t, text(t, tab, "#wire"), "GET\n/api/me\n401\ntoken_expired")
	assert.Contains(t, text(t, tab, "#wire"), "POST\n/auth/refresh\n200")
	assert.Equal(t, 1, w.count("POST /auth/refresh"))
	assert.Equal(t, "test", text(t, tab, "#user"))
	awaits(t, tab, "#live", "socket says")
	w.ahead.Add(int64(time.Hour))
	awaits(t, tab, "#renewals", "2")
	assert.Equal(t, 2, w.count("POST /auth/refresh"))
}

// Two tabs share a session: they renew its token once, and a logout in one shows in the other.
func TestPage_Tabs(t *testing.T) {
	w := startWebapp(t, time.Hour)
	b := newBrowser(t)
	one := b.tab(t)
	logIn(t, one, w)
	two := b.tab(t)
	two.open(w.url)
	awaits(t, two, "#user", "test")
	for n := 1; n <= 3; n++ {
		awaits(t, one, "#live", "socket says")
		awaits(t, two, "#live", "socket says")
		w.ahead.Add(int64(time.Hour))
		awaits(t, one, "#renewals", fmt.Sprint(n))
		awaits(t, two, "#renewals", fmt.Sprint(n))
		assert.Equal(t, n, w.count("POST /auth/refresh"), "as if there were one tab")
	}
	assert.Equal(t, "test", text(t, one, "#user"))
	assert.Equal(t, "test", text(t, two, "#user"))
	click(t, two, "#logout")
	awaits(t, two, "#login h1", "Log in")
	awaits(t, one, "#login h1", "Log in")
	assert.Empty(t, b.cookies(t))
}

func TestPage_LogoutEverywhere(t *testing.T) {
	w := startWebapp(t, time.Minute)
	laptop, phone, reader := newBrowser(t), newBrowser(t), newBrowser(t)
	here, there := laptop.tab(t), phone.tab(t)
	logIn(t, here, w)
	logIn(t, there, w)
	awaits(t, there, "#live", "socket says")
	click(t, here, "#logout")
	awaits(t, here, "#login h1", "Log in")
	logIn(t, here, w)
	assert.Equal(t, "test", text(t, there, "#user"), "a logout ends one session")

	click(t, here, "#logout-all")
	awaits(t, here, "#login h1", "Log in")
	awaits(t, there, "#login h1", "Log in")
	again := reader.tab(t)
	logIn(t, again, w)
	assert.Equal(t, "test", text(t, again, "#user"))
}
