package authjwt_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

const migratePage = "docs/migrate-fastapi-jwt-auth.md"

var pythonBlock = regexp.MustCompile("(?ms)^```python\n(.*?)^```$")

func readMigratePage(t *testing.T) string {
	t.Helper()
	page, err := os.ReadFile(migratePage)
	require.NoError(t, err)
	return string(page)
}

// The page's Go is one package, which the tests in testdata/migrate run.
func TestDocs_MigratePage(t *testing.T) {
	root, err := filepath.Abs(".")
	require.NoError(t, err)
	downloadModules(t)
	page, dir := readMigratePage(t), t.TempDir()
	var code strings.Builder
	for _, block := range goBlock.FindAllStringSubmatch(page, -1) {
		code.WriteString(block[1])
	}
	writeSnippet(t, dir, root, code.String())
	require.NoError(t, os.WriteFile(filepath.Join(dir, "page.md"), []byte(page), 0o600))
	require.NoError(t, os.CopyFS(dir, os.DirFS("testdata/migrate")))
	output, err := snippetCommand(dir, "go", "test", "-mod=mod", "-v", ".").CombinedOutput()
	require.NoError(t, err, "%s", output)
	assert.Regexp(t, `(?m)^--- PASS: TestRequests `, string(output))
}

// What the page says of Python is recorded of Python, but for texts that its Python itself writes.
func TestDocs_MigrateRecorded(t *testing.T) {
	recorded := map[string]bool{}
	files, err := filepath.Glob("testdata/conformance/*.json")
	require.NoError(t, err)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		var theme struct {
			Scenarios []struct {
				Steps []struct {
					Expect struct{ Status, Body json.RawMessage }
				}
			}
		}
		require.NoError(t, json.Unmarshal(text, &theme), file)
		for _, scenario := range theme.Scenarios {
			for _, step := range scenario.Steps {
				var body bytes.Buffer
				if json.Compact(&body, step.Expect.Body) == nil {
					recorded[string(step.Expect.Status)+" "+body.String()] = true
				}
			}
		}
	}
	refusals := 0
	for _, block := range pythonBlock.FindAllStringSubmatch(readMigratePage(t), -1) {
		for _, line := range regexp.MustCompile(`(?m)^#> .*: (\d{3} \{"detail":("[^"]*")\})$`).FindAllStringSubmatch(block[1], -1) {
			if strings.Count(block[1], line[2]) == 1 {
				assert.True(t, recorded[line[1]], line[0])
				refusals++
			}
		}
	}
	assert.Greater(t, refusals, 10)
}

// The page's Python is Python, and calls what fastapi-jwt-auth has.
func TestDocs_MigratePython(t *testing.T) {
	blocks := pythonBlock.FindAllStringSubmatch(readMigratePage(t), -1)
	require.NotEmpty(t, blocks)
	has := strings.Fields(`load_config token_in_denylist_loader jwt_required jwt_optional jwt_refresh_token_required fresh_jwt_required
		create_access_token create_refresh_token set_access_cookies set_refresh_cookies unset_jwt_cookies get_raw_jwt get_jti get_jwt_subject`)
	for _, block := range blocks {
		for _, call := range regexp.MustCompile(`\b(?:Authorize|AuthJWT|AuthJWT\(\))\.(\w+)`).FindAllStringSubmatch(block[1], -1) {
			assert.Contains(t, has, call[1])
		}
		python, err := exec.LookPath("python3")
		if err != nil {
			continue
		}
		parse := exec.Command(python, "-c", "import ast, sys; ast.parse(sys.stdin.read())")
		parse.Stdin = strings.NewReader(block[1])
		output, err := parse.CombinedOutput()
		assert.NoError(t, err, "%s\n%s", block[1], output)
	}
}

// pythonNames are all settings of fastapi-jwt-auth 0.5.0, each with a value that is not its default.
func pythonNames() map[string]any {
	private, public := pemOf("PRIVATE KEY", pkcs8(privateKey("RS256"))), pemOf("PUBLIC KEY", pkix1(publicKey("RS256")))
	return map[string]any{
		"authjwt_secret_key": testSecret, "authjwt_algorithm": "HS512", "authjwt_decode_algorithms": []string{"HS512"},
		"authjwt_private_key": private, "authjwt_public_key": public,
		"authjwt_token_location": []string{"cookies"}, "authjwt_header_name": "X-Token", "authjwt_header_type": "JWT",
		"authjwt_access_token_expires": 60, "authjwt_refresh_token_expires": 60, "authjwt_decode_leeway": 5,
		"authjwt_encode_issuer": "us", "authjwt_decode_issuer": "us", "authjwt_decode_audience": "us",
		"authjwt_denylist_enabled": true, "authjwt_denylist_token_checks": []string{"refresh"},
		"authjwt_access_cookie_key": "a", "authjwt_refresh_cookie_key": "r", "authjwt_access_cookie_path": "/a", "authjwt_refresh_cookie_path": "/r",
		"authjwt_cookie_max_age": 60, "authjwt_cookie_domain": "example.com", "authjwt_cookie_samesite": "strict",
		"authjwt_cookie_secure": true, "authjwt_cookie_csrf_protect": false,
		"authjwt_access_csrf_cookie_key": "ac", "authjwt_refresh_csrf_cookie_key": "rc",
		"authjwt_access_csrf_cookie_path": "/a", "authjwt_refresh_csrf_cookie_path": "/r",
		"authjwt_access_csrf_header_name": "X-A", "authjwt_refresh_csrf_header_name": "X-R", "authjwt_csrf_methods": []string{"POST"},
	}
}

