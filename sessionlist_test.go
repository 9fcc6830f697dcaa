package authjwt_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
	"github.com/gin-authjwt/authjwt/storetest"
)

// newListed is a service that lists sessions in its store; faults are both's.
func newListed(tb testing.TB, edit ...func(s *authjwt.Settings)) *service {
	s := newService(tb, append([]func(set *authjwt.Settings){func(set *authjwt.Settings) {
		set.Sessions = set.Store.(*storetest.Faulty)
	}}, edit...)...)
	return s
}

// from sends a request with an agent and an address.
func (s *service) from(agent, address, method, path, bearer string) *httptest.ResponseRecorder {
	req := httptest.NewRequest(method, "https://example.com"+path, nil)
	req.Header.Set("User-Agent", agent)
	req.RemoteAddr = address + ":1234"
	if bearer != "" {
		req.Header.Set("Authorization", "Bearer "+bearer)
	}
	rec := httptest.NewRecorder()
	s.ServeHTTP(rec, req)
	return rec
}

func (s *service) listed(tb testing.TB, subject string) []authjwt.Session {
	tb.Helper()
	all, err := s.auth.Sessions(tb.Context(), subject)
	require.NoError(tb, err)
	require.NotNil(tb, all)
	return all
}

func (s *service) sessionOf(tb testing.TB, t tokens) string {
	tb.Helper()
	return s.claims(tb, t.Access)["sid"].(string)
}

// lists checks that exactly the sessions of these tokens are listed.
func (s *service) lists(tb testing.TB, all ...tokens) {
	tb.Helper()
	var want, got []string
	for _, t := range all {
		want = append(want, s.sessionOf(tb, t))
	}
	for _, listed := range s.listed(tb, "alice") {
		got = append(got, listed.ID)
	}
	assert.ElementsMatch(tb, want, got)
}

func TestSessionList_OfALife(t *testing.T) {
	s := newListed(t)
	assert.Empty(t, s.listed(t, "alice"))
	laptop := s.got(t, s.from("Laptop", "192.0.2.7", "POST", "/login", ""))
	s.pass(time.Minute)
	phone := s.got(t, s.from("Phone", "192.0.2.8", "POST", "/login", ""))
	month := 30 * 24 * time.Hour
	onLaptop := authjwt.Session{
		ID: s.sessionOf(t, laptop), Created: testNow, LastRefresh: testNow, ExpiresAt: testNow.Add(month), ClientAddress: "192.0.2.7", UserAgent: "Laptop",
	}
	at := testNow.Add(time.Minute)
	onPhone := authjwt.Session{
		ID: s.sessionOf(t, phone), Created: at, LastRefresh: at, ExpiresAt: at.Add(month), ClientAddress: "192.0.2.8", UserAgent: "Phone",
	}
	assert.Equal(t, []authjwt.Session{onPhone, onLaptop}, s.listed(t, "alice"), "the last first")
	assert.Empty(t, s.listed(t, "bob"))

	s.pass(time.Hour)
	at = s.time()
	laptop = s.got(t, s.from("Laptop 2", "192.0.2.9", "POST", "/refresh", laptop.Refresh))
	onLaptop.LastRefresh, onLaptop.ExpiresAt, onLaptop.ClientAddress, onLaptop.UserAgent = at, at.Add(month), "192.0.2.9", "Laptop 2"
	assert.Equal(t, []authjwt.Session{onLaptop, onPhone}, s.listed(t, "alice"))

	text, err := json.Marshal(s.listed(t, "alice")[0])
	require.NoError(t, err)
	assert.JSONEq(t, fmt.Sprintf(`{"id":%q,"created":"2026-03-01T12:00:00Z","last_refresh":"2026-03-01T13:01:00Z","expires_at":"2026-03-31T13:01:00Z",
		"client_address":"192.0.2.9","user_agent":"Laptop 2"}`, onLaptop.ID), string(text))

	require.NoError(t, s.auth.RevokeSession(t.Context(), onPhone.ID))
	s.lists(t, laptop)
	s.refuses(t, tokens{Refresh: phone.Refresh})
	s.accepts(t, laptop)
}

