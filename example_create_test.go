package authjwt_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/gin-authjwt/authjwt"
)

func ExampleManager_CreateAccessToken() {
	auth := exampleManager()
	raw, err := auth.CreateAccessToken("alice")
	if err != nil {
		panic(err)
	}
	token, err := auth.Verify(context.Background(), raw, authjwt.Access)
	fmt.Println(token.Subject, token.Type, token.ExpiresAt.Sub(token.IssuedAt), err)

	_, err = auth.CreateAccessToken("")
	fmt.Println(err)
	// Output:
	// alice access 15m0s <nil>
	// authjwt: create access token: the subject is empty
}

func ExampleManager_CreateRefreshToken() {
	auth := exampleManager()
	raw, _ := auth.CreateRefreshToken("alice")
	token, _ := auth.Verify(context.Background(), raw, authjwt.Refresh)
	fmt.Println(token.Type, token.ExpiresAt.Sub(token.IssuedAt))
	_, err := auth.Verify(context.Background(), raw, authjwt.Access)
	fmt.Println(err)
	// Output:
	// refresh 720h0m0s
	// authjwt: access_token_required: Only access tokens are allowed
}

func ExampleAuthJWT_CreateAccessToken() {
	auth := exampleManager()
	r := gin.New()
	r.POST("/invite", auth.Required(), func(c *gin.Context) {
		a := authjwt.FromContext(c)
		token, err := a.CreateAccessToken("guest", authjwt.WithExpires(time.Hour), authjwt.WithGrantedScopes("read"))
		if err != nil {
			a.Abort(err)
			return
		}
		invitation, _ := auth.Verify(c.Request.Context(), token, authjwt.Access)
		c.String(http.StatusOK, fmt.Sprint(a.Subject(), " invites a ", invitation.Subject, " to ", invitation.Scopes))
	})
	token, _ := auth.CreateAccessToken("alice")
	ask(r, "POST", "/invite", token)
	// Output: 200 alice invites a guest to [read]
}

func ExampleAuthJWT_CreateRefreshToken() {
	auth := exampleManager()
	r := gin.New()
	r.POST("/device", auth.FreshRequired(), func(c *gin.Context) {
		a := authjwt.FromContext(c)
		token, err := a.CreateRefreshToken(a.Subject(), authjwt.WithExpires(90*24*time.Hour))
		if err != nil {
			a.Abort(err)
			return
		}
		device, _ := auth.Verify(c.Request.Context(), token, authjwt.Refresh)
		c.String(http.StatusOK, fmt.Sprint(device.Type, " token for ", device.ExpiresAt.Sub(device.IssuedAt)))
	})
	token, _ := auth.CreateAccessToken("alice", authjwt.WithFresh())
	ask(r, "POST", "/device", token)
	// Output: 200 refresh token for 2160h0m0s
}

// show prints facts of a token that differ from the default.
func show(auth *authjwt.Manager, raw string, err error) {
	if err != nil {
		fmt.Println(err)
		return
	}
	t, err := auth.Verify(context.Background(), raw, authjwt.Access)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(t.Subject, "fresh:", t.Fresh, "aud:", t.Audience, "scopes:", t.Scopes, "life:", t.ExpiresAt.Sub(t.IssuedAt))
}

func ExampleWithFresh() {
	auth := exampleManager()
	raw, err := auth.CreateAccessToken("alice", authjwt.WithFresh())
	show(auth, raw, err)
	// Output: alice fresh: true aud: [] scopes: [] life: 15m0s
}

func ExampleWithExpires() {
	auth := exampleManager()
	raw, err := auth.CreateAccessToken("alice", authjwt.WithExpires(time.Minute))
	show(auth, raw, err)
	raw, err = auth.CreateAccessToken("alice", authjwt.WithExpires(60)) // nanoseconds
	show(auth, raw, err)
	// Output:
	// alice fresh: false aud: [] scopes: [] life: 1m0s
	// authjwt: create access token: WithExpires: 60ns is below one second; a plain number counts nanoseconds
}

