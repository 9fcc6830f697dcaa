package jwks_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt/jwks"
)

func TestK04_AsksOnlyWhenItMust(t *testing.T) {
	for name, start := range map[string]func(http.Handler) *httptest.Server{"http": httptest.NewServer, "https": httptest.NewTLSServer} {
		t.Run(name, func(t *testing.T) {
			i := newIssuer(t, start)
			i.publishes(setOf(t, newJWK("P-256", "a")))
			r := i.remote(t)
			for _, alg := range []string{"HS256", "none", "RS1", "es256", ""} {
				found, err := r.VerificationKey(t.Context(), "a", alg)
				assert.NoError(t, err)
				assert.Nil(t, found)
			}
			assert.Zero(t, i.requests(), "no key could do any of these")
			for range 10 {
				assert.True(t, has(t, r, "a"))
			}
			assert.Equal(t, 1, i.requests())
			assert.Equal(t, "application/jwk-set+json, application/json", i.lastRequest().Get("Accept"))
			found, err := r.VerificationKey(t.Context(), "a", "ES384")
			assert.NoError(t, err)
			assert.Nil(t, found)
			assert.True(t, has(t, r, ""))
			i.clock.advance(2 * time.Minute)
			found, _ = r.VerificationKey(t.Context(), "a", "ES384")
			assert.Nil(t, found, "a kid that is there for another algorithm is not unknown")
			assert.Equal(t, 1, i.requests())
			found, _ = r.VerificationKey(t.Context(), "", "ES384")
			assert.Nil(t, found, "but a token without kid may mean a new key")
			assert.Equal(t, 2, i.requests())
		})
	}
}

func TestK04_UnknownKids(t *testing.T) {
	i := newIssuer(t, httptest.NewServer)
	i.publishes(setOf(t, newJWK("P-256", "a")))
	r := i.remote(t)
	storm := func(kids string) {
		var wait sync.WaitGroup
		for n := range 1000 {
			wait.Go(func() {
				assert.False(t, has(t, r, fmt.Sprint(kids, n)))
				assert.True(t, has(t, r, "a"))
			})
		}
		wait.Wait()
	}
	storm("first")
	require.Equal(t, 1, i.requests())
	i.clock.advance(time.Minute - 1)
	storm("second")
	require.Equal(t, 1, i.requests(), "the set is not a minute old")
	i.clock.advance(1)
	storm("third")
	require.Equal(t, 2, i.requests())
	storm("fourth")
	require.Equal(t, 2, i.requests())
	i.clock.advance(time.Minute)
	storm("fifth")
	require.Equal(t, 3, i.requests(), "two minutes, two fetches")
}

func TestK04_NewKey(t *testing.T) {
	i := newIssuer(t, httptest.NewServer)
	i.publishes(setOf(t, newJWK("P-256", "a")))
	r := i.remote(t)
	require.True(t, has(t, r, "a"))
	i.publishes(setOf(t, newJWK("P-256", "a"), newJWK("P-256", "b")))
	i.clock.advance(time.Minute - 1)
	assert.False(t, has(t, r, "b"))
	i.clock.advance(1)
	assert.True(t, has(t, r, "b"), "while the set is fresh")
	assert.Equal(t, 2, i.requests())
}

func TestK04_RemovedKey(t *testing.T) {
	i := newIssuer(t, httptest.NewServer)
	both := setOf(t, newJWK("P-256", "a"), newJWK("P-256", "b"))
	i.publishes(both, "Cache-Control", "max-age=300")
	r := i.remote(t)
	require.True(t, has(t, r, "b"))
	i.publishes(setOf(t, newJWK("P-256", "a")), "Cache-Control", "max-age=300")
	i.clock.advance(5*time.Minute - 1)
	assert.True(t, has(t, r, "b"), "the set is fresh")
	i.clock.advance(1)
	assert.False(t, has(t, r, "b"), "the first call after that waits")
	assert.True(t, has(t, r, "a"))
	assert.Equal(t, 2, i.requests())

	i.publishes(both)
	i.clock.advance(time.Minute)
	require.True(t, has(t, r, "b"))
	i.publishes(setOf(t, newJWK("P-256", "a")))
	i.clock.advance(time.Minute)
	require.False(t, has(t, r, "c"))
	assert.False(t, has(t, r, "b"), "what another's unknown kid has fetched counts, too")
}

