package authjwt

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"encoding/asn1"
	"math/big"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Every length of R and S, with zeros and high bits in front, is encoded as encoding/asn1 does it, in the buffer.
func TestASN1Signature(t *testing.T) {
	encode := func(r, s []byte) {
		t.Helper()
		want, err := asn1.Marshal(struct{ R, S *big.Int }{new(big.Int).SetBytes(r), new(big.Int).SetBytes(s)})
		require.NoError(t, err)
		got := asn1Signature(make([]byte, 0, maxASN1), r, s)
		assert.Equal(t, want, got)
		assert.Equal(t, maxASN1, cap(got), "it did not fit")
	}
	for _, size := range []int{32, 48, 66} {
		for zeros := range size + 1 {
			for _, first := range []byte{1, 0x7f, 0x80, 0xff} {
				n := append(make([]byte, zeros), bytes.Repeat([]byte{first}, size-zeros)...)
				encode(n, n)
				encode(n, bytes.Repeat([]byte{0xff}, size))
				encode(make([]byte, size), n)
			}
		}
	}
}

// A method without a private key signs nothing.
func TestSigning_WithoutPrivateKey(t *testing.T) {
	_, private, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	for _, size := range []int{0, ed25519.SignatureSize} {
		_, err = (&signing{}).ask([]byte("x"), crypto.Hash(0), size)
		assert.ErrorIs(t, err, errVerifyOnly)
		_, err = (&signing{signer: private}).ask([]byte("x"), crypto.Hash(0), size)
		assert.NoError(t, err)
	}
}
