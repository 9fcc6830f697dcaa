package authjwt_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
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

// presentations are logouts that present a token, each in another place.
var presentations = map[string]func(got tokens) *http.Request{
	"header":         func(got tokens) *http.Request { return logout("Authorization", "Bearer "+got.Access) },
	"access cookie":  func(got tokens) *http.Request { return logout("Cookie", "access_token_cookie="+got.Access) },
	"refresh cookie": func(got tokens) *http.Request { return logout("Cookie", "refresh_token_cookie="+got.Refresh) },
	"query": func(got tokens) *http.Request {
		req := logout()
		req.URL.RawQuery = "token=" + got.Access
		return req
	},
	"JSON": func(got tokens) *http.Request {
		req := httptest.NewRequest("POST", "https://example.com/logout", strings.NewReader(`{"refresh_token":"`+got.Refresh+`"}`))
		req.Header.Set("Content-Type", "application/json")
		return req
	},
}

func logout(fields ...string) *http.Request {
	req := request("POST", fields...)
	req.URL.Path = "/logout"
	return req
}

// Logout looks into every location, and ends whatever it finds there.
func TestL01_LogoutInEveryLocation(t *testing.T) {
	s := newService(t, func(set *authjwt.Settings) {
		set.TokenLocation = []authjwt.Location{authjwt.Headers, authjwt.Cookies, authjwt.Query, authjwt.JSON}
		set.InsecureDisableCSRF = true
	})
	for name, present := range presentations {
		t.Run(name, func(t *testing.T) {
			got := s.login(t)
			rec := httptest.NewRecorder()
			s.ServeHTTP(rec, present(got))
			require.Equal(t, http.StatusOK, rec.Code)
			s.refuses(t, got)
		})
	}
}

// Tokens without a session are ended one by one; of a refresh token all that was made of it goes, too.
func TestL01_LogoutWithoutASession(t *testing.T) {
	s := newService(t)
	one, other := mustCreate(t, s.auth), mustCreate(t, s.auth)
	assert.Equal(t, http.StatusOK, s.do("POST", "/logout", one).Code)
	s.refuses(t, tokens{Access: one})
	s.accepts(t, tokens{Access: other})

	for _, presented := range []func(first string, second tokens) string{
		func(first string, _ tokens) string { return first },
		func(_ string, second tokens) string { return second.Access },
		func(_ string, second tokens) string { return second.Refresh },
	} {
		first, err := s.auth.CreateRefreshToken("alice")
		require.NoError(t, err)
		second := s.refresh(t, first)
		assert.Equal(t, http.StatusOK, s.do("POST", "/logout", presented(first, second)).Code)
		s.refuses(t, tokens{Refresh: first}, second)
	}
	s.accepts(t, tokens{Access: other})
}

// A logout counts to the last instant at which the tokens would have been good.
func TestL01_LogoutCountsToTheEnd(t *testing.T) {
	for name, edit := range map[string]func(*authjwt.Settings){"store": asIs, "in memory": inMemory} {
		t.Run(name, func(t *testing.T) {
			s := newService(t, edit, func(set *authjwt.Settings) { set.DecodeLeeway = time.Minute })
			gone, twin, alone := s.login(t), s.login(t), mustCreate(t, s.auth)
			for _, raw := range []string{gone.Access, alone} {
				require.Equal(t, http.StatusOK, s.do("POST", "/logout", raw).Code)
			}
			over := inv("token_expired", "Signature has expired")
			s.pass(15*time.Minute + time.Minute - time.Millisecond)
			s.refuses(t, gone, tokens{Access: alone})
			s.accepts(t, twin)
			s.pass(time.Millisecond)
			assertAnswer(t, s.do("GET", "/protected", twin.Access), over)
			s.pass(testNow.Add(30*24*time.Hour + time.Minute - time.Millisecond).Sub(s.time()))
			s.refuses(t, tokens{Refresh: gone.Refresh})
			s.accepts(t, tokens{Refresh: twin.Refresh})
			s.pass(time.Millisecond)
			assertAnswer(t, s.do("GET", "/renewal", twin.Refresh), over)
		})
	}
}

// Its access token is over, but who logs out wants the refresh token gone, too; and once more, when all is over.
func TestL02_LogoutWithAnExpiredToken(t *testing.T) {
	s := newService(t, func(set *authjwt.Settings) {
		set.TokenLocation = []authjwt.Location{authjwt.Headers, authjwt.Cookies}
	})
	got, other := s.login(t), s.login(t)
	s.pass(time.Hour)
	assertLoggedOut(t, s.do("POST", "/logout", got.Access))
	s.refuses(t, tokens{Refresh: got.Refresh})
	s.accepts(t, tokens{Refresh: other.Refresh})
	s.pass(365 * 24 * time.Hour)
	for _, raw := range []string{got.Access, got.Refresh, other.Access, other.Refresh} {
		assertLoggedOut(t, s.do("POST", "/logout", raw))
	}
}

