package authjwt_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

// FuzzMutate changes octets of good tokens, which no Manager takes any more, whether it has seen the good one before or not.
func FuzzMutate(f *testing.F) {
	type issuer struct {
		auth  *authjwt.Manager
		token string
	}
	payload := `{"sub":"alice","iat":1772366400,"exp":1772366460,"jti":"1","type":"access"}`
	var issuers []issuer
	for _, alg := range []string{"HS256", "EdDSA", "ES256"} {
		var key any = []byte(testSecret)
		plain, caches := signsWith(alg), func(*authjwt.Settings) {}
		if private := privateKey(alg); private != nil {
			key, caches = private, func(s *authjwt.Settings) { s.VerifiedTokenCache = 10 }
		}
		token := compactBy(f, alg, key, headerOf(alg, ""), payload)
		for _, edit := range []func(s *authjwt.Settings){func(*authjwt.Settings) {}, caches} {
			issuers = append(issuers, issuer{newManager(f, plain, edit), token})
		}
	}
	for i, of := range issuers {
		length := len(of.token)
		f.Add(uint8(i), []byte{})
		for _, at := range []int{10, 36, length - 43, length - 1} {
			for _, edit := range [][2]byte{{0, 'A'}, {0, '\n'}, {1, '='}, {1, '\n'}, {2, 0}, {3, 0}, {3, 1}, {4, 0}, {5, 1}} {
				f.Add(uint8(i), []byte{edit[0], byte(at >> 8), byte(at), edit[1]})
			}
		}
	}
	f.Fuzz(func(t *testing.T, which uint8, edits []byte) {
		of := issuers[int(which)%len(issuers)]
		good, err := of.auth.Verify(t.Context(), of.token, authjwt.Access)
		require.NoError(t, err)
		require.Equal(t, "alice", good.Subject)
		raw := edited(of.token, edits)
		token, err := of.auth.Verify(t.Context(), raw, authjwt.Access)
		if raw == of.token {
			require.NoError(t, err)
			return
		}
		require.Nil(t, token, "accepted: %q for %q", raw, of.token)
		requireRefused(t, err)
	})
}

// edited makes changes of four octets each: how, where (two of them), and with what.
func edited(text string, edits []byte) string {
	raw := []byte(text)
	for ; len(edits) >= 4; edits = edits[4:] {
		at, octet := (int(edits[1])<<8|int(edits[2]))%(len(raw)+1), edits[3]
		rest := append([]byte{}, raw[at:]...)
		switch edits[0] % 6 {
		case 0: // another octet
			raw = append(append(raw[:at], octet), rest[min(1, len(rest)):]...)
		case 1: // one more
			raw = append(append(raw[:at], octet), rest...)
		case 2: // one less
			raw = append(raw[:at], rest[min(1, len(rest)):]...)
		case 3: // another bit
			if len(rest) > 0 {
				raw[at] ^= 1 << (octet % 8)
			}
		case 4: // the end
			raw = raw[:at]
		case 5: // some of them again
			raw = append(raw, rest[:min(int(octet), len(rest))]...)
		}
	}
	return string(raw)
}
