package main

import (
	"encoding/json"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

// A refusal is what a client that gets no socket is told.
type refusal struct {
	Status int    `json:"-"`
	Code   string `json:"code"`
	Detail string `json:"detail"`
}

var accepted refusal

func TestCredentials(t *testing.T) {
	now := time.Now()
	p := start(t, func(s *authjwt.Settings) { s.TrustedOrigins = []string{"https://app.example"} })
	raw, value := p.token(t, "test")
	other, otherValue := p.token(t, "other")
	refresh, err := p.auth.CreateRefreshToken("test")
	require.NoError(t, err)
	past := start(t, func(s *authjwt.Settings) { s.Now = func() time.Time { return now.Add(-time.Hour) } })
	old, _ := past.token(t, "test")
	gone := p.login(t)
	p.post(t, "/logout", "", "Authorization", "Bearer "+gone.Access)
	odd := raw[:len(raw)-2] + "A" + raw[len(raw)-1:]
	if odd == raw {
		odd = raw[:len(raw)-2] + "B" + raw[len(raw)-1:]
	}

	here, err := url.Parse(p.http.URL)
	require.NoError(t, err)
	own, otherPort := "http://"+here.Host, "http://"+here.Hostname()+":1"
	bearer := func(raw string) []string { return []string{"Authorization", "Bearer " + raw} }
	cookie := func(raw string, fields ...string) []string {
		return append([]string{"Cookie", "access_token_cookie=" + raw}, fields...)
	}
	missing := refusal{401, "missing_token", "Missing cookie access_token_cookie"}
	expiredToken := refusal{401, "token_expired", "Signature has expired"}
	revokedToken := refusal{401, "token_revoked", "Token has been revoked"}
	forged := refusal{401, "token_signature_invalid", "Signature verification failed"}
	onlyAccess := refusal{401, "access_token_required", "Only access tokens are allowed"}
	noValue := refusal{403, "csrf_missing", "Missing CSRF Token. Send the value of the cookie csrf_access_token in the header X-CSRF-Token"}
	wrongValue := refusal{403, "csrf_mismatch", "CSRF double submit tokens do not match. Send the value of the cookie csrf_access_token in the header X-CSRF-Token"}
	foreign := refusal{403, "csrf_origin", "Cross-origin request. If the page is yours, list its origin in TrustedOrigins"}
	both := refusal{400, "invalid_request", "Several tokens. Send one, in the header or in the query"}
	for _, row := range []struct {
		name, query string
		fields      []string
		want        refusal
	}{
		{"none", "", nil, missing},
		{"none, own origin", "", []string{"Origin", own}, missing},
		{"none, with a value", "?csrf_token=" + value, nil, missing},

		{"header", "", bearer(raw), accepted},
		{"header, forged", "", bearer(odd), forged},
		{"header, refresh token", "", bearer(refresh), onlyAccess},
		{"header, expired", "", bearer(old), expiredToken},
		{"header, logged out", "", bearer(gone.Access), revokedToken},
		{"header, foreign origin", "", append(bearer(raw), "Origin", "https://evil.example"), accepted}, // no page can make a browser send it
		{"header, forged, foreign origin", "", append(bearer(odd), "Origin", "https://evil.example"), forged},
		{"header and query", "?token=" + raw, bearer(raw), both},

		{"query", "?token=" + raw, nil, accepted},
		{"query, forged", "?token=" + odd, nil, forged},
		{"query, refresh token", "?token=" + refresh, nil, onlyAccess},
		{"query, expired", "?token=" + old, nil, expiredToken},
		{"query, logged out", "?token=" + gone.Access, nil, revokedToken},
		{"query, foreign origin", "?token=" + raw, []string{"Origin", "https://evil.example"}, accepted}, // it holds the token
		{"query and cookie, foreign origin", "?token=" + other, cookie(raw, "Origin", "https://evil.example"), foreign},
		{"query, empty", "?token=", nil, missing},

		{"cookie, own origin", "", cookie(raw, "Origin", own), accepted},
		{"cookie, other port", "", cookie(raw, "Origin", otherPort), foreign},
		{"cookie, foreign origin", "", cookie(raw, "Origin", "https://evil.example"), foreign},
		{"cookie, foreign origin, with the value", "?csrf_token=" + value, cookie(raw, "Origin", "https://evil.example"), foreign},
		{"cookie, null origin", "", cookie(raw, "Origin", "null"), foreign},
		{"cookie, trusted origin", "", cookie(raw, "Origin", "https://app.example"), accepted},
		{"cookie, trusted host, http", "", cookie(raw, "Origin", "http://app.example"), foreign},
		{"cookie, own origin, forged", "", cookie(odd, "Origin", own), forged},
		{"cookie, own origin, refresh token", "", cookie(refresh, "Origin", own), onlyAccess},
		{"cookie, own origin, expired", "", cookie(old, "Origin", own), expiredToken},
		{"cookie, own origin, logged out", "", cookie(gone.Access, "Origin", own), revokedToken},
		{"cookie, no origin", "", cookie(raw), noValue},
		{"cookie, value in the header", "", cookie(raw, "X-CSRF-Token", value), accepted},
		{"cookie, another's value in the header", "", cookie(raw, "X-CSRF-Token", otherValue), wrongValue},
		{"cookie, value in the URL", "?csrf_token=" + value, cookie(raw), accepted},
		{"cookie, another's value in the URL", "?csrf_token=" + otherValue, cookie(raw), wrongValue},
		{"cookie, value under another name", "?csrf=" + value, cookie(raw), noValue},
	} {
		t.Run(row.name, func(t *testing.T) {
			socket, res := p.dial(t, "/echo"+row.query, row.fields...)
			if row.want == accepted {
				require.NotNil(t, socket, res.Status)
				socket.echoes(t)
				assert.Empty(t, res.Header.Get("Sec-WebSocket-Extensions"))
				return
			}
			require.Nil(t, socket)
			got := refusal{Status: res.StatusCode}
			require.NoError(t, json.NewDecoder(res.Body).Decode(&got))
			assert.Equal(t, row.want, got)
		})
	}
	p.stop()
	p.awaitSockets(t, patient)
	text := logged.String()
	assert.Contains(t, text, `"/echo"`)
	for _, word := range []string{raw, odd, other, old, refresh, value, otherValue, "?"} {
		assert.NotContains(t, text, word)
	}
}

// A request that asks for no upgrade gets none; without a token it learns nothing of that.
func TestCredentials_NoUpgrade(t *testing.T) {
	p := start(t)
	raw, _ := p.token(t, "test")
	for given, status := range map[string]int{"": http.StatusUnauthorized, "Bearer " + raw: http.StatusUpgradeRequired} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.http.URL+"/echo", nil)
		require.NoError(t, err)
		req.Header.Set("Authorization", given)
		res, err := p.http.Client().Do(req)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		assert.Equal(t, status, res.StatusCode)
	}
}
