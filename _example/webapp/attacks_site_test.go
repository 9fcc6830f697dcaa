package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/coder/websocket"
	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

const form = "application/x-www-form-urlencoded"

// A victim is a site with cookies that others' pages are after. It notes what it got, and what it answered.
type victim struct {
	*gin.Engine
	origins map[string]string // how those that matter are called
	prefix  string

	serving sync.RWMutex // locked for reading while a request is served
	mutex   sync.Mutex
	notes   []string
}

// newVictim has the users alice and mallory, whose passwords are their names; POST /account changes something, GET /account
// shows the user, /socket sends the user, and all other GETs are pages with nothing on them.
func newVictim(t *testing.T, edit ...func(s *authjwt.Settings)) *victim {
	t.Helper()
	s := authjwt.Settings{SecretKey: "webapp-attacks-0123456789-abcdefghijklmn", TokenLocation: []authjwt.Location{authjwt.Cookies}}
	for _, change := range edit {
		change(&s)
	}
	m, err := authjwt.New(s)
	require.NoError(t, err)
	v := &victim{Engine: gin.New(), origins: map[string]string{}, prefix: s.CookiePrefix}
	v.Use(v.note)
	m.Mount(v, authjwt.Routes{Login: func(c *gin.Context) (string, error) {
		given, err := authjwt.BindCredentials(c)
		if err != nil {
			return "", err
		}
		c.Set("ran", true)
		if given.Password != given.Username || given.Username != "alice" && given.Username != "mallory" {
			return "", authjwt.ErrInvalidCredentials
		}
		return given.Username, nil
	}})
	account := func(c *gin.Context) {
		c.Set("ran", true)
		c.String(http.StatusOK, authjwt.FromContext(c).Subject())
	}
	for _, path := range []string{"/account", "/account/change", "/other"} {
		v.GET(path, m.Required(), account)
		v.POST(path, m.Required(), account)
	}
	v.GET("/socket", m.Required(), func(c *gin.Context) {
		c.Set("ran", true)
		conn, err := websocket.Accept(c.Writer, c.Request, &websocket.AcceptOptions{InsecureSkipVerify: true}) // the guard's part
		if err != nil {
			return
		}
		_ = conn.Write(context.WithoutCancel(c), websocket.MessageText, []byte(authjwt.FromContext(c).Subject()))
		_ = conn.Close(websocket.StatusNormalClosure, "")
	})
	v.NoRoute(func(c *gin.Context) { blank(c.Writer, c.Request) })
	return v
}

// blank is a page with nothing on it, below any path.
func blank(w http.ResponseWriter, req *http.Request) {
	if req.Method != http.MethodGet {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	fmt.Fprint(w, "<!doctype html><title>.</title><link rel=icon href=data:,><body></body>")
}

type bodyCopy struct {
	gin.ResponseWriter
	body bytes.Buffer
}

func (w *bodyCopy) Write(text []byte) (int, error) {
	w.body.Write(text)
	return w.ResponseWriter.Write(text)
}

// note writes down a request and its answer, unless it was for one of the empty pages:
//
//	POST /account with its cookies from the attacker (same-site): 403 csrf_origin
//	POST /login without cookies from itself (same-origin): 200, ran, sets 4
func (v *victim) note(c *gin.Context) {
	v.serving.RLock()
	defer v.serving.RUnlock()
	w := &bodyCopy{ResponseWriter: c.Writer}
	c.Writer = w
	c.Next()
	if c.FullPath() == "" && c.Request.Method == http.MethodGet {
		return
	}
	origin := "without Origin"
	if sent := c.GetHeader("Origin"); sent != "" {
		origin = "from " + cmp.Or(v.origins[sent], sent)
	}
	note := fmt.Sprintf("%s %s %s %s (%s): %d", c.Request.Method, c.Request.URL.Path, v.brought(c), origin, c.GetHeader("Sec-Fetch-Site"), c.Writer.Status())
	var answer struct{ Code, Detail string }
	if json.Unmarshal(w.body.Bytes(), &answer) == nil {
		if answer.Code == "" {
			answer.Code = answer.Detail // the FastAPI style has none
		}
		note = strings.TrimSuffix(note+" "+answer.Code, " ")
	}
	if c.GetBool("ran") {
		note += ", ran"
	}
	if sets := len(c.Writer.Header().Values("Set-Cookie")); sets > 0 {
		note += fmt.Sprint(", sets ", sets)
	}
	v.mutex.Lock()
	defer v.mutex.Unlock()
	v.notes = append(v.notes, note)
}

// brought tells which cookies came: the four of a login, none, or others, by name.
func (v *victim) brought(c *gin.Context) string {
	var names []string
	for _, cookie := range c.Request.Cookies() {
		names = append(names, cookie.Name)
	}
	slices.Sort(names)
	switch got := strings.ReplaceAll(strings.Join(names, " "), v.prefix, ""); got {
	case "":
		return "without cookies"
	case "access_token_cookie csrf_access_token csrf_refresh_token refresh_token_cookie":
		return "with its cookies"
	default:
		return "with " + got
	}
}

// noted returns the notes since it was last asked, when all requests have been served.
func (v *victim) noted() []string {
	v.serving.Lock()
	defer v.serving.Unlock()
	v.mutex.Lock()
	defer v.mutex.Unlock()
	notes := v.notes
	v.notes = nil
	return notes
}

// logIn logs in by the page in the tab, which is the site's.
func (v *victim) logIn(t *testing.T, tab *chromeTab, user string) {
	t.Helper()
	got := tab.fetch("POST", "/login", fetchOptions{Headers: map[string]string{"Content-Type": form}, Body: "username=" + user + "&password=" + user})
	require.Equal(t, 200, got.Status, got)
	v.noted()
}

// submit is a script that submits a form as a page can, at the top or into a frame.
func submit(action, enctype string, fields ...string) string {
	given, err := json.Marshal(append([]string{action, enctype}, fields...))
	if err != nil {
		panic(err)
	}
	return `((action, enctype, ...fields) => {
		const form = document.createElement("form");
		Object.assign(form, {action, enctype, method: "POST"});
		for (let i = 0; i < fields.length; i += 2) {
			const input = document.createElement("input");
			Object.assign(input, {name: fields[i], value: fields[i + 1]});
			form.append(input);
		}
		document.body.append(form);
		form.submit();
	})(...` + string(given) + `)`
}

// socket is a promise of the first message of a WebSocket, or of "refused".
func socket(url string) string {
	return fmt.Sprintf(`new Promise(done => {
		const socket = new WebSocket(%q);
		socket.onmessage = event => done(event.data);
		socket.onclose = () => done("refused");
	})`, url)
}

// stay opens the address unless it is shown.
func (tab *chromeTab) stay(url string) {
	tab.t.Helper()
	if eval[string](tab.t, tab, "location.href") != url {
		tab.open(url)
	}
}

// csrf is a promise of the value that document.cookie shows under that name; the first, if there are several.
func csrf(name string) string {
	return fmt.Sprintf(`(document.cookie.split("; ").find(c => c.startsWith(%q)) || "=").split("=")[1]`, name+"=")
}
