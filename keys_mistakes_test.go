package authjwt_test

import (
	"crypto"
	"crypto/ecdh"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"hash"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

// Beside a secret that signs, a PublicKey is somebody else's: it is not published, and cannot be what signs.
func TestAlgorithms_SecretBesideAPublicKey(t *testing.T) {
	for _, alg := range []string{"RS256", "ES256", "EdDSA"} {
		s := authjwt.Settings{SecretKey: testSecret, PublicKey: publicKey(alg), DecodeAlgorithms: []string{alg, "HS256"}}
		_, err := authjwt.New(s)
		assert.EqualError(t, err, `authjwt: Settings.Algorithm: "`+alg+`" is that of the PublicKey, which signs nothing; say HS256 for the SecretKey, or set PrivateKey`)
		s.Algorithm = "HS256"
		m, err := authjwt.New(s)
		require.NoError(t, err)
		assert.Equal(t, "HS256", headerIn(t, mustCreate(t, m))["alg"])
		assert.Empty(t, m.PublicKeys(), "who verifies by our set must not accept their tokens as ours")
		assert.NotPanics(t, func() { m.Mount(gin.New(), loginAs("alice")) })
	}
}

// Whoever has the public key could sign if it were the secret (CVE-2022-29217). What is as random as a secret cannot be
// told from one.
func TestJ02_PublicKeyInPlaceOfASecret(t *testing.T) {
	bare := []string{"n", "n octets", "thumbprint", "point", "x", "y", "octets"}
	for _, alg := range []string{"RS256", "ES256", "EdDSA"} {
		for name, text := range publicTexts(t, publicKey(alg)) {
			_, err := authjwt.New(authjwt.Settings{SecretKey: text})
			if slices.Contains(bare, name) {
				assert.NoError(t, err, name)
				continue
			}
			assert.ErrorContains(t, err, ", no secret; parse it with authjwt.Parse", name)
			assert.ErrorContains(t, err, "make one with: openssl rand -base64 32", name)
			if utf8.ValidString(text) {
				text = " " + text + "\n"
			}
			_, err = authjwt.NewKeyRing(authjwt.Key{SecretKey: text, InsecureShortSecret: true})
			assert.ErrorContains(t, err, "SecretKey: it is a ", name)
		}
	}
	for _, line := range []string{"sk-ssh-ed25519@openssh.com AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29t", "---- BEGIN SSH2 PUBLIC KEY ----\nAAAAB3NzaC1yc2EAAAADAQABAAABAQ=="} {
		_, err := authjwt.New(authjwt.Settings{SecretKey: line})
		assert.ErrorContains(t, err, "it is a public key or a JWK, no secret", line)
	}
}

func TestKeySet_NilFunction(t *testing.T) {
	_, err := authjwt.New(authjwt.Settings{KeySet: keySetFunc(nil)})
	assert.ErrorContains(t, err, "Settings.KeySet: it is a nil authjwt_test.keySetFunc; make one, or leave it nil")
}

func TestKeyRing_TwoCurrentKeysAmongOtherMistakes(t *testing.T) {
	_, err := authjwt.NewKeyRing(secret("a"), secret("b"), next(authjwt.Key{ID: "c", SecretKey: "short"}))
	assert.ErrorContains(t, err, "2 keys in the state KeyCurrent; "+needsOne)
	assert.ErrorContains(t, err, "5 octets are too few")
}

// The fix that a message names has to be one.
func TestPEM_Fixes(t *testing.T) {
	const howTo, complete = "make a key with: openssl genpkey -algorithm ed25519", "is it complete, and does its label name its form?"
	x25519 := must(ecdh.X25519().GenerateKey(rand.Reader))
	for text, fix := range map[string]string{
		pemOf("DSA PRIVATE KEY", []byte("x")): howTo, pemOf("ANY PRIVATE KEY", []byte("x")): howTo, pemOf("PRIVATE KEY", pkcs8(x25519)): howTo,
		pemOf("PRIVATE KEY", pkcs8(rsaKey())[:700]): complete,
	} {
		_, err := authjwt.ParsePrivateKey([]byte(text))
		assert.ErrorContains(t, err, fix)
	}
	for text, fix := range map[string]string{pemOf("EC PUBLIC KEY", []byte("x")): howTo, pemOf("PUBLIC KEY", pkix1(rsaKey().Public())[:200]): complete} {
		_, err := authjwt.ParsePublicKey([]byte(text))
		assert.ErrorContains(t, err, fix)
	}
	_, err := authjwt.New(authjwt.Settings{PrivateKey: new(rsa.PrivateKey)})
	assert.ErrorContains(t, err, "parse one with authjwt.ParsePrivateKey")
}

// constantHash is a hash that a hostile or careless package registers with the crypto package.
type constantHash struct{ hash.Hash }

func (h constantHash) Sum(b []byte) []byte { return append(b, make([]byte, h.Size())...) }

func TestJ20_ReplacedHash(t *testing.T) {
	news := map[string]func() hash.Hash{"HS256": sha256.New, "HS384": sha512.New384, "HS512": sha512.New}
	hashes := map[string]crypto.Hash{"HS256": crypto.SHA256, "HS384": crypto.SHA384, "HS512": crypto.SHA512}
	managers := map[string][]*authjwt.Manager{}
	for alg := range hashes {
		managers[alg] = []*authjwt.Manager{newManager(t, signsWith(alg))}
	}
	twins := map[string]string{}
	for alg, h := range hashes {
		twins[alg] = byTheirs(t, alg, "")
		crypto.RegisterHash(h, func() hash.Hash { return constantHash{news[alg]()} })
		defer crypto.RegisterHash(h, news[alg])
	}
	for alg, h := range hashes {
		header := headerOf(alg, "")
		forged := signingString(header) + "." + b64(string(make([]byte, h.Size())))
		require.Equal(t, make([]byte, h.Size()), h.New().Sum(nil), "the hash is not replaced, so this test shows nothing")
		for _, m := range append(managers[alg], newManager(t, signsWith(alg))) {
			repel(t, m, []attack{{"forged", forged, twins[alg], isSignature, nil}})
			token := mustCreate(t, m)
			cut := strings.LastIndexByte(token, '.')
			mac := hmac.New(news[alg], []byte(testSecret))
			mac.Write([]byte(token[:cut]))
			assert.Equal(t, b64(string(mac.Sum(nil))), token[cut+1:], "minted with the registered hash")
		}
	}
}

// Who has set no key at all is told of all kinds; who has set a bad secret, of that alone.
func TestKeys_NoneAtAll(t *testing.T) {
	const others = ", or set PrivateKey, PublicKey, KeyRing or KeySet instead"
	_, err := authjwt.New(authjwt.Settings{})
	assert.ErrorContains(t, err, "Settings.SecretKey: it is empty")
	assert.ErrorContains(t, err, others)
	_, err = authjwt.New(authjwt.Settings{SecretKey: "short"})
	assert.ErrorContains(t, err, "Settings.SecretKey: ")
	assert.NotContains(t, err.Error(), others)
}
