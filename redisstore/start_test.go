package redisstore_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt/internal/redisserver"
	"github.com/gin-authjwt/authjwt/redisstore"
)

func TestNewWithoutClient(t *testing.T) {
	for name, client := range map[string]redis.UniversalClient{
		"nil": nil, "single": (*redis.Client)(nil), "cluster": (*redis.ClusterClient)(nil), "ring": (*redis.Ring)(nil),
	} {
		store, err := redisstore.New(t.Context(), client)
		assert.ErrorContains(t, err, "redis.NewClient", name)
		assert.Nil(t, store, name)
	}
}

// Each mistake names its option and its fix; beside it is what is just right.
func TestNewOptions(t *testing.T) {
	prefix, clock, negative := redisstore.WithPrefix, redisstore.WithClock, redisstore.WithNegativeCache
	const prefixFix, clockFix, negativeFix = "at most 64 printable ASCII characters, no braces", "leave the option out for time.Now", "more than 0 and at most 1m0s"
	for _, row := range []struct {
		name, option, fix string
		bad, good         redisstore.Option
	}{
		{"prefix too long", "WithPrefix", prefixFix, prefix(strings.Repeat("a", 65)), prefix(strings.Repeat("a", 64))},
		{"prefix with an opening brace", "WithPrefix", prefixFix, prefix("a{"), prefix("a|")},
		{"prefix with a closing brace", "WithPrefix", prefixFix, prefix("a}"), prefix("a~")},
		{"prefix with a blank", "WithPrefix", prefixFix, prefix("a "), prefix("a!")},
		{"prefix with NUL", "WithPrefix", prefixFix, prefix("a\x00"), prefix("a0")},
		{"prefix with CRLF", "WithPrefix", prefixFix, prefix("a\r\n"), prefix("arn")},
		{"prefix with DEL", "WithPrefix", prefixFix, prefix("a\x7f"), prefix("")},
		{"prefix not ASCII", "WithPrefix", prefixFix, prefix("é"), prefix("e")},
		{"no option", "an Option", "leave it out", nil, clock(time.Now)},
		{"no clock", "WithClock", clockFix, clock(nil), clock(time.Now)},
		{"negative cache of nothing", "WithNegativeCache", negativeFix, negative(0), negative(1)},
		{"negative cache below nothing", "WithNegativeCache", negativeFix, negative(-1), negative(1)},
		{"negative cache far below nothing", "WithNegativeCache", negativeFix, negative(math.MinInt64), negative(1)},
		{"negative cache too long", "WithNegativeCache", negativeFix, negative(time.Minute + 1), negative(time.Minute)},
	} {
		t.Run(row.name, func(t *testing.T) {
			client := newFake(t).client(t)
			store, err := redisstore.New(t.Context(), client, row.bad)
			assert.ErrorContains(t, err, "redisstore: "+row.option)
			assert.ErrorContains(t, err, row.fix)
			assert.Nil(t, store)
			_, err = redisstore.New(t.Context(), client, row.good)
			assert.NoError(t, err)
		})
	}
	t.Run("all at once", func(t *testing.T) {
		client := newFake(t).client(t, func(o *redis.Options) { o.ReadTimeout = -1 })
		_, err := redisstore.New(t.Context(), client, prefix("{"), clock(nil), negative(0))
		for _, fix := range []string{prefixFix, clockFix, negativeFix, "ContextTimeoutEnabled"} {
			assert.ErrorContains(t, err, fix)
		}
	})
}

// Of the policies only noeviction keeps what was revoked.
func TestS03_RedisEvictionPolicy(t *testing.T) {
	server := redisserver.Start(t)
	client := newClient(t, server)
	for _, policy := range []string{
		"volatile-lru", "allkeys-lru", "volatile-lfu", "allkeys-lfu", "volatile-random", "allkeys-random", "volatile-ttl", "noeviction",
	} {
		t.Run(policy, func(t *testing.T) {
			server.Do("CONFIG", "SET", "maxmemory-policy", policy)
			_, err := redisstore.New(t.Context(), client)
			if policy == "noeviction" {
				assert.NoError(t, err)
			} else {
				assert.ErrorContains(t, err, "maxmemory-policy is "+policy)
				assert.ErrorContains(t, err, "set it to noeviction")
			}
			_, err = redisstore.New(t.Context(), client, redisstore.WithoutEvictionCheck())
			assert.NoError(t, err)
		})
	}
	for _, info := range []string{"", "maxmemory:0\r\n", "maxmemory_policy:\r\n", "maxmemory_policy:noevictions\r\n", "x_maxmemory_policy:noeviction\r\n"} {
		t.Run(fmt.Sprintf("INFO %q", info), func(t *testing.T) {
			server := newFake(t)
			server.be(odds{"INFO": bulk(info)})
			_, err := redisstore.New(t.Context(), server.client(t))
			assert.ErrorContains(t, err, "maxmemory-policy")
			newStore(t, server.client(t), redisstore.WithoutEvictionCheck())
		})
	}
}

