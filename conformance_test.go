package authjwt_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The recordings in testdata/conformance are what fastapi-jwt-auth 0.5.0 answered; its README.md gives their format.
type (
	recording struct {
		Scenarios []*scenario
		Configs   []settingsCase
	}
	scenario struct {
		Name           string
		Settings       map[string]any
		Tokens         map[string]struct{ Compact string }
		RevokedJTIs    []string `json:"revoked_jtis"`
		DenylistLoader *bool    `json:"denylist_loader"`
		AlignSecond    bool     `json:"align_second"`
		Steps          []recordedStep
		file           string
	}
	recordedStep struct {
		Step               int
		Quirk              string
		Misuse             bool
		Request, WebSocket *recordedRequest
		Sign               *struct {
			As, Alg, Key string
			Claims       map[string]any
		}
		Sleep   float64
		Capture map[string]struct{ From, Key, Name string }
		Expect  recordedAnswer
	}
	recordedRequest struct {
		Method, Path string
		Headers      map[string]any
		Cookies      json.RawMessage // in their order
		JSON         json.RawMessage
	}
	recordedAnswer struct {
		Status      int
		ContentType string `json:"content_type"`
		Body        any
		SetCookies  []recordedCookie `json:"set_cookies"`
		Challenge   any              `json:"www_authenticate"`
		Minted      map[string]recordedToken
		Handshake   int // of a websocket, as the following
		Messages    []map[string]any
	}
	recordedToken struct {
		Header, Claims map[string]any
		Relations      []struct {
			Minus  [2]string
			Equals int64
		}
	}
	recordedCookie struct {
		Name       string
		ValueKind  string `json:"value_kind"`
		Value      string
		Token      string
		Attributes map[string]any
	}
)

func recordings(t *testing.T) (all []*scenario, configs []settingsCase) {
	t.Helper()
	files, err := filepath.Glob("testdata/conformance/*.json")
	require.NoError(t, err)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		var r recording
		mustDecode(t, string(text), &r)
		for _, s := range r.Scenarios {
			s.file = strings.TrimSuffix(filepath.Base(file), ".json")
			all = append(all, s)
		}
		configs = append(configs, r.Configs...)
	}
	return all, configs
}

// A player plays one scenario against the observed application, behind a real listener.
type player struct {
	*scenario
	now    time.Time
	app    *observedApp
	server *httptest.Server
	vars   map[string]string // what {{name}} stands for
	labels map[string]string // tokens by the labels of the recording
	ids    map[string]bool   // jti and csrf values that were seen
}

func newPlayer(t *testing.T, s *scenario) (*player, error) {
	t.Helper()
	p := &player{
		scenario: s, now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC),
		vars: map[string]string{}, labels: map[string]string{}, ids: map[string]bool{},
	}
	if !s.AlignSecond {
		p.now = p.now.Add(400 * time.Millisecond)
	}
	for name, token := range s.Tokens {
		p.vars[name] = token.Compact
	}
	var err error
	if p.app, err = newObservedApp(s, func() time.Time { return p.now }); err != nil {
		return nil, err
	}
	p.server = httptest.NewServer(p.app)
	t.Cleanup(p.server.Close)
	return p, nil
}

// played is what the application answered.
type played struct {
	status      int
	contentType string
	header      http.Header
	body        any    // decoded, if it is JSON
	text        string // of the body
	cookies     []*http.Cookie
}

func (p *player) play(t *testing.T, step *recordedStep) *played {
	t.Helper()
	switch {
	case step.Sign != nil:
		p.sign(t, step)
	case step.Request != nil:
		return p.send(t, step.Request, false)
	case step.WebSocket != nil:
		return p.send(t, step.WebSocket, true)
	default:
		p.now = p.now.Add(time.Duration(step.Sleep * float64(time.Second)))
	}
	return nil
}

func (p *player) sign(t *testing.T, step *recordedStep) {
	t.Helper()
	claims := jwt.MapClaims{}
	for name, value := range step.Sign.Claims {
		if object, ok := value.(map[string]any); ok && object["$now"] != nil {
			offset, err := object["$now"].(json.Number).Int64()
			require.NoError(t, err)
			value = p.now.Unix() + offset
		}
		claims[name] = value
	}
	token, err := jwt.NewWithClaims(jwt.GetSigningMethod(step.Sign.Alg), claims).SignedString([]byte(step.Sign.Key))
	require.NoError(t, err)
	p.vars[step.Sign.As] = token
}

// fill puts what they stand for in the place of {{names}}.
func (p *player) fill(t *testing.T, text string) string {
	t.Helper()
	for name, value := range p.vars {
		text = strings.ReplaceAll(text, "{{"+name+"}}", value)
	}
	require.NotContains(t, text, "{{")
	return text
}

