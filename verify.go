package authjwt

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// maxTokenSize is the longest compact text accepted, in octets.
const maxTokenSize = 8 << 10

var errWant = errors.New("Verify: want must be Access or Refresh")

// Verify checks raw, a compact token, in full and returns it, if it is of the type wanted. Failures
// are of type *[Error]. It is safe for concurrent use.
func (m *Manager) Verify(ctx context.Context, raw string, want TokenType) (*Token, error) {
	if want != Access && want != Refresh {
		return nil, m.misused(errWant)
	}
	t := new(Token)
	r := &requirement{want: want}
	if e := m.verify(ctx, nil, raw, t); e != nil {
		return nil, m.asAsked(e, r)
	}
	if e := m.admit(t, r); e != nil {
		return nil, e
	}
	return t, nil
}

// scratch is the working memory of one verification.
type scratch struct {
	text    []byte      // the compact token
	digest  tokenDigest // of text, with a cache
	decoded []byte      // one decoded segment
	reader  objectReader
	header  *joseHeader // what verifySignature has found
	key     *key        // that has verified the signature
	claims  wireClaims
}

var scratches = sync.Pool{New: func() any { return new(scratch) }}

// verify is the only place where a token becomes trusted: it fills t, or says why not. No claim is
// read before the signature is good. A request may have asked for it.
func (m *Manager) verify(ctx context.Context, from *AuthJWT, raw string, t *Token) *Error {
	if e := m.verifyToken(ctx, raw, t, m.settings.Now()); e != nil {
		return e
	}
	if e := m.checkRevoked(ctx, from, t); e != nil {
		return e
	}
	if m.settings.Validate != nil {
		if err := m.settings.Validate(ctx, t.clone()); err != nil {
			return m.errorFrom(err, failRefused)
		}
	}
	return nil
}

func (m *Manager) verifyToken(ctx context.Context, raw string, t *Token, now time.Time) *Error {
	if len(raw) > maxTokenSize {
		return m.fail(failTooLong, nil)
	}
	s, keys := scratches.Get().(*scratch), m.keys.list.Load()
	defer scratches.Put(s)
	s.text = append(s.text[:0], raw...)
	t.raw = raw
	if m.verified != nil {
		known, e := m.recall(ctx, keys, s)
		if e != nil {
			return e
		}
		if known != nil {
			known.copyTo(t)
			if f := m.settings.checkAgain(t, now); f != nil {
				return m.fail(f, nil)
			}
			return nil
		}
	}
	payload, e := m.verifySignature(ctx, keys, raw, s)
	if e != nil {
		return e
	}
	s.claims = wireClaims{}
	if !s.reader.read(payload, len(payload), s.claims.member) {
		return m.fail(failPayload, nil)
	}
	t.payload = string(payload)
	if f := s.claims.check(&m.settings, t, now); f != nil {
		if m.told() {
			s.claims.identify(&m.settings, t)
		}
		return m.fail(f, nil)
	}
	if m.verified != nil {
		m.remember(keys, s, t)
	}
	return nil
}

// verifySignature checks a compact JWS (RFC 7515 §5.2), raw, which is s.text, too, and returns its payload, which lives in s.
// Like PyJWT it cuts at the first and the last dot; a dot between them is not base64url.
func (m *Manager) verifySignature(ctx context.Context, keys *keyList, raw string, s *scratch) ([]byte, *Error) {
	first, last := strings.IndexByte(raw, '.'), strings.LastIndexByte(raw, '.')
	if first == last { // also where there is none
		return nil, m.fail(failSegments, nil)
	}
	header := keys.headers.find(raw[:first])
	known := header != nil
	if !known {
		var f *failure
		if header, f = m.readHeader(s.text[:first], s, keys); f != nil {
			return nil, m.fail(m.inOrder(f, s, first, last), nil)
		}
	}
	sig, ok := decodeSegment(s.decoded[:0], s.text[last+1:])
	s.decoded = sig
	if !ok {
		return nil, m.fail(m.inOrder(failSigText, s, first, last), nil)
	}
	if m.settings.KeySet != nil {
		k, e := m.foreignKey(ctx, header)
		if e != nil {
			return nil, e
		}
		if !k.method.verify(s.text[:last], sig) {
			return nil, m.fail(m.inOrder(failSignature, s, first, last), nil)
		}
		s.key = k
	} else {
		var f *failure
		if s.key, f = header.verify(s.text[:last], sig, m.settings.Now); f != nil {
			return nil, m.fail(m.inOrder(f, s, first, last), nil)
		}
	}
	s.header = header
	if !known {
		keys.headers.add(raw[:first], header)
	}
	payload, ok := decodeSegment(s.decoded[:0], s.text[first+1:last])
	s.decoded = payload
	if !ok {
		return nil, m.fail(failPayloadText, nil)
	}
	return payload, nil
}

