package storetest

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

// A crowd is an owner with more records than there need be room for.
type crowd struct {
	*lists
	owner string

	mu   sync.Mutex
	put  map[string]bool // what ought to be there, or have been dropped
	told map[string]int  // how often an id was said to be dropped
}

func newCrowd(l *lists) *crowd {
	return &crowd{lists: l, owner: l.owner(), put: map[string]bool{}, told: map[string]int{}}
}

// add puts a record that is not over.
func (c *crowd) add(t *testing.T, id string, until time.Time) {
	t.Helper()
	c.mu.Lock()
	c.put[id] = true // before others could drop it
	c.mu.Unlock()
	dropped, err := c.PutSession(t.Context(), c.owner, id, []byte(id), until)
	assert.NoError(t, err)
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, other := range dropped {
		c.told[other]++
	}
	if slices.Contains(dropped, id) {
		assert.Fail(t, "the new one was dropped", id)
	}
	if len(c.put) <= authjwt.MaxSessions && len(dropped) > 0 {
		assert.Fail(t, "there is room", "%q of %d was dropped", dropped, len(c.put))
	}
}

// fill adds records that end at the same time.
func (c *crowd) fill(t *testing.T, name string, n int, until time.Time) {
	t.Helper()
	for i := range n {
		c.add(t, fmt.Sprint(name, i), until)
	}
}

// toldTruth checks that what is missing is what was told of, each once.
func (c *crowd) toldTruth(t *testing.T) (got map[string][]byte) {
	t.Helper()
	got, err := c.ListSessions(t.Context(), c.owner)
	require.NoError(t, err)
	var hidden, listed, again []string
	for id := range c.put {
		if _, there := got[id]; !there && c.told[id] == 0 {
			hidden = append(hidden, id)
		}
	}
	for id, times := range c.told {
		if _, there := got[id]; there || !c.put[id] {
			listed = append(listed, id)
		}
		if times > 1 {
			again = append(again, id)
		}
	}
	for what, ids := range map[string][]string{
		"were dropped without a word": hidden, "were not there to be dropped, or are there still": listed, "were dropped more than once": again,
	} {
		if len(ids) > 0 {
			assert.Fail(t, "records "+what, "%d, such as %q", len(ids), slices.Min(ids))
		}
	}
	return got
}

// A script that logs in again and again pushes out what ends first, in whatever order it came, and nobody else's. The
// last that came may be there instead of one that ends later.
func dropsFirstToEnd(t *testing.T, l *lists) {
	const logins = 2*authjwt.MaxSessions + 100
	c, other, hour := newCrowd(l), l.owner(), l.hour()
	l.put(t, other, "a", "of another", hour.Add(-time.Minute))
	c.add(t, "always", time.Time{})
	order := rand.Perm(logins)
	together(10, func(part int) {
		for i := part; i < logins; i += 10 {
			n := order[i]
			c.add(t, fmt.Sprint(n), hour.Add(time.Duration(n)*10*time.Second))
		}
	})
	got := c.toldTruth(t)
	assert.Contains(t, got, "always")
	for n := logins - authjwt.MaxSessions + 2; n < logins; n++ {
		if _, there := got[fmt.Sprint(n)]; !there {
			assert.Fail(t, "one of those that end last was dropped", "%d of %d; %d are left", n, logins, len(got))
			break
		}
	}
	assert.Less(t, len(got), logins, "there is no limit")
	assert.GreaterOrEqual(t, len(got), authjwt.MaxSessions)
	l.has(t, other, "a", "of another")
	require.NoError(t, l.RemoveSessions(t.Context(), c.owner, slices.Collect(maps.Keys(got))...))
	l.has(t, c.owner)
}

// A login is not undone by those before it, whenever it ends.
func keepsTheNew(t *testing.T, l *lists) {
	hour := l.hour()
	for name, row := range map[string]struct {
		before time.Time
		end    func(i int) time.Time
	}{
		"equal":   {hour, func(int) time.Time { return hour }},
		"always":  {time.Time{}, func(int) time.Time { return time.Time{} }},
		"earlier": {time.Time{}, func(i int) time.Time { return hour.Add(-time.Duration(i) * time.Minute) }},
	} {
		c := newCrowd(l)
		c.fill(t, "m", authjwt.MaxSessions, row.before)
		for i := range 40 {
			id := fmt.Sprint([]string{"a", "z"}[i%2], i) // before and after the others
			c.add(t, id, row.end(i))
			c.add(t, id, row.end(i)) // which is no more than there was
			got, err := l.ListSessions(t.Context(), c.owner)
			require.NoError(t, err)
			assert.Equal(t, id, string(got[id]))
		}
		got := c.toldTruth(t)
		assert.GreaterOrEqual(t, len(got), authjwt.MaxSessions, name)
		together(8, func(part int) { // all at once they contend for the same
			c.fill(t, fmt.Sprint("b", part, "-"), 10, row.end(0))
		})
		c.toldTruth(t)
	}
}

// What is over neither is told of, nor does it take the room of what is not.
func dropsNoneForOver(t *testing.T, l *lists) {
	const over = 20
	c, day, past := newCrowd(l), l.now().Add(24*time.Hour), l.now().Add(-2*time.Hour)
	overs := func() {
		t.Helper()
		for i := range over {
			dropped, err := l.PutSession(t.Context(), c.owner, fmt.Sprint("over", i), nil, past)
			require.NoError(t, err)
			require.Empty(t, dropped, "for one that is over")
		}
	}
	c.fill(t, "m", authjwt.MaxSessions-over, day)
	overs()
	c.fill(t, "n", over, day) // just as many as there is room for
	overs()
	assert.Empty(t, c.told)
	c.fill(t, "o", over, day)
	c.toldTruth(t)
	if _, ok := l.SessionStore.(SessionAdvancer); !ok {
		return
	}
	c = newCrowd(l)
	c.fill(t, "soon", over, l.now().Add(time.Minute))
	c.fill(t, "m", authjwt.MaxSessions-over, day)
	l.pass(2 * time.Hour)
	for i := range over {
		delete(c.put, fmt.Sprint("soon", i))
	}
	c.fill(t, "n", over, day)
	assert.Empty(t, c.told)
	c.fill(t, "o", over, day)
	c.toldTruth(t)
}
