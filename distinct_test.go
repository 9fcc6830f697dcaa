package authjwt_test

import (
	"context"
	"crypto"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

const (
	staffSecret    = "of-the-staff-0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	customerSecret = "of-customers-0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFGHIJKLMNOPQRSTUVWXYZ"
)

// areaSettings share nothing, in no field that could be: each row of a test gives them something.
func areaSettings() (a, b *authjwt.Settings) {
	area := func(name, secret string) *authjwt.Settings {
		return &authjwt.Settings{
			SecretKey: secret, Name: name, Store: new(authjwt.MemoryStore), Now: func() time.Time { return testNow },
			TokenLocation:   []authjwt.Location{authjwt.Headers, authjwt.Cookies, authjwt.Query, authjwt.JSON},
			AccessCookieKey: name + "_access", RefreshCookieKey: name + "_refresh", AccessCSRFCookieKey: name + "_csrf", RefreshCSRFCookieKey: name + "_refresh_csrf",
		}
	}
	return area("staff", staffSecret), area("customers", customerSecret)
}

// areas are two Managers, whose settings edit may change.
func areas(tb testing.TB, edit func(a, b *authjwt.Settings)) (staff, customers *authjwt.Manager) {
	tb.Helper()
	a, b := areaSettings()
	if edit != nil {
		edit(a, b)
	}
	staff, err := authjwt.New(*a)
	require.NoError(tb, err)
	customers, err = authjwt.New(*b)
	require.NoError(tb, err)
	return staff, customers
}

// mistakesOf are the errors that err joins.
func mistakesOf(err error) (texts []string) {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, one := range joined.Unwrap() {
			texts = append(texts, one.Error())
		}
	}
	return texts
}

// assertShared checks what Distinct says of the two, in either order: one error for each of want, which names the Managers and says a fix.
func assertShared(t *testing.T, a, b *authjwt.Manager, want []string) {
	t.Helper()
	for _, err := range []error{authjwt.Distinct(a, b), authjwt.Distinct(b, a)} {
		found := mistakesOf(err)
		require.Len(t, found, len(want), "%v", err)
		assert.Equal(t, len(want) == 0, err == nil)
		for _, text := range found {
			assert.Regexp(t, `^authjwt: the 1st Manager \(\w+\) and the 2nd Manager \(\w+\) (have|accept) .*; set .* in (one of them|each)`, text)
			assert.NotContains(t, text, "0123456789", "a secret")
		}
		for _, one := range want {
			assert.True(t, slices.ContainsFunc(found, func(text string) bool { return strings.Contains(text, one) || strings.Contains(text, swapped(one)) }), "%s: want %s", found, one)
		}
	}
}

// swapped is "(x; y)" with y first.
func swapped(text string) string {
	before, rest, _ := strings.Cut(text, "(")
	pair, after, _ := strings.Cut(rest, ")")
	x, y, _ := strings.Cut(pair, "; ")
	return before + "(" + y + "; " + x + ")" + after
}

var cookieFields = map[string]func(s *authjwt.Settings) *string{
	"AccessCookieKey":      func(s *authjwt.Settings) *string { return &s.AccessCookieKey },
	"RefreshCookieKey":     func(s *authjwt.Settings) *string { return &s.RefreshCookieKey },
	"AccessCSRFCookieKey":  func(s *authjwt.Settings) *string { return &s.AccessCSRFCookieKey },
	"RefreshCSRFCookieKey": func(s *authjwt.Settings) *string { return &s.RefreshCSRFCookieKey },
}

