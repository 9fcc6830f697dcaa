package authjwt

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// Distinct checks that Managers of one program, of its staff's area and its customers', say, have nothing in common by which
// a login in one of them counts in another, or ends there. Call it at start-up, after [New]. The error joins all that is shared,
// for every pair of them, each with its fix; nil means that there is nothing:
//
//   - the name of a cookie that is in use, whatever its path and purpose: one would stand for the other;
//   - a key by which both accept tokens of one algorithm, or a KeySet. It may be shared where no token is acceptable to both:
//     where both have a DecodeIssuer, and not the same (with InsecureNoRefreshIssuer that is not enough), or where one has a
//     DecodeAudience, and none that the other has, too, for without one a token must have no aud; and where neither makes tokens
//     for the other, by its EncodeIssuer or EncodeAudience;
//   - a Store or Sessions, with the same Settings.Name: revoking a subject in one would end the sessions of its namesake in the other.
//
// A nil Manager is an error, and so is one that is given twice. The error holds no secret and no key, but the KeyID. Keys of a
// KeyRing are those that it holds now: after [KeyRing.Replace], call it again. It does not see tokens that
// [WithAudience] makes for both, keys of a KeySet beside those of others, Stores that are different values on one server, what
// callbacks share, and other programs. It is safe for concurrent use.
func Distinct(a, b *Manager, more ...*Manager) error {
	managers := append([]*Manager{a, b}, more...)
	var found []error
	for i, m := range managers {
		if !m.made() {
			found = append(found, fmt.Errorf("authjwt: the %s Manager is nil, or none of New's; check the error of New before Distinct", ordinal(i+1)))
			continue
		}
		for j, earlier := range managers[:i] {
			if earlier.made() {
				found = append(found, newCouple(earlier, j+1, m, i+1).shared()...)
			}
		}
	}
	return errors.Join(found...)
}

// made is false for a Manager that could check nothing.
func (m *Manager) made() bool { return m != nil && m.keys != nil }

// A couple is two Managers, which Distinct compares.
type couple struct {
	a, b  *Manager
	names string
}

func newCouple(a *Manager, i int, b *Manager, j int) *couple {
	name := func(m *Manager, n int) string { return "the " + ordinal(n) + " Manager (" + m.settings.Name + ")" }
	return &couple{a, b, name(a, i) + " and " + name(b, j)}
}

// shared is all that the two have in common and must not have.
func (c *couple) shared() []error {
	if c.a == c.b {
		return []error{c.share("are one and the same; make one for each area with New, or name it once")}
	}
	return slices.Concat(c.cookies(), c.keys(), c.stores())
}

func (c *couple) share(format string, args ...any) error {
	return fmt.Errorf("authjwt: %s "+format, append([]any{c.names}, args...)...)
}

func (c *couple) cookies() (found []error) {
	for _, one := range c.a.cookieNames() {
		for _, other := range c.b.cookieNames() {
			if one.same(other) {
				found = append(found, c.share("have one cookie, %s (%s; %s), and a browser keeps one for both; set another name in one of them", one.name, one.field, other.field))
			}
		}
	}
	return found
}

func (c *couple) keys() (found []error) {
	a, b := &c.a.settings, &c.b.settings
	if apartByIssuer(a, b) && !a.InsecureNoRefreshIssuer && !b.InsecureNoRefreshIssuer || apartByAudience(a, b) {
		return nil
	}
	fix := "set a key of its own in one of them, or a DecodeIssuer or DecodeAudience of its own in each"
	if apartByIssuer(a, b) {
		fix = "set a key of its own in one of them, or a DecodeAudience of its own in each: their DecodeIssuer differ, but InsecureNoRefreshIssuer lets refresh tokens pass without"
	}
	if a.KeySet != nil && b.KeySet != nil && sameValue(a.KeySet, b.KeySet) {
		both := slices.DeleteFunc(slices.Clone(a.DecodeAlgorithms), func(alg string) bool { return !slices.Contains(b.DecodeAlgorithms, alg) })
		if len(both) > 0 {
			found = append(found, c.share("accept tokens of one KeySet (%s), so that those of one count for the other; %s", strings.Join(both, ", "), fix))
		}
	}
	for _, one := range c.a.keys.list.Load().keys {
		for _, other := range c.b.keys.list.Load().keys {
			if one.alg == other.alg && one.print == other.print && one.good(a.Now) && other.good(b.Now) {
				found = append(found, c.share("accept %s tokens of one key (%s; %s), so that those of one count for the other; %s", one.alg, a.origin(one), b.origin(other), fix))
			}
		}
	}
	return found
}

