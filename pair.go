package authjwt

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"math/big"
	"reflect"
	"slices"
)

// The sizes of RSA keys, in bits: RFC 7518 §3.3, and what crypto/tls takes at most, for a huge key is work.
const (
	minRSABits = 2048
	maxRSABits = 8192
)

// A pair is a private key and its public half, or the latter alone, that keep the policy.
type pair struct {
	signer crypto.Signer    // nil: there is only the public half
	public crypto.PublicKey // ours alone
	print  string           // the thumbprint
}

// newPair checks a private key, a public key, or both; it returns nil after a mistake in a field.
func newPair(private crypto.Signer, public crypto.PublicKey, report reporter) *pair {
	var halves []crypto.PublicKey // ours alone
	check := func(field string, given crypto.PublicKey, err error) {
		if err == nil {
			given, err = copyPublic(given)
		}
		if err != nil {
			report(field, "%w", err)
			return
		}
		halves = append(halves, given)
	}
	want := 0
	if private != nil {
		want++
		given, err := publicHalf(private)
		check("PrivateKey", given, err)
	}
	if public != nil {
		want++
		check("PublicKey", public, nil)
	}
	if len(halves) < want {
		return nil
	}
	if want == 2 && !samePublic(halves[0], halves[1]) {
		report("PublicKey", "it is not the public half of PrivateKey; leave it out")
		return nil
	}
	return &pair{signer: private, public: halves[0], print: thumbprint(halves[0])}
}

// publicHalf asks a signer for its public key, which no nil or half-filled key survives.
func publicHalf(private crypto.Signer) (public crypto.PublicKey, err error) {
	defer func() {
		if recover() != nil {
			public, err = nil, fmt.Errorf("it is a %T without a key in it; parse one with authjwt.ParsePrivateKey", private)
		}
	}()
	if public = private.Public(); public == nil {
		return nil, fmt.Errorf("it is a %T without a public key", private)
	}
	return public, nil
}

// copyPublic returns a copy of a public key that keeps the policy, with a point that is on its curve: encoding and
// decoding it checks that.
func copyPublic(public crypto.PublicKey) (own crypto.PublicKey, err error) {
	defer func() {
		if recover() != nil {
			own, err = nil, fmt.Errorf("it is a %T without a key in it; parse one with authjwt.ParsePrivateKey or ParsePublicKey", public)
		}
	}()
	switch k := public.(type) {
	case *rsa.PublicKey:
		err = rsaProblem(k)
	case *ecdsa.PublicKey:
		if usualAlgorithm(k) == "" {
			err = fmt.Errorf("the curve %s is not available; use P-256, P-384 or P-521", k.Curve.Params().Name)
		}
	case ed25519.PublicKey:
		if len(k) != ed25519.PublicKeySize {
			err = fmt.Errorf("an Ed25519 key has %d octets, not %d", ed25519.PublicKeySize, len(k))
		} else if lowOrder(k) {
			err = errors.New("it is a point of low order, as of a buffer that was never filled, and anybody can sign for it")
		}
	case []byte, string:
		err = errors.New("it is a text; parse it with authjwt.ParsePublicKey")
	case crypto.Signer:
		err = errors.New("it is a private key; put it into PrivateKey")
	default:
		err = fmt.Errorf("a %T is not available; use an *rsa.PublicKey, an *ecdsa.PublicKey or an ed25519.PublicKey", public)
	}
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return nil, fmt.Errorf("it is no valid key: %w", err)
	}
	if own, err = x509.ParsePKIXPublicKey(der); err != nil {
		return nil, fmt.Errorf("it is no valid key: %w", err)
	}
	return own, nil
}

