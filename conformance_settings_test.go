package authjwt_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

// A settingsCase is what load_config did with settings.
type settingsCase struct {
	Name, Quirk string
	Config      map[string]any
	Expect      struct {
		Accepted  bool
		Effective map[string]any
		Refused   []struct{ Setting string }
	}
}

// acceptedQuirks are the quirks whose settings load even so; the settings of all others are refused.
var acceptedQuirks = map[string]func(t *testing.T, effective map[string]any){
	"Q09": func(_ *testing.T, effective map[string]any) { // a set
		effective["authjwt_token_location"] = []any{"headers", "cookies"}
	},
	"Q15": func(*testing.T, map[string]any) {}, // kept
	"Q38": func(*testing.T, map[string]any) {}, // New finds it, for the callback cannot stand in a map
	"Q53": func(*testing.T, map[string]any) {}, // secrets are taken as they stand
}

// TestConformance_Settings judges every recorded case at the loader.
func TestConformance_Settings(t *testing.T) {
	_, cases := recordings(t)
	counts, list := map[string]int{}, ""
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			settings, err := authjwt.LoadSettings(pythonSettings(c.Config))
			edit, accepted := acceptedQuirks[c.Quirk]
			switch {
			case !c.Expect.Accepted:
				counts["refused as recorded"]++
				require.NotEmpty(t, c.Expect.Refused)
				for _, refused := range c.Expect.Refused {
					require.ErrorContains(t, err, refused.Setting)
				}
				return
			case c.Quirk != "" && !accepted:
				counts["by quirk"]++
				list += fmt.Sprintf("       %s %s: refused\n", c.Quirk, c.Name)
				require.ErrorContains(t, err, slices.Sorted(maps.Keys(c.Config))[0])
				return
			case accepted:
				counts["by quirk"]++
				list += fmt.Sprintf("       %s %s: accepted\n", c.Quirk, c.Name)
				edit(t, c.Expect.Effective)
			default:
				counts["accepted as recorded"]++
			}
			require.NoError(t, err)
			for name, want := range c.Expect.Effective {
				assert.Equal(t, normalSetting(want), effective(t, &settings, name), name)
			}
			if c.Quirk == "Q38" {
				_, err := authjwt.New(settings)
				require.ErrorContains(t, err, "Settings.DenylistEnabled: ")
			}
		})
	}
	sum := 0
	text := fmt.Sprintf("\n%d settings cases:\n", len(cases))
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		sum += counts[name]
		text += fmt.Sprintf("%4d %s\n", counts[name], name)
	}
	t.Log(text + list)
	assert.Equal(t, 104, sum)
}

// normalSetting says durations in seconds, and one audience as a list.
func normalSetting(v any) any {
	if d, ok := asDuration(v); ok {
		return d.Seconds()
	}
	if number, ok := v.(json.Number); ok {
		seconds, err := number.Float64()
		if err == nil {
			return seconds
		}
	}
	return v
}

// effective is the value that a setting of the original has here.
func effective(t *testing.T, s *authjwt.Settings, name string) any {
	t.Helper()
	seconds := func(d time.Duration) any { return d.Seconds() }
	switch name {
	case "authjwt_secret_key":
		return s.SecretKey
	case "authjwt_token_location":
		return settingTexts(s.TokenLocation)
	case "authjwt_denylist_token_checks":
		return settingTexts(s.DenylistTokenChecks)
	case "authjwt_csrf_methods":
		return settingTexts(s.CSRFMethods)
	case "authjwt_decode_audience":
		if len(s.DecodeAudience) == 1 {
			return s.DecodeAudience[0]
		}
		return settingTexts(s.DecodeAudience)
	case "authjwt_decode_leeway":
		return seconds(s.DecodeLeeway)
	case "authjwt_access_token_expires":
		return seconds(s.AccessTokenExpires)
	case "authjwt_refresh_token_expires":
		return seconds(s.RefreshTokenExpires)
	case "authjwt_cookie_max_age":
		return seconds(s.CookieMaxAge)
	case "authjwt_denylist_enabled":
		return s.DenylistEnabled
	case "authjwt_cookie_csrf_protect":
		return !s.InsecureDisableCSRF
	case "authjwt_cookie_secure":
		return !s.InsecureCookies
	case "authjwt_cookie_samesite":
		return sameSites[s.CookieSameSite]
	case "authjwt_header_type":
		if s.HeaderType == authjwt.NoHeaderType {
			return nil
		}
		return s.HeaderType
	}
	require.Fail(t, "no value is known", strings.TrimSpace(name))
	return nil
}

func settingTexts[T ~string](values []T) []any {
	var all []any
	for _, v := range values {
		all = append(all, string(v))
	}
	return all
}
