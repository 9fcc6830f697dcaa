package authjwt_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

// FuzzCookies sends any fields Cookie, where $ stands for a good token and % for another user's, and any CSRF value, where $ stands for the
// right one. A token counts where net/http reads it, and no other one beside it; for a POST the value must be right as well.
func FuzzCookies(f *testing.F) {
	const name = "access_token_cookie"
	for _, line := range []string{
		"", name + "=$", name + "=%", name + "=$; " + name + "=$", name + "=$; " + name + "=%", name + `="$"`, name + `="$`, name + "=$ ", name + " =$", " " + name + "=$;", "a=1; " + name + "=$; b=2", name, name + "=", name + "=x",
		name + "=%24", name + "=$,", name + "=$\n", name + "=$\x00", "x" + name + "=$", name + "x=$", "Access_token_cookie=$", `a="; ` + name + `=$"`, name + "=$;" + name, strings.Repeat("a=1;", 64) + name + "=$", "__Host-" + name + "=$", "csrf_access_token=$",
	} {
		f.Add(line, "", "$")
		f.Add(line, name+"=%", "$")
		f.Add(name+"=$", line, "x")
	}
	for _, seed := range publicSeeds(f) {
		f.Add(name+"="+seed, "", "$")
	}
	auth := newManager(f, inCookies)
	tokens, values := map[string]string{}, map[string]string{}
	for _, user := range []string{"alice", "bob"} {
		values[user] = "value-of-" + user
		tokens[user] = signedClaims(f, claims(map[string]any{"sub": user, "csrf": values[user]}))
	}
	replace := strings.NewReplacer("$", tokens["alice"], "%", tokens["bob"])
	r := gin.New()
	user := func(c *gin.Context) { c.String(http.StatusOK, authjwt.FromContext(c).Subject()) }
	r.GET("/", auth.Required(), user)
	r.POST("/", auth.Required(), user)
	f.Fuzz(func(t *testing.T, first, second, value string) {
		lines := []string{replace.Replace(first)}
		if second != "" {
			lines = append(lines, replace.Replace(second))
		}
		value = strings.ReplaceAll(value, "$", values["alice"])
		send := func(method string) *httptest.ResponseRecorder {
			req, rec := httptest.NewRequest(method, "/", nil), httptest.NewRecorder()
			req.Header["Cookie"] = slices.Clone(lines)
			req.Header["X-Csrf-Token"] = []string{value}
			r.ServeHTTP(rec, req)
			require.Equal(t, lines, req.Header["Cookie"])
			return rec
		}
		wanted := ""
		presented := (&http.Request{Header: http.Header{"Cookie": lines}}).CookiesNamed(name)
		for user, token := range tokens {
			if len(presented) > 0 && !slices.ContainsFunc(presented, func(c *http.Cookie) bool { return c.Value != token }) {
				wanted = user
			}
		}
		read, write := send(http.MethodGet), send(http.MethodPost)
		if wanted == "" {
			require.Contains(t, []int{400, 401}, read.Code, "%q", lines)
			require.Contains(t, []int{400, 401, 403}, write.Code, "%q", lines)
			return
		}
		require.Equal(t, []any{200, wanted}, []any{read.Code, read.Body.String()}, "%q", lines)
		if value == values[wanted] {
			require.Equal(t, []any{200, wanted}, []any{write.Code, write.Body.String()}, "%q", lines)
		} else {
			require.Equal(t, http.StatusForbidden, write.Code, "%q, %q", lines, value)
		}
	})
}
