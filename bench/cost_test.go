package bench

import (
	"fmt"
	"net/http"
	"os"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The requests of the table, in its order. The ones by a browser are authjwt's and bare Gin's alone.
const (
	getHeader   = "GET, header"
	getCookie   = "GET, cookie"
	refused     = "refused, header"
	loggedIn    = "login"
	browserGET  = "browser's GET"
	browserPOST = "browser's POST"
	getNew      = "GET, header, each token once"
)

// BenchmarkCost prints what a request costs in-process, in ourselves and in the peers, and whether the goals are met.
// A goal that is missed does not fail it.
func BenchmarkCost(b *testing.B) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	const passes = 12
	r := prepareCost(b)
	measure(b, r.heats, passes, 60*time.Millisecond)
	publish(b, "cost", r.legend(b, passes)+"\n"+r.table())
	publish(b, "goals", goalsTable(r.goals()))
	b.ReportMetric(0, "ns/op")
}

// A result is what is measured, side by side and by cell.
type result struct {
	heats []heat
	by    map[cell]*runner
}

// prepareCost lets every contender that passes its checks into the heats.
func prepareCost(tb testing.TB) *result {
	r := &result{by: map[cell]*runner{}}
	for _, alg := range algorithms {
		m := newMaterial(tb, alg)
		heats := map[string][]*runner{} // by request
		enter := func(act, name string, run func() int, want int) {
			one := &runner{cell: cell{act, alg, name}, run: run, want: want}
			r.by[one.cell] = one
			heats[act] = append(heats[act], one)
		}
		for _, c := range all {
			header, cookie := mustCheck(tb, c, m, inHeader), mustCheck(tb, c, m, inCookie)
			if header != nil {
				enter(getHeader, c.name, header.prepare(get(m.good, inHeader)), http.StatusOK)
				if !slices.Contains(c.accepts, "tampered") {
					enter(refused, c.name, header.prepare(get(m.bad["tampered"], inHeader)), http.StatusUnauthorized)
				}
			}
			if cookie != nil {
				enter(getCookie, c.name, cookie.prepare(get(m.good, inCookie)), http.StatusOK)
			}
			if slices.Contains(c.logins, alg) {
				with := cookie
				if with == nil {
					with = header
				}
				enter(loggedIn, c.name, with.prepare(loginRequest), http.StatusOK)
			}
		}
		for _, runners := range heats {
			r.heats = append(r.heats, heat{runners, 1})
		}
	}
	r.heats = append(r.heats, heat{r.browsers(tb), 3}) // its differences are small
	for _, alg := range []string{"RS256", "ES256"} {
		r.heats = append(r.heats, heat{r.newcomers(tb, alg), 2})
	}
	return r
}

// browsers GET and POST with all that a browser sends after a login: they differ in the method alone.
func (r *result) browsers(tb testing.TB) (runners []*runner) {
	m := secretMaterial()
	ours, err := authjwtContender(m, inCookie)
	require.NoError(tb, err)
	bare, err := bareGin(m, inCookie)
	require.NoError(tb, err)
	cookies, csrf := browserLogin(tb, ours)
	fields := slices.Concat(browser, []string{"Cookie", cookies, "X-CSRF-Token", csrf})
	for name, s := range map[string]site{"authjwt": ours, "bare Gin": bare} {
		for act, method := range map[string]string{browserGET: http.MethodGet, browserPOST: http.MethodPost} {
			run := s.prepare(request{method: method, path: "/protected", fields: fields})
			one := &runner{cell: cell{act, m.alg, name}, run: run, want: http.StatusOK}
			r.by[one.cell] = one
			runners = append(runners, one)
		}
	}
	return runners
}

// newcomers send one token after the other, so many that none is in the cache when it comes again.
func (r *result) newcomers(tb testing.TB, alg string) (runners []*runner) {
	m := newMaterial(tb, alg)
	tokens := make([]string, 2*cacheSize)
	for i := range tokens {
		tokens[i] = m.token(tb, jwt.GetSigningMethod(alg), m.sign, map[string]any{"n": i})
	}
	for name, build := range map[string]func(*material, string) (site, error){"authjwt": authjwtContender, cached: cachedContender} {
		s, err := build(m, inHeader)
		require.NoError(tb, err)
		var runs []func() int
		for _, token := range tokens {
			runs = append(runs, s.prepare(get(token, inHeader)))
		}
		next := 0
		one := &runner{cell: cell{getNew, alg, name}, want: http.StatusOK, run: func() int {
			next = (next + 1) % len(runs)
			return runs[next]()
		}}
		r.by[one.cell] = one
		runners = append(runners, one)
	}
	return runners
}

