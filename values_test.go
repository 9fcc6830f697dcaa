package authjwt_test

import (
	"crypto/ecdsa"
	"crypto/rsa"
	"encoding/json"
	"net/http"
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

type (
	namedText string
	namedBool bool
)

// loadedField is the field that the name stands for, or the mistake.
func loadedField(name string, v any) (any, error) {
	s, err := authjwt.LoadSettings(dict{name: v})
	if err != nil {
		return nil, err
	}
	for _, row := range loadableFields {
		if row.python == name || row.fastJWT == name {
			return reflect.ValueOf(s).FieldByName(row.field).Interface(), nil
		}
	}
	panic(name)
}

func TestValues_Taken(t *testing.T) {
	both := []authjwt.Location{authjwt.Headers, authjwt.Cookies}
	for _, row := range []struct {
		name    string
		v, want any
	}{
		{"authjwt_secret_key", "  padded  ", "  padded  "}, // unchanged: Q53
		{"authjwt_secret_key", testSecret + "\n", testSecret + "\n"},
		{"authjwt_secret_key", nil, ""},
		{"authjwt_secret_key", namedText(testSecret), testSecret},
		{"authjwt_encode_issuer", " urn:a ", " urn:a "},
		{"authjwt_encode_issuer", nil, authjwt.NoIssuer},
		{"authjwt_decode_issuer", nil, authjwt.NoIssuer},
		{"authjwt_encode_issuer", authjwt.NoIssuer, authjwt.NoIssuer},
		{"authjwt_key_id", authjwt.NoKeyID, authjwt.NoKeyID},
		{"authjwt_cookie_domain", nil, ""},
		{"authjwt_header_name", namedText("X-A"), "X-A"},
		{"authjwt_header_type", nil, authjwt.NoHeaderType},
		{"JWT_HEADER_TYPE", "", authjwt.NoHeaderType},
		{"JWT_ENCODE_ISSUER", nil, ""},
		{"JWT_SECRET_KEY", nil, ""},
		{"JWT_COOKIE_DOMAIN", nil, ""},

		{"authjwt_cookie_secure", true, false},
		{"authjwt_cookie_secure", false, true}, // Q15
		{"authjwt_cookie_secure", namedBool(true), false},
		{"authjwt_cookie_csrf_protect", true, false},
		{"authjwt_denylist_enabled", false, false},

		{"authjwt_token_location", []any{"headers", "cookies", "headers"}, both}, // a set: Q09
		{"authjwt_token_location", []string{"headers", "headers"}, []authjwt.Location{authjwt.Headers}},
		{"authjwt_token_location", [2]string{"headers", "cookies"}, both},
		{"authjwt_token_location", both, both},
		{"authjwt_denylist_token_checks", []authjwt.TokenType{"refresh", "access", "refresh"}, []authjwt.TokenType{authjwt.Refresh, authjwt.Access}},
		{"authjwt_csrf_methods", []any{"get", "HEAD", "Post", "PUT", "PATCH", "DELETE", "put"}, []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"}},
		{"JWT_CSRF_METHODS", []any{"OPTIONS"}, []string{"OPTIONS"}},
		{"authjwt_decode_algorithms", nil, []string(nil)},
		{"authjwt_decode_audience", "a", []string{"a"}},
		{"authjwt_decode_audience", namedText("a"), []string{"a"}},
		{"authjwt_decode_audience", []any{"a", namedText("b")}, []string{"a", "b"}},
		{"authjwt_decode_audience", nil, []string(nil)},
		{"authjwt_encode_audience", []any{}, []string{}},
		{"authjwt_encode_audience", "a", []string{"a"}},
		{"JWT_ENCODE_AUDIENCE", "a", []string{"a"}},
		{"JWT_ENCODE_AUDIENCE", nil, []string(nil)},
		{"JWT_DECODE_AUDIENCE", []any{"a"}, []string{"a"}},
		{"authjwt_trusted_origins", []any{}, []string{}},

		{"authjwt_cookie_samesite", "strict", http.SameSiteStrictMode},
		{"authjwt_cookie_samesite", "lax", http.SameSiteLaxMode},
		{"JWT_COOKIE_SAMESITE", "Strict", http.SameSiteStrictMode},
		{"JWT_COOKIE_SAMESITE", "Lax", http.SameSiteLaxMode},
		{"JWT_COOKIE_SAMESITE", "None", http.SameSiteNoneMode},
		{"JWT_COOKIE_SAMESITE", "none", http.SameSiteNoneMode},
		{"JWT_COOKIE_SAMESITE", "lax", http.SameSiteLaxMode},
		{"JWT_COOKIE_SAMESITE", nil, http.SameSiteDefaultMode},
		{"authjwt_errors", "rfc6750", authjwt.RFC6750},
		{"authjwt_errors", "fastapi", authjwt.FastAPI},
		{"authjwt_errors", "fastjwt", authjwt.FastJWTStyle},
	} {
		got, err := loadedField(row.name, row.v)
		require.NoError(t, err, "%s: %v", row.name, row.v)
		assert.Equal(t, row.want, got, "%s: %v", row.name, row.v)
	}
}

func TestValues_Refused(t *testing.T) {
	const noText, null, empty = " is no text; write it in quotes", "null has no meaning here; leave it out for the default", "it is empty; leave it out for the default"
	const noList, emptyList = " is no list; write [\"…\"]", "the list is empty; leave it out for the default"
	const locations, methods = " is not possible; write headers, cookies, query or json", " is not possible; write GET, HEAD, POST, PUT, PATCH or DELETE"
	const noBool = " is neither true nor false; write one of them, without quotes"
	const misplaced = "it is a PEM key, which belongs to the private or the public key"
	for _, row := range []struct {
		name string
		v    any
		fix  string
	}{
		{"authjwt_secret_key", "", "it is empty; make one with: openssl rand -base64 32"},
		{"authjwt_secret_key", 1, "a int" + noText},
		{"authjwt_secret_key", json.Number("1"), "a json.Number" + noText},
		{"authjwt_private_key", "", "it is empty; was the file or the variable of the environment read?"},
		{"authjwt_private_key", 123, "a int is no private key; write it as PEM"},
		{"authjwt_private_key", []byte(examplePrivatePEM), "a []uint8 is no private key; write it as PEM"},
		{"authjwt_private_key", rsaKey().Public(), "a *rsa.PublicKey is no private key; write it as PEM"},
		{"authjwt_private_key", examplePublicPEM, "a PEM block \"PUBLIC KEY\" is not available; it is a public key,…"},
		{"authjwt_public_key", "not a key", "it is no PEM,…"},
		{"authjwt_public_key", rsaKey(), "a *rsa.PrivateKey is no public key; write it as PEM"},
		{"authjwt_public_key", 1.5, "a float64 is no public key; write it as PEM"},
		{"JWT_PRIVATE_KEY", false, "a bool is no private key; write it as PEM"},
		{"authjwt_algorithm", 123, "123" + noText},
		{"authjwt_algorithm", json.Number("123"), "\"123\"" + noText},
		{"authjwt_algorithm", nil, null},
		{"authjwt_algorithm", examplePublicPEM, misplaced},
		{"authjwt_algorithm", map[string]any{}, "a map[string]interface {}" + noText},
		{"authjwt_header_name", nil, null},
		{"authjwt_header_type", "", empty},
		{"JWT_HEADER_TYPE", nil, null},
		{"authjwt_access_cookie_path", "", empty},
		{"authjwt_access_cookie_path", nil, null},
		{"authjwt_key_id", nil, null},
		{"authjwt_cookie_domain", "", empty},

		{"authjwt_cookie_secure", 1, "1" + noBool},
		{"authjwt_cookie_secure", 0, "0" + noBool},
		{"authjwt_cookie_secure", "true", "\"true\"" + noBool},
		{"authjwt_cookie_secure", nil, null},
		{"authjwt_cookie_csrf_protect", nil, null},
		{"authjwt_denylist_enabled", "test", "\"test\"" + noBool},
		{"JWT_COOKIE_SECURE", examplePrivatePEM, "a PEM text" + noBool},

		{"authjwt_token_location", "headers", "\"headers\"" + noList},
		{"authjwt_token_location", 1, "1" + noList},
		{"authjwt_token_location", map[string]any{"headers": 1}, "a map[string]interface {}" + noList},
		{"authjwt_token_location", []any{}, emptyList},
		{"authjwt_token_location", []string(nil), emptyList},
		{"authjwt_token_location", nil, null},
		{"authjwt_token_location", []any{"Headers"}, "element 1: \"Headers\"" + locations},
		{"authjwt_token_location", []any{"headers", "cookie"}, "element 2: \"cookie\"" + locations},
		{"authjwt_denylist_token_checks", []any{}, emptyList},
		{"authjwt_denylist_token_checks", []any{"Access"}, "element 1: \"Access\" is not possible; write access or refresh"},
		{"authjwt_denylist_token_checks", []any{1}, "element 1: 1" + noText},
		{"authjwt_csrf_methods", []any{}, emptyList},
		{"authjwt_csrf_methods", []any{"TRACE"}, "element 1: \"TRACE\"" + methods},
		{"authjwt_csrf_methods", []any{"OPTIONS"}, "element 1: \"OPTIONS\"" + methods},
		{"authjwt_csrf_methods", []any{""}, "element 1: " + empty},
		{"authjwt_csrf_methods", []any{examplePrivatePEM}, "element 1: " + misplaced},
		{"authjwt_decode_algorithms", []any{}, emptyList},
		{"authjwt_decode_algorithms", "HS256", "\"HS256\"" + noList},
		{"authjwt_decode_audience", []any{}, emptyList},
		{"authjwt_decode_audience", "", "element 1: " + empty},
		{"authjwt_decode_audience", 1, "1" + noList},
		{"authjwt_decode_audience", map[string]any{"foo": 1}, "a map[string]interface {}" + noList},
		{"JWT_DECODE_AUDIENCE", []any{}, emptyList},
		{"authjwt_encode_audience", nil, null},
		{"authjwt_trusted_origins", "https://a.example", "\"https://a.example\"" + noList},

		{"authjwt_cookie_samesite", "Lax", "\"Lax\" is not possible; write strict, lax or none"},
		{"authjwt_cookie_samesite", nil, null},
		{"authjwt_cookie_samesite", 1, "1" + noText},
		{"JWT_COOKIE_SAMESITE", "LAX", "\"LAX\" is not possible; write Strict, Lax or None"},
		{"authjwt_errors", "RFC6750", "\"RFC6750\" is not possible; write rfc6750, fastapi or fastjwt"},
		{"authjwt_untyped_tokens", "refresh", "\"refresh\" is not possible; write access"},
	} {
		_, err := loadedField(row.name, row.v)
		assertMistakes(t, err, row.name+": "+row.fix)
	}
}

func TestValues_ParsedKeys(t *testing.T) {
	for _, row := range []struct {
		name string
		key  any
	}{
		{"authjwt_private_key", rsaKey()}, {"authjwt_private_key", p256Key()}, {"authjwt_private_key", ed25519Key()},
		{"authjwt_public_key", rsaKey().Public().(*rsa.PublicKey)}, {"authjwt_public_key", p256Key().Public().(*ecdsa.PublicKey)},
		{"authjwt_public_key", ed25519Key().Public()},
	} {
		got, err := loadedField(row.name, row.key)
		require.NoError(t, err)
		assert.Equal(t, row.key, got)
	}
}

// A long text is cut, for it may be the content of a file that was meant to be read as something else.
func TestValues_LongTexts(t *testing.T) {
	long := secretOf(1000)
	for _, v := range []any{long, []any{long}} {
		_, err := authjwt.LoadSettings(dict{"authjwt_token_location": v, "authjwt_access_token_expires": long})
		require.Error(t, err)
		assert.Less(t, len(err.Error()), 500)
	}
	_, err := authjwt.LoadSettings(dict{"authjwt_access_token_expires": time.Minute})
	assert.NoError(t, err)
}
