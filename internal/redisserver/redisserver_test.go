package redisserver_test

import (
	"bufio"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt/internal/redisserver"
)

func TestServer_Start(t *testing.T) {
	t.Parallel()
	s := redisserver.Start(t, "--maxmemory", "10mb")
	assert.Equal(t, "PONG", s.Do("PING"))
	assert.Equal(t, "maxmemory\n10485760", s.Do("CONFIG", "GET", "maxmemory"))
	assert.Equal(t, "save\n", s.Do("CONFIG", "GET", "save"))
	assert.Equal(t, "dir\n"+s.Dir(), s.Do("CONFIG", "GET", "dir"))
	assert.Equal(t, "bind\n127.0.0.1", s.Do("CONFIG", "GET", "bind"))
	assert.NotEqual(t, s.Addr(), redisserver.Start(t).Addr())
}

func TestServer_Replies(t *testing.T) {
	t.Parallel()
	s := redisserver.Start(t)
	for _, try := range []struct {
		command []string
		reply   string
	}{
		{[]string{"SET", "k", "1\r\n€"}, "OK"},
		{[]string{"GET", "k"}, "1\r\n€"},
		{[]string{"GET", ""}, "(nil)"},
		{[]string{"SET", "", ""}, "OK"},
		{[]string{"GET", ""}, ""},
		{[]string{"INCRBY", "n", "-7"}, "-7"},
		{[]string{"MGET", "n", "none", "k"}, "-7\n(nil)\n1\r\n€"},
		{[]string{"EVAL", "return {1, {'a', 'b'}, {}}", "0"}, "1\na\nb\n"},
		{[]string{"BLPOP", "none", "0.01"}, "(nil)"},
	} {
		assert.Equal(t, try.reply, s.Do(try.command...), try.command)
	}
}

func TestServer_ErrorReplies(t *testing.T) {
	t.Parallel()
	s := redisserver.Start(t)
	s.Do("SET", "k", "v")
	reply, err := s.Try("LPUSH", "k", "v")
	assert.EqualError(t, err, "WRONGTYPE Operation against a key holding the wrong kind of value")
	assert.Empty(t, reply)
	_, err = s.Try("EVAL", "return {1, redis.error_reply('ERR inside')}", "0")
	assert.EqualError(t, err, "ERR inside")

	fake := &fakeTB{TB: t}
	fake.run(func() { redisserver.Start(fake).Do("NONSENSE") })
	assert.True(t, fake.failed)
	assert.Contains(t, fake.text, "ERR unknown command 'NONSENSE'")
	assert.Contains(t, fake.text, "Server initialized", "a failed test shows the log")
}

func TestServer_Password(t *testing.T) {
	t.Parallel()
	s := redisserver.Start(t, "--requirepass", "first")
	s.Restart("--requirepass", "second")
	assert.Equal(t, "requirepass\nsecond", s.Do("CONFIG", "GET", "requirepass"))
	conn, replies := dial(t, s)
	_, err := io.WriteString(conn, "GET k\r\n")
	require.NoError(t, err)
	line, err := replies.ReadString('\n')
	require.NoError(t, err)
	assert.Contains(t, line, "-NOAUTH ")
	s.Stop()
	assertDown(t, s)
}

func TestServer_KillAndRestart(t *testing.T) {
	t.Parallel()
	s := redisserver.Start(t)
	addr, dir := s.Addr(), s.Dir()
	s.Do("SET", "k", "v")
	s.Kill()
	assertDown(t, s)
	s.Kill()
	s.Restart()
	assert.Equal(t, addr, s.Addr())
	assert.Equal(t, "dir\n"+dir, s.Do("CONFIG", "GET", "dir"))
	assert.Equal(t, "(nil)", s.Do("GET", "k"))

	pid := pidOf(t, s)
	s.Restart("--maxmemory", "10mb")
	assert.NotEqual(t, pid, pidOf(t, s), "a running server is killed first")
	s.Stop()
	assertDown(t, s)
	s.Stop()
	s.Restart()
	assert.Equal(t, "maxmemory\n10485760", s.Do("CONFIG", "GET", "maxmemory"), "arguments stay")
}

func TestServer_Persists(t *testing.T) {
	t.Parallel()
	s := redisserver.Start(t, "--appendonly", "yes", "--appendfsync", "always")
	for i, end := range []func(){s.Kill, s.Stop, func() {}} {
		assert.Equal(t, strconv.Itoa(i+1), s.Do("INCR", "n"))
		end()
		s.Restart()
	}
	assert.Equal(t, "3", s.Do("GET", "n"))
}

