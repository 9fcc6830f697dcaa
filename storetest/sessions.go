package storetest

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

// SessionAdvancer is a SessionStore whose clock a test can move. Of other stores RunSessions waits for the
// expiry.
type SessionAdvancer interface {
	authjwt.SessionStore
	// Advance moves the clock forward.
	Advance(d time.Duration)
	// Time is what the clock says.
	Time() time.Time
}

// RunSessions plays the contract of authjwt.SessionStore, concurrency and expiry included, against the stores that
// newStore makes. Every store must be empty for the owners that RunSessions has not used before; the clock of one
// that is no [SessionAdvancer] must be right to a second.
func RunSessions(t *testing.T, newStore func(t *testing.T) authjwt.SessionStore) {
	for _, part := range []struct {
		name string
		play func(t *testing.T, l *lists)
	}{
		{"nothing is listed at first", listsNothing},
		{"a record is listed as it was put", listsRecords},
		{"PutSession replaces", putReplaces},
		{"owners are apart", ownersAreApart},
		{"owners and ids are exact", namesAreExact},
		{"RemoveSessions", removes},
		{"records are copied", recordsAreCopied},
		{"a done context is an error", sessionsRefuseDone},
		{"records live as long as they must", recordsLive},
		{"records end", recordsEnd},
		{"an end already over", recordIsOver},
		{"the first to end are dropped", dropsFirstToEnd},
		{"the new one stays", keepsTheNew},
		{"what is over is not dropped", dropsNoneForOver},
		{"concurrent use", sessionsConcurrently},
	} {
		t.Run(part.name, func(t *testing.T) {
			part.play(t, &lists{SessionStore: newStore(t), prefix: fmt.Sprintf("storetest-%d-", serial.Add(1))})
		})
	}
}

// Lists have owners of their own.
type lists struct {
	authjwt.SessionStore
	prefix string
	owners int
}

func (l *lists) now() time.Time {
	if clock, ok := l.SessionStore.(SessionAdvancer); ok {
		return clock.Time()
	}
	return time.Now()
}

func (l *lists) pass(d time.Duration) {
	if clock, ok := l.SessionStore.(SessionAdvancer); ok {
		clock.Advance(d)
		return
	}
	time.Sleep(d)
}

// owner is a new one.
func (l *lists) owner() string {
	l.owners++
	return fmt.Sprint(l.prefix, "owner", l.owners)
}

func (l *lists) hour() time.Time { return l.now().Add(time.Hour) }

// put is of an owner who has few.
func (l *lists) put(t *testing.T, owner, id, record string, until time.Time) {
	t.Helper()
	dropped, err := l.PutSession(t.Context(), owner, id, []byte(record), until)
	require.NoError(t, err)
	require.Empty(t, dropped, "there is room")
}

// has checks what is listed; want has ids and records by turns.
func (l *lists) has(t *testing.T, owner string, want ...string) {
	t.Helper()
	l.hasBeside(t, owner, nil, want...)
}

// hasBeside is has where others may be listed as well.
func (l *lists) hasBeside(t *testing.T, owner string, others []string, want ...string) {
	t.Helper()
	got, err := l.ListSessions(t.Context(), owner)
	require.NoError(t, err)
	records, wanted := map[string]string{}, map[string]string{}
	for id, record := range got {
		if !slices.Contains(others, id) {
			records[id] = string(record)
		}
	}
	for i := 0; i < len(want); i += 2 {
		wanted[want[i]] = want[i+1]
	}
	assert.Equal(t, wanted, records)
}

func listsNothing(t *testing.T, l *lists) {
	owner := l.owner()
	l.has(t, owner)
}

