package authjwt_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

// parseChallenge reads what RFC 9110 §11.6.1 and RFC 6750 §3 allow in one challenge, strictly:
// a scheme, one blank, and name="value" pairs without escapes, each name once.
func parseChallenge(tb testing.TB, value string) (scheme string, params map[string]string) {
	tb.Helper()
	scheme, rest, _ := strings.Cut(value, " ")
	require.Regexp(tb, `^[A-Za-z]+$`, scheme)
	params = map[string]string{}
	for rest != "" {
		name, after, found := strings.Cut(rest, `="`)
		require.True(tb, found, value)
		require.Regexp(tb, `^[a-z_]+$`, name, value)
		require.NotContains(tb, params, name, value)
		text, more, found := strings.Cut(after, `"`)
		require.True(tb, found, value)
		require.Regexp(tb, `^[\x20-\x21\x23-\x5b\x5d-\x7e]*$`, text, value)
		params[name] = text
		if more != "" {
			require.True(tb, strings.HasPrefix(more, ", ") && len(more) > 2, value)
			more = more[2:]
		}
		rest = more
	}
	return scheme, params
}

func TestH12_Challenge(t *testing.T) {
	type params = map[string]string
	plain := func(*authjwt.Settings) {}
	named := func(s *authjwt.Settings) { s.Realm = `it's realm=1, error=none; (~)` }
	jwtScheme := func(s *authjwt.Settings) { s.HeaderType = "JWT" }
	bare := func(s *authjwt.Settings) { s.HeaderType, s.HeaderName = authjwt.NoHeaderType, "X-Token" }
	abort := func(err error) func(m *authjwt.Manager) gin.HandlerFunc {
		return func(m *authjwt.Manager) gin.HandlerFunc { return func(c *gin.Context) { m.Bind(c).Abort(err) } }
	}
	required := func(opts ...authjwt.RequireOption) func(m *authjwt.Manager) gin.HandlerFunc {
		return func(m *authjwt.Manager) gin.HandlerFunc { return m.Required(opts...) }
	}
	given := func(m *authjwt.Manager) gin.HandlerFunc {
		return func(c *gin.Context) { _ = m.Bind(c).JWTRequired(authjwt.WithToken("")) }
	}
	fresh := func(m *authjwt.Manager) gin.HandlerFunc { return m.FreshRequired() }
	refresh := func(m *authjwt.Manager) gin.HandlerFunc { return m.RefreshRequired() }
	good := "Bearer " + mustCreate(t, newManager(t))
	partly := "Bearer " + mustCreate(t, newManager(t), authjwt.WithClaims(map[string]any{"scope": "a c"}))
	odd := &authjwt.Error{Status: 401, Code: "odd", Detail: "a \"quote\"\r\nX-Injected: 1"}
	for _, row := range []struct {
		name   string
		edit   func(s *authjwt.Settings)
		guard  func(m *authjwt.Manager) gin.HandlerFunc
		field  string
		status int
		scheme string // empty: no challenge
		params params
	}{
		{"no credential", plain, required(), "", 401, "Bearer", params{"realm": "api"}},
		{"no credential, refresh", plain, refresh, "", 401, "Bearer", params{"realm": "api"}},
		{"no credential, fresh", plain, fresh, "", 401, "Bearer", params{"realm": "api"}},
		{"no credential, given", plain, given, good, 401, "Bearer", params{"realm": "api"}},
		{"no credential, scopes", plain, required(authjwt.WithScopes("a")), "", 401, "Bearer", params{"realm": "api"}},
		{"other scheme", plain, required(), "Basic YTpi", 401, "Bearer", params{"realm": "api"}},
		{"named realm", named, required(), "", 401, "Bearer", params{"realm": "it's realm=1, error=none; (~)"}},
		{"named scheme", jwtScheme, required(), "", 401, "JWT", params{"realm": "api"}},
		{"no scheme", bare, required(), "", 401, "Bearer", params{"realm": "api"}},
		{"wrong password", plain, abort(authjwt.ErrInvalidCredentials), "", 401, "Bearer", params{"realm": "api"}},
		{"the application's", plain, abort(odd), "", 401, "Bearer", params{"realm": "api"}},
		{"malformed token", plain, required(), "Bearer x", 401, "Bearer", params{"realm": "api", "error": "invalid_token", "error_description": "Not enough segments"}},
		{"quotes in the text", plain, required(), "Bearer " + signedClaims(t, claims(map[string]any{"exp": nil})), 401, "Bearer", params{"realm": "api", "error": "invalid_token", "error_description": "Token is missing the 'exp' claim"}},
		{"wrong type", plain, refresh, good, 401, "Bearer", params{"realm": "api", "error": "invalid_token", "error_description": "Only refresh tokens are allowed"}},
		{"revoked", plain, abort(authjwt.ErrRevokedToken), good, 401, "Bearer", params{"realm": "api", "error": "invalid_token", "error_description": "Token has been revoked"}},
		{"malformed header", plain, required(), "Bearer a b", 400, "Bearer", params{"realm": "api", "error": "invalid_request", "error_description": "Bad Authorization header. Expected value 'Bearer <JWT>'"}},
		{"not fresh", plain, fresh, good, 401, "Bearer", params{"realm": "api", "error": "insufficient_user_authentication", "error_description": "Fresh token required"}},
		{"scopes", plain, required(authjwt.WithScopes("a", "b")), partly, 403, "Bearer", params{"realm": "api", "error": "insufficient_scope", "error_description": "The token lacks a required scope", "scope": "a b"}},
		{"scopes, two options", plain, required(authjwt.WithScopes("a"), authjwt.WithScopes("b:c")), partly, 403, "Bearer", params{"realm": "api", "error": "insufficient_scope", "error_description": "The token lacks a required scope", "scope": "a b:c"}},
		{"csrf", plain, abort(authjwt.ErrCSRF), good, 403, "", nil},
		{"unavailable", plain, abort(authjwt.ErrUnavailable), good, 503, "", nil},
		{"internal", plain, abort(nil), good, 500, "", nil},
		{"the application's 403", plain, abort(&authjwt.Error{Status: 403, Code: "no", Detail: "no"}), good, 403, "", nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			g := guard(t, row.guard(newManager(t, row.edit)))
			rec := g.get(row.field)
			assert.False(t, g.ran)
			assert.Equal(t, row.status, rec.Code)
			assert.Equal(t, row.status == 503, rec.Header().Get("Retry-After") == "1")
			if row.scheme == "" {
				assert.Empty(t, rec.Header().Values("WWW-Authenticate"))
				return
			}
			require.Len(t, rec.Header().Values("WWW-Authenticate"), 1)
			scheme, got := parseChallenge(t, rec.Header().Get("WWW-Authenticate"))
			assert.Equal(t, row.scheme, scheme)
			assert.Equal(t, row.params, got)
		})
	}
	accepting := guard(t, newManager(t).Required(authjwt.WithScopes("a", "c")))
	accepting.assertAccepted(t, accepting.get(partly))
}

