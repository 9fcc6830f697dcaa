package jwks_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"time"

	"github.com/gin-authjwt/authjwt/jwks"
)

// exampleRemote asks answer for the set; the clock can be moved.
func exampleRemote(answer http.HandlerFunc, opts ...jwks.Option) (ask func(alg string) string, now *time.Time, close func()) {
	server := httptest.NewServer(answer)
	clock := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	opts = append([]jwks.Option{jwks.WithClock(func() time.Time { return clock })}, opts...)
	keys, err := jwks.NewRemote(server.URL, opts...)
	if err != nil {
		panic(err)
	}
	return func(alg string) string {
		key, err := keys.VerificationKey(context.Background(), "2026-11", alg)
		if errors.Is(err, context.DeadlineExceeded) {
			return "too late"
		}
		if err != nil {
			return "failed"
		}
		return fmt.Sprintf("%T", key)
	}, &clock, server.Close
}

// The clock of a test makes a set old.
func ExampleWithClock() {
	requests := 0
	ask, now, done := exampleRemote(func(w http.ResponseWriter, _ *http.Request) {
		requests++
		fmt.Fprint(w, exampleSet)
	})
	defer done()
	for range 3 {
		fmt.Println(ask("EdDSA"), requests)
		*now = now.Add(10 * time.Minute) // fresh for 15
	}
	// Output:
	// ed25519.PublicKey 1
	// ed25519.PublicKey 1
	// ed25519.PublicKey 2
}

// However short the issuer wants its set to be kept, it is kept for five minutes.
func ExampleWithLifetime() {
	requests := 0
	ask, now, done := exampleRemote(func(w http.ResponseWriter, _ *http.Request) {
		requests++
		w.Header().Set("Cache-Control", "max-age=10")
		fmt.Fprint(w, exampleSet)
	}, jwks.WithLifetime(5*time.Minute, 10*time.Minute))
	defer done()
	for range 3 {
		fmt.Println(ask("EdDSA"), requests)
		*now = now.Add(3 * time.Minute)
	}
	// Output:
	// ed25519.PublicKey 1
	// ed25519.PublicKey 1
	// ed25519.PublicKey 2
}

// The last good set serves for another ten minutes while the issuer is down.
func ExampleWithMaxStale() {
	down := false
	ask, now, done := exampleRemote(func(w http.ResponseWriter, _ *http.Request) {
		if down {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		w.Header().Set("Cache-Control", "max-age=300")
		fmt.Fprint(w, exampleSet)
	}, jwks.WithMaxStale(10*time.Minute))
	defer done()
	for range 4 {
		fmt.Println(ask("EdDSA"))
		down = true
		*now = now.Add(5 * time.Minute)
	}
	// Output:
	// ed25519.PublicKey
	// ed25519.PublicKey
	// ed25519.PublicKey
	// failed
}

func ExampleWithTimeout() {
	ask, _, done := exampleRemote(func(_ http.ResponseWriter, r *http.Request) {
		<-r.Context().Done() // an issuer that hangs
	}, jwks.WithTimeout(10*time.Millisecond))
	defer done()
	fmt.Println(ask("EdDSA"))
	// Output: too late
}

// An issuer that wants to know who asks.
func ExampleWithHTTPClient() {
	ask, _, done := exampleRemote(func(w http.ResponseWriter, r *http.Request) {
		if user, _, _ := r.BasicAuth(); user != "me" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		fmt.Fprint(w, exampleSet)
	}, jwks.WithHTTPClient(&http.Client{Transport: basicAuth{}}))
	defer done()
	fmt.Println(ask("EdDSA"))
	// Output: ed25519.PublicKey
}

type basicAuth struct{}

func (basicAuth) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.SetBasicAuth("me", "pw")
	return http.DefaultTransport.RoundTrip(r)
}

// The RSA key of RFC 7515, appendix A.2, says nothing of an algorithm.
func ExampleWithRSAAlgorithm() {
	ask, _, done := exampleRemote(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"keys":[{"kty":"RSA","kid":"2026-11","e":"AQAB","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"}]}`)
	}, jwks.WithRSAAlgorithm("PS256"))
	defer done()
	fmt.Println(ask("PS256"), ask("RS256"))
	// Output: *rsa.PublicKey <nil>
}

func ExampleWithLogger() {
	logger := slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey || a.Key == "url" {
			return slog.Attr{}
		}
		return a
	}}))
	ask, _, done := exampleRemote(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, exampleSet)
	}, jwks.WithLogger(logger))
	defer done()
	fmt.Println(ask("EdDSA"))
	// Output:
	// level=INFO msg="jwks: keys of the set are left out" why="key 2 (\"for-encryption\"): not usable: use is \"enc\", not sig"
	// ed25519.PublicKey
}
