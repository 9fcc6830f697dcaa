package authjwt

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A declared failure is one as the source spells it; its detail is empty where names of the settings
// are put into it.
type declared struct {
	reason, status, fastAPI, bearer, code, detail string
}

// declaredFailures finds every failure the package can answer with.
func declaredFailures(t *testing.T) (all []declared) {
	t.Helper()
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		require.NoError(t, err)
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncDecl: // the two that make failures of their arguments
				return n.Name.Name != "badToken" && n.Name.Name != "missingToken"
			case *ast.CompositeLit:
				if named(n.Type, "failure") {
					f := n.Elts
					require.Len(t, f, 7, "%s: name all fields of a failure, in order", name)
					all = append(all, declared{spelled(f[0]), spelled(f[2]), spelled(f[3]), spelled(f[4]), spelled(f[5]), spelled(f[6])})
				}
			case *ast.CallExpr:
				switch {
				case named(n.Fun, "badToken"):
					all = append(all, declared{"ErrJWTDecode", "401", "422", "invalid_token", spelled(n.Args[0]), spelled(n.Args[1])})
				case named(n.Fun, "missingToken"):
					all = append(all, declared{"ErrMissingToken", "401", "401", "", "missing_token", spelled(n.Args[0])})
				}
			}
			return true
		})
	}
	return all
}

func named(e ast.Expr, name string) bool {
	id, ok := e.(*ast.Ident)
	return ok && id.Name == name
}

// spelled is the value of a literal, or the name of a variable that holds a reason; else empty.
func spelled(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		if text, err := strconv.Unquote(e.Value); err == nil {
			return text
		}
		return e.Value
	case *ast.Ident:
		if strings.HasPrefix(e.Name, "Err") {
			return e.Name
		}
	}
	return ""
}

func TestDocs_ErrorCodes(t *testing.T) {
	type code struct{ status, fastAPI, fastJWT, reasons string }
	expected := map[string]code{}
	var bearer []string
	for _, f := range declaredFailures(t) {
		require.NotEmpty(t, f.code, "a code is spelled out: %v", f)
		c, known := expected[f.code]
		if known {
			assert.Equal(t, code{f.status, f.fastAPI, f.fastJWT().status, c.reasons}, c, "%s has two meanings", f.code)
		}
		if !slices.Contains(strings.Fields(c.reasons), f.reason) {
			c.reasons = strings.TrimSpace(f.reason + " " + c.reasons)
		}
		expected[f.code] = code{f.status, f.fastAPI, f.fastJWT().status, c.reasons}
		if f.bearer == "invalid_token" && !slices.Contains(bearer, f.code) {
			bearer = append(bearer, f.code)
		}
	}
	documented := map[string]code{}
	var order []string
	for _, row := range tableRows(t, "docs/errors.md", "Codes") {
		require.Len(t, row, 7, row[0])
		assert.NotContains(t, documented, row[0], "two rows")
		documented[row[0]] = code{row[1], row[2], row[3], row[4]}
		assert.NotEmpty(t, row[5], "what happened: %s", row[0])
		assert.NotEmpty(t, row[6], "what the client does: %s", row[0])
		order = append(order, row[0])
	}
	assert.Equal(t, expected, documented)
	first, last := slices.Index(order, "token_expired"), slices.Index(order, "refresh_token_required")
	assert.ElementsMatch(t, bearer, order[first:last+1], "the codes with invalid_token stand together")
}

// A fastJWT is what a failure is told as in the FastJWT style; without message it is told in its detail.
type fastJWT struct{ class, status, message string }

func (d declared) fastJWT() fastJWT {
	f := &failure{reason: documentedReasons[d.reason], code: d.code, detail: d.detail}
	f.fastAPI, _ = strconv.Atoi(d.fastAPI)
	if d.detail == failAudience.detail {
		f = failAudience
	}
	m := &Manager{settings: Settings{DecodeAudience: []string{"us"}}}
	status, message := m.inFastJWT(f)
	if message == d.detail {
		message = ""
	}
	return fastJWT{fastJWTName(f.error(nil)), strconv.Itoa(status), message}
}

func TestDocs_FastJWT(t *testing.T) {
	type class struct{ statuses, messages, reasons []string }
	add := func(list []string, s string) []string {
		if s == "" || slices.Contains(list, s) {
			return list
		}
		return slices.Sorted(slices.Values(append(list, s)))
	}
	expected, documented := map[string]class{}, map[string]class{}
	for _, d := range declaredFailures(t) {
		require.Contains(t, documentedReasons, d.reason)
		told := d.fastJWT()
		c := expected[told.class]
		expected[told.class] = class{add(c.statuses, told.status), add(c.messages, told.message), add(c.reasons, d.reason)}
	}
	text, err := os.ReadFile("docs/errors.md")
	require.NoError(t, err)
	for _, row := range tableRows(t, "docs/errors.md", "FastJWT") {
		require.Len(t, row, 4, row[0])
		assert.NotContains(t, documented, row[0], "two rows")
		c := class{statuses: strings.Split(row[1], ", ")}
		for _, message := range expected[row[0]].messages { // they have blanks in them
			if assert.Contains(t, string(text), "`"+message+"`") && strings.Contains(row[2], message) {
				c.messages, row[2] = add(c.messages, message), strings.Replace(row[2], message, "", 1)
			}
		}
		assert.Empty(t, strings.TrimSpace(row[2]), "another message")
		for _, reason := range strings.Fields(row[3]) {
			c.reasons = add(c.reasons, reason)
		}
		documented[row[0]] = c
	}
	assert.Equal(t, expected, documented)
}

func TestDocs_ErrorTexts(t *testing.T) {
	expected, named := map[string]string{}, 0
	for _, f := range declaredFailures(t) {
		if f.detail == "" {
			named++
			continue
		}
		expected[f.detail] = f.code
	}
	m := documentedManager(t)
	withNames := []*failure{
		m.access.missing[Headers], m.access.missing[Cookies], m.access.missing[Query], m.access.missing[JSON],
		m.access.repeated, m.access.noCSRF, m.access.wrongCSRF, m.failHeader, m.failRepeated,
	}
	require.Equal(t, len(withNames), named, "a failure with names of the settings in its text is missing here")
	for _, f := range append(withNames, m.refresh.missing[Cookies], m.refresh.missing[JSON]) {
		expected[f.detail] = f.code
	}

	documented := map[string]string{}
	for _, row := range tableRows(t, "docs/errors.md", "Texts") {
		require.Len(t, row, 3, fmt.Sprint(row))
		assert.NotContains(t, documented, row[0], "two rows")
		documented[row[0]] = row[1]
	}
	assert.Equal(t, expected, documented)
}
