package authjwt_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

// An account is an application's user.
type account struct{ Name, Note string }

// A loadUser is what Settings.LoadUser is.
type loadUser = func(ctx context.Context, t *authjwt.Token) (any, error)

// bySubject finds everybody.
func bySubject(_ context.Context, t *authjwt.Token) (any, error) {
	return &account{Name: t.Subject, Note: "private-note"}, nil
}

// answering returns the same user and error always.
func answering(user any, err error) loadUser {
	return func(context.Context, *authjwt.Token) (any, error) { return user, err }
}

func newUserManager(tb testing.TB, load loadUser, edit ...func(s *authjwt.Settings)) *authjwt.Manager {
	tb.Helper()
	return newManager(tb, append(edit, func(s *authjwt.Settings) { s.LoadUser = load })...)
}

// wanting asks for the user, tells err of what became of it, and forgets to return.
func wanting[T any](err *error) gin.HandlerFunc {
	return func(c *gin.Context) {
		if _, *err = authjwt.User[T](c); *err != nil {
			c.Header("X-Leak", "leaked")
			c.String(http.StatusOK, "leaked")
		}
	}
}

func TestUser_Refusals(t *testing.T) {
	cause := errors.New(internalText)
	var noError *authjwt.Error
	internal := outcome{500, "internal_error", "Internal Server Error", "-"}
	nobody := inv("user_refused", "The user of the token is not accepted")
	required := func(m *authjwt.Manager) gin.HandlerFunc { return m.Required() }
	refreshRequired := func(m *authjwt.Manager) gin.HandlerFunc { return m.RefreshRequired() }
	anonymous := func(m *authjwt.Manager) gin.HandlerFunc { return without(m.Optional()) }
	for name, row := range map[string]struct {
		load  loadUser
		guard func(m *authjwt.Manager) gin.HandlerFunc
		ask   func(err *error) gin.HandlerFunc
		want  outcome
		is    error
		calls int32
		late  bool // it is asked for after the request has been refused
	}{
		"nobody":                     {answering(nil, nil), required, wanting[*account], nobody, authjwt.ErrRevokedToken, 1, false},
		"a nil pointer":              {answering((*account)(nil), nil), required, wanting[*account], nobody, authjwt.ErrRevokedToken, 1, false},
		"a nil pointer, as any":      {answering((*account)(nil), nil), required, wanting[any], nobody, authjwt.ErrRevokedToken, 1, false},
		"a nil map":                  {answering(map[string]any(nil), nil), required, wanting[map[string]any], nobody, authjwt.ErrRevokedToken, 1, false},
		"a nil slice":                {answering([]string(nil), nil), required, wanting[any], nobody, authjwt.ErrRevokedToken, 1, false},
		"out of reach":               {answering(nil, fmt.Errorf("%w: %w", authjwt.ErrUnavailable, cause)), required, wanting[*account], outcome{503, "unavailable", "Service Unavailable", "-"}, cause, 1, false},
		"a reason":                   {answering(nil, authjwt.ErrInsufficientScope), required, wanting[*account], outcome{403, "insufficient_scope", "The token lacks a required scope", "insufficient_scope"}, authjwt.ErrInsufficientScope, 1, false},
		"revoked":                    {answering(nil, authjwt.ErrRevokedToken), required, wanting[*account], inv("token_revoked", "Token has been revoked"), authjwt.ErrRevokedToken, 1, false},
		"an Error":                   {answering(nil, &authjwt.Error{Status: 402, Code: "unpaid", Detail: "Pay"}), required, wanting[*account], outcome{402, "unpaid", "Pay", "-"}, nil, 1, false},
		"an Error that is none":      {answering(nil, &authjwt.Error{Status: 200}), required, wanting[*account], internal, authjwt.ErrInternal, 1, false},
		"a nil Error":                {answering(nil, noError), required, wanting[*account], internal, authjwt.ErrInternal, 1, false},
		"another error":              {answering(nil, cause), required, wanting[*account], internal, cause, 1, false},
		"another error, and a user":  {answering(&account{Name: "alice"}, cause), required, wanting[*account], internal, authjwt.ErrInternal, 1, false},
		"LoadUser is unset":          {nil, required, wanting[*account], internal, authjwt.ErrInternal, 0, false},
		"another type":               {bySubject, required, wanting[account], internal, authjwt.ErrInternal, 1, false},
		"another interface":          {bySubject, required, wanting[fmt.Stringer], internal, authjwt.ErrInternal, 1, false},
		"no guard":                   {bySubject, (*authjwt.Manager).ErrorMiddleware, wanting[*account], noCred, authjwt.ErrMissingToken, 0, false},
		"an optional guard, no one":  {bySubject, anonymous, wanting[*account], noCred, authjwt.ErrMissingToken, 0, false},
		"a guard that has refused":   {bySubject, refreshRequired, wanting[*account], inv("refresh_token_required", "Only refresh tokens are allowed"), authjwt.ErrRefreshTokenRequired, 0, true},
		"the application refused it": {bySubject, aborting, wanting[*account], outcome{403, "csrf", "CSRF check failed", "-"}, authjwt.ErrCSRF, 0, true},
	} {
		t.Run(name, func(t *testing.T) {
			var calls atomic.Int32
			var load loadUser
			if row.load != nil {
				load = func(ctx context.Context, t *authjwt.Token) (any, error) { calls.Add(1); return row.load(ctx, t) }
			}
			m := newUserManager(t, load)
			token := mustCreate(t, m)
			var err, again error
			g := guard(t, row.guard(m), row.ask(&err), row.ask(&again))
			if row.late {
				g = guard(t, func(c *gin.Context) { c.Next(); row.ask(&err)(c) }, row.guard(m))
			}
			rec := g.get("Bearer " + token)
			g.assertRefused(t, rec, row.want, "leaked", "svc_secret", "private-note")
			assert.Empty(t, rec.Header().Get("X-Leak"))
			require.ErrorIs(t, err, asError(row.is, err))
			var e *authjwt.Error
			require.ErrorAs(t, err, &e)
			assert.Equal(t, row.want.status, e.Status)
			assert.Equal(t, row.calls, calls.Load())
			assert.NoError(t, again, "the second handler did not run")

			m = newUserManager(t, bySubject)
			g = guard(t, m.Required(), wanting[*account](&err))
			g.assertAccepted(t, g.get("Bearer "+token))
			assert.NoError(t, err)
		})
	}
}

