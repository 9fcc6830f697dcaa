package authjwttest

import (
	"sync"
	"time"
)

// Clock is a clock that stands still until a test moves it. The zero value begins at the real time, in whole seconds, when it
// is first used; its method Now is a Settings.Now, of several Managers if they are to share the time. It is safe for
// concurrent use, and a nil Clock panics.
type Clock struct {
	mu      sync.Mutex
	now     time.Time
	started bool
	reads   int
}

// Now is what the clock says.
func (c *Clock) Now() (now time.Time) {
	c.turn(func() {
		c.reads++
		now = c.now
	})
	return now
}

// Advance moves the clock by d, which may be negative.
func (c *Clock) Advance(d time.Duration) { c.turn(func() { c.now = c.now.Add(d) }) }

// Set moves the clock to t.
func (c *Clock) Set(t time.Time) { c.turn(func() { c.now = t }) }

func (c *Clock) turn(do func()) {
	if c == nil {
		panic("authjwttest: this Manager has no Clock, for Settings.Now was given; move that clock, or leave Now out")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.started {
		c.started, c.now = true, time.Now().Truncate(time.Second)
	}
	do()
}

// drives tells whether now reads the clock.
func (c *Clock) drives(now func() time.Time) bool {
	before := c.reads
	now()
	return c.reads > before
}
