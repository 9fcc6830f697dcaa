// Quickstart serves login, refresh and logout, a protected route, and one that wants a fresh token: in
// cookies for browsers, and in the Authorization header for other clients.
package main

import (
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	_ "embed"
	"encoding/hex"
	"flag"
	"fmt"
	"log"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/gin-authjwt/authjwt"
)

//go:embed tour.sh
var tour string

func main() {
	addr := flag.String("addr", "localhost:8080", "address to serve on")
	flag.Parse()
	// A new secret at every start logs everybody out; a real server reads one from its environment.
	auth, err := authjwt.New(settings(rand.Text() + rand.Text()))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("Serving. Paste these into another terminal:\n\n%s\n", strings.ReplaceAll(tour, "localhost:8080", *addr))
	server := &http.Server{Addr: *addr, Handler: router(auth), ReadTimeout: 10 * time.Second}
	log.Fatal(server.ListenAndServe())
}

func settings(secret string) authjwt.Settings {
	return authjwt.Settings{
		SecretKey:     secret,
		TokenLocation: []authjwt.Location{authjwt.Headers, authjwt.Cookies},
		Store:         new(authjwt.MemoryStore), // for logout on the server, and new refresh tokens
	}
}

func router(auth *authjwt.Manager) *gin.Engine {
	gin.SetMode(gin.ReleaseMode)
	r := gin.New()
	r.Use(gin.Logger(), gin.Recovery())
	auth.Mount(r, authjwt.Routes{Login: login})
	r.GET("/protected", auth.Required(), user)
	r.POST("/protected", auth.Required(), user)
	r.GET("/fresh", auth.FreshRequired(), user)
	return r
}

func user(c *gin.Context) {
	c.JSON(http.StatusOK, gin.H{"user": authjwt.FromContext(c).Subject()})
}

// users are a database's: for each a random salt, and the hash of the password, which is test.
var users = map[string]struct{ salt, hash string }{"test": {"MKUH74HQUD5KAO2QKPVKJMLVXG", "90db8f2202641af21ab0e5bc28d8728017ff55d3c7c035bc8ec110655337c436"}}

func login(c *gin.Context) (string, error) {
	cred, err := authjwt.BindCredentials(c) // a JSON body or an OAuth2 password form
	if err != nil {
		return "", err
	}
	user := users[cred.Username] // empty for an unknown user, who must take as long as a wrong password
	given, err := pbkdf2.Key(sha256.New, cred.Password, []byte(user.salt), 600_000, sha256.Size)
	if err != nil {
		return "", err
	}
	if subtle.ConstantTimeCompare([]byte(hex.EncodeToString(given)), []byte(user.hash)) != 1 {
		return cred.Username, authjwt.ErrInvalidCredentials // the name is for events alone
	}
	return cred.Username, nil
}
