package authjwt

import (
	"errors"
	"net/http"

	"github.com/gin-gonic/gin"
	"github.com/go-json-experiment/json"
	"github.com/golang-jwt/jwt/v5"
)

// The reasons for a refusal. Every [Error] the package makes wraps exactly one of them, so that
// errors.Is(err, authjwt.ErrMissingToken) tells what happened without reading texts. Passed to
// [AuthJWT.Abort], or returned by a callback, each stands for the refusal of its kind.
var (
	ErrInvalidHeader        = errors.New("authjwt: malformed authorization header")
	ErrMissingToken         = errors.New("authjwt: no token in the request")
	ErrJWTDecode            = errors.New("authjwt: token does not verify")
	ErrCSRF                 = errors.New("authjwt: cross-site request forgery check failed")
	ErrRevokedToken         = errors.New("authjwt: token has been revoked")
	ErrAccessTokenRequired  = errors.New("authjwt: not an access token")
	ErrRefreshTokenRequired = errors.New("authjwt: not a refresh token")
	ErrFreshTokenRequired   = errors.New("authjwt: not a fresh token")
	ErrInsufficientScope    = errors.New("authjwt: token lacks a scope")
	ErrInvalidCredentials   = errors.New("authjwt: wrong user name or password")
	ErrInvalidRequest       = errors.New("authjwt: malformed request")
	ErrUnavailable          = errors.New("authjwt: a service needed for the check is unreachable")
	ErrInternal             = errors.New("authjwt: internal error")
)

// Error is a refusal as the client gets it. Applications may make their own, to answer with another
// status from a callback or from [AuthJWT.Abort]; a Status outside 400 to 599 is answered as 500.
type Error struct {
	// Status is the HTTP status code.
	Status int
	// Code is a stable, machine-readable name such as "token_expired".
	Code string
	// Detail is the text for people. It never holds any part of the request.
	Detail string

	kind  *failure
	cause error
	scope string
}

// Error returns the code and the detail. The cause is left out, because it may quote a token or a
// store: reach it with errors.Is or errors.As. Only what the developer has to mend is spelled out.
func (e *Error) Error() string {
	if e == nil {
		return "authjwt: nil error"
	}
	text := "authjwt: " + e.Code + ": " + e.Detail
	var word misuse
	if errors.As(e.cause, &word) {
		text += ": " + word.Error()
	}
	return text
}

// Unwrap returns the reason (one of the Err… variables), golang-jwt's error, such as
// jwt.ErrTokenExpired, where it has one, and the cause.
func (e *Error) Unwrap() []error {
	if e == nil {
		return nil
	}
	var wrapped []error
	if e.kind != nil {
		wrapped = append(wrapped, e.kind.reason)
		if e.kind.cause != nil {
			wrapped = append(wrapped, e.kind.cause)
		}
	}
	if e.cause != nil {
		wrapped = append(wrapped, e.cause)
	}
	return wrapped
}

// misuse is a mistake in the application's code, in the package's own words.
type misuse struct{ error }

func (m misuse) Unwrap() error { return m.error }

// ErrorStyle selects the statuses and the body of refusals.
type ErrorStyle int

const (
	// RFC6750 answers with the statuses and challenges of RFC 6750 and {"detail", "code"}. It is the default.
	RFC6750 ErrorStyle = iota
	// FastAPI answers with fastapi-jwt-auth's numbers (422 for bad tokens) and {"detail"}, without challenge.
	FastAPI
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
	failNoSubject     = badToken("token_claims_invalid", `Token is missing the "sub" claim`, jwt.ErrTokenRequiredClaimMissing)
	failSubject       = badToken("token_claims_invalid", "Subject claim (sub) must be a string.", jwt.ErrTokenInvalidSubject)
	failTokenID       = badToken("token_claims_invalid", "JWT ID claim (jti) must be a string.", jwt.ErrTokenInvalidId)
	failNoType        = badToken("token_claims_invalid", `Token is missing the "type" claim`, jwt.ErrTokenRequiredClaimMissing)
	failRefused       = badToken("token_refused", "Token is not accepted", jwt.ErrTokenInvalidClaims)

	failRevoked    = &failure{ErrRevokedToken, nil, 401, 401, "invalid_token", "token_revoked", "Token has been revoked"}
	failNotAccess  = &failure{ErrAccessTokenRequired, nil, 401, 422, "invalid_token", "access_token_required", "Only access tokens are allowed"}
	failNotRefresh = &failure{ErrRefreshTokenRequired, nil, 401, 422, "invalid_token", "refresh_token_required", "Only refresh tokens are allowed"}
	failNotFresh   = &failure{ErrFreshTokenRequired, nil, 401, 401, "insufficient_user_authentication", "fresh_token_required", "Fresh token required"}
	failScope      = &failure{ErrInsufficientScope, nil, 403, 403, "insufficient_scope", "insufficient_scope", "The token lacks a required scope"}
	failCSRF       = &failure{ErrCSRF, nil, 403, 401, "", "csrf", "CSRF check failed"}

	failNoAccessToken  = &failure{ErrMissingToken, nil, 401, 401, "", "missing_token", "Missing access token from Query or Path"}
	failNoRefreshToken = &failure{ErrMissingToken, nil, 401, 401, "", "missing_token", "Missing refresh token from Query or Path"}
	failCredentials    = &failure{ErrInvalidCredentials, nil, 401, 401, "", "invalid_credentials", "Bad username or password"}
	failMediaType      = &failure{ErrInvalidRequest, nil, 415, 415, "", "unsupported_media_type", "Send the credentials as JSON or as a form"}
	failTooLarge       = &failure{ErrInvalidRequest, nil, 413, 413, "", "request_too_large", "The request body is too large"}
	failRequest        = &failure{ErrInvalidRequest, nil, 400, 422, "invalid_request", "invalid_request", "The request is malformed"}
	failBody           = &failure{ErrInvalidRequest, nil, 400, 422, "", "invalid_request", "The request body is malformed"}
	failFields         = &failure{ErrInvalidRequest, nil, 400, 422, "", "invalid_request", "The fields username and password are required"}
	failGrantType      = &failure{ErrInvalidRequest, nil, 400, 422, "", "unsupported_grant_type", "The field grant_type must be password"}
	failMethod         = &failure{ErrInvalidRequest, nil, 405, 405, "", "method_not_allowed", "Method Not Allowed"}
	failUnavailable    = &failure{ErrUnavailable, nil, 503, 503, "", "unavailable", "Service Unavailable"}
	failInternal       = &failure{ErrInternal, nil, 500, 500, "", "internal_error", "Internal Server Error"}
)

