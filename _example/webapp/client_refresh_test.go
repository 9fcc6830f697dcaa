package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
	"github.com/gin-authjwt/authjwt/storetest"
)

// Many requests that find the token run out wait for one refresh, whether the browser has locks or not.
func TestClient_OneRefresh(t *testing.T) {
	for name, prepare := range map[string]string{"locks": "0", "no locks": `Object.defineProperty(navigator, "locks", { value: undefined })`} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			_, tab := loggedIn(t, s)
			eval[any](t, tab, prepare)
			for range 3 {
				s.passes(16 * minute)
				for _, got := range eval[[]answer](t, tab, `all(20, "POST")`) {
					assert.Equal(t, ok, got)
				}
				assert.Equal(t, 1, countOf(s.requests(), refresh))
			}
		})
	}
}

// So do two tabs; where the browser has no locks, there may be a refresh of each, and no tab is logged out.
func TestClient_OneRefresh_Tabs(t *testing.T) {
	for _, try := range []struct {
		name, prepare string
		grace         time.Duration
		most          int
	}{
		{"locks", "0", authjwt.NoGrace, 1},
		{"no locks", `Object.defineProperty(navigator, "locks", { value: undefined })`, 0, 2},
	} {
		t.Run(try.name, func(t *testing.T) {
			s := newSite(t, func(set *authjwt.Settings) { set.RefreshReuseGrace = try.grace })
			b, one := loggedIn(t, s)
			other := opened(t, b, eval[string](t, one, "location.href"))
			eval[any](t, one, try.prepare)
			eval[any](t, other, try.prepare)
			for range 5 {
				s.passes(16 * minute)
				got := together(t, one, other)
				assert.Len(t, got, 10)
				for _, answer := range got {
					assert.Equal(t, ok, answer)
				}
				refreshes := countOf(s.requests(), refresh)
				assert.GreaterOrEqual(t, refreshes, 1)
				assert.LessOrEqual(t, refreshes, try.most)
			}
		})
	}
}

// together lets both tabs ask five times at once.
func together(t *testing.T, one, other *chromeTab) []answer {
	t.Helper()
	eval[any](t, other, `(() => { window.pending = all(5, "POST"); })()`)
	return append(eval[[]answer](t, one, `all(5, "POST")`), eval[[]answer](t, other, `pending`)...)
}

func countOf(list []string, item string) (n int) {
	for _, s := range list {
		if s == item {
			n++
		}
	}
	return n
}

// A refresh token that is good no more is tried once, until there is another one.
func TestClient_RefreshRefused(t *testing.T) {
	s := newSite(t)
	_, tab := loggedIn(t, s)
	s.passes(31 * 24 * time.Hour)
	for _, got := range eval[[]answer](t, tab, `all(5)`) {
		assert.Equal(t, 401, got.Status)
		assert.Contains(t, got.Text, `"code":"token_expired"`, "the request's own answer")
	}
	assert.Equal(t, 1, countOf(s.requests(), "POST /auth/refresh 401"))
	assert.Equal(t, 401, send(t, tab, "").Status)
	assert.Equal(t, []string{"GET /api/echo 401"}, s.requests())
	require.Equal(t, 200, eval[int](t, tab, `auth.login({ username: "alice", password: "test" }).then((a) => a.status)`))
	s.passes(16 * minute)
	assert.Equal(t, ok, send(t, tab, ""))
}

// A server that cannot refresh now has not logged anybody out.
func TestClient_RefreshFails(t *testing.T) {
	store := storetest.NewFaulty(new(authjwt.MemoryStore))
	s := newSite(t, func(set *authjwt.Settings) { set.Store = store })
	_, tab := loggedIn(t, s)
	s.passes(16 * minute)
	store.Be(storetest.Fails)
	got := send(t, tab, "")
	assert.Equal(t, 503, got.Status)
	assert.Contains(t, got.Text, `"code":"unavailable"`)
	store.Be(storetest.None)
	assert.Equal(t, ok, send(t, tab, ""))
}

// What the network does to one refresh is none of the next one's business.
func TestClient_RefreshUnreachable(t *testing.T) {
	for name, prepare := range map[string]string{"locks": "0", "no locks": `Object.defineProperty(navigator, "locks", { value: undefined })`} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			_, tab := loggedIn(t, s)
			eval[any](t, tab, prepare)
			s.passes(16 * minute)
			got := eval[string](t, tab, `(() => {
				const plain = window.fetch;
				window.fetch = (input, init) => {
					if (!String(input).endsWith("/auth/refresh")) return plain(input, init);
					window.fetch = plain;
					return plain("http://127.0.0.1:1/");
				};
				return send("POST").catch(String);
			})()`)
			assert.Equal(t, "TypeError: Failed to fetch", got)
			assert.Equal(t, ok, send(t, tab, `"POST"`))
		})
	}
}
