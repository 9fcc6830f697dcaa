package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

func prefixed(prefix string) func(s *authjwt.Settings) {
	return func(s *authjwt.Settings) { s.CookiePrefix = prefix }
}

// A neighbour can set cookies for all of its domain, in the place of which no other attribute stands but the prefix.
func TestC04_PlantedAccessCookie(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		prefix, planted, loggedIn string
		stored                    int
	}{
		{"", "401 token_malformed", "400 invalid_request", 1},
		{"__Secure-", "401 token_malformed", "400 invalid_request", 1},
		{"__Host-", "401 missing_token", "alice", 0},
	} {
		s := newSiblings(t, prefixed(row.prefix))
		plant(t, s.evil, row.prefix+"access_token_cookie=x; Domain=example.test; Path=/; Secure")
		assert.Len(t, s.places(t), row.stored, row.prefix)
		assert.Equal(t, row.planted, s.asks("/account"), row.prefix)
		s.logInAs(t, "alice") // a login is never kept from anyone
		assert.Len(t, s.places(t), 4+row.stored, row.prefix)
		assert.Equal(t, row.loggedIn, s.asks("/account"), row.prefix)
		plant(t, s.evil, row.prefix+"access_token_cookie=x; Domain=example.test; Path=/; Secure; Max-Age=0")
		assert.Equal(t, "alice", s.asks("/account"), row.prefix)
	}
}

// FormerCookies clear what was planted at a place that can be guessed; the planter need not choose one.
func TestC04_PlantedAccessCookieIsCleared(t *testing.T) {
	t.Parallel()
	s := newSiblings(t, func(s *authjwt.Settings) { s.FormerCookies = []authjwt.FormerCookie{{Domain: "example.test"}} })
	plant(t, s.evil, "access_token_cookie=x; Domain=example.test; Path=/; Secure", "access_token_cookie=x; Domain=example.test; Path=/other; Secure")
	s.logInAs(t, "alice")
	assert.Equal(t, "alice", s.asks("/account"))
	assert.Equal(t, "400 invalid_request", s.asks("/other"))
}

// The attacker plants both cookies of a login of his own. Whoever is not logged in then acts as the attacker, CSRF value and all;
// whoever is, is locked out, below that path. Signatures are of no help, for the token is genuine: only the prefix __Host- is, with
// which Chromium does not store the cookies at all. That is why docs/cookies.md recommends it.
func TestC05_PlantedPair(t *testing.T) {
	t.Parallel()
	for _, prefix := range []string{"", "__Secure-", "__Host-"} {
		s := newSiblings(t, prefixed(prefix))
		elsewhere := newBrowser(t)
		s.logIn(t, func() *chromeTab { tab := elsewhere.tab(t); tab.open(s.app + "/"); return tab }(), "mallory")
		var pair []string
		for _, c := range elsewhere.cookies(t) {
			if strings.HasPrefix(c.Name, prefix+"access_") || strings.HasPrefix(c.Name, prefix+"csrf_access_") {
				pair = append(pair, c.Name+"="+c.Value+"; Domain=example.test; Path=/account; Secure")
			}
		}
		require.Len(t, pair, 2)
		answers := func() []string {
			return []string{s.asks("/account"), s.asks("/account/change"), s.posts(t, "/account"), s.asks("/other"), s.posts(t, "/other")}
		}
		const nobody, twice = "401 missing_token", "400 invalid_request"
		before := []string{"mallory", "mallory", "mallory", nobody, nobody}
		after := []string{twice, twice, twice, "alice", "alice"}
		stored := 2
		if prefix == "__Host-" {
			before, after = []string{nobody, nobody, nobody, nobody, nobody}, []string{"alice", "alice", "alice", "alice", "alice"}
			stored = 0
		}
		plant(t, s.evil, pair...)
		assert.Len(t, s.places(t), stored, prefix)
		assert.Equal(t, before, answers(), prefix)
		s.logInAs(t, "alice")
		assert.Len(t, s.places(t), 4+stored, prefix)
		assert.Equal(t, after, answers(), prefix)
		plant(t, s.evil, pair...)
		assert.Len(t, s.places(t), 4+stored, prefix)
	}
}

// Where a cookie were compared with a header, a planted cookie would be as good as the real one.
func TestC06_PlantedCSRFCookie(t *testing.T) {
	t.Parallel()
	s := newSiblings(t)
	s.logInAs(t, "alice")
	plant(t, s.evil, "csrf_access_token=known; Domain=example.test; Path=/account; Secure")
	s.own.open(s.app + "/account/page")
	assert.Regexp(t, "^csrf_access_token=known; csrf_access_token=[0-9a-f-]{36}; ", eval[string](t, s.own, "document.cookie"))
	assert.Equal(t, "403 csrf_mismatch", s.posts(t, "/account"))
	assert.Equal(t, "alice", s.posts(t, "/other"))
	s.noted()
	s.evil.leave(submit(s.app+"/account", form, "csrf_token", "known"))
	const three = "with access_token_cookie csrf_access_token csrf_access_token csrf_refresh_token refresh_token_cookie"
	assert.Equal(t, []string{"POST /account " + three + " from the sibling (same-site): 403 csrf_origin"}, s.noted())
}

// A sibling that is trusted must still know the value.
func TestC06_PlantedCSRFCookieOfATrustedOrigin(t *testing.T) {
	t.Parallel()
	trusted := fmt.Sprintf("https://trusted.example.test:%d", serveTLS(t, http.HandlerFunc(blank)))
	s := newSiblings(t, func(settings *authjwt.Settings) { settings.TrustedOrigins = []string{trusted} })
	s.logInAs(t, "alice")
	value := eval[string](t, s.own, csrf("csrf_access_token"))
	plant(t, s.evil, "csrf_access_token=known; Domain=example.test; Path=/account; Secure")
	for value, status := range map[string]int64{"known": 403, value: 200} {
		s.evil.open(trusted)
		assert.Equal(t, status, s.evil.leave(submit(s.app+"/account", form, "csrf_token", value)))
	}
}

// What is Secure cannot be replaced, nor hidden, by a page over http, on the wire of which anybody may have written. What was there
// before stays, unless it has the same place.
func TestC04_PlantedOverHTTP(t *testing.T) {
	t.Parallel()
	cookies := []string{
		"access_token_cookie=x; Path=/", "access_token_cookie=x; Path=/account", "access_token_cookie=x; Path=/; Domain=example.test",
		"access_token_cookie=x; Path=/account; Domain=example.test", "access_token_cookie=; Path=/; Max-Age=0",
	}
	for _, first := range []bool{false, true} {
		s := newSiblings(t)
		s.evil.open(s.plain)
		if first {
			plant(t, s.evil, cookies[:2]...)
			assert.Equal(t, []string{"access_token_cookie app.example.test/", "access_token_cookie app.example.test/account"}, s.places(t))
		}
		s.logInAs(t, "alice")
		jar := s.b.cookies(t)
		plant(t, s.evil, cookies...)
		assert.Equal(t, jar, s.b.cookies(t))
		assert.Equal(t, "alice", s.asks("/other"))
		if first {
			assert.Len(t, jar, 5)
			assert.Equal(t, "400 invalid_request", s.asks("/account"))
		} else {
			assert.Len(t, jar, 4)
			assert.Equal(t, "alice", s.asks("/account"))
		}
	}
	s := newSiblings(t, prefixed("__Host-"))
	s.evil.open(s.plain)
	for _, cookie := range cookies {
		plant(t, s.evil, "__Host-"+cookie, "__Host-"+cookie+"; Secure")
	}
	assert.Empty(t, s.places(t))
}
