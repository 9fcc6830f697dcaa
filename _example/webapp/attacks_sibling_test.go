package main

import (
	"fmt"
	"html"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/gin-authjwt/authjwt"
)

// siblings are https://app.example.test, which is attacked, and https://evil.example.test: other origins, one site.
type siblings struct {
	*victim
	b            *chrome
	own, evil    *chromeTab
	app, sibling string // origins
	plain        string // origin of the app's host over http
}

func newSiblings(t *testing.T, edit ...func(s *authjwt.Settings)) *siblings {
	t.Helper()
	port := serveTLS(t, http.HandlerFunc(blank))
	s := &siblings{sibling: fmt.Sprintf("https://evil.example.test:%d", port)}
	s.victim = newVictim(t, append([]func(*authjwt.Settings){func(settings *authjwt.Settings) {
		settings.CSRFFormField = "csrf_token"
	}}, edit...)...)
	s.app = fmt.Sprintf("https://app.example.test:%d", serveTLS(t, s.victim))
	_, plain, _ := strings.Cut(serveHTTP(t, "127.0.0.1", http.HandlerFunc(blank)), ":")
	s.plain = "http://app.example.test:" + plain
	s.origins = map[string]string{s.app: "itself", s.sibling: "the sibling", s.plain: "itself over http"}
	s.b = newBrowser(t)
	s.own, s.evil = s.b.tab(t), s.b.tab(t)
	s.own.open(s.app + "/")
	s.evil.open(s.sibling + "/")
	return s
}

// plant sets cookies by the tab's page.
func plant(t *testing.T, tab *chromeTab, cookies ...string) {
	t.Helper()
	for _, cookie := range cookies {
		eval[string](t, tab, fmt.Sprintf(`document.cookie = %q, document.cookie`, cookie)) // Chromium sets later, but before it reads
	}
}

// asks is what GET answers to the site's own page: the user, or status and code.
func (s *siblings) asks(path string) string {
	return userOrCode(s.own.fetch("GET", s.app+path))
}

// posts is what POST answers to the site's own page at that path, which sends the CSRF value that its document.cookie shows first.
func (s *siblings) posts(t *testing.T, path string) string {
	t.Helper()
	s.own.stay(s.app + path + "/page")
	value := eval[string](t, s.own, csrf(s.prefix+"csrf_access_token"))
	return userOrCode(s.own.fetch("POST", s.app+path, fetchOptions{Headers: map[string]string{"X-CSRF-Token": value}}))
}

func userOrCode(got fetched) string {
	if got.Status == 200 {
		return got.Body
	}
	return got.verdict()
}

// places are the cookies in the jar: name, domain and path.
func (s *siblings) places(t *testing.T) (places []string) {
	t.Helper()
	for _, c := range s.b.cookies(t) {
		places = append(places, c.Name+" "+c.Domain+c.Path)
	}
	return places
}

// logInAs logs in as the user, from the site's start page.
func (s *siblings) logInAs(t *testing.T, user string) {
	t.Helper()
	s.own.stay(s.app + "/")
	s.logIn(t, s.own, user)
}

func sameSiteNone(s *authjwt.Settings) { s.CookieSameSite = http.SameSiteNoneMode }