func TestK04_Lifetime(t *testing.T) {
	const least, most, standard = time.Minute, time.Hour, 15 * time.Minute
	tests := []struct {
		control []string
		age     string
		want    time.Duration
	}{
		{nil, "", standard},
		{nil, "600", standard},
		{[]string{""}, "", standard},
		{[]string{"public"}, "", standard},
		{[]string{"max-age=300"}, "", 5 * time.Minute},
		{[]string{"max-age=300"}, "100", 200 * time.Second},
		{[]string{"max-age=300"}, " 100 ", 200 * time.Second},
		{[]string{"max-age=300"}, "-100", 5 * time.Minute},
		{[]string{"max-age=300"}, "x", 5 * time.Minute},
		{[]string{"max-age=300"}, "299", least},
		{[]string{"max-age=300"}, "99999999999999999999", least},
		{[]string{"public, max-age=20100, must-revalidate, no-transform"}, "", most}, // Google's
		{[]string{"public, max-age=20100, must-revalidate, no-transform"}, "19000", 1100 * time.Second},
		{[]string{"public", "Max-Age=300"}, "", 5 * time.Minute},
		{[]string{`max-age="300"`}, "", 5 * time.Minute},
		{[]string{"s-maxage=900,max-age=300"}, "", 5 * time.Minute},
		{[]string{"max-age=59"}, "", least},
		{[]string{"max-age=61"}, "", 61 * time.Second},
		{[]string{"max-age=3599"}, "", most - time.Second},
		{[]string{"max-age=3601"}, "", most},
		{[]string{"max-age=0"}, "", least},
		{[]string{"max-age=99999999999999999999"}, "", most},
		{[]string{"max-age=-300"}, "", least},
		{[]string{"max-age"}, "", least},
		{[]string{"max-age=300s"}, "", least},
		{[]string{"max-age=300, max-age=400"}, "", least},
		{[]string{"no-store"}, "", least},
		{[]string{"max-age=300", "no-store"}, "", least},
		{[]string{"no-cache, max-age=300"}, "", least},
		{[]string{`No-Cache="Set-Cookie", max-age=300`}, "", least},
	}
	for _, tt := range tests {
		t.Run(strings.Join(tt.control, ";")+" "+tt.age, func(t *testing.T) {
			i := newIssuer(t, httptest.NewServer)
			var fields []string
			for _, control := range tt.control {
				fields = append(fields, "Cache-Control", control)
			}
			if tt.age != "" {
				fields = append(fields, "Age", tt.age)
			}
			i.publishes(setOf(t, newJWK("P-256", "a")), fields...)
			r := i.remote(t)
			require.True(t, has(t, r, "a"))
			i.clock.advance(tt.want - 1)
			require.True(t, has(t, r, "a"))
			assert.Equal(t, 1, i.requests())
			i.clock.advance(1)
			require.True(t, has(t, r, "a"))
			assert.Equal(t, 2, i.requests())
		})
	}
}

func TestK04_LifetimeBounds(t *testing.T) {
	for control, want := range map[string]time.Duration{
		"max-age=1": 10 * time.Second, "max-age=11": 11 * time.Second, "max-age=21": 20 * time.Second, "": 20 * time.Second,
	} {
		i := newIssuer(t, httptest.NewServer)
		i.publishes(setOf(t, newJWK("P-256", "a")), "Cache-Control", control)
		r := i.remote(t, jwks.WithLifetime(10*time.Second, 20*time.Second))
		require.True(t, has(t, r, "a"))
		i.clock.advance(want - 1)
		require.True(t, has(t, r, "a"))
		assert.Equal(t, 1, i.requests(), control)
		i.clock.advance(1)
		require.True(t, has(t, r, "a"))
		assert.Equal(t, 2, i.requests(), control)
	}
}

func TestK04_NotModified(t *testing.T) {
	i := newIssuer(t, httptest.NewServer)
	i.publishes(setOf(t, newJWK("P-256", "a")), "ETag", `"one"`, "Cache-Control", "max-age=120")
	r := i.remote(t)
	require.True(t, has(t, r, "a"))
	assert.NotContains(t, i.lastRequest(), "If-None-Match")

	i.answers(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotModified) })
	for n := range 3 { // each confirms the set for as long as the first said
		i.clock.advance(2*time.Minute - 1)
		require.True(t, has(t, r, "a"))
		require.Equal(t, 1+n, i.requests())
		i.clock.advance(1)
		require.True(t, has(t, r, "a"))
		require.Equal(t, 2+n, i.requests())
		assert.Equal(t, `"one"`, i.lastRequest().Get("If-None-Match"))
	}
	i.answers(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Cache-Control", "max-age=240")
		w.WriteHeader(http.StatusNotModified)
	})
	i.clock.advance(2 * time.Minute)
	require.True(t, has(t, r, "a"))
	i.publishes(setOf(t, newJWK("P-256", "b")))
	i.clock.advance(4*time.Minute - 1)
	require.True(t, has(t, r, "a"), "or for as long as it says itself")
	i.clock.advance(1)
	require.False(t, has(t, r, "a"))
	require.True(t, has(t, r, "b"))
	i.clock.advance(15 * time.Minute)
	require.True(t, has(t, r, "b"))
	assert.NotContains(t, i.lastRequest(), "If-None-Match", "the last answer had no ETag")
}

// Fetches leave no goroutine and no connection behind.
func TestK04_NothingStands(t *testing.T) {
	http2 := func(h http.Handler) *httptest.Server {
		s := httptest.NewUnstartedServer(h)
		s.EnableHTTP2 = true
		s.StartTLS()
		return s
	}
	for name, start := range map[string]func(http.Handler) *httptest.Server{
		"http": httptest.NewServer, "https": httptest.NewTLSServer, "http2": http2,
	} {
		t.Run(name, func(t *testing.T) {
			i := newIssuer(t, start)
			i.publishes(setOf(t, newJWK("P-256", "a")))
			there := newIssuer(t, start)
			there.answers(http.RedirectHandler(i.URL, http.StatusFound).ServeHTTP)
			before := runtime.NumGoroutine()
			client := i.Client() // trusts both: httptest has one certificate
			r, err := jwks.NewRemote(there.URL, jwks.WithHTTPClient(client))
			require.NoError(t, err)
			require.True(t, has(t, r, "a"))
			assert.Eventually(t, func() bool { return runtime.NumGoroutine() <= before+1 }, 5*time.Second, time.Millisecond) // +1: Eventually's
		})
	}
}
