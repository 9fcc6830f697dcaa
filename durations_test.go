package authjwt_test

import (
	"encoding/json"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

func TestDurations_Taken(t *testing.T) {
	const access, refresh, leeway, maxAge = "authjwt_access_token_expires", "authjwt_refresh_token_expires", "authjwt_decode_leeway", "authjwt_cookie_max_age"
	for _, row := range []struct {
		name string
		v    any
		want time.Duration
	}{
		{access, 60, time.Minute}, {access, int8(60), time.Minute}, {access, uint64(60), time.Minute}, {access, float32(1.5), 1500 * time.Millisecond},
		{access, 1.5, 1500 * time.Millisecond}, {access, 1.1, 1100 * time.Millisecond}, {access, 60.000001, time.Minute + time.Microsecond},
		{access, json.Number("60"), time.Minute}, {access, json.Number("1.5"), 1500 * time.Millisecond}, {access, json.Number("6e1"), time.Minute},
		{access, int64(9223372036), 9223372036 * time.Second}, {access, time.Minute, time.Minute}, {access, time.Minute + 1, time.Minute + 1},
		{access, false, authjwt.NoExpiry}, {access, authjwt.NoExpiry, authjwt.NoExpiry}, {refresh, false, authjwt.NoExpiry},
		{"authjwt_session_expires", false, authjwt.NoExpiry}, {"authjwt_session_expires", "P90D", 2160 * time.Hour},

		{access, "15m", 15 * time.Minute}, {access, "1h30m", 90 * time.Minute}, {access, "1.5s", 1500 * time.Millisecond},
		{access, "PT2M", 2 * time.Minute}, {access, "PT15M", 15 * time.Minute}, {access, "P30D", 720 * time.Hour}, {access, "P1DT2H", 26 * time.Hour},
		{access, "P1DT2H3M4.5S", 26*time.Hour + 3*time.Minute + 4500*time.Millisecond}, {access, "PT1.5H", 90 * time.Minute}, {access, "P0.5D", 12 * time.Hour},
		{access, "01:00:00", time.Hour}, {access, "0:15:00", 15 * time.Minute}, {access, "0:00:01.500000", 1500 * time.Millisecond},
		{access, "30 days, 0:00:00", 720 * time.Hour}, {access, "1 day, 2:03:04", 26*time.Hour + 3*time.Minute + 4*time.Second},
		{access, "1 day, 0:00:00.000001", 24*time.Hour + time.Microsecond}, {access, "15:30", 15*time.Minute + 30*time.Second}, {access, "1 02:00:00", 26 * time.Hour},
		{access, namedText("PT2M"), 2 * time.Minute},

		{leeway, 0, 0}, {leeway, 0.0, 0}, {leeway, "0:00:00", 0}, {leeway, "PT0S", 0}, {leeway, time.Duration(0), 0}, {leeway, authjwt.NoLeeway, 0},
		{leeway, 1.5, 1500 * time.Millisecond}, {leeway, "30s", 30 * time.Second}, {leeway, 30 * time.Second, 30 * time.Second},
		{"authjwt_clock_skew", 0, authjwt.NoLeeway}, {"authjwt_clock_skew", authjwt.NoLeeway, authjwt.NoLeeway}, {"authjwt_clock_skew", 3, 3 * time.Second},
		{"authjwt_refresh_reuse_grace", 0, authjwt.NoGrace}, {"authjwt_refresh_reuse_grace", "10s", 10 * time.Second},
		{"authjwt_store_timeout", 0.25, 250 * time.Millisecond}, {"authjwt_store_timeout", "1s", time.Second},

		{maxAge, 60, time.Minute}, {maxAge, 60.0, time.Minute}, {maxAge, json.Number("60"), time.Minute}, {maxAge, time.Hour, time.Hour}, {maxAge, nil, 0},

		{"JWT_ACCESS_TOKEN_EXPIRES", nil, authjwt.NoExpiry}, {"JWT_ACCESS_TOKEN_EXPIRES", 60, time.Minute},
		{"JWT_REFRESH_TOKEN_EXPIRES", nil, authjwt.NoExpiry}, {"JWT_REFRESH_TOKEN_EXPIRES", false, authjwt.NoExpiry}, {"JWT_REFRESH_TOKEN_EXPIRES", "P20D", 480 * time.Hour},
		{"JWT_COOKIE_MAX_AGE", nil, 0},
	} {
		got, err := loadedField(row.name, row.v)
		require.NoError(t, err, "%s: %v", row.name, row.v)
		assert.Equal(t, row.want, got, "%s: %v", row.name, row.v)
	}
}

func TestDurations_Refused(t *testing.T) {
	const access, leeway, maxAge = "authjwt_access_token_expires", "authjwt_decode_leeway", "authjwt_cookie_max_age"
	const none = " is no duration; write seconds, or \"15m\", \"PT15M\" or \"0:15:00\""
	const unit = " is a text without a unit; write the number, without quotes, or the unit: \"15m\""
	const lifetime = " is no lifetime; write more than 0, or false for none"
	const below, wide = " is below 0; write 0 for none", " is out of range; write a number of seconds, or \"15m\""
	const whole = " is no number of whole seconds from 1; write 3600, or leave it out for cookies that end with the browser"
	const null, wait = "null has no meaning here; leave it out for the default", " is no time to wait; write 0.25, or \"250ms\""
	for _, row := range []struct {
		name string
		v    any
		fix  string
	}{
		{access, 0, "0" + lifetime}, {access, -1, "-1" + lifetime}, {access, -1e-9, "-1e-09" + lifetime}, {access, 1e-10, "1e-10" + lifetime},
		{access, time.Duration(0), "0s" + lifetime}, {access, -time.Hour, "-1h0m0s" + lifetime}, {access, "-15m", "\"-15m\"" + lifetime},
		{access, "-1ns", "\"-1ns\"" + lifetime}, {access, "0s", "\"0s\"" + lifetime}, {access, "PT0S", "\"PT0S\"" + lifetime}, {access, json.Number("-1"), "\"-1\"" + lifetime},
		{access, true, "true" + none}, {access, nil, null}, {access, []any{1}, "a []interface {}" + none}, {access, "test", "\"test\"" + none},
		{access, "15", "\"15\"" + unit}, {access, "1.5", "\"1.5\"" + unit}, {access, "-15", "\"-15\"" + unit}, {access, "1e3", "\"1e3\"" + unit}, {access, "", "\"\"" + none},
		{access, " 15m", "\" 15m\"" + none}, {access, "15 m", "\"15 m\"" + none}, {access, "P", "\"P\"" + none}, {access, "PT", "\"PT\"" + none}, {access, "pt2m", "\"pt2m\"" + none},
		{access, "P1Y", "\"P1Y\"" + none}, {access, "PT2H1D", "\"PT2H1D\"" + none}, {access, "-PT2M", "\"-PT2M\"" + none}, {access, "-1 day, 23:59:59", "\"-1 day, 23:59:59\"" + none},
		{access, "1 day", "\"1 day\"" + none}, {access, "1:2:3:4", "\"1:2:3:4\"" + none}, {access, "0:15:00 ", "\"0:15:00 \"" + none}, {access, "x0:15:00", "\"x0:15:00\"" + none},
		{access, json.Number("0x10"), "\"0x10\"" + none}, {access, json.Number("NaN"), "\"NaN\"" + none}, {access, json.Number(""), "\"\"" + none},
		{access, complex(1, 0), "a complex128" + none},
		{access, math.NaN(), "NaN" + wide}, {access, math.Inf(1), "+Inf" + wide}, {access, math.Inf(-1), "-Inf" + wide}, {access, 1e10, "1e+10" + wide}, {access, int64(math.MaxInt64), "9223372036854775807" + wide},
		{access, uint64(math.MaxUint64), "18446744073709551615" + wide}, {access, json.Number("1e400"), "\"1e400\"" + wide}, {access, int64(9223372037), "9223372037" + wide},
		{access, "P9999999999D", "\"P9999999999D\"" + wide}, {access, "99999999999:00:00", "\"99999999999:00:00\"" + wide},
		{"authjwt_session_expires", 0, "0" + lifetime}, {"JWT_ACCESS_TOKEN_EXPIRES", 0, "0" + lifetime}, {"JWT_REFRESH_TOKEN_EXPIRES", true, "true" + none},

		{leeway, -1, "-1" + below}, {leeway, "-1ns", "\"-1ns\"" + below}, {leeway, -time.Second, "-1s" + below}, {leeway, true, "true" + none}, {leeway, false, "false" + none}, {leeway, nil, null},
		{leeway, "10", "\"10\"" + unit}, {"authjwt_clock_skew", -1, "-1" + below}, {"authjwt_refresh_reuse_grace", -1, "-1" + below}, {"authjwt_refresh_reuse_grace", false, "false" + none},
		{"authjwt_store_timeout", 0, "0" + wait}, {"authjwt_store_timeout", -1, "-1" + wait}, {"authjwt_store_timeout", authjwt.NoExpiry, "-1ns" + wait},

		{maxAge, 0, "0" + whole}, {maxAge, -1, "-1" + whole}, {maxAge, 1.5, "1.5" + whole}, {maxAge, "60", "\"60\"" + whole}, {maxAge, "1h", "\"1h\"" + whole},
		{maxAge, 1500 * time.Millisecond, "1.5s" + whole}, {maxAge, authjwt.NoExpiry, "-1ns" + whole}, {maxAge, false, "false" + none}, {maxAge, 1e300, "1e+300" + wide},
	} {
		_, err := loadedField(row.name, row.v)
		assertMistakes(t, err, row.name+": "+row.fix)
	}
}
