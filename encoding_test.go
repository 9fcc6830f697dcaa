package authjwt_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

// payloadPair is an attack by claims alone: its twin has new in the place of old.
func payloadPair(t *testing.T, payload, old, new string) attack {
	require.Contains(t, payload, old)
	good := strings.Replace(payload, old, new, 1)
	return attack{payload, compact(t, "HS256", headerHS256, payload), compact(t, "HS256", headerHS256, good), isPayload, nil}
}

// goodWith is a good payload with more text behind its last claim.
func goodWith(more string) string { return strings.TrimSuffix(goodPayload(), "}") + more + "}" }

// assertCheap checks what refusing token costs: the least of a few averages, for other programs take time, too.
func assertCheap(t *testing.T, m *authjwt.Manager, token string) {
	t.Helper()
	const rounds, calls = 5, 100
	octets, elapsed := uint64(math.MaxUint64), time.Duration(math.MaxInt64)
	for range rounds {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		start := time.Now()
		for range calls {
			if _, err := m.Verify(t.Context(), token, authjwt.Access); err == nil {
				require.Error(t, err)
			}
		}
		elapsed = min(elapsed, time.Since(start)/calls)
		runtime.ReadMemStats(&after)
		octets = min(octets, (after.TotalAlloc-before.TotalAlloc)/calls)
	}
	assert.Less(t, octets, uint64(64<<10), "octets allocated")
	assert.Less(t, elapsed, time.Millisecond)
}

func TestB02_HugeToken(t *testing.T) {
	m := newManager(t)
	sized := func(octets int) string { // the padding is base64url's: three octets make four letters
		rest := len(compact(t, "HS256", headerHS256, ""))
		payload := goodWith(`,"pad":""`)
		payload = strings.Replace(payload, `"pad":""`, `"pad":"`+strings.Repeat("p", (octets-rest)*3/4-len(payload))+`"`, 1)
		token := compact(t, "HS256", headerHS256, payload)
		require.Len(t, token, octets)
		return token
	}
	twin := sized(8192)
	var attacks []attack
	for _, octets := range []int{8193, 16 << 10, 1 << 20} {
		attacks = append(attacks, attack{fmt.Sprintf("%d signed", octets), sized(octets), twin, isTooLong, nil})
	}
	for _, filler := range []string{"a", "_", "=", "."} {
		attacks = append(attacks,
			attack{"16 KiB of " + filler, strings.Repeat(filler, 16<<10), twin, isTooLong, nil},
			attack{"1 MiB of " + filler, strings.Repeat(filler, 1<<20), twin, isTooLong, nil})
	}
	repel(t, m, attacks)
	for _, a := range attacks {
		assertCheap(t, m, a.token) // a decoded MiB would show
	}
	_, err := m.CreateAccessToken("alice", authjwt.WithClaims(map[string]any{"pad": strings.Repeat("p", 6200)}))
	assert.ErrorContains(t, err, "8192")
}

// inSegments changes each segment of a good token in turn. What changes before the signature is
// signed, so that nothing but its form is at fault.
func inSegments(t *testing.T, name string, change func(segment string) string) []attack {
	header, payload := b64(`{"alg":"HS256","kid":"??>>"}`), b64(goodWith(`,"x":"~~~???>>>"`))
	twin := signed(header + "." + payload)
	cut := strings.LastIndexByte(twin, '.') + 1
	return []attack{
		{name + " in the header", signed(change(header) + "." + payload), twin, isHeaderText, nil},
		{name + " in the payload", signed(header + "." + change(payload)), twin, isPayloadText, nil},
		{name + " in the signature", twin[:cut] + change(twin[cut:]), twin, isSigText, nil},
	}
}

// inserted returns a change that puts text at the begin, in the middle or at the end.
func inserted(text string, quarters int) func(string) string {
	return func(s string) string { n := len(s) * quarters / 4; return s[:n] + text + s[n:] }
}

func TestB03_LineBreakInSegment(t *testing.T) {
	for _, lineBreak := range []string{"\n", "\r", "\r\n", "\n\n\n\n", "\n "} {
		for quarters := range 5 {
			repelText(t, newManager(t), inSegments(t, fmt.Sprintf("%q at %d/4", lineBreak, quarters), inserted(lineBreak, quarters)))
		}
	}
}

