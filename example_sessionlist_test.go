package authjwt_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/gin-authjwt/authjwt"
)

// A page "your devices" lists the sessions of who asks, and ends one of them.
func ExampleManager_Sessions() {
	store := new(authjwt.MemoryStore)
	auth, err := authjwt.New(authjwt.Settings{
		SecretKey: os.Getenv("SECRET_KEY"),
		Store:     store,
		Sessions:  store,
	})
	if err != nil {
		panic(err)
	}
	r := gin.New()
	r.GET("/devices", auth.Required(), func(c *gin.Context) {
		a := authjwt.FromContext(c)
		sessions, err := auth.Sessions(c.Request.Context(), a.Subject())
		if err != nil {
			a.Abort(err)
			return
		}
		for _, s := range sessions {
			fmt.Println(s.UserAgent, s.ClientAddress, s.ID == a.Token().SessionID)
		}
	})
	r.DELETE("/devices/:id", auth.Required(), func(c *gin.Context) {
		a, id := authjwt.FromContext(c), c.Param("id")
		sessions, err := auth.Sessions(c.Request.Context(), a.Subject())
		if err == nil && !slices.ContainsFunc(sessions, func(s authjwt.Session) bool { return s.ID == id }) {
			err = &authjwt.Error{Status: http.StatusNotFound, Code: "no_session", Detail: "You have no such session"} // nobody else's either
		}
		if err == nil {
			err = auth.RevokeSession(c.Request.Context(), id)
		}
		if err != nil {
			a.Abort(err)
			return
		}
		c.Status(http.StatusNoContent)
	})

	login := func(agent string) authjwt.TokenPair {
		c, _ := gin.CreateTestContext(httptest.NewRecorder())
		c.Request = httptest.NewRequest("POST", "/login", nil)
		c.Request.Header.Set("User-Agent", agent)
		pair, err := auth.Bind(c).Login("alice")
		if err != nil {
			panic(err)
		}
		return pair
	}
	ask := func(method, path string, pair authjwt.TokenPair) {
		req := httptest.NewRequest(method, path, nil)
		req.Header.Set("Authorization", "Bearer "+pair.AccessToken)
		rec := httptest.NewRecorder()
		r.ServeHTTP(rec, req)
		fmt.Println(strings.TrimSpace(fmt.Sprint(rec.Code, " ", rec.Body)))
	}
	phone := login("Phone")
	ask("GET", "/devices", phone)
	token, err := auth.Verify(context.Background(), login("Laptop").AccessToken, authjwt.Access)
	if err != nil {
		panic(err)
	}
	ask("DELETE", "/devices/"+token.SessionID, phone)
	ask("DELETE", "/devices/"+token.SessionID, phone)
	ask("GET", "/devices", phone)
	// Output:
	// Phone 192.0.2.1 true
	// 200
	// 204
	// 404 {"detail":"You have no such session","code":"no_session"}
	// Phone 192.0.2.1 true
	// 200
}

// A page that is in use stays logged in, without calls of the refresh route; one that is not ends after 15 minutes.
func ExampleSettings_refreshWithin() {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	auth, err := authjwt.New(authjwt.Settings{
		SecretKey:      os.Getenv("SECRET_KEY"),
		TokenLocation:  []authjwt.Location{authjwt.Cookies},
		Store:          new(authjwt.MemoryStore),
		SessionExpires: 12 * time.Hour, // whatever slides
		RefreshWithin:  5 * time.Minute,
		Now:            func() time.Time { return now },
	})
	if err != nil {
		panic(err)
	}
	r := gin.New()
	auth.Mount(r, authjwt.Routes{Login: func(*gin.Context) (string, error) { return "alice", nil }})
	r.GET("/me", auth.Required(), func(c *gin.Context) { c.Status(http.StatusOK) })

	login := httptest.NewRecorder()
	r.ServeHTTP(login, httptest.NewRequest("POST", "/login", nil))
	for range 3 {
		req := httptest.NewRequest("GET", "/me", nil)
		for _, c := range login.Result().Cookies() {
			req.AddCookie(c)
		}
		rec := httptest.NewRecorder()
		r.ServeHTTP(rec, req)
		fmt.Println(now.Format(time.TimeOnly), rec.Code)
		for _, c := range rec.Result().Cookies() {
			fmt.Println("  sets", c.Name)
		}
		now = now.Add(12 * time.Minute)
	}
	// Output:
	// 12:00:00 200
	// 12:12:00 200
	//   sets access_token_cookie
	//   sets csrf_access_token
	// 12:24:00 401
}
