// Locations is FastJWT's page "JWT Locations": a token may stand in the Authorization header, in the query, in
// a JSON body or in a cookie.
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
	s := authjwt.FastJWT()
	// The first location that holds a credential decides. URLs end up in logs: leave Query out unless you need it.
	s.SecretKey, s.TokenLocation = secret, []authjwt.Location{authjwt.Headers, authjwt.Query, authjwt.JSON, authjwt.Cookies}
	return s
}

func router(auth *authjwt.Manager) *gin.Engine {
	r := gin.New()
	r.Use(gin.Recovery(), auth.ErrorMiddleware(), gin.Logger()) // ours takes the token out of the URL before it is logged
	auth.Mount(r, authjwt.Routes{Login: login})
	r.GET("/protected", auth.Required(), user)
	r.POST("/protected", auth.Required(), user)
	return r
}

func login(c *gin.Context) (string, error) {
	cred, err := authjwt.BindCredentials(c)
	if err == nil && (cred.Username != "test" || cred.Password != "test") { // a hash in real life: see quickstart
		err = authjwt.ErrInvalidCredentials
	}
	return cred.Username, err
}

func user(c *gin.Context) {
	token := authjwt.FromContext(c).Token()
	c.JSON(http.StatusOK, gin.H{"user": token.Subject, "location": token.Location})
}
