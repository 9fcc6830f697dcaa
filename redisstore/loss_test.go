package redisstore_test

import (
	"context"
	"net"
	"net/http"
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

// A Redis that has lost its memory knows of no revocation: what was issued before counts for nothing then, on
// every server, and whoever logs in again is welcome at once.
func TestS03_RedisLosesItsMemory(t *testing.T) {
	for name, lose := range map[string]func(t *testing.T, server *redisserver.Server){
		"FLUSHALL": func(_ *testing.T, server *redisserver.Server) { server.Do("FLUSHALL") },
		"FLUSHDB":  func(_ *testing.T, server *redisserver.Server) { server.Do("FLUSHDB") },
		"the sentinel alone": func(_ *testing.T, server *redisserver.Server) {
			server.Do("DEL", "authjwt:sentinel")
		},
		"a writer came first": func(_ *testing.T, server *redisserver.Server) {
			server.Do("FLUSHALL")
			server.Do("INCRBY", "authjwt:sentinel", "1")
		},
		"restart without persistence": func(_ *testing.T, server *redisserver.Server) {
			server.Kill()
			server.Restart()
		},
		"demoted to an empty master": func(t *testing.T, server *redisserver.Server) {
			host, port, err := net.SplitHostPort(redisserver.Start(t, "--repl-diskless-sync-delay", "0").Addr())
			require.NoError(t, err)
			server.Do("REPLICAOF", host, port)
			until(t, 5*time.Second, "it is a replica", func() bool { return server.Do("EXISTS", "authjwt:sentinel") == "0" })
			server.Do("REPLICAOF", "NO", "ONE")
		},
	} {
		t.Run(name, func(t *testing.T) {
			server := redisserver.Start(t)
			one, two := newSite(t, newStore(t, newClient(t, server))), newSite(t, newStore(t, newClient(t, server)))
			for range 2 { // the second time in the same second
				testLoss(t, one, two, func() { lose(t, server) })
			}
		})
	}
}

func testLoss(t *testing.T, one, two *site, lose func()) {
	t.Helper()
	old, gone := one.login(t), two.login(t)
	require.Equal(t, http.StatusOK, two.do("POST", "/logout", gone.Access).Code)
	before := []int{one.told(authjwt.EventStoreLost), two.told(authjwt.EventStoreLost)}
	lose()

	for i, s := range []*site{one, two} {
		until(t, back, "the site answers", func() bool {
			code := s.do("GET", "/protected", gone.Access).Code
			require.Contains(t, []int{http.StatusUnauthorized, http.StatusServiceUnavailable}, code)
			return code == http.StatusUnauthorized
		})
		s.refuses(t, old)
		s.refuses(t, gone)
		assert.Equal(t, before[i]+1, s.told(authjwt.EventStoreLost))
	}
	for i, s := range []*site{one, two} {
		fresh := s.login(t) // in the second of the loss
		one.accepts(t, fresh)
		two.accepts(t, fresh)
		one.accepts(t, two.refresh(t, fresh.Refresh))
		one.refuses(t, old)
		assert.Equal(t, before[i]+1, s.told(authjwt.EventStoreLost))
	}
}

// nextSecond waits for the end of a second: a login in that of a loss is dated one later, and so survives
// another loss in the same second that is found by a process that began in between.
func nextSecond() { time.Sleep(time.Until(time.Now().Truncate(time.Second).Add(time.Second))) }

// A loss may be found by a login, or by a server that begins.
func TestS03_RedisLossFoundByOthers(t *testing.T) {
	server := redisserver.Start(t)
	s := newSite(t, newStore(t, newClient(t, server)))
	old := s.login(t)
	nextSecond()
	server.Do("FLUSHALL")
	fresh := s.login(t)
	s.accepts(t, fresh)
	s.refuses(t, old)

	nextSecond()
	server.Do("FLUSHALL")
	began := newSite(t, newStore(t, newClient(t, server)))
	began.refuses(t, fresh)
	s.refuses(t, fresh)
	fresh = began.login(t)
	s.accepts(t, fresh)

	require.Equal(t, http.StatusOK, s.do("POST", "/logout", s.login(t).Access).Code) // its entry is lost
	nextSecond()
	server.Do("FLUSHALL")
	began = newSite(t, newStore(t, newClient(t, server)))
	fresh = began.login(t)
	nextSecond()
	nextSecond()
	s.accepts(t, fresh) // it is no other loss
	began.accepts(t, fresh)

	nextSecond()
	server.Do("FLUSHALL")
	server.Do("INCRBY", "authjwt:sentinel", "1") // by another's write
	began = newSite(t, newStore(t, newClient(t, server), redisstore.InsecureAllowRollback()))
	began.refuses(t, fresh)
}

// A toggle is a client's way to one of several servers, as Sentinel or a name in the DNS tells it.
type toggle struct{ addr atomic.Pointer[string] }

func (s *toggle) to(server *redisserver.Server) {
	addr := server.Addr()
	s.addr.Store(&addr)
}

func (s *toggle) dial(o *redis.Options) {
	o.Dialer = func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, *s.addr.Load())
	}
}

