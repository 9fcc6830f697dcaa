package authjwt

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Line breaks, which the decoder skips, are found by the length of what it yields: of any number, anywhere, in segments of any
// length.
func TestDecodeSegment_LineBreaks(t *testing.T) {
	for length := range 10 {
		for _, text := range []string{strings.Repeat("A", length), strings.Repeat("_", max(length-1, 0)) + "A"} {
			out, ok := decodeSegment(nil, []byte(text))
			require.Equal(t, len(text)%4 != 1, ok, text)
			require.Len(t, out, len(text)*6/8*map[bool]int{true: 1}[ok], text)
			after, okAfter := decodeSegment([]byte("before"), []byte(text))
			require.Equal(t, ok, okAfter, text)
			if ok {
				require.Equal(t, "before"+string(out), string(after))
			}
			for first := range len(text) + 1 {
				for second := first; second <= len(text); second++ {
					for _, broken := range []string{
						text[:first] + "\n" + text[first:], text[:first] + "\r" + text[first:second] + "\n" + text[second:],
						text[:first] + "\n\n" + text[first:second] + "\r\n" + text[second:], text[:first] + "\n\n\n" + text[first:],
					} {
						_, ok := decodeSegment(nil, []byte(broken))
						require.False(t, ok, "%q", broken)
						_, ok = decodeSegment([]byte("before"), []byte(broken))
						require.False(t, ok, "%q", broken)
					}
				}
			}
		}
	}
}

// The short way of fromHeader finds what the long one does.
func TestFromHeader_ShortWay(t *testing.T) {
	for _, scheme := range []string{"", "JWT", NoHeaderType} {
		m, err := New(Settings{SecretKey: plainSecret, HeaderType: scheme})
		require.NoError(t, err)
		long := &Manager{settings: m.settings, usualScheme: "\x00", failHeader: m.failHeader, failRepeated: m.failRepeated} // no value begins with it
		for _, prefix := range []string{"", "Bearer", "bearer", "JWT", "Basic", "Bearer Bearer", " Bearer", "\tJWT", "BearerX"} {
			for _, between := range []string{"", " ", "  ", "\t", " \t", "\t "} {
				for _, token := range []string{"", "a", "a.b.c", "a b", " a", "a ", "a\t", "é"} {
					h := http.Header{"Authorization": {prefix + between + token}}
					want, wantFailure := long.fromHeader(h)
					got, failure := m.fromHeader(h)
					assert.Equal(t, want, got, "%q", h["Authorization"])
					assert.Same(t, wantFailure, failure, "%q", h["Authorization"])
				}
			}
		}
	}
}
