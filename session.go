package authjwt

import (
	"time"

	"github.com/go-json-experiment/json"
)

// TokenPair is what a login or a refresh hands out. Its JSON form is the answer of RFC 6749 §5.1, with
// expires_in in whole seconds; the tokens are left out of it where Cookies is the only location, or beside
// Query alone, so that no script can read them. Printing it shows no token, as with [Settings].
type TokenPair struct {
	// AccessToken is the new access token.
	AccessToken string
	// RefreshToken is empty after a refresh.
	RefreshToken string
	// AccessCSRF and RefreshCSRF are the values that go with the tokens when cookies carry them; empty
	// where cookies are no location.
	AccessCSRF, RefreshCSRF string
	// ExpiresIn is the life of the access token; NoExpiry if it has none.
	ExpiresIn time.Duration

	cookiesOnly bool
}

// MarshalJSON writes access_token, refresh_token, token_type, csrf_access_token, csrf_refresh_token and
// expires_in; absent ones are left out.
func (p TokenPair) MarshalJSON() ([]byte, error) { return json.Marshal(p.wire("")) }

type wirePair struct {
	Message      string `json:"msg,omitzero"`
	AccessToken  string `json:"access_token,omitzero"`
	RefreshToken string `json:"refresh_token,omitzero"`
	TokenType    string `json:"token_type,omitzero"`
	AccessCSRF   string `json:"csrf_access_token,omitzero"`
	RefreshCSRF  string `json:"csrf_refresh_token,omitzero"`
	ExpiresIn    int64  `json:"expires_in,omitzero"`
}

// wire is the pair as JSON; the message stands in for tokens that are left out.
func (p TokenPair) wire(message string) wirePair {
	w := wirePair{AccessCSRF: p.AccessCSRF, RefreshCSRF: p.RefreshCSRF, ExpiresIn: int64(p.ExpiresIn / time.Second)}
	if p.cookiesOnly {
		w.Message = message
	} else {
		w.AccessToken, w.RefreshToken, w.TokenType = p.AccessToken, p.RefreshToken, "bearer"
	}
	return w
}

// Login makes a fresh access token and a refresh token for subject, and sets their cookies if Cookies
// is a location: both pairs or, with an error, none (see [AuthJWT.SetAccessCookies]). It ignores what the
// request presents. The options shape the access token; the refresh token carries nothing but the
// subject and the choice of [WithPersistentCookies], because claims are asked for again at a refresh.
// It answers nothing: pass an error to [AuthJWT.Abort]. The error is of type *[Error].
func (a *AuthJWT) Login(subject string, opts ...TokenOption) (TokenPair, error) {
	if a.detached {
		return TokenPair{}, a.m.misused(errCopy)
	}
	access := &tokenSpec{kind: Access, subject: subject, fresh: true}
	if _, err := a.create(access, opts); err != nil {
		return TokenPair{}, a.m.misused(err)
	}
	refresh := &tokenSpec{kind: Refresh, subject: subject, persistent: access.persistent}
	if _, err := a.create(refresh, nil); err != nil {
		return TokenPair{}, a.m.misused(err)
	}
	return a.handOut(access.issued, refresh.issued)
}

// Refresh verifies the request's refresh token, unless a guard has accepted it already, makes an
// access token that is not fresh, and sets its cookies if Cookies is a location. The options shape the
// token. It answers nothing: pass an error to [AuthJWT.Abort]. The error is of type *[Error].
func (a *AuthJWT) Refresh(opts ...TokenOption) (TokenPair, error) {
	if a.detached {
		return TokenPair{}, a.m.misused(errCopy)
	}
	t := a.accepted.Load()
	if t == nil || t.Type != Refresh {
		var err error
		if t, err = a.Verify(Refresh); err != nil {
			return TokenPair{}, err
		}
	}
	access := &tokenSpec{kind: Access, subject: t.Subject, persistent: t.persistent}
	if _, err := a.create(access, opts); err != nil {
		return TokenPair{}, a.m.misused(err)
	}
	return a.handOut(access.issued, issued{})
}

// handOut sets the cookies of new tokens; there may be no refresh token.
func (a *AuthJWT) handOut(access, refresh issued) (TokenPair, error) {
	completed := false
	defer abortUnless(&completed, a.c)
	s := &a.m.settings
	pair := TokenPair{
		AccessToken: access.raw, RefreshToken: refresh.raw, AccessCSRF: access.csrf, RefreshCSRF: refresh.csrf,
		ExpiresIn:   access.life,
		cookiesOnly: s.uses(Cookies) && !s.uses(Headers) && !s.uses(JSON),
	}
	if s.uses(Cookies) {
		tokens := []issued{access, refresh}
		if refresh.raw == "" {
			tokens = tokens[:1]
		}
		if e := a.setCookies(nil, tokens...); e != nil {
			completed = true
			return TokenPair{}, e
		}
	}
	completed = true
	return pair, nil
}

// Logout ends the session in this browser: it deletes the cookies, whatever state their tokens are
// in. Without cookies there is nothing to end on the server, and no error. It needs no guard before
// it. A request from another site's page is refused, and so is one that presents a live token in a
// cookie without the CSRF value of either cookie; then no cookie is touched. It answers nothing: pass an
// error to [AuthJWT.Abort]. The error is of type *[Error].
func (a *AuthJWT) Logout() error {
	switch {
	case a.detached:
		return a.m.misused(errCopy)
	case !a.m.settings.uses(Cookies):
		return nil
	}
	completed := false
	defer abortUnless(&completed, a.c)
	f := a.m.origins.check(a.c.Request, true)
	if f == nil {
		f = a.mayLogOut()
	}
	completed = true
	if f != nil {
		return a.m.fail(f, nil)
	}
	return a.UnsetJWTCookies()
}

// mayLogOut tells whether the request may delete the cookies it presents. One CSRF value is enough: it
// matches either cookie's claim, that of an expired token included. Cookies that are broken, foreign or
// expired need none, nor do those without a claim, for which there is no value: nothing of that kind
// keeps a user from logging out.
func (a *AuthJWT) mayLogOut() *failure {
	if a.m.settings.InsecureDisableCSRF {
		return nil
	}
	var verdict *failure
	for _, k := range a.m.carriers() {
		for _, presented := range a.c.Request.CookiesNamed(k.token.Name) {
			t, live := a.m.verifyPast(a.m.cookieToken(presented.Value), k.kind)
			if t == nil || !t.hasCSRF {
				continue
			}
			f := k.noCSRF
			for _, other := range a.m.carriers() {
				value := a.csrfValue(other, "")
				if value == "" {
					continue
				}
				if f = k.matches(t, value); f == nil {
					return nil
				}
			}
			if live && verdict == nil {
				verdict = f
			}
		}
	}
	return verdict
}

// verifyPast verifies a token of the given type as of the last second of its life if that is over, and
// tells whether it is not. The token is nil if it does not verify even so.
func (m *Manager) verifyPast(raw string, kind TokenType) (t *Token, live bool) {
	t = new(Token)
	now := m.settings.Now()
	f := m.verifyToken(raw, t, now)
	live = f == nil
	if f == failExpired {
		f = m.verifyToken(raw, t, t.ExpiresAt.Add(-time.Second))
	}
	if f != nil || t.Type != kind {
		return nil, false
	}
	return t, live
}