func (r *result) goals() []goal {
	at := func(act, alg, name string) *runner { return r.by[cell{act, alg, name}] }
	ratio := func(act, alg, peer string) []float64 {
		return ratios(at(act, alg, "authjwt").ns, at(act, alg, peer).ns)
	}
	beyond := func(act, alg string) []float64 {
		return []float64{at(act, alg, "authjwt").allocs - at(act, alg, "bare Gin").allocs}
	}
	goals := []goal{
		{what: "GET, header, HS256: time of gin-jwt v2's", got: ratio(getHeader, "HS256", "gin-jwt v2"), limit: 0.25, form: "%.3f"},
		{what: "GET, cookie, HS256: time of gin-jwt v2's", got: ratio(getCookie, "HS256", "gin-jwt v2"), limit: 0.25, form: "%.3f"},
		{what: "GET, header, HS256: time of ParseWithClaims alone", got: ratio(getHeader, "HS256", "golang-jwt v5 alone"), limit: 0.30, form: "%.3f"},
	}
	for _, row := range []struct {
		alg  string
		most float64
	}{{"HS256", 6}, {"EdDSA", 8}, {"RS256", 18}, {"ES256", 30}} {
		goals = append(goals, goal{what: "GET, header, " + row.alg + ": allocations beyond bare Gin's", got: beyond(getHeader, row.alg), limit: row.most, form: "%.0f"})
	}
	for _, alg := range algorithms[1:] {
		goals = append(goals, goal{what: "GET, header, " + alg + ": time of the cryptography alone", got: ratio(getHeader, alg, "cryptography alone"), limit: 1.12, form: "%.3f"})
	}
	for _, alg := range []string{"RS256", "ES256"} {
		hit, bare := at(getHeader, alg, cached), at(getHeader, alg, "bare Gin")
		goals = append(goals,
			goal{what: "cache, known " + alg + ": time beyond bare Gin's, of gin-jwt v2's RS256", got: ratios(differences(hit.ns, bare.ns), at(getHeader, "RS256", "gin-jwt v2").ns), limit: 0.03, form: "%.3f"},
			goal{what: "cache, known " + alg + ": whole GET, of gin-jwt v2's RS256", got: ratios(hit.ns, at(getHeader, "RS256", "gin-jwt v2").ns), limit: 0.03, form: "%.3f"},
			goal{what: "cache, each " + alg + " token once: time of no cache's", got: ratios(at(getNew, alg, cached).ns, at(getNew, alg, "authjwt").ns), limit: 1.05, form: "%.3f"},
		)
	}
	more := func(name string) *runner {
		post, get := at(browserPOST, "HS256", name), at(browserGET, "HS256", name)
		return &runner{ns: differences(post.ns, get.ns), allocs: post.allocs - get.allocs}
	}
	ours, bare := more("authjwt"), more("bare Gin")
	return append(goals,
		goal{what: "CSRF and Origin: ns of a cookie's POST beyond its GET", got: differences(ours.ns, bare.ns), limit: 250, form: "%.0f"},
		goal{what: "CSRF and Origin: allocations of a cookie's POST beyond its GET", got: []float64{ours.allocs - bare.allocs}, form: "%.0f"},
		goal{what: "refused, tampered HS256: time of gin-jwt v2's", got: ratio(refused, "HS256", "gin-jwt v2"), limit: 0.25, form: "%.3f"},
		goal{what: "login, HS256: time of gin-jwt v2's", got: ratio(loggedIn, "HS256", "gin-jwt v2"), limit: 0.45, form: "%.3f"},
		goal{what: "login, HS256: allocations beyond bare Gin's", got: beyond(loggedIn, "HS256"), limit: 40, form: "%.0f"},
	)
}

// table has a row for each contender at each request, and of each algorithm the time, ours as a share of it, and the
// allocations.
func (r *result) table() string {
	head := []string{""}
	for _, alg := range algorithms {
		head = append(head, alg+" µs", "ratio", "allocs")
	}
	rows := [][]string{head}
	for _, act := range []string{getHeader, getNew, getCookie, browserGET, browserPOST, refused, loggedIn} {
		for _, c := range all {
			row, takesPart := []string{act + ": " + c.name}, false
			for _, alg := range algorithms {
				one := r.by[cell{act, alg, c.name}]
				if one == nil {
					row = append(row, "–", "–", "–")
					continue
				}
				takesPart = true
				ours := r.by[cell{act, alg, all[0].name}]
				row = append(row, short(median(one.ns)/1e3), short(median(ratios(ours.ns, one.ns))), fmt.Sprintf("%.0f", one.allocs))
			}
			if takesPart {
				rows = append(rows, row)
			}
		}
	}
	return table(rows)
}

// short has three digits, or all of a whole number.
func short(x float64) string {
	switch {
	case x < 1:
		return fmt.Sprintf("%.3f", x)
	case x < 10:
		return fmt.Sprintf("%.2f", x)
	case x < 100:
		return fmt.Sprintf("%.1f", x)
	}
	return fmt.Sprintf("%.0f", x)
}

func (r *result) legend(tb testing.TB, passes int) string {
	module, err := os.ReadFile("go.mod")
	require.NoError(tb, err)
	var peers []string
	for _, peer := range []string{"appleboy/gin-jwt/v2", "labstack/echo-jwt/v4", "gofiber/contrib/jwt", "go-chi/jwtauth/v5", "lestrrat-go/jwx/v3", "golang-jwt/jwt/v5", "gin-gonic/gin"} {
		version := regexp.MustCompile(`github\.com/` + peer + ` (v\S+)`).FindStringSubmatch(string(module))
		require.NotNil(tb, version, peer)
		peers = append(peers, peer+" "+version[1])
	}
	return fmt.Sprintf("Medians of %d passes, GOMAXPROCS=%d, %s %s/%s; ratio: authjwt's time as a share of the row's, paired pass by pass.\n%s.\n",
		passes, runtime.GOMAXPROCS(0), runtime.Version(), runtime.GOOS, runtime.GOARCH, strings.Join(peers, ", "))
}

// A run of a few requests fills both tables.
func TestCost(t *testing.T) {
	r := prepareCost(t)
	measure(t, r.heats, 2, 100*time.Microsecond)
	text := r.legend(t, 2) + r.table()
	assert.Contains(t, text, "gin-jwt/v2 v2.")
	for _, act := range []string{getHeader, getCookie, refused, loggedIn} {
		assert.Contains(t, text, "| "+act+": authjwt ")
	}
	assert.NotContains(t, text, loggedIn+": echo-jwt")
	assert.NotContains(t, text, refused+": bare Gin")
	assert.NotContains(t, text, "NaN")
	goals := r.goals()
	assert.Len(t, goals, 21)
	assert.NotContains(t, goalsTable(goals), "NaN")
	for _, g := range goals {
		assert.NotEmpty(t, g.got, g.what)
	}
}
