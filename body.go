package authjwt

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// maxBodySize is how much of a request body is read for credentials, in octets.
const maxBodySize = 64 << 10

// replayedBody reads what was read before, then the rest.
type replayedBody struct {
	read []byte
	rest io.Reader
	io.Closer
}

func (b *replayedBody) Read(p []byte) (int, error) {
	if len(b.read) == 0 {
		return b.rest.Read(p)
	}
	n := copy(p, b.read)
	b.read = b.read[n:]
	return n, nil
}

// peekBody reads the body up to maxBodySize octets, and tells whether that is all of it. The body can
// be read again whole, up to the same error if there was one.
func peekBody(req *http.Request) (text []byte, all bool, err error) {
	if req.Body == nil || req.Body == http.NoBody {
		return nil, true, nil
	}
	text, err = readUpTo(req.Body, maxBodySize+1, req.ContentLength)
	rest := io.Reader(req.Body)
	if err != nil {
		rest = brokenReader{err}
	}
	req.Body = &replayedBody{text, rest, req.Body}
	if len(text) > maxBodySize {
		return text[:maxBodySize], false, err
	}
	return text, err == nil, err
}

// readUpTo is io.ReadAll up to a limit; expected may be wrong, and is what the first piece of memory is for.
func readUpTo(r io.Reader, limit int, expected int64) ([]byte, error) {
	text := make([]byte, 0, min(max(expected, 63), int64(limit)-1)+1)
	for {
		n, err := r.Read(text[len(text):min(cap(text), limit)])
		text = text[:len(text)+n]
		switch {
		case err == io.EOF: // and no error that wraps it
			return text, nil
		case err != nil || len(text) == limit:
			return text, err
		case len(text) == cap(text):
			text = slices.Grow(text, 1)
		}
	}
}

// wholeBody is peekBody for who needs all of the body. The failure is failTooLarge, or broken where the
// body cannot be read; cause is the error behind it, if any.
func wholeBody(req *http.Request, broken *failure) (text []byte, f *failure, cause error) {
	text, all, err := peekBody(req)
	var limit *http.MaxBytesError // the application's own, a smaller one
	switch {
	case errors.As(err, &limit) || err == nil && !all:
		return nil, failTooLarge, err
	case err != nil:
		return nil, broken, err
	}
	return text, nil, nil
}

type brokenReader struct{ err error }

func (r brokenReader) Read([]byte) (int, error) { return 0, r.err }

// mediaType returns the type of the body and its parameters; empty where the body is compressed and
// cannot be read as it stands. Without a type the error is not nil.
func mediaType(h http.Header) (name string, params map[string]string, err error) {
	if encoding := strings.Join(h["Content-Encoding"], ","); encoding != "" && !strings.EqualFold(encoding, "identity") {
		return "", nil, nil
	}
	kind := h.Get("Content-Type")
	if kind == "application/json" {
		return kind, nil, nil // spares the parsing
	}
	return mime.ParseMediaType(kind)
}

func isJSON(mediaType string) bool {
	return mediaType == "application/json" ||
		strings.HasPrefix(mediaType, "application/") && strings.HasSuffix(mediaType, "+json")
}

const (
	urlencodedForm = "application/x-www-form-urlencoded"
	multipartForm  = "multipart/form-data"
)

// formField returns the first field of that name in a form, or in the beginning of one.
func formField(mediaType string, params map[string]string, text []byte, field string) string {
	switch mediaType {
	case urlencodedForm:
		for pair := range strings.SplitSeq(string(text), "&") {
			name, value, _ := strings.Cut(pair, "=")
			if name, err := url.QueryUnescape(name); err == nil && name == field {
				value, _ = url.QueryUnescape(value)
				return value
			}
		}
	case multipartForm:
		reader := multipart.NewReader(bytes.NewReader(text), params["boundary"])
		for {
			part, err := reader.NextPart()
			if err != nil {
				return ""
			}
			if part.FormName() == field && part.FileName() == "" {
				value, _ := io.ReadAll(part)
				return string(value)
			}
		}
	}
	return ""
}
