// Observability logs and counts what authjwt tells. metrics.go is a file to copy, and alerts.yml has rules for
// Prometheus. To try it:
//
//	go run -C _example/observability . -log debug             # and in another terminal:
//	curl -d username=test -d password=guess localhost:8080/login
//	curl localhost:9464/metrics
package main

import (
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"
)

func main() {
	addr := flag.String("addr", "localhost:8080", "address to serve on")
	metrics := flag.String("metrics", "localhost:9464", "address of /metrics, which the public must not reach")
	var level slog.Level
	flag.TextVar(&level, "log", slog.LevelInfo, "level of the log; debug has refusals and refreshes, too")
	flag.Parse()
	log := slog.New(slog.NewJSONHandler(os.Stderr, &slog.HandlerOptions{Level: level}))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, log, *addr, *metrics); err != nil {
		log.Error("the server has ended", "error", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, log *slog.Logger, addr, metricsAddr string) error {
	p, err := newProgram(settings(rand.Text()+rand.Text()), log) // a real server reads its secret from the environment
	if err != nil {
		return err
	}
	public, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	defer public.Close()
	private, err := net.Listen("tcp", metricsAddr)
	if err != nil {
		return err
	}
	return serve(ctx, p, public, private)
}

// serve returns when ctx is done, and the requests that came before have their answers, or when a listener fails.
func serve(ctx context.Context, p *program, public, private net.Listener) (err error) {
	// The private one ends last.
	servers := []*http.Server{{Handler: p.public, ReadTimeout: 10 * time.Second}, {Handler: p.private, ReadTimeout: 10 * time.Second}}
	ended := make(chan error, len(servers))
	var running sync.WaitGroup
	for i, listener := range []net.Listener{public, private} {
		running.Go(func() { ended <- servers[i].Serve(listener) })
	}
	select {
	case err = <-ended:
	case <-ctx.Done():
	}
	for _, server := range servers {
		err = errors.Join(err, server.Shutdown(context.Background()))
	}
	running.Wait()
	return err
}
