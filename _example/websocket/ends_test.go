package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
	"github.com/gin-authjwt/authjwt/storetest"
)

const promised = 2 * time.Second // from a revocation to the end of the socket

func TestEnds_Expiry(t *testing.T) {
	t.Parallel()
	p := start(t, func(s *authjwt.Settings) { s.AccessTokenExpires = authjwt.NoExpiry })
	long, _ := p.token(t, "test", authjwt.WithExpires(time.Hour))
	none, _ := p.token(t, "test")
	stays := []*socket{p.opens(t, long), p.opens(t, none)}
	short, _ := p.token(t, "test", authjwt.WithExpires(3*time.Second))
	token, err := p.auth.Verify(t.Context(), short, authjwt.Access)
	require.NoError(t, err)
	at := p.opens(t, short).ends(t, expired)
	assert.WithinRange(t, at, token.ExpiresAt, token.ExpiresAt.Add(promised))
	for _, s := range stays {
		s.echoes(t)
	}
}

// Whatever ends a token, from another connection, ends the sockets that were opened with it, and no others.
func TestEnds_Revoked(t *testing.T) {
	t.Parallel()
	post := func(path string, fields ...string) func(*testing.T, *program, session) {
		return func(t *testing.T, p *program, s session) {
			t.Helper()
			p.post(t, path, "", append(fields, "Authorization", "Bearer "+s.Access)...)
		}
	}
	verified := func(t *testing.T, p *program, s session) *authjwt.Token {
		t.Helper()
		token, err := p.auth.Verify(t.Context(), s.Access, authjwt.Access)
		require.NoError(t, err)
		return token
	}
	for _, row := range []struct {
		name   string
		all    bool // of the subject's sessions
		revoke func(*testing.T, *program, session)
	}{
		{"logout", false, post("/logout")},
		{"logout by cookie", false, func(t *testing.T, p *program, s session) {
			p.post(t, "/logout", "", "Cookie", "access_token_cookie="+s.Access, "X-CSRF-Token", s.CSRF)
		}},
		{"logout-all", true, post("/logout-all")},
		{"RevokeSession", false, func(t *testing.T, p *program, s session) {
			require.NoError(t, p.auth.RevokeSession(t.Context(), verified(t, p, s).SessionID))
		}},
		{"Revoke", false, func(t *testing.T, p *program, s session) {
			require.NoError(t, p.auth.Revoke(t.Context(), verified(t, p, s)))
		}},
		{"RevokeSubject", true, func(t *testing.T, p *program, _ session) {
			require.NoError(t, p.auth.RevokeSubject(t.Context(), "test"))
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			p := start(t)
			mine, sibling := p.login(t), p.login(t)
			stranger, _ := p.token(t, "other")
			ending, staying := []*socket{p.opens(t, mine.Access), p.opensByCookie(t, mine), p.opensByQuery(t, mine)}, []*socket{p.opens(t, stranger)}
			if also := p.opens(t, sibling.Access); row.all {
				ending = append(ending, also)
			} else {
				staying = append(staying, also)
			}
			begin := time.Now()
			row.revoke(t, p, mine)
			for _, s := range ending {
				assert.Less(t, s.ends(t, revoked).Sub(begin), promised)
			}
			p.awaitChecks(t, 2*len(staying))
			for _, s := range staying {
				s.echoes(t)
			}
		})
	}
}

func (p *program) opensByCookie(t *testing.T, s session) *socket {
	t.Helper()
	opened, res := p.dial(t, "/echo", "Cookie", "access_token_cookie="+s.Access, "Origin", p.http.URL)
	require.NotNil(t, opened, res.Status)
	opened.echoes(t)
	return opened
}

func (p *program) opensByQuery(t *testing.T, s session) *socket {
	t.Helper()
	opened, res := p.dial(t, "/echo?token="+s.Access)
	require.NotNil(t, opened, res.Status)
	opened.echoes(t)
	return opened
}

// awaitChecks waits until the store was asked so many times more.
func (p *program) awaitChecks(t *testing.T, more int) {
	t.Helper()
	want := p.store.Calls() + int64(more)
	require.Eventually(t, func() bool { return p.store.Calls() >= want }, patient, 10*time.Millisecond)
}

// What cannot be checked is closed, and not let in again; with the store the sockets come back.
func TestEnds_StoreFaults(t *testing.T) {
	t.Parallel()
	for fault, name := range map[storetest.Fault]string{
		storetest.Fails: "Fails", storetest.Hangs: "Hangs",
		storetest.FailsLate: "FailsLate", storetest.Short: "Short",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := start(t)
			raw, _ := p.token(t, "test")
			socket := p.opens(t, raw)
			begin := time.Now()
			p.store.Be(fault)
			assert.Less(t, socket.ends(t, unchecked).Sub(begin), promised)
			refused, res := p.dial(t, "/echo", "Authorization", "Bearer "+raw)
			require.Nil(t, refused)
			assert.Equal(t, http.StatusServiceUnavailable, res.StatusCode)
			assert.NotEmpty(t, res.Header.Get("Retry-After"))
			p.store.Be(storetest.None)
			p.opens(t, raw)
		})
	}
}

// A store that panics ends the socket, not the program.
func TestEnds_StorePanics(t *testing.T) {
	t.Parallel()
	p := start(t)
	raw, _ := p.token(t, "test")
	socket := p.opens(t, raw)
	p.store.Be(storetest.Panics)
	ctx, cancel := context.WithTimeout(t.Context(), patient)
	defer cancel()
	_, _, err := socket.Read(ctx)
	require.Error(t, err)
	require.NoError(t, ctx.Err())
	p.awaitSockets(t, promised)
	assert.Eventually(t, func() bool { return strings.Contains(logged.String(), "panic recovered") }, patient, 10*time.Millisecond)
	assert.NotContains(t, logged.String(), raw)
	p.store.Be(storetest.None)
	p.opens(t, raw)
}

