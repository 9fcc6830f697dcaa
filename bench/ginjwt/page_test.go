package ginjwt

import (
	"context"
	"crypto/rand"
	"net/http"
	"time"

	jwt "github.com/appleboy/gin-jwt/v2"
	"github.com/gin-gonic/gin"

	"github.com/gin-authjwt/authjwt"
)

const identityKey = "id"

func oldSettings(key []byte) *jwt.GinJWTMiddleware {
	return &jwt.GinJWTMiddleware{
		Realm:       "test zone",
		Key:         key,
		Timeout:     time.Hour,
		MaxRefresh:  time.Hour,
		IdentityKey: identityKey,
		Authenticator: func(c *gin.Context) (interface{}, error) {
			var in struct {
				Username string `form:"username" json:"username" binding:"required"`
				Password string `form:"password" json:"password" binding:"required"`
			}
			if err := c.ShouldBind(&in); err != nil {
				return "", jwt.ErrMissingLoginValues
			}
			if !right(in.Username, in.Password) {
				return nil, jwt.ErrFailedAuthentication
			}
			return find(in.Username), nil
		},
		PayloadFunc: func(data interface{}) jwt.MapClaims {
			if user, ok := data.(*User); ok {
				return jwt.MapClaims{identityKey: user.UserName, "role": user.Role}
			}
			return jwt.MapClaims{}
		},
		IdentityHandler: func(c *gin.Context) interface{} {
			return &User{UserName: jwt.ExtractClaims(c)[identityKey].(string)}
		},
		Authorizator: func(data interface{}, c *gin.Context) bool {
			user, ok := data.(*User)
			return ok && user.UserName == "admin"
		},
	}
}

func before(r *gin.Engine, mw *jwt.GinJWTMiddleware) { // jwt.New(oldSettings(key))
	r.POST("/login", mw.LoginHandler)
	r.POST("/logout", mw.LogoutHandler)
	api := r.Group("/auth", mw.MiddlewareFunc())
	api.GET("/refresh_token", mw.RefreshHandler)
	api.GET("/hello", func(c *gin.Context) {
		user, _ := c.Get(identityKey)
		c.JSON(http.StatusOK, gin.H{
			"userID":   jwt.ExtractClaims(c)[identityKey],
			"userName": user.(*User).UserName,
			"role":     jwt.ExtractClaims(c)["role"],
		})
	})
}

func newSettings(secret string) authjwt.Settings {
	return authjwt.Settings{
		SecretKey: secret,
		Store:     new(authjwt.MemoryStore),
		LoadUser: func(ctx context.Context, t *authjwt.Token) (any, error) { // IdentityHandler
			return find(t.Subject), nil
		},
	}
}

func checkPassword(c *gin.Context) (subject string, err error) { // Authenticator
	cred, err := authjwt.BindCredentials(c) // JSON or a form
	if err == nil && !right(cred.Username, cred.Password) {
		err = authjwt.ErrInvalidCredentials
	}
	return cred.Username, err
}

type payload struct {
	Role string `json:"role"`
}

func payloadOf(ctx context.Context, subject string) (any, error) { // PayloadFunc
	user := find(subject)
	if user == nil {
		return nil, authjwt.ErrRevokedToken // gone since the login
	}
	return payload{user.Role}, nil
}

func adminOnly(c *gin.Context) { // Authorizator
	user, err := authjwt.User[*User](c)
	if err == nil && user.UserName != "admin" {
		authjwt.FromContext(c).Abort(&authjwt.Error{Status: http.StatusForbidden, Code: "forbidden", Detail: "For administrators alone"})
	}
}

func after(r *gin.Engine, auth *authjwt.Manager) { // authjwt.New(newSettings(secret))
	auth.Mount(r, authjwt.Routes{Login: checkPassword, Claims: payloadOf}) // and /refresh, /logout, /logout-all
	api := r.Group("/auth", auth.Required(), adminOnly)
	api.GET("/hello", hello)
}

