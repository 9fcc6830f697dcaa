package authjwt_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

// A maker makes the tokens of one Manager, good ones and others.
type maker struct {
	tb             testing.TB
	alg, otherAlg  string // otherAlg is one that the same key could do
	key            any
	header, claims string
}

func (k *maker) good() string { return k.signs(k.header, k.claims) }

func (k *maker) signs(header, claims string) string {
	return compactBy(k.tb, k.alg, k.key, header, claims)
}

// withHeader is signed, with more behind the last header parameter.
func (k *maker) withHeader(more string) string {
	return k.signs(strings.TrimSuffix(k.header, "}")+more+"}", k.claims)
}

// with is signed, with new in the place of old in the claims.
func (k *maker) with(old, new string) string {
	require.Contains(k.tb, k.claims, old)
	return k.signs(k.header, strings.Replace(k.claims, old, new, 1))
}

// signedText has the signature of any text.
func (k *maker) signedText(text string) string {
	sig, err := theirMethods[k.alg].Sign(text, k.key)
	require.NoError(k.tb, err)
	return text + "." + b64(string(sig))
}

func (k *maker) parts() (header, claims, signature string) {
	p := strings.Split(k.good(), ".")
	return p[0], p[1], p[2]
}

// An entrance is a way by which a token comes in, to a handler or to the program.
type entrance struct {
	name  string
	want  authjwt.TokenType
	guard func(m *authjwt.Manager, token func() string) gin.HandlerFunc
	req   func(token string) *http.Request
	mints bool // its Manager must sign
}

func guardOf(guard func(m *authjwt.Manager, opts ...authjwt.RequireOption) gin.HandlerFunc, opts ...authjwt.RequireOption) func(*authjwt.Manager, func() string) gin.HandlerFunc {
	return func(m *authjwt.Manager, _ func() string) gin.HandlerFunc { return guard(m, opts...) }
}

func givenTo(guard func(a *authjwt.AuthJWT, opts ...authjwt.RequireOption) error) func(*authjwt.Manager, func() string) gin.HandlerFunc {
	return func(m *authjwt.Manager, token func() string) gin.HandlerFunc {
		return func(c *gin.Context) { _ = guard(m.Bind(c), authjwt.WithToken(token())) }
	}
}

// bodyMember is a POST of a JSON body that has one.
func bodyMember(name string) func(token string) *http.Request {
	return func(token string) *http.Request {
		body, err := json.Marshal(map[string]string{name: token})
		if err != nil {
			panic(err)
		}
		return sending(string(body))
	}
}

// cookie is a request that has one, and the CSRF value of the makers' tokens.
func cookie(method, name string) func(token string) *http.Request {
	return func(token string) *http.Request {
		return request(method, "Cookie", name+"="+token, "X-CSRF-Token", "value")
	}
}

func inHeader(token string) *http.Request {
	return request(http.MethodPost, "Authorization", "Bearer "+token)
}

func inQuery(token string) *http.Request {
	return httptest.NewRequest(http.MethodGet, "/?token="+url.QueryEscape(token), nil)
}

func nowhere(string) *http.Request { return request(http.MethodGet) }

