package authjwt_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

// A silentTB keeps what a helper complains of.
type silentTB struct {
	testing.TB
	said strings.Builder
}

func (s *silentTB) Errorf(format string, args ...any) { fmt.Fprintf(&s.said, format, args...) }

// What a refusal may not do is noticed, each by itself; the twin does nothing of it.
func TestSideEffects_AreFound(t *testing.T) {
	type leak struct {
		name string
		do   func(c *gin.Context, m *leaky)
		says string
	}
	header := func(text string) func(*gin.Context, *leaky) {
		return func(c *gin.Context, _ *leaky) { c.Header("X-Why", text) }
	}
	logged := func(kind, name, value string) func(*gin.Context, *leaky) {
		return func(_ *gin.Context, m *leaky) { m.logger.Debug("authjwt: "+kind, name, value) }
	}
	cookie := func(line string) func(*gin.Context, *leaky) {
		return func(c *gin.Context, _ *leaky) { c.Writer.Header().Add("Set-Cookie", line) }
	}
	token := compact(t, "HS256", `{"alg":"HS256","kid":"kid-text"}`, `{"sub":"claim-text","deep":[{"er":["deep-text"]}],"n":12345678,"odd":"\u00e9\u00e9\u00e9"}`)
	segments := strings.Split(token, ".")
	for _, row := range []leak{
		{"nothing", func(*gin.Context, *leaky) {}, ""},
		{"trivial words", header("Bearer access_token, abc"), ""},
		{"the token", header(token), "a token in headers"},
		{"a part of the token", header("part " + segments[1][:40]), "a token in headers"},
		{"its signature", header(segments[2]), "a segment of Authorization in headers"},
		{"the kid", header("key kid-text?"), "a value in Authorization in headers"},
		{"a claim", header("claim-text"), "a value in Authorization in headers"},
		{"a claim within a claim", header("deep-text"), "a value in Authorization in headers"},
		{"a claim, escaped", header("ééé"), "a value in Authorization in headers"},
		{"a number", header("12345678"), "a number in Authorization in headers"},
		{"another header's value", header("csrf-text"), "X-Csrf-Token in headers"},
		{"a cookie's value", header("cookie-text"), "Cookie in headers"},
		{"a query's value", header("query-text"), "the query's q in headers"},
		{"a body's value", header("body-text"), "a value in the body in headers"},
		{"the secret", header(testSecret), "the secret in headers"},
		{"the test's own", header("own-text"), "in headers"},
		{"the kid in Gin's log", func(c *gin.Context, _ *leaky) { _ = c.Error(fmt.Errorf("key kid-text")) }, "a value in Authorization in Gin's log"},
		{"the kid in the Logger", logged("refused", "key", "kid-text"), "a value in Authorization in Settings.Logger"},
		{"the subject of a token that is not verified", logged("refused", "subject", "claim-text"), "a value in Authorization in Settings.Logger"},
		{"the client", logged("refused", "client", "claim-text"), ""},
		{"the name of a failed login", logged("login failed", "subject", "claim-text"), ""},
		{"a cookie set", cookie("a=b"), "Set-Cookie: a=b"},
		{"a cookie deleted", cookie("a=; Max-Age=0"), "Set-Cookie: a="},
		{"a write", func(c *gin.Context, m *leaky) { _ = m.store.Set(c, "entry", testNow, testNow) }, "Set entry"},
		{"another", func(c *gin.Context, m *leaky) { _, _, _ = m.store.Add(c, "entry", testNow, testNow) }, "Add entry"},
		{"a session", func(c *gin.Context, m *leaky) { _, _ = m.sessions.PutSession(c, "o", "id", nil, testNow) }, "PutSession id"},
		{"sessions", func(c *gin.Context, m *leaky) { _ = m.sessions.RemoveSessions(c, "o", "id") }, "RemoveSessions id"},
		{"a session that is taken back", func(c *gin.Context, m *leaky) {
			_, _ = m.sessions.PutSession(c, "o", "id", nil, testNow)
			_ = m.sessions.RemoveSessions(c, "o", "id")
		}, ""},
		{"a write that fails", func(_ *gin.Context, m *leaky) {
			done, cancel := context.WithCancel(t.Context())
			cancel()
			_ = m.store.Set(done, "entry", testNow, testNow)
		}, ""},
		{"a replay's", func(c *gin.Context, m *leaky) {
			m.logger.Warn("authjwt: reused")
			_ = m.store.Set(c, "entry", testNow, testNow)
		}, ""},
		{"a parser's text", header("invalid character 'x' looking for beginning of value"), "parser text"},
		{"base64's text", header(errorOf(base64.StdEncoding.DecodeString("!"))), "parser text"},
		{"the body's text", func(_ *gin.Context, m *leaky) {
			m.body = `{"detail":"Signature is bad","code":"token_signature_invalid"}`
		}, "docs/errors.md has no"},
		{"another code's text", func(_ *gin.Context, m *leaky) { m.body = `{"detail":"Signature has expired","code":"token_malformed"}` }, "docs/errors.md has no"},
		{"an application's text", func(_ *gin.Context, m *leaky) { m.body = `{"detail":"Not enough money","code":"overdrawn"}` }, ""},
		{"a cookie of another name", func(_ *gin.Context, m *leaky) { m.body = `{"detail":"Missing cookie own","code":"missing_token"}` }, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			m := newLeaky()
			g := guard(t, func(c *gin.Context) {
				_, err := c.GetRawData()
				require.NoError(t, err)
				row.do(c, m)
				c.Abort()
				c.Data(http.StatusUnauthorized, "application/json", []byte(m.body))
			})
			req := httptest.NewRequest(http.MethodPost, "/?q=query-text", strings.NewReader(`{"a":["body-text"]}`))
			req.Header = http.Header{"Authorization": {"Bearer " + token}, "X-Csrf-Token": {"csrf-text"}, "Cookie": {`a="cookie-text"`}}
			tb := &silentTB{TB: t}
			assertNoSideEffects(tb, g.do(req), "own-text")
			if row.says == "" {
				assert.Empty(t, tb.said.String())
			} else {
				assert.Contains(t, tb.said.String(), row.says)
			}
		})
	}
}

func TestSideEffects_HandlersThatRan(t *testing.T) {
	g := guard(t)
	tb := &silentTB{TB: t}
	g.assertRefused(tb, g.get(), noCred)
	assert.Contains(t, tb.said.String(), "the protected handler ran")
	s := newService(t)
	tb = &silentTB{TB: t}
	s.refuses(tb, tokens{Access: s.login(t).Access})
	assert.Contains(t, tb.said.String(), "the protected handler")
}

// A leaky is what newManager joins to what is watched, for handlers to misuse.
type leaky struct {
	store    authjwt.Store
	sessions authjwt.SessionStore
	logger   *slog.Logger
	body     string
}

func newLeaky() *leaky {
	memory := new(authjwt.MemoryStore)
	s := authjwt.Settings{Store: struct{ authjwt.Store }{memory}, Sessions: memory}
	watched.watch(&s)
	return &leaky{s.Store, s.Sessions, s.Logger, `{"detail":"Signature verification failed","code":"token_signature_invalid"}`}
}

func errorOf[T any](_ T, err error) string { return err.Error() }
