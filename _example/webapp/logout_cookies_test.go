package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math/bits"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/storage"
	"github.com/chromedp/chromedp"
	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

// A cookieSite serves many settings on one host; the query says which.
type cookieSite struct {
	*gin.Engine
	settings []authjwt.Settings
	managers []*authjwt.Manager // nil where New refuses
}

func newCookieSite(t *testing.T, settings ...authjwt.Settings) *cookieSite {
	t.Helper()
	s := &cookieSite{gin.New(), settings, make([]*authjwt.Manager, len(settings))}
	for i, one := range settings {
		one.SecretKey = "webapp-cookies-0123456789-abcdefghijklmn"
		s.managers[i], _ = authjwt.New(one)
	}
	routes := authjwt.Routes{Login: func(*gin.Context) (string, error) { return "alice", nil }}
	with := func(handler func(m *authjwt.Manager) gin.HandlerFunc) gin.HandlerFunc {
		return func(c *gin.Context) {
			i, _ := strconv.Atoi(c.Query("i"))
			handler(s.managers[i])(c)
		}
	}
	s.POST("/login", with(func(m *authjwt.Manager) gin.HandlerFunc { return m.LoginHandler(routes) }))
	s.POST("/auth/refresh", with(func(m *authjwt.Manager) gin.HandlerFunc { return m.RefreshHandler(routes) }))
	s.POST("/auth/logout", with((*authjwt.Manager).LogoutHandler)) // where the refresh cookies come
	s.POST("/app/logout", with((*authjwt.Manager).LogoutHandler))  // where the access cookies come
	s.GET("/app/user", with(required), func(c *gin.Context) { c.String(http.StatusOK, authjwt.FromContext(c).Subject()) })
	s.POST("/bare", func(c *gin.Context) { // sets what New would not, for many settings at once, all by other names
		for _, index := range c.QueryArray("i") {
			i, _ := strconv.Atoi(index)
			for _, cookie := range described(&s.settings[i]) {
				cookie.Name, cookie.Value = cookie.Name+"."+index, "x"
				http.SetCookie(c.Writer, &cookie)
			}
		}
	})
	s.NoRoute(func(c *gin.Context) { blank(c.Writer, c.Request) })
	return s
}

func required(m *authjwt.Manager) gin.HandlerFunc { return m.Required() }

// described derives the cookies from the settings by their documentation alone: access token, its CSRF value, refresh token, its.
func described(s *authjwt.Settings) []http.Cookie {
	token := func(name, path string) http.Cookie {
		return http.Cookie{Name: s.CookiePrefix + name, Path: cmp.Or(path, "/"), Domain: s.CookieDomain,
			HttpOnly: true, Secure: !s.InsecureCookies, SameSite: cmp.Or(s.CookieSameSite, http.SameSiteLaxMode)}
	}
	csrf := func(name, path string) http.Cookie {
		cookie := token(name, path)
		cookie.HttpOnly = false
		return cookie
	}
	access := token(cmp.Or(s.AccessCookieKey, "access_token_cookie"), s.AccessCookiePath)
	refresh := token("refresh_token_cookie", s.RefreshCookiePath)
	if s.InsecureDisableCSRF {
		return []http.Cookie{access, refresh}
	}
	return []http.Cookie{access, csrf("csrf_access_token", s.AccessCSRFCookiePath), refresh, csrf("csrf_refresh_token", s.RefreshCSRFCookiePath)}
}

// A player plays settings in a tab of its own.
type player struct {
	site *cookieSite
	b    *chrome
	tab  *chromeTab
}

func (s *cookieSite) player(t *testing.T, origin string) *player {
	t.Helper()
	b := newBrowser(t)
	tab := b.tab(t)
	tab.open(origin)
	_, err := chromedp.Call(tab.ctx, network.Disable, cdp.Empty{}) // spares much talk
	require.NoError(t, err)
	return &player{s, b, tab}
}

// post posts with the CSRF value in the answer before, requires the status 200, and then, if a user is given, asks who it is.
func (p *player) post(t *testing.T, i int, path string, before fetched, field, user string) fetched {
	t.Helper()
	headers := map[string]string{}
	if value := before.Field(field); value != "" {
		headers["X-CSRF-Token"] = value
	}
	asked := any(nil)
	if user != "" {
		asked = fmt.Sprint("/app/user?i=", i)
	}
	given, err := json.Marshal([]any{fmt.Sprint(path, "?i=", i), asked, headers})
	require.NoError(t, err)
	got := eval[[2]*fetched](t, p.tab, `(async (path, user, headers) => {
		const seen = async res => ({status: res.status, body: await res.text()});
		return [await seen(await fetch(path, {method: "POST", headers})), user && await seen(await fetch(user))];
	})(...`+string(given)+`)`)
	require.Equal(t, 200, got[0].Status, "%s: %v %s", path, p.site.settings[i], got[0].Body)
	if user != "" {
		require.Equal(t, user, userOrCode(*got[1]), "%s: %v", path, p.site.settings[i])
	}
	return *got[0]
}

