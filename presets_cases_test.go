package authjwt_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

// A refusalCase is a request that every preset refuses for the same reason, each in its own words.
type refusalCase struct {
	request func(t *testing.T, s *presetService) *http.Request
	is      error
}

// plain is a request that needs no token of the service's making.
func plain(req func() *http.Request, is error) refusalCase {
	return refusalCase{func(*testing.T, *presetService) *http.Request { return req() }, is}
}

// bringing is a request with a token that has these changes.
func bringing(path string, changes claim, is error) refusalCase {
	return refusalCase{func(t *testing.T, s *presetService) *http.Request {
		return s.with(path, signedClaims(t, claims(changes)))
	}, is}
}

// forged is a request with a token that is no good whatever it says.
func forged(token func(t *testing.T) string, is error) refusalCase {
	return refusalCase{func(t *testing.T, s *presetService) *http.Request { return s.with("/protected", token(t)) }, is}
}

// byCookie is a request with an access token from a login in its cookie, and a CSRF value: of access and refresh
// token, what the request brings is chosen by the case.
func byCookie(is error, change func(req *http.Request, value, renewal string)) refusalCase {
	return refusalCase{func(t *testing.T, s *presetService) *http.Request {
		access, value, _, renewal := s.logsIn(t)
		req := to("POST", "/protected", "Cookie", accessCookie+"="+access, "X-CSRF-Token", value)
		change(req, value, renewal)
		return req
	}, is}
}

var refusalCases = map[string]refusalCase{
	"missing":            plain(func() *http.Request { return to("GET", "/protected") }, authjwt.ErrMissingToken),
	"missing, to renew":  plain(func() *http.Request { return to("GET", "/renewal") }, authjwt.ErrMissingToken),
	"malformed":          forged(func(*testing.T) string { return "x" }, jwt.ErrTokenMalformed),
	"malformed header":   forged(func(*testing.T) string { return "x.e30.x" }, authjwt.ErrJWTDecode),
	"expired":            bringing("/protected", claim{"exp": testNow.Unix()}, jwt.ErrTokenExpired),
	"early":              bringing("/protected", claim{"nbf": testNow.Unix() + 6}, jwt.ErrTokenNotValidYet),
	"early iat":          bringing("/protected", claim{"iat": testNow.Unix() + 6}, jwt.ErrTokenUsedBeforeIssued),
	"without exp":        bringing("/protected", claim{"exp": nil}, jwt.ErrTokenRequiredClaimMissing),
	"exp is a text":      bringing("/protected", claim{"exp": "9999999999"}, jwt.ErrTokenInvalidClaims),
	"without sub":        bringing("/protected", claim{"sub": nil}, jwt.ErrTokenRequiredClaimMissing),
	"without type":       bringing("/protected", claim{"type": nil}, jwt.ErrTokenRequiredClaimMissing),
	"aud, none expected": bringing("/protected", claim{"aud": "us"}, jwt.ErrTokenInvalidAudience),
	"refused":            bringing("/protected", claim{"sub": "eve"}, authjwt.ErrJWTDecode),
	"revoked":            bringing("/protected", claim{"sub": "mallory"}, authjwt.ErrRevokedToken),
	"unavailable":        bringing("/protected", claim{"sub": "trent"}, authjwt.ErrUnavailable),
	"refresh token":      bringing("/protected", claim{"type": "refresh"}, authjwt.ErrAccessTokenRequired),
	"access token":       bringing("/renewal", nil, authjwt.ErrRefreshTokenRequired),
	"not fresh":          bringing("/fresh", nil, authjwt.ErrFreshTokenRequired),
	"no scope":           bringing("/scoped", nil, authjwt.ErrInsufficientScope),
	"forged": forged(func(t *testing.T) string {
		return compactWith(t, "HS256", testSecret+"x", headerHS256, goodPayload())
	}, jwt.ErrTokenSignatureInvalid),
	"another alg": forged(func(t *testing.T) string { return compact(t, "HS384", headerOf("HS384", ""), goodPayload()) }, jwt.ErrTokenSignatureInvalid),
	"alg none":    forged(func(*testing.T) string { return b64(headerOf("none", "")) + "." + b64(goodPayload()) + "." }, jwt.ErrTokenSignatureInvalid),
	"header of three words": plain(func() *http.Request {
		return to("GET", "/protected", "Authorization", "Bearer a b")
	}, authjwt.ErrInvalidHeader),
	"two headers": plain(func() *http.Request {
		return to("GET", "/protected", "Authorization", "Bearer a", "Authorization", "Bearer b")
	}, authjwt.ErrInvalidRequest),
	"two cookies": {func(t *testing.T, s *presetService) *http.Request {
		a, b := s.with("/protected", "a"), s.with("/protected", "b")
		if !s.inCookie {
			a, b = to("GET", "/protected", "Cookie", accessCookie+"=a"), to("GET", "/protected", "Cookie", accessCookie+"=b")
		}
		a.Header.Add("Cookie", b.Header.Get("Cookie"))
		return a
	}, authjwt.ErrInvalidRequest},

	"csrf missing": byCookie(authjwt.ErrCSRF, func(req *http.Request, _, _ string) { req.Header.Del("X-CSRF-Token") }),
	"csrf of the refresh token": byCookie(authjwt.ErrCSRF, func(req *http.Request, _, renewal string) {
		req.Header.Set("X-CSRF-Token", renewal)
	}),
	"csrf of another login": byCookie(authjwt.ErrCSRF, func(req *http.Request, value, _ string) {
		req.Header.Set("X-CSRF-Token", strings.ToUpper(value))
	}),
	"csrf in a cookie alone": byCookie(authjwt.ErrCSRF, func(req *http.Request, value, _ string) {
		req.Header.Del("X-CSRF-Token")
		req.Header.Set("Cookie", req.Header.Get("Cookie")+"; "+accessValue+"="+value)
	}),
	"csrf planted in the cookie": byCookie(authjwt.ErrCSRF, func(req *http.Request, _, _ string) {
		req.Header.Set("X-CSRF-Token", "planted")
		req.Header.Set("Cookie", req.Header.Get("Cookie")+"; "+accessValue+"=planted")
	}),
	"csrf claim missing": {func(t *testing.T, _ *presetService) *http.Request {
		return to("POST", "/protected", "Cookie", accessCookie+"="+signedClaims(t, claims(nil)), "X-CSRF-Token", "x")
	}, authjwt.ErrCSRF},
	"csrf claim empty": {func(t *testing.T, _ *presetService) *http.Request {
		return to("POST", "/protected", "Cookie", accessCookie+"="+signedClaims(t, claims(claim{"csrf": ""})), "X-CSRF-Token", "x")
	}, authjwt.ErrCSRF},
	"another site's page": byCookie(authjwt.ErrCSRF, func(req *http.Request, _, _ string) { req.Header.Set("Origin", "https://evil.example") }),
	"login from another site": plain(func() *http.Request {
		return submitting("/login", formBody, asAlice, "Origin", "https://evil.example")
	}, authjwt.ErrCSRF),

	"wrong password":  plain(func() *http.Request { return submitting("/login", formBody, "username=alice&password=x") }, authjwt.ErrInvalidCredentials),
	"wrong user":      plain(func() *http.Request { return submitting("/login", jsonBody, `{"username":"x","password":"x"}`) }, authjwt.ErrInvalidCredentials),
	"no password":     plain(func() *http.Request { return submitting("/login", formBody, "username=alice") }, authjwt.ErrInvalidRequest),
	"login, no JSON":  plain(func() *http.Request { return submitting("/login", jsonBody, "{") }, authjwt.ErrInvalidRequest),
	"login as text":   plain(func() *http.Request { return submitting("/login", "text/plain", asAlice) }, authjwt.ErrInvalidRequest),
	"login, grant":    plain(func() *http.Request { return submitting("/login", formBody, asAlice+"&grant_type=x") }, authjwt.ErrInvalidRequest),
	"login, too long": plain(func() *http.Request { return submitting("/login", formBody, strings.Repeat("a", 64<<10+1)) }, authjwt.ErrInvalidRequest),
	"login by GET":    plain(func() *http.Request { return to("GET", "/token") }, authjwt.ErrInvalidRequest),

	"own":           plain(func() *http.Request { return to("GET", "/own") }, nil),
	"own, wrapped":  plain(func() *http.Request { return to("GET", "/own-wrapped") }, authjwt.ErrInvalidCredentials),
	"CSRF, by hand": plain(func() *http.Request { return to("GET", "/csrf") }, authjwt.ErrCSRF),
	"CSRF, wrapped": plain(func() *http.Request { return to("GET", "/csrf-wrapped") }, authjwt.ErrCSRF),
	"internal":      plain(func() *http.Request { return to("GET", "/broken") }, authjwt.ErrInternal),
}

