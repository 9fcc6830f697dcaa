package authjwt

import (
	"bytes"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// A credential is what a request presents; nothing about it has been checked.
type credential struct {
	raw      string
	location Location
}

// requestBody is what guards have read out of the body, once.
type requestBody struct {
	jsonRead        bool
	access, refresh string
	failure         *failure
	formRead        bool
	csrf            string
}

func (a *AuthJWT) body() *requestBody {
	rare := a.rarities()
	if rare.body == nil {
		rare.body = new(requestBody)
	}
	return rare.body
}

// extract returns the request's credential: that of the first location that holds one, good or bad.
// It is empty where there is none, which only a guard can judge.
func (a *AuthJWT) extract(r *requirement) (credential, *failure) {
	if r.given {
		return credential{raw: r.token}, nil
	}
	if slices.ContainsFunc(a.queryTokens(), notEmpty) && slices.Contains(r.locations, Query) && slices.Contains(r.locations, Headers) {
		raw, f := a.m.fromHeader(a.c.Request.Header)
		if raw != "" || a.m.malformed(a.c.Request.Header, &requirement{optional: true, locations: r.locations}) {
			f = failMixed // RFC 6750 §2
		}
		if f != nil {
			return credential{}, f
		}
	}
	for _, l := range r.locations {
		raw, f := a.from(l, r)
		if f != nil || raw != "" {
			return credential{raw, l}, f
		}
	}
	return credential{}, nil
}

func notEmpty(s string) bool { return s != "" }

func (a *AuthJWT) from(l Location, r *requirement) (string, *failure) {
	switch l {
	case Headers:
		return a.m.fromHeader(a.c.Request.Header)
	case Cookies:
		return a.m.fromCookies(a.c.Request, r.want)
	case Query:
		return a.fromQuery(r.want)
	}
	return a.fromJSON(r)
}

// missing is the failure of a request without the credential r asks for. Where there are several
// locations, the cookie is what is missed, as in fastapi-jwt-auth.
func (m *Manager) missing(r *requirement) *failure {
	switch {
	case r.given && r.want == Refresh:
		return failNoRefreshToken
	case r.given:
		return failNoAccessToken
	case slices.Contains(r.locations, Cookies):
		return m.carrier(r.want).missing[Cookies]
	case slices.Contains(r.locations, Headers):
		return m.carrier(r.want).missing[Headers]
	case r.want == Refresh && slices.Contains(r.locations, JSON):
		return m.refresh.missing[JSON]
	}
	return m.carrier(r.want).missing[r.locations[0]]
}

// fromHeader takes what follows the scheme out of the header. Another scheme, and the scheme alone, are
// no credential of ours; two fields are an error (RFC 9110 §11.4, RFC 6750 §2.1).
func (m *Manager) fromHeader(h http.Header) (string, *failure) {
	fields := h[m.settings.HeaderName]
	if len(fields) == 0 {
		return "", nil
	}
	if len(fields) > 1 {
		return "", m.failRepeated
	}
	if token, usual := strings.CutPrefix(fields[0], m.usualScheme); usual && token != "" && m.settings.Errors != FastAPI &&
		!isBlank(token[0]) && !isBlank(token[len(token)-1]) {
		return token, nil // as what follows would find
	}
	value, glued := strings.Trim(fields[0], " \t"), false
	if m.settings.HeaderType != NoHeaderType {
		value, glued = cutScheme(value, m.settings.HeaderType)
	}
	switch {
	case m.settings.Errors == FastAPI && (glued || strings.ContainsAny(value, " \t")):
		return "", nil // see malformed
	case glued:
		return "", m.failHeader
	}
	return value, nil
}

func isBlank(ch byte) bool { return ch == ' ' || ch == '\t' }

// malformed tells, in the FastAPI style, a header that holds no token of ours from none at all, once no other location
// holds one: there it is the header's fault. Only an optional guard takes another scheme for nothing.
func (m *Manager) malformed(h http.Header, r *requirement) bool {
	fields := h[m.settings.HeaderName]
	if m.settings.Errors != FastAPI || r.given || len(fields) == 0 || !slices.Contains(r.locations, Headers) {
		return false
	}
	value, scheme := strings.Trim(fields[0], " \t"), m.settings.HeaderType
	return value != "" && (!r.optional || scheme == NoHeaderType || hasPrefixFold(value, scheme))
}

// cutScheme returns what follows the scheme, after blanks; nothing if another scheme is there. Glued
// means that no blank is between them.
func cutScheme(value, scheme string) (rest string, glued bool) {
	if len(value) < len(scheme) || !strings.EqualFold(value[:len(scheme)], scheme) {
		return "", false
	}
	after := value[len(scheme):]
	rest = strings.TrimLeft(after, " \t")
	return rest, rest != "" && len(rest) == len(after)
}

// blame tells a malformed header from a malformed token, once a credential has been refused: what is
// no token68 (RFC 9110 §11.2), three words, a list or a quoted string say, is the header's fault.
// Good tokens are not looked through for it.
func (m *Manager) blame(cred credential, e *Error) *Error {
	if cred.location != Headers || len(cred.raw) > maxTokenSize || isAlphanumericOr(cred.raw, "-._~+/=") {
		return e
	}
	if m.settings.Errors == FastAPI && isAlphanumericOr(cred.raw, "-._~+/=!#$%&()*:;<>?@[]^`{|}\\") { // there it is the token's
		return e
	}
	return m.fail(m.failHeader, nil)
}

// fromCookies returns the value of the token's cookie, without unescaping it. Of two different ones, which a
// neighbouring host or an earlier release has set, none can be trusted (RFC 6265bis §8.6).
func (m *Manager) fromCookies(req *http.Request, kind TokenType) (string, *failure) {
	k := m.carrier(kind)
	if token, found := soleToken(req.Header["Cookie"], k.token.Name); found {
		return m.cookieToken(token), nil
	}
	presented := req.CookiesNamed(k.token.Name)
	if len(presented) == 0 {
		return "", nil
	}
	for _, other := range presented[1:] {
		if other.Value != presented[0].Value {
			return "", k.repeated
		}
	}
	return m.cookieToken(presented[0].Value), nil
}

// hideTokens replaces the tokens in the header fields of a request that is at its end.
func (m *Manager) hideTokens(req *http.Request) {
	const hidden = "[redacted]"
	if req.Header[m.settings.HeaderName] != nil {
		req.Header[m.settings.HeaderName] = []string{hidden}
	}
	for _, k := range m.carriers() {
		for _, presented := range req.CookiesNamed(k.token.Name) {
			for i, line := range req.Header["Cookie"] {
				if presented.Value != "" {
					req.Header["Cookie"][i] = strings.ReplaceAll(line, presented.Value, hidden)
				}
			}
		}
	}
}

// cookieToken returns the token in a cookie's value; another scheme than the one expected is none.
func (m *Manager) cookieToken(value string) string {
	if scheme := m.settings.CookieScheme; scheme != "" {
		rest, glued := cutScheme(value, scheme)
		if glued {
			return ""
		}
		return rest
	}
	return value
}

// fromQuery returns what takeQuery took. Refresh tokens live too long for URLs.
func (a *AuthJWT) fromQuery(kind TokenType) (string, *failure) {
	tokens := a.queryTokens()
	switch {
	case kind == Refresh || len(tokens) == 0:
		return "", nil
	case len(tokens) > 1:
		return "", failRepeatedQuery
	}
	return tokens[0], nil
}

// queryTokens are what takeQuery took out of the URL.
func (a *AuthJWT) queryTokens() []string {
	if a.rare == nil {
		return nil
	}
	return a.rare.queryTokens
}

// takeQuery moves the token out of the URL, where loggers, handlers and links would find it (RFC 6750
// §5.3), and keeps the answer out of caches and its address out of Referer fields.
func (a *AuthJWT) takeQuery() {
	req, name := a.c.Request, a.m.settings.QueryStringName
	rest, tokens := cutParameter(req.URL.RawQuery, name)
	if tokens == nil {
		for other := a.next; other != nil && tokens == nil; other = other.next { // it may have taken it
			if other.m.settings.QueryStringName == name {
				tokens = other.queryTokens()
			}
		}
		if tokens != nil {
			a.rarities().queryTokens = tokens
		}
		return
	}
	a.rarities().queryTokens = tokens
	req.URL.RawQuery = rest
	if path, query, found := strings.Cut(req.RequestURI, "?"); found {
		if req.RequestURI = path; rest != "" {
			query, _ = cutParameter(query, name)
			req.RequestURI += "?" + query
		}
	}
	delete(req.Form, name) // which may be parsed already
	if posted, ok := req.PostForm[name]; ok {
		req.Form[name] = posted
	}
	cached := a.c.QueryArray(name) // if Gin has parsed the query before
	clear(cached)
	noStore(a.c.Writer.Header())
	a.c.Header("Referrer-Policy", "no-referrer")
}

// cutParameter takes all parameters of that name out of a query and leaves the rest as it stands.
func cutParameter(query, name string) (rest string, values []string) {
	var kept []byte // from the first cut on
	read := 0
	for pair := range strings.SplitSeq(query, "&") {
		key, value, _ := strings.Cut(pair, "=")
		if unescaped, err := url.QueryUnescape(key); err == nil && unescaped == name {
			if values == nil {
				kept = append(kept, query[:read]...)
			}
			if unescaped, err := url.QueryUnescape(value); err == nil {
				value = unescaped
			}
			if len(values) < 2 { // one too many is enough to know
				values = append(values, value)
			}
		} else if values != nil {
			kept = append(append(kept, pair...), '&')
		}
		read += len(pair) + len("&")
	}
	if values == nil {
		return query, nil
	}
	return strings.TrimSuffix(string(kept), "&"), values
}

// fromJSON returns the member of a JSON body. The body stays to be read by the handler. A body too
// large to look into holds no credential that an optional guard would have to judge.
func (a *AuthJWT) fromJSON(r *requirement) (string, *failure) {
	body := a.body()
	if !body.jsonRead {
		body.jsonRead = true
		body.access, body.refresh, body.failure = a.m.readJSON(a.c.Request)
	}
	if body.failure == failTooLarge && r.optional {
		return "", nil
	}
	if r.want == Refresh {
		return body.refresh, body.failure
	}
	return body.access, body.failure
}

// readJSON finds both tokens in the body. GET and the other safe methods have no body that means
// anything (RFC 6750 §2.2); another content type, no object or no member are no credential.
func (m *Manager) readJSON(req *http.Request) (access, refresh string, f *failure) {
	if isSafe(req.Method) {
		return "", "", nil
	}
	if kind, _, err := mediaType(req.Header); err != nil || !isJSON(kind) {
		return "", "", nil
	}
	if req.ContentLength > maxBodySize {
		return "", "", failTooLarge
	}
	body, f, _ := wholeBody(req, failRequest)
	if f != nil {
		return "", "", f
	}
	body = bytes.Trim(body, jsonBlanks)
	if len(body) == 0 || body[0] != '{' && jsontext.Value(body).IsValid() {
		return "", "", nil
	}
	room := scratches.Get().(*scratch)
	defer scratches.Put(room)
	var found [2]member
	if !room.reader.read(body, len(body), func(name []byte) *member {
		switch string(name) {
		case m.access.jsonKey:
			return &found[0]
		case m.refresh.jsonKey:
			return &found[1]
		}
		return nil
	}) {
		return "", "", failRequest
	}
	if m.access.jsonKey == m.refresh.jsonKey {
		found[1] = found[0]
	}
	text := string(body)
	var tokens [2]string
	for i, member := range found {
		var ok bool
		if tokens[i], ok = member.text(text); !ok && member.kind != 0 && member.kind != 'n' {
			return "", "", failRequest
		}
	}
	return tokens[0], tokens[1], nil
}
