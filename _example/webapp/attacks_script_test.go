package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/gin-authjwt/authjwt"
)

// rummage is what a script that was injected into the site's page finds after it has logged in and refreshed: a promise of one text.
const rummage = `(async () => {
	const found = [];
	const keep = async res => found.push(await res.clone().text(), JSON.stringify([...res.headers]), JSON.stringify(res.headers.getSetCookie()), res.url);
	const value = name => (document.cookie.split("; ").find(c => c.startsWith(name + "=")) || "=").split("=")[1];
	const post = (path, headers, body) => fetch(path, {method: "POST", headers, body}).then(keep);
	await post("/login", {"Content-Type": "application/x-www-form-urlencoded"}, "username=alice&password=alice");
	await post("/refresh", {"X-CSRF-Token": value("csrf_refresh_token")});
	await fetch("/account").then(keep);
	await new Promise(done => {
		const request = new XMLHttpRequest();
		request.open("POST", "/login");
		request.setRequestHeader("Content-Type", "application/json");
		request.onload = () => done(found.push(request.responseText, request.getAllResponseHeaders(), request.getResponseHeader("Set-Cookie")));
		request.send('{"username": "alice", "password": "alice"}');
	});
	for (const method of ["TRACE", "TRACK"]) {
		await fetch("/account", {method}).then(keep, error => found.push(String(error)));
	}
	found.push(document.cookie, JSON.stringify(await cookieStore.getAll()), JSON.stringify(await cookieStore.get("access_token_cookie")));
	found.push(JSON.stringify({...localStorage}), JSON.stringify({...sessionStorage}), JSON.stringify(performance.getEntries()), document.documentElement.outerHTML);
	const frame = document.createElement("iframe");
	frame.src = "/account";
	await new Promise(done => { frame.onload = done; document.body.append(frame); });
	found.push(frame.contentDocument.cookie, frame.contentDocument.documentElement.outerHTML);
	return found.join("\n");
})()`

// The token cookies are out of reach of scripts; what can be reached are the CSRF values, and the tokens in the body where these
// are asked for.
func TestC01_ScriptsReachNoToken(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name    string
		edit    func(s *authjwt.Settings)
		reached int // tokens: of two logins and a refresh
	}{
		{"cookies alone", func(*authjwt.Settings) {}, 0},
		{"with a store", func(s *authjwt.Settings) { s.Store = new(authjwt.MemoryStore) }, 0},
		{"access token in the body", func(s *authjwt.Settings) { s.InsecureAccessTokenInBody = true }, 3},
		{"headers, too", func(s *authjwt.Settings) { s.TokenLocation = append(s.TokenLocation, authjwt.Headers) }, 4}, // a refresh by cookie tells none
	} {
		v := newVictim(t, row.edit)
		b := newBrowser(t)
		tab := b.tab(t)
		tab.open("http://" + serveHTTP(t, "127.0.0.1", v))
		found := eval[string](t, tab, rummage)
		assert.Equal(t, row.reached, strings.Count(found, `"eyJ`), row.name)
		assert.Equal(t, 2*row.reached, strings.Count(found, "eyJ"), row.name) // of a header and of claims
		notes := strings.Join(v.noted(), "\n")
		assert.Equal(t, 2, strings.Count(notes, "POST /login"), notes)
		assert.Contains(t, notes, "(same-origin): 200, ran, sets 4")
		assert.Regexp(t, `POST /refresh with its cookies .*: 200, sets [24]`, notes)

		httpOnly := 0
		for _, c := range b.cookies(t) {
			if c.HTTPOnly {
				httpOnly++
				assert.True(t, strings.HasPrefix(c.Value, "eyJ"), "there was something to find")
				signature := c.Value[strings.LastIndex(c.Value, "."):]
				assert.True(t, row.reached > 0 || !strings.Contains(found, signature), row.name)
			} else {
				assert.Contains(t, found, c.Name+"="+c.Value)
			}
		}
		assert.Equal(t, 2, httpOnly)
	}
}
