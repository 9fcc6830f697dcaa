package authjwt_test

import (
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/gin-authjwt/authjwt"
)

func TestT10_ClockJumps(t *testing.T) {
	now := testNow
	for name, row := range map[string]struct {
		leeway        time.Duration
		refused, twin time.Duration
		want          outcome
		cause         error
	}{
		"back":              {0, -6 * time.Second, -5 * time.Second, earlyIat, jwt.ErrTokenUsedBeforeIssued},
		"back, leeway":      {time.Minute, -66 * time.Second, -65 * time.Second, earlyIat, jwt.ErrTokenUsedBeforeIssued},
		"suspended":         {0, 15 * time.Minute, 15*time.Minute - time.Second, expired, jwt.ErrTokenExpired},
		"suspended, leeway": {time.Minute, 16 * time.Minute, 16*time.Minute - time.Second, expired, jwt.ErrTokenExpired},
	} {
		t.Run(name, func(t *testing.T) {
			j := newJudge(t, func(s *authjwt.Settings) {
				s.Now = func() time.Time { return now }
				s.DecodeLeeway = row.leeway
			})
			now = testNow
			token := mustCreate(t, j.m)
			now = testNow.Add(row.refused)
			j.refuses(t, token, row.want, authjwt.ErrJWTDecode, row.cause)
			now = testNow.Add(row.twin)
			j.accepts(t, token)
		})
	}
}
