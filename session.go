package authjwt

import (
	"context"
	"errors"
	"sync"
	"time"
)

// Login makes a fresh access token and a refresh token for subject, and sets their cookies if Cookies
// is a location: both pairs or, with an error, none (see [AuthJWT.SetAccessCookies]). With a Store both
// belong to a new session, which ends after Settings.SessionExpires, and the session that the request
// presents is revoked; otherwise Login ignores what is presented. The options shape the access token; the
// refresh token carries nothing but the subject, the session and the choice of [WithPersistentCookies],
// because claims are asked for again at a refresh. It answers nothing: pass an error to [AuthJWT.Abort]. The
// error is of type *[Error].
func (a *AuthJWT) Login(subject string, opts ...TokenOption) (TokenPair, error) {
	if e := a.unusable(); e != nil {
		return TokenPair{}, e
	}
	completed := false
	defer abortUnless(&completed, a.c)
	pair, e := a.login(subject, opts)
	completed = true
	if e != nil {
		return TokenPair{}, e
	}
	return pair, nil
}

// loginSpecs spare each login its largest piece of memory. Options keep none: all are the package's.
var loginSpecs = sync.Pool{New: func() any { return new([2]tokenSpec) }}

func (a *AuthJWT) login(subject string, opts []TokenOption) (TokenPair, *Error) {
	specs := loginSpecs.Get().(*[2]tokenSpec)
	defer func() {
		*specs = [2]tokenSpec{}
		loginSpecs.Put(specs)
	}()
	access, refresh := &specs[0], &specs[1]
	access.kind, access.subject, access.fresh = Access, subject, true
	if a.m.settings.Store != nil {
		if e := a.m.beginSession(a.c.Request.Context(), access); e != nil {
			return TokenPair{}, e
		}
	}
	refresh.kind, refresh.subject = Refresh, subject
	refresh.notBefore, refresh.session, refresh.sessionEnd = access.notBefore, access.session, access.sessionEnd
	if _, err := a.m.create(access, opts); err != nil {
		return TokenPair{}, a.m.notCreated(err)
	}
	refresh.dated, refresh.persistent = access.dated, access.persistent
	if _, err := a.m.create(refresh, nil); err != nil {
		return TokenPair{}, a.m.notCreated(err)
	}
	pair, e := a.handOut(access.issued, refresh.issued, func() *Error {
		if a.m.settings.Store == nil {
			return nil
		}
		dropped, e := a.putSession(access, access.dated, access.issued.expiresAt, refresh.issued.expiresAt)
		if e != nil {
			return e
		}
		if e = a.endSessions(subject, dropped); e == nil {
			e = a.endPresented(false)
		}
		if e != nil { // nobody has tokens of it
			a.m.forgetSessions(context.WithoutCancel(a.c.Request.Context()), subject, access.session)
		}
		return e
	})
	if e == nil {
		a.m.emit(a.c.Request.Context(), a, Event{Kind: EventIssued, Subject: subject, SessionID: access.session, TokenID: access.id})
	}
	return pair, e
}

// beginSession gives the token a new session. A login in the second in which RevokeSubject was called is
// dated one second later, for it must count.
func (m *Manager) beginSession(ctx context.Context, s *tokenSpec) *Error {
	var e *Error
	if s.notBefore, _, e = m.firstDate(ctx, s.subject); e != nil {
		return e
	}
	if s.notBefore.After(m.settings.Now().Add(m.maxAhead())) {
		return m.fail(failUnavailable, errRevokedJustNow)
	}
	if m.settings.SessionExpires != NoExpiry {
		s.sessionEnd = m.settings.Now().Add(m.settings.SessionExpires).Truncate(time.Second)
	}
	s.session = newSession(s.sessionEnd)
	return nil
}

var errRevokedJustNow = errors.New("the subject was revoked so lately that its tokens would not be valid yet")

