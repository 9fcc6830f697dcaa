package authjwt_test

import (
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

func TestC20_TheFirstLocationDecides(t *testing.T) {
	const header, cookie = "Headers first", "Cookies first"
	orders := map[string]*judge{}
	for name, order := range map[string][]authjwt.Location{header: {authjwt.Headers, authjwt.Cookies}, cookie: {authjwt.Cookies, authjwt.Headers}} {
		orders[name] = newJudge(t, func(s *authjwt.Settings) { s.TokenLocation = order })
	}
	m := orders[header].m
	bob, err := m.CreateAccessToken("bob")
	require.NoError(t, err)
	refresh, err := m.CreateRefreshToken("bob")
	require.NoError(t, err)
	stale := signedClaims(t, claims(map[string]any{"exp": testNow.Unix()}))
	value, malformed := csrfOf(t, m, bob, authjwt.Access), inv("token_malformed", "Not enough segments")
	repeated := outcome{400, "invalid_request", "Several cookies access_token_cookie with different values. FormerCookies clears those of earlier releases, CookiePrefix keeps out other hosts'", "invalid_request"}
	bearer := "Bearer " + mustCreate(t, m)
	for _, row := range []struct {
		order, name, authorization, cookie, value string
		location                                  authjwt.Location // that decides; of a row that is refused, empty
		want                                      outcome
	}{
		{header, "bearer alone", bearer, "", "", authjwt.Headers, outcome{}},
		{header, "both", bearer, bob, "", authjwt.Headers, outcome{}},
		{header, "both, wrong value", bearer, bob, "x", authjwt.Headers, outcome{}},
		{header, "bad cookie", bearer, "x", "", authjwt.Headers, outcome{}},
		{header, "two cookies", bearer, bob + "; access_token_cookie=x", "", authjwt.Headers, outcome{}},
		{header, "bad bearer", "Bearer x", bob, value, "", malformed},
		{header, "expired bearer", "Bearer " + stale, bob, value, "", expired},
		{header, "refresh token as bearer", "Bearer " + refresh, bob, value, "", notAccess},
		{header, "bad header", bearer + " x", bob, value, "", badHeader},
		{header, "glued", "Bearerx", bob, value, "", badHeader},
		{header, "another scheme, no value", "Basic YTpi", bob, "", "", csrfMissing},
		{header, "another scheme", "Basic YTpi", bob, value, authjwt.Cookies, outcome{}},
		{header, "empty bearer, no value", "Bearer ", bob, "", "", csrfMissing},
		{header, "empty bearer", "Bearer ", bob, value, authjwt.Cookies, outcome{}},
		{header, "another scheme, bad cookie", "Basic YTpi", "x", value, "", malformed},
		{cookie, "cookie alone", "", bob, value, authjwt.Cookies, outcome{}},
		{cookie, "both", bearer, bob, value, authjwt.Cookies, outcome{}},
		{cookie, "bad bearer", "Bearer x", bob, value, authjwt.Cookies, outcome{}},
		{cookie, "bad header", bearer + " x", bob, value, authjwt.Cookies, outcome{}},
		{cookie, "both, no value", bearer, bob, "", "", csrfMissing},
		{cookie, "both, wrong value", bearer, bob, "x", "", csrfMismatch},
		{cookie, "bad cookie", bearer, "x", value, "", malformed},
		{cookie, "bad cookie, no value", bearer, "x", "", "", csrfMissing},
		{cookie, "expired cookie", bearer, stale, value, "", expired},
		{cookie, "refresh token in the cookie", bearer, refresh, value, "", notAccess},
		{cookie, "two cookies", bearer, bob + "; access_token_cookie=x", value, "", repeated},
		{cookie, "no cookie", bearer, "", "", authjwt.Headers, outcome{}},
		{cookie, "empty cookie", bearer, "; access_token_cookie=", "", authjwt.Headers, outcome{}},
		{cookie, "the other cookie", bearer, "; refresh_token_cookie=" + refresh, "", authjwt.Headers, outcome{}},
		{cookie, "no cookie, bad bearer", "Bearer x", "", "", "", malformed},
	} {
		t.Run(row.order+" "+row.name, func(t *testing.T) {
			j := orders[row.order]
			for _, guardian := range []gin.HandlerFunc{j.m.Required(), j.m.Optional()} {
				var token *authjwt.Token
				j.guardWith(t, func(c *gin.Context) {
					guardian(c)
					token = authjwt.FromContext(c).Token()
				})
				req := withCookie("POST", row.cookie, row.value, "Authorization", row.authorization)
				if row.location == "" {
					j.refusesRequest(t, req, row.want)
					assert.Nil(t, token)
				} else {
					j.acceptsRequest(t, req)
					assert.Equal(t, row.location, token.Location)
					assert.Equal(t, map[authjwt.Location]string{authjwt.Headers: "alice", authjwt.Cookies: "bob"}[row.location], token.Subject)
				}
			}
		})
	}
	// A guard that looks into the header alone sees no cookie, and the other way round.
	j := orders[header]
	j.guardWith(t, j.m.Required(authjwt.WithLocations(authjwt.Cookies)))
	j.refusesRequest(t, withCookie("POST", bob, "", "Authorization", bearer), csrfMissing, authjwt.ErrCSRF)
	j.acceptsRequest(t, withCookie("POST", bob, value, "Authorization", "Bearer x"))
	j.guardWith(t, j.m.Required(authjwt.WithLocations(authjwt.Headers)))
	j.refusesRequest(t, withCookie("POST", bob, value), noCred, authjwt.ErrMissingToken)
	j.acceptsRequest(t, withCookie("POST", "x", "", "Authorization", bearer))
}

// Browsers add cookies to any request: those that no location before asks for are no conflict, whatever they hold.
func TestC20_CookiesAreAmbient(t *testing.T) {
	for _, first := range []authjwt.Location{authjwt.Headers, authjwt.Query, authjwt.JSON} {
		j := newQueryJudge(t, locatedAt(first, authjwt.Cookies))
		good, csrf := newPair(t, j.m)
		for _, cookies := range []string{"access_token_cookie=bad", "access_token_cookie=a; access_token_cookie=b", "access_token_cookie=" + good, "refresh_token_cookie=x"} {
			j.assertAccepted(t, j.do(carrying(map[authjwt.Location]string{first: good}, "Cookie", cookies)))
		}
		several := outcome{400, "invalid_request", "Several cookies access_token_cookie with different values. FormerCookies clears those of earlier releases, CookiePrefix keeps out other hosts'", "invalid_request"}
		j.assertRefused(t, j.do(carrying(nil, "Cookie", "access_token_cookie="+good+"; access_token_cookie=b", "X-CSRF-Token", csrf)), several)
		assertError(t, j.left, several, authjwt.ErrInvalidRequest)
	}
}
