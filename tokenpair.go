package authjwt

import (
	"bytes"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// TokenPair is what a login or a refresh hands out. Its JSON form is the answer of RFC 6749 §5.1, with
// expires_in in whole seconds. The tokens are left out of it, so that no script can read them, where Cookies is the only
// location, or beside Query alone, and after a refresh by a cookie; Settings.InsecureAccessTokenInBody keeps the access
// token. Printing it shows no token, as with [Settings]; but inside another value a slog.JSONHandler writes its JSON form.
type TokenPair struct {
	// AccessToken is the new access token.
	AccessToken string
	// RefreshToken is empty after a refresh that leaves the old one good.
	RefreshToken string
	// AccessCSRF and RefreshCSRF are the values that go with the tokens when cookies carry them; empty
	// where cookies are no location.
	AccessCSRF, RefreshCSRF string
	// ExpiresIn is the life of the access token; NoExpiry if it has none.
	ExpiresIn time.Duration

	cookiesOnly, showAccess bool
}

// MarshalJSON writes access_token, refresh_token, token_type, csrf_access_token, csrf_refresh_token and
// expires_in; absent ones are left out.
func (p TokenPair) MarshalJSON() ([]byte, error) { return p.appendJSON(nil, "") }

// appendJSON adds the pair as JSON; the message stands in for tokens that are left out.
func (p TokenPair) appendJSON(b []byte, message string) (_ []byte, err error) {
	access, refresh, kind := p.AccessToken, p.RefreshToken, "bearer"
	if p.cookiesOnly {
		refresh = ""
	}
	if p.cookiesOnly && !p.showAccess {
		access = ""
	} else {
		message = ""
	}
	if access == "" { // Routes.Respond may have emptied it
		kind = ""
	}
	b = append(b, '{')
	for _, m := range [...]struct{ name, value string }{
		{`"msg":`, message}, {`"access_token":`, access}, {`"refresh_token":`, refresh}, {`"token_type":`, kind},
		{`"csrf_access_token":`, p.AccessCSRF}, {`"csrf_refresh_token":`, p.RefreshCSRF},
	} {
		if m.value != "" {
			if b, err = jsontext.AppendQuote(append(b, m.name...), m.value); err != nil {
				return nil, err
			}
			b = append(b, ',')
		}
	}
	if seconds := int64(p.ExpiresIn / time.Second); seconds != 0 {
		return append(strconv.AppendInt(append(b, `"expires_in":`...), seconds, 10), '}'), nil
	}
	return append(bytes.TrimSuffix(b, []byte(",")), '}'), nil
}
