package authjwt

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// A foreign setting is one of FastJWT's, or of its successor authx, that no field stands for.
type foreign struct {
	name string
	same func(s *Settings, v any) bool // tells whether the value is what happens here
	fix  string
}

var fastJWTOnly = []foreign{
	{"JWT_DECODE_ALGORITHMS", onlyAlgorithm, "FastJWT never reads it, and accepts JWT_ALGORITHM alone; leave it out, and set Settings.DecodeAlgorithms in Go"},
	{"JWT_DECODE_LEEWAY", noLeeway, "FastJWT never reads it; leave it out, and set Settings.DecodeLeeway in Go"},
	{"JWT_ENCODE_NBF", isBool, "FastJWT never reads it; write true or false, or leave it out"},
	{"JWT_IDENTITY_CLAIM", is("sub"), "FastJWT never reads it, and takes the subject from sub (RFC 7519 §4.1.2), as here; leave it out"},
	{"JWT_ERROR_MESSAGE_KEY", is("msg"), "FastJWT never reads it, and answers with message; leave it out, and set Settings.ErrorHandler in Go"},
	{"JWT_SESSION_COOKIE", is(true), "FastJWT never reads it; leave it out, and write JWT_COOKIE_MAX_AGE, or set Settings.PersistentCookies in Go"},
	{"JWT_COOKIE_HTTP_ONLY", is(true), "scripts can never read the tokens here; leave it out, and let pages read the CSRF cookies"},
	{"JWT_CSRF_CHECK_FORM", isBool, "write true or false"},
	{"JWT_REFRESH_CSRF_FIELD_NAME", isFieldName, "write the name of a form field, the one of JWT_ACCESS_CSRF_FIELD_NAME"},
	{"JWT_CSRF_IN_COOKIES", is(true), "the CSRF value is always in a cookie here, and in the answer of the login; leave it out"},
	{"JWT_IMPLICIT_REFRESH_ROUTE_EXCLUDE", isEmpty, noImplicitRefresh},
	{"JWT_IMPLICIT_REFRESH_ROUTE_INCLUDE", isEmpty, noImplicitRefresh},
	{"JWT_IMPLICIT_REFRESH_METHOD_EXCLUDE", isEmpty, noImplicitRefresh},
	{"JWT_IMPLICIT_REFRESH_METHOD_INCLUDE", isEmpty, noImplicitRefresh},
	{"JWT_IMPLICIT_REFRESH_DELTATIME", tenMinutes, noImplicitRefresh},
	{"JWT_PREVIOUS_SECRET_KEY", is(nil), noPreviousKey},
	{"JWT_PREVIOUS_PUBLIC_KEY", is(nil), noPreviousKey},
	{"JWT_SESSION_TRACKING", is(false), "authx never reads it; leave it out, and set Settings.Store in Go"},
	{"JWT_SESSION_UPDATE_LAST_ACTIVE", is(true), "authx never reads it; leave it out"},
}

const (
	noImplicitRefresh = "leave it out, and set Settings.RefreshWithin in Go, with a Store, for guards that renew tokens"
	noPreviousKey     = "leave it out, and set Settings.KeyRing in Go, which holds several keys"
)

func findForeign(lower string) (foreign, bool) {
	for _, f := range fastJWTOnly {
		if strings.ToLower(f.name) == lower {
			return f, true
		}
	}
	return foreign{}, false
}

// foreign looks at what came by names of fastJWTOnly. Its errors show no value, which may be a secret.
func (l *loading) foreign(values map[string]any, spellings map[string]string) {
	for _, f := range fastJWTOnly {
		if v, ok := values[f.name]; ok && !f.same(&l.settings, v) {
			l.fail(spellings[strings.ToLower(f.name)], errors.New(f.fix))
		}
	}
	if check, err := readBool(values["JWT_CSRF_CHECK_FORM"]); err != nil || !check {
		l.settings.CSRFFormField = ""
		return
	}
	setDefault(&l.settings.CSRFFormField, "csrf_token") // FastJWT's, for both tokens
	refresh, ok := values["JWT_REFRESH_CSRF_FIELD_NAME"]
	if !ok {
		refresh = "csrf_token"
	}
	if refresh != any(l.settings.CSRFFormField) {
		l.fail("JWT_REFRESH_CSRF_FIELD_NAME", fmt.Errorf("one form field serves both tokens here; write %q, which the access token's is", l.settings.CSRFFormField))
	}
}

func is(want any) func(*Settings, any) bool {
	return func(_ *Settings, v any) bool { return v == want }
}

func isBool(_ *Settings, v any) bool {
	_, err := readBool(v)
	return err == nil
}

func isFieldName(_ *Settings, v any) bool {
	_, err := readText(v)
	return err == nil
}

func isEmpty(_ *Settings, v any) bool {
	list, err := readList(v, false)
	return err == nil && list == nil
}

func noLeeway(_ *Settings, v any) bool {
	d, err := readDuration(v)
	return v == nil || err == nil && d == 0
}

func tenMinutes(_ *Settings, v any) bool {
	d, err := readDuration(v)
	return err == nil && d == 10*time.Minute
}

// onlyAlgorithm admits FastJWT's default, whatever JWT_ALGORITHM is, for a dump has it, too.
func onlyAlgorithm(s *Settings, v any) bool {
	list, err := readList(v, false)
	return err == nil && (slices.Equal(list, []string{"HS256"}) || slices.Equal(list, []string{s.Algorithm}))
}
