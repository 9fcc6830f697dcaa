package authjwt

import (
	"net/http"
	"path"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
)

// OpenAPI is what an application's own OpenAPI 3.1 document needs of a [Manager]: copy both maps into it, as they are into
// one of maps, or by way of their JSON into any library's. They consist of map[string]any, []any, strings and bools, every schema
// stands where it is used, and nothing refers to anything but security schemes.
type OpenAPI struct {
	// Paths are the path items of the prebuilt routes, with the tag authentication.
	Paths map[string]any
	// SecuritySchemes are how tokens are presented, for components.securitySchemes. Where Settings.Name is set, their names begin
	// with it, so that several Managers can stand in one document.
	SecuritySchemes map[string]any

	manager *Manager
	flow    bool // the scheme oauth2 is there
}

// OpenAPI describes the prebuilt routes of m as they are below prefix, where [Manager.Mount] was called: /auth for a group of
// that path, or an empty text for the root. What m does under its Settings is described, by their names: a Manager that only verifies
// has no login and no refresh, one without a Store no logout-all. What the application does by itself it must
// add: statuses of its own errors, another answer by Routes.Respond, other bodies if Routes.Login does not call
// [BindCredentials]; with Settings.ErrorHandler the bodies of refusals are left open. A parameter in prefix, :tenant, becomes
// {tenant}; there the scheme oauth2 is left out, for its tokenUrl can have none. It panics if prefix is no path of
// a group, for it holds one of *{}?#\. Every call makes new maps, which may be changed.
func (m *Manager) OpenAPI(prefix string) OpenAPI {
	base, parameters := openAPIPath(prefix)
	o := OpenAPI{manager: m, flow: m.signer("") != nil && parameters == nil}
	o.SecuritySchemes = o.schemes(base + "/login")
	o.Paths = o.paths(base, parameters)
	return o
}

// Security returns what an operation behind [Manager.Required] declares as its security: one requirement for each of
// Settings.TokenLocation, in their order, of which a client meets any, with the CSRF value beside a cookie where the method needs
// one. The case of method does not matter. For an optional guard append an empty requirement. There is none for a token
// in a JSON body, which OpenAPI has no scheme for: describe its member in the body of the operation.
// The zero OpenAPI has none at all.
func (o OpenAPI) Security(method string) []map[string][]string {
	if o.manager == nil {
		return nil
	}
	return o.alternatives(Access, o.manager.settings.needsCSRF(strings.ToUpper(method)))
}

// MarshalJSON writes {"paths": …, "components": {"securitySchemes": …}}, which is a document but for openapi and info.
func (o OpenAPI) MarshalJSON() ([]byte, error) {
	return json.Marshal(object{"paths": o.Paths, "components": object{"securitySchemes": o.SecuritySchemes}}, json.Deterministic(true))
}

type object = map[string]any

// The names of the schemes, but for the header's: see headerScheme.
const (
	schemeOAuth2 = "oauth2"
	schemeCookie = "Cookie" // after the type of token
	schemeCSRF   = "CSRF"
	schemeQuery  = "Query"
)

// scheme is the name of a security scheme in the document.
func (o OpenAPI) scheme(name string) string {
	if own := o.manager.settings.Name; own != defaultName {
		return own + "-" + name
	}
	return name
}

// headerScheme names the scheme of tokens in the header. Both types have their own, for a client has one value for each.
func (o OpenAPI) headerScheme(kind TokenType) string {
	switch {
	case !o.manager.settings.bearer():
		return o.scheme(string(kind) + "Header")
	case kind == Refresh:
		return o.scheme("refreshBearer")
	}
	return o.scheme("bearer")
}

// bearer tells whether the header is that of RFC 6750 §2.1, which OpenAPI and OAuth2 clients know.
func (s *Settings) bearer() bool {
	return s.HeaderName == "Authorization" && strings.EqualFold(s.HeaderType, "Bearer")
}

// alternatives are the requirements for a token of a type, one for each location that has a scheme.
func (o OpenAPI) alternatives(kind TokenType, csrf bool) []map[string][]string {
	s, all := &o.manager.settings, []map[string][]string{}
	need := func(names ...string) {
		requirement := map[string][]string{}
		for _, name := range names {
			requirement[name] = []string{}
		}
		all = append(all, requirement)
	}
	for i, l := range s.TokenLocation {
		switch {
		case slices.Contains(s.TokenLocation[:i], l):
		case l == Headers:
			need(o.headerScheme(kind))
			if kind == Access && o.flow && s.bearer() {
				need(o.scheme(schemeOAuth2))
			}
		case l == Cookies && csrf && s.doubleSubmit():
			need(o.scheme(string(kind)+schemeCookie), o.scheme(string(kind)+schemeCSRF))
		case l == Cookies:
			need(o.scheme(string(kind) + schemeCookie))
		case l == Query && kind == Access:
			need(o.scheme(string(kind) + schemeQuery))
		}
	}
	return all
}

