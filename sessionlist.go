package authjwt

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/go-json-experiment/json"
)

// Session is a login that has not ended, as Settings.Sessions knows it. Its address and user agent are what the client said
// of itself: show them as text, and decide nothing by them.
type Session struct {
	// ID is what [Manager.RevokeSession] ends, and [Token].SessionID of the session's tokens.
	ID string `json:"id"`
	// Created is when it began, LastRefresh when tokens were last handed out; zero where that is not known.
	Created     time.Time `json:"created,omitzero"`
	LastRefresh time.Time `json:"last_refresh,omitzero"`
	// ExpiresAt is when it ends unless it is refreshed before; zero: never.
	ExpiresAt time.Time `json:"expires_at,omitzero"`
	// ClientAddress is gin's ClientIP at that last time, which believes the proxies that the engine trusts.
	ClientAddress string `json:"client_address,omitempty"`
	// UserAgent is the header of that name, without what is not printable, cut to 256 octets.
	UserAgent string `json:"user_agent,omitempty"`
}

// maxAgent is how much of a User-Agent is kept, and maxSessionID how long an id may be.
const (
	maxAgent     = 256
	maxSessionID = 128
)

// A sessionRecord is what a SessionStore keeps. Times are Unix seconds; an end of zero is never.
type sessionRecord struct {
	Created   int64  `json:"c"`
	Refreshed int64  `json:"r"`
	Ends      int64  `json:"e,omitzero"`
	Address   string `json:"a,omitempty"`
	Agent     string `json:"u,omitempty"`
}

var errNoSessions = errors.New("set Settings.Sessions, to the MemoryStore or redisstore that is the Store, say")

// Sessions returns the sessions of subject that have not ended, the one refreshed last first: for a list such as "your
// devices". It needs Settings.Sessions; the error is an *[Error], 503 where that or the Store cannot be reached. What
// was revoked is not in it, nor are sessions that began before Settings.Sessions was set, until they refresh. It is safe for concurrent use.
func (m *Manager) Sessions(ctx context.Context, subject string) ([]Session, error) {
	switch {
	case m.settings.Sessions == nil:
		return nil, m.misused(errNoSessions)
	case subject == "":
		return nil, m.misused(errors.New("Sessions: the subject is empty"))
	}
	records, e := m.listSessions(ctx, subject)
	if e != nil {
		return nil, e
	}
	live, ended, e := m.liveSessions(ctx, subject, records)
	if e != nil {
		return nil, e
	}
	m.forgetSessions(ctx, subject, ended...)
	slices.SortFunc(live, func(a, b Session) int {
		return cmp.Or(b.LastRefresh.Compare(a.LastRefresh), b.Created.Compare(a.Created), cmp.Compare(a.ID, b.ID))
	})
	return live, nil
}

// liveSessions asks the Store, which alone knows what has ended.
func (m *Manager) liveSessions(ctx context.Context, subject string, records map[string][]byte) (live []Session, ended []string, e *Error) {
	live = make([]Session, 0, len(records))
	if len(records) == 0 {
		return live, nil, nil
	}
	asked, ids := []entry{{kind: entrySubject, id: subject}, {kind: entryEpoch}}, make([]string, 0, len(records))
	for id := range records {
		asked, ids = append(asked, sessionEntry(id)), append(ids, id)
	}
	times, e := m.lookAll(ctx, asked)
	if e != nil {
		return nil, nil, e
	}
	m.noteEpoch(ctx, times[1])
	now := m.settings.Now()
	for i, id := range ids {
		r, known := readSessionRecord(records[id])
		cut := func(at time.Time) bool { return known && !at.IsZero() && r.Created <= at.Unix() }
		if !times[2+i].IsZero() || cut(times[0]) || cut(times[1]) || r.Ends != 0 && m.settings.over(time.Unix(r.Ends, 0), now) {
			ended = append(ended, id)
			continue
		}
		live = append(live, r.session(id))
	}
	return live, ended, nil
}

// readSessionRecord leaves what it cannot read empty: a session that nobody can see, nobody can end.
func readSessionRecord(text []byte) (r sessionRecord, known bool) {
	if json.Unmarshal(text, &r) != nil {
		return sessionRecord{}, false
	}
	return r, true
}

func (r *sessionRecord) session(id string) Session {
	return Session{
		ID: id, Created: dateOf(r.Created), LastRefresh: dateOf(r.Refreshed), ExpiresAt: dateOf(r.Ends),
		ClientAddress: r.Address, UserAgent: r.Agent,
	}
}

