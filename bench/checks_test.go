package bench

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// browser are the fields with which a browser posts from the site's own page.
var browser = []string{"Origin", "https://shop.example", "Sec-Fetch-Site", "same-origin"}

var (
	loginRequest = request{method: http.MethodPost, path: "/login", fields: browser, body: loginBody}
	wrongLogin   = request{method: http.MethodPost, path: "/login", fields: browser, body: strings.Replace(loginBody, password, "wrong", 1)}
)

func get(token, place string) request {
	return request{method: http.MethodGet, path: "/protected", token: token, place: place}
}

// check sets c up and finds out whether it accepts and refuses what it must: what is wrong is listed with its status.
// The site is nil where the documentation shows no way.
func check(tb testing.TB, c contender, m *material, place string) (s site, wrong []string) {
	tb.Helper()
	s, err := c.build(m, place)
	require.NoError(tb, err, "%s, %s, %s", c.name, m.alg, place)
	if s == nil {
		return nil, nil
	}
	expect := func(what string, r request, good bool) {
		want := http.StatusUnauthorized
		if good || slices.Contains(c.accepts, what) {
			want = http.StatusOK
		}
		run := s.prepare(r)
		for range 2 { // the second time as the first
			if got := run(); got != want {
				wrong = append(wrong, fmt.Sprintf("%s, %s, %s, %s: %d", c.name, m.alg, place, what, got))
			}
		}
	}
	expect("good", get(m.good, place), true)
	for name, token := range m.bad {
		expect(name, get(token, place), false)
	}
	if slices.Contains(c.logins, m.alg) {
		expect("login", loginRequest, true)
		expect("wrong password", wrongLogin, false)
	}
	return s, wrong
}

// mustCheck lets nobody into the tables who has not passed.
func mustCheck(tb testing.TB, c contender, m *material, place string) site {
	tb.Helper()
	s, wrong := check(tb, c, m, place)
	require.Empty(tb, wrong)
	return s
}

func TestContenders(t *testing.T) {
	for _, alg := range algorithms {
		m := newMaterial(t, alg)
		for _, c := range all {
			for _, place := range []string{inHeader, inCookie} {
				t.Run(alg+"/"+c.name+"/"+place, func(t *testing.T) {
					s, wrong := check(t, c, m, place)
					assert.Empty(t, wrong)
					_, alone := s.(call)
					assert.False(t, alone && place == inCookie)
				})
			}
		}
	}
}

// The checks find each of the ways in which a contender can be too good.
func TestContenders_Caught(t *testing.T) {
	m := newMaterial(t, "HS256")
	for _, c := range all {
		if c.accepts == nil {
			continue
		}
		strict := c
		strict.accepts = nil
		_, wrong := check(t, strict, m, inHeader)
		assert.Len(t, wrong, 2*len(c.accepts), c.name)
	}
	deaf := contender{name: "deaf", build: func(*material, string) (site, error) {
		return httpSite{Handler: http.NotFoundHandler()}, nil
	}}
	_, wrong := check(t, deaf, m, inHeader)
	assert.Contains(t, wrong, "deaf, HS256, header, good: 404")
}

// By cookie authjwt's POST needs the value and the origin.
func TestContenders_CSRF(t *testing.T) {
	s, err := authjwtContender(secretMaterial(), inCookie)
	require.NoError(t, err)
	cookies, csrf := browserLogin(t, s)
	post := func(fields ...string) int {
		return s.prepare(request{method: http.MethodPost, path: "/protected", fields: append([]string{"Cookie", cookies}, fields...)})()
	}
	value := []string{"X-CSRF-Token", csrf}
	assert.Equal(t, http.StatusOK, post(slices.Concat(browser, value)...))
	assert.Equal(t, http.StatusForbidden, post(browser...))
	assert.Equal(t, http.StatusForbidden, post(slices.Concat(browser, []string{"X-CSRF-Token", changed(csrf, 3)})...))
	assert.Equal(t, http.StatusForbidden, post(slices.Concat(foreign, value)...))
}

// browserLogin returns the Cookie field and the CSRF value that a browser has after a login: two tokens, four cookies.
func browserLogin(tb testing.TB, s site) (cookies, csrf string) {
	tb.Helper()
	rec := send(s.(httpSite), loginRequest.method, loginRequest.path, loginRequest.body,
		slices.Concat(loginRequest.fields, []string{"Content-Type", "application/json"})...)
	require.Equal(tb, http.StatusOK, rec.Code)
	var pairs []string
	for _, cookie := range rec.Result().Cookies() {
		pairs = append(pairs, cookie.Name+"="+cookie.Value)
		if cookie.Name == "csrf_access_token" {
			csrf = cookie.Value
		}
	}
	require.Len(tb, pairs, 4)
	require.NotEmpty(tb, csrf)
	return strings.Join(pairs, "; "), csrf
}
