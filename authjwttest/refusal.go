package authjwttest

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/gin-authjwt/authjwt"
)

// The header fields in which the kit's Managers tell the reason and the code of a refusal, and its error.
const (
	refusalField = "Authjwttest-Refusal"
	errorField   = "Authjwttest-Error"
)

// telling wraps an ErrorHandler, which may be nil.
func telling(handler func(c *gin.Context, err *authjwt.Error)) func(c *gin.Context, err *authjwt.Error) {
	return func(c *gin.Context, err *authjwt.Error) {
		c.Header(refusalField, strings.Join(namesOf(err), " ")+"; "+err.Code)
		c.Header(errorField, strings.Join(strings.Fields(err.Error()), " ")) // which quotes no token
		if handler != nil {
			handler(c, err)
		}
	}
}

// A refusal is what an answer tells of one; without reasons it is the application's own.
type refusal struct {
	reasons []string
	code    string
	text    string // the error's, where the Manager is the kit's
}

// refusalIn finds the refusal in an answer: by the fields of the kit's Managers, or by the code in the body of others.
func refusalIn(rec *httptest.ResponseRecorder) (refusal, bool) {
	if told := rec.Header().Get(refusalField); told != "" {
		names, code, _ := strings.Cut(told, "; ")
		return refusal{strings.Fields(names), code, rec.Header().Get(errorField)}, true
	}
	var body struct{ Code string }
	if rec.Code < 400 || json.Unmarshal(rec.Body.Bytes(), &body) != nil || codes[body.Code] == "" {
		return refusal{}, false
	}
	return refusal{reasons: strings.Fields(codes[body.Code]), code: body.Code}, true
}

// A wanted refusal is known by its reason, or by its code.
type wanted struct {
	name, code string
	status     int // 0: any
}

func want(tb testing.TB, reason error) (w wanted) {
	tb.Helper()
	var e *authjwt.Error
	switch {
	case errors.As(reason, &e) && e.Code != "":
		return wanted{code: e.Code, status: e.Status}
	case len(namesOf(reason)) == 1:
		w.name = namesOf(reason)[0]
	default:
		tb.Fatalf("authjwttest: AssertRefused: %v is none of authjwt's reasons; use one such as authjwt.ErrCSRF, or for one code "+
			"&authjwt.Error{Code: \"token_expired\"}", reason)
	}
	return w
}

func (w wanted) String() string {
	switch {
	case w.name != "":
		return "authjwt." + w.name
	case w.status != 0:
		return fmt.Sprintf("the code %s, status %d", w.code, w.status)
	}
	return "the code " + w.code
}

// AssertRefused checks that an answer is a refusal for that reason: one of authjwt's Err… variables, or an *[authjwt.Error] for
// its Code, and its Status unless that is 0. Neither text nor status is looked at otherwise, so that the style of errors does
// not matter. A refusal must not be cached, nor set a cookie with a token.
//
// Of a Manager that NewManager has not made it knows the code in the body alone, which the FastAPI and FastJWT styles have not.
func AssertRefused(tb testing.TB, rec *httptest.ResponseRecorder, reason error) {
	tb.Helper()
	w := want(tb, reason)
	if problem := w.problem(rec); problem != "" {
		tb.Errorf("authjwttest: %s", problem)
	}
}

// AssertAccepted checks that an answer is no refusal, and no other error: its status is below 400.
func AssertAccepted(tb testing.TB, rec *httptest.ResponseRecorder) {
	tb.Helper()
	if r, refused := refusalIn(rec); refused || rec.Code >= 400 {
		tb.Errorf("authjwttest: the request should have been accepted%s", came(rec, r, refused))
	}
}

