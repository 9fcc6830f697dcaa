package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt/internal/browser"
	"github.com/gin-authjwt/authjwt/internal/redisserver"
)

const (
	secret      = "redis-example-0123456789-abcdefghijklmnop"
	credentials = "username=test&password=test"
)

// program is the file of the program, which is built once for all tests.
var program string

func TestMain(m *testing.M) {
	os.Exit(buildAndRun(m))
}

func buildAndRun(m *testing.M) int {
	dir, err := os.MkdirTemp("", "authjwt-redis-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	program = filepath.Join(dir, "program")
	if output, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "%v\n%s", err, output)
		return 1
	}
	return m.Run()
}

// A server is a process of the program.
type server struct {
	addr    string
	process *exec.Cmd
	client  *http.Client
	ended   chan struct{} // closed when the process has
	output  bytes.Buffer  // to be read then
}

// start starts the program on that Redis, and kills it when the test ends. It returns when the program serves.
func start(t *testing.T, redis *redisserver.Server) *server {
	t.Helper()
	for range 3 { // another program may take the port first
		s := launch(t, redis.Addr(), secret)
		serves := assert.Eventually(t, func() bool {
			conn, err := net.Dial("tcp", s.addr)
			if err == nil {
				_ = conn.Close()
			}
			return err == nil || s.hasEnded()
		}, 20*time.Second, 10*time.Millisecond)
		require.True(t, serves, "the program does not serve")
		if !s.hasEnded() {
			return s
		}
		require.Contains(t, s.printed(), "address already in use")
	}
	require.Fail(t, "no free port")
	return nil
}

func launch(t *testing.T, redis, secret string) *server {
	t.Helper()
	s := &server{addr: freeAddress(t), ended: make(chan struct{})}
	s.client = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: together}, Timeout: 10 * time.Second}
	s.process = exec.Command(program, "-redis", redis, "-addr", s.addr)
	s.process.Env = append(os.Environ(), "SECRET_KEY="+secret)
	s.process.Stdout, s.process.Stderr = &s.output, &s.output
	require.NoError(t, s.process.Start())
	go func() {
		_ = s.process.Wait() // killed is how most end
		close(s.ended)
	}()
	t.Cleanup(func() {
		s.client.CloseIdleConnections()
		if printed := s.printed(); t.Failed() {
			t.Logf("the server at %s has printed:\n%s", s.addr, printed)
		}
	})
	return s
}

func freeAddress(t *testing.T) string {
	t.Helper()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, free.Close())
	return free.Addr().String()
}

func (s *server) hasEnded() bool {
	select {
	case <-s.ended:
		return true
	default:
		return false
	}
}

func (s *server) awaitEnd(t *testing.T) {
	t.Helper()
	select {
	case <-s.ended:
	case <-time.After(10 * time.Second):
		require.Fail(t, "the program does not end")
	}
}

// printed is what the process has printed. It is killed if it has not ended.
func (s *server) printed() string {
	_ = s.process.Process.Kill()
	<-s.ended
	return s.output.String()
}

// do is for any goroutine.
func (s *server) do(ctx context.Context, method, path, bearer, form string) (browser.Answer, error) {
	req, err := http.NewRequestWithContext(ctx, method, "http://"+s.addr+path, strings.NewReader(form))
	if err != nil {
		return browser.Answer{}, err
	}
	if bearer != "" {
		req.Header.Set("Authorization", "Bearer "+bearer)
	}
	if form != "" {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	res, err := s.client.Do(req)
	if err != nil {
		return browser.Answer{}, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	return browser.Answer{Response: res, Text: string(text)}, err
}

func (s *server) ask(t *testing.T, method, path, bearer string) browser.Answer {
	t.Helper()
	answer, err := s.do(t.Context(), method, path, bearer, "")
	require.NoError(t, err)
	return answer
}

// A pair is what a login or a refresh hands out.
type pair struct{ access, refresh string }

func pairOf(a browser.Answer) pair { return pair{a.Field("access_token"), a.Field("refresh_token")} }

func (s *server) login(t *testing.T) pair {
	t.Helper()
	answer, err := s.do(t.Context(), "POST", "/login", "", credentials)
	require.NoError(t, err)
	require.Equal(t, 200, answer.StatusCode, answer.Text)
	return pairOf(answer)
}

func (s *server) refresh(t *testing.T, p pair) pair {
	t.Helper()
	answer := s.ask(t, "POST", "/refresh", p.refresh)
	require.Equal(t, 200, answer.StatusCode, answer.Text)
	return pairOf(answer)
}

func (s *server) accepts(t *testing.T, p pair) {
	t.Helper()
	assert.Equal(t, `{"user":"test"}`, s.ask(t, "GET", "/protected", p.access).Text)
}

// refuses checks that both tokens were revoked.
func (s *server) refuses(t *testing.T, p pair) {
	t.Helper()
	for _, answer := range []browser.Answer{s.ask(t, "GET", "/protected", p.access), s.ask(t, "POST", "/refresh", p.refresh)} {
		assert.Equal(t, 401, answer.StatusCode, answer.Request.URL)
		assert.Equal(t, "token_revoked", answer.Field("code"), answer.Request.URL)
	}
}

// claims are those of a token that tell what it belongs to.
type claims struct {
	ID       string `json:"jti"`
	Session  string `json:"sid"`
	IssuedAt int64  `json:"iat"`
}

func claimsOf(t *testing.T, token string) (c claims) {
	t.Helper()
	parts := strings.Split(token, ".")
	require.Len(t, parts, 3, token)
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(payload, &c))
	require.NotEmpty(t, c.ID)
	require.NotEmpty(t, c.Session)
	return c
}
