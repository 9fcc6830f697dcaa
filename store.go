package authjwt

import (
	"context"
	"errors"
	"hash/maphash"
	"math/bits"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Store keeps times under keys until they run out. It speaks basic types only, so that an
// implementation need import neither this package nor Gin. Implementations must be safe for concurrent
// use, must return an error where they cannot answer, a done ctx included, and must pass package
// storetest.
//
// Keys are printable ASCII. One that ends in @ and a number belongs to a token or a session that ends
// at that second of Unix time. Times keep whole milliseconds. An entry is there until its time is over; it may
// stay longer, for what it refuses is over by then. A zero until is for ever.
type Store interface {
	// Add records t under key until the given time unless the key is present; it returns what is
	// present afterwards. Of several concurrent calls exactly one sees added == true.
	Add(ctx context.Context, key string, t, until time.Time) (present time.Time, added bool, err error)
	// Set records t under key until the given time, whatever was there.
	Set(ctx context.Context, key string, t, until time.Time) error
	// Get returns the times under keys, in their order, in one round trip; the zero time means absent.
	Get(ctx context.Context, keys ...string) ([]time.Time, error)
}

const (
	memoryShards = 16
	// bucketSpan is how many seconds of expiry share a bucket, in seconds.
	bucketSpan = 15 * 60
	forever    = int64(1<<63 - 1)
)

var errZeroTime = errors.New("authjwt: a Store keeps no zero time")

// MemoryStore is a [Store] and a [SessionStore] in the memory of one process: what was revoked counts
// again after a restart, and other processes do not know of it. It is for programs that run once. The zero
// value is empty and ready; it must not be copied. It is safe for concurrent use and starts no goroutine.
//
// A million entries take some 50 MB. Those of tokens and sessions lie together by the quarter of an hour
// in which they end, and are dropped together. A session's record takes some 120 octets beside its own where an owner
// has a few, 220 where he has one.
type MemoryStore struct {
	// Now is the clock, to be set before the first use. Default: Settings.Now of the first Manager that uses
	// the store, or time.Now. It must be safe for concurrent use.
	Now func() time.Time

	managers atomic.Pointer[func() time.Time]
	written  [entryKinds]atomic.Bool // kinds of which a Manager has written any
	made     sync.Once
	seeds    [2]maphash.Seed
	shards   [memoryShards]memoryShard
	sessions [memoryShards]memorySessions
	sweeps   atomic.Uint32 // of sessions
}

// memoryKey is a digest of a key. The seeds are the process's own, so that nobody can look for two
// keys of one digest; if there were, the worse one's answer would be a refusal.
type memoryKey [2]uint64

type memoryShard struct {
	mu      sync.RWMutex
	buckets map[int64]*memoryBucket
	lasting map[memoryKey]lastingEntry // of keys that name no end
	nextEnd atomic.Int64               // of a bucket, Unix seconds
}

type memoryBucket struct {
	end     int64 // of its last entry, Unix seconds
	entries map[memoryKey]int64
}

type lastingEntry struct{ milli, end int64 }

// Add implements [Store].
func (s *MemoryStore) Add(ctx context.Context, key string, t, until time.Time) (time.Time, bool, error) {
	return s.put(ctx, key, t, until, false)
}

// Set implements [Store].
func (s *MemoryStore) Set(ctx context.Context, key string, t, until time.Time) error {
	_, _, err := s.put(ctx, key, t, until, true)
	return err
}

// Get implements [Store].
func (s *MemoryStore) Get(ctx context.Context, keys ...string) ([]time.Time, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	now, times := s.clock(), make([]time.Time, len(keys))
	for i, key := range keys {
		times[i] = s.get(s.digest(key, ""), bucketOf(key), now)
	}
	return times, nil
}

func (s *MemoryStore) put(ctx context.Context, key string, t, until time.Time, replace bool) (time.Time, bool, error) {
	if err := ctx.Err(); err != nil {
		return time.Time{}, false, err
	}
	if t.IsZero() {
		return time.Time{}, false, errZeroTime
	}
	present, added := s.set(s.digest(key, ""), bucketOf(key), t, until, replace)
	return present, added, nil
}

// look and write are Get and put for a Manager, which needs no keys in the form that other stores get them. Of what
// was never written nothing is looked for.
func (s *MemoryStore) look(prefixes *[entryKinds]string, asked []entry, times []time.Time) {
	var now int64
	for i, e := range asked {
		if !s.written[e.kind].Load() {
			continue
		}
		if now == 0 {
			now = s.clock()
		}
		times[i] = s.get(s.digest(prefixes[e.kind], e.id), bucketOfEnd(e.end), now)
	}
}

func (s *MemoryStore) write(prefixes *[entryKinds]string, e entry, t, until time.Time, replace bool) (time.Time, bool) {
	s.written[e.kind].Store(true)
	return s.set(s.digest(prefixes[e.kind], e.id), bucketOfEnd(e.end), t, until, replace)
}

func (s *MemoryStore) get(digest memoryKey, bucket, now int64) time.Time {
	h := s.shard(digest)
	h.dropEnded(now)
	h.mu.RLock()
	milli, present := h.get(digest, bucket, now)
	h.mu.RUnlock()
	if !present {
		return time.Time{}
	}
	return time.UnixMilli(milli)
}

func (s *MemoryStore) set(digest memoryKey, bucket int64, t, until time.Time, replace bool) (present time.Time, added bool) {
	now, end := s.clock(), endOf(until)
	h := s.shard(digest)
	h.dropEnded(now)
	h.mu.Lock()
	defer h.mu.Unlock()
	if !replace {
		if milli, there := h.get(digest, bucket, now); there {
			return time.UnixMilli(milli), false
		}
	}
	h.set(digest, bucket, t.UnixMilli(), end, now)
	return time.UnixMilli(t.UnixMilli()), true
}

// endOf is the first second at which what lives until then is over: whole seconds, never less.
func endOf(until time.Time) int64 {
	if until.IsZero() {
		return forever
	}
	return until.Unix() + 1
}

// follow takes a Manager's clock, for entries that by another one are over already would be forgotten.
func (s *MemoryStore) follow(now func() time.Time) { s.managers.CompareAndSwap(nil, &now) }

func (s *MemoryStore) clock() int64 {
	if s.Now != nil {
		return s.Now().Unix()
	}
	if now := s.managers.Load(); now != nil {
		return (*now)().Unix()
	}
	return systemClock().Unix()
}

func (s *MemoryStore) make() {
	s.seeds = [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}
	for i := range s.shards {
		h := &s.shards[i]
		h.buckets, h.lasting = map[int64]*memoryBucket{}, map[memoryKey]lastingEntry{}
		h.nextEnd.Store(forever)
	}
}

// digest is that of both texts, which a Manager keeps apart.
func (s *MemoryStore) digest(prefix, id string) (digest memoryKey) {
	s.made.Do(s.make)
	for i, seed := range s.seeds {
		digest[i] = bits.RotateLeft64(maphash.String(seed, prefix), 32) ^ maphash.String(seed, id)
	}
	return digest
}

func (s *MemoryStore) shard(digest memoryKey) *memoryShard { return &s.shards[digest[0]%memoryShards] }

// bucketOfEnd is the bucket of what ends then; -1 where that is not known.
func bucketOfEnd(end time.Time) int64 {
	if end.IsZero() {
		return -1
	}
	return max(end.Unix(), 0) / bucketSpan
}

// bucketOf is the bucket of a key that names its end; else -1.
func bucketOf(key string) int64 {
	at := strings.LastIndexByte(key, '@')
	if at < 0 {
		return -1
	}
	end, err := strconv.ParseUint(key[at+1:], 10, 62)
	if err != nil {
		return -1
	}
	return int64(end) / bucketSpan
}

// get and set are called with mu held.
func (h *memoryShard) get(digest memoryKey, bucket, now int64) (milli int64, present bool) {
	if bucket < 0 {
		entry, present := h.lasting[digest]
		return entry.milli, present && now < entry.end
	}
	b := h.buckets[bucket]
	if b == nil {
		return 0, false
	}
	milli, present = b.entries[digest]
	return milli, present
}

func (h *memoryShard) set(digest memoryKey, bucket, milli, end, now int64) {
	if bucket < 0 {
		h.sweep(now)
		h.lasting[digest] = lastingEntry{milli, end}
		return
	}
	b := h.buckets[bucket]
	if b == nil {
		b = &memoryBucket{entries: map[memoryKey]int64{}}
		h.buckets[bucket] = b
	}
	b.end = max(b.end, end)
	b.entries[digest] = milli
	h.nextEnd.Store(min(h.nextEnd.Load(), b.end))
}

// sweep looks at a few entries of those that end one by one: more than come in, so that none stays long.
func (h *memoryShard) sweep(now int64) {
	looked := 0
	for digest, entry := range h.lasting {
		if now >= entry.end {
			delete(h.lasting, digest)
		}
		if looked++; looked == 4 {
			return
		}
	}
}

// dropEnded drops the buckets whose last entry has ended, as a whole.
func (h *memoryShard) dropEnded(now int64) {
	if now < h.nextEnd.Load() {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	next := forever
	for i, b := range h.buckets {
		if now >= b.end {
			delete(h.buckets, i)
		} else {
			next = min(next, b.end)
		}
	}
	h.nextEnd.Store(next)
}
