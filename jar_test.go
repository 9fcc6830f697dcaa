package authjwt_test

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

// A cookieJar keeps cookies as browsers do (RFC 6265bis §5.6 to 5.8); net/http/cookiejar knows neither
// prefixes nor HttpOnly, and unquotes. It is stricter in one thing: localhost does not count as
// secure. What it refuses it remembers, for browsers do so without a word.
type cookieJar struct {
	now     func() time.Time
	cookies []*jarCookie // oldest first
	refused []string
}

type jarCookie struct {
	name, value, domain, path, sameSite  string
	hostOnly, secure, httpOnly, persists bool
	expires                              time.Time
}

const maxJarAge = 400 * 24 * time.Hour

// set handles one Set-Cookie field of an answer from u to a request of a page of the same site, or not.
func (j *cookieJar) set(u *url.URL, line string, sameSite bool) {
	c, refusal := j.accept(u, line, sameSite)
	if refusal != "" {
		j.refused = append(j.refused, refusal+": "+line)
		return
	}
	at := slices.IndexFunc(j.cookies, func(old *jarCookie) bool {
		return old.name == c.name && old.domain == c.domain && old.hostOnly == c.hostOnly && old.path == c.path
	})
	if at >= 0 {
		j.cookies[at] = c
	} else {
		j.cookies = append(j.cookies, c)
	}
	j.expire()
}

func (j *cookieJar) expire() {
	j.cookies = slices.DeleteFunc(j.cookies, func(c *jarCookie) bool { return c.persists && !c.expires.After(j.now()) })
}

// endSession is what happens when the browser is closed.
func (j *cookieJar) endSession() {
	j.cookies = slices.DeleteFunc(j.cookies, func(c *jarCookie) bool { return !c.persists })
}

