package main

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/gin-authjwt/authjwt"
)

// Another site's requests come without cookies, but for links to follow, or by their Origin they are refused.
func TestC15_L04_AnotherSite(t *testing.T) {
	t.Parallel()
	v := newVictim(t)
	site, attacker := "http://"+serveHTTP(t, "127.0.0.1", v), "http://"+serveHTTP(t, "127.0.0.2", http.HandlerFunc(blank))
	v.origins[site], v.origins[attacker] = "itself", "the attacker"
	b := newBrowser(t)
	own, evil := b.tab(t), b.tab(t)
	own.open(site + "/")
	v.logIn(t, own, "alice")
	jar := b.cookies(t)
	framed := func(tab *chromeTab) {
		eval[bool](t, tab, fmt.Sprintf(`new Promise(done => {
			const frame = document.createElement("iframe");
			frame.onload = () => done(true);
			frame.src = %q;
			document.body.append(frame);
		})`, site+"/account"))
	}
	credentials := []string{"username", "mallory", "password", "mallory"}

	for _, row := range []struct {
		name string
		act  func(tab *chromeTab)
		own  string
		evil string
	}{
		{"link", func(tab *chromeTab) { tab.leave(`location.href = "` + site + `/account"`) },
			"GET /account with its cookies without Origin (same-origin): 200, ran",
			"GET /account with its cookies without Origin (cross-site): 200, ran"}, // by design: GET changes nothing, and the attacker sees nothing
		{"fetch of a GET", func(tab *chromeTab) {
			got := tab.fetch("GET", site+"/account")
			assert.Equal(t, tab == own, got.Body == "alice")
		},
			"GET /account with its cookies without Origin (same-origin): 200, ran",
			"GET /account without cookies from the attacker (cross-site): 401 missing_token"},
		{"frame", framed,
			"GET /account with its cookies without Origin (same-origin): 200, ran",
			"GET /account without cookies without Origin (cross-site): 401 missing_token"},
		{"fetch", func(tab *chromeTab) { tab.fetch("POST", site+"/account", fetchOptions{Mode: "no-cors"}) },
			"POST /account with its cookies from itself (same-origin): 403 csrf_missing",
			"POST /account without cookies from the attacker (cross-site): 401 missing_token"},
		{"form", func(tab *chromeTab) { tab.leave(submit(site+"/account", form)) },
			"POST /account with its cookies from itself (same-origin): 403 csrf_missing",
			"POST /account without cookies from the attacker (cross-site): 401 missing_token"},
		{"WebSocket", func(tab *chromeTab) { eval[string](t, tab, socket("ws"+site[4:]+"/socket")) },
			"GET /socket with its cookies from itself (): 101, ran",
			"GET /socket without cookies from the attacker (): 401 missing_token"},
		{"logout by fetch", func(tab *chromeTab) { tab.fetch("POST", site+"/logout", fetchOptions{Mode: "no-cors"}) },
			"POST /logout with its cookies from itself (same-origin): 403 csrf_missing",
			"POST /logout without cookies from the attacker (cross-site): 403 csrf_origin"},
		{"logout by link", func(tab *chromeTab) { tab.leave(`location.href = "` + site + `/logout"`) }, "", ""},
		{"logout by form", func(tab *chromeTab) { tab.leave(submit(site+"/logout", form)) },
			"POST /logout with its cookies from itself (same-origin): 403 csrf_missing",
			"POST /logout without cookies from the attacker (cross-site): 403 csrf_origin"},
		{"login by a form of plain text", func(tab *chromeTab) {
			tab.leave(submit(site+"/login", "text/plain", `{"username":"mallory","password":"mallory","`, `":""}`))
		},
			"POST /login with its cookies from itself (same-origin): 415 unsupported_media_type",
			"POST /login without cookies from the attacker (cross-site): 403 csrf_origin"},
		{"login by fetch", func(tab *chromeTab) {
			tab.fetch("POST", site+"/login", fetchOptions{Mode: "no-cors", Headers: map[string]string{"Content-Type": form}, Body: "username=mallory&password=mallory"})
		},
			"POST /login with its cookies from itself (same-origin): 200, ran, sets 4",
			"POST /login without cookies from the attacker (cross-site): 403 csrf_origin"},
		{"login by form", func(tab *chromeTab) { tab.leave(submit(site+"/login", form, credentials...)) },
			"POST /login with its cookies from itself (same-origin): 200, ran, sets 4",
			"POST /login without cookies from the attacker (cross-site): 403 csrf_origin"},
		{"login by multipart form", func(tab *chromeTab) { tab.leave(submit(site+"/login", "multipart/form-data", credentials...)) },
			"POST /login with its cookies from itself (same-origin): 200, ran, sets 4",
			"POST /login without cookies from the attacker (cross-site): 403 csrf_origin"},
	} {
		noted := func(want string) []string {
			if want == "" {
				return nil
			}
			return []string{want}
		}
		evil.stay(attacker + "/")
		own.stay(site + "/")
		row.act(evil)
		assert.Equal(t, noted(row.evil), v.noted(), row.name)
		assert.Equal(t, jar, b.cookies(t), row.name)
		row.act(own)
		assert.Equal(t, noted(row.own), v.noted(), row.name)
		jar = b.cookies(t)
		assert.Len(t, jar, 4, row.name)
	}
}

// Without SameSite, as fastapi-jwt-auth sets them, Chromium adds cookies of the last two minutes to a form that another site posts.
func TestC12_AnotherSiteWithoutSameSite(t *testing.T) {
	t.Parallel()
	v := newVictim(t, func(s *authjwt.Settings) {
		secret := s.SecretKey
		*s = authjwt.FastAPIJWTAuth()
		s.SecretKey, s.TokenLocation = secret, []authjwt.Location{authjwt.Cookies}
	})
	site, attacker := "http://"+serveHTTP(t, "127.0.0.1", v), "http://"+serveHTTP(t, "127.0.0.2", http.HandlerFunc(blank))
	v.origins[site], v.origins[attacker] = "itself", "the attacker"
	b := newBrowser(t)
	own, evil := b.tab(t), b.tab(t)
	own.open(site)
	evil.open(attacker)
	v.logIn(t, own, "alice")
	jar := b.cookies(t)
	evil.fetch("POST", site+"/account", fetchOptions{Mode: "no-cors"})
	evil.leave(submit(site+"/account", form))
	evil.open(attacker)
	evil.leave(submit(site+"/logout", form))
	evil.open(attacker)
	evil.leave(submit(site+"/login", form, "username", "mallory", "password", "mallory"))
	const detail = "Cross-origin request. If the page is yours, list its origin in TrustedOrigins"
	assert.Equal(t, []string{
		"POST /account without cookies from the attacker (cross-site): 401 Missing cookie access_token_cookie",
		"POST /account with its cookies from the attacker (cross-site): 401 " + detail,
		"POST /logout with its cookies from the attacker (cross-site): 401 " + detail,
		"POST /login with its cookies from the attacker (cross-site): 401 " + detail,
	}, v.noted())
	assert.Equal(t, jar, b.cookies(t))

	value := eval[string](t, own, csrf("csrf_access_token"))
	own.fetch("POST", site+"/account", fetchOptions{Headers: map[string]string{"X-CSRF-Token": value}})
	assert.Equal(t, []string{"POST /account with its cookies from itself (same-origin): 200, ran"}, v.noted())
}
