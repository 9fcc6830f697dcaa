package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

// served is the program as main runs it.
type served struct {
	url   string
	auth  *authjwt.Manager // another one with the same secret and store
	stop  context.CancelFunc
	ended chan error
}

func serveHere(t *testing.T) *served {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	config := settings(secret)
	auth, err := authjwt.New(config)
	require.NoError(t, err)
	ctx, stop := context.WithCancel(context.Background())
	s := &served{"http://" + listener.Addr().String(), auth, stop, make(chan error, 1)}
	go func() { s.ended <- serve(ctx, listener, config); close(s.ended) }()
	t.Cleanup(func() { stop(); <-s.ended })
	return s
}

func (s *served) token(t *testing.T) string {
	t.Helper()
	raw, err := s.auth.CreateAccessToken("test")
	require.NoError(t, err)
	return raw
}

func (s *served) awaitEnd(t *testing.T) {
	t.Helper()
	select {
	case err := <-s.ended:
		assert.NoError(t, err)
	case <-time.After(promised):
		require.Fail(t, "the program does not end")
	}
}

func TestServe_ShutdownEndsSockets(t *testing.T) {
	t.Parallel()
	s := serveHere(t)
	bearer := &websocket.DialOptions{HTTPHeader: http.Header{"Authorization": {"Bearer " + s.token(t)}}}
	var open []*socket
	for range 3 {
		conn, _, err := websocket.Dial(t.Context(), s.url+"/echo", bearer)
		require.NoError(t, err)
		open = append(open, &socket{conn})
	}
	begin := time.Now()
	s.stop()
	for _, socket := range open[1:] { // the first does not answer, and is waited for for a moment
		assert.Less(t, socket.ends(t, goingAway).Sub(begin), promised)
	}
	s.awaitEnd(t)
	assert.GreaterOrEqual(t, time.Since(begin), maxClosing, "no socket is left open")
	_, _, err := websocket.Dial(t.Context(), s.url+"/echo", bearer)
	assert.Error(t, err)
	_ = open[0].CloseNow()
}

// A request that has begun has its answer before the program ends.
func TestServe_ShutdownAnswersRequests(t *testing.T) {
	t.Parallel()
	s := serveHere(t)
	addr := strings.TrimPrefix(s.url, "http://")
	conn, err := net.Dial("tcp", addr)
	require.NoError(t, err)
	defer conn.Close()
	reader := bufio.NewReader(conn)
	body := `{"username":"test","password":"test"}`
	_, err = fmt.Fprintf(conn, "POST /login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\nExpect: 100-continue\r\n\r\n", len(body))
	require.NoError(t, err)
	line, err := reader.ReadString('\n')
	require.NoError(t, err)
	require.Contains(t, line, "100 Continue", "the handler reads the body")
	_, err = reader.ReadString('\n')
	require.NoError(t, err)
	s.stop()
	require.Eventually(t, func() bool {
		late, err := net.Dial("tcp", addr)
		if err == nil {
			_ = late.Close()
		}
		return err != nil
	}, patient, 10*time.Millisecond)
	_, err = io.WriteString(conn, body)
	require.NoError(t, err)
	res, err := http.ReadResponse(reader, nil)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	assert.Equal(t, http.StatusOK, res.StatusCode)
	s.awaitEnd(t)
}

func TestLogin(t *testing.T) {
	t.Parallel()
	s := serveHere(t)
	for body, status := range map[string]int{
		"username=test&password=test": http.StatusOK,
		"username=test&password=Test": http.StatusUnauthorized,
		"username=Test&password=test": http.StatusUnauthorized,
		"username=test":               http.StatusBadRequest,
	} {
		res, err := http.Post(s.url+"/login", "application/x-www-form-urlencoded", strings.NewReader(body))
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		assert.Equal(t, status, res.StatusCode, body)
	}
}

func TestServe_Mistakes(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	assert.ErrorContains(t, serve(t.Context(), listener, settings("short")), "SecretKey")
	require.NoError(t, listener.Close())
	assert.ErrorIs(t, serve(t.Context(), listener, settings(secret)), net.ErrClosed)
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	assert.ErrorContains(t, run(t.Context(), taken.Addr().String(), ""), "address already in use")
}

func TestTalk(t *testing.T) {
	t.Parallel()
	s := serveHere(t)
	raw := s.token(t)
	var out strings.Builder
	require.NoError(t, talk(t.Context(), s.url+"/echo", raw, strings.NewReader(""), &out))
	assert.Empty(t, out.String())

	token, err := s.auth.Verify(t.Context(), raw, authjwt.Access)
	require.NoError(t, err)
	in, typing := io.Pipe()
	defer typing.Close()
	seen, screen := io.Pipe()
	ended := make(chan error, 1)
	go func() { ended <- talk(t.Context(), s.url+"/echo", raw, in, screen); screen.Close() }()
	_, err = io.WriteString(typing, "hello\n")
	require.NoError(t, err)
	echoed := make([]byte, len("hello\n"))
	_, err = io.ReadFull(seen, echoed)
	require.NoError(t, err)
	assert.Equal(t, "hello\n", string(echoed))
	require.NoError(t, s.auth.Revoke(t.Context(), token))
	rest, err := io.ReadAll(seen)
	require.NoError(t, err)
	assert.Equal(t, "closed with 1008 "+revoked.reason+"\n", string(rest))
	require.NoError(t, <-ended)
	assert.ErrorContains(t, talk(t.Context(), s.url+"/echo", raw, strings.NewReader(""), io.Discard), `"code":"token_revoked"`)
}
