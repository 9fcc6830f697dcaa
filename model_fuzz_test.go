package authjwt_test

import (
	"math/rand/v2"
	"testing"
)

// FuzzModel plays the models of TestSessions_Model, with faults and in memory, and of TestRenew_Model, where the fuzzer chooses each
// operation and all that belongs to it: a login, a refresh, a replay, a logout, a revocation, time that passes, a fault.
func FuzzModel(f *testing.F) {
	const operations = 60
	random := rand.New(rand.NewPCG(6819, 0))
	for kind := range uint8(3) {
		for _, length := range []int{1, 20, 200, 400} {
			octets := make([]byte, length)
			for i := range octets {
				octets[i] = byte(random.IntN(256))
			}
			f.Add(kind, octets)
		}
		f.Add(kind, []byte("\x00\x00\x10\x00\x00\xb3\x00\x10\x01\xff\xb3\x01\x10\x01\xff\x80\x00\x10\x01"))
	}
	f.Fuzz(func(t *testing.T, kind uint8, octets []byte) {
		source := &choices{octets}
		random := rand.New(source)
		if kind%3 == 2 {
			m := newSlidingModel(t, random)
			for n := 0; n < operations && len(source.octets) > 0; n++ {
				m.step(t)
				m.tryCopies(t)
			}
			return
		}
		s, m, sessions := newSessionsModel(t, kind%3 == 1)
		for n := 0; n < operations && len(source.octets) > 0; n++ {
			s.play(t, m, sessions, random)
		}
	})
}
