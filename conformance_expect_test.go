package authjwt_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/google/uuid"
)

// A comparison collects where an answer is not what was recorded.
type comparison struct {
	p     *player
	diffs []string
	class string // Q16: the answer deletes cookies
}

func (c *comparison) differ(format string, args ...any) {
	c.diffs = append(c.diffs, fmt.Sprintf(format, args...))
}

// compare tells all differences between what is wanted and what was got.
func (p *player) compare(want recordedAnswer, socket bool, got *played) *comparison {
	c := &comparison{p: p}
	if socket {
		c.socket(want, got)
		return c
	}
	if got.status != want.Status {
		c.differ("status: %d for %d", got.status, want.Status)
	}
	if got.contentType != want.ContentType {
		c.differ("content type: %q for %q", got.contentType, want.ContentType)
	}
	if challenge := got.header.Get("WWW-Authenticate"); challenge != "" {
		c.differ("WWW-Authenticate: %s", challenge)
	}
	c.match("body", want.Body, got.body)
	c.match("cookies", len(want.SetCookies), len(got.cookies))
	for i := range min(len(want.SetCookies), len(got.cookies)) {
		c.cookie(want.SetCookies[i], got.cookies[i])
	}
	for label, token := range want.Minted {
		c.minted(label, token)
	}
	return c
}

// socket compares verdicts: the application refuses before the upgrade, and says the subject after it.
func (c *comparison) socket(want recordedAnswer, got *played) {
	if len(want.Messages) == 0 {
		c.differ("no message was recorded; got %d %s", got.status, got.text)
		return
	}
	message := want.Messages[0]
	if _, refused := message["detail"]; refused {
		c.match("status", message["status_code"], json.Number(fmt.Sprint(got.status)))
		c.match("body", map[string]any{"detail": message["detail"]}, got.body)
		return
	}
	subject, _ := message["raw_sub"].(string)
	if accepted := "\x81" + string(byte(len(subject))) + subject; got.status != http.StatusSwitchingProtocols || got.text != accepted {
		c.differ("not upgraded with %q: %d %q", subject, got.status, got.text)
	}
}

// match compares decoded JSON with its pattern.
func (c *comparison) match(at string, want, got any) {
	pattern, ok := want.(map[string]any)
	if !ok {
		if list, isList := want.([]any); isList {
			c.list(at, list, got)
		} else if !reflect.DeepEqual(want, got) {
			c.differ("%s: %v for %v", at, got, want)
		}
		return
	}
	switch {
	case pattern["$token"] != nil:
		label, text := pattern["$token"].(string), fmt.Sprint(got)
		if c.bind(label, text) != text {
			c.differ("%s: another token than %s", at, label)
		}
	case pattern["$claims_of"] != nil:
		_, claims := c.decoded(pattern["$claims_of"].(string))
		c.match(at, any(claims), got)
	case pattern["$now"] != nil:
		offset, _ := pattern["$now"].(json.Number).Int64()
		number, _ := got.(json.Number)
		seconds, err := number.Int64()
		if distance := seconds - c.p.now.Unix() - offset; err != nil || distance < -2 || distance > 2 {
			c.differ("%s: %v for now%+d", at, got, offset)
		}
	case pattern["$uuid"] != nil:
		text, _ := got.(string)
		id, err := uuid.Parse(text)
		if err != nil || id.Version() != 4 || id.String() != text || c.p.ids[text] {
			c.differ("%s: %v is no new UUIDv4", at, got)
		}
		c.p.ids[text] = true
	default:
		c.object(at, pattern, got)
	}
}

func (c *comparison) object(at string, want map[string]any, got any) {
	members, ok := got.(map[string]any)
	if names := slices.Sorted(maps.Keys(want)); !ok || !slices.Equal(names, slices.Sorted(maps.Keys(members))) {
		c.differ("%s: %v for %v", at, got, want)
		return
	}
	for name, value := range want {
		c.match(at+"."+name, value, members[name])
	}
}

