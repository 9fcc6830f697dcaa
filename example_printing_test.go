package authjwt_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"

	"github.com/golang-jwt/jwt/v5"

	"github.com/gin-authjwt/authjwt"
)

// logger writes to standard output, without time.
func logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return a
		},
	}))
}

// printJSON prints v as encoding/json writes it.
func printJSON(v any) {
	text, err := json.Marshal(v)
	fmt.Println(string(text), err)
}

func exampleSettings() authjwt.Settings {
	return authjwt.Settings{SecretKey: os.Getenv("SECRET_KEY"), KeyID: "2026-11"}
}

func exampleToken() *authjwt.Token {
	auth := exampleManager()
	raw, _ := auth.CreateAccessToken("alice", authjwt.WithClaims(map[string]any{"tenant": "north"}))
	token, err := auth.Verify(context.Background(), raw, authjwt.Access)
	if err != nil {
		panic(err)
	}
	return token
}

func exampleCredentials() authjwt.Credentials {
	return authjwt.Credentials{Username: "alice", Password: "wonderland"}
}

func ExampleSettings_Format() {
	fmt.Printf("%+v\n", exampleSettings())
	// Output: authjwt.Settings(SecretKey=[redacted] KeyID=2026-11)
}

func ExampleSettings_LogValue() {
	logger().Info("start", "settings", exampleSettings())
	// Output: level=INFO msg=start settings.SecretKey=[redacted] settings.KeyID=2026-11
}

func ExampleSettings_MarshalJSON() {
	printJSON(exampleSettings())
	// Output: {"KeyID":"2026-11","SecretKey":"[redacted]"} <nil>
}

func ExampleManager_Format() {
	text := fmt.Sprint(exampleManager()) // with the defaults filled in
	fmt.Println(strings.Contains(text, "SecretKey=[redacted]"), strings.Contains(text, "AccessTokenExpires=15m0s"))
	// Output: true true
}

func ExampleManager_LogValue() {
	for _, setting := range exampleManager().LogValue().Group() {
		if setting.Key == "SecretKey" || setting.Key == "ClockSkew" {
			fmt.Println(setting)
		}
	}
	// Output:
	// SecretKey=[redacted]
	// ClockSkew=5s
}

func ExampleAuthJWT_Format() {
	fmt.Printf("%+v\n", exampleManager().Bind(testContext()))
	// Output: authjwt.AuthJWT(<nil>)
}

func ExampleToken_Format() {
	token := exampleToken()
	fmt.Println(strings.Replace(fmt.Sprint(token), token.ID, "<id>", 1)) // neither claims nor the token's text
	// Output: authjwt.Token(access <id>)
}

func ExampleToken_LogValue() {
	token := exampleToken()
	token.ID = "0c8e" // it would be random
	logger().Info("accepted", "token", token)
	// Output: level=INFO msg=accepted token.type=access token.id=0c8e
}

// Its JSON form is its claims, as the issuer wrote them.
func ExampleToken_MarshalJSON() {
	text, err := json.Marshal(exampleToken())
	var claims map[string]any
	fmt.Println(err, json.Unmarshal(text, &claims))
	fmt.Println(claims["sub"], claims["tenant"], claims["type"])
	// Output:
	// <nil> <nil>
	// alice north access
}

func ExampleCredentials_Format() {
	fmt.Printf("%+v\n", exampleCredentials())
	// Output: authjwt.Credentials(alice)
}

func ExampleCredentials_LogValue() {
	logger().Info("login", "credentials", exampleCredentials())
	// Output: level=INFO msg=login credentials.username=alice
}

func ExampleCredentials_MarshalJSON() {
	printJSON(exampleCredentials())
	// Output: {"username":"alice"} <nil>
}

func ExampleTokenPair_Format() {
	pair, _ := exampleManager().Bind(testContext()).Login("alice")
	fmt.Printf("%+v\n", pair)
	// Output: authjwt.TokenPair(expires in 15m0s)
}

func ExampleTokenPair_LogValue() {
	pair, _ := exampleManager().Bind(testContext()).Login("alice")
	logger().Info("issued", "pair", pair)
	// Output: level=INFO msg=issued pair="authjwt.TokenPair(expires in 15m0s)"
}

// Where only cookies carry tokens, the answer of a login holds none that a script could read.
func ExampleTokenPair_MarshalJSON() {
	for _, auth := range []*authjwt.Manager{exampleManager(), exampleCookies()} {
		pair, err := auth.Bind(testContext()).Login("alice")
		if err != nil {
			panic(err)
		}
		text, _ := json.Marshal(pair)
		fmt.Println(strings.Contains(string(text), pair.AccessToken), strings.Contains(string(text), `"expires_in":900`))
	}
	// Output:
	// true true
	// false true
}

// exampleRefusal is what a guard finds.
func exampleRefusal() error {
	_, err := exampleManager().Verify(context.Background(), "no.to.ken", authjwt.Access)
	return err
}

func ExampleError_Error() {
	fmt.Println(exampleRefusal().Error())
	// Output: authjwt: token_malformed: Invalid header padding
}

func ExampleError_Format() {
	fmt.Printf("%#v\n", exampleRefusal()) // no verb shows a cause, which may quote a token
	// Output: authjwt: token_malformed: Invalid header padding
}

func ExampleError_Unwrap() {
	err := exampleRefusal()
	fmt.Println(errors.Is(err, authjwt.ErrJWTDecode), errors.Is(err, jwt.ErrTokenMalformed), errors.Is(err, authjwt.ErrMissingToken))
	// Output: true true false
}
