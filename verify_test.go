package authjwt_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

// What a header costs is bounded before its signature is checked.
func TestHeaderMembers(t *testing.T) {
	auth := newManager(t)
	g := guard(t, auth.Required())
	payload, err := json.Marshal(claims(nil))
	require.NoError(t, err)
	withMembers := func(n int) string {
		header := `{"alg":"HS256"`
		for i := range n - 1 {
			header += fmt.Sprintf(`,"x%d":%d`, i, i)
		}
		return compact(t, "HS256", header+"}", string(payload))
	}
	g.assertAccepted(t, g.get("Bearer "+withMembers(32)))
	g.assertRefused(t, g.get("Bearer "+withMembers(33)), inv("token_malformed", "Invalid header string: must be a json object"))
	_, err = auth.Verify(t.Context(), withMembers(33), authjwt.Access)
	assert.ErrorIs(t, err, authjwt.ErrJWTDecode)
}
