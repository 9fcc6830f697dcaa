package authjwt_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

// The scope claim is a list of words between spaces, and spaces alone (RFC 6749 §3.3).
func TestWithScopes(t *testing.T) {
	auth := newManager(t)
	g := guard(t, auth.Required(authjwt.WithScopes("admin", "read")))
	for scope, accepted := range map[any]bool{
		"admin read":         true,
		"read  write admin ": true,
		"read":               false,
		"read ADMIN":         false,
		"read administrator": false,
		"read\tadmin":        false,
		"read\u00a0admin":    false,
		"read\u3000admin":    false,
		"read,admin":         false,
		"":                   false,
		1:                    false,
		true:                 false,
		nil:                  false,
	} {
		rec := g.get("Bearer " + signedClaims(t, claims(map[string]any{"scope": scope})))
		if accepted {
			g.assertAccepted(t, rec)
			continue
		}
		assert.False(t, g.ran, "%q", scope)
		assert.Equal(t, 403, rec.Code, "%q", scope)
		assert.Equal(t, `Bearer realm="api", error="insufficient_scope", error_description="The token lacks a required scope", scope="admin read"`,
			rec.Header().Get("WWW-Authenticate"))
	}
}

// granting is a good access token with these scope and scopes, in JSON; an empty one is absent.
func granting(tb testing.TB, scope, scopes string) string {
	tb.Helper()
	payload := payloadWith(nil)
	for name, value := range map[string]string{"scope": scope, "scopes": scopes} {
		if value != "" {
			payload = strings.TrimSuffix(payload, "}") + `,"` + name + `":` + value + "}"
		}
	}
	return compact(tb, "HS256", headerHS256, payload)
}

