package redisstore_test

import (
	"fmt"
	"net/http"
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
	"github.com/gin-authjwt/authjwt/redisstore"
)

// users logs n users in, each with one login that has been ended again.
func (s *site) users(t *testing.T, n int) (live, gone []pair) {
	t.Helper()
	for i := range n {
		path := fmt.Sprint("/login?as=user", i)
		live = append(live, s.got(t, s.do("POST", path, "")))
		gone = append(gone, s.got(t, s.do("POST", path, "")))
		require.Equal(t, http.StatusOK, s.do("POST", "/logout", gone[i].Access).Code)
	}
	return live, gone
}

// count asks for all access tokens, and counts the answers.
func (s *site) count(all []pair) map[int]int {
	codes := map[int]int{}
	for _, p := range all {
		codes[s.do("GET", "/protected", p.Access).Code]++
	}
	return codes
}

// The sentinels show the tags: one in each sixteenth of the slots, each on the node of its tag.
func TestCluster_TagsAreSpread(t *testing.T) {
	cluster := redisserver.StartCluster(t, 3)
	client := newClusterClient(t, cluster)
	newStore(t, client)
	sixteenths := map[int]bool{}
	for _, node := range cluster.Nodes() {
		keys := strings.Fields(node.Do("KEYS", "*"))
		assert.InDelta(t, 16/3, len(keys), 1)
		for _, key := range keys {
			slot, err := strconv.Atoi(node.Do("CLUSTER", "KEYSLOT", key))
			require.NoError(t, err)
			sixteenths[slot/1024] = true
		}
	}
	assert.Len(t, sixteenths, 16)
}

// A master that is away takes its entries with it, and no others.
func TestCluster_OneMasterIsAway(t *testing.T) {
	for name, fault := range map[string]struct {
		begin, end func(node *redisserver.Server)
	}{
		"killed": {(*redisserver.Server).Kill, func(node *redisserver.Server) { node.Restart("--appendonly", "yes") }},
		"paused": {(*redisserver.Server).Pause, (*redisserver.Server).Resume},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cluster := redisserver.StartCluster(t, 3)
			for _, node := range cluster.Nodes() { // the others go on, for longer than the test takes
				node.Do("CONFIG", "SET", "cluster-require-full-coverage", "no")
				node.Do("CONFIG", "SET", "appendonly", "yes")
				node.Do("CONFIG", "SET", "appendfsync", "always")
				until(t, 10*time.Second, "there is a file to append to", func() bool {
					return strings.Contains(node.Do("INFO", "persistence"), "aof_rewrite_in_progress:0")
				})
			}
			s := newSite(t, newStore(t, newClusterClient(t, cluster)))
			live, gone := s.users(t, 60)
			require.Equal(t, map[int]int{200: 60}, s.count(live))
			require.Equal(t, map[int]int{401: 60}, s.count(gone))

			node := cluster.Nodes()[1]
			fault.begin(node)
			s.count(live)
			time.Sleep(probeEvery)
			start := time.Now()
			codes := s.count(live)
			assert.Less(t, time.Since(start), 10*time.Second, "60 requests, most of which do not wait for StoreTimeout, 15 s in all")
			assert.Positive(t, codes[200], "tokens without an entry there")
			assert.Positive(t, codes[503])
			assert.Equal(t, 60, codes[200]+codes[503], codes)
			assert.Zero(t, s.count(gone)[200])

			fault.end(node)
			until(t, 10*time.Second, "all are accepted again", func() bool {
				require.Zero(t, s.count(gone)[200])
				return s.count(live)[200] == 60
			})
			assert.Equal(t, map[int]int{401: 60}, s.count(gone))
		})
	}
}

// Once a master has lost its memory, what was issued before is refused: nobody knows what was there.
func TestCluster_OneMasterLosesItsMemory(t *testing.T) {
	cluster := redisserver.StartCluster(t, 3)
	one, two := newSite(t, newStore(t, newClusterClient(t, cluster))), newSite(t, newStore(t, newClusterClient(t, cluster)))
	live, gone := one.users(t, 60)
	nextSecond()
	cluster.Nodes()[2].Do("FLUSHALL")
	for _, s := range []*site{two, one} {
		s.count(live) // the first may have no entry there
		assert.Equal(t, map[int]int{401: 60}, s.count(live))
		assert.Equal(t, map[int]int{401: 60}, s.count(gone))
		assert.Equal(t, 1, s.told(authjwt.EventStoreLost))
	}
}

// A loss that is found in one part is looked for in all: found later, it would refuse who has logged in since.
func TestCluster_LossIsFoundAtOnce(t *testing.T) {
	cluster := redisserver.StartCluster(t, 3)
	s := newSite(t, newStore(t, newClusterClient(t, cluster)))
	live, _ := s.users(t, 20)
	for name, lose := range map[string]func(node *redisserver.Server){
		"flush": func(node *redisserver.Server) { node.Do("FLUSHALL") },
		"rollback": func(node *redisserver.Server) {
			for _, key := range strings.Fields(node.Do("KEYS", "*sentinel")) {
				node.Do("INCRBY", key, "-1")
			}
		},
	} {
		nextSecond()
		for _, node := range cluster.Nodes() {
			lose(node)
		}
		require.Equal(t, http.StatusUnauthorized, s.do("GET", "/protected", live[0].Access).Code, name)
		time.Sleep(1100 * time.Millisecond)
		fresh, _ := s.users(t, 20)
		assert.Equal(t, map[int]int{200: 20}, s.count(fresh), name)
		live = fresh
	}
}

