package authjwt_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

func (s *service) verified(tb testing.TB, raw string, kind authjwt.TokenType) *authjwt.Token {
	tb.Helper()
	t, err := s.auth.Verify(tb.Context(), raw, kind)
	require.NoError(tb, err)
	return t
}

func TestRevoke_Token(t *testing.T) {
	s := newService(t)
	got, other := s.login(t), s.login(t)
	require.NoError(t, s.auth.Revoke(t.Context(), s.verified(t, got.Access, authjwt.Access)))
	s.refuses(t, tokens{Access: got.Access})
	s.accepts(t, tokens{Refresh: got.Refresh}, other)
	require.NoError(t, s.auth.Revoke(t.Context(), s.verified(t, got.Refresh, authjwt.Refresh)))
	s.refuses(t, got)
	s.accepts(t, other)
}

func TestRevoke_Session(t *testing.T) {
	s := newService(t)
	got, other := s.login(t), s.login(t)
	next := s.refresh(t, got.Refresh)
	id := s.verified(t, next.Access, authjwt.Access).SessionID
	assert.Equal(t, id, s.verified(t, got.Refresh, authjwt.Refresh).SessionID)
	require.NoError(t, s.auth.RevokeSession(t.Context(), id))
	s.refuses(t, got, next)
	s.accepts(t, other)
	s.pass(29 * 24 * time.Hour) // there is no grace, and no end before the tokens'
	s.refuses(t, tokens{Refresh: next.Refresh})
}

// R06: what was issued up to that second counts no more; a login in the same second does.
func TestR06_RevokeSubject(t *testing.T) {
	s := newService(t)
	s.POST("/bob/login", s.auth.LoginHandler(loginAs("bob")))
	bob := s.got(t, s.do("POST", "/bob/login", ""))
	s.pass(500 * time.Millisecond)
	before := s.login(t)
	require.NoError(t, s.auth.RevokeSubject(t.Context(), "alice"))
	s.refuses(t, before)
	s.accepts(t, bob)
	after := s.login(t)
	s.accepts(t, after)
	assert.Equal(t, number(testNow.Unix()+1), s.claims(t, after.Access)["iat"])
	s.accepts(t, s.refresh(t, after.Refresh))
	s.pass(time.Second)
	s.accepts(t, after, s.login(t))
	s.pass(29 * 24 * time.Hour)
	s.refuses(t, tokens{Refresh: before.Refresh})
}

// The time that a store which lost its memory answers under this key makes earlier tokens void.
func TestStore_Epoch(t *testing.T) {
	s := newService(t)
	before := s.login(t)
	s.pass(time.Minute)
	require.NoError(t, s.store.Set(t.Context(), epochKey, s.time(), time.Time{}))
	s.refuses(t, before)
	s.accepts(t, s.login(t))
}

// The key is public: stores that notice a loss write there.
const epochKey = "authjwt:epoch:47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"

func TestL01_LogoutEndsTheSession(t *testing.T) {
	for name, presented := range map[string]func(all tokens) string{
		"access token": func(all tokens) string { return all.Access }, "refresh token": func(all tokens) string { return all.Refresh },
	} {
		t.Run(name, func(t *testing.T) {
			s := newService(t)
			other, got := s.login(t), s.login(t)
			next := s.refresh(t, got.Refresh)
			for range 2 { // twice is as good as once
				assert.Equal(t, `{"msg":"Successfully logout"}`, s.do("DELETE", "/logout", presented(got)).Body.String())
			}
			s.refuses(t, got, next)
			s.accepts(t, other)
		})
	}
}