// What is granted, in both claims, against what is asked for.
func TestScopes_GrantedAndAsked(t *testing.T) {
	for _, row := range []struct {
		name          string
		scope, scopes string // JSON
		granted       []string
		covered       []string // each by itself, and all at once
		not           []string
	}{
		{"neither", ``, ``, nil, nil, []string{"read"}},
		{"words", `"read write"`, ``, []string{"read", "write"}, []string{"read", "write"}, []string{"rea", "reads", "READ"}},
		{"list", ``, `["read","write"]`, []string{"read", "write"}, []string{"read", "write"}, []string{"rea", "reads", "READ"}},
		{"both", `"read"`, `["write"]`, []string{"read", "write"}, []string{"read", "write"}, []string{"admin"}},
		{"both, once each", `"read"`, `["read"]`, []string{"read", "read"}, []string{"read"}, []string{"write"}},
		{"list with escapes", ``, `["re\u0061d"]`, []string{"read"}, []string{"read"}, []string{"re"}},
		{"list with blanks around", ``, ` [ "read" , "write" ] `, []string{"read", "write"}, []string{"read", "write"}, []string{"admin"}},
		{"empty list", `"read"`, `[]`, []string{"read"}, []string{"read"}, []string{"write"}},
		{"no list: text", `"read"`, `"write"`, []string{"read"}, []string{"read"}, []string{"write"}},
		{"no list: words", ``, `"read write"`, nil, nil, []string{"read", "write"}},
		{"no list: object", `"read"`, `{"write":true}`, []string{"read"}, []string{"read"}, []string{"write"}},
		{"no list: number", `"read"`, `1`, []string{"read"}, []string{"read"}, []string{"1"}},
		{"no list: null", `"read"`, `null`, []string{"read"}, []string{"read"}, []string{"null"}},
		{"no list: true", `"read"`, `true`, []string{"read"}, []string{"read"}, []string{"true"}},
		{"element a number", `"read"`, `["write",1]`, []string{"read"}, []string{"read"}, []string{"write", "1"}},
		{"element null", `"read"`, `["write",null]`, []string{"read"}, []string{"read"}, []string{"write"}},
		{"element a list", `"read"`, `["write",["admin"]]`, []string{"read"}, []string{"read"}, []string{"write", "admin"}},
		{"malformed scope, good list", `1`, `["write"]`, []string{"write"}, []string{"write"}, []string{"1"}},
		{"element of two words", ``, `["read write","admin"]`, []string{"read write", "admin"}, []string{"admin"}, []string{"read", "write"}},
		{"elements that are none", ``, `["","\"","read\n","r\u00e9ad","a\\b","admin"]`, []string{"", `"`, "read\n", "réad", `a\b`, "admin"}, []string{"admin"}, []string{"read", "a"}},

		{"wildcard", `"items:*"`, ``, []string{"items:*"}, []string{"items:read", "items:read:all", "items:r", "items::", "items:*"},
			[]string{"items", "items:", "item", "itemsx:read", "xitems:read", "Items:read", "items.read", ":read", "*", "items:read:*", "items:*:*", "items:a*", "items:**"}},
		{"wildcard in a list", ``, `["items:*"]`, []string{"items:*"}, []string{"items:read", "items:*"}, []string{"items", "items:", "itemsx:read"}},
		{"wildcard below", `"a:b:*"`, ``, []string{"a:b:*"}, []string{"a:b:c", "a:b:c:d"}, []string{"a:b", "a:b:", "a:c", "a:*", "a:bc"}},
		{"wildcard beside", `"items:* users:read"`, ``, []string{"items:*", "users:read"}, []string{"items:x", "users:read"}, []string{"users:write", "users:*"}},
		{"wildcard with a blank", ``, `["it ems:*"]`, []string{"it ems:*"}, nil, []string{"ems:read", "it"}},
		{"no wildcard: narrower granted", `"items:read"`, ``, []string{"items:read"}, []string{"items:read"}, []string{"items:*", "items:read:all", "items"}},
		{"no wildcard: star alone", `"*"`, ``, []string{"*"}, []string{"*"}, []string{"read", "items:read", ":read", "items:*", ":*"}},
		{"no wildcard: colon star", `":*"`, ``, []string{":*"}, []string{":*"}, []string{":read", "read", "items:read", ":", "*"}},
		{"no wildcard: star without colon", `"items*"`, ``, []string{"items*"}, []string{"items*"}, []string{"items", "items:read", "items*:read", "itemsx"}},
		{"no wildcard: star between", `"items:*:read"`, ``, []string{"items:*:read"}, []string{"items:*:read"}, []string{"items:x:read", "items:read"}},
		{"no wildcard: two stars", `"items:*:*"`, ``, []string{"items:*:*"}, []string{"items:*:*"}, []string{"items:x:y", "items:*:y", "items:read"}},
		{"no wildcard: star star", `"items:**"`, ``, []string{"items:**"}, []string{"items:**"}, []string{"items:x", "items:*x", "items:*"}},
		{"no wildcard: stars at both ends", `"*:*"`, ``, []string{"*:*"}, []string{"*:*"}, []string{"items:read", "*:read", "*:"}},
		{"no wildcard: star first", `"*:read"`, ``, []string{"*:read"}, []string{"*:read"}, []string{"items:read", ":read"}},
		{"only colons before", `"::*"`, ``, []string{"::*"}, []string{"::x"}, []string{":x", "::", "a::x"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			auth, raw := newManager(t), granting(t, row.scope, row.scopes)
			token, err := auth.Verify(t.Context(), raw, authjwt.Access)
			require.NoError(t, err, "it refuses nothing")
			assert.Equal(t, row.granted, token.Scopes)
			accepted, refused := [][]string{row.covered}, [][]string{append([]string{row.not[0]}, row.covered...), append(row.covered[:len(row.covered):len(row.covered)], row.not...)}
			for _, scope := range row.covered {
				accepted = append(accepted, []string{scope})
			}
			for _, scope := range row.not {
				refused = append(refused, []string{scope})
			}
			for _, asked := range accepted {
				assert.True(t, token.HasScopes(asked...), "%q", asked)
				if len(asked) > 0 {
					g := guard(t, auth.Required(authjwt.WithScopes(asked...)))
					g.assertAccepted(t, g.get("Bearer "+raw))
				}
			}
			for _, asked := range refused {
				assert.False(t, token.HasScopes(asked...), "%q", asked)
				assertScopeRefused(t, auth, raw, asked...)
			}
		})
	}
}

