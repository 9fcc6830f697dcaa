package authjwt_test

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/assert"

	"github.com/gin-authjwt/authjwt"
)

// An issuer is a KeySet that says what it is told to, and notes what it is asked.
type issuer struct {
	answer func(ctx context.Context, kid, alg string) (crypto.PublicKey, error)
	asked  []string
}

func (i *issuer) VerificationKey(ctx context.Context, kid, alg string) (crypto.PublicKey, error) {
	i.asked = append(i.asked, kid+"/"+alg)
	return i.answer(ctx, kid, alg)
}

// returns makes it return one key, whatever it is asked.
func (i *issuer) returns(key crypto.PublicKey) {
	i.answer = func(context.Context, string, string) (crypto.PublicKey, error) { return key, nil }
}

// fails makes it fail.
func (i *issuer) fails(err error) {
	i.answer = func(context.Context, string, string) (crypto.PublicKey, error) { return nil, err }
}

// withKeySet makes the set the only keys.
func withKeySet(set authjwt.KeySet) func(s *authjwt.Settings) {
	return func(s *authjwt.Settings) { s.SecretKey, s.KeySet = "", set }
}

// newIssued is a resource server, and the issuer of its tokens.
func newIssued(tb testing.TB, edit ...func(s *authjwt.Settings)) (*judge, *issuer) {
	tb.Helper()
	i := new(issuer)
	return newJudge(tb, append([]func(s *authjwt.Settings){withKeySet(i)}, edit...)...), i
}

func refusesKey(tb testing.TB, j *judge, token string, reasons ...error) {
	tb.Helper()
	j.refuses(tb, token, isKey.outcome, append(reasons, authjwt.ErrJWTDecode, isKey.cause)...)
}

func TestKeySet_EveryAlgorithm(t *testing.T) {
	j, i := newIssued(t)
	for _, alg := range pairAlgorithms {
		token := byTheirs(t, alg, withKid("k1"))
		i.returns(publicKey(alg))
		i.asked = nil
		assert.Equal(t, "alice", j.accepts(t, token).Subject, alg)
		assert.Equal(t, []string{"k1/" + alg, "k1/" + alg}, i.asked, "once for each token")
		i.returns(nil)
		refusesKey(t, j, token)
		assert.NotContains(t, causes(j.left), "KeySet", "that there is no key is no mistake of the set's")
		i.returns(publicKey(alg))
		j.refuses(t, token[:strings.LastIndexByte(token, '.')+1]+b64("forged"), isSignature.outcome, isSignature.cause)
	}
	i.returns(publicKey("ES256"))
	i.asked = nil
	j.accepts(t, byTheirs(t, "ES256", ""))
	j.accepts(t, byTheirs(t, "ES256", withKid("")))
	assert.Equal(t, []string{"/ES256", "/ES256", "/ES256", "/ES256"}, i.asked, "kid is empty where there is none")
}

// What is no token, or of no algorithm that is accepted, reaches no key set, which may have to fetch.
func TestKeySet_IsNotAskedInVain(t *testing.T) {
	j, i := newIssued(t)
	i.returns(publicKey("ES256"))
	good := byTheirs(t, "ES256", withKid("k1"))
	j.accepts(t, good) // its header is remembered
	header, signature := good[:strings.IndexByte(good, '.')], good[strings.LastIndexByte(good, '.'):]
	i.asked = nil
	for _, row := range []struct {
		token string
		want  verdict
	}{
		{"x", isSegments}, {header, isSegments}, {"." + signature, isHeader}, {"x" + good, isHeader}, {"!" + good, isHeaderText}, {good[:len(good)-1] + "=", isSigText}, {header + ".x." + "x", isPayloadText}, {header + ".." + "x", isSigText},
		{b64(headerOf("ES256", `,"crit":["x"]`)) + good[len(header):], isParameter}, {b64(headerOf("ES256", `,"kid":1`)) + good[len(header):], isKeyID},
		{b64(headerOf("none", "")) + good[len(header):], isAlgorithm}, {b64(headerOf("HS256", withKid("k1"))) + good[len(header):], isAlgorithm},
		{hs256(t, headerHS256), isAlgorithm}, {b64(headerOf("ES256K", "")) + good[len(header):], isAlgorithm}, {strings.Repeat("x", 9000), isTooLong},
	} {
		given := guard(t, func(c *gin.Context) { _ = j.m.Bind(c).JWTRequired(authjwt.WithToken(row.token)) })
		given.assertRefused(t, given.get(), row.want.outcome)
		_, err := j.m.Verify(t.Context(), row.token, authjwt.Access)
		assert.ErrorIs(t, err, row.want.cause)
	}
	assert.Empty(t, i.asked)
	j.accepts(t, good)
	assert.Len(t, i.asked, 2)
}

