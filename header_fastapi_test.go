package authjwt_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

// In the FastAPI style a header without a token of ours is malformed, unless another location holds one. Only to an
// optional guard another scheme is nothing.
func TestFastAPI_MalformedHeader(t *testing.T) {
	for _, order := range [][]authjwt.Location{{authjwt.Headers, authjwt.Cookies}, {authjwt.Cookies, authjwt.Headers}} {
		both := func(s *authjwt.Settings) { s.TokenLocation, s.Errors = order, authjwt.FastAPI }
		m := newManager(t, both)
		alice, err := m.CreateAccessToken("alice")
		require.NoError(t, err)
		bob, err := m.CreateAccessToken("bob")
		require.NoError(t, err)
		guards := map[string]*guarded{"required": guard(t, m.Required()), "optional": guard(t, m.Optional())}
		for _, row := range []struct {
			field, cookie      string
			required, optional string // the refusal; empty: accepted
		}{
			{"Bearer " + alice, "", "", ""},
			{"Bearer " + alice, bob, "", ""},
			{"Bearer x", bob, "Not enough segments", "Not enough segments"},
			{"Bearer", "", badHeader.detail, badHeader.detail},
			{"Bearer", bob, "", ""},
			{"Bearer" + alice, "", badHeader.detail, badHeader.detail},
			{"Bearer" + alice, bob, "", ""},
			{"Bearer " + alice + " x", "", badHeader.detail, badHeader.detail},
			{"Bearer " + alice + " x", bob, "", ""},
			{"Bearer " + alice + " x", "x", "Not enough segments", "Not enough segments"},
			{"Basic YTpi", "", badHeader.detail, ""},
			{"Basic YTpi", bob, "", ""},
			{alice, "", badHeader.detail, ""},
			{" ", "", "Missing cookie access_token_cookie", ""},
			{" ", bob, "", ""},
		} {
			for name, g := range guards {
				want := map[string]string{"required": row.required, "optional": row.optional}[name]
				req := presenting(http.MethodGet)
				if row.cookie != "" {
					req = presenting(http.MethodGet, "access_token_cookie="+row.cookie)
				}
				req.Header.Set("Authorization", row.field)
				rec := g.do(req)
				switch {
				case want == "":
					assert.Equal(t, http.StatusOK, rec.Code, "%s %q %v: %s", name, row.field, row.cookie != "", rec.Body)
				case row.field == " ":
					g.assertFastAPI(t, rec, http.StatusUnauthorized, want)
				default:
					g.assertFastAPI(t, rec, http.StatusUnprocessableEntity, want)
				}
			}
		}
	}
}

// What decides is the header, whatever the order of TokenLocation; a guard that names its locations looks there alone.
func TestFastAPI_HeaderComesFirst(t *testing.T) {
	m := newManager(t, func(s *authjwt.Settings) {
		s.TokenLocation, s.Errors = []authjwt.Location{authjwt.Query, authjwt.Cookies, authjwt.Headers}, authjwt.FastAPI
	})
	alice, err := m.CreateAccessToken("alice")
	require.NoError(t, err)
	bob, err := m.CreateAccessToken("bob")
	require.NoError(t, err)
	for _, row := range []struct {
		field string
		only  []authjwt.RequireOption
		from  authjwt.Location
	}{
		{"Bearer " + alice, nil, authjwt.Headers},
		{"Bearer " + alice, []authjwt.RequireOption{authjwt.WithLocations(authjwt.Cookies)}, authjwt.Cookies},
		{"Basic x", []authjwt.RequireOption{authjwt.WithLocations(authjwt.Cookies)}, authjwt.Cookies},
		{"Basic x", nil, authjwt.Cookies},
		{"Bearer " + alice, []authjwt.RequireOption{authjwt.WithLocations(authjwt.Cookies, authjwt.Headers)}, authjwt.Headers},
	} {
		var from authjwt.Location
		g := guard(t, m.Required(row.only...), func(c *gin.Context) { from = authjwt.FromContext(c).Token().Location })
		req := presenting(http.MethodGet, "access_token_cookie="+bob)
		req.Header.Set("Authorization", row.field)
		assert.Equal(t, http.StatusOK, g.do(req).Code)
		assert.Equal(t, row.from, from)
	}
}