func (p *player) send(t *testing.T, r *recordedRequest, socket bool) *played {
	t.Helper()
	target, err := url.Parse(p.server.URL)
	require.NoError(t, err)
	path, query, _ := strings.Cut(p.fill(t, r.Path), "?")
	target.Path, target.RawQuery = path, query
	req := &http.Request{Method: r.Method, URL: target, Header: http.Header{}}
	if r.JSON != nil {
		body := p.fill(t, string(r.JSON))
		req.Body, req.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
		req.Header.Set("Content-Type", "application/json")
	}
	for name, value := range r.Headers {
		lines, ok := value.([]any)
		if !ok {
			lines = []any{value}
		}
		for _, line := range lines {
			req.Header.Add(name, latin1(p.fill(t, line.(string))))
		}
	}
	if pairs := p.pairs(t, r.Cookies); pairs != "" {
		req.Header.Set("Cookie", latin1(pairs))
	}
	if socket {
		req.Method = http.MethodGet
		for name, value := range map[string]string{
			"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
		} {
			req.Header.Set(name, value)
		}
	}
	res, err := http.DefaultTransport.RoundTrip(req)
	require.NoError(t, err)
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	got := &played{status: res.StatusCode, header: res.Header, text: string(text), cookies: res.Cookies()}
	got.contentType, _, _ = strings.Cut(res.Header.Get("Content-Type"), ";")
	if decodeExactly(bytes.NewReader(text), &got.body) != nil {
		got.body = got.text
	}
	return got
}

// pairs joins the cookies, whose order counts.
func (p *player) pairs(t *testing.T, cookies json.RawMessage) string {
	t.Helper()
	if cookies == nil {
		return ""
	}
	decoder := json.NewDecoder(bytes.NewReader(cookies))
	var pairs []string
	for name := ""; ; {
		token, err := decoder.Token()
		if err == io.EOF {
			return strings.Join(pairs, "; ")
		}
		require.NoError(t, err)
		text, ok := token.(string)
		switch {
		case !ok: // the braces
		case name == "":
			name = text
		default:
			pairs, name = append(pairs, name+"="+p.fill(t, text)), ""
		}
	}
}

// latin1 writes characters up to U+00FF as one octet each.
func latin1(text string) string {
	var octets []byte
	for _, ch := range text {
		octets = append(octets, byte(ch))
	}
	return string(octets)
}

// standIns are tokens that we would not make, for the steps that present them.
var standIns = map[string]func(t *testing.T, p *player) string{
	"lifetime per call 11": func(t *testing.T, p *player) string {
		return p.signed(t, "HS256", jwt.MapClaims{"sub": "1", "exp": p.now.Unix() - 5, "type": "access"})
	},
	"algorithm per call 1": func(t *testing.T, p *player) string {
		return p.signed(t, "HS384", jwt.MapClaims{"sub": "test", "exp": p.now.Unix() + 900, "type": "access"})
	},
}

func (p *player) signed(t *testing.T, alg string, claims jwt.MapClaims) string {
	t.Helper()
	token, err := jwt.NewWithClaims(jwt.GetSigningMethod(alg), claims).SignedString([]byte(p.Settings["authjwt_secret_key"].(string)))
	require.NoError(t, err)
	return token
}

// take keeps what later steps need.
func (p *player) take(t *testing.T, step *recordedStep, got *played) {
	t.Helper()
	for name, from := range step.Capture {
		if standIn := standIns[fmt.Sprint(p.Name, " ", step.Step)]; standIn != nil {
			p.vars[name] = standIn(t, p)
			continue
		}
		if body, ok := got.body.(map[string]any); ok && from.From == "body" {
			p.vars[name], _ = body[from.Key].(string)
		}
		for _, c := range got.cookies {
			if from.From == "cookie" && c.Name == from.Name {
				p.vars[name] = c.Value
			}
		}
	}
}

// TestConformance plays every recorded step. Each must come out as recorded, or as its ruling says.
func TestConformance(t *testing.T) {
	scenarios, _ := recordings(t)
	tally := newTally()
	for _, s := range scenarios {
		t.Run(s.file+"/"+s.Name, func(t *testing.T) {
			p, err := newPlayer(t, s)
			if err != nil {
				tally.refused(t, s, err)
				return
			}
			assert.NotContains(t, refusedSettings, s.file+": "+s.Name)
			for i := range s.Steps {
				step := &s.Steps[i]
				got := p.play(t, step)
				if got == nil {
					tally.exact++
					tally.unanswered++
					continue
				}
				tally.judge(t, p, step, got)
				p.take(t, step, got)
			}
		})
	}
	t.Log("\n" + tally.String())
	assert.Equal(t, 563, tally.sum())
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	assert.Contains(t, string(readme), fmt.Sprintf("%d recorded steps", tally.sum()))
	assert.Empty(t, tally.unused(), "rulings about no step")
	assert.Empty(t, tally.left)
}
