package authjwt

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// While an outage lasts it ends now: others may be answered in it, but their answer ends it, so that a request
// sees this only where another one fails between its answer and its verdict.
func TestUsedFrom_WhileAnOutageLasts(t *testing.T) {
	down := time.Unix(1_700_000_000, 0)
	now := down
	m, err := New(Settings{
		SecretKey: "tests-only-0123456789-abcdefghijklmnopqrstuvwxyz", StoreTimeout: 200 * time.Millisecond, Now: func() time.Time { return now },
	})
	require.NoError(t, err)
	assert.Equal(t, down, m.usedFrom(down, now), "no outage")
	m.noteStore(t.Context(), errors.New("no connection"))
	now = down.Add(time.Minute)
	m.noteStore(t.Context(), errors.New("still none"))
	for range 2 {
		early := down.Add(-1200*time.Millisecond - 1)
		assert.Equal(t, early, m.usedFrom(early, now))
		assert.Equal(t, now, m.usedFrom(early.Add(1), now))
		assert.Equal(t, now, m.usedFrom(now, now))
		assert.Equal(t, now.Add(1), m.usedFrom(now.Add(1), now), "by a clock ahead")
		now = now.Add(time.Minute)
	}
	m.noteStore(t.Context(), nil)
	up := now
	now = now.Add(time.Hour)
	m.noteStore(t.Context(), nil)
	assert.Equal(t, up, m.usedFrom(down, now), "it ended with the first answer")
}
