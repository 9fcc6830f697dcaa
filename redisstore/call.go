package redisstore

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"
)

const (
	// minBudget is what Redis gets, although a caller may have less time: one hurried caller shall not open the
	// circuit for all.
	minBudget = 250 * time.Millisecond
	// maxBudget is for calls whose context has no deadline.
	maxBudget = time.Second
	// soon is when nearly all pipelines are back.
	soon = 20 * time.Millisecond
)

// A call is what one Add, Set or Get, or one call for sessions, wants of a part. Its results belong to the caller once it is settled.
type call struct {
	reads    []string
	places   []int // of reads in what was asked
	write    *write
	question question      // about sessions
	counted  bool          // the question writes what must not be forgotten
	budget   time.Duration // of the pipeline that it flies with
	left     time.Duration // until its context's deadline
	gone     atomic.Bool   // the caller does not wait any more

	news  chan bool // true once it is settled, and before that perhaps false: it takes longer
	told  bool      // of that; guarded by the part
	err   error
	times []time.Time // of reads
}

// newCall makes a call, or takes one that was recycled.
func (s *Store) newCall(ctx context.Context) *call {
	c, _ := s.calls.Get().(*call)
	if c == nil {
		c = &call{news: make(chan bool, 2)}
	}
	c.budget, c.left = maxBudget, maxBudget
	if deadline, has := ctx.Deadline(); has {
		c.left = time.Until(deadline)
		c.budget = max(c.left, minBudget)
	}
	return c
}

// recycle is for calls that were waited for without an error: nobody else knows them any more.
func (s *Store) recycle(c *call) {
	clear(c.reads)
	c.reads, c.places, c.times, c.write, c.told = c.reads[:0], c.places[:0], c.times[:0], nil, false
	c.question, c.counted = nil, false
	s.calls.Put(c)
}

func (c *call) settle(err error) {
	c.err = err
	c.news <- true
}

// warn tells the caller that it takes longer.
func (c *call) warn() {
	if !c.told {
		c.told = true
		c.news <- false
	}
}

// wait waits no longer than ctx, whatever the client's options say. To wait for ctx as well costs most where it must
// make its timer first, so that is done only where it takes longer.
func (c *call) wait(ctx context.Context) error {
	if c.left > 2*soon && <-c.news {
		return c.err
	}
	for {
		select {
		case settled := <-c.news:
			if settled {
				return c.err
			}
		case <-ctx.Done():
			c.gone.Store(true)
			return fmt.Errorf("redisstore: no answer in time: %w", ctx.Err())
		}
	}
}
