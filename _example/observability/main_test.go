package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
	"github.com/gin-authjwt/authjwt/storetest"
)

const secret = "observability-test-0123456789-abcdefghijklmnop"

// A journal is what a program has logged.
type journal struct {
	mu  sync.Mutex
	all bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.all.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.all.String()
}

// A running program, whose clock and whose Store's faults are the test's.
type running struct {
	*program
	store           *storetest.Faulty
	log             journal
	passed          atomic.Int64
	public, private *httptest.Server
}

func start(t *testing.T, level slog.Level) *running {
	t.Helper()
	r := &running{store: storetest.NewFaulty(new(authjwt.MemoryStore))}
	s, began := settings(secret), time.Now()
	s.Store, s.Now = r.store, func() time.Time { return began.Add(time.Duration(r.passed.Load())) }
	p, err := newProgram(s, slog.New(slog.NewJSONHandler(&r.log, &slog.HandlerOptions{Level: level})))
	require.NoError(t, err)
	r.program, r.public, r.private = p, httptest.NewServer(p.public), httptest.NewServer(p.private)
	t.Cleanup(r.private.Close)
	t.Cleanup(r.public.Close)
	return r
}

func (r *running) pass(d time.Duration) { r.passed.Add(int64(d)) }

// ask returns the status, and the body.
func (r *running) ask(t *testing.T, method, path, form string, fields ...string) (int, string) {
	t.Helper()
	return ask(t, method, r.public.URL+path, form, fields...)
}

func ask(t *testing.T, method, url, form string, fields ...string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(form))
	require.NoError(t, err)
	if form != "" {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i < len(fields); i += 2 {
		req.Header.Set(fields[i], fields[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return res.StatusCode, string(text)
}

// A pair is what a login or a refresh hands out.
type pair struct {
	Access  string `json:"access_token"`
	Refresh string `json:"refresh_token"`
}

func (r *running) login(t *testing.T) (p pair) {
	t.Helper()
	status, text := r.ask(t, "POST", "/login", "username=test&password=test")
	require.Equal(t, http.StatusOK, status, text)
	require.NoError(t, json.Unmarshal([]byte(text), &p))
	require.NotEmpty(t, p.Refresh)
	return p
}

// scrape returns the metrics as Prometheus gets them: a value for each series.
func (r *running) scrape(t *testing.T) map[string]float64 {
	t.Helper()
	status, text := ask(t, "GET", r.private.URL+"/metrics", "")
	require.Equal(t, http.StatusOK, status)
	all := map[string]float64{}
	for lines := bufio.NewScanner(strings.NewReader(text)); lines.Scan(); {
		if line := lines.Text(); !strings.HasPrefix(line, "#") {
			at := strings.LastIndexByte(line, ' ')
			value, err := strconv.ParseFloat(line[at+1:], 64)
			require.NoError(t, err, line)
			all[line[:at]] = value
		}
	}
	return all
}

// records returns level and message of what is logged from the octet on, and all of it.
func (r *running) records(t *testing.T, from int) (told []string, text string) {
	t.Helper()
	text = r.log.String()[from:]
	for line := range strings.Lines(text) {
		var record struct{ Level, Msg string }
		require.NoError(t, json.Unmarshal([]byte(line), &record), line)
		told = append(told, record.Level+" "+record.Msg)
	}
	return told, text
}

func TestProgram_Serves(t *testing.T) {
	r := start(t, slog.LevelInfo)
	status, text := r.ask(t, "GET", "/notes/7", "", "Authorization", "Bearer "+r.login(t).Access)
	assert.Equal(t, http.StatusOK, status)
	assert.JSONEq(t, `{"user":"test","note":"7"}`, text)
	status, _ = r.ask(t, "GET", "/notes/7", "")
	assert.Equal(t, http.StatusUnauthorized, status)
}

// The metrics are not the public's, and its routes are not Prometheus's.
func TestProgram_MetricsApart(t *testing.T) {
	r := start(t, slog.LevelInfo)
	status, text := r.ask(t, "GET", "/metrics", "")
	assert.Equal(t, http.StatusNotFound, status)
	assert.NotContains(t, text, "authjwt_")
	status, text = ask(t, "GET", r.private.URL+"/metrics", "")
	assert.Equal(t, http.StatusOK, status)
	assert.Contains(t, text, "authjwt_store_up 1\n")
	for _, path := range []string{"/", "/login", "/notes/7"} {
		status, _ = ask(t, "POST", r.private.URL+path, "username=test&password=test")
		assert.Equal(t, http.StatusNotFound, status, path)
	}
}

func TestProgram_RefusesToStart(t *testing.T) {
	log := slog.New(slog.DiscardHandler)
	_, err := newProgram(settings("short"), log)
	assert.ErrorContains(t, err, "SecretKey")
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	busy, free := taken.Addr().String(), "127.0.0.1:0"
	assert.ErrorContains(t, run(t.Context(), log, busy, free), busy)
	assert.ErrorContains(t, run(t.Context(), log, free, busy), busy)
	done, stop := context.WithCancel(t.Context())
	stop()
	assert.NoError(t, run(done, log, free, free))
}

// Who is being served is answered when the program is told to end; then neither address is served.
func TestProgram_EndsGracefully(t *testing.T) {
	public, private := listen(t), listen(t)
	p, err := newProgram(settings(secret), slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- serve(ctx, p, public, private) }()

	conn, err := net.Dial("tcp", public.Addr().String())
	require.NoError(t, err)
	defer conn.Close()
	const form = "username=test&password=test"
	_, err = fmt.Fprintf(conn, "POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n"+
		"Content-Length: %d\r\nExpect: 100-continue\r\n\r\n", len(form))
	require.NoError(t, err)
	answers := bufio.NewReader(conn)
	res, err := http.ReadResponse(answers, nil)
	require.NoError(t, err)
	require.Equal(t, http.StatusContinue, res.StatusCode) // login waits for the body
	stop()
	require.Eventually(t, func() bool { return !reachable(public) }, 5*time.Second, 10*time.Millisecond)
	assert.True(t, reachable(private), "it ends last")
	_, err = io.WriteString(conn, form)
	require.NoError(t, err)
	res, err = http.ReadResponse(answers, nil)
	require.NoError(t, err)
	assert.Equal(t, http.StatusOK, res.StatusCode)
	require.NoError(t, res.Body.Close())
	select {
	case err := <-ended:
		assert.NoError(t, err)
	case <-time.After(10 * time.Second):
		require.Fail(t, "the program does not end")
	}
	assert.False(t, reachable(private))
}

// Where one address fails, the other is not served on.
func TestProgram_EndsAsAWhole(t *testing.T) {
	for i := range 2 {
		listeners := []net.Listener{listen(t), listen(t)}
		p, err := newProgram(settings(secret), slog.New(slog.DiscardHandler))
		require.NoError(t, err)
		require.NoError(t, listeners[i].Close())
		assert.ErrorIs(t, serve(t.Context(), p, listeners[0], listeners[1]), net.ErrClosed)
		assert.False(t, reachable(listeners[1-i]))
	}
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	return listener
}

func reachable(l net.Listener) bool {
	conn, err := net.Dial("tcp", l.Addr().String())
	if err == nil {
		_ = conn.Close()
	}
	return err == nil
}