// Logout looks into every location, and ends whatever it finds there.
func TestL01_LogoutInEveryLocation(t *testing.T) {
	s := newService(t, func(set *authjwt.Settings) {
		set.TokenLocation = []authjwt.Location{authjwt.Headers, authjwt.Cookies, authjwt.Query, authjwt.JSON}
		set.InsecureDisableCSRF = true
	})
	for name, present := range map[string]func(got tokens) *http.Request{
		"header": func(got tokens) *http.Request { return request("POST", "Authorization", "Bearer "+got.Access) },
		"access cookie": func(got tokens) *http.Request {
			return request("POST", "Cookie", "access_token_cookie="+got.Access)
		},
		"refresh cookie": func(got tokens) *http.Request {
			return request("POST", "Cookie", "refresh_token_cookie="+got.Refresh)
		},
		"query": func(got tokens) *http.Request {
			req := request("POST")
			req.URL.RawQuery = "token=" + got.Access
			return req
		},
		"JSON": func(got tokens) *http.Request {
			body := strings.NewReader(`{"refresh_token":"` + got.Refresh + `"}`)
			req := httptest.NewRequest("POST", "https://example.com/", body)
			req.Header.Set("Content-Type", "application/json")
			return req
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := s.login(t)
			req := present(got)
			req.URL.Path = "/logout"
			rec := httptest.NewRecorder()
			s.ServeHTTP(rec, req)
			require.Equal(t, http.StatusOK, rec.Code)
			s.refuses(t, got)
		})
	}
}

// Tokens without a session are ended one by one.
func TestL01_LogoutWithoutASession(t *testing.T) {
	s := newService(t)
	one, other := mustCreate(t, s.auth), mustCreate(t, s.auth)
	assert.Equal(t, http.StatusOK, s.do("POST", "/logout", one).Code)
	s.refuses(t, tokens{Access: one})
	s.accepts(t, tokens{Access: other})
}

// Its access token is over, but who logs out wants the refresh token gone, too.
func TestL02_LogoutWithAnExpiredToken(t *testing.T) {
	s := newService(t)
	got := s.login(t)
	s.pass(time.Hour)
	assert.Equal(t, http.StatusOK, s.do("POST", "/logout", got.Access).Code)
	s.refuses(t, tokens{Refresh: got.Refresh})
}

func TestL02_ForeignTokensEndNothing(t *testing.T) {
	s := newService(t)
	got := s.login(t)
	for _, raw := range []string{"", "nonsense", got.Refresh + "A", strings.Replace(got.Refresh, ".", ".e30", 1)} {
		assert.Equal(t, http.StatusOK, s.do("POST", "/logout", raw).Code, raw)
	}
	s.accepts(t, got)
}

// Two different cookies of one name, from a neighbouring host say: logout ends both sessions.
func TestC04_LogoutRevokesEachThatVerifies(t *testing.T) {
	s := newService(t, inCookies, func(set *authjwt.Settings) { set.InsecureDisableCSRF = true })
	cookies := func() []*http.Cookie { return setCookies(t, s.do("POST", "/login", "")) }
	one, two := cookies(), cookies()
	req := request("POST", "Cookie", one[0].Name+"="+one[0].Value+"; "+two[0].Name+"="+two[0].Value+"; "+one[0].Name+"=broken")
	req.URL.Path = "/logout"
	rec := httptest.NewRecorder()
	s.ServeHTTP(rec, req)
	require.Equal(t, http.StatusOK, rec.Code)
	for _, session := range [][]*http.Cookie{one, two} {
		for path, c := range map[string]*http.Cookie{"/protected": session[0], "/renewal": session[1]} {
			req := request("GET", "Cookie", c.Name+"="+c.Value)
			req.URL.Path = path
			rec := httptest.NewRecorder()
			s.ServeHTTP(rec, req)
			assertAnswer(t, rec, revoked)
		}
	}
}

func TestLogoutAll(t *testing.T) {
	s := newService(t, func(set *authjwt.Settings) { set.TokenLocation = []authjwt.Location{authjwt.Headers, authjwt.Cookies} })
	one, two := s.login(t), s.login(t)
	assertAnswer(t, s.do("POST", "/logout-all", ""), noCookie)
	rec := s.do("POST", "/logout-all", one.Access)
	assert.Equal(t, http.StatusOK, rec.Code)
	assert.Len(t, setCookies(t, rec), 4)
	s.refuses(t, one, two)
	assert.PanicsWithValue(t, "authjwt: LogoutAllHandler: set Settings.Store, with new(authjwt.MemoryStore) say", func() { newManager(t).LogoutAllHandler() })
	assert.Equal(t, http.StatusNotFound, post(newService(t, func(set *authjwt.Settings) { set.Store = nil })).Code)
}

