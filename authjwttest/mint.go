package authjwttest

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"strings"
	"sync"
	"time"

	"github.com/gin-authjwt/authjwt"
)

// away is by how much the clock is off that mints expired tokens and early ones: more than any leeway.
const away = time.Hour

// elsewhere is the issuer and the audience of somebody else.
const elsewhere = "https://elsewhere.example"

func (m *Manager) mintValid(kind authjwt.TokenType, subject string, opts []authjwt.TokenOption) string {
	return m.create(kind, subject, with(opts, authjwt.WithFresh()), nil)
}

func (m *Manager) mintNotFresh(kind authjwt.TokenType, subject string, opts []authjwt.TokenOption) string {
	return m.create(kind, subject, opts, nil)
}

func (m *Manager) mintExpired(kind authjwt.TokenType, subject string, opts []authjwt.TokenOption) string {
	return m.create(kind, subject, with(opts, authjwt.WithFresh(), authjwt.WithExpires(time.Second)), func(s *authjwt.Settings) {
		s.Now = func() time.Time { return m.now().Add(-away) }
	})
}

func (m *Manager) mintNotYetValid(kind authjwt.TokenType, subject string, opts []authjwt.TokenOption) string {
	return m.create(kind, subject, with(opts, authjwt.WithFresh()), func(s *authjwt.Settings) {
		s.Now = func() time.Time { return m.now().Add(away) }
	})
}

func (m *Manager) mintTampered(kind authjwt.TokenType, subject string, opts []authjwt.TokenOption) string {
	segments := strings.Split(m.mintValid(kind, subject, opts), ".")
	payload := strings.Replace(string(payloadOf(segments)), `"sub":"`, `"sub":"not-`, 1)
	return segments[0] + "." + encode(payload) + "." + segments[2]
}

func (m *Manager) mintUnsigned(kind authjwt.TokenType, subject string, opts []authjwt.TokenOption) string {
	segments := strings.Split(m.mintValid(kind, subject, opts), ".")
	return encode(`{"typ":"JWT","alg":"none"}`) + "." + segments[1] + "."
}

// mintWrongKey works with the header of a good token, whatever the settings are that brought it about.
func (m *Manager) mintWrongKey(kind authjwt.TokenType, subject string, opts []authjwt.TokenOption) string {
	header, err := authjwt.UnverifiedHeader(m.mintValid(kind, subject, opts))
	alg, _ := header["alg"].(string)
	kid, _ := header["kid"].(string)
	var ring *authjwt.KeyRing
	if err == nil {
		ring, err = m.others.ring(alg, kid)
	}
	if err != nil {
		m.tb.Fatalf("authjwttest: make another key for %s: %v", alg, err)
	}
	return m.create(kind, subject, with(opts, authjwt.WithFresh()), func(s *authjwt.Settings) {
		s.SecretKey, s.PrivateKey, s.PublicKey, s.KeyID, s.Algorithm, s.DecodeAlgorithms = "", nil, nil, "", "", nil
		s.KeyRing = ring
	})
}

func (m *Manager) mintWrongType(kind authjwt.TokenType, subject string, opts []authjwt.TokenOption) string {
	if kind == authjwt.Refresh {
		return m.mintValid(authjwt.Access, subject, opts)
	}
	return m.mintValid(authjwt.Refresh, subject, opts)
}

func (m *Manager) mintWrongIssuer(kind authjwt.TokenType, subject string, opts []authjwt.TokenOption) string {
	return m.create(kind, subject, with(opts, authjwt.WithFresh()), func(s *authjwt.Settings) { s.EncodeIssuer = elsewhere })
}

func (m *Manager) mintWrongAudience(kind authjwt.TokenType, subject string, opts []authjwt.TokenOption) string {
	return m.create(kind, subject, with(opts, authjwt.WithFresh(), authjwt.WithAudience(elsewhere)), nil)
}

