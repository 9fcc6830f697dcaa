package authjwt

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What is read of a body, and can be read again, does not depend on what its length is said to be, nor on the pieces in which
// it comes.
func TestPeekBody(t *testing.T) {
	broken, wrapped := errors.New("broken"), fmt.Errorf("cut: %w", io.EOF)
	for _, size := range []int{0, 1, 62, 63, 64, 65, 511, 512, 5000, maxBodySize - 1, maxBodySize, maxBodySize + 1, maxBodySize + 2, 3 * maxBodySize} {
		body := bytes.Repeat([]byte("0123456789abcdef!"), size/17+1)[:size]
		for _, length := range []int64{-1, 0, 1, int64(size) - 1, int64(size), int64(size) + 1, 1 << 40, math.MaxInt64 - 1, math.MaxInt64, math.MinInt64} {
			for name, pieces := range map[string]func(io.Reader) io.Reader{
				"whole": func(r io.Reader) io.Reader { return r }, "one by one": iotest.OneByteReader, "with EOF": iotest.DataErrReader, "halves": iotest.HalfReader,
			} {
				sent := bytes.NewReader(body)
				req := &http.Request{Body: io.NopCloser(pieces(sent)), ContentLength: length}
				text, all, err := peekBody(req)
				require.NoError(t, err)
				if name == "whole" {
					require.LessOrEqual(t, size-sent.Len(), maxBodySize+1, "read of %d octets", size)
				}
				require.Equal(t, size <= maxBodySize, all, "%d octets, %s", size, name)
				require.True(t, bytes.Equal(body[:min(size, maxBodySize)], text), "%d octets, length %d, %s", size, length, name)
				again, err := io.ReadAll(req.Body)
				require.NoError(t, err)
				require.True(t, bytes.Equal(body, again), "%d octets, length %d, %s", size, length, name)
			}
		}
		for _, cause := range []error{broken, wrapped} {
			req := &http.Request{Body: io.NopCloser(io.MultiReader(bytes.NewReader(body[:min(size, 100)]), iotest.ErrReader(cause)))}
			_, all, err := peekBody(req)
			assert.Equal(t, cause, err)
			assert.False(t, all)
			again, err := io.ReadAll(req.Body)
			assert.Equal(t, cause, err, "the same error when it is read again")
			assert.Equal(t, body[:min(size, 100)], again)
		}
	}
}
