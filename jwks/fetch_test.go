package jwks_test

import (
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt/jwks"
)

func TestK04_URL(t *testing.T) {
	const plain, host, credentials, fragment = "use https", "name a host", "leave out user", "leave out the fragment"
	refused := map[string][]string{
		"":                                  {plain, host},
		"issuer.example/jwks.json":          {plain, host},
		"//issuer.example/jwks.json":        {plain},
		"http://issuer.example/jwks.json":   {plain},
		"http://127.0.0.1.example/":         {plain},
		"http://localhost.example/":         {plain},
		"http://128.0.0.1/":                 {plain},
		"http://[::2]/":                     {plain},
		"http://0.0.0.0/":                   {plain},
		"http://10.0.0.1/":                  {plain},
		"http://127.1/":                     {plain},
		"file:///etc/jwks.json":             {plain, host},
		"ftp://localhost/jwks.json":         {plain},
		"https:///jwks.json":                {host},
		"https://:443/jwks.json":            {host},
		"https://me:pw@issuer.example/":     {credentials},
		"https://me@issuer.example/":        {credentials},
		"http://me:pw@issuer.example/#keys": {plain, credentials, fragment},
		"https://issuer.example/#keys":      {fragment},
		"https://issuer.example/%zz":        {"write it as in https://"},
		"https://issuer.example:x/":         {`invalid port ":x" after host; write it as in https://`},
		"https://me:pw@issuer.example:x/":   {"it cannot be read; write it as in https://"},
		"https://me:pw/@issuer.example/":    {"it cannot be read; write it as in https://"},
		"https://me:pw@issuer.example/%zz":  {"it cannot be read; write it as in https://"},
	}
	for url, want := range refused {
		r, err := jwks.NewRemote(url)
		assert.Nil(t, r)
		for _, mistake := range want {
			assert.ErrorContains(t, err, "jwks: url: ", url)
			assert.ErrorContains(t, err, mistake, url)
		}
		assert.Len(t, strings.Split(err.Error(), "\n"), len(want), url)
		assert.NotContains(t, err.Error(), "pw")
	}
	for _, url := range []string{"https://issuer.example", "https://issuer.example/keys?appid=1", "HTTPS://10.0.0.1:8443/", "http://localhost:8080/jwks.json",
		"http://LocalHost/", "http://127.0.0.1/", "http://127.8.9.10:80/", "http://[::1]:8080/", "http://[::ffff:127.0.0.1]/"} {
		_, err := jwks.NewRemote(url)
		assert.NoError(t, err, url)
	}
}

func TestK04_OptionMistakes(t *testing.T) {
	_, err := jwks.NewRemote("http://issuer.example", jwks.WithHTTPClient(nil), jwks.WithClock(nil), jwks.WithTimeout(5), jwks.WithLifetime(60, 3600),
		jwks.WithMaxStale(3600), jwks.WithRSAAlgorithm("ES256"))
	for _, part := range []string{"url: use https", "WithHTTPClient: the client is nil; leave", "WithClock: the clock is nil; leave", "WithTimeout: 5ns is not within",
		"WithLifetime: 60ns and 3.6µs are not", "WithMaxStale: 3.6µs is neither", `WithRSAAlgorithm: "ES256" is none of ["RS256"`} {
		assert.ErrorContains(t, err, "jwks: "+part)
	}
	assert.Len(t, strings.Split(err.Error(), "\n"), 7)
	_, err = jwks.NewRemote("https://issuer.example", nil)
	assert.ErrorContains(t, err, "leave it out")

	const url = "https://issuer.example"
	for _, tt := range []struct{ bad, good jwks.Option }{
		{jwks.WithTimeout(0), jwks.WithTimeout(time.Millisecond)},
		{jwks.WithTimeout(time.Minute + 1), jwks.WithTimeout(time.Minute)},
		{jwks.WithLifetime(time.Second-1, time.Hour), jwks.WithLifetime(time.Second, time.Hour)},
		{jwks.WithLifetime(time.Hour+1, time.Hour), jwks.WithLifetime(time.Hour, time.Hour)},
		{jwks.WithLifetime(time.Hour, 24*time.Hour+1), jwks.WithLifetime(time.Hour, 24*time.Hour)},
		{jwks.WithMaxStale(-1), jwks.WithMaxStale(0)},
		{jwks.WithMaxStale(time.Second - 1), jwks.WithMaxStale(time.Second)},
		{jwks.WithMaxStale(7*24*time.Hour + 1), jwks.WithMaxStale(7 * 24 * time.Hour)},
		{jwks.WithRSAAlgorithm(""), jwks.WithRSAAlgorithm("PS512")},
		{jwks.WithRSAAlgorithm("EdDSA"), jwks.WithRSAAlgorithm("RS256")},
	} {
		_, err := jwks.NewRemote(url, tt.bad)
		assert.Error(t, err)
		_, err = jwks.NewRemote(url, tt.good)
		assert.NoError(t, err)
	}
}

// web is a transport that answers for any host.
type web map[string]func() *http.Response

func (w web) RoundTrip(request *http.Request) (*http.Response, error) {
	answer, found := w[request.URL.String()]
	if !found {
		return nil, errors.New("asked for " + request.URL.String())
	}
	return answer(), nil
}

func answer(status int, body string, fields ...string) func() *http.Response {
	return func() *http.Response {
		a := &http.Response{StatusCode: status, Status: http.StatusText(status), Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body))}
		for n := 0; n < len(fields); n += 2 {
			a.Header.Add(fields[n], fields[n+1])
		}
		return a
	}
}

func redirect(to string) func() *http.Response {
	return answer(http.StatusFound, "", "Location", to)
}

