package authjwt_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
	"github.com/gin-authjwt/authjwt/storetest"
)

func fastJWTStyle(s *authjwt.Settings) { s.Errors = authjwt.FastJWTStyle }

// The style changes status, text and body. What happened is told as ever: errors.Is finds the reason, and no other.
func TestFastJWTStyle_Reasons(t *testing.T) {
	reasons := map[error]struct {
		status     int
		body, code string
	}{
		authjwt.ErrMissingToken:          {401, message("MissingTokenError", "Missing JWT in request"), "missing_token"},
		authjwt.ErrInvalidHeader:         {422, message("JWTDecodeError", "Bad Authorization header. Expected value 'Bearer <JWT>'"), "invalid_header"},
		authjwt.ErrJWTDecode:             {422, message("JWTDecodeError", "Token is not accepted"), "token_refused"},
		authjwt.ErrCSRF:                  {401, message("CSRFError", "CSRF check failed"), "csrf"},
		authjwt.ErrRevokedToken:          {401, message("RevokedTokenError", "Invalid token"), "token_revoked"},
		authjwt.ErrAccessTokenRequired:   {401, message("AccessTokenRequiredError", "Access token required"), "access_token_required"},
		authjwt.ErrRefreshTokenRequired:  {401, message("RefreshTokenRequiredError", "Refresh token required"), "refresh_token_required"},
		authjwt.ErrFreshTokenRequired:    {401, message("FreshTokenRequiredError", "Fresh token required"), "fresh_token_required"},
		authjwt.ErrInsufficientScope:     {403, message("InsufficientScopeError", "The token lacks a required scope"), "insufficient_scope"},
		authjwt.ErrInvalidCredentials:    {401, message("InvalidCredentialsError", "Bad username or password"), "invalid_credentials"},
		authjwt.ErrInvalidRequest:        {422, message("InvalidRequestError", "The request is malformed"), "invalid_request"},
		authjwt.ErrUnavailable:           {503, message("UnavailableError", "Service Unavailable"), "unavailable"},
		authjwt.ErrInternal:              {500, message("InternalError", "Internal Server Error"), "internal_error"},
		authjwt.ErrCookiesDisabled:       {500, message("InternalError", "Internal Server Error"), "internal_error"},
		errors.New("of the application"): {500, message("InternalError", "Internal Server Error"), "internal_error"},
	}
	require.Len(t, reasons, 15)
	j := newJudge(t, fastJWTStyle)
	for reason, want := range reasons {
		for _, given := range []error{reason, fmt.Errorf("wrapped: %w", reason)} {
			j.guardWith(t, func(c *gin.Context) { j.m.Bind(c).Abort(given) })
			rec := j.get()
			assert.False(t, j.ran)
			assert.Equal(t, want.body, rec.Body.String())
			assert.Equal(t, want.status, rec.Code)
			assert.Empty(t, rec.Header().Values("WWW-Authenticate"))
			var e *authjwt.Error
			require.ErrorAs(t, j.left, &e)
			assert.Equal(t, []any{want.status, want.code}, []any{e.Status, e.Code}, "the code is the default style's")
			assert.ErrorIs(t, j.left, reason)
			for other := range reasons {
				if other != reason && !errors.Is(reason, other) && other != authjwt.ErrInternal {
					assert.NotErrorIs(t, j.left, other)
				}
			}
		}
	}
}

// Verify and the guards return what is answered; golang-jwt's reasons are found, too.
func TestFastJWTStyle_Errors(t *testing.T) {
	m := newManager(t, fastJWTStyle)
	for _, row := range []struct {
		token  string
		want   authjwt.TokenType
		status int
		code   string
		detail string
		is     error
	}{
		{"x", authjwt.Access, 422, "token_malformed", "Not enough segments", jwt.ErrTokenMalformed},
		{signedClaims(t, claims(claim{"exp": 1})), authjwt.Access, 422, "token_expired", "Signature has expired", jwt.ErrTokenExpired},
		{signedClaims(t, claims(nil)), authjwt.Refresh, 401, "refresh_token_required", "Refresh token required", authjwt.ErrRefreshTokenRequired},
		{refreshOf(t, m), authjwt.Access, 401, "access_token_required", "Access token required", authjwt.ErrAccessTokenRequired},
	} {
		_, err := m.Verify(t.Context(), row.token, row.want)
		assertError(t, err, outcome{row.status, row.code, row.detail, ""}, row.is)
	}
	c := testContext()
	assertError(t, m.Bind(c).JWTRequired(), outcome{401, "missing_token", "Missing JWT in request", ""}, authjwt.ErrMissingToken)
}

