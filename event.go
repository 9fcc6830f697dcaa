package authjwt

import (
	"context"
	"errors"
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
	// EventRenewed: an access token was renewed in the answer to a request: see Settings.RefreshWithin. TokenID is the old one's.
	// A refusal later in the same request, and every answer of 400 and above, takes the new one back.
	EventRenewed EventKind = "renewed"
	// EventRefused: a request was refused, by a guard, [AuthJWT.Abort] or a prebuilt route, for any reason but that of
	// EventCSRF and EventLoginFailed. Err is the refusal, Code its code.
	EventRefused EventKind = "refused"
	// EventCSRF: a request was refused because it had no or a wrong CSRF value, or came from another site's page: an attack,
	// or a page that does not send the value. Otherwise it is EventRefused.
	EventCSRF EventKind = "csrf"
	// EventReused: a used refresh token came back after the grace. Its session has been revoked: somebody had a
	// copy of the token.
	EventReused EventKind = "reused"
	// EventRevoked: a token was revoked, where TokenID is set, or else a session, where SessionID is, or else a subject.
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

// Event tells Settings.OnEvent what happened. It holds no token. As an attribute of log/slog it is a group of what is set.
type Event struct {
	Kind EventKind
	// Time is when, by Settings.Now.
	Time time.Time
	// Subject, SessionID and TokenID (the jti of an access token, or of the refresh token that was presented)
	// are whom it concerns; empty where it does not. Those of a refused token are set if its signature is good.
	Subject, SessionID, TokenID string
	// Location is where the request carried the token; empty without one.
	Location Location
	// ClientAddress is gin's ClientIP, which believes the proxies that the engine trusts: by default all of them,
	// see SetTrustedProxies. Route is gin's FullPath, the pattern of the route. Both are empty where no request is known, as
	// for what is called on the Manager, and in events about the Store.
	ClientAddress, Route string
	// Code is the refusal's, as in docs/errors.md, in every style; empty with other kinds.
	Code string
	// Err is the Store's, or the *[Error] of a refusal; nil with other kinds. It may name hosts: it is for logs.
	Err error
}

// event is one about the token, as far as it is known; nil is fine.
func (t *Token) event(kind EventKind) Event {
	if t == nil {
		return Event{Kind: kind}
	}
	return Event{Kind: kind, Subject: t.Subject, SessionID: t.session(), TokenID: t.ID, Location: t.Location}
}

// told tells whether anybody hears of events.
func (m *Manager) told() bool { return m.settings.OnEvent != nil || m.settings.Logger != nil }

// emit tells of an event, of a request where one is known. Whoever hears of it cannot change what has been decided, not even
// by a panic.
func (m *Manager) emit(ctx context.Context, from *AuthJWT, e Event) {
	call, log := m.settings.OnEvent != nil, m.logs(ctx, &e)
	if !call && !log {
		return
	}
	e.Time = m.settings.Now()
	if from != nil {
		e.ClientAddress, e.Route = clientAddress(from), from.c.FullPath()
	}
	if log {
		m.log(ctx, &e)
	}
	if call {
		defer func() { _ = recover() }()
		m.settings.OnEvent(ctx, e)
	}
}

// emitRefusal tells of a refusal. A client that leaves must not keep its guess out of a log.
func (a *AuthJWT) emitRefusal(about Event, e *Error) {
	given := *e // its changes would change the answer
	about.Code, about.Err = e.Code, &given
	a.m.emit(context.WithoutCancel(a.c.Request.Context()), a, about)
}

// maxAddress is enough for every address; what a trusted platform's header says may be none.
const maxAddress = 64

func refusalKind(e *Error) EventKind {
	if errors.Is(e, ErrCSRF) {
		return EventCSRF
	}
	return EventRefused
}

// clientAddress is empty for a request that no engine serves.
func clientAddress(a *AuthJWT) (address string) {
	defer func() { _ = recover() }()
	return printable(a.c.ClientIP(), maxAddress)
}

// noteEpoch notices a new loss of the store's memory: a beginning of it that is later than New, and than every
// one seen. A store may answer with beginnings long past, and its parts with different ones in turn.
func (m *Manager) noteEpoch(ctx context.Context, epoch time.Time) {
	lost := epoch.UnixMilli() // where there is no epoch, the zero time is long before New
	for last := m.storeLost.Load(); lost > last; last = m.storeLost.Load() {
		if m.storeLost.CompareAndSwap(last, lost) {
			m.emit(ctx, nil, Event{Kind: EventStoreLost})
			return
		}
	}
}
