package authjwt_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	experiment "github.com/go-json-experiment/json"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

// formsOf are the ways in which octets show in logs.
func formsOf(octets []byte) []string {
	list := fmt.Sprint(octets)
	goSyntax := fmt.Sprintf("%#v", octets)
	return []string{
		string(octets), hex.EncodeToString(octets), strings.ToUpper(hex.EncodeToString(octets)), fmt.Sprintf("% x", octets),
		base64.RawStdEncoding.EncodeToString(octets), base64.RawURLEncoding.EncodeToString(octets),
		strings.Trim(list, "[]"), strings.ReplaceAll(strings.Trim(list, "[]"), " ", ","), goSyntax[len("[]byte{") : len(goSyntax)-1],
		fmt.Sprintf("%q", octets), new(big.Int).SetBytes(octets).String(),
	}
}

// inJSON are types whose JSON is what a client gets, or the claims: within another value slog's JSONHandler writes no less.
var inJSON = []string{"authjwt.TokenPair", "*authjwt.TokenPair", "authjwt.Token", "*authjwt.Token"}

// printed is v in all the ways a program prints it.
func printed(t *testing.T, v any) string {
	t.Helper()
	var all bytes.Buffer
	p := &v
	for _, n := range []any{
		v, &v, &p, []any{v}, [1]any{v}, map[string]any{"k": v}, struct{ V any }{v}, &struct{ V any }{v}, map[string][]any{"k": {struct{ V any }{v}}},
		fmt.Errorf("wrapped %v %+v %#v %s %q", v, v, v, v, v),
	} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "% x", "%d", "%o", "%b", "%c", "%U", "%t", "%e", "%08.3f"} {
			fmt.Fprintf(&all, verb+"\n", n)
		}
		fmt.Fprintln(&all, n)
	}
	for _, h := range []slog.Handler{slog.NewTextHandler(&all, nil), slog.NewJSONHandler(&all, nil)} {
		logged := []any{v, []any{v}, map[string]any{"k": v}, struct{ V any }{v}, &v}
		if _, asJSON := h.(*slog.JSONHandler); asJSON && slices.Contains(inJSON, fmt.Sprintf("%T", v)) {
			logged = logged[:1]
		}
		for _, n := range logged {
			slog.New(h).With("v", n).WithGroup("g").Info("m", "v", n, slog.Group("g", "v", n))
		}
	}
	assert.NotContains(t, all.String(), "!PANIC")
	return all.String()
}

// asJSON is v by both packages; some values have no JSON form, which is an error and no text.
func asJSON(v any) string {
	var all bytes.Buffer
	for _, n := range []any{v, &v, []any{v}, map[string]any{"k": v}, struct{ V any }{v}} {
		one, _ := json.Marshal(n)
		other, _ := experiment.Marshal(n)
		all.Write(append(one, other...))
	}
	return all.String()
}

// No secret, private number or token shows in any form of anything exported that has one.
func TestH14_NoFormOfASecret(t *testing.T) {
	ed, rsa, p256 := ed25519Key(), rsaKey(), p256Key()
	ring, err := authjwt.NewKeyRing(authjwt.Key{ID: "a", PrivateKey: rsa}, next(authjwt.Key{ID: "b", SecretKey: testSecret}), next(authjwt.Key{ID: "c", PrivateKey: p256}))
	require.NoError(t, err)
	settings := authjwt.Settings{SecretKey: testSecret, PrivateKey: ed, KeyRing: ring}
	keys := []authjwt.Key{{SecretKey: testSecret}, {PrivateKey: ed}, {PrivateKey: rsa}, {PrivateKey: p256}}
	var told []authjwt.Event
	m := newService(t, func(set *authjwt.Settings) { set.Sessions = new(authjwt.MemoryStore) }).auth
	pair := must(m.Bind(testContext()).Login("alice", authjwt.WithClaims(map[string]string{"note": "claim-text"})))
	token := must(m.Verify(t.Context(), pair.AccessToken, authjwt.Access))
	var a *authjwt.AuthJWT
	g := guard(t, m.Required(), func(c *gin.Context) { a = authjwt.FromContext(c) })
	g.assertAccepted(t, g.get("Bearer "+pair.AccessToken))
	_, refusal := m.Verify(t.Context(), pair.AccessToken+"x", authjwt.Access)
	_, mistakes := authjwt.New(authjwt.Settings{SecretKey: testSecret[:20]})
	require.Error(t, refusal)
	require.Error(t, mistakes)
	for _, e := range []error{refusal, errors.Join(refusal, mistakes)} {
		told = append(told, authjwt.Event{Kind: authjwt.EventRefused, Time: testNow, Subject: "alice", SessionID: "s", TokenID: "t", Err: e})
	}

	var forms []string
	signature := pair.AccessToken[strings.LastIndex(pair.AccessToken, ".")+1:]
	for _, octets := range [][]byte{
		[]byte(testSecret), []byte(testSecret[:20]), []byte(testSecret[30:46]), []byte(pair.AccessToken), []byte(pair.RefreshToken), []byte(signature),
		ed.Seed(), rsa.D.Bytes(), rsa.Primes[0].Bytes(), rsa.Primes[1].Bytes(), rsa.Precomputed.Dp.Bytes(), must(p256.Bytes()),
	} {
		forms = append(forms, formsOf(octets)...)
	}
	hidden := func(name, text string, more ...string) {
		t.Helper()
		for _, form := range append(forms, more...) {
			assert.False(t, strings.Contains(text, form), "%s shows %.40q", name, form)
		}
	}
	sessions := must(m.Sessions(t.Context(), "alice"))
	require.NotEmpty(t, sessions)
	for name, v := range map[string]any{
		"Settings": settings, "*Settings": &settings, "Key": keys[0], "*Key": &keys[1], "[]Key": keys, "KeyRing": ring, "Manager": m, "AuthJWT": a,
		"Token": *token, "*Token": token, "TokenPair": pair, "*TokenPair": &pair, "Event": told[0], "*Event": &told[1], "Session": sessions[0], "*Session": &sessions[0],
		"*Error": refusal, "joined errors": errors.Join(refusal, mistakes), "wrapped": fmt.Errorf("w: %w", refusal), "mistakes": mistakes,
		"PublicKeys": newManager(t, withKeys(ring)).PublicKeys(), "issued by a pair": newManager(t, signsWith("RS256")),
	} {
		hidden(name, printed(t, v), "eyJ", "claim-text")
		if !strings.Contains(name, "TokenPair") { // which is the answer to a login
			hidden(name+" as JSON", asJSON(v), "eyJ")
		}
	}
	// The forms are found where they are.
	for _, v := range []any{testSecret, []byte(testSecret), ed, ed.Seed(), rsa.D, pair.AccessToken} {
		text := printed(t, v) + asJSON(v)
		found := 0
		for _, form := range forms {
			if strings.Contains(text, form) {
				found++
			}
		}
		assert.Positive(t, found, "%T", v)
	}
}
