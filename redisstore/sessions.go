package redisstore

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	// maxSessions is authjwt.MaxSessions.
	maxSessions = 1000
	// stay is how long a record stays when its time is over, for clocks that differ.
	stay = time.Minute
	// always is the end of what is for ever, as Redis writes it.
	always = "inf"
	// maxEnd is what Redis can reckon with, in seconds: what ends later is for ever.
	maxEnd = 1 << 42
)

// A question adds a command to the pipeline, and returns what takes its reply.
type question func(ctx context.Context, pipe redis.Pipeliner) (answer func() error)

// The records of an owner are a hash, of values that begin with their end; a sorted set has the ends by themselves. Both
// lie in the owner's part, and so on one server, and expire with the last record.
func (p *part) sessionKeys(owner string) []string {
	return []string{p.head + "authjwt:sessions:" + owner, p.head + "authjwt:sessionends:" + owner}
}

// putSession drops what is over, and what is too much, which are the first of the sorted set but for the new one, and
// tells of the latter. It looks at the hash first: if it is none, nothing shall have changed.
const putSession = `
redis.call('HLEN', KEYS[1])
redis.call('ZADD', KEYS[2], ARGV[4], ARGV[2])
redis.call('HSET', KEYS[1], ARGV[2], ARGV[3])
local function drop(id)
	redis.call('HDEL', KEYS[1], id)
	redis.call('ZREM', KEYS[2], id)
end
local over = redis.call('ZCOUNT', KEYS[2], '-inf', ARGV[1])
for _, id in ipairs(over > 0 and redis.call('ZRANGE', KEYS[2], 0, over - 1) or {}) do
	drop(id)
end
local n, dropped = redis.call('ZCARD', KEYS[2]) - tonumber(ARGV[5]), {}
for _, id in ipairs(n > 0 and redis.call('ZRANGE', KEYS[2], 0, n) or {}) do
	if id ~= ARGV[2] and #dropped < n then
		drop(id)
		dropped[#dropped + 1] = id
	end
end` + expireSessions + `
return dropped`

const removeSessions = `
for i = 2, #ARGV do
	redis.call('ZREM', KEYS[2], ARGV[i])
	redis.call('HDEL', KEYS[1], ARGV[i])
end` + expireSessions + `
return 1`

// expireSessions is for scripts whose first argument is the time before which records are over.
const expireSessions = `
local last = redis.call('ZRANGE', KEYS[2], -1, -1, 'WITHSCORES')[2]
for _, key in ipairs(last and KEYS or {}) do
	if last == 'inf' then
		redis.call('PERSIST', key)
	else
		redis.call('PEXPIRE', key, last - ARGV[1])
	end
end`

// PutSession implements authjwt.SessionStore. The sentinel counts it, as it does what Set writes: where a Redis has
// forgotten a record the session shall be over as well. A record that stays for clocks that differ is not over yet.
func (s *Store) PutSession(
	ctx context.Context, owner, id string, record []byte, until time.Time,
) (dropped []string, err error) {
	end := endOf(until)
	value := end + "." + string(record) // a copy: the client may be at it still when ctx is done
	var ids []string                    // not dropped itself, for the same reason
	err = s.ask(ctx, owner, true, func(keys []string) question {
		return evaluate(takeIDs(&ids), putSession, keys, s.over(), id, value, end, maxSessions)
	})
	if err != nil {
		return nil, err
	}
	return ids, nil
}

// ListSessions implements authjwt.SessionStore.
func (s *Store) ListSessions(ctx context.Context, owner string) (map[string][]byte, error) {
	records, over := map[string][]byte{}, s.over()
	err := s.ask(ctx, owner, false, func(keys []string) question {
		return func(ctx context.Context, pipe redis.Pipeliner) (answer func() error) {
			reply := pipe.HGetAll(ctx, keys[0])
			return func() error { return takeAll(records, reply, over) }
		}
	})
	if err != nil {
		return nil, err
	}
	return records, nil
}

// RemoveSessions implements authjwt.SessionStore.
func (s *Store) RemoveSessions(ctx context.Context, owner string, ids ...string) error {
	args := make([]any, 0, 1+len(ids))
	args = append(args, s.over())
	for _, id := range ids {
		args = append(args, id)
	}
	return s.ask(ctx, owner, false, func(keys []string) question { return evaluate(takeOne, removeSessions, keys, args...) })
}

// ask waits until the question to the owner's part is answered.
func (s *Store) ask(ctx context.Context, owner string, counted bool, about func(keys []string) question) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	p := s.parts[s.partOf(owner)]
	c := s.newCall(ctx)
	c.question, c.counted = about(p.sessionKeys(owner)), counted
	p.submit(c)
	if err := c.wait(ctx); err != nil {
		return err
	}
	s.recycle(c)
	return nil
}

// over is the time, in milliseconds, before which records are over.
func (s *Store) over() int64 { return s.now().Add(-stay).UnixMilli() }

func endOf(until time.Time) string {
	switch seconds := until.Unix(); {
	case until.IsZero() || seconds >= maxEnd:
		return always
	case seconds < 0: // over, however far back
		return "0"
	}
	return strconv.FormatInt(until.UnixMilli(), 10)
}

func evaluate(take func(reply *redis.Cmd) error, script string, keys []string, args ...any) question {
	return func(ctx context.Context, pipe redis.Pipeliner) (answer func() error) {
		reply := pipe.Eval(ctx, script, keys, args...)
		return func() error { return take(reply) }
	}
}

func takeOne(reply *redis.Cmd) error {
	n, err := reply.Int()
	if err == nil && n != 1 {
		err = errors.New("an odd reply to EVAL")
	}
	return err
}

func takeIDs(ids *[]string) func(reply *redis.Cmd) error {
	return func(reply *redis.Cmd) (err error) {
		*ids, err = reply.StringSlice()
		return err
	}
}

func takeAll(records map[string][]byte, reply *redis.MapStringStringCmd, over int64) error {
	all, err := reply.Result()
	if err != nil {
		return err
	}
	for id, value := range all {
		if err := take(records, id, value, over); err != nil {
			return err
		}
	}
	return nil
}

// take adds the record of a value unless it is over.
func take(records map[string][]byte, id, value string, over int64) error {
	text, record, found := strings.Cut(value, ".")
	end, err := strconv.ParseInt(text, 10, 64)
	if !found || err != nil && text != always {
		return errNoEntry
	}
	if text == always || end > over {
		records[id] = []byte(record)
	}
	return nil
}
