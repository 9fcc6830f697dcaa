package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const fixtureExplanations = `# The mutants of the fixture.

fixture.go check: boundary: len(word) > 8
	A comment
	of two lines.

fixture.go check: boundary: n > most
	It is killed.

fixture.go gone: deletion: if gone
	The function is no more.

other.go check: boundary: n > most
	Its file is not looked at.
`

func TestJudge(t *testing.T) {
	path := filepath.Join(t.TempDir(), "explained.txt")
	if err := os.WriteFile(path, []byte(fixtureExplanations), 0o600); err != nil {
		t.Fatal(err)
	}
	before := fixtureText(t)
	mutants, stale, err := judge("testdata/fixture", []string{"fixture.go"}, path)
	if err != nil {
		t.Fatal(err)
	}
	if fixtureText(t) != before {
		t.Error("the fixture has changed")
	}

	want := map[string]fate{
		"check: deletion: if n > most": killed, "check: negation: n > most": killed, "check: boundary: n > most": killed,
		"check: deletion: if word == \"\" && n != 0 || word == \"no\"": killed,
		"check: logical: word == \"\" && n != 0 || word == \"no\"":     killed,
		"check: logical: word == \"\" && n != 0":                       killed,
		"check: negation: word == \"\"":                                killed,
		"check: negation: n != 0":                                      killed,
		"check: negation: word == \"no\"":                              killed,
		"check: deletion: if len(word) > 8":                            killed,
		"check: negation: len(word) > 8":                               killed,
		"check: boundary: len(word) > 8":                               explained,
		"known: deletion: if s == \"maybe\"":                           survived, // whether or not, it is not known
		"known: negation: s == \"maybe\"":                              killed,
		"known: negation: s == \"yes\"":                                killed,
		"only: deletion: if b":                                         unbuildable,
		"loop: boundary: i < n":                                        killed,
		"loop: negation: i < n":                                        killed,
		"loop: negation: i == n":                                       survived,
		"loop: negation: i == n #2":                                    killed,
	}
	for _, m := range mutants {
		name := strings.TrimPrefix(m.String(), "fixture.go ")
		if fate, ok := want[name]; !ok || fate != m.fate {
			t.Errorf("%s: fate %d, killed by %q; wanted %d, %t", name, m.fate, m.killer, fate, ok)
		}
		delete(want, name)
		if (m.fate == killed) != (m.killer != "") || m.fate == explained && m.why != "A comment of two lines." {
			t.Errorf("%s: killed by %q, explained by %q", name, m.killer, m.why)
		}
	}
	for name := range want {
		t.Errorf("missing: %s", name)
	}
	if len(stale) != 2 || stale[0].mutant != "fixture.go check: boundary: n > most" || stale[1].mutant != "fixture.go gone: deletion: if gone" {
		t.Errorf("stale: %q", stale)
	}
}

func fixtureText(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("testdata/fixture/fixture.go")
	if err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir("testdata/fixture")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		text = append(text, e.Name()...)
	}
	return string(text)
}

func TestReport(t *testing.T) {
	dead := &mutant{file: "a.go", function: "f", kind: "negation", code: "x == y", line: 3, fate: killed, killer: "TestF"}
	odd := &mutant{file: "b.go", function: "g", kind: "deletion", code: "if x", line: 4, fate: unbuildable}
	same := &mutant{file: "b.go", function: "g", kind: "boundary", code: "x < y", line: 5, fate: explained, why: "It is the same."}
	alive := &mutant{file: "b.go", function: "g", kind: "logical", code: "x && y", line: 6, reachedBy: make([]*test, 7)}
	for _, row := range []struct {
		name    string
		mutants []*mutant
		stale   []explanation
		good    bool
		says    []string
	}{
		{"good", []*mutant{dead, odd, same}, nil, true, []string{"b.go:4: b.go g: deletion: if x\n", "b.go:5: b.go g: boundary: x < y\n\tIt is the same.\n", "3       1          1          1         0  all\n"}},
		{"survivor", []*mutant{dead, alive}, nil, false, []string{"== SURVIVED\nb.go:6: b.go g: logical: x && y\n\t7 tests get there\n", "1       0          0          0         1  b.go\n"}},
		{"stale", []*mutant{dead}, []explanation{{"a.go f: negation: x == y", "no"}}, false, []string{"== STALE", "\na.go f: negation: x == y\n"}},
	} {
		var out strings.Builder
		if good := report(&out, row.mutants, row.stale, false); good != row.good {
			t.Errorf("%s: %t", row.name, good)
		}
		for _, text := range row.says {
			if !strings.Contains(out.String(), text) {
				t.Errorf("%s: %q is not in\n%s", row.name, text, out.String())
			}
		}
	}
	var out strings.Builder
	if report(&out, []*mutant{dead}, nil, true); !strings.Contains(out.String(), "a.go:3: a.go f: negation: x == y\n\tby TestF\n") {
		t.Errorf("verbose: %s", out.String())
	}
}

func TestExplanations_Mistakes(t *testing.T) {
	for text, want := range map[string]string{
		"a.go f: boundary: x < y\n": "no reason",
		"\twhy\n":                   ":1: explains nothing",
		"a.go f: x\n\twhy\n\na.go f: x\n\twhy not\n":     "explains twice",
		"# a comment\na.go f: boundary: x < y\n# no\n\n": "no reason",
	} {
		path := filepath.Join(t.TempDir(), "explained.txt")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := readExplanations(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// What fails without any mutant judges none.
func TestJudge_FailingTests(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"go.mod": "module broken\n\ngo 1.26.0\n", "a.go": "package broken\n\nfunc f(x int) bool { return x == 1 }\n",
		"a_test.go": "package broken\n\nimport \"testing\"\n\nfunc TestF(t *testing.T) { t.Fatal(f(1)) }\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := judge(dir, []string{"a.go"}, ""); err == nil || !strings.Contains(err.Error(), "TestF fails with no mutant alive") {
		t.Error(err)
	}
}
