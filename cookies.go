package authjwt

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// CookieOption shapes the cookies of one call.
type CookieOption func(*cookieSpec)

type cookieSpec struct {
	maxAge   time.Duration
	mistakes []error
}

// WithMaxAge makes the cookies of this call persistent for d, whatever the settings say, but no longer
// than the token lives and 400 days. At least one second.
func WithMaxAge(d time.Duration) CookieOption {
	return func(s *cookieSpec) {
		s.maxAge = d
		if d < time.Second {
			s.mistakes = append(s.mistakes, fmt.Errorf("WithMaxAge: %v is below one second; a plain number counts nanoseconds", d))
		}
	}
}

// SetAccessCookies sets the cookie that carries token, an access token of this Manager, and the readable
// cookie with its CSRF value. The answer must not have begun.
//
// Nothing is set in answer to a cross-site request, unless its method is safe, for that is how an attacker
// logs others into an account of his own: the error is 403 then. Any other error means that the call is
// wrong: token is not an access token that verifies (Settings.Validate is not asked), or a cookie would
// exceed 4096 octets. An error sets no cookie at all; it is of type *[Error], for [AuthJWT.Abort].
//
// A refusal of the package's takes back cookies that were set before it, and so does a panic that passes a
// guard on the route, a prebuilt handler or [Manager.ErrorMiddleware]; an error that the handler writes by
// itself does not.
func (a *AuthJWT) SetAccessCookies(token string, opts ...CookieOption) error {
	return a.setGiven(Access, token, opts)
}

// SetRefreshCookies is [AuthJWT.SetAccessCookies] for a refresh token.
func (a *AuthJWT) SetRefreshCookies(token string, opts ...CookieOption) error {
	return a.setGiven(Refresh, token, opts)
}

// UnsetJWTCookies deletes the cookies of both tokens. Where Cookies is no location there is nothing to
// delete, and no error. Like setting, it is refused to another site's page. It asks for no CSRF value,
// so it is for handlers behind a guard; [AuthJWT.Logout] needs none.
func (a *AuthJWT) UnsetJWTCookies() error { return a.unset(a.m.carriers()...) }

// UnsetAccessCookies deletes the cookies of the access token; otherwise it is [AuthJWT.UnsetJWTCookies].
func (a *AuthJWT) UnsetAccessCookies() error { return a.unset(a.m.access) }

// UnsetRefreshCookies deletes the cookies of the refresh token; otherwise it is [AuthJWT.UnsetJWTCookies].
func (a *AuthJWT) UnsetRefreshCookies() error { return a.unset(a.m.refresh) }

func (a *AuthJWT) setGiven(kind TokenType, raw string, opts []CookieOption) error {
	if e := a.unusable(); e != nil {
		return e
	}
	completed := false
	defer abortUnless(&completed, a.c)
	e := a.setVerified(kind, raw, opts)
	completed = true
	if e != nil {
		return e
	}
	return nil
}

func (a *AuthJWT) setVerified(kind TokenType, raw string, opts []CookieOption) *Error {
	t := new(Token)
	switch e := a.m.verifyToken(a.c.Request.Context(), raw, t, a.m.settings.Now()); {
	case e != nil && e.Status >= 500:
		return e
	case e != nil:
		return a.m.misused(fmt.Errorf("set %s cookies: this Manager would refuse the token: %s", kind, e.Detail))
	}
	if t.Type != kind {
		return a.m.misused(fmt.Errorf("set %s cookies: it is no %s token", kind, kind))
	}
	return a.setCookies(opts, issued{kind: kind, raw: raw, csrf: t.csrf, expiresAt: t.ExpiresAt, persistent: t.persistent, given: true})
}

// setCookies sets all cookies of the tokens or none.
func (a *AuthJWT) setCookies(opts []CookieOption, tokens ...issued) *Error {
	cookies, e := a.makeCookies(opts, tokens...)
	if e == nil {
		a.writeNew(cookies)
	}
	return e
}

// makeCookies makes all cookies of the tokens, and finds what keeps them from being set.
func (a *AuthJWT) makeCookies(opts []CookieOption, tokens ...issued) ([]setCookie, *Error) {
	spec := cookieSpec{}
	for _, opt := range opts {
		if opt == nil {
			spec.mistakes = append(spec.mistakes, errors.New("a CookieOption is nil"))
			continue
		}
		opt(&spec)
	}
	switch {
	case len(spec.mistakes) > 0:
		return nil, a.m.misused(errors.Join(spec.mistakes...))
	case !a.m.settings.uses(Cookies):
		return nil, a.m.fail(failCookiesDisabled, misuse{errors.New("add Cookies to Settings.TokenLocation")})
	}
	if e := a.mayWrite(); e != nil {
		return nil, e
	}
	now, cookies := a.m.settings.Now(), make([]setCookie, 0, 4)
	for _, t := range tokens { // first, for older browsers take a host's cookie and its Domain's for one
		cookies = appendDeletions(cookies, a.m.carrier(t.kind).former...)
	}
	for _, t := range tokens {
		var err error
		if cookies, err = a.m.appendPair(cookies, t, spec.maxAge, now); err != nil {
			return nil, a.m.misused(err)
		}
	}
	return cookies, nil
}

