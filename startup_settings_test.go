package authjwt_test

import (
	"context"
	"crypto"
	"crypto/rsa"
	"net/http"
	"strings"
	"time"

	"github.com/gin-authjwt/authjwt"
)

type fakeKeySet struct{}

func (fakeKeySet) VerificationKey(context.Context, string, string) (crypto.PublicKey, error) {
	return nil, nil
}

// wrongSettings has at least one wrong value for every field that can be wrong by itself, and the words
// of the message that say what to do.
var wrongSettings = []struct {
	field string
	edit  func(s *authjwt.Settings)
	fix   string
}{
	{"SecretKey", func(s *authjwt.Settings) { s.SecretKey = "" }, "make one with: openssl rand -base64 32"},
	{"SecretKey", func(s *authjwt.Settings) { s.SecretKey = "  ChangeMe " }, "make one with: openssl rand -base64 32"},
	{"SecretKey", func(s *authjwt.Settings) { s.SecretKey, s.InsecureShortSecret = "", true }, "make one with: openssl rand -base64 32"},
	{"SecretKey", func(s *authjwt.Settings) { s.SecretKey = testSecret[:31] }, "needs at least 32"},
	{"SecretKey", func(s *authjwt.Settings) { s.SecretKey, s.Algorithm = testSecret[:63], "HS512" }, "make one with: openssl rand -base64 64"},
	{"SecretKey", func(s *authjwt.Settings) { s.SecretKey = strings.Repeat("ab", 32) }, "make one with: openssl rand -base64 32"},
	{"KeyID", func(s *authjwt.Settings) { s.KeyID = "\xff" }, "use letters and digits"},
	{"PrivateKey", func(s *authjwt.Settings) { s.PrivateKey = (*rsa.PrivateKey)(nil) }, "parse one with authjwt.ParsePrivateKey"},
	{"PublicKey", func(s *authjwt.Settings) { s.PublicKey = []byte("-----BEGIN PUBLIC KEY-----") }, "parse it with authjwt.ParsePublicKey"},
	{"KeyRing", func(s *authjwt.Settings) { s.SecretKey, s.KeyRing = "", new(authjwt.KeyRing) }, "make it with NewKeyRing"},
	{"KeySet", func(s *authjwt.Settings) { s.SecretKey, s.KeySet = "", (*fakeKeySet)(nil) }, "leave it nil"},
	{"KeySet", func(s *authjwt.Settings) { s.KeySet = fakeKeySet{} }, "make a Manager for each issuer"},
	{"VerifiedTokenCache", func(s *authjwt.Settings) { s.VerifiedTokenCache = -1 }, "use 10000 say"},
	{"VerifiedTokenCache", func(s *authjwt.Settings) { s.VerifiedTokenCache = 10 }, "leave it 0"},
	{"VerifiedTokenCache", func(s *authjwt.Settings) { s.VerifiedTokenCache = 1<<20 + 1 }, "use 10000 say"},
	{"UntypedTokens", func(s *authjwt.Settings) { s.UntypedTokens = authjwt.Refresh }, "use Access, or leave it empty"},
	{"Store", func(s *authjwt.Settings) { s.Store = (*authjwt.MemoryStore)(nil) }, "new(authjwt.MemoryStore)"},
	{"Sessions", func(s *authjwt.Settings) { s.Sessions = (*authjwt.MemoryStore)(nil) }, "set it to what Store is"},
	{"Sessions", func(s *authjwt.Settings) { s.Sessions = new(authjwt.MemoryStore) }, "set Store"},
	{"StoreTimeout", func(s *authjwt.Settings) { s.StoreTimeout = 250 }, "write 250*time.Millisecond"},
	{"StoreTimeout", func(s *authjwt.Settings) { s.StoreTimeout = time.Minute + 1 }, "from 1ms to 1m"},
	{"Name", func(s *authjwt.Settings) { s.Name = "shop:staff" }, "use at most 64 letters"},
	{"Name", func(s *authjwt.Settings) { s.Name = strings.Repeat("a", 65) }, "use at most 64 letters"},
	{"DenylistEnabled", func(s *authjwt.Settings) { s.DenylistEnabled = true }, "set Store or TokenInDenylist"},
	{"DenylistTokenChecks", func(s *authjwt.Settings) { s.DenylistTokenChecks = []authjwt.TokenType{} }, "leave it nil"},
	{"DenylistTokenChecks", func(s *authjwt.Settings) { s.DenylistTokenChecks = []authjwt.TokenType{"acces"} }, "use Access or Refresh"},
	{"SessionExpires", func(s *authjwt.Settings) { s.SessionExpires = 90 }, "or NoExpiry"},
	{"RefreshReuseGrace", func(s *authjwt.Settings) { s.RefreshReuseGrace = 10 }, "write 10*time.Second"},
	{"RefreshReuseGrace", func(s *authjwt.Settings) { s.RefreshReuseGrace = -2 }, "or NoGrace"},
	{"RefreshReuseGrace", func(s *authjwt.Settings) { s.RefreshReuseGrace = time.Minute + 1 }, "from 1s to 1m"},
	{"RefreshWithin", func(s *authjwt.Settings) { s.RefreshWithin = 300 }, "write 5*time.Minute"},
	{"RefreshWithin", func(s *authjwt.Settings) { s.RefreshWithin = -1 }, "write 5*time.Minute"},
	{"RefreshWithin", func(s *authjwt.Settings) { slides(s); s.RefreshWithin = 450*time.Second + 1 }, "use a third"},
	{"RefreshWithin", func(s *authjwt.Settings) { slides(s); s.AccessTokenExpires = authjwt.NoExpiry }, "set AccessTokenExpires"},
	{"RefreshWithin", func(s *authjwt.Settings) { slides(s); s.SessionExpires = authjwt.NoExpiry }, "set SessionExpires"},
	{"RefreshWithin", func(s *authjwt.Settings) { slides(s); s.TokenLocation = nil }, "add Cookies"},
	{"RefreshWithin", func(s *authjwt.Settings) { slides(s); s.Store = nil }, "set Store"},
	{"RefreshWithin", func(s *authjwt.Settings) { slides(s); s.SecretKey, s.PublicKey = "", ed25519Key().Public() }, "set a key that signs"},
	{"Algorithm", func(s *authjwt.Settings) { s.Algorithm = "none" }, "ES512 or EdDSA"},
	{"Algorithm", func(s *authjwt.Settings) { s.Algorithm = "hs256" }, "ES512 or EdDSA"},
	{"DecodeAlgorithms", func(s *authjwt.Settings) { s.DecodeAlgorithms = []string{} }, "leave it nil"},
	{"DecodeAlgorithms", func(s *authjwt.Settings) { s.DecodeAlgorithms = []string{"HS256", "none"} }, "ES512 or EdDSA"},
	{"DecodeAlgorithms", func(s *authjwt.Settings) { s.DecodeAlgorithms = []string{"HS512"} }, "add it"},
	{"DecodeAlgorithms", func(s *authjwt.Settings) { s.DecodeAlgorithms = []string{"HS256", "HS256"} }, "name it once"},
	{"TokenLocation", func(s *authjwt.Settings) { s.TokenLocation = []authjwt.Location{} }, "leave it nil"},
	{"TokenLocation", func(s *authjwt.Settings) { s.TokenLocation = []authjwt.Location{"header"} }, "use Headers"},
	{"HeaderName", func(s *authjwt.Settings) { s.HeaderName = "X Token" }, "leave it empty"},
	{"HeaderName", func(s *authjwt.Settings) { s.HeaderName = "cookie" }, "leave it empty"},
	{"HeaderType", func(s *authjwt.Settings) { s.HeaderType = "Bearer " }, "leave it empty"},
	{"QueryStringName", func(s *authjwt.Settings) { s.QueryStringName = "\xff" }, "leave it empty"},
	{"JSONKey", func(s *authjwt.Settings) { s.JSONKey = "\xff" }, "leave it empty"},
	{"RefreshJSONKey", func(s *authjwt.Settings) { s.RefreshJSONKey = "\xff" }, "leave it empty"},
	{"AccessCookieKey", func(s *authjwt.Settings) { s.AccessCookieKey = "access token" }, "use letters"},
	{"AccessCookieKey", func(s *authjwt.Settings) { s.AccessCookieKey = strings.Repeat("a", 1025) }, "use a short name"},
	{"AccessCookieKey", func(s *authjwt.Settings) { s.AccessCookieKey, s.CookiePrefix = "__host-access", "__Host-" }, "leave this one out"},
	{"AccessCookieKey", func(s *authjwt.Settings) { s.AccessCookieKey, s.AccessCookiePath = "__host-access", "/api" }, "use __Secure-"},
	{"AccessCookieKey", func(s *authjwt.Settings) { s.AccessCookieKey, s.CookieDomain = "__host-access", "example.com" }, "use __Secure-"},
	{"RefreshCookieKey", func(s *authjwt.Settings) { s.RefreshCookieKey, s.InsecureCookies = "__Secure-refresh", true }, "without Secure"},
	{"RefreshCookieKey", func(s *authjwt.Settings) { s.RefreshCookieKey = "access_token_cookie" }, "give each its own"},
	{"AccessCSRFCookieKey", func(s *authjwt.Settings) { s.AccessCSRFCookieKey = "__Http-csrf" }, "leave it out"},
	{"AccessCSRFCookieKey", func(s *authjwt.Settings) { s.AccessCSRFCookieKey = "a;b" }, "use letters"},
	{"RefreshCSRFCookieKey", func(s *authjwt.Settings) { s.RefreshCSRFCookieKey = "a b" }, "use letters"},
	{"RefreshCSRFCookieKey", func(s *authjwt.Settings) { s.RefreshCSRFCookieKey = "csrf_access_token" }, "give each its own"},
	{"AccessCookiePath", func(s *authjwt.Settings) { s.AccessCookiePath = "api" }, "begin it with /"},
	{"AccessCookiePath", func(s *authjwt.Settings) { s.AccessCookiePath = "/a;b" }, "as in a URL"},
	{"AccessCookiePath", func(s *authjwt.Settings) { s.AccessCookiePath, s.CookiePrefix = "/api", "__Host-" }, "use __Secure-"},
	{"RefreshCookiePath", func(s *authjwt.Settings) { s.RefreshCookiePath = "/\u00e9" }, "as in a URL"},
	{"RefreshCookiePath", func(s *authjwt.Settings) { s.RefreshCookiePath = "/" + strings.Repeat("a", 1024) }, "begin it with /"},
	{"AccessCSRFCookiePath", func(s *authjwt.Settings) { s.AccessCSRFCookiePath = "csrf" }, "begin it with /"},
	{"RefreshCSRFCookiePath", func(s *authjwt.Settings) { s.RefreshCSRFCookiePath = "\x00" }, "begin it with /"},
	{"RefreshCSRFCookiePath", func(s *authjwt.Settings) { s.RefreshCSRFCookiePath, s.CookiePrefix = "/auth", "__Host-" }, "use __Secure-"},
	{"CookieDomain", func(s *authjwt.Settings) { s.CookieDomain = "https://example.com" }, "name a host"},
	{"CookieDomain", func(s *authjwt.Settings) { s.CookieDomain = "example.com:8080" }, "name a host"},
	{"CookieDomain", func(s *authjwt.Settings) { s.CookieDomain, s.CookiePrefix = "example.com", "__Host-" }, "use __Secure-"},
	{"CookieSameSite", func(s *authjwt.Settings) { s.CookieSameSite = 5 }, "http.SameSite"},
	{"CookieSameSite", func(s *authjwt.Settings) { s.CookieSameSite = -1 }, "http.SameSite"},
	{"CookieSameSite", func(s *authjwt.Settings) { s.CookieSameSite, s.InsecureCookies = http.SameSiteNoneMode, true }, "leave InsecureCookies out"},
	{"CookiePrefix", func(s *authjwt.Settings) { s.CookiePrefix = "__host-" }, "use __Host-"},
	{"InsecureCookies", func(s *authjwt.Settings) { s.InsecureCookies, s.CookiePrefix = true, "__Secure-" }, "leave one of them out"},
	{"CookieScheme", func(s *authjwt.Settings) { s.CookieScheme = "Bearer " }, "use Bearer"},
	{"CookieMaxAge", func(s *authjwt.Settings) { s.CookieMaxAge = 3600 }, "write 24*time.Hour"},
	{"CookieMaxAge", func(s *authjwt.Settings) { s.CookieMaxAge = -time.Hour }, "write 24*time.Hour"},
	{"CookieMaxAge", func(s *authjwt.Settings) { s.CookieMaxAge = 400*24*time.Hour + 1 }, "at most 400 days"},
	{"FormerCookies", func(s *authjwt.Settings) { s.FormerCookies = []authjwt.FormerCookie{{Path: "old"}} }, "begin it with /"},
	{"FormerCookies", func(s *authjwt.Settings) { s.FormerCookies = []authjwt.FormerCookie{{}} }, "list earlier places alone"},
	{"FormerCookies", func(s *authjwt.Settings) { s.FormerCookies = []authjwt.FormerCookie{{Domain: "a b"}} }, "name a host"},
	{"FormerCookies", func(s *authjwt.Settings) {
		s.CookieDomain, s.FormerCookies = "a.example", []authjwt.FormerCookie{{Domain: ".A.example"}}
	}, "list earlier places alone"},
	{"FormerCookies", func(s *authjwt.Settings) { s.FormerCookies = []authjwt.FormerCookie{{Path: "/a"}, {Path: "/a"}} }, "list it once"},
	{"FormerCookies", func(s *authjwt.Settings) {
		s.CookiePrefix, s.FormerCookies = "__Host-", []authjwt.FormerCookie{{Path: "/a"}}
	}, "use __Secure-"},
	{"CSRFMethods", func(s *authjwt.Settings) { s.CSRFMethods = []string{} }, "leave it nil"},
	{"CSRFMethods", func(s *authjwt.Settings) { s.CSRFMethods = []string{"POST", "put"} }, "write it in upper case"},
	{"CSRFMethods", func(s *authjwt.Settings) { s.CSRFMethods = []string{"POST, PUT"} }, "write it in upper case"},
	{"AccessCSRFHeaderName", func(s *authjwt.Settings) { s.AccessCSRFHeaderName = "X CSRF" }, "leave it empty"},
	{"AccessCSRFHeaderName", func(s *authjwt.Settings) { s.AccessCSRFHeaderName = "authorization" }, "leave it empty"},
	{"AccessCSRFHeaderName", func(s *authjwt.Settings) { s.AccessCSRFHeaderName = "Sec-CSRF" }, "leave it empty"},
	{"AccessCSRFHeaderName", func(s *authjwt.Settings) { s.AccessCSRFHeaderName = "proxy-csrf" }, "leave it empty"},
	{"RefreshCSRFHeaderName", func(s *authjwt.Settings) { s.RefreshCSRFHeaderName = "referer" }, "leave it empty"},
	{"RefreshCSRFHeaderName", func(s *authjwt.Settings) { s.RefreshCSRFHeaderName, s.HeaderName = "x-token", "X-Token" }, "leave it empty"},
	{"RefreshCSRFHeaderName", func(s *authjwt.Settings) { s.RefreshCSRFHeaderName, s.HeaderName = "authorization", "X-Token" }, "leave it empty"},
	{"RefreshCSRFHeaderName", func(s *authjwt.Settings) { s.RefreshCSRFHeaderName = "cookie" }, "leave it empty"},
	{"CSRFFormField", func(s *authjwt.Settings) { s.CSRFFormField = "\xff" }, "use csrf_token"},
	{"TrustedOrigins", func(s *authjwt.Settings) { s.TrustedOrigins = []string{"app.example.com"} }, "https://app.example.com"},
	{"TrustedOrigins", func(s *authjwt.Settings) { s.TrustedOrigins = []string{"https://:8080"} }, "https://app.example.com"},
	{"TrustedOrigins", func(s *authjwt.Settings) { s.TrustedOrigins = []string{"https://.."} }, "https://app.example.com"},
	{"TrustedOrigins", func(s *authjwt.Settings) { s.TrustedOrigins = []string{"https://app.example.com:99999"} }, "with a port"},
	{"TrustedOrigins", func(s *authjwt.Settings) { s.TrustedOrigins = []string{"https://app.example.com:0444"} }, "with a port"},
	{"TrustedOrigins", func(s *authjwt.Settings) { s.TrustedOrigins = []string{"https://app.example.com:"} }, "with a port"},
	{"TrustedOrigins", func(s *authjwt.Settings) { s.TrustedOrigins = []string{"https://[0:0:0:0:0:0:0:1]"} }, "as browsers do"},
	{"TrustedOrigins", func(s *authjwt.Settings) { s.TrustedOrigins = []string{"https://app.example.com:443"} }, "unless it is the scheme's own"},
	{"TrustedOrigins", func(s *authjwt.Settings) { s.TrustedOrigins = []string{"https://*.example.com"} }, "without path or wildcard"},
	{"TrustedOrigins", func(s *authjwt.Settings) { s.TrustedOrigins = []string{"https://App.example.com"} }, "in lower case"},
	{"AccessTokenExpires", func(s *authjwt.Settings) { s.AccessTokenExpires = 900 }, "write 15*time.Minute"},
	{"AccessTokenExpires", func(s *authjwt.Settings) { s.AccessTokenExpires = -time.Hour }, "or NoExpiry"},
	{"RefreshTokenExpires", func(s *authjwt.Settings) { s.RefreshTokenExpires = time.Second - 1 }, "or NoExpiry"},
	{"DecodeLeeway", func(s *authjwt.Settings) { s.DecodeLeeway = 5*time.Minute + 1 }, "use a few seconds"},
	{"DecodeLeeway", func(s *authjwt.Settings) { s.DecodeLeeway = -2 }, "or NoLeeway"},
	{"ClockSkew", func(s *authjwt.Settings) { s.ClockSkew = 5*time.Minute + 1 }, "use a few seconds"},
	{"EncodeIssuer", func(s *authjwt.Settings) { s.EncodeIssuer, s.DecodeIssuer = "\xff", "a" }, "use the issuer's URL"},
	{"DecodeIssuer", func(s *authjwt.Settings) { s.EncodeIssuer, s.DecodeIssuer = "a", "\xff" }, "use the issuer's URL"},
	{"EncodeAudience", func(s *authjwt.Settings) { s.EncodeAudience, s.DecodeAudience = []string{""}, []string{"a"} }, "name the service"},
	{"DecodeAudience", func(s *authjwt.Settings) { s.EncodeAudience, s.DecodeAudience = []string{"a"}, []string{} }, "leave it nil"},
	{"DecodeAudience", func(s *authjwt.Settings) { s.EncodeAudience, s.DecodeAudience = []string{"a"}, []string{"a", "\xff"} }, "name the service"},
	{"Errors", func(s *authjwt.Settings) { s.Errors = 3 }, "use RFC6750, FastAPI or FastJWTStyle"},
	{"Errors", func(s *authjwt.Settings) { s.Errors = -1 }, "use RFC6750, FastAPI or FastJWTStyle"},
	{"Realm", func(s *authjwt.Settings) { s.Realm = `a"b` }, "use printable ASCII"},
}
