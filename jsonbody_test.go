package authjwt_test

import (
	"cmp"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

var (
	noMember      = outcome{401, "missing_token", "Missing JSON member access_token", ""}
	malformedBody = outcome{400, "invalid_request", "The request is malformed", "invalid_request"}
	bodyTooLarge  = outcome{413, "request_too_large", "The request body is too large", "-"}
)

// A bodyJudge takes tokens from the body, or from where edit says, and notes what its handler finds there.
type bodyJudge struct {
	*judge
	required, optional *guarded
	subject            string
	read               string
	readErr            error
}

func newBodyJudge(tb testing.TB, edit ...func(s *authjwt.Settings)) *bodyJudge {
	tb.Helper()
	j := &bodyJudge{judge: newJudge(tb, append([]func(s *authjwt.Settings){locatedAt(authjwt.JSON)}, edit...)...)}
	j.required, j.optional = j.behind(tb, j.m.Required()), j.behind(tb, j.m.Optional())
	return j
}

// behind makes the judge's route one with these guards, and returns it.
func (j *bodyJudge) behind(tb testing.TB, guardians ...gin.HandlerFunc) *guarded {
	tb.Helper()
	j.guardWith(tb, func(c *gin.Context) {
		for _, guardian := range guardians {
			if guardian(c); c.IsAborted() {
				return
			}
		}
		j.subject = j.m.Bind(c).Subject()
		text, err := io.ReadAll(c.Request.Body)
		j.read, j.readErr = string(text), err
		assert.NoError(tb, c.Request.Body.Close())
	})
	return j.guarded
}

// refusesBody checks the refusal of a request on this route.
func (j *bodyJudge) refusesBody(tb testing.TB, g *guarded, req *http.Request, want outcome, reasons ...error) {
	tb.Helper()
	g.assertRefused(tb, g.do(req), want)
	assertError(tb, j.left, want, reasons...)
}

// acceptsBody checks that the route lets the request pass with this subject, which may be empty, and that its
// handler reads the body as it was sent.
func (j *bodyJudge) acceptsBody(tb testing.TB, g *guarded, req *http.Request, body, subject string) {
	tb.Helper()
	j.subject, j.read, j.readErr = "nobody", "nothing", nil
	g.assertAccepted(tb, g.do(req))
	assert.Equal(tb, subject, j.subject)
	assert.NoError(tb, j.readErr)
	assert.True(tb, body == j.read, "%d octets sent, %d read: %.80q", len(body), len(j.read), j.read)
}

// sending is a POST with a JSON body and these header fields.
func sending(body string, fields ...string) *http.Request {
	req := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
	req.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(fields); i += 2 {
		req.Header.Set(fields[i], fields[i+1])
	}
	return req
}

// chunked hides the length of the body and delivers it in small pieces.
func chunked(req *http.Request) *http.Request {
	req.Body, req.ContentLength = io.NopCloser(iotest.OneByteReader(req.Body)), -1
	return req
}

// untouchable is a body that nobody may read.
func untouchable(tb testing.TB, req *http.Request) *http.Request {
	req.Body = io.NopCloser(readerFunc(func([]byte) (int, error) {
		tb.Error("the body was read")
		return 0, io.EOF
	}))
	req.ContentLength = 100
	return req
}

type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// padded is a body of so many octets with this token.
func padded(token string, size int) string {
	body := `{"access_token":"` + token + `","pad":"`
	return body + strings.Repeat("x", size-len(body)-len(`"}`)) + `"}`
}

func TestH09_TokenInTheBody(t *testing.T) {
	j := newBodyJudge(t)
	good := mustCreate(t, j.m)
	body := `{"access_token":"` + good + `"}`
	for _, contentType := range []string{
		"application/json", "application/json; charset=utf-8", "application/json;charset=UTF-8;a=\"b;c\"", "APPLICATION/JSON", " application/json ",
		"application/vnd.api+json", "application/problem+json; v=1", "Application/Vnd.API+JSON",
	} {
		for _, method := range []string{"POST", "PUT", "PATCH", "DELETE"} {
			for _, encoding := range []string{"", "identity"} {
				req := sending(body, "Content-Type", contentType, "Content-Encoding", encoding)
				req.Method = method
				j.acceptsBody(t, j.required, req, body, "alice")
			}
		}
	}
	for _, body := range []string{
		" \t\r\n" + body + " \t\r\n", `{"a":[1,{"access_token":1}],"access_token":"` + good + `","b":null}`, `{"\u0061ccess_token":"` + good + `"}`,
		`{"access_token":"` + strings.Replace(good, ".", `\u002e`, 1) + `"}`, `{"access_token":"` + good + `","Access_Token":1,"refresh_token":null}`,
		padded(good, 64<<10),
	} {
		for _, g := range []*guarded{j.required, j.optional} {
			j.acceptsBody(t, g, sending(body), body, "alice")
			j.acceptsBody(t, g, chunked(sending(body)), body, "alice")
		}
	}
	for token, want := range map[string]outcome{"bad": isSegments.outcome, good + "x": badSignature, signedClaims(t, claims(map[string]any{"exp": 1})): expired} {
		j.refusesBody(t, j.required, sending(`{"access_token":"`+token+`"}`), want, authjwt.ErrJWTDecode)
		j.refusesBody(t, j.optional, sending(`{"access_token":"`+token+`"}`), want, authjwt.ErrJWTDecode)
	}
}

func TestH09_NoCredential(t *testing.T) {
	j := newBodyJudge(t)
	good := `{"access_token":"` + mustCreate(t, j.m) + `"}`
	for _, row := range []struct {
		name, contentType, encoding, body string
	}{
		{"no content type", "", "", good},
		{"text", "text/plain", "", good},
		{"text of JSON", "text/json", "", good},
		{"form", "application/x-www-form-urlencoded", "", good},
		{"multipart", "multipart/form-data; boundary=b", "", good},
		{"sequence", "application/json-seq", "", good},
		{"lines", "application/x-ndjson", "", good},
		{"suffix alone", "+json", "", good},
		{"suffix of text", "text/x+json", "", good},
		{"parameter for a type", "text/plain; a=application/json", "", good},
		{"list", "application/json, application/json", "", good},
		{"broken parameter", "application/json; charset", "", good},
		{"compressed", "application/json", "gzip", good},
		{"compressed twice", "application/json", "identity, gzip", good},
		{"brotli", "application/json", "BR", good},
		{"array", "application/json", "", "[" + good + "]"},
		{"string", "application/json", "", `"access_token"`},
		{"null", "application/json", "", "null"},
		{"number", "application/json", "", "1"},
		{"empty", "application/json", "", ""},
		{"blanks", "application/json", "", " \r\n"},
		{"empty object", "application/json", "", "{}"},
		{"other members", "application/json", "", `{"token":"x","Access_token":"x","access_token ":"x"}`},
		{"inner member", "application/json", "", `{"a":` + good + `}`},
		{"null member", "application/json", "", `{"access_token":null}`},
		{"empty string", "application/json", "", `{"access_token":""}`},
		{"refresh token alone", "application/json", "", `{"refresh_token":"x"}`},
	} {
		t.Run(row.name, func(t *testing.T) {
			fields := []string{"Content-Type", row.contentType, "Content-Encoding", row.encoding}
			j.refusesBody(t, j.required, sending(row.body, fields...), noMember, authjwt.ErrMissingToken)
			j.refusesBody(t, j.required, chunked(sending(row.body, fields...)), noMember, authjwt.ErrMissingToken)
			j.acceptsBody(t, j.optional, sending(row.body, fields...), row.body, "")
			j.acceptsBody(t, j.optional, chunked(sending(row.body, fields...)), row.body, "")
			j.acceptsBody(t, j.required, sending(good), good, "alice")
		})
	}
	req := sending("")
	req.Body = nil // as made by hand
	j.refusesBody(t, j.required, req, noMember, authjwt.ErrMissingToken)
}

func TestH09_MalformedBody(t *testing.T) {
	j, old := newBodyJudge(t), newBodyJudge(t, fastAPI)
	T := `"access_token":"` + mustCreate(t, j.m) + `"`
	nested := func(depth int) string { return strings.Repeat("[", depth) + strings.Repeat("]", depth) }
	for _, row := range []struct{ name, body, twin string }{
		{"number", `{"access_token":1}`, `{` + T + `}`},
		{"array of one", `{"access_token":["` + T[16:] + `]}`, `{` + T + `,"x":[]}`},
		{"object", `{"access_token":{}}`, `{` + T + `,"x":{}}`},
		{"true", `{"access_token":true}`, `{` + T + `,"x":true}`},
		{"refresh token of another type", `{` + T + `,"refresh_token":1}`, `{` + T + `,"refresh_token":"1"}`},
		{"duplicate", `{` + T + `,` + T + `}`, `{` + T + `,"A` + T[2:] + `}`},
		{"duplicate, another spelling", `{` + T + `,"\u0061` + T[2:] + `}`, `{` + T + `,"\u0041` + T[2:] + `}`},
		{"duplicate, both spelled otherwise", `{"\u0061` + T[2:] + `,"acc\u0065ss_token":null}`, `{"\u0061` + T[2:] + `,"Acc\u0065ss_token":null}`},
		{"duplicate null", `{"access_token":null,` + T + `}`, `{"access_tokens":null,` + T + `}`},
		{"duplicate of others", `{"a":1,"a":1,` + T + `}`, `{"a":1,"b":1,` + T + `}`},
		{"duplicate inside", `{` + T + `,"a":[{"b":1,"b":1}]}`, `{` + T + `,"a":[{"b":1},{"b":1}]}`},
		{"trailing object", `{` + T + `}{}`, `{` + T + `} `},
		{"trailing comma", `{` + T + `},`, `{` + T + "}\n"},
		{"trailing text", `{` + T + `}x`, `{` + T + `}`},
		{"trailing NUL", `{` + T + "}\x00", `{` + T + `}`},
		{"no end", `{` + T, `{` + T + `}`},
		{"comma at the end", `{` + T + `,}`, `{` + T + `}`},
		{"bare name", `{` + strings.Replace(T, `"`, "", 2) + `}`, `{` + T + `}`},
		{"single quotes", `{` + strings.ReplaceAll(T, `"`, `'`) + `}`, `{` + T + `}`},
		{"comment", `{` + T + `/**/}`, `{` + T + ` }`},
		{"no JSON", `access_token=x`, `{` + T + `}`},
		{"broken array", `[`, `{` + T + `,"x":[]}`},
		{"byte order mark", "\ufeff{" + T + `}`, `{` + T + `}`},
		{"line feed in a string", "{" + T + ",\"a\":\"\n\"}", `{` + T + `,"a":"\n"}`},
		{"invalid UTF-8", "{" + T + ",\"a\":\"\xff\"}", `{` + T + `,"a":"é"}`},
		{"invalid UTF-8 in the token", "{\"access_token\":\"\xff\"}", `{` + T + `}`},
		{"lone surrogate", `{` + T + `,"a":"\ud800"}`, `{` + T + `,"a":"\ud83d\ude42"}`},
		{"depth of 33", `{` + T + `,"a":` + nested(32) + `}`, `{` + T + `,"a":` + nested(31) + `}`},
		{"depth of 30,000", `{` + T + `,"a":` + nested(30_000) + `}`, `{` + T + `,"a":"` + strings.Repeat("[", 60_000) + `"}`},
		{"unclosed depth", strings.Repeat(`{"a":`, 10_000), `{` + T + `,"a":[` + strings.Repeat("{},", 10_000) + `1]}`},
	} {
		t.Run(row.name, func(t *testing.T) {
			for _, g := range []*guarded{j.required, j.optional} {
				j.refusesBody(t, g, sending(row.body), malformedBody, authjwt.ErrInvalidRequest)
				j.acceptsBody(t, g, sending(row.twin), row.twin, "alice")
				j.refusesBody(t, g, chunked(sending(row.body)), malformedBody, authjwt.ErrInvalidRequest)
			}
			old.assertFastAPI(t, old.do(sending(row.body)), http.StatusUnprocessableEntity, malformedBody.detail)
		})
	}
}

func TestH09_TooLarge(t *testing.T) {
	j, old := newBodyJudge(t), newBodyJudge(t, fastAPI)
	good := mustCreate(t, j.m)
	twin := padded(good, 64<<10)
	for _, body := range []string{padded(good, 64<<10+1), `{"access_token":"` + good + `"}` + strings.Repeat(" ", 64<<10), padded(good, 2<<20), strings.Repeat("\x00", 64<<10+1)} {
		for _, form := range []func(*http.Request) *http.Request{func(r *http.Request) *http.Request { return r }, chunked} {
			j.refusesBody(t, j.required, form(sending(body)), bodyTooLarge, authjwt.ErrInvalidRequest)
			j.acceptsBody(t, j.optional, form(sending(body)), body, "")
			j.acceptsBody(t, j.required, form(sending(twin)), twin, "alice")
		}
	}
	announced := untouchable(t, sending(""))
	announced.ContentLength = 64<<10 + 1
	j.refusesBody(t, j.required, announced, bodyTooLarge, authjwt.ErrInvalidRequest)
	old.assertFastAPI(t, old.required.do(sending(padded(good, 64<<10+1))), http.StatusRequestEntityTooLarge, bodyTooLarge.detail)

	plain := `{"access_token":"` + good + `"}`
	j.refusesBody(t, j.required, sending(padded(good, 64<<10+1), "Content-Type", "text/plain"), noMember, authjwt.ErrMissingToken)
	j.acceptsBody(t, j.required, sending(plain), plain, "alice")
}

// What the application's own limit cuts off, the handler must find cut off.
func TestH09_MaxBytesReader(t *testing.T) {
	j := newBodyJudge(t)
	limited := func(limit int64, guardian gin.HandlerFunc) *guarded {
		return j.behind(t, func(c *gin.Context) { c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, limit) }, guardian)
	}
	body := padded(mustCreate(t, j.m), 2000)
	required, optional := limited(1999, j.m.Required()), limited(1999, j.m.Optional())
	j.refusesBody(t, required, chunked(sending(body)), bodyTooLarge, authjwt.ErrInvalidRequest)
	optional.assertAccepted(t, optional.do(chunked(sending(body))))
	var tooLarge *http.MaxBytesError
	assert.ErrorAs(t, j.readErr, &tooLarge)
	assert.True(t, j.read == body[:1999])
	assert.Empty(t, j.subject)

	j.acceptsBody(t, limited(2000, j.m.Required()), chunked(sending(body)), body, "alice")
	large := padded("x", 1<<20)
	optional = limited(1<<20-1, j.m.Optional())
	optional.assertAccepted(t, optional.do(sending(large)))
	assert.ErrorAs(t, j.readErr, &tooLarge)
	assert.True(t, j.read == large[:1<<20-1])

	lost := errors.New("connection lost")
	for _, g := range []*guarded{j.required, j.optional} {
		req := chunked(sending(""))
		req.Body = io.NopCloser(io.MultiReader(strings.NewReader(body), iotest.ErrReader(lost)))
		j.refusesBody(t, g, req, malformedBody, authjwt.ErrInvalidRequest)
	}
}