func TestH12_RealmThatCannotBeQuoted(t *testing.T) {
	for _, realm := range []string{`a"b`, `"`, `a\b`, "a\rb", "a\nb", "a\r\nX-Injected: 1", "a\x00", "a\tb", "a\x7f", "café", "\xff"} {
		_, err := authjwt.New(authjwt.Settings{SecretKey: testSecret, Realm: realm})
		assert.ErrorContains(t, err, "Settings.Realm", "%q", realm)
	}
	for _, realm := range []string{"", "a'b", "a/b", "a b", "a,b=c"} {
		_, err := authjwt.New(authjwt.Settings{SecretKey: testSecret, Realm: realm})
		assert.NoError(t, err, "%q", realm)
	}
	for _, scope := range []string{"", "a b", `a"b`, `a\b`, "a\nb", "é"} {
		assert.Panics(t, func() { newManager(t).Required(authjwt.WithScopes(scope)) }, "%q", scope)
	}
}

// internalText stands for what a database says; no client may read any of it.
const internalText = "pq: svc_secret@10.0.0.7 failed"

func TestH13_TextOfCallbacks(t *testing.T) {
	cause := errors.New(internalText)
	unavailable, refused := fmt.Errorf("%w: %w", authjwt.ErrUnavailable, cause), errors.Join(cause, authjwt.ErrInvalidCredentials)
	internal := outcome{500, "internal_error", "Internal Server Error", "-"}
	down, wrong := outcome{503, "unavailable", "Service Unavailable", "-"}, outcome{401, "invalid_credentials", "Bad username or password", ""}
	alice := func(*gin.Context) (string, error) { return "alice", nil }
	validate := func(err error) func(s *authjwt.Settings) {
		return func(s *authjwt.Settings) { s.Validate = func(context.Context, *authjwt.Token) error { return err } }
	}
	denylist := func(s *authjwt.Settings) {
		s.TokenInDenylist = func(context.Context, *authjwt.Token) (bool, error) { return false, cause }
	}
	store := func(s *authjwt.Settings) { s.Store = unreadable{new(authjwt.MemoryStore), cause} }
	loadUser := func(s *authjwt.Settings) {
		s.LoadUser = func(context.Context, *authjwt.Token) (any, error) { return nil, cause }
	}
	login := func(err error) authjwt.Routes {
		return authjwt.Routes{Login: func(*gin.Context) (string, error) { return "alice", err }}
	}
	asked := func(claims any, err error) authjwt.Routes {
		return authjwt.Routes{Login: alice, Claims: func(context.Context, string) (any, error) { return claims, err }}
	}
	leave := func(err error) gin.HandlerFunc { return func(c *gin.Context) { _ = c.Error(err) } }
	guarded := func(m *authjwt.Manager) []gin.HandlerFunc { return []gin.HandlerFunc{m.RefreshRequired()} }
	for _, row := range []struct {
		name     string
		edit     func(s *authjwt.Settings)
		handlers func(m *authjwt.Manager) []gin.HandlerFunc
		want     outcome
		is       error
	}{
		{"Validate", validate(cause), guarded, inv("token_refused", "Token is not accepted"), authjwt.ErrJWTDecode},
		{"Validate, down", validate(unavailable), guarded, down, authjwt.ErrUnavailable},
		{"TokenInDenylist", denylist, guarded, down, authjwt.ErrUnavailable},
		{"Store", store, guarded, down, authjwt.ErrUnavailable},
		{"LoadUser", loadUser, func(m *authjwt.Manager) []gin.HandlerFunc {
			return append(guarded(m), func(c *gin.Context) { _, _ = m.Bind(c).User() })
		}, internal, authjwt.ErrInternal},
		{"Login", nil, func(m *authjwt.Manager) []gin.HandlerFunc { return []gin.HandlerFunc{m.LoginHandler(login(cause))} }, internal, authjwt.ErrInternal},
		{"Login, refused", nil, func(m *authjwt.Manager) []gin.HandlerFunc { return []gin.HandlerFunc{m.LoginHandler(login(refused))} }, wrong, authjwt.ErrInvalidCredentials},
		{"Claims at login", nil, func(m *authjwt.Manager) []gin.HandlerFunc {
			return []gin.HandlerFunc{m.LoginHandler(asked(nil, cause))}
		}, internal, authjwt.ErrInternal},
		{"Claims at refresh", nil, func(m *authjwt.Manager) []gin.HandlerFunc {
			return []gin.HandlerFunc{m.RefreshHandler(asked(nil, cause))}
		}, internal, authjwt.ErrInternal},
		{"Claims at refresh, down", nil, func(m *authjwt.Manager) []gin.HandlerFunc {
			return []gin.HandlerFunc{m.RefreshHandler(asked(nil, unavailable))}
		}, down, authjwt.ErrUnavailable},
		{"claims that cannot be made", nil, func(m *authjwt.Manager) []gin.HandlerFunc {
			return []gin.HandlerFunc{m.LoginHandler(asked(unmarshalable{cause}, nil))}
		}, internal, authjwt.ErrInternal},
		{"Abort", nil, func(m *authjwt.Manager) []gin.HandlerFunc {
			return []gin.HandlerFunc{func(c *gin.Context) { m.Bind(c).Abort(cause) }}
		}, internal, authjwt.ErrInternal},
		{"ErrorMiddleware", nil, func(m *authjwt.Manager) []gin.HandlerFunc {
			return []gin.HandlerFunc{m.ErrorMiddleware(), leave(unavailable)}
		}, down, authjwt.ErrUnavailable},
	} {
		for _, style := range errorStyles {
			t.Run(fmt.Sprint(row.name, style), func(t *testing.T) {
				var hooked error
				m := newManager(t, func(s *authjwt.Settings) {
					if s.Errors = style; row.edit != nil {
						row.edit(s)
					}
					s.ErrorHandler = func(_ *gin.Context, e *authjwt.Error) { hooked = e }
				})
				token, err := m.CreateRefreshToken("alice")
				require.NoError(t, err)
				var left error
				r := gin.New()
				r.POST("/", append([]gin.HandlerFunc{func(c *gin.Context) {
					c.Next()
					left = c.Errors[len(c.Errors)-1].Err
				}}, row.handlers(m)...)...)
				req := httptest.NewRequest(http.MethodPost, "/", nil)
				req.Header.Set("Authorization", "Bearer "+token)
				rec := httptest.NewRecorder()
				r.ServeHTTP(rec, req)

				if style == authjwt.RFC6750 {
					assertAnswer(t, rec, row.want)
					assertError(t, left, row.want)
				}
				var answer bytes.Buffer
				require.NoError(t, rec.Header().Write(&answer))
				assert.NotContains(t, answer.String()+rec.Body.String(), "svc_secret")
				for _, err := range []error{left, hooked} {
					assert.ErrorIs(t, err, cause)
					assert.ErrorIs(t, err, row.is)
				}
			})
		}
	}
}