func listsRecords(t *testing.T, l *lists) {
	owner := l.owner()
	every := make([]byte, 256)
	for i := range every {
		every[i] = byte(i)
	}
	long := string(bytes.Repeat(every, 64))
	want := []string{"a", string(every), "b", "", "c", "null", "d", long, `e!"#*?[{}]~`, "{}", "f", "1.5"}
	for i := 0; i < len(want); i += 2 {
		l.put(t, owner, want[i], want[i+1], l.hour())
	}
	l.has(t, owner, want...)
	none := l.owner()
	_, err := l.PutSession(t.Context(), none, "nil", nil, l.hour())
	require.NoError(t, err)
	l.has(t, none, "nil", "")
}

func putReplaces(t *testing.T, l *lists) {
	owner := l.owner()
	l.put(t, owner, "other", "o", l.hour())
	for i, until := range []time.Time{l.hour(), {}, l.now().Add(time.Minute), l.hour().Add(time.Hour)} {
		record := fmt.Sprint("record", i)
		l.put(t, owner, "a", record, until)
		l.has(t, owner, "other", "o", "a", record)
	}
}

func ownersAreApart(t *testing.T, l *lists) {
	one, two := l.owner(), l.owner()
	l.put(t, one, "a", "one", l.hour())
	l.has(t, two)
	l.put(t, two, "a", "two", l.hour())
	l.has(t, one, "a", "one")
	require.NoError(t, l.RemoveSessions(t.Context(), two, "a"))
	l.has(t, one, "a", "one")
	l.has(t, two)
}

func namesAreExact(t *testing.T, l *lists) {
	first := l.owner()
	owner := first + ":aB-_"
	for _, id := range []string{"iD", "id", "iDD", "i"} {
		l.put(t, owner, id, "of "+id, l.hour())
	}
	for _, other := range []string{l.prefix + "*", owner[:len(owner)-1], owner + "0", owner + ":", first + ":ab-_", ""} {
		l.has(t, other)
	}
	l.has(t, owner, "iD", "of iD", "id", "of id", "iDD", "of iDD", "i", "of i")
	require.NoError(t, l.RemoveSessions(t.Context(), owner, "id", "ID", "", "*", "iDDD", "D"))
	l.has(t, owner, "iD", "of iD", "iDD", "of iDD", "i", "of i")
}

func removes(t *testing.T, l *lists) {
	owner := l.owner()
	require.NoError(t, l.RemoveSessions(t.Context(), owner, "a"))
	for _, id := range []string{"a", "b", "c", "d"} {
		l.put(t, owner, id, id, l.hour())
	}
	require.NoError(t, l.RemoveSessions(t.Context(), owner))
	l.has(t, owner, "a", "a", "b", "b", "c", "c", "d", "d")
	require.NoError(t, l.RemoveSessions(t.Context(), owner, "d", "x", "b", "b"))
	l.has(t, owner, "a", "a", "c", "c")
	require.NoError(t, l.RemoveSessions(t.Context(), owner, "a", "c"))
	l.has(t, owner)
	l.put(t, owner, "b", "again", l.hour())
	l.has(t, owner, "b", "again")
}

func recordsAreCopied(t *testing.T, l *lists) {
	owner, record := l.owner(), []byte("record")
	_, err := l.PutSession(t.Context(), owner, "a", record, l.hour())
	require.NoError(t, err)
	copy(record, "XXXXXX")
	for range 2 {
		got, err := l.ListSessions(t.Context(), owner)
		require.NoError(t, err)
		require.Equal(t, "record", string(got["a"]), "what the caller has changed is kept")
		copy(got["a"], "YYYYYY")
		got["b"] = nil
		delete(got, "a")
	}
}

func sessionsRefuseDone(t *testing.T, l *lists) {
	owner := l.owner()
	l.put(t, owner, "a", "record", l.hour())
	done, cancel := context.WithCancel(t.Context())
	cancel()
	dropped, err := l.PutSession(done, owner, "b", []byte("late"), l.hour())
	assert.Error(t, err)
	assert.Empty(t, dropped)
	assert.Error(t, l.RemoveSessions(done, owner, "a"))
	got, err := l.ListSessions(done, owner)
	assert.Error(t, err)
	assert.Empty(t, got)
	l.has(t, owner, "a", "record")
}

