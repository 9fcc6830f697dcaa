package authjwt_test

import (
	"maps"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

// fastJWTDefaults is what FJWTConfig().model_dump(mode="json") of FastJWT 0.4.1 gives.
func fastJWTDefaults(tb testing.TB) dict {
	tb.Helper()
	return decoded(tb, `{"JWT_ACCESS_TOKEN_EXPIRES": "PT15M", "JWT_ALGORITHM": "HS256", "JWT_DECODE_ALGORITHMS": ["HS256"], "JWT_DECODE_AUDIENCE": null,
"JWT_DECODE_ISSUER": null, "JWT_DECODE_LEEWAY": 0, "JWT_ENCODE_AUDIENCE": null, "JWT_ENCODE_ISSUER": null, "JWT_ENCODE_NBF": true,
"JWT_ERROR_MESSAGE_KEY": "msg", "JWT_IDENTITY_CLAIM": "sub", "JWT_PRIVATE_KEY": null, "JWT_PUBLIC_KEY": null, "JWT_REFRESH_TOKEN_EXPIRES": "P20D",
"JWT_SECRET_KEY": null, "JWT_TOKEN_LOCATION": ["headers"], "JWT_HEADER_NAME": "Authorization", "JWT_HEADER_TYPE": "Bearer",
"JWT_ACCESS_COOKIE_NAME": "access_token_cookie", "JWT_ACCESS_COOKIE_PATH": "/", "JWT_COOKIE_CSRF_PROTECT": true, "JWT_COOKIE_DOMAIN": null,
"JWT_COOKIE_MAX_AGE": null, "JWT_COOKIE_SAMESITE": "Lax", "JWT_COOKIE_SECURE": true, "JWT_REFRESH_COOKIE_NAME": "refresh_token_cookie",
"JWT_REFRESH_COOKIE_PATH": "/", "JWT_SESSION_COOKIE": true, "JWT_ACCESS_CSRF_COOKIE_NAME": "csrf_access_token", "JWT_ACCESS_CSRF_COOKIE_PATH": "/",
"JWT_ACCESS_CSRF_FIELD_NAME": "csrf_token", "JWT_ACCESS_CSRF_HEADER_NAME": "X-CSRF-TOKEN", "JWT_CSRF_CHECK_FORM": false, "JWT_CSRF_IN_COOKIES": true,
"JWT_CSRF_METHODS": ["POST", "PUT", "PATCH", "DELETE"], "JWT_REFRESH_CSRF_COOKIE_NAME": "csrf_refresh_token", "JWT_REFRESH_CSRF_COOKIE_PATH": "/",
"JWT_REFRESH_CSRF_FIELD_NAME": "csrf_token", "JWT_REFRESH_CSRF_HEADER_NAME": "X-CSRF-TOKEN", "JWT_QUERY_STRING_NAME": "token",
"JWT_JSON_KEY": "access_token", "JWT_REFRESH_JSON_KEY": "refresh_token", "JWT_IMPLICIT_REFRESH_ROUTE_EXCLUDE": [],
"JWT_IMPLICIT_REFRESH_ROUTE_INCLUDE": [], "JWT_IMPLICIT_REFRESH_METHOD_EXCLUDE": [], "JWT_IMPLICIT_REFRESH_METHOD_INCLUDE": [],
"JWT_IMPLICIT_REFRESH_DELTATIME": "PT10M"}`)
}

func TestLoadSettings_FastJWTDump(t *testing.T) {
	want := authjwt.FastJWT()
	want.Algorithm, want.TokenLocation = "HS256", []authjwt.Location{authjwt.Headers}
	want.HeaderName, want.HeaderType, want.QueryStringName, want.JSONKey, want.RefreshJSONKey = "Authorization", "Bearer", "token", "access_token", "refresh_token"
	want.AccessCookieKey, want.RefreshCookieKey, want.AccessCookiePath, want.RefreshCookiePath = "access_token_cookie", "refresh_token_cookie", "/", "/"
	want.AccessCSRFCookieKey, want.RefreshCSRFCookieKey, want.AccessCSRFCookiePath, want.RefreshCSRFCookiePath = "csrf_access_token", "csrf_refresh_token", "/", "/"
	want.AccessCSRFHeaderName, want.RefreshCSRFHeaderName = "X-CSRF-TOKEN", "X-CSRF-TOKEN"
	want.CSRFMethods, want.CookieSameSite = []string{"POST", "PUT", "PATCH", "DELETE"}, http.SameSiteLaxMode
	want.AccessTokenExpires, want.RefreshTokenExpires = 15*time.Minute, 480*time.Hour
	authx := fastJWTDefaults(t)
	maps.Copy(authx, dict{"JWT_COOKIE_SAMESITE": "lax", "JWT_COOKIE_HTTP_ONLY": true, "JWT_PREVIOUS_SECRET_KEY": nil, "JWT_PREVIOUS_PUBLIC_KEY": nil,
		"JWT_SESSION_TRACKING": false, "JWT_SESSION_UPDATE_LAST_ACTIVE": true})
	for name, dump := range map[string]dict{"FastJWT": fastJWTDefaults(t), "authx": authx} {
		s, err := authjwt.LoadSettings(dump)
		require.NoError(t, err, name)
		assert.Equal(t, want, s, name)

		dump["JWT_SECRET_KEY"] = testSecret
		m, err := authjwt.New(must(authjwt.LoadSettings(dump)))
		require.NoError(t, err, name)
		mustCreate(t, m)
	}
}

// What FastJWT has and we have not is good as long as nothing comes of it.
func TestLoadSettings_FastJWTOnly(t *testing.T) {
	noRefresh := "leave it out, and set Settings.RefreshWithin in Go, with a Store, for guards that renew tokens"
	ring := "leave it out, and set Settings.KeyRing in Go, which holds several keys"
	for _, row := range []struct {
		name    string
		refused []any
		fix     string
		taken   []any
	}{
		{"JWT_DECODE_ALGORITHMS", []any{[]any{}, []any{"HS256", "HS512"}, []any{"HS384"}, "HS256", nil}, "…set Settings.DecodeAlgorithms in Go", []any{[]string{"HS256"}}},
		{"JWT_DECODE_LEEWAY", []any{10, "PT1S", true, "0"}, "…set Settings.DecodeLeeway in Go", []any{0.0, nil, "PT0S", time.Duration(0)}},
		{"JWT_ENCODE_NBF", []any{1, nil, "true"}, "…write true or false, or leave it out", []any{false}},
		{"JWT_IDENTITY_CLAIM", []any{"user", "", nil}, "…as here; leave it out", nil},
		{"JWT_ERROR_MESSAGE_KEY", []any{"message", nil}, "…set Settings.ErrorHandler in Go", nil},
		{"JWT_SESSION_COOKIE", []any{false, 1}, "…Settings.PersistentCookies in Go", nil},
		{"JWT_COOKIE_HTTP_ONLY", []any{false}, "…let pages read the CSRF cookies", []any{true}},
		{"JWT_CSRF_IN_COOKIES", []any{false}, "…leave it out", nil},
		{"JWT_CSRF_CHECK_FORM", []any{"true", 0, nil}, "write true or false", []any{true}},
		{"JWT_REFRESH_CSRF_FIELD_NAME", []any{"", nil, 1}, "write the name of a form field,…", []any{"a"}},
		{"JWT_IMPLICIT_REFRESH_ROUTE_EXCLUDE", []any{[]any{"/"}, nil, "", dict{}}, noRefresh, []any{[]string{}}},
		{"JWT_IMPLICIT_REFRESH_ROUTE_INCLUDE", []any{[]any{"/"}}, noRefresh, nil},
		{"JWT_IMPLICIT_REFRESH_METHOD_EXCLUDE", []any{[]any{"GET"}}, noRefresh, nil},
		{"JWT_IMPLICIT_REFRESH_METHOD_INCLUDE", []any{[]any{"GET"}}, noRefresh, nil},
		{"JWT_IMPLICIT_REFRESH_DELTATIME", []any{300, "PT11M", nil}, noRefresh, []any{600, "0:10:00"}},
		{"JWT_PREVIOUS_SECRET_KEY", []any{testSecret, ""}, ring, []any{nil}},
		{"JWT_PREVIOUS_PUBLIC_KEY", []any{examplePublicPEM}, ring, []any{nil}},
		{"JWT_SESSION_TRACKING", []any{true, nil}, "…set Settings.Store in Go", []any{false}},
		{"JWT_SESSION_UPDATE_LAST_ACTIVE", []any{false}, "…leave it out", []any{true}},
	} {
		for _, v := range row.refused {
			_, err := authjwt.LoadSettings(dict{row.name: v})
			assertMistakes(t, err, row.name+": "+row.fix)
		}
		for _, v := range row.taken {
			_, err := authjwt.LoadSettings(dict{row.name: v})
			assert.NoError(t, err, "%s: %v", row.name, v)
		}
		if v, ok := fastJWTDefaults(t)[row.name]; ok {
			s, err := authjwt.LoadSettings(dict{row.name: v})
			require.NoError(t, err, row.name)
			assert.Equal(t, authjwt.FastJWT(), s, row.name)
		}
	}
	_, err := authjwt.LoadSettings(dict{"jwt_Session_Cookie": false})
	assertMistakes(t, err, "jwt_Session_Cookie: FastJWT never reads it…")
}

// JWT_DECODE_ALGORITHMS stays at its default in a dump, and means nothing beside another JWT_ALGORITHM.
func TestLoadSettings_FastJWTAlgorithms(t *testing.T) {
	for _, list := range [][]any{{"HS256"}, {"RS256"}} {
		s, err := authjwt.LoadSettings(dict{"JWT_ALGORITHM": "RS256", "JWT_DECODE_ALGORITHMS": list, "JWT_PRIVATE_KEY": rsaKey()})
		require.NoError(t, err)
		assert.Nil(t, s.DecodeAlgorithms)
		_, err = authjwt.New(s)
		assert.NoError(t, err)
	}
	_, err := authjwt.LoadSettings(dict{"JWT_ALGORITHM": "RS256", "JWT_DECODE_ALGORITHMS": []any{"RS512"}})
	assertMistakes(t, err, "JWT_DECODE_ALGORITHMS: …")
}

// FastJWT looks into forms by two names, if at all; here one name does.
func TestLoadSettings_FastJWTForms(t *testing.T) {
	const access, refresh, check = "JWT_ACCESS_CSRF_FIELD_NAME", "JWT_REFRESH_CSRF_FIELD_NAME", "JWT_CSRF_CHECK_FORM"
	for _, row := range []struct {
		given dict
		want  string
	}{
		{dict{}, ""},
		{dict{access: "a"}, ""},
		{dict{access: "a", refresh: "b", check: false}, ""},
		{dict{check: true}, "csrf_token"},
		{dict{check: true, access: "csrf_token"}, "csrf_token"},
		{dict{check: true, access: "a", refresh: "a"}, "a"},
	} {
		s, err := authjwt.LoadSettings(row.given)
		require.NoError(t, err)
		assert.Equal(t, row.want, s.CSRFFormField)
	}
	for want, given := range map[string]dict{
		"JWT_REFRESH_CSRF_FIELD_NAME: one form field serves both tokens here; write \"a\", which the access token's is":          {check: true, access: "a"},
		"JWT_REFRESH_CSRF_FIELD_NAME: one form field serves both tokens here; write \"csrf_token\", which the access token's is": {check: true, refresh: "b"},
	} {
		_, err := authjwt.LoadSettings(given)
		assertMistakes(t, err, want)
	}
}