// Any of the four names of one, equal to any of the other's, wherever it is in use.
func TestDistinct_CookieNames(t *testing.T) {
	for mine, field := range cookieFields {
		for yours, other := range cookieFields {
			share := func(a, b *authjwt.Settings) { *other(b) = *field(a) }
			csrf := strings.Contains(mine+yours, "CSRF")
			for _, row := range []struct {
				name  string
				edit  func(a, b *authjwt.Settings)
				named bool
			}{
				{"in use", func(a, b *authjwt.Settings) {}, true},
				{"other paths and domains", func(a, b *authjwt.Settings) {
					b.AccessCookiePath, b.RefreshCookiePath, b.AccessCSRFCookiePath, b.RefreshCSRFCookiePath, b.CookieDomain = "/b", "/b", "/b", "/b", "example.com"
				}, true},
				{"no double submit in one", func(a, b *authjwt.Settings) { a.InsecureDisableCSRF = true }, !strings.Contains(mine, "CSRF")},
				{"no double submit in the other", func(a, b *authjwt.Settings) { b.InsecureDisableCSRF = true }, !strings.Contains(yours, "CSRF")},
				{"no double submit in both", func(a, b *authjwt.Settings) { a.InsecureDisableCSRF, b.InsecureDisableCSRF = true, true }, !csrf},
				{"no cookies in one", func(a, b *authjwt.Settings) { a.TokenLocation = a.TokenLocation[:1] }, false},
				{"no cookies in the other", func(a, b *authjwt.Settings) { b.TokenLocation = []authjwt.Location{authjwt.JSON} }, false},
				{"a prefix in one", func(a, b *authjwt.Settings) { b.CookiePrefix = "__Host-" }, false},
				{"a prefix in both", func(a, b *authjwt.Settings) { a.CookiePrefix, b.CookiePrefix = "__Host-", "__Host-" }, true},
				{"a prefix in one, the other name has it by itself", func(a, b *authjwt.Settings) { a.CookiePrefix, *other(b) = "__Host-", "__Host-"+*other(b) }, true},
			} {
				a, b := areas(t, func(a, b *authjwt.Settings) { share(a, b); row.edit(a, b) })
				var want []string
				if row.named {
					want = []string{"(" + mine + "; " + yours + ")"}
				}
				t.Run(mine+"/"+yours+"/"+row.name, func(t *testing.T) { assertShared(t, a, b, want) })
			}
		}
	}
}

// A keySet is one without keys; a keyFunc cannot be compared, and neither can a keyList.
type (
	keySet  struct{ _ int }
	keyFunc func()
	keyList struct{ any }
)

func (*keySet) VerificationKey(context.Context, string, string) (crypto.PublicKey, error) {
	return nil, nil
}
func (keyFunc) VerificationKey(context.Context, string, string) (crypto.PublicKey, error) {
	return nil, nil
}
func (keyList) VerificationKey(context.Context, string, string) (crypto.PublicKey, error) {
	return nil, nil
}

func ring(keys ...authjwt.Key) *authjwt.KeyRing { return must(authjwt.NewKeyRing(keys...)) }

// keyed has the keys of k and no others.
func keyed(s *authjwt.Settings, k authjwt.Settings) {
	s.SecretKey, s.PrivateKey, s.PublicKey, s.KeyID, s.KeyRing, s.KeySet = k.SecretKey, k.PrivateKey, k.PublicKey, k.KeyID, k.KeyRing, k.KeySet
	s.Algorithm, s.DecodeAlgorithms = k.Algorithm, k.DecodeAlgorithms
}

