package authjwt

import (
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
)

// tokenAnswer is the answer of login and refresh: what TokenPair writes, and the cookies. If it differs by whether
// the token came in a cookie, either is described.
func (m *Manager) tokenAnswer(message string, handedOut []*carrier, byCookie bool) object {
	s := &m.settings
	schema := m.pairSchema(message, handedOut, s.cookiesOnly())
	if byCookie && s.uses(Cookies) {
		if other := m.pairSchema(message, handedOut, true); !reflect.DeepEqual(schema, other) {
			schema = object{"anyOf": []any{schema, other}}
		}
	}
	return m.answered(schema, "Sets", handedOut)
}

// pairSchema is that of what TokenPair writes.
func (m *Manager) pairSchema(message string, handedOut []*carrier, cookiesOnly bool) object {
	s := &m.settings
	pair := TokenPair{AccessToken: "-", ExpiresIn: s.AccessTokenExpires, cookiesOnly: cookiesOnly, showAccess: s.InsecureAccessTokenInBody}
	if len(handedOut) > 1 {
		pair.RefreshToken = "-"
	}
	if s.doubleSubmit() {
		pair.AccessCSRF = "-"
		if len(handedOut) > 1 {
			pair.RefreshCSRF = "-"
		}
	}
	members, properties := object{}, object{}
	written, _ := pair.appendJSON(nil, message) // all of it is the package's
	_ = json.Unmarshal(written, &members)
	for name := range members {
		properties[name] = object{"type": "string"}
	}
	describe := func(name, text string) {
		if property, written := properties[name].(object); written {
			property["description"] = text
		}
	}
	describe("csrf_access_token", "For the header "+s.AccessCSRFHeaderName+", beside the cookie "+m.access.token.Name+".")
	describe("csrf_refresh_token", "For the header "+s.RefreshCSRFHeaderName+", beside the cookie "+m.refresh.token.Name+".")
	if properties["expires_in"] != nil {
		properties["expires_in"] = object{"type": "integer", "description": "The life of the access token, in seconds."}
	}
	if properties["token_type"] != nil {
		properties["token_type"].(object)["enum"] = []any{"bearer"}
	}
	return closed(properties)
}

// goodbye is the answer of both kinds of logout.
func (m *Manager) goodbye() object {
	return m.answered(closed(object{"msg": object{"type": "string"}}), "Deletes", m.carriers())
}

// answered is the answer of a route that did what it was asked for.
func (m *Manager) answered(schema object, verb string, about []*carrier) object {
	answer := object{"description": "Done.", "content": object{"application/json": object{"schema": schema}}}
	if m.settings.uses(Cookies) {
		answer["headers"] = object{"Set-Cookie": m.cookieLines(verb, about)}
	}
	return answer
}

// closed is the schema of an answer with all these members.
func closed(properties object) object {
	names := make([]string, 0, len(properties))
	for name := range properties {
		names = append(names, name)
	}
	slices.Sort(names)
	return object{"type": "object", "properties": properties, "required": texts(names)}
}

func texts(words []string) (all []any) {
	for _, word := range words {
		all = append(all, word)
	}
	return all
}

func (m *Manager) cookieLines(verb string, about []*carrier) object {
	var names []string
	for _, k := range about {
		names = append(names, k.token.Name)
		if m.settings.doubleSubmit() {
			names = append(names, k.csrf.Name)
		}
	}
	return object{"description": verb + " the cookies " + strings.Join(names, ", ") + ", one in a line.", "schema": object{"type": "string"}}
}

// A routeFailure is one a route may answer with, and stands for those that have the same statuses in all styles.
type routeFailure struct {
	why string
	f   *failure
}

// guardRefusals are those of a guard.
func (m *Manager) guardRefusals(k *carrier, csrf bool) []routeFailure {
	s := &m.settings
	all := []routeFailure{
		{"no token", m.missing(&requirement{want: k.kind, locations: s.TokenLocation})},
		{"a token that does not verify", failSignature},
		{"a token of the wrong type", failNotAccess},
		{"anything the request did not cause", failInternal},
	}
	if s.Store != nil || s.TokenInDenylist != nil {
		all = append(all, routeFailure{"a revoked token", failRevoked})
	}
	if s.uses(Headers) {
		all = append(all, routeFailure{"a header " + s.HeaderName + " that is malformed or repeated", m.failHeader})
	}
	if s.uses(Cookies) {
		all = append(all, routeFailure{"several cookies " + k.token.Name, k.repeated}, routeFailure{"a request of another site's page", failCrossOrigin})
		if csrf {
			all = append(all, routeFailure{"a CSRF value that is missing or wrong", k.noCSRF}, routeFailure{"a token without a CSRF value", failNoCSRFClaim})
		}
	}
	if s.uses(Query) && k.kind == Access {
		all = append(all, routeFailure{"several tokens", failRepeatedQuery})
	}
	if s.uses(JSON) {
		all = append(all, routeFailure{"a malformed body", failRequest}, routeFailure{"a body over 64 KiB", failTooLarge})
	}
	return all
}

// refusals describes the answers in the Manager's style, by their status.
func (m *Manager) refusals(all []routeFailure) object {
	responses := object{}
	for _, r := range all {
		e := m.fail(r.f, nil)
		status := strconv.Itoa(e.Status)
		response, _ := responses[status].(object)
		if response == nil {
			response = object{"description": "Refused: " + r.why, "headers": object{}}
			if schema := m.refusalSchema(e); schema != nil {
				response["content"] = object{"application/json": object{"schema": schema}}
			}
			responses[status] = response
		} else {
			response["description"] = response["description"].(string) + "; " + r.why
		}
		headers := response["headers"].(object)
		if m.settings.Errors == RFC6750 && m.challenge(e) != "" {
			headers["WWW-Authenticate"] = object{"description": "The challenge, with its error where a token is to blame.", "schema": object{"type": "string"}}
		}
		if e.Status == http.StatusServiceUnavailable {
			headers["Retry-After"] = object{"description": "When to try again, in seconds.", "schema": object{"type": "integer"}}
		}
	}
	for _, response := range responses {
		if response := response.(object); len(response["headers"].(object)) == 0 {
			delete(response, "headers")
		}
	}
	return responses
}

// refusalSchema is that of body; nil where the application writes it.
func (m *Manager) refusalSchema(e *Error) object {
	body := m.body(e)
	if handler := m.settings.ErrorHandler; handler != nil {
		if reflect.ValueOf(handler).Pointer() != reflect.ValueOf(tutorialError).Pointer() {
			return nil
		}
		body = detailAlone{}
	}
	properties := object{}
	for field := range reflect.TypeOf(body).Fields() {
		properties[field.Tag.Get("json")] = object{"type": "string"}
	}
	return closed(properties)
}
