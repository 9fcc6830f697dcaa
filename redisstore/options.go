package redisstore

import (
	"errors"
	"fmt"
	"time"
)

// An Option shapes a Store; see [New].
type Option func(*config)

type config struct {
	prefix        string
	now           func() time.Time
	anyPolicy     bool
	allowRollback bool
	negativeFor   time.Duration
}

const (
	maxPrefix      = 64
	maxNegativeFor = time.Minute
)

// WithPrefix begins all keys with a text, of at most 64 characters, none of them a brace, for a Redis that is
// shared. Default: none; the keys of a Manager begin with Settings.Name.
func WithPrefix(prefix string) Option { return func(c *config) { c.prefix = prefix } }

// WithClock sets the clock, which must be that of Settings.Now and safe for concurrent use. Default: time.Now.
func WithClock(now func() time.Time) Option { return func(c *config) { c.now = now } }

// WithoutEvictionCheck lets New pass where INFO is forbidden. The policy must be noeviction all the same: with
// another one a full Redis forgets what was revoked.
func WithoutEvictionCheck() Option { return func(c *config) { c.anyPolicy = true } }

// WithNegativeCache lets guards of access tokens remember for d, at most a minute, that token, session and subject
// were not revoked, and not ask again. What is revoked through another Store, and a Redis that has lost its memory,
// is then noticed up to d later; what is revoked through this one counts at once. A login or a refresh
// always asks. Default: off.
func WithNegativeCache(d time.Duration) Option {
	return func(c *config) {
		c.negativeFor = d
		if d <= 0 {
			c.negativeFor = -1
		}
	}
}

// InsecureAllowRollback accepts a Redis that has lost its latest writes, as a replica may have when it is
// promoted: nobody is logged out, and what was revoked in that time counts again. A Redis that is empty is
// noticed all the same.
func InsecureAllowRollback() Option { return func(c *config) { c.allowRollback = true } }

func (c *config) validate() error {
	var found []error
	if len(c.prefix) > maxPrefix || !isPlain(c.prefix) {
		found = append(found, fmt.Errorf("redisstore: WithPrefix: %q is no beginning of keys; use at most %d printable ASCII characters, no braces", c.prefix, maxPrefix))
	}
	if c.now == nil {
		found = append(found, errors.New("redisstore: WithClock: the clock is nil; leave the option out for time.Now"))
	}
	if c.negativeFor < 0 || c.negativeFor > maxNegativeFor {
		found = append(found, fmt.Errorf("redisstore: WithNegativeCache: it must be more than 0 and at most %v; a plain number counts nanoseconds, so write 2*time.Second", maxNegativeFor))
	}
	return errors.Join(found...)
}

func isPlain(text string) bool {
	for i := range len(text) {
		if c := text[i]; c <= ' ' || c > '~' || c == '{' || c == '}' {
			return false
		}
	}
	return true
}
