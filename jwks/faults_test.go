package jwks_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt/jwks"
)

// faults are answers that are no good set, and what the error says of them.
func faults(t *testing.T) map[string]struct {
	answer http.HandlerFunc
	why    string
} {
	good := setOf(t, newJWK("P-256", "a"))
	status := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(code)
			_, _ = w.Write([]byte(good))
		}
	}
	text := func(body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(body)) }
	}
	return map[string]struct {
		answer http.HandlerFunc
		why    string
	}{
		"500":              {status(500), "500 Internal Server Error"},
		"503":              {status(503), "503 Service Unavailable"},
		"404":              {status(404), "404 Not Found"},
		"401":              {status(401), "401 Unauthorized"},
		"201":              {status(201), "201 Created"},
		"203":              {status(203), "203 Non-Authoritative"},
		"204":              {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) }, "204 No Content"},
		"206":              {status(206), "206 Partial Content"},
		"304 without ETag": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(304) }, "304 Not Modified"},
		"nothing":          {text(""), jwks.ErrMalformed.Error()},
		"a page":           {text("<!DOCTYPE html><title>Sorry</title>"), jwks.ErrMalformed.Error()},
		"half":             {text(good[:len(good)/2]), jwks.ErrMalformed.Error()},
		"duplicate names":  {text(`{"keys":[],` + good[1:]), jwks.ErrMalformed.Error()},
		"empty":            {text(`{"keys":[]}`), jwks.ErrUnusable.Error()},
		"nothing usable":   {text(setOf(t, newJWK("P-256", "a").with(jwk{"use": "enc"}))), jwks.ErrUnusable.Error()},
		"a private key":    {text(setOf(t, newJWK("P-256", "a").with(jwk{"d": "AA"}))), jwks.ErrSecret.Error()},
		"a secret":         {text(setOf(t, newJWK("P-256", "a"), jwk{"kty": "oct", "k": "AA"})), jwks.ErrSecret.Error()},
		"too large":        {text(good + strings.Repeat(" ", 1<<20)), "more than 1048576"},
		"broken off": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "9999")
			text(good)(w, nil)
		}, "unexpected EOF"},
		"connection closed": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "EOF"},
		"redirect to http":  {http.RedirectHandler("http://issuer.example/", http.StatusFound).ServeHTTP, "use https"},
		"gzip that is none": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			text(good)(w, nil)
		}, "gzip"},
	}
}

func TestK05_FaultsAtTheFirstFetch(t *testing.T) {
	for name, fault := range faults(t) {
		t.Run(name, func(t *testing.T) {
			i := newIssuer(t, httptest.NewServer)
			i.answers(fault.answer)
			r := i.remote(t)
			assert.ErrorContains(t, fails(t, r, "a"), fault.why)
			i.publishes(setOf(t, newJWK("P-256", "a")))
			i.clock.advance(10*time.Second - 1)
			assert.ErrorContains(t, fails(t, r, "a"), fault.why, "the issuer is left alone for a while")
			assert.Equal(t, 1, i.requests())
			i.clock.advance(1)
			assert.True(t, has(t, r, "a"))
			assert.False(t, has(t, r, "b"))
			assert.Equal(t, 2, i.requests())
		})
	}
}

func TestK05_FaultsAtARefresh(t *testing.T) {
	for name, fault := range faults(t) {
		t.Run(name, func(t *testing.T) {
			i := newIssuer(t, httptest.NewServer)
			good := setOf(t, newJWK("P-256", "a"))
			i.publishes(good)
			r := i.remote(t, jwks.WithMaxStale(5*time.Minute))
			require.True(t, has(t, r, "a"))
			i.answers(fault.answer)
			i.clock.advance(15 * time.Minute)
			assert.True(t, has(t, r, "a"), "the last good set")
			assert.Equal(t, 2, i.requests())
			assert.ErrorContains(t, fails(t, r, "b"), fault.why, "a kid that may be known meanwhile")
			assert.Equal(t, 2, i.requests())
			i.clock.advance(5*time.Minute - 1)
			assert.True(t, has(t, r, "a"))
			i.clock.advance(1)
			err := fails(t, r, "a")
			assert.ErrorContains(t, err, "there is no set")
			assert.ErrorContains(t, err, fault.why)

			i.publishes(good)
			i.clock.advance(10 * time.Second)
			assert.True(t, has(t, r, "a"), "the issuer is back")
			assert.False(t, has(t, r, "b"))
			i.publishes(setOf(t, newJWK("P-256", "b")))
			i.clock.advance(15 * time.Minute)
			assert.False(t, has(t, r, "a"), "and all is as before")
			assert.True(t, has(t, r, "b"))
		})
	}
}

