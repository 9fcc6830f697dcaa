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

// stored is authjwt with a Store.
func stored(tb testing.TB, store authjwt.Store) *authjwt.Manager {
	tb.Helper()
	auth, err := authjwt.New(authjwt.Settings{SecretKey: secret, Store: store, StoreTimeout: 10 * time.Second})
	require.NoError(tb, err)
	return auth
}

// deny revokes so many access tokens, which end within a quarter of an hour. The first of them is returned. A session and
// a subject are revoked besides, so that guards ask for these as well.
func deny(tb testing.TB, store authjwt.Store, number int) (denied string) {
	tb.Helper()
	const writers = 256
	auth, ctx := stored(tb, store), context.Background()
	denied = sessions(tb, auth, 1)[0]
	first, err := auth.Verify(ctx, denied, authjwt.Access)
	require.NoError(tb, err)
	require.NoError(tb, auth.RevokeSession(ctx, "nobody's"))
	require.NoError(tb, auth.RevokeSubject(ctx, "nobody"))
	failed := make([]error, writers)
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			t := *first
			for i := w; i < number && failed[w] == nil; i += writers {
				if i > 0 {
					t.ID, t.ExpiresAt = fmt.Sprintf("0c8e6a3e-4f6b-4c0f-8f1e-%012d", i), first.ExpiresAt.Add(time.Duration(i%900)*time.Second)
				}
				failed[w] = auth.Revoke(ctx, &t)
			}
		})
	}
	wg.Wait()
	for _, err := range failed {
		require.NoError(tb, err)
	}
	return denied
}

// sessions are the access tokens of so many logins of as many users.
func sessions(tb testing.TB, auth *authjwt.Manager, number int) (tokens []string) {
	tb.Helper()
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

// serveStored is authjwt with a Store in which a token was denied.
func serveStored(tb testing.TB, store authjwt.Store, denied string) site {
	tb.Helper()
	served := mustServe(tb, secretMaterial(), authjwt.Settings{Store: store})
	require.Equal(tb, http.StatusUnauthorized, visits(served, []string{denied})(), "the Store is asked")
	return served
}

// memoryStores hold so many denied entries, of which none is about the tokens that come.
func (s *scale) memoryStores(tb testing.TB, e extent) {
	one := &series{name: "denied entries, MemoryStore"}
	tokens := sessions(tb, stored(tb, new(authjwt.MemoryStore)), e.tokens)
	for _, number := range e.denied {
		store, before := new(authjwt.MemoryStore), heapInUse()
		denied := deny(tb, store, number)
		if number == e.denied[len(e.denied)-1] {
			s.memory = append(s.memory, memory{"MemoryStore, a denied entry", number, heapInUse() - before, 64})
		}
		one.add(fmt.Sprint(number), float64(number), visits(serveStored(tb, store, denied), tokens))
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
	var served []site
	var last authjwt.Store
	for _, number := range e.inRedis {
		server := redisserver.Start(tb)
		store, err := storeAt(server.Addr())
		require.NoError(tb, err)
		served, last = append(served, serveStored(tb, store, deny(tb, store, number))), store
		s.redis = serverVersion(server)
	}
	tokens := sessions(tb, stored(tb, last), e.tokens)
	for i, number := range e.inRedis {
		visit := visits(served[i], tokens)
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
