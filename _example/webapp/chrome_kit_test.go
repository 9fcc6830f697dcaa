package main

import (
	"bytes"
	"fmt"
	"image/png"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What the kit promises to the tests that use it.
func TestChrome(t *testing.T) {
	t.Parallel()
	site := http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if req.URL.Path == "/set" {
			http.SetCookie(w, &http.Cookie{Name: "seen", Value: "1", Path: "/", HttpOnly: true})
			w.WriteHeader(http.StatusTeapot)
			fmt.Fprintf(w, `{"code": "set", "host": %q, "x": %q}`, req.Host, req.Header.Get("X"))
			return
		}
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, `<!doctype html><meta name="color-scheme" content="light dark"><body>`+req.Header.Get("Cookie")+`</body>`)
	})
	addr, other, port := serveHTTP(t, "127.0.0.1", site), serveHTTP(t, "127.0.0.2", site), serveTLS(t, site)

	b, stranger := newBrowser(t), newBrowser(t)
	one, two := b.tab(t), b.tab(t)
	one.open("http://" + addr + "/")
	got := one.fetch("PUT", "/set", fetchOptions{Headers: map[string]string{"X": "y"}})
	assert.Equal(t, "418 set", got.verdict())
	assert.Equal(t, "basic", got.Type)
	assert.Equal(t, addr+" y", got.Field("host")+" "+got.Field("x"))
	require.Len(t, b.cookies(t), 1)
	assert.True(t, b.cookies(t)[0].HTTPOnly)
	assert.Equal(t, "127.0.0.1", b.cookies(t)[0].Domain)
	assert.Empty(t, stranger.cookies(t))
	two.open("http://" + addr + "/")
	assert.Equal(t, "seen=1", two.text(), "tabs share the jar")
	two.open("http://" + other + "/")
	assert.Empty(t, two.text())
	assert.Contains(t, two.fetch("GET", "http://"+addr+"/").Error, "Failed to fetch")
	assert.Equal(t, "opaque", two.fetch("GET", "http://"+addr+"/", fetchOptions{Mode: "no-cors"}).Type)

	for _, host := range []string{"example.test", "app.example.test", "localhost", "127.0.0.1"} {
		two.open(fmt.Sprintf("https://%s:%d/", host, port))
		assert.True(t, eval[bool](t, two, `Promise.resolve(isSecureContext)`), host)
	}
	assert.Equal(t, int64(418), two.leave(`location.href = "/set"`))
	assert.Contains(t, two.text(), `"code"`)

	assert.Len(t, one.complaints(), 1, "418")
	eval[bool](t, one, `setTimeout(() => { throw new Error("thrown") }), console.error("said", {}), new Promise(r => setTimeout(() => r(true), 1))`)
	heard := strings.Join(one.complaints()[1:], "\n")
	assert.Contains(t, heard, "error: said Object")
	assert.Contains(t, heard, "Error: thrown")

	light, dark := one.screenshot(300, 200, false, false), one.screenshot(200, 300, true, true)
	for width, shot := range map[int][]byte{300: light, 400: dark} { // phones have fine screens
		picture, err := png.Decode(bytes.NewReader(shot))
		require.NoError(t, err)
		assert.Equal(t, width, picture.Bounds().Dx())
		r, _, _, _ := picture.At(width-5, 150).RGBA()
		assert.Equal(t, width == 300, r > 0x8000)
	}
}
