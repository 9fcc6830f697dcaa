package authjwt_test

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

// Tokens are made and judged while the keys change under them, and none is lost.
func TestReplace_Concurrent(t *testing.T) {
	a, b, c := secret("a"), authjwt.Key{ID: "b", PrivateKey: ed25519Key()}, nameless(secret("c"))
	ring, err := authjwt.NewKeyRing(a, next(b), next(c))
	require.NoError(t, err)
	m := newManager(t, withKeys(ring))
	ctx, stop := context.WithCancel(t.Context())
	var all sync.WaitGroup
	all.Go(func() {
		defer stop()
		for range 200 {
			for _, list := range [][]authjwt.Key{{b, next(c), previous(a)}, {c, previous(b), previous(a)}, {a, previous(b), previous(c)}} {
				assert.NoError(t, ring.Replace(list...))
				assert.Error(t, ring.Replace(list[0]), "the others have living tokens")
				_ = fmt.Sprint(ring, m)
			}
		}
	})
	var signed counts
	for range 4 {
		all.Go(func() {
			for ctx.Err() == nil {
				token, err := m.CreateAccessToken("alice")
				if !assert.NoError(t, err) {
					return
				}
				for range 3 {
					if _, err := m.Verify(t.Context(), token, authjwt.Access); !assert.NoError(t, err) {
						return
					}
				}
				header, _ := authjwt.UnverifiedHeader(token)
				signed.add(fmt.Sprint(header["kid"]))
				for _, k := range m.PublicKeys() {
					clear(k.PublicKey.(ed25519.PublicKey))
				}
			}
		})
	}
	all.Wait()
	assert.Len(t, signed.of, 3, "every key has signed")
	t.Log("tokens by kid:", signed.of)
}

// counts are numbers by name.
type counts struct {
	mu sync.Mutex
	of map[string]int
}

func (c *counts) add(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.of == nil {
		c.of = map[string]int{}
	}
	c.of[name]++
}

// The lives of the traffic: a token is used for a second at most, and then accepted for another one and a half, so that a
// slow machine loses none. A former key has to verify for the sum.
const (
	trafficLife   = time.Second
	trafficLeeway = 1500 * time.Millisecond
	trafficKept   = trafficLife + trafficLeeway
	rotationEvery = time.Second
	replicaLag    = 300 * time.Millisecond
)

// soak is how long the traffic flows.
func soak(tb testing.TB) time.Duration {
	if testing.Short() {
		tb.Skip("it takes its time")
	}
	text := os.Getenv("SOAK")
	if text == "" {
		return 5 * time.Second
	}
	d, err := time.ParseDuration(text)
	require.NoError(tb, err, "SOAK is a duration, such as 60s")
	return d
}

// generations are the keys of the traffic, one after the other: all kinds in turn, RSA keys twice if it lasts.
func generations() func() authjwt.Key {
	n := -1
	return func() authjwt.Key {
		n++
		id := fmt.Sprint("generation-", n)
		switch n % 6 {
		case 0:
			return secret(id)
		case 1:
			return authjwt.Key{ID: id, PrivateKey: newEdKey()}
		case 2:
			return authjwt.Key{ID: id, PrivateKey: rsaKey()}
		case 3:
			k := secret(id)
			k.Algorithm = "HS512"
			return k
		case 4:
			return authjwt.Key{ID: id, PrivateKey: newECKey(p256Key().Curve)}
		}
		return authjwt.Key{ID: id, PrivateKey: otherRSA(), Algorithm: "PS256"}
	}
}

// A schedule is the lists of keys that follow each other. Its previous keys have no deadlines: Replace computes them.
type schedule struct {
	make    func() authjwt.Key
	current authjwt.Key
	next    authjwt.Key
	former  []authjwt.Key // the newest first
	since   []time.Time
}

func newSchedule() *schedule {
	s := &schedule{make: generations()}
	s.current, s.next = s.make(), s.make()
	return s
}

func (s *schedule) keys() []authjwt.Key {
	list := []authjwt.Key{next(s.next), s.current}
	for _, k := range s.former {
		list = append(list, previous(k))
	}
	return list
}

// turn makes the next key the current one, and drops those whose tokens have all ended.
func (s *schedule) turn() []authjwt.Key {
	s.former, s.since = slices.Insert(s.former, 0, s.current), slices.Insert(s.since, 0, time.Now())
	s.current, s.next = s.next, s.make()
	last := len(s.since) - 1
	for rest := trafficKept - time.Since(s.since[last]); rest < 200*time.Millisecond; rest = trafficKept - time.Since(s.since[last]) {
		if rest > -100*time.Millisecond { // too near to tell whether Replace still wants it
			time.Sleep(rest + 100*time.Millisecond)
			continue
		}
		s.former, s.since, last = s.former[:last], s.since[:last], last-1
	}
	return s.keys()
}

// A replica is a server of its own, with its own ring.
type replica struct {
	*httptest.Server
	ring *authjwt.KeyRing
}

