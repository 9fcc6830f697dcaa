package bench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
	"github.com/gin-authjwt/authjwt/internal/redisserver"
	"github.com/gin-authjwt/authjwt/redisstore"
)

// Each server is a process of its own, this program started again with these variables: garbage of one is collected at
// no other's cost.
const (
	serveVariable = "BENCH_SERVE" // the name of the contender
	redisVariable = "BENCH_REDIS" // where Redis is
)

const (
	withMemory = "authjwt, MemoryStore"
	withRedis  = "authjwt, redisstore"
)

// servers are the contenders that can serve, and authjwt with its stores.
func servers() (list []contender) {
	for _, c := range all {
		if s, _ := c.build(secretMaterial(), inCookie); s != nil {
			list = append(list, c)
		}
	}
	return append(list,
		contender{name: withMemory, build: func(m *material, place string) (site, error) {
			store := new(authjwt.MemoryStore)
			if err := revokeOthers(store); err != nil {
				return nil, err
			}
			return authjwtWith(m, place, authjwt.Settings{Store: store})
		}},
		contender{name: withRedis, build: func(m *material, place string) (site, error) {
			store, err := storeAt(os.Getenv(redisVariable))
			if err != nil {
				return nil, err
			}
			return authjwtWith(m, place, authjwt.Settings{Store: store})
		}},
	)
}

func storeAt(addr string) (authjwt.Store, error) {
	return redisstore.New(context.Background(), redis.NewClient(&redis.Options{Addr: addr, ContextTimeoutEnabled: true}))
}

// revokeOthers puts entries of all kinds into a store, about nobody who asks: an empty one is not looked into.
func revokeOthers(store authjwt.Store) error {
	auth, err := authjwt.New(authjwt.Settings{SecretKey: secret, Store: store})
	if err != nil {
		return err
	}
	for i := range 1000 {
		t := &authjwt.Token{ID: fmt.Sprint("token ", i), ExpiresAt: time.Now().Add(15 * time.Minute)}
		ctx := context.Background()
		if err := errors.Join(auth.Revoke(ctx, t), auth.RevokeSession(ctx, fmt.Sprint("session ", i)), auth.RevokeSubject(ctx, fmt.Sprint("subject ", i))); err != nil {
			return err
		}
	}
	return nil
}

// serve is the child's part: it writes its address and serves until its input is closed, at the latest by the parent's end.
func serve(name string) error {
	gin.SetMode(gin.ReleaseMode)
	for _, c := range servers() {
		if c.name != name {
			continue
		}
		s, err := c.build(secretMaterial(), inHeader)
		if err != nil {
			return err
		}
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		fmt.Println(l.Addr())
		failed := make(chan error, 1)
		go func() { failed <- s.serve(l) }()
		go func() {
			_, _ = io.Copy(io.Discard, os.Stdin)
			failed <- nil
		}()
		return <-failed
	}
	return fmt.Errorf("no server %q", name)
}

// start starts a server and returns its URL; it ends with the test.
func start(tb testing.TB, name, redisAddr string) (url string) {
	tb.Helper()
	child := exec.Command(os.Args[0])
	// The race detector would wait for a second at the end of each.
	child.Env = append(os.Environ(), serveVariable+"="+name, redisVariable+"="+redisAddr, "GORACE=atexit_sleep_ms=0")
	child.Stderr = os.Stderr
	stdin, err := child.StdinPipe()
	require.NoError(tb, err)
	stdout, err := child.StdoutPipe()
	require.NoError(tb, err)
	require.NoError(tb, child.Start())
	tb.Cleanup(func() {
		assert.NoError(tb, stdin.Close())
		assert.NoError(tb, child.Wait(), name)
	})
	line, err := bufio.NewReader(stdout).ReadString('\n')
	require.NoError(tb, err, name)
	return "http://" + strings.TrimSpace(line)
}

// manyTokens are of as many sessions of as many users: a Store is asked about each by itself. They come from logins with
// the Store in Redis, which refuses tokens that are older than itself.
func manyTokens(tb testing.TB, redisAddr string, number int) (list []string) {
	store, err := storeAt(redisAddr)
	require.NoError(tb, err)
	auth, err := authjwt.New(authjwt.Settings{SecretKey: secret, Store: store})
	require.NoError(tb, err)
	require.NoError(tb, revokeOthers(store))
	r := gin.New()
	r.POST("/login", auth.ErrorMiddleware(), func(c *gin.Context) {
		pair, err := authjwt.FromContext(c).Login(fmt.Sprint(username, len(list)))
		require.NoError(tb, err)
		list = append(list, pair.AccessToken)
	})
	for range number {
		send(r, http.MethodPost, "/login", "")
	}
	require.Len(tb, list, number)
	return list
}

// statusOver asks over the network.
func statusOver(tb testing.TB, url, token string) int {
	tb.Helper()
	req, err := http.NewRequest(http.MethodGet, url+"/protected", nil)
	require.NoError(tb, err)
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	answer, err := http.DefaultClient.Do(req)
	require.NoError(tb, err)
	defer answer.Body.Close()
	return answer.StatusCode
}

// checkServer finds out whether a server accepts and refuses what it must. Fiber's says 400 where there is no token.
func checkServer(tb testing.TB, name, url, good string) {
	tb.Helper()
	bare := name == "bare Gin"
	// In the second in which a Redis is new, tokens are dated by the next one.
	require.Eventually(tb, func() bool { return statusOver(tb, url, good) == http.StatusOK }, 5*time.Second, 20*time.Millisecond, name)
	for _, token := range []string{changed(good, len(good)-20), ""} {
		if got := statusOver(tb, url, token); bare {
			require.Equal(tb, http.StatusOK, got)
		} else {
			require.Contains(tb, []int{http.StatusUnauthorized, http.StatusBadRequest}, got, "%s, token %q", name, token)
		}
	}
}

func TestLoad_Servers(t *testing.T) {
	addr := redisserver.Start(t).Addr()
	tokens := manyTokens(t, addr, 3)
	names := map[string]bool{}
	for _, c := range servers() {
		names[c.name] = true
		url := start(t, c.name, addr)
		for _, token := range tokens {
			checkServer(t, c.name, url, token)
		}
	}
	for _, name := range []string{"authjwt", "gin-jwt v2", "bare Gin", withMemory, withRedis} {
		assert.Contains(t, names, name)
	}
	assert.NotContains(t, names, "cryptography alone")
	assert.EqualError(t, serve("nobody"), `no server "nobody"`)
}
