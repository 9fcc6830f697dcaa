package authjwt

import (
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// cookieMistakes finds what browsers would refuse or cut off (RFC 6265bis §4.1, §5.5 to 5.7), for they
// do it without a word.
func (s *Settings) cookieMistakes() (found []error) {
	if !slices.Contains([]string{"", "__Host-", "__Secure-"}, s.CookiePrefix) {
		found = append(found, mistake("CookiePrefix", "%q is no prefix; use __Host- or __Secure-, or leave it empty", s.CookiePrefix))
	}
	if s.CookiePrefix != "" && s.InsecureCookies {
		found = append(found, mistake("InsecureCookies", "browsers refuse %q cookies without Secure; leave one of them out", s.CookiePrefix))
	}
	if s.CookieScheme != "" && !isToken(s.CookieScheme) {
		found = append(found, mistake("CookieScheme", "%q is not a scheme (RFC 9110 §11.1); use Bearer, or leave it empty", s.CookieScheme))
	}
	switch {
	case s.CookieSameSite < http.SameSiteDefaultMode || s.CookieSameSite > http.SameSiteNoneMode:
		found = append(found, mistake("CookieSameSite", "%d is no mode; use one of http.SameSite…Mode", s.CookieSameSite))
	case s.CookieSameSite == http.SameSiteNoneMode && s.InsecureCookies:
		found = append(found, mistake("CookieSameSite", "browsers refuse SameSite=None without Secure; leave InsecureCookies out"))
	}
	switch {
	case s.CookieMaxAge != 0 && s.CookieMaxAge < time.Second:
		found = append(found, mistake("CookieMaxAge", "%v is below one second; a plain number counts nanoseconds, so write 24*time.Hour", s.CookieMaxAge))
	case s.CookieMaxAge > maxCookieAge:
		found = append(found, mistake("CookieMaxAge", "%v is more than browsers keep a cookie; use at most 400 days", s.CookieMaxAge))
	}
	found = append(found, s.placeMistakes("CookieDomain", "/", s.CookieDomain)...)
	return append(append(found, s.nameMistakes()...), s.formerMistakes()...)
}

// nameMistakes looks at the four cookies one by one.
func (s *Settings) nameMistakes() (found []error) {
	accessToken, accessCSRF := s.cookies(Access)
	refreshToken, refreshCSRF := s.cookies(Refresh)
	var names []string
	for _, one := range []struct {
		cookie http.Cookie
		field  string
		path   string
	}{
		{accessToken, "AccessCookieKey", "AccessCookiePath"}, {accessCSRF, "AccessCSRFCookieKey", "AccessCSRFCookiePath"},
		{refreshToken, "RefreshCookieKey", "RefreshCookiePath"}, {refreshCSRF, "RefreshCSRFCookieKey", "RefreshCSRFCookiePath"},
	} {
		c := one.cookie
		key := strings.TrimPrefix(c.Name, s.CookiePrefix)
		prefixed := hasPrefixFold(key, "__Host-") || hasPrefixFold(key, "__Secure-")
		switch {
		case !isToken(key):
			found = append(found, mistake(one.field, "%q is not a cookie name (RFC 6265bis §4.1.1); use letters, digits, - and _", key))
		case len(c.Name) > maxCookieSize/4:
			found = append(found, mistake(one.field, "%d octets leave too little room for the value; use a short name", len(c.Name)))
		case prefixed && s.CookiePrefix != "":
			found = append(found, mistake(one.field, "%q carries a prefix; CookiePrefix is put before all names, so leave this one out", key))
		case prefixed && s.InsecureCookies:
			found = append(found, mistake(one.field, "browsers refuse %q without Secure; leave InsecureCookies or the prefix out", key))
		case hasPrefixFold(key, "__Host-") && (c.Path != "/" || c.Domain != ""):
			found = append(found, mistake(one.field, "browsers refuse %q with a Domain or a Path but /; use __Secure-, or leave these out", key))
		case hasPrefixFold(key, "__Http-") || hasPrefixFold(c.Name, "__Host-Http-"):
			found = append(found, mistake(one.field, "%q carries a prefix that not all of the cookies can have; leave it out", key))
		case slices.Contains(names, c.Name):
			found = append(found, mistake(one.field, "%q is the name of another of the four cookies, too; give each its own", key))
		}
		names = append(names, c.Name)
		found = append(found, s.placeMistakes(one.path, c.Path, "")...)
	}
	return found
}

// placeMistakes judges a Path or a Domain; the field is the one to blame.
func (s *Settings) placeMistakes(field, path, domain string) (found []error) {
	if !strings.HasPrefix(path, "/") || !isAlphanumericOr(path, "/-._~!$&'()*+,=:@%") || len(path) > 1024 {
		found = append(found, mistake(field, "%.40q is no cookie path; begin it with /, and write it as in a URL", path))
	} else if s.CookiePrefix == "__Host-" && path != "/" {
		found = append(found, mistake(field, "browsers refuse %s cookies with the path %q; leave it empty, or use __Secure-", s.CookiePrefix, path))
	}
	if domain == "" {
		return found
	}
	if (&http.Cookie{Name: "a", Domain: domain}).Valid() != nil || strings.HasSuffix(domain, ".") {
		found = append(found, mistake(field, "%q is no domain; name a host, without scheme and port", domain))
	} else if s.CookiePrefix == "__Host-" {
		found = append(found, mistake(field, "browsers refuse %s cookies with a domain; leave it empty, or use __Secure-", s.CookiePrefix))
	}
	return found
}

func (s *Settings) formerMistakes() (found []error) {
	accessToken, accessCSRF := s.cookies(Access)
	refreshToken, refreshCSRF := s.cookies(Refresh)
	for i, place := range s.FormerCookies {
		found = append(found, s.placeMistakes("FormerCookies", place.Path, place.Domain)...)
		current := func(c http.Cookie) bool { return samePlace(c.Path, c.Domain, place.Path, place.Domain) }
		if current(accessToken) && current(accessCSRF) && current(refreshToken) && current(refreshCSRF) {
			found = append(found, mistake("FormerCookies", "path %q, domain %q is where the cookies are now; list earlier places alone", place.Path, place.Domain))
		}
		if slices.Contains(s.FormerCookies[:i], place) {
			found = append(found, mistake("FormerCookies", "path %q, domain %q stands twice; list it once", place.Path, place.Domain))
		}
	}
	return found
}

func (s *Settings) csrfMistakes() (found []error) {
	if s.CSRFMethods != nil && len(s.CSRFMethods) == 0 {
		found = append(found, mistake("CSRFMethods", "the list is empty, so no request would be checked; leave it nil for all methods that are not safe"))
	}
	for _, method := range s.CSRFMethods {
		if !isToken(method) || method != strings.ToUpper(method) {
			found = append(found, mistake("CSRFMethods", "%q is no method; write it in upper case: POST (RFC 9110 §9.1)", method))
		}
	}
	for _, header := range []struct{ field, name string }{
		{"AccessCSRFHeaderName", s.AccessCSRFHeaderName}, {"RefreshCSRFHeaderName", s.RefreshCSRFHeaderName},
	} {
		switch {
		case !isToken(header.name):
			found = append(found, mistake(header.field, "%q is not a header name (RFC 9110 §5.1); leave it empty for X-CSRF-Token", header.name))
		case strings.EqualFold(header.name, s.HeaderName) || strings.EqualFold(header.name, "Authorization") || containsFold(requestHeaders, header.name) || hasPrefixFold(header.name, "Sec-") || hasPrefixFold(header.name, "Proxy-"):
			found = append(found, mistake(header.field, "%q has another meaning, or pages cannot send it; leave it empty for X-CSRF-Token", header.name))
		}
	}
	if !utf8.ValidString(s.CSRFFormField) {
		found = append(found, mistake("CSRFFormField", "it is not UTF-8; use csrf_token, or leave it empty"))
	}
	for _, origin := range s.TrustedOrigins {
		if !isOrigin(origin) {
			found = append(found, mistake("TrustedOrigins", "%q is no origin; write it as browsers do: https://app.example.com, in lower case, with a port unless it is the scheme's own, without path or wildcard", origin))
		}
	}
	return found
}

// requestHeaders are those that pages cannot send, or that mean something else to the server: the
// forbidden request-headers of the Fetch standard, and a few.
var requestHeaders = []string{
	"Accept-Charset", "Accept-Encoding", "Access-Control-Request-Headers", "Access-Control-Request-Method",
	"Access-Control-Request-Private-Network", "Connection", "Content-Length", "Content-Type", "Cookie", "Cookie2", "Date", "DNT",
	"Expect", "Host", "Keep-Alive", "Origin", "Referer", "Set-Cookie", "TE", "Trailer", "Transfer-Encoding", "Upgrade", "Via",
}

// isOrigin tells whether s is an origin as browsers serialize it (RFC 6454 §6.2); any other spelling
// would never match.
func isOrigin(s string) bool {
	u, err := url.Parse(s)
	if err != nil || s != strings.ToLower(u.Scheme+"://"+u.Host) || strings.HasSuffix(u.Host, ":") {
		return false
	}
	port, _ := strconv.ParseUint(u.Port(), 10, 16)
	switch {
	case u.Port() != "" && strconv.FormatUint(port, 10) != u.Port():
		return false
	case u.Scheme == "https" && port == 443 || u.Scheme == "http" && port == 80:
		return false
	}
	if addr, err := netip.ParseAddr(u.Hostname()); err == nil && addr.String() != u.Hostname() {
		return false
	}
	return strings.Trim(u.Hostname(), ".") != "" && isAlphanumericOr(u.Host, "-._:[]")
}

func hasPrefixFold(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}
