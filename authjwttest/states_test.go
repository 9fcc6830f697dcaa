package authjwttest_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
	"github.com/gin-authjwt/authjwt/authjwttest"
	"github.com/gin-authjwt/authjwt/storetest"
)

// statesRow matches a row of the table of states: state, token, code, reason.
var statesRow = regexp.MustCompile("(?m)^\\| `(\\w+)` \\| [^|]+ \\| (?:`(\\w+)`|none) \\| (?:`(\\w+)`|none) \\|$")

// The table in docs/testing.md has every state, and each meets what stands there, as an access token and as a refresh token.
func TestStates_Table(t *testing.T) {
	page, err := os.ReadFile("../docs/testing.md")
	require.NoError(t, err)
	source, err := os.ReadFile("states.go")
	require.NoError(t, err)
	var declared, documented []string
	for _, found := range regexp.MustCompile(`(?m)^\t(\w+) +State = "(\w+)"$`).FindAllStringSubmatch(string(source), -1) {
		assert.Equal(t, found[1], found[2])
		declared = append(declared, found[1])
	}
	m := authjwttest.NewManager(t, func(s *authjwt.Settings) { s.DecodeIssuer = "https://shop.example" })
	app := newRouter(m.Manager)
	for _, row := range statesRow.FindAllStringSubmatch(string(page), -1) {
		state, code, reason := authjwttest.State(row[1]), row[2], row[3]
		documented = append(documented, row[1])
		fresh := authjwttest.Do(app, authjwttest.Request(t, "POST", "/password", m.Header(m.Token(state, "alice"))))
		if code == "" {
			authjwttest.AssertAccepted(t, fresh)
			continue
		}
		authjwttest.AssertRefused(t, fresh, &authjwt.Error{Code: code})
		assert.Contains(t, fresh.Header().Get("Authjwttest-Refusal"), reason+";", "%s", state)
		if state != authjwttest.NotFresh && state != authjwttest.WrongType { // of which refresh tokens know nothing, or another code
			refresh := authjwttest.Do(app, authjwttest.Request(t, "GET", "/session", m.Header(m.RefreshToken(state, "alice"))))
			authjwttest.AssertRefused(t, refresh, &authjwt.Error{Code: code})
		}
	}
	assert.Equal(t, declared, documented)
	refresh := authjwttest.Do(app, authjwttest.Request(t, "GET", "/session", m.Header(m.RefreshToken(authjwttest.WrongType, "alice"))))
	authjwttest.AssertRefused(t, refresh, authjwt.ErrRefreshTokenRequired)
	for _, good := range []authjwttest.State{authjwttest.Valid, authjwttest.NotFresh} {
		authjwttest.AssertAccepted(t, authjwttest.Do(app, authjwttest.Request(t, "GET", "/session", m.Header(m.RefreshToken(good, "alice")))))
	}
}

func pair(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	return private
}

