package jwks

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

const defaultLifetime = 15 * time.Minute

// lifetime is for how long an answer is fresh (RFC 9111 §4.2), between the bounds. control are the values of
// Cache-Control.
func (c *config) lifetime(control []string, age string) time.Duration {
	life := defaultLifetime
	seen := false
	for _, directive := range strings.Split(strings.Join(control, ","), ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(directive), "=")
		switch strings.ToLower(name) {
		case "no-store", "no-cache":
			return c.least
		case "max-age":
			if seen {
				return c.least // "encouraged to consider responses that have invalid freshness information to be stale" (§4.2.1)
			}
			life, seen = seconds(strings.Trim(value, `"`)), true
		}
	}
	if seen {
		life -= seconds(age)
	}
	return min(max(life, c.least), c.most)
}

// seconds reads delta-seconds (RFC 9111 §1.2.2): at most 2^31-1, and 0 where the text is none.
func seconds(text string) time.Duration {
	n, _ := strconv.ParseUint(text, 10, 31)
	return time.Duration(n) * time.Second
}

// cacheControl is that of an answer, or, where the answer 304 has none, that of the one it confirms (RFC 9111 §4.3.4).
func cacheControl(answer *http.Response, former []string) []string {
	if control := answer.Header.Values("Cache-Control"); len(control) > 0 || answer.StatusCode != http.StatusNotModified {
		return control
	}
	return former
}
