package authjwt

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// validate returns all mistakes in s apart from those about keys, each with its fix; s has its defaults filled in.
func (s *Settings) validate() []error {
	return slices.Concat(
		s.transportMistakes(),
		s.cookieMistakes(),
		s.csrfMistakes(),
		s.lifetimeMistakes(),
		s.claimMistakes(),
		s.sessionMistakes(),
		s.answerMistakes(),
	)
}

// maxName keeps the keys in a Store short.
const maxName = 64

// A settingError is a mistake in a field of Settings.
type settingError struct {
	field string
	cause error
}

func mistake(field, format string, args ...any) error {
	return &settingError{field, fmt.Errorf(format, args...)}
}

func (e *settingError) Error() string { return "authjwt: Settings." + e.field + ": " + e.cause.Error() }
func (e *settingError) Unwrap() error { return e.cause }

func (s *Settings) transportMistakes() (found []error) {
	if len(s.TokenLocation) == 0 {
		found = append(found, mistake("TokenLocation", "the list is empty, so no request could be authorized; leave it nil for Headers"))
	}
	for _, l := range s.TokenLocation {
		switch l {
		case Headers, Cookies, Query, JSON:
		default:
			found = append(found, mistake("TokenLocation", "%q is no location; use Headers, Cookies, Query or JSON", l))
		}
	}
	switch {
	case !isToken(s.HeaderName):
		found = append(found, mistake("HeaderName", "%q is not a header name (RFC 9110 §5.1); leave it empty for Authorization", s.HeaderName))
	case containsFold(requestHeaders, s.HeaderName):
		found = append(found, mistake("HeaderName", "%q has another meaning; leave it empty for Authorization", s.HeaderName))
	}
	if s.HeaderType != NoHeaderType && !isToken(s.HeaderType) {
		found = append(found, mistake("HeaderType", "%q is not a scheme (RFC 9110 §11.1); leave it empty for Bearer, or use NoHeaderType", s.HeaderType))
	}
	for _, name := range []struct{ field, value string }{
		{"QueryStringName", s.QueryStringName}, {"JSONKey", s.JSONKey}, {"RefreshJSONKey", s.RefreshJSONKey},
	} {
		if !utf8.ValidString(name.value) {
			found = append(found, mistake(name.field, "it is not UTF-8; leave it empty for the default"))
		}
	}
	return found
}

func (s *Settings) lifetimeMistakes() (found []error) {
	for _, life := range []struct {
		field string
		d     time.Duration
	}{{"AccessTokenExpires", s.AccessTokenExpires}, {"RefreshTokenExpires", s.RefreshTokenExpires}, {"SessionExpires", s.SessionExpires}} {
		if life.d < time.Second && life.d != NoExpiry {
			found = append(found, mistake(life.field, "%v is below one second; a plain number counts nanoseconds, so write 15*time.Minute, or NoExpiry", life.d))
		}
	}
	for _, leeway := range []struct {
		field string
		d     time.Duration
	}{{"DecodeLeeway", s.DecodeLeeway}, {"ClockSkew", s.ClockSkew}} {
		if (leeway.d < 0 && leeway.d != NoLeeway) || leeway.d > maxLeeway {
			found = append(found, mistake(leeway.field, "%v is not from 0 to %v; use a few seconds, or NoLeeway", leeway.d, maxLeeway))
		}
	}
	return found
}

func (s *Settings) claimMistakes() (found []error) {
	for _, text := range []struct{ field, value string }{{"EncodeIssuer", s.EncodeIssuer}, {"DecodeIssuer", s.DecodeIssuer}} {
		if !utf8.ValidString(text.value) {
			found = append(found, mistake(text.field, "it is not UTF-8; use the issuer's URL"))
		}
	}
	for _, list := range []struct {
		field  string
		values []string
	}{{"EncodeAudience", s.EncodeAudience}, {"DecodeAudience", s.DecodeAudience}} {
		if list.field == "DecodeAudience" && list.values != nil && len(list.values) == 0 {
			found = append(found, mistake(list.field, "the list is empty; leave it nil for none"))
		}
		for _, v := range list.values {
			if v == "" || !utf8.ValidString(v) {
				found = append(found, mistake(list.field, "%q is no audience; name the service, by its URL say", v))
			}
		}
	}
	return found
}

func (s *Settings) sessionMistakes() (found []error) {
	if v := reflect.ValueOf(s.Store); v.Kind() == reflect.Pointer && v.IsNil() {
		found = append(found, mistake("Store", "it is a nil %T; make one, with new(authjwt.MemoryStore) say, or leave it nil", s.Store))
	}
	if v := reflect.ValueOf(s.Sessions); v.Kind() == reflect.Pointer && v.IsNil() {
		found = append(found, mistake("Sessions", "it is a nil %T; set it to what Store is, or leave it nil", s.Sessions))
	} else if s.Sessions != nil && s.Store == nil {
		found = append(found, mistake("Sessions", "without a Store there are no sessions; set Store, to the same MemoryStore say"))
	}
	if s.StoreTimeout < time.Millisecond || s.StoreTimeout > time.Minute {
		found = append(found, mistake("StoreTimeout", "%v is not from 1ms to 1m; a plain number counts nanoseconds, so write 250*time.Millisecond", s.StoreTimeout))
	}
	if len(s.Name) > maxName || !isAlphanumericOr(s.Name, "-._") {
		found = append(found, mistake("Name", "%q is no name for keys; use at most %d letters, digits, and -._", s.Name, maxName))
	}
	if s.DenylistEnabled && s.Store == nil && s.TokenInDenylist == nil {
		found = append(found, mistake("DenylistEnabled", "there is nothing to ask; set Store or TokenInDenylist"))
	}
	if len(s.DenylistTokenChecks) == 0 {
		found = append(found, mistake("DenylistTokenChecks", "the list is empty; leave it nil for both types"))
	}
	for _, t := range s.DenylistTokenChecks {
		if t != Access && t != Refresh {
			found = append(found, mistake("DenylistTokenChecks", "%q is no type of token; use Access or Refresh", t))
		}
	}
	if g := s.RefreshReuseGrace; g != NoGrace && (g < time.Second || g > maxReuseGrace) {
		found = append(found, mistake("RefreshReuseGrace", "%v is not from 1s to %v; a plain number counts nanoseconds, so write 10*time.Second, or NoGrace", g, maxReuseGrace))
	}
	return found
}

func (s *Settings) answerMistakes() (found []error) {
	if s.Errors < RFC6750 || s.Errors > FastJWTStyle {
		found = append(found, mistake("Errors", "%d is no style; use RFC6750, FastAPI or FastJWTStyle", s.Errors))
	}
	if strings.ContainsFunc(s.Realm, unquotable) {
		found = append(found, mistake("Realm", "%q cannot be quoted in a header; use printable ASCII without quote or backslash", s.Realm))
	}
	return found
}

// isToken tells whether s is a token of RFC 9110 §5.6.2.
func isToken(s string) bool { return s != "" && isAlphanumericOr(s, "!#$%&'*+-.^_`|~") }

// isAlphanumericOr tells whether s consists of ASCII letters, digits and the others alone.
func isAlphanumericOr(s, others string) bool {
	for _, ch := range []byte(s) {
		if !isAlphanumeric(ch) && strings.IndexByte(others, ch) < 0 {
			return false
		}
	}
	return true
}

func isAlphanumeric(ch byte) bool {
	return 'a' <= ch|0x20 && ch|0x20 <= 'z' || '0' <= ch && ch <= '9'
}