func rsaProblem(k *rsa.PublicKey) error {
	const howTo = "make a key with: openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:3072"
	switch bits := k.N.BitLen(); {
	case bits < minRSABits:
		return fmt.Errorf("RSA of %d bits is too weak: it needs at least %d (RFC 7518 §3.3); %s", bits, minRSABits, howTo)
	case bits > maxRSABits:
		return fmt.Errorf("RSA of %d bits is too slow: at most %d; %s", bits, maxRSABits, howTo)
	case k.N.Bit(0) == 0:
		return errors.New("the RSA modulus is even; the key is damaged")
	case k.E < 3 || k.E%2 == 0:
		return fmt.Errorf("the RSA exponent %d is unsafe: it must be odd and at least 3; %s", k.E, howTo)
	case k.E > math.MaxInt32:
		return fmt.Errorf("the RSA exponent %d is too large for crypto/rsa: at most 2^31-1; %s", k.E, howTo)
	}
	return nil
}

// usualID is the kid where none is given: the thumbprint of what signs. What only verifies takes tokens as their issuer
// makes them.
func (p *pair) usualID() string {
	if p.signer == nil {
		return ""
	}
	return p.print
}

// lowOrderPoints are the y of the points on edwards25519 whose eightfold is nothing, and their other spellings, without the
// sign of x: for such a key a signature that anybody can make is good (RFC 8032 §8.9).
var lowOrderPoints = []string{
	"0000000000000000000000000000000000000000000000000000000000000000",
	"0100000000000000000000000000000000000000000000000000000000000000",
	"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
	"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
	"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
}

func lowOrder(k ed25519.PublicKey) bool {
	y := slices.Clone(k)
	y[len(y)-1] &= 0x7f
	return slices.Contains(lowOrderPoints, hex.EncodeToString(y))
}

func samePublic(a, b crypto.PublicKey) bool {
	k, ok := a.(interface{ Equal(crypto.PublicKey) bool })
	return ok && k.Equal(b)
}

// kindOf names the kind of a key that copyPublic has passed, for messages.
func kindOf(public crypto.PublicKey) string {
	switch k := public.(type) {
	case *rsa.PublicKey:
		return "RSA"
	case *ecdsa.PublicKey:
		return k.Curve.Params().Name
	}
	return "Ed25519"
}

// misfit says that an algorithm is not one of a key.
func misfit(alg string, public crypto.PublicKey) string {
	return fmt.Sprintf("%q does not fit a key of %s; leave it empty for %s", alg, kindOf(public), usualAlgorithm(public))
}

// newPairKey binds the pair to its one algorithm and, where it can sign, to a signature that was tried.
func newPairKey(id string, alg algorithm, p *pair) (*key, error) {
	k := &key{id: id, alg: alg.name, method: newMethod(alg, p.public, p.signer), public: p.public, print: p.print, signs: p.signer != nil}
	k.setHeader()
	if !k.signs {
		return k, nil
	}
	const probe = "authjwt"
	sig, err := trySign(k.method, []byte(probe))
	if err != nil {
		return nil, fmt.Errorf("it cannot sign with %s: %w", alg.name, err)
	}
	if !k.method.verify([]byte(probe), sig) {
		return nil, errors.New("what it signs, its public half does not verify; is the key damaged, or of another algorithm?")
	}
	return k, nil
}

// trySign survives keys that lack a part.
func trySign(m method, text []byte) (sig []byte, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("it panicked: %v", reflect.TypeOf(p))
		}
	}()
	return m.sign(text)
}

// thumbprint is the JWK thumbprint of a public key with SHA-256 (RFC 7638 §3, RFC 8037 §2).
func thumbprint(public crypto.PublicKey) string {
	encode := base64.RawURLEncoding.EncodeToString
	var members string
	switch k := public.(type) {
	case *rsa.PublicKey:
		members = `{"e":"` + encode(big.NewInt(int64(k.E)).Bytes()) + `","kty":"RSA","n":"` + encode(k.N.Bytes()) + `"}`
	case *ecdsa.PublicKey:
		point, _ := k.Bytes() // 4, x, y; copyPublic has encoded it before
		size := len(point) / 2
		members = `{"crv":"` + kindOf(k) + `","kty":"EC","x":"` + encode(point[1:1+size]) + `","y":"` + encode(point[1+size:]) + `"}`
	case ed25519.PublicKey:
		members = `{"crv":"Ed25519","kty":"OKP","x":"` + encode(k) + `"}`
	}
	sum := sha256.Sum256([]byte(members))
	return encode(sum[:])
}