func (c *couple) stores() []error {
	a, b := &c.a.settings, &c.b.settings
	if a.Name != b.Name {
		return nil
	}
	if a.Store != nil && b.Store != nil && sameValue(a.Store, b.Store) {
		return []error{c.share("have one Store and one Name, so that what is revoked in one is revoked in the other; set another Name in one of them")}
	}
	if a.Sessions != nil && b.Sessions != nil && sameValue(a.Sessions, b.Sessions) {
		return []error{c.share("have their Sessions in one place and one Name, so that one lists the other's; set another Name in one of them")}
	}
	return nil
}

// apartByIssuer tells whether a token with an iss is acceptable to one of the two at most.
func apartByIssuer(a, b *Settings) bool {
	return a.DecodeIssuer != "" && b.DecodeIssuer != "" && a.DecodeIssuer != b.DecodeIssuer &&
		a.EncodeIssuer != b.DecodeIssuer && b.EncodeIssuer != a.DecodeIssuer // or one makes tokens for the other
}

// apartByAudience is the same of aud. Without DecodeAudience a token must have none.
func apartByAudience(a, b *Settings) bool {
	return len(a.DecodeAudience)+len(b.DecodeAudience) > 0 && !meet(a.DecodeAudience, b.DecodeAudience) &&
		!a.makesFor(b) && !b.makesFor(a)
}

// makesFor tells whether new tokens have an aud that b accepts.
func (s *Settings) makesFor(b *Settings) bool {
	if len(b.DecodeAudience) == 0 {
		return len(s.EncodeAudience) == 0
	}
	return meet(s.EncodeAudience, b.DecodeAudience)
}

func meet(a, b []string) bool {
	return slices.ContainsFunc(a, func(text string) bool { return slices.Contains(b, text) })
}

// origin says where a key comes from, and not what it is.
func (s *Settings) origin(k *key) string {
	field, id := "SecretKey", "KeyID"
	switch {
	case s.KeyRing != nil:
		field, id = "KeyRing", "ID"
	case k.public != nil && s.PrivateKey != nil:
		field = "PrivateKey"
	case k.public != nil:
		field = "PublicKey"
	}
	if k.id == "" {
		return field
	}
	return fmt.Sprintf("%s, %s %q", field, id, k.id)
}

// A cookieName is one of the four of a Manager, with the setting it comes from; empty where it is not in use.
type cookieName struct{ field, name string }

func (n cookieName) same(other cookieName) bool { return n.name != "" && n.name == other.name }

func (m *Manager) cookieNames() (names [4]cookieName) {
	if m.settings.uses(Cookies) {
		names[0], names[1] = cookieName{"AccessCookieKey", m.access.token.Name}, cookieName{"RefreshCookieKey", m.refresh.token.Name}
	}
	if m.settings.doubleSubmit() {
		names[2], names[3] = cookieName{"AccessCSRFCookieKey", m.access.csrf.Name}, cookieName{"RefreshCSRFCookieKey", m.refresh.csrf.Name}
	}
	return names
}

// clash is the error about the first cookie that this Manager has in common with others, bound to the same request.
func (m *Manager) clash(bound *AuthJWT) error {
	own := m.cookieNames()
	for ; bound != nil; bound = bound.next {
		if bound.m == m {
			continue
		}
		for _, other := range bound.m.cookieNames() {
			if at := slices.IndexFunc(own[:], other.same); at >= 0 {
				return fmt.Errorf("another Manager (%s) is bound to this request and has the cookie %s, too, its %s; set another %s in this one (%s), and call Distinct at start-up",
					bound.m.settings.Name, other.name, other.field, own[at].field, m.settings.Name)
			}
		}
	}
	return nil
}

// sameValue compares what may be of a type that cannot be compared: a map or list is the same if it is in the same
// place, and of a function, and of what holds one of these, the answer is no. Where a can be compared, so can b, or it differs in type.
func sameValue(a, b any) bool {
	one, other := reflect.ValueOf(a), reflect.ValueOf(b)
	switch one.Kind() {
	case reflect.Map, reflect.Slice:
		return one.Type() == other.Type() && one.Pointer() == other.Pointer()
	}
	return one.Comparable() && a == b
}

func ordinal(n int) string {
	suffix := "th"
	switch {
	case n/10%10 == 1:
	case n%10 == 1:
		suffix = "st"
	case n%10 == 2:
		suffix = "nd"
	case n%10 == 3:
		suffix = "rd"
	}
	return fmt.Sprint(n, suffix)
}
