package redisstore

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"
)

// A sentinel is a number that never falls while a part keeps its memory: when the memory began, in
// milliseconds of Unix time, times 2^20, plus a count of the pipelines that wrote. A count that overflows
// moves the beginning by a millisecond, which does no harm.
const (
	countBits = 20
	// noSentinel is less than any sentinel, and more than what a count reaches that began at nothing.
	noSentinel = 1 << 40
	// maxAhead is less than the default of Settings.ClockSkew, by the second that logins are dated later.
	maxAhead = 3 * time.Second
)

type sentinel struct {
	count  *redis.IntCmd // nil where nothing was written
	reply  *redis.StatusCmd
	fresh  int64 // what it is if it was missing
	before int64 // what was seen before it was asked for
}

// askSentinel reads the sentinel, or sets it if it is missing, with a command that only a master with room
// for writes obeys.
func (p *part) askSentinel(ctx context.Context, pipe redis.Pipeliner, wrote bool) sentinel {
	s := sentinel{before: p.seen.Load(), fresh: p.begin().UnixMilli() << countBits}
	if wrote {
		s.count = pipe.IncrBy(ctx, p.sentinel, 1)
	}
	s.reply = pipe.SetArgs(ctx, p.sentinel, s.fresh, redis.SetArgs{Mode: "NX", Get: true})
	return s
}

// begin is when memory begins that is found to be lost: now, or, if some was lost in this second before, a
// second later, for logins since then are dated so. They are dated no further ahead than guards accept.
func (p *part) begin() time.Time {
	now, last := p.store.now(), p.store.epoch()
	if last.Unix() < now.Unix() {
		return now
	}
	if last.After(p.epoch()) { // another part's: the same loss
		return last
	}
	if latest := now.Add(maxAhead); last.After(latest.Add(-time.Second)) {
		return latest
	}
	return last.Add(time.Second)
}

// judge takes the sentinel's reply. Memory that was lost begins now.
func (p *part) judge(ctx context.Context, s sentinel) error {
	if s.count != nil && s.count.Err() != nil { // the loss of what was not counted would go unnoticed
		return fmt.Errorf("count a write: %w", s.count.Err())
	}
	text, err := s.reply.Result()
	if errors.Is(err, redis.Nil) {
		p.saw(s.fresh)
		p.store.lookAround(p)
		return nil
	}
	if err != nil {
		return fmt.Errorf("read the sentinel: %w", err)
	}
	value, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return errors.New("read the sentinel: its value is not one of authjwt's")
	}
	lowest := s.before
	if p.store.allowRollback {
		lowest = noSentinel
	}
	if value < lowest {
		value = max(s.fresh, s.before+1)
		if err := p.store.client.Set(ctx, p.sentinel, value, 0).Err(); err != nil {
			return fmt.Errorf("renew the sentinel: %w", err)
		}
		p.store.lookAround(p)
	}
	p.saw(value)
	return nil
}

func (p *part) saw(value int64) {
	for seen := p.seen.Load(); value > seen && !p.seen.CompareAndSwap(seen, value); seen = p.seen.Load() {
	}
}

// epoch is when the part's memory began; zero while that is not known.
func (p *part) epoch() time.Time {
	if seen := p.seen.Load(); seen != noSentinel {
		return time.UnixMilli(seen >> countBits)
	}
	return time.Time{}
}

// lookAround asks the other parts, too, for their memory may be gone as well: what is noticed late refuses
// tokens that were issued after the loss.
func (s *Store) lookAround(found *part) {
	if !s.checked {
		return
	}
	for _, p := range s.parts {
		if p != found && p.seen.Load() != noSentinel {
			p.submit(newCall(context.Background()))
		}
	}
}
