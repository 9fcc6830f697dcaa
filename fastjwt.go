package authjwt

import "net/http"

// fastJWTName is the class of FastJWT's that an error is told as; where it has none, one named as it would be, and the
// application's own by its Code.
func fastJWTName(e *Error) string {
	if e.kind == nil {
		return e.Code
	}
	switch e.kind.reason {
	case ErrMissingToken:
		return "MissingTokenError"
	case ErrJWTDecode, ErrInvalidHeader: // FastJWT looks for a token in whatever the header holds
		return "JWTDecodeError"
	case ErrCSRF:
		return "CSRFError"
	case ErrRevokedToken:
		return "RevokedTokenError"
	case ErrAccessTokenRequired:
		return "AccessTokenRequiredError"
	case ErrRefreshTokenRequired:
		return "RefreshTokenRequiredError"
	case ErrFreshTokenRequired:
		return "FreshTokenRequiredError"
	case ErrInsufficientScope:
		return "InsufficientScopeError"
	case ErrInvalidCredentials:
		return "InvalidCredentialsError"
	case ErrInvalidRequest:
		return "InvalidRequestError"
	case ErrUnavailable:
		return "UnavailableError"
	}
	return "InternalError"
}

// inFastJWT gives the status and the text of a failure in the FastJWT style. Its texts about tokens are PyJWT 2's,
// nearly all of which are PyJWT 1.7's; a CSRF value that is missing is told as such, which FastJWT means to do.
func (m *Manager) inFastJWT(f *failure) (status int, detail string) {
	switch {
	case f.reason == ErrMissingToken:
		return f.fastAPI, "Missing JWT in request"
	case f.reason == ErrAccessTokenRequired:
		return http.StatusUnauthorized, "Access token required"
	case f.reason == ErrRefreshTokenRequired:
		return http.StatusUnauthorized, "Refresh token required"
	case f.code == failRevoked.code:
		return f.fastAPI, "Invalid token"
	case f == failAudience && len(m.settings.DecodeAudience) > 0:
		return f.fastAPI, "Audience doesn't match"
	case f.code == "csrf_missing":
		return f.fastAPI, "Missing CSRF double submit token in request"
	case f.code == "csrf_mismatch":
		return f.fastAPI, "CSRF double submit does not match"
	case f.code == failNoCSRFClaim.code:
		return http.StatusUnauthorized, f.detail
	}
	return f.fastAPI, f.detail
}
