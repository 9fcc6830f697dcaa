package authjwt_test

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

// A judge is a guarded route and the Manager behind it, which must agree on every token.
type judge struct {
	*guarded
	m    *authjwt.Manager
	want authjwt.TokenType
	left error // what the guard left in c.Errors
}

// newJudge has an access guard in front of its route; edit changes the settings.
func newJudge(tb testing.TB, edit ...func(s *authjwt.Settings)) *judge {
	tb.Helper()
	j := &judge{m: newManager(tb, edit...), want: authjwt.Access}
	j.guardWith(tb, j.m.Required())
	return j
}

// newRefreshJudge has a refresh guard instead.
func newRefreshJudge(tb testing.TB, edit ...func(s *authjwt.Settings)) *judge {
	tb.Helper()
	j := &judge{m: newManager(tb, edit...), want: authjwt.Refresh}
	j.guardWith(tb, j.m.RefreshRequired())
	return j
}

func (j *judge) guardWith(tb testing.TB, guardian gin.HandlerFunc) {
	tb.Helper()
	j.guarded = guard(tb, func(c *gin.Context) {
		j.left = nil
		c.Next()
		if last := c.Errors.Last(); last != nil {
			j.left = last.Err
		}
	}, guardian)
}

// refuses checks that guard and Verify both refuse token as want says, for these reasons.
func (j *judge) refuses(tb testing.TB, token string, want outcome, reasons ...error) {
	tb.Helper()
	j.guardRefuses(tb, token, want, reasons...)
	_, err := j.m.Verify(tb.Context(), token, j.want)
	assertError(tb, err, want, reasons...)
}

// guardRefuses is refuses for verdicts that Verify does not reach, such as freshness.
func (j *judge) guardRefuses(tb testing.TB, token string, want outcome, reasons ...error) {
	tb.Helper()
	j.assertRefused(tb, j.get("Bearer "+token), want, token)
	assertError(tb, j.left, want, reasons...)
}

// accepts checks that guard and Verify both accept token, and returns it.
func (j *judge) accepts(tb testing.TB, token string) *authjwt.Token {
	tb.Helper()
	j.assertAccepted(tb, j.get("Bearer "+token))
	verified, err := j.m.Verify(tb.Context(), token, j.want)
	require.NoError(tb, err)
	return verified
}

// assertError checks that err is an *Error that tells the program what want tells the client.
func assertError(tb testing.TB, err error, want outcome, reasons ...error) {
	tb.Helper()
	var e *authjwt.Error
	if !assert.ErrorAs(tb, err, &e) {
		return
	}
	assert.Equal(tb, []any{want.status, want.code, want.detail}, []any{e.Status, e.Code, e.Detail})
	for _, reason := range reasons {
		assert.ErrorIs(tb, err, reason)
	}
}

// withClaim is a good token but for one claim, whose value is any text at all.
func withClaim(tb testing.TB, name, value string, changes ...map[string]any) string {
	tb.Helper()
	all := claims(nil)
	for _, change := range changes {
		all = claims(change)
	}
	delete(all, name)
	rest, err := json.Marshal(all)
	require.NoError(tb, err)
	return compact(tb, "HS256", headerHS256, fmt.Sprintf(`%s,%q:%s}`, strings.TrimSuffix(string(rest), "}"), name, value))
}

// seconds is testNow moved by d, as a NumericDate.
func seconds(d time.Duration) string { return strconv.FormatInt(testNow.Add(d).Unix(), 10) }

var (
	expired      = inv("token_expired", "Signature has expired")
	noExpiry     = inv("token_claims_invalid", `Token is missing the "exp" claim`)
	badExpiry    = inv("token_claims_invalid", "Expiration Time claim (exp) must be an integer.")
	badIssuedAt  = inv("token_claims_invalid", "Issued At claim (iat) must be an integer.")
	badNotBefore = inv("token_claims_invalid", "Not Before claim (nbf) must be an integer.")
	earlyIat     = inv("token_not_yet_valid", "The token is not yet valid (iat)")
	earlyNbf     = inv("token_not_yet_valid", "The token is not yet valid (nbf)")
	badPayload   = inv("token_malformed", "Invalid payload string: must be a json object")
)

