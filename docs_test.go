package authjwt_test

import (
	"bytes"
	"fmt"
	"go/format"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var goBlock = regexp.MustCompile("(?ms)^```go\n(.*?)^```$")

// snippetImports are what a fragment without a package clause may use.
var snippetImports = map[string]string{
	"authjwt": "github.com/gin-authjwt/authjwt", "authjwttest": "github.com/gin-authjwt/authjwt/authjwttest", "cmp": "cmp", "context": "context", "crypto": "crypto", "errors": "errors", "gin": "github.com/gin-gonic/gin",
	"http": "net/http", "maps": "maps", "net": "net", "cors": "github.com/gin-contrib/cors", "jwks": "github.com/gin-authjwt/authjwt/jwks", "jwt": "github.com/golang-jwt/jwt/v5", "os": "os",
	"redis": "github.com/redis/go-redis/v9", "redisstore": "github.com/gin-authjwt/authjwt/redisstore", "slog": "log/slog", "sync": "sync", "storetest": "github.com/gin-authjwt/authjwt/storetest", "testing": "testing", "time": "time",
}

// snippetModules are the modules beside the root that a snippet may use, each with all that it requires.
var snippetModules = []string{"jwks", "redisstore", "_example/webapp"}

// moduleUse tells by what a snippet uses a module: itself, or what it requires; of an example the latter alone.
var moduleUse = map[string]*regexp.Regexp{
	"jwks": regexp.MustCompile(`\bjwks\.`), "redisstore": regexp.MustCompile(`\bredis(store)?\.`), "_example/webapp": regexp.MustCompile(`\bcors\.`),
}

// Every go block of README.md and docs is built, each in a module of its own.
func TestDocs_SnippetsBuild(t *testing.T) {
	root, err := filepath.Abs(".")
	require.NoError(t, err)
	downloadModules(t)
	built := 0
	for _, page := range pages(t) {
		text, err := os.ReadFile(page)
		require.NoError(t, err)
		blocks := goBlock.FindAllSubmatch(text, -1)
		for i, block := range blocks {
			formatted, err := format.Source(block[1])
			require.NoError(t, err)
			assert.Equal(t, string(formatted), string(block[1]), "%s, go block %d: gofmt", page, i+1)
		}
		if slices.Contains([]string{migratePage, "docs/migrate-gin-jwt.md", startedPage, recipesPage}, page) { // each is one package, with tests of its own; gin-jwt's in bench
			continue
		}
		for i, block := range blocks {
			dir := filepath.Join(t.TempDir(), fmt.Sprint(i))
			require.NoError(t, os.MkdirAll(dir, 0o700))
			writeSnippet(t, dir, root, string(block[1]))
			output, err := snippetCommand(dir, "go", "vet", "-mod=mod", ".").CombinedOutput()
			assert.NoError(t, err, "%s, go block %d:\n%s", page, i+1, output)
			built++
		}
	}
	assert.GreaterOrEqual(t, built, 2, "the README has blocks, so they must be found")
}

// downloadModules fetches what snippets need, which are built without network. That takes long, and runs nothing of the package.
func downloadModules(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("it builds other programs")
	}
	for _, module := range snippetModules {
		download := exec.Command("go", "mod", "download")
		download.Dir = module
		output, err := download.CombinedOutput()
		require.NoError(t, err, string(output))
	}
}

// pages are the files of the documentation.
func pages(t *testing.T) []string {
	t.Helper()
	docs, err := filepath.Glob("docs/*.md")
	require.NoError(t, err)
	return append(docs, "README.md", "CONTRIBUTING.md", "SECURITY.md")
}

func writeSnippet(t *testing.T, dir, root, code string) {
	t.Helper()
	if !strings.HasPrefix(code, "package ") {
		var head bytes.Buffer
		head.WriteString("package snippet\n")
		for use, path := range snippetImports {
			if regexp.MustCompile(`\b` + use + `\.`).MatchString(code) {
				fmt.Fprintf(&head, "import %q\n", path)
			}
		}
		code = head.String() + code
	}
	base, ours, sums := "", []string{""}, []byte(nil)
	for _, module := range append([]string{"."}, snippetModules...) {
		if use := moduleUse[module]; use != nil && !use.MatchString(code) {
			continue
		}
		base = module
		more, err := os.ReadFile(filepath.Join(module, "go.sum"))
		require.NoError(t, err)
		sums = append(sums, more...)
		if module != "." && !strings.HasPrefix(module, "_example/") {
			ours = append(ours, "/"+module)
		}
	}
	module, err := os.ReadFile(filepath.Join(base, "go.mod"))
	require.NoError(t, err)
	text := regexp.MustCompile(`(?m)^(module|replace|\tgithub.com/gin-authjwt/authjwt) .*\n`).ReplaceAllString(string(module), "")
	text = "module snippet\n" + text
	for _, of := range ours {
		text += fmt.Sprintf("\nrequire github.com/gin-authjwt/authjwt%s v0.0.0\nreplace github.com/gin-authjwt/authjwt%s => %s%s\n", of, of, root, of)
	}
	module = []byte(text)
	for name, content := range map[string][]byte{"go.mod": module, "go.sum": sums, "snippet.go": []byte(code)} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), content, 0o600))
	}
}

// snippetCommand runs in the module of a snippet, without network.
func snippetCommand(dir, name string, args ...string) *exec.Cmd {
	command := exec.Command(name, args...)
	command.Dir = dir
	command.Env = append(os.Environ(), "GOPROXY=off", "GOFLAGS=")
	return command
}

// mentions are the ways in which the documentation names what the package exports, and how api.txt does.
var mentions = map[string]*regexp.Regexp{
	`authjwt: (const|var|func|type) %s\b`: regexp.MustCompile(`\bauthjwt\.([A-Z]\w*)`),
	`authjwt: var %s `:                    regexp.MustCompile(`(?:^|[^.\w])(Err[A-Z]\w*)`),
	`authjwt: func \(\*AuthJWT\) %s\(`:    regexp.MustCompile(`\ba\.([A-Z]\w*)\(`),
	`authjwt: func \(\*Manager\) %s\(`:    regexp.MustCompile(`\bauth\.([A-Z]\w*)\(`),
	`authjwt: field Settings\.%s `:        regexp.MustCompile(`\bSettings\.([A-Z]\w*)`),
	`authjwt: field Routes\.%s `:          regexp.MustCompile(`\bRoutes\.([A-Z]\w*)`),
}

// Whatever a page names, the package has.
func TestDocs_Names(t *testing.T) {
	api, err := os.ReadFile("api.txt")
	require.NoError(t, err)
	for _, page := range pages(t) {
		text, err := os.ReadFile(page)
		require.NoError(t, err)
		for line, mention := range mentions {
			for _, found := range mention.FindAllSubmatch(text, -1) {
				pattern := regexp.MustCompile("(?m)^" + fmt.Sprintf(line, found[1]))
				assert.True(t, pattern.Match(api), "%s: %s is not exported", page, found[0])
			}
		}
	}
}
