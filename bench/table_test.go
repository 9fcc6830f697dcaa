package bench

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// table renders rows, the head first, as Markdown that is aligned in a terminal as well: the first column to the
// left, numbers to the right.
func table(rows [][]string) string {
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell), len("-:"))
		}
	}
	var text strings.Builder
	for i, row := range rows {
		for j, cell := range row {
			pad := strings.Repeat(" ", widths[j]-utf8.RuneCountInString(cell))
			if j > 0 {
				cell, pad = pad, cell
			}
			text.WriteString("| " + cell + pad + " ")
		}
		text.WriteString("|\n")
		if i > 0 {
			continue
		}
		for j, width := range widths {
			if j == 0 {
				text.WriteString("|" + strings.Repeat("-", width+2))
				continue
			}
			text.WriteString("|" + strings.Repeat("-", width+1) + ":")
		}
		text.WriteString("|\n")
	}
	return text.String()
}

// publish prints text. If PERFORMANCE_PAGE names a file, text also takes the place of what stands there between
// <!-- block:begin --> and <!-- block:end -->.
func publish(tb testing.TB, block, text string) {
	tb.Helper()
	fmt.Print("\n", text) // the framework has begun a line with the benchmark's name
	file := os.Getenv("PERFORMANCE_PAGE")
	if file == "" {
		return
	}
	page, err := os.ReadFile(file)
	require.NoError(tb, err)
	changed, err := replaceBlock(string(page), block, text)
	require.NoError(tb, err, file)
	require.NoError(tb, os.WriteFile(file, []byte(changed), 0o644))
}

func replaceBlock(page, block, text string) (string, error) {
	begin, end := "<!-- "+block+":begin -->\n", "<!-- "+block+":end -->"
	before, rest, found := strings.Cut(page, begin)
	_, after, closed := strings.Cut(rest, end)
	if !found || !closed {
		return "", fmt.Errorf("no %s and %s", strings.TrimSpace(begin), end)
	}
	return before + begin + strings.TrimRight(text, "\n") + "\n" + end + after, nil
}

func TestTable(t *testing.T) {
	assert.Equal(t, ""+
		"| what | n, µs |\n"+
		"|------|------:|\n"+
		"| a    |     1 |\n"+
		"| bc   |   2.5 |\n", table([][]string{{"what", "n, µs"}, {"a", "1"}, {"bc", "2.5"}}))
}

func TestPublish(t *testing.T) {
	file := t.TempDir() + "/page.md"
	t.Setenv("PERFORMANCE_PAGE", file)
	require.NoError(t, os.WriteFile(file, []byte("one\n<!-- a:begin -->\nold\n<!-- a:end -->\n<!-- b:begin -->\n<!-- b:end -->\nend\n"), 0o600))
	for range 2 {
		publish(t, "b", "B\n")
		publish(t, "a", "A\n")
	}
	page, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, "one\n<!-- a:begin -->\nA\n<!-- a:end -->\n<!-- b:begin -->\nB\n<!-- b:end -->\nend\n", string(page))

	_, err = replaceBlock(string(page), "c", "C\n")
	assert.EqualError(t, err, "no <!-- c:begin --> and <!-- c:end -->")
	_, err = replaceBlock("<!-- a:begin -->\n", "a", "A\n")
	assert.Error(t, err)
}
