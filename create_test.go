package authjwt_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

// parts decodes the header and the payload of a token, as text.
func parts(t *testing.T, token string) (header, payload string) {
	t.Helper()
	segments := strings.Split(token, ".")
	require.Len(t, segments, 3)
	for i, out := range []*string{&header, &payload} {
		text, err := base64.RawURLEncoding.DecodeString(segments[i])
		require.NoError(t, err)
		*out = string(text)
	}
	return header, payload
}

var uuid4 = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`)

func TestCreate_WireForm(t *testing.T) {
	now := fmt.Sprint(testNow.Unix())
	after := func(d time.Duration) string { return fmt.Sprint(testNow.Add(d).Unix()) }
	dates := `"iat":` + now + `,"nbf":` + now + `,"jti":"UUID4","exp":`
	all := newManager(t, func(s *authjwt.Settings) {
		s.KeyID, s.EncodeIssuer, s.EncodeAudience = "k1", "https://issuer.example", []string{"api"}
		s.DecodeAlgorithms = []string{"HS256", "HS512"}
	})
	none := newManager(t, func(s *authjwt.Settings) { s.AccessTokenExpires = authjwt.NoExpiry })

	for name, try := range map[string]struct {
		create          func(string, ...authjwt.TokenOption) (string, error)
		opts            []authjwt.TokenOption
		header, payload string
	}{
		"access": {newManager(t).CreateAccessToken, nil,
			`{"typ":"JWT","alg":"HS256"}`, `{"sub":"alice",` + dates + after(15*time.Minute) + `,"type":"access","fresh":false}`},
		"refresh": {newManager(t).CreateRefreshToken, nil,
			`{"typ":"JWT","alg":"HS256"}`, `{"sub":"alice",` + dates + after(720*time.Hour) + `,"type":"refresh"}`},
		"refresh is never fresh": {newManager(t).CreateRefreshToken, []authjwt.TokenOption{authjwt.WithFresh()},
			`{"typ":"JWT","alg":"HS256"}`, `{"sub":"alice",` + dates + after(720*time.Hour) + `,"type":"refresh"}`},
		"issuer, audience, kid": {all.CreateAccessToken, []authjwt.TokenOption{authjwt.WithFresh()},
			`{"typ":"JWT","alg":"HS256","kid":"k1"}`,
			`{"sub":"alice",` + dates + after(15*time.Minute) + `,"type":"access","fresh":true,"iss":"https://issuer.example","aud":"api"}`},
		"on refresh tokens, too": {all.CreateRefreshToken, nil, `{"typ":"JWT","alg":"HS256","kid":"k1"}`,
			`{"sub":"alice",` + dates + after(720*time.Hour) + `,"type":"refresh","iss":"https://issuer.example","aud":"api"}`},
		"every option": {all.CreateAccessToken, []authjwt.TokenOption{
			authjwt.WithExpires(time.Hour), authjwt.WithAudience("a", "b"), authjwt.WithAlgorithm("HS512"),
			authjwt.WithHeaders(map[string]any{"typ": "at+jwt", "x": 1}),
			authjwt.WithClaims(map[string]any{"n": 1, "m": []string{"<>"}}), authjwt.WithClaims(struct {
				Role string `json:"role"`
			}{"admin"}),
		}, `{"typ":"at+jwt","alg":"HS512","kid":"k1","x":1}`,
			`{"sub":"alice",` + dates + after(time.Hour) + `,"type":"access","fresh":false,"iss":"https://issuer.example","aud":["a","b"],"m":["<>"],"n":1,"role":"admin"}`},
		"no expiry": {none.CreateAccessToken, nil, `{"typ":"JWT","alg":"HS256"}`,
			`{"sub":"alice","iat":` + now + `,"nbf":` + now + `,"jti":"UUID4","type":"access","fresh":false}`},
		"no claims": {newManager(t).CreateRefreshToken, []authjwt.TokenOption{
			authjwt.WithClaims(nil), authjwt.WithClaims(map[string]any{}), authjwt.WithClaims((*struct{ X int })(nil)),
		}, `{"typ":"JWT","alg":"HS256"}`, `{"sub":"alice",` + dates + after(720*time.Hour) + `,"type":"refresh"}`},
	} {
		t.Run(name, func(t *testing.T) {
			token, err := try.create("alice", try.opts...)
			require.NoError(t, err)
			header, payload := parts(t, token)
			assert.Equal(t, try.header, header)
			assert.Equal(t, try.payload, uuid4.ReplaceAllString(payload, "UUID4"))
		})
	}
}

func TestCreate_SubjectsRoundTrip(t *testing.T) {
	auth := newManager(t)
	seen := map[string]bool{}
	for _, subject := range []string{"alice", "1", "12345678901234567890", `a"b\c`, "ü-漢-🙂", "line\nbreak", " ", "\u0000"} {
		token, err := auth.CreateAccessToken(subject)
		require.NoError(t, err)
		verified, err := auth.Verify(t.Context(), token, authjwt.Access)
		require.NoError(t, err)
		assert.Equal(t, subject, verified.Subject)
		assert.Regexp(t, "^"+uuid4.String()+"$", verified.ID)
		assert.False(t, seen[verified.ID], "ids never repeat")
		seen[verified.ID] = true
	}
}

