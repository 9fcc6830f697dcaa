package authjwt_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/assert"

	"github.com/gin-authjwt/authjwt"
)

func recordOf(h http.Handler, req *http.Request) *httptest.ResponseRecorder {
	return answerTo(h, req, nil)
}

func TestKeySet_MakesNoTokens(t *testing.T) {
	set := new(issuer)
	set.returns(ed25519Key().Public())
	for name, m := range map[string]*authjwt.Manager{
		"KeySet": newManager(t, withKeySet(set), inMemory), "with Algorithm": newManager(t, withKeySet(set), inMemory, func(s *authjwt.Settings) { s.Algorithm = "EdDSA" }),
		"PublicKey": newManager(t, verifiesWith("EdDSA"), inMemory),
	} {
		const fix = "the Manager only verifies; to sign, set Settings.SecretKey, PrivateKey or a KeyRing that has one"
		for _, create := range []func(string, ...authjwt.TokenOption) (string, error){m.CreateAccessToken, m.CreateRefreshToken} {
			token, err := create("alice")
			assert.Empty(t, token, name)
			assert.ErrorContains(t, err, fix, name)
			assert.NotErrorIs(t, err, authjwt.ErrUnavailable, name)
		}
		_, err := m.CreateAccessToken("alice", authjwt.WithAlgorithm("EdDSA"))
		assert.ErrorContains(t, err, fix, name)
		for handler, mount := range map[string]func(){
			"LoginHandler":   func() { m.LoginHandler(loginAs("alice")) },
			"RefreshHandler": func() { m.RefreshHandler(authjwt.Routes{}) },
			"Login":          func() { m.Mount(gin.New(), loginAs("alice")) },
		} {
			assert.True(t, panicsWith(fix+"; mount the handler where tokens are made", mount), "%s, %s", name, handler)
			assert.True(t, panicsWith("authjwt: "+handler, mount), "%s, %s", name, handler)
		}
		assert.Empty(t, m.PublicKeys(), name)

		// Login in a handler of one's own is a mistake of the application: 500, and no outage.
		own := guard(t, func(c *gin.Context) {
			_, err := m.Bind(c).Login("alice")
			m.Bind(c).Abort(err)
		})
		assertAnswer(t, own.get(), outcome{500, "internal_error", "Internal Server Error", "-"})

		token := byTheirs(t, "EdDSA", "")
		g := guard(t, m.Required())
		g.assertAccepted(t, g.get("Bearer "+token))
		logout := gin.New()
		logout.POST("/", m.LogoutHandler())
		rec := recordOf(logout, request(http.MethodPost, "Authorization", "Bearer "+token))
		assert.Equal(t, http.StatusOK, rec.Code, name)
		g.assertRefused(t, g.get("Bearer "+token), revoked)
	}
}

// A logout that cannot find out whose token it is says so, for nothing was revoked.
func TestKeySet_LogoutInAnOutage(t *testing.T) {
	j, i := newIssued(t, inMemory)
	token := byTheirs(t, "EdDSA", "")
	logout := gin.New()
	logout.POST("/", j.m.LogoutHandler())
	i.fails(errKMS)
	assertAnswer(t, recordOf(logout, request(http.MethodPost, "Authorization", "Bearer "+token)), down)
	i.returns(ed25519Key().Public())
	j.accepts(t, token)
	i.returns(nil) // nobody's token: there is nothing to end
	assert.Equal(t, http.StatusOK, recordOf(logout, request(http.MethodPost, "Authorization", "Bearer "+token)).Code)
}

// Several keys for one header, in turn and at once: each token is judged by the key that was returned for it.
func TestKeySet_Concurrent(t *testing.T) {
	var mu sync.Mutex
	keys := map[string]crypto.PublicKey{"a": ed25519Key().Public(), "b": otherEd().Public()}
	set := keySetFunc(func(_ context.Context, kid, _ string) (crypto.PublicKey, error) {
		mu.Lock()
		defer mu.Unlock()
		return keys[kid], nil
	})
	m := newManager(t, withKeySet(set))
	a, b := authjwt.Key{PrivateKey: ed25519Key()}, authjwt.Key{PrivateKey: otherEd()}
	good := []string{byKey(t, a, withKid("a")), byKey(t, b, withKid("b"))}
	swapped := []string{byKey(t, b, withKid("a")), byKey(t, a, withKid("b"))}
	unknown := byKey(t, a, withKid("c"))
	var all sync.WaitGroup
	for n := range 8 {
		all.Go(func() {
			for range 200 {
				_, err := m.Verify(context.Background(), good[n%2], authjwt.Access)
				assert.NoError(t, err)
				_, err = m.Verify(context.Background(), swapped[n%2], authjwt.Access)
				assert.ErrorIs(t, err, jwt.ErrTokenSignatureInvalid)
				_, err = m.Verify(context.Background(), unknown, authjwt.Access)
				assert.ErrorIs(t, err, jwt.ErrTokenUnverifiable)
			}
		})
	}
	all.Wait()

	// The key under one kid changes all the time.
	for n := range 4 {
		all.Go(func() {
			for i := range 200 {
				if n == 0 {
					mu.Lock()
					keys["a"] = []crypto.PublicKey{ed25519Key().Public(), otherEd().Public()}[i%2]
					mu.Unlock()
				}
				_, err := m.Verify(context.Background(), unknown, authjwt.Access)
				assert.ErrorIs(t, err, jwt.ErrTokenUnverifiable)
				_, first := m.Verify(context.Background(), good[0], authjwt.Access)
				if first != nil {
					assert.ErrorIs(t, first, jwt.ErrTokenSignatureInvalid)
				}
			}
		})
	}
	all.Wait()
	var typed *ecdsa.PublicKey
	keys["a"] = typed
	_, err := m.Verify(t.Context(), good[0], authjwt.Access)
	assert.ErrorIs(t, err, jwt.ErrTokenUnverifiable)
}

type keySetFunc func(ctx context.Context, kid, alg string) (crypto.PublicKey, error)

func (f keySetFunc) VerificationKey(ctx context.Context, kid, alg string) (crypto.PublicKey, error) {
	return f(ctx, kid, alg)
}

// What the set says in its own words is passed on, from 500 on: whose token it is was not found out.
func TestKeySet_OwnOutage(t *testing.T) {
	j, i := newIssued(t, inMemory, inCookies)
	token := byTheirs(t, "EdDSA", "")
	own := &authjwt.Error{Status: http.StatusInternalServerError, Code: "hsm_lost", Detail: "The HSM is lost"}
	answer := outcome{500, "hsm_lost", "The HSM is lost", "-"}
	i.fails(own)
	_, err := act(j.m, request(http.MethodPost), func(a *authjwt.AuthJWT) error { return a.SetAccessCookies(token) })
	assertError(t, err, answer)
	rec, err := act(j.m, request(http.MethodPost, "Cookie", "access_token_cookie="+token), (*authjwt.AuthJWT).Logout)
	assertError(t, err, answer)
	assert.Empty(t, setCookies(t, rec))

	i.fails(&authjwt.Error{Status: http.StatusTeapot, Code: "teapot", Detail: "No"}) // a refusal: there is nothing to end
	rec, err = act(j.m, request(http.MethodPost, "Cookie", "access_token_cookie="+token), (*authjwt.AuthJWT).Logout)
	assert.NoError(t, err)
	assert.Len(t, setCookies(t, rec), 4)
}