func dateOf(seconds int64) time.Time {
	if seconds == 0 {
		return time.Time{}
	}
	return time.Unix(seconds, 0).UTC()
}

// recordSession writes down that tokens of a session, which began then, are being handed out, of which the last ends at one
// of ends. It comes when nothing but the store can keep them back: a session that could not be shown is not
// begun. Nothing is read before, so that two of them at once cannot undo each other.
func (a *AuthJWT) recordSession(access *tokenSpec, begin time.Time, ends ...time.Time) *Error {
	dropped, e := a.putSession(access, begin, ends...)
	if e != nil {
		return e
	}
	return a.endSessions(access.subject, dropped)
}

// putSession returns which fell off the list for it.
func (a *AuthJWT) putSession(access *tokenSpec, begin time.Time, ends ...time.Time) (dropped []string, e *Error) {
	if a.m.settings.Sessions == nil || access.session == "" {
		return nil, nil
	}
	if len(access.session) > maxSessionID || !isAlphanumericOr(access.session, "-._~:") { // of others that share the key
		return nil, a.m.fail(failSession, nil)
	}
	r := sessionRecord{
		Created: begin.Unix(), Refreshed: access.dated.Unix(), Ends: lastOf(ends),
		Address: clientAddress(a), Agent: printable(a.c.Request.UserAgent(), maxAgent),
	}
	text, err := json.Marshal(r)
	if err != nil {
		return nil, a.m.fail(failInternal, err)
	}
	e = a.m.askSessions(context.WithoutCancel(a.c.Request.Context()), func(ctx context.Context, s SessionStore) (err error) {
		dropped, err = s.PutSession(ctx, a.m.owner(access.subject), access.session, text, a.m.until(dateOf(r.Ends)))
		return err
	})
	return dropped, e
}

// endSessions ends those that fell off the list, for nobody could see them: whoever logs in often enough would hide one.
func (a *AuthJWT) endSessions(subject string, ids []string) *Error {
	for _, id := range ids {
		if err := a.m.revokeSession(context.WithoutCancel(a.c.Request.Context()), a, Event{Subject: subject, SessionID: id}); err != nil {
			return a.m.errorFrom(err, failUnavailable)
		}
	}
	return nil
}

// lastOf is the last of the ends in Unix seconds; 0 if one of them is never.
func lastOf(ends []time.Time) (last int64) {
	for _, end := range ends {
		if end.IsZero() {
			return 0
		}
		last = max(last, end.Unix())
	}
	return last
}

// printable is what of a text that a client has sent can be shown, in one line.
func printable(text string, limit int) string {
	text = strings.Map(func(ch rune) rune {
		if ch == unicode.ReplacementChar || !unicode.IsPrint(ch) {
			return -1
		}
		return ch
	}, text[:min(len(text), 4*limit)])
	if len(text) <= limit {
		return text
	}
	return strings.ToValidUTF8(text[:limit], "")
}

func (m *Manager) listSessions(ctx context.Context, subject string) (records map[string][]byte, e *Error) {
	e = m.askSessions(ctx, func(ctx context.Context, s SessionStore) (err error) {
		records, err = s.ListSessions(ctx, m.owner(subject))
		return err
	})
	return records, e
}

// forgetSessions drops what has ended from the list, which would leave it out anyway.
func (m *Manager) forgetSessions(ctx context.Context, subject string, ids ...string) {
	if m.settings.Sessions == nil || subject == "" || len(ids) == 0 {
		return
	}
	_ = m.askSessions(ctx, func(ctx context.Context, s SessionStore) error {
		return s.RemoveSessions(ctx, m.owner(subject), ids...)
	})
}

// askSessions calls the SessionStore, which has as long as the Store.
func (m *Manager) askSessions(ctx context.Context, call func(ctx context.Context, s SessionStore) error) *Error {
	within := limited(ctx, m.settings.StoreTimeout)
	defer within.finish()
	if err := call(within, m.settings.Sessions); err != nil {
		return m.fail(failUnavailable, err)
	}
	return nil
}

// owner is where the records of a subject stand, which cannot be read out of it.
func (m *Manager) owner(subject string) string {
	digest := sha256.Sum256([]byte(subject))
	return m.settings.Name + ":sessions:" + base64.RawURLEncoding.EncodeToString(digest[:])
}
