// Command security writes the tables of docs/security.md: each attack and fault with the tests that carry its id,
// and the fuzz targets. It fails where a row has no test, or a test's id no row.
//
//	security [-w] DIRECTORY
//
// prints the page, or writes it.
package main

import (
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"
)

const page = "docs/security.md"

func main() {
	log.SetFlags(0)
	log.SetPrefix("security: ")
	write := flag.Bool("w", false, "write the page, instead of printing it")
	flag.Parse()
	if flag.NArg() != 1 {
		log.Fatal("usage: security [-w] DIRECTORY")
	}
	root := flag.Arg(0)
	tests, err := find(root)
	if err != nil {
		log.Fatal(err)
	}
	name := filepath.Join(root, page)
	text, err := os.ReadFile(name)
	if err != nil {
		log.Fatal(err)
	}
	filled, err := fill(string(text), tests)
	if err != nil {
		log.Fatal(err)
	}
	if *write {
		err = os.WriteFile(name, []byte(filled), 0o644)
	} else {
		_, err = os.Stdout.WriteString(filled)
	}
	if err != nil {
		log.Fatal(err)
	}
}

// fill puts the tables between their marks.
func fill(text string, tests []test) (string, error) {
	rows, err := attacks(tests)
	faulty, err2 := faultRows(tests)
	fuzz, err3 := targets(tests)
	if err := errors.Join(err, err2, err3); err != nil {
		return "", err
	}
	for _, part := range []struct{ name, lines string }{{"attacks", rows}, {"faults", faulty}, {"fuzz targets", fuzz}} {
		begin, end := "<!-- "+part.name+": made by make security -->\n", "<!-- end of "+part.name+" -->\n"
		before, rest, found := strings.Cut(text, begin)
		_, after, closed := strings.Cut(rest, end)
		if !found || !closed {
			return "", fmt.Errorf("%s: %q and %q must stand there, in this order", page, begin, end)
		}
		text = before + begin + "\n" + part.lines + "\n" + end + after
	}
	return text, nil
}

// attacks are the tables of the groups.
func attacks(tests []test) (string, error) {
	proofs := map[string][]test{}
	for _, t := range tests {
		for _, id := range t.ids {
			proofs[id] = append(proofs[id], t)
		}
	}
	var b strings.Builder
	var mistakes []error
	for _, g := range groups {
		fmt.Fprintf(&b, "### %s: %s\n\n| | Attack or fault | Named by | Outcome | Tests |\n|---|---|---|---|---|\n", g.letter, g.title)
		for _, r := range g.rows {
			if proofs[r.id] == nil {
				mistakes = append(mistakes, fmt.Errorf("%s has no test: name one Test%s_…", r.id, r.id))
			}
			fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", r.id, r.attack, r.authority, r.outcome, links(proofs[r.id]))
			delete(proofs, r.id)
		}
		b.WriteString("\n")
	}
	for id, of := range proofs {
		mistakes = append(mistakes, fmt.Errorf("%s names %s, which is no row", of[0].name, id))
	}
	return strings.TrimSuffix(b.String(), "\n"), errors.Join(mistakes...)
}

// faultRows are the faults of a shared store.
func faultRows(tests []test) (string, error) {
	byName := map[string]test{}
	for _, t := range tests {
		byName[t.name] = t
	}
	var b strings.Builder
	var mistakes []error
	b.WriteString("| Fault | Outcome | Tests |\n|---|---|---|\n")
	for _, f := range faults {
		var proofs []test
		for _, name := range f.tests {
			t, ok := byName[name]
			if !ok {
				mistakes = append(mistakes, fmt.Errorf("%s: there is no %s", f.fault, name))
			}
			proofs = append(proofs, t)
		}
		fmt.Fprintf(&b, "| %s | %s | %s |\n", f.fault, f.outcome, links(proofs))
	}
	return b.String(), errors.Join(mistakes...)
}

// targets are the fuzz targets, by what their comments say.
func targets(tests []test) (string, error) {
	var b strings.Builder
	var mistakes []error
	b.WriteString("| Target | |\n|---|---|\n")
	for _, t := range tests {
		if !strings.HasPrefix(t.name, "Fuzz") {
			continue
		}
		what, ok := strings.CutPrefix(t.doc, t.name+" ")
		if !ok {
			mistakes = append(mistakes, fmt.Errorf("%s: say in its comment what it holds", t.name))
		}
		fmt.Fprintf(&b, "| %s | %s |\n", links([]test{t}), what)
	}
	return b.String(), errors.Join(mistakes...)
}

// links name the tests without the ids, each with its file.
func links(tests []test) string {
	texts := make([]string, len(tests))
	for i, t := range tests {
		texts[i] = "[" + t.short() + "](../" + t.file + ")"
	}
	return strings.Join(texts, ", ")
}
