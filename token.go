package authjwt

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
)

// TokenType is the type claim of a token.
type TokenType string

const (
	// Access tokens open protected routes.
	Access TokenType = "access"
	// Refresh tokens obtain new access tokens and nothing else.
	Refresh TokenType = "refresh"
)

// Token is a verified token. It is a copy of its own, safe to keep after the request and to read from
// several goroutines. Its JSON form is its claims; printing it shows neither claims nor token text, as with [Settings].
type Token struct {
	// Type is Access or Refresh.
	Type TokenType
	// ID is the jti claim (RFC 7519 §4.1.7).
	ID string
	// Subject is the sub claim, never empty.
	Subject string
	// Issuer is the iss claim; empty if absent.
	Issuer string
	// Audience is the aud claim; nil if absent.
	Audience []string
	// Scopes are the words of the scope claim (RFC 8693 §4.2), and then the elements of scopes, a list of strings, as some
	// issuers write it. Ask for them with [Token.HasScopes], which knows wildcards.
	Scopes []string
	// IssuedAt, NotBefore and ExpiresAt are in UTC, in whole seconds; zero if absent.
	IssuedAt, NotBefore, ExpiresAt time.Time
	// SessionID is the sid claim: what [Manager.RevokeSession] ends. Empty unless a login with a Store made it.
	SessionID string
	// Fresh tells that the token was made at a login, not at a refresh.
	Fresh bool

	hasCSRF    bool // these two stand here to need no room of their own
	persistent choice

	// Location is where the request carried it; empty for WithToken and Manager.Verify.
	Location Location

	raw     string
	payload string
	csrf    string // the claim; hasCSRF tells whether it is there and a string

	// The claims session_exp and session_iat, in Unix seconds; 0 if absent. The first tokens of a session have no session_iat.
	sessionEnds, sessionBegan int64
}

// A choice may be left open.
type choice int8

const (
	choiceOpen choice = iota
	choiceYes
	choiceNo
)

// Decode decodes all claims into v, strictly: names match exactly (EXP is not exp) and a number in an
// any becomes an encoding/json.Number, so that no integer loses digits. Otherwise the rules are those
// of encoding/json/v2. It may be called from several goroutines.
func (t *Token) Decode(v any) error {
	if t == nil || t.payload == "" {
		return errors.New("authjwt: decode claims: not a verified token")
	}
	if err := json.Unmarshal([]byte(t.payload), v, exactNumbers); err != nil {
		return fmt.Errorf("authjwt: decode claims: %w", err)
	}
	return nil
}

// ClaimsAs decodes all claims of t into a new T, as [Token.Decode] does.
func ClaimsAs[T any](t *Token) (T, error) {
	var claims T
	err := t.Decode(&claims)
	return claims, err
}

// Raw returns the compact text of the token, a credential: keep it out of logs and answers.
func (t *Token) Raw() string { return t.raw }

// CSRFToken returns the value that goes with the token when a cookie carries it, for pages made on the
// server to put into their forms (Settings.CSRFFormField); empty if there is none.
func (t *Token) CSRFToken() string { return t.csrf }

// MarshalJSON returns the claims as they were signed.
func (t Token) MarshalJSON() ([]byte, error) {
	if t.payload == "" {
		return []byte("null"), nil
	}
	return []byte(t.payload), nil
}

// clone returns a copy that shares no memory a caller could change.
func (t *Token) clone() *Token {
	if t == nil {
		return nil
	}
	c := *t
	c.Audience = slices.Clone(t.Audience)
	c.Scopes = slices.Clone(t.Scopes)
	return &c
}

// A tokenContext carries the token of one Manager.
type tokenContext struct {
	context.Context
	m *Manager
	t *Token
}

// A tokenKey asks for the token of a Manager; of any, where that is nil.
type tokenKey struct{ of *Manager }

// Value answers a tokenKey; the context below answers all others.
func (c *tokenContext) Value(key any) any {
	if k, ok := key.(tokenKey); ok && (k.of == nil || k.of == c.m) {
		return c.t
	}
	return c.Context.Value(key)
}

// TokenFromContext returns the token that [AuthJWT.Context] put into ctx, as a copy: of several Managers' the innermost one.
// In a program with several, [Manager.TokenFromContext] says which is meant.
func TokenFromContext(ctx context.Context) (*Token, bool) {
	t, ok := ctx.Value(tokenKey{}).(*Token)
	return t.clone(), ok
}

// TokenFromContext returns the token that an AuthJWT of this Manager put into ctx with [AuthJWT.Context], as a copy; never
// another Manager's, whichever is the inner one. It is safe for concurrent use.
func (m *Manager) TokenFromContext(ctx context.Context) (*Token, bool) {
	if m == nil { // tokenKey has another meaning for it
		return nil, false
	}
	t, ok := ctx.Value(tokenKey{m}).(*Token)
	return t.clone(), ok
}

// UnverifiedHeader returns the JOSE header of a token without checking its signature: do not trust it.
// The error wraps [ErrJWTDecode].
func UnverifiedHeader(raw string) (map[string]any, error) {
	segment, _, found := strings.Cut(raw, ".")
	if !found || len(raw) > maxTokenSize {
		return nil, fmt.Errorf("authjwt: read header: %w", ErrJWTDecode)
	}
	text, ok := decodeSegment(nil, []byte(segment))
	var header map[string]any
	if !ok || !decodeObject(text, &header, exactNumbers) {
		return nil, fmt.Errorf("authjwt: read header: %w", ErrJWTDecode)
	}
	return header, nil
}
