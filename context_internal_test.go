package authjwt

import (
	"net/http/httptest"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// counting counts the signatures a key verifies; no exported seam reaches it.
type counting struct {
	method
	verified int
}

func (c *counting) verify(text, sig []byte) bool {
	c.verified++
	return c.method.verify(text, sig)
}

func TestSignatureVerifiedOncePerRequest(t *testing.T) {
	auth, err := New(Settings{SecretKey: "tests-only-0123456789-abcdefghijklmnopqrstuvwxyz"})
	require.NoError(t, err)
	key := auth.keys.list.Load().keys[0]
	counter := &counting{method: key.method}
	key.method = counter
	token, err := auth.CreateAccessToken("alice", WithFresh(), WithClaims(map[string]any{"scope": "read"}))
	require.NoError(t, err)
	other, err := auth.CreateAccessToken("bob")
	require.NoError(t, err)

	r := gin.New()
	r.GET("/", auth.ErrorMiddleware(), auth.Required(), func(c *gin.Context) {
		a := FromContext(c)
		assert.NoError(t, a.JWTOptional())
		assert.NoError(t, a.FreshJWTRequired(WithScopes("read")))
		quiet, err := a.Verify(Access)
		assert.NoError(t, err)
		assert.Equal(t, "alice", a.Subject())
		assert.Equal(t, quiet, a.Token())
		fromContext, ok := TokenFromContext(a.Context())
		assert.True(t, ok)
		assert.Equal(t, quiet, fromContext)
		_, err = ClaimsAs[map[string]any](a.Token())
		assert.NoError(t, err)
		assert.Equal(t, 1, counter.verified)

		_, err = a.Verify(Access, WithToken(other))
		assert.NoError(t, err)
		assert.Equal(t, 2, counter.verified, "another token is verified, of course")
		assert.Equal(t, "alice", a.Subject(), "Verify leaves Token alone")

		assert.ErrorIs(t, a.JWTRefreshTokenRequired(), ErrRefreshTokenRequired)
		assert.Nil(t, a.Token(), "a refusal clears it")
	})
	req := httptest.NewRequest("GET", "/", nil)
	req.Header.Set("Authorization", "Bearer "+token)
	rec := httptest.NewRecorder()
	r.ServeHTTP(rec, req)
	assert.Equal(t, 401, rec.Code)
}