func TestServer_Launch(t *testing.T) {
	t.Parallel()
	s := redisserver.Start(t, "--appendonly", "yes", "--aof-use-rdb-preamble", "no")
	s.Do("EVAL", "for i = 1, 3000 do redis.call('SET', i, i) end", "0")
	s.Stop()
	s.Launch("--key-load-delay", "300") // µs
	assert.EventuallyWithT(t, func(c *assert.CollectT) {
		_, err := s.Try("PING")
		assert.ErrorContains(c, err, "LOADING ")
	}, 10*time.Second, time.Millisecond)
	s.Restart()
	assert.Equal(t, "3000", s.Do("DBSIZE"), "Restart waits for the data")
}

func TestServer_Pause(t *testing.T) {
	t.Parallel()
	s := redisserver.Start(t)
	s.Pause()
	conn, replies := dial(t, s)
	require.NoError(t, conn.SetDeadline(time.Now().Add(100*time.Millisecond)))
	_, err := io.WriteString(conn, "SET k v\r\n")
	require.NoError(t, err)
	_, err = replies.ReadByte()
	require.ErrorIs(t, err, os.ErrDeadlineExceeded)
	s.Resume()
	require.NoError(t, conn.SetDeadline(time.Now().Add(10*time.Second)))
	line, err := replies.ReadString('\n')
	require.NoError(t, err)
	assert.Equal(t, "+OK\r\n", line)

	s.Pause()
	s.Restart()
	assert.Equal(t, "PONG", s.Do("PING"))
	s.Kill()
	fake := &fakeTB{TB: t}
	fake.run(func() {
		s := redisserver.Start(fake)
		s.Kill()
		s.Pause()
	})
	assert.True(t, fake.failed, "nothing to pause")
}

func TestServer_EndsWithItsTest(t *testing.T) {
	needServer(t)
	for name, do := range map[string]func(*redisserver.Server){
		"running": func(*redisserver.Server) {},
		"paused":  (*redisserver.Server).Pause,
		"loading": func(s *redisserver.Server) { s.Launch() },
		"stopped": (*redisserver.Server).Stop,
	} {
		var s *redisserver.Server
		t.Run(name, func(t *testing.T) {
			s = redisserver.Start(t)
			do(s)
		})
		assertDown(t, s)
		assert.NoDirExists(t, s.Dir())
	}
	assert.Eventually(t, func() bool {
		stacks := make([]byte, 1<<20)
		return !strings.Contains(string(stacks[:runtime.Stack(stacks, true)]), "redisserver.(*process)")
	}, 10*time.Second, time.Millisecond, "no goroutine stays")
}

// A server is its process's, not its starter's thread's.
func TestServer_OutlivesItsStartersThread(t *testing.T) {
	t.Parallel()
	s := redisserver.Start(t)
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // without unlocking, so that the thread ends
		s.Launch()
	}()
	<-done
	assert.EventuallyWithT(t, func(c *assert.CollectT) {
		_, err := s.Try("PING")
		assert.NoError(c, err)
	}, 10*time.Second, time.Millisecond)
	assert.Never(t, func() bool {
		_, err := s.Try("PING")
		return err != nil
	}, 100*time.Millisecond, 10*time.Millisecond)
}

func TestStart_MistakenArgument(t *testing.T) {
	t.Parallel()
	needServer(t)
	fake := &fakeTB{TB: t}
	fake.run(func() { redisserver.Start(fake, "--nonsense", "yes") })
	assert.True(t, fake.failed)
	assert.Contains(t, fake.text, "start redis-server: the process has ended")
	assert.Contains(t, fake.text, "Bad directive", "the log tells why")
}

func TestStart_TakesAnotherPort(t *testing.T) {
	needServer(t)
	real, err := exec.LookPath("redis-server")
	require.NoError(t, err)
	dir := t.TempDir()
	t.Setenv("DIR", dir)
	t.Setenv("REAL", real)
	t.Setenv("PATH", dir+string(filepath.ListSeparator)+os.Getenv("PATH"))
	script := "#!/bin/sh\necho \"$*\" >>\"$DIR/starts\"\n[ $(wc -l <\"$DIR/starts\") -gt 2 ] && exec \"$REAL\" \"$@\"\nexit 1\n"
	require.NoError(t, os.WriteFile(filepath.Join(dir, "redis-server"), []byte(script), 0o700))

	assert.Equal(t, "PONG", redisserver.Start(t).Do("PING"))
	starts, err := os.ReadFile(filepath.Join(dir, "starts"))
	require.NoError(t, err)
	assert.Equal(t, 3, strings.Count(string(starts), "--port"))

	require.NoError(t, os.WriteFile(filepath.Join(dir, "redis-server"), []byte("#!/bin/sh\nexit 1\n"), 0o700))
	fake := &fakeTB{TB: t}
	fake.run(func() { redisserver.Start(fake) })
	assert.True(t, fake.failed, "three times is enough")
}

