package bench

import (
	"context"
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

// options are what a probe changes; the zero value is a library with its defaults, every place of the token
// it knows, and cookies turned on.
type options struct {
	secret string
	alg    string                      // default: HS256
	verify crypto.PublicKey            // of alg
	byKid  map[string]crypto.PublicKey // of alg
	scope  string                      // that the guard asks for
	now    func() time.Time            // a clock, where one can be set
	header bool                        // the Authorization header alone, which is the default of all
}

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

// publicKey is what serves all libraries as the source of keys.
func (o options) publicKey(kid string) (crypto.PublicKey, error) {
	if o.verify != nil {
		return o.verify, nil
	}
	if key, ok := o.byKid[kid]; ok {
		return key, nil
	}
	return nil, errors.New("no such key")
}

// keySet is a source of keys in the form that authjwt asks for.
type keySet struct{ options }

func (k keySet) VerificationKey(_ context.Context, kid, _ string) (crypto.PublicKey, error) {
	return k.publicKey(kid)
}

func authjwtSite(t *testing.T, o options) (http.Handler, error) {
	s := authjwt.Settings{
		SecretKey:     o.key(),
		Store:         new(authjwt.MemoryStore),
		TokenLocation: []authjwt.Location{authjwt.Headers, authjwt.Query, authjwt.JSON, authjwt.Cookies},
	}
	if o.header {
		s.TokenLocation = nil
	}
	s.Algorithm = o.alg
	signs := o.verify == nil && o.byKid == nil
	switch {
	case o.verify != nil:
		s.SecretKey, s.PublicKey = "", o.verify
	case o.byKid != nil:
		s.SecretKey, s.KeySet = "", keySet{o}
	}
	if o.now != nil {
		s.Now = o.now
	}
	auth, err := authjwt.New(s)
	if err != nil {
		return nil, err
	}
	r := gin.New()
	if signs {
		auth.Mount(r, authjwt.Routes{Login: func(*gin.Context) (string, error) { return "alice", nil }})
	}
	var ask []authjwt.RequireOption
	if o.scope != "" {
		ask = append(ask, authjwt.WithScopes(o.scope))
	}
	for _, path := range []string{"/protected", "/in/:token"} {
		r.GET(path, auth.Required(ask...), served)
		r.POST(path, auth.Required(ask...), served)
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
		mw.KeyFunc = func(token *jwtv4.Token) (interface{}, error) {
			kid, _ := token.Header["kid"].(string)
			return o.publicKey(kid)
		}
	}
	if o.scope != "" {
		mw.Authorizator = func(_ interface{}, c *gin.Context) bool { return ginjwt.ExtractClaims(c)["scope"] == o.scope }
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

// scoped are claims that golang-jwt asks whether they are good: echo-jwt's place for checks of one's own.
type scoped struct {
	jwt.RegisteredClaims
	Scope string `json:"scope"`
	want  string
}

func (s *scoped) Validate() error {
	if s.Scope != s.want {
		return errors.New("scope missing")
	}
	return nil
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
			config.SigningKeys[kid] = key
		}
	}
	if o.scope != "" {
		config.NewClaimsFunc = func(echo.Context) jwt.Claims { return &scoped{want: o.scope} }
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
