package authjwt_test

import (
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

// What keeps two areas apart by itself: with each of them Distinct says nothing.
var waysApart = map[string]func(a, b *authjwt.Settings){
	"keys": func(a, b *authjwt.Settings) {},
	"issuers": func(a, b *authjwt.Settings) {
		b.SecretKey, a.DecodeIssuer, b.DecodeIssuer = a.SecretKey, "staff", "customers"
	},
	"audiences": func(a, b *authjwt.Settings) {
		b.SecretKey, a.DecodeAudience, b.DecodeAudience = a.SecretKey, []string{"staff"}, []string{"customers"}
	},
	"an audience in one": func(a, b *authjwt.Settings) { b.SecretKey, a.DecodeAudience = a.SecretKey, []string{"staff"} },
}

// A token of one area counts nowhere in the other, wherever a request carries it, as what type soever.
func TestAreas_TokensDoNotCross(t *testing.T) {
	for way, edit := range waysApart {
		staff, customers := areas(t, edit)
		require.NoError(t, authjwt.Distinct(staff, customers), way)
		names := map[*authjwt.Manager]string{staff: "staff", customers: "customers"}
		for _, pair := range [][2]*authjwt.Manager{{staff, customers}, {customers, staff}} {
			own, other := pair[0], pair[1]
			for _, kind := range []authjwt.TokenType{authjwt.Access, authjwt.Refresh} {
				guardian, create, cookie := own.Required(), (*authjwt.Manager).CreateAccessToken, names[own]+"_access"
				if kind == authjwt.Refresh {
					guardian, create, cookie = own.RefreshRequired(), (*authjwt.Manager).CreateRefreshToken, names[own]+"_refresh"
				}
				good, foreign := must(create(own, "alice")), must(create(other, "alice"))
				g := guard(t, other.ErrorMiddleware(), guardian) // both are bound
				for place, carrying := range map[string]func(token string) *http.Request{
					"header": func(token string) *http.Request { return request("GET", "Authorization", "Bearer "+token) },
					"cookie": func(token string) *http.Request { return request("GET", "Cookie", cookie+"="+token) },
					"query": func(token string) *http.Request {
						return httptest.NewRequest("GET", "https://example.com/?token="+token, nil)
					},
					"body": func(token string) *http.Request {
						req := httptest.NewRequest("POST", "https://example.com/", strings.NewReader(fmt.Sprintf(`{"%s_token":%q}`, kind, token)))
						req.Header.Set("Content-Type", "application/json")
						return req
					},
				} {
					t.Run(strings.Join([]string{way, names[own], string(kind), place}, "/"), func(t *testing.T) {
						if place == "query" && kind == authjwt.Refresh { // never taken from there
							assert.Equal(t, 401, g.do(carrying(good)).Code)
							return
						}
						g.assertAccepted(t, g.do(carrying(good)))
						rec := g.do(carrying(foreign))
						assert.False(t, g.ran)
						assert.Equal(t, 401, rec.Code, rec.Body)
						assert.Contains(t, rec.Body.String(), `"code":"token_`)
						assert.Empty(t, rec.Header()["Set-Cookie"])
						_, err := own.Verify(t.Context(), foreign, kind)
						assert.ErrorIs(t, err, authjwt.ErrJWTDecode)
					})
				}
				rec := g.do(request("GET", "Cookie", strings.Replace(cookie, names[own], names[other], 1)+"="+foreign))
				assert.Equal(t, 401, rec.Code)
				assert.Contains(t, rec.Body.String(), "missing_token", "the other's cookie is none")
			}
		}
	}
}

// A visitor has a browser, with cookies of both areas of one program.
type visitor struct {
	t   *testing.T
	jar *cookiejar.Jar
	app http.Handler
}

// do sends a request with the cookies of the jar, and with the CSRF value of the cookie named.
func (b *visitor) do(method, path, csrf string) (status int, body string) {
	b.t.Helper()
	req := httptest.NewRequest(method, "https://example.com"+path, nil)
	for _, cookie := range b.jar.Cookies(req.URL) {
		req.AddCookie(cookie)
		if cookie.Name == csrf {
			req.Header.Set("X-CSRF-Token", cookie.Value)
		}
	}
	rec := httptest.NewRecorder()
	b.app.ServeHTTP(rec, req)
	b.jar.SetCookies(req.URL, rec.Result().Cookies())
	return rec.Code, rec.Body.String()
}

func (b *visitor) cookies() (names []string) {
	for _, cookie := range b.jar.Cookies(&url.URL{Scheme: "https", Host: "example.com", Path: "/"}) {
		names = append(names, cookie.Name)
	}
	return names
}

// Two logins of one browser, and of one name, in two areas: each ends by itself, on the server and in the jar.
func TestAreas_LoginsAreApart(t *testing.T) {
	for way, edit := range waysApart {
		for _, oneStore := range []bool{false, true} {
			t.Run(fmt.Sprint(way, ", one store: ", oneStore), func(t *testing.T) {
				staff, customers := areas(t, func(a, b *authjwt.Settings) {
					edit(a, b)
					a.TokenLocation, b.TokenLocation = []authjwt.Location{authjwt.Cookies}, []authjwt.Location{authjwt.Cookies}
					if oneStore {
						b.Store = a.Store // under two names
					}
				})
				require.NoError(t, authjwt.Distinct(staff, customers))
				r := gin.New()
				routes := authjwt.Routes{Login: func(*gin.Context) (string, error) { return "alice", nil }}
				for prefix, m := range map[string]*authjwt.Manager{"/staff": staff, "/shop": customers} {
					group := r.Group(prefix)
					m.Mount(group, routes)
					group.Any("/me", m.Required(), func(c *gin.Context) { c.String(http.StatusOK, prefix+" "+m.Bind(c).Subject()) })
				}
				jar, err := cookiejar.New(nil)
				require.NoError(t, err)
				b := &visitor{t, jar, r}
				get := func(path string) int { status, _ := b.do("GET", path, ""); return status }
				login := func(path string) {
					status, body := b.do("POST", path, "")
					require.Equal(t, 200, status, body)
				}

				login("/staff/login")
				assert.Equal(t, []int{200, 401}, []int{get("/staff/me"), get("/shop/me")})
				login("/shop/login")
				assert.Equal(t, []int{200, 200}, []int{get("/staff/me"), get("/shop/me")})
				assert.Len(t, b.cookies(), 8)
				status, body := b.do("POST", "/shop/me", "staff_csrf")
				assert.Equal(t, 403, status, "the other's CSRF value: %s", body)
				status, _ = b.do("POST", "/shop/me", "customers_csrf")
				assert.Equal(t, 200, status)
				status, _ = b.do("DELETE", "/shop/logout", "staff_csrf")
				assert.Equal(t, 403, status)

				stolen := jar.Cookies(&url.URL{Scheme: "https", Host: "example.com", Path: "/"})
				status, body = b.do("DELETE", "/staff/logout", "staff_csrf")
				assert.Equal(t, 200, status, body)
				assert.Len(t, b.cookies(), 4)
				assert.Equal(t, []int{401, 200}, []int{get("/staff/me"), get("/shop/me")})
				jar.SetCookies(&url.URL{Scheme: "https", Host: "example.com", Path: "/"}, stolen)
				assert.Equal(t, []int{401, 200}, []int{get("/staff/me"), get("/shop/me")}, "the server has ended the one, not the other")
				status, body = b.do("POST", "/shop/refresh", "customers_refresh_csrf")
				assert.Equal(t, 200, status, body)

				login("/staff/login")
				require.NoError(t, staff.RevokeSubject(t.Context(), "alice"))
				assert.Equal(t, []int{401, 200}, []int{get("/staff/me"), get("/shop/me")}, "her namesake stays")
				require.NoError(t, customers.RevokeSubject(t.Context(), "alice"))
				assert.Equal(t, []int{401, 401}, []int{get("/staff/me"), get("/shop/me")})
			})
		}
	}
}
