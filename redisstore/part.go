package redisstore

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

// maxBatch is how many calls share a pipeline.
const maxBatch = 256

// A part is what lies together on one server: entries, and the sentinel that tells whether they are still
// there. What happens to one part does not touch the others.
type part struct {
	store    *Store
	head     string // of all its keys
	sentinel string
	circuit  circuit
	seen     atomic.Int64 // the highest value of the sentinel
	last     atomic.Pointer[proof]
	found    found

	mu     sync.Mutex
	queue  []*call
	batch  []*call // in the pipeline under way, and not settled
	flying bool    // a pipeline is under way: what comes meanwhile waits, and shares the next
	slow   bool    // it takes longer
}

func newPart(s *Store, head string) *part {
	p := &part{store: s, head: head, sentinel: head + sentinelName}
	p.seen.Store(noSentinel)
	return p
}

// submit puts c in the queue. While Redis is away it settles c at once, but now and then one call waits for
// a probe, and goes on if Redis is back.
func (p *part) submit(c *call) {
	if away := p.circuit.outage.Load(); away != nil {
		if !away.probeIsDue() {
			c.settle(away.err)
			return
		}
		c.warn()
		go func() {
			if !p.probe() {
				c.settle(away.err)
				return
			}
			p.circuit.outage.CompareAndSwap(away, nil)
			p.submit(c)
		}()
		return
	}
	p.mu.Lock()
	p.queue = append(p.queue, c)
	if p.slow {
		c.warn()
	}
	idle := !p.flying
	p.flying = true
	p.mu.Unlock()
	if idle {
		go p.fly()
	}
}

// fly serves batch after batch until the queue is empty. Goroutines that are ready to run come first, for they may be
// about to ask: on a busy machine that makes fewer and larger batches.
func (p *part) fly() {
	for {
		runtime.Gosched()
		p.mu.Lock()
		// What its caller has given up, and perhaps tries again, is not done any more.
		batch := slices.DeleteFunc(p.queue, func(c *call) bool { return c.gone.Load() })
		p.flying = len(batch) > 0
		p.queue = make([]*call, 0, len(batch))
		if len(batch) > maxBatch {
			batch, p.queue = batch[:maxBatch:maxBatch], batch[maxBatch:]
		}
		p.batch, p.slow = batch, false
		p.mu.Unlock()
		if len(batch) == 0 || !p.serve(batch, p.overdue) {
			return
		}
	}
}

// overdue lets another flight begin, while one does not come back from a client that does not heed its context.
func (p *part) overdue() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.flying = false
}

// serve does what the calls of a batch want, and settles them. It is false if that took too long: then overdue
// was called, and the calls have been settled meanwhile.
func (p *part) serve(batch []*call, overdue func()) (inTime bool) {
	budget := time.Duration(0)
	for _, c := range batch {
		budget = max(budget, c.budget)
	}
	ctx, cancel := context.WithTimeout(context.Background(), budget)
	defer cancel()
	late := time.AfterFunc(budget, func() {
		overdue()
		p.fail(batch, fmt.Errorf("no answer in time: %w", context.DeadlineExceeded))
	})
	slow := time.AfterFunc(soon, p.warn)
	defer slow.Stop()
	x, asked := newExchange(batch), time.Now()
	err := p.converse(ctx, x)
	if !late.Stop() {
		return false
	}
	if err != nil {
		p.fail(batch, err)
		return true
	}
	p.forget(batch)
	x.deliver(batch)
	if last := x.proof(asked); last != nil {
		p.last.Store(last)
	}
	return true
}

// warn tells all callers whose calls are not settled that it takes longer.
func (p *part) warn() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.slow = true
	for _, calls := range [][]*call{p.batch, p.queue} {
		for _, c := range calls {
			c.warn()
		}
	}
}

// forget lets go of a batch that is about to be settled.
func (p *part) forget(batch []*call) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.batch) > 0 && &p.batch[0] == &batch[0] {
		p.batch = nil
	}
}

// fail opens the circuit, and settles the batch and all that waits.
func (p *part) fail(batch []*call, cause error) {
	p.circuit.open(cause)
	p.mu.Lock()
	queued := p.queue
	p.queue = nil
	p.mu.Unlock()
	p.forget(batch)
	err := fmt.Errorf("redisstore: %w", cause)
	for _, calls := range [][]*call{batch, queued} {
		for _, c := range calls {
			c.settle(err)
		}
	}
}

// converse takes one round trip, or two if entries are there that were not expected.
func (p *part) converse(ctx context.Context, x *exchange) error {
	if !p.store.alone() {
		return p.roundTrip(ctx, x.counts, x.askWrites, x.askQuestions, x.askEach)
	}
	x.found = &p.found
	err := p.roundTrip(ctx, x.counts, x.askWrites, x.askQuestions, x.askTogether)
	if err != nil || x.noneThere() {
		return err
	}
	return p.roundTrip(ctx, false, x.askEach)
}

// roundTrip fails if the sentinel does not say that all is well. The sentinel comes last: if memory is lost
// in the middle, the entries were read before.
func (p *part) roundTrip(ctx context.Context, writes bool, ask ...func(context.Context, redis.Pipeliner)) (err error) {
	defer func() {
		if v := recover(); v != nil { // in a hook of the client; nobody above would catch it
			err = fmt.Errorf("the client panicked: %v", v)
		}
	}()
	pipe := p.store.client.Pipeline()
	for _, add := range ask {
		add(ctx, pipe)
	}
	s := p.askSentinel(ctx, pipe, writes)
	_, _ = pipe.Exec(ctx) // each command has its own error
	return p.judge(ctx, s)
}

// probe looks whether Redis is back.
func (p *part) probe() (recovered bool) {
	c := &call{budget: maxProbe, news: make(chan bool, 2)}
	return p.serve([]*call{c}, func() {}) && c.err == nil
}
