// Package redisstore keeps authjwt's sessions in Redis, so that all servers of an application know
// what was revoked on one of them, and can list who is logged in where.
//
//	client := redis.NewClient(&redis.Options{Addr: "localhost:6379", ContextTimeoutEnabled: true})
//	store, err := redisstore.New(ctx, client)
//	if err != nil {
//		return err
//	}
//	auth, err := authjwt.New(authjwt.Settings{SecretKey: secret, Store: store, Sessions: store})
//
// # What it promises
//
// Only an explicit answer counts. Where Redis is away, slow, full, loading, a replica, or answers anything
// else than it should, calls fail, and authjwt answers 503. They fail at once while Redis stays away: one
// probe a second looks whether it is back.
//
// A Redis that has lost what it knew looks like one that knows of no revocation. A sentinel, read with every
// check, tells the two apart: if it is missing, or counts fewer writes than this process has seen, or the last
// entry that this process wrote is gone, all tokens issued before that are refused, and authjwt emits
// EventStoreLost. So everybody logs in again after FLUSHALL, after a restart without an append-only file, after the
// promotion of a replica that was behind, and when an application gets its first store.
//
// # Lists of sessions
//
// A [Store] is an authjwt.SessionStore as well, which keeps the records that lists such as "your devices" are made of. It
// fails as above, so that no list is empty because Redis is away. Where records were lost the sessions are over as
// well. A record goes a minute after its time is over, for the sake of clocks that differ.
//
// Each owner has two keys, a hash authjwt:sessions: of the records by id, and a sorted set authjwt:sessionends: of their
// ends, behind the prefix, and in a cluster or a ring behind the hash tag of his part. Owner, ids and records stand there as
// the caller gives them: authjwt gives a digest as the owner, but ids are those that RevokeSession takes.
//
// # What it needs
//
// Redis 7.0 or later, or Valkey; on every server, replicas too, the policy noeviction, which New checks once; the
// commands GET, EXISTS, STRLEN, SET, INCRBY, INFO and EVAL, and what go-redis itself needs:
// SELECT for a database other than 0, CLUSTER SLOTS in a cluster, PING in a ring. Lists of sessions need HDEL, HGETALL,
// HLEN, HSET, PERSIST, PEXPIRE, ZADD, ZCARD, ZCOUNT, ZRANGE and ZREM besides.
//
// A client of go-redis, of the same kind on all servers: of a single server, through Sentinel, of a cluster, or of a
// ring. In a ring each process decides by itself which shards are there: while two of them disagree, one does
// not see what the other revokes; prefer a cluster. Set the client's ContextTimeoutEnabled: without it a
// connection to a server that hangs is held until the ReadTimeout. Close it when the last request has been
// answered.
//
// Clocks of the application's servers that agree to a second. What a fast one has dated ahead outlives a revocation
// of its subject, or a loss, of which a slow one tells.
//
// Redis acknowledges writes before replicas or the disk have them. With appendfsync everysec a crash forgets up
// to a second. That goes unnoticed where the process whose write was forgotten has ended as well, and no other has
// seen it counted.
package redisstore
