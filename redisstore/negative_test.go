package redisstore_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
	"github.com/gin-authjwt/authjwt/internal/redisserver"
	"github.com/gin-authjwt/authjwt/redisstore"
)

// newNegativeStore remembers absences for d, and counts how often it asks.
func newNegativeStore(t *testing.T, server *redisserver.Server, d time.Duration) (store *redisstore.Store, asked *atomic.Int64) {
	t.Helper()
	client := newClient(t, server)
	store, asked = newStore(t, client, redisstore.WithNegativeCache(d)), new(atomic.Int64)
	client.AddHook(&watch{func(ctx context.Context, cmds []redis.Cmder, next redis.ProcessPipelineHook) error {
		asked.Add(1)
		return next(ctx, cmds)
	}})
	return store, asked
}

// find is which of the keys are there.
// guards is the key that makes a question a guard's.
const guards = "n:denied:x"

func find(t *testing.T, store *redisstore.Store, keys ...string) (there string) {
	t.Helper()
	times, err := store.Get(t.Context(), append(keys[:len(keys):len(keys)], guards)...)
	require.NoError(t, err)
	require.Len(t, times, len(keys)+1)
	for i, at := range times[:len(keys)] {
		if !at.IsZero() {
			there += keys[i]
		}
	}
	return there
}

// Only what was asked for and had nothing is not asked for again. What is there takes two pipelines at first.
func TestNegativeCacheAsks(t *testing.T) {
	store, asked := newNegativeStore(t, redisserver.Start(t), time.Minute)
	require.NoError(t, store.Set(t.Context(), "x", time.Now(), time.Time{}))
	for _, step := range []struct {
		keys, there string
		asks        int64
	}{
		{"a b", "", 1}, {"a b", "", 0}, {"b a", "", 0}, {"a", "", 0}, {"b b", "", 0},
		{"a c", "", 1}, {"c b a", "", 0}, {"A", "", 1}, {"aa", "", 1}, {"", "", 0},
		{"x", "x", 2}, {"x", "x", 1}, {"a x", "x", 1}, {"x a", "x", 1}, {"d x e", "x", 1}, {"e d", "", 0},
		{"n:epoch:x a", "n:epoch:x", 0}, {"a n:epoch:y", "n:epoch:y", 0}, {"n:epoch:x f", "n:epoch:x", 1},
	} {
		before := asked.Load()
		assert.Equal(t, step.there, find(t, store, strings.Fields(step.keys)...), step.keys)
		assert.Equal(t, step.asks, asked.Load()-before, step.keys)
	}
	plain := newStore(t, newClient(t, redisserver.Start(t)))
	require.NoError(t, plain.Set(t.Context(), "x", time.Now(), time.Time{}))
	assert.Equal(t, "x", find(t, plain, "a", "x"))
}

func TestNegativeCacheEnds(t *testing.T) {
	const d = 80 * time.Millisecond
	store, asked := newNegativeStore(t, redisserver.Start(t), d)
	start := time.Now()
	find(t, store, "a")
	until(t, d+scheduling, "it is asked again", func() bool {
		find(t, store, "a")
		return asked.Load() > 1
	})
	assert.GreaterOrEqual(t, time.Since(start), d)
}

// What this process writes counts at once, and is the only thing that is forgotten.
func TestNegativeCacheAndOwnWrites(t *testing.T) {
	store, asked := newNegativeStore(t, redisserver.Start(t), time.Minute)
	for _, write := range []struct {
		key string
		how func(ctx context.Context, key string) error
	}{
		{"set", func(ctx context.Context, key string) error { return store.Set(ctx, key, time.Now(), time.Time{}) }},
		{"added", func(ctx context.Context, key string) error {
			_, added, err := store.Add(ctx, key, time.Now(), time.Time{})
			assert.True(t, added)
			return err
		}},
	} {
		assert.Empty(t, find(t, store, write.key, "other"))
		require.NoError(t, write.how(t.Context(), write.key))
		assert.Equal(t, write.key, find(t, store, write.key))
		before := asked.Load()
		assert.Empty(t, find(t, store, "other"))
		assert.Equal(t, before, asked.Load())
	}
}

