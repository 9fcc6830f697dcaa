package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What docs/frontend.md shows is what the program has, and its scripts run.
func TestFrontendPage(t *testing.T) {
	text, err := os.ReadFile("../../docs/frontend.md")
	require.NoError(t, err)
	page := string(text)

	client, err := os.ReadFile("static/authjwt.js")
	require.NoError(t, err)
	lines := strings.Count(string(client), "\n")
	assert.LessOrEqual(t, lines, 150)
	assert.Contains(t, page, fmt.Sprintf("is one file of %d lines", lines))
	source, err := os.ReadFile("pages.go")
	require.NoError(t, err)
	cors := regexp.MustCompile(`(?s)func allow\(.*?\n}\n`).FindString(string(source))
	require.NotEmpty(t, cors)
	assert.Contains(t, page, "```go\n"+cors+"```\n")
	pictures := regexp.MustCompile(`\]\((images/[^)]+)\)`).FindAllStringSubmatch(page, -1)
	assert.NotEmpty(t, pictures)
	for _, picture := range pictures {
		assert.FileExists(t, filepath.Join("../../docs", picture[1]))
	}

	s := newSite(t)
	s.POST("/api/notes", s.auth.Required(), func(c *gin.Context) { c.Status(201) })
	scripts := regexp.MustCompile("(?s)```js\n(.*?)```").FindAllStringSubmatch(page, -1)
	require.Len(t, scripts, 3)
	for i, script := range scripts {
		code := script[1] + "\nexport { auth };\n"
		if !strings.Contains(code, "import ") {
			code = `import { AuthJWT } from "./authjwt.js";` + "\n" + code
		}
		code = `const username = "alice", password = "test", showLogin = () => { throw new Error("logged out"); };` + "\n" + code
		s.GET(fmt.Sprintf("/script%d.js", i), func(c *gin.Context) { c.Data(200, "text/javascript", []byte(code)) })
	}
	tab := newBrowser(t).tab(t)
	tab.open("http://" + serveHTTP(t, "127.0.0.1", s))
	for i := range scripts {
		assert.True(t, eval[bool](t, tab, fmt.Sprintf(`import("/script%d.js").then(({ auth }) => typeof auth.fetch === "function")`, i)))
	}
	assert.Equal(t, []string{"POST /auth/login 200", "POST /api/notes 201", "DELETE /auth/logout 200"}, s.requests())
}
