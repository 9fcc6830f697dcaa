package authjwt_test

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/url"
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

var (
	shellFence = regexp.MustCompile("(?m)^```sh.*$")
	tourBlock  = regexp.MustCompile("(?ms)^```sh tour\n(.*?)^```$")
)

// The blocks of README.md and docs that are marked as part of the tour are played against the running
// quickstart, each page in a shell of its own. What a command prints is compared with the lines that begin
// with #> below it; … stands for anything.
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
	tours := map[string]string{}
	for _, page := range pages(t) {
		text, err := os.ReadFile(page)
		require.NoError(t, err)
		for _, fence := range shellFence.FindAllString(string(text), -1) {
			assert.Contains(t, []string{"```sh", "```sh tour"}, fence, page)
		}
		for _, block := range tourBlock.FindAllStringSubmatch(string(text), -1) {
			tours[page] += strings.ReplaceAll(block[1], "localhost:8080", addr)
		}
		if tours[page] != "" {
			t.Run(page, func(t *testing.T) { playTour(t, tours[page]) })
		}
	}
	require.Contains(t, tours, "README.md")
	assert.Contains(t, printed(), "\n\n"+tours["README.md"]+"\n", "the quickstart prints the README's tour")
}

// startQuickstart builds and starts the program; printed is what it has written so far.
func startQuickstart(t *testing.T) (addr string, printed func() string) {
	t.Helper()
	if testing.Short() {
		t.Skip("it builds another program")
	}
	program := filepath.Join(t.TempDir(), "quickstart")
	output, err := exec.Command("go", "build", "-o", program, "./_example/quickstart").CombinedOutput()
	require.NoError(t, err, "%s", output)
	addr = freeAddress(t)
	return addr, serve(t, addr, exec.Command(program, "-addr", addr))
}

func freeAddress(t *testing.T) string {
	t.Helper()
	free, err := net.Listen("tcp", "localhost:0")
	require.NoError(t, err)
	require.NoError(t, free.Close())
	_, port, err := net.SplitHostPort(free.Addr().String())
	require.NoError(t, err)
	return net.JoinHostPort("localhost", port)
}

// serve runs the program until the test ends, and returns once it answers at addr.
func serve(t *testing.T, addr string, program *exec.Cmd) (printed func() string) {
	t.Helper()
	out, err := os.Create(filepath.Join(t.TempDir(), "out"))
	require.NoError(t, err)
	program.Stdout, program.Stderr = out, out
	printed = func() string {
		text, err := os.ReadFile(out.Name())
		require.NoError(t, err)
		return string(text)
	}
	require.NoError(t, program.Start())
	t.Cleanup(func() {
		_ = program.Process.Kill()
		_ = program.Wait()
		_ = out.Close()
	})
	serves := assert.Eventually(t, func() bool {
		conn, err := net.Dial("tcp", addr)
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	}, 20*time.Second, 20*time.Millisecond)
	require.True(t, serves, "the program does not serve: %s", printed())
	return printed
}

func playTour(t *testing.T, script string) {
	const mark = "== mark =="
	var commands strings.Builder
	var groups []string     // the commands, up to what they are to print
	var expected [][]string // a group's lines
	group, expecting := "", false
	for line := range strings.Lines(script) {
		text, isOutput := strings.CutPrefix(line, "#>")
		if expecting && !isOutput {
			commands.WriteString("echo '" + mark + "'\n")
			group = ""
		}
		if isOutput {
			if !expecting {
				groups, expected = append(groups, group), append(expected, nil)
			}
			expected[len(expected)-1] = append(expected[len(expected)-1], strings.TrimSpace(text))
		} else {
			commands.WriteString(line)
			group += line
		}
		expecting = isOutput
	}
	require.True(t, expecting, "the last command has no line #> below it")

	output, err := exec.Command("sh", "-eu", "-c", commands.String()).CombinedOutput()
	require.NoError(t, err, "%s", output)
	answers := strings.Split(strings.ReplaceAll(string(output), "\r\n", "\n"), mark+"\n")
	require.Len(t, answers, len(groups), "%s", output)
	for i, lines := range expected {
		pattern := strings.ReplaceAll(regexp.QuoteMeta(strings.Join(lines, "\n")), "…", ".+?")
		assert.Regexp(t, `\A`+pattern+`\n\z`, answers[i], groups[i])
	}
}

// The README's program does what the README says: it serves, with a secret from the environment alone.
func TestDocs_ReadmeProgram(t *testing.T) {
	text, err := os.ReadFile("README.md")
	require.NoError(t, err)
	blocks := goBlock.FindStringSubmatch(string(text))
	require.NotNil(t, blocks)
	require.LessOrEqual(t, strings.Count(blocks[1], "\n"), 25)
	root, err := filepath.Abs(".")
	require.NoError(t, err)
	dir := t.TempDir()
	writeSnippet(t, dir, root, blocks[1])
	build := snippetCommand(dir, "go", "build", "-mod=mod", "-o", "program", ".")
	output, err := build.CombinedOutput()
	require.NoError(t, err, "%s", output)

	program := filepath.Join(dir, "program")
	addr := freeAddress(t)
	_, port, _ := net.SplitHostPort(addr)
	unset := exec.Command(program)
	unset.Env = append(os.Environ(), "SECRET_KEY=", "PORT="+port)
	output, err = unset.CombinedOutput()
	require.Error(t, err)
	assert.Contains(t, string(output), "openssl rand -base64 32")

	set := exec.Command(program)
	set.Env = append(os.Environ(), "SECRET_KEY="+testSecret, "PORT="+port)
	serve(t, addr, set)
	request := regexp.MustCompile("(?ms)^```sh\n(token=.*?)^```$").FindSubmatch(text)
	require.NotNil(t, request)
	playTour(t, strings.ReplaceAll(string(request[1]), "localhost:8080", addr))
	login, err := http.PostForm("http://"+addr+"/login", url.Values{"username": {"test"}, "password": {"test"}})
	require.NoError(t, err)
	defer login.Body.Close()
	var tokens struct {
		Access string `json:"access_token"`
	}
	require.NoError(t, json.NewDecoder(login.Body).Decode(&tokens))
	for authorization, body := range map[string]string{
		"Bearer " + tokens.Access: "test",
		"":                        `{"detail":"Missing Authorization Header","code":"missing_token"}`,
	} {
		req, err := http.NewRequest("GET", "http://"+addr+"/me", nil)
		require.NoError(t, err)
		req.Header.Set("Authorization", authorization)
		res, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		got, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		assert.Equal(t, body, string(got))
	}
}