// What another process writes counts after d at the latest.
func TestNegativeCacheAndOtherWrites(t *testing.T) {
	const d = 80 * time.Millisecond
	server := redisserver.Start(t)
	store, _ := newNegativeStore(t, server, d)
	other, _ := newNegativeStore(t, server, d)
	long, _ := newNegativeStore(t, server, time.Minute)
	assert.Empty(t, find(t, store, "a")+find(t, long, "a"))
	require.NoError(t, other.Set(t.Context(), "a", time.Now(), time.Time{}))
	until(t, d+scheduling, "it is seen", func() bool { return find(t, store, "a") == "a" })
	assert.Equal(t, "a", find(t, other, "a"))
	assert.Empty(t, find(t, long, "a"))
}

// A write that ends while a Get is under way is not hidden by what the Get has read before.
func TestNegativeCacheAndWriteMeanwhile(t *testing.T) {
	client := newRing(t, redisserver.Start(t)) // where "a" and "b" are read apart
	store := newStore(t, client, redisstore.WithNegativeCache(time.Minute))
	read, held, release := make(chan struct{}), make(chan struct{}), make(chan struct{})
	var once sync.Once
	client.AddHook(&watch{func(ctx context.Context, cmds []redis.Cmder, next redis.ProcessPipelineHook) error {
		err := next(ctx, cmds)
		switch key, _ := cmds[0].Args()[1].(string); {
		case strings.HasSuffix(key, "}a"):
			once.Do(func() { close(read) })
		case strings.HasSuffix(key, "}b"):
			close(held)
			<-release
		}
		return err
	}})
	var get sync.WaitGroup
	get.Go(func() { find(t, store, "a", "b") })
	<-held
	<-read
	require.NoError(t, store.Set(t.Context(), "a", time.Now(), time.Time{}))
	close(release)
	get.Wait()
	assert.Equal(t, "a", find(t, store, "a"))
}

// Nor is one that has only begun: the clock is asked in the middle of it.
func TestNegativeCacheAndWriteBegun(t *testing.T) {
	var store *redisstore.Store
	var begun atomic.Bool
	clock := func() time.Time {
		if begun.CompareAndSwap(true, false) {
			assert.Empty(t, find(t, store, "a"))
		}
		return time.Now()
	}
	store = newStore(t, newClient(t, redisserver.Start(t)), redisstore.WithNegativeCache(time.Minute), redisstore.WithClock(clock))
	begun.Store(true)
	require.NoError(t, store.Set(t.Context(), "a", time.Now(), time.Now().Add(time.Hour)))
	assert.False(t, begun.Load())
	assert.Equal(t, "a", find(t, store, "a"))
}

// Many read while others write: what was written is seen by all that ask later.
func TestNegativeCacheConcurrently(t *testing.T) {
	store, _ := newNegativeStore(t, redisserver.Start(t), time.Minute)
	var workers sync.WaitGroup
	for w := range 8 {
		workers.Go(func() {
			for i := range 100 {
				key, stop := fmt.Sprintf("%d.%d", w, i), make(chan struct{})
				var readers sync.WaitGroup
				for range 2 {
					readers.Go(func() {
						for {
							select {
							case <-stop:
								return
							default:
								_, err := store.Get(t.Context(), key, "absent")
								assert.NoError(t, err)
							}
						}
					})
				}
				assert.NoError(t, store.Set(t.Context(), key, time.Now(), time.Time{}))
				times, err := store.Get(t.Context(), key)
				assert.NoError(t, err)
				assert.False(t, times[0].IsZero(), key)
				close(stop)
				readers.Wait()
				times, err = store.Get(t.Context(), key)
				assert.NoError(t, err)
				assert.False(t, times[0].IsZero(), key)
			}
		})
	}
	workers.Wait()
}

