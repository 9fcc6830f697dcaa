package authjwt_test

import (
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

// A preset weakens what it says, and nothing else.
func TestPresets_InsecureFields(t *testing.T) {
	confessed := map[string][]string{
		"FastAPIJWTAuth": {"InsecureCookies", "InsecureNoRefreshIssuer"},
		"FastJWT":        nil,
		"OAuth2Cookie":   {"InsecureAccessTokenInBody", "InsecureDisableCSRF"},
	}
	for name, preset := range presets {
		var found []string
		v := reflect.ValueOf(preset())
		for i := range v.NumField() {
			if field := v.Type().Field(i).Name; strings.HasPrefix(field, "Insecure") && !v.Field(i).IsZero() {
				found = append(found, field)
			}
		}
		assert.ElementsMatch(t, confessed[name], found, name)
	}
}

// Settings that two callers got share no memory.
func TestPresets_OwnCopies(t *testing.T) {
	for name, preset := range presets {
		first := preset()
		for i := range first.TokenLocation {
			first.TokenLocation[i] = "spoilt"
		}
		first.EncodeAudience = append(first.EncodeAudience, "spoilt")
		assert.NotContains(t, preset().TokenLocation, authjwt.Location("spoilt"), name)
		assert.Empty(t, preset().EncodeAudience, name)
	}
}

func TestPresets_Secrets(t *testing.T) {
	for name, preset := range presets {
		for secret, fix := range map[string]string{
			"": "SecretKey", "secret": "SecretKey", testSecret[:31]: "32", strings.Repeat("a", 64): "SecretKey", testSecret[:32]: "",
		} {
			s := preset()
			s.SecretKey = secret
			_, err := authjwt.New(s)
			if fix == "" {
				assert.NoError(t, err, name)
				continue
			}
			assert.ErrorContains(t, err, fix, "%s: %q", name, secret)
		}
	}
}

// What is refused by default is refused under a preset, whoever asks: also where no token would do.
func TestPresets_TokensAsStrict(t *testing.T) {
	payload := goodPayload()
	for name, preset := range presets {
		s := newPresetService(t, preset)
		s.inCookie = name == "OAuth2Cookie"
		for _, row := range []struct{ name, header, payload, twin string }{
			{"crit", `{"alg":"HS256","crit":["exp"],"exp":1}`, payload, `{"alg":"HS256","exp":1}`},
			{"b64", `{"alg":"HS256","b64":true}`, payload, `{"alg":"HS256","b":true}`},
			{"alg twice", `{"alg":"HS256","alg":"HS256"}`, payload, `{"alg":"HS256","glb":"HS256"}`},
			{"alg in lower case", `{"alg":"hs256"}`, payload, `{"alg":"HS256"}`},
			{"nested", `{"alg":"HS256","cty":"JWT"}`, payload, `{"alg":"HS256","cty":"JWS"}`},
			{"sub twice", headerHS256, `{"sub":"bob",` + payload[1:], headerHS256},
			{"no object", headerHS256, `[` + payload + `]`, headerHS256},
			{"text after it", headerHS256, payload + "x", headerHS256},
			{"without exp", headerHS256, payloadWith(claim{"exp": nil}), headerHS256},
			{"exp null", headerHS256, strings.Replace(payload, `"exp":1772366460`, `"exp":null`, 1), headerHS256},
			{"exp infinite", headerHS256, strings.Replace(payload, `"exp":1772366460`, `"exp":1e400`, 1), headerHS256},
			{"empty sub", headerHS256, payloadWith(claim{"sub": ""}), headerHS256},
			{"jti a number", headerHS256, payloadWith(claim{"jti": 1}), headerHS256},
			{"type a number", headerHS256, payloadWith(claim{"type": 1}), headerHS256},
			{"type in capitals", headerHS256, payloadWith(claim{"type": "Access"}), headerHS256},
			{"type null", headerHS256, strings.Replace(payload, `"type":"access"`, `"type":null`, 1), headerHS256},
			{"type empty", headerHS256, payloadWith(claim{"type": ""}), headerHS256},
			{"iss a number", headerHS256, payloadWith(claim{"iss": 1}), headerHS256},
		} {
			require.False(t, row.payload == payload && row.header == row.twin, row.name)
			for _, path := range []string{"/protected", "/optional"} {
				rec := s.do(s.with(path, compact(t, "HS256", row.header, row.payload)))
				assert.Contains(t, []int{401, 422}, rec.Code, "%s, %s: %s", name, row.name, rec.Body)
				assert.NotContains(t, rec.Body.String(), "alice")
				rec = s.do(s.with(path, compact(t, "HS256", row.twin, payload)))
				assert.Equal(t, `{"user":"alice"}`, rec.Body.String(), "%s, %s", name, row.name)
			}
		}
		padded := signedClaims(t, claims(nil)) + "="
		assert.Contains(t, []int{401, 422}, s.do(s.with("/protected", padded)).Code, name)
	}
}

// The check of Origin stays, with the double-submit value or without it.
func TestPresets_OriginIsChecked(t *testing.T) {
	for name, preset := range presets {
		s := newPresetService(t, preset, func(set *authjwt.Settings) { set.TokenLocation = []authjwt.Location{authjwt.Cookies} })
		rec := s.do(submitting("/login", formBody, asAlice))
		cookies, own := setCookies(t, rec), []string{"Origin", "https://example.com"}
		csrf := ""
		for _, c := range cookies {
			if c.Name == accessValue {
				csrf = c.Value
			}
		}
		send := func(method, path string, fields ...string) int {
			req := to(method, path, append(fields, "Cookie", cookies[0].Name+`="`+cookies[0].Value+`"`, "X-CSRF-Token", csrf)...)
			if path == "/login" {
				req = submitting(path, formBody, asAlice, fields...)
			}
			return s.do(req).Code
		}
		for _, foreign := range [][]string{
			{"Origin", "https://evil.example"}, {"Origin", "https://example.com.evil.example"}, {"Origin", "null"}, {"Origin", "https://sub.example.com"},
			{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}, {"Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site"},
		} {
			for _, method := range []string{"POST", "DELETE", "PUT", "PATCH"} {
				assert.Contains(t, []int{401, 403}, send(method, "/protected", foreign...), "%s: %v", name, foreign)
				assert.Equal(t, 200, send(method, "/protected", own...), name)
			}
			assert.Contains(t, []int{401, 403}, send("POST", "/login", foreign...), "%s: %v", name, foreign)
			assert.Contains(t, []int{401, 403}, send("DELETE", "/logout", foreign...), "%s: %v", name, foreign)
			upgrade := append([]string{"Connection", "Upgrade", "Upgrade", "websocket"}, foreign...)
			assert.Contains(t, []int{401, 403}, send("GET", "/protected", upgrade...), "%s: %v", name, foreign)
		}
		assert.Equal(t, 200, send("DELETE", "/logout", own...), name)
		plainHTTP := send("POST", "/protected", "Origin", "http://example.com")
		assert.Equal(t, name == "FastAPIJWTAuth", plainHTTP == 200, "InsecureCookies alone admits http: %s", name)
	}
}

// No cookie with a token is a script's to read, and no readable one has a token.
func TestPresets_HttpOnly(t *testing.T) {
	for name, preset := range presets {
		s := newPresetService(t, preset, func(set *authjwt.Settings) { set.TokenLocation = []authjwt.Location{authjwt.Cookies} })
		cookies := setCookies(t, s.do(submitting("/login", formBody, asAlice)))
		assert.Len(t, cookies, map[string]int{"FastAPIJWTAuth": 4, "FastJWT": 4, "OAuth2Cookie": 2}[name], name)
		for _, c := range cookies {
			assert.Equal(t, strings.Contains(c.Value, "eyJ"), c.HttpOnly, "%s: %s", name, c.Name)
		}
	}
}

// Clocks: fastapi-jwt-auth allows no difference, the others do.
func TestPresets_ClockSkew(t *testing.T) {
	for name, ahead := range map[string]int64{"FastAPIJWTAuth": 0, "FastJWT": 5, "OAuth2Cookie": 5} {
		s := newPresetService(t, presets[name])
		s.inCookie = name == "OAuth2Cookie"
		for _, of := range []string{"nbf", "iat"} {
			good, bad := claim{of: testNow.Unix() + ahead}, claim{of: testNow.Unix() + ahead + 1}
			assert.Equal(t, 200, s.do(s.with("/protected", signedClaims(t, claims(good)))).Code, name)
			assert.Contains(t, []int{401, 422}, s.do(s.with("/protected", signedClaims(t, claims(bad)))).Code, name)
		}
	}
}

// With a Store the presets of libraries without rotation leave a refresh token good, until a logout.
func TestPresets_RefreshTokens(t *testing.T) {
	for name, keeps := range map[string]bool{"FastAPIJWTAuth": true, "FastJWT": true, "OAuth2Cookie": false} {
		s := newService(t, func(set *authjwt.Settings) {
			store, timeout := set.Store, set.StoreTimeout
			using(presets[name])(set)
			set.Store, set.StoreTimeout, set.TokenLocation, set.ErrorHandler = store, timeout, []authjwt.Location{authjwt.Headers}, nil
		})
		first := s.login(t)
		second := s.refresh(t, first.Refresh)
		assert.Equal(t, keeps, second.Refresh == "", name)
		s.pass(2 * time.Minute) // beyond RefreshReuseGrace
		rec := s.do("POST", "/refresh", first.Refresh)
		assert.Equal(t, keeps, rec.Code == http.StatusOK, "%s: %s", name, rec.Body)
		if keeps {
			require.Equal(t, 200, s.do("DELETE", "/logout", first.Refresh).Code)
			for _, token := range []string{first.Access, second.Access} {
				assert.Equal(t, http.StatusUnauthorized, s.do("GET", "/protected", token).Code, name)
			}
			assert.Equal(t, http.StatusUnauthorized, s.do("POST", "/refresh", first.Refresh).Code, name)
		}
	}
}

// An upgrade to WebSocket is a GET, and needs the value where no Origin vouches for it; in the FastAPI style always.
func TestPresets_WebSocket(t *testing.T) {
	for name, always := range map[string]bool{"FastAPIJWTAuth": true, "FastJWT": false} {
		s := newPresetService(t, presets[name], func(set *authjwt.Settings) { set.TokenLocation = []authjwt.Location{authjwt.Cookies} })
		access, value, _, _ := s.logsIn(t)
		s.GET("/socket", func(c *gin.Context) {
			if s.auth.Bind(c).JWTRequired(authjwt.WithCSRFToken(c.Query("csrf_token"))) == nil {
				c.Status(http.StatusOK)
			}
		})
		dial := func(query string, fields ...string) int {
			req := to("GET", "/socket", append(fields, "Connection", "Upgrade", "Upgrade", "websocket", "Cookie", accessCookie+"="+access)...)
			req.URL.RawQuery = query
			return s.do(req).Code
		}
		assert.Equal(t, always, dial("", "Origin", "https://example.com") == 401, name)
		assert.Equal(t, 401, dial(""), name)
		assert.Equal(t, 401, dial("csrf_token=x", "Origin", "https://other.example"), name)
		assert.Equal(t, 200, dial("csrf_token="+value), name)
		assert.Equal(t, 200, dial("csrf_token="+value, "Origin", "https://example.com"), name)
	}
}
