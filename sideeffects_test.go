package authjwt_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

// A trace is what a request held, and what it caused beside its answer.
type trace struct {
	sent    sent
	log     string           // what Gin's logger and recovery wrote
	records []map[string]any // what Settings.Logger was told
	writes  []string         // to the Store and to Sessions
	alone   bool             // no other request was served at the time
}

// traced is the key under which an answer's request keeps its trace.
type traced struct{}

// answerTo serves req. Its trace stays with the answer, for assertNoSideEffects.
func answerTo(h http.Handler, req *http.Request, log *bytes.Buffer) *httptest.ResponseRecorder {
	held := sent{header: req.Header.Clone(), query: req.URL.RawQuery}
	if req.Body != nil && req.Body != http.NoBody {
		req.Body = readAlong{io.TeeReader(req.Body, &held.body), req.Body}
	}
	rec, seen := httptest.NewRecorder(), (*trace)(nil)
	func() {
		end := watched.begin()
		defer func() { seen = end() }() // of a panic, too
		h.ServeHTTP(rec, req)
	}()
	seen.sent = held
	if log != nil {
		seen.log = log.String()
	}
	rec.Result().Request = req.WithContext(context.WithValue(req.Context(), traced{}, seen))
	return rec
}

type readAlong struct {
	io.Reader
	io.Closer
}

// watched sees what all Managers of newManager do.
var watched watcher

// A watcher is a slog.Handler that keeps what it hears while a request is served.
type watcher struct {
	mu      sync.Mutex
	serving int
	seen    trace
}

// begin starts a trace. Of requests that are served at once each has what all of them caused.
func (w *watcher) begin() (end func() *trace) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.serving++; w.serving == 1 {
		w.seen = trace{alone: true}
	} else {
		w.seen.alone = false
	}
	return func() *trace {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.serving--
		return &trace{records: slices.Clone(w.seen.records), writes: slices.Clone(w.seen.writes), alone: w.seen.alone}
	}
}

func (w *watcher) wrote(what string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.serving > 0 {
		w.seen.writes = append(w.seen.writes, what)
	}
}

// takesBack tells whether that was written, and forgets it.
func (w *watcher) takesBack(what string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	at := slices.Index(w.seen.writes, what)
	if at >= 0 {
		w.seen.writes = slices.Delete(w.seen.writes, at, at+1)
	}
	return at >= 0
}

// Enabled implements slog.Handler: a benchmark that serves by itself does not pay for it.
func (w *watcher) Enabled(context.Context, slog.Level) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.serving > 0
}

func (w *watcher) Handle(_ context.Context, r slog.Record) error {
	record := map[string]any{"message": r.Message}
	r.Attrs(func(a slog.Attr) bool {
		record[a.Key] = a.Value.String()
		return true
	})
	w.mu.Lock()
	defer w.mu.Unlock()
	w.seen.records = append(w.seen.records, record)
	return nil
}

func (w *watcher) WithAttrs([]slog.Attr) slog.Handler { return w }
func (w *watcher) WithGroup(string) slog.Handler      { return w }

// noLogger stands for no Logger at all, in tests that count allocations.
var noLogger = new(slog.Logger)

func unheard(s *authjwt.Settings) { s.Logger = noLogger }

// watch joins settings to watched. A MemoryStore stays as it is, for a Manager uses it in another way.
func (w *watcher) watch(s *authjwt.Settings) {
	switch s.Logger {
	case nil:
		s.Logger = slog.New(w)
	case noLogger:
		s.Logger = nil
	}
	if _, memory := s.Store.(*authjwt.MemoryStore); s.Store != nil && !memory {
		s.Store = writesSeen{s.Store}
	}
	if s.Sessions != nil {
		if memory, is := s.Sessions.(*authjwt.MemoryStore); is && memory.Now == nil {
			memory.Now = s.Now // as New would, which cannot see it then
		}
		s.Sessions = sessionWritesSeen{s.Sessions}
	}
}

// writesSeen tells watched of each write that the store has not refused. It is a value, so that two of one store are equal.
type writesSeen struct{ authjwt.Store }

func (s writesSeen) Add(ctx context.Context, key string, t, until time.Time) (time.Time, bool, error) {
	present, added, err := s.Store.Add(ctx, key, t, until)
	if err == nil && added {
		watched.wrote("Add " + key)
	}
	return present, added, err
}

func (s writesSeen) Set(ctx context.Context, key string, t, until time.Time) error {
	err := s.Store.Set(ctx, key, t, until)
	if err == nil {
		watched.wrote("Set " + key)
	}
	return err
}

type sessionWritesSeen struct{ authjwt.SessionStore }

func (s sessionWritesSeen) PutSession(ctx context.Context, owner, id string, record []byte, until time.Time) ([]string, error) {
	dropped, err := s.SessionStore.PutSession(ctx, owner, id, record, until)
	if err == nil {
		watched.wrote("PutSession " + id)
	}
	return dropped, err
}

func (s sessionWritesSeen) RemoveSessions(ctx context.Context, owner string, ids ...string) error {
	err := s.SessionStore.RemoveSessions(ctx, owner, ids...)
	if err == nil && (len(ids) != 1 || !watched.takesBack("PutSession "+ids[0])) {
		watched.wrote("RemoveSessions " + strings.Join(ids, " "))
	}
	return err
}

