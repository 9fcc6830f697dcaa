package authjwt_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

// A panic in LoadUser ends the request, whatever the recovery does, and so does one in the ErrorHandler of its refusal.
func TestUser_PanicsAbort(t *testing.T) {
	armed, handling := true, false
	m := newUserManager(t, func(ctx context.Context, token *authjwt.Token) (any, error) {
		switch {
		case armed && handling:
			return nil, nil
		case armed:
			panic("secret-text")
		}
		return bySubject(ctx, token)
	}, func(s *authjwt.Settings) {
		s.ErrorHandler = func(*gin.Context, *authjwt.Error) { panic("secret-text") }
	})
	token := mustCreate(t, m)
	for place, handlers := range map[string][]gin.HandlerFunc{
		"under a guard":      {m.Required(), func(c *gin.Context) { _, _ = authjwt.User[*account](c) }},
		"guarded by itself":  {func(c *gin.Context) { _ = m.Bind(c).JWTRequired(); _, _ = m.Bind(c).User() }},
		"in a guard's place": {m.ErrorMiddleware(), func(c *gin.Context) { _ = m.Bind(c).JWTRequired() }, func(c *gin.Context) { _, _ = authjwt.UserOf[any](m.Bind(c)) }},
	} {
		for name, recovery := range recoveries() {
			t.Run(place+"/"+name, func(t *testing.T) {
				armed = true
				for _, handling = range []bool{false, true} {
					rec, ran := behind(t, recovery, token, handlers)
					assert.False(t, ran, "the protected handler ran after a panic")
					assert.Equal(t, http.StatusInternalServerError, rec.Code)
					assert.Empty(t, rec.Body)
				}

				armed = false
				rec, ran := behind(t, recovery, token, handlers)
				assert.True(t, ran)
				assert.Equal(t, "protected", rec.Body.String())
			})
		}
	}
}

// A look-up that panicked has found nobody: the next call asks again.
func TestUser_PanicIsNotRemembered(t *testing.T) {
	calls := 0
	m := newUserManager(t, func(context.Context, *authjwt.Token) (any, error) {
		if calls++; calls == 1 {
			panic("once")
		}
		return nil, nil
	})
	var err error
	g := guard(t, m.Required(), func(c *gin.Context) {
		assert.True(t, panicsWith("once", func() { _, _ = authjwt.User[*account](c) }))
		assert.True(t, c.IsAborted())
		_, err = authjwt.User[*account](c)
		c.String(http.StatusOK, "leaked")
	})
	rec := g.get("Bearer " + mustCreate(t, m))
	assert.False(t, g.ran)
	assert.ErrorIs(t, err, authjwt.ErrRevokedToken)
	assert.Equal(t, 2, calls)
	assert.NotContains(t, rec.Body.String(), "leaked")
}

// A copy has no response to refuse with; one with a writer is a request by itself.
func TestUser_Copies(t *testing.T) {
	var calls atomic.Int32
	m := newUserManager(t, func(ctx context.Context, token *authjwt.Token) (any, error) {
		calls.Add(1)
		return bySubject(ctx, token)
	})
	g := guard(t, m.Required(), func(c *gin.Context) {
		first, err := authjwt.User[*account](c)
		require.NoError(t, err)
		cp := c.Copy()
		for range 2 {
			user, err := authjwt.User[*account](cp)
			assert.Nil(t, user)
			assert.ErrorIs(t, err, authjwt.ErrInternal)
			assert.ErrorContains(t, err, "copy of the request's context")
		}
		assert.EqualValues(t, 1, calls.Load())
		assert.False(t, c.IsAborted())

		cp.Writer = c.Writer
		second, err := authjwt.User[*account](cp)
		require.NoError(t, err)
		assert.NotSame(t, first, second)
		assert.Equal(t, first, second)
		assert.EqualValues(t, 2, calls.Load())
	})
	g.assertAccepted(t, g.get("Bearer "+mustCreate(t, m)))
}

