package redisstore_test

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The table of faults in docs/sessions.md names every test of a fault, and no other.
func TestDocs_Faults(t *testing.T) {
	page, err := os.ReadFile("../docs/sessions.md")
	require.NoError(t, err)
	files, err := filepath.Glob("*_test.go")
	require.NoError(t, err)
	name := regexp.MustCompile(`(TestS03_\w+)[(` + "`]")
	tests, named := map[string]bool{}, map[string]bool{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, found := range regexp.MustCompile(`(?m)^func (TestS03_\w+)\(`).FindAllSubmatch(text, -1) {
			tests[string(found[1])] = true
		}
	}
	for _, found := range name.FindAllSubmatch(page, -1) {
		named[string(found[1])] = true
	}
	assert.NotEmpty(t, tests)
	assert.Equal(t, tests, named)
}
