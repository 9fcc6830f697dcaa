package authjwt_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

func TestOAuth2Cookie_Tokens(t *testing.T) {
	for _, row := range []struct {
		edit            func(s *authjwt.Settings)
		header          string
		access, refresh string
	}{
		{func(*authjwt.Settings) {}, headerHS256, `,"fresh":true`, ``},
		{func(s *authjwt.Settings) { s.DecodeIssuer = "us" }, headerHS256, `,"fresh":true,"iss":"us"`, `,"iss":"us"`},
		{signsWith("RS256"), `{"typ":"JWT","alg":"RS256"}`, `,"fresh":true`, ``},
	} {
		m := newManager(t, using(authjwt.OAuth2Cookie), row.edit)
		refresh, err := m.CreateRefreshToken("alice")
		require.NoError(t, err)
		const sub = `{"sub":"alice","iat":1772366400,"nbf":1772366400,"jti":"<uuid>",`
		assert.Equal(t, row.header+"\n"+sub+`"exp":1772367300,"type":"access"`+row.access+"}", goldenToken(t, mustCreate(t, m, authjwt.WithFresh())))
		assert.Equal(t, row.header+"\n"+sub+`"exp":1774958400,"type":"refresh"`+row.refresh+"}", goldenToken(t, refresh))
	}
}

func TestOAuth2Cookie_Refusals(t *testing.T) {
	s := newPresetService(t, authjwt.OAuth2Cookie)
	s.inCookie = true
	const realm = `Bearer realm="api"`
	challenged := func(text, kind, description string) told {
		return told{401, detail(text), realm + `, error="` + kind + `", error_description="` + description + `"`}
	}
	invalid := func(description string) told {
		return challenged("Could not validate credentials", "invalid_token", description)
	}
	notAuthenticated := told{401, detail("Not authenticated"), realm}
	s.refusesAs(t, map[string]told{
		"missing":                 notAuthenticated,
		"missing, to renew":       notAuthenticated,
		"malformed":               invalid("Not enough segments"),
		"malformed header":        invalid("Invalid header padding"),
		"expired":                 invalid("Signature has expired"),
		"early":                   invalid("The token is not yet valid (nbf)"),
		"early iat":               invalid("The token is not yet valid (iat)"),
		"without exp":             invalid("Token is missing the 'exp' claim"),
		"exp is a text":           invalid("Expiration Time claim (exp) must be an integer."),
		"without sub":             invalid("Token is missing the 'sub' claim"),
		"aud, none expected":      invalid("Invalid audience"),
		"refused":                 invalid("Token is not accepted"),
		"revoked":                 challenged("Token has been revoked", "invalid_token", "Token has been revoked"),
		"unavailable":             {503, detail("Service Unavailable"), ""},
		"refresh token":           challenged("Only access tokens are allowed", "invalid_token", "Only access tokens are allowed"),
		"access token":            challenged("Only refresh tokens are allowed", "invalid_token", "Only refresh tokens are allowed"),
		"not fresh":               challenged("Fresh token required", "insufficient_user_authentication", "Fresh token required"),
		"no scope":                {403, detail("The token lacks a required scope"), realm + `, error="insufficient_scope", error_description="The token lacks a required scope", scope="a"`},
		"forged":                  invalid("Signature verification failed"),
		"another alg":             invalid("The specified alg value is not allowed"),
		"alg none":                invalid("The specified alg value is not allowed"),
		"two cookies":             {400, detail(strings.Replace(twoCookies, "access_token_cookie", "access_token", 1)), realm + `, error="invalid_request", error_description="` + strings.Replace(twoCookies, "access_token_cookie", "access_token", 1) + `"`},
		"login from another site": {403, detail(fastAPICrossOrigin), ""},
		"wrong password":          {401, detail("Incorrect username or password"), realm},
		"wrong user":              {401, detail("Incorrect username or password"), realm},
		"no password":             {400, detail("The fields username and password are required"), ""},
		"login, no JSON":          {400, detail("The request body is malformed"), ""},
		"login as text":           {415, detail("Send the credentials as JSON or as a form"), ""},
		"login, grant":            {400, detail("The field grant_type must be password"), ""},
		"login, too long":         {413, detail("The request body is too large"), ""},
		"login by GET":            {405, detail("Method Not Allowed"), ""},
		"own":                     {402, detail("Not enough money"), ""},
		"own, wrapped":            {429, detail("Try later"), ""},
		"CSRF, by hand":           {403, detail("CSRF check failed"), ""},
		"CSRF, wrapped":           {403, detail("CSRF check failed"), ""},
		"internal":                {500, detail("Internal Server Error"), ""},
	}, "without type", "header of three words", "two headers", // which is accepted; and no header is looked at
		"csrf missing", "csrf of the refresh token", "csrf of another login", "csrf in a cookie alone", "csrf planted in the cookie",
		"csrf claim missing", "csrf claim empty", "another site's page")
}

