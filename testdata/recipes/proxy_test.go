package snippet

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
)

// clientOf sends everything to one address, whatever the certificate there, which is a test's.
func clientOf(addr string) *http.Client {
	return &http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true},
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "tcp", addr)
		},
	}}
}
