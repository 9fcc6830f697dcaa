package bench

import (
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"net/http"
	"time"

	ginjwt "github.com/appleboy/gin-jwt/v2"
	"github.com/gin-gonic/gin"
	jwtv4 "github.com/golang-jwt/jwt/v4"

	"github.com/gin-authjwt/authjwt"
)

// The user who logs in, the same everywhere.
const (
	username = "alice"
	password = "correct horse"
)

const loginBody = `{"username":"` + username + `","password":"` + password + `"}`

// bareGin is Gin without any guard.
func bareGin(*material, string) (site, error) {
	r := gin.New()
	answer := func(c *gin.Context) { c.String(http.StatusOK, username) }
	r.GET("/protected", answer)
	r.POST("/protected", answer)
	r.POST("/login", answer)
	return httpSite{Handler: r, cookie: "jwt"}, nil
}

// authjwtContender is the README's program: New with a key, Required, and Mount with BindCredentials.
func authjwtContender(m *material, place string) (site, error) {
	return authjwtWith(m, place, authjwt.Settings{})
}

// cacheSize is less than there are tokens in a stream of new ones.
const cacheSize = 256

// cachedContender is authjwtContender with a VerifiedTokenCache, which is for key pairs.
func cachedContender(m *material, place string) (site, error) {
	if m.alg == "HS256" {
		return nil, nil
	}
	return authjwtWith(m, place, authjwt.Settings{VerifiedTokenCache: cacheSize})
}

func authjwtWith(m *material, place string, s authjwt.Settings) (site, error) {
	if place == inCookie {
		s.TokenLocation = []authjwt.Location{authjwt.Cookies}
	}
	switch key := m.sign.(type) {
	case []byte:
		s.SecretKey = string(key)
	case crypto.Signer:
		s.PrivateKey = key
	}
	auth, err := authjwt.New(s)
	if err != nil {
		return nil, err
	}
	r := gin.New()
	auth.Mount(r, authjwt.Routes{Login: func(c *gin.Context) (string, error) {
		cred, err := authjwt.BindCredentials(c)
		if err == nil && (cred.Username != username || cred.Password != password) {
			err = authjwt.ErrInvalidCredentials
		}
		return cred.Username, err
	}})
	answer := func(c *gin.Context) { ginAnswer(c, authjwt.FromContext(c).Subject()) }
	r.GET("/protected", auth.Required(), answer)
	r.POST("/protected", auth.Required(), answer)
	return httpSite{Handler: r, cookie: "access_token_cookie"}, nil
}

func ginAnswer(c *gin.Context, subject string) {
	if !known(subject) {
		c.Status(http.StatusTeapot)
		return
	}
	c.String(http.StatusOK, subject)
}

// ginJWTContender is the README's program, with its section Cookie Token for the cookie: LoginHandler, MiddlewareFunc
// and ExtractClaims. RS256 goes by PrivKeyBytes and PubKeyBytes, ES256 and EdDSA by KeyFunc, which brings no login.
func ginJWTContender(m *material, place string) (site, error) {
	mw := &ginjwt.GinJWTMiddleware{
		Realm: "test zone", Key: []byte(secret), SigningAlgorithm: m.alg,
		Timeout: time.Hour, MaxRefresh: time.Hour, IdentityKey: "sub",
		PayloadFunc: func(data interface{}) ginjwt.MapClaims { return ginjwt.MapClaims{"sub": data} },
		Authenticator: func(c *gin.Context) (interface{}, error) {
			var cred struct {
				Username string `form:"username" json:"username" binding:"required"`
				Password string `form:"password" json:"password" binding:"required"`
			}
			if c.ShouldBind(&cred) != nil {
				return "", ginjwt.ErrMissingLoginValues
			}
			if cred.Username != username || cred.Password != password {
				return nil, ginjwt.ErrFailedAuthentication
			}
			return cred.Username, nil
		},
		TokenLookup: "header: Authorization", TokenHeadName: "Bearer", TimeFunc: time.Now,
	}
	if place == inCookie {
		mw.SendCookie, mw.CookieHTTPOnly, mw.TokenLookup = true, true, "cookie:jwt"
	}
	brings := true
	switch key := m.sign.(type) {
	case []byte:
	case *rsa.PrivateKey:
		public, err := x509.MarshalPKIXPublicKey(m.verify)
		if err != nil {
			return nil, err
		}
		mw.PrivKeyBytes = pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
		mw.PubKeyBytes = pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public})
	default:
		brings = false
		mw.KeyFunc = func(token *jwtv4.Token) (interface{}, error) {
			if token.Method.Alg() != m.alg {
				return nil, errors.New("another algorithm")
			}
			return m.verify, nil
		}
	}
	mw, err := ginjwt.New(mw)
	if err != nil {
		return nil, err
	}
	r := gin.New()
	if brings {
		r.POST("/login", mw.LoginHandler)
	}
	answer := func(c *gin.Context) {
		subject, _ := ginjwt.ExtractClaims(c)["sub"].(string)
		ginAnswer(c, subject)
	}
	r.GET("/protected", mw.MiddlewareFunc(), answer)
	r.POST("/protected", mw.MiddlewareFunc(), answer)
	return httpSite{Handler: r, cookie: mw.CookieName}, nil
}
