//go:build !race

package authjwt_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/gin-authjwt/authjwt"
)

// The race detector allocates by itself, so budgets hold without it alone.

func TestAllocs_ProtectedGET(t *testing.T) {
	bare, ours, _ := contestants(t)
	beyond := testing.AllocsPerRun(1000, ours) - testing.AllocsPerRun(1000, bare)
	// The AuthJWT, two for Gin's map of keys, and the claims' text.
	assert.LessOrEqual(t, beyond, 4.0)
}

func TestAllocs_Verify(t *testing.T) {
	auth := newManager(t)
	token := mustCreate(t, auth)
	assert.LessOrEqual(t, testing.AllocsPerRun(1000, func() {
		_, _ = auth.Verify(t.Context(), token, authjwt.Access)
	}), 2.0) // the Token and the claims' text
}

func TestAllocs_Create(t *testing.T) {
	auth := newManager(t)
	assert.LessOrEqual(t, testing.AllocsPerRun(1000, func() {
		_, _ = auth.CreateAccessToken("alice")
	}), 8.0)
}
