package authjwt_test

import (
	"crypto/ed25519"
	"encoding/json"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

type dict = map[string]any

// loadableFields has a value for every field that can be loaded, none of them a default, and what it becomes.
var loadableFields = []struct {
	field, python, fastJWT string
	value                  any
	text                   string // in the environment, if it is not the value
	want                   any
}{
	{"SecretKey", "authjwt_secret_key", "JWT_SECRET_KEY", testSecret, "", testSecret},
	{"InsecureShortSecret", "authjwt_insecure_short_secret", "", true, "true", true},
	{"PrivateKey", "authjwt_private_key", "JWT_PRIVATE_KEY", examplePrivatePEM, "", must(authjwt.ParsePrivateKey([]byte(examplePrivatePEM)))},
	{"PublicKey", "authjwt_public_key", "JWT_PUBLIC_KEY", examplePublicPEM, "", must(authjwt.ParsePublicKey([]byte(examplePublicPEM)))},
	{"KeyID", "authjwt_key_id", "", "2026-12", "", "2026-12"},
	{"UntypedTokens", "authjwt_untyped_tokens", "", "access", "", authjwt.Access},
	{"Algorithm", "authjwt_algorithm", "JWT_ALGORITHM", "HS512", "", "HS512"},
	{"DecodeAlgorithms", "authjwt_decode_algorithms", "", []any{"HS256", "HS512"}, "HS256,HS512", []string{"HS256", "HS512"}},
	{"TokenLocation", "authjwt_token_location", "JWT_TOKEN_LOCATION", []any{"json", "query", "cookies", "headers"}, "json,query,cookies,headers",
		[]authjwt.Location{authjwt.JSON, authjwt.Query, authjwt.Cookies, authjwt.Headers}},
	{"HeaderName", "authjwt_header_name", "JWT_HEADER_NAME", "X-Token", "", "X-Token"},
	{"HeaderType", "authjwt_header_type", "JWT_HEADER_TYPE", "JWT", "", "JWT"},
	{"QueryStringName", "authjwt_query_string_name", "JWT_QUERY_STRING_NAME", "jwt", "", "jwt"},
	{"JSONKey", "authjwt_json_key", "JWT_JSON_KEY", "a", "", "a"},
	{"RefreshJSONKey", "authjwt_refresh_json_key", "JWT_REFRESH_JSON_KEY", "r", "", "r"},
	{"AccessCookieKey", "authjwt_access_cookie_key", "JWT_ACCESS_COOKIE_NAME", "a", "", "a"},
	{"AccessCookiePath", "authjwt_access_cookie_path", "JWT_ACCESS_COOKIE_PATH", "/a", "", "/a"},
	{"RefreshCookieKey", "authjwt_refresh_cookie_key", "JWT_REFRESH_COOKIE_NAME", "r", "", "r"},
	{"RefreshCookiePath", "authjwt_refresh_cookie_path", "JWT_REFRESH_COOKIE_PATH", "/r", "", "/r"},
	{"CookieDomain", "authjwt_cookie_domain", "JWT_COOKIE_DOMAIN", "example.com", "", "example.com"},
	{"CookieSameSite", "authjwt_cookie_samesite", "JWT_COOKIE_SAMESITE", "strict", "", http.SameSiteStrictMode},
	{"CookiePrefix", "authjwt_cookie_prefix", "", "__Host-", "", "__Host-"},
	{"CookieScheme", "authjwt_cookie_scheme", "", "Bearer", "", "Bearer"},
	{"InsecureAccessTokenInBody", "authjwt_insecure_access_token_in_body", "", true, "yes", true},
	{"PersistentCookies", "authjwt_persistent_cookies", "", true, "on", true},
	{"CookieMaxAge", "authjwt_cookie_max_age", "JWT_COOKIE_MAX_AGE", 3600, "3600", time.Hour},
	{"InsecureCookies", "authjwt_cookie_secure", "JWT_COOKIE_SECURE", false, "false", true},
	{"InsecureDisableCSRF", "authjwt_cookie_csrf_protect", "JWT_COOKIE_CSRF_PROTECT", false, "0", true},
	{"CSRFMethods", "authjwt_csrf_methods", "JWT_CSRF_METHODS", []any{"post", "Put"}, "post, Put", []string{"POST", "PUT"}},
	{"AccessCSRFCookieKey", "authjwt_access_csrf_cookie_key", "JWT_ACCESS_CSRF_COOKIE_NAME", "a", "", "a"},
	{"AccessCSRFCookiePath", "authjwt_access_csrf_cookie_path", "JWT_ACCESS_CSRF_COOKIE_PATH", "/a", "", "/a"},
	{"RefreshCSRFCookieKey", "authjwt_refresh_csrf_cookie_key", "JWT_REFRESH_CSRF_COOKIE_NAME", "r", "", "r"},
	{"RefreshCSRFCookiePath", "authjwt_refresh_csrf_cookie_path", "JWT_REFRESH_CSRF_COOKIE_PATH", "/r", "", "/r"},
	{"AccessCSRFHeaderName", "authjwt_access_csrf_header_name", "JWT_ACCESS_CSRF_HEADER_NAME", "X-A", "", "X-A"},
	{"RefreshCSRFHeaderName", "authjwt_refresh_csrf_header_name", "JWT_REFRESH_CSRF_HEADER_NAME", "X-R", "", "X-R"},
	{"CSRFFormField", "authjwt_csrf_form_field", "JWT_ACCESS_CSRF_FIELD_NAME", "csrf", "", "csrf"},
	{"TrustedOrigins", "authjwt_trusted_origins", "", []string{"https://a.example"}, "https://a.example", []string{"https://a.example"}},
	{"AccessTokenExpires", "authjwt_access_token_expires", "JWT_ACCESS_TOKEN_EXPIRES", 60, "60", time.Minute},
	{"RefreshTokenExpires", "authjwt_refresh_token_expires", "JWT_REFRESH_TOKEN_EXPIRES", 7200, "7200", 2 * time.Hour},
	{"DecodeLeeway", "authjwt_decode_leeway", "", 10, "10", 10 * time.Second},
	{"ClockSkew", "authjwt_clock_skew", "", 2, "2", 2 * time.Second},
	{"EncodeIssuer", "authjwt_encode_issuer", "JWT_ENCODE_ISSUER", "urn:a", "", "urn:a"},
	{"DecodeIssuer", "authjwt_decode_issuer", "JWT_DECODE_ISSUER", "urn:b", "", "urn:b"},
	{"InsecureNoRefreshIssuer", "authjwt_insecure_no_refresh_issuer", "", true, "true", true},
	{"EncodeAudience", "authjwt_encode_audience", "JWT_ENCODE_AUDIENCE", []any{"a", "b"}, "a,b", []string{"a", "b"}},
	{"DecodeAudience", "authjwt_decode_audience", "JWT_DECODE_AUDIENCE", "a", "", []string{"a"}},
	{"OmitNotBefore", "authjwt_omit_not_before", "", true, "true", true},
	{"IntegerSubjects", "authjwt_integer_subjects", "", true, "true", true},
	{"StoreTimeout", "authjwt_store_timeout", "", 0.5, "0.5", 500 * time.Millisecond},
	{"Name", "authjwt_name", "", "staff", "", "staff"},
	{"DenylistEnabled", "authjwt_denylist_enabled", "", true, "true", true},
	{"DenylistTokenChecks", "authjwt_denylist_token_checks", "", []any{"refresh"}, "refresh", []authjwt.TokenType{authjwt.Refresh}},
	{"SessionExpires", "authjwt_session_expires", "", 86400, "86400", 24 * time.Hour},
	{"RefreshReuseGrace", "authjwt_refresh_reuse_grace", "", 30, "30", 30 * time.Second},
	{"RefreshWithin", "authjwt_refresh_within", "", 300, "300", 5 * time.Minute},
	{"KeepRefreshToken", "authjwt_keep_refresh_token", "", true, "true", true},
	{"VerifiedTokenCache", "authjwt_verified_token_cache", "", 5000, "5000", 5000},
	{"Errors", "authjwt_errors", "", "fastjwt", "", authjwt.FastJWTStyle},
	{"Realm", "authjwt_realm", "", "shop", "", "shop"},
}

// inCodeAlone are the fields that no text can stand for.
var inCodeAlone = map[string]string{
	"KeyRing": "key_ring", "KeySet": "key_set", "FormerCookies": "former_cookies", "Store": "store", "Sessions": "sessions", "TokenInDenylist": "token_in_denylist",
	"Validate": "validate", "LoadUser": "load_user", "OnEvent": "on_event", "Logger": "logger", "ErrorHandler": "error_handler", "Now": "now",
}

// beside is what a value needs beside it, to be no mistake or to have an effect.
var beside = map[string]dict{
	"authjwt_private_key": {"authjwt_algorithm": "EdDSA"}, "JWT_PRIVATE_KEY": {"JWT_ALGORITHM": "EdDSA"},
	"authjwt_public_key": {"authjwt_algorithm": "EdDSA"}, "JWT_PUBLIC_KEY": {"JWT_ALGORITHM": "EdDSA"},
	"authjwt_cookie_prefix":      {"authjwt_cookie_secure": true},
	"JWT_ACCESS_CSRF_FIELD_NAME": {"JWT_CSRF_CHECK_FORM": true, "JWT_REFRESH_CSRF_FIELD_NAME": "csrf"},
}

func TestNames_EveryField(t *testing.T) {
	names := map[string]bool{}
	fields := map[string]bool{}
	for _, row := range loadableFields {
		assert.False(t, fields[row.field], "%s stands twice", row.field)
		fields[row.field] = true
		for _, name := range []string{row.python, row.fastJWT} {
			assert.False(t, name != "" && names[name], "%s stands twice", name)
			names[name] = true
		}
	}
	for field := range reflect.TypeFor[authjwt.Settings]().Fields() {
		code, ok := inCodeAlone[field.Name]
		assert.NotEqual(t, ok, fields[field.Name], "%s is either loaded or set in code", field.Name)
		if ok {
			_, err := authjwt.LoadSettings(dict{"authjwt_" + code: "a"})
			assert.EqualError(t, err, "authjwt: authjwt_"+code+" is unknown; set Settings."+field.Name+" in Go, for no text stands for it")
		}
	}
	assert.Len(t, fields, reflect.TypeFor[authjwt.Settings]().NumField()-len(inCodeAlone), "no row without a field")
}

// Each name sets its field alone, in any letter case.
func TestNames_SetTheirFields(t *testing.T) {
	for _, row := range loadableFields {
		for _, name := range []string{row.python, row.fastJWT} {
			if name == "" {
				continue
			}
			for _, spelling := range []string{name, strings.ToUpper(name), strings.ToLower(name)} {
				given := maps.Clone(beside[name])
				if given == nil {
					given = dict{}
				}
				given[spelling] = row.value
				got, err := authjwt.LoadSettings(given)
				require.NoError(t, err, spelling)
				delete(given, spelling)
				want := authjwt.FastAPIJWTAuth()
				if name == row.fastJWT {
					want = authjwt.FastJWT()
				}
				if a, ok := given["authjwt_algorithm"]; ok {
					want.Algorithm = a.(string)
				}
				if a, ok := given["JWT_ALGORITHM"]; ok {
					want.Algorithm = a.(string)
				}
				if given["authjwt_cookie_secure"] == true {
					want.InsecureCookies = false
				}
				reflect.ValueOf(&want).Elem().FieldByName(row.field).Set(reflect.ValueOf(row.want))
				assert.Equal(t, want, got, spelling)
			}
		}
	}
}

func TestLoadSettings_Empty(t *testing.T) {
	for _, given := range []dict{nil, {}} {
		s, err := authjwt.LoadSettings(given)
		require.NoError(t, err)
		assert.Equal(t, authjwt.FastAPIJWTAuth(), s)
	}
}

// pythonDefaults are all settings of fastapi-jwt-auth 0.5.0, as json.dumps writes them, durations as pydantic does.
const pythonDefaults = `{"authjwt_token_location": ["headers"], "authjwt_secret_key": null, "authjwt_public_key": null, "authjwt_private_key": null,
"authjwt_algorithm": "HS256", "authjwt_decode_algorithms": null, "authjwt_decode_leeway": 0, "authjwt_encode_issuer": null, "authjwt_decode_issuer": null,
"authjwt_decode_audience": null, "authjwt_access_token_expires": "0:15:00", "authjwt_refresh_token_expires": "30 days, 0:00:00",
"authjwt_denylist_enabled": false, "authjwt_denylist_token_checks": ["refresh", "access"], "authjwt_header_name": "Authorization",
"authjwt_header_type": "Bearer", "authjwt_access_cookie_key": "access_token_cookie", "authjwt_refresh_cookie_key": "refresh_token_cookie",
"authjwt_access_cookie_path": "/", "authjwt_refresh_cookie_path": "/", "authjwt_cookie_max_age": null, "authjwt_cookie_domain": null,
"authjwt_cookie_secure": false, "authjwt_cookie_csrf_protect": true, "authjwt_access_csrf_cookie_key": "csrf_access_token",
"authjwt_refresh_csrf_cookie_key": "csrf_refresh_token", "authjwt_access_csrf_cookie_path": "/", "authjwt_refresh_csrf_cookie_path": "/",
"authjwt_access_csrf_header_name": "X-CSRF-Token", "authjwt_refresh_csrf_header_name": "X-CSRF-Token",
"authjwt_csrf_methods": ["DELETE", "PUT", "POST", "PATCH"]}`

func decoded(tb testing.TB, text string) (given dict) {
	tb.Helper()
	require.NoError(tb, json.Unmarshal([]byte(text), &given))
	return given
}

// A dump of all of Python's settings is what it was there: the preset, with its defaults written out.
func TestLoadSettings_PythonDump(t *testing.T) {
	dump := decoded(t, pythonDefaults)
	s, err := authjwt.LoadSettings(dump)
	require.NoError(t, err)
	want := authjwt.FastAPIJWTAuth()
	want.TokenLocation, want.Algorithm, want.HeaderName, want.HeaderType = []authjwt.Location{authjwt.Headers}, "HS256", "Authorization", "Bearer"
	want.AccessTokenExpires, want.RefreshTokenExpires = 15*time.Minute, 720*time.Hour
	want.DenylistTokenChecks = []authjwt.TokenType{authjwt.Refresh, authjwt.Access}
	want.AccessCookieKey, want.RefreshCookieKey = "access_token_cookie", "refresh_token_cookie"
	want.AccessCookiePath, want.RefreshCookiePath, want.AccessCSRFCookiePath, want.RefreshCSRFCookiePath = "/", "/", "/", "/"
	want.AccessCSRFCookieKey, want.RefreshCSRFCookieKey = "csrf_access_token", "csrf_refresh_token"
	want.AccessCSRFHeaderName, want.RefreshCSRFHeaderName = "X-CSRF-Token", "X-CSRF-Token"
	want.CSRFMethods = []string{"DELETE", "PUT", "POST", "PATCH"}
	assert.Equal(t, want, s)

	dump["authjwt_secret_key"] = testSecret
	m, err := authjwt.LoadConfig(func() (authjwt.Settings, error) { return authjwt.LoadSettings(dump) })
	require.NoError(t, err)
	mustCreate(t, m)
}

// What changes later in the values changes nothing in the Settings.
func TestLoadSettings_SharesNothing(t *testing.T) {
	private := must(authjwt.ParsePrivateKey([]byte(examplePrivatePEM))).(ed25519.PrivateKey)
	public := private.Public().(ed25519.PublicKey)
	algorithms, audience := []string{"EdDSA"}, []string{"a"}
	given := dict{"authjwt_private_key": private, "authjwt_public_key": public, "authjwt_algorithm": "EdDSA",
		"authjwt_decode_algorithms": algorithms, "authjwt_decode_audience": audience, "authjwt_token_location": []authjwt.Location{"cookies"}}
	s, err := authjwt.LoadSettings(given)
	require.NoError(t, err)
	wantPrivate, wantPublic := slices.Clone(private), slices.Clone(public)
	private[0], public[0], algorithms[0], audience[0] = private[0]+1, public[0]+1, "HS256", "b"
	given["authjwt_token_location"].([]authjwt.Location)[0] = "headers"
	assert.Equal(t, wantPrivate, s.PrivateKey)
	assert.Equal(t, wantPublic, s.PublicKey)
	assert.Equal(t, []string{"EdDSA"}, s.DecodeAlgorithms)
	assert.Equal(t, []string{"a"}, s.DecodeAudience)
	assert.Equal(t, []authjwt.Location{"cookies"}, s.TokenLocation)
}

// assertMistakes wants exactly these lines of err, whose beginning and end are given, with … between them.
func assertMistakes(tb testing.TB, err error, wants ...string) {
	tb.Helper()
	require.Error(tb, err)
	lines := strings.Split(err.Error(), "\n")
	require.Len(tb, lines, len(wants), err.Error())
	for i, want := range wants {
		begin, end, _ := strings.Cut(want, "…")
		assert.True(tb, strings.HasPrefix(lines[i], "authjwt: "+begin), "%s\nbegins with: %s", lines[i], begin)
		assert.True(tb, strings.HasSuffix(lines[i], end), "%s\nends with: %s", lines[i], end)
	}
}

func TestNames_Unknown(t *testing.T) {
	const list = "; the file names.go of github.com/gin-authjwt/authjwt lists all names"
	for name, want := range map[string]string{
		"authjwt_cookie_secur":        "authjwt_cookie_secur is unknown; did you mean authjwt_cookie_secure?",
		"AUTHJWT_Cookie_Secur":        "AUTHJWT_Cookie_Secur is unknown; did you mean authjwt_cookie_secure?",
		"authjwt_cokie_scure":         "authjwt_cokie_scure is unknown; did you mean authjwt_cookie_secure?",
		"authjwt_blacklist_enabled":   "authjwt_blacklist_enabled is unknown; did you mean authjwt_denylist_enabled?",
		"authjwt_secret":              "authjwt_secret is unknown; did you mean authjwt_secret_key?",
		"authjwt_insecure_cookies":    "authjwt_insecure_cookies is unknown; did you mean authjwt_cookie_secure?",
		"authjwt_CookieSameSite":      "authjwt_CookieSameSite is unknown; did you mean authjwt_cookie_samesite?",
		"authjwt_tokeninDenylist":     "authjwt_tokeninDenylist is unknown; set Settings.TokenInDenylist in Go, for no text stands for it",
		"secret_key":                  "secret_key is unknown; did you mean authjwt_secret_key?",
		"debug":                       "debug is unknown" + list,
		"":                            `"" is unknown` + list,
		"_":                           `_ is unknown` + list,
		"authjwt":                     "authjwt is unknown" + list,
		"authjwt_":                    "authjwt_ is unknown" + list,
		"authjwt_x":                   "authjwt_x is unknown" + list,
		"authjwt_nothing_like_it":     "authjwt_nothing_like_it is unknown" + list,
		"authjwt_secret_key\n":        `"authjwt_secret_key\n" is unknown; did you mean authjwt_secret_key?`,
		"JWT_ACCESS_COOKIE_KEY":       "JWT_ACCESS_COOKIE_KEY is unknown; did you mean JWT_ACCESS_COOKIE_NAME?",
		"jwt_key_ring":                "jwt_key_ring is unknown; set Settings.KeyRing in Go, for no text stands for it",
		"JWT_CLOCK_SKEW":              "JWT_CLOCK_SKEW is unknown" + list,
		"JWT_ENCODE_NBFS":             "JWT_ENCODE_NBFS is unknown; did you mean JWT_ENCODE_NBF?",
		strings.Repeat("secret", 100): "a name of 600 octets is unknown" + list,
	} {
		_, err := authjwt.LoadSettings(dict{name: "a"})
		assert.EqualError(t, err, "authjwt: "+want)
	}
}

func TestNames_Clash(t *testing.T) {
	for _, row := range []struct {
		given dict
		want  []string
	}{
		{dict{"authjwt_realm": "a", "AUTHJWT_REALM": "a"}, []string{"authjwt_realm: it stands there as AUTHJWT_REALM, too; write it once"}},
		{dict{"JWT_ALGORITHM": "HS256", "jwt_algorithm": "HS256", "Jwt_Algorithm": "HS256"}, []string{
			"Jwt_Algorithm: it stands there as JWT_ALGORITHM, too; write it once", "jwt_algorithm: it stands there as JWT_ALGORITHM, too; write it once"}},
		{dict{"authjwt_header_name": "a", "JWT_ALGORITHM": "HS256"}, []string{
			"JWT_ALGORITHM: it is FastJWT's name, and authjwt_header_name fastapi-jwt-auth's; write the names of one of them"}},
		{dict{"authjwt_header_name": "a", "JWT_CSRF_IN_COOKIES": false}, []string{
			"JWT_CSRF_IN_COOKIES: it is FastJWT's name, and…", "JWT_CSRF_IN_COOKIES: the CSRF value is always in a cookie…"}},
	} {
		_, err := authjwt.LoadSettings(row.given)
		assertMistakes(t, err, row.want...)
	}
	// What FastJWT has no name for goes with its names.
	s, err := authjwt.LoadSettings(dict{"JWT_ALGORITHM": "HS512", "authjwt_clock_skew": 1, "AUTHJWT_DECODE_LEEWAY": 2})
	require.NoError(t, err)
	want := authjwt.FastJWT()
	want.Algorithm, want.ClockSkew, want.DecodeLeeway = "HS512", time.Second, 2*time.Second
	assert.Equal(t, want, s)
	_, err = authjwt.LoadSettings(dict{"JWT_COO\u212aIE_HTTP_ONLY": false}) // a Kelvin sign is a k in lower case
	assert.Error(t, err)
}
