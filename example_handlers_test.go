package authjwt_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/gin-authjwt/authjwt"
)

// logIn posts a form as browsers and OAuth2 clients do, and prints the status and the members of the
// answer that do not change from one run to the next.
func logIn(h http.Handler, path, form string) {
	req := httptest.NewRequest("POST", path, strings.NewReader(form))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, req)
	text := rec.Body.String()
	if _, stable, found := strings.Cut(text, `"token_type"`); found {
		text = `{… "token_type"` + stable
	}
	fmt.Println(rec.Code, text)
}

func ExampleManager_LoginHandler() {
	auth := exampleManager()
	r := gin.New()
	r.POST("/api/v1/sessions", auth.LoginHandler(authjwt.Routes{
		Login: func(c *gin.Context) (string, error) {
			cred, err := authjwt.BindCredentials(c)
			if err == nil && cred.Password != "wonderland" { // compare password hashes here
				err = authjwt.ErrInvalidCredentials
			}
			return cred.Username, err
		},
	}))
	logIn(r, "/api/v1/sessions", "username=alice&password=wonderland")
	logIn(r, "/api/v1/sessions", "username=alice&password=guess")
	// Output:
	// 200 {… "token_type":"bearer","expires_in":900}
	// 401 {"detail":"Bad username or password","code":"invalid_credentials"}
}

// OnEvent writes the log that a limit on guesses needs.
func ExampleEvent() {
	auth, err := authjwt.New(authjwt.Settings{
		SecretKey: os.Getenv("SECRET_KEY"),
		OnEvent: func(_ context.Context, e authjwt.Event) {
			fmt.Printf("log: %s %q %v\n", e.Kind, e.Subject, e.Err)
		},
	})
	if err != nil {
		panic(err)
	}
	r := gin.New()
	auth.Mount(r, authjwt.Routes{Login: func(c *gin.Context) (string, error) {
		cred, err := authjwt.BindCredentials(c)
		if err == nil && cred.Password != "wonderland" { // compare password hashes here
			err = authjwt.ErrInvalidCredentials
		}
		return cred.Username, err // the name goes into the event, not into the answer
	}})
	logIn(r, "/login", "username=alice&password=guess")
	logIn(r, "/login", "username=alice&password=wonderland")
	// Output:
	// log: login failed "alice" authjwt: invalid_credentials: Bad username or password
	// 401 {"detail":"Bad username or password","code":"invalid_credentials"}
	// log: issued "alice" <nil>
	// 200 {… "token_type":"bearer","expires_in":900}
}

func ExampleEvent_LogValue() {
	e := authjwt.Event{Kind: authjwt.EventRevoked, Subject: "alice", Route: "/logout-all"}
	logger().Info("audit", "event", e)
	// Output: level=INFO msg=audit event.kind=revoked event.subject=alice event.route=/logout-all
}

// A Logger gets every event, those that clients can cause at will at the level Debug.
func ExampleSettings_logger() {
	auth, err := authjwt.New(authjwt.Settings{
		SecretKey: os.Getenv("SECRET_KEY"),
		Logger:    logger(),
	})
	if err != nil {
		panic(err)
	}
	r := gin.New()
	auth.Mount(r, authjwt.Routes{Login: func(*gin.Context) (string, error) { return "alice\n", authjwt.ErrInvalidCredentials }})
	logIn(r, "/login", "username=alice%0A&password=guess")
	// Output:
	// level=INFO msg="authjwt: login failed" code=invalid_credentials subject="alice\n" client=192.0.2.1 route=/login error="authjwt: invalid_credentials: Bad username or password"
	// 401 {"detail":"Bad username or password","code":"invalid_credentials"}
}

// A refresh asks for the claims again, and so refuses users who have been locked meanwhile.
func ExampleManager_RefreshHandler() {
	auth := exampleManager()
	locked := map[string]bool{"mallory": true}
	r := gin.New()
	r.POST("/refresh", auth.RefreshHandler(authjwt.Routes{
		Claims: func(_ context.Context, subject string) (any, error) {
			if locked[subject] {
				return nil, authjwt.ErrInvalidCredentials
			}
			return map[string]any{"role": "author"}, nil
		},
	}))
	alice, _ := auth.CreateRefreshToken("alice")
	mallory, _ := auth.CreateRefreshToken("mallory")
	for _, token := range []string{alice, mallory} {
		req := httptest.NewRequest("POST", "/refresh", nil)
		req.Header.Set("Authorization", "Bearer "+token)
		rec := httptest.NewRecorder()
		r.ServeHTTP(rec, req)
		fmt.Println(rec.Code)
	}
	// Output:
	// 200
	// 401
}

func ExampleManager_LogoutHandler() {
	auth := exampleCookies()
	r := gin.New()
	r.DELETE("/session", auth.LogoutHandler())
	answer := send(r, "DELETE", "/session", nil)
	for _, line := range answer["Set-Cookie"] {
		c, _ := http.ParseSetCookie(line)
		fmt.Println(c.Name, c.MaxAge < 0)
	}
	// Output:
	// 200 {"msg":"Successfully logout"}
	// access_token_cookie true
	// csrf_access_token true
	// refresh_token_cookie true
	// csrf_refresh_token true
}

func ExampleBindCredentials() {
	auth := exampleManager()
	r := gin.New()
	r.POST("/login", func(c *gin.Context) {
		cred, err := authjwt.BindCredentials(c)
		if err != nil {
			auth.Bind(c).Abort(err)
			return
		}
		c.String(http.StatusOK, cred.Username+" asks for "+strings.Join(cred.Scopes, " and "))
	})
	logIn(r, "/login", "username=alice&password=wonderland&scope=read+write")
	logIn(r, "/login", "username=alice")
	// Output:
	// 200 alice asks for read and write
	// 400 {"detail":"The fields username and password are required","code":"invalid_request"}
}

func ExampleNew() {
	auth, err := authjwt.New(authjwt.Settings{
		SecretKey:          os.Getenv("SECRET_KEY"),
		AccessTokenExpires: 5 * time.Minute,
	})
	if err != nil {
		panic(err)
	}
	r := gin.New()
	auth.Mount(r, authjwt.Routes{Login: func(*gin.Context) (string, error) { return "alice", nil }})
	logIn(r, "/login", "")
	// Output: 200 {… "token_type":"bearer","expires_in":300}
}

func ExampleLoadConfig() {
	_, err := authjwt.LoadConfig(func() (authjwt.Settings, error) {
		return authjwt.Settings{}, errors.New("the vault is sealed")
	})
	fmt.Println(err)
	// Output: authjwt: load settings: the vault is sealed
}
