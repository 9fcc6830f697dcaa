package authjwt_test

import (
	"math"
	"net/http"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/assert"

	"github.com/gin-authjwt/authjwt"
)

func TestB01_Dots(t *testing.T) {
	m, twin := newManager(t), hs256(t, headerHS256)
	header := b64(headerHS256)
	attacks := []attack{
		{"8000 dots", strings.Repeat(".", 8000), twin, isHeader, nil},
		{"8192 dots", strings.Repeat(".", 8192), twin, isHeader, nil},
		{"8193 dots", strings.Repeat(".", 8193), twin, isTooLong, nil},
		{"single letters", strings.Repeat("a.", 4000), twin, isHeaderText, nil},
		{"behind a good header", header + strings.Repeat(".", 7900), twin, isPayloadText, nil},
		{"behind a good token", twin + strings.Repeat(".", 7000), twin, isPayloadText, nil},
		{"before a good token", strings.Repeat(".", 7000) + twin, twin, isHeader, nil},
		{"signed", signed(header + strings.Repeat(".", 7900)), twin, isPayloadText, nil},
	}
	repel(t, m, attacks)
	for _, a := range attacks {
		assertCheap(t, m, a.token)
	}
	anywhere := newManager(t, locatedAt(allLocations...))
	for _, in := range entrances() {
		j := &judge{m: anywhere}
		j.guardBehind(t, in.guard(anywhere, func() string { return attacks[0].token }))
		for _, a := range attacks[:2] {
			least := uint64(math.MaxUint64)
			for range 5 { // other goroutines allocate, too
				req := in.req(a.token)
				least = min(least, spent(func() { assert.Equal(t, http.StatusUnauthorized, j.do(req).Code, in.name) }))
			}
			assert.Less(t, least, uint64(64<<10), in.name)
		}
	}
	g := guard(t, m.Required())
	g.assertRefused(t, g.get("Bearer"+strings.Repeat(".", 8000)), badHeader)
	g.assertRefused(t, g.get("Bearer"+strings.Repeat(" .", 4000)), badHeader)
	g.assertRefused(t, g.get("Bearer"+strings.Repeat(" ", 8000)), noCred)
}

func TestB06_Segments(t *testing.T) {
	m, twin := newManager(t), hs256(t, headerHS256)
	p := strings.Split(twin, ".")
	h, c, s := p[0], p[1], p[2]
	repel(t, m, []attack{
		{"one", h, twin, isSegments, nil}, {"one letter", "a", twin, isSegments, nil}, {"glued", h + c + s, twin, isSegments, nil},
		{"two", h + "." + c, twin, isSegments, nil}, {"header and signature", h + "." + s, twin, isSegments, nil}, {"one dot", ".", twin, isSegments, nil},
		{"two dots", "..", twin, isHeader, nil}, {"no header", "." + c + "." + s, twin, isHeader, nil}, {"no payload", h + ".." + s, twin, isSignature, nil},
		{"no payload, signed", signed(h + "."), twin, isPayload, nil}, {"no header, signed", signed("." + c), twin, isHeader, nil},
		{"no signature", h + "." + c + ".", twin, isSignature, nil}, {"header alone", h + "..", twin, isSignature, nil},
		{"dot behind", twin + ".", twin, isPayloadText, nil}, {"dot before", "." + twin, twin, isHeader, nil},
		{"four", twin + "." + s, twin, isPayloadText, nil}, {"four, signed", signed(h + "." + c + "." + c), twin, isPayloadText, nil},
		{"five", twin + "." + s + "." + s, twin, isPayloadText, nil}, {"five, signed", signed(h + "." + c + "." + c + "." + c), twin, isPayloadText, nil},
		{"twice", twin + "." + twin, twin, isPayloadText, nil}, {"doubled dot, signed", signed(h + ".." + c), twin, isPayloadText, nil},
	})
	g := guard(t, m.Required())
	for _, value := range []string{"", " ", "Bearer", "Bearer ", "Bearer  \t "} {
		g.assertRefused(t, g.get(value), noCred)
	}
	for _, text := range []string{"", " ", "  .  .  ", "\t"} {
		_, err := m.Verify(t.Context(), text, authjwt.Access)
		assert.ErrorIs(t, err, authjwt.ErrJWTDecode)
		assert.ErrorIs(t, err, jwt.ErrTokenMalformed)
	}
	g.assertAccepted(t, g.get("Bearer "+twin))
}
