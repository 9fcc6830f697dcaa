package authjwt_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

// Of a full list the first to end goes, of several the first by id, but for the new one; what is over goes before.
func TestMemorySessions_Dropped(t *testing.T) {
	now := testNow
	s := &authjwt.MemoryStore{Now: func() time.Time { return now }}
	put := func(id string, until time.Time) []string {
		t.Helper()
		dropped, err := s.PutSession(t.Context(), "owner", id, nil, until)
		require.NoError(t, err)
		return dropped
	}
	count := func(want int) {
		t.Helper()
		got, err := s.ListSessions(t.Context(), "owner")
		require.NoError(t, err)
		assert.Len(t, got, want)
	}
	year := now.Add(365 * 24 * time.Hour)
	for i := range authjwt.MaxSessions {
		require.Empty(t, put(fmt.Sprintf("m%04d", i), year))
	}
	for _, row := range []struct {
		id    string
		until time.Time
		want  []string
	}{
		{"a", year, []string{"m0000"}}, // not itself, which is the first by id
		{"z", year, []string{"a"}},
		{"b", year.Add(-time.Minute), []string{"m0001"}},
		{"y", year.Add(-time.Hour), []string{"b"}},
		{"always", time.Time{}, []string{"y"}},
		{"always", year, nil}, // it was there
		{"c", year, []string{"always"}},
		{"c", testNow.Add(-time.Hour), nil},
		{"d", year, nil}, // in the place of c, which is over
		{"e", testNow.Add(-time.Hour), nil},
		{"f", testNow.Add(time.Hour), []string{"d"}},
	} {
		assert.Equal(t, row.want, put(row.id, row.until), row.id)
	}
	count(authjwt.MaxSessions)
	now = now.Add(2 * time.Hour)
	assert.Empty(t, put("g", year), "in the place of f")
	count(authjwt.MaxSessions)
	now = now.Add(2 * 365 * 24 * time.Hour)
	assert.Empty(t, put("h", now.Add(time.Hour)))
	count(1)
}
