package authjwt

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// A reader makes the value of a field from what stands for it elsewhere; nil leaves the field as it is. Its errors say what to
// write instead, and never what a secret or a key is.
type reader struct {
	value func(v any) (any, error)    // from a map, as Go, JSON or YAML has it
	text  func(s string) (any, error) // from the environment, to what value takes; nil: as it stands
}

var (
	secretReader   = reader{value: func(v any) (any, error) { return readSecret(v) }}
	privateReader  = reader{readPrivateKey, unescape}
	publicReader   = reader{readPublicKey, unescape}
	textReader     = reader{value: func(v any) (any, error) { return readText(v) }}
	boolReader     = reader{func(v any) (any, error) { return readBool(v) }, boolText}
	oppositeReader = reader{readOpposite, boolText}
	lifetimeReader = reader{readLifetime, spanText(false)}
	leewayReader   = slackReader(0)
	skewReader     = slackReader(NoLeeway)
	graceReader    = slackReader(NoGrace)
	timeoutReader  = reader{readTimeout, spanText("none")}
	maxAgeReader   = reader{readMaxAge, maxAgeText}
	countReader    = reader{readCount, countText}
	textsReader    = reader{readTexts(false, false), listText}
	originsReader  = reader{readTexts(false, true), listText}
	namesReader    = reader{readTexts(true, false), listText}
	anyNamesReader = reader{readTexts(true, true), listText}

	locationReader = setOf(strings.Clone, Headers, Cookies, Query, JSON)
	checksReader   = setOf(strings.Clone, Access, Refresh)
	methodsReader  = setOf(strings.ToUpper, "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
	untypedReader  = oneOf("access", map[string]TokenType{"access": Access})
	errorsReader   = oneOf("rfc6750, fastapi or fastjwt", map[string]ErrorStyle{"rfc6750": RFC6750, "fastapi": FastAPI, "fastjwt": FastJWTStyle})
	sameSiteReader = oneOf("strict, lax or none", map[string]http.SameSite{
		"strict": http.SameSiteStrictMode, "lax": http.SameSiteLaxMode, "none": http.SameSiteNoneMode,
	})

	fastJWTMethodsReader  = setOf(strings.ToUpper, "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
	fastJWTSameSiteReader = oneOf("Strict, Lax or None", map[string]http.SameSite{
		"Strict": http.SameSiteStrictMode, "Lax": http.SameSiteLaxMode, "None": http.SameSiteNoneMode,
		"strict": http.SameSiteStrictMode, "lax": http.SameSiteLaxMode, "none": http.SameSiteNoneMode, // authx's
	})
)

// orNull is r where null stands for a value, or for the default, which is nil.
func orNull(r reader, null any) reader {
	return reader{func(v any) (any, error) {
		if v == nil {
			return null, nil
		}
		return r.value(v)
	}, r.text}
}

// orEmpty is r where an empty text stands for a value.
func orEmpty(r reader, empty any) reader {
	return reader{func(v any) (any, error) {
		if v == any("") {
			return empty, nil
		}
		return r.value(v)
	}, r.text}
}

// misread is the error about a value that has no meaning.
func misread(v any, problem string) error {
	if v == nil {
		return errors.New("null has no meaning here; leave it out for the default")
	}
	return fmt.Errorf("%s is %s", describe(v), problem)
}

// describe shows plain values. A PEM text may have been meant for another field.
func describe(v any) string {
	switch r := reflect.ValueOf(v); {
	case r.Kind() == reflect.String && isPEM(r.String()):
		return "a PEM text"
	case r.Kind() == reflect.String:
		return fmt.Sprintf("%.60q", r.String())
	case r.Kind() == reflect.Bool || r.CanInt() || r.CanUint() || r.CanFloat():
		return fmt.Sprint(v)
	}
	return fmt.Sprintf("a %T", v)
}

// isPEM knows one that was cut or spaced out, too.
func isPEM(s string) bool {
	return strings.Contains(s, "-----BEGIN ") || strings.Contains(s, "-----END ") || strings.Contains(s, "----- BEGIN ")
}

// isText tells texts from json.Number, which is a string to Go alone.
func isText(v any) bool {
	_, number := v.(json.Number)
	return !number && reflect.ValueOf(v).Kind() == reflect.String
}

// readText takes texts unchanged, where Python strips them (Q53 of testdata/conformance/quirks.json, as all such numbers): what they sign and compare is what is written.
func readText(v any) (string, error) {
	if !isText(v) {
		return "", misread(v, "no text; write it in quotes")
	}
	text := reflect.ValueOf(v).String()
	switch {
	case text == "":
		return "", errors.New("it is empty; leave it out for the default")
	case isPEM(text):
		return "", errors.New("it is a PEM key, which belongs to the private or the public key")
	}
	return text, nil
}

func readSecret(v any) (string, error) {
	if !isText(v) {
		return "", fmt.Errorf("a %T is no text; write it in quotes", v)
	}
	text := reflect.ValueOf(v).String()
	if text == "" {
		return "", errors.New("it is empty; make one with: openssl rand -base64 32")
	}
	return text, nil
}

func readPrivateKey(v any) (any, error) {
	switch key := v.(type) {
	case ed25519.PrivateKey:
		return slices.Clone(key), nil
	case crypto.Signer:
		return key, nil
	}
	return readPEM(v, "private", ParsePrivateKey)
}

func readPublicKey(v any) (any, error) {
	switch key := v.(type) {
	case ed25519.PublicKey:
		return slices.Clone(key), nil
	case *rsa.PublicKey, *ecdsa.PublicKey:
		return key, nil
	}
	return readPEM(v, "public", ParsePublicKey)
}

func readPEM[K any](v any, half string, parse func([]byte) (K, error)) (any, error) {
	if !isText(v) {
		return nil, fmt.Errorf("a %T is no %s key; write it as PEM", v, half)
	}
	key, err := parse([]byte(reflect.ValueOf(v).String()))
	if err != nil {
		return nil, errors.New(strings.TrimPrefix(err.Error(), "authjwt: parse "+half+" key: "))
	}
	return key, nil
}

// unescape makes line breaks of \n, as which many tools write them into one line.
func unescape(s string) (any, error) { return strings.ReplaceAll(s, `\n`, "\n"), nil }

// readCount reads a whole number; whether it is too large, New says.
func readCount(v any) (any, error) {
	digits := ""
	switch r := reflect.ValueOf(v); {
	case !isText(v) && r.Kind() == reflect.String: // a json.Number
		digits = r.String()
	case r.CanInt() || r.CanUint():
		digits = fmt.Sprint(v)
	case r.CanFloat(): // as JSON has numbers
		digits = strconv.FormatFloat(r.Float(), 'f', -1, 64)
	}
	n, err := strconv.Atoi(digits)
	if err != nil || n < 0 {
		return nil, misread(v, "no whole number; write 10000 say, or 0 for none")
	}
	return n, nil
}

func countText(s string) (any, error) {
	if decimal.MatchString(s) {
		return json.Number(s), nil
	}
	return s, nil
}

func readBool(v any) (bool, error) {
	if r := reflect.ValueOf(v); r.Kind() == reflect.Bool {
		return r.Bool(), nil
	}
	return false, misread(v, "neither true nor false; write one of them, without quotes")
}

func readOpposite(v any) (any, error) {
	b, err := readBool(v)
	return !b, err
}

func boolText(s string) (any, error) {
	switch strings.ToLower(s) {
	case "true", "1", "yes", "on":
		return true, nil
	case "false", "0", "no", "off":
		return false, nil
	}
	return nil, misread(s, "neither true nor false; write one of them")
}

// readList takes lists of texts, and one text by itself if single. A map or another text is none.
func readList(v any, single bool) (texts []string, err error) {
	if single && isText(v) {
		v = []any{v}
	}
	r := reflect.ValueOf(v)
	if r.Kind() != reflect.Slice && r.Kind() != reflect.Array || r.Type().Elem().Kind() == reflect.Uint8 { // octets may be a key
		return nil, misread(v, "no list; write [\"…\"]")
	}
	var found []error
	for i := range r.Len() {
		text, err := readText(r.Index(i).Interface())
		if err != nil {
			found = append(found, fmt.Errorf("element %d: %w", i+1, err))
		}
		texts = append(texts, text)
	}
	return texts, errors.Join(found...)
}

var errEmptyList = errors.New("the list is empty; leave it out for the default")

func readTexts(single, empty bool) func(v any) (any, error) {
	return func(v any) (any, error) {
		texts, err := readList(v, single)
		if err == nil && texts == nil {
			if !empty {
				return nil, errEmptyList
			}
			texts = []string{}
		}
		return texts, err
	}
}

// setOf reads lists in which an order or a repetition means nothing (Q08, Q09), and an empty list would turn off what it lists (Q07, Q54).
func setOf[T ~string](normal func(string) string, members ...T) reader {
	return reader{func(v any) (any, error) {
		texts, err := readList(v, false)
		if err != nil {
			return nil, err
		}
		var set []T
		var found []error
		for i, text := range texts {
			member := T(normal(text))
			if !slices.Contains(members, member) {
				found = append(found, fmt.Errorf("element %d: %w", i+1, misread(text, "not possible; write "+alternatives(members))))
			}
			if !slices.Contains(set, member) {
				set = append(set, member)
			}
		}
		if set == nil {
			return nil, errEmptyList
		}
		return set, errors.Join(found...)
	}, listText}
}

func alternatives[T ~string](members []T) string {
	var names []string
	for _, m := range members {
		names = append(names, string(m))
	}
	return listed(names)
}

// listText splits a list at its commas, unless it is JSON.
func listText(s string) (any, error) {
	if s = strings.TrimSpace(s); strings.HasPrefix(s, "[") {
		var list []any
		if json.Unmarshal([]byte(s), &list) != nil {
			return nil, misread(s, "no JSON array; write [\"…\"], or names with commas between them")
		}
		return list, nil
	}
	var list []any
	for part := range strings.SplitSeq(s, ",") {
		list = append(list, strings.TrimSpace(part))
	}
	return list, nil
}

// oneOf reads words, letter by letter.
func oneOf[T any](fix string, values map[string]T) reader {
	return reader{value: func(v any) (any, error) {
		text, err := readText(v)
		if err != nil {
			return nil, err
		}
		value, ok := values[text]
		if !ok {
			return nil, misread(v, "not possible; write "+fix)
		}
		return value, nil
	}}
}
