package jwks

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/go-jose/go-jose/v4"

	"github.com/gin-authjwt/authjwt"
)

// A HandlerOption shapes a handler; see [Handler].
type HandlerOption func(*handler)

const (
	defaultMaxAge = 5 * time.Minute
	mediaType     = "application/jwk-set+json" // RFC 7517 §8.5.2
)

// WithMaxAge sets for how long readers may keep the set (RFC 9111 §5.2.2.1), in whole seconds and at most a day.
// Default: 5 minutes. A key has to be published as KeyNext for as long before it signs, and for a minute at least, which a
// [Remote] keeps it.
func WithMaxAge(d time.Duration) HandlerOption { return func(h *handler) { h.maxAge = d } }

// Handler publishes the keys of auth, for GET and HEAD of /.well-known/jwks.json, as a JWK Set (RFC 7517 §5): what
// [authjwt.Manager.PublicKeys] returns at each request, public members alone, with an ETag. Pages of any origin may read
// it, unless a middleware has decided on Access-Control-Allow-Origin. If there is nothing to publish, because auth has
// a secret or only verifies, it refuses with 404, code not_found. It panics if auth is nil or an option is a mistake.
// The handler is safe for concurrent use.
func Handler(auth *authjwt.Manager, opts ...HandlerOption) gin.HandlerFunc {
	h := &handler{auth: auth, maxAge: defaultMaxAge}
	for _, opt := range opts {
		if opt == nil {
			panic("jwks: Handler: a HandlerOption is nil; leave it out")
		}
		opt(h)
	}
	if auth == nil {
		panic("jwks: Handler: the Manager is nil; make one with authjwt.New")
	}
	if h.maxAge < 0 || h.maxAge > maxLifetime || h.maxAge%time.Second != 0 {
		panic(fmt.Sprintf("jwks: Handler: WithMaxAge: %v is no number of seconds up to a day; a plain number counts nanoseconds, so write 5*time.Minute", h.maxAge))
	}
	return h.serve
}

type handler struct {
	auth   *authjwt.Manager
	maxAge time.Duration
	latest atomic.Pointer[document]
}

// document is what was published for some keys.
type document struct {
	keys []authjwt.Key
	text []byte
	etag string
}

func (h *handler) serve(c *gin.Context) {
	keys := slices.DeleteFunc(h.auth.PublicKeys(), func(k authjwt.Key) bool { return !isPublic(k) })
	if len(keys) == 0 {
		h.auth.Bind(c).Abort(&authjwt.Error{Status: http.StatusNotFound, Code: "not_found", Detail: "There is no key to publish"})
		return
	}
	d := h.latest.Load()
	if d == nil || !slices.EqualFunc(d.keys, keys, same) {
		var err error
		if d, err = publish(keys); err != nil {
			h.auth.Bind(c).Abort(err)
			return
		}
		h.latest.Store(d)
	}
	header := c.Writer.Header()
	header.Set("Content-Type", mediaType)
	header.Set("Cache-Control", "public, max-age="+strconv.Itoa(int(h.maxAge/time.Second)))
	header.Set("ETag", d.etag)
	if header.Get("Access-Control-Allow-Origin") == "" {
		header.Set("Access-Control-Allow-Origin", "*")
	}
	http.ServeContent(c.Writer, c.Request, "", time.Time{}, bytes.NewReader(d.text)) // knows If-None-Match and HEAD
}

// isPublic is a last guard: whatever is in k, nothing else than a public key of a known type is published.
func isPublic(k authjwt.Key) bool {
	switch k.PublicKey.(type) {
	case *rsa.PublicKey, *ecdsa.PublicKey, ed25519.PublicKey:
		return true
	}
	return false
}

func same(a, b authjwt.Key) bool {
	return a.ID == b.ID && a.Algorithm == b.Algorithm && key{public: a.PublicKey}.equal(key{public: b.PublicKey})
}

func publish(keys []authjwt.Key) (*document, error) {
	var set jose.JSONWebKeySet
	for _, k := range keys {
		set.Keys = append(set.Keys, jose.JSONWebKey{Key: k.PublicKey, KeyID: k.ID, Algorithm: k.Algorithm, Use: "sig"})
	}
	text, err := json.Marshal(set)
	if err != nil {
		return nil, fmt.Errorf("jwks: encode the keys: %w", err)
	}
	sum := sha256.Sum256(text)
	return &document{keys: keys, text: text, etag: `"` + base64.RawURLEncoding.EncodeToString(sum[:]) + `"`}, nil
}
