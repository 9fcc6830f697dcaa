package authjwt_test

import (
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

// settingsRow matches a row of the settings table: the field, in backticks, and its default.
var settingsRow = regexp.MustCompile("(?m)^\\| *`([^`]*)` *\\|([^|]*)\\|")

// namedZeros are the zero values of settings that are documented by a name, not as none.
var namedZeros = map[any]string{false: "false", authjwt.RFC6750: "RFC6750"}

// A default is documented as the Manager prints it, in backticks. What it does not print is zero.
func TestReadme_Settings(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	_, section, found := strings.Cut(string(readme), "\n## Settings\n")
	require.True(t, found, "README.md needs the section ## Settings")
	section, _, _ = strings.Cut(section, "\n## ")

	documented := map[string]string{}
	for _, row := range settingsRow.FindAllStringSubmatch(section, -1) {
		assert.NotContains(t, documented, row[1], "two rows")
		documented[row[1]] = strings.TrimSpace(row[2])
	}
	effective := effectiveSettings(t)
	for field := range reflect.TypeFor[authjwt.Settings]().Fields() {
		text, ok := documented[field.Name]
		delete(documented, field.Name)
		if !assert.True(t, ok, "%s has no row", field.Name) {
			continue
		}
		switch value := effective[field.Name]; {
		case value == "set": // a function, which has no text
			assert.Regexp(t, "`.+`", text, "default of %s", field.Name)
		case value != "":
			assert.Contains(t, text, "`"+value+"`", "default of %s", field.Name)
		case zeroName(field.Type) != "":
			assert.Contains(t, text, "`"+zeroName(field.Type)+"`", "default of %s", field.Name)
		default:
			assert.Regexp(t, `^none\b`, text, "default of %s", field.Name)
		}
	}
	assert.Empty(t, documented, "rows that are no field of Settings")
}

// effectiveSettings are the fields that are set in a Manager made with a secret alone, the secret
// apart, as it prints them.
func effectiveSettings(t *testing.T) map[string]string {
	t.Helper()
	m, err := authjwt.New(authjwt.Settings{SecretKey: testSecret})
	require.NoError(t, err)
	shown := map[string]string{}
	for _, attr := range m.LogValue().Group() {
		shown[attr.Key] = attr.Value.String()
	}
	require.Contains(t, shown, "SecretKey")
	delete(shown, "SecretKey")
	return shown
}

func zeroName(t reflect.Type) string {
	if zero := reflect.Zero(t); zero.Comparable() {
		return namedZeros[zero.Interface()]
	}
	return ""
}