func TestT01_NoExp(t *testing.T) {
	immortal := func(s *authjwt.Settings) { s.AccessTokenExpires = authjwt.NoExpiry }
	access, refresh := map[string]any{"exp": nil}, map[string]any{"exp": nil, "type": "refresh"}

	newJudge(t).refuses(t, signedClaims(t, claims(access)), noExpiry, authjwt.ErrJWTDecode, jwt.ErrTokenRequiredClaimMissing)
	newJudge(t).accepts(t, signedClaims(t, claims(nil)))
	newRefreshJudge(t, immortal).refuses(t, signedClaims(t, claims(refresh)), noExpiry, authjwt.ErrJWTDecode, jwt.ErrTokenRequiredClaimMissing)

	j := newJudge(t, immortal)
	assert.Zero(t, j.accepts(t, signedClaims(t, claims(access))).ExpiresAt)
	assert.Zero(t, j.accepts(t, mustCreate(t, j.m)).ExpiresAt)
	assert.Equal(t, testNow.Add(time.Hour), j.accepts(t, mustCreate(t, j.m, authjwt.WithExpires(time.Hour))).ExpiresAt)
	j.refuses(t, signedClaims(t, claims(map[string]any{"exp": testNow.Unix()})), expired, jwt.ErrTokenExpired)
	for _, kind := range []any{nil, "csrf", "ACCESS", 1} { // a type without a setting has no NoExpiry
		j.refuses(t, withoutExp(t, kind), noExpiry, jwt.ErrTokenRequiredClaimMissing)
	}
}

func withoutExp(tb testing.TB, kind any) string {
	return signedClaims(tb, claims(map[string]any{"exp": nil, "type": kind}))
}

func TestT01_NoExpiryIsMintedOnlyWhereItIsTheSetting(t *testing.T) {
	m := newManager(t, func(s *authjwt.Settings) { s.RefreshTokenExpires = authjwt.NoExpiry })
	_, err := m.CreateAccessToken("alice", authjwt.WithExpires(authjwt.NoExpiry))
	assert.ErrorContains(t, err, "WithExpires: NoExpiry is accepted only where it is the setting")
	token, err := m.CreateRefreshToken("alice", authjwt.WithExpires(authjwt.NoExpiry))
	require.NoError(t, err)
	verified, err := m.Verify(t.Context(), token, authjwt.Refresh)
	require.NoError(t, err)
	assert.Zero(t, verified.ExpiresAt)
}

func TestT02_ExpIsNoNumber(t *testing.T) {
	j, good := newJudge(t), seconds(time.Minute)
	for _, row := range []struct {
		exp, twin string
		want      outcome
		cause     error
	}{
		{`null`, good, badExpiry, jwt.ErrTokenInvalidClaims},
		{`"` + good + `"`, good, badExpiry, jwt.ErrTokenInvalidClaims},
		{`""`, good, badExpiry, jwt.ErrTokenInvalidClaims},
		{`true`, good, badExpiry, jwt.ErrTokenInvalidClaims},
		{`false`, good, badExpiry, jwt.ErrTokenInvalidClaims},
		{`[]`, good, badExpiry, jwt.ErrTokenInvalidClaims},
		{`[` + good + `]`, good, badExpiry, jwt.ErrTokenInvalidClaims},
		{`{}`, good, badExpiry, jwt.ErrTokenInvalidClaims},
		{`{"$numberLong":` + good + `}`, good, badExpiry, jwt.ErrTokenInvalidClaims},
		{`NaN`, good, badPayload, jwt.ErrTokenMalformed},
		{`Infinity`, good, badPayload, jwt.ErrTokenMalformed},
		{`-Infinity`, good, badPayload, jwt.ErrTokenMalformed},
		{`0x10`, good, badPayload, jwt.ErrTokenMalformed},
		{`0` + good, good, badPayload, jwt.ErrTokenMalformed},
		{`+` + good, good, badPayload, jwt.ErrTokenMalformed},
		{good + `.`, good + `.0`, badPayload, jwt.ErrTokenMalformed},
		{good + `e`, good + `e0`, badPayload, jwt.ErrTokenMalformed},
		{`.` + good + `e10`, `0.` + good + `e10`, badPayload, jwt.ErrTokenMalformed},
		{``, good, badPayload, jwt.ErrTokenMalformed},
	} {
		t.Run(row.exp, func(t *testing.T) {
			j.refuses(t, withClaim(t, "exp", row.exp), row.want, authjwt.ErrJWTDecode, row.cause)
			j.accepts(t, withClaim(t, "exp", row.twin))
		})
	}
}

func TestT03_ExpZero(t *testing.T) {
	j := newJudge(t, func(s *authjwt.Settings) { s.DecodeLeeway = 5 * time.Minute })
	for _, zero := range []string{"0", "0.0", "0e0", "0.9", "1"} {
		j.refuses(t, withClaim(t, "exp", zero), expired, authjwt.ErrJWTDecode, jwt.ErrTokenExpired)
	}
	j.accepts(t, withClaim(t, "exp", seconds(0)))

	atStart := newJudge(t, func(s *authjwt.Settings) { s.Now = func() time.Time { return time.Unix(0, 0) } })
	then := map[string]any{"iat": 0, "nbf": 0}
	atStart.refuses(t, withClaim(t, "exp", "0", then), expired, jwt.ErrTokenExpired)
	atStart.accepts(t, withClaim(t, "exp", "1", then))
}

