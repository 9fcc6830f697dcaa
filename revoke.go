package authjwt

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"
)

// The kinds of entries in a Store. Each holds a time.
const (
	entryDenied  = "denied"  // a token was revoked
	entrySession = "session" // a session was ended
	entrySubject = "subject" // what was issued to a subject until then does not count
	entryUsed    = "used"    // a refresh token was first used
	entryEpoch   = "epoch"   // the store lost its memory: what was issued until then does not count
)

// entryMargin is how long entries outlive what they refuse, for clocks that differ.
const entryMargin = time.Minute

var errNoStore = errors.New("set Settings.Store, with new(authjwt.MemoryStore) say")

// Revoke makes t count for nothing from now on: 401 token_revoked. The other tokens of its session
// stay good. It needs Settings.Store; the error is an *[Error], 503 where the store cannot be reached: then
// nothing is revoked. It is safe for concurrent use.
func (m *Manager) Revoke(ctx context.Context, t *Token) error {
	if t == nil || t.ID == "" {
		return m.misused(errors.New("Revoke: it is no verified token with a jti"))
	}
	return m.enter(ctx, m.tokenKey(entryDenied, t), m.until(t.ExpiresAt), Event{TokenID: t.ID})
}

// RevokeSession ends a session: none of its tokens counts any more. The id is a Token's SessionID, or,
// for a session that began with [Manager.CreateRefreshToken] alone, the ID of that token. Otherwise it is
// [Manager.Revoke].
func (m *Manager) RevokeSession(ctx context.Context, sessionID string) error {
	if sessionID == "" {
		return m.misused(errors.New("RevokeSession: the session id is empty"))
	}
	end, known := sessionEndOf(sessionID)
	if !known {
		end = m.latest()
	}
	return m.enter(ctx, m.sessionKey(sessionID), m.until(end), Event{SessionID: sessionID})
}

// RevokeSubject makes every token that subject was issued up to now, to the second, count for nothing,
// after a change of password say. What is issued from the next second on is good, and so is a login in
// this one. Otherwise it is [Manager.Revoke].
func (m *Manager) RevokeSubject(ctx context.Context, subject string) error {
	if subject == "" {
		return m.misused(errors.New("RevokeSubject: the subject is empty"))
	}
	return m.enter(ctx, m.storeKey(entrySubject, subject, time.Time{}), m.until(m.latest()), Event{Subject: subject})
}

func (m *Manager) enter(ctx context.Context, key string, until time.Time, e Event) error {
	if m.settings.Store == nil {
		return m.misused(errNoStore)
	}
	asked := context.WithoutCancel(ctx) // a client that leaves must not keep a token alive
	ctx, cancel := m.storeContext(asked)
	defer cancel()
	err := m.settings.Store.Set(ctx, key, m.settings.Now(), until)
	m.noteStore(asked, err)
	if err != nil {
		return m.fail(failUnavailable, err)
	}
	e.Kind = EventRevoked
	m.emit(asked, e)
	return nil
}

