package authjwt_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

// An app is a server on a real listener, as the README builds one, with a clock to move.
type app struct {
	*httptest.Server
	tb    testing.TB
	clock time.Time
	last  error // what the last request left on c.Errors
}

func newApp(t *testing.T) *app {
	a := &app{tb: t, clock: testNow}
	auth := newManager(t, func(s *authjwt.Settings) { s.Now = func() time.Time { return a.clock } })

	r := gin.New()
	r.Use(func(c *gin.Context) {
		c.Next()
		a.last = nil
		if len(c.Errors) > 0 {
			a.last = c.Errors.Last().Err
		}
	}, auth.ErrorMiddleware())
	auth.Mount(r, authjwt.Routes{Login: func(c *gin.Context) (string, error) {
		cred, err := authjwt.BindCredentials(c)
		if err != nil {
			return "", err
		}
		if cred.Username != "test" || cred.Password != "test" {
			return "", authjwt.ErrInvalidCredentials
		}
		return cred.Username, nil
	}})
	user := func(c *gin.Context) {
		c.JSON(http.StatusOK, gin.H{"user": authjwt.FromContext(c).Subject()})
	}
	r.GET("/protected", auth.Required(), user)
	r.GET("/optional", auth.Optional(), user)
	r.POST("/password", func(c *gin.Context) {
		if authjwt.FromContext(c).FreshJWTRequired() != nil {
			return
		}
		user(c)
	})
	a.Server = httptest.NewServer(r)
	t.Cleanup(a.Close)
	return a
}

// An answer is a response that has been read.
type answer struct {
	*http.Response
	body string
	json map[string]any
}

func (a *app) send(method, path, token, contentType, body string) answer {
	a.tb.Helper()
	req, err := http.NewRequest(method, a.URL+path, strings.NewReader(body))
	require.NoError(a.tb, err)
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	res, err := a.Client().Do(req)
	require.NoError(a.tb, err)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	require.NoError(a.tb, err)
	got := answer{Response: res, body: string(text)}
	require.NoError(a.tb, json.Unmarshal(text, &got.json), "body: %s", text)
	return got
}

// refused checks a refusal as the client and as the application's error middleware see it.
func (a *app) refused(got answer, want outcome, reasons ...error) {
	a.tb.Helper()
	assertAnswer(a.tb, recorded(got.Response, got.body), want)
	for _, reason := range reasons {
		assert.ErrorIs(a.tb, a.last, reason)
	}
	assert.Empty(a.tb, got.Cookies())
}

func TestMainJob(t *testing.T) {
	a := newApp(t)

	a.refused(a.send("GET", "/protected", "", "", ""), noCred, authjwt.ErrMissingToken)

	got := a.send("POST", "/login", "", "application/json", `{"username":"test","password":"test"}`)
	assert.Equal(t, http.StatusOK, got.StatusCode)
	assert.Equal(t, "application/json", got.Header.Get("Content-Type"))
	assert.Equal(t, "no-store", got.Header.Get("Cache-Control"))
	assert.Equal(t, "no-cache", got.Header.Get("Pragma"))
	assert.Empty(t, got.Cookies(), "cookies are not a location")
	access, refresh := got.json["access_token"].(string), got.json["refresh_token"].(string)
	assert.Equal(t, map[string]any{"access_token": access, "refresh_token": refresh, "token_type": "bearer", "expires_in": 900.0}, got.json)

	got = a.send("GET", "/protected", access, "", "")
	assert.Equal(t, http.StatusOK, got.StatusCode)
	assert.Equal(t, map[string]any{"user": "test"}, got.json)
	got = a.send("POST", "/password", access, "", "")
	assert.Equal(t, http.StatusOK, got.StatusCode, "a login's token is fresh")

	a.refused(a.send("POST", "/refresh", access, "", ""),
		inv("refresh_token_required", "Only refresh tokens are allowed"), authjwt.ErrRefreshTokenRequired)
	a.refused(a.send("GET", "/protected", refresh, "", ""),
		inv("access_token_required", "Only access tokens are allowed"), authjwt.ErrAccessTokenRequired)

	a.clock = a.clock.Add(15 * time.Minute)
	a.refused(a.send("GET", "/protected", access, "", ""),
		inv("token_expired", "Signature has expired"), authjwt.ErrJWTDecode, jwt.ErrTokenExpired)

	got = a.send("POST", "/refresh", refresh, "", "")
	assert.Equal(t, http.StatusOK, got.StatusCode)
	assert.Equal(t, "no-store", got.Header.Get("Cache-Control"))
	renewed := got.json["access_token"].(string)
	assert.Equal(t, map[string]any{"access_token": renewed, "token_type": "bearer", "expires_in": 900.0}, got.json)

	got = a.send("GET", "/protected", renewed, "", "")
	assert.Equal(t, http.StatusOK, got.StatusCode)
	a.refused(a.send("POST", "/password", renewed, "", ""),
		outcome{401, "fresh_token_required", "Fresh token required", "insufficient_user_authentication"}, authjwt.ErrFreshTokenRequired)

	for _, method := range []string{"DELETE", "POST"} {
		for _, token := range []string{renewed, access, ""} { // good, expired, none
			got = a.send(method, "/logout", token, "", "")
			assert.Equal(t, http.StatusOK, got.StatusCode)
			assert.Equal(t, map[string]any{"msg": "Successfully logout"}, got.json)
		}
	}
}

