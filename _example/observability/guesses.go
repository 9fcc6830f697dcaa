package main

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/gin-authjwt/authjwt"
)

// guesses limits failed logins: ten of a client address, in each minute. The zero value is ready, and safe for concurrent use.
type guesses struct {
	mu     sync.Mutex
	minute time.Time
	failed map[string]int
}

// note is for Settings.OnEvent.
func (g *guesses) note(_ context.Context, e authjwt.Event) {
	if e.Kind == authjwt.EventLoginFailed {
		g.add(e.ClientAddress, 1)
	}
}

// limit is for Routes.Login, around the function that checks the password.
func (g *guesses) limit(login func(c *gin.Context) (string, error)) func(c *gin.Context) (string, error) {
	return func(c *gin.Context) (string, error) {
		if g.add(c.ClientIP(), 0) >= 10 {
			return "", &authjwt.Error{Status: http.StatusTooManyRequests, Code: "too_many_guesses", Detail: "Try again in a minute"}
		}
		return login(c)
	}
}

// add returns how many there are then.
func (g *guesses) add(client string, n int) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	if now := time.Now(); g.failed == nil || now.Sub(g.minute) >= time.Minute {
		g.minute, g.failed = now, map[string]int{}
	}
	if n > 0 {
		g.failed[client] += n
	}
	return g.failed[client]
}
