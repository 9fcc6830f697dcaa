package authjwt_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

var (
	severalHeaders = outcome{400, "invalid_request", "Several Authorization headers. Expected one", "invalid_request"}
	badAlgorithm   = inv("token_signature_invalid", "The specified alg value is not allowed")
	badSignature   = inv("token_signature_invalid", "Signature verification failed")
)

// refusesFields checks the refusal of a request with these Authorization fields.
func (j *judge) refusesFields(tb testing.TB, fields []string, want outcome, reasons ...error) {
	tb.Helper()
	j.assertRefused(tb, j.get(fields...), want)
	assertError(tb, j.left, want, reasons...)
}

// assertFastAPI checks a refusal in the FastAPI style: its number and {"detail"} alone, without challenge.
func (g *guarded) assertFastAPI(tb testing.TB, rec *httptest.ResponseRecorder, status int, detail string) {
	tb.Helper()
	assert.False(tb, g.ran, "the protected handler ran")
	assert.Equal(tb, status, rec.Code)
	var body map[string]any
	require.NoError(tb, json.Unmarshal(rec.Body.Bytes(), &body), "body: %s", rec.Body)
	assert.Equal(tb, map[string]any{"detail": detail}, body)
	assert.Equal(tb, "application/json", rec.Header().Get("Content-Type"))
	assert.Equal(tb, "no-store", rec.Header().Get("Cache-Control"))
	assert.Empty(tb, rec.Header().Values("WWW-Authenticate"))
	assert.Empty(tb, rec.Header().Values("Set-Cookie"))
	assertNoSideEffects(tb, rec)
	assert.Contains(tb, rec.Header().Values("Vary"), "Authorization, Cookie")
}

func fastAPI(s *authjwt.Settings) { s.Errors = authjwt.FastAPI }

// guards are the middleware forms that ask for an access token, all of which read the header alike.
func guards(m *authjwt.Manager) map[string]gin.HandlerFunc {
	return map[string]gin.HandlerFunc{"Required": m.Required(), "Optional": m.Optional(), "FreshRequired": m.FreshRequired()}
}

func TestH01_SeveralCredentials(t *testing.T) {
	j, old := newJudge(t), newJudge(t, fastAPI)
	both := newJudge(t, locatedAt(authjwt.Headers, authjwt.Cookies))
	good, other := mustCreate(t, j.m, authjwt.WithFresh()), mustCreate(t, j.m, authjwt.WithFresh())
	refresh, err := j.m.CreateRefreshToken("alice")
	require.NoError(t, err)
	asRefresh := func(fields []string) (all []string) {
		for _, field := range fields {
			all = append(all, strings.NewReplacer(good, refresh, other, refresh+"x").Replace(field))
		}
		return all
	}
	prebuilt := guard(t, func(c *gin.Context) { c.Request.Method = http.MethodPost }, j.m.RefreshHandler(authjwt.Routes{}))
	for _, row := range []struct {
		name   string
		fields []string
		want   outcome
		reason error
	}{
		{"equal", []string{"Bearer " + good, "Bearer " + good}, severalHeaders, authjwt.ErrInvalidRequest},
		{"two good ones", []string{"Bearer " + good, "Bearer " + other}, severalHeaders, authjwt.ErrInvalidRequest},
		{"good, bad", []string{"Bearer " + good, "Bearer bad"}, severalHeaders, authjwt.ErrInvalidRequest},
		{"bad, good", []string{"Bearer bad", "Bearer " + good}, severalHeaders, authjwt.ErrInvalidRequest},
		{"good, Basic", []string{"Bearer " + good, "Basic YTpi"}, severalHeaders, authjwt.ErrInvalidRequest},
		{"Basic, good", []string{"Basic YTpi", "Bearer " + good}, severalHeaders, authjwt.ErrInvalidRequest},
		{"good, empty", []string{"Bearer " + good, ""}, severalHeaders, authjwt.ErrInvalidRequest},
		{"empty, good", []string{"", "Bearer " + good}, severalHeaders, authjwt.ErrInvalidRequest},
		{"three", []string{"Bearer " + good, "Bearer " + good, "Bearer " + good}, severalHeaders, authjwt.ErrInvalidRequest},
		{"comma list", []string{"Bearer " + good + ", Bearer " + other}, badHeader, authjwt.ErrInvalidHeader},
		{"comma list of schemes", []string{"Bearer " + good + ", Basic YTpi"}, badHeader, authjwt.ErrInvalidHeader},
		{"comma list, no blank", []string{"Bearer " + good + ",Bearer " + other}, badHeader, authjwt.ErrInvalidHeader},
		{"comma list of tokens", []string{"Bearer " + good + "," + other}, badHeader, authjwt.ErrInvalidHeader},
		{"trailing comma", []string{"Bearer " + good + ","}, badHeader, authjwt.ErrInvalidHeader},
		{"leading comma", []string{"Bearer ," + good}, badHeader, authjwt.ErrInvalidHeader},
	} {
		t.Run(row.name, func(t *testing.T) {
			for name, guardian := range everyGuard(j.m) {
				fields, twin := row.fields, good
				if strings.Contains(name, "Refresh") {
					fields, twin = asRefresh(row.fields), refresh
				}
				j.guardWith(t, guardian)
				j.refusesFields(t, fields, row.want, row.reason)
				j.assertAccepted(t, j.get("Bearer "+twin))
				old.guardWith(t, everyGuard(old.m)[name])
				old.assertFastAPI(t, old.get(fields...), http.StatusUnprocessableEntity, row.want.detail)
				both.guardWith(t, everyGuard(both.m)[name]) // a good cookie makes nothing of it good
				req := presenting(http.MethodGet, accessCookie+"="+good+"; "+refreshCookie+"="+refresh)
				both.acceptsRequest(t, req)
				req.Header["Authorization"] = fields
				both.refusesRequest(t, req, row.want, row.reason)
			}
			assertAnswer(t, prebuilt.get(asRefresh(row.fields)...), row.want)
			assert.Equal(t, http.StatusOK, prebuilt.get("Bearer "+refresh).Code)
		})
	}
}

