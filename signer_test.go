package authjwt_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/asn1"
	"errors"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

// A kms keeps its key to itself: all one gets is the public half, and signatures as long as it is well.
type kms struct {
	key     crypto.Signer
	public  func() crypto.PublicKey                                                             // nil: the key's
	sign    func(digest []byte, opts crypto.SignerOpts, good []byte, err error) ([]byte, error) // nil: the key's
	fails   error                                                                               // when calls are used up
	calls   int                                                                                 // that still succeed while fails is set
	counted int
}

func (k *kms) Public() crypto.PublicKey {
	if k.public != nil {
		return k.public()
	}
	return k.key.Public()
}

func (k *kms) Sign(random io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	k.counted++
	if k.fails != nil {
		if k.calls == 0 {
			return nil, k.fails
		}
		k.calls--
	}
	sig, err := k.key.Sign(random, digest, opts)
	if k.sign != nil {
		return k.sign(digest, opts, sig, err)
	}
	return sig, err
}

// fail makes the signer fail after some more signatures, and work again.
func (k *kms) fail(after int, err error) { k.calls, k.fails = after, err }

var errKMS = errors.New(internalText)

func TestSigner_EveryAlgorithm(t *testing.T) {
	for _, alg := range pairAlgorithms {
		signer := &kms{key: privateKey(alg)}
		j := newJudge(t, func(s *authjwt.Settings) { s.SecretKey, s.PrivateKey, s.Algorithm = "", signer, alg })
		assert.Equal(t, 1, signer.counted, "%s: New lets it sign once", alg)
		token := mustCreate(t, j.m)
		assert.Equal(t, 2, signer.counted, alg)
		j.accepts(t, token)
		assert.Equal(t, 2, signer.counted, "%s: verifying needs the public half alone", alg)
		assert.NoError(t, theirVerdict(token, alg, publicKey(alg)))
		ring, err := authjwt.NewKeyRing(authjwt.Key{PrivateKey: signer, Algorithm: alg}, authjwt.Key{SecretKey: testSecret, State: authjwt.KeyNext})
		require.NoError(t, err)
		j.accepts(t, mustCreate(t, newManager(t, withKeys(ring))))
	}
}

// An outage of the signer is 503, hands nothing out, and costs nobody the refresh token.
func TestSigner_Outage(t *testing.T) {
	for _, row := range []struct {
		name  string
		after int // signatures that succeed
		wait  time.Duration
	}{
		{"at once", 0, 0}, {"at the second token", 1, 0}, {"within the grace", 0, 5 * time.Second}, {"after the grace", 0, time.Minute}, {"second token, after the grace", 1, time.Minute},
	} {
		for name, edit := range map[string]func(s *authjwt.Settings){"grace": inMemory, "no grace": noGrace, "kept": func(s *authjwt.Settings) { s.KeepRefreshToken = true }} {
			t.Run(row.name+", "+name, func(t *testing.T) {
				signer := &kms{key: ed25519Key()}
				told := new(events)
				s := newService(t, func(set *authjwt.Settings) {
					set.SecretKey, set.PrivateKey = "", signer
					set.OnEvent = told.note
				}, edit)
				first := s.login(t)
				told.take()
				signer.fail(row.after, errKMS)
				if name != "kept" || row.after == 0 { // which makes one token alone
					rec := s.do("POST", "/refresh", first.Refresh)
					assertAnswer(t, rec, down)
					assert.Equal(t, "1", rec.Header().Get("Retry-After"))
					assert.NotContains(t, rec.Body.String(), "svc_secret")
					s.pass(row.wait)
					assertAnswer(t, s.do("POST", "/refresh", first.Refresh), down)
				}
				signer.fail(row.after, errKMS)
				assertAnswer(t, s.do("POST", "/login", ""), down)
				s.accepts(t, tokens{Access: first.Access, Refresh: first.Refresh})
				assert.Empty(t, told.take(), "what was not handed out is no event")

				signer.fail(0, nil)
				second := s.refresh(t, first.Refresh)
				s.accepts(t, second, s.login(t))
			})
		}
	}
}

