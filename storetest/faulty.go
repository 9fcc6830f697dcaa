package storetest

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync/atomic"
	"time"

	"github.com/gin-authjwt/authjwt"
)

// Fault is a way in which a store fails.
type Fault int32

const (
	// None lets the store answer.
	None Fault = iota
	// Fails answers with an error.
	Fails
	// Hangs answers when ctx is done.
	Hangs
	// HangsForever answers when the test has ended the fault, whatever ctx says.
	HangsForever
	// Panics panics.
	Panics
	// FailsLate does what is asked, and answers with an error all the same.
	FailsLate
	// Short answers Get with one time too few, and ListSessions with one record too few.
	Short
)

// ErrFault is the error of a [Faulty] store. Its text is no client's business.
var ErrFault = errors.New("storetest: dial tcp store.internal:6379: connection refused")

var errNoSessions = errors.New("storetest: the store that is wrapped is no SessionStore")

// Faulty is a store with faults to switch on, and a SessionStore where the wrapped one is. It is safe for concurrent
// use. Two of one store, one for Settings.Store and one for Settings.Sessions, fail apart.
type Faulty struct {
	authjwt.Store

	fault atomic.Int32
	calls atomic.Int64
	ended chan struct{}
}

// NewFaulty wraps s.
func NewFaulty(s authjwt.Store) *Faulty { return &Faulty{Store: s, ended: make(chan struct{})} }

// Be switches to a fault.
func (f *Faulty) Be(fault Fault) { f.fault.Store(int32(fault)) }

// End lets the calls return that hang for ever. It may be called once.
func (f *Faulty) End() { close(f.ended) }

// Calls is how many calls there were.
func (f *Faulty) Calls() int64 { return f.calls.Load() }

// Add implements authjwt.Store.
func (f *Faulty) Add(ctx context.Context, key string, t, until time.Time) (present time.Time, added bool, err error) {
	err = f.around(ctx, func() (err error) {
		present, added, err = f.Store.Add(ctx, key, t, until)
		return err
	})
	return present, added, err
}

// Set implements authjwt.Store.
func (f *Faulty) Set(ctx context.Context, key string, t, until time.Time) error {
	return f.around(ctx, func() error { return f.Store.Set(ctx, key, t, until) })
}

// Get implements authjwt.Store.
func (f *Faulty) Get(ctx context.Context, keys ...string) (times []time.Time, err error) {
	err = f.around(ctx, func() (err error) {
		times, err = f.Store.Get(ctx, keys...)
		return err
	})
	if Fault(f.fault.Load()) == Short && len(times) > 0 {
		times = times[:len(times)-1]
	}
	return times, err
}

// PutSession implements authjwt.SessionStore.
func (f *Faulty) PutSession(
	ctx context.Context, owner, id string, record []byte, until time.Time,
) (dropped []string, err error) {
	err = f.aroundSessions(ctx, func(s authjwt.SessionStore) (err error) {
		dropped, err = s.PutSession(ctx, owner, id, record, until)
		return err
	})
	if err != nil {
		return nil, err
	}
	return dropped, nil
}

// ListSessions implements authjwt.SessionStore.
func (f *Faulty) ListSessions(ctx context.Context, owner string) (records map[string][]byte, err error) {
	err = f.aroundSessions(ctx, func(s authjwt.SessionStore) (err error) {
		records, err = s.ListSessions(ctx, owner)
		return err
	})
	if Fault(f.fault.Load()) == Short && len(records) > 0 {
		delete(records, slices.Min(slices.Collect(maps.Keys(records))))
	}
	return records, err
}

// RemoveSessions implements authjwt.SessionStore.
func (f *Faulty) RemoveSessions(ctx context.Context, owner string, ids ...string) error {
	return f.aroundSessions(ctx, func(s authjwt.SessionStore) error { return s.RemoveSessions(ctx, owner, ids...) })
}

func (f *Faulty) aroundSessions(ctx context.Context, call func(s authjwt.SessionStore) error) error {
	return f.around(ctx, func() error {
		s, is := f.Store.(authjwt.SessionStore)
		if !is {
			return errNoSessions
		}
		return call(s)
	})
}

func (f *Faulty) around(ctx context.Context, call func() error) error {
	f.calls.Add(1)
	switch Fault(f.fault.Load()) {
	case Fails:
		return ErrFault
	case Hangs:
		<-ctx.Done()
		return ctx.Err()
	case HangsForever:
		<-f.ended
		return ErrFault
	case Panics:
		panic(ErrFault)
	case FailsLate:
		_ = call()
		return ErrFault
	}
	return call()
}
