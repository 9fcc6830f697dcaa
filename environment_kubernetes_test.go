package authjwt_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

// serviceVariables are what kubelet sets for a Service with two ports.
func serviceVariables(service, host string) map[string]string {
	bracketed := host
	if strings.Contains(host, ":") {
		bracketed = "[" + host + "]"
	}
	return map[string]string{
		service + "_SERVICE_HOST": host, service + "_SERVICE_PORT": "6379", service + "_SERVICE_PORT_REDIS_TLS": "6379", service + "_SERVICE_PORT_DNS": "53",
		service + "_PORT": "tcp://" + bracketed + ":6379", service + "_PORT_6379_TCP": "tcp://" + bracketed + ":6379", service + "_PORT_6379_TCP_PROTO": "tcp",
		service + "_PORT_6379_TCP_PORT": "6379", service + "_PORT_6379_TCP_ADDR": host, service + "_PORT_53_UDP": "udp://" + bracketed + ":53",
		service + "_PORT_53_UDP_PROTO": "udp", service + "_PORT_53_UDP_PORT": "53", service + "_PORT_53_UDP_ADDR": host,
		service + "_PORT_9_SCTP": "sctp://" + bracketed + ":9", service + "_PORT_9_SCTP_PROTO": "sctp",
	}
}

func TestEnvironment_KubernetesServices(t *testing.T) {
	for _, service := range []string{"AUTHJWT_REDIS", "AUTHJWT", "AUTHJWT_COOKIE_SECURE", "AUTHJWT_A1__B"} {
		for _, host := range []string{"10.0.171.239", "fd00::1"} {
			s, err := fromEnv(t, serviceVariables(service, host))
			require.NoError(t, err)
			assert.Equal(t, authjwt.Settings{}, s)
		}
	}
}

// Whatever is one letter away from what Kubernetes sets, in name or value, is a mistake.
func TestEnvironment_NoKubernetesService(t *testing.T) {
	for _, row := range []struct{ name, text string }{
		{"AUTHJWT_COOKIE_SECURE_PORT", "true"}, {"AUTHJWT_COOKIE_SECURE_PORT", "8080"}, {"AUTHJWT_REDIS_PORT", ""}, {"AUTHJWT_REDIS_PORT", "http://10.0.0.1:80"},
		{"AUTHJWT_REDIS_PORT", "tcp://redis:6379"}, {"AUTHJWT_REDIS_PORT", "tcp://10.0.0.1"}, {"AUTHJWT_REDIS_PORT", "10.0.0.1:6379"}, {"AUTHJWT_REDIS_PORT", "tcp://10.0.0.1:6379/"},
		{"AUTHJWT_REDIS_SERVICE_HOST", "redis"}, {"AUTHJWT_REDIS_SERVICE_HOST", ""}, {"AUTHJWT_REDIS_SERVICE_PORT", "redis"}, {"AUTHJWT_REDIS_SERVICE_PORT", "0"},
		{"AUTHJWT_REDIS_SERVICE_PORT", "65536"}, {"AUTHJWT_REDIS_SERVICE_PORT", "-1"}, {"AUTHJWT_REDIS_SERVICE_PORT_HTTP", "yes"}, {"AUTHJWT_REDIS_SERVICE_PORT_", "80"},
		{"AUTHJWT_REDIS_PORT_6379_TCP", "6379"}, {"AUTHJWT_REDIS_PORT_6379_TCP_PROTO", "http"}, {"AUTHJWT_REDIS_PORT_6379_TCP_PROTO", "TCP"}, {"AUTHJWT_REDIS_PORT_6379_TCP_PORT", "tcp"},
		{"AUTHJWT_REDIS_PORT_6379_TCP_ADDR", "redis"}, {"AUTHJWT_REDIS_PORT_6379_HTTP", "tcp://10.0.0.1:6379"}, {"AUTHJWT_REDIS_PORT_6379", "tcp://10.0.0.1:6379"},
		{"AUTHJWT_REDIS_PORT_X_TCP", "tcp://10.0.0.1:6379"}, {"AUTHJWT_REDIS_PORT_6379_TCP_HOST", "10.0.0.1"}, {"AUTHJWT_REDIS_HOST", "10.0.0.1"}, {"AUTHJWT_REDIS_ADDR", "10.0.0.1"},
		{"authjwt_redis_service_host", "10.0.0.1"}, {"AUTHJWT_x_AUTHJWT_SERVICE_HOST", "10.0.0.1"}, {"AUTHJWT__SERVICE_HOSTS", "10.0.0.1"}, {"AUTHJWTX_SERVICE_HOST", ""},
	} {
		_, err := fromEnv(t, map[string]string{row.name: row.text})
		if strings.HasPrefix(row.name, "AUTHJWTX") {
			assert.NoError(t, err, "it has another prefix")
			continue
		}
		assertMistakes(t, err, row.name+" is unknown;…")
	}
}

// No name of ours is one of theirs, whatever its value.
func TestEnvironment_KubernetesTakesNoneOfOurs(t *testing.T) {
	for _, row := range loadableFields {
		for service := range serviceVariables("AUTHJWT", "10.0.0.1") {
			assert.NotEqual(t, strings.ToUpper(row.python), service)
		}
		for _, shape := range []string{"_PORT", "_SERVICE_HOST", "_TCP", "_UDP", "_SCTP", "_ADDR", "_PROTO"} {
			assert.False(t, strings.HasSuffix(strings.ToUpper(row.python), shape), row.python)
		}
		assert.NotContains(t, row.python, "_service_port")
	}
}