// whatever are settings of all kinds with which the routes are protected all the same.
func whatever(t *testing.T) map[string]func(s *authjwt.Settings) {
	t.Helper()
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	require.NoError(t, err)
	p521, err := ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	require.NoError(t, err)
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	ring, err := authjwt.NewKeyRing(
		authjwt.Key{ID: "new", PrivateKey: ed}, authjwt.Key{ID: "old", SecretKey: strings.Repeat("0123456789abcdef", 4), State: authjwt.KeyNext})
	require.NoError(t, err)
	always := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	all := []authjwt.Location{authjwt.JSON, authjwt.Query, authjwt.Cookies, authjwt.Headers}
	return map[string]func(s *authjwt.Settings){
		"defaults":      func(s *authjwt.Settings) {},
		"HS512, key ID": func(s *authjwt.Settings) { s.Algorithm, s.KeyID = "HS512", "k" },
		"EdDSA":         func(s *authjwt.Settings) { s.PrivateKey = ed },
		"ES256, no kid": func(s *authjwt.Settings) { s.PrivateKey, s.KeyID = pair(t), authjwt.NoKeyID },
		"ES384":         func(s *authjwt.Settings) { s.PrivateKey = p384 },
		"ES512":         func(s *authjwt.Settings) { s.PrivateKey = p521 },
		"PS256, cache":  func(s *authjwt.Settings) { s.PrivateKey, s.Algorithm, s.VerifiedTokenCache = rsaKey, "PS256", 100 },
		"secret beside a public key, cache": func(s *authjwt.Settings) {
			s.SecretKey, s.PublicKey, s.VerifiedTokenCache = strings.Repeat("0123456789abcdef", 4), p384.Public(), 100
			s.Algorithm, s.DecodeAlgorithms = "HS256", []string{"HS256", "ES384"}
		},
		"KeyRing":         func(s *authjwt.Settings) { s.KeyRing = ring },
		"leeway, no skew": func(s *authjwt.Settings) { s.DecodeLeeway, s.ClockSkew = 5*time.Minute, authjwt.NoLeeway },
		"no expiry": func(s *authjwt.Settings) {
			s.AccessTokenExpires, s.RefreshTokenExpires = authjwt.NoExpiry, authjwt.NoExpiry
		},
		"issuer and audience": func(s *authjwt.Settings) { s.EncodeIssuer, s.EncodeAudience = "https://shop.example", []string{"shop"} },
		"other audience":      func(s *authjwt.Settings) { s.EncodeAudience, s.DecodeAudience = []string{"a", "b"}, []string{"b"} },
		"no Store":            func(s *authjwt.Settings) { s.Store = nil },
		"own clock":           func(s *authjwt.Settings) { s.Now = func() time.Time { return always } },
		"header":              func(s *authjwt.Settings) { s.HeaderName, s.HeaderType = "X-Token", authjwt.NoHeaderType },
		"scheme":              func(s *authjwt.Settings) { s.HeaderType = "JWT" },
		"everywhere":          func(s *authjwt.Settings) { s.TokenLocation = all },
		"everywhere, FastAPI": func(s *authjwt.Settings) { s.TokenLocation, s.Errors = all, authjwt.FastAPI },
		"everywhere, FastJWT": func(s *authjwt.Settings) { s.TokenLocation, s.Errors = all, authjwt.FastJWTStyle },
		"names": func(s *authjwt.Settings) {
			s.TokenLocation, s.QueryStringName, s.JSONKey, s.RefreshJSONKey = all, "a b", "j", "r"
		},
		"cookies, names": func(s *authjwt.Settings) {
			cookies(s)
			s.AccessCookieKey, s.RefreshCookieKey, s.AccessCSRFHeaderName, s.RefreshCSRFHeaderName, s.CookieScheme = "a", "r", "X-A", "X-R", "Bearer"
		},
		"cookies, no CSRF":      func(s *authjwt.Settings) { cookies(s); s.InsecureDisableCSRF = true },
		"cookies, CSRF methods": func(s *authjwt.Settings) { cookies(s); s.CSRFMethods = []string{"GET"} },
		"error handler": func(s *authjwt.Settings) {
			s.ErrorHandler = func(c *gin.Context, _ *authjwt.Error) { c.Redirect(303, "/") }
		},
		"FastAPIJWTAuth": func(s *authjwt.Settings) { *s = authjwt.FastAPIJWTAuth(); s.TokenLocation = all },
		"FastJWT":        func(s *authjwt.Settings) { *s = authjwt.FastJWT(); s.TokenLocation = all },
		"OAuth2Cookie":   func(s *authjwt.Settings) { *s = authjwt.OAuth2Cookie(); s.RefreshCookiePath = "/" },
		"callbacks": func(s *authjwt.Settings) {
			s.Store = nil
			s.TokenInDenylist = func(context.Context, *authjwt.Token) (bool, error) { return false, nil }
			s.Validate = func(_ context.Context, t *authjwt.Token) error {
				if t.Subject != "alice" {
					return authjwt.ErrInternal
				}
				return nil
			}
		},
	}
}

// Every state is what it says with keys, lifetimes, names and locations of all kinds.
func TestStates_WhateverTheSettings(t *testing.T) {
	for name, edit := range whatever(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := authjwttest.NewManager(t, edit)
			app := newRouter(m.Manager)
			text, failed := failing(t, func(tb testing.TB) {
				for _, route := range []string{"GET /me", "POST /orders", "POST /password"} {
					method, path, _ := strings.Cut(route, " ")
					m.AssertProtected(tb, app, method, path, "alice")
				}
				m.AssertRefreshProtected(tb, app, "POST", "/refresh", "alice")
			})
			assert.False(t, failed, text)
			assert.NotContains(t, text, "takes no token from")
			header, err := authjwt.UnverifiedHeader(m.Token(authjwttest.Valid, "alice"))
			require.NoError(t, err)
			other, err := authjwt.UnverifiedHeader(m.Token(authjwttest.WrongKey, "alice"))
			require.NoError(t, err)
			assert.Equal(t, header, other)
			none, err := authjwt.UnverifiedHeader(m.Token(authjwttest.Unsigned, "alice"))
			require.NoError(t, err)
			assert.Equal(t, "none", none["alg"])
		})
	}
}

