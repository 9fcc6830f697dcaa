package authjwt

import (
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"strings"

	"github.com/go-json-experiment/json"
)

// maxHeaderMembers bounds what a header costs before any signature is checked.
const maxHeaderMembers = 32

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

// header returns the encoded JOSE header and the key that signs.
func (m *Manager) header(s *tokenSpec) (string, *key, error) {
	k := m.signer(s.alg)
	switch {
	case k == nil && m.signer("") == nil:
		return "", nil, errOnlyVerifies
	case k == nil:
		return "", nil, fmt.Errorf("WithAlgorithm: there is no key for %q that signs; list it in Settings.DecodeAlgorithms, or see to the KeyRing", s.alg)
	}
	if len(s.headers) == 0 {
		return k.header, k, nil
	}
	extra := maps.Clone(s.headers)
	typ, kid := any("JWT"), any(k.id)
	if replaced, ok := extra["typ"]; ok {
		typ = replaced
	}
	if given, ok := extra["kid"]; ok {
		if k.id != "" && given != kid {
			return "", nil, fmt.Errorf("WithHeaders: kid must stay %q, the KeyID", k.id)
		}
		kid = given
	}
	delete(extra, "typ")
	delete(extra, "kid")
	text := joseHeaderJSON(typ, k.alg, kid, extra)
	if text == nil {
		return "", nil, errors.New("WithHeaders: a value cannot be encoded as JSON")
	}
	room := scratches.Get().(*scratch)
	defer scratches.Put(room)
	if _, _, _, f := parseHeader(&room.reader, text); f != nil {
		return "", nil, errors.New("WithHeaders: such a token would be refused: " + f.detail)
	}
	return base64.RawURLEncoding.EncodeToString(text), k, nil
}

// joseHeaderJSON writes typ, alg and kid first, as PyJWT does, then the rest by name; nil if it cannot.
func joseHeaderJSON(typ any, alg string, kid any, extra map[string]any) []byte {
	head := struct {
		Type      any    `json:"typ"`
		Algorithm string `json:"alg"`
		KeyID     any    `json:"kid,omitempty"`
	}{typ, alg, kid}
	text, err := json.Marshal(head, numbersAsNumbers)
	if err != nil {
		return nil
	}
	if len(extra) > 0 {
		rest, err := json.Marshal(extra, json.Deterministic(true), numbersAsNumbers)
		if err != nil {
			return nil
		}
		text = append(append(text[:len(text)-1], ','), rest[1:]...)
	}
	return text
}
