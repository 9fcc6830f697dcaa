package redisstore_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
	"github.com/gin-authjwt/authjwt/internal/redisserver"
	"github.com/gin-authjwt/authjwt/redisstore"
)

const (
	recordsKey = "authjwt:sessions:"
	endsKey    = "authjwt:sessionends:"
)

// ticking is a store with a clock to move, which that of Redis does not follow.
type ticking struct {
	*redisstore.Store
	ahead *time.Duration
}

func (c ticking) Advance(d time.Duration) { *c.ahead += d }
func (c ticking) Time() time.Time         { return time.Now().Add(*c.ahead) }

func newTicking(t *testing.T, client redis.UniversalClient) ticking {
	c := ticking{ahead: new(time.Duration)}
	c.Store = newStore(t, client, redisstore.WithClock(c.Time))
	return c
}

// listed are the ids of an owner's sessions, sorted and joined.
func listed(t *testing.T, store *redisstore.Store, owner string) string {
	t.Helper()
	records, err := store.ListSessions(t.Context(), owner)
	require.NoError(t, err)
	var ids []string
	for id := range records {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return strings.Join(ids, " ")
}

// putSession is for those whom nobody is dropped for.
func putSession(ctx context.Context, store authjwt.SessionStore, owner, id string, record []byte, until time.Time) error {
	dropped, err := store.PutSession(ctx, owner, id, record, until)
	if len(dropped) > 0 {
		return fmt.Errorf("%q were dropped: %w", dropped, err)
	}
	return err
}

// cannotList checks that all calls for sessions fail, of whatever owner, and within a second.
func cannotList(t *testing.T, store *redisstore.Store, owner string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 250*time.Millisecond)
	defer cancel()
	start := time.Now()
	records, err := store.ListSessions(ctx, owner)
	assert.Error(t, err)
	assert.Nil(t, records)
	assert.Error(t, putSession(ctx, store, owner, "late", nil, time.Time{}))
	assert.Error(t, store.RemoveSessions(ctx, owner, "a"))
	assert.Less(t, time.Since(start), time.Second)
}

// Nothing of an owner is left when the last record is over, and a minute; what is for ever stays.
func TestSessions_Expire(t *testing.T) {
	server := redisserver.Start(t)
	store := newStore(t, newClient(t, server))
	now := time.Now()
	put := func(id string, until time.Time) {
		require.NoError(t, putSession(t.Context(), store, "owner", id, []byte("record"), until))
	}
	ends := func(want time.Time) {
		t.Helper()
		for _, key := range []string{recordsKey + "owner", endsKey + "owner"} {
			var ms int64
			_, err := fmt.Sscan(server.Do("PEXPIRETIME", key), &ms)
			require.NoError(t, err)
			if want.IsZero() {
				assert.EqualValues(t, -1, ms, key)
			} else {
				assert.WithinDuration(t, want.Add(time.Minute), time.UnixMilli(ms), 2*time.Second, key)
			}
		}
	}
	put("a", now.Add(time.Hour))
	ends(now.Add(time.Hour))
	put("b", now.Add(10*time.Minute)) // an earlier one shortens nothing
	ends(now.Add(time.Hour))
	put("a", now.Add(20*time.Minute))
	ends(now.Add(20 * time.Minute))
	put("c", time.Time{})
	ends(time.Time{})
	put("d", now.Add(30*time.Minute))
	ends(time.Time{})
	put("c", time.Unix(1<<55, 0)) // later than Redis can reckon with
	ends(time.Time{})
	require.NoError(t, store.RemoveSessions(t.Context(), "owner", "c"))
	ends(now.Add(30 * time.Minute))
	require.NoError(t, store.RemoveSessions(t.Context(), "owner", "d", "a"))
	ends(now.Add(10 * time.Minute))
	require.NoError(t, store.RemoveSessions(t.Context(), "owner", "b"))
	assert.Equal(t, "authjwt:sentinel", server.Do("KEYS", "*"))
	for _, past := range []time.Time{now.Add(-time.Hour), time.Time{}.Add(1), time.Unix(-1<<55, 0)} {
		put("a", past)
		assert.Equal(t, "authjwt:sentinel", server.Do("KEYS", "*"), past)
	}
}

