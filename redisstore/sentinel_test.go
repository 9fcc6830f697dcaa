package redisstore_test

import (
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
	"github.com/gin-authjwt/authjwt/internal/redisserver"
)

// A real Sentinel promotes the replica of a master that has died; the client that goes through it finds the new
// master, with all that was revoked.
func TestSentinel_Failover(t *testing.T) {
	master := redisserver.Start(t)
	replica := replicate(t, master)
	sentinel := redisserver.StartSentinel(t, "main", master)
	until(t, 15*time.Second, "the Sentinel knows the replica", func() bool {
		return strings.Contains(sentinel.Do("INFO", "sentinel"), "slaves=1")
	})
	client := redis.NewFailoverClient(&redis.FailoverOptions{MasterName: "main", SentinelAddrs: []string{sentinel.Addr()}})
	t.Cleanup(func() { _ = client.Close() })
	store := newStore(t, client)
	s := newSite(t, store)
	p, gone := s.login(t), s.login(t)
	require.NoError(t, putSession(t.Context(), store, "owner", "a", nil, time.Time{}))
	require.Equal(t, http.StatusOK, s.do("POST", "/logout", gone.Access).Code)
	until(t, 5*time.Second, "the replica has it all", func() bool {
		return replica.Do("GET", "authjwt:sentinel") == master.Do("GET", "authjwt:sentinel")
	})

	master.Kill()
	_, port, err := net.SplitHostPort(replica.Addr())
	require.NoError(t, err)
	until(t, 15*time.Second, "the replica is master", func() bool {
		require.NotEqual(t, http.StatusOK, s.do("GET", "/protected", gone.Access).Code)
		return strings.HasSuffix(sentinel.Do("SENTINEL", "GET-MASTER-ADDR-BY-NAME", "main"), port)
	})
	t.Logf("back after %v", until(t, 2*time.Second, "the site works again", func() bool { return s.works(p) }))
	s.accepts(t, s.refresh(t, p.Refresh))
	s.refuses(t, gone)
	assert.Equal(t, "a", listed(t, store, "owner"))
	assert.Zero(t, s.told(authjwt.EventStoreLost))
}
