package main

import (
	"crypto/ed25519"
	"crypto/rand"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/gin-authjwt/authjwt"
	"github.com/gin-authjwt/authjwt/jwks"
)

// keySetAge is how long readers may keep the key set. A key is published for longer than that before it signs.
const keySetAge = time.Second

const audience = "https://orders.example"

// An issuer makes tokens, and publishes the keys that verify them.
type issuer struct {
	auth *authjwt.Manager
	ring *authjwt.KeyRing
	next ed25519.PrivateKey
}

func newIssuer(url string) (*issuer, error) {
	_, current, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	i := new(issuer)
	if _, i.next, err = ed25519.GenerateKey(rand.Reader); err != nil {
		return nil, err
	}
	i.ring, err = authjwt.NewKeyRing(authjwt.Key{PrivateKey: current}, authjwt.Key{PrivateKey: i.next, State: authjwt.KeyNext})
	if err != nil {
		return nil, err
	}
	i.auth, err = authjwt.New(authjwt.Settings{
		KeyRing:            i.ring,
		EncodeIssuer:       url,
		EncodeAudience:     []string{audience},
		AccessTokenExpires: 5 * time.Second, RefreshTokenExpires: 5 * time.Second, // so that a key is soon forgotten
	})
	return i, err
}

// rotate lets the next key sign. The former one, of which the public half is enough, verifies until its last token has expired:
// the ring computes until when.
func (i *issuer) rotate() error {
	_, next, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return err
	}
	keys := []authjwt.Key{{PrivateKey: i.next}, {PrivateKey: next, State: authjwt.KeyNext}}
	for _, key := range i.auth.PublicKeys() {
		switch key.State {
		case authjwt.KeyCurrent:
			keys = append(keys, authjwt.Key{PublicKey: key.PublicKey, State: authjwt.KeyPrevious})
		case authjwt.KeyPrevious:
			keys = append(keys, key)
		}
	}
	if err := i.ring.Replace(keys...); err != nil {
		return err
	}
	i.next = next
	return nil
}

func (i *issuer) router() http.Handler {
	r := gin.New()
	r.Use(gin.Recovery())
	i.auth.Mount(r, authjwt.Routes{Login: login})
	r.GET("/.well-known/jwks.json", jwks.Handler(i.auth, jwks.WithMaxAge(keySetAge)))
	return r
}

func login(c *gin.Context) (string, error) {
	user, err := authjwt.BindCredentials(c)
	if err == nil && (user.Username != "test" || user.Password != "test") { // a hash in real life: see quickstart
		err = authjwt.ErrInvalidCredentials
	}
	return user.Username, err
}