// assertScopeRefused checks status, body, challenge and errors.Is, and that nothing else has happened.
func assertScopeRefused(t *testing.T, auth *authjwt.Manager, raw string, asked ...string) {
	t.Helper()
	var refusal error
	g := guard(t, func(c *gin.Context) {
		c.Next()
		refusal = c.Errors.Last()
	}, auth.Required(authjwt.WithScopes(asked...)))
	rec := g.get("Bearer " + raw)
	assert.False(t, g.ran, "%q", asked)
	assert.Equal(t, 403, rec.Code, "%q", asked)
	assert.JSONEq(t, `{"detail":"The token lacks a required scope","code":"insufficient_scope"}`, rec.Body.String())
	assert.Equal(t, `Bearer realm="api", error="insufficient_scope", error_description="The token lacks a required scope", scope="`+strings.Join(asked, " ")+`"`,
		rec.Header().Get("WWW-Authenticate"))
	assert.Equal(t, "no-store", rec.Header().Get("Cache-Control"))
	assert.Empty(t, rec.Header().Values("Set-Cookie"))
	assert.ErrorIs(t, refusal, authjwt.ErrInsufficientScope)
	_, err := auth.Verify(t.Context(), raw, authjwt.Access)
	assert.NoError(t, err, "the token stays good")
}