func TestH02_SchemeCase(t *testing.T) {
	j := newJudge(t)
	good := mustCreate(t, j.m)
	for _, scheme := range []string{"Bearer", "bearer", "BEARER", "bEaReR"} {
		j.assertAccepted(t, j.get(scheme+" "+good))
	}
	j.refusesFields(t, []string{"Beare " + good}, noCred, authjwt.ErrMissingToken)
	j.refusesFields(t, []string{"Bea\u017fer " + good}, noCred, authjwt.ErrMissingToken)
}

func TestH03_HeaderForms(t *testing.T) {
	j, old, optional := newJudge(t), newJudge(t, fastAPI), newJudge(t)
	optional.guardWith(t, optional.m.Optional())
	good := mustCreate(t, j.m)
	for _, row := range []struct {
		name, field string
		want        outcome
		reason      error
		fastAPI     int
		twin        string // a field that is accepted
	}{
		{"empty", "", noCred, authjwt.ErrMissingToken, 401, "Bearer " + good},
		{"blanks", "   ", noCred, authjwt.ErrMissingToken, 401, "Bearer " + good},
		{"scheme alone", "Bearer", noCred, authjwt.ErrMissingToken, 422, "Bearer " + good},
		{"empty token", "Bearer ", noCred, authjwt.ErrMissingToken, 422, "Bearer " + good},
		{"blanks for a token", "Bearer    ", noCred, authjwt.ErrMissingToken, 422, "Bearer    " + good},
		{"tab for a token", "Bearer\t", noCred, authjwt.ErrMissingToken, 422, "Bearer " + good},
		{"no scheme", good, noCred, authjwt.ErrMissingToken, 422, "Bearer " + good},
		{"all in quotes", `"Bearer ` + good + `"`, noCred, authjwt.ErrMissingToken, 422, "  Bearer " + good + "  "},
		{"NBSP before", "\u00a0Bearer " + good, noCred, authjwt.ErrMissingToken, 422, " Bearer " + good},
		{"three words", "Bearer " + good + " x", badHeader, authjwt.ErrInvalidHeader, 422, "Bearer " + good + " "},
		{"three words, tab", "Bearer " + good + "\tx", badHeader, authjwt.ErrInvalidHeader, 422, "Bearer " + good + "\t"},
		{"three words, bad", "Bearer x " + good, badHeader, authjwt.ErrInvalidHeader, 422, "Bearer  " + good},
		{"scheme twice", "Bearer Bearer " + good, badHeader, authjwt.ErrInvalidHeader, 422, "Bearer " + good},
		{"four words", "Bearer a b c", badHeader, authjwt.ErrInvalidHeader, 422, "Bearer   " + good},
		{"NBSP", "Bearer\u00a0" + good, badHeader, authjwt.ErrInvalidHeader, 422, "Bearer " + good},
		{"NBSP as Latin-1", "Bearer\xa0" + good, badHeader, authjwt.ErrInvalidHeader, 422, "Bearer " + good},
		{"NBSP after the blank", "Bearer \u00a0" + good, badHeader, authjwt.ErrInvalidHeader, 422, "Bearer " + good},
		{"NBSP at the end", "Bearer " + good + "\u00a0", badHeader, authjwt.ErrInvalidHeader, 422, "Bearer " + good + " "},
		{"vertical tab", "Bearer\v" + good, badHeader, authjwt.ErrInvalidHeader, 422, "Bearer " + good},
		{"line feed at the end", "Bearer " + good + "\n", badHeader, authjwt.ErrInvalidHeader, 422, "Bearer " + good},
		{"NUL at the end", "Bearer " + good + "\x00", badHeader, authjwt.ErrInvalidHeader, 422, "Bearer " + good},
		{"glued", "Bearer" + good, badHeader, authjwt.ErrInvalidHeader, 422, "Bearer " + good},
		{"glued by a colon", "Bearer:" + good, badHeader, authjwt.ErrInvalidHeader, 422, "Bearer " + good},
		{"colon and blank", "Bearer: " + good, badHeader, authjwt.ErrInvalidHeader, 422, "Bearer " + good},
		{"quoted", `Bearer "` + good + `"`, badHeader, authjwt.ErrInvalidHeader, 422, "Bearer " + good},
		{"single quotes", `Bearer '` + good + `'`, badHeader, authjwt.ErrInvalidHeader, 422, "Bearer " + good},
		{"nothing in quotes", `Bearer ""`, badHeader, authjwt.ErrInvalidHeader, 422, "Bearer " + good},
		{"parameter", `Bearer token="` + good + `"`, badHeader, authjwt.ErrInvalidHeader, 422, "Bearer " + good},
		{"angle brackets", "Bearer <" + good + ">", badHeader, authjwt.ErrInvalidHeader, 0, "Bearer " + good},
		{"percent", "Bearer " + strings.Replace(good, ".", "%2E", 1), badHeader, authjwt.ErrInvalidHeader, 0, "Bearer " + good},
	} {
		t.Run(row.name, func(t *testing.T) {
			j.refusesFields(t, []string{row.field}, row.want, row.reason)
			j.assertAccepted(t, j.get(row.twin))
			if row.want == noCred {
				optional.assertAccepted(t, optional.get(row.field))
			} else {
				optional.refusesFields(t, []string{row.field}, row.want, row.reason)
			}
			switch row.fastAPI {
			case 0: // there it is the token that is malformed
				detail := map[string]string{"angle brackets": isHeaderText.detail, "percent": isSegments.detail}[row.name]
				old.assertFastAPI(t, old.get(row.field), http.StatusUnprocessableEntity, detail)
			case http.StatusUnprocessableEntity:
				old.assertFastAPI(t, old.get(row.field), row.fastAPI, badHeader.detail)
			default:
				old.assertFastAPI(t, old.get(row.field), row.fastAPI, row.want.detail)
			}
			old.assertAccepted(t, old.get(row.twin))
		})
	}
	j.refusesFields(t, nil, noCred, authjwt.ErrMissingToken)
	old.assertFastAPI(t, old.get(), http.StatusUnauthorized, noCred.detail)
}

