package authjwt

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	_ "crypto/sha256" // for crypto.SHA256.New
	_ "crypto/sha512" // for crypto.SHA384.New and crypto.SHA512.New
	"slices"
	"strings"
)

// A family is the algorithms that one kind of key can do.
type family int

const (
	familyHMAC  family = iota // RFC 7518 §3.2
	familyRSA                 // RSASSA-PKCS1-v1_5, RFC 7518 §3.3
	familyPSS                 // RSASSA-PSS, RFC 7518 §3.5
	familyECDSA               // RFC 7518 §3.4
	familyEdDSA               // with Ed25519 alone, RFC 8037 §3.1
)

// An algorithm is what a value of alg stands for.
type algorithm struct {
	name   string
	family family
	hash   crypto.Hash    // zero for EdDSA, which signs the text itself
	curve  elliptic.Curve // of ECDSA
}

// algorithms are all there are. Of those that fit a key, the first is its default.
var algorithms = []algorithm{
	{"HS256", familyHMAC, crypto.SHA256, nil}, {"HS384", familyHMAC, crypto.SHA384, nil}, {"HS512", familyHMAC, crypto.SHA512, nil},
	{"RS256", familyRSA, crypto.SHA256, nil}, {"RS384", familyRSA, crypto.SHA384, nil}, {"RS512", familyRSA, crypto.SHA512, nil},
	{"PS256", familyPSS, crypto.SHA256, nil}, {"PS384", familyPSS, crypto.SHA384, nil}, {"PS512", familyPSS, crypto.SHA512, nil},
	{"ES256", familyECDSA, crypto.SHA256, elliptic.P256()}, {"ES384", familyECDSA, crypto.SHA384, elliptic.P384()},
	{"ES512", familyECDSA, crypto.SHA512, elliptic.P521()},
	{"EdDSA", familyEdDSA, 0, nil},
}

func findAlgorithm(name string) (algorithm, bool) {
	at := slices.IndexFunc(algorithms, func(a algorithm) bool { return a.name == name })
	if at < 0 {
		return algorithm{}, false
	}
	return algorithms[at], true
}

// algorithmNames lists the names for messages; without the HMACs if asymmetric.
func algorithmNames(asymmetric bool) []string {
	var names []string
	for _, a := range algorithms {
		if !asymmetric || a.family != familyHMAC {
			names = append(names, a.name)
		}
	}
	return names
}

// listed joins names as a sentence does.
func listed(names []string) string {
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " or " + names[last]
}

// fits tells whether a public key of this kind, and this curve (RFC 7518 §3.4), can do the algorithm.
func (a algorithm) fits(public crypto.PublicKey) bool {
	switch public := public.(type) {
	case *rsa.PublicKey:
		return a.family == familyRSA || a.family == familyPSS
	case *ecdsa.PublicKey:
		return a.family == familyECDSA && public.Curve == a.curve
	case ed25519.PublicKey:
		return a.family == familyEdDSA
	}
	return false
}

// usualAlgorithm is the one that a public key does where none is named; empty if it can do none.
func usualAlgorithm(public crypto.PublicKey) string {
	at := slices.IndexFunc(algorithms, func(a algorithm) bool { return a.fits(public) })
	if at < 0 {
		return ""
	}
	return algorithms[at].name
}
