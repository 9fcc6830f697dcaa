// Oauth2cookie is the FastAPI tutorial "Securing JWT Login with HttpOnly Cookie": a login by an OAuth2
// password form, whose token goes into the cookie access_token="Bearer …" and into the answer.
package main

import (
	"crypto/rand"
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
	s := authjwt.OAuth2Cookie() // its pages send no CSRF value; the check of Origin and Sec-Fetch-Site is left
	s.SecretKey = secret
	s.RefreshCookiePath = "/login" // sent to the two routes there alone
	return s
}

func router(auth *authjwt.Manager) *gin.Engine {
	r := gin.Default()
	routes := authjwt.Routes{Login: login}
	r.POST("/login/token", auth.LoginHandler(routes))
	r.POST("/login/refresh", auth.RefreshHandler(routes))
	r.DELETE("/logout", auth.LogoutHandler())
	r.GET("/protected", auth.Required(), user)
	r.GET("/optional", auth.Optional(), user)
	return r
}

func login(c *gin.Context) (string, error) {
	form, err := authjwt.BindCredentials(c)
	if err == nil && (form.Username != "test@example.com" || form.Password != "test") { // a hash in real life: see quickstart
		err = authjwt.ErrInvalidCredentials
	}
	return form.Username, err
}

func user(c *gin.Context) {
	c.JSON(http.StatusOK, gin.H{"user": authjwt.FromContext(c).Subject()})
}
