package authjwt_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

// newWatched is a service whose tokens come in headers and cookies, and whose events are heard.
func newWatched(t *testing.T, edit ...func(s *authjwt.Settings)) (*service, *events) {
	told := new(events)
	s := newService(t, append([]func(set *authjwt.Settings){func(set *authjwt.Settings) {
		set.OnEvent, set.TokenLocation = told.note, []authjwt.Location{authjwt.Headers, authjwt.Cookies}
		set.DecodeLeeway, set.SessionExpires = time.Second, time.Hour
	}}, edit...)...)
	s.GET("/log-in", s.auth.LoginHandler(loginAs("alice")))
	handle := func(c *gin.Context) { c.Status(http.StatusNoContent) }
	s.POST("/items/:id", s.auth.Required(), handle)
	s.GET("/fresh", s.auth.FreshRequired(authjwt.WithScopes("admin")), handle)
	s.GET("/owner", s.auth.Required(), func(c *gin.Context) {
		authjwt.FromContext(c).Abort(&authjwt.Error{Status: 403, Code: "not_owner", Detail: "Not yours"})
	})
	s.GET("/broken", s.auth.Required(), func(c *gin.Context) {
		authjwt.FromContext(c).Abort(errors.New("sql: connection refused"))
	})
	s.GET("/twice", s.auth.Optional(), func(c *gin.Context) {
		a := authjwt.FromContext(c)
		_, _, _ = a.FreshJWTRequired(), a.FreshJWTRequired(), a.JWTRequired()
		a.Abort(authjwt.ErrCSRF)
	})
	return s, told
}

// A tried request, and what is told of it. Whose it is stands there only where the signature is good.
type tried struct {
	name, method, path string
	header             string // Authorization
	cookie, csrf       string
	want               authjwt.Event
	status             int
	reason             error
}

func TestEvents_Refusals(t *testing.T) {
	s, told := newWatched(t)
	pair := s.login(t)
	good := s.claims(t, pair.Access)
	session, id := good["sid"].(string), good["jti"].(string)
	renewal := s.claims(t, pair.Refresh)["jti"].(string)
	about := func(token string, l authjwt.Location) authjwt.Event {
		return authjwt.Event{Subject: "alice", SessionID: session, TokenID: token, Location: l}
	}
	unknown := func(l authjwt.Location) authjwt.Event { return authjwt.Event{Location: l} }
	with := func(changes map[string]any) string { return signedClaims(t, claims(changes)) }
	own := authjwt.Event{Subject: "alice", TokenID: "3f0e5c1c-6d3a-4c0e-9a55-0a6f2b1d7e44", Location: authjwt.Headers}
	forged := compactWith(t, "HS256", "x"+testSecret, headerHS256, `{"sub":"mallory","jti":"x","sid":"y"}`)
	const items = "/items/:id"
	for _, row := range []tried{
		{"no token", "GET", "/protected", "", "", "", unknown(""), 401, authjwt.ErrMissingToken},
		{"two words", "GET", "/protected", "Bearer a b", "", "", unknown(authjwt.Headers), 400, authjwt.ErrInvalidHeader},
		{"malformed", "GET", "/protected", "Bearer x", "", "", unknown(authjwt.Headers), 401, authjwt.ErrJWTDecode},
		{"forged", "GET", "/protected", "Bearer " + forged, "", "", unknown(authjwt.Headers), 401, authjwt.ErrJWTDecode},
		{"expired", "GET", "/protected", "Bearer " + with(map[string]any{"exp": 1}), "", "", own, 401, authjwt.ErrJWTDecode},
		{"a claim", "GET", "/protected", "Bearer " + with(map[string]any{"iat": true}), "", "", own, 401, authjwt.ErrJWTDecode},
		{"no subject", "GET", "/protected", "Bearer " + with(map[string]any{"sub": 7}), "", "", authjwt.Event{TokenID: own.TokenID, Location: authjwt.Headers}, 401, authjwt.ErrJWTDecode},
		{"session", "GET", "/protected", "Bearer " + with(map[string]any{"sid": 7}), "", "", own, 401, authjwt.ErrJWTDecode},
		{"type", "GET", "/protected", "Bearer " + pair.Refresh, "", "", about(renewal, authjwt.Headers), 401, authjwt.ErrAccessTokenRequired},
		{"type, in a cookie", "GET", "/protected", "", pair.Refresh, "", about(renewal, authjwt.Cookies), 401, authjwt.ErrAccessTokenRequired},
		{"scope", "GET", "/fresh", "Bearer " + pair.Access, "", "", about(id, authjwt.Headers), 403, authjwt.ErrInsufficientScope},
		{"fresh", "GET", "/fresh", "Bearer " + with(nil), "", "", own, 401, authjwt.ErrFreshTokenRequired},
		{"no CSRF value", "POST", items, "", pair.Access, "", unknown(authjwt.Cookies), 403, authjwt.ErrCSRF},
		{"another CSRF value", "POST", items, "", pair.Access, "x", about(id, authjwt.Cookies), 403, authjwt.ErrCSRF},
		{"the application's", "GET", "/owner", "Bearer " + pair.Access, "", "", about(id, authjwt.Headers), 403, nil},
		{"a fault", "GET", "/broken", "Bearer " + pair.Access, "", "", about(id, authjwt.Headers), 500, authjwt.ErrInternal},
		{"several guards", "GET", "/twice", "Bearer " + with(nil), "", "", own, 401, authjwt.ErrFreshTokenRequired},
		{"method", "GET", "/log-in", "", "", "", unknown(""), 405, authjwt.ErrInvalidRequest},
		{"refresh", "POST", "/refresh", "Bearer " + pair.Access, "", "", about(id, authjwt.Headers), 401, authjwt.ErrRefreshTokenRequired},
	} {
		t.Run(row.name, func(t *testing.T) {
			told.takeAll()
			req := httptest.NewRequest(row.method, "https://example.com"+row.path, nil)
			if row.header != "" {
				req.Header.Set("Authorization", row.header)
			}
			if row.cookie != "" {
				req.AddCookie(&http.Cookie{Name: "access_token_cookie", Value: row.cookie})
				req.Header.Set("X-CSRF-Token", row.csrf)
			}
			rec := httptest.NewRecorder()
			s.ServeHTTP(rec, req)
			require.Equal(t, row.status, rec.Code, rec.Body)

			all := told.takeAll()
			require.Len(t, all, 1)
			e := all[0]
			assert.NotContains(t, fmt.Sprintf("%+v %#v", e, e), "eyJ")
			var given *authjwt.Error
			require.ErrorAs(t, e.Err, &given)
			if row.reason != nil {
				assert.ErrorIs(t, e.Err, row.reason)
			}
			assert.Equal(t, row.status, given.Status)
			assert.Equal(t, given.Code, e.Code)
			assert.Contains(t, rec.Body.String(), `"code":"`+e.Code+`"`)
			want := row.want
			want.Kind, want.Time, want.ClientAddress, want.Route, want.Code, want.Err = authjwt.EventRefused, testNow, "192.0.2.1", row.path, e.Code, e.Err
			if errors.Is(row.reason, authjwt.ErrCSRF) {
				want.Kind = authjwt.EventCSRF
			}
			assert.Equal(t, want, e)
		})
	}
}

