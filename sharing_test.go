package authjwt_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

// together runs n functions at once, for the race detector to see.
func together(n int, run func(i int)) {
	var group sync.WaitGroup
	for i := range n {
		group.Go(func() { run(i) })
	}
	group.Wait()
}

func TestS05_SettingsAreCopied(t *testing.T) {
	s := authjwt.Settings{
		SecretKey: testSecret, Now: func() time.Time { return testNow }, TokenLocation: []authjwt.Location{authjwt.Headers},
		DecodeAlgorithms: []string{"HS256", "HS512"}, EncodeAudience: []string{"api"}, DecodeAudience: []string{"api", "mobile"},
	}
	m, err := authjwt.New(s)
	require.NoError(t, err)
	token := func(alg, aud string) string {
		text, err := json.Marshal(claims(map[string]any{"aud": aud}))
		require.NoError(t, err)
		return compact(t, alg, `{"alg":"`+alg+`"}`, string(text))
	}
	rows := map[string]bool{token("HS512", "api"): true, token("HS384", "api"): false, token("HS256", "mobile"): true, token("HS256", "evil"): false}
	required := m.Required()
	// Item 0 changes what the Manager was made of while the guards of the others run.
	together(8, func(i int) {
		for range 50 {
			if i == 0 {
				s.TokenLocation[0] = authjwt.Query
				s.DecodeAlgorithms[0], s.DecodeAlgorithms[1] = "HS384", "HS384"
				s.EncodeAudience[0], s.DecodeAudience[0], s.DecodeAudience[1] = "evil", "evil", "evil"
				continue
			}
			for text, good := range rows {
				g := guard(t, required)
				g.get("Bearer " + text)
				assert.Equal(t, good, g.ran)
			}
		}
	})
	minted, err := m.Verify(t.Context(), mustCreate(t, m), authjwt.Access)
	require.NoError(t, err)
	assert.Equal(t, []string{"api"}, minted.Audience)
}

func TestS06_CallersGetCopies(t *testing.T) {
	spoil := func(token *authjwt.Token) {
		token.Subject, token.Type, token.Fresh, token.ID = "mallory", authjwt.Refresh, true, ""
		token.Scopes[0], token.Audience[0] = "admin", "evil"
		text, _ := token.MarshalJSON()
		copy(text, "spoilt")
	}
	m := newManager(t, func(s *authjwt.Settings) {
		s.DecodeAudience = []string{"api"}
		s.Validate = func(_ context.Context, token *authjwt.Token) error { spoil(token); return nil }
	})
	check := func(token *authjwt.Token) {
		t.Helper()
		assert.Equal(t, []any{"alice", authjwt.Access, false, []string{"read"}, []string{"api"}}, []any{token.Subject, token.Type, token.Fresh, token.Scopes, token.Audience})
		assert.NotEmpty(t, token.ID)
		decoded, err := authjwt.ClaimsAs[map[string]any](token)
		require.NoError(t, err)
		assert.Equal(t, "alice", decoded["sub"])
	}
	scopes := []string{"read"}
	required := m.Required(authjwt.WithScopes(scopes...))
	scopes[0] = "admin"
	g := guard(t, required, func(c *gin.Context) {
		a := authjwt.FromContext(c)
		for range 2 { // the second time, what was handed out the first time is spoilt
			fromContext, ok := authjwt.TokenFromContext(a.Context())
			require.True(t, ok)
			verified, err := a.Verify(authjwt.Access)
			require.NoError(t, err)
			for _, token := range []*authjwt.Token{a.Token(), fromContext, verified} {
				check(token)
				spoil(token)
			}
			assert.Equal(t, "alice", a.Subject())
			_, err = a.Verify(authjwt.Access, authjwt.WithScopes("admin"))
			assert.ErrorIs(t, err, authjwt.ErrInsufficientScope)
			_, err = a.Verify(authjwt.Refresh)
			assert.ErrorIs(t, err, authjwt.ErrRefreshTokenRequired)
		}
	})
	g.assertAccepted(t, g.get("Bearer "+mustCreate(t, m, authjwt.WithClaims(map[string]string{"scope": "read"}))))

	for range 2 { // a refusal is made anew for every request
		_, err := m.Verify(t.Context(), "x", authjwt.Access)
		assertError(t, err, inv("token_malformed", "Not enough segments"))
		var e *authjwt.Error
		require.ErrorAs(t, err, &e)
		e.Status, e.Code, e.Detail = http.StatusOK, "", "spoilt"
	}
}

