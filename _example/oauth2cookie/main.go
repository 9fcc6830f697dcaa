// Oauth2cookie is the FastAPI tutorial "Securing JWT Login with HttpOnly Cookie": a login by an OAuth2
// password form, whose token goes into the cookie access_token="Bearer …" and into the answer.
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
		SecretKey:         secret,
		TokenLocation:     []authjwt.Location{authjwt.Cookies},
		AccessCookieKey:   "access_token",
		CookieScheme:      "Bearer",
		RefreshCookiePath: "/login", // sent to the two routes there alone
		// The tutorial's pages send no CSRF value. What is left against other sites' is the check of Origin and
		// Sec-Fetch-Site, which no setting turns off.
		InsecureDisableCSRF: true,
		ErrorHandler:        refuse,
	}
}

func router(auth *authjwt.Manager) *gin.Engine {
	r := gin.Default()
	routes := authjwt.Routes{Login: login, Respond: respond}
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

func respond(c *gin.Context, tokens authjwt.TokenPair) {
	c.JSON(http.StatusOK, gin.H{"access_token": tokens.AccessToken, "token_type": "bearer"})
}

// refuse writes refusals in the tutorial's words; their status headers, WWW-Authenticate say, are set already.
func refuse(c *gin.Context, err *authjwt.Error) {
	detail := err.Detail
	switch {
	case errors.Is(err, authjwt.ErrMissingToken):
		detail = "Not authenticated"
	case errors.Is(err, authjwt.ErrInvalidCredentials):
		detail = "Incorrect username or password"
	}
	c.JSON(err.Status, gin.H{"detail": detail})
}

func user(c *gin.Context) {
	c.JSON(http.StatusOK, gin.H{"user": authjwt.FromContext(c).Subject()})
}
