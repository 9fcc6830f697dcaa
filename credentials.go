package authjwt

import (
	"bytes"
	"errors"
	"io"
	"mime/multipart"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/gin-gonic/gin"
)

// maxUsername keeps a token for any user name, escapes and all, below what a cookie may hold.
const maxUsername = 256

// Credentials are what a client logs in with (RFC 6749 §4.3.2). Printing them shows the user name alone.
type Credentials struct {
	// Username and Password are never empty; the others are where they were not sent.
	Username, Password, GrantType, ClientID, ClientSecret string
	// Scopes are the words of the field scope.
	Scopes []string
}

// BindCredentials reads username and password, both required, and grant_type, client_id, client_secret
// and scope, if sent, from a JSON body or an OAuth2 password form, by the Content-Type. It reads at
// most 64 KiB, refuses a field sent twice, what is not UTF-8, and a user name above 256 octets, and
// leaves the body it accepted to be read again. The error is an *[Error] for [Routes].Login to return:
// 415 for another content type, 413, or 400.
func BindCredentials(c *gin.Context) (Credentials, error) {
	kind, params, err := mediaType(c.Request.Header)
	if err != nil || !isJSON(kind) && kind != urlencodedForm && kind != multipartForm {
		return Credentials{}, failMediaType.error(err)
	}
	body, f, err := wholeBody(c.Request, failBody)
	if f != nil {
		return Credentials{}, f.error(err)
	}

	var w wireCredentials
	switch {
	case isJSON(kind):
		err = w.readJSON(body)
	case kind == multipartForm:
		err = w.readMultipart(body, params["boundary"])
	default:
		err = w.readForm(body)
	}
	if err != nil {
		return Credentials{}, failBody.error(err)
	}
	return w.credentials()
}

// wireCredentials are the fields that are read; others are passed over.
type wireCredentials struct{ username, password, grantType, clientID, clientSecret, scope string }

// set does nothing where there is no such field.
func (w *wireCredentials) set(name, value string) {
	switch name {
	case "username":
		w.username = value
	case "password":
		w.password = value
	case "grant_type":
		w.grantType = value
	case "client_id":
		w.clientID = value
	case "client_secret":
		w.clientSecret = value
	case "scope":
		w.scope = value
	}
}

func (w *wireCredentials) credentials() (Credentials, error) {
	switch {
	case w.username == "" || w.password == "":
		return Credentials{}, failFields.error(nil)
	case len(w.username) > maxUsername:
		return Credentials{}, failBody.error(errors.New("the user name is too long"))
	case w.grantType != "" && w.grantType != "password":
		return Credentials{}, failGrantType.error(nil)
	}
	return Credentials{
		Username: w.username, Password: w.password, GrantType: w.grantType,
		ClientID: w.clientID, ClientSecret: w.clientSecret, Scopes: strings.Fields(w.scope),
	}, nil
}

var (
	errRepeatedField = errors.New("a field is sent twice") // RFC 6749 §3.2
	errNotUTF8       = errors.New("a field is not UTF-8")
)

func (w *wireCredentials) readJSON(body []byte) error {
	room := scratches.Get().(*scratch)
	defer scratches.Put(room)
	var found [6]member
	names := [len(found)]string{"username", "password", "grant_type", "client_id", "client_secret", "scope"}
	ok := room.reader.read(body, len(body), func(quoted []byte) *member {
		for i, name := range names {
			if len(quoted) == len(name)+2 && string(quoted[1:len(quoted)-1]) == name {
				return &found[i]
			}
		}
		return nil
	})
	text := string(body)
	for i, m := range found {
		value, isText := m.text(text)
		ok = ok && (isText || m.kind == 0 || m.kind == 'n')
		w.set(names[i], value)
	}
	if !ok {
		return errors.New("not a JSON object with string fields")
	}
	return nil
}

func (w *wireCredentials) readForm(body []byte) error {
	values, err := url.ParseQuery(string(body))
	if err != nil {
		return err
	}
	for name, list := range values {
		switch {
		case len(list) > 1:
			return errRepeatedField
		case !utf8.ValidString(list[0]):
			return errNotUTF8
		}
		w.set(name, list[0])
	}
	return nil
}

func (w *wireCredentials) readMultipart(body []byte, boundary string) error {
	seen := map[string]bool{}
	reader := multipart.NewReader(bytes.NewReader(body), boundary)
	for {
		part, err := reader.NextPart()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		value, err := io.ReadAll(part)
		if err != nil {
			return err
		}
		name := part.FormName()
		switch {
		case seen[name]:
			return errRepeatedField
		case !utf8.Valid(value):
			return errNotUTF8
		}
		seen[name] = true
		w.set(name, string(value))
	}
}
