package main

import (
	"bytes"
	"log/slog"
	"os"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

type rules struct {
	Groups []struct {
		Name  string
		Rules []struct {
			Alert, Expr, For    string
			Labels, Annotations map[string]string
		}
	}
}

var (
	selector = regexp.MustCompile(`(authjwt_\w+)(?:\{([^}]*)\})?`)
	label    = regexp.MustCompile(`(\w+)(=~?)"([^"]*)"`)
)

// Every series that a rule asks for is one that the program exports, once it happens.
func TestAlerts_AskForWhatThereIs(t *testing.T) {
	text, err := os.ReadFile("alerts.yml")
	require.NoError(t, err)
	var all rules
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	require.NoError(t, decoder.Decode(&all))

	r := start(t, slog.LevelInfo)
	for _, h := range r.happenings(t) {
		h.do(t)
	}
	exported := r.scrape(t)
	asked := map[string]bool{}
	for _, group := range all.Groups {
		for _, rule := range group.Rules {
			assert.NotEmpty(t, rule.Annotations["summary"], rule.Alert)
			assert.Contains(t, []string{"critical", "warning"}, rule.Labels["severity"], rule.Alert)
			found := selector.FindAllStringSubmatch(rule.Expr, -1)
			assert.Len(t, found, 1, rule.Alert)
			for _, s := range found {
				assert.True(t, matches(t, s[1], s[2], exported), "%s: nothing has %s", rule.Alert, s[0])
				asked[s[0]] = true
			}
		}
	}
	for _, wanted := range []string{
		`authjwt_events_total{kind="reused"}`, `authjwt_store_up`, `authjwt_events_total{kind="login failed"}`,
		`authjwt_refusals_total{code=~"csrf.*"}`, `authjwt_refusals_total{code="internal_error"}`,
		`authjwt_refusals_total{code="unavailable"}`, `authjwt_events_total{kind="store lost"}`, `authjwt_events_total{kind="store down"}`,
	} {
		assert.True(t, asked[wanted], "no rule asks for %s", wanted)
	}
}

// matches tells whether a series has the name and the labels, and has grown, or is the gauge.
func matches(t *testing.T, name, labels string, exported map[string]float64) bool {
	t.Helper()
	for series, value := range exported {
		has := selector.FindStringSubmatch(series)
		ok := has != nil && has[1] == name && (value > 0)
		for _, want := range label.FindAllStringSubmatch(labels, -1) {
			pattern := regexp.QuoteMeta(want[3])
			if want[2] == "=~" {
				pattern = want[3]
			}
			given := regexp.MustCompile(want[1] + `="([^"]*)"`).FindStringSubmatch(has[2])
			ok = ok && given != nil && regexp.MustCompile("^(?:"+pattern+")$").MatchString(given[1])
		}
		if ok {
			return true
		}
	}
	return false
}
