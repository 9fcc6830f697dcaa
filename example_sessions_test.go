package authjwt_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"

	"github.com/gin-gonic/gin"

	"github.com/gin-authjwt/authjwt"
)

// exampleSessions stands for the Manager of a program that can end sessions.
func exampleSessions() *authjwt.Manager {
	auth, err := authjwt.New(authjwt.Settings{
		SecretKey: os.Getenv("SECRET_KEY"),
		Store:     new(authjwt.MemoryStore), // of one process; see Store for others
	})
	if err != nil {
		panic(err)
	}
	return auth
}

// newLogin is a login of alice.
func newLogin(auth *authjwt.Manager) authjwt.TokenPair {
	c, _ := gin.CreateTestContext(httptest.NewRecorder())
	c.Request = httptest.NewRequest("POST", "/login", nil)
	pair, err := auth.Bind(c).Login("alice")
	if err != nil {
		panic(err)
	}
	return pair
}

func ExampleManager_Revoke() {
	auth := exampleSessions()
	r := gin.New()
	r.GET("/once", auth.Required(), func(c *gin.Context) {
		a := authjwt.FromContext(c)
		if err := auth.Revoke(c.Request.Context(), a.Token()); err != nil {
			a.Abort(err)
			return
		}
		c.String(http.StatusOK, "good for one request")
	})
	token, _ := auth.CreateAccessToken("alice")
	ask(r, "GET", "/once", token)
	ask(r, "GET", "/once", token)
	// Output:
	// 200 good for one request
	// 401 {"detail":"Token has been revoked","code":"token_revoked"}
}

// A page that lists a user's sessions keeps their ids, and ends one of them.
func ExampleManager_RevokeSession() {
	auth, ctx := exampleSessions(), context.Background()
	pair := newLogin(auth)
	token, _ := auth.Verify(ctx, pair.AccessToken, authjwt.Access)
	fmt.Println(auth.RevokeSession(ctx, token.SessionID))
	_, err := auth.Verify(ctx, pair.RefreshToken, authjwt.Refresh)
	fmt.Println(err)
	// Output:
	// <nil>
	// authjwt: token_revoked: Token has been revoked
}

// After a change of password every session has to log in again.
func ExampleManager_RevokeSubject() {
	auth, ctx := exampleSessions(), context.Background()
	laptop, phone := newLogin(auth), newLogin(auth)
	fmt.Println(auth.RevokeSubject(ctx, "alice"))
	for _, pair := range []authjwt.TokenPair{laptop, phone, newLogin(auth)} {
		_, err := auth.Verify(ctx, pair.AccessToken, authjwt.Access)
		fmt.Println(err)
	}
	// Output:
	// <nil>
	// authjwt: token_revoked: Token has been revoked
	// authjwt: token_revoked: Token has been revoked
	// <nil>
}

func ExampleManager_LogoutAllHandler() {
	auth := exampleSessions()
	r := gin.New()
	r.POST("/logout-all", auth.LogoutAllHandler()) // Mount adds it where there is a Store
	pair := newLogin(auth)
	ask(r, "POST", "/logout-all", pair.AccessToken)
	ask(r, "POST", "/logout-all", pair.AccessToken)
	// Output:
	// 200 {"msg":"Successfully logout"}
	// 401 {"detail":"Token has been revoked","code":"token_revoked"}
}
