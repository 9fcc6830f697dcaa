package authjwt_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

// The page's configuration of nginx sends each path to its server, with what Gin and uvicorn need to know.
func TestDocs_MigrateProxy(t *testing.T) {
	nginx, err := exec.LookPath("nginx")
	if err != nil {
		require.Empty(t, os.Getenv("REQUIRE_SERVICES"), "nginx is missing")
		t.Skip(err)
	}
	block := regexp.MustCompile("(?ms)^```nginx\n(.*?)^```$").FindStringSubmatch(readMigratePage(t))
	require.NotNil(t, block)

	m := likePython(t, func(s *authjwt.Settings) { s.InsecureCookies, s.Now = false, nil })
	r := gin.New()
	r.Any("/user", m.Required(), func(c *gin.Context) { c.String(http.StatusOK, "gin") })
	r.GET("/items/ws", byQuery(m), func(c *gin.Context) { _ = upgrade(c) })
	ours := httptest.NewServer(r)
	t.Cleanup(ours.Close)
	theirs := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		_, _ = w.Write([]byte(req.Host + " " + req.Header.Get("X-Forwarded-Proto") + " " + req.Header.Get("X-Forwarded-For")))
	}))
	t.Cleanup(theirs.Close)

	addr := startNginx(t, nginx, func(dir, port string) string {
		return strings.NewReplacer("listen 443", "listen 127.0.0.1:"+port, "/etc/ssl/", dir+"/", "http://127.0.0.1:8080", ours.URL, "http://127.0.0.1:8000", theirs.URL).Replace(block[1])
	})
	_, port, _ := net.SplitHostPort(addr)
	host, client := "example.com:"+port, &http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, // the certificate is this test's
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "tcp", addr)
		},
	}}
	token, value := newPair(t, m)
	for _, row := range []struct {
		method, path, origin string
		status               int
		body                 string
	}{
		{"GET", "/user", "", 200, "gin"},
		{"POST", "/user", "https://" + host, 200, "gin"},
		{"POST", "/user", "https://evil.example", 401, "Cross-origin"},
		{"GET", "/items/ws?csrf_token=" + value, "https://" + host, 101, ""},
		{"GET", "/items/ws?csrf_token=" + value, "https://evil.example", 401, "Cross-origin"},
		{"GET", "/users", "", 200, host + " https 127.0.0.1"},
		{"POST", "/login", "", 200, host + " https 127.0.0.1"},
	} {
		req, err := http.NewRequest(row.method, "https://"+host+row.path, nil)
		require.NoError(t, err)
		req.Header.Set("Cookie", "access_token_cookie="+token)
		req.Header.Set("X-CSRF-Token", value)
		if row.origin != "" {
			req.Header.Set("Origin", row.origin)
		}
		if strings.Contains(row.path, "/ws") {
			req.Header.Set("Connection", "Upgrade")
			req.Header.Set("Upgrade", "websocket")
		}
		res, err := client.Do(req)
		require.NoError(t, err)
		var body bytes.Buffer
		if row.status != 101 {
			_, err = body.ReadFrom(res.Body)
			require.NoError(t, err)
		}
		require.NoError(t, res.Body.Close())
		assert.Equal(t, row.status, res.StatusCode, "%s %s: %s", row.method, row.path, &body)
		assert.Contains(t, body.String(), row.body)
	}
}

// startNginx runs nginx with these servers until the test ends; the certificate they name is in dir.
func startNginx(t *testing.T, nginx string, servers func(dir, port string) string) (addr string) {
	t.Helper()
	dir := t.TempDir()
	key := privateKey("ES256").(*ecdsa.PrivateKey)
	certificate := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"example.com"}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, certificate, certificate, &key.PublicKey, key)
	require.NoError(t, err)
	free, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	addr = free.Addr().String()
	require.NoError(t, free.Close())
	_, port, _ := net.SplitHostPort(addr)
	config := "daemon off; master_process off; pid " + dir + "/pid; error_log stderr;\nevents {}\nhttp { access_log off;\n"
	for _, kind := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		config += kind + "_temp_path " + dir + "/" + kind + ";\n"
	}
	for name, text := range map[string][]byte{
		"example.com.pem": []byte(pemOf("CERTIFICATE", der)),
		"example.com.key": []byte(pemOf("PRIVATE KEY", pkcs8(key))),
		"nginx.conf":      []byte(config + servers(dir, port) + "}\n"),
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), text, 0o600))
	}
	serve(t, addr, exec.Command(nginx, "-p", dir, "-c", filepath.Join(dir, "nginx.conf")))
	return addr
}
