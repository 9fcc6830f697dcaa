package authjwt_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
	"github.com/gin-authjwt/authjwt/storetest"
)

// slides makes access tokens of 15 minutes slide in their last 5.
func slides(s *authjwt.Settings) {
	s.TokenLocation, s.RefreshWithin, s.Store = []authjwt.Location{authjwt.Cookies, authjwt.Headers}, 5*time.Minute, new(authjwt.MemoryStore)
}

// A slider is a service with sliding sessions, and a browser's cookies.
type slider struct {
	*service
	told   *events
	cookie map[string]string
}

const slidingCookie, slidingValue = "access_token_cookie", "csrf_access_token"

func newSlider(tb testing.TB, edit ...func(s *authjwt.Settings)) *slider {
	told := new(events)
	b := &slider{told: told, cookie: map[string]string{}}
	b.service = newService(tb, append([]func(s *authjwt.Settings){func(s *authjwt.Settings) {
		store := s.Store
		slides(s)
		s.Store, s.OnEvent = store, told.note
	}}, edit...)...)
	handle := func(c *gin.Context) { c.Status(http.StatusNoContent) }
	b.POST("/write", b.auth.Required(), handle)
	b.GET("/fresh", b.auth.FreshRequired(), handle)
	return b
}

// send sends the cookies, and keeps what the answer sets, as a browser does.
func (b *slider) send(req *http.Request) *httptest.ResponseRecorder {
	for name, value := range b.cookie {
		req.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	if req.Method != http.MethodGet {
		req.Header.Set("X-CSRF-Token", b.cookie[slidingValue])
	}
	rec := httptest.NewRecorder()
	b.ServeHTTP(rec, req)
	for _, c := range rec.Result().Cookies() {
		if b.cookie[c.Name] = c.Value; c.MaxAge < 0 {
			delete(b.cookie, c.Name)
		}
	}
	return rec
}

func (b *slider) ask(method, path string) *httptest.ResponseRecorder {
	return b.send(httptest.NewRequest(method, "https://example.com"+path, nil))
}

// renews asks, and tells whether the access token was renewed.
func (b *slider) renews(tb testing.TB, method, path string) bool {
	tb.Helper()
	before := b.cookie[slidingCookie]
	rec := b.ask(method, path)
	require.Less(tb, rec.Code, 300, rec.Body)
	renewed := b.cookie[slidingCookie] != before
	assert.Equal(tb, renewed, len(rec.Result().Cookies()) > 0)
	return renewed
}

// logIn logs in, and lets the time pass until the token is due.
func (b *slider) logIn(tb testing.TB) {
	tb.Helper()
	require.Equal(tb, http.StatusOK, b.ask("POST", "/login").Code)
	b.pass(11 * time.Minute)
	b.told.takeAll()
}

func TestRenew_Answer(t *testing.T) {
	b := newSlider(t, func(s *authjwt.Settings) { s.PersistentCookies = true })
	b.GET("/log-in", func(c *gin.Context) {
		_, err := b.auth.Bind(c).Login("bob", authjwt.WithClaims(map[string]any{"big": 9007199254740993, "role": "author"}),
			authjwt.WithGrantedScopes("a", "b"), authjwt.WithPersistentCookies(false))
		assert.NoError(t, err)
	})
	b.ask("GET", "/log-in")
	first := b.claims(t, b.cookie[slidingCookie])
	b.pass(11 * time.Minute)
	b.told.takeAll()
	rec := b.ask("GET", "/protected")
	assert.Equal(t, "bob", rec.Body.String())
	lines := rec.Header().Values("Set-Cookie")
	require.Len(t, lines, 2)
	assert.Regexp(t, `^access_token_cookie=eyJ[^;]+; Path=/; HttpOnly; Secure; SameSite=Lax$`, lines[0], "as the login chose it")
	assert.Equal(t, "csrf_access_token="+first["csrf"].(string)+"; Path=/; Secure; SameSite=Lax", lines[1])
	assert.Equal(t, "no-store", rec.Header().Get("Cache-Control"))

	second := b.claims(t, b.cookie[slidingCookie])
	number := func(n int64) json.Number { return json.Number(strconv.FormatInt(n, 10)) }
	now, end := number(b.time().Unix()), number(b.time().Unix()+15*60)
	assert.NotEqual(t, first["jti"], second["jti"])
	for name, want := range map[string]any{"jti": second["jti"], "session_iat": first["iat"], "iat": now, "nbf": now, "exp": end, "fresh": false} {
		first[name] = want
	}
	assert.Equal(t, first, second)
	assert.Equal(t, json.Number("9007199254740993"), second["big"])
	all := b.told.takeAll()
	require.Len(t, all, 1)
	assert.Equal(t, authjwt.EventRenewed, all[0].Kind)
	assert.Equal(t, authjwt.Cookies, all[0].Location)
	assert.Equal(t, "bob", all[0].Subject)
}

func TestRenew_When(t *testing.T) {
	b := newSlider(t)
	require.Equal(t, http.StatusOK, b.ask("POST", "/login").Code)
	b.pass(10 * time.Minute)
	assert.False(t, b.renews(t, "GET", "/protected"), "five minutes are left")
	b.pass(time.Second)
	for _, route := range [][2]string{{"GET", "/protected"}, {"GET", "/optional"}, {"POST", "/write"}} {
		old := b.cookie[slidingCookie]
		assert.True(t, b.renews(t, route[0], route[1]), route)
		assert.False(t, b.renews(t, route[0], route[1]), "once")
		b.cookie[slidingCookie] = old
	}
	assert.True(t, b.renews(t, "GET", "/fresh"))
	assert.Equal(t, http.StatusUnauthorized, b.ask("GET", "/fresh").Code, "what is renewed is not fresh")

	for range 30 { // it slides
		b.pass(14 * time.Minute)
		assert.True(t, b.renews(t, "GET", "/protected"))
	}
	b.pass(15 * time.Minute)
	rec := b.ask("GET", "/protected")
	assertAnswer(t, rec, inv("token_expired", "Signature has expired"))
	assert.Empty(t, rec.Result().Cookies())
}

// A shorter life than the setting's stays as short, and is renewed in its second half.
func TestRenew_ShortTokens(t *testing.T) {
	b := newSlider(t)
	b.GET("/log-in", func(c *gin.Context) { _, _ = b.auth.Bind(c).Login("bob", authjwt.WithExpires(time.Minute)) })
	b.ask("GET", "/log-in")
	for range 3 {
		b.pass(30 * time.Second)
		assert.False(t, b.renews(t, "GET", "/protected"))
		b.pass(time.Second)
		assert.True(t, b.renews(t, "GET", "/protected"))
	}
}

// The session ends when the login said so, whatever slides.
func TestR05_RenewalsEndWithTheSession(t *testing.T) {
	b := newSlider(t, func(s *authjwt.Settings) { s.SessionExpires = time.Hour })
	require.Equal(t, http.StatusOK, b.ask("POST", "/login").Code)
	end, renewals := testNow.Add(time.Hour), 0
	for b.time().Before(end) {
		if b.renews(t, "GET", "/protected") {
			renewals++
		}
		exp, err := b.claims(t, b.cookie[slidingCookie])["exp"].(json.Number).Int64()
		require.NoError(t, err)
		assert.LessOrEqual(t, exp, end.Unix())
		b.pass(time.Minute)
	}
	assert.Equal(t, 5, renewals, "every eleven minutes, until nothing is to be won")
	assertAnswer(t, b.ask("GET", "/protected"), inv("token_expired", "Signature has expired"))
}

func TestRenew_Not(t *testing.T) {
	for name, row := range map[string]struct {
		edit    func(s *authjwt.Settings)
		change  func(b *slider)
		request func(req *http.Request)
		renewed bool
	}{
		"the twin":       {renewed: true},
		"off":            {edit: func(s *authjwt.Settings) { s.RefreshWithin = 0 }},
		"from a header":  {request: func(req *http.Request) { moveToHeader(req) }},
		"own page":       {request: func(req *http.Request) { req.Header.Set("Sec-Fetch-Site", "same-origin") }, renewed: true},
		"typed":          {request: func(req *http.Request) { req.Header.Set("Sec-Fetch-Site", "none") }, renewed: true},
		"another site's": {request: func(req *http.Request) { req.Header.Set("Sec-Fetch-Site", "cross-site") }},
		"another origin": {request: func(req *http.Request) { req.Header.Set("Origin", "https://other.example") }},
		"a trusted one": {edit: func(s *authjwt.Settings) { s.TrustedOrigins = []string{"https://other.example"} },
			request: func(req *http.Request) { req.Header.Set("Origin", "https://other.example") }, renewed: true},
		"the store fails at the second question": {change: func(b *slider) { b.failAfterOne() }},
		"within the leeway": {edit: func(s *authjwt.Settings) { s.DecodeLeeway = time.Minute },
			change: func(b *slider) { b.pass(4*time.Minute + time.Second) }},
		"at its end, within the leeway": {edit: func(s *authjwt.Settings) { s.DecodeLeeway = time.Minute },
			change: func(b *slider) { b.pass(4 * time.Minute) }},
		"no session":          {change: func(b *slider) { b.cookie[slidingCookie] = due(map[string]any{"csrf": "x"}) }},
		"a session of ours":   {change: func(b *slider) { b.cookie[slidingCookie] = due(ofASession) }, renewed: true},
		"without end":         {change: func(b *slider) { b.cookie[slidingCookie] = due(lacking("session_exp")) }},
		"an outside issuer's": {change: func(b *slider) { b.cookie[slidingCookie] = due(with(ofASession, "iss", "other")) }},
		"an untyped one": {edit: func(s *authjwt.Settings) { s.UntypedTokens = authjwt.Access },
			change: func(b *slider) { b.cookie[slidingCookie] = due(with(ofASession, "type", nil)) }},
		"without iat": {change: func(b *slider) { b.cookie[slidingCookie] = due(lacking("iat")) }},
	} {
		t.Run(name, func(t *testing.T) {
			edit := row.edit
			if edit == nil {
				edit = func(*authjwt.Settings) {}
			}
			b := newSlider(t, edit)
			b.logIn(t)
			if row.change != nil {
				row.change(b)
			}
			req := httptest.NewRequest("GET", "https://example.com/protected", nil)
			rec := httptest.NewRecorder()
			req.AddCookie(&http.Cookie{Name: slidingCookie, Value: b.cookie[slidingCookie]})
			if row.request != nil {
				row.request(req)
			}
			b.ServeHTTP(rec, req)
			assert.Equal(t, http.StatusOK, rec.Code, rec.Body)
			assert.Equal(t, row.renewed, len(rec.Result().Cookies()) == 2, rec.Result().Cookies())
			want := 0
			if row.renewed {
				want = 1
			}
			assert.Equal(t, want, b.told.count(authjwt.EventRenewed))
		})
	}
}

func moveToHeader(req *http.Request) {
	c, _ := req.Cookie(slidingCookie)
	req.Header.Del("Cookie")
	req.Header.Set("Authorization", "Bearer "+c.Value)
}

// ofASession are the claims of a token eleven minutes after its making.
var ofASession = map[string]any{"sid": "b8b2a3a4-0000-4000-8000-000000000000", "session_exp": testNow.Add(time.Hour).Unix(), "csrf": "x"}

func lacking(name string) map[string]any { return with(ofASession, name, nil) }

// with is a copy of claims with one of another value; nil: it is left out.
func with(claims map[string]any, name string, value any) map[string]any {
	changed := maps.Clone(claims)
	changed[name] = value
	return changed
}

func due(changes map[string]any) string {
	c := claims(map[string]any{"exp": testNow.Add(15 * time.Minute).Unix()})
	for name, v := range changes {
		if c[name] = v; v == nil {
			delete(c, name)
		}
	}
	return signedClaims(&testing.T{}, c)
}

// failAfterOne lets the store answer one question more.
func (b *slider) failAfterOne() {
	b.store.Store = &hookedStore{Store: b.store.Store, get: func([]string) { b.store.Be(storetest.Fails) }}
}

// A CSRF value that belongs to nobody's cookie, as of another maker who has the key, is not taken over.
func TestRenew_OddCSRFValues(t *testing.T) {
	for _, value := range []string{`x","sub":"mallory`, `x\`, "a;b", "é", ""} {
		b := newSlider(t)
		b.pass(11 * time.Minute)
		c := with(ofASession, "csrf", value)
		b.cookie[slidingCookie] = due(c)
		require.True(t, b.renews(t, "GET", "/protected"))
		renewed := b.claims(t, b.cookie[slidingCookie])
		assert.Equal(t, "alice", renewed["sub"])
		assert.Len(t, renewed["csrf"], 36)
		assert.Equal(t, renewed["csrf"], b.cookie[slidingValue])
	}
}

// The bounds of the setting, and what a Manager makes of tokens that were made by other settings.
func TestRenew_Settings(t *testing.T) {
	for _, within := range []time.Duration{time.Second, 450 * time.Second} {
		newManager(t, slides, func(s *authjwt.Settings) { s.RefreshWithin = within })
	}
	for _, row := range []struct{ setting, life time.Duration }{{10 * time.Minute, 10 * time.Minute}, {time.Hour, 15 * time.Minute}} {
		b := newSlider(t, func(s *authjwt.Settings) { s.AccessTokenExpires = row.setting })
		b.pass(11 * time.Minute)
		b.cookie[slidingCookie] = due(ofASession) // of fifteen minutes
		require.True(t, b.renews(t, "GET", "/protected"))
		exp, err := b.claims(t, b.cookie[slidingCookie])["exp"].(json.Number).Int64()
		require.NoError(t, err)
		assert.Equal(t, b.time().Add(row.life).Unix(), exp, "no longer than the setting, and than before")
	}
}

// The second question says that a token may be made of its answer: a store must not answer it by a cache.
func TestRenew_AsksPastCaches(t *testing.T) {
	b := newSlider(t)
	b.logIn(t)
	var asked []bool
	b.store.Store = &hookedStore{Store: b.store.Store, get: func(keys []string) {
		asked = append(asked, strings.Contains(strings.Join(keys, " "), ":used:"))
	}}
	require.True(t, b.renews(t, "GET", "/protected"))
	assert.Equal(t, []bool{false, true}, asked)
}