// The third signature is for a token that another tab was faster with.
func TestSigner_OutageWhileATabIsFollowed(t *testing.T) {
	signer := &kms{key: ed25519Key()}
	s := newService(t, func(set *authjwt.Settings) { set.SecretKey, set.PrivateKey = "", signer })
	first := s.login(t)
	faster := s.refresh(t, s.refresh(t, first.Refresh).Refresh)
	signer.fail(2, errKMS)
	assertAnswer(t, s.do("POST", "/refresh", first.Refresh), down)
	signer.fail(0, nil)
	s.accepts(t, s.refresh(t, first.Refresh), faster)
}

func TestSigner_OutageInCookies(t *testing.T) {
	signer := &kms{key: p256Key()}
	m := newManager(t, inCookies, func(s *authjwt.Settings) { s.SecretKey, s.PrivateKey = "", signer })
	login := guard(t, m.LoginHandler(loginAs("alice")))
	for after := range 2 {
		signer.fail(after, errKMS)
		rec := login.do(request(http.MethodPost))
		assertAnswer(t, rec, down)
		assert.Empty(t, rec.Header().Values("Set-Cookie"), "both pairs or none")
	}
	signer.fail(2, errKMS)
	assert.NotEmpty(t, login.do(request(http.MethodPost)).Header().Values("Set-Cookie"))
}

func TestSigner_CreateSaysWhy(t *testing.T) {
	garbage := func(n int) func([]byte, crypto.SignerOpts, []byte, error) ([]byte, error) {
		return func([]byte, crypto.SignerOpts, []byte, error) ([]byte, error) { return make([]byte, n), nil }
	}
	for _, row := range []struct {
		name string
		alg  string
		sign func(digest []byte, opts crypto.SignerOpts, good []byte, err error) ([]byte, error)
		why  string
	}{
		{"fails", "RS256", func([]byte, crypto.SignerOpts, []byte, error) ([]byte, error) { return nil, errKMS }, internalText},
		{"fails", "ES256", func([]byte, crypto.SignerOpts, []byte, error) ([]byte, error) { return nil, errKMS }, internalText},
		{"RSA too short", "RS256", garbage(255), "wrong length"}, {"PSS too long", "PS256", garbage(257), "wrong length"}, {"nothing", "EdDSA", garbage(0), "wrong length"},
		{"zeros", "RS256", garbage(256), "the public key does not verify what the signer has signed"}, {"zeros, EdDSA", "EdDSA", garbage(64), "does not verify what the signer has signed"},
		{"another key by now", "ES256", func(digest []byte, opts crypto.SignerOpts, _ []byte, _ error) ([]byte, error) {
			return otherP256().Sign(nil, digest, opts)
		}, "does not verify what the signer has signed"},
		{"no DER", "ES256", garbage(64), "no ECDSA signature in ASN.1"}, {"nothing, ECDSA", "ES256", garbage(0), "no ECDSA signature in ASN.1"},
	} {
		signer := &kms{key: privateKey(row.alg)}
		m := newManager(t, func(s *authjwt.Settings) { s.SecretKey, s.PrivateKey, s.Algorithm = "", signer, row.alg })
		signer.sign = row.sign
		for _, create := range []func(string, ...authjwt.TokenOption) (string, error){m.CreateAccessToken, m.CreateRefreshToken} {
			token, err := create("alice")
			assert.Empty(t, token, row.name)
			assert.ErrorIs(t, err, authjwt.ErrUnavailable, row.name)
			assert.ErrorContains(t, err, row.why, row.name)
			_, err = create("")
			assert.NotErrorIs(t, err, authjwt.ErrUnavailable, "%s: the call itself is wrong", row.name)
		}
		_, err := m.CreateAccessToken("alice")
		assert.Equal(t, row.name == "fails", errors.Is(err, errKMS))
		signer.sign = nil
		_, err = m.Verify(t.Context(), mustCreate(t, m), authjwt.Access)
		assert.NoError(t, err, row.name)
	}
}

