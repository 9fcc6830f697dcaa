package authjwt_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

// handle sends POST / with a bearer token and tells what the handler answered.
func handle(handler gin.HandlerFunc, token string) *httptest.ResponseRecorder {
	r := gin.New()
	r.POST("/", handler)
	req := httptest.NewRequest(http.MethodPost, "/", nil)
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	return answerTo(r, req, nil)
}

func TestClaims_AtLoginAndAtEveryRefresh(t *testing.T) {
	auth := newManager(t)
	refresh, err := auth.CreateRefreshToken("alice")
	require.NoError(t, err)
	var asked []string
	var role any
	var refusal error
	var pair authjwt.TokenPair
	routes := authjwt.Routes{
		Login: func(*gin.Context) (string, error) { return "alice", nil },
		Claims: func(_ context.Context, subject string) (any, error) {
			asked = append(asked, subject)
			return role, refusal
		},
		Respond: func(c *gin.Context, p authjwt.TokenPair) { pair = p; c.Status(http.StatusNoContent) },
	}
	locked := &authjwt.Error{Status: http.StatusForbidden, Code: "locked", Detail: "Account is locked"}

	for name, try := range map[string]struct {
		handler gin.HandlerFunc
		token   string
		fresh   bool
	}{
		"login":   {auth.LoginHandler(routes), "", true},
		"refresh": {auth.RefreshHandler(routes), refresh, false},
	} {
		t.Run(name, func(t *testing.T) {
			asked, role, refusal, pair = nil, map[string]any{"role": "admin"}, nil, authjwt.TokenPair{}
			assert.Equal(t, http.StatusNoContent, handle(try.handler, try.token).Code)
			assert.Equal(t, []string{"alice"}, asked)
			token, err := auth.Verify(t.Context(), pair.AccessToken, authjwt.Access)
			require.NoError(t, err)
			assert.Equal(t, try.fresh, token.Fresh)
			claims, err := authjwt.ClaimsAs[map[string]any](token)
			require.NoError(t, err)
			assert.Equal(t, "admin", claims["role"])
			assert.Equal(t, try.fresh, pair.RefreshToken != "")

			pair, refusal = authjwt.TokenPair{}, locked
			assertAnswer(t, handle(try.handler, try.token), outcome{403, "locked", "Account is locked", "-"})
			refusal = authjwt.ErrInvalidCredentials
			assertAnswer(t, handle(try.handler, try.token), outcome{401, "invalid_credentials", "Bad username or password", ""})
			role, refusal = map[string]any{"exp": 1}, nil
			assertAnswer(t, handle(try.handler, try.token), outcome{500, "internal_error", "Internal Server Error", "-"})
			assert.Empty(t, pair, "no tokens were handed out")
		})
	}

	asked = nil
	assertAnswer(t, handle(auth.RefreshHandler(routes), ""), noCred)
	assertAnswer(t, handle(auth.RefreshHandler(routes), mustCreate(t, auth)), inv("refresh_token_required", "Only refresh tokens are allowed"))
	assert.Empty(t, asked, "a refused request asks for no claims")
}

// A login callback may answer by itself, to ask for a second factor, say.
func TestLogin_CallbackAnswers(t *testing.T) {
	auth := newManager(t)
	for _, subject := range []string{"", "alice"} {
		rec := handle(auth.LoginHandler(authjwt.Routes{Login: func(c *gin.Context) (string, error) {
			c.String(http.StatusAccepted, "enter the code")
			return subject, nil
		}}), "")
		assert.Equal(t, http.StatusAccepted, rec.Code)
		assert.Equal(t, "enter the code", rec.Body.String())
	}
}

// In the FastAPI style the login's refusals have FastAPI's numbers, too.
func TestLogin_FastAPIStyle(t *testing.T) {
	auth := newManager(t, func(s *authjwt.Settings) { s.Errors = authjwt.FastAPI })
	rec := handle(func(c *gin.Context) {
		c.Request.Header.Set("Content-Type", "application/json")
		auth.LoginHandler(authjwt.Routes{Login: func(c *gin.Context) (string, error) {
			_, err := authjwt.BindCredentials(c)
			return "", err
		}})(c)
	}, "")
	assert.Equal(t, http.StatusUnprocessableEntity, rec.Code)
	assert.Equal(t, `{"detail":"The request body is malformed"}`, rec.Body.String())
}

// Login and Refresh serve handlers of the application's own.
func TestLoginAndRefresh_InHandlers(t *testing.T) {
	auth := newManager(t)
	c := testContext()
	pair, err := auth.Bind(c).Login("alice", authjwt.WithGrantedScopes("read"))
	require.NoError(t, err)
	access, err := auth.Verify(t.Context(), pair.AccessToken, authjwt.Access)
	require.NoError(t, err)
	assert.True(t, access.Fresh)
	assert.Equal(t, []string{"read"}, access.Scopes)
	refresh, err := auth.Verify(t.Context(), pair.RefreshToken, authjwt.Refresh)
	require.NoError(t, err)
	assert.Empty(t, refresh.Scopes, "options shape the access token alone")

	_, err = auth.Bind(c).Refresh()
	assert.ErrorIs(t, err, authjwt.ErrMissingToken)
	_, err = auth.Bind(c).Login("")
	assert.ErrorIs(t, err, authjwt.ErrInternal)
	c.Request.Header.Set("Authorization", "Bearer "+pair.RefreshToken)
	renewed, err := auth.Bind(c).Refresh()
	require.NoError(t, err)
	access, err = auth.Verify(t.Context(), renewed.AccessToken, authjwt.Access)
	require.NoError(t, err)
	assert.False(t, access.Fresh)
	assert.Empty(t, renewed.RefreshToken)
	assert.False(t, c.IsAborted(), "both are quiet")
}
