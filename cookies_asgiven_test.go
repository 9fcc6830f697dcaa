package authjwt_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

// net/http drops the dot before a Domain. Browsers ignore it (RFC 6265 §5.2.3), but it goes out, and is unset, as it was written.
func TestCookies_DomainWithDot(t *testing.T) {
	auth := newManager(t, inCookies, func(s *authjwt.Settings) { s.CookieDomain = ".example.com" })
	rec := httptest.NewRecorder()
	c, _ := gin.CreateTestContext(rec)
	c.Request = httptest.NewRequest(http.MethodPost, "/", nil)
	a := auth.Bind(c)
	_, err := a.Login("alice")
	require.NoError(t, err)
	for range 2 {
		lines := rec.Header().Values("Set-Cookie")
		assert.Len(t, lines, 4)
		for _, line := range lines {
			assert.Contains(t, line, "; Domain=.example.com;")
		}
		require.NoError(t, a.UnsetJWTCookies()) // takes the place of what was set
	}
}

// One name may carry a prefix by itself, where browsers accept it: the cookie is set and deleted as they demand.
func TestCookies_OneNameWithPrefix(t *testing.T) {
	for _, key := range []string{"__Host-access", "__Secure-access", "__host-access"} {
		auth := newManager(t, inCookies, func(s *authjwt.Settings) { s.AccessCookieKey, s.RefreshCookiePath = key, "/login" })
		rec := httptest.NewRecorder()
		c, _ := gin.CreateTestContext(rec)
		c.Request = httptest.NewRequest(http.MethodPost, "/login", nil)
		a := auth.Bind(c)
		token, err := a.CreateAccessToken("alice")
		require.NoError(t, err)
		require.NoError(t, a.SetAccessCookies(token))
		assert.Contains(t, rec.Header()["Set-Cookie"], key+"="+token+"; Path=/; HttpOnly; Secure; SameSite=Lax")
		require.NoError(t, a.UnsetAccessCookies())
		assert.Contains(t, rec.Header()["Set-Cookie"], key+"=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; HttpOnly; Secure; SameSite=Lax")
	}
}
