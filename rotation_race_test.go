package authjwt_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

// All get a successor of one id, so that the session does not fork; without grace one gets any, and the others are replays.
func TestR02_RefreshesAtOnce(t *testing.T) {
	for name, edits := range map[string][]func(s *authjwt.Settings){
		"grace": {}, "no grace": {noGrace}, "in memory": {inMemory}, "no grace, in memory": {inMemory, noGrace},
	} {
		for _, tabs := range []int{2, 3, 8, 32} {
			t.Run(fmt.Sprint(name, " ", tabs), func(t *testing.T) {
				told := new(events)
				s := newService(t, append(edits, func(set *authjwt.Settings) { set.OnEvent = told.note })...)
				first := s.login(t)
				answers := make([]*httptest.ResponseRecorder, tabs)
				together(tabs, func(i int) { answers[i] = s.do("POST", "/refresh", first.Refresh) })
				var good []tokens
				for _, rec := range answers {
					if rec.Code != http.StatusOK {
						assertAnswer(t, rec, revoked)
						continue
					}
					good = append(good, s.got(t, rec))
				}
				for _, pair := range good {
					assert.Equal(t, successor(s.claims(t, first.Refresh)["jti"].(string)), s.claims(t, pair.Refresh)["jti"])
					assert.Equal(t, s.sessionOf(t, first), s.sessionOf(t, pair))
				}
				if strings.HasPrefix(name, "no grace") {
					assert.Len(t, good, 1)
					s.refuses(t, append(good, first)...)
					return
				}
				assert.Len(t, good, tabs)
				assert.Zero(t, told.count(authjwt.EventReused))
				s.accepts(t, append(good, first)...)
				s.pass(time.Minute)
				s.refresh(t, good[0].Refresh)
				s.pass(time.Minute)
				assertAnswer(t, s.do("POST", "/refresh", good[tabs-1].Refresh), revoked) // it is the same token
			})
		}
	}
}

// Where both were told that the token is unused, the Add decides.
func TestR02_UsedBetweenTheQuestionAndTheAdd(t *testing.T) {
	for name, row := range map[string]struct {
		edit  func(s *authjwt.Settings)
		later time.Duration
		good  bool
	}{
		"within the grace": {asIs, 15*time.Second - time.Millisecond, true},
		"after it":         {asIs, 15 * time.Second, false},
		"no grace":         {noGrace, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			hooks, told := new(hookedStore), new(events)
			s := newService(t, hooks.in, row.edit, func(set *authjwt.Settings) { set.OnEvent = told.note })
			first := s.login(t)
			var faster tokens
			hooks.add = func() {
				hooks.add = nil
				faster = s.refresh(t, first.Refresh)
				s.pass(row.later)
			}
			rec := s.do("POST", "/refresh", first.Refresh)
			if !row.good {
				assertAnswer(t, rec, revoked)
				assert.Equal(t, 1, told.count(authjwt.EventReused))
				s.refuses(t, first, faster)
				return
			}
			slow := s.got(t, rec)
			assert.Equal(t, s.claims(t, faster.Refresh)["jti"], s.claims(t, slow.Refresh)["jti"])
			s.accepts(t, slow, faster)
		})
	}
}

// A subject that is revoked while a refresh is under way gets no tokens dated after that.
func TestR06_RevokedDuringARefresh(t *testing.T) {
	for name, keep := range map[string]bool{"rotation": false, "KeepRefreshToken": true} {
		t.Run(name, func(t *testing.T) {
			s := newService(t, func(set *authjwt.Settings) { set.KeepRefreshToken = keep })
			first := s.login(t)
			s.POST("/slow", s.auth.RefreshHandler(authjwt.Routes{Claims: func(ctx context.Context, subject string) (any, error) {
				err := s.auth.RevokeSubject(ctx, subject)
				s.pass(2 * time.Second)
				return map[string]any{}, err
			}}))
			rec := s.do("POST", "/slow", first.Refresh)
			assertAnswer(t, rec, revoked)
			assert.Empty(t, rec.Header().Values("Set-Cookie"))
			s.refuses(t, first)
		})
	}
}

// Nor does one that is made again, because another tab was faster, after the last question.
func TestR06_RevokedWhileATabIsFollowed(t *testing.T) {
	for _, row := range []struct {
		moment string
		revoke bool
	}{{"Add", true}, {"Get", true}, {"Add", false}, {"Get", false}} {
		t.Run(fmt.Sprint(row.moment, row.revoke), func(t *testing.T) {
			hooks := new(hookedStore)
			s := newService(t, hooks.in)
			first := s.login(t)
			faster := s.refresh(t, s.refresh(t, first.Refresh).Refresh)
			then := func() {
				hooks.get, hooks.add = nil, nil
				if row.revoke {
					require.NoError(t, s.auth.RevokeSubject(t.Context(), "alice"))
				}
				s.pass(2 * time.Second)
			}
			hooks.add = then
			if row.moment == "Get" {
				hooks.add = func() { hooks.get = func([]string) { then() } }
			}
			slow := s.refresh(t, first.Refresh)
			assert.Equal(t, s.claims(t, faster.Refresh)["jti"], s.claims(t, slow.Refresh)["jti"])
			assert.Equal(t, testNow.Add(2*time.Second), s.time(), "it happened")
			if row.revoke {
				s.refuses(t, slow, faster)
				return
			}
			s.accepts(t, slow, faster)
		})
	}
}

// A store may keep answers about access tokens for a while. What is asked before tokens are made is told from that
// by the key of the use, and ends the session of a token that became too old meanwhile.
func TestR06_AskedWithTheUse(t *testing.T) {
	for name, keep := range map[string]bool{"rotation": false, "KeepRefreshToken": true} {
		t.Run(name, func(t *testing.T) {
			hooks := new(hookedStore)
			s := newService(t, hooks.in, func(set *authjwt.Settings) { set.KeepRefreshToken = keep })
			first := s.login(t)
			asked := 0
			s.POST("/slow", s.auth.RefreshHandler(authjwt.Routes{Claims: func(context.Context, string) (any, error) {
				hooks.get = func(keys []string) {
					asked++
					assert.Contains(t, strings.Join(keys, " "), ":used:")
				}
				return map[string]any{}, nil
			}}))
			rec := s.do("POST", "/slow", first.Refresh)
			hooks.get = nil
			s.accepts(t, s.got(t, rec))
			assert.Equal(t, 1, asked)
		})
	}
}

// R01 once more: the last question finds the use before the Add does, and goes on within the grace.
func TestR01_UsedWhileClaimsWereLookedUp(t *testing.T) {
	for name, later := range map[string]time.Duration{"within the grace": 15*time.Second - time.Millisecond, "after it": 15 * time.Second} {
		t.Run(name, func(t *testing.T) {
			hooks := new(hookedStore)
			s := newService(t, hooks.in)
			first, adds := s.login(t), 0
			var second tokens
			s.POST("/slow", s.auth.RefreshHandler(authjwt.Routes{Claims: func(context.Context, string) (any, error) {
				second = s.refresh(t, first.Refresh)
				s.pass(later)
				hooks.add = func() { adds++ }
				return map[string]any{}, nil
			}}))
			rec := s.do("POST", "/slow", first.Refresh)
			if name == "after it" {
				assertAnswer(t, rec, revoked)
				s.refuses(t, first, second)
				assert.Zero(t, adds)
				return
			}
			s.accepts(t, second, s.got(t, rec))
			assert.Equal(t, 1, adds)
		})
	}
}
