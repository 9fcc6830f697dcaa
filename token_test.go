package authjwt_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

type profile struct {
	Subject string      `json:"sub"`
	Role    string      `json:"role"`
	Big     uint64      `json:"big"`
	Number  json.Number `json:"number"`
}

func verified(t *testing.T, opts ...authjwt.TokenOption) *authjwt.Token {
	t.Helper()
	auth := newManager(t)
	token, err := auth.Verify(t.Context(), mustCreate(t, auth, opts...), authjwt.Access)
	require.NoError(t, err)
	return token
}

func TestDecode(t *testing.T) {
	token := verified(t, authjwt.WithClaims(map[string]any{"role": "admin", "big": uint64(1<<53 + 1), "number": 1.50}))

	got, err := authjwt.ClaimsAs[profile](token)
	require.NoError(t, err)
	assert.Equal(t, profile{"alice", "admin", 1<<53 + 1, "1.5"}, got)

	all, err := authjwt.ClaimsAs[map[string]any](token)
	require.NoError(t, err)
	assert.Equal(t, json.Number("9007199254740993"), all["big"])
	for _, name := range []string{"iat", "nbf", "exp", "sub", "iss", "aud", "jti", "type", "fresh"} {
		delete(all, name)
	}
	again := verified(t, authjwt.WithClaims(all))
	got, err = authjwt.ClaimsAs[profile](again)
	require.NoError(t, err)
	assert.Equal(t, profile{"alice", "admin", 1<<53 + 1, "1.5"}, got, "decoded claims go into a new token unchanged")

	_, err = authjwt.ClaimsAs[struct {
		Role int `json:"role"`
	}](token)
	assert.ErrorContains(t, err, "authjwt: decode claims")
	for _, none := range []*authjwt.Token{nil, {}} {
		_, err = authjwt.ClaimsAs[profile](none)
		assert.ErrorContains(t, err, "not a verified token")
	}
}

// Reading claims leaves their text as it was signed, also where names are escaped, as PyJWT escapes them.
func TestDecode_EscapedNames(t *testing.T) {
	auth := newManager(t)
	payload := `{"\u0073ub":"alice","r\u00f4le":"\u00e9","exp":` + strconv.FormatInt(testNow.Unix()+1, 10) + `,"type":"\u0061ccess"}`
	token, err := auth.Verify(t.Context(), compact(t, "HS256", headerHS256, payload), authjwt.Access)
	require.NoError(t, err)
	assert.Equal(t, "alice", token.Subject)
	text, err := json.Marshal(token)
	require.NoError(t, err)
	assert.JSONEq(t, payload, string(text))
	all, err := authjwt.ClaimsAs[map[string]any](token)
	require.NoError(t, err)
	assert.Equal(t, "é", all["rôle"])
}

func TestToken_Fields(t *testing.T) {
	auth := newManager(t, func(s *authjwt.Settings) { s.EncodeIssuer, s.EncodeAudience = "me", []string{"api"} })
	raw := mustCreate(t, auth, authjwt.WithFresh(), authjwt.WithClaims(map[string]any{"scope": "read  write"}))
	token, err := auth.Verify(t.Context(), raw, authjwt.Access)
	require.NoError(t, err)
	assert.Equal(t, raw, token.Raw())
	assert.Equal(t, authjwt.Access, token.Type)
	assert.Equal(t, "me", token.Issuer)
	assert.Equal(t, []string{"api"}, token.Audience)
	assert.Equal(t, []string{"read", "write"}, token.Scopes)
	assert.Equal(t, testNow, token.IssuedAt)
	assert.Equal(t, testNow, token.NotBefore)
	assert.Equal(t, testNow.Add(15*time.Minute), token.ExpiresAt)
	assert.True(t, token.Fresh)
	assert.Empty(t, token.Location)
}

func TestToken_JSONIsItsClaims(t *testing.T) {
	token := verified(t)
	text, err := json.Marshal(map[string]any{"token": token})
	require.NoError(t, err)
	_, payload := parts(t, token.Raw())
	assert.JSONEq(t, `{"token":`+payload+`}`, string(text))

	text, err = json.Marshal(authjwt.Token{})
	require.NoError(t, err)
	assert.Equal(t, "null", string(text))
}

func TestTokenFromContext(t *testing.T) {
	auth := newManager(t)
	r := gin.New()
	r.GET("/", auth.Optional(), func(c *gin.Context) {
		a := authjwt.FromContext(c)
		token, ok := authjwt.TokenFromContext(context.WithoutCancel(a.Context()))
		assert.Equal(t, a.Token(), token)
		assert.Equal(t, token != nil, ok)
		if ok {
			assert.Equal(t, authjwt.Headers, token.Location)
		}
		_, ok = authjwt.TokenFromContext(c) // a gin.Context is reused, so it never counts as carrying one
		assert.False(t, ok)
	})
	for _, authorization := range []string{"", "Bearer " + mustCreate(t, auth)} {
		req := httptest.NewRequest("GET", "/", nil)
		req.Header.Set("Authorization", authorization)
		rec := httptest.NewRecorder()
		r.ServeHTTP(rec, req)
		assert.Equal(t, 200, rec.Code)
	}
}

