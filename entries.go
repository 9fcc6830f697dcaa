package authjwt

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strconv"
	"time"
)

// An entryKind is what an entry in a Store says. Each holds a time.
type entryKind uint8

const (
	entryDenied  entryKind = iota // a token was revoked
	entrySession                  // a session was ended
	entrySubject                  // what was issued to a subject until then does not count
	entryUsed                     // a refresh token was first used
	entryEpoch                    // the store lost its memory: what was issued until then does not count
	entryKinds
)

var entryNames = [entryKinds]string{"denied", "session", "subject", "used", "epoch"}

// maxEntries is how many a guard asks for, at most.
const maxEntries = 5

// An entry is about an id. The end is that of what it is about; zero if that is not known.
type entry struct {
	kind entryKind
	id   string
	end  time.Time
}

// entryPrefixes are the beginnings of the keys of a Manager of that name. The epoch has one key, with no id.
func entryPrefixes(name string) (prefixes [entryKinds]string) {
	for kind, text := range entryNames {
		prefixes[kind] = name + ":" + text + ":"
	}
	digest := sha256.Sum256(nil)
	prefixes[entryEpoch] += base64.RawURLEncoding.EncodeToString(digest[:])
	return prefixes
}

// key is where an entry stands in a Store: no id can be read out of it.
func (m *Manager) key(e entry) string { return m.entryKeys([]entry{e})[0] }

// entryKeys are those of all entries, parts of one text.
func (m *Manager) entryKeys(of []entry) []string {
	var array [512]byte
	var ends [maxEntries]int
	text := array[:0]
	for i, e := range of {
		text = append(text, m.entryPrefixes[e.kind]...)
		if e.kind != entryEpoch {
			digest := sha256.Sum256(append(text, e.id...)[len(text):]) // a copy that needs no allocation
			text = base64.RawURLEncoding.AppendEncode(text, digest[:])
		}
		if !e.end.IsZero() {
			text = strconv.AppendInt(append(text, '@'), e.end.Unix(), 10)
		}
		ends[i] = len(text)
	}
	all, keys, start := string(text), make([]string, len(of)), 0
	for i := range keys {
		keys[i], start = all[start:ends[i]], ends[i]
	}
	return keys
}

// look reads entries, in one exchange. A MemoryStore is asked without keys, which nobody could read.
func (m *Manager) look(ctx context.Context, asked []entry) (times [maxEntries]time.Time, e *Error) {
	if memory, ok := m.settings.Store.(*MemoryStore); ok {
		memory.look(&m.entryPrefixes, asked, times[:len(asked)])
		return times, nil
	}
	found, e := m.get(ctx, m.entryKeys(asked))
	copy(times[:], found)
	return times, e
}

// lookAll is look for any number of entries.
func (m *Manager) lookAll(ctx context.Context, asked []entry) ([]time.Time, *Error) {
	if memory, ok := m.settings.Store.(*MemoryStore); ok {
		times := make([]time.Time, len(asked))
		memory.look(&m.entryPrefixes, asked, times)
		return times, nil
	}
	keys := make([]string, len(asked))
	for i, e := range asked {
		keys[i] = m.key(e)
	}
	return m.get(ctx, keys)
}

// get is the Store's, within the time it has.
func (m *Manager) get(ctx context.Context, keys []string) ([]time.Time, *Error) {
	within := limited(ctx, m.settings.StoreTimeout)
	defer within.finish()
	found, err := m.settings.Store.Get(within, keys...)
	if err == nil && len(found) != len(keys) {
		err = fmt.Errorf("authjwt: the store answered %d times for %d keys", len(found), len(keys))
	}
	m.noteStore(ctx, err)
	if err != nil {
		return nil, m.fail(failUnavailable, err)
	}
	return found, nil
}

// write records a time under an entry: always, or where nothing is there, of which it returns the
// outcome as Store.Add does.
func (m *Manager) write(ctx context.Context, about entry, at, until time.Time, always bool) (present time.Time, added bool, err error) {
	if memory, ok := m.settings.Store.(*MemoryStore); ok {
		present, added = memory.write(&m.entryPrefixes, about, at, until, always)
		return present, added, nil
	}
	within := limited(ctx, m.settings.StoreTimeout)
	defer within.finish()
	if always {
		err = m.settings.Store.Set(within, m.key(about), at, until)
	} else {
		present, added, err = m.settings.Store.Add(within, m.key(about), at, until)
		if err == nil && !added && present.IsZero() {
			err = fmt.Errorf("authjwt: the store added nothing, and has nothing either")
		}
	}
	m.noteStore(ctx, err)
	return present, added, err
}