// A sibling is of the same site, so that its requests bring all cookies, whatever their SameSite.
func TestC12_Sibling(t *testing.T) {
	t.Parallel()
	for _, mode := range []http.SameSite{http.SameSiteLaxMode, http.SameSiteStrictMode} {
		s := newSiblings(t, func(settings *authjwt.Settings) { settings.CookieSameSite = mode })
		s.logInAs(t, "alice")
		jar := s.b.cookies(t)
		value := eval[string](t, s.own, csrf("csrf_access_token"))
		acts := []func(tab *chromeTab){
			func(tab *chromeTab) { tab.fetch("POST", s.app+"/account", fetchOptions{Mode: "no-cors"}) },
			func(tab *chromeTab) {
				tab.fetch("PUT", s.app+"/account", fetchOptions{Headers: map[string]string{"X-CSRF-Token": value}})
			},
			func(tab *chromeTab) { eval[string](t, tab, socket("wss"+s.app[5:]+"/socket")) },
			func(tab *chromeTab) { tab.leave(submit(s.app+"/account", form, "csrf_token", value)) },
			func(tab *chromeTab) { tab.leave(submit(s.app+"/logout", form, "csrf_token", value)) },
			func(tab *chromeTab) {
				tab.leave(submit(s.app+"/login", form, "username", "mallory", "password", "mallory"))
			},
		}
		for _, act := range acts {
			s.evil.stay(s.sibling + "/")
			act(s.evil)
		}
		assert.Equal(t, []string{
			"POST /account with its cookies from the sibling (same-site): 403 csrf_origin",
			"OPTIONS /account without cookies from the sibling (same-site): 404",
			"GET /socket with its cookies from the sibling (): 403 csrf_origin",
			"POST /account with its cookies from the sibling (same-site): 403 csrf_origin",
			"POST /logout with its cookies from the sibling (same-site): 403 csrf_origin",
			"POST /login with its cookies from the sibling (same-site): 403 csrf_origin",
		}, s.noted())
		assert.Equal(t, jar, s.b.cookies(t))
		for _, act := range acts {
			s.own.stay(s.app + "/")
			act(s.own)
		}
		assert.Equal(t, []string{
			"POST /account with its cookies from itself (same-origin): 403 csrf_missing",
			"PUT /account with its cookies from itself (same-origin): 404",
			"GET /socket with its cookies from itself (): 101, ran",
			"POST /account with its cookies from itself (same-origin): 200, ran",
			"POST /logout with its cookies from itself (same-origin): 200, sets 4",
			"POST /login without cookies from itself (same-origin): 200, ran, sets 4",
		}, s.noted())
	}
}

// With SameSite=None the cookies come with any request of anybody, if the browser lets other sites have cookies at all.
func TestC12_C13_C14_WithoutHelpOfSameSite(t *testing.T) {
	t.Parallel()
	s := newSiblings(t, sameSiteNone)
	far := "http://" + serveHTTP(t, "127.0.0.2", http.HandlerFunc(blank))
	s.origins[far] = "another site"
	s.logInAs(t, "alice")
	jar := s.b.cookies(t)
	value := eval[string](t, s.own, csrf("csrf_access_token"))
	for _, origin := range []string{s.sibling, s.plain, far} {
		s.evil.open(origin)
		s.evil.fetch("POST", s.app+"/account", fetchOptions{Mode: "no-cors"})
		eval[string](t, s.evil, socket("wss"+s.app[5:]+"/socket"))
		s.evil.leave(submit(s.app+"/account", form, "csrf_token", value))
		s.evil.open(origin)
		s.evil.leave(submit(s.app+"/login", form, "username", "mallory", "password", "mallory"))
		name, site := s.origins[origin], "cross-site"
		if origin == s.sibling {
			site = "same-site"
		}
		assert.Equal(t, []string{
			"POST /account with its cookies from " + name + " (" + site + "): 403 csrf_origin",
			"GET /socket with its cookies from " + name + " (): 403 csrf_origin",
			"POST /account with its cookies from " + name + " (" + site + "): 403 csrf_origin",
			"POST /login with its cookies from " + name + " (" + site + "): 403 csrf_origin",
		}, s.noted())
	}

	const sandbox = `sandbox="allow-scripts allow-forms"`
	for _, row := range []struct{ page, frame string }{
		{s.sibling, sandbox + " srcdoc"}, {far, sandbox + " srcdoc"}, {s.app, sandbox + " srcdoc"},
		{s.sibling, "src=data:text/html,"}, {s.app, "src=data:text/html,"},
	} {
		tab := s.evil
		if row.page == s.app {
			tab = s.own
		}
		tab.open(row.page)
		framed(t, tab, row.frame, `
			await fetch("`+s.app+`/account", {method: "POST", mode: "no-cors", credentials: "include"});
			await `+socket("wss"+s.app[5:]+"/socket")+`;
			`+submit(s.app+"/account", form, "csrf_token", value))
		assert.Equal(t, []string{
			"POST /account with its cookies from null (cross-site): 403 csrf_origin",
			"GET /socket with its cookies from null (): 403 csrf_origin",
			"POST /account with its cookies from null (cross-site): 403 csrf_origin",
		}, s.noted(), row)
	}
	assert.Equal(t, jar, s.b.cookies(t))

	// Origin is null, too, in a form of the site's own page that keeps its address to itself; Sec-Fetch-Site tells them apart.
	s.own.open(s.app + "/")
	eval[string](t, s.own, `document.head.innerHTML = '<meta name="referrer" content="no-referrer">'`)
	s.own.leave(submit(s.app+"/account", form, "csrf_token", value))
	assert.Equal(t, []string{"POST /account with its cookies from null (same-origin): 200, ran"}, s.noted())
}

