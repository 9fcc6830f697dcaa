package authjwt_test

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

// A loss is told once: neither what was lost before New, nor what another part of the store lost earlier.
func TestEvents_StoreLost(t *testing.T) {
	for name, ask := range map[string]func(s *service, got tokens){
		"guard":   func(s *service, got tokens) { s.do("GET", "/protected", got.Access) },
		"refresh": func(s *service, got tokens) { s.do("POST", "/refresh", got.Refresh) },
		"login":   func(s *service, _ tokens) { s.do("POST", "/login", "") },
	} {
		t.Run(name, func(t *testing.T) {
			s, told := newEventful(t)
			got := s.login(t)
			for _, row := range []struct {
				name  string
				epoch time.Duration // after New
				lost  int
			}{
				{"long before New", -30 * 24 * time.Hour, 0},
				{"a millisecond before New", -time.Millisecond, 0},
				{"the moment of New", 0, 0},
				{"within its millisecond", 999 * time.Microsecond, 0},
				{"a millisecond after New", time.Millisecond, 1},
				{"the same again", time.Millisecond, 0},
				{"a part that lost nothing", -time.Hour, 0},
				{"the first part", time.Millisecond, 0},
				{"a later loss", 2 * time.Millisecond, 1},
				{"the first part, still", time.Millisecond, 0},
				{"the later one again", 2 * time.Millisecond, 0},
				{"a day later", 24 * time.Hour, 1},
			} {
				require.NoError(t, s.store.Set(t.Context(), epochKey, testNow.Add(row.epoch), time.Time{}))
				told.take()
				for range 2 {
					ask(s, got)
				}
				assert.Equal(t, row.lost, told.count(authjwt.EventStoreLost), row.name)
			}
		})
	}
}

func TestEvents_StoreLostToManyAtOnce(t *testing.T) {
	s, told := newEventful(t)
	got := s.login(t)
	for i := range 20 {
		require.NoError(t, s.store.Set(t.Context(), epochKey, testNow.Add(time.Duration(i+1)*time.Second), time.Time{}))
		told.take()
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() { s.do("GET", "/protected", got.Access) })
		}
		all.Wait()
		assert.Equal(t, 1, told.count(authjwt.EventStoreLost), i)
	}
}
