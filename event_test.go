package authjwt_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
	"github.com/gin-authjwt/authjwt/storetest"
)

// events remembers what a Manager tells.
type events struct {
	mu  sync.Mutex
	all []authjwt.Event
}

func (e *events) note(_ context.Context, event authjwt.Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.all = append(e.all, event)
}

// takeAll returns what was told since the last call.
func (e *events) takeAll() []authjwt.Event {
	e.mu.Lock()
	defer e.mu.Unlock()
	defer func() { e.all = nil }()
	return e.all
}

// take is takeAll without the refusals.
func (e *events) take() []authjwt.Event {
	return slices.DeleteFunc(e.takeAll(), func(event authjwt.Event) bool { return event.Kind == authjwt.EventRefused })
}

// count is how many of what was told are of that kind.
func (e *events) count(kind authjwt.EventKind) (n int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, event := range e.all {
		if event.Kind == kind {
			n++
		}
	}
	return n
}

func newEventful(t *testing.T) (*service, *events) {
	told := new(events)
	return newService(t, func(s *authjwt.Settings) {
		s.OnEvent, s.TokenLocation = told.note, []authjwt.Location{authjwt.Headers, authjwt.JSON}
	}), told
}

func TestEvents_OfASession(t *testing.T) {
	s, told := newEventful(t)
	got := s.login(t)
	access, refresh := s.claims(t, got.Access), s.claims(t, got.Refresh)
	session := access["sid"].(string)
	assert.Equal(t, []authjwt.Event{
		{Kind: authjwt.EventIssued, Time: testNow, Subject: "alice", SessionID: session, TokenID: access["jti"].(string),
			ClientAddress: "192.0.2.1", Route: "/login"},
	}, told.takeAll())

	s.refresh(t, got.Refresh)
	id := refresh["jti"].(string)
	assert.Equal(t, []authjwt.Event{
		{Kind: authjwt.EventRefreshed, Time: testNow, Subject: "alice", SessionID: session, TokenID: id,
			Location: authjwt.Headers, ClientAddress: "192.0.2.1", Route: "/refresh"},
	}, told.takeAll())

	s.pass(time.Minute)
	late := testNow.Add(time.Minute)
	s.do("POST", "/refresh", got.Refresh)
	assert.Equal(t, []authjwt.Event{
		{Kind: authjwt.EventRevoked, Time: late, Subject: "alice", SessionID: session, Location: authjwt.Headers, ClientAddress: "192.0.2.1", Route: "/refresh"},
		{Kind: authjwt.EventReused, Time: late, Subject: "alice", SessionID: session, TokenID: id, Location: authjwt.Headers, ClientAddress: "192.0.2.1", Route: "/refresh"},
	}, told.take())

	s.do("POST", "/refresh", got.Refresh)
	s.do("GET", "/protected", got.Access)
	assert.Empty(t, told.take(), "an ended session tells nothing more")

	pair := s.login(t)
	told.take()
	req := httptest.NewRequest("POST", "https://example.com/logout", strings.NewReader(`{"refresh_token":"`+pair.Refresh+`"}`))
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+pair.Access)
	s.ServeHTTP(httptest.NewRecorder(), req)
	session = s.claims(t, pair.Access)["sid"].(string)
	assert.Equal(t, []authjwt.Event{
		{Kind: authjwt.EventRevoked, Time: late, Subject: "alice", SessionID: session, Location: authjwt.Headers, ClientAddress: "192.0.2.1", Route: "/logout"},
	}, told.takeAll(), "two tokens of one session")

	require.NoError(t, s.auth.RevokeSubject(t.Context(), "bob"))
	require.NoError(t, s.auth.Revoke(t.Context(), &authjwt.Token{ID: "x"}))
	assert.Equal(t, []authjwt.Event{
		{Kind: authjwt.EventRevoked, Time: late, Subject: "bob"}, {Kind: authjwt.EventRevoked, Time: late, TokenID: "x"},
	}, told.take())
}

// What is refused is not told as done.
func TestEvents_NothingHappened(t *testing.T) {
	s, told := newEventful(t)
	got := s.login(t)
	told.take()
	s.do("POST", "/refresh", got.Access)
	s.do("GET", "/protected", "nonsense")
	s.do("POST", "/logout", "nonsense")
	s.store.Be(storetest.Fails)
	s.do("POST", "/login", "")
	s.do("POST", "/refresh", got.Refresh)
	assert.ErrorIs(t, s.auth.RevokeSubject(t.Context(), "alice"), authjwt.ErrUnavailable)
	all := told.take()
	require.Len(t, all, 1, "the store is down, once: %v", all)
	assert.ErrorIs(t, all[0].Err, storetest.ErrFault)
	all[0].Err = nil
	assert.Equal(t, authjwt.Event{Kind: authjwt.EventStoreDown, Time: testNow}, all[0])
}

