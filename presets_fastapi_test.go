package authjwt_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

func TestFastAPIJWTAuth_Tokens(t *testing.T) {
	pair := func(m *authjwt.Manager, opts ...authjwt.TokenOption) string {
		refresh, err := m.CreateRefreshToken("alice", opts...)
		require.NoError(t, err)
		return goldenToken(t, mustCreate(t, m, opts...)) + "\n" + goldenToken(t, refresh)
	}
	for _, row := range []struct {
		name            string
		edit            func(s *authjwt.Settings)
		opts            []authjwt.TokenOption
		header          string
		access, refresh string // what follows the claims of every token
	}{
		{"as it is", func(*authjwt.Settings) {}, nil, headerHS256, `,"fresh":false`, ``},
		{"cookies", inCookies, nil, headerHS256, `,"fresh":false,"csrf":"<uuid>"`, `,"csrf":"<uuid>"`},
		{"cookies without CSRF", func(s *authjwt.Settings) {
			inCookies(s)
			s.InsecureDisableCSRF = true
		}, nil, headerHS256, `,"fresh":false`, ``},
		{"both issuers", func(s *authjwt.Settings) { s.EncodeIssuer, s.DecodeIssuer = "us", "us" }, nil, headerHS256, `,"fresh":false,"iss":"us"`, ``},
		{"encode issuer", func(s *authjwt.Settings) { s.EncodeIssuer = "us" }, nil, headerHS256, `,"fresh":false,"iss":"us"`, ``},
		{"decode issuer", func(s *authjwt.Settings) { s.DecodeIssuer = "us" }, nil, headerHS256, `,"fresh":false`, ``},
		{"decode audience", func(s *authjwt.Settings) { s.DecodeAudience = []string{"us"} }, nil, headerHS256, `,"fresh":false`, ``},
		{"options", func(*authjwt.Settings) {}, []authjwt.TokenOption{
			authjwt.WithFresh(), authjwt.WithAudience("us", "them"), authjwt.WithClaims(claim{"a": 1}),
		}, headerHS256, `,"fresh":true,"aud":["us","them"],"a":1`, `,"aud":["us","them"],"a":1`},
		{"key pair", signsWith("EdDSA"), nil, `{"typ":"JWT","alg":"EdDSA"}`, `,"fresh":false`, ``},
	} {
		t.Run(row.name, func(t *testing.T) {
			const sub = `{"sub":"alice","iat":1772366400,"nbf":1772366400,"jti":"<uuid>",`
			assert.Equal(t, row.header+"\n"+sub+`"exp":1772367300,"type":"access"`+row.access+"}\n"+
				row.header+"\n"+sub+`"exp":1774958400,"type":"refresh"`+row.refresh+"}",
				pair(newManager(t, using(authjwt.FastAPIJWTAuth), row.edit), row.opts...))
		})
	}
}

// An issuer or audience that is only encoded is not checked, and what is only decoded is.
func TestFastAPIJWTAuth_IssuerAndAudience(t *testing.T) {
	for _, row := range []struct {
		name   string
		edit   func(s *authjwt.Settings)
		claims claim
		want   string // empty: accepted
	}{
		{"encode alone", func(s *authjwt.Settings) { s.EncodeIssuer = "us" }, claim{"iss": "them"}, ""},
		{"encode alone", func(s *authjwt.Settings) { s.EncodeIssuer = "us" }, nil, ""},
		{"decode alone", func(s *authjwt.Settings) { s.DecodeIssuer = "us" }, claim{"iss": "us"}, ""},
		{"decode alone", func(s *authjwt.Settings) { s.DecodeIssuer = "us" }, claim{"iss": "them"}, "Invalid issuer"},
		{"decode alone", func(s *authjwt.Settings) { s.DecodeIssuer = "us" }, nil, `Token is missing the "iss" claim`},
		{"decode alone", func(s *authjwt.Settings) { s.DecodeAudience = []string{"us", "you"} }, claim{"aud": []string{"x", "you"}}, ""},
		{"decode alone", func(s *authjwt.Settings) { s.DecodeAudience = []string{"us"} }, claim{"aud": "them"}, "Invalid audience"},
		{"decode alone", func(s *authjwt.Settings) { s.DecodeAudience = []string{"us"} }, nil, `Token is missing the "aud" claim`},
	} {
		g := guard(t, newManager(t, using(authjwt.FastAPIJWTAuth), row.edit).Required())
		rec := g.get("Bearer " + signedClaims(t, claims(row.claims)))
		if row.want == "" {
			g.assertAccepted(t, rec)
			continue
		}
		g.assertFastAPI(t, rec, 422, row.want)
	}
}

