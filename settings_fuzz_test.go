package authjwt_test

import (
	"cmp"
	cryptorand "crypto/rand"
	"encoding/json"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

// FuzzSettings makes Settings of a document, by the names of LoadSettings, and of values that octets choose. New refuses them, each mistake
// with its field, or everything holds that a Manager promises: nothing is left for a request to find.
func FuzzSettings(f *testing.F) {
	for _, document := range []string{
		"{}", `{"authjwt_secret_key":"short"}`, `{"authjwt_token_location":["cookies","headers"],"authjwt_cookie_samesite":"none","authjwt_cookie_secure":true}`, `{"authjwt_token_location":["cookies"],"authjwt_cookie_prefix":"__Host-","authjwt_access_token_expires":60}`,
		`{"JWT_TOKEN_LOCATION":"cookies","JWT_ACCESS_TOKEN_EXPIRES":false,"JWT_COOKIE_MAX_AGE":5,"JWT_SECRET_KEY":"` + testSecret + `"}`, `{"authjwt_encode_issuer":"a","authjwt_decode_issuer":"b"}`, `{"authjwt_decode_audience":["a"],"authjwt_encode_audience":"b","authjwt_errors":"fastapi"}`,
		`{"authjwt_token_location":["cookies"],"authjwt_cookie_samesite":"none","authjwt_cookie_secure":false,"authjwt_secret_key":"` + testSecret + `"}`, `{"authjwt_token_location":["cookies"],"authjwt_cookie_prefix":"__Host-","authjwt_cookie_secure":true,"authjwt_access_cookie_path":"/api","authjwt_secret_key":"` + testSecret + `"}`,
		`{"authjwt_token_location":["cookies"],"authjwt_secret_key":"` + testSecret + `"}`, `{"authjwt_header_type":null,"authjwt_header_name":"X-Token","authjwt_decode_leeway":300,"authjwt_clock_skew":"none"}`, `{"authjwt_algorithm":"none"}`, `{"authjwt_refresh_cookie_path":"/refresh","authjwt_token_location":["cookies"],"authjwt_cookie_domain":"example.com","authjwt_csrf_methods":["PUT"]}`,
	} {
		f.Add(document, []byte{}, "")
	}
	random := rand.New(rand.NewPCG(7519, 0))
	for range 100 {
		octets := make([]byte, 160)
		for i := range octets {
			octets[i] = byte(random.IntN(256))
		}
		f.Add("{}", octets, "x")
	}
	f.Fuzz(func(t *testing.T, document string, octets []byte, text string) {
		if len(document) > 1000 || len(text) > 64 {
			return // a cookie has 4096 octets, of which an issuer may take too many
		}
		s, now := authjwt.Settings{SecretKey: testSecret}, testNow
		var values map[string]any
		if json.Unmarshal([]byte(document), &values) == nil && len(values) > 0 {
			loaded, err := authjwt.LoadSettings(values)
			if err != nil {
				require.NotContains(t, err.Error(), testSecret)
			} else {
				s = loaded
			}
		}
		choose(&s, rand.New(&choices{octets}), text, len(octets))
		s.Now = func() time.Time { return now }
		auth, err := authjwt.New(s)
		if err != nil {
			require.Nil(t, auth)
			for _, mistake := range err.(interface{ Unwrap() []error }).Unwrap() {
				require.Regexp(t, `^authjwt: Settings\.[A-Z][A-Za-z]+: `, mistake.Error())
			}
			require.NotContains(t, err.Error(), testSecret)
			return
		}
		if s.SecretKey != "" && !s.InsecureShortSecret {
			require.GreaterOrEqual(t, len(s.SecretKey), 32)
		}
		access, err := auth.CreateAccessToken("alice")
		if err != nil {
			require.Nil(t, s.PrivateKey)
			require.NotNil(t, s.PublicKey)
			return
		}
		promise := promises{s, auth, access}
		if promise.tokens(t, &now) {
			promise.answers(t)
		}
	})
}

// choose sets fields that octets choose to values that they choose.
func choose(s *authjwt.Settings, random *rand.Rand, text string, octets int) {
	texts := []string{text, "", "a", "Bearer", "__Host-", "__Secure-", "(none)", "/", "/api", "Origin", "X-CSRF-Token", "example.com", "https://app.example", "HS256", "HS512", "EdDSA", "ES256", "RS256", "none", "short", "POST", "headers", "cookies", "query", "json", "access", "refresh"}
	durations := []time.Duration{-2, -1, 0, 1, time.Millisecond, time.Second, 90 * time.Second, 5 * time.Minute, 5*time.Minute + 1, 20 * time.Minute, 24 * time.Hour, 400 * 24 * time.Hour, 401 * 24 * time.Hour}
	fields, store := reflect.ValueOf(s).Elem(), new(authjwt.MemoryStore)
	for i := range fields.NumField() {
		field := fields.Field(i)
		if octets--; octets < 0 || random.IntN(16) != 0 {
			continue
		}
		switch v := field.Addr().Interface().(type) {
		case *bool:
			*v = true
		case *string:
			*v = texts[random.IntN(len(texts))]
		case *authjwt.TokenType:
			*v = authjwt.TokenType(texts[random.IntN(len(texts))])
		case *time.Duration:
			*v = durations[random.IntN(len(durations))]
		case *int:
			*v = random.IntN(12) - 1
		case *authjwt.ErrorStyle:
			*v = authjwt.ErrorStyle(random.IntN(5) - 1)
		case *http.SameSite:
			*v = http.SameSite(random.IntN(6))
		case *authjwt.Store:
			*v = store
		case *authjwt.SessionStore:
			*v = store
		case *[]authjwt.FormerCookie:
			*v = append(*v, authjwt.FormerCookie{Path: texts[random.IntN(len(texts))], Domain: texts[random.IntN(len(texts))]})
		default:
			switch {
			case field.Type() == reflect.TypeFor[[]string]() || field.Type() == reflect.TypeFor[[]authjwt.Location]() || field.Type() == reflect.TypeFor[[]authjwt.TokenType]():
				list := reflect.MakeSlice(field.Type(), random.IntN(3), 3)
				for i := range list.Len() {
					list.Index(i).SetString(texts[random.IntN(len(texts))])
				}
				field.Set(list)
			case fields.Type().Field(i).Name == "PrivateKey":
				s.PrivateKey, s.SecretKey = ed25519Key(), ""
			case fields.Type().Field(i).Name == "PublicKey":
				s.PublicKey = ed25519Key().Public()
			}
		}
	}
}

// foreignSecret is of this run, or the fuzzer finds the way to it.
var foreignSecret = cryptorand.Text() + cryptorand.Text()

// promises are what a Manager of any Settings keeps.
type promises struct {
	s      authjwt.Settings
	auth   *authjwt.Manager
	access string
}

// tokens checks what is accepted when, and tells whether the Manager's own tokens are: they may be for others.
func (p promises) tokens(t *testing.T, now *time.Time) (own bool) {
	ctx := t.Context()
	refresh, err := p.auth.CreateRefreshToken("alice")
	require.NoError(t, err)
	for _, foreign := range []string{
		compactWith(t, "HS256", foreignSecret, headerHS256, goodPayload()), b64(`{"alg":"none"}`) + "." + b64(goodPayload()) + ".", p.access + "x", p.access[1:], "",
	} {
		_, err := p.auth.Verify(ctx, foreign, authjwt.Access)
		require.ErrorIs(t, err, authjwt.ErrJWTDecode)
	}
	for raw, other := range map[string]authjwt.TokenType{p.access: authjwt.Refresh, refresh: authjwt.Access} {
		_, err := p.auth.Verify(ctx, raw, other)
		require.Error(t, err, "a token of another type")
	}
	token, err := p.auth.Verify(ctx, p.access, authjwt.Access)
	if err != nil {
		forOthers := p.s.DecodeIssuer != p.s.EncodeIssuer && p.s.DecodeIssuer != "" || len(p.s.DecodeAudience) > 0 && p.s.EncodeAudience != nil
		require.True(t, forOthers, "a token of its own is refused: %v", err)
		return false
	}
	require.False(t, token.Fresh)
	life := p.s.AccessTokenExpires
	if life == 0 {
		life = 15 * time.Minute
	}
	if token.ExpiresAt.IsZero() {
		require.Equal(t, authjwt.NoExpiry, life)
		return true
	}
	require.Equal(t, now.Add(life).Unix(), token.ExpiresAt.Unix())
	*now = token.ExpiresAt.Add(-1)
	_, err = p.auth.Verify(ctx, p.access, authjwt.Access)
	require.NoError(t, err)
	*now = token.ExpiresAt.Add(max(p.s.DecodeLeeway, 0))
	_, err = p.auth.Verify(ctx, p.access, authjwt.Access)
	require.ErrorIs(t, err, jwt.ErrTokenExpired)
	*now = testNow
	return true
}

// answers checks routes and guards: the cookies that a login sets are those that browsers keep, guards know, and a logout deletes.
func (p promises) answers(t *testing.T) {
	uses := func(l authjwt.Location) bool {
		return slices.Contains(p.s.TokenLocation, l) || p.s.TokenLocation == nil && l == authjwt.Headers
	}
	path := cmp.Or(p.s.RefreshCookiePath, "/")
	covers := path == "/refresh" || strings.HasPrefix("/refresh", strings.TrimSuffix(path, "/")+"/")
	mount := func() { p.auth.Mount(gin.New(), loginAs("alice")) }
	require.Equal(t, uses(authjwt.Cookies) && !covers, panicsWith("does not cover the refresh route", mount))

	r := gin.New()
	r.POST("/login", p.auth.LoginHandler(loginAs("alice")))
	r.POST("/logout", p.auth.LogoutHandler())
	user := func(c *gin.Context) { c.String(http.StatusOK, authjwt.FromContext(c).Subject()) }
	r.Any("/user", p.auth.Required(), user)
	send := func(method, path string, cookies []*http.Cookie, fields ...string) *httptest.ResponseRecorder {
		req, rec := request(method, fields...), httptest.NewRecorder()
		req.URL.Path = path
		for _, c := range cookies {
			req.AddCookie(&http.Cookie{Name: c.Name, Value: c.Value})
		}
		r.ServeHTTP(rec, req)
		return rec
	}
	anonymous := send("GET", "/user", nil)
	require.Contains(t, []int{401, 422}, anonymous.Code)
	if p.s.Errors == authjwt.RFC6750 {
		require.Len(t, anonymous.Header()["Www-Authenticate"], 1)
	}
	login := send("POST", "/login", nil)
	require.Equal(t, http.StatusOK, login.Code, "%s", login.Body)
	cookies := p.kept(t, login)
	require.Equal(t, uses(authjwt.Cookies), len(cookies) > 0)
	if uses(authjwt.Headers) {
		name, value := p.s.HeaderName, p.s.HeaderType+" "+p.access
		switch p.s.HeaderType {
		case "":
			value = "Bearer " + p.access
		case authjwt.NoHeaderType:
			value = p.access
		}
		if name == "" {
			name = "Authorization"
		}
		require.Equal(t, http.StatusOK, send("GET", "/user", nil, name, value).Code)
		require.Equal(t, http.StatusOK, send("POST", "/user", nil, name, value).Code)
	}
	if !uses(authjwt.Cookies) {
		return
	}
	if !uses(authjwt.Headers) && !uses(authjwt.JSON) && !p.s.InsecureAccessTokenInBody {
		require.NotContains(t, login.Body.String(), "eyJ")
	}
	read := send("GET", "/user", cookies)
	require.GreaterOrEqual(t, send("POST", "/logout", cookies, "Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site").Code, 400)
	require.GreaterOrEqual(t, send("POST", "/user", cookies, "Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site").Code, 400)
	if !slices.Contains(p.s.CSRFMethods, "GET") || p.s.InsecureDisableCSRF {
		require.Equal(t, http.StatusOK, read.Code, "%s", read.Body)
	}
	if !p.s.InsecureDisableCSRF && (p.s.CSRFMethods == nil || slices.Contains(p.s.CSRFMethods, "POST")) {
		require.GreaterOrEqual(t, send("POST", "/user", cookies).Code, 400)
		for _, name := range []string{"X-CSRF-Token", p.s.AccessCSRFHeaderName} {
			require.GreaterOrEqual(t, send("POST", "/user", cookies, name, "another value").Code, 400)
		}
	}
	logout := send("POST", "/logout", []*http.Cookie{})
	require.Equal(t, http.StatusOK, logout.Code)
	deleted := map[string]bool{}
	for _, line := range logout.Header()["Set-Cookie"] {
		c, err := http.ParseSetCookie(line)
		require.NoError(t, err)
		require.Negative(t, c.MaxAge)
		deleted[c.Name+" "+c.Path+" "+c.Domain] = true
	}
	for _, c := range cookies {
		require.True(t, deleted[c.Name+" "+c.Path+" "+c.Domain], "%s outlives the logout: %v", c, deleted)
	}
}

// kept are the cookies that an answer sets, all of which browsers keep (RFC 6265bis §5.7), and for no longer than the tokens live.
func (p promises) kept(t *testing.T, rec *httptest.ResponseRecorder) (kept []*http.Cookie) {
	names := map[string]bool{}
	for _, line := range rec.Header()["Set-Cookie"] {
		c, err := http.ParseSetCookie(line)
		require.NoError(t, err)
		if c.MaxAge < 0 {
			continue
		}
		require.False(t, names[c.Name], c.Name)
		names[c.Name] = true
		require.Equal(t, !p.s.InsecureCookies, c.Secure, line)
		lower := strings.ToLower(c.Name)
		if strings.HasPrefix(lower, "__host-") {
			require.True(t, c.Secure && c.Path == "/" && c.Domain == "", line)
		}
		require.True(t, c.Secure || !strings.HasPrefix(lower, "__secure-") && c.SameSite != http.SameSiteNoneMode, line)
		require.Equal(t, strings.Contains(c.Value, "eyJ"), c.HttpOnly, line)
		require.LessOrEqual(t, c.MaxAge, 400*24*60*60)
		require.LessOrEqual(t, len(c.Name)+len(c.Value), 4096)
		if c.MaxAge > 0 {
			require.True(t, p.s.PersistentCookies || p.s.CookieMaxAge > 0, line)
		}
		kept = append(kept, c)
	}
	return kept
}
