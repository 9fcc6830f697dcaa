package authjwt_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
	"github.com/gin-authjwt/authjwt/storetest"
)

// The model knows of every token handed out who it was for, when it ends, and to which session it belongs; of
// sessions and subjects what was said about them. It is slow and plain, and knows no store.
type modelToken struct {
	raw, id, subject string
	kind             authjwt.TokenType
	session          *modelSession
	expires          time.Time
	denied, cut      bool
	used             *modelUse // shared by the retries of one id
}

type modelSession struct {
	id    string
	end   time.Time
	ended bool
	uses  map[string]*modelUse
}

type modelUse struct{ at time.Time }

// Beyond that the model knows when the store was last away, as far as anybody noticed, and who is to come back.
type model struct {
	tokens   []*modelToken
	down, up time.Time
	away     bool // until somebody asks again
	next     *modelToken
	hooks    *hookedStore
}

// good tells whether a guard must accept the token now.
func (m *model) good(t *modelToken, now time.Time) bool {
	return now.Before(t.expires) && !t.denied && !t.cut && !t.session.ended
}

// late tells whether a refresh token comes back after the grace, which for one that was used while the store
// was away, or a timeout and a second before, begins when it is back.
func (m *model) late(t *modelToken, now time.Time) bool {
	if t.kind != authjwt.Refresh || t.used.at.IsZero() {
		return false
	}
	from, up := t.used.at, m.up
	if m.away {
		up = now
	}
	if !m.down.IsZero() && !from.Before(m.down.Add(-modelTimeout-time.Second)) && !from.After(up) {
		from = up
	}
	return !now.Before(from.Add(15 * time.Second))
}

// asks is how often the store was asked.
func (s *service) asks() int64 {
	if s.store == nil {
		return 0
	}
	return s.store.Calls()
}

func (s *service) note(t *testing.T, m *model, raw string, sessions map[string]*modelSession) *modelToken {
	c := s.claims(t, raw)
	unix := func(name string) time.Time {
		n, err := c[name].(interface{ Int64() (int64, error) }).Int64()
		require.NoError(t, err)
		return time.Unix(n, 0)
	}
	id := c["sid"].(string)
	if sessions[id] == nil {
		sessions[id] = &modelSession{id: id, end: unix("session_exp"), uses: map[string]*modelUse{}}
	}
	token := &modelToken{
		raw: raw, id: c["jti"].(string), subject: c["sub"].(string), kind: authjwt.TokenType(c["type"].(string)),
		session: sessions[id], expires: unix("exp"),
	}
	if token.session.uses[token.id] == nil {
		token.session.uses[token.id] = new(modelUse)
	}
	token.used = token.session.uses[token.id]
	m.tokens = append(m.tokens, token)
	return token
}

// Random logins, refreshes, replays, logouts, revocations, clocks and store faults: what the model holds for
// denied is never accepted, what it holds for good always, and a store that fails never accepts.
func TestSessions_Model(t *testing.T) {
	const operations = 24_000
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	counts := map[string]int{}
	for round := 0; round < operations/400; round++ {
		s, m, sessions := newSessionsModel(t, round%2 == 1)
		for range 400 {
			counts[s.play(t, m, sessions, random)]++
		}
	}
	t.Log(counts)
	require.NotZero(t, counts["came back"], "nobody came back after an outage")
	for _, needed := range []string{"login", "accepted", "refused", "refreshed", "retried", "reused", "revoked", "logout", "fault"} {
		require.Greater(t, counts[needed], operations/400, "%s happens too seldom", needed)
	}
}

// modelTimeout is a StoreTimeout that no busy machine exceeds. No store of a model hangs.
const modelTimeout = 30 * time.Second

func patient(s *authjwt.Settings) { s.StoreTimeout = modelTimeout }

// newSessionsModel is a service with nothing in its model yet, and a store with faults unless it is in memory.
func newSessionsModel(t *testing.T, memory bool) (*service, *model, map[string]*modelSession) {
	m := &model{hooks: new(hookedStore)}
	var s *service
	if memory {
		s = newService(t, inMemory, patient)
		s.store = nil
	} else {
		s = newService(t, m.hooks.in, patient)
	}
	for i := range 3 {
		s.POST(fmt.Sprint("/login/", i), s.auth.LoginHandler(loginAs(fmt.Sprint("user", i))))
	}
	return s, m, map[string]*modelSession{}
}

// play is step, after which the model knows whether the store was found back.
func (s *service) play(t *testing.T, m *model, sessions map[string]*modelSession, random *rand.Rand) string {
	now, asks := s.time(), s.asks()
	what := s.step(t, m, sessions, random)
	if m.away && what != "fault" && s.asks() > asks {
		m.away, m.up = false, now
	}
	return what
}

