package authjwt

import (
	"slices"
	"time"
)

// maxDate is the last second of the year 9999, the largest NumericDate accepted.
const maxDate = 253402300799

// unnamedType is the type of a token whose claim is empty or no string: not the one wanted, whichever it is.
const unnamedType TokenType = "(unnamed)"

// reservedClaims are written by the package alone.
var reservedClaims = []string{"sub", "iat", "nbf", "jti", "exp", "type", "fresh", "csrf", "persistent", "iss", "aud", "sid", "session_exp", "session_iat"}

// wireClaims are the claims the package reads; all others are checked for form and skipped.
type wireClaims struct {
	subject, issuedAt, notBefore, id, expiresAt, kind, fresh, csrf, persistent, issuer, audience, scope, scopes, session, sessionEnd, sessionBegin member
}

// member returns the field for a claim, or nil.
func (w *wireClaims) member(name []byte) *member {
	switch string(name) {
	case `"sub"`:
		return &w.subject
	case `"iat"`:
		return &w.issuedAt
	case `"nbf"`:
		return &w.notBefore
	case `"jti"`:
		return &w.id
	case `"exp"`:
		return &w.expiresAt
	case `"type"`:
		return &w.kind
	case `"fresh"`:
		return &w.fresh
	case `"csrf"`:
		return &w.csrf
	case `"persistent"`:
		return &w.persistent
	case `"iss"`:
		return &w.issuer
	case `"aud"`:
		return &w.audience
	case `"scope"`:
		return &w.scope
	case `"scopes"`:
		return &w.scopes
	case `"sid"`:
		return &w.session
	case `"session_exp"`:
		return &w.sessionEnd
	case `"session_iat"`:
		return &w.sessionBegin
	}
	return nil
}

// check reads the claims into t and judges them, first failure first, in PyJWT's order:
// iat, nbf, exp, iss, aud (RFC 7519 §4.1); then sub and jti.
func (w *wireClaims) check(s *Settings, t *Token, now time.Time) *failure {
	payload := t.payload
	name, _ := w.kind.text(payload)
	t.Type = TokenType(name)
	untyped := w.kind.kind == 0
	if untyped {
		t.Type = s.UntypedTokens
	} else if t.Type == "" {
		t.Type = unnamedType
	}
	if f := w.checkDates(s, t, now); f != nil {
		return f
	}
	if f := w.checkIssuer(s, t); f != nil {
		return f
	}
	if f := w.checkAudience(s, t); f != nil {
		return f
	}

	var ok bool
	if w.subject.kind == 0 {
		return failNoSubject
	}
	if t.Subject, ok = w.subject.text(payload); !ok && s.IntegerSubjects {
		t.Subject, ok = w.subject.integer(payload)
	}
	if !ok || t.Subject == "" {
		return failSubject
	}
	if w.id.kind != 0 {
		if t.ID, ok = w.id.text(payload); !ok {
			return failTokenID
		}
	}
	if untyped && t.Type != "" && t.ID == "" && s.Store != nil { // it could never be revoked, whatever DenylistTokenChecks says
		return failNoTokenID
	}
	if !w.readSession(t) && s.Store != nil {
		return failSession
	}
	t.Fresh = w.fresh.kind == 't' && !untyped
	t.csrf, t.hasCSRF = w.csrf.text(payload)
	switch w.persistent.kind {
	case 't':
		t.persistent = choiceYes
	case 'f':
		t.persistent = choiceNo
	}
	w.readScopes(t)
	return nil
}

// identify reads whom a token is about that is refused for its claims, as far as they can be read: for an event alone.
func (w *wireClaims) identify(s *Settings, t *Token) {
	var ok bool
	if t.Subject, ok = w.subject.text(t.payload); !ok && s.IntegerSubjects {
		t.Subject, _ = w.subject.integer(t.payload)
	}
	t.ID, _ = w.id.text(t.payload)
	t.SessionID, _ = w.session.text(t.payload)
}

func (w *wireClaims) checkDates(s *Settings, t *Token, now time.Time) *failure {
	latest := s.latest(now)
	var ok bool
	if w.issuedAt.kind != 0 {
		if t.IssuedAt, ok = w.issuedAt.date(t.payload); !ok {
			return failIssuedAtType
		}
		if t.IssuedAt.After(latest) {
			return failIssuedAt
		}
	}
	if w.notBefore.kind != 0 {
		if t.NotBefore, ok = w.notBefore.date(t.payload); !ok {
			return failNotBeforeType
		}
		if t.NotBefore.After(latest) {
			return failNotBefore
		}
	}
	if w.expiresAt.kind == 0 {
		if (t.Type == Access || t.Type == Refresh) && s.lifetime(t.Type) == NoExpiry {
			return nil
		}
		return failNoExpiry
	}
	if t.ExpiresAt, ok = w.expiresAt.date(t.payload); !ok {
		if w.expiresAt.kind == '0' && t.payload[w.expiresAt.start] == '-' {
			return failExpired
		}
		return failExpiryType
	}
	if s.over(t.ExpiresAt, now) {
		return failExpired
	}
	return nil
}

// latest is how far ahead iat and nbf may lie.
func (s *Settings) latest(now time.Time) time.Time {
	return now.Add(max(s.DecodeLeeway, 0) + max(s.ClockSkew, 0))
}

// over tells whether exp is: "on or after", RFC 7519 §4.1.4.
func (s *Settings) over(exp, now time.Time) bool { return !now.Before(exp.Add(max(s.DecodeLeeway, 0))) }

// checkAgain is check for a token that has passed it before: nothing but the time has changed.
func (s *Settings) checkAgain(t *Token, now time.Time) *failure {
	switch latest := s.latest(now); {
	case t.IssuedAt.After(latest):
		return failIssuedAt
	case t.NotBefore.After(latest):
		return failNotBefore
	case !t.ExpiresAt.IsZero() && s.over(t.ExpiresAt, now):
		return failExpired
	}
	return nil
}

func (w *wireClaims) checkIssuer(s *Settings, t *Token) *failure {
	var ok bool
	t.Issuer, ok = w.issuer.text(t.payload)
	switch {
	case s.InsecureNoRefreshIssuer && t.Type == Refresh:
		return nil
	case w.issuer.kind == 0 && s.DecodeIssuer != "":
		return failNoIssuer
	case w.issuer.kind != 0 && (!ok || s.DecodeIssuer != "" && t.Issuer != s.DecodeIssuer):
		return failIssuer
	}
	return nil
}

// checkAudience refuses an aud where none is expected, as RFC 7519 §4.1.3 demands.
func (w *wireClaims) checkAudience(s *Settings, t *Token) *failure {
	var ok bool
	switch w.audience.kind {
	case 0:
		if len(s.DecodeAudience) > 0 {
			return failNoAudience
		}
		return nil
	case '"':
		var aud string
		if aud, ok = w.audience.text(t.payload); !ok {
			return failAudience
		}
		t.Audience = []string{aud}
	default:
		if t.Audience, ok = w.audience.texts(t.payload); !ok {
			if len(s.DecodeAudience) == 0 { // then any is wrong
				return failAudience
			}
			return failAudienceForm
		}
	}
	if !slices.ContainsFunc(t.Audience, func(aud string) bool { return slices.Contains(s.DecodeAudience, aud) }) {
		return failAudience
	}
	return nil
}
