package bench

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	ginjwt "github.com/appleboy/gin-jwt/v2"
	"github.com/golang-jwt/jwt/v5"
	echojwt "github.com/labstack/echo-jwt/v4"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

func mustSite(t *testing.T, l library, o options) http.Handler {
	t.Helper()
	site, err := l.site(t, o)
	require.NoError(t, err)
	return site
}

// send answers a request with these header fields, each name before its value.
func send(site http.Handler, method, target, body string, fields ...string) *httptest.ResponseRecorder {
	req := httptest.NewRequest(method, "https://shop.example"+target, strings.NewReader(body))
	for i := 0; i < len(fields); i += 2 {
		req.Header.Add(fields[i], fields[i+1])
	}
	rec := httptest.NewRecorder()
	site.ServeHTTP(rec, req)
	return rec
}

func bearer(token string) []string { return []string{"Authorization", "Bearer " + token} }

// status is the answer to GET /protected with the token in the header.
func status(site http.Handler, token string) string {
	return fmt.Sprint(send(site, "GET", "/protected", "", bearer(token)...).Code)
}

// probeToken accepts the unchanged token first, so that nothing but the change is refused.
func probeToken(change map[string]any) func(t *testing.T, l library) string {
	return func(t *testing.T, l library) string {
		site := mustSite(t, l, options{})
		require.Equal(t, "200", status(site, signed(t, nil)))
		return status(site, signed(t, change))
	}
}

func probeScope(t *testing.T, l library) string {
	site := mustSite(t, l, options{scope: "write"})
	require.Equal(t, "200", status(site, signed(t, map[string]any{"scope": "write"})))
	return status(site, signed(t, map[string]any{"scope": "read"}))
}

func probeRoutes(_ *testing.T, l library) string {
	carrier := map[string]reflect.Type{
		"authjwt":  reflect.TypeFor[*authjwt.Manager](),
		"gin-jwt":  reflect.TypeFor[*ginjwt.GinJWTMiddleware](),
		"echo-jwt": reflect.TypeFor[*echojwt.Config](),
	}[l.name]
	var routes []string
	for _, route := range [][2]string{{"login", "Login"}, {"refresh", "Refresh"}, {"logout", "Logout"}, {"logout everywhere", "LogoutAll"}} {
		if _, has := carrier.MethodByName(route[1] + "Handler"); has {
			routes = append(routes, route[0])
		}
	}
	return listed(routes)
}

func listed(words []string) string {
	if len(words) == 0 {
		return "none"
	}
	return strings.Join(words, ", ")
}

const formType = "application/x-www-form-urlencoded"

func probeLocations(t *testing.T, l library) string {
	site, token := mustSite(t, l, options{}), signed(t, map[string]any{"csrf": "v"})
	cookie := "access_token_cookie=" + token + "; jwt=" + token
	var places []string
	for _, try := range []struct {
		place string
		got   *httptest.ResponseRecorder
	}{
		{"header", send(site, "GET", "/protected", "", bearer(token)...)},
		{"cookie", send(site, "GET", "/protected", "", "Cookie", cookie)},
		{"query", send(site, "GET", "/protected?token="+token, "")},
		{"JSON body", send(site, "POST", "/protected", `{"access_token":"`+token+`"}`, "Content-Type", "application/json")},
		{"form", send(site, "POST", "/protected", "token="+token, "Content-Type", formType)},
		{"path", send(site, "GET", "/in/"+token, "")},
	} {
		if try.got.Code == http.StatusOK {
			places = append(places, try.place)
		}
	}
	return listed(places)
}

// login logs in and returns the cookies, in the form of a Cookie field, the CSRF value and the tokens.
func login(t *testing.T, site http.Handler, fields ...string) (rec *httptest.ResponseRecorder, cookies string, answer map[string]any) {
	t.Helper()
	rec = send(site, "POST", "/login", "", fields...)
	for _, line := range rec.Header().Values("Set-Cookie") {
		pair, _, _ := strings.Cut(line, ";")
		cookies += pair + "; "
	}
	_ = json.Unmarshal(rec.Body.Bytes(), &answer)
	return rec, strings.TrimSuffix(cookies, "; "), answer
}

