package authjwt

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
)

// FastAPIJWTAuth returns Settings with the wire form of fastapi-jwt-auth 0.5.0: its cookies, claims, statuses and
// bodies, so that services of both kinds can share a secret and a front end while routes move from one to the other.
// What is verified is verified as strictly as by default, but for what the fields say that start with Insecure, and iss
// where EncodeIssuer alone is set: as there, what is only encoded is not checked, and what is only decoded is not written.
// Add the keys, and whatever your service sets itself.
// [LoadSettings] starts from it. docs/migrate-fastapi-jwt-auth.md lists the differences.
func FastAPIJWTAuth() Settings {
	return Settings{
		KeyID:                   NoKeyID,
		Errors:                  FastAPI,
		InsecureCookies:         true,
		CookieSameSite:          http.SameSiteDefaultMode,
		ClockSkew:               NoLeeway,
		EncodeIssuer:            NoIssuer,
		DecodeIssuer:            NoIssuer,
		InsecureNoRefreshIssuer: true,
		EncodeAudience:          []string{},
		IntegerSubjects:         true,
		KeepRefreshToken:        true,
	}
}

// FastJWT returns Settings with the wire form of FastJWT 0.4.1: refresh tokens of 20 days, no nbf, and its statuses and
// bodies, {"message", "error_type"}. Add the keys, and TokenLocation unless it is Headers alone. exp is an integer here,
// as RFC 7519 has it; FastJWT's fractions are read.
func FastJWT() Settings {
	return Settings{
		KeyID:               NoKeyID,
		Errors:              FastJWTStyle,
		RefreshTokenExpires: 20 * 24 * time.Hour,
		OmitNotBefore:       true,
		KeepRefreshToken:    true,
	}
}

// OAuth2Cookie returns Settings with the wire form of the FastAPI tutorial "Securing JWT Login with HttpOnly Cookie": the
// cookie access_token="Bearer <jwt>", the token in the answer of the login, too, tokens with nothing but sub and exp
// accepted, and refusals in its words. Its pages send no CSRF value; against other sites' pages the check of Origin and
// Sec-Fetch-Site is left. Add the keys. ErrorHandler is set.
func OAuth2Cookie() Settings {
	return Settings{
		KeyID:                     NoKeyID,
		TokenLocation:             []Location{Cookies},
		AccessCookieKey:           "access_token",
		CookieScheme:              "Bearer",
		InsecureDisableCSRF:       true,
		InsecureAccessTokenInBody: true,
		UntypedTokens:             Access,
		ErrorHandler:              tutorialError,
	}
}

// tutorialError words refusals as the tutorial does, but for the application's own; their status and WWW-Authenticate
// are set already.
func tutorialError(c *gin.Context, err *Error) {
	detail := err.Detail
	if err.kind != nil {
		switch err.kind.reason {
		case ErrMissingToken:
			detail = "Not authenticated"
		case ErrInvalidCredentials:
			detail = "Incorrect username or password"
		case ErrJWTDecode:
			detail = "Could not validate credentials"
		}
	}
	writeJSON(c, err.Status, detailAlone{detail})
}