// Refresh verifies the request's refresh token, unless a guard has accepted it already, makes an
// access token that is not fresh, and sets its cookies if Cookies is a location. With a Store, unless
// Settings.KeepRefreshToken is set, it also hands out a new refresh token of the same session, and the old one
// is used up: see Settings.RefreshReuseGrace. Where anything fails the old one stays unused. The options
// shape the access token. It answers nothing: pass an error to [AuthJWT.Abort]. The error is of type *[Error].
func (a *AuthJWT) Refresh(opts ...TokenOption) (TokenPair, error) {
	if e := a.unusable(); e != nil {
		return TokenPair{}, e
	}
	t := a.accepted.Load()
	if t == nil || t.Type != Refresh {
		var err error
		if t, err = a.Verify(Refresh); err != nil {
			return TokenPair{}, err
		}
	}
	completed := false
	defer abortUnless(&completed, a.c)
	pair, e := a.refresh(t, opts)
	if e == nil {
		a.m.emit(a.c.Request.Context(), a, t.event(EventRefreshed))
	}
	completed = true
	if e != nil {
		return TokenPair{}, e
	}
	pair.cookiesOnly = pair.cookiesOnly || t.Location == Cookies // or a script could have tokens for the asking
	return pair, nil
}

func (a *AuthJWT) refresh(t *Token, opts []TokenOption) (TokenPair, *Error) {
	access := &tokenSpec{kind: Access, subject: t.Subject, persistent: t.persistent, notBefore: t.IssuedAt}
	s := &a.m.settings
	if s.Store != nil {
		access.session, access.sessionEnd, access.sessionBegin = t.session(), t.sessionEnd(), t.sessionBegin()
		if t.sessionEnds == 0 && s.SessionExpires != NoExpiry { // it was made by itself
			access.sessionEnd = t.IssuedAt.Add(s.SessionExpires)
		}
		if !access.sessionEnd.IsZero() && !s.Now().Before(access.sessionEnd) { // within DecodeLeeway, or in a shorter session
			return TokenPair{}, a.m.fail(failExpired, nil)
		}
	}
	if _, err := a.m.create(access, opts); err != nil {
		return TokenPair{}, a.m.notCreated(err)
	}
	if s.Store == nil || s.KeepRefreshToken {
		return a.handOut(access.issued, issued{}, func() *Error {
			if e := a.m.stillGood(a.c.Request.Context(), a, t); e != nil {
				return e
			}
			return a.recordSession(access, t.sessionBegin(), access.issued.expiresAt, t.ExpiresAt)
		})
	}
	next := &tokenSpec{
		kind: Refresh, subject: t.Subject, persistent: access.persistent, notBefore: t.IssuedAt,
		id: successorOf(t.ID), session: access.session, sessionEnd: access.sessionEnd, sessionBegin: access.sessionBegin,
	}
	if _, err := a.m.create(next, nil); err != nil {
		return TokenPair{}, a.m.notCreated(err)
	}
	return a.rotate(t, access, next)
}

// rotate hands the new tokens out, once the store has said that t was not used by others.
func (a *AuthJWT) rotate(t *Token, access, next *tokenSpec) (TokenPair, *Error) {
	if a.m.settings.uses(Cookies) { // before t is used up
		if _, e := a.makeCookies(nil, access.issued, next.issued); e != nil {
			return TokenPair{}, e
		}
	}
	if e := a.m.stillGood(a.c.Request.Context(), a, t); e != nil {
		return TokenPair{}, e
	}
	if e := a.recordSession(access, t.sessionBegin(), access.issued.expiresAt, next.issued.expiresAt); e != nil {
		return TokenPair{}, e
	}
	id, e := a.m.use(a.c.Request.Context(), a, t, next.sessionEnd)
	if e != nil {
		return TokenPair{}, e
	}
	if id != next.id { // another tab was faster; the date stays, for the store was asked after it
		next.id = id
		if _, err := a.m.create(next, nil); err != nil {
			return TokenPair{}, a.m.notCreated(err)
		}
	}
	return a.handOut(access.issued, next.issued, nil)
}

// handOut sets the cookies of new tokens; there may be no refresh token. What is to be done before it, and
// may fail, is done when nothing else can.
func (a *AuthJWT) handOut(access, refresh issued, before func() *Error) (TokenPair, *Error) {
	s := &a.m.settings
	pair := TokenPair{
		AccessToken: access.raw, RefreshToken: refresh.raw, AccessCSRF: access.csrf, RefreshCSRF: refresh.csrf,
		ExpiresIn:   access.life,
		cookiesOnly: s.cookiesOnly(),
		showAccess:  s.InsecureAccessTokenInBody,
	}
	var cookies []setCookie
	if s.uses(Cookies) {
		tokens := []issued{access, refresh}
		if refresh.raw == "" {
			tokens = tokens[:1]
		}
		var e *Error
		if cookies, e = a.makeCookies(nil, tokens...); e != nil {
			return TokenPair{}, e
		}
	}
	if before != nil {
		if e := before(); e != nil {
			return TokenPair{}, e
		}
	}
	a.writeNew(cookies)
	return pair, nil
}

