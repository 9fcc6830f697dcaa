package authjwt_test

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

var allLocations = []authjwt.Location{authjwt.Headers, authjwt.Cookies, authjwt.Query, authjwt.JSON}

// orders are all ways to list some of the locations; of all four if whole.
func orders(from []authjwt.Location, whole bool) (all [][]authjwt.Location) {
	for i, first := range from {
		rest := slices.Delete(slices.Clone(from), i, i+1)
		if !whole || len(rest) == 0 {
			all = append(all, []authjwt.Location{first})
		}
		for _, order := range orders(rest, whole) {
			all = append(all, append([]authjwt.Location{first}, order...))
		}
	}
	return all
}

// carrying is a POST with these tokens, each where it says, and no word of where it comes from.
func carrying(tokens map[authjwt.Location]string, fields ...string) *http.Request {
	body := "{}"
	if token, ok := tokens[authjwt.JSON]; ok {
		body = `{"access_token":"` + token + `"}`
	}
	req := sending(body, fields...)
	if token, ok := tokens[authjwt.Headers]; ok {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	if token, ok := tokens[authjwt.Cookies]; ok {
		req.Header.Set("Cookie", "access_token_cookie="+token)
	}
	if token, ok := tokens[authjwt.Query]; ok {
		req.URL.RawQuery = "token=" + token
	}
	return req
}

// The first location of TokenLocation that holds a credential decides, a bad one as well as a good one.
// What the others hold is of no consequence, but that header and query exclude each other (H07).
func TestH07_TheFirstLocationDecides(t *testing.T) {
	maker := newManager(t, locatedAt(allLocations...))
	good := map[authjwt.Location]string{}
	for _, l := range allLocations {
		token, err := maker.CreateAccessToken("from " + string(l))
		require.NoError(t, err)
		good[l] = token
	}
	csrf := csrfOf(t, maker, good[authjwt.Cookies], authjwt.Access)
	whole := orders(allLocations, true)
	require.Len(t, whole, 24)
	for _, order := range whole {
		j := newQueryJudge(t, locatedAt(order...))
		seen := func(c *gin.Context) {
			token := authjwt.FromContext(c).Token()
			c.Header("Seen", fmt.Sprint(token.Subject, " at ", token.Location))
		}
		for set := 1; set < 1<<len(order); set++ {
			present, first := map[authjwt.Location]string{}, authjwt.Location("")
			for i, l := range order {
				if set&(1<<i) != 0 {
					present[l], first = good[l], cmp.Or(first, l)
				}
			}
			bad := maps.Clone(present)
			bad[first] += "x"
			for _, guardian := range []gin.HandlerFunc{j.m.Required(), j.m.Optional()} {
				j.guardBehind(t, guardian, seen)
				if present[authjwt.Headers] != "" && present[authjwt.Query] != "" {
					j.refusesQuery(t, carrying(present, "X-CSRF-Token", csrf), severalTokens, authjwt.ErrInvalidRequest)
					continue
				}
				rec := j.do(carrying(present, "X-CSRF-Token", csrf))
				j.assertAccepted(t, rec)
				assert.Equal(t, fmt.Sprintf("from %s at %s", first, first), rec.Header().Get("Seen"), "%v: %v", order, present)
				j.assertRefused(t, j.do(carrying(bad, "X-CSRF-Token", csrf)), badSignature)
				assertError(t, j.left, badSignature, authjwt.ErrJWTDecode)
				rec = j.do(carrying(present)) // no CSRF value
				if first != authjwt.Cookies {
					j.assertAccepted(t, rec)
					j.assertAccepted(t, j.do(carrying(present, "Sec-Fetch-Site", "cross-site", "Origin", "null")))
					continue
				}
				j.assertRefused(t, rec, csrfMissing)
				assertError(t, j.left, csrfMissing, authjwt.ErrCSRF)
				j.assertRefused(t, j.do(carrying(present, "X-CSRF-Token", csrf, "Sec-Fetch-Site", "cross-site")), crossOrigin)
				assertError(t, j.left, crossOrigin, authjwt.ErrCSRF)
			}
		}
	}
}

func TestLocations_WhatIsMissing(t *testing.T) {
	access := map[authjwt.Location]string{authjwt.Headers: noCred.detail, authjwt.Cookies: noCookie.detail, authjwt.Query: noParameter.detail, authjwt.JSON: noMember.detail}
	refresh := map[authjwt.Location]string{authjwt.Headers: noCred.detail, authjwt.Cookies: "Missing cookie refresh_token_cookie", authjwt.JSON: "Missing JSON member refresh_token"}
	all := orders(allLocations, false)
	require.Len(t, all, 64)
	every := newJudge(t, locatedAt(allLocations...))
	for _, order := range all {
		missed := order[0]
		if slices.Contains(order, authjwt.Cookies) {
			missed = authjwt.Cookies
		} else if slices.Contains(order, authjwt.Headers) {
			missed = authjwt.Headers
		}
		j := newJudge(t, locatedAt(order...))
		only := authjwt.WithLocations(order...)
		for _, row := range []struct {
			text      string
			guardians []gin.HandlerFunc
		}{
			{access[missed], []gin.HandlerFunc{j.m.Required(), j.m.FreshRequired(), every.m.Required(only)}},
			{refresh[missed], []gin.HandlerFunc{j.m.RefreshRequired(), every.m.RefreshRequired(only)}},
		} {
			if row.text == "" {
				continue // refresh tokens are never taken from the query
			}
			for _, guardian := range row.guardians {
				refusal := outcome{401, "missing_token", row.text, ""}
				j.guardWith(t, guardian)
				j.assertRefused(t, j.do(carrying(nil)), refusal)
				assertError(t, j.left, refusal, authjwt.ErrMissingToken)
			}
		}
		j.guardWith(t, j.m.Optional())
		j.assertAccepted(t, j.do(carrying(nil)))
	}
}

func TestLocations_OnOneRoute(t *testing.T) {
	j := newQueryJudge(t, locatedAt(allLocations...))
	good, csrf := newPair(t, j.m)
	for _, l := range allLocations {
		j.guardBehind(t, j.m.Required(authjwt.WithLocations(l)), func(c *gin.Context) {
			assert.Equal(t, l, authjwt.FromContext(c).Token().Location)
		})
		for _, other := range allLocations {
			req := carrying(map[authjwt.Location]string{other: good}, "X-CSRF-Token", csrf)
			if other == l {
				j.assertAccepted(t, j.do(req))
				continue
			}
			rec := j.do(req)
			assert.False(t, j.ran)
			assert.Equal(t, http.StatusUnauthorized, rec.Code)
			assert.ErrorIs(t, j.left, authjwt.ErrMissingToken)
			assert.NotContains(t, req.URL.RawQuery, "eyJ", "a token is cut out of the URL wherever it is looked for")
			j.assertAccepted(t, j.do(carrying(map[authjwt.Location]string{other: "bad", l: good}, "X-CSRF-Token", csrf)))
		}
	}
	inBody, inHeader := j.m.Required(authjwt.WithLocations(authjwt.JSON)), j.m.Required(authjwt.WithLocations(authjwt.Headers))
	j.guardBehind(t, inBody, inHeader, func(c *gin.Context) { assert.Equal(t, authjwt.Headers, authjwt.FromContext(c).Token().Location) })
	j.assertAccepted(t, j.do(carrying(map[authjwt.Location]string{authjwt.JSON: good, authjwt.Headers: good})))
}

func TestH07_SeveralMethods(t *testing.T) {
	m := newManager(t)
	good, other := mustCreate(t, m), mustCreate(t, m)
	for _, locations := range [][]authjwt.Location{
		{authjwt.Headers, authjwt.Query}, {authjwt.Query, authjwt.Headers}, {authjwt.Cookies, authjwt.Query, authjwt.JSON, authjwt.Headers},
	} {
		for _, form := range []string{"Required", "Optional"} {
			j := newQueryJudge(t, locatedAt(locations...))
			j.guardBehind(t, guards(j.m)[form])
			for _, row := range []struct {
				name, header, query string
				twin                *http.Request
			}{
				{"equal", "Bearer " + good, "token=" + good, asking("token=" + good)},
				{"two good ones", "Bearer " + good, "token=" + other, asking("", "Bearer "+good)},
				{"bad in the query", "Bearer " + good, "token=bad", asking("t=bad", "Bearer "+good)},
				{"bad in the header", "Bearer bad", "token=" + good, asking("token="+good, "Basic bad")},
				{"repeated in the query", "Bearer " + good, "token=" + good + "&token=" + other, asking("t=&tok=", "Bearer "+good)},
				{"percent-encoded name", "Bearer " + good, "%74oken=" + good, asking("%75oken=x", "Bearer "+good)},
			} {
				t.Run(form+"/"+row.name, func(t *testing.T) {
					j.refusesQuery(t, asking(row.query, row.header), severalTokens, authjwt.ErrInvalidRequest)
					j.assertAccepted(t, j.do(row.twin))
				})
			}
		}
	}
	old := newQueryJudge(t, fastAPI, locatedAt(authjwt.Headers, authjwt.Query))
	old.assertFastAPI(t, old.do(asking("token="+good, "Bearer "+good)), http.StatusUnprocessableEntity, severalTokens.detail)
	old.assertFastAPI(t, old.do(asking("token=&token="+good)), http.StatusUnprocessableEntity, severalInQuery.detail)
	old.assertAccepted(t, old.do(asking("token="+good)))
}

// The order of locations does not make a malformed header one that is not there.
func TestH07_MalformedHeaderBesideTheQuery(t *testing.T) {
	m := newManager(t)
	good := mustCreate(t, m)
	for _, locations := range [][]authjwt.Location{{authjwt.Headers, authjwt.Query}, {authjwt.Query, authjwt.Headers}} {
		for name, fields := range map[string][]string{
			"glued": {"Bearer" + good}, "twice": {"Bearer " + good, "Bearer " + good}, "three words": {"Bearer a b"},
		} {
			t.Run(string(locations[0])+" first, "+name, func(t *testing.T) {
				j := newQueryJudge(t, locatedAt(locations...))
				rec := j.do(asking("token="+good, fields...))
				assert.False(t, j.ran)
				assert.Equal(t, http.StatusBadRequest, rec.Code)
				assert.ErrorContains(t, j.left, "authjwt: invalid_")
				j.assertAccepted(t, j.do(asking("token="+good)))
			})
		}
	}
}

// A parameter that is there and empty, as a form sends one that was not filled in, is no credential.
func TestH07_EmptyParameterBesideAnother(t *testing.T) {
	j := newQueryJudge(t, locatedAt(authjwt.Query, authjwt.Cookies))
	good := mustCreate(t, j.m)
	for query, want := range map[string]int{"token=": 200, "token": 200, "token=bad": 401, "token=%zz": 401, "token=&token=": 400} {
		req := withCookie(http.MethodGet, good, "")
		req.URL.RawQuery = query
		assert.Equal(t, want, j.do(req).Code, query)
	}
	for _, locations := range [][]authjwt.Location{{authjwt.Headers, authjwt.Query}, {authjwt.Query, authjwt.Headers}} {
		j := newQueryJudge(t, locatedAt(locations...))
		good := mustCreate(t, j.m)
		j.assertAccepted(t, j.do(asking("token=", "Bearer "+good)))
		j.refusesQuery(t, asking("token=x", "Bearer "+good), severalTokens, authjwt.ErrInvalidRequest)
	}
}

func TestH07_NeverForRefreshTokens(t *testing.T) {
	j := newQueryJudge(t, locatedAt(authjwt.Headers, authjwt.Query))
	access := mustCreate(t, j.m)
	refresh, err := j.m.CreateRefreshToken("alice")
	require.NoError(t, err)
	j.refusesQuery(t, asking("token="+refresh), notAccess, authjwt.ErrAccessTokenRequired)
	j.assertAccepted(t, j.do(asking("token="+access)))

	j.guardBehind(t, j.m.RefreshRequired())
	for _, token := range []string{refresh, access} {
		req := asking("a=1&token=" + token + "&b=2")
		j.refusesQuery(t, req, noCred, authjwt.ErrMissingToken)
		assert.Equal(t, "a=1&b=2", req.URL.RawQuery)
	}
	j.refusesQuery(t, asking("token="+refresh+"&token="+refresh), noCred, authjwt.ErrMissingToken)
	j.assertAccepted(t, j.do(asking("", "Bearer "+refresh)))
	j.refusesQuery(t, asking("token=x", "Bearer "+refresh), severalTokens, authjwt.ErrInvalidRequest)

	j.guardBehind(t, j.m.RefreshHandler(authjwt.Routes{}))
	assertAnswer(t, j.do(carrying(map[authjwt.Location]string{authjwt.Query: refresh})), noCred)
	assertError(t, j.left, noCred, authjwt.ErrMissingToken)
	assert.Contains(t, j.do(carrying(map[authjwt.Location]string{authjwt.Headers: refresh})).Body.String(), `"access_token":`)
}