// unreadable is a Store whose every answer is an error.
type unreadable struct {
	authjwt.Store
	err error
}

func (u unreadable) Get(context.Context, ...string) ([]time.Time, error) { return nil, u.err }

// unmarshalable is a claims value that fails to encode, with an error of its own.
type unmarshalable struct{ err error }

func (u unmarshalable) MarshalJSON() ([]byte, error) { return nil, u.err }

// An *Error answers for its callback, but what it was wrapped with is still for the hook.
func TestH13_WrappedError(t *testing.T) {
	cause := errors.New(internalText)
	slow := &authjwt.Error{Status: http.StatusTooManyRequests, Code: "slow_down", Detail: "Try later"}
	j := newJudge(t, func(s *authjwt.Settings) {
		s.Validate = func(context.Context, *authjwt.Token) error { return fmt.Errorf("%w: %w", slow, cause) }
	})
	j.assertRefused(t, j.get("Bearer "+mustCreate(t, j.m)), outcome{429, "slow_down", "Try later", "-"}, "svc_secret")
	assert.ErrorIs(t, j.left, slow)
	assert.ErrorIs(t, j.left, cause)
}

// answersWithTokens are the routes that hand out tokens, behind a CORS that varies by origin.
func answersWithTokens(m *authjwt.Manager, routes authjwt.Routes) *gin.Engine {
	r := gin.New()
	r.Use(func(c *gin.Context) { c.Header("Vary", "Origin") })
	routes.Login = func(*gin.Context) (string, error) { return "alice", nil }
	m.Mount(r, routes)
	return r
}