func (c *comparison) list(at string, want []any, got any) {
	values, ok := got.([]any)
	if !ok || len(values) != len(want) {
		c.differ("%s: %v for %v", at, got, want)
		return
	}
	for i := range want {
		c.match(fmt.Sprint(at, i), want[i], values[i])
	}
}

// bind gives a label its token, once.
func (c *comparison) bind(label, token string) string {
	if _, known := c.p.labels[label]; !known {
		c.p.labels[label] = token
	}
	return c.p.labels[label]
}

// decoded reads header and claims of a labelled token.
func (c *comparison) decoded(label string) (header, claims map[string]any) {
	segments := strings.Split(c.p.labels[label], ".")
	if len(segments) != 3 {
		c.differ("%s: no token", label)
		return nil, nil
	}
	for i, into := range []*map[string]any{&header, &claims} {
		text, err := base64.RawURLEncoding.DecodeString(segments[i])
		if err == nil {
			err = decodeExactly(strings.NewReader(string(text)), into)
		}
		if err != nil {
			c.differ("%s: %v", label, err)
		}
	}
	return header, claims
}

func (c *comparison) minted(label string, want recordedToken) {
	header, claims := c.decoded(label)
	c.match(label+".header", any(want.Header), any(header))
	c.match(label, any(want.Claims), any(claims))
	for _, r := range want.Relations {
		a, _ := claims[r.Minus[0]].(json.Number)
		b, _ := claims[r.Minus[1]].(json.Number)
		x, errX := a.Int64()
		y, errY := b.Int64()
		if distance := x - y - r.Equals; errX != nil || errY != nil || distance < -1 || distance > 1 {
			c.differ("%s: %s - %s is not %d", label, r.Minus[0], r.Minus[1], r.Equals)
		}
	}
}

var sameSites = map[http.SameSite]any{http.SameSiteLaxMode: "lax", http.SameSiteStrictMode: "strict", http.SameSiteNoneMode: "none"}

var expiresAttribute = regexp.MustCompile(`(?i); *expires=`)

func (c *comparison) cookie(want recordedCookie, got *http.Cookie) {
	at := "cookie " + want.Name
	attributes := map[string]any{"HttpOnly": got.HttpOnly, "Secure": got.Secure, "SameSite": sameSites[got.SameSite], "Path": nil, "Domain": nil, "Max-Age": nil, "Expires": nil}
	if got.Path != "" {
		attributes["Path"] = got.Path
	}
	if got.Domain != "" {
		attributes["Domain"] = got.Domain
	}
	if got.MaxAge != 0 {
		attributes["Max-Age"] = json.Number(fmt.Sprint(max(got.MaxAge, 0)))
	}
	if expiresAttribute.MatchString(got.Raw) {
		attributes["Expires"] = got.Expires.Unix()
	}
	recorded := maps.Clone(want.Attributes)
	c.match(at+" name", want.Name, got.Name)
	switch want.ValueKind {
	case "empty":
		// By the class Q16: a deletion has the attributes with which the cookie was set, and a date long ago.
		c.class = "Q16"
		c.match(at, "", got.Value)
		httpOnly := !strings.Contains(want.Name, "csrf")
		secure, _ := c.p.Settings["authjwt_cookie_secure"].(bool)
		recorded["HttpOnly"], recorded["Secure"], recorded["SameSite"], recorded["Expires"] = httpOnly, secure, c.p.Settings["authjwt_cookie_samesite"], int64(0)
	case "jwt":
		if c.bind(want.Token, got.Value) != got.Value {
			c.differ("%s: another token than %s", at, want.Token)
		}
	case "csrf":
		_, claims := c.decoded(want.Token)
		c.match(at, claims["csrf"], any(got.Value))
	default:
		c.match(at, want.Value, got.Value)
	}
	for name, value := range recorded {
		c.match(at+" "+name, value, attributes[name])
	}
}
