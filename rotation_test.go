package authjwt_test

import (
	"context"
	"encoding/json"
	"fmt"
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

func noGrace(s *authjwt.Settings) { s.RefreshReuseGrace = authjwt.NoGrace }

func asIs(*authjwt.Settings) {}

// Replay after the grace ends the session, for the thief and the owner alike, whichever of its tokens comes back.
func TestR01_ReplayEndsTheSession(t *testing.T) {
	const grace = 15 * time.Second // and the tolerance
	for _, row := range []struct {
		name         string
		again        int // of a chain of four
		method, path string
		grace        time.Duration
		edit         func(s *authjwt.Settings)
	}{
		{"at the refresh", 0, "POST", "/refresh", grace, asIs},
		{"at a guard", 0, "GET", "/renewal", grace, asIs},
		{"the last but one", 2, "POST", "/refresh", grace, asIs},
		{"no grace", 0, "POST", "/refresh", 0, noGrace},
		{"no grace, at a guard", 2, "GET", "/renewal", 0, noGrace},
		{"in memory", 1, "POST", "/refresh", grace, inMemory},
		{"in memory, at a guard", 0, "GET", "/renewal", grace, inMemory},
		{"where cookies are set", 0, "POST", "/refresh", grace, func(set *authjwt.Settings) {
			set.TokenLocation = []authjwt.Location{authjwt.Headers, authjwt.Cookies}
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			told := new(events)
			s := newService(t, row.edit, func(set *authjwt.Settings) { set.OnEvent = told.note })
			bystander, chain := s.login(t), []tokens{s.login(t)}
			for i := range 3 {
				chain = append(chain, s.refresh(t, chain[i].Refresh))
			}
			if row.grace > 0 {
				s.pass(row.grace - time.Millisecond)
				s.accepts(t, chain...)
				s.pass(time.Millisecond)
			}
			s.accepts(t, chain[3], bystander)
			told.take()
			rec := s.do(row.method, row.path, chain[row.again].Refresh)
			assertAnswer(t, rec, revoked)
			assert.Empty(t, setCookies(t, rec))
			about := authjwt.Event{
				Kind: authjwt.EventRevoked, Time: s.time(), Subject: "alice", SessionID: s.sessionOf(t, chain[0]),
				Location: authjwt.Headers, ClientAddress: "192.0.2.1", Route: row.path,
			}
			of := about
			of.Kind, of.TokenID = authjwt.EventReused, s.claims(t, chain[row.again].Refresh)["jti"].(string)
			assert.Equal(t, []authjwt.Event{about, of}, told.take())

			s.refuses(t, chain...)
			for _, pair := range chain {
				assertAnswer(t, s.do("POST", "/refresh", pair.Refresh), revoked)
			}
			assert.Empty(t, told.take(), "it has ended once")
			s.accepts(t, bystander)
			s.accepts(t, s.refresh(t, bystander.Refresh))
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

// Only a grace lets a used token go on, and what was ended has none.
func TestR03_NoRetryOfWhatHasEnded(t *testing.T) {
	for name, end := range map[string]func(s *service, first, second tokens) error{
		"": func(*service, tokens, tokens) error { return nil },
		"logout": func(s *service, _, second tokens) error {
			assert.Equal(t, http.StatusOK, s.do("POST", "/logout", second.Access).Code)
			return nil
		},
		"session": func(s *service, first, _ tokens) error {
			return s.auth.RevokeSession(t.Context(), s.sessionOf(t, first))
		},
		"subject": func(s *service, _, _ tokens) error { return s.auth.RevokeSubject(t.Context(), "alice") },
		"token": func(s *service, first, _ tokens) error {
			return s.auth.Revoke(t.Context(), s.verified(t, first.Refresh, authjwt.Refresh))
		},
	} {
		for store, edit := range map[string]func(*authjwt.Settings){"": asIs, ", in memory": inMemory} {
			t.Run(name+store, func(t *testing.T) {
				s := newService(t, edit)
				first := s.login(t)
				second := s.refresh(t, first.Refresh)
				s.pass(2 * time.Second)
				require.NoError(t, end(s, first, second))
				if name == "" {
					s.accepts(t, s.refresh(t, first.Refresh))
					return
				}
				assertAnswer(t, s.do("POST", "/refresh", first.Refresh), revoked)
			})
		}
	}
}

func TestR04_StoreDownLeavesTheTokenUnused(t *testing.T) {
	s := newService(t, noGrace, func(set *authjwt.Settings) {
		set.TokenLocation = []authjwt.Location{authjwt.Headers, authjwt.Cookies}
	})
	first := s.login(t)
	for _, fault := range faults {
		s.store.Be(fault.fault)
		assertDown(t, s.do("POST", "/refresh", first.Refresh))
		s.store.Be(0)
	}
	s.accepts(t, s.refresh(t, first.Refresh))
}

// Routes.Claims is asked at every refresh, and refuses before the token is used.
func TestR04_R06_ClaimsRefuseBeforeTheTokenIsUsed(t *testing.T) {
	s := newService(t, noGrace, func(set *authjwt.Settings) {
		set.TokenLocation = []authjwt.Location{authjwt.Headers, authjwt.Cookies}
	})
	var claims map[string]any
	var refusal error
	asked := 0
	s.POST("/renew", s.auth.RefreshHandler(authjwt.Routes{Claims: func(_ context.Context, subject string) (any, error) {
		asked++
		assert.Equal(t, "alice", subject)
		return claims, refusal
	}}))
	pair := s.login(t)
	for range 2 {
		for _, row := range []struct {
			claims  map[string]any
			refusal error
			want    outcome
		}{
			{nil, authjwt.ErrInvalidCredentials, badPassword},
			{nil, authjwt.ErrRevokedToken, revoked},
			{nil, authjwt.ErrUnavailable, down},
			{nil, errOwn, boom},
			{map[string]any{"big": strings.Repeat("x", 9000)}, nil, boom},
			{map[string]any{"sub": "mallory"}, nil, boom},
		} {
			claims, refusal = row.claims, row.refusal
			rec := s.do("POST", "/renew", pair.Refresh)
			assertAnswer(t, rec, row.want)
			assert.Empty(t, setCookies(t, rec))
		}
		claims, refusal = map[string]any{"role": "author"}, nil
		pair = s.got(t, s.do("POST", "/renew", pair.Refresh))
		assert.Equal(t, "author", s.claims(t, pair.Access)["role"])
		s.accepts(t, pair)
	}
	assert.Equal(t, 14, asked)
}

// Refreshes prolong a login to SessionExpires and not beyond, whatever the setting says meanwhile.
func TestR05_SessionsEnd(t *testing.T) {
	s := newService(t)
	end := testNow.Add(90 * 24 * time.Hour)
	got := s.login(t)
	session := s.claims(t, got.Refresh)["sid"]
	for path, keep := range map[string]bool{"/longer": false, "/keeps": true} {
		m := newManager(t, func(set *authjwt.Settings) {
			set.Store, set.Now, set.SessionExpires, set.KeepRefreshToken = s.store, s.time, 180*24*time.Hour, keep
		})
		s.POST(path, m.RefreshHandler(authjwt.Routes{}))
	}
	for i := range 12 {
		s.pass(7*24*time.Hour + time.Hour)
		kept := s.got(t, s.do("POST", "/keeps", got.Refresh))
		got = s.got(t, s.do("POST", []string{"/refresh", "/longer"}[i%2], got.Refresh))
		for _, raw := range []string{got.Access, got.Refresh, kept.Access} {
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