// play logs in, refreshes and logs out, and looks into the jar each time.
func (p *player) play(t *testing.T, i int) {
	t.Helper()
	login := p.post(t, i, "/login", fetched{}, "", "alice")
	first := p.holds(t, i)
	refreshed := p.post(t, i, "/auth/refresh", login, "csrf_refresh_token", "")
	second := p.holds(t, i)
	keeps := p.site.settings[i].Store == nil || p.site.settings[i].KeepRefreshToken
	for name, cookie := range second {
		require.Equal(t, keeps && strings.Contains(name, "refresh"), first[name] == cookie, "%s: %v", name, p.site.settings[i])
	}
	if bits.OnesCount(uint(i))%2 == 0 { // half of them, of any settings
		p.post(t, i, "/app/logout", refreshed, "csrf_access_token", "")
	} else {
		last := refreshed
		if keeps {
			last = login
		}
		p.post(t, i, "/auth/logout", last, "csrf_refresh_token", "")
	}
	require.Empty(t, p.b.cookies(t), "left after logout: %v", p.site.settings[i])
}

// holds requires that the jar has the cookies that are described and no others, and returns their values by name.
func (p *player) holds(t *testing.T, i int) map[string]string {
	t.Helper()
	s, values := &p.site.settings[i], map[string]string{}
	var got, want []http.Cookie
	for _, c := range p.b.cookies(t) {
		got = append(got, seen(c))
		values[c.Name] = c.Value
		life := time.Until(time.Unix(int64(c.Expires), 0))
		most := 15 * time.Minute
		if strings.Contains(c.Name, "refresh") {
			most = 30 * 24 * time.Hour
		}
		if s.PersistentCookies {
			require.True(t, !c.Session && life > most-time.Minute && life <= most, "%s: %v", c.Name, life)
		} else {
			require.True(t, c.Session, c.Name)
		}
	}
	for _, c := range described(s) {
		if c.Domain == "" {
			c.Domain = "app.example.test" // and no other host
		} else {
			c.Domain = "." + strings.TrimPrefix(c.Domain, ".") // and those below it
		}
		want = append(want, c)
	}
	slices.SortFunc(want, func(a, b http.Cookie) int { return strings.Compare(a.Name, b.Name) })
	require.Equal(t, want, got, "%v", *s)
	return values
}

// seen is a cookie of the jar without value and life.
func seen(c *network.Cookie) http.Cookie {
	mode := map[network.CookieSameSite]http.SameSite{
		network.CookieSameSiteLax: http.SameSiteLaxMode, network.CookieSameSiteStrict: http.SameSiteStrictMode,
		network.CookieSameSiteNone: http.SameSiteNoneMode, "": http.SameSiteDefaultMode,
	}
	return http.Cookie{Name: c.Name, Domain: c.Domain, Path: c.Path, HttpOnly: c.HTTPOnly, Secure: c.Secure, SameSite: mode[c.SameSite]}
}

// everySetting is every combination of what makes a cookie another one to a browser.
func everySetting() (all []authjwt.Settings) {
	each := func(count int, set func(s *authjwt.Settings, i int)) {
		var longer []authjwt.Settings
		for _, s := range all {
			for i := range count {
				set(&s, i)
				longer = append(longer, s)
			}
		}
		all = longer
	}
	prefixes, domains := []string{"", "__Host-", "__Secure-"}, []string{"", "example.test", ".example.test", "app.example.test"}
	modes := []http.SameSite{http.SameSiteLaxMode, http.SameSiteStrictMode, http.SameSiteNoneMode}
	all = []authjwt.Settings{{TokenLocation: []authjwt.Location{authjwt.Cookies}, Store: new(authjwt.MemoryStore)}}
	each(2, func(s *authjwt.Settings, i int) { s.InsecureCookies = i > 0 })
	each(3, func(s *authjwt.Settings, i int) { s.CookieSameSite = modes[i] })
	each(3, func(s *authjwt.Settings, i int) { s.CookiePrefix = prefixes[i] })
	each(4, func(s *authjwt.Settings, i int) { s.CookieDomain = domains[i] })
	each(2, func(s *authjwt.Settings, i int) { s.AccessCookiePath = []string{"/", "/app"}[i] })
	each(2, func(s *authjwt.Settings, i int) { s.RefreshCookiePath = []string{"/", "/auth"}[i] })
	each(2, func(s *authjwt.Settings, i int) {
		s.AccessCSRFCookiePath, s.RefreshCSRFCookiePath = []string{"", "/pages"}[i], []string{"", "/pages/deep"}[i]
	})
	each(2, func(s *authjwt.Settings, i int) { s.PersistentCookies = i > 0 })
	return all
}

