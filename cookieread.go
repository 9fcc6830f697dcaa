package authjwt

import (
	"slices"
	"strings"
)

// tokenOctets are those of a compact token (RFC 7515 §2, §3.1).
var tokenOctets = func() (octets [256]bool) {
	for ch := range octets {
		octets[ch] = isAlphanumeric(byte(ch)) || ch == '-' || ch == '_' || ch == '.'
	}
	return octets
}()

// maxPlainCookies is how many are looked through.
const maxPlainCookies = 64

// soleToken finds the token in the fields of the header Cookie if one cookie has the name, and a token alone is its value. It
// spares net/http's copies. False means that it cannot tell, and that net/http shall look: whatever else there may
// be, two of them, quotes, blanks, no value, it leaves alone.
func soleToken(lines []string, name string) (token string, found bool) {
	pairs := 0
	for _, line := range lines {
		for more := true; more; {
			var pair string
			if pair, line, more = strings.Cut(line, ";"); pairs == maxPlainCookies {
				return "", false
			}
			pairs++
			value, named := strings.CutPrefix(strings.TrimLeft(pair, " \t\r\n"), name)
			switch {
			case !named || value != "" && tokenOctets[value[0]]: // another name
				continue
			case found || len(value) < 2 || value[0] != '=':
				return "", false
			}
			if token, found = value[1:], true; !isTokenText(token) {
				return "", false
			}
		}
	}
	return token, found
}

func isTokenText(s string) bool {
	for i := range len(s) {
		if !tokenOctets[s[i]] {
			return false
		}
	}
	return true
}

// maxPresented is how many tokens in cookies of one name a logout looks into: as many as browsers keep cookies of a site.
const maxPresented = 180

// cookieTokens are the different tokens in the cookies of a carrier, for a logout, which looks into all of them. They are
// bounded, for each may cost a check of a signature, and a request has room for thousands (CVE-2025-58186).
func (a *AuthJWT) cookieTokens(k *carrier) (all []string) {
	for _, presented := range a.c.Request.CookiesNamed(k.token.Name) {
		if raw := a.m.cookieToken(presented.Value); raw != "" && !slices.Contains(all, raw) {
			all = append(all, raw)
		}
		if len(all) == maxPresented {
			break
		}
	}
	return all
}
