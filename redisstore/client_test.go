package redisstore_test

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
	"github.com/gin-authjwt/authjwt/internal/redisserver"
)

// A watch is a hook around pipelines.
type watch struct {
	around func(ctx context.Context, cmds []redis.Cmder, next redis.ProcessPipelineHook) error
}

func (w *watch) DialHook(next redis.DialHook) redis.DialHook          { return next }
func (w *watch) ProcessHook(next redis.ProcessHook) redis.ProcessHook { return next }
func (w *watch) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error { return w.around(ctx, cmds, next) }
}

// Who has no time gets an error in time, and the others are not sent away for that.
func TestHurriedCaller(t *testing.T) {
	const hurry, slow = 15 * time.Millisecond, 90 * time.Millisecond
	server := newFake(t)
	client := server.client(t)
	store := newStore(t, client)
	client.AddHook(&watch{func(ctx context.Context, cmds []redis.Cmder, next redis.ProcessPipelineHook) error {
		time.Sleep(slow)
		return next(ctx, cmds)
	}})
	for _, limit := range []func() (context.Context, context.CancelFunc){
		func() (context.Context, context.CancelFunc) { return context.WithTimeout(t.Context(), hurry) },
		func() (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(hurry, cancel)
			return ctx, cancel
		},
	} {
		ctx, cancel := limit()
		start := time.Now()
		_, err := store.Get(ctx, "key")
		assert.Error(t, err)
		assert.ErrorIs(t, err, ctx.Err())
		assert.Less(t, time.Since(start), slow)
		cancel()
		_, err = store.Get(t.Context(), "key")
		assert.NoError(t, err)
	}
	before := make(chan error) // one that the hurried ones wait for
	go func() {
		_, err := store.Get(t.Context(), "key")
		before <- err
	}()
	time.Sleep(slow / 10)
	for range 3 {
		ctx, cancel := context.WithTimeout(t.Context(), hurry)
		_, err := store.Get(ctx, "key")
		assert.Error(t, err)
		cancel()
	}
	assert.NoError(t, <-before)
	_, err := store.Get(t.Context(), "key")
	assert.NoError(t, err)
}

// Entries are read where some are there: what happens between counts.
func TestFaultBetweenRoundTrips(t *testing.T) {
	for _, fault := range []struct {
		name       string
		strike     func(f *fake)
		alice, bob error
	}{
		{"none", func(*fake) {}, authjwt.ErrRevokedToken, nil},
		{"memory lost", (*fake).flush, authjwt.ErrRevokedToken, authjwt.ErrRevokedToken},
		{"no room", func(f *fake) { f.be(odds{"SENTINEL": "-OOM\r\n"}) }, authjwt.ErrUnavailable, authjwt.ErrUnavailable},
	} {
		t.Run(fault.name, func(t *testing.T) {
			p := newPatient(t, time.Second)
			client := p.server.client(t)
			site := newSite(t, newStore(t, client))
			client.AddHook(&watch{func(ctx context.Context, cmds []redis.Cmder, next redis.ProcessPipelineHook) error {
				if cmds[0].Name() == "get" {
					fault.strike(p.server)
				}
				return next(ctx, cmds)
			}})
			p.server.be(odds{"EXISTS": ":1\r\n"})
			_, err := site.auth.Verify(t.Context(), p.alice, authjwt.Access)
			assert.ErrorIs(t, err, fault.alice)
			_, err = site.auth.Verify(t.Context(), p.bob, authjwt.Access)
			assert.ErrorIs(t, err, fault.bob)
		})
	}
}

