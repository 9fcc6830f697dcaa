package authjwt_test

import (
	"bytes"
	"compress/flate"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

// A verdict is an outcome with the golang-jwt error behind it.
type verdict struct {
	outcome
	cause error
}

var (
	isSegments    = verdict{inv("token_malformed", "Not enough segments"), jwt.ErrTokenMalformed}
	isTooLong     = verdict{inv("token_malformed", "Token is too long"), jwt.ErrTokenMalformed}
	isHeaderText  = verdict{inv("token_malformed", "Invalid header padding"), jwt.ErrTokenMalformed}
	isPayloadText = verdict{inv("token_malformed", "Invalid payload padding"), jwt.ErrTokenMalformed}
	isSigText     = verdict{inv("token_malformed", "Invalid crypto padding"), jwt.ErrTokenMalformed}
	isHeader      = verdict{inv("token_malformed", "Invalid header string: must be a json object"), jwt.ErrTokenMalformed}
	isPayload     = verdict{inv("token_malformed", "Invalid payload string: must be a json object"), jwt.ErrTokenMalformed}
	isParameter   = verdict{inv("token_malformed", "Header parameter not supported"), jwt.ErrTokenUnverifiable}
	isKey         = verdict{inv("token_key_unknown", "There is no key for the token"), jwt.ErrTokenUnverifiable}
	isKeyID       = verdict{inv("token_malformed", "Key ID header parameter must be a string"), jwt.ErrTokenMalformed}
	isAlgorithm   = verdict{inv("token_signature_invalid", "The specified alg value is not allowed"), jwt.ErrTokenSignatureInvalid}
	isSignature   = verdict{inv("token_signature_invalid", "Signature verification failed"), jwt.ErrTokenSignatureInvalid}
)

// An attack is a hostile token and its twin, one step away, which is good.
type attack struct {
	name, token, twin string
	want              verdict
	secrets           []string // beside the token's segments
}

// repel checks that m refuses each attack in a request and in Verify, before and after it has seen
// the twin (whose header it then remembers), and that it accepts the twin.
func repel(t *testing.T, m *authjwt.Manager, attacks []attack) {
	t.Helper()
	for _, a := range attacks {
		t.Run(a.name, func(t *testing.T) { a.repel(t, m, a.want.outcome) })
	}
}

// repelText is repel for texts that are no token68, which makes the Authorization header malformed
// (requirement H03): the verdict on the token itself shows where it comes from elsewhere.
func repelText(t *testing.T, m *authjwt.Manager, attacks []attack) {
	t.Helper()
	for _, a := range attacks {
		t.Run(a.name, func(t *testing.T) { a.repel(t, m, badHeader) })
	}
}

func (a attack) repel(t *testing.T, m *authjwt.Manager, inHeader outcome) {
	secrets := a.secrets
	for segment := range strings.SplitSeq(a.token, ".") {
		if len(segment) >= 8 {
			secrets = append(secrets, segment)
		}
	}
	g := guard(t, m.Required())
	given := guard(t, func(c *gin.Context) { _ = m.Bind(c).JWTRequired(authjwt.WithToken(a.token)) })
	refused := func() {
		t.Helper()
		g.assertRefused(t, g.get("Bearer "+a.token), inHeader, secrets...)
		given.assertRefused(t, given.get(), a.want.outcome, secrets...)
		_, err := m.Verify(t.Context(), a.token, authjwt.Access)
		assert.ErrorIs(t, err, authjwt.ErrJWTDecode)
		assert.ErrorIs(t, err, a.want.cause)
	}
	require.NotEqual(t, a.twin, a.token)
	refused()
	g.assertAccepted(t, g.get("Bearer "+a.twin))
	_, err := m.Verify(t.Context(), a.twin, authjwt.Access)
	assert.NoError(t, err)
	refused()
}

func goodPayload() string { return payloadWith(nil) }

func payloadWith(changes map[string]any) string {
	text, err := json.Marshal(claims(changes))
	if err != nil {
		panic(err)
	}
	return string(text)
}

// hs256 is a good signature under any header.
func hs256(t *testing.T, header string) string { return compact(t, "HS256", header, goodPayload()) }

// headerPair is an attack by header alone: its twin has new in the place of old.
func headerPair(t *testing.T, header, old, new string, want verdict) attack {
	require.Contains(t, header, old)
	return attack{header, hs256(t, header), hs256(t, strings.Replace(header, old, new, 1)), want, nil}
}

// signed appends the HS256 signature of text, which may be no JWS signing input.
func signed(text string) string {
	mac := hmac.New(sha256.New, []byte(testSecret))
	mac.Write([]byte(text))
	return text + "." + b64(string(mac.Sum(nil)))
}

func signingString(header string) string { return b64(header) + "." + b64(goodPayload()) }

func TestJ01_AlgNone(t *testing.T) {
	m := newManager(t)
	twin := hs256(t, headerHS256)
	var attacks []attack
	for _, alg := range []string{"none", "None", "NONE", "nOnE", "nonE", "none ", " none", "none\\u0000", "", "null"} {
		header := `{"typ":"JWT","alg":"` + alg + `"}`
		attacks = append(attacks,
			attack{alg + " unsigned", signingString(header) + ".", twin, isAlgorithm, nil},
			attack{alg + " old signature", signingString(header) + twin[strings.LastIndexByte(twin, '.'):], twin, isAlgorithm, nil},
			attack{alg + " signed", hs256(t, header), twin, isAlgorithm, nil})
	}
	attacks = append(attacks,
		attack{"no alg", hs256(t, `{"typ":"JWT"}`), twin, isAlgorithm, nil},
		attack{"HS256 unsigned", signingString(headerHS256) + ".", twin, isSignature, nil})
	repel(t, m, attacks)

	for _, s := range []authjwt.Settings{
		{SecretKey: testSecret, Algorithm: "none"},
		{SecretKey: testSecret, Algorithm: "None", DecodeAlgorithms: []string{"None"}},
		{SecretKey: testSecret, DecodeAlgorithms: []string{"HS256", "none"}},
		{Algorithm: "none"}, {PrivateKey: rsaKey(), Algorithm: "none"}, {PublicKey: publicKey("EdDSA"), DecodeAlgorithms: []string{"EdDSA", "NONE"}},
		{KeySet: new(issuer), Algorithm: "none"}, {KeySet: new(issuer), DecodeAlgorithms: []string{"RS256", "none"}},
	} {
		_, err := authjwt.New(s)
		assert.ErrorContains(t, err, `is not available; use `)
	}
	for _, key := range []authjwt.Key{{SecretKey: testSecret, Algorithm: "none"}, {PrivateKey: rsaKey(), Algorithm: "None"}, {Algorithm: "none"}} {
		_, err := authjwt.NewKeyRing(key)
		assert.ErrorContains(t, err, "key 1")
	}
	for _, prefix := range []string{"AUTHJWT_", "JWT_"} {
		_, err := authjwt.LoadSettings(dict{prefix + "ALGORITHM": "none", prefix + "SECRET_KEY": testSecret})
		assert.ErrorContains(t, err, `"none" is not available; use `)
	}
	_, err := m.CreateAccessToken("alice", authjwt.WithAlgorithm("none"))
	assert.Error(t, err)
}

func TestJ03_OtherAlgorithmOfTheSameSecret(t *testing.T) {
	header := func(alg string) string { return `{"typ":"JWT","alg":"` + alg + `"}` }
	good := func(alg string) string { return compact(t, alg, header(alg), goodPayload()) }
	for _, accepted := range []string{"HS256", "HS384", "HS512"} {
		m := newManager(t, func(s *authjwt.Settings) { s.Algorithm = accepted })
		attacks := []attack{{"lower case", compact(t, accepted, header(strings.ToLower(accepted)), goodPayload()), good(accepted), isAlgorithm, nil}}
		for _, other := range []string{"HS256", "HS384", "HS512"} {
			if other != accepted {
				attacks = append(attacks,
					attack{accepted + " gets " + other, good(other), good(accepted), isAlgorithm, nil},
					attack{accepted + " says so, MAC is of " + other, compact(t, other, header(accepted), goodPayload()), good(accepted), isSignature, nil})
			}
		}
		repel(t, m, attacks)
	}
	m := newManager(t, func(s *authjwt.Settings) { s.DecodeAlgorithms = []string{"HS256", "HS512"} })
	repel(t, m, []attack{
		{"not listed", good("HS384"), good("HS512"), isAlgorithm, nil},
		{"listed, MAC of the other", compact(t, "HS256", header("HS512"), goodPayload()), good("HS256"), isSignature, nil},
		{"listed, MAC of the other, reversed", compact(t, "HS512", header("HS256"), goodPayload()), good("HS512"), isSignature, nil},
	})
}

func TestJ08_Crit(t *testing.T) {
	var attacks []attack
	for _, crit := range []string{
		`["x"]`, `["exp"]`, `["alg"]`, `["b64"]`, `["cnf"]`, `["x","x"]`, `["x",1]`, `[""]`, `[null]`, `[]`, `""`, `"x"`, `null`,
		`true`, `false`, `0`, `{}`, `{"x":1}`,
	} {
		attacks = append(attacks, headerPair(t, `{"alg":"HS256","crit":`+crit+`,"x":1,"cnf":{}}`, "crit", "crix", isParameter))
	}
	m := newManager(t)
	repel(t, m, append(attacks,
		headerPair(t, `{"crit":["x"],"alg":"HS256"}`, "crit", "crix", isParameter),
		headerPair(t, `{"alg":"HS256","cr\u0069t":["x"]}`, `\u0069`, `\u0068`, isParameter),
		headerPair(t, `{"alg":"HS256","crit":[],"crit":[]}`, `"crit":[],"crit"`, `"crix":[],"criy"`, isHeader),
		headerPair(t, `{"alg":"HS256","b64":false}`, "b64", "b65", isParameter),
		headerPair(t, `{"alg":"HS256","b64":true}`, "b64", "b65", isParameter),
	))
	// RFC 7797: the payload stands in the token as it is.
	unencoded := func(header string) string { return signed(b64(header) + "." + goodPayload()) }
	repelText(t, m, []attack{
		{"unencoded payload", unencoded(`{"alg":"HS256","b64":false,"crit":["b64"]}`), hs256(t, headerHS256), isParameter, nil},
		{"unencoded payload, not announced", unencoded(headerHS256), hs256(t, headerHS256), isPayloadText, nil},
	})
}

func TestJ12_WrongTypes(t *testing.T) {
	var attacks []attack
	for _, value := range []string{`null`, `true`, `1`, `1e9`, `["x"]`, `{"x":"x"}`, `[]`, `{}`} {
		attacks = append(attacks,
			headerPair(t, `{"alg":"HS256","kid":`+value+`}`, "kid", "kix", isKeyID),
			headerPair(t, `{"alg":"HS256","typ":`+value+`}`, "typ", "tyx", isParameter),
			headerPair(t, `{"alg":"HS256","cty":`+value+`}`, "cty", "ctx", isParameter),
			headerPair(t, `{"alg":`+value+`}`, value, `"HS256"`, isAlgorithm))
	}
	repel(t, newManager(t), append(attacks, headerPair(t, `{"alg":["HS256"]}`, `["HS256"]`, `"HS256"`, isAlgorithm)))
}

func TestJ13_DuplicateHeaderMembers(t *testing.T) {
	repel(t, newManager(t), []attack{
		headerPair(t, `{"alg":"HS256","alg":"HS256"}`, `"alg":"HS256"}`, `"alh":"HS256"}`, isHeader),
		headerPair(t, `{"alg":"none","alg":"HS256"}`, `"alg":"none"`, `"alh":"none"`, isHeader),
		headerPair(t, `{"alg":"HS256","alg":"none"}`, `"alg":"none"`, `"alh":"none"`, isHeader),
		headerPair(t, `{"alg":"HS256","\u0061lg":"HS256"}`, `\u0061`, `\u0062`, isHeader),
		headerPair(t, `{"alg":"HS256","kid":"a","kid":"b"}`, `"kid":"b"`, `"kie":"b"`, isHeader),
		headerPair(t, `{"alg":"HS256","typ":"JWT","typ":"JWT"}`, `"typ":"JWT"}`, `"tyq":"JWT"}`, isHeader),
		headerPair(t, `{"alg":"HS256","x":1,"x":1}`, `"x":1}`, `"y":1}`, isHeader),
		headerPair(t, `{"alg":"HS256","x":{"a":1,"a":2}}`, `"a":2`, `"b":2`, isHeader),
		headerPair(t, `{"alg":"HS256","x":[{"a":1,"\u0061":2}]}`, `\u0061`, `\u0062`, isHeader),
	})
}

func TestJ14_HeaderText(t *testing.T) {
	const alg = `"alg":"HS256"`
	var attacks []attack
	for _, header := range []string{
		``, `null`, `[]`, `[{` + alg + `}]`, `"HS256"`, `"{}"`, `1`, `true`, `{`, `{` + alg, `{` + alg + `,}`, `{` + alg + `}}`, `{` + alg + `}{}`,
		`{` + alg + `}x`, `{` + alg + `},`, `{` + alg + "}\x00", "\xef\xbb\xbf{" + alg + `}`, "\x00{" + alg + `}`, `{` + alg + `,'x':1}`, `{alg:"HS256"}`,
		`{` + alg + `,"x":01}`, `{` + alg + `,"x":NaN}`, `{` + alg + `/**/}`,
		`{` + alg + ",\"x\":\"\xff\"}", `{` + alg + ",\"\xc0\x80\":1}", `{` + alg + ",\"x\":\"\xed\xa0\x80\"}", `{` + alg + `,"x":"\ud800"}`,
		`{` + alg + `,"x":"\udc00\ud800"}`, `{` + alg + `,"\ud800":1}`, `{` + alg + ",\"x\":\"\x00\"}", `{` + alg + ",\"x\":\"\n\"}", "{\x00" + alg + `}`,
	} {
		attacks = append(attacks, attack{fmt.Sprintf("%q", header), hs256(t, header), hs256(t, `{`+alg+`}`), isHeader, nil})
	}
	repel(t, newManager(t), append(attacks,
		headerPair(t, `{"alg":"HS256","x":"\ud83d\ude0"}`, `\ude0`, `\ude00`, isHeader),
		headerPair(t, "{\"alg\":\"HS256\"}\v", "\v", "\n", isHeader), headerPair(t, "\f{\"alg\":\"HS256\"}", "\f", " ", isHeader),
		headerPair(t, `{"alg":"HS256\u0000"}`, `\u0000`, ``, isAlgorithm),
		headerPair(t, `{"alg":"HS25\u0037"}`, `\u0037`, `\u0036`, isAlgorithm),
		headerPair(t, "{\"alg\":\"HS256\",\v\"x\":1}", "\v", "\r\n ", isHeader), // blanks inside are JSON, as in RFC 7515 A.1
	))
}

func TestJ15_OtherSerializations(t *testing.T) {
	m, twin := newManager(t), hs256(t, headerHS256)
	var deflated bytes.Buffer
	w, err := flate.NewWriter(&deflated, flate.BestCompression)
	require.NoError(t, err)
	_, err = w.Write([]byte(goodPayload()))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	const cty = `{"alg":"HS256","cty":"JWT"}`
	cut := strings.LastIndexByte(twin, '.')
	repel(t, m, []attack{
		headerPair(t, `{"alg":"HS256","zip":"DEF"}`, "zip", "zap", isParameter),
		headerPair(t, `{"alg":"HS256","zip":null}`, "zip", "zap", isParameter),
		headerPair(t, `{"alg":"HS256","cty":"JWT"}`, "JWT", "JWU", isParameter),
		headerPair(t, `{"alg":"HS256","cty":"jwt"}`, "jwt", "jwu", isParameter),
		headerPair(t, `{"alg":"HS256","c\u0074y":"\u004aWT"}`, "WT", "WU", isParameter),
		{"zipped claims", compact(t, "HS256", `{"alg":"HS256","zip":"DEF"}`, deflated.String()), twin, isParameter, nil},
		{"zipped claims, not announced", compact(t, "HS256", headerHS256, deflated.String()), twin, isPayload, nil},
		{"nested", compact(t, "HS256", cty, twin), twin, isParameter, nil},
		{"nested, not announced", compact(t, "HS256", headerHS256, twin), twin, isPayload, nil},
		{"nested as a media type", compact(t, "HS256", `{"alg":"HS256","cty":"application/jwt"}`, twin), twin, isParameter, nil},
		{"JWE", b64(`{"alg":"dir","enc":"A256GCM"}`) + "..AAAA.AAAA.AAAA", twin, isPayloadText, nil},
		{"JWE of PBES2", b64(`{"alg":"PBES2-HS512+A256KW","enc":"A256GCM","p2c":2147483647,"p2s":"AA"}`) + ".AA.AA.AA.AA", twin, isPayloadText, nil},
		{"JWE under a MAC", signed(b64(`{"alg":"HS256","enc":"A256GCM"}`) + ".AAAA.AAAA." + b64(goodPayload())), twin, isPayloadText, nil},
		{"detached payload", twin[:strings.IndexByte(twin, '.')] + "." + twin[cut:], twin, isSignature, nil},
	})

	parts := strings.Split(twin, ".")
	flat := fmt.Sprintf(`"protected":"%s","payload":"%s","signature":"%s"`, parts[0], parts[1], parts[2])
	forged := b64(payloadWith(map[string]any{"sub": "mallory"}))
	repelText(t, m, []attack{
		{"flattened JSON", `{` + flat + `}`, twin, isSegments, nil},
		{"general JSON", fmt.Sprintf(`{"payload":"%s","signatures":[{"protected":"%s","signature":"%s"}]}`, parts[1], parts[0], parts[2]), twin, isSegments, nil},
		// CVE-2022-39227: one reader saw compact text with forged claims, the other JSON with a good signature.
		{"polyglot", `{"` + parts[0] + `.` + forged + `.":"",` + flat + `}`, twin, isHeaderText, nil},
		{"polyglot behind blanks", `{"__` + parts[0] + `.` + forged + `.` + parts[2] + `":1,` + flat + `}`, twin, isHeaderText, nil},
	})
}

// What cannot inflate has no bombs (CVE-2024-28176), and what cannot decrypt takes no JWE for a token. Of go-jose, package jwks
// uses the form of keys alone.
func TestJ15_NothingInflatesOrDecrypts(t *testing.T) {
	imports := regexp.MustCompile(`(?m)^\t(?:\w+ )?"([\w./-]+)"$`)
	ofJOSE := regexp.MustCompile(`\bjose\.(\w+)`)
	seen := map[string]bool{}
	for _, name := range append(must(filepath.Glob("*.go")), must(filepath.Glob("jwks/*.go"))...) {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		text := string(must(os.ReadFile(name)))
		for _, path := range imports.FindAllStringSubmatch(text, -1) {
			assert.NotRegexp(t, `compress|crypto/(aes|cipher|ecdh|hpke)|jwe|lestrrat`, path[1], name)
			assert.False(t, strings.Contains(path[1], "jose") && !strings.HasPrefix(name, "jwks"), name)
			seen[path[1]] = true
		}
		for _, used := range ofJOSE.FindAllStringSubmatch(text, -1) {
			assert.Contains(t, []string{"JSONWebKey", "JSONWebKeySet"}, used[1], name)
		}
	}
	assert.True(t, seen["crypto/hmac"] && seen["github.com/go-jose/go-jose/v4"], "the imports were read")
}
