package authjwt_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

func TestH14_NothingSecretIsPrinted(t *testing.T) {
	settings := authjwt.Settings{SecretKey: testSecret, KeyID: "k1", DecodeAudience: []string{"api"}}
	m := newManager(t)
	access := mustCreate(t, m, authjwt.WithClaims(map[string]any{"note": "claim-text"}))
	token, err := m.Verify(t.Context(), access, authjwt.Access)
	require.NoError(t, err)
	pair := authjwt.TokenPair{AccessToken: access, RefreshToken: access, ExpiresIn: 1e9}
	cred := authjwt.Credentials{Username: "alice", Password: "pass-word", ClientID: "app", ClientSecret: "client-secret"}
	var a *authjwt.AuthJWT
	g := guard(t, m.Required(), func(c *gin.Context) { a = authjwt.FromContext(c) })
	g.assertAccepted(t, g.get("Bearer "+access))
	refusal := &authjwt.Error{}
	require.ErrorAs(t, newJudge(t).verifyError(access+"x"), &refusal)

	secrets := []string{testSecret, access, "eyJ", "claim-text", "pass-word", "client-secret"}
	hidden := func(t *testing.T, how, text string, except ...string) {
		t.Helper()
		for _, secret := range secrets {
			if len(except) > 0 && secret == except[0] {
				continue
			}
			for _, form := range []string{secret, hex.EncodeToString([]byte(secret)), strings.ToUpper(hex.EncodeToString([]byte(secret))), strings.Trim(fmt.Sprint([]byte(secret)), "[]")} {
				assert.NotContains(t, text, form, how)
			}
		}
	}
	for name, v := range map[string]any{
		"Settings": settings, "*Settings": &settings, "*Manager": m, "*AuthJWT": a, "Token": *token, "*Token": token, "TokenPair": pair, "*TokenPair": &pair,
		"Credentials": cred, "*Credentials": &cred, "nil *Token": (*authjwt.Token)(nil), "*Error": refusal,
	} {
		t.Run(name, func(t *testing.T) {
			nested := []any{v, []any{v}, map[string]any{"k": v}, struct{ V any }{v}, &struct{ V any }{v}}
			for _, verb := range []string{"%v", "%+v", "%#v", "%d", "%x", "%X", "%s", "%q", "%t", "%08.3f", "%U"} {
				for _, n := range nested {
					hidden(t, verb, fmt.Sprintf(verb, n))
				}
			}
			hidden(t, "Sprint", fmt.Sprint(v)+fmt.Sprintln("at", v))
			var log bytes.Buffer
			for _, h := range []slog.Handler{slog.NewTextHandler(&log, nil), slog.NewJSONHandler(&log, nil)} {
				slog.New(h).Info("m", "v", v, slog.Group("g", "v", v))
				slog.New(h).With("v", v).WithGroup("g").Info("m")
			}
			hidden(t, "slog", log.String())
			assert.NotContains(t, log.String(), "!PANIC")
		})
	}
	for name, v := range map[string]any{"Settings": settings, "*Settings": &settings, "*Manager": m, "*AuthJWT": a, "*Error": refusal} {
		text, err := json.Marshal([]any{v, map[string]any{"k": v}})
		require.NoError(t, err, name)
		hidden(t, "encoding/json: "+name, string(text))
	}
	// The JSON form of a Token is its claims; the signed text is not among them.
	text, err := json.Marshal([]any{*token, token})
	require.NoError(t, err)
	hidden(t, "encoding/json: Token", string(text), "claim-text")
	assert.Contains(t, string(text), "claim-text")
	assert.Contains(t, fmt.Sprint(settings), "Settings(SecretKey=[redacted] KeyID=k1 DecodeAudience=[api])")
}

