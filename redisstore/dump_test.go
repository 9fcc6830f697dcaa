package redisstore_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
	"github.com/gin-authjwt/authjwt/internal/redisserver"
	"github.com/gin-authjwt/authjwt/redisstore"
)

// sessionClaims are what the store is told of a token.
type sessionClaims struct {
	Subject    string `json:"sub"`
	ID         string `json:"jti"`
	Session    string `json:"sid"`
	SessionEnd int64  `json:"session_exp"`
	Expires    int64  `json:"exp"`
}

func readClaims(t *testing.T, raw string) (c sessionClaims) {
	t.Helper()
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(raw, ".")[1])
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(payload, &c))
	return c
}

// entryKey is where an entry stands; end is zero where none is known.
func entryKey(kind, id string, end int64) string {
	digest := sha256.Sum256([]byte(id))
	key := "authjwt:" + kind + ":" + base64.RawURLEncoding.EncodeToString(digest[:])
	if end != 0 {
		key += fmt.Sprint("@", end)
	}
	return key
}

// allKeys are the keys and their values.
func allKeys(t *testing.T, client *redis.Client) map[string]string {
	t.Helper()
	keys, err := client.Keys(t.Context(), "*").Result()
	require.NoError(t, err)
	values := map[string]string{}
	for _, key := range keys {
		values[key], err = client.Get(t.Context(), key).Result()
		require.NoError(t, err, key)
	}
	return values
}

// onDisk is all that the server has written, its log included.
func onDisk(t *testing.T, server *redisserver.Server) (text []byte) {
	t.Helper()
	server.Do("SAVE")
	require.NoError(t, filepath.WalkDir(server.Dir(), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		text = append(text, content...)
		return err
	}))
	return text
}

// forms are a text and what it might be written as.
func forms(text string) [][]byte {
	all := [][]byte{[]byte(text), []byte(base64.RawURLEncoding.EncodeToString([]byte(text))), []byte(hex.EncodeToString([]byte(text)))}
	plain := strings.ReplaceAll(text, "-", "")
	if octets, err := hex.DecodeString(plain); err == nil { // a UUID
		all = append(all, []byte(plain), octets)
	}
	return all
}

// Who reads Redis, its files or its log finds no token, no id and no name in them.
func TestR07_RedisDump(t *testing.T) {
	server := redisserver.Start(t, "--appendonly", "yes", "--rdbcompression", "no")
	client := newClient(t, server)
	s := newSite(t, newStore(t, client))
	var private []string
	know := func(pairs ...pair) {
		for _, p := range pairs {
			for _, raw := range []string{p.Access, p.Refresh} {
				c := readClaims(t, raw)
				private = append(private, c.Subject, c.ID, c.Session)
				private = append(append(private, raw), strings.Split(raw, ".")...)
			}
		}
	}
	first := s.got(t, s.do("POST", "/login?as=alice@subject.example", ""))
	second := s.refresh(t, first.Refresh)
	require.Equal(t, http.StatusOK, s.do("POST", "/logout", second.Access).Code)
	other := s.got(t, s.do("POST", "/login?as=bob@subject.example", ""))
	know(first, second, other)
	token, err := s.auth.Verify(t.Context(), other.Access, authjwt.Access)
	require.NoError(t, err)
	require.NoError(t, s.auth.Revoke(t.Context(), token))
	require.NoError(t, s.auth.RevokeSubject(t.Context(), "alice@subject.example"))
	const hostile = "jti-of-mallory\r\n*1\r\n$8\r\nFLUSHALL\r\n\x00*?[a-z]"
	for _, err := range []error{
		s.auth.Revoke(t.Context(), &authjwt.Token{ID: hostile, ExpiresAt: token.ExpiresAt}),
		s.auth.RevokeSession(t.Context(), hostile),
		s.auth.RevokeSubject(t.Context(), hostile),
	} {
		require.NoError(t, err)
	}
	private = append(private, hostile, "mallory", "subject.example", secret)

	used, session, denied := readClaims(t, first.Refresh), readClaims(t, second.Access), readClaims(t, other.Access)
	var keys []string
	entries := allKeys(t, client)
	for key, value := range entries {
		keys = append(keys, key)
		assert.Regexp(t, `^\d{13}\.[a-z0-9]{1,13}$|^\d{19}$`, value, key)
	}
	assert.ElementsMatch(t, []string{
		"authjwt:sentinel",
		entryKey("used", used.ID, used.SessionEnd), entryKey("session", session.Session, session.SessionEnd),
		entryKey("denied", denied.ID, denied.Expires), entryKey("subject", used.Subject, 0),
		entryKey("denied", hostile, denied.Expires), entryKey("session", hostile, 0), entryKey("subject", hostile, 0),
	}, keys)

	files := onDisk(t, server)
	for _, key := range keys {
		assert.GreaterOrEqual(t, bytes.Count(files, []byte(key)), 2, "in RDB and AOF: %s", key)
	}
	for _, text := range private {
		require.Greater(t, len(text), 4)
		for _, form := range forms(text) {
			assert.False(t, bytes.Contains(files, form), "%q", form)
		}
	}
	require.NoError(t, client.Set(t.Context(), "leak", used.ID, 0).Err())
	assert.True(t, bytes.Contains(onDisk(t, server), forms(used.ID)[0]), "it would have been found")
}

