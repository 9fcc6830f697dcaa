package authjwt

import (
	"context"
	"time"
)

// EventKind is what an [Event] is about.
type EventKind string

// The kinds of events.
const (
	// EventIssued: a login handed out tokens.
	EventIssued EventKind = "issued"
	// EventLoginFailed: Routes.Login refused, with a status below 500: 401, or 429 say. Subject is what it returned
	// beside the refusal, so whatever the client typed: quote it in logs. Err is the refusal.
	EventLoginFailed EventKind = "login failed"
	// EventRefreshed: a refresh token was exchanged.
	EventRefreshed EventKind = "refreshed"
	// EventReused: a used refresh token came back after the grace. Its session has been revoked: somebody had a
	// copy of the token.
	EventReused EventKind = "reused"
	// EventRevoked: a token, a session or a subject was revoked; the field that is set says which.
	EventRevoked EventKind = "revoked"
	// EventStoreDown: the Store did not answer, for the first time since it last did. Err says why. It is told once a
	// second at most, for where a part of the Store is away calls fail and succeed in turn.
	EventStoreDown EventKind = "store down"
	// EventStoreRecovered: the Store answers again, after an EventStoreDown.
	EventStoreRecovered EventKind = "store recovered"
	// EventStoreLost: the Store has lost its memory, for the first time since [New] or once more. Tokens issued
	// before are refused.
	EventStoreLost EventKind = "store lost"
)

// Event tells Settings.OnEvent what happened. It holds no token.
type Event struct {
	Kind EventKind
	// Time is when, by Settings.Now.
	Time time.Time
	// Subject, SessionID and TokenID (the jti of an access token, or of the refresh token that was presented)
	// are whom it concerns; empty where it does not.
	Subject, SessionID, TokenID string
	// Err is the Store's, or the *[Error] that refuses a login; nil with other kinds. It may name hosts: it is
	// for logs.
	Err error
}

// emit runs the callback, which cannot change what has been decided, not even by a panic.
func (m *Manager) emit(ctx context.Context, e Event) {
	if m.settings.OnEvent == nil {
		return
	}
	defer func() { _ = recover() }()
	e.Time = m.settings.Now()
	m.settings.OnEvent(ctx, e)
}

// noteEpoch notices a new loss of the store's memory: a beginning of it that is later than New, and than every
// one seen. A store may answer with beginnings long past, and its parts with different ones in turn.
func (m *Manager) noteEpoch(ctx context.Context, epoch time.Time) {
	lost := epoch.UnixMilli() // where there is no epoch, the zero time is long before New
	for last := m.storeLost.Load(); lost > last; last = m.storeLost.Load() {
		if m.storeLost.CompareAndSwap(last, lost) {
			m.emit(ctx, Event{Kind: EventStoreLost})
			return
		}
	}
}