// Logout ends the session: it deletes the cookies, whatever state their tokens are in, and with a Store
// revokes the sessions of all tokens that are presented, expired ones too, or, of those without a session,
// the tokens themselves. It needs no guard before it. If Cookies is a location, a request from another
// site's page is refused, and so is one that presents a live token in a cookie without the CSRF value of
// either cookie, or one that cannot be checked, for a KeySet is out of reach: then no cookie is touched. Where the
// Store cannot be reached the error is 503, and the cookies are deleted all the same. It answers nothing: pass an error to [AuthJWT.Abort]. The error is of
// type *[Error].
func (a *AuthJWT) Logout() error {
	if e := a.unusable(); e != nil {
		return e
	}
	completed := false
	defer abortUnless(&completed, a.c)
	e := a.logout()
	completed = true
	if e != nil {
		return e
	}
	return nil
}

func (a *AuthJWT) logout() *Error {
	if a.m.settings.uses(Cookies) {
		if f := a.m.origins.check(a.c.Request, true); f != nil {
			return a.m.fail(f, nil)
		}
		if e := a.mayLogOut(); e != nil {
			return e
		}
		if err := a.UnsetJWTCookies(); err != nil {
			return a.m.errorFrom(err, failInternal)
		}
	}
	if a.m.settings.Store == nil {
		return nil
	}
	return a.endPresented(true)
}

// mayLogOut tells whether the request may delete the cookies it presents. One CSRF value is enough: it
// matches either cookie's claim, that of an expired token included. Cookies that are broken, foreign or
// expired need none, nor do those without a claim, for which there is no value: nothing of that kind
// keeps a user from logging out.
func (a *AuthJWT) mayLogOut() *Error {
	if a.m.settings.InsecureDisableCSRF {
		return nil
	}
	var verdict *Error
	for _, k := range a.m.carriers() {
		for _, raw := range a.cookieTokens(k) {
			t, live, e := a.m.verifyPast(a.c.Request.Context(), raw)
			if e != nil {
				return e
			}
			if t == nil || t.Type != k.kind || !t.hasCSRF {
				continue
			}
			f := k.noCSRF
			for _, other := range a.m.carriers() {
				value := a.csrfValue(other)
				if value == "" {
					continue
				}
				if f = k.matches(t, value); f == nil {
					return nil
				}
			}
			if live && verdict == nil {
				verdict = a.m.fail(f, nil)
			}
		}
	}
	return verdict
}

// verifyPast verifies a token as of the last second of its life if that is over, and tells whether it is
// not. The token is nil if it does not verify even so; where that cannot be found out, because a KeySet is out of
// reach, it is an error.
func (m *Manager) verifyPast(ctx context.Context, raw string) (t *Token, live bool, unknown *Error) {
	t = new(Token)
	now := m.settings.Now()
	e := m.verifyToken(ctx, raw, t, now)
	live = e == nil
	if e != nil && e.kind == failExpired {
		e = m.verifyToken(ctx, raw, t, t.ExpiresAt.Add(-time.Second))
	}
	switch {
	case e == nil:
		return t, live, nil
	case e.Status >= 500:
		return nil, false, e
	}
	return nil, false, nil
}

// readSession is false where the claims of a session cannot be read.
func (w *wireClaims) readSession(t *Token) bool {
	id, end, begin := true, true, true
	if w.session.kind != 0 {
		t.SessionID, id = w.session.text(t.payload)
	}
	if w.sessionEnd.kind != 0 {
		t.sessionEnds, end = w.sessionEnd.seconds(t.payload)
	}
	if w.sessionBegin.kind != 0 {
		t.sessionBegan, begin = w.sessionBegin.seconds(t.payload)
	}
	return id && end && begin
}
