package main

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
	"github.com/gin-authjwt/authjwt/storetest"
)

// epochKey is under which a Store keeps when its memory began.
const epochKey = "authjwt:epoch:47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"

// A happening makes events.
type happening struct {
	name, kind string // the kind it is there for
	do         func(t *testing.T)
	counts     []string // the series that grow, each by one
	logs       []string // at the level debug
}

// happenings are to be made to happen in this order. Together they make every kind of event.
func (r *running) happenings(t *testing.T) []happening {
	first := r.login(t)
	second := first // the pair after a refresh
	ask := func(status int, method, path, form string, fields ...string) func(t *testing.T) {
		return func(t *testing.T) {
			got, text := r.ask(t, method, path, form, fields...)
			require.Equal(t, status, got, text)
		}
	}
	const authorization = "Authorization"
	bearer := "Bearer " + first.Access
	r.program.public.GET("/broken", r.auth.Required(), func(c *gin.Context) {
		authjwt.FromContext(c).Abort(errors.New("sql: connection refused"))
	})
	r.program.public.NoRoute(r.auth.Required(), func(c *gin.Context) { c.Status(http.StatusNotFound) })
	event := func(kind string) string { return fmt.Sprintf("authjwt_events_total{kind=%q}", kind) }
	refusal := func(code, route string) string {
		return fmt.Sprintf("authjwt_refusals_total{code=%q,route=%q}", code, route)
	}
	return []happening{
		{"a login", "issued", func(t *testing.T) { r.login(t) }, []string{event("issued")}, []string{"INFO authjwt: issued"}},
		{"a good request", "", ask(200, "GET", "/notes/1", "", authorization, bearer), nil, nil},
		{"a guess", "login failed", ask(401, "POST", "/login", "username=mallory&password=hunter2"),
			[]string{event("login failed"), refusal("invalid_credentials", "/login")}, []string{"INFO authjwt: login failed"}},
		{"no token", "refused", ask(401, "GET", "/notes/2", ""),
			[]string{event("refused"), refusal("missing_token", "/notes/:id")}, []string{"DEBUG authjwt: refused"}},
		{"no route", "", ask(401, "GET", "/nowhere", ""),
			[]string{event("refused"), refusal("missing_token", "")}, []string{"DEBUG authjwt: refused"}},
		{"a mistake", "", ask(500, "GET", "/broken", "", authorization, bearer),
			[]string{event("refused"), refusal("internal_error", "/broken")}, []string{"ERROR authjwt: refused"}},
		{"no CSRF value", "csrf", ask(403, "POST", "/notes/3", "", "Cookie", "access_token_cookie="+first.Access),
			[]string{event("csrf"), refusal("csrf_missing", "/notes/:id")}, []string{"DEBUG authjwt: csrf"}},
		{"a refresh", "refreshed", ask(200, "POST", "/refresh", "", authorization, "Bearer "+first.Refresh),
			[]string{event("refreshed")}, []string{"DEBUG authjwt: refreshed"}},
		{"a used refresh token", "reused", func(t *testing.T) {
			r.pass(time.Minute)
			ask(401, "POST", "/refresh", "", authorization, "Bearer "+first.Refresh)(t)
		}, []string{event("revoked"), event("reused"), event("refused"), refusal("token_revoked", "/refresh")},
			[]string{"INFO authjwt: revoked", "WARN authjwt: reused", "DEBUG authjwt: refused"}},
		{"another login", "", func(t *testing.T) { second = r.login(t) }, []string{event("issued")}, []string{"INFO authjwt: issued"}},
		{"a page late in its token's life", "renewed", func(t *testing.T) {
			r.pass(11 * time.Minute)
			ask(200, "GET", "/notes/1", "", "Cookie", "access_token_cookie="+second.Access)(t)
		}, []string{event("renewed")}, []string{"DEBUG authjwt: renewed"}},
		{"a logout", "revoked", func(t *testing.T) {
			ask(200, "POST", "/logout", "", authorization, "Bearer "+second.Access)(t)
		}, []string{event("revoked")}, []string{"INFO authjwt: revoked"}},
		{"a store that fails", "store down", func(t *testing.T) {
			r.store.Be(storetest.Fails)
			ask(503, "GET", "/notes/4", "", authorization, "Bearer "+second.Access)(t)
			assert.Zero(t, r.scrape(t)["authjwt_store_up"])
		}, []string{event("store down"), event("refused"), refusal("unavailable", "/notes/:id")},
			[]string{"ERROR authjwt: store down", "WARN authjwt: refused"}},
		{"a store that answers again", "store recovered", func(t *testing.T) {
			r.store.Be(storetest.None)
			r.login(t)
			assert.EqualValues(t, 1, r.scrape(t)["authjwt_store_up"])
		}, []string{event("store recovered"), event("issued")}, []string{"INFO authjwt: store recovered", "INFO authjwt: issued"}},
		{"a store that has forgotten", "store lost", func(t *testing.T) {
			r.pass(time.Minute)
			require.NoError(t, r.store.Set(t.Context(), epochKey, time.Now().Add(time.Duration(r.passed.Load())), time.Time{}))
			ask(401, "GET", "/notes/5", "", authorization, "Bearer "+second.Access)(t)
		}, []string{event("store lost"), event("refused"), refusal("token_revoked", "/notes/:id")},
			[]string{"ERROR authjwt: store lost", "DEBUG authjwt: refused"}},
	}
}

