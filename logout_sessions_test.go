package authjwt_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

func TestL01_LogoutEndsTheSession(t *testing.T) {
	for name, presented := range map[string]func(all tokens) string{
		"access token": func(all tokens) string { return all.Access }, "refresh token": func(all tokens) string { return all.Refresh },
	} {
		t.Run(name, func(t *testing.T) {
			s := newService(t)
			other, got := s.login(t), s.login(t)
			next := s.refresh(t, got.Refresh)
			for range 2 { // twice is as good as once
				assert.Equal(t, `{"msg":"Successfully logout"}`, s.do("DELETE", "/logout", presented(got)).Body.String())
			}
			s.refuses(t, got, next)
			s.accepts(t, other)
		})
	}
}

// Logout looks into every location, and ends whatever it finds there.
func TestL01_LogoutInEveryLocation(t *testing.T) {
	s := newService(t, func(set *authjwt.Settings) {
		set.TokenLocation = []authjwt.Location{authjwt.Headers, authjwt.Cookies, authjwt.Query, authjwt.JSON}
		set.InsecureDisableCSRF = true
	})
	for name, present := range map[string]func(got tokens) *http.Request{
		"header": func(got tokens) *http.Request { return request("POST", "Authorization", "Bearer "+got.Access) },
		"access cookie": func(got tokens) *http.Request {
			return request("POST", "Cookie", "access_token_cookie="+got.Access)
		},
		"refresh cookie": func(got tokens) *http.Request {
			return request("POST", "Cookie", "refresh_token_cookie="+got.Refresh)
		},
		"query": func(got tokens) *http.Request {
			req := request("POST")
			req.URL.RawQuery = "token=" + got.Access
			return req
		},
		"JSON": func(got tokens) *http.Request {
			body := strings.NewReader(`{"refresh_token":"` + got.Refresh + `"}`)
			req := httptest.NewRequest("POST", "https://example.com/", body)
			req.Header.Set("Content-Type", "application/json")
			return req
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := s.login(t)
			req := present(got)
			req.URL.Path = "/logout"
			rec := httptest.NewRecorder()
			s.ServeHTTP(rec, req)
			require.Equal(t, http.StatusOK, rec.Code)
			s.refuses(t, got)
		})
	}
}

// Tokens without a session are ended one by one.
func TestL01_LogoutWithoutASession(t *testing.T) {
	s := newService(t)
	one, other := mustCreate(t, s.auth), mustCreate(t, s.auth)
	assert.Equal(t, http.StatusOK, s.do("POST", "/logout", one).Code)
	s.refuses(t, tokens{Access: one})
	s.accepts(t, tokens{Access: other})
}

// Its access token is over, but who logs out wants the refresh token gone, too.
func TestL02_LogoutWithAnExpiredToken(t *testing.T) {
	s := newService(t)
	got := s.login(t)
	s.pass(time.Hour)
	assert.Equal(t, http.StatusOK, s.do("POST", "/logout", got.Access).Code)
	s.refuses(t, tokens{Refresh: got.Refresh})
}

func TestL02_ForeignTokensEndNothing(t *testing.T) {
	s := newService(t)
	got := s.login(t)
	for _, raw := range []string{"", "nonsense", got.Refresh + "A", strings.Replace(got.Refresh, ".", ".e30", 1)} {
		assert.Equal(t, http.StatusOK, s.do("POST", "/logout", raw).Code, raw)
	}
	s.accepts(t, got)
}

// Two different cookies of one name, from a neighbouring host say: logout ends both sessions.
func TestC04_LogoutRevokesEachThatVerifies(t *testing.T) {
	s := newService(t, inCookies, func(set *authjwt.Settings) { set.InsecureDisableCSRF = true })
	cookies := func() []*http.Cookie { return setCookies(t, s.do("POST", "/login", "")) }
	one, two := cookies(), cookies()
	req := request("POST", "Cookie", one[0].Name+"="+one[0].Value+"; "+two[0].Name+"="+two[0].Value+"; "+one[0].Name+"=broken")
	req.URL.Path = "/logout"
	rec := httptest.NewRecorder()
	s.ServeHTTP(rec, req)
	require.Equal(t, http.StatusOK, rec.Code)
	for _, session := range [][]*http.Cookie{one, two} {
		for path, c := range map[string]*http.Cookie{"/protected": session[0], "/renewal": session[1]} {
			req := request("GET", "Cookie", c.Name+"="+c.Value)
			req.URL.Path = path
			rec := httptest.NewRecorder()
			s.ServeHTTP(rec, req)
			assertAnswer(t, rec, revoked)
		}
	}
}

