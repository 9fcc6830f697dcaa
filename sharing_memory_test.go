package authjwt_test

import (
	"context"
	"crypto/rsa"
	"fmt"
	"math/big"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

// A region is memory that somebody can write to, and the way to it.
type region struct {
	start, end uintptr
	path       string
}

// A memoryWalk finds the memory that a value leads to: behind pointers, slices and maps.
type memoryWalk struct {
	found   []region
	seen    map[string]bool
	private bool // through unexported fields, too, which only the package can follow
}

// regions are those that a holder of the values can write to; the package itself, where private.
func regions(private bool, values ...any) []region {
	w := &memoryWalk{seen: map[string]bool{}, private: private}
	for _, v := range values {
		w.value(reflect.ValueOf(v), fmt.Sprintf("%T", v))
	}
	return w.found
}

// outside are packages whose values are not walked through: what they hold is not ours.
var outside = []string{"github.com/gin-gonic/gin", "net/http", "log/slog", "reflect", "sync", "testing", "github.com/gin-authjwt/authjwt_test"}

func (w *memoryWalk) value(v reflect.Value, path string) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() && !slices.Contains(outside, v.Type().Elem().PkgPath()) && v.Type() != reflect.TypeFor[*time.Location]() {
			w.behind(v.Pointer(), v.Type().Elem().Size(), v.Type(), path, func() { w.value(v.Elem(), path) })
		}
	case reflect.Slice:
		if v.Cap() > 0 {
			w.behind(v.Pointer(), uintptr(v.Cap())*v.Type().Elem().Size(), v.Type(), path, func() {
				for i := range v.Len() {
					w.value(v.Index(i), fmt.Sprintf("%s[%d]", path, i))
				}
			})
		}
	case reflect.Map:
		if !v.IsNil() {
			w.behind(v.Pointer(), 1, v.Type(), path, func() {
				for each := v.MapRange(); each.Next(); {
					w.value(each.Key(), path+"[key]")
					w.value(each.Value(), path+"[]")
				}
			})
		}
	case reflect.Interface:
		w.value(v.Elem(), path)
	case reflect.Array:
		for i := range v.Len() {
			w.value(v.Index(i), path)
		}
	case reflect.Struct:
		w.fields(v, path)
	}
}

func (w *memoryWalk) fields(v reflect.Value, path string) {
	typ := v.Type()
	if typ.PkgPath() == "sync/atomic" && strings.HasPrefix(typ.Name(), "Pointer[") { // its pointer is an unsafe one
		if p := v.FieldByName("v").UnsafePointer(); p != nil {
			w.value(reflect.NewAt(typ.Field(0).Type.Elem().Elem(), p), path)
		}
		return
	}
	if slices.Contains(outside, typ.PkgPath()) {
		return
	}
	number := typ.PkgPath() == "math/big" // whose methods write to it
	for i := range typ.NumField() {
		if field := typ.Field(i); field.IsExported() || w.private || number {
			w.value(v.Field(i), path+"."+field.Name)
		}
	}
}

func (w *memoryWalk) behind(start, size uintptr, typ reflect.Type, path string, follow func()) {
	at := fmt.Sprint(start, typ)
	if w.seen[at] || size == 0 {
		return
	}
	w.seen[at] = true
	w.found = append(w.found, region{start, start + size, path})
	follow()
}

// assertApart checks that no memory is both of one and of another.
func assertApart(tb testing.TB, what string, one, others []region) {
	tb.Helper()
	for _, a := range one {
		for _, b := range others {
			if a.start < b.end && b.start < a.end {
				assert.Fail(tb, what+": one memory", "%s and %s", a.path, b.path)
			}
		}
	}
}

// Fields of Settings that are the application's own objects, which are meant to be shared.
var sharedObjects = []string{"PrivateKey", "KeyRing", "KeySet", "Store", "Sessions", "Logger"}