// A signer that panics takes one request with it: the handler is aborted, and the refresh token stays unused.
func TestSigner_Panics(t *testing.T) {
	signer := &kms{key: ed25519Key()}
	s := newService(t, func(set *authjwt.Settings) { set.SecretKey, set.PrivateKey = "", signer }, noGrace)
	first := s.login(t)
	signer.sign = func([]byte, crypto.SignerOpts, []byte, error) ([]byte, error) { panic(internalText) }
	for name, recovery := range recoveries() {
		r := gin.New()
		ran := false
		r.POST("/", recovery, s.auth.RefreshHandler(authjwt.Routes{}), func(*gin.Context) { ran = true })
		req := request(http.MethodPost, "Authorization", "Bearer "+first.Refresh)
		rec := httptest.NewRecorder()
		r.ServeHTTP(rec, req)
		assert.False(t, ran, name)
		assert.NotContains(t, rec.Body.String(), "eyJ", name)
	}
	signer.sign = nil
	s.accepts(t, s.refresh(t, first.Refresh))
}

// sequence is the ASN.1 of a signature of numbers.
func sequence(r, s int64) []byte {
	return must(asn1.Marshal(struct{ R, S *big.Int }{big.NewInt(r), big.NewInt(s)}))
}

func TestSigner_BadSignaturesAreFoundAtStart(t *testing.T) {
	type signFunc = func(digest []byte, opts crypto.SignerOpts, good []byte, err error) ([]byte, error)
	always := func(sig []byte) signFunc {
		return func([]byte, crypto.SignerOpts, []byte, error) ([]byte, error) { return sig, nil }
	}
	edit := func(change func(good []byte) []byte) signFunc {
		return func(_ []byte, _ crypto.SignerOpts, good []byte, err error) ([]byte, error) { return change(good), err }
	}
	flip := edit(func(good []byte) []byte { good[len(good)-1] ^= 1; return good })
	raw := edit(func(good []byte) []byte {
		var sig struct{ R, S *big.Int }
		_ = must(asn1.Unmarshal(good, &sig))
		return append(sig.R.FillBytes(make([]byte, 32)), sig.S.FillBytes(make([]byte, 32))...)
	})
	const length, notDER, other = "the signer returned a signature of the wrong length", "the signer returned no ECDSA signature in ASN.1", "what it signs, its public half does not verify; is the key damaged, or of another algorithm?"
	for _, row := range []struct {
		name, alg string
		sign      signFunc
		fix       string
	}{
		{"fails", "RS256", func([]byte, crypto.SignerOpts, []byte, error) ([]byte, error) { return nil, errKMS }, "it cannot sign with RS256: " + internalText},
		{"panics", "ES256", func([]byte, crypto.SignerOpts, []byte, error) ([]byte, error) { panic(internalText) }, "it cannot sign with ES256: it panicked"},
		{"RSA, empty", "RS256", always(nil), length}, {"RSA, short", "RS384", always(make([]byte, 255)), length}, {"RSA, long", "PS256", always(make([]byte, 257)), length},
		{"RSA, zeros", "RS256", always(make([]byte, 256)), other}, {"RSA, one bit", "RS512", flip, other}, {"PSS, one bit", "PS512", flip, other},
		{"Ed25519, empty", "EdDSA", always(nil), length}, {"Ed25519, short", "EdDSA", always(make([]byte, 63)), length}, {"Ed25519, zeros", "EdDSA", always(make([]byte, 64)), other},
		{"Ed25519, one bit", "EdDSA", flip, other}, {"ECDSA, empty", "ES256", always(nil), notDER}, {"ECDSA, R and S", "ES256", raw, notDER}, {"ECDSA, zeros", "ES256", always(make([]byte, 70)), notDER},
		{"ECDSA, R is 0", "ES256", always(sequence(0, 1)), notDER}, {"ECDSA, S is 0", "ES256", always(sequence(1, 0)), notDER}, {"ECDSA, R is negative", "ES256", always(sequence(-1, 1)), notDER},
		{"ECDSA, S is negative", "ES256", always(sequence(1, -1)), notDER}, {"ECDSA, of ones", "ES256", always(sequence(1, 1)), other}, {"ECDSA, one bit", "ES384", flip, other},
		{"ECDSA, octet behind", "ES256", edit(func(good []byte) []byte { return append(good, 0) }), notDER}, {"ECDSA, cut", "ES512", edit(func(good []byte) []byte { return good[:len(good)-1] }), notDER},
		{"ECDSA, of a larger curve", "ES256", func(digest []byte, opts crypto.SignerOpts, _ []byte, _ error) ([]byte, error) {
			return p384Key().Sign(nil, digest, opts)
		}, notDER},
		{"PSS signs PKCS1", "PS256", func(digest []byte, _ crypto.SignerOpts, _ []byte, _ error) ([]byte, error) {
			return rsaKey().Sign(nil, digest, crypto.SHA256)
		}, other},
		{"ES256 by another", "ES256", func(digest []byte, opts crypto.SignerOpts, _ []byte, _ error) ([]byte, error) {
			return otherP256().Sign(nil, digest, opts)
		}, other},
		{"EdDSA by another", "EdDSA", func(text []byte, opts crypto.SignerOpts, _ []byte, _ error) ([]byte, error) {
			return otherEd().Sign(nil, text, opts)
		}, other},
	} {
		t.Run(row.name, func(t *testing.T) {
			bad, good := &kms{key: privateKey(row.alg), sign: row.sign}, &kms{key: privateKey(row.alg)}
			_, err := authjwt.New(authjwt.Settings{PrivateKey: bad, Algorithm: row.alg})
			assert.ErrorContains(t, err, "authjwt: Settings.PrivateKey: ")
			assert.ErrorContains(t, err, row.fix)
			assert.Equal(t, row.name == "fails", errors.Is(err, errKMS))
			assert.Equal(t, row.name == "fails", strings.Contains(err.Error(), "svc_secret"), "an error is the signer's word; a panic may hold anything")
			for _, state := range []authjwt.KeyState{authjwt.KeyCurrent, authjwt.KeyNext} {
				keys := []authjwt.Key{{PrivateKey: bad, Algorithm: row.alg, State: state}}
				if state == authjwt.KeyNext {
					keys = append(keys, authjwt.Key{SecretKey: testSecret})
				}
				_, err = authjwt.NewKeyRing(keys...)
				assert.ErrorContains(t, err, "authjwt: key 1 (\"\"): PrivateKey: ")
				assert.ErrorContains(t, err, row.fix)
			}
			_, err = authjwt.New(authjwt.Settings{PrivateKey: good, Algorithm: row.alg})
			assert.NoError(t, err)
			// What signs no more need not be able to.
			_, err = authjwt.NewKeyRing(authjwt.Key{SecretKey: testSecret}, authjwt.Key{PrivateKey: bad, Algorithm: row.alg, State: authjwt.KeyPrevious, Until: testNow})
			assert.NoError(t, err)
		})
	}
}

