package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
	"github.com/gin-authjwt/authjwt/storetest"
)

// A device is a client of the webapp with cookies of its own, but no browser: any user's, with any user agent.
type device struct {
	t       *testing.T
	app     http.Handler
	cookies map[string]string
	id      string // of its session
}

func (w *webapp) device(t *testing.T, user, agent string) *device {
	t.Helper()
	anybody := gin.New()
	anybody.POST("/login", w.LoginHandler(authjwt.Routes{Login: func(*gin.Context) (string, error) { return user, nil }}))
	req := httptest.NewRequest("POST", "/login", nil)
	req.Header.Set("User-Agent", agent)
	rec := httptest.NewRecorder()
	anybody.ServeHTTP(rec, req)
	require.Equal(t, 200, rec.Code, rec.Body)
	d := &device{t, router(w.Manager, ""), map[string]string{}, ""}
	for _, cookie := range rec.Result().Cookies() {
		d.cookies[cookie.Name] = cookie.Value
	}
	token, err := w.Verify(t.Context(), d.cookies["access_token_cookie"], authjwt.Access)
	require.NoError(t, err)
	d.id = token.SessionID
	return d
}

// send asks as the device's page would, but for the header fields that are given: an empty one is left out.
func (d *device) send(method, path string, fields ...string) *httptest.ResponseRecorder {
	d.t.Helper()
	req := httptest.NewRequest(method, path, nil)
	kind := "access"
	if strings.HasPrefix(path, "/auth/") {
		req.AddCookie(&http.Cookie{Name: "refresh_token_cookie", Value: d.cookies["refresh_token_cookie"]})
		kind = "refresh"
	}
	req.AddCookie(&http.Cookie{Name: "access_token_cookie", Value: d.cookies["access_token_cookie"]})
	if method != "GET" {
		req.Header.Set("X-CSRF-Token", d.cookies["csrf_"+kind+"_token"])
	}
	for i := 0; i < len(fields); i += 2 {
		req.Header.Set(fields[i], fields[i+1])
		if fields[i+1] == "" {
			req.Header.Del(fields[i])
		}
	}
	rec := httptest.NewRecorder()
	d.app.ServeHTTP(rec, req)
	return rec
}

// lives tells whether the session counts, for guards and refreshes alike.
func (d *device) lives() bool {
	d.t.Helper()
	asked, refreshed := d.send("GET", "/api/me"), d.send("POST", "/auth/refresh")
	if asked.Code == 200 {
		assert.Equal(d.t, 200, refreshed.Code, refreshed.Body)
		return true
	}
	for _, rec := range []*httptest.ResponseRecorder{asked, refreshed} {
		assert.Equal(d.t, 401, rec.Code)
		assert.Contains(d.t, rec.Body.String(), `"code":"token_revoked"`)
	}
	return false
}

type deviceList struct {
	Sessions []authjwt.Session `json:"sessions"`
	This     string            `json:"this"`
}

func (d *device) list() (list deviceList, ids []string) {
	d.t.Helper()
	rec := d.send("GET", "/api/sessions")
	require.Equal(d.t, 200, rec.Code, rec.Body)
	require.NoError(d.t, json.Unmarshal(rec.Body.Bytes(), &list))
	for _, s := range list.Sessions {
		ids = append(ids, s.ID)
	}
	return list, ids
}

func TestDevices_List(t *testing.T) {
	w := startWebapp(t, time.Minute)
	laptop, phone, other := w.device(t, "alice", "a laptop"), w.device(t, "alice", "a phone"), w.device(t, "bob", "bob's")
	list, ids := laptop.list()
	assert.ElementsMatch(t, []string{laptop.id, phone.id}, ids)
	assert.Equal(t, laptop.id, list.This)
	for _, s := range list.Sessions {
		assert.Equal(t, map[string]string{laptop.id: "a laptop", phone.id: "a phone"}[s.ID], s.UserAgent)
		assert.Equal(t, "192.0.2.1", s.ClientAddress)
		assert.WithinDuration(t, time.Now(), s.Created, time.Minute)
	}
	list, ids = other.list()
	assert.Equal(t, []string{other.id}, ids)
	assert.Equal(t, other.id, list.This)

	rec := phone.send("GET", "/api/sessions")
	assert.Equal(t, "no-store", rec.Header().Get("Cache-Control"))
	text, err := json.Marshal(document(w.Manager))
	require.NoError(t, err)
	doc, err := openapi3.NewLoader().LoadFromData(text)
	require.NoError(t, err)
	described := doc.Paths.Find("/api/sessions").Get.Responses.Value("200").Value.Content["application/json"].Schema.Value
	var answer map[string]any
	require.NoError(t, json.Unmarshal(rec.Body.Bytes(), &answer))
	assert.NoError(t, described.VisitJSON(answer))
	for name := range answer["sessions"].([]any)[0].(map[string]any) {
		assert.Contains(t, described.Properties["sessions"].Value.Items.Value.Properties, name)
	}
	delete(answer, "this")
	assert.Error(t, described.VisitJSON(answer), "the description is one")
}

