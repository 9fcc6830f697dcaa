package redisstore

import (
	"strings"
	"sync"
	"time"
)

// maxNegatives is how many keys a generation holds: some 10 MB.
const maxNegatives = 1 << 16

// negatives remembers for a while which keys had nothing. Methods of nil remember nothing.
type negatives struct {
	life time.Duration

	mu         sync.Mutex
	young, old map[string]time.Time // until when
	count      uint64               // of writes
}

func newNegatives(life time.Duration) *negatives {
	return &negatives{life: life, young: map[string]time.Time{}}
}

// hold tells whether all keys of a guard's question are known to have nothing, but for the epoch.
func (n *negatives) hold(keys []string) bool {
	if n == nil || !ofGuard(keys) {
		return false
	}
	now := time.Now()
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, key := range keys {
		if isEpoch(key) {
			continue
		}
		until, young := n.young[key]
		if !young {
			until = n.old[key]
		}
		if !now.Before(until) {
			return false
		}
	}
	return true
}

// begin is to be asked before a question whose answer remember gets.
func (n *negatives) begin() (asked time.Time, writes uint64) {
	if n == nil {
		return asked, 0
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	return time.Now(), n.count
}

// remember keeps the keys whose times are zero, unless something was written since.
func (n *negatives) remember(keys []string, times []time.Time, asked time.Time, writes uint64) {
	if n == nil {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.count != writes {
		return
	}
	until := asked.Add(n.life)
	for i, key := range keys {
		if times[i].IsZero() {
			n.young[key] = until
		}
	}
	if len(n.young) >= maxNegatives {
		n.young, n.old = map[string]time.Time{}, n.young
	}
}

// forget is told of keys that are written.
func (n *negatives) forget(key string) {
	if n == nil {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.count++
	delete(n.young, key)
	delete(n.old, key)
}

// ofGuard tells whether a guard asks about an access token. Whoever is about to make tokens must know better: one
// that is made after a revocation outlives it.
func ofGuard(keys []string) (guard bool) {
	for _, key := range keys {
		if strings.Contains(key, ":used:") {
			return false
		}
		guard = guard || strings.Contains(key, ":denied:")
	}
	return guard
}
