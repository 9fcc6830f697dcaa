package authjwt_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/assert"

	"github.com/gin-authjwt/authjwt"
)

func TestC16_FormField(t *testing.T) {
	const limit, urlencoded, multi = 64 << 10, "application/x-www-form-urlencoded", "multipart/form-data; boundary=b"
	off, on := newJudge(t, inCookies), newJudge(t, inCookies, func(s *authjwt.Settings) { s.CSRFFormField = "csrf_token" })
	good, v := newPair(t, on.m)
	var handed []byte
	for _, j := range []*judge{off, on} {
		j.guardWith(t, func(c *gin.Context) {
			a := j.m.Bind(c)
			if a.JWTRequired() == nil {
				handed, _ = io.ReadAll(c.Request.Body)
				_ = a.JWTRequired() // which cannot read the body again
			}
		})
	}
	missing, mismatch, accepted := csrfMissing, csrfMismatch, outcome{}
	missing.detail += ", or in the form field csrf_token"
	mismatch.detail += ", or in the form field csrf_token"
	part := func(disposition, value string) string {
		return "--b\r\nContent-Disposition: form-data; name=" + disposition + "\r\n\r\n" + value + "\r\n"
	}
	field, big := part(`"csrf_token"`, v), part(`"a"; filename="a.bin"`, strings.Repeat("\x00\xff", limit))
	filled := func(n int) string { return "a=" + strings.Repeat("x", n-len("a=")) }
	for _, row := range []struct {
		name, kind, query, header, body string
		want                            outcome
	}{
		{"urlencoded", urlencoded, "", "", "csrf_token=" + v, accepted},
		{"urlencoded with parameter, any case", "Application/X-WWW-Form-URLencoded; Charset=utf-8", "", "", "csrf_token=" + v, accepted},
		{"amid others", urlencoded, "", "", "%zz=1&&a=%zz&csrf_token=" + v + "&csrf_token=x", accepted},
		{"escaped", urlencoded, "", "", "csrf%5ftoken=" + strings.ReplaceAll(v, "-", "%2D"), accepted},
		{"wrong", urlencoded, "", "", "csrf_token=x", mismatch},
		{"wrong before right", urlencoded, "", "", "csrf_token=x&csrf_token=" + v, mismatch},
		{"empty before right", urlencoded, "", "", "csrf_token=&csrf_token=" + v, missing},
		{"bad escape", urlencoded, "", "", "csrf_token=" + v + "%zz", missing},
		{"other case", urlencoded, "", "", "CSRF_token=" + v, missing},
		{"semicolon", urlencoded, "", "", "a=1;csrf_token=" + v, missing},
		{"in the first 64 KiB", urlencoded, "", "", filled(limit-len("&csrf_token="+v)) + "&csrf_token=" + v + "&b=" + filled(limit), accepted},
		{"an octet beyond", urlencoded, "", "", filled(limit-len("&csrf_token="+v)+1) + "&csrf_token=" + v, mismatch},
		{"all beyond", urlencoded, "", "", filled(limit) + "&csrf_token=" + v, missing},
		{"wrong header", urlencoded, "", "x", "csrf_token=" + v, mismatch},
		{"query", urlencoded, "csrf_token=" + v, "", "", missing},
		{"query and wrong field", urlencoded, "csrf_token=" + v, "", "csrf_token=x", mismatch},
		{"multipart", multi, "", "", field + "--b--\r\n", accepted},
		{"multipart, last", multi, "", "", part(`"a"`, "1") + field + "--b--\r\n", accepted},
		{"multipart, wrong", multi, "", "", part("csrf_token", v+"\n") + "--b--\r\n", mismatch},
		{"multipart, large", multi, "", "", field + big + "--b--\r\n", accepted},
		{"multipart, beyond 64 KiB", multi, "", "", big + field + "--b--\r\n", missing},
		{"multipart, file", multi, "", "", part(`"csrf_token"; filename="a"`, v) + "--b--\r\n", missing},
		{"multipart, other boundary", "multipart/form-data; boundary=c", "", "", field + "--b--\r\n", missing},
		{"multipart, no boundary", "multipart/form-data", "", "", field + "--b--\r\n", missing},
		{"multipart, no form", "multipart/mixed; boundary=b", "", "", field + "--b--\r\n", missing},
		{"text", "text/plain", "", "", "csrf_token=" + v, missing},
		{"no type", "", "", "", "csrf_token=" + v, missing},
		{"malformed type", urlencoded + "; a", "", "", "csrf_token=" + v, missing},
		{"JSON", "application/json", "", "", `{"csrf_token":"` + v + `"}`, missing},
	} {
		t.Run(row.name, func(t *testing.T) {
			body := strings.NewReader(row.body)
			send := func(method, value string) *http.Request {
				body.Reset(row.body)
				req := withCookie(method, good, value, "Content-Type", row.kind)
				req.URL.RawQuery, req.Body, req.ContentLength = row.query, io.NopCloser(body), body.Size()
				return req
			}
			unread := csrfMissing // where forms are off
			if row.header != "" {
				unread = csrfMismatch
			}
			for _, method := range []string{"POST", "PUT", "DELETE"} {
				if row.want == accepted {
					on.acceptsRequest(t, send(method, row.header))
					assert.Equal(t, row.body, string(handed))
				} else {
					on.refusesRequest(t, send(method, row.header), row.want, authjwt.ErrCSRF)
					assert.LessOrEqual(t, len(row.body)-body.Len(), limit+1)
				}
				off.refusesRequest(t, send(method, row.header), unread, authjwt.ErrCSRF)
				assert.Equal(t, len(row.body), body.Len(), "left to read")
				for _, j := range []*judge{on, off} {
					j.acceptsRequest(t, send(method, v))
					assert.Equal(t, row.body, string(handed))
				}
			}
		})
	}
	encoded := withCookie("POST", good, "", "Content-Type", urlencoded, "Content-Encoding", "gzip")
	encoded.Body = io.NopCloser(strings.NewReader("csrf_token=" + v))
	on.refusesRequest(t, encoded, missing, authjwt.ErrCSRF)
	encoded.Header.Set("Content-Encoding", "identity")
	on.acceptsRequest(t, encoded)
}