// checkRevoked asks whether t was revoked, all in one exchange with the Store.
func (m *Manager) checkRevoked(ctx context.Context, t *Token) *Error {
	if m.settings.Store == nil && m.settings.TokenInDenylist == nil || !slices.Contains(m.settings.DenylistTokenChecks, t.Type) {
		return nil
	}
	if t.ID == "" {
		return m.fail(failNoTokenID, nil)
	}
	if m.settings.Store != nil {
		if e := m.askStore(ctx, t); e != nil {
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

func (m *Manager) askStore(ctx context.Context, t *Token) *Error {
	keys := make([]string, 0, 5)
	keys = append(keys, m.storeKey(entrySubject, t.Subject, time.Time{}), m.epochKey, m.tokenKey(entryDenied, t))
	if t.session() != "" {
		keys = append(keys, m.sessionKey(t.session()))
	}
	used := len(keys)
	if t.Type == Refresh {
		keys = append(keys, m.tokenKey(entryUsed, t))
	}
	times, e := m.look(ctx, keys...)
	if e != nil {
		return e
	}
	m.noteEpoch(ctx, times[1])
	for _, cutoff := range times[:2] {
		if !cutoff.IsZero() && t.IssuedAt.Unix() <= cutoff.Unix() {
			return m.fail(failRevoked, nil)
		}
	}
	for _, at := range times[2:used] {
		if !at.IsZero() {
			return m.fail(failRevoked, nil)
		}
	}
	if used < len(times) && !times[used].IsZero() && !m.withinGrace(times[used]) {
		return m.reused(ctx, t)
	}
	return nil
}

func (m *Manager) look(ctx context.Context, keys ...string) ([]time.Time, *Error) {
	limited, cancel := m.storeContext(ctx)
	defer cancel()
	times, err := m.settings.Store.Get(limited, keys...)
	if err == nil && len(times) != len(keys) {
		err = fmt.Errorf("authjwt: the store answered %d times for %d keys", len(times), len(keys))
	}
	m.noteStore(ctx, err)
	if err != nil {
		return nil, m.fail(failUnavailable, err)
	}
	return times, nil
}

// storeContext limits what a store may take. A MemoryStore takes no time.
func (m *Manager) storeContext(ctx context.Context) (context.Context, context.CancelFunc) {
	if _, inMemory := m.settings.Store.(*MemoryStore); inMemory {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, m.settings.StoreTimeout)
}

// session is the id of the session that t belongs to. A refresh token made by itself begins one.
func (t *Token) session() string {
	if t.SessionID == "" && t.Type == Refresh {
		return t.ID
	}
	return t.SessionID
}

func (m *Manager) sessionKey(id string) string {
	end, _ := sessionEndOf(id)
	return m.storeKey(entrySession, id, end)
}

// tokenKey names the end of t. For refresh tokens that is their session's: the successors that one token
// may get differ in exp, but must have one key.
func (m *Manager) tokenKey(kind string, t *Token) string {
	end := t.ExpiresAt
	if t.Type == Refresh && !t.sessionEnd.IsZero() {
		end = t.sessionEnd
	}
	return m.storeKey(kind, t.ID, end)
}

// storeKey is where an entry stands: no id can be read out of it. It ends in @ and end, unless end is zero.
func (m *Manager) storeKey(kind, id string, end time.Time) string {
	digest := sha256.Sum256([]byte(id))
	var array [192]byte
	key := append(append(append(array[:0], m.settings.Name...), ':'), kind...)
	key = base64.RawURLEncoding.AppendEncode(append(key, ':'), digest[:])
	if !end.IsZero() {
		key = strconv.AppendInt(append(key, '@'), end.Unix(), 10)
	}
	return string(key)
}

// until is when an entry about something that ends then may go; zero: never.
func (m *Manager) until(end time.Time) time.Time {
	if end.IsZero() {
		return time.Time{}
	}
	return end.Add(max(m.settings.DecodeLeeway, 0) + entryMargin)
}

// latest is when the last token that is good now has ended; zero: never.
func (m *Manager) latest() time.Time {
	s := &m.settings
	if s.AccessTokenExpires == NoExpiry || s.RefreshTokenExpires == NoExpiry || s.SessionExpires == NoExpiry {
		return time.Time{}
	}
	return s.Now().Add(max(s.AccessTokenExpires, s.RefreshTokenExpires, s.SessionExpires))
}

// endPresented revokes the sessions of the tokens that the request presents, expired ones too, and those
// of the tokens that have no session. A logout looks everywhere; a login passes over cookies that contradict
// each other.
func (a *AuthJWT) endPresented(logout bool) *Error {
	ctx, ended := a.c.Request.Context(), map[string]bool{}
	for _, raw := range a.presented(logout) {
		t, live := a.m.verifyPast(raw)
		if t == nil {
			continue
		}
		var errs []error
		if id := t.session(); id != "" && !ended[id] {
			ended[id] = true
			errs = append(errs, a.m.RevokeSession(ctx, id))
		}
		if t.SessionID == "" && live && t.ID != "" {
			errs = append(errs, a.m.Revoke(ctx, t))
		}
		if err := errors.Join(errs...); err != nil {
			return a.m.errorFrom(err, failUnavailable)
		}
	}
	return nil
}

// presented are the tokens in the locations, unverified.
func (a *AuthJWT) presented(logout bool) (tokens []string) {
	s := &a.m.settings
	if s.uses(Headers) {
		if raw, f := a.m.fromHeader(a.c.Request.Header); f == nil && raw != "" {
			tokens = append(tokens, raw)
		}
	}
	if s.uses(Cookies) {
		for _, k := range a.m.carriers() {
			if _, f := a.m.fromCookies(a.c.Request, k.kind); f != nil && !logout {
				continue
			}
			for _, c := range a.c.Request.CookiesNamed(k.token.Name) {
				tokens = append(tokens, a.m.cookieToken(c.Value))
			}
		}
	}
	if logout && s.uses(Query) {
		tokens = append(tokens, a.queryTokens...)
	}
	if logout && s.uses(JSON) {
		for _, k := range a.m.carriers() {
			if raw, f := a.fromJSON(&requirement{want: k.kind}); f == nil && raw != "" {
				tokens = append(tokens, raw)
			}
		}
	}
	return tokens
}
