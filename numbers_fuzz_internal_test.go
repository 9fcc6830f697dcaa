package authjwt

import (
	"encoding/json"
	"math/big"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzNumericDate reads any number of JSON as a date, and the same by arithmetic without bounds.
func FuzzNumericDate(f *testing.F) {
	for _, number := range []string{
		"0", "1772366460", "253402300799", "253402300800", "253402300799.999", "1.9999999999999999", "0.1e1", "1e3", "1E+3", "2534023007990e-1", "-1", "-0", "0.0", "-0.5", "1e11", "3e11", "1e-9999", "1e9999", "0e99999", "1e99999", "1e00000000000000000002", "1e-0",
		"9223372036854775807", "18446744073709551617", "184467442510698555600", "0.00000000000000000001e30", "123456789012345678901234567890e-20", "1e18446744073709551617",
	} {
		f.Add(number)
	}
	long := regexp.MustCompile(`[eE][+-]?0*[1-9][0-9]{4}`)
	latest := big.NewInt(maxDate)
	f.Fuzz(func(t *testing.T, number string) {
		if len(number) > 1000 || strings.Trim(number, "-+.eE0123456789") != "" || !json.Valid([]byte(number)) {
			return // no number of JSON, which the readers before let through alone
		}
		seconds, ok := numericDate(number)
		m := member{0, int32(len(number)), '0'}
		date, dated := m.date(number)
		require.Equal(t, ok, dated)
		_, whole := m.seconds(number)
		require.Equal(t, ok, whole)
		if strings.HasPrefix(number, "-") || long.MatchString(number) {
			require.False(t, ok, "a sign, or an exponent that no date needs")
			return
		}
		exact, valid := new(big.Rat).SetString(number)
		require.True(t, valid)
		floor := new(big.Int).Quo(exact.Num(), exact.Denom())
		require.Equal(t, floor.Cmp(latest) <= 0, ok)
		if ok {
			require.Equal(t, floor.Int64(), seconds)
			require.Equal(t, floor.Int64(), date.Unix())
		}
		if short, ok := wholeSeconds(number); ok {
			require.Equal(t, floor.Int64(), short)
		}
	})
}
