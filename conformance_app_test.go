package authjwt_test

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/gin-authjwt/authjwt"
)

// observedApp is the application of the recordings (testdata/conformance/README.md), written on the public API.
type observedApp struct {
	*gin.Engine
	auth    *authjwt.Manager
	cookies bool // are a location
	revoked map[string]bool
}

// newObservedApp makes the application by a scenario's settings; what is wrong with these is the error.
func newObservedApp(s *scenario, clock func() time.Time) (*observedApp, error) {
	settings, err := authjwt.LoadSettings(pythonSettings(s.Settings))
	if err != nil {
		return nil, err
	}
	app := &observedApp{Engine: gin.New(), cookies: slices.Contains(settings.TokenLocation, authjwt.Cookies), revoked: map[string]bool{}}
	for _, id := range s.RevokedJTIs {
		app.revoked[id] = true
	}
	// There the switch decides, here the callback: it is set where the denylist is on and has a loader.
	if settings.DenylistEnabled && (s.DenylistLoader == nil || *s.DenylistLoader) {
		settings.TokenInDenylist = app.inDenylist
	}
	settings.Now = clock
	if app.auth, err = authjwt.New(settings); err != nil {
		return nil, err
	}
	app.Use(gin.RecoveryWithWriter(io.Discard), app.auth.ErrorMiddleware())
	app.routes()
	return app, nil
}

// pythonSettings replaces what JSON cannot say.
func pythonSettings(recorded map[string]any) map[string]any {
	settings := maps.Clone(recorded)
	for name, value := range settings {
		if d, ok := asDuration(value); ok {
			settings[name] = d
		}
	}
	return settings
}

// asDuration reads {"$seconds": n}.
func asDuration(v any) (time.Duration, bool) {
	object, _ := v.(map[string]any)
	seconds, ok := object["$seconds"].(json.Number)
	if !ok {
		return 0, false
	}
	d, err := time.ParseDuration(seconds.String() + "s")
	return d, err == nil
}

func (app *observedApp) inDenylist(_ context.Context, t *authjwt.Token) (bool, error) {
	if t.ID == "" { // the application's own loader raised KeyError
		return false, fmt.Errorf("a token that cannot be denied: %w", authjwt.ErrJWTDecode)
	}
	return app.revoked[t.ID], nil
}

func (app *observedApp) routes() {
	app.POST("/login", app.login)
	app.POST("/refresh", app.refresh)
	app.POST("/issue", app.issue)
	app.DELETE("/logout", app.auth.Required(), app.unset((*authjwt.AuthJWT).UnsetJWTCookies, "logged out"))
	app.DELETE("/unset-access", app.unset((*authjwt.AuthJWT).UnsetAccessCookies, "access cookies unset"))
	app.DELETE("/unset-refresh", app.unset((*authjwt.AuthJWT).UnsetRefreshCookies, "refresh cookies unset"))
	app.Any("/protected", app.auth.Required(), user)
	for path, guard := range map[string]gin.HandlerFunc{
		"/optional": app.auth.Optional(), "/fresh": app.auth.FreshRequired(), "/refresh-guard": app.auth.RefreshRequired(),
	} {
		app.GET(path, guard, user)
		app.POST(path, guard, user)
	}
	app.GET("/claims", app.auth.Required(), func(c *gin.Context) { answerJSON(c, 200, authjwt.FromContext(c).Token()) })
	app.GET("/headers", app.auth.Required(), func(c *gin.Context) {
		header, _ := authjwt.UnverifiedHeader(authjwt.FromContext(c).Token().Raw())
		answerJSON(c, 200, header)
	})
	app.POST("/inspect", app.inspect)
	app.GET("/public", func(c *gin.Context) { answerJSON(c, 200, gin.H{"public": true}) })
	app.GET("/subject-unguarded", user)
	app.GET("/caught", app.caught)
	app.POST("/caught", app.caught)
	app.DELETE("/revoke-access", app.auth.Required(), app.revoke)
	app.DELETE("/revoke-refresh", app.auth.RefreshRequired(), app.revoke)
	for _, variant := range []string{"ws", "ws-gate", "ws-close", "ws-bare"} {
		app.GET("/"+variant+"/:guard", app.socket(func(c *gin.Context) authjwt.RequireOption { return authjwt.WithToken(c.Query("token")) }))
	}
	app.GET("/ws-cookie/:guard", app.socket(func(c *gin.Context) authjwt.RequireOption { return authjwt.WithCSRFToken(c.Query("csrf_token")) }))
}