// worked tells whether a store does all it has to, twice.
func worked(t *testing.T, store *redisstore.Store) error {
	at, until := time.Now(), time.Now().Add(time.Minute)
	for range 2 {
		_, _, err := store.Add(t.Context(), "added", at, until)
		_, err2 := store.Get(t.Context(), "added", "set", "absent")
		if err := errors.Join(err, err2, store.Set(t.Context(), "set", at, until)); err != nil {
			return err
		}
	}
	return nil
}

// A user needs no more than the package comment says.
func TestNewWithFewCommands(t *testing.T) {
	server := redisserver.Start(t)
	as := func(rules ...string) *redis.Client {
		server.Do(append([]string{"ACL", "SETUSER", "limited", "reset", "on", ">pw", "~*"}, rules...)...)
		return newClient(t, server, func(o *redis.Options) { o.Username, o.Password = "limited", "pw" })
	}
	forbidden := as("+@all", "-info")
	_, err := redisstore.New(t.Context(), forbidden)
	assert.ErrorContains(t, err, "WithoutEvictionCheck")
	assert.ErrorContains(t, err, "NOPERM")
	assert.NoError(t, worked(t, newStore(t, forbidden, redisstore.WithoutEvictionCheck())))

	assert.NoError(t, worked(t, newStore(t, as("+get", "+exists", "+strlen", "+set", "+incrby", "+info"))))
	assert.NoError(t, worked(t, newStore(t, as("+get", "+exists", "+strlen", "+set", "+incrby"), redisstore.WithoutEvictionCheck())))
	client := as("+exists", "+strlen", "+set", "+incrby", "+info")
	if store, err := redisstore.New(t.Context(), client); err == nil {
		assert.ErrorContains(t, worked(t, store), "NOPERM")
	}
	_, err = redisstore.New(t.Context(), as("+get", "+exists", "+incrby", "+info"))
	assert.ErrorContains(t, err, "NOPERM")
}

func TestS03_RedisAwayAtStart(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	addr := listener.Addr().String()
	require.NoError(t, listener.Close())
	for name, open := range map[string]func() redis.UniversalClient{
		"single": func() redis.UniversalClient { return redis.NewClient(&redis.Options{Addr: addr}) },
		"cluster": func() redis.UniversalClient {
			return redis.NewClusterClient(&redis.ClusterOptions{Addrs: []string{addr}})
		},
		"ring": func() redis.UniversalClient {
			return redis.NewRing(&redis.RingOptions{Addrs: map[string]string{"one": addr}})
		},
	} {
		t.Run(name, func(t *testing.T) {
			client := open()
			start := time.Now()
			store, err := redisstore.New(t.Context(), client)
			assert.Less(t, time.Since(start), 2500*time.Millisecond)
			assert.ErrorAs(t, err, new(*net.OpError))
			assert.Nil(t, store)
			assert.NoError(t, client.Close())
		})
	}
}

// running is how many goroutines have to do with the package.
func running() int {
	stacks := make([]byte, 1<<20)
	return strings.Count(string(stacks[:runtime.Stack(stacks, true)]), "created by github.com/gin-authjwt/authjwt/redisstore.")
}

// A server that accepts and never answers cannot hold New up, nor keep goroutines longer than the client does.
func TestS03_RedisSilentAtStart(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	soon, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	before := running()
	var calls sync.WaitGroup
	for _, row := range []struct {
		name  string
		ctx   context.Context
		takes time.Duration
		opts  []redisstore.Option
	}{
		{"no deadline", t.Context(), 2 * time.Second, nil},
		{"a deadline", soon, 100 * time.Millisecond, nil},
		{"no INFO", t.Context(), 2 * time.Second, []redisstore.Option{redisstore.WithoutEvictionCheck()}},
		{"no INFO, a deadline", soon, 100 * time.Millisecond, []redisstore.Option{redisstore.WithoutEvictionCheck()}},
	} {
		client := redis.NewClient(&redis.Options{Addr: listener.Addr().String(), ReadTimeout: 2200 * time.Millisecond})
		t.Cleanup(func() { _ = client.Close() })
		calls.Go(func() {
			start := time.Now()
			store, err := redisstore.New(row.ctx, client, row.opts...)
			assert.InDelta(t, row.takes, time.Since(start), float64(200*time.Millisecond), row.name)
			assert.ErrorIs(t, err, context.DeadlineExceeded, row.name)
			assert.Nil(t, store, row.name)
		})
	}
	calls.Wait()
	until(t, 2500*time.Millisecond, "all goroutines have ended", func() bool { return running() <= before })
}

func TestNewWithDoneContext(t *testing.T) {
	client := newFake(t).client(t)
	ctx, cancel := context.WithCancel(t.Context())
	newStore(t, client)
	_, err := redisstore.New(ctx, client)
	require.NoError(t, err)
	cancel()
	for range 20 {
		for _, opts := range [][]redisstore.Option{nil, {redisstore.WithoutEvictionCheck()}} {
			start := time.Now()
			store, err := redisstore.New(ctx, client, opts...)
			assert.ErrorIs(t, err, context.Canceled)
			assert.Nil(t, store)
			assert.Less(t, time.Since(start), 50*time.Millisecond)
		}
	}
}

