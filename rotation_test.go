package authjwt_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

func noGrace(s *authjwt.Settings) { s.RefreshReuseGrace = authjwt.NoGrace }

// Replay after the grace ends the session, for the thief and the owner alike.
func TestR01_ReplayEndsTheSession(t *testing.T) {
	for name, replay := range map[string]string{"at the refresh": "/refresh", "at a guard": "/renewal"} {
		t.Run(name, func(t *testing.T) {
			s := newService(t)
			bystander := s.login(t)
			first := s.login(t)
			second := s.refresh(t, first.Refresh)
			s.pass(15*time.Second - time.Millisecond)
			s.accepts(t, first, second) // the grace and the tolerance
			s.pass(time.Millisecond)
			method := "POST"
			if replay == "/renewal" {
				method = "GET"
			}
			assertAnswer(t, s.do(method, replay, first.Refresh), revoked)
			s.refuses(t, first, second)
			s.accepts(t, bystander)
			assertAnswer(t, s.do("POST", "/refresh", second.Refresh), revoked)
		})
	}
}

// The guard may have accepted the token before somebody else used it; the Add decides.
func TestR01_ReplayBehindTheGuard(t *testing.T) {
	s := newService(t)
	first := s.login(t)
	var second tokens
	s.POST("/slow", s.auth.RefreshRequired(), func(c *gin.Context) {
		second = s.refresh(t, first.Refresh)
		s.pass(15 * time.Second)
		a := authjwt.FromContext(c)
		_, err := a.Refresh()
		a.Abort(err)
	})
	assertAnswer(t, s.do("POST", "/slow", first.Refresh), revoked)
	s.refuses(t, first, second)
}

func TestR02_RefreshesAtOnce(t *testing.T) {
	for name, edit := range map[string]func(s *authjwt.Settings){"grace": func(*authjwt.Settings) {}, "no grace": noGrace, "in memory": inMemory} {
		t.Run(name, func(t *testing.T) {
			s := newService(t, edit)
			first := s.login(t)
			const tabs = 32
			answers := make([]*httptest.ResponseRecorder, tabs)
			var ready, done sync.WaitGroup
			ready.Add(tabs)
			for i := range tabs {
				done.Go(func() {
					ready.Done()
					ready.Wait()
					answers[i] = s.do("POST", "/refresh", first.Refresh)
				})
			}
			done.Wait()
			ids, good := map[any]bool{}, 0
			for _, rec := range answers {
				if rec.Code != http.StatusOK {
					assertAnswer(t, rec, revoked)
					continue
				}
				good++
				got := s.got(t, rec)
				ids[s.claims(t, got.Refresh)["jti"]] = true
			}
			assert.Len(t, ids, 1, "one session, one successor")
			if name == "no grace" {
				assert.Equal(t, 1, good)
				return
			}
			assert.Equal(t, tabs, good)
		})
	}
}

func TestR03_LostAnswer(t *testing.T) {
	s := newService(t)
	first := s.login(t)
	lost := s.refresh(t, first.Refresh)
	s.pass(9 * time.Second)
	again := s.refresh(t, first.Refresh)
	assert.Equal(t, s.claims(t, lost.Refresh)["jti"], s.claims(t, again.Refresh)["jti"])
	s.accepts(t, lost, again)
	next := s.refresh(t, again.Refresh)
	s.accepts(t, next)
	s.pass(20 * time.Second)
	assertAnswer(t, s.do("POST", "/refresh", lost.Refresh), revoked) // one id, used once
	s.refuses(t, next)
}

// A tab that comes late, but within the grace, is led to where the others are, three steps at most.
func TestR03_FasterTabs(t *testing.T) {
	s := newService(t)
	chain := []tokens{s.login(t)}
	for step := range 3 {
		chain = append(chain, s.refresh(t, chain[step].Refresh))
		slow := s.refresh(t, chain[0].Refresh)
		if step < 3 {
			assert.Equal(t, s.claims(t, chain[step+1].Refresh)["jti"], s.claims(t, slow.Refresh)["jti"], step)
		}
	}
	chain = append(chain, s.refresh(t, chain[3].Refresh))
	assertAnswer(t, s.do("POST", "/refresh", chain[0].Refresh), revoked)
	s.accepts(t, chain...) // which ends nothing
}

func TestR04_StoreDownLeavesTheTokenUnused(t *testing.T) {
	s := newService(t, noGrace)
	first := s.login(t)
	for _, fault := range faults {
		s.store.Be(fault.fault)
		rec := s.do("POST", "/refresh", first.Refresh)
		assert.GreaterOrEqual(t, rec.Code, 500, fault.name)
		s.store.Be(0)
	}
	s.accepts(t, s.refresh(t, first.Refresh))
}

func TestR04_ClaimsRefuseBeforeTheTokenIsUsed(t *testing.T) {
	s := newService(t, noGrace)
	first := s.login(t)
	refused := false
	s.POST("/renew", s.auth.RefreshHandler(authjwt.Routes{Claims: func(_ context.Context, _ string) (any, error) {
		if refused {
			return map[string]any{"big": string(make([]byte, 9000))}, nil
		}
		return nil, authjwt.ErrInvalidCredentials
	}}))
	assert.Equal(t, http.StatusUnauthorized, s.do("POST", "/renew", first.Refresh).Code)
	refused = true
	assert.Equal(t, http.StatusInternalServerError, s.do("POST", "/renew", first.Refresh).Code)
	s.accepts(t, s.refresh(t, first.Refresh))
}