func (m *Manager) mintRevoked(kind authjwt.TokenType, subject string, opts []authjwt.TokenOption) string {
	raw := m.mintValid(kind, subject, opts)
	sibling, err := m.sibling(func(s *authjwt.Settings) { s.TokenInDenylist = nil })
	if err == nil {
		var t *authjwt.Token
		if t, err = sibling.Verify(context.Background(), raw, kind); err == nil {
			err = sibling.Revoke(context.Background(), t)
		}
	}
	if err != nil {
		m.tb.Fatalf("authjwttest: revoke the %s token of %q: %v", kind, subject, err)
	}
	return raw
}

// create mints a token with a sibling that edit has made different.
func (m *Manager) create(kind authjwt.TokenType, subject string, opts []authjwt.TokenOption, edit func(s *authjwt.Settings)) string {
	m.tb.Helper()
	if m.settings.KeySet != nil {
		m.tb.Fatalf("authjwttest: the Manager cannot sign, for its keys are a KeySet; set Settings.KeySet to nil in the edit of NewManager, " +
			"so that the test signs with a key of its own")
	}
	sibling, err := m.sibling(edit)
	var token string
	if err == nil && kind == authjwt.Refresh {
		token, err = sibling.CreateRefreshToken(subject, opts...)
	} else if err == nil {
		token, err = sibling.CreateAccessToken(subject, opts...)
	}
	if err != nil {
		m.tb.Fatalf("authjwttest: mint a token for %q: %v", subject, err)
	}
	return token
}

// sibling makes a Manager of the same settings, without what the application would notice.
func (m *Manager) sibling(edit func(s *authjwt.Settings)) (*authjwt.Manager, error) {
	s := m.settings
	s.OnEvent, s.Validate, s.VerifiedTokenCache = nil, nil, 0
	if edit != nil {
		edit(&s)
	}
	return authjwt.New(s)
}

// with adds options to a copy; of two about one thing the later counts.
func with(opts []authjwt.TokenOption, more ...authjwt.TokenOption) []authjwt.TokenOption {
	return append(opts[:len(opts):len(opts)], more...)
}

// otherKeys are rings of keys that the Manager does not know, made once, for RSA takes its time.
type otherKeys struct {
	mu    sync.Mutex
	rings map[string]*authjwt.KeyRing // by algorithm and key ID
}

func (o *otherKeys) ring(alg, kid string) (*authjwt.KeyRing, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if ring := o.rings[alg+" "+kid]; ring != nil {
		return ring, nil
	}
	key := authjwt.Key{ID: kid, Algorithm: alg}
	if kid == "" {
		key.ID = authjwt.NoKeyID
	}
	var err error
	if strings.HasPrefix(alg, "HS") {
		key.SecretKey = randomSecret()
	} else if key.PrivateKey, err = newPair(alg); err != nil {
		return nil, err
	}
	ring, err := authjwt.NewKeyRing(key)
	if err == nil {
		if o.rings == nil {
			o.rings = map[string]*authjwt.KeyRing{}
		}
		o.rings[alg+" "+kid] = ring
	}
	return ring, err
}

func newPair(alg string) (crypto.Signer, error) {
	switch alg {
	case "ES256":
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case "ES384":
		return ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	case "ES512":
		return ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	case "EdDSA":
		_, private, err := ed25519.GenerateKey(rand.Reader)
		return private, err
	}
	return rsa.GenerateKey(rand.Reader, 2048)
}

// unverified are claims as they stand in a token, good or bad.
type unverified struct {
	Type authjwt.TokenType `json:"type"`
	CSRF string            `json:"csrf"`
}

func read(token string) (claims unverified) {
	_ = json.Unmarshal(payloadOf(strings.Split(token, ".")), &claims) // of what is no token there is nothing to read
	return claims
}

func payloadOf(segments []string) []byte {
	if len(segments) != 3 {
		return nil
	}
	payload, _ := base64.RawURLEncoding.DecodeString(segments[1])
	return payload
}

func encode(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }
