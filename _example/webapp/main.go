// Webapp is a page and its API: it logs in, renews its token by itself, shows where else the user is logged in, and logs
// out: here, there, or everywhere. The tokens lie in HttpOnly cookies. Swagger UI is at /docs. Open http://localhost:8080; name and password are test.
package main

import (
	"crypto/rand"
	"flag"
	"fmt"
	"log"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/gin-authjwt/authjwt"
)

func main() {
	addr := flag.String("addr", "localhost:8080", "address to serve on")
	life := flag.Duration("access", 30*time.Second, "life of access tokens: short, to see them run out")
	frontend := flag.String("frontend", "", "origin of another front end that may use the API: http://localhost:5173, say")
	insecure := flag.Bool("insecure-cookies", false, "cookies without Secure, for browsers that keep no others from http://localhost: Safari")
	flag.Parse()
	s := settings(rand.Text()+rand.Text(), *frontend) // a new secret logs everybody out: a real server reads its own
	s.AccessTokenExpires, s.InsecureCookies = *life, *insecure
	auth, err := authjwt.New(s)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("Open http://%s, and http://%[1]s/docs for Swagger UI. Name and password are test.\n", *addr)
	server := &http.Server{Addr: *addr, Handler: router(auth, *frontend), ReadHeaderTimeout: 10 * time.Second}
	log.Fatal(server.ListenAndServe())
}

// settings admits tokens in cookies, for pages, and in the Authorization header, for all other clients.
func settings(secret, frontend string) authjwt.Settings {
	store := new(authjwt.MemoryStore)
	s := authjwt.Settings{
		SecretKey:         secret,
		TokenLocation:     []authjwt.Location{authjwt.Headers, authjwt.Cookies},
		RefreshCookiePath: "/auth", // no other route sees the refresh token
		Store:             store,
		Sessions:          store, // for the list of devices
	}
	if frontend != "" {
		s.TrustedOrigins = []string{frontend}
	}
	return s
}

func router(auth *authjwt.Manager, frontend string) *gin.Engine {
	gin.SetMode(gin.ReleaseMode)
	r := gin.New()
	r.Use(gin.Logger(), gin.Recovery())
	if frontend != "" {
		r.Use(allow(frontend))
	}
	auth.Mount(r.Group("/auth"), authjwt.Routes{Login: login, Respond: respond})
	r.GET("/auth/cookies", cookieNames)
	mountAPI(r.Group("/api", auth.Required()), auth)
	mountPages(r)
	mountDocs(r, auth)
	return r
}

// respond leaves the tokens out of the answer to a page's login, which has the cookies. Forms come from other clients: Swagger UI's
// OAuth2. A refresh by cookie answers without tokens by itself.
func respond(c *gin.Context, pair authjwt.TokenPair) {
	if c.FullPath() == "/auth/login" && c.ContentType() == gin.MIMEJSON {
		pair.AccessToken, pair.RefreshToken = "", ""
	}
	c.JSON(http.StatusOK, pair)
}
