package authjwt

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// tableRows are the rows of the first table after heading, cell by cell, without the backticks.
func tableRows(tb testing.TB, file, heading string) (rows [][]string) {
	tb.Helper()
	text, err := os.ReadFile(file)
	require.NoError(tb, err)
	_, section, found := strings.Cut(string(text), "\n## "+heading+"\n")
	require.True(tb, found, "%s needs the section %s", file, heading)
	for line := range strings.SplitSeq(section, "\n") {
		if !strings.HasPrefix(line, "|") {
			if rows != nil {
				break
			}
			continue
		}
		var cells []string
		for _, cell := range strings.Split(strings.Trim(line, "|"), "|") {
			cells = append(cells, strings.Trim(strings.ReplaceAll(cell, "`", ""), " "))
		}
		rows = append(rows, cells)
	}
	require.Greater(tb, len(rows), 2)
	return rows[2:] // without head and rule
}

func documentedManager(tb testing.TB) *Manager {
	tb.Helper()
	m, err := New(Settings{SecretKey: "tests-only-0123456789-abcdefghijklmnopqrstuvwxyz", TokenLocation: []Location{Cookies}})
	require.NoError(tb, err)
	return m
}

// documentedReasons are the Err… variables by their names.
var documentedReasons = map[string]error{
	"ErrMissingToken": ErrMissingToken, "ErrJWTDecode": ErrJWTDecode, "ErrAccessTokenRequired": ErrAccessTokenRequired,
	"ErrRefreshTokenRequired": ErrRefreshTokenRequired, "ErrFreshTokenRequired": ErrFreshTokenRequired, "ErrInsufficientScope": ErrInsufficientScope,
	"ErrInvalidHeader": ErrInvalidHeader, "ErrInvalidRequest": ErrInvalidRequest, "ErrCSRF": ErrCSRF,
	"ErrInvalidCredentials": ErrInvalidCredentials, "ErrInternal": ErrInternal, "ErrCookiesDisabled": ErrCookiesDisabled,
	"ErrRevokedToken": ErrRevokedToken, "ErrUnavailable": ErrUnavailable,
}

func TestDocs_TableOfStatuses(t *testing.T) {
	m := documentedManager(t)
	failures := map[string][]*failure{
		"no token": {failNoAccessToken, failNoRefreshToken, m.access.missing[Headers], m.refresh.missing[Cookies]},
		"malformed, forged, expired or foreign token": {failSegments, failSignature, failExpired, failAudience},
		"refresh token where an access token is due":  {failNotAccess},
		"access token where a refresh token is due":   {failNotRefresh},
		"token not fresh":                {failNotFresh},
		"scope missing":                  {failScope},
		"malformed Authorization header": {m.failHeader},
		"several Authorization headers, query tokens or different cookies; header and query": {m.failRepeated, failRepeatedQuery, m.access.repeated, failMixed},
		"malformed JSON body where JSON is a location":                                       {failRequest},
		"body over 64 KiB": {failTooLarge},
		"CSRF value missing or wrong; another site's page":                        {m.access.noCSRF, m.refresh.wrongCSRF, failCrossOrigin, failInsecureOrigin, failCSRF},
		"cookie token without csrf claim where it is due":                         {failNoCSRFClaim},
		"wrong user name or password":                                             {failCredentials},
		"malformed login body":                                                    {failBody, failFields, failGrantType},
		"Store, key set, signer, or what a callback needs, out of reach":          {failUnavailable},
		"revoked token, ended session, used refresh token; user gone or disabled": {failRevoked, failNoUser},
		"anything the request did not cause":                                      {failInternal},
	}
	for _, row := range tableRows(t, "README.md", "Statuses") {
		require.Contains(t, failures, row[0], "a row without a failure")
		for _, f := range failures[row[0]] {
			fastJWT, _ := m.inFastJWT(f)
			assert.Equal(t, []string{fmt.Sprint(f.status), fmt.Sprint(f.fastAPI), fmt.Sprint(fastJWT)}, row[1:4], "%s: %s", row[0], f.detail)
			challenge := m.challenge(f.error(nil))
			switch {
			case f.bearer != "":
				assert.Equal(t, f.bearer, row[4], row[0])
			case challenge != "":
				assert.Equal(t, "no error, the realm alone", row[4], row[0])
			default:
				assert.Equal(t, "no challenge", row[4], row[0])
			}
			reason, named := documentedReasons[strings.Split(row[5], ",")[0]]
			require.True(t, named, row[5])
			assert.Equal(t, reason, f.reason, row[0])
		}
		delete(failures, row[0])
	}
	assert.Empty(t, failures, "failures without a row")
}

func TestDocs_TableOfCookies(t *testing.T) {
	m := documentedManager(t)
	var set [][]string
	for _, k := range []*carrier{m.access, m.refresh} {
		for _, c := range []struct {
			name     string
			httpOnly bool
		}{{k.token.Name, k.token.HttpOnly}, {k.csrf.Name, k.csrf.HttpOnly}} {
			set = append(set, []string{c.name, map[bool]string{true: "yes", false: "no"}[c.httpOnly]})
		}
	}
	var documented [][]string
	for _, row := range tableRows(t, "docs/cookies.md", "What is set") {
		documented = append(documented, []string{row[0], row[2]})
	}
	assert.Equal(t, set, documented)
}
