package authjwt

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// maxTokenSize is the longest compact text accepted, in octets.
	maxTokenSize = 8 << 10
	// maxHeaderMembers bounds what a header costs before any signature is checked.
	maxHeaderMembers = 32
)

var errWant = errors.New("Verify: want must be Access or Refresh")

// Verify checks raw, a compact token, in full and returns it, if it is of the type wanted. Failures
// are of type *[Error]. It is safe for concurrent use.
func (m *Manager) Verify(ctx context.Context, raw string, want TokenType) (*Token, error) {
	if want != Access && want != Refresh {
		return nil, m.misused(errWant)
	}
	t := new(Token)
	if e := m.verify(ctx, raw, t); e != nil {
		return nil, e
	}
	if e := m.admit(t, &requirement{want: want}); e != nil {
		return nil, e
	}
	return t, nil
}

// scratch is the working memory of one verification.
type scratch struct {
	text    []byte // the compact token
	decoded []byte // one decoded segment
	reader  objectReader
	claims  wireClaims
}

var scratches = sync.Pool{New: func() any { return new(scratch) }}

// verify is the only place where a token becomes trusted: it fills t, or says why not. No claim is
// read before the signature is good.
func (m *Manager) verify(ctx context.Context, raw string, t *Token) *Error {
	if f := m.verifyToken(raw, t, m.settings.Now()); f != nil {
		return m.fail(f, nil)
	}
	if e := m.checkRevoked(ctx, t); e != nil {
		return e
	}
	if m.settings.Validate != nil {
		if err := m.settings.Validate(ctx, t.clone()); err != nil {
			return m.errorFrom(err, failRefused)
		}
	}
	return nil
}

func (m *Manager) verifyToken(raw string, t *Token, now time.Time) *failure {
	s := scratches.Get().(*scratch)
	defer scratches.Put(s)
	payload, f := m.verifySignature(raw, s)
	if f != nil {
		return f
	}
	s.claims = wireClaims{}
	if !s.reader.read(payload, len(payload), s.claims.member) {
		return failPayload
	}
	t.raw, t.payload = raw, string(payload)
	return s.claims.check(&m.settings, t, now)
}

// verifySignature checks a compact JWS (RFC 7515 §5.2) and returns its payload, which lives in s.
// Like PyJWT it cuts at the first and the last dot; a dot between them is not base64url.
func (m *Manager) verifySignature(raw string, s *scratch) ([]byte, *failure) {
	if len(raw) > maxTokenSize {
		return nil, failTooLong
	}
	first, last := strings.IndexByte(raw, '.'), strings.LastIndexByte(raw, '.')
	if first == last { // also where there is none
		return nil, failSegments
	}
	s.text = append(s.text[:0], raw...)
	known := m.headers.find(raw[:first])
	header := known
	if known == nil {
		var f *failure
		if header, f = m.readHeader(s.text[:first], s); f != nil {
			return nil, f
		}
	}
	sig, ok := decodeSegment(s.decoded[:0], s.text[last+1:])
	s.decoded = sig
	if !ok {
		return nil, failSigText
	}
	if !header.verifies(raw[:last], sig) {
		return nil, failSignature
	}
	if known == nil {
		m.headers.add(raw[:first], header)
	}
	payload, ok := decodeSegment(s.decoded[:0], s.text[first+1:last])
	s.decoded = payload
	if !ok {
		return nil, failPayloadText
	}
	return payload, nil
}

var base64url = base64.RawURLEncoding.Strict()

// decodeSegment appends the octets of a canonical base64url segment to dst: the alphabet alone (the
// decoder skips line breaks, so they are looked for), no padding, no stray bits (RFC 7515 §2, RFC 4648 §3.5).
func decodeSegment(dst, segment []byte) ([]byte, bool) {
	if bytes.IndexByte(segment, '\r') >= 0 || bytes.IndexByte(segment, '\n') >= 0 {
		return dst, false
	}
	out, err := base64url.AppendDecode(dst, segment)
	return out, err == nil
}