// framed runs a script in a frame of the page, given by attributes the last of which holds the document. The script ends with a
// navigation of the frame, until which framed waits.
func framed(t *testing.T, tab *chromeTab, attributes, script string) {
	t.Helper()
	document := `<body><script>onload = () => setTimeout(async () => {` + script + `})</script>`
	if strings.HasSuffix(attributes, ",") {
		attributes += url.PathEscape(document)
	} else {
		attributes += `="` + html.EscapeString(document) + `"`
	}
	eval[bool](t, tab, fmt.Sprintf(`new Promise(done => {
		let loaded = 0;
		document.body.innerHTML = %q;
		document.body.firstChild.onload = () => ++loaded == 2 && done(true);
	})`, "<iframe "+attributes+"></iframe>"))
}

// To a host without TLS Chromium sends no Sec-Fetch-Site, so that Origin is all there is. Without InsecureCookies the site's own
// pages are refused, too, and the answer says why.
func TestC12_C13_WithoutTLS(t *testing.T) {
	t.Parallel()
	for _, insecure := range []bool{true, false} {
		v := newVictim(t, func(s *authjwt.Settings) { s.InsecureCookies, s.CSRFFormField = insecure, "csrf_token" })
		host := func(name string, handler http.Handler) string {
			_, port, _ := strings.Cut(serveHTTP(t, "127.0.0.1", handler), ":")
			return "http://" + name + ".example.test:" + port
		}
		app, sibling := host("app", v), host("evil", http.HandlerFunc(blank))
		v.origins[app], v.origins[sibling] = "itself", "the sibling"
		b := newBrowser(t)
		own, evil := b.tab(t), b.tab(t)
		own.open(app + "/")
		own.leave(submit(app+"/login", form, "username", "alice", "password", "alice"))
		if !insecure {
			assert.Equal(t, []string{"POST /login without cookies from itself (): 403 csrf_origin"}, v.noted())
			assert.Contains(t, own.text(), "The origin of the page is not https. Serve it over https,")
			assert.Empty(t, b.cookies(t))
			continue
		}
		assert.Equal(t, []string{"POST /login without cookies from itself (): 200, ran, sets 4"}, v.noted())
		own.open(app + "/")
		value := eval[string](t, own, csrf("csrf_access_token"))
		for tab, origin := range map[*chromeTab]string{evil: sibling, own: app} {
			tab.open(origin)
			tab.fetch("POST", app+"/account", fetchOptions{Mode: "no-cors"})
			eval[string](t, tab, socket("ws"+app[4:]+"/socket"))
			tab.leave(submit(app+"/account", form, "csrf_token", value))
			answers := []string{"403 csrf_missing", "101, ran", "200, ran"}
			if tab == evil {
				answers = []string{"403 csrf_origin", "403 csrf_origin", "403 csrf_origin"}
			}
			from := " with its cookies from " + v.origins[origin] + " (): "
			assert.Equal(t, []string{"POST /account" + from + answers[0], "GET /socket" + from + answers[1], "POST /account" + from + answers[2]}, v.noted())
		}
	}
}