func TestDevices_End(t *testing.T) {
	w := startWebapp(t, time.Minute)
	laptop, phone, gone, other := w.device(t, "alice", ""), w.device(t, "alice", ""), w.device(t, "alice", ""), w.device(t, "bob", "")
	token, err := w.Verify(t.Context(), phone.cookies["access_token_cookie"], authjwt.Access)
	require.NoError(t, err)
	require.NoError(t, w.RevokeSession(t.Context(), gone.id))
	for _, row := range []struct {
		name, id string
		fields   []string
		status   int
		code     string
	}{
		{"without a token", phone.id, []string{"Cookie", ""}, 401, "missing_token"},
		{"without the CSRF value", phone.id, []string{"X-CSRF-Token", ""}, 403, "csrf_missing"},
		{"another's CSRF value", phone.id, []string{"X-CSRF-Token", phone.cookies["csrf_access_token"]}, 403, "csrf_mismatch"},
		{"another site's page", phone.id, []string{"Origin", "https://evil.example"}, 403, "csrf_origin"},
		{"another user's", other.id, nil, 404, "no_session"},
		{"an ended one", gone.id, nil, 404, "no_session"},
		{"an unknown one", phone.id[:len(phone.id)-1] + "_", nil, 404, "no_session"},
		{"a token's id", token.ID, nil, 404, "no_session"},
	} {
		rec := laptop.send("DELETE", "/api/sessions/"+row.id, row.fields...)
		assert.Equal(t, row.status, rec.Code, row.name)
		assert.Contains(t, rec.Body.String(), `"code":"`+row.code+`"`, row.name)
		assert.Empty(t, rec.Result().Cookies(), row.name)
	}
	assert.Equal(t, 401, laptop.send("GET", "/api/sessions", "Cookie", "").Code)
	assert.True(t, phone.lives())
	assert.True(t, other.lives())
	assert.False(t, gone.lives())

	rec := laptop.send("DELETE", "/api/sessions/"+phone.id)
	assert.Equal(t, 204, rec.Code)
	assert.Empty(t, rec.Body)
	assert.Empty(t, rec.Result().Cookies())
	assert.False(t, phone.lives())
	assert.True(t, laptop.lives())
	assert.True(t, other.lives())
	_, ids := laptop.list()
	assert.Equal(t, []string{laptop.id}, ids)
	assert.Equal(t, 404, laptop.send("DELETE", "/api/sessions/"+phone.id).Code)
	assert.Equal(t, 204, other.send("DELETE", "/api/sessions/"+other.id).Code, "its own user may")
	assert.False(t, other.lives())
}

// Who ends the session that asks is logged out, with the cookies.
func TestDevices_EndOwn(t *testing.T) {
	w := startWebapp(t, time.Minute)
	laptop, phone := w.device(t, "alice", ""), w.device(t, "alice", "")
	rec := laptop.send("DELETE", "/api/sessions/"+laptop.id)
	assert.Equal(t, 204, rec.Code)
	var deleted []string
	for _, cookie := range rec.Result().Cookies() {
		if cookie.MaxAge < 0 {
			deleted = append(deleted, cookie.Name+" "+cookie.Path)
		}
	}
	assert.ElementsMatch(t, []string{"access_token_cookie /", "csrf_access_token /", "refresh_token_cookie /auth", "csrf_refresh_token /"}, deleted)
	assert.False(t, laptop.lives())
	assert.True(t, phone.lives())
	_, ids := phone.list()
	assert.Equal(t, []string{phone.id}, ids)
}

// A client without cookies sees and ends sessions by its header.
func TestDevices_Bearer(t *testing.T) {
	w := startWebapp(t, time.Minute)
	laptop, phone := w.device(t, "alice", ""), w.device(t, "alice", "")
	bearer := []string{"Cookie", "", "X-CSRF-Token", "", "Authorization", "Bearer " + laptop.cookies["access_token_cookie"]}
	assert.Contains(t, laptop.send("GET", "/api/sessions", bearer...).Body.String(), phone.id)
	assert.Equal(t, 204, laptop.send("DELETE", "/api/sessions/"+phone.id, bearer...).Code)
	assert.False(t, phone.lives())
	assert.True(t, laptop.lives())
	assert.Equal(t, 204, laptop.send("DELETE", "/api/sessions/"+laptop.id, bearer...).Code)
	assert.False(t, laptop.lives())
}

// Where nobody can say whose an id is, nothing ends.
func TestDevices_Unavailable(t *testing.T) {
	var faulty *storetest.Faulty
	w := startWebapp(t, time.Minute, func(s *authjwt.Settings) {
		faulty = storetest.NewFaulty(s.Store)
		s.Sessions = faulty
	})
	laptop, phone := w.device(t, "alice", ""), w.device(t, "alice", "")
	faulty.Be(storetest.Fails)
	for _, rec := range []*httptest.ResponseRecorder{laptop.send("GET", "/api/sessions"), laptop.send("DELETE", "/api/sessions/"+phone.id)} {
		assert.Equal(t, 503, rec.Code)
		assert.Contains(t, rec.Body.String(), `"code":"unavailable"`)
	}
	faulty.Be(storetest.None)
	assert.True(t, phone.lives())
	assert.Equal(t, 204, laptop.send("DELETE", "/api/sessions/"+phone.id).Code)
	assert.False(t, phone.lives())
}
