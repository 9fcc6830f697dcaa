package authjwttest

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/gin-authjwt/authjwt"
)

// AssertProtected checks that a route wants an access token: it must refuse, each for its reason, a request without a token, and
// at every location of Settings.TokenLocation tokens in all bad states; with a cookie, where the method asks for it, also one
// without CSRF value, with that of another token, and from another origin's page. States that the settings cannot have are
// logged. Where a guard leaves a location out (WithLocations), tokens there must count for nothing.
//
// Last comes a valid request of subject, which the handler serves: no guard may refuse it, and it may not end in 404 or 405, so
// that a wrong path is noticed. The options are for its token: the scopes that the route asks for, say.
func (m *Manager) AssertProtected(tb testing.TB, h http.Handler, method, path, subject string, opts ...authjwt.TokenOption) {
	tb.Helper()
	m.probe(tb, h, method, path, subject, authjwt.Access, opts).run()
}

// AssertRefreshProtected is [Manager.AssertProtected] for a route that wants a refresh token.
func (m *Manager) AssertRefreshProtected(tb testing.TB, h http.Handler, method, path, subject string, opts ...authjwt.TokenOption) {
	tb.Helper()
	m.probe(tb, h, method, path, subject, authjwt.Refresh, opts).run()
}

// A probe asks one route.
type probe struct {
	m                     *Manager
	tb                    testing.TB
	h                     http.Handler
	method, path, subject string
	kind                  authjwt.TokenType
	opts                  []authjwt.TokenOption
}

func (m *Manager) probe(tb testing.TB, h http.Handler, method, path, subject string, kind authjwt.TokenType, opts []authjwt.TokenOption) *probe {
	return &probe{m.For(tb), tb, h, method, path, subject, kind, opts}
}

func (p *probe) run() {
	p.tb.Helper()
	if !p.refused("without a token", "missing_token") {
		return // the rest would say the same
	}
	bad := p.mint()
	var read []authjwt.Location
	for _, l := range p.m.locations() {
		if !reads(l, p.kind, p.method) {
			continue
		}
		answer := p.send(p.m.put(l, p.kind, bad[Expired]))
		if r, _ := refusalIn(answer); r.code == "missing_token" {
			p.tb.Logf("authjwttest: %s %s takes no token from %s", p.method, p.path, l)
			p.askEach(l, bad, func(string) string { return "missing_token" })
			continue
		}
		read = append(read, l)
		p.askEach(l, bad, func(due string) string { return due })
		if l == authjwt.Cookies {
			p.askCSRF()
		}
	}
	if len(read) == 0 {
		p.tb.Errorf("authjwttest: %s %s takes a token from no location of Settings.TokenLocation; a JSON body is read with POST and the like alone", p.method, p.path)
		return
	}
	p.askValid(read[0])
}

// mint makes a token in each bad state that there can be.
func (p *probe) mint() map[State]string {
	p.tb.Helper()
	tokens := map[State]string{}
	for _, c := range conditions {
		if c.code(p.kind) == "" {
			continue
		}
		if c.lacks != nil {
			if missing := c.lacks(p.m, p.kind); missing != "" {
				p.tb.Logf("authjwttest: not tried: %s: %s", c.State, missing)
				continue
			}
		}
		tokens[c.State] = c.mint(p.m, p.kind, p.subject, p.opts)
	}
	return tokens
}

func (p *probe) askEach(l authjwt.Location, tokens map[State]string, due func(code string) string) {
	p.tb.Helper()
	for _, c := range conditions {
		if token, ok := tokens[c.State]; ok {
			p.refused(fmt.Sprintf("with a token that is %s, in %s", c.State, l), due(c.code(p.kind)), p.m.put(l, p.kind, token))
		}
	}
	if l == authjwt.Cookies { // as a browser sends it when the other one is over
		p.refused("with a token that is WrongType, in its own cookie", "missing_token", p.m.Cookies(tokens[WrongType]))
	}
}

// askCSRF plays other sites' pages, which cannot read the CSRF value of the user's token.
func (p *probe) askCSRF() {
	p.tb.Helper()
	good := p.m.token(p.kind, Valid, p.subject, p.opts)
	cookie := func(req *http.Request) { p.m.addCookie(req, p.kind, good) }
	if claim := read(good).CSRF; claim != "" && p.m.needsCSRF(p.method) {
		other := func(req *http.Request) { req.Header.Set(p.m.csrfHeader(p.kind), claim[1:]+"0") }
		p.refused("with a cookie, without its CSRF value", "csrf_missing", cookie)
		p.refused("with a cookie, and the CSRF value of another token", "csrf_mismatch", cookie, other)
	}
	if !slices.Contains([]string{http.MethodGet, http.MethodHead, http.MethodOptions}, p.method) {
		p.refused("with a cookie, from another origin's page", "csrf_origin", p.m.put(authjwt.Cookies, p.kind, good), From("https://elsewhere.example"))
	}
}

func (p *probe) askValid(l authjwt.Location) {
	p.tb.Helper()
	answer := p.send(p.m.put(l, p.kind, p.m.token(p.kind, Valid, p.subject, p.opts)))
	r, refused := refusalIn(answer)
	switch {
	case refused && len(r.reasons) > 0:
		p.tb.Errorf("authjwttest: %s %s with a valid token of %q: no guard should refuse it%s", p.method, p.path, p.subject, came(answer, r, refused))
	case answer.Code == http.StatusNotFound || answer.Code == http.StatusMethodNotAllowed:
		p.tb.Errorf("authjwttest: %s %s with a valid token of %q: the route should be there; if the handler misses something, let the test make it%s",
			p.method, p.path, p.subject, came(answer, r, refused))
	}
}

func (p *probe) refused(what, code string, as ...As) bool {
	p.tb.Helper()
	problem := wanted{code: code}.problem(p.send(as...))
	if problem != "" {
		p.tb.Errorf("authjwttest: %s %s %s: %s", p.method, p.path, what, problem)
	}
	return problem == ""
}

func (p *probe) send(as ...As) *httptest.ResponseRecorder {
	return Do(p.h, Request(p.tb, p.method, p.path, as...))
}
