package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// A test is a top-level test, example or fuzz target with its seeds.
type test struct {
	name string
	took time.Duration
}

// A runner runs the test binary, in the package's directory.
type runner struct {
	dir, work, binary string
	tests             []*test
	leftOut           []string // tests, for they fail at times
}

// run runs some tests. Some mutants wait or loop for ever, and some of these eat memory: both are bounded.
func (r *runner) run(env string, tests []*test) ([]byte, error) {
	names := make([]string, len(tests))
	limit := 20 * time.Second
	for i, t := range tests {
		names[i] = regexp.QuoteMeta(t.name)
		limit += 20 * t.took
		if t.took == 0 { // it was never run
			limit += 5 * time.Minute
		}
	}
	cmd := exec.Command("sh", "-c", `ulimit -v 8388608 2>/dev/null; exec "$0" "$@"`, r.binary,
		"-test.short", "-test.failfast", "-test.timeout="+limit.String(), "-test.run=^("+strings.Join(names, "|")+")$")
	cmd.Dir, cmd.Env = r.dir, append(os.Environ(), env)
	return cmd.CombinedOutput()
}

// record runs each test by itself with no mutant alive, and notes which mutants it reaches and how long it takes. A test that fails
// but once, as on a busy machine, could not be believed: it is left out.
func (r *runner) record(mutants []*mutant) error {
	cmd := exec.Command(r.binary, "-test.list=.")
	cmd.Dir = r.dir
	list, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("list the tests: %w", err)
	}
	for _, name := range strings.Fields(string(list)) {
		if !strings.HasPrefix(name, "Benchmark") {
			r.tests = append(r.tests, &test{name: name})
		}
	}
	byID := map[string]*mutant{}
	for _, m := range mutants {
		byID[strconv.Itoa(m.id)] = m
	}
	var lock sync.Mutex
	var failures []error
	inParallel(r.tests, func(t *test) {
		reached := filepath.Join(r.work, t.name+".reached")
		start := time.Now()
		out, err := r.run("MUTANTS_REACHED="+reached, []*test{t})
		t.took = time.Since(start)
		ids, _ := os.ReadFile(reached) // there is none if it reaches none
		unreliable := err != nil
		if unreliable {
			out, err = r.run("MUTANT=0", []*test{t})
		}
		lock.Lock()
		defer lock.Unlock()
		switch {
		case err != nil:
			failures = append(failures, fmt.Errorf("%s fails with no mutant alive: %w\n%s", t.name, err, out))
		case unreliable:
			r.leftOut = append(r.leftOut, t.name)
			return
		}
		for _, id := range strings.Fields(string(ids)) {
			byID[id].reachedBy = append(byID[id].reachedBy, t)
		}
	})
	for _, m := range mutants {
		slices.SortFunc(m.reachedBy, func(a, b *test) int { return cmp.Or(cmp.Compare(a.took, b.took), cmp.Compare(a.name, b.name)) })
	}
	return errors.Join(failures...)
}

// killAll runs against each mutant the tests that reach it. What fails has to fail again, by itself: tests may fail at times.
func (r *runner) killAll(mutants []*mutant) {
	inParallel(mutants, func(m *mutant) {
		if m.fate == unbuildable {
			return
		}
		for rest, budget := m.reachedBy, 300*time.Millisecond; len(rest) > 0 && m.fate == survived; budget *= 4 {
			n, sum := 0, time.Duration(0)
			for n < len(rest) && (n == 0 || sum+rest[n].took <= budget) {
				sum += rest[n].took
				n++
			}
			alive, batch := fmt.Sprintf("MUTANT=%d", m.id), rest[:n]
			out, err := r.run(alive, batch)
			if err == nil {
				rest = rest[n:]
				continue
			}
			m.killer = killer(out)
			if at := slices.IndexFunc(batch, func(t *test) bool { return t.name == m.killer }); at >= 0 {
				if _, err = r.run(alive, batch[at:at+1]); err == nil {
					log.Printf("%s: %s has failed, and then passed: it does not count\n%s", m, m.killer, out)
					m.killer, rest = "", slices.Delete(slices.Clone(rest), at, at+1)
					continue
				}
			}
			m.fate = killed
		}
	})
}

var failed = regexp.MustCompile(`(?m)^--- FAIL: (\S+)`)

// killer names the test that failed; there is none where the process died.
func killer(out []byte) string {
	if match := failed.FindSubmatch(out); match != nil {
		return string(match[1])
	}
	for line := range bytes.Lines(out) {
		if bytes.HasPrefix(line, []byte("panic: ")) || bytes.HasPrefix(line, []byte("fatal error: ")) {
			return string(bytes.TrimSpace(line))
		}
	}
	return "the process ended"
}

func inParallel[T any](all []T, do func(T)) {
	queue := make(chan T)
	var workers sync.WaitGroup
	for range runtime.NumCPU() {
		workers.Go(func() {
			for one := range queue {
				do(one)
			}
		})
	}
	for _, one := range all {
		queue <- one
	}
	close(queue)
	workers.Wait()
}
