package jwks_test

import (
	"crypto"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt/jwks"
)

// issuer is a server that answers as it is told, and counts.
type issuer struct {
	*httptest.Server
	clock *clock

	mu     sync.Mutex
	answer http.HandlerFunc
	asked  []http.Header
}

func newIssuer(t testing.TB, start func(http.Handler) *httptest.Server) *issuer {
	i := &issuer{clock: newClock()}
	i.Server = start(http.HandlerFunc(i.serve))
	t.Cleanup(i.Close)
	return i
}

func (i *issuer) serve(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	answer := i.answer
	i.asked = append(i.asked, r.Header)
	i.mu.Unlock()
	answer(w, r)
}

func (i *issuer) answers(answer http.HandlerFunc) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.answer = answer
}

// publishes answers a document, with header fields in pairs.
func (i *issuer) publishes(document string, fields ...string) {
	i.answers(func(w http.ResponseWriter, _ *http.Request) {
		for n := 0; n < len(fields); n += 2 {
			w.Header().Add(fields[n], fields[n+1])
		}
		_, _ = w.Write([]byte(document))
	})
}

func (i *issuer) requests() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return len(i.asked)
}

// lastRequest has the header fields of the latest.
func (i *issuer) lastRequest() http.Header {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.asked[len(i.asked)-1]
}

// remote trusts the certificate of a TLS server.
func (i *issuer) remote(t testing.TB, opts ...jwks.Option) *jwks.Remote {
	t.Helper()
	opts = append([]jwks.Option{jwks.WithClock(i.clock.Now), jwks.WithHTTPClient(i.Client())}, opts...)
	r, err := jwks.NewRemote(i.URL, opts...)
	require.NoError(t, err)
	return r
}

// has asks for the ES256 key of newJWK("P-256", kid).
func has(t testing.TB, r *jwks.Remote, kid string) bool {
	t.Helper()
	found, err := r.VerificationKey(t.Context(), kid, "ES256")
	assert.NoError(t, err)
	return isKey(t, found)
}

func isKey(t testing.TB, found crypto.PublicKey) bool {
	t.Helper()
	return found != nil && assert.True(t, sameKey("P-256", found))
}

// fails asserts that there is no answer, and returns why.
func fails(t testing.TB, r *jwks.Remote, kid string) error {
	t.Helper()
	found, err := r.VerificationKey(t.Context(), kid, "ES256")
	assert.Error(t, err)
	assert.Nil(t, found)
	return err
}
