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

	var fields map[string]string
	switch {
	case isJSON(kind):
		fields, err = jsonFields(body)
	case kind == multipartForm:
		fields, err = multipartFields(body, params["boundary"])
	default:
		fields, err = formFields(body)
	}
	if err != nil {
		return Credentials{}, failBody.error(err)
	}
	for _, value := range fields {
		if !utf8.ValidString(value) {
			return Credentials{}, failBody.error(errors.New("a field is not UTF-8"))
		}
	}
	return credentialsFrom(fields)
}

func credentialsFrom(fields map[string]string) (Credentials, error) {
	cred := Credentials{
		Username: fields["username"], Password: fields["password"], GrantType: fields["grant_type"],
		ClientID: fields["client_id"], ClientSecret: fields["client_secret"], Scopes: strings.Fields(fields["scope"]),
	}
	switch {
	case cred.Username == "" || cred.Password == "":
		return Credentials{}, failFields.error(nil)
	case len(cred.Username) > maxUsername:
		return Credentials{}, failBody.error(errors.New("the user name is too long"))
	case cred.GrantType != "" && cred.GrantType != "password":
		return Credentials{}, failGrantType.error(nil)
	}
	return cred, nil
}

var errRepeatedField = errors.New("a field is sent twice") // RFC 6749 §3.2

func jsonFields(body []byte) (map[string]string, error) {
	var wire struct {
		Username     string `json:"username"`
		Password     string `json:"password"`
		GrantType    string `json:"grant_type"`
		ClientID     string `json:"client_id"`
		ClientSecret string `json:"client_secret"`
		Scope        string `json:"scope"`
	}
	if !decodeObject(body, &wire) {
		return nil, errors.New("not a JSON object with string fields")
	}
	return map[string]string{
		"username": wire.Username, "password": wire.Password, "grant_type": wire.GrantType,
		"client_id": wire.ClientID, "client_secret": wire.ClientSecret, "scope": wire.Scope,
	}, nil
}

func formFields(body []byte) (map[string]string, error) {
	values, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, err
	}
	fields := map[string]string{}
	for name, list := range values {
		if len(list) > 1 {
			return nil, errRepeatedField
		}
		fields[name] = list[0]
	}
	return fields, nil
}

func multipartFields(body []byte, boundary string) (map[string]string, error) {
	fields := map[string]string{}
	reader := multipart.NewReader(bytes.NewReader(body), boundary)
	for {
		part, err := reader.NextPart()
		if errors.Is(err, io.EOF) {
			return fields, nil
		}
		if err != nil {
			return nil, err
		}
		value, err := io.ReadAll(part)
		if err != nil {
			return nil, err
		}
		if _, repeated := fields[part.FormName()]; repeated {
			return nil, errRepeatedField
		}
		fields[part.FormName()] = string(value)
	}
}
