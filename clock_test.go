package authjwt_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

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

// What a Manager may let pass beyond exp, nbf and iat has an end.
func TestT06_LeewayIsBounded(t *testing.T) {
	fields := map[string]func(s *authjwt.Settings) *time.Duration{
		"DecodeLeeway": func(s *authjwt.Settings) *time.Duration { return &s.DecodeLeeway },
		"ClockSkew":    func(s *authjwt.Settings) *time.Duration { return &s.ClockSkew },
	}
	for name, field := range fields {
		for _, d := range []time.Duration{5*time.Minute + 1, 301 * time.Second, time.Hour, 1<<63 - 1, -2, -time.Second, -1 << 63} {
			s := authjwt.Settings{SecretKey: testSecret}
			*field(&s) = d
			_, err := authjwt.New(s)
			assert.ErrorContains(t, err, "Settings."+name+": "+d.String()+" is not from 0 to 5m0s; use a few seconds, or NoLeeway")
		}
		for _, d := range []time.Duration{5 * time.Minute, 1, 0, authjwt.NoLeeway} {
			s := authjwt.Settings{SecretKey: testSecret}
			*field(&s) = d
			_, err := authjwt.New(s)
			assert.NoError(t, err)
		}
	}
}

// A lastingStore notes until when what is put into it has to stay.
type lastingStore struct {
	authjwt.Store
	until map[string]time.Time // by the kind of the key
}

func (l *lastingStore) note(key string, until time.Time) {
	l.until[strings.Split(key, ":")[1]] = until
}

func (l *lastingStore) Set(ctx context.Context, key string, t, until time.Time) error {
	l.note(key, until)
	return l.Store.Set(ctx, key, t, until)
}

func (l *lastingStore) Add(ctx context.Context, key string, t, until time.Time) (time.Time, bool, error) {
	l.note(key, until)
	return l.Store.Add(ctx, key, t, until)
}

// However the clock of the server that denies a token has jumped, the entry lasts until the token's exp, the leeway and a minute.
func TestT10_EntriesLastUntilExp(t *testing.T) {
	const margin = time.Minute
	for _, leeway := range []time.Duration{authjwt.NoLeeway, time.Minute, 5 * time.Minute} {
		for _, jump := range []time.Duration{0, -5 * time.Second, time.Second, 14 * time.Minute, 15*time.Minute - 1} {
			kept := &lastingStore{until: map[string]time.Time{}}
			s := newService(t, func(set *authjwt.Settings) {
				kept.Store, set.Store, set.DecodeLeeway, set.RefreshReuseGrace = set.Store, kept, leeway, authjwt.NoGrace
			})
			got := s.login(t)
			access, refresh := s.verified(t, got.Access, authjwt.Access), s.verified(t, got.Refresh, authjwt.Refresh)
			s.pass(jump)
			require.NoError(t, s.auth.Revoke(t.Context(), access))
			assert.Equal(t, access.ExpiresAt.Add(max(leeway, 0)+margin), kept.until["denied"].UTC(), "%v, %v", leeway, jump)
			s.refresh(t, got.Refresh)
			assert.Equal(t, refresh.ExpiresAt.Add(max(leeway, 0)+margin), kept.until["used"].UTC(), "%v, %v", leeway, jump)

			s.refuses(t, got)
			s.pass(access.ExpiresAt.Add(max(leeway, 0) - 1).Sub(s.time())) // the last moment of the access token
			s.refuses(t, got)
			s.pass(testNow.Sub(s.time())) // and back
			s.refuses(t, got)
		}
	}
}
