package authjwt_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var (
	link        = regexp.MustCompile(`\]\(([^)\s]+)\)|(?:src|srcset)="([^"]+)"`)
	heading     = regexp.MustCompile("(?m)^#+ (.+)$")
	inlineCode  = regexp.MustCompile("`[^`\n]*`")
	codeBlock   = regexp.MustCompile("(?ms)^ *```.*?^ *```$")
	linkOfTitle = regexp.MustCompile(`\[([^\]]+)\]\([^)]*\)`)
)

// Links between the pages lead to files, and to headings, that are there.
func TestDocs_Links(t *testing.T) {
	followed := 0
	for _, page := range append(pages(t), "CHANGELOG.md") {
		text, err := os.ReadFile(page)
		require.NoError(t, err)
		for _, found := range link.FindAllStringSubmatch(inlineCode.ReplaceAllString(codeBlock.ReplaceAllString(string(text), ""), ""), -1) {
			target := found[1] + found[2]
			if strings.Contains(target, "://") {
				continue
			}
			followed++
			name, anchor, anchored := strings.Cut(target, "#")
			file := page
			if name != "" {
				file = filepath.Join(filepath.Dir(page), name)
			}
			if _, err := os.Stat(file); !assert.NoError(t, err, "%s: (%s)", page, target) || !anchored {
				continue
			}
			linked, err := os.ReadFile(file)
			require.NoError(t, err)
			assert.Contains(t, anchors(string(linked)), anchor, "%s: (%s)", page, target)
		}
	}
	assert.Greater(t, followed, 100)
}

// What pages and templates say of make and of files of the repository is there.
func TestDocs_Targets(t *testing.T) {
	makefile, err := os.ReadFile("Makefile")
	require.NoError(t, err)
	templates, err := filepath.Glob(".github/*/*")
	require.NoError(t, err)
	templates = append(templates, ".github/pull_request_template.md")
	targets, files := 0, 0
	for _, page := range append(pages(t), templates...) {
		text, err := os.ReadFile(page)
		require.NoError(t, err)
		for _, found := range regexp.MustCompile("`make ([a-z-]+)").FindAllStringSubmatch(string(text), -1) {
			assert.Regexp(t, "(?m)^"+found[1]+":", string(makefile), page)
			targets++
		}
		for _, found := range regexp.MustCompile(`/blob/main/([^\s)#]+)`).FindAllStringSubmatch(string(text), -1) {
			assert.FileExists(t, found[1], page)
			files++
		}
	}
	assert.Greater(t, targets, 10)
	assert.Greater(t, files, 2)
}

// anchors are what GitHub makes of the headings of a page.
func anchors(page string) (all []string) {
	for _, found := range heading.FindAllStringSubmatch(codeBlock.ReplaceAllString(page, ""), -1) {
		title := linkOfTitle.ReplaceAllString(found[1], "$1")
		all = append(all, strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r):
				return unicode.ToLower(r)
			}
			return -1
		}, title))
	}
	return all
}