func TestKeySet_Algorithms(t *testing.T) {
	for _, row := range []struct {
		name  string
		edit  func(s *authjwt.Settings)
		takes []string
	}{
		{"default", func(*authjwt.Settings) {}, pairAlgorithms},
		{"Algorithm", func(s *authjwt.Settings) { s.Algorithm = "RS256" }, []string{"RS256"}},
		{"DecodeAlgorithms", func(s *authjwt.Settings) { s.DecodeAlgorithms = []string{"RS256", "EdDSA"} }, []string{"RS256", "EdDSA"}},
		{"both", func(s *authjwt.Settings) { s.Algorithm, s.DecodeAlgorithms = "ES256", []string{"ES256", "RS512"} }, []string{"ES256", "RS512"}},
	} {
		j, i := newIssued(t, row.edit)
		i.answer = func(_ context.Context, _, alg string) (crypto.PublicKey, error) { return publicKey(alg), nil }
		for _, alg := range everyAlgorithm {
			token := byTheirs(t, alg, "")
			if strings.Contains(fmt.Sprint(row.takes), alg) {
				j.accepts(t, token)
			} else {
				j.refuses(t, token, isAlgorithm.outcome, isAlgorithm.cause)
			}
		}
	}
	for _, alg := range secretAlgorithms {
		for _, s := range []authjwt.Settings{{Algorithm: alg}, {DecodeAlgorithms: []string{"RS256", alg}}} {
			s.KeySet = new(issuer)
			_, err := authjwt.New(s)
			assert.ErrorContains(t, err, `"`+alg+`" is not available; use RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512 or EdDSA`)
		}
	}
}

func TestKeySet_Errors(t *testing.T) {
	slow := &authjwt.Error{Status: http.StatusTooManyRequests, Code: "slow_down", Detail: "Try later"}
	token := byTheirs(t, "EdDSA", withKid("k1"))
	for _, row := range []struct {
		name string
		err  error
		want outcome
		is   error
	}{
		{"foreign", errKMS, down, authjwt.ErrUnavailable}, {"wrapped", fmt.Errorf("%w: %w", authjwt.ErrUnavailable, errKMS), down, authjwt.ErrUnavailable},
		{"context", errors.Join(context.DeadlineExceeded, errKMS), down, authjwt.ErrUnavailable},
		{"reason", fmt.Errorf("%w: %w", authjwt.ErrJWTDecode, errKMS), inv("token_refused", "Token is not accepted"), authjwt.ErrJWTDecode},
		{"Error", fmt.Errorf("%w: %w", slow, errKMS), outcome{429, "slow_down", "Try later", "-"}, slow},
	} {
		t.Run(row.name, func(t *testing.T) {
			j, i := newIssued(t)
			for range 2 { // before and after the header is remembered
				i.fails(row.err)
				rec := j.get("Bearer " + token)
				assert.Equal(t, row.want.status == 503, rec.Header().Get("Retry-After") == "1")
				j.refuses(t, token, row.want, errKMS, row.is)
				assert.NotContains(t, rec.Body.String()+j.left.Error(), "svc_secret")
				i.answer = func(context.Context, string, string) (crypto.PublicKey, error) { return ed25519Key().Public(), row.err }
				j.refuses(t, token, row.want, errKMS, row.is) // a key beside an error does not count
				i.returns(ed25519Key().Public())
				j.accepts(t, token)
			}
		})
	}
}

// causes are what a program is told of a refusal beyond its text.
func causes(err error) string {
	var e *authjwt.Error
	if !errors.As(err, &e) {
		return ""
	}
	return fmt.Sprint(e.Unwrap())
}

