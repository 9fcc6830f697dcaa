package storetest_test

import (
	"sync"
	"testing"
	"time"

	"github.com/gin-authjwt/authjwt"
	"github.com/gin-authjwt/authjwt/storetest"
)

// clocked is a MemoryStore with a clock to move.
type clocked struct {
	*authjwt.MemoryStore
	mu  sync.Mutex
	now time.Time
}

func newClocked() *clocked {
	c := &clocked{now: time.Date(2026, 3, 1, 12, 7, 30, 0, time.UTC)}
	c.MemoryStore = &authjwt.MemoryStore{Now: c.Time}
	return c
}

func (c *clocked) Time() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clocked) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func TestMemoryStore(t *testing.T) {
	storetest.Run(t, func(*testing.T) authjwt.Store { return newClocked() })
}

// Without faults the wrapper is its store.
func TestFaulty(t *testing.T) {
	storetest.Run(t, func(*testing.T) authjwt.Store {
		c := newClocked()
		return struct {
			*storetest.Faulty
			clock
		}{storetest.NewFaulty(c), c}
	})
}

func TestFaulty_Sessions(t *testing.T) {
	storetest.RunSessions(t, func(*testing.T) authjwt.SessionStore {
		c := newClocked()
		return struct {
			*storetest.Faulty
			clock
		}{storetest.NewFaulty(c), c}
	})
}

type clock interface {
	Advance(d time.Duration)
	Time() time.Time
}
