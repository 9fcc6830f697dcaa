package authjwt

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	mathrand "math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var (
	plainNames  = []string{"a", "aa", "ab", "sub", "exp", "type", "aud", "iss", "scope", "", "é", "n1", "n2", "n3"}
	plainValues = []string{`""`, `"alice"`, `"é"`, `0`, `-1`, `1772366460`, `true`, `false`, `null`, `[]`, `["a","b"]`, `[1,null]`, `{}`, `{"sub":1,"a":[{"sub":1}]}`}
	otherValues = []string{`1.5`, `1e3`, `{}`, `{"a":[{}]}`, `[[1]]`, `"\u0041\n"`, ` 1`, `[1, 2]`}
	mutations   = "\"\\{}[]:,-+.eE0123456789 \t\n\x00\x1f\x7f\x80\xc3\xffatrufnl"
)

func pick(random *mathrand.Rand, of []string) string { return of[random.IntN(len(of))] }

// generatedObject is an object of JSON, mostly plain, at times with a name that stands twice.
func generatedObject(random *mathrand.Rand) string {
	members := make([]string, 1+random.IntN(8))
	for i := range members {
		name, value := pick(random, plainNames), pick(random, plainValues)
		if random.IntN(3) > 0 {
			name += string(rune('a' + i))
		}
		if random.IntN(16) == 0 {
			value = pick(random, otherValues)
		}
		members[i] = `"` + name + `":` + value
	}
	return "{" + strings.Join(members, ",") + "}"
}

// mutated is a text with one octet more, less or other, or cut off, or with a part twice.
func mutated(random *mathrand.Rand, text string) string {
	at, octet := random.IntN(len(text)+1), mutations[random.IntN(len(mutations))]
	rest := text[at:]
	switch random.IntN(6) {
	case 0, 1:
		return text[:at] + string([]byte{octet}) + rest[min(1, len(rest)):]
	case 2:
		return text[:at] + string([]byte{octet}) + rest
	case 3:
		return text[:at] + rest[min(1, len(rest)):]
	case 4:
		return text[:at]
	}
	return text[:at] + rest[:random.IntN(len(rest)+1)] + rest
}

// FuzzPlain holds the short way through plain claims and headers to what jsontext reads in any text.
func FuzzPlain(f *testing.F) {
	for _, text := range []string{
		"", "{", "{}", "}{", `{"a":1}`, `{"a":1`, `{"sub":"alice","iat":1772366400,"exp":1772366460,"type":"access","fresh":false}`, `{"typ":"JWT","alg":"HS256","kid":"a"}`,
		`{"aud":["a","b"],"sub":"é","x":null,"y":[-1,0,true]}`, `{"sub":"a","sub":"b"}`, `{"x":1,"x":2}`, `{"\u0073ub":"a","sub":"b"}`, `{"a":01}`, `{"a":-}`, `{"a":-0}`, `{"a":1.}`, `{"a":1e3}`, `{"a":[[1]]}`,
		`{"a":[1,]}`, `{"a":[]}`, `{"a":1,}`, `{"a":tru}`, "{\"a\":\"1234567\x1f\"}", "{\"a\":\"\x7f\"}", "{\"a\":\"\xff\"}", ` {"a" : 1 } `, strings.Repeat("{", 40), `{"aa":1,"ab":2}`,
		"{" + strings.Repeat(`"a":1,`, 70) + `"b":2}`,
	} {
		for of := range namings {
			f.Add(text, 3, of)
		}
	}
	var r reading
	f.Fuzz(func(t *testing.T, text string, limit, of int) {
		_, _ = r.agree(t, text, limit&0xff, namings[of&3])
	})
}

// takenByPlain tells whether a text is read without jsontext, both as claims and as a header.
func takenByPlain(text string) bool {
	var r objectReader
	r.buf.WriteString("jsontext reads out of here")
	read := r.read([]byte(text), len(text), new(wireClaims).member) && r.read([]byte(text), maxHeaderMembers, new(wireHeader).member)
	return read && r.buf.Len() > 0
}

func decoded(tb testing.TB, segment string) string {
	tb.Helper()
	text, err := base64.RawURLEncoding.DecodeString(segment)
	require.NoError(tb, err)
	return string(text)
}

