package browser

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var testNow = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func newJar() *Jar { return &Jar{Now: func() time.Time { return testNow }} }

func parsed(t *testing.T, address string) *url.URL {
	t.Helper()
	u, err := url.Parse(address)
	require.NoError(t, err)
	return u
}

// A lax jar would prove nothing, so the jar is held against RFC 6265bis itself.
func TestJar_Refuses(t *testing.T) {
	const secure, plain = "https://shop.example/a/b", "http://shop.example/a/b"
	room := strings.Repeat("v", 4095)
	for _, try := range []struct {
		name          string
		before        string // set over TLS
		at, line      string
		twin, allowed string
	}{
		{"Secure over http", "", plain, "k=v; Secure", secure, "k=v; Secure"},
		{"Secure over http on localhost", "", "http://localhost/", "k=v; Secure", "http://localhost/", "k=v"},
		{"over a Secure cookie", "k=old; Path=/; Secure", plain, "k=v", plain, "j=v"},
		{"over a Secure cookie of the domain", "k=old; Path=/; Domain=shop.example; Secure", "http://a.shop.example/", "k=v", "http://other.example/", "k=v"},
		{"deletion of a Secure cookie", "k=old; Path=/; Secure", plain, "k=; Path=/; Max-Age=0", secure, "k=; Path=/; Max-Age=0"},
		{"Secure cookie of another path", "k=old; Path=/a/b; Secure", plain, "k=v; Path=/a/b", plain, "k=v; Path=/a"},
		{"SameSite=None", "", secure, "k=v; SameSite=None", secure, "k=v; SameSite=None; Secure"},
		{"4097 octets", "", secure, "kk=" + room, secure, "k=" + room},
		{"foreign domain", "", secure, "k=v; Domain=other.example", secure, "k=v; Domain=.Shop.Example"},
		{"domain below the host", "", secure, "k=v; Domain=a.shop.example", "https://a.shop.example/", "k=v; Domain=shop.example"},
		{"domain that ends alike", "", "https://workshop.example/", "k=v; Domain=shop.example", "https://work.shop.example/", "k=v; Domain=shop.example"},
		{"domain of an address", "", "http://127.0.0.1/", "k=v; Domain=0.0.1", "http://127.0.0.1/", "k=v; Domain=127.0.0.1"},
		{"public suffix", "", secure, "k=v; Domain=example", "http://localhost/", "k=v; Domain=localhost"},
		{"__Secure- without Secure", "", secure, "__Secure-k=v", secure, "__Secure-k=v; Secure"},
		{"__Host- without Secure", "", secure, "__Host-k=v; Path=/", secure, "__Host-k=v; Path=/; Secure"},
		{"__Host- with a path", "", secure, "__Host-k=v; Path=/a; Secure", secure, "__Host-k=v; Secure; path=/"},
		{"__Host- without Path", "", "https://shop.example/", "__Host-k=v; Secure", "https://shop.example/", "__Host-k=v; Secure; Path=/"},
		{"__Host- with Domain", "", secure, "__Host-k=v; Path=/; Secure; Domain=shop.example", secure, "__Host-k=v; Path=/; Secure; Domain="},
		{"prefix in another case", "", secure, "__hOST-k=v; Path=/a; Secure", secure, "__Hos-k=v; Path=/a; Secure"},
		{"prefix without a name", "", secure, "=__Host-k=v; Path=/a; Secure", secure, "=__Hos-k=v; Path=/a; Secure"},
		{"control character", "", secure, "k=v\x01", secure, "k=v\t"},
		{"nothing", "", secure, "=; Secure", secure, "k=; Secure"},
	} {
		t.Run(try.name, func(t *testing.T) {
			for _, one := range []struct {
				at, line string
				refusals int
			}{{try.at, try.line, 1}, {try.twin, try.allowed, 0}} {
				jar := newJar()
				if try.before != "" {
					jar.Set(parsed(t, "https://shop.example/"), try.before, true)
					require.Equal(t, []string{"k"}, jar.Names())
				}
				before := jar.Header(parsed(t, one.at), true)
				jar.Set(parsed(t, one.at), one.line, true)
				require.Len(t, jar.Refused, one.refusals, "%s: %s", one.at, one.line)
				if one.refusals > 0 {
					assert.Equal(t, before, jar.Header(parsed(t, one.at), true))
				}
			}
		})
	}
}

