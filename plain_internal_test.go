package authjwt

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A naming tells which field a quoted name has; empty: none.
type naming func(name string) string

var namings = []naming{
	func(name string) string { return name },
	func(string) string { return "" },
	func(name string) string { return name[:2] }, // several names of one field
	func(name string) string {
		if new(wireClaims).member([]byte(name)) == nil {
			return ""
		}
		return name
	},
}

// fields are those that a reader has filled.
type fields struct {
	of  naming
	all map[string]*member
}

func newFields(of naming) *fields { return &fields{of, map[string]*member{}} }

func (f *fields) find(name []byte) *member {
	field := f.of(string(name))
	if field == "" {
		return nil
	}
	if f.all[field] == nil {
		f.all[field] = new(member)
	}
	return f.all[field]
}

// A reading reads one text after the other, as a Manager does.
type reading struct {
	plain       plainReader
	alone, both objectReader
}

// agree reads a text by all ways: jsontext has the last word on what plain takes, and is no other after plain has failed.
func (r *reading) agree(tb testing.TB, text string, limit int, of naming) (taken, good bool) {
	tb.Helper()
	plain, alone, both := newFields(of), newFields(of), newFields(of)
	taken = r.plain.read([]byte(text), limit, plain.find)
	good = r.alone.read([]byte(text+" "), limit, alone.find) // a blank at its end is a text that plain does not look at
	require.False(tb, taken && !good, "taken by plain alone: %q", text)
	if taken {
		require.Equal(tb, alone.all, plain.all, "%q", text)
	}
	require.Equal(tb, good, r.both.read([]byte(text), limit, both.find), "%q", text)
	if good {
		require.Equal(tb, alone.all, both.all, "%q", text)
	}

	var members map[string]jsontext.Value
	require.Equal(tb, good, decodeObject([]byte(text), &members) && len(members) <= limit, "%q", text)
	if !good || of(`"probe"`) != `"probe"` {
		return taken, good
	}
	require.Len(tb, alone.all, len(members), "%q", text)
	for name, m := range alone.all {
		unquoted, err := jsontext.AppendUnquote(nil, name)
		require.NoError(tb, err)
		value := members[string(unquoted)]
		require.Equal(tb, string(value), text[m.start:m.end], "%q of %q", name, text)
		require.Equal(tb, value.Kind(), m.kind, "%q of %q", name, text)
	}
	return taken, good
}

// What plain takes, what it leaves to jsontext, and what neither takes.
const (
	taken = iota
	left
	refused
)

// reads checks what becomes of a text, in every naming under which no two names have one field.
func (r *reading) reads(tb testing.TB, want int, text string) {
	tb.Helper()
	for i, of := range namings {
		if i == 2 {
			continue
		}
		plain, good := r.agree(tb, text, len(text), of)
		assert.Equal(tb, []bool{want == taken, want != refused}, []bool{plain, good}, "naming %d: %q", i, text)
	}
}

func TestPlain_Values(t *testing.T) {
	var r reading
	for want, values := range map[int][]string{
		taken: {
			`""`, `"a"`, "\"\x7f\"", `"/"`, `"{}[],:"`, `"é€😀"`, `true`, `false`, `null`, `0`, `-0`, `7`, `-7`, `10`, `1772366460`, strings.Repeat("9", 400),
			`[]`, `[1]`, `[-1]`, `["a"]`, `["a","b"]`, `[true,false,null,0,""]`, `["[","]"]`,
			`{}`, `{"a":1}`, `[[1]]`, `[[]]`, `[{}]`, `[1,[2]]`, `[{},{}]`, `{"a":{}}`, `{"a":[]}`, `{"a":{"a":{"a":1}}}`, `[{"a":1},{"a":1,"b":{"a":2}}]`, `{"sub":1,"exp":[{"sub":2}]}`,
			strings.Repeat("[", maxPlainDepth) + strings.Repeat("]", maxPlainDepth), strings.Repeat(`{"a":`, maxPlainDepth) + "1" + strings.Repeat("}", maxPlainDepth),
		},
		left: {
			`1.5`, `1e3`, `1E+3`, `-1e-3`, `0.0`, `[1.5]`, `{"a":1.5}`, `{ }`, `{"a":1 }`, `{"a" :1}`, `{"\u0061":1}`, `[{"a":"\n"}]`, `"\n"`, `"\\"`, `"\""`, `"\u0073"`, ` 1`, `1 `, "\t1", "1\n", `[ ]`, `[1 ]`, `[1, 2]`,
			strings.Repeat("[", maxPlainDepth+1) + strings.Repeat("]", maxPlainDepth+1), strings.Repeat(`{"a":`, maxPlainDepth+1) + "1" + strings.Repeat("}", maxPlainDepth+1),
			strings.Repeat("[", maxDepth-1) + strings.Repeat("]", maxDepth-1),
		},
		refused: {
			``, `-`, `01`, `00`, `-01`, `--1`, `+1`, `1.`, `.5`, `1e`, `1_0`, `0x1`, `1-`, `-a`, `1a`, `NaN`, `Infinity`, `tru`, `truex`, `TRUE`, `True`, `nul`, `nulll`, `fals`, `"`, `a`, `'a'`, `"a`, `a"`, `"a"b`, `"a""b"`,
			`[`, `]`, `[1`, `[1,`, `[1,]`, `[,]`, `[,1]`, `[1,,2]`, `[1]]`, `[1 2]`, `[1}`, `["a]`, `[tru]`, `[01]`, `[-]`, `[1:2]`, `1,`, `1,1`, `1:1`, `}`, `{`, `{]`, `{"a":1,"a":1}`, `{"a":1,"b":{},"a":2}`, `[{"a":{},"a":1}]`, `{"a":{"b":1,"b":1}}`, `{"a":1,}`, `{,}`, `{"a"}`, `{"a":}`, `{"a":1`, `{"a":1]`, `[{]}`, `{1:2}`, `{a:1}`, `{"a":1}}`, `{"a":1"b":2}`, "\"\xff\"", "\"\n\"", "\"\x00\"", `"\q"`, `"\ud800"`,
			strings.Repeat("[", maxDepth) + strings.Repeat("]", maxDepth),
		},
	} {
		for _, value := range values {
			r.reads(t, want, `{"a":`+value+`}`)
			r.reads(t, want, `{"sub":"alice","exp":`+value+`,"x":1}`)
		}
	}
}

