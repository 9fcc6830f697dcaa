package main

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

// Ports are no border for cookies: a page on another port of the host reads those that scripts may read, and its requests bring
// all of them. Its origin alone gives it away.
func TestL04_C12_AnotherPortOfTheHost(t *testing.T) {
	t.Parallel()
	v := newVictim(t, func(s *authjwt.Settings) { s.CSRFFormField = "csrf_token" })
	site, attacker := "http://"+serveHTTP(t, "127.0.0.1", v), "http://"+serveHTTP(t, "127.0.0.1", http.HandlerFunc(blank))
	v.origins[site], v.origins[attacker] = "itself", "the attacker"
	b := newBrowser(t)
	own, evil := b.tab(t), b.tab(t)
	own.open(site)
	evil.open(attacker)
	v.logIn(t, own, "alice")
	jar := b.cookies(t)
	require.Len(t, jar, 4)
	access, refresh := eval[string](t, own, csrf("csrf_access_token")), eval[string](t, own, csrf("csrf_refresh_token"))
	require.Len(t, access, 36)
	assert.Equal(t, access, eval[string](t, evil, csrf("csrf_access_token")), "ports share cookies")
	withCSRF := fetchOptions{Headers: map[string]string{"X-CSRF-Token": access}}

	for _, row := range []struct {
		name string
		act  func(tab *chromeTab)
		own  string // what the site notes of its own page
		evil string // of the attacker's
	}{
		{"fetch", func(tab *chromeTab) { tab.fetch("POST", site+"/account", fetchOptions{Mode: "no-cors"}) },
			"POST /account with its cookies from itself (same-origin): 403 csrf_missing",
			"POST /account with its cookies from the attacker (same-site): 403 csrf_origin"},
		{"fetch, to read the answer", func(tab *chromeTab) {
			assert.Equal(t, tab == evil, tab.fetch("POST", site+"/account").Error != "")
		},
			"POST /account with its cookies from itself (same-origin): 403 csrf_missing",
			"POST /account with its cookies from the attacker (same-site): 403 csrf_origin"},
		{"fetch with the CSRF value, which was read", func(tab *chromeTab) {
			assert.Equal(t, tab == evil, tab.fetch("POST", site+"/account", withCSRF).Error != "")
		},
			"POST /account with its cookies from itself (same-origin): 200, ran",
			"OPTIONS /account without cookies from the attacker (same-site): 404"},
		{"form", func(tab *chromeTab) { tab.leave(submit(site+"/account", form)) },
			"POST /account with its cookies from itself (same-origin): 403 csrf_missing",
			"POST /account with its cookies from the attacker (same-site): 403 csrf_origin"},
		{"form with the CSRF value", func(tab *chromeTab) { tab.leave(submit(site+"/account", form, "csrf_token", access)) },
			"POST /account with its cookies from itself (same-origin): 200, ran",
			"POST /account with its cookies from the attacker (same-site): 403 csrf_origin"},
		{"multipart form with the CSRF value", func(tab *chromeTab) {
			tab.leave(submit(site+"/account", "multipart/form-data", "csrf_token", access))
		},
			"POST /account with its cookies from itself (same-origin): 200, ran",
			"POST /account with its cookies from the attacker (same-site): 403 csrf_origin"},
		{"WebSocket", func(tab *chromeTab) { eval[string](t, tab, socket("ws"+site[4:]+"/socket")) },
			"GET /socket with its cookies from itself (): 101, ran",
			"GET /socket with its cookies from the attacker (): 403 csrf_origin"},
		{"refresh", func(tab *chromeTab) { tab.leave(submit(site+"/refresh", form, "csrf_token", refresh)) },
			"POST /refresh with its cookies from itself (same-origin): 200, sets 2",
			"POST /refresh with its cookies from the attacker (same-site): 403 csrf_origin"},
		{"login", func(tab *chromeTab) {
			tab.leave(submit(site+"/login", form, "username", "mallory", "password", "mallory"))
		},
			"POST /login with its cookies from itself (same-origin): 200, ran, sets 4",
			"POST /login with its cookies from the attacker (same-site): 403 csrf_origin"},
		{"logout", func(tab *chromeTab) {
			current := eval[string](t, tab, csrf("csrf_access_token"))
			tab.leave(submit(site+"/logout", form, "csrf_token", current))
		},
			"POST /logout with its cookies from itself (same-origin): 200, sets 4",
			"POST /logout with its cookies from the attacker (same-site): 403 csrf_origin"},
	} {
		evil.stay(attacker + "/")
		own.stay(site + "/")
		row.act(evil)
		assert.Equal(t, []string{row.evil}, v.noted(), row.name)
		assert.Equal(t, jar, b.cookies(t), row.name)
		row.act(own)
		assert.Equal(t, []string{row.own}, v.noted(), row.name)
		jar = b.cookies(t)
	}
	assert.Empty(t, jar, "logged out, by the site's own page")
}
