// Csrf is the second program of fastapi-jwt-auth's page "JWT in Cookies": with the double-submit value.
package main

import (
	"crypto/rand"
	"errors"
	"log"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/gin-authjwt/authjwt"
)

func main() {
	auth, err := authjwt.New(settings(rand.Text() + rand.Text())) // a real server reads its secret from the environment
	if err != nil {
		log.Fatal(err)
	}
	log.Fatal(router(auth).Run()) // on $PORT, or 8080
}

func settings(secret string) authjwt.Settings {
	return authjwt.Settings{
		SecretKey:     secret,
		TokenLocation: []authjwt.Location{authjwt.Cookies},
		Errors:        authjwt.FastAPI, // the statuses and bodies of the Python program
	}
}

func router(auth *authjwt.Manager) *gin.Engine {
	r := gin.Default()
	r.Use(auth.ErrorMiddleware())
	r.POST("/login", login)
	r.POST("/refresh", refresh)
	r.DELETE("/logout", logout)
	r.GET("/protected", auth.Required(), func(c *gin.Context) { // a guard on the route; the others are in handlers
		c.JSON(http.StatusOK, gin.H{"user": authjwt.FromContext(c).Subject()})
	})
	return r
}

func login(c *gin.Context) {
	a := authjwt.FromContext(c)
	user, err := authjwt.BindCredentials(c)
	if err == nil && (user.Username != "test" || user.Password != "test") { // a hash in real life: see quickstart
		err = authjwt.ErrInvalidCredentials
	}
	if err != nil {
		a.Abort(err)
		return
	}
	access, err := a.CreateAccessToken(user.Username)
	refresh, err2 := a.CreateRefreshToken(user.Username)
	answer(c, "Successfully login", err, err2, a.SetAccessCookies(access), a.SetRefreshCookies(refresh))
}

func refresh(c *gin.Context) {
	a := authjwt.FromContext(c)
	if a.JWTRefreshTokenRequired() == nil {
		access, err := a.CreateAccessToken(a.Subject())
		answer(c, "The token has been refresh", err, a.SetAccessCookies(access))
	}
}

func logout(c *gin.Context) {
	a := authjwt.FromContext(c)
	if a.JWTRequired() == nil {
		answer(c, "Successfully logout", a.UnsetJWTCookies())
	}
}

// answer refuses the request if anything went wrong; cookies that were set before are taken back.
func answer(c *gin.Context, message string, errs ...error) {
	if err := errors.Join(errs...); err != nil {
		authjwt.FromContext(c).Abort(err)
	} else {
		c.JSON(http.StatusOK, gin.H{"msg": message})
	}
}
