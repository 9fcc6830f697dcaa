package authjwt_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

const (
	accessCookie, refreshCookie = "access_token_cookie", "refresh_token_cookie"
	accessValue, refreshValue   = "csrf_access_token", "csrf_refresh_token"
)

// inCookies makes Cookies the only location.
func inCookies(s *authjwt.Settings) { s.TokenLocation = []authjwt.Location{authjwt.Cookies} }

// csrfOf is the csrf claim of a token; empty if it has none.
func csrfOf(tb testing.TB, m *authjwt.Manager, token string, kind authjwt.TokenType) string {
	tb.Helper()
	t, err := m.Verify(tb.Context(), token, kind)
	require.NoError(tb, err)
	return t.CSRFToken()
}

// newPair makes an access token and its CSRF value.
func newPair(tb testing.TB, m *authjwt.Manager, opts ...authjwt.TokenOption) (token, csrf string) {
	tb.Helper()
	token = mustCreate(tb, m, opts...)
	return token, csrfOf(tb, m, token, authjwt.Access)
}

// request is a request to https://example.com/ with these header fields, name after name and value.
func request(method string, fields ...string) *http.Request {
	req := httptest.NewRequest(method, "https://example.com/", nil)
	for i := 0; i < len(fields); i += 2 {
		req.Header.Add(fields[i], fields[i+1])
	}
	return req
}

// withCookie is a request that presents the token in the access cookie and the CSRF value, unless it
// is empty, in the header.
func withCookie(method, token, csrf string, fields ...string) *http.Request {
	req := request(method, fields...)
	req.Header.Add("Cookie", "access_token_cookie="+token)
	if csrf != "" {
		req.Header.Set("X-CSRF-Token", csrf)
	}
	return req
}

// csrfRefusal is the outcome CSRF of requirements.md.
func csrfRefusal(code, detail string) outcome {
	return outcome{http.StatusForbidden, code, detail, "-"}
}

const (
	sendCSRF        = ". Send the value of the cookie csrf_access_token in the header X-CSRF-Token"
	sendRefreshCSRF = ". Send the value of the cookie csrf_refresh_token in the header X-CSRF-Token"
)

var (
	csrfMissing  = csrfRefusal("csrf_missing", "Missing CSRF Token"+sendCSRF)
	csrfMismatch = csrfRefusal("csrf_mismatch", "CSRF double submit tokens do not match"+sendCSRF)
	csrfNoClaim  = csrfRefusal("csrf_claim_missing", "Missing claim: csrf")
	crossOrigin  = csrfRefusal("csrf_origin", "Cross-origin request. If the page is yours, list its origin in TrustedOrigins")
	httpOrigin   = csrfRefusal("csrf_origin", "The origin of the page is not https. Serve it over https, list its origin in TrustedOrigins, or set InsecureCookies for development")
	noCookie     = outcome{http.StatusUnauthorized, "missing_token", "Missing cookie access_token_cookie", ""}
)

// setCookies are the cookies an answer sets or deletes, in order.
func setCookies(tb testing.TB, rec *httptest.ResponseRecorder) []*http.Cookie {
	tb.Helper()
	var all []*http.Cookie
	for _, line := range rec.Header().Values("Set-Cookie") {
		c, err := http.ParseSetCookie(line)
		require.NoError(tb, err, line)
		all = append(all, c)
	}
	return all
}

// loginAs logs the given subject in, whatever the request says.
func loginAs(subject string) authjwt.Routes {
	return authjwt.Routes{Login: func(*gin.Context) (string, error) { return subject, nil }}
}
