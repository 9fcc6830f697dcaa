package authjwt_test

import (
	"context"
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

// What else the answer sets or says comes first.
func TestRenew_BesideOthers(t *testing.T) {
	b := newSlider(t)
	names := func(rec *httptest.ResponseRecorder) (all []string) {
		for _, line := range rec.Header().Values("Set-Cookie") {
			name, value, _ := strings.Cut(line, "=")
			all = append(all, fmt.Sprint(name, " ", strings.HasPrefix(value, ";")))
		}
		return all
	}
	for name, handler := range map[string]func(c *gin.Context, a *authjwt.AuthJWT){
		"guarded, then out": func(_ *gin.Context, a *authjwt.AuthJWT) { _, _ = a.JWTRequired(), a.Logout() },
		"out, then guarded": func(_ *gin.Context, a *authjwt.AuthJWT) { _, _ = a.UnsetJWTCookies(), a.JWTRequired() },
		"between guards": func(_ *gin.Context, a *authjwt.AuthJWT) {
			_, _, _ = a.JWTRequired(), a.UnsetJWTCookies(), a.JWTRequired()
		},
	} {
		b.POST("/"+name, func(c *gin.Context) { handler(c, b.auth.Bind(c)) })
		b.logIn(t)
		token := b.cookie[slidingCookie]
		assert.ElementsMatch(t, []string{
			"access_token_cookie true", "csrf_access_token true", "refresh_token_cookie true", "csrf_refresh_token true",
		}, names(b.ask("POST", "/"+strings.ReplaceAll(name, " ", "%20"))), name)
		assert.NotContains(t, b.cookie, slidingCookie)
		if name == "guarded, then out" {
			b.refuses(t, tokens{Access: token})
		}
	}

	b.GET("/again", func(c *gin.Context) {
		a := b.auth.Bind(c)
		_, err := a.Login("bob")
		assert.NoError(t, err)
		assert.NoError(t, a.JWTOptional(authjwt.WithToken(""))) // a guard that has nothing to renew
	})
	b.logIn(t)
	assert.Len(t, names(b.ask("GET", "/again")), 4)
	assert.Zero(t, b.told.count(authjwt.EventRenewed))

	b.GET("/begun", func(c *gin.Context) {
		c.String(http.StatusOK, "begun")
		c.Writer.Flush()
		assert.NoError(t, b.auth.Bind(c).JWTRequired())
	})
	b.logIn(t)
	assert.Empty(t, names(b.ask("GET", "/begun")))

	// A refusal takes the renewal back; what the next request brings is the old token.
	b.GET("/refused", b.auth.Required(), b.auth.Required(authjwt.WithScopes("admin")))
	rec := b.ask("GET", "/refused")
	assert.Equal(t, http.StatusForbidden, rec.Code)
	assert.Empty(t, names(rec))
	b.GET("/panics", b.auth.Required(), func(*gin.Context) { panic("x") })
	engine := b.Engine
	b.Engine = gin.New()
	b.Use(gin.CustomRecovery(func(*gin.Context, any) {}))
	b.Any("/*path", gin.WrapH(engine))
	assert.True(t, b.renews(t, "GET", "/protected"))
	b.Engine = engine
}

// A guard that does not ask the Store, for DenylistTokenChecks leaves access tokens out, renews nothing that was revoked.
func TestRenew_AsksTheStore(t *testing.T) {
	refreshAlone := func(s *authjwt.Settings) { s.DenylistTokenChecks = []authjwt.TokenType{authjwt.Refresh} }
	for name, revoke := range map[string]func(b *slider, token *authjwt.Token) error{
		"":        func(*slider, *authjwt.Token) error { return nil },
		"token":   func(b *slider, token *authjwt.Token) error { return b.auth.Revoke(t.Context(), token) },
		"session": func(b *slider, token *authjwt.Token) error { return b.auth.RevokeSession(t.Context(), token.SessionID) },
		"subject": func(b *slider, token *authjwt.Token) error { return b.auth.RevokeSubject(t.Context(), token.Subject) },
		"memory": func(b *slider, _ *authjwt.Token) error {
			return b.store.Set(t.Context(), epochKey, b.time(), time.Time{})
		},
	} {
		b := newSlider(t, refreshAlone)
		b.logIn(t)
		token, err := b.auth.Verify(t.Context(), b.cookie[slidingCookie], authjwt.Access)
		require.NoError(t, err)
		require.NoError(t, revoke(b, token), name)
		assert.Equal(t, name == "", b.renews(t, "GET", "/protected"), name)
	}

	// A denylist of the application's is asked, too.
	denied := false
	b := newSlider(t, refreshAlone, func(s *authjwt.Settings) {
		s.TokenInDenylist = func(context.Context, *authjwt.Token) (bool, error) { return denied, nil }
	})
	b.logIn(t)
	denied = true
	assert.False(t, b.renews(t, "GET", "/protected"))
	denied = false
	assert.True(t, b.renews(t, "GET", "/protected"))
}

// However its session ends, by a replay or a logout, what was renewed ends with it, and the token before, and neither is renewed.
func TestR01_L01_RenewedTokensEndWithTheirSession(t *testing.T) {
	type had struct{ old, renewed, refresh, next string }
	for name, row := range map[string]struct {
		end  func(b *slider, h had)
		good bool
	}{
		"the twin":                  {func(*slider, had) {}, true},
		"replay":                    {func(b *slider, h had) { b.do("POST", "/refresh", h.refresh) }, false},
		"replay at a guard":         {func(b *slider, h had) { b.do("GET", "/renewal", h.refresh) }, false},
		"logout":                    {func(b *slider, _ had) { b.ask("POST", "/logout") }, false},
		"logout by the one before":  {func(b *slider, h had) { b.do("POST", "/logout", h.old) }, false},
		"logout by a refresh token": {func(b *slider, h had) { b.do("POST", "/logout", h.next) }, false},
	} {
		t.Run(name, func(t *testing.T) {
			b := newSlider(t, func(s *authjwt.Settings) { s.AccessTokenExpires, s.RefreshWithin = time.Hour, 30*time.Minute })
			require.Equal(t, http.StatusOK, b.ask("POST", "/login").Code)
			b.pass(31 * time.Minute)
			h := had{old: b.cookie[slidingCookie], refresh: b.cookie["refresh_token_cookie"]}
			require.True(t, b.renews(t, "GET", "/protected"))
			h.renewed, h.next = b.cookie[slidingCookie], b.refresh(t, b.cookie["refresh_token_cookie"]).Refresh
			b.pass(time.Minute)
			all := []tokens{{Access: h.old, Refresh: h.next}, {Access: h.renewed}}
			b.accepts(t, all...)
			row.end(b, h)
			if row.good {
				b.accepts(t, all...)
			} else {
				b.refuses(t, all...)
			}
			for _, raw := range []string{h.old, h.renewed} {
				b.cookie[slidingCookie] = raw
				if raw == h.renewed {
					b.pass(30 * time.Minute) // until it is due, too
				}
				rec := b.ask("GET", "/protected")
				assert.Equal(t, row.good, rec.Code == http.StatusOK)
				assert.Equal(t, row.good, len(setCookies(t, rec)) > 0)
			}
		})
	}
}

// Of a subject that is revoked between the guard's question and the renewal's, or right after that, nothing is good.
func TestR06_RevokedDuringARenewal(t *testing.T) {
	for at := range 4 {
		b := newSlider(t)
		b.logIn(t)
		asked := 0
		b.store.Store = &hookedStore{Store: b.store.Store, get: func(keys []string) {
			if len(keys) > 2 { // RevokeSubject asks about two
				if asked++; asked == at {
					assert.NoError(t, b.auth.RevokeSubject(t.Context(), "alice"))
				}
			}
		}}
		code := b.ask("GET", "/protected").Code
		assert.Equal(t, at == 1, code == http.StatusUnauthorized, at)
		if at == 3 { // after both questions
			require.NoError(t, b.auth.RevokeSubject(t.Context(), "alice"))
		}
		if at > 0 {
			assertAnswer(t, b.ask("GET", "/protected"), revoked)
		}
	}
}

// A user that is gone gets no new token, whether or not the handler asks for the user; LoadUser is asked once.
func TestRenew_Users(t *testing.T) {
	asked, gone := 0, false
	b := newSlider(t, func(s *authjwt.Settings) {
		s.LoadUser = func(_ context.Context, token *authjwt.Token) (any, error) {
			if asked++; gone {
				return nil, nil
			}
			return token.Subject, nil
		}
	})
	b.GET("/user", b.auth.Required(), func(c *gin.Context) {
		if user, err := authjwt.User[string](c); err == nil {
			c.String(http.StatusOK, user)
		}
	})
	require.Equal(t, http.StatusOK, b.ask("POST", "/login").Code)
	assert.False(t, b.renews(t, "GET", "/protected"))
	assert.Zero(t, asked, "nothing is due, and nobody has asked")
	b.pass(11 * time.Minute)
	assert.True(t, b.renews(t, "GET", "/user"))
	assert.Equal(t, 1, asked)

	b.pass(11 * time.Minute)
	gone = true
	assert.False(t, b.renews(t, "GET", "/protected"), "a route that does not care lets the old token live")
	assert.Equal(t, 2, asked)
	rec := b.ask("GET", "/user")
	assertAnswer(t, rec, inv("user_refused", "The user of the token is not accepted"))
	assert.Empty(t, rec.Result().Cookies())
	assert.Equal(t, 3, asked)
	gone = false
	assert.True(t, b.renews(t, "GET", "/protected"))
}

// A token that is remembered is renewed as one that is read.
func TestRenew_RememberedTokens(t *testing.T) {
	b := newSlider(t, signsWith("EdDSA"), func(s *authjwt.Settings) { s.VerifiedTokenCache = 10 })
	require.Equal(t, http.StatusOK, b.ask("POST", "/login").Code)
	for range 3 {
		for range 2 {
			require.False(t, b.renews(t, "GET", "/protected"))
		}
		b.pass(11 * time.Minute)
		require.True(t, b.renews(t, "GET", "/protected"))
	}
	token, err := b.auth.Verify(t.Context(), b.cookie[slidingCookie], authjwt.Access)
	require.NoError(t, err)
	var c map[string]any
	require.NoError(t, token.Decode(&c))
	assert.EqualValues(t, number(testNow.Unix()), c["session_iat"])
	assert.NotEmpty(t, c["sid"])
}
