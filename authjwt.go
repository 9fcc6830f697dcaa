package authjwt

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/gin-gonic/gin"
)

// Manager signs and verifies tokens and makes middleware and handlers. It is immutable and safe for
// concurrent use; make one with [New] at start-up and keep it. It never holds a request.
type Manager struct {
	settings        Settings
	keys            []*key // the first signs; all verify
	headers         headerCache
	vary            string
	challengeScheme string

	failMissing  *failure // no credential
	failHeader   *failure // a credential that is no credential
	failRepeated *failure // several header fields
}

// New checks s and returns its Manager. The error joins all mistakes in s, each with its field and its fix.
func New(s Settings) (*Manager, error) {
	s = s.withDefaults()
	if err := s.validate(); err != nil {
		return nil, err
	}
	s.HeaderName = http.CanonicalHeaderKey(s.HeaderName)
	m := &Manager{settings: s, vary: s.HeaderName + ", Cookie", challengeScheme: s.HeaderType}
	expected := s.HeaderType + " <JWT>"
	if s.HeaderType == NoHeaderType {
		m.challengeScheme, expected = "Bearer", "<JWT>"
	}
	m.keys = append(m.keys, newHMACKey(s.KeyID, s.Algorithm, s.SecretKey))
	for _, alg := range s.DecodeAlgorithms {
		if alg != s.Algorithm {
			m.keys = append(m.keys, newHMACKey(s.KeyID, alg, s.SecretKey))
		}
	}
	m.failMissing = &failure{ErrMissingToken, nil, 401, 401, "", "missing_token", "Missing " + s.HeaderName + " Header"}
	m.failHeader = &failure{ErrInvalidHeader, nil, 400, 422, "invalid_request", "invalid_header",
		"Bad " + s.HeaderName + " header. Expected value '" + expected + "'"}
	m.failRepeated = &failure{ErrInvalidRequest, nil, 400, 422, "invalid_request", "invalid_request",
		"Several " + s.HeaderName + " headers. Expected one"}
	return m, nil
}

// LoadConfig calls load and makes a Manager of the Settings it returns, as fastapi-jwt-auth's
// load_config does, but once and without global state.
func LoadConfig(load func() (Settings, error)) (*Manager, error) {
	if load == nil {
		return nil, errors.New("authjwt: LoadConfig needs a function that returns Settings")
	}
	s, err := load()
	if err != nil {
		return nil, fmt.Errorf("authjwt: load settings: %w", err)
	}
	return New(s)
}

// boundKey is where a request's context holds its AuthJWTs, of which several Managers have one each.
type boundKey struct{}

// Bind returns the AuthJWT of this Manager and this request, the same at every call. Programs with
// one Manager use [FromContext]. On a copy of the context (gin's Copy) everything but Token, Subject
// and Context of what it returns is an error, because a copy has no response.
func (m *Manager) Bind(c *gin.Context) *AuthJWT {
	first := bound(c)
	for a := first; a != nil; a = a.next {
		if a.m == m {
			return a.on(c)
		}
	}
	a := &AuthJWT{m: m, c: c, next: first, detached: isCopy(c)}
	c.Set(boundKey{}, a)
	return a
}

// FromContext returns the AuthJWT that a middleware has bound to the request. It panics if there is
// none, or if several Managers are bound so that the choice is open; the message names the fix.
func FromContext(c *gin.Context) *AuthJWT {
	a := bound(c)
	switch {
	case a == nil:
		abortPanicking(c)
		panic("authjwt: FromContext: nothing is bound to this request; register router.Use(auth.ErrorMiddleware()), " +
			"put auth.Required() on the route, or call auth.Bind(c) instead")
	case a.next != nil:
		abortPanicking(c)
		panic("authjwt: FromContext: several Managers are bound to this request; call Bind(c) of the one you mean")
	}
	return a.on(c)
}

func bound(c *gin.Context) *AuthJWT {
	value, _ := c.Get(boundKey{})
	a, _ := value.(*AuthJWT)
	return a
}

// isCopy tells whether c was made by gin's Copy: its writer writes to nothing.
func isCopy(c *gin.Context) bool {
	w, ok := c.Writer.(interface{ Unwrap() http.ResponseWriter })
	return c.Writer == nil || ok && w.Unwrap() == nil
}
