package authjwt

import (
	"errors"
	"net/http"

	"github.com/gin-gonic/gin"
	"github.com/go-json-experiment/json"
)

// The reasons for a refusal. Every [Error] the package makes wraps exactly one of them, so that
// errors.Is(err, authjwt.ErrMissingToken) tells what happened without reading texts. Passed to
// [AuthJWT.Abort], or returned by a callback, each stands for the refusal of its kind; docs/errors.md
// lists their codes, statuses and texts.
var (
	ErrInvalidHeader        = errors.New("authjwt: malformed authorization header")
	ErrMissingToken         = errors.New("authjwt: no token in the request")
	ErrJWTDecode            = errors.New("authjwt: token does not verify")
	ErrCSRF                 = errors.New("authjwt: cross-site request forgery check failed")
	ErrRevokedToken         = errors.New("authjwt: token has been revoked")
	ErrAccessTokenRequired  = errors.New("authjwt: not an access token")
	ErrRefreshTokenRequired = errors.New("authjwt: not a refresh token")
	ErrFreshTokenRequired   = errors.New("authjwt: not a fresh token")
	ErrInsufficientScope    = errors.New("authjwt: token lacks a scope")
	ErrInvalidCredentials   = errors.New("authjwt: wrong user name or password")
	ErrInvalidRequest       = errors.New("authjwt: malformed request")
	ErrUnavailable          = errors.New("authjwt: a service needed for the check is unreachable")
	ErrInternal             = errors.New("authjwt: internal error")
	ErrCookiesDisabled      = errors.New("authjwt: cookies are no location of tokens")
)

// Error is a refusal as the client gets it. Applications may make their own, to answer with another
// status from a callback or from [AuthJWT.Abort]; a Status outside 400 to 599 is answered as 500, and so is a text that
// is not UTF-8.
type Error struct {
	// Status is the HTTP status code.
	Status int
	// Code is a stable, machine-readable name such as "token_expired".
	Code string
	// Detail is the text for people. It never holds any part of the request.
	Detail string

	kind  *failure
	cause error
	scope string
	told  bool // by an event of its own
}

// Error returns the code and the detail. The cause is left out, because it may quote a token or a
// store: reach it with errors.Is or errors.As. Only what the developer has to mend is spelled out.
func (e *Error) Error() string {
	if e == nil {
		return "authjwt: nil error"
	}
	text := "authjwt: " + e.Code + ": " + e.Detail
	var word misuse
	if errors.As(e.cause, &word) {
		text += ": " + word.Error()
	}
	return text
}

// Unwrap returns the reason (one of the Err… variables), golang-jwt's error, such as
// jwt.ErrTokenExpired, where it has one, and the cause.
func (e *Error) Unwrap() []error {
	if e == nil {
		return nil
	}
	var wrapped []error
	if e.kind != nil {
		wrapped = append(wrapped, e.kind.reason)
		if e.kind.cause != nil {
			wrapped = append(wrapped, e.kind.cause)
		}
	}
	if e.cause != nil {
		wrapped = append(wrapped, e.cause)
	}
	return wrapped
}

// misuse is a mistake in the application's code, in the package's own words.
type misuse struct{ error }

func (m misuse) Unwrap() error { return m.error }

// ErrorStyle selects the statuses and the body of refusals.
type ErrorStyle int

const (
	// RFC6750 answers with the statuses and challenges of RFC 6750 and {"detail", "code"}. It is the default.
	RFC6750 ErrorStyle = iota
	// FastAPI answers with fastapi-jwt-auth's numbers (422 for bad tokens) and {"detail"}, without challenge. Headers is looked at first,
	// and a header without a token of ours is malformed, unless another location holds one, or an optional guard sees another
	// scheme. An upgrade to WebSocket with a token in a cookie always needs the CSRF value, by WithCSRFToken.
	FastAPI
	// FastJWTStyle answers with FastJWT's statuses (422 for tokens that do not verify) and {"message", "error_type"},
	// without challenge.
	FastJWTStyle
)

