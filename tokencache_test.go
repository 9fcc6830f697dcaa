package authjwt_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
	"github.com/gin-authjwt/authjwt/storetest"
)

// caching remembers tokens, of Ed25519 keys unless others are set.
func caching(s *authjwt.Settings) {
	if s.VerifiedTokenCache = 100; s.KeyRing == nil && s.KeySet == nil {
		signsWith("EdDSA")(s)
	}
}

// A token that was accepted and is known is judged anew by the clock, on both sides of each edge.
func TestTokenCache_Clock(t *testing.T) {
	now := testNow
	j := newJudge(t, caching, func(s *authjwt.Settings) { s.Now = func() time.Time { return now } })
	expired := inv("token_expired", "Signature has expired")
	token := mustCreate(t, j.m, authjwt.WithExpires(time.Minute))
	for range 2 { // known from the second time on
		j.accepts(t, token)
		now = testNow.Add(time.Minute)
		j.refuses(t, token, expired, authjwt.ErrJWTDecode, jwt.ErrTokenExpired)
		now = testNow.Add(time.Minute - 1)
		j.accepts(t, token)
		now = testNow.Add(-5*time.Second - 1) // set back beyond ClockSkew
		j.refuses(t, token, inv("token_not_yet_valid", "The token is not yet valid (iat)"), authjwt.ErrJWTDecode, jwt.ErrTokenUsedBeforeIssued)
		now = testNow
	}
}

// Type, freshness, scopes and CSRF are the guard's business each time, whichever guard saw the token first.
func TestTokenCache_Guards(t *testing.T) {
	m := newManager(t, inCookies, caching)
	token, csrf := newPair(t, m)
	ok, missing := http.StatusOK, http.StatusForbidden
	guards := map[string]*guarded{
		"required": guard(t, m.Required()), "fresh": guard(t, m.FreshRequired()),
		"refresh": guard(t, m.RefreshRequired()), "scoped": guard(t, m.Required(authjwt.WithScopes("admin"))),
	}
	for range 3 {
		assert.Equal(t, ok, guards["required"].do(withCookie(http.MethodGet, token, "")).Code)
		assert.Equal(t, ok, guards["required"].do(withCookie(http.MethodPost, token, csrf)).Code)
		assert.Equal(t, missing, guards["required"].do(withCookie(http.MethodPost, token, "")).Code)
		assert.Equal(t, missing, guards["required"].do(withCookie(http.MethodPost, token, csrf[1:]+"0")).Code)
		assert.Equal(t, http.StatusUnauthorized, guards["fresh"].do(withCookie(http.MethodGet, token, "")).Code)
		assert.Equal(t, http.StatusForbidden, guards["scoped"].do(withCookie(http.MethodGet, token, "")).Code)
		_, err := m.Verify(t.Context(), token, authjwt.Refresh)
		assert.ErrorIs(t, err, authjwt.ErrRefreshTokenRequired)
		_, err = m.Verify(t.Context(), token, authjwt.Access)
		assert.NoError(t, err)
	}
}

// Store, TokenInDenylist and Validate are asked about a known token as about a new one.
func TestTokenCache_Revocation(t *testing.T) {
	s := newService(t, caching)
	for name, end := range map[string]func(access *authjwt.Token) error{
		"token":   func(access *authjwt.Token) error { return s.auth.Revoke(t.Context(), access) },
		"session": func(access *authjwt.Token) error { return s.auth.RevokeSession(t.Context(), access.SessionID) },
		"subject": func(*authjwt.Token) error { return s.auth.RevokeSubject(t.Context(), "alice") },
	} {
		login := s.login(t)
		for range 2 {
			assert.Equal(t, http.StatusOK, s.do(http.MethodGet, "/protected", login.Access).Code, name)
		}
		access, err := s.auth.Verify(t.Context(), login.Access, authjwt.Access)
		require.NoError(t, err)
		require.NoError(t, end(access))
		for range 2 {
			rec := s.do(http.MethodGet, "/protected", login.Access)
			assert.Equal(t, http.StatusUnauthorized, rec.Code, name)
			assert.Contains(t, rec.Body.String(), "token_revoked", name)
		}
		s.pass(2 * time.Second)
	}
	login := s.login(t)
	assert.Equal(t, http.StatusOK, s.do(http.MethodGet, "/protected", login.Access).Code)
	s.store.Be(storetest.Fails)
	assert.Equal(t, http.StatusServiceUnavailable, s.do(http.MethodGet, "/protected", login.Access).Code)
}

