package authjwt

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// cookieForms are cookies of all kinds, without value and life.
func cookieForms() (all []http.Cookie) {
	for _, name := range []string{"a", "v", "access_token_cookie", "__Host-access", "!#$%&'*+-.^_`|~09"} {
		for _, path := range []string{"", "/", "/login", "/a b", "/=v", "/ Max-Age=1", "/Domain=example.com"} {
			for _, domain := range []string{"", "example.com", ".example.com", "EXAMPLE.com", ".a.example.com", "127.0.0.1"} {
				for _, sameSite := range []http.SameSite{0, http.SameSiteDefaultMode, http.SameSiteLaxMode, http.SameSiteStrictMode, http.SameSiteNoneMode} {
					for flags := range 4 {
						all = append(all, http.Cookie{Name: name, Path: path, Domain: domain, SameSite: sameSite, Secure: flags&1 != 0, HttpOnly: flags&2 != 0})
					}
				}
			}
		}
	}
	return all
}

// netLine is net/http's line, with Domain as it was set.
func netLine(c http.Cookie) string {
	attributes := strings.Split(c.String(), "; ")
	for i, attribute := range attributes {
		if i > 0 && strings.HasPrefix(attribute, "Domain=") {
			attributes[i] = "Domain=" + c.Domain
		}
	}
	return strings.Join(attributes, "; ")
}

func TestSetCookie_IsNetHTTPs(t *testing.T) {
	values := []string{"v", "eyJ0eXAi.eyJzdWIi.c2lnbmF0-_", "Bearer eyJ0eXAi", "a,b", " a", "", "=v", "Max-Age=1", strings.Repeat("x", 4000)}
	for _, c := range cookieForms() {
		require.NoError(t, c.Valid())
		form := newCookieForm(c)
		for _, value := range values {
			for _, age := range []int{0, 1, 9, 86400, 34560000} {
				want := c
				want.Value, want.MaxAge = value, age
				got := form.with(value, age)
				require.Equal(t, netLine(want), got.line)
				require.Same(t, form, got.about)
			}
		}
		gone := c
		gone.MaxAge, gone.Expires = -1, time.Unix(0, 0)
		require.Equal(t, netLine(gone), form.deletion)
		require.Equal(t, c, form.Cookie, "it is left as it was")
		require.Equal(t, []setCookie{{form, form.deletion}}, appendDeletions(nil, form))
	}
}

// The lines in full, for net/http to be held to them, too.
func TestSetCookie_Lines(t *testing.T) {
	form := newCookieForm(http.Cookie{Name: "a", Path: "/", Domain: ".example.com", Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode})
	assert.Equal(t, "a=x; Path=/; Domain=.example.com; HttpOnly; Secure; SameSite=Lax", form.with("x", 0).line)
	assert.Equal(t, `a="Bearer x"; Path=/; Domain=.example.com; Max-Age=60; HttpOnly; Secure; SameSite=Lax`, form.with("Bearer x", 60).line)
	assert.Equal(t, "a=; Path=/; Domain=.example.com; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; HttpOnly; Secure; SameSite=Lax", form.deletion)
}

func TestSetCookie_TooLong(t *testing.T) {
	for _, row := range []struct {
		name, value string
		octets      int // of name and value, besides what fills them up
	}{
		{"a", "", 1}, {"access_token_cookie", "", 19}, {strings.Repeat("n", 4000), "", 4000},
		{"a", "Bearer ", 1 + 7 + 2}, {"a", ",", 1 + 1 + 2}, {"access_token_cookie", " ", 19 + 1 + 2},
	} {
		form := newCookieForm(http.Cookie{Name: row.name, Path: "/"})
		fits := row.value + strings.Repeat("x", 4096-row.octets)
		assert.NoError(t, form.tooLong(fits), row.name)
		assert.ErrorContains(t, form.tooLong(fits+"x"), "would have 4097 octets", row.name)
		for _, value := range []string{fits, fits + "x"} { // as it goes out
			named, _, _ := strings.Cut(form.with(value, 0).line, ";")
			assert.Equal(t, len(named)-len("=") <= 4096, form.tooLong(value) == nil, row.name)
		}
	}
}

