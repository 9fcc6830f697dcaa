package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"io"
	stdlog "log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A servedCertificate is the certificate of all servers of the tests, and the digest of its key, by which Chromium knows it.
type servedCertificate struct {
	tls.Certificate
	spki string
}

// certificate makes it, once. It is for example.test and all hosts below it, localhost and 127.0.0.1.
var certificate = sync.OnceValue(func() servedCertificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	about := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(24 * time.Hour),
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames:     []string{"*.example.test", "example.test", "localhost"},
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, about, about, key.Public(), key)
	if err != nil {
		panic(err)
	}
	public, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		panic(err)
	}
	digest := sha256.Sum256(public)
	return servedCertificate{tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, base64.StdEncoding.EncodeToString(digest[:])}
})

// serveHTTP serves on a free port of a loopback address (127.0.0.1; 127.0.0.2 is another site) until the test ends,
// and returns address and port.
func serveHTTP(t *testing.T, ip string, handler http.Handler) string {
	t.Helper()
	return serve(t, ip, handler, nil)
}

// serveTLS serves https on a free port of 127.0.0.1, to which Chromium resolves example.test and all hosts below it, and returns
// the port.
func serveTLS(t *testing.T, handler http.Handler) int {
	t.Helper()
	_, port, err := net.SplitHostPort(serve(t, "127.0.0.1", handler, &tls.Config{Certificates: []tls.Certificate{certificate().Certificate}}))
	require.NoError(t, err)
	number, err := strconv.Atoi(port)
	require.NoError(t, err)
	return number
}

func serve(t *testing.T, ip string, handler http.Handler, over *tls.Config) string {
	t.Helper()
	listener, err := net.Listen("tcp", net.JoinHostPort(ip, "0"))
	require.NoError(t, err)
	server := httptest.NewUnstartedServer(handler)
	require.NoError(t, server.Listener.Close())
	server.Listener, server.TLS = listener, over
	server.Config.ErrorLog = stdlog.New(io.Discard, "", 0) // connections that Chromium opens ahead and drops
	if over != nil {
		server.StartTLS()
	} else {
		server.Start()
	}
	t.Cleanup(func() {
		server.CloseClientConnections() // Close would wait for WebSockets
		server.Close()
	})
	return listener.Addr().String()
}
