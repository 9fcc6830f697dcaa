package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
	"github.com/gin-authjwt/authjwt/storetest"
)

// looks makes the page see that its tab has become visible.
func looks(t *testing.T, tab *chromeTab) {
	t.Helper()
	eval[any](t, tab, `document.dispatchEvent(new Event("visibilitychange"))`)
}

// settles lets pass what would take to show an answer.
func settles(t *testing.T, tab *chromeTab) {
	t.Helper()
	eval[any](t, tab, `(async () => { for (let i = 0; i < 10; i++) await fetch("/auth/cookies"); })()`)
}

// awaitsDevices waits until the card lists so many, and returns what it shows of each.
func awaitsDevices(t *testing.T, tab *chromeTab, want int) []string {
	t.Helper()
	var shown []string
	require.Eventually(t, func() bool {
		shown = eval[[]string](t, tab, `[...document.querySelectorAll("#devices li")].map((row) => row.innerText)`)
		return len(shown) == want && text(t, tab, "#devices") != ""
	}, 10*time.Second, 50*time.Millisecond, "%d devices", want)
	return shown
}

// press focuses a button, as a keyboard does, and presses it.
func press(t *testing.T, tab *chromeTab, selector string) {
	t.Helper()
	eval[any](t, tab, fmt.Sprintf(`((button) => { button.focus(); button.click(); })(document.querySelector(%q))`, selector))
}

func row(id string) string { return `#devices [data-id="` + id + `"]` }

// focused describes what has the focus.
func focused(t *testing.T, tab *chromeTab) string {
	t.Helper()
	return eval[string](t, tab, `document.activeElement.ariaLabel ?? document.activeElement.innerText`)
}

// One device ends the other, which is out at its next request.
func TestPage_Devices(t *testing.T) {
	w := startWebapp(t, time.Minute)
	laptop, phone := newBrowser(t), newBrowser(t)
	here, there := laptop.tab(t), phone.tab(t)
	logIn(t, here, w)
	alone := awaitsDevices(t, here, 1)
	assert.Regexp(t, `^Chrome on Linux this device\n+127\.0\.0\.1\s+last active just now\s+begun \d+/.*\n+Log out$`, alone[0])
	logIn(t, there, w)
	awaitsDevices(t, there, 2)
	awaits(t, there, "#live", "socket says")
	looks(t, here)
	both := awaitsDevices(t, here, 2)
	assert.Contains(t, both[0], "this device")
	assert.NotContains(t, both[1], "this device")
	assert.Contains(t, both[1], "End session")
	names := eval[[]string](t, here, `[...document.querySelectorAll("#devices button")].map((button) => button.ariaLabel)`)
	assert.Regexp(t, `^Log out this device, 127\.0\.0\.1, begun \d`, names[0])
	assert.Regexp(t, `^End session: Chrome on Linux, 127\.0\.0\.1, begun \d`, names[1])

	press(t, here, "#devices li:last-child button")
	awaitsDevices(t, here, 1)
	assert.Equal(t, "401 token_revoked", there.fetch("GET", "/api/me").verdict())
	value := eval[string](t, there, csrf("csrf_refresh_token"))
	assert.Equal(t, "401 token_revoked", there.fetch("POST", "/auth/refresh", fetchOptions{Headers: map[string]string{"X-CSRF-Token": value}}).verdict())
	assert.Equal(t, "Ended: Chrome on Linux", text(t, here, "#devices [role=status]"))
	assert.Equal(t, "Your devices", focused(t, here))
	awaits(t, there, "#problem", "Your session has ended.")
	looks(t, there)
	settles(t, there)
	assert.Equal(t, "Your session has ended.", text(t, there, "#problem"), "who looks later is told, too")
	assert.Empty(t, text(t, there, "#devices"))
	assert.Empty(t, eval[string](t, there, `document.querySelector("#devices ul").innerHTML`))

	value = eval[string](t, here, csrf("csrf_refresh_token"))
	assert.Equal(t, 200, here.fetch("POST", "/auth/refresh", fetchOptions{Headers: map[string]string{"X-CSRF-Token": value}}).Status, "the other lives on")
	logIn(t, there, w)
	awaitsDevices(t, there, 2)
	press(t, here, "#devices li button")
	awaits(t, here, "#login h1", "Log in")
	assert.Empty(t, laptop.cookies(t), "this device's button is a logout")
	assert.Equal(t, 1, w.count("DELETE /auth/logout"))
	looks(t, there)
	awaitsDevices(t, there, 1)
}

// The API refuses a page that asks for another user's session to end, and tells no more of it than of one that is not there.
func TestPage_Devices_AnotherUser(t *testing.T) {
	w := startWebapp(t, time.Minute)
	tab := newBrowser(t).tab(t)
	logIn(t, tab, w)
	own, other := w.device(t, "test", ""), w.device(t, "bob", "")
	end := func(id string) string {
		value := eval[string](t, tab, csrf("csrf_access_token"))
		return tab.fetch("DELETE", "/api/sessions/"+id, fetchOptions{Headers: map[string]string{"X-CSRF-Token": value}}).verdict()
	}
	assert.Equal(t, "404 no_session", end(other.id))
	assert.True(t, other.lives())
	assert.Equal(t, "403 csrf_missing", tab.fetch("DELETE", "/api/sessions/"+own.id).verdict())
	assert.True(t, own.lives())
	assert.Equal(t, "204", end(own.id))
	assert.False(t, own.lives())
	assert.Equal(t, "404 no_session", end(own.id))
	assert.Equal(t, "test", text(t, tab, "#user"))
}

