package authjwt

import (
	"context"
	"hash/maphash"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// memorySessions are the records of some owners. Its lock is apart from those of the entries, for which every request
// waits.
type memorySessions struct {
	mu     sync.Mutex
	owners map[string][]memorySession // each sorted by id
	most   int                        // owners since the map was made
}

type memorySession struct {
	id, record string
	end        int64 // Unix seconds
}

// minOwners is how large a map must have been to be worth making anew.
const minOwners = 1024

// PutSession implements [SessionStore].
func (s *MemoryStore) PutSession(
	ctx context.Context, owner, id string, record []byte, until time.Time,
) (dropped []string, err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	h, now := s.sessionsOf(owner), s.clock()
	added := memorySession{strings.Clone(id), string(record), endOf(until)}
	s.sessions[s.sweeps.Add(1)%memoryShards].sweep(now) // all in turn, for it may be few owners who come
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.put(owner, added, now), nil
}

// ListSessions implements [SessionStore].
func (s *MemoryStore) ListSessions(ctx context.Context, owner string) (map[string][]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	h, now := s.sessionsOf(owner), s.clock()
	h.mu.Lock()
	defer h.mu.Unlock()
	return list(h.owners[owner], now), nil
}

// RemoveSessions implements [SessionStore].
func (s *MemoryStore) RemoveSessions(ctx context.Context, owner string, ids ...string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	h := s.sessionsOf(owner)
	h.mu.Lock()
	defer h.mu.Unlock()
	sessions := h.owners[owner]
	for _, id := range ids {
		if i, there := search(sessions, id); there {
			sessions = slices.Delete(sessions, i, i+1)
		}
	}
	h.keep(owner, sessions)
	return nil
}

// sessionsOf is the part that an owner lies in.
func (s *MemoryStore) sessionsOf(owner string) *memorySessions {
	s.made.Do(s.make)
	return &s.sessions[maphash.String(s.seeds[0], owner)%memoryShards]
}

func search(sessions []memorySession, id string) (place int, there bool) {
	return slices.BinarySearchFunc(sessions, id, func(have memorySession, id string) int { return strings.Compare(have.id, id) })
}

func list(sessions []memorySession, now int64) map[string][]byte {
	records := map[string][]byte{}
	for _, have := range sessions {
		if now < have.end {
			records[have.id] = []byte(have.record)
		}
	}
	return records
}

// put and keep are called with mu held.
func (h *memorySessions) put(owner string, added memorySession, now int64) (dropped []string) {
	sessions := h.owners[owner]
	if i, there := search(sessions, added.id); there {
		sessions[i] = added
	} else {
		if len(sessions) == cap(sessions) { // Insert would make room for twice as many, and most have few
			sessions = append(make([]memorySession, 0, 1+len(sessions)*5/4), sessions...)
		}
		sessions = slices.Insert(sessions, i, added)
	}
	if len(sessions) > MaxSessions {
		sessions = withoutOver(sessions, now) // for which nobody is to be dropped
	}
	if len(sessions) > MaxSessions {
		first := firstToEnd(sessions, added.id)
		dropped = []string{sessions[first].id}
		sessions = slices.Delete(sessions, first, first+1)
	}
	h.keep(owner, sessions)
	return dropped
}

// firstToEnd is the place of the one that ends first, of several the first by id, but not the one of id but.
func firstToEnd(sessions []memorySession, but string) (first int) {
	if sessions[0].id == but {
		first = 1
	}
	for i, have := range sessions {
		if have.end < sessions[first].end && have.id != but {
			first = i
		}
	}
	return first
}

// keep stores what is left of an owner. A map keeps the room that it once needed, so that one that has become far too
// large is made anew.
func (h *memorySessions) keep(owner string, sessions []memorySession) {
	if len(sessions) > 0 {
		if h.owners == nil {
			h.owners = map[string][]memorySession{}
		}
		h.owners[strings.Clone(owner)] = sessions // not the text that it is a part of
		h.most = max(h.most, len(h.owners))
		return
	}
	delete(h.owners, owner)
	if h.most >= minOwners && len(h.owners) < h.most/8 {
		left := make(map[string][]memorySession, len(h.owners))
		maps.Copy(left, h.owners)
		h.owners, h.most = left, len(left)
	}
}

// sweep takes what is over from a few owners: more than come in, so that it does not stay long.
func (h *memorySessions) sweep(now int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	looked := 0
	for owner, sessions := range h.owners {
		if left := withoutOver(sessions, now); len(left) < len(sessions) {
			h.keep(owner, left)
		}
		if looked++; looked == 4 {
			return
		}
	}
}

// withoutOver drops the records whose time is over, and the room that they took if it is most of it.
func withoutOver(sessions []memorySession, now int64) []memorySession {
	sessions = slices.DeleteFunc(sessions, func(have memorySession) bool { return now >= have.end })
	if len(sessions) < cap(sessions)/4 {
		return slices.Clone(sessions)
	}
	return sessions
}
