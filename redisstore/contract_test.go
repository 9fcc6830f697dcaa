package redisstore_test

import (
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/gin-authjwt/authjwt"
	"github.com/gin-authjwt/authjwt/internal/redisserver"
	"github.com/gin-authjwt/authjwt/redisstore"
	"github.com/gin-authjwt/authjwt/storetest"
)

// Every kind of client meets the contract.
func TestContract(t *testing.T) {
	old := func(o *redis.Options) { o.Protocol = 2 }
	for _, kind := range []struct {
		name   string
		client redis.UniversalClient
		opts   []redisstore.Option
	}{
		{"single", newClient(t, redisserver.Start(t), old), []redisstore.Option{redisstore.WithPrefix("app:1:")}},
		{"cluster", newClusterClient(t, redisserver.StartCluster(t, 3)), nil},
		{"ring", newRing(t, redisserver.Start(t), redisserver.Start(t)), []redisstore.Option{redisstore.InsecureAllowRollback()}},
		{"negative cache", newClient(t, redisserver.Start(t)), []redisstore.Option{redisstore.WithNegativeCache(20 * time.Millisecond)}},
	} {
		t.Run(kind.name, func(t *testing.T) {
			t.Parallel()
			storetest.Run(t, func(t *testing.T) authjwt.Store { return newStore(t, kind.client, kind.opts...) })
			storetest.RunSessions(t, func(t *testing.T) authjwt.SessionStore { return newStore(t, kind.client, kind.opts...) })
		})
	}
}
