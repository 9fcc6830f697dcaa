package main

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestGuesses_AreLimited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, err := newProgram(settings(secret), slog.New(slog.DiscardHandler))
		require.NoError(t, err)
		send := func(client, path, form string) string {
			req := httptest.NewRequest("POST", path, strings.NewReader(form))
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			req.RemoteAddr = client + ":1234"
			rec := httptest.NewRecorder()
			p.public.ServeHTTP(rec, req)
			if rec.Code == http.StatusOK {
				return "200"
			}
			return fmt.Sprint(rec.Code, rec.Body)
		}
		login := func(client, password string) string {
			return send(client, "/login", "username=test&password="+password)
		}
		const wrong = `401 {"detail":"Bad username or password","code":"invalid_credentials"}`
		const tooMany = `429 {"detail":"Try again in a minute","code":"too_many_guesses"}`
		for range 3 { // minutes
			for range 10 {
				assert.Equal(t, "200", login("192.0.2.1", "test"), "what is no guess does not count")
				assert.Contains(t, send("192.0.2.1", "/refresh", ""), "missing_token")
				assert.Equal(t, wrong, login("192.0.2.1", "guess"))
			}
			for range 20 {
				assert.Equal(t, tooMany, login("192.0.2.1", "guess"))
				assert.Equal(t, tooMany, login("192.0.2.1", "test"), "or the guess would be told to be right")
				assert.Equal(t, "200", login("192.0.2.2", "test"))
			}
			time.Sleep(time.Minute - 1) // of synctest's clock
			assert.Equal(t, tooMany, login("192.0.2.1", "test"))
			time.Sleep(time.Nanosecond)
		}
		assert.Equal(t, "200", login("192.0.2.1", "test"))
	})
}