// What New accepts Chromium keeps, renews and drops again, all of it; and what New refuses Chromium would not keep, not all of it.
func TestC02_C17_EverySettingInChromium(t *testing.T) {
	t.Parallel()
	site := newCookieSite(t, everySetting()...)
	secure := fmt.Sprint("https://app.example.test:", serveTLS(t, site))
	_, port, _ := strings.Cut(serveHTTP(t, "127.0.0.1", site), ":")
	var played, refused atomic.Int64
	t.Run("settings", func(t *testing.T) {
		for _, insecure := range []bool{false, true} {
			origin := secure
			if insecure {
				origin = "http://app.example.test:" + port
			}
			for _, mode := range []http.SameSite{http.SameSiteLaxMode, http.SameSiteStrictMode, http.SameSiteNoneMode} {
				t.Run(fmt.Sprintf("SameSite %d, InsecureCookies %t", mode, insecure), func(t *testing.T) {
					t.Parallel()
					p := site.player(t, origin)
					var bare []int
					for i := range site.settings {
						switch s := &site.settings[i]; {
						case s.InsecureCookies != insecure || s.CookieSameSite != mode:
						case site.managers[i] == nil:
							bare = append(bare, i)
						default:
							p.play(t, i)
							played.Add(1)
						}
					}
					for some := range slices.Chunk(bare, 40) { // Chromium keeps 180 cookies of a site
						p.refuses(t, some)
					}
					refused.Add(int64(len(bare)))
				})
			}
		}
	})
	assert.Equal(t, []int64{518, 634}, []int64{played.Load(), refused.Load()})
}

// refuses checks that Chromium does not keep all cookies of any of these settings.
func (p *player) refuses(t *testing.T, settings []int) {
	t.Helper()
	kept, query := map[string]int{}, ""
	for _, i := range settings {
		query += fmt.Sprint("&i=", i)
	}
	require.Equal(t, 200, p.tab.fetch("POST", "/bare?"+query).Status)
	for _, c := range p.b.cookies(t) {
		_, i, _ := strings.Cut(c.Name, ".")
		kept[i]++
	}
	for _, i := range settings {
		assert.Less(t, kept[strconv.Itoa(i)], 4, "New refuses what Chromium keeps: %v", p.site.settings[i])
	}
	p.clear(t)
}

func (p *player) clear(t *testing.T) {
	t.Helper()
	_, err := chromedp.CallBrowser(p.b.ctx, storage.ClearCookies, storage.ClearCookiesParams{BrowserContextID: p.b.jar})
	require.NoError(t, err)
}

// Cookies that an earlier release has set elsewhere are gone after a login and after a logout, whatever their place and the new one.
func TestC04_C17_FormerCookiesInChromium(t *testing.T) {
	t.Parallel()
	at := func(place authjwt.FormerCookie, former ...authjwt.FormerCookie) authjwt.Settings {
		return authjwt.Settings{
			TokenLocation: []authjwt.Location{authjwt.Cookies}, FormerCookies: former, CookieDomain: place.Domain, AccessCookiePath: place.Path,
			AccessCSRFCookiePath: place.Path, RefreshCookiePath: place.Path, RefreshCSRFCookiePath: place.Path,
		}
	}
	var places []authjwt.FormerCookie
	for _, path := range []string{"/", "/app"} {
		for _, domain := range []string{"", "example.test", ".example.test", "app.example.test"} {
			places = append(places, authjwt.FormerCookie{Path: path, Domain: domain})
		}
	}
	var settings []authjwt.Settings // in threes: the release before, one that has forgotten it, and one that knows it
	for _, before := range places {
		for _, now := range places {
			if before.Path != now.Path || strings.TrimPrefix(before.Domain, ".") != strings.TrimPrefix(now.Domain, ".") {
				settings = append(settings, at(before), at(now), at(now, before))
			}
		}
	}
	require.Len(t, settings, 3*52)
	site := newCookieSite(t, settings...)
	p := site.player(t, fmt.Sprint("https://app.example.test:", serveTLS(t, site)))
	for before := 0; before < len(settings); before += 3 {
		forgetful, now := before+1, before+2
		login := func(i int, user string) fetched { return p.post(t, i, "/login", fetched{}, "", user) }
		login(before, "alice")
		p.holds(t, before)
		login(forgetful, "400 invalid_request")
		require.Len(t, p.b.cookies(t), 8)
		login(now, "alice")
		p.holds(t, now)
		last := login(before, "400 invalid_request")
		require.Len(t, p.b.cookies(t), 8)
		p.post(t, now, "/app/logout", last, "csrf_access_token", "")
		require.Empty(t, p.b.cookies(t), "%v", settings[now])
	}
}

func TestPresets_CookiesInChromium(t *testing.T) {
	t.Parallel()
	cookies := []authjwt.Location{authjwt.Cookies}
	fastAPI, fastJWT, tutorial := authjwt.FastAPIJWTAuth(), authjwt.FastJWT(), authjwt.OAuth2Cookie()
	fastAPI.TokenLocation, fastJWT.TokenLocation = cookies, cookies
	site := newCookieSite(t, fastAPI, fastJWT, tutorial)
	_, port, _ := strings.Cut(serveHTTP(t, "127.0.0.1", site), ":")
	secure, plain := fmt.Sprint("https://app.example.test:", serveTLS(t, site)), "http://app.example.test:"+port
	for i, origin := range []string{plain, secure, secure} {
		site.player(t, origin).play(t, i)
	}
}
