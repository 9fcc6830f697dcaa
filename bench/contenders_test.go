package bench

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
)

// The places of a token.
const (
	inHeader = "header"
	inCookie = "cookie"
)

// A contender takes part in the tables: a library in the set-up that its documentation shows, or a floor, which
// is what no library can do without.
type contender struct {
	name string
	// build sets a site up for the algorithm and the place of the token; nil where the documentation shows no way.
	build func(m *material, place string) (site, error)
	// logins are the algorithms for which its documentation has a login.
	logins []string
	// accepts is what a floor does not refuse.
	accepts []string
}

// A site serves GET and POST /protected for those with a token of alice's, and POST /login.
type site interface {
	// prepare readies a request, which the function carries out as often as it is called, in this goroutine. It
	// returns the status.
	prepare(r request) func() int
	// serve answers on l until l is closed.
	serve(l net.Listener) error
}

// A request is what all contenders are sent alike.
type request struct {
	method, path string
	token, place string   // none if the token is empty
	fields       []string // of the header, each name before its value
	body         string   // of type JSON
}

// cached is authjwt with a VerifiedTokenCache.
const cached = "authjwt, cached"

// all are the contenders. The first is the one that the others are compared with.
var all = []contender{
	{name: "authjwt", build: authjwtContender, logins: algorithms},
	{name: cached, build: cachedContender},
	{name: "gin-jwt v2", build: ginJWTContender, logins: []string{"HS256", "RS256"}},
	{name: "echo-jwt v4", build: echoJWTContender},
	{name: "fiber jwt", build: fiberContender, logins: algorithms},
	{name: "jwtauth v5", build: jwtauthContender, logins: algorithms},
	{name: "jwx v3", build: jwxContender, logins: algorithms},
	{name: "golang-jwt v5 alone", build: golangJWTAlone, logins: algorithms, accepts: []string{"wrong password"}},
	{name: "bare Gin", build: bareGin, logins: algorithms, accepts: []string{"tampered", "forged", "expired", "unsigned", "wrong password"}},
	{name: "cryptography alone", build: cryptographyAlone, logins: algorithms, accepts: []string{"expired", "wrong password"}},
}

// known is what a handler asks about the subject that it was given, so that no contender gets away without
// decoding the claims.
func known(subject string) bool { return strings.HasPrefix(subject, "alice") }

// An httpSite is one of net/http.
type httpSite struct {
	http.Handler
	cookie string // that carries the token
}

func (s httpSite) prepare(r request) func() int {
	req := httptest.NewRequest(r.method, "https://shop.example"+r.path, strings.NewReader(r.body))
	for i := 0; i < len(r.fields); i += 2 {
		req.Header.Add(r.fields[i], r.fields[i+1])
	}
	switch {
	case r.token == "":
	case r.place == inCookie:
		req.Header.Set("Cookie", s.cookie+"="+r.token)
	default:
		req.Header.Set("Authorization", "Bearer "+r.token)
	}
	if r.body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	text, rec := strings.NewReader(r.body), &discard{header: http.Header{}}
	body := io.NopCloser(text)
	return func() int {
		text.Reset(r.body)
		req.Body = body
		clear(rec.header)
		rec.status = 0
		s.ServeHTTP(rec, req)
		return rec.status
	}
}

func (s httpSite) serve(l net.Listener) error { return http.Serve(l, s.Handler) }

// discard is a response that costs nothing, so that what is measured is the route.
type discard struct {
	header http.Header
	status int
}

func (d *discard) Header() http.Header { return d.header }

func (d *discard) Write(p []byte) (int, error) {
	if d.status == 0 {
		d.status = http.StatusOK
	}
	return len(p), nil
}

func (d *discard) WriteHeader(status int) {
	if d.status == 0 {
		d.status = status
	}
}

// A call is a floor without routes: what is done with a token, and in the place of a login.
type call struct {
	verify func(token string) func() bool
	login  func() error
}

func (c call) prepare(r request) func() int {
	if r.path == "/login" {
		return func() int {
			if c.login() != nil {
				return http.StatusInternalServerError
			}
			return http.StatusOK
		}
	}
	good := c.verify(r.token)
	return func() int {
		if !good() {
			return http.StatusUnauthorized
		}
		return http.StatusOK
	}
}

func (call) serve(net.Listener) error { return errors.New("it serves nothing") }
