package authjwt_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

func performancePage(t *testing.T) string {
	t.Helper()
	page, err := os.ReadFile("docs/performance.md")
	require.NoError(t, err)
	return string(page)
}

// generatedBlock is what a command writes into the page. Go's regexps know no back references, hence both names.
var generatedBlock = regexp.MustCompile(`(?s)<!-- (\w+):begin -->\n(.*?)<!-- (\w+):end -->`)

// The commands on the page are those of the Makefile, each with its comment.
func TestDocs_PerformanceCommands(t *testing.T) {
	makefile, err := os.ReadFile("Makefile")
	require.NoError(t, err)
	named := map[string]bool{}
	for _, command := range regexp.MustCompile(`(?m)\bmake ([a-z][a-z-]*)\b`).FindAllStringSubmatch(performancePage(t), -1) {
		named[command[1]] = true
		assert.Regexp(t, `(?m)^# .+\n`+command[1]+`:`, string(makefile), command[0])
	}
	for _, target := range regexp.MustCompile(`(?m)^(bench[a-z-]*|performance):`).FindAllStringSubmatch(string(makefile), -1) {
		assert.True(t, named[target[1]], "the page does not name make %s", target[1])
	}
	assert.True(t, named["performance"])
}

// Each table is there, and figures are nowhere else.
func TestDocs_PerformanceBlocks(t *testing.T) {
	page, found := performancePage(t), []string(nil)
	for _, block := range generatedBlock.FindAllStringSubmatch(page, -1) {
		require.Equal(t, block[1], block[3])
		found = append(found, block[1])
		assert.Regexp(t, `(?s)\|\n\|-[-:|]*\|\n\|.*\d.* \|\n`, block[2], "%s: fill it with make performance", block[1])
		assert.NotContains(t, block[2], "NaN")
	}
	assert.ElementsMatch(t, []string{"machine", "cost", "goals", "load", "scale", "cache"}, found)
	prose := generatedBlock.ReplaceAllString(page, "")
	assert.NotContains(t, prose, "<!--")
	assert.Empty(t, regexp.MustCompile(`\d+(\.\d+)?\s?(ns|µs|ms|MB|%|percent|times|requests/s)(\W|$)`).FindAllString(prose, -1), "figures written by hand")
}

// A goal that is missed is explained.
func TestDocs_PerformanceMissed(t *testing.T) {
	page := performancePage(t)
	_, why, found := strings.Cut(page, "\n## What is missed, and why\n")
	require.True(t, found)
	for _, row := range missedRows(page) {
		assert.Contains(t, why, "`"+row+"`", "missed without a word")
	}
	assert.Equal(t, []string{"a: of b"}, missedRows("| a: of b  | 1.3 |  | ≤ 1.2 | **missed** |\n| c | 1.1 | | ≤ 1.2 | met |\n"))
	for _, row := range regexp.MustCompile("`([^`]+: [^`]+)`").FindAllStringSubmatch(why, -1) {
		assert.Regexp(t, `(?m)^\| `+regexp.QuoteMeta(row[1])+` +\|`, page, "no goal")
	}
}

func missedRows(page string) (rows []string) {
	for _, row := range regexp.MustCompile(`(?m)^\| ([^|]+?) +\|.*\| +\*\*missed\*\* \|$`).FindAllStringSubmatch(page, -1) {
		rows = append(rows, row[1])
	}
	return rows
}

// The tests that the page names are there.
func TestDocs_PerformanceTests(t *testing.T) {
	files, err := filepath.Glob("*_test.go")
	require.NoError(t, err)
	var tests strings.Builder
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		tests.Write(text)
	}
	named := regexp.MustCompile("`(Test\\w+)`").FindAllStringSubmatch(performancePage(t), -1)
	assert.GreaterOrEqual(t, len(named), 8)
	for _, test := range named {
		assert.Contains(t, tests.String(), "\nfunc "+test[1]+"(t *testing.T) {", "no such test")
	}
}

// The cache is turned on as the page says.
func TestDocs_PerformanceEnvironment(t *testing.T) {
	line := regexp.MustCompile("`(AUTHJWT_\\w+)=(\\d+)`").FindStringSubmatch(performancePage(t))
	require.NotNil(t, line)
	s, err := fromEnv(t, map[string]string{line[1]: line[2], "AUTHJWT_PRIVATE_KEY": examplePrivatePEM})
	require.NoError(t, err)
	assert.Equal(t, 10_000, s.VerifiedTokenCache)
	_, err = authjwt.New(s)
	assert.NoError(t, err)
}