// detail is a body of FastAPI's.
func detail(text string) string { return `{"detail":"` + text + `"}` }

const (
	fastAPICrossOrigin = "Cross-origin request. If the page is yours, list its origin in TrustedOrigins"
	twoCookies         = "Several cookies access_token_cookie with different values. FormerCookies clears those of earlier releases, CookiePrefix keeps out other hosts'"
)

func TestFastAPIJWTAuth_Refusals(t *testing.T) {
	s := newPresetService(t, authjwt.FastAPIJWTAuth, locatedAt(authjwt.Headers, authjwt.Cookies))
	s.refusesAs(t, map[string]told{
		"missing":                    {401, detail("Missing cookie access_token_cookie"), ""},
		"missing, to renew":          {401, detail("Missing cookie refresh_token_cookie"), ""},
		"malformed":                  {422, detail("Not enough segments"), ""},
		"malformed header":           {422, detail("Invalid header padding"), ""},
		"expired":                    {422, detail("Signature has expired"), ""},
		"early":                      {422, detail("The token is not yet valid (nbf)"), ""},
		"early iat":                  {422, detail("The token is not yet valid (iat)"), ""},
		"without exp":                {422, detail(`Token is missing the \"exp\" claim`), ""},
		"exp is a text":              {422, detail("Expiration Time claim (exp) must be an integer."), ""},
		"without sub":                {422, detail(`Token is missing the \"sub\" claim`), ""},
		"without type":               {422, detail(`Token is missing the \"type\" claim`), ""},
		"aud, none expected":         {422, detail("Invalid audience"), ""},
		"refused":                    {422, detail("Token is not accepted"), ""},
		"revoked":                    {401, detail("Token has been revoked"), ""},
		"unavailable":                {503, detail("Service Unavailable"), ""},
		"refresh token":              {422, detail("Only access tokens are allowed"), ""},
		"access token":               {422, detail("Only refresh tokens are allowed"), ""},
		"not fresh":                  {401, detail("Fresh token required"), ""},
		"no scope":                   {403, detail("The token lacks a required scope"), ""},
		"forged":                     {422, detail("Signature verification failed"), ""},
		"another alg":                {422, detail("The specified alg value is not allowed"), ""},
		"alg none":                   {422, detail("The specified alg value is not allowed"), ""},
		"header of three words":      {422, detail("Bad Authorization header. Expected value 'Bearer <JWT>'"), ""},
		"two headers":                {422, detail("Several Authorization headers. Expected one"), ""},
		"two cookies":                {422, detail(twoCookies), ""},
		"csrf missing":               {401, detail("Missing CSRF Token"), ""},
		"csrf of the refresh token":  {401, detail("CSRF double submit tokens do not match"), ""},
		"csrf of another login":      {401, detail("CSRF double submit tokens do not match"), ""},
		"csrf in a cookie alone":     {401, detail("Missing CSRF Token"), ""},
		"csrf planted in the cookie": {401, detail("CSRF double submit tokens do not match"), ""},
		"csrf claim missing":         {422, detail("Missing claim: csrf"), ""},
		"csrf claim empty":           {401, detail("CSRF double submit tokens do not match"), ""},
		"another site's page":        {401, detail(fastAPICrossOrigin), ""},
		"login from another site":    {401, detail(fastAPICrossOrigin), ""},
		"wrong password":             {401, detail("Bad username or password"), ""},
		"wrong user":                 {401, detail("Bad username or password"), ""},
		"no password":                {422, detail("The fields username and password are required"), ""},
		"login, no JSON":             {422, detail("The request body is malformed"), ""},
		"login as text":              {415, detail("Send the credentials as JSON or as a form"), ""},
		"login, grant":               {422, detail("The field grant_type must be password"), ""},
		"login, too long":            {413, detail("The request body is too large"), ""},
		"login by GET":               {405, detail("Method Not Allowed"), ""},
		"own":                        {402, detail("Not enough money"), ""},
		"own, wrapped":               {429, detail("Try later"), ""},
		"CSRF, by hand":              {401, detail("CSRF check failed"), ""},
		"CSRF, wrapped":              {401, detail("CSRF check failed"), ""},
		"internal":                   {500, detail("Internal Server Error"), ""},
	})
	alone := newPresetService(t, authjwt.FastAPIJWTAuth)
	assert.Equal(t, detail("Missing Authorization Header"), alone.do(to("GET", "/protected")).Body.String())
	assert.Equal(t, detail("Bad Authorization header. Expected value 'Bearer <JWT>'"), alone.do(to("GET", "/protected", "Authorization", "Basic a")).Body.String())
}

