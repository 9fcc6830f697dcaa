package authjwt_test

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

// FuzzAuthorization sends any field Authorization, and a second one, to both kinds of guard, where a dollar sign stands for a good token. It
// counts where it is a scheme, blanks and the token, by a pattern of RFC 9110 §11.4 and nothing else.
func FuzzAuthorization(f *testing.F) {
	for _, field := range []string{"", "Bearer $", "bearer $", "Bearer  $ ", "\tBEARER \t$\t", "Bearer", "Bearer ", "Bearer$", "Bearer $ $", "Bearer $,", "Bearer, $", "Basic $", "$", " $ ", "JWT $", "Bearer \"$\"", "Bearer token=$", "Bearer x", "Bearer \n$", "Bearer\u00a0$", "Béarer $"} {
		for style := range uint8(6) {
			f.Add(field, "", false, style)
			f.Add(field, field, true, style)
		}
	}
	for _, seed := range publicSeeds(f) {
		f.Add("Bearer "+seed, "", false, uint8(0))
	}
	good := signedClaims(f, claims(nil))
	type reader struct {
		router      *gin.Engine
		good, tried *regexp.Regexp // fields with the good token, and with any
	}
	var readers []reader
	for _, style := range []authjwt.ErrorStyle{authjwt.RFC6750, authjwt.FastAPI} {
		for _, scheme := range []string{"Bearer", "JWT", ""} {
			r := gin.New()
			auth := newManager(f, func(s *authjwt.Settings) {
				if s.Errors, s.HeaderType = style, scheme; scheme == "" {
					s.HeaderType = authjwt.NoHeaderType
				}
			})
			user := func(c *gin.Context) { c.String(http.StatusOK, authjwt.FromContext(c).Subject()) }
			r.GET("/required", auth.Required(), user)
			r.GET("/optional", auth.Optional(), user)
			begin, blanks := `(?s)^[ \t]*(?i:`+scheme+`)`, `[ \t]+`
			if scheme == "" {
				blanks = ""
			}
			readers = append(readers, reader{r, regexp.MustCompile(begin + blanks + regexp.QuoteMeta(good) + `[ \t]*$`), regexp.MustCompile(begin + `[ \t]*[^ \t]`)})
		}
	}
	f.Fuzz(func(t *testing.T, first, second string, two bool, which uint8) {
		of := readers[int(which)%len(readers)]
		fields := []string{strings.ReplaceAll(first, "$", good)}
		if two {
			fields = append(fields, strings.ReplaceAll(second, "$", good))
		}
		get := func(path string) *httptest.ResponseRecorder {
			req, rec := httptest.NewRequest(http.MethodGet, path, nil), httptest.NewRecorder()
			req.Header["Authorization"] = fields
			of.router.ServeHTTP(rec, req)
			require.NotContains(t, rec.Body.String(), good)
			return rec
		}
		required, optional := get("/required"), get("/optional")
		if !two && of.good.MatchString(fields[0]) {
			require.Equal(t, []any{200, "alice", 200, "alice"}, []any{required.Code, required.Body.String(), optional.Code, optional.Body.String()})
			return
		}
		require.Contains(t, []int{400, 401, 422}, required.Code, "%q", fields)
		if optional.Code == http.StatusOK {
			require.Empty(t, optional.Body.String(), "%q", fields)
			require.False(t, two || of.tried.MatchString(fields[0]), "a bad credential passes: %q", fields)
			return
		}
		require.Equal(t, required.Code, optional.Code, "%q", fields)
	})
}