// A slot that moves takes its entries along, in the middle of the traffic.
func TestCluster_SlotsMove(t *testing.T) {
	cluster := redisserver.StartCluster(t, 3)
	s := newSite(t, newStore(t, newClusterClient(t, cluster)))
	live, gone := s.users(t, 60)

	var stop atomic.Bool
	var wait sync.WaitGroup
	var accepted, other atomic.Int64
	for range 4 {
		wait.Go(func() {
			for !stop.Load() {
				codes := s.count(live)
				accepted.Add(int64(codes[200]))
				other.Add(int64(codes[401]))
				assert.Zero(t, s.count(gone)[200], "on a busy machine 503 is possible")
			}
		})
	}
	nodes := cluster.Nodes()
	moved := 0
	for _, key := range strings.Fields(nodes[0].Do("KEYS", "*sentinel")) {
		moved += move(t, nodes[0].Do("CLUSTER", "KEYSLOT", key), nodes[0], nodes[1])
	}
	stop.Store(true)
	wait.Wait()
	assert.Greater(t, moved, 10)
	assert.Empty(t, nodes[0].Do("KEYS", "*"))
	assert.Greater(t, accepted.Load(), int64(100))
	assert.Zero(t, other.Load(), "nothing was lost")
	assert.Equal(t, map[int]int{200: 60}, s.count(live))
	assert.Equal(t, map[int]int{401: 60}, s.count(gone))
}

// move moves a slot, key after key, as redis-cli does, and returns how many there were.
func move(t *testing.T, slot string, from, to *redisserver.Server) (keys int) {
	t.Helper()
	host, port, found := strings.Cut(to.Addr(), ":")
	require.True(t, found)
	fromID, toID := from.Do("CLUSTER", "MYID"), to.Do("CLUSTER", "MYID")
	to.Do("CLUSTER", "SETSLOT", slot, "IMPORTING", fromID)
	from.Do("CLUSTER", "SETSLOT", slot, "MIGRATING", toID)
	for _, key := range strings.Fields(from.Do("CLUSTER", "GETKEYSINSLOT", slot, "1000")) {
		from.Do("MIGRATE", host, port, key, "0", "5000")
		time.Sleep(3 * time.Millisecond)
		keys++
	}
	to.Do("CLUSTER", "SETSLOT", slot, "NODE", toID)
	from.Do("CLUSTER", "SETSLOT", slot, "NODE", toID)
	return keys
}

// A client of one server that is a node of a cluster is of no use, and says so.
func TestCluster_ClientOfOneNode(t *testing.T) {
	refused := 0
	for _, node := range redisserver.StartCluster(t, 3).Nodes() {
		_, err := redisstore.New(t.Context(), newClient(t, node))
		if err != nil {
			assert.Contains(t, err.Error(), "MOVED")
			refused++
		}
	}
	assert.Equal(t, 2, refused, "one node has the sentinel's slot")
}

// A ring moves the keys of a shard that is away to the others, where nothing is known of them.
func TestRing_ShardIsAway(t *testing.T) {
	servers := []*redisserver.Server{
		redisserver.Start(t, "--appendonly", "yes", "--appendfsync", "always"),
		redisserver.Start(t, "--appendonly", "yes", "--appendfsync", "always"),
	}
	addrs := map[string]string{"one": servers[0].Addr(), "two": servers[1].Addr()}
	client := redis.NewRing(&redis.RingOptions{Addrs: addrs, HeartbeatFrequency: 100 * time.Millisecond})
	t.Cleanup(func() { _ = client.Close() })
	s := newSite(t, newStore(t, client))
	live, gone := s.users(t, 40)
	require.Equal(t, map[int]int{200: 40}, s.count(live))
	nextSecond()

	servers[1].Kill()
	until(t, 5*time.Second, "the ring has moved the keys", func() bool {
		codes := s.count(live)
		require.Zero(t, s.count(gone)[200])
		return codes[503] == 0 && client.Len() == 1
	})
	assert.Equal(t, map[int]int{401: 40}, s.count(live), "what is not known is refused")
	later, ended := s.users(t, 40)
	require.Equal(t, map[int]int{200: 40}, s.count(later))
	nextSecond()

	servers[1].Restart() // it knows nothing of what happened meanwhile
	until(t, 5*time.Second, "the ring has moved the keys back", func() bool {
		require.Zero(t, s.count(gone)[200])
		require.Zero(t, s.count(ended)[200])
		return client.Len() == 2 && s.count(later)[503] == 0
	})
	assert.Equal(t, map[int]int{401: 40}, s.count(ended))
	assert.Equal(t, map[int]int{401: 40}, s.count(gone))
	fresh, _ := s.users(t, 10)
	assert.Equal(t, map[int]int{200: 10}, s.count(fresh))
}
