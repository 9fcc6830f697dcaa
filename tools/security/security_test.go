package main

import (
	"slices"
	"strings"
	"testing"
)

// repository is the root of the repository, seen from here.
const repository = "../.."

func repositoryTests(t *testing.T) []test {
	t.Helper()
	tests, err := find(repository)
	if err != nil {
		t.Fatal(err)
	}
	return tests
}

const marks = `before
<!-- attacks: made by make security -->
old
<!-- end of attacks -->
<!-- faults: made by make security -->
<!-- end of faults -->
<!-- fuzz targets: made by make security -->
<!-- end of fuzz targets -->
after
`

func TestFill(t *testing.T) {
	tests := repositoryTests(t)
	filled, err := fill(marks, tests)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"before\n", "\nafter\n", "| J08 | `crit` in 11 shapes", "[Crit](../jose_test.go)", "](../jwks/", "](../redisstore/", "](../_example/webapp/", "| [FuzzVerify](../"} {
		if !strings.Contains(filled, want) {
			t.Errorf("%q is missing", want)
		}
	}
	if strings.Contains(filled, "\nold\n") {
		t.Error("what stood there is still there")
	}
	if again, err := fill(filled, tests); err != nil || again != filled {
		t.Errorf("the second time it is another page: %v", err)
	}
}

// without is the tests but those of a name.
func without(tests []test, part string) (others []test) {
	for _, t := range tests {
		if !strings.Contains(t.name, part) {
			others = append(others, t)
		}
	}
	return others
}

func TestFill_Mistakes(t *testing.T) {
	tests := repositoryTests(t)
	for name, row := range map[string]struct {
		text, want string
		tests      []test
	}{
		"a row without test":   {marks, "J08 has no test: name one TestJ08_…", without(tests, "J08_")},
		"another row":          {marks, "C05 has no test", without(tests, "C05_")},
		"a test without row":   {marks, "TestX01_Odd names X01, which is no row", append(slices.Clip(tests), test{name: "TestX01_Odd", ids: []string{"X01"}})},
		"a fault without test": {marks, "there is no TestS03_RedisHangs", without(tests, "RedisHangs")},
		"a bare target":        {marks, "FuzzOdd: say in its comment", append(slices.Clip(tests), test{name: "FuzzOdd"})},
		"no begin":             {strings.Replace(marks, "<!-- faults", "<!-- fault", 1), "must stand there", tests},
		"no end":               {strings.Replace(marks, "<!-- end of attacks -->", "", 1), "must stand there", tests},
	} {
		if _, err := fill(row.text, row.tests); err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTestsOf(t *testing.T) {
	tests, err := testsOf("a_test.go", "a_test.go", `package a
// TestMain is none.
func TestMain(m *testing.M) {}
func TestJ08_Crit(t *testing.T) {}
func TestC12_C13_Vectors(t *testing.T) {}
func TestJ8_No(t *testing.T) {}
func (s suite) TestB01_Method(t *testing.T) {}
// FuzzA holds b to
// c. It is slow.
func FuzzA(f *testing.F) {}
func helper() {}
`)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, found := range tests {
		got = append(got, found.name+"="+found.short()+"="+strings.Join(found.ids, "+")+"="+found.doc)
	}
	want := "TestJ08_Crit=Crit=J08= TestC12_C13_Vectors=Vectors=C12+C13= TestJ8_No=J8_No== FuzzA=FuzzA==FuzzA holds b to c. It is slow."
	if strings.Join(got, " ") != want {
		t.Errorf("got %q, want %q", strings.Join(got, " "), want)
	}
	if _, err := testsOf("a_test.go", "a_test.go", "package"); err == nil {
		t.Error("a file that cannot be read is passed over")
	}
}

func TestGroups(t *testing.T) {
	last, n := "", 0
	for _, g := range groups {
		for i, r := range g.rows {
			n++
			if !strings.HasPrefix(r.id, g.letter) || i > 0 && r.id <= last {
				t.Errorf("%s does not stand in its place", r.id)
			}
			for _, text := range []string{r.attack, r.authority, r.outcome} {
				if text == "" || strings.ContainsAny(text, "|\n") {
					t.Errorf("%s: %q", r.id, text)
				}
			}
			last = r.id
		}
	}
	if n != 116 {
		t.Errorf("%d rows", n)
	}
}
