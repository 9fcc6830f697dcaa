package authjwt_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

// A socketJudge is a judge whose handler upgrades, behind a real listener.
type socketJudge struct {
	*judge
	host string
}

type guardian func(m *authjwt.Manager) gin.HandlerFunc

func required(m *authjwt.Manager) gin.HandlerFunc { return m.Required() }
func optional(m *authjwt.Manager) gin.HandlerFunc { return m.Optional() }

// byQuery takes the CSRF value from the URL, as a page's script can send it nowhere else.
func byQuery(m *authjwt.Manager) gin.HandlerFunc {
	return func(c *gin.Context) { _ = m.Bind(c).JWTRequired(authjwt.WithCSRFToken(c.Query("csrf_token"))) }
}

func newSocketJudge(t *testing.T, guard guardian, edit ...func(s *authjwt.Settings)) *socketJudge {
	t.Helper()
	j := &judge{m: newManager(t, edit...), guarded: &guarded{Engine: gin.New()}}
	j.GET("/", j.keepError, guard(j.m), func(c *gin.Context) {
		j.ran = true
		_ = upgrade(c)
	})
	server := httptest.NewServer(j)
	t.Cleanup(server.Close)
	return &socketJudge{j, server.Listener.Addr().String()}
}

// upgrade is what a WebSocket library does, with one message: the subject. The key and its answer are
// the example of RFC 6455 §1.3.
func upgrade(c *gin.Context) error {
	conn, _, err := c.Writer.Hijack()
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	text := authjwt.FromContext(c).Subject()
	_, err = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n\x81"+string(byte(len(text)))+text)
	return err
}

// dial sends a handshake with these header fields, name after name and value, and returns the answer
// with the message or the body.
func (s *socketJudge) dial(t *testing.T, target string, fields ...string) *httptest.ResponseRecorder {
	t.Helper()
	s.ran = false
	conn, err := net.Dial("tcp", s.host)
	require.NoError(t, err)
	defer func() { _ = conn.Close() }()
	require.NoError(t, conn.SetDeadline(time.Now().Add(10*time.Second)))
	all := append([]string{"Connection", "Upgrade", "Sec-WebSocket-Version", "13", "Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="}, fields...)
	for name, value := range map[string]string{"Host": s.host, "Upgrade": "websocket"} {
		if !slices.Contains(fields, name) {
			all = append(all, name, value)
		}
	}
	handshake := "GET " + target + " HTTP/1.1\r\n"
	for i := 0; i < len(all); i += 2 {
		handshake += all[i] + ": " + all[i+1] + "\r\n"
	}
	_, err = io.WriteString(conn, handshake+"\r\n")
	require.NoError(t, err)
	reader := bufio.NewReader(conn)
	res, err := http.ReadResponse(reader, nil)
	require.NoError(t, err)
	rest := res.Body
	if res.StatusCode == http.StatusSwitchingProtocols {
		rest = io.NopCloser(reader)
	}
	body, err := io.ReadAll(rest)
	require.NoError(t, err)
	return recorded(res, string(body))
}

func (s *socketJudge) upgrades(t *testing.T, subject, target string, fields ...string) {
	t.Helper()
	rec := s.dial(t, target, fields...)
	assert.Equal(t, http.StatusSwitchingProtocols, rec.Code, "body: %s", rec.Body)
	assert.Equal(t, "\x81"+string(byte(len(subject)))+subject, rec.Body.String())
}

func (s *socketJudge) refusesUpgrade(t *testing.T, want outcome, target string, fields ...string) {
	t.Helper()
	rec := s.dial(t, target, fields...)
	s.assertRefused(t, rec, want)
	assert.Empty(t, rec.Header().Values("Upgrade"))
	assertError(t, s.left, want)
}

var upgraded outcome // of a row that is accepted

