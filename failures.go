package authjwt

import (
	"errors"
	"net/http"
	"unicode/utf8"

	"github.com/golang-jwt/jwt/v5"
)

// A failure is one way to be refused; all of it is fixed before the first request.
type failure struct {
	reason  error
	cause   error  // golang-jwt's sentinel, where it has one
	status  int    // in the RFC6750 style
	fastAPI int    // in the FastAPI style
	bearer  string // error= of the challenge (RFC 6750 §3.1); empty: none
	code    string
	detail  string
}

// The texts are fastapi-jwt-auth's and PyJWT 1.7.1's, where these have one.
var (
	failSegments    = badToken("token_malformed", "Not enough segments", jwt.ErrTokenMalformed)
	failTooLong     = badToken("token_malformed", "Token is too long", jwt.ErrTokenMalformed)
	failHeaderText  = badToken("token_malformed", "Invalid header padding", jwt.ErrTokenMalformed)
	failPayloadText = badToken("token_malformed", "Invalid payload padding", jwt.ErrTokenMalformed)
	failSigText     = badToken("token_malformed", "Invalid crypto padding", jwt.ErrTokenMalformed)
	failJOSEHeader  = badToken("token_malformed", "Invalid header string: must be a json object", jwt.ErrTokenMalformed)
	failPayload     = badToken("token_malformed", "Invalid payload string: must be a json object", jwt.ErrTokenMalformed)
	failHeaderParam = badToken("token_malformed", "Header parameter not supported", jwt.ErrTokenUnverifiable)
	failKeyID       = badToken("token_malformed", "Key ID header parameter must be a string", jwt.ErrTokenMalformed)
	failAlgorithm   = badToken("token_signature_invalid", "The specified alg value is not allowed", jwt.ErrTokenSignatureInvalid)
	failKey         = badToken("token_key_unknown", "There is no key for the token", jwt.ErrTokenUnverifiable)
	failSignature   = badToken("token_signature_invalid", "Signature verification failed", jwt.ErrTokenSignatureInvalid)

	failIssuedAtType  = badToken("token_claims_invalid", "Issued At claim (iat) must be an integer.", jwt.ErrTokenInvalidClaims)
	failIssuedAt      = badToken("token_not_yet_valid", "The token is not yet valid (iat)", jwt.ErrTokenUsedBeforeIssued)
	failNotBeforeType = badToken("token_claims_invalid", "Not Before claim (nbf) must be an integer.", jwt.ErrTokenInvalidClaims)
	failNotBefore     = badToken("token_not_yet_valid", "The token is not yet valid (nbf)", jwt.ErrTokenNotValidYet)
	failNoExpiry      = badToken("token_claims_invalid", `Token is missing the "exp" claim`, jwt.ErrTokenRequiredClaimMissing)
	failExpiryType    = badToken("token_claims_invalid", "Expiration Time claim (exp) must be an integer.", jwt.ErrTokenInvalidClaims)
	failExpired       = badToken("token_expired", "Signature has expired", jwt.ErrTokenExpired)
	failNoIssuer      = badToken("token_issuer_invalid", `Token is missing the "iss" claim`, jwt.ErrTokenRequiredClaimMissing)
	failIssuer        = badToken("token_issuer_invalid", "Invalid issuer", jwt.ErrTokenInvalidIssuer)
	failNoAudience    = badToken("token_audience_invalid", `Token is missing the "aud" claim`, jwt.ErrTokenRequiredClaimMissing)
	failAudience      = badToken("token_audience_invalid", "Invalid audience", jwt.ErrTokenInvalidAudience)
	failAudienceForm  = badToken("token_audience_invalid", "Invalid claim format in token", jwt.ErrTokenInvalidAudience)
	failNoSubject     = badToken("token_claims_invalid", `Token is missing the "sub" claim`, jwt.ErrTokenRequiredClaimMissing)
	failSubject       = badToken("token_claims_invalid", "Subject claim (sub) must be a string.", jwt.ErrTokenInvalidSubject)
	failTokenID       = badToken("token_claims_invalid", "JWT ID claim (jti) must be a string.", jwt.ErrTokenInvalidId)
	failNoTokenID     = badToken("token_claims_invalid", `Token is missing the "jti" claim`, jwt.ErrTokenRequiredClaimMissing)
	failSession       = badToken("token_claims_invalid", "Session claims (sid, session_exp, session_iat) must be a string and integers.", jwt.ErrTokenInvalidClaims)
	failNoType        = badToken("token_claims_invalid", `Token is missing the "type" claim`, jwt.ErrTokenRequiredClaimMissing)
	failRefused       = badToken("token_refused", "Token is not accepted", jwt.ErrTokenInvalidClaims)

	failRevoked        = &failure{ErrRevokedToken, nil, 401, 401, "invalid_token", "token_revoked", "Token has been revoked"}
	failNoUser         = &failure{ErrRevokedToken, nil, 401, 401, "invalid_token", "user_refused", "The user of the token is not accepted"}
	failNotAccess      = &failure{ErrAccessTokenRequired, nil, 401, 422, "invalid_token", "access_token_required", "Only access tokens are allowed"}
	failNotRefresh     = &failure{ErrRefreshTokenRequired, nil, 401, 422, "invalid_token", "refresh_token_required", "Only refresh tokens are allowed"}
	failNotFresh       = &failure{ErrFreshTokenRequired, nil, 401, 401, "insufficient_user_authentication", "fresh_token_required", "Fresh token required"}
	failScope          = &failure{ErrInsufficientScope, nil, 403, 403, "insufficient_scope", "insufficient_scope", "The token lacks a required scope"}
	failNoCSRFClaim    = &failure{ErrCSRF, nil, 403, 422, "", "csrf_claim_missing", "Missing claim: csrf"}
	failCrossOrigin    = &failure{ErrCSRF, nil, 403, 401, "", "csrf_origin", "Cross-origin request. If the page is yours, list its origin in TrustedOrigins"}
	failInsecureOrigin = &failure{ErrCSRF, nil, 403, 401, "", "csrf_origin", "The origin of the page is not https. Serve it over https, list its origin in TrustedOrigins, or set InsecureCookies for development"}
	failCSRF           = &failure{ErrCSRF, nil, 403, 401, "", "csrf", "CSRF check failed"}

	failNoAccessToken   = missingToken("Missing access token from Query or Path")
	failNoRefreshToken  = missingToken("Missing refresh token from Query or Path")
	failMixed           = &failure{ErrInvalidRequest, nil, 400, 422, "invalid_request", "invalid_request", "Several tokens. Send one, in the header or in the query"}
	failRepeatedQuery   = &failure{ErrInvalidRequest, nil, 400, 422, "invalid_request", "invalid_request", "Several tokens in the query. Expected one"}
	failCredentials     = &failure{ErrInvalidCredentials, nil, 401, 401, "", "invalid_credentials", "Bad username or password"}
	failMediaType       = &failure{ErrInvalidRequest, nil, 415, 415, "", "unsupported_media_type", "Send the credentials as JSON or as a form"}
	failTooLarge        = &failure{ErrInvalidRequest, nil, 413, 413, "", "request_too_large", "The request body is too large"}
	failRequest         = &failure{ErrInvalidRequest, nil, 400, 422, "invalid_request", "invalid_request", "The request is malformed"}
	failBody            = &failure{ErrInvalidRequest, nil, 400, 422, "", "invalid_request", "The request body is malformed"}
	failFields          = &failure{ErrInvalidRequest, nil, 400, 422, "", "invalid_request", "The fields username and password are required"}
	failGrantType       = &failure{ErrInvalidRequest, nil, 400, 422, "", "unsupported_grant_type", "The field grant_type must be password"}
	failMethod          = &failure{ErrInvalidRequest, nil, 405, 405, "", "method_not_allowed", "Method Not Allowed"}
	failUnavailable     = &failure{ErrUnavailable, nil, 503, 503, "", "unavailable", "Service Unavailable"}
	failCookiesDisabled = &failure{ErrCookiesDisabled, nil, 500, 500, "", "internal_error", "Internal Server Error"}
	failInternal        = &failure{ErrInternal, nil, 500, 500, "", "internal_error", "Internal Server Error"}
)

