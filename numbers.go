package authjwt

import (
	stdjson "encoding/json"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// exactNumbers decodes a number into an any as encoding/json.Number instead of float64, which loses
// digits beyond 2^53, and lets fields of that type read numbers.
var exactNumbers = json.WithUnmarshalers(json.JoinUnmarshalers(
	json.UnmarshalFromFunc(func(dec *jsontext.Decoder, v *any) error {
		return readNumber(dec, func(n stdjson.Number) { *v = n })
	}),
	json.UnmarshalFromFunc(func(dec *jsontext.Decoder, v *stdjson.Number) error {
		return readNumber(dec, func(n stdjson.Number) { *v = n })
	}),
))

func readNumber(dec *jsontext.Decoder, set func(stdjson.Number)) error {
	if dec.PeekKind() != '0' {
		return errors.ErrUnsupported
	}
	number, err := dec.ReadValue()
	if err == nil {
		set(stdjson.Number(number))
	}
	return err
}

// numbersAsNumbers encodes an encoding/json.Number as the number it is, so that decoded claims can be
// put into a new token unchanged.
var numbersAsNumbers = json.WithMarshalers(json.MarshalToFunc(func(enc *jsontext.Encoder, n stdjson.Number) error {
	text := []byte(n)
	if !jsontext.Value(text).IsValid() || jsontext.Value(text).Kind() != '0' {
		return errors.New("json.Number " + strconv.Quote(string(n)) + " is no number")
	}
	return enc.WriteValue(text)
}))

// integer returns the text of an integer as a Python service writes it: no fraction, no exponent, and no -0, so that
// no integer has two texts.
func (m member) integer(payload string) (string, bool) {
	number := payload[m.start:m.end]
	return number, m.kind == '0' && number != "-0" && !strings.ContainsAny(number, ".eE")
}

// date reads a NumericDate from 0 to maxDate (RFC 7519 §2); fractions are cut off.
func (m member) date(payload string) (time.Time, bool) {
	if m.kind != '0' {
		return time.Time{}, false
	}
	seconds, ok := numericDate(payload[m.start:m.end])
	return time.Unix(seconds, 0).UTC(), ok
}

// seconds is a date in Unix seconds, which is never 0: that would be none.
func (m member) seconds(payload string) (int64, bool) {
	if m.kind != '0' {
		return 0, false
	}
	seconds, ok := numericDate(payload[m.start:m.end])
	return max(seconds, 1), ok
}

// numericDate takes the whole part of a JSON number by its digits: a float64 would round 1.9999999999999999 up.
func numericDate(number string) (int64, bool) {
	if seconds, ok := wholeSeconds(number); ok {
		return seconds, true
	}
	mantissa, exponent, ok := cutExponent(number)
	if !ok || mantissa[0] == '-' {
		return 0, false
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	digits := whole + fraction
	point := len(whole) + exponent // where the decimal point stands in digits
	var seconds int64
	for i := range max(point, 0) {
		d := int64(0)
		if i < len(digits) {
			d = int64(digits[i]) - '0'
		}
		if seconds = seconds*10 + d; seconds > maxDate {
			return 0, false
		}
	}
	return seconds, true
}

// wholeSeconds is numericDate for what nearly all issuers write: some digits.
func wholeSeconds(number string) (seconds int64, ok bool) {
	for _, d := range []byte(number) {
		if !isDigit(d) || seconds > maxDate {
			return 0, false
		}
		seconds = seconds*10 + int64(d-'0')
	}
	return seconds, seconds <= maxDate
}

func cutExponent(number string) (mantissa string, exponent int, ok bool) {
	at := strings.IndexAny(number, "eE")
	if at == -1 {
		return number, 0, true
	}
	digits := strings.TrimPrefix(number[at+1:], "+")
	negative := strings.HasPrefix(digits, "-")
	digits = strings.TrimLeft(strings.TrimPrefix(digits, "-"), "0")
	if len(digits) > 4 { // no date needs it, and no loop should run for it
		return "", 0, false
	}
	for _, d := range []byte(digits) {
		exponent = exponent*10 + int(d-'0')
	}
	if negative {
		exponent = -exponent
	}
	return number[:at], exponent, true
}
