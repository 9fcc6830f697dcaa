package authjwt

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// TokenOption shapes a token that is being made.
type TokenOption func(*tokenSpec)

type tokenSpec struct {
	kind       TokenType
	subject    string
	fresh      bool
	persistent choice
	expires    time.Duration // 0 until create puts the setting there
	audience   []string
	claims     []any
	noScopes   int // how many WithGrantedScopes name none
	headers    map[string]any
	alg        string
	mistakes   []error

	id           string    // jti; empty: a random one
	csrf         string    // the claim; empty: a random one
	notBefore    time.Time // iat is not earlier, whatever the clock says
	dated        time.Time // when it was made first: made again, it has the same iat
	session      string    // sid; empty: none
	sessionEnd   time.Time // session_exp; zero: none
	sessionBegin time.Time // session_iat; zero: none, for the token is the session's first

	issued issued // what create has made
}

// An issued token is one that goes out, with what its cookies and its answer need to know.
type issued struct {
	kind       TokenType
	raw, csrf  string // csrf is empty where tokens carry no such claim
	life       time.Duration
	expiresAt  time.Time // zero for NoExpiry
	persistent choice
	given      bool // by the application: it may be of another maker
}

// WithFresh marks an access token as made from credentials just entered. Refresh tokens ignore it.
func WithFresh() TokenOption { return func(s *tokenSpec) { s.fresh = true } }

// WithPersistentCookies chooses, against Settings.PersistentCookies, whether the cookies that carry the
// token outlive the browser ("remember me"). The choice is a claim of the token, persistent, so that
// [AuthJWT.Refresh] keeps what [AuthJWT.Login] was told.
func WithPersistentCookies(persistent bool) TokenOption {
	return func(s *tokenSpec) {
		s.persistent = choiceNo
		if persistent {
			s.persistent = choiceYes
		}
	}
}

// WithExpires sets the life of the token, at least one second. NoExpiry is an error unless it is the
// setting for tokens of this type, too: other tokens without exp would be refused.
func WithExpires(d time.Duration) TokenOption {
	return func(s *tokenSpec) {
		s.expires = d
		if d < time.Second && d != NoExpiry {
			s.mistakes = append(s.mistakes, fmt.Errorf("WithExpires: %v is below one second; a plain number counts nanoseconds", d))
		}
	}
}

// WithClaims adds the members of a map or struct, by the rules of encoding/json/v2. The claims the
// package writes itself may not be among them, in any letter case. Several WithClaims add up.
func WithClaims(claims any) TokenOption {
	return func(s *tokenSpec) { s.claims = append(s.claims, claims) }
}

// WithAudience sets the aud claim, for the token to be used elsewhere, say: this Manager refuses an
// audience that Settings.DecodeAudience does not list.
func WithAudience(aud ...string) TokenOption {
	return func(s *tokenSpec) {
		s.audience = aud
		if len(aud) == 0 || slices.Contains(aud, "") {
			s.mistakes = append(s.mistakes, errors.New("WithAudience: name at least one audience, and no empty one"))
		}
	}
}

// WithHeaders adds parameters to the JOSE header. alg, crit, b64, jwk, jku, x5u and x5c are errors, and so
// is whatever this Manager would refuse in a token. typ may be replaced.
func WithHeaders(h map[string]any) TokenOption {
	return func(s *tokenSpec) {
		s.headers = h
		for name := range h {
			if containsFold(forbiddenHeaders, name) {
				s.mistakes = append(s.mistakes, fmt.Errorf("WithHeaders: %q may not be set", name))
			}
		}
	}
}

var forbiddenHeaders = []string{"alg", "crit", "b64", "jwk", "jku", "x5u", "x5c"}

// WithAlgorithm signs with another algorithm of Settings.DecodeAlgorithms. With a KeyRing there is no other.
func WithAlgorithm(alg string) TokenOption { return func(s *tokenSpec) { s.alg = alg } }