// However a session ends, it leaves the list, and the other one stays.
func TestSessionList_Ends(t *testing.T) {
	for name, end := range map[string]func(s *service, t *testing.T, pair tokens, id string){
		"logout": func(s *service, _ *testing.T, pair tokens, _ string) { s.do("POST", "/logout", pair.Access) },
		"revoked": func(s *service, t *testing.T, _ tokens, id string) {
			require.NoError(t, s.auth.RevokeSession(t.Context(), id))
		},
		"reused": func(s *service, t *testing.T, pair tokens, _ string) {
			s.refresh(t, pair.Refresh)
			s.pass(time.Minute)
			s.do("POST", "/refresh", pair.Refresh)
		},
		"another login": func(s *service, _ *testing.T, pair tokens, _ string) {
			s.auth.Mount(s.Group("/bob"), loginAs("bob"))
			s.do("POST", "/bob/login", pair.Access)
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newListed(t)
			stays, goes := s.login(t), s.login(t)
			s.lists(t, stays, goes)
			id := s.sessionOf(t, goes)
			end(s, t, goes, id)
			s.lists(t, s.refresh(t, stays.Refresh))
		})
	}

	s := newListed(t)
	s.login(t)
	require.NoError(t, s.auth.RevokeSubject(t.Context(), "alice"))
	assert.Empty(t, s.listed(t, "alice"))
	again := s.login(t) // in the same second: it is dated ahead
	s.lists(t, again)
	require.NoError(t, s.store.Set(t.Context(), epochKey, s.time().Add(time.Minute), time.Time{}))
	s.pass(time.Second)
	assert.Empty(t, s.listed(t, "alice"), "the store has lost its memory")

	s = newListed(t, func(set *authjwt.Settings) { set.DecodeLeeway = time.Minute })
	pair := s.login(t)
	s.pass(30*24*time.Hour + 59*time.Second)
	require.Len(t, s.listed(t, "alice"), 1, "its refresh token is good within the leeway")
	s.refresh(t, pair.Refresh)
	s.pass(30*24*time.Hour + time.Minute)
	assert.Empty(t, s.listed(t, "alice"), "it has not been refreshed")

	s = newListed(t, func(set *authjwt.Settings) { set.SessionExpires = time.Hour })
	pair = s.login(t)
	assert.Equal(t, testNow.Add(time.Hour), s.listed(t, "alice")[0].ExpiresAt, "the session's end")
	s.pass(time.Hour - time.Second)
	require.Len(t, s.listed(t, "alice"), 1)
	s.pass(time.Second)
	assert.Empty(t, s.listed(t, "alice"))
}

