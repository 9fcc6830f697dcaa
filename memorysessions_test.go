//go:build !race

package authjwt_test

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

// ownerName is as long as a digest, and sessionName as an id.
func ownerName(i int) string   { return fmt.Sprintf("%043d", i) }
func sessionName(i int) string { return fmt.Sprintf("%022d", i) }

const recordSize = 200

func putSession(tb testing.TB, s *authjwt.MemoryStore, owner, i int, until time.Time) {
	tb.Helper()
	_, err := s.PutSession(tb.Context(), ownerName(owner), sessionName(i), make([]byte, recordSize), until)
	require.NoError(tb, err)
}

// What a record costs beside its own octets, where an owner has one, three and a thousand.
func TestMemorySessions_Size(t *testing.T) {
	const n = 99_000
	for each, limit := range map[int]uint64{1: 260, 3: 150, 1000: 120} {
		t.Run(fmt.Sprint(each), func(t *testing.T) {
			now := testNow
			s := &authjwt.MemoryStore{Now: func() time.Time { return now }}
			before := heap()
			for i := range n {
				putSession(t, s, i%(n/each), i, now.Add(time.Hour))
			}
			full := heap() - before
			t.Logf("%d octets a record of %d", full/n, recordSize)
			assert.LessOrEqual(t, full, (recordSize+limit)*n)
			runtime.KeepAlive(s)
		})
	}
}

// A million logins of 10,000 users in a year, of 30 days each, take no more than those that are live at a time, nearly:
// what is over goes, of those who come again and of those who do not.
func TestS08_MemorySessionsAreBoundedByWhatIsLive(t *testing.T) {
	const logins, users, year, life = 1_000_000, 10_000, 365 * 24 * time.Hour, 30 * 24 * time.Hour
	now := testNow
	s := &authjwt.MemoryStore{Now: func() time.Time { return now }}
	before := heap()
	random := rand.New(rand.NewPCG(1, 2))
	var most uint64
	for i := range logins {
		now = now.Add(year / logins)
		user := random.IntN(users/2) + i/(logins/12)*users/24 // half of them, others with each month
		putSession(t, s, user, i, now.Add(life))
		if i%50_000 == 49_999 {
			most = max(most, heap()-before)
		}
	}
	live := uint64(logins / (year / life))
	t.Logf("at most %d octets for each of %d live records", most/live, live)
	assert.LessOrEqual(t, most, 2*recordSize*live)
	got, err := s.ListSessions(t.Context(), ownerName(0))
	require.NoError(t, err)
	assert.Empty(t, got)

	now = now.Add(2 * life)
	for i := range 20_000 { // others come, and nobody asks for those
		putSession(t, s, users+i%10, i%100, now.Add(life))
	}
	left := heap() - before
	t.Logf("%d octets are left in the end", left)
	assert.Less(t, left, uint64(1_000_000), "those of ten owners, and nearly nothing of all the others")
	runtime.KeepAlive(s)
}

// Neither many owners who have gone leave room behind, nor the many records of few who have others.
func TestS08_MemorySessionsLeaveNoRoom(t *testing.T) {
	for name, row := range map[string]struct {
		owners, each int
		limit        uint64
	}{
		"many owners": {200_000, 1, 500_000}, "many records": {200, authjwt.MaxSessions - 1, 500_000},
	} {
		t.Run(name, func(t *testing.T) {
			now := testNow
			s := &authjwt.MemoryStore{Now: func() time.Time { return now }}
			before := heap()
			for i := range row.owners * row.each {
				_, err := s.PutSession(t.Context(), ownerName(i%row.owners), sessionName(i), nil, now.Add(time.Hour))
				require.NoError(t, err)
			}
			full := heap() - before
			for i := range 100 {
				_, err := s.PutSession(t.Context(), ownerName(i), "always", nil, time.Time{})
				require.NoError(t, err)
			}
			now = now.Add(2 * time.Hour)
			for range 100_000 {
				_, err := s.PutSession(t.Context(), ownerName(0), "always", nil, time.Time{})
				require.NoError(t, err)
			}
			left := heap() - before
			t.Logf("%d octets, of %d", left, full)
			assert.Less(t, left, row.limit)
			runtime.KeepAlive(s)
		})
	}
}

func BenchmarkMemoryStore_PutSession(b *testing.B) {
	for _, each := range []int{1, 3, authjwt.MaxSessions, 2 * authjwt.MaxSessions} {
		b.Run(fmt.Sprint(each), func(b *testing.B) {
			now := testNow
			s := &authjwt.MemoryStore{Now: func() time.Time { return now }}
			record, i := make([]byte, recordSize), 0
			for b.Loop() {
				owner, id := ownerName(i/each%100), sessionName(i%each)
				if _, err := s.PutSession(b.Context(), owner, id, record, now.Add(time.Duration(i)*time.Second)); err != nil {
					b.Fatal(err)
				}
				i++
			}
		})
	}
}
