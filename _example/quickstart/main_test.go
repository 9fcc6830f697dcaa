package main

import (
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

// The commands the quickstart prints are pasted into a shell, as a reader would.
func TestTour(t *testing.T) {
	if _, err := exec.LookPath("curl"); err != nil {
		if os.Getenv("REQUIRE_SERVICES") == "1" {
			t.Fatal("curl is not installed")
		}
		t.Skip("curl is not installed")
	}
	auth, err := authjwt.New(authjwt.Settings{SecretKey: "quickstart-test-0123456789-abcdefghijklmnop"})
	require.NoError(t, err)
	server := httptest.NewServer(router(auth))
	defer server.Close()

	printed := fmt.Sprintf(tour, strings.TrimPrefix(server.URL, "http://"))
	_, commands, found := strings.Cut(printed, "\n\n")
	require.True(t, found)
	output, err := exec.Command("sh", "-eu", "-c", commands).CombinedOutput()
	require.NoError(t, err, "%s", output)
	lines := strings.Split(strings.TrimSpace(string(output)), "\n")
	require.Len(t, lines, 5, "%s", output)
	assert.Regexp(t, `^{"access_token":"[^"]+","refresh_token":"[^"]+","token_type":"bearer","expires_in":900}$`, lines[0])
	assert.Equal(t, `{"user":"test"}`, lines[1])
	assert.Equal(t, `{"detail":"Missing Authorization Header","code":"missing_token"}`, lines[2])
	assert.Equal(t, `{"detail":"Fresh token required","code":"fresh_token_required"}`, lines[3])
	assert.Equal(t, `{"msg":"Successfully logout"}`, lines[4])
}

func TestLogin_Refuses(t *testing.T) {
	auth, err := authjwt.New(authjwt.Settings{SecretKey: "quickstart-test-0123456789-abcdefghijklmnop"})
	require.NoError(t, err)
	for body, status := range map[string]int{
		"username=test&password=test": 200,
		"username=test&password=Test": 401,
		"username=Test&password=test": 401,
		"username=test":               400,
	} {
		req := httptest.NewRequest("POST", "/login", strings.NewReader(body))
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		rec := httptest.NewRecorder()
		router(auth).ServeHTTP(rec, req)
		assert.Equal(t, status, rec.Code, body)
	}
}
