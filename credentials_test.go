package authjwt_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

func TestBindCredentials(t *testing.T) {
	want := authjwt.Credentials{
		Username: "alice", Password: "p w", GrantType: "password", ClientID: "app", ClientSecret: "s", Scopes: []string{"a", "b"},
	}
	for contentType, body := range map[string]string{
		"application/json":                  `{"username":"alice","password":"p w","grant_type":"password","client_id":"app","client_secret":"s","scope":"a  b","otp":"123"}`,
		"application/x-www-form-urlencoded": `username=alice&password=p+w&grant_type=password&client_id=app&client_secret=s&scope=a++b&otp=123`,
	} {
		c := testContext()
		c.Request = httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
		c.Request.Header.Set("Content-Type", contentType)
		cred, err := authjwt.BindCredentials(c)
		require.NoError(t, err)
		assert.Equal(t, want, cred)
		again, err := io.ReadAll(c.Request.Body)
		require.NoError(t, err)
		assert.Equal(t, body, string(again), "the body can be read again, for a one-time password, say")
	}
}
