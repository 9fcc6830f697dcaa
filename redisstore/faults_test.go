package redisstore_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net"
	"net/http"
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

// soon is how fast an answer is that needs nobody else.
const soon = 50 * time.Millisecond

// back is within what a site must work again once Redis does, plus what a busy machine takes.
const back = time.Second + 100*time.Millisecond

func (s *site) works(p pair) bool { return s.do("GET", "/protected", p.Access).Code == http.StatusOK }

// isDownAtOnce checks for d that requests are refused without waiting, but for the one a second that waits for
// the probe.
func (s *site) isDownAtOnce(t *testing.T, p pair, d time.Duration) {
	t.Helper()
	slow := 0
	for start := time.Now(); time.Since(start) < d; {
		start := time.Now()
		require.Equal(t, http.StatusServiceUnavailable, s.do("GET", "/protected", p.Access).Code)
		if time.Since(start) > soon {
			slow++
		}
	}
	assert.LessOrEqual(t, slow, int(d/probeEvery)+1)
}

// probeEvery is the time between two probes.
const probeEvery = 800 * time.Millisecond

// While nothing listens, requests fail at once, and one probe a second looks for Redis.
func TestS03_RedisRefuses(t *testing.T) {
	server := redisserver.Start(t, "--appendonly", "yes", "--appendfsync", "always")
	s := newSite(t, newStore(t, newClient(t, server)))
	p, gone := s.login(t), s.login(t)
	require.Equal(t, http.StatusOK, s.do("POST", "/logout", gone.Access).Code)

	server.Kill()
	start := time.Now()
	s.isDown(t, p)
	assert.Less(t, time.Since(start), time.Second, "the first waits for StoreTimeout at most")
	s.isDownAtOnce(t, p, time.Second)

	dials := countDials(t, server.Addr())
	for start := time.Now(); time.Since(start) < 3500*time.Millisecond; {
		require.Equal(t, http.StatusServiceUnavailable, s.do("GET", "/protected", p.Access).Code)
	}
	n := dials()
	assert.Greater(t, n, int64(2))
	// A probe dials once to see, and then its command is tried a few times.
	assert.Less(t, n, int64(40), "they are probes, not requests")
	assert.Equal(t, 1, s.told(authjwt.EventStoreDown))

	server.Restart()
	took := until(t, back, "the site works again", func() bool { return s.works(p) })
	t.Logf("back after %v", took)
	s.accepts(t, p)
	s.refuses(t, gone)
	assert.Equal(t, 1, s.told(authjwt.EventStoreRecovered))
	assert.Zero(t, s.told(authjwt.EventStoreLost))
}

// countDials accepts connections in the place of a dead Redis, closes them, and tells at the end how many.
func countDials(t *testing.T, addr string) (end func() int64) {
	t.Helper()
	var n atomic.Int64
	listener, err := net.Listen("tcp", addr)
	require.NoError(t, err)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			n.Add(1)
			_ = conn.Close()
		}
	}()
	return func() int64 {
		_ = listener.Close()
		<-done
		return n.Load()
	}
}

// Once go-redis's pool has given up, and looks by itself once a second, Redis is found back as fast.
func TestS03_RedisAwayForLong(t *testing.T) {
	t.Parallel()
	server := redisserver.Start(t, "--appendonly", "yes", "--appendfsync", "always")
	s := newSite(t, newStore(t, newClient(t, server, func(o *redis.Options) { o.PoolSize, o.PipelinePoolSize = 1, 1 })))
	p := s.login(t)
	server.Kill()
	for start := time.Now(); time.Since(start) < 3*time.Second; time.Sleep(10 * time.Millisecond) {
		require.False(t, s.works(p))
	}
	server.Restart()
	t.Logf("back after %v", until(t, back, "the site works again", func() bool { return s.works(p) }))
}

// A Redis that takes connections and never answers costs StoreTimeout once, and piles up nothing.
func TestS03_RedisHangs(t *testing.T) {
	server := redisserver.Start(t)
	client := newClient(t, server) // which heeds no context: its ReadTimeout is 3 s
	s := newSite(t, newStore(t, client))
	p, gone := s.login(t), s.login(t)
	require.Equal(t, http.StatusOK, s.do("POST", "/logout", gone.Access).Code)
	goroutines, connections := runtime.NumGoroutine(), client.PoolStats().TotalConns

	for round := range 2 {
		server.Pause()
		var wait sync.WaitGroup
		for range 200 {
			wait.Go(func() {
				start := time.Now()
				assert.Equal(t, http.StatusServiceUnavailable, s.do("GET", "/protected", p.Access).Code)
				assert.Less(t, time.Since(start), 250*time.Millisecond+200*time.Millisecond)
			})
		}
		wait.Wait()
		s.isDown(t, p)
		s.isDownAtOnce(t, p, 2*time.Second)
		assert.Less(t, runtime.NumGoroutine(), goroutines+20)
		assert.LessOrEqual(t, client.PoolStats().TotalConns, connections+8)

		server.Resume()
		t.Logf("back after %v", until(t, back, "the site works again", func() bool { return s.works(p) }))
		s.accepts(t, p)
		s.refuses(t, gone)
		assert.Equal(t, round+1, s.told(authjwt.EventStoreDown))
		assert.Equal(t, round+1, s.told(authjwt.EventStoreRecovered))
	}
	until(t, 6*time.Second, "the goroutines are gone", func() bool { return runtime.NumGoroutine() <= goroutines+2 })
	assert.Zero(t, s.told(authjwt.EventStoreLost))
}

