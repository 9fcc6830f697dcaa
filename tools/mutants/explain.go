package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
)

// An explanation says why no test can tell a mutant from the original: the mutant as it is printed, on one line, and why, on the
// next ones, indented.
type explanation struct{ mutant, why string }

func readExplanations(path string) ([]explanation, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var all []explanation
	for i, line := range strings.Split(string(text), "\n") {
		last := len(all) - 1
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
		case !strings.HasPrefix(line, "\t"):
			all = append(all, explanation{mutant: line})
		case last < 0:
			return nil, fmt.Errorf("%s:%d: explains nothing", path, i+1)
		default:
			all[last].why = strings.TrimSpace(all[last].why + " " + strings.TrimSpace(line))
		}
	}
	for i, e := range all {
		if e.why == "" {
			return nil, fmt.Errorf("%s: there is no reason given for %s", path, e.mutant)
		}
		if slices.ContainsFunc(all[:i], func(other explanation) bool { return other.mutant == e.mutant }) {
			return nil, fmt.Errorf("%s: explains twice %s", path, e.mutant)
		}
	}
	return all, nil
}

// explain gives survivors their explanations, and returns the stale ones: of mutants that are killed, or that are not there. What
// explains mutants of other files is not looked at.
func explain(mutants []*mutant, explanations []explanation, files []string) (stale []explanation) {
	for _, e := range explanations {
		file, _, _ := strings.Cut(e.mutant, " ")
		at := slices.IndexFunc(mutants, func(m *mutant) bool { return m.String() == e.mutant })
		switch {
		case !slices.Contains(files, file):
		case at >= 0 && mutants[at].fate == survived:
			mutants[at].fate, mutants[at].why = explained, e.why
		default:
			stale = append(stale, e)
		}
	}
	return stale
}