// CreateAccessToken makes an access token for subject. An error means that the call itself is wrong:
// no request can cause one, unless it chooses the subject or the claims. One that wraps [ErrUnavailable] means that
// the crypto.Signer failed. It is safe for concurrent use.
func (m *Manager) CreateAccessToken(subject string, opts ...TokenOption) (string, error) {
	return m.create(&tokenSpec{kind: Access, subject: subject}, opts)
}

// CreateRefreshToken makes a refresh token for subject, as [Manager.CreateAccessToken] does.
func (m *Manager) CreateRefreshToken(subject string, opts ...TokenOption) (string, error) {
	return m.create(&tokenSpec{kind: Refresh, subject: subject}, opts)
}

func (m *Manager) create(s *tokenSpec, opts []TokenOption) (string, error) {
	for _, opt := range opts {
		if opt == nil {
			s.mistakes = append(s.mistakes, errors.New("a TokenOption is nil"))
			continue
		}
		opt(s)
	}
	setDefault(&s.alg, m.settings.Algorithm)
	setDefault(&s.expires, m.settings.lifetime(s.kind))
	room := scratches.Get().(*scratch)
	defer scratches.Put(room)
	payload, payloadErr := m.writePayload(room, s)
	header, k, headerErr := m.header(s)
	if payloadErr != nil || headerErr != nil || len(s.mistakes) > 0 {
		return "", fmt.Errorf("authjwt: create %s token: %w", s.kind, errors.Join(append(s.mistakes, payloadErr, headerErr)...))
	}
	text := base64.RawURLEncoding.AppendEncode(append(append(room.text[:0], header...), '.'), payload)
	room.decoded = payload
	sig, err := k.method.sign(text)
	if err == nil && k.public != nil && !k.method.verify(text, sig) { // a KMS may have another key by now
		err = errors.New("the public key does not verify what the signer has signed")
	}
	if err != nil {
		return "", fmt.Errorf("authjwt: sign %s token: %w: %w", s.kind, ErrUnavailable, err)
	}
	room.text = base64.RawURLEncoding.AppendEncode(append(text, '.'), sig)
	token := string(room.text)
	if len(token) > maxTokenSize {
		return "", fmt.Errorf("authjwt: create %s token: it has %d octets, and more than %d are never accepted; put less into the claims", s.kind, len(token), maxTokenSize)
	}
	s.issued.kind, s.issued.raw, s.issued.life, s.issued.persistent = s.kind, token, s.expires, s.persistent
	return token, nil
}

// notCreated is the answer where create has failed.
func (m *Manager) notCreated(err error) *Error {
	if errors.Is(err, ErrUnavailable) {
		return m.fail(failUnavailable, err)
	}
	return m.misused(err)
}

