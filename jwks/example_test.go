package jwks_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/gin-authjwt/authjwt"
	"github.com/gin-authjwt/authjwt/jwks"
)

// The key of RFC 8037, appendix A, which everybody knows, as PEM and in a set.
const (
	examplePEM = `-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g
-----END PRIVATE KEY-----`
	exampleSet = `{"keys": [
	{"kty": "OKP", "crv": "Ed25519", "kid": "2026-11", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},
	{"kty": "RSA", "use": "enc", "alg": "RSA-OAEP", "kid": "for-encryption", "n": "AQAB", "e": "AQAB"}
]}`
)

// The environment that the Example of a secret reads.
var _ = os.Setenv("SECRET_KEY", rand.Text()+rand.Text())

// exampleIssuer makes tokens and publishes its key.
func exampleIssuer(opts ...jwks.HandlerOption) (*authjwt.Manager, *gin.Engine) {
	private, err := authjwt.ParsePrivateKey([]byte(examplePEM))
	if err != nil {
		panic(err)
	}
	auth, err := authjwt.New(authjwt.Settings{PrivateKey: private, KeyID: "2026-11", EncodeIssuer: "https://issuer.example/", EncodeAudience: []string{"https://api.example"}})
	if err != nil {
		panic(err)
	}
	gin.SetMode(gin.TestMode)
	engine := gin.New()
	engine.GET("/.well-known/jwks.json", jwks.Handler(auth, opts...))
	engine.HEAD("/.well-known/jwks.json", jwks.Handler(auth, opts...))
	return auth, engine
}

func ExampleNewRemote() {
	issuer, engine := exampleIssuer()
	server := httptest.NewServer(engine) // which http is allowed for, as on localhost
	defer server.Close()

	keys, err := jwks.NewRemote(server.URL + "/.well-known/jwks.json")
	if err != nil {
		panic(err)
	}
	auth, err := authjwt.New(authjwt.Settings{KeySet: keys, DecodeIssuer: "https://issuer.example/", DecodeAudience: []string{"https://api.example"}})
	if err != nil {
		panic(err)
	}
	raw, _ := issuer.CreateAccessToken("alice")
	token, err := auth.Verify(context.Background(), raw, authjwt.Access)
	fmt.Println(token.Subject, err)
	// Output: alice <nil>
}

// All mistakes are told at once.
func ExampleNewRemote_mistakes() {
	_, err := jwks.NewRemote("http://me:pw@issuer.example/jwks.json", jwks.WithTimeout(5))
	fmt.Println(err)
	// Output:
	// jwks: url: use https; http is for localhost, 127.0.0.0/8 and ::1
	// jwks: url: leave out user and password; a transport in WithHTTPClient can add a header
	// jwks: WithTimeout: 5ns is not within a millisecond and 1m0s; a plain number counts nanoseconds, so write 5*time.Second
}

func ExampleRemote_VerificationKey() {
	_, engine := exampleIssuer()
	server := httptest.NewServer(engine)
	defer server.Close()
	keys, err := jwks.NewRemote(server.URL + "/.well-known/jwks.json")
	if err != nil {
		panic(err)
	}
	for _, alg := range []string{"EdDSA", "ES256"} {
		key, err := keys.VerificationKey(context.Background(), "2026-11", alg)
		fmt.Printf("%s %T %v\n", alg, key, err)
	}
	// Output:
	// EdDSA ed25519.PublicKey <nil>
	// ES256 <nil> <nil>
}

// Keys from a file, or compiled in, instead of fetched.
func ExampleParse() {
	set, err := jwks.Parse([]byte(exampleSet))
	if err != nil {
		panic(err)
	}
	auth, err := authjwt.New(authjwt.Settings{KeySet: set, DecodeIssuer: "https://issuer.example/", DecodeAudience: []string{"https://api.example"}})
	if err != nil {
		panic(err)
	}
	issuer, _ := exampleIssuer()
	raw, _ := issuer.CreateAccessToken("alice")
	token, err := auth.Verify(context.Background(), raw, authjwt.Access)
	fmt.Println(token.Subject, err)

	_, err = jwks.Parse([]byte(`{"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}`))
	fmt.Println(errors.Is(err, jwks.ErrSecret), err)
	// Output:
	// alice <nil>
	// true jwks: the set holds a secret key: member "k" (key 1)
}

func ExampleSet_VerificationKey() {
	set, err := jwks.Parse([]byte(exampleSet))
	if err != nil {
		panic(err)
	}
	for _, kid := range []string{"2026-11", "", "2026-12", "for-encryption"} {
		key, _ := set.VerificationKey(context.Background(), kid, "EdDSA")
		fmt.Printf("%q: %T\n", kid, key)
	}
	// Output:
	// "2026-11": ed25519.PublicKey
	// "": ed25519.PublicKey
	// "2026-12": <nil>
	// "for-encryption": <nil>
}

func ExampleHandler() {
	_, engine := exampleIssuer()
	rec := httptest.NewRecorder()
	engine.ServeHTTP(rec, httptest.NewRequest("GET", "/.well-known/jwks.json", nil))
	fmt.Println(rec.Code, rec.Header().Get("Content-Type"), rec.Header().Get("Cache-Control"))
	fmt.Println(rec.Body)

	again := httptest.NewRequest("GET", "/.well-known/jwks.json", nil)
	again.Header.Set("If-None-Match", rec.Header().Get("ETag"))
	rec = httptest.NewRecorder()
	engine.ServeHTTP(rec, again)
	fmt.Println(rec.Code, rec.Body.Len())
	// Output:
	// 200 application/jwk-set+json public, max-age=300
	// {"keys":[{"use":"sig","kty":"OKP","kid":"2026-11","crv":"Ed25519","alg":"EdDSA","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}
	// 304 0
}

// Of an application whose tokens are signed with a secret nothing is published.
func ExampleHandler_secret() {
	auth, err := authjwt.New(authjwt.Settings{SecretKey: os.Getenv("SECRET_KEY")})
	if err != nil {
		panic(err)
	}
	engine := gin.New()
	engine.GET("/.well-known/jwks.json", jwks.Handler(auth))
	rec := httptest.NewRecorder()
	engine.ServeHTTP(rec, httptest.NewRequest("GET", "/.well-known/jwks.json", nil))
	fmt.Println(rec.Code, rec.Body)
	// Output: 404 {"detail":"There is no key to publish","code":"not_found"}
}

func ExampleWithMaxAge() {
	_, engine := exampleIssuer(jwks.WithMaxAge(time.Hour))
	rec := httptest.NewRecorder()
	engine.ServeHTTP(rec, httptest.NewRequest("HEAD", "/.well-known/jwks.json", nil))
	fmt.Println(rec.Code, rec.Header().Get("Cache-Control"))
	// Output: 200 public, max-age=3600
}

func ExampleSet_LeftOut() {
	set, err := jwks.Parse([]byte(exampleSet))
	if err != nil {
		panic(err)
	}
	fmt.Println(set.LeftOut())
	// Output: key 2 ("for-encryption"): not usable: use is "enc", not sig
}