func TestEvents_OfTheStore(t *testing.T) {
	s, told := newEventful(t)
	got := s.login(t)
	told.take()
	kinds := func() (kinds []authjwt.EventKind) {
		for _, event := range told.take() {
			kinds = append(kinds, event.Kind)
		}
		return kinds
	}
	for range 2 {
		s.store.Be(storetest.Hangs)
		s.do("GET", "/protected", got.Access)
		s.do("GET", "/protected", got.Access)
		assert.Equal(t, []authjwt.EventKind{authjwt.EventStoreDown}, kinds())
		s.store.Be(storetest.None)
		s.accepts(t, got)
		assert.Equal(t, []authjwt.EventKind{authjwt.EventStoreRecovered}, kinds())
		s.pass(time.Second)
	}

	gone, leave := context.WithCancel(t.Context())
	leave()
	_, err := s.auth.Verify(gone, got.Access, authjwt.Access)
	require.Error(t, err)
	assert.Empty(t, kinds(), "a client that leaves says nothing about the store")

	for i := range 2 {
		s.pass(time.Minute)
		require.NoError(t, s.store.Set(t.Context(), epochKey, s.time(), time.Time{}))
		s.refuses(t, got)
		assert.Equal(t, []authjwt.EventKind{authjwt.EventStoreLost}, kinds(), i)
	}
}

// Where a part of a store is away, calls fail and succeed in turn.
func TestEvents_PartialOutage(t *testing.T) {
	s, told := newEventful(t)
	got := s.login(t)
	call := func(fault storetest.Fault) (kinds []authjwt.EventKind) {
		told.take()
		s.store.Be(fault)
		s.do("GET", "/protected", got.Access)
		for _, event := range told.take() {
			kinds = append(kinds, event.Kind)
		}
		return kinds
	}
	isDown, isUp := []authjwt.EventKind{authjwt.EventStoreDown}, []authjwt.EventKind{authjwt.EventStoreRecovered}
	for range 3 {
		assert.Equal(t, isDown, call(storetest.Fails))
		assert.Equal(t, isUp, call(storetest.None))
		for range 99 {
			s.pass(10 * time.Millisecond)
			assert.Empty(t, call(storetest.Fails))
			assert.Empty(t, call(storetest.None), "of what nobody was told")
		}
		s.pass(10 * time.Millisecond) // the second is over
	}

	// An outage that began within the second is told of when that is over, if it lasts.
	assert.Equal(t, isDown, call(storetest.Fails))
	assert.Equal(t, isUp, call(storetest.None))
	s.pass(500 * time.Millisecond)
	assert.Empty(t, call(storetest.Fails))
	s.pass(499 * time.Millisecond)
	assert.Empty(t, call(storetest.Fails))
	s.pass(time.Millisecond)
	assert.Equal(t, isDown, call(storetest.Fails))
	assert.Empty(t, call(storetest.Fails), "once")
	s.pass(10 * time.Minute)
	assert.Empty(t, call(storetest.Fails), "once")
	assert.Equal(t, isUp, call(storetest.None))
	assert.Equal(t, isDown, call(storetest.Fails))
	assert.Equal(t, isUp, call(storetest.None))
	s.pass(-5 * time.Minute)
	assert.Equal(t, isDown, call(storetest.Fails), "by a clock that was set back")
}

func TestEvents_PartialOutageToManyAtOnce(t *testing.T) {
	s, told := newEventful(t)
	got := s.login(t)
	for i := range 20 {
		told.take()
		together(8, func(n int) {
			for range 25 {
				s.store.Be([]storetest.Fault{storetest.Fails, storetest.None}[n%2])
				s.do("GET", "/protected", got.Access)
			}
		})
		s.store.Be(storetest.Fails)
		s.do("GET", "/protected", got.Access)
		assert.Equal(t, 1, told.count(authjwt.EventStoreDown), i)
		assert.LessOrEqual(t, told.count(authjwt.EventStoreRecovered), 1, i)
		s.store.Be(storetest.None)
		s.do("GET", "/protected", got.Access)
		assert.Equal(t, 1, told.count(authjwt.EventStoreRecovered), i)
		s.pass(time.Second)
	}
}

func TestEvents_CannotChangeTheVerdict(t *testing.T) {
	s := newService(t, func(set *authjwt.Settings) {
		set.OnEvent = func(context.Context, authjwt.Event) { panic(errors.New("the log is full")) }
	})
	got := s.login(t)
	s.accepts(t, s.refresh(t, got.Refresh))
	assert.Equal(t, http.StatusOK, s.do("POST", "/logout", got.Access).Code)
	s.refuses(t, got)
	s.store.Be(storetest.Fails)
	assertAnswer(t, s.do("GET", "/protected", got.Access), down)
}
