package redisstore

import (
	"fmt"
	"sync/atomic"
	"time"
)

const (
	// probeEvery is a little less than a second, so that Redis is found back within one.
	probeEvery = 800 * time.Millisecond
	// maxProbe is how long a probe may take, which dials and greets first.
	maxProbe = 3 * time.Second
)

// A circuit is open while Redis is away: calls fail without asking it, but for a probe now and then.
type circuit struct{ outage atomic.Pointer[outage] }

type outage struct {
	err  error        // of calls meanwhile
	next atomic.Int64 // when the next probe is due, since started
}

var started = time.Now()

// probeIsDue is true for one caller each time.
func (o *outage) probeIsDue() bool {
	now, due := time.Since(started), o.next.Load()
	return int64(now) >= due && o.next.CompareAndSwap(due, int64(now+probeEvery))
}

// open opens the circuit unless it is open.
func (c *circuit) open(cause error) {
	o := &outage{err: fmt.Errorf("redisstore: not asked, for it was away: %w", cause)}
	o.next.Store(int64(time.Since(started) + probeEvery))
	c.outage.CompareAndSwap(nil, o)
}
