package jwks

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"math/big"
	"slices"
	"strings"

	// go-jose, not jwkset: it checks the length of coordinates and Ed25519 points of low order, needs no other
	// module, and opens no connection. jwkset takes padding, x and y of any length, an e that wraps around and the last
	// of two members of the same name, and three of its releases were retracted for stale keys and races. RSA keys
	// are made here: go-jose's limit of 4096 bits is a package variable, which is not ours to change.
	"github.com/go-jose/go-jose/v4"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

const (
	minRSABits = 2048 // RFC 7518 §3.3
	maxRSABits = 8192
	defaultRSA = "RS256"
)

// errUnusableKey means that a key is left out, and the set good without it: "Implementations SHOULD ignore JWKs
// within a JWK Set that use kty values that are not understood by them, that are missing required members, or for
// which values are out of the supported ranges" (RFC 7517 §5).
var errUnusableKey = errors.New("not usable")

func unusable(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{errUnusableKey}, args...)...)
}

// key is a public key bound to one algorithm (RFC 8725 §3.1).
type key struct {
	kid, alg string
	public   crypto.PublicKey
}

// wireKey has pointers where "" is not the same as absent.
type wireKey struct {
	Type       string    `json:"kty"`
	Use        *string   `json:"use"`
	Operations *[]string `json:"key_ops"`
	Algorithm  *string   `json:"alg"`
	ID         string    `json:"kid"`
	Curve      string    `json:"crv"`
	X          string    `json:"x"`
	Y          string    `json:"y"`
	N          string    `json:"n"`
	E          string    `json:"e"`
}

// secretMembers are those of RFC 7518 §6.2.2, §6.3.2 and §6.4.1, and of RFC 9964.
var secretMembers = []string{"d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"}

