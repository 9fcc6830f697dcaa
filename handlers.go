package authjwt

import (
	"context"
	"errors"
	"net/http"
	"path"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"
)

// Routes are the application's part in the prebuilt routes. Its functions must be safe for concurrent use.
type Routes struct {
	// Login checks the credentials, which [BindCredentials] reads, and returns the subject of the
	// tokens. ErrInvalidCredentials refuses with 401, an *[Error] with its status (429, say), any
	// other error with 500. Take as long for an unknown user as for a wrong password. The name that was
	// tried may be returned beside the error: it is for [EventLoginFailed], and never in the answer.
	Login func(c *gin.Context) (subject string, err error)
	// Claims, if set, returns claims for the access token (see [WithClaims]), at a login and again at
	// every refresh. Its errors refuse as Login's do, so that a disabled user gets no new token.
	Claims func(ctx context.Context, subject string) (any, error)
	// Remember, if set, is called after Login and tells whether the cookies of this login outlive the
	// browser, by a checkbox say. Default: Settings.PersistentCookies. A refresh keeps the choice.
	Remember func(c *gin.Context) bool
	// Respond, if set, replaces the answer of login and refresh. The cookies are set already.
	Respond func(c *gin.Context, tokens TokenPair)
}

// Mount adds the prebuilt routes to r: POST /login, POST /refresh, DELETE and POST /logout, and with a
// Store POST /logout-all. It panics if Routes.Login is nil, and if the browser would not send the refresh cookie to the refresh route. Mount
// them outside what a guard protects: even an optional one would refuse a login that brings an old cookie.
func (m *Manager) Mount(r gin.IRouter, routes Routes) {
	if group, ok := r.(interface{ BasePath() string }); ok && m.settings.uses(Cookies) {
		route := path.Join(group.BasePath(), "/refresh")
		if cookie := m.refresh.token.Path; !covers(cookie, route) {
			panic("authjwt: Mount: Settings.RefreshCookiePath " + cookie + " does not cover the refresh route " + route + "; set it to a path above the route, or mount RefreshHandler by itself where a proxy changes the path")
		}
	}
	r.POST("/login", m.LoginHandler(routes))
	r.POST("/refresh", m.RefreshHandler(routes))
	r.DELETE("/logout", m.LogoutHandler())
	r.POST("/logout", m.LogoutHandler())
	if m.settings.Store != nil {
		r.POST("/logout-all", m.LogoutAllHandler())
	}
}

// LoginHandler answers POST with a fresh access token and a refresh token: with their cookies, if
// Cookies is a location, and in the body (RFC 6749 §5.1) unless only cookies carry tokens; see
// [TokenPair]. If Cookies is a location, a request from another site's page is refused before
// Routes.Login is asked. It panics if Routes.Login is nil.
func (m *Manager) LoginHandler(routes Routes) gin.HandlerFunc {
	if routes.Login == nil {
		panic("authjwt: LoginHandler: Routes.Login is nil; set it to the function that checks user name and password")
	}
	m.mustSign("LoginHandler")
	return m.prebuilt([]string{http.MethodPost}, func(a *AuthJWT) error {
		if m.settings.uses(Cookies) {
			if f := m.origins.check(a.c.Request, false); f != nil {
				return m.fail(f, nil)
			}
		}
		subject, err := routes.Login(a.c)
		switch {
		case err != nil:
			return a.refuseLogin(subject, err)
		case a.c.Writer.Written():
			return nil // the callback has answered by itself
		case subject == "" || a.c.IsAborted():
			return a.m.misused(errors.New("Routes.Login returned no error, but no subject either, or it aborted"))
		}
		opts, err := routes.claims(a, subject)
		if err != nil {
			return err
		}
		if routes.Remember != nil {
			opts = append(opts, WithPersistentCookies(routes.Remember(a.c)))
		}
		pair, err := a.Login(subject, opts...)
		if err != nil {
			return err
		}
		routes.respond(a.c, pair, "Successfully login")
		return nil
	})
}

// RefreshHandler answers POST, with a refresh token from any of the locations but Query, with a new access
// token that is not fresh, with a Store with a new refresh token, too, and sets their cookies if Cookies is a
// location: see [AuthJWT.Refresh]. To a refresh token from a cookie it answers with cookies alone: see [TokenPair].
func (m *Manager) RefreshHandler(routes Routes) gin.HandlerFunc {
	m.mustSign("RefreshHandler")
	return m.prebuilt([]string{http.MethodPost}, func(a *AuthJWT) error {
		if err := a.JWTRefreshTokenRequired(); err != nil {
			return err
		}
		opts, err := routes.claims(a, a.Subject())
		if err != nil {
			return err
		}
		pair, err := a.Refresh(opts...)
		if err != nil {
			return err
		}
		routes.respond(a.c, pair, "The token has been refresh")
		return nil
	})
}

