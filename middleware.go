package authjwt

import (
	"bufio"
	"errors"
	"net"
	"net/http"

	"github.com/gin-gonic/gin"
)

// ErrorMiddleware binds an AuthJWT to every request, so that handlers can call [FromContext], and
// renders an *[Error] or an Err… reason that a handler left with c.Error, unless an answer has begun.
// Other errors are left alone. It protects nothing, hence its name: guards do.
func (m *Manager) ErrorMiddleware() gin.HandlerFunc {
	return func(c *gin.Context) {
		completed := false
		defer abortUnless(&completed, c)
		a := m.Bind(c)
		defer a.abortUnless(&completed)
		c.Next()
		a.settle()
		for _, left := range c.Errors {
			if e := m.ownError(left.Err); e != nil && !c.Writer.Written() {
				a.refuse(e, nil)
				break
			}
		}
		completed = true
	}
}

// ownError returns err as an Error if it is the package's: an *Error or a reason.
func (m *Manager) ownError(err error) *Error {
	var e *Error
	if !errors.As(err, &e) && m.defaultFailure(err) == nil {
		return nil
	}
	return m.errorFrom(err, failInternal)
}

// Required returns the middleware form of [AuthJWT.JWTRequired], which is the one to use first. It
// needs no other middleware. It panics if an option is wrong, at start-up.
func (m *Manager) Required(opts ...RequireOption) gin.HandlerFunc {
	return m.guarding(requirement{want: Access}, opts)
}

// Optional returns the middleware form of [AuthJWT.JWTOptional]; otherwise it is [Manager.Required].
func (m *Manager) Optional(opts ...RequireOption) gin.HandlerFunc {
	return m.guarding(requirement{want: Access, optional: true}, opts)
}

// FreshRequired returns the middleware form of [AuthJWT.FreshJWTRequired]; otherwise it is [Manager.Required].
func (m *Manager) FreshRequired(opts ...RequireOption) gin.HandlerFunc {
	return m.guarding(requirement{want: Access, fresh: true}, opts)
}

// RefreshRequired returns the middleware form of [AuthJWT.JWTRefreshTokenRequired]; otherwise it is [Manager.Required].
func (m *Manager) RefreshRequired(opts ...RequireOption) gin.HandlerFunc {
	return m.guarding(requirement{want: Refresh}, opts)
}

func (m *Manager) guarding(r requirement, opts []RequireOption) gin.HandlerFunc {
	r = m.with(r, opts)
	if r.given || r.csrf != "" {
		r.mistakes = append(r.mistakes, errors.New("WithToken and WithCSRFToken are for one request; use them inside a handler"))
	}
	if err := errors.Join(r.mistakes...); err != nil {
		panic("authjwt: " + err.Error())
	}
	return func(c *gin.Context) {
		completed := false
		defer abortUnless(&completed, c)
		a := m.Bind(c)
		defer a.abortUnless(&completed)
		if a.guard(&r) == nil {
			c.Next() // here, so that a panic passes abortUnless
			a.settle()
		}
		completed = true
	}
}

var errSealed = errors.New("authjwt: the request has been refused; its response is sealed")

// sealedWriter stands in c.Writer after a refusal: it discards what a handler still writes, and
// tells loggers the truth about what was sent. It has no Unwrap, so that http.ResponseController
// cannot go around it.
type sealedWriter struct {
	gin.ResponseWriter             // asked for Status and Size, and flushed
	header             http.Header // handed out instead of the real one
}

// Header returns fields that go nowhere.
func (w *sealedWriter) Header() http.Header {
	if w.header == nil {
		w.header = w.ResponseWriter.Header().Clone()
	}
	return w.header
}

func (w *sealedWriter) Write(p []byte) (int, error)       { return len(p), nil }
func (w *sealedWriter) WriteString(s string) (int, error) { return len(s), nil }
func (w *sealedWriter) WriteHeader(int)                   {}
func (w *sealedWriter) WriteHeaderNow()                   {}
func (w *sealedWriter) Written() bool                     { return true }
func (w *sealedWriter) Pusher() http.Pusher               { return nil }

func (w *sealedWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) { return nil, nil, errSealed }

// CloseNotify says that the client is gone, so that a streaming handler ends.
func (w *sealedWriter) CloseNotify() <-chan bool {
	gone := make(chan bool)
	close(gone)
	return gone
}