func (a *AuthJWT) unset(carriers ...*carrier) error {
	if e := a.unusable(); e != nil {
		return e
	}
	if !a.m.settings.uses(Cookies) {
		return nil
	}
	if e := a.mayWrite(); e != nil {
		return e
	}
	var cookies []setCookie
	for _, k := range carriers {
		cookies = appendDeletions(cookies, k.token)
		if a.m.settings.doubleSubmit() {
			cookies = appendDeletions(cookies, k.csrf)
		}
	}
	for _, k := range carriers {
		cookies = appendDeletions(cookies, k.former...)
	}
	asked := a.write(cookies)
	rare := a.rarities()
	rare.setLines = slices.DeleteFunc(rare.setLines, func(line string) bool { return slices.Contains(asked, line) })
	return nil
}

// mayWrite tells why cookies can be neither set nor unset in this answer, if so.
func (a *AuthJWT) mayWrite() *Error {
	if a.c.Writer.Written() {
		return a.m.misused(errors.New("the answer has begun; set and unset cookies before anything is written"))
	}
	if f := a.m.origins.check(a.c.Request, false); f != nil {
		return a.m.fail(f, nil)
	}
	return nil
}

// appendPair makes the cookies of a token: its own, and the one with the CSRF value if that is in use.
func (m *Manager) appendPair(cookies []setCookie, t issued, maxAge time.Duration, now time.Time) ([]setCookie, error) {
	s, k := &m.settings, m.carrier(t.kind)
	life := time.Duration(0) // until the browser ends
	if s.PersistentCookies && t.persistent != choiceNo || t.persistent == choiceYes {
		life = maxCookieAge
	}
	if s.CookieMaxAge > 0 && t.persistent != choiceNo {
		life = s.CookieMaxAge
	}
	if maxAge > 0 {
		life = min(maxAge, maxCookieAge)
	}
	if !t.expiresAt.IsZero() {
		rest := t.expiresAt.Sub(now)
		if rest <= 0 { // within DecodeLeeway
			return nil, fmt.Errorf("set %s cookies: the token has expired", t.kind)
		}
		life = min(life, max(rest, time.Second))
	}

	token, age := t.raw, int(life/time.Second)
	if s.CookieScheme != "" {
		token = s.CookieScheme + " " + token
	}
	cookies = append(cookies, k.token.with(token, age))
	err := k.token.tooLong(token)
	if s.doubleSubmit() {
		switch {
		case t.csrf == "":
			return nil, fmt.Errorf("set %s cookies: the token has no csrf claim, so no request could be made with it; make it with this Manager", t.kind)
		case t.given && !validCookieValue(t.csrf):
			return nil, fmt.Errorf("set %s cookies: the value of %s is no cookie value (RFC 6265bis §4.1.1)", t.kind, k.csrf.Name)
		}
		cookies = append(cookies, k.csrf.with(t.csrf, age))
		err = cmp.Or(err, k.csrf.tooLong(t.csrf))
	}
	if err != nil {
		return nil, fmt.Errorf("set %s cookies: %w", t.kind, err)
	}
	return cookies, nil
}

func appendDeletions(cookies []setCookie, gone ...*cookieForm) []setCookie {
	for _, f := range gone {
		cookies = append(cookies, setCookie{f, f.deletion})
	}
	return cookies
}

// writeNew writes cookies that go if the request ends in a refusal: see takeBack. It returns the lines written.
func (a *AuthJWT) writeNew(cookies []setCookie) []string {
	rare, written := a.rarities(), a.write(cookies)
	if rare.setLines == nil {
		rare.setLines = written
	} else {
		rare.setLines = append(rare.setLines, written...)
	}
	return written
}

// write is the only place where cookies are written. A cookie that this answer sets or unsets already
// is replaced (RFC 6265bis §4.1.1), and the answer is kept out of caches. It returns the lines written.
func (a *AuthJWT) write(cookies []setCookie) (written []string) {
	h := a.c.Writer.Header()
	lines := slices.Grow(h["Set-Cookie"], len(cookies))
	written = make([]string, 0, len(cookies))
	for _, c := range cookies {
		lines = append(slices.DeleteFunc(lines, c.replaces), c.line)
		written = append(written, c.line)
	}
	h["Set-Cookie"] = lines
	noStore(a.c.Writer.Header())
	return written
}

// takeBack removes the cookies that were set for this request, because it ends in a refusal. What was
// unset stays.
func takeBack(h http.Header, first *AuthJWT) {
	if h["Set-Cookie"] == nil {
		return
	}
	for a := first; a != nil; a = a.next {
		if a.clashing { // it has set none
			continue
		}
		dropCookies(h, func(line string) bool {
			there, err := http.ParseSetCookie(line)
			ours := err == nil && slices.ContainsFunc(a.m.carriers(), func(k *carrier) bool { return there.Name == k.token.Name || there.Name == k.csrf.Name })
			return ours && there.MaxAge >= 0 || slices.Contains(a.rarities().setLines, line) // former places, too
		})
	}
}

func dropCookies(h http.Header, drop func(line string) bool) {
	if kept := slices.DeleteFunc(h["Set-Cookie"], drop); len(kept) > 0 {
		h["Set-Cookie"] = kept
	} else {
		delete(h, "Set-Cookie")
	}
}

// samePlace tells whether two Path and Domain pairs are one to browsers.
func samePlace(path, domain, otherPath, otherDomain string) bool {
	return path == otherPath && strings.EqualFold(strings.TrimPrefix(domain, "."), strings.TrimPrefix(otherDomain, "."))
}