// What New was given and what the Manager has are apart: fields are found by reflection, and a new one wants a value here.
func TestS05_SettingsShareNoMemory(t *testing.T) {
	full := func() authjwt.Settings {
		return authjwt.Settings{
			PrivateKey: rsaKey(), PublicKey: rsaKey().Public(), Store: new(authjwt.MemoryStore), DecodeAlgorithms: []string{"RS256"},
			TokenLocation: []authjwt.Location{authjwt.Headers, authjwt.Cookies}, FormerCookies: []authjwt.FormerCookie{{Path: "/old"}},
			CSRFMethods: []string{"POST"}, TrustedOrigins: []string{"https://app.example.com"}, EncodeAudience: []string{"api"},
			DecodeAudience: []string{"api"}, DenylistTokenChecks: []authjwt.TokenType{authjwt.Access},
		}
	}
	s := full()
	fields := reflect.ValueOf(&s).Elem()
	for i := range fields.NumField() {
		field, name := fields.Field(i), fields.Type().Field(i).Name
		switch field.Kind() {
		case reflect.Slice, reflect.Map, reflect.Pointer, reflect.Interface:
			if !slices.Contains(sharedObjects, name) {
				require.False(t, field.IsZero(), "%s has no value here", name)
			}
		}
	}
	public := rsa.PublicKey{N: new(big.Int).Set(rsaKey().N), E: rsaKey().E}
	s.PublicKey = &public
	m, err := authjwt.New(s)
	require.NoError(t, err)
	for _, name := range sharedObjects {
		fields.FieldByName(name).SetZero()
	}
	given := regions(false, &s)
	require.GreaterOrEqual(t, len(given), 10)
	held := slices.DeleteFunc(regions(true, m), func(r region) bool { // which tells only that there is one: a copy verifies
		return strings.HasPrefix(r.path, "*authjwt.Manager.settings.PublicKey")
	})
	require.Greater(t, len(held), len(given))
	assertApart(t, "Settings and Manager", given, held)
}

func TestS06_KeysShareNoMemory(t *testing.T) {
	public := rsa.PublicKey{N: new(big.Int).Set(rsaKey().N), E: rsaKey().E}
	keys := []authjwt.Key{{ID: "a", PrivateKey: ed25519Key()}, next(authjwt.Key{ID: "b", PublicKey: &public})}
	ring, err := authjwt.NewKeyRing(keys...)
	require.NoError(t, err)
	m := newManager(t, withKeys(ring))
	given := regions(false, keys[1:], &public)
	assertApart(t, "keys and KeyRing", given, regions(true, ring, m))
	assertApart(t, "PublicKeys twice", regions(false, m.PublicKeys()), append(regions(false, m.PublicKeys()), regions(true, ring, m)...))
}

func TestS06_ValuesShareNoMemory(t *testing.T) {
	values := map[string]any{
		"authjwt_secret_key": testSecret, "authjwt_token_location": []authjwt.Location{authjwt.Headers}, "authjwt_decode_audience": []string{"api", "web"},
	}
	s, err := authjwt.LoadSettings(values)
	require.NoError(t, err)
	require.Equal(t, []string{"api", "web"}, s.DecodeAudience)
	assertApart(t, "values and Settings", regions(false, values), regions(false, &s))
}