func TestB04_ForeignAlphabet(t *testing.T) {
	m := newManager(t)
	for _, padding := range []string{"=", "==", "===", "A="} {
		repel(t, m, inSegments(t, padding+" behind", inserted(padding, 4)))
	}
	repel(t, m, inSegments(t, "= inside", inserted("=", 2)))
	repel(t, m, inSegments(t, "full padding", func(s string) string { return s + strings.Repeat("=", 1+(3-len(s)%4)) }))
	for _, text := range []string{" ", "\t", "\x00", "\x00\x00\x00\x00", "\v", "\u00a0", "\u200b", "\ufeff", "\x7f", "\xff", "%3D", "!", "é", "ａ", "а"} {
		repelText(t, m, inSegments(t, fmt.Sprintf("%q inside", text), inserted(text, 2)))
		repelText(t, m, inSegments(t, fmt.Sprintf("%q behind", text), inserted(text, 4))[1:2])
	}
	repel(t, m, inSegments(t, "standard alphabet", strings.NewReplacer("-", "+", "_", "/").Replace))
	twin := hs256(t, headerHS256)
	repelText(t, m, []attack{{"a word behind", twin + " x", twin, isSigText, nil}, {"a NUL behind", twin + "\x00", twin, isSigText, nil}})
}

// strayBits returns the other texts that a lenient decoder takes for segment.
func strayBits(t testing.TB, segment string) (texts []string) {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	octets, err := base64.RawURLEncoding.DecodeString(segment)
	require.NoError(t, err)
	for _, letter := range alphabet {
		text := segment[:len(segment)-1] + string(letter)
		if other, err := base64.RawURLEncoding.DecodeString(text); err == nil && string(other) == string(octets) && text != segment {
			texts = append(texts, text)
		}
	}
	return texts
}

func TestB05_StrayBits(t *testing.T) {
	var attacks []attack
	add := func(place string, segment string, want verdict, token func(segment string) string) {
		for _, text := range strayBits(t, segment) {
			attacks = append(attacks, attack{place + text[len(text)-4:], token(text), token(segment), want, nil})
		}
	}
	h, c := b64(headerHS256), b64(goodPayload())
	for n := range 3 { // segments that leave no bits over, four and two
		x := `"x":"` + strings.Repeat("x", n) + `"`
		add("header ", b64(`{"alg":"HS256",`+x+`}`), isHeaderText, func(text string) string { return signed(text + "." + c) })
		add("payload ", b64(goodWith(","+x)), isPayloadText, func(text string) string { return signed(h + "." + text) })
	}
	input, signature := h+"."+c+".", strings.TrimPrefix(signed(h+"."+c), h+"."+c+".")
	add("signature ", signature, isSigText, func(text string) string { return input + text })
	require.Len(t, attacks, 2*(15+3)+3)
	repel(t, newManager(t), attacks)
}

func TestB07_ClaimsNoObject(t *testing.T) {
	quoted, err := json.Marshal(goodPayload())
	require.NoError(t, err)
	var attacks []attack
	for _, payload := range []string{``, `null`, `[]`, `"a"`, `1`, `0`, `true`, `false`, `""`, `[` + goodPayload() + `]`, string(quoted), `{`, `}`, `NaN`} {
		attacks = append(attacks, attack{payload, compact(t, "HS256", headerHS256, payload), hs256(t, headerHS256), isPayload, nil})
	}
	repel(t, newManager(t), attacks)
}

func TestB08_TrailingData(t *testing.T) {
	good := goodPayload()
	var attacks []attack
	for _, more := range []string{`{}`, `}`, `]`, `,`, `x`, `1`, ` null`, `""`, `//`, "\x00", "\v", "\u00a0", "\ufeff", good, "\n" + good} {
		attacks = append(attacks, payloadPair(t, good+more, "}"+more, "}"))
	}
	repel(t, newManager(t), append(attacks, payloadPair(t, "\ufeff"+good, "\ufeff", ""), payloadPair(t, "\x00"+good, "\x00", ""),
		payloadPair(t, good+"\v", "\v", "\n"), payloadPair(t, "\f"+good, "\f", " "), // blanks of JSON are no data
		payloadPair(t, goodWith(`,`), `,}`, `}`), payloadPair(t, goodWith(`,"a":1;"b":2`), `;`, `,`)))
}

