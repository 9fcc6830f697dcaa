package authjwt_test

import (
	"context"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/assert"

	"github.com/gin-authjwt/authjwt"
)

// What a verification that panicked had read of one token is no part of the next, where a handler recovers by itself.
func TestVerifyOnce_AfterAPanic(t *testing.T) {
	m := newManager(t, func(s *authjwt.Settings) {
		s.DecodeAudience = []string{"api"}
		s.Validate = func(_ context.Context, t *authjwt.Token) error {
			if t.Subject == "alice" {
				panic("the database is away")
			}
			return nil
		}
	})
	alice := signedClaims(t, claims(map[string]any{"aud": []string{"web", "api"}, "scope": "admin", "sid": "1"}))
	bob := signedClaims(t, claims(map[string]any{"sub": "bob", "aud": []string{"api"}, "jti": nil, "iat": nil, "nbf": nil}))
	want, err := m.Verify(t.Context(), bob, authjwt.Access)
	assert.NoError(t, err)
	g := guard(t, func(c *gin.Context) {
		a := m.Bind(c)
		assert.True(t, panicsWith("database", func() { _, _ = a.Verify(authjwt.Access, authjwt.WithToken(alice)) }))
		got, err := a.Verify(authjwt.Access, authjwt.WithToken(bob))
		assert.NoError(t, err)
		assert.Equal(t, want, got)
		_, err = a.Verify(authjwt.Access, authjwt.WithToken(bob), authjwt.WithScopes("admin"))
		assert.ErrorIs(t, err, authjwt.ErrInsufficientScope)
	})
	g.get()
}
