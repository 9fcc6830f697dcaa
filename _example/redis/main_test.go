package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/http/httputil"
	"net/url"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt/internal/browser"
	"github.com/gin-authjwt/authjwt/internal/redisserver"
)

// together is how many requests come at once.
const together = 64

// startTwo starts two servers on one Redis.
func startTwo(t *testing.T, args ...string) (redis *redisserver.Server, servers [2]*server) {
	t.Helper()
	redis = redisserver.Start(t, args...)
	return redis, [2]*server{start(t, redis), start(t, redis)}
}

func TestServers_ShareSessions(t *testing.T) {
	_, servers := startTwo(t)
	for i, here := range servers {
		there := servers[1-i]
		p, other := here.login(t), here.login(t)
		there.accepts(t, p)
		q := there.refresh(t, p)
		here.accepts(t, q)
		require.Equal(t, 200, here.ask(t, "POST", "/logout", p.access).StatusCode)
		for _, s := range []*server{there, here} {
			s.refuses(t, p)
			s.refuses(t, q)
			s.accepts(t, other)
		}
	}
	one, two := servers[0].login(t), servers[1].login(t)
	require.Equal(t, 200, servers[0].ask(t, "POST", "/logout-all", one.access).StatusCode)
	servers[1].refuses(t, two)
	again := servers[1].login(t)
	for _, s := range servers {
		s.refuses(t, one)
		s.refuses(t, two)
		s.accepts(t, again)
	}
}

// A browser sees one site, whose proxy ends TLS and gives each request to the next server.
func TestServers_Browser(t *testing.T) {
	_, servers := startTwo(t)
	var proxies []*httputil.ReverseProxy
	for _, s := range servers {
		to := &url.URL{Scheme: "http", Host: s.addr}
		proxies = append(proxies, &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to) }})
	}
	var requests atomic.Int64
	b := browser.Open(t, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		proxies[requests.Add(1)%2].ServeHTTP(w, req)
	}), "https://shop.example", time.Now)
	twice := func(want, method, path string, fields ...string) {
		t.Helper()
		for range servers {
			answer := b.Fetch(method, path, "", fields...)
			assert.Equal(t, want, fmt.Sprint(answer.StatusCode, answer.Field("code"), answer.Field("user")))
		}
	}
	require.Equal(t, 200, b.Fetch("POST", "/login", credentials, "Content-Type", "application/x-www-form-urlencoded").StatusCode)
	twice("200test", "GET", "/protected")
	twice("403csrf_missing", "POST", "/protected")
	twice("200test", "POST", "/protected", "X-CSRF-Token", b.GetCookie("csrf_access_token"))
	for range servers {
		require.Equal(t, 200, b.Fetch("POST", "/refresh", "", "X-CSRF-Token", b.GetCookie("csrf_refresh_token")).StatusCode)
		twice("200test", "GET", "/protected")
	}
	copied := "access_token_cookie=" + b.Jar.Value("access_token_cookie")
	require.Equal(t, 200, b.Fetch("POST", "/logout", "", "X-CSRF-Token", b.GetCookie("csrf_access_token")).StatusCode)
	assert.Empty(t, b.Jar.Names())
	twice("401missing_token", "GET", "/protected")
	twice("401token_revoked", "GET", "/protected", "Cookie", copied)
	assert.Empty(t, b.Jar.Refused)
	for _, s := range servers {
		assert.Equal(t, 1, strings.Count(s.printed(), `"/refresh"`), "refreshes of one server")
	}
}

