package authjwt

import (
	"context"
	"crypto/sha256"
	"sync/atomic"

	lru "github.com/hashicorp/golang-lru/v2"
)

// A tokenCache remembers tokens by a digest of their whole text: that their signature and form were good, and where their
// claims stand. Whether they still count it does not know: clock, settings, guards and Store are asked at every hit, by the
// same code as without it. Methods of nil remember nothing.
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
	header  *joseHeader
	key     *key // that verified it
	payload string
	claims  wireClaims
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

// remember is for a token that s has all about, and that was accepted. HMAC is as fast as the digest.
func (m *Manager) remember(list *keyList, s *scratch, payload string) {
	if s.key.public != nil {
		m.verified.of(list).Add(s.digest, &cachedToken{s.header, s.key, payload, s.claims})
	}
}