// problem tells what is wrong with the answer; empty: nothing.
func (w wanted) problem(rec *httptest.ResponseRecorder) string {
	r, refused := refusalIn(rec)
	byName := w.name != "" && slices.Contains(r.reasons, w.name)
	byCode := w.code != "" && r.code == w.code && (w.status == 0 || w.status == rec.Code)
	if !refused || !byName && !byCode {
		return fmt.Sprintf("the request should have been refused for %s%s", w, came(rec, r, refused))
	}
	if !strings.Contains(rec.Header().Get("Cache-Control"), "no-store") {
		return fmt.Sprintf("the refusal for %s may be cached: Cache-Control is %q, not no-store; what has changed it?", w, rec.Header().Get("Cache-Control"))
	}
	for _, line := range rec.Header().Values("Set-Cookie") {
		if c, err := http.ParseSetCookie(line); err == nil && c.MaxAge >= 0 && strings.Contains(c.Value, "eyJ") {
			return fmt.Sprintf("the refusal for %s sets the cookie %s, with a token in it; set cookies after the guard", w, c.Name)
		}
	}
	return ""
}

// came describes the answer, and what to look at.
func came(rec *httptest.ResponseRecorder, r refusal, refused bool) string {
	what := fmt.Sprintf("status %d, which is no refusal of authjwt", rec.Code)
	if refused {
		what = fmt.Sprintf("status %d, %s", rec.Code, strings.Join(append(slices.Clone(r.reasons), "code "+r.code), ", "))
	}
	if r.text != "" {
		what += "\n  error: " + r.text
	}
	body := rec.Body.String()
	if len(body) > 300 {
		body = body[:300] + "…"
	}
	return fmt.Sprintf("\n  came:  %s\n  body:  %s\n  look:  %s", what, body, hint(rec, r, refused))
}

func hint(rec *httptest.ResponseRecorder, r refusal, refused bool) string {
	if text := hints[r.code]; refused && text != "" {
		return text
	}
	switch {
	case refused:
		return "docs/errors.md tells what the code means"
	case rec.Code == http.StatusNotFound || rec.Code == http.StatusMethodNotAllowed:
		return "is the route there, with that method and path?"
	case rec.Code < 400:
		return "is a guard on the route, before the handler? Does the request carry what it should?"
	}
	return "the application has answered by itself, or its Manager is not NewManager's, and its style of errors has no code"
}

// hints are what to look at when a refusal of that code comes unexpectedly.
var hints = map[string]string{
	"missing_token":           "no location that the guard reads held a token: does the request carry one, by Manager.As say?",
	"token_expired":           "was the Clock moved since the token was minted?",
	"token_not_yet_valid":     "was the Clock moved back, or is it not the clock of the Manager that minted the token?",
	"token_signature_invalid": "was the token minted by another Manager than the application's? Give it the field Manager of the kit's",
	"token_key_unknown":       "was the token minted by another Manager than the application's? Give it the field Manager of the kit's",
	"token_revoked":           "was there a logout, a refresh with the same token, or a call of a Revoke method?",
	"token_refused":           "Settings.Validate refused it: does it know the subject?",
	"user_refused":            "Settings.LoadUser finds no such user: does it know the subject?",
	"access_token_required":   "it is a refresh token; is the route for access tokens?",
	"refresh_token_required":  "it is an access token; the route is for refresh tokens: Manager.RefreshToken, AssertRefreshProtected",
	"fresh_token_required":    "the token is as after a refresh; authjwttest.Valid is fresh",
	"insufficient_scope":      "give the token the scope: authjwt.WithGrantedScopes",
	"csrf_missing":            "the cookie came without its CSRF value; Manager.As, Manager.Cookies and Client send it",
	"csrf_mismatch":           "the CSRF value belongs to another token: is it read anew for every request?",
	"csrf_claim_missing":      "was the token minted by a Manager without Cookies in Settings.TokenLocation?",
	"csrf_origin":             "a page of another origin made the request: is it in Settings.TrustedOrigins?",
	"invalid_credentials":     "does the test's user exist, with that password?",
	"unavailable":             "does the Store answer, and whatever the callbacks need?",
	"internal_error":          "the error tells what the application did wrong",
}
