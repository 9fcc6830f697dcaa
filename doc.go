// Package authjwt gives Gin applications JSON Web Tokens in HttpOnly cookies with CSRF protection,
// headers, query or JSON body: access, fresh and refresh tokens, guards that cannot be half used, and
// prebuilt routes for login, refresh and logout. It is to Gin what fastapi-jwt-auth is to FastAPI,
// with strict verification.
//
// A [Manager], made once by [New], signs and verifies, and makes middleware and handlers:
//
//	auth, err := authjwt.New(authjwt.Settings{SecretKey: os.Getenv("SECRET_KEY")})
//	...
//	auth.Mount(router, authjwt.Routes{Login: checkPassword})
//	router.GET("/me", auth.Required(), func(c *gin.Context) {
//		c.String(http.StatusOK, "hello, "+authjwt.FromContext(c).Subject())
//	})
//
// An [AuthJWT], from [FromContext], is one request's view of it: guards, the verified [Token], and
// the functions that make tokens. A guard that refuses aborts the context, answers, and seals the
// response, so that nothing a handler writes to c.Writer afterwards reaches the client.
//
// With Cookies in Settings.TokenLocation the same routes set, renew and delete cookies. Unless its
// method is safe, a request that carries its token in a cookie must come from the site's own pages and
// send the CSRF value that only they can read.
//
// Refusals are of type *[Error] and wrap one of the Err… reasons.
package authjwt
