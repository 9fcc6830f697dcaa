package jwks_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt/jwks"
)

// An ETag that its issuer does not take back, or that cannot be sent, does not keep the next fetches from being good.
func TestK05_ETagThatTheIssuerRefuses(t *testing.T) {
	for name, row := range map[string]struct {
		etag   string
		status int
	}{"412": {`"1"`, http.StatusPreconditionFailed}, "400": {`"1"`, http.StatusBadRequest}, "431": {`"` + strings.Repeat("1", 5000) + `"`, 431}, "no header field": {"\"\x01\"", 0}} {
		t.Run(name, func(t *testing.T) {
			document := setOf(t, newJWK("P-256", "a"))
			client := &http.Client{Transport: roundTrip(func(q *http.Request) (*http.Response, error) {
				switch sent := q.Header.Get("If-None-Match"); {
				case sent == "":
					return answer(http.StatusOK, document, "ETag", row.etag)(), nil
				case row.status == 0:
					return http.DefaultTransport.RoundTrip(q) // which refuses it before it connects
				default:
					return answer(row.status, "")(), nil
				}
			})}
			c := newClock()
			r, err := jwks.NewRemote("https://issuer.invalid/", jwks.WithHTTPClient(client), jwks.WithClock(c.Now), jwks.WithMaxStale(time.Second))
			require.NoError(t, err)
			require.True(t, has(t, r, "a"))
			document = setOf(t, newJWK("P-256", "b"))
			c.advance(time.Hour)
			fails(t, r, "b")
			c.advance(10 * time.Second)
			assert.True(t, has(t, r, "b"))
			assert.False(t, has(t, r, "a"))
		})
	}
}

// Whatever an issuer writes, no error and no line of the log is long: they come again with every request.
func TestK05_LongReasons(t *testing.T) {
	long := strings.Repeat("é\n", 5000)
	good := newJWK("P-256", "a")
	enc := good.with(jwk{"use": "enc", "kid": long})
	page := func(document string) func() *http.Response { return answer(http.StatusOK, document) }
	for name, row := range map[string]struct {
		answer func() *http.Response
		is     error
	}{
		"kid":      {page(setOf(t, enc)), jwks.ErrUnusable},
		"kids":     {page(setOf(t, good, newJWK("RSA", long), good.with(jwk{"kid": long}), strange(t, long))), jwks.ErrAmbiguous},
		"alg":      {page(setOf(t, good.with(jwk{"alg": long}))), jwks.ErrUnusable},
		"kty":      {page(setOf(t, good.with(jwk{"kty": long}))), jwks.ErrUnusable},
		"crv":      {page(setOf(t, good.with(jwk{"crv": long}))), jwks.ErrUnusable},
		"name":     {page(fmt.Sprintf(`{"%[1]s":1,"%[1]s":2}`, strings.ReplaceAll(long, "\n", "n"))), jwks.ErrMalformed},
		"status":   {func() *http.Response { a := answer(500, "")(); a.Status = long; return a }, nil},
		"location": {redirect("http://issuer.example/" + strings.Repeat("x", 5000)), nil},
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			client := &http.Client{Transport: roundTrip(func(*http.Request) (*http.Response, error) { return row.answer(), nil })}
			r, err := jwks.NewRemote("https://issuer.example/", jwks.WithHTTPClient(client), jwks.WithLogger(slog.New(slog.NewJSONHandler(&log, nil))))
			require.NoError(t, err)
			err = fails(t, r, "a")
			if row.is != nil {
				assert.ErrorIs(t, err, row.is)
			}
			assert.Less(t, len(err.Error()), 1200)
			assert.Less(t, log.Len(), 3000)
			assert.Equal(t, 1, strings.Count(log.String(), "\n"))
		})
	}
	var log bytes.Buffer
	client := &http.Client{Transport: roundTrip(func(*http.Request) (*http.Response, error) { return page(setOf(t, good, enc))(), nil })}
	r, err := jwks.NewRemote("https://issuer.example/", jwks.WithHTTPClient(client), jwks.WithLogger(slog.New(slog.NewJSONHandler(&log, nil))))
	require.NoError(t, err)
	assert.True(t, has(t, r, "a"))
	assert.Contains(t, log.String(), "left out")
	assert.Less(t, log.Len(), 3000)
}

// strange is a P-256 key of somebody else.
func strange(t *testing.T, kid string) jwk {
	t.Helper()
	return jwk{"kty": "EC", "crv": "P-256", "kid": kid, // the key of RFC 7515 A.3
		"x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}
}

// The timeout is for a fetch as a whole, however slowly its body drips, and however slowly redirects follow each other.
func TestK04_Slow(t *testing.T) {
	drip := func(stop <-chan struct{}) http.RoundTripper {
		return &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
			ours, theirs := net.Pipe()
			go func() {
				defer theirs.Close()
				if _, err := http.ReadRequest(bufio.NewReader(theirs)); err != nil {
					return
				}
				_, err := theirs.Write([]byte("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"))
				for err == nil {
					select {
					case <-stop:
						return
					case <-time.After(100 * time.Millisecond): // of the bubble's clock
						_, err = theirs.Write([]byte(" "))
					}
				}
			}()
			return ours, nil
		}}
	}
	hops := func(<-chan struct{}) http.RoundTripper {
		return roundTrip(func(q *http.Request) (*http.Response, error) {
			select {
			case <-q.Context().Done():
				return nil, q.Context().Err()
			case <-time.After(2 * time.Second):
				return redirect("http://localhost/")(), nil
			}
		})
	}
	for name, transport := range map[string]func(stop <-chan struct{}) http.RoundTripper{"a body that drips": drip, "redirects": hops} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				stop := make(chan struct{})
				defer close(stop)
				r, err := jwks.NewRemote("http://localhost/", jwks.WithHTTPClient(&http.Client{Transport: transport(stop)}))
				require.NoError(t, err)
				start := time.Now()
				assert.ErrorIs(t, fails(t, r, "a"), context.DeadlineExceeded)
				assert.Equal(t, 5*time.Second, time.Since(start))
			})
		})
	}
}

// A key that is removed while a fetch is under way: who waits for the fetch sees it gone, whoever began it.
func TestK04_RemovedDuringAFetch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSlow(t, newJWK("P-256", "a"), newJWK("P-256", "b"))
		r := s.remote(t)
		go func() { s.release <- struct{}{} }()
		require.True(t, has(t, r, "b"))
		time.Sleep(15 * time.Minute) // of the bubble's clock: the set is not fresh any more
		s.document = setOf(t, newJWK("P-256", "a"))
		found := make(chan bool)
		for _, kid := range []string{"b", "a", "b", "unknown"} {
			go func() { found <- has(t, r, kid) }()
		}
		synctest.Wait()
		s.release <- struct{}{}
		all := []bool{<-found, <-found, <-found, <-found}
		assert.Equal(t, 3, len(slices.DeleteFunc(all, func(yes bool) bool { return yes })), "all but a")
		assert.EqualValues(t, 2, s.requests.Load())
	})
}

// What an answer says that it is does not count, but what it is.
func TestK05_ContentType(t *testing.T) {
	for kind, document := range map[string]string{"text/html": setOf(t, newJWK("P-256", "a")), "": setOf(t, newJWK("P-256", "a")), "application/jwk-set+json": "<html>"} {
		i := newIssuer(t, httptest.NewServer)
		i.publishes(document, "Content-Type", kind)
		if r := i.remote(t); document == "<html>" {
			assert.ErrorIs(t, fails(t, r, "a"), jwks.ErrMalformed)
		} else {
			assert.True(t, has(t, r, "a"), kind)
		}
	}
}
