package authjwt_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
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
		for name, present := range map[string]func(got tokens, csrf string) []string{
			"access token":  func(got tokens, _ string) []string { return []string{"Authorization", "Bearer " + got.Access} },
			"refresh token": func(got tokens, _ string) []string { return []string{"Authorization", "Bearer " + got.Refresh} },
			"cookies": func(got tokens, csrf string) []string {
				return append(cookies("a="+got.Access, "r="+got.Refresh), "X-CSRF-Token", csrf)
			},
		} {
			for _, method := range []string{"POST", "DELETE"} {
				t.Run(fault.name+"/"+name+"/"+method, func(t *testing.T) {
					told := new(events)
					s := newService(t, func(set *authjwt.Settings) {
						set.TokenLocation, set.OnEvent = []authjwt.Location{authjwt.Headers, authjwt.Cookies}, told.note
					})
					good := s.login(t)
					csrf := csrfOf(t, s.auth, good.Access, authjwt.Access)
					logout := func() *httptest.ResponseRecorder {
						req := request(method, present(good, csrf)...)
						req.URL.Path = "/logout"
						return answerTo(s, req, nil)
					}
					s.store.Be(fault.fault)
					rec := logout()
					assertRetry(t, rec)
					assert.Equal(t, deletedCookies, rec.Header().Values("Set-Cookie"))
					assert.Zero(t, told.count(authjwt.EventRevoked))
					s.store.Be(storetest.None)
					if fault.fault != storetest.FailsLate {
						s.accepts(t, good)
					}
					assertLoggedOut(t, logout())
					s.refuses(t, good)
					assert.Equal(t, 1, told.count(authjwt.EventRevoked))
				})
			}
		}
	}
}

// What needs no store is no failure: a logout that presents nothing that could be ended.
func TestL03_LogoutOfNothingWhileTheStoreIsDown(t *testing.T) {
	s := newService(t, func(set *authjwt.Settings) {
		set.TokenLocation = []authjwt.Location{authjwt.Headers, authjwt.Cookies}
	})
	s.store.Be(storetest.Fails)
	for _, raw := range []string{"", "nonsense"} {
		assertLoggedOut(t, s.do("POST", "/logout", raw))
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

// A MemoryStore knows nothing after a restart, and nothing of what another one was told. It says so where it is described.
func TestS03_MemoryStoreIsOfOneProcess(t *testing.T) {
	s := newService(t, inMemory)
	got := s.login(t)
	require.Equal(t, http.StatusOK, s.do("POST", "/logout", got.Access).Code)
	s.refuses(t, got)
	other := newManager(t, inMemory, func(set *authjwt.Settings) { set.Now = s.time }) // after a restart, or beside it
	_, err := other.Verify(t.Context(), got.Access, authjwt.Access)
	assert.NoError(t, err)
	for file, words := range map[string]string{
		"store.go":         "in the memory of one process: what was revoked counts again after a restart, and other processes do not know of it",
		"docs/sessions.md": "`MemoryStore` is for one process, and forgets at a restart: what was revoked before counts again until it expires",
		"README.md":        "`MemoryStore` is for one process, and forgets at a restart; `redisstore` is for several",
	} {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		assert.Contains(t, strings.Join(strings.Fields(strings.ReplaceAll(string(text), "\n//", "\n")), " "), words, file)
	}
}
