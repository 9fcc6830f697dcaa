package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/cdproto/storage"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/require"
)

// patience is how long a test may have a browser.
const patience = time.Minute

// chromium is the one process of all tests. The first that needs it starts it, and TestMain ends it.
var chromium struct {
	sync.Once
	ctx     context.Context
	profile string
	err     error
}

var errNoChromium = errors.New("no Chromium here: apt-get install chromium, say")

func TestMain(m *testing.M) {
	gin.SetMode(gin.ReleaseMode)
	code := m.Run()
	if chromium.ctx != nil {
		ctx, cancel := context.WithTimeout(chromium.ctx, 5*time.Second)
		_ = chromedp.Cancel(ctx) // kills it if it does not end
		cancel()
	}
	for range 50 { // its children may outlive it for a moment, and write
		if os.RemoveAll(chromium.profile) == nil {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	os.Exit(code)
}

// preferences let cookies of other sites than the shown one come along, as they do in a window that is not incognito.
const preferences = `{"profile": {"cookie_controls_mode": 0}}`

// startChromium starts it with a new profile. It talks to loopback addresses alone.
func startChromium() {
	var program string
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			program = path
			break
		}
	}
	if program == "" {
		chromium.err = errNoChromium
		return
	}
	if chromium.profile, chromium.err = os.MkdirTemp("", "webapp-chromium-"); chromium.err != nil {
		return
	}
	chromium.err = errors.Join(
		os.Mkdir(filepath.Join(chromium.profile, "Default"), 0o700),
		os.WriteFile(filepath.Join(chromium.profile, "Default", "Preferences"), []byte(preferences), 0o600))
	if chromium.err != nil {
		return
	}
	flags := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]), chromedp.ExecPath(program), chromedp.UserDataDir(chromium.profile), chromedp.DisableGPU)
	for name, value := range map[string]any{ // as root chromedp adds no-sandbox
		"disable-quic": true, "disable-component-update": true,
		"ignore-certificate-errors-spki-list": certificate().spki,
		"host-resolver-rules":                 "MAP *.example.test 127.0.0.1, MAP example.test 127.0.0.1",
	} {
		flags = append(flags, chromedp.Flag(name, value))
	}
	allocator, _ := chromedp.NewExecAllocator(context.Background(), flags...)
	silent := func(string, ...any) {} // events that chromedp does not know
	ctx, _ := chromedp.NewContext(allocator, chromedp.WithErrorf(silent), chromedp.WithLogf(silent))
	if chromium.err = chromedp.Do(ctx); chromium.err == nil {
		chromium.ctx = ctx
	}
}

// A chrome is Chromium with a cookie jar of its own, which the tabs share.
type chrome struct {
	ctx context.Context
	jar cdp.BrowserContextID
}

// newBrowser returns a browser without cookies, for as long as the test takes. It may take a minute; after it
// everything fails. Without a Chromium that starts the test is skipped; if REQUIRE_SERVICES is set, it fails.
func newBrowser(t *testing.T) *chrome {
	t.Helper()
	chromium.Do(startChromium)
	if chromium.err != nil && os.Getenv("REQUIRE_SERVICES") == "" { // one that does not start is none
		t.Skip(chromium.err)
	}
	require.NoError(t, chromium.err)
	ctx, cancel := context.WithTimeout(chromium.ctx, patience)
	made, err := chromedp.CallBrowser(ctx, target.CreateBrowserContext, target.CreateBrowserContextParams{})
	require.NoError(t, err)
	t.Cleanup(func() {
		cancel()
		_, _ = chromedp.CallBrowser(chromium.ctx, target.DisposeBrowserContext, target.DisposeBrowserContextParams(made))
	})
	return &chrome{ctx, made.BrowserContextID}
}

// cookies is the jar, whatever host or path the cookies are for, HttpOnly ones too, sorted by name, domain and path.
func (b *chrome) cookies(t *testing.T) []*network.Cookie {
	t.Helper()
	got, err := chromedp.CallBrowser(b.ctx, storage.GetCookies, storage.GetCookiesParams{BrowserContextID: b.jar})
	require.NoError(t, err)
	slices.SortFunc(got.Cookies, func(x, y *network.Cookie) int {
		return cmp.Or(strings.Compare(x.Name, y.Name), strings.Compare(x.Domain, y.Domain), strings.Compare(x.Path, y.Path))
	})
	return got.Cookies
}

// A chromeTab is a tab, for the goroutine of its test alone.
type chromeTab struct {
	t   *testing.T
	ctx context.Context

	mutex sync.Mutex
	heard []string
}

// tab opens an empty tab.
func (b *chrome) tab(t *testing.T) *chromeTab {
	t.Helper()
	tab := &chromeTab{t: t}
	tab.ctx, _ = chromedp.NewContext(b.ctx, chromedp.WithExistingBrowserContext(b.jar), chromedp.WithListener(tab.hear))
	require.NoError(t, chromedp.Do(tab.ctx))
	return tab
}

