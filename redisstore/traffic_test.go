package redisstore_test

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"runtime"
	"strconv"
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
)

// commands is how often the server has been asked for a command.
func commands(t *testing.T, server *redisserver.Server, name string) int {
	t.Helper()
	found := regexp.MustCompile(`cmdstat_` + name + `:calls=(\d+)`).FindStringSubmatch(server.Do("INFO", "commandstats"))
	if found == nil {
		return 0
	}
	n, err := strconv.Atoi(found[1])
	require.NoError(t, err)
	return n
}

// A check is one pipeline of two commands; checks that come while one is under way share the next.
func TestStore_OneRoundTrip(t *testing.T) {
	server := redisserver.Start(t)
	client := newClient(t, server)
	s := newSite(t, newStore(t, client))
	p := s.login(t)
	server.Do("CONFIG", "RESETSTAT")
	for range 10 {
		require.True(t, s.works(p))
	}
	for _, name := range []string{"exists", "set"} {
		assert.Equal(t, 10, commands(t, server, name), name)
	}
	assert.Zero(t, commands(t, server, "get"))

	server.Do("CONFIG", "RESETSTAT")
	client.AddHook(&watch{func(ctx context.Context, cmds []redis.Cmder, next redis.ProcessPipelineHook) error {
		time.Sleep(2 * time.Millisecond) // on the way, so that the others come meanwhile, on a busy machine too
		return next(ctx, cmds)
	}})
	var wait sync.WaitGroup
	for range 32 {
		wait.Go(func() {
			for range 50 {
				assert.True(t, s.works(p))
			}
		})
	}
	wait.Wait()
	n := commands(t, server, "exists")
	t.Logf("%d checks in %d pipelines", 32*50, n)
	assert.Less(t, n, 32*50/2)
	assert.Equal(t, n, commands(t, server, "set"))
}

// What is there is read in a second round trip, and from then on in the first, for as long as it is there.
func TestStore_WhatIsThere(t *testing.T) {
	server := redisserver.Start(t)
	store, writer := newStore(t, newClient(t, server)), newStore(t, newClient(t, server))
	at := time.UnixMilli(time.Now().UnixMilli())
	look := func(there bool) string {
		t.Helper()
		server.Do("CONFIG", "RESETSTAT")
		times, err := store.Get(t.Context(), "absent", "there", "none")
		require.NoError(t, err)
		assert.True(t, times[0].IsZero() && times[2].IsZero(), "%v", times)
		assert.Equal(t, there, times[1].Equal(at), "%v", times)
		return fmt.Sprintf("%d EXISTS, %d GET, %d SET", commands(t, server, "exists"), commands(t, server, "get"), commands(t, server, "set"))
	}
	assert.Equal(t, "1 EXISTS, 0 GET, 1 SET", look(false))
	require.NoError(t, writer.Set(t.Context(), "there", at, time.Time{}))
	assert.Equal(t, "1 EXISTS, 3 GET, 2 SET", look(true))
	for range 2 {
		assert.Equal(t, "1 EXISTS, 1 GET, 1 SET", look(true))
	}
	server.Do("DEL", "there")
	assert.Equal(t, "1 EXISTS, 1 GET, 1 SET", look(false))
	assert.Equal(t, "1 EXISTS, 0 GET, 1 SET", look(false))
	server.Do("RPUSH", "there", "1")
	_, err := store.Get(t.Context(), "absent", "there")
	assert.ErrorContains(t, err, "WRONGTYPE")
}

// Of 64 refreshes at once, by two servers, all get the same successor; without grace one gets any.
func TestR02_RedisRefreshesAtOnce(t *testing.T) {
	server := redisserver.Start(t)
	for name, grace := range map[string]time.Duration{"grace": 0, "no grace": authjwt.NoGrace} {
		t.Run(name, func(t *testing.T) {
			set := func(s *authjwt.Settings) { s.RefreshReuseGrace = grace }
			sites := []*site{newSite(t, newStore(t, newClient(t, server)), set), newSite(t, newStore(t, newClient(t, server)), set)}
			p := sites[0].login(t)
			var wait sync.WaitGroup
			var mu sync.Mutex
			codes, ids := map[int]int{}, map[any]int{}
			for i := range 64 {
				wait.Go(func() {
					rec := sites[i%2].do("POST", "/refresh", p.Refresh)
					mu.Lock()
					defer mu.Unlock()
					codes[rec.Code]++
					if rec.Code == http.StatusOK {
						ids[claimsOf(t, sites[i%2].got(t, rec).Refresh)["jti"]]++
					}
				})
			}
			wait.Wait()
			assert.Len(t, ids, 1)
			if grace == authjwt.NoGrace {
				assert.Equal(t, map[int]int{200: 1, 401: 63}, codes)
			} else {
				assert.Equal(t, map[int]int{200: 64}, codes)
			}
		})
	}
}