func TestLogoutAll(t *testing.T) {
	s := newService(t, func(set *authjwt.Settings) { set.TokenLocation = []authjwt.Location{authjwt.Headers, authjwt.Cookies} })
	one, two := s.login(t), s.login(t)
	assertAnswer(t, s.do("POST", "/logout-all", ""), noCookie)
	rec := s.do("POST", "/logout-all", one.Access)
	assert.Equal(t, http.StatusOK, rec.Code)
	assert.Len(t, setCookies(t, rec), 4)
	s.refuses(t, one, two)
	assert.PanicsWithValue(t, "authjwt: LogoutAllHandler: set Settings.Store, with new(authjwt.MemoryStore) say", func() { newManager(t).LogoutAllHandler() })
	assert.Equal(t, http.StatusNotFound, post(newService(t, func(set *authjwt.Settings) { set.Store = nil })).Code)
}

// L07: a login ends the session that the browser brings, if it is one.
func TestL07_LoginEndsThePresentedSession(t *testing.T) {
	s := newService(t, inCookies)
	old, bystander := setCookies(t, s.do("POST", "/login", "")), setCookies(t, s.do("POST", "/login", ""))
	status := func(session []*http.Cookie) int {
		req := request("GET", "Cookie", session[0].Name+"="+session[0].Value)
		req.URL.Path = "/protected"
		rec := httptest.NewRecorder()
		s.ServeHTTP(rec, req)
		return rec.Code
	}
	login := func(cookies string, fields ...string) *httptest.ResponseRecorder {
		req := request("POST", append(fields, "Cookie", cookies)...)
		req.URL.Path = "/login"
		rec := httptest.NewRecorder()
		s.ServeHTTP(rec, req)
		return rec
	}
	two := old[0].Name + "=" + old[0].Value + "; " + old[0].Name + "=" + bystander[0].Value
	assert.Equal(t, http.StatusForbidden, login(old[0].Name+"="+old[0].Value, "Sec-Fetch-Site", "cross-site").Code)
	assert.Equal(t, http.StatusOK, login(two).Code, "cookies that contradict each other are passed over")
	assert.Equal(t, http.StatusOK, status(old))
	fresh := login(old[0].Name + "=" + old[0].Value + "; " + old[2].Name + "=" + old[2].Value)
	require.Equal(t, http.StatusOK, fresh.Code)
	assert.Equal(t, http.StatusUnauthorized, status(old))
	assert.Equal(t, http.StatusOK, status(bystander))
	assert.Equal(t, http.StatusOK, status(setCookies(t, fresh)))
}

// A logout looks into no other location than the Manager's, and a login into no URL and no body.
func TestL01_WhereNobodyLooks(t *testing.T) {
	inBody := func(path, token string) *http.Request {
		req := httptest.NewRequest("POST", "https://example.com"+path, strings.NewReader(`{"access_token":"`+token+`"}`))
		req.Header.Set("Content-Type", "application/json")
		return req
	}
	for _, row := range []struct {
		name      string
		locations []authjwt.Location
		req       func(token string) *http.Request
		ends      bool
	}{
		{"logout, JSON is a location", []authjwt.Location{authjwt.Headers, authjwt.JSON}, func(token string) *http.Request { return inBody("/logout", token) }, true},
		{"logout, JSON is none", []authjwt.Location{authjwt.Headers}, func(token string) *http.Request { return inBody("/logout", token) }, false},
		{"login, JSON is a location", []authjwt.Location{authjwt.Headers, authjwt.JSON}, func(token string) *http.Request { return inBody("/login", token) }, false},
		{"login, Query is a location", []authjwt.Location{authjwt.Headers, authjwt.Query}, func(token string) *http.Request { return request("POST", "X", "/login?token="+token) }, false},
		{"logout, Query is a location", []authjwt.Location{authjwt.Headers, authjwt.Query}, func(token string) *http.Request { return request("POST", "X", "/logout?token="+token) }, true},
	} {
		s := newService(t, func(set *authjwt.Settings) { set.TokenLocation = row.locations })
		got := s.login(t)
		req := row.req(got.Access)
		if target := req.Header.Get("X"); target != "" {
			req = httptest.NewRequest("POST", "https://example.com"+target, nil)
		}
		assert.Equal(t, http.StatusOK, recordOf(s, req).Code, row.name)
		if row.ends {
			s.refuses(t, got)
		} else {
			s.accepts(t, got)
		}
	}
}
