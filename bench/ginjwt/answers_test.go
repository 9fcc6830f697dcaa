package ginjwt

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"strings"
	"testing"
	"time"

	jwt "github.com/appleboy/gin-jwt/v2"
	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

// asBefore is authjwt's program for clients that cannot change yet.
func asBefore(r *gin.Engine, auth *authjwt.Manager) {
	r.Use(auth.ErrorMiddleware())
	routes := authjwt.Routes{Login: checkPassword, Claims: payloadOf, Respond: oldAnswer}
	r.POST("/login", auth.LoginHandler(routes))
	r.POST("/refresh", auth.RefreshHandler(routes))
	r.POST("/logout", oldLogout)
	r.GET("/auth/hello", auth.Required(), hello)
}

// What the page offers to old clients is gin-jwt's form, to the octet but for the refresh token and the texts.
func TestAnswers_AsBefore(t *testing.T) {
	before := oldSite(t)
	after := newSiteWith(t, asBefore, func(s *authjwt.Settings) {
		s.ErrorHandler, s.AccessTokenExpires, s.Now = oldError, time.Hour, nil
	})
	withoutNew := strings.NewReplacer(`"refresh_token":"…",`, "")
	old, new := before.post("/login", loginAs("admin")), after.post("/login", loginAs("admin"))
	assert.Equal(t, told(old), withoutNew.Replace(told(new)))
	assert.Contains(t, new.Body.String(), "refresh_token")
	access, refresh := tokensIn(t, new)
	again := after.refresh(refresh)
	assert.Equal(t, told(before.refresh(first(before.login(t, "admin")))), withoutNew.Replace(told(again)))
	assert.Equal(t, told(before.post("/logout", "")), told(after.post("/logout", "", bearer(access)...)))
	assert.Equal(t, http.StatusUnauthorized, after.hello(access).Code)

	for _, ask := range []func(s *site) string{
		func(s *site) string { return told(s.get("/auth/hello")) },
		func(s *site) string { return told(s.hello(foreign(t))) },
		func(s *site) string { return told(s.post("/login", `{"username":"admin","password":"x"}`)) },
	} {
		assert.Regexp(t, `^401 \{"code":401,"message":"[^"]+"\}$`, ask(before))
		assert.Regexp(t, `^401 \{"code":401,"message":"[^"]+"\}$`, ask(after))
	}
}

func TestAnswers_OtherChallenge(t *testing.T) {
	after := newSite(t, func(s *authjwt.Settings) {
		s.ErrorHandler = func(c *gin.Context, e *authjwt.Error) {
			c.Header("WWW-Authenticate", "JWT realm=test zone")
			oldError(c, e)
		}
	})
	assert.Equal(t, field(oldSite(t).get("/auth/hello"), "WWW-Authenticate"), field(after.get("/auth/hello"), "WWW-Authenticate"))
}

// Rows of the tables that no other test is about.
func TestAnswers_Rows(t *testing.T) {
	_, err := jwt.New(oldSettings([]byte("secret key")))
	require.NoError(t, err)
	_, err = authjwt.New(authjwt.Settings{SecretKey: "secret key", InsecureShortSecret: true})
	assert.ErrorContains(t, err, "well-known")
	_, err = authjwt.New(authjwt.Settings{SecretKey: "kH3-x9.q", InsecureShortSecret: true})
	assert.NoError(t, err)

	_, key, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	der, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	_, err = authjwt.ParsePrivateKey(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	assert.NoError(t, err)
	_, err = authjwt.ParsePrivateKey(pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED PRIVATE KEY", Bytes: der}))
	assert.ErrorContains(t, err, "openssl pkey -in key.pem")

	var long, short error
	s := newSiteWith(t, func(r *gin.Engine, auth *authjwt.Manager) {
		r.Use(auth.ErrorMiddleware())
		r.GET("/", func(c *gin.Context) {
			a := authjwt.FromContext(c)
			_, long = a.Login("admin", authjwt.WithExpires(time.Hour))
			_, short = a.Login("admin", authjwt.WithExpires(time.Minute))
		})
		r.GET("/in/:token", func(c *gin.Context) { _ = authjwt.FromContext(c).JWTRequired(authjwt.WithToken(c.Param("token"))) }, ok)
		r.GET("/look", func(c *gin.Context) { _, _ = authjwt.FromContext(c).Verify(authjwt.Access) }, ok)
		r.GET("/auth/hello", auth.Required(), ok)
		r.POST("/login", auth.LoginHandler(authjwt.Routes{Login: checkPassword}))
	})
	s.get("/")
	assert.ErrorContains(t, long, "longer than the setting")
	assert.NoError(t, short)
	access, _ := s.login(t, "admin")
	assert.Equal(t, http.StatusOK, s.get("/in/"+access).Code)
	assert.Equal(t, http.StatusUnauthorized, s.get("/in/x").Code)
	assert.Equal(t, http.StatusOK, s.get("/look", "Authorization", "Bearer x").Code)
	for header, code := range map[string]string{
		"Basic x": "missing_token", "Bearer": "missing_token", "Bearer" + access: "invalid_header", "Bearer a b": "invalid_header",
	} {
		assert.Contains(t, s.get("/auth/hello", "Authorization", header).Body.String(), `"`+code+`"`, header)
	}
}

// A user who is gone gets no new token.
func TestAnswers_Gone(t *testing.T) {
	after := newSite(t)
	for name, want := range map[string]int{"admin": http.StatusOK, "gone": http.StatusUnauthorized} {
		refresh, err := after.auth.CreateRefreshToken(name)
		require.NoError(t, err)
		assert.Equal(t, want, after.refresh(refresh).Code, name)
	}
}
