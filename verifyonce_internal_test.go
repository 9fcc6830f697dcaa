package authjwt

import (
	"context"
	"errors"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A countingManager counts the tokens that it verifies to their end.
type countingManager struct {
	*Manager
	verified int
	now      time.Time
}

func newCountingManager(tb testing.TB) *countingManager {
	tb.Helper()
	m := &countingManager{now: time.Unix(1_772_366_400, 0)}
	var err error
	m.Manager, err = New(Settings{
		SecretKey: plainSecret, DecodeAudience: []string{"api"}, TokenLocation: []Location{Headers, Cookies, Query},
		Now: func() time.Time { return m.now },
		Validate: func(_ context.Context, t *Token) error {
			if m.verified++; strings.HasPrefix(t.Subject, "mallory") {
				return errors.New("he is known")
			}
			return nil
		},
	})
	require.NoError(tb, err)
	return m
}

func (m *countingManager) token(tb testing.TB, subject string, opts ...TokenOption) string {
	tb.Helper()
	token, err := m.CreateAccessToken(subject, append(opts, WithAudience("api"))...)
	require.NoError(tb, err)
	return token
}

// bind is an AuthJWT of a request that presents a token in its header; empty: in none.
func (m *countingManager) bind(token string, fields ...string) *AuthJWT {
	c, _ := gin.CreateTestContext(httptest.NewRecorder())
	c.Request = httptest.NewRequest("GET", "https://example.com/", nil)
	if token != "" {
		c.Request.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i < len(fields); i += 2 {
		c.Request.Header.Add(fields[i], fields[i+1])
	}
	m.verified = 0
	return m.Bind(c)
}

func TestVerifyOnce_SameCredential(t *testing.T) {
	m := newCountingManager(t)
	a := m.bind(m.token(t, "alice", WithFresh(), WithGrantedScopes("read")))
	for range 3 {
		assert.NoError(t, a.JWTRequired())
		assert.NoError(t, a.JWTOptional(WithLocations(Headers)))
		assert.NoError(t, a.FreshJWTRequired(WithScopes("read")))
		got, err := a.Verify(Access)
		require.NoError(t, err)
		assert.Equal(t, a.Token(), got)
		_, err = a.Verify(Refresh) // refused by the requirement, not by the token
		assert.ErrorIs(t, err, ErrRefreshTokenRequired)
		_, err = a.Verify(Access, WithScopes("write"))
		assert.ErrorIs(t, err, ErrInsufficientScope)
	}
	assert.Equal(t, 1, m.verified)

	given := m.token(t, "bob")
	for range 3 {
		got, err := a.Verify(Access, WithToken(given))
		require.NoError(t, err)
		assert.Equal(t, "bob", got.Subject)
	}
	assert.Equal(t, 2, m.verified, "another is verified once")
}

func TestVerifyOnce_ErrorsAreRemembered(t *testing.T) {
	m := newCountingManager(t)
	a := m.bind(m.token(t, "mallory"))
	_, first := a.Verify(Access)
	for range 3 {
		_, err := a.Verify(Access)
		assert.Same(t, first, err)
		assert.ErrorIs(t, err, ErrJWTDecode)
	}
	assert.Error(t, a.JWTOptional())
	assert.Equal(t, 1, m.verified)
	assert.Nil(t, a.Token())

	tampered := m.token(t, "alice")
	a = m.bind(tampered[:len(tampered)-4] + "AAAA")
	_, first = a.Verify(Access)
	_, err := a.Verify(Access)
	assert.Same(t, first, err)
	_, err = a.Verify(Access, WithToken(tampered))
	assert.NoError(t, err, "its twin is good")
}

// Each credential gets its own token or error, whatever was verified before it.
func TestVerifyOnce_InAnyOrder(t *testing.T) {
	m := newCountingManager(t)
	// Each has what the others lack, so that nothing of one shows through in another.
	tokens := map[string]string{
		"alice":    m.token(t, "alice", WithFresh(), WithGrantedScopes("read", "write"), WithPersistentCookies(true)),
		"bob":      m.token(t, "bob", WithGrantedScopes("admin"), WithClaims(map[string]any{"x": 1})),
		"carol":    m.token(t, "carol", WithExpires(time.Minute)),
		"mallory":  m.token(t, "mallory", WithFresh(), WithGrantedScopes("admin")),
		"mallory2": m.token(t, "mallory2"),
		"broken":   "x.y.z",
	}
	want := map[string]*Token{}
	for name, raw := range tokens {
		if token, err := m.Verify(t.Context(), raw, Access); err == nil {
			want[name] = token
		}
	}
	require.Len(t, want, 3)
	check := func(a *AuthJWT, name, label string) {
		got, err := a.Verify(Access, WithToken(tokens[name]))
		assert.Equal(t, want[name], got, "%s in %s", name, label)
		assert.Equal(t, want[name] == nil, err != nil, "%s in %s", name, label)
	}
	for first := range tokens {
		for second := range tokens {
			for third := range tokens {
				label := first + "-" + second + "-" + third + "-" + first
				a := m.bind("")
				for _, name := range []string{first, second, third, first, second} {
					check(a, name, label)
					check(a, name, label)
				}
			}
		}
	}
}

// A token that a guard has accepted stays what it was, whatever is verified after it.
func TestVerifyOnce_AcceptedStays(t *testing.T) {
	m := newCountingManager(t)
	alice, bob, mallory := m.token(t, "alice", WithFresh(), WithGrantedScopes("read")), m.token(t, "bob", WithGrantedScopes("admin")), m.token(t, "mallory")
	for _, others := range [][]string{{bob}, {mallory}, {"x"}, {bob, mallory, bob}, {mallory, bob}, {bob, alice, mallory, "", bob}} {
		a := m.bind(alice)
		require.NoError(t, a.JWTRequired())
		ctx, kept, accepted := a.Context(), a.Token(), a.accepted.Load()
		want := *accepted
		want.Audience, want.Scopes = []string{"api"}, []string{"read"}
		for _, raw := range others {
			_, _ = a.Verify(Access, WithToken(raw))
			assert.Equal(t, kept, a.Token())
			assert.Equal(t, &want, accepted)
			fromContext, _ := TokenFromContext(ctx)
			assert.Equal(t, kept, fromContext)
			assert.Equal(t, []string{"alice", alice}, []string{a.Subject(), a.Token().Raw()})
		}
		assert.NoError(t, a.JWTRequired(WithScopes("read")), "the request's own, again")
		assert.Equal(t, kept, a.Token())
		assert.NoError(t, a.JWTRequired(WithToken(bob)))
		assert.Equal(t, "bob", a.Subject(), "until another is accepted")
		assert.Equal(t, &want, accepted)
	}
}

// The same text in another place is another credential: Location tells where it stood.
func TestVerifyOnce_Location(t *testing.T) {
	m := newCountingManager(t)
	token := m.token(t, "alice")
	a := m.bind(token, "Cookie", "access_token_cookie="+token)
	for _, want := range []Location{Headers, Cookies, Headers, ""} {
		opt := WithLocations(want)
		if want == "" {
			opt = WithToken(token)
		}
		for range 2 {
			got, err := a.Verify(Access, opt)
			require.NoError(t, err)
			assert.Equal(t, want, got.Location)
		}
	}
	// A location remembers no verdict of the CSRF check: it is made each time.
	a = m.bind("", "Cookie", "access_token_cookie="+token)
	a.c.Request.Method = "POST"
	_, err := a.Verify(Access)
	assert.ErrorIs(t, err, ErrCSRF)
	_, err = a.Verify(Access, WithToken(token))
	assert.NoError(t, err)
	for range 2 {
		_, err = a.Verify(Access)
		assert.ErrorIs(t, err, ErrCSRF)
		_, err = a.Verify(Access, WithCSRFToken("wrong"))
		assert.ErrorIs(t, err, ErrCSRF)
		good, err := m.Verify(t.Context(), token, Access)
		require.NoError(t, err)
		_, err = a.Verify(Access, WithCSRFToken(good.CSRFToken()))
		assert.NoError(t, err)
	}
}

// What is remembered is a request's: the next one asks anew, and a token that has expired meanwhile is refused there.
func TestVerifyOnce_PerRequest(t *testing.T) {
	m := newCountingManager(t)
	token := m.token(t, "alice", WithExpires(time.Minute))
	a := m.bind(token)
	require.NoError(t, a.JWTRequired())
	m.now = m.now.Add(time.Hour)
	assert.NoError(t, a.JWTRequired(), "it was good when the request came")
	assert.ErrorIs(t, m.bind(token).JWTRequired(), ErrJWTDecode)
	m.now = m.now.Add(-time.Hour)
	assert.NoError(t, m.bind(token).JWTRequired())
}
