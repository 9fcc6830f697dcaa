package bench

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt/internal/redisserver"
)

const (
	loadConnections = 64
	loadTokens      = 512
	mostRepeated    = 3 // of all runs
)

// wrkScript sends the tokens of a file one after the other. The requests are written before the load begins.
const wrkScript = `
local requests, i = {}, 0
function init(args)
  for token in io.lines(args[1]) do
    requests[#requests + 1] = wrk.format("GET", "/protected", {["Authorization"] = "Bearer " .. token})
  end
end
function request()
  i = i % #requests + 1
  return requests[i]
end
`

// A loaded server, and what wrk found in each pass.
type loaded struct {
	name, url string
	rate      []float64 // requests per second
	p99       []float64 // milliseconds
}

// BenchmarkLoad loads whole servers with wrk on loopback, one after the other, and prints their rates and whether the goals
// are met. A goal that is missed does not fail it.
func BenchmarkLoad(b *testing.B) {
	const passes, span = 14, time.Second
	wrk, err := exec.LookPath("wrk")
	if err != nil {
		const hint = "wrk is not installed: apt-get install wrk redis-server"
		if os.Getenv("REQUIRE_SERVICES") != "" {
			b.Fatal(hint)
		}
		b.Skip(hint)
	}
	dir := b.TempDir()
	script, file := filepath.Join(dir, "tokens.lua"), filepath.Join(dir, "tokens")
	addr := redisserver.Start(b).Addr()
	tokens := manyTokens(b, addr, loadTokens)
	require.NoError(b, os.WriteFile(script, []byte(wrkScript), 0o600))
	require.NoError(b, os.WriteFile(file, []byte(strings.Join(tokens, "\n")+"\n"), 0o600))

	var list []*loaded
	for _, c := range servers() {
		s := &loaded{name: c.name, url: start(b, c.name, addr)}
		checkServer(b, s.name, s.url, tokens[0])
		list = append(list, s)
	}
	repeated := 0
	for range passes {
		for _, i := range rand.Perm(len(list)) {
			s := list[i]
			run := func() (rate, p99 float64, out []byte, err error) {
				out, err = exec.Command(wrk, "-t1", "-c"+strconv.Itoa(loadConnections), "-d"+span.String(), "--latency",
					"-s", script, s.url, "--", file).CombinedOutput()
				require.NoError(b, err, "%s", out)
				rate, p99, err = readWrk(string(out))
				return rate, p99, out, err
			}
			rate, p99, out, err := run()
			for ; err != nil && repeated < mostRepeated; repeated++ { // a machine that stood still, say
				time.Sleep(2 * time.Second)
				rate, p99, out, err = run()
			}
			require.NoError(b, err, "%s: %s", s.name, out)
			s.rate, s.p99 = append(s.rate, rate), append(s.p99, p99)
		}
	}
	legend := fmt.Sprintf("Medians of %d passes of %v; %d connections, %d tokens, GOMAXPROCS=%d, %s %s/%s.\nRatio: authjwt's requests as a multiple of the row's, paired pass by pass. Runs with errors, which were repeated: %d.\n\n",
		passes, span, loadConnections, loadTokens, runtime.GOMAXPROCS(0), runtime.Version(), runtime.GOOS, runtime.GOARCH, repeated)
	publish(b, "load", legend+loadTable(list)+"\n"+goalsTable(loadGoals(list)))
	b.ReportMetric(0, "ns/op")
}

var (
	rateLine = regexp.MustCompile(`Requests/sec:\s+([0-9.]+)`)
	p99Line  = regexp.MustCompile(`99%\s+([0-9.]+)(us|ms|s)`)
	badLine  = regexp.MustCompile(`Non-2xx.*|Socket errors.*`)
)