func TestDistinct_Keys(t *testing.T) {
	type settings = authjwt.Settings
	set, fn := new(keySet), keyFunc(func() {})
	other := authjwt.Key{ID: "new", SecretKey: testSecret}
	state := func(state authjwt.KeyState, until time.Time) settings {
		return settings{KeyRing: ring(other, authjwt.Key{ID: "old", SecretKey: staffSecret, State: state, Until: until})}
	}
	shared := ring(authjwt.Key{ID: "k", SecretKey: staffSecret})
	for _, row := range []struct {
		name string
		a, b settings
		want []string
	}{
		{"one secret", settings{SecretKey: staffSecret}, settings{SecretKey: staffSecret}, []string{"HS256 tokens of one key (SecretKey; SecretKey)"}},
		{"its twin", settings{SecretKey: staffSecret}, settings{SecretKey: staffSecret + "."}, nil},
		{"other ids", settings{SecretKey: staffSecret, KeyID: "k1"}, settings{SecretKey: staffSecret, KeyID: "k2"}, []string{`(SecretKey, KeyID "k1"; SecretKey, KeyID "k2")`}},
		{"other algorithms", settings{SecretKey: staffSecret}, settings{SecretKey: staffSecret, Algorithm: "HS512"}, nil},
		{"one of the algorithms", settings{SecretKey: staffSecret, DecodeAlgorithms: []string{"HS256", "HS384"}}, settings{SecretKey: staffSecret, Algorithm: "HS384"}, []string{"accept HS384"}},
		{"both algorithms", settings{SecretKey: staffSecret, DecodeAlgorithms: []string{"HS256", "HS384"}}, settings{SecretKey: staffSecret, DecodeAlgorithms: []string{"HS256", "HS384"}}, []string{"accept HS256", "accept HS384"}},
		{"one pair", settings{PrivateKey: ed25519Key()}, settings{PrivateKey: ed25519Key()}, []string{"EdDSA tokens of one key (PrivateKey, KeyID "}},
		{"its public half", settings{PrivateKey: ed25519Key()}, settings{PublicKey: ed25519Key().Public()}, []string{"EdDSA tokens of one key ("}},
		{"public halves", settings{PublicKey: p256Key().Public()}, settings{PublicKey: p256Key().Public()}, []string{"ES256 tokens of one key (PublicKey; PublicKey)"}},
		{"other pairs", settings{PrivateKey: p256Key()}, settings{PrivateKey: otherP256()}, nil},
		{"RSA with other algorithms", settings{PrivateKey: rsaKey()}, settings{PrivateKey: rsaKey(), Algorithm: "PS256"}, nil},
		{"a secret beside a pair", settings{PrivateKey: p256Key(), SecretKey: staffSecret, DecodeAlgorithms: []string{"ES256", "HS256"}}, settings{SecretKey: staffSecret}, []string{"HS256 tokens of one key (SecretKey"}},
		{"in a ring: current", settings{SecretKey: staffSecret}, settings{KeyRing: ring(authjwt.Key{SecretKey: staffSecret})}, []string{"(SecretKey; KeyRing)"}},
		{"in a ring: next", settings{SecretKey: staffSecret}, state(authjwt.KeyNext, time.Time{}), []string{`(SecretKey; KeyRing, ID "old")`}},
		{"in a ring: previous", settings{SecretKey: staffSecret}, state(authjwt.KeyPrevious, testNow.Add(time.Second)), []string{`(SecretKey; KeyRing, ID "old")`}},
		{"in a ring: past its deadline", settings{SecretKey: staffSecret}, state(authjwt.KeyPrevious, testNow), nil},
		{"in a ring: retired", settings{SecretKey: staffSecret}, state(authjwt.KeyRetired, time.Time{}), nil},
		{"one ring", settings{KeyRing: shared}, settings{KeyRing: shared}, []string{`(KeyRing, ID "k"; KeyRing, ID "k")`}},
		{"one key set", settings{KeySet: set}, settings{KeySet: set}, []string{"tokens of one KeySet ("}},
		{"one algorithm of a key set", settings{KeySet: set, DecodeAlgorithms: []string{"ES256", "EdDSA"}}, settings{KeySet: set, DecodeAlgorithms: []string{"EdDSA", "RS256"}}, []string{"tokens of one KeySet (EdDSA)"}},
		{"no algorithm of a key set", settings{KeySet: set, DecodeAlgorithms: []string{"ES256"}}, settings{KeySet: set, DecodeAlgorithms: []string{"RS256"}}, nil},
		{"other key sets", settings{KeySet: set}, settings{KeySet: new(keySet)}, nil},
		{"key sets of a type that cannot be compared", settings{KeySet: fn}, settings{KeySet: fn}, nil},
		{"key sets of a value that cannot be compared", settings{KeySet: keyList{fn}}, settings{KeySet: keyList{fn}}, nil},
		{"key sets of two types", settings{KeySet: fn}, settings{KeySet: set}, nil},
		{"key sets that can be compared", settings{KeySet: keyList{1}}, settings{KeySet: keyList{1}}, []string{"tokens of one KeySet ("}},
	} {
		t.Run(row.name, func(t *testing.T) {
			a, b := areas(t, func(a, b *authjwt.Settings) { keyed(a, row.a); keyed(b, row.b) })
			assertShared(t, a, b, row.want)
			if row.want == nil {
				assertForeign(t, a, b)
				assertForeign(t, b, a)
			}
			a, b = areas(t, func(a, b *authjwt.Settings) {
				keyed(a, row.a)
				keyed(b, row.b)
				a.DecodeIssuer, b.DecodeIssuer = "staff", "customers"
			})
			assertShared(t, a, b, nil)
			assertForeign(t, a, b)
		})
	}
}

