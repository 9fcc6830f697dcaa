package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// A test is a test or fuzz target; doc is its comment.
type test struct {
	name, file, doc string
	ids             []string
}

var idsOfName = regexp.MustCompile(`^(?:Test|Fuzz)((?:[A-Z][0-9]{2}_)+)`)

func (t test) short() string {
	return strings.TrimPrefix(idsOfName.ReplaceAllString(t.name, ""), "Test")
}

// find reads the tests of all modules under root, sorted by file.
func find(root string) ([]test, error) {
	var tests []test
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := entry.Name()
		if entry.IsDir() && path != root && (strings.HasPrefix(name, ".") || name == "testdata" || name == "node_modules") {
			return fs.SkipDir
		}
		if entry.IsDir() || !strings.HasSuffix(name, "_test.go") {
			return nil
		}
		file, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		found, err := testsOf(filepath.ToSlash(file), path, nil)
		tests = append(tests, found...)
		return err
	})
	slices.SortStableFunc(tests, func(a, b test) int { return strings.Compare(a.file, b.file) })
	return tests, err
}

// testsOf reads one file, as parser.ParseFile does.
func testsOf(file, path string, source any) ([]test, error) {
	parsed, err := parser.ParseFile(token.NewFileSet(), path, source, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	var tests []test
	for _, declaration := range parsed.Decls {
		f, ok := declaration.(*ast.FuncDecl)
		if !ok || f.Recv != nil || f.Name.Name == "TestMain" || !strings.HasPrefix(f.Name.Name, "Test") && !strings.HasPrefix(f.Name.Name, "Fuzz") {
			continue
		}
		t := test{name: f.Name.Name, file: file, doc: strings.Join(strings.Fields(f.Doc.Text()), " ")}
		if ids := idsOfName.FindStringSubmatch(t.name); ids != nil {
			t.ids = strings.Split(strings.TrimSuffix(ids[1], "_"), "_")
		}
		tests = append(tests, t)
	}
	return tests, nil
}
