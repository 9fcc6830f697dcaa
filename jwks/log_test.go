package jwks_test

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt/jwks"
)

// What hides behind a last good set is logged: each failure, the end of them, and keys that nobody can use, but once.
func TestK05_Logger(t *testing.T) {
	var log bytes.Buffer
	i := newIssuer(t, httptest.NewServer)
	r := i.remote(t, jwks.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
	said := func(key string, wants ...string) {
		t.Helper()
		i.clock.advance(20 * time.Minute) // it was fresh for 15
		require.True(t, has(t, r, key))
		lines := strings.Split(strings.TrimSuffix(log.String(), "\n"), "\n")
		log.Reset()
		if len(wants) == 0 {
			assert.Equal(t, []string{""}, lines)
			return
		}
		require.Len(t, lines, len(wants))
		for n, want := range wants {
			assert.Contains(t, lines[n], want)
			assert.Contains(t, lines[n], "url="+i.URL)
		}
	}
	good, enc := newJWK("P-256", "a"), newJWK("RSA", "b").with(jwk{"use": "enc"})
	i.publishes(setOf(t, good))
	said("a")
	const leftOut = `level=INFO msg="jwks: keys of the set are left out"`
	i.publishes(setOf(t, good, enc))
	said("a", leftOut)
	said("a") // once is enough
	i.publishes(setOf(t, good, enc.with(jwk{"kid": "c\n"})))
	said("a", `why="key 2 (\"c\\n\"): not usable: use is \"enc\", not sig"`)

	i.answers(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
	const failed = `level=WARN msg="jwks: the key set cannot be fetched"`
	said("a", failed)
	said("a", failed)
	i.publishes(setOf(t, good, enc.with(jwk{"kid": "c\n"})))
	said("a", `level=INFO msg="jwks: the key set is fetched again"`)
	i.publishes(setOf(t, good))
	said("a")
	i.publishes(setOf(t, good, enc))
	said("a", leftOut)
}

// A handler that panics, in no request, does not end the program.
func TestK05_LoggerThatPanics(t *testing.T) {
	i := newIssuer(t, httptest.NewServer)
	r := i.remote(t, jwks.WithLogger(slog.New(panicking{})))
	i.answers(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
	assert.ErrorContains(t, fails(t, r, "a"), "502")
	i.publishes(setOf(t, newJWK("P-256", "a")))
	i.clock.advance(time.Hour)
	assert.True(t, has(t, r, "a"))
}

type panicking struct{ slog.Handler }

func (panicking) Enabled(context.Context, slog.Level) bool { panic("enabled") }
