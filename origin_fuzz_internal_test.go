package authjwt

import (
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzOrigin asks about any request. What passes is no other site's, as net/url and net/http see it; what a Manager may be told to trust
// is an origin as browsers write it.
func FuzzOrigin(f *testing.F) {
	for _, host := range []string{"example.com", "example.com:8443", "localhost:8080", "", "null"} {
		for _, origin := range []string{"", "null", "https://example.com", "http://example.com", "https://example.com:8443", "HTTPS://example.com", "https://app.example", "https://evil.example", "http://localhost:8080", "https://example.com/", "https://user@example.com", "://example.com", "https://%zz", "https://[::1]", "http://127.0.0.1"} {
			for _, site := range []string{"", "same-origin", "cross-site", "none"} {
				f.Add("POST", host, origin, site, uint8(len(origin)))
			}
		}
	}
	f.Add("GET", "example.com", "https://evil.example", "cross-site", uint8(4))
	f.Add("get", "example.com", "https://evil.example", "", uint8(0))
	policies := []*originPolicy{newOriginPolicy(&Settings{}), newOriginPolicy(&Settings{InsecureCookies: true}), newOriginPolicy(&Settings{TrustedOrigins: []string{"https://app.example"}}), nil}
	f.Fuzz(func(t *testing.T, method, host, origin, site string, how uint8) {
		if isOrigin(origin) {
			requireOrigin(t, origin)
		}
		p, unsafe := policies[how&3], how&4 != 0
		if p == nil {
			p = newOriginPolicy(&Settings{TrustedOrigins: []string{origin}}) // New would look at it first
			if !isOrigin(origin) {
				return
			}
		}
		req := &http.Request{Method: method, Host: host, URL: &url.URL{Path: "/"}, Header: http.Header{}}
		for name, value := range map[string]string{"Origin": origin, "Sec-Fetch-Site": site} {
			if value != "" {
				req.Header.Set(name, value)
			}
		}
		got := p.check(req, unsafe)
		require.Equal(t, slowCheck(p, req, unsafe), got)
		require.Equal(t, method, req.Method)
		if got != nil || !unsafe && (method == "GET" || method == "HEAD" || method == "OPTIONS") || p.trusted[origin] {
			return
		}
		switch {
		case origin == "": // by an old browser, or no browser at all
			require.Contains(t, []string{"", "same-origin", "none"}, site)
		case origin == "null":
			require.Contains(t, []string{"same-origin", "none"}, site)
		default:
			scheme, _, _ := strings.Cut(origin, "://")
			require.True(t, scheme == "https" || scheme == "http" && (p.admitHTTP || isLoopback(origin)), "%q passes", origin)
			if site == "same-origin" || site == "none" { // the browser's word for it
				return
			}
			u, err := url.Parse(origin)
			require.NoError(t, err)
			require.True(t, u.Host == host && u.User == nil && u.Path == "", "%q passes at %q, %q", origin, host, site)
		}
	})
}

// requireOrigin checks the form of RFC 6454 §6.2.
func requireOrigin(t *testing.T, origin string) {
	t.Helper()
	u, err := url.Parse(origin)
	require.NoError(t, err)
	require.Equal(t, origin, u.Scheme+"://"+u.Host)
	require.NotEmpty(t, u.Hostname())
	require.Equal(t, strings.ToLower(origin), origin)
	require.NotContains(t, origin, "*")
	require.NotContains(t, []string{"https:443", "http:80"}, u.Scheme+":"+u.Port())
	if addr, err := netip.ParseAddr(u.Hostname()); err == nil {
		require.Equal(t, addr.String(), u.Hostname())
	}
}
