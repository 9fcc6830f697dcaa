package authjwt_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/gin-authjwt/authjwt"
)

// The twins of the rows of TestS04 on cookies, those apart that TestC01 and TestC21 accept: one step away all is well.
func TestC02_AcceptedOneStepAway(t *testing.T) {
	for i, edit := range []func(s *authjwt.Settings){
		func(s *authjwt.Settings) { s.CookieSameSite, s.InsecureCookies = http.SameSiteStrictMode, true },
		func(s *authjwt.Settings) {
			s.CookiePrefix, s.AccessCookiePath, s.RefreshCSRFCookiePath = "__Host-", "/", "/"
		},
		func(s *authjwt.Settings) { s.CookiePrefix, s.RefreshCSRFCookiePath = "__Secure-", "/auth" },
		func(s *authjwt.Settings) { s.CookieDomain, s.InsecureCookies = ".example.com", true },
		func(s *authjwt.Settings) { s.CookieDomain = "127.0.0.1" },
		func(s *authjwt.Settings) { s.AccessCookieKey = strings.Repeat("a", 1024) },
		func(s *authjwt.Settings) { s.AccessCookieKey, s.CookiePrefix = strings.Repeat("a", 1017), "__Host-" },
		func(s *authjwt.Settings) { s.AccessCookieKey, s.RefreshCookieKey = "__host_access", "_Secure-refresh" },
		func(s *authjwt.Settings) { s.RefreshCookieKey = "Access_token_cookie" },
		func(s *authjwt.Settings) { s.AccessCSRFCookieKey, s.RefreshCSRFCookieKey = "Http-csrf", "XSRF-TOKEN" },
		func(s *authjwt.Settings) { s.AccessCookiePath, s.RefreshCookiePath = "/api", "/e%CC%81" },
		func(s *authjwt.Settings) { s.RefreshCookiePath = "/" + strings.Repeat("a", 1023) },
		func(s *authjwt.Settings) {
			s.FormerCookies = []authjwt.FormerCookie{{Path: "/old"}, {Path: "/old", Domain: "example.com"}}
		},
		func(s *authjwt.Settings) { s.AccessCookiePath, s.FormerCookies = "/api", []authjwt.FormerCookie{{}} },
		func(s *authjwt.Settings) {
			s.AccessCSRFCookiePath, s.FormerCookies = "/api", []authjwt.FormerCookie{{}}
		},
		func(s *authjwt.Settings) { s.RefreshCookiePath, s.FormerCookies = "/api", []authjwt.FormerCookie{{}} },
		func(s *authjwt.Settings) {
			s.RefreshCSRFCookiePath, s.FormerCookies = "/api", []authjwt.FormerCookie{{}}
		},
		func(s *authjwt.Settings) { s.CookieDomain, s.FormerCookies = "a.example", []authjwt.FormerCookie{{}} },
		func(s *authjwt.Settings) {
			s.CookiePrefix, s.FormerCookies = "__Secure-", []authjwt.FormerCookie{{Path: "/a"}}
		},
	} {
		s := authjwt.Settings{SecretKey: testSecret}
		edit(&s)
		_, err := authjwt.New(s)
		assert.NoError(t, err, "row %d", i)
	}
}

// Browsers drop these without a word: no host is named so (§5.1.3), and the page could not read the cookie.
func TestC02_Refused(t *testing.T) {
	for _, row := range []struct {
		field string
		edit  func(s *authjwt.Settings)
	}{
		{"CookieDomain", func(s *authjwt.Settings) { s.CookieDomain = "example.com." }},
		{"AccessCSRFCookieKey", func(s *authjwt.Settings) { s.CookiePrefix, s.AccessCSRFCookieKey = "__Host-", "Http-csrf" }},
		{"RefreshCSRFCookieKey", func(s *authjwt.Settings) { s.CookiePrefix, s.RefreshCSRFCookieKey = "__Host-", "http-csrf" }},
		{"CookieSameSite", func(s *authjwt.Settings) { s.CookieSameSite, s.InsecureCookies = http.SameSiteNoneMode, true }},
		{"InsecureCookies", func(s *authjwt.Settings) { s.CookiePrefix, s.InsecureCookies = "__Host-", true }},
		{"InsecureCookies", func(s *authjwt.Settings) { s.CookiePrefix, s.InsecureCookies = "__Secure-", true }},
		{"CookieDomain", func(s *authjwt.Settings) { s.CookiePrefix, s.CookieDomain = "__Host-", "example.com" }},
		{"AccessCookiePath", func(s *authjwt.Settings) { s.CookiePrefix, s.AccessCookiePath = "__Host-", "/api" }},
		{"RefreshCookiePath", func(s *authjwt.Settings) { s.CookiePrefix, s.RefreshCookiePath = "__Host-", "/auth" }},
		{"AccessCSRFCookiePath", func(s *authjwt.Settings) { s.CookiePrefix, s.AccessCSRFCookiePath = "__Host-", "/app" }},
		{"RefreshCSRFCookiePath", func(s *authjwt.Settings) { s.CookiePrefix, s.RefreshCSRFCookiePath = "__Host-", "/r" }},
	} {
		s := authjwt.Settings{SecretKey: testSecret}
		row.edit(&s)
		_, err := authjwt.New(s)
		assert.ErrorContains(t, err, "Settings."+row.field+": ")
		s.CookiePrefix, s.InsecureCookies = "", false // nothing of it is wrong by itself
		if _, err = authjwt.New(s); row.field != "CookieDomain" || s.CookieDomain == "example.com" {
			assert.NoError(t, err, row.field)
		}
	}
}