func entrances() []entrance {
	required, optional := guardOf((*authjwt.Manager).Required), guardOf((*authjwt.Manager).Optional)
	renewal := guardOf((*authjwt.Manager).RefreshRequired)
	refreshes := func(m *authjwt.Manager, _ func() string) gin.HandlerFunc { return m.RefreshHandler(authjwt.Routes{}) }
	return []entrance{
		{"header", authjwt.Access, required, inHeader, false},
		{"header, optional", authjwt.Access, optional, inHeader, false},
		{"header, fresh", authjwt.Access, guardOf((*authjwt.Manager).FreshRequired), inHeader, false},
		{"header, refresh", authjwt.Refresh, renewal, inHeader, false},
		{"header, refresh handler", authjwt.Refresh, refreshes, inHeader, true},
		{"cookie", authjwt.Access, required, cookie(http.MethodGet, accessCookie), false},
		{"cookie, POST", authjwt.Access, required, cookie(http.MethodPost, accessCookie), false},
		{"cookie, optional", authjwt.Access, optional, cookie(http.MethodGet, accessCookie), false},
		{"cookie, refresh", authjwt.Refresh, renewal, cookie(http.MethodPost, refreshCookie), false},
		{"cookie, refresh handler", authjwt.Refresh, refreshes, cookie(http.MethodPost, refreshCookie), true},
		{"query", authjwt.Access, required, inQuery, false},
		{"query, optional", authjwt.Access, optional, inQuery, false},
		{"query, one route", authjwt.Access, guardOf((*authjwt.Manager).Required, authjwt.WithLocations(authjwt.Query)), inQuery, false},
		{"JSON", authjwt.Access, required, bodyMember("access_token"), false},
		{"JSON, optional", authjwt.Access, optional, bodyMember("access_token"), false},
		{"JSON, refresh", authjwt.Refresh, renewal, bodyMember("refresh_token"), false},
		{"JSON, refresh handler", authjwt.Refresh, refreshes, bodyMember("refresh_token"), true},
		{"given", authjwt.Access, givenTo((*authjwt.AuthJWT).JWTRequired), nowhere, false},
		{"given, optional", authjwt.Access, givenTo((*authjwt.AuthJWT).JWTOptional), nowhere, false},
		{"given, refresh", authjwt.Refresh, givenTo((*authjwt.AuthJWT).JWTRefreshTokenRequired), nowhere, false},
	}
}

// A hostile token is refused with the same words wherever it comes in, but where blind says: there it is no token at all, as
// its own test shows.
type hostile struct {
	name  string
	text  func(k *maker) string
	want  verdict
	blind string // the beginning of the names of entrances, or several with blanks between
	made  string // the text, of one maker
}

// refuseEverywhere checks that the tokens are refused, and their twin accepted, by Managers of every kind of keys, with a cache
// of verified tokens where there can be one, at every entrance; once before and once after the twin was seen.
func refuseEverywhere(t *testing.T, all func(want authjwt.TokenType) []hostile) {
	ring := must(authjwt.NewKeyRing(authjwt.Key{ID: "k1", PrivateKey: rsaKey()}, next(authjwt.Key{ID: "k2", SecretKey: testSecret, Algorithm: "HS384"})))
	set := new(issuer)
	set.returns(publicKey("RS256"))
	for _, kind := range []struct {
		name          string
		alg, otherAlg string
		key           any
		more          string // in the header
		edit          func(s *authjwt.Settings)
	}{
		{"secret", "HS256", "HS512", []byte(testSecret), "", func(*authjwt.Settings) {}},
		{"key pair, cache", "RS256", "PS256", rsaKey(), "", func(s *authjwt.Settings) { signsWith("RS256")(s); s.VerifiedTokenCache = 100 }},
		{"ring", "RS256", "RS512", rsaKey(), withKid("k1"), withKeys(ring)},
		{"key set, cache", "RS256", "RS384", rsaKey(), withKid("k1"), func(s *authjwt.Settings) { withKeySet(set)(s); caching(s); s.Algorithm = "RS256" }},
	} {
		m := newManager(t, locatedAt(authjwt.JSON, authjwt.Cookies, authjwt.Query, authjwt.Headers), kind.edit)
		for want, claims := range map[authjwt.TokenType]claim{authjwt.Access: {"csrf": "value", "fresh": true}, authjwt.Refresh: {"csrf": "value", "type": "refresh"}} {
			k := &maker{t, kind.alg, kind.otherAlg, kind.key, headerOf(kind.alg, kind.more), payloadWith(claims)}
			twin, tokens := k.good(), all(want)
			for i, h := range tokens {
				tokens[i].made = h.text(k)
				require.NotEqual(t, twin, tokens[i].made, h.name)
			}
			for _, in := range entrances() {
				if in.want == want && !(in.mints && strings.HasPrefix(kind.name, "key set")) {
					t.Run(kind.name+"/"+in.name, func(t *testing.T) { in.refuses(t, m, tokens, twin) })
				}
			}
		}
	}
}

func ofAnyType(all []hostile) func(authjwt.TokenType) []hostile {
	return func(authjwt.TokenType) []hostile { return slices.Clone(all) }
}