// The twin of each refusal: what is accepted is not told.
func TestEvents_AcceptedRequestsAreSilent(t *testing.T) {
	s, told := newWatched(t)
	pair := s.login(t)
	csrf := s.claims(t, pair.Access)["csrf"].(string)
	told.takeAll()
	assert.Equal(t, http.StatusOK, s.do("GET", "/protected", pair.Access).Code)
	assert.Equal(t, http.StatusOK, s.do("GET", "/optional", "").Code)
	req := httptest.NewRequest("POST", "https://example.com/items/7", nil)
	req.AddCookie(&http.Cookie{Name: "access_token_cookie", Value: pair.Access})
	req.Header.Set("X-CSRF-Token", csrf)
	rec := httptest.NewRecorder()
	s.ServeHTTP(rec, req)
	assert.Equal(t, http.StatusNoContent, rec.Code)
	_, err := s.auth.Verify(t.Context(), "x", authjwt.Access)
	assert.ErrorIs(t, err, authjwt.ErrJWTDecode, "which is no request")
	assert.Empty(t, told.takeAll())
}

// The quiet form tells nothing, for it decides nothing; what the handler does with its error, Abort tells.
func TestEvents_QuietVerify(t *testing.T) {
	told := new(events)
	m := newManager(t, func(s *authjwt.Settings) { s.OnEvent = told.note })
	quiet := guard(t, func(c *gin.Context) { _, _ = m.Bind(c).Verify(authjwt.Access) })
	quiet.assertAccepted(t, quiet.get("Bearer x"))
	assert.Empty(t, told.takeAll())
	loud := guard(t, func(c *gin.Context) {
		if _, err := m.Bind(c).Verify(authjwt.Access); err != nil {
			m.Bind(c).Abort(err)
		}
	})
	loud.assertRefused(t, loud.get("Bearer x"), inv("token_malformed", "Not enough segments"))
	require.Len(t, told.takeAll(), 1)
}

// A client address is gin's: a header counts only from a proxy that the engine trusts.
func TestEvents_ClientAddress(t *testing.T) {
	told := new(events)
	m := newManager(t, func(s *authjwt.Settings) { s.OnEvent = told.note })
	for _, row := range []struct {
		trusted []string
		want    string
	}{{nil, "192.0.2.1"}, {[]string{"192.0.2.0/24"}, "203.0.113.9"}} {
		g := guard(t, m.Required())
		require.NoError(t, g.SetTrustedProxies(row.trusted))
		req := httptest.NewRequest("GET", "/", nil)
		req.Header.Set("X-Forwarded-For", "203.0.113.9")
		g.do(req)
		all := told.takeAll()
		require.Len(t, all, 1)
		assert.Equal(t, row.want, all[0].ClientAddress)
	}
	c := &gin.Context{Request: httptest.NewRequest("GET", "/", nil)}
	twin, _ := gin.CreateTestContext(httptest.NewRecorder())
	c.Writer = twin.Writer
	assert.Error(t, m.Bind(c).JWTRequired())
	all := told.takeAll()
	require.Len(t, all, 1, "of a context that no engine serves, too")
	assert.Empty(t, all[0].ClientAddress)
}
