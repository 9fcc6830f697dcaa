package main

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
	"github.com/gin-authjwt/authjwt/storetest"
)

// In a bubble time stands still until everybody waits, so that each ending has its exact time.
func TestWatch(t *testing.T) {
	type scene struct {
		ctx   context.Context
		stop  context.CancelFunc
		auth  *authjwt.Manager
		store *storetest.Faulty
		token *authjwt.Token
	}
	const start = 250 * time.Millisecond         // when a scene begins, after a whole second, as which exp is written
	const horizon = time.Hour + time.Millisecond // when one is over
	never := func(*scene) {}
	be := func(fault storetest.Fault) func(*scene) { return func(s *scene) { s.store.Be(fault) } }
	validate := func(answer func(context.Context) error) func(*authjwt.Settings) { // from 5 s on
		return func(s *authjwt.Settings) {
			begin := time.Now()
			s.Validate = func(ctx context.Context, _ *authjwt.Token) error {
				if time.Since(begin) < 5*time.Second {
					return nil
				}
				return answer(ctx)
			}
		}
	}
	refuse := func(err error) func(*authjwt.Settings) {
		return validate(func(context.Context) error { return err })
	}
	hang := func(ctx context.Context) error {
		<-ctx.Done()
		return ctx.Err()
	}
	for _, row := range []struct {
		name string
		edit func(*authjwt.Settings)
		life time.Duration
		do   func(*scene) // at 3.4 s
		want ending
		at   time.Duration // since start
	}{
		{"expires", nil, 7 * time.Second, never, expired, 7*time.Second - start},
		{"expires at once", nil, time.Second, never, expired, time.Second - start},
		{"expires, with leeway", func(s *authjwt.Settings) { s.DecodeLeeway = 10 * time.Second }, 7 * time.Second, never, expired, 17*time.Second - start},
		{"no expiry", nil, authjwt.NoExpiry, never, goingAway, horizon},
		{"revoked", nil, time.Hour, func(s *scene) { _ = s.auth.Revoke(s.ctx, s.token) }, revoked, 4 * time.Second},
		{"revoked, no expiry", nil, authjwt.NoExpiry, func(s *scene) { _ = s.auth.Revoke(s.ctx, s.token) }, revoked, 4 * time.Second},
		{"another's", nil, time.Hour, func(s *scene) { _ = s.auth.RevokeSubject(s.ctx, "other") }, expired, time.Hour - start},
		{"subject", nil, time.Hour, func(s *scene) { _ = s.auth.RevokeSubject(s.ctx, "test") }, revoked, 4 * time.Second},
		{"store fails", nil, time.Hour, be(storetest.Fails), unchecked, 4 * time.Second},
		{"store fails late", nil, time.Hour, be(storetest.FailsLate), unchecked, 4 * time.Second},
		{"store is short", nil, time.Hour, be(storetest.Short), unchecked, 4 * time.Second},
		{"store hangs", nil, time.Hour, be(storetest.Hangs), unchecked, 4250 * time.Millisecond},
		{"store fails at expiry", nil, 4 * time.Second, be(storetest.Fails), expired, 4*time.Second - start},
		{"stopped", nil, time.Hour, func(s *scene) { s.stop() }, goingAway, 3400 * time.Millisecond},
		{"stopped in a check", nil, time.Hour, func(s *scene) {
			s.store.Be(storetest.Hangs)
			time.AfterFunc(700*time.Millisecond, s.stop)
		}, goingAway, 4100 * time.Millisecond},
		{"refused by Validate", refuse(authjwt.ErrRevokedToken), time.Hour, never, revoked, 5 * time.Second},
		{"Validate cannot tell", refuse(authjwt.ErrUnavailable), time.Hour, never, unchecked, 5 * time.Second},
		{"Validate is broken", refuse(authjwt.ErrInternal), time.Hour, never, failed, 5 * time.Second},
		{"Validate hangs", validate(hang), time.Hour, never, unchecked, 5500 * time.Millisecond},
		{"refused otherwise", refuse(errors.New("x")), time.Hour, never, expired, 5 * time.Second},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				time.Sleep(start)
				s := &scene{store: storetest.NewFaulty(new(authjwt.MemoryStore))}
				s.ctx, s.stop = context.WithTimeout(t.Context(), horizon)
				defer s.stop()
				config := settings(secret)
				config.Store, config.AccessTokenExpires = s.store, row.life
				if row.edit != nil {
					row.edit(&config)
				}
				var err error
				s.auth, err = authjwt.New(config)
				require.NoError(t, err)
				raw, err := s.auth.CreateAccessToken("test")
				require.NoError(t, err)
				s.token, err = s.auth.Verify(s.ctx, raw, authjwt.Access)
				require.NoError(t, err)
				begin := time.Now()
				defer time.AfterFunc(3400*time.Millisecond, func() { row.do(s) }).Stop()
				assert.Equal(t, row.want, watch(s.ctx, s.auth, s.token))
				assert.Equal(t, row.at, time.Since(begin))
			})
		})
	}
}

// A store is asked once a second, not more often; at its end a watch leaves nothing behind.
func TestWatch_Asks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		config := settings(secret)
		store := storetest.NewFaulty(new(authjwt.MemoryStore))
		config.Store, config.AccessTokenExpires = store, authjwt.NoExpiry
		auth, err := authjwt.New(config)
		require.NoError(t, err)
		raw, err := auth.CreateAccessToken("test")
		require.NoError(t, err)
		token, err := auth.Verify(t.Context(), raw, authjwt.Access)
		require.NoError(t, err)
		before := store.Calls()
		ctx, stop := context.WithTimeout(t.Context(), 100*time.Second+time.Millisecond)
		defer stop()
		assert.Equal(t, goingAway, watch(ctx, auth, token))
		assert.Equal(t, int64(100), store.Calls()-before)
	})
}

// The codes are those of RFC 6455 §7.4.1. Reasons tell nothing of the server, and fit into a control frame (§5.5).
func TestEndings(t *testing.T) {
	for code, endings := range map[int][]ending{1001: {goingAway}, 1008: {expired, revoked}, 1011: {failed}, 1013: {unchecked}} {
		for _, e := range endings {
			assert.Equal(t, code, int(e.code), e.reason)
			assert.LessOrEqual(t, len(e.reason), 123)
			assert.NotEmpty(t, e.reason)
			assert.NotContains(t, strings.ToLower(e.reason), "store")
		}
	}
	assert.NotEqual(t, expired, revoked)
}
