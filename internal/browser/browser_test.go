package browser

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// What the browser adds to requests is what the origin check goes by.
func TestBrowser_Fields(t *testing.T) {
	var got http.Header
	var host string
	echo := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got, host = r.Header, r.Host })
	for _, try := range []struct {
		home, page, method string
		origin, site       string
	}{
		{"https://shop.example", "https://shop.example", "POST", "https://shop.example", "same-origin"},
		{"https://shop.example", "https://shop.example", "GET", "", "same-origin"},
		{"https://shop.example", "https://app.shop.example", "DELETE", "https://app.shop.example", "same-site"},
		{"https://shop.example", "http://shop.example", "POST", "http://shop.example", "cross-site"},
		{"https://shop.example", "https://other.example", "POST", "https://other.example", "cross-site"},
		{"https://shop.example", "", "POST", "", "none"},
		{"http://shop.example", "http://shop.example", "POST", "http://shop.example", ""},
		{"http://localhost", "http://localhost", "HEAD", "", "same-origin"},
		{"http://127.0.0.1:8000", "http://127.0.0.1:8001", "POST", "http://127.0.0.1:8001", "same-site"},
		{"http://127.0.0.1:8000", "http://127.1.0.1:8000", "POST", "http://127.1.0.1:8000", "cross-site"},
	} {
		b := Open(t, echo, try.home, time.Now)
		b.Page = try.page
		b.Fetch(try.method, "/", "", "X-CSRF-TOKEN", "x")
		assert.Equal(t, parsed(t, try.home).Host, host)
		assert.Equal(t, try.origin, got.Get("Origin"), try)
		assert.Equal(t, try.site, got.Get("Sec-Fetch-Site"), try)
		assert.Equal(t, "x", got.Get("X-Csrf-Token"))
	}
}
