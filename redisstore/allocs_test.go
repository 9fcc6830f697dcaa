//go:build !race

package redisstore_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/gin-authjwt/authjwt/internal/redisserver"
)

// A question costs the times, a word for each key that goes to Redis, and what its pipeline costs, which others share.
func TestAllocs_Get(t *testing.T) {
	store := newStore(t, newClient(t, redisserver.Start(t)))
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	get := func(keys ...string) float64 {
		return testing.AllocsPerRun(300, func() { _, _ = store.Get(ctx, keys...) })
	}
	pipeline := get("a:epoch:x")
	assert.LessOrEqual(t, pipeline, 34.0)
	assert.LessOrEqual(t, get("a:subject:x", "a:epoch:x", "a:denied:y", "a:session:z"), pipeline+9)
}
