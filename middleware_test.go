package authjwt_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

// gzipping compresses as the usual middleware does: Content-Encoding is set before the handler runs.
func gzipping(c *gin.Context) {
	w := &gzipWriter{ResponseWriter: c.Writer, zip: gzip.NewWriter(c.Writer)}
	c.Header("Content-Encoding", "gzip")
	c.Writer = w
	defer func() { _ = w.zip.Close() }()
	c.Next()
}

type gzipWriter struct {
	gin.ResponseWriter
	zip *gzip.Writer
}

func (w *gzipWriter) Write(p []byte) (int, error)       { return w.zip.Write(p) }
func (w *gzipWriter) WriteString(s string) (int, error) { return w.zip.Write([]byte(s)) }

// Handlers that forget to look at the guard's answer, or to return, in every way a body can be written.
func TestSealedResponse(t *testing.T) {
	const leak = "leaked-secret"
	plain := func(c *gin.Context) { c.String(http.StatusOK, leak) }
	for name, careless := range map[string]gin.HandlerFunc{
		"string": plain,
		"json":   func(c *gin.Context) { c.JSON(http.StatusOK, gin.H{"x": leak}) },
		"write":  func(c *gin.Context) { _, _ = c.Writer.Write([]byte(leak)); _, _ = c.Writer.WriteString(leak) },
		"empty":  func(c *gin.Context) { c.Status(http.StatusNoContent); c.Writer.WriteHeaderNow() },
		"header": func(c *gin.Context) {
			c.Header("X-Leak", leak)
			c.SetCookie("x", leak, 1, "/", "", true, true)
			plain(c)
		},
		"redirect": func(c *gin.Context) { c.Redirect(http.StatusFound, "/"+leak) },
		"stream":   func(c *gin.Context) { c.Stream(func(w io.Writer) bool { _, _ = io.WriteString(w, leak); return true }) },
		"flush":    func(c *gin.Context) { plain(c); c.Writer.Flush() },
		"event":    func(c *gin.Context) { c.SSEvent("x", leak) },
		"file": func(c *gin.Context) {
			http.ServeContent(c.Writer, c.Request, "x.txt", testNow, bytes.NewReader([]byte(leak)))
		},
		"error": func(c *gin.Context) { http.Error(c.Writer, leak, http.StatusTeapot) },
		"controller": func(c *gin.Context) {
			_ = http.NewResponseController(c.Writer).Flush()
			assert.Error(t, http.NewResponseController(c.Writer).SetWriteDeadline(testNow), "it finds no way around")
			plain(c)
		},
		"abort":       func(c *gin.Context) { c.AbortWithStatusJSON(http.StatusTeapot, leak) },
		"nil token":   func(c *gin.Context) { c.String(http.StatusOK, leak+authjwt.FromContext(c).Token().ID) },
		"panic":       func(c *gin.Context) { panic(leak) },
		"other guard": func(c *gin.Context) { assert.Error(t, authjwt.FromContext(c).JWTOptional()); plain(c) },
		"second abort": func(c *gin.Context) {
			authjwt.FromContext(c).Abort(authjwt.ErrUnavailable)
			assert.Len(t, c.Errors, 1, "the first refusal stands")
			plain(c)
		},
		"hijack": func(c *gin.Context) {
			_, _, err := c.Writer.Hijack()
			assert.Error(t, err)
			_, _, err = http.NewResponseController(c.Writer).Hijack()
			assert.Error(t, err)
			plain(c)
		},
	} {
		for _, compressed := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, compressed %t", name, compressed), func(t *testing.T) {
				auth := newManager(t)
				var status, size int
				r := gin.New()
				r.Use(gin.RecoveryWithWriter(io.Discard), func(c *gin.Context) {
					c.Next()
					status, size = c.Writer.Status(), c.Writer.Size()
				})
				if compressed {
					r.Use(gzipping)
				}
				r.GET("/", auth.ErrorMiddleware(), func(c *gin.Context) {
					_ = authjwt.FromContext(c).JWTRequired()
					careless(c)
				}, plain)
				server := httptest.NewServer(r)
				defer server.Close()

				res, err := server.Client().Get(server.URL) // its transport asks for gzip and unpacks it
				require.NoError(t, err)
				defer res.Body.Close()
				body, err := io.ReadAll(res.Body)
				require.NoError(t, err)
				assertAnswer(t, recorded(res, string(body)), noCred)
				assert.Empty(t, res.Cookies())
				assert.Empty(t, res.Header.Get("X-Leak"))
				if name != "panic" && name != "nil token" { // there the logger is unwound, too
					assert.Equal(t, http.StatusUnauthorized, status, "what a logger sees")
					assert.Positive(t, size)
				}
			})
		}
	}
}

// The same careless handlers serve those who are let in.
func TestSealedResponse_Twin(t *testing.T) {
	auth := newManager(t)
	g := guard(t, gzipping, auth.ErrorMiddleware(), func(c *gin.Context) { _ = authjwt.FromContext(c).JWTRequired() })
	rec := g.get("Bearer " + mustCreate(t, auth))
	assert.True(t, g.ran)
	unzip, err := gzip.NewReader(rec.Body)
	require.NoError(t, err)
	body, err := io.ReadAll(unzip)
	require.NoError(t, err)
	assert.Equal(t, "protected", string(body))
}