func (in entrance) refuses(t *testing.T, m *authjwt.Manager, tokens []hostile, twin string) {
	var token string
	j := &judge{m: m, want: in.want}
	j.guardBehind(t, in.guard(m, func() string { return token }))
	send := func(text string) *httptest.ResponseRecorder {
		token = text
		return j.do(in.req(text))
	}
	for range 2 {
		for _, h := range tokens {
			if slices.ContainsFunc(strings.Fields(h.blind), func(name string) bool { return strings.HasPrefix(in.name, name) }) {
				continue
			}
			rec := send(h.made)
			if !assert.Equal(t, h.want.status, rec.Code, "%s: %s", h.name, rec.Body) {
				continue
			}
			j.assertRefused(t, rec, h.want.outcome, h.made)
			assertError(t, j.left, h.want.outcome, h.want.cause)
			_, err := m.Verify(t.Context(), h.made, in.want)
			assertError(t, err, h.want.outcome, h.want.cause)
		}
		rec := send(twin)
		assert.Equal(t, http.StatusOK, rec.Code, "the twin: %s", rec.Body)
		assert.True(t, j.ran || in.mints)
		_, err := m.Verify(t.Context(), twin, in.want)
		assert.NoError(t, err)
	}
}

func TestJ01_J02_J03_J08_J09_J12_J13_J14_J15_EveryEntrance(t *testing.T) {
	refuseEverywhere(t, ofAnyType([]hostile{
		{"none", func(k *maker) string { return b64(headerOf("none", "")) + "." + b64(k.claims) + "." }, isAlgorithm, "", ""},
		{"none, old signature", func(k *maker) string { _, c, s := k.parts(); return b64(headerOf("None", "")) + "." + c + "." + s }, isAlgorithm, "", ""},
		{"unsigned", func(k *maker) string { h, c, _ := k.parts(); return h + "." + c + "." }, isSignature, "", ""},
		{"HS512 with the public key", func(k *maker) string {
			return compactWith(k.tb, "HS512", publicTexts(k.tb, rsaKey().Public())["PEM"], headerOf("HS512", ""), k.claims)
		}, isAlgorithm, "", ""},
		{"MAC with the public key", func(k *maker) string {
			return compactWith(k.tb, "HS256", publicTexts(k.tb, rsaKey().Public())["PEM"], k.header, k.claims)
		}, isSignature, "", ""},
		{"another algorithm of the key", func(k *maker) string {
			return compactBy(k.tb, k.otherAlg, k.key, strings.Replace(k.header, k.alg, k.otherAlg, 1), k.claims)
		}, isAlgorithm, "", ""},
		{"crit", func(k *maker) string { return k.withHeader(`,"crit":["exp"]`) }, isParameter, "", ""},
		{"crit null", func(k *maker) string { return k.withHeader(`,"cr\u0069t":null`) }, isParameter, "", ""},
		{"b64", func(k *maker) string { return k.withHeader(`,"b64":true`) }, isParameter, "", ""},
		{"self-signed", func(k *maker) string {
			foreign := strings.TrimSuffix(k.header, "}") + `,"jwk":` + publicTexts(k.tb, otherRSA().Public())["JWK"] + "}"
			if k.alg == "HS256" {
				return compactWith(k.tb, "HS256", testSecret+"x", foreign, k.claims)
			}
			return compactBy(k.tb, k.alg, otherRSA(), foreign, k.claims)
		}, isSignature, "", ""},
		{"kid a number", func(k *maker) string { return k.signs(headerOf(k.alg, `,"kid":1`), k.claims) }, isKeyID, "", ""},
		{"typ a list", func(k *maker) string { return k.signs(strings.Replace(k.header, `"JWT"`, `["JWT"]`, 1), k.claims) }, isParameter, "", ""},
		{"alg a list", func(k *maker) string {
			return k.signs(strings.Replace(k.header, `"`+k.alg+`"`, `["`+k.alg+`"]`, 1), k.claims)
		}, isAlgorithm, "", ""},
		{"alg twice", func(k *maker) string { return k.withHeader(`,"alg":"` + k.alg + `"`) }, isHeader, "", ""},
		{"alg twice, escaped", func(k *maker) string { return k.withHeader(`,"\u0061lg":"` + k.alg + `"`) }, isHeader, "", ""},
		{"byte order mark", func(k *maker) string { return k.signs("\ufeff"+k.header, k.claims) }, isHeader, "", ""},
		{"text after the header", func(k *maker) string { return k.signs(k.header+"{}", k.claims) }, isHeader, "", ""},
		{"zip", func(k *maker) string { return k.withHeader(`,"zip":"DEF"`) }, isParameter, "", ""},
		{"nested", func(k *maker) string { return k.signs(strings.TrimSuffix(k.header, "}")+`,"cty":"JWT"}`, k.good()) }, isParameter, "", ""},
		{"JWE", func(*maker) string { return b64(`{"alg":"dir","enc":"A256GCM"}`) + "..AAAA.AAAA.AAAA" }, isPayloadText, "", ""},
	}))
}