func badToken(code, detail string, cause error) *failure {
	return &failure{ErrJWTDecode, cause, http.StatusUnauthorized, http.StatusUnprocessableEntity, "invalid_token", code, detail}
}

// error makes the failure an Error in the default style; cause may be nil.
func (f *failure) error(cause error) *Error {
	return &Error{Status: f.status, Code: f.code, Detail: f.detail, kind: f, cause: cause}
}

// defaultFailure finds the refusal that a bare reason stands for.
func (m *Manager) defaultFailure(reason error) *failure {
	for _, f := range []*failure{
		m.failHeader, m.failMissing, failRefused, failCSRF, failRevoked, failNotAccess, failNotRefresh,
		failNotFresh, failScope, failCredentials, failRequest, failUnavailable, failInternal,
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
		case e.kind != nil && e.Status == e.kind.status: // made without knowing the style
			answered.Status = m.status(e.kind)
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
	e.Status = m.status(f)
	return e
}

// misused is the answer to a mistake in the application's code.
func (m *Manager) misused(err error) *Error { return m.fail(failInternal, misuse{err}) }

func (m *Manager) status(f *failure) int {
	if m.settings.Errors == FastAPI {
		return f.fastAPI
	}
	return f.status
}

// render writes the refusal, unless an answer has begun.
func (m *Manager) render(c *gin.Context, e *Error) {
	if c.Writer.Written() {
		return
	}
	h := c.Writer.Header()
	// They describe a body that is not sent; Content-Encoding stays, for a compressing writer reads it.
	for _, name := range []string{"Content-Disposition", "Content-Length", "Content-Range", "Etag", "Expires", "Last-Modified"} {
		h.Del(name)
	}
	h.Set("Cache-Control", "no-store")
	if e.Status == http.StatusServiceUnavailable && h.Get("Retry-After") == "" {
		h.Set("Retry-After", "1")
	}
	if m.settings.Errors == RFC6750 {
		if challenge := m.challenge(e); challenge != "" {
			h.Set("WWW-Authenticate", challenge)
		}
	}
	if m.settings.ErrorHandler != nil {
		before := c.Writer.Status() // in NoRoute and NoMethod it is 404 and 405 from the start
		given := *e                 // its changes would change the answer
		m.settings.ErrorHandler(c, &given)
		if c.Writer.Written() {
			return
		}
		if now := c.Writer.Status(); now >= 400 && now != before {
			c.Writer.WriteHeaderNow()
			return
		}
	}
	body := struct {
		Detail string `json:"detail"`
		Code   string `json:"code,omitzero"`
	}{Detail: e.Detail}
	if m.settings.Errors == RFC6750 {
		body.Code = e.Code
	}
	writeJSON(c, e.Status, body)
}

// challenge is the WWW-Authenticate value of e (RFC 6750 §3, RFC 9470 §3), or empty where none is due:
// RFC 9110 §15.5.2 demands one with every 401.
func (m *Manager) challenge(e *Error) string {
	var bearer string
	if e.kind != nil {
		bearer = e.kind.bearer
	}
	if bearer == "" && e.Status != http.StatusUnauthorized {
		return ""
	}
	value := m.challengeScheme + ` realm="` + m.settings.Realm + `"`
	if bearer != "" {
		value += `, error="` + bearer + `", error_description="` + quotable(e.Detail) + `"`
	}
	if e.scope != "" {
		value += `, scope="` + quotable(e.scope) + `"`
	}
	return value
}

// quotable keeps what RFC 6750 §3 allows inside error_description and scope.
func quotable(s string) string {
	b := []byte(s)
	for i, ch := range b {
		switch {
		case ch == '"' || ch == '\\':
			b[i] = '\''
		case unquotable(rune(ch)):
			b[i] = '?'
		}
	}
	return string(b)
}

// unquotable tells what has no place between the quotes of a challenge without an escape.
func unquotable(ch rune) bool { return ch < ' ' || ch > '~' || ch == '"' || ch == '\\' }

// writeJSON answers with v; v must be encodable.
func writeJSON(c *gin.Context, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		status, body = http.StatusInternalServerError, []byte(`{"detail":"Internal Server Error"}`)
	}
	c.Writer.Header().Set("Content-Type", "application/json")
	c.Writer.WriteHeader(status)
	_, _ = c.Writer.Write(body)
}
