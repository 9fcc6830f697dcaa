package authjwt_test

import (
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
	"github.com/gin-authjwt/authjwt/storetest"
)

// A slidingModel has three browsers of two users, and whoever holds a copy of a token that was ever set.
type slidingModel struct {
	*slider
	model
	random   *rand.Rand
	sessions map[string]*modelSession
	browsers [3]map[string]string
	counts   map[string]int
}

var slidingUsers = [...]string{"alice", "bob", "alice"}

func newSlidingModel(tb testing.TB, random *rand.Rand, edit ...func(s *authjwt.Settings)) *slidingModel {
	m := &slidingModel{random: random, sessions: map[string]*modelSession{}, counts: map[string]int{}}
	m.slider = newSlider(tb, append([]func(s *authjwt.Settings){func(s *authjwt.Settings) { s.SessionExpires = 2 * time.Hour }, patient}, edit...)...)
	for i, user := range slidingUsers {
		m.browsers[i] = map[string]string{}
		m.Engine.POST("/login/"+string(rune('0'+i)), m.auth.LoginHandler(loginAs(user)))
	}
	m.GET("/handler", func(c *gin.Context) {
		if a := m.auth.Bind(c); a.JWTOptional() == nil {
			c.String(http.StatusOK, a.Subject())
		}
	})
	return m
}

// as sends a request of a browser, and notes every token that the answer sets.
func (m *slidingModel) as(t *testing.T, browser int, method, path string) *httptest.ResponseRecorder {
	t.Helper()
	m.cookie = m.browsers[browser]
	before := m.cookie[slidingCookie]
	rec := m.ask(method, path)
	if now := m.cookie[slidingCookie]; now != "" && now != before {
		token := m.note(t, &m.model, now, m.sessions)
		require.False(t, token.session.ended, "%s %s revived a session", method, path)
		require.False(t, token.expires.After(token.session.end), "%s %s outlives its session", method, path)
	}
	return rec
}

// of is the newest token of a browser that the model knows.
func (m *slidingModel) of(browser int) *modelToken {
	for i := len(m.tokens) - 1; i >= 0; i-- {
		if m.tokens[i].raw == m.browsers[browser][slidingCookie] {
			return m.tokens[i]
		}
	}
	return nil
}

// A random operation. A store that is away changes nothing.
func (m *slidingModel) step(t *testing.T) {
	browser, away := m.random.IntN(3), m.random.IntN(12) == 0
	token := m.of(browser)
	if away {
		m.store.Be(storetest.Fails)
		defer m.store.Be(storetest.None)
	}
	count := func(name string) { m.counts[name]++ }
	switch op := m.random.IntN(40); {
	case token == nil || !m.good(token, m.time()) && op < 20:
		old := token
		if rec := m.as(t, browser, "POST", "/login/"+string(rune('0'+browser))); rec.Code == http.StatusOK {
			count("login")
			if old != nil { // the session that was presented
				old.session.ended = true
			}
		}
	case op < 22:
		path := []string{"/protected", "/handler", "/optional"}[m.random.IntN(3)]
		rec := m.as(t, browser, "GET", path)
		switch {
		case away:
			require.Contains(t, []int{http.StatusUnauthorized, http.StatusServiceUnavailable}, rec.Code)
			require.Same(t, token, m.of(browser), "nothing is renewed")
		case m.good(token, m.time()):
			require.Equal(t, http.StatusOK, rec.Code, rec.Body)
			if m.of(browser) != token {
				count("renewed")
			}
		default:
			count("refused")
			require.Equal(t, http.StatusUnauthorized, rec.Code)
		}
	case op < 36:
		m.pass(time.Duration(m.random.IntN(int(4 * time.Minute))))
	case op < 37:
		if m.auth.RevokeSession(t.Context(), token.session.id) == nil {
			count("session")
			token.session.ended = true
		}
	case op < 38:
		if m.auth.RevokeSubject(t.Context(), token.subject) == nil {
			count("subject")
			for _, other := range m.tokens {
				if other.subject == token.subject {
					other.session.ended = true
				}
			}
		}
	case op < 39:
		read, err := m.auth.Verify(t.Context(), token.raw, authjwt.Access)
		if err == nil && m.auth.Revoke(t.Context(), read) == nil {
			count("token")
			token.session.ended = true // of a token that slides
		}
	default:
		if rec := m.as(t, browser, "POST", "/logout"); rec.Code == http.StatusOK {
			count("logout")
			token.session.ended = true
		}
	}
}

// Whatever happens in whatever order, no token of a session that has ended is accepted, and none is renewed.
func TestRenew_Model(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	counts := map[string]int{}
	for round := range 100 {
		edit := []func(s *authjwt.Settings){}
		if round%2 == 1 { // where guards do not ask about access tokens, a copy lives on, but is not renewed
			edit = append(edit, func(s *authjwt.Settings) { s.DenylistTokenChecks = []authjwt.TokenType{authjwt.Refresh} })
		}
		m := newSlidingModel(t, rand.New(rand.NewPCG(seed, uint64(round))), edit...)
		for range 150 {
			if round%2 == 1 {
				m.lenientStep(t)
				continue
			}
			m.step(t)
			m.tryCopies(t)
		}
		for name, n := range m.counts {
			counts[name] += n
		}
	}
	t.Log(counts)
	for _, name := range []string{"login", "renewed", "refused", "session", "subject", "token", "logout", "copies", "late"} {
		require.Positive(t, counts[name], "%s: %v", name, counts)
	}
}

// tryCopies presents tokens that were set at any time, in a jar of their own.
func (m *slidingModel) tryCopies(t *testing.T) {
	for range 3 {
		if len(m.tokens) == 0 {
			return
		}
		token := m.tokens[m.random.IntN(len(m.tokens))]
		m.cookie = map[string]string{slidingCookie: token.raw}
		rec := m.ask("GET", "/protected")
		if m.good(token, m.time()) {
			require.Equal(t, http.StatusOK, rec.Code)
		} else {
			m.counts["copies"]++
			require.Equal(t, http.StatusUnauthorized, rec.Code)
		}
		if now := m.cookie[slidingCookie]; now != token.raw {
			require.False(t, m.note(t, &m.model, now, m.sessions).session.ended, "a copy revived a session")
		}
	}
}

// lenientStep ends a session by any means, and lets its token come back, which the guard accepts.
func (m *slidingModel) lenientStep(t *testing.T) {
	browser := m.random.IntN(3)
	m.as(t, browser, "POST", "/login/"+string(rune('0'+browser)))
	token := m.of(browser)
	m.pass(time.Duration(10*60+1+m.random.IntN(60)) * time.Second)
	switch m.random.IntN(3) {
	case 0:
		require.NoError(t, m.auth.RevokeSession(t.Context(), token.session.id))
	case 1:
		require.NoError(t, m.auth.RevokeSubject(t.Context(), token.subject))
	case 2:
		require.Equal(t, http.StatusOK, m.as(t, browser, "POST", "/logout").Code)
	}
	token.session.ended = true
	m.cookie = map[string]string{slidingCookie: token.raw}
	require.Equal(t, http.StatusOK, m.ask("GET", "/protected").Code)
	require.Equal(t, token.raw, m.cookie[slidingCookie], "an ended session was renewed")
	m.counts["late"]++
}