func TestB02_B03_B04_B05_B06_B07_B08_B09_B12_B13_EveryEntrance(t *testing.T) {
	const unsendable, odd = "header cookie", "header" // a cookie holds no control characters, a header no odd ones (H03)
	refuseEverywhere(t, ofAnyType([]hostile{
		{"8193 octets", func(k *maker) string { return strings.Repeat("a", 8193) }, isTooLong, "", ""},
		{"1 MiB signed", func(k *maker) string { return k.with("}", `,"pad":"`+strings.Repeat("p", 1<<20)+`"}`) }, isTooLong, "JSON", ""}, // whose body is too large
		{"line break in the header", func(k *maker) string { h, c, _ := k.parts(); return k.signedText(h[:8] + "\n" + h[8:] + "." + c) }, isHeaderText, unsendable, ""},
		{"line break in the claims", func(k *maker) string { h, c, _ := k.parts(); return k.signedText(h + "." + c[:8] + "\r\n" + c[8:]) }, isPayloadText, unsendable, ""},
		{"line break behind", func(k *maker) string { return k.good() + "\n" }, isSigText, unsendable, ""},
		{"line break before", func(k *maker) string { return "\n" + k.good() }, isHeaderText, unsendable, ""},
		{"NUL behind", func(k *maker) string { return k.good() + "\x00" }, isSigText, unsendable, ""},
		{"blank behind", func(k *maker) string { return k.good() + " " }, isSigText, unsendable, ""}, // which both trim
		{"blank before", func(k *maker) string { return " " + k.good() }, isHeaderText, odd, ""},
		{"tab before", func(k *maker) string { return "\t" + k.good() }, isHeaderText, unsendable, ""},
		{"blank inside", func(k *maker) string { h, c, _ := k.parts(); return k.signedText(h + "." + c[:8] + " " + c[8:]) }, isPayloadText, odd, ""},
		{"escaped padding", func(k *maker) string { return k.good() + "%3D" }, isSigText, odd, ""},
		{"padding", func(k *maker) string { return k.good() + "=" }, isSigText, "", ""},
		{"stray bits", func(k *maker) string { h, c, s := k.parts(); return h + "." + c + "." + strayBits(k.tb, s)[0] }, isSigText, "", ""},
		{"two segments", func(k *maker) string { h, c, _ := k.parts(); return h + "." + c }, isSegments, "", ""},
		{"four segments", func(k *maker) string { h, c, _ := k.parts(); return k.signedText(h + "." + c + "." + c) }, isPayloadText, "", ""},
		{"dots", func(*maker) string { return strings.Repeat(".", 8000) }, isHeader, "", ""},
		{"claims null", func(k *maker) string { return k.signs(k.header, "null") }, isPayload, "", ""},
		{"text after the claims", func(k *maker) string { return k.signs(k.header, k.claims+"{}") }, isPayload, "", ""},
		{"sub twice", func(k *maker) string { return k.with("{", `{"sub":"mallory",`) }, isPayload, "", ""},
		{"type twice, escaped", func(k *maker) string { return k.with("{", `{"typ\u0065":"access",`) }, isPayload, "", ""},
		{"invalid UTF-8", func(k *maker) string { return k.with("alice", "al\xffice") }, isPayload, "", ""},
		{"lone surrogate", func(k *maker) string { return k.with("alice", `al\ud800ice`) }, isPayload, "", ""},
		{"33 levels", func(k *maker) string { return k.with("{", `{"x":`+strings.Repeat("[", 32)+strings.Repeat("]", 32)+`,`) }, isPayload, "", ""},
	}))
}

