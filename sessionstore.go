package authjwt

import (
	"context"
	"time"
)

// SessionStore keeps what is known of live sessions, for lists such as "your devices". It speaks basic types
// only, so that an implementation need import neither this package nor Gin. Implementations must be safe for
// concurrent use, must return an error where they cannot answer, a done ctx included, and must pass
// storetest.RunSessions.
//
// It is an index alone: whether a session counts, the [Store] says.
//
// Owners and ids are printable ASCII; an owner is a digest. A record is any octets, none included. It is there until
// its time is over; it may stay longer. A zero until is for ever. Of an owner's records at least [MaxSessions] are
// kept; of more, those whose time is over first are dropped, so that a script that logs in again and again does not
// fill the memory. What is dropped is told of, once, so that it does not hide a session either.
type SessionStore interface {
	// PutSession keeps a copy of record under owner and id until the given time, whatever was there. It returns the
	// ids of the records that were dropped for it, beyond [MaxSessions]: those whose time is over first, never id's
	// own, nor any that is over already. Their sessions are to be ended, for nobody could see them.
	PutSession(ctx context.Context, owner, id string, record []byte, until time.Time) (dropped []string, err error)
	// ListSessions returns all of the owner's records by id, in one round trip. The caller may change what it gets.
	ListSessions(ctx context.Context, owner string) (map[string][]byte, error)
	// RemoveSessions forgets the records of these ids; what is not there is no error.
	RemoveSessions(ctx context.Context, owner string, ids ...string) error
}

// MaxSessions is how many records of an owner a [SessionStore] keeps at least.
const MaxSessions = 1000
