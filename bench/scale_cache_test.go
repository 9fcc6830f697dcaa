package bench

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"testing"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

// cacheCosts are those of one algorithm without a cache, and with one of a token that is in it and of one that is not.
type cacheCosts struct {
	alg             string
	none, hit, miss *runner
}

// breakEven is the share of hits from which on a cache pays: what a token that is not in it costs more, by what one
// that is costs less than that.
func (c *cacheCosts) breakEven() []float64 {
	return ratios(differences(c.miss.ns, c.none.ns), differences(c.miss.ns, c.hit.ns))
}

func cacheTable(list []*cacheCosts) string {
	rows := [][]string{{"Cache", "none, µs", "hit, µs", "miss, µs", "a hit saves, µs", "a miss adds, µs", "pays from hits, %", "quartiles"}}
	for _, c := range list {
		even := c.breakEven()
		percent := func(x float64) string { return fmt.Sprintf("%.1f", 100*max(x, 0)) }
		rows = append(rows, []string{
			c.alg, short(median(c.none.ns) / 1e3), short(median(c.hit.ns) / 1e3), short(median(c.miss.ns) / 1e3),
			short(median(differences(c.none.ns, c.hit.ns)) / 1e3), fmt.Sprintf("%.3f", median(differences(c.miss.ns, c.none.ns))/1e3),
			percent(median(even)), percent(quantile(even, 0.25)) + " to " + percent(quantile(even, 0.75)),
		})
	}
	return table(rows)
}

// distinct are so many tokens that differ in a claim, and in what else change says.
func distinct(tb testing.TB, m *material, number int, change map[string]any) []string {
	tokens := make([]string, number)
	for i := range tokens {
		c := map[string]any{"n": i}
		for name, value := range change {
			c[name] = value
		}
		tokens[i] = m.token(tb, jwt.GetSigningMethod(m.alg), m.sign, c)
	}
	rand.Shuffle(number, func(i, j int) { tokens[i], tokens[j] = tokens[j], tokens[i] })
	return tokens
}

// warmed visits each token once, and returns the visits that come after.
func warmed(tb testing.TB, s site, tokens []string) func() int {
	visit := visits(s, tokens)
	for range tokens {
		require.Equal(tb, http.StatusOK, visit())
	}
	return visit
}

// caches are compared by algorithm; by the number of tokens in them, of which each comes again; and in memory.
func (s *scale) caches(tb testing.TB, e extent) {
	for _, alg := range algorithms[1:] {
		m := newMaterial(tb, alg)
		tokens := distinct(tb, m, 2*e.cache, nil) // none of these is in the cache when it comes again
		enter := func(name string, run func() int) *runner {
			return &runner{cell: cell{"cache", alg, name}, run: run, want: http.StatusOK}
		}
		with := authjwt.Settings{VerifiedTokenCache: e.cache}
		s.cache = append(s.cache, &cacheCosts{
			alg: alg, none: enter("none", visits(mustServe(tb, m, authjwt.Settings{}), tokens)),
			hit:  enter("hit", warmed(tb, mustServe(tb, m, with), tokens[:e.cache])),
			miss: enter("miss", visits(mustServe(tb, m, with), tokens)),
		})
	}

	m, one := newMaterial(tb, "EdDSA"), &series{name: "tokens in the cache, EdDSA"}
	for _, number := range e.cached {
		tokens := distinct(tb, m, number, nil)
		served := mustServe(tb, m, authjwt.Settings{VerifiedTokenCache: number})
		before := heapInUse()
		visit := warmed(tb, served, tokens)
		if number == e.cached[len(e.cached)-1] {
			s.memory = append(s.memory, memory{"cache, a token of 0.3 KiB", number, heapInUse() - before, 1024})
		}
		one.add(fmt.Sprint(number), float64(number), visit)
	}
	s.alone = append(s.alone, one)

	number := e.cached[len(e.cached)-1] / 2
	tokens := distinct(tb, m, number, padding(tb, secretMaterial(), 4096))
	served := mustServe(tb, m, authjwt.Settings{VerifiedTokenCache: number})
	before := heapInUse()
	visit := warmed(tb, served, tokens)
	s.memory = append(s.memory, memory{"cache, a token of 4 KiB", number, heapInUse() - before, 4096 + 1024})
	require.Equal(tb, http.StatusOK, visit()) // not collected before
}

func TestScale_BreakEven(t *testing.T) {
	c := &cacheCosts{
		alg: "EdDSA", none: &runner{ns: []float64{50_000, 100_000}}, hit: &runner{ns: []float64{2000, 3000}},
		miss: &runner{ns: []float64{52_000, 97_000}},
	}
	assert.Equal(t, []float64{0.04, -3000.0 / 94_000}, c.breakEven())
	c.none.ns, c.hit.ns, c.miss.ns = c.none.ns[:1], c.hit.ns[:1], c.miss.ns[:1]
	assert.Contains(t, cacheTable([]*cacheCosts{c}), "| EdDSA |     50.0 |    2.00 |     52.0 |            48.0 |           2.000 |               4.0 | 4.0 to 4.0 |\n")
}