func readWrk(out string) (rate, p99 float64, err error) {
	if bad := badLine.FindString(out); bad != "" {
		return 0, 0, fmt.Errorf("the load went wrong: %s", bad)
	}
	rateText, p99Text := rateLine.FindStringSubmatch(out), p99Line.FindStringSubmatch(out)
	if rateText == nil || p99Text == nil {
		return 0, 0, fmt.Errorf("wrk wrote something else")
	}
	if rate, err = strconv.ParseFloat(rateText[1], 64); err != nil {
		return 0, 0, err
	}
	if p99, err = strconv.ParseFloat(p99Text[1], 64); err != nil {
		return 0, 0, err
	}
	return rate, p99 * map[string]float64{"us": 0.001, "ms": 1, "s": 1000}[p99Text[2]], nil
}

func loadTable(list []*loaded) string {
	rows := [][]string{{"Server", "requests/s", "p99 ms", "ratio", "quartiles"}}
	ours := find(list, all[0].name)
	for _, s := range list {
		r := ratios(ours.rate, s.rate)
		rows = append(rows, []string{
			s.name, fmt.Sprintf("%.0f", median(s.rate)), fmt.Sprintf("%.2f", median(s.p99)),
			fmt.Sprintf("%.3f", median(r)), fmt.Sprintf("%.3f to %.3f", quantile(r, 0.25), quantile(r, 0.75)),
		})
	}
	return table(rows)
}

func loadGoals(list []*loaded) []goal {
	rate := func(name string) []float64 { return find(list, name).rate }
	ours := rate("authjwt")
	return []goal{
		{what: "authjwt: requests/s of gin-jwt v2's", got: ratios(ours, rate("gin-jwt v2")), limit: 1.5, least: true, form: "%.3f"},
		{what: "MemoryStore: requests/s of those without a Store", got: ratios(rate(withMemory), ours), limit: 0.95, least: true, form: "%.3f"},
		{what: "redisstore: requests/s of those without a Store", got: ratios(rate(withRedis), ours), limit: 0.70, least: true, form: "%.3f"},
	}
}

func find(list []*loaded, name string) *loaded {
	for _, s := range list {
		if s.name == name {
			return s
		}
	}
	return nil
}

func TestReadWrk(t *testing.T) {
	const out = "  Latency Distribution\n     50%    1.20ms\n     99%  812.00us\n  51234 requests in 1.00s, 7.10MB read\nRequests/sec:  51180.25\nTransfer/sec:      7.09MB\n"
	rate, p99, err := readWrk(out)
	require.NoError(t, err)
	assert.Equal(t, 51180.25, rate)
	assert.InDelta(t, 0.812, p99, 1e-9)

	_, _, err = readWrk(out + "  Non-2xx or 3xx responses: 7\n")
	assert.EqualError(t, err, "the load went wrong: Non-2xx or 3xx responses: 7")
	_, _, err = readWrk("  Socket errors: connect 0, read 1, write 0, timeout 0\n" + out)
	assert.Error(t, err)
	_, _, err = readWrk("")
	assert.Error(t, err)
}

func TestLoad_Table(t *testing.T) {
	list := []*loaded{
		{name: "authjwt", rate: []float64{300, 100}, p99: []float64{1, 1}},
		{name: "gin-jwt v2", rate: []float64{200, 80}, p99: []float64{2, 2}},
		{name: withMemory, rate: []float64{300, 95}, p99: []float64{1, 1}},
		{name: withRedis, rate: []float64{150, 75}, p99: []float64{4, 4}},
	}
	assert.Contains(t, loadTable(list), "| gin-jwt v2           |        200 |   2.00 | 1.500 | 1.250 to 1.500 |\n")
	text := goalsTable(loadGoals(list))
	assert.Contains(t, text, "|    1.500 | 1.250 to 1.500 | ≥ 1.500 |")
	assert.Equal(t, 0, strings.Count(text, "missed"), text)
	list[0].rate[0] = 299
	assert.Equal(t, 1, strings.Count(goalsTable(loadGoals(list)), "missed"))
}