// replicate makes a replica that has all that the server has.
func replicate(t *testing.T, server *redisserver.Server) *redisserver.Server {
	t.Helper()
	server.Do("CONFIG", "SET", "repl-diskless-sync-delay", "0")
	replica := redisserver.Start(t)
	host, port, err := net.SplitHostPort(server.Addr())
	require.NoError(t, err)
	replica.Do("REPLICAOF", host, port)
	until(t, 10*time.Second, "the replica has it all", func() bool {
		return replica.Do("GET", "authjwt:sentinel") == server.Do("GET", "authjwt:sentinel")
	})
	return replica
}

// A replica that is promoted has all, or nothing, or lacks the latest. It is a replica no more when it is asked.
func TestS03_RedisPromotesAReplica(t *testing.T) {
	t.Run("with all", func(t *testing.T) {
		testPromotion(t, replicate, false)
	})
	t.Run("empty", func(t *testing.T) {
		testPromotion(t, func(t *testing.T, _ *redisserver.Server) *redisserver.Server { return redisserver.Start(t) }, true)
	})
	t.Run("behind", func(t *testing.T) {
		testPromotion(t, nil, true)
	})
	t.Run("behind, rollback allowed", func(t *testing.T) {
		testPromotion(t, nil, false, redisstore.InsecureAllowRollback())
	})
}

// testPromotion promotes a replica that is made after a logout; nil: one that was cut off before it.
func testPromotion(t *testing.T, after func(*testing.T, *redisserver.Server) *redisserver.Server, lost bool, opts ...redisstore.Option) {
	first, way := redisserver.Start(t), new(toggle)
	way.to(first)
	s := newSite(t, newStore(t, newClient(t, first, way.dial), opts...))
	p, gone := s.login(t), s.login(t)
	p = s.refresh(t, p.Refresh)
	var second *redisserver.Server
	if after == nil {
		second = replicate(t, first)
		second.Do("REPLICAOF", "NO", "ONE")
	}
	require.Equal(t, http.StatusOK, s.do("POST", "/logout", gone.Access).Code)
	if after != nil {
		second = after(t, first)
		second.Do("REPLICAOF", "NO", "ONE")
	}
	nextSecond()
	first.Kill()
	way.to(second)
	until(t, back, "the site answers", func() bool {
		return s.do("GET", "/protected", p.Access).Code != http.StatusServiceUnavailable
	})
	switch {
	case lost:
		s.refuses(t, p)
		s.refuses(t, gone)
		assert.Equal(t, 1, s.told(authjwt.EventStoreLost))
	case after == nil: // insecure, as its name says
		s.accepts(t, p)
		s.accepts(t, gone)
	default:
		s.accepts(t, p)
		s.refuses(t, gone)
	}
	s.accepts(t, s.login(t))
}

