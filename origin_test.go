package authjwt_test

import (
	"crypto/tls"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

func trusting(origins ...string) func(s *authjwt.Settings) {
	return func(s *authjwt.Settings) { s.TrustedOrigins = origins }
}

func noDoubleSubmit(s *authjwt.Settings) { s.InsecureDisableCSRF = true }

// from is a POST with a right CSRF value, so that nothing but its origin can be wrong with it.
func (j *judge) from(tb testing.TB, host, origin, site string) *http.Request {
	tb.Helper()
	good, value := newPair(tb, j.m, authjwt.WithFresh())
	req := withCookie("POST", good, value)
	req.Host = host
	if origin != "" {
		req.Header.Set("Origin", origin)
	}
	if site != "" {
		req.Header.Set("Sec-Fetch-Site", site)
	}
	return req
}

// refusesFrom checks the refusal in both styles, with the double-submit value and without it in use,
// and that a bearer credential makes the same request good.
func refusesFrom(t *testing.T, edit func(s *authjwt.Settings), host, origin, site string, want outcome) {
	t.Helper()
	for name, more := range map[string]func(s *authjwt.Settings){"": func(*authjwt.Settings) {}, "no double submit": noDoubleSubmit} {
		j := newJudge(t, inCookies, edit, more, func(s *authjwt.Settings) { s.TokenLocation = append(s.TokenLocation, authjwt.Headers) })
		old := newJudge(t, inCookies, edit, more, fastAPI)
		for _, guardian := range guards(j.m) {
			j.guardWith(t, guardian)
			j.refusesRequest(t, j.from(t, host, origin, site), want, authjwt.ErrCSRF)
		}
		bearer := j.from(t, host, origin, site)
		bearer.Header.Del("Cookie")
		bearer.Header.Set("Authorization", "Bearer "+mustCreate(t, j.m, authjwt.WithFresh()))
		j.acceptsRequest(t, bearer)
		status, detail := want.inFastAPI()
		old.assertFastAPI(t, old.do(old.from(t, host, origin, site)), status, detail)
		assert.ErrorIs(t, old.left, authjwt.ErrCSRF, name)
	}
}

func TestC12_OtherSites(t *testing.T) {
	const host = "example.com"
	trusted := trusting("https://app.example", "https://app.example:8443", "http://old.example", "chrome-extension://abcdefgh")
	for _, row := range []struct {
		name, origin, site string
		want               outcome
		twinOrigin         string
		twinSite           string
	}{
		{"cross-site by its word", "", "cross-site", crossOrigin, "", "same-origin"},
		{"same-site is another origin", "", "same-site", crossOrigin, "", "none"},
		{"cross-site with an origin", "https://a.example", "cross-site", crossOrigin, "https://app.example", "cross-site"},
		{"same-site with an origin", "https://a.example.com", "same-site", crossOrigin, "https://app.example", "same-site"},
		{"old browser", "https://a.example", "", crossOrigin, "https://app.example", ""},
		{"subdomain", "https://a.example.com", "", crossOrigin, "https://example.com", ""},
		{"the word counts more than the host", "https://example.com", "cross-site", crossOrigin, "https://example.com", "same-origin"},
		{"unknown word", "", "same-origin, cross-site", crossOrigin, "", "same-origin"},
		{"word in upper case", "", "SAME-ORIGIN", crossOrigin, "", "same-origin"},
		{"trusted host, another port", "https://app.example:444", "", crossOrigin, "https://app.example:8443", ""},
		{"trusted in another case", "https://App.example", "", crossOrigin, "https://app.example", ""},
		{"trusted with a slash", "https://app.example/", "", crossOrigin, "https://app.example", ""},
		{"other extension", "chrome-extension://abcdefgi", "", crossOrigin, "chrome-extension://abcdefgh", "none"},
	} {
		t.Run(row.name, func(t *testing.T) {
			refusesFrom(t, trusted, host, row.origin, row.site, row.want)
			j := newJudge(t, inCookies, trusted)
			j.acceptsRequest(t, j.from(t, host, row.twinOrigin, row.twinSite))
		})
	}
}

// The scheme of the connection is no part of the verdict, for a proxy may have ended TLS.
func TestC13_PagesWithoutTLS(t *testing.T) {
	insecure := func(s *authjwt.Settings) { s.InsecureCookies = true }
	for _, row := range []struct {
		name, host, origin, site string
		edit                     func(s *authjwt.Settings)
		want                     outcome
		twin                     string
	}{
		{"own host", "example.com", "http://example.com", "", trusting(), httpOrigin, "https://example.com"},
		{"by its word", "example.com", "http://example.com", "same-origin", trusting(), httpOrigin, "https://example.com"},
		{"listed as https", "example.com", "http://example.com", "", trusting("https://example.com"), httpOrigin, "https://example.com"},
		{"another listed as http", "example.com", "http://example.com", "", trusting("http://app.example"), httpOrigin, "http://app.example"},
		{"trusted host over http", "example.com", "http://app.example", "", trusting("https://app.example"), crossOrigin, "https://app.example"},
		{"trusted host over https", "example.com", "https://app.example", "", trusting("http://app.example"), crossOrigin, "http://app.example"},
		{"another host, insecure cookies", "example.com", "http://a.example", "", insecure, crossOrigin, "http://example.com"},
		{"other loopback port", "localhost:8080", "http://localhost:3000", "", trusting(), crossOrigin, "http://localhost:8080"},
		{"loopback is not this site", "example.com", "http://localhost", "", trusting(), crossOrigin, "https://example.com"},
		{"loopback by another name", "127.0.0.1:8080", "http://localhost:8080", "", trusting(), crossOrigin, "http://127.0.0.1:8080"},
		{"userinfo for loopback", "example.com", "http://localhost@example.com", "", trusting(), crossOrigin, "https://example.com"},
		{"other scheme, own host", "example.com", "ftp://example.com", "", trusting(), httpOrigin, "https://example.com"},
		{"no scheme, own host", "example.com", "//example.com", "", trusting(), crossOrigin, "https://example.com"},
		{"other scheme, loopback", "localhost", "ftp://localhost", "", trusting(), httpOrigin, "http://localhost"},
		{"other scheme, insecure cookies", "example.com", "ftp://example.com", "", insecure, httpOrigin, "http://example.com"},
		{"no scheme, loopback", "localhost", "//localhost", "", trusting(), crossOrigin, "http://localhost"},
	} {
		t.Run(row.name, func(t *testing.T) {
			refusesFrom(t, row.edit, row.host, row.origin, row.site, row.want)
			j := newJudge(t, inCookies, row.edit)
			for _, connection := range []*tls.ConnectionState{nil, {}} {
				req := j.from(t, row.host, row.origin, row.site)
				req.TLS = connection
				j.refusesRequest(t, req, row.want, authjwt.ErrCSRF)
				req = j.from(t, row.host, row.twin, row.site)
				req.TLS = connection
				j.acceptsRequest(t, req)
			}
		})
	}
	for _, host := range []string{"192.168.0.1", "0.0.0.0", "localhost.example", "notlocalhost", "127.0.0.1.example", "[fe80::1]:8080"} {
		refusesFrom(t, trusting(), host, "http://"+host, "", httpOrigin)
		j := newJudge(t, inCookies)
		j.acceptsRequest(t, j.from(t, host, "https://"+host, ""))
	}
	for _, host := range []string{"localhost", "localhost:8080", "app.localhost", "127.0.0.1", "127.0.0.2:8080", "[::1]", "[::1]:8080"} {
		j := newJudge(t, inCookies)
		j.acceptsRequest(t, j.from(t, host, "http://"+host, ""))
		j.acceptsRequest(t, j.from(t, host, "http://"+host, "same-origin"))
		j.acceptsRequest(t, j.from(t, host, "https://"+host, ""))
	}
	for _, edit := range []func(s *authjwt.Settings){insecure, trusting("http://example.com")} {
		j := newJudge(t, inCookies, edit)
		j.acceptsRequest(t, j.from(t, "example.com", "http://example.com", ""))
	}
}

func TestC14_OddOrigins(t *testing.T) {
	for _, origin := range []string{
		"null", "NULL", "https://example.com.a.example", "https://notexample.com", "https://example.com.", "https://example.com@a.example",
		"https://example.com:443@a.example", "https://a.example/example.com", "https://a.example?example.com", "https://a.example#example.com",
		`https://a.example\example.com`, "https://example.com:8443", "https://example.com:", "https://example.com:443", "https://example.com:x",
		"https://example.com https://a.example", "https://example.com, https://a.example", "example.com", "https:example.com", "https://",
		"data:text/html,", "file://", "https://ex\u0430mple.com", "https://example.com\x00", " https://example.com", "https://example.com ",
	} {
		t.Run(origin, func(t *testing.T) {
			refusesFrom(t, trusting("https://app.example"), "example.com", origin, "", crossOrigin)
			j := newJudge(t, inCookies)
			j.acceptsRequest(t, j.from(t, "example.com", "https://example.com", ""))
		})
	}
	for site, twin := range map[string]string{"cross-site": "same-origin", "same-site": "none"} {
		refusesFrom(t, trusting(), "example.com", "null", site, crossOrigin)
		j := newJudge(t, inCookies)
		j.acceptsRequest(t, j.from(t, "example.com", "null", twin))
	}
	other := newJudge(t, inCookies)
	other.refusesRequest(t, other.from(t, "example.com:8443", "https://example.com", ""), crossOrigin, authjwt.ErrCSRF)
	other.acceptsRequest(t, other.from(t, "example.com:8443", "https://example.com:8443", ""))
}

func TestC14_TrustedOriginsAreCheckedAtTheStart(t *testing.T) {
	for _, origin := range []string{
		"", "null", "*", "example.com", "//example.com", "https://", "https:example.com", "https://example.com/", "https://example.com/path",
		"https://example.com?query=value", "https://example.com?", "https://example.com#fragment", "https://example.com#", "https://ex ample.com",
		" https://example.com", "https://example.com ", "https://example.com,https://a.example", "https://*.example.com", "https://*", "https://.*",
		"https://EXAMPLE.com", "HTTPS://example.com", "https://example.com:443", "http://example.com:80", "https://example.com:",
		"https://example.com:x", "https://user@example.com", "https://user:pass@example.com", "https://ex\u00e4mple.com", "https://ex%61mple.com",
		"https://example.com\\", "https://[::1", "https://example.com\n", "https://example.com\x00",
	} {
		settings := authjwt.Settings{SecretKey: testSecret, TrustedOrigins: []string{"https://app.example", origin}}
		_, err := authjwt.New(settings)
		require.Error(t, err, "%q", origin)
		assert.Contains(t, err.Error(), "TrustedOrigins")
		assert.NotContains(t, err.Error(), `"https://app.example" is`)
	}
	for _, origin := range []string{
		"https://example.com", "https://example.com:8080", "http://example.com", "http://example.com:443", "https://example.com:80",
		"http://localhost:3000", "https://[::1]:8443", "https://xn--exmple-cua.com", "chrome-extension://abcdefgh", "capacitor://localhost",
	} {
		j := newJudge(t, inCookies, trusting(origin))
		j.acceptsRequest(t, j.from(t, "api.example", origin, ""))
		j.refusesRequest(t, j.from(t, "api.example", origin+"0", ""), crossOrigin, authjwt.ErrCSRF)
	}
	origins := []string{"https://app.example"}
	j := newJudge(t, inCookies, trusting(origins...))
	origins[0] = "https://a.example"
	j.acceptsRequest(t, j.from(t, "example.com", "https://app.example", ""))
}

func TestC12_C13_C14_Vectors(t *testing.T) {
	dir := os.Getenv("VECTORS_DIR")
	if dir == "" {
		t.Skip("VECTORS_DIR is not set; it names the folder of the public test vectors")
	}
	text, err := os.ReadFile(filepath.Join(dir, "go-csrf.json"))
	require.NoError(t, err)
	var all struct {
		Vectors []struct {
			ID, Name, Method, URL, Origin, Expect string
			Site                                  string `json:"sec_fetch_site"`
			Trusted                               []string
		}
		TrustedOriginConfig []struct {
			Name, Origin string
			ConfigError  bool `json:"config_error"`
		} `json:"trusted_origin_config"`
	}
	require.NoError(t, json.Unmarshal(text, &all))
	require.Len(t, all.Vectors, 24)
	require.Len(t, all.TrustedOriginConfig, 12)
	for _, v := range all.Vectors {
		t.Run(v.ID+" "+v.Name, func(t *testing.T) {
			j := newJudge(t, inCookies, trusting(v.Trusted...))
			j.takeEveryMethod(j.m.Required())
			req := j.from(t, httptest.NewRequest("POST", v.URL, nil).Host, v.Origin, v.Site)
			req.Method = v.Method
			want := crossOrigin
			if v.Origin == "http://"+req.Host {
				want = httpOrigin
			}
			switch v.Expect {
			case "allow":
				j.acceptsRequest(t, req)
			case "deny":
				j.refusesRequest(t, req, want, authjwt.ErrCSRF)
				req.Header.Del("Origin")
				req.Header.Del("Sec-Fetch-Site")
				j.acceptsRequest(t, req)
			default:
				assert.Fail(t, "unknown ruling", v.Expect)
			}
		})
	}
	for _, v := range all.TrustedOriginConfig {
		_, err := authjwt.New(authjwt.Settings{SecretKey: testSecret, TrustedOrigins: []string{v.Origin}})
		assert.Equal(t, v.ConfigError, err != nil, "%s: %v", v.Name, err)
	}
}

// A request without a host is no browser's; nothing in it is the site's own.
func TestC14_NoHost(t *testing.T) {
	for _, origin := range []string{"null", "https://", "https:", "http://"} {
		refusesFrom(t, trusting(), "", origin, "", crossOrigin)
	}
}

// A proxy has changed the Host; the browser's word is what is left.
func TestC12_ChangedHost(t *testing.T) {
	j := newJudge(t, inCookies)
	j.acceptsRequest(t, j.from(t, "backend:8080", "https://example.com", "same-origin"))
	j.refusesRequest(t, j.from(t, "backend:8080", "https://example.com", ""), crossOrigin, authjwt.ErrCSRF)
	j.refusesRequest(t, j.from(t, "backend:8080", "https://example.com", "same-site"), crossOrigin, authjwt.ErrCSRF)
}

// What does not parse is nobody's, whatever the browser's word for it.
func TestC14_BrokenOrigin(t *testing.T) {
	for _, origin := range []string{"http://%zz", "http://[::1", "http://a b"} {
		refusesFrom(t, trusting(), "example.com", origin, "same-origin", httpOrigin)
	}
	refusesFrom(t, trusting(), "example.com", "https://%zz", "", crossOrigin)
}

// The routes behind a cookie, with its right value: a refresh, and an end of all sessions.
func TestC12_PrebuiltRoutes(t *testing.T) {
	for name, edit := range map[string]func(s *authjwt.Settings){"": func(*authjwt.Settings) {}, "without value": noDoubleSubmit} {
		m := newManager(t, inCookies, edit, inMemory)
		for route, handler := range map[string]gin.HandlerFunc{"refresh": m.RefreshHandler(authjwt.Routes{}), "logout": m.LogoutHandler(), "logout-all": m.LogoutAllHandler()} {
			e := newEndpoint(handler)
			for i, try := range crossSiteFields {
				subject := name + route + strconv.Itoa(i) // whose sessions the twin ends
				access, err := m.CreateAccessToken(subject)
				require.NoError(t, err)
				refresh, err := m.CreateRefreshToken(subject)
				require.NoError(t, err)
				with := func(fields []string) *http.Request {
					req := request(http.MethodPost, append(fields, "Cookie", accessCookie+"="+access+"; "+refreshCookie+"="+refresh)...)
					if req.Header.Set("X-CSRF-Token", csrfOf(t, m, access, authjwt.Access)); route == "refresh" {
						req.Header.Set("X-CSRF-Token", csrfOf(t, m, refresh, authjwt.Refresh))
					}
					return req
				}
				e.refuses(t, with(slices.Clone(try.fields)), try.refused, authjwt.ErrCSRF)
				rec := e.do(with(slices.Clone(try.twin)))
				assert.Equal(t, http.StatusOK, rec.Code, "%s: %s", subject, rec.Body)
				assert.NotEmpty(t, setCookies(t, rec))
			}
		}
	}
}
