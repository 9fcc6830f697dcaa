package redisstore

import (
	"fmt"
	"sync/atomic"
	"time"
)

const (
	// probeEvery is a little less than a second, so that Redis is found back within one.
	probeEvery = 800 * time.Millisecond
	// maxProbe is how long a probe may take.
	maxProbe = 500 * time.Millisecond
)

// A circuit is open while Redis is away: calls fail without asking it, but for a probe now and then.
type circuit struct{ outage atomic.Pointer[outage] }

type outage struct {
	err  error
	next atomic.Int64 // when the next probe is due, as started tells
}

var started = time.Now()

// check is the error that calls get while the circuit is open. When it is time it starts a probe.
func (c *circuit) check(probe func() (recovered bool)) error {
	o := c.outage.Load()
	if o == nil {
		return nil
	}
	now := time.Since(started)
	if due := o.next.Load(); int64(now) >= due && o.next.CompareAndSwap(due, int64(now+probeEvery)) {
		go func() {
			if probe() {
				c.outage.CompareAndSwap(o, nil)
			}
		}()
	}
	return o.err
}

// open opens the circuit unless it is open.
func (c *circuit) open(cause error) {
	o := &outage{err: fmt.Errorf("redisstore: not asked, for it was away: %w", cause)}
	o.next.Store(int64(time.Since(started) + probeEvery))
	c.outage.CompareAndSwap(nil, o)
}
