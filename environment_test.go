package authjwt_test

import (
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

// fromEnv loads from an environment in which these are all AUTHJWT_ variables.
func fromEnv(t *testing.T, variables map[string]string) (authjwt.Settings, error) {
	t.Helper()
	for _, entry := range os.Environ() {
		name, text, _ := strings.Cut(entry, "=")
		if strings.HasPrefix(strings.ToUpper(name), "AUTHJWT_") {
			require.NoError(t, os.Unsetenv(name))
			defer func() { require.NoError(t, os.Setenv(name, text)) }()
		}
	}
	for name, text := range variables {
		require.NoError(t, os.Setenv(name, text))
		defer func() { require.NoError(t, os.Unsetenv(name)) }()
	}
	return authjwt.SettingsFromEnv()
}

func fileOf(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}

// Each variable sets its field alone, and nothing else is set.
func TestEnvironment_SetsFields(t *testing.T) {
	for _, row := range loadableFields {
		text := row.text
		if text == "" {
			text = row.value.(string)
		}
		for _, name := range []string{strings.ToUpper(row.python), row.python} {
			s, err := fromEnv(t, map[string]string{name: text})
			require.NoError(t, err, name)
			var want authjwt.Settings
			reflect.ValueOf(&want).Elem().FieldByName(row.field).Set(reflect.ValueOf(row.want))
			assert.Equal(t, want, s, name)
		}
	}
	s, err := fromEnv(t, nil)
	require.NoError(t, err)
	assert.Equal(t, authjwt.Settings{}, s)
}

func TestEnvironment_Presets(t *testing.T) {
	for name, preset := range map[string]func() authjwt.Settings{
		"fastapi-jwt-auth": authjwt.FastAPIJWTAuth, "fastjwt": authjwt.FastJWT, "oauth2cookie": authjwt.OAuth2Cookie,
	} {
		s, err := fromEnv(t, map[string]string{"AUTHJWT_PRESET": name, "AUTHJWT_REALM": "shop", "AUTHJWT_COOKIE_SECURE": "true"})
		require.NoError(t, err)
		want := preset()
		want.Realm, want.InsecureCookies = "shop", false
		assert.Equal(t, want.ErrorHandler != nil, s.ErrorHandler != nil, name)
		want.ErrorHandler, s.ErrorHandler = nil, nil // functions cannot be compared
		assert.Equal(t, want, s, name)
	}
}

func TestEnvironment_Values(t *testing.T) {
	lines := strings.ReplaceAll(examplePrivatePEM, "\n", `\n`)
	require.NotContains(t, lines, "\n")
	private := must(authjwt.ParsePrivateKey([]byte(examplePrivatePEM)))
	public := must(authjwt.ParsePublicKey([]byte(examplePublicPEM)))
	for _, row := range []struct {
		name, text, field string
		want              any
	}{
		{"SECRET_KEY", "  a=b, c \\n ", "SecretKey", "  a=b, c \\n "},
		{"SECRET_KEY", testSecret + "\n", "SecretKey", testSecret + "\n"},
		{"PRIVATE_KEY", lines, "PrivateKey", private},
		{"PRIVATE_KEY", lines + `\n`, "PrivateKey", private},
		{"PUBLIC_KEY", examplePublicPEM + "\n", "PublicKey", public},
		{"HEADER_TYPE", "(none)", "HeaderType", authjwt.NoHeaderType},
		{"KEY_ID", "(none)", "KeyID", authjwt.NoKeyID},
		{"ENCODE_ISSUER", "(none)", "EncodeIssuer", authjwt.NoIssuer},
		{"ALGORITHM", "RS256", "Algorithm", "RS256"},

		{"COOKIE_SECURE", "True", "InsecureCookies", false}, {"COOKIE_SECURE", "off", "InsecureCookies", true}, {"COOKIE_SECURE", "NO", "InsecureCookies", true},
		{"DENYLIST_ENABLED", "1", "DenylistEnabled", true}, {"DENYLIST_ENABLED", "yes", "DenylistEnabled", true}, {"DENYLIST_ENABLED", "0", "DenylistEnabled", false},

		{"ACCESS_TOKEN_EXPIRES", "900", "AccessTokenExpires", 15 * time.Minute}, {"ACCESS_TOKEN_EXPIRES", "1.5", "AccessTokenExpires", 1500 * time.Millisecond},
		{"ACCESS_TOKEN_EXPIRES", "15m", "AccessTokenExpires", 15 * time.Minute}, {"ACCESS_TOKEN_EXPIRES", "PT15M", "AccessTokenExpires", 15 * time.Minute},
		{"ACCESS_TOKEN_EXPIRES", "1 day, 0:00:00", "AccessTokenExpires", 24 * time.Hour}, {"ACCESS_TOKEN_EXPIRES", "none", "AccessTokenExpires", authjwt.NoExpiry},
		{"REFRESH_TOKEN_EXPIRES", "False", "RefreshTokenExpires", authjwt.NoExpiry}, {"SESSION_EXPIRES", "none", "SessionExpires", authjwt.NoExpiry},
		{"DECODE_LEEWAY", "none", "DecodeLeeway", time.Duration(0)}, {"DECODE_LEEWAY", "0", "DecodeLeeway", time.Duration(0)}, {"DECODE_LEEWAY", "30", "DecodeLeeway", 30 * time.Second},
		{"CLOCK_SKEW", "none", "ClockSkew", authjwt.NoLeeway}, {"CLOCK_SKEW", "false", "ClockSkew", authjwt.NoLeeway}, {"CLOCK_SKEW", "0", "ClockSkew", authjwt.NoLeeway},
		{"REFRESH_REUSE_GRACE", "none", "RefreshReuseGrace", authjwt.NoGrace}, {"STORE_TIMEOUT", "250ms", "StoreTimeout", 250 * time.Millisecond},
		{"COOKIE_MAX_AGE", "3600", "CookieMaxAge", time.Hour}, {"COOKIE_MAX_AGE", "24h", "CookieMaxAge", 24 * time.Hour}, {"COOKIE_MAX_AGE", "P1D", "CookieMaxAge", 24 * time.Hour},

		{"VERIFIED_TOKEN_CACHE", "10000", "VerifiedTokenCache", 10000}, {"VERIFIED_TOKEN_CACHE", "0", "VerifiedTokenCache", 0},

		{"TOKEN_LOCATION", " headers ,cookies", "TokenLocation", []authjwt.Location{authjwt.Headers, authjwt.Cookies}},
		{"TOKEN_LOCATION", ` ["headers", "cookies"] `, "TokenLocation", []authjwt.Location{authjwt.Headers, authjwt.Cookies}},
		{"DECODE_AUDIENCE", "a b", "DecodeAudience", []string{"a b"}}, {"DECODE_AUDIENCE", `["a,b"]`, "DecodeAudience", []string{"a,b"}},
		{"ENCODE_AUDIENCE", "[]", "EncodeAudience", []string{}},
	} {
		s, err := fromEnv(t, map[string]string{"AUTHJWT_" + row.name: row.text})
		require.NoError(t, err, "%s=%s", row.name, row.text)
		assert.Equal(t, row.want, reflect.ValueOf(s).FieldByName(row.field).Interface(), "%s=%s", row.name, row.text)
	}
}

func TestEnvironment_Mistakes(t *testing.T) {
	const empty = ": it is empty; set it to something, or unset it"
	const noBool, noPreset = " is neither true nor false; write one of them", " is no preset; write fastapi-jwt-auth, fastjwt or oauth2cookie, or unset it"
	for _, row := range []struct{ name, text, want string }{
		{"SECRET_KEY", "", empty}, {"REALM", "", empty}, {"PUBLIC_KEY_FILE", "", empty}, {"TOKEN_LOCATION", "", empty},
		{"SECRET_KEY", "short", ": Settings.SecretKey: 5 octets are too few…"},
		{"PRIVATE_KEY", "/run/key.pem", ": it is no PEM, which begins with -----BEGIN; if it names a file, set AUTHJWT_PRIVATE_KEY_FILE instead"},
		{"PUBLIC_KEY", examplePublicPEM + "\nx", ": something stands behind the first PEM block;…"},
		{"COOKIE_SECURE", "maybe", ": \"maybe\"" + noBool}, {"COOKIE_SECURE", "2", ": \"2\"" + noBool}, {"COOKIE_SECURE", " true", ": \" true\"" + noBool},
		{"ACCESS_TOKEN_EXPIRES", "0", ": \"0\" is no lifetime;…"}, {"ACCESS_TOKEN_EXPIRES", "-1", ": \"-1\" is no lifetime;…"}, {"ACCESS_TOKEN_EXPIRES", "true", ": \"true\" is no duration;…"},
		{"ACCESS_TOKEN_EXPIRES", "0.5", ": Settings.AccessTokenExpires: 500ms is below one second;…"}, {"DECODE_LEEWAY", "-1", ": \"-1\" is below 0;…"},
		{"STORE_TIMEOUT", "none", ": \"none\" is no duration;…"}, {"COOKIE_MAX_AGE", "1.5", ": \"1.5\" is no number of whole seconds…"}, {"COOKIE_MAX_AGE", "none", ": \"none\" is no number of whole seconds…"},
		{"TOKEN_LOCATION", "headers,", ": element 2: it is empty;…"}, {"TOKEN_LOCATION", "header", ": element 1: \"header\" is not possible;…"},
		{"TOKEN_LOCATION", `["headers"`, ": \"[\\\"headers\\\"\" is no JSON array; write [\"…\"], or names with commas between them"},
		{"DECODE_AUDIENCE", `["a", 1]`, ": element 2: 1 is no text;…"}, {"DECODE_AUDIENCE", "[]", ": the list is empty;…"}, {"DECODE_AUDIENCE", "[a]", ": \"[a]\" is no JSON array;…"},
		{"COOKIE_SAMESITE", "Lax", ": \"Lax\" is not possible; write strict, lax or none"},
		{"HEADER_TYPE", "B(", ": Settings.HeaderType: \"B(\" is not a scheme…"},
		{"ALGORITHM", "none", ": Settings.Algorithm: \"none\" is not available;…"},
		{"PRESET", "django", ": \"django\"" + noPreset}, {"PRESET", "", ": \"\"" + noPreset}, {"PRESET", "FastJWT", ": \"FastJWT\"" + noPreset},
		{"COOKIE_SECUR", "true", " is unknown; did you mean AUTHJWT_COOKIE_SECURE?"}, {"INSECURE_COOKIES", "true", " is unknown; did you mean AUTHJWT_COOKIE_SECURE?"},
		{"PRESETS", "fastjwt", " is unknown; did you mean AUTHJWT_PRESET?"}, {"SECRETKEY_FILE", "x", " is unknown; did you mean AUTHJWT_SECRET_KEY_FILE?"},
		{"REALM_FILE", "x", " is unknown; the file names.go…"}, {"STORE", "redis", " is unknown; set Settings.Store in Go, for no text stands for it"}, {"", "x", " is unknown;…"},
		{"PRESET_FILE", "x", " is unknown;…"},
	} {
		_, err := fromEnv(t, map[string]string{"AUTHJWT_" + row.name: row.text})
		assertMistakes(t, err, "AUTHJWT_"+row.name+row.want)
	}
	_, err := fromEnv(t, map[string]string{"AUTHJWT_COOKIE_SECURE": "no", "AUTHJWT_COOKIE_SAMESITE": "none", "AUTHJWT_PRESET": "x", "AUTHJWT_SECRET_KEY": ""})
	assertMistakes(t, err, "AUTHJWT_PRESET: …", "AUTHJWT_SECRET_KEY: …", "AUTHJWT_COOKIE_SAMESITE: Settings.CookieSameSite: …(InsecureCookies is the opposite of AUTHJWT_COOKIE_SECURE)")
}

// Names are read in any case, so the same variable may stand there twice; Windows has each once.
func TestEnvironment_TwoSpellings(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("its names have no case")
	}
	_, err := fromEnv(t, map[string]string{"AUTHJWT_REALM": "a", "authjwt_realm": "a"})
	assertMistakes(t, err, "authjwt_realm: it is set as AUTHJWT_REALM, too; set it once")
	_, err = fromEnv(t, map[string]string{"authjwt_realms": "a"})
	assertMistakes(t, err, "authjwt_realms is unknown; did you mean AUTHJWT_REALM?")
}

