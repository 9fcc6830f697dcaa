package authjwt_test

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

// Refresh takes the token that a guard has accepted, wherever that came from, if it is a refresh token.
func TestRefresh_AfterAGuard(t *testing.T) {
	m := newManager(t)
	refresh, err := m.CreateRefreshToken("alice")
	require.NoError(t, err)
	a := m.Bind(testContext())
	require.NoError(t, a.JWTRefreshTokenRequired(authjwt.WithToken(refresh)))
	pair, err := a.Refresh()
	require.NoError(t, err)
	renewed, err := m.Verify(t.Context(), pair.AccessToken, authjwt.Access)
	require.NoError(t, err)
	assert.Equal(t, "alice", renewed.Subject)

	a = m.Bind(testContext())
	require.NoError(t, a.JWTRequired(authjwt.WithToken(pair.AccessToken)))
	_, err = a.Refresh()
	assert.ErrorIs(t, err, authjwt.ErrMissingToken, "an access token is none")
}

// What goes wrong is returned, for the handler to decide: the request is not refused by that.
func TestSession_ErrorsAreQuiet(t *testing.T) {
	m := newManager(t, inCookies)
	token, _ := newPair(t, m)
	for name, call := range map[string]func(a *authjwt.AuthJWT) error{
		"Login":            func(a *authjwt.AuthJWT) error { _, err := a.Login("alice"); return err },
		"Refresh":          func(a *authjwt.AuthJWT) error { _, err := a.Refresh(); return err },
		"Logout":           (*authjwt.AuthJWT).Logout,
		"SetAccessCookies": func(a *authjwt.AuthJWT) error { return a.SetAccessCookies(token) },
		"UnsetJWTCookies":  (*authjwt.AuthJWT).UnsetJWTCookies,
	} {
		c := testContext()
		c.Request = request(http.MethodPost, "Sec-Fetch-Site", "cross-site", "Cookie", "refresh_token_cookie=x")
		assert.ErrorIs(t, call(m.Bind(c)), authjwt.ErrCSRF, name)
		assert.False(t, c.IsAborted(), name)
		assert.Equal(t, http.StatusOK, c.Writer.Status(), name)
		assert.False(t, c.Writer.Written(), name)
	}
}

// A refresh token is missed where it could have been.
func TestLocations_WhatIsMissingForARefresh(t *testing.T) {
	for detail, locations := range map[string][]authjwt.Location{
		"Missing cookie refresh_token_cookie":         {authjwt.Query, authjwt.JSON, authjwt.Headers, authjwt.Cookies},
		"Missing Authorization Header":                {authjwt.Query, authjwt.JSON, authjwt.Headers},
		"Missing JSON member refresh_token":           {authjwt.Query, authjwt.JSON},
		"Refresh tokens are not taken from the query": {authjwt.Query},
	} {
		m := newManager(t, func(s *authjwt.Settings) { s.TokenLocation = locations })
		_, err := m.Bind(testContext()).Refresh()
		assert.ErrorContains(t, err, "missing_token: "+detail)
	}
}

// A copy has the token that was accepted, and no response: nothing is made of it.
func TestRefresh_OnACopy(t *testing.T) {
	m := newManager(t)
	refresh, err := m.CreateRefreshToken("alice")
	require.NoError(t, err)
	c := testContext()
	require.NoError(t, m.Bind(c).JWTRefreshTokenRequired(authjwt.WithToken(refresh)))
	twin := m.Bind(c.Copy())
	require.Equal(t, authjwt.Refresh, twin.Token().Type)
	pair, err := twin.Refresh()
	assertError(t, err, outcome{500, "internal_error", "Internal Server Error", "-"})
	assert.ErrorContains(t, errors.Join(err.(*authjwt.Error).Unwrap()...), "this is a copy of the request's context")
	assert.Empty(t, pair)
	_, err = m.Bind(c).Refresh()
	assert.NoError(t, err)
}

// With a Store, what the claims of a session say decides whether it was ended and when it ends: they must be readable.
func TestR05_SessionClaimsOfOtherTypes(t *testing.T) {
	odd := inv("token_claims_invalid", "Session claims (sid, session_exp, session_iat) must be a string and integers.")
	good := map[string]string{"sid": `"b8b2a3a4"`, "session_exp": seconds(time.Hour), "session_iat": seconds(-time.Hour)}
	wrong := map[string][]string{"sid": {`1`, `null`, `true`, `["b8b2a3a4"]`, `{}`}}
	wrong["session_exp"] = []string{`"` + seconds(time.Hour) + `"`, `null`, `true`, `[]`, `{}`, `-1`, `-0`, `1e300`, `253402300800`, `9223372036854775808`}
	wrong["session_iat"] = wrong["session_exp"]
	for _, j := range []*judge{newJudge(t, inMemory), newRefreshJudge(t, inMemory)} {
		without := newJudge(t)
		if j.want == authjwt.Refresh {
			without = newRefreshJudge(t)
		}
		for name, values := range wrong {
			for _, value := range values {
				token := withText(t, j, name, value)
				j.refuses(t, token, odd, authjwt.ErrJWTDecode, jwt.ErrTokenInvalidClaims)
				without.accepts(t, token) // there they mean nothing
			}
			j.accepts(t, withText(t, j, name, good[name]))
		}
	}
}
