package authjwt_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

var (
	errLimited   = errors.New("three guesses a minute")
	tooMany      = &authjwt.Error{Status: http.StatusTooManyRequests, Code: "too_many_logins", Detail: "Try again in a minute"}
	badPassword  = outcome{http.StatusUnauthorized, "invalid_credentials", "Bad username or password", ""}
	tooManyTries = outcome{http.StatusTooManyRequests, "too_many_logins", "Try again in a minute", "-"}
	boom         = outcome{http.StatusInternalServerError, "internal_error", "Internal Server Error", "-"}
)

// A loginResult is what Routes.Login returns, and what comes of it.
type loginResult struct {
	name    string
	err     error
	refused outcome
	reason  error
	told    bool
}

var loginResults = []loginResult{
	{"wrong password", authjwt.ErrInvalidCredentials, badPassword, authjwt.ErrInvalidCredentials, true},
	{"wrapped", fmt.Errorf("no user mallory: %w", authjwt.ErrInvalidCredentials), badPassword, authjwt.ErrInvalidCredentials, true},
	{"429", fmt.Errorf("%w: %w", errLimited, tooMany), tooManyTries, errLimited, true},
	{"lowest", refusal(400), outcome{400, "own", "Own words", "-"}, errOwn, true},
	{"highest", refusal(499), outcome{499, "own", "Own words", "-"}, errOwn, true},
	{"malformed", authjwt.ErrInvalidRequest, outcome{400, "invalid_request", "The request is malformed", "invalid_request"}, authjwt.ErrInvalidRequest, true},
	{"500", refusal(500), outcome{500, "own", "Own words", "-"}, errOwn, false},
	{"599", refusal(599), outcome{599, "own", "Own words", "-"}, errOwn, false},
	{"no refusal", refusal(399), boom, authjwt.ErrInternal, false},
	{"no status", refusal(0), boom, authjwt.ErrInternal, false},
	{"database", errOwn, boom, authjwt.ErrInternal, false},
	{"database, 503", fmt.Errorf("%w: %w", errOwn, authjwt.ErrUnavailable), down, authjwt.ErrUnavailable, false},
}

var errOwn = errors.New("own reason")

func refusal(status int) error {
	return fmt.Errorf("%w: %w", errOwn, &authjwt.Error{Status: status, Code: "own", Detail: "Own words"})
}

// Each failed login is told once, with the name that was tried where the application says it.
func TestL06_AnEventPerFailedLogin(t *testing.T) {
	for _, row := range loginResults {
		for _, subject := range []string{"", "mallory"} {
			t.Run(row.name+"/"+subject, func(t *testing.T) {
				told, err := new(events), row.err
				m := newManager(t, func(s *authjwt.Settings) { s.OnEvent = told.note })
				e := newEndpoint(m.LoginHandler(authjwt.Routes{Login: func(*gin.Context) (string, error) { return subject, err }}))
				for range 2 {
					e.refuses(t, loginRequest("application/json", jsonLogin), row.refused, row.reason)
					got := told.take()
					if !row.told {
						require.Empty(t, got)
						continue
					}
					require.Len(t, got, 1)
					var given *authjwt.Error
					require.ErrorAs(t, got[0].Err, &given)
					assert.Equal(t, row.refused, outcome{given.Status, given.Code, given.Detail, row.refused.challenge})
					assert.ErrorIs(t, got[0].Err, row.reason)
					got[0].Err = nil
					assert.Equal(t, authjwt.Event{
						Kind: authjwt.EventLoginFailed, Time: testNow, Subject: subject, Code: row.refused.code, ClientAddress: "192.0.2.1", Route: "/",
					}, got[0])
				}

				subject, err = "alice", nil
				assert.Equal(t, http.StatusOK, e.do(loginRequest("application/json", jsonLogin)).Code)
				assert.Zero(t, told.count(authjwt.EventLoginFailed))
				assert.Equal(t, 1, told.count(authjwt.EventIssued))
			})
		}
	}
}

// The event is enough for an application that limits guesses by itself, for nothing here does.
func TestL06_LimitsAreTheApplications(t *testing.T) {
	failed := map[string]int{}
	m := newManager(t, func(s *authjwt.Settings) {
		s.OnEvent = func(_ context.Context, e authjwt.Event) {
			if errors.Is(e.Err, authjwt.ErrInvalidCredentials) {
				failed[e.Subject]++
			}
		}
	})
	const limit = 100
	e := newEndpoint(m.LoginHandler(authjwt.Routes{Login: func(c *gin.Context) (string, error) {
		cred, err := authjwt.BindCredentials(c)
		switch {
		case err != nil:
		case failed[cred.Username] >= limit:
			c.Header("Retry-After", "60")
			err = fmt.Errorf("%w: %w", errLimited, tooMany)
		case cred.Password != "test":
			err = authjwt.ErrInvalidCredentials
		}
		return cred.Username, err
	}}))
	guess := func(name, password string) *http.Request {
		return loginRequest("application/x-www-form-urlencoded", "username="+name+"&password="+password)
	}
	for range limit {
		e.refuses(t, guess("test", "guess"), badPassword, authjwt.ErrInvalidCredentials)
	}
	for range 2 {
		e.refuses(t, guess("test", "test"), tooManyTries, errLimited)
		assert.Equal(t, "60", e.do(guess("test", "test")).Header().Get("Retry-After"))
	}
	assert.Equal(t, map[string]int{"test": limit}, failed, "429 is no guess")
	assert.Equal(t, http.StatusOK, e.do(guess("other", "test")).Code)
	e.refuses(t, loginRequest("text/plain", "x"), outcome{415, "unsupported_media_type", "Send the credentials as JSON or as a form", "-"}, authjwt.ErrInvalidRequest)
}