// step does one thing, and says what.
func (s *service) step(t *testing.T, m *model, sessions map[string]*modelSession, random *rand.Rand) string {
	ctx, now := t.Context(), s.time()
	chance := random.IntN(100)
	if chance < 12 || len(m.tokens) == 0 {
		rec := s.do("POST", fmt.Sprint("/login/", random.IntN(3)), "")
		if rec.Code == http.StatusServiceUnavailable { // the subject was revoked several times in this second
			s.pass(time.Second)
			return "login later"
		}
		got := s.got(t, rec)
		s.note(t, m, got.Access, sessions)
		s.note(t, m, got.Refresh, sessions)
		return "login"
	}
	token := m.tokens[len(m.tokens)-1-random.IntN(min(len(m.tokens), 12))]
	if random.IntN(10) == 0 {
		token = m.tokens[random.IntN(len(m.tokens))]
	}
	if m.next != nil {
		token, m.next = m.next, nil
		return s.rotate(t, m, token, sessions)
	}
	path := map[authjwt.TokenType]string{authjwt.Access: "/protected", authjwt.Refresh: "/renewal"}[token.kind]
	switch {
	case chance < 45 || chance < 70 && token.kind == authjwt.Access: // a guard
		return s.ask(t, m, token, path)
	case chance < 70:
		return s.rotate(t, m, token, sessions)
	case chance < 74:
		require.Equal(t, http.StatusOK, s.do("POST", "/logout", token.raw).Code)
		token.session.ended = true // expired tokens, too
		return "logout"
	case chance < 77:
		require.NoError(t, s.auth.RevokeSubject(ctx, token.subject))
		for _, earlier := range m.tokens {
			earlier.cut = earlier.cut || earlier.subject == token.subject
		}
		return "revoked"
	case chance < 80:
		if m.good(token, now) && m.late(token, now) {
			token.session.ended = true // by Verify
		}
		if verified, err := s.auth.Verify(ctx, token.raw, token.kind); err == nil {
			require.NoError(t, s.auth.Revoke(ctx, verified))
			for _, same := range m.tokens { // retries have one id
				same.denied = same.denied || same.id == token.id
			}
		}
		return "revoked"
	case chance < 88 && s.store != nil:
		if random.IntN(2) == 0 {
			s.failAdd(t, m, token, random)
			return "fault"
		}
		asks, faulty := s.asks(), faults[random.IntN(len(faults))]
		if faulty.fault == storetest.Hangs {
			faulty = faults[0] // it takes its time
		}
		s.store.Be(faulty.fault)
		for _, call := range [][2]string{{"GET", path}, {"POST", "/refresh"}} {
			require.GreaterOrEqual(t, s.do(call[0], call[1], token.raw).Code, 400, "%s while the store %s", call, faulty.name)
		}
		s.store.Be(storetest.None)
		if s.asks() > asks && !m.away {
			m.down, m.away = now, true
		}
		return "fault"
	}
	s.pass([]time.Duration{time.Millisecond, 300 * time.Millisecond, time.Second, 7 * time.Second, 20 * time.Second, 6 * time.Minute, 50 * time.Hour}[random.IntN(7)])
	return "time"
}

// failAdd lets the store fail when the token is to be marked as used; it may do so all the same. The client may
// come back for it.
func (s *service) failAdd(t *testing.T, m *model, token *modelToken, random *rand.Rand) {
	now, asks := s.time(), s.asks()
	good, late := m.good(token, now), m.late(token, now)
	fault := []storetest.Fault{storetest.Fails, storetest.FailsLate}[random.IntN(2)]
	m.hooks.add = func() { s.store.Be(fault) }
	code := s.do("POST", "/refresh", token.raw).Code
	m.hooks.add = nil
	s.store.Be(storetest.None)
	if s.asks() > asks && m.away { // the guard was answered
		m.away, m.up = false, now
	}
	if !good || late || token.kind != authjwt.Refresh {
		require.Equal(t, http.StatusUnauthorized, code, "a bad token is refreshed: %+v", *token)
		token.session.ended = token.session.ended || good && late
		return
	}
	require.Equal(t, http.StatusServiceUnavailable, code)
	m.down, m.away = now, true
	if fault == storetest.FailsLate && token.used.at.IsZero() {
		token.used.at = now
	}
	if random.IntN(2) == 0 {
		s.pass(20 * time.Second)
		m.next = token
	}
}

func (s *service) ask(t *testing.T, m *model, token *modelToken, path string) string {
	now := s.time()
	good := m.good(token, now) && !m.late(token, now)
	code := s.do("GET", path, token.raw).Code
	if good {
		require.Equal(t, http.StatusOK, code, "a good token is refused: %+v", *token)
		return "accepted"
	}
	require.Equal(t, http.StatusUnauthorized, code, "a bad token is accepted: %+v", *token)
	if m.good(token, now) {
		token.session.ended = true
		return "reused"
	}
	return "refused"
}

func (s *service) rotate(t *testing.T, m *model, token *modelToken, sessions map[string]*modelSession) string {
	now := s.time()
	good, late, used := m.good(token, now), m.late(token, now), !token.used.at.IsZero()
	rec := s.do("POST", "/refresh", token.raw)
	switch {
	case !good:
		require.Equal(t, http.StatusUnauthorized, rec.Code, "a bad token is refreshed: %+v", *token)
		return "refused"
	case late:
		require.Equal(t, http.StatusUnauthorized, rec.Code, "a used token is refreshed: %+v", *token)
		token.session.ended = true
		return "reused"
	case rec.Code == http.StatusUnauthorized:
		require.True(t, used, "a good token is not refreshed: %+v", *token) // more than three steps behind
		return "left behind"
	}
	if !used {
		token.used.at = now
	}
	got := s.got(t, rec)
	s.note(t, m, got.Access, sessions)
	next := s.note(t, m, got.Refresh, sessions)
	require.Equal(t, token.session, next.session)
	require.True(t, next.used.at.IsZero(), "a successor that is used already: %+v", *next)
	for _, other := range m.tokens {
		if other.id == next.id && other.denied { // its twin was revoked by itself
			next.denied = true
		}
	}
	switch {
	case used && !now.Before(token.used.at.Add(15*time.Second)):
		return "came back"
	case used:
		return "retried"
	}
	return "refreshed"
}