// The twins of the cases: what is refused above is so for the reason given alone.
func TestPresets_Twins(t *testing.T) {
	for name, preset := range presets {
		s := newPresetService(t, preset, func(set *authjwt.Settings) {
			if set.TokenLocation == nil {
				set.TokenLocation = []authjwt.Location{authjwt.Headers, authjwt.Cookies}
			}
		})
		s.inCookie = name == "OAuth2Cookie"
		for path, changes := range map[string]claim{
			"/protected": {"exp": testNow.Unix() + 1, "nbf": testNow.Unix(), "iat": testNow.Unix()}, "/fresh": {"fresh": true},
			"/scoped": {"scope": "a"}, "/renewal": {"type": "refresh"}, "/optional": nil,
		} {
			rec := s.do(s.with(path, signedClaims(t, claims(changes))))
			require.Equal(t, `{"user":"alice"}`, rec.Body.String(), "%s %s", name, path)
		}
		for contentType, body := range map[string]string{formBody: asAlice + "&grant_type=password", jsonBody: `{"username":"alice","password":"wonderland"}`} {
			for _, path := range []string{"/login", "/token"} {
				req := submitting(path, contentType, body, "Origin", "https://example.com")
				require.Equal(t, http.StatusOK, s.do(req).Code, name)
			}
		}
		if s.inCookie {
			continue
		}
		access, value, _, _ := s.logsIn(t)
		req := to("POST", "/protected", "Cookie", accessCookie+"="+access, "X-CSRF-Token", value, "Origin", "https://example.com")
		require.Equal(t, `{"user":"alice"}`, s.do(req).Body.String(), name)
		req = to("POST", "/protected", "Cookie", accessCookie+"="+signedClaims(t, claims(claim{"csrf": "x"})), "X-CSRF-Token", "x")
		require.Equal(t, `{"user":"alice"}`, s.do(req).Body.String(), name)
	}
}

// later is a clock that is ahead.
func later(d time.Duration) func(s *authjwt.Settings) {
	return func(s *authjwt.Settings) { s.Now = func() time.Time { return testNow.Add(d) } }
}