func ExampleWithGrantedScopes() {
	auth := exampleManager()
	raw, err := auth.CreateAccessToken("alice", authjwt.WithGrantedScopes("items:read", "items:write"))
	show(auth, raw, err)
	// Output: alice fresh: false aud: [] scopes: [items:read items:write] life: 15m0s
}

func ExampleWithAudience() {
	auth, err := authjwt.New(authjwt.Settings{
		SecretKey:      os.Getenv("SECRET_KEY"),
		EncodeAudience: []string{"shop"}, // and so DecodeAudience
	})
	if err != nil {
		panic(err)
	}
	raw, err := auth.CreateAccessToken("alice")
	show(auth, raw, err)
	raw, err = auth.CreateAccessToken("alice", authjwt.WithAudience("warehouse")) // for another service
	show(auth, raw, err)
	// Output:
	// alice fresh: false aud: [shop] scopes: [] life: 15m0s
	// authjwt: token_audience_invalid: Invalid audience
}

func ExampleWithClaims() {
	auth := exampleManager()
	raw, _ := auth.CreateAccessToken("alice", authjwt.WithClaims(map[string]any{"tenant": "north", "seats": 3}))
	token, _ := auth.Verify(context.Background(), raw, authjwt.Access)
	claims, err := authjwt.ClaimsAs[struct {
		Tenant string `json:"tenant"`
		Seats  int    `json:"seats"`
	}](token)
	fmt.Println(claims.Tenant, claims.Seats, err)

	_, err = auth.CreateAccessToken("alice", authjwt.WithClaims(map[string]any{"sub": "admin"}))
	fmt.Println(err)
	// Output:
	// north 3 <nil>
	// authjwt: create access token: WithClaims: "sub" is reserved; the package writes it
}

func ExampleWithHeaders() {
	auth := exampleManager()
	raw, _ := auth.CreateAccessToken("alice", authjwt.WithHeaders(map[string]any{"typ": "at+jwt"}))
	header, err := authjwt.UnverifiedHeader(raw)
	fmt.Println(header["typ"], err)
	// Output: at+jwt <nil>
}

func ExampleWithAlgorithm() {
	auth, err := authjwt.New(authjwt.Settings{
		SecretKey:        os.Getenv("SECRET_KEY"),
		DecodeAlgorithms: []string{"HS256", "HS512"},
	})
	if err != nil {
		panic(err)
	}
	raw, _ := auth.CreateAccessToken("alice", authjwt.WithAlgorithm("HS512"))
	header, err := authjwt.UnverifiedHeader(raw)
	fmt.Println(header["alg"], err)
	// Output: HS512 <nil>
}

func ExampleToken_Decode() {
	auth := exampleManager()
	raw, _ := auth.CreateAccessToken("alice", authjwt.WithClaims(map[string]any{"roles": []string{"admin", "author"}}))
	token, _ := auth.Verify(context.Background(), raw, authjwt.Access)
	var claims struct {
		Roles []string `json:"roles"`
	}
	err := token.Decode(&claims)
	fmt.Println(claims.Roles, err)
	// Output: [admin author] <nil>
}

// A service passes the token on to another one that verifies it for itself.
func ExampleToken_Raw() {
	auth := exampleManager()
	r := gin.New()
	r.GET("/orders", auth.Required(), func(c *gin.Context) {
		onward, _ := http.NewRequestWithContext(c.Request.Context(), "GET", "http://stock.internal/", nil)
		onward.Header.Set("Authorization", "Bearer "+authjwt.FromContext(c).Token().Raw())
		c.String(http.StatusOK, fmt.Sprint(onward.Header.Get("Authorization") == c.GetHeader("Authorization")))
	})
	token, _ := auth.CreateAccessToken("alice")
	ask(r, "GET", "/orders", token)
	// Output: 200 true
}
