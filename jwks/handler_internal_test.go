package jwks

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

// A Manager returns nothing of this, and go-jose would encode it.
func TestK03_LastGuard(t *testing.T) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	public, edwards, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	for _, secret := range []any{private, edwards, []byte("secret"), "secret", nil, *private, &public} {
		assert.False(t, isPublic(authjwt.Key{PublicKey: secret}), "%T", secret)
	}
	assert.True(t, isPublic(authjwt.Key{PublicKey: private.Public()}))
	assert.True(t, isPublic(authjwt.Key{PublicKey: public}))
}
