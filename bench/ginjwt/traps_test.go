package ginjwt

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	jwt "github.com/appleboy/gin-jwt/v2"
	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

// traps ask both for each row of the page's table; its cells begin with what they answer.
var traps = map[string]func(t *testing.T) (old, new string){
	"A token that is over is refreshed within `MaxRefresh`": func(t *testing.T) (string, string) {
		before, after := oldSite(t), newSite(t)
		_, refresh := after.login(t, "admin")
		after.now = after.now.Add(time.Hour)
		// outside the guard the token counts until it was made an hour ago
		mw := oldSite(t, func(mw *jwt.GinJWTMiddleware) { mw.Timeout, mw.MaxRefresh = time.Minute, 3*time.Hour })
		r := engine()
		r.GET("/auth/refresh_token", mw.old.RefreshHandler)
		outside := &site{Handler: r, old: mw.old}
		require.Equal(t, http.StatusOK, outside.refresh(mw.expired(t)).Code)
		return code(before.refresh(before.expired(t)).Code), code(after.refresh(refresh).Code)
	},
	"A client refreshes again and again": func(t *testing.T) (string, string) {
		before, after := oldSite(t), newSite(t, func(s *authjwt.Settings) { s.SessionExpires = 24 * time.Hour })
		for _, s := range []*site{before, after} { // gin-jwt's parser goes by the real time, so that its clock stands in the past
			s.now = s.now.Add(-25 * time.Hour)
		}
		before.old.Timeout = 26 * time.Hour
		old := before.refresher(t)
		latest := after.refresher(t)
		var last [2]int
		for range 50 {
			before.now, after.now = before.now.Add(30*time.Minute), after.now.Add(30*time.Minute)
			rec := before.refresh(old)
			if last[0] = rec.Code; rec.Code == http.StatusOK {
				old, _ = tokensIn(t, rec)
			}
			rec = after.refresh(latest)
			if last[1] = rec.Code; rec.Code == http.StatusOK {
				_, latest = tokensIn(t, rec)
			}
		}
		return code(last[0]), code(last[1])
	},
	"A user was given another role, and refreshes": func(t *testing.T) (string, string) {
		role := "guest"
		before := oldSite(t, func(mw *jwt.GinJWTMiddleware) {
			mw.PayloadFunc = func(any) jwt.MapClaims { return jwt.MapClaims{identityKey: "admin", "role": role} }
		})
		after := newSiteWith(t, func(r *gin.Engine, auth *authjwt.Manager) {
			auth.Mount(r, authjwt.Routes{Login: checkPassword, Claims: func(context.Context, string) (any, error) { return payload{role}, nil }})
		})
		old, new := before.refresher(t), after.refresher(t)
		role = "owner"
		oldNext, _ := tokensIn(t, before.refresh(old))
		newNext, _ := tokensIn(t, after.refresh(new))
		says := map[any]string{"guest": "the old one", "owner": "the new one"}
		return says[decoded(t, oldNext, 1)["role"]], says[decoded(t, newNext, 1)["role"]]
	},
	"A cookie ends": func(t *testing.T) (string, string) {
		before := oldSite(t, func(mw *jwt.GinJWTMiddleware) { mw.SendCookie = true })
		after := newSite(t, func(s *authjwt.Settings) {
			s.TokenLocation, s.PersistentCookies = []authjwt.Location{authjwt.Cookies}, true
		})
		var ages []string
		for _, s := range []*site{before, after} {
			for _, c := range s.post("/login", loginAs("admin")).Result().Cookies() {
				if strings.HasPrefix(c.Value, "eyJ") {
					ages = append(ages, (time.Duration(c.MaxAge) * time.Second).String())
				}
			}
		}
		require.Equal(t, []string{"1h0m0s", "15m0s", "720h0m0s"}, ages)
		return "with its token", "with its token"
	},
	"A token without the identity": func(t *testing.T) (string, string) {
		before := oldSite(t)
		text := signedByOld(t, before, jwt.MapClaims{"exp": time.Now().Unix() + 60})
		return code(before.hello(text).Code), code(newSite(t).hello(text).Code)
	},
	"A refresh without `orig_iat`": func(t *testing.T) (string, string) {
		before := oldSite(t)
		text := signedByOld(t, before, jwt.MapClaims{"id": "admin", "exp": time.Now().Unix() + 60})
		return code(before.refresh(text).Code), code(newSite(t).refresh(text).Code)
	},
	"A guest asks a route that is for users, too": func(t *testing.T) (string, string) {
		after := newSiteWith(t, func(r *gin.Engine, auth *authjwt.Manager) { r.GET("/auth/hello", auth.Optional(), ok) })
		require.Equal(t, http.StatusUnauthorized, after.hello("x").Code)
		return code(oldSite(t).get("/auth/hello").Code), code(after.get("/auth/hello").Code)
	},
	"`DisabledAbort`": func(t *testing.T) (string, string) {
		before := oldSite(t, func(mw *jwt.GinJWTMiddleware) { mw.DisabledAbort = true })
		r := engine()
		r.GET("/auth/hello", before.old.MiddlewareFunc(), func(c *gin.Context) { c.String(http.StatusOK, "secret") })
		after := newSiteWith(t, func(r *gin.Engine, auth *authjwt.Manager) {
			r.GET("/auth/hello", func(c *gin.Context) { _ = auth.Bind(c).JWTRequired(); c.String(http.StatusOK, "secret") })
		})
		says := map[bool]string{true: "the handler answers", false: "not even a handler that forgets to return"}
		return says[strings.Contains((&site{Handler: r}).get("/auth/hello").Body.String(), "secret")],
			says[strings.Contains(after.get("/auth/hello").Body.String(), "secret")]
	},
	"A handler before its guard: `r.GET(path, handler, guard)`": func(t *testing.T) (string, string) {
		before, after := oldSite(t), newSite(t)
		r, n := engine(), engine()
		r.GET("/auth/hello", func(c *gin.Context) { c.JSON(http.StatusOK, jwt.ExtractClaims(c)) }, before.old.MiddlewareFunc())
		n.GET("/auth/hello", func(c *gin.Context) { c.String(http.StatusOK, authjwt.FromContext(c).Subject()) }, after.auth.Required())
		return code((&site{Handler: r}).get("/auth/hello").Code), code((&site{Handler: n}).get("/auth/hello").Code)
	},
	"A number of 17 digits": func(t *testing.T) (string, string) {
		const id int64 = 10000000000000001
		before := oldSite(t, func(mw *jwt.GinJWTMiddleware) {
			mw.PayloadFunc = func(any) jwt.MapClaims { return jwt.MapClaims{identityKey: "admin", "number": id} }
		})
		r := engine()
		r.GET("/auth/hello", before.old.MiddlewareFunc(), func(c *gin.Context) {
			c.String(http.StatusOK, fmt.Sprint(int64(jwt.ExtractClaims(c)["number"].(float64)) == id))
		})
		access, _ := before.login(t, "admin")
		before.Handler = r
		after := newSite(t)
		text, err := after.auth.CreateAccessToken("admin", authjwt.WithClaims(gin.H{"number": id}))
		require.NoError(t, err)
		verified, err := after.auth.Verify(t.Context(), text, authjwt.Access)
		require.NoError(t, err)
		claims, err := authjwt.ClaimsAs[map[string]any](verified)
		require.NoError(t, err)
		says := map[string]string{"true": "keeps", "false": "loses"}
		return says[before.hello(access).Body.String()] + " digits", says[fmt.Sprint(fmt.Sprint(claims["number"]) == fmt.Sprint(id))] + " them"
	},
	"A test sets `TimeFunc`, and lives in the past": func(t *testing.T) (string, string) {
		before, after := oldSite(t), newSite(t)
		for _, s := range []*site{before, after} {
			access, _ := s.login(t, "admin")
			require.Equal(t, http.StatusOK, s.hello(access).Code)
			s.now = s.now.Add(-2 * time.Hour)
		}
		old, _ := before.login(t, "admin")
		new, _ := after.login(t, "admin")
		return code(before.hello(old).Code), code(after.hello(new).Code)
	},
	"The login's answer shall name the user": func(t *testing.T) (string, string) {
		before := oldSite(t, func(mw *jwt.GinJWTMiddleware) {
			check := mw.Authenticator
			mw.Authenticator = func(c *gin.Context) (any, error) { c.Set("name", "admin"); return check(c) }
			mw.LoginResponse = func(c *gin.Context, _ int, _ string, _ time.Time) { c.String(http.StatusOK, c.GetString("name")) }
		})
		after := newSiteWith(t, func(r *gin.Engine, auth *authjwt.Manager) {
			auth.Mount(r, authjwt.Routes{
				Login:   func(c *gin.Context) (string, error) { c.Set("name", "admin"); return "admin", nil },
				Respond: func(c *gin.Context, _ authjwt.TokenPair) { c.String(http.StatusOK, c.GetString("name")) },
			})
		})
		for _, s := range []*site{before, after} {
			require.Equal(t, "admin", s.post("/login", loginAs("admin")).Body.String())
		}
		return "`c.Set`", "the same"
	},
}

func ok(c *gin.Context) { c.Status(http.StatusOK) }

func code(status int) string { return fmt.Sprint(status) }

// What the page tells of traps is so, with both.
func TestPage_Traps(t *testing.T) {
	var rows []string
	for _, cells := range tableRows(t, sectionOf(t, "Traps"), "What", "gin-jwt", "Here") {
		what, _, _ := strings.Cut(cells[0], " ([")
		rows = append(rows, what)
		t.Run(what, func(t *testing.T) {
			ask := traps[what]
			require.NotNil(t, ask, "a row without a test")
			old, new := ask(t)
			assert.Truef(t, strings.HasPrefix(cells[1], old), "gin-jwt: %s", old)
			assert.Truef(t, strings.HasPrefix(cells[2], new), "here: %s", new)
		})
	}
	assert.ElementsMatch(t, slices.Collect(maps.Keys(traps)), rows, "every trap has one row")
}