func TestPlain_Objects(t *testing.T) {
	var r reading
	for _, row := range []struct {
		want int
		text string
	}{
		{taken, `{"a":1}`}, {taken, `{"":1}`}, {taken, `{"a":1,"b":2}`}, {taken, `{"exp":1,"sub":"é"}`}, {taken, `{"a":1,"A":2}`}, {taken, `{"a":1,"aa":2}`},
		{left, `{}`}, {left, `{ }`}, {left, ` {"a":1}`}, {left, `{"a":1} `}, {left, `{"a":1}` + "\n"}, {left, `{ "a":1}`}, {left, `{"a" :1}`}, {left, `{"a": 1}`}, {left, `{"a":1 }`}, {left, `{"a":1, "b":2}`},
		{left, `{"\u0061":1}`}, {left, `{"\u0073ub":"alice"}`}, {taken, `{"a":1,"b":{"a":1}}`}, {taken, `{"a":{"b":[{"c":{}}]},"b":{}}`}, {refused, `{"a":1,"b":{"a":1},"a":{}}`}, {refused, `{"a":{"b":[{"c":{},"c":1}]}}`},
		{refused, ``}, {refused, `{`}, {refused, `}`}, {refused, `[]`}, {refused, `"{}"`}, {refused, `{}}`}, {refused, `{{}`}, {refused, `{{}}`}, {refused, `{"a"}`}, {refused, `{"a":}`}, {refused, `{:1}`}, {refused, `{a:1}`},
		{refused, `{"a"1}`}, {refused, `{"a",1}`}, {refused, `{"a":1,}`}, {refused, `{,"a":1}`}, {refused, `{,}`}, {refused, `{"a":1,,"b":2}`}, {refused, `{"a":1"b":2}`}, {refused, `{"a":1;"b":2}`}, {refused, `{"a":1]`},
		{refused, `{"a":1}{"b":2}`}, {refused, `{"a":1},{"b":2}`}, {refused, `{"a":1}}`}, {refused, `{"a":1},}`}, {refused, `{"a":1}x`}, {refused, `{"a":1}` + "\x00"}, {refused, "\ufeff" + `{"a":1}`}, {refused, "{\"\xff\":1}"}, {refused, "{\"\x1f\":1}"},
		{refused, `{"a":1,"a":1}`}, {refused, `{"a":1,"a":2}`}, {refused, `{"":1,"":2}`}, {refused, `{"sub":"a","sub":"b"}`}, {refused, `{"x":1,"sub":"a","x":1}`}, {refused, `{"a":1,"\u0061":2}`}, {refused, `{"sub":"a","s\u0075b":"b"}`},
		{refused, `{"a":1,"b":2,"c":3,"a":4}`}, {refused, `{"é":1,"é":2}`},
	} {
		r.reads(t, row.want, row.text)
		for cut := range row.text { // none panics
			_, _ = r.agree(t, row.text[:cut], len(row.text), namings[0])
			_, _ = r.agree(t, row.text[:cut]+"}", len(row.text), namings[1])
		}
	}
}

// Two names may have one field, where Settings.JSONKey and RefreshJSONKey are the same: the later counts, as ever.
func TestPlain_NamesOfOneField(t *testing.T) {
	var r reading
	for text, want := range map[string]bool{`{"aa":1,"ab":2}`: false, `{"aa":1,"b":2,"ab":[]}`: false, `{"aa":1,"ba":2}`: true} {
		plain, good := r.agree(t, text, len(text), namings[2])
		assert.Equal(t, []bool{want, true}, []bool{plain, good}, text)
	}
}