func recordsLive(t *testing.T, l *lists) {
	owner, soon := l.owner(), l.now().Add(3*time.Second)
	l.put(t, owner, "longer", "of longer", soon.Add(time.Hour)) // replaced by a shorter one, and the other way round
	l.put(t, owner, "longer", "of longer", soon)
	l.put(t, owner, "longer", "of longer", soon.Add(time.Hour))
	l.put(t, owner, "always", "of always", time.Time{})
	l.put(t, owner, "soon", "of soon", soon)
	alone := l.owner()
	l.put(t, alone, "soon", "of soon", soon)
	l.pass(2 * time.Second)
	l.has(t, owner, "always", "of always", "longer", "of longer", "soon", "of soon")
	l.has(t, alone, "soon", "of soon")
	l.pass(2 * time.Second)
	over := []string{"soon"}
	l.hasBeside(t, owner, over, "always", "of always", "longer", "of longer")
	l.put(t, owner, "new", "of new", l.hour()) // others of the owner may have been looked through
	l.hasBeside(t, owner, over, "always", "of always", "longer", "of longer", "new", "of new")
	if _, ok := l.SessionStore.(SessionAdvancer); ok {
		l.pass(100 * 365 * 24 * time.Hour)
		l.put(t, owner, "new", "of new", l.hour())
		l.hasBeside(t, owner, append(over, "longer"), "always", "of always", "new", "of new")
	}
}

// Where the clock can be moved, an hour after its time a record is gone.
func recordsEnd(t *testing.T, l *lists) {
	if _, ok := l.SessionStore.(SessionAdvancer); !ok {
		t.Skip("the clock cannot be moved, and a record may stay longer than a test")
	}
	owner, soon := l.owner(), l.now().Add(time.Second)
	l.put(t, owner, "always", "of always", time.Time{})
	l.put(t, owner, "always", "of always", soon)
	l.put(t, owner, "soon", "of soon", soon)
	l.put(t, owner, "later", "of later", soon.Add(2*time.Hour))
	l.pass(time.Hour)
	l.has(t, owner, "later", "of later")
	l.pass(2 * time.Hour)
	l.has(t, owner)
	l.put(t, owner, "soon", "again", l.hour())
	l.has(t, owner, "soon", "again")
}

// What ended before it was put needs no room, but is no error either; nor does what was there stay.
func recordIsOver(t *testing.T, l *lists) {
	owner, past := l.owner(), l.now().Add(-2*time.Hour)
	l.put(t, owner, "a", "first", l.hour())
	l.put(t, owner, "b", "first", l.hour())
	l.put(t, owner, "a", "second", past)
	got, err := l.ListSessions(t.Context(), owner)
	require.NoError(t, err)
	assert.NotEqual(t, "first", string(got["a"]))
	assert.Equal(t, "first", string(got["b"]))
}

func sessionsConcurrently(t *testing.T, l *lists) {
	owners, hour := []string{l.owner(), l.owner()}, l.hour()
	together(16, func(i int) {
		for j := range 40 {
			owner, id := owners[j%2], fmt.Sprint(i, "-", j%4)
			dropped, err := l.PutSession(t.Context(), owner, id, []byte(id), hour)
			assert.NoError(t, err)
			assert.Empty(t, dropped, "there is room")
			got, err := l.ListSessions(t.Context(), owner)
			if !assert.NoError(t, err) || !assert.Equal(t, id, string(got[id])) {
				return
			}
			if j%4 < 2 {
				assert.NoError(t, l.RemoveSessions(t.Context(), owner, id))
			}
		}
	})
	for i, owner := range owners { // each keeps one id of every caller
		got, err := l.ListSessions(t.Context(), owner)
		require.NoError(t, err)
		assert.Len(t, got, 16, i)
	}
}