func TestT01_T02_T03_T04_T05_T06_T07_T08_T13_T14_T16_T17_EveryEntrance(t *testing.T) {
	exp, iat, nbf := `"exp":`+seconds(time.Minute), `"iat":`+seconds(0), `"nbf":`+seconds(0)
	malformed := func(o outcome) verdict { return verdict{o, jwt.ErrTokenInvalidClaims} }
	refuseEverywhere(t, ofAnyType([]hostile{
		{"no exp", func(k *maker) string { return k.with(exp, `"x":1`) }, verdict{noExpiry, jwt.ErrTokenRequiredClaimMissing}, "", ""},
		{"exp in capitals", func(k *maker) string { return k.with(`"exp"`, `"EXP"`) }, verdict{noExpiry, jwt.ErrTokenRequiredClaimMissing}, "", ""},
		{"exp a string", func(k *maker) string { return k.with(exp, `"exp":"`+seconds(time.Minute)+`"`) }, malformed(badExpiry), "", ""},
		{"exp zero", func(k *maker) string { return k.with(exp, `"exp":0`) }, verdict{expired, jwt.ErrTokenExpired}, "", ""},
		{"exp 1e300", func(k *maker) string { return k.with(exp, `"exp":1e300`) }, malformed(badExpiry), "", ""},
		{"exp now", func(k *maker) string { return k.with(exp, `"exp":`+seconds(0)) }, verdict{expired, jwt.ErrTokenExpired}, "", ""},
		{"nbf 2^63-1", func(k *maker) string { return k.with(nbf, `"nbf":9223372036854775807`) }, malformed(badNotBefore), "", ""},
		{"nbf in a minute", func(k *maker) string { return k.with(nbf, `"nbf":`+seconds(time.Minute)) }, verdict{earlyNbf, jwt.ErrTokenNotValidYet}, "", ""},
		{"iat 1e19", func(k *maker) string { return k.with(iat, `"iat":1e19`) }, malformed(badIssuedAt), "", ""},
		{"iat in a minute", func(k *maker) string { return k.with(iat, `"iat":`+seconds(time.Minute)) }, verdict{earlyIat, jwt.ErrTokenUsedBeforeIssued}, "", ""},
		{"sub a number", func(k *maker) string { return k.with(`"alice"`, `1`) }, verdict{badSubject, jwt.ErrTokenInvalidSubject}, "", ""},
		{"sub empty", func(k *maker) string { return k.with(`"alice"`, `""`) }, verdict{badSubject, jwt.ErrTokenInvalidSubject}, "", ""},
		{"jti a number", func(k *maker) string { return k.with(`"jti":`, `"jti":1,"x":`) }, verdict{badTokenID, jwt.ErrTokenInvalidId}, "", ""},
		{"aud, none expected", func(k *maker) string { return k.with("{", `{"aud":["api"],`) }, verdict{foreignAud, jwt.ErrTokenInvalidAudience}, "", ""},
		{"iss a list", func(k *maker) string { return k.with("{", `{"iss":["us"],`) }, verdict{foreignIss, jwt.ErrTokenInvalidIssuer}, "", ""},
	}))
}

func TestT11_EveryEntrance(t *testing.T) {
	refusals := map[authjwt.TokenType]verdict{authjwt.Access: {notAccess, authjwt.ErrAccessTokenRequired}, authjwt.Refresh: {notRefresh, authjwt.ErrRefreshTokenRequired}}
	refuseEverywhere(t, func(want authjwt.TokenType) (all []hostile) {
		for _, kind := range []string{`"access"`, `"refresh"`, `"ACCESS"`, `"Refresh"`, `["access","refresh"]`, `null`, `"csrf"`, `""`} {
			if kind != `"`+string(want)+`"` {
				all = append(all, hostile{"type " + kind, func(k *maker) string { return k.with(`"`+string(want)+`"`, kind) }, refusals[want], "", ""})
			}
		}
		missing := func(k *maker) string { return k.with(`"type":`, `"kind":`) }
		return append(all, hostile{"no type", missing, verdict{noType, jwt.ErrTokenRequiredClaimMissing}, "", ""})
	})
}