func TestErrorMiddleware(t *testing.T) {
	auth := newManager(t)
	own := &authjwt.Error{Status: http.StatusTooManyRequests, Code: "slow_down", Detail: "Try again later"}
	for name, try := range map[string]struct {
		left error
		want outcome
	}{
		"reason":          {authjwt.ErrInvalidCredentials, outcome{401, "invalid_credentials", "Bad username or password", ""}},
		"wrapped reason":  {fmt.Errorf("db: %w", authjwt.ErrUnavailable), outcome{503, "unavailable", "Service Unavailable", "-"}},
		"own error":       {own, outcome{429, "slow_down", "Try again later", "-"}},
		"wrapped error":   {fmt.Errorf("limit: %w", own), outcome{429, "slow_down", "Try again later", "-"}},
		"status of a 200": {&authjwt.Error{Status: 200}, outcome{500, "internal_error", "Internal Server Error", "-"}},
		"websocket close": {&authjwt.Error{Status: 1008}, outcome{500, "internal_error", "Internal Server Error", "-"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := gin.New()
			r.GET("/", auth.ErrorMiddleware(), func(c *gin.Context) { _ = c.Error(try.left) })
			rec := httptest.NewRecorder()
			r.ServeHTTP(rec, httptest.NewRequest("GET", "/", nil))
			assertAnswer(t, rec, try.want)
			if try.want.status == http.StatusServiceUnavailable {
				assert.Equal(t, "1", rec.Header().Get("Retry-After"))
			}
		})
	}
}

func TestErrorMiddleware_LeavesAlone(t *testing.T) {
	auth := newManager(t)
	for name, handler := range map[string]gin.HandlerFunc{
		"a foreign error": func(c *gin.Context) { _ = c.Error(errors.New("mine")); c.Status(http.StatusAccepted) },
		"an answer begun": func(c *gin.Context) { c.String(http.StatusAccepted, ""); _ = c.Error(authjwt.ErrInternal) },
		"no error":        func(c *gin.Context) { c.Status(http.StatusAccepted) },
	} {
		t.Run(name, func(t *testing.T) {
			r := gin.New()
			r.GET("/", auth.ErrorMiddleware(), handler)
			rec := httptest.NewRecorder()
			r.ServeHTTP(rec, httptest.NewRequest("GET", "/", nil))
			assert.Equal(t, http.StatusAccepted, rec.Code)
			assert.Empty(t, rec.Body)
		})
	}
}

func TestGuardAfterAnswerHasBegun(t *testing.T) {
	auth := newManager(t)
	r := gin.New()
	r.GET("/", func(c *gin.Context) { c.String(http.StatusOK, "begun ") }, auth.Required(),
		func(c *gin.Context) { c.String(http.StatusOK, "protected") })
	rec := httptest.NewRecorder()
	r.ServeHTTP(rec, httptest.NewRequest("GET", "/", nil))
	assert.Equal(t, "begun ", rec.Body.String())
}

func TestErrorHandler(t *testing.T) {
	var given *authjwt.Error
	for name, try := range map[string]struct {
		handler gin.HandlerFunc
		status  int
		body    string
	}{
		"writes":       {func(c *gin.Context) { c.String(http.StatusTeapot, "short and stout") }, 418, "short and stout"},
		"writes a 200": {func(c *gin.Context) { c.String(http.StatusOK, "as you like") }, 200, "as you like"},
		"status alone": {func(c *gin.Context) { c.Status(http.StatusTeapot) }, 418, ""},
		"changes it":   {func(*gin.Context) { *given = authjwt.Error{Status: http.StatusOK} }, 401, `{"detail":"Missing Authorization Header","code":"missing_token"}`},
		"nothing":      {func(*gin.Context) {}, 401, `{"detail":"Missing Authorization Header","code":"missing_token"}`},
	} {
		t.Run(name, func(t *testing.T) {
			auth := newManager(t, func(s *authjwt.Settings) {
				s.ErrorHandler = func(c *gin.Context, err *authjwt.Error) {
					assert.ErrorIs(t, err, authjwt.ErrMissingToken)
					given = err
					try.handler(c)
				}
			})
			g := guard(t, auth.Required())
			rec := g.get()
			assert.False(t, g.ran)
			assert.Equal(t, try.status, rec.Code)
			assert.Equal(t, try.body, rec.Body.String())
			assert.Equal(t, `Bearer realm="api"`, rec.Header().Get("WWW-Authenticate"))
			g.assertAccepted(t, g.get("Bearer "+mustCreate(t, auth)))
		})
	}
}

func TestAbort(t *testing.T) {
	auth := newManager(t)
	for name, try := range map[string]struct {
		reason error
		want   outcome
	}{
		"reason":  {authjwt.ErrRevokedToken, inv("token_revoked", "Token has been revoked")},
		"own":     {&authjwt.Error{Status: 409, Code: "locked", Detail: "Account is locked"}, outcome{409, "locked", "Account is locked", "-"}},
		"foreign": {errors.New("eyJ in a driver's text"), outcome{500, "internal_error", "Internal Server Error", "-"}},
		"nil":     {nil, outcome{500, "internal_error", "Internal Server Error", "-"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := gin.New()
			r.GET("/", auth.Required(), func(c *gin.Context) {
				a := authjwt.FromContext(c)
				a.Abort(try.reason)
				assert.Nil(t, a.Token(), "a refusal clears the token")
				assert.Empty(t, a.Subject())
			}, func(*gin.Context) { t.Error("the next handler ran") })
			req := httptest.NewRequest("GET", "/", nil)
			req.Header.Set("Authorization", "Bearer "+mustCreate(t, auth))
			rec := httptest.NewRecorder()
			r.ServeHTTP(rec, req)
			assertAnswer(t, rec, try.want)
		})
	}
}