func TestSigner_PublicHalves(t *testing.T) {
	of := func(public crypto.PublicKey) *kms {
		return &kms{key: ed25519Key(), public: func() crypto.PublicKey { return public }}
	}
	const damaged = "its public half does not verify"
	for name, row := range map[string]struct {
		signer crypto.Signer
		fix    string
	}{
		"nil": {of(nil), "it is a *authjwt_test.kms without a public key"}, "another's": {of(otherEd().Public()), damaged},
		"another kind": {of(rsaKey().Public()), "cannot sign with RS256"}, "typed nil": {of((*rsa.PublicKey)(nil)), "without a key in it"}, "empty": {of(ed25519.PublicKey{}), "has 32 octets, not 0"},
		"no pointer": {of(rsaKey().PublicKey), "use an *rsa.PublicKey"}, "private": {of(ed25519Key()), "it is a private key"}, "text": {of("ssh-ed25519"), "it is a text"},
		"panics": {&kms{key: ed25519Key(), public: func() crypto.PublicKey { panic("no connection") }}, "without a key in it"},
	} {
		_, err := authjwt.New(authjwt.Settings{PrivateKey: row.signer})
		assert.ErrorContains(t, err, row.fix, name)
		_, err = authjwt.NewKeyRing(authjwt.Key{PrivateKey: row.signer})
		assert.ErrorContains(t, err, row.fix, name)
	}
	for name, other := range map[string]crypto.PublicKey{"another": otherEd().Public(), "another kind": p256Key().Public()} {
		_, err := authjwt.New(authjwt.Settings{PrivateKey: ed25519Key(), PublicKey: other})
		assert.ErrorContains(t, err, "Settings.PublicKey: it is not the public half of PrivateKey; leave it out", name)
		_, err = authjwt.NewKeyRing(authjwt.Key{PrivateKey: ed25519Key(), PublicKey: other})
		assert.ErrorContains(t, err, "PublicKey: it is not the public half of PrivateKey; leave it out", name)
	}
	_, err := authjwt.New(authjwt.Settings{PrivateKey: ed25519Key(), PublicKey: ed25519Key().Public()})
	assert.NoError(t, err)

	turn := 0
	changing := &kms{key: ed25519Key(), public: func() crypto.PublicKey {
		turn++
		return []crypto.PublicKey{ed25519Key().Public(), p256Key().Public()}[turn%2]
	}}
	for range 3 { // the key may be replaced while New looks, in which case nothing fits
		_, err := authjwt.New(authjwt.Settings{PrivateKey: changing})
		assert.ErrorContains(t, err, "authjwt: Settings.")
		turn++
	}
}

