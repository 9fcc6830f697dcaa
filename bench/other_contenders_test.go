package bench

import (
	"encoding/json"
	"net"
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/jwtauth/v5"
	fiberjwt "github.com/gofiber/contrib/jwt"
	"github.com/gofiber/fiber/v2"
	"github.com/golang-jwt/jwt/v5"
	echojwt "github.com/labstack/echo-jwt/v4"
	"github.com/labstack/echo/v4"
	"github.com/lestrrat-go/jwx/v3/jwa"
	jwx "github.com/lestrrat-go/jwx/v3/jwt"
	"github.com/valyala/fasthttp"
)

// credentials are what a login reads where a library brings none that does.
type credentials struct{ Username, Password string }

func (c credentials) good() bool { return c.Username == username && c.Password == password }

// echoJWTContender is the README's middleware: WithConfig and the token under user. Its documentation has no login.
func echoJWTContender(m *material, place string) (site, error) {
	config := echojwt.Config{SigningKey: m.verify, SigningMethod: m.alg}
	if place == inCookie {
		config.TokenLookup = "cookie:jwt"
	}
	e := echo.New()
	e.Use(echojwt.WithConfig(config))
	answer := func(c echo.Context) error {
		token, ok := c.Get("user").(*jwt.Token)
		if !ok {
			return echo.ErrTeapot
		}
		subject, _ := token.Claims.(jwt.MapClaims)["sub"].(string)
		if !known(subject) {
			return echo.ErrTeapot
		}
		return c.String(http.StatusOK, subject)
	}
	e.GET("/protected", answer)
	e.POST("/protected", answer)
	return httpSite{Handler: e, cookie: "jwt"}, nil
}

// fiberContender is the README's program: the middleware, the token in Locals, and a login that signs with golang-jwt.
func fiberContender(m *material, place string) (site, error) {
	config := fiberjwt.Config{SigningKey: fiberjwt.SigningKey{JWTAlg: m.alg, Key: m.verify}}
	if place == inCookie {
		config.TokenLookup = "cookie:jwt"
	}
	app := fiber.New(fiber.Config{DisableStartupMessage: true})
	app.Post("/login", func(c *fiber.Ctx) error {
		var cred credentials
		if err := c.BodyParser(&cred); err != nil || !cred.good() {
			return c.SendStatus(fiber.StatusUnauthorized)
		}
		token, err := golangJWTToken(m, cred.Username)
		if err != nil {
			return c.SendStatus(fiber.StatusInternalServerError)
		}
		return c.JSON(fiber.Map{"token": token})
	})
	app.Use(fiberjwt.New(config))
	answer := func(c *fiber.Ctx) error {
		subject, _ := c.Locals("user").(*jwt.Token).Claims.(jwt.MapClaims)["sub"].(string)
		if !known(subject) {
			return c.SendStatus(fiber.StatusTeapot)
		}
		return c.SendString(subject)
	}
	app.Get("/protected", answer)
	app.Post("/protected", answer)
	return fiberSite{app}, nil
}

// golangJWTToken is how READMEs sign.
func golangJWTToken(m *material, subject string) (string, error) {
	claims := jwt.MapClaims{"sub": subject, "exp": time.Now().Add(time.Hour).Unix()}
	return jwt.NewWithClaims(jwt.GetSigningMethod(m.alg), claims).SignedString(m.sign)
}

type fiberSite struct{ *fiber.App }

// prepare keeps the request and resets what fasthttp's server would for the next one. The cookies go in anew,
// because a request keeps them once it has parsed them.
func (s fiberSite) prepare(r request) func() int {
	handle, ctx := s.Handler(), new(fasthttp.RequestCtx)
	header := &ctx.Request.Header
	header.SetMethod(r.method)
	ctx.Request.SetRequestURI("https://shop.example" + r.path)
	for i := 0; i < len(r.fields); i += 2 {
		header.Add(r.fields[i], r.fields[i+1])
	}
	cookie := ""
	switch {
	case r.token == "":
	case r.place == inCookie:
		cookie = "jwt=" + r.token
	default:
		header.Set("Authorization", "Bearer "+r.token)
	}
	if r.body != "" {
		header.SetContentType("application/json")
		ctx.Request.SetBodyString(r.body)
	}
	return func() int {
		if cookie != "" {
			header.DelAllCookies()
			header.Set("Cookie", cookie)
		}
		ctx.Response.Reset()
		ctx.ResetUserValues()
		handle(ctx)
		return ctx.Response.StatusCode()
	}
}

func (s fiberSite) serve(l net.Listener) error { return s.Listener(l) }

// jwtauthContender is the README's program on chi: Verifier, Authenticator, FromContext, and Encode for a login. The
// Verifier looks into the header and then at the cookie, whatever the place.
func jwtauthContender(m *material, _ string) (site, error) {
	verify := m.verify
	if m.alg == "HS256" {
		verify = nil
	}
	auth := jwtauth.New(m.alg, m.sign, verify)
	r := chi.NewRouter()
	r.Group(func(r chi.Router) {
		r.Use(jwtauth.Verifier(auth))
		r.Use(jwtauth.Authenticator(auth))
		answer := func(w http.ResponseWriter, r *http.Request) {
			_, claims, _ := jwtauth.FromContext(r.Context())
			subject, _ := claims["sub"].(string)
			httpAnswer(w, subject)
		}
		r.Get("/protected", answer)
		r.Post("/protected", answer)
	})
	r.Post("/login", httpLogin(func(subject string) (string, error) {
		_, token, err := auth.Encode(map[string]interface{}{"sub": subject, "exp": jwtauth.ExpireIn(time.Hour)})
		return token, err
	}))
	return httpSite{Handler: r, cookie: "jwt"}, nil
}

// jwxContender is net/http with what the documentation shows in a handler: ParseRequest, which validates as well, and
// NewBuilder and Sign for a login.
func jwxContender(m *material, place string) (site, error) {
	alg, found := jwa.LookupSignatureAlgorithm(m.alg)
	if !found {
		return nil, nil
	}
	options := []jwx.ParseOption{jwx.WithKey(alg, m.verify)}
	if place == inCookie {
		options = append(options, jwx.WithCookieKey("jwt"))
	}
	answer := func(w http.ResponseWriter, r *http.Request) {
		token, err := jwx.ParseRequest(r, options...)
		if err != nil {
			http.Error(w, "unauthorized", http.StatusUnauthorized)
			return
		}
		subject, _ := token.Subject()
		httpAnswer(w, subject)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /protected", answer)
	mux.HandleFunc("POST /protected", answer)
	mux.HandleFunc("POST /login", httpLogin(func(subject string) (string, error) {
		token, err := jwx.NewBuilder().Subject(subject).Expiration(time.Now().Add(time.Hour)).Build()
		if err != nil {
			return "", err
		}
		signed, err := jwx.Sign(token, jwx.WithKey(alg, m.sign))
		return string(signed), err
	}))
	return httpSite{Handler: mux, cookie: "jwt"}, nil
}

func httpAnswer(w http.ResponseWriter, subject string) {
	if !known(subject) {
		w.WriteHeader(http.StatusTeapot)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte(subject))
}

func httpLogin(sign func(subject string) (string, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var cred credentials
		if json.NewDecoder(r.Body).Decode(&cred) != nil || !cred.good() {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		token, err := sign(cred.Username)
		if err != nil {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]string{"token": token})
	}
}
