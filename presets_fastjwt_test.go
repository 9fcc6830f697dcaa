package authjwt_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
	"github.com/gin-authjwt/authjwt/internal/browser"
)

func TestFastJWT_Tokens(t *testing.T) {
	for _, row := range []struct {
		name            string
		edit            func(s *authjwt.Settings)
		opts            []authjwt.TokenOption
		header          string
		access, refresh string // what follows the claims of every token
	}{
		{"as it is", func(*authjwt.Settings) {}, nil, headerHS256, `,"fresh":false`, ``},
		{"four locations", locatedAt(allLocations...), nil, headerHS256, `,"fresh":false,"csrf":"<uuid>"`, `,"csrf":"<uuid>"`},
		{"issuer, on both", func(s *authjwt.Settings) { s.EncodeIssuer = "us" }, nil, headerHS256, `,"fresh":false,"iss":"us"`, `,"iss":"us"`},
		{"audience, on both", func(s *authjwt.Settings) { s.DecodeAudience = []string{"us"} }, nil, headerHS256, `,"fresh":false,"aud":"us"`, `,"aud":"us"`},
		{"claims survive", func(*authjwt.Settings) {}, []authjwt.TokenOption{authjwt.WithFresh(), authjwt.WithClaims(claim{"foo": "bar"})},
			headerHS256, `,"fresh":true,"foo":"bar"`, `,"foo":"bar"`},
		{"key pair", signsWith("ES256"), nil, `{"typ":"JWT","alg":"ES256"}`, `,"fresh":false`, ``},
	} {
		t.Run(row.name, func(t *testing.T) {
			m := newManager(t, using(authjwt.FastJWT), row.edit)
			refresh, err := m.CreateRefreshToken("alice", row.opts...)
			require.NoError(t, err)
			const sub = `{"sub":"alice","iat":1772366400,"jti":"<uuid>",`
			assert.Equal(t, row.header+"\n"+sub+`"exp":1772367300,"type":"access"`+row.access+"}", goldenToken(t, mustCreate(t, m, row.opts...)))
			assert.Equal(t, row.header+"\n"+sub+`"exp":1774094400,"type":"refresh"`+row.refresh+"}", goldenToken(t, refresh))
		})
	}
}

// message is a body of FastJWT's.
func message(class, text string) string {
	return `{"message":"` + text + `","error_type":"` + class + `"}`
}

func TestFastJWT_Refusals(t *testing.T) {
	s := newPresetService(t, authjwt.FastJWT, locatedAt(allLocations...))
	decode := func(text string) told { return told{422, message("JWTDecodeError", text), ""} }
	invalid := func(status int, text string) told { return told{status, message("InvalidRequestError", text), ""} }
	csrf := func(text string) told { return told{401, message("CSRFError", text), ""} }
	s.refusesAs(t, map[string]told{
		"missing":                    {401, message("MissingTokenError", "Missing JWT in request"), ""},
		"missing, to renew":          {401, message("MissingTokenError", "Missing JWT in request"), ""},
		"malformed":                  decode("Not enough segments"),
		"malformed header":           decode("Invalid header padding"),
		"expired":                    decode("Signature has expired"),
		"early":                      decode("The token is not yet valid (nbf)"),
		"early iat":                  decode("The token is not yet valid (iat)"),
		"without exp":                decode(`Token is missing the \"exp\" claim`),
		"exp is a text":              decode("Expiration Time claim (exp) must be an integer."),
		"without sub":                decode(`Token is missing the \"sub\" claim`),
		"without type":               decode(`Token is missing the \"type\" claim`),
		"aud, none expected":         decode("Invalid audience"),
		"refused":                    decode("Token is not accepted"),
		"revoked":                    {401, message("RevokedTokenError", "Invalid token"), ""},
		"unavailable":                {503, message("UnavailableError", "Service Unavailable"), ""},
		"refresh token":              {401, message("AccessTokenRequiredError", "Access token required"), ""},
		"access token":               {401, message("RefreshTokenRequiredError", "Refresh token required"), ""},
		"not fresh":                  {401, message("FreshTokenRequiredError", "Fresh token required"), ""},
		"no scope":                   {403, message("InsufficientScopeError", "The token lacks a required scope"), ""},
		"forged":                     decode("Signature verification failed"),
		"another alg":                decode("The specified alg value is not allowed"),
		"alg none":                   decode("The specified alg value is not allowed"),
		"header of three words":      decode("Bad Authorization header. Expected value 'Bearer <JWT>'"),
		"two headers":                invalid(422, "Several Authorization headers. Expected one"),
		"two cookies":                invalid(422, twoCookies),
		"csrf missing":               csrf("Missing CSRF double submit token in request"),
		"csrf of the refresh token":  csrf("CSRF double submit does not match"),
		"csrf of another login":      csrf("CSRF double submit does not match"),
		"csrf in a cookie alone":     csrf("Missing CSRF double submit token in request"),
		"csrf planted in the cookie": csrf("CSRF double submit does not match"),
		"csrf claim missing":         csrf("Missing claim: csrf"),
		"csrf claim empty":           csrf("CSRF double submit does not match"),
		"another site's page":        csrf(fastAPICrossOrigin),
		"login from another site":    csrf(fastAPICrossOrigin),
		"wrong password":             {401, message("InvalidCredentialsError", "Bad username or password"), ""},
		"wrong user":                 {401, message("InvalidCredentialsError", "Bad username or password"), ""},
		"no password":                invalid(422, "The fields username and password are required"),
		"login, no JSON":             invalid(422, "The request body is malformed"),
		"login as text":              invalid(415, "Send the credentials as JSON or as a form"),
		"login, grant":               invalid(422, "The field grant_type must be password"),
		"login, too long":            invalid(413, "The request body is too large"),
		"login by GET":               invalid(405, "Method Not Allowed"),
		"own":                        {402, message("overdrawn", "Not enough money"), ""},
		"own, wrapped":               {429, message("slow_down", "Try later"), ""},
		"CSRF, by hand":              csrf("CSRF check failed"),
		"CSRF, wrapped":              csrf("CSRF check failed"),
		"internal":                   {500, message("InternalError", "Internal Server Error"), ""},
	})
	for _, locations := range orders(allLocations, false) { // whatever is looked at, the text is one
		alone := newPresetService(t, authjwt.FastJWT, locatedAt(locations...))
		for _, path := range []string{"/protected", "/fresh", "/renewal"} {
			rec := alone.do(to("POST", path))
			assert.Equal(t, message("MissingTokenError", "Missing JWT in request"), rec.Body.String())
			assert.Equal(t, http.StatusUnauthorized, rec.Code)
		}
	}
	aud := newPresetService(t, authjwt.FastJWT, func(s *authjwt.Settings) { s.DecodeAudience = []string{"us"} })
	for text, value := range map[string]any{
		"Audience doesn't match": "them", "Invalid claim format in token": 1, `Token is missing the \"aud\" claim`: nil,
	} {
		rec := aud.do(aud.with("/protected", signedClaims(t, claims(claim{"aud": value}))))
		assert.Equal(t, message("JWTDecodeError", text), rec.Body.String())
		assert.Equal(t, http.StatusUnprocessableEntity, rec.Code)
	}
	require.Equal(t, 200, aud.do(aud.with("/protected", signedClaims(t, claims(claim{"aud": "us"})))).Code)
}

