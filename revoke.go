package authjwt

import (
	"context"
	"errors"
	"slices"
	"time"
)

// entryMargin is how long entries outlive what they refuse, for clocks that differ.
const entryMargin = time.Minute

var errNoStore = errors.New("set Settings.Store, with new(authjwt.MemoryStore) say")

// Revoke makes t count for nothing from now on: 401 token_revoked. The other tokens of its session
// stay good, but where Settings.RefreshWithin is set an access token's session ends with it, for a successor may be
// on its way in this very answer. It needs Settings.Store; the error is an *[Error], 503 where the store cannot be reached: then
// nothing is revoked. It is safe for concurrent use.
func (m *Manager) Revoke(ctx context.Context, t *Token) error {
	if t == nil || t.ID == "" {
		return m.misused(errors.New("Revoke: it is no verified token with a jti"))
	}
	if m.settings.RefreshWithin > 0 && t.Type == Access && t.SessionID != "" {
		return m.revokeSession(ctx, nil, Event{Subject: t.Subject, SessionID: t.SessionID, Location: t.Location})
	}
	return m.revoke(ctx, nil, t)
}

func (m *Manager) revoke(ctx context.Context, from *AuthJWT, t *Token) error {
	return m.enter(ctx, from, m.tokenEntry(entryDenied, t), m.settings.Now(), m.until(t.ExpiresAt), t.event(EventRevoked))
}

// RevokeSession ends a session: none of its tokens counts any more. The id is a Token's SessionID, or,
// for a session that began with [Manager.CreateRefreshToken] alone, the ID of that token. Otherwise it is
// [Manager.Revoke].
func (m *Manager) RevokeSession(ctx context.Context, sessionID string) error {
	if sessionID == "" {
		return m.misused(errors.New("RevokeSession: the session id is empty"))
	}
	return m.revokeSession(ctx, nil, Event{SessionID: sessionID})
}

// revokeSession ends the session that about names.
func (m *Manager) revokeSession(ctx context.Context, from *AuthJWT, about Event) error {
	end, known := sessionEndOf(about.SessionID)
	if !known {
		end = m.latest(m.settings.Now())
	}
	if err := m.enter(ctx, from, sessionEntry(about.SessionID), m.settings.Now(), m.until(end), about); err != nil {
		return err
	}
	m.forgetSessions(context.WithoutCancel(ctx), about.Subject, about.SessionID)
	return nil
}

// RevokeSubject makes every token that subject was issued up to now, to the second, count for nothing,
// after a change of password say. What is issued from the next second on is good, and so is a login in
// this one, which is dated one second later; where it would be dated more than ClockSkew ahead it is answered
// with 503. Otherwise it is [Manager.Revoke].
func (m *Manager) RevokeSubject(ctx context.Context, subject string) error {
	return m.revokeSubject(ctx, nil, subject)
}

func (m *Manager) revokeSubject(ctx context.Context, from *AuthJWT, subject string) error {
	if subject == "" {
		return m.misused(errors.New("RevokeSubject: the subject is empty"))
	}
	if m.settings.Store == nil {
		return m.misused(errNoStore)
	}
	asked := context.WithoutCancel(ctx)
	first, cutoff, e := m.firstDate(asked, subject)
	if e != nil {
		return e
	}
	at := m.settings.Now()
	if latest := at.Add(m.maxAhead()); first.After(latest) {
		first = latest
	}
	if first.After(at) { // a login since the last time is dated so
		at = first
	}
	if cutoff.After(at) { // by a clock far ahead: what is revoked stays so
		at = cutoff
	}
	return m.enter(asked, from, entry{kind: entrySubject, id: subject}, at, m.until(m.latest(at)), Event{Subject: subject})
}