func readKey(text jsontext.Value, rsaAlg string) (key, error) {
	if text.Kind() != '{' {
		return key{}, fmt.Errorf("%w: a key must be an object", ErrMalformed)
	}
	var members map[string]jsontext.Value
	if err := json.Unmarshal(text, &members); err != nil {
		return key{}, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	for _, member := range secretMembers {
		if _, found := members[member]; found {
			return key{}, fmt.Errorf("%w: member %q", ErrSecret, member)
		}
	}
	var w wireKey
	if err := json.Unmarshal(text, &w); err != nil {
		return key{}, unusable("%w", err)
	}
	if w.Type == "oct" {
		return key{}, fmt.Errorf("%w: a symmetric one", ErrSecret)
	}
	k := key{kid: w.ID}
	err := w.checkUse()
	if err == nil {
		k.public, err = w.public()
	}
	if err == nil {
		k.alg, err = w.bind(k.public, rsaAlg)
	}
	return k, err
}

// checkUse looks at RFC 7517 §4.2 and §4.3. A public key that says sign, too, does no harm.
func (w *wireKey) checkUse() error {
	if w.Use != nil && *w.Use != "sig" {
		return unusable("use is %q, not sig", *w.Use)
	}
	if w.Operations == nil {
		return nil
	}
	seen := map[string]bool{}
	for _, operation := range *w.Operations {
		if operation != "verify" && operation != "sign" || seen[operation] {
			return unusable("key_ops has %q, where it may have verify and sign once", operation)
		}
		seen[operation] = true
	}
	if !seen["verify"] {
		return unusable("key_ops is without verify")
	}
	return nil
}

func (w *wireKey) public() (crypto.PublicKey, error) {
	switch w.Type {
	case "RSA":
		return w.rsa()
	case "EC", "OKP":
		return w.point()
	case "":
		return nil, unusable("kty is missing")
	default:
		return nil, unusable("kty %q is not known", w.Type)
	}
}

// rsa allows for zeros in front, which Java's BigInteger writes.
func (w *wireKey) rsa() (crypto.PublicKey, error) {
	n, err := integer("n", w.N)
	if err != nil {
		return nil, err
	}
	e, err := integer("e", w.E)
	if err != nil {
		return nil, err
	}
	switch bits := n.BitLen(); {
	case bits < minRSABits || bits > maxRSABits:
		return nil, unusable("n has %d bits, not %d to %d", bits, minRSABits, maxRSABits)
	case n.Bit(0) == 0:
		return nil, unusable("n is even")
	case e.BitLen() < 2 || e.Bit(0) == 0 || e.Cmp(big.NewInt(math.MaxInt32)) > 0:
		return nil, unusable("e must be odd, at least 3 and at most 2^31-1")
	}
	return &rsa.PublicKey{N: n, E: int(e.Int64())}, nil
}

// point has go-jose read what a point needs, and nothing else.
func (w *wireKey) point() (crypto.PublicKey, error) {
	coordinates := map[string]string{"kty": w.Type, "crv": w.Curve, "x": w.X}
	if w.Type == "EC" {
		coordinates["y"] = w.Y
	}
	for _, member := range []string{"x", "y"} {
		if text, wanted := coordinates[member]; wanted {
			if _, err := octets(member, text); err != nil {
				return nil, err
			}
		}
	}
	text, err := json.Marshal(coordinates)
	if err != nil {
		return nil, unusable("%w", err)
	}
	var k jose.JSONWebKey
	if err := k.UnmarshalJSON(text); err != nil {
		return nil, unusable("%s %q: %w", w.Type, w.Curve, err)
	}
	return k.Key, nil
}

func integer(member, text string) (*big.Int, error) {
	octets, err := octets(member, text)
	return new(big.Int).SetBytes(octets), err
}

var base64url = base64.RawURLEncoding.Strict()

// octets refuses padding, stray bits and the line breaks that the decoder would skip (RFC 7515 §2).
func octets(member, text string) ([]byte, error) {
	decoded, err := base64url.DecodeString(text)
	if text == "" || err != nil || strings.ContainsAny(text, "\r\n") {
		return nil, unusable("%s is missing, or no base64url", member)
	}
	return decoded, nil
}

var (
	rsaAlgs = []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}
	ecAlgs  = map[string]string{"P-256": "ES256", "P-384": "ES384", "P-521": "ES512"} // RFC 7518 §3.4
	allAlgs = append(slices.Clone(rsaAlgs), "ES256", "ES384", "ES512", "EdDSA")
)

// bind finds the one algorithm of a key. Its type decides where alg is absent, as in Azure's sets; the token never
// does.
func (w *wireKey) bind(public crypto.PublicKey, rsaAlg string) (string, error) {
	var fit []string
	switch public := public.(type) {
	case *rsa.PublicKey:
		fit = append([]string{rsaAlg}, rsaAlgs...)
	case *ecdsa.PublicKey:
		fit = []string{ecAlgs[public.Params().Name]}
	case ed25519.PublicKey:
		fit = []string{"EdDSA"}
	}
	if w.Algorithm == nil {
		return fit[0], nil
	}
	if !slices.Contains(fit, *w.Algorithm) {
		return "", unusable("alg %q is not known, or not for this key", *w.Algorithm)
	}
	return *w.Algorithm, nil
}

func (k key) equal(other key) bool {
	public, ok := k.public.(interface{ Equal(crypto.PublicKey) bool })
	return ok && public.Equal(other.public)
}

// copy is what callers get: nothing that they do to it reaches the set.
func (k key) copy() crypto.PublicKey {
	switch public := k.public.(type) {
	case *rsa.PublicKey:
		return &rsa.PublicKey{N: new(big.Int).Set(public.N), E: public.E}
	case *ecdsa.PublicKey:
		point, _ := public.Bytes()
		same, err := ecdsa.ParseUncompressedPublicKey(public.Curve, point)
		if err != nil {
			return nil // it was valid when it was read
		}
		return same
	case ed25519.PublicKey:
		return slices.Clone(public)
	}
	return nil
}