// Each login takes away what is over, and what is too much.
func TestSessions_AreFew(t *testing.T) {
	server := redisserver.Start(t)
	store := newTicking(t, newClient(t, server))
	count := func(want string) {
		t.Helper()
		assert.Equal(t, want, server.Do("HLEN", recordsKey+"owner"))
		assert.Equal(t, want, server.Do("ZCARD", endsKey+"owner"))
	}
	for day := range 100 { // of which each login lives for ten
		require.NoError(t, putSession(t.Context(), store, "owner", fmt.Sprint("day", day), nil, store.Time().Add(10*24*time.Hour)))
		store.Advance(24 * time.Hour)
	}
	count("11") // for a minute, one more
	store.Advance(10 * 24 * time.Hour)
	year := store.Time().Add(365 * 24 * time.Hour)
	put := func(id string, until time.Time) []string {
		t.Helper()
		dropped, err := store.PutSession(t.Context(), "owner", id, nil, until)
		require.NoError(t, err)
		return dropped
	}
	for i := range authjwt.MaxSessions {
		require.Empty(t, put(fmt.Sprintf("new%04d", i), year), "what is over goes without a word")
	}
	count(fmt.Sprint(authjwt.MaxSessions))
	assert.Equal(t, []string{"new0000"}, put("a", year.Add(-time.Second)), "the first by id, but for the new one")
	assert.Equal(t, []string{"a"}, put("b", year.Add(-2*time.Second)), "the first to end")
	assert.Equal(t, []string{"b"}, put("always", time.Time{}))
	assert.Empty(t, put("always", year), "it was there")
	assert.Equal(t, []string{"always"}, put("z", year))
	assert.Empty(t, put("z", store.Time().Add(-time.Second)), "it stays for a minute")
	assert.Equal(t, []string{"z"}, put("y", year), "of which a clock that is behind knows nothing")
	assert.Empty(t, put("y", store.Time().Add(-time.Hour)), "over")
	assert.Empty(t, put("x", year))
	count(fmt.Sprint(authjwt.MaxSessions))

	for i := range 4 { // as if more had been kept once
		server.Do("ZADD", endsKey+"owner", fmt.Sprint(year.UnixMilli()-10+int64(i)), fmt.Sprint("more", i))
		server.Do("HSET", recordsKey+"owner", fmt.Sprint("more", i), "1.")
	}
	assert.Equal(t, []string{"more0", "more1", "more3", "new0001"}, put("more2", year.Add(-5*time.Millisecond)), "all that is too much")
	count(fmt.Sprint(authjwt.MaxSessions))
}

// Each call is one round trip, and is made once.
func TestSessions_RoundTrips(t *testing.T) {
	server := redisserver.Start(t)
	client := newClient(t, server)
	store := newStore(t, client)
	trips := 0
	client.AddHook(&watch{func(ctx context.Context, cmds []redis.Cmder, next redis.ProcessPipelineHook) error {
		trips++
		return next(ctx, cmds)
	}})
	require.NoError(t, putSession(t.Context(), store, "owner", "a", nil, time.Time{}))
	require.NoError(t, putSession(t.Context(), store, "owner", "b", nil, time.Time{}))
	assert.Equal(t, "a b", listed(t, store, "owner"))
	require.NoError(t, store.RemoveSessions(t.Context(), "owner", "a", "b"))
	assert.Equal(t, 4, trips)

	require.NoError(t, putSession(t.Context(), store, "owner", "a", nil, time.Time{}))
	server.Do("DEL", recordsKey+"owner", endsKey+"owner")
	for range 5 {
		_, err := store.Get(t.Context(), "a:denied:b")
		require.NoError(t, err)
	}
	assert.Empty(t, listed(t, store, "owner"))
}

// Whoever has waited long enough may use again what he gave, while the client is at it still.
func TestSessions_AreCopiedForLate(t *testing.T) {
	client := newClient(t, redisserver.Start(t))
	store := newStore(t, client)
	var gate sync.RWMutex
	client.AddHook(&watch{func(ctx context.Context, cmds []redis.Cmder, next redis.ProcessPipelineHook) error {
		gate.RLock()
		defer gate.RUnlock()
		return next(ctx, cmds)
	}})
	late := func(call func(ctx context.Context) error) {
		gate.Lock()
		defer gate.Unlock()
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
		defer cancel()
		assert.ErrorIs(t, call(ctx), context.DeadlineExceeded)
	}
	record, ids := []byte("record"), []string{"b"}
	late(func(ctx context.Context) error {
		defer copy(record, "XXXXXX")
		return putSession(ctx, store, "owner", "a", record, time.Time{})
	})
	late(func(ctx context.Context) error {
		defer copy(ids, []string{"a"})
		return store.RemoveSessions(ctx, "owner", ids...)
	})
	records, err := store.ListSessions(t.Context(), "owner")
	require.NoError(t, err)
	assert.Equal(t, map[string][]byte{"a": []byte("record")}, records)
}

