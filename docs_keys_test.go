package authjwt_test

import (
	"crypto/ed25519"
	"crypto/sha256"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

func keysPage(t *testing.T) string {
	t.Helper()
	page, err := os.ReadFile("docs/keys.md")
	require.NoError(t, err)
	return string(page)
}

// Every command of the page that makes a key is run, and its key taken.
func TestDocs_KeyCommands(t *testing.T) {
	if _, err := exec.LookPath("openssl"); err != nil {
		require.Empty(t, os.Getenv("REQUIRE_SERVICES"), "openssl is missing")
		t.Skip("openssl is missing")
	}
	rows := regexp.MustCompile("(?m)^\\|.*\\b(HS256|EdDSA|ES256|RS256)\\b.*\\| `(openssl [^`]+)` \\|$").FindAllStringSubmatch(keysPage(t), -1)
	var algorithms []string
	for _, row := range rows {
		made, err := exec.Command("sh", "-c", row[2]).Output()
		require.NoError(t, err, row[2])
		s := authjwt.Settings{Algorithm: row[1]}
		if row[1] == "HS256" {
			s.SecretKey = strings.TrimSpace(string(made))
		} else {
			s.PrivateKey, err = authjwt.ParsePrivateKey(made)
			require.NoError(t, err, row[2])
		}
		_, err = authjwt.New(s)
		assert.NoError(t, err, row[2])
		algorithms = append(algorithms, row[1])
	}
	assert.Equal(t, []string{"HS256", "EdDSA", "ES256", "RS256"}, algorithms)
}

// ed25519Of is a key for each name.
func ed25519Of(name string) ed25519.PrivateKey {
	seed := sha256.Sum256([]byte(name))
	return ed25519.NewKeyFromSeed(seed[:])
}

// The table of states is what a ring does.
func TestDocs_KeyStates(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	until := now.Add(time.Hour)
	rows := regexp.MustCompile("(?m)^\\| `(Key\\w+)`[^|]*\\| ([^|]+) \\| ([^|]+) \\| ([^|]+) \\|$").FindAllStringSubmatch(keysPage(t), -1)
	states := map[string]authjwt.KeyState{
		"KeyNext": authjwt.KeyNext, "KeyCurrent": authjwt.KeyCurrent, "KeyPrevious": authjwt.KeyPrevious, "KeyRetired": authjwt.KeyRetired,
	}
	require.Len(t, rows, len(states))
	signer := func(id string) authjwt.Key { return authjwt.Key{ID: id, PrivateKey: ed25519Of(id)} }
	mint, err := authjwt.NewKeyRing(signer("subject"))
	require.NoError(t, err)
	issuer := newManager(t, func(s *authjwt.Settings) {
		s.SecretKey, s.KeyRing, s.AccessTokenExpires, s.Now = "", mint, 24*time.Hour, func() time.Time { return now }
	})
	token := mustCreate(t, issuer)
	for _, row := range rows {
		t.Run(row[1], func(t *testing.T) {
			subject, clock := signer("subject"), now
			subject.State = states[row[1]]
			if subject.State == authjwt.KeyPrevious {
				subject.Until = until
			}
			keys := []authjwt.Key{subject}
			if subject.State != authjwt.KeyCurrent {
				keys = append(keys, signer("other"))
			}
			ring, err := authjwt.NewKeyRing(keys...)
			require.NoError(t, err)
			m := newManager(t, func(s *authjwt.Settings) {
				s.SecretKey, s.KeyRing, s.AccessTokenExpires, s.Now = "", ring, 24*time.Hour, func() time.Time { return clock }
			})
			answer := func(yes func() bool) string {
				clock = now
				if !yes() {
					return "no"
				}
				if clock = until; !yes() {
					return "until its deadline"
				}
				return "yes"
			}
			assert.Equal(t, row[2], answer(func() bool { return kid(mustCreate(t, m)) == "subject" }), "signs")
			assert.Equal(t, row[3], answer(func() bool {
				_, err := m.Verify(t.Context(), token, authjwt.Access)
				return err == nil
			}), "verifies")
			assert.Equal(t, row[4], answer(func() bool {
				return slices.ContainsFunc(m.PublicKeys(), func(k authjwt.Key) bool { return k.ID == "subject" })
			}), "in the published set")
		})
	}
}

// What the page quotes as an answer is one that docs/errors.md lists, which is held to the code.
func TestDocs_KeyQuestions(t *testing.T) {
	errorsPage, err := os.ReadFile("docs/errors.md")
	require.NoError(t, err)
	_, questions, found := strings.Cut(keysPage(t), "\n## Questions\n")
	require.True(t, found)
	quoted := regexp.MustCompile("40[0-9] `([^`]+)`").FindAllStringSubmatch(questions, -1)
	assert.GreaterOrEqual(t, len(quoted), 4)
	for _, answer := range quoted {
		assert.Contains(t, string(errorsPage), "| `"+answer[1]+"` |")
	}
}
