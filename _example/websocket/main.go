// Websocket guards a WebSocket, and closes it once its token has expired, was revoked, or cannot be checked: watch.go
// is for you to copy. The token comes in a header, in a browser's cookie, or in the URL, as ?token=. To try it:
//
//	go run -C _example/websocket .                            # and in another terminal:
//	login() { curl -s -d username=test -d password=test localhost:8080/login | cut -d'"' -f4; }
//	TOKEN=$(login) go run -C _example/websocket . -connect ws://localhost:8080/echo   # type; and in a third, with login:
//	curl -X POST -H "Authorization: Bearer $(login)" localhost:8080/logout-all
package main

import (
	"context"
	"crypto/rand"
	"flag"
	"log"
	"net"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	addr := flag.String("addr", "localhost:8080", "address to serve on")
	socket := flag.String("connect", "", "be a client of the socket at this address, with the token in $TOKEN")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *addr, *socket); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, addr, socket string) error {
	if socket != "" {
		return talk(ctx, socket, os.Getenv("TOKEN"), os.Stdin, os.Stdout)
	}
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	return serve(ctx, listener, settings(rand.Text()+rand.Text())) // a real server reads its secret from the environment
}
