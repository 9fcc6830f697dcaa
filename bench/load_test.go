package bench

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
	"github.com/gin-authjwt/authjwt/internal/redisserver"
	"github.com/gin-authjwt/authjwt/redisstore"
)

const (
	// loadPasses is how often each server is loaded, for loadSeconds each, in a new order every time.
	loadPasses      = 12
	loadSeconds     = 2
	loadConnections = 64
)

// A contestant is a whole server: gin, and one protected GET.
type contestant struct {
	name string
	goal float64 // of the requests per second of the first one
	url  string
	raw  string
	rate []float64
	p99  []float64 // milliseconds
}

// BenchmarkLoad compares whole servers, with wrk on loopback and one token: without a Store, with a MemoryStore,
// and with a redisstore on a Redis of its own. Ratios are medians of those of the same pass.
func BenchmarkLoad(b *testing.B) {
	wrk, err := exec.LookPath("wrk")
	if err != nil {
		if os.Getenv("REQUIRE_SERVICES") != "" {
			b.Fatal("install wrk: ", err)
		}
		b.Skip("install wrk: ", err)
	}
	client := redis.NewClient(&redis.Options{Addr: redisserver.Start(b).Addr(), ContextTimeoutEnabled: true})
	defer client.Close()
	shared, err := redisstore.New(b.Context(), client)
	require.NoError(b, err)
	all := []*contestant{
		{name: "no store", goal: 1},
		{name: "MemoryStore", goal: 0.95},
		{name: "redisstore", goal: 0.65},
	}
	for i, store := range []authjwt.Store{nil, new(authjwt.MemoryStore), shared} {
		all[i].serve(b, store)
	}
	for range loadPasses {
		for _, i := range rand.Perm(len(all)) {
			all[i].load(b, wrk)
		}
	}
	report(b, all)
}

func (c *contestant) serve(b *testing.B, store authjwt.Store) {
	auth, err := authjwt.New(authjwt.Settings{SecretKey: secret, Store: store})
	require.NoError(b, err)
	gin.SetMode(gin.ReleaseMode)
	router := gin.New()
	router.GET("/protected", auth.Required(), func(ctx *gin.Context) {
		ctx.String(http.StatusOK, authjwt.FromContext(ctx).Subject())
	})
	auth.Mount(router, authjwt.Routes{Login: func(*gin.Context) (string, error) { return "alice", nil }})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(b, err)
	server := &http.Server{Handler: router}
	go func() { _ = server.Serve(listener) }()
	b.Cleanup(func() { _ = server.Close() })
	c.url = "http://" + listener.Addr().String()

	answer, err := http.Post(c.url+"/login", "application/json", nil)
	require.NoError(b, err)
	defer answer.Body.Close()
	var pair struct {
		AccessToken string `json:"access_token"`
	}
	require.NoError(b, json.NewDecoder(answer.Body).Decode(&pair))
	c.raw = pair.AccessToken
	for token, status := range map[string]int{c.raw: http.StatusOK, c.raw + "x": http.StatusUnauthorized, "": http.StatusUnauthorized} {
		require.Equal(b, status, c.get(b, token), "%s, token %q", c.name, token)
	}
}

func (c *contestant) get(b *testing.B, token string) int {
	req, err := http.NewRequest(http.MethodGet, c.url+"/protected", nil)
	require.NoError(b, err)
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	answer, err := http.DefaultClient.Do(req)
	require.NoError(b, err)
	defer answer.Body.Close()
	return answer.StatusCode
}

var (
	rateLine = regexp.MustCompile(`Requests/sec:\s+([0-9.]+)`)
	p99Line  = regexp.MustCompile(`99%\s+([0-9.]+)(us|ms|s)`)
	badLine  = regexp.MustCompile(`Non-2xx|Socket errors`)
)

func (c *contestant) load(b *testing.B, wrk string) {
	out, err := exec.Command(wrk, "-t1", "-c"+strconv.Itoa(loadConnections), fmt.Sprintf("-d%ds", loadSeconds), "--latency",
		"-H", "Authorization: Bearer "+c.raw, c.url+"/protected").CombinedOutput()
	require.NoError(b, err, "%s", out)
	require.NotRegexp(b, badLine, string(out), c.name)
	rate, p99 := rateLine.FindSubmatch(out), p99Line.FindSubmatch(out)
	require.True(b, rate != nil && p99 != nil, "%s", out)
	number := func(text []byte) float64 {
		n, err := strconv.ParseFloat(string(text), 64)
		require.NoError(b, err)
		return n
	}
	c.rate = append(c.rate, number(rate[1]))
	c.p99 = append(c.p99, number(p99[1])*map[string]float64{"us": 0.001, "ms": 1, "s": 1000}[string(p99[2])])
}

func report(b *testing.B, all []*contestant) {
	b.Logf("%d passes of %d s, %d connections; medians, the ratio with its quartiles", loadPasses, loadSeconds, loadConnections)
	b.Logf("%-12s %10s %8s %22s %6s", "", "requests/s", "p99 ms", "of the first", "goal")
	for _, c := range all {
		ratios := make([]float64, len(c.rate))
		for i := range ratios {
			ratios[i] = c.rate[i] / all[0].rate[i]
		}
		b.Logf("%-12s %10.0f %8.2f %8.3f (%.3f-%.3f) %6.2f", c.name, quantile(c.rate, 0.5), quantile(c.p99, 0.5),
			quantile(ratios, 0.5), quantile(ratios, 0.25), quantile(ratios, 0.75), c.goal)
		b.ReportMetric(quantile(ratios, 0.5), "of-first/"+regexp.MustCompile(`\W`).ReplaceAllString(c.name, ""))
	}
	b.ReportMetric(0, "ns/op")
}
