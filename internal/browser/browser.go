package browser

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
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A Browser shows a page of an origin, which makes requests. Whatever host it asks, one site answers.
type Browser struct {
	// Home is the origin of the site.
	Home string
	// Page is the origin of the page; empty: the user has typed the address.
	Page string
	Jar  *Jar

	tb     testing.TB
	client *http.Client
}

// Open serves the site under that origin on a real listener, by TLS if it is https, and shows a page of it.
func Open(tb testing.TB, site http.Handler, origin string, now func() time.Time) *Browser {
	tb.Helper()
	server := httptest.NewUnstartedServer(site)
	if strings.HasPrefix(origin, "https:") {
		server.StartTLS()
	} else {
		server.Start()
	}
	tb.Cleanup(server.Close)
	transport := &http.Transport{
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, server.Listener.Addr().String())
		},
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, // the certificate names another host
	}
	tb.Cleanup(transport.CloseIdleConnections)
	return &Browser{
		Home: origin, Page: origin, Jar: &Jar{Now: now}, tb: tb,
		client: &http.Client{
			Transport:     transport,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

// An Answer is a response that has been read.
type Answer struct {
	*http.Response
	Text string
}

// Field is a member of the JSON object that was answered; empty if it is not there or no string.
func (a Answer) Field(name string) string {
	var members map[string]any
	_ = json.Unmarshal([]byte(a.Text), &members)
	value, _ := members[name].(string)
	return value
}

// Sets are the names of the cookies that the answer sets or deletes, in order.
func (a Answer) Sets() []string {
	var names []string
	for _, line := range a.Header.Values("Set-Cookie") {
		name, _, _ := strings.Cut(line, "=")
		names = append(names, name)
	}
	return names
}

// Fetch sends a request with credentials as the page's script would; a target without scheme is the
// site's. Field names, each before its value, go over the wire as they are written.
func (b *Browser) Fetch(method, target, body string, fields ...string) Answer {
	b.tb.Helper()
	if strings.HasPrefix(target, "/") {
		target = b.Home + target
	}
	req, err := http.NewRequest(method, target, strings.NewReader(body))
	require.NoError(b.tb, err)
	for i := 0; i < len(fields); i += 2 {
		req.Header[fields[i]] = append(req.Header[fields[i]], fields[i+1])
	}
	relation := b.relation(req.URL)
	if method != http.MethodGet && method != http.MethodHead && b.Page != "" {
		req.Header.Set("Origin", b.Page)
	}
	if req.URL.Scheme == "https" || loopback(req.URL.Hostname()) {
		req.Header.Set("Sec-Fetch-Site", relation)
	}
	if cookies := b.Jar.Header(req.URL, relation != "cross-site"); cookies != "" {
		req.Header.Set("Cookie", cookies)
	}
	res, err := b.client.Do(req)
	require.NoError(b.tb, err)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	require.NoError(b.tb, err)
	for _, line := range res.Header.Values("Set-Cookie") {
		b.Jar.Set(req.URL, line, relation != "cross-site")
	}
	return Answer{res, string(text)}
}

// DocumentCookie is what document.cookie shows to the page.
func (b *Browser) DocumentCookie() string {
	return b.Jar.DocumentCookie(b.parsed(b.Page + "/"))
}

// GetCookie is getCookie of FastJWT's page "JWT Locations", statement by statement.
func (b *Browser) GetCookie(cname string) string {
	name := cname + "="
	ca := strings.Split(b.DocumentCookie(), ";")
	for i := 0; i < len(ca); i++ {
		c := ca[i]
		for strings.HasPrefix(c, " ") {
			c = c[1:]
		}
		if strings.Index(c, name) == 0 {
			return c[len(name):]
		}
	}
	return ""
}

// relation is the value of Sec-Fetch-Site.
func (b *Browser) relation(u *url.URL) string {
	page := b.parsed(b.Page)
	switch {
	case b.Page == "":
		return "none"
	case page.Scheme == u.Scheme && page.Host == u.Host:
		return "same-origin"
	case page.Scheme == u.Scheme && registrable(page.Hostname()) == registrable(u.Hostname()):
		return "same-site"
	}
	return "cross-site"
}

func (b *Browser) parsed(address string) *url.URL {
	b.tb.Helper()
	u, err := url.Parse(address)
	require.NoError(b.tb, err)
	return u
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
