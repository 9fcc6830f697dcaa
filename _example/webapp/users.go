package main

import (
	"crypto/pbkdf2"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"

	"github.com/gin-gonic/gin"

	"github.com/gin-authjwt/authjwt"
)

// users are a database's: for each a random salt, and the hash of the password, which is test.
var users = map[string]struct{ salt, hash string }{
	"test": {"MKUH74HQUD5KAO2QKPVKJMLVXG", "90db8f2202641af21ab0e5bc28d8728017ff55d3c7c035bc8ec110655337c436"},
}

func login(c *gin.Context) (string, error) {
	cred, err := authjwt.BindCredentials(c) // a JSON body or an OAuth2 password form
	if err != nil {
		return "", err
	}
	user := users[cred.Username] // empty for an unknown user, who must take as long as a wrong password
	given, err := pbkdf2.Key(sha256.New, cred.Password, []byte(user.salt), 600_000, sha256.Size)
	if err != nil {
		return "", err
	}
	if subtle.ConstantTimeCompare([]byte(hex.EncodeToString(given)), []byte(user.hash)) != 1 {
		return cred.Username, authjwt.ErrInvalidCredentials // the name is for events alone
	}
	return cred.Username, nil
}