// Where the header is not looked at it is not to blame; without a scheme whatever it holds is meant as a token.
func TestFastAPI_HeaderThatIsNoLocation(t *testing.T) {
	bare := func(s *authjwt.Settings) { s.HeaderType = authjwt.NoHeaderType }
	for _, row := range []struct {
		edit   func(s *authjwt.Settings)
		guard  func(m *authjwt.Manager) gin.HandlerFunc
		status int
		detail string
	}{
		{inCookies, required, 401, "Missing cookie access_token_cookie"},
		{fastAPI, func(m *authjwt.Manager) gin.HandlerFunc {
			return func(c *gin.Context) { _ = m.Bind(c).JWTRequired(authjwt.WithToken("")) }
		}, 401, "Missing access token from Query or Path"},
		{fastAPI, required, 422, badHeader.detail},
		{bare, optional, 422, "Bad Authorization header. Expected value '<JWT>'"},
	} {
		g := guard(t, row.guard(newManager(t, fastAPI, row.edit)))
		g.assertFastAPI(t, g.get("Basic YTpi"), row.status, row.detail)
	}
}

// RFC 6750 §2 forbids two ways at once. A header that is malformed is one of them, another scheme is none.
func TestFastAPI_HeaderBesideQuery(t *testing.T) {
	m := newManager(t, fastAPI, func(s *authjwt.Settings) { s.TokenLocation = []authjwt.Location{authjwt.Query, authjwt.Headers} })
	token := mustCreate(t, m)
	g := guard(t, m.Required())
	for field, mixed := range map[string]bool{"": false, "Basic x": false, "Bearer": true, "Bearer x": true, "Bearer" + token: true, "Bearer " + token + " x": true} {
		req := httptest.NewRequest(http.MethodGet, "/?token="+token, nil)
		req.Header.Set("Authorization", field)
		if rec := g.do(req); mixed {
			g.assertFastAPI(t, rec, http.StatusUnprocessableEntity, severalTokens.detail)
		} else {
			assert.Equal(t, http.StatusOK, rec.Code, field)
		}
	}
}

// The numbers of the FastAPI style, for the refusals that the tables above do not reach.
func TestH12_FastAPIStyle(t *testing.T) {
	j := newJudge(t, fastAPI, banMallory)
	status := map[string]int{"mallory": http.StatusUnauthorized}
	for name, row := range badCredentials(t, j.m) {
		want := status[name]
		if want == 0 {
			want = http.StatusUnprocessableEntity
		}
		j.assertFastAPI(t, j.get(row.field), want, row.want.detail)
		assert.ErrorIs(t, j.left, row.reason)
	}
	access, fresh := "Bearer "+mustCreate(t, j.m), "Bearer "+mustCreate(t, j.m, authjwt.WithFresh())
	j.assertAccepted(t, j.get(access))

	j.guardWith(t, j.m.RefreshRequired())
	j.assertFastAPI(t, j.get(access), http.StatusUnprocessableEntity, notRefresh.detail)
	assert.ErrorIs(t, j.left, authjwt.ErrRefreshTokenRequired)
	j.guardWith(t, j.m.FreshRequired())
	j.assertFastAPI(t, j.get(access), http.StatusUnauthorized, notFresh.detail)
	assert.ErrorIs(t, j.left, authjwt.ErrFreshTokenRequired)
	j.assertAccepted(t, j.get(fresh))
	j.guardWith(t, j.m.Required(authjwt.WithScopes("a")))
	j.assertFastAPI(t, j.get(access), http.StatusForbidden, "The token lacks a required scope")
	assert.ErrorIs(t, j.left, authjwt.ErrInsufficientScope)
	j.guardWith(t, func(c *gin.Context) { j.m.Bind(c).Abort(authjwt.ErrCSRF) })
	j.assertFastAPI(t, j.get(access), http.StatusUnauthorized, "CSRF check failed")
	assert.ErrorIs(t, j.left, authjwt.ErrCSRF)
}