func hello(c *gin.Context) {
	a := authjwt.FromContext(c)
	user, err := authjwt.User[*User](c) // c.Get(identityKey)
	if err != nil {
		return // answered already
	}
	claims, err := authjwt.ClaimsAs[payload](a.Token()) // ExtractClaims
	if err != nil {
		a.Abort(err)
		return
	}
	c.JSON(http.StatusOK, gin.H{"userID": a.Subject(), "userName": user.UserName, "role": claims.Role})
}

func oldError(c *gin.Context, e *authjwt.Error) { // Settings.ErrorHandler
	c.JSON(e.Status, gin.H{"code": e.Status, "message": e.Detail}) // where clients compare texts, choose yours by e.Code
}

func oldAnswer(c *gin.Context, tokens authjwt.TokenPair) { // Routes.Respond; with cookies c.JSON(http.StatusOK, tokens), which shows none
	c.JSON(http.StatusOK, gin.H{
		"code":          http.StatusOK,
		"token":         tokens.AccessToken,
		"expire":        time.Now().Add(tokens.ExpiresIn).Format(time.RFC3339),
		"refresh_token": tokens.RefreshToken, // is new
	})
}

func oldLogout(c *gin.Context) { // in the place of auth.LogoutHandler()
	a := authjwt.FromContext(c)
	if err := a.Logout(); err != nil {
		a.Abort(err)
		return
	}
	c.JSON(http.StatusOK, gin.H{"code": http.StatusOK})
}

func readAhead(data interface{}) jwt.MapClaims { // PayloadFunc of the release ahead
	user, ok := data.(*User)
	if !ok {
		return jwt.MapClaims{}
	}
	return jwt.MapClaims{
		identityKey: user.UserName, "role": user.Role,
		"sub": user.UserName, "type": "access", "jti": rand.Text(), "iat": time.Now().Unix(),
	}
}

func remake(mw *jwt.GinJWTMiddleware) gin.HandlerFunc { // RefreshHandler of the release ahead, behind mw.MiddlewareFunc()
	return func(c *gin.Context) {
		name, _ := jwt.ExtractClaims(c)[identityKey].(string)
		user := find(name)
		if user == nil {
			c.AbortWithStatus(http.StatusUnauthorized)
			return
		}
		token, expire, err := mw.TokenGenerator(user)
		if err != nil {
			c.AbortWithStatus(http.StatusInternalServerError)
			return
		}
		mw.SetCookie(c, token)
		mw.RefreshResponse(c, http.StatusOK, token, expire)
	}
}

func exchange(c *gin.Context) { // GET /auth/refresh_token, behind the guard: a login for an old token
	a := authjwt.FromContext(c)
	old, err := authjwt.ClaimsAs[struct {
		OrigIat int64 `json:"orig_iat"`
	}](a.Token())
	if err != nil || old.OrigIat == 0 { // it is authjwt's own
		a.Abort(authjwt.ErrRefreshTokenRequired)
		return
	}
	extra, err := payloadOf(c.Request.Context(), a.Subject())
	if err != nil {
		a.Abort(err)
		return
	}
	pair, err := a.Login(a.Subject(), authjwt.WithClaims(extra))
	if err != nil {
		a.Abort(err)
		return
	}
	oldAnswer(c, pair)
}

func either(auth *authjwt.Manager, old *jwt.GinJWTMiddleware) gin.HandlerFunc { // in the place of auth.Required()
	return func(c *gin.Context) {
		a := auth.Bind(c)
		claims, err := old.GetClaimsFromJWT(c)
		name, named := claims[identityKey].(string) // a number is a float64
		if err != nil || !named || claims["exp"] == nil || claims["type"] != nil {
			_ = a.JWTRequired() // it is authjwt's, or nobody's
			return
		}
		token, err := auth.CreateAccessToken(name, authjwt.WithExpires(time.Minute),
			authjwt.WithClaims(gin.H{"role": claims["role"], "orig_iat": claims["orig_iat"]}))
		if err != nil {
			a.Abort(err)
			return
		}
		_ = a.JWTRequired(authjwt.WithToken(token)) // handlers find a token of authjwt's
	}
}