// L07: a login ends the session that the browser brings, if it is one.
func TestL07_LoginEndsThePresentedSession(t *testing.T) {
	s := newService(t, inCookies)
	old, bystander := setCookies(t, s.do("POST", "/login", "")), setCookies(t, s.do("POST", "/login", ""))
	status := func(session []*http.Cookie) int {
		req := request("GET", "Cookie", session[0].Name+"="+session[0].Value)
		req.URL.Path = "/protected"
		rec := httptest.NewRecorder()
		s.ServeHTTP(rec, req)
		return rec.Code
	}
	login := func(cookies string, fields ...string) *httptest.ResponseRecorder {
		req := request("POST", append(fields, "Cookie", cookies)...)
		req.URL.Path = "/login"
		rec := httptest.NewRecorder()
		s.ServeHTTP(rec, req)
		return rec
	}
	two := old[0].Name + "=" + old[0].Value + "; " + old[0].Name + "=" + bystander[0].Value
	assert.Equal(t, http.StatusForbidden, login(old[0].Name+"="+old[0].Value, "Sec-Fetch-Site", "cross-site").Code)
	assert.Equal(t, http.StatusOK, login(two).Code, "cookies that contradict each other are passed over")
	assert.Equal(t, http.StatusOK, status(old))
	fresh := login(old[0].Name + "=" + old[0].Value + "; " + old[2].Name + "=" + old[2].Value)
	require.Equal(t, http.StatusOK, fresh.Code)
	assert.Equal(t, http.StatusUnauthorized, status(old))
	assert.Equal(t, http.StatusOK, status(bystander))
	assert.Equal(t, http.StatusOK, status(setCookies(t, fresh)))
}

func TestT14_TokenWithoutID(t *testing.T) {
	m := newManager(t, func(s *authjwt.Settings) { s.Store = new(authjwt.MemoryStore) })
	missing := inv("token_claims_invalid", `Token is missing the "jti" claim`)
	g := guard(t, m.Required())
	g.assertRefused(t, g.get("Bearer "+signedClaims(t, claims(map[string]any{"jti": nil}))), missing)
	g.assertAccepted(t, g.get("Bearer "+signedClaims(t, claims(nil))))
	denylist := newManager(t, func(s *authjwt.Settings) {
		s.TokenInDenylist = func(context.Context, *authjwt.Token) (bool, error) { return false, nil }
	})
	g = guard(t, denylist.Required())
	g.assertRefused(t, g.get("Bearer "+signedClaims(t, claims(map[string]any{"jti": nil}))), missing)
}

// T15, R07: nothing of a token can be read in a store, and no id can choose its key.
func TestT15_StoreKeys(t *testing.T) {
	keys := &keyStore{Store: &authjwt.MemoryStore{Now: func() time.Time { return testNow }}}
	s := newService(t, func(set *authjwt.Settings) { set.Store = keys })
	got := s.refresh(t, s.login(t).Refresh)
	require.NoError(t, s.auth.RevokeSubject(t.Context(), "alice"))
	s.do("POST", "/logout", got.Refresh)
	for _, id := range []string{"a\r\nb", "*", "\x00", "a:b@5", strings.Repeat("k", 2500)} {
		raw := signedClaims(t, claims(map[string]any{"jti": id, "sid": id, "sub": "bob"}))
		assert.Equal(t, http.StatusOK, s.do("GET", "/protected", raw).Code)
		require.NoError(t, s.auth.RevokeSession(t.Context(), id))
		assertAnswer(t, s.do("GET", "/protected", raw), revoked)
	}
	form := regexp.MustCompile(`\Aauthjwt:(denied|session|subject|used|epoch):[A-Za-z0-9_-]{43}(@[0-9]+)?\z`)
	assert.Greater(t, len(keys.seen), 20)
	for _, key := range keys.seen {
		assert.Regexp(t, form, key)
	}
}

// A keyStore remembers the keys it is asked for.
type keyStore struct {
	authjwt.Store
	mu   sync.Mutex
	seen []string
}

func (k *keyStore) note(keys ...string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.seen = append(k.seen, keys...)
}

func (k *keyStore) Add(ctx context.Context, key string, t, until time.Time) (time.Time, bool, error) {
	k.note(key)
	return k.Store.Add(ctx, key, t, until)
}

