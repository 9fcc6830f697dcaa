package main

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/gin-authjwt/authjwt"
)

// A program is what is served: to the public, and to Prometheus alone.
type program struct {
	auth    *authjwt.Manager
	public  *gin.Engine
	private http.Handler
}

func settings(secret string) authjwt.Settings {
	return authjwt.Settings{
		SecretKey:     secret,
		TokenLocation: []authjwt.Location{authjwt.Headers, authjwt.Cookies},
		Store:         new(authjwt.MemoryStore),
		RefreshWithin: 5 * time.Minute,
	}
}

// newProgram has the events of a Manager logged and counted, and failed logins limited.
func newProgram(s authjwt.Settings, log *slog.Logger) (*program, error) {
	registry := prometheus.NewRegistry()
	counted, tried := newMetrics(registry), new(guesses)
	s.Logger = log
	s.OnEvent = func(ctx context.Context, e authjwt.Event) {
		counted.note(ctx, e)
		tried.note(ctx, e)
	}
	auth, err := authjwt.New(s)
	if err != nil {
		return nil, err
	}
	public, err := router(auth, tried)
	if err != nil {
		return nil, err
	}
	counted.expect(public.Routes())
	private := http.NewServeMux()
	private.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	return &program{auth, public, private}, nil
}

func router(auth *authjwt.Manager, tried *guesses) (*gin.Engine, error) {
	gin.SetMode(gin.ReleaseMode)
	r := gin.New()
	r.Use(gin.Recovery())
	// There is no proxy before us, so X-Forwarded-For is anybody's word, and not for a log. Behind one, name its address.
	if err := r.SetTrustedProxies(nil); err != nil {
		return nil, err
	}
	auth.Mount(r, authjwt.Routes{Login: tried.limit(login)}) // POST /login, /refresh, /logout and /logout-all
	r.GET("/notes/:id", auth.Required(), note)
	r.POST("/notes/:id", auth.Required(), note)
	return r, nil
}

func note(c *gin.Context) {
	c.JSON(http.StatusOK, gin.H{"user": authjwt.FromContext(c).Subject(), "note": c.Param("id")})
}

func login(c *gin.Context) (string, error) {
	cred, err := authjwt.BindCredentials(c) // a JSON body or an OAuth2 password form
	if err == nil && (cred.Username != "test" || cred.Password != "test") {
		err = authjwt.ErrInvalidCredentials // compare hashes instead: see quickstart
	}
	return cred.Username, err // the name goes into the event, not into the answer
}
