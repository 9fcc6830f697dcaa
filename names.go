package authjwt

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// LoadSettings makes Settings of values by the names that they have in Python: fastapi-jwt-auth's, authjwt_secret_key and so on, for
// [FastAPIJWTAuth], or FastJWT's, JWT_SECRET_KEY and so on, for [FastJWT]; letter case does not matter. A field that Python has no
// name for has one of the first kind: ClockSkew is authjwt_clock_skew. Keys are PEM texts, or parsed. Lists may come from JSON, YAML or
// Go. Numbers count seconds where a duration is due, which "15m", "PT15M" and "0:15:00" are, too; false is a life without end. Texts are
// taken as they stand, blanks included. Null is what None is in Python, and an error where None makes no sense there, or is refused, as for
// authjwt_cookie_samesite: leave that one out. Fields that FastJWT has no name for go by the names of the first kind beside its own.
//
// As in Python, the algorithm is HS256 unless it is named, and a key that no algorithm uses is ignored. What FastJWT has and
// this package has not may stand at its default, so that a dump of all settings loads.
//
// The error joins all mistakes, by the names that were given, those that are unknown or given twice among them. Keys and a Store may be added
// to the Settings afterwards, so whether they are missing, and whether a secret of 8 octets or more is long enough, [New] says.
func LoadSettings(values map[string]any) (Settings, error) {
	names := slices.Sorted(maps.Keys(values))
	python := slices.IndexFunc(names, isPythonAlone)
	fastJWT := slices.IndexFunc(names, func(name string) bool { return hasPrefixFold(name, "JWT_") })
	l := loading{settings: FastAPIJWTAuth(), spell: func(n loadable) string { return n.python }}
	if fastJWT >= 0 {
		l.settings, l.spell = FastJWT(), func(n loadable) string { return n.fastJWT }
		for _, f := range fastJWTOnly {
			l.extra = append(l.extra, f.name)
		}
	}
	if fastJWT >= 0 && python >= 0 {
		l.fail(names[fastJWT], fmt.Errorf("it is FastJWT's name, and %s fastapi-jwt-auth's; write the names of one of them", shownName(names[python])))
	}
	theirs := map[string]any{}
	spellings := map[string]string{}
	for _, name := range names {
		lower, v := strings.ToLower(name), values[name]
		if other, twice := spellings[lower]; twice {
			l.fail(name, fmt.Errorf("it stands there as %s, too; write it once", shownName(other)))
			continue
		}
		spellings[lower] = name
		if n, ok := findLoadable(lower, func(n loadable) string { return n.python }); ok {
			l.take(n.field, n.read, name, v)
		} else if n, ok := findLoadable(lower, func(n loadable) string { return n.fastJWT }); ok {
			r := n.theirs
			if r.value == nil {
				r = n.read
			}
			l.take(n.field, r, name, v)
		} else if f, ok := findForeign(lower); ok {
			theirs[f.name] = v
		} else {
			l.unknown(name)
		}
	}
	l.settings.asInPython()
	if fastJWT >= 0 {
		l.foreign(theirs, spellings)
	}
	return l.finish()
}

// isPythonAlone tells the names of fastapi-jwt-auth's from those of fields that FastJWT has no name for, which go with its names, too.
func isPythonAlone(name string) bool {
	n, ok := findLoadable(strings.ToLower(name), func(n loadable) string { return n.python })
	return hasPrefixFold(name, "authjwt_") && (!ok || n.fastJWT != "")
}

func findLoadable(lower string, spell func(loadable) string) (loadable, bool) {
	at := slices.IndexFunc(loadables, func(n loadable) bool { return strings.ToLower(spell(n)) == lower })
	if at < 0 || lower == "" { // which FastJWT's names are where it has none
		return loadable{}, false
	}
	return loadables[at], true
}

// A loadable is a field of Settings with its names elsewhere.
type loadable struct {
	field   string
	python  string // fastapi-jwt-auth's, or made as it would be; in upper case the environment's
	fastJWT string // FastJWT's; empty where it has none
	read    reader
	theirs  reader // of FastJWT's, where it reads them otherwise
}

