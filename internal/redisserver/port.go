package redisserver

import (
	"math/rand/v2"
	"net"
	"strconv"
	"testing"
)

// freePort finds a port that is free, as is the one 10000 above it, which a cluster's node takes too. Both
// are below the ports that systems give to outgoing connections: those could take the port of a server
// that is down.
func freePort(tb testing.TB) int {
	tb.Helper()
	for range 100 {
		if port := 10000 + rand.IntN(10000); free(port) && free(port+10000) {
			return port
		}
	}
	tb.Fatal("redisserver: no free port between 10000 and 20000")
	return 0
}

func free(port int) bool {
	listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return false
	}
	return listener.Close() == nil
}
