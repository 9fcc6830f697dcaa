package authjwt

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Two learn of losses neck and neck: requests are too slow to meet between a load and a store.
func TestNoteEpoch_Races(t *testing.T) {
	const losses = 1_000_000
	for name, apart := range map[string]int{"the same losses": 0, "different ones": 1} {
		t.Run(name, func(t *testing.T) {
			var told, forgotten atomic.Int64
			m, err := New(Settings{
				SecretKey: "tests-only-0123456789-abcdefghijklmnopqrstuvwxyz",
				OnEvent:   func(context.Context, Event) { told.Add(1) },
			})
			require.NoError(t, err)
			first := time.Now().Add(time.Hour)
			var both sync.WaitGroup
			for who := range 2 {
				both.Go(func() {
					for i := range losses {
						epoch := first.Add(time.Duration(2*i+apart*who) * time.Millisecond)
						m.noteEpoch(t.Context(), epoch)
						if m.storeLost.Load() < epoch.UnixMilli() {
							forgotten.Add(1)
						}
					}
				})
			}
			both.Wait()
			assert.Zero(t, forgotten.Load(), "losses that were noted")
			if apart == 0 {
				assert.EqualValues(t, losses, told.Load(), "each is told once")
			}
		})
	}
}