func TestFastJWT_Answers(t *testing.T) {
	s := newPresetService(t, authjwt.FastJWT, locatedAt(allLocations...))
	const head, secure = "200\nCache-Control: no-store\nContent-Type: application/json\nPragma: no-cache\n", "; Secure; SameSite=Lax\n"
	const access = "Set-Cookie: access_token_cookie=<access>; Path=/; HttpOnly" + secure + "Set-Cookie: csrf_access_token=<csrf of access>; Path=/" + secure
	const refresh = "Set-Cookie: refresh_token_cookie=<refresh>; Path=/; HttpOnly" + secure + "Set-Cookie: csrf_refresh_token=<csrf of refresh>; Path=/" + secure
	rec := s.do(submitting("/login", jsonBody, `{"username":"alice","password":"wonderland"}`))
	assert.Equal(t, head+access+refresh+"\n"+`{"access_token":"<access>","refresh_token":"<refresh>","token_type":"bearer",`+
		`"csrf_access_token":"<csrf of access>","csrf_refresh_token":"<csrf of refresh>","expires_in":900}`, goldenAnswer(t, rec))

	_, _, token, renewal := s.logsIn(t)
	rec = s.do(to("POST", "/refresh", "Cookie", refreshCookie+"="+token, "X-CSRF-Token", renewal))
	assert.Equal(t, head+access+"Vary: Authorization, Cookie\n\n"+
		`{"msg":"The token has been refresh","csrf_access_token":"<csrf of access>","expires_in":900}`, goldenAnswer(t, rec))

	rec = s.do(to("DELETE", "/logout"))
	assert.Equal(t, head+goneCookies("; Secure; SameSite=Lax", accessCookie, accessValue, refreshCookie, refreshValue)+"\n"+`{"msg":"Successfully logout"}`, goldenAnswer(t, rec))
}

// seed3 is a service of FastJWT's page "JWT Locations", in a browser.
func seed3(t *testing.T, edit ...func(s *authjwt.Settings)) *browser.Browser {
	t.Helper()
	m := newManager(t, append([]func(*authjwt.Settings){using(authjwt.FastJWT), locatedAt(authjwt.Headers, authjwt.Query, authjwt.JSON, authjwt.Cookies)}, edit...)...)
	r := gin.New()
	m.Mount(r, authjwt.Routes{Login: exampleLogin})
	r.Any("/protected", m.Required(), func(c *gin.Context) {
		c.JSON(http.StatusOK, gin.H{"location": authjwt.FromContext(c).Token().Location})
	})
	return browser.Open(t, r, "https://shop.example", func() time.Time { return testNow })
}

