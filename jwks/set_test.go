package jwks_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt/jwks"
)

// bits is an odd number of so many bits, as an RSA modulus.
func bits(n int) string {
	number := new(big.Int).Lsh(big.NewInt(1), uint(n-1))
	return encode(number.SetBit(number, 0, 1).Bytes())
}

// refusals are keys that cannot verify, and twins that can, apart by one step.
type refusal struct {
	name      string
	bad, good jwk
	why       string
}

func checkRefusals(t *testing.T, table []refusal) {
	for _, tt := range table {
		t.Run(tt.name, func(t *testing.T) {
			_, err := jwks.Parse([]byte(setOf(t, tt.good)))
			require.NoError(t, err, "the twin")

			_, err = jwks.Parse([]byte(setOf(t, tt.bad)))
			assert.ErrorIs(t, err, jwks.ErrUnusable)
			assert.ErrorContains(t, err, tt.why)
			assert.ErrorContains(t, err, "key 1 (")

			// Beside a good key it is left out (RFC 7517 §5), before it and after it.
			beside := newJWK("P-384", "beside")
			for _, document := range []string{setOf(t, beside, tt.bad), setOf(t, tt.bad, beside)} {
				set, err := jwks.Parse([]byte(document))
				require.NoError(t, err)
				found, err := set.VerificationKey(t.Context(), "beside", "ES384")
				require.NoError(t, err)
				assert.True(t, sameKey("P-384", found))
				for _, alg := range algorithms() {
					found, err := set.VerificationKey(t.Context(), "a", alg)
					assert.NoError(t, err)
					assert.Nil(t, found, alg)
				}
			}
		})
	}
}

func TestJ18_WeakKeys(t *testing.T) {
	good := newJWK("RSA", "a")
	even := new(big.Int).Lsh(big.NewInt(1), 2047)
	checkRefusals(t, []refusal{
		{"1024 bits", good.with(jwk{"n": bits(1024)}), good.with(jwk{"n": bits(2048)}), "1024 bits"},
		{"2047 bits", good.with(jwk{"n": bits(2047)}), good.with(jwk{"n": bits(2048)}), "2047 bits"},
		{"8193 bits", good.with(jwk{"n": bits(8193)}), good.with(jwk{"n": bits(8192)}), "8193 bits"},
		{"padded to 2048 bits", good.with(jwk{"n": "AAAA" + bits(2040)}), good.with(jwk{"n": "AAAA" + bits(2048)}), "2040 bits"},
		{"even modulus", good.with(jwk{"n": encode(even.Bytes())}), good.with(jwk{"n": bits(2048)}), "n is even"},
		{"e = 0", good.with(jwk{"e": "AA"}), good.with(jwk{"e": "Aw"}), "e must be odd"},
		{"e = 1", good.with(jwk{"e": "AQ"}), good.with(jwk{"e": "Aw"}), "e must be odd"},
		{"e = 2", good.with(jwk{"e": "Ag"}), good.with(jwk{"e": "Aw"}), "e must be odd"},
		{"e = 65536", good.with(jwk{"e": "AQAA"}), good.with(jwk{"e": "AQAB"}), "e must be odd"},
		{"e = 2^31+1", good.with(jwk{"e": "gAAAAQ"}), good.with(jwk{"e": "f____w"}), "e must be odd"},
		{"e = 2^64+3", good.with(jwk{"e": encode([]byte{1, 0, 0, 0, 0, 0, 0, 0, 3})}), good.with(jwk{"e": encode([]byte{0, 0, 0, 3})}), "e must be odd"},
	})
}

