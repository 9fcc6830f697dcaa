package ginjwt

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	jwt "github.com/appleboy/gin-jwt/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func readPage(t *testing.T) string {
	t.Helper()
	page, err := os.ReadFile("../../docs/migrate-gin-jwt.md")
	require.NoError(t, err)
	return string(page)
}

func sectionOf(t *testing.T, heading string) string {
	t.Helper()
	_, section, found := strings.Cut(readPage(t), "\n## "+heading+"\n")
	require.True(t, found, heading)
	section, _, _ = strings.Cut(section, "\n## ")
	return section
}

// tableRows are the cells of the rows below each head of this kind.
func tableRows(t *testing.T, section string, head ...string) (rows [][]string) {
	t.Helper()
	for line := range strings.Lines(section) {
		if !strings.HasPrefix(line, "| ") {
			continue
		}
		cells := strings.Split(strings.Trim(line, "| \n"), " | ")
		require.Len(t, cells, len(head), line)
		if cells[0] != head[0] {
			rows = append(rows, cells)
		}
	}
	require.NotEmpty(t, rows)
	return rows
}

// exported are the names of gin-jwt as the page writes them: jwt.X of the package, jwt.X() for a function, X() for a
// method, X for a field.
func exported(t *testing.T) (names []string) {
	t.Helper()
	dir, err := exec.Command("go", "list", "-f", "{{.Dir}}", "github.com/appleboy/gin-jwt/v2").Output()
	require.NoError(t, err)
	files, err := filepath.Glob(filepath.Join(strings.TrimSpace(string(dir)), "*.go"))
	require.NoError(t, err)
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		for _, decl := range parsed.Decls {
			switch d := decl.(type) {
			case *ast.FuncDecl:
				name := d.Name.Name + "()"
				if d.Recv == nil {
					name = "jwt." + name
				}
				names = append(names, name)
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					names = append(names, specNames(spec)...)
				}
			}
		}
	}
	return slices.DeleteFunc(names, func(name string) bool { return !ast.IsExported(strings.TrimPrefix(name, "jwt.")) })
}

func specNames(spec ast.Spec) (names []string) {
	switch s := spec.(type) {
	case *ast.ValueSpec:
		for _, name := range s.Names {
			names = append(names, "jwt."+name.Name)
		}
	case *ast.TypeSpec:
		names = append(names, "jwt."+s.Name.Name)
		if fields, ok := s.Type.(*ast.StructType); ok {
			for _, f := range fields.Fields.List {
				for _, name := range f.Names {
					names = append(names, name.Name)
				}
			}
		}
	}
	return names
}

// Every exported field, function, method and variable of gin-jwt has its row, and no row is about another.
func TestPage_Names(t *testing.T) {
	names := exported(t)
	for field := range reflect.TypeFor[jwt.GinJWTMiddleware]().Fields() { // the parser has missed none
		if field.IsExported() {
			assert.Contains(t, names, field.Name)
		}
	}
	for method := range reflect.TypeFor[*jwt.GinJWTMiddleware]().Methods() {
		assert.Contains(t, names, method.Name+"()")
	}
	var rows []string
	for _, cells := range tableRows(t, sectionOf(t, "Field by field"), "gin-jwt", "Here") {
		for _, name := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(cells[0], -1) {
			rows = append(rows, name[1])
		}
	}
	assert.ElementsMatch(t, names, rows)
}

// The page's Go is page_test.go, block by block, which these tests run.
func TestPage_Code(t *testing.T) {
	source, err := os.ReadFile("page_test.go")
	require.NoError(t, err)
	_, code, found := strings.Cut(string(source), "\n)\n\n")
	require.True(t, found)
	var blocks []string
	for _, block := range regexp.MustCompile("(?ms)^```go\n(.*?)^```$").FindAllStringSubmatch(readPage(t), -1) {
		blocks = append(blocks, block[1])
	}
	require.NotEmpty(t, blocks)
	assert.Equal(t, code, strings.Join(blocks, "\n"))
}

// The page is about the version that these tests ask.
func TestPage_Version(t *testing.T) {
	module, err := os.ReadFile("../go.mod")
	require.NoError(t, err)
	version := regexp.MustCompile(`gin-jwt/v2 (v\S+)`).FindSubmatch(module)
	require.NotNil(t, version)
	assert.Contains(t, readPage(t), string(version[1]))
}
