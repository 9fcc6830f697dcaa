package authjwt_test

import (
	"context"
	"fmt"
	"html/template"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/gin-authjwt/authjwt"
)

// exampleCookies stands for the Manager of a site whose front end runs in browsers.
func exampleCookies(change ...func(s *authjwt.Settings)) *authjwt.Manager {
	s := authjwt.Settings{
		SecretKey:     os.Getenv("SECRET_KEY"),
		TokenLocation: []authjwt.Location{authjwt.Cookies},
	}
	for _, edit := range change {
		edit(&s)
	}
	auth, err := authjwt.New(s)
	if err != nil {
		panic(err)
	}
	return auth
}

// send sends a request with these header fields and prints the status and, of the body, what does not
// change from one run to the next.
func send(h http.Handler, method, path string, fields map[string]string) http.Header {
	req := httptest.NewRequest(method, path, nil)
	for name, value := range fields {
		req.Header.Set(name, value)
	}
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, req)
	text, _, _ := strings.Cut(rec.Body.String(), `,"csrf`)
	fmt.Println(strings.TrimSpace(fmt.Sprint(rec.Code, " ", text)))
	return rec.Header()
}

func ExampleManager_Mount_cookies() {
	auth := exampleCookies()
	r := gin.New()
	auth.Mount(r, authjwt.Routes{Login: func(*gin.Context) (string, error) { return "alice", nil }})
	r.POST("/transfer", auth.Required(), func(c *gin.Context) {
		c.String(http.StatusOK, "transferred for "+authjwt.FromContext(c).Subject())
	})

	answer := send(r, "POST", "/login", nil)
	cookies, csrf := "", ""
	for _, line := range answer["Set-Cookie"] {
		c, _ := http.ParseSetCookie(line)
		fmt.Println(c.Name, "HttpOnly:", c.HttpOnly, "Secure:", c.Secure)
		cookies += c.Name + "=" + c.Value + "; "
		if c.Name == "csrf_access_token" {
			csrf = c.Value
		}
	}
	send(r, "POST", "/transfer", map[string]string{"Cookie": cookies})
	send(r, "POST", "/transfer", map[string]string{"Cookie": cookies, "X-CSRF-Token": csrf})
	send(r, "POST", "/transfer", map[string]string{"Cookie": cookies, "X-CSRF-Token": csrf, "Origin": "https://evil.example"})
	// Output:
	// 200 {"msg":"Successfully login"
	// access_token_cookie HttpOnly: true Secure: true
	// csrf_access_token HttpOnly: false Secure: true
	// refresh_token_cookie HttpOnly: true Secure: true
	// csrf_refresh_token HttpOnly: false Secure: true
	// 403 {"detail":"Missing CSRF Token. Send the value of the cookie csrf_access_token in the header X-CSRF-Token","code":"csrf_missing"}
	// 200 transferred for alice
	// 403 {"detail":"Cross-origin request. If the page is yours, list its origin in TrustedOrigins","code":"csrf_origin"}
}

func ExampleAuthJWT_Login() {
	auth := exampleCookies()
	r := gin.New()
	r.POST("/register", func(c *gin.Context) {
		a := auth.Bind(c)
		pair, err := a.Login("alice", authjwt.WithGrantedScopes("profile"))
		if err != nil {
			a.Abort(err)
			return
		}
		c.JSON(http.StatusCreated, gin.H{"welcome": "alice", "expires_in": pair.ExpiresIn.Seconds()})
	})
	answer := send(r, "POST", "/register", nil)
	fmt.Println(len(answer["Set-Cookie"]), "cookies set")
	// Output:
	// 201 {"expires_in":900,"welcome":"alice"}
	// 4 cookies set
}

func ExampleAuthJWT_Logout() {
	auth := exampleCookies()
	r := gin.New()
	r.POST("/bye", func(c *gin.Context) {
		a := auth.Bind(c)
		if err := a.Logout(); err != nil {
			a.Abort(err)
			return
		}
		c.Redirect(http.StatusSeeOther, "/")
	})

	answer := send(r, "POST", "/bye", map[string]string{"Cookie": "access_token_cookie=broken"})
	fmt.Println(len(answer["Set-Cookie"]), "cookies deleted")
	send(r, "POST", "/bye", map[string]string{"Sec-Fetch-Site": "cross-site"})
	// Output:
	// 303
	// 4 cookies deleted
	// 403 {"detail":"Cross-origin request. If the page is yours, list its origin in TrustedOrigins","code":"csrf_origin"}
}

// A WebSocket is guarded before the upgrade. Browsers send its Origin, which is enough; another client
// sends the CSRF value in the URL.
func ExampleWithCSRFToken() {
	auth := exampleCookies()
	r := gin.New()
	r.GET("/ws", func(c *gin.Context) {
		if auth.Bind(c).JWTRequired(authjwt.WithCSRFToken(c.Query("csrf_token"))) != nil {
			return
		}
		c.String(http.StatusOK, "upgrade now")
	})

	token, _ := auth.CreateAccessToken("alice")
	t, _ := auth.Verify(context.Background(), token, authjwt.Access)
	fields := map[string]string{"Cookie": "access_token_cookie=" + token, "Upgrade": "websocket", "Connection": "Upgrade"}
	send(r, "GET", "/ws?csrf_token="+t.CSRFToken(), fields)
	send(r, "GET", "/ws?csrf_token=guess", fields)
	fields["Origin"] = "https://example.com"
	send(r, "GET", "/ws", fields)
	fields["Origin"] = "https://evil.example"
	send(r, "GET", "/ws", fields)
	// Output:
	// 200 upgrade now
	// 403 {"detail":"CSRF double submit tokens do not match. Send the value of the cookie csrf_access_token in the header X-CSRF-Token","code":"csrf_mismatch"}
	// 200 upgrade now
	// 403 {"detail":"Cross-origin request. If the page is yours, list its origin in TrustedOrigins","code":"csrf_origin"}
}