// open goes to the address and returns when the page has loaded.
func (tab *chromeTab) open(url string) {
	tab.t.Helper()
	require.NoError(tab.t, chromedp.Do(tab.ctx, chromedp.Navigate(url)), url)
}

// leave runs a script that makes the tab go elsewhere (a form's submit, a click on a link), and returns the status of the
// document that is shown then.
func (tab *chromeTab) leave(js string) int64 {
	tab.t.Helper()
	res, err := chromedp.RunResponse(tab.ctx, chromedp.Evaluate[chromedp.Void](js))
	require.NoError(tab.t, err, js)
	require.NotNil(tab.t, res, js)
	return res.Status
}

// text is what the document shows.
func (tab *chromeTab) text() string {
	tab.t.Helper()
	return eval[string](tab.t, tab, `document.documentElement.innerText`)
}

// eval is the value of an expression in the page, or of the promise that it gives. An exception fails the test.
func eval[T any](t *testing.T, tab *chromeTab, js string) T {
	t.Helper()
	value, err := chromedp.Run(tab.ctx, chromedp.Evaluate[T](js, chromedp.EvalAwaitPromise))
	require.NoError(t, err, js)
	return value
}

// fetchOptions go with a fetch of a page.
type fetchOptions struct {
	Headers map[string]string `json:"headers,omitempty"`
	Body    string            `json:"body,omitempty"`
	Mode    string            `json:"mode,omitempty"` // cors; no-cors
}

// A fetched is an answer as the page's script sees it: with Error alone if there is none, because the browser has blocked it, say.
type fetched struct {
	Status int               `json:"status"`
	Type   string            `json:"type"` // basic, cors, opaque
	Header map[string]string `json:"header"`
	Body   string            `json:"body"`
	Error  string            `json:"error"`
}

// Field is a member of the JSON object in the body, as text; empty if it is not there.
func (f fetched) Field(name string) string {
	var members map[string]any
	if json.Unmarshal([]byte(f.Body), &members) != nil || members[name] == nil {
		return ""
	}
	return fmt.Sprint(members[name])
}

// verdict is status and code: "403 csrf_origin".
func (f fetched) verdict() string {
	return strings.TrimSpace(fmt.Sprint(f.Status, " ", f.Field("code")))
}

// fetch is the page's own fetch, with credentials.
func (tab *chromeTab) fetch(method, url string, options ...fetchOptions) fetched {
	tab.t.Helper()
	options = append(options, fetchOptions{})
	given, err := json.Marshal([]any{method, url, options[0]})
	require.NoError(tab.t, err)
	return eval[fetched](tab.t, tab, `(async (method, url, options) => {
		try {
			const res = await fetch(url, {method, credentials: "include", ...options});
			return {status: res.status, type: res.type, header: Object.fromEntries(res.headers), body: await res.text()};
		} catch (error) {
			return {error: String(error)};
		}
	})(...`+string(given)+`)`)
}

// screenshot is what a window of this size shows, as PNG.
func (tab *chromeTab) screenshot(width, height int64, dark, mobile bool) []byte {
	tab.t.Helper()
	scheme, size := "light", chromedp.EmulateViewport(width, height)
	if dark {
		scheme = "dark"
	}
	if mobile {
		size = chromedp.EmulateViewport(width, height, chromedp.EmulateMobile, chromedp.EmulateTouch, chromedp.EmulatePortrait, chromedp.EmulateScale(2))
	}
	features := []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}
	_, err := chromedp.Call(tab.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: features})
	require.NoError(tab.t, err)
	require.NoError(tab.t, chromedp.Do(tab.ctx, size))
	eval[bool](tab.t, tab, `new Promise(drawn => requestAnimationFrame(() => requestAnimationFrame(() => drawn(true))))`)
	png, err := chromedp.Run(tab.ctx, chromedp.CaptureScreenshot())
	require.NoError(tab.t, err)
	return png
}

// complaints are the errors and warnings in the tab's console, uncaught exceptions among them, and what the browser complains of
// there: answers of 400 and more, what CORS and content security policy block. It is all since the tab was opened.
func (tab *chromeTab) complaints() []string {
	tab.t.Helper()
	eval[int](tab.t, tab, `0`) // what came before it has been heard then
	tab.mutex.Lock()
	defer tab.mutex.Unlock()
	return slices.Clone(tab.heard)
}

func (tab *chromeTab) hear(event any) {
	said := ""
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		said = "exception: " + (&chromedp.ExceptionError{ExceptionDetails: e.ExceptionDetails}).Error()
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeWarning || e.Type == runtime.ConsoleAPICalledTypeAssert {
			said = string(e.Type) + ":"
			for _, arg := range e.Args {
				said += " " + cmp.Or(strings.Trim(string(arg.Value), `"`), arg.Description)
			}
		}
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError || e.Entry.Level == log.EntryLevelWarning {
			said = string(e.Entry.Source) + ": " + e.Entry.Text + " " + e.Entry.URL
		}
	}
	if said != "" {
		tab.mutex.Lock()
		defer tab.mutex.Unlock()
		tab.heard = append(tab.heard, said)
	}
}