func TestH15_AnswersWithTokensAreNotStored(t *testing.T) {
	m := newManager(t)
	refresh, err := m.CreateRefreshToken("alice")
	require.NoError(t, err)
	cacheable := func(c *gin.Context, pair authjwt.TokenPair) { c.String(http.StatusCreated, pair.AccessToken) }
	for name, routes := range map[string]authjwt.Routes{"ours": {}, "Respond": {Respond: cacheable}} {
		for _, path := range []string{"/login", "/refresh"} {
			t.Run(name+path, func(t *testing.T) {
				req := httptest.NewRequest(http.MethodPost, path, nil)
				req.Header.Set("Authorization", "Bearer "+refresh)
				rec := httptest.NewRecorder()
				answersWithTokens(m, routes).ServeHTTP(rec, req)
				assert.Contains(t, []int{http.StatusOK, http.StatusCreated}, rec.Code)
				assert.Contains(t, rec.Body.String(), "eyJ")
				assert.Equal(t, []string{"no-store"}, rec.Header().Values("Cache-Control"))
				assert.Equal(t, []string{"no-cache"}, rec.Header().Values("Pragma"))
				want := []string{"Origin"}
				if path == "/refresh" { // a login asks for no token
					want = append(want, "Authorization, Cookie")
				}
				assert.Equal(t, want, rec.Header().Values("Vary"))
			})
		}
	}
}

func TestH15_Vary(t *testing.T) {
	m := newManager(t)
	good := "Bearer " + mustCreate(t, m, authjwt.WithFresh())
	cors := func(c *gin.Context) { c.Header("Vary", "Origin") }
	nothing := func(*gin.Context) {}
	again := func(c *gin.Context) {
		a := m.Bind(c)
		_, _ = a.JWTRequired(), a.JWTOptional()
	}
	for _, row := range []struct {
		name     string
		handlers []gin.HandlerFunc
		want     []string
	}{
		{"one guard", []gin.HandlerFunc{nothing, m.Required()}, []string{"Authorization, Cookie"}},
		{"optional guard", []gin.HandlerFunc{nothing, m.Optional()}, []string{"Authorization, Cookie"}},
		{"fresh guard", []gin.HandlerFunc{nothing, m.FreshRequired()}, []string{"Authorization, Cookie"}},
		{"guard in the handler", []gin.HandlerFunc{again}, []string{"Authorization, Cookie"}},
		{"behind CORS", []gin.HandlerFunc{cors, m.Required()}, []string{"Origin", "Authorization, Cookie"}},
		{"three guards", []gin.HandlerFunc{nothing, m.Optional(), m.Required(), again}, []string{"Authorization, Cookie"}},
		{"three guards behind CORS", []gin.HandlerFunc{cors, m.ErrorMiddleware(), m.Required(), again, m.Optional()}, []string{"Origin", "Authorization, Cookie"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			g := guard(t, row.handlers...)
			rec := g.get(good)
			g.assertAccepted(t, rec)
			assert.Equal(t, row.want, rec.Header().Values("Vary"))
			for _, field := range []string{"Bearer x", "Bearer a b"} {
				rec := g.get(field)
				assert.False(t, g.ran)
				assert.Equal(t, row.want, rec.Header().Values("Vary"))
				assert.Equal(t, "no-store", rec.Header().Get("Cache-Control"))
			}
		})
	}
	named := newManager(t, func(s *authjwt.Settings) { s.HeaderName = "x-token" })
	assert.Equal(t, "X-Token, Cookie", guard(t, named.Optional()).get().Header().Get("Vary"))
}
