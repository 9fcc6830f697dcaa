package authjwttest

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"

	"github.com/gin-authjwt/authjwt"
)

// As is a user with a valid, fresh access token, minted now, at the first location where guards look for one in such a request;
// in a cookie with its CSRF value. A body goes before it, for the token may have to stand in there.
func (m *Manager) As(subject string, opts ...authjwt.TokenOption) As {
	m.tb.Helper()
	return m.first(authjwt.Access, m.Token(Valid, subject, opts...))
}

// first puts the token at the first location of Settings.TokenLocation where it counts.
func (m *Manager) first(kind authjwt.TokenType, token string) As {
	return func(req *http.Request) {
		for _, l := range m.locations() {
			if reads(l, kind, req.Method) {
				m.put(l, kind, token)(req)
				return
			}
		}
	}
}

// At puts a token, good or bad, at that location, whether guards look there or not.
func (m *Manager) At(l authjwt.Location, token string) As { return m.put(l, kindOf(token), token) }

// Header puts a token into the header, by Settings.HeaderName and HeaderType.
func (m *Manager) Header(token string) As { return m.At(authjwt.Headers, token) }

// Cookies puts a token into the cookie of its type, and its CSRF value into the header of its type, as a page of the
// application's does. With what is no token goes a made-up value.
func (m *Manager) Cookies(token string) As { return m.At(authjwt.Cookies, token) }

// CookiesWithoutCSRF puts a token into the cookie of its type, and nothing else: it is what a browser sends for a page that
// does not know the CSRF value.
func (m *Manager) CookiesWithoutCSRF(token string) As {
	return func(req *http.Request) { m.addCookie(req, kindOf(token), token) }
}

// put puts the token where one of that kind belongs.
func (m *Manager) put(l authjwt.Location, kind authjwt.TokenType, token string) As {
	return func(req *http.Request) {
		switch l {
		case authjwt.Headers:
			value := token
			if scheme := m.shown["HeaderType"]; scheme != authjwt.NoHeaderType {
				value = scheme + " " + token
			}
			req.Header.Set(m.shown["HeaderName"], value)
		case authjwt.Cookies:
			m.addCookie(req, kind, token)
			claims := read(token)
			if claims == (unverified{}) {
				claims.CSRF = "made-up" // of what is no token, so that guards come to look at it
			}
			if claims.CSRF != "" {
				req.Header.Set(m.csrfHeader(kind), claims.CSRF)
			}
		case authjwt.Query:
			query := url.QueryEscape(m.shown["QueryStringName"]) + "=" + url.QueryEscape(token)
			if req.URL.RawQuery != "" {
				query = req.URL.RawQuery + "&" + query
			}
			req.URL.RawQuery = query
			req.RequestURI = req.URL.RequestURI()
		case authjwt.JSON:
			member := m.shown["JSONKey"]
			if kind == authjwt.Refresh {
				member = m.shown["RefreshJSONKey"]
			}
			addMember(req, member, token)
		}
	}
}

func (m *Manager) addCookie(req *http.Request, kind authjwt.TokenType, token string) {
	if scheme := m.shown["CookieScheme"]; scheme != "" {
		token = scheme + " " + token
	}
	req.AddCookie(&http.Cookie{Name: m.cookie(kind), Value: token})
}

// kindOf is the type of a token, good or bad.
func kindOf(token string) authjwt.TokenType {
	if read(token).Type == authjwt.Refresh {
		return authjwt.Refresh
	}
	return authjwt.Access
}

// addMember adds a member to the JSON object in the body, or makes one.
func addMember(req *http.Request, name, value string) {
	members := map[string]any{}
	if req.Body != nil && req.Body != http.NoBody {
		text, err := io.ReadAll(req.Body)
		kept := map[string]json.RawMessage{}
		if err == nil {
			err = json.Unmarshal(text, &kept)
		}
		if err != nil {
			panic("authjwttest: the token goes into a JSON body, and the body is no JSON object; use Manager.At with another location, or another body")
		}
		for other, kept := range kept {
			members[other] = kept
		}
	}
	members[name] = value
	JSON(members)(req)
}