// render writes the refusal, unless an answer has begun.
func (m *Manager) render(c *gin.Context, e *Error) {
	if c.Writer.Written() {
		return
	}
	h := c.Writer.Header()
	// They describe a body that is not sent; Content-Encoding stays, for a compressing writer reads it.
	for _, name := range []string{"Content-Disposition", "Content-Length", "Content-Range", "Etag", "Expires", "Last-Modified"} {
		delete(h, name)
	}
	dropTargeted(h)
	takeBack(h, bound(c))
	told := m.answer(e)
	fields := []string{"no-store", told.challenge} // in one piece of memory
	h["Cache-Control"] = fields[0:1:1]
	if e.Status == http.StatusServiceUnavailable && h.Get("Retry-After") == "" {
		h.Set("Retry-After", "1")
	}
	if told.challenge != "" {
		h["Www-Authenticate"] = fields[1:2:2]
	}
	if m.settings.ErrorHandler != nil {
		before := c.Writer.Status() // in NoRoute and NoMethod it is 404 and 405 from the start
		given := *e                 // its changes would change the answer
		m.settings.ErrorHandler(c, &given)
		if c.Writer.Written() {
			return
		}
		if now := c.Writer.Status(); now >= 400 && now != before {
			c.Writer.WriteHeaderNow()
			return
		}
	}
	writeBody(c, e.Status, told.body)
}

// An answer is what a client is told of a failure. It never changes.
type answer struct {
	status       int
	code, detail string
	challenge    string // empty: none is due
	body         []byte
}

// answer makes each failure's answer once.
func (m *Manager) answer(e *Error) *answer {
	if known, _ := m.answers.Load(e.kind); known != nil && known.(*answer).tells(e) {
		return known.(*answer)
	}
	made := &answer{status: e.Status, code: e.Code, detail: e.Detail, body: encoded(m.body(e))}
	if m.settings.Errors == RFC6750 {
		made.challenge = m.challenge(e)
	}
	if e.kind != nil && e.scope == "" && made.tells(m.fail(e.kind, nil)) {
		m.answers.Store(e.kind, made)
	}
	return made
}

// tells is false for an error that the application has changed, or that names scopes.
func (a *answer) tells(e *Error) bool {
	return a.status == e.Status && a.code == e.Code && a.detail == e.Detail && e.scope == ""
}

// detailAlone is the body of FastAPI's own refusals.
type detailAlone struct {
	Detail string `json:"detail"`
}

// body is the answer's.
func (m *Manager) body(e *Error) any {
	switch m.settings.Errors {
	case FastAPI:
		return detailAlone{e.Detail}
	case FastJWTStyle:
		return struct {
			Message string `json:"message"`
			Type    string `json:"error_type"`
		}{e.Detail, fastJWTName(e)}
	}
	return struct {
		Detail string `json:"detail"`
		Code   string `json:"code"`
	}{e.Detail, e.Code}
}

// challenge is the WWW-Authenticate value of e (RFC 6750 §3, RFC 9470 §3), or empty where none is due:
// RFC 9110 §15.5.2 demands one with every 401.
func (m *Manager) challenge(e *Error) string {
	var bearer string
	if e.kind != nil {
		bearer = e.kind.bearer
	}
	if bearer == "" && e.Status != http.StatusUnauthorized {
		return ""
	}
	value := m.challengeScheme + ` realm="` + m.settings.Realm + `"`
	if bearer != "" {
		value += `, error="` + bearer + `", error_description="` + quotable(e.Detail) + `"`
	}
	if e.scope != "" {
		value += `, scope="` + quotable(e.scope) + `"`
	}
	return value
}

// quotable keeps what RFC 6750 §3 allows inside error_description and scope.
func quotable(s string) string {
	b := []byte(s)
	for i, ch := range b {
		switch {
		case ch == '"' || ch == '\\':
			b[i] = '\''
		case unquotable(rune(ch)):
			b[i] = '?'
		}
	}
	return string(b)
}

// unquotable tells what has no place between the quotes of a challenge without an escape.
func unquotable(ch rune) bool { return ch < ' ' || ch > '~' || ch == '"' || ch == '\\' }

// writeJSON answers with v; v must be encodable in JSON.
func writeJSON(c *gin.Context, status int, v any) { writeBody(c, status, encoded(v)) }

// encoded is v in JSON. What the application has written in it is UTF-8: errorFrom sees to that.
func encoded(v any) []byte {
	body, _ := json.Marshal(v)
	return body
}

func writeBody(c *gin.Context, status int, body []byte) {
	c.Writer.Header()["Content-Type"] = []string{"application/json"}
	c.Writer.WriteHeader(status)
	_, _ = c.Writer.Write(body)
}
