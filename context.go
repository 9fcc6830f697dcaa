package authjwt

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"

	"github.com/gin-gonic/gin"
)

// AuthJWT is one request's view of a [Manager]: it finds the credential, runs the guards and remembers
// the verified token. Get it from [FromContext] or [Manager.Bind]. Like the gin.Context it belongs to,
// it serves one goroutine and ends with the request; Tokens may be kept.
type AuthJWT struct {
	m        *Manager
	c        *gin.Context
	next     *AuthJWT // bound earlier: another Manager's, or this one's on the context that c is a copy of
	detached bool     // c is a copy without a writer: there is no response to guard
	clashing bool     // a Manager that was bound earlier has a cookie of the same name
	varied   bool

	accepted atomic.Pointer[Token] // atomic, for copies of the context read it in goroutines
	refused  *Error
	rare     *rarities
	vary     [1]string // storage of the Vary field

	// The last verification: a second guard in the same request verifies nothing again.
	checked    *Token // whose content counts for nothing with an error; nil: there was none
	checkedErr *Error
	token      Token // storage of the first verified token, written once
}

// rarities are what few requests need room for.
type rarities struct {
	queryTokens []string // taken out of the URL
	setLines    []string // of Set-Cookie
	renewed     *renewedWriter
	body        *requestBody
	user        any    // what LoadUser found
	noUser      *Error // or why there is none
	userOf      *Token // of which
}

func (a *AuthJWT) rarities() *rarities {
	if a.rare == nil {
		a.rare = new(rarities)
	}
	return a.rare
}

var errCopy = errors.New("this is a copy of the request's context, without a response; guard before gin's Copy")

// unusable tells why everything but Token, Subject and Context is an error, if so. The guards refuse where there is a response.
func (a *AuthJWT) unusable() *Error {
	switch {
	case a.detached:
		return a.m.misused(errCopy)
	case a.clashing:
		return a.m.misused(a.m.clash(a.next))
	}
	return nil
}

// JWTRequired demands an access token. One from a cookie must come with a request of the site's own
// pages, and with the CSRF value, unless the method is safe (Settings.CSRFMethods); an upgrade to WebSocket
// is a GET, but must come from an own page, too. If it returns an error, the request has been refused: the
// context is aborted, the refusal is written, and whatever the handler still writes to c.Writer is
// discarded, so that this is the whole idiom:
//
//	if a.JWTRequired() != nil {
//		return
//	}
//
// Three things go around that seal: a writer saved before the guard, a gin.Context copied by value, and
// Gin's HandleContext, which makes c.Writer anew. The error is of type *[Error].
func (a *AuthJWT) JWTRequired(opts ...RequireOption) error {
	r := a.m.with(requirement{want: Access}, opts)
	return a.guard(&r)
}

// JWTOptional lets a request without a token pass, with a nil Token. A token that is there must be a
// good access token: a bad one is refused as by [AuthJWT.JWTRequired], never taken for none.
func (a *AuthJWT) JWTOptional(opts ...RequireOption) error {
	r := a.m.with(requirement{want: Access, optional: true}, opts)
	return a.guard(&r)
}

// JWTRefreshTokenRequired demands a refresh token; otherwise it is [AuthJWT.JWTRequired].
func (a *AuthJWT) JWTRefreshTokenRequired(opts ...RequireOption) error {
	r := a.m.with(requirement{want: Refresh}, opts)
	return a.guard(&r)
}

// FreshJWTRequired demands an access token made at a login; otherwise it is [AuthJWT.JWTRequired].
func (a *AuthJWT) FreshJWTRequired(opts ...RequireOption) error {
	r := a.m.with(requirement{want: Access, fresh: true}, opts)
	return a.guard(&r)
}

// Verify is the quiet guard: it returns the token or the *[Error] and touches neither the response
// nor Token.
func (a *AuthJWT) Verify(want TokenType, opts ...RequireOption) (*Token, error) {
	if a.detached {
		return nil, a.m.misused(errCopy)
	}
	completed := false
	defer abortUnless(&completed, a.c)
	r := a.m.with(requirement{want: want}, opts)
	if want != Access && want != Refresh {
		r.mistakes = append(r.mistakes, errWant)
	}
	t, e := a.check(&r)
	completed = true
	if e != nil {
		return nil, e
	}
	return t.clone(), nil
}

// Abort refuses the request for a reason of the application's, as a guard does. An *[Error] is
// answered as it stands, an Err… reason as the refusal of its kind, anything else (nil, too) as 500.
func (a *AuthJWT) Abort(err error) {
	if a.detached {
		return
	}
	completed := false
	defer abortUnless(&completed, a.c)
	a.refuse(a.m.errorFrom(err, failInternal), nil)
	completed = true
}

// Token returns a copy of the token that the last guard accepted; nil if there is none.
func (a *AuthJWT) Token() *Token { return a.accepted.Load().clone() }

// Subject returns the subject of Token, or the empty string.
func (a *AuthJWT) Subject() string {
	if t := a.accepted.Load(); t != nil {
		return t.Subject
	}
	return ""
}

// Context returns the request's context carrying Token, for [TokenFromContext] and [Manager.TokenFromContext] in layers that
// know no Gin.
func (a *AuthJWT) Context() context.Context {
	t := a.accepted.Load()
	if t == nil {
		return a.c.Request.Context()
	}
	return &tokenContext{a.c.Request.Context(), a.m, t}
}

// CreateAccessToken is [Manager.CreateAccessToken].
func (a *AuthJWT) CreateAccessToken(subject string, opts ...TokenOption) (string, error) {
	return a.create(&tokenSpec{kind: Access, subject: subject}, opts)
}

