package authjwttest

import (
	"errors"
	"slices"

	"github.com/gin-authjwt/authjwt"
)

// reasons are authjwt's, by their names.
var reasons = map[string]error{
	"ErrInvalidHeader": authjwt.ErrInvalidHeader, "ErrMissingToken": authjwt.ErrMissingToken, "ErrJWTDecode": authjwt.ErrJWTDecode,
	"ErrCSRF": authjwt.ErrCSRF, "ErrRevokedToken": authjwt.ErrRevokedToken, "ErrAccessTokenRequired": authjwt.ErrAccessTokenRequired,
	"ErrRefreshTokenRequired": authjwt.ErrRefreshTokenRequired, "ErrFreshTokenRequired": authjwt.ErrFreshTokenRequired,
	"ErrInsufficientScope": authjwt.ErrInsufficientScope, "ErrInvalidCredentials": authjwt.ErrInvalidCredentials,
	"ErrInvalidRequest": authjwt.ErrInvalidRequest, "ErrUnavailable": authjwt.ErrUnavailable, "ErrInternal": authjwt.ErrInternal,
	"ErrCookiesDisabled": authjwt.ErrCookiesDisabled,
}

// namesOf are the names of the reasons in err, as errors.Is finds them.
func namesOf(err error) (names []string) {
	for name, reason := range reasons {
		if errors.Is(err, reason) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// codes are those of docs/errors.md, each with its reasons.
var codes = map[string]string{
	"missing_token":           "ErrMissingToken",
	"token_expired":           "ErrJWTDecode",
	"token_malformed":         "ErrJWTDecode",
	"token_signature_invalid": "ErrJWTDecode",
	"token_key_unknown":       "ErrJWTDecode",
	"token_not_yet_valid":     "ErrJWTDecode",
	"token_claims_invalid":    "ErrJWTDecode",
	"token_issuer_invalid":    "ErrJWTDecode",
	"token_audience_invalid":  "ErrJWTDecode",
	"token_refused":           "ErrJWTDecode",
	"token_revoked":           "ErrRevokedToken",
	"user_refused":            "ErrRevokedToken",
	"access_token_required":   "ErrAccessTokenRequired",
	"refresh_token_required":  "ErrRefreshTokenRequired",
	"fresh_token_required":    "ErrFreshTokenRequired",
	"insufficient_scope":      "ErrInsufficientScope",
	"csrf_missing":            "ErrCSRF",
	"csrf_mismatch":           "ErrCSRF",
	"csrf_claim_missing":      "ErrCSRF",
	"csrf_origin":             "ErrCSRF",
	"csrf":                    "ErrCSRF",
	"invalid_header":          "ErrInvalidHeader",
	"invalid_request":         "ErrInvalidRequest",
	"request_too_large":       "ErrInvalidRequest",
	"unsupported_media_type":  "ErrInvalidRequest",
	"unsupported_grant_type":  "ErrInvalidRequest",
	"invalid_credentials":     "ErrInvalidCredentials",
	"method_not_allowed":      "ErrInvalidRequest",
	"unavailable":             "ErrUnavailable",
	"internal_error":          "ErrInternal ErrCookiesDisabled",
}