// asError is want, or what err is anyway.
func asError(want, err error) error {
	if want == nil {
		return err
	}
	return want
}

// without hides the header from a guard.
func without(guard gin.HandlerFunc) gin.HandlerFunc {
	return func(c *gin.Context) { c.Request.Header.Del("Authorization"); guard(c) }
}

// aborting accepts the token, and then refuses the request for a reason of its own.
func aborting(m *authjwt.Manager) gin.HandlerFunc {
	return func(c *gin.Context) { _ = m.Bind(c).JWTRequired(); m.Bind(c).Abort(authjwt.ErrCSRF) }
}

// Mistakes are told to the developer, by type, and to nobody else.
func TestUser_MistakesNameTheFix(t *testing.T) {
	for name, row := range map[string]struct {
		load loadUser
		ask  func(err *error) gin.HandlerFunc
		fix  string
	}{
		"unset": {nil, wanting[*account], "Settings.LoadUser is not set"},
		"value": {bySubject, wanting[account], "returned a *authjwt_test.account, and the handler asks for User[authjwt_test.account]"},
		"text":  {answering("private-note", nil), wanting[*account], "returned a string, and the handler asks for User[*authjwt_test.account]"},
	} {
		t.Run(name, func(t *testing.T) {
			m := newUserManager(t, row.load)
			var err error
			g := guard(t, m.Required(), row.ask(&err))
			rec := g.get("Bearer " + mustCreate(t, m))
			require.ErrorContains(t, err, row.fix)
			assert.NotContains(t, err.Error(), "private-note")
			assert.Contains(t, g.log.String(), row.fix)
			assert.NotContains(t, rec.Body.String(), "LoadUser")
			assert.NotContains(t, rec.Body.String(), "account")
		})
	}
}

func TestUser_Styles(t *testing.T) {
	for style, row := range map[authjwt.ErrorStyle]struct {
		status int
		body   string
	}{
		authjwt.RFC6750:      {401, `{"detail":"The user of the token is not accepted","code":"user_refused"}`},
		authjwt.FastAPI:      {401, `{"detail":"The user of the token is not accepted"}`},
		authjwt.FastJWTStyle: {401, `{"message":"The user of the token is not accepted","error_type":"RevokedTokenError"}`},
	} {
		for name, there := range map[string]bool{"gone": false, "there": true} {
			t.Run(fmt.Sprint(style, name), func(t *testing.T) {
				m := newUserManager(t, func(ctx context.Context, token *authjwt.Token) (any, error) {
					if !there {
						return nil, nil
					}
					return bySubject(ctx, token)
				}, func(s *authjwt.Settings) { s.Errors = style })
				var err error
				g := guard(t, m.Required(), wanting[*account](&err))
				rec := g.get("Bearer " + mustCreate(t, m))
				if there {
					g.assertAccepted(t, rec)
					return
				}
				assert.False(t, g.ran)
				assert.Equal(t, row.status, rec.Code)
				assert.JSONEq(t, row.body, rec.Body.String())
				assert.ErrorIs(t, err, authjwt.ErrRevokedToken)
			})
		}
	}
}

