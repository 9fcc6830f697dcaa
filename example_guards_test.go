package authjwt_test

import (
	"context"
	"fmt"
	"net/http"
	"os"

	"github.com/gin-gonic/gin"

	"github.com/gin-authjwt/authjwt"
)

func ExampleManager_FreshRequired() {
	auth := exampleManager()
	r := gin.New()
	r.POST("/password", auth.FreshRequired(), func(c *gin.Context) {
		c.String(http.StatusOK, "changed")
	})
	atLogin, _ := auth.CreateAccessToken("alice", authjwt.WithFresh())
	atRefresh, _ := auth.CreateAccessToken("alice")
	ask(r, "POST", "/password", atLogin)
	ask(r, "POST", "/password", atRefresh)
	// Output:
	// 200 changed
	// 401 {"detail":"Fresh token required","code":"fresh_token_required"}
}

func ExampleManager_RefreshRequired() {
	auth := exampleManager()
	r := gin.New()
	r.POST("/renew", auth.RefreshRequired(), func(c *gin.Context) {
		a := authjwt.FromContext(c)
		pair, err := a.Refresh()
		if err != nil {
			a.Abort(err)
			return
		}
		c.String(http.StatusOK, "good for "+pair.ExpiresIn.String())
	})
	refresh, _ := auth.CreateRefreshToken("alice")
	access, _ := auth.CreateAccessToken("alice")
	ask(r, "POST", "/renew", refresh)
	ask(r, "POST", "/renew", access)
	// Output:
	// 200 good for 15m0s
	// 401 {"detail":"Only refresh tokens are allowed","code":"refresh_token_required"}
}

func ExampleManager_ErrorMiddleware() {
	auth := exampleManager()
	r := gin.New()
	r.Use(auth.ErrorMiddleware()) // binds; protects nothing
	r.GET("/public", func(c *gin.Context) { c.String(http.StatusOK, "hello") })
	r.GET("/upgrade", func(c *gin.Context) {
		_ = c.Error(authjwt.ErrInsufficientScope) // rendered when the handlers are through
	})
	ask(r, "GET", "/public", "")
	ask(r, "GET", "/upgrade", "")
	// Output:
	// 200 hello
	// 403 {"detail":"The token lacks a required scope","code":"insufficient_scope"}
}

// A program with a Manager for its staff and another for its customers says which one it means.
func ExampleManager_Bind() {
	staff, _ := authjwt.New(authjwt.Settings{SecretKey: os.Getenv("STAFF_SECRET_KEY")})
	customers := exampleManager()
	r := gin.New()
	r.GET("/orders", func(c *gin.Context) {
		if a := customers.Bind(c); a.JWTRequired() == nil {
			c.String(http.StatusOK, "orders of "+a.Subject())
		}
	})
	r.GET("/books", func(c *gin.Context) {
		if a := staff.Bind(c); a.JWTRequired() == nil {
			c.String(http.StatusOK, "books, for "+a.Subject())
		}
	})
	alice, _ := customers.CreateAccessToken("alice")
	ask(r, "GET", "/orders", alice)
	ask(r, "GET", "/books", alice)
	// Output:
	// 200 orders of alice
	// 401 {"detail":"Signature verification failed","code":"token_signature_invalid"}
}

func ExampleFromContext() {
	auth := exampleManager()
	r := gin.New()
	api := r.Group("/api", auth.Required())
	api.GET("/me", func(c *gin.Context) {
		c.String(http.StatusOK, authjwt.FromContext(c).Subject())
	})
	token, _ := auth.CreateAccessToken("alice")
	ask(r, "GET", "/api/me", token)
	// Output: 200 alice
}

func ExampleAuthJWT_JWTOptional() {
	auth := exampleManager()
	r := gin.New()
	r.GET("/", func(c *gin.Context) {
		a := auth.Bind(c)
		if a.JWTOptional() != nil {
			return // a token was there, and not good
		}
		c.String(http.StatusOK, fmt.Sprintf("hello %q", a.Subject()))
	})
	token, _ := auth.CreateAccessToken("alice")
	ask(r, "GET", "/", token)
	ask(r, "GET", "/", "")
	// Output:
	// 200 hello "alice"
	// 200 hello ""
}

func ExampleAuthJWT_JWTRefreshTokenRequired() {
	auth := exampleManager()
	r := gin.New()
	r.POST("/refresh", func(c *gin.Context) {
		a := auth.Bind(c)
		if a.JWTRefreshTokenRequired() != nil {
			return
		}
		c.String(http.StatusOK, "a new token for "+a.Subject())
	})
	refresh, _ := auth.CreateRefreshToken("alice")
	ask(r, "POST", "/refresh", refresh)
	ask(r, "POST", "/refresh", "")
	// Output:
	// 200 a new token for alice
	// 401 {"detail":"Missing Authorization Header","code":"missing_token"}
}