// probeCookie looks at the cookie that carries the access token.
func probeCookie(t *testing.T, l library) string {
	rec, _, answer := login(t, mustSite(t, l, options{}))
	access, _ := pair(answer)
	if access == "" {
		return "sets no cookie"
	}
	lines := rec.Header().Values("Set-Cookie")
	i := slices.IndexFunc(lines, func(line string) bool { return strings.Contains(line, "="+access+";") })
	require.NotEqual(t, -1, i)
	var attributes []string
	for _, attribute := range strings.Split(lines[i], "; ")[1:] {
		if name, _, _ := strings.Cut(attribute, "="); slices.Contains([]string{"HttpOnly", "SameSite", "Secure"}, name) {
			attributes = append(attributes, attribute)
		}
	}
	slices.Sort(attributes)
	return listed(attributes)
}

var foreign = []string{"Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site"}

func probeForeignLogin(t *testing.T, l library) string {
	rec, _, _ := login(t, mustSite(t, l, options{}), foreign...)
	if rec.Code == http.StatusNotFound {
		return "has no login"
	}
	return fmt.Sprint(rec.Code)
}

// cookieOf is a Cookie field with a good token, and the CSRF value that goes with it, if any.
func cookieOf(t *testing.T, site http.Handler) (cookie, csrf string) {
	rec, cookie, answer := login(t, site)
	if rec.Code == http.StatusNotFound {
		cookie = "jwt=" + signed(t, nil)
	}
	csrf, _ = answer["csrf_access_token"].(string)
	require.Equal(t, http.StatusOK, send(site, "GET", "/protected", "", "Cookie", cookie).Code)
	return cookie, csrf
}

func probeCookiePost(t *testing.T, l library) string {
	site := mustSite(t, l, options{})
	cookie, _ := cookieOf(t, site)
	return fmt.Sprint(send(site, "POST", "/protected", "", "Cookie", cookie).Code)
}

func probeForeignPost(t *testing.T, l library) string {
	site := mustSite(t, l, options{})
	cookie, csrf := cookieOf(t, site)
	fields := []string{"Cookie", cookie, "X-CSRF-Token", csrf}
	require.Equal(t, http.StatusOK, send(site, "POST", "/protected", "", fields...).Code)
	return fmt.Sprint(send(site, "POST", "/protected", "", append(fields, foreign...)...).Code)
}

func probeChallenge(t *testing.T, l library) string {
	rec := send(mustSite(t, l, options{header: true}), "GET", "/protected", "")
	return fmt.Sprintf("%d, %s", rec.Code, listed(rec.Header().Values("WWW-Authenticate")))
}

func probeExpired(t *testing.T, l library) string {
	token := signed(t, map[string]any{"exp": time.Now().Unix() - 60})
	rec := send(mustSite(t, l, options{header: true}), "GET", "/protected", "", bearer(token)...)
	require.Equal(t, http.StatusUnauthorized, rec.Code)
	return strings.TrimSpace(rec.Body.String())
}

func probeTwice(t *testing.T, l library) string {
	text, err := json.Marshal(claims(nil))
	require.NoError(t, err)
	site := mustSite(t, l, options{})
	require.Equal(t, "200", status(site, signedText(t, string(text))))
	return status(site, signedText(t, `{"exp":1,`+string(text[1:])))
}

func probeTwoHeaders(t *testing.T, l library) string {
	site := mustSite(t, l, options{})
	good, bad := bearer(signed(t, nil)), bearer(signed(t, map[string]any{"exp": 1}))
	first := send(site, "GET", "/protected", "", append(slices.Clone(good), bad...)...)
	last := send(site, "GET", "/protected", "", append(slices.Clone(bad), good...)...)
	return fmt.Sprintf("%d; %d", first.Code, last.Code)
}