// An earlier handler that has parsed the form has read the body; its result is what is left.
func TestC16_FormParsedBefore(t *testing.T) {
	m := newManager(t, inCookies, func(s *authjwt.Settings) { s.CSRFFormField = "csrf_token" })
	token, csrf := newPair(t, m)
	g := guard(t, func(c *gin.Context) { assert.Equal(t, "Queen", c.PostForm("name")) }, m.Required())
	for body, want := range map[string]outcome{
		"name=Queen":                         csrfRefusal("csrf_missing", "Missing CSRF Token"+sendCSRF+", or in the form field csrf_token"),
		"name=Queen&csrf_token=x":            csrfRefusal("csrf_mismatch", "CSRF double submit tokens do not match"+sendCSRF+", or in the form field csrf_token"),
		"name=Queen&csrf_token=" + csrf:      {},
		"csrf_token=" + csrf + "&name=Queen": {},
	} {
		req := withCookie(http.MethodPost, token, "", "Content-Type", "application/x-www-form-urlencoded", "X-CSRF-Token", "")
		req.Body = io.NopCloser(strings.NewReader(body))
		if rec := g.do(req); want == (outcome{}) {
			g.assertAccepted(t, rec)
		} else {
			g.assertRefused(t, rec, want)
		}
	}
}

// A body that is no form is not waited for.
func TestC16_OtherBodiesAreNotRead(t *testing.T) {
	m := newManager(t, inCookies, func(s *authjwt.Settings) { s.CSRFFormField = "csrf_token" })
	token, _ := newPair(t, m)
	g := guard(t, m.Required())
	for kind, reads := range map[string]bool{"application/json": false, "text/plain": false, "": false, "application/x-www-form-urlencoded": true} {
		body := &countedBody{}
		req := withCookie(http.MethodPost, token, "", "Content-Type", kind)
		req.Body = io.NopCloser(body)
		g.do(req)
		assert.False(t, g.ran)
		assert.Equal(t, reads, body.reads > 0, kind)
	}
}

type countedBody struct{ reads int }

func (b *countedBody) Read([]byte) (int, error) {
	b.reads++
	return 0, io.EOF
}
