package authjwt_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt/internal/redisserver"
)

const recipesPage = "docs/recipes.md"

// The page's Go is one package, which the tests in testdata/recipes run, with Redis and with nginx, whose configuration is the page's.
func TestDocs_Recipes(t *testing.T) {
	root, err := filepath.Abs(".")
	require.NoError(t, err)
	page, err := os.ReadFile(recipesPage)
	require.NoError(t, err)
	downloadModules(t)
	dir, proxied := t.TempDir(), freeAddress(t)
	var code strings.Builder
	for _, block := range goBlock.FindAllSubmatch(page, -1) {
		code.Write(block[1])
		code.WriteString("\n")
	}
	writeSnippet(t, dir, root, code.String())
	require.NoError(t, os.CopyFS(dir, os.DirFS("testdata/recipes")))
	command := snippetCommand(dir, "go", "test", "-mod=mod", "-v", ".")
	command.Env = append(command.Env, "PROXIED="+proxied)
	required := os.Getenv("REQUIRE_SERVICES") != ""
	if redisserver.Has() || required {
		command.Env = append(command.Env, "REDIS="+redisserver.Start(t, "--appendonly", "yes").Addr())
	}
	nginx, err := exec.LookPath("nginx")
	require.False(t, required && err != nil, "nginx is missing")
	if err == nil {
		config := regexp.MustCompile("(?ms)^```nginx\n(.*?)^```$").FindStringSubmatch(string(page))
		require.NotNil(t, config)
		command.Env = append(command.Env, "PROXY="+startNginx(t, nginx, func(dir, port string) string {
			return strings.NewReplacer("listen 443", "listen 127.0.0.1:"+port, "/etc/ssl/", dir+"/", "127.0.0.1:8080", proxied).Replace(config[1])
		}))
	}
	output, err := command.CombinedOutput()
	require.NoError(t, err, "%s", output)
	if required {
		assert.NotContains(t, string(output), "--- SKIP")
	}
	assert.Contains(t, string(output), "--- PASS: TestAnotherOrigin")
}
