package authjwt_test

import (
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

// discard is a response that costs nothing, so that what is measured is the route.
type discard struct{ header http.Header }

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) Write(p []byte) (int, error) { return len(p), nil }
func (d *discard) WriteHeader(int)             {}

// protectedGET is one GET with a bearer token to a route with the given handlers.
func protectedGET(tb testing.TB, token string, handlers ...gin.HandlerFunc) func() {
	req := httptest.NewRequest(http.MethodGet, "/", nil)
	req.Header.Set("Authorization", "Bearer "+token)
	return repeated(tb, req, handlers...)
}

// repeated sends req, each time with a new response.
func repeated(tb testing.TB, req *http.Request, handlers ...gin.HandlerFunc) func() {
	r := gin.New()
	r.Handle(req.Method, "/", handlers...)
	rec := httptest.NewRecorder()
	r.ServeHTTP(rec, req)
	require.Equal(tb, http.StatusOK, rec.Code)
	return func() { r.ServeHTTP(&discard{http.Header{}}, req) }
}

// contestants are the same GET on a bare route, on a protected route, and on a bare route that runs
// golang-jwt's ParseWithClaims into MapClaims by hand.
func contestants(tb testing.TB) (bare, ours, parse func()) {
	m, err := authjwt.New(authjwt.Settings{SecretKey: testSecret})
	require.NoError(tb, err)
	token, err := m.CreateAccessToken("alice")
	require.NoError(tb, err)
	answer := func(c *gin.Context) { c.String(http.StatusOK, "ok") }
	keyFunc := func(*jwt.Token) (any, error) { return []byte(testSecret), nil }

	bare = protectedGET(tb, token, answer)
	ours = protectedGET(tb, token, m.Required(), func(c *gin.Context) {
		if authjwt.FromContext(c).Subject() != "alice" {
			c.Status(http.StatusTeapot)
		}
		answer(c)
	})
	parse = protectedGET(tb, token, func(c *gin.Context) {
		if _, err := jwt.ParseWithClaims(c.GetHeader("Authorization")[len("Bearer "):], jwt.MapClaims{}, keyFunc); err != nil {
			c.Status(http.StatusTeapot)
		}
		answer(c)
	})
	return bare, ours, parse
}

// BenchmarkProtectedGET interleaves short runs of the contestants and reports medians of their paired
// ratios: a machine that slows down between runs does not favour one of them. Length and order of the
// runs vary, because collections of garbage, which come as regularly, would else fall upon the same one.
func BenchmarkProtectedGET(b *testing.B) {
	const pairs = 41
	bare, ours, parse := contestants(b)
	time1 := func(f func(), requests int) float64 {
		start := time.Now()
		for range requests {
			f()
		}
		return float64(time.Since(start).Nanoseconds()) / float64(requests)
	}
	var ratios, ns []float64
	for b.Loop() {
		for range pairs {
			var p, o float64
			requests := 200 + rand.IntN(600)
			if rand.IntN(2) == 0 {
				p, o = time1(parse, requests), time1(ours, requests)
			} else {
				o, p = time1(ours, requests), time1(parse, requests)
			}
			ratios, ns = append(ratios, o/p), append(ns, o)
		}
	}
	slices.Sort(ratios)
	slices.Sort(ns)
	b.ReportMetric(ratios[len(ratios)/2], "of-ParseWithClaims")
	b.ReportMetric(ns[len(ns)/2], "ns/request")
	b.ReportMetric(testing.AllocsPerRun(1000, ours)-testing.AllocsPerRun(1000, bare), "allocs-beyond-bare")
	b.ReportMetric(0, "ns/op")
}
