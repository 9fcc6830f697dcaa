package ginjwt

import (
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	jwt "github.com/appleboy/gin-jwt/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

// A probe asks both programs of the page for one row of its table.
type probe func(t *testing.T, before, after *site) (old, new string)

// wire are the rows.
var wire = map[string]probe{
	"Login": both(func(_ *testing.T, s *site) string { return told(s.post("/login", loginAs("admin"))) }),
	"Login: wrong password": both(func(_ *testing.T, s *site) string {
		return told(s.post("/login", `{"username":"admin","password":"x"}`))
	}),
	"Login: no password": both(func(_ *testing.T, s *site) string { return told(s.post("/login", `{"username":"admin"}`)) }),
	"Login: `Cache-Control`": both(func(_ *testing.T, s *site) string {
		return field(s.post("/login", loginAs("admin")), "Cache-Control")
	}),
	"Its token: claims": both(func(t *testing.T, s *site) string {
		access, _ := s.login(t, "admin")
		return strings.Join(slices.Sorted(maps.Keys(decoded(t, access, 1))), ", ")
	}),
	"Its token: life": both(func(t *testing.T, s *site) string {
		access, _ := s.login(t, "admin")
		return (time.Duration(decoded(t, access, 1)["exp"].(float64)-float64(s.now.Unix())) * time.Second).String()
	}),
	"A refresh is":             both(waysToRefresh),
	"Refresh":                  both(func(t *testing.T, s *site) string { return told(s.refresh(s.refresher(t))) }),
	"The old token after that": both(oldAfterRefresh),
	"Logout": both(func(t *testing.T, s *site) string {
		access, _ := s.login(t, "admin")
		return told(s.post("/logout", "", bearer(access)...))
	}),
	"The token after the logout": both(func(t *testing.T, s *site) string {
		access, _ := s.login(t, "admin")
		require.Equal(t, http.StatusOK, s.hello(access).Code)
		require.Equal(t, http.StatusOK, s.post("/logout", "", bearer(access)...).Code)
		return told(s.hello(access))
	}),
	"No token":                     both(func(_ *testing.T, s *site) string { return told(s.get("/auth/hello")) }),
	"No token: `WWW-Authenticate`": both(func(_ *testing.T, s *site) string { return field(s.get("/auth/hello"), "WWW-Authenticate") }),
	"Expired token":                both(func(t *testing.T, s *site) string { return told(s.hello(s.expired(t))) }),
	"Expired token: `WWW-Authenticate`": both(func(t *testing.T, s *site) string {
		return field(s.hello(s.expired(t)), "WWW-Authenticate")
	}),
	"Token of another key": both(func(t *testing.T, s *site) string { return told(s.hello(foreign(t))) }),
	"Token behind `bearer`": both(func(t *testing.T, s *site) string {
		access, _ := s.login(t, "admin")
		return told(s.get("/auth/hello", "Authorization", "bearer "+access))
	}),
	"No administrator": both(func(t *testing.T, s *site) string {
		access, _ := s.login(t, "test")
		return told(s.hello(access))
	}),
	"No administrator: `WWW-Authenticate`": both(func(t *testing.T, s *site) string {
		access, _ := s.login(t, "test")
		return field(s.hello(access), "WWW-Authenticate")
	}),

	"Login, with cookies": inCookies(func(_ *testing.T, s *site) string { return told(s.post("/login", loginAs("admin"))) }),
	"Cookies that carry tokens": inCookies(func(_ *testing.T, s *site) string {
		return cookiesOf(s.post("/login", loginAs("admin")), true)
	}),
	"Cookies for scripts": inCookies(func(_ *testing.T, s *site) string {
		return cookiesOf(s.post("/login", loginAs("admin")), false)
	}),
	"POST with the cookies alone": inCookies(func(_ *testing.T, s *site) string {
		return told(s.post("/logout", "", cookieField(s.post("/login", loginAs("admin")))...))
	}),

	"gin-jwt's token":      helloWith(func(t *testing.T, before, _ *site) string { return first(before.login(t, "admin")) }),
	"authjwt's token":      helloWith(func(t *testing.T, _, after *site) string { return first(after.login(t, "admin")) }),
	"its refresh token":    helloWith(func(t *testing.T, _, after *site) string { return second(after.login(t, "admin")) }),
	"the same, with `sub`": withSubject,
	"one of `readAhead`":   ofRelease,
	"the same, with an `id`": func(t *testing.T, before, after *site) (string, string) {
		text, err := after.auth.CreateAccessToken("admin", authjwt.WithClaims(map[string]any{"id": "admin"}))
		require.NoError(t, err)
		return told(before.hello(text)), told(after.hello(text))
	},
}

// both asks the two for the same.
func both(ask func(t *testing.T, s *site) string) probe {
	return func(t *testing.T, before, after *site) (string, string) { return ask(t, before), ask(t, after) }
}

// inCookies asks the two with their tokens in cookies.
func inCookies(ask func(t *testing.T, s *site) string) probe {
	return func(t *testing.T, _, _ *site) (string, string) {
		before := oldSite(t, func(mw *jwt.GinJWTMiddleware) { mw.SendCookie, mw.TokenLookup = true, "cookie:jwt" })
		after := newSite(t, func(s *authjwt.Settings) { s.TokenLocation = []authjwt.Location{authjwt.Cookies} })
		return ask(t, before), ask(t, after)
	}
}

// helloWith shows both the same token.
func helloWith(text func(t *testing.T, before, after *site) string) probe {
	return func(t *testing.T, before, after *site) (string, string) {
		shown := text(t, before, after)
		return told(before.hello(shown)), told(after.hello(shown))
	}
}

func first(access, _ string) string   { return access }
func second(_, refresh string) string { return refresh }

// told is an answer as the table has it: what the program says to those that it lets in is left out.
func told(rec *httptest.ResponseRecorder) string {
	body := strings.TrimSpace(blanked(rec.Body.String()))
	if strings.Contains(body, `"userName"`) {
		body = ""
	}
	return strings.TrimSpace(fmt.Sprint(rec.Code, " ", body))
}

func field(rec *httptest.ResponseRecorder, name string) string {
	if values := rec.Header().Values(name); len(values) > 0 {
		return strings.Join(values, ", ")
	}
	return "none"
}

// waysToRefresh tries both routes with each token that the site has handed out.
func waysToRefresh(t *testing.T, s *site) string {
	var ways []string
	for _, route := range []string{"GET /auth/refresh_token", "POST /refresh"} {
		method, path, _ := strings.Cut(route, " ")
		access, refresh := s.login(t, "admin")
		for _, try := range [][2]string{{"the token", access}, {"the refresh token", refresh}} {
			if s.send(method, path, "", bearer(try[1])...).Code == http.StatusOK {
				ways = append(ways, route+", with "+try[0])
			}
		}
	}
	return strings.Join(ways, "; ")
}

// oldAfterRefresh shows the token that was refreshed once more, a minute later.
func oldAfterRefresh(t *testing.T, s *site) string {
	used := s.refresher(t)
	require.Equal(t, http.StatusOK, s.refresh(used).Code)
	s.now = s.now.Add(time.Minute)
	return told(s.refresh(used))
}

func cookiesOf(rec *httptest.ResponseRecorder, tokens bool) string {
	var lines []string
	for _, c := range rec.Result().Cookies() {
		if strings.HasPrefix(c.Value, "eyJ") == tokens {
			_, attributes, _ := strings.Cut(c.Raw, "; ")
			lines = append(lines, c.Name+": "+attributes)
		}
	}
	if lines == nil {
		return "none"
	}
	return strings.Join(lines, ". ")
}

// foreign is a token that another secret has signed.
func foreign(t *testing.T) string {
	t.Helper()
	auth, err := authjwt.New(authjwt.Settings{SecretKey: strings.ToUpper(secret)})
	require.NoError(t, err)
	text, err := auth.CreateAccessToken("admin", authjwt.WithClaims(map[string]any{"id": "admin"}))
	require.NoError(t, err)
	return text
}

// withSubject is about a gin-jwt whose IdentityKey is sub, which v3 recommends; the page says what authjwt then needs.
func withSubject(t *testing.T, _, _ *site) (string, string) {
	before := oldSite(t, func(mw *jwt.GinJWTMiddleware) {
		mw.PayloadFunc = func(any) jwt.MapClaims { return jwt.MapClaims{"id": "admin", "sub": "admin"} }
	})
	after := newSite(t, func(s *authjwt.Settings) { s.UntypedTokens, s.Store = authjwt.Access, nil })
	access, _ := before.login(t, "admin")
	require.Equal(t, http.StatusUnauthorized, newSite(t).hello(access).Code)
	return told(before.hello(access)), told(after.hello(access))
}

func ofRelease(t *testing.T, _, after *site) (string, string) {
	before := oldSite(t, ahead)
	access, _ := before.login(t, "admin")
	return told(before.hello(access)), told(after.hello(access))
}

// The table of the page says what both answer, row by row.
func TestPage_Wire(t *testing.T) {
	section := sectionOf(t, "What changes on the wire")
	var rows []string
	for _, cells := range tableRows(t, section, "What", "gin-jwt", "authjwt") {
		rows = append(rows, cells[0])
		t.Run(cells[0], func(t *testing.T) {
			ask := wire[cells[0]]
			require.NotNil(t, ask, "a row without a probe")
			old, new := ask(t, oldSite(t), newSite(t))
			assert.Equal(t, old, strings.ReplaceAll(cells[1], "`", ""), "gin-jwt")
			assert.Equal(t, new, strings.ReplaceAll(cells[2], "`", ""), "authjwt")
		})
	}
	assert.ElementsMatch(t, slices.Collect(maps.Keys(wire)), rows, "every probe has one row")
}
