package authjwt

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
)

// ParsePrivateKey reads a private key from PEM: PKCS #8 (PRIVATE KEY), PKCS #1 (RSA PRIVATE KEY) or SEC 1
// (EC PRIVATE KEY). It may be RSA, ECDSA or Ed25519; whether it is strong enough, [New] says. The text must hold
// this one key; the error says what it holds instead.
func ParsePrivateKey(text []byte) (crypto.Signer, error) {
	block, err := onlyBlock(text, "private")
	if err != nil {
		return nil, err
	}
	var private any
	switch block.Type {
	case "PRIVATE KEY":
		private, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	case "RSA PRIVATE KEY":
		private, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	case "EC PRIVATE KEY":
		private, err = x509.ParseECPrivateKey(block.Bytes)
	default:
		return nil, pemProblem("private", block.Type)
	}
	if err != nil {
		return nil, fmt.Errorf("authjwt: parse private key: %w; is it complete, and does its label name its form?", err)
	}
	signer, ok := private.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("authjwt: parse private key: a %T cannot sign; make a key with: openssl genpkey -algorithm ed25519", private)
	}
	return signer, nil
}

// ParsePublicKey reads a public key from PEM: PKIX (PUBLIC KEY), PKCS #1 (RSA PUBLIC KEY) or an X.509 certificate,
// of which only the key counts: neither its dates nor its issuer are looked at. Otherwise it is [ParsePrivateKey].
func ParsePublicKey(text []byte) (crypto.PublicKey, error) {
	block, err := onlyBlock(text, "public")
	if err != nil {
		return nil, err
	}
	var public any
	switch block.Type {
	case "PUBLIC KEY":
		public, err = x509.ParsePKIXPublicKey(block.Bytes)
	case "RSA PUBLIC KEY":
		public, err = x509.ParsePKCS1PublicKey(block.Bytes)
	case "CERTIFICATE":
		var cert *x509.Certificate
		if cert, err = x509.ParseCertificate(block.Bytes); err == nil {
			public = cert.PublicKey
		}
	default:
		return nil, pemProblem("public", block.Type)
	}
	if err == nil && public == nil {
		err = errors.New("a key of its kind is not available")
	}
	if err != nil {
		return nil, fmt.Errorf("authjwt: parse public key: %w; is it complete, and does its label name its form?", err)
	}
	return public, nil
}

// onlyBlock returns the one PEM block in text. The curve's name, which openssl writes before an EC key, does not count.
func onlyBlock(text []byte, half string) (*pem.Block, error) {
	fail := func(problem string) (*pem.Block, error) {
		return nil, fmt.Errorf("authjwt: parse %s key: %s", half, problem)
	}
	block, rest := pem.Decode(text)
	if block != nil && block.Type == "EC PARAMETERS" {
		block, rest = pem.Decode(rest)
	}
	switch {
	case block != nil && len(bytes.TrimSpace(rest)) > 0:
		return fail("something stands behind the first PEM block; give it one key alone")
	case block != nil && strings.Contains(block.Headers["Proc-Type"], "ENCRYPTED"):
		return nil, pemProblem(half, "ENCRYPTED PRIVATE KEY")
	case block != nil:
		return block, nil
	case len(bytes.TrimSpace(text)) == 0:
		return fail("it is empty; was the file or the variable of the environment read?")
	case bytes.Contains(text, []byte(`\n`)):
		return fail(`it has \n where line breaks belong; replace them, by strings.ReplaceAll(text, "\\n", "\n")`)
	case bytes.Contains(text, []byte("-----BEGIN ")):
		return fail("the PEM block is damaged; its lines must be as they were written, without indentation")
	}
	return fail("it is no PEM, which begins with -----BEGIN; a file's name has to be read first, with os.ReadFile")
}

// pemProblem says what to do with a block of another type.
func pemProblem(half, kind string) error {
	var fix string
	switch {
	case strings.HasPrefix(kind, "ENCRYPTED"):
		fix = "decrypt it first, with: openssl pkey -in key.pem"
	case kind == "OPENSSH PRIVATE KEY":
		fix = "convert it first, with: ssh-keygen -p -m PKCS8 -f key"
	case half == "public" && strings.HasSuffix(kind, "PRIVATE KEY"):
		fix = "it is a private key; make the public one with: openssl pkey -in key.pem -pubout"
	case half == "private" && (strings.HasSuffix(kind, "PUBLIC KEY") || kind == "CERTIFICATE"):
		fix = "it is a public key, which signs nothing; for a Manager that only verifies, give it to ParsePublicKey"
	default:
		fix = "make a key with: openssl genpkey -algorithm ed25519"
	}
	return fmt.Errorf("authjwt: parse %s key: a PEM block %q is not available; %s", half, kind, fix)
}