func TestK05_FaultsAfterAnUnknownKid(t *testing.T) {
	for name, fault := range faults(t) {
		t.Run(name, func(t *testing.T) {
			i := newIssuer(t, httptest.NewServer)
			i.publishes(setOf(t, newJWK("P-256", "a")))
			r := i.remote(t)
			require.True(t, has(t, r, "a"))
			i.answers(fault.answer)
			i.clock.advance(time.Minute)
			assert.ErrorContains(t, fails(t, r, "b"), fault.why)
			assert.True(t, has(t, r, "a"), "the set is fresh")
			i.clock.advance(time.Minute - 1)
			assert.ErrorContains(t, fails(t, r, "b"), fault.why)
			assert.Equal(t, 2, i.requests(), "once a minute, as for an issuer that answers")
			i.publishes(setOf(t, newJWK("P-256", "a"), newJWK("P-256", "b")))
			i.clock.advance(1)
			assert.True(t, has(t, r, "b"))
		})
	}
}

// While an issuer is down it is asked every ten seconds, whoever wants a key.
func TestK05_NoStorm(t *testing.T) {
	i := newIssuer(t, httptest.NewServer)
	i.answers(http.NotFound)
	r := i.remote(t)
	storm := func() {
		var wait sync.WaitGroup
		for range 1000 {
			wait.Go(func() { fails(t, r, "a") })
		}
		wait.Wait()
	}
	for n := range 3 {
		storm()
		assert.Equal(t, 1+n, i.requests())
		i.clock.advance(10*time.Second - 1)
		storm()
		assert.Equal(t, 1+n, i.requests())
		i.clock.advance(1)
	}
}

func TestK05_MaxStale(t *testing.T) {
	const fresh = 15 * time.Minute
	for maxStale, opts := range map[time.Duration][]jwks.Option{
		time.Hour:        nil,
		0:                {jwks.WithMaxStale(0)},
		time.Second:      {jwks.WithMaxStale(time.Second)},
		30 * time.Second: {jwks.WithMaxStale(30 * time.Second)},
		24 * time.Hour:   {jwks.WithMaxStale(24 * time.Hour)},
	} {
		i := newIssuer(t, httptest.NewServer)
		i.publishes(setOf(t, newJWK("P-256", "a")))
		r := i.remote(t, opts...)
		require.True(t, has(t, r, "a"))
		i.answers(http.NotFound)
		i.clock.advance(fresh + maxStale - 1)
		assert.True(t, has(t, r, "a"), maxStale)
		i.clock.advance(1)
		fails(t, r, "a")
		i.publishes(setOf(t, newJWK("P-256", "b")))
		i.clock.advance(24 * time.Hour)
		assert.True(t, has(t, r, "b"), "nobody has asked for a day")
		assert.False(t, has(t, r, "a"))
	}
}

// A set is not fresh, and a failure not recent, by a clock that was set back.
func TestK05_ClockSetBack(t *testing.T) {
	i := newIssuer(t, httptest.NewServer)
	i.publishes(setOf(t, newJWK("P-256", "a")))
	r := i.remote(t)
	require.True(t, has(t, r, "a"))
	i.publishes(setOf(t, newJWK("P-256", "b")))
	i.clock.advance(-time.Hour)
	assert.False(t, has(t, r, "a"))
	assert.True(t, has(t, r, "b"))

	i.answers(http.NotFound)
	i.clock.advance(2 * time.Hour)
	fails(t, r, "c")
	i.publishes(setOf(t, newJWK("P-256", "c")))
	i.clock.advance(-time.Minute)
	assert.True(t, has(t, r, "c"))
}

func TestK05_TransportThatPanics(t *testing.T) {
	clock := newClock()
	down := true
	client := &http.Client{Transport: tripper(func(*http.Request) (*http.Response, error) {
		if down {
			panic("oh")
		}
		return answer(http.StatusOK, setOf(t, newJWK("P-256", "a")))(), nil
	})}
	r, err := jwks.NewRemote("https://issuer.example", jwks.WithHTTPClient(client), jwks.WithClock(clock.Now))
	require.NoError(t, err)
	assert.ErrorContains(t, fails(t, r, "a"), "panic: oh")
	down = false
	clock.advance(10 * time.Second)
	assert.True(t, has(t, r, "a"))
}

func TestK05_TransportThatFails(t *testing.T) {
	cause := errors.New("no route")
	client := &http.Client{Transport: tripper(func(*http.Request) (*http.Response, error) { return nil, cause })}
	r, err := jwks.NewRemote("https://issuer.example", jwks.WithHTTPClient(client))
	require.NoError(t, err)
	assert.ErrorIs(t, fails(t, r, "a"), cause)
}

type tripper func(*http.Request) (*http.Response, error)

func (f tripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