func TestJ19_KeysForSomethingElse(t *testing.T) {
	rs, ps, es := newJWK("RSA", "a"), newJWK("RSA", "a").with(jwk{"alg": "PS256"}), newJWK("P-256", "a")
	ed := newJWK("Ed25519", "a")
	checkRefusals(t, []refusal{
		{"use enc", rs.with(jwk{"use": "enc"}), rs.with(jwk{"use": "sig"}), `use is "enc"`},
		{"use empty", rs.with(jwk{"use": ""}), rs, `use is ""`},
		{"use in capitals", es.with(jwk{"use": "SIG"}), es.with(jwk{"use": "sig"}), `use is "SIG"`},
		{"use no string", es.with(jwk{"use": []string{"sig"}}), es.with(jwk{"use": "sig"}), "use"},
		{"encrypt", es.with(jwk{"key_ops": []string{"encrypt"}}), es.with(jwk{"key_ops": []string{"verify"}}), `"encrypt"`},
		{"verify and encrypt", es.with(jwk{"key_ops": []string{"verify", "encrypt"}}), es.with(jwk{"key_ops": []string{"verify", "sign"}}), `"encrypt"`},
		{"sign alone", es.with(jwk{"key_ops": []string{"sign"}}), es.with(jwk{"key_ops": []string{"sign", "verify"}}), "without verify"},
		{"verify twice", es.with(jwk{"key_ops": []string{"verify", "verify"}}), es.with(jwk{"key_ops": []string{"verify"}}), "once"},
		{"no operation", es.with(jwk{"key_ops": []string{}}), es, "without verify"},
		{"an operation in a string", es.with(jwk{"key_ops": "verify"}), es.with(jwk{"key_ops": []string{"verify"}}), "key_ops"},
		{"an operation with a blank", es.with(jwk{"key_ops": []string{"verify "}}), es.with(jwk{"key_ops": []string{"verify"}}), `"verify "`},
		{"RSA-OAEP", rs.with(jwk{"alg": "RSA-OAEP"}), rs.with(jwk{"alg": "RS512"}), `"RSA-OAEP"`},
		{"alg empty", es.with(jwk{"alg": ""}), es, `alg ""`},
		{"alg none", rs.with(jwk{"alg": "none"}), rs, `"none"`},
		{"alg no string", rs.with(jwk{"alg": 256}), rs.with(jwk{"alg": "RS256"}), "alg"},
		{"HS256", rs.with(jwk{"alg": "HS256"}), rs.with(jwk{"alg": "RS256"}), `"HS256"`},
		{"ES224", es.with(jwk{"alg": "ES224"}), es.with(jwk{"alg": "ES256"}), `"ES224"`},
		{"ES256K", es.with(jwk{"alg": "ES256K"}), es.with(jwk{"alg": "ES256"}), `"ES256K"`},
		{"ES384 on P-256", es.with(jwk{"alg": "ES384"}), es.with(jwk{"alg": "ES256"}), `"ES384"`},
		{"RS256 on P-256", es.with(jwk{"alg": "RS256"}), es.with(jwk{"alg": "ES256"}), `"RS256"`},
		{"ES256 on RSA", ps.with(jwk{"alg": "ES256"}), ps, `"ES256"`},
		{"ES256 on Ed25519", ed.with(jwk{"alg": "ES256"}), ed.with(jwk{"alg": "EdDSA"}), `"ES256"`},
		{"EdDSA on P-256", es.with(jwk{"alg": "EdDSA"}), es.with(jwk{"alg": "ES256"}), `"EdDSA"`},
		{"kty missing", es.with(jwk{"kty": nil}), es, "kty is missing"},
		{"kty in small letters", rs.with(jwk{"kty": "rsa"}), rs, `"rsa"`},
		{"kty of another", es.with(jwk{"kty": "RSA"}), es, "n is missing"},
		{"kty of OKP", es.with(jwk{"kty": "OKP"}), es, "P-256"},
		{"AKP", jwk{"kty": "AKP", "kid": "a", "alg": "ML-DSA-44", "pub": "AAAA"}, es, `"AKP"`},
		{"kid no string", es.with(jwk{"kid": 5}), es.with(jwk{"kid": "5"}), "kid"},
	})
}

