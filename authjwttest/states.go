package authjwttest

import (
	"slices"

	"github.com/gin-authjwt/authjwt"
)

// State is what is right or wrong with a token. Each state but Valid is wrong in one thing alone.
type State string

// The states. Tokens of every other kind of trouble can be had by options and by moving the Clock.
const (
	// Valid is good, and fresh, as after a login: guards accept it.
	Valid State = "Valid"
	// NotFresh is good, but not fresh, as after a refresh: FreshRequired answers [authjwt.ErrFreshTokenRequired].
	NotFresh State = "NotFresh"
	// Expired lived for a second, an hour ago: [authjwt.ErrJWTDecode], code token_expired.
	Expired State = "Expired"
	// NotYetValid begins in an hour: [authjwt.ErrJWTDecode], code token_not_yet_valid.
	NotYetValid State = "NotYetValid"
	// Tampered has another subject than was signed: [authjwt.ErrJWTDecode], code token_signature_invalid.
	Tampered State = "Tampered"
	// Unsigned has the algorithm none, and no signature: [authjwt.ErrJWTDecode], code token_signature_invalid.
	Unsigned State = "Unsigned"
	// WrongKey is signed by another key of the same algorithm and key ID: [authjwt.ErrJWTDecode], code token_signature_invalid.
	WrongKey State = "WrongKey"
	// WrongType is a refresh token where an access token is due, or the other way round: [authjwt.ErrAccessTokenRequired] or
	// [authjwt.ErrRefreshTokenRequired].
	WrongType State = "WrongType"
	// WrongIssuer has the iss of somebody else: [authjwt.ErrJWTDecode], code token_issuer_invalid. It needs a DecodeIssuer.
	WrongIssuer State = "WrongIssuer"
	// WrongAudience has the aud of another service: [authjwt.ErrJWTDecode], code token_audience_invalid.
	WrongAudience State = "WrongAudience"
	// Revoked was good, and has been revoked: [authjwt.ErrRevokedToken]. It needs a Store.
	Revoked State = "Revoked"
	// Malformed is no token: [authjwt.ErrJWTDecode], code token_malformed.
	Malformed State = "Malformed"
)

// A condition is how a state is made. What is called for a type of token is given the type that is due.
type condition struct {
	State
	code func(kind authjwt.TokenType) string // of the refusal by guards other than FreshRequired; empty: none
	mint func(m *Manager, kind authjwt.TokenType, subject string, opts []authjwt.TokenOption) string
	// lacks tells what it takes that the settings have not; nil: nothing
	lacks func(m *Manager, kind authjwt.TokenType) string
}

var conditions = []condition{
	{Valid, always(""), (*Manager).mintValid, nil},
	{NotFresh, always(""), (*Manager).mintNotFresh, nil},
	{Expired, always("token_expired"), (*Manager).mintExpired, nil},
	{NotYetValid, always("token_not_yet_valid"), (*Manager).mintNotYetValid, nil},
	{Tampered, always("token_signature_invalid"), (*Manager).mintTampered, nil},
	{Unsigned, always("token_signature_invalid"), (*Manager).mintUnsigned, nil},
	{WrongKey, always("token_signature_invalid"), (*Manager).mintWrongKey, nil},
	{WrongType, wrongTypeCode, (*Manager).mintWrongType, nil},
	{WrongIssuer, always("token_issuer_invalid"), (*Manager).mintWrongIssuer, (*Manager).lacksIssuer},
	{WrongAudience, always("token_audience_invalid"), (*Manager).mintWrongAudience, nil},
	{Revoked, always("token_revoked"), (*Manager).mintRevoked, (*Manager).lacksStore},
	{Malformed, always("token_malformed"), func(*Manager, authjwt.TokenType, string, []authjwt.TokenOption) string { return "not-a-token" }, nil},
}

func always(code string) func(authjwt.TokenType) string {
	return func(authjwt.TokenType) string { return code }
}

func wrongTypeCode(kind authjwt.TokenType) string { return string(kind) + "_token_required" }

// Token mints an access token in that state; options add claims, scopes and the like. The test fails where the settings cannot
// have such a token.
func (m *Manager) Token(state State, subject string, opts ...authjwt.TokenOption) string {
	m.tb.Helper()
	return m.token(authjwt.Access, state, subject, opts)
}

// RefreshToken mints a refresh token, as [Manager.Token] does; NotFresh is Valid here. A session begins with it.
func (m *Manager) RefreshToken(state State, subject string, opts ...authjwt.TokenOption) string {
	m.tb.Helper()
	return m.token(authjwt.Refresh, state, subject, opts)
}

func (m *Manager) token(kind authjwt.TokenType, state State, subject string, opts []authjwt.TokenOption) string {
	m.tb.Helper()
	at := slices.IndexFunc(conditions, func(c condition) bool { return c.State == state })
	if at < 0 {
		m.tb.Fatalf("authjwttest: there is no state %q; use authjwttest.Valid, Expired and so on", state)
	}
	if lacks := conditions[at].lacks; lacks != nil {
		if missing := lacks(m, kind); missing != "" {
			m.tb.Fatalf("authjwttest: no %s token can be %s: %s", kind, state, missing)
		}
	}
	return conditions[at].mint(m, kind, subject, opts)
}

func (m *Manager) lacksIssuer(kind authjwt.TokenType) string {
	switch {
	case m.shown["DecodeIssuer"] == "":
		return "no issuer is checked; set Settings.DecodeIssuer"
	case kind == authjwt.Refresh && m.settings.InsecureNoRefreshIssuer:
		return "Settings.InsecureNoRefreshIssuer is set; leave it out"
	}
	return ""
}

func (m *Manager) lacksStore(kind authjwt.TokenType) string {
	switch {
	case m.settings.Store == nil:
		return "there is no Store; set Settings.Store to new(authjwt.MemoryStore), or have your TokenInDenylist refuse a Valid one"
	case m.settings.DenylistTokenChecks != nil && !slices.Contains(m.settings.DenylistTokenChecks, kind):
		return "Settings.DenylistTokenChecks leaves it out; list the type there"
	}
	return ""
}
