package authjwt_test

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt/internal/redisserver"
)

const startedPage = "docs/getting-started.md"

// startedBlock matches a block of the page, and the name of the file that the line before it tells.
var startedBlock = regexp.MustCompile("(?ms)^(?:[^\n]*`([a-z_]+\\.go)`[^\n]*\n+)?```(go|sh)\n(.*?)^```$")

// What getting-started.md says to copy and paste is copied and pasted, in its order, Redis included. Modules come from here instead of the network.
func TestDocs_GettingStarted(t *testing.T) {
	root, err := filepath.Abs(".")
	require.NoError(t, err)
	page, err := os.ReadFile(startedPage)
	require.NoError(t, err)
	downloadModules(t)
	dir := t.TempDir()
	addr, played := "", map[string]int{}
	for _, block := range startedBlock.FindAllStringSubmatch(string(page), -1) {
		name, text := block[1], block[3]
		switch {
		case block[2] == "go":
			require.NotEmpty(t, name, "say before the block what file it is:\n%s", text)
			require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
			played["file"]++
		case strings.Contains(text, "go mod init"):
			writeSnippet(t, dir, root, "package main\n// redisstore.New redis.NewClient\n")
			require.NoError(t, os.Remove(filepath.Join(dir, "snippet.go")))
			played["module"]++
		case strings.Contains(text, "go test"):
			output, err := snippetCommand(dir, "go", "test", "-mod=mod", ".").CombinedOutput()
			require.NoError(t, err, "%s", output)
			played["test"]++
		case strings.Contains(text, "go run"):
			if strings.Contains(text, "REDIS_URL") {
				if !redisserver.Has() && os.Getenv("REQUIRE_SERVICES") != "1" {
					t.Skip("the part with Redis: redis-server is missing")
				}
				text = strings.ReplaceAll(text, "localhost:6379", redisserver.Start(t, "--appendonly", "yes").Addr())
			}
			output, err := snippetCommand(dir, "go", "build", "-mod=mod", "-o", "program", ".").CombinedOutput()
			require.NoError(t, err, "%s", output)
			text = strings.NewReplacer("go mod tidy\n", "", "go run .", "exec ./program").Replace(text)
			addr = freeAddress(t)
			_, port, _ := net.SplitHostPort(addr)
			program := exec.Command("sh", "-euc", text)
			program.Dir, program.Env = dir, append(os.Environ(), "PORT="+port)
			serve(t, addr, program)
			played["run"]++
		default:
			playTour(t, strings.ReplaceAll(text, "localhost:8080", addr))
			played["tour"]++
		}
	}
	assert.Equal(t, map[string]int{"module": 1, "file": 4, "run": 2, "tour": 2, "test": 1}, played)
}