func TestK04_Redirects(t *testing.T) {
	good := answer(http.StatusOK, setOf(t, newJWK("P-256", "a")))
	pages := web{
		"https://a.example/":  good,
		"http://a.example/":   good,
		"http://127.0.0.1/":   good,
		"https://127.0.0.1/":  good,
		"https://p:w@b.test/": good,
	}
	chains := []struct {
		name string
		hops []string
		why  string // or "": it is followed
	}{
		{"none", []string{"https://a.example/"}, ""},
		{"https to https", []string{"https://b.example/", "https://a.example/"}, ""},
		{"https to http", []string{"https://b.example/", "http://a.example/"}, "use https"},
		{"https to http and back", []string{"https://b.example/", "http://c.example/", "https://a.example/"}, "use https"},
		{"http to http", []string{"http://127.0.0.1/1", "http://127.0.0.1/"}, ""},
		{"loopback to plain http elsewhere", []string{"http://127.0.0.1/1", "http://a.example/"}, "use https"},
		{"loopback to https elsewhere", []string{"http://127.0.0.1/1", "https://a.example/"}, ""},
		{"elsewhere to plain http on loopback", []string{"https://b.example/", "http://127.0.0.1/"}, "use https"},
		{"loopback, elsewhere and back", []string{"http://127.0.0.1/1", "https://b.example/", "http://127.0.0.1/"}, "use https"},
		{"elsewhere, https on loopback, and plain http there", []string{"https://b.example/", "https://127.0.0.1/1", "http://127.0.0.1/"}, "use https"},
		{"elsewhere to https on loopback", []string{"https://b.example/", "https://127.0.0.1/"}, ""},
		{"credentials", []string{"https://b.example/", "https://p:w@b.test/"}, "leave out user"},
		{"credentials before no host", []string{"https://b.example/", "https://p:w@b .test/"}, "cannot be read"},
		{"three", []string{"https://b.example/", "https://c.example/", "https://d.example/", "https://a.example/"}, ""},
		{"four", []string{"https://b.example/", "https://c.example/", "https://d.example/", "https://e.example/", "https://a.example/"}, "more than 3 redirects"},
		{"loop", []string{"https://b.example/", "https://b.example/"}, "more than 3 redirects"},
		{"file", []string{"https://b.example/", "file:///etc/passwd"}, "use https"},
		{"file of a host", []string{"https://b.example/", "file://a.example/jwks.json"}, "use https"},
		{"data", []string{"https://b.example/", "data:application/json,{}"}, "use https"},
		{"no host", []string{"https://b.example/", "https:///"}, "name a host"},
	}
	for _, tt := range chains {
		t.Run(tt.name, func(t *testing.T) {
			way, last, asked := web{}, tt.hops[len(tt.hops)-1], false
			for url, page := range pages {
				way[url] = page
			}
			for n := range len(tt.hops) - 1 {
				way[tt.hops[n]] = redirect(tt.hops[n+1])
			}
			target := way[last]
			way[last] = func() *http.Response { asked = true; return target() }
			everything := func(*http.Request, []*http.Request) error { return nil }
			client := &http.Client{Transport: way, CheckRedirect: everything}
			r, err := jwks.NewRemote(tt.hops[0], jwks.WithHTTPClient(client))
			require.NoError(t, err)
			if tt.why == "" {
				assert.True(t, has(t, r, "a"))
			} else {
				err := fails(t, r, "a")
				assert.ErrorContains(t, err, tt.why)
				assert.NotRegexp(t, `//p\b`, err.Error(), "neither name nor password")
			}
			assert.Equal(t, tt.why == "" || tt.name == "loop", asked, "the page behind the last redirect")
			assert.NoError(t, client.CheckRedirect(nil, nil), "the caller's client stays as it was")
		})
	}
}

func TestK04_Size(t *testing.T) {
	i := newIssuer(t, httptest.NewServer)
	document := setOf(t, newJWK("P-256", "a"))
	fill := func(size int) string { return document + strings.Repeat(" ", size-len(document)) }
	zipped := func(document io.Reader) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			assert.Equal(t, "gzip", r.Header.Get("Accept-Encoding"))
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			_, _ = io.Copy(z, document)
			_ = z.Close()
		}
	}
	i.publishes(fill(1<<20 + 1))
	assert.ErrorContains(t, fails(t, i.remote(t), "a"), "more than 1048576 octets")
	i.publishes(fill(1 << 20))
	assert.True(t, has(t, i.remote(t), "a"))

	i.answers(zipped(strings.NewReader(fill(1<<20 + 1))))
	assert.ErrorContains(t, fails(t, i.remote(t), "a"), "more than 1048576 octets")
	i.answers(zipped(strings.NewReader(fill(1 << 20))))
	assert.True(t, has(t, i.remote(t), "a"))

	bomb := &endless{}
	i.answers(zipped(bomb))
	assert.ErrorContains(t, fails(t, i.remote(t), "a"), "more than 1048576 octets")
}

// endless are blanks, a thousandth of that on the wire.
type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for n := range p {
		p[n] = ' '
	}
	return len(p), nil
}

func TestK06_RSAAlgorithm(t *testing.T) {
	i := newIssuer(t, httptest.NewServer)
	i.publishes(setOf(t, newJWK("RSA", "a"), newJWK("RSA", "b").with(jwk{"alg": "RS384"})))
	for _, alg := range kinds["RSA"] {
		r := i.remote(t, jwks.WithRSAAlgorithm(alg))
		for _, asked := range kinds["RSA"] {
			found, err := r.VerificationKey(t.Context(), "a", asked)
			assert.NoError(t, err)
			assert.Equal(t, asked == alg, found != nil, "%s asked for %s", alg, asked)
			found, _ = r.VerificationKey(t.Context(), "b", asked)
			assert.Equal(t, asked == "RS384", found != nil)
		}
	}
}