// writePayload writes the claims in fastapi-jwt-auth's order: sub iat nbf jti exp type fresh csrf iss aud, then the application's.
func (m *Manager) writePayload(room *scratch, s *tokenSpec) ([]byte, error) {
	if s.subject == "" {
		return nil, errors.New("the subject is empty")
	}
	now := s.dated
	if now.IsZero() {
		now = m.settings.Now()
	}
	if now.Unix() < 0 || now.Unix() > maxDate {
		return nil, fmt.Errorf("Settings.Now says %v, which no token can express", now)
	}
	if now.Before(s.notBefore) {
		now = s.notBefore
	}
	s.dated = now
	id, csrf := randomIDs()
	setDefault(&s.id, id)
	if longest := m.settings.lifetime(s.kind); m.settings.Store != nil && longest != NoExpiry && s.expires > longest {
		return nil, fmt.Errorf("WithExpires: %v is longer than the setting, %v, by which a revocation is forgotten", s.expires, longest)
	}
	if !s.sessionEnd.IsZero() {
		if rest := s.sessionEnd.Sub(now); s.expires == NoExpiry || rest < s.expires {
			s.expires = rest
		}
	}

	b, err := jsontext.AppendQuote(append(room.decoded[:0], `{"sub":`...), s.subject)
	if err != nil {
		return nil, fmt.Errorf("the subject is not UTF-8: %w", err)
	}
	b = strconv.AppendInt(append(b, `,"iat":`...), now.Unix(), 10)
	if !m.settings.OmitNotBefore {
		b = strconv.AppendInt(append(b, `,"nbf":`...), now.Unix(), 10)
	}
	b = append(append(append(b, `,"jti":"`...), s.id...), '"')
	if s.expires != NoExpiry {
		s.issued.expiresAt = time.Unix(now.Add(s.expires).Unix(), 0) // as the claim says
		b = strconv.AppendInt(append(b, `,"exp":`...), s.issued.expiresAt.Unix(), 10)
	} else if m.settings.lifetime(s.kind) != NoExpiry {
		return nil, errors.New("WithExpires: NoExpiry is accepted only where it is the setting for this type, too")
	}
	b = append(append(append(b, `,"type":"`...), s.kind...), '"')
	if s.kind == Access {
		b = strconv.AppendBool(append(b, `,"fresh":`...), s.fresh)
	}
	if m.settings.doubleSubmit() {
		setDefault(&s.csrf, csrf)
		s.issued.csrf = s.csrf
		b = append(append(append(b, `,"csrf":"`...), s.issued.csrf...), '"')
	}
	if s.persistent != choiceOpen && m.settings.uses(Cookies) {
		b = strconv.AppendBool(append(b, `,"persistent":`...), s.persistent == choiceYes)
	}
	if s.session != "" {
		b, _ = jsontext.AppendQuote(append(b, `,"sid":`...), s.session)
	}
	if !s.sessionEnd.IsZero() {
		b = strconv.AppendInt(append(b, `,"session_exp":`...), s.sessionEnd.Unix(), 10)
	}
	if s.session != "" && !s.sessionBegin.IsZero() {
		b = strconv.AppendInt(append(b, `,"session_iat":`...), s.sessionBegin.Unix(), 10)
	}
	if m.settings.EncodeIssuer != "" && (s.kind == Access || !m.settings.InsecureNoRefreshIssuer) {
		b, _ = jsontext.AppendQuote(append(b, `,"iss":`...), m.settings.EncodeIssuer) // New checked it
	}
	audience := s.audience
	if audience == nil {
		audience = m.settings.EncodeAudience
	}
	if b, err = appendAudience(b, audience); err != nil {
		return nil, err
	}
	for _, claims := range s.claims {
		if b, err = appendClaims(b, claims); err != nil {
			return nil, err
		}
	}
	b = append(b, '}')
	if len(s.claims)+s.noScopes > 1 {
		room.claims = wireClaims{}
		once := room.reader.read(b, len(b), room.claims.member)
		if !once || s.noScopes > 1 || s.noScopes == 1 && room.claims.scope.kind != 0 {
			return nil, errors.New("WithClaims: two of them set the same claim")
		}
	}
	return b, nil
}

// appendAudience writes one audience as a string and several as an array (RFC 7519 §4.1.3).
func appendAudience(b []byte, audience []string) ([]byte, error) {
	if len(audience) == 0 {
		return b, nil
	}
	var value any = audience
	if len(audience) == 1 {
		value = audience[0]
	}
	text, err := json.Marshal(value)
	if err != nil {
		return nil, fmt.Errorf("WithAudience: %w", err)
	}
	return append(append(b, `,"aud":`...), text...), nil
}

// appendClaims adds the members of claims, each of them a name that is free.
func appendClaims(b []byte, claims any) ([]byte, error) {
	text, err := json.Marshal(claims, json.Deterministic(true), numbersAsNumbers)
	if err != nil {
		return nil, fmt.Errorf("WithClaims: %w", err)
	}
	if bytes.Equal(text, []byte("null")) || bytes.Equal(text, []byte("{}")) {
		return b, nil
	}
	var members map[string]jsontext.Value
	if !decodeObject(text, &members) {
		return nil, fmt.Errorf("WithClaims: claims must be a map or struct, nested at most %d deep", maxDepth)
	}
	for name := range members {
		if containsFold(reservedClaims, name) {
			return nil, fmt.Errorf("WithClaims: %q is reserved; the package writes it", name)
		}
	}
	return append(append(b, ','), text[1:len(text)-1]...), nil
}

// containsFold tells whether names holds name in any letter case.
func containsFold(names []string, name string) bool {
	return slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, name) })
}