// emptyKeys hold no key, or half of one.
func emptyKeys() (private []crypto.Signer, public []crypto.PublicKey) {
	noD := &ecdsa.PrivateKey{PublicKey: p256Key().PublicKey}
	return []crypto.Signer{
			(*rsa.PrivateKey)(nil), new(rsa.PrivateKey), &rsa.PrivateKey{PublicKey: rsaKey().PublicKey}, (*ecdsa.PrivateKey)(nil), new(ecdsa.PrivateKey), noD,
			ed25519.PrivateKey(nil), ed25519.PrivateKey{}, ed25519Key()[:63], ed25519.PrivateKey(make([]byte, 64)), (*kms)(nil), new(kms),
		}, []crypto.PublicKey{
			(*rsa.PublicKey)(nil), new(rsa.PublicKey), &rsa.PublicKey{E: 65537}, &rsa.PublicKey{N: rsaKey().N}, &rsa.PublicKey{N: new(big.Int).Neg(rsaKey().N), E: 65537},
			(*ecdsa.PublicKey)(nil), new(ecdsa.PublicKey), &ecdsa.PublicKey{Curve: elliptic.P256()}, ed25519.PublicKey(nil), ed25519.PublicKey{}, ed25519.PublicKey(make([]byte, 31)),
			(*ed25519.PublicKey)(nil), (*kms)(nil), struct{}{}, 7, "", []byte(nil), rsaKey(), ed25519Key(),
		}
}

func TestSigner_EmptyKeys(t *testing.T) {
	private, public := emptyKeys()
	for _, k := range private {
		_, err := authjwt.New(authjwt.Settings{PrivateKey: k})
		assert.ErrorContains(t, err, "authjwt: Settings.PrivateKey: ", "%T", k)
		_, err = authjwt.NewKeyRing(authjwt.Key{PrivateKey: k})
		assert.ErrorContains(t, err, ": PrivateKey: ", "%T", k)
		_, err = authjwt.New(authjwt.Settings{PrivateKey: k, PublicKey: ed25519Key().Public()})
		assert.Error(t, err, "%T", k)
	}
	for _, k := range public {
		_, err := authjwt.New(authjwt.Settings{PublicKey: k})
		assert.ErrorContains(t, err, "authjwt: Settings.PublicKey: ", "%T", k)
		_, err = authjwt.NewKeyRing(authjwt.Key{SecretKey: testSecret}, authjwt.Key{PublicKey: k, State: authjwt.KeyNext})
		assert.ErrorContains(t, err, "key 2 (\"\"): PublicKey: ", "%T", k)
		_, err = authjwt.New(authjwt.Settings{PrivateKey: ed25519Key(), PublicKey: k})
		assert.ErrorContains(t, err, "authjwt: Settings.PublicKey: ", "%T", k)
	}
}