// However long nobody has asked, the first request finds Redis back.
func TestS03_RedisIsBackBeforeAnyoneAsks(t *testing.T) {
	server := redisserver.Start(t, "--appendonly", "yes", "--appendfsync", "always")
	s := newSite(t, newStore(t, newClient(t, server)))
	p := s.login(t)
	server.Kill()
	require.False(t, s.works(p))
	server.Restart()
	time.Sleep(probeEvery + probeEvery/4)
	assert.True(t, s.works(p))
}

// A Redis that was restarted between two requests, and has lost nothing, is noticed by a request or two.
func TestS03_RedisDiesBetweenRequests(t *testing.T) {
	server := redisserver.Start(t, "--appendonly", "yes", "--appendfsync", "always")
	s := newSite(t, newStore(t, newClient(t, server)))
	p, gone := s.login(t), s.login(t)
	require.Equal(t, http.StatusOK, s.do("POST", "/logout", gone.Access).Code)
	for range 3 {
		server.Kill()
		server.Restart()
		until(t, back, "the site works again", func() bool {
			code := s.do("GET", "/protected", p.Access).Code
			require.Contains(t, []int{http.StatusOK, http.StatusServiceUnavailable}, code)
			return code == http.StatusOK
		})
		s.refuses(t, gone)
	}
	p = s.refresh(t, p.Refresh)
	s.accepts(t, p)
}

// claimsOf reads a token that is ours.
func claimsOf(t *testing.T, raw string) (claims map[string]any) {
	t.Helper()
	text, err := base64.RawURLEncoding.DecodeString(strings.Split(raw, ".")[1])
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &claims))
	return claims
}

// deniedKey is where an access token is denied.
func deniedKey(t *testing.T, raw string) string {
	t.Helper()
	claims := claimsOf(t, raw)
	digest := sha256.Sum256([]byte(claims["jti"].(string)))
	return "authjwt:denied:" + base64.RawURLEncoding.EncodeToString(digest[:]) + "@" + strconv.Itoa(int(claims["exp"].(float64)))
}

// An entry that is none of ours refuses the token it is about, and no other.
func TestS03_RedisOddEntry(t *testing.T) {
	server := redisserver.Start(t)
	s := newSite(t, newStore(t, newClient(t, server)))
	odd, other := s.login(t), s.login(t)
	key := deniedKey(t, odd.Access)
	for _, command := range [][]string{
		{"RPUSH", key, "1764095949123.x"}, {"HSET", key, "a", "b"}, {"SADD", key, "x"}, {"SET", key, "1"}, {"SET", key, ""}, {"SET", key, "x.y"},
	} {
		server.Do(command...)
		var wait sync.WaitGroup
		for range 20 {
			wait.Go(func() {
				assert.Equal(t, http.StatusServiceUnavailable, s.do("GET", "/protected", odd.Access).Code, command)
			})
			wait.Go(func() { assert.Equal(t, http.StatusOK, s.do("GET", "/protected", other.Access).Code, command) })
		}
		wait.Wait()
		server.Do("DEL", key)
		s.accepts(t, odd)
	}
	server.Do("SET", key, "1764095949123.x")
	assert.Equal(t, http.StatusUnauthorized, s.do("GET", "/protected", odd.Access).Code, "its twin is one of ours")
}

// A Redis that takes no writes is down for reads, too: what is revoked now could not be kept.
func TestS03_RedisTakesNoWrites(t *testing.T) {
	for name, fault := range map[string]struct{ begin, end []string }{
		"OOM":      {[]string{"CONFIG", "SET", "maxmemory", "1"}, []string{"CONFIG", "SET", "maxmemory", "0"}},
		"READONLY": {[]string{"REPLICAOF", "127.0.0.1", "1"}, []string{"REPLICAOF", "NO", "ONE"}},
		"NOREPLICAS": {[]string{"CONFIG", "SET", "min-replicas-to-write", "1"},
			[]string{"CONFIG", "SET", "min-replicas-to-write", "0"}},
	} {
		t.Run(name, func(t *testing.T) {
			server := redisserver.Start(t)
			s := newSite(t, newStore(t, newClient(t, server)))
			p, gone := s.login(t), s.login(t)
			require.Equal(t, http.StatusOK, s.do("POST", "/logout", gone.Access).Code)
			server.Do(fault.begin...)
			s.isDown(t, p)
			s.isDown(t, gone)
			server.Do(fault.end...)
			until(t, back, "the site works again", func() bool { return s.works(p) })
			s.accepts(t, p)
			s.refuses(t, gone)
			assert.Zero(t, s.told(authjwt.EventStoreLost))
		})
	}
}

// A Redis that still reads its file answers with LOADING.
func TestS03_RedisLoads(t *testing.T) {
	server := redisserver.Start(t, "--appendonly", "yes", "--aof-use-rdb-preamble", "no")
	s := newSite(t, newStore(t, newClient(t, server)))
	p, gone := s.login(t), s.login(t)
	require.Equal(t, http.StatusOK, s.do("POST", "/logout", gone.Access).Code)
	for i := range 4000 {
		server.Do("SET", "filler"+strconv.Itoa(i), "x")
	}
	server.Stop()
	server.Launch("--key-load-delay", "300")
	loading := 0
	until(t, 10*time.Second, "the site works again", func() bool {
		if _, err := server.Try("PING"); err != nil && strings.HasPrefix(err.Error(), "LOADING") {
			loading++
			require.NotEqual(t, http.StatusOK, s.do("GET", "/protected", gone.Access).Code)
			require.Equal(t, http.StatusServiceUnavailable, s.do("GET", "/protected", p.Access).Code)
		}
		return s.works(p)
	})
	assert.Positive(t, loading, "it has never been loading")
	s.accepts(t, p)
	s.refuses(t, gone)
}