// inOrder returns the failure that PyJWT would notice first: it decodes all segments before it looks at kid, alg and
// signature. In the styles of its users base64 is told as it reads it, leniently: a signature of another spelling is a
// wrong one.
func (m *Manager) inOrder(f *failure, s *scratch, first, last int) *failure {
	decodes := func(segment []byte) (ok bool) {
		s.decoded, ok = decodeSegment(s.decoded[:0], segment)
		return ok
	}
	if m.settings.Errors != RFC6750 {
		decodes = pythonDecodes
	}
	switch {
	case f == failHeaderText || f == failJOSEHeader || f == failHeaderParam: // of which PyJWT knows nothing
		return f
	case !decodes(s.text[first+1 : last]):
		return failPayloadText
	case !decodes(s.text[last+1:]):
		return failSigText
	case f == failSigText:
		return failSignature
	}
	return f
}

// pythonDecodes tells whether PyJWT 1.7's decoder takes a segment: it adds the padding, skips whatever is no base64, and
// stops where the padding is complete. Nothing is decided by it but a text.
func pythonDecodes(segment []byte) bool {
	quad, padding := 0, 0
	for i := range (len(segment) + 3) / 4 * 4 {
		ch := byte('=')
		if i < len(segment) {
			ch = segment[i]
		}
		switch {
		case ch == '=':
			if padding++; quad >= 2 && quad+padding >= 4 {
				return true
			}
		case isAlphanumeric(ch) || ch == '-' || ch == '_' || ch == '+' || ch == '/':
			quad, padding = (quad+1)%4, 0
		}
	}
	return quad == 0
}

var base64url = base64.RawURLEncoding.Strict()

// decodeSegment appends the octets of a canonical base64url segment to dst: the alphabet alone, no padding, no stray bits
// (RFC 7515 §2, RFC 4648 §3.5). The decoder skips line breaks: then it yields less than so many characters should.
func decodeSegment(dst, segment []byte) ([]byte, bool) {
	if len(segment)%4 == 1 { // never valid, and as much as one less
		return dst, false
	}
	out, err := base64url.AppendDecode(dst, segment)
	return out, err == nil && len(out)-len(dst) == base64url.DecodedLen(len(segment))
}

// joseHeader is an accepted header and the keys it may mean.
type joseHeader struct {
	segment  string
	alg, kid string
	keys     []*key // of the KeyRing
	foreign  setKey // of the KeySet
}

// verify finds the key that made sig.
func (h *joseHeader) verify(text, sig []byte, clock func() time.Time) (*key, *failure) {
	f := failKey
	for _, k := range h.keys {
		if !k.good(clock) {
			continue
		}
		if k.method.verify(text, sig) {
			return k, nil
		}
		f = failSignature
	}
	return nil, f
}

// foreignKey asks the KeySet for the key of a header. It is asked each time, so that a key that was removed verifies no more.
func (m *Manager) foreignKey(ctx context.Context, h *joseHeader) (*key, *Error) {
	public, err := m.settings.KeySet.VerificationKey(ctx, h.kid, h.alg)
	if err != nil {
		return nil, m.errorFrom(err, failUnavailable)
	}
	if public == nil {
		return nil, m.fail(failKey, nil)
	}
	k, err := h.foreign.bind(h.alg, public)
	if err != nil {
		return nil, m.fail(failKey, fmt.Errorf("the KeySet returned %w", err))
	}
	return k, nil
}

// readHeader parses a header and picks the keys by algorithm and kid; a KeySet picks later.
func (m *Manager) readHeader(segment []byte, s *scratch, keys *keyList) (*joseHeader, *failure) {
	text, ok := decodeSegment(s.decoded[:0], segment)
	s.decoded = text
	if !ok {
		return nil, failHeaderText
	}
	alg, kid, hasKid, f := parseHeader(&s.reader, text)
	if f != nil {
		return nil, f
	}
	h := &joseHeader{alg: alg, kid: kid}
	if m.settings.KeySet == nil {
		h.keys, f = keys.pick(alg, kid, hasKid)
	} else if !slices.Contains(m.settings.DecodeAlgorithms, alg) {
		f = failAlgorithm
	}
	return h, f
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
