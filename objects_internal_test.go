package authjwt

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// Readers are kept for reuse, and texts may hold passwords: nothing of one is held on to, whichever way it was read.
func TestObjectReader_HoldsNoText(t *testing.T) {
	for _, text := range []string{`{"a":"b","c":1}`, `{"a" : "b"}`, `{"a":{"b":1}}`, `{"a":"b","a":"c"}`, `{"a":"b","c":`, `{"a":"b"}}`} {
		var r objectReader
		r.read([]byte(text), len(text), func([]byte) *member { return nil })
		for _, name := range r.plain.names {
			assert.Zero(t, name, text)
		}
		assert.Zero(t, r.buf.Cap(), text)
		assert.Zero(t, r.dec.InputOffset(), text)
	}
}
