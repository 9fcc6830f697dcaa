package authjwt

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"
)

const (
	// reuseTolerance is how much the clocks of servers that share a Store may differ.
	reuseTolerance = 5 * time.Second
	// maxSuccessors is how far a retry follows tabs that were faster.
	maxSuccessors = 3
)

// withinGrace tells whether a refresh token that was first used then still yields its successor.
func (m *Manager) withinGrace(first time.Time) bool {
	grace, now := m.settings.RefreshReuseGrace, m.settings.Now()
	return grace != NoGrace && now.Before(m.usedFrom(first, now).Add(grace+reuseTolerance))
}

// reused answers a refresh token that comes back too late: somebody has copied it, so that its session ends
// for the thief and the owner alike (RFC 9700 §4.14.2).
func (m *Manager) reused(ctx context.Context, from *AuthJWT, t *Token) *Error {
	if err := m.revokeSession(ctx, from, Event{Subject: t.Subject, SessionID: t.session(), Location: t.Location}); err != nil {
		return m.errorFrom(err, failUnavailable)
	}
	m.emit(ctx, from, t.event(EventReused))
	return m.fail(failRevoked, nil)
}

// stillGood asks once more about a refresh token, when the new tokens are made: if its subject was revoked
// after the guard had asked, while the application looked the claims up say, they would be dated later than that.
// It asks as the guard did: a token that was used too long ago by now ends its session here.
func (m *Manager) stillGood(ctx context.Context, from *AuthJWT, t *Token) *Error {
	if m.settings.Store == nil || !slices.Contains(m.settings.DenylistTokenChecks, Refresh) {
		return nil
	}
	return m.askStore(ctx, from, t, false)
}

// use marks t as used and returns the id of the token that follows it. Of several calls at once all get
// the same, within the grace; a token that somebody else has rotated on meanwhile is followed.
func (m *Manager) use(ctx context.Context, from *AuthJWT, t *Token, end time.Time) (successor string, e *Error) {
	first, added, err := m.write(context.WithoutCancel(ctx), m.tokenEntry(entryUsed, t), m.settings.Now(), m.until(t.ExpiresAt), false)
	switch {
	case err != nil:
		return "", m.fail(failUnavailable, err)
	case added:
		return successorOf(t.ID), nil
	case !m.withinGrace(first):
		return "", m.reused(ctx, from, t)
	}
	next := Token{Type: Refresh, ID: t.ID}
	if !end.IsZero() {
		next.sessionEnds = end.Unix()
	}
	for range maxSuccessors {
		next.ID = successorOf(next.ID)
		times, e := m.look(ctx, []entry{m.tokenEntry(entryUsed, &next)})
		switch {
		case e != nil:
			return "", e
		case times[0].IsZero():
			return next.ID, nil
		}
	}
	return "", m.fail(failRevoked, nil)
}

// successorOf derives the id of the next refresh token: a UUIDv8 (RFC 9562 §5.8), the same for every retry.
func successorOf(id string) string {
	digest := sha256.Sum256([]byte("authjwt refresh token after " + id))
	return versioned(uuid.UUID(digest[:16]), 8)
}

// newSession makes a session id that ends then, a UUIDv8: 48 bits of Unix seconds, the rest random. The
// end lets RevokeSession find the place in the store; a session without end has a UUIDv4.
func newSession(end time.Time) string {
	var id uuid.UUID
	_, _ = rand.Read(id[:])
	if end.IsZero() {
		return versioned(id, 4)
	}
	var seconds [8]byte
	binary.BigEndian.PutUint64(seconds[:], uint64(end.Unix()))
	copy(id[:6], seconds[2:])
	return versioned(id, 8)
}

// randomIDs makes two version 4 UUIDs, in one reading of crypto/rand, which never fails. It does not use uuid.NewRandom,
// whose source any package can replace.
func randomIDs() (string, string) {
	var ids [2 * len(uuid.UUID{})]byte
	_, _ = rand.Read(ids[:])
	return versioned(uuid.UUID(ids[:len(ids)/2]), 4), versioned(uuid.UUID(ids[len(ids)/2:]), 4)
}

func versioned(id uuid.UUID, version byte) string {
	id[6], id[8] = id[6]&0x0f|version<<4, id[8]&0x3f|0x80
	return id.String()
}

// sessionEndOf reads the end out of what newSession has made.
func sessionEndOf(id string) (end time.Time, known bool) {
	if len(id) != 36 || id[8] != '-' || id[14] != '8' {
		return time.Time{}, false
	}
	high, err := strconv.ParseUint(id[:8], 16, 32)
	low, err2 := strconv.ParseUint(id[9:13], 16, 16)
	if err != nil || err2 != nil {
		return time.Time{}, false
	}
	return time.Unix(int64(high<<16|low), 0), true
}
