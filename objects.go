package authjwt

import (
	"bytes"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// maxDepth caps the nesting of claims and headers; go-json-experiment's own limit is 10,000.
const maxDepth = 32

// A member is where one member's value stands in the JSON text it was read from. Nothing is copied:
// strings are cut from the one copy of the text that the Token keeps.
type member struct {
	start, end int32
	kind       jsontext.Kind // 0: absent; 'n', 't', 'f', '"', '0', '{', '['
}

// text returns the string a member holds, without allocating unless it has escapes.
func (m member) text(payload string) (string, bool) {
	if m.kind != '"' {
		return "", false
	}
	quoted := payload[m.start:m.end]
	if strings.IndexByte(quoted, '\\') == -1 {
		return quoted[1 : len(quoted)-1], true
	}
	unquoted, err := jsontext.AppendUnquote(nil, quoted)
	return string(unquoted), err == nil
}

// objectReader reads JSON objects with one decoder, which is most of what decoding costs.
type objectReader struct {
	plain plainReader
	buf   bytes.Buffer
	dec   jsontext.Decoder
}

// read notes the members of one JSON object, and nothing but one, for which find has a field, by
// their quoted names. It refuses what [decodeObject] refuses, and more than limit members. Wrong
// types are no errors here: the checks that follow decide, in their fixed order.
func (r *objectReader) read(text []byte, limit int, find func(name []byte) *member) bool {
	if r.plain.read(text, limit, find) {
		return true
	}
	if tooDeep(text) {
		return false
	}
	r.buf = *bytes.NewBuffer(text)
	r.dec.Reset(&r.buf)
	defer func() { // see plainReader
		r.buf = bytes.Buffer{}
		r.dec.Reset(&r.buf)
	}()
	if begin, err := r.dec.ReadToken(); err != nil || begin.Kind() != '{' {
		return false
	}
	for ; r.dec.PeekKind() == '"'; limit-- {
		name, err := r.dec.ReadValue()
		if err != nil || limit == 0 {
			return false
		}
		if bytes.IndexByte(name, '\\') != -1 { // "\u0073ub" is "sub"
			name = name.Clone() // the Token is made of the same octets
			if err = name.Canonicalize(); err != nil {
				return false
			}
		}
		field := find(name)
		value, err := r.dec.ReadValue()
		if err != nil {
			return false
		}
		if field != nil {
			field.end = int32(r.dec.InputOffset())
			field.start = field.end - int32(len(value))
			field.kind = value.Kind()
		}
	}
	if _, err := r.dec.ReadToken(); err != nil {
		return false
	}
	return len(bytes.TrimRight(text[r.dec.InputOffset():], jsonBlanks)) == 0
}

const jsonBlanks = " \t\r\n"

// decodeObject decodes one JSON object, and nothing but one, into v: no duplicate names, no invalid
// UTF-8, no folding of letter case, no data after it, no nesting beyond maxDepth.
func decodeObject(text []byte, v any, opts ...json.Options) bool {
	if !bytes.HasPrefix(bytes.TrimLeft(text, jsonBlanks), []byte("{")) || tooDeep(text) {
		return false
	}
	return json.Unmarshal(text, v, opts...) == nil
}

func tooDeep(text []byte) bool {
	if bytes.Count(text, []byte("{"))+bytes.Count(text, []byte("[")) <= maxDepth {
		return false
	}
	depth, quoted := 0, false
	for i := 0; i < len(text); i++ {
		switch ch := text[i]; {
		case ch == '"':
			quoted = !quoted
		case quoted && ch == '\\':
			i++
		case quoted:
		case ch == '{' || ch == '[':
			if depth++; depth > maxDepth {
				return true
			}
		case ch == '}' || ch == ']':
			depth--
		}
	}
	return false
}
