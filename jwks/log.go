package jwks

import "log/slog"

// WithLogger logs each fetch that fails, at level Warn, for the last good set hides it; the first that succeeds again; and, once
// for each reason, which keys of a set were left out, both at level Info. It is called outside of requests. Default: nothing is logged.
func WithLogger(logger *slog.Logger) Option { return func(c *config) { c.logger = logger } }

// told is what was logged last; fetches, one at a time, use it.
type told struct {
	failed  bool
	leftOut string
}

// tell logs what a fetch has brought.
func (r *Remote) tell(got fetched, err error) {
	defer func() { _ = recover() }() // a handler's panic would end the program
	if r.logger == nil {
		return
	}
	if err != nil {
		r.told.failed = true
		r.logger.Warn("jwks: the key set cannot be fetched", "url", r.url, "error", err)
		return
	}
	if r.told.failed {
		r.told.failed = false
		r.logger.Info("jwks: the key set is fetched again", "url", r.url)
	}
	var leftOut string
	if err := got.set.LeftOut(); err != nil {
		leftOut = cut(err.Error())
	}
	if leftOut != r.told.leftOut && leftOut != "" {
		r.logger.Info("jwks: keys of the set are left out", "url", r.url, "why", leftOut)
	}
	r.told.leftOut = leftOut
}