// loadables are all fields that can be loaded.
var loadables = []loadable{
	{"SecretKey", "authjwt_secret_key", "JWT_SECRET_KEY", orNull(secretReader, nil), reader{}},
	{"InsecureShortSecret", "authjwt_insecure_short_secret", "", boolReader, reader{}},
	{"PrivateKey", "authjwt_private_key", "JWT_PRIVATE_KEY", orNull(privateReader, nil), reader{}},
	{"PublicKey", "authjwt_public_key", "JWT_PUBLIC_KEY", orNull(publicReader, nil), reader{}},
	{"KeyID", "authjwt_key_id", "", textReader, reader{}},
	{"UntypedTokens", "authjwt_untyped_tokens", "", untypedReader, reader{}},
	{"Algorithm", "authjwt_algorithm", "JWT_ALGORITHM", textReader, reader{}},
	{"DecodeAlgorithms", "authjwt_decode_algorithms", "", orNull(textsReader, nil), reader{}},

	{"TokenLocation", "authjwt_token_location", "JWT_TOKEN_LOCATION", locationReader, reader{}},
	{"HeaderName", "authjwt_header_name", "JWT_HEADER_NAME", textReader, reader{}},
	{"HeaderType", "authjwt_header_type", "JWT_HEADER_TYPE", orNull(textReader, NoHeaderType), orEmpty(textReader, NoHeaderType)},
	{"QueryStringName", "authjwt_query_string_name", "JWT_QUERY_STRING_NAME", textReader, reader{}},
	{"JSONKey", "authjwt_json_key", "JWT_JSON_KEY", textReader, reader{}},
	{"RefreshJSONKey", "authjwt_refresh_json_key", "JWT_REFRESH_JSON_KEY", textReader, reader{}},

	{"AccessCookieKey", "authjwt_access_cookie_key", "JWT_ACCESS_COOKIE_NAME", textReader, reader{}},
	{"AccessCookiePath", "authjwt_access_cookie_path", "JWT_ACCESS_COOKIE_PATH", textReader, reader{}},
	{"RefreshCookieKey", "authjwt_refresh_cookie_key", "JWT_REFRESH_COOKIE_NAME", textReader, reader{}},
	{"RefreshCookiePath", "authjwt_refresh_cookie_path", "JWT_REFRESH_COOKIE_PATH", textReader, reader{}},
	{"CookieDomain", "authjwt_cookie_domain", "JWT_COOKIE_DOMAIN", orNull(textReader, nil), reader{}},
	{"CookieSameSite", "authjwt_cookie_samesite", "JWT_COOKIE_SAMESITE", sameSiteReader, orNull(fastJWTSameSiteReader, http.SameSiteDefaultMode)},
	{"CookiePrefix", "authjwt_cookie_prefix", "", textReader, reader{}},
	{"CookieScheme", "authjwt_cookie_scheme", "", textReader, reader{}},
	{"InsecureAccessTokenInBody", "authjwt_insecure_access_token_in_body", "", boolReader, reader{}},
	{"PersistentCookies", "authjwt_persistent_cookies", "", boolReader, reader{}},
	{"CookieMaxAge", "authjwt_cookie_max_age", "JWT_COOKIE_MAX_AGE", orNull(maxAgeReader, nil), reader{}},
	{"InsecureCookies", "authjwt_cookie_secure", "JWT_COOKIE_SECURE", oppositeReader, reader{}},

	{"InsecureDisableCSRF", "authjwt_cookie_csrf_protect", "JWT_COOKIE_CSRF_PROTECT", oppositeReader, reader{}},
	{"CSRFMethods", "authjwt_csrf_methods", "JWT_CSRF_METHODS", methodsReader, fastJWTMethodsReader},
	{"AccessCSRFCookieKey", "authjwt_access_csrf_cookie_key", "JWT_ACCESS_CSRF_COOKIE_NAME", textReader, reader{}},
	{"AccessCSRFCookiePath", "authjwt_access_csrf_cookie_path", "JWT_ACCESS_CSRF_COOKIE_PATH", textReader, reader{}},
	{"RefreshCSRFCookieKey", "authjwt_refresh_csrf_cookie_key", "JWT_REFRESH_CSRF_COOKIE_NAME", textReader, reader{}},
	{"RefreshCSRFCookiePath", "authjwt_refresh_csrf_cookie_path", "JWT_REFRESH_CSRF_COOKIE_PATH", textReader, reader{}},
	{"AccessCSRFHeaderName", "authjwt_access_csrf_header_name", "JWT_ACCESS_CSRF_HEADER_NAME", textReader, reader{}},
	{"RefreshCSRFHeaderName", "authjwt_refresh_csrf_header_name", "JWT_REFRESH_CSRF_HEADER_NAME", textReader, reader{}},
	{"CSRFFormField", "authjwt_csrf_form_field", "JWT_ACCESS_CSRF_FIELD_NAME", textReader, reader{}},
	{"TrustedOrigins", "authjwt_trusted_origins", "", originsReader, reader{}},

	{"AccessTokenExpires", "authjwt_access_token_expires", "JWT_ACCESS_TOKEN_EXPIRES", lifetimeReader, orNull(lifetimeReader, NoExpiry)},
	{"RefreshTokenExpires", "authjwt_refresh_token_expires", "JWT_REFRESH_TOKEN_EXPIRES", lifetimeReader, orNull(lifetimeReader, NoExpiry)},
	{"DecodeLeeway", "authjwt_decode_leeway", "", leewayReader, reader{}},
	{"ClockSkew", "authjwt_clock_skew", "", skewReader, reader{}},

	{"EncodeIssuer", "authjwt_encode_issuer", "JWT_ENCODE_ISSUER", orNull(textReader, nil), reader{}},
	{"DecodeIssuer", "authjwt_decode_issuer", "JWT_DECODE_ISSUER", orNull(textReader, nil), reader{}},
	{"InsecureNoRefreshIssuer", "authjwt_insecure_no_refresh_issuer", "", boolReader, reader{}},
	{"EncodeAudience", "authjwt_encode_audience", "JWT_ENCODE_AUDIENCE", anyNamesReader, orNull(namesReader, nil)},
	{"DecodeAudience", "authjwt_decode_audience", "JWT_DECODE_AUDIENCE", orNull(namesReader, nil), reader{}},
	{"OmitNotBefore", "authjwt_omit_not_before", "", boolReader, reader{}},
	{"IntegerSubjects", "authjwt_integer_subjects", "", boolReader, reader{}},

	{"StoreTimeout", "authjwt_store_timeout", "", timeoutReader, reader{}},
	{"Name", "authjwt_name", "", textReader, reader{}},
	{"DenylistEnabled", "authjwt_denylist_enabled", "", boolReader, reader{}},
	{"DenylistTokenChecks", "authjwt_denylist_token_checks", "", checksReader, reader{}},
	{"SessionExpires", "authjwt_session_expires", "", lifetimeReader, reader{}},
	{"RefreshReuseGrace", "authjwt_refresh_reuse_grace", "", graceReader, reader{}},
	{"RefreshWithin", "authjwt_refresh_within", "", timeoutReader, reader{}},
	{"KeepRefreshToken", "authjwt_keep_refresh_token", "", boolReader, reader{}},
	{"VerifiedTokenCache", "authjwt_verified_token_cache", "", countReader, reader{}},
	{"Errors", "authjwt_errors", "", errorsReader, reader{}},
	{"Realm", "authjwt_realm", "", textReader, reader{}},
}

