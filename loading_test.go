package authjwt_test

import (
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

// All mistakes come at once, each with the name that was given, and of Settings' own with the field, too.
func TestLoadSettings_AllMistakes(t *testing.T) {
	_, err := authjwt.LoadSettings(dict{
		"authjwt_algorithm": 1, "AUTHJWT_Cookie_Max_Age": "60", "authjwt_cookie_samesite": "Lax", "authjwt_csrf_methods": []any{"posts", 1, nil, "put", "LINK"},
		"authjwt_Header_Type": "My Token", "authjwt_nonsense": 1, "authjwt_secret_key": "a", "authjwt_token_location": []any{},
		"authjwt_decode_algorithms": []string{"HS256", "none"},
	})
	assertMistakes(t, err,
		"AUTHJWT_Cookie_Max_Age: \"60\" is no number of whole seconds from 1; write 3600…",
		"authjwt_algorithm: 1 is no text; write it in quotes",
		"authjwt_cookie_samesite: \"Lax\" is not possible; write strict, lax or none",
		"authjwt_csrf_methods: element 2: 1 is no text; write it in quotes",
		"authjwt_csrf_methods: element 3: null has no meaning here; leave it out for the default",
		"authjwt_nonsense is unknown;…",
		"authjwt_token_location: the list is empty; leave it out for the default",
		"authjwt_decode_algorithms: Settings.DecodeAlgorithms: \"none\" is not available;…",
		"authjwt_secret_key: Settings.SecretKey: 1 octets are too few: HS256 needs at least 32…",
		"authjwt_Header_Type: Settings.HeaderType: \"My Token\" is not a scheme…",
	)
}

// Where a name was not given, the mistake is in what is its default.
func TestLoadSettings_Mistakes(t *testing.T) {
	opposite := " (InsecureCookies is the opposite of authjwt_cookie_secure)"
	for _, row := range []struct {
		given dict
		want  string
		twin  dict
	}{
		{dict{"authjwt_cookie_samesite": "none"}, "authjwt_cookie_samesite: Settings.CookieSameSite: browsers refuse…leave InsecureCookies out" + opposite,
			dict{"authjwt_cookie_samesite": "none", "authjwt_cookie_secure": true}},
		{dict{"authjwt_cookie_prefix": "__Host-"}, "authjwt_cookie_secure: Settings.InsecureCookies: browsers refuse…" + opposite,
			dict{"authjwt_cookie_prefix": "__Host-", "authjwt_cookie_secure": true}},
		{dict{"JWT_COOKIE_SAMESITE": "None", "Jwt_Cookie_Secure": false}, "JWT_COOKIE_SAMESITE: …(InsecureCookies is the opposite of Jwt_Cookie_Secure)",
			dict{"JWT_COOKIE_SAMESITE": "None"}},
		{dict{"authjwt_header_type": "B("}, "authjwt_header_type: Settings.HeaderType: \"B(\" is not a scheme…", dict{"authjwt_header_type": "B"}},
		{dict{"authjwt_header_name": "Bad Name"}, "authjwt_header_name: Settings.HeaderName: …", dict{"authjwt_header_name": "Bad-Name"}},
		{dict{"authjwt_access_cookie_key": "access token"}, "authjwt_access_cookie_key: Settings.AccessCookieKey: …", dict{"authjwt_access_cookie_key": "access-token"}},
		{dict{"authjwt_refresh_cookie_key": "access_token_cookie"}, "authjwt_refresh_cookie_key: Settings.RefreshCookieKey: …", dict{"authjwt_refresh_cookie_key": "r"}},
		{dict{"authjwt_access_token_expires": 0.5}, "authjwt_access_token_expires: Settings.AccessTokenExpires: 500ms is below one second…", dict{"authjwt_access_token_expires": 1.5}},
		{dict{"authjwt_cookie_max_age": 34560001}, "authjwt_cookie_max_age: Settings.CookieMaxAge: …400 days", dict{"authjwt_cookie_max_age": 34560000}},
		{dict{"authjwt_decode_leeway": 301}, "authjwt_decode_leeway: Settings.DecodeLeeway: …", dict{"authjwt_decode_leeway": 300}},
		{dict{"authjwt_algorithm": "none"}, "authjwt_algorithm: Settings.Algorithm: \"none\" is not available;…", dict{"authjwt_algorithm": "HS384"}},
		{dict{"authjwt_algorithm": "hs256"}, "authjwt_algorithm: Settings.Algorithm: \"hs256\" is not available;…", dict{"authjwt_algorithm": "HS256"}},
		{dict{"authjwt_decode_algorithms": []any{"RS256", "RS256"}}, "authjwt_decode_algorithms: Settings.DecodeAlgorithms: \"RS256\" stands twice…", dict{"authjwt_decode_algorithms": []any{"RS256"}}},
		{dict{"authjwt_secret_key": testSecret, "authjwt_decode_algorithms": []any{"HS384"}}, "authjwt_decode_algorithms: Settings.DecodeAlgorithms: \"HS256\", the Algorithm of new tokens…",
			dict{"authjwt_secret_key": testSecret, "authjwt_decode_algorithms": []any{"HS384"}, "authjwt_algorithm": "HS384"}},
		{dict{"authjwt_algorithm": "HS512", "authjwt_decode_algorithms": []any{"HS384"}}, "authjwt_decode_algorithms: Settings.DecodeAlgorithms: \"HS512\", the Algorithm of new tokens…",
			dict{"authjwt_algorithm": "HS512", "authjwt_decode_algorithms": []any{"HS384", "HS512"}}},
		{dict{"authjwt_secret_key": "a"}, "authjwt_secret_key: Settings.SecretKey: …", dict{"authjwt_secret_key": "a", "authjwt_insecure_short_secret": true}},
		{dict{"authjwt_secret_key": "1234567"}, "authjwt_secret_key: Settings.SecretKey: 7 octets are too few…", dict{"authjwt_secret_key": "  padded  "}},
		{dict{"authjwt_secret_key": "a", "authjwt_algorithm": "HS384"}, "authjwt_secret_key: Settings.SecretKey: 1 octets are too few: HS384…", dict{"authjwt_secret_key": "a", "authjwt_algorithm": "RS384"}},
		{dict{"authjwt_secret_key": "ChangeMe"}, "authjwt_secret_key: Settings.SecretKey: it is a well-known example;…", dict{"authjwt_secret_key": "ChangeMy"}},
		{dict{"authjwt_secret_key": examplePublicPEM}, "authjwt_secret_key: Settings.SecretKey: it is a PEM key…", dict{"authjwt_public_key": examplePublicPEM}},
		{dict{"authjwt_public_key": "not a key"}, "authjwt_public_key: it is no PEM…", dict{"authjwt_public_key": examplePublicPEM + "\n"}},
		{dict{"authjwt_public_key": examplePrivatePEM}, "authjwt_public_key: a PEM block \"PRIVATE KEY\" is not available…", dict{"authjwt_private_key": examplePrivatePEM}},
	} {
		_, err := authjwt.LoadSettings(row.given)
		assertMistakes(t, err, row.want)
		_, err = authjwt.LoadSettings(row.twin)
		assert.NoError(t, err, row.want)
	}
}

// What may come later, New misses: keys, what a denylist asks, the length that an algorithm needs.
func TestLoadSettings_LeftToNew(t *testing.T) {
	for _, row := range []struct {
		given dict
		want  string
	}{
		{dict{"authjwt_token_location": []any{"headers"}}, "authjwt: Settings.SecretKey: it is empty…"},
		{dict{"authjwt_secret_key": testSecret, "authjwt_denylist_enabled": true}, "authjwt: Settings.DenylistEnabled: there is nothing to ask…"},
		{dict{"authjwt_secret_key": "  padded  "}, "authjwt: Settings.SecretKey: 10 octets are too few…"},
		{dict{"authjwt_public_key": examplePublicPEM}, "authjwt: Settings.Algorithm: \"HS256\" does not fit a key of Ed25519…"},
	} {
		s, err := authjwt.LoadSettings(row.given)
		require.NoError(t, err)
		_, err = authjwt.New(s)
		assertMistakes(t, err, strings.TrimPrefix(row.want, "authjwt: "))
	}
}

// Python uses the key that the algorithm of a token needs, and ignores another one; New refuses what it would not use.
func TestLoadSettings_Keys(t *testing.T) {
	private := pemOf("PRIVATE KEY", pkcs8(rsaKey()))
	public := pemOf("PUBLIC KEY", pkix1(rsaKey().Public()))
	for name, row := range map[string]struct {
		given        dict
		algorithm    string
		secret, pair bool
	}{
		"secret":                     {dict{"authjwt_secret_key": testSecret}, "", true, false},
		"secret of FastJWT":          {dict{"JWT_SECRET_KEY": testSecret}, "", true, false},
		"all, no algorithm":          {dict{"authjwt_secret_key": testSecret, "authjwt_private_key": private, "authjwt_public_key": public}, "HS256", true, false},
		"all of FastJWT":             {dict{"JWT_SECRET_KEY": testSecret, "JWT_PRIVATE_KEY": private, "JWT_PUBLIC_KEY": public}, "HS256", true, false},
		"all, HS384":                 {dict{"authjwt_secret_key": testSecret, "authjwt_private_key": private, "authjwt_algorithm": "HS384"}, "HS384", true, false},
		"all, RS256":                 {dict{"authjwt_secret_key": testSecret, "authjwt_private_key": private, "authjwt_public_key": public, "authjwt_algorithm": "RS256"}, "RS256", false, true},
		"all of FastJWT, RS256":      {dict{"JWT_SECRET_KEY": testSecret, "JWT_PRIVATE_KEY": private, "JWT_PUBLIC_KEY": public, "JWT_ALGORITHM": "RS256"}, "RS256", false, true},
		"both are used":              {dict{"authjwt_secret_key": testSecret, "authjwt_private_key": private, "authjwt_algorithm": "RS256", "authjwt_decode_algorithms": []any{"RS256", "HS256"}}, "RS256", true, true},
		"both, HS256 signs":          {dict{"authjwt_secret_key": testSecret, "authjwt_private_key": private, "authjwt_decode_algorithms": []any{"RS256", "HS256"}}, "HS256", true, true},
		"verifies alone":             {dict{"authjwt_public_key": public, "authjwt_algorithm": "PS256"}, "PS256", false, true},
		"verifies, decodes alone":    {dict{"authjwt_public_key": public, "authjwt_decode_algorithms": []any{"RS256"}}, "", false, true},
		"parsed":                     {dict{"authjwt_private_key": rsaKey(), "authjwt_public_key": rsaKey().Public(), "authjwt_algorithm": "RS256"}, "RS256", false, true},
		"elliptic, parsed":           {dict{"authjwt_private_key": p256Key(), "authjwt_public_key": p256Key().Public(), "authjwt_algorithm": "ES256"}, "ES256", false, true},
		"PKCS #1 and SEC 1":          {dict{"authjwt_private_key": pemOf("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(rsaKey())), "authjwt_public_key": pemOf("RSA PUBLIC KEY", x509.MarshalPKCS1PublicKey(&rsaKey().PublicKey)), "authjwt_algorithm": "RS256"}, "RS256", false, true},
		"without the final newline":  {dict{"authjwt_private_key": strings.TrimSpace(private), "authjwt_public_key": strings.TrimSpace(public), "authjwt_algorithm": "RS256"}, "RS256", false, true},
		"null, which is Python's":    {dict{"authjwt_secret_key": testSecret, "authjwt_private_key": nil, "authjwt_public_key": nil, "authjwt_decode_algorithms": nil}, "", true, false},
		"null of the other key":      {dict{"authjwt_secret_key": nil, "authjwt_private_key": private, "authjwt_algorithm": "RS256"}, "RS256", false, true},
		"a weak secret is not used":  {dict{"authjwt_secret_key": "a", "authjwt_private_key": private, "authjwt_algorithm": "RS256"}, "RS256", false, true},
		"HS256 listed, RS256 signs":  {dict{"authjwt_secret_key": testSecret, "authjwt_public_key": public, "authjwt_decode_algorithms": []any{"HS256", "RS512"}}, "HS256", true, true},
		"all secrets' algorithms":    {dict{"authjwt_secret_key": testSecret, "authjwt_public_key": public, "authjwt_decode_algorithms": []any{"HS512", "HS256"}}, "HS256", true, false},
		"short secret that is meant": {dict{"authjwt_secret_key": "not long", "authjwt_insecure_short_secret": true}, "", true, false},
	} {
		s, err := authjwt.LoadSettings(row.given)
		require.NoError(t, err, name)
		assert.Equal(t, row.algorithm, s.Algorithm, name)
		assert.Equal(t, row.secret, s.SecretKey != "", name)
		assert.Equal(t, row.pair, s.PrivateKey != nil || s.PublicKey != nil, name)
		_, err = authjwt.New(s)
		assert.NoError(t, err, name)
	}
}

// No error tells a secret or a key, whatever they were mistaken for.
func TestLoadSettings_SecretsStaySecret(t *testing.T) {
	const secret = "aaaaaaaa-S3CRET"
	inner := "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v"
	require.Contains(t, examplePrivatePEM, inner)
	for _, row := range loadableFields {
		for _, name := range []string{row.python, row.fastJWT} {
			for _, v := range []any{examplePrivatePEM, []any{examplePrivatePEM}, []byte(examplePrivatePEM), dict{"a": examplePrivatePEM}, 47114711} {
				_, err := authjwt.LoadSettings(dict{name: v})
				if err != nil {
					assert.NotContains(t, err.Error(), inner, name)
					assert.NotContains(t, err.Error(), "-----BEGIN P", name)
				}
				if row.field == "SecretKey" || row.field == "PrivateKey" {
					assert.NotContains(t, fmt.Sprint(err), "47114711")
				}
			}
		}
	}
	cut, spaced := "authjwt\n"+inner+"\n-----END PRIVATE KEY-----", "----- BEGIN PRIVATE KEY -----\n"+inner
	for _, given := range []dict{
		{examplePrivatePEM: 1}, {cut: 1}, {"authjwt_realm": cut}, {"authjwt_realm": spaced}, {"authjwt_algorithm": spaced},
		{"authjwt_decode_audience": json.RawMessage(examplePrivatePEM)}, {"authjwt_trusted_origins": []byte(secret)},
	} {
		_, err := authjwt.LoadSettings(given)
		require.Error(t, err)
		assert.NotContains(t, err.Error(), inner)
		assert.NotContains(t, err.Error(), "element", "octets one by one")
	}
	for _, name := range []string{"authjwt_secret_key", "authjwt_private_key", "authjwt_public_key", "JWT_SECRET_KEY", "JWT_PRIVATE_KEY",
		"JWT_PREVIOUS_SECRET_KEY", "JWT_PREVIOUS_PUBLIC_KEY"} {
		for _, v := range []any{secret, []any{secret}, []byte(secret), dict{secret: secret}, errors.New(secret), struct{ s string }{secret}} {
			s, err := authjwt.LoadSettings(dict{name: v, "authjwt_realm": "\n"})
			require.Error(t, err)
			assert.Zero(t, s)
			assert.NotContains(t, err.Error(), "S3CRET", name)
		}
	}
}

// Whatever a map holds, it is taken or refused.
func TestLoadSettings_NeverPanics(t *testing.T) {
	names := []string{"", "x", "JWT_", "authjwt_", "authjwt_store", "authjwt_Kelvin_\u212a"}
	for _, row := range loadableFields {
		names = append(names, row.python, row.fastJWT)
	}
	for name := range fastJWTDefaults(t) {
		names = append(names, name)
	}
	r := rand.New(rand.NewPCG(1, 2))
	var pick func(depth int) any
	pick = func(depth int) any {
		leaves := []any{nil, true, false, 0, -1, 1.5, 1e300, "", "a", "15", "PT2M", "headers", "access", "\xff", uint8(3), int64(1) << 62, uint64(1) << 63,
			func() {}, make(chan int), (*int)(nil), struct{}{}, [2]string{"a", "b"}, []string(nil), map[string]bool(nil), complex(1, 2), errors.New("a"), (*rsa.PrivateKey)(nil), ed25519.PrivateKey{}, []byte("a")}
		at := r.IntN(len(leaves) + 2)
		switch {
		case at < len(leaves):
			return leaves[at]
		case depth > 3:
			return "deep"
		case at == len(leaves):
			return []any{pick(depth + 1), pick(depth + 1)}
		}
		return dict{"a": pick(depth + 1)}
	}
	taken := map[string]bool{}
	for range 20000 {
		given := dict{}
		for range 1 + r.IntN(3) {
			given[names[r.IntN(len(names))]] = pick(0)
		}
		s, err := authjwt.LoadSettings(given)
		if err != nil {
			assert.Zero(t, s)
			continue
		}
		for name := range given {
			taken[name] = true
		}
	}
	assert.Greater(t, len(taken), 50, "names, or the values are too wild to test much")
}
