package authjwt

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// A cookieForm is a cookie without value and life. Its lines of Set-Cookie are net/http's, which New has written once: they
// set and unset by the same description, so that a deletion always matches (RFC 6265bis §5.7: name, domain and path;
// the rest for browsers that refuse the deletion otherwise).
type cookieForm struct {
	http.Cookie
	place, rest string // what stands before and after Max-Age
	deletion    string
}

// A setCookie is a line of Set-Cookie.
type setCookie struct {
	about *cookieForm
	line  string
}

// replaces tells whether an earlier line is about the same cookie.
func (c setCookie) replaces(line string) bool {
	if name, _, _ := strings.Cut(line, "="); strings.TrimSpace(name) != c.about.Name {
		return false // spares the parsing
	}
	there, err := http.ParseSetCookie(line)
	return err == nil && samePlace(there.Path, there.Domain, c.about.Path, c.about.Domain)
}

func newCookieForm(c http.Cookie) *cookieForm {
	const age = "; Max-Age=1"
	f := &cookieForm{Cookie: c}
	sample, gone := c, c
	sample.Value, sample.MaxAge = "v", 1
	_, line, _ := strings.Cut(setCookieLine(&sample), "=v")
	f.place, f.rest, _ = strings.Cut(line, age)
	gone.MaxAge, gone.Expires = -1, time.Unix(0, 0)
	f.deletion = setCookieLine(&gone)
	return f
}

// setCookieLine is net/http's line, but for a leading dot of Domain, which net/http drops: it means nothing, but goes out as
// it was set.
func setCookieLine(c *http.Cookie) string {
	line := c.String()
	if strings.HasPrefix(c.Domain, ".") {
		return strings.Replace(line, "; Domain="+c.Domain[1:], "; Domain="+c.Domain, 1)
	}
	return line
}

// with is the line that sets the cookie to a valid value. It ends with the browser if its age, in seconds, is zero.
func (f *cookieForm) with(value string, age int) setCookie {
	var room [32]byte
	life, quote := room[:0], ""
	if age > 0 {
		life = strconv.AppendInt(append(life, "; Max-Age="...), int64(age), 10)
	}
	if needsQuotes(value) {
		quote = `"`
	}
	return setCookie{f, f.Name + "=" + quote + value + quote + f.place + string(life) + f.rest}
}

// maxCookieSize is the sum of name and value beyond which browsers drop a cookie without a word
// (RFC 6265bis §5.6).
const maxCookieSize = 4096

func (f *cookieForm) tooLong(value string) error {
	size := len(f.Name) + len(value)
	if needsQuotes(value) {
		size += len(`""`)
	}
	if size > maxCookieSize {
		return fmt.Errorf("%s would have %d octets, and browsers drop what exceeds %d; put less into the claims", f.Name, size, maxCookieSize)
	}
	return nil
}

// needsQuotes is net/http's rule.
func needsQuotes(value string) bool {
	return strings.IndexByte(value, ' ') >= 0 || strings.IndexByte(value, ',') >= 0
}

// validCookieValue is net/http's rule (RFC 6265bis §4.1.1).
func validCookieValue(value string) bool {
	c := http.Cookie{Name: "c", Value: value}
	return c.Valid() == nil
}