// A private number shows in no form: neither the key's own fields nor their text, however they are printed.
func TestH14_KeysArePrintedWithoutSecrets(t *testing.T) {
	pem := pemOf("PRIVATE KEY", pkcs8(rsaKey()))
	private := []string{
		testSecret, rsaKey().D.String(), rsaKey().Primes[0].String(), rsaKey().Primes[1].Text(16), string(ed25519Key().Seed()), b64(string(ed25519Key().Seed())),
		new(big.Int).SetBytes(must(p256Key().Bytes())).String(), strings.Split(pem, "\n")[5],
	}
	ring, err := authjwt.NewKeyRing(authjwt.Key{ID: "first", PrivateKey: rsaKey()}, next(authjwt.Key{ID: "second", SecretKey: testSecret}), previous(authjwt.Key{ID: "third", PrivateKey: p256Key()}, testNow))
	require.NoError(t, err)
	full := authjwt.Key{ID: "all", SecretKey: testSecret, PrivateKey: ed25519Key(), PublicKey: rsaKey().Public(), Algorithm: "EdDSA", State: authjwt.KeyPrevious, Until: testNow}
	settings := authjwt.Settings{SecretKey: testSecret, PrivateKey: rsaKey(), PublicKey: p256Key().Public(), KeyRing: ring, KeySet: new(issuer)}
	values := map[string]any{
		"Key": full, "*Key": &full, "[]Key": []authjwt.Key{full}, "KeyRing": ring, "Settings": settings, "*Settings": &settings,
		"*Manager": newManager(t, withKeys(ring)), "PublicKeys": newManager(t, withKeys(ring)).PublicKeys(), "pair": newManager(t, signsWith("EdDSA")),
	}
	for name, v := range values {
		var all strings.Builder
		for _, n := range []any{v, []any{v}, map[string]any{"k": v}, struct{ V any }{v}, &struct{ V any }{v}} {
			for _, verb := range []string{"%v", "%+v", "%#v", "%d", "%x", "%X", "%s", "%q", "%t", "%08.3f", "%U"} {
				fmt.Fprintf(&all, verb+"\n", n)
			}
			text, err := json.Marshal(n)
			require.NoError(t, err, name)
			all.Write(text)
		}
		for _, h := range []slog.Handler{slog.NewTextHandler(&all, nil), slog.NewJSONHandler(&all, nil)} {
			slog.New(h).With("v", v).Info("m", "v", v, slog.Group("g", "v", v))
		}
		assert.NotContains(t, all.String(), "!PANIC", name)
		for _, number := range private {
			for _, form := range []string{number, hex.EncodeToString([]byte(number)), strings.Trim(fmt.Sprint([]byte(number)), "[]")} {
				assert.NotContains(t, all.String(), form, name)
			}
		}
	}
	assert.Equal(t, "authjwt.Key(ID=all Algorithm=EdDSA SecretKey=[redacted] PrivateKey=set PublicKey=set State=previous Until=2026-03-01 12:00:00 +0000 UTC)", fmt.Sprintf("%#v", full))
	assert.Equal(t, `authjwt.KeyRing("first" RS256 current, "second" HS256 next, "third" ES256 previous)`, fmt.Sprint(ring))
	assert.Contains(t, fmt.Sprint(settings), "PrivateKey=set PublicKey=set KeyRing=authjwt.KeyRing(\"first\" RS256 current")
	assert.Contains(t, fmt.Sprint(settings), "KeySet=set")
	assert.Equal(t, "authjwt.KeyRing()", fmt.Sprint(new(authjwt.KeyRing)))
}

// Applications log requests as JSON, so that what a client logs in with needs more than Format.
func TestH14_CredentialsAsJSON(t *testing.T) {
	cred := authjwt.Credentials{Username: "alice", Password: "pass-word", ClientID: "app", ClientSecret: "client-secret"}
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("login", "v", []any{cred, &cred})
	text, err := json.Marshal([]any{cred, &cred})
	require.NoError(t, err)
	for _, secret := range []string{"pass-word", "client-secret"} {
		assert.NotContains(t, string(text), secret)
		assert.NotContains(t, log.String(), secret)
	}
	assert.Contains(t, string(text), "alice")
}

func (j *judge) verifyError(token string) error {
	_, err := j.m.Verify(context.Background(), token, j.want)
	return err
}

// Gin's recovery dumps the request when a connection breaks, and hides Authorization alone.
func TestH14_DumpedRequests(t *testing.T) {
	broken := func(*gin.Context) { panic(http.ErrAbortHandler) }
	inHandler := func(m *authjwt.Manager) gin.HandlerFunc {
		return func(c *gin.Context) {
			if m.Bind(c).JWTRequired() == nil {
				broken(c)
			}
		}
	}
	for name, chain := range map[string]func(m *authjwt.Manager) []gin.HandlerFunc{
		"guard on the route": func(m *authjwt.Manager) []gin.HandlerFunc { return []gin.HandlerFunc{m.Required(), broken} },
		"guard in the handler": func(m *authjwt.Manager) []gin.HandlerFunc {
			return []gin.HandlerFunc{m.ErrorMiddleware(), inHandler(m)}
		},
		"prebuilt": func(m *authjwt.Manager) []gin.HandlerFunc {
			return []gin.HandlerFunc{m.LoginHandler(authjwt.Routes{Login: func(c *gin.Context) (string, error) { broken(c); return "", nil }})}
		},
	} {
		t.Run(name, func(t *testing.T) {
			cookie := newManager(t, inCookies)
			own := newManager(t, func(s *authjwt.Settings) { s.HeaderName, s.CSRFMethods = "X-Token", []string{"PUT"} })
			for m, req := range map[*authjwt.Manager]*http.Request{
				cookie: withCookie(http.MethodPost, mustCreate(t, cookie), "", "Sec-Fetch-Site", "none", "Cookie", "refresh_token_cookie="+mustCreate(t, cookie)),
				own:    request(http.MethodPost, "X-Token", "Bearer "+mustCreate(t, own)),
			} {
				if token := req.Header.Get("Cookie"); token != "" {
					_, raw, _ := strings.Cut(req.Header.Values("Cookie")[1], "=")
					req.Header.Set("X-CSRF-Token", csrfOf(t, m, raw, authjwt.Access))
					req.Header.Add("Cookie", "refresh_token_cookie=; theme=dark")
				}
				var log bytes.Buffer
				r := gin.New()
				r.Use(gin.RecoveryWithWriter(&log))
				r.POST("/", chain(m)...)
				r.ServeHTTP(httptest.NewRecorder(), req)
				if m == cookie {
					assert.Contains(t, log.String(), "access_token_cookie=[redacted]\r\n")
					assert.Contains(t, log.String(), "refresh_token_cookie=; theme=dark\r\n")
				} else {
					assert.Contains(t, log.String(), "X-Token: [redacted]\r\n")
				}
				assert.NotContains(t, log.String(), "eyJ")
			}
		})
	}
}
