package bench

import (
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestMain(m *testing.M) {
	if name := os.Getenv(serveVariable); name != "" {
		if err := serve(name); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	gin.SetMode(gin.ReleaseMode)
	os.Exit(m.Run())
}

// probes are the rows of the table: each finds out what one library does.
var probes = map[string]func(t *testing.T, l library) string{
	"Routes it brings":                                          probeRoutes,
	"Where a token may stand":                                   probeLocations,
	"`HttpOnly`, `SameSite`, `Secure` of login's cookie":        probeCookie,
	"Login from another site's page":                            probeForeignLogin,
	"POST with the cookie alone":                                probeCookiePost,
	"POST with cookie and CSRF value, from another site's page": probeForeignPost,
	"No token: status and `WWW-Authenticate`":                   probeChallenge,
	"Expired token: the body":                                   probeExpired,
	"Token without `exp`":                                       probeToken(map[string]any{"exp": nil}),
	"Token for another service (`aud`)":                         probeToken(map[string]any{"aud": "elsewhere"}),
	"Token whose `type` is `refresh`, at a guarded route":       probeToken(map[string]any{"type": "refresh"}),
	"Claims with `exp` twice, first over, then not":             probeTwice,
	"Two `Authorization` headers: good first; bad first":        probeTwoHeaders,
	"Token without the scope that the route asks for":           probeScope,
	"Secret of six octets":                                      probeShortSecret,
	"Algorithms it verifies":                                    probeAlgorithms,
	"Several keys, chosen by `kid`":                             probeKeys,
	"The refresh token, a minute after a refresh":               probeRotation,
	"The access token after logout":                             probeLogout,
}

// The table of README.md says what the probes find, row by row.
func TestReadme_Comparison(t *testing.T) {
	page, err := os.ReadFile("../README.md")
	require.NoError(t, err)
	_, section, found := strings.Cut(string(page), "\n## Comparison\n")
	require.True(t, found)
	section, _, _ = strings.Cut(section, "\n## ")
	module, err := os.ReadFile("go.mod")
	require.NoError(t, err)
	for _, peer := range []string{"gin-jwt/v2", "echo-jwt/v4"} {
		version := regexp.MustCompile(peer + ` (v\S+)`).FindStringSubmatch(string(module))
		require.NotNil(t, version)
		assert.Contains(t, section, version[1], "the version of %s", peer)
	}
	var rows []string
	for line := range strings.Lines(section) {
		cells := strings.Split(strings.Trim(line, "| \n"), " | ")
		if !strings.HasPrefix(line, "|") || strings.HasPrefix(line, "|---") {
			continue
		}
		if rows == nil {
			rows = []string{}
			require.Equal(t, []string{"What", "authjwt", "gin-jwt", "echo-jwt"}, cells)
			continue
		}
		rows = append(rows, cells[0])
		t.Run(cells[0], func(t *testing.T) {
			probe := probes[cells[0]]
			require.NotNil(t, probe, "a row without a probe")
			require.Len(t, cells, 4)
			for i, l := range libraries {
				assert.Equal(t, probe(t, l), strings.ReplaceAll(cells[i+1], "`", ""), l.name)
			}
		})
	}
	assert.ElementsMatch(t, slices.Collect(maps.Keys(probes)), rows, "every probe has one row")
}
