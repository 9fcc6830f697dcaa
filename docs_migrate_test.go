package authjwt_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const migratePage = "docs/migrate-fastapi-jwt-auth.md"

var pythonBlock = regexp.MustCompile("(?ms)^```python\n(.*?)^```$")

func readMigratePage(t *testing.T) string {
	t.Helper()
	page, err := os.ReadFile(migratePage)
	require.NoError(t, err)
	return string(page)
}

// The page's Go is one package, which the tests in testdata/migrate run.
func TestDocs_MigratePage(t *testing.T) {
	root, err := filepath.Abs(".")
	require.NoError(t, err)
	downloadModules(t)
	page, dir := readMigratePage(t), t.TempDir()
	var code strings.Builder
	for _, block := range goBlock.FindAllStringSubmatch(page, -1) {
		code.WriteString(block[1])
	}
	writeSnippet(t, dir, root, code.String())
	require.NoError(t, os.WriteFile(filepath.Join(dir, "page.md"), []byte(page), 0o600))
	require.NoError(t, os.CopyFS(dir, os.DirFS("testdata/migrate")))
	output, err := snippetCommand(dir, "go", "test", "-mod=mod", "-v", ".").CombinedOutput()
	require.NoError(t, err, "%s", output)
	assert.Regexp(t, `(?m)^--- PASS: TestRequests `, string(output))
}

// What the page says of Python is recorded of Python, but for texts that its Python itself writes.
func TestDocs_MigrateRecorded(t *testing.T) {
	recorded := map[string]bool{}
	files, err := filepath.Glob("testdata/conformance/*.json")
	require.NoError(t, err)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		var theme struct {
			Scenarios []struct {
				Steps []struct {
					Expect struct{ Status, Body json.RawMessage }
				}
			}
		}
		require.NoError(t, json.Unmarshal(text, &theme), file)
		for _, scenario := range theme.Scenarios {
			for _, step := range scenario.Steps {
				var body bytes.Buffer
				if json.Compact(&body, step.Expect.Body) == nil {
					recorded[string(step.Expect.Status)+" "+body.String()] = true
				}
			}
		}
	}
	refusals := 0
	for _, block := range pythonBlock.FindAllStringSubmatch(readMigratePage(t), -1) {
		for _, line := range regexp.MustCompile(`(?m)^#> .*: (\d{3} \{"detail":("[^"]*")\})$`).FindAllStringSubmatch(block[1], -1) {
			if strings.Count(block[1], line[2]) == 1 {
				assert.True(t, recorded[line[1]], line[0])
				refusals++
			}
		}
	}
	assert.Greater(t, refusals, 10)
}

// The page's Python is Python, and calls what fastapi-jwt-auth has.
func TestDocs_MigratePython(t *testing.T) {
	blocks := pythonBlock.FindAllStringSubmatch(readMigratePage(t), -1)
	require.NotEmpty(t, blocks)
	has := strings.Fields(`load_config token_in_denylist_loader jwt_required jwt_optional jwt_refresh_token_required fresh_jwt_required
		create_access_token create_refresh_token set_access_cookies set_refresh_cookies unset_jwt_cookies get_raw_jwt get_jti get_jwt_subject`)
	for _, block := range blocks {
		for _, call := range regexp.MustCompile(`\b(?:Authorize|AuthJWT|AuthJWT\(\))\.(\w+)`).FindAllStringSubmatch(block[1], -1) {
			assert.Contains(t, has, call[1])
		}
		python, err := exec.LookPath("python3")
		if err != nil {
			continue
		}
		parse := exec.Command(python, "-c", "import ast, sys; ast.parse(sys.stdin.read())")
		parse.Stdin = strings.NewReader(block[1])
		output, err := parse.CombinedOutput()
		assert.NoError(t, err, "%s\n%s", block[1], output)
	}
}
