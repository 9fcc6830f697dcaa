package authjwt_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

var errorStyles = []authjwt.ErrorStyle{authjwt.RFC6750, authjwt.FastAPI, authjwt.FastJWTStyle}

func inStyle(style authjwt.ErrorStyle) func(s *authjwt.Settings) {
	return func(s *authjwt.Settings) { s.Errors = style }
}

// seen is all of an answer that its client sees.
func seen(rec *httptest.ResponseRecorder) string {
	return fmt.Sprint(rec.Code, rec.Header(), rec.Body)
}

// A spoiler refuses what its guard would, but with changes of the application's.
func spoiler(m *authjwt.Manager, change func(e *authjwt.Error)) gin.HandlerFunc {
	return func(c *gin.Context) {
		a := m.Bind(c)
		_, err := a.Verify(authjwt.Access, authjwt.WithLocations(authjwt.Headers))
		var e *authjwt.Error
		if errors.As(err, &e) {
			change(e)
			a.Abort(e)
		}
	}
}

// ways of a request to be refused by a guard; each kind has a text of its own.
func refusals(tb testing.TB, m *authjwt.Manager) map[string]string {
	refresh, err := m.CreateRefreshToken("alice")
	require.NoError(tb, err)
	good := mustCreate(tb, m)
	return map[string]string{
		"none": "", "malformed": "Bearer x", "tampered": "Bearer " + good[:len(good)-4] + "AAAA", "refresh": "Bearer " + refresh,
		"expired": "Bearer " + signedClaims(tb, claims(map[string]any{"exp": testNow.Unix() - 3600})), "header": "Bearer a b",
	}
}

func TestAnswers_ChangedByTheApplication(t *testing.T) {
	for _, style := range errorStyles {
		for name, change := range map[string]func(e *authjwt.Error){
			"Detail": func(e *authjwt.Error) { e.Detail = "changed" },
			"Code":   func(e *authjwt.Error) { e.Code = "changed" },
			"Status": func(e *authjwt.Error) { e.Status = http.StatusTeapot },
			"all": func(e *authjwt.Error) {
				*e = authjwt.Error{Status: http.StatusGone, Code: "changed", Detail: "changed"}
			},
		} {
			for kind, field := range refusals(t, newManager(t)) {
				untouched := guard(t, newManager(t, inStyle(style)).Required())
				want := seen(untouched.get(field))
				for _, first := range []bool{false, true} { // the changed one is told first
					label := fmt.Sprint(style, " ", name, " ", kind, " ", first)
					m := newManager(t, inStyle(style))
					plain, spoilt := guard(t, m.Required()), guard(t, spoiler(m, change))
					if !first {
						assert.Equal(t, want, seen(plain.get(field)), label)
					}
					var own authjwt.Error
					_, err := m.Bind(contextWith(field)).Verify(authjwt.Access)
					if e := new(*authjwt.Error); assert.ErrorAs(t, err, e, label) {
						change(*e)
						own = **e
					}
					for range 2 {
						rec := spoilt.get(field)
						assert.Equal(t, own.Status, rec.Code, label)
						var body map[string]string
						require.NoError(t, json.Unmarshal(rec.Body.Bytes(), &body), label)
						assert.Equal(t, own.Detail, body["detail"]+body["message"], label)
						if style == authjwt.RFC6750 {
							assert.Equal(t, own.Code, body["code"], label)
						}
						assert.Equal(t, want, seen(plain.get(field)), label)
					}
				}
			}
		}
	}
}

func contextWith(field string) *gin.Context {
	c := testContext()
	if field != "" {
		c.Request.Header.Set("Authorization", field)
	}
	return c
}

// The application's words cannot be encoded: 500, each time, and the package's own next time.
func TestAnswers_DetailThatIsNoUTF8(t *testing.T) {
	for _, style := range errorStyles {
		m := newManager(t, inStyle(style))
		const bad = "a\xffb"
		plain, spoilt := guard(t, m.Required()), guard(t, spoiler(m, func(e *authjwt.Error) { e.Detail = bad }))
		own := guard(t, func(c *gin.Context) { m.Bind(c).Abort(&authjwt.Error{Status: 401, Code: "odd", Detail: bad}) })
		for range 2 {
			for _, g := range []*guarded{spoilt, own} {
				rec := g.get("")
				assert.Equal(t, 500, rec.Code)
				assert.Contains(t, rec.Body.String(), `"Internal Server Error"`)
				assert.False(t, g.ran)
			}
			assert.Equal(t, 401, plain.get("").Code)
		}
		control := guard(t, func(c *gin.Context) { m.Bind(c).Abort(&authjwt.Error{Status: 401, Code: "odd", Detail: "aéb"}) })
		assert.Equal(t, 401, control.get("").Code)
		assert.Contains(t, control.get("").Body.String(), "aéb")
	}
}