// assertForeign checks that no token of one Manager counts for the other; it may make none.
func assertForeign(t *testing.T, maker, other *authjwt.Manager) {
	t.Helper()
	for _, kind := range []authjwt.TokenType{authjwt.Access, authjwt.Refresh} {
		create := maker.CreateAccessToken
		if kind == authjwt.Refresh {
			create = maker.CreateRefreshToken
		}
		token, err := create("alice")
		if err != nil {
			continue
		}
		_, err = maker.Verify(t.Context(), token, kind)
		assert.NoError(t, err)
		_, err = other.Verify(t.Context(), token, kind)
		assert.ErrorIs(t, err, authjwt.ErrJWTDecode)
	}
}

// One secret, which names or does not name whom its tokens are of and for.
func TestDistinct_IssuersAndAudiences(t *testing.T) {
	const key = "HS256 tokens of one key (SecretKey; SecretKey)"
	list := func(names ...string) []string { return names }
	for _, row := range []struct {
		name               string
		issuerA, issuerB   string
		audA, audB         []string
		unnamedA, unnamedB bool     // InsecureNoRefreshIssuer
		encodeA, encodeB   []string // EncodeAudience
		namedA, namedB     string   // EncodeIssuer
		want               []string
	}{
		{name: "neither", want: list(key)},
		{name: "issuers", issuerA: "a", issuerB: "b"},
		{name: "one issuer for both", issuerA: "a", issuerB: "a", want: list(key)},
		{name: "an issuer in one", issuerA: "a", want: list(key)},
		{name: "no check in one", issuerA: "a", issuerB: authjwt.NoIssuer, want: list(key)},
		{name: "issuers, but of the one's refresh tokens", issuerA: "a", issuerB: "b", unnamedA: true, want: list(key)},
		{name: "issuers, but of the other's refresh tokens", issuerA: "a", issuerB: "b", unnamedB: true, want: list(key)},
		{name: "issuers, but of no refresh tokens", issuerA: "a", issuerB: "b", unnamedA: true, unnamedB: true, want: list("InsecureNoRefreshIssuer lets")},
		{name: "audiences", audA: list("a"), audB: list("b")},
		{name: "audiences, several", audA: list("a", "b"), audB: list("c", "d")},
		{name: "one audience for both", audA: list("a"), audB: list("a"), want: list(key)},
		{name: "one audience in common", audA: list("a", "b"), audB: list("b", "c"), want: list(key)},
		{name: "an audience in one", audA: list("a")},
		{name: "audiences, and no issuer on refresh tokens", audA: list("a"), audB: list("b"), unnamedA: true, unnamedB: true, issuerA: "i", issuerB: "i"},
		{name: "an audience in one, not on its tokens", audA: list("a"), encodeA: []string{}, want: list(key)},
		{name: "tokens for the other audience, too", audA: list("a"), audB: list("b"), encodeA: list("a", "b"), want: list(key)},
		{name: "tokens for the other audience, of the other", audA: list("a"), audB: list("b"), encodeB: list("a"), want: list(key)},
		{name: "tokens for a third", audA: list("a"), audB: list("b"), encodeA: list("a", "c")},
		{name: "tokens of the other issuer", issuerA: "a", issuerB: "b", namedA: "b", want: list(key)},
		{name: "tokens of the other issuer, of the other", issuerA: "a", issuerB: "b", namedB: "a", want: list(key)},
		{name: "issuers, and one audience", issuerA: "a", issuerB: "b", audA: list("a"), audB: list("a")},
	} {
		t.Run(row.name, func(t *testing.T) {
			a, b := areas(t, func(a, b *authjwt.Settings) {
				a.SecretKey, a.DecodeIssuer, a.DecodeAudience, a.InsecureNoRefreshIssuer = staffSecret, row.issuerA, row.audA, row.unnamedA
				b.SecretKey, b.DecodeIssuer, b.DecodeAudience, b.InsecureNoRefreshIssuer = staffSecret, row.issuerB, row.audB, row.unnamedB
				a.EncodeAudience, b.EncodeAudience, a.EncodeIssuer, b.EncodeIssuer = row.encodeA, row.encodeB, row.namedA, row.namedB
			})
			assertShared(t, a, b, row.want)
			if row.want == nil {
				assertForeign(t, a, b)
				assertForeign(t, b, a)
			}
		})
	}
}

