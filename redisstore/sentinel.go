package redisstore

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"
)

// sentinelName ends the keys of sentinels.
const sentinelName = "authjwt:sentinel"

// A sentinel is a number that never falls while a part keeps its memory: when the memory began, in seconds of
// Unix time, times 2^31, plus a count of the pipelines that wrote. A count that overflows moves the beginning
// by a second, once in two thousand million.
const (
	countBits = 31
	// noSentinel is less than any sentinel, and more than what a count reaches that began at nothing.
	noSentinel = 1 << 40
	// maxAhead is less than the default of Settings.ClockSkew, by the second that logins are dated later.
	maxAhead = 3
)

type sentinel struct {
	count  *redis.IntCmd // nil where nothing was written
	proof  *redis.IntCmd // nil where none is known
	reply  *redis.StatusCmd
	fresh  int64 // what it is if it was missing
	before int64 // what was seen before it was asked for
}

// A proof is the last entry that this process wrote. What Redis forgets it forgets from the end, so that nothing
// that was written before is lost while it is there.
type proof struct {
	key  string
	ends time.Time // zero: never
}

// askSentinel reads the sentinel, or sets it if it is missing, with a command that only a master with room
// for writes obeys.
func (p *part) askSentinel(ctx context.Context, pipe redis.Pipeliner, wrote bool) sentinel {
	s := sentinel{before: p.seen.Load(), fresh: p.begin() << countBits}
	if wrote {
		s.count = pipe.IncrBy(ctx, p.sentinel, 1)
	}
	if last := p.last.Load(); last != nil && (last.ends.IsZero() || time.Now().Before(last.ends)) {
		s.proof = pipe.StrLen(ctx, last.key)
	}
	s.reply = pipe.SetArgs(ctx, p.sentinel, s.fresh, redis.SetArgs{Mode: "NX", Get: true})
	return s
}

// begin is when memory begins that is found to be lost: now, or, if some was lost in this second before, a
// second later, for logins since then are dated so. They are dated no further ahead than guards accept.
func (p *part) begin() int64 {
	now, last := p.store.now().Unix(), p.store.began()
	switch {
	case last < now:
		return now
	case last > p.began(): // another part's: the same loss
		return last
	}
	return min(last+1, now+maxAhead)
}

// judge takes the sentinel's reply. Memory that was lost begins now.
func (p *part) judge(ctx context.Context, s sentinel) error {
	if s.count != nil && s.count.Err() != nil { // the loss of what was not counted would go unnoticed
		return fmt.Errorf("count a write: %w", s.count.Err())
	}
	text, err := s.reply.Result()
	if errors.Is(err, redis.Nil) {
		p.lost(s.fresh)
		return nil
	}
	if err != nil {
		return fmt.Errorf("read the sentinel: %w", err)
	}
	value, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return errors.New("read the sentinel: its value is not one of authjwt's")
	}
	if fits, err := p.fits(s, value); err != nil || fits {
		p.saw(value)
		return err
	}
	if value, err = p.renew(ctx, value, max(s.fresh, s.before+1)); err != nil {
		return fmt.Errorf("renew the sentinel: %w", err)
	}
	p.lost(value)
	return nil
}

// fits tells whether nothing was lost but what the sentinel tells of by itself.
func (p *part) fits(s sentinel, value int64) (bool, error) {
	if value < noSentinel || value < s.before && !p.store.allowRollback {
		return false, nil
	}
	if value>>countBits != s.before>>countBits { // another process has found a loss
		p.last.Store(nil)
		return true, nil
	}
	if s.proof == nil || p.store.allowRollback {
		return true, nil
	}
	length, err := s.proof.Result()
	if err != nil {
		return false, fmt.Errorf("look for the last entry: %w", err)
	}
	return length > 0, nil
}

func (p *part) lost(value int64) {
	p.last.Store(nil)
	p.saw(value)
	p.store.lookAround(p)
}

func (p *part) saw(value int64) {
	for seen := p.seen.Load(); value > seen && !p.seen.CompareAndSwap(seen, value); seen = p.seen.Load() {
	}
}

// renewal replaces a sentinel unless its memory began at another time than the one that was found wanting: then
// another process has been faster. That the count goes on meanwhile is no matter. Lua's numbers have 53 bits,
// enough for seconds; values go through as texts.
const renewal = `
local value = redis.call('GET', KEYS[1])
if value and math.floor(tonumber(value) / tonumber(ARGV[3])) ~= tonumber(ARGV[1]) then
	return value
end
redis.call('SET', KEYS[1], ARGV[2])
return ARGV[2]`

// renew returns the sentinel that is there afterwards.
func (p *part) renew(ctx context.Context, old, value int64) (int64, error) {
	text, err := p.store.client.Eval(ctx, renewal, []string{p.sentinel}, old>>countBits, value, 1<<countBits).Text()
	if err != nil {
		return 0, err
	}
	return strconv.ParseInt(text, 10, 64)
}

// began is when the part's memory began, in seconds; less than any while that is not known.
func (p *part) began() int64 { return p.seen.Load() >> countBits }

// lookAround asks the other parts, too, for their memory may be gone as well: what is noticed late refuses
// tokens that were issued after the loss.
func (s *Store) lookAround(found *part) {
	if !s.checked {
		return
	}
	for _, p := range s.parts {
		if p != found && p.seen.Load() != noSentinel {
			p.submit(s.newCall(context.Background()))
		}
	}
}