func TestWebSocket_Upgrades(t *testing.T) {
	for name, guard := range map[string]guardian{"Required": required, "Optional": optional, "by query": byQuery} {
		s := newSocketJudge(t, guard, inCookies, trusting("https://app.example", "http://old.example"))
		good, value := newPair(t, s.m)
		own, foreign := "https://"+s.host, "https://a.example"
		for _, row := range []struct {
			name, token string
			fields      []string
			want        outcome
		}{
			{"own origin", good, []string{"Origin", own}, upgraded},
			{"own origin, wrong value", good, []string{"Origin", own, "X-CSRF-Token", "x"}, upgraded},
			{"own origin by the word, too", good, []string{"Origin", own, "Sec-Fetch-Site", "same-origin"}, upgraded},
			{"own origin, bad token", "x", []string{"Origin", own}, inv("token_malformed", "Not enough segments")},
			{"trusted", good, []string{"Origin", "https://app.example"}, upgraded},
			{"trusted, cross-site", good, []string{"Origin", "https://app.example", "Sec-Fetch-Site", "cross-site"}, upgraded},
			{"trusted over http", good, []string{"Origin", "http://old.example"}, upgraded},
			{"http of a trusted host", good, []string{"Origin", "http://app.example"}, crossOrigin},
			{"http on loopback", good, []string{"Origin", "http://" + s.host}, upgraded},
			{"http elsewhere", good, []string{"Host", "example.com", "Origin", "http://example.com"}, httpOrigin},
			{"https elsewhere", good, []string{"Host", "example.com", "Origin", "https://example.com"}, upgraded},
			{"foreign", good, []string{"Origin", foreign}, crossOrigin},
			{"foreign, with the value", good, []string{"Origin", foreign, "X-CSRF-Token", value}, crossOrigin},
			{"foreign, bad token", "x", []string{"Origin", foreign}, crossOrigin},
			{"foreign by the word", good, []string{"Origin", own, "Sec-Fetch-Site", "same-site"}, crossOrigin},
			{"own suffix", good, []string{"Origin", own + "0"}, crossOrigin},
			{"null", good, []string{"Origin", "null"}, crossOrigin},
			{"null, with the value", good, []string{"Origin", "null", "X-CSRF-Token", value}, crossOrigin},
			{"null by the word the same", good, []string{"Origin", "null", "Sec-Fetch-Site", "same-origin"}, crossOrigin},
			{"null by the word, with the value", good, []string{"Origin", "null", "Sec-Fetch-Site", "same-origin", "X-CSRF-Token", value}, upgraded},
			{"the word alone", good, []string{"Sec-Fetch-Site", "same-origin"}, csrfMissing},
			{"foreign, by the word the same", good, []string{"Origin", foreign, "Sec-Fetch-Site", "same-origin"}, crossOrigin},
			{"no origin", good, nil, csrfMissing},
			{"no origin, bad token", "x", nil, csrfMissing},
			{"empty origin", good, []string{"Origin", ""}, csrfMissing},
			{"no origin, empty host", good, []string{"Host", ""}, csrfMissing},
			{"empty host, and none in the origin", good, []string{"Host", "", "Origin", "https://"}, crossOrigin},
			{"no origin, empty value", good, []string{"X-CSRF-Token", ""}, csrfMissing},
			{"no origin, wrong value", good, []string{"X-CSRF-Token", "x"}, csrfMismatch},
			{"no origin, value", good, []string{"X-CSRF-Token", value}, upgraded},
			{"no origin, blanks around the value", good, []string{"X-CSRF-Token", "  " + value + "\t"}, upgraded},
			{"no origin, no claim", signedClaims(t, claims(nil)), []string{"X-CSRF-Token", value}, csrfNoClaim},
			{"own origin, no claim", signedClaims(t, claims(nil)), []string{"Origin", own}, upgraded},
			{"capitals", good, []string{"Upgrade", "WebSocket"}, csrfMissing},
			{"capitals, foreign", good, []string{"Upgrade", "WEBSOCKET", "Origin", foreign}, crossOrigin},
			{"capitals, own", good, []string{"Upgrade", "WebSocket", "Origin", own}, upgraded},
			{"list", good, []string{"Upgrade", "foo, websocket", "Origin", foreign}, crossOrigin},
			{"list, no blank", good, []string{"Upgrade", "foo,websocket,bar"}, csrfMissing},
			{"list, own", good, []string{"Upgrade", "foo, websocket", "Origin", own}, upgraded},
			{"second field", good, []string{"Upgrade", "h2c", "Upgrade", "websocket", "Origin", foreign}, crossOrigin},
			{"version", good, []string{"Upgrade", "websocket/13", "Origin", foreign}, crossOrigin},
			{"another protocol is a GET", good, []string{"Upgrade", "h2c", "Origin", foreign}, upgraded},
		} {
			t.Run(name+" "+row.name, func(t *testing.T) {
				fields := append([]string{"Cookie", "access_token_cookie=" + row.token}, row.fields...)
				if row.want != upgraded {
					s.refusesUpgrade(t, row.want, "/", fields...)
				} else {
					s.upgrades(t, "alice", "/", fields...)
				}
			})
		}
	}
}