func TestJ19_KeysThatAreNotValid(t *testing.T) {
	rs, es, ed := newJWK("RSA", "a"), newJWK("P-256", "a"), newJWK("Ed25519", "a")
	other := es.with(jwk{"y": newJWK("P-384", "")["y"]})
	n, x := rs["n"].(string), es["x"].(string)
	checkRefusals(t, []refusal{
		{"off the curve", es.with(jwk{"x": es["y"], "y": es["x"]}), es, "P-256"},
		{"y of no point", es.with(jwk{"y": encode(make([]byte, 32))}), es, "P-256"},
		{"the point at infinity", es.with(jwk{"x": encode(make([]byte, 32)), "y": encode(make([]byte, 32))}), es, "P-256"},
		{"short x", es.with(jwk{"x": encode(make([]byte, 31))}), es, "length for x"},
		{"long y", other, es, "length for y"},
		{"curve of another", es.with(jwk{"crv": "P-384"}), es, "P-384"},
		{"curve not known", es.with(jwk{"crv": "secp256k1"}), es, "secp256k1"},
		{"curve missing", es.with(jwk{"crv": nil}), es, "EC"},
		{"curve Ed448", ed.with(jwk{"crv": "Ed448"}), ed, "Ed448"},
		{"curve X25519", ed.with(jwk{"crv": "X25519"}), ed, "X25519"},
		{"x of 31 octets", ed.with(jwk{"x": encode(make([]byte, 31))}), ed, "length for x"},
		{"a point of low order", ed.with(jwk{"x": encode(append([]byte{1}, make([]byte, 31)...))}), ed, "low-order"},
		{"x missing", es.with(jwk{"x": nil}), es, "x is missing"},
		{"y missing", es.with(jwk{"y": nil}), es, "y is missing"},
		{"n missing", rs.with(jwk{"n": nil}), rs, "n is missing"},
		{"e missing", rs.with(jwk{"e": nil}), rs, "e is missing"},
		{"x empty", ed.with(jwk{"x": ""}), ed, "x is missing"},
		{"padding", rs.with(jwk{"e": "Aw=="}), rs.with(jwk{"e": "Aw"}), "no base64url"},
		{"stray bits", rs.with(jwk{"e": "Ax"}), rs.with(jwk{"e": "Aw"}), "no base64url"},
		{"line break", rs.with(jwk{"n": n[:4] + "\n" + n[4:]}), rs, "no base64url"},
		{"line break in a point", es.with(jwk{"x": x[:4] + "\r\n" + x[4:]}), es, "no base64url"},
		{"base64", es.with(jwk{"x": "+/" + x[2:]}), es, "no base64url"},
		{"a number", rs.with(jwk{"e": 65537}), rs, "e"},
	})
}

func TestJ19_SetsWithSecrets(t *testing.T) {
	good := newJWK("P-256", "good")
	oct := jwk{"kty": "oct", "kid": "b", "k": strings.Repeat("k", 43), "alg": "HS256"}
	bad := map[string]jwk{
		"oct":           oct,
		"oct without k": oct.with(jwk{"k": nil}),
		"AES":           oct.with(jwk{"alg": "A256GCM", "use": "enc"}),
	}
	for _, member := range []string{"d", "p", "q", "dp", "dq", "qi", "k", "priv"} {
		bad[member] = newJWK("P-384", "b").with(jwk{member: "AA"})
	}
	bad["oth"] = newJWK("RSA", "b").with(jwk{"oth": []string{}})
	bad["d in a key that is left out"] = newJWK("RSA", "b").with(jwk{"use": "enc", "alg": 1, "d": 1})
	for name, k := range bad {
		t.Run(name, func(t *testing.T) {
			for _, document := range []string{setOf(t, k), setOf(t, good, k), setOf(t, k, good)} {
				set, err := jwks.Parse([]byte(document))
				assert.ErrorIs(t, err, jwks.ErrSecret)
				assert.Nil(t, set)
			}
		})
	}
	_, err := jwks.Parse([]byte(setOf(t, good, newJWK("P-384", "b").with(jwk{"D": "AA", "x5c": []string{"AA"}}))))
	assert.NoError(t, err, "names are case-sensitive, and what is not needed is not looked at")
}