func TestLoginForms(t *testing.T) {
	a := newApp(t)
	const form, multipart = "application/x-www-form-urlencoded", "multipart/form-data; boundary=b"
	part := func(name, value string) string {
		return "--b\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + value + "\r\n"
	}
	const body = `{"username":"test","password":"test"}`
	wrong := outcome{401, "invalid_credentials", "Bad username or password", ""}
	fields := outcome{400, "invalid_request", "The fields username and password are required", "-"}
	malformed := outcome{400, "invalid_request", "The request body is malformed", "-"}
	grant := outcome{400, "unsupported_grant_type", "The field grant_type must be password", "-"}
	media := outcome{415, "unsupported_media_type", "Send the credentials as JSON or as a form", "-"}
	large := outcome{413, "request_too_large", "The request body is too large", "-"}

	for name, try := range map[string]struct {
		contentType, body string
		want              outcome
	}{
		"json":                {"application/json", body, outcome{status: 200}},
		"json with charset":   {"application/json; charset=utf-8", " " + body + "\n", outcome{status: 200}},
		"json by suffix":      {"application/vnd.api+json", body, outcome{status: 200}},
		"form":                {form, "username=test&password=test", outcome{status: 200}},
		"OAuth2 form":         {form, "grant_type=password&username=test&password=test&scope=a+b&client_id=c", outcome{status: 200}},
		"multipart":           {multipart, part("username", "test") + part("password", "test") + "--b--\r\n", outcome{status: 200}},
		"64 KiB":              {"application/json", body + strings.Repeat(" ", 64<<10-len(body)), outcome{status: 200}},
		"one octet more":      {"application/json", body + strings.Repeat(" ", 64<<10-len(body)+1), large},
		"wrong password":      {"application/json", `{"username":"test","password":"Test"}`, wrong},
		"no password":         {"application/json", `{"username":"test"}`, fields},
		"empty user":          {form, "username=&password=test", fields},
		"name in other case":  {"application/json", `{"Username":"test","password":"test"}`, fields},
		"member twice":        {"application/json", `{"username":"test","username":"test","password":"test"}`, malformed},
		"password a number":   {"application/json", `{"username":"test","password":1}`, malformed},
		"array":               {"application/json", `[]`, malformed},
		"broken":              {"application/json", body[1:], malformed},
		"data after it":       {"application/json", body + "{}", malformed},
		"deep":                {"application/json", `{"username":"test","password":"test","x":` + strings.Repeat("[", 32) + strings.Repeat("]", 32) + "}", malformed},
		"field twice":         {form, "username=test&username=test&password=test", malformed},
		"bad escape":          {form, "username=%zz&password=test", malformed},
		"part twice":          {multipart, part("username", "test") + part("username", "test") + part("password", "test") + "--b--\r\n", malformed},
		"multipart cut short": {multipart, part("username", "test"), malformed},
		"no boundary":         {"multipart/form-data", part("username", "test"), malformed},
		"other grant":         {form, "grant_type=client_credentials&username=test&password=test", grant},
		"text":                {"text/plain", body, media},
		"no type":             {"", body, media},
		"broken type":         {"application/json;;", body, media},
	} {
		t.Run(name, func(t *testing.T) {
			a.tb = t
			got := a.send("POST", "/login", "", try.contentType, try.body)
			if try.want.status == http.StatusOK {
				assert.Equal(t, http.StatusOK, got.StatusCode, got.body)
				assert.NotEmpty(t, got.json["access_token"])
				return
			}
			reason := authjwt.ErrInvalidRequest
			if try.want == wrong {
				reason = authjwt.ErrInvalidCredentials
			}
			a.refused(got, try.want, reason)
		})
	}
}

// C11: no state changes over GET, however the handlers are mounted.
func TestC11_OnlyStatedMethods(t *testing.T) {
	auth := newManager(t)
	routes := authjwt.Routes{Login: func(*gin.Context) (string, error) { return "alice", nil }}
	r := gin.New()
	r.Any("/login", auth.LoginHandler(routes))
	r.Any("/refresh", auth.RefreshHandler(routes))
	r.Any("/logout", auth.LogoutHandler())
	refresh, err := auth.CreateRefreshToken("alice")
	require.NoError(t, err)

	allowed := map[string]string{"/login": "POST", "/refresh": "POST", "/logout": "DELETE, POST"}
	for path, methods := range allowed {
		for _, method := range []string{"GET", "HEAD", "PUT", "PATCH", "DELETE", "POST", "OPTIONS"} {
			req := httptest.NewRequest(method, path, nil)
			req.Header.Set("Authorization", "Bearer "+refresh)
			rec := httptest.NewRecorder()
			r.ServeHTTP(rec, req)
			if strings.Contains(methods, method) {
				assert.Equal(t, http.StatusOK, rec.Code, "%s %s: %s", method, path, rec.Body)
				continue
			}
			assertAnswer(t, rec, outcome{405, "method_not_allowed", "Method Not Allowed", "-"})
			assert.Equal(t, methods, rec.Header().Get("Allow"))
		}
	}
}
