// Package redisstore keeps authjwt's sessions in Redis, so that all servers of an application know
// what was revoked on one of them.
//
//	client := redis.NewClient(&redis.Options{Addr: "localhost:6379", ContextTimeoutEnabled: true})
//	store, err := redisstore.New(ctx, client)
//	if err != nil {
//		return err
//	}
//	auth, err := authjwt.New(authjwt.Settings{SecretKey: secret, Store: store})
//
// # What it promises
//
// Only an explicit answer counts. Where Redis is away, slow, full, loading, a replica, or answers anything
// else than it should, calls fail, and authjwt answers 503. They fail at once while Redis stays away: one
// probe a second looks whether it is back.
//
// A Redis that has lost what it knew looks like one that knows of no revocation. A sentinel, read with every
// check, tells the two apart: if it is missing, or counts fewer writes than this process has seen, all
// tokens issued before that are refused, and authjwt emits EventStoreLost. So everybody logs in again after
// FLUSHALL, after a restart without an append-only file, after the promotion of a replica that was behind,
// and when an application gets its first store.
//
// # What it needs
//
// Redis 7.0 or later, or Valkey; the policy noeviction; the commands GET, MGET, EXISTS, SET, INCRBY and INFO, and
// what go-redis itself needs: SELECT for a database other than 0, CLUSTER SLOTS in a cluster, PING in a ring. Any
// client of go-redis will do: a single server, Sentinel, a cluster, a ring. Set its ContextTimeoutEnabled: without
// it a connection to a server that hangs is held until the client's ReadTimeout. Close it when the last request
// has been answered.
//
// Redis acknowledges writes before replicas or the disk have them. With appendfsync everysec a crash forgets up
// to a second; the sentinel notices that unless every process of the application was restarted, too.
package redisstore