// A user agent is what any client says of itself: it is text, whatever it says, and fits the smallest screen.
func TestPage_Devices_Markup(t *testing.T) {
	w := startWebapp(t, time.Minute)
	for _, agent := range []string{
		`<img src=x onerror="window.ran = true">`, `<script>window.ran = true</script>`, `</bdi></p></li></ul><h1>Log in</h1>`,
		`"><svg onload=window.ran=true>`, `javascript:window.ran=true`, `&lt;b&gt;`, strings.Repeat("W", 300), "",
	} {
		w.device(t, "test", agent)
	}
	tab := newBrowser(t).tab(t)
	logIn(t, tab, w)
	shown := strings.Join(awaitsDevices(t, tab, 9), "\n")
	for _, want := range []string{
		`<img src=x onerror="window.ran = true">`, `<script>window.ran = true</script>`, `</bdi></p></li></ul><h1>Log in</h1>`,
		`"><svg onload=window.ran=true>`, `javascript:window.ran=true`, `&lt;b&gt;`, strings.Repeat("W", 256), "Unknown device",
	} {
		assert.Contains(t, shown, want)
	}
	assert.Equal(t, "BDI BUTTON DIV LI P SPAN TIME UL", eval[string](t, tab, `[...new Set([...document.querySelectorAll("#devices ul, #devices ul *")].map((e) => e.tagName))].sort().join(" ")`))
	fits := func() {
		for _, dark := range []bool{false, true} {
			tab.screenshot(320, 640, dark, true)
			assert.Zero(t, eval[int](t, tab, `document.documentElement.scrollWidth - document.documentElement.clientWidth`), "wider than the screen")
		}
	}
	fits()
	for _, button := range []string{"<img", "<script", "<svg", "WWW"} { // the name goes into the message, too
		eval[any](t, tab, fmt.Sprintf(`[...document.querySelectorAll("#devices button")].find((b) => b.ariaLabel.includes(%q)).click()`, button))
		awaits(t, tab, "#devices [role=status]", button)
	}
	awaitsDevices(t, tab, 5)
	fits()
	assert.False(t, eval[bool](t, tab, `"ran" in window`))
	for _, complaint := range tab.complaints() {
		assert.Contains(t, complaint, "401", "but for the question who is logged in")
	}
}

// What a script finds in the API's answers and on the page is no part of a token.
func TestPage_Devices_NoToken(t *testing.T) {
	w := startWebapp(t, time.Minute)
	other := w.device(t, "test", "another")
	b := newBrowser(t)
	tab := b.tab(t)
	logIn(t, tab, w)
	awaitsDevices(t, tab, 2)
	found := eval[string](t, tab, `(async () => {
		const answers = [await fetch("/api/sessions"), await fetch("/api/sessions", { cache: "reload" })];
		const texts = await Promise.all(answers.map(async (a) => [...a.headers].join() + await a.text()));
		return texts.join() + document.documentElement.outerHTML + JSON.stringify({ ...localStorage });
	})()`)
	assert.Contains(t, found, other.id)
	tokens := []string{other.cookies["access_token_cookie"], other.cookies["refresh_token_cookie"]}
	for _, cookie := range b.cookies(t) {
		if cookie.HTTPOnly {
			tokens = append(tokens, cookie.Value)
		}
	}
	require.Len(t, tokens, 4)
	for _, token := range tokens {
		for part := range strings.SplitSeq(token, ".") {
			assert.NotContains(t, found, part)
		}
	}
	for name, value := range other.cookies {
		assert.NotContains(t, found, value, name)
	}
}

// What has ended is not in the list, however it ended.
func TestPage_Devices_Ended(t *testing.T) {
	w := startWebapp(t, time.Minute)
	w.ahead.Store(int64(-31 * 24 * time.Hour))
	w.device(t, "test", "nobody has used it for a month")
	w.ahead.Store(int64(-29 * 24 * time.Hour))
	seldom := w.device(t, "test", "seldom used")
	w.ahead.Store(int64(-3*time.Hour - time.Minute))
	w.device(t, "test", "left alone")
	w.ahead.Store(0)
	here, there := newBrowser(t).tab(t), newBrowser(t).tab(t)
	logIn(t, there, w)
	logIn(t, here, w)
	shown := awaitsDevices(t, here, 4)
	assert.Regexp(t, `seldom used[\s\S]*last active 29 days ago`, shown[1], "the oldest first, after this one")
	assert.Regexp(t, `left alone[\s\S]*last active 3 hours ago`, shown[2])
	assert.Regexp(t, `Chrome[\s\S]*last active just now`, shown[3])

	click(t, there, "#logout")
	awaits(t, there, "#login h1", "Log in")
	looks(t, here)
	shown = awaitsDevices(t, here, 3)
	assert.NotContains(t, strings.Join(shown[1:], "\n"), "Chrome")
	assert.Equal(t, 200, seldom.send("POST", "/auth/refresh").Code)
	looks(t, here)
	require.Eventually(t, func() bool {
		return strings.Contains(awaitsDevices(t, here, 3)[1], "last active just now")
	}, 10*time.Second, 50*time.Millisecond, "a refresh is an activity, and moves nothing")
	logIn(t, there, w)
	awaitsDevices(t, there, 4)
	click(t, here, "#logout-all")
	awaits(t, there, "#problem", "Your session has ended.")
	logIn(t, here, w)
	assert.Contains(t, awaitsDevices(t, here, 1)[0], "this device")
	assert.Contains(t, seldom.send("POST", "/auth/refresh").Body.String(), `"code":"token_revoked"`)
}

