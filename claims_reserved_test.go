package authjwt_test

import (
	"context"
	"encoding/json"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/assert"

	"github.com/gin-authjwt/authjwt"
)

func TestT18_ReservedClaims(t *testing.T) {
	reserved := []string{"sub", "iat", "nbf", "jti", "exp", "type", "fresh", "csrf", "persistent", "iss", "aud", "sid", "session_exp", "session_iat"}
	spellings := map[string]string{"Exp": "Exp_", "SUB": "SUBJECT", "ſub": "ſubject", "iſſ": "iſſue", "ſeſſion_exp": "ſession", "sEsSiOn_ExP": "session", "TYPE": "TYPES"}
	for _, name := range reserved {
		spellings[name] = name + "_"
	}
	m := newManager(t)
	create := map[string]func(claims ...any) error{
		"access":  func(claims ...any) error { return mint(m.CreateAccessToken, claims) },
		"refresh": func(claims ...any) error { return mint(m.CreateRefreshToken, claims) },
	}
	for kind, create := range create {
		for name, twin := range spellings {
			raw := func(name string) json.RawMessage { return json.RawMessage(`{"` + name + `":"mallory"}`) }
			for form, row := range map[string][2]any{
				"map":          {map[string]any{name: "mallory"}, map[string]any{twin: "mallory"}},
				"map, null":    {map[string]any{name: nil}, map[string]any{twin: nil}},
				"named map":    {jwt.MapClaims{name: "mallory"}, jwt.MapClaims{twin: "mallory"}},
				"raw":          {raw(name), raw(twin)},
				"pointer":      {&map[string]string{name: "mallory"}, &map[string]string{twin: "mallory"}},
				"between good": {map[string]any{"a": 1, name: 2, "z": 3}, map[string]any{"a": 1, twin: 2, "z": 3}},
			} {
				err := create(row[0])
				assert.ErrorContains(t, err, "is reserved", "%s, %s, %s", kind, form, name)
				assert.ErrorContains(t, err, "WithClaims")
				assert.NoError(t, create(row[1]), "%s, %s, %s", kind, form, twin)
				assert.ErrorContains(t, create(map[string]any{"role": "user"}, row[0]), "is reserved", "the second WithClaims")
			}
		}
	}
}

func mint(create func(string, ...authjwt.TokenOption) (string, error), claims []any) error {
	var opts []authjwt.TokenOption
	for _, c := range claims {
		opts = append(opts, authjwt.WithClaims(c))
	}
	_, err := create("alice", opts...)
	return err
}

type embedded struct {
	Subject string `json:"sub"`
}

// Struct fields are judged by the names they get in the token.
func TestT18_ReservedClaimsOfStructs(t *testing.T) {
	m := newManager(t)
	for name, row := range map[string][2]any{
		"tag": {struct {
			Role string `json:"type"`
		}{"admin"}, struct {
			Type string `json:"role"`
		}{"admin"}},
		"tag in capital": {struct {
			E int `json:"EXP"`
		}{1}, struct {
			E int `json:"EXPIRES"`
		}{1}},
		"field name":   {struct{ Sub string }{"mallory"}, struct{ Subj string }{"mallory"}},
		"pointer":      {&struct{ Exp int }{1}, &struct{ Expires int }{1}},
		"embedded":     {struct{ embedded }{embedded{"mallory"}}, struct{ Of embedded }{embedded{"mallory"}}},
		"registered":   {jwt.RegisteredClaims{ID: "1"}, jwt.RegisteredClaims{}},
		"escaped name": {json.RawMessage(`{"\u0073ub":"mallory"}`), json.RawMessage(`{"\u0073ubs":"mallory"}`)},
	} {
		t.Run(name, func(t *testing.T) {
			assert.ErrorContains(t, mint(m.CreateAccessToken, []any{row[0]}), "is reserved")
			assert.NoError(t, mint(m.CreateAccessToken, []any{row[1]}))
		})
	}
}

// Raw text cannot smuggle a second member past the names, and the claims of two options cannot meet.
func TestT18_ClaimsAreOneObject(t *testing.T) {
	m := newManager(t)
	for _, wrong := range []any{"text", 1, []string{"a"}, json.RawMessage(`{"a":1},"sub":"mallory"`), json.RawMessage(`{"a":1,"a":2}`), func() {}, map[string]any{"a": "\xff"}} {
		assert.ErrorContains(t, mint(m.CreateAccessToken, []any{wrong}), "WithClaims")
	}
	assert.ErrorContains(t, mint(m.CreateAccessToken, []any{map[string]any{"role": "user"}, map[string]any{"role": "admin"}}), "two of them set the same claim")
	assert.NoError(t, mint(m.CreateAccessToken, []any{map[string]any{"role": "user"}, map[string]any{"Role": "admin"}, nil, json.RawMessage(`{"a":1}`)}))
}

// The application's claims come from a callback, too, at every login and refresh: nothing is handed out then.
func TestT18_ReservedClaimsOfRoutes(t *testing.T) {
	s := newService(t)
	got := s.login(t)
	for name, twin := range map[string]string{"sub": "subs", "EXP": "EXPIRES", "type": "types", "session_exp": "session", "ſid": "ſide"} {
		routes := func(name string) authjwt.Routes {
			routes := loginAs("alice")
			routes.Claims = func(context.Context, string) (any, error) { return map[string]any{name: "mallory"}, nil }
			return routes
		}
		s.POST("/login/"+name, s.auth.LoginHandler(routes(name)))
		s.POST("/login/"+twin, s.auth.LoginHandler(routes(twin)))
		s.POST("/refresh/"+name, s.auth.RefreshHandler(routes(name)))
		s.POST("/refresh/"+twin, s.auth.RefreshHandler(routes(twin)))
		s.POST("/own/"+name, func(c *gin.Context) {
			a := s.auth.Bind(c)
			_, err := a.Login("alice", authjwt.WithClaims(map[string]any{name: "mallory"}))
			a.Abort(err)
		})
		for _, rec := range []*httptest.ResponseRecorder{s.do("POST", "/login/"+name, ""), s.do("POST", "/refresh/"+name, got.Refresh), s.do("POST", "/own/"+name, "")} {
			assertAnswer(t, rec, boom)
			assert.Empty(t, rec.Header()["Set-Cookie"], name)
		}
		s.accepts(t, got, s.got(t, s.do("POST", "/login/"+twin, "")))
		got = s.got(t, s.do("POST", "/refresh/"+twin, got.Refresh)) // it was not used up
		s.accepts(t, got)
		s.pass(time.Second)
	}
}
