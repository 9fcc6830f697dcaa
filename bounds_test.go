package authjwt_test

import (
	"fmt"
	"go/version"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

// spent is how many octets f allocates.
func spent(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// What net/http lets pass is looked through once, in one Cookie field and in many, by every guard and prebuilt route.
func TestH10_ManyCookies(t *testing.T) {
	j := newJudge(t, inCookies)
	good := mustCreate(t, j.m, authjwt.WithFresh())
	refresh, err := j.m.CreateRefreshToken("alice")
	require.NoError(t, err)
	handlers := everyGuard(j.m)
	handlers["RefreshHandler"], handlers["LogoutHandler"], handlers["LoginHandler"] = j.m.RefreshHandler(authjwt.Routes{}), j.m.LogoutHandler(), j.m.LoginHandler(loginAs("bob"))
	for form, handler := range handlers {
		j.guardWith(t, handler)
		name, token, method := accessCookie, good, http.MethodGet
		if strings.Contains(form, "Refresh") {
			name, token = refreshCookie, refresh
		}
		optional, prebuilt := strings.Contains(form, "Optional"), strings.HasSuffix(form, "Handler")
		if prebuilt {
			method = http.MethodPost
		}
		missing := noCookie
		missing.detail = "Missing cookie " + name
		for _, row := range []struct {
			name, cookies string
			want          outcome // of a guard; the zero value: accepted
		}{
			{"3,000", strings.Repeat("a=;", 2999) + name + "=" + token, outcome{}},
			{"3,001", strings.Repeat("a=;", 3000) + name + "=" + token, missing}, // net/http reads none then
			{"3,000 of its name", strings.Repeat(name+"=x;", 2999) + name + "=" + token, severalCookies(name)},
			{"3,000 of its name, each another", named3000(name) + name + "=" + token, severalCookies(name)},
			{"a million", strings.Repeat("a;", 1<<19), missing},
		} {
			for _, fields := range [][]string{{strings.TrimSuffix(row.cookies, ";")}, strings.Split(strings.TrimSuffix(row.cookies, ";"), ";")} {
				req := presenting(method, fields...)
				req.Header.Set("X-CSRF-Token", csrfOf(t, j.m, token, map[bool]authjwt.TokenType{true: authjwt.Access, false: authjwt.Refresh}[name == accessCookie]))
				again := req.Clone(t.Context())
				assert.Less(t, spent(func() { j.ServeHTTP(httptest.NewRecorder(), again) }), uint64(2<<20), "%s: %s", form, row.name)
				rec := j.do(req)
				switch {
				case form == "LogoutHandler" || form == "LoginHandler": // which end and begin a session, whatever the cookies are
					assert.Equal(t, http.StatusOK, rec.Code, "%s: %s", form, row.name)
				case row.want == (outcome{}), row.want == missing && optional:
					assert.Equal(t, http.StatusOK, rec.Code, "%s: %s", form, row.name)
				default:
					j.assertRefused(t, rec, row.want)
					assertError(t, j.left, row.want)
				}
			}
		}
	}
}

// named3000 are 2,999 cookies of that name, each with another value.
func named3000(name string) string {
	var all strings.Builder
	for i := range 2999 {
		fmt.Fprintf(&all, "%s=%d;", name, i)
	}
	return all.String()
}

// Each token in a cookie may cost a logout two checks of a signature. Browsers keep some 180 cookies of a site: so many are looked into.
func TestH10_ManyTokensAtALogout(t *testing.T) {
	const most = 180
	key := rsaKey()
	set := new(issuer)
	set.returns(key.Public())
	store := func(s *authjwt.Settings) { s.Store = new(authjwt.MemoryStore) }
	m := newManager(t, withKeySet(set), inCookies, store)
	maker := newManager(t, inCookies, store, func(s *authjwt.Settings) { s.SecretKey, s.Algorithm, s.PrivateKey = "", "RS256", key })
	for _, row := range []struct {
		name           string
		before, copies int // forged tokens, and then the good one, so often
		asked          int // the set, about a key, by the check of the CSRF value and by the revocation
		revoked        bool
	}{
		{"one", 0, 1, 2, true},
		{"one, 2,500 times", 0, 2500, 2, true},
		{"the last that is looked into", most - 1, 1, 2 * most, true},
		{"one more", most, 1, 2 * most, false},
		{"2,500", 2499, 1, 2 * most, false},
	} {
		for _, apart := range []bool{false, true} {
			token, csrf := newPair(t, maker)
			var cookies []string
			for i := range row.before {
				cookies = append(cookies, fmt.Sprintf("%s=%s%08d%s", accessCookie, token[:len(token)-20], i, token[len(token)-12:]))
			}
			cookies = append(cookies, slices.Repeat([]string{accessCookie + "=" + token}, row.copies)...)
			if !apart {
				cookies = []string{strings.Join(cookies, "; ")}
			}
			asked, req := len(set.asked), presenting(http.MethodPost, cookies...)
			req.Header.Set("X-CSRF-Token", csrf)
			rec := guard(t, m.LogoutHandler()).do(req)
			assert.Equal(t, http.StatusOK, rec.Code, row.name)
			assert.Len(t, setCookies(t, rec), 4, row.name)
			assert.Equal(t, row.asked, len(set.asked)-asked, row.name)
			g := guard(t, m.Required())
			if rec := g.do(withCookie(http.MethodGet, token, "")); row.revoked {
				g.assertRefused(t, rec, revoked)
			} else {
				g.assertAccepted(t, rec)
			}
		}
	}
}

func TestH10_HugeQuery(t *testing.T) {
	j := newQueryJudge(t)
	good := mustCreate(t, j.m)
	for _, row := range []struct {
		name, query string
		want        int
	}{
		{"many parameters", "token=" + good + strings.Repeat("&a=1", 1<<18), 200},
		{"many escaped names", "token=" + good + strings.Repeat("&%61=%31", 1<<17), 200},
		{"one long parameter", "a=" + strings.Repeat("x", 1<<20) + "&token=" + good, 200},
		{"separators", strings.Repeat("&", 1<<20) + "token=" + good, 200},
		{"long token", "token=" + strings.Repeat("x", 1<<20), 401},
		{"many tokens", strings.Repeat("token=x&", 1<<17), 400},
		{"many empty ones", strings.Repeat("token&", 1<<17), 400},
		{"many spellings", strings.Repeat("%74oken=x&", 1<<17), 400},
	} {
		req := asking(row.query)
		assert.Less(t, spent(func() { assert.Equal(t, row.want, j.do(req).Code, row.name) }), uint64(32<<20), row.name)
		assert.False(t, strings.Contains(req.URL.RawQuery, "oken"), row.name) // without printing it
	}
}

// Go 1.25.2 limits cookies (CVE-2025-58186), Go 1.25.6 and 1.26 query parameters (CVE-2025-61726).
func TestH10_Toolchain(t *testing.T) {
	text, err := os.ReadFile("go.mod")
	require.NoError(t, err)
	line := regexp.MustCompile(`(?m)^go (\S+)$`).FindSubmatch(text)
	require.NotNil(t, line)
	for _, named := range []string{"go" + string(line[1]), runtime.Version()} {
		assert.GreaterOrEqual(t, version.Compare(named, "go1.26"), 0, named)
	}
	_, err = http.ParseCookie(strings.Repeat("a=;", 3000) + "a=")
	assert.Error(t, err)
	_, err = url.ParseQuery(strings.Repeat("a&", 10_000) + "a")
	assert.Error(t, err)
}