// A refresh token is used up once, whatever is remembered of it, and a logout counts at once where it came.
func TestNegativeCacheAndSessions(t *testing.T) {
	server := redisserver.Start(t)
	noGrace := func(s *authjwt.Settings) { s.RefreshReuseGrace = authjwt.NoGrace }
	one, _ := newNegativeStore(t, server, time.Minute)
	two, _ := newNegativeStore(t, server, time.Minute)
	sites := []*site{newSite(t, one, noGrace), newSite(t, two, noGrace)}
	tokens := sites[0].login(t)
	for _, s := range sites {
		s.accepts(t, tokens)
	}
	var calls sync.WaitGroup
	var good, refused atomic.Int64
	for i := range 64 {
		calls.Go(func() {
			switch code := sites[i%2].do("POST", "/refresh", tokens.Refresh).Code; code {
			case http.StatusOK:
				good.Add(1)
			case http.StatusUnauthorized:
				refused.Add(1)
			}
		})
	}
	calls.Wait()
	assert.EqualValues(t, 1, good.Load())
	assert.EqualValues(t, 63, refused.Load())

	tokens = sites[0].login(t)
	sites[0].accepts(t, tokens)
	assert.Equal(t, http.StatusOK, sites[0].do("POST", "/logout", tokens.Access).Code)
	sites[0].refuses(t, tokens)
}

// No more than two generations of keys are remembered.
func TestNegativeCacheIsBounded(t *testing.T) {
	const generation, at = 1 << 16, 512
	store, asked := newNegativeStore(t, redisserver.Start(t), time.Minute)
	key := func(i int) string { return fmt.Sprint("n:denied:", i) }
	fill := func(from int) {
		keys := make([]string, at)
		for i := from; i < from+generation; i += at {
			for j := range keys {
				keys[j] = key(i + j)
			}
			find(t, store, keys...)
		}
	}
	asks := func(i int) bool {
		before := asked.Load()
		find(t, store, key(i))
		return asked.Load() > before
	}
	fill(0)
	assert.False(t, asks(0))
	assert.False(t, asks(generation-1))
	require.NoError(t, store.Set(t.Context(), key(1), time.Now(), time.Time{}))
	assert.Equal(t, key(1), find(t, store, key(1)), "from the older generation")
	fill(generation)
	assert.True(t, asks(0))
	assert.True(t, asks(generation-1))
	assert.False(t, asks(generation))
	assert.False(t, asks(2*generation-1))
}

// What no guard asks is always asked, and so is what a refresh token needs.
func TestNegativeCacheIsForGuardsOfAccessTokens(t *testing.T) {
	store, asked := newNegativeStore(t, redisserver.Start(t), time.Minute)
	for _, keys := range [][]string{{"n:subject:a", "n:epoch:"}, {"n:denied:a", "n:used:a"}, {"n:used:a"}, {"n:epoch:"}} {
		for range 2 {
			before := asked.Load()
			_, err := store.Get(t.Context(), keys...)
			require.NoError(t, err)
			assert.Equal(t, before+1, asked.Load(), keys)
		}
	}
}

// A session does not escape, for good, by a refresh in the time in which a revocation is not seen.
func TestNegativeCacheAndRefresh(t *testing.T) {
	server := redisserver.Start(t)
	one := newSite(t, newStore(t, newClient(t, server)))
	two := newSite(t, newStore(t, newClient(t, server), redisstore.WithNegativeCache(time.Minute)))
	p, flushed := one.login(t), one.login(t)
	two.accepts(t, p)
	two.accepts(t, flushed)
	nextSecond()
	require.NoError(t, one.auth.RevokeSubject(t.Context(), "alice"))
	assert.Equal(t, http.StatusOK, two.do("GET", "/protected", p.Access).Code, "as said in the option's comment")
	assert.Equal(t, http.StatusUnauthorized, two.do("POST", "/refresh", p.Refresh).Code)
	one.accepts(t, two.login(t))

	nextSecond()
	server.Do("FLUSHALL")
	assert.Equal(t, http.StatusUnauthorized, two.do("POST", "/refresh", flushed.Refresh).Code)
}

// While Redis is known to be away nothing is taken for certain.
func TestNegativeCacheWhileAway(t *testing.T) {
	server := redisserver.Start(t)
	s := newSite(t, newStore(t, newClient(t, server), redisstore.WithNegativeCache(time.Minute)))
	p := s.login(t)
	require.True(t, s.works(p))
	server.Kill()
	require.True(t, s.works(p), "nobody has noticed")
	require.Equal(t, http.StatusServiceUnavailable, s.do("POST", "/refresh", p.Refresh).Code)
	until(t, time.Second, "it is noticed", func() bool { return !s.works(p) })
	s.isDown(t, p)
}