// LogoutHandler answers DELETE and POST, whatever tokens are presented, if any: see [AuthJWT.Logout].
// Without a Store nothing is revoked: tokens outside cookies the client must drop by itself, and all
// stay good until they expire.
func (m *Manager) LogoutHandler() gin.HandlerFunc {
	return m.prebuilt([]string{http.MethodDelete, http.MethodPost}, func(a *AuthJWT) error {
		if err := a.Logout(); err != nil {
			return err
		}
		noStore(a.c.Writer.Header())
		writeJSON(a.c, http.StatusOK, map[string]string{"msg": "Successfully logout"})
		return nil
	})
}

// LogoutAllHandler answers POST, with an access token, by ending every session of its subject: see
// [Manager.RevokeSubject]. The cookies of this browser are deleted. It panics without a Store.
func (m *Manager) LogoutAllHandler() gin.HandlerFunc {
	if m.settings.Store == nil {
		panic("authjwt: LogoutAllHandler: " + errNoStore.Error())
	}
	return m.prebuilt([]string{http.MethodPost}, func(a *AuthJWT) error {
		if err := a.JWTRequired(); err != nil {
			return err
		}
		if err := m.revokeSubject(a.c.Request.Context(), a, a.Subject()); err != nil {
			return err
		}
		if err := a.UnsetJWTCookies(); err != nil {
			return err
		}
		noStore(a.c.Writer.Header())
		writeJSON(a.c, http.StatusOK, map[string]string{"msg": "Successfully logout"})
		return nil
	})
}

// prebuilt wraps a handler: other methods get 405, errors are refusals, a panic aborts.
func (m *Manager) prebuilt(methods []string, handle func(a *AuthJWT) error) gin.HandlerFunc {
	return func(c *gin.Context) {
		completed := false
		defer abortUnless(&completed, c)
		a := m.Bind(c)
		defer a.abortUnless(&completed)
		var err error
		if slices.Contains(methods, c.Request.Method) {
			err = handle(a)
		} else {
			c.Header("Allow", strings.Join(methods, ", "))
			err = m.fail(failMethod, nil)
		}
		if err != nil {
			a.refuse(m.errorFrom(err, failInternal), nil)
		}
		completed = true
	}
}

// refuseLogin makes the refusal of a login, and tells of it where the client has failed, not the server.
func (a *AuthJWT) refuseLogin(subject string, err error) *Error {
	e := a.m.errorFrom(err, failInternal)
	if e.Status < http.StatusInternalServerError && a.refused == nil { // or a guard in it has told
		a.emitRefusal(Event{Kind: EventLoginFailed, Subject: subject}, e)
		e.told = true
	}
	return e
}

func (r *Routes) claims(a *AuthJWT, subject string) ([]TokenOption, error) {
	if r.Claims == nil {
		return nil, nil
	}
	claims, err := r.Claims(a.c.Request.Context(), subject)
	if err != nil {
		return nil, err
	}
	return []TokenOption{WithClaims(claims)}, nil
}

func (r *Routes) respond(c *gin.Context, pair TokenPair, message string) {
	noStore(c.Writer.Header())
	if r.Respond != nil {
		r.Respond(c, pair)
		return
	}
	room := scratches.Get().(*scratch)
	defer scratches.Put(room)
	room.text, _ = pair.appendJSON(room.text[:0], message) // all of it is the package's, in ASCII
	writeBody(c, http.StatusOK, room.text)
}

// covers tells whether browsers send a cookie of that path to the route (RFC 6265bis §5.1.4).
func covers(path, route string) bool {
	return path == route || strings.HasPrefix(route, strings.TrimSuffix(path, "/")+"/")
}

// noStore keeps an answer that carries a token out of caches (RFC 6749 §5.1).
func noStore(h http.Header) {
	dropTargeted(h)
	values := []string{"no-store", "no-cache"} // in one piece of memory
	h["Cache-Control"], h["Pragma"] = values[0:1:1], values[1:2:2]
}

// dropTargeted removes what outranks Cache-Control for one kind of cache: CDN-Cache-Control and others of that ending
// (RFC 9213 §2.2), and what CDNs and nginx had before it.
func dropTargeted(h http.Header) {
	for name := range h {
		if strings.HasSuffix(name, "-Cache-Control") || name == "Surrogate-Control" || name == "Edge-Control" || name == "X-Accel-Expires" {
			delete(h, name)
		}
	}
}
