package authjwt

import (
	"net/http"
	"slices"
)

// An operation is a prebuilt route in the making of its description.
type operation struct {
	text      string
	security  []map[string][]string
	body      object
	responses object
}

func (op operation) object(id, summary string) object {
	security := []any{} // which a document's own default does not replace
	for _, alternative := range op.security {
		names := object{}
		for name := range alternative {
			names[name] = []any{}
		}
		security = append(security, names)
	}
	described := object{"operationId": id, "tags": []any{"authentication"}, "summary": summary, "security": security, "responses": op.responses}
	if op.text != "" {
		described["description"] = op.text
	}
	if op.body != nil {
		described["requestBody"] = op.body
	}
	return described
}

func (o OpenAPI) login() operation {
	m := o.manager
	refusals := []routeFailure{
		{"a wrong user name or password", failCredentials},
		{"a body that is malformed or lacks a field", failFields},
		{"a body over 64 KiB", failTooLarge},
		{"a body of another media type", failMediaType},
		{"a service that is out of reach", failUnavailable},
		{"anything the request did not cause", failInternal},
	}
	if m.settings.uses(Cookies) {
		refusals = append(refusals, routeFailure{"a request of another site's page", failCrossOrigin})
	}
	responses := m.refusals(refusals)
	responses["200"] = m.tokenAnswer("Successfully login", m.carriers(), false)
	content := object{}
	for _, kind := range []string{urlencodedForm, multipartForm, "application/json"} {
		content[kind] = object{"schema": credentialsSchema()}
	}
	return operation{body: object{"required": true, "content": content}, responses: responses}
}

// credentialsSchema is what BindCredentials reads.
func credentialsSchema() object {
	text := func() object { return object{"type": "string"} }
	secret := func() object { return object{"type": "string", "format": "password"} }
	return object{"type": "object", "required": []any{"username", "password"}, "properties": object{
		"username": text(), "password": secret(), "scope": object{"type": "string", "description": "Words with blanks between."},
		"grant_type": object{"type": "string", "enum": []any{"password"}}, "client_id": text(), "client_secret": secret(),
	}}
}

func (o OpenAPI) refresh() operation {
	m := o.manager
	s := &m.settings
	if !slices.ContainsFunc(s.TokenLocation, func(l Location) bool { return l != Query }) {
		return operation{text: "Refresh tokens are not taken from the query, the only location: every request is refused.",
			responses: m.refusals([]routeFailure{{"no token", m.refresh.missing[Query]}})}
	}
	csrf := s.doubleSubmit() && s.needsCSRF(http.MethodPost)
	op := operation{security: o.alternatives(Refresh, csrf), responses: m.refusals(append(m.guardRefusals(m.refresh, csrf),
		routeFailure{"a service that is out of reach", failUnavailable}))}
	rotated := m.carriers()
	if s.Store == nil || s.KeepRefreshToken {
		rotated = rotated[:1]
	}
	op.responses["200"] = m.tokenAnswer("The token has been refresh", rotated, true)
	if s.uses(JSON) {
		only := !s.uses(Headers) && !s.uses(Cookies)
		op.text = "The refresh token may stand in the body."
		op.body = jsonBody(only, s.RefreshJSONKey)
		op.security = append(op.security, map[string][]string{}) // the body is no scheme
	}
	return op
}

// logout needs the CSRF value of either cookie whatever Settings.CSRFMethods says, and takes what it is given.
func (o OpenAPI) logout() operation {
	m := o.manager
	s := &m.settings
	refusals := []routeFailure{{"anything the request did not cause", failInternal}}
	outside := s.Store != nil || s.KeySet != nil && s.doubleSubmit()
	if outside {
		refusals = append(refusals, routeFailure{"a service that is out of reach", failUnavailable})
	}
	if s.uses(Cookies) {
		refusals = append(refusals, routeFailure{"a request of another site's page", failCrossOrigin})
	}
	if s.doubleSubmit() {
		refusals = append(refusals, routeFailure{"a CSRF value that is missing or wrong", m.access.noCSRF})
	}
	op := operation{
		text:      "Takes any token, or none. Without a store, what is in no cookie stays good until it expires.",
		security:  slices.Concat(o.alternatives(Access, true), o.alternatives(Refresh, true), []map[string][]string{{}}),
		responses: m.refusals(refusals),
	}
	if s.Store != nil {
		op.text = "Ends the sessions of the tokens presented, if any, expired ones too."
	}
	op.responses["200"] = m.goodbye()
	if s.Store != nil && s.uses(Cookies) { // they go all the same
		refused := op.responses["503"].(object)
		refused["headers"].(object)["Set-Cookie"] = m.cookieLines("Deletes", m.carriers())
	}
	if s.uses(JSON) {
		op.body = jsonBody(false, s.JSONKey, s.RefreshJSONKey)
	}
	return op
}

func (o OpenAPI) logoutAll() operation {
	m := o.manager
	s := &m.settings
	csrf := s.doubleSubmit() && s.needsCSRF(http.MethodPost)
	op := operation{text: "Ends every session of the user.", security: o.alternatives(Access, csrf),
		responses: m.refusals(append(m.guardRefusals(m.access, csrf), routeFailure{"a service that is out of reach", failUnavailable}))}
	op.responses["200"] = m.goodbye()
	if s.uses(JSON) {
		op.body = jsonBody(len(op.security) == 0, s.JSONKey)
		op.security = append(op.security, map[string][]string{})
	}
	return op
}

// jsonBody is a body with a token in it.
func jsonBody(required bool, members ...string) object {
	properties := object{}
	for _, name := range members {
		properties[name] = object{"type": "string"}
	}
	schema := object{"type": "object", "properties": properties}
	if required {
		schema["required"] = texts(members)
	}
	return object{"required": required, "content": object{"application/json": object{"schema": schema}}}
}
