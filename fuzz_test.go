package authjwt_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// publicSeeds are texts that other libraries' fuzzers found worth keeping, compact tokens for the most part; none where
// VECTORS_DIR is not set, for each target has seeds of its own.
func publicSeeds(tb testing.TB) []string {
	tb.Helper()
	dir := os.Getenv("VECTORS_DIR")
	if dir == "" {
		return nil
	}
	text, err := os.ReadFile(filepath.Join(dir, "fuzz-seeds.json"))
	require.NoError(tb, err)
	var file struct{ Seeds []string }
	require.NoError(tb, json.Unmarshal(text, &file))
	require.NotEmpty(tb, file.Seeds)
	return file.Seeds
}

// withSignature adds a good one to any text, which need not be made of two segments.
func withSignature(text string) string {
	mac := hmac.New(sha256.New, []byte(testSecret))
	mac.Write([]byte(text))
	return text + "." + b64(string(mac.Sum(nil)))
}

// choices are numbers out of a fuzzer's octets, each out of one of them: a source for rand.New. Where they are used up they stay
// the same, so whoever draws should stop then.
type choices struct{ octets []byte }

func (c *choices) Uint64() uint64 {
	var next byte
	if len(c.octets) > 0 {
		next, c.octets = c.octets[0], c.octets[1:]
	}
	// All parts of the number are looked at by somebody. Zero would be drawn again, for the sake of fairness.
	return uint64(next)*0x0101010101010101 ^ 0x0000008000000080
}
