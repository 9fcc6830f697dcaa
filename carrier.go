package authjwt

import (
	"net/http"

	"github.com/go-json-experiment/json/jsontext"
)

// A carrier is how tokens of one type travel: the names and attributes, and the failures that quote
// them. New makes it; it never changes.
type carrier struct {
	kind       TokenType
	token      *cookieForm   // HttpOnly
	csrf       *cookieForm   // readable by the page
	former     []*cookieForm // earlier places of both
	csrfHeader string        // canonical
	jsonKey    string        // quoted

	missing   map[Location]*failure
	repeated  *failure
	noCSRF    *failure
	wrongCSRF *failure
}

func newCarrier(s *Settings, kind TokenType) *carrier {
	header, jsonKey := s.AccessCSRFHeaderName, s.JSONKey
	if kind == Refresh {
		header, jsonKey = s.RefreshCSRFHeaderName, s.RefreshJSONKey
	}
	k := &carrier{kind: kind, csrfHeader: http.CanonicalHeaderKey(header)}
	token, csrf := s.cookies(kind)
	k.token, k.csrf = newCookieForm(token), newCookieForm(csrf)
	quoted, _ := jsontext.AppendQuote(nil, jsonKey) // New checked it
	k.jsonKey = string(quoted)
	for _, c := range s.formerCookies(token, csrf) {
		k.former = append(k.former, newCookieForm(c))
	}

	k.missing = map[Location]*failure{
		Headers: missingToken("Missing " + s.HeaderName + " Header"),
		Cookies: missingToken("Missing cookie " + k.token.Name),
		Query:   missingToken("Missing query parameter " + s.QueryStringName),
		JSON:    missingToken("Missing JSON member " + jsonKey),
	}
	if kind == Refresh {
		k.missing[Query] = missingToken("Refresh tokens are not taken from the query")
	}
	k.repeated = &failure{ErrInvalidRequest, nil, 400, 422, "invalid_request", "invalid_request",
		"Several cookies " + k.token.Name + " with different values. FormerCookies clears those of earlier releases, CookiePrefix keeps out other hosts'"}
	noCSRF, wrongCSRF := "Missing CSRF Token", "CSRF double submit tokens do not match"
	if s.Errors == RFC6750 { // the others have these texts and no more
		field := ""
		if s.CSRFFormField != "" {
			field = ", or in the form field " + s.CSRFFormField
		}
		hint := ". Send the value of the cookie " + k.csrf.Name + " in the header " + header + field
		noCSRF, wrongCSRF = noCSRF+hint, wrongCSRF+hint
	}
	k.noCSRF = &failure{ErrCSRF, nil, 403, 401, "", "csrf_missing", noCSRF}
	k.wrongCSRF = &failure{ErrCSRF, nil, 403, 401, "", "csrf_mismatch", wrongCSRF}
	return k
}

// carrier returns how tokens of type t travel.
func (m *Manager) carrier(t TokenType) *carrier {
	if t == Refresh {
		return m.refresh
	}
	return m.access
}

// carriers returns both, access tokens' first.
func (m *Manager) carriers() []*carrier { return []*carrier{m.access, m.refresh} }

// cookies describes the two cookies of a type of token, without value and life.
func (s *Settings) cookies(kind TokenType) (token, csrf http.Cookie) {
	token = http.Cookie{
		Name: s.CookiePrefix + s.AccessCookieKey, Path: s.AccessCookiePath, Domain: s.CookieDomain,
		Secure: !s.InsecureCookies, HttpOnly: true, SameSite: s.CookieSameSite,
	}
	csrf = token
	csrf.Name, csrf.Path, csrf.HttpOnly = s.CookiePrefix+s.AccessCSRFCookieKey, s.AccessCSRFCookiePath, false
	if kind == Refresh {
		token.Name, token.Path = s.CookiePrefix+s.RefreshCookieKey, s.RefreshCookiePath
		csrf.Name, csrf.Path = s.CookiePrefix+s.RefreshCSRFCookieKey, s.RefreshCSRFCookiePath
	}
	return token, csrf
}

// formerCookies describes the cookies at their earlier places, those apart that are there still.
func (s *Settings) formerCookies(cookies ...http.Cookie) (former []http.Cookie) {
	for _, place := range s.FormerCookies {
		for _, c := range cookies {
			if !samePlace(c.Path, c.Domain, place.Path, place.Domain) {
				c.Path, c.Domain = place.Path, place.Domain
				former = append(former, c)
			}
		}
	}
	return former
}