func TestH03_BareToken(t *testing.T) {
	j := newJudge(t, func(s *authjwt.Settings) { s.HeaderType = authjwt.NoHeaderType })
	token := mustCreate(t, j.m)
	for _, field := range []string{token, "  " + token + "\t"} {
		j.assertAccepted(t, j.get(field))
	}
	expected := badHeader
	expected.detail = "Bad Authorization header. Expected value '<JWT>'"
	j.refusesFields(t, []string{"Bearer " + token}, expected, authjwt.ErrInvalidHeader)
	j.refusesFields(t, []string{""}, noCred, authjwt.ErrMissingToken)
}

func TestH04_OtherSchemes(t *testing.T) {
	j, fresh, forRefresh := newJudge(t), newJudge(t), newRefreshJudge(t)
	fresh.guardWith(t, fresh.m.FreshRequired())
	optional := guard(t, j.m.Optional(), func(c *gin.Context) {
		assert.Nil(t, authjwt.FromContext(c).Token())
		assert.Empty(t, authjwt.FromContext(c).Subject())
	})
	good := mustCreate(t, j.m)
	for _, field := range []string{"Basic YTpi", "basic " + good, "DPoP " + good, "Digest username=\"a\"", "Negotiate x", "Token " + good, "JWT " + good, "Bear er"} {
		for _, required := range []*judge{j, fresh, forRefresh} {
			required.refusesFields(t, []string{field}, noCred, authjwt.ErrMissingToken)
		}
		optional.assertAccepted(t, optional.get(field))
	}
	j.assertAccepted(t, j.get("Bearer "+good))
}