func TestB12_InvalidUTF8(t *testing.T) {
	m := newManager(t)
	var attacks []attack
	for _, bad := range []string{"\xff", "\x80", "\xc0\x80", "\xc3", "\xe2\x82", "\xed\xa0\x80", "\xf4\x90\x80\x80", `\ud800`, `\udc00`, `\ud800\ud800`, `\udc00\ud800`} {
		attacks = append(attacks,
			payloadPair(t, strings.Replace(goodPayload(), "alice", "al"+bad+"ice", 1), bad, "\ufffd"),
			payloadPair(t, goodWith(`,"x":"`+bad+`"`), bad, `\ud83d\ude00`), payloadPair(t, goodWith(`,"`+bad+`":1`), bad, "é"),
			payloadPair(t, goodWith(`,"x":[{"`+bad+`":1}]`), bad, "é"))
	}
	repel(t, m, append(attacks, payloadPair(t, goodWith(",\"\xff\":1,\"\ufffd\":2"), "\xff", "x")))
	verified, err := m.Verify(t.Context(), signedClaims(t, claims(map[string]any{"sub": "al\ufffdice"})), authjwt.Access)
	require.NoError(t, err)
	assert.Equal(t, "al\ufffdice", verified.Subject)
}

func TestB13_Nesting(t *testing.T) {
	m := newManager(t)
	var attacks []attack
	for _, kind := range [][3]string{{`[`, `0`, `]`}, {`{"a":`, `0`, `}`}, {`[`, `{}`, `]`}, {`{"a":`, `[]`, `}`}} {
		nested := func(levels int) string { // the object around it is one level, what is not 0 another
			levels -= 1 + len(strings.Trim(kind[1], "0"))/2
			return `"x":` + strings.Repeat(kind[0], levels) + kind[1] + strings.Repeat(kind[2], levels)
		}
		claim := func(levels int) string { return compact(t, "HS256", headerHS256, goodWith(","+nested(levels))) }
		header := func(levels int) string { return hs256(t, `{"alg":"HS256",`+nested(levels)+`}`) }
		for _, levels := range []int{33, 34, 64, 700} {
			name := fmt.Sprintf("%s %d ", kind[0]+kind[1], levels)
			attacks = append(attacks, attack{name + "claims", claim(levels), claim(32), isPayload, nil}, attack{name + "header", header(levels), header(32), isHeader, nil})
		}
		verified, err := m.Verify(t.Context(), claim(32), authjwt.Access)
		require.NoError(t, err)
		assert.NoError(t, verified.Decode(new(any)))
	}
	// Brackets in strings are no levels, and strings end where JSON says.
	text := strings.Repeat(`[{`, 40) + `\"` + strings.Repeat(`[{`, 40) + `\\`
	deep := strings.Repeat("[", 2500)
	flat := goodWith(`,"x":"` + text + `","y":[` + strings.Repeat(`[],`, 40) + `[]]`)
	open, closed := strings.Repeat("[", 32)+"0", strings.Repeat("]", 32)
	attacks = append(attacks,
		attack{"2,500 in the claims", compact(t, "HS256", headerHS256, goodWith(`,"x":`+deep+strings.Repeat("]", 2500))), compact(t, "HS256", headerHS256, flat), isPayload, nil},
		attack{"2,500 in the header", hs256(t, `{"alg":"HS256","x":`+deep+strings.Repeat("]", 2500)+`}`), hs256(t, `{"alg":"HS256","x":"`+text+`"}`), isHeader, nil},
		attack{"2,500 never closed", hs256(t, `{"alg":"HS256","x":`+deep), hs256(t, headerHS256), isHeader, nil},
		attack{"2,500 unsigned", b64(`{"alg":"HS256","x":`+deep) + ".e30.", hs256(t, headerHS256), isHeader, nil},
		attack{"10,000", hs256(t, `{"x":`+strings.Repeat(deep, 4)), hs256(t, headerHS256), isTooLong, nil},
		payloadPair(t, goodWith(`,"x":"`+text+`","y":`+open+closed), open+closed, open[1:]+closed[1:]))
	repel(t, m, attacks)
	for _, a := range attacks {
		assertCheap(t, m, a.token)
	}
}
