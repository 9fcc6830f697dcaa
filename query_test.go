package authjwt_test

import (
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

var (
	severalTokens  = outcome{400, "invalid_request", "Several tokens. Send one, in the header or in the query", "invalid_request"}
	severalInQuery = outcome{400, "invalid_request", "Several tokens in the query. Expected one", "invalid_request"}
	noParameter    = outcome{401, "missing_token", "Missing query parameter token", ""}
)

// locatedAt makes these the locations, in this order.
func locatedAt(locations ...authjwt.Location) func(s *authjwt.Settings) {
	return func(s *authjwt.Settings) { s.TokenLocation = locations }
}

// newQueryJudge takes tokens from the query, or from where edit says, with an access guard.
func newQueryJudge(tb testing.TB, edit ...func(s *authjwt.Settings)) *judge {
	tb.Helper()
	j := &judge{m: newManager(tb, append([]func(s *authjwt.Settings){locatedAt(authjwt.Query)}, edit...)...), want: authjwt.Access}
	j.guardBehind(tb, j.m.Required())
	return j
}

// guardBehind is guardWith where ErrorMiddleware comes before Gin's logger, which would log the token otherwise.
func (j *judge) guardBehind(tb testing.TB, handlers ...gin.HandlerFunc) {
	tb.Helper()
	g := &guarded{Engine: gin.New()}
	g.Use(j.m.ErrorMiddleware(), gin.LoggerWithWriter(&g.log), gin.RecoveryWithWriter(&g.log))
	g.Use(func(c *gin.Context) {
		j.left = nil
		c.Next()
		if last := c.Errors.Last(); last != nil {
			j.left = last.Err
		}
	})
	g.Any("/", append(handlers, func(c *gin.Context) {
		g.ran = true
		c.String(http.StatusOK, "protected")
	})...)
	j.guarded = g
}

// asking is GET / with this query and these Authorization fields.
func asking(query string, authorization ...string) *http.Request {
	req := httptest.NewRequest(http.MethodGet, "/?"+query, nil)
	for _, value := range authorization {
		req.Header.Add("Authorization", value)
	}
	return req
}

// refusesQuery checks a refusal, and that it too keeps the token out of the URL, Referer fields and caches.
func (j *judge) refusesQuery(tb testing.TB, req *http.Request, want outcome, reasons ...error) {
	tb.Helper()
	rec := j.do(req)
	j.assertRefused(tb, rec, want)
	assert.NotContains(tb, j.log.String(), "eyJ")
	assertError(tb, j.left, want, reasons...)
	assertSecluded(tb, rec)
	assert.NotContains(tb, req.URL.String()+req.RequestURI, "eyJ")
}

// assertSecluded checks the fields that keep an address with a token, and its answer, where they are.
func assertSecluded(tb testing.TB, rec *httptest.ResponseRecorder) {
	tb.Helper()
	assert.Equal(tb, []string{"no-referrer"}, rec.Header().Values("Referrer-Policy"))
	assert.Equal(tb, []string{"no-store"}, rec.Header().Values("Cache-Control"))
}

func TestH07_QueryIsOffByDefault(t *testing.T) {
	token := mustCreate(t, newManager(t))
	for _, row := range []struct {
		name string
		edit []func(s *authjwt.Settings)
		want outcome
	}{
		{"default", nil, noCred},
		{"a name alone", []func(s *authjwt.Settings){func(s *authjwt.Settings) { s.QueryStringName = "token" }}, noCred},
		{"all others", []func(s *authjwt.Settings){locatedAt(authjwt.Headers, authjwt.Cookies, authjwt.JSON)}, noCookie},
	} {
		t.Run(row.name, func(t *testing.T) {
			j := newJudge(t, row.edit...)
			req := asking("a=1&token=" + token)
			rec := j.do(req)
			assert.False(t, j.ran)
			assertAnswer(t, rec, row.want)
			assertError(t, j.left, row.want, authjwt.ErrMissingToken)
			assert.Equal(t, "a=1&token="+token, req.URL.RawQuery, "what is no credential stays in the URL")
			assert.Empty(t, rec.Header().Values("Referrer-Policy"))

			on := newQueryJudge(t)
			on.assertAccepted(t, on.do(asking("a=1&token="+token)))
		})
	}
}

func TestH07_RepeatedAndBadParameters(t *testing.T) {
	j := newQueryJudge(t, banMallory)
	good, other := mustCreate(t, j.m), mustCreate(t, j.m)
	revoked := inv("token_revoked", "Token has been revoked")
	for _, row := range []struct {
		name, query string
		want        outcome
		reason      error
		twin        string
	}{
		{"equal", "token=" + good + "&token=" + good, severalInQuery, authjwt.ErrInvalidRequest, "token=" + good + "&tokem=x"},
		{"two good ones", "token=" + good + "&token=" + other, severalInQuery, authjwt.ErrInvalidRequest, "token=" + other},
		{"far apart", "token=" + good + "&a=1&b=2&token=" + other, severalInQuery, authjwt.ErrInvalidRequest, "a=1&b=2&token=" + other},
		{"good, bad", "token=" + good + "&token=bad", severalInQuery, authjwt.ErrInvalidRequest, "token=" + good + "&Token=bad"},
		{"good, empty", "token=" + good + "&token=", severalInQuery, authjwt.ErrInvalidRequest, "token=" + good + "&token1="},
		{"empty, good", "token=&token=" + good, severalInQuery, authjwt.ErrInvalidRequest, "oken=&token=" + good},
		{"good, without value", "token=" + good + "&token", severalInQuery, authjwt.ErrInvalidRequest, "token=" + good + "&toke"},
		{"another spelling", "token=" + good + "&%74oken=" + other, severalInQuery, authjwt.ErrInvalidRequest, "token=" + good + "&%75oken=x"},
		{"another spelling first", "%74%6F%6b%65n=" + good + "&token=" + other, severalInQuery, authjwt.ErrInvalidRequest, "%74%6F%6b%65n=" + good},
		{"three", "token=" + good + "&token=" + good + "&token=" + good, severalInQuery, authjwt.ErrInvalidRequest, "token=" + good},
		{"garbage", "token=bad", isSegments.outcome, authjwt.ErrJWTDecode, "token=" + good},
		{"with the scheme", "token=Bearer%20" + good, isHeaderText.outcome, authjwt.ErrJWTDecode, "token=" + good},
		{"broken escape", "token=%zz" + good, isHeaderText.outcome, authjwt.ErrJWTDecode, "token=" + good},
		{"escaped blank", "token=" + good + "+", isSigText.outcome, authjwt.ErrJWTDecode, "token=" + strings.Replace(good, ".", "%2E", 1)},
		{"expired", "token=" + signedClaims(t, claims(map[string]any{"exp": testNow.Unix()})), expired, authjwt.ErrJWTDecode, "token=" + signedClaims(t, claims(nil))},
		{"revoked", "token=" + signedClaims(t, claims(map[string]any{"sub": "mallory"})), revoked, authjwt.ErrRevokedToken, "token=" + signedClaims(t, claims(nil))},
	} {
		t.Run(row.name, func(t *testing.T) {
			for _, guardian := range []gin.HandlerFunc{j.m.Required(), j.m.Optional()} {
				j.guardBehind(t, guardian)
				j.refusesQuery(t, asking(row.query), row.want, row.reason)
				j.assertAccepted(t, j.do(asking(row.twin)))
			}
		})
	}
}

func TestH07_NoParameter(t *testing.T) {
	j := newQueryJudge(t)
	good := mustCreate(t, j.m)
	for _, query := range []string{"", "token=", "token", "&token&", "token=&a=1", "TOKEN=x", "token[]=x", "token%=x", "to%6ken=x", "+token=x", "a=token=x", ";token=x"} {
		j.guardBehind(t, j.m.Required())
		j.assertRefused(t, j.do(asking(query)), noParameter)
		assertError(t, j.left, noParameter, authjwt.ErrMissingToken)
		j.assertAccepted(t, j.do(asking("a=1&token="+good)))
		j.guardBehind(t, j.m.Optional(), func(c *gin.Context) { assert.Nil(t, authjwt.FromContext(c).Token()) })
		j.assertAccepted(t, j.do(asking(query)))
	}
}

func TestH08_TheTokenIsCutOut(t *testing.T) {
	j := newQueryJudge(t)
	good := mustCreate(t, j.m)
	for _, row := range []struct{ query, rest string }{
		{"token=T", ""},
		{"a=1&token=T", "a=1"},
		{"token=T&a=1", "a=1"},
		{"a=1&token=T&b=2", "a=1&b=2"},
		{"b=2&a=1&b=3&token=T&a=%20+%2B%2b&c&=&d=", "b=2&a=1&b=3&a=%20+%2B%2b&c&=&d="},
		{"a=1&%74oken=T", "a=1"},
		{"%74%6F%6b%65%6E=T&a=1", "a=1"},
		{"a=%zz&token=T&%zz=1", "a=%zz&%zz=1"},
		{"a;b=1&token=T&c=1;d", "a;b=1&c=1;d"},
		{"&&a=1&&token=T&&b=2", "&&a=1&&&b=2"},
		{"xtoken=1&token=T&tokens=2&TOKEN=3&token[]=4", "xtoken=1&tokens=2&TOKEN=3&token[]=4"},
		{"next=%2F%3Ftoken%3Dx&token=T", "next=%2F%3Ftoken%3Dx"},
		{"next=/?token=x&token=T", "next=/?token=x"},
		{"a=\xff\x01&token=T&b=é", "a=\xff\x01&b=é"},
	} {
		t.Run(row.query, func(t *testing.T) {
			for _, origin := range []string{"", "http://example.com"} { // as a proxy is asked
				j.guardBehind(t, j.m.Required(), func(c *gin.Context) {
					assert.Equal(t, row.rest, c.Request.URL.RawQuery)
					assert.Equal(t, strings.TrimSuffix(origin+"/?"+row.rest, "?"), c.Request.RequestURI)
					value, ok := c.GetQuery("token")
					assert.False(t, ok, value)
					assert.Empty(t, c.Request.FormValue("token"))
					assert.Equal(t, authjwt.Query, authjwt.FromContext(c).Token().Location)
				})
				req := asking("")
				req.URL.RawQuery = strings.ReplaceAll(row.query, "T", good)
				if strings.Contains(row.query, "TOKEN") {
					req.URL.RawQuery = strings.Replace(row.query, "=T", "="+good, 1)
				}
				req.RequestURI = origin + "/?" + req.URL.RawQuery
				rec := j.do(req)
				j.assertAccepted(t, rec)
				assertSecluded(t, rec)
				assert.NotContains(t, j.log.String(), "eyJ")
			}
		})
	}
	j.guardBehind(t, j.m.Optional())
	rec := j.do(asking("a=1"))
	j.assertAccepted(t, rec)
	assert.Empty(t, rec.Header().Values("Referrer-Policy"), "there was no token")
	assert.Empty(t, rec.Header().Values("Cache-Control"))
}

func TestH08_FormParsedBefore(t *testing.T) {
	j := newQueryJudge(t)
	good := mustCreate(t, j.m)
	const boundary = "--b\r\nContent-Disposition: form-data; name=\"token\"\r\n\r\nposted\r\n--b--\r\n"
	for _, row := range []struct {
		name, method, contentType, body string
		want                            []string
	}{
		{"GET", http.MethodGet, "", "", nil},
		{"form without it", http.MethodPost, "application/x-www-form-urlencoded", "c=3", nil},
		{"form", http.MethodPost, "application/x-www-form-urlencoded", "token=posted&c=3", []string{"posted"}},
		{"multipart", http.MethodPost, "multipart/form-data; boundary=b", boundary, []string{"posted"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := gin.New()
			r.Any("/", func(c *gin.Context) {
				_ = c.Request.ParseMultipartForm(1 << 20) // and the form
				require.Contains(t, c.Request.Form["token"], good)
			}, j.m.Required(), func(c *gin.Context) {
				assert.Equal(t, row.want, c.Request.Form["token"])
				assert.Equal(t, row.want, c.Request.PostForm["token"])
				assert.Equal(t, []string{"1"}, c.Request.Form["a"])
			})
			req := httptest.NewRequest(row.method, "/?a=1&token="+good, strings.NewReader(row.body))
			req.Header.Set("Content-Type", row.contentType)
			rec := httptest.NewRecorder()
			r.ServeHTTP(rec, req)
			assert.Equal(t, http.StatusOK, rec.Code)
		})
	}
}

// Gin keeps the query it has parsed, so that one look at another parameter would keep the token.
func TestH08_QueryParsedBefore(t *testing.T) {
	j := newQueryJudge(t)
	before := func(c *gin.Context) {
		assert.Equal(t, "en", c.Query("lang"))
		assert.Nil(t, j.m.Bind(c.Copy()).Token()) // takes no token from the request that goes on
	}
	g := guard(t, before, j.m.Required(), func(c *gin.Context) {
		assert.Equal(t, "en", c.Query("lang"))
		assert.Empty(t, c.Query("token"))
		assert.Empty(t, strings.Join(c.QueryArray("token"), ""))
	})
	g.assertAccepted(t, g.do(asking("lang=en&token="+mustCreate(t, j.m))))
}

func TestH08_Loggers(t *testing.T) {
	m := newManager(t, locatedAt(authjwt.Query))
	good := mustCreate(t, m)
	var log strings.Builder
	logger := gin.LoggerWithWriter(&log)
	careful := gin.LoggerWithConfig(gin.LoggerConfig{Output: &log, SkipQueryString: true})
	for _, row := range []struct {
		name  string
		chain []gin.HandlerFunc
		leaks bool
		shows string
	}{
		{"after ErrorMiddleware", []gin.HandlerFunc{m.ErrorMiddleware(), logger, m.Required()}, false, `"/?a=1"`},
		{"after the guard", []gin.HandlerFunc{m.Required(), logger}, false, `"/?a=1"`},
		// Gin's logger reads the query before it runs the handlers. The documentation tells so.
		{"before ErrorMiddleware", []gin.HandlerFunc{logger, m.ErrorMiddleware(), m.Required()}, true, `"/?a=1&token=`},
		{"before the guard", []gin.HandlerFunc{logger, m.Required()}, true, `"/?a=1&token=`},
		{"before it, without the query", []gin.HandlerFunc{careful, m.ErrorMiddleware(), m.Required()}, false, `"/"`},
	} {
		t.Run(row.name, func(t *testing.T) {
			for query, status := range map[string]int{"a=1&token=" + good: 200, "a=1&token=" + good + "x": 401, "a=1&%74oken=" + good + "&token=" + good: 400} {
				log.Reset()
				r, rec := gin.New(), httptest.NewRecorder()
				r.Use(row.chain...)
				r.GET("/", func(*gin.Context) {})
				r.ServeHTTP(rec, asking(query))
				require.Equal(t, status, rec.Code)
				if row.name != "after the guard" || status == 200 { // an aborted chain ends before the logger
					assert.Contains(t, strings.Replace(log.String(), "%74oken", "token", 1), row.shows)
				}
				assert.Equal(t, row.leaks, strings.Contains(log.String(), "eyJ"), log.String())
			}
		})
	}
}

func TestH08_SeveralManagersAndCopies(t *testing.T) {
	j := newQueryJudge(t)
	none, named := newManager(t), newManager(t, locatedAt(authjwt.Query), func(s *authjwt.Settings) { s.QueryStringName = "admin" })
	other := newManager(t, locatedAt(authjwt.Query), func(s *authjwt.Settings) { s.SecretKey = testSecret + "other" })
	good := mustCreate(t, j.m)
	foreign := "token=" + mustCreate(t, other)
	onCopy := func(c *gin.Context) { // as timeout middlewares do
		cp := new(gin.Context)
		reflect.ValueOf(cp).Elem().Set(reflect.ValueOf(c).Elem()) // cp := *c, which vet objects to
		c.Abort()
		cp.Next()
		c.Errors = cp.Errors
	}
	noTrace := func(c *gin.Context) {
		for _, one := range []*gin.Context{c, c.Copy()} {
			assert.Equal(t, "a=1", one.Request.URL.RawQuery)
			assert.Equal(t, "/?a=1", one.Request.RequestURI)
			assert.Empty(t, one.Query("token"))
		}
		assert.Equal(t, "alice", j.m.Bind(c.Copy()).Subject())
	}
	binds := []gin.HandlerFunc{other.ErrorMiddleware(), none.ErrorMiddleware(), named.ErrorMiddleware()}
	for name, chain := range map[string][]gin.HandlerFunc{
		"bound after others":      append(binds[:3:3], j.m.Required(), noTrace),
		"guarded twice":           {j.m.Required(), j.m.Required(), noTrace},
		"live copy":               {onCopy, j.m.Required(), noTrace},
		"live copy, after others": append(binds[:3:3], onCopy, j.m.Required(), noTrace),
		"live copy of a copy":     {onCopy, j.m.Optional(), onCopy, j.m.Required(), noTrace},
		"gin's copy came first":   {func(c *gin.Context) { assert.Error(t, j.m.Bind(c.Copy()).JWTRequired()) }, j.m.Required(), noTrace},
	} {
		t.Run(name, func(t *testing.T) {
			j.guardBehind(t, chain...)
			j.assertAccepted(t, j.do(asking("a=1&token="+good)))
			assert.NotContains(t, j.log.String(), "eyJ")
			j.refusesQuery(t, asking("a=1&"+foreign), badSignature, authjwt.ErrJWTDecode)
			j.refusesQuery(t, asking("a=1&token="+good+"&token="+good), severalInQuery, authjwt.ErrInvalidRequest)
			rec := j.do(asking("a=1"))
			assert.Equal(t, http.StatusUnauthorized, rec.Code)
		})
	}

	noAdmin := outcome{401, "missing_token", "Missing query parameter admin", ""}
	for _, row := range []struct {
		guardian    gin.HandlerFunc
		twin, query string
		want        outcome
		reason      error
	}{
		{other.Required(), foreign, "token=" + good, badSignature, authjwt.ErrJWTDecode},
		{named.Required(), "admin=" + good + "&token=bad", "token=" + good, noAdmin, authjwt.ErrMissingToken},
	} {
		j.guardBehind(t, binds[1], binds[2], row.guardian)
		j.assertAccepted(t, j.do(asking(row.twin)))
		j.refusesQuery(t, asking(row.query), row.want, row.reason)
	}
	j.guardBehind(t, named.Required(), other.Required()) // what one takes is no token of a Manager with another name
	assertAnswer(t, j.do(asking("admin="+good)), noParameter)
	assertError(t, j.left, noParameter, authjwt.ErrMissingToken)
	j.assertAccepted(t, j.do(asking("admin="+good+"&"+foreign)))
}
