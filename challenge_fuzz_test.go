package authjwt_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

// FuzzChallenge refuses requests under any realm, scheme and scopes that start-up lets pass, for any field and any error of the
// application's. A challenge reads back as what it was made of, without an escape, and stands only where one is due.
func FuzzChallenge(f *testing.F) {
	for _, realm := range []string{"api", "it's realm=1, error=none; (~)", "", `a"b`, `a\b`, "a\r\nX-Injected: 1", "café", "a,b"} {
		for _, scope := range []string{"read", "a:b/c", `a"b`, "a b", ""} {
			f.Add(realm, "Bearer", scope, "Bearer x", "no, it's", 401)
			f.Add(realm, "JWT", scope, "$", "\"quoted\"\r\nX: 1", 403)
		}
	}
	for _, scheme := range []string{"(none)", "", "a b", "Bea\"rer", "é", "DPoP", "x-1"} {
		f.Add("api", scheme, "read", scheme+" $", "detail", 200)
	}
	good := signedClaims(f, claims(map[string]any{"scope": "granted"}))
	f.Fuzz(func(t *testing.T, realm, scheme, scope, field, detail string, status int) {
		auth, err := authjwt.New(authjwt.Settings{SecretKey: testSecret, Realm: realm, HeaderType: scheme, Now: func() time.Time { return testNow }})
		if err != nil {
			return
		}
		odd := &authjwt.Error{Status: status, Code: "odd", Detail: detail}
		r := gin.New()
		r.GET("/required", auth.Required())
		r.GET("/fresh", auth.FreshRequired())
		r.GET("/refresh", auth.RefreshRequired())
		r.GET("/changed", func(c *gin.Context) {
			var refusal *authjwt.Error
			_, err := auth.Verify(c, "x", authjwt.Access)
			require.ErrorAs(t, err, &refusal)
			changed := *refusal
			changed.Detail = detail
			auth.Bind(c).Abort(&changed)
		})
		r.GET("/odd", func(c *gin.Context) { auth.Bind(c).Abort(odd) })
		if !panicsWith("WithScopes", func() { r.GET("/scoped", auth.Required(authjwt.WithScopes("granted", scope))) }) {
			require.Regexp(t, `^[\x21\x23-\x5b\x5d-\x7e]+$`, scope) // RFC 6749 §3.3
		}
		if realm == "" {
			realm = "api"
		}
		if scheme == "" || scheme == authjwt.NoHeaderType {
			scheme = "Bearer"
		}
		for _, path := range []string{"/required", "/fresh", "/refresh", "/changed", "/odd", "/scoped"} {
			for _, sent := range []string{field, "Bearer " + good, scheme + " " + good, good} {
				req, rec := httptest.NewRequest(http.MethodGet, path, nil), httptest.NewRecorder()
				req.Header["Authorization"] = []string{sent}
				r.ServeHTTP(rec, req)
				fields := rec.Header()["Www-Authenticate"]
				due := rec.Code == http.StatusUnauthorized || path != "/odd" && (rec.Code == http.StatusBadRequest || rec.Code == http.StatusForbidden)
				require.Equal(t, map[bool]int{true: 1}[due], len(fields), "%s, %q: %d", path, sent, rec.Code)
				if !due {
					continue
				}
				rest, found := strings.CutPrefix(fields[0], scheme+" ")
				require.True(t, found, fields[0])
				_, params := parseChallenge(t, "Bearer "+rest)
				want := map[string]string{"realm": realm}
				if params["error"] != "" {
					require.NotEqual(t, "/odd", path)
					var body struct{ Detail string }
					require.NoError(t, json.Unmarshal(rec.Body.Bytes(), &body))
					want["error"], want["error_description"] = params["error"], strings.ReplaceAll(body.Detail, `"`, "'")
				}
				if path == "/changed" { // what no quotes can hold was replaced
					want["error_description"] = params["error_description"]
					if params["error"] == "" {
						delete(want, "error_description")
					}
				}
				if rec.Code == http.StatusForbidden {
					want["error"], want["scope"] = "insufficient_scope", "granted "+scope
				}
				require.Equal(t, want, params)
			}
		}
	})
}

// No JSON can hold such a text, so that 500 it is: as an answer, without the challenge of a 401, and for who reads what was left in the context.
func TestH12_TextThatIsNotUTF8(t *testing.T) {
	for name, row := range map[string]struct {
		err  *authjwt.Error
		want outcome
	}{
		"Detail": {&authjwt.Error{Status: 401, Code: "odd", Detail: "\xad"}, outcome{500, "internal_error", "Internal Server Error", "-"}},
		"Code":   {&authjwt.Error{Status: 401, Code: "\xad", Detail: "odd"}, outcome{500, "internal_error", "Internal Server Error", "-"}},
		"twin":   {&authjwt.Error{Status: 401, Code: "odd", Detail: "\u00ad"}, outcome{401, "odd", "\u00ad", ""}},
	} {
		t.Run(name, func(t *testing.T) {
			m := newManager(t)
			var left error
			g := guard(t, func(c *gin.Context) { c.Next(); left = c.Errors.Last().Err }, func(c *gin.Context) { m.Bind(c).Abort(row.err) })
			g.assertRefused(t, g.get(), row.want)
			var refusal *authjwt.Error
			require.ErrorAs(t, left, &refusal)
			assert.Equal(t, row.want.status, refusal.Status)
			assert.Equal(t, row.want.status == 500, errors.Is(left, authjwt.ErrInternal))
		})
	}
}
