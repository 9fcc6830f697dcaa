package main

import (
	"bufio"
	"context"
	"net"
	"sync"
	"time"

	"github.com/coder/websocket"
	"github.com/gin-gonic/gin"

	"github.com/gin-authjwt/authjwt"
)

const (
	maxMessage = 4 << 10                // octets
	maxWrite   = 5 * time.Second        // for a client to take a message
	maxClosing = 500 * time.Millisecond // for a client to answer that the socket is closed
)

// sockets are the open ones. They are closed when server is done; then running says when the last one was.
type sockets struct {
	auth    *authjwt.Manager
	server  context.Context
	running sync.WaitGroup
}

// accept guards, upgrades and echoes. There are two goroutines to a socket: this one watches the token, the other
// reads and writes, so that a client that is silent or takes nothing holds nothing up.
func (s *sockets) accept(c *gin.Context) {
	a := authjwt.FromContext(c)
	// The value is for clients that send a cookie and no Origin; a browser's Origin is enough.
	if a.JWTRequired(authjwt.WithCSRFToken(c.Query("csrf_token"))) != nil {
		return
	}
	token := a.Token()
	s.running.Add(1) // before the upgrade, up to which Shutdown waits for the handler
	defer s.running.Done()
	w := &hijacked{ResponseWriter: c.Writer}
	conn, err := websocket.Accept(w, c.Request, &websocket.AcceptOptions{
		// The guard has checked Origin already where it matters, for a token from a cookie, which browsers add by
		// themselves: scheme and port, too, and by Settings.TrustedOrigins. A second list here would have to be
		// kept equal, and would refuse other sites' pages that hold a token of their own.
		InsecureSkipVerify: true,
		// Compressed, what a stranger may add to a message tells by the length what else is in it.
		CompressionMode: websocket.CompressionDisabled,
	})
	if err != nil {
		return // it has answered
	}
	defer func() { _ = conn.CloseNow() }() // when the Store panics, say
	watched, leave := context.WithCancel(s.server)
	defer leave()
	s.running.Go(func() {
		defer leave()
		echo(conn)
	})
	end := watch(watched, s.auth, token)
	// Close alone would wait 5 s for a write that a client does not take, and for ever for the rest of a frame.
	_ = w.conn.SetDeadline(time.Now().Add(maxClosing))
	_ = conn.Close(end.code, end.reason) // does nothing if the client has left
}

// echo returns when the socket is closed. What comes in while it is being closed is not answered.
func echo(conn *websocket.Conn) {
	conn.SetReadLimit(maxMessage)
	for {
		kind, message, err := conn.Read(context.Background()) // watch ends the wait
		if err != nil {
			return
		}
		ctx, cancel := context.WithTimeout(context.Background(), maxWrite)
		err = conn.Write(ctx, kind, message)
		cancel()
		if err != nil {
			return
		}
	}
}

// hijacked keeps the connection below the socket, for its deadline.
type hijacked struct {
	gin.ResponseWriter
	conn net.Conn
}

func (w *hijacked) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := w.ResponseWriter.Hijack()
	w.conn = conn
	return conn, rw, err
}
