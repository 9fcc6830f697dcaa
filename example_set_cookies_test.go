package authjwt_test

import (
	"fmt"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/gin-authjwt/authjwt"
)

func ExampleAuthJWT_SetAccessCookies() {
	auth := exampleCookies()
	r := gin.New()
	r.Use(auth.ErrorMiddleware())
	r.POST("/fresh-login", func(c *gin.Context) {
		a := authjwt.FromContext(c)
		token, err := a.CreateAccessToken("alice", authjwt.WithFresh())
		if err == nil {
			err = a.SetAccessCookies(token)
		}
		if err != nil {
			a.Abort(err)
			return
		}
		c.JSON(http.StatusOK, gin.H{"msg": "Successfully login"})
	})

	answer := send(r, "POST", "/fresh-login", nil)
	for _, line := range answer["Set-Cookie"] {
		c, _ := http.ParseSetCookie(line)
		fmt.Println(c.Name, c.Path, c.HttpOnly)
	}
	// Output:
	// 200 {"msg":"Successfully login"}
	// access_token_cookie / true
	// csrf_access_token / false
}

func ExampleAuthJWT_SetRefreshCookies() {
	auth := exampleCookies(func(s *authjwt.Settings) { s.RefreshCookiePath = "/refresh" })
	r := gin.New()
	r.Use(auth.ErrorMiddleware())
	r.POST("/login", func(c *gin.Context) {
		a := authjwt.FromContext(c)
		token, err := a.CreateRefreshToken("alice")
		if err == nil {
			err = a.SetRefreshCookies(token)
		}
		if err != nil {
			a.Abort(err)
			return
		}
		c.JSON(http.StatusOK, gin.H{"msg": "Successfully login"})
	})
	answer := send(r, "POST", "/login", nil)
	for _, line := range answer["Set-Cookie"] {
		c, _ := http.ParseSetCookie(line)
		fmt.Println(c.Name, c.Path, c.HttpOnly)
	}
	// Output:
	// 200 {"msg":"Successfully login"}
	// refresh_token_cookie /refresh true
	// csrf_refresh_token / false
}

// deleted answers a request to a handler that calls unset, and prints the cookies it deletes.
func deleted(unset func(a *authjwt.AuthJWT) error) {
	auth := exampleCookies()
	r := gin.New()
	r.POST("/", func(c *gin.Context) {
		a := auth.Bind(c)
		if err := unset(a); err != nil {
			a.Abort(err)
			return
		}
		c.Status(http.StatusNoContent)
	})
	for _, line := range send(r, "POST", "/", nil)["Set-Cookie"] {
		c, _ := http.ParseSetCookie(line)
		fmt.Println(c.Name, c.MaxAge < 0)
	}
}

func ExampleAuthJWT_UnsetJWTCookies() {
	deleted(func(a *authjwt.AuthJWT) error { return a.UnsetJWTCookies() })
	// Output:
	// 204
	// access_token_cookie true
	// csrf_access_token true
	// refresh_token_cookie true
	// csrf_refresh_token true
}

func ExampleAuthJWT_UnsetAccessCookies() {
	deleted(func(a *authjwt.AuthJWT) error { return a.UnsetAccessCookies() })
	// Output:
	// 204
	// access_token_cookie true
	// csrf_access_token true
}

func ExampleAuthJWT_UnsetRefreshCookies() {
	deleted(func(a *authjwt.AuthJWT) error { return a.UnsetRefreshCookies() })
	// Output:
	// 204
	// refresh_token_cookie true
	// csrf_refresh_token true
}

func ExampleWithMaxAge() {
	auth := exampleCookies()
	r := gin.New()
	r.POST("/kiosk", func(c *gin.Context) {
		a := auth.Bind(c)
		token, err := a.CreateAccessToken("kiosk")
		if err == nil {
			err = a.SetAccessCookies(token, authjwt.WithMaxAge(5*time.Minute)) // never longer than the token
		}
		if err != nil {
			a.Abort(err)
			return
		}
		c.Status(http.StatusNoContent)
	})
	c, _ := http.ParseSetCookie(send(r, "POST", "/kiosk", nil)["Set-Cookie"][0])
	fmt.Println(c.Name, c.MaxAge)
	// Output:
	// 204
	// access_token_cookie 300
}

// "Remember me": the choice is kept by every refresh.
func ExampleWithPersistentCookies() {
	auth := exampleCookies()
	r := gin.New()
	r.POST("/login", func(c *gin.Context) {
		a := auth.Bind(c)
		if _, err := a.Login("alice", authjwt.WithPersistentCookies(c.Query("remember") == "on")); err != nil {
			a.Abort(err)
			return
		}
		c.Status(http.StatusNoContent)
	})
	for _, path := range []string{"/login", "/login?remember=on"} {
		c, _ := http.ParseSetCookie(send(r, "POST", path, nil)["Set-Cookie"][2])
		fmt.Println(c.Name, "outlives the browser:", c.MaxAge > 0)
	}
	// Output:
	// 204
	// refresh_token_cookie outlives the browser: false
	// 204
	// refresh_token_cookie outlives the browser: true
}
