package authjwt_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"

	"github.com/gin-authjwt/authjwt"
	"github.com/gin-authjwt/authjwt/storetest"
)

// A stumbler is a store that fails from one of its calls on.
type stumbler struct {
	*storetest.Faulty
	left  int // calls, that one included; negative afterwards
	fault storetest.Fault
}

func (s *stumbler) step() {
	if s.left--; s.left == 0 {
		s.Be(s.fault)
	}
}

func (s *stumbler) Get(ctx context.Context, keys ...string) ([]time.Time, error) {
	s.step()
	return s.Faulty.Get(ctx, keys...)
}

func (s *stumbler) Add(ctx context.Context, key string, t, until time.Time) (time.Time, bool, error) {
	s.step()
	return s.Faulty.Add(ctx, key, t, until)
}

func (s *stumbler) PutSession(ctx context.Context, owner, id string, record []byte, until time.Time) ([]string, error) {
	s.step()
	return s.Faulty.PutSession(ctx, owner, id, record, until)
}

// Whichever of the store's answers is missing, the refresh token stays as it was, and is refreshed when the store is back.
// Where the last was carried out all the same, the retry gets the successor.
func TestR04_StoreFailsInTheMiddle(t *testing.T) {
	list := func(set *authjwt.Settings) { set.Sessions = set.Store.(authjwt.SessionStore) }
	for _, row := range []struct {
		name  string
		used  bool // already, by another tab
		edits []func(set *authjwt.Settings)
		calls int
	}{
		{"unused", false, nil, 3},
		{"unused, listed", false, []func(*authjwt.Settings){list}, 4},
		{"unused, no grace", false, []func(*authjwt.Settings){noGrace}, 3},
		{"used", true, nil, 4},
		{"used, listed", true, []func(*authjwt.Settings){list}, 5},
	} {
		for _, fault := range []storetest.Fault{storetest.Fails, storetest.Hangs, storetest.FailsLate} {
			for call := 1; call <= row.calls+1; call++ {
				t.Run(fmt.Sprint(row.name, " ", fault, " ", call), func(t *testing.T) {
					stumbles, told := &stumbler{fault: fault}, new(events)
					s := newService(t, append([]func(set *authjwt.Settings){func(set *authjwt.Settings) {
						stumbles.Faulty = set.Store.(*storetest.Faulty)
						set.Store, set.OnEvent = stumbles, told.note
						set.TokenLocation = []authjwt.Location{authjwt.Headers, authjwt.Cookies}
					}}, row.edits...)...)
					first := s.login(t)
					if row.used {
						s.refresh(t, first.Refresh)
					}
					told.take()
					stumbles.left = call
					rec := s.do("POST", "/refresh", first.Refresh)
					s.store.Be(storetest.None)
					if call > row.calls {
						assert.Equal(t, 1, stumbles.left, "it asks as often")
						stumbles.left = -1
						s.accepts(t, s.got(t, rec))
						return
					}
					if strings.Contains(row.name, "listed") { // its session is on the list already: what is noted there of this refresh undoes nothing
						assertAnswerItself(t, rec, down)
						assert.Empty(t, rec.Header().Values("Set-Cookie"))
					} else {
						assertDown(t, rec)
					}
					assert.Zero(t, told.count(authjwt.EventRefreshed)+told.count(authjwt.EventReused))
					if row.name == "unused, no grace" && fault == storetest.FailsLate && call == row.calls {
						return // see TestR04_NoGraceIsNoGrace
					}
					got := s.refresh(t, first.Refresh)
					assert.Equal(t, successor(s.claims(t, first.Refresh)["jti"].(string)), s.claims(t, got.Refresh)["jti"])
					s.accepts(t, got)
				})
			}
		}
	}
}

// failLate lets the store carry out the next use of a refresh token, and everything after it, and answer with errors.
func (s *service) failLate(hooks *hookedStore) {
	hooks.add = func() {
		hooks.add = nil
		s.store.Be(storetest.FailsLate)
	}
}