func newReplica(tb testing.TB, keys []authjwt.Key, edit ...func(s *authjwt.Settings)) *replica {
	tb.Helper()
	ring, err := authjwt.NewKeyRing(keys...)
	require.NoError(tb, err)
	m := newManager(tb, append([]func(s *authjwt.Settings){withKeys(ring), func(s *authjwt.Settings) {
		s.Now, s.AccessTokenExpires, s.RefreshTokenExpires = nil, trafficLife, trafficLife
		s.DecodeLeeway, s.ClockSkew = trafficLeeway, authjwt.NoLeeway
	}}, edit...)...)
	r := gin.New()
	m.Mount(r, loginAs("alice"))
	r.GET("/protected", m.Required(), func(c *gin.Context) { c.String(http.StatusOK, `"ok"`) })
	server := httptest.NewServer(r)
	tb.Cleanup(server.Close)
	return &replica{server, ring}
}

// A traffic is clients that log in, call and refresh, each time at another replica.
type traffic struct {
	tb                        testing.TB
	replicas                  []*replica
	signed, verified, answers counts
}

func (f *traffic) send(n int, method, path, token string) (got tokens, ok bool) {
	req, err := http.NewRequest(method, f.replicas[n%len(f.replicas)].URL+path, nil)
	if !assert.NoError(f.tb, err) {
		return got, false
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := http.DefaultClient.Do(req)
	if !assert.NoError(f.tb, err) {
		return got, false
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	header, _ := authjwt.UnverifiedHeader(token)
	f.answers.add(fmt.Sprint(path, " ", res.StatusCode))
	if !assert.NoError(f.tb, err) || !assert.Equal(f.tb, http.StatusOK, res.StatusCode, "%s: %s of %v", path, body, header) {
		return got, false
	}
	if token != "" {
		f.verified.add(fmt.Sprint(header["kid"]))
	}
	if path == "/protected" {
		return got, true
	}
	if header, err = authjwt.UnverifiedHeader(must(got, json.Unmarshal(body, &got)).Access); assert.NoError(f.tb, err) {
		f.signed.add(fmt.Sprint(header["kid"]))
	}
	return got, true
}

// client works until the end. Of the tokens it was given it uses the oldest that still lives, so that former keys are
// asked for.
func (f *traffic) client(n int, end time.Time) {
	type held struct {
		tokens
		ends time.Time // by the clock at which it was asked for, so before the server's exp
	}
	var all []held
	for turn := n; time.Now().Before(end); turn++ {
		asked := time.Now()
		for len(all) > 0 && !asked.Before(all[0].ends) {
			all = all[1:]
		}
		path, token := "/login", ""
		if len(all) > 0 && turn%3 == 0 {
			path, token = "/refresh", all[len(all)-1].Refresh
		}
		got, ok := f.send(turn, http.MethodPost, path, token)
		if !ok {
			return
		}
		if got.Refresh == "" { // without a Store it stays
			got.Refresh = all[len(all)-1].Refresh
			all[len(all)-1].Refresh = ""
		}
		all = append(all, held{got, asked.Truncate(time.Second).Add(trafficLife)})
		for i := range 4 {
			if _, ok := f.send(turn+i, http.MethodGet, "/protected", all[0].Access); !ok {
				return
			}
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// flow lets clients work while turns of the schedule come, at the second replica a little later.
func (f *traffic) flow(tb testing.TB, s *schedule) {
	start := time.Now()
	end := start.Add(soak(tb))
	var working sync.WaitGroup
	for n := range 8 {
		working.Go(func() { f.client(n, end) })
	}
	news := make([]chan []authjwt.Key, len(f.replicas))
	for i, r := range f.replicas {
		news[i] = make(chan []authjwt.Key, 1)
		working.Go(func() {
			for keys := range news[i] {
				time.Sleep(time.Duration(i) * replicaLag)
				assert.NoError(tb, r.ring.Replace(keys...))
			}
		})
	}
	generations := []string{s.current.ID}
	for turn := 1; ; turn++ {
		time.Sleep(time.Until(start.Add(time.Duration(turn) * rotationEvery)))
		if time.Now().After(end.Add(-rotationEvery / 2)) { // the last has time to sign
			break
		}
		keys := s.turn()
		for _, replica := range news {
			replica <- keys
		}
		generations = append(generations, s.current.ID)
	}
	for _, replica := range news {
		close(replica)
	}
	working.Wait()
	for _, id := range generations {
		assert.Positive(tb, f.signed.of[id], "%s has signed nothing", id)
		assert.Positive(tb, f.verified.of[id], "%s has verified nothing", id)
	}
	assert.Len(tb, f.verified.of, len(generations))
	assert.GreaterOrEqual(tb, len(generations), int(soak(tb)/rotationEvery)-1)
	requests := 0
	for _, n := range f.answers.of {
		requests += n
	}
	tb.Logf("%d requests, %d rotations, %v", requests, len(generations)-1, f.answers.of)
	tb.Logf("signed %v, verified %v", f.signed.of, f.verified.of)
}

func TestTraffic_Rotations(t *testing.T) {
	t.Parallel() // with the other, after all that change what is global
	s := newSchedule()
	f := &traffic{tb: t, replicas: []*replica{newReplica(t, s.keys(), inMemory)}}
	f.flow(t, s)
}

// Replicas share nothing, and learn of each step at different times: the key that is next already verifies.
func TestTraffic_TwoReplicas(t *testing.T) {
	t.Parallel()
	s := newSchedule()
	f := &traffic{tb: t, replicas: []*replica{newReplica(t, s.keys()), newReplica(t, s.keys())}}
	f.flow(t, s)
}