// What the Store knows counts, whatever the list says, which is mended.
func TestSessionList_IsAnIndexAlone(t *testing.T) {
	s := newListed(t)
	records, digest := map[string]string{}, sha256.Sum256([]byte("alice"))
	owner := "authjwt:sessions:" + base64.RawURLEncoding.EncodeToString(digest[:])
	keep := func(pair tokens) {
		all, err := s.store.ListSessions(t.Context(), owner)
		require.NoError(t, err)
		for id, text := range all {
			records[id] = string(text)
		}
		_, err = s.store.PutSession(t.Context(), owner, s.sessionOf(t, pair), []byte(records[s.sessionOf(t, pair)]), time.Time{})
		require.NoError(t, err)
	}
	first := s.login(t)
	keep(first)
	require.NotEmpty(t, records[s.sessionOf(t, first)], "the owner is the digest of alice")
	s.do("POST", "/logout", first.Access)
	keep(first) // as a refresh that was under way may put it back
	assert.Empty(t, s.listed(t, "alice"))

	second := s.login(t)
	id := s.sessionOf(t, second)
	all, err := s.store.ListSessions(t.Context(), owner)
	require.NoError(t, err)
	assert.Len(t, all, 1, "what has ended was removed when it was found")
	for _, text := range []string{"", "nonsense", `{"c":"x"}`, "[]"} {
		_, err := s.store.PutSession(t.Context(), owner, id, []byte(text), time.Time{})
		require.NoError(t, err)
		assert.Equal(t, []authjwt.Session{{ID: id}}, s.listed(t, "alice"), "what cannot be read can be ended all the same")
	}
	second = s.refresh(t, second.Refresh)
	assert.Equal(t, testNow, s.listed(t, "alice")[0].Created, "mended by a refresh")
	require.NoError(t, s.store.RemoveSessions(t.Context(), owner, id))
	assert.Empty(t, s.listed(t, "alice"))
	s.pass(time.Minute)
	s.refresh(t, second.Refresh)
	assert.Equal(t, testNow, s.listed(t, "alice")[0].Created, "as early as is known")
	assert.Equal(t, testNow.Add(time.Minute), s.listed(t, "alice")[0].LastRefresh)
}

func TestSessionList_StoreFaults(t *testing.T) {
	var list *storetest.Faulty
	var log logged
	s := newService(t, func(set *authjwt.Settings) {
		list = storetest.NewFaulty(&authjwt.MemoryStore{Now: set.Now})
		set.Sessions, set.Logger = list, log.logger(0)
	})
	pair := s.login(t)
	for _, fault := range []storetest.Fault{storetest.Fails, storetest.Hangs, storetest.FailsLate} {
		log.take(t)
		list.Be(fault)
		assertAnswer(t, s.do("POST", "/login", ""), down)
		assertAnswer(t, s.do("POST", "/refresh", pair.Refresh), down)
		_, err := s.auth.Sessions(t.Context(), "alice")
		assert.ErrorIs(t, err, authjwt.ErrUnavailable)
		assert.Equal(t, http.StatusOK, s.do("GET", "/protected", pair.Access).Code, "guards do not need it")
		list.Be(storetest.None)
		s.pass(20 * time.Second)
		pair = s.refresh(t, pair.Refresh) // it was not used up
		warned := 0
		for _, record := range log.take(t) {
			if record["level"] == "WARN" {
				assert.NotEmpty(t, record["cause"])
				warned++
			}
		}
		assert.Equal(t, 2, warned, "a line for each of them")
	}
	got := len(s.listed(t, "alice"))
	list.Be(storetest.Fails)
	assert.Equal(t, http.StatusOK, s.do("POST", "/logout", pair.Access).Code, "the session has ended, whatever the list says")
	list.Be(storetest.None)
	assert.Len(t, s.listed(t, "alice"), got-1)

	s.store.Be(storetest.Fails)
	assertAnswer(t, s.do("POST", "/login", ""), down)
	_, err := s.auth.Sessions(t.Context(), "bob")
	assert.NoError(t, err, "of whom nothing is listed")
	s.store.Be(storetest.None)
	s.login(t)
	for _, fault := range []storetest.Fault{storetest.Fails, storetest.Hangs, storetest.Short} {
		s.store.Be(fault)
		_, err = s.auth.Sessions(t.Context(), "alice")
		assert.ErrorIs(t, err, authjwt.ErrUnavailable, "what may have ended is not shown as live")
	}
}

func TestSessionList_WhatClientsSay(t *testing.T) {
	for agent, want := range map[string]string{
		"":                                   "",
		"Mozilla/5.0 (X11; Linux)":           "Mozilla/5.0 (X11; Linux)",
		"a\x00b\tc\x7fd\u202ee":              "abcde",
		"\xff\xfeé":                          "é",
		strings.Repeat("x", 5000):            strings.Repeat("x", 256),
		strings.Repeat("x", 255) + "éé":      strings.Repeat("x", 255),
		`<script>"` + "\u2028" + `</script>`: `<script>"</script>`,
	} {
		s := newListed(t)
		s.from(agent, "192.0.2.1", "POST", "/login", "")
		all := s.listed(t, "alice")
		require.Len(t, all, 1)
		assert.Equal(t, want, all[0].UserAgent)
	}
}