// What is refused before Routes.Login is asked, or after it has let the user in, is no failed login.
func TestL06_OtherRefusalsAreNotTold(t *testing.T) {
	told := new(events)
	m := newManager(t, inCookies, func(s *authjwt.Settings) { s.OnEvent = told.note })
	routes := loginAs("alice")
	good := func() *http.Request { return loginRequest("application/json", jsonLogin) }

	e := newEndpoint(m.LoginHandler(routes))
	e.refuses(t, loginRequest("application/json", jsonLogin, "Origin", "https://other.example"), crossOrigin, authjwt.ErrCSRF)
	put := good()
	put.Method = http.MethodPut
	e.refuses(t, put, outcome{405, "method_not_allowed", "Method Not Allowed", "-"}, authjwt.ErrInvalidRequest)

	routes.Claims = func(context.Context, string) (any, error) { return nil, authjwt.ErrInvalidCredentials }
	newEndpoint(m.LoginHandler(routes)).refuses(t, good(), badPassword, authjwt.ErrInvalidCredentials)
	newEndpoint(m.LoginHandler(loginAs(""))).refuses(t, good(), boom, authjwt.ErrInternal)
	answers := authjwt.Routes{Login: func(c *gin.Context) (string, error) {
		c.Status(http.StatusTeapot)
		c.Writer.WriteHeaderNow()
		return "", nil
	}}
	assert.Equal(t, http.StatusTeapot, newEndpoint(m.LoginHandler(answers)).do(good()).Code)
	panics := authjwt.Routes{Login: func(*gin.Context) (string, error) { panic("x") }}
	assert.Equal(t, http.StatusInternalServerError, newEndpoint(m.LoginHandler(panics)).do(good()).Code)
	var kinds []authjwt.EventKind
	for _, event := range told.takeAll() {
		kinds = append(kinds, event.Kind)
	}
	assert.Equal(t, []authjwt.EventKind{authjwt.EventCSRF, authjwt.EventRefused, authjwt.EventRefused, authjwt.EventRefused}, kinds)

	assert.Equal(t, http.StatusOK, e.do(good()).Code)
	assert.Equal(t, 1, told.count(authjwt.EventIssued))
}

// The answer is the same without a callback, with one that panics or changes what it is given, and with a name beside the error.
func TestL06_TheEventCannotChangeTheAnswer(t *testing.T) {
	type answer struct {
		status int
		header http.Header
		body   string
	}
	for _, style := range []authjwt.ErrorStyle{authjwt.RFC6750, authjwt.FastAPI} {
		for _, row := range loginResults {
			ask := func(subject string, callback func(context.Context, authjwt.Event)) answer {
				m := newManager(t, func(s *authjwt.Settings) { s.OnEvent, s.Errors = callback, style })
				rec := post(newEndpoint(m.LoginHandler(authjwt.Routes{Login: func(*gin.Context) (string, error) { return subject, row.err }})))
				return answer{rec.Code, rec.Header(), rec.Body.String()}
			}
			plain := ask("", nil)
			assert.NotContains(t, fmt.Sprint(ask("mallory", nil)), "mallory")
			assert.Equal(t, plain, ask("mallory", nil), row.name)
			assert.Equal(t, plain, ask("mallory", func(context.Context, authjwt.Event) { panic("the log is full") }), row.name)
			assert.Equal(t, plain, ask("mallory", func(_ context.Context, e authjwt.Event) {
				var given *authjwt.Error
				if errors.As(e.Err, &given) {
					*given = authjwt.Error{Status: 200, Detail: "mallory"}
				}
			}), row.name)
		}
	}
}

// A client that sends its guess and closes its half of the connection still gets the answer; it is told all the same.
func TestL06_ClientThatLeaves(t *testing.T) {
	type key struct{}
	told := 0
	m := newManager(t, func(s *authjwt.Settings) {
		s.OnEvent = func(ctx context.Context, e authjwt.Event) {
			told++
			assert.NoError(t, ctx.Err())
			assert.Equal(t, "trace", ctx.Value(key{}))
		}
	})
	ctx, leave := context.WithCancel(context.WithValue(t.Context(), key{}, "trace"))
	leave()
	e := newEndpoint(m.LoginHandler(authjwt.Routes{Login: func(*gin.Context) (string, error) { return "", authjwt.ErrInvalidCredentials }}))
	e.refuses(t, loginRequest("", "").WithContext(ctx), badPassword, authjwt.ErrInvalidCredentials)
	assert.Equal(t, 1, told)
}
