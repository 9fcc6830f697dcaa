package redisstore_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
	"github.com/gin-authjwt/authjwt/internal/redisserver"
	"github.com/gin-authjwt/authjwt/redisstore"
	"github.com/gin-authjwt/authjwt/storetest"
)

// The suite, on a clock that can be moved: what Redis keeps by its own clock is over by the application's.
func TestSessions_ContractByClock(t *testing.T) {
	client := newClient(t, redisserver.Start(t))
	storetest.RunSessions(t, func(t *testing.T) authjwt.SessionStore { return newTicking(t, client) })
}

// Who cannot be asked has no list, not an empty one; whoever is back with its memory has them all.
func TestSessions_RedisIsAway(t *testing.T) {
	for name, fault := range map[string]struct {
		begin, end func(server *redisserver.Server)
	}{
		"killed": {(*redisserver.Server).Kill, func(server *redisserver.Server) { server.Restart() }},
		"paused": {(*redisserver.Server).Pause, (*redisserver.Server).Resume},
		"full": {func(server *redisserver.Server) { server.Do("CONFIG", "SET", "maxmemory", "1") },
			func(server *redisserver.Server) { server.Do("CONFIG", "SET", "maxmemory", "0") }},
		"a replica": {func(server *redisserver.Server) { server.Do("REPLICAOF", "127.0.0.1", "1") },
			func(server *redisserver.Server) { server.Do("REPLICAOF", "NO", "ONE") }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := redisserver.Start(t, "--appendonly", "yes", "--appendfsync", "always")
			store := newStore(t, newClient(t, server))
			require.NoError(t, putSession(t.Context(), store, "owner", "a", nil, time.Time{}))
			require.NoError(t, putSession(t.Context(), store, "owner", "b", nil, time.Time{}))
			fault.begin(server)
			for range 3 {
				cannotList(t, store, "owner")
				cannotList(t, store, "nobody")
			}
			fault.end(server)
			until(t, 5*time.Second, "it can list", func() bool {
				_, err := store.ListSessions(t.Context(), "owner")
				return err == nil
			})
			assert.Contains(t, []string{"a b", "b", "a b late", "b late"}, listed(t, store, "owner"), "but for what came too late")
			require.NoError(t, putSession(t.Context(), store, "owner", "c", nil, time.Time{}))
			assert.Contains(t, listed(t, store, "owner"), "c")
		})
	}
}

// Where the records are lost the sessions are over as well: who is not listed is not logged in.
func TestSessions_RedisLosesItsMemory(t *testing.T) {
	for name, lose := range map[string]func(server *redisserver.Server){
		"FLUSHALL":                    func(server *redisserver.Server) { server.Do("FLUSHALL") },
		"restart without persistence": func(server *redisserver.Server) { server.Restart() },
		"restart with an old file":    func(server *redisserver.Server) { server.Restart() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := redisserver.Start(t)
			store := newStore(t, newClient(t, server))
			s := newSite(t, store)
			p := s.login(t)
			old := name == "restart with an old file"
			if old {
				server.Do("SAVE")
			}
			require.NoError(t, putSession(t.Context(), store, "owner", "a", nil, time.Time{}))
			nextSecond()
			lose(server)
			until(t, 5*time.Second, "it can list", func() bool {
				_, err := store.ListSessions(t.Context(), "owner")
				return err == nil
			})
			assert.Empty(t, listed(t, store, "owner"))
			s.refuses(t, p)
			assert.Equal(t, 1, s.told(authjwt.EventStoreLost))
			s.accepts(t, s.login(t))
		})
	}
}

// A master that is away takes its owners with it, and no others.
func TestSessions_OneMasterIsAway(t *testing.T) {
	t.Parallel()
	cluster := redisserver.StartCluster(t, 3)
	for _, node := range cluster.Nodes() {
		node.Do("CONFIG", "SET", "cluster-require-full-coverage", "no")
	}
	store := newStore(t, newClusterClient(t, cluster))
	const owners = 60
	for i := range owners {
		require.NoError(t, putSession(t.Context(), store, fmt.Sprint("owner", i), "a", nil, time.Time{}))
	}
	cluster.Nodes()[1].Pause()
	lists := func() (n int) {
		for i := range owners {
			ctx, cancel := context.WithTimeout(t.Context(), 250*time.Millisecond)
			records, err := store.ListSessions(ctx, fmt.Sprint("owner", i))
			cancel()
			if err == nil {
				assert.Len(t, records, 1, "an empty list of owner %d", i)
				n++
			}
		}
		return n
	}
	lists()
	assert.InDelta(t, 2*owners/3, lists(), owners/4)
	cluster.Nodes()[1].Resume()
	until(t, 5*time.Second, "all are listed", func() bool { return lists() == owners })
}

// What cannot be read is no answer, least of all that nobody was dropped.
func TestSessions_OddReplies(t *testing.T) {
	client := newClient(t, redisserver.Start(t))
	store := newStore(t, client)
	var reply any
	client.AddHook(&watch{func(ctx context.Context, cmds []redis.Cmder, next redis.ProcessPipelineHook) error {
		err := next(ctx, cmds)
		for _, cmd := range cmds {
			if eval, is := cmd.(*redis.Cmd); is {
				eval.SetVal(reply)
			}
		}
		return err
	}})
	for _, row := range []struct {
		reply         any
		dropped       []string // nil where it is an error
		removeAnswers bool
	}{
		{[]any{}, []string{}, false},
		{[]any{"a", "b"}, []string{"a", "b"}, false},
		{[]any{"a", nil}, nil, false},
		{[]any{"a", int64(1)}, nil, false},
		{[]any{[]any{"a"}}, nil, false},
		{map[any]any{"a": "b"}, nil, false},
		{nil, nil, false},
		{"a", nil, false},
		{int64(0), nil, false},
		{int64(1), nil, true},
	} {
		reply = row.reply
		dropped, err := store.PutSession(t.Context(), "owner", "c", nil, time.Time{})
		assert.Equal(t, row.dropped == nil, err != nil, "%v: %v", reply, err)
		assert.Equal(t, row.dropped, dropped, "%v", reply)
		err = store.RemoveSessions(t.Context(), "owner", "c")
		assert.Equal(t, row.removeAnswers, err == nil, "%v: %v", reply, err)
	}
}

var _ interface {
	authjwt.Store
	authjwt.SessionStore
} = (*redisstore.Store)(nil)
