package authjwt

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestEqual(t *testing.T) {
	const claim = "3f0e5c1c-6d3a-4c0e-9a55-0a6f2b1d7e44"
	x := func(n int) string { return strings.Repeat("x", n) }
	nul := func(n int) string { return strings.Repeat("\x00", n) }
	for _, row := range []struct {
		a, b string
		want bool
	}{
		{"", "", true}, {claim, claim, true}, {x(63), x(63), true}, {x(64), x(64), true}, {x(65), x(65), true}, {x(8192), x(8192), true}, {nul(64), nul(64), true}, {nul(65), nul(65), true},
		{claim, "", false}, {claim, claim[:35], false}, {claim, claim[:35] + "5", false}, {claim, "4" + claim[1:], false}, {claim, strings.ToUpper(claim), false}, {claim, " " + claim, false}, {claim, claim + " ", false}, {claim, claim + claim, false},
		{claim, claim + claim[:28], false}, {claim, claim + claim[:29], false},
		{x(64), x(63) + "y", false}, {x(64), x(63), false}, {x(64), x(65), false}, {x(65), x(64) + "y", false}, {x(65), x(66), false}, {x(64) + "y", x(64) + "z", false}, {x(8192), x(8191) + "y", false}, {x(8192), x(8191), false},
		{x(36), x(36 + 256), false}, {x(0), x(256), false}, {"", nul(1), false}, {"", nul(64), false}, {"", nul(65), false}, {nul(63), nul(64), false}, {nul(64), nul(65), false}, {x(64), x(64) + "\x00", false},
		{"é", "e\u0301", false}, {"\xff", "\xfe", false}, {"\xff", "\xff", true},
	} {
		assert.Equal(t, row.want, equal(row.a, row.b), "%.70q, %.70q", row.a, row.b)
		assert.Equal(t, row.want, equal(row.b, row.a), "%.70q, %.70q", row.b, row.a)
	}
	for n := range 100 { // what fills up is no part of a value
		assert.Equal(t, n == 0, equal(claim, claim+nul(n)), "%d", n)
		assert.Equal(t, n == 0, equal(claim+nul(n), claim), "%d", n)
		assert.Equal(t, n == 36, equal(claim[:min(n, 36)]+nul(max(0, n-36)), claim), "%d", n)
	}
	for n := 1; n < 100; n++ { // each octet counts
		for i := range n {
			assert.False(t, equal(x(n), x(i)+"y"+x(n-i-1)), "%d of %d", i, n)
		}
	}
}
