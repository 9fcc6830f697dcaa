package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

func ask(r *gin.Engine, method, path, body, token string) *httptest.ResponseRecorder {
	req := httptest.NewRequest(method, path, strings.NewReader(body))
	req.Header.Set("Content-Type", "application/json")
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	rec := httptest.NewRecorder()
	r.ServeHTTP(rec, req)
	return rec
}

// keyFile writes a key as openssl genpkey does.
func keyFile(t *testing.T, private crypto.Signer) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(private)
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "key.pem")
	require.NoError(t, os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600))
	return file
}

// Another service verifies with the published key, and makes nothing with it.
func TestAsymmetric(t *testing.T) {
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	for alg, file := range map[string]string{"EdDSA": keyFile(t, ed), "ES256": keyFile(t, ec), "EdDSA of this run": ""} {
		t.Run(alg, func(t *testing.T) {
			auth, err := newAuth(file)
			require.NoError(t, err)
			r, err := router(auth)
			require.NoError(t, err)

			assert.Equal(t, 401, ask(r, "POST", "/login", `{"username":"test","password":"guess"}`, "").Code)
			var pair struct {
				Access string `json:"access_token"`
			}
			require.NoError(t, json.Unmarshal(ask(r, "POST", "/login", `{"username":"test","password":"test"}`, "").Body.Bytes(), &pair))
			rec := ask(r, "GET", "/protected", "", pair.Access)
			assert.Equal(t, http.StatusOK, rec.Code)
			assert.JSONEq(t, `{"user":"test"}`, rec.Body.String())
			assert.Equal(t, 401, ask(r, "GET", "/protected", "", pair.Access[:len(pair.Access)-4]).Code)
			header, err := authjwt.UnverifiedHeader(pair.Access)
			require.NoError(t, err)
			assert.Equal(t, strings.Fields(alg)[0], header["alg"])

			public, err := authjwt.ParsePublicKey(ask(r, "GET", "/public-key.pem", "", "").Body.Bytes())
			require.NoError(t, err)
			elsewhere, err := authjwt.New(authjwt.Settings{PublicKey: public})
			require.NoError(t, err)
			token, err := elsewhere.Verify(t.Context(), pair.Access, authjwt.Access)
			require.NoError(t, err)
			assert.Equal(t, "test", token.Subject)
			_, err = elsewhere.CreateAccessToken("test")
			assert.ErrorContains(t, err, "only verifies")
		})
	}
}

func TestAsymmetric_BadKeyFile(t *testing.T) {
	_, err := newAuth(filepath.Join(t.TempDir(), "missing.pem"))
	assert.ErrorIs(t, err, os.ErrNotExist)
	_, err = newAuth("main.go")
	assert.ErrorContains(t, err, "it is no PEM")
}
