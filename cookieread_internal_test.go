package authjwt

import (
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What soleToken finds is all that net/http finds: in generated headers, which are made of what may stand in one.
func TestSoleToken_AsNetHTTP(t *testing.T) {
	parts := []string{"access", "acces", "accessx", "access_", "=", "=", ";", ";", "; ", " ", "\t", "\r", "\n", "a.b-c_D", "x", `"`, `"a.b"`, `\`, ",", "é", "\x7f", "\x00", "other=1", "access=a.b.c", "__Host-access=a"}
	random := rand.New(rand.NewPCG(5, 6))
	found, left := 0, 0
	for range 200_000 {
		var lines []string
		for range 1 + random.IntN(2) {
			var line strings.Builder
			for range random.IntN(8) {
				line.WriteString(parts[random.IntN(len(parts))])
			}
			lines = append(lines, line.String())
		}
		req := &http.Request{Header: http.Header{"Cookie": lines}}
		theirs := req.CookiesNamed("access")
		token, ok := soleToken(lines, "access")
		if !ok {
			left += len(theirs)
			continue
		}
		found++
		require.Len(t, theirs, 1, "%q", lines)
		require.Equal(t, theirs[0].Value, token, "%q", lines)
	}
	assert.Greater(t, found, 2_000, "or the generator has lost its edge")
	assert.Greater(t, left, 2_000)
}

// A browser's header does not go the long way.
func TestSoleToken_Usual(t *testing.T) {
	for _, lines := range [][]string{
		{"access=a.b-c.d_e"}, {"csrf=1; access=a.b-c.d_e; refresh=x"}, {"a=1", "access=a.b-c.d_e"}, {`quoted="x y"; access=a.b-c.d_e`}, {"access2=1; access_csrf=2; access=a.b-c.d_e; accessory=3"},
		{strings.Repeat("a=1; ", maxPlainCookies-1) + "access=a.b-c.d_e"},
	} {
		token, found := soleToken(lines, "access")
		assert.True(t, found, "%q", lines)
		assert.Equal(t, "a.b-c.d_e", token)
	}
	for _, lines := range [][]string{
		nil, {""}, {"a=1"}, {"access"}, {"access="}, {"access =a"}, {`access="a"`}, {"access=a b"}, {"access=a; access=a"}, {"access=a", "access=b"}, {"Access=a"}, {"access=a "},
		{strings.Repeat("a=1; ", maxPlainCookies) + "access=a"},
	} {
		_, found := soleToken(lines, "access")
		assert.False(t, found, "%q", lines)
	}
}
