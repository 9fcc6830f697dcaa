// Package authjwttest tests applications that use authjwt: it makes a Manager with a clock that the test moves, requests of
// users, tokens in any state, a browser that keeps cookies, and assertions that tell what came instead.
//
//	func TestMe(t *testing.T) {
//		m := authjwttest.NewManager(t)
//		r := newRouter(m.Manager) // the application's
//		m.AssertProtected(t, r, "GET", "/me", "alice")
//		rec := authjwttest.Do(r, authjwttest.Request(t, "GET", "/me", m.As("alice")))
//		authjwttest.AssertAccepted(t, rec)
//	}
//
// Its own tests, in tutorial_test.go, are a tutorial. It needs no network and no time, and any [http.Handler] will do.
package authjwttest