// LoadUser gets the request's context and a Token of its own, of whichever type the guard demands.
func TestUser_WhatIsAsked(t *testing.T) {
	type key struct{}
	var asked []string
	m := newUserManager(t, func(ctx context.Context, token *authjwt.Token) (any, error) {
		asked = append(asked, fmt.Sprint(ctx.Value(key{}), token.Subject, token.Type, token.Location, token.Scopes))
		user := &account{Name: token.Subject}
		token.Subject, token.Scopes[0] = "mallory", "admin"
		return user, nil
	})
	granted := authjwt.WithGrantedScopes("read")
	refresh, err := m.CreateRefreshToken("bob", granted)
	require.NoError(t, err)
	for _, row := range []struct {
		token, name string
		guard       gin.HandlerFunc
	}{
		{mustCreate(t, m, granted), "alice", m.Required()},
		{mustCreate(t, m, granted), "alice", m.Optional()},
		{refresh, "bob", m.RefreshRequired()},
	} {
		g := guard(t, func(c *gin.Context) {
			c.Request = c.Request.WithContext(context.WithValue(c.Request.Context(), key{}, "of-the-request"))
		}, row.guard, func(c *gin.Context) {
			user, err := authjwt.User[*account](c)
			assert.NoError(t, err)
			assert.Equal(t, row.name, user.Name)
			token := authjwt.FromContext(c).Token()
			assert.Equal(t, []string{row.name, "read"}, []string{token.Subject, token.Scopes[0]})
		})
		g.assertAccepted(t, g.get("Bearer "+row.token))
	}
	assert.Equal(t, []string{"of-the-requestaliceaccessheaders[read]", "of-the-requestaliceaccessheaders[read]", "of-the-requestbobrefreshheaders[read]"}, asked)
}

func TestUser_OncePerToken(t *testing.T) {
	var asked []string
	m := newUserManager(t, func(ctx context.Context, token *authjwt.Token) (any, error) {
		asked = append(asked, token.Subject)
		return bySubject(ctx, token)
	})
	bobs, err := m.CreateAccessToken("bob")
	require.NoError(t, err)
	alices := mustCreate(t, m)
	g := guard(t, m.Required(), m.Required(), func(c *gin.Context) {
		a := authjwt.FromContext(c)
		assert.Empty(t, asked, "nobody has asked yet")
		user := func() *account {
			user, err := authjwt.UserOf[*account](a)
			assert.NoError(t, err)
			return user
		}
		first := user()
		assert.Same(t, first, user())
		require.NoError(t, a.JWTRequired())
		assert.Same(t, first, user())
		require.NoError(t, a.JWTRequired(authjwt.WithToken(alices)), "the same from another place")
		assert.Same(t, first, user())
		_, err := a.Verify(authjwt.Access, authjwt.WithToken(bobs))
		require.NoError(t, err)
		assert.Same(t, first, user(), "a quiet guard accepts nothing")
		require.NoError(t, a.JWTOptional())
		assert.Same(t, first, user())
		untyped, err := a.User()
		require.NoError(t, err)
		assert.Same(t, first, untyped)
		assert.Equal(t, []string{"alice"}, asked)

		require.NoError(t, a.JWTRequired(authjwt.WithToken(bobs)))
		assert.Equal(t, "bob", user().Name)
		assert.Equal(t, "bob", user().Name)
		require.NoError(t, a.JWTRequired())
		assert.Equal(t, "alice", user().Name)
		assert.Equal(t, []string{"alice", "bob", "alice"}, asked)
	})
	g.assertAccepted(t, g.get("Bearer "+alices))
}

// Without a token the answer is the one of a guard for access tokens, wherever these are looked for.
func TestUser_MissingAsForAGuard(t *testing.T) {
	for location, detail := range map[authjwt.Location]string{
		authjwt.Headers: "Missing Authorization Header", authjwt.Cookies: "Missing cookie access_token_cookie",
		authjwt.Query: "Missing query parameter token", authjwt.JSON: "Missing JSON member access_token",
	} {
		m := newUserManager(t, bySubject, func(s *authjwt.Settings) { s.TokenLocation = []authjwt.Location{location} })
		for _, ask := range []gin.HandlerFunc{m.Required(), func(c *gin.Context) {
			a := m.Bind(c)
			assert.NoError(t, a.JWTOptional())
			_, err := a.User()
			assert.ErrorIs(t, err, authjwt.ErrMissingToken)
		}} {
			g := guard(t, ask)
			g.assertRefused(t, g.get(), outcome{401, "missing_token", detail, ""})
		}
	}
}

// A refusal stands: LoadUser is not asked again, by no kind of call.
func TestUser_RefusedOnce(t *testing.T) {
	calls := 0
	m := newUserManager(t, func(context.Context, *authjwt.Token) (any, error) {
		calls++
		return nil, authjwt.ErrUnavailable
	})
	g := guard(t, m.Required(), func(c *gin.Context) {
		_, first := authjwt.User[*account](c)
		require.ErrorIs(t, first, authjwt.ErrUnavailable)
		a := authjwt.FromContext(c)
		assert.Nil(t, a.Token())
		_, second := authjwt.User[account](c)
		assert.Same(t, first, second)
		_, third := a.User()
		assert.Same(t, first, third)
		assert.Same(t, first, a.JWTRequired())
		assert.True(t, c.IsAborted())
		assert.Len(t, c.Errors, 1)
	})
	g.assertRefused(t, g.get("Bearer "+mustCreate(t, m)), outcome{503, "unavailable", "Service Unavailable", "-"})
	assert.Equal(t, 1, calls)
}