// Every octet at every place of the eight that are looked at together, in names and in values.
func TestPlain_Octets(t *testing.T) {
	var r reading
	for ch := range 256 {
		want := refused
		switch {
		case ch == '\\':
			want = left
		case ch >= ' ' && ch < utf8.RuneSelf && ch != '"':
			want = taken
		}
		for before := range 17 {
			for after := range 3 {
				word := strings.Repeat("!", before) + string([]byte{byte(ch)}) + strings.Repeat("[", 4*after)
				if ch == '\\' {
					word = strings.Replace(word, `\`, `\\`, 1)
				}
				r.reads(t, want, `{"a":"`+word+`"}`)
				r.reads(t, want, `{"`+word+`":1,"sub":""}`)
			}
		}
	}
}

func TestPlain_UTF8(t *testing.T) {
	var r reading
	for want, words := range map[int][]string{
		taken:   {"é", "€", "😀", "\u0080", "\u07ff", "\u0800", "\ud7ff", "\ue000", "\ufffd", "\uffff", "\U00010000", "\U0010ffff", "\u2028"},
		refused: {"\x80", "\xc3", "\xc3(", "\xc0\x80", "\xc1\xbf", "\xe2\x82", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xed\xbf\xbf", "\xf0\x9f\x98", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xfe", "\xff"},
	} {
		for _, word := range words {
			for before := range 9 {
				r.reads(t, want, `{"a":"`+strings.Repeat("a", before)+word+`"}`)
				r.reads(t, want, `{"`+strings.Repeat("a", before)+word+`":1,"exp":2}`)
			}
		}
	}
}

// Members without a field are remembered up to a number; what has more is jsontext's. Hashes are seeded anew for each reader.
func TestPlain_ManyNames(t *testing.T) {
	object := func(names int, more string) string {
		var text strings.Builder
		for i := range names {
			fmt.Fprintf(&text, `,"n%d":%d`, i, i)
		}
		return "{" + text.String()[1:] + more + "}"
	}
	for range 20 {
		var r reading
		for range 3 { // the names of the text before do not count
			for names, want := range map[int]int{1: taken, maxPlainNames - 1: taken, maxPlainNames: taken, maxPlainNames + 1: left, 3 * maxPlainNames: left} {
				r.readsUnnamed(t, want, object(names, ""))
				r.readsUnnamed(t, want, object(names, `,"sub":"alice","exp":1`))
			}
			for _, names := range []int{2, 8, maxPlainNames - 1, maxPlainNames, maxPlainNames + 1, 2 * maxPlainNames} {
				for _, again := range []int{0, 1, names / 2, names - 1} {
					r.readsUnnamed(t, refused, object(names, fmt.Sprintf(`,"n%d":0`, again)))
				}
			}
		}
	}
}

// readsUnnamed is reads for objects of many names that have no field.
func (r *reading) readsUnnamed(tb testing.TB, want int, text string) {
	tb.Helper()
	for _, of := range []naming{namings[1], namings[3]} {
		plain, good := r.agree(tb, text, len(text), of)
		named := of(`"sub"`) == "" && strings.Contains(text, `"sub"`) && strings.Count(text, ":") > maxPlainNames // by then too many
		assert.Equal(tb, []bool{want == taken && !named, want != refused}, []bool{plain, good}, "%.40q", text)
	}
}

func TestPlain_Limit(t *testing.T) {
	var r reading
	for members := 1; members <= 2*maxHeaderMembers; members++ {
		var text strings.Builder
		for i := range members {
			fmt.Fprintf(&text, `,"n%d":""`, i)
		}
		for _, limit := range []int{0, 1, members - 1, members, members + 1, maxHeaderMembers} {
			for _, of := range namings[:2] {
				plain, good := r.agree(t, "{"+text.String()[1:]+"}", limit, of)
				assert.Equal(t, []bool{members <= limit, members <= limit}, []bool{plain, good}, "%d of %d", members, limit)
			}
		}
	}
	_, good := r.agree(t, "{}", 0, namings[0])
	assert.True(t, good)
}

// All texts of a few characters.
func TestPlain_ShortTexts(t *testing.T) {
	const alphabet = `"a:,1[]-0 {}`
	var r reading
	var extend func(text string, more int)
	extend = func(text string, more int) {
		for i, shell := range []string{"%s", `{"a":%s}`, "{%s}"} {
			_, _ = r.agree(t, fmt.Sprintf(shell, text), 4, namings[i%2])
		}
		for i := 0; i < len(alphabet) && more > 0; i++ {
			extend(text+alphabet[i:i+1], more-1)
		}
	}
	extend("", 4)
}

// Generated objects, and what is left of them after a change or two.
func TestPlain_Generated(t *testing.T) {
	var r reading
	random := rand.New(rand.NewPCG(7519, 8259))
	counts := map[[2]bool]int{}
	for range 40_000 {
		text := generatedObject(random)
		for range random.IntN(3) {
			text = mutated(random, text)
		}
		plain, good := r.agree(t, text, 4+random.IntN(8), namings[random.IntN(len(namings))])
		counts[[2]bool{plain, good}]++
	}
	for _, kind := range [][2]bool{{true, true}, {false, true}, {false, false}} {
		assert.Greater(t, counts[kind], 3000, "%v", counts)
	}
}
