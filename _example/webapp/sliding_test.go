package main

import (
	"fmt"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

// slides renews access tokens of 15 minutes in their last 5, for two hours.
func slides(s *authjwt.Settings) {
	s.RefreshWithin, s.SessionExpires = 5*minute, 2*time.Hour
}

// plainly logs in on a page that has no authjwt.js: what slides, slides by the browser alone.
func plainly(t *testing.T, s *site, b *chrome) *chromeTab {
	t.Helper()
	tab := b.tab(t)
	tab.open("http://" + serveHTTP(t, "127.0.0.1", s))
	login := fetchOptions{Headers: map[string]string{"Content-Type": gin.MIMEJSON}, Body: `{"username": "alice", "password": "test"}`}
	require.Equal(t, 200, tab.fetch("POST", "/auth/login", login).Status)
	eval[any](t, tab, `(window.value = `+csrf("csrf_access_token")+`, 0)`) // as a form does that was rendered now
	s.requests()
	return tab
}

// tokenOf is the access token in the jar.
func tokenOf(t *testing.T, b *chrome) string {
	t.Helper()
	for _, cookie := range b.cookies(t) {
		if cookie.Name == "access_token_cookie" {
			return cookie.Value
		}
	}
	return ""
}

// post sends the CSRF value that the page has had since the login.
func post(t *testing.T, tab *chromeTab) fetched {
	t.Helper()
	value := eval[string](t, tab, `value`)
	return tab.fetch("POST", "/api/echo", fetchOptions{Headers: map[string]string{"X-CSRF-Token": value}})
}

// A page that only reads stays logged in, without a call of the refresh route, until its session ends.
func TestSliding(t *testing.T) {
	s := newSite(t, slides)
	b := newBrowser(t)
	tab := plainly(t, s, b)
	first, asked := tokenOf(t, b), 0
	for end := 2*time.Hour - 10*minute; s.ahead.Load() < int64(end); asked++ {
		s.passes(11 * minute)
		before := tokenOf(t, b)
		require.Equal(t, 200, tab.fetch("GET", "/api/echo").Status, "%v", time.Duration(s.ahead.Load()))
		assert.NotEqual(t, before, tokenOf(t, b))
		assert.Equal(t, 200, post(t, tab).Status, "the value stays good")
	}
	assert.GreaterOrEqual(t, asked, 9)
	assert.Len(t, b.cookies(t), 4)
	for _, request := range s.requests() {
		assert.Contains(t, []string{"GET /api/echo 200", "POST /api/echo 200"}, request)
	}
	assert.Equal(t, "403 csrf_missing", tab.fetch("POST", "/api/echo").verdict())
	assert.NotEqual(t, first, tokenOf(t, b))
	list, err := s.auth.Sessions(t.Context(), "alice")
	require.NoError(t, err)
	require.Len(t, list, 1, "it is one session")
	assert.Greater(t, list[0].LastRefresh.Sub(list[0].Created), 90*minute)

	s.passes(2*time.Hour - time.Duration(s.ahead.Load()) + 2*time.Second)
	assert.Equal(t, "401 token_expired", tab.fetch("GET", "/api/echo").verdict())
	value := eval[string](t, tab, csrf("csrf_refresh_token"))
	assert.Equal(t, "401 token_expired", tab.fetch("POST", "/auth/refresh", fetchOptions{Headers: map[string]string{"X-CSRF-Token": value}}).verdict())
	list, err = s.auth.Sessions(t.Context(), "alice")
	require.NoError(t, err)
	assert.Empty(t, list)
}

// Its twins are out: a page that rests for longer than a token lives, one whose token is not due, one where nothing slides.
func TestSliding_Out(t *testing.T) {
	for _, row := range []struct {
		name string
		edit func(*authjwt.Settings)
		asks []time.Duration // since the login
		want string
	}{
		{"asks in time", slides, []time.Duration{11 * minute, 16 * minute}, "200"},
		{"rests", slides, []time.Duration{16 * minute}, "401 token_expired"},
		{"asks too early", slides, []time.Duration{9 * minute, 16 * minute}, "401 token_expired"},
		{"does not slide", func(*authjwt.Settings) {}, []time.Duration{11 * minute, 16 * minute}, "401 token_expired"},
	} {
		s := newSite(t, row.edit)
		tab := plainly(t, s, newBrowser(t))
		verdict := ""
		for _, at := range row.asks {
			s.ahead.Store(int64(at))
			verdict = tab.fetch("GET", "/api/echo").verdict()
		}
		assert.Equal(t, row.want, verdict, row.name)
	}
}

// A session that another device has ended slides no further, and its page is out.
func TestSliding_Ended(t *testing.T) {
	s := newSite(t, slides)
	here, there := newBrowser(t), newBrowser(t)
	tab, other := plainly(t, s, here), plainly(t, s, there)
	ended, err := s.auth.Verify(t.Context(), tokenOf(t, here), authjwt.Access)
	require.NoError(t, err)
	s.passes(11 * minute)
	require.NoError(t, s.auth.RevokeSession(t.Context(), ended.SessionID))
	before := tokenOf(t, here)
	assert.Equal(t, "401 token_revoked", tab.fetch("GET", "/api/echo").verdict())
	assert.Equal(t, before, tokenOf(t, here))
	before = tokenOf(t, there)
	assert.Equal(t, "200", other.fetch("GET", "/api/echo").verdict())
	assert.NotEqual(t, before, tokenOf(t, there))
}

// Another site's page, whose links bring the cookies, keeps nobody logged in; the user's own click on the same address does.
func TestSliding_AnotherSite(t *testing.T) {
	s := newSite(t, slides)
	b := newBrowser(t)
	tab := plainly(t, s, b)
	here := eval[string](t, tab, `location.origin`)
	foreign := b.tab(t)
	evil := "http://" + serveHTTP(t, "127.0.0.2", newSite(t))
	s.passes(11 * minute)
	before := tokenOf(t, b)
	for _, act := range []string{
		`location.href = %q`,
		`Object.assign(document.body.appendChild(document.createElement("form")), { action: %q }).submit()`,
	} {
		foreign.open(evil)
		assert.Equal(t, int64(200), foreign.leave(fmt.Sprintf(act, here+"/api/echo")), "the cookies came along")
		assert.Equal(t, before, tokenOf(t, b), act)
	}
	assert.Equal(t, int64(200), tab.leave(`location.href = "/api/echo"`))
	assert.NotEqual(t, before, tokenOf(t, b))
}