// Minting is nothing that the application notices: its callbacks are not asked, and hear nothing.
func TestStates_UnnoticedByTheApplication(t *testing.T) {
	m := authjwttest.NewManager(t, func(s *authjwt.Settings) {
		s.Validate = func(_ context.Context, _ *authjwt.Token) error { return errors.New("asked") }
		s.TokenInDenylist = func(context.Context, *authjwt.Token) (bool, error) { return false, errors.New("asked") }
		s.OnEvent = func(_ context.Context, e authjwt.Event) { t.Error(e.Kind) }
	})
	m.Token(authjwttest.Revoked, "alice")
	_, err := m.Verify(t.Context(), m.Token(authjwttest.Valid, "alice"), authjwt.Access)
	assert.ErrorIs(t, err, authjwt.ErrUnavailable, "but its own Manager asks them")
}

// keySet is an outside issuer's.
type keySet struct{}

func (keySet) VerificationKey(context.Context, string, string) (crypto.PublicKey, error) {
	return nil, nil
}

func broken(s authjwt.Store) authjwt.Store {
	faulty := storetest.NewFaulty(s)
	faulty.Be(storetest.Fails)
	return faulty
}

func TestStates_WhatCannotBe(t *testing.T) {
	private := pair(t)
	for _, try := range []struct {
		name  string
		edit  func(s *authjwt.Settings)
		state authjwttest.State
		kind  authjwt.TokenType
		opts  []authjwt.TokenOption
		says  string
	}{
		{"no Store", func(s *authjwt.Settings) { s.Store = nil }, authjwttest.Revoked, authjwt.Access, nil, "set Settings.Store to new(authjwt.MemoryStore)"},
		{"not asked about", func(s *authjwt.Settings) { s.DenylistTokenChecks = []authjwt.TokenType{authjwt.Refresh} }, authjwttest.Revoked, authjwt.Access, nil, "list the type there"},
		{"no issuer", nil, authjwttest.WrongIssuer, authjwt.Access, nil, "set Settings.DecodeIssuer"},
		{"no issuer of refresh tokens", func(s *authjwt.Settings) { s.DecodeIssuer, s.InsecureNoRefreshIssuer = "us", true }, authjwttest.WrongIssuer, authjwt.Refresh, nil, "InsecureNoRefreshIssuer"},
		{"a public key", func(s *authjwt.Settings) { s.PublicKey = private.Public() }, authjwttest.Valid, authjwt.Access, nil, "PrivateKey"},
		{"a key set", func(s *authjwt.Settings) { s.KeySet = keySet{} }, authjwttest.Expired, authjwt.Access, nil, "set Settings.KeySet to nil"},
		{"an unknown state", nil, "Stale", authjwt.Access, nil, `there is no state "Stale"`},
		{"wrong options", nil, authjwttest.Valid, authjwt.Access, []authjwt.TokenOption{authjwt.WithClaims(map[string]any{"sub": "bob"})}, "reserved"},
		{"an empty subject", nil, authjwttest.WrongKey, authjwt.Refresh, []authjwt.TokenOption{nil}, "a TokenOption is nil"},
		{"no time", func(s *authjwt.Settings) { s.Now = func() time.Time { return time.Unix(0, 0) } }, authjwttest.Expired, authjwt.Access, nil, "Settings.Now says"},
		{"a broken store", func(s *authjwt.Settings) { s.Store = broken(s.Store) }, authjwttest.Revoked, authjwt.Access, nil, `revoke the access token of "alice"`},
		{"the twin, which asks no store", func(s *authjwt.Settings) { s.Store = broken(s.Store) }, authjwttest.Valid, authjwt.Access, nil, ""},
	} {
		t.Run(try.name, func(t *testing.T) {
			text, failed := failing(t, func(tb testing.TB) {
				m := authjwttest.NewManager(t, func(s *authjwt.Settings) {
					if try.edit != nil {
						try.edit(s)
					}
				}).For(tb)
				if try.kind == authjwt.Refresh {
					m.RefreshToken(try.state, "alice", try.opts...)
				} else {
					m.Token(try.state, "alice", try.opts...)
				}
			})
			assert.Equal(t, try.says != "", failed)
			assert.Contains(t, text, try.says)
		})
	}
}
