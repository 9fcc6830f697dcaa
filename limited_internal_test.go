package authjwt

import (
	"context"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
)

// It behaves as context.WithTimeout does, to whoever asks, whatever was asked before.
func TestLimited(t *testing.T) {
	type key struct{}
	questions := map[string]func(ctx context.Context) any{
		"Err": func(ctx context.Context) any { return ctx.Err() },
		"Done": func(ctx context.Context) any {
			select {
			case <-ctx.Done():
				return true
			default:
				return false
			}
		},
		"Deadline": func(ctx context.Context) any { end, has := ctx.Deadline(); return []any{end.UnixNano(), has} },
		"Value":    func(ctx context.Context) any { return ctx.Value(key{}) },
		"Cause":    func(ctx context.Context) any { return context.Cause(ctx) },
		"derived": func(ctx context.Context) any {
			derived, cancel := context.WithCancel(ctx)
			defer cancel()
			return derived.Err()
		},
		"nothing": func(context.Context) any { return nil },
	}
	steps := map[string]func(left, over, end func()){
		"time passes":   func(_, _, end func()) { end() },
		"client leaves": func(left, _, _ func()) { left() },
		"call is over":  func(_, over, _ func()) { over() },
		"nothing":       func(_, _, _ func()) {},
	}
	for _, outer := range []time.Duration{time.Second, time.Minute, 0} { // earlier, later, none
		for first, before := range questions {
			for step, happen := range steps {
				for then, after := range questions {
					synctest.Test(t, func(t *testing.T) {
						parent, leave := context.WithCancel(context.WithValue(t.Context(), key{}, "it"))
						defer leave()
						if outer != 0 {
							var cancel context.CancelFunc
							parent, cancel = context.WithTimeout(parent, outer)
							defer cancel()
						}
						want, cancel := context.WithTimeout(parent, 2*time.Second)
						got := limited(parent, 2*time.Second)
						assert.Equal(t, before(want), before(got), first)
						happen(leave, func() { cancel(); got.finish() }, func() { time.Sleep(3 * time.Second) })
						synctest.Wait()
						for range 2 {
							assert.Equal(t, after(want), after(got), "%v: %s, %s, then %s", outer, first, step, then)
						}
						cancel()
						got.finish()
					})
				}
			}
		}
	}
}

// A Store that derives contexts starts no goroutines with them, and one that waits is woken.
func TestLimited_Derived(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		within := limited(t.Context(), time.Second)
		defer within.finish()
		before := runtime.NumGoroutine()
		for range 10 {
			derived, cancel := context.WithCancel(within)
			defer cancel()
			_ = derived.Done()
		}
		assert.Equal(t, before, runtime.NumGoroutine())
		start := time.Now()
		<-within.Done()
		assert.Equal(t, time.Second, time.Since(start))
	})
}
