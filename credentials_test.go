package authjwt_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

// Nothing a client sends as its name makes a login fail with 500, not even used as the subject.
func TestLogin_NamesFromOutside(t *testing.T) {
	auth := newManager(t)
	r := gin.New()
	r.POST("/", auth.LoginHandler(authjwt.Routes{Login: func(c *gin.Context) (string, error) {
		cred, err := authjwt.BindCredentials(c)
		return cred.Username, err
	}}))
	malformed := outcome{400, "invalid_request", "The request body is malformed", "-"}
	for name, try := range map[string]struct {
		username string
		accepted bool
	}{
		"longest, all escaped": {strings.Repeat("\x01", 256), true},
		"one octet longer":     {strings.Repeat("\x01", 513), false},
		"UTF-8":                {"ü", true},
		"not UTF-8":            {"\xfc", false},
	} {
		t.Run(name, func(t *testing.T) {
			form := url.Values{"username": {try.username}, "password": {"x"}}
			req := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(form.Encode()))
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			rec := httptest.NewRecorder()
			r.ServeHTTP(rec, req)
			if try.accepted {
				assert.Equal(t, http.StatusOK, rec.Code, rec.Body)
				return
			}
			assertAnswer(t, rec, malformed)
		})
	}
}

// A body cut off is no body, even where what has arrived makes sense.
func TestBindCredentials_BrokenBodies(t *testing.T) {
	for name, body := range map[string]io.ReadCloser{
		"cut off": io.NopCloser(io.MultiReader(strings.NewReader("username=alice&password=x"), iotest.ErrReader(io.ErrUnexpectedEOF))),
		"none":    nil,
	} {
		t.Run(name, func(t *testing.T) {
			c := testContext()
			c.Request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			c.Request.Body = body
			_, err := authjwt.BindCredentials(c)
			var refused *authjwt.Error
			require.ErrorAs(t, err, &refused)
			assert.Equal(t, http.StatusBadRequest, refused.Status)
		})
	}
}

func TestBindCredentials_SmallerLimit(t *testing.T) {
	c := testContext()
	body := io.NopCloser(strings.NewReader("username=alice&password=x"))
	c.Request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	c.Request.Body = http.MaxBytesReader(nil, body, 10)
	_, err := authjwt.BindCredentials(c)
	var refused *authjwt.Error
	require.ErrorAs(t, err, &refused)
	assert.Equal(t, http.StatusRequestEntityTooLarge, refused.Status)
}

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
