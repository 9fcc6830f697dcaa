package main

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
)

// Well-known browsers have names; what else calls is shown as it calls itself.
func TestAgentName(t *testing.T) {
	tab := newBrowser(t).tab(t)
	tab.open(startWebapp(t, minute).url)
	const webkit = "AppleWebKit/537.36 (KHTML, like Gecko)"
	for agent, want := range map[string]string{
		"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0":                                                                    "Firefox on Linux",
		"Mozilla/5.0 (Android 15; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0":                                                                      "Firefox on Android",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) FxiOS/140.0 Mobile/15E148 Safari/605.1.15": "Firefox on iPhone",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) " + webkit + " Chrome/140.0.0.0 Safari/537.36":                                                   "Chrome on Windows",
		"Mozilla/5.0 (X11; Linux x86_64) " + webkit + " HeadlessChrome/140.0.0.0 Safari/537.36":                                                     "Chrome on Linux",
		"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) " + webkit + " Chrome/140.0.0.0 Safari/537.36":                                                    "Chrome on ChromeOS",
		"Mozilla/5.0 (iPad; CPU OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/140.0.0.0 Mobile/15E148 Safari/604.1":         "Chrome on iPad",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) " + webkit + " Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0":                                     "Edge on Windows",
		"Mozilla/5.0 (Linux; Android 10; K) " + webkit + " Chrome/140.0.0.0 Mobile Safari/537.36 EdgA/140.0.0.0":                                    "Edge on Android",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) " + webkit + " Chrome/140.0.0.0 Safari/537.36 OPR/120.0.0.0":                               "Opera on Mac",
		"Mozilla/5.0 (Linux; Android 10; K) " + webkit + " SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36":                               "Samsung Internet on Android",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15":                     "Safari on Mac",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1":   "Safari on iPhone",
		"Mozilla/5.0 (X11; FreeBSD amd64; rv:140.0) Gecko/20100101 Firefox/140.0":                                                                   "Mozilla/5.0 (X11; FreeBSD amd64; rv:140.0) Gecko/20100101 Firefox/140.0",
		"Mozilla/5.0 (compatible; Linux)": "Mozilla/5.0 (compatible; Linux)", "curl/8.14.1": "curl/8.14.1", "Notes/3 Firefox/1 Linux": "Notes/3 Firefox/1 Linux", "": "Unknown device",
	} {
		assert.Equal(t, want, eval[string](t, tab, fmt.Sprintf(`import("/devices.js").then(({ agentName }) => agentName(%q))`, agent)))
	}
	assert.Equal(t, "Unknown device", eval[string](t, tab, `import("/devices.js").then(({ agentName }) => agentName())`))
	for seconds, want := range map[int]string{
		-5: "just now", 0: "just now", 59: "just now", 60: "1 minute ago", 119: "1 minute ago", 120: "2 minutes ago", 3599: "59 minutes ago",
		3600: "1 hour ago", 86399: "23 hours ago", 86400: "yesterday", 2*86400 - 1: "yesterday", 2 * 86400: "2 days ago", 40 * 86400: "40 days ago",
	} {
		assert.Equal(t, want, eval[string](t, tab, fmt.Sprintf(`import("/devices.js").then(({ ago }) => ago(%d))`, seconds)), seconds)
	}
}
