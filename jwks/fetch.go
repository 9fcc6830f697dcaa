package jwks

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"
)

const (
	maxDocument  = 1 << 20
	maxRedirects = 3
)

// fetched is what an issuer has answered.
type fetched struct {
	set     *Set
	etag    string
	control []string
	life    time.Duration
}

// fetch asks the issuer for a set that is newer than the former one. The connection is not kept: until the next fetch
// it would only hold goroutines.
func (r *Remote) fetch(former fetched) (got fetched, err error) {
	defer func() {
		if p := recover(); p != nil { // a transport's: outside of a request it would end the program
			err = fmt.Errorf("jwks: fetch %s: panic: %v", r.url, p)
		}
		if err != nil {
			err = brief{err}
		}
	}()
	ctx, cancel := context.WithTimeout(context.Background(), r.timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, r.url, nil)
	if err != nil {
		return fetched{}, fmt.Errorf("jwks: fetch: %w", err)
	}
	request.Close = true
	request.Header.Set("Accept", "application/jwk-set+json, application/json")
	if former.etag != "" {
		request.Header.Set("If-None-Match", former.etag)
	}
	client, redirected := *r.client, false // a transport need not say so in the answer's Request
	client.CheckRedirect = func(next *http.Request, via []*http.Request) error {
		redirected = true
		return follow(next, via)
	}
	answer, err := client.Do(request)
	if err != nil {
		if asked := new(url.Error); errors.As(err, &asked) {
			err = asked.Err // its text has the URL of a redirect, with the password that may be in it
		}
		if text := err.Error(); strings.Contains(text, "Location") && strings.Contains(text, "@") { // net/http quotes it whole
			err = errLocation
		}
		return fetched{}, fmt.Errorf("jwks: fetch %s: %w", r.url, err)
	}
	defer answer.Body.Close()
	got = fetched{etag: answer.Header.Get("ETag"), control: cacheControl(answer, former.control)}
	got.life = r.lifetime(got.control, answer.Header.Get("Age"))
	switch {
	case answer.StatusCode == http.StatusNotModified && former.etag != "" && !redirected:
		got.set, got.etag = former.set, former.etag
		return got, nil
	case answer.StatusCode != http.StatusOK:
		return fetched{}, fmt.Errorf("jwks: fetch %s: the answer is %s", r.url, answer.Status)
	}
	document, err := io.ReadAll(io.LimitReader(answer.Body, maxDocument+1))
	if err != nil {
		return fetched{}, fmt.Errorf("jwks: fetch %s: %w", r.url, err)
	}
	if len(document) > maxDocument {
		return fetched{}, fmt.Errorf("jwks: fetch %s: the answer has more than %d octets", r.url, maxDocument)
	}
	if got.set, err = parse(document, r.rsaAlg); err != nil {
		return fetched{}, fmt.Errorf("jwks: fetch %s: %w", r.url, err)
	}
	if redirected { // the ETag is of another URL
		got.etag = ""
	}
	return got, nil
}

// brief cuts the text of an error of which the issuer writes a part, for it comes with every request that fails.
type brief struct{ error }

const maxReason = 1024

func (b brief) Error() string { return cut(b.error.Error()) }
func (b brief) Unwrap() error { return b.error }

func cut(text string) string {
	if len(text) <= maxReason {
		return text
	}
	return strings.ToValidUTF8(text[:maxReason], "") + "…"
}

// follow is the policy for redirects. To plain http they may lead only within the loopback hosts.
func follow(next *http.Request, via []*http.Request) error {
	if len(via) > maxRedirects {
		return fmt.Errorf("jwks: more than %d redirects", maxRedirects)
	}
	bare := *next.URL
	bare.User = nil
	if mistakes := urlMistakes(next.URL); len(mistakes) > 0 {
		return fmt.Errorf("jwks: redirected to %s: %w", &bare, errors.Join(mistakes...))
	}
	outside := func(r *http.Request) bool { return !isLoopback(r.URL.Hostname()) }
	if next.URL.Scheme == "http" && slices.ContainsFunc(via, outside) {
		return fmt.Errorf("jwks: redirected to %s: %w", &bare, errPlain)
	}
	next.Close = true // which redirects forget
	next.Header.Del("If-None-Match")
	return nil
}

var (
	errPlain       = errors.New("use https; http is for localhost, 127.0.0.0/8 and ::1")
	errNoHost      = errors.New("name a host, as in https://issuer.example/.well-known/jwks.json")
	errCredentials = errors.New("leave out user and password; a transport in WithHTTPClient can add a header")
	errLocation    = errors.New("redirected to what cannot be read")
	errFragment    = errors.New("leave out the fragment, what follows #; it is not sent")
)

func urlMistakes(u *url.URL) (found []error) {
	if u.Scheme != "https" && (u.Scheme != "http" || !isLoopback(u.Hostname())) {
		found = append(found, errPlain)
	}
	if u.Hostname() == "" {
		found = append(found, errNoHost)
	}
	if u.User != nil {
		found = append(found, errCredentials)
	}
	if u.Fragment != "" {
		found = append(found, errFragment)
	}
	return found
}

func isLoopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return strings.EqualFold(host, "localhost") || err == nil && addr.IsLoopback()
}

// within tells whether now is less than d after since. A clock that was set back is within nothing.
func within(now, since time.Time, d time.Duration) bool {
	passed := now.Sub(since)
	return passed >= 0 && passed < d
}