func TestEvents_AreCountedAndLogged(t *testing.T) {
	r := start(t, slog.LevelDebug)
	made := map[string]bool{}
	for _, h := range r.happenings(t) {
		t.Run(h.name, func(t *testing.T) {
			before, from := r.scrape(t), len(r.log.String())
			h.do(t)
			var grown []string
			for series, value := range r.scrape(t) {
				for range int(value - before[series]) {
					if series != "authjwt_store_up" {
						grown = append(grown, series)
					}
				}
			}
			assert.ElementsMatch(t, h.counts, grown)
			told, _ := r.records(t, from)
			assert.Equal(t, h.logs, told)
			made[h.kind] = true
		})
	}
	for _, kind := range kinds {
		assert.True(t, made[string(kind)], "nothing makes %q", kind)
	}
	told, log := r.records(t, 0)
	assert.Greater(t, len(told), len(kinds))
	text := log + strings.Join(slices.Collect(maps.Keys(r.scrape(t))), "\n")
	for _, hidden := range []string{"eyJ", secret, "hunter2"} {
		assert.NotContains(t, text, hidden)
	}
	assert.Contains(t, log, `"subject":"mallory"`)
	assert.Contains(t, log, `"cause":"sql: connection refused"`)
}

// A level above debug hides refusals from the log, not from the counters.
func TestEvents_BelowTheLevel(t *testing.T) {
	r := start(t, slog.LevelInfo)
	for _, h := range r.happenings(t) {
		before, from := r.scrape(t), len(r.log.String())
		h.do(t)
		for _, series := range h.counts {
			assert.Equal(t, before[series]+1, r.scrape(t)[series], "%s: %s", h.name, series)
		}
		told, _ := r.records(t, from)
		wanted := slices.DeleteFunc(h.logs, func(l string) bool { return strings.HasPrefix(l, "DEBUG") })
		assert.ElementsMatch(t, wanted, told, h.name)
	}
}

