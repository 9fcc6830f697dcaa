// Jwks runs an issuer and a resource server on two ports of localhost, and a client that uses both. The issuer
// rotates its key every few seconds; the resource server knows nothing but the address of its key set. No request
// is refused.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"time"

	"github.com/gin-gonic/gin"
)

func main() {
	every := flag.Duration("rotate", 4*time.Second, "how often the issuer rotates its key; at least 2s")
	flag.Parse()
	if *every < 2*keySetAge {
		log.Fatal("-rotate: a key must be published for longer than readers keep the set, before it signs; say 2s or more")
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	gin.SetMode(gin.ReleaseMode)
	seen, err := run(ctx, *every, os.Stdout)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%d requests by %d keys, %d refused\n", seen.requests, len(seen.kids), seen.refused)
}

// serve serves h on a free port of localhost until ctx is done, and returns the address.
func serve(ctx context.Context, make func(url string) (http.Handler, error)) (url string, err error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "localhost:0")
	if err != nil {
		return "", err
	}
	url = "http://" + listener.Addr().String()
	h, err := make(url)
	if err != nil {
		return "", err
	}
	server := &http.Server{Handler: h, ReadTimeout: 10 * time.Second}
	go func() { _ = server.Serve(listener) }()
	context.AfterFunc(ctx, func() { _ = server.Close() })
	return url, nil
}
