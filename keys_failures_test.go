package authjwt_test

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/hex"
	"errors"
	"math"
	"math/big"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

// For a point of low order a signature that anybody can make is good: R the neutral element, S zero.
func TestJ18_LowOrderEd25519(t *testing.T) {
	forged := make([]byte, ed25519.SignatureSize)
	forged[0] = 1
	forgeable := 0
	for _, y := range []string{ // by RFC 8032 §5.1.3 and its other spellings
		"0000000000000000000000000000000000000000000000000000000000000000", "0100000000000000000000000000000000000000000000000000000000000000",
		"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05", "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	} {
		for _, sign := range []byte{0, 0x80} {
			key := must(hex.DecodeString(y))
			key[31] |= sign
			for n := range 256 {
				if ed25519.Verify(key, []byte{byte(n)}, forged) {
					forgeable++
					break
				}
			}
			public := ed25519.PublicKey(key)
			_, err := authjwt.New(authjwt.Settings{PublicKey: public})
			assert.ErrorContains(t, err, "Settings.PublicKey: it is a point of low order", "%s %x", y, sign)
			_, err = authjwt.NewKeyRing(authjwt.Key{PublicKey: public})
			assert.ErrorContains(t, err, "PublicKey: it is a point of low order")
			j, i := newIssued(t)
			i.returns(public)
			refusesKey(t, j, byTheirs(t, "EdDSA", ""))
		}
	}
	assert.Equal(t, 14, forgeable, "for each of them crypto/ed25519 takes the forgery")
	_, err := authjwt.New(authjwt.Settings{PublicKey: ed25519Key().Public()})
	assert.NoError(t, err)
}

func TestJ18_DamagedRSA(t *testing.T) {
	n := rsaKey().N
	for fix, public := range map[string]*rsa.PublicKey{
		"the RSA modulus is even":                          {N: new(big.Int).Lsh(n, 1), E: 65537},
		"the RSA exponent 65536 is unsafe: it must be odd": {N: n, E: 65536},
	} {
		_, err := authjwt.New(authjwt.Settings{PublicKey: public})
		assert.ErrorContains(t, err, fix)
	}
	large := math.MaxInt32
	_, err := authjwt.New(authjwt.Settings{PublicKey: &rsa.PublicKey{N: n, E: large}})
	assert.NoError(t, err)
	if large += 2; large > 0 { // where an int has more than 32 bits
		_, err = authjwt.New(authjwt.Settings{PublicKey: &rsa.PublicKey{N: n, E: large}})
		assert.ErrorContains(t, err, "the RSA exponent 2147483649 is too large for crypto/rsa")
	}
}

// A KMS whose alias points to another key by now, and a key that its owner has overwritten.
func TestSigner_AnotherKey(t *testing.T) {
	signer, overwritten := &kms{key: ed25519Key()}, newEdKey()
	public := signer.key.Public()
	signer.public = func() crypto.PublicKey { return public }
	for name, private := range map[string]crypto.Signer{"alias": signer, "overwritten": overwritten} {
		t.Run(name, func(t *testing.T) {
			s := newService(t, func(set *authjwt.Settings) { set.SecretKey, set.PrivateKey = "", private }, inMemory)
			first := s.login(t)
			signer.key = otherEd()
			kept := append(ed25519.PrivateKey(nil), overwritten...)
			clear(overwritten)
			assertAnswer(t, s.do("POST", "/refresh", first.Refresh), down)
			s.pass(time.Minute)
			assertAnswer(t, s.do("POST", "/refresh", first.Refresh), down)
			assertAnswer(t, s.do("POST", "/login", ""), down)
			signer.key = ed25519Key()
			copy(overwritten, kept)
			s.accepts(t, s.refresh(t, first.Refresh)) // the token was not used up
		})
	}
}

// How long an issuer's tokens live, a Manager that only verifies cannot know.
func TestKeySet_RevocationsLast(t *testing.T) {
	now := testNow
	clock := func(s *authjwt.Settings) { s.Now = func() time.Time { return now } }
	j, i := newIssued(t, inMemory, clock)
	i.returns(publicKey("EdDSA"))
	token := func(sub, sid string) string {
		return compactBy(t, "EdDSA", privateKey("EdDSA"), headerOf("EdDSA", ""), payloadWith(map[string]any{"sub": sub, "sid": sid, "exp": now.Add(100 * month).Unix()}))
	}
	bySubject, bySession := token("alice", "a"), token("bob", "b")
	j.accepts(t, bySubject)
	j.accepts(t, bySession)
	require.NoError(t, j.m.RevokeSubject(t.Context(), "alice"))
	require.NoError(t, j.m.RevokeSession(t.Context(), "b"))
	for range 90 {
		j.refuses(t, bySubject, inv("token_revoked", "Token has been revoked"), authjwt.ErrRevokedToken)
		j.refuses(t, bySession, inv("token_revoked", "Token has been revoked"), authjwt.ErrRevokedToken)
		now = now.Add(month)
	}
}

// What a KeySet does not say, cookies are neither set nor deleted for.
func TestKeySet_OutOfReachInCookies(t *testing.T) {
	outage := errors.New("no route to issuer")
	i := new(issuer)
	i.returns(publicKey("EdDSA"))
	m := newManager(t, withKeySet(i), inCookies, inMemory)
	token := compactBy(t, "EdDSA", privateKey("EdDSA"), headerOf("EdDSA", ""), payloadWith(map[string]any{"csrf": "value"}))
	var failed error
	r := gin.New()
	r.POST("/cookies", func(c *gin.Context) {
		a := m.Bind(c)
		if failed = a.SetAccessCookies(token); failed != nil {
			a.Abort(failed)
		}
	})
	r.POST("/logout", func(c *gin.Context) {
		a := m.Bind(c)
		if failed = a.Logout(); failed != nil {
			a.Abort(failed)
		}
	})
	for _, path := range []string{"/cookies", "/logout"} {
		req := withCookie(http.MethodPost, token, "value")
		req.URL.Path = path
		i.returns(publicKey("EdDSA"))
		rec := httptest.NewRecorder()
		r.ServeHTTP(rec, req)
		assert.Equal(t, http.StatusOK, rec.Code, path)
		assert.NotEmpty(t, rec.Header()["Set-Cookie"])

		for _, row := range []struct {
			err    error
			status int
		}{{outage, 503}, {&authjwt.Error{Status: 502, Code: "bad_gateway"}, 502}} {
			i.fails(row.err)
			rec = httptest.NewRecorder()
			r.ServeHTTP(rec, req)
			assert.Equal(t, row.status, rec.Code, path)
			assert.Equal(t, row.err == outage, errors.Is(failed, outage), "the cause is kept")
			assert.Empty(t, rec.Header()["Set-Cookie"])
		}
	}
}