// firstDate is the iat from which on tokens of subject count: up to a second ahead, and one more for each time
// that subject was revoked in that second. The cutoff is when it was revoked last; zero: never.
func (m *Manager) firstDate(ctx context.Context, subject string) (first, cutoff time.Time, e *Error) {
	times, e := m.look(ctx, []entry{{kind: entrySubject, id: subject}, {kind: entryEpoch}})
	if e != nil {
		return first, cutoff, e
	}
	m.noteEpoch(ctx, times[1])
	for _, at := range times {
		if next := time.Unix(at.Unix()+1, 0); !at.IsZero() && next.After(first) {
			first = next
		}
	}
	return first, times[0], nil
}

// maxAhead is how far ahead of its clock a Manager dates tokens: as far as guards accept them.
func (m *Manager) maxAhead() time.Duration { return max(m.settings.ClockSkew, 0) }

func (m *Manager) enter(ctx context.Context, from *AuthJWT, about entry, at, until time.Time, e Event) error {
	if m.settings.Store == nil {
		return m.misused(errNoStore)
	}
	asked := context.WithoutCancel(ctx) // a client that leaves must not keep a token alive
	if _, _, err := m.write(asked, about, at, until, true); err != nil {
		return m.fail(failUnavailable, err)
	}
	e.Kind = EventRevoked
	m.emit(asked, from, e)
	return nil
}

// checkRevoked asks whether t was revoked, all in one exchange with the Store.
func (m *Manager) checkRevoked(ctx context.Context, from *AuthJWT, t *Token) *Error {
	if m.settings.Store == nil && m.settings.TokenInDenylist == nil || !slices.Contains(m.settings.DenylistTokenChecks, t.Type) {
		return nil
	}
	return m.askRevoked(ctx, from, t, false)
}

// askRevoked asks about t, whatever its type. Where a token is to be made of it, a store's cache does not do.
func (m *Manager) askRevoked(ctx context.Context, from *AuthJWT, t *Token, renewing bool) *Error {
	if t.ID == "" {
		return m.fail(failNoTokenID, nil)
	}
	if m.settings.Store != nil {
		if e := m.askStore(ctx, from, t, renewing); e != nil {
			return e
		}
	}
	if m.settings.TokenInDenylist == nil {
		return nil
	}
	denied, err := m.settings.TokenInDenylist(ctx, t.clone())
	switch {
	case err != nil:
		return m.errorFrom(err, failUnavailable)
	case denied:
		return m.fail(failRevoked, nil)
	}
	return nil
}

// askStore asks whether t was revoked and, about a refresh token, whether it was used too long ago. The key of its
// use stands in every question about one, and about an access token that is renewed, which tells a store with a cache that
// tokens may be made of the answer.
func (m *Manager) askStore(ctx context.Context, from *AuthJWT, t *Token, renewing bool) *Error {
	all := [maxEntries]entry{{kind: entrySubject, id: t.Subject}, {kind: entryEpoch}, m.tokenEntry(entryDenied, t)}
	asked := all[:3]
	if t.session() != "" {
		asked = append(asked, sessionEntry(t.session()))
	}
	used := len(asked)
	if t.Type == Refresh || renewing {
		asked = append(asked, m.tokenEntry(entryUsed, t))
	}
	times, e := m.look(ctx, asked)
	if e != nil {
		return e
	}
	m.noteEpoch(ctx, times[1])
	begin := t.sessionBegin() // a successor is as old as its session: a server whose clock is ahead may have made it
	for _, cutoff := range times[:2] {
		if !cutoff.IsZero() && begin.Unix() <= cutoff.Unix() {
			return m.fail(failRevoked, nil)
		}
	}
	for _, at := range times[2:used] {
		if !at.IsZero() {
			return m.fail(failRevoked, nil)
		}
	}
	if !times[used].IsZero() && !m.withinGrace(times[used]) { // zero, too, where it was not asked
		return m.reused(ctx, from, t)
	}
	return nil
}

// session is the id of the session that t belongs to. A refresh token made by itself begins one.
func (t *Token) session() string {
	if t.SessionID == "" && t.Type == Refresh {
		return t.ID
	}
	return t.SessionID
}