// Whatever clients send makes no more series.
func TestMetrics_Bounded(t *testing.T) {
	r := start(t, slog.LevelDebug)
	r.program.public.NoRoute(r.auth.Required())
	send := func(i int) {
		n := strconv.Itoa(i)
		status, _ := r.ask(t, "POST", "/login", "username=user-"+n+"&password=guess", "X-Forwarded-For", "203.0.113."+n)
		require.Contains(t, []int{http.StatusUnauthorized, http.StatusTooManyRequests}, status)
		for _, path := range []string{"/notes/", "/nowhere/"} {
			status, _ = r.ask(t, "GET", path+n+"?q="+n, "", "Authorization", "Bearer x"+n)
			require.Equal(t, http.StatusUnauthorized, status)
		}
	}
	names := func() []string { return slices.Sorted(maps.Keys(r.scrape(t))) }
	for i := range 11 { // till there are too many guesses
		send(i)
	}
	first := names()
	for i := 11; i < 1000; i++ {
		send(i)
	}
	assert.Equal(t, first, names())
	all := r.scrape(t)
	assert.EqualValues(t, 1000, all[`authjwt_events_total{kind="login failed"}`])
	assert.EqualValues(t, 10, all[`authjwt_refusals_total{code="invalid_credentials",route="/login"}`])
	assert.EqualValues(t, 990, all[`authjwt_refusals_total{code="too_many_guesses",route="/login"}`])
	assert.EqualValues(t, 1000, all[`authjwt_refusals_total{code="token_malformed",route="/notes/:id"}`])
	assert.EqualValues(t, 1000, all[`authjwt_refusals_total{code="token_malformed",route=""}`])
	assert.Contains(t, r.log.String(), `"subject":"user-9","client":"127.0.0.1","route":"/login"`, "the log has them, and no forged address")
	assert.NotContains(t, r.log.String(), "203.0.113.")
}

// What an alert waits for is there before it happens: of a series that begins at one Prometheus sees no increase.
func TestMetrics_BeginAtZero(t *testing.T) {
	r := start(t, slog.LevelInfo)
	want := map[string]float64{"authjwt_store_up": 1, `authjwt_refusals_total{code="internal_error",route=""}`: 0}
	for _, kind := range kinds {
		want[fmt.Sprintf("authjwt_events_total{kind=%q}", kind)] = 0
	}
	for _, route := range []string{"/login", "/refresh", "/logout", "/logout-all", "/notes/:id"} {
		want[fmt.Sprintf(`authjwt_refusals_total{code="internal_error",route=%q}`, route)] = 0
	}
	assert.Equal(t, want, r.scrape(t))
}

// Requests that see the Store go and come back are served side by side, and tell of it in any order.
func TestMetrics_StoreUpInAnyOrder(t *testing.T) {
	registry := prometheus.NewRegistry()
	m := newMetrics(registry)
	up := func() float64 {
		families, err := registry.Gather()
		require.NoError(t, err)
		for _, family := range families {
			if family.GetName() == "authjwt_store_up" {
				return family.GetMetric()[0].GetGauge().GetValue()
			}
		}
		return -1
	}
	note := func(kind authjwt.EventKind) { m.note(t.Context(), authjwt.Event{Kind: kind}) }
	note(authjwt.EventStoreRecovered)
	note(authjwt.EventStoreDown)
	assert.EqualValues(t, 1, up())
	var all sync.WaitGroup
	for range 100 {
		all.Go(func() { note(authjwt.EventStoreDown) })
		all.Go(func() { note(authjwt.EventStoreRecovered) })
	}
	all.Wait()
	assert.EqualValues(t, 1, up())
	note(authjwt.EventStoreDown)
	assert.EqualValues(t, 0, up())
}

// kinds are all that the package has.
func TestKinds_All(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "../../event.go", nil, 0)
	require.NoError(t, err)
	var declared []authjwt.EventKind
	ast.Inspect(file, func(n ast.Node) bool {
		if spec, ok := n.(*ast.ValueSpec); ok && fmt.Sprint(spec.Type) == "EventKind" {
			text, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			require.NoError(t, err)
			declared = append(declared, authjwt.EventKind(text))
		}
		return true
	})
	require.NotEmpty(t, declared)
	assert.ElementsMatch(t, declared, kinds)
}
