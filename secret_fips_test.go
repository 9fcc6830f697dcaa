package authjwt_test

import (
	"crypto/fips140"
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

// Where FIPS 140-3 is enforced crypto/hmac panics at a short key. New says it first.
func TestSecret_WhereFIPSIsEnforced(t *testing.T) {
	if !fips140.Enforced() {
		again := exec.Command(os.Args[0], "-test.run=^TestSecret_WhereFIPSIsEnforced$", "-test.v")
		again.Env = append(os.Environ(), "GODEBUG=fips140=only")
		output, err := again.CombinedOutput()
		require.NoError(t, err, "%s", output)
		assert.Contains(t, string(output), "14 octets are enough")
		return
	}
	short := func(secret string) error {
		_, err := authjwt.New(authjwt.Settings{SecretKey: secret, InsecureShortSecret: true})
		return err
	}
	require.ErrorContains(t, short("thirteen-octe"), "13 octets are too few for GODEBUG=fips140=only; make one with")
	require.NoError(t, short("fourteen-octet"))
	t.Log("14 octets are enough")
}
