package authjwt_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

// Timeout middlewares run the rest of the chain on a copy of the context, with a writer of their own.
// Such a copy is guarded like the original, whatever was bound before.
func TestCopiesWithAWriterAreGuarded(t *testing.T) {
	auth, other := newManager(t), newManager(t)
	onCopy := func(c *gin.Context) {
		cp := new(gin.Context)
		reflect.ValueOf(cp).Elem().Set(reflect.ValueOf(c).Elem()) // cp := *c, which vet objects to
		c.Abort()
		cp.Next()
	}
	for name, bound := range map[string][]gin.HandlerFunc{
		"nothing":      {},
		"this Manager": {auth.ErrorMiddleware()},
		"and another":  {auth.ErrorMiddleware(), other.ErrorMiddleware()},
		"by a guard":   {auth.Optional()},
	} {
		t.Run(name, func(t *testing.T) {
			g := guard(t, append(bound, onCopy, auth.Required(), func(c *gin.Context) {
				assert.Equal(t, "alice", auth.Bind(c).Subject())
				assert.NoError(t, auth.Bind(c).JWTRequired())
			})...)
			g.assertRefused(t, g.get(), noCred)
			g.assertAccepted(t, g.get("Bearer "+mustCreate(t, auth)))
		})
	}
}

func TestGinCopyWithAWriterIsGuarded(t *testing.T) {
	auth := newManager(t)
	for name, use := range map[string]func(c *gin.Context){
		"guard":       func(c *gin.Context) { _ = authjwt.FromContext(c).JWTRequired() },
		"middleware":  func(c *gin.Context) { auth.Required()(c) },
		"application": func(c *gin.Context) { authjwt.FromContext(c).Abort(authjwt.ErrMissingToken) },
	} {
		t.Run(name, func(t *testing.T) {
			r := gin.New()
			r.GET("/", auth.ErrorMiddleware(), func(c *gin.Context) {
				cp := c.Copy()
				cp.Writer = c.Writer
				use(cp)
				assert.True(t, cp.IsAborted())
				cp.String(http.StatusOK, "leaked") // the check is forgotten
			})
			rec := httptest.NewRecorder()
			r.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/", nil))
			assertAnswer(t, rec, noCred)
		})
	}
}

// HandleContext takes an abort back; the next guard aborts again.
func TestHandleContextDoesNotRevive(t *testing.T) {
	auth := newManager(t)
	ran := false
	r := gin.New()
	r.GET("/inner", func(c *gin.Context) { _ = auth.Bind(c).JWTRequired() })
	r.GET("/", func(c *gin.Context) {
		_ = auth.Bind(c).JWTRequired()
		c.Request.URL.Path = "/inner"
		r.HandleContext(c)
	}, auth.Required(), func(*gin.Context) { ran = true })
	rec := httptest.NewRecorder()
	r.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/", nil))
	assert.False(t, ran)
	assertAnswer(t, rec, noCred)
}

// A handler that recovers from a panic of the application's ErrorHandler is sealed all the same.
func TestErrorHandlerPanicIsSealed(t *testing.T) {
	auth := newManager(t, func(s *authjwt.Settings) {
		s.ErrorHandler = func(*gin.Context, *authjwt.Error) { panic("template missing") }
	})
	r := gin.New()
	r.GET("/", func(c *gin.Context) {
		func() {
			defer func() { assert.NotNil(t, recover()) }()
			_ = auth.Bind(c).JWTRequired()
		}()
		c.String(http.StatusOK, "leaked")
	})
	rec := httptest.NewRecorder()
	r.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/", nil))
	assert.Equal(t, http.StatusInternalServerError, rec.Code)
	assert.Empty(t, rec.Body)
}

// In NoRoute and NoMethod Gin has set the status before any handler runs.
func TestNoRouteAndNoMethodAreGuarded(t *testing.T) {
	for name, edit := range map[string]func(*authjwt.Settings){
		"plain":               func(*authjwt.Settings) {},
		"silent ErrorHandler": func(s *authjwt.Settings) { s.ErrorHandler = func(*gin.Context, *authjwt.Error) {} },
	} {
		t.Run(name, func(t *testing.T) {
			auth := newManager(t, edit)
			r := gin.New()
			r.HandleMethodNotAllowed = true
			leak := func(c *gin.Context) { c.String(http.StatusOK, "leaked") }
			r.POST("/", leak)
			r.NoRoute(auth.Required(), leak)
			r.NoMethod(auth.Required(), leak)
			for _, path := range []string{"/", "/nowhere"} {
				rec := httptest.NewRecorder()
				r.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, path, nil))
				assertAnswer(t, rec, noCred)
			}
		})
	}
}

// A nil *Error in an error is no reason, but no panic either.
func TestTypedNilError(t *testing.T) {
	var none *authjwt.Error
	for name, err := range map[string]error{"bare": none, "wrapped": fmt.Errorf("%w", none)} {
		auth := newManager(t, func(s *authjwt.Settings) {
			s.Validate = func(context.Context, *authjwt.Token) error { return err }
		})
		g := guard(t, auth.Required())
		g.assertRefused(t, g.get("Bearer "+mustCreate(t, auth)), inv("token_refused", "Token is not accepted"))

		g = guard(t, func(c *gin.Context) { auth.Bind(c).Abort(err) })
		g.assertRefused(t, g.get(), outcome{500, "internal_error", "Internal Server Error", "-"})
		assert.NotEmpty(t, err.Error(), name)
	}
}

// Applications' fields survive, and those that describe another body do not.
func TestRefusal_HeaderFields(t *testing.T) {
	auth := newManager(t)
	r := gin.New()
	r.GET("/", func(c *gin.Context) {
		for _, name := range []string{"Content-Length", "Content-Range", "Content-Disposition", "ETag", "Expires", "Last-Modified", "Retry-After", "X-Request-ID"} {
			c.Header(name, "120")
		}
		auth.Bind(c).Abort(authjwt.ErrUnavailable)
	})
	rec := httptest.NewRecorder()
	r.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/", nil))
	assertAnswer(t, rec, outcome{503, "unavailable", "Service Unavailable", "-"})
	for _, name := range []string{"Content-Length", "Content-Range", "Content-Disposition", "ETag", "Expires", "Last-Modified"} {
		assert.Empty(t, rec.Header().Get(name), name)
	}
	assert.Equal(t, "120", rec.Header().Get("Retry-After"))
	assert.Equal(t, "120", rec.Header().Get("X-Request-ID"))
}

func TestNilOptions(t *testing.T) {
	auth := newManager(t)
	assert.Panics(t, func() { auth.Required(nil) })
	assert.ErrorIs(t, auth.Bind(testContext()).JWTRequired(nil), authjwt.ErrInternal)
	_, err := auth.CreateAccessToken("alice", nil)
	require.ErrorContains(t, err, "a TokenOption is nil")
}
