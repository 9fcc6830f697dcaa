package redisserver

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// StartSentinel starts a Sentinel that watches a master under a name. It finds the master dead after 300 ms,
// and promotes one of its replicas by itself.
func StartSentinel(tb testing.TB, name string, master *Server) *Server {
	tb.Helper()
	config := filepath.Join(tb.TempDir(), "sentinel.conf") // which Sentinel rewrites
	text := fmt.Sprintf("sentinel monitor %s 127.0.0.1 %d 1\nsentinel down-after-milliseconds %s 300\nsentinel failover-timeout %s 2000\n",
		name, master.port, name, name)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		tb.Fatalf("redisserver: write the Sentinel's configuration: %v", err)
	}
	return start(tb, []string{config, "--sentinel"}, nil)
}
