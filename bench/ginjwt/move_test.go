package ginjwt

import (
	"net/http"
	"testing"
	"time"

	jwt "github.com/appleboy/gin-jwt/v2"
	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

// releaseAhead is gin-jwt as the page has it before the move.
func releaseAhead(t *testing.T) *site {
	t.Helper()
	s := oldSite(t, ahead)
	r := engine()
	r.POST("/login", s.old.LoginHandler)
	api := r.Group("/auth", s.old.MiddlewareFunc())
	api.GET("/refresh_token", remake(s.old))
	api.GET("/hello", func(c *gin.Context) { c.Status(http.StatusOK) })
	s.Handler = r
	return s
}

// withExchange is authjwt's program with the route for old tokens, behind a guard of its own kind.
func withExchange(guard func(auth *authjwt.Manager) gin.HandlerFunc) func(r *gin.Engine, auth *authjwt.Manager) {
	return func(r *gin.Engine, auth *authjwt.Manager) {
		auth.Mount(r, authjwt.Routes{Login: checkPassword, Claims: payloadOf})
		api := r.Group("/auth", guard(auth), adminOnly)
		api.GET("/hello", hello)
		api.POST("/hello", hello)
		api.GET("/refresh_token", exchange)
	}
}

func required(auth *authjwt.Manager) gin.HandlerFunc { return auth.Required() }

func (s *site) exchange(text string) (code int, body string) {
	rec := s.get("/auth/refresh_token", bearer(text)...)
	return rec.Code, rec.Body.String()
}

// gin-jwt's own refresh would hand the old claims on for ever.
func TestMove_Ahead(t *testing.T) {
	plain, release := oldSite(t), releaseAhead(t)
	old, _ := plain.login(t, "admin")
	copied, _ := tokensIn(t, oldSite(t, ahead).refresh(old))
	assert.NotContains(t, decoded(t, copied, 1), "sub")
	rec := release.get("/auth/refresh_token", bearer(old)...)
	require.Equal(t, http.StatusOK, rec.Code)
	remade, _ := tokensIn(t, rec)
	made, _ := release.login(t, "admin")
	for _, text := range []string{made, remade} {
		claims := decoded(t, text, 1)
		assert.Equal(t, "admin", claims["sub"])
		assert.Equal(t, "owner", claims["role"])
		for _, name := range []string{"type", "jti", "iat", "exp", "orig_iat"} {
			assert.Contains(t, claims, name)
		}
		assert.Equal(t, http.StatusOK, release.hello(text).Code)
		assert.Equal(t, http.StatusOK, newSite(t).hello(text).Code)
	}
	assert.NotEqual(t, decoded(t, made, 1)["jti"], decoded(t, remade, 1)["jti"])
	gone := signedByOld(t, release, jwt.MapClaims{"id": "gone", "exp": time.Now().Unix() + 60, "orig_iat": time.Now().Unix()})
	anyone := oldSite(t, func(mw *jwt.GinJWTMiddleware) { mw.Authorizator = nil })
	r := engine()
	r.GET("/auth/refresh_token", anyone.old.MiddlewareFunc(), remake(anyone.old))
	anyone.Handler = r
	assert.Equal(t, http.StatusUnauthorized, anyone.refresh(gone).Code)
	assert.Equal(t, http.StatusOK, anyone.refresh(old).Code)
	assert.Equal(t, http.StatusUnauthorized, newSite(t).hello(old).Code)
}

func TestMove_Exchange(t *testing.T) {
	release, after := releaseAhead(t), newSiteWith(t, withExchange(required))
	old, _ := release.login(t, "admin")
	require.Equal(t, http.StatusOK, after.hello(old).Code)
	rec := after.get("/auth/refresh_token", bearer(old)...)
	require.Equal(t, http.StatusOK, rec.Code)
	access, refresh := tokensIn(t, rec)
	assert.Equal(t, `{"role":"owner","userID":"admin","userName":"admin"}`, after.hello(access).Body.String())
	assert.Equal(t, http.StatusOK, after.refresh(refresh).Code)
	assert.True(t, decoded(t, access, 1)["fresh"].(bool), "as the page says")

	code, body := after.exchange(old) // is used up
	assert.Equal(t, http.StatusUnauthorized, code)
	assert.Contains(t, body, `"token_revoked"`)
	code, body = after.exchange(access) // would go on for ever
	assert.Equal(t, http.StatusUnauthorized, code)
	assert.Contains(t, body, `"refresh_token_required"`)
	guest, _ := release.login(t, "test")
	code, _ = after.exchange(guest)
	assert.Equal(t, http.StatusForbidden, code, "the group's middleware counts")
}

// With jti and iat a Store can end them.
func TestMove_Revoked(t *testing.T) {
	release := releaseAhead(t)
	old, _ := release.login(t, "admin")
	out := newSite(t)
	require.Equal(t, http.StatusOK, out.hello(old).Code)
	require.Equal(t, http.StatusOK, out.post("/logout", "", bearer(old)...).Code)
	assert.Equal(t, http.StatusUnauthorized, out.hello(old).Code)
	all := newSite(t)
	require.NoError(t, all.auth.RevokeSubject(t.Context(), "admin"))
	assert.Equal(t, http.StatusUnauthorized, all.hello(old).Code)
}

// While both run, the release ahead meets authjwt's tokens.
func TestMove_BothRun(t *testing.T) {
	release, after := releaseAhead(t), newSite(t)
	_, refresh := after.login(t, "admin")
	withID, err := after.auth.CreateAccessToken("admin", authjwt.WithClaims(gin.H{"id": "admin", "role": "owner"}))
	require.NoError(t, err)
	assert.Equal(t, http.StatusOK, release.hello(withID).Code)
	rec := release.get("/auth/refresh_token", bearer(withID)...)
	require.Equal(t, http.StatusOK, rec.Code)
	remade, _ := tokensIn(t, rec)
	assert.Equal(t, http.StatusOK, after.hello(remade).Code)
	assert.Equal(t, http.StatusInternalServerError, release.hello(refresh).Code, "its IdentityHandler has no id to go by")

	lax := func(authorizator func(data any, c *gin.Context) bool) *site {
		s := oldSite(t, ahead, func(mw *jwt.GinJWTMiddleware) { mw.IdentityHandler, mw.Authorizator = nil, authorizator })
		r := engine()
		r.GET("/auth/hello", s.old.MiddlewareFunc(), func(c *gin.Context) { c.Status(http.StatusOK) })
		s.Handler = r
		return s
	}
	assert.Equal(t, http.StatusOK, lax(nil).hello(refresh).Code, "where nothing asks for it")
	strict := lax(func(_ any, c *gin.Context) bool { return jwt.ExtractClaims(c)["type"] != "refresh" })
	assert.Equal(t, http.StatusForbidden, strict.hello(refresh).Code)
	assert.Equal(t, http.StatusOK, strict.hello(withID).Code)
}

func TestMove_Cookies(t *testing.T) {
	inCookie := func(mw *jwt.GinJWTMiddleware) { mw.SendCookie, mw.TokenLookup = true, "cookie:jwt" }
	release := oldSite(t, ahead, inCookie)
	after := newSiteWith(t, withExchange(required), func(s *authjwt.Settings) {
		s.TokenLocation, s.AccessCookieKey = []authjwt.Location{authjwt.Cookies}, "jwt"
	})
	cookie := cookieField(release.post("/login", loginAs("admin")))
	assert.Equal(t, http.StatusOK, after.get("/auth/hello", cookie...).Code)
	rec := after.post("/auth/hello", "", cookie...)
	assert.Equal(t, http.StatusForbidden, rec.Code)
	rec = after.post("/auth/hello", "", append(cookie, "X-CSRF-Token", "x")...)
	assert.Contains(t, rec.Body.String(), `"csrf_claim_missing"`)

	rec = after.get("/auth/refresh_token", cookie...)
	require.Equal(t, http.StatusOK, rec.Code)
	jar := cookieField(rec)
	assert.Contains(t, jar[1], "jwt=eyJ")
	for _, c := range rec.Result().Cookies() {
		if c.Name == "csrf_access_token" {
			jar = append(jar, "X-CSRF-Token", c.Value)
		}
	}
	assert.Equal(t, http.StatusOK, after.post("/auth/hello", "", jar...).Code)

	// A cookie with another Domain stays beside the new one, unless it is named.
	for _, former := range [][]authjwt.FormerCookie{nil, {{Domain: "shop.example"}}} {
		after := newSiteWith(t, withExchange(required), func(s *authjwt.Settings) {
			s.TokenLocation, s.AccessCookieKey, s.FormerCookies = []authjwt.Location{authjwt.Cookies}, "jwt", former
		})
		cookie := cookieField(release.post("/login", loginAs("admin")))
		deleted := false
		for _, c := range after.get("/auth/refresh_token", cookie...).Result().Cookies() {
			deleted = deleted || c.Name == "jwt" && c.Domain == "shop.example" && c.MaxAge < 0
		}
		assert.Equal(t, former != nil, deleted)
	}
}

func TestMove_Either(t *testing.T) {
	for name, newSecret := range map[string]string{"a new secret": secret + "-2", "the same": secret} {
		t.Run(name, func(t *testing.T) {
			before := oldSite(t)
			guard := func(auth *authjwt.Manager) gin.HandlerFunc { return either(auth, before.old) }
			after := newSiteWith(t, withExchange(guard), func(s *authjwt.Settings) { s.SecretKey = newSecret })
			old, _ := before.login(t, "admin")
			own, refresh := after.login(t, "admin")
			for _, text := range []string{old, own} {
				rec := after.hello(text)
				assert.Equal(t, http.StatusOK, rec.Code)
				assert.Equal(t, `{"role":"owner","userID":"admin","userName":"admin"}`, rec.Body.String())
			}
			endless := signedByOld(t, before, jwt.MapClaims{"id": "admin", "orig_iat": 1})
			nobody := signedByOld(t, before, jwt.MapClaims{"exp": time.Now().Unix() + 60})
			for _, text := range []string{refresh, foreign(t), before.expired(t), endless, nobody, "x"} {
				assert.Equal(t, http.StatusUnauthorized, after.hello(text).Code)
			}
			assert.Contains(t, after.get("/auth/hello").Body.String(), `"missing_token"`)
			guest, _ := before.login(t, "test")
			assert.Equal(t, http.StatusForbidden, after.hello(guest).Code)

			rec := after.get("/auth/refresh_token", bearer(old)...)
			require.Equal(t, http.StatusOK, rec.Code)
			access, next := tokensIn(t, rec)
			assert.Equal(t, http.StatusOK, after.hello(access).Code)
			assert.Equal(t, http.StatusOK, after.refresh(next).Code)
			code, _ := after.exchange(own)
			assert.Equal(t, http.StatusUnauthorized, code)

			withID, err := after.auth.CreateAccessToken("admin", authjwt.WithClaims(gin.H{"id": "admin"})) // gin-jwt would take it
			require.NoError(t, err)
			require.Equal(t, http.StatusOK, after.hello(withID).Code)
			require.Equal(t, http.StatusOK, after.post("/logout", "", bearer(withID)...).Code)
			assert.Equal(t, http.StatusUnauthorized, after.hello(withID).Code)
		})
	}
}