// badCredentials are refused wherever a token is looked for.
func badCredentials(tb testing.TB, m *authjwt.Manager) map[string]struct {
	field  string
	want   outcome
	reason error
} {
	tb.Helper()
	refresh, err := m.CreateRefreshToken("alice")
	require.NoError(tb, err)
	bearer := func(changes map[string]any) string { return "Bearer " + signedClaims(tb, claims(changes)) }
	return map[string]struct {
		field  string
		want   outcome
		reason error
	}{
		"garbage":   {"Bearer x", inv("token_malformed", "Not enough segments"), jwt.ErrTokenMalformed},
		"expired":   {bearer(map[string]any{"exp": testNow.Unix()}), expired, jwt.ErrTokenExpired},
		"no exp":    {bearer(map[string]any{"exp": nil}), noExpiry, jwt.ErrTokenRequiredClaimMissing},
		"future":    {bearer(map[string]any{"nbf": testNow.Unix() + 60}), earlyNbf, jwt.ErrTokenNotValidYet},
		"signature": {"Bearer " + compactWith(tb, "HS256", testSecret+"x", headerHS256, `{}`), badSignature, jwt.ErrTokenSignatureInvalid},
		"alg none":  {"Bearer " + b64(`{"alg":"none"}`) + "." + b64(`{"sub":"alice"}`) + ".", badAlgorithm, jwt.ErrTokenSignatureInvalid},
		"refresh":   {"Bearer " + refresh, notAccess, authjwt.ErrAccessTokenRequired},
		"mallory":   {bearer(map[string]any{"sub": "mallory"}), inv("token_revoked", "Token has been revoked"), authjwt.ErrRevokedToken},
		"glued":     {"Bearerx", badHeader, authjwt.ErrInvalidHeader},
	}
}

// banMallory refuses one subject, as a denylist would.
func banMallory(s *authjwt.Settings) {
	s.Validate = func(_ context.Context, t *authjwt.Token) error {
		if t.Subject == "mallory" {
			return errors.Join(errors.New("banned"), authjwt.ErrRevokedToken)
		}
		return nil
	}
}

func TestH05_InvalidTokenOnAnOptionalRoute(t *testing.T) {
	j := newJudge(t, banMallory)
	inHandler := func(c *gin.Context) {
		if j.m.Bind(c).JWTOptional() != nil {
			return
		}
	}
	for _, guardian := range []gin.HandlerFunc{j.m.Optional(), inHandler} {
		j.guardWith(t, guardian)
		for name, row := range badCredentials(t, j.m) {
			t.Run(name, func(t *testing.T) { j.refusesFields(t, []string{row.field}, row.want, row.reason) })
		}
		j.assertAccepted(t, j.get())
		j.assertAccepted(t, j.get("Bearer "+mustCreate(t, j.m)))
	}
	old := newJudge(t, banMallory, fastAPI)
	old.guardWith(t, old.m.Optional())
	for name, row := range badCredentials(t, old.m) {
		status := map[string]int{"mallory": http.StatusUnauthorized}[name]
		old.assertFastAPI(t, old.get(row.field), or(status, http.StatusUnprocessableEntity), row.want.detail)
	}
	old.assertAccepted(t, old.get())
}