func TestOAuth2Cookie_Answers(t *testing.T) {
	s := newPresetService(t, authjwt.OAuth2Cookie)
	const head, attributes = "200\nCache-Control: no-store\nContent-Type: application/json\nPragma: no-cache\n", "; Path=/; HttpOnly; Secure; SameSite=Lax\n"
	const access, refresh = `Set-Cookie: access_token="Bearer <access>"` + attributes, `Set-Cookie: refresh_token_cookie="Bearer <refresh>"` + attributes
	rec := s.do(submitting("/login", formBody, asAlice))
	assert.Equal(t, head+access+refresh+"\n"+`{"access_token":"<access>","token_type":"bearer","expires_in":900}`, goldenAnswer(t, rec))

	cookies := setCookies(t, rec)
	rec = s.do(to("POST", "/refresh", "Cookie", cookies[1].Name+`="`+cookies[1].Value+`"`))
	assert.Equal(t, head+access+"Vary: Authorization, Cookie\n\n"+`{"access_token":"<access>","token_type":"bearer","expires_in":900}`, goldenAnswer(t, rec))

	rec = s.do(to("DELETE", "/logout", "Cookie", cookies[0].Name+`="`+cookies[0].Value+`"`))
	assert.Equal(t, head+"Set-Cookie: access_token=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; HttpOnly; Secure; SameSite=Lax\n"+
		"Set-Cookie: refresh_token_cookie=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; HttpOnly; Secure; SameSite=Lax\n\n"+
		`{"msg":"Successfully logout"}`, goldenAnswer(t, rec))
}

// With a Store the refresh token rotates, and stays out of the answer.
func TestOAuth2Cookie_Sessions(t *testing.T) {
	s := newPresetService(t, authjwt.OAuth2Cookie, inMemory)
	rec := s.do(submitting("/login", formBody, asAlice))
	old := setCookies(t, rec)
	rec = s.do(to("POST", "/refresh", "Cookie", `refresh_token_cookie="`+old[1].Value+`"`))
	assert.Regexp(t, `^{"access_token":"`+compactToken.String()+`","token_type":"bearer","expires_in":900}$`, rec.Body.String())
	now := setCookies(t, rec)
	require.Len(t, now, 2)
	assert.NotEqual(t, old[1].Value, now[1].Value)
	protected := to("GET", "/protected", "Cookie", `access_token="`+now[0].Value+`"`)
	assert.Equal(t, 200, s.do(protected).Code)
	require.Equal(t, 200, s.do(to("DELETE", "/logout", "Cookie", `refresh_token_cookie="`+now[1].Value+`"`)).Code)
	assert.Equal(t, detail("Token has been revoked"), s.do(protected).Body.String())
}

