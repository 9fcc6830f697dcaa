package redisstore

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// Store is an authjwt.Store in Redis. It is safe for concurrent use. It leaves no goroutine behind, and the
// client open.
type Store struct {
	config
	client    redis.UniversalClient
	parts     []*part
	negatives *negatives // nil: none are remembered
	checked   bool       // by New, which asks all parts itself
	calls     sync.Pool  // of *call
}

// tags are the hash tags of the parts: their slots lie in the middle of each sixteenth of all slots, so that
// the masters of a cluster get about as many each.
var tags = [maxParts]string{"18", "5x", "dj", "3r", "d2", "pv", "uh", "iy", "ly", "h9", "uv", "q6", "9s", "5f", "dt", "ha"}

const maxParts = 16

var (
	errNoClient  = errors.New("redisstore: the client is nil; make one, with redis.NewClient say")
	errNilOption = errors.New("redisstore: an Option is nil; leave it out")
	errZeroTime  = errors.New("redisstore: a zero time cannot be kept")
)

// New makes a Store on client, which stays the caller's to close, and checks within two seconds, or until
// ctx is done, that Redis answers and that it is fit: see the package comment. It never falls back to
// anything else.
func New(ctx context.Context, client redis.UniversalClient, opts ...Option) (*Store, error) {
	if isNil(client) {
		return nil, errNoClient
	}
	s := &Store{client: client, config: config{now: time.Now}}
	for _, opt := range opts {
		if opt == nil {
			return nil, errNilOption
		}
		opt(&s.config)
	}
	if err := errors.Join(s.validate(), checkClient(client)); err != nil {
		return nil, err
	}
	s.makeParts()
	if s.negativeFor > 0 {
		s.negatives = newNegatives(s.negativeFor)
	}
	if err := s.check(ctx); err != nil {
		return nil, err
	}
	s.checked = true
	return s, nil
}

// makeParts makes one part where all keys lie on one server. In a cluster or a ring a part is a hash tag.
func (s *Store) makeParts() {
	if _, single := s.client.(*redis.Client); single {
		s.parts = []*part{newPart(s, s.prefix)}
		return
	}
	for _, tag := range tags {
		s.parts = append(s.parts, newPart(s, tagged(s.prefix, tag)))
	}
}

func tagged(prefix, tag string) string { return prefix + "{" + tag + "}" }

// alone tells whether all keys lie on one server.
func (s *Store) alone() bool { return len(s.parts) == 1 }

// Add implements authjwt.Store.
func (s *Store) Add(ctx context.Context, key string, t, until time.Time) (present time.Time, added bool, err error) {
	return s.write(ctx, key, t, until, false)
}

// Set implements authjwt.Store.
func (s *Store) Set(ctx context.Context, key string, t, until time.Time) error {
	_, _, err := s.write(ctx, key, t, until, true)
	return err
}

func (s *Store) write(ctx context.Context, key string, t, until time.Time, replace bool) (time.Time, bool, error) {
	if err := ctx.Err(); err != nil {
		return time.Time{}, false, err
	}
	if t.IsZero() || time.UnixMilli(t.UnixMilli()).IsZero() {
		return time.Time{}, false, errZeroTime
	}
	defer s.negatives.forget(key) // and what a check has read meanwhile
	p := s.parts[s.partOf(key)]
	c := s.newCall(ctx)
	c.write = &write{key: p.head + key, at: t, life: s.life(until), replace: replace}
	p.submit(c)
	if err := c.wait(ctx); err != nil {
		return time.Time{}, false, err
	}
	w := c.write
	s.recycle(c)
	return w.present, w.added, nil
}

// life is how long an entry is kept, by Redis's own clock. A second at least, for Redis knows no less than
// something; zero is for ever.
func (s *Store) life(until time.Time) time.Duration {
	if until.IsZero() {
		return 0
	}
	return max(until.Sub(s.now()), time.Second)
}

// away tells whether a part is known to be away.
func (s *Store) away() bool {
	return slices.ContainsFunc(s.parts, func(p *part) bool { return p.circuit.outage.Load() != nil })
}

// Get implements authjwt.Store. For a key of the kind epoch the time is when the memory of Redis began.
func (s *Store) Get(ctx context.Context, keys ...string) ([]time.Time, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if len(keys) == 0 {
		return nil, nil
	}
	times := make([]time.Time, len(keys))
	if s.negatives.hold(keys) && !s.away() {
		s.addEpoch(keys, times)
		return times, nil
	}
	asked, writes := s.negatives.begin()
	var calls [maxParts]*call
	for place, key := range keys {
		if isEpoch(key) {
			continue
		}
		i := s.partOf(key)
		c := calls[i]
		if c == nil {
			c = s.newCall(ctx)
			calls[i] = c
		}
		c.reads, c.places = append(c.reads, s.parts[i].head+key), append(c.places, place)
	}
	if calls == [maxParts]*call{} { // the epoch alone
		calls[0] = s.newCall(ctx)
	}
	for i, p := range s.parts {
		if calls[i] != nil {
			p.submit(calls[i])
		}
	}
	for _, c := range calls[:len(s.parts)] {
		if c == nil {
			continue
		}
		if err := c.wait(ctx); err != nil {
			return nil, err
		}
		for i, place := range c.places {
			times[place] = c.times[i]
		}
		s.recycle(c)
	}
	s.addEpoch(keys, times)
	s.negatives.remember(keys, times, asked, writes)
	return times, nil
}

// addEpoch adds the times that are in no entry.
func (s *Store) addEpoch(keys []string, times []time.Time) {
	for i, key := range keys {
		if isEpoch(key) {
			times[i] = time.Unix(s.began(), 0)
		}
	}
}

// began is when the memory of the part began that lost it last, in seconds.
func (s *Store) began() (latest int64) {
	for _, p := range s.parts {
		latest = max(latest, p.began())
	}
	return latest
}

// partOf is the same in all processes (FNV-1a).
func (s *Store) partOf(key string) int {
	if s.alone() {
		return 0
	}
	hash := uint32(2166136261)
	for i := range len(key) {
		hash = (hash ^ uint32(key[i])) * 16777619
	}
	return int(hash % maxParts)
}

func isEpoch(key string) bool { return strings.Contains(key, ":epoch:") }