// Every name in the table, and every name that Python has, is loaded into the field beside it, and into no other.
func TestDocs_MigrateNames(t *testing.T) {
	_, section, found := strings.Cut(readMigratePage(t), "\n## Names\n")
	require.True(t, found)
	section, _, _ = strings.Cut(section, "\n## ")
	values := pythonNames()
	quoted := regexp.MustCompile("`(\\w+)`")
	for line := range strings.Lines(section) {
		cells := strings.Split(line, " | ")
		names := quoted.FindAllStringSubmatch(cells[0], -1)
		if !strings.HasPrefix(line, "| `") {
			continue
		}
		fields := quoted.FindAllStringSubmatch(cells[1], -1)
		require.Len(t, fields, len(names), line)
		for i, name := range names {
			value, found := values[name[1]]
			require.True(t, found, "Python has no setting %s, or it stands twice", name[1])
			delete(values, name[1])
			base := map[string]any{}
			switch { // a key that no algorithm uses is ignored, and the list must have the algorithm
			case strings.Contains(line, "private"):
				base["authjwt_algorithm"] = "RS256"
			case name[1] == "authjwt_decode_algorithms":
				base["authjwt_algorithm"] = "HS512"
			}
			without, err := authjwt.LoadSettings(base)
			require.NoError(t, err)
			base[name[1]] = value
			with, err := authjwt.LoadSettings(base)
			require.NoError(t, err, name[1])
			for field := range reflect.TypeFor[authjwt.Settings]().Fields() {
				at := func(s authjwt.Settings) any { return reflect.ValueOf(s).FieldByIndex(field.Index).Interface() }
				if field.Type.Kind() != reflect.Func {
					assert.Equal(t, field.Name != fields[i][1], reflect.DeepEqual(at(without), at(with)), "%s: %s", name[1], field.Name)
				}
			}
		}
	}
	assert.Empty(t, values, "names without a row")

	load := func(name string, value any) authjwt.Settings {
		s, err := authjwt.LoadSettings(map[string]any{name: value})
		require.NoError(t, err, "%s = %v", name, value)
		return s
	}
	for _, life := range []any{900, "PT15M", "0:15:00", "15m"} {
		assert.Equal(t, 15*time.Minute, load("authjwt_access_token_expires", life).AccessTokenExpires, life)
	}
	assert.Equal(t, authjwt.NoExpiry, load("authjwt_refresh_token_expires", false).RefreshTokenExpires)
	assert.Equal(t, authjwt.NoHeaderType, load("authjwt_header_type", nil).HeaderType)
	assert.Equal(t, http.SameSiteDefaultMode, load("Authjwt_HEADER_type", "Bearer").CookieSameSite)
	assert.Equal(t, []string{"https://app.example.com"}, load("authjwt_trusted_origins", []string{"https://app.example.com"}).TrustedOrigins)
	_, err := authjwt.LoadSettings(map[string]any{"authjwt_secret_kei": testSecret})
	assert.ErrorContains(t, err, "authjwt_secret_key")
	assert.Equal(t, http.SameSiteLaxMode, load("authjwt_cookie_samesite", "lax").CookieSameSite)
	assert.False(t, load("authjwt_cookie_secure", true).InsecureCookies)
	assert.True(t, load("authjwt_cookie_csrf_protect", false).InsecureDisableCSRF)
}

// Where Python reads variables, they are those that are read here.
func TestDocs_MigrateEnvironment(t *testing.T) {
	t.Setenv("AUTHJWT_PRESET", "fastapi-jwt-auth")
	t.Setenv("AUTHJWT_SECRET_KEY", testSecret)
	t.Setenv("AUTHJWT_TOKEN_LOCATION", `["cookies"]`)
	t.Setenv("AUTHJWT_COOKIE_SECURE", "true")
	t.Setenv("AUTHJWT_ACCESS_TOKEN_EXPIRES", "60")
	read, err := authjwt.SettingsFromEnv()
	require.NoError(t, err)
	loaded, err := authjwt.LoadSettings(map[string]any{
		"authjwt_secret_key": testSecret, "authjwt_token_location": []string{"cookies"}, "authjwt_cookie_secure": true, "authjwt_access_token_expires": 60,
	})
	require.NoError(t, err)
	assert.Equal(t, loaded, read)
}
