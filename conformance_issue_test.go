package authjwt_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

// An order is the body of /issue, of the types that the API has; another type cannot be written in Go.
type order struct {
	Kind    string `json:"kind"`
	Options struct {
		Subject     any            `json:"subject"`
		Fresh       bool           `json:"fresh"`
		Algorithm   string         `json:"algorithm"`
		Headers     map[string]any `json:"headers"`
		ExpiresTime any            `json:"expires_time"`
		Audience    any            `json:"audience"`
		UserClaims  map[string]any `json:"user_claims"`
	} `json:"options"`
	SetCookie string `json:"set_cookie"`
	MaxAge    *int64 `json:"max_age"`
}

var errUntyped = errors.New("a value of a type that the API does not take")

func (app *observedApp) issue(c *gin.Context) {
	a := authjwt.FromContext(c)
	var o order
	err := decodeExactly(c.Request.Body, &o)
	if err != nil {
		a.Abort(fmt.Errorf("%w: %w", errUntyped, err))
		return
	}
	subject, options, err := o.call()
	create := a.CreateAccessToken
	if o.Kind == "refresh" {
		create = a.CreateRefreshToken
	}
	var token string
	if err == nil {
		token, err = create(subject, options...)
	}
	var life []authjwt.CookieOption
	if o.MaxAge != nil {
		life = append(life, authjwt.WithMaxAge(time.Duration(*o.MaxAge)*time.Second))
	}
	switch {
	case err != nil:
	case o.SetCookie == "access":
		err = a.SetAccessCookies(token, life...)
	case o.SetCookie == "refresh":
		err = a.SetRefreshCookies(token, life...)
	}
	if err != nil {
		a.Abort(err)
		return
	}
	answerJSON(c, http.StatusOK, gin.H{"token": token})
}

// call says the order in Go. A subject must be a string there: a number is written as its text.
func (o *order) call() (subject string, options []authjwt.TokenOption, err error) {
	switch s := o.Options.Subject.(type) {
	case string:
		subject = s
	case json.Number:
		subject = s.String()
	default:
		return "", nil, errUntyped
	}
	if o.Options.Fresh {
		options = append(options, authjwt.WithFresh())
	}
	if o.Options.Algorithm != "" {
		options = append(options, authjwt.WithAlgorithm(o.Options.Algorithm))
	}
	if o.Options.Headers != nil {
		options = append(options, authjwt.WithHeaders(o.Options.Headers))
	}
	if o.Options.UserClaims != nil {
		options = append(options, authjwt.WithClaims(o.Options.UserClaims))
	}
	switch expires := o.Options.ExpiresTime.(type) {
	case nil:
	case bool:
		if !expires { // true is the setting
			options = append(options, authjwt.WithExpires(authjwt.NoExpiry))
		}
	case json.Number:
		seconds, failed := expires.Int64()
		options, err = append(options, authjwt.WithExpires(time.Duration(seconds)*time.Second)), failed
	default:
		d, ok := asDuration(expires)
		if options = append(options, authjwt.WithExpires(d)); !ok {
			return "", nil, errUntyped
		}
	}
	switch audience := o.Options.Audience.(type) {
	case nil:
	case string:
		if audience != "" { // Python takes what is empty for none
			options = append(options, authjwt.WithAudience(audience))
		}
	case []any:
		var names []string
		for _, name := range audience {
			text, ok := name.(string)
			if names = append(names, text); !ok {
				return "", nil, errUntyped
			}
		}
		if len(names) > 0 {
			options = append(options, authjwt.WithAudience(names...))
		}
	default:
		return "", nil, errUntyped
	}
	return subject, options, err
}

// decodeExactly keeps the digits of numbers.
func decodeExactly(r io.Reader, v any) error {
	decoder := json.NewDecoder(r)
	decoder.UseNumber()
	return decoder.Decode(v)
}

func mustDecode(t *testing.T, text string, v any) {
	t.Helper()
	require.NoError(t, decodeExactly(strings.NewReader(text), v), text)
}
