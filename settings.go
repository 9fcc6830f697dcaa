package authjwt

import (
	"context"
	"crypto"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/gin-gonic/gin"
)

// Location is a place of a request where a token may stand.
type Location string

// The locations, by fastapi-jwt-auth's and FastJWT's names.
const (
	Headers Location = "headers"
	Cookies Location = "cookies"
	Query   Location = "query"
	JSON    Location = "json"
)

const (
	// NoExpiry as a lifetime makes and accepts tokens without exp.
	NoExpiry time.Duration = -1
	// NoLeeway as ClockSkew allows no difference between clocks.
	NoLeeway time.Duration = -1
	// NoGrace as RefreshReuseGrace lets a refresh token be used once.
	NoGrace time.Duration = -1
	// NoHeaderType as HeaderType means that the header holds the bare token.
	NoHeaderType = "(none)"
	// NoIssuer as EncodeIssuer or DecodeIssuer keeps it from becoming what the other one is.
	NoIssuer = "(none)"
	// NoKeyID as KeyID, or as the ID of a Key, stamps no kid where an asymmetric key would have its thumbprint.
	NoKeyID = "(none)"
)

// Settings configures a [Manager]. The zero value of a field selects its default, and the default is
// the safe choice; a field that weakens security starts with Insecure. [New] copies the Settings and
// checks them all, so later changes to them have no effect. Printing Settings shows no secret, unless
// they stand by value in an unexported field of another struct, where fmt cannot ask them.
type Settings struct {
	// SecretKey signs and verifies with HMAC. It is used as it stands, byte for byte, and must be at
	// least as long as the hash: 32 octets for HS256, 48 for HS384, 64 for HS512 (RFC 7518 §3.2).
	// Make one with: openssl rand -base64 32. Beside a PrivateKey or PublicKey it does what DecodeAlgorithms lists of HMAC.
	SecretKey string
	// InsecureShortSecret admits a shorter SecretKey, for a service that must share an existing one.
	// An empty or a well-known secret is refused all the same, and so is a long one of few different octets.
	InsecureShortSecret bool
	// PrivateKey signs, and its public half verifies: an *rsa.PrivateKey of at least 2048 bits, an *ecdsa.PrivateKey on
	// P-256, P-384 or P-521, an ed25519.PrivateKey, or the crypto.Signer of a KMS or HSM, which [New] lets sign once and which
	// must bound its own time. It is not copied. Read one with [ParsePrivateKey]; make one with: openssl genpkey -algorithm ed25519
	PrivateKey crypto.Signer
	// PublicKey makes a Manager that only verifies. Beside PrivateKey it is not needed, and must match. Read one with [ParsePublicKey].
	PublicKey crypto.PublicKey
	// KeyID is stamped on new tokens as kid (RFC 7515 §4.1.4). A token that carries another kid is then refused; without
	// KeyID the kid of a token is ignored. Default: the thumbprint of PrivateKey (RFC 7638), for which NoKeyID is none; none otherwise.
	KeyID string
	// KeyRing holds several keys, which may be replaced while requests run. It takes the place of all fields above,
	// Algorithm and DecodeAlgorithms. Default: none.
	KeyRing *KeyRing
	// KeySet verifies the tokens of an outside issuer, in the place of all keys above; set DecodeIssuer and DecodeAudience with it.
	// Its tokens often lack what ours have: see UntypedTokens. Default: none.
	KeySet KeySet
	// UntypedTokens is what a token without a type claim counts as: Access, for issuers that know no such claim. It is
	// never fresh, and with a Store it must have a jti even so. Default: it is refused.
	UntypedTokens TokenType

	// Algorithm signs new tokens: HS256, HS384, HS512; RS256, RS384, RS512, PS256, PS384, PS512; ES256, ES384, ES512, by the curve;
	// EdDSA (RFC 7518 §3.1, RFC 8037 §3.1). Default: the first of these that fits the key; HS256 for a SecretKey.
	Algorithm string
	// DecodeAlgorithms are the algorithms accepted in tokens. Default: Algorithm alone; with a KeySet and no Algorithm, all but HS256, HS384
	// and HS512. A secret used with two algorithms counts as two keys; a key pair has one (RFC 8725 §3.1).
	DecodeAlgorithms []string

	// TokenLocation lists where tokens are looked for; the first location that holds a credential
	// decides, and a bad one is not passed over for a later one. In the FastAPI style Headers comes first, wherever it
	// stands. Default: Headers.
	TokenLocation []Location
	// HeaderName is the request header that carries the token. Default: Authorization.
	HeaderName string
	// HeaderType is the scheme before the token, compared without regard to case. Default: Bearer.
	// NoHeaderType expects the bare token.
	HeaderType string
	// QueryStringName is the query parameter that carries the access token, where Query is a location; refresh
	// tokens are never taken from there. Register [Manager.ErrorMiddleware] before a logger, which then gets
	// the URL without the token. Default: token.
	QueryStringName string
	// JSONKey is the member of a JSON body that carries the access token, where JSON is a location.
	// Default: access_token.
	JSONKey string
	// RefreshJSONKey is the member that carries the refresh token. Default: refresh_token.
	RefreshJSONKey string

	// AccessCookieKey is the name of the cookie that carries the access token. Default: access_token_cookie.
	AccessCookieKey string
	// AccessCookiePath is its Path. Default: /
	AccessCookiePath string
	// RefreshCookieKey is the name of the cookie that carries the refresh token. Default: refresh_token_cookie.
	RefreshCookieKey string
	// RefreshCookiePath is its Path, which must cover the refresh route. Default: /
	RefreshCookiePath string
	// CookieDomain is the Domain of all cookies. Default: none, so that only the host that set them
	// gets them back; with a Domain every host below it does, and can replace them.
	CookieDomain string
	// CookieSameSite is the SameSite of all cookies. Default: Lax. SameSiteDefaultMode leaves the
	// attribute out, for the browser to choose.
	CookieSameSite http.SameSite
	// CookiePrefix is put before the names of all cookies: __Host- or __Secure- (RFC 6265bis §4.1.3).
	// Browsers accept a __Host- cookie from this very host alone, which no other setting achieves.
	// Default: none.
	CookiePrefix string
	// CookieScheme is a word before the token inside the cookie, compared without regard to case:
	// Bearer writes "Bearer <jwt>". Default: none.
	CookieScheme string
	// InsecureAccessTokenInBody puts the access token into the answer of login and refresh even where Cookies is the only
	// location, for Swagger UI, say. A script that an attacker gets into the page can then read it there.
	InsecureAccessTokenInBody bool
	// PersistentCookies lets cookies outlive the browser, as long as the token in them lives but at
	// most 400 days (RFC 6265bis §5.5). Default: they end with the browser.
	// A login may choose otherwise: [WithPersistentCookies].
	PersistentCookies bool
	// CookieMaxAge makes cookies persistent, with this Max-Age but never more than the token's life. At
	// least one second, at most 400 days. [WithMaxAge] and [WithPersistentCookies] override it. Default: none.
	CookieMaxAge time.Duration
	// InsecureCookies omits Secure and admits http origins, for development without TLS. Chromium and
	// Firefox take http://localhost for secure, so that it is not needed there.
	InsecureCookies bool
	// FormerCookies are the Path and Domain that cookies of the same names had in earlier releases.
	// They are deleted wherever cookies are set or unset, for beside the new ones they would lock users out.
	FormerCookies []FormerCookie

	// InsecureDisableCSRF drops the double-submit value: no csrf claim, no CSRF cookies. The check of
	// Origin and Sec-Fetch-Site stays.
	InsecureDisableCSRF bool
	// CSRFMethods are the methods that need the double-submit value with a token from a cookie.
	// Default: all but GET, HEAD, OPTIONS and TRACE (RFC 9110 §9.2.1). An upgrade to WebSocket needs it
	// where no Origin vouches for it, and always in the FastAPI style.
	CSRFMethods []string
	// AccessCSRFCookieKey is the name of the cookie from which a page reads the value that goes with
	// the access token. The server never reads it. Default: csrf_access_token.
	AccessCSRFCookieKey string
	// AccessCSRFCookiePath is its Path; only pages below it can read the cookie. Default: /
	AccessCSRFCookiePath string
	// RefreshCSRFCookieKey is the same for the refresh token. Default: csrf_refresh_token.
	RefreshCSRFCookieKey string
	// RefreshCSRFCookiePath is its Path. Default: /
	RefreshCSRFCookiePath string
	// AccessCSRFHeaderName is the header in which that value is sent. Default: X-CSRF-Token.
	AccessCSRFHeaderName string
	// RefreshCSRFHeaderName is the header for the refresh token's. Default: X-CSRF-Token.
	RefreshCSRFHeaderName string
	// CSRFFormField is a field of urlencoded or multipart forms that may carry the value where the
	// header is missing; it must stand in the first 64 KiB. Default: none.
	CSRFFormField string
	// TrustedOrigins are other origins whose pages may use the cookies and log in, each as browsers
	// write it: https://app.example.com, with a port unless it is the scheme's own. A proxy that
	// changes the Host makes the site's own origin another one. Default: none.
	TrustedOrigins []string

	// AccessTokenExpires is the life of access tokens. Default: 15 minutes; at least one second; NoExpiry for none.
	AccessTokenExpires time.Duration
	// RefreshTokenExpires is the life of refresh tokens. Default: 30 days; at least one second; NoExpiry for none.
	RefreshTokenExpires time.Duration
	// DecodeLeeway is how long past its exp a token is still accepted; nbf and iat allow it too. Default: none; at most 5 minutes.
	DecodeLeeway time.Duration
	// ClockSkew is how far nbf and iat may lie in the future, for servers whose clocks differ.
	// Default: 5 seconds; at most 5 minutes; NoLeeway for none.
	ClockSkew time.Duration

	// EncodeIssuer is the iss of new tokens. Default: DecodeIssuer; none if both are empty. NoIssuer for none.
	EncodeIssuer string
	// DecodeIssuer is the only iss accepted, on access and refresh tokens alike (RFC 7519 §4.1.1).
	// Default: EncodeIssuer; if both are empty, iss is not checked. NoIssuer for no check.
	DecodeIssuer string
	// InsecureNoRefreshIssuer leaves iss out of refresh tokens and does not check it there, as fastapi-jwt-auth does: whoever
	// else signs with the same key can then have his refresh tokens turned into access tokens of this issuer.
	InsecureNoRefreshIssuer bool
	// EncodeAudience is the aud of new tokens. Default: DecodeAudience; none if both are nil. An empty list is none.
	EncodeAudience []string
	// DecodeAudience are the names this service goes by: a token must carry one of them
	// (RFC 7519 §4.1.3). Default: EncodeAudience; if both are empty, a token with an aud is refused.
	DecodeAudience []string
	// OmitNotBefore leaves nbf out of new tokens, as FastJWT does.
	OmitNotBefore bool
	// IntegerSubjects reads an integer sub, which some Python services mint, as its decimal text, so that 1 and "1" are one
	// subject. New tokens have a string (RFC 7519 §4.1.2). Default: such a token is refused.
	IntegerSubjects bool

	// Store, if set, keeps which tokens, sessions and subjects were revoked and which refresh tokens were
	// used: logout then ends the session on the server, and every refresh hands out a new refresh token. Each
	// guard asks it once. Where it cannot answer, requests are refused with 503. Default: none.
	Store Store
	// Sessions, if set, keeps when and from where each session was begun and last refreshed, for [Manager.Sessions]. It stands
	// beside a Store; [MemoryStore] and redisstore's are both. Where it cannot be reached, logins and refreshes
	// are answered with 503. It holds addresses and user agents, which are personal data, until the session is over. Default: none.
	Sessions SessionStore
	// StoreTimeout is how long the Store, and Sessions, may take. Default: 250ms. [MemoryStore] needs none.
	StoreTimeout time.Duration
	// Name sets the entries of this Manager apart from those of others in the same Store. Default: authjwt.
	Name string
	// TokenInDenylist, if set, tells whether a token is revoked, with a Store or without. An error means that
	// it cannot tell: 503, unless it is an *Error or an Err… reason. With RefreshWithin go by SessionID, for the ID of a token
	// that is renewed is another one. It must be safe for concurrent use.
	TokenInDenylist func(ctx context.Context, t *Token) (bool, error)
	// DenylistEnabled makes [New] insist on a Store or TokenInDenylist. Either of them is asked without it, too.
	DenylistEnabled bool
	// DenylistTokenChecks are the types of token about which Store and TokenInDenylist are asked.
	// Default: both.
	DenylistTokenChecks []TokenType
	// SessionExpires is the longest that refreshes can prolong a login, where a Store is set. Default: 90 days;
	// at least one second; NoExpiry for ever.
	SessionExpires time.Duration
	// RefreshReuseGrace is how long a used refresh token yields its successor once more, for several tabs and
	// answers that got lost. After it, its use revokes the session (RFC 9700 §4.14.2). Default: 10 seconds; at
	// most one minute; NoGrace for none. For a token that was used in an outage of the Store, whose client may have
	// got 503, it begins when the Store is back.
	RefreshReuseGrace time.Duration
	// RefreshWithin makes sessions slide: a guard that accepts an access token from a cookie with less life left than this, and
	// than half of its own, sets the cookies of a new one in its answer, to a request of the site's own pages. It has the same
	// claims, header, session and CSRF value, is not fresh, and never outlives session_exp. What has ended is not renewed, nor is a
	// token without a session, and nothing is set beside a login or a logout. Claims are not asked for again. Such an
	// answer is not cached, whatever the handler says, and one of 400 and above renews nothing. It needs a Store, and SessionExpires. Default: 0, none; at least one second, at most half of AccessTokenExpires.
	RefreshWithin time.Duration
	// KeepRefreshToken leaves refresh tokens good until they expire, as fastapi-jwt-auth does: a refresh hands
	// out an access token alone, and a stolen refresh token is not noticed.
	KeepRefreshToken bool
	// Validate, if set, is asked once about every token whose signature and claims are good. A non-nil
	// error refuses the token: an *Error or an Err… reason is answered as such (return ErrUnavailable
	// where the check cannot be made), any other as 401. It must be safe for concurrent use.
	Validate func(ctx context.Context, t *Token) error
	// LoadUser, if set, finds the user of the token that a guard has accepted, for [User], [UserOf] and [AuthJWT.User]: once per
	// request, when it is first asked for. Token.Type tells a refresh token, on a route that demands one. It returns nil, nil for a
	// user that is gone or disabled: 401. An *Error or an Err… reason is answered as such (return ErrUnavailable where the
	// database cannot be asked), any other error as 500. It must be safe for concurrent use.
	LoadUser func(ctx context.Context, t *Token) (any, error)
	// VerifiedTokenCache is how many tokens whose signature was good are remembered, by a digest of their whole text, so that
	// a token that comes again costs no signature check. Clock, claims, guards, Store, TokenInDenylist, Validate and KeySet are
	// asked about it all the same, and what an older set of keys has verified is forgotten. An entry takes about 1 KB,
	// and more with large claims. It pays for asymmetric keys alone: docs/performance.md tells when. Default: 0, none;
	// at most 1,048,576.
	VerifiedTokenCache int

	// OnEvent, if set, is told of logins, failed ones too, refreshes, refusals, revocations and the state of the Store, when
	// they have been decided. A panic in it is dropped. It must be quick, and safe for concurrent use.
	OnEvent func(ctx context.Context, e Event)
	// Logger, if set, gets the same events: refusals and refreshes at the level Debug, logins, failed ones too, and revocations
	// at Info, a used refresh token that came back and what was answered with 503 at Warn, a Store that is away or has lost its
	// memory, and what was answered with 500, at Error. The package writes no token into it, and of a refused request nothing but
	// the name of a failed login; of a 500 or 503 the cause goes in, which a callback of the application may have made. Default: none.
	Logger *slog.Logger

	// Errors is the style of refusals. Default: RFC6750.
	Errors ErrorStyle
	// ErrorHandler, if set, writes the refusals instead; the status headers are set already. Where it
	// writes nothing, the refusal is rendered as without it. It must be safe for concurrent use.
	ErrorHandler func(c *gin.Context, err *Error)
	// Realm is the realm of challenges (RFC 9110 §11.5). Default: api.
	Realm string

	// Now is the clock. Default: time.Now. It must be safe for concurrent use.
	Now func() time.Time
}

// FormerCookie is a place where cookies of the same names used to be: see [Settings].FormerCookies.
type FormerCookie struct {
	// Path is the former Path. Default: /
	Path string
	// Domain is the former Domain. Default: none.
	Domain string
}

// uses tells whether l is a location of tokens.
func (s *Settings) uses(l Location) bool { return slices.Contains(s.TokenLocation, l) }

// doubleSubmit tells whether tokens carry a csrf claim.
func (s *Settings) doubleSubmit() bool { return s.uses(Cookies) && !s.InsecureDisableCSRF }

// cookiesOnly tells whether new tokens go into cookies alone, and not into the answer.
func (s *Settings) cookiesOnly() bool { return s.uses(Cookies) && !s.uses(Headers) && !s.uses(JSON) }

// lifetime is how long new tokens of type t live, or NoExpiry.
func (s *Settings) lifetime(t TokenType) time.Duration {
	if t == Refresh {
		return s.RefreshTokenExpires
	}
	return s.AccessTokenExpires
}
