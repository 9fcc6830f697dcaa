package authjwt

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/asn1"
	"errors"
	"math/big"
)

// A method does one algorithm with one key (RFC 8725 §3.1), and is safe for concurrent use. It owes nothing to what
// golang-jwt has registered under the algorithm's name, which any package of a program can replace.
type method interface {
	verify(text, sig []byte) bool
	sign(text []byte) ([]byte, error)
}

var errVerifyOnly = errors.New("there is no private key")

// newMethod binds an algorithm to a key that fits it; signer may be nil.
func newMethod(alg algorithm, public crypto.PublicKey, signer crypto.Signer) method {
	signing := signing{signer: signer, hash: alg.hash}
	switch public := public.(type) {
	case *rsa.PublicKey:
		if alg.family == familyPSS {
			return &pssMethod{signing, public}
		}
		return &rsaMethod{signing, public}
	case *ecdsa.PublicKey:
		return &ecdsaMethod{signing, public, (public.Curve.Params().BitSize + 7) / 8}
	case ed25519.PublicKey:
		return &ed25519Method{signing, public}
	}
	return nil
}

// signing is the private half of a method.
type signing struct {
	signer crypto.Signer // nil: the method only verifies
	hash   crypto.Hash
}

// ask lets the signer sign message, a digest or the text, into want octets; zero for any number.
func (s *signing) ask(message []byte, opts crypto.SignerOpts, want int) ([]byte, error) {
	if s.signer == nil {
		return nil, errVerifyOnly
	}
	sig, err := s.signer.Sign(rand.Reader, message, opts)
	if err == nil && want != 0 && len(sig) != want {
		err = errors.New("the signer returned a signature of the wrong length")
	}
	return sig, err
}

// digest hashes text into a buffer that does not escape.
func (s *signing) digest(text []byte, into *[sha512.Size]byte) []byte {
	switch s.hash {
	case crypto.SHA384:
		sum := sha512.Sum384(text)
		return append(into[:0], sum[:]...)
	case crypto.SHA512:
		sum := sha512.Sum512(text)
		return append(into[:0], sum[:]...)
	}
	sum := sha256.Sum256(text)
	return append(into[:0], sum[:]...)
}

// rsaMethod is RSASSA-PKCS1-v1_5 (RFC 7518 §3.3).
type rsaMethod struct {
	signing
	public *rsa.PublicKey
}

func (m *rsaMethod) verify(text, sig []byte) bool {
	var sum [sha512.Size]byte
	return rsa.VerifyPKCS1v15(m.public, m.hash, m.digest(text, &sum), sig) == nil
}

func (m *rsaMethod) sign(text []byte) ([]byte, error) {
	return m.ask(m.digest(text, new([sha512.Size]byte)), m.hash, m.public.Size())
}

// pssMethod is RSASSA-PSS with a salt as long as the hash, and no other (RFC 7518 §3.5).
type pssMethod struct {
	signing
	public *rsa.PublicKey
}

func (m *pssMethod) options() *rsa.PSSOptions {
	return &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: m.hash}
}

func (m *pssMethod) verify(text, sig []byte) bool {
	var sum [sha512.Size]byte
	return rsa.VerifyPSS(m.public, m.hash, m.digest(text, &sum), sig, m.options()) == nil
}

func (m *pssMethod) sign(text []byte) ([]byte, error) {
	return m.ask(m.digest(text, new([sha512.Size]byte)), m.options(), m.public.Size())
}

// ecdsaMethod is ECDSA, whose signature is R and S, each as long as the curve's order (RFC 7518 §3.4).
type ecdsaMethod struct {
	signing
	public *ecdsa.PublicKey
	size   int // of R and of S, in octets
}

func (m *ecdsaMethod) verify(text, sig []byte) bool {
	if len(sig) != 2*m.size { // DER, or padded
		return false
	}
	var sum [sha512.Size]byte
	var der [maxASN1]byte
	return ecdsa.VerifyASN1(m.public, m.digest(text, &sum), asn1Signature(der[:0], sig[:m.size], sig[m.size:]))
}

// maxASN1 holds the signature of P-521: two integers of up to 67 octets, each with a head, and the head of both.
const maxASN1 = 3 + 2*(2+67)

// asn1Signature writes R and S as VerifyASN1 wants them (RFC 3279 §2.2.3), which spares ecdsa.Verify's ten allocations.
// R and S out of range it leaves to be refused.
func asn1Signature(dst, r, s []byte) []byte {
	r, s = bytes.TrimLeft(r, "\x00"), bytes.TrimLeft(s, "\x00")
	size := asn1Size(r) + asn1Size(s)
	dst = append(dst, 0x30)
	if size >= 0x80 {
		dst = append(dst, 0x81)
	}
	dst = append(dst, byte(size))
	for _, n := range [][]byte{r, s} {
		dst = append(dst, 2, byte(asn1Size(n)-2))
		if len(n) == 0 || n[0] >= 0x80 { // zero, or what would be negative
			dst = append(dst, 0)
		}
		dst = append(dst, n...)
	}
	return dst
}

func asn1Size(n []byte) int {
	if len(n) == 0 || n[0] >= 0x80 {
		return 3 + len(n)
	}
	return 2 + len(n)
}

// sign turns the DER that every crypto.Signer returns into R and S.
func (m *ecdsaMethod) sign(text []byte) ([]byte, error) {
	der, err := m.ask(m.digest(text, new([sha512.Size]byte)), m.hash, 0)
	if err != nil {
		return nil, err
	}
	var sig struct{ R, S *big.Int }
	rest, err := asn1.Unmarshal(der, &sig)
	if err != nil || len(rest) > 0 || sig.R.Sign() <= 0 || sig.S.Sign() <= 0 || max(sig.R.BitLen(), sig.S.BitLen()) > 8*m.size {
		return nil, errors.New("the signer returned no ECDSA signature in ASN.1")
	}
	out := make([]byte, 2*m.size)
	sig.R.FillBytes(out[:m.size])
	sig.S.FillBytes(out[m.size:])
	return out, nil
}

// ed25519Method is EdDSA with Ed25519 (RFC 8037 §3.1).
type ed25519Method struct {
	signing
	public ed25519.PublicKey
}

func (m *ed25519Method) verify(text, sig []byte) bool {
	return len(sig) == ed25519.SignatureSize && ed25519.Verify(m.public, text, sig)
}

func (m *ed25519Method) sign(text []byte) ([]byte, error) {
	return m.ask(bytes.Clone(text), crypto.Hash(0), ed25519.SignatureSize) // which the signer may keep
}
