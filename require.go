package authjwt

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// RequireOption narrows or redirects one guard.
type RequireOption func(requirement) requirement

// A requirement is what a guard asks of a request. It is passed by value, so that a guard without
// options allocates nothing for it.
type requirement struct {
	want      TokenType
	optional  bool
	fresh     bool
	given     bool // by WithToken
	token     string
	csrf      string
	locations []Location
	scopes    []string
	mistakes  []error
}

// WithToken checks raw instead of looking into the request; an empty one is a missing token. It is for
// tokens from a path or a first message, never from a cookie: no CSRF check is made.
func WithToken(raw string) RequireOption {
	return func(r requirement) requirement {
		r.given, r.token = true, raw
		return r
	}
}

// WithCSRFToken takes v for the CSRF value; an empty one means the request's own, from the header or form.
// It is for a WebSocket upgrade, which can send it in the URL alone: in the FastAPI style no header counts there.
func WithCSRFToken(v string) RequireOption {
	return func(r requirement) requirement {
		r.csrf = v
		return r
	}
}

// WithLocations looks for the token only in these of Settings.TokenLocation.
func WithLocations(locations ...Location) RequireOption {
	return func(r requirement) requirement {
		r.locations = slices.Clone(locations)
		if len(locations) == 0 {
			r.mistakes = append(r.mistakes, errors.New("WithLocations: name at least one location"))
		}
		return r
	}
}

// with applies the options and finds what they got wrong.
func (m *Manager) with(r requirement, opts []RequireOption) requirement {
	for _, opt := range opts {
		if opt == nil {
			r.mistakes = append(r.mistakes, errors.New("a RequireOption is nil"))
			continue
		}
		r = opt(r)
	}
	for _, l := range r.locations {
		if !slices.Contains(m.settings.TokenLocation, l) {
			r.mistakes = append(r.mistakes, fmt.Errorf("WithLocations: %q is not in Settings.TokenLocation; add it there", l))
		}
	}
	if r.locations == nil {
		r.locations = m.settings.TokenLocation
	} else {
		m.settings.headersFirst(r.locations)
	}
	return r
}

// admit judges a verified token by the requirement: type, then freshness, then scopes.
func (m *Manager) admit(t *Token, r *requirement) *Error {
	switch {
	case t.Type == "":
		return m.fail(failNoType, nil)
	case t.Type != r.want:
		return m.fail(m.notWanted(t, r.want), nil)
	case r.fresh && !t.Fresh:
		return m.fail(failNotFresh, nil)
	}
	if !t.HasScopes(r.scopes...) {
		e := m.fail(failScope, nil)
		e.scope = strings.Join(r.scopes, " ")
		return e
	}
	return nil
}

// notWanted is the failure of a token that is not of the type wanted. With InsecureNoRefreshIssuer the guard decides
// whether iss is looked at, not the token, and is told first, as in fastapi-jwt-auth.
func (m *Manager) notWanted(t *Token, want TokenType) *failure {
	s := &m.settings
	switch {
	case want == Refresh:
		return failNotRefresh
	case s.DecodeIssuer == "" || t.Issuer == s.DecodeIssuer: // without that setting no other is verified
		return failNotAccess
	case t.Issuer == "":
		return failNoIssuer
	}
	return failIssuer
}

// asAsked is the other half of notWanted: a token that is no refresh token was refused for its issuer.
func (m *Manager) asAsked(e *Error, r *requirement) *Error {
	if m.settings.InsecureNoRefreshIssuer && r.want == Refresh && (e.kind == failIssuer || e.kind == failNoIssuer) {
		return m.fail(failNotRefresh, nil)
	}
	return e
}