// beyondDates are numbers that wrap around, or round, in an int64 or in time.Time.
var beyondDates = []string{
	"253402300800", "2534023007990e0", "9223372036854775807", "9223372036854775808", "18446744073709551615", "18446744073709551616",
	"1e19", "1e300", "1E+300", "1e9999", "1e99999999999", "1e18446744073709551617", "-1", "-0.5", "-1e-9", "-9223372036854775808", "-1e300",
	"1" + strings.Repeat("0", 400),
}

func TestT04_ExpBeyondDates(t *testing.T) {
	j := newJudge(t)
	for _, exp := range beyondDates {
		t.Run(exp, func(t *testing.T) {
			want := verdict{badExpiry, jwt.ErrTokenInvalidClaims}
			if exp[0] == '-' {
				want = verdict{expired, jwt.ErrTokenExpired}
			}
			j.refuses(t, withClaim(t, "exp", exp), want.outcome, authjwt.ErrJWTDecode, want.cause)
		})
	}
	for _, exp := range []string{"253402300799", "253402300799.999", "2.53402300799e11", "253402300799000e-3", "25340230079.9e+00000000000000000001"} {
		verified := j.accepts(t, withClaim(t, "exp", exp))
		assert.Equal(t, time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC), verified.ExpiresAt, exp)
	}
}

func TestT05_NotBeforeAndIssuedAtBeyondDates(t *testing.T) {
	j := newJudge(t)
	for claim, want := range map[string][2]outcome{"nbf": {badNotBefore, earlyNbf}, "iat": {badIssuedAt, earlyIat}} {
		early := map[string]error{"nbf": jwt.ErrTokenNotValidYet, "iat": jwt.ErrTokenUsedBeforeIssued}[claim]
		for _, date := range append([]string{"null", `"1"`, "true", "[]", "{}"}, beyondDates...) {
			t.Run(claim+" "+date, func(t *testing.T) {
				j.refuses(t, withClaim(t, claim, date), want[0], authjwt.ErrJWTDecode, jwt.ErrTokenInvalidClaims)
			})
		}
		j.refuses(t, withClaim(t, claim, "253402300799"), want[1], authjwt.ErrJWTDecode, early)
		for _, date := range []string{seconds(0), "0", "1.5e9", "1e-5", "0e9999"} {
			j.accepts(t, withClaim(t, claim, date))
		}
	}
}

// The same number has many spellings, and each must mean the same second.
func TestT05_Exponents(t *testing.T) {
	j := newJudge(t)
	for number, want := range map[string]int64{
		"1.5e9": 1500000000, "15e8": 1500000000, "1500000000.0e0": 1500000000, "1500000000": 1500000000, "1.5E+9": 1500000000,
		"0.00000000015e19": 1500000000, "15000000000000e-4": 1500000000, "1.5000000009e9": 1500000000, "1500000000.9999999999999999999": 1500000000,
		"1234567890123e-3": 1234567890, "1.23456789019e9": 1234567890, "0": 0, "0e0": 0, "1e0": 1, "1e-1": 0, "9e-9999": 0, "12.5e1": 125, "100e-2": 1,
	} {
		verified := j.accepts(t, withClaim(t, "iat", number))
		assert.Equal(t, want, verified.IssuedAt.Unix(), number)
	}
}

