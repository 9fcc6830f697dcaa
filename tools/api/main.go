// Command api prints the exported API of the packages of the modules in some directories, sorted, one line
// for each name, so that a change of the API shows as a change of lines.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/importer"
	"go/token"
	"io"
	"log"
	"os"
	"os/exec"
	"path"
	"slices"
	"strings"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("api: ")
	if len(os.Args) < 2 {
		log.Fatal("usage: api DIRECTORY...")
	}
	var lines []string
	for _, dir := range os.Args[1:] {
		more, err := snapshot(dir)
		if err != nil {
			log.Fatal(err)
		}
		lines = append(lines, more...)
	}
	slices.Sort(lines)
	for _, line := range lines {
		fmt.Println(line)
	}
}

// listed is what the go command tells about a package; Export is the file with its compiled API.
type listed struct {
	ImportPath, Name, Export string
	GoFiles                  []string
	DepOnly                  bool
	Module                   struct{ Path string }
}

// public tells whether other modules can import p.
func (p listed) public() bool {
	return !p.DepOnly && p.Name != "main" && len(p.GoFiles) > 0 &&
		!slices.Contains(strings.Split(p.ImportPath, "/"), "internal")
}

// snapshot reads the API as the compiler exports it, so that types that are only inferred are known too.
func snapshot(dir string) ([]string, error) {
	packages, err := list(dir)
	if err != nil {
		return nil, err
	}
	exports := map[string]string{}
	for _, p := range packages {
		exports[p.ImportPath] = p.Export
	}
	imports := importer.ForCompiler(token.NewFileSet(), "gc", func(path string) (io.ReadCloser, error) {
		return os.Open(exports[path])
	})
	var lines []string
	for _, p := range packages {
		if !p.public() {
			continue
		}
		pkg, err := imports.Import(p.ImportPath)
		if err != nil {
			return nil, fmt.Errorf("import %s: %w", p.ImportPath, err)
		}
		name := strings.TrimPrefix(p.ImportPath, path.Dir(p.Module.Path)+"/")
		for _, line := range (describer{pkg}).lines() {
			lines = append(lines, name+": "+line)
		}
	}
	return lines, nil
}

func list(dir string) ([]listed, error) {
	cmd := exec.Command("go", "list", "-export", "-deps", "-json=ImportPath,Name,Export,GoFiles,DepOnly,Module", "./...")
	cmd.Dir, cmd.Stderr = dir, os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	var packages []listed
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		switch err := decoder.Decode(&p); {
		case errors.Is(err, io.EOF):
			return packages, nil
		case err != nil:
			return nil, fmt.Errorf("read go list: %w", err)
		}
		packages = append(packages, p)
	}
}
