package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// A mutant is one change of one file.
type mutant struct {
	id             int // from 1
	file, function string
	kind           string // boundary, negation or logical, of node; or deletion, of the body of node
	code           string // of the condition, on one line
	line           int
	node           ast.Node // an *ast.BinaryExpr or an *ast.IfStmt

	reachedBy []*test
	fate      fate
	killer    string // the test
	why       string // the explanation
}

type fate int

const (
	survived fate = iota
	killed
	explained
	unbuildable
)

func (m *mutant) String() string { return m.file + " " + m.function + ": " + m.kind + ": " + m.code }

// A source is a file with its mutants.
type source struct {
	name    string
	text    []byte
	set     *token.FileSet
	file    *ast.File
	mutants []*mutant
}

// kinds are gremlins' names for what is asked of it.
var kinds = map[string]string{"CONDITIONALS_BOUNDARY": "boundary", "CONDITIONALS_NEGATION": "negation", "INVERT_LOGICAL": "logical"}

// find parses the files and finds their mutants.
func find(dir string, files []string, work string) ([]*source, error) {
	var sources []*source
	for _, name := range files {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return nil, err
		}
		s := &source{name: name, text: text, set: token.NewFileSet()}
		if s.file, err = parser.ParseFile(s.set, name, text, parser.ParseComments); err != nil {
			return nil, err
		}
		sources = append(sources, s)
	}
	conditions, err := gremlins(sources, filepath.Join(work, "gremlins"))
	if err != nil {
		return nil, err
	}
	id := 0
	for _, s := range sources {
		s.find(conditions[s.name])
		seen := map[string]int{}
		for _, m := range s.mutants {
			id++
			m.id = id
			if seen[m.String()]++; seen[m.String()] > 1 {
				m.code += fmt.Sprintf(" #%d", seen[m.String()])
			}
		}
	}
	return sources, nil
}

// A place is where gremlins found something: of an operator.
type place struct{ line, column int }

// gremlins asks gremlins what there is to mutate in the files: for a moment they are the test data of a module of their own, for it
// knows no way to name the files that it is to look at.
func gremlins(sources []*source, dir string) (map[string]map[place][]string, error) {
	data := filepath.Join(dir, "testdata")
	if err := os.MkdirAll(data, 0o755); err != nil {
		return nil, err
	}
	written := map[string][]byte{"go.mod": []byte("module listed\n"), "listed.go": []byte("package listed\n")}
	for _, s := range sources {
		written[filepath.Join("testdata", s.name)] = s.text
	}
	for name, text := range written {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
			return nil, err
		}
	}
	out, err := exec.Command("go", "tool", "-n", "gremlins").Output()
	if err != nil {
		return nil, fmt.Errorf("find gremlins, in the module tools: %w", err)
	}
	cmd := exec.Command(strings.TrimSpace(string(out)), "unleash", "--dry-run", "--output", "found.json",
		"--conditionals-boundary", "--conditionals-negation", "--invert-logical",
		"--arithmetic-base=false", "--increment-decrement=false", "--invert-negatives=false")
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "GOWORK=off", "GOFLAGS=")
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("gremlins: %w\n%s", err, out)
	}
	text, err := os.ReadFile(filepath.Join(dir, "found.json"))
	if err != nil {
		return nil, fmt.Errorf("gremlins found nothing: %w", err)
	}
	var found struct {
		Files []struct {
			Name      string `json:"file_name"`
			Mutations []struct {
				Type         string
				Line, Column int
			}
		}
	}
	if err := json.Unmarshal(text, &found); err != nil {
		return nil, fmt.Errorf("read what gremlins found: %w", err)
	}
	places := map[string]map[place][]string{}
	for _, f := range found.Files {
		of := map[place][]string{}
		for _, m := range f.Mutations {
			of[place{m.Line, m.Column}] = append(of[place{m.Line, m.Column}], kinds[m.Type])
		}
		places[filepath.Base(f.Name)] = of
	}
	return places, nil
}

// find collects the mutants of a file, in the order of its text.
func (s *source) find(conditions map[place][]string) {
	for _, decl := range s.file.Decls {
		function, ok := decl.(*ast.FuncDecl)
		name := "var"
		if ok {
			name = s.nameOf(function)
		}
		var types []*ast.FuncType // of the functions around a node
		ast.PreorderStack(decl, nil, func(n ast.Node, stack []ast.Node) bool {
			switch n := n.(type) {
			case *ast.BinaryExpr:
				p := s.set.Position(n.OpPos)
				found := conditions[place{p.Line, p.Column}]
				slices.Sort(found)
				for _, kind := range found {
					s.add(name, kind, n, s.code(n.Pos(), n.End()), p.Line)
				}
			case *ast.IfStmt:
				types = types[:0]
				for _, around := range stack {
					switch around := around.(type) {
					case *ast.FuncDecl:
						types = append(types, around.Type)
					case *ast.FuncLit:
						types = append(types, around.Type)
					}
				}
				if len(types) > 0 && refuses(n.Body, types[len(types)-1]) {
					s.add(name, "deletion", n, s.code(n.Pos(), n.Body.Pos()), s.set.Position(n.Pos()).Line)
				}
			}
			return true
		})
	}
}

func (s *source) add(function, kind string, node ast.Node, code string, line int) {
	s.mutants = append(s.mutants, &mutant{file: s.name, function: function, kind: kind, node: node, code: code, line: line})
}

func (s *source) code(from, to token.Pos) string {
	return string(bytes.Join(bytes.Fields(s.text[s.offset(from):s.offset(to)]), []byte(" ")))
}

func (s *source) offset(p token.Pos) int { return s.set.Position(p).Offset }

func (s *source) nameOf(f *ast.FuncDecl) string {
	if f.Recv == nil {
		return f.Name.Name
	}
	return strings.TrimPrefix(s.code(f.Recv.List[0].Type.Pos(), f.Recv.List[0].Type.End()), "*") + "." + f.Name.Name
}

// refuses tells whether a body ends in a return whose last value, an error or a bool, is not the good one.
func refuses(body *ast.BlockStmt, function *ast.FuncType) bool {
	if len(body.List) == 0 || function.Results == nil {
		return false
	}
	ret, ok := body.List[len(body.List)-1].(*ast.ReturnStmt)
	if !ok || len(ret.Results) == 0 {
		return false
	}
	results := function.Results.List
	typ := results[len(results)-1].Type
	if pointer, ok := typ.(*ast.StarExpr); ok {
		typ = pointer.X
	}
	kind, ok := typ.(*ast.Ident)
	value, named := ret.Results[len(ret.Results)-1].(*ast.Ident)
	switch {
	case !ok:
		return false
	case kind.Name == "bool":
		return !named || value.Name != "true"
	case kind.Name == "error" || kind.Name == "Error" || kind.Name == "failure":
		return !named || value.Name != "nil"
	}
	return false
}
