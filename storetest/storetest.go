// Package storetest checks implementations of authjwt.Store and authjwt.SessionStore against their contracts.
package storetest

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

// Advancer is a Store whose clock a test can move. Of other stores Run waits for the expiry.
type Advancer interface {
	authjwt.Store
	// Advance moves the clock forward.
	Advance(d time.Duration)
	// Time is what the clock says.
	Time() time.Time
}

// Run plays the contract of authjwt.Store, concurrency and expiry included, against the stores that newStore
// makes. Every store must be empty for the keys that Run has not used before; the clock of one that is no
// [Advancer] must be right to a second.
func Run(t *testing.T, newStore func(t *testing.T) authjwt.Store) {
	for _, part := range []struct {
		name string
		play func(t *testing.T, s *session)
	}{
		{"Get finds nothing at first", getNothing},
		{"Get answers in the order of the keys", getInOrder},
		{"Get of no keys", getNoKeys},
		{"Get of many keys", getMany},
		{"Set replaces", setReplaces},
		{"Add keeps the first", addKeepsFirst},
		{"Add sees what Set wrote", addSeesSet},
		{"Add once among many", addOnce},
		{"times keep milliseconds", keepsMilliseconds},
		{"keys differ in a letter", keysAreExact},
		{"a zero time is refused", refusesZero},
		{"a done context is an error", refusesDone},
		{"entries live as long as they must", livesUntil},
		{"entries end", ends},
		{"an end already over", alreadyOver},
		{"concurrent use", concurrentUse},
	} {
		t.Run(part.name, func(t *testing.T) {
			part.play(t, &session{Store: newStore(t), prefix: fmt.Sprintf("storetest:%d:", serial.Add(1))})
		})
	}
}

var serial atomic.Int64

// A session has keys of its own, of both kinds.
type session struct {
	authjwt.Store
	prefix string
	keys   int
}

// now is the time of the store's clock.
func (s *session) now() time.Time {
	if clock, ok := s.Store.(Advancer); ok {
		return clock.Time()
	}
	return time.Now()
}

// eachKind plays f with a key that names its end, an hour ahead, and with one that does not.
func (s *session) eachKind(t *testing.T, f func(t *testing.T, key string, until time.Time)) {
	until := s.now().Add(time.Hour)
	t.Run("of a token", func(t *testing.T) { f(t, s.key(until), until) })
	t.Run("of a subject", func(t *testing.T) { f(t, s.key(time.Time{}), until) })
}

// key is a new key; end may be zero.
func (s *session) key(end time.Time) string {
	s.keys++
	key := fmt.Sprint(s.prefix, "k", s.keys)
	if end.IsZero() {
		return key
	}
	return fmt.Sprint(key, "@", end.Unix())
}

// at is a time that loses nothing in a store.
func (s *session) at(d time.Duration) time.Time { return s.now().Add(d).Truncate(time.Millisecond) }

func (s *session) get(t *testing.T, keys ...string) []time.Time {
	t.Helper()
	times, err := s.Get(t.Context(), keys...)
	require.NoError(t, err)
	require.Len(t, times, len(keys))
	return times
}

func same(t *testing.T, want, got time.Time) {
	t.Helper()
	assert.True(t, want.Equal(got), "want %v, got %v", want, got)
}

func getNothing(t *testing.T, s *session) {
	s.eachKind(t, func(t *testing.T, key string, _ time.Time) {
		assert.True(t, s.get(t, key)[0].IsZero())
	})
}

func getInOrder(t *testing.T, s *session) {
	until := s.now().Add(time.Hour)
	a, b, c := s.key(until), s.key(time.Time{}), s.key(until.Add(time.Hour))
	first, second := s.at(0), s.at(-time.Minute)
	require.NoError(t, s.Set(t.Context(), a, first, until))
	require.NoError(t, s.Set(t.Context(), b, second, until))
	got := s.get(t, b, c, a, b)
	same(t, second, got[0])
	assert.True(t, got[1].IsZero())
	same(t, first, got[2])
	same(t, second, got[3])
}