// Everything that is handed out is the caller's own: tokens, to handlers and to callbacks, events, errors and lists.
func TestS06_WhatIsHandedOutSharesNoMemory(t *testing.T) {
	type handed struct {
		what  string
		value any
	}
	var all []handed
	hand := func(what string, value any) { all = append(all, handed{what, value}) }
	m := newManager(t, func(s *authjwt.Settings) {
		memory := new(authjwt.MemoryStore)
		s.SecretKey, s.PrivateKey = "", ed25519Key()
		s.Store, s.Sessions, s.VerifiedTokenCache, s.DecodeAudience = memory, memory, 10, []string{"api", "web"}
		s.Validate = func(_ context.Context, token *authjwt.Token) error { hand("Validate", token); return nil }
		s.TokenInDenylist = func(_ context.Context, token *authjwt.Token) (bool, error) {
			hand("TokenInDenylist", token)
			return false, nil
		}
		s.LoadUser = func(_ context.Context, token *authjwt.Token) (any, error) {
			hand("LoadUser", token)
			return "alice", nil
		}
		s.OnEvent = func(_ context.Context, e authjwt.Event) { hand("OnEvent", e) }
		s.ErrorHandler = func(_ *gin.Context, e *authjwt.Error) { hand("ErrorHandler", e) }
	})
	pair, err := m.Bind(testContext()).Login("alice", authjwt.WithClaims(map[string]any{"scope": "read write", "deep": map[string]any{"list": []string{"a"}}}))
	require.NoError(t, err)
	hand("Login", pair)
	var bound *authjwt.AuthJWT
	g := guard(t, m.ErrorMiddleware(), func(c *gin.Context) {
		defer func() {
			if len(c.Errors) > 0 {
				hand("c.Errors", c.Errors.Last().Err)
			}
		}()
		m.Required()(c)
	}, func(c *gin.Context) {
		bound = authjwt.FromContext(c)
		for range 2 {
			hand("Token", bound.Token())
			fromContext, ok := authjwt.TokenFromContext(bound.Context())
			require.True(t, ok)
			hand("TokenFromContext", fromContext)
			_, err := authjwt.User[string](c)
			require.NoError(t, err)
			hand("AuthJWT.Verify", must(bound.Verify(authjwt.Access)))
		}
	})
	for range 2 { // the second time, the token is known
		g.assertAccepted(t, g.get("Bearer "+pair.AccessToken))
		token, err := m.Verify(t.Context(), pair.AccessToken, authjwt.Access)
		require.NoError(t, err)
		require.Len(t, token.Scopes, 2)
		require.NotEmpty(t, token.Audience)
		hand("Verify", token)
		hand("MarshalJSON", must(token.MarshalJSON()))
		hand("ClaimsAs", must(authjwt.ClaimsAs[map[string]any](token)))
		hand("Sessions", must(m.Sessions(t.Context(), "alice")))
		_, refusal := m.Verify(t.Context(), pair.AccessToken, authjwt.Refresh)
		hand("Verify's error", refusal)
		require.Equal(t, http.StatusUnauthorized, g.get("Bearer "+pair.RefreshToken).Code)
	}
	held := regions(true, m, bound)
	require.Greater(t, len(held), 20)
	reported := []string{"ErrorHandler", "c.Errors"} // one error, of one request
	for i, one := range all {
		mine := regions(false, one.value)
		assertApart(t, one.what+" and the Manager", mine, held)
		for _, other := range all[:i] {
			if !slices.Contains(reported, one.what) || !slices.Contains(reported, other.what) {
				assertApart(t, one.what+" and "+other.what, mine, regions(false, other.value))
			}
		}
	}
	assert.GreaterOrEqual(t, len(all), 40)
}

// The walk finds what is shared.
func TestS06_SharedMemoryIsFound(t *testing.T) {
	list, token := []string{"a", "b"}, &authjwt.Token{Scopes: []string{"read"}}
	for name, row := range map[string][2]any{
		"slice":           {authjwt.Settings{DecodeAudience: list}, struct{ hidden []string }{list}},
		"part of a slice": {list[:1:1], [][]string{list}},
		"map":             {map[string]any{"a": list}, struct{ of any }{list}},
		"pointer":         {token, []*authjwt.Token{token}},
		"behind it":       {*token, &struct{ scopes []string }{token.Scopes}},
		"number":          {rsaKey().PublicKey, struct{ of any }{rsaKey()}},
	} {
		tb := &silentTB{TB: t}
		assertApart(tb, "they", regions(false, row[0]), regions(true, row[1]))
		assert.Contains(t, tb.said.String(), "one memory", name)
	}
}
