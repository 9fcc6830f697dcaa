package redisstore_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
)

// A fake is a small Redis that speaks RESP2, and answers as oddly as a test wants.
type fake struct {
	listener net.Listener

	mu    sync.Mutex
	table map[string]string
	odd   odds
}

// odds are raw replies by command: SENTINEL and ADD are SETs with NX, of the sentinel and of an entry, and RENEW
// is the script. They may begin with carriedOut, and end with hangUp; nothing at all is silence.
type odds map[string]string

const (
	carriedOut = "\x01" // do as told before the odd reply, which comes once
	hangUp     = "\x00" // close the connection then

	fakeSentinel = "authjwt:sentinel"
)

// newFake has a sentinel that is an hour old, so that tokens may be made at once.
func newFake(t *testing.T) *fake {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	began := time.Now().Add(-time.Hour).Unix() << 31
	f := &fake{listener: listener, table: map[string]string{fakeSentinel: strconv.FormatInt(began, 10)}}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go f.serve(conn)
		}
	}()
	t.Cleanup(func() { _ = listener.Close() })
	return f
}

func (f *fake) client(t *testing.T, edit ...func(o *redis.Options)) *redis.Client {
	t.Helper()
	o := &redis.Options{Addr: f.listener.Addr().String()}
	for _, change := range edit {
		change(o)
	}
	client := redis.NewClient(o)
	t.Cleanup(func() { _ = client.Close() })
	return client
}

func (f *fake) be(odd odds) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.odd = odd
}

func (f *fake) flush() {
	f.mu.Lock()
	defer f.mu.Unlock()
	clear(f.table)
}

func (f *fake) has(key string) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.table[key]
}

func (f *fake) serve(conn net.Conn) {
	defer conn.Close()
	for r := bufio.NewReader(conn); ; {
		args, err := readCommand(r)
		if err != nil {
			return
		}
		reply := f.answer(args)
		if _, err := io.WriteString(conn, strings.TrimSuffix(reply, hangUp)); err != nil || strings.HasSuffix(reply, hangUp) {
			return
		}
	}
}

func readCommand(r *bufio.Reader) (args []string, err error) {
	var n, size int
	if _, err := fmt.Fscanf(r, "*%d\r\n", &n); err != nil {
		return nil, err
	}
	for range n {
		if _, err := fmt.Fscanf(r, "$%d\r\n", &size); err != nil {
			return nil, err
		}
		arg := make([]byte, size+2)
		if _, err := io.ReadFull(r, arg); err != nil {
			return nil, err
		}
		args = append(args, string(arg[:size]))
	}
	return args, nil
}

func (f *fake) answer(args []string) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	name := strings.ToUpper(args[0])
	if name == "EVAL" { // EVAL script 1 key old new
		name, args = "RENEW", []string{"RENEW", args[3], args[5]}
	}
	if name == "SET" {
		nx := strings.Contains(strings.ToUpper(strings.Join(args[3:], " ")), "NX")
		switch sentinel := strings.HasSuffix(args[1], fakeSentinel); {
		case sentinel && nx:
			name = "SENTINEL"
		case nx:
			name = "ADD"
		}
	}
	odd, is := f.odd[name]
	if !is {
		return f.do(name, args)
	}
	if strings.HasPrefix(odd, carriedOut) {
		f.do(name, args)
		delete(f.odd, name)
	}
	return strings.TrimPrefix(odd, carriedOut)
}

func (f *fake) do(name string, args []string) string {
	switch name {
	case "INFO":
		return bulk("# Memory\r\nmaxmemory_policy:noeviction\r\n")
	case "RENEW":
		f.table[args[1]] = args[2]
		return bulk(args[2])
	case "SET":
		f.table[args[1]] = args[2]
		return "+OK\r\n"
	case "SENTINEL", "ADD":
		old := f.bulk(args[1])
		if old == null {
			f.table[args[1]] = args[2]
		}
		return old
	case "GET":
		return f.bulk(args[1])
	case "EXISTS":
		n := 0
		for _, key := range args[1:] {
			if _, there := f.table[key]; there {
				n++
			}
		}
		return fmt.Sprintf(":%d\r\n", n)
	case "STRLEN":
		return fmt.Sprintf(":%d\r\n", len(f.table[args[1]]))
	case "INCRBY":
		n, _ := strconv.ParseInt(f.table[args[1]], 10, 64)
		f.table[args[1]] = strconv.FormatInt(n+1, 10)
		return ":" + f.table[args[1]] + "\r\n"
	case "CLIENT":
		return "+OK\r\n"
	}
	return "-ERR unknown command\r\n"
}

const null = "$-1\r\n"

func bulk(text string) string { return fmt.Sprintf("$%d\r\n%s\r\n", len(text), text) }

func (f *fake) bulk(key string) string {
	if value, there := f.table[key]; there {
		return bulk(value)
	}
	return null
}
