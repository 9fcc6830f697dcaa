package authjwttest

import (
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// site is the host of all requests, under https.
const site = "example.com"

// As is how a request carries what it carries: a token, a body, or whatever a test writes for itself. Several are applied in
// their order.
type As func(req *http.Request)

// Request makes a request of https://example.com, as a server gets it, so that cookies and origins are what they are in
// production. The path may have a query; the context is the test's.
func Request(tb testing.TB, method, path string, as ...As) *http.Request {
	tb.Helper()
	if _, err := http.NewRequest(method, path, nil); err != nil || !strings.HasPrefix(path, "/") {
		tb.Fatalf("authjwttest: Request: %q %q is no method and path; say \"GET\", \"/me\"", method, path)
	}
	req := httptest.NewRequestWithContext(tb.Context(), method, path, nil)
	req.Host = site
	req.TLS = &tls.ConnectionState{Version: tls.VersionTLS13, HandshakeComplete: true, ServerName: site}
	for _, apply := range as {
		apply(req)
	}
	return req
}

// Do has h answer the request.
func Do(h http.Handler, req *http.Request) *httptest.ResponseRecorder {
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, req)
	return rec
}

// Body is a body of that type.
func Body(contentType, body string) As {
	return func(req *http.Request) {
		req.Header.Set("Content-Type", contentType)
		req.Body, req.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
	}
}

// JSON is v as a JSON body. It panics if v cannot be encoded.
func JSON(v any) As {
	text, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("authjwttest: JSON: %v", err))
	}
	return Body("application/json", string(text))
}

// Form is a form as browsers post it.
func Form(fields url.Values) As {
	return Body("application/x-www-form-urlencoded", fields.Encode())
}

// From is a page of another origin that makes the request, "https://other.example" say: browsers tell the server by Origin and
// Sec-Fetch-Site.
func From(origin string) As {
	return func(req *http.Request) {
		relation := "cross-site"
		if origin == "https://"+req.Host {
			relation = "same-origin"
		}
		req.Header.Set("Origin", origin)
		req.Header.Set("Sec-Fetch-Site", relation)
	}
}
