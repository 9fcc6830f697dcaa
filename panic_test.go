package authjwt_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

// A minefield has every callback, each of which panics while its name is armed.
type minefield struct{ armed string }

func (f *minefield) step(name string) {
	if f.armed == name {
		panic("secret-text of " + name)
	}
}

func (f *minefield) settings(s *authjwt.Settings) {
	s.Now = func() time.Time { f.step("Now"); return testNow }
	s.Validate = func(context.Context, *authjwt.Token) error { f.step("Validate"); return nil }
	s.ErrorHandler = func(*gin.Context, *authjwt.Error) { f.step("ErrorHandler") }
}

func (f *minefield) routes() authjwt.Routes {
	return authjwt.Routes{
		Login:   func(*gin.Context) (string, error) { f.step("Login"); return "alice", nil },
		Claims:  func(context.Context, string) (any, error) { f.step("Claims"); return nil, nil },
		Respond: func(*gin.Context, authjwt.TokenPair) { f.step("Respond") },
	}
}

// recoveries are Gin's own and one that does nothing, under which Gin runs the handlers that are left.
func recoveries() map[string]gin.HandlerFunc {
	return map[string]gin.HandlerFunc{
		"gin.Recovery":   gin.RecoveryWithWriter(io.Discard),
		"silent":         gin.CustomRecoveryWithWriter(io.Discard, func(*gin.Context, any) {}),
		"written by app": func(c *gin.Context) { defer func() { _ = recover() }(); c.Next() },
	}
}

// behind runs handlers and then a protected one under a recovery, and tells whether that one ran.
func behind(tb testing.TB, recovery gin.HandlerFunc, token string, handlers []gin.HandlerFunc) (rec *httptest.ResponseRecorder, ran bool) {
	tb.Helper()
	r := gin.New()
	r.POST("/", append(append([]gin.HandlerFunc{recovery}, handlers...), func(c *gin.Context) {
		ran = true
		c.String(http.StatusOK, "protected")
	})...)
	req := httptest.NewRequest(http.MethodPost, "/", nil)
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	rec = httptest.NewRecorder()
	r.ServeHTTP(rec, req)
	return rec, ran
}

