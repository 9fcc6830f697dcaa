package redisstore

import (
	"strings"
	"sync"
)

// maxFound is how many keys are remembered: some 10 MB.
const maxFound = 1 << 16

// found remembers which keys had an entry when they were last asked for. That they have one still is not relied on: they
// are asked for in another way. Subjects that were revoked come again and again. note of nil does nothing.
type found struct {
	mu   sync.Mutex
	keys map[string]struct{}
}

// without are the keys that are not remembered; the others, by their place, are given to one.
func (f *found) without(keys []string, one func(i int)) (rest []string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.keys) == 0 {
		return keys
	}
	rest = make([]string, 0, len(keys))
	for i, key := range keys {
		if _, is := f.keys[key]; is {
			one(i)
		} else {
			rest = append(rest, key)
		}
	}
	return rest
}

func (f *found) note(key string, there bool) {
	if f == nil {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if !there {
		delete(f.keys, key)
		return
	}
	if f.keys == nil || len(f.keys) >= maxFound {
		f.keys = map[string]struct{}{}
	}
	f.keys[strings.Clone(key)] = struct{}{} // not the texts that it is a part of
}
