package main

import (
	"context"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Real servers, real ports, and a key that rotates every two seconds.
func TestRotation(t *testing.T) {
	gin.SetMode(gin.ReleaseMode)
	ctx, stop := context.WithTimeout(t.Context(), 9*time.Second)
	defer stop()
	seen, err := run(ctx, 2*time.Second, t.Output())
	require.NoError(t, err)
	assert.GreaterOrEqual(t, len(seen.kids), 4)
	assert.Greater(t, seen.requests, 50)
	assert.Zero(t, seen.refused)
}