// sessionEnd is when the session of t ends at the latest; zero: never, or it has none.
func (t *Token) sessionEnd() time.Time { return dateOf(t.sessionEnds) }

// sessionBegin is when the session of t began; of a token without one, when it was issued.
func (t *Token) sessionBegin() time.Time {
	if t.sessionBegan != 0 && t.sessionBegan < t.IssuedAt.Unix() {
		return dateOf(t.sessionBegan)
	}
	return t.IssuedAt
}

func sessionEntry(id string) entry {
	end, _ := sessionEndOf(id)
	return entry{entrySession, id, end}
}

// tokenEntry names the end of t. For refresh tokens that is their session's: the successors that one token
// may get differ in exp, but must have one entry.
func (m *Manager) tokenEntry(kind entryKind, t *Token) entry {
	end := t.ExpiresAt
	if t.Type == Refresh && t.sessionEnds != 0 {
		end = t.sessionEnd()
	}
	return entry{kind, t.ID, end}
}

// until is when an entry about something that ends then may go; zero: never.
func (m *Manager) until(end time.Time) time.Time {
	if end.IsZero() {
		return time.Time{}
	}
	return end.Add(max(m.settings.DecodeLeeway, 0) + entryMargin)
}

// latest is when the last token that is dated no later than at has ended; zero: never.
func (m *Manager) latest(at time.Time) time.Time {
	s := &m.settings
	if m.signer("") == nil { // how long its tokens live is the issuer's business
		return time.Time{}
	}
	if s.AccessTokenExpires == NoExpiry || s.RefreshTokenExpires == NoExpiry || s.SessionExpires == NoExpiry {
		return time.Time{}
	}
	return at.Add(max(s.AccessTokenExpires, s.RefreshTokenExpires, s.SessionExpires))
}

// endPresented revokes the sessions of the tokens that the request presents, expired ones too, and those
// of the tokens that have no session. A logout looks everywhere; a login passes over cookies that contradict
// each other.
func (a *AuthJWT) endPresented(logout bool) *Error {
	ctx, ended := a.c.Request.Context(), map[string]bool{}
	for _, cred := range a.presented(logout) {
		t, live, e := a.m.verifyPast(ctx, cred.raw)
		if e != nil {
			return e
		}
		if t == nil {
			continue
		}
		t.Location = cred.location
		var errs []error
		if id := t.session(); id != "" && !ended[id] {
			ended[id] = true
			errs = append(errs, a.m.revokeSession(ctx, a, Event{Subject: t.Subject, SessionID: id, Location: t.Location}))
		}
		if t.SessionID == "" && live && t.ID != "" {
			errs = append(errs, a.m.revoke(ctx, a, t))
		}
		if err := errors.Join(errs...); err != nil {
			return a.m.errorFrom(err, failUnavailable)
		}
	}
	return nil
}

// presented are the tokens in the locations, unverified.
func (a *AuthJWT) presented(logout bool) (all []credential) {
	add := func(raw string, l Location) { all = append(all, credential{raw: raw, location: l}) }
	s := &a.m.settings
	if s.uses(Headers) {
		if raw, _ := a.m.fromHeader(a.c.Request.Header); raw != "" {
			add(raw, Headers)
		}
	}
	if s.uses(Cookies) {
		for _, k := range a.m.carriers() {
			if _, f := a.m.fromCookies(a.c.Request, k.kind); f != nil && !logout {
				continue
			}
			for _, raw := range a.cookieTokens(k) {
				add(raw, Cookies)
			}
		}
	}
	if logout && s.uses(Query) {
		for _, raw := range a.queryTokens() {
			add(raw, Query)
		}
	}
	if logout && s.uses(JSON) {
		for _, k := range a.m.carriers() {
			if raw, _ := a.fromJSON(&requirement{want: k.kind}); raw != "" {
				add(raw, JSON)
			}
		}
	}
	return all
}
