package authjwt_test

import (
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// exportedFunc matches a function or method of the root package in api.txt: its type, if any, and its name.
var exportedFunc = regexp.MustCompile(`(?m)^authjwt: func (?:\(\*?(\w+)\) )?(\w+)[\[(]`)

// Every exported function and method has an Example, and every Example an output that is compared.
func TestExamples_Complete(t *testing.T) {
	api, err := os.ReadFile("api.txt")
	require.NoError(t, err)
	names, err := filepath.Glob("example*_test.go")
	require.NoError(t, err)
	var files []*ast.File
	for _, name := range names {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		require.NoError(t, err)
		files = append(files, file)
	}
	shown := map[string]bool{}
	for _, example := range doc.Examples(files...) {
		assert.NotEmpty(t, example.Output, "Example%s has no output", example.Name)
		shown[example.Name] = true
	}
	wanted := exportedFunc.FindAllStringSubmatch(string(api), -1)
	require.Equal(t, strings.Count(string(api), "\nauthjwt: func "), len(wanted))
	for _, function := range wanted {
		name := strings.TrimPrefix(function[1]+"_"+function[2], "_")
		assert.True(t, shown[name], "no Example%s", name)
	}
}

// README.md lists the examples that there are.
func TestExamples_InReadme(t *testing.T) {
	programs, err := filepath.Glob("_example/*/main.go")
	require.NoError(t, err)
	var wanted, listed []string
	for _, program := range programs {
		wanted = append(wanted, filepath.Base(filepath.Dir(program)))
	}
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	line := regexp.MustCompile(`(?m)^- \[_example\]\(_example\): ([^.]+)\.`).FindStringSubmatch(string(readme))
	require.NotNil(t, line)
	for _, name := range strings.Split(line[1], ", ") {
		listed = append(listed, strings.Trim(name, "`"))
	}
	assert.ElementsMatch(t, wanted, listed)
}