// Scopes are the route's, however often and in whatever order its like are refused.
func TestAnswers_ScopesAreTheRoutes(t *testing.T) {
	for _, style := range errorStyles {
		m := newManager(t, inStyle(style))
		token := "Bearer " + mustCreate(t, m, authjwt.WithGrantedScopes("a"))
		abort := func(c *gin.Context) { m.Bind(c).Abort(authjwt.ErrInsufficientScope) }
		routes := map[string]*guarded{`, scope="b"`: guard(t, m.Required(authjwt.WithScopes("b"))), `, scope="a b"`: guard(t, m.Required(authjwt.WithScopes("a", "b"))), ``: guard(t, abort)}
		for range 3 {
			for scope, g := range routes {
				rec := g.get(token)
				assert.Equal(t, 403, rec.Code)
				if style != authjwt.RFC6750 {
					assert.NotContains(t, rec.Header(), "Www-Authenticate")
					continue
				}
				assert.Equal(t, []string{`Bearer realm="api", error="insufficient_scope", error_description="The token lacks a required scope"` + scope}, rec.Header()["Www-Authenticate"])
			}
		}
	}
}

// What an ErrorHandler adds to the fields is that answer's alone, and no other field's.
func TestAnswers_FieldsAreTheRequests(t *testing.T) {
	add := true
	m := newManager(t, func(s *authjwt.Settings) {
		s.ErrorHandler = func(c *gin.Context, e *authjwt.Error) {
			if h := c.Writer.Header(); add {
				h.Add("Cache-Control", "private")
				h.Add("WWW-Authenticate", "Basic")
				h.Add("Vary", "Origin")
				h["Cache-Control"][0] = "max-age=60"
				e.Detail, e.Status = "changed", http.StatusTeapot
			}
		}
	})
	g := guard(t, m.Required())
	for range 2 {
		add = true
		rec := g.get("")
		assert.Equal(t, 401, rec.Code)
		assert.Equal(t, []string{"max-age=60", "private"}, rec.Header()["Cache-Control"])
		assert.Equal(t, []string{`Bearer realm="api"`, "Basic"}, rec.Header()["Www-Authenticate"])
		assert.Equal(t, []string{"Authorization, Cookie", "Origin"}, rec.Header()["Vary"])
		assert.NotContains(t, rec.Body.String(), "changed")
		add = false
		g.assertRefused(t, g.get(""), noCred)
	}
}

// Many requests are refused at once, as if each were alone.
func TestAnswers_AtOnce(t *testing.T) {
	for _, style := range errorStyles {
		alone, m := newManager(t, inStyle(style)), newManager(t, inStyle(style))
		want, kinds := map[string]string{}, refusals(t, m)
		for kind, field := range kinds {
			want[kind] = seen(guard(t, alone.Required()).get(field))
		}
		require.Len(t, kinds, 6)
		r := gin.New()
		r.GET("/plain", m.Required())
		r.GET("/spoilt", spoiler(m, func(e *authjwt.Error) { e.Detail, e.Code = "changed", "changed" }))
		for _, scope := range []string{"a", "b"} {
			r.GET("/"+scope, m.Required(authjwt.WithScopes(scope)))
		}
		unscoped := "Bearer " + mustCreate(t, m)
		together(16, func(i int) {
			get := func(path, field string) *httptest.ResponseRecorder {
				req, rec := httptest.NewRequest(http.MethodGet, path, nil), httptest.NewRecorder()
				if field != "" {
					req.Header.Set("Authorization", field)
				}
				r.ServeHTTP(rec, req)
				return rec
			}
			for range 10 {
				for kind, field := range kinds {
					if i%4 == 0 {
						assert.Contains(t, get("/spoilt", field).Body.String(), "changed", kind)
					}
					assert.Equal(t, want[kind], seen(get("/plain", field)), kind)
				}
				scope := []string{"a", "b"}[i%2]
				challenge := get("/"+scope, unscoped).Header().Get("WWW-Authenticate")
				assert.Equal(t, style == authjwt.RFC6750, strings.HasSuffix(challenge, `scope="`+scope+`"`), challenge)
			}
		})
	}
}