func TestTokenCache_Callbacks(t *testing.T) {
	var inDenylist, validated int
	verdict := error(nil)
	j := newJudge(t, caching, func(s *authjwt.Settings) {
		s.TokenInDenylist = func(context.Context, *authjwt.Token) (bool, error) { inDenylist++; return false, nil }
		s.Validate = func(_ context.Context, t *authjwt.Token) error {
			validated++
			t.Audience = append(t.Audience, "changed")
			return verdict
		}
	})
	token := mustCreate(t, j.m)
	for i := range 3 {
		got := j.accepts(t, token)
		assert.Empty(t, got.Audience)
		assert.Equal(t, 2*(i+1), inDenylist)
		assert.Equal(t, 2*(i+1), validated)
	}
	verdict = errors.New("no more")
	j.refuses(t, token, inv("token_refused", "Token is not accepted"), authjwt.ErrJWTDecode, verdict)
}

// A key that is retired, or whose deadline is over, ends its tokens at once.
func TestTokenCache_Rotation(t *testing.T) {
	a, b, _, _ := fourKeys(t, "Ed25519")
	r := newRinged(t, []authjwt.Key{a}, caching)
	known := mustCreate(t, r.m, authjwt.WithExpires(24*time.Hour))
	r.accepts(t, known)
	r.replaced(t, b, previous(a))
	r.accepts(t, known)
	r.accepts(t, known)
	r.replaced(t, b, retired(a))
	r.unknown(t, known)

	r = newRinged(t, []authjwt.Key{b, previous(a, testNow.Add(time.Hour))}, caching)
	known = byKey(t, a, withKid("a"))
	r.now = testNow.Add(30 * time.Second)
	r.accepts(t, known)
	late := newRinged(t, []authjwt.Key{b, previous(a, testNow.Add(10*time.Second))}, caching)
	late.accepts(t, known)
	late.now = testNow.Add(10*time.Second - 1)
	late.accepts(t, known)
	late.now = testNow.Add(10 * time.Second)
	late.unknown(t, known)
}

// A KeySet is asked each time: its word counts, not the memory of a key that it had.
func TestTokenCache_KeySet(t *testing.T) {
	j, i := newIssued(t, caching)
	for _, alg := range []string{"EdDSA", "ES256", "RS256"} {
		token := byTheirs(t, alg, withKid("k1"))
		i.returns(publicKey(alg))
		j.accepts(t, token)
		i.asked = nil
		j.accepts(t, token)
		assert.Equal(t, []string{"k1/" + alg, "k1/" + alg}, i.asked, "once for each verification")
		i.returns(nil)
		refusesKey(t, j, token)
		i.fails(errors.New("away"))
		i.asked = nil
		j.guardRefuses(t, token, outcome{503, "unavailable", "Service Unavailable", "-"}, authjwt.ErrUnavailable)
		assert.Len(t, i.asked, 1, "a set that is away is not asked again")
		i.returns(publicKey(alg))
		j.accepts(t, token)
	}
	token := byTheirs(t, "EdDSA", withKid("k1"))
	i.returns(publicKey("EdDSA"))
	j.accepts(t, token)
	i.returns(otherEd().Public()) // of the same kid
	j.refuses(t, token, isSignature.outcome, isSignature.cause)
}

