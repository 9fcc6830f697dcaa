package authjwt_test

import (
	"context"
	"net/http"
	"os"

	"github.com/gin-gonic/gin"

	"github.com/gin-authjwt/authjwt"
)

// A member is a user of the examples.
type member struct {
	Name     string `json:"name"`
	Disabled bool   `json:"-"`
}

// clubMembers stands for a database.
var clubMembers = map[string]*member{"1": {Name: "Alice"}, "2": {Name: "Bob", Disabled: true}}

// findMember is what Settings.LoadUser is set to.
func findMember(_ context.Context, t *authjwt.Token) (any, error) {
	if m := clubMembers[t.Subject]; m != nil && !m.Disabled {
		return m, nil
	}
	return nil, nil
}

// managerWithUsers stands for the Manager a program makes at start-up.
func managerWithUsers() *authjwt.Manager {
	auth, err := authjwt.New(authjwt.Settings{SecretKey: os.Getenv("SECRET_KEY"), LoadUser: findMember})
	if err != nil {
		panic(err)
	}
	return auth
}

func ExampleUser() {
	auth := managerWithUsers()
	r := gin.New()
	r.GET("/me", auth.Required(), func(c *gin.Context) {
		user, err := authjwt.User[*member](c)
		if err != nil {
			return // answered already
		}
		c.JSON(http.StatusOK, user)
	})
	alice, _ := auth.CreateAccessToken("1")
	bob, _ := auth.CreateAccessToken("2")
	ask(r, "GET", "/me", alice)
	ask(r, "GET", "/me", bob)
	ask(r, "GET", "/me", "")
	// Output:
	// 200 {"name":"Alice"}
	// 401 {"detail":"The user of the token is not accepted","code":"user_refused"}
	// 401 {"detail":"Missing Authorization Header","code":"missing_token"}
}

// A program with several Managers says whose user it means.
func ExampleUserOf() {
	customers, _ := authjwt.New(authjwt.Settings{SecretKey: os.Getenv("CUSTOMERS_SECRET_KEY")})
	staff := managerWithUsers()
	r := gin.New()
	r.Use(customers.ErrorMiddleware(), staff.ErrorMiddleware())
	r.GET("/books", staff.Required(), func(c *gin.Context) {
		user, err := authjwt.UserOf[*member](staff.Bind(c))
		if err != nil {
			return
		}
		c.String(http.StatusOK, "books, for "+user.Name)
	})
	alice, _ := staff.CreateAccessToken("1")
	ask(r, "GET", "/books", alice)
	// Output: 200 books, for Alice
}

// A middleware refuses those without a user, for a whole group.
func ExampleAuthJWT_User() {
	auth := managerWithUsers()
	r := gin.New()
	api := r.Group("/api", auth.Required(), func(c *gin.Context) { _, _ = authjwt.FromContext(c).User() })
	api.DELETE("/items", func(c *gin.Context) { c.String(http.StatusOK, "deleted") })
	alice, _ := auth.CreateAccessToken("1")
	bob, _ := auth.CreateAccessToken("2")
	ask(r, "DELETE", "/api/items", alice)
	ask(r, "DELETE", "/api/items", bob)
	// Output:
	// 200 deleted
	// 401 {"detail":"The user of the token is not accepted","code":"user_refused"}
}