// The list of sessions has the sessions' ids, and a digest of the user, beside what is shown of them.
func TestR07_RedisDumpOfSessions(t *testing.T) {
	server := redisserver.Start(t, "--appendonly", "yes", "--rdbcompression", "no")
	store := newStore(t, newClient(t, server))
	s := newSite(t, store, func(set *authjwt.Settings) { set.Sessions = store })
	first := s.got(t, s.do("POST", "/login?as=alice@subject.example", ""))
	second := s.refresh(t, first.Refresh)
	files := onDisk(t, server)
	for _, p := range []pair{first, second} {
		for _, raw := range []string{p.Access, p.Refresh} {
			c := readClaims(t, raw)
			for _, text := range append([]string{raw, c.Subject, c.ID}, strings.Split(raw, ".")...) {
				for _, form := range forms(text) {
					assert.False(t, bytes.Contains(files, form), "%q", form)
				}
			}
			digest := sha256.Sum256([]byte(c.Subject))
			assert.Contains(t, string(files), recordsKey+"authjwt:sessions:"+base64.RawURLEncoding.EncodeToString(digest[:]))
			assert.Contains(t, string(files), c.Session, "it would have been found")
		}
	}
}

// signed is an access token of that jti.
func signed(t *testing.T, jti string) string {
	t.Helper()
	now := time.Now().Unix()
	claims, err := json.Marshal(map[string]any{
		"sub": "alice", "iat": now, "nbf": now, "exp": now + 600, "jti": jti, "type": "access", "fresh": false,
	})
	require.NoError(t, err)
	text := base64.RawURLEncoding.EncodeToString([]byte(`{"typ":"JWT","alg":"HS256"}`)) + "." + base64.RawURLEncoding.EncodeToString(claims)
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(text))
	return text + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// An id, or a key, is neither a command, nor a pattern, nor cut.
