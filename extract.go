package authjwt

import (
	"net/http"
	"strings"
)

// A credential is what a request presents; nothing about it has been checked.
type credential struct {
	raw      string
	location Location
}

// extract returns the request's credential. It is empty where there is none, which only a guard can judge.
func (m *Manager) extract(req *http.Request, r *requirement) (credential, *failure) {
	if r.given {
		return credential{raw: r.token}, nil
	}
	for _, l := range r.locations {
		if l == Headers {
			raw, f := m.fromHeader(req.Header)
			if f != nil || raw != "" {
				return credential{raw, Headers}, f
			}
		}
	}
	return credential{}, nil
}

// missing is the failure of a request without the credential r asks for.
func (m *Manager) missing(r *requirement) *failure {
	switch {
	case !r.given:
		return m.failMissing
	case r.want == Refresh:
		return failNoRefreshToken
	}
	return failNoAccessToken
}

// fromHeader takes what follows the scheme out of the header. Another scheme, and the scheme alone, are
// no credential of ours; two fields are an error (RFC 9110 §11.4, RFC 6750 §2.1).
func (m *Manager) fromHeader(h http.Header) (string, *failure) {
	fields := h[m.settings.HeaderName]
	if len(fields) == 0 {
		return "", nil
	}
	if len(fields) > 1 {
		return "", m.failRepeated
	}
	value := strings.Trim(fields[0], " \t")
	if scheme := m.settings.HeaderType; scheme != NoHeaderType {
		if len(value) < len(scheme) || !strings.EqualFold(value[:len(scheme)], scheme) {
			return "", nil
		}
		rest := value[len(scheme):]
		value = strings.TrimLeft(rest, " \t")
		if value != "" && len(value) == len(rest) { // glued to the scheme
			return "", m.failHeader
		}
	}
	return value, nil
}

// blame tells a malformed header from a malformed token, once a credential has been refused: what is
// no token68 (RFC 9110 §11.2), three words, a list or a quoted string say, is the header's fault.
// Good tokens are not looked through for it.
func (m *Manager) blame(cred credential, e *Error) *Error {
	if cred.location != Headers || len(cred.raw) > maxTokenSize || isAlphanumericOr(cred.raw, "-._~+/=") {
		return e
	}
	return m.fail(m.failHeader, nil)
}
