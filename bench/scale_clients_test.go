package bench

import (
	"fmt"
	"net/http"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

// bare is what is measured beside clients: cores that share caches, memory and power slow each other down, whatever
// they do.
const bare = "clients, bare Gin"

// clients send requests at the same time: each has a goroutine, tokens of its own, and its share of the requests.
func (s *scale) clients(tb testing.TB, e extent) {
	hmac, rs256 := secretMaterial(), newMaterial(tb, "RS256")
	most := e.clients[len(e.clients)-1]
	gin, err := bareGin(nil, inHeader)
	require.NoError(tb, err)
	beside, store := &series{name: bare}, new(authjwt.MemoryStore)
	withStore := serveStored(tb, store, deny(tb, store, e.denied[1]))
	for _, one := range []struct {
		*series
		m    *material
		site site
	}{
		{beside, hmac, gin},
		{&series{name: "clients", beside: beside}, hmac, mustServe(tb, hmac, authjwt.Settings{})},
		{&series{name: "clients, MemoryStore", beside: beside}, hmac, withStore},
		{&series{name: "clients, RS256 tokens in the cache", beside: beside}, rs256, mustServe(tb, rs256, authjwt.Settings{VerifiedTokenCache: 4 * most})},
	} {
		tokens := distinct(tb, one.m, 4*most, nil)
		for _, number := range e.clients {
			runs := make([]func() int, number)
			for i := range runs {
				runs[i] = visits(one.site, tokens[4*i:4*i+4])
			}
			requests := e.requests
			if one.series == beside {
				requests *= 8 // or the goroutines' start would tell
			}
			p := one.add(fmt.Sprint(number), float64(number), atOnce(runs, requests))
			p.requests, p.cores = requests, min(number, runtime.GOMAXPROCS(0))
		}
		s.together = append(s.together, one.series)
	}
}

// atOnce is a run of so many requests. It returns 200 if each does.
func atOnce(runs []func() int, requests int) func() int {
	return func() int {
		var others atomic.Int64
		var wg sync.WaitGroup
		for _, run := range runs {
			wg.Go(func() {
				for range requests / len(runs) {
					if run() != http.StatusOK {
						others.Add(1)
					}
				}
			})
		}
		wg.Wait()
		if others.Load() > 0 {
			return http.StatusInternalServerError
		}
		return http.StatusOK
	}
}

func TestScale_AtOnce(t *testing.T) {
	var calls atomic.Int64
	run := func() int { calls.Add(1); return http.StatusOK }
	assert.Equal(t, http.StatusOK, atOnce([]func() int{run, run, run, run}, 12)())
	assert.EqualValues(t, 12, calls.Load())
	assert.Equal(t, http.StatusInternalServerError, atOnce([]func() int{run, func() int { return http.StatusUnauthorized }}, 2)())
}
