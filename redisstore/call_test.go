package redisstore_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"

	"github.com/gin-authjwt/authjwt/redisstore"
)

// Nobody waits longer than he may for a pipeline that does not come back, whenever he came: before it, with it,
// while it was expected still, and when it was late already.
func TestWaitsNoLongerThanItsContext(t *testing.T) {
	const life, end = 150 * time.Millisecond, 2 * time.Second
	server := newFake(t)
	client := server.client(t)
	store := newStore(t, client)
	back := make(chan struct{})
	client.AddHook(&watch{func(ctx context.Context, cmds []redis.Cmder, next redis.ProcessPipelineHook) error {
		<-back
		return next(ctx, cmds)
	}})
	results := make(chan error)
	ask := func(ctx context.Context, cancel context.CancelFunc) {
		go func() {
			defer cancel()
			start := time.Now()
			_, err := store.Get(ctx, "key")
			assert.Less(t, time.Since(start), life+scheduling)
			results <- err
		}()
	}
	patient := make(chan error)
	go func() { // gives the pipeline its time
		ctx, cancel := context.WithTimeout(t.Context(), end)
		defer cancel()
		_, err := store.Get(ctx, "key")
		patient <- err
	}()
	for range 6 {
		time.Sleep(8 * time.Millisecond)
		ask(context.WithTimeout(t.Context(), life))
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(life, cancel)
		ask(ctx, cancel)
	}
	for range 12 {
		assert.Error(t, <-results)
	}
	close(back)
	assert.NoError(t, <-patient)
	assertGets(t, store, 100)
}

// That holds for calls as well that were used by others, for whom it took longer.
func TestWaitsNoLongerWhenUsedAgain(t *testing.T) {
	const life = 150 * time.Millisecond
	server := newFake(t)
	client := server.client(t)
	store := newStore(t, client)
	var takes atomic.Int64
	client.AddHook(&watch{func(ctx context.Context, cmds []redis.Cmder, next redis.ProcessPipelineHook) error {
		time.Sleep(time.Duration(takes.Load()))
		return next(ctx, cmds)
	}})
	for _, round := range []struct {
		takes time.Duration
		fails bool
	}{{60 * time.Millisecond, false}, {500 * time.Millisecond, true}} {
		takes.Store(int64(round.takes))
		var wait sync.WaitGroup
		for range 8 {
			wait.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), life)
				defer cancel()
				start := time.Now()
				_, err := store.Get(ctx, "key")
				assert.Equal(t, round.fails, err != nil, "%v", err)
				assert.Less(t, time.Since(start), life+scheduling)
			})
		}
		wait.Wait()
	}
}

// assertGets uses calls that have been used before.
func assertGets(t *testing.T, store *redisstore.Store, n int) {
	t.Helper()
	for range n {
		times, err := store.Get(t.Context(), "n:denied:a", "n:epoch:x", "b")
		assert.NoError(t, err)
		assert.Len(t, times, 3)
		assert.True(t, times[0].IsZero() && !times[1].IsZero() && times[2].IsZero(), "%v", times)
	}
}

// While one probes, the one that waits for it may leave.
func TestProbeIsNotWaitedFor(t *testing.T) {
	server := newFake(t)
	store := newStore(t, server.client(t))
	server.be(odds{"SENTINEL": ""})
	get := func(d time.Duration) error {
		ctx, cancel := context.WithTimeout(t.Context(), d)
		defer cancel()
		start := time.Now()
		_, err := store.Get(ctx, "key")
		assert.Less(t, time.Since(start), d+scheduling)
		return err
	}
	assert.Error(t, get(260*time.Millisecond))
	for start := time.Now(); time.Since(start) < 1200*time.Millisecond; time.Sleep(5 * time.Millisecond) {
		assert.Error(t, get(200*time.Millisecond))
	}
	server.be(nil)
	until(t, 5*time.Second, "it is back", func() bool { return get(200*time.Millisecond) == nil })
}
