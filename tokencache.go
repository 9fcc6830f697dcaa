package authjwt

import (
	"context"
	"crypto/sha256"
	"slices"
	"sync/atomic"

	lru "github.com/hashicorp/golang-lru/v2"
)

// A tokenCache remembers tokens by a digest of their whole text: that their signature was good, and what their claims say.
// Whether they still count it does not know: the clock, the guard and the Store are asked at every hit. It keeps no token's
// text.
type tokenCache struct {
	size    int
	current atomic.Pointer[cacheGeneration]
}

// A cacheGeneration is what the keys of one list have verified. It goes with them.
type cacheGeneration struct {
	list   *keyList
	tokens *lru.Cache[tokenDigest, *cachedToken]
}

type tokenDigest [sha256.Size]byte

// A cachedToken never changes.
type cachedToken struct {
	header *joseHeader
	key    *key  // that verified it
	token  Token // without text and location
}

// copyTo fills t, whose text and location are known, with what nobody else holds.
func (c *cachedToken) copyTo(t *Token) {
	raw, location := t.raw, t.Location
	*t = c.token
	t.raw, t.Location = raw, location
	t.Audience, t.Scopes = slices.Clone(t.Audience), slices.Clone(t.Scopes)
}

// maxVerifiedTokens bounds what a mistyped size may cost: about a gigabyte.
const maxVerifiedTokens = 1 << 20

func newTokenCache(size int) *tokenCache {
	if size == 0 {
		return nil
	}
	return &tokenCache{size: size}
}

// of returns the tokens of the keys, none of other keys'.
func (c *tokenCache) of(list *keyList) *lru.Cache[tokenDigest, *cachedToken] {
	g := c.current.Load()
	if g == nil || g.list != list {
		tokens, _ := lru.New[tokenDigest, *cachedToken](c.size) // an error is for a size below 1
		g = &cacheGeneration{list, tokens}
		c.current.Store(g)
	}
	return g.tokens
}

// recall finds the token in s.text, if a key verified it that still does. It asks a KeySet as verifySignature does, so that
// a key that was removed ends its tokens at once.
func (m *Manager) recall(ctx context.Context, list *keyList, s *scratch) (*cachedToken, *Error) {
	s.digest = sha256.Sum256(s.text)
	known, ok := m.verified.of(list).Get(s.digest)
	if !ok {
		return nil, nil
	}
	key := known.key
	if m.settings.KeySet != nil {
		var e *Error
		if key, e = m.foreignKey(ctx, known.header); e != nil {
			return nil, e
		}
	}
	if key != known.key || !key.good(m.settings.Now) {
		return nil, nil
	}
	return known, nil
}

// remember is for t, whose signature is good by what s holds, and its claims. HMAC is as fast as the digest.
func (m *Manager) remember(list *keyList, s *scratch, t *Token) {
	if s.key.public == nil {
		return
	}
	known := &cachedToken{s.header, s.key, *t.clone()}
	known.token.raw, known.token.Location = "", ""
	m.verified.of(list).Add(s.digest, known)
}