func TestS07_RequestsDoNotMeet(t *testing.T) {
	m := newManager(t)
	r := gin.New()
	r.GET("/", m.Optional(), func(c *gin.Context) { c.String(http.StatusOK, authjwt.FromContext(c).Subject()) })
	together(16, func(i int) {
		subject := fmt.Sprint("user-", i)
		token, err := m.CreateAccessToken(subject)
		assert.NoError(t, err)
		for n := range 200 {
			req, want := httptest.NewRequest(http.MethodGet, "/", nil), ""
			if n%3 != 0 { // in between, contexts from Gin's pool serve anonymous requests
				want = subject
				req.Header.Set("Authorization", "Bearer "+token)
			}
			rec := httptest.NewRecorder()
			r.ServeHTTP(rec, req)
			assert.Equal(t, want, rec.Body.String())
		}
	})
}

func TestS07_CopiesInGoroutines(t *testing.T) {
	m := newManager(t)
	var copied *gin.Context
	r := gin.New()
	r.GET("/:user", m.Required(), func(c *gin.Context) {
		if c.Param("user") != "alice" {
			return
		}
		copied = c.Copy()
		together(2, func(i int) { // while the request goes on
			if i == 0 {
				assert.NoError(t, m.Bind(c).JWTRequired())
			} else {
				assert.Equal(t, "alice", authjwt.FromContext(copied).Subject())
			}
		})
	})
	for _, subject := range []string{"alice", "bob", "bob", "bob"} { // alice's context comes back from Gin's pool as bob's
		token, err := m.CreateAccessToken(subject)
		require.NoError(t, err)
		req := httptest.NewRequest(http.MethodGet, "/"+subject, nil)
		req.Header.Set("Authorization", "Bearer "+token)
		rec := httptest.NewRecorder()
		r.ServeHTTP(rec, req)
		require.Equal(t, http.StatusOK, rec.Code)
	}
	together(4, func(int) {
		for _, a := range []*authjwt.AuthJWT{authjwt.FromContext(copied), m.Bind(copied)} {
			assert.Equal(t, "alice", a.Subject())
			assert.Equal(t, "alice", a.Token().Subject)
			fromContext, ok := authjwt.TokenFromContext(a.Context())
			assert.True(t, ok && fromContext.Subject == "alice")
		}
	})
	assertCopyIsUseless(t, authjwt.FromContext(copied))
	assert.Equal(t, "alice", authjwt.FromContext(copied).Subject(), "a failed guard changes nothing")
	assertCopyIsUseless(t, newManager(t).Bind(copied)) // bound to the copy alone
}

// assertCopyIsUseless calls every method that can fail, found by its signature, and Abort.
func assertCopyIsUseless(tb testing.TB, a *authjwt.AuthJWT) {
	tb.Helper()
	v, called := reflect.ValueOf(a), 0
	for i := range v.NumMethod() {
		method, name := v.Method(i), v.Type().Method(i).Name
		if n := method.Type().NumOut(); n == 0 || method.Type().Out(n-1) != reflect.TypeFor[error]() {
			continue
		}
		var args []reflect.Value
		for in := range method.Type().NumIn() {
			if typ := method.Type().In(in); typ.Kind() == reflect.String {
				args = append(args, reflect.ValueOf("access").Convert(typ)) // a subject, or a TokenType
			}
		}
		called++
		assert.NotPanics(tb, func() {
			out := method.Call(args)
			err, _ := out[len(out)-1].Interface().(error)
			assert.ErrorContains(tb, err, "copy of the request's context", name)
			assert.True(tb, len(out) == 1 || out[0].IsZero(), name)
		}, name)
	}
	assert.GreaterOrEqual(tb, called, 9)
	assert.NotPanics(tb, func() { a.Abort(authjwt.ErrCSRF) })
	assert.NotPanics(tb, func() { _ = fmt.Sprintf("%+v", a) })
}
