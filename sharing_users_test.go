package authjwt_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/assert"

	"github.com/gin-authjwt/authjwt"
)

// A thousand users at once, by header and by cookie, some anonymous in between and some refused, see their own claims alone.
func TestS07_AThousandUsers(t *testing.T) {
	type named struct {
		Name string `json:"name"`
	}
	for name, edit := range map[string]func(s *authjwt.Settings){
		"secret": func(*authjwt.Settings) {},
		"key pair, remembered": func(s *authjwt.Settings) { // fewer than there are, so that tokens are forgotten meanwhile
			s.SecretKey, s.PrivateKey, s.VerifiedTokenCache = "", ed25519Key(), 300
		},
	} {
		t.Run(name, func(t *testing.T) {
			m := newManager(t, locatedAt(authjwt.Headers, authjwt.Cookies), unheard, func(s *authjwt.Settings) {
				s.LoadUser = func(_ context.Context, token *authjwt.Token) (any, error) { return &named{token.Subject}, nil }
			}, edit)
			who := func(c *gin.Context) {
				a := authjwt.FromContext(c)
				if a.Token() == nil {
					c.String(http.StatusOK, "nobody")
					return
				}
				subject := a.Subject()
				runtime.Gosched()
				user, err := authjwt.User[*named](c)
				assert.NoError(t, err)
				runtime.Gosched()
				own, err := authjwt.ClaimsAs[named](a.Token())
				assert.NoError(t, err)
				fromContext, _ := authjwt.TokenFromContext(a.Context())
				c.String(http.StatusOK, "%s %s %s %s", subject, user.Name, own.Name, fromContext.Subject)
			}
			r := gin.New()
			r.Any("/", m.Optional(), who)
			r.Any("/fresh", m.FreshRequired(), who)
			together(1000, func(i int) {
				user := fmt.Sprintf("user-%d", i)
				token := must(m.CreateAccessToken(user, authjwt.WithClaims(named{user})))
				csrf := must(m.Verify(t.Context(), token, authjwt.Access)).CSRFToken()
				whole := user + " " + user + " " + user + " " + user
				byHeader := func(path string) *http.Request {
					req := request(http.MethodPost, "Authorization", "Bearer "+token)
					req.URL.Path = path
					return req
				}
				for n, row := range [...]struct {
					req    *http.Request
					status int
					body   string // empty: a refusal
				}{
					{byHeader("/"), 200, whole},
					{request(http.MethodGet), 200, "nobody"},
					{withCookie(http.MethodPost, token, csrf), 200, whole},
					{byHeader("/fresh"), 401, ""},
					{withCookie(http.MethodPost, token, csrf+"x"), 403, ""},
				} {
					if n > 0 && (i+n)%2 == 0 { // each his own order of visits
						continue
					}
					rec := httptest.NewRecorder()
					r.ServeHTTP(rec, row.req)
					assert.Equal(t, row.status, rec.Code)
					if row.body != "" {
						assert.Equal(t, row.body, rec.Body.String())
					} else {
						assert.NotContains(t, rec.Body.String(), "user")
					}
				}
			})
		})
	}
}
