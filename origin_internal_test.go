package authjwt

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// slowCheck is originPolicy.check without its short ways: net/http's Check is always asked.
func slowCheck(p *originPolicy, req *http.Request, unsafe bool) *failure {
	asked := req.Clone(req.Context())
	switch req.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions:
		if !unsafe {
			return nil
		}
		asked.Method = http.MethodPost
	}
	origin, site := req.Header.Get("Origin"), req.Header.Get("Sec-Fetch-Site")
	scheme, host, _ := strings.Cut(origin, "://")
	own := host != "" && host == req.Host
	switch {
	case p.trusted[origin]:
		return nil
	case p.protection.Check(asked) != nil:
		return failCrossOrigin
	case origin == "" || origin == "null" && site != "":
		return nil
	case !own && site == "":
		return failCrossOrigin
	case scheme == "https" || scheme == "http" && (p.admitHTTP || isLoopback(origin)):
		return nil
	}
	return failInsecureOrigin
}

func TestOrigin_ShortWays(t *testing.T) {
	verdicts := map[*failure]int{}
	for _, s := range []Settings{{}, {TrustedOrigins: []string{"https://app.example"}}, {InsecureCookies: true}} {
		p := newOriginPolicy(&s)
		for _, method := range []string{"GET", "HEAD", "OPTIONS", "TRACE", "POST", "DELETE", "PROPFIND", "post"} {
			for _, host := range []string{"example.com", "example.com:8443", "localhost:8080", "", "null"} {
				for _, origin := range []string{
					"-", "", "null", "https://example.com", "http://example.com", "https://example.com:8443", "https://EXAMPLE.com", "HTTPS://example.com", "https://a.example.com", "https://example.com.evil.example",
					"https://app.example", "http://localhost:8080", "http://127.0.0.1", "https://", "://example.com", "example.com", "https://example.com/", "https://user@example.com", "ftp://example.com", "https://null", "https://%zz", "x",
				} {
					for _, site := range []string{"-", "", "same-origin", "same-site", "cross-site", "none", "Same-Origin", "same-origin, none"} {
						req := httptest.NewRequest(method, "/", nil)
						req.Host = host
						for name, value := range map[string]string{"Origin": origin, "Sec-Fetch-Site": site} {
							if value != "-" {
								req.Header.Set(name, value)
							}
						}
						for _, unsafe := range []bool{false, true} {
							want := slowCheck(p, req, unsafe)
							require.Equal(t, want, p.check(req, unsafe), "%s %s, Origin %q, Sec-Fetch-Site %q, %v", method, host, origin, site, unsafe)
							verdicts[want]++
						}
					}
				}
			}
		}
	}
	for _, f := range []*failure{nil, failCrossOrigin, failInsecureOrigin} {
		require.Greater(t, verdicts[f], 100)
	}
}