func (k *keyStore) Set(ctx context.Context, key string, t, until time.Time) error {
	k.note(key)
	return k.Store.Set(ctx, key, t, until)
}

func (k *keyStore) Get(ctx context.Context, keys ...string) ([]time.Time, error) {
	k.note(keys...)
	return k.Store.Get(ctx, keys...)
}

func TestStore_OneExchangePerRequest(t *testing.T) {
	s := newService(t)
	got := s.login(t)
	for path, token := range map[string]string{"/protected": got.Access, "/renewal": got.Refresh} {
		before := s.store.Calls()
		s.do("GET", path, token)
		assert.EqualValues(t, 1, s.store.Calls()-before, path)
	}
	before := s.store.Calls()
	s.do("GET", "/protected", got.Access+"x")
	assert.Zero(t, s.store.Calls()-before, "nothing is asked about a token that does not verify")
}

// Managers of other names do not see each other's entries.
func TestStore_Names(t *testing.T) {
	store := new(authjwt.MemoryStore)
	one := newManager(t, func(s *authjwt.Settings) { s.Store = store })
	two := newManager(t, func(s *authjwt.Settings) { s.Store, s.Name = store, "staff" })
	raw := mustCreate(t, one)
	require.NoError(t, one.RevokeSubject(t.Context(), "alice"))
	_, err := one.Verify(t.Context(), raw, authjwt.Access)
	assert.ErrorIs(t, err, authjwt.ErrRevokedToken)
	_, err = two.Verify(t.Context(), raw, authjwt.Access)
	assert.NoError(t, err)
}

func TestDenylist_Callback(t *testing.T) {
	var answer error
	denied := false
	m := newManager(t, func(s *authjwt.Settings) {
		s.TokenInDenylist = func(_ context.Context, token *authjwt.Token) (bool, error) {
			assert.NotEmpty(t, token.ID)
			return denied, answer
		}
	})
	g, raw := guard(t, m.Required()), mustCreate(t, m)
	g.assertAccepted(t, g.get("Bearer "+raw))
	denied = true
	g.assertRefused(t, g.get("Bearer "+raw), revoked)
	answer = errors.New("no connection")
	g.assertRefused(t, g.get("Bearer "+raw), down)
	denied, answer = false, authjwt.ErrRevokedToken
	g.assertRefused(t, g.get("Bearer "+raw), revoked)
}

func TestDenylist_TokenChecks(t *testing.T) {
	s := newService(t, func(set *authjwt.Settings) { set.DenylistTokenChecks = []authjwt.TokenType{authjwt.Refresh} })
	got := s.login(t)
	require.NoError(t, s.auth.RevokeSubject(t.Context(), "alice"))
	s.accepts(t, tokens{Access: got.Access})
	s.refuses(t, tokens{Refresh: got.Refresh})
}

func TestRevoke_Misuse(t *testing.T) {
	s, plain := newService(t), newManager(t)
	token := s.verified(t, s.login(t).Access, authjwt.Access)
	ctx := t.Context()
	for words, err := range map[string]error{
		"no verified token":   s.auth.Revoke(ctx, nil),
		"session id is empty": s.auth.RevokeSession(ctx, ""),
		"subject is empty":    s.auth.RevokeSubject(ctx, ""),
		"Settings.Store":      errors.Join(plain.Revoke(ctx, token), plain.RevokeSession(ctx, "x"), plain.RevokeSubject(ctx, "x")),
	} {
		assert.ErrorIs(t, err, authjwt.ErrInternal)
		assert.ErrorContains(t, err, words)
	}
	_, err := s.auth.CreateAccessToken("alice", authjwt.WithExpires(16*time.Minute))
	assert.ErrorContains(t, err, "longer than the setting")
	_, err = s.auth.CreateAccessToken("alice", authjwt.WithExpires(15*time.Minute))
	assert.NoError(t, err)
}

// A client that leaves does not keep its token alive.
func TestRevoke_OutlivesTheRequest(t *testing.T) {
	s := newService(t)
	got := s.login(t)
	gone, leave := context.WithCancel(t.Context())
	leave()
	require.NoError(t, s.auth.RevokeSession(gone, s.verified(t, got.Access, authjwt.Access).SessionID))
	s.refuses(t, got)
}