// Whatever happens to Redis in the middle of the traffic, what was revoked is never accepted, a session goes on
// that has lost nothing, and nothing is left behind.
func TestS03_RedisInMidTraffic(t *testing.T) {
	server := redisserver.Start(t, "--appendonly", "yes", "--appendfsync", "always")
	s := newSite(t, newStore(t, newClient(t, server)))
	live, gone := s.users(t, 5)
	connections := func() int { return strings.Count(server.Do("CLIENT", "LIST"), "\n") }
	goroutines, before := runtime.NumGoroutine(), connections()

	var stop, flushed atomic.Bool
	var wait sync.WaitGroup
	for i := range 4 {
		wait.Go(func() {
			for n := i; !stop.Load(); n++ {
				one := gone[n%len(gone)]
				assert.NotEqual(t, http.StatusOK, s.do("GET", "/protected", one.Access).Code)
				assert.NotEqual(t, http.StatusOK, s.do("POST", "/refresh", one.Refresh).Code)
				code := s.do("GET", "/protected", live[n%len(live)].Access).Code
				assert.True(t, code == http.StatusOK || code == http.StatusServiceUnavailable || flushed.Load(), code)
			}
		})
	}
	chain := s.got(t, s.do("POST", "/login?as=chain", ""))
	wait.Go(func() { // a client that refreshes, and tries again with the same token while it is told 503
		for n := 0; !stop.Load(); {
			rec := s.do("POST", "/refresh", chain.Refresh)
			switch {
			case rec.Code == http.StatusOK:
				chain = s.got(t, rec)
				n++
			case flushed.Load():
				assert.Positive(t, n)
				return
			default:
				assert.Equal(t, http.StatusServiceUnavailable, rec.Code, "%d refreshes: %s", n, rec.Body)
			}
			time.Sleep(time.Millisecond)
		}
	})

	faults := []struct {
		name       string
		begin, end func()
	}{
		{"pause", server.Pause, server.Resume},
		{"kill", server.Kill, func() { server.Restart() }},
		{"fill", func() { server.Do("CONFIG", "SET", "maxmemory", "1") }, func() { server.Do("CONFIG", "SET", "maxmemory", "0") }},
		{"demote", func() { server.Do("REPLICAOF", "127.0.0.1", "1") }, func() { server.Do("REPLICAOF", "NO", "ONE") }},
	}
	for _, fault := range append(faults, faults...) {
		fault.begin()
		until(t, time.Second, fault.name+" is noticed", func() bool { return !s.works(live[0]) })
		time.Sleep(100 * time.Millisecond)
		fault.end()
		until(t, back, "all is well after "+fault.name, func() bool { return s.works(live[0]) })
	}
	downs := s.told(authjwt.EventStoreDown)
	assert.GreaterOrEqual(t, downs, 2*len(faults))
	assert.Less(t, downs, 4*len(faults), "requests that were answered late may tell of it twice")
	assert.Equal(t, downs, s.told(authjwt.EventStoreRecovered))
	assert.Zero(t, s.told(authjwt.EventStoreLost))

	nextSecond()
	flushed.Store(true)
	server.Do("FLUSHALL")
	until(t, time.Second, "the loss is noticed", func() bool { return s.told(authjwt.EventStoreLost) == 1 })
	assert.Equal(t, map[int]int{401: 5}, s.count(live))
	fresh := s.login(t)
	s.accepts(t, fresh)
	stop.Store(true)
	wait.Wait()
	assert.Equal(t, map[int]int{401: 5}, s.count(gone))

	until(t, 6*time.Second, "the goroutines are gone", func() bool { return runtime.NumGoroutine() <= goroutines+2 })
	assert.LessOrEqual(t, connections(), before+maxConnections)
}

// maxConnections are what go-redis keeps for pipelines that were tried again while others waited.
const maxConnections = 4

// What its caller has given up before it was sent is not sent any more.
func TestR04_RedisGivenUpWrites(t *testing.T) {
	server := redisserver.Start(t)
	store := newStore(t, newClient(t, server))
	server.Pause()
	impatient := func(key string) {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		_, _, err := store.Add(ctx, key, time.Now(), time.Now().Add(time.Hour))
		assert.ErrorIs(t, err, context.DeadlineExceeded)
	}
	impatient("sent")
	impatient("waiting")
	server.Resume()
	until(t, 3*time.Second, "Redis is back", func() bool {
		times, err := store.Get(t.Context(), "sent")
		return err == nil && !times[0].IsZero()
	})
	times, err := store.Get(t.Context(), "waiting")
	require.NoError(t, err)
	assert.True(t, times[0].IsZero())
}