// However many tabs refresh at once, on whatever servers, the session goes on in one line of refresh tokens.
func TestServers_RefreshTogether(t *testing.T) {
	redis, servers := startTwo(t)
	used := func() int { return strings.Count(redis.Do("KEYS", "*:used:*"), ":used:") }
	first := servers[0].login(t)
	session := claimsOf(t, first.access).Session
	require.Zero(t, used())

	pairs := refreshTogether(t, servers, first)
	successor := claimsOf(t, pairs[0].refresh)
	assert.NotEqual(t, claimsOf(t, first.refresh).ID, successor.ID)
	for _, p := range pairs {
		assert.Equal(t, session, claimsOf(t, p.access).Session)
		assert.Equal(t, successor.ID, claimsOf(t, p.refresh).ID)
		assert.Equal(t, session, claimsOf(t, p.refresh).Session)
	}
	assert.Equal(t, 1, used())
	next := servers[1].refresh(t, pairs[0])
	assert.Equal(t, 2, used())
	assert.NotEqual(t, successor.ID, claimsOf(t, next.refresh).ID)
	assert.Equal(t, claimsOf(t, next.refresh).ID, claimsOf(t, servers[0].refresh(t, pairs[1]).refresh).ID)
	servers[0].accepts(t, next)
	for _, s := range servers {
		assert.Equal(t, together/2+1, strings.Count(s.printed(), `"/refresh"`), "refreshes of one server")
	}
}

// refreshTogether sends the same refresh token many times, to both servers in turn. No request is written
// before each has its connection.
func refreshTogether(t *testing.T, servers [2]*server, p pair) []pair {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	var connected, early atomic.Int64
	all := make(chan struct{})
	traced := httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) {
			if connected.Add(1) == together {
				close(all)
			}
			select {
			case <-all:
			case <-ctx.Done():
			}
		},
		GotFirstResponseByte: func() {
			if connected.Load() < together {
				early.Add(1)
			}
		},
	})
	answers, errs := make([]browser.Answer, together), make([]error, together)
	var requests sync.WaitGroup
	for i := range together {
		requests.Go(func() { answers[i], errs[i] = servers[i%2].do(traced, "POST", "/refresh", p.refresh, "") })
	}
	requests.Wait()
	require.EqualValues(t, together, connected.Load())
	require.Zero(t, early.Load(), "answers that came before the last request could be sent")
	pairs := make([]pair, together)
	for i, answer := range answers {
		require.NoError(t, errs[i])
		require.Equal(t, 200, answer.StatusCode, answer.Text)
		pairs[i] = pairOf(answer)
	}
	return pairs
}

func TestServers_RedisKilled(t *testing.T) {
	redis, servers := startTwo(t, "--appendonly", "yes", "--appendfsync", "always")
	good, ended := servers[0].login(t), servers[1].login(t)
	require.Equal(t, 200, servers[0].ask(t, "POST", "/logout", ended.access).StatusCode)
	redis.Kill()
	for _, s := range servers {
		for _, call := range [][3]string{
			{"GET", "/protected", good.access}, {"GET", "/protected", ended.access},
			{"POST", "/refresh", good.refresh}, {"POST", "/logout", good.access},
		} {
			began := time.Now()
			answer := s.ask(t, call[0], call[1], call[2])
			assert.Less(t, time.Since(began), time.Second, call[1])
			assert.Equal(t, 503, answer.StatusCode, call[1])
			assert.Equal(t, "1", answer.Header.Get("Retry-After"), call[1])
		}
		answer, err := s.do(t.Context(), "POST", "/login", "", credentials)
		require.NoError(t, err)
		assert.Equal(t, 503, answer.StatusCode)
	}
	redis.Restart()
	for _, s := range servers {
		assert.Eventually(t, func() bool {
			answer, err := s.do(t.Context(), "GET", "/protected", good.access, "")
			return err == nil && answer.StatusCode == 200
		}, 2*time.Second, 10*time.Millisecond)
		s.refuses(t, ended)
		s.refresh(t, good)
	}
	for _, s := range servers {
		printed := s.printed()
		assert.Equal(t, 1, strings.Count(printed, "ERROR authjwt: store down error="), printed)
		assert.Equal(t, 1, strings.Count(printed, "INFO authjwt: store recovered"), printed)
	}
}

// A Redis that has lost its memory does not know what was revoked, so nothing from before counts.
func TestServers_RedisFlushed(t *testing.T) {
	for _, noticed := range []string{"by a guard", "by a login"} {
		t.Run(noticed, func(t *testing.T) {
			redis, servers := startTwo(t)
			one, two := servers[0].login(t), servers[1].login(t)
			issued := claimsOf(t, two.access).IssuedAt // ahead, in the second in which Redis began
			require.Eventually(t, func() bool { return time.Now().Unix() >= issued }, 5*time.Second, 10*time.Millisecond)
			redis.Do("FLUSHALL")
			if noticed == "by a guard" {
				servers[0].refuses(t, two)
			}
			again := servers[1].login(t)
			for _, s := range servers {
				s.refuses(t, one)
				s.refuses(t, two)
				s.accepts(t, again)
			}
		})
	}
}

