package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
	"github.com/gin-authjwt/authjwt/storetest"
)

const (
	secret  = "websocket-test-0123456789-abcdefghijklmnop"
	patient = 20 * time.Second // for what must happen, and has no time of its own
)

// A syncBuffer is what the programs of all tests log to.
type syncBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

var logged syncBuffer

func TestMain(m *testing.M) {
	if err := flag.Set("test.parallel", "16"); err != nil { // they wait, mostly
		panic(err)
	}
	gin.DefaultWriter, gin.DefaultErrorWriter = &logged, &logged
	os.Exit(m.Run())
}

// A program is the program's router behind a listener.
type program struct {
	auth  *authjwt.Manager
	store *storetest.Faulty
	open  *sockets
	http  *httptest.Server
	stop  context.CancelFunc // ends its sockets
}

func start(t *testing.T, edit ...func(*authjwt.Settings)) *program {
	t.Helper()
	p := &program{store: storetest.NewFaulty(new(authjwt.MemoryStore))}
	s := settings(secret)
	s.Store = p.store
	for _, e := range edit {
		e(&s)
	}
	var err error
	p.auth, err = authjwt.New(s)
	require.NoError(t, err)
	ctx, stop := context.WithCancel(context.Background())
	p.open, p.stop = &sockets{auth: p.auth, server: ctx}, stop
	p.http = httptest.NewServer(router(p.auth, p.open))
	t.Cleanup(func() {
		p.stop()
		p.awaitSockets(t, patient)
		p.http.Close()
	})
	return p
}

// awaitSockets waits until all sockets have ended.
func (p *program) awaitSockets(t *testing.T, atMost time.Duration) {
	t.Helper()
	ended := make(chan struct{})
	go func() { p.open.running.Wait(); close(ended) }()
	select {
	case <-ended:
	case <-time.After(atMost):
		require.Fail(t, "a socket does not end")
	}
}

// token makes one that belongs to no session, and returns its CSRF value, too.
func (p *program) token(t *testing.T, subject string, opts ...authjwt.TokenOption) (raw, csrf string) {
	t.Helper()
	raw, err := p.auth.CreateAccessToken(subject, opts...)
	require.NoError(t, err)
	token, err := p.auth.Verify(t.Context(), raw, authjwt.Access)
	require.NoError(t, err)
	return raw, token.CSRFToken()
}

// A session is what a login hands out.
type session struct {
	Access string `json:"access_token"`
	CSRF   string `json:"csrf_access_token"`
}

func (p *program) login(t *testing.T) (s session) {
	t.Helper()
	text := p.post(t, "/login", "username=test&password=test", "Content-Type", "application/x-www-form-urlencoded")
	require.NoError(t, json.Unmarshal([]byte(text), &s))
	require.NotEmpty(t, s.Access)
	return s
}

func (p *program) post(t *testing.T, path, body string, fields ...string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.http.URL+path, strings.NewReader(body))
	require.NoError(t, err)
	req.Header = header(fields)
	res, err := p.http.Client().Do(req)
	require.NoError(t, err)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, res.StatusCode, "%s", text)
	return string(text)
}

func header(fields []string) http.Header {
	h := http.Header{}
	for i := 0; i < len(fields); i += 2 {
		h.Add(fields[i], fields[i+1])
	}
	return h
}

// A socket is the client's end of one.
type socket struct{ *websocket.Conn }

// dial connects; with a refusal there is no socket, and its body is res.Body.
func (p *program) dial(t *testing.T, target string, fields ...string) (*socket, *http.Response) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patient)
	defer cancel()
	conn, res, err := websocket.Dial(ctx, p.http.URL+target, &websocket.DialOptions{
		HTTPHeader: header(fields), CompressionMode: websocket.CompressionNoContextTakeover, // an offer, as browsers make it
	})
	require.NotNil(t, res, err)
	if err != nil {
		return nil, res
	}
	t.Cleanup(func() { _ = conn.CloseNow() })
	return &socket{conn}, res
}

// opens connects with the token in the header.
func (p *program) opens(t *testing.T, raw string) *socket {
	t.Helper()
	s, res := p.dial(t, "/echo", "Authorization", "Bearer "+raw)
	require.NotNil(t, s, res.Status)
	s.echoes(t)
	return s
}

func (s *socket) echoes(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patient)
	defer cancel()
	text := time.Now().String()
	require.NoError(t, s.Write(ctx, websocket.MessageText, []byte(text)))
	kind, message, err := s.Read(ctx)
	require.NoError(t, err)
	assert.Equal(t, websocket.MessageText, kind)
	assert.Equal(t, text, string(message))
}

// ends reads until the server closes the socket, and returns when it has.
func (s *socket) ends(t *testing.T, want ending) time.Time {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patient)
	defer cancel()
	_, _, err := s.Read(ctx)
	at := time.Now()
	var closed websocket.CloseError
	if assert.ErrorAs(t, err, &closed) {
		assert.Equal(t, want, ending{closed.Code, closed.Reason})
	}
	return at
}
