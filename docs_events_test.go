package authjwt_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
	"github.com/gin-authjwt/authjwt/storetest"
)

const eventsPage = "docs/events.md"

var (
	// eventRow matches a row of the page's table: kind, constant, level, when, and what is set.
	eventRow = regexp.MustCompile("(?m)^\\| `([^`]+)` \\| `([^`]+)` \\| ([^|]+) \\| ([^|]+) \\| ([^|]*)\\|$")
	levels   = regexp.MustCompile(`\b[A-Z]{4,5}\b`)
)

// What is known of a kind of event: the levels and the fields of all that was told, Kind and Time apart.
type eventFacts struct{ levels, fields []string }

func joined(sorted []string, more ...string) []string {
	all := append(sorted, more...)
	slices.Sort(all)
	return slices.Compact(all)
}

func documentedEvents(t *testing.T) (facts map[authjwt.EventKind]eventFacts, constants map[string]string) {
	t.Helper()
	page, err := os.ReadFile(eventsPage)
	require.NoError(t, err)
	facts, constants = map[authjwt.EventKind]eventFacts{}, map[string]string{}
	for _, row := range eventRow.FindAllStringSubmatch(string(page), -1) {
		assert.NotContains(t, constants, row[2], "two rows")
		constants[row[2]] = row[1]
		facts[authjwt.EventKind(row[1])] = eventFacts{
			joined(nil, levels.FindAllString(row[3], -1)...), joined(nil, strings.FieldsFunc(row[5], func(r rune) bool { return strings.ContainsRune(", ", r) })...),
		}
	}
	return facts, constants
}

func TestDocs_EventsHaveRows(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "event.go", nil, 0)
	require.NoError(t, err)
	declared := map[string]string{}
	ast.Inspect(file, func(n ast.Node) bool {
		if spec, ok := n.(*ast.ValueSpec); ok && fmt.Sprint(spec.Type) == "EventKind" {
			declared[spec.Names[0].Name], err = strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			require.NoError(t, err)
		}
		return true
	})
	require.NotEmpty(t, declared)
	_, documented := documentedEvents(t)
	assert.Equal(t, declared, documented)
}

// The page's levels and fields are those of what a Manager tells of a life that has every kind of event in it.
func TestDocs_EventsAsTold(t *testing.T) {
	log := new(logged)
	s, told := newWatched(t, func(set *authjwt.Settings) {
		set.Logger, set.RefreshWithin = log.logger(slog.LevelDebug), 5*time.Minute
	})
	s.POST("/failing", s.auth.LoginHandler(authjwt.Routes{Login: func(*gin.Context) (string, error) { return "mallory", authjwt.ErrInvalidCredentials }}))
	pair, second := s.login(t), s.login(t)
	s.do("GET", "/protected", "x")
	s.do("GET", "/fresh", pair.Access)
	s.do("GET", "/broken", pair.Access)
	s.do("POST", "/failing", "")
	for _, csrf := range []string{"", "x"} {
		req := httptest.NewRequest("POST", "https://example.com/items/1", nil)
		req.AddCookie(&http.Cookie{Name: "access_token_cookie", Value: pair.Access})
		req.Header.Set("X-CSRF-Token", csrf)
		s.ServeHTTP(httptest.NewRecorder(), req)
	}
	s.refresh(t, pair.Refresh)
	s.pass(time.Minute)
	s.do("POST", "/refresh", pair.Refresh)
	s.pass(10 * time.Minute)
	req := httptest.NewRequest("GET", "https://example.com/protected", nil)
	req.AddCookie(&http.Cookie{Name: "access_token_cookie", Value: second.Access})
	s.ServeHTTP(httptest.NewRecorder(), req)
	s.do("POST", "/logout", second.Access)
	require.NoError(t, s.auth.RevokeSubject(t.Context(), "bob"))
	require.NoError(t, s.auth.Revoke(t.Context(), &authjwt.Token{ID: "x"}))
	s.store.Be(storetest.Fails)
	s.do("GET", "/protected", second.Access)
	s.store.Be(storetest.None)
	s.do("GET", "/protected", second.Access)
	require.NoError(t, s.store.Set(t.Context(), epochKey, s.time(), time.Time{}))
	s.do("GET", "/protected", second.Access)

	found := map[authjwt.EventKind]eventFacts{}
	all, attributes := told.takeAll(), map[string]bool{}
	records := log.take(t)
	require.Len(t, records, len(all))
	for i, e := range all {
		assert.Equal(t, "authjwt: "+string(e.Kind), records[i]["msg"])
		assert.NotZero(t, e.Time)
		facts := found[e.Kind]
		facts.levels = joined(facts.levels, records[i]["level"].(string))
		for field, value := range reflect.ValueOf(e).Fields() {
			if field.Name != "Kind" && field.Name != "Time" && !value.IsZero() {
				facts.fields = joined(facts.fields, field.Name)
			}
		}
		found[e.Kind] = facts
		for name := range records[i] {
			attributes[name] = true
		}
	}
	documented, _ := documentedEvents(t)
	assert.Equal(t, documented, found)

	page, err := os.ReadFile(eventsPage)
	require.NoError(t, err)
	_, text, _ := strings.Cut(string(page), "the attributes are ")
	text, _, _ = strings.Cut(text, ".")
	delete(attributes, slog.LevelKey)
	delete(attributes, slog.MessageKey)
	var named []string
	for _, name := range regexp.MustCompile("`(\\w+)`").FindAllStringSubmatch(text, -1) {
		named = append(named, name[1])
	}
	assert.ElementsMatch(t, slices.Collect(maps.Keys(attributes)), named)
}

// What the page takes from the example is what the example's tests have tested, and the example is all that the page says.
func TestDocs_EventsOfTheExample(t *testing.T) {
	page, err := os.ReadFile(eventsPage)
	require.NoError(t, err)
	code, err := os.ReadFile("_example/observability/guesses.go")
	require.NoError(t, err)
	_, body, found := strings.Cut(string(code), "\n)\n\n")
	require.True(t, found)
	assert.Contains(t, string(page), "```go\n"+body+"```\n", "copy it from _example/observability/guesses.go")

	rules, err := os.ReadFile("_example/observability/alerts.yml")
	require.NoError(t, err)
	alerts := regexp.MustCompile(`(?m)^ +- alert: (\w+)$`).FindAllStringSubmatch(string(rules), -1)
	require.NotEmpty(t, alerts)
	for _, alert := range alerts {
		assert.Contains(t, string(page), "`"+alert[1]+"`")
	}
}
