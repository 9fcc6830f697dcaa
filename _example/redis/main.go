// Redis serves what quickstart does, on as many servers as you start: they share their sessions, so that a
// logout on one of them counts on all.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/redis/go-redis/v9"

	"github.com/gin-authjwt/authjwt"
	"github.com/gin-authjwt/authjwt/redisstore"
)

func main() {
	redisAddr := flag.String("redis", "localhost:6379", "address of Redis")
	addr := flag.String("addr", "localhost:8080", "address to serve on")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := serve(ctx, *redisAddr, *addr); err != nil {
		log.Fatal(err)
	}
}

// serve returns when ctx is done, and the requests that came before have their answers.
func serve(ctx context.Context, redisAddr, addr string) error {
	client := redis.NewClient(&redis.Options{Addr: redisAddr, ContextTimeoutEnabled: true})
	defer client.Close()
	store, err := redisstore.New(ctx, client)
	if err != nil {
		return fmt.Errorf("use Redis at %s: %w\nIf none is there, start one: redis-server --appendonly yes", redisAddr, err)
	}
	auth, err := authjwt.New(authjwt.Settings{
		SecretKey:     os.Getenv("SECRET_KEY"), // the same for all servers; openssl rand -base64 32
		TokenLocation: []authjwt.Location{authjwt.Headers, authjwt.Cookies},
		Store:         store,
		Sessions:      store,          // logins from all servers, for a page "your devices"
		Logger:        slog.Default(), // logins, revocations, and the state of Redis
	})
	if err != nil {
		return err
	}
	server := &http.Server{Addr: addr, Handler: router(auth), ReadTimeout: 10 * time.Second}
	ended := make(chan error, 1)
	go func() { ended <- server.ListenAndServe() }()
	select {
	case err = <-ended:
		return err
	case <-ctx.Done():
		return server.Shutdown(context.Background())
	}
}

func router(auth *authjwt.Manager) *gin.Engine {
	gin.SetMode(gin.ReleaseMode)
	r := gin.New()
	r.Use(gin.Logger(), gin.Recovery())
	auth.Mount(r, authjwt.Routes{Login: login}) // POST /login, /refresh, /logout and /logout-all
	r.GET("/protected", auth.Required(), user)
	r.POST("/protected", auth.Required(), user)
	return r
}

func user(c *gin.Context) {
	c.JSON(http.StatusOK, gin.H{"user": authjwt.FromContext(c).Subject()})
}
