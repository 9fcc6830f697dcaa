package authjwt

import (
	"net/http"
	"net/netip"
	"net/url"
	"strings"
)

// originPolicy tells a request of the site's own pages from another site's (CSRF, and cross-site
// WebSocket hijacking). It is net/http's CrossOriginProtection with two gaps closed: an upgrade to
// WebSocket is a GET, and http pages of a host are not its https site. It holds no request and never
// changes.
type originPolicy struct {
	protection *http.CrossOriginProtection
	trusted    map[string]bool
	admitHTTP  bool
}

// newOriginPolicy takes origins that New has checked.
func newOriginPolicy(s *Settings) *originPolicy {
	p := &originPolicy{http.NewCrossOriginProtection(), map[string]bool{}, s.InsecureCookies}
	for _, origin := range s.TrustedOrigins {
		p.trusted[origin] = true
	}
	return p
}

// check refuses a request that another site's page has made. Safe methods pass unless unsafe is set.
func (p *originPolicy) check(req *http.Request, unsafe bool) *failure {
	switch req.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions:
		if !unsafe {
			return nil
		}
		post := *req
		post.Method = http.MethodPost
		req = &post
	}
	origin, site := first(req.Header["Origin"]), first(req.Header["Sec-Fetch-Site"])
	if p.trusted[origin] {
		return nil
	}
	scheme, host, _ := strings.Cut(origin, "://")
	own := host != "" && host == req.Host
	if origin == "" && site == "" || scheme == "https" && own && (site == "" || site == "same-origin") {
		return nil // as Check would say, which takes its time
	}
	if p.protection.Check(req) != nil {
		return failCrossOrigin
	}
	// What is left has no Origin, the host's own in any scheme, or the browser's word that it is the
	// same, which also goes with null (a page without referrer).
	switch {
	case origin == "" || origin == "null" && site != "":
		return nil
	case !own && site == "": // with a user or a path, as browsers never write it
		return failCrossOrigin
	case scheme == "https" || scheme == "http" && (p.admitHTTP || isLoopback(origin)):
		return nil
	}
	return failInsecureOrigin
}

// first is what http.Header.Get returns of a field whose name is canonical.
func first(values []string) string {
	if len(values) == 0 {
		return ""
	}
	return values[0]
}

// vouches tells whether a request that has passed check names its origin, and that is the site's own
// or a trusted one.
func (p *originPolicy) vouches(req *http.Request) bool {
	origin := first(req.Header["Origin"])
	_, host, _ := strings.Cut(origin, "://")
	return host != "" && host == req.Host || p.trusted[origin]
}

func isLoopback(origin string) bool {
	u, err := url.Parse(origin)
	if err != nil {
		return false
	}
	host := u.Hostname()
	addr, _ := netip.ParseAddr(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || addr.IsLoopback()
}

// isUpgrade tells whether a request asks for a WebSocket (RFC 6455 §4.1). It is generous, because an
// upgrade is checked more than another safe request. The extended CONNECT of HTTP/2 (RFC 8441), which
// net/http leaves off, is no safe method and needs the CSRF value.
func isUpgrade(req *http.Request) bool {
	for _, value := range req.Header["Upgrade"] {
		if strings.Contains(strings.ToLower(value), "websocket") {
			return true
		}
	}
	return false
}
