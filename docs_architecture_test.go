package authjwt_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The page that a contributor reads first names each file, once, and no other.
func TestDocs_Architecture(t *testing.T) {
	page, err := os.ReadFile("docs/architecture.md")
	require.NoError(t, err)
	var rows, named []string
	for _, row := range regexp.MustCompile(`(?m)^\| (\w+\.go) \| .+ \|$`).FindAllStringSubmatch(string(page), -1) {
		rows = append(rows, row[1])
	}
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	files = slices.DeleteFunc(files, func(name string) bool { return strings.HasSuffix(name, "_test.go") })
	assert.ElementsMatch(t, files, rows)
	for _, name := range regexp.MustCompile(`\b\w+\.go\b`).FindAllString(string(page), -1) {
		named = append(named, strings.TrimSuffix(name, ".go")+".go")
		assert.Contains(t, files, name)
	}
	assert.Greater(t, len(named), len(rows), "the text and the diagrams name files, too")
	for _, dir := range regexp.MustCompile("`([_a-z]+)/`").FindAllStringSubmatch(string(page), -1) {
		assert.DirExists(t, dir[1])
	}
	for _, kind := range regexp.MustCompile("(?m)^\\| `([a-z]+)` \\|").FindAllStringSubmatch(string(page), -1) {
		source, err := os.ReadFile("entries.go")
		require.NoError(t, err)
		assert.Contains(t, string(source), `"`+kind[1]+`"`)
	}
}
