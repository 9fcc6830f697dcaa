package main

import (
	"fmt"
	"io"
	"text/tabwriter"
)

// report prints what became of the mutants and tells whether all is well.
func report(w io.Writer, mutants []*mutant, stale []explanation, verbose bool) bool {
	if verbose {
		fmt.Fprintln(w, "== killed")
		for _, m := range mutants {
			if m.fate == killed {
				fmt.Fprintf(w, "%s:%d: %s\n\tby %s\n", m.file, m.line, m, m.killer)
			}
		}
	}
	section(w, "do not build", mutants, unbuildable, func(*mutant) string { return "" })
	section(w, "explained", mutants, explained, func(m *mutant) string { return m.why })
	section(w, "SURVIVED", mutants, survived, func(m *mutant) string {
		if len(m.reachedBy) == 0 {
			return "no test gets where it differs"
		}
		return fmt.Sprintf("%d tests get there", len(m.reachedBy))
	})
	if len(stale) > 0 {
		fmt.Fprintln(w, "== STALE: explained, but killed, or not there")
		for _, e := range stale {
			fmt.Fprintln(w, e.mutant)
		}
	}

	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "mutants\tkilled\texplained\tnot built\tsurvived\t")
	row := func(name string, file func(*mutant) bool) {
		var counts [unbuildable + 1]int
		sum := 0
		for _, m := range mutants {
			if file(m) {
				sum++
				counts[m.fate]++
			}
		}
		fmt.Fprintf(table, "%d\t%d\t%d\t%d\t%d\t  %s\n", sum, counts[killed], counts[explained], counts[unbuildable], counts[survived], name)
	}
	last, good := "", len(stale) == 0
	for _, m := range mutants {
		if m.file != last {
			row(m.file, func(other *mutant) bool { return other.file == m.file })
		}
		last, good = m.file, good && m.fate != survived
	}
	row("all", func(*mutant) bool { return true })
	table.Flush()
	return good
}

func section(w io.Writer, title string, mutants []*mutant, of fate, why func(*mutant) string) {
	begun := false
	for _, m := range mutants {
		if m.fate != of {
			continue
		}
		if !begun {
			fmt.Fprintln(w, "== "+title)
			begun = true
		}
		fmt.Fprintf(w, "%s:%d: %s\n", m.file, m.line, m)
		if text := why(m); text != "" {
			fmt.Fprintln(w, "\t"+text)
		}
	}
}