// joseHeader is an accepted header and the keys it may mean.
type joseHeader struct {
	segment string
	keys    []*key
}

// verifies tells whether one of the keys made sig.
func (h *joseHeader) verifies(signingString string, sig []byte) bool {
	for _, k := range h.keys {
		if k.method.Verify(signingString, sig, nil) == nil {
			return true
		}
	}
	return false
}

// wireHeader are the header parameters that are looked at. jwk, jku, x5u and x5c are not: a token
// does not bring its own key (RFC 8725 §3.10).
type wireHeader struct {
	algorithm, keyID, kind, contentType, unsupported member
}

// member returns the field for a parameter, or nil. No extension is understood, so that crit, b64
// (RFC 7797) and zip are refused in any form (RFC 7515 §4.1.11).
func (w *wireHeader) member(name []byte) *member {
	switch string(name) {
	case `"alg"`:
		return &w.algorithm
	case `"kid"`:
		return &w.keyID
	case `"typ"`:
		return &w.kind
	case `"cty"`:
		return &w.contentType
	case `"crit"`, `"b64"`, `"zip"`:
		return &w.unsupported
	}
	return nil
}

// readHeader parses a header and picks the keys by algorithm and kid.
func (m *Manager) readHeader(segment []byte, s *scratch) (*joseHeader, *failure) {
	text, ok := decodeSegment(s.decoded[:0], segment)
	s.decoded = text
	if !ok {
		return nil, failHeaderText
	}
	alg, kid, hasKid, f := parseHeader(&s.reader, text)
	if f != nil {
		return nil, f
	}
	h := new(joseHeader)
	for _, k := range m.keys {
		if k.alg == alg && (k.id == "" || !hasKid || k.id == kid) {
			h.keys = append(h.keys, k)
		}
	}
	if len(h.keys) == 0 {
		return nil, failAlgorithm
	}
	return h, nil
}

// parseHeader judges a decoded header. A nested token is refused, too (RFC 7519 §5.2).
func parseHeader(r *objectReader, text []byte) (alg, kid string, hasKid bool, f *failure) {
	var w wireHeader
	if !r.read(text, maxHeaderMembers, w.member) {
		return "", "", false, failJOSEHeader
	}
	header := string(text)
	_, typed := w.kind.text(header)
	content, hasContent := w.contentType.text(header)
	nested := strings.EqualFold(content, "JWT") || strings.EqualFold(content, "application/jwt")
	if w.unsupported.kind != 0 || w.kind.kind != 0 && !typed || w.contentType.kind != 0 && !hasContent || nested {
		return "", "", false, failHeaderParam
	}
	if kid, hasKid = w.keyID.text(header); w.keyID.kind != 0 && !hasKid {
		return "", "", false, failKeyID
	}
	alg, _ = w.algorithm.text(header) // empty where it is no string, and no key has that name
	return alg, kid, hasKid, nil
}

// headerCache remembers the few headers that have once carried a good signature, so that forgers
// cannot fill it. Reading takes no lock.
type headerCache struct {
	entries atomic.Pointer[[]*joseHeader]
	adding  sync.Mutex
}

const maxCachedHeaders = 8

func (c *headerCache) find(segment string) *joseHeader {
	if entries := c.entries.Load(); entries != nil {
		for _, h := range *entries {
			if h.segment == segment {
				return h
			}
		}
	}
	return nil
}

// add puts h first and drops the oldest.
func (c *headerCache) add(segment string, h *joseHeader) {
	c.adding.Lock()
	defer c.adding.Unlock()
	if c.find(segment) != nil {
		return
	}
	h.segment = strings.Clone(segment)
	entries := []*joseHeader{h}
	if old := c.entries.Load(); old != nil {
		entries = append(entries, (*old)[:min(len(*old), maxCachedHeaders-1)]...)
	}
	c.entries.Store(&entries)
}