// Each Manager has users of its own. FromContext cannot tell which is meant, so User panics, and aborts.
func TestUser_SeveralManagers(t *testing.T) {
	loading := func(kind string) loadUser {
		return func(_ context.Context, token *authjwt.Token) (any, error) {
			if token.Subject == "gone from "+kind {
				return nil, nil
			}
			return kind + " " + token.Subject, nil
		}
	}
	staff := newUserManager(t, loading("staff"), func(s *authjwt.Settings) { s.SecretKey = "another-" + testSecret })
	customers := newUserManager(t, loading("customers"))
	byStaff := func(c *gin.Context) { _ = staff.Bind(c).JWTRequired(authjwt.WithToken(c.GetHeader("X-Staff"))) }
	carol, err := staff.CreateAccessToken("carol")
	require.NoError(t, err)
	gone, err := staff.CreateAccessToken("gone from staff")
	require.NoError(t, err)
	request := func(staffToken string) *http.Request {
		req := httptest.NewRequest(http.MethodGet, "/", nil)
		req.Header.Set("X-Staff", staffToken)
		req.Header.Set("Authorization", "Bearer "+mustCreate(t, customers))
		return req
	}
	var users []any
	g := guard(t, customers.Required(), byStaff, func(c *gin.Context) {
		users = nil
		for _, m := range []*authjwt.Manager{customers, staff, customers, staff} {
			user, err := authjwt.UserOf[string](m.Bind(c))
			if err != nil {
				assert.ErrorIs(t, err, authjwt.ErrRevokedToken)
				return
			}
			users = append(users, user)
		}
	})
	g.assertAccepted(t, g.do(request(carol)))
	assert.Equal(t, []any{"customers alice", "staff carol", "customers alice", "staff carol"}, users)
	g.assertRefused(t, g.do(request(gone)), inv("user_refused", "The user of the token is not accepted"))
	assert.Equal(t, []any{"customers alice"}, users)

	g = guard(t, customers.Required(), byStaff, func(c *gin.Context) { _, _ = authjwt.User[string](c) })
	rec := g.do(request(carol))
	assert.False(t, g.ran)
	assert.Equal(t, http.StatusInternalServerError, rec.Code)
	assert.Contains(t, g.log.String(), "call Bind(c) of the one you mean")
}

// HandleContext takes an abort back: asking again aborts again.
func TestUser_HandleContextDoesNotRevive(t *testing.T) {
	gone := true
	m := newUserManager(t, func(ctx context.Context, token *authjwt.Token) (any, error) {
		if gone {
			return nil, nil
		}
		return bySubject(ctx, token)
	})
	ran := false
	var first, again error
	r := gin.New()
	r.GET("/inner", m.Required(), func(c *gin.Context) { _, first = authjwt.User[*account](c) })
	r.GET("/", func(c *gin.Context) {
		c.Request.URL.Path = "/inner"
		r.HandleContext(c)
		assert.False(t, c.IsAborted(), "taken back")
		_, again = authjwt.User[*account](c)
	}, func(*gin.Context) { ran = true })
	req := func() *httptest.ResponseRecorder {
		req := httptest.NewRequest(http.MethodGet, "/", nil)
		req.Header.Set("Authorization", "Bearer "+mustCreate(t, m))
		rec := httptest.NewRecorder()
		r.ServeHTTP(rec, req)
		return rec
	}
	rec := req()
	assert.False(t, ran)
	assert.Same(t, first, again)
	assertAnswer(t, rec, inv("user_refused", "The user of the token is not accepted"))

	gone = false
	req()
	assert.True(t, ran)
	assert.NoError(t, again)
}

// Requests share Gin's contexts, one after the other, and LoadUser, and never a user.
func TestUser_RequestsDoNotMeet(t *testing.T) {
	var calls atomic.Int32
	m := newUserManager(t, func(ctx context.Context, token *authjwt.Token) (any, error) {
		calls.Add(1)
		if token.Subject == "user-7" {
			return nil, nil
		}
		return bySubject(ctx, token)
	})
	r := gin.New()
	r.GET("/", m.Required(), func(c *gin.Context) {
		for range 2 {
			user, err := authjwt.User[*account](c)
			if err != nil {
				return
			}
			user.Note += "|" + user.Name // the application's own, of this request alone
			defer func() { c.String(http.StatusOK, user.Note) }()
		}
	})
	const clients, requests = 100, 5
	together(clients, func(i int) {
		name := fmt.Sprint("user-", i)
		token, err := m.CreateAccessToken(name)
		assert.NoError(t, err)
		for range requests {
			req := httptest.NewRequest(http.MethodGet, "/", nil)
			req.Header.Set("Authorization", "Bearer "+token)
			rec := httptest.NewRecorder()
			r.ServeHTTP(rec, req)
			if i == 7 {
				assertAnswer(t, rec, inv("user_refused", "The user of the token is not accepted"))
				continue
			}
			want := "private-note|" + name + "|" + name
			assert.Equal(t, want+want, rec.Body.String())
		}
	})
	assert.EqualValues(t, clients*requests, calls.Load(), "once per request")
}