func TestT06_Edges(t *testing.T) {
	strict := func(s *authjwt.Settings) { s.ClockSkew = authjwt.NoLeeway }
	lenient := func(s *authjwt.Settings) { s.DecodeLeeway = 30 * time.Second }
	both := func(s *authjwt.Settings) { s.DecodeLeeway, s.ClockSkew = 30*time.Second, 10*time.Second }
	longest := func(s *authjwt.Settings) { s.DecodeLeeway, s.ClockSkew = 5*time.Minute, 5*time.Minute }
	for _, row := range []struct {
		name          string
		edit          func(s *authjwt.Settings)
		claim         string
		refused, twin time.Duration // from now
	}{
		{"exp", func(*authjwt.Settings) {}, "exp", 0, time.Second},
		{"exp in the past", func(*authjwt.Settings) {}, "exp", -time.Second, time.Second},
		{"exp knows no skew", func(s *authjwt.Settings) { s.ClockSkew = 5 * time.Minute }, "exp", 0, time.Second},
		{"exp with leeway", lenient, "exp", -30 * time.Second, -29 * time.Second},
		{"exp with the longest leeway", longest, "exp", -300 * time.Second, -299 * time.Second},
		{"nbf", func(*authjwt.Settings) {}, "nbf", 6 * time.Second, 5 * time.Second},
		{"nbf strict", strict, "nbf", time.Second, 0},
		{"nbf with leeway", lenient, "nbf", 36 * time.Second, 35 * time.Second},
		{"nbf with both", both, "nbf", 41 * time.Second, 40 * time.Second},
		{"nbf with the longest of both", longest, "nbf", 601 * time.Second, 600 * time.Second},
		{"iat", func(*authjwt.Settings) {}, "iat", 6 * time.Second, 5 * time.Second},
		{"iat strict", strict, "iat", time.Second, 0},
		{"iat with leeway", lenient, "iat", 36 * time.Second, 35 * time.Second},
		{"iat with both", both, "iat", 41 * time.Second, 40 * time.Second},
		{"iat with the longest of both", longest, "iat", 601 * time.Second, 600 * time.Second},
	} {
		t.Run(row.name, func(t *testing.T) {
			j := newJudge(t, row.edit)
			want := map[string]outcome{"exp": expired, "nbf": earlyNbf, "iat": earlyIat}[row.claim]
			cause := map[string]error{"exp": jwt.ErrTokenExpired, "nbf": jwt.ErrTokenNotValidYet, "iat": jwt.ErrTokenUsedBeforeIssued}[row.claim]
			j.refuses(t, withClaim(t, row.claim, seconds(row.refused)), want, authjwt.ErrJWTDecode, cause)
			j.accepts(t, withClaim(t, row.claim, seconds(row.twin)))
		})
	}
}

// A clock that shows parts of a second must not give a token a second more.
func TestT06_FractionalClock(t *testing.T) {
	j := newJudge(t, func(s *authjwt.Settings) {
		s.Now = func() time.Time { return testNow.Add(time.Second - time.Nanosecond) }
	})
	j.refuses(t, withClaim(t, "exp", seconds(0)), expired, jwt.ErrTokenExpired)
	j.accepts(t, withClaim(t, "exp", seconds(time.Second)))
}

func TestT07_NotBeforeInTheFuture(t *testing.T) {
	for _, j := range []*judge{newJudge(t), newRefreshJudge(t)} {
		for _, ahead := range []time.Duration{6 * time.Second, time.Hour, 100 * 365 * 24 * time.Hour} {
			j.refuses(t, withClaim(t, "nbf", seconds(ahead), map[string]any{"type": string(j.want)}), earlyNbf, authjwt.ErrJWTDecode, jwt.ErrTokenNotValidYet)
		}
		j.accepts(t, withClaim(t, "nbf", seconds(0), map[string]any{"type": string(j.want)}))
		j.accepts(t, signedClaims(t, claims(map[string]any{"nbf": nil, "type": string(j.want)})))
	}
}

func TestT08_IssuedAt(t *testing.T) {
	j := newJudge(t)
	j.refuses(t, withClaim(t, "iat", seconds(time.Hour)), earlyIat, authjwt.ErrJWTDecode, jwt.ErrTokenUsedBeforeIssued)
	for _, date := range []string{`null`, `"` + seconds(0) + `"`, `true`, `[` + seconds(0) + `]`, `{}`} {
		j.refuses(t, withClaim(t, "iat", date), badIssuedAt, authjwt.ErrJWTDecode, jwt.ErrTokenInvalidClaims)
	}
	j.accepts(t, withClaim(t, "iat", seconds(0)))
	assert.Zero(t, j.accepts(t, signedClaims(t, claims(map[string]any{"iat": nil}))).IssuedAt)
}

func TestT09_FractionalExp(t *testing.T) {
	j, now := newJudge(t), seconds(0)
	require.Equal(t, "1772366400", now)
	for _, exp := range []string{now + ".1", now + ".5", now + ".9", now + ".9999999999999999", "1.7723664009999999999999999e9", "17723664009999999e-7"} {
		j.refuses(t, withClaim(t, "exp", exp), expired, authjwt.ErrJWTDecode, jwt.ErrTokenExpired)
	}
	for _, exp := range []string{"1772366401.0", "1772366401.0000000000000001", "1772366401.9999999999999999"} {
		assert.Equal(t, testNow.Add(time.Second), j.accepts(t, withClaim(t, "exp", exp)).ExpiresAt)
	}
}
