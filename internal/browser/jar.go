// Package browser plays a browser in tests: a page whose scripts make requests, with a cookie jar that
// keeps the rules of RFC 6265bis.
package browser

import (
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A Jar keeps cookies as browsers do (RFC 6265bis §5.6 to 5.8); net/http/cookiejar knows neither
// prefixes nor HttpOnly, and unquotes. It is stricter in one thing: localhost does not count as secure.
type Jar struct {
	// Now is the clock.
	Now func() time.Time
	// Refused are the Set-Cookie fields that were refused, each after its reason; browsers say nothing.
	Refused []string

	cookies []*cookie // oldest first
}

type cookie struct {
	name, value, domain, path, sameSite  string
	hostOnly, secure, httpOnly, persists bool
	expires                              time.Time
}

const maxAge = 400 * 24 * time.Hour

// Set handles one Set-Cookie field of an answer from u to a request of a page of the same site, or not.
func (j *Jar) Set(u *url.URL, line string, sameSite bool) {
	c, refusal := j.accept(u, line, sameSite)
	if refusal != "" {
		j.Refused = append(j.Refused, refusal+": "+line)
		return
	}
	at := slices.IndexFunc(j.cookies, func(old *cookie) bool {
		return old.name == c.name && old.domain == c.domain && old.hostOnly == c.hostOnly && old.path == c.path
	})
	if at >= 0 {
		j.cookies[at] = c
	} else {
		j.cookies = append(j.cookies, c)
	}
	j.expire()
}

func (j *Jar) expire() {
	j.cookies = slices.DeleteFunc(j.cookies, func(c *cookie) bool { return c.persists && !c.expires.After(j.Now()) })
}

// EndSession is what happens when the browser is closed.
func (j *Jar) EndSession() {
	j.cookies = slices.DeleteFunc(j.cookies, func(c *cookie) bool { return !c.persists })
}

// Names are the names of the cookies that are held, oldest first.
func (j *Jar) Names() []string {
	j.expire()
	names := make([]string, len(j.cookies))
	for i, c := range j.cookies {
		names[i] = c.name
	}
	return names
}

// Value is the value of the oldest cookie of that name, HttpOnly or not; empty if there is none.
func (j *Jar) Value(name string) string {
	j.expire()
	for _, c := range j.cookies {
		if c.name == name {
			return c.value
		}
	}
	return ""
}

// Clear drops all cookies.
func (j *Jar) Clear() { j.cookies = nil }

// accept parses a Set-Cookie field and tells why it is refused, if it is.
func (j *Jar) accept(u *url.URL, line string, sameSite bool) (*cookie, string) {
	if strings.ContainsFunc(line, func(ch rune) bool { return ch < ' ' && ch != '\t' || ch == 0x7f }) {
		return nil, "control character"
	}
	pair, rest, _ := strings.Cut(line, ";")
	name, value, found := strings.Cut(pair, "=")
	if !found {
		name, value = "", pair
	}
	attributes := map[string]string{}
	for attribute := range strings.SplitSeq(rest, ";") {
		name, value, _ := strings.Cut(attribute, "=")
		if value = strings.Trim(value, " \t"); len(value) <= 1024 {
			attributes[strings.ToLower(strings.Trim(name, " \t"))] = value // the last one counts
		}
	}
	c := &cookie{name: strings.Trim(name, " \t"), value: strings.Trim(value, " \t"), path: attributes["path"]}
	c.sameSite = strings.ToLower(attributes["samesite"])
	_, c.secure = attributes["secure"]
	_, c.httpOnly = attributes["httponly"]
	c.expires, c.persists = j.expiry(attributes)
	if !strings.HasPrefix(c.path, "/") {
		c.path = defaultPath(u.EscapedPath())
	}
	host := strings.ToLower(u.Hostname())
	c.domain = strings.ToLower(strings.TrimPrefix(attributes["domain"], "."))
	switch {
	case c.domain == "" || c.domain == host && !strings.Contains(host, "."):
		c.domain, c.hostOnly = host, true
	case !strings.Contains(c.domain, "."):
		return nil, "public suffix"
	case !domainMatch(host, c.domain):
		return nil, "foreign domain"
	}
	_, hasPath := attributes["path"]
	return c, j.refusal(c, u.Scheme == "https", sameSite, hasPath)
}

// refusal applies the rules of RFC 6265bis §5.7 in their order.
func (j *Jar) refusal(c *cookie, overTLS, sameSite, hasPath bool) string {
	lower := strings.ToLower(c.name)
	switch {
	case c.name == "" && c.value == "":
		return "empty"
	case len(c.name)+len(c.value) > 4096:
		return "too large"
	case c.secure && !overTLS:
		return "Secure without TLS"
	case !c.secure && !overTLS && slices.ContainsFunc(j.cookies, func(old *cookie) bool {
		return old.secure && old.name == c.name && PathMatch(c.path, old.path) &&
			(domainMatch(old.domain, c.domain) || domainMatch(c.domain, old.domain))
	}):
		return "would hide a Secure cookie"
	case c.sameSite == "none" && !c.secure:
		return "SameSite=None without Secure"
	case c.sameSite != "none" && !sameSite:
		return "set by another site"
	case strings.HasPrefix(lower, "__secure-") && !c.secure:
		return "__Secure- without Secure"
	case strings.HasPrefix(lower, "__host-") && (!c.secure || !c.hostOnly || c.path != "/" || !hasPath):
		return "__Host- without Secure and Path=/, or with Domain"
	case c.name == "" && (hasPrefixFold(c.value, "__secure-") || hasPrefixFold(c.value, "__host-")):
		return "prefix without a name"
	}
	return ""
}

func hasPrefixFold(s, prefix string) bool { return strings.HasPrefix(strings.ToLower(s), prefix) }

// expiry is when a cookie with these attributes ends; Max-Age goes before Expires.
func (j *Jar) expiry(attributes map[string]string) (end time.Time, persists bool) {
	if date, err := http.ParseTime(attributes["expires"]); err == nil {
		end, persists = date, true
	}
	if seconds, err := strconv.Atoi(attributes["max-age"]); err == nil && attributes["max-age"][0] != '+' {
		seconds = min(max(seconds, 0), int(maxAge/time.Second))
		end, persists = j.Now().Add(time.Duration(seconds)*time.Second), true
	}
	if latest := j.Now().Add(maxAge); end.After(latest) {
		end = latest
	}
	return end, persists
}

// Header is the Cookie field of a request to u (RFC 6265bis §5.8).
func (j *Jar) Header(u *url.URL, sameSite bool) string {
	return j.retrieve(u, func(c *cookie) bool { return sameSite || c.sameSite == "none" })
}

// DocumentCookie is what document.cookie shows to a page at u.
func (j *Jar) DocumentCookie(u *url.URL) string {
	return j.retrieve(u, func(c *cookie) bool { return !c.httpOnly })
}

func (j *Jar) retrieve(u *url.URL, admits func(c *cookie) bool) string {
	j.expire()
	var due []*cookie
	host, path := strings.ToLower(u.Hostname()), u.EscapedPath()
	if path == "" {
		path = "/"
	}
	for _, c := range j.cookies {
		if (c.domain == host || !c.hostOnly && domainMatch(host, c.domain)) &&
			PathMatch(path, c.path) && (!c.secure || u.Scheme == "https") && admits(c) {
			due = append(due, c)
		}
	}
	slices.SortStableFunc(due, func(a, b *cookie) int { return len(b.path) - len(a.path) })
	texts := make([]string, len(due))
	for i, c := range due {
		texts[i] = strings.TrimPrefix(c.name+"="+c.value, "=")
	}
	return strings.Join(texts, "; ")
}

func domainMatch(host, domain string) bool {
	_, err := netip.ParseAddr(host)
	return host == domain || err != nil && strings.HasSuffix(host, "."+domain)
}

// PathMatch tells whether a cookie of that path is sent to path (RFC 6265bis §5.1.4).
func PathMatch(path, cookie string) bool {
	return path == cookie || strings.HasPrefix(path, cookie) && (strings.HasSuffix(cookie, "/") || path[len(cookie)] == '/')
}

func defaultPath(path string) string {
	if last := strings.LastIndexByte(path, '/'); last > 0 {
		return path[:last]
	}
	return "/"
}