// A Redis that begins again with a file of some minutes ago has forgotten what was revoked since.
func TestS03_RedisBeginsWithAnOldFile(t *testing.T) {
	server := redisserver.Start(t)
	s := newSite(t, newStore(t, newClient(t, server)))
	p, gone := s.login(t), s.login(t)
	server.Do("SAVE")
	require.Equal(t, http.StatusOK, s.do("POST", "/logout", gone.Access).Code)
	nextSecond()
	server.Kill()
	server.Restart()
	until(t, back, "the site answers", func() bool {
		return s.do("GET", "/protected", p.Access).Code != http.StatusServiceUnavailable
	})
	s.refuses(t, gone)
	s.refuses(t, p)

	fresh := s.login(t)
	server.Do("SAVE")
	server.Kill()
	server.Restart()
	until(t, back, "the site works again", func() bool { return s.works(fresh) })
	s.accepts(t, fresh) // nothing was written since
}

// However much was written since by others, who writes knows that its own last entry must be there.
func TestS03_RedisForgetsAndOthersWrite(t *testing.T) {
	server := redisserver.Start(t)
	one, two := newSite(t, newStore(t, newClient(t, server))), newSite(t, newStore(t, newClient(t, server)))
	p, gone := one.login(t), one.login(t)
	server.Do("SAVE")
	require.Equal(t, http.StatusOK, one.do("POST", "/logout", gone.Access).Code)
	nextSecond()
	server.Kill()
	server.Restart()
	until(t, back, "the site answers", func() bool { return two.works(p) })
	for range 3 { // which counts as many writes as were lost, and more
		require.Equal(t, http.StatusOK, two.do("POST", "/logout", two.login(t).Access).Code)
	}
	until(t, back, "the site answers", func() bool {
		return one.do("GET", "/protected", gone.Access).Code != http.StatusServiceUnavailable
	})
	for _, s := range []*site{one, two} {
		s.refuses(t, gone)
		s.refuses(t, p)
	}
	fresh := one.login(t)
	for range 3 { // it is one loss
		one.accepts(t, fresh)
		two.accepts(t, fresh)
	}
	assert.Equal(t, 1, one.told(authjwt.EventStoreLost))
}

// Servers that find a loss at the same time agree on one.
func TestS03_RedisLossFoundByManyAtOnce(t *testing.T) {
	server := redisserver.Start(t)
	var sites []*site
	for range 8 {
		sites = append(sites, newSite(t, newStore(t, newClient(t, server))))
	}
	old := sites[0].login(t)
	for range 3 {
		for range 20 {
			require.Equal(t, http.StatusOK, sites[0].do("POST", "/logout", sites[0].login(t).Access).Code)
		}
		for _, s := range sites {
			s.works(old) // it has seen the count
		}
		nextSecond()
		server.Do("INCRBY", "authjwt:sentinel", "-10")
		var wait sync.WaitGroup
		var stop atomic.Bool
		var counting sync.WaitGroup
		counting.Go(func() { // others write meanwhile
			for !stop.Load() {
				server.Do("INCRBY", "authjwt:sentinel", "1")
			}
		})
		for _, s := range sites {
			wait.Go(func() {
				assert.Equal(t, http.StatusUnauthorized, s.do("GET", "/protected", old.Access).Code)
				fresh := s.login(t)
				for _, other := range sites {
					other.accepts(t, fresh)
				}
			})
		}
		wait.Wait()
		stop.Store(true)
		counting.Wait()
		old = sites[0].login(t)
	}
	for _, s := range sites {
		assert.Equal(t, 3, s.told(authjwt.EventStoreLost))
	}
}

// While it is a replica it is asked nothing, for it may be behind.
func TestS03_RedisReplicaIsNotAsked(t *testing.T) {
	first := redisserver.Start(t)
	way := new(toggle)
	way.to(first)
	s := newSite(t, newStore(t, newClient(t, first, way.dial)))
	p := s.login(t)
	way.to(replicate(t, first))
	first.Kill()
	s.isDown(t, p)
	time.Sleep(probeEvery)
	s.isDown(t, p)
}