// probeShortSecret takes no well-known word, which could be refused for being one.
func probeShortSecret(t *testing.T, l library) string {
	if _, err := l.site(t, options{secret: "k7-Qz9"}); err != nil {
		return "refused at start"
	}
	return "accepted"
}

func probeAlgorithms(t *testing.T, l library) string {
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	ecKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	edPublic, edKey, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	var verified []string
	for _, try := range []struct {
		family, alg string
		key         any
		public      crypto.PublicKey
	}{
		{"HS", "HS512", []byte(secret), nil},
		{"RS", "RS256", rsaKey, &rsaKey.PublicKey},
		{"PS", "PS256", rsaKey, &rsaKey.PublicKey},
		{"ES", "ES256", ecKey, &ecKey.PublicKey},
		{"EdDSA", "EdDSA", edKey, edPublic},
	} {
		site, err := l.site(t, options{alg: try.alg, verify: try.public})
		if err != nil {
			continue // refused at start
		}
		token, err := jwt.NewWithClaims(jwt.GetSigningMethod(try.alg), claims(nil)).SignedString(try.key)
		require.NoError(t, err)
		if status(site, token) == "200" {
			verified = append(verified, try.family)
		}
	}
	return listed(verified)
}

func probeKeys(t *testing.T, l library) string {
	public, private := map[string]crypto.PublicKey{}, map[string]ed25519.PrivateKey{}
	for _, kid := range []string{"a", "b"} {
		var err error
		public[kid], private[kid], err = ed25519.GenerateKey(rand.Reader)
		require.NoError(t, err)
	}
	site, err := l.site(t, options{alg: "EdDSA", byKid: public})
	if err != nil {
		return "no"
	}
	for _, try := range []struct{ kid, key, want string }{{"a", "a", "200"}, {"b", "b", "200"}, {"a", "b", "401"}} {
		token := jwt.NewWithClaims(jwt.SigningMethodEdDSA, claims(nil))
		token.Header["kid"] = try.kid
		text, err := token.SignedString(private[try.key])
		require.NoError(t, err)
		require.Equal(t, try.want, status(site, text))
	}
	return "yes"
}

// tokens logs in and returns what serves as access and as refresh token; gin-jwt has one for both.
func tokens(t *testing.T, site http.Handler) (access, refresh string) {
	rec, _, answer := login(t, site)
	if rec.Code == http.StatusNotFound {
		return "", ""
	}
	return pair(answer)
}

func pair(answer map[string]any) (access, refresh string) {
	if token, ok := answer["token"].(string); ok {
		return token, token
	}
	access, _ = answer["access_token"].(string)
	refresh, _ = answer["refresh_token"].(string)
	return access, refresh
}

func probeRotation(t *testing.T, l library) string {
	now := time.Now()
	site := mustSite(t, l, options{header: true, now: func() time.Time { return now }})
	_, refresh := tokens(t, site)
	if refresh == "" {
		return "has no refresh"
	}
	_, unused := tokens(t, site)
	require.Equal(t, http.StatusOK, send(site, "POST", "/refresh", "", bearer(refresh)...).Code)
	now = now.Add(time.Minute)
	require.Equal(t, http.StatusOK, send(site, "POST", "/refresh", "", bearer(unused)...).Code)
	if send(site, "POST", "/refresh", "", bearer(refresh)...).Code == http.StatusOK {
		return "stays good"
	}
	return "is refused"
}

func probeLogout(t *testing.T, l library) string {
	site := mustSite(t, l, options{header: true})
	access, _ := tokens(t, site)
	if access == "" {
		return "has no logout"
	}
	require.Equal(t, "200", status(site, access))
	require.Equal(t, http.StatusOK, send(site, "POST", "/logout", "", bearer(access)...).Code)
	if status(site, access) == "200" {
		return "stays good"
	}
	return "is refused"
}