func TestEnvironment_Files(t *testing.T) {
	for content, want := range map[string]string{
		testSecret: testSecret, testSecret + "\n": testSecret, testSecret + "\r\n": testSecret, testSecret + "\n\n": testSecret + "\n",
		testSecret + "\r": testSecret + "\r", testSecret + " \n": testSecret + " ", "\n" + testSecret + "\n": "\n" + testSecret,
	} {
		s, err := fromEnv(t, map[string]string{"AUTHJWT_SECRET_KEY_FILE": fileOf(t, content)})
		require.NoError(t, err)
		assert.Equal(t, want, s.SecretKey)
	}
	s, err := fromEnv(t, map[string]string{"AUTHJWT_PRIVATE_KEY_FILE": fileOf(t, examplePrivatePEM+"\n"), "AUTHJWT_PUBLIC_KEY_FILE": fileOf(t, examplePublicPEM)})
	require.NoError(t, err)
	assert.Equal(t, must(authjwt.ParsePrivateKey([]byte(examplePrivatePEM))), s.PrivateKey)
	assert.Equal(t, must(authjwt.ParsePublicKey([]byte(examplePublicPEM))), s.PublicKey)
	_, err = authjwt.New(s)
	assert.NoError(t, err)

	missing := filepath.Join(t.TempDir(), "missing")
	for _, row := range []struct {
		variables map[string]string
		want      string
	}{
		{map[string]string{"AUTHJWT_SECRET_KEY_FILE": missing}, "AUTHJWT_SECRET_KEY_FILE: it names a file that cannot be read: …; is it mounted, may this process read it, or does the value belong to AUTHJWT_SECRET_KEY?"},
		{map[string]string{"AUTHJWT_SECRET_KEY_FILE": testSecret}, "AUTHJWT_SECRET_KEY_FILE: it names a file that cannot be read: …"},
		{map[string]string{"AUTHJWT_SECRET_KEY_FILE": fileOf(t, "")}, "AUTHJWT_SECRET_KEY_FILE: it is empty; make one with: openssl rand -base64 32"},
		{map[string]string{"AUTHJWT_SECRET_KEY_FILE": fileOf(t, "\n")}, "AUTHJWT_SECRET_KEY_FILE: it is empty;…"},
		{map[string]string{"AUTHJWT_SECRET_KEY_FILE": fileOf(t, "short")}, "AUTHJWT_SECRET_KEY_FILE: Settings.SecretKey: 5 octets are too few…"},
		{map[string]string{"AUTHJWT_PRIVATE_KEY_FILE": examplePrivatePEM}, "AUTHJWT_PRIVATE_KEY_FILE: it is a key, not the name of a file; set AUTHJWT_PRIVATE_KEY to it"},
		{map[string]string{"AUTHJWT_PUBLIC_KEY_FILE": fileOf(t, examplePrivatePEM)}, "AUTHJWT_PUBLIC_KEY_FILE: a PEM block \"PRIVATE KEY\" is not available;…"},
		{map[string]string{"AUTHJWT_SECRET_KEY_FILE": fileOf(t, testSecret), "AUTHJWT_SECRET_KEY": testSecret}, "AUTHJWT_SECRET_KEY_FILE: AUTHJWT_SECRET_KEY is set, too; unset one of them"},
		{map[string]string{"AUTHJWT_PUBLIC_KEY_FILE": fileOf(t, examplePublicPEM), "AUTHJWT_PUBLIC_KEY": examplePublicPEM}, "AUTHJWT_PUBLIC_KEY_FILE: AUTHJWT_PUBLIC_KEY is set, too; unset one of them"},
	} {
		_, err := fromEnv(t, row.variables)
		assertMistakes(t, err, row.want)
		assert.NotContains(t, err.Error(), "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v")
		assert.NotContains(t, err.Error(), testSecret)
	}
}

// The key decides the algorithm, and one that it does not use is New's to find.
func TestEnvironment_Keys(t *testing.T) {
	s, err := fromEnv(t, map[string]string{"AUTHJWT_PRIVATE_KEY": examplePrivatePEM})
	require.NoError(t, err)
	assert.Empty(t, s.Algorithm)
	m, err := authjwt.New(s)
	require.NoError(t, err)
	assert.Equal(t, "EdDSA", headerIn(t, mustCreate(t, m))["alg"])

	s, err = fromEnv(t, map[string]string{"AUTHJWT_PRIVATE_KEY": examplePrivatePEM, "AUTHJWT_SECRET_KEY": testSecret})
	require.NoError(t, err)
	_, err = authjwt.New(s)
	assertMistakes(t, err, "Settings.SecretKey: no algorithm of DecodeAlgorithms uses it beside the key pair;…")
}
