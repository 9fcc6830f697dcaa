package jwks_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt/jwks"
)

// An ETag is of one URL: where the issuer redirects elsewhere by now, the same ETag there confirms nothing.
func TestK04_ETagOfAnotherURL(t *testing.T) {
	var target atomic.Value // of a redirect, if any
	target.Store("")
	sets := map[string]string{"/jwks": setOf(t, newJWK("P-256", "a")), "/v1": setOf(t, newJWK("P-256", "b")), "/v2": setOf(t, newJWK("P-256", "c"))}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if to := target.Load().(string); q.URL.Path == "/jwks" && to != "" {
			http.Redirect(w, q, to, http.StatusFound)
			return
		}
		w.Header().Set("ETag", `"1"`)
		w.Header().Set("Cache-Control", "max-age=60")
		http.ServeContent(w, q, "", time.Time{}, strings.NewReader(sets[q.URL.Path]))
	}))
	defer server.Close()
	c := newClock()
	r, err := jwks.NewRemote(server.URL+"/jwks", jwks.WithClock(c.Now))
	require.NoError(t, err)
	for _, now := range []struct{ target, key string }{{"/v1", "b"}, {"", "a"}, {"/v2", "c"}, {"/v1", "b"}, {"/v1", "b"}} {
		target.Store(now.target)
		c.advance(time.Hour)
		for _, kid := range []string{"a", "b", "c"} {
			assert.Equal(t, kid == now.key, has(t, r, kid), "%s at %q", kid, now.target)
		}
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(q *http.Request) (*http.Response, error) { return f(q) }

// A set that takes longer to come than it is fresh serves those who have waited for it.
func TestK04_SlowerThanItsLifetime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fetches := 0
		slow := roundTrip(func(*http.Request) (*http.Response, error) {
			fetches++
			time.Sleep(1500 * time.Millisecond) // of the bubble's clock
			return answer(http.StatusOK, setOf(t, newJWK("P-256", "a")))(), nil
		})
		r, err := jwks.NewRemote("https://issuer.example/", jwks.WithHTTPClient(&http.Client{Transport: slow}),
			jwks.WithLifetime(time.Second, time.Second), jwks.WithMaxStale(0))
		require.NoError(t, err)
		for n := range 3 {
			assert.True(t, has(t, r, "a"))
			assert.Equal(t, n+1, fetches)
		}
	})
}