// Whatever ids others write into tokens, they end nothing of ours by them.
func TestL02_ForeignTokensEndNothing(t *testing.T) {
	told := new(events)
	s := newService(t, func(set *authjwt.Settings) {
		set.TokenLocation = []authjwt.Location{authjwt.Headers, authjwt.Cookies, authjwt.Query, authjwt.JSON}
		set.InsecureDisableCSRF, set.OnEvent = true, told.note
	})
	got := s.login(t)
	alone := mustCreate(t, s.auth)
	forged := []string{"", "nonsense", got.Refresh + "A", strings.Replace(got.Refresh, ".", ".e30", 1)}
	for _, raw := range []string{got.Access, got.Refresh, alone} {
		payload, err := json.Marshal(s.claims(t, raw))
		require.NoError(t, err)
		none := b64(`{"typ":"JWT","alg":"none"}`) + "." + b64(string(payload))
		forged = append(forged, compactWith(t, "HS256", testSecret+"x", headerHS256, string(payload)),
			compact(t, "HS512", `{"typ":"JWT","alg":"HS512"}`, string(payload)), none+".", none+"."+strings.Split(raw, ".")[2])
	}
	told.take()
	for _, raw := range forged {
		for name, present := range presentations {
			rec := httptest.NewRecorder()
			s.ServeHTTP(rec, present(tokens{raw, raw}))
			assert.Equal(t, http.StatusOK, rec.Code, "%s: %s", name, raw)
			assert.Len(t, setCookies(t, rec), 2, "they are cleared")
		}
	}
	assert.Empty(t, told.take())
	s.accepts(t, got, tokens{Access: alone})
	assert.Equal(t, http.StatusOK, s.do("POST", "/logout", got.Access).Code) // the twin
	s.refuses(t, got)
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

// L07: a login ends the session that the browser brings, if it is one, and shares nothing with it.
func TestL07_LoginEndsThePresentedSession(t *testing.T) {
	s := newService(t, inCookies)
	s.POST("/fails", s.auth.LoginHandler(authjwt.Routes{Login: func(*gin.Context) (string, error) { return "", authjwt.ErrInvalidCredentials }}))
	s.POST("/bob", s.auth.LoginHandler(loginAs("bob")))
	login := func(path, cookies string, fields ...string) *httptest.ResponseRecorder {
		req := request("POST", append(fields, "Cookie", cookies)...)
		req.URL.Path = path
		rec := httptest.NewRecorder()
		s.ServeHTTP(rec, req)
		return rec
	}
	old, bystander := setCookies(t, login("/login", "")), setCookies(t, login("/login", ""))
	is := func(want int, session []*http.Cookie) {
		t.Helper()
		for path, c := range map[string]*http.Cookie{"/protected": session[0], "/renewal": session[2]} {
			if c.Name == "" {
				continue
			}
			req := request("GET", "Cookie", c.Name+"="+c.Value)
			req.URL.Path = path
			rec := httptest.NewRecorder()
			s.ServeHTTP(rec, req)
			if want == http.StatusUnauthorized {
				assertAnswer(t, rec, revoked)
			}
			assert.Equal(t, want, rec.Code, path)
		}
	}
	pair := func(c *http.Cookie) string { return c.Name + "=" + c.Value }
	two := pair(old[0]) + "; " + old[0].Name + "=" + bystander[0].Value
	assert.Equal(t, http.StatusForbidden, login("/login", pair(old[0]), "Sec-Fetch-Site", "cross-site").Code)
	assertAnswer(t, login("/fails", pair(old[0])), badPassword)
	assert.Equal(t, http.StatusOK, login("/login", two).Code, "cookies that contradict each other are passed over")
	is(http.StatusOK, old)
	for name, presented := range map[string]func(old []*http.Cookie) string{
		"access":  func(old []*http.Cookie) string { return pair(old[0]) },
		"refresh": func(old []*http.Cookie) string { return pair(old[2]) },
		"both":    func(old []*http.Cookie) string { return pair(old[0]) + "; " + pair(old[2]) },
	} {
		for _, path := range []string{"/login", "/bob"} {
			rec := login(path, presented(old))
			require.Equal(t, http.StatusOK, rec.Code, name)
			fresh := setCookies(t, rec)
			is(http.StatusUnauthorized, old)
			is(http.StatusOK, bystander)
			is(http.StatusOK, fresh)
			for _, i := range []int{0, 2} {
				before, after := s.claims(t, old[i].Value), s.claims(t, fresh[i].Value)
				for _, claim := range []string{"jti", "csrf", "sid"} {
					assert.NotEmpty(t, after[claim])
					assert.NotEqual(t, before[claim], after[claim], claim)
				}
			}
			old = fresh
		}
	}
	s.pass(time.Hour)
	fresh := setCookies(t, login("/login", pair(old[0]))) // an expired access token names its session, too
	is(http.StatusOK, fresh)
	is(http.StatusUnauthorized, []*http.Cookie{{}, {}, old[2]})
	is(http.StatusOK, []*http.Cookie{fresh[0], {}, bystander[2]})
}

// A login whose predecessor cannot be ended is none.
func TestL07_ThePresentedSessionCannotBeEnded(t *testing.T) {
	s := newService(t, func(set *authjwt.Settings) {
		set.TokenLocation = []authjwt.Location{authjwt.Headers, authjwt.Cookies}
	})
	old := s.login(t)
	works := s.store.Store
	s.store.Store = &setFails{Store: works}
	assertDown(t, s.do("POST", "/login", old.Access))
	s.store.Store = works
	s.accepts(t, old)
	s.accepts(t, s.got(t, s.do("POST", "/login", old.Access)))
	s.refuses(t, old)
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