// CreateRefreshToken is [Manager.CreateRefreshToken].
func (a *AuthJWT) CreateRefreshToken(subject string, opts ...TokenOption) (string, error) {
	return a.create(&tokenSpec{kind: Refresh, subject: subject}, opts)
}

func (a *AuthJWT) create(s *tokenSpec, opts []TokenOption) (string, error) {
	if e := a.unusable(); e != nil {
		return "", e
	}
	completed := false
	defer abortUnless(&completed, a.c)
	token, err := a.m.create(s, opts)
	completed = true
	return token, err
}

func (a *AuthJWT) guard(r *requirement) error {
	if a.detached {
		return a.m.misused(errCopy)
	}
	if a.refused != nil {
		a.c.Abort() // Gin's HandleContext takes an abort back
		return a.refused
	}
	completed := false
	defer abortUnless(&completed, a.c)
	t, e := a.check(r)
	if e != nil {
		a.refuse(e, t)
		completed = true
		return e
	}
	a.addVary()
	if t != nil {
		a.accepted.Store(t)
		if a.m.settings.RefreshWithin > 0 {
			a.renew(t)
		}
	}
	completed = true
	return nil
}

// check finds the credential, verifies it and judges it by r. Without one it returns nil, nil if r
// is optional. With an error, the token is what the refusal is about, for the event alone; nil: nothing was verified.
func (a *AuthJWT) check(r *requirement) (*Token, *Error) {
	if e := a.unusable(); e != nil {
		return nil, e
	}
	if len(r.mistakes) > 0 {
		return nil, a.m.misused(errors.Join(r.mistakes...))
	}
	cred, f := a.extract(r)
	if f != nil {
		return nil, a.m.fail(f, nil)
	}
	if cred.raw == "" {
		if a.m.malformed(a.c.Request.Header, r) {
			return nil, a.m.fail(a.m.failHeader, nil)
		}
		if r.optional {
			return nil, nil
		}
		return nil, a.m.fail(a.m.missing(r), nil)
	}
	csrf := ""
	if cred.location == Cookies {
		if csrf, f = a.presentedCSRF(r); f != nil {
			return &Token{Location: Cookies}, a.m.fail(f, nil)
		}
	}
	t, e := a.verifyOnce(cred)
	if e != nil {
		return t, a.m.blame(cred, a.m.asAsked(e, r))
	}
	if e := a.m.admit(t, r); e != nil {
		return t, e
	}
	if csrf != "" {
		if f := a.m.carrier(r.want).matches(t, csrf); f != nil {
			return t, a.m.fail(f, nil)
		}
	}
	return t, nil
}

// verifyOnce verifies the credential, unless it is the one verified last.
func (a *AuthJWT) verifyOnce(cred credential) (*Token, *Error) {
	t := a.checked
	if t == nil || t.raw != cred.raw || t.Location != cred.location {
		if t = &a.token; t.raw != "" { // also where a verification panicked, and a handler recovered from it
			t = new(Token)
		}
		t.raw, t.Location = cred.raw, cred.location
		a.checked, a.checkedErr = t, a.m.verify(a.c.Request.Context(), a, cred.raw, t)
	}
	return t, a.checkedErr
}

// refuse aborts first, then tells of it, answers and seals; Token is nil from then on. The refusal is about a token, or
// else about the one accepted before.
func (a *AuthJWT) refuse(e *Error, about *Token) {
	a.c.Abort()
	if a.refused != nil {
		return
	}
	a.refused = e
	if a.m.told() && !e.told {
		if about == nil {
			about = a.accepted.Load()
		}
		a.emitRefusal(about.event(refusalKind(e)), e)
	}
	a.accepted.Store(nil)
	if e.cause != nil {
		_ = a.c.Error(e)
	} else { // as a.c.Error would, which looks for another one in e
		a.c.Errors = append(a.c.Errors, &gin.Error{Err: e, Type: gin.ErrorTypePrivate})
	}
	w, completed := a.c.Writer, false
	defer func() { // also when ErrorHandler panics, for a handler may recover by itself
		abortUnless(&completed, a.c)
		a.c.Writer = &sealedWriter{ResponseWriter: w}
	}()
	a.addVary()
	a.m.render(a.c, e)
	completed = true
}

// addVary tells caches what the answer depends on (RFC 9111 §4.1). It adds, for CORS has its own to say.
func (a *AuthJWT) addVary() {
	if a.varied || a.c.Writer.Written() {
		return
	}
	a.varied = true
	h := a.c.Writer.Header()
	if h["Vary"] == nil {
		a.vary[0] = a.m.vary
		h["Vary"] = a.vary[:]
		return
	}
	h.Add("Vary", a.m.vary)
}

// abortUnless aborts the context when a panic passes, because Gin would go on to the protected
// handler under a recovery that does not abort. It is deferred, and does not recover.
func abortUnless(completed *bool, c *gin.Context) {
	if !*completed {
		abortPanicking(c, bound(c))
	}
}

// abortUnless goes beside the function of that name in what runs handlers: one may have called Gin's HandleContext, which
// forgets what was bound to the request.
func (a *AuthJWT) abortUnless(completed *bool) {
	if !*completed {
		abortPanicking(a.c, a)
	}
}

// abortPanicking also leaves 500 as the answer, for a recovery that writes none, and hides the tokens
// of the request, for a recovery that logs it: Gin's does, and hides Authorization alone.
func abortPanicking(c *gin.Context, first *AuthJWT) {
	c.Abort()
	for a := first; a != nil; a = a.next {
		a.m.hideTokens(c.Request)
	}
	if !c.Writer.Written() {
		takeBack(c.Writer.Header(), first)
		c.Writer.WriteHeader(http.StatusInternalServerError)
	}
}
