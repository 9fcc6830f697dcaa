package authjwt_test

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// A tally counts how the steps came out, and lists all but the exact ones.
type tally struct {
	exact      int // of which unanswered sign a token or wait
	unanswered int
	lines      map[string][]string // by kind
	used       map[string]bool     // of byQuirk, byStep and refusedSettings
	left       []string
}

func newTally() *tally { return &tally{lines: map[string][]string{}, used: map[string]bool{}} }

func (l *tally) add(r ruling, step string) {
	l.lines[r.kind] = append(l.lines[r.kind], strings.TrimSpace(fmt.Sprintf("%-4s %s: %s", r.id, step, r.why)))
}

// refused counts the steps of a scenario whose settings were refused.
func (l *tally) refused(t *testing.T, s *scenario, err error) {
	t.Helper()
	scenario := s.file + ": " + s.Name
	expected, ok := refusedSettings[scenario]
	tagged := slices.ContainsFunc(s.Steps, func(step recordedStep) bool { return step.Quirk == expected.quirk })
	if !assert.True(t, ok && tagged, "its settings are good: %v", err) || !assert.ErrorContains(t, err, expected.names) {
		l.left = append(l.left, scenario)
		return
	}
	l.used[scenario] = true
	for _, step := range s.Steps {
		l.add(ruling{isQuirk, expected.quirk, "refused for " + expected.names, nil}, fmt.Sprintf("%s %d", scenario, step.Step))
	}
}

// rule finds the ruling of a step: its own, or that of its quirk. A step with neither must come out as recorded.
func (l *tally) rule(name string, step *recordedStep) (r ruling, ruled bool) {
	if r, ruled = byStep[name]; ruled {
		l.used[name] = true
		return r, true
	}
	if step.Misuse {
		return ruling{isTyped, "", "cannot be written in Go, or is an error", mistake500}, true
	}
	r, ruled = byQuirk[step.Quirk]
	l.used[step.Quirk] = ruled
	r.kind, r.id = isQuirk, step.Quirk
	return r, ruled
}

// judge compares an answer with the recording, or with the ruling.
func (l *tally) judge(t *testing.T, p *player, step *recordedStep, got *played) {
	t.Helper()
	name := fmt.Sprintf("%s: %s %d", p.file, p.Name, step.Step)
	r, ruled := l.rule(name, step)
	want := step.Expect
	if r.want != nil {
		want = r.want(step.Expect)
		assert.False(t, reflect.DeepEqual(step.Expect, want), "%s: the ruling changes nothing", name)
	}
	c := p.compare(want, step.WebSocket != nil, got)
	switch {
	case len(c.diffs) > 0:
		l.left = append(l.left, name)
		t.Errorf("%s: %s\ngot %d %s", name, strings.Join(c.diffs, "\n\t"), got.status, got.text)
	case ruled:
		l.add(r, name)
	case step.Quirk != "":
		l.left = append(l.left, name)
		t.Errorf("%s: %s has no ruling", name, step.Quirk)
	case c.class != "":
		l.add(ruling{kind: isClass, id: c.class, why: byQuirk[c.class].why}, name)
	default:
		l.exact++
	}
}

func (l *tally) sum() int {
	sum := l.exact + len(l.left)
	for _, lines := range l.lines {
		sum += len(lines)
	}
	return sum
}

// unused are the rulings that no step has needed.
func (l *tally) unused() (names []string) {
	for _, name := range slices.Concat(slices.Collect(maps.Keys(byQuirk)), slices.Collect(maps.Keys(byStep)), slices.Collect(maps.Keys(refusedSettings))) {
		if !l.used[name] {
			names = append(names, name)
		}
	}
	return names
}

func (l *tally) String() string {
	text := fmt.Sprintf("%d steps:\n%4d exact, of which %d sign a token or wait\n", l.sum(), l.exact, l.unanswered)
	for _, kind := range []string{isQuirk, isClass, isRequirement, isTyped} {
		text += fmt.Sprintf("%4d by %s\n", len(l.lines[kind]), kind)
		for _, line := range l.lines[kind] {
			text += "       " + line + "\n"
		}
	}
	return text + fmt.Sprintf("%4d left over\n", len(l.left))
}
