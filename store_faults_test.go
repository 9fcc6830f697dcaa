package authjwt_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
	"github.com/gin-authjwt/authjwt/storetest"
)

var faults = []struct {
	name  string
	fault storetest.Fault
}{
	{"fails", storetest.Fails},
	{"hangs", storetest.Hangs},
	{"fails late", storetest.FailsLate},
	{"short answer", storetest.Short},
}

// assertDown checks the outcome DOWN of requirements.md.
func assertDown(tb testing.TB, rec *httptest.ResponseRecorder) {
	tb.Helper()
	assertRetry(tb, rec)
	assert.Empty(tb, rec.Header().Values("Set-Cookie"))
}

// assertRetry is assertDown, but for the cookies that a logout deletes.
func assertRetry(tb testing.TB, rec *httptest.ResponseRecorder) {
	tb.Helper()
	assertAnswer(tb, rec, down)
	assert.Equal(tb, "1", rec.Header().Get("Retry-After"))
	for _, word := range []string{"dial", "6379", "storetest", "deadline"} {
		assert.NotContains(tb, fmt.Sprint(rec.Header(), rec.Body), word)
	}
}

// While the store cannot answer nothing is accepted, nothing issued, and nobody is told why.
func TestS03_StoreFaults(t *testing.T) {
	for _, fault := range faults {
		t.Run(fault.name, func(t *testing.T) {
			s := newService(t, func(set *authjwt.Settings) {
				set.TokenLocation = []authjwt.Location{authjwt.Headers, authjwt.Cookies}
			})
			good := s.login(t)
			s.store.Be(fault.fault)
			for _, call := range []struct{ method, path, token string }{
				{"GET", "/protected", good.Access}, {"GET", "/optional", good.Access}, {"GET", "/renewal", good.Refresh},
				{"POST", "/login", ""}, {"POST", "/refresh", good.Refresh}, {"POST", "/logout-all", good.Access},
			} {
				assertDown(t, s.do(call.method, call.path, call.token))
			}
			_, err := s.auth.Verify(t.Context(), good.Access, authjwt.Access)
			require.ErrorIs(t, err, authjwt.ErrUnavailable)
			assert.NotContains(t, err.Error(), "dial")
			if fault.fault == storetest.Fails {
				assert.ErrorIs(t, err, storetest.ErrFault)
			}
			// What needs no store is served.
			assert.Equal(t, http.StatusOK, s.do("GET", "/optional", "").Code)
			assertAnswer(t, s.do("GET", "/protected", good.Access+"x"), inv("token_signature_invalid", "Signature verification failed"))
			s.store.Be(storetest.None)
			s.accepts(t, good)
		})
	}
}

func TestS03_StorePanics(t *testing.T) {
	s := newService(t)
	good := s.login(t)
	s.store.Be(storetest.Panics)
	for _, call := range []struct{ method, path, token string }{
		{"GET", "/protected", good.Access}, {"POST", "/login", ""}, {"POST", "/refresh", good.Refresh}, {"POST", "/logout", good.Refresh},
	} {
		assert.Panics(t, func() { s.do(call.method, call.path, call.token) }, call.path)
	}
}

// A logout that the store does not hear of says so; the cookies go all the same.
func TestL03_LogoutWhileTheStoreIsDown(t *testing.T) {
	for _, fault := range faults {
		if fault.fault == storetest.Short {
			continue // logout asks nothing
		}
		t.Run(fault.name, func(t *testing.T) {
			s := newService(t, func(set *authjwt.Settings) {
				set.TokenLocation = []authjwt.Location{authjwt.Headers, authjwt.Cookies}
			})
			good := s.login(t)
			s.store.Be(fault.fault)
			rec := s.do("POST", "/logout", good.Refresh)
			assert.Equal(t, http.StatusServiceUnavailable, rec.Code)
			for _, c := range setCookies(t, rec) {
				assert.Negative(t, c.MaxAge, c.Name)
			}
			assert.Len(t, setCookies(t, rec), 4)
			if fault.fault != storetest.FailsLate {
				s.store.Be(storetest.None)
				s.accepts(t, good)
			}
		})
	}
}

// A store gets the time that is set, and no more.
func TestStore_Timeout(t *testing.T) {
	s := newService(t)
	good := s.login(t)
	s.store.Be(storetest.Hangs)
	start := time.Now()
	assertAnswer(t, s.do("GET", "/protected", good.Access), down)
	assert.GreaterOrEqual(t, time.Since(start), 150*time.Millisecond)
	assert.ErrorIs(t, s.auth.RevokeSubject(t.Context(), "alice"), authjwt.ErrUnavailable)
	assert.Less(t, time.Since(start), 5*time.Second)
}

// vague is a store that has added nothing, and has nothing.
type vague struct{ authjwt.Store }

func (vague) Add(context.Context, string, time.Time, time.Time) (present time.Time, added bool, err error) {
	return time.Time{}, false, nil
}

func TestS03_VagueAnswer(t *testing.T) {
	s := newService(t)
	first := s.login(t)
	odd := newManager(t, func(set *authjwt.Settings) { set.Store, set.Now = vague{s.store}, s.time })
	s.POST("/odd", odd.RefreshHandler(authjwt.Routes{}))
	assertAnswer(t, s.do("POST", "/odd", first.Refresh), down)
	s.accepts(t, s.refresh(t, first.Refresh))
}
