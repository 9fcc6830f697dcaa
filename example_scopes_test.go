package authjwt_test

import (
	"context"
	"fmt"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/gin-authjwt/authjwt"
)

func ExampleToken_HasScopes() {
	auth := exampleManager()
	r := gin.New()
	r.GET("/items", auth.Required(authjwt.WithScopes("items:read")), func(c *gin.Context) {
		a := authjwt.FromContext(c)
		c.String(http.StatusOK, fmt.Sprint(a.Subject(), " may write: ", a.Token().HasScopes("items:write")))
	})
	words, _ := auth.CreateAccessToken("alice", authjwt.WithGrantedScopes("items:read"))
	wildcard, _ := auth.CreateAccessToken("bob", authjwt.WithGrantedScopes("items:*"))
	list, _ := auth.CreateAccessToken("carol", authjwt.WithClaims(map[string]any{"scopes": []string{"items:read", "items:write"}}))
	other, _ := auth.CreateAccessToken("dave", authjwt.WithGrantedScopes("items", "users:*"))
	for _, token := range []string{words, wildcard, list, other} {
		ask(r, "GET", "/items", token)
	}
	// Output:
	// 200 alice may write: false
	// 200 bob may write: true
	// 200 carol may write: true
	// 403 {"detail":"The token lacks a required scope","code":"insufficient_scope"}
}

// Scopes that are asked for at every refresh: what a user may do changes without a new login.
func ExampleRoutes_scopes() {
	auth := exampleManager()
	granted := map[string][]string{"test": {"items:*"}}
	r := gin.New()
	auth.Mount(r, authjwt.Routes{
		Login: func(*gin.Context) (string, error) { return "test", nil },
		Claims: func(_ context.Context, subject string) (any, error) {
			return map[string]any{"scopes": granted[subject]}, nil
		},
		Respond: func(c *gin.Context, tokens authjwt.TokenPair) {
			access, err := auth.Verify(c, tokens.AccessToken, authjwt.Access)
			c.String(http.StatusOK, fmt.Sprint(access.HasScopes("items:write"), err))
		},
	})
	refresh, _ := auth.CreateRefreshToken("test")
	ask(r, "POST", "/login", "")
	granted["test"] = nil
	ask(r, "POST", "/refresh", refresh)
	// Output:
	// 200 true <nil>
	// 200 false <nil>
}