func TestH06_UnknownAlgorithm(t *testing.T) {
	j, old := newJudge(t), newJudge(t, fastAPI)
	payload, err := json.Marshal(claims(nil))
	require.NoError(t, err)
	for _, header := range []string{
		`{}`, `{"typ":"JWT"}`, `{"alg":""}`, `{"alg":null}`, `{"alg":1}`, `{"alg":true}`, `{"alg":[]}`, `{"alg":["HS256"]}`, `{"alg":{"HS256":1}}`,
		`{"alg":"none"}`, `{"alg":"HS999"}`, `{"alg":"hs256"}`, `{"alg":"HS256 "}`, `{"alg":"HS256\u0000"}`, `{"ALG":"HS256"}`, `{"Alg":"HS256"}`,
		`{"alg":"HS384"}`, `{"alg":"HS512"}`, `{"alg":"RS256"}`, `{"alg":"ES256"}`, `{"alg":"EdDSA"}`, `{"alg":"dir"}`, `{"alg":"` + strings.Repeat("A", 4000) + `"}`,
	} {
		token := compact(t, "HS256", header, string(payload))
		j.refuses(t, token, badAlgorithm, authjwt.ErrJWTDecode, jwt.ErrTokenSignatureInvalid)
		old.assertFastAPI(t, old.get("Bearer "+token), http.StatusUnprocessableEntity, badAlgorithm.detail)
	}
	for _, header := range []string{`{"alg":"HS256"}`, `{"alg":"H\u0053256"}`, `{"alg":"HS256","ALG":"none"}`} {
		j.accepts(t, compact(t, "HS256", header, string(payload)))
	}
}

func TestH11_EveryMethodIsProtected(t *testing.T) {
	for name, guardian := range everyGuard(newManager(t)) {
		t.Run(name, func(t *testing.T) { everyMethodIsProtected(t, name, guardian) })
	}
}

func everyMethodIsProtected(t *testing.T, name string, guardian gin.HandlerFunc) {
	j := newJudge(t)
	j.guardWith(t, guardian)
	good := mustCreate(t, j.m, authjwt.WithFresh())
	if strings.Contains(name, "Refresh") {
		var err error
		good, err = j.m.CreateRefreshToken("alice")
		require.NoError(t, err)
	}
	for _, method := range []string{"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "CONNECT", "TRACE"} {
		for field, want := range map[string]outcome{"": noCred, "Bearer x": inv("token_malformed", "Not enough segments"), "Bearer" + good: badHeader} {
			req := httptest.NewRequest(method, "/", nil)
			// What a preflight carries opens nothing: CORS goes before the guard.
			req.Header.Set("Origin", "https://app.example")
			req.Header.Set("Access-Control-Request-Method", "GET")
			req.Header.Set("Authorization", field)
			if rec := j.do(req); want == noCred && strings.Contains(name, "Optional") {
				j.assertAccepted(t, rec)
			} else {
				j.assertRefused(t, rec, want)
				assertError(t, j.left, want)
			}
		}
		req := httptest.NewRequest(method, "/", nil)
		req.Header.Set("Authorization", "Bearer "+good)
		j.assertAccepted(t, j.do(req))
	}
}

// A text of the largest size is still looked through for whose fault it is; a longer one is too long, whatever is in it.
func TestH03_LargestHeader(t *testing.T) {
	j := newJudge(t)
	text := strings.Repeat("x", 4096) + "," + strings.Repeat("x", 4095)
	j.assertRefused(t, j.get("Bearer "+text), badHeader)
	assert.ErrorIs(t, j.left, authjwt.ErrInvalidHeader)
	j.assertRefused(t, j.get("Bearer "+text+"x"), isTooLong.outcome)
	assert.NotErrorIs(t, j.left, authjwt.ErrInvalidHeader)
	j.assertAccepted(t, j.get("Bearer "+mustCreate(t, j.m)))
}
