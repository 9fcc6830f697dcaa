//go:build !race

package authjwt_test

import (
	"context"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}

// fill writes n entries that end within life, evenly.
func fill(tb testing.TB, s *authjwt.MemoryStore, now time.Time, n int, life time.Duration) {
	tb.Helper()
	for i := range n {
		end := now.Add(time.Duration(i%1000) * life / 1000)
		require.NoError(tb, s.Set(context.Background(), storeKey(i, end), now, end.Add(time.Minute)))
	}
}

func storeKey(i int, end time.Time) string {
	return fmt.Sprintf("authjwt:denied:%043d@%d", i, end.Unix())
}

// A denylist must not grow for ever (row S08): a million entries of access tokens, then of refresh
// tokens, take at most 64 octets each, and none once they have ended.
func TestS08_MemoryStoreSize(t *testing.T) {
	const n = 1_000_000
	for name, life := range map[string]time.Duration{"access tokens": 15 * time.Minute, "refresh tokens": 30 * 24 * time.Hour} {
		t.Run(name, func(t *testing.T) {
			now := testNow
			s := &authjwt.MemoryStore{Now: func() time.Time { return now }}
			before := heap()
			fill(t, s, now, n, life)
			full := heap() - before
			t.Logf("%d octets an entry", full/n)
			assert.LessOrEqual(t, full, uint64(64*n))

			now = now.Add(life + 20*time.Minute)
			for i := range 1000 { // any use notices the end
				_, err := s.Get(context.Background(), storeKey(i, now))
				require.NoError(t, err)
			}
			left := heap() - before
			assert.Less(t, left, uint64(n), "%d octets are left", left)
			runtime.KeepAlive(s)
		})
	}
}

// Entries without an end in their key, subjects', go as well, while others come.
func TestS08_MemoryStoreSweeps(t *testing.T) {
	now := testNow
	s := &authjwt.MemoryStore{Now: func() time.Time { return now }}
	put := func(from, to int) {
		for i := range to - from {
			require.NoError(t, s.Set(t.Context(), fmt.Sprint("subject:", from+i), now, now.Add(time.Minute)))
		}
	}
	before := heap()
	put(0, 100_000)
	full := heap() - before
	for round := range 20 {
		now = now.Add(time.Hour)
		put((round+1)*100_000, (round+2)*100_000)
	}
	assert.Less(t, heap()-before, 3*full, "21 generations take no more than three")
	runtime.KeepAlive(s)
}

// While a quarter of an hour's entries end, nobody waits long.
func TestS08_MemoryStoreExpiryIsShort(t *testing.T) {
	now := testNow
	s := &authjwt.MemoryStore{Now: func() time.Time { return now }}
	fill(t, s, now, 200_000, 30*24*time.Hour)
	runtime.GC()
	longest := make([]time.Duration, 0, 2880)
	for range 2880 {
		now = now.Add(15 * time.Minute)
		start := time.Now()
		_, err := s.Get(t.Context(), storeKey(1, now))
		longest = append(longest, time.Since(start))
		require.NoError(t, err)
	}
	var slow int
	for _, d := range longest {
		if d > 100*time.Microsecond {
			slow++
		}
	}
	assert.LessOrEqual(t, slow, 28, "of 2880 look-ups, each of which drops a bucket, one in a hundred may be slow on a busy machine")
}

func BenchmarkMemoryStore_Get(b *testing.B) {
	now := testNow
	s := &authjwt.MemoryStore{Now: func() time.Time { return now }}
	fill(b, s, now, 1_000_000, 30*24*time.Hour)
	keys := make([]string, 1000)
	for i := range keys {
		keys[i] = storeKey(i*7919%1_000_000, now.Add(time.Duration(i*7919%1000)*30*24*time.Hour/1000))
	}
	i := 0
	for b.Loop() {
		if times, err := s.Get(context.Background(), keys[i%1000]); err != nil || times[0].IsZero() {
			b.Fatal(err)
		}
		i++
	}
}
