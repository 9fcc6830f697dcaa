package authjwt_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
	"github.com/gin-authjwt/authjwt/storetest"
)

// outcomeRow matches a row of the outcomes: name, status, error of the challenge, and a code.
var outcomeRow = regexp.MustCompile("(?m)^\\| ([A-Z]+) \\| ([0-9]{3}) \\| ([^|]+) \\| `([a-z_]+)` \\|$")

// Each outcome of docs/security.md is what a request gets.
func TestDocs_Outcomes(t *testing.T) {
	page, err := os.ReadFile("docs/security.md")
	require.NoError(t, err)
	s := newService(t, func(set *authjwt.Settings) {
		set.TokenLocation = []authjwt.Location{authjwt.Headers, authjwt.Cookies}
	})
	s.GET("/fresh", s.auth.FreshRequired())
	s.POST("/cookie", s.auth.Required())
	s.GET("/broken", func(c *gin.Context) { s.auth.Bind(c).Abort(errors.New("broken")) })
	good := s.refresh(t, s.login(t).Refresh)
	bearer := http.Header{"Authorization": {"Bearer " + good.Access}}
	down := false
	requests := map[string]struct {
		method, path string
		header       http.Header
		down         bool
	}{
		"NOCRED": {"GET", "/protected", nil, down},
		"INV":    {"GET", "/protected", http.Header{"Authorization": {"Bearer " + good.Access + "x"}}, down},
		"FRESH":  {"GET", "/fresh", bearer, down},
		"BAD":    {"GET", "/protected", http.Header{"Authorization": {"Bearer a", "Bearer b"}}, down},
		"CSRF":   {"POST", "/cookie", http.Header{"Cookie": {"access_token_cookie=" + good.Access}, "X-Csrf-Token": {"x"}}, down},
		"DOWN":   {"GET", "/protected", bearer, true},
		"BOOM":   {"GET", "/broken", bearer, down},
	}
	rows := outcomeRow.FindAllStringSubmatch(string(page), -1)
	assert.Len(t, rows, len(requests))
	for _, row := range rows {
		asked, ok := requests[row[1]]
		require.True(t, ok, row[1])
		req := httptest.NewRequest(asked.method, "https://example.com"+asked.path, nil)
		req.Header = asked.header
		if asked.down {
			s.store.Be(storetest.Fails)
		}
		rec := httptest.NewRecorder()
		s.ServeHTTP(rec, req)
		s.store.Be(storetest.None)
		assert.Equal(t, row[2], fmt.Sprint(rec.Code), row[1])
		assert.Contains(t, rec.Body.String(), `"code":"`+row[4]+`"`, row[1])
		challenge := "no challenge"
		if field := rec.Header().Get("WWW-Authenticate"); field != "" {
			challenge = "none, the realm alone"
			if _, params := parseChallenge(t, field); params["error"] != "" {
				challenge = "`" + params["error"] + "`"
			}
		}
		assert.Equal(t, row[3], challenge, row[1])
	}
}
