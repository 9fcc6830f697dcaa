package authjwt_test

import (
	"crypto/rand"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

// The Examples read their secrets from the environment, as programs should: one that stands in documentation is well-known.
var _ = func() any {
	for _, name := range []string{"SECRET_KEY", "NEXT_SECRET_KEY", "STAFF_SECRET_KEY", "CUSTOMERS_SECRET_KEY"} {
		if err := os.Setenv(name, rand.Text()+rand.Text()+rand.Text()); err != nil {
			panic(err)
		}
	}
	return nil
}()

// A secret that can be copied out of the documentation works nowhere.
func TestJ17_SecretsOfExamples(t *testing.T) {
	literal := regexp.MustCompile(`(?i)secret_?key"?\]?\s*(?::=|[:=])\s*["'\x60]([^"'\x60]+)["'\x60]`)
	require.Equal(t, "copied", literal.FindStringSubmatch(`authjwt.Settings{SecretKey: "copied"}`)[1])
	require.Equal(t, "copied", literal.FindStringSubmatch(`{"authjwt_secret_key": "copied"}`)[1])
	files := append(must(filepath.Glob("example*_test.go")), must(filepath.Glob("*/example*_test.go"))...)
	for _, pattern := range []string{"README.md", "docs/*.md", "*/README.md", "_example/*/*.go", "_example/*/*.md"} {
		files = append(files, slices.DeleteFunc(must(filepath.Glob(pattern)), func(name string) bool { return strings.HasSuffix(name, "_test.go") })...)
	}
	require.Greater(t, len(files), 30)
	for _, name := range files {
		for _, found := range literal.FindAllStringSubmatch(string(must(os.ReadFile(name))), -1) {
			_, err := authjwt.New(authjwt.Settings{SecretKey: found[1]})
			assert.ErrorContains(t, err, "Settings.SecretKey: ", "%s: %s", name, found[0])
		}
	}
	for _, published := range []string{
		"an-example-secret-0123456789-ABCDEFGHIJK", "an-example-secret-9876543210-KJIHGFEDCBA", "an-example-secret-of-64-octets-0123456789-ABCDEFGHIJKLMNOPQRSTUVWXYZ",
		"a-secret-of-the-staff-0123456789-ABCDEFGHIJ", "a-secret-of-customers-0123456789-ABCDEFGHIJ", "a-secret-for-customers-0123456789-ABCDEFGHIJ",
	} { // in Examples of earlier releases
		assertSecret(t, authjwt.Settings{SecretKey: published}, "well-known")
		assertSecret(t, authjwt.Settings{SecretKey: published[1:]})
	}
}