// A page made on the server puts the CSRF value into its forms.
func ExampleToken_CSRFToken() {
	auth := exampleCookies(func(s *authjwt.Settings) { s.CSRFFormField = "csrf_token" })
	r := gin.New()
	r.SetHTMLTemplate(template.Must(template.New("form").Parse(`<input type="hidden" name="csrf_token" value="{{.}}">`)))
	r.GET("/form", auth.Required(), func(c *gin.Context) {
		c.HTML(http.StatusOK, "form", authjwt.FromContext(c).Token().CSRFToken())
	})
	r.POST("/form", auth.Required(), func(c *gin.Context) {
		c.String(http.StatusOK, "name: "+c.PostForm("name"))
	})

	token, _ := auth.CreateAccessToken("alice")
	page := httptest.NewRecorder()
	get := httptest.NewRequest("GET", "/form", nil)
	get.Header.Set("Cookie", "access_token_cookie="+token)
	r.ServeHTTP(page, get)
	_, value, _ := strings.Cut(page.Body.String(), `value="`)
	value, _, _ = strings.Cut(value, `"`)

	post := httptest.NewRequest("POST", "/form", strings.NewReader("csrf_token="+value+"&name=Queen"))
	post.Header = http.Header{"Cookie": get.Header["Cookie"], "Content-Type": {"application/x-www-form-urlencoded"}}
	rec := httptest.NewRecorder()
	r.ServeHTTP(rec, post)
	fmt.Println(rec.Code, rec.Body)
	// Output: 200 name: Queen
}

func ExampleAuthJWT_Refresh() {
	auth := exampleCookies(func(s *authjwt.Settings) { s.RefreshCookiePath = "/auth" })
	r := gin.New()
	r.POST("/auth/refresh", auth.RefreshRequired(), func(c *gin.Context) {
		a := authjwt.FromContext(c)
		pair, err := a.Refresh()
		if err != nil {
			a.Abort(err)
			return
		}
		c.JSON(http.StatusOK, gin.H{"expires_in": pair.ExpiresIn.Seconds()})
	})

	raw, _ := auth.CreateRefreshToken("alice")
	t, _ := auth.Verify(context.Background(), raw, authjwt.Refresh)
	fields := map[string]string{"Cookie": "refresh_token_cookie=" + raw}
	send(r, "POST", "/auth/refresh", fields)
	fields["X-CSRF-Token"] = t.CSRFToken()
	answer := send(r, "POST", "/auth/refresh", fields)
	fmt.Println(len(answer["Set-Cookie"]), "cookies set: those of the access token")
	// Output:
	// 403 {"detail":"Missing CSRF Token. Send the value of the cookie csrf_refresh_token in the header X-CSRF-Token","code":"csrf_missing"}
	// 200 {"expires_in":900}
	// 2 cookies set: those of the access token
}

// A release that has moved its cookies from / to /app, and has them outlive the browser, 30 days at most.
func ExampleSettings_formerCookies() {
	auth := exampleCookies(func(s *authjwt.Settings) {
		s.AccessCookiePath, s.RefreshCookiePath = "/app", "/app"
		s.AccessCSRFCookiePath, s.RefreshCSRFCookiePath = "/app", "/app"
		s.FormerCookies = []authjwt.FormerCookie{{Path: "/"}}
		s.CookieMaxAge = 30 * 24 * time.Hour
	})
	r := gin.New()
	auth.Mount(r.Group("/app"), authjwt.Routes{Login: func(*gin.Context) (string, error) { return "alice", nil }})

	answer := send(r, "POST", "/app/login", nil)
	for _, line := range answer["Set-Cookie"] {
		if c, _ := http.ParseSetCookie(line); c.HttpOnly {
			fmt.Println(c.Name, c.Path, "Max-Age:", max(c.MaxAge, 0) > 0)
		}
	}
	// Output:
	// 200 {"msg":"Successfully login"
	// access_token_cookie / Max-Age: false
	// refresh_token_cookie / Max-Age: false
	// access_token_cookie /app Max-Age: true
	// refresh_token_cookie /app Max-Age: true
}

// A download link carries its token in the URL, on this one route.
func ExampleWithLocations() {
	auth := exampleCookies(func(s *authjwt.Settings) { s.TokenLocation = []authjwt.Location{authjwt.Cookies, authjwt.Query} })
	r := gin.New()
	r.Use(auth.ErrorMiddleware()) // before a logger, which then gets the URL without the token
	r.GET("/download", auth.Required(authjwt.WithLocations(authjwt.Query)), func(c *gin.Context) {
		c.String(http.StatusOK, "file for "+authjwt.FromContext(c).Subject()+" "+c.Request.URL.String())
	})
	r.GET("/me", auth.Required(authjwt.WithLocations(authjwt.Cookies)), func(c *gin.Context) { c.String(http.StatusOK, "hello") })

	token, _ := auth.CreateAccessToken("alice", authjwt.WithExpires(time.Minute))
	answer := send(r, "GET", "/download?name=a.pdf&token="+token, nil)
	fmt.Println(answer.Get("Referrer-Policy"))
	send(r, "GET", "/me?token="+token, nil)
	// Output:
	// 200 file for alice /download?name=a.pdf
	// no-referrer
	// 401 {"detail":"Missing cookie access_token_cookie","code":"missing_token"}
}
