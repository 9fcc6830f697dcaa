package authjwt

import (
	"net/http"
	"slices"
	"time"
)

const (
	defaultAccessExpires  = 15 * time.Minute
	defaultRefreshExpires = 30 * 24 * time.Hour
	defaultClockSkew      = 5 * time.Second
	defaultSessionExpires = 90 * 24 * time.Hour
	defaultReuseGrace     = 10 * time.Second
	maxReuseGrace         = time.Minute
	defaultStoreTimeout   = 250 * time.Millisecond
	defaultName           = "authjwt"
	maxLeeway             = 5 * time.Minute
	maxCookieAge          = 400 * 24 * time.Hour
)

// withDefaults returns a copy of s that shares no memory with it and has every default filled in but for the
// algorithms, which depend on the keys: see makeKeys.
func (s Settings) withDefaults() Settings {
	setDefault(&s.HeaderName, "Authorization")
	setDefault(&s.HeaderType, "Bearer")
	setDefault(&s.QueryStringName, "token")
	setDefault(&s.JSONKey, "access_token")
	setDefault(&s.RefreshJSONKey, "refresh_token")
	s.cookieDefaults()
	setDefault(&s.AccessTokenExpires, defaultAccessExpires)
	setDefault(&s.RefreshTokenExpires, defaultRefreshExpires)
	setDefault(&s.ClockSkew, defaultClockSkew)
	setDefault(&s.Realm, "api")
	setDefault(&s.Name, defaultName)
	setDefault(&s.SessionExpires, defaultSessionExpires)
	setDefault(&s.RefreshReuseGrace, defaultReuseGrace)
	setDefault(&s.StoreTimeout, defaultStoreTimeout)
	if s.DenylistTokenChecks == nil {
		s.DenylistTokenChecks = []TokenType{Access, Refresh}
	}
	encode, decode := s.EncodeIssuer, s.DecodeIssuer
	setDefault(&s.EncodeIssuer, decode)
	setDefault(&s.DecodeIssuer, encode)
	for _, issuer := range []*string{&s.EncodeIssuer, &s.DecodeIssuer} {
		if *issuer == NoIssuer {
			*issuer = ""
		}
	}
	if s.TokenLocation == nil {
		s.TokenLocation = []Location{Headers}
	}
	encodeAud, decodeAud := s.EncodeAudience, s.DecodeAudience
	if encodeAud == nil {
		s.EncodeAudience = decodeAud
	}
	if decodeAud == nil && len(encodeAud) > 0 {
		s.DecodeAudience = encodeAud
	}
	if s.Now == nil {
		s.Now = systemClock
	}
	s.DecodeAlgorithms = slices.Clone(s.DecodeAlgorithms)
	s.TokenLocation = slices.Clone(s.TokenLocation)
	s.headersFirst(s.TokenLocation)
	s.EncodeAudience = slices.Clone(s.EncodeAudience)
	s.DecodeAudience = slices.Clone(s.DecodeAudience)
	s.DenylistTokenChecks = slices.Clone(s.DenylistTokenChecks)
	s.CSRFMethods = slices.Clone(s.CSRFMethods)
	s.TrustedOrigins = slices.Clone(s.TrustedOrigins)
	s.FormerCookies = slices.Clone(s.FormerCookies)
	for i := range s.FormerCookies {
		setDefault(&s.FormerCookies[i].Path, "/")
	}
	return s
}

func (s *Settings) cookieDefaults() {
	setDefault(&s.AccessCookieKey, "access_token_cookie")
	setDefault(&s.RefreshCookieKey, "refresh_token_cookie")
	setDefault(&s.AccessCSRFCookieKey, "csrf_access_token")
	setDefault(&s.RefreshCSRFCookieKey, "csrf_refresh_token")
	for _, path := range []*string{&s.AccessCookiePath, &s.RefreshCookiePath, &s.AccessCSRFCookiePath, &s.RefreshCSRFCookiePath} {
		setDefault(path, "/")
	}
	setDefault(&s.CookieSameSite, http.SameSiteLaxMode)
	setDefault(&s.AccessCSRFHeaderName, "X-CSRF-Token")
	setDefault(&s.RefreshCSRFHeaderName, "X-CSRF-Token")
}

// headersFirst puts Headers first in the FastAPI style.
func (s *Settings) headersFirst(locations []Location) {
	if at := slices.Index(locations, Headers); s.Errors == FastAPI && at > 0 {
		copy(locations[1:], locations[:at])
		locations[0] = Headers
	}
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// systemClock is the clock where none is given.
func systemClock() time.Time { return time.Now() }