func TestS01_PanicsAbort(t *testing.T) {
	field := new(minefield)
	m, m2 := newManager(t, field.settings), newManager(t)
	access := mustCreate(t, m, authjwt.WithFresh())
	refresh, err := m.CreateRefreshToken("alice")
	require.NoError(t, err)
	chain := func(handlers ...gin.HandlerFunc) []gin.HandlerFunc { return handlers }
	inHandler := func(use func(a *authjwt.AuthJWT)) []gin.HandlerFunc {
		return chain(func(c *gin.Context) { use(m.Bind(c)) })
	}
	mine := func(*gin.Context) { field.step("handler") }
	for _, row := range []struct {
		name     string
		mine     string
		token    string
		handlers []gin.HandlerFunc
		twinRuns bool // without the panic the request is let through
	}{
		{"Required", "Now", access, chain(m.Required()), true},
		{"Required", "Validate", access, chain(m.Required()), true},
		{"Required", "ErrorHandler", "", chain(m.Required()), false},
		{"Required", "ErrorHandler", refresh, chain(m.Required()), false},
		{"Optional", "Now", access, chain(m.Optional()), true},
		{"Optional", "Validate", access, chain(m.Optional()), true},
		{"Optional", "ErrorHandler", refresh, chain(m.Optional()), false},
		{"FreshRequired", "Now", access, chain(m.FreshRequired()), true},
		{"FreshRequired", "Validate", access, chain(m.FreshRequired()), true},
		{"FreshRequired", "ErrorHandler", "", chain(m.FreshRequired()), false},
		{"RefreshRequired", "Now", refresh, chain(m.RefreshRequired()), true},
		{"RefreshRequired", "Validate", refresh, chain(m.RefreshRequired()), true},
		{"RefreshRequired", "ErrorHandler", access, chain(m.RefreshRequired()), false},
		{"under ErrorMiddleware", "Validate", access, chain(m.ErrorMiddleware(), m.Required()), true},
		{"under ErrorMiddleware", "ErrorHandler", "", chain(m.ErrorMiddleware(), m.Required()), false},
		{"JWTRequired", "Now", access, inHandler(func(a *authjwt.AuthJWT) { _ = a.JWTRequired() }), true},
		{"JWTRequired", "Validate", access, inHandler(func(a *authjwt.AuthJWT) { _ = a.JWTRequired() }), true},
		{"JWTRequired", "ErrorHandler", "", inHandler(func(a *authjwt.AuthJWT) { _ = a.JWTRequired() }), false},
		{"JWTOptional", "Validate", access, inHandler(func(a *authjwt.AuthJWT) { _ = a.JWTOptional() }), true},
		{"FreshJWTRequired", "Validate", access, inHandler(func(a *authjwt.AuthJWT) { _ = a.FreshJWTRequired() }), true},
		{"JWTRefreshTokenRequired", "Validate", refresh, inHandler(func(a *authjwt.AuthJWT) { _ = a.JWTRefreshTokenRequired() }), true},
		{"Verify", "Now", access, inHandler(func(a *authjwt.AuthJWT) { _, _ = a.Verify(authjwt.Access) }), true},
		{"Verify", "Validate", access, inHandler(func(a *authjwt.AuthJWT) { _, _ = a.Verify(authjwt.Access) }), true},
		{"Refresh", "Validate", refresh, inHandler(func(a *authjwt.AuthJWT) { _, _ = a.Refresh() }), true},
		{"Login", "Now", "", inHandler(func(a *authjwt.AuthJWT) { _, _ = a.Login("alice") }), true},
		{"CreateAccessToken", "Now", "", inHandler(func(a *authjwt.AuthJWT) { _, _ = a.CreateAccessToken("alice") }), true},
		{"CreateRefreshToken", "Now", "", inHandler(func(a *authjwt.AuthJWT) { _, _ = a.CreateRefreshToken("alice") }), true},
		{"Abort", "ErrorHandler", access, inHandler(func(a *authjwt.AuthJWT) { a.Abort(authjwt.ErrCSRF) }), false},
		{"LoginHandler", "Login", "", chain(m.LoginHandler(field.routes())), true},
		{"LoginHandler", "Claims", "", chain(m.LoginHandler(field.routes())), true},
		{"LoginHandler", "Respond", "", chain(m.LoginHandler(field.routes())), true},
		{"LoginHandler", "Now", "", chain(m.LoginHandler(field.routes())), true},
		{"RefreshHandler", "Validate", refresh, chain(m.RefreshHandler(field.routes())), true},
		{"RefreshHandler", "Claims", refresh, chain(m.RefreshHandler(field.routes())), true},
		{"RefreshHandler", "Respond", refresh, chain(m.RefreshHandler(field.routes())), true},
		{"RefreshHandler", "Now", refresh, chain(m.RefreshHandler(field.routes())), true},
		{"RefreshHandler", "ErrorHandler", access, chain(m.RefreshHandler(field.routes())), false},
		{"a handler under ErrorMiddleware", "handler", access, chain(m.ErrorMiddleware(), mine), true},
		{"an error left to ErrorMiddleware", "ErrorHandler", access, chain(m.ErrorMiddleware(), func(c *gin.Context) {
			_ = c.Error(authjwt.ErrCSRF)
			c.Abort()
		}), false},
		{"FromContext without middleware", "always", access, chain(func(c *gin.Context) { authjwt.FromContext(c) }), false},
		{"FromContext of two Managers", "always", access, chain(m.Optional(), m2.Optional(), func(c *gin.Context) { authjwt.FromContext(c) }), false},
	} {
		for name, recovery := range recoveries() {
			t.Run(row.name+"/"+row.mine+"/"+name, func(t *testing.T) {
				field.armed = row.mine
				rec, ran := behind(t, recovery, row.token, row.handlers)
				assert.False(t, ran, "the protected handler ran after a panic")
				assert.Equal(t, http.StatusInternalServerError, rec.Code)
				var answer bytes.Buffer
				require.NoError(t, rec.Header().Write(&answer))
				answer.Write(rec.Body.Bytes())
				for _, secret := range []string{"secret-text", "eyJ", testSecret, "protected", "Set-Cookie"} {
					assert.NotContains(t, answer.String(), secret)
				}

				if row.mine == "always" {
					return
				}
				field.armed = ""
				_, ran = behind(t, recovery, row.token, row.handlers)
				assert.Equal(t, row.twinRuns, ran)
			})
		}
	}
}

