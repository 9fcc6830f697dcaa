package bench

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt/internal/redisserver"
)

const performancePage = "../docs/performance.md"

// goalsOnPage are the rows of a block that have a verdict: what, and the limit.
func goalsOnPage(tb testing.TB, block string) (rows [][2]string) {
	tb.Helper()
	page, err := os.ReadFile(performancePage)
	require.NoError(tb, err)
	_, text, found := strings.Cut(string(page), "<!-- "+block+":begin -->\n")
	require.True(tb, found, block)
	text, _, _ = strings.Cut(text, "<!-- "+block+":end -->")
	for _, row := range regexp.MustCompile(`(?m)^\| (.+?) +\|.*\| +([≤≥] \S+) \| +(?:met|\*\*missed\*\*) \|$`).FindAllStringSubmatch(text, -1) {
		rows = append(rows, [2]string{row[1], row[2]})
	}
	return rows
}

func namesAndLimits(goals []goal) (rows [][2]string) {
	for _, g := range goals {
		rows = append(rows, [2]string{g.row()[0], g.row()[3]})
	}
	return rows
}

// The goals on the page are the code's, in its order. One that is added, dropped or moved is on the page at once.
func TestPerformancePage_Goals(t *testing.T) {
	r := &result{by: map[cell]*runner{}}
	for _, act := range []string{getHeader, getCookie, refused, loggedIn, browserGET, browserPOST, getNew} {
		for _, alg := range algorithms {
			for _, c := range all {
				r.by[cell{act, alg, c.name}] = &runner{ns: []float64{1}}
			}
		}
	}
	assert.Equal(t, namesAndLimits(r.goals()), goalsOnPage(t, "goals"), "make performance")

	var list []*loaded
	for _, name := range []string{"authjwt", "gin-jwt v2", withMemory, withRedis} {
		list = append(list, &loaded{name: name, rate: []float64{1}})
	}
	assert.Equal(t, namesAndLimits(loadGoals(list)), goalsOnPage(t, "load"), "make performance")
}

// checkPage is for the goals of s, which has the names and the lines of a whole one.
func (s *scale) checkPage(t *testing.T) {
	t.Helper()
	onPage, ours := goalsOnPage(t, "scale"), namesAndLimits(s.goals())
	if redisserver.Has() {
		assert.Equal(t, ours, onPage, "make performance")
		return
	}
	assert.Subset(t, onPage, ours, "make performance")
}
