package authjwt

import (
	"context"
	"time"
)

// An outage is a time in which the Store did not answer, by Settings.Now. It never changes.
type outage struct {
	down time.Time // when the Manager was first told of an error
	up   time.Time // when the first answer came after it; zero while it lasts
}

// noteStore notices when the store goes down and comes back; asked is the context of who asked, for a client
// that leaves says nothing about the store.
func (m *Manager) noteStore(asked context.Context, err error) {
	if err != nil && asked.Err() != nil {
		return
	}
	for {
		last := m.outage.Load()
		if lasts := last != nil && last.up.IsZero(); lasts == (err != nil) {
			return
		}
		next, told := &outage{down: m.settings.Now()}, Event{Kind: EventStoreDown, Err: err}
		if err == nil {
			next.down, next.up, told.Kind = last.down, next.down, EventStoreRecovered
		}
		if m.outage.CompareAndSwap(last, next) {
			m.emit(asked, told)
			return
		}
	}
}

// outageMargin is how long before the first error, and its timeout, a call may have been made that the store
// carried out all the same.
const outageMargin = time.Second

// usedFrom is when the grace of a refresh token that was first used then begins. A store that hangs may carry out
// an Add whose caller was told 503, and who cannot come back before the store does: a use in the last outage counts
// from its end.
func (m *Manager) usedFrom(first, now time.Time) time.Time {
	last := m.outage.Load()
	if last == nil || first.Before(last.down.Add(-m.settings.StoreTimeout-outageMargin)) {
		return first
	}
	up := last.up
	if up.IsZero() {
		up = now
	}
	if first.After(up) {
		return first
	}
	return up
}