func TestWebSocket_Settings(t *testing.T) {
	both := func(s *authjwt.Settings) { s.TokenLocation = []authjwt.Location{authjwt.Headers, authjwt.Cookies} }
	listed := func(s *authjwt.Settings) { s.CSRFMethods = []string{"POST"} }
	getListed := func(s *authjwt.Settings) { s.CSRFMethods = []string{"GET"} }
	own, foreign, null := []string{"Origin", "https://{host}"}, []string{"Origin", "https://a.example"}, []string{"Origin", "null"}
	for _, row := range []struct {
		name   string
		guard  guardian
		edit   func(s *authjwt.Settings)
		target string
		fields []string
		want   outcome
	}{
		{"value in the query", byQuery, inCookies, "/?csrf_token={csrf}", nil, upgraded},
		{"wrong value in the query", byQuery, inCookies, "/?csrf_token=x", nil, csrfMismatch},
		{"no value in the query", byQuery, inCookies, "/?csrf_token=", nil, csrfMissing},
		{"value in the query, foreign", byQuery, inCookies, "/?csrf_token={csrf}", foreign, crossOrigin},
		{"the query is not read unasked", required, inCookies, "/?csrf_token={csrf}", nil, csrfMissing},
		{"CSRFMethods name no upgrade", required, listed, "/", nil, csrfMissing},
		{"CSRFMethods, foreign", required, listed, "/", foreign, crossOrigin},
		{"CSRFMethods, own", required, listed, "/", own, upgraded},
		{"CSRFMethods name GET", required, getListed, "/", own, csrfMissing},
		{"CSRFMethods name GET, value", byQuery, getListed, "/?csrf_token={csrf}", own, upgraded},
		{"no double submit", required, noDoubleSubmit, "/", nil, upgraded},
		{"no double submit, own", required, noDoubleSubmit, "/", own, upgraded},
		{"no double submit, foreign", required, noDoubleSubmit, "/", foreign, crossOrigin},
		{"no double submit, null", required, noDoubleSubmit, "/", null, crossOrigin},
		{"bearer", required, both, "/", []string{"Authorization", "Bearer {token}"}, upgraded},
		{"bearer, foreign", required, both, "/", append([]string{"Authorization", "Bearer {token}"}, foreign...), upgraded},
		{"no bearer", required, both, "/", []string{"Authorization", "Basic {token}"}, csrfMissing},
		{"no bearer, foreign", required, both, "/", append([]string{"Authorization", "Basic {token}"}, foreign...), crossOrigin},
		{"FastAPI, own", required, fastAPI, "/", own, csrfMissing},
		{"FastAPI, own, no value in the query", byQuery, fastAPI, "/?csrf_token=", own, csrfMissing},
		{"FastAPI, own, wrong value in the query", byQuery, fastAPI, "/?csrf_token=x", own, csrfMismatch},
		{"FastAPI, own, value in the query", byQuery, fastAPI, "/?csrf_token={csrf}", own, upgraded},
		{"FastAPI, value in the query", byQuery, fastAPI, "/?csrf_token={csrf}", nil, upgraded},
		{"FastAPI, value in a header", byQuery, fastAPI, "/?csrf_token=", []string{"X-CSRF-Token", "{csrf}"}, csrfMissing},
		{"value in a header", byQuery, func(*authjwt.Settings) {}, "/?csrf_token=", []string{"X-CSRF-Token", "{csrf}"}, upgraded},
		{"FastAPI, foreign, value in the query", byQuery, fastAPI, "/?csrf_token={csrf}", foreign, crossOrigin},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := newSocketJudge(t, row.guard, inCookies, row.edit)
			token, value := newPair(t, s.m)
			fill := strings.NewReplacer("{host}", s.host, "{token}", token, "{csrf}", value)
			fields := []string{"Cookie", "access_token_cookie=" + token}
			for _, field := range row.fields {
				fields = append(fields, fill.Replace(field))
			}
			switch target := fill.Replace(row.target); {
			case row.want == upgraded:
				s.upgrades(t, "alice", target, fields...)
			case strings.HasPrefix(row.name, "FastAPI"):
				status, detail := row.want.inFastAPI()
				s.assertFastAPI(t, s.dial(t, target, fields...), status, detail)
				assert.ErrorIs(t, s.left, authjwt.ErrCSRF)
			default:
				s.refusesUpgrade(t, row.want, target, fields...)
				assert.ErrorIs(t, s.left, authjwt.ErrCSRF)
			}
		})
	}
}

// A handler that forgets to look at the guard's verdict cannot take the connection over.
func TestWebSocket_RefusalIsSealed(t *testing.T) {
	m := newManager(t, inCookies)
	var hijack error
	j := &judge{m: m, guarded: &guarded{Engine: gin.New()}}
	j.GET("/", j.keepError, func(c *gin.Context) {
		_ = m.Bind(c).JWTRequired()
		hijack = upgrade(c)
	})
	server := httptest.NewServer(j)
	t.Cleanup(server.Close)
	s := &socketJudge{j, server.Listener.Addr().String()}
	cookie := "access_token_cookie=" + mustCreate(t, m)
	s.refusesUpgrade(t, csrfMissing, "/", "Cookie", cookie)
	require.ErrorContains(t, hijack, "refused")
	s.upgrades(t, "alice", "/", "Cookie", cookie, "Origin", "https://"+s.host)
}
