package redisserver_test

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt/internal/redisserver"
)

// The test runs itself in a second test binary, which is killed, paused server and all.
func TestServer_EndsWithItsTestBinary(t *testing.T) {
	if os.Getenv("REDISSERVER_KILLED") != "" {
		s := redisserver.Start(t)
		fmt.Println("\naddr", s.Addr())
		s.Pause()
		select {}
	}
	needServer(t)
	binary := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$", "-test.timeout=1m")
	binary.Env = append(os.Environ(), "REDISSERVER_KILLED=1", "TMPDIR="+t.TempDir())
	out, err := binary.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, binary.Start())
	var addr string
	for lines := bufio.NewScanner(out); addr == "" && lines.Scan(); {
		addr, _ = strings.CutPrefix(lines.Text(), "addr ")
	}
	_, err = net.Dial("tcp", addr)
	assert.NoError(t, err)
	require.NoError(t, binary.Process.Signal(syscall.SIGKILL))
	assert.Error(t, binary.Wait())
	assert.Eventually(t, func() bool {
		_, err := net.Dial("tcp", addr)
		return err != nil
	}, 10*time.Second, 10*time.Millisecond)
}