// codeOnly are the fields that no text can stand for.
var codeOnly = []string{"KeyRing", "KeySet", "FormerCookies", "Store", "Sessions", "TokenInDenylist", "Validate", "LoadUser", "OnEvent", "Logger", "ErrorHandler", "Now"}

// opposite tells whether the names say what the field denies.
func (n loadable) opposite() bool {
	return strings.HasPrefix(n.field, "Insecure") && !strings.Contains(n.python, "insecure")
}

// unknown says what the name may have been meant for.
func (l *loading) unknown(name string) {
	prefix, rest, found := strings.Cut(strings.ToLower(name), "_")
	if !found || prefix != "authjwt" && prefix != "jwt" {
		rest = strings.ToLower(name)
	}
	fix := "the file names.go of github.com/gin-authjwt/authjwt lists all names"
	if near := l.nearest(rest); near != "" {
		fix = "did you mean " + near + "?"
	}
	plain := strings.ReplaceAll(rest, "_", "")
	for _, field := range codeOnly {
		if strings.ToLower(field) == plain {
			fix = "set Settings." + field + " in Go, for no text stands for it"
		}
	}
	l.found = append(l.found, fmt.Errorf("authjwt: %s is unknown; %s", shownName(name), fix))
}

// nearest is the name that rest, without a prefix, is the beginning of, or a field of Settings, or is misspelled in a third of its letters.
func (l *loading) nearest(rest string) (near string) {
	least := len(rest)/3 + 1
	consider := func(name string, distance int) {
		if name != "" && distance < least {
			near, least = name, distance
		}
	}
	plain := strings.ReplaceAll(rest, "_", "")
	for _, n := range loadables {
		if strings.ToLower(n.field) == plain {
			consider(l.spell(n), 0)
		}
		consider(l.spell(n), distanceTo(l.spell(n), rest))
	}
	for _, name := range l.extra {
		consider(name, distanceTo(name, rest))
	}
	return near
}

// distanceTo is how many letters of the name, without its prefix, are not those of rest; 1 where rest is its beginning.
func distanceTo(name, rest string) int {
	_, known, _ := strings.Cut(strings.ToLower(name), "_")
	if strings.HasPrefix(known, rest+"_") {
		return 1
	}
	row := make([]int, len(rest)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(known) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(rest) {
			replaced := diagonal
			if known[i] != rest[j] {
				replaced++
			}
			diagonal = row[j+1]
			row[j+1] = min(replaced, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(rest)]
}

// shownName keeps errors in one line, and out of them what was no name.
func shownName(name string) string {
	switch {
	case isPEM(name):
		return "a PEM text in the place of a name"
	case len(name) > 2*maxName:
		return fmt.Sprintf("a name of %d octets", len(name))
	case name != "" && isAlphanumericOr(name, "_"):
		return name
	}
	return fmt.Sprintf("%q", name)
}
