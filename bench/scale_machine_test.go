package bench

import (
	"fmt"
	"os"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/gin-authjwt/authjwt/internal/redisserver"
)

// machine tells where the figures were taken, and nothing by which that machine is known.
func (s *scale) machine() string {
	rows := [][]string{
		{"Machine", ""}, {"CPU", cpuModel()}, {"cores", fmt.Sprint(runtime.NumCPU())},
		{"system", runtime.GOOS + "/" + runtime.GOARCH}, {"Go", runtime.Version()},
	}
	if s.redis != "" {
		rows = append(rows, []string{"Redis", s.redis})
	}
	return table(rows)
}

func cpuModel() string {
	text, _ := os.ReadFile("/proc/cpuinfo") // elsewhere than on Linux there is none
	return modelIn(string(text))
}

func modelIn(cpuinfo string) string {
	found := regexp.MustCompile(`(?m)^model name\s*: (.+)$`).FindStringSubmatch(cpuinfo)
	if found == nil {
		return "unknown"
	}
	return strings.TrimSpace(found[1])
}

func serverVersion(server *redisserver.Server) string {
	found := regexp.MustCompile(`redis_version:(\S+)`).FindStringSubmatch(server.Do("INFO", "server"))
	if found == nil {
		return "unknown"
	}
	return found[1]
}

func TestScale_Machine(t *testing.T) {
	assert.Equal(t, "A CPU @ 2 GHz", modelIn("processor\t: 0\nmodel name\t: A CPU @ 2 GHz\nmodel name\t: A CPU @ 2 GHz\n"))
	assert.Equal(t, "unknown", modelIn(""))
	text := (&scale{redis: "7.0.1"}).machine()
	assert.Contains(t, text, "7.0.1 |\n")
	assert.Contains(t, text, runtime.Version())
	host, err := os.Hostname()
	assert.NoError(t, err)
	if len(host) > 3 {
		assert.NotContains(t, text, host)
	}
	assert.NotContains(t, new(scale).machine(), "Redis")
}