// A line is replaced by another about the same cookie, which is its name, path and domain (RFC 6265bis §5.7).
func TestSetCookie_Replaces(t *testing.T) {
	const access, root, example = "access", "/", "example.com"
	for _, row := range []struct {
		name, path, domain string
		line               string
		want               bool
	}{
		{access, root, "", "access=x; Path=/", true},
		{access, root, "", "access=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0", true},
		{access, root, "", `access="a b"; path=/; HttpOnly; Foo=bar`, true},
		{access, root, "", " access =x; Path=/", true},
		{access, root, "", "\taccess\t=x;Path=/", true},
		{access, root, "", "access=x;y=z; Path=/", true},
		{access, root, "", "access=x; Path=/login", false},
		{access, root, "", "access=x", false},
		{access, root, "", "access=x; Path=/; Domain=example.com", false},
		{access, root, "", "access_token=x; Path=/", false},
		{access, root, "", "acces=x; Path=/", false},
		{access, root, "", "Access=x; Path=/", false},
		{access, root, "", "__Host-access=x; Path=/", false},
		{access, root, "", "other=access=x; Path=/", false},
		{access, root, "", "other=x; access=y; Path=/", false},
		{"access_token", root, "", "access=x; Path=/", false},
		{access, "/login", "", "access=x; Path=/login", true},
		{access, "/login", "", "access=x; Path=/", false},
		{access, "/login", "", "access=x; Path=/login/", false},
		{access, root, example, "access=x; Path=/; Domain=example.com", true},
		{access, root, example, "access=x; Path=/; Domain=.EXAMPLE.com", true},
		{access, root, "." + example, "access=x; Path=/; Domain=example.com", true},
		{access, root, example, "access=x; Path=/; Domain=a.example.com", false},
		{access, root, example, "access=x; Path=/", false},
		// What is no cookie at all is somebody else's.
		{access, root, "", "", false}, {access, root, "", "=", false}, {access, root, "", "access", false}, {access, root, "", "access; Path=/", false}, {access, root, "", "a ccess=x; Path=/", false},
		{access, root, "", "access; x=y; Path=/", false}, {access, root, "", "\u00a0access=x; Path=/", false}, {access, root, "", "access=\x00; Path=/", false}, {access, root, "", ";access=x; Path=/", false},
	} {
		form := newCookieForm(http.Cookie{Name: row.name, Path: row.path, Domain: row.domain})
		assert.Equal(t, row.want, setCookie{about: form}.replaces(row.line), "%q of %s, %s, %s", row.line, row.name, row.path, row.domain)
		there, err := http.ParseSetCookie(row.line)
		assert.Equal(t, row.want, err == nil && there.Name == row.name && samePlace(there.Path, there.Domain, row.path, row.domain), "as net/http reads it: %q", row.line)
	}
	for _, c := range cookieForms() { // what a form writes it replaces
		form := newCookieForm(c)
		for _, line := range []string{form.deletion, form.with("v", 0).line, form.with("a b", 60).line} {
			require.True(t, setCookie{about: form}.replaces(line), line)
		}
	}
}

func TestSetCookie_Values(t *testing.T) {
	for ch := range 256 {
		value := "a" + string([]byte{byte(ch)})
		c := http.Cookie{Name: "a", Value: value}
		want := c.Valid() == nil
		assert.Equal(t, want, validCookieValue(value), "%q", value)
		if want {
			assert.Equal(t, c.String(), newCookieForm(http.Cookie{Name: "a"}).with(value, 0).line, fmt.Sprintf("%q", value))
		}
	}
	assert.True(t, validCookieValue("3f0e5c1c-6d3a-4c0e-9a55-0a6f2b1d7e44"))
	assert.False(t, validCookieValue("a;b"))
}