func TestJ19_SameKid(t *testing.T) {
	a := newJWK("P-256", "a")
	other := jwk{"kty": "EC", "crv": "P-256", "kid": "a", // the key of RFC 7515 A.3
		"x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}
	rs := newJWK("RSA", "a")
	refused := [][]jwk{{a, other}, {other, a}, {a, rs, other}, {a.with(jwk{"alg": "ES256"}), other}}
	for _, keys := range refused {
		_, err := jwks.Parse([]byte(setOf(t, keys...)))
		assert.ErrorIs(t, err, jwks.ErrAmbiguous)
		assert.ErrorContains(t, err, `"a", ES256`)
	}
	accepted := map[string][]jwk{
		"another kid":       {a, other.with(jwk{"kid": "A"})},
		"the same key":      {a, a},
		"another algorithm": {a, rs, rs.with(jwk{"alg": "PS256"})},
		"for encryption":    {a, other.with(jwk{"use": "enc"})},
		"without kid":       {a.with(jwk{"kid": nil}), other.with(jwk{"kid": nil}), other.with(jwk{"kid": ""})},
	}
	for name, keys := range accepted {
		_, err := jwks.Parse([]byte(setOf(t, keys...)))
		assert.NoError(t, err, name)
	}
}

func TestJ19_Documents(t *testing.T) {
	good := setOf(t, newJWK("P-256", "a"))
	inner := strings.TrimSuffix(strings.TrimPrefix(good, `{"keys":[`), `]}`)
	tests := []struct {
		name, text string
		want       error
	}{
		{"nothing", "", jwks.ErrMalformed},
		{"null", "null", jwks.ErrUnusable},
		{"a number", "5", jwks.ErrMalformed},
		{"HTML", "<html>", jwks.ErrMalformed},
		{"a key instead of a set", inner, jwks.ErrUnusable},
		{"an array", "[" + inner + "]", jwks.ErrMalformed},
		{"no keys", `{}`, jwks.ErrUnusable},
		{"empty", `{"keys":[]}`, jwks.ErrUnusable},
		{"null keys", `{"keys":null}`, jwks.ErrUnusable},
		{"Keys", `{"Keys":[` + inner + `]}`, jwks.ErrUnusable},
		{"keys no array", `{"keys":` + inner + `}`, jwks.ErrMalformed},
		{"a key no object", `{"keys":[` + inner + `,1]}`, jwks.ErrMalformed},
		{"a null key", `{"keys":[null,` + inner + `]}`, jwks.ErrMalformed},
		{"trailing", good + "x", jwks.ErrMalformed},
		{"two documents", good + good, jwks.ErrMalformed},
		{"byte order mark", "\ufeff" + good, jwks.ErrMalformed},
		{"cut off", good[:len(good)-1], jwks.ErrMalformed},
		{"keys twice", `{"keys":[` + inner + `],"keys":[` + inner + `]}`, jwks.ErrMalformed},
		{"keys twice, escaped", `{"keys":[` + inner + `],"\u006beys":[]}`, jwks.ErrMalformed},
		{"kid twice", `{"keys":[` + strings.Replace(inner, `{`, `{"kid":"a",`, 1) + `]}`, jwks.ErrMalformed},
		{"something twice", `{"x":{"a":1,"a":1},"keys":[` + inner + `]}`, jwks.ErrMalformed},
		{"something in a key twice", `{"keys":[` + strings.Replace(inner, `{`, `{"x":[{"a":1,"a":1}],`, 1) + `]}`, jwks.ErrMalformed},
		{"invalid UTF-8", strings.Replace(good, `"a"`, "\"a\xff\"", 1), jwks.ErrMalformed},
		{"half a surrogate", strings.Replace(good, `"a"`, `"\ud83d"`, 1), jwks.ErrMalformed},
		{"a comment", "/**/" + good, jwks.ErrMalformed},
		{"deep", `{"x":` + strings.Repeat("[", 1<<20) + `}`, jwks.ErrMalformed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			set, err := jwks.Parse([]byte(tt.text))
			assert.ErrorIs(t, err, tt.want)
			assert.Nil(t, set)
		})
	}
	for _, text := range []string{good, " \r\n\t" + good + " ", `{"x":{"a":1,"b":1},"keys":[` + inner + `]}`, strings.Replace(good, `"a"`, `"\u0061"`, 1)} {
		set, err := jwks.Parse([]byte(text))
		require.NoError(t, err)
		found, _ := set.VerificationKey(t.Context(), "a", "ES256")
		assert.True(t, sameKey("P-256", found))
	}
}

// Keycloak publishes a key for encryption beside the one for signatures, each with a certificate.
func TestJ19_SetsOfRealIssuers(t *testing.T) {
	rs := newJWK("RSA", "sig").with(jwk{"x5c": []string{"MIIB"}, "x5t": "x", "x5t#S256": "y"})
	keycloak := setOf(t, rs.with(jwk{"kid": "enc", "use": "enc", "alg": "RSA-OAEP"}), rs.with(jwk{"use": "sig", "alg": "RS256"}))
	auth0 := setOf(t, rs.with(jwk{"use": "sig", "alg": "RS256"}))
	azure := setOf(t, rs.with(jwk{"use": "sig", "issuer": "https://login.microsoftonline.com/{tenantid}/v2.0"})) // without alg
	nulls := setOf(t, rs)
	nulls = strings.Replace(nulls, `{"e"`, `{"use":null,"alg":null,"key_ops":null,"crv":null,"e"`, 1)
	for _, document := range []string{keycloak, auth0, azure, nulls} {
		set, err := jwks.Parse([]byte(document))
		require.NoError(t, err)
		found, err := set.VerificationKey(t.Context(), "sig", "RS256")
		require.NoError(t, err)
		assert.True(t, sameKey("RSA", found))
		found, _ = set.VerificationKey(t.Context(), "enc", "RS256")
		assert.Nil(t, found)
	}
}

