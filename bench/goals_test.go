package bench

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
)

// A goal is one of authjwt's, and what was measured of it.
type goal struct {
	what  string
	got   []float64 // one for each pass, or one alone where they do not differ
	limit float64
	least bool // the limit is from below
	form  string
}

// met goes by the median.
func (g goal) met() bool {
	if g.least {
		return median(g.got) >= g.limit
	}
	return median(g.got) <= g.limit
}

func (g goal) row() []string {
	sign, verdict := "≤", "met"
	if g.least {
		sign = "≥"
	}
	if !g.met() {
		verdict = "**missed**"
	}
	quartiles := ""
	if len(g.got) > 1 {
		quartiles = fmt.Sprintf(g.form+" to "+g.form, quantile(g.got, 0.25), quantile(g.got, 0.75))
	}
	return []string{g.what, fmt.Sprintf(g.form, median(g.got)), quartiles, sign + " " + fmt.Sprintf(g.form, g.limit), verdict}
}

func goalsTable(goals []goal) string {
	rows := [][]string{{"What", "measured", "quartiles", "goal", ""}}
	for _, g := range goals {
		rows = append(rows, g.row())
	}
	return table(rows)
}

func TestGoals(t *testing.T) {
	assert.Equal(t, ""+
		"| What  | measured |    quartiles |   goal |            |\n"+
		"|-------|---------:|-------------:|-------:|-----------:|\n"+
		"| ratio |     0.25 | 0.20 to 0.30 | ≤ 0.25 |        met |\n"+
		"| ratio |     0.26 | 0.20 to 0.30 | ≤ 0.25 | **missed** |\n"+
		"| count |        7 |              |    ≤ 6 | **missed** |\n"+
		"| rate  |     1.50 |              | ≥ 1.50 |        met |\n"+
		"| rate  |     1.49 |              | ≥ 1.50 | **missed** |\n",
		goalsTable([]goal{
			{what: "ratio", got: []float64{0.2, 0.2, 0.25, 0.3, 0.3}, limit: 0.25, form: "%.2f"},
			{what: "ratio", got: []float64{0.3, 0.2, 0.26, 0.3, 0.2}, limit: 0.25, form: "%.2f"},
			{what: "count", got: []float64{7}, limit: 6, form: "%.0f"},
			{what: "rate", got: []float64{1.5}, limit: 1.5, least: true, form: "%.2f"},
			{what: "rate", got: []float64{1.49}, limit: 1.5, least: true, form: "%.2f"},
		}))
}
