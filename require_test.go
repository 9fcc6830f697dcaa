package authjwt_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/gin-authjwt/authjwt"
)

// The scope claim is a list of words between spaces, and spaces alone (RFC 6749 §3.3).
func TestWithScopes(t *testing.T) {
	auth := newManager(t)
	g := guard(t, auth.Required(authjwt.WithScopes("admin", "read")))
	for scope, accepted := range map[any]bool{
		"admin read":         true,
		"read  write admin ": true,
		"read":               false,
		"read ADMIN":         false,
		"read administrator": false,
		"read\tadmin":        false,
		"read\u00a0admin":    false,
		"read\u3000admin":    false,
		"read,admin":         false,
		"":                   false,
		1:                    false,
		true:                 false,
		nil:                  false,
	} {
		rec := g.get("Bearer " + signedClaims(t, claims(map[string]any{"scope": scope})))
		if accepted {
			g.assertAccepted(t, rec)
			continue
		}
		assert.False(t, g.ran, "%q", scope)
		assert.Equal(t, 403, rec.Code, "%q", scope)
		assert.Equal(t, `Bearer realm="api", error="insufficient_scope", error_description="The token lacks a required scope", scope="admin read"`,
			rec.Header().Get("WWW-Authenticate"))
	}
}
