package jwks_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt/jwks"
)

// slow is an issuer whose answers come when they are released. In a bubble of synctest every goroutine that is left at
// the end of a test fails it.
type slow struct {
	document string
	release  chan struct{}
	requests atomic.Int64
}

func newSlow(t *testing.T, keys ...jwk) *slow {
	return &slow{document: setOf(t, keys...), release: make(chan struct{})}
}

func (s *slow) RoundTrip(request *http.Request) (*http.Response, error) {
	s.requests.Add(1)
	select {
	case <-s.release:
		return answer(http.StatusOK, s.document)(), nil
	case <-request.Context().Done():
		return nil, request.Context().Err()
	}
}

func (s *slow) remote(t *testing.T, opts ...jwks.Option) *jwks.Remote {
	t.Helper()
	opts = append([]jwks.Option{jwks.WithHTTPClient(&http.Client{Transport: s})}, opts...)
	r, err := jwks.NewRemote("https://issuer.example/jwks.json", opts...)
	require.NoError(t, err)
	return r
}

func TestK04_OneFetchForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSlow(t, newJWK("P-256", "a"))
		r := s.remote(t)
		var wait sync.WaitGroup
		var found atomic.Int64
		ask := func(kid string) {
			wait.Go(func() {
				if has(t, r, kid) {
					found.Add(1)
				}
			})
		}
		for n := range 1000 {
			ask("a")
			ask(fmt.Sprint("unknown", n))
		}
		synctest.Wait() // for all of them to wait
		assert.EqualValues(t, 1, s.requests.Load())
		s.release <- struct{}{}
		wait.Wait()
		assert.EqualValues(t, 1000, found.Load())
		assert.EqualValues(t, 1, s.requests.Load())

		for minute := range 2 {
			time.Sleep(time.Minute)
			for n := range 1000 {
				ask(fmt.Sprint("unknown", n))
			}
			synctest.Wait()
			assert.EqualValues(t, 2+minute, s.requests.Load())
			start := time.Now()
			assert.True(t, has(t, r, "a"), "does not wait for the others")
			assert.Zero(t, time.Since(start))
			s.release <- struct{}{}
			wait.Wait()
			assert.False(t, has(t, r, "unknown"))
			assert.EqualValues(t, 2+minute, s.requests.Load())
		}
	})
}

func TestK04_WaiterWhoLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSlow(t, newJWK("P-256", "a"))
		r := s.remote(t)
		first, leave := context.WithCancel(t.Context())
		second, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		var wait sync.WaitGroup
		wait.Go(func() {
			found, err := r.VerificationKey(first, "a", "ES256") // begins the fetch
			assert.ErrorIs(t, err, context.Canceled)
			assert.Nil(t, found)
		})
		synctest.Wait()
		wait.Go(func() {
			_, err := r.VerificationKey(second, "a", "ES256")
			assert.ErrorIs(t, err, context.DeadlineExceeded)
		})
		wait.Go(func() { assert.True(t, has(t, r, "a")) })
		synctest.Wait()
		leave()
		time.Sleep(2 * time.Second)
		assert.EqualValues(t, 1, s.requests.Load())
		s.release <- struct{}{}
		wait.Wait()
		assert.True(t, has(t, r, "a"))
		assert.EqualValues(t, 1, s.requests.Load())

		time.Sleep(time.Hour)
		_, err := r.VerificationKey(first, "a", "ES256")
		assert.ErrorIs(t, err, context.Canceled)
		assert.EqualValues(t, 1, s.requests.Load(), "whoever has gone asks for nothing")
	})
}

// If all leave, the fetch goes on, and the next caller has its set.
func TestK04_AllLeave(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSlow(t, newJWK("P-256", "a"))
		r := s.remote(t)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := r.VerificationKey(ctx, "a", "ES256")
		assert.ErrorIs(t, err, context.DeadlineExceeded)
		s.release <- struct{}{}
		synctest.Wait()
		assert.True(t, has(t, r, "a"))
		assert.EqualValues(t, 1, s.requests.Load())
	})
}

func TestK05_IssuerThatHangs(t *testing.T) {
	for timeout, opts := range map[time.Duration][]jwks.Option{
		5 * time.Second: nil,
		time.Second:     {jwks.WithTimeout(time.Second)},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := newSlow(t, newJWK("P-256", "a"))
			r := s.remote(t, opts...)
			timed := func(ask func()) time.Duration {
				start := time.Now()
				ask()
				return time.Since(start)
			}
			failing := func() { assert.ErrorIs(t, fails(t, r, "a"), context.DeadlineExceeded) }
			finding := func() { assert.True(t, has(t, r, "a")) }
			assert.Equal(t, timeout, timed(failing))
			assert.Zero(t, timed(failing))
			time.Sleep(10*time.Second - 1)
			assert.Zero(t, timed(failing))
			time.Sleep(time.Nanosecond)
			assert.Equal(t, timeout, timed(failing), "ten seconds after the failure")
			assert.EqualValues(t, 2, s.requests.Load())

			time.Sleep(10 * time.Second)
			go func() { s.release <- struct{}{} }()
			assert.Zero(t, timed(finding))

			time.Sleep(15 * time.Minute)
			assert.Equal(t, timeout, timed(finding), "the first call when the set is not fresh waits")
			for range 100 {
				time.Sleep(3 * time.Second)
				assert.Zero(t, timed(finding), "the others do not, while the fetch fails again and again")
			}
			synctest.Wait()
			assert.GreaterOrEqual(t, s.requests.Load(), int64(3+1+15))
			assert.LessOrEqual(t, s.requests.Load(), int64(3+1+30))

			time.Sleep(10 * time.Minute) // nobody asks
			assert.Equal(t, timeout, timed(finding), "then the failure is old news")

			s.document = setOf(t, newJWK("P-256", "b"))
			time.Sleep(10 * time.Second)
			finding() // begins a fetch
			s.release <- struct{}{}
			synctest.Wait()
			assert.False(t, has(t, r, "a"))
			assert.True(t, has(t, r, "b"))
		})
	}
}

// A failure of long ago does not make a set serve without a wait that is not fresh any more.
func TestK05_OldFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		down := true
		document := setOf(t, newJWK("P-256", "a"))
		client := &http.Client{Transport: tripper(func(*http.Request) (*http.Response, error) {
			if down {
				return nil, errors.New("down")
			}
			return answer(http.StatusOK, document)(), nil
		})}
		r, err := jwks.NewRemote("https://issuer.example", jwks.WithHTTPClient(client), jwks.WithLifetime(time.Second, time.Second))
		require.NoError(t, err)
		fails(t, r, "a")
		down = false
		time.Sleep(10 * time.Second)
		require.True(t, has(t, r, "a"))
		document = setOf(t, newJWK("P-256", "b"))
		time.Sleep(time.Second)
		assert.False(t, has(t, r, "a"), "the last fetch was good")
	})
}
