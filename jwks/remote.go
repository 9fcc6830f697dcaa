package jwks

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	askAgainAfter  = time.Minute      // for a kid that is not known
	failAgainAfter = 10 * time.Second // for an issuer that has failed
	downAfter      = time.Minute      // how long after a failure its set serves without another wait
)

// Remote is the JWK Set of an outside issuer, an authjwt.KeySet. It is safe for concurrent use. It has a goroutine only
// while it fetches, for which there is one request at a time, whoever waits for it.
type Remote struct {
	config
	url string

	mu      sync.Mutex
	got     fetched // the last good set, or none
	gotAt   time.Time
	askedAt time.Time
	failure error // of the last fetch
	failed  time.Time
	flight  chan struct{} // closed at the end of the fetch that is under way
	told    told          // of that fetch alone
}

var (
	errNilOption = errors.New("jwks: an Option is nil; leave it out")
	errNoSet     = errors.New("jwks: there is no set, or none that is not too old")
)

// NewRemote makes a Remote for the JWK Set at url, such as an OpenID Provider's jwks_uri. It asks nothing of the
// issuer: the first call of VerificationKey does. The url must be https; http does for localhost, 127.0.0.0/8 and ::1.
// It is no secret: errors and the log name it.
func NewRemote(url string, opts ...Option) (*Remote, error) {
	r := &Remote{url: url, config: defaults()}
	for _, opt := range opts {
		if opt == nil {
			return nil, errNilOption
		}
		opt(&r.config)
	}
	if err := errors.Join(checkURL(url), r.validate()); err != nil {
		return nil, err
	}
	client := *r.client
	r.client = &client
	return r, nil
}

func checkURL(text string) error {
	u, err := url.Parse(text)
	if err != nil && strings.Contains(text, "@") { // whose error would have the password in it
		err = errors.New("it cannot be read")
	}
	if err != nil {
		return fmt.Errorf("jwks: url: %w; write it as in https://issuer.example/.well-known/jwks.json", err)
	}
	found := urlMistakes(u)
	for i, mistake := range found {
		found[i] = fmt.Errorf("jwks: url: %w", mistake)
	}
	return errors.Join(found...)
}

// VerificationKey returns a copy of the key whose kid and algorithm both are those asked for, or nil; without kid, the
// key if the algorithm has exactly one. It fetches the set, and waits for that or for the end of ctx, if there is none, if
// it is not fresh any more, so that keys which the issuer has removed do not verify, or if the kid is not in it: then once
// a minute at most, whatever is asked for. Keys that are there do not wait for those that are not.
//
// A fetch fails if the issuer cannot be reached, answers anything but 200, more than 1 MiB or a set that [Parse]
// refuses, or redirects more than three times or to plain http. It is tried again after ten seconds, for an unknown kid after a minute. Meanwhile the last
// good set serves, for as long as WithMaxStale allows; after that, and for a kid that is not in it, there is
// an error, so that authjwt answers 503.
func (r *Remote) VerificationKey(ctx context.Context, kid, alg string) (crypto.PublicKey, error) {
	if !slices.Contains(allAlgs, alg) {
		return nil, nil
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	found, flight, err := r.look(kid, alg, true)
	if flight == nil {
		return found, err
	}
	select {
	case <-flight:
		found, _, err = r.look(kid, alg, false)
		return found, err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// look answers from what is there, or with the fetch that has to be waited for.
func (r *Remote) look(kid, alg string, canWait bool) (crypto.PublicKey, <-chan struct{}, error) {
	now := r.now()
	r.mu.Lock()
	defer r.mu.Unlock()
	found, known := r.got.set.find(kid, alg)
	fresh := r.got.set != nil && (within(now, r.gotAt, r.got.life) || !canWait && r.failure == nil) // this was what was waited for
	usable := r.got.set != nil && within(now, r.gotAt, r.got.life+r.maxStale)
	if canWait && r.flight == nil && r.mustAsk(now, fresh, known) {
		r.ask(now)
	}
	switch {
	case known && (fresh || usable && within(now, r.failed, downAfter)):
		return found, nil, nil
	case canWait && r.flight != nil:
		return nil, r.flight, nil
	case !usable:
		return nil, nil, errors.Join(errNoSet, r.failure)
	case known:
		return found, nil, nil
	default:
		return nil, nil, r.failure // the kid may be known meanwhile
	}
}

func (r *Remote) mustAsk(now time.Time, fresh, known bool) bool {
	if fresh {
		return !known && !within(now, r.askedAt, askAgainAfter)
	}
	return !within(now, r.failed, failAgainAfter)
}

// ask begins a fetch. It does not end with the context of whoever waits for it.
func (r *Remote) ask(now time.Time) {
	flight := make(chan struct{})
	r.flight, r.askedAt = flight, now
	former := r.got
	go func() {
		got, err := r.fetch(former)
		at := r.now()
		r.tell(got, err)
		r.mu.Lock()
		defer r.mu.Unlock()
		defer close(flight)
		r.flight, r.failure = nil, err
		if err != nil {
			r.failed = at
			r.got.etag = "" // which may be why; without it the answer is a whole one
			return
		}
		r.got, r.gotAt, r.failed = got, now, time.Time{}
	}()
}