func TestK06_KidAndAlgorithm(t *testing.T) {
	var keys []jwk
	for kind, algs := range kinds {
		for _, alg := range algs {
			keys = append(keys, newJWK(kind, "kid-"+alg).with(jwk{"alg": alg}))
		}
	}
	set, err := jwks.Parse([]byte(setOf(t, keys...)))
	require.NoError(t, err)
	for kind, algs := range kinds {
		for _, alg := range algs {
			for _, asked := range append(algorithms(), "HS256", "none", "") {
				found, err := set.VerificationKey(t.Context(), "kid-"+alg, asked)
				require.NoError(t, err)
				assert.Equal(t, asked == alg, found != nil && sameKey(kind, found), "%s asked for %s", alg, asked)
				assert.Equal(t, asked == alg, found != nil)
			}
			found, _ := set.VerificationKey(t.Context(), "kid", alg)
			assert.Nil(t, found)
			found, _ = set.VerificationKey(t.Context(), "", alg)
			assert.True(t, found != nil && sameKey(kind, found), "the only key for %s", alg)
		}
	}
	found, _ := set.VerificationKey(t.Context(), "", "HS256")
	assert.Nil(t, found)
}

func TestK06_AlgorithmOfKeysWithoutAlg(t *testing.T) {
	for kind, algs := range kinds {
		set, err := jwks.Parse([]byte(setOf(t, newJWK(kind, "a"))))
		require.NoError(t, err)
		for _, alg := range algorithms() {
			found, _ := set.VerificationKey(t.Context(), "a", alg)
			assert.Equal(t, alg == algs[0], found != nil, "%s for %s", kind, alg)
		}
	}
}

// Who sends so many keys wants to keep us busy.
func TestJ19_TooManyKeys(t *testing.T) {
	all := slices.Repeat([]jwk{newJWK("P-256", "a")}, 257)
	_, err := jwks.Parse([]byte(setOf(t, all...)))
	assert.ErrorIs(t, err, jwks.ErrMalformed)
	assert.ErrorContains(t, err, "it has 257 keys")
	_, err = jwks.Parse([]byte(setOf(t, all[1:]...)))
	assert.NoError(t, err)
}

func TestK06_NoKid(t *testing.T) {
	without := newJWK("P-256", "").with(jwk{"kid": nil})
	find := func(kid string, keys ...jwk) any {
		set, err := jwks.Parse([]byte(setOf(t, keys...)))
		require.NoError(t, err)
		found, _ := set.VerificationKey(t.Context(), kid, "ES256")
		return found
	}
	assert.NotNil(t, find("", without))
	assert.Nil(t, find("a", without), "a kid that the set has not")
	assert.NotNil(t, find("", newJWK("P-256", "a"), newJWK("RSA", "b")))
	point := must(strangers()["P-256"].Public().(*ecdsa.PublicKey).Bytes())
	other := newJWK("P-256", "b").with(jwk{"x": encode(point[1:33]), "y": encode(point[33:])})
	assert.Nil(t, find("", newJWK("P-256", "a"), other), "either could be meant")
	assert.NotNil(t, find("", newJWK("P-256", "a"), newJWK("P-256", "b")), "it is the same key")
	assert.NotNil(t, find("", without, without))
	assert.NotNil(t, find("", newJWK("P-256", "a"), newJWK("P-256", "b").with(jwk{"use": "enc"})))
}

// What a caller does to a key does not reach the next one.
func TestK06_KeysAreCopies(t *testing.T) {
	for kind, algs := range kinds {
		set, err := jwks.Parse([]byte(setOf(t, newJWK(kind, "a"))))
		require.NoError(t, err)
		found, _ := set.VerificationKey(t.Context(), "a", algs[0])
		switch public := found.(type) {
		case *rsa.PublicKey:
			public.N.SetInt64(4)
			public.E = 1
		case *ecdsa.PublicKey:
			*public = *signers()[map[bool]string{true: "P-384", false: "P-256"}[kind == "P-256"]].Public().(*ecdsa.PublicKey)
		case ed25519.PublicKey:
			clear(public)
		}
		require.False(t, sameKey(kind, found), fmt.Sprintf("%T", found))
		found, _ = set.VerificationKey(t.Context(), "a", algs[0])
		assert.True(t, sameKey(kind, found))
	}
}
