package authjwttest_test

import (
	"fmt"
	"net/http"
	"os"
	"runtime"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/gin-authjwt/authjwt"
)

func TestMain(m *testing.M) {
	gin.SetMode(gin.TestMode)
	os.Exit(m.Run())
}

// newRouter is an application: what is tested by the kit in its tests.
func newRouter(auth *authjwt.Manager) *gin.Engine {
	r := gin.New()
	auth.Mount(r, authjwt.Routes{Login: login})
	r.GET("/me", auth.Required(), hello)
	r.POST("/orders", auth.Required(), hello)
	r.POST("/password", auth.FreshRequired(), hello)
	r.DELETE("/users", auth.Required(authjwt.WithScopes("admin")), hello)
	r.GET("/news", auth.Optional(), hello)
	r.GET("/session", auth.RefreshRequired(), hello)
	r.GET("/open", func(c *gin.Context) { c.String(http.StatusOK, "come in") })
	return r
}

func login(c *gin.Context) (string, error) {
	cred, err := authjwt.BindCredentials(c)
	if err == nil && cred.Password != "rosebud" {
		err = authjwt.ErrInvalidCredentials
	}
	return cred.Username, err
}

func hello(c *gin.Context) { c.String(http.StatusOK, "hello, "+authjwt.FromContext(c).Subject()) }

// A fakeTB is a test that may fail.
type fakeTB struct {
	testing.TB
	failed bool
	text   string
}

// failing plays a test, and returns what it says and whether it failed.
func failing(t *testing.T, test func(tb testing.TB)) (text string, failed bool) {
	f, done := &fakeTB{TB: t}, make(chan struct{})
	go func() {
		defer close(done)
		test(f)
	}()
	<-done
	return f.text, f.failed
}

func (f *fakeTB) Helper()                         {}
func (f *fakeTB) Logf(format string, args ...any) { f.text += fmt.Sprintf(format, args...) + "\n" }

func (f *fakeTB) Errorf(format string, args ...any) {
	f.failed = true
	f.Logf(format, args...)
}

func (f *fakeTB) Fatalf(format string, args ...any) {
	f.Errorf(format, args...)
	runtime.Goexit()
}
