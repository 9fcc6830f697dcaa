// Package redisserver starts real redis-servers for tests, on free ports of the loopback interface and in
// temporary directories. They end with their tests; on Linux also if the test binary is killed.
package redisserver

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// limit is how long a server has for anything, on a busy machine too.
const limit = 10 * time.Second

// A Server is a redis-server that can be killed, paused and started again on its port and directory. What
// goes wrong fails the test that started it, so all methods but Addr, Dir and Try are for its goroutine.
type Server struct {
	tb   testing.TB
	port int
	dir  string

	first []string // arguments before the defaults

	mu      sync.Mutex
	args    []string
	process *process
}

// Has tells whether redis-server is installed.
func Has() bool {
	_, err := exec.LookPath("redis-server")
	return err == nil
}

// Start starts a redis-server with these arguments added to the defaults, over which they have
// precedence, and kills it when the test ends. It persists nothing by default. Start returns when the
// server answers. Where redis-server is not installed the test is skipped; if REQUIRE_SERVICES is set, it
// fails. If a test fails, the end of its servers' logs is logged.
func Start(tb testing.TB, args ...string) *Server {
	tb.Helper()
	return start(tb, nil, args)
}

func start(tb testing.TB, first, args []string) *Server {
	tb.Helper()
	if !Has() {
		if os.Getenv("REQUIRE_SERVICES") != "" {
			tb.Fatal("redisserver: REQUIRE_SERVICES is set, but redis-server is not installed")
		}
		tb.Skip("redisserver: redis-server is not installed")
	}
	var err error
	for range 3 { // the port may be taken before the server has it
		s := &Server{tb: tb, port: freePort(tb), dir: tb.TempDir(), first: first}
		s.Launch(args...)
		if err = s.await(); err == nil {
			return s
		}
		if !errors.Is(err, errEnded) {
			break
		}
	}
	tb.Fatalf("redisserver: start redis-server: %v", err)
	return nil
}

// Addr is where the server listens, 127.0.0.1:port. A restart does not change it.
func (s *Server) Addr() string { return "127.0.0.1:" + strconv.Itoa(s.port) }

// Dir is the server's working directory, which the test's end deletes.
func (s *Server) Dir() string { return s.dir }

// Kill ends the server with SIGKILL, even if it is paused, and waits for its end.
func (s *Server) Kill() { s.latest().kill() }

// Stop ends the server with SHUTDOWN NOSAVE and waits for its end. A paused server has to be resumed
// before.
func (s *Server) Stop() {
	s.tb.Helper()
	p := s.latest()
	if p.hasEnded() {
		return
	}
	_, err := s.Try("SHUTDOWN", "NOSAVE") // succeeds by losing the connection
	if !errors.As(err, new(replyError)) {
		select {
		case <-p.ended:
			return
		case <-time.After(limit):
		}
	}
	s.tb.Fatalf("redisserver: %s does not stop: %v", s.Addr(), err)
}

// Restart starts the server again, with these arguments added for this and later starts, and returns when
// it answers. A server that runs is killed first.
func (s *Server) Restart(args ...string) {
	s.tb.Helper()
	s.Launch(args...)
	if err := s.await(); err != nil {
		s.tb.Fatalf("redisserver: restart %s: %v", s.Addr(), err)
	}
}

// Launch is Restart without waiting: at first connections are refused, then commands may be answered with
// LOADING.
func (s *Server) Launch(args ...string) {
	s.tb.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.process != nil {
		s.process.kill()
	}
	s.args = append(s.args, args...)
	defaults := []string{
		"--save", "", "--appendonly", "no", "--bind", "127.0.0.1", "--protected-mode", "no",
		"--port", strconv.Itoa(s.port), "--dir", s.dir, "--daemonize", "no", "--loglevel", "warning",
	}
	p, err := startProcess(s.logFile(), slices.Concat(s.first, defaults, s.args))
	if err != nil {
		s.tb.Fatalf("redisserver: start redis-server: %v", err)
	}
	if s.process == nil {
		s.tb.Cleanup(s.cleanUp)
	}
	s.process = p
}

// Pause halts the server with SIGSTOP: connections are accepted, commands are not answered.
func (s *Server) Pause() {
	s.tb.Helper()
	s.signal(pause)
}

// Resume ends a Pause with SIGCONT; the commands that came meanwhile are carried out.
func (s *Server) Resume() {
	s.tb.Helper()
	s.signal(resume)
}

func (s *Server) signal(sig os.Signal) {
	s.tb.Helper()
	if err := s.latest().cmd.Process.Signal(sig); err != nil {
		s.tb.Fatalf("redisserver: send %v to %s: %v", sig, s.Addr(), err)
	}
}

func (s *Server) latest() *process {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.process
}

// await waits until the server answers, itself: another one may have got the port.
func (s *Server) await() error {
	p := s.latest()
	itself := fmt.Sprintf("\nprocess_id:%d\r\n", p.cmd.Process.Pid)
	return until(func() error {
		if p.hasEnded() {
			return errEnded
		}
		info, err := s.Try("INFO", "server")
		if err != nil {
			return err
		}
		if !strings.Contains(info, itself) {
			return errors.New("another process has the port")
		}
		_, err = s.Try("PING") // unlike INFO, not answered while data is loaded
		return err
	})
}

func (s *Server) cleanUp() {
	s.Kill()
	if !s.tb.Failed() {
		return
	}
	log, err := os.ReadFile(s.logFile())
	if err != nil {
		s.tb.Logf("redisserver: read the log of %s: %v", s.Addr(), err)
		return
	}
	lines := strings.Split(strings.TrimSpace(string(log)), "\n")
	lines = lines[max(0, len(lines)-20):]
	s.tb.Logf("the log of the redis-server at %s ends:\n%s", s.Addr(), strings.Join(lines, "\n"))
}

func (s *Server) logFile() string { return filepath.Join(s.dir, "redis-server.log") }

// until tries until there is no error, or none that waiting may cure.
func until(try func() error) error {
	for deadline := time.Now().Add(limit); ; time.Sleep(5 * time.Millisecond) {
		err := try()
		if err == nil || errors.Is(err, errEnded) {
			return err
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("not ready after %v: %w", limit, err)
		}
	}
}
