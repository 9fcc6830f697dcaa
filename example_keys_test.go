package authjwt_test

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/gin-authjwt/authjwt"
)

// The key of RFC 8037, appendix A, which everybody knows.
const (
	examplePrivatePEM = `-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g
-----END PRIVATE KEY-----`
	examplePublicPEM = `-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=
-----END PUBLIC KEY-----`
)

// exampleKeys are last month's secret and this month's.
func exampleKeys() []authjwt.Key {
	return []authjwt.Key{
		{ID: "2026-11", SecretKey: os.Getenv("SECRET_KEY")},
		{ID: "2026-12", SecretKey: os.Getenv("NEXT_SECRET_KEY"), State: authjwt.KeyNext},
	}
}

func exampleRing() *authjwt.KeyRing {
	ring, err := authjwt.NewKeyRing(exampleKeys()...)
	if err != nil {
		panic(err)
	}
	return ring
}

// kid is the key ID in the header of a token.
func kid(raw string) any {
	header, err := authjwt.UnverifiedHeader(raw)
	if err != nil {
		panic(err)
	}
	return header["kid"]
}

func ExampleParsePrivateKey() {
	private, err := authjwt.ParsePrivateKey([]byte(examplePrivatePEM)) // in real life os.ReadFile, or the environment
	if err != nil {
		panic(err)
	}
	auth, err := authjwt.New(authjwt.Settings{PrivateKey: private})
	if err != nil {
		panic(err)
	}
	raw, _ := auth.CreateAccessToken("alice")
	header, err := authjwt.UnverifiedHeader(raw)
	fmt.Println(header["alg"], header["kid"], err)

	_, err = authjwt.ParsePrivateKey([]byte(examplePublicPEM))
	fmt.Println(err)
	// Output:
	// EdDSA kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k <nil>
	// authjwt: parse private key: a PEM block "PUBLIC KEY" is not available; it is a public key, which signs nothing; for a Manager that only verifies, give it to ParsePublicKey
}

// A service that verifies what another one has signed.
func ExampleParsePublicKey() {
	public, err := authjwt.ParsePublicKey([]byte(examplePublicPEM))
	if err != nil {
		panic(err)
	}
	auth, err := authjwt.New(authjwt.Settings{PublicKey: public})
	if err != nil {
		panic(err)
	}
	_, err = auth.CreateAccessToken("alice")
	fmt.Println(err)
	// Output:
	// authjwt: create access token: the Manager only verifies; to sign, set Settings.SecretKey, PrivateKey or a KeyRing that has one
}

func ExampleNewKeyRing() {
	ring, err := authjwt.NewKeyRing(exampleKeys()...)
	if err != nil {
		panic(err)
	}
	auth, err := authjwt.New(authjwt.Settings{KeyRing: ring})
	if err != nil {
		panic(err)
	}
	raw, _ := auth.CreateAccessToken("alice")
	fmt.Println(kid(raw))

	_, err = authjwt.NewKeyRing(authjwt.Key{ID: "2026-11", SecretKey: "changeme"})
	fmt.Println(err)
	// Output:
	// 2026-11
	// authjwt: key 1 ("2026-11"): SecretKey: it is a well-known example; make one with: openssl rand -base64 32
}

// In December the next key becomes the current one, and the former verifies until its last token has expired.
func ExampleKeyRing_Replace() {
	ring := exampleRing()
	auth, err := authjwt.New(authjwt.Settings{KeyRing: ring})
	if err != nil {
		panic(err)
	}
	before, _ := auth.CreateAccessToken("alice")

	keys := exampleKeys()
	keys[0].State, keys[1].State = authjwt.KeyPrevious, authjwt.KeyCurrent
	fmt.Println("replaced:", ring.Replace(keys...))
	after, _ := auth.CreateAccessToken("alice")
	_, errBefore := auth.Verify(context.Background(), before, authjwt.Access)
	_, errAfter := auth.Verify(context.Background(), after, authjwt.Access)
	fmt.Println(kid(before), errBefore, kid(after), errAfter)

	fmt.Println(ring.Replace(keys[1])) // too early to forget the former
	// Output:
	// replaced: <nil>
	// 2026-11 <nil> 2026-12 <nil>
	// authjwt: the key "2026-11" of the ring is missing, and tokens of it are good; list it as KeyPrevious, or as KeyRetired to end them
}

func ExampleManager_PublicKeys() {
	private, _ := authjwt.ParsePrivateKey([]byte(examplePrivatePEM))
	auth, err := authjwt.New(authjwt.Settings{PrivateKey: private})
	if err != nil {
		panic(err)
	}
	for _, key := range auth.PublicKeys() {
		fmt.Printf("%s %s %s %T\n", key.State, key.ID, key.Algorithm, key.PublicKey)
	}
	fmt.Println(len(exampleManager().PublicKeys()), "of a secret")
	// Output:
	// current kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k EdDSA ed25519.PublicKey
	// 0 of a secret
}

func ExampleKeyState_String() {
	fmt.Println(authjwt.KeyNext, authjwt.KeyCurrent, authjwt.KeyPrevious, authjwt.KeyRetired)
	// Output: next current previous retired
}

func ExampleKey_Format() {
	key := exampleKeys()[1]
	key.State, key.Until = authjwt.KeyPrevious, time.Date(2026, 12, 31, 0, 0, 0, 0, time.UTC)
	fmt.Printf("%+v\n", key)
	// Output: authjwt.Key(ID=2026-12 SecretKey=[redacted] State=previous Until=2026-12-31 00:00:00 +0000 UTC)
}

func ExampleKey_LogValue() {
	logger().Info("rotate", "key", exampleKeys()[0])
	// Output: level=INFO msg=rotate key.ID=2026-11 key.SecretKey=[redacted]
}

func ExampleKey_MarshalJSON() {
	printJSON(exampleKeys()[0])
	// Output: {"ID":"2026-11","SecretKey":"[redacted]"} <nil>
}

func ExampleKeyRing_Format() {
	fmt.Println(exampleRing())
	// Output: authjwt.KeyRing("2026-11" HS256 current, "2026-12" HS256 next)
}

func ExampleKeyRing_LogValue() {
	logger().Info("rotated", "keys", exampleRing())
	// Output: level=INFO msg=rotated keys="authjwt.KeyRing(\"2026-11\" HS256 current, \"2026-12\" HS256 next)"
}
