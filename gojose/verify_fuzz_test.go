package gojose

import (
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// publicSeeds are texts that other libraries' fuzzers found worth keeping; none where VECTORS_DIR is not set.
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
	return file.Seeds
}

// FuzzVerify has any text verified by both libraries, and good tokens that have been cut up and put together again.
func FuzzVerify(f *testing.F) {
	parties := newParties(f)
	for i, p := range parties {
		good := p.sign(f, b64(p.header())+"."+b64(goodPayload))
		f.Add(uint8(i), good) // of this process: another one has other keys
		f.Add(uint8(i), "$")
		for _, spoilt := range []string{"$.", ".$", "$=", "$A", "$\n", " $", "$.$"} {
			f.Add(uint8(i), spoilt)
		}
	}
	for i, seed := range publicSeeds(f) {
		f.Add(uint8(i), seed)
	}
	goods := make([]string, len(parties))
	for i, p := range parties {
		goods[i] = p.sign(f, b64(p.header())+"."+b64(goodPayload))
	}
	f.Fuzz(func(t *testing.T, which uint8, text string) {
		i := int(which) % len(parties)
		raw := strings.ReplaceAll(text, "$", goods[i])
		accepted := parties[i].agree(t, raw)
		if accepted {
			sole(t, strings.Split(raw, "."))
		}
		require.True(t, accepted || raw != goods[i])
	})
}

// FuzzSigned has any header and claims, and any text in their place, verified by both under a good signature.
func FuzzSigned(f *testing.F) {
	parties := newParties(f)
	for i, p := range parties {
		alg := `"alg":"` + p.alg + `"`
		for _, header := range []string{p.header(), `{` + alg + `}`, `{` + alg + `,"kid":"a"}`, `{` + alg + `,"kid":"b"}`, `{` + alg + `,"typ":"at+jwt","cty":"x"}`, `{` + alg + `,` + alg + `}`, `{` + alg + `,"crit":["exp"],"exp":1}`, `{` + alg + `,"b64":false}`, `{"\u0061lg":"` + p.alg + `"}`, ` {` + alg + "}\n", `{"alg":"none"}`, `{` + alg + `,"x5t":1,"jku":[]}`} {
			f.Add(uint8(i), header, goodPayload, false)
		}
		for _, payload := range []string{
			`{"sub":"alice","exp":1772366460.9,"type":"access","a":1e999,"b":[{"c":"\ud83d\ude42"}]}`, `{"sub":"alice","exp":1.77236646e9,"type":"access","aud":"api"}`, `{"sub":"a","sub":"b","exp":1772366460,"type":"access"}`,
			`{"sub":"alice","exp":1772366460,"type":"access","iat":1772366405.9999999999,"nbf":0}`, `{"sub":"alice","Sub":"bob","exp":1772366460,"EXP":1,"type":"access"}`, `{"sub":"alice","exp":253402300799,"type":"access"}`,
		} {
			f.Add(uint8(i), p.header(), payload, false)
		}
		f.Add(uint8(i), b64(p.header())+"=", b64(goodPayload), true)
		f.Add(uint8(i), b64(p.header()), b64(goodPayload), true)
		f.Add(uint8(i), b64(p.header()), b64(`{"sub":"alice","exp":1772366460,"type":"access"}`)+"IB", true) // bits that no octet has
		f.Add(uint8(i), p.header(), `{"sub":"alice","exp":1772366460,"type":"access","x":1,"x":2}`, false)
	}
	for i, seed := range publicSeeds(f) {
		header, rest, _ := strings.Cut(seed, ".")
		payload, _, _ := strings.Cut(rest, ".")
		f.Add(uint8(i), header, payload, true)
		if text, err := base64.RawURLEncoding.DecodeString(header); err == nil {
			f.Add(uint8(i), string(text), goodPayload, false)
		}
	}
	f.Fuzz(func(t *testing.T, which uint8, header, payload string, encoded bool) {
		p := parties[int(which)%len(parties)]
		if int(which) >= len(parties) {
			p = parties[int(which)%6] // without the slow ones
		}
		if !encoded {
			header, payload = b64(header), b64(payload)
		}
		raw := p.sign(t, header+"."+payload)
		if p.agree(t, raw) {
			sole(t, strings.Split(raw, "."))
		}
		require.False(t, p.agree(t, raw+"A"))
	})
}