// The answers of the prebuilt routes, their Set-Cookie lines above all.
func TestFastAPIJWTAuth_Answers(t *testing.T) {
	s := newPresetService(t, authjwt.FastAPIJWTAuth, inCookies)
	const head = "200\nCache-Control: no-store\nContent-Type: application/json\nPragma: no-cache\n"
	rec := s.do(submitting("/login", jsonBody, `{"username":"alice","password":"wonderland"}`))
	assert.Equal(t, head+`Set-Cookie: access_token_cookie=<access>; Path=/; HttpOnly
Set-Cookie: csrf_access_token=<csrf of access>; Path=/
Set-Cookie: refresh_token_cookie=<refresh>; Path=/; HttpOnly
Set-Cookie: csrf_refresh_token=<csrf of refresh>; Path=/

{"msg":"Successfully login","csrf_access_token":"<csrf of access>","csrf_refresh_token":"<csrf of refresh>","expires_in":900}`, goldenAnswer(t, rec))

	_, _, refresh, renewal := s.logsIn(t)
	rec = s.do(to("POST", "/refresh", "Cookie", refreshCookie+"="+refresh, "X-CSRF-Token", renewal))
	assert.Equal(t, head+`Set-Cookie: access_token_cookie=<access>; Path=/; HttpOnly
Set-Cookie: csrf_access_token=<csrf of access>; Path=/
Vary: Authorization, Cookie

{"msg":"The token has been refresh","csrf_access_token":"<csrf of access>","expires_in":900}`, goldenAnswer(t, rec))

	rec = s.do(to("DELETE", "/logout"))
	assert.Equal(t, head+goneCookies("", accessCookie, accessValue, refreshCookie, refreshValue)+"\n"+`{"msg":"Successfully logout"}`, goldenAnswer(t, rec))

	s = newPresetService(t, authjwt.FastAPIJWTAuth)
	rec = s.do(submitting("/login", formBody, asAlice))
	assert.Equal(t, head+"\n"+`{"access_token":"<access>","refresh_token":"<refresh>","token_type":"bearer","expires_in":900}`, goldenAnswer(t, rec))
}

// goneCookies are the lines that delete cookies; the first and every second are HttpOnly.
func goneCookies(attributes string, names ...string) (lines string) {
	for i, name := range names {
		httpOnly := []string{"; HttpOnly", ""}[i%2]
		lines += "Set-Cookie: " + name + "=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0" + httpOnly + attributes + "\n"
	}
	return lines
}
