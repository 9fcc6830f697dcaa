package authjwt_test

import (
	"net/http"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

// A parting is a row of the table about leaving the preset: a service with an issuer, without and with the change.
type parting struct{ before, after *authjwt.Manager }

// partings check what the rows say is changed, by the first field of each.
var partings = map[string]func(t *testing.T, p parting){
	"ClockSkew": func(t *testing.T, p parting) {
		ahead := signedClaims(t, claims(claim{"iss": "us", "iat": testNow.Unix() + 5, "nbf": testNow.Unix() + 5}))
		answers(t, 422, p.before.Required(), bearing(ahead))
		answers(t, 200, p.after.Required(), bearing(ahead))
	},
	"KeyID": func(t *testing.T, p parting) {
		pair := func(id string) *authjwt.Manager {
			return newManager(t, signsWith("EdDSA"), func(s *authjwt.Settings) { s.KeyID = id })
		}
		assert.Empty(t, kid(mustCreate(t, pair(authjwt.NoKeyID))))
		assert.NotEmpty(t, kid(mustCreate(t, pair(""))))
		answers(t, 200, pair("").Required(), bearing(mustCreate(t, pair(authjwt.NoKeyID))))
	},
	"InsecureCookies": func(t *testing.T, p parting) {
		for m, safe := range map[*authjwt.Manager]bool{p.before: false, p.after: true} {
			rec := guard(t, m.LoginHandler(loginAs("alice"))).do(request("POST"))
			for _, c := range setCookies(t, rec) {
				assert.Equal(t, safe, c.Secure && c.SameSite == http.SameSiteLaxMode, c)
			}
		}
	},
	"IntegerSubjects": func(t *testing.T, p parting) {
		python := signedClaims(t, claims(claim{"iss": "us", "sub": 1}))
		answers(t, 200, p.before.Required(), bearing(python))
		answers(t, 422, p.after.Required(), bearing(python))
	},
	"Errors": func(t *testing.T, p parting) {
		answers(t, 422, p.before.Required(), bearing("x"))
		answers(t, 401, p.after.Required(), bearing("x"))
		answers(t, 401, p.before.Required(), withCookie("POST", mustCreate(t, p.before), ""))
		answers(t, 403, p.after.Required(), withCookie("POST", mustCreate(t, p.after), ""))
		rec := guard(t, p.after.Required()).do(bearing("x"))
		assert.JSONEq(t, `{"detail":"Not enough segments","code":"token_malformed"}`, rec.Body.String())
		assert.NotEmpty(t, rec.Header().Get("WWW-Authenticate"))
		bad := withCookie("GET", mustCreate(t, p.before), "", "Authorization", "Bearer x")
		answers(t, 422, p.before.Required(), bad)
		answers(t, 200, p.after.Required(), bad) // Cookies stands first
	},
	"EncodeIssuer": func(t *testing.T, p parting) {
		old, err := p.before.CreateRefreshToken("alice")
		require.NoError(t, err)
		answers(t, 200, p.before.RefreshRequired(), bearing(old))
		answers(t, 401, p.after.RefreshRequired(), bearing(old))
		answers(t, 200, p.after.Required(), bearing(mustCreate(t, p.before)))
	},
	"KeepRefreshToken": func(t *testing.T, p parting) {
		old, err := p.before.CreateRefreshToken("alice")
		require.NoError(t, err)
		refresh := func(m *authjwt.Manager) (next string, err error) {
			c := testContext()
			c.Request = bearing(old)
			pair, err := m.Bind(c).Refresh()
			return pair.RefreshToken, err
		}
		next, err := refresh(p.before)
		require.NoError(t, err)
		assert.Empty(t, next)
		next, err = refresh(p.after)
		require.NoError(t, err)
		assert.NotEmpty(t, next)
	},
}

// Row by row the fields of the preset are left out, and at the end none is left.
func TestDocs_MigrateLeaving(t *testing.T) {
	_, section, found := strings.Cut(readMigratePage(t), "\n## Leaving the preset\n")
	require.True(t, found)
	section, _, _ = strings.Cut(section, "\n## ")
	s := authjwt.FastAPIJWTAuth()
	s.SecretKey, s.EncodeIssuer, s.DecodeIssuer = testSecret, "us", "us"
	s.TokenLocation = []authjwt.Location{authjwt.Cookies, authjwt.Headers}
	s.Now = func() time.Time { return testNow }
	zero := authjwt.Settings{SecretKey: s.SecretKey, TokenLocation: s.TokenLocation, EncodeIssuer: "us", DecodeIssuer: "us"}
	done := 0
	for _, row := range regexp.MustCompile("(?m)^\\| ((?:`\\w+` ?)+) \\|").FindAllStringSubmatch(section, -1) {
		before := newManager(t, func(set *authjwt.Settings) { *set = s })
		fields := strings.Fields(strings.ReplaceAll(row[1], "`", ""))
		for _, name := range fields {
			field := reflect.ValueOf(&s).Elem().FieldByName(name)
			require.True(t, field.IsValid(), name)
			preset := reflect.ValueOf(authjwt.FastAPIJWTAuth()).FieldByName(name)
			assert.False(t, preset.IsZero(), "the preset has no %s", name)
			if !field.Equal(reflect.ValueOf("us")) { // the issuer stays, in the place of NoIssuer
				field.SetZero()
			}
		}
		if fields[0] == "KeepRefreshToken" {
			s.Store = new(authjwt.MemoryStore)
		}
		after := newManager(t, func(set *authjwt.Settings) { *set = s })
		require.Contains(t, partings, fields[0])
		t.Run(fields[0], func(t *testing.T) {
			partings[fields[0]](t, parting{before, after})
			if fields[0] != "IntegerSubjects" { // who notices: nobody is logged out by his access token
				answers(t, 200, after.Required(), bearing(mustCreate(t, before)))
			}
		})
		done++
	}
	assert.Equal(t, len(partings), done)
	s.Store, s.Now = nil, nil
	assert.Equal(t, zero, s)
}

// While both run: Python's keys have no ID, its subjects may be numbers, and it knows neither ring nor Store.
func TestDocs_MigrateSideBySide(t *testing.T) {
	m := likePython(t)
	python := signedClaims(t, claims(claim{"sub": 7}))
	token, err := m.Verify(t.Context(), python, authjwt.Access)
	require.NoError(t, err)
	assert.Equal(t, "7", token.Subject)
	var written struct {
		Subject any `json:"sub"`
	}
	token, err = m.Verify(t.Context(), must(m.CreateAccessToken(token.Subject)), authjwt.Access)
	require.NoError(t, err)
	require.NoError(t, token.Decode(&written))
	assert.Equal(t, "7", written.Subject)

	next := strings.ToUpper(testSecret)
	ring, err := authjwt.NewKeyRing(authjwt.Key{SecretKey: testSecret}, authjwt.Key{ID: "next", SecretKey: next, State: authjwt.KeyNext})
	require.NoError(t, err)
	both := likePython(t, func(s *authjwt.Settings) { s.SecretKey, s.KeyRing = "", ring })
	answers(t, 200, both.Required(), bearing(mustCreate(t, m)))
	answers(t, 200, both.Required(), bearing(mustCreate(t, likePython(t, func(s *authjwt.Settings) { s.SecretKey = next }))))

	// a Gin that is a second ahead is refused, and Python refuses what has its nbf, which may be left out
	now := signedClaims(t, claims(claim{"iat": testNow.Unix() + 1, "nbf": testNow.Unix() + 1}))
	answers(t, 422, m.Required(), bearing(now))
	answers(t, 200, likePython(t, func(s *authjwt.Settings) { s.ClockSkew = 0 }).Required(), bearing(now))
	token, err = m.Verify(t.Context(), mustCreate(t, likePython(t, func(s *authjwt.Settings) { s.OmitNotBefore = true })), authjwt.Access)
	require.NoError(t, err)
	assert.True(t, token.NotBefore.IsZero())

	for secret, accepted := range map[string]bool{"kH3-x": true, "secret": false} {
		_, err := authjwt.LoadConfig(func() (authjwt.Settings, error) {
			return authjwt.LoadSettings(claim{"authjwt_secret_key": secret, "authjwt_insecure_short_secret": true})
		})
		assert.Equal(t, accepted, err == nil, secret)
	}
}
