package authjwt

import (
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"

	"github.com/gin-gonic/gin"
)

// Manager signs and verifies tokens and makes middleware and handlers. It is immutable and safe for
// concurrent use; make one with [New] at start-up and keep it. It never holds a request.
type Manager struct {
	settings        Settings
	keys            *KeyRing // without keys where there is a KeySet
	access, refresh *carrier
	origins         *originPolicy
	vary            string
	challengeScheme string
	usualScheme     string // as clients write it, with one blank; empty for NoHeaderType
	entryPrefixes   [entryKinds]string
	verified        *tokenCache            // nil: none
	outage          atomic.Pointer[outage] // the last; nil: none so far
	storeLost       atomic.Int64           // the latest epoch that was told of, or New, in Unix milliseconds

	answers sync.Map // *answer by *failure

	failHeader   *failure // a credential that is no credential
	failRepeated *failure // several header fields
}

// New checks s and returns its Manager. The error joins all mistakes in s, each with its field and its fix.
func New(s Settings) (*Manager, error) {
	s = s.withDefaults()
	keys, mistakes := s.makeKeys()
	if err := errors.Join(append(mistakes, s.validate()...)...); err != nil {
		return nil, err
	}
	keys.follow(&s)
	s.HeaderName = http.CanonicalHeaderKey(s.HeaderName)
	m := &Manager{settings: s, keys: keys, vary: s.HeaderName + ", Cookie", challengeScheme: s.HeaderType, usualScheme: s.HeaderType + " "}
	expected := s.HeaderType + " <JWT>"
	if s.HeaderType == NoHeaderType {
		m.challengeScheme, m.usualScheme, expected = "Bearer", "", "<JWT>"
	}
	for _, store := range []any{s.Store, s.Sessions} {
		if memory, ok := store.(*MemoryStore); ok {
			memory.follow(s.Now)
		}
	}
	m.verified = newTokenCache(s.VerifiedTokenCache)
	m.storeLost.Store(s.Now().UnixMilli())
	m.entryPrefixes = entryPrefixes(s.Name)
	m.access, m.refresh, m.origins = newCarrier(&s, Access), newCarrier(&s, Refresh), newOriginPolicy(&s)
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
// one Manager use [FromContext]. Where Query is a location, the first call takes the token out of the
// URL. On a copy made by gin's Copy, which has no response, everything but Token, Subject and Context of
// what it returns is an error. So it is where another Manager with a cookie of the same name was bound earlier, for a browser
// keeps one of them for both: its guards refuse with 500, and no cookie is touched. [Distinct] finds that at start-up.
func (m *Manager) Bind(c *gin.Context) *AuthJWT { return m.bind(c, bound(c)) }

// bind is Bind where first, the newest AuthJWT of the request, is known.
func (m *Manager) bind(c *gin.Context, first *AuthJWT) *AuthJWT {
	earlier := first
	for earlier != nil && earlier.m != m {
		earlier = earlier.next
	}
	if earlier != nil && earlier.c == c {
		return earlier
	}
	a := &AuthJWT{m: m, c: c, next: first, detached: isCopy(c)}
	switch {
	case earlier != nil: // c is a copy; where it has a writer, as in a timeout middleware, it is guarded by itself
		a.accepted.Store(earlier.accepted.Load())
		a.clashing = earlier.clashing
	case first != nil:
		a.clashing = m.clash(first) != nil
	}
	if !a.detached {
		c.Set(boundKey{}, a)
		if m.settings.uses(Query) {
			a.takeQuery()
		}
	}
	return a
}

// FromContext returns the AuthJWT that a middleware has bound to the request. It panics if there is
// none, or if several Managers are bound so that the choice is open; the message names the fix.
func FromContext(c *gin.Context) *AuthJWT {
	a := bound(c)
	if a == nil {
		abortPanicking(c, nil)
		panic("authjwt: FromContext: nothing is bound to this request; register router.Use(auth.ErrorMiddleware()), " +
			"put auth.Required() on the route, or call auth.Bind(c) instead")
	}
	for other := a.next; other != nil; other = other.next {
		if other.m != a.m {
			abortPanicking(c, a)
			panic("authjwt: FromContext: several Managers are bound to this request; call Bind(c) of the one you mean")
		}
	}
	return a.m.bind(c, a)
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
