package authjwt

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"slices"
)

// A request with a token from a cookie may have been made by another site's page, because browsers add
// cookies to any request. Unless its method is safe, it must come from the site's own origin and carry
// a value that only the site's own pages can read: the token's csrf claim (signed double submit). The
// cookie from which pages read the value is never read here, for a neighbouring host can plant one.

// presentedCSRF makes the checks that need no cryptography. It returns the CSRF value to be compared
// with the claim, or an empty one where none is due.
func (a *AuthJWT) presentedCSRF(r *requirement) (string, *failure) {
	req, s := a.c.Request, &a.m.settings
	upgrade := isUpgrade(req)
	if f := a.m.origins.check(req, upgrade); f != nil {
		return "", f
	}
	// With an upgrade browsers always send Origin, and no header of the page's.
	vouched := upgrade && a.m.origins.vouches(req)
	due := s.needsCSRF(req.Method) || upgrade && (!vouched || s.Errors == FastAPI)
	if !due || s.InsecureDisableCSRF {
		return "", nil
	}
	k := a.m.carrier(r.want)
	value := r.csrf
	if value == "" && !(upgrade && s.Errors == FastAPI) { // fastapi-jwt-auth reads no header there
		value = a.csrfValue(k)
	}
	if value != "" {
		return value, nil
	}
	if upgrade && !vouched && first(req.Header["Origin"]) != "" {
		return "", failCrossOrigin // a page that cannot send the value: the Host was changed on the way, say
	}
	return "", k.noCSRF
}

// needsCSRF goes by a list of safe methods, not of unsafe ones: there are new ones.
func (s *Settings) needsCSRF(method string) bool {
	if s.CSRFMethods != nil {
		return slices.Contains(s.CSRFMethods, method)
	}
	return !isSafe(method)
}

// isSafe tells whether a method is safe (RFC 9110 §9.2.1).
func isSafe(method string) bool {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace:
		return true
	}
	return false
}

// csrfValue returns the request's value, from the header or the form.
func (a *AuthJWT) csrfValue(k *carrier) string {
	if value := first(a.c.Request.Header[k.csrfHeader]); value != "" {
		return value
	}
	return a.formCSRF()
}

// formCSRF returns the value of the form field, if forms may carry one. It reads the form once.
func (a *AuthJWT) formCSRF() string {
	field := a.m.settings.CSRFFormField
	if field == "" {
		return ""
	}
	body := a.body()
	if !body.formRead {
		body.formRead = true
		if parsed := a.c.Request.PostForm; parsed != nil { // the body has been read by somebody else
			body.csrf = parsed.Get(field)
			return body.csrf
		}
		if kind, params, err := mediaType(a.c.Request.Header); err == nil && (kind == urlencodedForm || kind == multipartForm) {
			text, _, _ := peekBody(a.c.Request)
			body.csrf = formField(kind, params, text, field)
		}
	}
	return body.csrf
}

// matches compares a presented value with the token's claim.
func (k *carrier) matches(t *Token, value string) *failure {
	switch {
	case !t.hasCSRF:
		return failNoCSRFClaim
	case !equal(value, t.csrf):
		return k.wrongCSRF
	}
	return nil
}

// equal compares in constant time, whatever the lengths: a UUID, which is what the package writes, with as many
// octets of the other; what is longer, by digests, which takes ten times as long.
func equal(a, b string) bool {
	var x, y [64]byte
	if len(a) > len(x) || len(b) > len(y) {
		x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
		return subtle.ConstantTimeCompare(x[:], y[:]) == 1
	}
	copy(x[:], a)
	copy(y[:], b)
	same := subtle.ConstantTimeEq(int32(len(a)), int32(len(b))) // padding is no part of a value
	return same&subtle.ConstantTimeCompare(x[:], y[:]) == 1
}