func badToken(code, detail string, cause error) *failure {
	return &failure{ErrJWTDecode, cause, http.StatusUnauthorized, http.StatusUnprocessableEntity, "invalid_token", code, detail}
}

func missingToken(detail string) *failure {
	return &failure{ErrMissingToken, nil, http.StatusUnauthorized, http.StatusUnauthorized, "", "missing_token", detail}
}

// error makes the failure an Error in the default style; cause may be nil.
func (f *failure) error(cause error) *Error {
	return &Error{Status: f.status, Code: f.code, Detail: f.detail, kind: f, cause: cause}
}

// defaultFailure finds the refusal that a bare reason stands for.
func (m *Manager) defaultFailure(reason error) *failure {
	for _, f := range []*failure{
		m.failHeader, m.missing(&requirement{want: Access, locations: m.settings.TokenLocation}), failRefused, failCSRF, failRevoked, failNotAccess,
		failNotRefresh, failNotFresh, failScope, failCredentials, failRequest, failUnavailable, failInternal, failCookiesDisabled,
	} {
		if errors.Is(reason, f.reason) {
			return f
		}
	}
	return nil
}

// errorFrom makes any error a callback may return an Error in the Manager's style.
// A foreign one becomes otherwise, with its text kept from the client.
func (m *Manager) errorFrom(err error, otherwise *failure) *Error {
	var e *Error
	if errors.As(err, &e) && e != nil {
		answered := *e
		if err != error(e) {
			answered.cause = err
		}
		switch {
		case !utf8.ValidString(e.Code) || !utf8.ValidString(e.Detail): // no JSON can hold it
			return m.fail(failInternal, err)
		case e.kind != nil && e.Status == e.kind.status: // made without knowing the style
			styled := m.fail(e.kind, nil)
			answered.Status = styled.Status
			if e.Detail == e.kind.detail {
				answered.Detail = styled.Detail
			}
		case e.Status < 400 || e.Status > 599:
			return m.fail(failInternal, err)
		}
		return &answered
	}
	if f := m.defaultFailure(err); f != nil {
		return m.fail(f, err)
	}
	return m.fail(otherwise, err)
}

func (m *Manager) fail(f *failure, cause error) *Error {
	e := f.error(cause)
	switch m.settings.Errors {
	case FastAPI:
		e.Status = f.fastAPI
	case FastJWTStyle:
		e.Status, e.Detail = m.inFastJWT(f)
	}
	return e
}

// misused is the answer to a mistake in the application's code.
func (m *Manager) misused(err error) *Error { return m.fail(failInternal, misuse{err}) }