// With the cache and without it a token gets the same answer, the first time and every other: over generated tokens,
// good ones and bad ones.
func TestTokenCache_ChangesNoAnswer(t *testing.T) {
	now := testNow
	clock := func(s *authjwt.Settings) {
		s.Now = func() time.Time { return now }
		s.DecodeIssuer, s.DecodeAudience = "https://issuer.example", []string{"api"}
		s.DecodeAlgorithms = []string{"HS256", "EdDSA"}
		s.SecretKey, s.PrivateKey, s.Algorithm = testSecret, privateKey("EdDSA"), "EdDSA"
	}
	plain, cached := newManager(t, clock), newManager(t, clock, func(s *authjwt.Settings) { s.VerifiedTokenCache = 50 })
	random := rand.New(rand.NewPCG(3, 4))
	var raws []string
	accepted := 0
	for range 3000 {
		raw := randomToken(t, random)
		if random.IntN(2) == 0 { // of a key that the cache is for
			raw = resigned(t, random)
		}
		raws = append(raws, raw)
		for range 3 {
			now = testNow.Add(time.Duration(random.IntN(100)) * time.Second)
			again := raws[len(raws)-1-random.IntN(min(len(raws), 20))]
			for _, want := range []authjwt.TokenType{authjwt.Access, authjwt.Refresh} {
				wantToken, wantErr := plain.Verify(t.Context(), again, want)
				token, err := cached.Verify(t.Context(), again, want)
				require.Equal(t, fmt.Sprint(wantErr), fmt.Sprint(err), again)
				require.Equal(t, wantToken, token)
				if err == nil {
					accepted++
				}
			}
		}
	}
	assert.Greater(t, accepted, 500, "or the generator has lost its edge")
}

// resigned is a random token of the Ed25519 key.
func resigned(t *testing.T, random *rand.Rand) string {
	payload := goodPayload()
	switch random.IntN(4) {
	case 0:
		payload = `{"sub":"a","exp":1}`
	case 1:
		payload = fmt.Sprintf(`{"sub":"bob","iss":"https://issuer.example","aud":["x","api"],"type":"refresh","jti":"1","exp":%d}`, testNow.Unix()+int64(random.IntN(100)))
	case 2:
		payload = fmt.Sprintf(`{"sub":"bob","iss":"https://issuer.example","aud":"api","type":"access","jti":"1","x":{"a":[]},"exp":%d}`, testNow.Unix()+int64(random.IntN(100)))
	}
	return compactBy(t, "EdDSA", privateKey("EdDSA"), headerOf("EdDSA", ""), payload)
}

// Under traffic, from when Replace has returned on, no token of a retired key is accepted, and none of a good key refused.
func TestTokenCache_RotationUnderTraffic(t *testing.T) {
	a, b, c, _ := fourKeys(t, "Ed25519")
	ring := must(authjwt.NewKeyRing(a, next(b), next(c)))
	m := newManager(t, withKeys(ring), caching)
	doomed, good := byKey(t, a, withKid("a")), byKey(t, c, withKid("c"))
	var retiredNow atomic.Bool
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 2000 {
				over := retiredNow.Load()
				if _, err := m.Verify(t.Context(), doomed, authjwt.Access); over && err == nil {
					t.Error("accepted by a retired key")
					return
				}
				if _, err := m.Verify(t.Context(), good, authjwt.Access); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	require.NoError(t, ring.Replace(b, retired(a), next(c)))
	retiredNow.Store(true)
	wg.Wait()
}

// The largest size that is possible takes memory only as it fills.
func TestTokenCache_LargestSize(t *testing.T) {
	m := newManager(t, signsWith("EdDSA"), func(s *authjwt.Settings) { s.VerifiedTokenCache = 1 << 20 })
	_, err := m.Verify(t.Context(), mustCreate(t, m), authjwt.Access)
	assert.NoError(t, err)
}