// outage is a minute in which the store is away.
func (s *service) outage(tb testing.TB, bystander tokens) {
	tb.Helper()
	s.store.Be(storetest.Fails)
	assertAnswer(tb, s.do("GET", "/renewal", bystander.Refresh), down)
	s.pass(time.Minute)
	s.store.Be(storetest.None)
	s.accepts(tb, tokens{Refresh: bystander.Refresh})
}

// A store that hangs may have carried out what its caller was told 503 about. The client, who comes back when the
// store does, is no thief.
func TestR04_UsedAllTheSame(t *testing.T) {
	const grace, before = 15 * time.Second, 150*time.Millisecond + time.Second // StoreTimeout, and a margin
	const late, regular = true, false
	for _, row := range []struct {
		name    string
		use     bool
		before  time.Duration // from the use to the outage, and from one to the next
		outages int
		after   time.Duration // from the end of the last to the retry
		good    bool
	}{
		{name: "at once", use: late, outages: 1, good: true},
		{name: "at the end of the grace", use: late, outages: 1, after: grace - time.Millisecond, good: true},
		{name: "after the grace", use: late, outages: 1, after: grace},
		{name: "after another outage", use: late, before: before, outages: 2},
		{name: "used before the outage", use: regular, before: before + time.Millisecond, outages: 1},
		{name: "used before, so near that it may be the Add that failed", use: regular, before: before, outages: 1, good: true},
		{name: "so near, after the grace", use: regular, before: before, outages: 1, after: grace},
		{name: "long before", use: regular, before: time.Hour, outages: 1},
		{name: "no outage", use: regular, after: grace},
		{name: "no outage, within the grace", use: regular, after: grace - time.Millisecond, good: true},
	} {
		t.Run(row.name, func(t *testing.T) {
			hooks := new(hookedStore)
			s := newService(t, hooks.in)
			first, bystander := s.login(t), s.login(t)
			if row.use == late {
				s.failLate(hooks)
				assertAnswer(t, s.do("POST", "/refresh", first.Refresh), down)
			} else {
				s.refresh(t, first.Refresh)
			}
			for range row.outages {
				s.pass(row.before)
				s.outage(t, bystander)
			}
			s.pass(row.after)
			rec := s.do("POST", "/refresh", first.Refresh)
			if !row.good {
				assertAnswer(t, rec, revoked)
				s.refuses(t, tokens{Refresh: first.Refresh})
				s.accepts(t, tokens{Refresh: bystander.Refresh})
				return
			}
			got := s.got(t, rec)
			assert.Equal(t, successor(s.claims(t, first.Refresh)["jti"].(string)), s.claims(t, got.Refresh)["jti"])
			s.accepts(t, got, first)
		})
	}
}

// successor is the jti that every retry of a refresh gets.
func successor(id string) string {
	digest := sha256.Sum256([]byte("authjwt refresh token after " + id))
	next := uuid.UUID(digest[:16])
	next[6], next[8] = next[6]&0x0f|0x80, next[8]&0x3f|0x80
	return next.String()
}

// The first to ask may be the client itself, or a guard on the way.
func TestR04_UsedAllTheSameThenAGuard(t *testing.T) {
	for name, later := range map[string]time.Duration{"within the grace": 15*time.Second - time.Millisecond, "after it": 15 * time.Second} {
		t.Run(name, func(t *testing.T) {
			hooks := new(hookedStore)
			s := newService(t, hooks.in)
			first := s.login(t)
			s.failLate(hooks)
			assertAnswer(t, s.do("POST", "/refresh", first.Refresh), down)
			s.pass(10 * time.Minute)
			s.store.Be(storetest.None)
			s.accepts(t, first)
			s.pass(later)
			if name == "after it" {
				s.refuses(t, tokens{Refresh: first.Refresh})
				s.refuses(t, first)
				return
			}
			s.accepts(t, s.refresh(t, first.Refresh))
		})
	}
}

func TestR04_NoGraceIsNoGrace(t *testing.T) {
	hooks := new(hookedStore)
	s := newService(t, hooks.in, noGrace)
	first := s.login(t)
	s.failLate(hooks)
	assertAnswer(t, s.do("POST", "/refresh", first.Refresh), down)
	s.store.Be(storetest.None)
	assertAnswer(t, s.do("POST", "/refresh", first.Refresh), revoked)
	s.refuses(t, first)
}
