package authjwt_test

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var tourBlock = regexp.MustCompile("(?ms)^```sh tour\n(.*?)^```$")

// The blocks of README.md and docs that are marked as part of the tour are played against the running
// quickstart, each page in a shell of its own. What a command prints is compared with the lines that begin
// with "#> " below it; … stands for anything.
func TestDocs_Tour(t *testing.T) {
	for _, tool := range []string{"sh", "curl", "awk"} {
		if _, err := exec.LookPath(tool); err != nil {
			if os.Getenv("REQUIRE_SERVICES") == "1" {
				t.Fatal(err)
			}
			t.Skip(err)
		}
	}
	addr, printed := startQuickstart(t)
	played := 0
	for _, page := range pages(t) {
		text, err := os.ReadFile(page)
		require.NoError(t, err)
		var script strings.Builder
		for _, block := range tourBlock.FindAllStringSubmatch(string(text), -1) {
			script.WriteString(block[1])
			played++
		}
		if script.Len() > 0 {
			t.Run(page, func(t *testing.T) { playTour(t, strings.ReplaceAll(script.String(), "localhost:8080", addr)) })
		}
		if page == "README.md" {
			assert.Contains(t, printed(), "\n"+strings.ReplaceAll(script.String(), "localhost:8080", addr), "the quickstart prints the README's tour")
		}
	}
	assert.NotZero(t, played, "there are blocks, so they must be found")
}

// startQuickstart builds and starts the program; printed is what it has written so far.
func startQuickstart(t *testing.T) (addr string, printed func() string) {
	t.Helper()
	program := filepath.Join(t.TempDir(), "quickstart")
	output, err := exec.Command("go", "build", "-o", program, "./_example/quickstart").CombinedOutput()
	require.NoError(t, err, "%s", output)

	free, err := net.Listen("tcp", "localhost:0")
	require.NoError(t, err)
	_, port, err := net.SplitHostPort(free.Addr().String())
	require.NoError(t, err)
	addr = "localhost:" + port
	stdout, err := os.Create(filepath.Join(t.TempDir(), "stdout"))
	require.NoError(t, err)
	server := exec.Command(program, "-addr", addr)
	server.Stdout, server.Stderr = stdout, stdout
	require.NoError(t, free.Close())
	require.NoError(t, server.Start())
	t.Cleanup(func() {
		_ = server.Process.Kill()
		_ = server.Wait()
	})
	require.Eventually(t, func() bool {
		conn, err := net.Dial("tcp", addr)
		if err == nil {
			conn.Close()
		}
		return err == nil
	}, 20*time.Second, 20*time.Millisecond, "the quickstart does not serve")
	return addr, func() string {
		text, err := os.ReadFile(stdout.Name())
		require.NoError(t, err)
		return string(text)
	}
}

func playTour(t *testing.T, script string) {
	const mark = "== mark =="
	var commands strings.Builder
	var groups []string     // the commands, up to what they are to print
	var expected [][]string // a group's lines
	group, expecting := "", false
	for line := range strings.Lines(script) {
		text, isOutput := strings.CutPrefix(line, "#> ")
		if expecting && !isOutput {
			commands.WriteString("echo '" + mark + "'\n")
			group = ""
		}
		if isOutput {
			if !expecting {
				groups, expected = append(groups, group), append(expected, nil)
			}
			expected[len(expected)-1] = append(expected[len(expected)-1], strings.TrimSuffix(text, "\n"))
		} else {
			commands.WriteString(line)
			group += line
		}
		expecting = isOutput
	}
	require.True(t, expecting, "the last command has no line #> below it")

	output, err := exec.Command("sh", "-eu", "-c", commands.String()).CombinedOutput()
	require.NoError(t, err, "%s", output)
	answers := strings.Split(string(output), mark+"\n")
	require.Len(t, answers, len(groups), "%s", output)
	for i, lines := range expected {
		pattern := strings.ReplaceAll(regexp.QuoteMeta(strings.Join(lines, "\n")), "…", ".+?")
		assert.Regexp(t, `\A`+pattern+`\n\z`, answers[i], groups[i])
	}
}