// A client that got no answer tries again, and knows its own entry.
func TestAddTriedAgain(t *testing.T) {
	at := time.UnixMilli(1_700_000_000_000)
	for _, lost := range []string{"ADD", "INCRBY", "SENTINEL"} {
		t.Run(lost, func(t *testing.T) {
			server := newFake(t)
			store := newStore(t, server.client(t))
			server.be(odds{lost: carriedOut + hangUp})
			present, added, err := store.Add(t.Context(), "key", at, time.Time{})
			require.NoError(t, err)
			assert.True(t, added)
			assert.True(t, at.Equal(present), "%v", present)
			present, added, err = store.Add(t.Context(), "key", at.Add(time.Hour), time.Time{}) // and another's
			require.NoError(t, err)
			assert.False(t, added)
			assert.True(t, at.Equal(present), "%v", present)
			_, added, err = store.Add(t.Context(), "key", at, time.Time{}) // of the same time, too
			require.NoError(t, err)
			assert.False(t, added)
		})
	}
	t.Run("a refresh", func(t *testing.T) {
		server := newFake(t)
		site := newSite(t, newStore(t, server.client(t)), func(s *authjwt.Settings) { s.RefreshReuseGrace = authjwt.NoGrace })
		first := site.login(t)
		server.be(odds{"ADD": carriedOut + hangUp})
		site.accepts(t, site.refresh(t, first.Refresh))
		assert.Equal(t, http.StatusUnauthorized, site.do("POST", "/refresh", first.Refresh).Code)
	})
	t.Run("a client that does not try again", func(t *testing.T) {
		server := newFake(t)
		store := newStore(t, server.client(t, func(o *redis.Options) { o.MaxRetries = -1 }))
		server.be(odds{"ADD": carriedOut + hangUp})
		_, added, err := store.Add(t.Context(), "key", at, time.Time{})
		assert.Error(t, err)
		assert.False(t, added)
	})
}

// A hook that panics, before or after the exchange, fails calls, not the process.
func TestPanickingHook(t *testing.T) {
	var hooked []*patient
	for _, late := range []bool{false, true} {
		p := newPatient(t, time.Second)
		hooked = append(hooked, p)
		var panics atomic.Int32
		client := p.server.client(t)
		p.get = newStore(t, client)
		client.AddHook(&watch{func(ctx context.Context, cmds []redis.Cmder, next redis.ProcessPipelineHook) error {
			if late {
				_ = next(ctx, cmds)
			}
			if panics.Add(1) == 1 {
				panic("hook")
			}
			return next(ctx, cmds)
		}})
		times, err := p.get.Get(t.Context(), "there")
		assert.ErrorContains(t, err, "panicked", late)
		assert.Empty(t, times, late)
	}
	for _, p := range hooked {
		p.heal(t, false)
	}
}

// The last entry that was written is looked for with every question; only a length tells that it is there.
func TestLastEntryIsLookedFor(t *testing.T) {
	server := newFake(t)
	store := newStore(t, server.client(t))
	_, err := store.Get(t.Context(), "key")
	require.NoError(t, err)
	require.NoError(t, store.Set(t.Context(), "last", time.Now(), time.Now().Add(time.Hour)))
	for _, reply := range []string{"-WRONGTYPE x\r\n", "-NOPERM x\r\n", "$-1\r\n", "*0\r\n", "+x\r\n"} {
		server.be(odds{"STRLEN": reply})
		_, err := store.Get(t.Context(), "key")
		assert.Error(t, err, reply)
		server.be(nil)
		until(t, 1200*time.Millisecond, "it is asked again", func() bool {
			_, err := store.Get(t.Context(), "key")
			return err == nil
		})
	}
}

// A slow network makes answers slow, and does not open the circuit: each pipeline has its time from its own start.
func TestSlowNetwork(t *testing.T) {
	const trip, budget = 110 * time.Millisecond, 250 * time.Millisecond // Settings.StoreTimeout
	client := newFake(t).client(t)
	store := newStore(t, client)
	client.AddHook(&watch{func(ctx context.Context, cmds []redis.Cmder, next redis.ProcessPipelineHook) error {
		time.Sleep(trip)
		return next(ctx, cmds)
	}})
	var wait sync.WaitGroup
	var good, all atomic.Int64
	for range 10 {
		wait.Go(func() {
			for range 8 {
				ctx, cancel := context.WithTimeout(t.Context(), budget)
				_, err := store.Get(ctx, "key")
				cancel()
				all.Add(1)
				if err == nil {
					good.Add(1)
				} else {
					assert.ErrorIs(t, err, context.DeadlineExceeded)
				}
			}
		})
	}
	wait.Wait()
	assert.Greater(t, good.Load(), all.Load()*3/4)
	_, err := store.Get(t.Context(), "key")
	assert.NoError(t, err)
}

// The last entry may end, for then it was to be forgotten.
func TestLastEntryEnds(t *testing.T) {
	t.Parallel()
	store := newStore(t, newClient(t, redisserver.Start(t)))
	began := func() time.Time {
		times, err := store.Get(t.Context(), "n:epoch:", "key")
		require.NoError(t, err)
		return times[0]
	}
	before := began()
	require.NoError(t, store.Set(t.Context(), "last", time.Now(), time.Now().Add(1500*time.Millisecond)))
	assert.Equal(t, before, began())
	time.Sleep(1600 * time.Millisecond)
	assert.Equal(t, before, began())
}
