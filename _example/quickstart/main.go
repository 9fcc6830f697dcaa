// Quickstart serves login, refresh and logout, one protected route and one that wants a fresh token.
package main

import (
	"crypto/rand"
	"crypto/subtle"
	"flag"
	"fmt"
	"log"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/gin-authjwt/authjwt"
)

func main() {
	addr := flag.String("addr", "localhost:8080", "address to serve on")
	flag.Parse()
	// A new secret at every start logs everybody out; a real server reads one from its environment.
	auth, err := authjwt.New(authjwt.Settings{SecretKey: rand.Text() + rand.Text()})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf(tour, *addr)
	log.Fatal(http.ListenAndServe(*addr, router(auth)))
}

func router(auth *authjwt.Manager) *gin.Engine {
	gin.SetMode(gin.ReleaseMode)
	r := gin.New()
	r.Use(gin.Logger(), gin.Recovery())
	auth.Mount(r, authjwt.Routes{Login: login})
	r.GET("/protected", auth.Required(), user)
	r.GET("/fresh", auth.FreshRequired(), user)
	return r
}

// login knows one user. It compares both values whatever the first says, so that time tells nothing;
// a real one compares password hashes, with a dummy hash for an unknown user.
func login(c *gin.Context) (string, error) {
	cred, err := authjwt.BindCredentials(c)
	if err != nil {
		return "", err
	}
	name := subtle.ConstantTimeCompare([]byte(cred.Username), []byte("test"))
	password := subtle.ConstantTimeCompare([]byte(cred.Password), []byte("test"))
	if name&password != 1 {
		return "", authjwt.ErrInvalidCredentials
	}
	return cred.Username, nil
}

func user(c *gin.Context) {
	c.JSON(http.StatusOK, gin.H{"user": authjwt.FromContext(c).Subject()})
}

const tour = `Serving. Paste these into another terminal:

# log in, and keep the two tokens
TOKENS=$(curl -s -d username=test -d password=test http://%[1]s/login); echo "$TOKENS"
ACCESS=$(echo "$TOKENS" | sed 's/.*"access_token":"\([^"]*\)".*/\1/')
REFRESH=$(echo "$TOKENS" | sed 's/.*"refresh_token":"\([^"]*\)".*/\1/')
# call a protected route, and the same without a token
curl -s -H "Authorization: Bearer $ACCESS" http://%[1]s/protected; echo
curl -s http://%[1]s/protected; echo
# get a new access token; it is not fresh, so /fresh refuses it
ACCESS=$(curl -s -X POST -H "Authorization: Bearer $REFRESH" http://%[1]s/refresh | sed 's/.*"access_token":"\([^"]*\)".*/\1/')
curl -s -H "Authorization: Bearer $ACCESS" http://%[1]s/fresh; echo
# log out
curl -s -X DELETE -H "Authorization: Bearer $ACCESS" http://%[1]s/logout; echo

`