func TestDistinct_SeveralAndNone(t *testing.T) {
	a, b := areas(t, nil)
	c, _ := areas(t, nil) // with a's cookies and key, another Store
	assert.NoError(t, authjwt.Distinct(a, b))
	err := authjwt.Distinct(a, b, c)
	assert.Len(t, mistakesOf(err), 5, "four cookies and a key: %v", err)
	for _, text := range mistakesOf(err) {
		assert.True(t, strings.HasPrefix(text, "authjwt: the 1st Manager (staff) and the 3rd Manager (staff) "), text)
	}
	for _, row := range []struct {
		err  error
		want []string
	}{
		{authjwt.Distinct(nil, b), []string{"the 1st Manager is nil"}},
		{authjwt.Distinct(a, nil), []string{"the 2nd Manager is nil"}},
		{authjwt.Distinct(nil, nil, a, b), []string{"the 1st Manager is nil", "the 2nd Manager is nil"}},
		{authjwt.Distinct(a, new(authjwt.Manager)), []string{"the 2nd Manager is nil, or none of New's"}},
		{authjwt.Distinct(a, a), []string{"the 1st Manager (staff) and the 2nd Manager (staff) are one and the same"}},
		{authjwt.Distinct(a, b, b), []string{"the 2nd Manager (customers) and the 3rd Manager (customers) are one and the same"}},
	} {
		found := mistakesOf(row.err)
		require.Len(t, found, len(row.want), "%v", row.err)
		for i, want := range row.want {
			assert.Contains(t, found[i], want)
		}
	}
	found := mistakesOf(authjwt.Distinct(nil, nil, make([]*authjwt.Manager, 121)...))
	for _, nth := range []string{"1st", "2nd", "3rd", "4th", "10th", "11th", "12th", "13th", "14th", "21st", "22nd", "23rd", "101st", "111th", "112th", "121st"} {
		assert.Equal(t, 1, strings.Count(strings.Join(found, "\n"), "the "+nth+" Manager"), nth)
	}
}

// Keys are those of the moment, also while they are replaced.
func TestDistinct_KeyRingReplaced(t *testing.T) {
	keys := ring(authjwt.Key{ID: "a", SecretKey: staffSecret})
	a, b := areas(t, func(_, b *authjwt.Settings) { keyed(b, authjwt.Settings{KeyRing: keys}) })
	assert.Error(t, authjwt.Distinct(a, b))
	var asking sync.WaitGroup
	for range 4 {
		asking.Go(func() { _ = fmt.Sprint(authjwt.Distinct(a, b)) })
	}
	require.NoError(t, keys.Replace(authjwt.Key{ID: "b", SecretKey: customerSecret}, authjwt.Key{ID: "a", State: authjwt.KeyRetired}))
	asking.Wait()
	assert.NoError(t, authjwt.Distinct(a, b))
}
