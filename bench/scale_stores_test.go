package bench

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
	"github.com/gin-authjwt/authjwt/internal/redisserver"
)

// deny writes so many entries as a Manager does for revoked access tokens, which end within a quarter of an hour.
func deny(tb testing.TB, store authjwt.Store, number int) {
	tb.Helper()
	const writers = 256
	now, failed := time.Now(), make([]error, writers)
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := w; i < number && failed[w] == nil; i += writers {
				end := now.Add(15*time.Minute + time.Duration(i%900)*time.Second)
				failed[w] = store.Set(context.Background(), fmt.Sprintf("authjwt:denied:%043d@%d", i, end.Unix()), now, end.Add(time.Minute))
			}
		})
	}
	wg.Wait()
	for _, err := range failed {
		require.NoError(tb, err)
	}
}

// sessions are the access tokens of so many logins of as many users.
func sessions(tb testing.TB, s authjwt.Settings, number int) (tokens []string) {
	tb.Helper()
	auth, err := authjwt.New(s)
	require.NoError(tb, err)
	r := gin.New()
	r.POST("/login", auth.ErrorMiddleware(), func(c *gin.Context) {
		pair, err := authjwt.FromContext(c).Login(fmt.Sprint(username, len(tokens)))
		require.NoError(tb, err)
		tokens = append(tokens, pair.AccessToken)
	})
	for range number {
		send(r, http.MethodPost, "/login", "")
	}
	require.Len(tb, tokens, number)
	return tokens
}

// memoryStores hold so many denied entries, of which none is about the tokens that come.
func (s *scale) memoryStores(tb testing.TB, e extent) {
	one := &series{name: "denied entries, MemoryStore"}
	tokens := sessions(tb, authjwt.Settings{SecretKey: secret, Store: new(authjwt.MemoryStore)}, e.tokens)
	for _, number := range e.denied {
		store, before := new(authjwt.MemoryStore), heapInUse()
		deny(tb, store, number)
		if number == e.denied[len(e.denied)-1] {
			s.memory = append(s.memory, memory{"MemoryStore, a denied entry", number, heapInUse() - before, 64})
		}
		one.add(fmt.Sprint(number), float64(number), visits(mustServe(tb, secretMaterial(), authjwt.Settings{Store: store}), tokens))
	}
	s.alone = append(s.alone, one)
}

// redisStores are the same in a Redis of its own for each.
func (s *scale) redisStores(tb testing.TB, e extent) {
	if !redisserver.Has() {
		const hint = "redis-server is not installed: apt-get install redis-server"
		if os.Getenv("REQUIRE_SERVICES") != "" {
			tb.Fatal(hint)
		}
		s.remarks = append(s.remarks, "Without Redis: "+hint+".")
		return
	}
	one := &series{name: "denied entries, redisstore"}
	var stores []authjwt.Store
	for _, number := range e.inRedis {
		server := redisserver.Start(tb)
		store, err := storeAt(server.Addr())
		require.NoError(tb, err)
		deny(tb, store, number)
		stores = append(stores, store)
		s.redis = serverVersion(server)
	}
	tokens := sessions(tb, authjwt.Settings{SecretKey: secret, Store: stores[len(stores)-1]}, e.tokens)
	for i, number := range e.inRedis {
		visit := visits(mustServe(tb, secretMaterial(), authjwt.Settings{Store: stores[i]}), tokens)
		// In the second in which a Redis is new, tokens are dated by the next one.
		require.Eventually(tb, func() bool { return visit() == http.StatusOK }, 5*time.Second, 20*time.Millisecond)
		one.add(fmt.Sprint(number), float64(number), visit)
	}
	s.together = append(s.together, one)
}

// A memory is what entries take.
type memory struct {
	what    string
	entries int
	octets  int
	most    float64 // for an entry
}

func heapInUse() int {
	runtime.GC()
	runtime.GC() // the second empties pools
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int(stats.HeapAlloc)
}

func (m memory) each() float64 { return float64(m.octets) / float64(m.entries) }

func (m memory) goal() goal {
	return goal{what: m.what + ": octets", got: []float64{m.each()}, limit: m.most, form: "%.0f"}
}

func memoryTable(list []memory) string {
	rows := [][]string{{"Memory", "entries", "MB", "octets each"}}
	for _, m := range list {
		rows = append(rows, []string{m.what, fmt.Sprint(m.entries), fmt.Sprintf("%.1f", float64(m.octets)/1e6), fmt.Sprintf("%.0f", m.each())})
	}
	return table(rows)
}