func TestJar_Sends(t *testing.T) {
	for _, try := range []struct {
		name     string
		at, line string
		not, to  string
	}{
		{"Secure", "https://shop.example/", "k=v; Secure", "http://shop.example/", "https://shop.example/"},
		{"Secure on localhost", "https://localhost/", "k=v; Secure", "http://localhost/", "https://localhost/"},
		{"host-only", "https://shop.example/", "k=v", "https://a.shop.example/", "https://SHOP.example/"},
		{"domain", "https://shop.example/", "k=v; Domain=shop.example", "https://workshop.example/", "https://a.shop.example/"},
		{"the last Domain", "https://shop.example/", "k=v; Domain=shop.example; Domain=", "https://a.shop.example/", "https://shop.example/"},
		{"path", "https://shop.example/", "k=v; Path=/auth", "https://shop.example/authx", "https://shop.example/auth/refresh"},
		{"path with a slash", "https://shop.example/", "k=v; Path=/auth/", "https://shop.example/auth", "https://shop.example/auth/"},
		{"path and case", "https://shop.example/", "k=v; Path=/auth", "https://shop.example/Auth", "https://shop.example/auth?x"},
		{"default path", "https://shop.example/a/b", "k=v", "https://shop.example/", "https://shop.example/a/c"},
		{"default path for a relative one", "https://shop.example/a/b", "k=v; Path=c", "https://shop.example/c", "https://shop.example/a"},
		{"default path of the root", "https://shop.example/a", "k=v", "https://other.example/", "https://shop.example"},
	} {
		t.Run(try.name, func(t *testing.T) {
			jar := newJar()
			jar.Set(parsed(t, try.at), try.line, true)
			assert.Empty(t, jar.Refused)
			assert.Empty(t, jar.Header(parsed(t, try.not), true))
			assert.Equal(t, "k=v", jar.Header(parsed(t, try.to), true))
		})
	}
}

func TestJar_Lives(t *testing.T) {
	const second, day = time.Second, 24 * time.Hour
	for _, try := range []struct {
		attributes string
		life       time.Duration // 0: until the browser is closed
	}{
		{"", 0},
		{"; Max-Age=60", 60 * second},
		{"; Expires=Sun, 01 Mar 2026 12:01:00 GMT", 60 * second},
		{"; Expires=Sun, 01 Mar 2026 12:01:00 GMT; Max-Age=30", 30 * second},
		{"; Max-Age=30; Expires=Sun, 01 Mar 2026 12:01:00 GMT", 30 * second},
		{"; Max-Age=60; Max-Age=30", 30 * second},
		{"; Max-Age=soon", 0},
		{"; Max-Age=+60", 0},
		{"; Max-Age=99999999", 400 * day},
		{"; Max-Age=9999999999", 400 * day},
		{"; Expires=Fri, 01 Mar 2030 12:00:00 GMT", 400 * day},
	} {
		t.Run(try.attributes, func(t *testing.T) {
			jar, now, shop := newJar(), testNow, parsed(t, "https://shop.example/")
			jar.Now = func() time.Time { return now }
			jar.Set(shop, "k=v"+try.attributes, true)
			now = testNow.Add(try.life - second)
			assert.Equal(t, "k=v", jar.Header(shop, true))
			if try.life == 0 {
				now = testNow.Add(1000 * day)
				assert.Equal(t, "k=v", jar.Header(shop, true))
				jar.EndSession()
			} else {
				jar.EndSession()
				assert.Equal(t, "k=v", jar.Header(shop, true))
				now = testNow.Add(try.life)
			}
			assert.Empty(t, jar.Header(shop, true))
		})
	}
	for _, attributes := range []string{"; Max-Age=0", "; Max-Age=-1", "; Expires=Thu, 01 Jan 1970 00:00:00 GMT"} {
		jar, shop := newJar(), parsed(t, "https://shop.example/")
		jar.Set(shop, "k=v; Path=/", true)
		jar.Set(shop, "k=; Path=/other"+attributes, true)
		assert.Equal(t, "k=v", jar.Header(shop, true), "another path is another cookie")
		jar.Set(shop, "k=; Path=/"+attributes, true)
		assert.Empty(t, jar.Header(shop, true), attributes)
		assert.Empty(t, jar.Refused)
	}
}

func TestJar_OrderAndScripts(t *testing.T) {
	jar, page := newJar(), parsed(t, "https://shop.example/auth/page")
	for _, line := range []string{
		"a=1; Path=/", "b=2; Path=/; HttpOnly", "c=3; Path=/auth", `d="Bearer x"; Path=/`, "nameless; Path=/", "a=4; Path=/", "a=5; Path=/; Domain=shop.example",
	} {
		jar.Set(page, line, true)
	}
	assert.Equal(t, `c=3; a=4; b=2; d="Bearer x"; nameless; a=5`, jar.Header(page, true), "a replaced cookie keeps its place")
	assert.Equal(t, `c=3; a=4; d="Bearer x"; nameless; a=5`, jar.DocumentCookie(parsed(t, "https://shop.example/auth/page")))
	assert.Equal(t, `a=4; d="Bearer x"; nameless; a=5`, jar.DocumentCookie(parsed(t, "https://shop.example/")))
	assert.Equal(t, "a=5", jar.DocumentCookie(parsed(t, "https://www.shop.example/")))
}

func TestJar_SameSite(t *testing.T) {
	jar, shop := newJar(), parsed(t, "https://shop.example/")
	for _, line := range []string{"none=1; Secure; SameSite=None", "lax=2; SameSite=Lax", "strict=3; SameSite=Strict", "default=4"} {
		jar.Set(shop, line, true)
	}
	assert.Equal(t, "none=1; lax=2; strict=3; default=4", jar.Header(shop, true))
	assert.Equal(t, "none=1", jar.Header(shop, false))
	jar.Set(shop, "lax=9; SameSite=Lax", false)
	jar.Set(shop, "none=9; Secure; SameSite=None", false)
	assert.Len(t, jar.Refused, 1)
	assert.Equal(t, "none=9; lax=2; strict=3; default=4", jar.Header(shop, true))
}