// BindCredentials knows no style: its errors get status and text of the style where they are answered.
func TestFastJWTStyle_BindCredentials(t *testing.T) {
	m := newManager(t, fastJWTStyle)
	reworded := func(c *gin.Context) (string, error) {
		_, err := authjwt.BindCredentials(c)
		var e *authjwt.Error
		if errors.As(err, &e) {
			e.Detail = "Log in properly"
		}
		return "", err
	}
	other := func(c *gin.Context) (string, error) {
		_, err := authjwt.BindCredentials(c)
		var e *authjwt.Error
		if errors.As(err, &e) {
			e.Status = http.StatusTeapot
		}
		return "", err
	}
	for _, row := range []struct {
		name, contentType, body string
		login                   func(c *gin.Context) (string, error)
		status                  int
		text                    string
	}{
		{"fields", formBody, "username=alice", exampleLogin, 422, "The fields username and password are required"},
		{"body", jsonBody, "[]", exampleLogin, 422, "The request body is malformed"},
		{"media type", "text/plain", asAlice, exampleLogin, 415, "Send the credentials as JSON or as a form"},
		{"own text", formBody, "username=alice", reworded, 422, "Log in properly"},
		{"own status", formBody, "username=alice", other, http.StatusTeapot, "The fields username and password are required"},
	} {
		rec := guard(t, m.LoginHandler(authjwt.Routes{Login: row.login})).do(submitting("/", row.contentType, row.body))
		assert.Equal(t, message("InvalidRequestError", row.text), rec.Body.String(), row.name)
		assert.Equal(t, row.status, rec.Code, row.name)
	}
}

// An error of a Manager in the default style is answered in this one's: its text, too, unless the application chose it.
func TestFastJWTStyle_AnotherManagersError(t *testing.T) {
	j, other := newJudge(t, fastJWTStyle), newManager(t)
	for detail, want := range map[string]string{"": "Access token required", "Not with that one": "Not with that one"} {
		_, err := other.Verify(t.Context(), refreshOf(t, other), authjwt.Access)
		var e *authjwt.Error
		require.ErrorAs(t, err, &e)
		if detail != "" {
			e.Detail = detail
		}
		j.guardWith(t, func(c *gin.Context) { j.m.Bind(c).Abort(err) })
		assert.Equal(t, message("AccessTokenRequiredError", want), j.get().Body.String())
	}
}

// ErrorHandler and OnEvent get the status and the text of the style, and the code of the default style.
func TestFastJWTStyle_ErrorHandler(t *testing.T) {
	var told, event authjwt.Error
	m := newManager(t, fastJWTStyle, func(s *authjwt.Settings) {
		s.ErrorHandler = func(c *gin.Context, e *authjwt.Error) {
			if told = *e; e.Code == "missing_token" {
				c.String(e.Status, "by hand: "+e.Detail)
			}
		}
		s.OnEvent = func(_ context.Context, e authjwt.Event) {
			errors.As(e.Err, new(*authjwt.Error))
			event = *e.Err.(*authjwt.Error)
		}
	})
	rec := guard(t, m.Required()).get()
	assert.Equal(t, "by hand: Missing JWT in request", rec.Body.String())
	assert.Equal(t, 401, rec.Code)
	assert.Empty(t, rec.Header().Get("WWW-Authenticate"))
	rec = guard(t, m.Required()).get("Bearer " + refreshOf(t, m))
	assert.Equal(t, message("AccessTokenRequiredError", "Access token required"), rec.Body.String())
	assert.Equal(t, []any{401, "access_token_required", "Access token required"}, []any{told.Status, told.Code, told.Detail})
	guard(t, m.LoginHandler(authjwt.Routes{Login: exampleLogin})).do(submitting("/", formBody, "username=alice"))
	assert.Equal(t, []any{422, "invalid_request", "The fields username and password are required"}, []any{event.Status, event.Code, event.Detail})
}

// With a Store: a logout, an outage, and a refresh token that comes back.
func TestFastJWTStyle_Store(t *testing.T) {
	s := newService(t, fastJWTStyle)
	says := func(method, path, token string, status int, body string) {
		t.Helper()
		rec := s.do(method, path, token)
		assert.Equal(t, status, rec.Code)
		assert.Equal(t, body, rec.Body.String())
	}
	pair := s.login(t)
	s.refresh(t, pair.Refresh)
	s.pass(time.Minute)
	says("POST", "/refresh", pair.Refresh, 401, message("RevokedTokenError", "Invalid token"))
	says("GET", "/protected", pair.Access, 401, message("RevokedTokenError", "Invalid token"))
	pair = s.login(t)
	s.store.Be(storetest.Fails)
	for _, path := range []string{"/protected", "/optional"} {
		says("GET", path, pair.Access, 503, message("UnavailableError", "Service Unavailable"))
	}
	says("POST", "/refresh", pair.Refresh, 503, message("UnavailableError", "Service Unavailable"))
	s.store.Be(storetest.None)
	says("GET", "/protected", pair.Access, 200, "alice")
	require.Equal(t, 200, s.do("DELETE", "/logout", pair.Access).Code)
	says("POST", "/refresh", pair.Refresh, 401, message("RevokedTokenError", "Invalid token"))
}