func ExampleAuthJWT_FreshJWTRequired() {
	auth := exampleManager()
	r := gin.New()
	r.POST("/account", func(c *gin.Context) {
		a := auth.Bind(c)
		if c.Query("delete") == "yes" && a.FreshJWTRequired() != nil {
			return
		}
		if a.JWTRequired() != nil { // verifies nothing twice
			return
		}
		c.String(http.StatusOK, "done for "+a.Subject())
	})
	token, _ := auth.CreateAccessToken("alice")
	ask(r, "POST", "/account", token)
	ask(r, "POST", "/account?delete=yes", token)
	// Output:
	// 200 done for alice
	// 401 {"detail":"Fresh token required","code":"fresh_token_required"}
}

// Verify answers nothing, for handlers that have another way of their own.
func ExampleAuthJWT_Verify() {
	auth := exampleManager()
	r := gin.New()
	r.GET("/", func(c *gin.Context) {
		token, err := auth.Bind(c).Verify(authjwt.Access)
		if err != nil {
			c.Redirect(http.StatusSeeOther, "/login")
			return
		}
		c.String(http.StatusOK, "hello, "+token.Subject)
	})
	answer := send(r, "GET", "/", nil)
	fmt.Println(answer.Get("Location"))
	// Output:
	// 303 <a href="/login">See Other</a>.
	// /login
}

func ExampleAuthJWT_Token() {
	auth := exampleManager()
	r := gin.New()
	r.GET("/me", auth.Required(), func(c *gin.Context) {
		t := authjwt.FromContext(c).Token()
		c.String(http.StatusOK, fmt.Sprint(t.Subject, " ", t.Type, " ", t.Fresh, " ", t.Location, " ", t.ExpiresAt.Sub(t.IssuedAt)))
	})
	token, _ := auth.CreateAccessToken("alice")
	ask(r, "GET", "/me", token)
	// Output: 200 alice access false headers 15m0s
}

func ExampleAuthJWT_Subject() {
	auth := exampleManager()
	r := gin.New()
	r.GET("/me", auth.Required(), func(c *gin.Context) {
		c.String(http.StatusOK, authjwt.FromContext(c).Subject())
	})
	token, _ := auth.CreateAccessToken("alice")
	ask(r, "GET", "/me", token)
	// Output: 200 alice
}

// audit stands for a layer that knows no Gin.
func audit(ctx context.Context, action string) string {
	if token, ok := authjwt.TokenFromContext(ctx); ok {
		return token.Subject + ": " + action
	}
	return "somebody: " + action
}

func ExampleAuthJWT_Context() {
	auth := exampleManager()
	r := gin.New()
	r.DELETE("/items", auth.Required(), func(c *gin.Context) {
		c.String(http.StatusOK, audit(authjwt.FromContext(c).Context(), "deleted"))
	})
	token, _ := auth.CreateAccessToken("alice")
	ask(r, "DELETE", "/items", token)
	// Output: 200 alice: deleted
}

func ExampleTokenFromContext() {
	auth := exampleManager()
	r := gin.New()
	r.GET("/", auth.Optional(), func(c *gin.Context) {
		ctx := authjwt.FromContext(c).Context()
		token, ok := authjwt.TokenFromContext(ctx)
		c.String(http.StatusOK, fmt.Sprint(ok, " ", ok && token.Fresh))
	})
	token, _ := auth.CreateAccessToken("alice", authjwt.WithFresh())
	ask(r, "GET", "/", token)
	ask(r, "GET", "/", "")
	// Output:
	// 200 true true
	// 200 false false
}

// A link that confirms an address brings its token in the path.
func ExampleWithToken() {
	auth := exampleManager()
	r := gin.New()
	r.GET("/confirm/:token", func(c *gin.Context) {
		a := auth.Bind(c)
		if a.JWTRequired(authjwt.WithToken(c.Param("token")), authjwt.WithScopes("confirm")) != nil {
			return
		}
		c.String(http.StatusOK, a.Subject()+" is confirmed")
	})
	token, _ := auth.CreateAccessToken("alice", authjwt.WithGrantedScopes("confirm"))
	ask(r, "GET", "/confirm/"+token, "")
	ask(r, "GET", "/confirm/guess", "")
	// Output:
	// 200 alice is confirmed
	// 401 {"detail":"Not enough segments","code":"token_malformed"}
}
