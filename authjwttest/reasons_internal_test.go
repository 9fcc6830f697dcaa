package authjwttest

import (
	"os"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The codes and their reasons are those of docs/errors.md, and the reasons all that the package exports.
func TestCodes_AsDocumented(t *testing.T) {
	page, err := os.ReadFile("../docs/errors.md")
	require.NoError(t, err)
	documented := map[string]string{}
	row := regexp.MustCompile("(?m)^\\| `(\\w+)` \\| \\d{3} \\| \\d{3} \\| \\d{3} \\| ((?:`Err\\w+` ?)+) \\|")
	for _, found := range row.FindAllStringSubmatch(string(page), -1) {
		documented[found[1]] = regexp.MustCompile("`").ReplaceAllString(found[2], "")
	}
	assert.Equal(t, documented, codes)
	for code := range hints {
		assert.Contains(t, codes, code)
	}

	api, err := os.ReadFile("../api.txt")
	require.NoError(t, err)
	exported := map[string]bool{}
	for _, found := range regexp.MustCompile(`(?m)^authjwt: var (Err\w+) error$`).FindAllStringSubmatch(string(api), -1) {
		exported[found[1]] = true
	}
	for name, reason := range reasons {
		assert.True(t, exported[name], name)
		assert.Equal(t, []string{name}, namesOf(reason))
	}
	assert.Len(t, reasons, len(exported))
}
