package redisserver

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"
)

// replyError is an error that the server answered.
type replyError string

func (e replyError) Error() string { return string(e) }

// Do is Try for commands that must succeed: an error fails the test.
func (s *Server) Do(args ...string) string {
	s.tb.Helper()
	reply, err := s.Try(args...)
	if err != nil {
		s.tb.Fatalf("redisserver: %s at %s: %v", args[0], s.Addr(), err)
	}
	return reply
}

// Try carries out a command on a connection of its own, after AUTH if the server was started with
// --requirepass, and returns the reply: strings and integers as text, nil as (nil), the elements of an
// array each on a line. An error reply is an error with just the server's words.
func (s *Server) Try(args ...string) (string, error) {
	deadline := time.Now().Add(limit)
	conn, err := (&net.Dialer{Deadline: deadline}).Dial("tcp", s.Addr())
	if err != nil {
		return "", err
	}
	defer conn.Close()
	if err := conn.SetDeadline(deadline); err != nil {
		return "", err
	}
	replies := bufio.NewReader(conn)
	if password := s.password(); password != "" {
		if _, err := exchange(conn, replies, []string{"AUTH", password}); err != nil {
			return "", err
		}
	}
	return exchange(conn, replies, args)
}

func (s *Server) password() (password string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, arg := range s.args {
		if arg == "--requirepass" && i+1 < len(s.args) {
			password = s.args[i+1]
		}
	}
	return password
}

func exchange(w io.Writer, r *bufio.Reader, args []string) (string, error) {
	var command strings.Builder
	fmt.Fprintf(&command, "*%d\r\n", len(args))
	for _, arg := range args {
		fmt.Fprintf(&command, "$%d\r\n%s\r\n", len(arg), arg)
	}
	if _, err := io.WriteString(w, command.String()); err != nil {
		return "", err
	}
	return readReply(r)
}

// readReply reads a reply of RESP2.
func readReply(r *bufio.Reader) (string, error) {
	line, err := r.ReadString('\n')
	if err != nil {
		return "", err
	}
	kind, text := line[0], strings.TrimRight(line[1:], "\r\n")
	switch kind {
	case '+', ':':
		return text, nil
	case '-':
		return "", replyError(text)
	case '$', '*':
	default:
		return "", fmt.Errorf("not RESP2: %q", line)
	}
	size, err := strconv.Atoi(text)
	if err != nil {
		return "", fmt.Errorf("not RESP2: %w", err)
	}
	if size < 0 {
		return "(nil)", nil
	}
	if kind == '$' {
		bulk := make([]byte, size+2)
		_, err := io.ReadFull(r, bulk)
		return string(bulk[:size]), err
	}
	elements := make([]string, size)
	for i := range elements {
		if elements[i], err = readReply(r); err != nil {
			return "", err
		}
	}
	return strings.Join(elements, "\n"), nil
}