// What is asked for and is no scope-token is never covered (RFC 6749 §3.3), whatever the token says.
func TestHasScopes_NoScopeToken(t *testing.T) {
	none := []string{"", " ", "a b", "a ", "\t", "a\x00", `"`, `\`, "é", "\x7f", "items:", "items:a b", "items:\n", "items:é"}
	token := &authjwt.Token{Scopes: append([]string{"items:*", "items", "a"}, none...)}
	for _, asked := range none {
		covered := asked == "items:" // a scope, if an odd one
		assert.Equal(t, covered, token.HasScopes(asked), "%q", asked)
		assert.Equal(t, covered, token.HasScopes("items", asked, "a"), "%q", asked)
	}
	assert.True(t, token.HasScopes("items:a", "items", "a"))
}

func TestHasScopes_NoneNamed(t *testing.T) {
	var none *authjwt.Token
	assert.False(t, none.HasScopes())
	assert.False(t, none.HasScopes("read"))
	assert.True(t, new(authjwt.Token).HasScopes(), "all of none")
	assert.False(t, new(authjwt.Token).HasScopes("read"))
}

// HasScopes in a handler says what WithScopes says on the route.
func TestHasScopes_AgreesWithWithScopes(t *testing.T) {
	auth, random := newManager(t), rand.New(rand.NewPCG(1, 2))
	scopes := func(most int) (list []string) {
		for range random.IntN(most + 1) {
			scope := ""
			for range 1 + random.IntN(4) {
				scope += []string{"a", "b", ":", "*", ":*"}[random.IntN(5)]
			}
			list = append(list, scope)
		}
		return list
	}
	counts := map[bool]int{}
	for range 3000 {
		granted, asked := scopes(4), []string{[]string{"a:b", "a:a:b", "b:a:*", "a:*", "::a", "a"}[random.IntN(6)]}
		for range random.IntN(4) {
			granted = append(granted, []string{"a:*", "b:*", "a:b", asked[0]}[random.IntN(4)])
		}
		if random.IntN(2) == 0 {
			asked = append(asked, scopes(1)...)
		}
		a := auth.Bind(testContext())
		raw := mustCreate(t, auth, authjwt.WithGrantedScopes(granted...))
		token, err := a.Verify(authjwt.Access, authjwt.WithToken(raw))
		require.NoError(t, err)
		require.Equal(t, granted, token.Scopes)
		_, err = a.Verify(authjwt.Access, authjwt.WithToken(raw), authjwt.WithScopes(asked...))
		require.True(t, err == nil || errors.Is(err, authjwt.ErrInsufficientScope), "%v", err)
		require.Equal(t, err == nil, token.HasScopes(asked...), "granted %q, asked %q", granted, asked)
		counts[err == nil]++
	}
	assert.True(t, counts[true] > 200 && counts[false] > 200, "%v", counts)
}

// A user without rights needs no special case, and no claim says so (RFC 6749 §3.3).
func TestWithGrantedScopes_None(t *testing.T) {
	auth := newManager(t)
	raw := mustCreate(t, auth, authjwt.WithGrantedScopes(), authjwt.WithClaims(map[string]any{"role": "guest"}))
	_, payload := parts(t, raw)
	assert.NotContains(t, payload, "scope")
	token, err := auth.Verify(t.Context(), raw, authjwt.Access)
	require.NoError(t, err)
	assert.Nil(t, token.Scopes)
	assert.True(t, token.HasScopes())
	assertScopeRefused(t, auth, raw, "read")
}

// The scope claim is written once, whoever writes it, also where one of them names no scope.
func TestWithGrantedScopes_Once(t *testing.T) {
	auth := newManager(t)
	ways := map[string]authjwt.TokenOption{
		"some": authjwt.WithGrantedScopes("a"), "none": authjwt.WithGrantedScopes(),
		"claims": authjwt.WithClaims(map[string]any{"scope": "a"}), "escaped": authjwt.WithClaims(jsontext.Value(`{"\u0073cope":"a"}`)),
		"number": authjwt.WithClaims(map[string]any{"scope": 1}),
	}
	for first, one := range ways {
		_, err := auth.CreateAccessToken("alice", one)
		assert.NoError(t, err, first)
		_, err = auth.CreateAccessToken("alice", one, authjwt.WithClaims(map[string]any{"scopes": []string{"b"}}))
		assert.NoError(t, err, "%s, and the other claim", first)
		for second, two := range ways {
			token, err := auth.CreateAccessToken("alice", one, two)
			assert.ErrorContains(t, err, "set the same claim", "%s, then %s", first, second)
			assert.Empty(t, token)
		}
	}
}

func TestWithGrantedScopes_Wildcards(t *testing.T) {
	auth := newManager(t)
	for _, scopes := range [][]string{{"items:*"}, {"items:*", "users:read"}, {"*"}, {":*"}} {
		token, err := auth.Verify(t.Context(), mustCreate(t, auth, authjwt.WithGrantedScopes(scopes...)), authjwt.Access)
		require.NoError(t, err)
		assert.Equal(t, scopes, token.Scopes)
	}
	for _, scope := range []string{"", "items: *", "items:*\n", `items:"*`} {
		_, err := auth.CreateAccessToken("alice", authjwt.WithGrantedScopes("read", scope))
		assert.ErrorContains(t, err, fmt.Sprintf("WithGrantedScopes: %q is no scope", scope))
	}
}

// A token that is remembered has both claims, and shares them with nobody.
func TestScopes_Remembered(t *testing.T) {
	auth := newManager(t, signsWith("EdDSA"), func(s *authjwt.Settings) { s.VerifiedTokenCache = 10 })
	raw := mustCreate(t, auth, authjwt.WithGrantedScopes("a"), authjwt.WithClaims(map[string]any{"scopes": []string{"b:*"}}))
	for range 3 {
		token, err := auth.Verify(t.Context(), raw, authjwt.Access)
		require.NoError(t, err)
		assert.Equal(t, []string{"a", "b:*"}, token.Scopes)
		assert.False(t, token.HasScopes("admin"))
		token.Scopes[0], token.Scopes[1] = "admin", "admin"
	}
}
