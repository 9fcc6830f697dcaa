package authjwttest

import (
	"crypto/rand"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gin-authjwt/authjwt"
)

// Manager is an [authjwt.Manager] that mints tokens in any state. Make it with [NewManager], and give its field Manager to the
// application. It is safe for concurrent use.
type Manager struct {
	*authjwt.Manager
	// Clock is its clock: move it to see tokens expire. It is nil where Settings.Now was given.
	Clock *Clock

	tb       testing.TB
	settings authjwt.Settings
	shown    map[string]string // the settings with defaults, by their fields
	others   *otherKeys
}

// NewManager makes a Manager from the Settings that the edits leave. They are given a [authjwt.MemoryStore] and the Clock, which
// they may replace; to test an application by its own settings, say *s = settings(). Without any key NewManager puts in a
// random SecretKey, and without Now the Clock. Wrong settings fail the test with the text of [authjwt.New].
//
// Settings.ErrorHandler is called as ever. Refusals get two more header fields, by which [AssertRefused] knows their reason in
// every style. They are set by an ErrorHandler, and with one [authjwt.Manager.OpenAPI] leaves the bodies of refusals open: test
// that document with a Manager of [authjwt.New].
func NewManager(tb testing.TB, edit ...func(s *authjwt.Settings)) *Manager {
	tb.Helper()
	clock := new(Clock)
	s := authjwt.Settings{Store: new(authjwt.MemoryStore), Now: clock.Now}
	for _, change := range edit {
		change(&s)
	}
	if s.Now == nil {
		s.Now = clock.Now
	}
	if s.SecretKey == "" && s.PrivateKey == nil && s.PublicKey == nil && s.KeyRing == nil && s.KeySet == nil {
		s.SecretKey = randomSecret()
	}
	if !clock.drives(s.Now) {
		clock = nil
	}
	m := &Manager{Clock: clock, tb: tb, settings: s, shown: map[string]string{}, others: new(otherKeys)}
	s.ErrorHandler = telling(s.ErrorHandler)
	var err error
	if m.Manager, err = authjwt.New(s); err != nil {
		tb.Fatalf("authjwttest: NewManager: %v", err)
	}
	for _, attr := range m.LogValue().Group() { // so that no default is written down twice
		m.shown[attr.Key] = attr.Value.String()
	}
	return m
}

// For returns the same Manager for another test: what it mints there fails that one. Subtests need it only where a token
// cannot be minted, which is a mistake in the test.
func (m *Manager) For(tb testing.TB) *Manager {
	other := *m
	other.tb = tb
	return &other
}

// randomSecret is long enough for every HMAC algorithm.
func randomSecret() string { return rand.Text() + rand.Text() + rand.Text() }

// locations are those of Settings.TokenLocation, in the order in which guards look there.
func (m *Manager) locations() (all []authjwt.Location) {
	for word := range strings.FieldsSeq(strings.Trim(m.shown["TokenLocation"], "[]")) {
		all = append(all, authjwt.Location(word))
	}
	return all
}

// reads tells whether guards for tokens of that kind look there, in requests of that method.
func reads(l authjwt.Location, kind authjwt.TokenType, method string) bool {
	return !(l == authjwt.JSON && safe(method)) && !(l == authjwt.Query && kind == authjwt.Refresh)
}

// safe tells whether a method is safe (RFC 9110 §9.2.1).
func safe(method string) bool {
	return slices.Contains([]string{"", "GET", "HEAD", "OPTIONS", "TRACE"}, method)
}

// needsCSRF tells whether requests of that method need the CSRF value beside a token from a cookie.
func (m *Manager) needsCSRF(method string) bool {
	if m.settings.CSRFMethods != nil {
		return slices.Contains(m.settings.CSRFMethods, method)
	}
	return !safe(method)
}

// cookie and csrfCookie are the names of the cookies of a type of token, csrfHeader that of the field with its CSRF value.
func (m *Manager) cookie(kind authjwt.TokenType) string {
	return m.shown["CookiePrefix"] + m.shown[field(kind)+"CookieKey"]
}

func (m *Manager) csrfCookie(kind authjwt.TokenType) string {
	return m.shown["CookiePrefix"] + m.shown[field(kind)+"CSRFCookieKey"]
}

func (m *Manager) csrfHeader(kind authjwt.TokenType) string {
	return m.shown[field(kind)+"CSRFHeaderName"]
}

// field is how the names of settings about a type of token begin.
func field(kind authjwt.TokenType) string {
	if kind == authjwt.Refresh {
		return "Refresh"
	}
	return "Access"
}

func (m *Manager) now() time.Time { return m.settings.Now() }