func TestNewOnReplica(t *testing.T) {
	server := redisserver.Start(t)
	client := newClient(t, server)
	server.Do("REPLICAOF", "127.0.0.1", "1")
	store, err := redisstore.New(t.Context(), client)
	assert.ErrorContains(t, err, "READONLY")
	assert.Nil(t, store)
	server.Do("REPLICAOF", "NO", "ONE")
	newStore(t, client)
}

func TestNewOnOldRedis(t *testing.T) {
	server := newFake(t)
	server.be(odds{"SENTINEL": "-ERR syntax error\r\n"})
	_, err := redisstore.New(t.Context(), server.client(t))
	assert.ErrorContains(t, err, "Redis 7.0 or later is needed")
	server.be(odds{"SENTINEL": "-ERR another error\r\n"})
	_, err = redisstore.New(t.Context(), server.client(t))
	assert.ErrorContains(t, err, "another error")
	assert.NotContains(t, err.Error(), "7.0")
	server.be(nil)
	newStore(t, server.client(t))
}

// Clients of many servers are looked at as a whole.
func TestNewWithManyServers(t *testing.T) {
	t.Parallel()
	cluster := redisserver.StartCluster(t, 2)
	ring, alone := []*redisserver.Server{redisserver.Start(t), redisserver.Start(t)}, redisserver.Start(t)
	addrs := map[string]string{"one": ring[0].Addr(), "two": ring[1].Addr()}
	var clients []redis.UniversalClient
	t.Cleanup(func() {
		for _, client := range clients {
			_ = client.Close()
		}
	})
	kinds := map[string]func(wait time.Duration, heeds bool) redis.UniversalClient{
		"single": func(wait time.Duration, heeds bool) redis.UniversalClient {
			return redis.NewClient(&redis.Options{Addr: alone.Addr(), ReadTimeout: wait, ContextTimeoutEnabled: heeds})
		},
		"cluster": func(wait time.Duration, heeds bool) redis.UniversalClient {
			return redis.NewClusterClient(&redis.ClusterOptions{Addrs: cluster.Addrs(), ReadTimeout: wait, ContextTimeoutEnabled: heeds})
		},
		"ring": func(wait time.Duration, heeds bool) redis.UniversalClient {
			return redis.NewRing(&redis.RingOptions{Addrs: addrs, ReadTimeout: wait, ContextTimeoutEnabled: heeds})
		},
	}
	for kind, open := range kinds {
		for _, row := range []struct {
			wait  time.Duration
			heeds bool
			good  bool
		}{
			{-1, false, false}, {-2, false, false}, {-1, true, true}, {-2, true, true}, {time.Minute, false, true}, {0, false, true},
		} {
			t.Run(fmt.Sprintf("%s, %v, %v", kind, row.wait, row.heeds), func(t *testing.T) {
				client := open(row.wait, row.heeds)
				clients = append(clients, client)
				_, err := redisstore.New(t.Context(), client)
				if row.good {
					assert.NoError(t, err)
				} else {
					assert.ErrorContains(t, err, "set its ContextTimeoutEnabled")
				}
			})
		}
	}
	for kind, servers := range map[string][]*redisserver.Server{"cluster": cluster.Nodes(), "ring": ring} {
		for i, server := range servers {
			t.Run(fmt.Sprintf("%s, policy of server %d", kind, i), func(t *testing.T) {
				client := kinds[kind](0, true)
				clients = append(clients, client)
				server.Do("CONFIG", "SET", "maxmemory-policy", "volatile-ttl")
				_, err := redisstore.New(t.Context(), client)
				assert.ErrorContains(t, err, "maxmemory-policy is volatile-ttl")
				server.Do("CONFIG", "SET", "maxmemory-policy", "noeviction")
				newStore(t, client)
			})
		}
	}
}

// Kinds of clients whose entries have other keys do not share a Redis, and nobody asks replicas.
func TestNewRefusesWhatWouldNotShare(t *testing.T) {
	server := redisserver.Start(t)
	_ = newStore(t, newClient(t, server))
	_ = newStore(t, newClient(t, server))
	ring := newRing(t, server)
	_, err := redisstore.New(t.Context(), ring)
	assert.ErrorContains(t, err, "another kind of client")
	_ = newStore(t, ring, redisstore.WithPrefix("ring:"))
	_, err = redisstore.New(t.Context(), newClient(t, server), redisstore.WithPrefix("ring:"))
	assert.ErrorContains(t, err, "delete the key ring:{18}authjwt:sentinel")
	server.Do("DEL", "authjwt:sentinel")
	_ = newStore(t, ring)

	for _, o := range []redis.ClusterOptions{{ReadOnly: true}, {RouteByLatency: true}, {RouteRandomly: true}} {
		o.Addrs = []string{server.Addr()}
		client := redis.NewClusterClient(&o)
		t.Cleanup(func() { _ = client.Close() })
		_, err := redisstore.New(t.Context(), client)
		assert.ErrorContains(t, err, "reads from replicas")
	}
}