// shake opens a socket without a client behind it.
func (p *program) shake(t *testing.T, raw string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", p.http.Listener.Addr().String())
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	_, err = fmt.Fprintf(conn, "GET /echo HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", raw)
	require.NoError(t, err)
	answer := make([]byte, 12)
	_, err = io.ReadFull(conn, answer)
	require.NoError(t, err)
	require.Equal(t, "HTTP/1.1 101", string(answer))
	return conn
}

// frame begins a masked binary frame (RFC 6455 §5.2) of that length; the mask is zero.
func frame(length uint64) []byte {
	return append(binary.BigEndian.AppendUint64([]byte{0x82, 0x80 | 127}, length), 0, 0, 0, 0)
}

// flood writes messages until the connection ends. The server, which cannot write what nobody reads, reads no more.
func flood(c net.Conn) {
	message := append(frame(4000), make([]byte, 4000)...)
	for err := error(nil); err == nil; {
		_, err = c.Write(message)
	}
}

// A client that does not answer, read or finish keeps no socket, and nothing of the server's, beyond the promise.
func TestEnds_UnhelpfulClients(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name   string
		behave func(net.Conn)
	}{
		{"silent", func(net.Conn) {}},
		{"in the middle of a header", func(c net.Conn) { _, _ = c.Write(frame(1)[:3]) }},
		{"in the middle of a message", func(c net.Conn) { _, _ = c.Write(append(frame(4000), make([]byte, 100)...)) }},
		{"reads nothing", flood},
		{"announces much, after the end", func(c net.Conn) {
			_, _ = io.ReadAll(c)
			_, _ = c.Write(frame(1 << 40))
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			p := start(t)
			s := p.login(t)
			conn := p.shake(t, s.Access)
			behaved := make(chan struct{})
			go func() { row.behave(conn); close(behaved) }()
			p.awaitChecks(t, 2)
			begin := time.Now()
			p.post(t, "/logout", "", "Authorization", "Bearer "+s.Access)
			p.awaitSockets(t, patient)
			assert.Less(t, time.Since(begin), promised)
			_ = conn.Close()
			<-behaved
		})
	}
}

// A client that takes no message is given up, whatever its token.
func TestEnds_TakesNothing(t *testing.T) {
	t.Parallel()
	p := start(t)
	raw, _ := p.token(t, "test")
	flood(p.shake(t, raw))
	p.awaitSockets(t, promised)
}

// A message that is too long ends the socket at once, however long the client takes for the rest of it.
func TestEnds_TooLong(t *testing.T) {
	t.Parallel()
	p := start(t)
	raw, _ := p.token(t, "test")
	conn := p.shake(t, raw)
	_, err := conn.Write(append(frame(1<<40), make([]byte, maxMessage+1)...))
	require.NoError(t, err)
	p.awaitSockets(t, promised)

	socket := p.opens(t, raw)
	for _, size := range []int{maxMessage, maxMessage + 1} {
		require.NoError(t, socket.Write(t.Context(), websocket.MessageBinary, make([]byte, size)))
		_, message, err := socket.Read(t.Context())
		if size == maxMessage {
			require.NoError(t, err)
			assert.Len(t, message, size)
		} else {
			assert.Equal(t, websocket.StatusMessageTooBig, websocket.CloseStatus(err), err)
		}
	}
}

// It does not run beside the others, which have goroutines of their own.
func TestEnds_LeavesNothing(t *testing.T) {
	idle := func() { http.DefaultClient.CloseIdleConnections() }
	idle()
	base := runtime.NumGoroutine()
	p := start(t)
	returns := func() {
		t.Helper()
		p.awaitSockets(t, promised)
		for _, name := range []string{"_example/websocket.(*sockets).accept(", "_example/websocket.echo(", "coder/websocket."} {
			assert.Eventually(t, func() bool { return goroutines(name) == 0 }, patient, 10*time.Millisecond, name)
		}
	}
	const many = 20
	var sockets []*socket
	open := func(subject string) {
		raw, _ := p.token(t, subject)
		for range many {
			sockets = append(sockets, p.opens(t, raw))
		}
	}
	open("test") // clients that leave
	assert.Equal(t, many, goroutines("_example/websocket.(*sockets).accept("))
	assert.Equal(t, many, goroutines("_example/websocket.echo("))
	for i, s := range sockets {
		if i%2 == 0 {
			s.close(t)
		} else {
			_ = s.CloseNow()
		}
	}
	returns()
	sockets = nil
	open("test") // clients that are told to
	require.NoError(t, p.auth.RevokeSubject(t.Context(), "test"))
	for _, s := range sockets {
		s.ends(t, revoked)
	}
	returns()
	p.http.Close()
	idle()
	const own = 1 // of Eventually
	assert.Eventually(t, func() bool { return runtime.NumGoroutine() <= base+own }, patient, 10*time.Millisecond)
}

// goroutines counts those that have a function of that name on their stack.
func goroutines(name string) (count int) {
	stacks := make([]byte, 1<<20)
	for _, stack := range strings.Split(string(stacks[:runtime.Stack(stacks, true)]), "\n\n") {
		if strings.Contains(stack, name) {
			count++
		}
	}
	return count
}

func (s *socket) close(t *testing.T) {
	t.Helper()
	require.NoError(t, s.Close(websocket.StatusNormalClosure, ""))
}
