// Asymmetric signs with a private key, so that other services verify its tokens and can make none: they read
// the public key from /public-key.pem. The key comes from a file:
//
//	openssl genpkey -algorithm ed25519 -out key.pem
//	go run ./_example/asymmetric -key key.pem
package main

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"flag"
	"log"
	"net/http"
	"os"

	"github.com/gin-gonic/gin"

	"github.com/gin-authjwt/authjwt"
)

func main() {
	file := flag.String("key", "", "private key in PEM: RSA, ECDSA or Ed25519; without it, one for this run alone")
	flag.Parse()
	auth, err := newAuth(*file)
	if err != nil {
		log.Fatal(err)
	}
	r, err := router(auth)
	if err != nil {
		log.Fatal(err)
	}
	log.Fatal(r.Run()) // on $PORT, or 8080
}

func newAuth(file string) (*authjwt.Manager, error) {
	if file == "" {
		_, private, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			return nil, err
		}
		return authjwt.New(authjwt.Settings{PrivateKey: private})
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	private, err := authjwt.ParsePrivateKey(text)
	if err != nil {
		return nil, err
	}
	return authjwt.New(authjwt.Settings{PrivateKey: private}) // the algorithm is the key's: EdDSA, ES256, RS256 …
}

func router(auth *authjwt.Manager) (*gin.Engine, error) {
	der, err := x509.MarshalPKIXPublicKey(auth.PublicKeys()[0].PublicKey)
	if err != nil {
		return nil, err
	}
	public := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})

	r := gin.Default()
	auth.Mount(r, authjwt.Routes{Login: login})
	r.GET("/protected", auth.Required(), func(c *gin.Context) {
		c.JSON(http.StatusOK, gin.H{"user": authjwt.FromContext(c).Subject()})
	})
	r.GET("/public-key.pem", func(c *gin.Context) { c.Data(http.StatusOK, "application/x-pem-file", public) })
	return r, nil
}

func login(c *gin.Context) (string, error) {
	user, err := authjwt.BindCredentials(c)
	if err == nil && (user.Username != "test" || user.Password != "test") { // a hash in real life: see quickstart
		err = authjwt.ErrInvalidCredentials
	}
	return user.Username, err
}
