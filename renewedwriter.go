package authjwt

import (
	"net/http"
	"slices"

	"github.com/gin-gonic/gin"
)

// renewedWriter stands in c.Writer after a renewal, of which the handler knows nothing. The new cookies go into no
// cache, whatever the handler says of its answer, and into no answer of 400 and above, as into no refusal.
type renewedWriter struct {
	gin.ResponseWriter
	lines []string // of Set-Cookie
}

// settle looks at the answer as it is so far; what it finds last, before the header is sent, counts.
func (w *renewedWriter) settle() {
	h := w.Header()
	if w.Written() || h["Set-Cookie"] == nil {
		return
	}
	renewed := func(line string) bool { return slices.Contains(w.lines, line) }
	if w.Status() >= http.StatusBadRequest {
		dropCookies(h, renewed)
	} else if slices.ContainsFunc(h["Set-Cookie"], renewed) {
		noStore(h)
	}
}

// settle is for the end of a handler that has left the header to Gin, which sends it without asking c.Writer.
func (a *AuthJWT) settle() {
	if a.rare != nil && a.rare.renewed != nil {
		a.rare.renewed.settle()
	}
}

func (w *renewedWriter) WriteHeader(status int) {
	w.ResponseWriter.WriteHeader(status)
	w.settle()
}

func (w *renewedWriter) WriteHeaderNow() {
	w.settle()
	w.ResponseWriter.WriteHeaderNow()
}

func (w *renewedWriter) Write(p []byte) (int, error) {
	w.settle()
	return w.ResponseWriter.Write(p)
}

func (w *renewedWriter) WriteString(s string) (int, error) {
	w.settle()
	return w.ResponseWriter.WriteString(s)
}

func (w *renewedWriter) Flush() {
	w.settle()
	w.ResponseWriter.Flush()
}

// Unwrap is for http.ResponseController.
func (w *renewedWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
