package main

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// alive is the file that tells the package which mutant is alive.
//
//go:embed alive.txt
var alive string

// A builder builds the tests of the package in dir with all mutants in it.
type builder struct {
	dir, work string
	sources   []*source
}

func (b *builder) mutants() (all []*mutant) {
	for _, s := range b.sources {
		all = append(all, s.mutants...)
	}
	return all
}

var complaint = regexp.MustCompile(`(?m)^(\S+?\.go):(\d+):\d+: `)

// build returns the test binary. Of what the compiler complains about, every mutant near is built alone, and left out if it
// is the one.
func (b *builder) build() (string, error) {
	binary := filepath.Join(b.work, "package.test")
	for {
		overlay, err := b.overlay(b.mutants())
		if err != nil {
			return "", err
		}
		out, err := b.compile(overlay, "build", "-gcflags=-e", "-o", os.DevNull, ".")
		if err == nil {
			if out, err = b.compile(overlay, "test", "-c", "-vet=off", "-o", binary, "."); err != nil {
				return "", fmt.Errorf("build the tests: %w\n%s", err, out)
			}
			return binary, nil
		}
		progress := false
		for _, m := range b.suspects(out) {
			if overlay, err = b.overlay([]*mutant{m}); err != nil {
				return "", err
			}
			if _, err := b.compile(overlay, "build", "-o", os.DevNull, "."); err != nil {
				m.fate, progress = unbuildable, true
			}
		}
		if !progress {
			return "", fmt.Errorf("build the mutants: %w\n%s", err, out)
		}
	}
}

func (b *builder) compile(overlay, command string, args ...string) ([]byte, error) {
	cmd := exec.Command("go", append([]string{command, "-overlay", overlay}, args...)...)
	cmd.Dir = b.dir
	return cmd.CombinedOutput()
}

// suspects are the mutants on the lines that the compiler names, or, as it misses a return at a function's end, in the function
// that ends there.
func (b *builder) suspects(complaints []byte) (found []*mutant) {
	for _, match := range complaint.FindAllSubmatch(complaints, -1) {
		line, _ := strconv.Atoi(string(match[2]))
		for _, s := range b.sources {
			if s.name != filepath.Base(string(match[1])) {
				continue
			}
			for _, m := range s.mutants {
				if m.fate != unbuildable && !slices.Contains(found, m) && (m.line == line || s.functionEnd(m.node) == line) {
					found = append(found, m)
				}
			}
		}
	}
	return found
}

func (s *source) functionEnd(within ast.Node) (line int) {
	ast.Inspect(s.file, func(n ast.Node) bool {
		switch n.(type) {
		case *ast.FuncDecl, *ast.FuncLit:
			if n.Pos() <= within.Pos() && within.End() <= n.End() {
				line = s.set.Position(n.End()).Line
			}
		}
		return true
	})
	return line
}

// overlay writes the files with the mutants in them, and the overlay of them all.
func (b *builder) overlay(mutants []*mutant) (string, error) {
	replace := map[string]string{}
	write := func(name string, text []byte) error {
		path := filepath.Join(b.work, name)
		replace[filepath.Join(b.dir, name)] = path
		return os.WriteFile(path, text, 0o644)
	}
	for _, s := range b.sources {
		if err := write(s.name, s.mutated(mutants)); err != nil {
			return "", err
		}
	}
	if err := write("mutants_alive.go", b.alive()); err != nil {
		return "", err
	}
	text, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	path := filepath.Join(b.work, "overlay.json")
	return path, errors.Join(err, os.WriteFile(path, text, 0o644))
}

func (b *builder) alive() []byte {
	return []byte(strings.NewReplacer("package alive", "package "+b.sources[0].file.Name.Name, "COUNT", strconv.Itoa(len(b.mutants()))).Replace(alive))
}

// An edit inserts text at an offset, or replaces an operator.
type edit struct {
	at, replaced int
	text         string
	nesting      int // where several are inserted: the outer begins first and ends last
}

// mutated returns the text of the file with those of the mutants in it that are its own.
func (s *source) mutated(mutants []*mutant) []byte {
	of := map[ast.Node][]*mutant{}
	for _, m := range mutants {
		if m.file == s.name && m.fate != unbuildable {
			of[m.node] = append(of[m.node], m)
		}
	}
	var edits []edit
	for node, here := range of {
		switch node := node.(type) {
		case *ast.BinaryExpr:
			edits = append(edits, s.condition(node, here)...)
		case *ast.IfStmt:
			edits = append(edits,
				edit{at: s.offset(node.Body.Lbrace) + 1, text: fmt.Sprintf(" if !mutantAlive(%d) {", here[0].id)},
				edit{at: s.offset(node.Body.Rbrace), text: "}"})
		}
	}
	slices.SortFunc(edits, func(a, b edit) int {
		if a.at != b.at {
			return a.at - b.at
		}
		return a.nesting - b.nesting
	})
	var out bytes.Buffer
	read := 0
	for _, e := range edits {
		out.Write(s.text[read:e.at])
		out.WriteString(e.text)
		read = e.at + e.replaced
	}
	out.Write(s.text[read:])
	return out.Bytes()
}

// condition returns the edits that make x op y
//
//   - for a negation, alive != (x op y);
//   - for a boundary, a function of both that knows the two operators;
//   - for && and ||, by De Morgan, alive != ((alive != x) op (alive != y)), which evaluates y when the other operator would.
func (s *source) condition(node *ast.BinaryExpr, mutants []*mutant) []edit {
	before, op, between, after := "", "", "", ""
	for _, m := range mutants {
		alive := fmt.Sprintf("mutantAlive(%d)", m.id)
		switch m.kind {
		case "boundary":
			name := map[token.Token]string{token.LSS: "Less", token.LEQ: "AtMost", token.GTR: "More", token.GEQ: "AtLeast"}[node.Op]
			before, op, after = before+fmt.Sprintf("mutant%s(%d, ", name, m.id), ",", ")"+after
		case "negation":
			before, after = "("+alive+" != ("+before, after+"))"
		case "logical":
			before, after = "("+alive+" != (("+alive+" != ("+before, after+"))))"
			op, between = ")) "+node.Op.String(), " ("+alive+" != ("
		}
	}
	if op == "" {
		op = node.Op.String()
	}
	from, to := s.offset(node.Pos()), s.offset(node.End())
	return []edit{
		{at: from, text: before, nesting: -(to - from)},
		{at: s.offset(node.OpPos), replaced: len(node.Op.String()), text: op, nesting: len(s.text)}, // after all that ends there
		{at: s.offset(node.Y.Pos()), text: between, nesting: -(to - from)},                          // before what Y itself begins with
		{at: to, text: after, nesting: to - from},
	}
}
