package authjwt

import (
	"context"
	"sync"
	"time"
)

// A limitedContext is what context.WithDeadline makes, but for the timer, which costs as much as the keys of a
// question: it is made for a Store that asks for Done. One that looks at the Deadline needs none.
type limitedContext struct {
	context.Context
	end time.Time

	mu     sync.Mutex
	over   bool
	timed  context.Context // nil until it is needed
	cancel context.CancelFunc
}

// limited is ctx for at most d. Whoever asks it calls finish afterwards.
func limited(ctx context.Context, d time.Duration) *limitedContext {
	end := systemClock().Add(d)
	if earlier, has := ctx.Deadline(); has && earlier.Before(end) {
		end = earlier
	}
	return &limitedContext{Context: ctx, end: end}
}

func (c *limitedContext) finish() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.over = true
	if c.cancel != nil {
		c.cancel()
	}
}

func (c *limitedContext) Deadline() (time.Time, bool) { return c.end, true }

func (c *limitedContext) Done() <-chan struct{} { return c.withTimer().Done() }

func (c *limitedContext) Err() error {
	c.mu.Lock()
	fresh := c.timed == nil && !c.over
	c.mu.Unlock()
	if fresh && c.Context.Err() == nil && systemClock().Before(c.end) {
		return nil
	}
	return c.withTimer().Err()
}

// Value makes the context that has the timer the one that others derive theirs from, without a goroutine.
func (c *limitedContext) Value(key any) any {
	c.mu.Lock()
	timed := c.timed
	c.mu.Unlock()
	if timed != nil {
		return timed.Value(key)
	}
	return c.Context.Value(key)
}

func (c *limitedContext) withTimer() context.Context {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.timed == nil {
		c.timed, c.cancel = context.WithDeadline(c.Context, c.end)
		if c.over {
			c.cancel()
		}
	}
	return c.timed
}
