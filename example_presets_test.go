package authjwt_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/gin-authjwt/authjwt"
)

// A service of fastapi-jwt-auth's and this one share a secret, the cookies and the front end.
func ExampleFastAPIJWTAuth() {
	s := authjwt.FastAPIJWTAuth()
	s.SecretKey = os.Getenv("SECRET_KEY") // the Python service's
	s.TokenLocation = []authjwt.Location{authjwt.Headers, authjwt.Cookies}
	auth, err := authjwt.New(s)
	if err != nil {
		panic(err)
	}
	r := gin.New()
	r.GET("/user", auth.Required(), func(c *gin.Context) {
		c.JSON(http.StatusOK, gin.H{"user": authjwt.FromContext(c).Subject()})
	})

	token, _ := auth.CreateAccessToken("alice")
	ask(r, "GET", "/user", token)
	ask(r, "GET", "/user", "")
	ask(r, "GET", "/user", "x")
	// Output:
	// 200 {"user":"alice"}
	// 401 {"detail":"Missing cookie access_token_cookie"}
	// 422 {"detail":"Not enough segments"}
}

func ExampleFastJWT() {
	s := authjwt.FastJWT()
	s.SecretKey = os.Getenv("SECRET_KEY")
	s.TokenLocation = []authjwt.Location{authjwt.Headers, authjwt.Query}
	auth, err := authjwt.New(s)
	if err != nil {
		panic(err)
	}
	r := gin.New()
	r.Use(auth.ErrorMiddleware()) // before a logger, which would log the query otherwise
	r.GET("/protected", auth.Required(), func(c *gin.Context) {
		c.JSON(http.StatusOK, gin.H{"location": authjwt.FromContext(c).Token().Location})
	})

	token, _ := auth.CreateAccessToken("alice")
	ask(r, "GET", "/protected", token)
	ask(r, "GET", "/protected?token="+token, "")
	ask(r, "GET", "/protected", "")
	ask(r, "GET", "/protected", "x")
	// Output:
	// 200 {"location":"headers"}
	// 200 {"location":"query"}
	// 401 {"message":"Missing JWT in request","error_type":"MissingTokenError"}
	// 422 {"message":"Not enough segments","error_type":"JWTDecodeError"}
}

func ExampleOAuth2Cookie() {
	s := authjwt.OAuth2Cookie()
	s.SecretKey = os.Getenv("SECRET_KEY")
	auth, err := authjwt.New(s)
	if err != nil {
		panic(err)
	}
	r := gin.New()
	r.POST("/login/token", auth.LoginHandler(authjwt.Routes{Login: exampleLogin}))
	r.GET("/jobs", auth.Required())

	req := httptest.NewRequest("POST", "/login/token", strings.NewReader("username=alice&password=wonderland"))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	rec := httptest.NewRecorder()
	r.ServeHTTP(rec, req)
	fmt.Println(shortened(rec.Body.String()))
	fmt.Println(shortened(rec.Header().Get("Set-Cookie")))
	logIn(r, "/login/token", "username=alice&password=guess")
	ask(r, "GET", "/jobs", "x") // no header is looked at
	// Output:
	// {"access_token":"<jwt>","token_type":"bearer","expires_in":900}
	// access_token="Bearer <jwt>"; Path=/; HttpOnly; Secure; SameSite=Lax
	// 401 {"detail":"Incorrect username or password"}
	// 401 {"detail":"Not authenticated"}
}

// exampleLogin knows one user; compare password hashes in its place.
func exampleLogin(c *gin.Context) (string, error) {
	cred, err := authjwt.BindCredentials(c)
	if err == nil && (cred.Username != "alice" || cred.Password != "wonderland") {
		err = authjwt.ErrInvalidCredentials
	}
	return cred.Username, err
}

func shortened(text string) string {
	return regexp.MustCompile(`eyJ[\w.-]+`).ReplaceAllString(text, "<jwt>")
}
