package authjwt

import (
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// wirePair is a TokenPair as encoding/json/v2 writes it.
type wirePair struct {
	Message      string `json:"msg,omitzero"`
	AccessToken  string `json:"access_token,omitzero"`
	RefreshToken string `json:"refresh_token,omitzero"`
	TokenType    string `json:"token_type,omitzero"`
	AccessCSRF   string `json:"csrf_access_token,omitzero"`
	RefreshCSRF  string `json:"csrf_refresh_token,omitzero"`
	ExpiresIn    int64  `json:"expires_in,omitzero"`
}

func TestTokenPair_IsJSONs(t *testing.T) {
	lives := []time.Duration{0, NoExpiry, time.Second - 1, time.Second, 15 * time.Minute, -time.Hour, 1<<63 - 1}
	texts := []string{"", "eyJ0eXAi.eyJzdWIi.c2lnbmF0-_", `"\/<>&` + "\x00\n\x7f\u2028é😀"}
	for bits := range 1 << 6 {
		for _, text := range texts {
			for _, life := range lives {
				some := func(bit int) string {
					if bits&(1<<bit) != 0 {
						return text
					}
					return ""
				}
				p := TokenPair{some(0), some(1), some(2), some(3), life, bits&16 != 0, bits&32 != 0}
				for _, message := range []string{"", "Successfully login"} {
					w := wirePair{message, p.AccessToken, p.RefreshToken, "bearer", p.AccessCSRF, p.RefreshCSRF, int64(life / time.Second)}
					switch {
					case p.cookiesOnly && !p.showAccess:
						w.AccessToken, w.RefreshToken, w.TokenType = "", "", ""
					case p.cookiesOnly:
						w.RefreshToken, w.Message = "", ""
					default:
						w.Message = ""
					}
					if w.AccessToken == "" {
						w.TokenType = ""
					}
					want, err := json.Marshal(w)
					require.NoError(t, err)
					got, err := p.appendJSON([]byte("before"), message)
					require.NoError(t, err)
					require.Equal(t, "before"+string(want), string(got))
					if message == "" {
						got, err = json.Marshal(p)
						require.NoError(t, err)
						require.Equal(t, string(want), string(got))
					}
				}
			}
		}
	}
	for _, p := range []TokenPair{{AccessToken: "\xff"}, {RefreshToken: "\xff"}, {AccessCSRF: "\xff"}, {RefreshCSRF: "a\xff"}} {
		_, err := p.MarshalJSON()
		assert.Error(t, err)
	}
}
