package authjwt

import (
	"bytes"
	"encoding/binary"
	"hash/maphash"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// A plainReader reads JSON objects as nearly all issuers write them: without blanks, escapes and fractions, and not deeply
// nested. It takes a quarter of the time that jsontext takes. It refuses nothing: what is not of that form it leaves to
// jsontext, and of what is, it takes nothing that jsontext would not, which FuzzPlain holds it to.
type plainReader struct {
	seed    maphash.Seed
	names   [maxPlainNames]plainName  // those without a field, to find one that stands twice
	table   [2 * maxPlainNames]uint16 // by digest: which of names, counted from 1
	count   int
	objects int
}

// A plainName is a name in an object: which one, counted from 1; 0 is the outer one.
type plainName struct {
	text   []byte
	object int
}

const (
	maxPlainNames = 256
	maxPlainDepth = 8 // of what is nested in the object
)

// read is as [objectReader.read]; false means that it cannot tell.
func (r *plainReader) read(text []byte, limit int, find func(name []byte) *member) bool {
	last := len(text) - 1
	if len(text) == 0 || text[0] != '{' || text[last] != '}' || !plainText(text) {
		return false
	}
	r.count, r.objects = 0, 0
	defer func() { clear(r.names[:r.count]) }() // readers are kept for reuse, and a text may hold a password
	for at := 1; ; at++ {
		colon := plainString(text, at)
		if colon == 0 || text[colon] != ':' || limit == 0 {
			return false
		}
		limit--
		name, start := text[at:colon], colon+1
		end := plainScalar(text, start) // spares a call for most
		if end == 0 {
			end = r.value(text, start, 0)
		}
		if end == 0 {
			return false
		}
		switch field := find(name); {
		case field == nil && !r.isNew(name, 0), field != nil && field.kind != 0:
			return false // twice, or two names of one field
		case field != nil:
			*field = member{int32(start), int32(end), kindOfPlain(text[start])}
		}
		if at = end; text[at] != ',' {
			return text[at] == '}' && at == last
		}
	}
}

// value returns where the value that begins at an index ends; zero if it is not plain. As for all that follows, an end is
// never that of the text, which has a bracket there.
func (r *plainReader) value(text []byte, at, depth int) (end int) {
	switch ch := text[at]; {
	case ch != '[' && ch != '{':
		return plainScalar(text, at)
	case depth == maxPlainDepth:
		return 0
	case ch == '[':
		return r.list(text, at, depth+1)
	}
	return r.object(text, at, depth+1)
}

func (r *plainReader) list(text []byte, at, depth int) (end int) {
	if at++; text[at] == ']' {
		return at + 1
	}
	for ; ; at++ {
		at = r.value(text, at, depth)
		switch {
		case at != 0 && text[at] == ']':
			return at + 1
		case at == 0 || text[at] != ',':
			return 0
		}
	}
}

func (r *plainReader) object(text []byte, at, depth int) (end int) {
	r.objects++
	object, last := r.objects, len(text)-1
	if at++; text[at] == '}' && at < last {
		return at + 1
	}
	for ; ; at++ {
		colon := plainString(text, at)
		if colon == 0 || text[colon] != ':' {
			return 0
		}
		name := text[at:colon]
		at = r.value(text, colon+1, depth)
		switch {
		case at == 0 || !r.isNew(name, object):
			return 0
		case text[at] == '}' && at < last:
			return at + 1
		case text[at] != ',':
			return 0
		}
	}
}

// isNew is false for a name that was there, and for one too many.
func (r *plainReader) isNew(name []byte, object int) bool {
	if r.count == 0 {
		if r.seed == (maphash.Seed{}) {
			r.seed = maphash.MakeSeed()
		}
		clear(r.table[:])
	}
	if r.count == maxPlainNames {
		return false
	}
	size := uint64(len(r.table))
	slot := (maphash.Bytes(r.seed, name) + uint64(object)) % size
	for ; r.table[slot] != 0; slot = (slot + 1) % size {
		if other := &r.names[r.table[slot]-1]; other.object == object && bytes.Equal(other.text, name) {
			return false
		}
	}
	r.names[r.count] = plainName{name, object}
	r.count++
	r.table[slot] = uint16(r.count)
	return true
}

// plainText tells whether text is UTF-8 without backslashes and control characters, which stand nowhere in plain JSON.
func plainText(text []byte) bool {
	const ones = 0x0101010101010101
	ascii, rest := true, text
	for ; len(rest) >= 8; rest = rest[8:] { // eight octets at once
		word := binary.LittleEndian.Uint64(rest)
		slashes := word ^ '\\'*ones
		control, slash := (word-' '*ones)&^word, (slashes-ones)&^slashes
		if (control|slash)&(0x80*ones) != 0 {
			return false
		}
		ascii = ascii && word&(0x80*ones) == 0
	}
	for _, ch := range rest {
		if ch < ' ' || ch == '\\' {
			return false
		}
		ascii = ascii && ch < utf8.RuneSelf
	}
	return ascii || utf8.Valid(text)
}

func plainString(text []byte, at int) (end int) {
	if text[at] != '"' {
		return 0
	}
	length := bytes.IndexByte(text[at+1:], '"')
	if length < 0 {
		return 0
	}
	return at + length + 2
}

func plainScalar(text []byte, at int) (end int) {
	switch ch := text[at]; {
	case ch == '"':
		return plainString(text, at)
	case ch == '-' || isDigit(ch):
		return plainInteger(text, at)
	}
	for _, literal := range [...]string{"true", "false", "null"} {
		if bytes.HasPrefix(text[at:], []byte(literal)) {
			return at + len(literal)
		}
	}
	return 0
}

func kindOfPlain(begin byte) jsontext.Kind {
	if begin == '-' || isDigit(begin) {
		return '0'
	}
	return jsontext.Kind(begin)
}

func plainInteger(text []byte, at int) (end int) {
	if text[at] == '-' {
		at++
	}
	switch {
	case text[at] == '0':
		return at + 1
	case !isDigit(text[at]):
		return 0
	}
	for isDigit(text[at]) {
		at++
	}
	return at
}

func isDigit(ch byte) bool { return '0' <= ch && ch <= '9' }
