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

// areaManager makes the Manager of one area: its own key, its own cookies, and its own name in the Store that all share.
func areaManager(name, secret string, store authjwt.Store) *authjwt.Manager {
	m, err := authjwt.New(authjwt.Settings{
		SecretKey: secret, Name: name, Store: store,
		TokenLocation:   []authjwt.Location{authjwt.Cookies},
		AccessCookieKey: name + "_access", RefreshCookieKey: name + "_refresh",
		AccessCSRFCookieKey: name + "_csrf", RefreshCSRFCookieKey: name + "_refresh_csrf",
	})
	if err != nil {
		panic(err)
	}
	return m
}

func ExampleDistinct() {
	store := new(authjwt.MemoryStore)
	staff := areaManager("staff", os.Getenv("STAFF_SECRET_KEY"), store)
	customers := areaManager("customers", os.Getenv("CUSTOMERS_SECRET_KEY"), store)
	fmt.Println(authjwt.Distinct(staff, customers))

	careless, _ := authjwt.New(authjwt.Settings{
		SecretKey: os.Getenv("STAFF_SECRET_KEY"), Name: "customers",
		TokenLocation: []authjwt.Location{authjwt.Headers, authjwt.Cookies}, AccessCookieKey: "staff_access",
	})
	fmt.Println(authjwt.Distinct(staff, careless))
	// Output:
	// <nil>
	// authjwt: the 1st Manager (staff) and the 2nd Manager (customers) have one cookie, staff_access (AccessCookieKey; AccessCookieKey), and a browser keeps one for both; set another name in one of them
	// authjwt: the 1st Manager (staff) and the 2nd Manager (customers) accept HS256 tokens of one key (SecretKey; SecretKey), so that those of one count for the other; set a key of its own in one of them, or a DecodeIssuer or DecodeAudience of its own in each
}

// Two areas of one program, each with its logins: a browser may be in both at once, and leave one of them.
func ExampleDistinct_areas() {
	store := new(authjwt.MemoryStore)
	staff := areaManager("staff", os.Getenv("STAFF_SECRET_KEY"), store)
	customers := areaManager("customers", os.Getenv("CUSTOMERS_SECRET_KEY"), store)
	if err := authjwt.Distinct(staff, customers); err != nil {
		panic(err)
	}
	r := gin.New()
	mount := func(path string, auth *authjwt.Manager, user string) {
		area := r.Group(path)
		auth.Mount(area, authjwt.Routes{
			Login:   func(*gin.Context) (string, error) { return user, nil }, // who knows the password
			Respond: func(c *gin.Context, _ authjwt.TokenPair) { c.String(http.StatusOK, "hello, "+user) },
		})
		area.GET("/me", auth.Required(), func(c *gin.Context) { c.String(http.StatusOK, auth.Bind(c).Subject()) })
	}
	mount("/admin", staff, "bob")
	mount("/shop", customers, "alice")

	jar := map[string]string{}
	visit := func(method, path, csrf string) {
		req := httptest.NewRequest(method, "https://example.com"+path, nil)
		for name, value := range jar {
			req.AddCookie(&http.Cookie{Name: name, Value: value})
		}
		req.Header.Set("X-CSRF-Token", jar[csrf])
		rec := httptest.NewRecorder()
		r.ServeHTTP(rec, req)
		for _, c := range rec.Result().Cookies() {
			if jar[c.Name] = c.Value; c.MaxAge < 0 {
				delete(jar, c.Name)
			}
		}
		fmt.Println(method, path, rec.Code, rec.Body)
	}
	visit("POST", "/admin/login", "")
	visit("GET", "/shop/me", "")
	visit("POST", "/shop/login", "")
	visit("GET", "/admin/me", "")
	visit("GET", "/shop/me", "")
	visit("DELETE", "/admin/logout", "staff_csrf")
	visit("GET", "/admin/me", "")
	visit("GET", "/shop/me", "")
	// Output:
	// POST /admin/login 200 hello, bob
	// GET /shop/me 401 {"detail":"Missing cookie customers_access","code":"missing_token"}
	// POST /shop/login 200 hello, alice
	// GET /admin/me 200 bob
	// GET /shop/me 200 alice
	// DELETE /admin/logout 200 {"msg":"Successfully logout"}
	// GET /admin/me 401 {"detail":"Missing cookie staff_access","code":"missing_token"}
	// GET /shop/me 200 alice
}

// A member of the staff sees a page as a customer does: what lies below finds either token, by the Manager that it means.
func ExampleManager_TokenFromContext() {
	staff := areaManager("staff", os.Getenv("STAFF_SECRET_KEY"), nil)
	customers := areaManager("customers", os.Getenv("CUSTOMERS_SECRET_KEY"), nil)
	order := func(ctx context.Context) {
		for _, m := range []*authjwt.Manager{staff, customers} {
			token, ok := m.TokenFromContext(ctx)
			fmt.Println(ok && token.Subject == "bob", ok && token.Subject == "alice")
		}
	}
	c, _ := gin.CreateTestContext(httptest.NewRecorder())
	c.Request = httptest.NewRequest("GET", "/", nil)
	bob, _ := staff.CreateAccessToken("bob")
	alice, _ := customers.CreateAccessToken("alice")
	if staff.Bind(c).JWTRequired(authjwt.WithToken(bob)) == nil {
		c.Request = c.Request.WithContext(staff.Bind(c).Context())
	}
	if customers.Bind(c).JWTRequired(authjwt.WithToken(alice)) == nil {
		order(customers.Bind(c).Context())
	}
	// Output:
	// true false
	// false true
}
