package authjwt

import (
	"context"
	"time"
)

// An outage is a time in which the Store did not answer, by Settings.Now. It never changes.
type outage struct {
	down time.Time // when the Manager was first told of an error
	up   time.Time // when the first answer came after it; zero while it lasts

	told    time.Time // when the last EventStoreDown was, in this outage or an earlier one; zero: never
	alarmed bool      // no EventStoreRecovered has followed it
}

// eventPause is how far apart EventStoreDowns are: where a part of the Store is away, calls fail and succeed in turn.
const eventPause = time.Second

// noteStore notices when the store goes down and comes back; asked is the context of who asked, for a client
// that leaves says nothing about the store.
func (m *Manager) noteStore(asked context.Context, err error) {
	if err != nil && asked.Err() != nil {
		return
	}
	for {
		last := m.outage.Load()
		lasts := last != nil && last.up.IsZero()
		if err == nil && !lasts || err != nil && lasts && last.alarmed {
			return
		}
		now := m.settings.Now()
		next, tell := &outage{down: now}, EventKind("")
		if last != nil {
			next.told = last.told
		}
		if lasts {
			next.down = last.down
		}
		switch {
		case err == nil:
			next.up = now
			if last.alarmed {
				tell = EventStoreRecovered
			}
		case next.told.IsZero() || now.Sub(next.told).Abs() >= eventPause: // a clock that is set back silences nothing
			next.told, next.alarmed, tell = now, true, EventStoreDown
		}
		if !m.outage.CompareAndSwap(last, next) {
			continue
		}
		if tell != "" {
			m.emit(asked, nil, Event{Kind: tell, Err: err})
		}
		return
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
