package authjwt

import (
	"context"
	"errors"
	"fmt"
	"reflect"

	"github.com/gin-gonic/gin"
)

var errNoLoadUser = errors.New("User: Settings.LoadUser is not set; it finds the user of a token")

// User returns the current user as T, usually a pointer to the application's own type: what Settings.LoadUser
// returns for the token that a guard has accepted. It is a guard itself: if it returns an error, the request has
// been refused as by [AuthJWT.JWTRequired], so that this is the whole idiom:
//
//	user, err := authjwt.User[*Account](c)
//	if err != nil {
//		return
//	}
//
// Everything else is as for [AuthJWT.User]. If what LoadUser returned is no T, the request is refused with 500, and the
// error says which type to ask for. It is for programs with one Manager, and panics where [FromContext] does.
func User[T any](c *gin.Context) (T, error) { return UserOf[T](FromContext(c)) }

// UserOf is [User] where several Managers are bound: authjwt.UserOf[*Account](staff.Bind(c)).
func UserOf[T any](a *AuthJWT) (T, error) {
	found, err := a.User()
	user, fits := found.(T)
	if err == nil && !fits {
		err = a.misfit(found, reflect.TypeFor[T]())
	}
	return user, err
}

// User returns what Settings.LoadUser returns for the token that the last guard accepted. LoadUser is asked once in a
// request, and again only after a guard has accepted another token; its answer is kept for this request alone.
//
// On an error, which is of type *[Error], the request has been refused, as by a guard: as lacking a token where no guard has
// accepted one, with 401 user_refused where there is no such user, with what LoadUser answered, or with 500 where it is not set.
// So a handler behind an optional guard looks at Token first. Once refused, the request stays so.
func (a *AuthJWT) User() (any, error) {
	if a.detached {
		return nil, a.m.misused(errCopy)
	}
	if a.refused != nil {
		a.c.Abort() // as in guard
		return nil, a.refused
	}
	completed := false
	defer abortUnless(&completed, a.c)
	user, e := a.findUser()
	completed = true
	if e != nil {
		a.refuse(e, nil)
		return nil, e
	}
	return user, nil
}

// findUser remembers what LoadUser says, for a renewal asks as well.
func (a *AuthJWT) findUser() (any, *Error) {
	t := a.accepted.Load()
	if e := a.unusable(); e != nil {
		return nil, e
	}
	if a.m.settings.LoadUser == nil {
		return nil, a.m.misused(errNoLoadUser)
	}
	if t == nil {
		return nil, a.m.fail(a.m.missing(&requirement{want: Access, locations: a.m.settings.TokenLocation}), nil)
	}
	r := a.rarities()
	if r.userOf == nil || r.userOf.raw != t.raw {
		r.user, r.noUser = a.m.loadUser(a.c.Request.Context(), t)
		r.userOf = t
	}
	return r.user, r.noUser
}

func (m *Manager) loadUser(ctx context.Context, t *Token) (any, *Error) {
	user, err := m.settings.LoadUser(ctx, t.clone())
	switch {
	case err != nil:
		return nil, m.errorFrom(err, failInternal)
	case isNil(user):
		return nil, m.fail(failNoUser, nil)
	}
	return user, nil
}

// misfit refuses the request, for user is not of the type asked for. It names types alone, for errors are logged.
func (a *AuthJWT) misfit(user any, asked reflect.Type) error {
	a.Abort(a.m.misused(fmt.Errorf("User: Settings.LoadUser returned a %T, and the handler asks for User[%v]; let both be of one type", user, asked)))
	return a.refused
}

// isNil also sees a nil pointer of the application's in the interface: a look-up that found nothing often returns one.
func isNil(user any) bool {
	switch v := reflect.ValueOf(user); v.Kind() {
	case reflect.Invalid:
		return true
	case reflect.Pointer, reflect.Map, reflect.Slice:
		return v.IsNil()
	}
	return false
}