// What was written before the panic stands; what comes after it is still not run.
func TestS01_PanicAfterAnAnswerHasBegun(t *testing.T) {
	for name, recovery := range recoveries() {
		t.Run(name, func(t *testing.T) {
			m := newManager(t, func(s *authjwt.Settings) {
				s.ErrorHandler = func(c *gin.Context, _ *authjwt.Error) {
					c.String(http.StatusTeapot, "begun")
					panic("secret-text")
				}
			})
			routes := authjwt.Routes{
				Login:   func(*gin.Context) (string, error) { return "alice", nil },
				Respond: func(c *gin.Context, _ authjwt.TokenPair) { c.String(http.StatusTeapot, "begun"); panic("secret-text") },
			}
			for _, handler := range []gin.HandlerFunc{m.Required(), m.LoginHandler(routes)} {
				rec, ran := behind(t, recovery, "", []gin.HandlerFunc{handler})
				assert.False(t, ran)
				assert.Equal(t, http.StatusTeapot, rec.Code)
				assert.Equal(t, "begun", rec.Body.String())
			}
		})
	}
}

// The panic itself goes on to the recovery, which logs it: hiding it would hide the fault.
func TestS01_PanicsAreNotSwallowed(t *testing.T) {
	field := &minefield{armed: "Validate"}
	m := newManager(t, field.settings)
	var recovered any
	recovery := gin.CustomRecoveryWithWriter(io.Discard, func(_ *gin.Context, err any) { recovered = err })
	_, ran := behind(t, recovery, mustCreate(t, m), []gin.HandlerFunc{m.Required()})
	assert.False(t, ran)
	assert.Equal(t, "secret-text of Validate", recovered)

	_, _ = behind(t, recovery, "", []gin.HandlerFunc{func(c *gin.Context) { authjwt.FromContext(c) }})
	assert.Contains(t, recovered, "ErrorMiddleware", "the message names the fix")
}

// unwrapped is a writer of the application's that panics when it is looked at, which Bind does.
type unwrapped struct{ gin.ResponseWriter }

func (unwrapped) Unwrap() http.ResponseWriter { panic("unwrapped") }

func TestS01_PanicWhileBinding(t *testing.T) {
	m := newManager(t)
	access := mustCreate(t, m, authjwt.WithFresh())
	wrap := func(c *gin.Context) { c.Writer = unwrapped{c.Writer} }
	for name, recovery := range recoveries() {
		for what, handler := range map[string]gin.HandlerFunc{
			"guard": m.Required(), "optional": m.Optional(), "ErrorMiddleware": m.ErrorMiddleware(), "logout": m.LogoutHandler(),
		} {
			rec, ran := behind(t, recovery, access, []gin.HandlerFunc{wrap, handler})
			assert.False(t, ran, "%s, %s: the protected handler ran", what, name)
			assert.Equal(t, http.StatusInternalServerError, rec.Code, "%s, %s", what, name)
		}
	}
	_, ran := behind(t, gin.RecoveryWithWriter(io.Discard), access, []gin.HandlerFunc{m.Required()})
	assert.True(t, ran)
}