const plainSecret = "tests-only-0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFGHIJKLMNOPQRSTUVWXYZ"

// The tokens that a Manager makes are plain, and are read as such: the short way cannot get lost unnoticed.
func TestPlain_UsualTokens(t *testing.T) {
	everything := []TokenOption{
		WithFresh(), WithPersistentCookies(true), WithAudience("api", "mobile"), WithGrantedScopes("read", "write"), WithHeaders(map[string]any{"x": "y"}),
		WithClaims(map[string]any{"name": "Ålice 😀", "roles": []string{"a", "b"}, "level": 7, "admin": true, "gone": nil}),
	}
	for name, row := range map[string]struct {
		edit func(s *Settings)
		opts []TokenOption
	}{
		"default": {func(*Settings) {}, nil},
		"cookies": {func(s *Settings) { s.TokenLocation = []Location{Cookies} }, nil},
		"everything": {func(s *Settings) {
			s.TokenLocation, s.EncodeIssuer, s.DecodeAudience = []Location{Headers, Cookies}, "https://issuer.example/", []string{"api"}
			s.KeyID = "2026-03"
		}, everything},
		"FastAPI": {func(s *Settings) { s.Errors, s.EncodeAudience = FastAPI, []string{"api"} }, everything[:2]},
	} {
		s := Settings{SecretKey: plainSecret}
		row.edit(&s)
		m, err := New(s)
		require.NoError(t, err, name)
		access, err := m.CreateAccessToken("alice", row.opts...)
		require.NoError(t, err, name)
		refresh, err := m.create(&tokenSpec{kind: Refresh, subject: "alice", session: newSession(m.settings.Now()), sessionEnd: m.settings.Now().Add(1e9)}, nil)
		require.NoError(t, err, name)
		for _, token := range []string{access, refresh} {
			segments := strings.Split(token, ".")
			for _, segment := range segments[:2] {
				assert.True(t, takenByPlain(decoded(t, segment)), "%s: %s", name, decoded(t, segment))
			}
		}
	}
	for _, theirs := range []string{ // as of PyJWT, golang-jwt and Keycloak, none of which writes blanks
		`{"sub":"1234567890","name":"John Doe","admin":true,"iat":1516239022}`, `{"alg":"RS256","kid":"a","typ":"JWT"}`,
		`{"exp":1772366460,"iat":1772366400,"jti":"onrtac:4b1a","iss":"https://id.example/realms/a","aud":["account","api"],"sub":"f0a1","typ":"Bearer","azp":"web","acr":"1","allowed-origins":["https://a.example"],"scope":"openid","email_verified":false}`,
	} {
		assert.True(t, takenByPlain(theirs), theirs)
		assert.False(t, takenByPlain(theirs+" "), theirs)
	}
}

func TestPlain_UsualHeaders(t *testing.T) {
	pair, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	curve := func(c elliptic.Curve) crypto.Signer {
		k, err := ecdsa.GenerateKey(c, rand.Reader)
		require.NoError(t, err)
		return k
	}
	keys := map[string]crypto.Signer{
		"HS256": nil, "HS384": nil, "HS512": nil, "RS256": pair, "RS384": pair, "RS512": pair, "PS256": pair, "PS384": pair, "PS512": pair,
		"ES256": curve(elliptic.P256()), "ES384": curve(elliptic.P384()), "ES512": curve(elliptic.P521()), "EdDSA": ed,
	}
	require.Len(t, keys, len(algorithms))
	for alg, private := range keys {
		for _, id := range []string{"", "2026-03", NoKeyID} {
			s := Settings{Algorithm: alg, KeyID: id, PrivateKey: private}
			if private == nil {
				s.SecretKey = plainSecret
			}
			m, err := New(s)
			require.NoError(t, err, "%s, %s", alg, id)
			token, err := m.CreateAccessToken("alice")
			require.NoError(t, err)
			header, _, _ := strings.Cut(token, ".")
			text := decoded(t, header)
			assert.Contains(t, text, `"alg":"`+alg+`"`)
			assert.True(t, takenByPlain(text), text)
		}
	}
}