func TestH09_WhatIsNotRead(t *testing.T) {
	j := newBodyJudge(t)
	for _, method := range []string{"GET", "HEAD", "OPTIONS", "TRACE"} {
		req := untouchable(t, sending(""))
		req.Method = method
		j.refusesBody(t, j.required, req, noMember, authjwt.ErrMissingToken)
		optional := guard(t, j.m.Optional())
		optional.assertAccepted(t, optional.do(req))
	}
	body := `{"access_token":"` + mustCreate(t, j.m) + `"}`
	j.acceptsBody(t, j.required, sending(body), body, "alice")

	for _, first := range []authjwt.Location{authjwt.Headers, authjwt.Cookies, authjwt.Query} {
		m := newManager(t, locatedAt(first, authjwt.JSON))
		good, csrf := newPair(t, m)
		g := guard(t, m.Required())
		for token, want := range map[string]int{good: 200, "bad": 401} {
			req := untouchable(t, withCookie(http.MethodPost, token, csrf, "Authorization", "Bearer "+token, "Content-Type", "application/json"))
			req.URL.RawQuery = "token=" + token
			assert.Equal(t, want, g.do(req).Code, first)
		}
	}
}

func TestH09_RefreshAndOtherKeys(t *testing.T) {
	for _, row := range []struct{ access, refresh, accessName, refreshName string }{
		{"", "", "access_token", "refresh_token"},
		{"jwt", "", "jwt", "refresh_token"},
		{"a", "b", "a", "b"},
		{"jwt", "jwt", "jwt", "jwt"},
		{"ключ", `a"b\c`, "ключ", `a\"b\u005cc`},
		{"refresh_token", "access_token", "refresh_token", "access_token"},
	} {
		j := newBodyJudge(t, func(s *authjwt.Settings) { s.JSONKey, s.RefreshJSONKey = row.access, row.refresh })
		access := mustCreate(t, j.m)
		refresh, err := j.m.CreateRefreshToken("alice")
		require.NoError(t, err)
		body := func(name, token string) string { return `{"` + name + `":"` + token + `","x":1}` }
		forRefresh := j.behind(t, j.m.RefreshRequired())
		j.acceptsBody(t, j.required, sending(body(row.accessName, access)), body(row.accessName, access), "alice")
		j.acceptsBody(t, forRefresh, sending(body(row.refreshName, refresh)), body(row.refreshName, refresh), "alice")
		j.refusesBody(t, j.required, sending(body(row.accessName, refresh)), notAccess, authjwt.ErrAccessTokenRequired)
		j.refusesBody(t, forRefresh, sending(body(row.refreshName, access)), notRefresh, authjwt.ErrRefreshTokenRequired)
		if row.accessName != row.refreshName {
			missing := func(name string) outcome { return outcome{401, "missing_token", "Missing JSON member " + name, ""} }
			j.refusesBody(t, j.required, sending(body(row.refreshName, access)), missing(cmp.Or(row.access, "access_token")), authjwt.ErrMissingToken)
			j.refusesBody(t, forRefresh, sending(body(row.accessName, refresh)), missing(cmp.Or(row.refresh, "refresh_token")), authjwt.ErrMissingToken)
			both := `{"` + row.accessName + `":"` + access + `","` + row.refreshName + `":"` + refresh + `"}`
			j.acceptsBody(t, j.required, sending(both), both, "alice")
			j.acceptsBody(t, forRefresh, sending(both), both, "alice")
			j.acceptsBody(t, j.behind(t, j.m.Required(), j.m.RefreshRequired()), sending(both), both, "alice")
		}
	}
}
