package authjwt_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
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

// setFails keeps no revocation.
type setFails struct{ authjwt.Store }

func (*setFails) Set(context.Context, string, time.Time, time.Time) error { return storetest.ErrFault }
