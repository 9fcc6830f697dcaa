package main

import (
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

// The program serves the page with its defaults, and another front end if it is told of one.
func TestProgram(t *testing.T) {
	program := filepath.Join(t.TempDir(), "webapp")
	output, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput()
	require.NoError(t, err, "%s", output)
	held := serveHTTP(t, "127.0.0.1", http.NotFoundHandler())
	assert.Error(t, exec.Command(program, "-addr", held).Run(), "the address is taken")

	addr := freeAddress(t)
	var printed strings.Builder
	running := exec.Command(program, "-addr", addr, "-frontend", "http://localhost:5173")
	running.Stdout = &printed
	require.NoError(t, running.Start())
	t.Cleanup(func() {
		_ = running.Process.Kill()
		_ = running.Wait()
		assert.Contains(t, printed.String(), "Open http://"+addr+", and http://"+addr+"/docs for Swagger UI. Name and password are test.\n")
	})
	require.Eventually(t, func() bool {
		res, err := http.Get("http://" + addr + "/")
		return err == nil && res.Body.Close() == nil && res.StatusCode == 200
	}, 10*time.Second, 20*time.Millisecond)
	for origin, want := range map[string]string{"http://localhost:5173": "http://localhost:5173", "http://localhost:5174": ""} {
		req, err := http.NewRequest("OPTIONS", "http://"+addr+"/auth/login", nil)
		require.NoError(t, err)
		req.Header.Set("Origin", origin)
		req.Header.Set("Access-Control-Request-Method", "POST")
		res, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		assert.Equal(t, want, res.Header.Get("Access-Control-Allow-Origin"))

		req, err = http.NewRequest("POST", "http://"+addr+"/auth/login", strings.NewReader(`{"username":"test","password":"test"}`))
		require.NoError(t, err)
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Origin", origin)
		res, err = http.DefaultClient.Do(req)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		assert.Equal(t, map[bool]int{true: 200, false: 403}[want != ""], res.StatusCode)
		assert.Equal(t, map[bool]int{true: 4, false: 0}[want != ""], len(res.Cookies()))
	}
}

// A page's login has its tokens in cookies alone. Other clients send a form, and find them in the answer.
func TestLogin(t *testing.T) {
	auth, err := authjwt.New(settings(secret, ""))
	require.NoError(t, err)
	for kind, body := range map[string]string{
		gin.MIMEJSON: `{"username":"test","password":"test"}`, gin.MIMEPOSTForm: "username=test&password=test&grant_type=password",
	} {
		req := httptest.NewRequest("POST", "/auth/login", strings.NewReader(body))
		req.Header.Set("Content-Type", kind)
		rec := httptest.NewRecorder()
		router(auth, "").ServeHTTP(rec, req)
		require.Equal(t, 200, rec.Code, rec.Body)
		var names []string
		var answer map[string]any
		require.NoError(t, json.Unmarshal(rec.Body.Bytes(), &answer))
		described := login200(t, auth)
		assert.NoError(t, described.VisitJSON(answer), kind)
		for name := range answer {
			names = append(names, name)
		}
		want := []string{"csrf_access_token", "csrf_refresh_token", "expires_in"}
		if kind == gin.MIMEPOSTForm {
			want = append(want, "access_token", "refresh_token", "token_type")
		}
		assert.ElementsMatch(t, want, names, kind)
		paths := map[string]string{}
		for _, cookie := range rec.Result().Cookies() {
			paths[cookie.Name] = cookie.Path
		}
		assert.Equal(t, map[string]string{"access_token_cookie": "/", "refresh_token_cookie": "/auth", "csrf_access_token": "/", "csrf_refresh_token": "/"}, paths)
	}
}

func freeAddress(t *testing.T) string {
	t.Helper()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, free.Close())
	return free.Addr().String()
}
