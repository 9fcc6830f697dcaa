package authjwt

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"reflect"
	"strings"

	"github.com/go-json-experiment/json"
)

const redacted = "[redacted]"

// shown lists the fields of a struct that are set. Secrets are replaced; what is no plain value is only named.
func shown(fields any) []slog.Attr {
	var attrs []slog.Attr
	v := reflect.ValueOf(fields)
	for i := range v.NumField() {
		name, field := v.Type().Field(i).Name, v.Field(i)
		if field.IsZero() {
			continue
		}
		switch {
		case name == "SecretKey":
			attrs = append(attrs, slog.String(name, redacted))
		case field.Kind() == reflect.Func || field.Kind() == reflect.Interface:
			attrs = append(attrs, slog.String(name, "set"))
		case name == "CookieSameSite":
			attrs = append(attrs, slog.String(name, sameSiteNames[field.Interface().(http.SameSite)]))
		default:
			attrs = append(attrs, slog.String(name, fmt.Sprint(field)))
		}
	}
	return attrs
}

var sameSiteNames = map[http.SameSite]string{
	http.SameSiteDefaultMode: "omitted", http.SameSiteLaxMode: "Lax", http.SameSiteStrictMode: "Strict", http.SameSiteNoneMode: "None",
}

func printShown(f fmt.State, name string, fields any) {
	var texts []string
	for _, attr := range shown(fields) {
		texts = append(texts, attr.String())
	}
	_, _ = fmt.Fprintf(f, "authjwt.%s(%s)", name, strings.Join(texts, " "))
}

func marshalShown(fields any) ([]byte, error) {
	texts := map[string]string{}
	for _, attr := range shown(fields) {
		texts[attr.Key] = attr.Value.String()
	}
	return json.Marshal(texts, json.Deterministic(true))
}

// Format prints the fields that are set, whatever the verb, with secrets redacted.
func (s Settings) Format(f fmt.State, _ rune) { printShown(f, "Settings", s) }

// LogValue logs what Format prints.
func (s Settings) LogValue() slog.Value { return slog.GroupValue(shown(s)...) }

// MarshalJSON writes what Format prints.
func (s Settings) MarshalJSON() ([]byte, error) { return marshalShown(s) }

// Format prints the fields that are set, whatever the verb, with keys and secrets redacted.
func (k Key) Format(f fmt.State, _ rune) { printShown(f, "Key", k) }

// LogValue logs what Format prints.
func (k Key) LogValue() slog.Value { return slog.GroupValue(shown(k)...) }

// MarshalJSON writes what Format prints. Package jwks writes keys for others.
func (k Key) MarshalJSON() ([]byte, error) { return marshalShown(k) }

// Format prints the ids, the algorithms and the states of the keys, whatever the verb.
func (r *KeyRing) Format(f fmt.State, _ rune) {
	var keys []string
	if list := r.list.Load(); list != nil {
		for _, k := range list.keys {
			keys = append(keys, fmt.Sprintf("%q %s %s", k.id, k.alg, k.state))
		}
	}
	_, _ = fmt.Fprintf(f, "authjwt.KeyRing(%s)", strings.Join(keys, ", "))
}

// LogValue logs what Format prints.
func (r *KeyRing) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(r)) }

// Format prints the settings as [Settings] prints them, never a secret, whatever the verb.
func (m *Manager) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "authjwt.Manager(%v)", m.settings)
}

// LogValue logs what Format prints.
func (m *Manager) LogValue() slog.Value { return m.settings.LogValue() }

// Format prints what Error returns, whatever the verb.
func (e *Error) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, e.Error()) }

// Format prints no part of the request, whatever the verb.
func (a *AuthJWT) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "authjwt.AuthJWT(%v)", a.Token())
}

// Format prints the type and the id alone, whatever the verb.
func (t Token) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "authjwt.Token(%s %s)", t.Type, t.ID)
}

// LogValue logs the type and the id alone.
func (t Token) LogValue() slog.Value {
	return slog.GroupValue(slog.String("type", string(t.Type)), slog.String("id", t.ID))
}

// Format prints the life alone, whatever the verb.
func (p TokenPair) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "authjwt.TokenPair(expires in %v)", p.ExpiresIn)
}

// LogValue logs what Format prints.
func (p TokenPair) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(p)) }

// Format prints the user name alone, whatever the verb.
func (c Credentials) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "authjwt.Credentials(%s)", c.Username)
}

// LogValue logs the user name alone.
func (c Credentials) LogValue() slog.Value {
	return slog.GroupValue(slog.String("username", c.Username))
}

// MarshalJSON writes the user name alone.
func (c Credentials) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string]string{"username": c.Username})
}