// Refreshes prolong a login to SessionExpires and not beyond.
func TestR05_SessionsEnd(t *testing.T) {
	s := newService(t)
	end := testNow.Add(90 * 24 * time.Hour)
	got := s.login(t)
	session := s.claims(t, got.Refresh)["sid"]
	for range 12 {
		s.pass(7*24*time.Hour + time.Hour)
		got = s.refresh(t, got.Refresh)
		for _, raw := range []string{got.Access, got.Refresh} {
			c := s.claims(t, raw)
			assert.Equal(t, session, c["sid"])
			assert.Equal(t, number(end.Unix()), c["session_exp"])
			exp, _ := c["exp"].(interface{ Int64() (int64, error) }).Int64()
			assert.LessOrEqual(t, exp, end.Unix())
		}
	}
	s.pass(end.Sub(s.time()) - time.Second)
	got = s.refresh(t, got.Refresh)
	assert.Equal(t, number(end.Unix()), s.claims(t, got.Access)["exp"])
	s.pass(time.Second)
	assertAnswer(t, s.do("POST", "/refresh", got.Refresh), inv("token_expired", "Signature has expired"))
	assertAnswer(t, s.do("GET", "/protected", got.Access), inv("token_expired", "Signature has expired"))
}

// A refresh token that outlives its session, by leeway or because it was made by itself, renews nothing.
func TestR05_TokensBeyondTheSession(t *testing.T) {
	over := inv("token_expired", "Signature has expired")
	s := newService(t, func(set *authjwt.Settings) {
		set.TokenLocation = []authjwt.Location{authjwt.Headers, authjwt.Cookies}
		set.DecodeLeeway, set.SessionExpires = time.Minute, time.Hour
	})
	got := s.login(t)
	alone, err := s.auth.CreateRefreshToken("alice")
	require.NoError(t, err)
	s.pass(time.Hour - time.Second)
	s.refresh(t, alone)
	s.refresh(t, got.Refresh)
	s.pass(time.Second)
	assertAnswer(t, s.do("POST", "/refresh", got.Refresh), over)
	assertAnswer(t, s.do("POST", "/refresh", alone), over)
}

// A refresh token made by itself begins a session of its own id.
func TestRotation_TokenWithoutSession(t *testing.T) {
	s := newService(t)
	raw, err := s.auth.CreateRefreshToken("alice")
	require.NoError(t, err)
	id := s.claims(t, raw)["jti"]
	assert.NotContains(t, s.claims(t, raw), "sid")
	second := s.refresh(t, raw)
	s.pass(3 * time.Second)
	again := s.refresh(t, raw)
	assert.Equal(t, s.claims(t, second.Refresh)["jti"], s.claims(t, again.Refresh)["jti"])
	assert.Equal(t, s.claims(t, second.Refresh)["session_exp"], s.claims(t, again.Refresh)["session_exp"], "it is part of the key in the store")
	third := s.refresh(t, second.Refresh)
	for _, token := range []string{second.Access, second.Refresh, third.Access, third.Refresh} {
		assert.Equal(t, id, s.claims(t, token)["sid"])
		assert.Equal(t, number(testNow.Add(90*24*time.Hour).Unix()), s.claims(t, token)["session_exp"])
	}
	require.NoError(t, s.auth.RevokeSession(t.Context(), id.(string)))
	s.refuses(t, second, third, tokens{Refresh: raw})
}

func TestRotation_KeepRefreshToken(t *testing.T) {
	s := newService(t, func(set *authjwt.Settings) { set.KeepRefreshToken = true })
	first := s.login(t)
	for range 3 {
		s.pass(time.Minute)
		got := s.refresh(t, first.Refresh)
		assert.Empty(t, got.Refresh)
		s.accepts(t, got, first)
	}
	assert.Equal(t, http.StatusOK, s.do("POST", "/logout", first.Refresh).Code)
	s.refuses(t, first)
}

// Rotation through cookies sets both pairs, and keeps the choice of "remember me".
func TestRotation_Cookies(t *testing.T) {
	s := newService(t, inCookies)
	s.POST("/remember", s.auth.LoginHandler(authjwt.Routes{Login: loginAs("alice").Login, Remember: func(*gin.Context) bool { return true }}))
	rec := s.do("POST", "/remember", "")
	cookies := setCookies(t, rec)
	require.Len(t, cookies, 4)
	req := request("POST", "X-CSRF-Token", cookies[3].Value)
	req.URL.Path = "/refresh"
	req.AddCookie(cookies[2])
	rec = httptest.NewRecorder()
	s.ServeHTTP(rec, req)
	require.Equal(t, http.StatusOK, rec.Code, rec.Body.String())
	renewed := setCookies(t, rec)
	require.Len(t, renewed, 4)
	for i, c := range renewed {
		assert.Equal(t, cookies[i].Name, c.Name)
		assert.NotEqual(t, cookies[i].Value, c.Value)
		assert.Positive(t, c.MaxAge)
	}
	assert.Contains(t, rec.Body.String(), renewed[3].Value)
	assert.NotContains(t, rec.Body.String(), renewed[2].Value)
}

func number(n int64) json.Number { return json.Number(fmt.Sprint(n)) }

// A pair whose cookies could not be set uses nothing up.
func TestR03_CookiesThatAreTooLong(t *testing.T) {
	s := newService(t, noGrace, func(set *authjwt.Settings) { set.TokenLocation = []authjwt.Location{authjwt.Headers, authjwt.Cookies} })
	first := s.login(t)
	s.POST("/long", s.auth.RefreshHandler(authjwt.Routes{Claims: func(context.Context, string) (any, error) {
		return map[string]string{"x": strings.Repeat("x", 4000)}, nil
	}}))
	assertAnswer(t, s.do("POST", "/long", first.Refresh), outcome{500, "internal_error", "Internal Server Error", "-"})
	s.accepts(t, first)
	s.pass(time.Minute)
	s.accepts(t, s.refresh(t, first.Refresh))
}
