// Cookies is the first program of fastapi-jwt-auth's page "JWT in Cookies", with the prebuilt routes: tokens
// in cookies that scripts cannot read, without CSRF value. The program csrf is the safe one.
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
	return authjwt.Settings{
		SecretKey:     secret,
		TokenLocation: []authjwt.Location{authjwt.Cookies},
		// As in the Python program. What is left against other sites' pages is the check of Origin and Sec-Fetch-Site.
		InsecureDisableCSRF: true,
		Errors:              authjwt.FastAPI, // the statuses and bodies of the Python program
	}
}

func router(auth *authjwt.Manager) *gin.Engine {
	r := gin.Default()
	auth.Mount(r, authjwt.Routes{Login: login}) // POST /login, POST /refresh, DELETE and POST /logout
	r.GET("/protected", auth.Required(), func(c *gin.Context) {
		c.JSON(http.StatusOK, gin.H{"user": authjwt.FromContext(c).Subject()})
	})
	return r
}

func login(c *gin.Context) (string, error) {
	user, err := authjwt.BindCredentials(c)
	if err == nil && (user.Username != "test" || user.Password != "test") { // a hash in real life: see quickstart
		err = authjwt.ErrInvalidCredentials
	}
	return user.Username, err
}