func getNoKeys(t *testing.T, s *session) { assert.Empty(t, s.get(t)) }

func getMany(t *testing.T, s *session) {
	until, value := s.now().Add(time.Hour), s.at(0)
	keys := make([]string, 200)
	for i := range keys {
		keys[i] = s.key(until.Add(time.Duration(i) * time.Hour))
		if i%3 == 0 {
			require.NoError(t, s.Set(t.Context(), keys[i], value.Add(time.Duration(i)), until))
		}
	}
	for i, got := range s.get(t, keys...) {
		assert.Equal(t, i%3 != 0, got.IsZero(), i)
	}
}

func setReplaces(t *testing.T, s *session) {
	s.eachKind(t, func(t *testing.T, key string, until time.Time) {
		for _, value := range []time.Time{s.at(0), s.at(time.Second), s.at(-time.Hour)} {
			require.NoError(t, s.Set(t.Context(), key, value, until))
			same(t, value, s.get(t, key)[0])
		}
	})
}

func addKeepsFirst(t *testing.T, s *session) {
	s.eachKind(t, func(t *testing.T, key string, until time.Time) {
		first := s.at(0)
		present, added, err := s.Add(t.Context(), key, first, until)
		require.NoError(t, err)
		assert.True(t, added)
		same(t, first, present)
		for range 2 {
			present, added, err = s.Add(t.Context(), key, s.at(time.Minute), until.Add(time.Hour))
			require.NoError(t, err)
			assert.False(t, added)
			same(t, first, present)
		}
		same(t, first, s.get(t, key)[0])
	})
}

func addSeesSet(t *testing.T, s *session) {
	s.eachKind(t, func(t *testing.T, key string, until time.Time) {
		value := s.at(0)
		require.NoError(t, s.Set(t.Context(), key, value, until))
		present, added, err := s.Add(t.Context(), key, s.at(time.Minute), until)
		require.NoError(t, err)
		assert.False(t, added)
		same(t, value, present)
	})
}

func addOnce(t *testing.T, s *session) {
	s.eachKind(t, func(t *testing.T, key string, until time.Time) {
		const callers = 64
		base := s.at(0)
		var added atomic.Int64
		presents := make([]time.Time, callers)
		together(callers, func(i int) {
			present, first, err := s.Add(t.Context(), key, base.Add(time.Duration(i)*time.Millisecond), until)
			if assert.NoError(t, err) && first {
				added.Add(1)
			}
			presents[i] = present
		})
		assert.EqualValues(t, 1, added.Load())
		for _, present := range presents {
			same(t, presents[0], present)
		}
		same(t, presents[0], s.get(t, key)[0])
	})
}

// together runs f of 0 to n-1 at once.
func together(n int, f func(i int)) {
	var ready, done sync.WaitGroup
	ready.Add(n)
	for i := range n {
		done.Go(func() {
			ready.Done()
			ready.Wait()
			f(i)
		})
	}
	done.Wait()
}

func keepsMilliseconds(t *testing.T, s *session) {
	s.eachKind(t, func(t *testing.T, key string, until time.Time) {
		value := time.Date(2026, 3, 1, 12, 0, 0, 7_000_000, time.FixedZone("", 3600))
		require.NoError(t, s.Set(t.Context(), key, value, until))
		same(t, value, s.get(t, key)[0])
	})
}

func keysAreExact(t *testing.T, s *session) {
	until := s.now().Add(time.Hour)
	end := fmt.Sprint("@", until.Unix())
	require.NoError(t, s.Set(t.Context(), s.prefix+"denied:aB-_"+end, s.at(0), until))
	for _, other := range []string{
		"denied:ab-_" + end, "denied:aB-" + end, "denied:aB-_", "denied:aB-_" + end + "0", "used:aB-_" + end, "", "denied:*" + end,
	} {
		assert.True(t, s.get(t, s.prefix+other)[0].IsZero(), other)
	}
}