func TestProgram_RefusesToStart(t *testing.T) {
	redis, nowhere := redisserver.Start(t).Addr(), freeAddress(t)
	for _, try := range []struct{ name, redis, secret, tells, hint string }{
		{"no Redis", nowhere, secret, "use Redis at " + nowhere + ": ", "start one: redis-server"},
		{"no secret", redis, "", "SecretKey", "make one with: openssl rand -base64 32"},
	} {
		t.Run(try.name, func(t *testing.T) {
			s := launch(t, try.redis, try.secret)
			s.awaitEnd(t)
			assert.Equal(t, 1, s.process.ProcessState.ExitCode())
			assert.Contains(t, s.printed(), try.tells)
			assert.Contains(t, s.printed(), try.hint)
		})
	}
}

func TestProgram_LogsEvents(t *testing.T) {
	s := start(t, redisserver.Start(t))
	p := s.login(t)
	q := s.refresh(t, p)
	require.Equal(t, 200, s.ask(t, "POST", "/logout", q.access).StatusCode)
	answer, err := s.do(t.Context(), "POST", "/login", "", credentials+"?")
	require.NoError(t, err)
	require.Equal(t, "invalid_credentials", answer.Field("code"))
	printed, whose := s.printed(), `subject=test session=`+claimsOf(t, p.access).Session
	assert.Regexp(t, `(?s)INFO authjwt: issued `+whose+` .*INFO authjwt: revoked `+whose+` .*INFO authjwt: login failed code=invalid_credentials subject=test `, printed)
	for _, hidden := range []string{p.access, p.refresh, q.access, q.refresh, secret, "test?"} {
		assert.NotContains(t, printed, hidden)
	}
}

// Who is being served is answered, from Redis too, when the program is told to end.
func TestProgram_EndsGracefully(t *testing.T) {
	s := start(t, redisserver.Start(t))
	conn, err := net.Dial("tcp", s.addr)
	require.NoError(t, err)
	defer conn.Close()
	_, err = fmt.Fprintf(conn, "POST /login HTTP/1.1\r\nHost: %s\r\nContent-Type: application/x-www-form-urlencoded\r\n"+
		"Content-Length: %d\r\nExpect: 100-continue\r\n\r\n", s.addr, len(credentials))
	require.NoError(t, err)
	answers := bufio.NewReader(conn)
	res, err := http.ReadResponse(answers, nil)
	require.NoError(t, err)
	require.Equal(t, 100, res.StatusCode) // login waits for the body
	require.NoError(t, s.process.Process.Signal(syscall.SIGTERM))
	require.Eventually(t, func() bool {
		conn, err := net.Dial("tcp", s.addr)
		if err == nil {
			_ = conn.Close()
		}
		return err != nil
	}, 5*time.Second, 10*time.Millisecond)
	_, err = io.WriteString(conn, credentials)
	require.NoError(t, err)
	res, err = http.ReadResponse(answers, nil)
	require.NoError(t, err)
	assert.Equal(t, 200, res.StatusCode)
	require.NoError(t, res.Body.Close())
	s.awaitEnd(t)
	assert.Zero(t, s.process.ProcessState.ExitCode())
}

// What quickstart's tests show of its login holds here, too.
func TestLogin_IsThatOfQuickstart(t *testing.T) {
	own, err := os.ReadFile("login.go")
	require.NoError(t, err)
	quickstart, err := os.ReadFile("../quickstart/main.go")
	require.NoError(t, err)
	_, login, found := strings.Cut(string(quickstart), "\n// users are ")
	require.True(t, found)
	assert.True(t, strings.HasSuffix(string(own), "\n// users are "+login), "copy it from ../quickstart/main.go")
}
