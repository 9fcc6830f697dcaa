// Command mutants changes the conditions of some files of a package, one at a time, and tells which changes no
// test notices:
//
//	mutants [-explained FILE] [-v] DIRECTORY FILE...
//
// What gremlins finds in the files, as CONDITIONALS_BOUNDARY, CONDITIONALS_NEGATION and INVERT_LOGICAL, and every if
// that refuses, with its body taken out, is a mutant. Building a test binary for each takes ten times as long as
// its tests do. So all are built into one, by an overlay, and the environment says which is alive; the directory
// stays as it is. Each test runs once by itself, to learn which mutants it reaches; then each mutant meets
// the tests that reach it, the quickest first, until one fails.
//
// It succeeds if every mutant is killed, is explained in FILE, or does not build, and FILE explains nothing else.
package main

import (
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"time"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("mutants: ")
	explained := flag.String("explained", "", "the file that explains survivors")
	verbose := flag.Bool("v", false, "print what became of every mutant")
	flag.Parse()
	if flag.NArg() < 2 {
		log.Fatal("usage: mutants [-explained FILE] [-v] DIRECTORY FILE...")
	}
	start := time.Now()
	mutants, stale, err := judge(flag.Arg(0), flag.Args()[1:], *explained)
	if err != nil {
		log.Fatal(err)
	}
	good := report(os.Stdout, mutants, stale, *verbose)
	fmt.Printf("%s\n", time.Since(start).Round(time.Second))
	if !good {
		os.Exit(1)
	}
}

// judge makes the mutants of the files and finds what becomes of each, and the explanations that explain none.
func judge(dir string, files []string, explained string) ([]*mutant, []explanation, error) {
	var explanations []explanation
	if explained != "" {
		var err error
		if explanations, err = readExplanations(explained); err != nil {
			return nil, nil, err
		}
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, nil, err
	}
	work, err := os.MkdirTemp("", "mutants-")
	if err != nil {
		return nil, nil, err
	}
	defer os.RemoveAll(work)

	sources, err := find(dir, files, work)
	if err != nil {
		return nil, nil, err
	}
	b := &builder{dir: dir, work: work, sources: sources}
	binary, err := b.build()
	if err != nil {
		return nil, nil, err
	}
	r := &runner{dir: dir, work: work, binary: binary}
	if err := r.record(b.mutants()); err != nil {
		return nil, nil, err
	}
	for _, name := range r.leftOut {
		log.Printf("%s has failed with no mutant alive, and then passed: it kills none", name)
	}
	r.killAll(b.mutants())
	return b.mutants(), explain(b.mutants(), explanations, files), nil
}
