package storetest_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
	"github.com/gin-authjwt/authjwt/storetest"
)

// A fault is one for sessions, too. Two wrappers of one store fail apart.
func TestFaulty_SessionFaults(t *testing.T) {
	for _, row := range []struct {
		name         string
		fault        storetest.Fault
		err          error
		listed, left []string // of a and b, once b was removed, and c put
	}{
		{"none", storetest.None, nil, []string{"a", "c"}, []string{"a", "c"}},
		{"fails", storetest.Fails, storetest.ErrFault, nil, []string{"a", "b"}},
		{"hangs", storetest.Hangs, context.DeadlineExceeded, nil, []string{"a", "b"}},
		{"hangs for ever", storetest.HangsForever, storetest.ErrFault, nil, []string{"a", "b"}},
		{"fails late", storetest.FailsLate, storetest.ErrFault, []string{"a", "c"}, []string{"a", "c"}},
		{"short", storetest.Short, nil, []string{"c"}, []string{"a", "c"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store, until := new(authjwt.MemoryStore), time.Now().Add(time.Hour)
				one, other := storetest.NewFaulty(store), storetest.NewFaulty(store)
				for _, id := range []string{"a", "b"} {
					_, err := one.PutSession(t.Context(), "owner", id, nil, until)
					require.NoError(t, err)
				}
				one.Be(row.fault)
				time.AfterFunc(time.Minute, one.End)
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				assert.ErrorIs(t, one.RemoveSessions(ctx, "owner", "b"), row.err)
				_, err := one.PutSession(ctx, "owner", "c", nil, until)
				assert.ErrorIs(t, err, row.err)
				got, err := one.ListSessions(ctx, "owner")
				assert.ErrorIs(t, err, row.err)
				assert.Equal(t, row.listed, ids(got))
				got, err = other.ListSessions(t.Context(), "owner")
				require.NoError(t, err)
				assert.Equal(t, row.left, ids(got))
				assert.EqualValues(t, 5, one.Calls())
				one.Be(storetest.Panics)
				assert.Panics(t, func() { _, _ = one.ListSessions(t.Context(), "owner") })
			})
		})
	}
}

// What is dropped is told of, unless there is an error.
func TestFaulty_Dropped(t *testing.T) {
	f := storetest.NewFaulty(new(authjwt.MemoryStore))
	put := func(n int) ([]string, error) {
		return f.PutSession(t.Context(), "owner", fmt.Sprintf("%04d", n), nil, time.Time{})
	}
	for n := range authjwt.MaxSessions {
		dropped, err := put(n)
		require.NoError(t, err)
		require.Empty(t, dropped)
	}
	dropped, err := put(authjwt.MaxSessions)
	assert.NoError(t, err)
	assert.Equal(t, []string{"0000"}, dropped)
	f.Be(storetest.FailsLate)
	dropped, err = put(authjwt.MaxSessions + 1)
	assert.ErrorIs(t, err, storetest.ErrFault)
	assert.Nil(t, dropped)
	f.Be(storetest.None)
	dropped, err = put(authjwt.MaxSessions + 2)
	assert.NoError(t, err)
	assert.Equal(t, []string{"0002"}, dropped, "the one between went late")
}

// What wraps no SessionStore is none either.
func TestFaulty_NoSessions(t *testing.T) {
	f := storetest.NewFaulty(struct{ authjwt.Store }{new(authjwt.MemoryStore)})
	_, err := f.PutSession(t.Context(), "owner", "a", nil, time.Time{})
	assert.ErrorContains(t, err, "no SessionStore")
	_, err = f.ListSessions(t.Context(), "owner")
	assert.ErrorContains(t, err, "no SessionStore")
	assert.ErrorContains(t, f.RemoveSessions(t.Context(), "owner", "a"), "no SessionStore")
}

func ids(records map[string][]byte) (ids []string) {
	for id := range records {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}
