// Package authjwt gives Gin applications JSON Web Tokens in HttpOnly cookies with CSRF protection,
// headers, query or JSON body: access, fresh and refresh tokens, guards that cannot be half used, and
// prebuilt routes for login, refresh and logout. It is to Gin what fastapi-jwt-auth is to FastAPI,
// with strict verification.
//
// # Start
//
// A [Manager], made once by [New] from [Settings], signs and verifies, and makes middleware and handlers:
//
//	auth, err := authjwt.New(authjwt.Settings{SecretKey: os.Getenv("SECRET_KEY")})
//	...
//	auth.Mount(router, authjwt.Routes{Login: checkPassword})
//	router.GET("/me", auth.Required(), func(c *gin.Context) {
//		c.String(http.StatusOK, "hello, "+authjwt.FromContext(c).Subject())
//	})
//
// [Manager.Mount] adds the routes by which tokens are got, renewed and given up; [AuthJWT.Login],
// [AuthJWT.Refresh] and [AuthJWT.Logout] are what they are made of.
//
// # Guards
//
// An [AuthJWT], from [FromContext], is one request's view of the Manager. Guards stand on a route, or
// are called in a handler:
//
//   - [Manager.Required] and [AuthJWT.JWTRequired] demand an access token,
//   - [Manager.FreshRequired] and [AuthJWT.FreshJWTRequired] one that was made at a login,
//   - [Manager.RefreshRequired] and [AuthJWT.JWTRefreshTokenRequired] a refresh token,
//   - [Manager.Optional] and [AuthJWT.JWTOptional] a good access token or none.
//
// A guard that refuses aborts the context, answers, and seals the response, so that nothing a handler
// writes to c.Writer afterwards reaches the client. One that accepts leaves the verified [Token], whose own
// claims [ClaimsAs] reads. [AuthJWT.Verify] and [Manager.Verify] return errors and answer nothing.
//
// # Cookies
//
// With [Cookies] in Settings.TokenLocation the same routes set, renew and delete cookies. Unless its
// method is safe, a request that carries its token in a cookie must come from the site's own pages and
// send the CSRF value that only they can read.
//
// # Sessions
//
// With Settings.Store a login begins a session, which logout, [Manager.RevokeSession] and
// [Manager.RevokeSubject] end for all its tokens at once, and every refresh uses a refresh token up. A
// used one that comes back after a grace ends the session, for it was stolen.
//
// # Keys
//
// A secret signs and verifies; a key pair lets others verify, too. Each key does one algorithm, which it is bound to when
// it is loaded. A [KeyRing] holds several and is replaced while requests run, so that keys rotate without logging
// anybody out. A [KeySet] verifies the tokens of an outside issuer; package jwks, a module of its own, has one, and
// publishes [Manager.PublicKeys].
//
// # Other systems
//
// [FastAPIJWTAuth], [FastJWT] and [OAuth2Cookie] are Settings with the wire form of these, for services that share a
// secret, cookies and a front end with them. [LoadSettings] takes their settings by their own names, [SettingsFromEnv]
// those of the environment.
//
// # Errors
//
// Refusals are of type *[Error] and wrap one of the Err… reasons, by which errors.Is tells them apart. The
// mistakes of a program are found in [New], in middleware when it is made, or answered with 500, with
// the fix in the text of the error.
package authjwt
