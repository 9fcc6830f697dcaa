package authjwt_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"

	"github.com/gin-gonic/gin"
	"github.com/golang-jwt/jwt/v5"

	"github.com/gin-authjwt/authjwt"
)

// exampleManager stands for the Manager a program makes at start-up.
func exampleManager() *authjwt.Manager {
	auth, err := authjwt.New(authjwt.Settings{SecretKey: os.Getenv("SECRET_KEY")})
	if err != nil {
		panic(err)
	}
	return auth
}

// ask sends a request with a bearer token and prints the answer.
func ask(h http.Handler, method, path, token string) {
	req := httptest.NewRequest(method, path, nil)
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, req)
	fmt.Println(rec.Code, rec.Body)
}

func ExampleNew_mistakes() {
	_, err := authjwt.New(authjwt.Settings{SecretKey: "too short, really", AccessTokenExpires: 900})
	fmt.Println(err)
	// Output:
	// authjwt: Settings.SecretKey: 17 octets are too few: HS256 needs at least 32 (RFC 7518 §3.2); make one with: openssl rand -base64 32
	// authjwt: Settings.AccessTokenExpires: 900ns is below one second; a plain number counts nanoseconds, so write 15*time.Minute, or NoExpiry
}

func ExampleManager_Required() {
	auth := exampleManager()
	r := gin.New()
	r.GET("/me", auth.Required(), func(c *gin.Context) {
		c.String(http.StatusOK, "hello, "+authjwt.FromContext(c).Subject())
	})

	token, _ := auth.CreateAccessToken("alice")
	ask(r, "GET", "/me", token)
	ask(r, "GET", "/me", "")
	// Output:
	// 200 hello, alice
	// 401 {"detail":"Missing Authorization Header","code":"missing_token"}
}

func ExampleAuthJWT_JWTRequired() {
	auth := exampleManager()
	r := gin.New()
	r.Use(auth.ErrorMiddleware())
	r.GET("/me", func(c *gin.Context) {
		a := authjwt.FromContext(c)
		if a.JWTRequired() != nil {
			return
		}
		c.String(http.StatusOK, "hello, "+a.Subject())
	})

	token, _ := auth.CreateRefreshToken("alice")
	ask(r, "GET", "/me", token)
	// Output: 401 {"detail":"Only access tokens are allowed","code":"access_token_required"}
}

func ExampleManager_Optional() {
	auth := exampleManager()
	r := gin.New()
	r.GET("/", auth.Optional(), func(c *gin.Context) {
		if t := authjwt.FromContext(c).Token(); t != nil {
			c.String(http.StatusOK, "hello, "+t.Subject)
			return
		}
		c.String(http.StatusOK, "hello, stranger")
	})

	ask(r, "GET", "/", "")
	ask(r, "GET", "/", "no-token")
	// Output:
	// 200 hello, stranger
	// 401 {"detail":"Not enough segments","code":"token_malformed"}
}

func ExampleWithScopes() {
	auth := exampleManager()
	r := gin.New()
	r.DELETE("/items", auth.Required(authjwt.WithScopes("items:write")), func(c *gin.Context) {
		c.String(http.StatusOK, "deleted")
	})

	reader, _ := auth.CreateAccessToken("alice", authjwt.WithGrantedScopes("items:read"))
	writer, _ := auth.CreateAccessToken("alice", authjwt.WithGrantedScopes("items:read", "items:write"))
	ask(r, "DELETE", "/items", reader)
	ask(r, "DELETE", "/items", writer)
	// Output:
	// 403 {"detail":"The token lacks a required scope","code":"insufficient_scope"}
	// 200 deleted
}

func ExampleManager_Mount() {
	auth := exampleManager()
	r := gin.New()
	auth.Mount(r, authjwt.Routes{Login: func(c *gin.Context) (string, error) {
		cred, err := authjwt.BindCredentials(c)
		if err != nil {
			return "", err
		}
		if cred.Username != "alice" || cred.Password != "wonderland" { // compare password hashes here
			return "", authjwt.ErrInvalidCredentials
		}
		return cred.Username, nil
	}})

	req := httptest.NewRequest("POST", "/login", strings.NewReader("username=alice&password=guess"))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	rec := httptest.NewRecorder()
	r.ServeHTTP(rec, req)
	fmt.Println(rec.Code, rec.Body)
	// Output: 401 {"detail":"Bad username or password","code":"invalid_credentials"}
}

func ExampleClaimsAs() {
	auth := exampleManager()
	type account struct {
		ID   int64  `json:"account"`
		Role string `json:"role"`
	}
	raw, _ := auth.CreateAccessToken("alice", authjwt.WithClaims(account{9007199254740993, "admin"}))

	token, err := auth.Verify(context.Background(), raw, authjwt.Access)
	if err != nil {
		panic(err)
	}
	claims, err := authjwt.ClaimsAs[account](token)
	fmt.Println(claims, err)
	// Output: {9007199254740993 admin} <nil>
}

func ExampleManager_Verify() {
	auth := exampleManager()
	forged := "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZG1pbiJ9."

	_, err := auth.Verify(context.Background(), forged, authjwt.Access)
	fmt.Println(err)
	fmt.Println(errors.Is(err, authjwt.ErrJWTDecode), errors.Is(err, jwt.ErrTokenSignatureInvalid))
	// Output:
	// authjwt: token_signature_invalid: The specified alg value is not allowed
	// true true
}

func ExampleAuthJWT_Abort() {
	auth := exampleManager()
	r := gin.New()
	r.GET("/", auth.Required(), func(c *gin.Context) {
		authjwt.FromContext(c).Abort(&authjwt.Error{Status: http.StatusPaymentRequired, Code: "unpaid", Detail: "Renew your plan"})
	})

	token, _ := auth.CreateAccessToken("alice")
	ask(r, "GET", "/", token)
	// Output: 402 {"detail":"Renew your plan","code":"unpaid"}
}

func ExampleUnverifiedHeader() {
	auth := exampleManager()
	raw, _ := auth.CreateAccessToken("alice")
	fmt.Println(authjwt.UnverifiedHeader(raw))
	// Output: map[alg:HS256 typ:JWT] <nil>
}
