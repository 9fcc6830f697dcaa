package authjwt

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// HasScopes tells whether the token was granted all of scopes, by the rule of [WithScopes]. It is true where none is
// named, and false for a nil Token, whatever is named. It may be called from several goroutines.
func (t *Token) HasScopes(scopes ...string) bool {
	if t == nil {
		return false
	}
	for _, asked := range scopes {
		if !isScope(asked) || !slices.ContainsFunc(t.Scopes, func(granted string) bool { return coversScope(granted, asked) }) {
			return false
		}
	}
	return true
}

// WithScopes refuses, with 403 insufficient_scope, a token that was not granted all of scopes
// (RFC 6750 §3.1). A request that an optional guard lets pass without a token has no scopes to check.
//
// A granted scope that ends in :* covers every scope that begins with what stands before the star and goes on: items:*
// covers items:read and items:read:all, neither items nor items: by themselves. A star means nothing else: *, :* and a scope
// with a second star cover themselves alone, and a scope with a star that is asked for is covered by that very one.
// Letter case counts (RFC 6749 §3.3).
func WithScopes(scopes ...string) RequireOption {
	return func(r requirement) requirement {
		r.scopes = append(slices.Clone(r.scopes), scopes...)
		if len(scopes) == 0 {
			r.mistakes = append(r.mistakes, errors.New("WithScopes: name at least one scope"))
		}
		if err := scopeMistake(scopes); err != nil {
			r.mistakes = append(r.mistakes, fmt.Errorf("WithScopes: %w", err))
		}
		return r
	}
}

// WithGrantedScopes writes the scope claim (RFC 8693 §4.2), which [WithScopes] and [Token.HasScopes] ask for; wildcards
// may be among them. With none there is no claim, for an empty one is no scope (RFC 6749 §3.3). The claim is written once: a second
// WithGrantedScopes is an error, and so is one beside a scope in [WithClaims].
func WithGrantedScopes(scopes ...string) TokenOption {
	return func(s *tokenSpec) {
		if len(scopes) == 0 {
			s.noScopes++
			return
		}
		s.claims = append(s.claims, map[string]string{"scope": strings.Join(scopes, " ")})
		if err := scopeMistake(scopes); err != nil {
			s.mistakes = append(s.mistakes, fmt.Errorf("WithGrantedScopes: %w", err))
		}
	}
}

// coversScope tells whether a granted scope covers one that is asked for, which is a scope. Where that one has no star, nothing
// that has a second star can be its beginning.
func coversScope(granted, asked string) bool {
	if granted == asked {
		return true
	}
	begin, wild := strings.CutSuffix(granted, "*")
	wild = wild && strings.HasSuffix(begin, ":") && begin != ":"
	return wild && len(asked) > len(begin) && strings.HasPrefix(asked, begin) && !strings.Contains(asked, "*")
}

// isScope tells whether s is a scope-token (RFC 6749 §3.3).
func isScope(s string) bool {
	return s != "" && !strings.Contains(s, " ") && !strings.ContainsFunc(s, unquotable)
}

// scopeMistake finds what is no scope-token.
func scopeMistake(scopes []string) error {
	for _, scope := range scopes {
		if !isScope(scope) {
			return fmt.Errorf("%q is no scope (RFC 6749 §3.3)", scope)
		}
	}
	return nil
}

// readScopes reads the words of scope (RFC 8693 §4.2), and then the elements of scopes, as some issuers write it. What is malformed
// grants nothing, and refuses nothing.
func (w *wireClaims) readScopes(t *Token) {
	if scope, ok := w.scope.text(t.payload); ok {
		t.Scopes = strings.FieldsFunc(scope, func(ch rune) bool { return ch == ' ' })
	}
	if list, ok := w.scopes.texts(t.payload); ok {
		t.Scopes = append(t.Scopes, list...)
	}
}

// texts returns the strings of a list that holds nothing else.
func (m member) texts(payload string) (texts []string, ok bool) {
	if m.kind != '[' {
		return nil, false
	}
	var list []jsontext.Value // here, for it costs an allocation
	if json.Unmarshal([]byte(payload[m.start:m.end]), &list) != nil {
		return nil, false
	}
	for _, v := range list {
		text, err := jsontext.AppendUnquote(nil, v)
		if err != nil || v.Kind() != '"' {
			return nil, false
		}
		texts = append(texts, string(text))
	}
	return texts, true
}
