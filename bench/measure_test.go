package bench

import (
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A cell is what one figure of the tables is about.
type cell struct{ act, alg, name string }

// A runner is a request to one contender, which is measured beside others.
type runner struct {
	cell
	run    func() int
	want   int // its status
	about  time.Duration
	ns     []float64 // a request's, one for each pass
	allocs float64   // a request's
}

// A heat is measured side by side, in so many rounds of each pass.
type heat struct {
	runners []*runner
	rounds  int
}

// measure runs all heats in each pass, in another order every time, so that a machine that slows down meanwhile does
// not favour one: ratios are those of one pass, in which the runners of a heat alternate. A round takes about span, which
// is long enough for some collections of a runner's own garbage. Its length varies, for they come regularly.
func measure(tb testing.TB, heats []heat, passes int, span time.Duration) {
	for _, h := range heats {
		for _, r := range h.runners {
			r.prepare(tb)
		}
	}
	for range passes {
		for _, i := range rand.Perm(len(heats)) {
			heats[i].pass(tb, span)
		}
	}
}

func (h heat) pass(tb testing.TB, span time.Duration) {
	took, requests := make([]time.Duration, len(h.runners)), make([]int, len(h.runners))
	for range h.rounds {
		for _, i := range rand.Perm(len(h.runners)) {
			r := h.runners[i]
			runtime.GC() // what others left is collected at no cost of its
			n := max(1, int(float64(span)/float64(r.about)*(0.5+rand.Float64())))
			took[i] += r.time(tb, n)
			requests[i] += n
		}
	}
	for i, r := range h.runners {
		r.ns = append(r.ns, float64(took[i].Nanoseconds())/float64(requests[i]))
	}
}

// prepare finds out how long a request takes, and counts its allocations.
func (r *runner) prepare(tb testing.TB) {
	const few, most = 5, 100
	first := max(1, r.time(tb, few)/few)
	requests := min(most, max(few, int(5*time.Millisecond/first)))
	r.allocs = testing.AllocsPerRun(requests, func() { r.run() })
	r.about = max(1, r.time(tb, requests)/time.Duration(requests))
}

// time returns how long so many requests take.
func (r *runner) time(tb testing.TB, requests int) time.Duration {
	others := 0
	start := time.Now()
	for range requests {
		if r.run() != r.want {
			others++
		}
	}
	took := time.Since(start)
	require.Zero(tb, others, "%v: another status than %d", r.cell, r.want)
	return took
}

// ratios are those of a to b, pass by pass.
func ratios(a, b []float64) []float64 {
	return paired(a, b, func(a, b float64) float64 { return a / b })
}

// differences are those of a and b, pass by pass.
func differences(a, b []float64) []float64 {
	return paired(a, b, func(a, b float64) float64 { return a - b })
}

func paired(a, b []float64, of func(a, b float64) float64) []float64 {
	result := make([]float64, min(len(a), len(b)))
	for i := range result {
		result[i] = of(a[i], b[i])
	}
	return result
}

func median(of []float64) float64 { return quantile(of, 0.5) }

func quantile(of []float64, q float64) float64 {
	sorted := slices.Sorted(slices.Values(of))
	return sorted[int(q*float64(len(sorted)-1)+0.5)]
}

func TestMeasure(t *testing.T) {
	calls := 0
	work := func(times int) func() int {
		return func() int {
			calls++
			for start := time.Now(); time.Since(start) < time.Duration(times)*20*time.Microsecond; {
			}
			return 200
		}
	}
	a, b := &runner{run: work(1), want: 200}, &runner{run: work(4), want: 200}
	measure(t, []heat{{[]*runner{a, b}, 2}, {[]*runner{{run: work(1), want: 200}}, 1}}, 5, time.Millisecond)
	assert.Len(t, a.ns, 5)
	assert.Greater(t, calls, 5*5*2)
	assert.Less(t, median(ratios(a.ns, b.ns)), 0.8)
	assert.Greater(t, median(differences(b.ns, a.ns)), 1000.0)
}

func TestQuantile(t *testing.T) {
	for q, want := range map[float64]float64{0: 1, 0.25: 2, 0.5: 3, 0.75: 4, 1: 5} {
		assert.Equal(t, want, quantile([]float64{5, 3, 1, 2, 4}, q))
	}
	assert.Equal(t, []float64{0.5, 3}, ratios([]float64{1, 6}, []float64{2, 2}))
	assert.Equal(t, []float64{-1, 4}, differences([]float64{1, 6}, []float64{2, 2}))
}
