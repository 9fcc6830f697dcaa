package authjwt_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

// FuzzJSONBody sends any body at all to an optional route. Where it lets the request pass, the handler reads
// the body as it was sent, and encoding/json finds the same token in it, or none.
func FuzzJSONBody(f *testing.F) {
	auth := newManager(f, locatedAt(authjwt.JSON))
	token := signedClaims(f, claims(nil))
	for _, seed := range []struct{ contentType, body string }{
		{"application/json", `{"access_token":"` + token + `","refresh_token":null}`},
		{"application/vnd.api+json; a=b", " {\"\\u0061ccess_token\":\"" + token + "\"}\n"},
		{"application/json", `{"access_token":"","Access_token":1,"a":[{},[[null]],1e999,"\ud83d\ude42"]}`},
		{"application/json", `{"access_token":"x","access_token":"x"}`},
		{"application/json", `["access_token"]`},
		{"application/json", strings.Repeat(`{"a":[`, 17)},
		{"text/plain", "{"},
	} {
		f.Add(seed.contentType, []byte(seed.body), true, false)
		f.Add(seed.contentType, []byte(seed.body), false, true)
	}
	f.Fuzz(func(t *testing.T, contentType string, body []byte, chunks, large bool) {
		if large {
			body = append(body, bytes.Repeat([]byte(" "), 64<<10)...)
		}
		subject := ""
		r := gin.New()
		r.POST("/", auth.Optional(), func(c *gin.Context) {
			read, err := io.ReadAll(c.Request.Body)
			require.NoError(t, err)
			require.True(t, bytes.Equal(body, read), "sent %.200q, read %.200q", body, read)
			subject = authjwt.FromContext(c).Subject()
			c.Status(http.StatusNoContent)
		})
		req := httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(body))
		req.Header.Set("Content-Type", contentType)
		if chunks {
			req = chunked(req)
		}
		rec := httptest.NewRecorder()
		r.ServeHTTP(rec, req)
		require.Contains(t, []int{204, 400, 401}, rec.Code)
		if rec.Code != http.StatusNoContent || len(body) > 64<<10 || contentType != "application/json" {
			return
		}
		found := ""
		var object map[string]json.RawMessage
		if json.Unmarshal(body, &object) == nil {
			_ = json.Unmarshal(object["access_token"], &found)
		}
		require.Equal(t, found != "", subject != "", "%q", body)
	})
}

func TestH09_BodyReadAgain(t *testing.T) {
	j := newBodyJudge(t)
	twin := newManager(t, locatedAt(authjwt.JSON)) // shares the secret
	consume := func(c *gin.Context) {
		_, err := io.Copy(io.Discard, c.Request.Body)
		assert.NoError(t, err)
	}
	restore := func(body string) gin.HandlerFunc {
		return func(c *gin.Context) { c.Request.Body = io.NopCloser(strings.NewReader(body)) }
	}
	good := mustCreate(t, j.m)
	for _, body := range []string{`{"access_token":"` + good + `"}`, padded(good, 64<<10)} {
		for name, guardians := range map[string][]gin.HandlerFunc{
			"two guards":       {j.m.Required(), j.m.Required()},
			"two kinds":        {j.m.Optional(), j.m.Required(authjwt.WithLocations(authjwt.JSON))},
			"two Managers":     {twin.Required(), j.m.Required(), twin.Required()},
			"consumed between": {j.m.Required(), consume, j.m.Required(), restore(body)},
			"replaced between": {j.m.Required(), restore(`{"access_token":"bad"}`), j.m.Required(), restore(body)},
		} {
			t.Run(name, func(t *testing.T) {
				j.acceptsBody(t, j.behind(t, guardians...), sending(body), body, "alice")
				j.acceptsBody(t, j.behind(t, guardians...), chunked(sending(body)), body, "alice")
			})
		}
	}
	j.refusesBody(t, j.behind(t, consume, j.m.Required()), sending(`{"access_token":"`+good+`"}`), noMember, authjwt.ErrMissingToken)
}

func TestH09_OverARealListener(t *testing.T) {
	m := newManager(t, locatedAt(authjwt.JSON))
	r := gin.New()
	echo := func(c *gin.Context) {
		c.Header("Subject", authjwt.FromContext(c).Subject())
		text, err := io.ReadAll(c.Request.Body)
		assert.NoError(t, err)
		c.Data(http.StatusOK, "application/octet-stream", text)
	}
	r.POST("/optional", m.Optional(), echo)
	r.POST("/required", m.Required(), echo)
	server := httptest.NewServer(r)
	t.Cleanup(server.Close)
	small, large := padded(mustCreate(t, m), 64<<10), padded("x", 2<<20)
	for _, row := range []struct {
		path, body, subject string
		status              int
	}{
		{"/required", small, "alice", 200}, {"/optional", small, "alice", 200}, {"/optional", large, "", 200}, {"/required", large, "", 413},
	} {
		for _, body := range []io.Reader{bytes.NewReader([]byte(row.body)), struct{ io.Reader }{strings.NewReader(row.body)}} { // the second one chunked
			res, err := http.Post(server.URL+row.path, "application/json", body)
			require.NoError(t, err)
			text, err := io.ReadAll(res.Body)
			require.NoError(t, err)
			require.NoError(t, res.Body.Close())
			require.Equal(t, row.status, res.StatusCode)
			assert.Equal(t, row.subject, res.Header.Get("Subject"))
			assert.Equal(t, row.status == 200, string(text) == row.body)
		}
	}
}
