package bench

import (
	"crypto"
	"encoding/base64"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	ginjwt "github.com/appleboy/gin-jwt/v2"
	"github.com/gin-gonic/gin"
	jwtv4 "github.com/golang-jwt/jwt/v4"
	"github.com/golang-jwt/jwt/v5"
	echojwt "github.com/labstack/echo-jwt/v4"
	"github.com/labstack/echo/v4"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

const secret = "bench-only-0123456789-abcdefghijklmnopqrstuvwxyz-0123456789-ABCDEFGHIJ"

// options are what a probe changes; the zero value is a library as its README sets it up, with every place
// of the token it knows.
type options struct {
	secret string
	alg    string            // with verify, else HS256
	verify crypto.PublicKey  // of alg
	byKid  map[string]string // secrets
	now    func() time.Time  // a clock, where one can be set
	header bool              // the Authorization header alone, which is the default of all
}

// errNotThere is the answer of a library that has no setting for what is asked.
var errNotThere = errors.New("there is no setting for it")

// A library is one column: it serves GET and POST /protected and /in/:token behind its guard, and what it
// brings of POST /login, POST /refresh and POST /logout. The error says why it cannot.
type library struct {
	name string
	site func(t *testing.T, o options) (http.Handler, error)
}

var libraries = []library{{"authjwt", authjwtSite}, {"gin-jwt", ginJWTSite}, {"echo-jwt", echoJWTSite}}

func (o options) key() string {
	if o.secret != "" {
		return o.secret
	}
	return secret
}

func authjwtSite(t *testing.T, o options) (http.Handler, error) {
	if o.verify != nil || o.byKid != nil {
		return nil, errNotThere
	}
	s := authjwt.Settings{
		SecretKey:     o.key(),
		Store:         new(authjwt.MemoryStore),
		TokenLocation: []authjwt.Location{authjwt.Headers, authjwt.Query, authjwt.JSON, authjwt.Cookies},
	}
	if o.header {
		s.TokenLocation = nil
	}
	if o.alg != "" {
		s.Algorithm = o.alg
	}
	if o.now != nil {
		s.Now = o.now
	}
	auth, err := authjwt.New(s)
	if err != nil {
		return nil, err
	}
	r := gin.New()
	auth.Mount(r, authjwt.Routes{Login: func(*gin.Context) (string, error) { return "alice", nil }})
	for _, path := range []string{"/protected", "/in/:token"} {
		r.GET(path, auth.Required(), served)
		r.POST(path, auth.Required(), served)
	}
	return r, nil
}

func served(c *gin.Context) { c.String(http.StatusOK, "served") }

func ginJWTSite(t *testing.T, o options) (http.Handler, error) {
	mw := &ginjwt.GinJWTMiddleware{
		Key: []byte(o.key()), SendCookie: true, MaxRefresh: time.Hour, SigningAlgorithm: o.alg,
		TokenLookup:   "header: Authorization, query: token, cookie: jwt, param: token, form: token",
		Authenticator: func(*gin.Context) (interface{}, error) { return "alice", nil },
		TimeFunc:      o.now,
	}
	if o.header {
		mw.TokenLookup, mw.SendCookie = "", false
	}
	if o.verify != nil || o.byKid != nil {
		mw.KeyFunc = keyFuncV4(o)
	}
	mw, err := ginjwt.New(mw)
	if err != nil {
		return nil, err
	}
	r := gin.New()
	r.POST("/login", mw.LoginHandler)
	r.POST("/refresh", mw.MiddlewareFunc(), mw.RefreshHandler)
	r.POST("/logout", mw.LogoutHandler)
	for _, path := range []string{"/protected", "/in/:token"} {
		r.GET(path, mw.MiddlewareFunc(), served)
		r.POST(path, mw.MiddlewareFunc(), served)
	}
	return r, nil
}

func keyFuncV4(o options) jwtv4.Keyfunc {
	return func(token *jwtv4.Token) (interface{}, error) {
		if o.verify != nil {
			return o.verify, nil
		}
		kid, _ := token.Header["kid"].(string)
		if key, ok := o.byKid[kid]; ok {
			return []byte(key), nil
		}
		return nil, errors.New("no such key")
	}
}

func echoJWTSite(t *testing.T, o options) (http.Handler, error) {
	config := echojwt.Config{
		SigningKey: []byte(o.key()), SigningMethod: o.alg,
		TokenLookup: "header:Authorization:Bearer ,query:token,cookie:jwt,param:token,form:token",
	}
	if o.header {
		config.TokenLookup = ""
	}
	if o.verify != nil {
		config.SigningKey = o.verify
	}
	if o.byKid != nil {
		config.SigningKeys = map[string]interface{}{}
		for kid, key := range o.byKid {
			config.SigningKeys[kid] = []byte(key)
		}
	}
	guard, err := config.ToMiddleware()
	if err != nil {
		return nil, err
	}
	e := echo.New()
	handler := func(c echo.Context) error { return c.String(http.StatusOK, "served") }
	for _, path := range []string{"/protected", "/in/:token"} {
		e.GET(path, handler, guard)
		e.POST(path, handler, guard)
	}
	return e, nil
}

// claims are good for all three.
func claims(change map[string]any) jwt.MapClaims {
	now := time.Now().Unix()
	c := jwt.MapClaims{
		"sub": "alice", "iat": now, "nbf": now, "jti": "0c8e", "exp": now + 900, "type": "access", "fresh": false,
		"identity": "alice", "orig_iat": now,
	}
	for name, value := range change {
		if value == nil {
			delete(c, name)
			continue
		}
		c[name] = value
	}
	return c
}

func signed(t *testing.T, change map[string]any) string {
	t.Helper()
	text, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims(change)).SignedString([]byte(secret))
	require.NoError(t, err)
	return text
}

// signedText signs claims as they are spelled.
func signedText(t *testing.T, payload string) string {
	t.Helper()
	good, _, _ := strings.Cut(signed(t, nil), ".")
	encode := base64.RawURLEncoding.EncodeToString
	text := good + "." + encode([]byte(payload))
	signature, err := jwt.SigningMethodHS256.Sign(text, []byte(secret))
	require.NoError(t, err)
	return text + "." + encode(signature)
}