// schemes describes all schemes that requirements name.
func (o OpenAPI) schemes(login string) object {
	m, all := o.manager, object{}
	s := &m.settings
	for _, k := range m.carriers() {
		kind, header := string(k.kind), s.AccessCSRFHeaderName
		if k.kind == Refresh {
			header = s.RefreshCSRFHeaderName
		}
		if s.uses(Headers) {
			all[o.headerScheme(k.kind)] = s.headerForm(kind)
		}
		if s.uses(Cookies) {
			form := "The " + kind + " token"
			if s.CookieScheme != "" {
				form += ", after " + s.CookieScheme + " and a blank"
			}
			all[o.scheme(kind+schemeCookie)] = apiKey("cookie", k.token.Name, form+". The log-in sets it; scripts cannot read it.")
		}
		if s.doubleSubmit() {
			text := "The value of the cookie " + k.csrf.Name + ", beside the cookie " + k.token.Name + "."
			if s.CSRFFormField != "" {
				text += " A form may carry it in its field " + s.CSRFFormField + " instead."
			}
			all[o.scheme(kind+schemeCSRF)] = apiKey("header", header, text)
		}
	}
	if s.uses(Query) {
		all[o.scheme(string(Access)+schemeQuery)] = apiKey("query", s.QueryStringName, "The access token. Refresh tokens are not taken from there.")
	}
	if o.flow {
		text := "The log-in, with user name and password."
		if s.uses(Cookies) {
			text += " It sets the cookies."
		}
		if s.cookiesOnly() && !s.InsecureAccessTokenInBody {
			text += " No token is in its answer."
		}
		all[o.scheme(schemeOAuth2)] = object{"type": "oauth2", "description": text,
			"flows": object{"password": object{"tokenUrl": login, "scopes": object{}}}}
	}
	return all
}

func apiKey(in, name, description string) object {
	return object{"type": "apiKey", "in": in, "name": name, "description": description}
}

// headerForm describes the header that carries a token.
func (s *Settings) headerForm(kind string) object {
	switch {
	case s.bearer():
		return object{"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": "The " + kind + " token."}
	case s.HeaderType == NoHeaderType:
		return apiKey("header", s.HeaderName, "The bare "+kind+" token.")
	}
	return apiKey("header", s.HeaderName, "The "+kind+" token after "+s.HeaderType+" and a blank: "+s.HeaderType+" <JWT>")
}

// openAPIPath turns the path of a group in Gin into that of OpenAPI, without a slash at its end, and names its parameters.
func openAPIPath(prefix string) (base string, parameters []string) {
	if strings.ContainsAny(prefix, `*{}?#\`) {
		panic("authjwt: OpenAPI: no group of Gin's has the path " + prefix + "; pass that of the group on which Mount was called, /:tenant/auth for /{tenant}/auth")
	}
	for segment := range strings.SplitSeq(strings.Trim(path.Join("/", prefix), "/"), "/") {
		text, name, found := strings.Cut(segment, ":")
		if found {
			segment = text + "{" + name + "}"
			parameters = append(parameters, name)
		}
		if segment != "" {
			base += "/" + segment
		}
	}
	return base, parameters
}

// paths describes the routes that Mount adds, and those that can be mounted where it panics.
func (o OpenAPI) paths(base string, parameters []string) object {
	all := object{}
	add := func(route, method, summary string, describe func() operation) {
		item, _ := all[base+route].(object)
		if item == nil {
			item = object{}
			all[base+route] = item
			if parameters != nil {
				item["parameters"] = pathParameters(parameters)
			}
		}
		id := base + route
		if own := o.manager.settings.Name; own != defaultName {
			id = own + id
		}
		if method == http.MethodDelete {
			id += "/delete"
		}
		item[strings.ToLower(method)] = describe().object(operationID(id), summary)
	}
	if o.manager.signer("") != nil {
		add("/login", http.MethodPost, "Log in", o.login)
		add("/refresh", http.MethodPost, "Get a new access token for a refresh token", o.refresh)
	}
	add("/logout", http.MethodPost, "Log out", o.logout)
	add("/logout", http.MethodDelete, "Log out", o.logout)
	if o.manager.settings.Store != nil {
		add("/logout-all", http.MethodPost, "Log out everywhere", o.logoutAll)
	}
	return all
}

func pathParameters(names []string) (all []any) {
	for _, name := range names {
		all = append(all, object{"name": name, "in": "path", "required": true, "schema": object{"type": "string"}})
	}
	return all
}

// operationID makes an id of a path. Paths that differ in letters or digits have different ids.
func operationID(path string) string {
	id := strings.Map(func(ch rune) rune {
		if ch < 128 && isAlphanumeric(byte(ch)) {
			return ch
		}
		return '_'
	}, path)
	return strings.Join(strings.FieldsFunc(id, func(ch rune) bool { return ch == '_' }), "_")
}
