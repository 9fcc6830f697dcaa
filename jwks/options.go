package jwks

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"time"
)

// An Option shapes a Remote; see [NewRemote].
type Option func(*config)

type config struct {
	client      *http.Client
	now         func() time.Time
	timeout     time.Duration
	least, most time.Duration
	maxStale    time.Duration
	rsaAlg      string
	logger      *slog.Logger // nil: none
}

func defaults() config {
	return config{
		client:   &http.Client{},
		now:      time.Now,
		timeout:  5 * time.Second,
		least:    time.Minute,
		most:     time.Hour,
		maxStale: time.Hour,
		rsaAlg:   defaultRSA,
	}
}

const (
	maxTimeout  = time.Minute
	maxLifetime = 24 * time.Hour
	maxMaxStale = 7 * 24 * time.Hour
)

// WithHTTPClient sets the client that fetches, of which a copy is used with CheckRedirect replaced; its Transport and
// Jar must be safe for concurrent use. Default: a client with http.DefaultTransport.
func WithHTTPClient(client *http.Client) Option { return func(c *config) { c.client = client } }

// WithClock sets the clock, which must be safe for concurrent use. Default: time.Now.
func WithClock(now func() time.Time) Option { return func(c *config) { c.now = now } }

// WithTimeout bounds a fetch, redirects and body included, to d, at most a minute. Default: 5 s. A caller's context
// can end its own wait earlier, not the fetch.
func WithTimeout(d time.Duration) Option { return func(c *config) { c.timeout = d } }

// WithLifetime bounds for how long a set is fresh, whatever the issuer's Cache-Control says (RFC 9111 §5.2.2.1), from
// a second to a day. For up to most a key verifies after the issuer has removed it. Default: a minute and an hour; where the
// issuer says nothing, 15 minutes.
func WithLifetime(least, most time.Duration) Option {
	return func(c *config) { c.least, c.most = least, most }
}

// WithMaxStale sets for how long the last good set serves after it was fresh while the issuer cannot be reached or
// answers anything but a good set; 0 is not at all, a week the most. Default: an hour. That outlasts a deployment, or somebody
// who has to be woken; a day would be long for a key that the issuer has withdrawn because it was stolen, for its
// thief need only keep the issuer from being reached.
func WithMaxStale(d time.Duration) Option { return func(c *config) { c.maxStale = d } }

// WithRSAAlgorithm names the algorithm of RSA keys without alg: RS256, RS384, RS512, PS256, PS384 or PS512.
// Default: RS256, as for an OpenID Provider that says nothing.
func WithRSAAlgorithm(alg string) Option { return func(c *config) { c.rsaAlg = alg } }

func (c *config) validate() error {
	var found []error
	wrong := func(option, format string, args ...any) {
		found = append(found, fmt.Errorf("jwks: "+option+": "+format, args...))
	}
	if c.client == nil {
		wrong("WithHTTPClient", "the client is nil; leave the option out for the default")
	}
	if c.now == nil {
		wrong("WithClock", "the clock is nil; leave the option out for time.Now")
	}
	if c.timeout < time.Millisecond || c.timeout > maxTimeout {
		wrong("WithTimeout", "%v is not within a millisecond and %v; a plain number counts nanoseconds, so write 5*time.Second", c.timeout, maxTimeout)
	}
	if c.least < time.Second || c.most < c.least || c.most > maxLifetime {
		wrong("WithLifetime", "%v and %v are not in order within a second and %v; a plain number counts nanoseconds, so write time.Minute, time.Hour", c.least, c.most, maxLifetime)
	}
	if c.maxStale != 0 && (c.maxStale < time.Second || c.maxStale > maxMaxStale) {
		wrong("WithMaxStale", "%v is neither 0 nor within a second and %v; a plain number counts nanoseconds, so write time.Hour", c.maxStale, maxMaxStale)
	}
	if !slices.Contains(rsaAlgs, c.rsaAlg) {
		wrong("WithRSAAlgorithm", "%q is none of %q", c.rsaAlg, rsaAlgs)
	}
	return errors.Join(found...)
}
