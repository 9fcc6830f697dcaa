package authjwt_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A field that is for one kind of cache outranks Cache-Control there, and middleware sets it for all answers of a site.
func TestH15_FieldsForOneKindOfCache(t *testing.T) {
	b := newSlider(t)
	targeted := []string{"CDN-Cache-Control", "Cloudflare-CDN-Cache-Control", "Akamai-Cache-Control", "Surrogate-Control", "Edge-Control", "X-Accel-Expires"}
	site := func(c *gin.Context) {
		for _, name := range append(targeted, "X-Cache-Control-Note", "Surrogate-Key") {
			c.Header(name, "max-age=600")
		}
	}
	logIn := func(c *gin.Context) {
		_, err := b.auth.Bind(c).Login("alice")
		assert.NoError(t, err)
	}
	fine := func(c *gin.Context) { c.String(http.StatusOK, "fine") }
	b.GET("/login", site, logIn, fine)
	b.GET("/page", site, b.auth.Required(), fine)
	b.GET("/late", b.auth.Required(), site, fine)
	b.GET("/refused", b.auth.Required(), site, b.auth.FreshRequired(), fine)
	has := func(rec *httptest.ResponseRecorder, some []string) {
		t.Helper()
		for _, name := range targeted {
			assert.Equal(t, some, rec.Header().Values(name), name)
		}
		assert.Equal(t, "max-age=600", rec.Header().Get("X-Cache-Control-Note"), "the application's own")
		assert.Equal(t, "max-age=600", rec.Header().Get("Surrogate-Key"), "which only names")
	}

	rec := b.ask("GET", "/page")
	require.Equal(t, http.StatusUnauthorized, rec.Code)
	has(rec, nil)
	rec = b.ask("GET", "/login")
	require.Equal(t, http.StatusOK, rec.Code)
	has(rec, nil)
	for _, path := range []string{"/page", "/late"} {
		b.logIn(t)
		rec = b.ask("GET", path)
		require.NotEmpty(t, setCookies(t, rec), "renewed")
		has(rec, nil)
		rec = b.ask("GET", path)
		require.Empty(t, rec.Header().Values("Set-Cookie"))
		has(rec, []string{"max-age=600"})
	}
	rec = b.ask("GET", "/refused")
	require.Equal(t, http.StatusUnauthorized, rec.Code)
	has(rec, nil)
}
