package authjwt_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
	"github.com/gin-authjwt/authjwt/storetest"
)

// A logged is the text of a log, of the level and above, as JSON without the time.
type logged struct{ bytes.Buffer }

func (l *logged) logger(level slog.Level) *slog.Logger {
	return slog.New(slog.NewJSONHandler(&l.Buffer, &slog.HandlerOptions{Level: level, ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}}))
}

// take returns the records since the last call.
func (l *logged) take(tb testing.TB) (records []map[string]any) {
	tb.Helper()
	lines := bytes.Split(bytes.TrimSpace(l.Bytes()), []byte("\n"))
	for _, line := range lines {
		if len(line) > 0 {
			var record map[string]any
			require.NoError(tb, json.Unmarshal(line, &record))
			records = append(records, record)
		}
	}
	l.Reset()
	return records
}

func TestLogger_Levels(t *testing.T) {
	log := new(logged)
	s, _ := newWatched(t, func(set *authjwt.Settings) { set.OnEvent, set.Logger = nil, log.logger(slog.LevelDebug) })
	s.POST("/failing", s.auth.LoginHandler(authjwt.Routes{Login: func(*gin.Context) (string, error) { return "mallory\n", authjwt.ErrInvalidCredentials }}))
	said := func(do func()) (all []string) {
		do()
		assert.NotContains(t, log.String(), "eyJ")
		for _, r := range log.take(t) {
			all = append(all, fmt.Sprint(r["level"], " ", r["msg"]))
		}
		return all
	}
	ask := func(method, path, bearer string) func() { return func() { s.do(method, path, bearer) } }
	var pair tokens
	assert.Equal(t, []string{"INFO authjwt: issued"}, said(func() { pair = s.login(t) }))
	assert.Empty(t, said(ask("GET", "/protected", pair.Access)))
	assert.Equal(t, []string{"DEBUG authjwt: refused"}, said(ask("GET", "/protected", "x")))
	assert.Equal(t, []string{"ERROR authjwt: refused"}, said(ask("GET", "/broken", pair.Access)))
	assert.Equal(t, []string{"INFO authjwt: login failed"}, said(ask("POST", "/failing", "")))
	assert.Equal(t, []string{"DEBUG authjwt: refreshed"}, said(ask("POST", "/refresh", pair.Refresh)))
	assert.Equal(t, []string{"DEBUG authjwt: csrf"}, said(func() {
		req := httptest.NewRequest("POST", "https://example.com/items/1", nil)
		req.AddCookie(&http.Cookie{Name: "access_token_cookie", Value: pair.Access})
		s.ServeHTTP(httptest.NewRecorder(), req)
	}))
	s.store.Be(storetest.Fails)
	assert.Equal(t, []string{"ERROR authjwt: store down", "WARN authjwt: refused"}, said(ask("GET", "/protected", pair.Access)))
	s.store.Be(storetest.None)
	assert.Equal(t, []string{"INFO authjwt: store recovered"}, said(ask("GET", "/protected", pair.Access)))
	s.pass(time.Minute)
	assert.Equal(t, []string{"INFO authjwt: revoked", "WARN authjwt: reused", "DEBUG authjwt: refused"}, said(ask("POST", "/refresh", pair.Refresh)))
	require.NoError(t, s.store.Set(t.Context(), epochKey, s.time(), time.Time{}))
	assert.Equal(t, []string{"ERROR authjwt: store lost", "DEBUG authjwt: refused"}, said(ask("GET", "/protected", pair.Access)))
}

func TestLogger_Records(t *testing.T) {
	log := new(logged)
	s, _ := newWatched(t, func(set *authjwt.Settings) { set.OnEvent, set.Logger = nil, log.logger(slog.LevelDebug) })
	pair := s.login(t)
	c := s.claims(t, pair.Access)
	issued := map[string]any{
		"level": "INFO", "msg": "authjwt: issued", "subject": "alice", "session": c["sid"], "token": c["jti"], "client": "192.0.2.1", "route": "/login",
	}
	assert.Equal(t, []map[string]any{issued}, log.take(t), "of what is not there no attribute")

	s.do("GET", "/broken", pair.Access)
	record := log.take(t)[0]
	assert.Equal(t, "internal_error", record["code"])
	assert.Equal(t, "headers", record["location"])
	assert.Equal(t, "authjwt: internal_error: Internal Server Error", record["error"])
	assert.Equal(t, "sql: connection refused", record["cause"], "of a 500, for whoever has to mend it")

	s.store.Be(storetest.Fails)
	s.do("GET", "/protected", pair.Access)
	records := log.take(t)
	require.Len(t, records, 2)
	assert.Equal(t, map[string]any{"level": "ERROR", "msg": "authjwt: store down", "error": storetest.ErrFault.Error()}, records[0])
	assert.Equal(t, storetest.ErrFault.Error(), records[1]["cause"])
	s.store.Be(storetest.None)

	s.auth.Mount(s.Group("/v2"), authjwt.Routes{Login: func(*gin.Context) (string, error) {
		return strings.Repeat("m", 255) + "éé", fmt.Errorf("the password was %q: %w", "hunter2", authjwt.ErrInvalidCredentials)
	}})
	log.take(t)
	s.do("POST", "/v2/login", "")
	record = log.take(t)[0]
	assert.Equal(t, strings.Repeat("m", 255), record["subject"], "cut between letters")
	assert.Equal(t, "authjwt: invalid_credentials: Bad username or password", record["error"])
	assert.NotContains(t, record, "cause", "it may quote what the client sent")
	assert.NotContains(t, fmt.Sprint(record), "hunter2")
}

// A level that the Logger does not want costs nothing; OnEvent hears of it all the same.
func TestLogger_BelowItsLevel(t *testing.T) {
	log, told := new(logged), new(events)
	m := newManager(t, func(s *authjwt.Settings) { s.OnEvent, s.Logger = told.note, log.logger(slog.LevelInfo) })
	guard(t, m.Required()).get("Bearer x")
	assert.Empty(t, log.String())
	assert.Equal(t, 1, told.count(authjwt.EventRefused))

	e := authjwt.Event{Kind: authjwt.EventRevoked, Subject: "alice"}
	slog.New(slog.NewJSONHandler(&log.Buffer, nil)).Info("audit", "event", e)
	assert.Equal(t, map[string]any{"kind": "revoked", "subject": "alice"}, log.take(t)[0]["event"])
}

// A slogHandler that panics, in either method.
type brokenHandler struct{ enabled bool }

func (h brokenHandler) Enabled(context.Context, slog.Level) bool {
	if !h.enabled {
		panic("no level")
	}
	return true
}
func (brokenHandler) Handle(context.Context, slog.Record) error {
	panic(errors.New("the disk is full"))
}
func (h brokenHandler) WithAttrs([]slog.Attr) slog.Handler { return h }
func (h brokenHandler) WithGroup(string) slog.Handler      { return h }

func TestLogger_CannotChangeTheVerdict(t *testing.T) {
	for _, enabled := range []bool{false, true} {
		told := new(events)
		m := newManager(t, func(s *authjwt.Settings) { s.Logger, s.OnEvent = slog.New(brokenHandler{enabled}), told.note })
		g := guard(t, m.Required())
		g.assertRefused(t, g.get("Bearer x"), inv("token_malformed", "Not enough segments"))
		g.assertAccepted(t, g.get("Bearer "+mustCreate(t, m)))
		assert.Len(t, told.takeAll(), 1)
	}
}