// What other devices do takes neither the focus away nor the button from under the pointer.
func TestPage_Devices_Focus(t *testing.T) {
	w := startWebapp(t, time.Hour)
	first, second := w.device(t, "test", "first"), w.device(t, "test", "second")
	tab := newBrowser(t).tab(t)
	logIn(t, tab, w)
	awaitsDevices(t, tab, 3)
	eval[any](t, tab, fmt.Sprintf(`document.querySelector(%q).focus()`, row(first.id)+" button"))
	assert.Regexp(t, `^End session: first, 192\.0\.2\.1, begun`, focused(t, tab))
	eval[any](t, tab, `document.querySelector("#devices ul").addEventListener("focusout", () => (window.lost = true))`)
	before := w.count("GET /api/sessions")
	looks(t, tab)
	settles(t, tab)
	assert.Equal(t, before+1, w.count("GET /api/sessions"))
	assert.False(t, eval[bool](t, tab, `"lost" in window`), "a list that is the same is left alone")
	w.device(t, "test", "third")
	looks(t, tab)
	awaitsDevices(t, tab, 4)
	assert.Regexp(t, `^End session: first`, focused(t, tab))
	require.NoError(t, w.RevokeSession(t.Context(), first.id))
	looks(t, tab)
	awaitsDevices(t, tab, 3)
	assert.Equal(t, "Your devices", focused(t, tab), "not another device's button")
	eval[any](t, tab, `document.querySelector("#note input").focus()`)
	require.NoError(t, w.RevokeSession(t.Context(), second.id))
	looks(t, tab)
	awaitsDevices(t, tab, 2)
	assert.True(t, eval[bool](t, tab, `document.activeElement === document.querySelector("#note input")`))
}

// The page says what it could not do, and takes no late answer for the list of who has logged in since.
func TestPage_Devices_Faults(t *testing.T) {
	var faulty *storetest.Faulty
	w := startWebapp(t, time.Hour, func(s *authjwt.Settings) {
		faulty = storetest.NewFaulty(s.Store)
		s.Sessions = faulty
	})
	other, gone := w.device(t, "test", "other"), w.device(t, "test", "gone")
	tab := newBrowser(t).tab(t)
	logIn(t, tab, w)
	awaitsDevices(t, tab, 3)
	faulty.Be(storetest.Fails)
	press(t, tab, row(other.id)+" button")
	awaits(t, tab, "#devices [role=status]", "The session could not be ended. Try again.")
	awaits(t, tab, "#devices .problem", "The list cannot be read now.")
	awaitsDevices(t, tab, 3)
	faulty.Be(storetest.None)
	assert.True(t, other.lives())
	require.NoError(t, w.RevokeSession(t.Context(), gone.id))
	press(t, tab, row(gone.id)+" button")
	awaits(t, tab, "#devices [role=status]", "Ended: gone")
	awaitsDevices(t, tab, 2)
	assert.Empty(t, text(t, tab, "#devices .problem"))

	for _, method := range []string{"GET", "DELETE"} {
		eval[any](t, tab, `(() => {
			const plain = window.fetch;
			delete window.release;
			window.fetch = async (input, init) => {
				const answer = await plain(input, init);
				if (new URL(answer.url).pathname.startsWith("/api/sessions") && input.method === "`+method+`") await new Promise((release) => (window.release = release));
				return answer;
			};
			window.restore = () => (window.fetch = plain);
		})()`)
		other := w.device(t, "test", "late "+method)
		if method == "DELETE" {
			looks(t, tab)
			awaits(t, tab, "#devices", "late DELETE")
			press(t, tab, row(other.id)+" button")
		} else {
			looks(t, tab)
		}
		require.Eventually(t, func() bool { return eval[bool](t, tab, `"release" in window`) }, 10*time.Second, 20*time.Millisecond)
		click(t, tab, "#logout")
		awaits(t, tab, "#login h1", "Log in")
		eval[any](t, tab, `(window.restore(), window.release())`)
		settles(t, tab)
		assert.Equal(t, "0", eval[string](t, tab, `document.querySelector("#devices ul").children.length + document.querySelector("#devices [role=status]").textContent`), method)
		assert.Empty(t, text(t, tab, "#problem"), method)
		logIn(t, tab, w)
	}
}
