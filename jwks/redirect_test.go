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

// Nor does an answer 304 that another URL gives unasked, and whatever the transport says of the request that it answers.
func TestK04_NotModifiedBehindARedirect(t *testing.T) {
	c := newClock()
	first, second := "https://issuer.example/jwks", "https://issuer.example/v2"
	both, b := setOf(t, newJWK("P-256", "a"), newJWK("P-256", "b")), setOf(t, newJWK("P-256", "b"))
	pages := web{first: answer(http.StatusOK, both, "ETag", `"1"`)}
	r, err := jwks.NewRemote(first, jwks.WithClock(c.Now), jwks.WithHTTPClient(&http.Client{Transport: pages}), jwks.WithMaxStale(0))
	require.NoError(t, err)
	require.True(t, has(t, r, "a"))
	pages[first], pages[second] = redirect(second), answer(http.StatusNotModified, "", "ETag", `"1"`)
	c.advance(time.Hour)
	assert.ErrorContains(t, fails(t, r, "a"), "Not Modified")
	pages[second] = answer(http.StatusOK, b, "ETag", `"1"`)
	c.advance(time.Hour)
	assert.False(t, has(t, r, "a"))
	assert.True(t, has(t, r, "b"))
	c.advance(time.Hour)
	pages[first] = answer(http.StatusNotModified, "")
	assert.ErrorContains(t, fails(t, r, "b"), "Not Modified", "the ETag was not that of the first URL")
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