func TestUnverifiedHeader(t *testing.T) {
	header, err := authjwt.UnverifiedHeader(compact(t, "HS256", `{"alg":"none","kid":"k","n":9007199254740993}`, `{}`))
	require.NoError(t, err)
	assert.Equal(t, map[string]any{"alg": "none", "kid": "k", "n": json.Number("9007199254740993")}, header)
}

// A header that nobody has signed is read as strictly as one that was.
func TestJ13_J14_B02_B03_B04_B05_B13_UnverifiedHeader(t *testing.T) {
	nested := func(levels int) string {
		return `{"a":` + strings.Repeat("[", levels-1) + strings.Repeat("]", levels-1) + `}`
	}
	behind := func(header string) string { return b64(header) + ".e30." }
	good := behind(`{"a":1}`)
	for _, row := range []struct{ raw, twin string }{
		{"", good}, {"e30", "e30."}, {"!.e30.", good}, {".e30.", good}, {behind(""), good}, {behind(`[]`), behind(`{}`)}, {behind(`null`), good}, {behind(`"{}"`), good},
		{behind(`{"a":1,"a":2}`), behind(`{"a":1,"b":2}`)}, {behind(`{"a":1,"\u0061":2}`), behind(`{"a":1,"\u0062":2}`)}, {behind(`{"a":{"b":1,"b":2}}`), behind(`{"a":{"b":1,"B":2}}`)},
		{behind("\ufeff{}"), behind("{}")}, {behind("{}x"), behind("{}")}, {behind("{}{}"), behind("{}")}, {behind("{}\x00"), behind("{}\n")}, {behind("{\"a\":\"\xff\"}"), good},
		{behind(`{"a":"\ud800"}`), behind(`{"a":"\ud83d\ude00"}`)}, {behind(`{"a":NaN}`), behind(`{"a":1e400}`)}, {behind(nested(33)), behind(nested(32))}, {behind(nested(2500)), behind(nested(32))},
		{b64("{}\n") + "=.e30.", b64("{}\n") + ".e30."}, {"e30=.e30.", "e30.e30."}, {"e31.e30.", "e30.e30."}, {"e3\n0.e30.", "e30.e30."}, {"e30\r\n.e30.", "e30.e30."}, {" e30.e30.", "e30.e30."},
		{strings.Repeat(".", 8192), good}, {"e30." + strings.Repeat("x", 8189), "e30." + strings.Repeat("x", 8188)},
	} {
		_, err := authjwt.UnverifiedHeader(row.raw)
		assert.ErrorIs(t, err, authjwt.ErrJWTDecode, "%.40q", row.raw)
		_, err = authjwt.UnverifiedHeader(row.twin)
		assert.NoError(t, err, "%.40q", row.twin)
	}
}

func TestLoadConfig(t *testing.T) {
	auth, err := authjwt.LoadConfig(func() (authjwt.Settings, error) { return authjwt.Settings{SecretKey: testSecret}, nil })
	require.NoError(t, err)
	assert.NotNil(t, auth)

	broken := errors.New("no such file")
	_, err = authjwt.LoadConfig(func() (authjwt.Settings, error) { return authjwt.Settings{}, broken })
	assert.ErrorIs(t, err, broken)
	_, err = authjwt.LoadConfig(func() (authjwt.Settings, error) { return authjwt.Settings{}, nil })
	assert.ErrorContains(t, err, "Settings.SecretKey: it is empty; make one with: openssl rand -base64 32")
	_, err = authjwt.LoadConfig(nil)
	assert.ErrorContains(t, err, "LoadConfig needs a function")
}

func TestFromContext_PanicsNamingTheFix(t *testing.T) {
	auth, other := newManager(t), newManager(t)
	for name, try := range map[string]struct {
		before []gin.HandlerFunc
		fix    string
	}{
		"nothing bound": {nil, "router.Use(auth.ErrorMiddleware())"},
		"two bound":     {[]gin.HandlerFunc{auth.ErrorMiddleware(), other.ErrorMiddleware()}, "call Bind(c) of the one you mean"},
	} {
		t.Run(name, func(t *testing.T) {
			g := guard(t, append(try.before, func(c *gin.Context) { authjwt.FromContext(c) })...)
			rec := g.get()
			assert.False(t, g.ran)
			assert.Equal(t, 500, rec.Code)
			assert.Contains(t, g.log.String(), try.fix)
		})
	}
	g := guard(t, auth.ErrorMiddleware(), func(c *gin.Context) { assert.Same(t, auth.Bind(c), authjwt.FromContext(c)) })
	g.assertAccepted(t, g.get())
}