// parserTexts are words of what the packages below say that read what a client sent, and of what stores say.
var parserTexts = []string{
	"invalid character", "unexpected end of", "unexpected EOF", "cannot unmarshal", "json:", "jsontext:", "jsontext.", "illegal base64", "base64:", "hex:",
	"crypto/", "asn1:", "x509:", "token is malformed", "token is unverifiable", "signature is invalid", "token has invalid claims", "token is expired",
	"strconv.", "parsing \"", "redis:", "storetest:", "dial tcp", "context deadline", "context canceled", "http:", "mime:", "multipart:", "runtime error",
	"goroutine ", ".go:", "reflect:", "uuid:", "net/url", "invalid URL escape", "panic", "0xc0",
}

// assertNoSideEffects checks of a refusal that nothing but the answer came of it, and that the answer tells nothing: no cookie is
// set and nothing is stored, and no token, kid, claim or parser text stands in body, headers or log. more are words that may not either.
func assertNoSideEffects(tb testing.TB, rec *httptest.ResponseRecorder, more ...string) {
	tb.Helper()
	var headers, records bytes.Buffer
	require.NoError(tb, rec.Header().Write(&headers))
	res := rec.Result()
	seen := &trace{}
	if res.Request != nil { // it is not a real server's
		seen = res.Request.Context().Value(traced{}).(*trace)
	}
	for _, c := range res.Cookies() {
		logout := res.Request != nil && strings.Contains(res.Request.URL.Path, "logout") // L03: it clears them whatever becomes of it
		assert.True(tb, logout && c.Value == "" && c.MaxAge < 0, "Set-Cookie: %s", c)
	}
	code, known := assertKnownText(tb, rec.Body.Bytes())
	ours := strings.NewReplacer(known, "", strings.ReplaceAll(known, `"`, `'`), "") // what it says it says to everybody
	revokes := false
	for _, record := range seen.records {
		record = maps.Clone(record)
		revokes = revokes || record["message"] == "authjwt: reused" || record["message"] == "authjwt: revoked"
		for _, name := range promised(record, code) {
			delete(record, name)
		}
		text, err := json.Marshal(record)
		require.NoError(tb, err)
		records.Write(append(text, '\n'))
	}
	if seen.alone && !revokes { // R01: a replay ends its session; L01: so does a logout
		assert.Empty(tb, seen.writes, "written to the store")
	}
	held := seen.sent.words()
	held["eyJ"], held[testSecret] = "a token", "the secret"
	if seen.sent.query != "" { // a logger before ErrorMiddleware has read it by then: see refusesQuery
		seen.log = strings.ReplaceAll(seen.log, seen.sent.query, "")
	}
	places := map[string]string{"body": rec.Body.String(), "headers": headers.String(), "Gin's log": seen.log, "Settings.Logger": records.String()}
	for place, text := range places {
		text = ours.Replace(ginsPrefix.ReplaceAllString(text, ""))
		for word, what := range held {
			assert.NotContains(tb, text, word, "%s in %s", what, place)
		}
		for _, word := range more {
			if place != "Settings.Logger" || rec.Code < 500 { // the cause of a 500 or 503 is promised there
				assert.NotContains(tb, text, word, "in %s", place)
			}
		}
	}
	for _, text := range parserTexts {
		assert.NotContains(tb, places["body"]+places["headers"], text, "parser text")
	}
}

// ginsPrefix is the time at the beginning of a line of gin's logger.
var ginsPrefix = regexp.MustCompile(`(?m)^\[GIN\] [\d/]+ - [\d:]+`)

// promised are the attributes of a record that may name the token's subject, session and id, or the client: docs/events.md. Of a
// refused token the first three are known only once its signature is.
func promised(record map[string]any, code string) []string {
	if record["message"] == "authjwt: refused" && slices.Contains([]string{"token_malformed", "token_signature_invalid", "token_key_unknown"}, code) {
		return []string{"client", "route"}
	}
	return []string{"client", "route", "subject", "session", "token"}
}

// settingsNames are the words in refusals that settings may change.
var settingsNames = regexp.MustCompile(`\b(access_token_cookie|refresh_token_cookie|csrf_access_token|csrf_refresh_token|X-CSRF-Token|access_token$|refresh_token$|Authorization)`)

// knownTexts are the details of each code in docs/errors.md.
var knownTexts = sync.OnceValue(func() map[string][]*regexp.Regexp {
	text, err := os.ReadFile("docs/errors.md")
	if err != nil {
		panic(err)
	}
	_, section, _ := strings.Cut(string(text), "\n## Texts\n")
	all := map[string][]*regexp.Regexp{}
	for _, row := range regexp.MustCompile("(?m)^\\| `(.+?)` \\| `(\\w+)` \\|").FindAllStringSubmatch(section, -1) {
		pattern := settingsNames.ReplaceAllString(regexp.QuoteMeta(row[1]), `\S+`)
		pattern = strings.Replace(pattern, "parameter token", `parameter \S+`, 1)
		pattern = strings.Replace(pattern, "'Bearer <JWT>'", `'(\S+ )?<JWT>'`, 1)
		if strings.HasPrefix(row[2], "csrf_m") {
			pattern += `(, or in the form field \S+)?`
		}
		all[row[2]] = append(all[row[2]], regexp.MustCompile("^"+pattern+"$"))
	}
	return all
})

// assertKnownText checks that a body with a code of the package has a detail that goes with it, and returns both.
func assertKnownText(tb testing.TB, body []byte) (code, detail string) {
	tb.Helper()
	var told struct{ Detail, Code string }
	if json.Unmarshal(body, &told) != nil || told.Code == "" {
		return "", ""
	}
	if texts, known := knownTexts()[told.Code]; known {
		assert.True(tb, slices.ContainsFunc(texts, func(text *regexp.Regexp) bool { return text.MatchString(told.Detail) }),
			"docs/errors.md has no %q for %s", told.Detail, told.Code)
		detail = told.Detail
	}
	return told.Code, detail
}