func refusesZero(t *testing.T, s *session) {
	s.eachKind(t, func(t *testing.T, key string, until time.Time) {
		assert.Error(t, s.Set(t.Context(), key, time.Time{}, until))
		_, added, err := s.Add(t.Context(), key, time.Time{}, until)
		assert.Error(t, err)
		assert.False(t, added)
		assert.True(t, s.get(t, key)[0].IsZero())
	})
}

func refusesDone(t *testing.T, s *session) {
	s.eachKind(t, func(t *testing.T, key string, until time.Time) {
		done, cancel := context.WithCancel(t.Context())
		cancel()
		assert.Error(t, s.Set(done, key, s.at(0), until))
		_, added, err := s.Add(done, key, s.at(0), until)
		assert.Error(t, err)
		assert.False(t, added)
		_, err = s.Get(done, key)
		assert.Error(t, err)
		assert.True(t, s.get(t, key)[0].IsZero(), "it was written all the same")
	})
}

// pass lets d go by.
func (s *session) pass(d time.Duration) {
	if clock, ok := s.Store.(Advancer); ok {
		clock.Advance(d)
		return
	}
	time.Sleep(d)
}

func livesUntil(t *testing.T, s *session) {
	soon, value := s.now().Add(3*time.Second), s.at(0)
	token, subject, always, later := s.key(soon), s.key(time.Time{}), s.key(time.Time{}), s.key(soon)
	for _, entry := range []struct {
		key   string
		until time.Time
	}{{later, soon.Add(time.Hour)}, {token, soon}, {subject, soon}, {always, time.Time{}}} {
		require.NoError(t, s.Set(t.Context(), entry.key, value, entry.until))
	}
	s.pass(2 * time.Second)
	for _, got := range s.get(t, token, subject, always, later) {
		same(t, value, got)
	}
	s.pass(2 * time.Second)
	got := s.get(t, always, later) // the latter's key names an earlier end than its entry has
	same(t, value, got[0])
	same(t, value, got[1])
	if _, ok := s.Store.(Advancer); ok {
		s.pass(100 * 365 * 24 * time.Hour)
		same(t, value, s.get(t, always)[0])
	}
}

// Some time after the end, here an hour where the clock can be moved, there is room again.
func ends(t *testing.T, s *session) {
	soon := s.now().Add(time.Second)
	for _, key := range []string{s.key(soon), s.key(time.Time{})} {
		require.NoError(t, s.Set(t.Context(), key, s.at(0), soon))
		_, movable := s.Store.(Advancer)
		if !movable && !s.get(t, key)[0].IsZero() {
			s.pass(3 * time.Second)
		} else {
			s.pass(time.Hour)
		}
		assert.True(t, s.get(t, key)[0].IsZero(), key)
		value := s.at(0)
		present, added, err := s.Add(t.Context(), key, value, s.now().Add(time.Hour))
		require.NoError(t, err)
		assert.True(t, added)
		same(t, value, present)
	}
}

// What ended before it was written needs no room, but is no error either.
func alreadyOver(t *testing.T, s *session) {
	past := s.now().Add(-2 * time.Hour)
	for _, key := range []string{s.key(past), s.key(time.Time{})} {
		require.NoError(t, s.Set(t.Context(), key, s.at(0), past))
		_, _, err := s.Add(t.Context(), key, s.at(0), past)
		require.NoError(t, err)
	}
}

func concurrentUse(t *testing.T, s *session) {
	until := s.now().Add(time.Hour)
	keys := []string{s.key(until), s.key(time.Time{}), s.key(until.Add(time.Hour))}
	together(16, func(i int) {
		for j := range 50 {
			key := keys[(i+j)%len(keys)]
			switch j % 3 {
			case 0:
				assert.NoError(t, s.Set(t.Context(), key, s.at(0), until))
			case 1:
				_, _, err := s.Add(t.Context(), key, s.at(0), until)
				assert.NoError(t, err)
			default:
				times, err := s.Get(t.Context(), keys...)
				assert.NoError(t, err)
				assert.Len(t, times, len(keys))
			}
		}
	})
	for _, got := range s.get(t, keys...) {
		assert.False(t, got.IsZero())
	}
}