func TestT15_RedisKeys(t *testing.T) {
	server := redisserver.Start(t)
	client := newClient(t, server)
	anHourAgo := time.Now().Add(-time.Hour).Unix() << 31 // for tokens that are older than the memory count for nothing
	require.NoError(t, client.Set(t.Context(), "shop:authjwt:sentinel", anHourAgo, 0).Err())
	store := newStore(t, client, redisstore.WithPrefix("shop:"))
	auth, err := authjwt.New(authjwt.Settings{SecretKey: secret, Store: store})
	require.NoError(t, err)
	written := []string{"shop:authjwt:sentinel"}
	for _, id := range []string{
		"\r\n", "a\r\nFLUSHALL", "\r\n*1\r\n$8\r\nFLUSHALL\r\n", "\nSHUTDOWN\n", "\x00", "a\x00b", "*", "?", "[a-z]", `\`, `"`, "'", " ",
		"{a}", "{}", ":epoch", "shop:authjwt:sentinel", "é", "💥", "$(id)", "%s%n", strings.Repeat("a", 2000),
	} {
		t.Run(fmt.Sprintf("%.20q", id), func(t *testing.T) {
			raw, twin := signed(t, id), signed(t, id+".")
			token, err := auth.Verify(t.Context(), raw, authjwt.Access)
			require.NoError(t, err)
			require.Equal(t, id, token.ID)
			require.NoError(t, auth.Revoke(t.Context(), token))
			require.NoError(t, auth.RevokeSession(t.Context(), id))
			require.NoError(t, auth.RevokeSubject(t.Context(), id))
			_, err = auth.Verify(t.Context(), raw, authjwt.Access)
			assert.ErrorIs(t, err, authjwt.ErrRevokedToken)
			_, err = auth.Verify(t.Context(), twin, authjwt.Access)
			assert.NoError(t, err)

			require.NoError(t, store.Set(t.Context(), id, time.Now(), time.Time{}))
			assert.Equal(t, id, find(t, store, id, id+".", "."+id))

			keys, err := client.Keys(t.Context(), "*").Result()
			require.NoError(t, err)
			written = append(written,
				"shop:"+entryKey("denied", id, token.ExpiresAt.Unix()),
				"shop:"+entryKey("session", id, 0), "shop:"+entryKey("subject", id, 0), "shop:"+id)
			assert.ElementsMatch(t, written, keys)
		})
	}
	assert.NotContains(t, server.Do("INFO", "commandstats"), "flushall")
}

// Entries live as long as what they refuse, with the leeway and a minute, by the clock of authjwt.
func TestS03_RedisClockDiffers(t *testing.T) {
	server := redisserver.Start(t)
	client := newClient(t, server)
	for _, ahead := range []time.Duration{0, 2 * time.Hour, -2 * time.Hour} {
		for _, noExpiry := range []bool{false, true} {
			t.Run(fmt.Sprintf("%v ahead, no expiry: %v", ahead, noExpiry), func(t *testing.T) {
				server.Do("FLUSHALL")
				now := func() time.Time { return time.Now().Add(ahead) }
				anHourAgo := now().Add(-time.Hour).Unix() << 31 // in the second of a beginning all is dated later
				require.NoError(t, client.Set(t.Context(), "authjwt:sentinel", anHourAgo, 0).Err())
				const leeway = 90 * time.Second
				s := newSite(t, newStore(t, client, redisstore.WithClock(now)), func(set *authjwt.Settings) {
					set.Now, set.DecodeLeeway = now, leeway
					if noExpiry {
						set.AccessTokenExpires, set.RefreshTokenExpires, set.SessionExpires = authjwt.NoExpiry, authjwt.NoExpiry, authjwt.NoExpiry
					}
				})
				first := s.login(t)
				second := s.refresh(t, first.Refresh)
				token, err := s.auth.Verify(t.Context(), second.Access, authjwt.Access)
				require.NoError(t, err)
				require.NoError(t, s.auth.Revoke(t.Context(), token))
				require.NoError(t, s.auth.RevokeSubject(t.Context(), "bob"))
				subjects := now().Add(90 * 24 * time.Hour).Unix()
				require.Equal(t, http.StatusOK, s.do("POST", "/logout", second.Refresh).Code)

				access, old, live := readClaims(t, second.Access), readClaims(t, first.Refresh), readClaims(t, second.Refresh)
				oldEnd := old.SessionEnd
				if noExpiry {
					subjects = 0
				}
				ends := map[string]int64{
					"authjwt:sentinel": 0,
					entryKey("denied", access.ID, access.Expires):      access.Expires,
					entryKey("subject", "bob", 0):                      subjects,
					entryKey("used", old.ID, oldEnd):                   old.Expires,
					entryKey("session", live.Session, live.SessionEnd): live.SessionEnd,
				}
				assert.Len(t, allKeys(t, client), len(ends))
				for key, end := range ends {
					left, err := client.PTTL(t.Context(), key).Result()
					require.NoError(t, err)
					if end == 0 {
						assert.EqualValues(t, -1, left, key)
						continue
					}
					want := time.Unix(end, 0).Add(leeway + time.Minute).Sub(now())
					assert.InDelta(t, want.Seconds(), left.Seconds(), 1, key)
				}
				s.refuses(t, second)
			})
		}
	}
}