// requestProtectedRoute is the page's script.
func requestProtectedRoute(b *browser.Browser) browser.Answer {
	return b.Fetch("POST", "/protected", "", "X-CSRF-TOKEN", b.GetCookie("csrf_access_token"))
}

func TestSeed3_Script(t *testing.T) {
	b := seed3(t)
	missing := message("MissingTokenError", "Missing JWT in request")
	got := requestProtectedRoute(b)
	assert.Equal(t, missing, got.Text)
	assert.Equal(t, 401, got.StatusCode)
	require.Equal(t, 200, b.Fetch("POST", "/login", asAlice, "Content-Type", formBody).StatusCode)
	assert.Empty(t, b.Jar.Refused)
	assert.Regexp(t, "^csrf_access_token="+aUUID.String()+"; csrf_refresh_token="+aUUID.String()+"$", b.DocumentCookie())
	assert.Equal(t, `{"location":"cookies"}`, requestProtectedRoute(b).Text)
	assert.Equal(t, `{"location":"cookies"}`, b.Fetch("GET", "/protected", "").Text)
	for text, value := range map[string]string{
		"Missing CSRF double submit token in request": b.GetCookie("csrf_refresh_cookie"), // the page's slip: there is none
		"CSRF double submit does not match":           b.GetCookie("csrf_refresh_token"),
	} {
		got = b.Fetch("POST", "/protected", "", "X-CSRF-TOKEN", value)
		assert.Equal(t, message("CSRFError", text), got.Text)
		assert.Equal(t, 401, got.StatusCode)
	}
	assert.Equal(t, 200, b.Fetch("POST", "/refresh", "", "X-CSRF-TOKEN", b.GetCookie("csrf_refresh_token")).StatusCode)
	assert.Equal(t, `{"location":"cookies"}`, requestProtectedRoute(b).Text)
	require.Equal(t, 200, b.Fetch("DELETE", "/logout", "", "X-CSRF-TOKEN", b.GetCookie("csrf_access_token")).StatusCode)
	assert.Empty(t, b.Jar.Names())
	assert.Equal(t, missing, requestProtectedRoute(b).Text)
}

// The four locations with their default names, each with a request one octet away.
func TestSeed3_Locations(t *testing.T) {
	b := seed3(t)
	got := b.Fetch("POST", "/login", asAlice, "Content-Type", formBody)
	access, refresh := got.Field("access_token"), got.Field("refresh_token")
	b.Jar.Clear()
	for _, try := range []struct {
		location, method, target, body string
		fields                         []string
		accepted                       bool
	}{
		{"headers", "GET", "/protected", "", []string{"Authorization", "Bearer " + access}, true},
		{"headers", "POST", "/protected", "", []string{"Authorization", "bearer " + access}, true},
		{"headers", "GET", "/protected", "", []string{"Authorization", "Token " + access}, false},
		{"headers", "GET", "/protected", "", []string{"Authorisation", "Bearer " + access}, false},
		{"query", "GET", "/protected?token=" + access, "", nil, true},
		{"query", "POST", "/protected?token=" + access, "", nil, true},
		{"query", "GET", "/protected?Token=" + access, "", nil, false},
		{"json", "POST", "/protected", `{"access_token":"` + access + `"}`, []string{"Content-Type", jsonBody}, true},
		{"json", "POST", "/protected", `{"access_token":"` + access + `"}`, []string{"Content-Type", jsonBody + "; charset=utf-8"}, true},
		{"json", "POST", "/protected", `{"access_token":"` + access + `"}`, []string{"Content-Type", "text/plain"}, false},
		{"json", "POST", "/protected", `{"refresh_token":"` + access + `"}`, []string{"Content-Type", jsonBody}, false},
		{"json", "GET", "/protected", `{"access_token":"` + access + `"}`, []string{"Content-Type", jsonBody}, false},
		{"cookies", "GET", "/protected", "", []string{"Cookie", "access_token_cookie=" + access}, true},
		{"cookies", "GET", "/protected", "", []string{"Cookie", "access_token=" + access}, false},
	} {
		got := b.Fetch(try.method, try.target, try.body, try.fields...)
		want := message("MissingTokenError", "Missing JWT in request")
		if try.accepted {
			want = `{"location":"` + try.location + `"}`
		}
		assert.Equal(t, want, got.Text, "%s %s %v", try.method, try.location, try.fields)
	}
	for member, status := range map[string]int{"refresh_token": 200, "access_token": 401} {
		got := b.Fetch("POST", "/refresh", `{"`+member+`":"`+refresh+`"}`, "Content-Type", jsonBody)
		assert.Equal(t, status, got.StatusCode, got.Text)
	}
}