// Both keys of an owner have his part's tag, and the caller's prefix; nothing else is kept but what was put.
func TestSessions_Keys(t *testing.T) {
	cluster := redisserver.StartCluster(t, 3)
	store := newStore(t, newClusterClient(t, cluster), redisstore.WithPrefix("shop:"))
	slots := map[string]bool{}
	for i := range 40 {
		require.NoError(t, putSession(t.Context(), store, fmt.Sprint("owner", i), "id", []byte("record"), time.Time{}))
	}
	pairs := map[string][]string{} // by owner
	for _, node := range cluster.Nodes() {
		for _, key := range strings.Fields(node.Do("KEYS", "*session*")) {
			assert.Regexp(t, `^shop:\{..\}authjwt:session(s|ends):owner\d+$`, key)
			slot := node.Do("CLUSTER", "KEYSLOT", key)
			slots[slot] = true
			owner := key[strings.LastIndex(key, ":"):]
			pairs[owner] = append(pairs[owner], slot)
			if strings.Contains(key, recordsKey) {
				assert.Equal(t, "id\ninf.record", node.Do("HGETALL", key))
			} else {
				assert.Equal(t, "id\ninf", node.Do("ZRANGE", key, "0", "-1", "WITHSCORES"))
			}
		}
	}
	assert.Len(t, pairs, 40)
	for owner, pair := range pairs {
		assert.Len(t, pair, 2, owner)
		assert.Equal(t, pair[0], pair[1], owner)
	}
	assert.Greater(t, len(slots), 8, "owners are spread")
}

// What is none of ours under a key fails the calls for its owner, and no other's; it is not touched.
func TestSessions_OddKeys(t *testing.T) {
	server := redisserver.Start(t)
	s := newStore(t, newClient(t, server))
	site := newSite(t, s)
	p := site.login(t)
	require.NoError(t, putSession(t.Context(), s, "other", "a", nil, time.Time{}))
	for _, odd := range [][]string{
		{"SET", recordsKey + "owner", "x"}, {"RPUSH", recordsKey + "owner", "x"}, {"ZADD", recordsKey + "owner", "1", "a"},
	} {
		server.Do(odd...)
		cannotList(t, s, "owner")
		assert.Equal(t, "0", server.Do("EXISTS", endsKey+"owner"), odd)
		assert.Equal(t, "a", listed(t, s, "other"), odd)
		site.accepts(t, p)
		server.Do("DEL", recordsKey+"owner")
	}
	for _, odd := range [][]string{{"SET", endsKey + "owner", "x"}, {"HSET", endsKey + "owner", "a", "1"}} {
		server.Do(odd...)
		assert.Error(t, putSession(t.Context(), s, "owner", "a", nil, time.Time{}))
		assert.Error(t, s.RemoveSessions(t.Context(), "owner", "a"))
		assert.Empty(t, listed(t, s, "owner"), odd)
		assert.Equal(t, "a", listed(t, s, "other"), odd)
		server.Do("DEL", endsKey+"owner")
	}
	for _, value := range []string{"", "x", "12", ".x", "1x.record", "INF.record", "-.record"} {
		server.Do("HSET", recordsKey+"owner", "a", value)
		_, err := s.ListSessions(t.Context(), "owner")
		assert.ErrorContains(t, err, "not one of authjwt's", value)
	}
	server.Do("HSET", recordsKey+"owner", "a", "inf.record") // their twin
	assert.Equal(t, "a", listed(t, s, "owner"))
	assert.Equal(t, http.StatusOK, site.do("GET", "/protected", p.Access).Code)
}

// A user needs no more than the package comment says, and no less.
func TestSessions_FewCommands(t *testing.T) {
	server := redisserver.Start(t)
	few := strings.Fields("+exists +strlen +set +incrby +info")
	more := strings.Fields("+eval +hlen +hset +hdel +hgetall +zadd +zcard +zcount +zrange +zrem +persist +pexpire")
	work := func(rules ...string) error {
		server.Do(slices.Concat([]string{"ACL", "SETUSER", "limited", "reset", "on", ">pw", "~*"}, few, rules)...)
		store := newStore(t, newClient(t, server, func(o *redis.Options) { o.Username, o.Password = "limited", "pw" }))
		_, all := store.ListSessions(t.Context(), "owner")
		return errors.Join(all,
			putSession(t.Context(), store, "owner", "a", nil, time.Now().Add(-time.Hour)), // which drops it
			putSession(t.Context(), store, "owner", "a", nil, time.Now().Add(time.Hour)),
			putSession(t.Context(), store, "owner", "b", nil, time.Time{}),
			store.RemoveSessions(t.Context(), "owner", "a", "b"))
	}
	assert.NoError(t, work(more...))
	for i, command := range more {
		assert.Error(t, work(slices.Delete(slices.Clone(more), i, i+1)...), command)
	}
}
