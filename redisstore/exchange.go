package redisstore

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// maxGuard is how many entries a guard asks about, most often.
const maxGuard = 3

var errNoEntry = errors.New("its value is not one of authjwt's")

// An exchange is what the calls of a batch want, and what came of it.
type exchange struct {
	reads     []string
	writes    []*write
	questions []question
	counts    bool // it writes

	found   *found             // nil: each is asked for by itself
	there   *redis.IntCmd      // how many there are of the reads that were not asked for one by one; nil: of none
	each    []*redis.StringCmd // of reads; nil: not asked for by itself
	written []*redis.StatusCmd // of writes
	answers []func() error     // to questions
}

// A write is an Add or a Set, and what came of it.
type write struct {
	key     string
	at      time.Time
	life    time.Duration // zero: for ever
	replace bool

	value   string
	present time.Time
	added   bool
}

func newExchange(batch []*call) *exchange {
	x := &exchange{reads: make([]string, 0, maxGuard*len(batch))}
	for _, c := range batch {
		x.reads = append(x.reads, c.reads...)
		if c.write != nil {
			x.writes = append(x.writes, c.write)
		}
		if c.question != nil {
			x.questions = append(x.questions, c.question)
		}
		x.counts = x.counts || c.write != nil || c.counted
	}
	x.each = make([]*redis.StringCmd, len(x.reads))
	return x
}

func (x *exchange) askWrites(ctx context.Context, pipe redis.Pipeliner) {
	for _, w := range x.writes {
		x.written = append(x.written, w.ask(ctx, pipe))
	}
}

func (x *exchange) askQuestions(ctx context.Context, pipe redis.Pipeliner) {
	for _, ask := range x.questions {
		x.answers = append(x.answers, ask(ctx, pipe))
	}
}

// askTogether takes one command for all reads but those that were there the last time: mostly nothing is there, and
// to count costs less than to read. EXISTS counts whatever type they have, whereas MGET takes what is no string for
// nothing.
func (x *exchange) askTogether(ctx context.Context, pipe redis.Pipeliner) {
	counted := x.found.without(x.reads, func(i int) { x.each[i] = pipe.Get(ctx, x.reads[i]) })
	if len(counted) > 0 {
		x.there = pipe.Exists(ctx, counted...)
	}
}

func (x *exchange) noneThere() bool {
	return x.there == nil || x.there.Err() == nil && x.there.Val() == 0
}

// askEach asks for those that were not asked for by themselves.
func (x *exchange) askEach(ctx context.Context, pipe redis.Pipeliner) {
	for i, key := range x.reads {
		if x.each[i] == nil {
			x.each[i] = pipe.Get(ctx, key)
		}
	}
}

// deliver settles the calls of the batch with their replies, each with its own error.
func (x *exchange) deliver(batch []*call) {
	read, wrote, asked := 0, 0, 0
	for _, c := range batch {
		var failed error
		for range c.reads {
			at, err := x.time(read)
			if err != nil {
				failed = fmt.Errorf("redisstore: read an entry: %w", err)
			}
			c.times = append(c.times, at)
			read++
		}
		if c.write != nil {
			if err := c.write.answer(x.written[wrote]); err != nil {
				failed = fmt.Errorf("redisstore: write an entry: %w", err)
			}
			wrote++
		}
		if c.question != nil {
			if err := x.answers[asked](); err != nil {
				failed = fmt.Errorf("redisstore: ask about sessions: %w", err)
			}
			asked++
		}
		c.settle(failed)
	}
}

// proof is the last entry that was written; nil if none was.
func (x *exchange) proof(asked time.Time) (last *proof) {
	for _, w := range x.writes {
		switch {
		case !w.added:
		case w.life == 0:
			last = &proof{key: w.key}
		default: // a second less, for clocks that go differently
			last = &proof{w.key, asked.Add(w.life - time.Second)}
		}
	}
	return last
}

// time is that of an entry; zero if Redis says that there is none.
func (x *exchange) time(read int) (time.Time, error) {
	cmd := x.each[read]
	if cmd == nil {
		return time.Time{}, nil
	}
	text, err := cmd.Result()
	if errors.Is(err, redis.Nil) {
		x.found.note(x.reads[read], false)
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, err
	}
	x.found.note(x.reads[read], true)
	return parseValue(text)
}

// ask adds the command to the pipeline. The value has a random part, by which the writer knows its own: a
// client that got no answer tries again, and finds what it has added.
func (w *write) ask(ctx context.Context, pipe redis.Pipeliner) *redis.StatusCmd {
	w.value = strconv.FormatInt(w.at.UnixMilli(), 10) + "." + strconv.FormatUint(rand.Uint64(), 36)
	if w.replace {
		return pipe.Set(ctx, w.key, w.value, w.life)
	}
	return pipe.SetArgs(ctx, w.key, w.value, redis.SetArgs{Mode: "NX", TTL: w.life, Get: true})
}

func (w *write) answer(cmd *redis.StatusCmd) (err error) {
	text, err := cmd.Result()
	w.present = time.UnixMilli(w.at.UnixMilli())
	switch {
	case w.replace && err == nil && text != "OK":
		return errors.New("an odd reply to SET")
	case w.replace:
		w.added = err == nil
		return err
	case errors.Is(err, redis.Nil) || err == nil && text == w.value:
		w.added = true
		return nil
	case err != nil:
		return err
	}
	w.present, err = parseValue(text)
	return err
}

func parseValue(text string) (time.Time, error) {
	millis, _, found := strings.Cut(text, ".")
	n, err := strconv.ParseInt(millis, 10, 64)
	at := time.UnixMilli(n)
	if err != nil || !found || at.IsZero() { // the zero time would say that nothing is there
		return time.Time{}, errNoEntry
	}
	return at, nil
}
