package authjwt_test

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/gin-authjwt/authjwt"
)

// The settings of a Python service, as json.dumps writes them.
func ExampleLoadSettings() {
	var values map[string]any
	err := json.Unmarshal([]byte(`{
		"authjwt_token_location": ["headers", "cookies"],
		"authjwt_cookie_secure": true,
		"authjwt_cookie_max_age": null,
		"authjwt_access_token_expires": "0:10:00"
	}`), &values)
	if err != nil {
		panic(err)
	}
	values["authjwt_secret_key"] = os.Getenv("SECRET_KEY")
	s, err := authjwt.LoadSettings(values)
	fmt.Println(s.TokenLocation, s.InsecureCookies, s.AccessTokenExpires, err)
	auth, err := authjwt.New(s)
	fmt.Println(auth != nil, err)

	values["authjwt_cookie_samesite"] = "Lax"
	values["authjwt_cookie_max_age"] = 0
	values["authjwt_cookie_secur"] = true
	_, err = authjwt.LoadSettings(values)
	fmt.Println(err)
	// Output:
	// [headers cookies] false 10m0s <nil>
	// true <nil>
	// authjwt: authjwt_cookie_max_age: 0 is no number of whole seconds from 1; write 3600, or leave it out for cookies that end with the browser
	// authjwt: authjwt_cookie_samesite: "Lax" is not possible; write strict, lax or none
	// authjwt: authjwt_cookie_secur is unknown; did you mean authjwt_cookie_secure?
}

func ExampleSettingsFromEnv() {
	for name, text := range map[string]string{ // in real life from Docker, systemd or the shell
		"AUTHJWT_SECRET_KEY":           os.Getenv("SECRET_KEY"),
		"AUTHJWT_TOKEN_LOCATION":       "cookies, headers",
		"AUTHJWT_ACCESS_TOKEN_EXPIRES": "10m",
	} {
		_ = os.Setenv(name, text)
		defer func() { _ = os.Unsetenv(name) }()
	}
	s, err := authjwt.SettingsFromEnv()
	fmt.Println(s, err)
	auth, err := authjwt.LoadConfig(authjwt.SettingsFromEnv)
	fmt.Println(auth != nil, err)

	_ = os.Setenv("AUTHJWT_SECRET_KEY", "")
	_ = os.Setenv("AUTHJWT_TOKEN_LOCATIONS", "cookies")
	defer func() { _ = os.Unsetenv("AUTHJWT_TOKEN_LOCATIONS") }()
	_, err = authjwt.SettingsFromEnv()
	fmt.Println(err)
	// Output:
	// authjwt.Settings(SecretKey=[redacted] TokenLocation=[cookies headers] AccessTokenExpires=10m0s) <nil>
	// true <nil>
	// authjwt: AUTHJWT_SECRET_KEY: it is empty; set it to something, or unset it
	// authjwt: AUTHJWT_TOKEN_LOCATIONS is unknown; did you mean AUTHJWT_TOKEN_LOCATION?
}
