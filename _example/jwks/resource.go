package main

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/gin-authjwt/authjwt"
	"github.com/gin-authjwt/authjwt/jwks"
)

// newResource makes a server that verifies the issuer's tokens, and could make none.
func newResource(issuerURL string) (http.Handler, error) {
	// A set is kept for at least a minute unless said otherwise, which is too long for keys that last seconds.
	keys, err := jwks.NewRemote(issuerURL+"/.well-known/jwks.json", jwks.WithLifetime(keySetAge, time.Hour))
	if err != nil {
		return nil, err
	}
	auth, err := authjwt.New(authjwt.Settings{
		KeySet:         keys,
		DecodeIssuer:   issuerURL,
		DecodeAudience: []string{audience},
	})
	if err != nil {
		return nil, err
	}
	r := gin.New()
	r.Use(gin.Recovery())
	r.GET("/orders", auth.Required(), func(c *gin.Context) {
		c.JSON(http.StatusOK, gin.H{"orders": []string{}, "of": authjwt.FromContext(c).Subject()})
	})
	return r, nil
}