// Requests of seed 1: the login by a form, then the cookie, in all the forms it may have.
func TestSeed1_Requests(t *testing.T) {
	m := newManager(t, using(authjwt.OAuth2Cookie))
	r := gin.New()
	r.POST("/login/token", m.LoginHandler(authjwt.Routes{Login: exampleLogin}))
	me := func(c *gin.Context) { c.String(http.StatusOK, authjwt.FromContext(c).Subject()) }
	r.GET("/jobs", m.Required(), me)
	r.GET("/", m.Optional(), me)
	s := &presetService{Engine: r}

	rec := s.do(submitting("/login/token", formBody, "grant_type=password&scope=&client_id=&client_secret=&"+asAlice))
	require.Equal(t, 200, rec.Code, rec.Body)
	token := setCookies(t, rec)[0].Value[len("Bearer "):]
	assert.Equal(t, `{"access_token":"`+token+`","token_type":"bearer","expires_in":900}`, rec.Body.String())
	assert.Equal(t, `access_token="Bearer `+token+`"; Path=/; HttpOnly; Secure; SameSite=Lax`, rec.Header().Get("Set-Cookie"))
	for text, body := range map[string]string{
		"Incorrect username or password": "username=alice&password=guess", "The fields username and password are required": "username=alice",
	} {
		rec := s.do(submitting("/login/token", formBody, body))
		assert.Equal(t, detail(text), rec.Body.String())
		assert.Empty(t, rec.Header().Values("Set-Cookie"))
	}

	const notAuthenticated, invalid = "Not authenticated", "Could not validate credentials"
	for _, row := range []struct{ name, cookie, required, optional string }{
		{"as it was set", `"Bearer ` + token + `"`, "", "alice"},
		{"without quotes", `Bearer ` + token, "", "alice"},
		{"lower case", `"bearer ` + token + `"`, "", "alice"},
		{"upper case", `"BEARER ` + token + `"`, "", "alice"},
		{"mixed case", `"bEaReR ` + token + `"`, "", "alice"},
		{"another scheme", `"Basic ` + token + `"`, notAuthenticated, ""},
		{"a longer scheme", `"Bearers ` + token + `"`, notAuthenticated, ""},
		{"a shorter scheme", `"Beare ` + token + `"`, notAuthenticated, ""},
		{"glued", `"Bearer` + token + `"`, notAuthenticated, ""},
		{"no scheme", token, notAuthenticated, ""},
		{"escaped, as gin's SetCookie does", "Bearer+" + token, notAuthenticated, ""},
		{"scheme alone", `"Bearer "`, notAuthenticated, ""},
		{"empty", ``, notAuthenticated, ""},
		{"bad token", `"Bearer ` + token + `x"`, invalid, invalid},
		{"no token", `"Bearer x"`, invalid, invalid},
	} {
		t.Run(row.name, func(t *testing.T) {
			for path, want := range map[string]string{"/jobs": row.required, "/": row.optional} {
				rec := s.do(to("GET", path, "Cookie", "access_token="+row.cookie))
				switch want {
				case notAuthenticated:
					assert.Equal(t, 401, rec.Code)
					assert.Equal(t, detail(want), rec.Body.String())
					assert.Equal(t, `Bearer realm="api"`, rec.Header().Get("WWW-Authenticate"))
				case invalid:
					assert.Equal(t, 401, rec.Code)
					assert.Equal(t, detail(want), rec.Body.String())
					assert.Contains(t, rec.Header().Get("WWW-Authenticate"), `error="invalid_token"`)
				default:
					assert.Equal(t, 200, rec.Code)
					assert.Equal(t, row.optional, rec.Body.String())
				}
			}
		})
	}
	for _, field := range []string{"Bearer " + token, "bearer " + token, "Basic x", "a b c"} { // no header is looked at
		rec := s.do(to("GET", "/jobs", "Authorization", field))
		assert.Equal(t, detail(notAuthenticated), rec.Body.String(), field)
		rec = s.do(to("GET", "/jobs", "Authorization", field, "Cookie", `access_token="Bearer `+token+`"`))
		assert.Equal(t, 200, rec.Code, field)
		assert.Equal(t, 200, s.do(to("GET", "/", "Authorization", field)).Code, field)
	}
}
