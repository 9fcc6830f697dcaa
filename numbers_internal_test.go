package authjwt

import (
	"math/big"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestNumericDate_Boundaries(t *testing.T) {
	const refused = -1
	for number, want := range map[string]int64{
		"0": 0, "1": 1, "9": 9, "10": 10, "1772366460": 1772366460, "253402300798": 253402300798, "253402300799": maxDate, // the short way
		"0.9": 0, "1.5": 1, "253402300799.0": maxDate, "253402300799.999999999": maxDate, "1e3": 1000, "1E+3": 1000, "253402300799e0": maxDate, "2534023007999e-1": maxDate, "2.53402300799e11": maxDate,
		"253402300800": refused, "253402300801": refused, "253402300800.0": refused, "2534023008e2": refused, "999999999999": refused, "2534023007990": refused, "9999999999999": refused,
		"9223372036854775807": refused, "9223372036854775808": refused, "18446744073709551615": refused, "18446744073709551616": refused, "18446744073709551617": refused, "99999999999999999999": refused,
		"184467442510698555600": refused, strings.Repeat("9", 400): refused, "1" + strings.Repeat("0", 400): refused, // 2^64·10 and more, which would wrap to dates
		"-0": refused, "-1": refused, "-0.5": refused, "-1e3": refused, "-253402300799": refused, "1e12": refused, "1e99999": refused,
	} {
		seconds, ok := numericDate(number)
		assert.Equal(t, want != refused, ok, "%.40s", number)
		if ok {
			assert.Equal(t, want, seconds, number)
		}
		short, ok := wholeSeconds(number)
		assert.Equal(t, want != refused && !strings.ContainsAny(number, ".eE"), ok, "%.40s, the short way", number)
		if ok {
			assert.Equal(t, want, short, "%s, the short way", number)
		}
	}
}

// Both ways read any digits as arithmetic without bounds does.
func TestNumericDate_BothWays(t *testing.T) {
	random := rand.New(rand.NewPCG(7519, 2))
	latest := big.NewInt(maxDate)
	for range 20_000 {
		digits := make([]byte, 1+random.IntN(25))
		for i := range digits {
			digits[i] = byte('0' + random.IntN(10))
		}
		number := strings.TrimLeft(string(digits), "0") + strconv.Itoa(random.IntN(10))
		exact, _ := new(big.Int).SetString(number, 10)
		want := exact.Cmp(latest) <= 0
		seconds, ok := wholeSeconds(number)
		assert.Equal(t, want, ok, number)
		slowly, slow := numericDate(number + ".5")
		assert.Equal(t, want, slow, number)
		if want {
			assert.Equal(t, []int64{exact.Int64(), exact.Int64()}, []int64{seconds, slowly}, number)
		}
	}
}

// The short way would read 01 as 1, but no reader lets it come so far (RFC 8259 §6).
func TestNumericDate_LeadingZero(t *testing.T) {
	for number, want := range map[string]bool{"1": true, "01": false, "00": false, "0": true, "-01": false, "0.0": true, "00.0": false} {
		var r reading
		_, good := r.agree(t, `{"exp":`+number+`}`, 1, namings[3])
		assert.Equal(t, want, good, number)
	}
}
