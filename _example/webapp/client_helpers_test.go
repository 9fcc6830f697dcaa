package main

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

// site is an application whose page has authjwt.js alone. Its clock is the test's, and it lists its requests.
type site struct {
	auth *authjwt.Manager
	gin.IRouter

	ahead atomic.Int64 // of the clock
	mu    sync.Mutex
	seen  []string
	last  http.Header // of the last request
}

const secret = "xkQ4vbrT3wLqd7m1sYtRz6uJp0HnC9fE"

func newSite(t *testing.T, edit ...func(*authjwt.Settings)) *site {
	t.Helper()
	s := new(site)
	set := settings(secret, "")
	set.Now = func() time.Time { return time.Now().Add(time.Duration(s.ahead.Load())) }
	for _, f := range edit {
		f(&set)
	}
	auth, err := authjwt.New(set)
	require.NoError(t, err)
	gin.SetMode(gin.ReleaseMode)
	r := gin.New()
	r.Use(s.list)
	s.auth, s.IRouter = auth, r
	auth.Mount(r.Group("/auth"), authjwt.Routes{Login: func(c *gin.Context) (string, error) {
		cred, err := authjwt.BindCredentials(c)
		if err == nil && cred.Password != "test" {
			err = authjwt.ErrInvalidCredentials
		}
		return cred.Username, err
	}})
	echo := func(c *gin.Context) {
		body, err := io.ReadAll(c.Request.Body)
		if err != nil {
			_ = c.AbortWithError(http.StatusBadRequest, err)
			return
		}
		c.String(http.StatusOK, "%s: %s", authjwt.FromContext(c).Subject(), body)
	}
	r.Any("/api/echo", auth.Required(), echo)
	r.Handle("PROPFIND", "/api/echo", auth.Required(), echo)
	r.GET("/authjwt.js", func(c *gin.Context) { c.FileFromFS("static/authjwt.js", http.FS(embedded)) })
	r.GET("/", func(c *gin.Context) {
		c.Data(http.StatusOK, "text/html", []byte(`<!doctype html><title>test</title><link rel="icon" href="data:,">`))
	})
	return s
}

func (s *site) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	s.IRouter.(*gin.Engine).ServeHTTP(w, req)
}

// list notes what pages ask of the API: method, path and status.
func (s *site) list(c *gin.Context) {
	c.Next()
	if path := c.Request.URL.Path; strings.HasPrefix(path, "/api/") || strings.HasPrefix(path, "/auth/") {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.last = c.Request.Header.Clone()
		s.seen = append(s.seen, fmt.Sprint(c.Request.Method, " ", path, " ", c.Writer.Status()))
	}
}

// requests returns what was listed since the last call.
func (s *site) requests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	seen := s.seen
	s.seen = nil
	return seen
}

func (s *site) header() http.Header {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.last
}

func (s *site) passes(d time.Duration) { s.ahead.Add(int64(d)) }