// What the set returns has to keep the policy and to fit the algorithm, whatever was right for the header before.
func TestKeySet_BadKeys(t *testing.T) {
	_, bad := emptyKeys()
	bad = slices.DeleteFunc(bad, func(key crypto.PublicKey) bool { // crypto/rsa's Equal looks at no sign; what is used is our copy
		k, ok := key.(*rsa.PublicKey)
		return ok && k != nil && k.N != nil && k.N.Sign() < 0
	})
	for _, weak := range weakKeys(t) {
		if weak.fix != "" {
			bad = append(bad, weak.public)
		}
	}
	bad = append(bad, p384Key().Public(), p521Key().Public(), newECKey(p256Key().Curve), otherEdSigner{}, &rsa.PublicKey{N: big.NewInt(0), E: 3})
	for _, alg := range []string{"RS256", "PS256", "ES256", "EdDSA"} {
		j, i := newIssued(t)
		token := byTheirs(t, alg, withKid("k1"))
		wrong := append([]crypto.PublicKey(nil), bad...)
		for _, other := range pairAlgorithms {
			if fmt.Sprintf("%T", publicKey(other)) != fmt.Sprintf("%T", publicKey(alg)) {
				wrong = append(wrong, publicKey(other))
			}
		}
		i.returns("a text")
		refusesKey(t, j, token)
		assert.Contains(t, causes(j.left), "the KeySet returned it is a text; parse it with authjwt.ParsePublicKey")
		for range 2 {
			for _, key := range wrong {
				i.returns(key)
				assert.NotPanics(t, func() { refusesKey(t, j, token) }, "%s: %T", alg, key)
			}
			i.returns(publicKey(alg))
			j.accepts(t, token)
		}
	}
}

// otherEdSigner is a private key, which no key set should have.
type otherEdSigner struct{ ed25519.PrivateKey }

// The set is asked about every token: what it removes or replaces counts at once.
func TestKeySet_Changes(t *testing.T) {
	kinds := map[string][2]crypto.Signer{"RS256": {rsaKey(), otherRSA()}, "ES256": {p256Key(), otherP256()}, "EdDSA": {ed25519Key(), otherEd()}}
	for alg, keys := range kinds {
		j, i := newIssued(t)
		old, young := compactBy(t, alg, keys[0], headerOf(alg, withKid("k1")), goodPayload()), compactBy(t, alg, keys[1], headerOf(alg, withKid("k1")), goodPayload())
		for range 2 {
			i.returns(keys[0].Public())
			j.accepts(t, old)
			j.refuses(t, young, isSignature.outcome, isSignature.cause)
			i.returns(nil)
			refusesKey(t, j, old)
			refusesKey(t, j, young)
			i.returns(keys[1].Public()) // another key under the same kid
			j.refuses(t, old, isSignature.outcome, isSignature.cause)
			j.accepts(t, young)
		}
	}
}

// A set may hand out the same memory each time, and change it.
func TestKeySet_SharedMemory(t *testing.T) {
	j, i := newIssued(t)
	octets := append(ed25519.PublicKey(nil), ed25519Key().Public().(ed25519.PublicKey)...)
	token := byTheirs(t, "EdDSA", "")
	i.returns(octets)
	j.accepts(t, token)
	clear(octets)
	_, err := j.m.Verify(t.Context(), token, authjwt.Access)
	assert.ErrorIs(t, err, authjwt.ErrJWTDecode)

	k := rsaKey().PublicKey
	token = byTheirs(t, "RS256", "")
	i.returns(&k)
	j.accepts(t, token)
	k.E = 1
	refusesKey(t, j, token)
	k.E = rsaKey().E
	j.accepts(t, token)
}

type requestKey struct{}

func TestKeySet_GetsTheContextOfTheRequest(t *testing.T) {
	j, i := newIssued(t)
	var got any
	i.answer = func(ctx context.Context, _, _ string) (crypto.PublicKey, error) {
		got = ctx.Value(requestKey{})
		return ed25519Key().Public(), ctx.Err()
	}
	token := byTheirs(t, "EdDSA", "")
	req := request(http.MethodGet, "Authorization", "Bearer "+token)
	j.assertAccepted(t, j.do(req.WithContext(context.WithValue(t.Context(), requestKey{}, "the request's"))))
	assert.Equal(t, "the request's", got)
	_, err := j.m.Verify(context.WithValue(t.Context(), requestKey{}, "the caller's"), token, authjwt.Access)
	assert.NoError(t, err)
	assert.Equal(t, "the caller's", got)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = j.m.Verify(gone, token, authjwt.Access)
	assertError(t, err, down, authjwt.ErrUnavailable, context.Canceled)
}
