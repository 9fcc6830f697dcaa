package bench

import (
	"fmt"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// tolerance is how far a cost may lie above the first one of its series, or above the line through two.
const tolerance = 1.2

// A series is the same request at several sizes of one thing.
type series struct {
	name   string
	points []*point
	// line are the points through which the cost of a linear series goes; those after them are judged. The cost of
	// others is flat: those after the first are judged by the first.
	line [2]int
	// beside is the same without us; what its cost grows by is nobody's.
	beside *series
}

// A point's runner carries out so many requests at once, by so many goroutines on so many cores.
type point struct {
	*runner
	label    string
	size     float64
	requests int
	cores    int
}

func (s *series) add(label string, size float64, run func() int) *point {
	p := &point{&runner{cell: cell{act: s.name, name: label}, run: run, want: http.StatusOK}, label, size, 1, 1}
	s.points = append(s.points, p)
	return p
}

func heatOf(rounds int, list ...*series) heat {
	h := heat{rounds: rounds}
	for _, s := range list {
		for _, p := range s.points {
			h.runners = append(h.runners, p.runner)
		}
	}
	return h
}

// cost is the time of one core for one request.
func (p *point) cost() []float64 {
	costs := make([]float64, len(p.ns))
	for i, ns := range p.ns {
		costs[i] = ns * float64(p.cores) / float64(p.requests)
	}
	return costs
}

// goal is about the dearest of the points that are judged.
func (s *series) goal() goal {
	g := goal{what: s.name + ": time, of the first point's", limit: tolerance, form: "%.3f"}
	from := 1
	switch {
	case s.line != [2]int{}:
		g.what = fmt.Sprintf("%s: time, of the line's through %s and %s", s.name, s.points[s.line[0]].label, s.points[s.line[1]].label)
		from = s.line[1] + 1
	case s.beside != nil:
		g.what += ", beside " + s.beside.name
	}
	for i := from; i < len(s.points); i++ {
		if got := ratios(s.points[i].cost(), s.bound(i)); g.got == nil || median(got) > median(g.got) {
			g.got = got
		}
	}
	return g
}

// bound is what point i may cost, but for the tolerance.
func (s *series) bound(i int) []float64 {
	first := s.points[0].cost()
	switch {
	case s.line != [2]int{}:
		a, b := s.points[s.line[0]], s.points[s.line[1]]
		share := (s.points[i].size - a.size) / (b.size - a.size)
		return paired(a.cost(), b.cost(), func(a, b float64) float64 { return a + share*(b-a) })
	case s.beside != nil:
		growth := ratios(s.beside.points[i].cost(), s.beside.points[0].cost())
		return paired(first, growth, func(a, b float64) float64 { return a * b })
	}
	return first
}

func (s *series) rows() (rows [][]string) {
	for _, p := range s.points {
		of := ratios(p.cost(), s.points[0].cost())
		quartiles := fmt.Sprintf("%.3f to %.3f", quantile(of, 0.25), quantile(of, 0.75))
		if p == s.points[0] {
			quartiles = ""
		}
		rows = append(rows, []string{
			s.name, p.label, short(median(p.cost()) / 1e3), fmt.Sprintf("%.3f", median(of)), quartiles,
			fmt.Sprintf("%.0f", p.allocs/float64(p.requests)), fmt.Sprintf("%.0f", 1e9/median(p.cost())),
		})
	}
	return rows
}

// A scale is all that grows.
type scale struct {
	alone    []*series // requests one after the other, on one core
	together []*series // on all cores
	memory   []memory
	cache    []*cacheCosts
	redis    string // its version, if it is there
	remarks  []string
}

// extent is how far it grows: the benchmark goes all the way, the test a step.
type extent struct {
	denied, inRedis, clients, cached []int
	sizes                            []float64 // KiB
	keys, claims                     []int
	tokens, requests, cache          int
}

var whole = extent{
	denied: []int{1, 1000, 100_000, 1_000_000}, inRedis: []int{1, 10_000, 1_000_000},
	clients: []int{1, 4, 16, 64}, cached: []int{100, 1000, 10_000},
	sizes: []float64{0.3, 1, 2, 4, 8}, keys: []int{1, 2, 3, 4}, claims: []int{1, 10, 25, 50},
	tokens: 4096, requests: 4096, cache: 256,
}

// BenchmarkScale prints how the cost of a request grows, and whether it does so as it may: linear in size, flat in the
// rest. What does not, does not fail it.
func BenchmarkScale(b *testing.B) {
	const passes = 24
	s := prepareScale(b, whole)
	s.measure(b, passes, 2*time.Millisecond)
	publish(b, "machine", s.machine())
	publish(b, "scale", s.legend(passes)+"\n"+s.table()+"\n"+memoryTable(s.memory)+"\n"+goalsTable(s.goals()))
	publish(b, "cache", cacheTable(s.cache))
	b.ReportMetric(0, "ns/op")
}

func prepareScale(tb testing.TB, e extent) *scale {
	s := new(scale)
	s.memoryStores(tb, e)
	s.sizes(tb, e)
	s.keys(tb, e)
	s.claims(tb, e)
	s.caches(tb, e)
	s.clients(tb, e)
	s.redisStores(tb, e)
	return s
}

func (s *scale) measure(tb testing.TB, passes int, span time.Duration) {
	var alone []heat
	for _, one := range s.alone {
		alone = append(alone, heatOf(8, one))
	}
	for _, one := range s.cache {
		alone = append(alone, heat{[]*runner{one.none, one.hit, one.miss}, 16})
	}
	procs := runtime.GOMAXPROCS(1)
	measure(tb, alone, passes, span)
	runtime.GOMAXPROCS(procs)
	measure(tb, []heat{heatOf(4, s.together...)}, passes, 5*span)
}

func (s *scale) series() []*series { return slices.Concat(s.alone, s.together) }

func (s *scale) goals() []goal {
	var goals []goal
	for _, one := range s.series() {
		if one.name != bare {
			goals = append(goals, one.goal())
		}
	}
	for _, m := range s.memory {
		goals = append(goals, m.goal())
	}
	return goals
}

func (s *scale) table() string {
	rows := [][]string{{"Series", "point", "µs", "of the first", "quartiles", "allocs", "requests/s"}}
	for _, one := range s.series() {
		rows = append(rows, one.rows()...)
	}
	return table(rows)
}

func (s *scale) legend(passes int) string {
	lines := []string{
		fmt.Sprintf("Medians of %d passes, %s %s/%s; a GET with a token in the header, HS256 where nothing else is said.", passes, runtime.Version(), runtime.GOOS, runtime.GOARCH),
		fmt.Sprintf("GOMAXPROCS=1; with clients and Redis %d, and of clients µs and requests/s are those of one core.", runtime.GOMAXPROCS(0)),
		"Of the first: time as a multiple of that of the first point of its series, paired pass by pass.",
	}
	return strings.Join(append(lines, s.remarks...), "\n") + "\n"
}

// A run of a few requests fills all tables.
func TestScale(t *testing.T) {
	s := prepareScale(t, extent{
		denied: []int{1, 100}, inRedis: []int{1, 100}, clients: []int{1, 4}, cached: []int{1, 4},
		sizes: []float64{0.3, 1, 2, 4}, keys: []int{1, 2, 3}, claims: []int{1, 10, 12},
		tokens: 8, requests: 16, cache: 2,
	})
	s.measure(t, 2, 50*time.Microsecond)
	text := s.legend(2) + s.table() + memoryTable(s.memory) + goalsTable(s.goals()) + cacheTable(s.cache)
	for _, one := range s.series() {
		assert.NotEmpty(t, one.points, one.name)
		for _, p := range one.points {
			assert.Contains(t, text, "| "+one.name+" ")
			assert.Len(t, p.ns, 2)
		}
	}
	for _, g := range s.goals() {
		assert.NotEmpty(t, g.got, g.what)
	}
	assert.NotContains(t, text, "NaN")
	assert.NotContains(t, text, "Inf")
	s.checkPage(t)
}

// seriesOf has points of these sizes and costs.
func seriesOf(line [2]int, sizes []float64, costs ...float64) *series {
	s := &series{name: "s", line: line}
	for i, size := range sizes {
		p := s.add(fmt.Sprint(size), size, nil)
		p.ns = []float64{costs[i], costs[i], costs[i]}
	}
	return s
}

// Each verdict has a twin that is missed.
func TestScale_Verdicts(t *testing.T) {
	for _, row := range []struct {
		what string
		s    *series
		met  bool
	}{
		{"flat", seriesOf([2]int{}, []float64{1, 10, 100}, 50, 60, 60), true},
		{"flat but at the end", seriesOf([2]int{}, []float64{1, 10, 100}, 50, 50, 60.1), false},
		{"flat but in the middle", seriesOf([2]int{}, []float64{1, 10, 100}, 50, 60.1, 50), false},
		{"linear", seriesOf([2]int{0, 1}, []float64{1, 2, 4, 8}, 10, 20, 40, 96), true},
		{"more than linear", seriesOf([2]int{0, 1}, []float64{1, 2, 4, 8}, 10, 20, 40, 96.1), false},
		{"the first point is not on the line", seriesOf([2]int{1, 2}, []float64{0, 1, 2, 4}, 9, 10, 20, 48), true},
		{"nor saves it anything", seriesOf([2]int{1, 2}, []float64{0, 1, 2, 4}, 90, 10, 20, 48.1), false},
	} {
		assert.Equal(t, row.met, row.s.goal().met(), row.what)
		assert.Equal(t, !row.met, strings.Contains(goalsTable([]goal{row.s.goal()}), "**missed**"), row.what)
	}
	ours := seriesOf([2]int{}, []float64{1, 4}, 50, 120)
	ours.beside = seriesOf([2]int{}, []float64{1, 4}, 10, 20)
	assert.Equal(t, "s: time, of the first point's, beside s", ours.goal().what)
	assert.True(t, ours.goal().met())
	ours.points[1].ns[0], ours.points[1].ns[1] = 121, 121
	assert.False(t, ours.goal().met())
	p := seriesOf([2]int{}, []float64{1}, 800).points[0]
	p.requests, p.cores = 16, 2
	assert.Equal(t, []float64{100, 100, 100}, p.cost())
	require.Equal(t, [][]string{{"s", "1", "0.100", "1.000", "", "0", "10000000"}}, (&series{name: "s", points: []*point{p}}).rows())
}
