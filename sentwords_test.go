package authjwt_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// plainFields are request fields that hold no credential: what a browser says of itself and of the page.
var plainFields = []string{
	"Accept", "Accept-Encoding", "Connection", "Content-Length", "Content-Type", "Origin", "Referer", "Sec-Fetch-Dest", "Sec-Fetch-Mode", "Sec-Fetch-Site",
	"Sec-Websocket-Version", "Upgrade", "User-Agent", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto",
}

// trivial are words that our own texts name without having read them: the types of tokens, what claims, cookies and fields of
// forms and JSON are called, and the scheme. A value that is one of them, or a part of one, is found by chance.
var trivial = []string{"access_token", "refresh_token", "csrf_token", "fresh", "bearer"}

// A sent is what of a request may hold credentials.
type sent struct {
	header http.Header
	query  string       // before a guard cuts the token out
	body   bytes.Buffer // as far as it was read: what nobody reads nobody can tell
}

// maxTaken is beyond what is taken for a token, in octets: what is longer is not taken apart.
const maxTaken = 8 << 10

// words collects what a request holds and no refusal repeats, with where it stood. Shorter than 4 octets it is found by chance.
type words map[string]string

func (s *sent) words() words {
	all := words{}
	for name, values := range s.header {
		if slices.Contains(plainFields, name) {
			continue
		}
		for _, value := range values {
			if len(value) > maxTaken {
				all.add(value, name)
				continue
			}
			for _, text := range strings.FieldsFunc(value, func(r rune) bool { return strings.ContainsRune(" \t,;\"", r) }) {
				if _, cookie, found := strings.Cut(text, "="); found && name == "Cookie" {
					text = cookie
				}
				all.credential(text, name)
			}
		}
	}
	for name, values := range parsed(s.query) {
		for _, value := range values {
			all.credential(value, "the query's "+name)
		}
	}
	if isForm := strings.HasPrefix(s.header.Get("Content-Type"), "application/x-www-form-urlencoded"); isForm {
		for name, values := range parsed(s.body.String()) {
			for _, value := range values {
				all.credential(value, "the form's "+name)
			}
		}
		return all
	}
	if s.body.Len() <= 64<<10 { // more is no credential's
		all.json(s.body.String(), "the body")
	}
	return all
}

// parsed is what can be read of a query.
func parsed(query string) url.Values {
	values, _ := url.ParseQuery(query)
	return values
}

func (w words) add(word, where string) {
	lower := strings.ToLower(strings.TrimSpace(word))
	if len(lower) >= 4 && !slices.ContainsFunc(trivial, func(ours string) bool { return strings.Contains(ours, lower) }) {
		w[word] = where
	}
}

// credential adds a text, and of a token the segments and all that they hold, however broken it is.
func (w words) credential(text, where string) {
	w.add(text, where)
	if len(text) > maxTaken {
		return
	}
	if segments := strings.Split(text, "."); len(segments) > 1 && len(segments) < 10 {
		for _, segment := range segments {
			w.add(segment, "a segment of "+where)
			w.json(lenient(segment), where)
		}
	}
}

// lenient decodes what it can of base64 in whatever alphabet, with whatever between.
func lenient(segment string) string {
	var octets []byte
	for _, c := range []byte(strings.NewReplacer("+", "-", "/", "_").Replace(segment)) {
		if c == '-' || c == '_' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' {
			octets = append(octets, c)
		}
	}
	if len(octets)%4 == 1 {
		octets = octets[:len(octets)-1]
	}
	text, _ := base64.RawURLEncoding.DecodeString(string(octets))
	return string(text)
}

// jsonValue is a string that no colon follows, or a long number.
var jsonValue = regexp.MustCompile(`("(?:[^"\\]|\\.)*")(\s*:)?|\d{6,}`)

// json adds the values in a text, however deep, which need not be JSON as a whole.
func (w words) json(text, where string) {
	for _, found := range jsonValue.FindAllStringSubmatch(text, 5000) {
		literal := found[1]
		if found[2] != "" {
			continue // a name
		}
		if literal == "" {
			w.add(found[0], "a number in "+where)
			continue
		}
		raw := strings.Trim(literal, `"`)
		w.credential(raw, "a value in "+where)
		var value string
		if json.Unmarshal([]byte(literal), &value) == nil && value != raw {
			w.add(value, "a value in "+where)
		}
	}
}