// accept parses a Set-Cookie field and tells why it is refused, if it is.
func (j *cookieJar) accept(u *url.URL, line string, sameSite bool) (*jarCookie, string) {
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
	c := &jarCookie{name: strings.Trim(name, " \t"), value: strings.Trim(value, " \t"), path: attributes["path"]}
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
func (j *cookieJar) refusal(c *jarCookie, overTLS, sameSite, hasPath bool) string {
	lower := strings.ToLower(c.name)
	switch {
	case c.name == "" && c.value == "":
		return "empty"
	case len(c.name)+len(c.value) > 4096:
		return "too large"
	case c.secure && !overTLS:
		return "Secure without TLS"
	case !c.secure && !overTLS && slices.ContainsFunc(j.cookies, func(old *jarCookie) bool {
		return old.secure && old.name == c.name && pathMatch(c.path, old.path) &&
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
func (j *cookieJar) expiry(attributes map[string]string) (end time.Time, persists bool) {
	if date, err := http.ParseTime(attributes["expires"]); err == nil {
		end, persists = date, true
	}
	if seconds, err := strconv.Atoi(attributes["max-age"]); err == nil && attributes["max-age"][0] != '+' {
		seconds = min(max(seconds, 0), int(maxJarAge/time.Second))
		end, persists = j.now().Add(time.Duration(seconds)*time.Second), true
	}
	if latest := j.now().Add(maxJarAge); end.After(latest) {
		end = latest
	}
	return end, persists
}

// header is the Cookie field of a request to u (RFC 6265bis §5.8).
func (j *cookieJar) header(u *url.URL, sameSite bool) string {
	return j.retrieve(u, func(c *jarCookie) bool { return sameSite || c.sameSite == "none" })
}

// documentCookie is what document.cookie shows to a page at that address.
func (j *cookieJar) documentCookie(tb testing.TB, address string) string {
	return j.retrieve(parsed(tb, address), func(c *jarCookie) bool { return !c.httpOnly })
}

func (j *cookieJar) retrieve(u *url.URL, admits func(c *jarCookie) bool) string {
	j.expire()
	var due []*jarCookie
	host, path := strings.ToLower(u.Hostname()), u.EscapedPath()
	if path == "" {
		path = "/"
	}
	for _, c := range j.cookies {
		if (c.domain == host || !c.hostOnly && domainMatch(host, c.domain)) &&
			pathMatch(path, c.path) && (!c.secure || u.Scheme == "https") && admits(c) {
			due = append(due, c)
		}
	}
	slices.SortStableFunc(due, func(a, b *jarCookie) int { return len(b.path) - len(a.path) })
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

func pathMatch(path, cookie string) bool {
	return path == cookie || strings.HasPrefix(path, cookie) && (strings.HasSuffix(cookie, "/") || path[len(cookie)] == '/')
}

func defaultPath(path string) string {
	if last := strings.LastIndexByte(path, '/'); last > 0 {
		return path[:last]
	}
	return "/"
}

func parsed(tb testing.TB, address string) *url.URL {
	tb.Helper()
	u, err := url.Parse(address)
	require.NoError(tb, err)
	return u
}

// A site is an application on a real listener, with a clock to move.
type site struct {
	*gin.Engine
	auth  *authjwt.Manager
	clock time.Time
	last  error // what the last request left on c.Errors
}

func newSite(tb testing.TB, edit ...func(s *authjwt.Settings)) *site {
	tb.Helper()
	s := &site{Engine: gin.New(), clock: testNow}
	s.auth = newManager(tb, append(edit, func(set *authjwt.Settings) { set.Now = func() time.Time { return s.clock } })...)
	s.Use(func(c *gin.Context) {
		c.Next()
		s.last = nil
		if len(c.Errors) > 0 {
			s.last = c.Errors.Last().Err
		}
	}, s.auth.ErrorMiddleware())
	return s
}

// A browser shows a page of an origin, which makes requests. Whatever host it asks, the site answers.
type browser struct {
	tb     testing.TB
	site   *site
	client *http.Client
	jar    *cookieJar
	home   string // the origin of the site
	page   string // the origin of the page; empty: the user has typed the address
}

// open serves the site under that origin, by TLS if it is https, and shows a page of it.
func (s *site) open(t *testing.T, origin string) *browser {
	server := httptest.NewUnstartedServer(s)
	if strings.HasPrefix(origin, "https:") {
		server.StartTLS()
	} else {
		server.Start()
	}
	t.Cleanup(server.Close)
	transport := &http.Transport{
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, server.Listener.Addr().String())
		},
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, // the certificate names another host
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &browser{
		tb: t, site: s, client: &http.Client{Transport: transport}, home: origin, page: origin,
		jar: &cookieJar{now: func() time.Time { return s.clock }},
	}
}

// fetch sends a request with credentials as the page's script would; a target without scheme is the
// site's. Field names go over the wire as they are written.
func (b *browser) fetch(method, target, body string, fields ...string) answer {
	b.tb.Helper()
	if strings.HasPrefix(target, "/") {
		target = b.home + target
	}
	req, err := http.NewRequest(method, target, strings.NewReader(body))
	require.NoError(b.tb, err)
	for i := 0; i < len(fields); i += 2 {
		req.Header[fields[i]] = append(req.Header[fields[i]], fields[i+1])
	}
	relation := b.relation(req.URL)
	if method != http.MethodGet && method != http.MethodHead && b.page != "" {
		req.Header.Set("Origin", b.page)
	}
	if req.URL.Scheme == "https" || loopback(req.URL.Hostname()) {
		req.Header.Set("Sec-Fetch-Site", relation)
	}
	if cookies := b.jar.header(req.URL, relation != "cross-site"); cookies != "" {
		req.Header.Set("Cookie", cookies)
	}
	res, err := b.client.Do(req)
	require.NoError(b.tb, err)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	require.NoError(b.tb, err)
	for _, line := range res.Header.Values("Set-Cookie") {
		b.jar.set(req.URL, line, relation != "cross-site")
	}
	got := answer{Response: res, body: string(text)}
	if strings.HasPrefix(res.Header.Get("Content-Type"), "application/json") {
		require.NoError(b.tb, json.Unmarshal(text, &got.json), "body: %s", text)
	}
	return got
}

// relation is the value of Sec-Fetch-Site.
func (b *browser) relation(u *url.URL) string {
	page := parsed(b.tb, b.page)
	switch {
	case b.page == "":
		return "none"
	case page.Scheme == u.Scheme && page.Host == u.Host:
		return "same-origin"
	case page.Scheme == u.Scheme && registrable(page.Hostname()) == registrable(u.Hostname()):
		return "same-site"
	}
	return "cross-site"
}

// registrable takes the last two labels, which is right for the hosts of the tests.
func registrable(host string) string {
	if labels := strings.Split(host, "."); len(labels) > 2 && !loopback(host) {
		return strings.Join(labels[len(labels)-2:], ".")
	}
	return host
}

func loopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || err == nil && addr.IsLoopback()
}

// refused checks a refusal as the client and as the application's middleware see it.
func (b *browser) refused(got answer, want outcome, reason error) {
	b.tb.Helper()
	assertAnswer(b.tb, recorded(got.Response, got.body), want)
	assert.ErrorIs(b.tb, b.site.last, reason)
	assert.Empty(b.tb, got.Header.Values("Set-Cookie"))
}
