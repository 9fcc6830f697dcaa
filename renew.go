package authjwt

import (
	"slices"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// renew sets the cookies of a new access token in the answer to a request whose token, from a cookie, ends within
// Settings.RefreshWithin. Where it finds a reason not to, the old token stays good for as long as it is: the request
// has been accepted, and only a panic of a callback undoes that.
func (a *AuthJWT) renew(t *Token) {
	if !a.mayRenew(t) {
		return
	}
	if a.m.settings.LoadUser != nil {
		if _, e := a.findUser(); e != nil { // who is gone gets no new token
			return
		}
	}
	spec, ok := a.m.renewal(t)
	if !ok {
		return
	}
	if _, err := a.m.create(spec, nil); err != nil {
		return
	}
	cookies, e := a.makeCookies(nil, spec.issued)
	if e != nil {
		return
	}
	// After the new token is dated: what is revoked from now on is dated no earlier, and ends the new one, too.
	if e := a.m.askRevoked(a.c.Request.Context(), a, t, true); e != nil {
		return
	}
	if e := a.recordSession(spec, spec.sessionBegin, spec.sessionEnd); e != nil { // as long as it may slide
		return
	}
	rare := a.rarities()
	rare.renewed = &renewedWriter{a.c.Writer, a.writeNew(cookies)}
	a.c.Writer = rare.renewed
	a.m.emit(a.c.Request.Context(), a, t.event(EventRenewed))
}

// mayRenew tells whether t is due, and the answer may have its successor.
func (a *AuthJWT) mayRenew(t *Token) bool {
	s := &a.m.settings
	switch {
	case t.Type != Access || t.Location != Cookies || t.SessionID == "": // there is no session to end it by
		return false
	case t.IssuedAt.IsZero() || t.ExpiresAt.IsZero() || t.sessionEnds == 0:
		return false
	case t.ExpiresAt.Unix() >= t.sessionEnds: // no token can live longer
		return false
	case t.Issuer != s.EncodeIssuer: // an outside issuer's would become one of ours
		return false
	}
	rest, life := t.ExpiresAt.Sub(s.Now()), t.ExpiresAt.Sub(t.IssuedAt)
	if rest <= 0 || rest >= min(s.RefreshWithin, life/2) {
		return false
	}
	if a.mayWrite() != nil || a.m.origins.check(a.c.Request, true) != nil { // another site's page keeps nobody logged in
		return false
	}
	access := setCookie{about: a.m.access.token}
	return !slices.ContainsFunc(a.c.Writer.Header()["Set-Cookie"], access.replaces) // a login, a logout, or done
}

// renewal describes the successor of t: the same claims, header, session and CSRF value, which pages may hold, but not fresh.
func (m *Manager) renewal(t *Token) (*tokenSpec, bool) {
	var claims map[string]jsontext.Value
	if t.Decode(&claims) != nil || claims["type"] == nil { // the same, with UntypedTokens
		return nil, false
	}
	headers, _ := UnverifiedHeader(t.raw)         // verify has seen it
	for _, name := range []string{"alg", "kid"} { // the key may be another one by now
		delete(headers, name)
	}
	for name := range claims {
		if containsFold(reservedClaims, name) {
			delete(claims, name)
		}
	}
	spec := &tokenSpec{
		kind: Access, subject: t.Subject, persistent: t.persistent, audience: t.Audience, claims: []any{claims}, headers: headers,
		notBefore: t.IssuedAt, session: t.SessionID, sessionEnd: t.sessionEnd(), sessionBegin: t.sessionBegin(), expires: t.ExpiresAt.Sub(t.IssuedAt),
	}
	if validCookieValue(t.csrf) { // what others that share the key have made may not be
		spec.csrf = t.csrf
	}
	if longest := m.settings.AccessTokenExpires; longest != NoExpiry {
		spec.expires = min(spec.expires, longest)
	}
	return spec, true
}

// renewalMistakes are those of RefreshWithin.
func (s *Settings) renewalMistakes(signs bool) (found []error) {
	d := s.RefreshWithin
	if d == 0 {
		return nil
	}
	if d < time.Second {
		return []error{mistake("RefreshWithin", "%v is below one second; a plain number counts nanoseconds, so write 5*time.Minute", d)}
	}
	if s.AccessTokenExpires != NoExpiry && d > s.AccessTokenExpires/2 {
		found = append(found, mistake("RefreshWithin", "%v is more than half of AccessTokenExpires, %v; use a third of that, say", d, s.AccessTokenExpires))
	}
	if s.AccessTokenExpires == NoExpiry {
		found = append(found, mistake("RefreshWithin", "tokens do not end, so that none is due; set AccessTokenExpires"))
	}
	if s.SessionExpires == NoExpiry {
		found = append(found, mistake("RefreshWithin", "sessions do not end, so that a stolen token would slide for ever; set SessionExpires"))
	}
	if !s.uses(Cookies) {
		found = append(found, mistake("RefreshWithin", "tokens are renewed in cookies alone; add Cookies to TokenLocation"))
	}
	if s.Store == nil {
		found = append(found, mistake("RefreshWithin", "without a Store nothing could end what renews itself; set Store"))
	}
	if !signs {
		found = append(found, mistake("RefreshWithin", "a Manager that only verifies renews nothing; set a key that signs, or leave this out"))
	}
	return found
}