func TestSessionList_Misuse(t *testing.T) {
	_, err := newService(t).auth.Sessions(t.Context(), "alice")
	assert.ErrorIs(t, err, authjwt.ErrInternal)
	assert.ErrorContains(t, err, "set Settings.Sessions")
	_, err = newListed(t).auth.Sessions(t.Context(), "")
	assert.ErrorContains(t, err, "the subject is empty")

	store := new(authjwt.MemoryStore)
	named := func(name string) *service {
		s := newService(t, func(set *authjwt.Settings) { set.Store, set.Sessions, set.Name = store, store, name })
		s.login(t)
		return s
	}
	first, second := named("first"), named("second")
	assert.Len(t, first.listed(t, "alice"), 1)
	assert.Len(t, second.listed(t, "alice"), 1)
	assert.NotEqual(t, first.listed(t, "alice")[0].ID, second.listed(t, "alice")[0].ID)
}

func TestSessionList_OtherLives(t *testing.T) {
	s := newListed(t, func(set *authjwt.Settings) { set.KeepRefreshToken = true })
	pair := s.login(t)
	s.pass(time.Hour)
	s.refresh(t, pair.Refresh)
	all := s.listed(t, "alice")
	require.Len(t, all, 1)
	assert.Equal(t, testNow.Add(30*24*time.Hour), all[0].ExpiresAt, "the refresh token is the old one")
	assert.Equal(t, testNow.Add(time.Hour), all[0].LastRefresh)

	s = newListed(t, func(set *authjwt.Settings) {
		set.RefreshTokenExpires, set.SessionExpires = authjwt.NoExpiry, authjwt.NoExpiry
	})
	pair = s.login(t)
	s.pass(1000 * 24 * time.Hour)
	assert.True(t, s.listed(t, "alice")[0].ExpiresAt.IsZero())
	s.refresh(t, pair.Refresh)
	assert.True(t, s.listed(t, "alice")[0].ExpiresAt.IsZero())

	// A session that slides is listed for as long as it does.
	b := newSlider(t, func(set *authjwt.Settings) {
		set.Sessions, set.RefreshTokenExpires = set.Store.(*storetest.Faulty), 20*time.Minute
	})
	b.logIn(t)
	for range 5 {
		require.True(t, b.renews(t, "GET", "/protected"))
		all := b.listed(t, "alice")
		require.Len(t, all, 1)
		assert.Equal(t, b.time(), all[0].LastRefresh)
		assert.Equal(t, testNow, all[0].Created)
		assert.Equal(t, testNow.Add(90*24*time.Hour), all[0].ExpiresAt, "it may slide until then")
		b.pass(11 * time.Minute)
	}
	before := b.cookie[slidingCookie]
	b.store.Store = &hookedStore{Store: b.store.Store}
	assert.Equal(t, http.StatusOK, b.ask("GET", "/protected").Code)
	assert.Equal(t, before, b.cookie[slidingCookie], "what cannot be listed is not renewed")
}

func TestSessionList_ManyAtOnce(t *testing.T) {
	s := newListed(t, func(set *authjwt.Settings) {
		store := new(authjwt.MemoryStore)
		set.Store, set.Sessions = store, store
	})
	var mu sync.Mutex
	pairs := []tokens{}
	together(50, func(int) {
		pair := s.login(t)
		pair = s.refresh(t, pair.Refresh)
		mu.Lock()
		defer mu.Unlock()
		pairs = append(pairs, pair)
	})
	s.lists(t, pairs...)
}