// answerJSON writes JSON under the media type of the recordings.
func answerJSON(c *gin.Context, status int, body any) {
	text, err := json.Marshal(body)
	if err != nil {
		panic(err)
	}
	c.Data(status, "application/json", text)
}

func user(c *gin.Context) {
	body := gin.H{"user": nil}
	if subject := authjwt.FromContext(c).Subject(); subject != "" {
		body["user"] = subject
	}
	answerJSON(c, http.StatusOK, body)
}

func (app *observedApp) login(c *gin.Context) {
	a := authjwt.FromContext(c)
	given, err := authjwt.BindCredentials(c)
	if err == nil && (given.Username != "test" || given.Password != "test") {
		err = &authjwt.Error{Status: http.StatusUnauthorized, Detail: "bad credentials"}
	}
	access, accessErr := a.CreateAccessToken("test", authjwt.WithFresh())
	refresh, refreshErr := a.CreateRefreshToken("test")
	if err = cmp.Or(err, accessErr, refreshErr); err == nil && app.cookies {
		err = cmp.Or(a.SetAccessCookies(access), a.SetRefreshCookies(refresh))
	}
	if err != nil {
		a.Abort(err)
		return
	}
	answerJSON(c, http.StatusOK, gin.H{"access_token": access, "refresh_token": refresh})
}

func (app *observedApp) refresh(c *gin.Context) {
	a := authjwt.FromContext(c)
	if a.JWTRefreshTokenRequired() != nil {
		return
	}
	token, err := a.CreateAccessToken(a.Subject())
	if err == nil && app.cookies {
		err = a.SetAccessCookies(token)
	}
	if err != nil {
		a.Abort(err)
		return
	}
	answerJSON(c, http.StatusOK, gin.H{"access_token": token})
}

func (app *observedApp) unset(unset func(*authjwt.AuthJWT) error, detail string) gin.HandlerFunc {
	return func(c *gin.Context) {
		a := authjwt.FromContext(c)
		if err := unset(a); err != nil {
			a.Abort(err)
			return
		}
		answerJSON(c, http.StatusOK, gin.H{"detail": detail})
	}
}

func (app *observedApp) inspect(c *gin.Context) {
	a := authjwt.FromContext(c)
	var given struct {
		Token string `json:"token"`
	}
	err := decodeExactly(c.Request.Body, &given)
	var token *authjwt.Token
	for _, kind := range []authjwt.TokenType{authjwt.Refresh, authjwt.Access} {
		if token == nil && err == nil || errors.Is(err, authjwt.ErrRefreshTokenRequired) {
			token, err = app.auth.Verify(c.Request.Context(), given.Token, kind)
		}
	}
	if err == nil && token.ID == "" { // get_jti raised KeyError
		err = authjwt.ErrJWTDecode
	}
	if err != nil {
		a.Abort(err)
		return
	}
	header, _ := authjwt.UnverifiedHeader(given.Token)
	answerJSON(c, http.StatusOK, gin.H{"jti": token.ID, "claims": token, "header": header})
}

// caught survives its refusal by the quiet guard; one that is not quiet has answered already.
func (app *observedApp) caught(c *gin.Context) {
	a := authjwt.FromContext(c)
	body := gin.H{"refused": nil, "user": nil}
	token, err := a.Verify(authjwt.Access)
	var refusal *authjwt.Error
	switch {
	case errors.As(err, &refusal):
		body["refused"] = refusal.Detail
		if subject := a.Subject(); subject != "" {
			body["user"] = subject
		}
	default:
		body["user"] = token.Subject
	}
	answerJSON(c, http.StatusOK, body)
}

func (app *observedApp) revoke(c *gin.Context) {
	app.revoked[authjwt.FromContext(c).Token().ID] = true
	answerJSON(c, http.StatusOK, gin.H{"detail": "revoked"})
}

// socket guards the request for the upgrade; whoever passes gets one message.
func (app *observedApp) socket(option func(c *gin.Context) authjwt.RequireOption) gin.HandlerFunc {
	return func(c *gin.Context) {
		a := authjwt.FromContext(c)
		guards := map[string]func(...authjwt.RequireOption) error{
			"required": a.JWTRequired, "optional": a.JWTOptional, "fresh": a.FreshJWTRequired, "refresh": a.JWTRefreshTokenRequired,
		}
		if guards[c.Param("guard")](option(c)) != nil {
			return
		}
		_ = upgrade(c)
	}
}
