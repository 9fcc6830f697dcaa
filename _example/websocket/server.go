package main

import (
	"context"
	"net"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/gin-authjwt/authjwt"
)

func settings(secret string) authjwt.Settings {
	return authjwt.Settings{
		SecretKey:     secret,
		TokenLocation: []authjwt.Location{authjwt.Headers, authjwt.Cookies, authjwt.Query},
		Store:         new(authjwt.MemoryStore), // without one an open socket would not hear of a logout
	}
}

// serve returns when ctx is done, the requests that came before have their answers, and the sockets are closed.
func serve(ctx context.Context, listener net.Listener, s authjwt.Settings) error {
	auth, err := authjwt.New(s)
	if err != nil {
		return err
	}
	open := &sockets{auth: auth, server: ctx}
	server := &http.Server{Handler: router(auth, open), ReadTimeout: 10 * time.Second}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	select {
	case err = <-ended:
	case <-ctx.Done():
		err = server.Shutdown(context.Background())
		open.running.Wait() // Shutdown does not know them
	}
	return err
}

func router(auth *authjwt.Manager, open *sockets) *gin.Engine {
	gin.SetMode(gin.ReleaseMode)
	r := gin.New()
	// The URL may hold a token, or a CSRF value: neither is for a log.
	r.Use(gin.LoggerWithConfig(gin.LoggerConfig{SkipQueryString: true}), gin.Recovery(), auth.ErrorMiddleware())
	auth.Mount(r, authjwt.Routes{Login: login}) // POST /login, /refresh, /logout and /logout-all
	r.GET("/echo", open.accept)
	return r
}

func login(c *gin.Context) (string, error) {
	cred, err := authjwt.BindCredentials(c) // a JSON body or an OAuth2 password form
	if err == nil && (cred.Username != "test" || cred.Password != "test") {
		err = authjwt.ErrInvalidCredentials // compare hashes instead: see quickstart
	}
	return cred.Username, err
}
