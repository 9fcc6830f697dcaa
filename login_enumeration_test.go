package authjwt_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http/httptest"
	"regexp"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

// accounts has a user and a locked one, each with the password test; its refusals say more than clients may learn.
func accounts() authjwt.Routes {
	return authjwt.Routes{
		Login: func(c *gin.Context) (string, error) {
			cred, err := authjwt.BindCredentials(c)
			switch {
			case err != nil:
				return "", err
			case cred.Username != "alice" && cred.Username != "locked":
				return "", fmt.Errorf("nobody is called %s: %w", cred.Username, authjwt.ErrInvalidCredentials)
			case cred.Password != "test":
				return cred.Username, authjwt.ErrInvalidCredentials
			}
			return cred.Username, nil
		},
		Claims: func(_ context.Context, subject string) (any, error) {
			if subject == "locked" {
				return nil, fmt.Errorf("%s is locked: %w", subject, authjwt.ErrInvalidCredentials)
			}
			return nil, nil
		},
	}
}

var dateField = regexp.MustCompile(`(?m)^Date: .*\r\n`)

// octets is a whole answer as it is sent, apart from its date.
func octets(t *testing.T, server *httptest.Server, contentType, body string) string {
	t.Helper()
	conn, err := net.DialTimeout("tcp", server.Listener.Addr().String(), 10*time.Second)
	require.NoError(t, err)
	defer conn.Close()
	require.NoError(t, conn.SetDeadline(time.Now().Add(10*time.Second)))
	_, err = fmt.Fprintf(conn, "POST / HTTP/1.1\r\nHost: example.com\r\nConnection: close\r\nContent-Type: %s\r\n"+
		"Content-Length: %d\r\n\r\n%s", contentType, len(body), body)
	require.NoError(t, err)
	answer, err := io.ReadAll(conn)
	require.NoError(t, err)
	require.Regexp(t, dateField, string(answer))
	return dateField.ReplaceAllString(string(answer), "")
}

// Whether a user exists, or is locked, cannot be told from any octet of the answer.
func TestL05_OneAnswerForUnknownUserAndWrongPassword(t *testing.T) {
	const head = "HTTP/1.1 401 Unauthorized\r\nCache-Control: no-store\r\nContent-Type: application/json\r\nVary: Authorization, Cookie\r\n"
	for _, style := range []struct {
		name   string
		errors authjwt.ErrorStyle
		want   string
	}{
		{"RFC 6750", authjwt.RFC6750, head + "Www-Authenticate: Bearer realm=\"api\"\r\nContent-Length: 66\r\nConnection: close\r\n\r\n" +
			`{"detail":"Bad username or password","code":"invalid_credentials"}`},
		{"FastAPI", authjwt.FastAPI, head + "Content-Length: 37\r\nConnection: close\r\n\r\n" + `{"detail":"Bad username or password"}`},
	} {
		for locations, edit := range map[string]func(s *authjwt.Settings){
			"headers": func(*authjwt.Settings) {},
			"cookies": inCookies,
			"sessions": func(s *authjwt.Settings) {
				s.TokenLocation, s.Store = []authjwt.Location{authjwt.Headers, authjwt.Cookies}, new(authjwt.MemoryStore)
			},
		} {
			m := newManager(t, edit, func(s *authjwt.Settings) { s.Errors = style.errors })
			e := newEndpoint(m.LoginHandler(accounts()))
			server := httptest.NewServer(e)
			defer server.Close()
			for contentType, form := range map[string]string{
				"application/json":                  `{"username":%q,"password":%q}`,
				"application/x-www-form-urlencoded": "username=%s&password=%s",
			} {
				t.Run(style.name+"/"+locations+"/"+contentType, func(t *testing.T) {
					for _, try := range []struct{ name, password string }{
						{"alice", "guess"}, {"bob", "guess"}, {"bob", "test"}, {"locked", "test"}, {"Alice", "test"}, {"someone-with-a-long-name", "g"},
					} {
						e.last = nil
						assert.Equal(t, style.want, octets(t, server, contentType, fmt.Sprintf(form, try.name, try.password)), try)
						assert.ErrorIs(t, e.last, authjwt.ErrInvalidCredentials, try)
					}
					assert.Regexp(t, "^HTTP/1.1 200 OK\r\n", octets(t, server, contentType, fmt.Sprintf(form, "alice", "test")))
				})
			}
		}
	}
}
