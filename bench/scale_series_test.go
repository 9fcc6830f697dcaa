package bench

import (
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

// visits are GETs that carry one token after the other, in requests that are otherwise one.
func visits(s site, tokens []string) func() int {
	req := httptest.NewRequest(http.MethodGet, "https://shop.example/protected", nil)
	field, texts := []string{""}, make([]string, len(tokens))
	req.Header["Authorization"] = field
	for i, token := range tokens {
		texts[i] = "Bearer " + token
	}
	handler, rec, next := s.(httpSite).Handler, &discard{header: http.Header{}}, 0
	return func() int {
		field[0] = texts[next]
		if next++; next == len(texts) {
			next = 0
		}
		clear(rec.header)
		rec.status = 0
		handler.ServeHTTP(rec, req)
		return rec.status
	}
}

// mustServe is authjwt with these settings, on the key of m.
func mustServe(tb testing.TB, m *material, s authjwt.Settings) site {
	tb.Helper()
	made, err := authjwtWith(m, inHeader, s)
	require.NoError(tb, err)
	return made
}

// claimsOf are so many claims of an application.
func claimsOf(number int, value func(i int) any) map[string]any {
	claims := map[string]any{}
	for i := range number {
		claims[fmt.Sprintf("claim%02d", i)] = value(i)
	}
	return claims
}

// sizes are tokens that one long claim brings to their size; the first is as long as it is without.
func (s *scale) sizes(tb testing.TB, e extent) {
	m, one := secretMaterial(), &series{name: "token, KiB", line: [2]int{1, 2}}
	for i, size := range e.sizes {
		token := m.token(tb, jwt.SigningMethodHS256, m.sign, nil)
		if i > 0 {
			token = m.token(tb, jwt.SigningMethodHS256, m.sign, padding(tb, m, int(size*1024)))
			require.InDelta(tb, size*1024, len(token), 4)
		}
		one.add(fmt.Sprintf("%.1f", float64(len(token))/1024), float64(len(token)), visits(mustServe(tb, m, authjwt.Settings{}), []string{token}))
	}
	s.alone = append(s.alone, one)
}

// padding is the claim that fills a token up to length, or a few octets less.
func padding(tb testing.TB, m *material, length int) map[string]any {
	claim := func(n int) map[string]any { return map[string]any{"note": strings.Repeat("n", n)} }
	n := (length - len(m.token(tb, jwt.SigningMethodHS256, m.sign, claim(0)))) * 3 / 4
	for len(m.token(tb, jwt.SigningMethodHS256, m.sign, claim(n))) > length {
		n--
	}
	return claim(n)
}

// keys are rings, whose last key has signed the token: with its kid, and without, so that all keys are tried.
func (s *scale) keys(tb testing.TB, e extent) {
	named := &series{name: "keys, EdDSA, token with kid"}
	tried := &series{name: "keys, EdDSA, token without kid", line: [2]int{0, 1}}
	for _, number := range e.keys {
		var keys []authjwt.Key
		var last ed25519.PrivateKey
		for i := range number {
			_, private, err := ed25519.GenerateKey(rand.Reader)
			require.NoError(tb, err)
			key := authjwt.Key{ID: fmt.Sprint("key ", i), PrivateKey: private}
			if i > 0 {
				key.State = authjwt.KeyNext
			}
			keys, last = append(keys, key), private
		}
		ring, err := authjwt.NewKeyRing(keys...)
		require.NoError(tb, err)
		served := mustServe(tb, &material{}, authjwt.Settings{KeyRing: ring})
		for _, one := range []*series{named, tried} {
			token := jwt.NewWithClaims(jwt.SigningMethodEdDSA, claims(nil))
			if one == named {
				token.Header["kid"] = fmt.Sprint("key ", number-1)
			}
			text, err := token.SignedString(last)
			require.NoError(tb, err)
			one.add(fmt.Sprint(number), float64(number), visits(served, []string{text}))
		}
	}
	s.alone = append(s.alone, named, tried)
}

// claims are those that the package does not read: those of one line are read in a way that nested ones are not.
func (s *scale) claims(tb testing.TB, e extent) {
	m := secretMaterial()
	served := mustServe(tb, m, authjwt.Settings{})
	for _, kind := range []struct {
		name  string
		value func(i int) any
	}{
		{"strings", func(i int) any { return fmt.Sprint("value of claim ", i) }},
		{"lists of strings", func(i int) any { return []string{"value", "of claim", fmt.Sprint(i)} }},
		{"objects", func(i int) any { return map[string]any{"value": "of claim", "n": i} }},
	} {
		one := &series{name: "custom claims, " + kind.name, line: [2]int{0, 1}}
		for _, number := range e.claims {
			token := m.token(tb, jwt.SigningMethodHS256, m.sign, claimsOf(number, kind.value))
			one.add(fmt.Sprint(number), float64(number), visits(served, []string{token}))
		}
		s.alone = append(s.alone, one)
	}
}