func TestCreate_Mistakes(t *testing.T) {
	with := func(opts ...authjwt.TokenOption) []authjwt.TokenOption { return opts }
	header := func(name string, value any) []authjwt.TokenOption {
		return with(authjwt.WithHeaders(map[string]any{name: value}))
	}
	deep := any(1)
	for range 33 {
		deep = []any{deep}
	}
	keyed := newManager(t, func(s *authjwt.Settings) { s.KeyID = "k1" })
	past := newManager(t, func(s *authjwt.Settings) { s.Now = func() time.Time { return time.Unix(-1, 0) } })

	for name, try := range map[string]struct {
		m       *authjwt.Manager
		subject string
		opts    []authjwt.TokenOption
		want    string // empty: it is the accepted twin
	}{
		"empty subject":         {subject: "", want: "the subject is empty"},
		"subject not UTF-8":     {subject: "a\xff", want: "the subject is not UTF-8"},
		"half a second":         {subject: "a", opts: with(authjwt.WithExpires(time.Second - 1)), want: "below one second"},
		"a second":              {subject: "a", opts: with(authjwt.WithExpires(time.Second))},
		"no expiry":             {subject: "a", opts: with(authjwt.WithExpires(authjwt.NoExpiry)), want: "NoExpiry is accepted only where"},
		"no audience":           {subject: "a", opts: with(authjwt.WithAudience()), want: "name at least one audience"},
		"empty audience":        {subject: "a", opts: with(authjwt.WithAudience("x", "")), want: "no empty one"},
		"audience not UTF-8":    {subject: "a", opts: with(authjwt.WithAudience("\xff")), want: "WithAudience"},
		"unlisted algorithm":    {subject: "a", opts: with(authjwt.WithAlgorithm("HS512")), want: `no key for "HS512"`},
		"none":                  {subject: "a", opts: with(authjwt.WithAlgorithm("none")), want: `no key for "none"`},
		"claims not an object":  {subject: "a", opts: with(authjwt.WithClaims([]int{1})), want: "must be a map or struct"},
		"claims no JSON":        {subject: "a", opts: with(authjwt.WithClaims(map[string]any{"f": func() {}})), want: "WithClaims"},
		"claims not UTF-8":      {subject: "a", opts: with(authjwt.WithClaims(map[string]any{"s": "\xff"})), want: "WithClaims"},
		"claims too deep":       {subject: "a", opts: with(authjwt.WithClaims(map[string]any{"d": deep})), want: "nested at most 32 deep"},
		"claims twice":          {subject: "a", opts: with(authjwt.WithClaims(map[string]any{"x": 1}), authjwt.WithClaims(map[string]any{"x": 2})), want: "set the same claim"},
		"a number that is none": {subject: "a", opts: with(authjwt.WithClaims(map[string]any{"n": json.Number(`1,"role":"admin"`)})), want: "is no number"},
		"a number of an object": {subject: "a", opts: with(authjwt.WithClaims(map[string]any{"n": json.Number(`{"a":1}`)})), want: "is no number"},
		"claims apart":          {subject: "a", opts: with(authjwt.WithClaims(map[string]any{"x": 1}), authjwt.WithClaims(map[string]any{"X": 2}))},
		"over 8 KiB":            {subject: strings.Repeat("a", 6000), want: "more than 8192 are never accepted"},
		"alg":                   {subject: "a", opts: header("alg", "HS256"), want: `"alg" may not be set`},
		"ALG":                   {subject: "a", opts: header("ALG", "HS256"), want: `"ALG" may not be set`},
		"crit":                  {subject: "a", opts: header("crit", []string{"x"}), want: `"crit" may not be set`},
		"b64":                   {subject: "a", opts: header("b64", true), want: `"b64" may not be set`},
		"jwk":                   {subject: "a", opts: header("jwk", "x"), want: `"jwk" may not be set`},
		"jku":                   {subject: "a", opts: header("jku", "x"), want: `"jku" may not be set`},
		"x5u":                   {subject: "a", opts: header("x5u", "x"), want: `"x5u" may not be set`},
		"x5c":                   {subject: "a", opts: header("x5c", "x"), want: `"x5c" may not be set`},
		"zip":                   {subject: "a", opts: header("zip", "DEF"), want: "such a token would be refused"},
		"nested":                {subject: "a", opts: header("cty", "JWT"), want: "such a token would be refused"},
		"other content":         {subject: "a", opts: header("cty", "json")},
		"typ a number":          {subject: "a", opts: header("typ", 1), want: "such a token would be refused"},
		"kid a number":          {subject: "a", opts: header("kid", 1), want: "such a token would be refused"},
		"kid a decoded number":  {subject: "a", opts: header("kid", json.Number("1")), want: "such a token would be refused"},
		"header no JSON":        {subject: "a", opts: header("f", func() {}), want: "cannot be encoded"},
		"header too deep":       {subject: "a", opts: header("d", deep), want: "such a token would be refused"},
		"granted scope":         {subject: "a", opts: with(authjwt.WithGrantedScopes("read", "write"))},
		"scope of two words":    {subject: "a", opts: with(authjwt.WithGrantedScopes("read write")), want: `"read write" is no scope`},
		"scope granted twice":   {subject: "a", opts: with(authjwt.WithGrantedScopes("a"), authjwt.WithGrantedScopes("b")), want: "set the same claim"},
		"own kid":               {subject: "a", opts: header("kid", "k2")},
		"other kid":             {m: keyed, subject: "a", opts: header("kid", "k2"), want: `kid must stay "k1"`},
		"same kid":              {m: keyed, subject: "a", opts: header("kid", "k1")},
		"before 1970":           {m: past, subject: "a", want: "which no token can express"},
	} {
		t.Run(name, func(t *testing.T) {
			m := try.m
			if m == nil {
				m = newManager(t)
			}
			token, err := m.CreateAccessToken(try.subject, try.opts...)
			if try.want != "" {
				assert.ErrorContains(t, err, try.want)
				assert.Empty(t, token)
				return
			}
			require.NoError(t, err)
			_, err = m.Verify(t.Context(), token, authjwt.Access)
			assert.NoError(t, err, "what we make, we accept")
		})
	}

	_, err := newManager(t).CreateAccessToken("", authjwt.WithExpires(1), authjwt.WithAlgorithm("x"))
	for _, text := range []string{"create access token", "subject is empty", "below one second", `no key for "x"`} {
		assert.ErrorContains(t, err, text, "all mistakes at once")
	}
}

// golang-jwt and encoding/json read what we write.
func TestCreate_ReadByOthers(t *testing.T) {
	auth := newManager(t)
	token, err := auth.CreateAccessToken("alice", authjwt.WithClaims(map[string]any{"big": json.Number("12345678901234567890")}))
	require.NoError(t, err)
	parser := jwt.NewParser(jwt.WithStrictDecoding(), jwt.WithJSONNumber(), jwt.WithTimeFunc(func() time.Time { return testNow }))
	parsed, err := parser.Parse(token, func(*jwt.Token) (any, error) { return []byte(testSecret), nil })
	require.NoError(t, err)
	assert.Equal(t, json.Number("12345678901234567890"), parsed.Claims.(jwt.MapClaims)["big"])
}