// A server that cannot have its port is not taken for what has it.
func TestServer_RestartWhenThePortIsTaken(t *testing.T) {
	t.Parallel()
	needServer(t)
	fake := &fakeTB{TB: t}
	fake.run(func() {
		s := redisserver.Start(fake)
		s.Kill()
		listener, err := net.Listen("tcp", s.Addr())
		require.NoError(t, err)
		t.Cleanup(func() { _ = listener.Close() })
		go func() {
			for {
				conn, err := listener.Accept()
				if err != nil {
					return
				}
				_, _ = io.WriteString(conn, "+OK\r\n")
				_, _ = io.Copy(io.Discard, conn)
				_ = conn.Close()
			}
		}()
		s.Restart()
	})
	assert.True(t, fake.failed)
	assert.Contains(t, fake.text, "the process has ended")
}

func TestStart_WithoutRedisServer(t *testing.T) {
	t.Setenv("PATH", "")
	assert.False(t, redisserver.Has())
	for _, required := range []string{"", "1"} {
		t.Setenv("REQUIRE_SERVICES", required)
		fake := &fakeTB{TB: t}
		fake.run(func() { redisserver.Start(fake) })
		assert.Equal(t, required == "", fake.skipped)
		assert.Equal(t, required != "", fake.failed)
		assert.Contains(t, fake.text, "redis-server is not installed")
	}
}

func TestCluster(t *testing.T) {
	t.Parallel()
	c := redisserver.StartCluster(t, 3)
	nodes, addrs := c.Nodes(), c.Addrs()
	require.Len(t, nodes, 3)
	for i, node := range nodes {
		assert.Equal(t, node.Addr(), addrs[i])
		assert.Contains(t, node.Do("CLUSTER", "INFO"), "cluster_state:ok\r\n")
		assert.Contains(t, node.Do("CLUSTER", "INFO"), "cluster_size:3\r\n")
	}
	const key, slot = "foo", "12182" // of the last third
	assert.Equal(t, slot, nodes[0].Do("CLUSTER", "KEYSLOT", key))
	_, err := nodes[0].Try("SET", key, "v")
	require.EqualError(t, err, "MOVED "+slot+" "+addrs[2])
	assert.Equal(t, "OK", nodes[2].Do("SET", key, "v"))
	assert.Equal(t, "1", nodes[2].Do("CLUSTER", "COUNTKEYSINSLOT", slot))
	assert.Equal(t, "0", nodes[0].Do("CLUSTER", "COUNTKEYSINSLOT", slot))

	nodes[2].Restart()
	assert.EventuallyWithT(t, func(c *assert.CollectT) {
		_, err := nodes[2].Try("GET", key)
		assert.NoError(c, err)
	}, 10*time.Second, 10*time.Millisecond, "it rejoins")
}

func TestCluster_OfOne(t *testing.T) {
	t.Parallel()
	c := redisserver.StartCluster(t, 1)
	assert.Equal(t, "OK", c.Nodes()[0].Do("SET", "foo", "v"))
}

// needServer skips the test, or fails it, where there is no redis-server.
func needServer(t *testing.T) {
	t.Helper()
	redisserver.Start(t).Kill()
}

func dial(t *testing.T, s *redisserver.Server) (net.Conn, *bufio.Reader) {
	t.Helper()
	conn, err := net.Dial("tcp", s.Addr())
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	return conn, bufio.NewReader(conn)
}

func assertDown(t *testing.T, s *redisserver.Server) {
	t.Helper()
	_, err := net.Dial("tcp", s.Addr())
	assert.Error(t, err)
}

func pidOf(t *testing.T, s *redisserver.Server) string {
	t.Helper()
	_, after, found := strings.Cut(s.Do("INFO", "server"), "process_id:")
	require.True(t, found)
	pid, _, _ := strings.Cut(after, "\r\n")
	return pid
}
