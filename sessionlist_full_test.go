package authjwt_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
	"github.com/gin-authjwt/authjwt/storetest"
)

// Whoever logs in again and again pushes sessions off the list. They end, so that none lives that the user cannot see.
func TestSessionList_NobodyHides(t *testing.T) {
	told := new(events)
	s := newListed(t, func(set *authjwt.Settings) { set.OnEvent = told.note })
	victim := s.login(t)
	s.pass(time.Second)
	thief := s.login(t)
	s.pass(time.Second)
	junk := make([]tokens, 0, authjwt.MaxSessions)
	for range authjwt.MaxSessions - 2 {
		junk = append(junk, s.login(t))
	}
	s.accepts(t, victim, thief)
	require.Len(t, s.listed(t, "alice"), authjwt.MaxSessions)
	first := s.sessionOf(t, victim)
	told.take()
	junk = append(junk, s.login(t))
	s.refuses(t, victim)
	s.accepts(t, thief)
	all := told.take()
	require.Len(t, all, 2)
	assert.Equal(t, authjwt.EventRevoked, all[0].Kind)
	assert.Equal(t, "alice", all[0].Subject)
	assert.Equal(t, first, all[0].SessionID)

	junk = append(junk, s.login(t))
	s.refuses(t, thief)
	for _, pair := range junk {
		require.Equal(t, http.StatusOK, s.do("POST", "/logout", pair.Access).Code)
	}
	assert.Empty(t, s.listed(t, "alice"), "and nobody is left")
}

// Where what falls off cannot be ended, the login that pushed it is refused.
func TestSessionList_WhatFallsOffCannotBeEnded(t *testing.T) {
	s := newService(t, func(set *authjwt.Settings) { set.Sessions = &authjwt.MemoryStore{Now: set.Now} })
	for range authjwt.MaxSessions {
		s.login(t)
	}
	store := s.store.Store
	s.store.Store = &setFails{Store: store}
	assertAnswer(t, s.do("POST", "/login", ""), down)
	s.store.Store = store
	assert.Len(t, s.listed(t, "alice"), authjwt.MaxSessions-1, "what fell off is gone, and what nobody has tokens of does not stand in its place")
}

// A list that is looked at finds a loss of the Store's memory as guards do, and a record that nobody can read is shown, whatever
// was revoked before it.
func TestSessionList_FindsALoss(t *testing.T) {
	told := new(events)
	s := newListed(t, func(set *authjwt.Settings) { set.OnEvent = told.note })
	s.login(t)
	s.pass(time.Minute)
	require.NoError(t, s.store.Set(t.Context(), epochKey, s.time(), time.Time{}))
	assert.Empty(t, s.listed(t, "alice"))
	assert.Equal(t, 1, told.count(authjwt.EventStoreLost))

	s.pass(time.Minute)
	id := s.sessionOf(t, s.login(t))
	digest := sha256.Sum256([]byte("alice"))
	_, err := s.store.PutSession(t.Context(), "authjwt:sessions:"+base64.RawURLEncoding.EncodeToString(digest[:]), id, []byte("x"), time.Time{})
	require.NoError(t, err)
	assert.Equal(t, []authjwt.Session{{ID: id}}, s.listed(t, "alice"))
}

// A SessionStore is told a digest of the subject, an id, and what is shown of a session; no token, and no id of one.
func TestR07_SessionRecords(t *testing.T) {
	told := new(toldSessions)
	s := newService(t, func(set *authjwt.Settings) {
		told.SessionStore = set.Store.(authjwt.SessionStore)
		set.Sessions = told
	})
	const subject = "alice@subject.example"
	s.auth.Mount(s.Group("/other"), loginAs(subject))
	first := s.got(t, s.from("Laptop", "192.0.2.7", "POST", "/other/login", ""))
	second := s.got(t, s.from("Laptop", "192.0.2.7", "POST", "/refresh", first.Refresh))
	require.Len(t, s.listed(t, subject), 1)
	private := []string{subject}
	for _, raw := range []string{first.Access, first.Refresh, second.Access, second.Refresh} {
		c := s.claims(t, raw)
		private = append(append(private, raw, c["jti"].(string)), strings.Split(raw, ".")...)
	}
	id := s.sessionOf(t, first)
	require.Equal(t, http.StatusOK, s.do("POST", "/logout", second.Access).Code)
	require.Len(t, told.all, 4, "put twice, listed and removed")
	for _, text := range told.all {
		assert.Regexp(t, `\Aauthjwt:sessions:[A-Za-z0-9_-]{43} `, text)
		for _, word := range private {
			assert.NotContains(t, text, word)
		}
	}
	assert.Contains(t, told.all[0], " "+id+" ")
	assert.Contains(t, told.all[0], "Laptop", "it would have been found")
}

// toldSessions remembers what a SessionStore is told.
type toldSessions struct {
	authjwt.SessionStore
	all []string
}

func (s *toldSessions) PutSession(ctx context.Context, owner, id string, record []byte, until time.Time) ([]string, error) {
	s.all = append(s.all, fmt.Sprint(owner, " ", id, " ", string(record)))
	return s.SessionStore.PutSession(ctx, owner, id, record, until)
}

func (s *toldSessions) ListSessions(ctx context.Context, owner string) (map[string][]byte, error) {
	s.all = append(s.all, owner+" ")
	return s.SessionStore.ListSessions(ctx, owner)
}

func (s *toldSessions) RemoveSessions(ctx context.Context, owner string, ids ...string) error {
	s.all = append(s.all, fmt.Sprint(owner, " ", ids))
	return s.SessionStore.RemoveSessions(ctx, owner, ids...)
}

// setFails keeps no revocation.
type setFails struct{ authjwt.Store }

func (*setFails) Set(context.Context, string, time.Time, time.Time) error { return storetest.ErrFault }
